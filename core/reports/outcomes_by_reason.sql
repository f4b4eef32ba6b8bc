-- Which reasons conversations ended for: one row for each category and reason, as they were called at that moment,
-- the most frequent first. $final: only those that no reopening followed. $currency: whose values are added up.
SELECT category, reason,
       sum(conclusions - CASE WHEN $final THEN reopened ELSE 0 END)::BIGINT AS conclusions,
       coalesce(sum(value - CASE WHEN $final THEN reopened_value ELSE 0 END) FILTER (currency = $currency), 0) AS value
FROM counted
WHERE category IS NOT NULL
GROUP BY category, reason
HAVING sum(conclusions - CASE WHEN $final THEN reopened ELSE 0 END) > 0
ORDER BY conclusions DESC, category, reason
