-- How long the conclusions took, in seconds: the median, NULL where there is none.
SELECT median(handling_seconds) AS median_seconds FROM counted
