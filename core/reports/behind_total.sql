-- How many conclusions are behind a figure. $what: behind.sql.
SELECT count(*) AS total
FROM counted AS c
WHERE CASE $what
          WHEN 'classified_share' THEN c.category IS NULL
          WHEN 'achieved_rate' THEN c.ended = 1 AND c.category IN ('achieved', 'lost')
          WHEN 'value_achieved' THEN c.ended = 1 AND c.category = 'achieved' AND c.value IS NOT NULL AND c.currency = (SELECT code FROM store.currencies WHERE name = $currency)
          WHEN 'value_lost' THEN c.ended = 1 AND c.category = 'lost' AND c.value IS NOT NULL AND c.currency = (SELECT code FROM store.currencies WHERE name = $currency)
          WHEN 'reopened_share' THEN c.reopened = 1
          ELSE TRUE
      END
