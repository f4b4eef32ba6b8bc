-- The conclusions, one row each, from the desk.
-- $secret: the key of the contacts' hash. $timezone: the organisation's.
WITH changed_later AS (  -- few are: the others' only version is their first and their last
    SELECT conclusion_id, max(version) AS version FROM classifications GROUP BY conclusion_id HAVING max(version) > 1
), first AS (
    SELECT f.* FROM classifications AS f SEMI JOIN changed_later AS l ON l.conclusion_id = f.conclusion_id WHERE f.version = 1
), last AS (
    SELECT f.* FROM classifications AS f
    ANTI JOIN changed_later AS l ON l.conclusion_id = f.conclusion_id AND l.version <> f.version
), before AS (  -- when a cycle began that was not the conversation's first
    SELECT r.conversation_id, l.cycle + 1 AS cycle, r.reopened_at
    FROM reopenings AS r JOIN conclusions AS l ON l.id = r.conclusion_id
), keys AS (
    SELECT contact_id, left(sha256($secret || contact_id::VARCHAR), 32)::UUID AS contact_key
    FROM (SELECT DISTINCT contact_id FROM conversations)
)
SELECT l.id AS conclusion_id,
       l.conversation_id,
       keys.contact_key,
       c.channel,
       c.source,
       c.opened_at,
       l.concluded_at,
       timezone($timezone, timezone('UTC', l.concluded_at))::DATE AS day,
       hour(timezone($timezone, timezone('UTC', l.concluded_at)))::TINYINT AS hour,
       l.concluded_by,
       l.from_folder,
       last.category,
       last.reason_id,
       last.reason,
       last.value,
       last.currency,
       first.category AS first_category,  -- where there is a later one
       first.reason_id AS first_reason_id,
       first.reason AS first_reason,
       CASE WHEN first.id IS NULL THEN last.value ELSE first.value END AS first_value,
       CASE WHEN first.id IS NULL THEN last.currency ELSE first.currency END AS first_currency,
       (last.version - 1)::INTEGER AS edits,
       l.archive_preference,
       CASE WHEN r.reopened_at < l.concluded_at + wait.before_archiving THEN NULL
            WHEN r.reopened_at = l.concluded_at + wait.before_archiving AND r.cause = 'message' THEN NULL
            ELSE l.concluded_at + wait.before_archiving END AS archived_at,
       r.reopened_at,
       r.cause AS reopen_cause,
       date_sub('second', coalesce(before.reopened_at, c.opened_at), l.concluded_at) AS handling_seconds,
       l.cycle
FROM conclusions AS l
JOIN conversations AS c ON c.id = l.conversation_id
JOIN keys ON keys.contact_id = c.contact_id
JOIN (VALUES ('after_12h', INTERVAL 12 HOUR), ('immediately', INTERVAL 0 HOUR)) AS wait (preference, before_archiving)
  ON wait.preference = l.archive_preference
LEFT JOIN reopenings AS r ON r.conclusion_id = l.id
LEFT JOIN before ON before.conversation_id = l.conversation_id AND before.cycle = l.cycle
LEFT JOIN last ON last.conclusion_id = l.id
LEFT JOIN first ON first.conclusion_id = l.id
