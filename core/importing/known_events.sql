-- The events of source $1 that the desk has of the conversations in `named`, by what an event is known by.
SELECT i.conversation, i.event, i.occurred_at, i.rank
FROM imported_events AS i
WHERE i.source = $1 AND i.conversation IN (SELECT conversation FROM named)
