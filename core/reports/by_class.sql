-- The conclusions that the filter lets through, added up by day, reason and currency.
-- For filters that speak of the period, categories, reasons and the currency alone: the smallest grain there is.
SELECT d.day, class.category, class.reason, NULL::INTEGER AS agent, currency.name AS currency,
       d.conclusions, d.reopened, d.value, d.reopened_value
FROM store.daily AS d
JOIN store.classes AS class ON class.code = d.class
JOIN store.currencies AS currency ON currency.code = d.currency
WHERE d.day BETWEEN $since AND $until
  AND ($categories IS NULL OR coalesce(class.category, '') IN (SELECT unnest($categories::VARCHAR[])))
  AND ($reasons IS NULL OR class.reason IN (SELECT unnest($reasons::VARCHAR[])))
