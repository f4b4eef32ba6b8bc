-- The daily tables anew from all conclusions, in the order in which they are asked: by day, and by agent and day.
DELETE FROM store.daily;
INSERT INTO store.daily
SELECT day, class, currency, count(*), count(reopened_at), coalesce(sum(value), 0),
       coalesce(sum(value) FILTER (reopened_at IS NOT NULL), 0)
FROM store.conclusions
GROUP BY day, class, currency ORDER BY day, class, currency;

DELETE FROM store.daily_by_agent;
INSERT INTO store.daily_by_agent
SELECT day, agent, category, currency, count(*), count(reopened_at), coalesce(sum(value), 0),
       coalesce(sum(value) FILTER (reopened_at IS NOT NULL), 0)
FROM store.conclusions
GROUP BY day, agent, category, currency ORDER BY agent, day;

-- And the conclusions whose classification was edited, anew.
DELETE FROM store.edited;
INSERT INTO store.edited FROM store.conclusions WHERE edits > 0;
