-- One row per day and currency in which a goal with a value was achieved: the total begins anew with each month.
WITH days AS (
    SELECT day, currency, sum(final_value) AS value
    FROM analytics.daily_outcomes
    WHERE category = 'achieved' AND currency IS NOT NULL
    GROUP BY ALL
    HAVING sum(final_conclusions) > 0
)
SELECT date_trunc('month', day)::DATE AS month, day, currency, value,
       sum(value) OVER (PARTITION BY month, currency ORDER BY day) AS so_far
FROM days
ORDER BY currency, day
