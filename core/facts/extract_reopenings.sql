-- The reopenings that came after command $since, from the desk.
SELECT r.id AS reopening_id, r.conclusion_id, r.conversation_id, r.reopened_at, r.reopened_by, r.cause,
       date_sub('second', l.concluded_at, r.reopened_at) AS seconds_after
FROM reopenings AS r JOIN conclusions AS l ON l.id = r.conclusion_id
WHERE r.number > $since
