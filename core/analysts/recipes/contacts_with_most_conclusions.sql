-- One row per contact, the twenty with most conclusions. The key says nothing of who they are.
SELECT contact_key, count(*) AS conclusions, count(DISTINCT conversation_id) AS conversations,
       count(*) FILTER (WHERE reopened) AS reopened,
       count(*) FILTER (WHERE NOT reopened AND category = 'achieved') AS achieved,
       count(*) FILTER (WHERE NOT reopened AND category = 'lost') AS lost,
       max(concluded_at) AS last_concluded_at
FROM analytics.conclusions
GROUP BY ALL
ORDER BY conclusions DESC, contact_key
LIMIT 20
