-- WITH and subqueries in FROM select rows, each by itself: some of the rows, with some columns and computed ones. Whose a row is goes with it. A question may have 32 of them, and read 16 tables in all.

-- WITH names rows for the question.
WITH adults AS (
    SELECT region, pay / 12 AS month FROM earnings WHERE age >= 18
)
SELECT region, AVG(month) AS month
FROM adults
GROUP BY region

-- A subquery in FROM is the same without a name.
SELECT band, COUNT(*) AS n
FROM (SELECT CASE WHEN age < 30 THEN 'young' ELSE 'old' END AS band FROM earnings)
GROUP BY band

-- `person_id` can be counted, and joined on, where it was selected; * selects it, and all columns that were granted.
WITH late AS (SELECT * FROM earnings WHERE tax_year >= 2015),
farms AS (SELECT person_id, tax_year AS worked FROM jobs WHERE sector = 'Farms')
SELECT COUNT(DISTINCT person_id) AS people
FROM late
LEFT JOIN farms USING (person_id)
WHERE worked IS NULL

-- Rows of joins can be named as well, and named again.
WITH placed AS (SELECT e.person_id, e.pay, r.country FROM earnings AS e JOIN regions AS r USING (region)),
welsh AS (SELECT * FROM placed WHERE country = 'Wales')
SELECT COUNT(DISTINCT person_id) AS people, SUM(pay) AS total
FROM welsh

-- A public table keeps its unique keys.
WITH names AS (SELECT region AS name, country FROM regions WHERE budget > 0)
SELECT country, COUNT(*) AS n
FROM earnings
JOIN names ON name = region
GROUP BY country

-- unknown_column: what a subquery does not select is gone.
WITH pays AS (SELECT pay FROM earnings) SELECT COUNT(*) AS n FROM pays WHERE age > 3

-- unknown_column: people, too.
WITH pays AS (SELECT pay FROM earnings) SELECT COUNT(DISTINCT person_id) AS people FROM pays

-- person_id: it keeps its name.
SELECT COUNT(*) AS n FROM (SELECT person_id AS who FROM earnings)

-- reserved_name: a computed column needs a name.
SELECT SUM(x) AS total FROM (SELECT pay / 12 FROM earnings)

-- reserved_name: so does a subquery that is joined.
SELECT COUNT(*) AS n FROM earnings JOIN (SELECT * FROM jobs) USING (person_id)

-- unsupported: which rows come first depends on others' rows.
SELECT COUNT(*) AS n FROM (SELECT * FROM earnings ORDER BY pay LIMIT 10)

-- unsupported: so does a row that stands for several.
SELECT COUNT(*) AS n FROM (SELECT region, COUNT(*) AS n FROM earnings GROUP BY region)

-- unsupported: a value of other people's rows cannot stand beside one of mine.
SELECT COUNT(*) AS n FROM earnings WHERE pay > (SELECT AVG(pay) FROM earnings)

-- join: nor can whether such rows exist.
SELECT COUNT(*) AS n FROM earnings WHERE EXISTS (SELECT 1 FROM jobs)

-- unsupported: recursion has no end that is known.
WITH RECURSIVE r AS (SELECT * FROM earnings) SELECT COUNT(*) AS n FROM r
