-- The accepted events as rows of the desk, one table for each of the desk's.
-- Reads `accepted`, `cleaned`, `names` and what was found in the desk: `found_agents` (agent, user_id), `handlers`
-- (user_id: who may have a conversation), `found_reasons` (category, folded, reason_id, reason) and
-- `found_contacts` (channel, address, contact_id). Variables: `source`, `number` of the command.

CREATE OR REPLACE TEMP TABLE new_users AS
SELECT c.agent, arg_min(c.agent_name, (a.occurred_at, a.row)) AS name,
       derived_id(min(a.occurred_at), 0,
                  concat_ws(chr(31), 'user', getvariable('number'), getvariable('source'), c.agent)) AS id
FROM accepted AS a JOIN cleaned AS c USING (row)
WHERE c.agent IS NOT NULL AND c.agent NOT IN (SELECT agent FROM found_agents)
GROUP BY c.agent;

CREATE OR REPLACE TEMP TABLE agents AS
SELECT agent, user_id::UUID AS user_id FROM found_agents UNION ALL SELECT agent, id FROM new_users;

CREATE OR REPLACE TEMP TABLE new_reasons AS
SELECT c.category, c.folded, arg_min(c.reason, (a.occurred_at, a.row)) AS reason,
       derived_id(min(a.occurred_at), 0,
                  concat_ws(chr(31), 'reason', getvariable('number'), getvariable('source'), c.category, c.folded)) AS id
FROM accepted AS a JOIN cleaned AS c USING (row)
WHERE c.reason IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM found_reasons AS f WHERE f.category = c.category AND f.folded = c.folded)
GROUP BY c.category, c.folded;

CREATE OR REPLACE TEMP TABLE reasons AS
SELECT category, folded, reason_id::UUID AS reason_id, reason FROM found_reasons
UNION ALL SELECT category, folded, id, reason FROM new_reasons;

-- The events with their ids, which are the same whenever the file is imported into an empty desk.
CREATE OR REPLACE TEMP TABLE events AS
SELECT a.row, a.no, a.event, a.occurred_at, a.ordinal, u.user_id AS agent_id,
       derived_id(a.occurred_at, a.ordinal,
                  concat_ws(chr(31), a.event, getvariable('source'), n.conversation, a.occurred_at, a.rank)) AS id
FROM accepted AS a
JOIN names AS n USING (no)
JOIN cleaned AS c USING (row)
LEFT JOIN agents AS u USING (agent);

-- What moves a conversation, each with the conclusion that it makes or follows.
CREATE OR REPLACE TEMP TABLE moves AS
WITH counted AS (
    SELECT e.*, n.conclusions AS known_conclusions, n.conclusion_id AS known_conclusion_id,
           n.concluded_by AS known_concluded_by, n.versions AS known_versions,
           sum((event = 'concluded')::INTEGER) OVER so_far AS concluded_here,
           coalesce(n.was_in_progress, FALSE)
               OR sum((event IN ('assigned', 'reopened'))::INTEGER) OVER so_far > 0 AS in_progress
    FROM events AS e JOIN names AS n USING (no)
    WHERE event IN ('assigned', 'concluded', 'reopened', 'classified')
    WINDOW so_far AS (PARTITION BY no ORDER BY e.occurred_at, e.row ROWS UNBOUNDED PRECEDING)
)
SELECT m.*,
       coalesce(m.known_conclusions, 0) + m.concluded_here AS cycle,
       CASE WHEN m.concluded_here = 0 THEN m.known_conclusion_id ELSE l.id END AS conclusion_id,
       -- a reopening goes to, and a classification is by, whoever concluded, where the event names nobody
       coalesce(m.agent_id, CASE WHEN m.concluded_here = 0 THEN m.known_concluded_by ELSE l.agent_id END)
           AS agent_or_concluder
FROM counted AS m
LEFT JOIN counted AS l ON l.no = m.no AND l.concluded_here = m.concluded_here AND l.event = 'concluded';

-- Conversations: those that begin here, and what those that the desk has become.
CREATE OR REPLACE TEMP TABLE touched AS
WITH begun AS (
    SELECT no, min(occurred_at) AS began_at FROM accepted GROUP BY no
), moved AS (
    SELECT no,
           arg_max(event, (occurred_at, row)) FILTER (event IN ('concluded', 'reopened')) AS last_change,
           max(occurred_at) FILTER (event IN ('concluded', 'reopened')) AS changed_at,
           bool_or(event IN ('assigned', 'reopened')) AS handed_over,
           arg_max(agent_or_concluder, (occurred_at, row))
               FILTER (event IN ('assigned', 'reopened') AND agent_or_concluder IS NOT NULL) AS assigned_to,
           arg_max(id, cycle) FILTER (event = 'concluded') AS conclusion_id,
           count(*) FILTER (event = 'concluded') AS conclusions
    FROM moves GROUP BY no
), written AS (
    SELECT e.no,
           max(e.occurred_at) AS last_message_at,
           arg_max(e.id, (e.occurred_at, e.row)) AS last_message_id,
           max(e.occurred_at) FILTER (c.direction = 'in') AS last_inbound_at
    FROM events AS e JOIN cleaned AS c USING (row) WHERE e.event = 'message' GROUP BY e.no
), met AS (
    SELECT a.no,
           arg_min(c.channel, (a.occurred_at, a.row)) FILTER (c.says_channel) AS channel,
           arg_min(c.address, (a.occurred_at, a.row)) FILTER (c.address IS NOT NULL) AS address,
           arg_max(c.contact_name, (a.occurred_at, a.row)) FILTER (c.contact_name IS NOT NULL) AS contact_name
    FROM accepted AS a JOIN cleaned AS c USING (row)
    WHERE c.says_channel OR c.address IS NOT NULL OR c.contact_name IS NOT NULL GROUP BY a.no
), merged AS (
    SELECT no, n.conversation,
           NOT n.is_known AS is_new,
           coalesce(n.id, derived_id(b.began_at, 0,
               concat_ws(chr(31), 'conversation', getvariable('source'), n.conversation))) AS id,
           coalesce(n.channel, p.channel, 'other') AS channel,
           p.address, p.contact_name, b.began_at,
           m.last_change, n.folder AS known_folder, coalesce(m.handed_over, FALSE) AS handed_over,
           coalesce(m.assigned_to, n.assigned_to) AS assigned_to,
           coalesce(m.changed_at, n.since, b.began_at) AS since,
           coalesce(m.conclusion_id, n.conclusion_id) AS conclusion_id,
           coalesce(n.conclusions, 0) + coalesce(m.conclusions, 0) AS conclusions,
           coalesce(n.last_message_at > w.last_message_at, w.last_message_at IS NULL) AS wrote_before,
           greatest(n.last_message_at, w.last_message_at) AS last_message_at,
           n.last_message_id AS known_message_id, w.last_message_id,
           greatest(n.last_inbound_at, w.last_inbound_at) AS last_inbound_at
    FROM begun AS b
    JOIN names AS n USING (no)
    LEFT JOIN moved AS m USING (no)
    LEFT JOIN written AS w USING (no)
    LEFT JOIN met AS p USING (no)
)
SELECT no, conversation, is_new, id, channel, address, contact_name, began_at, since, conclusion_id, conclusions,
       last_message_at, last_inbound_at,
       CASE WHEN wrote_before THEN known_message_id ELSE last_message_id END AS last_message_id,
       CASE WHEN last_change = 'concluded' THEN 'concluded'
            WHEN NOT handed_over THEN coalesce(known_folder, 'new')
            WHEN h.user_id IS NOT NULL THEN 'in_progress' ELSE 'new' END AS folder,
       -- an open conversation is with nobody who does not handle conversations (any more)
       CASE WHEN last_change = 'concluded' OR NOT handed_over OR h.user_id IS NOT NULL
            THEN m.assigned_to END AS assigned_to
FROM merged AS m LEFT JOIN handlers AS h ON h.user_id::UUID = m.assigned_to;

-- Contacts that the desk does not have; a conversation that names nobody has one of its own.
CREATE OR REPLACE TEMP TABLE new_contacts AS
WITH named AS (
    SELECT *, CASE WHEN address IS NULL THEN conversation END AS own
    FROM touched AS t
    WHERE is_new
      AND NOT EXISTS (SELECT 1 FROM found_contacts AS k WHERE k.channel = t.channel AND k.address = t.address)
)
SELECT CASE WHEN own IS NULL THEN channel END AS channel,
       coalesce(address, own) AS address,
       own AS conversation,
       derived_id(min(began_at), 0, concat_ws(chr(31), 'contact', getvariable('number'), getvariable('source'), channel,
                  own IS NULL, coalesce(address, own))) AS id,
       min(began_at) AS created_at,
       arg_max(contact_name, since) FILTER (contact_name IS NOT NULL) AS name
FROM named
GROUP BY channel, address, own;

-- Names for contacts that the desk may have without one.
CREATE OR REPLACE TEMP TABLE contact_names AS
SELECT k.contact_id, arg_max(t.contact_name, t.since) AS name
FROM touched AS t JOIN found_contacts AS k USING (channel, address)
WHERE t.contact_name IS NOT NULL GROUP BY k.contact_id;

-- What goes into the desk, column by column as core/importing/desk.py inserts it.

CREATE OR REPLACE TEMP VIEW for_conversations AS
SELECT t.id, coalesce(k.contact_id::UUID, n.id, own.id) AS contact_id, t.channel, t.folder, t.assigned_to,
       t.began_at AS opened_at, t.since, t.conclusion_id, t.conclusions, t.last_message_at, t.last_message_id,
       t.last_inbound_at, t.conversation AS external_id, t.is_new
FROM touched AS t
LEFT JOIN found_contacts AS k ON k.channel = t.channel AND k.address = t.address
LEFT JOIN new_contacts AS n ON n.channel = t.channel AND n.address = t.address
LEFT JOIN new_contacts AS own ON own.conversation = t.conversation;

CREATE OR REPLACE TEMP VIEW for_messages AS
SELECT e.id, t.id AS conversation_id, t.channel, c.direction, e.occurred_at AS sent_at, c.body,
       CASE WHEN c.direction = 'out' THEN e.agent_id END AS author
FROM events AS e JOIN touched AS t USING (no) JOIN cleaned AS c USING (row) WHERE e.event = 'message';

CREATE OR REPLACE TEMP VIEW for_assignments AS
SELECT t.id AS conversation_id, m.agent_id AS assigned_to, m.occurred_at AS assigned_at
FROM moves AS m JOIN touched AS t USING (no) WHERE m.event = 'assigned';

CREATE OR REPLACE TEMP VIEW for_conclusions AS
SELECT m.id, t.id AS conversation_id, m.cycle, m.occurred_at AS concluded_at, m.agent_id AS concluded_by,
       CASE WHEN m.in_progress THEN 'in_progress' ELSE 'new' END AS from_folder, c.archive AS archive_preference
FROM moves AS m JOIN touched AS t USING (no) JOIN cleaned AS c USING (row) WHERE m.event = 'concluded';

CREATE OR REPLACE TEMP VIEW for_classifications AS
SELECT derived_id(m.occurred_at, m.ordinal, 'classification' || chr(31) || m.id) AS id, m.conclusion_id,
       row_number() OVER (PARTITION BY m.conclusion_id ORDER BY m.occurred_at, m.row)
       + CASE WHEN m.conclusion_id = m.known_conclusion_id THEN m.known_versions ELSE 0 END AS version,
       r.reason_id, c.category, r.reason, c.value::DECIMAL(15, 2) AS value, c.currency,
       m.occurred_at AS classified_at, m.agent_or_concluder AS classified_by
FROM moves AS m JOIN cleaned AS c USING (row) JOIN reasons AS r USING (category, folded);

CREATE OR REPLACE TEMP VIEW for_reopenings AS
SELECT m.id, t.id AS conversation_id, m.conclusion_id, m.occurred_at AS reopened_at, m.agent_id AS reopened_by
FROM moves AS m JOIN touched AS t USING (no) WHERE m.event = 'reopened';
