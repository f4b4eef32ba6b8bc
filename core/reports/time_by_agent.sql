-- How long each agent's conclusions took, in seconds: the median.
SELECT a.user_id, t.median_seconds
FROM (SELECT agent, median(handling_seconds) AS median_seconds FROM counted GROUP BY agent) AS t
JOIN store.agents AS a ON a.code = t.agent
