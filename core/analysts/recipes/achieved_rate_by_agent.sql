-- One row per agent (NULL: an import does not say who). What was decided is what ended as achieved or lost.
WITH agents AS (
    SELECT u.name AS agent,
           count(*) AS decided,
           count(*) FILTER (WHERE l.category = 'achieved') AS achieved
    FROM analytics.conclusions AS l
    LEFT JOIN analytics.users AS u ON u.id = l.concluded_by
    WHERE NOT l.reopened AND l.category IN ('achieved', 'lost')
    GROUP BY u.id, u.name
), intervals AS (
    SELECT *, 1.96 AS z,
           achieved / decided AS rate,
           sum(achieved) OVER () / sum(decided) OVER () AS team_rate,
           (rate + z^2 / (2 * decided)) / (1 + z^2 / decided) AS middle,
           z * sqrt(rate * (1 - rate) / decided + z^2 / (4 * decided^2)) / (1 + z^2 / decided) AS reach
    FROM agents
)
SELECT agent, achieved, decided - achieved AS lost, round(rate, 3) AS rate,
       round(greatest(middle - reach, 0), 3) AS at_least,
       round(middle + reach, 3) AS at_most,
       round(team_rate, 3) AS team_rate,
       CASE WHEN decided < 30 THEN 'too few to tell'
            WHEN middle - reach > team_rate THEN 'above the team'
            WHEN middle + reach < team_rate THEN 'below the team'
            ELSE 'like the team' END AS compared
FROM intervals
ORDER BY decided DESC, agent
