-- Which conclusions are behind a figure, one by one.
-- $classified_share, …: of the figures the one that is asked about is true, the others NULL.
SELECT c.*
FROM counted AS c
WHERE TRUE
  AND ($classified_share IS NULL OR c.category IS NULL)
  AND ($achieved_rate IS NULL OR c.ended = 1 AND c.category IN ('achieved', 'lost'))
  AND ($value_achieved IS NULL OR c.ended = 1 AND c.category = 'achieved' AND c.value IS NOT NULL AND c.currency = $currency_code)
  AND ($value_lost IS NULL OR c.ended = 1 AND c.category = 'lost' AND c.value IS NOT NULL AND c.currency = $currency_code)
  AND ($reopened_share IS NULL OR c.reopened_at IS NOT NULL)
