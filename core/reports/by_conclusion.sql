-- The same one by one: for every filter, and for reports that ask more of each.
SELECT l.day, nullif(l.category, 'none') AS category, l.class, l.agent, 1 AS conclusions,
       (l.reopened_at IS NOT NULL)::INTEGER AS reopened,
       CASE WHEN $final AND l.reopened_at IS NOT NULL THEN 0 ELSE 1 END AS ended,
       CASE WHEN l.currency = $currency_code
            AND NOT ($final AND l.reopened_at IS NOT NULL) THEN l.value ELSE 0 END AS ended_value,
       l.rowid AS row, l.conclusion_id, l.conversation_id, l.concluded_at, l.hour, l.channel, l.value, l.currency,
       l.first_class, l.first_value, l.first_currency, l.edits, l.archive_preference, l.reopened_at, l.handling_seconds
FROM store.conclusions AS l
WHERE l.day BETWEEN $since AND $until
  AND ($categories IS NULL OR l.category IN (SELECT unnest($categories::category[])))
  AND ($reasons IS NULL OR l.class IN (SELECT code FROM store.classes WHERE list_contains($reasons, reason)))
  AND ($agents IS NULL OR l.agent IN (SELECT code FROM store.agents WHERE list_contains($agents, user_id::VARCHAR)))
  AND ($channels IS NULL OR l.channel IN (SELECT code FROM store.channels WHERE list_contains($channels, name)))
  AND ($sources IS NULL OR l.source IN (SELECT code FROM store.sources WHERE list_contains($sources, name)))
