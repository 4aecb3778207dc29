-- Tables of people are joined on `person_id`. Every pair of a person's rows may match, so that the caps multiply: of `earnings` (four rows) and `jobs` (two) a person has up to eight rows. What a question costs, and how noisy it is, grows with that.

-- Which sectors pay?
SELECT sector, AVG(pay) AS pay
FROM earnings
JOIN jobs USING (person_id)
GROUP BY sector

-- More may have to be equal; the bound stays.
SELECT sector, COUNT(*) AS n, SUM(pay) AS total
FROM earnings
JOIN jobs USING (person_id, tax_year)
GROUP BY sector

-- ON takes any condition beside equal people. Names in both tables need their table's.
SELECT e.tax_year, COUNT(DISTINCT e.person_id) AS people
FROM earnings AS e
INNER JOIN jobs AS j ON e.person_id = j.person_id AND j.tax_year = e.tax_year - 1
WHERE j.hours > 30
GROUP BY e.tax_year

-- A table may be joined to itself, under another name.
SELECT COUNT(DISTINCT now.person_id) AS people
FROM earnings AS now
JOIN earnings AS before ON before.person_id = now.person_id AND before.tax_year = now.tax_year - 1
WHERE now.pay > before.pay

-- Three tables are as good as two.
SELECT COUNT(*) AS n
FROM earnings AS e
JOIN jobs AS a USING (person_id)
JOIN jobs AS b USING (person_id)
WHERE a.tax_year < b.tax_year

-- LEFT JOIN keeps every row of the table before it, once at least, beside NULLs where nothing matches.
SELECT sector, COUNT(*) AS n
FROM earnings
LEFT JOIN jobs USING (person_id, tax_year)
GROUP BY sector

-- So people without a match can be counted.
SELECT COUNT(DISTINCT person_id) AS people
FROM earnings
LEFT JOIN jobs USING (person_id)
WHERE sector IS NULL

-- Public reference tables are joined on any key that is unique there. `regions` is, by region, and its publication enforced it: a row stays one row.
SELECT country, COUNT(DISTINCT person_id) AS people
FROM earnings
JOIN regions USING (region)
GROUP BY country

-- The public table may come first, other conditions may stand beside, and what is equal to the key may be computed.
SELECT country, COUNT(*) AS n
FROM regions
JOIN people ON regions.region = CASE WHEN age < 30 THEN 'London' ELSE 'Kent' END AND budget > score
GROUP BY country

-- LEFT JOIN keeps what is not in the public table.
SELECT country, COUNT(*) AS n
FROM earnings
LEFT JOIN regions ON regions.region = earnings.region
GROUP BY country

-- RIGHT JOIN of two tables is LEFT JOIN with the tables the other way round.
SELECT sector, COUNT(*) AS n
FROM earnings
RIGHT JOIN jobs USING (person_id, tax_year)
GROUP BY sector

-- ambiguous_column: a name in several tables means none of them.
SELECT tax_year, COUNT(*) AS n
FROM earnings
JOIN jobs USING (person_id)
GROUP BY 1

-- ambiguous_column: `person_id` too, unless USING made it one.
SELECT COUNT(DISTINCT person_id) AS people
FROM earnings AS e
JOIN jobs AS j ON e.person_id = j.person_id

-- unknown_column: a table that has another name here goes by that.
SELECT SUM(earnings.pay) AS total
FROM earnings AS e
JOIN jobs USING (person_id)

-- not_granted: each table has its own grants.
SELECT COUNT(*) AS n
FROM earnings
JOIN jobs USING (person_id)
WHERE jobs.secret = 1

-- reserved_name: two tables cannot go by one name.
SELECT COUNT(*) AS n FROM earnings JOIN earnings USING (person_id)

-- join: rows of different people are never put beside each other.
SELECT COUNT(*) AS n
FROM earnings
JOIN jobs ON earnings.tax_year = jobs.tax_year

-- join: nor by having no condition.
SELECT COUNT(*) AS n FROM earnings, jobs

-- join: in `people` every row is somebody else, so nobody is known again.
SELECT COUNT(*) AS n FROM earnings JOIN people USING (person_id)

-- join: `areas` is not known to have one row for each age, and whether it has is not looked up.
SELECT COUNT(*) AS n FROM earnings JOIN areas ON areas.age = earnings.age

-- join: half of a key is no key.
SELECT COUNT(*) AS n FROM earnings JOIN regions ON regions.country = earnings.region

-- join: rows of a public table that are kept for want of a match would come and go with people.
SELECT COUNT(*) AS n FROM regions LEFT JOIN earnings USING (region)

-- person_id: where a match may be missing, so may be its person.
SELECT COUNT(DISTINCT jobs.person_id) AS people
FROM earnings
LEFT JOIN jobs ON jobs.person_id = earnings.person_id

-- person_id: people are equal or they are not.
SELECT COUNT(*) AS n
FROM earnings
JOIN jobs ON earnings.person_id < jobs.person_id

-- unsupported: of three tables, the one whose rows are kept is written first instead.
SELECT COUNT(*) AS n FROM earnings JOIN jobs USING (person_id) RIGHT JOIN jobs AS others USING (person_id)

-- unsupported: both sides cannot be kept.
SELECT COUNT(*) AS n FROM earnings FULL JOIN jobs USING (person_id)

-- unsupported: which columns are equal is said.
SELECT COUNT(*) AS n FROM earnings NATURAL JOIN jobs

-- unsupported: joins are written one after another.
SELECT COUNT(*) AS n FROM earnings JOIN (jobs JOIN regions USING (region)) USING (person_id)
