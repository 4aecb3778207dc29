-- Rows, rows where something is known, and people.
SELECT COUNT(*) AS n, COUNT(pay) AS paid, COUNT(DISTINCT person_id) AS persons
FROM earnings

-- SUM and AVG take a number that has public bounds.
SELECT SUM(pay) AS total, AVG(age) AS mean
FROM earnings

-- They take any expression over one row.
SELECT SUM(CASE WHEN region = 'Wales' THEN pay - rent ELSE 0 END) AS total
FROM earnings

-- Several aggregates share one budget, and what they have in common is computed once.
SELECT COUNT(*) AS n, SUM(pay) AS total, AVG(pay) AS mean
FROM earnings

-- Columns without a name go by their function.
SELECT COUNT(*), SUM(pay), SUM(rent)
FROM earnings

-- COUNT of an expression counts the rows where it is not NULL.
SELECT COUNT(CASE WHEN pay > 1000 THEN 1 END) AS n
FROM earnings

-- unbounded: a sum of unbounded numbers would need unbounded noise.
SELECT SUM(debt) FROM earnings

-- CLAMP gives bounds: what lies outside counts as the nearer one.
SELECT SUM(CLAMP(debt, 0, 5000)) AS total
FROM earnings

-- unbounded: one known end is not enough.
SELECT AVG(savings) FROM earnings

-- type_mismatch: conditions are counted by a CASE.
SELECT SUM(employed) FROM earnings

-- type_mismatch: text has no sum.
SELECT SUM(region) FROM earnings

-- type_mismatch: NULL is never counted.
SELECT COUNT(NULL) FROM earnings

-- overflow: one person could move this sum further than 64 bits hold noise for.
SELECT SUM(huge) FROM earnings

-- person_id: people are counted once each.
SELECT COUNT(person_id) FROM earnings

-- person_id: a person is never shown.
SELECT person_id, COUNT(*) FROM earnings GROUP BY person_id

-- person_id: nor compared.
SELECT COUNT(*) FROM earnings WHERE person_id = 7

-- person_id: nor computed with.
SELECT COUNT(DISTINCT person_id) FROM earnings WHERE person_id % 2 = 0

-- unsupported: other things are not counted without repetition yet.
SELECT COUNT(DISTINCT region) FROM earnings

-- unsupported: nor summed.
SELECT SUM(DISTINCT pay) FROM earnings

-- unsupported: other aggregates are still to come.
SELECT MEDIAN(pay) FROM earnings

-- unsupported: extremes are single people's values.
SELECT MAX(pay) FROM earnings

-- unsupported: FILTER is written as a CASE.
SELECT COUNT(*) FILTER (WHERE age > 17) FROM earnings

-- unsupported: window functions see other people's rows.
SELECT SUM(pay) OVER (PARTITION BY region) FROM earnings

-- unsupported: aggregates are not nested.
SELECT SUM(AVG(pay)) FROM earnings
