-- One row per agent who concluded (NULL: an import does not say who).
WITH told AS (
    SELECT concluded_by, reopen_cause,
           reopened_at <= concluded_at + INTERVAL 12 HOUR AS came_back,
           NOT reopened AND archive_preference = 'after_12h' AND archived_at >= as_of AS may_come_back
    FROM analytics.conclusions, analytics.as_of
)
SELECT u.name AS agent, count(*) AS conclusions,
       count(*) FILTER (WHERE came_back) AS within_12_hours,
       count(*) FILTER (WHERE came_back AND reopen_cause = 'message') AS by_message,
       round(within_12_hours / count(*), 3) AS share,
       count(*) FILTER (WHERE may_come_back) AS may_still_reopen,
       count(*) < 30 AS few
FROM told
LEFT JOIN analytics.users AS u ON u.id = concluded_by
GROUP BY u.id, u.name
ORDER BY share DESC, conclusions DESC, agent
