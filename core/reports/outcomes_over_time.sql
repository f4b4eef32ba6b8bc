-- How many conversations ended with each category (by_class.sql), by day, week or month.
-- One row for each period and category, also where there is none. $step: day, week or month.
WITH periods AS (
    SELECT DISTINCT date_trunc($step, day::TIMESTAMP)::DATE AS period
    FROM (SELECT unnest(range($since::TIMESTAMP, $until::TIMESTAMP + INTERVAL 1 DAY, INTERVAL 1 DAY)) AS day)
), categories AS (
    SELECT unnest(['achieved', 'lost', 'question', 'other', NULL]) AS category
), found AS (
    SELECT date_trunc($step, day::TIMESTAMP)::DATE AS period, category, sum(ended) AS conclusions
    FROM counted GROUP BY ALL
)
SELECT p.period, c.category, coalesce(f.conclusions, 0)::BIGINT AS conclusions
FROM periods AS p
CROSS JOIN categories AS c
LEFT JOIN found AS f ON f.period = p.period AND f.category IS NOT DISTINCT FROM c.category
ORDER BY p.period, c.category
