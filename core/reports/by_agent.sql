-- The same by day, agent, category and currency: for filters that speak of agents too, but of no reason.
SELECT d.day, d.category, NULL::VARCHAR AS reason, d.agent, currency.name AS currency,
       d.conclusions, d.reopened, d.value, d.reopened_value
FROM store.daily_by_agent AS d
JOIN store.currencies AS currency ON currency.code = d.currency
WHERE d.day BETWEEN $since AND $until
  AND ($categories IS NULL OR coalesce(d.category, '') IN (SELECT unnest($categories::VARCHAR[])))
  AND ($agents IS NULL OR d.agent IN (SELECT code FROM store.agents WHERE user_id IN (SELECT unnest($agents::VARCHAR[])::UUID)))
