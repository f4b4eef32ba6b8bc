-- One row per month. What was decided is what ended as achieved or lost.
WITH months AS (
    SELECT date_trunc('month', day)::DATE AS month,
           sum(final_conclusions)::BIGINT AS decided,
           coalesce(sum(final_conclusions) FILTER (WHERE category = 'achieved'), 0)::BIGINT AS achieved
    FROM analytics.daily_outcomes
    WHERE category IN ('achieved', 'lost')
    GROUP BY ALL
    HAVING decided > 0
), intervals AS (
    SELECT *, 1.96 AS z,
           achieved / decided AS rate,
           (rate + z^2 / (2 * decided)) / (1 + z^2 / decided) AS middle,
           z * sqrt(rate * (1 - rate) / decided + z^2 / (4 * decided^2)) / (1 + z^2 / decided) AS reach
    FROM months
)
SELECT month, achieved, decided - achieved AS lost, round(rate, 3) AS rate,
       round(greatest(middle - reach, 0), 3) AS at_least,
       round(middle + reach, 3) AS at_most
FROM intervals
ORDER BY month
