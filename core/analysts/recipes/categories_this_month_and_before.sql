-- One row per category (NULL: not classified). The month is the one of as_of, in the organisation's time zone.
WITH months AS (
    SELECT date_trunc('month', as_of AT TIME ZONE 'UTC' AT TIME ZONE timezone) AS began
    FROM analytics.as_of
), counted AS (
    SELECT category,
           coalesce(sum(final_conclusions) FILTER (WHERE day >= began), 0)::BIGINT AS this_month,
           coalesce(sum(final_conclusions) FILTER (WHERE day < began), 0)::BIGINT AS month_before
    FROM analytics.daily_outcomes, months
    WHERE day >= began - INTERVAL 1 MONTH
    GROUP BY ALL
), shares AS (
    SELECT *,
           this_month / nullif(sum(this_month) OVER (), 0) AS share,
           month_before / nullif(sum(month_before) OVER (), 0) AS share_before
    FROM counted
)
SELECT category, this_month, month_before,
       round(share, 3) AS share, round(share_before, 3) AS share_before,
       round(share - share_before, 3) AS change
FROM shares
ORDER BY category
