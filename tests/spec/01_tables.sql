-- The examples ask three protected tables of one population: `earnings`, of which a person has up to four rows, `jobs`, of which a person has up to two, and `people`, in which every row is a different person. Names are found whatever their case; names with blanks stand in double quotation marks.

-- A question asks a table.
SELECT COUNT(*) AS n
FROM earnings

-- The table may go by another name.
SELECT COUNT(*) AS n
FROM Earnings AS e
WHERE e.AGE >= 18 AND e."odd name" = 'a'

-- DuckDB's shorter form is understood too.
FROM earnings SELECT COUNT(*) AS n

-- not_a_question: rows are never shown.
SELECT * FROM earnings

-- not_a_question: not even the columns of rows.
SELECT region, age FROM earnings WHERE age > 90 LIMIT 1

-- not_a_question: and nothing can be changed.
DROP TABLE earnings

-- one_statement: one question at a time.
SELECT COUNT(*) FROM earnings; SELECT COUNT(*) FROM people

-- unknown_table: the nearest name is suggested.
SELECT COUNT(*) FROM earning

-- unknown_column: so is the nearest column.
SELECT SUM(pya) FROM earnings

-- not_granted: a column exists, but the project did not ask for it.
SELECT COUNT(*) FROM earnings WHERE secret = 1

-- unsupported: public reference tables are not asked on their own.
SELECT COUNT(*) FROM areas

-- unsupported: files are never read.
SELECT COUNT(*) FROM read_csv('/etc/passwd')

-- unknown_table: nor by their name.
SELECT COUNT(*) FROM '/etc/passwd'

-- unsupported: nor are other databases.
SELECT COUNT(*) FROM information_schema.tables

-- unsupported: samples are not a fixed set of rows.
SELECT COUNT(*) FROM earnings USING SAMPLE 10%

-- syntax: what cannot be read is refused with its place.
SELECT COUNT(* FROM earnings

-- syntax: a quotation has to end.
SELECT COUNT(*) FROM earnings WHERE region = 'Wales
