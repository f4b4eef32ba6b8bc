-- The figures at the top, in one row. Conclusions, classified and reopened are of all conclusions; achieved, lost and
-- values of the final ones, or with $final false of all. $currency: whose values are added up.
SELECT coalesce(sum(conclusions), 0)::BIGINT AS conclusions,
       coalesce(sum(conclusions) FILTER (category IS NOT NULL), 0)::BIGINT AS classified,
       coalesce(sum(conclusions - CASE WHEN $final THEN reopened ELSE 0 END) FILTER (category = 'achieved'), 0)::BIGINT AS achieved,
       coalesce(sum(conclusions - CASE WHEN $final THEN reopened ELSE 0 END) FILTER (category = 'lost'), 0)::BIGINT AS lost,
       coalesce(sum(value - CASE WHEN $final THEN reopened_value ELSE 0 END)
                    FILTER (category = 'achieved' AND currency = $currency), 0) AS value_achieved,
       coalesce(sum(value - CASE WHEN $final THEN reopened_value ELSE 0 END)
                    FILTER (category = 'lost' AND currency = $currency), 0) AS value_lost,
       coalesce(sum(reopened), 0)::BIGINT AS reopened
FROM counted
