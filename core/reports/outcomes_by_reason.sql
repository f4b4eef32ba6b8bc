-- Which reasons conversations ended for (by_class.sql): one row for each category and reason, as they were called at
-- that moment, the most frequent first.
SELECT category, reason, sum(ended)::BIGINT AS conclusions, sum(ended_value) AS value
FROM counted
WHERE category IS NOT NULL
GROUP BY category, reason
HAVING sum(ended) > 0
ORDER BY conclusions DESC, category, reason
