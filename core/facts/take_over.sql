-- What the desk handed over becomes part of the facts, in one transaction. Reads `changed`, `arrived` (conclusions),
-- `arrived_classifications`, `arrived_reopenings`, `arrived_users`, `arrived_reasons`.

-- Names that are new get the next numbers.
INSERT INTO store.channels
SELECT (SELECT coalesce(max(code), 0) FROM store.channels) + row_number() OVER (ORDER BY channel), channel
FROM (SELECT DISTINCT channel FROM arrived) WHERE channel NOT IN (SELECT name FROM store.channels);

INSERT INTO store.sources
SELECT (SELECT coalesce(max(code), 0) FROM store.sources) + row_number() OVER (ORDER BY source), source
FROM (SELECT DISTINCT source FROM arrived) WHERE source NOT IN (SELECT name FROM store.sources);

INSERT INTO store.currencies
SELECT (SELECT max(code) FROM store.currencies) + row_number() OVER (ORDER BY currency), currency
FROM (SELECT DISTINCT currency FROM arrived_classifications WHERE currency IS NOT NULL) AS new
WHERE NOT EXISTS (SELECT 1 FROM store.currencies AS c WHERE c.name = new.currency);

INSERT INTO store.classes
SELECT (SELECT max(code) FROM store.classes) + row_number() OVER (ORDER BY category, reason, reason_id), category, reason_id, reason
FROM (SELECT DISTINCT category, reason_id::UUID AS reason_id, reason FROM arrived_classifications) AS new
WHERE NOT EXISTS (
    SELECT 1 FROM store.classes AS c
    WHERE c.category = new.category AND c.reason_id = new.reason_id AND c.reason = new.reason
);

INSERT INTO store.agents
SELECT (SELECT max(code) FROM store.agents) + row_number() OVER (ORDER BY user_id), user_id::UUID, name, role, active
FROM arrived_users AS new
WHERE NOT EXISTS (SELECT 1 FROM store.agents AS a WHERE a.user_id = new.user_id::UUID);

UPDATE store.agents SET name = u.name, role = u.role, active = u.active
FROM arrived_users AS u WHERE store.agents.user_id = u.user_id::UUID;

DELETE FROM store.reasons WHERE reason_id IN (SELECT reason_id::UUID FROM arrived_reasons);
INSERT INTO store.reasons SELECT reason_id::UUID, description, category, value_mode, in_use FROM arrived_reasons;

-- The conclusions with their numbers.
CREATE OR REPLACE TEMP TABLE coded AS
SELECT l.conclusion_id::UUID AS conclusion_id, l.conversation_id::UUID AS conversation_id, l.contact_key::UUID AS contact_key,
       channel.code AS channel, source.code AS source, l.opened_at, l.concluded_at,
       l.local_at::DATE AS day, hour(l.local_at)::TINYINT AS hour, coalesce(agent.code, 0) AS agent, l.from_folder,
       coalesce(class.code, 0) AS class, l.value, coalesce(currency.code, 0) AS currency,
       coalesce(first.code, 0) AS first_class, l.first_value, l.edits, l.archive_preference, l.archived_at,
       l.reopened_at, l.reopen_cause, l.handling_seconds, l.cycle
FROM arrived AS l
JOIN store.channels AS channel ON channel.name = l.channel
JOIN store.sources AS source ON source.name = l.source
LEFT JOIN store.agents AS agent ON agent.user_id = l.concluded_by::UUID
LEFT JOIN store.classes AS class
  ON class.category = l.category AND class.reason_id = l.reason_id::UUID AND class.reason = l.reason
LEFT JOIN store.classes AS first
  ON first.category = l.first_category AND first.reason_id = l.first_reason_id::UUID AND first.reason = l.first_reason
LEFT JOIN store.currencies AS currency ON currency.name = l.currency;

-- What the daily tables gain and lose.
CREATE OR REPLACE TEMP TABLE moved AS
SELECT -1 AS sign, day, class, agent, currency, value, reopened_at IS NOT NULL AS reopened
FROM store.conclusions WHERE conversation_id IN (SELECT conversation_id::UUID FROM changed)
UNION ALL
SELECT 1, day, class, agent, currency, value, reopened_at IS NOT NULL FROM coded;

INSERT INTO store.daily
SELECT day, class, currency, sum(sign), coalesce(sum(sign) FILTER (reopened), 0),
       coalesce(sum(sign * value), 0), coalesce(sum(sign * value) FILTER (reopened), 0)
FROM moved GROUP BY day, class, currency ORDER BY day, class, currency;

INSERT INTO store.daily_by_agent
SELECT m.day, m.agent, c.category, m.currency, sum(sign), coalesce(sum(sign) FILTER (reopened), 0),
       coalesce(sum(sign * value), 0), coalesce(sum(sign * value) FILTER (reopened), 0)
FROM moved AS m JOIN store.classes AS c ON c.code = m.class
GROUP BY m.day, m.agent, c.category, m.currency ORDER BY m.day, m.agent;

DELETE FROM store.conclusions WHERE conversation_id IN (SELECT conversation_id::UUID FROM changed);
INSERT INTO store.conclusions SELECT * FROM coded ORDER BY concluded_at, conclusion_id;

DELETE FROM store.classifications WHERE conversation_id IN (SELECT conversation_id::UUID FROM changed);
INSERT INTO store.classifications
SELECT f.classification_id::UUID, f.conclusion_id::UUID, f.conversation_id::UUID, f.version, class.code, f.value,
       coalesce(currency.code, 0), f.classified_at, coalesce(agent.code, 0)
FROM arrived_classifications AS f
JOIN store.classes AS class
  ON class.category = f.category AND class.reason_id = f.reason_id::UUID AND class.reason = f.reason
LEFT JOIN store.currencies AS currency ON currency.name = f.currency
LEFT JOIN store.agents AS agent ON agent.user_id = f.classified_by::UUID;

DELETE FROM store.reopenings WHERE conversation_id IN (SELECT conversation_id::UUID FROM changed);
INSERT INTO store.reopenings
SELECT r.reopening_id::UUID, r.conclusion_id::UUID, r.conversation_id::UUID, r.reopened_at, coalesce(agent.code, 0), r.cause,
       r.seconds_after
FROM arrived_reopenings AS r LEFT JOIN store.agents AS agent ON agent.user_id = r.reopened_by::UUID;

DROP TABLE coded;
DROP TABLE moved;
