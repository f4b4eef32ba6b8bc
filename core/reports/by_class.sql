-- The conclusions that the filter lets through, added up by day and reason.
-- For filters that speak of the period, categories and reasons alone: the smallest grain there is.
-- ended: those whose outcome counts, which are the final ones, or with $final false all; ended_value: what these are
-- worth in $currency.
SELECT d.day, class.category, class.reason, NULL::INTEGER AS agent, d.conclusions, d.reopened,
       d.conclusions - CASE WHEN $final THEN d.reopened ELSE 0 END AS ended,
       CASE WHEN currency.name = $currency THEN d.value - CASE WHEN $final THEN d.reopened_value ELSE 0 END ELSE 0 END AS ended_value
FROM store.daily AS d
JOIN store.classes AS class ON class.code = d.class
JOIN store.currencies AS currency ON currency.code = d.currency
WHERE d.day BETWEEN $since AND $until
  AND ($categories IS NULL OR coalesce(class.category, '') IN (SELECT unnest($categories::VARCHAR[])))
  AND ($reasons IS NULL OR class.reason IN (SELECT unnest($reasons::VARCHAR[])))
