-- After how long what was concluded for each category and reason came back. Of all conclusions that did.
-- within_…: reopened at most so long after the conclusion; median_seconds from the conclusion to its reopening.
SELECT class.category, class.reason,
       count(*) FILTER (c.seconds <= 3600) AS within_1h,
       count(*) FILTER (c.seconds <= 12 * 3600) AS within_12h,
       median(c.seconds) AS median_seconds
FROM (
    SELECT class, (epoch_us(reopened_at) - epoch_us(concluded_at)) / 1e6 AS seconds
    FROM counted WHERE reopened_at IS NOT NULL
) AS c
JOIN store.classes AS class ON class.code = c.class
GROUP BY class.category, class.reason
