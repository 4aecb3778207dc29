-- IN and EXISTS keep a row by whether the same person has other rows. Nobody else's rows decide, so that a person's bound stays what it was.

-- People who ever worked on a farm, in rows of earnings.
SELECT tax_year, AVG(pay) AS pay
FROM earnings
WHERE person_id IN (SELECT person_id FROM jobs WHERE sector = 'Farms')
GROUP BY tax_year

-- And those who never did.
SELECT COUNT(DISTINCT person_id) AS people
FROM earnings
WHERE person_id NOT IN (SELECT person_id FROM jobs WHERE sector = 'Farms') AND age > 30

-- EXISTS says itself which rows of the person it means.
SELECT COUNT(*) AS n
FROM earnings AS e
WHERE EXISTS (SELECT 1 FROM jobs AS j WHERE j.person_id = e.person_id AND j.tax_year = e.tax_year AND j.hours > 30)

-- NOT EXISTS keeps the rows for which there is none: here each person's last.
SELECT region, COUNT(*) AS people
FROM earnings AS e
WHERE NOT EXISTS (SELECT 1 FROM earnings AS later WHERE later.person_id = e.person_id AND later.tax_year > e.tax_year)
GROUP BY region

-- SEMI JOIN and ANTI JOIN are the same, written as joins.
SELECT COUNT(*) AS n FROM earnings ANTI JOIN jobs USING (person_id, tax_year)

-- Public tables are looked up by any column.
SELECT COUNT(*) AS n
FROM earnings
WHERE region IN (SELECT region FROM regions WHERE country = 'England')

-- join: rows of other people do not decide about mine.
SELECT COUNT(*) AS n FROM earnings WHERE tax_year IN (SELECT tax_year FROM jobs)

-- join: nor with EXISTS.
SELECT COUNT(*) AS n FROM earnings AS e WHERE EXISTS (SELECT 1 FROM jobs AS j WHERE j.tax_year = e.tax_year)

-- Inside OR and NOT, too, they say of the row's person whether they have such rows.
SELECT COUNT(*) AS n
FROM earnings
WHERE age > 60 OR person_id IN (SELECT person_id FROM jobs WHERE sector = 'Farms')

-- There EXISTS has conditions of the other table alone, beside whose rows they are.
SELECT COUNT(DISTINCT e.person_id) AS people
FROM earnings AS e
WHERE NOT (e.employed OR EXISTS (SELECT 1 FROM jobs AS j WHERE j.person_id = e.person_id AND j.hours > 30))

-- unsupported: which of them belong to this row cannot be said inside OR.
SELECT COUNT(*) AS n FROM earnings AS e WHERE age > 60 OR EXISTS (SELECT 1 FROM jobs AS j WHERE j.person_id = e.person_id AND j.tax_year = e.tax_year)

-- unsupported: nor are public tables looked up there, but by LEFT JOIN.
SELECT COUNT(*) AS n FROM earnings WHERE age > 60 OR region IN (SELECT region FROM regions)

-- person_id: whom a LEFT JOIN did not find has no person_id, of which IN is neither true nor false.
SELECT COUNT(*) AS n FROM earnings AS e LEFT JOIN jobs AS j ON e.person_id = j.person_id WHERE e.age > 60 OR j.person_id NOT IN (SELECT person_id FROM jobs WHERE hours > 30)

-- unsupported: an aggregate always has a row, so that EXISTS would say nothing; nobody sees what it selects.
SELECT COUNT(*) AS n FROM earnings AS e WHERE EXISTS (SELECT COUNT(*) FROM jobs AS j WHERE j.person_id = e.person_id)

-- unsupported: inside OR, too.
SELECT COUNT(*) AS n FROM earnings AS e WHERE age > 60 OR NOT EXISTS (SELECT MAX(hours) FROM jobs AS j WHERE j.person_id = e.person_id)

-- unsupported: it chooses rows of the question, not of one aggregate.
SELECT COUNT(*) FILTER (WHERE person_id IN (SELECT person_id FROM jobs)) AS n FROM earnings

-- unsupported: of a list with a NULL, NOT IN is never true.
SELECT COUNT(*) AS n FROM earnings WHERE region NOT IN (SELECT region FROM regions)

-- unsupported: one column is looked up.
SELECT COUNT(*) AS n FROM earnings WHERE person_id IN (SELECT person_id, hours FROM jobs)

-- person_id: people are looked for among people.
SELECT COUNT(*) AS n FROM earnings WHERE person_id IN (SELECT hours FROM jobs)

-- unsupported: what keeps or drops rows is written after all joins, so that it is plain whose rows those are.
SELECT COUNT(*) AS n FROM earnings SEMI JOIN jobs USING (person_id) RIGHT JOIN jobs AS others ON earnings.person_id = others.person_id
