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

-- FILTER takes some of a group's rows, for this aggregate only; the certificate then rests on those rows.
SELECT
    COUNT(*) AS n,
    COUNT(*) FILTER (WHERE age > 17) AS adults,
    COUNT(DISTINCT person_id) FILTER (WHERE age > 17) AS adult_people,
    AVG(pay) FILTER (WHERE age > 17) AS adult_pay
FROM earnings

-- COUNT_IF(condition) is COUNT(*) FILTER (WHERE condition), in HAVING and ORDER BY too.
SELECT region, COUNT_IF(pay > 1000) AS paid
FROM earnings
GROUP BY region
HAVING COUNT_IF(employed) > 50
ORDER BY COUNT(*) FILTER (WHERE sex = 'F') DESC

-- Ratios of aggregates: a share of rows or of a total, and a mean of some rows. Their intervals are those of ratios.
SELECT
    region,
    COUNT_IF(pay > 1000) / NULLIF(COUNT(*), 0) AS share_of_rows,
    SUM(pay) FILTER (WHERE employed) / NULLIF(SUM(pay), 0) AS share_of_pay,
    STDDEV_POP(age) / NULLIF(AVG(age), 0) AS variation
FROM earnings
GROUP BY region

-- type_mismatch: COUNT_IF takes a condition, too.
SELECT COUNT_IF(age) AS n FROM earnings

-- type_mismatch: FILTER takes a condition.
SELECT COUNT(*) FILTER (WHERE age) FROM earnings

-- unsupported: a function of one row has nothing to filter.
SELECT COUNT(*), ABS(age) FILTER (WHERE age > 17) FROM earnings GROUP BY age

-- Variances and standard deviations, of all there are (_POP) or of a sample (_SAMP; VARIANCE and STDDEV are the sample's). They are computed from a noised count, sum and sum of squares, which other aggregates of the column share. A variance that noise made negative is returned as 0; a sample's of fewer than two noised rows is NULL.
SELECT region, AVG(age) AS mean, VAR_POP(age) AS variance, STDDEV_SAMP(age) AS deviation, VARIANCE(pay), STDDEV(pay)
FROM earnings
GROUP BY region

-- Of two columns, over the rows where both are known. The first argument of REGR_SLOPE and REGR_INTERCEPT is the dependent one. They are NULL where the noised variance is not positive.
SELECT
    COVAR_POP(pay, age),
    COVAR_SAMP(pay, age),
    CORR(pay, age) AS r,
    REGR_SLOPE(pay, age) AS slope,
    REGR_INTERCEPT(pay, age) AS intercept,
    VAR_POP(pay) FILTER (WHERE employed) AS of_the_employed
FROM earnings

-- unbounded: both arguments need public bounds.
SELECT CORR(pay, debt) FROM earnings

-- unbounded: so does the one of a variance.
SELECT VAR_POP(debt) FROM earnings

-- type_mismatch: conditions are numbers by a CASE.
SELECT REGR_SLOPE(employed, age) FROM earnings

-- overflow: nor can a person's values be too far apart.
SELECT STDDEV(huge) FROM earnings

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

-- Different values of anything, each counted once. One person's rows may each have a value that nobody else has, so the noise is that of a count of rows: this is for many values, such as employers.
SELECT region, COUNT(DISTINCT employer) AS employers, COUNT(DISTINCT age - age % 10) AS decades
FROM earnings
GROUP BY region

-- unsupported: of one thing at a time.
SELECT COUNT(DISTINCT region, sex) FROM earnings

-- unsupported: nor summed.
SELECT SUM(DISTINCT pay) FROM earnings

-- unsupported: no aggregate gives a list of values.
SELECT LIST(pay) FROM earnings

-- unsupported: window functions see other people's rows.
SELECT SUM(pay) OVER (PARTITION BY region) FROM earnings

-- unsupported: aggregates are not nested.
SELECT SUM(AVG(pay)) FROM earnings
