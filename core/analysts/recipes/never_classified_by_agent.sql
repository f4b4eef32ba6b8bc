-- One row per agent with any (NULL: an import does not say who). Ages are counted back from as_of.
WITH told AS (
    SELECT concluded_by, NOT classified AS bare, concluded_at, as_of
    FROM analytics.conclusions, analytics.as_of
)
SELECT u.name AS agent,
       count(*) FILTER (WHERE bare) AS not_classified,
       round(not_classified / count(*), 3) AS share_of_all,
       count(*) FILTER (WHERE bare AND concluded_at > as_of - INTERVAL 7 DAY) AS last_7_days,
       count(*) FILTER (WHERE bare AND concluded_at > as_of - INTERVAL 30 DAY) - last_7_days AS days_8_to_30,
       not_classified - last_7_days - days_8_to_30 AS older,
       date_diff('day', min(concluded_at) FILTER (WHERE bare), max(as_of)) AS oldest_days_ago
FROM told
LEFT JOIN analytics.users AS u ON u.id = concluded_by
GROUP BY u.id, u.name
HAVING not_classified > 0
ORDER BY not_classified DESC, agent
