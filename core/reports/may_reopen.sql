-- How many of the conclusions may still reopen: their 12 hours are running at $now.
SELECT count(*) AS may_reopen
FROM counted
WHERE reopened = 0 AND archive_preference = 'after_12h' AND concluded_at > $now::TIMESTAMP - INTERVAL 12 HOUR
