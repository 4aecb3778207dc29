-- Comparisons, lists and ranges.
SELECT COUNT(*) AS n
FROM earnings
WHERE age BETWEEN 18 AND 65 AND region IN ('Wales', 'London') AND NOT pay < 100.50

-- What is NULL is asked by IS NULL.
SELECT COUNT(*) AS n
FROM earnings
WHERE pay IS NULL OR employed IS NOT TRUE

-- Numbers without bounds may be compared.
SELECT COUNT(*) AS n
FROM earnings
WHERE debt > 1000 AND savings <= 250.5

-- Dates are compared with dates, written as such or as ISO text.
SELECT COUNT(*) AS n
FROM earnings
WHERE born < DATE '1990-01-01' AND seen >= '2020-06-01' AND died IS NULL

-- Patterns: % stands for any characters and _ for one.
SELECT COUNT(*) AS n
FROM earnings
WHERE employer LIKE 'Acme%' AND employer NOT ILIKE '%(old)' AND region LIKE '_ales'

-- Text outside of a public list is compared all the same: nothing equals it.
SELECT COUNT(*) AS n
FROM earnings
WHERE region = 'Atlantis' OR region < 'M'

-- unsupported: a comparison with NULL is never true.
SELECT COUNT(*) FROM earnings WHERE pay = NULL

-- unsupported: NULL in a list never matches.
SELECT COUNT(*) FROM earnings WHERE pay IN (1, NULL)

-- type_mismatch: text and numbers do not compare.
SELECT COUNT(*) FROM earnings WHERE age = '30'

-- type_mismatch: nor the other way round.
SELECT COUNT(*) FROM earnings WHERE region = 7

-- type_mismatch: a condition is true or false, and a number is neither.
SELECT COUNT(*) FROM earnings WHERE age

-- type_mismatch: true is not 1.
SELECT COUNT(*) FROM earnings WHERE employed = 1

-- invalid_value: a date has to exist.
SELECT COUNT(*) FROM earnings WHERE born = '2001-02-30'

-- unsupported: patterns are constants.
SELECT COUNT(*) FROM earnings WHERE region LIKE employer

-- unsupported: regular expressions are not in the language.
SELECT COUNT(*) FROM earnings WHERE employer ~ 'a*'

-- join: other people's rows are no list.
SELECT COUNT(*) FROM earnings WHERE age IN (SELECT age FROM people)

-- unsupported: a condition is about one row.
SELECT COUNT(*) FROM earnings WHERE pay > AVG(pay)
