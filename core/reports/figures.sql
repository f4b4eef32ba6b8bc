-- The figures at the top, in one row. Conclusions, classified and reopened are of all conclusions; achieved, lost and
-- values of those that ended (by_class.sql).
SELECT coalesce(sum(conclusions), 0)::BIGINT AS conclusions,
       coalesce(sum(conclusions) FILTER (category IS NOT NULL), 0)::BIGINT AS classified,
       coalesce(sum(ended) FILTER (category = 'achieved'), 0)::BIGINT AS achieved,
       coalesce(sum(ended) FILTER (category = 'lost'), 0)::BIGINT AS lost,
       coalesce(sum(ended_value) FILTER (category = 'achieved'), 0) AS value_achieved,
       coalesce(sum(ended_value) FILTER (category = 'lost'), 0) AS value_lost,
       coalesce(sum(reopened), 0)::BIGINT AS reopened
FROM counted
