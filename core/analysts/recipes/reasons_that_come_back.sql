-- One row per reason. Reasons of the same words in two categories are two.
SELECT category, reason, count(*) AS conclusions,
       count(*) FILTER (WHERE reopened) AS came_back,
       round(came_back / count(*), 3) AS share,
       round(median(date_diff('second', concluded_at, reopened_at)) / 3600, 1) AS median_hours,
       count(*) < 30 AS few
FROM analytics.conclusions
WHERE classified
GROUP BY category, reason
ORDER BY share DESC, conclusions DESC, category, reason
