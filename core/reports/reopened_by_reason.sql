-- How many of the conclusions of each category and reason, as they were called, came back; of those without (NULL) too.
-- Of all conclusions; those that came back most first.
SELECT class.category, class.reason, sum(c.conclusions)::BIGINT AS conclusions, sum(c.reopened)::BIGINT AS reopened
FROM (SELECT class, sum(conclusions) AS conclusions, sum(reopened) AS reopened FROM counted GROUP BY class) AS c
JOIN store.classes AS class ON class.code = c.class
GROUP BY class.category, class.reason
HAVING sum(c.conclusions) > 0
ORDER BY reopened DESC, conclusions DESC, class.category, class.reason
