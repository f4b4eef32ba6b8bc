-- One row per conversation concluded three times or more.
SELECT conversation_id, channel, count(*) AS conclusions, count(DISTINCT concluded_by) AS agents,
       date_diff('day', min(opened_at), max(concluded_at)) AS days,
       round(sum(handling_seconds) / 3600, 1) AS hours_handled,
       string_agg(coalesce(category, 'not classified'), ' → ' ORDER BY cycle) AS endings
FROM analytics.conclusions
GROUP BY conversation_id, channel
HAVING conclusions >= 3
ORDER BY conclusions DESC, conversation_id
