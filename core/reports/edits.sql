-- How classifications were changed afterwards: one row for each first and last version, as they were called, the most
-- frequent first; where only the value changed the two are the same. Of all conclusions whose classification was edited.
-- value_before, value_after: what the first and the last versions are worth, of those in $currency.
WITH changes AS (
    SELECT first_class, class, count(*) AS conclusions,
           coalesce(sum(first_value) FILTER (first_currency = $currency_code), 0) AS value_before,
           coalesce(sum(value) FILTER (currency = $currency_code), 0) AS value_after
    FROM counted GROUP BY first_class, class
)
SELECT first.category AS from_category, first.reason AS from_reason,
       last.category AS to_category, last.reason AS to_reason,
       sum(c.conclusions)::BIGINT AS conclusions, sum(c.value_before) AS value_before, sum(c.value_after) AS value_after
FROM changes AS c
JOIN store.classes AS first ON first.code = c.first_class
JOIN store.classes AS last ON last.code = c.class
GROUP BY ALL
ORDER BY conclusions DESC, from_category, from_reason, to_category, to_reason
