-- The same one by one: for every filter, and for reports that ask more of each.
SELECT l.day, class.category, class.reason, l.agent, 1 AS conclusions,
       (l.reopened_at IS NOT NULL)::INTEGER AS reopened,
       CASE WHEN $final AND l.reopened_at IS NOT NULL THEN 0 ELSE 1 END AS ended,
       CASE WHEN currency.name = $currency AND NOT ($final AND l.reopened_at IS NOT NULL) THEN l.value ELSE 0 END AS ended_value,
       l.conclusion_id, l.conversation_id, l.concluded_at, l.hour, l.channel AS channel_code, l.class, l.value, currency.name AS currency,
       l.first_class, l.first_value, l.edits, l.archive_preference, l.reopened_at, l.reopen_cause, l.handling_seconds, l.cycle
FROM store.conclusions AS l
JOIN store.classes AS class ON class.code = l.class
JOIN store.currencies AS currency ON currency.code = l.currency
WHERE l.day BETWEEN $since AND $until
  AND ($categories IS NULL OR coalesce(class.category, '') IN (SELECT unnest($categories::VARCHAR[])))
  AND ($reasons IS NULL OR class.reason IN (SELECT unnest($reasons::VARCHAR[])))
  AND ($agents IS NULL OR l.agent IN (SELECT code FROM store.agents WHERE user_id IN (SELECT unnest($agents::VARCHAR[])::UUID)))
  AND ($channels IS NULL OR l.channel IN (SELECT code FROM store.channels WHERE name IN (SELECT unnest($channels::VARCHAR[]))))
  AND ($sources IS NULL OR l.source IN (SELECT code FROM store.sources WHERE name IN (SELECT unnest($sources::VARCHAR[]))))
