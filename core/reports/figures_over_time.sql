-- The sums of figures.sql, by day, week or month: a row for each, also where there is nothing. $step: day, week or month.
WITH periods AS (
    SELECT DISTINCT date_trunc($step, day::TIMESTAMP)::DATE AS period
    FROM (SELECT unnest(range($since::TIMESTAMP, $until::TIMESTAMP + INTERVAL 1 DAY, INTERVAL 1 DAY)) AS day)
), found AS (
    SELECT date_trunc($step, day::TIMESTAMP)::DATE AS period,
           sum(conclusions) AS conclusions,
           sum(conclusions) FILTER (category IS NOT NULL) AS classified,
           sum(ended) FILTER (category = 'achieved') AS achieved,
           sum(ended) FILTER (category = 'lost') AS lost,
           sum(ended_value) FILTER (category = 'achieved') AS value_achieved,
           sum(ended_value) FILTER (category = 'lost') AS value_lost,
           sum(reopened) AS reopened
    FROM counted GROUP BY ALL
)
SELECT p.period,
       coalesce(f.conclusions, 0)::BIGINT AS conclusions,
       coalesce(f.classified, 0)::BIGINT AS classified,
       coalesce(f.achieved, 0)::BIGINT AS achieved,
       coalesce(f.lost, 0)::BIGINT AS lost,
       coalesce(f.value_achieved, 0) AS value_achieved,
       coalesce(f.value_lost, 0) AS value_lost,
       coalesce(f.reopened, 0)::BIGINT AS reopened
FROM periods AS p
LEFT JOIN found AS f ON f.period = p.period
ORDER BY p.period
