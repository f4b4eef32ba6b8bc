-- One row per cause.
SELECT cause, count(*) AS reopenings,
       round(quantile_cont(seconds_after, 0.25) / 3600, 1) AS quarter_within_hours,
       round(median(seconds_after) / 3600, 1) AS half_within_hours,
       round(quantile_cont(seconds_after, 0.9) / 3600, 1) AS p90_within_hours,
       round(count(*) FILTER (WHERE seconds_after <= 3600) / count(*), 3) AS within_1_hour,
       round(count(*) FILTER (WHERE seconds_after <= 12 * 3600) / count(*), 3) AS within_12_hours,
       round(count(*) FILTER (WHERE seconds_after <= 24 * 3600) / count(*), 3) AS within_24_hours
FROM analytics.reopenings
GROUP BY ALL
ORDER BY cause
