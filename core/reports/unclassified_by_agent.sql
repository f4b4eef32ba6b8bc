-- Who leaves conclusions without a classification: one row for each agent, those with most of them first; of all
-- conclusions.
SELECT a.user_id, a.name, f.conclusions, f.unclassified
FROM (
    SELECT agent, sum(conclusions)::BIGINT AS conclusions,
           coalesce(sum(conclusions) FILTER (category IS NULL), 0)::BIGINT AS unclassified
    FROM counted GROUP BY agent HAVING sum(conclusions) > 0
) AS f
JOIN store.agents AS a ON a.code = f.agent
ORDER BY f.unclassified DESC, lower(a.name) NULLS LAST, a.user_id
