-- Histograms: how many rows are in each band. Every band has its row, empty ones too; 0 is below the first, one more than there are is above the last, and NULL is a band of its own where the number may be missing.
SELECT WIDTH_BUCKET(pay, 0, 100000, 10) AS band, COUNT(*) AS n
FROM earnings
GROUP BY band
ORDER BY band

-- Any aggregate of a band, beside other keys.
SELECT sex, WIDTH_BUCKET(rent, -500, 500, 8) AS band, COUNT(DISTINCT person_id) AS people, AVG(age) AS age
FROM earnings
GROUP BY sex, band

-- Bands of what has no bounds of its own: those of the histogram are enough.
SELECT WIDTH_BUCKET(debt, 0, 5000, 4) AS band, COUNT(*) AS n
FROM earnings
GROUP BY band

-- Without the rows where the number is missing, or with them in a band that is named.
SELECT COALESCE(WIDTH_BUCKET(pay, 0, 100000, 10), -1) AS band, COUNT(*) AS n
FROM earnings
GROUP BY band

-- Bands by where they begin.
SELECT FLOOR(pay / 10000) * 10000 AS from_pay, COUNT(*) AS n
FROM earnings
GROUP BY from_pay

-- The share of each band's rows that meet a condition, and what a row of it is worth on average.
SELECT WIDTH_BUCKET(age, 20, 60, 4) AS band, COUNT_IF(employed) / NULLIF(COUNT(*), 0) AS share, SUM(pay) / NULLIF(COUNT(pay), 0) AS pay
FROM earnings
GROUP BY band

-- invalid_value: from the lower end to the upper.
SELECT WIDTH_BUCKET(pay, 100000, 0, 10) AS band, COUNT(*) AS n FROM earnings GROUP BY band

-- invalid_value: a histogram has a band at least.
SELECT WIDTH_BUCKET(pay, 0, 100000, 0) AS band, COUNT(*) AS n FROM earnings GROUP BY band

-- unsupported: its ends are the question's own, and not a row's.
SELECT WIDTH_BUCKET(pay, 0, rent, 10) AS band, COUNT(*) AS n FROM earnings GROUP BY band

-- unsupported: it has two ends and a number of bands.
SELECT WIDTH_BUCKET(pay, 0, 100000) AS band, COUNT(*) AS n FROM earnings GROUP BY band

-- type_mismatch: text has no bands.
SELECT WIDTH_BUCKET(region, 0, 10, 5) AS band, COUNT(*) AS n FROM earnings GROUP BY band

-- unsupported: nor does a function of the data choose them.
SELECT HISTOGRAM(pay) AS bands FROM earnings
