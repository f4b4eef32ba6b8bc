-- How soon conclusions come back: how many were reopened at most so many hours after the conclusion (hours; NULL:
-- later), and longer than the row before says; and cumulative, how many until then.
-- One row for each of the first twelve hours, then for up to 24, 48, 72, 168 and later, also where there is none.
WITH ends AS (
    SELECT unnest([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 24, 48, 72, 168, NULL]) AS hours
), waited AS (
    SELECT epoch(reopened_at - concluded_at) / 3600 AS hours FROM counted WHERE reopened_at IS NOT NULL
), found AS (
    SELECT CASE WHEN hours <= 12 THEN greatest(ceil(hours), 1) WHEN hours <= 24 THEN 24
                WHEN hours <= 48 THEN 48 WHEN hours <= 72 THEN 72 WHEN hours <= 168 THEN 168 END AS hours,
           count(*) AS reopened
    FROM waited GROUP BY ALL
)
SELECT e.hours, coalesce(f.reopened, 0) AS reopened,
       coalesce(sum(f.reopened) OVER (ORDER BY e.hours NULLS LAST), 0)::BIGINT AS cumulative
FROM ends AS e
LEFT JOIN found AS f ON f.hours IS NOT DISTINCT FROM e.hours
ORDER BY e.hours NULLS LAST
