-- HAVING, ORDER BY and LIMIT see what is released, and nothing else; they cost nothing.
SELECT region, COUNT(*) AS n
FROM earnings
GROUP BY region
HAVING n > 100 AND region <> 'London'
ORDER BY n DESC
LIMIT 2 OFFSET 1

-- They may use aggregates that are not shown, which are paid for.
SELECT region
FROM earnings
GROUP BY region
HAVING COUNT(DISTINCT person_id) >= 50
ORDER BY SUM(pay) / COUNT(*) DESC, 1

-- Columns may be computed from aggregates.
SELECT region, SUM(pay) / NULLIF(COUNT(*), 0) AS mean, ROUND(100.0 * COUNT(pay) / COUNT(*), 1) AS known
FROM earnings
GROUP BY region

-- Keys may be used in it.
SELECT tax_year, COUNT(*) / (tax_year - 2009) AS a_year
FROM earnings
GROUP BY tax_year

-- reserved_name: a release adds columns of such names.
SELECT COUNT(*) AS pay_low FROM earnings

-- reserved_name: two columns of one name cannot be told apart.
SELECT COUNT(*) AS n, SUM(pay) AS N FROM earnings

-- unsupported: conditions belong in HAVING.
SELECT COUNT(*) > 10 AS many FROM earnings

-- unsupported: keys are shown as they are grouped.
SELECT tax_year + 1 AS next, COUNT(*) AS n FROM earnings GROUP BY tax_year

-- unsupported: other functions belong inside an aggregate.
SELECT ABS(SUM(rent)) AS total FROM earnings

-- type_mismatch: HAVING takes a condition.
SELECT region, COUNT(*) FROM earnings GROUP BY region HAVING COUNT(*)

-- type_mismatch: text is not compared with a count.
SELECT region, COUNT(*) FROM earnings GROUP BY region HAVING COUNT(*) > 'many'

-- not_grouped: rows have no order after they are counted.
SELECT region, COUNT(*) FROM earnings GROUP BY region ORDER BY age

-- invalid_value: LIMIT is a whole number.
SELECT region, COUNT(*) FROM earnings GROUP BY region LIMIT 2.5

-- unsupported: QUALIFY comes with window functions.
SELECT region, COUNT(*) FROM earnings GROUP BY region QUALIFY COUNT(*) > 1
