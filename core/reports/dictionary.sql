-- What each view of `analytics` and each of its columns means; the view itself comes first.
SELECT view_name, column_name, data_type, meaning
FROM analytics.dictionary
ORDER BY view_name, position
