-- One row per category and channel (NULL: not classified). Also those that came back count.
SELECT category, channel, count(*) AS conclusions,
       round(median(handling_seconds) / 60, 1) AS median_minutes,
       round(quantile_cont(handling_seconds, 0.9) / 60, 1) AS p90_minutes
FROM analytics.conclusions
GROUP BY ALL
ORDER BY category, channel
