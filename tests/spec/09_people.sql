-- A subquery with GROUP BY person_id sums up each person's rows, and the question is then about people. One person has one row, so that little noise is needed, however many rows they came from.

-- How many people have how many rows?
WITH totals AS (
    SELECT person_id, COUNT(*) AS years, SUM(pay) AS pay FROM earnings GROUP BY person_id
)
SELECT years, COUNT(*) AS people, AVG(pay / years) AS pay
FROM totals
GROUP BY years

-- Further keys give a person a row each: as many at most as the person has rows, or as there are keys.
SELECT sex, COUNT(*) AS people
FROM (SELECT person_id, sex, SUM(pay) AS total FROM earnings WHERE tax_year >= 2015 GROUP BY person_id, sex)
WHERE total > 50000
GROUP BY sex

-- AVG of a person's rows is exact to two decimals more than its column has, and truncated there; MIN and MAX are one of the person's values, and need no bounds beyond the column's.
SELECT AVG(mean) AS mean, AVG(highest - lowest) AS range
FROM (SELECT person_id, AVG(pay) AS mean, MIN(pay) AS lowest, MAX(pay) AS highest FROM earnings GROUP BY person_id)

-- BOOL_OR and BOOL_AND say whether any of a person's rows is so, or each; COUNT(DISTINCT x) how many different values they have, and MEDIAN what is in the middle, exactly. FILTER takes some of the person's rows for one figure.
SELECT regions > 1 AS moved, COUNT(*) AS people, AVG(usual) AS usual, AVG(latest) AS latest
FROM (
    SELECT person_id, COUNT(DISTINCT region) AS regions, MEDIAN(pay) AS usual, MAX(pay) FILTER (WHERE tax_year >= 2015) AS latest, BOOL_OR(employed) AS ever
    FROM earnings GROUP BY person_id
)
WHERE ever
GROUP BY moved

-- HAVING keeps people by figures of their rows, which need not be selected.
SELECT COUNT(*) AS people, AVG(total) AS total
FROM (SELECT person_id, SUM(pay) AS total FROM earnings GROUP BY person_id HAVING COUNT(*) > 2 AND NOT BOOL_OR(employed) AND total > 100)

-- HAVING also takes keys, selected or not. A name that a key and a figure share is the key's, as in SQL.
SELECT COUNT(*) AS years, AVG(total) AS total
FROM (SELECT person_id, SUM(pay) AS total FROM earnings AS e GROUP BY person_id, tax_year HAVING e.tax_year > 2012 AND total > 100)

-- Subqueries in HAVING have figures of their own.
SELECT COUNT(*) AS people
FROM (
    SELECT person_id FROM earnings GROUP BY person_id
    HAVING COUNT(*) > 2 AND person_id IN (SELECT person_id FROM jobs GROUP BY person_id HAVING SUM(hours) > 100)
)

-- DISTINCT leaves each of a person's different rows once, which is GROUP BY person_id and the others.
SELECT region, COUNT(*) AS people
FROM (SELECT DISTINCT person_id, region FROM earnings)
GROUP BY region

-- Subqueries by person are joined like any other table of people.
WITH paid AS (SELECT person_id, SUM(pay) AS total FROM earnings GROUP BY person_id),
worked AS (SELECT person_id, SUM(hours) AS hours FROM jobs GROUP BY person_id)
SELECT COUNT(*) AS people, SUM(total) AS total
FROM paid
LEFT JOIN worked USING (person_id)
WHERE COALESCE(hours, 0) < 10

-- unsupported: only a person's own rows are summed up.
SELECT SUM(n) AS n FROM (SELECT region, COUNT(*) AS n FROM earnings GROUP BY region)

-- not_grouped: HAVING is about a person and their keys, and not about a row.
SELECT COUNT(*) AS n FROM (SELECT person_id, SUM(pay) AS total FROM earnings AS e GROUP BY person_id HAVING e.age > 30)

-- unsupported: HAVING is said of columns that have names.
SELECT COUNT(*) AS n FROM (SELECT person_id, SUM(pay) FROM earnings GROUP BY person_id HAVING COUNT(*) > 2)

-- unsupported: a spread of one person's rows says little.
SELECT COUNT(*) AS n FROM (SELECT person_id, STDDEV(pay) AS pay FROM earnings GROUP BY person_id) WHERE pay > 100

-- unsupported: whether anybody at all has such a row, one person decides alone.
SELECT BOOL_OR(pay > 100000) AS anybody FROM earnings

-- unbounded: the median of a person's rows needs public bounds, too.
SELECT COUNT(*) AS n FROM (SELECT person_id, MEDIAN(debt) AS usual FROM earnings GROUP BY person_id) WHERE usual > 100

-- unsupported: figures are named inside, and computed with around it.
SELECT AVG(rate) AS rate FROM (SELECT person_id, SUM(pay) / COUNT(*) AS rate FROM earnings GROUP BY person_id)

-- unsupported: which of a person's rows come first is not asked; say WHERE around it.
SELECT COUNT(*) AS n FROM (SELECT person_id, tax_year FROM earnings GROUP BY person_id, tax_year ORDER BY tax_year LIMIT 1)

-- not_grouped: one row of a person cannot stand for the others.
SELECT COUNT(*) AS n FROM (SELECT person_id, region FROM earnings GROUP BY person_id)

-- unbounded: sums of people need bounds as any other.
SELECT SUM(debt) AS debt FROM (SELECT person_id, SUM(debt) AS debt FROM earnings GROUP BY person_id)
