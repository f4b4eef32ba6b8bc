-- Three rows per agent at most (NULL: an import does not say who).
SELECT u.name AS agent, l.category, l.reason, count(*) AS conclusions,
       round(count(*) / sum(count(*)) OVER (PARTITION BY u.id), 3) AS share
FROM analytics.conclusions AS l
LEFT JOIN analytics.users AS u ON u.id = l.concluded_by
WHERE NOT l.reopened AND l.classified
GROUP BY u.id, u.name, l.category, l.reason
QUALIFY row_number() OVER (PARTITION BY u.id ORDER BY conclusions DESC, l.category, l.reason) <= 3
ORDER BY agent, u.id, conclusions DESC, l.category, l.reason
