-- The versions of classifications that came after command $since, from the desk.
SELECT f.id AS classification_id, f.conclusion_id, l.conversation_id, f.version, f.category, f.reason_id, f.reason,
       f.value, f.currency, f.classified_at, f.classified_by
FROM classifications AS f JOIN conclusions AS l ON l.id = f.conclusion_id
WHERE f.number > $since
