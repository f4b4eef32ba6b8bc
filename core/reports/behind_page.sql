-- A page of the conclusions behind a figure (behind.sql), the newest first; behind.py has behind the median time the
-- longest first.
WITH page AS MATERIALIZED (  -- which they are, before everything about each is read
    SELECT c.row
    FROM behind AS c
    ORDER BY c.concluded_at DESC, c.conclusion_id
    LIMIT $limit OFFSET $offset
), rows AS MATERIALIZED (
    SELECT concluded_at, conclusion_id, agent, category, class, value, currency, reopened_at, handling_seconds, channel, conversation_id
    FROM counted WHERE row IN (SELECT row FROM page)
)
SELECT c.concluded_at, a.name AS agent, c.category, class.reason, c.value, currency.name AS currency, c.reopened_at, c.handling_seconds,
       channel.name AS channel, c.conversation_id
FROM rows AS c
JOIN store.agents AS a ON a.code = c.agent
JOIN store.channels AS channel ON channel.code = c.channel
JOIN store.classes AS class ON class.code = c.class
JOIN store.currencies AS currency ON currency.code = c.currency
ORDER BY c.concluded_at DESC, c.conclusion_id
