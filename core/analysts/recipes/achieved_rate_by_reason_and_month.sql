-- One row per month and reason. What was decided is what ended as achieved or lost, in the whole month.
WITH counted AS (
    SELECT date_trunc('month', day)::DATE AS month, category, reason,
           sum(final_conclusions)::BIGINT AS conclusions
    FROM analytics.daily_outcomes
    WHERE category IN ('achieved', 'lost')
    GROUP BY ALL
    HAVING conclusions > 0
), months AS (
    SELECT *, sum(conclusions) OVER month AS decided,
           coalesce(sum(conclusions) FILTER (WHERE category = 'achieved') OVER month, 0) AS achieved
    FROM counted
    WINDOW month AS (PARTITION BY month)
), intervals AS (
    SELECT *, 1.96 AS z,
           conclusions / decided AS share,
           (share + z^2 / (2 * decided)) / (1 + z^2 / decided) AS middle,
           z * sqrt(share * (1 - share) / decided + z^2 / (4 * decided^2)) / (1 + z^2 / decided) AS reach
    FROM months
)
SELECT month, round(achieved / decided, 3) AS achieved_rate, category, reason, conclusions, round(share, 3) AS share,
       round(greatest(middle - reach, 0), 3) AS at_least,
       round(middle + reach, 3) AS at_most
FROM intervals
ORDER BY month, category, conclusions DESC, reason
