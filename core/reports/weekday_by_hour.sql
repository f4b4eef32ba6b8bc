-- When conversations are concluded: by weekday (1 Monday … 7 Sunday) and hour of the day, in the organisation's time
-- zone. One row for each of the 168, also where there is none. Of all conclusions.
WITH hours AS (
    SELECT weekday, hour
    FROM (SELECT unnest(range(1, 8)) AS weekday) CROSS JOIN (SELECT unnest(range(24)) AS hour)
), found AS (
    SELECT isodow(day) AS weekday, hour, count(*) AS conclusions FROM counted GROUP BY ALL
)
SELECT h.weekday, h.hour, coalesce(f.conclusions, 0) AS conclusions
FROM hours AS h
LEFT JOIN found AS f ON f.weekday = h.weekday AND f.hour = h.hour
ORDER BY h.weekday, h.hour
