-- One row per month and currency: amounts of different currencies are never added.
WITH months AS (
    SELECT date_trunc('month', day)::DATE AS month, currency,
           coalesce(sum(final_value) FILTER (WHERE category = 'achieved'), 0) AS achieved,
           coalesce(sum(final_value) FILTER (WHERE category = 'lost'), 0) AS lost
    FROM analytics.daily_outcomes
    WHERE currency IS NOT NULL
    GROUP BY ALL
)
SELECT month, currency, achieved, lost, round(achieved / nullif(achieved + lost, 0), 3) AS achieved_share
FROM months
ORDER BY month, currency
