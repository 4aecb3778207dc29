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

-- not_public_key: a value of free text could be a single person's.
SELECT employer, COUNT(*) AS n FROM earnings GROUP BY employer

-- not_public_key: so could an exact amount.
SELECT pay, COUNT(*) AS n FROM earnings GROUP BY pay

-- not_public_key: and an exact day.
SELECT born, COUNT(*) AS n FROM earnings GROUP BY born

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
