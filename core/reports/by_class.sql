-- The conclusions that the filter lets through, added up by day and reason.
-- For filters that speak of the period, categories and reasons alone: the smallest grain there is.
-- category: NULL where not classified; class: the category and the reason, as it was called then.
-- ended: those whose outcome counts, which are the final ones, or with $final false all; ended_value: what these are
-- worth in $currency.
SELECT d.day, class.category, d.class, NULL::INTEGER AS agent, d.conclusions, d.reopened,
       d.conclusions - CASE WHEN $final THEN d.reopened ELSE 0 END AS ended,
       CASE WHEN d.currency = $currency_code
            THEN d.value - CASE WHEN $final THEN d.reopened_value ELSE 0 END ELSE 0 END AS ended_value
FROM store.daily AS d
JOIN store.classes AS class ON class.code = d.class
WHERE d.day BETWEEN $since AND $until
  AND ($categories IS NULL OR list_contains($categories, coalesce(class.category, 'none')))
  AND ($reasons IS NULL OR list_contains($reasons, class.reason))
