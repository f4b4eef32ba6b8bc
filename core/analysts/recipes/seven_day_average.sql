-- One row per day on which anything was concluded, from the seventh on. A day without any counts as zero.
WITH days AS (
    SELECT day, sum(conclusions)::BIGINT AS conclusions
    FROM analytics.daily_outcomes
    GROUP BY ALL
)
SELECT day, conclusions, round(sum(conclusions) OVER week / 7, 1) AS average_of_7_days
FROM days
WINDOW week AS (ORDER BY day RANGE BETWEEN INTERVAL 6 DAY PRECEDING AND CURRENT ROW)
QUALIFY day >= min(day) OVER () + INTERVAL 6 DAY
ORDER BY day
