-- Numbers are exact decimals: nothing is rounded but quotients, which have six decimals and are cut off.
SELECT SUM(pay * 12 - rent / 3) AS total
FROM earnings

-- Dividing by zero is NULL, as is the remainder.
SELECT SUM(age / score) AS ratios, SUM(age % score) AS remainders
FROM earnings

-- Choices.
SELECT SUM(CASE WHEN employed THEN pay WHEN age > 65 THEN 0 ELSE rent END) AS total,
       SUM(CASE region WHEN 'Wales' THEN 2 WHEN 'London' THEN 1 END) AS weight
FROM earnings

-- NULL replaced, and values replaced by NULL.
SELECT AVG(COALESCE(pay, rent, 0)) AS mean, AVG(NULLIF(score, -5)) AS known
FROM earnings

-- The least and the greatest of several values; NULL where any of them is, unlike in DuckDB.
SELECT SUM(LEAST(pay, rent, 100)) AS least, SUM(GREATEST(score, 0)) AS greatest
FROM earnings

-- Magnitudes and rounding; halves are rounded away from zero.
SELECT SUM(ABS(rent)) AS owed, SUM(ROUND(pay, 1)) AS rounded, SUM(FLOOR(pay / 100)) AS hundreds
FROM earnings

-- Parts of dates.
SELECT AVG(EXTRACT(MONTH FROM seen)) AS mean_month, AVG(2020 - YEAR(born)) AS mean_age
FROM earnings

-- Parts of a time.
SELECT AVG(HOUR(seen)) AS mean_hour, AVG(ISODOW(seen)) AS mean_day
FROM earnings

-- unbounded: arithmetic needs public bounds.
SELECT SUM(debt * 2) FROM earnings

-- overflow: no number may outgrow 64 bits on the way.
SELECT SUM(huge * pay) FROM earnings

-- type_mismatch: alternatives are of one type.
SELECT SUM(CASE WHEN employed THEN pay ELSE region END) FROM earnings

-- type_mismatch: a date has no hour.
SELECT SUM(HOUR(born)) FROM earnings

-- type_mismatch: whole numbers are divided by //.
SELECT SUM(pay // 2) FROM earnings

-- invalid_value: bounds stand in order.
SELECT SUM(CLAMP(debt, 100, 0)) FROM earnings

-- unsupported: bounds are constants.
SELECT SUM(CLAMP(debt, 0, pay)) FROM earnings

-- unsupported: types are not converted.
SELECT SUM(CAST(region AS INTEGER)) FROM earnings

-- unsupported: some functions could fail on a row.
SELECT SUM(SQRT(pay)) FROM earnings

-- unsupported: or show one.
SELECT COUNT(error(employer)) FROM earnings

-- unsupported: or say what is random.
SELECT COUNT(*) FROM earnings WHERE random() < 0.5

-- unsupported: text is not put together.
SELECT COUNT(employer || region) FROM earnings

-- unsupported: other parts of dates are not there.
SELECT SUM(EXTRACT(EPOCH FROM seen)) FROM earnings

-- too_deep: sixty-four levels are enough.
SELECT SUM((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((age)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))) FROM earnings
