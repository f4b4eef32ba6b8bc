-- The export of an imaginary ticket system, data/samples/tickets.csv: one row per thing that happened to a ticket.
WITH outcomes (code, category, reason) AS (
    VALUES ('SALE', 'achieved', 'Venda'), ('PRICE', 'lost', 'Preço'), ('INFO', 'question', 'Outra dúvida'), ('HOURS', 'question', 'Horário')
)
SELECT s.ticket AS conversation,
       CASE s.what
           WHEN 'created' THEN 'opened'
           WHEN 'customer wrote' THEN 'message'
           WHEN 'we wrote' THEN 'message'
           WHEN 'taken' THEN 'assigned'
           WHEN 'solved' THEN 'concluded'
           WHEN 'outcome changed' THEN 'classified'
           ELSE s.what  -- reopened; anything else lands in the rejects file, where it is seen
       END AS event,
       s."when" AS occurred_at,  -- has its offset
       s.phone AS contact,
       s.customer AS contact_name,
       'whatsapp' AS channel,
       s."by" AS agent,  -- an e-mail
       CASE s.what WHEN 'customer wrote' THEN 'in' WHEN 'we wrote' THEN 'out' END AS direction,
       s.text AS body,
       o.category,
       coalesce(o.reason, s.outcome) AS reason,  -- an outcome missing above is refused rather than lost
       replace(s.amount, ',', '.') AS value,
       row_number() OVER () + 1 AS line  -- the first line of the file has the names
FROM source AS s
LEFT JOIN outcomes AS o ON o.code = s.outcome
