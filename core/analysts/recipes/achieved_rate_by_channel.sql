-- One row per channel. What was decided is what ended as achieved or lost.
WITH channels AS (
    SELECT channel,
           count(*) AS decided,
           count(*) FILTER (WHERE category = 'achieved') AS achieved
    FROM analytics.conclusions
    WHERE NOT reopened AND category IN ('achieved', 'lost')
    GROUP BY ALL
), intervals AS (
    SELECT *, 1.96 AS z,
           achieved / decided AS rate,
           (rate + z^2 / (2 * decided)) / (1 + z^2 / decided) AS middle,
           z * sqrt(rate * (1 - rate) / decided + z^2 / (4 * decided^2)) / (1 + z^2 / decided) AS reach
    FROM channels
)
SELECT channel, achieved, decided - achieved AS lost, round(rate, 3) AS rate,
       round(greatest(middle - reach, 0), 3) AS at_least,
       round(middle + reach, 3) AS at_most
FROM intervals
ORDER BY decided DESC, channel
