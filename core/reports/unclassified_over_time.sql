-- How many conclusions were left without a classification, by day, week or month; of all conclusions.
-- One row for each period, also where there is none. $step: day, week or month.
WITH periods AS (
    SELECT unnest(generate_series(date_trunc($step, $since::TIMESTAMP), $until::TIMESTAMP, ('1 ' || $step)::INTERVAL))::DATE AS period
), found AS (
    SELECT date_trunc($step, day::TIMESTAMP)::DATE AS period, sum(conclusions) AS conclusions,
           sum(conclusions) FILTER (category IS NULL) AS unclassified
    FROM counted GROUP BY ALL
)
SELECT p.period, coalesce(f.conclusions, 0)::BIGINT AS conclusions, coalesce(f.unclassified, 0)::BIGINT AS unclassified
FROM periods AS p
LEFT JOIN found AS f ON f.period = p.period
ORDER BY p.period
