-- What a list of tens of thousands of conversations asks of each: how long its contact has been waiting for an
-- answer, and which agents see it because they concluded it.
ALTER TABLE conversations ADD COLUMN last_outbound_at TIMESTAMP;
ALTER TABLE conversations ADD COLUMN waiting_since TIMESTAMP;  -- the first message not answered since; NULL: nobody waits
ALTER TABLE conversations ADD COLUMN seen_by VARCHAR;        -- the ids of who it is assigned to and of all who concluded it

UPDATE conversations SET last_outbound_at = w.last_outbound_at
FROM (SELECT conversation_id, max(sent_at) AS last_outbound_at FROM messages WHERE direction = 'out'
      GROUP BY conversation_id) AS w
WHERE conversations.id = w.conversation_id;

UPDATE conversations SET waiting_since = w.waiting_since
FROM (SELECT c.id, min(m.sent_at) AS waiting_since
      FROM conversations AS c
      JOIN messages AS m ON m.conversation_id = c.id
      LEFT JOIN conclusions AS l ON l.id = c.conclusion_id
      WHERE c.folder <> 'concluded' AND m.direction = 'in'
        AND (c.last_outbound_at IS NULL OR m.sent_at > c.last_outbound_at)
        AND (l.concluded_at IS NULL OR m.sent_at > l.concluded_at)
      GROUP BY c.id) AS w
WHERE conversations.id = w.id;

UPDATE conversations SET seen_by = assigned_to::VARCHAR;
UPDATE conversations SET seen_by = concat_ws(',', seen_by, w.concluders)
FROM (SELECT l.conversation_id, string_agg(DISTINCT l.concluded_by::VARCHAR, ',') AS concluders
      FROM conclusions AS l JOIN conversations AS c ON c.id = l.conversation_id
      WHERE l.concluded_by IS NOT NULL AND l.concluded_by IS DISTINCT FROM c.assigned_to
      GROUP BY l.conversation_id) AS w
WHERE conversations.id = w.conversation_id;

-- DuckDB looks into an index only for a condition on that one column: what is asked for often has one of its own.
CREATE INDEX messages_by_external_id ON messages (external_id);
CREATE INDEX contact_addresses_address ON contact_addresses (address);
CREATE INDEX conclusions_conversation ON conclusions (conversation_id);
CREATE INDEX classifications_conclusion ON classifications (conclusion_id);
CREATE INDEX reopenings_conversation ON reopenings (conversation_id);
CREATE INDEX idempotency_keys_key ON idempotency_keys (key);
