-- One row per weekday (1: Monday) and hour, in the organisation's time zone, in which anything was concluded.
WITH here AS (
    SELECT concluded_at AT TIME ZONE 'UTC' AT TIME ZONE (SELECT timezone FROM analytics.as_of) AS concluded_at
    FROM analytics.conclusions
)
SELECT isodow(concluded_at) AS weekday, dayname(concluded_at) AS name, hour(concluded_at) AS hour,
       count(*) AS conclusions,
       round(count(*) / count(DISTINCT concluded_at::DATE), 1) AS on_each_such_day
FROM here
GROUP BY ALL
ORDER BY weekday, hour
