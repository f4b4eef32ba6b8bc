-- One row per conclusion whose last version counts another amount, or counts it in another category or currency,
-- than its first. Between currencies there is no difference to tell.
WITH versions AS (
    SELECT conclusion_id, count(*) - 1 AS edits,
           arg_min(struct_pack(category, value, currency), version) AS first,
           arg_max(struct_pack(category, value, currency), version) AS last
    FROM analytics.classifications
    GROUP BY ALL
)
SELECT v.conclusion_id, u.name AS agent, v.edits,
       v.first.category AS category_before, v.first.value AS value_before, v.first.currency AS currency_before,
       v.last.category AS category_after, v.last.value AS value_after, v.last.currency AS currency_after,
       CASE WHEN v.first.currency = v.last.currency THEN v.last.value - v.first.value END AS difference
FROM versions AS v
JOIN analytics.conclusions AS l USING (conclusion_id)
LEFT JOIN analytics.users AS u ON u.id = l.concluded_by
WHERE v.first IS DISTINCT FROM v.last
  AND (v.first.value IS NOT NULL OR v.last.value IS NOT NULL)
ORDER BY abs(difference) DESC, v.conclusion_id
