-- One row per pair of categories, of the conclusions whose classification was changed.
SELECT first_category, category AS last_category, count(*) AS conclusions,
       count(*) FILTER (WHERE first_reason <> reason) AS with_another_reason,
       round(count(*) / sum(count(*)) OVER (PARTITION BY first_category), 3) AS share_of_first
FROM analytics.conclusions
WHERE edits > 0
GROUP BY first_category, category
ORDER BY first_category, conclusions DESC, last_category
