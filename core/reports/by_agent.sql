-- The same by day, agent and category: for filters that speak of agents too, but of no reason.
SELECT d.day, d.category, NULL::VARCHAR AS reason, d.agent, d.conclusions, d.reopened,
       d.conclusions - CASE WHEN $final THEN d.reopened ELSE 0 END AS ended,
       CASE WHEN currency.name = $currency THEN d.value - CASE WHEN $final THEN d.reopened_value ELSE 0 END ELSE 0 END AS ended_value
FROM store.daily_by_agent AS d
JOIN store.currencies AS currency ON currency.code = d.currency
WHERE d.day BETWEEN $since AND $until
  AND ($categories IS NULL OR coalesce(d.category, '') IN (SELECT unnest($categories::VARCHAR[])))
  AND ($agents IS NULL OR d.agent IN (SELECT code FROM store.agents WHERE user_id IN (SELECT unnest($agents::VARCHAR[])::UUID)))
