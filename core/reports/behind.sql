-- The conclusions behind a figure, one by one, the newest first (behind the median time behind.py has the longest first).
-- $classified_share, …: of the figures the one that is asked about is true, the others NULL. Which conclusions these are,
-- behind_total.sql says in the same words.
WITH page AS MATERIALIZED (  -- which they are, before everything about each is read
    SELECT c.row
    FROM counted AS c
WHERE TRUE
  AND ($classified_share IS NULL OR c.category IS NULL)
  AND ($achieved_rate IS NULL OR c.ended = 1 AND c.category IN ('achieved', 'lost'))
  AND ($value_achieved IS NULL OR c.ended = 1 AND c.category = 'achieved' AND c.value IS NOT NULL AND c.currency = $currency_code)
  AND ($value_lost IS NULL OR c.ended = 1 AND c.category = 'lost' AND c.value IS NOT NULL AND c.currency = $currency_code)
  AND ($reopened_share IS NULL OR c.reopened_at IS NOT NULL)
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
