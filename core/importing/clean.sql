-- Every row of the mapping, each text in the form it is kept in, and why the row cannot be taken, if it cannot
-- be whatever came before it. One row per row of the mapping; `row` is its place there.
-- Reads `mapped`, `moments` (occurred_at as UTC) and what core/importing/texts.py decided once per distinct text:
-- `contact_texts`, `name_texts`, `agent_texts`, `reason_texts`, `currency_texts`. Variables: `currency` of values that
-- name none, `latest`: no event can be later. `agent` is what an agent is known by, `agent_name` how it is written.
-- What an event has no use for is put aside, so that a leaking column of the log spoils nothing.
CREATE OR REPLACE TEMP TABLE cleaned AS
WITH lines AS (
    SELECT m.row,
           coalesce(trimmed(m.line), m.row::VARCHAR) AS line,
           trimmed(nfc_normalize(m.conversation::VARCHAR)) AS conversation,
           lower(trimmed(m.event)) AS event,
           m.occurred_at IS NULL OR m.occurred_at::VARCHAR = '' AS without_time,
           t.occurred_at,
           m.contact::VARCHAR AS contact,
           m.contact_name::VARCHAR AS contact_name,
           coalesce(trimmed(m.channel), 'other') AS channel,
           trimmed(m.channel) IS NOT NULL AS says_channel,
           m.agent::VARCHAR AS agent,
           lower(trimmed(m.direction)) AS direction,
           m.body::VARCHAR AS body,
           lower(trimmed(m.category)) AS category,
           m.reason::VARCHAR AS reason,
           trimmed(m.value) AS value,
           m.currency::VARCHAR AS currency,
           lower(trimmed(m.archive)) AS archive
    FROM mapped AS m JOIN moments AS t USING (row)
), worded AS (
    SELECT l.row, l.line, l.conversation, l.event, l.without_time, l.occurred_at, l.channel, l.says_channel,
           c.text AS address, c.refusal AS contact_refusal,
           n.text AS contact_name,
           a.folded AS agent, a.text AS agent_name, a.refusal AS agent_refusal,
           CASE WHEN l.event = 'message' THEN coalesce(l.direction, 'in') END AS direction,
           CASE WHEN l.event = 'message' THEN replace(l.body, chr(0), chr(65533)) END AS body,
           CASE WHEN ends THEN l.category END AS category,
           CASE WHEN ends THEN r.text END AS reason,
           CASE WHEN ends THEN r.folded END AS folded,
           CASE WHEN ends THEN r.refusal END AS reason_refusal,
           CASE WHEN ends THEN l.value END AS value,
           CASE WHEN ends AND l.value IS NOT NULL THEN coalesce(k.text, getvariable('currency')) END AS currency,
           CASE WHEN ends AND l.value IS NOT NULL THEN k.refusal END AS currency_refusal,
           CASE WHEN l.event = 'concluded' THEN coalesce(l.archive, 'after_12h') END AS archive
    FROM (SELECT *, coalesce(event IN ('concluded', 'classified'), FALSE) AS ends FROM lines) AS l
    LEFT JOIN contact_texts AS c ON c.channel = l.channel AND c.given = l.contact
    LEFT JOIN name_texts AS n ON n.given = l.contact_name
    LEFT JOIN agent_texts AS a ON a.given = l.agent
    LEFT JOIN reason_texts AS r ON r.given = l.reason
    LEFT JOIN currency_texts AS k ON k.given = l.currency
)
SELECT * EXCLUDE (without_time, contact_refusal, agent_refusal, reason_refusal, currency_refusal),
       CASE
           WHEN conversation IS NULL THEN 'The row names no conversation.'
           WHEN length(conversation) > 200 THEN 'The name of the conversation is longer than 200 characters.'
           WHEN has_control(conversation) THEN 'The name of the conversation has control characters.'
           WHEN event IS NULL THEN 'The row names no event.'
           WHEN event NOT IN ('opened', 'message', 'assigned', 'concluded', 'reopened', 'classified')
               THEN 'The event is not one of opened, message, assigned, concluded, reopened, classified.'
           WHEN without_time THEN 'The row has no time.'
           WHEN occurred_at IS NULL THEN 'The time is not one of ISO 8601, such as 2026-03-02T10:00:00-03:00.'
           WHEN occurred_at < TIMESTAMP '2000-01-01' THEN 'The time is before the year 2000.'
           WHEN occurred_at > getvariable('latest') THEN 'The time is in the future.'
           WHEN NOT regexp_full_match(channel, '[a-z0-9][a-z0-9_-]{0,39}')
               THEN 'A channel is named with up to 40 lower-case letters, digits, hyphens and underscores.'
           WHEN contact_refusal IS NOT NULL THEN contact_refusal
           WHEN agent_refusal IS NOT NULL THEN agent_refusal
           WHEN event = 'assigned' AND agent IS NULL THEN 'The row does not say which agent it was assigned to.'
           WHEN direction NOT IN ('in', 'out') THEN 'The direction is neither in nor out.'
           WHEN event = 'message' AND NOT coalesce(regexp_matches(body, '[^\p{Z}\t-\r\x1c-\x20\x{85}]'), FALSE)
               THEN 'The message has no text.'
           WHEN length(body) > 262144 THEN 'The message is longer than 262144 characters.'
           WHEN category NOT IN ('achieved', 'lost', 'question', 'other')
               THEN 'The category is not one of achieved, lost, question, other.'
           WHEN reason_refusal IS NOT NULL THEN reason_refusal
           WHEN category IS NOT NULL AND reason IS NULL THEN 'A category goes with a reason.'
           WHEN reason IS NOT NULL AND category IS NULL THEN 'A reason goes with a category.'
           WHEN event = 'classified' AND reason IS NULL THEN 'A classification needs a category and a reason.'
           WHEN value IS NOT NULL AND reason IS NULL THEN 'A value goes with a reason.'
           WHEN NOT regexp_full_match(value, '[0-9]{1,13}(\.[0-9]{1,2})?')
               THEN 'The value must be a number from 0 to 9999999999999.99 with at most two decimals.'
           WHEN currency_refusal IS NOT NULL THEN currency_refusal
           WHEN archive NOT IN ('after_12h', 'immediately')
               THEN 'The archive preference is neither after_12h nor immediately.'
       END AS refusal
FROM worded;
