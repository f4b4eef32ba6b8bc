-- One row per agent who archived immediately (NULL: an import does not say who).
-- Each conversation is paired with the last conclusion before it, of the same contact on the same channel.
-- The facts begin with the conclusion: a conversation still open is not among them.
WITH opened AS (
    SELECT contact_key, channel, opened_at
    FROM analytics.conclusions
    WHERE cycle = 1
), wrote_again AS (
    SELECT DISTINCT l.conclusion_id
    FROM opened AS o
    ASOF JOIN analytics.conclusions AS l
      ON l.contact_key = o.contact_key AND l.channel = o.channel AND l.concluded_at < o.opened_at
    WHERE o.opened_at <= l.concluded_at + INTERVAL 12 HOUR
      AND (l.reopened_at IS NULL OR l.reopened_at > o.opened_at)
)
SELECT u.name AS agent, count(*) AS archived_immediately,
       count(w.conclusion_id) AS wrote_again_within_12_hours,
       round(wrote_again_within_12_hours / count(*), 3) AS share
FROM analytics.conclusions AS l
LEFT JOIN wrote_again AS w USING (conclusion_id)
LEFT JOIN analytics.users AS u ON u.id = l.concluded_by
WHERE l.archive_preference = 'immediately'
GROUP BY u.id, u.name
ORDER BY archived_immediately DESC, agent
