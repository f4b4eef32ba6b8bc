-- One row per month, of the conclusions that a message reopens within 12 hours.
-- Each conversation is paired with the last conclusion before it, of the same contact on the same channel.
-- The facts begin with the conclusion: a conversation still open is not among them.
WITH opened AS (
    SELECT contact_key, channel, opened_at
    FROM analytics.conclusions
    WHERE cycle = 1
), missed AS (
    SELECT DISTINCT l.conclusion_id
    FROM opened AS o
    ASOF JOIN analytics.conclusions AS l
      ON l.contact_key = o.contact_key AND l.channel = o.channel AND l.concluded_at < o.opened_at
    WHERE o.opened_at > l.concluded_at + INTERVAL 12 HOUR
      AND o.opened_at <= l.concluded_at + INTERVAL 24 HOUR
      AND (l.reopened_at IS NULL OR l.reopened_at > o.opened_at)
)
SELECT date_trunc('month', l.concluded_at AT TIME ZONE 'UTC'
                           AT TIME ZONE (SELECT timezone FROM analytics.as_of))::DATE AS month,
       count(*) AS conclusions,
       count(*) FILTER (WHERE l.reopened_at <= l.concluded_at + INTERVAL 12 HOUR) AS reopened_within_12_hours,
       count(m.conclusion_id) AS wrote_again_by_24_hours,
       round(reopened_within_12_hours / count(*), 3) AS share_with_12_hours,
       round((reopened_within_12_hours + wrote_again_by_24_hours) / count(*), 3) AS share_with_24_hours
FROM analytics.conclusions AS l
LEFT JOIN missed AS m USING (conclusion_id)
WHERE l.archive_preference = 'after_12h'
GROUP BY ALL
ORDER BY month
