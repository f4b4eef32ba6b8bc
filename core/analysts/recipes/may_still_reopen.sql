-- One row per agent with any (NULL: an import does not say who). Times are of the organisation's time zone.
SELECT u.name AS agent, count(*) AS conclusions,
       count(*) FILTER (WHERE l.category = 'achieved') AS achieved,
       min(l.archived_at) AT TIME ZONE 'UTC' AT TIME ZONE (SELECT timezone FROM analytics.as_of) AS first_archived_at,
       max(l.archived_at) AT TIME ZONE 'UTC' AT TIME ZONE (SELECT timezone FROM analytics.as_of) AS last_archived_at
FROM analytics.conclusions AS l
CROSS JOIN analytics.as_of AS a
LEFT JOIN analytics.users AS u ON u.id = l.concluded_by
WHERE NOT l.reopened AND l.archive_preference = 'after_12h' AND l.archived_at >= a.as_of
GROUP BY u.id, u.name
ORDER BY conclusions DESC, agent
