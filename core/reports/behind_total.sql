-- How many conclusions are behind a figure (behind.sql).
SELECT count(*) AS total FROM behind
