-- How long the conclusions took, in seconds: the median, NULL where there is none; and how many of them may still
-- reopen: their 12 hours are running at $now.
SELECT median(handling_seconds) AS median_seconds,
       count(*) FILTER (reopened = 0 AND archive_preference = 'after_12h'
                        AND concluded_at > $now - INTERVAL 12 HOUR) AS may_reopen
FROM counted
