-- The conclusions of the conversations in `changed`, one row each, from the desk.
-- $1: the key of the contacts' hash. $2: the organisation's time zone.
WITH told AS (
    SELECT id, contact_id, channel, source, opened_at FROM conversations
    WHERE id IN (SELECT conversation_id::UUID FROM changed)
), versions AS (
    SELECT f.*,
           row_number() OVER (PARTITION BY f.conclusion_id ORDER BY f.version) AS from_first,
           row_number() OVER (PARTITION BY f.conclusion_id ORDER BY f.version DESC) AS from_last,
           count(*) OVER (PARTITION BY f.conclusion_id) AS versions
    FROM classifications AS f
    WHERE f.conclusion_id IN (SELECT id FROM conclusions WHERE conversation_id IN (SELECT conversation_id::UUID FROM changed))
), concluded AS (
    SELECT c.contact_id, c.channel, c.source, c.opened_at, l.*, r.reopened_at, r.cause,
           lag(r.reopened_at) OVER (PARTITION BY l.conversation_id ORDER BY l.cycle) AS began_again_at
    FROM told AS c
    JOIN conclusions AS l ON l.conversation_id = c.id
    LEFT JOIN reopenings AS r ON r.conclusion_id = l.id
)
SELECT l.id AS conclusion_id,
       l.conversation_id,
       left(sha256($1 || l.contact_id::VARCHAR), 32)::UUID AS contact_key,
       l.channel,
       l.source,
       l.opened_at,
       l.concluded_at,
       timezone($2, timezone('UTC', l.concluded_at)) AS local_at,
       l.concluded_by,
       l.from_folder,
       last.category,
       last.reason_id,
       last.reason,
       last.value,
       last.currency,
       first.category AS first_category,
       first.reason_id AS first_reason_id,
       first.reason AS first_reason,
       first.value AS first_value,
       (last.versions - 1)::INTEGER AS edits,
       l.archive_preference,
       CASE WHEN l.reopened_at < l.concluded_at + wait.before_archiving THEN NULL
            WHEN l.reopened_at = l.concluded_at + wait.before_archiving AND l.cause = 'message' THEN NULL
            ELSE l.concluded_at + wait.before_archiving END AS archived_at,
       l.reopened_at,
       l.cause AS reopen_cause,
       date_sub('second', coalesce(l.began_again_at, l.opened_at), l.concluded_at) AS handling_seconds,
       l.cycle
FROM concluded AS l
JOIN (VALUES ('after_12h', INTERVAL 12 HOUR), ('immediately', INTERVAL 0 HOUR)) AS wait (preference, before_archiving)
  ON wait.preference = l.archive_preference
LEFT JOIN versions AS last ON last.conclusion_id = l.id AND last.from_last = 1
LEFT JOIN versions AS first ON first.conclusion_id = l.id AND first.from_first = 1
