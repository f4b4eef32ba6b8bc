-- The reasons that a filter can name, as they were called: those asked for, then the most frequent. An import can bring
-- more of them than anybody would look through.
SELECT class.reason AS name
FROM store.classes AS class
LEFT JOIN store.daily AS d ON d.class = class.code
WHERE class.reason IS NOT NULL
GROUP BY class.reason
ORDER BY class.reason IN (SELECT unnest($reasons::VARCHAR[])) DESC, sum(d.conclusions) DESC NULLS LAST, class.reason
LIMIT 500
