-- How long the conclusions took in each day, week or month, in seconds: the median. $step: day, week or month.
WITH periods AS (  -- looked up, as to truncate the day of each conclusion takes longer than the medians
    SELECT day, date_trunc($step, day::TIMESTAMP)::DATE AS period FROM (SELECT DISTINCT day FROM store.daily)
)
SELECT p.period, median(c.handling_seconds) AS median_seconds
FROM counted AS c JOIN periods AS p ON p.day = c.day
GROUP BY p.period
