-- How long conclusions took, in seconds, by category (NULL: not classified): a quarter took at most p25, half of them
-- at most median, and so on. Of all conclusions.
SELECT category, conclusions, took[1] AS p25, took[2] AS median, took[3] AS p75, took[4] AS p90
FROM (
    SELECT category, count(*) AS conclusions, quantile_cont(handling_seconds, [0.25, 0.5, 0.75, 0.9]) AS took
    FROM counted GROUP BY category
)
ORDER BY list_position(['achieved', 'lost', 'question', 'other'], category) NULLS LAST
