-- The conclusions behind a figure, one by one, the newest first; behind the median time the longest first.
-- $what: the name of one of metrics.METRICS. Which conclusions these are, behind_total.sql says in the same words.
SELECT c.concluded_at, a.name AS agent, c.category, class.reason, c.value, currency.name AS currency, c.reopened_at, c.handling_seconds,
       channel.name AS channel, c.conversation_id
FROM counted AS c
JOIN store.agents AS a ON a.code = c.agent
JOIN store.channels AS channel ON channel.code = c.channel
JOIN store.classes AS class ON class.code = c.class
JOIN store.currencies AS currency ON currency.code = c.currency
WHERE CASE $what
          WHEN 'classified_share' THEN c.category IS NULL  -- those that are not yet
          WHEN 'achieved_rate' THEN c.ended = 1 AND c.category IN ('achieved', 'lost')
          WHEN 'value_achieved' THEN c.ended = 1 AND c.category = 'achieved' AND c.value IS NOT NULL AND c.currency = (SELECT code FROM store.currencies WHERE name = $currency)
          WHEN 'value_lost' THEN c.ended = 1 AND c.category = 'lost' AND c.value IS NOT NULL AND c.currency = (SELECT code FROM store.currencies WHERE name = $currency)
          WHEN 'reopened_share' THEN c.reopened = 1
          ELSE TRUE
      END
ORDER BY CASE WHEN $what = 'median_time' THEN c.handling_seconds END DESC NULLS LAST, c.concluded_at DESC, c.conclusion_id
LIMIT $limit OFFSET $offset
