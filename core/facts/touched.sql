-- The conclusions that a command later than $1 made, reopened, classified, or found to be another contact's.
SELECT id AS conclusion_id FROM conclusions WHERE number > $1
UNION
SELECT conclusion_id FROM reopenings WHERE number > $1
UNION
SELECT conclusion_id FROM classifications WHERE number > $1
UNION
SELECT l.id
FROM contact_merges AS m
JOIN conversations AS c ON c.contact_id = m.into_contact_id
JOIN conclusions AS l ON l.conversation_id = c.id
WHERE m.number > $1
