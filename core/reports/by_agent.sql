-- The same by day, agent and category: for filters that speak of agents too, but of no reason.
SELECT d.day, nullif(d.category, 'none') AS category, NULL::INTEGER AS class, d.agent, d.conclusions, d.reopened,
       d.conclusions - CASE WHEN $final THEN d.reopened ELSE 0 END AS ended,
       CASE WHEN d.currency = $currency_code
            THEN d.value - CASE WHEN $final THEN d.reopened_value ELSE 0 END ELSE 0 END AS ended_value
FROM store.daily_by_agent AS d
WHERE d.day BETWEEN $since AND $until
  AND ($categories IS NULL OR d.category IN (SELECT unnest($categories::category[])))
  AND ($agents IS NULL OR d.agent IN (SELECT code FROM store.agents WHERE list_contains($agents, user_id::VARCHAR)))
