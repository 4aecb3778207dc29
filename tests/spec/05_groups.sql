-- Keys have values that everybody knows. Every one of them has its row in the answer, whether or not anybody is behind it, and NULL has one where it may occur.
SELECT region, COUNT(*) AS n
FROM earnings
GROUP BY region

-- By position, by name, or all that is no aggregate.
SELECT region AS place, tax_year, AVG(pay) AS mean
FROM earnings
GROUP BY place, 2

-- The same.
SELECT region AS place, tax_year, AVG(pay) AS mean
FROM earnings
GROUP BY ALL

-- Keys need not be shown.
SELECT COUNT(*) AS n
FROM earnings
GROUP BY sex

-- Whole numbers within 1,000 of each other are public keys, and what is computed from public keys is one.
SELECT age - age % 10 AS decade, COUNT(*) AS n
FROM earnings
GROUP BY decade

-- Bands of a number, by conditions.
SELECT CASE WHEN pay < 10000 THEN 'low' WHEN pay < 50000 THEN 'middle' ELSE 'high' END AS band,
       COUNT(*) AS n
FROM earnings
GROUP BY band

-- Bands of equal width: 0 is below, and one more than there are is above.
SELECT WIDTH_BUCKET(debt, 0, 10000, 20) AS band, COUNT(*) AS n
FROM earnings
GROUP BY band

-- Parts of dates.
SELECT YEAR(born) AS year, COUNT(DISTINCT person_id) AS persons
FROM earnings
GROUP BY year

-- Text, whole numbers and days that have no public list are keys, too. Their values come out past a threshold: those that clearly more than ten people have, by a noised count of people. `explain` says from how many on. All others are absent, without a trace; and where every figure of a row would be hidden, so is the row. Finding them takes a part of the price, and of the project's δ (1% of what thresholds may spend in all); so a `pure` project, which has no δ, refuses.
SELECT employer, COUNT(*) AS n, AVG(pay) AS mean, COUNT(DISTINCT person_id) AS persons
FROM earnings
GROUP BY employer

-- Beside public keys: each employer that comes out then has a row for every region.
SELECT employer, region, COUNT(*) AS n
FROM earnings
GROUP BY employer, region
ORDER BY n DESC
LIMIT 20

-- Whatever is done to them first: coarser keys have more people.
SELECT COALESCE(employer, 'none') AS who, born, MEDIAN(pay) AS middle
FROM earnings
WHERE employed
GROUP BY who, born

-- not_public_key: hardly anybody shares an exact amount.
SELECT pay, COUNT(*) AS n FROM earnings GROUP BY pay

-- not_public_key: nor a microsecond.
SELECT seen, COUNT(*) AS n FROM earnings GROUP BY seen

-- not_grouped: what is shown beside aggregates is a key.
SELECT region, sex, COUNT(*) AS n FROM earnings GROUP BY region

-- too_many_keys: a million combinations at most.
SELECT age, tax_year, score, YEAR(born), region, COUNT(*) AS n FROM earnings GROUP BY ALL

-- unsupported: constants are no keys.
SELECT COUNT(*) FROM earnings GROUP BY 'a'

-- invalid_value: positions are those of the columns selected.
SELECT region, COUNT(*) FROM earnings GROUP BY 3

-- Groups that show their keys are distinct anyway.
SELECT DISTINCT region, COUNT(*) FROM earnings GROUP BY region

-- unsupported: others would be merged by their noise.
SELECT DISTINCT COUNT(*) AS n FROM earnings GROUP BY region
