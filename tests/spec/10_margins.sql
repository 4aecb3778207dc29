-- ROLLUP adds totals, from the last key on: by region and sex, by region, and in all. Keys that a row sums over are NULL in it.
SELECT region, sex, COUNT(*) AS n
FROM earnings
GROUP BY ROLLUP (region, sex)

-- CUBE adds the totals of every combination of keys. Counts and sums of people's rows are fitted to one table, so that totals are the sums of their cells.
SELECT region, sex, COUNT(*) AS n, AVG(pay) AS mean
FROM earnings
GROUP BY CUBE (region, sex)

-- GROUPING SETS names just the groupings that are needed; several keys in brackets are one grouping, and () is the total of all.
SELECT region, sex, employed, SUM(pay) AS pay
FROM earnings
GROUP BY GROUPING SETS ((region, sex), (employed), ())

-- A key beside ROLLUP is in every grouping.
SELECT tax_year, region, COUNT(*) AS n
FROM earnings
GROUP BY tax_year, ROLLUP (region)

-- GROUPING tells the rows apart: 1 where a key is summed over, and 0 where NULL is a value that is missing. Of several keys the last is the lowest bit.
SELECT region, sex, GROUPING(region, sex) AS grouped, COUNT(*) AS n
FROM earnings
GROUP BY CUBE (region, sex)
HAVING GROUPING(region) = 0
ORDER BY GROUPING(sex) DESC, n DESC

-- People are counted in every grouping by themselves: somebody with rows in two regions counts in both, and once in all.
SELECT region, COUNT(DISTINCT person_id) AS people
FROM earnings
GROUP BY ROLLUP (region)

-- too_many_keys: eight keys at most have groupings.
SELECT age < 18 AS a, age < 25 AS b, age < 65 AS c, pay > 100 AS d, pay > 200 AS e, COUNT(*) AS n
FROM earnings
GROUP BY CUBE (a, b, c, d, e, region, sex, employed, "odd name")

-- not_grouped: GROUPING takes keys.
SELECT region, GROUPING(age) AS g, COUNT(*) AS n FROM earnings GROUP BY ROLLUP (region)

-- unsupported: quantiles do not add up, so they have no margins.
SELECT region, sex, MEDIAN(pay) AS pay FROM earnings GROUP BY CUBE (region, sex)

-- unsupported: whichever groupings are named.
SELECT region, sex, MAX(pay) AS pay FROM earnings GROUP BY GROUPING SETS ((region, sex), (region), ())

-- unsupported: nor have keys of which nobody knows which come out.
SELECT region, employer, COUNT(*) AS n FROM earnings GROUP BY region, ROLLUP (employer)

-- unsupported: per-person subqueries have one grouping.
SELECT COUNT(*) AS n FROM (SELECT person_id, region, COUNT(*) AS n FROM earnings GROUP BY CUBE (person_id, region))

-- unsupported: a list in brackets stands in GROUPING SETS only.
SELECT COUNT(*) AS n FROM earnings WHERE (region, sex) = ('Wales', 'F')
