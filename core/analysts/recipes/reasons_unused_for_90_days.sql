-- One row per reason in use that no classification, first or later, named in the 90 days before as_of.
SELECT r.category, r.description AS reason, max(c.classified_at) AS last_used_at,
       date_diff('day', last_used_at, a.as_of) AS days_ago
FROM analytics.reasons AS r
CROSS JOIN analytics.as_of AS a
LEFT JOIN analytics.classifications AS c ON c.reason_id = r.reason_id
WHERE r.in_use
GROUP BY r.reason_id, r.category, r.description, a.as_of
HAVING last_used_at IS NULL OR last_used_at < a.as_of - INTERVAL 90 DAY
ORDER BY last_used_at NULLS FIRST, r.category, reason
