-- The events of source $1 that the desk has of the conversations in `named`, by what an event is known by.
SELECT n.conversation, i.event, i.occurred_at, i.rank
FROM imported_events AS i JOIN named AS n ON n.kept_as = i.conversation
WHERE i.source = $1
