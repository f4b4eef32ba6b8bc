-- Agents side by side, by name. Conclusions, classified and reopened are of all conclusions; achieved, lost and value
-- of those that ended (by_class.sql).
SELECT a.user_id, a.name, f.conclusions, f.classified, f.achieved, f.lost, f.value, f.reopened
FROM (
    SELECT agent,
           sum(conclusions)::BIGINT AS conclusions,
           coalesce(sum(conclusions) FILTER (category IS NOT NULL), 0)::BIGINT AS classified,
           coalesce(sum(ended) FILTER (category = 'achieved'), 0)::BIGINT AS achieved,
           coalesce(sum(ended) FILTER (category = 'lost'), 0)::BIGINT AS lost,
           coalesce(sum(ended_value) FILTER (category = 'achieved'), 0) AS value,
           sum(reopened)::BIGINT AS reopened
    FROM counted GROUP BY agent HAVING sum(conclusions) > 0
) AS f
JOIN store.agents AS a ON a.code = f.agent
ORDER BY lower(a.name) NULLS LAST, a.user_id
