-- What a filter can name, of the kinds of which there are few.
SELECT kind, name
FROM (
    SELECT 'channel' AS kind, name FROM store.channels
    UNION ALL SELECT 'source', name FROM store.sources
    UNION ALL SELECT 'currency', name FROM store.currencies
)
WHERE name IS NOT NULL
ORDER BY kind, lower(name), name
