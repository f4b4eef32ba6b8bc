-- How long the conclusions that the filter lets through took, in seconds: the median, NULL where there is none; and
-- how many of them may still reopen: their 12 hours are running at $now.
SELECT median(l.handling_seconds) AS median_seconds,
       count(*) FILTER (l.reopened_at IS NULL AND l.archive_preference = 'after_12h'
                        AND l.concluded_at > $now - INTERVAL 12 HOUR) AS may_reopen
FROM store.conclusions AS l
JOIN store.classes AS class ON class.code = l.class
WHERE l.day BETWEEN $since AND $until
  AND ($categories IS NULL OR coalesce(class.category, '') IN (SELECT unnest($categories::VARCHAR[])))
  AND ($reasons IS NULL OR class.reason IN (SELECT unnest($reasons::VARCHAR[])))
  AND ($agents IS NULL OR l.agent IN (SELECT code FROM store.agents WHERE user_id IN (SELECT unnest($agents::VARCHAR[])::UUID)))
  AND ($channels IS NULL OR l.channel IN (SELECT code FROM store.channels WHERE name IN (SELECT unnest($channels::VARCHAR[]))))
  AND ($sources IS NULL OR l.source IN (SELECT code FROM store.sources WHERE name IN (SELECT unnest($sources::VARCHAR[]))))
