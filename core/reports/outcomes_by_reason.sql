-- Which reasons conversations ended for (by_class.sql): one row for each category and reason, as they were called at
-- that moment, the most frequent first.
SELECT class.category, class.reason, sum(f.conclusions)::BIGINT AS conclusions, sum(f.value) AS value
FROM (SELECT class, sum(ended) AS conclusions, sum(ended_value) AS value FROM counted GROUP BY class) AS f
JOIN store.classes AS class ON class.code = f.class
WHERE class.category IS NOT NULL
GROUP BY class.category, class.reason
HAVING sum(f.conclusions) > 0
ORDER BY conclusions DESC, class.category, class.reason
