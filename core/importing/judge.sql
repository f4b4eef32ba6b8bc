-- Which rows are known already, which are history, and which cannot have happened as they say.
-- Reads `cleaned` and, from the desk, `known_events` and `known_conversations` of this source.
-- From here on a conversation goes by a small number, `no`, and tables are narrow: windows over them are quick.

CREATE OR REPLACE TEMP TABLE names AS
SELECT n.conversation, n.no, k.id IS NOT NULL AS is_known, k.id::UUID AS id, k.channel, k.folder,
       k.assigned_to::UUID AS assigned_to, k.since, k.conclusions, k.conclusion_id::UUID AS conclusion_id,
       k.concluded_by::UUID AS concluded_by, k.versions, k.last_message_at, k.last_message_id::UUID AS last_message_id,
       k.last_inbound_at, k.was_in_progress, k.as_of,
       coalesce(k.is_erased, FALSE) AS is_erased
FROM (SELECT conversation, row_number() OVER () AS no
      FROM (SELECT DISTINCT conversation FROM cleaned WHERE refusal IS NULL)) AS n
LEFT JOIN known_conversations AS k USING (conversation);

-- One row per row that is well formed, with what its event is known by: rank among equals. `ordinal` is its place
-- among all events of the conversation at that moment.
CREATE OR REPLACE TEMP TABLE ranked AS
WITH numbered AS (
    SELECT n.no, c.row, c.event, c.occurred_at,
           row_number() OVER (PARTITION BY n.no, c.event, c.occurred_at ORDER BY c.row) AS rank,
           row_number() OVER (PARTITION BY n.no, c.occurred_at ORDER BY c.row) AS ordinal
    FROM cleaned AS c JOIN names AS n USING (conversation) WHERE c.refusal IS NULL
), known AS (
    SELECT n.no, k.event, k.occurred_at, k.rank FROM known_events AS k JOIN names AS n USING (conversation)
)
SELECT r.*, k.no IS NOT NULL AS already_known
FROM numbered AS r LEFT JOIN known AS k USING (no, event, occurred_at, rank);

-- One row per event that is not known yet, messages aside: those go in at any time and change nothing.
-- What a conversation does next follows from what it did last. Of several conclusions in a row only the first is
-- one, so comparing with the change before is enough.
-- An event goes in only after what the desk has, be it from an earlier import or done in the application since:
-- later than the last of it, or at the same time and further down than the last one known.
CREATE OR REPLACE TEMP TABLE judged AS
WITH placed AS (
    SELECT r.*,
           row_number() OVER (PARTITION BY no ORDER BY occurred_at, row) AS place
    FROM ranked AS r WHERE event <> 'message'
), compared AS (
    SELECT p.*, n.is_known, n.is_erased, n.folder = 'concluded' AS desk_has_it_concluded, n.conclusions,
           coalesce(p.occurred_at < n.as_of OR p.place < max(CASE WHEN already_known THEN place END) OVER (PARTITION BY no),
                    FALSE) AS too_old
    FROM placed AS p JOIN names AS n USING (no)
), fresh AS (
    SELECT *,
           -- the change before it as a number: the later the higher, odd for a conclusion
           max(CASE event WHEN 'concluded' THEN place * 2 + 1 WHEN 'reopened' THEN place * 2 END) OVER before AS change,
           coalesce(sum((event = 'concluded')::INTEGER) OVER before, 0) AS concluded_here,
           coalesce(sum((event = 'opened')::INTEGER) OVER before, 0) AS opened_here
    FROM compared WHERE NOT already_known
    WINDOW before AS (PARTITION BY no, too_old ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), states AS (
    SELECT *,
           coalesce(change % 2 = 1, desk_has_it_concluded, FALSE) AS is_concluded,
           is_known OR opened_here > 0 AS was_opened,
           coalesce(conclusions, 0) + concluded_here > 0 AS was_concluded
    FROM fresh
)
SELECT row, no, event, occurred_at, rank, ordinal,
       CASE
           WHEN is_erased THEN 'The data of the conversation''s contact was erased.'
           WHEN event = 'opened' AND was_opened THEN 'The conversation was already opened.'
           WHEN too_old THEN 'The event is older than what is already known of the conversation.'
           WHEN event = 'opened' AND was_concluded THEN 'The conversation was already concluded.'
           WHEN event IN ('concluded', 'assigned') AND is_concluded THEN 'The conversation is already concluded.'
           WHEN event = 'reopened' AND NOT is_concluded THEN 'The conversation is not concluded.'
           WHEN event = 'classified' AND NOT was_concluded THEN 'The conversation was never concluded.'
       END AS refusal
FROM states;

-- Every row that cannot be taken, and why.
CREATE OR REPLACE TEMP TABLE refused AS
SELECT row, refusal FROM cleaned WHERE refusal IS NOT NULL
UNION ALL
SELECT row, refusal FROM judged WHERE refusal IS NOT NULL
UNION ALL
SELECT r.row, 'The data of the conversation''s contact was erased.'
FROM ranked AS r JOIN names AS n USING (no)
WHERE r.event = 'message' AND NOT r.already_known AND n.is_erased;

-- The events that become history.
CREATE OR REPLACE TEMP TABLE accepted AS
SELECT row, no, event, occurred_at, rank, ordinal FROM judged WHERE refusal IS NULL
UNION ALL
SELECT r.row, r.no, r.event, r.occurred_at, r.rank, r.ordinal
FROM ranked AS r JOIN names AS n USING (no)
WHERE r.event = 'message' AND NOT r.already_known AND NOT n.is_erased;
