-- One row per reason, the most frequent first. Reasons of the same words in two categories are two.
WITH counted AS (
    SELECT category, reason, sum(final_conclusions)::BIGINT AS conclusions
    FROM analytics.daily_outcomes
    WHERE category IS NOT NULL
    GROUP BY ALL
    HAVING conclusions > 0
)
SELECT row_number() OVER ranks AS rank, category, reason, conclusions,
       round(conclusions / sum(conclusions) OVER (), 3) AS share,
       round(sum(conclusions) OVER ranks / sum(conclusions) OVER (), 3) AS cumulative_share
FROM counted
WINDOW ranks AS (ORDER BY conclusions DESC, category, reason ROWS UNBOUNDED PRECEDING)
ORDER BY rank
