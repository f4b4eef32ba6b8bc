-- Every version of the classifications of the conversations in `changed`, from the desk.
SELECT f.id AS classification_id, f.conclusion_id, l.conversation_id, f.version, f.category, f.reason_id, f.reason,
       f.value, f.currency, f.classified_at, f.classified_by
FROM conclusions AS l JOIN classifications AS f ON f.conclusion_id = l.id
WHERE l.conversation_id IN (SELECT conversation_id::UUID FROM changed)
