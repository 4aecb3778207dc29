-- Quantiles of numbers, dates and times that have public bounds. What is chosen is one of up to 65,536 values evenly spread between the bounds, with noise on the ranks and not on the values; so narrow bounds are better than wide ones.
SELECT region, MEDIAN(pay) AS middle, QUANTILE_CONT(pay, 0.9) AS high, MEDIAN(born) AS born
FROM earnings
GROUP BY region

-- The same in standard SQL, and the quantile that is a value of the column (_DISC). A quantile has its column's type: where SQL would go between two values, either may come out, or one between.
SELECT
    PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY age) AS young,
    PERCENTILE_DISC(0.75) WITHIN GROUP (ORDER BY age) AS old,
    QUANTILE_DISC(score, 0.5) AS score
FROM earnings

-- The other spellings: QUANTILE is QUANTILE_CONT, and PERCENTILE_CONT takes its share as a second argument, too.
SELECT region, QUANTILE(pay, 0.9) AS high, PERCENTILE_CONT(pay, 0.1) AS low, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY pay) FILTER (WHERE employed) AS middle
FROM earnings
GROUP BY region

-- unsupported: of the rest, the name says which.
SELECT PERCENTILE(pay, 0.25) AS low FROM earnings

-- MIN and MAX are extreme quantiles. One row alone decides the true extreme, so no answer can be near it: what comes out is the value that a few rows are beyond, how many `explain` says, and the interval reaches from there to the public bound.
SELECT MIN(age) AS youngest, MAX(age) AS oldest
FROM earnings

-- Quantiles of what is computed from a row, of some rows by FILTER, and in HAVING and ORDER BY.
SELECT region, MEDIAN(pay - rent) AS saved, MEDIAN(pay) FILTER (WHERE age > 17) AS adults
FROM earnings
GROUP BY region
HAVING MEDIAN(born) > DATE '1970-01-01'
ORDER BY QUANTILE_CONT(pay, 0.1) DESC

-- Of each person's total: a quantile over people, to which each person is one row.
SELECT MEDIAN(total) AS usual
FROM (SELECT person_id, SUM(pay) AS total FROM earnings GROUP BY person_id) AS p

-- Quantiles of numbers can be computed with; the interval then is for what is computed.
SELECT QUANTILE_CONT(pay, 0.75) - QUANTILE_CONT(pay, 0.25) AS spread, MEDIAN(pay) - AVG(pay) AS skew
FROM earnings

-- unbounded: a quantile is looked for between public bounds.
SELECT MEDIAN(debt) FROM earnings

-- unbounded: so are dates.
SELECT MAX(died) FROM earnings

-- type_mismatch: text has no quantiles.
SELECT MIN(region) FROM earnings

-- overflow: nor do more values than can be told apart.
SELECT MEDIAN(huge) FROM earnings

-- invalid_value: a share is from 0 to 1.
SELECT QUANTILE_CONT(pay, 90) FROM earnings

-- invalid_value: one quantile is one column.
SELECT QUANTILE_CONT(pay, age) FROM earnings

-- unsupported: the order is from the least upwards.
SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY pay DESC) FROM earnings

-- unsupported: the order is by one thing.
SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY pay, age) FROM earnings

-- unsupported: a person's rows have no quantiles of their own but MIN, MEDIAN and MAX, which are exact.
SELECT AVG(high) FROM (SELECT person_id, QUANTILE_CONT(pay, 0.9) AS high FROM earnings GROUP BY person_id) AS p
