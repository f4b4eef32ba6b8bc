-- Which reasons come back, and after how long: one row for each category and reason as they were called, and one for
-- the conclusions without (NULL); those that came back most first. Of all conclusions.
-- within_…: reopened at most so long after the conclusion; median_seconds from the conclusion to its reopening.
WITH waited AS (
    SELECT class, (epoch_us(reopened_at) - epoch_us(concluded_at)) / 1e6 AS seconds FROM counted WHERE reopened = 1
), named AS (
    SELECT class.category, class.reason, c.conclusions
    FROM (SELECT class, count(*) AS conclusions FROM counted GROUP BY class) AS c
    JOIN store.classes AS class ON class.code = c.class
), came_back AS (
    SELECT class.category, class.reason,
           count(*) AS reopened,
           count(*) FILTER (w.seconds <= 3600) AS within_1h,
           count(*) FILTER (w.seconds <= 12 * 3600) AS within_12h,
           median(w.seconds) AS median_seconds
    FROM waited AS w JOIN store.classes AS class ON class.code = w.class
    GROUP BY ALL
)
SELECT n.category, n.reason, n.conclusions,
       coalesce(b.reopened, 0) AS reopened, coalesce(b.within_1h, 0) AS within_1h,
       coalesce(b.within_12h, 0) AS within_12h, b.median_seconds
FROM (SELECT category, reason, sum(conclusions)::BIGINT AS conclusions FROM named GROUP BY ALL) AS n
LEFT JOIN came_back AS b
  ON b.category IS NOT DISTINCT FROM n.category AND b.reason IS NOT DISTINCT FROM n.reason
ORDER BY reopened DESC, n.conclusions DESC, n.category, n.reason
