-- One row per currency and reason. Of lost goals without a value nobody knows what they were worth: they are not here.
WITH lost AS (
    SELECT currency, reason, count(*) AS conclusions, sum(value) AS value, median(value) AS median_value
    FROM analytics.conclusions
    WHERE NOT reopened AND category = 'lost' AND value IS NOT NULL
    GROUP BY ALL
)
SELECT currency, reason, conclusions, value, round(median_value, 2) AS median_value,
       round(value / nullif(sum(value) OVER (PARTITION BY currency), 0), 3) AS share
FROM lost
ORDER BY currency, value DESC, reason
