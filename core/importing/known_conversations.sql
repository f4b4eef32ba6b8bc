-- The conversations of source $1 that the desk has, of those in `named`, as they are now. One row each; ids as text.
-- is_erased: its contact's data was erased, and nothing of theirs comes back.
-- as_of: when the last thing happened to one, in an import or in the application; messages do not count.
WITH known AS (
    SELECT v.*, n.conversation
    FROM conversations AS v JOIN named AS n ON n.kept_as = v.external_id
    WHERE v.source = $1
), assigned AS (
    SELECT conversation_id, max(assigned_at) AS assigned_at FROM assignments
    WHERE conversation_id IN (SELECT id FROM known) GROUP BY conversation_id
), classified AS (
    SELECT conclusion_id, max(classified_at) AS classified_at, count(*) AS versions FROM classifications
    WHERE conclusion_id IN (SELECT conclusion_id FROM known) GROUP BY conclusion_id
)
SELECT k.conversation, k.id::VARCHAR AS id, k.channel, k.folder, k.assigned_to::VARCHAR AS assigned_to, k.since,
       k.conclusions, k.conclusion_id::VARCHAR AS conclusion_id, l.concluded_by::VARCHAR AS concluded_by,
       coalesce(f.versions, 0) AS versions,
       k.last_message_at, k.last_message_id::VARCHAR AS last_message_id, k.last_inbound_at,
       k.folder = 'in_progress' OR a.conversation_id IS NOT NULL
           OR k.id IN (SELECT conversation_id FROM reopenings) AS was_in_progress,
       k.contact_id IN (SELECT id FROM contacts WHERE erased_at IS NOT NULL) AS is_erased,
       greatest(k.since, coalesce(a.assigned_at, k.since), coalesce(f.classified_at, k.since)) AS as_of
FROM known AS k
LEFT JOIN assigned AS a ON a.conversation_id = k.id
LEFT JOIN conclusions AS l ON l.id = k.conclusion_id
LEFT JOIN classified AS f ON f.conclusion_id = k.conclusion_id
