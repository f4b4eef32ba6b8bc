-- The conversations whose endings a command later than $1 changed: concluded, classified, reopened, or found to be
-- another contact's. What is asked here is only ever appended to, so that the newest is found without reading the rest.
SELECT conversation_id FROM conclusions WHERE number > $1
UNION
SELECT conversation_id FROM reopenings WHERE number > $1
UNION
SELECT l.conversation_id
FROM classifications AS f JOIN conclusions AS l ON l.id = f.conclusion_id WHERE f.number > $1
UNION
SELECT c.id
FROM contact_merges AS m JOIN conversations AS c ON c.contact_id = m.into_contact_id WHERE m.number > $1
