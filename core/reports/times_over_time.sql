-- The median time to conclusion, in seconds, by day, week or month, of those in which there is one. $step: day, week or month.
SELECT date_trunc($step, day::TIMESTAMP)::DATE AS period, median(handling_seconds) AS median_seconds
FROM counted GROUP BY ALL
