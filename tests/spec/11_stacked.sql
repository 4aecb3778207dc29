-- UNION ALL puts rows of tables of people below each other, column by column in order, under the names of the first. A person's rows of all of them are that person's: of `earnings` (four rows) and `jobs` (two) a person has up to six.

-- How many records are there of each year?
SELECT tax_year, COUNT(*) AS records, COUNT(DISTINCT person_id) AS people
FROM (SELECT person_id, tax_year FROM earnings UNION ALL SELECT person_id, tax_year FROM jobs)
GROUP BY tax_year

-- What differs is computed, and constants say where a row is from.
WITH spells AS (
    SELECT 'paid' AS kind, pay AS amount FROM earnings
    UNION ALL SELECT 'worked', hours FROM jobs WHERE hours > 0
)
SELECT kind, COUNT(*) AS n, AVG(amount) AS mean
FROM spells
GROUP BY kind

-- What a SELECT has not is NULL. So rows of either side of a join, matched or not, are a LEFT JOIN and the other side's rows that nothing matches.
SELECT COUNT(*) AS n, COUNT(pay) AS paid, COUNT(hours) AS worked
FROM (
    SELECT e.person_id, e.pay, j.hours FROM earnings AS e LEFT JOIN jobs AS j USING (person_id, tax_year)
    UNION ALL SELECT person_id, NULL, hours FROM jobs ANTI JOIN earnings USING (person_id, tax_year)
)

-- unsupported: UNION without ALL would merge rows of different people.
SELECT COUNT(*) AS n FROM (SELECT age FROM earnings UNION SELECT age FROM earnings)

-- unsupported: so would EXCEPT.
SELECT COUNT(*) AS n FROM (SELECT age FROM earnings EXCEPT SELECT age FROM people)

-- unsupported: a question is asked of the rows, around the union.
SELECT COUNT(*) AS n FROM earnings UNION ALL SELECT COUNT(*) AS n FROM jobs

-- type_mismatch: columns below each other are of one kind.
SELECT COUNT(*) AS n FROM (SELECT age FROM earnings UNION ALL SELECT sector FROM jobs)

-- type_mismatch: and as many.
SELECT COUNT(*) AS n FROM (SELECT age, pay FROM earnings UNION ALL SELECT hours FROM jobs)

-- person_id: every SELECT has it, or none does.
SELECT COUNT(*) AS n FROM (SELECT person_id, age FROM earnings UNION ALL SELECT hours FROM jobs)

-- join: in `people` every row is somebody else, so it is stacked with itself at most.
SELECT COUNT(*) AS n FROM (SELECT age FROM people UNION ALL SELECT hours FROM jobs)

-- unsupported: public rows are nobody's.
SELECT COUNT(*) AS n FROM (SELECT age FROM earnings UNION ALL SELECT age FROM areas)

-- unbounded: a number without bounds cannot be written with more decimals.
SELECT COUNT(*) AS n FROM (SELECT pay FROM earnings UNION ALL SELECT savings FROM earnings)
