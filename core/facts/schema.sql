-- The facts, made anew whenever they are not of this shape. Times are UTC, contacts are keyed hashes.
-- `store` is as it is quick to add up: names are numbers there (0: none), and the daily tables are bags of rows whose
-- sums count: a change adds what was taken away, with a minus, and what came instead. `analytics` is for people.

CREATE SCHEMA store;
CREATE SCHEMA analytics;

-- Outside `store`, because DuckDB 1.5.5 cannot replay its log after a crash where a type is in a schema of ours.
DROP TYPE IF EXISTS category;
DROP TYPE IF EXISTS folder;
DROP TYPE IF EXISTS preference;
DROP TYPE IF EXISTS cause;
CREATE TYPE category AS ENUM ('achieved', 'lost', 'question', 'other', 'none');  -- none: not classified
CREATE TYPE folder AS ENUM ('new', 'in_progress');
CREATE TYPE preference AS ENUM ('after_12h', 'immediately');
CREATE TYPE cause AS ENUM ('message', 'manual', 'imported');

CREATE TABLE store.state (number BIGINT NOT NULL, as_of TIMESTAMP, timezone VARCHAR, mark VARCHAR);  -- what has been taken over; the mark is of that command in the desk's history
CREATE TABLE store.channels (code INTEGER, name VARCHAR);
CREATE TABLE store.sources (code INTEGER, name VARCHAR);
CREATE TABLE store.currencies (code INTEGER, name VARCHAR);
CREATE TABLE store.agents (code INTEGER, user_id UUID, name VARCHAR, role VARCHAR, active BOOLEAN);
CREATE TABLE store.reasons (reason_id UUID, description VARCHAR, category VARCHAR, value_mode VARCHAR, in_use BOOLEAN);
CREATE TABLE store.classes (code INTEGER, category VARCHAR, reason_id UUID, reason VARCHAR);  -- as it was said

CREATE TABLE store.conclusions (
    conclusion_id UUID, conversation_id UUID, contact_key UUID, channel INTEGER, source INTEGER,
    opened_at TIMESTAMP, concluded_at TIMESTAMP, day DATE, hour TINYINT, agent INTEGER, from_folder folder,
    category category, class INTEGER, value DECIMAL(15, 2), currency INTEGER,
    first_class INTEGER, first_value DECIMAL(15, 2), first_currency INTEGER, edits INTEGER,
    archive_preference preference, archived_at TIMESTAMP, reopened_at TIMESTAMP, reopen_cause cause,
    handling_seconds INTEGER, cycle INTEGER
);
CREATE TABLE store.edited AS FROM store.conclusions;  -- those whose classification was edited, once more: they are few
CREATE TABLE store.classifications (
    classification_id UUID, conclusion_id UUID, conversation_id UUID, version INTEGER, class INTEGER,
    value DECIMAL(15, 2), currency INTEGER, classified_at TIMESTAMP, agent INTEGER
);
CREATE TABLE store.reopenings (
    reopening_id UUID, conclusion_id UUID, conversation_id UUID, reopened_at TIMESTAMP, agent INTEGER, cause cause,
    seconds_after BIGINT
);

-- day is concluded_at's in the organisation's time zone. Sums may be larger than 64 bits hold, and of wider numbers DuckDB
-- 1.5.5 unpacks only two million a second, so they are not packed.
CREATE TABLE store.daily (
    day DATE, class INTEGER, currency INTEGER, conclusions INTEGER, reopened INTEGER,
    value DECIMAL(38, 2) USING COMPRESSION uncompressed, reopened_value DECIMAL(38, 2) USING COMPRESSION uncompressed
);
CREATE TABLE store.daily_by_agent (
    day DATE, agent INTEGER, category category, currency INTEGER, conclusions INTEGER, reopened INTEGER,
    value DECIMAL(38, 2) USING COMPRESSION uncompressed, reopened_value DECIMAL(38, 2) USING COMPRESSION uncompressed
);

INSERT INTO store.state VALUES (0, NULL, NULL, NULL);
INSERT INTO store.currencies VALUES (0, NULL);
INSERT INTO store.agents VALUES (0, NULL, NULL, NULL, NULL);
INSERT INTO store.classes VALUES (0, NULL, NULL, NULL);

-- Should ever anything but a SELECT come to Quack past the analysts' guard, Quack refuses it by itself.
CREATE MACRO store.only_select(session, question) AS
    json_serialize_sql(question::VARCHAR)::JSON ->> '$.error' = 'false';

CREATE VIEW analytics.conclusions AS
SELECT l.conclusion_id, l.conversation_id, l.contact_key, channel.name AS channel, source.name AS source,
       l.opened_at, l.concluded_at, agent.user_id AS concluded_by, l.from_folder::VARCHAR AS from_folder,
       class.category, class.reason_id, class.reason, l.value, currency.name AS currency, l.class > 0 AS classified,
       first.category AS first_category, first.reason AS first_reason, l.first_value, l.edits,
       l.archive_preference::VARCHAR AS archive_preference, l.archived_at, l.reopened_at IS NOT NULL AS reopened,
       l.reopened_at, l.reopen_cause::VARCHAR AS reopen_cause,
       l.handling_seconds::BIGINT AS handling_seconds, l.cycle
FROM store.conclusions AS l
JOIN store.channels AS channel ON channel.code = l.channel
JOIN store.sources AS source ON source.code = l.source
JOIN store.agents AS agent ON agent.code = l.agent
JOIN store.classes AS class ON class.code = l.class
JOIN store.classes AS first ON first.code = l.first_class
JOIN store.currencies AS currency ON currency.code = l.currency;

COMMENT ON VIEW analytics.conclusions IS 'One row per conclusion. A conversation reopened and concluded again has several. Final are those that no reopening followed. All times are UTC.';
COMMENT ON COLUMN analytics.conclusions.conclusion_id IS 'Key of the conclusion, one for each row.';
COMMENT ON COLUMN analytics.conclusions.conversation_id IS 'Key of the conversation it ended.';
COMMENT ON COLUMN analytics.conclusions.contact_key IS 'The contact as a keyed hash: the same contact has the same key, and the key says nothing about them.';
COMMENT ON COLUMN analytics.conclusions.channel IS 'Where the messages came from: whatsapp, webchat, …';
COMMENT ON COLUMN analytics.conclusions.source IS 'desk, or the name of the import the conversation came from.';
COMMENT ON COLUMN analytics.conclusions.opened_at IS 'When the conversation was opened, UTC; the same in each of its conclusions.';
COMMENT ON COLUMN analytics.conclusions.concluded_at IS 'When it was concluded, UTC.';
COMMENT ON COLUMN analytics.conclusions.concluded_by IS 'Who concluded it, an id of users; NULL: an import does not say.';
COMMENT ON COLUMN analytics.conclusions.from_folder IS 'The folder it was concluded from: new (assigned to nobody) or in_progress.';
COMMENT ON COLUMN analytics.conclusions.category IS 'achieved, lost, question or other, as last classified; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.reason_id IS 'The reason, as last classified, a reason_id of reasons; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.reason IS 'The reason''s description at the moment of the last classification; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.value IS 'The value of the last classification, exact, in currency; NULL: none. Never add different currencies.';
COMMENT ON COLUMN analytics.conclusions.currency IS 'ISO 4217 code of value; NULL: no value.';
COMMENT ON COLUMN analytics.conclusions.classified IS 'Whether it has a classification.';
COMMENT ON COLUMN analytics.conclusions.first_category IS 'The category it was first classified with; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.first_reason IS 'The description of the reason it was first classified with; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.first_value IS 'The value it was first classified with, in the currency of that moment, which version 1 in classifications tells; NULL: none.';
COMMENT ON COLUMN analytics.conclusions.edits IS 'How often the classification was changed: versions - 1; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.archive_preference IS 'after_12h or immediately: the preference of whoever concluded, at that moment.';
COMMENT ON COLUMN analytics.conclusions.archived_at IS 'When it is archived, UTC: concluded_at, with after_12h 12 hours later, so it may be yet to come; NULL: reopened before.';
COMMENT ON COLUMN analytics.conclusions.reopened IS 'Whether a reopening followed it; if not, it is final.';
COMMENT ON COLUMN analytics.conclusions.reopened_at IS 'When it was reopened, UTC; NULL: it was not.';
COMMENT ON COLUMN analytics.conclusions.reopen_cause IS 'What reopened it: message (the contact wrote), manual (somebody recovered it) or imported (an import tells of it); NULL: nothing did.';
COMMENT ON COLUMN analytics.conclusions.handling_seconds IS 'Whole seconds from opened_at, or from the reopening before, to concluded_at; nights count too.';
COMMENT ON COLUMN analytics.conclusions.cycle IS '1 for the conversation''s first conclusion, 2 for the next, …';

CREATE VIEW analytics.classifications AS
SELECT f.classification_id, f.conclusion_id, f.conversation_id, f.version, class.category, class.reason_id, class.reason,
       f.value, currency.name AS currency, f.classified_at, agent.user_id AS classified_by
FROM store.classifications AS f
JOIN store.classes AS class ON class.code = f.class
JOIN store.currencies AS currency ON currency.code = f.currency
JOIN store.agents AS agent ON agent.code = f.agent;

COMMENT ON VIEW analytics.classifications IS 'One row per version of a conclusion''s classification. The last version counts. All times are UTC.';
COMMENT ON COLUMN analytics.classifications.classification_id IS 'Key of the version.';
COMMENT ON COLUMN analytics.classifications.conclusion_id IS 'The conclusion it classifies.';
COMMENT ON COLUMN analytics.classifications.conversation_id IS 'The conversation that ended.';
COMMENT ON COLUMN analytics.classifications.version IS '1 for the first, 2 for the first change, …';
COMMENT ON COLUMN analytics.classifications.category IS 'achieved, lost, question or other.';
COMMENT ON COLUMN analytics.classifications.reason_id IS 'The reason, a reason_id of reasons.';
COMMENT ON COLUMN analytics.classifications.reason IS 'The reason''s description at that moment.';
COMMENT ON COLUMN analytics.classifications.value IS 'The value, exact, in currency; NULL: none. Never add different currencies.';
COMMENT ON COLUMN analytics.classifications.currency IS 'ISO 4217 code of value; NULL: no value.';
COMMENT ON COLUMN analytics.classifications.classified_at IS 'When this version was given, UTC.';
COMMENT ON COLUMN analytics.classifications.classified_by IS 'Who gave it, an id of users; NULL: an import does not say.';

CREATE VIEW analytics.reopenings AS
SELECT r.reopening_id, r.conclusion_id, r.conversation_id, r.reopened_at, agent.user_id AS reopened_by, r.cause::VARCHAR AS cause, r.seconds_after
FROM store.reopenings AS r JOIN store.agents AS agent ON agent.code = r.agent;

COMMENT ON VIEW analytics.reopenings IS 'One row per reopening. A conclusion has one at most. All times are UTC.';
COMMENT ON COLUMN analytics.reopenings.reopening_id IS 'Key of the reopening.';
COMMENT ON COLUMN analytics.reopenings.conclusion_id IS 'The conclusion that is final no more.';
COMMENT ON COLUMN analytics.reopenings.conversation_id IS 'The conversation that came back.';
COMMENT ON COLUMN analytics.reopenings.reopened_at IS 'When it came back, UTC.';
COMMENT ON COLUMN analytics.reopenings.reopened_by IS 'Who recovered it, an id of users; NULL: the contact''s message did, or an import does not say.';
COMMENT ON COLUMN analytics.reopenings.cause IS 'message (the contact wrote), manual (somebody recovered it) or imported (an import tells of it).';
COMMENT ON COLUMN analytics.reopenings.seconds_after IS 'Whole seconds from the conclusion to its reopening.';

CREATE VIEW analytics.reasons AS SELECT reason_id, description, category, value_mode, in_use FROM store.reasons;

COMMENT ON VIEW analytics.reasons IS 'One row per reason, as it is now. Classifications keep the words and the category of their moment.';
COMMENT ON COLUMN analytics.reasons.reason_id IS 'Key of the reason.';
COMMENT ON COLUMN analytics.reasons.description IS 'Its words now.';
COMMENT ON COLUMN analytics.reasons.category IS 'Its category now: achieved, lost, question or other.';
COMMENT ON COLUMN analytics.reasons.value_mode IS 'Whether it carries a value: none, optional or required.';
COMMENT ON COLUMN analytics.reasons.in_use IS 'Whether it is offered; false: retired.';

CREATE VIEW analytics.users AS SELECT user_id AS id, name, role, active FROM store.agents WHERE code > 0;

COMMENT ON VIEW analytics.users IS 'One row per user named elsewhere: the team, also those who left, and the application itself.';
COMMENT ON COLUMN analytics.users.id IS 'Key of the user.';
COMMENT ON COLUMN analytics.users.name IS 'The name shown.';
COMMENT ON COLUMN analytics.users.role IS 'agent, manager, analyst, admin, or system for webhooks and the command line.';
COMMENT ON COLUMN analytics.users.active IS 'Whether the account is open; false: deactivated, or known only from an import.';

CREATE VIEW analytics.daily_outcomes AS
SELECT d.day, class.category, class.reason_id, class.reason, currency.name AS currency,
       sum(d.conclusions)::BIGINT AS conclusions,
       sum(d.conclusions - d.reopened)::BIGINT AS final_conclusions,
       CASE WHEN d.currency > 0 THEN sum(d.value) END AS value,
       CASE WHEN d.currency > 0 THEN sum(d.value - d.reopened_value) END AS final_value,
       sum(d.reopened)::BIGINT AS reopened
FROM store.daily AS d
JOIN store.classes AS class ON class.code = d.class
JOIN store.currencies AS currency ON currency.code = d.currency
GROUP BY d.day, d.class, d.currency, class.category, class.reason_id, class.reason, currency.name
HAVING sum(d.conclusions) > 0;

COMMENT ON VIEW analytics.daily_outcomes IS 'One row per day, reason and currency with at least one conclusion. A past day changes when one of its conclusions is edited or reopened.';
COMMENT ON COLUMN analytics.daily_outcomes.day IS 'The day of concluded_at in the organisation''s time zone, not UTC.';
COMMENT ON COLUMN analytics.daily_outcomes.category IS 'achieved, lost, question or other; NULL: not classified.';
COMMENT ON COLUMN analytics.daily_outcomes.reason_id IS 'The reason, a reason_id of reasons; NULL: not classified.';
COMMENT ON COLUMN analytics.daily_outcomes.reason IS 'The reason''s description at the moment of the last classification; NULL: not classified.';
COMMENT ON COLUMN analytics.daily_outcomes.currency IS 'ISO 4217 code of value and final_value; NULL: the conclusions without a value.';
COMMENT ON COLUMN analytics.daily_outcomes.conclusions IS 'All conclusions, also those that came back.';
COMMENT ON COLUMN analytics.daily_outcomes.final_conclusions IS 'Those that no reopening followed: what outcome figures count.';
COMMENT ON COLUMN analytics.daily_outcomes.value IS 'The sum of all their values, exact, in currency; NULL: no value. Never add different currencies.';
COMMENT ON COLUMN analytics.daily_outcomes.final_value IS 'The sum of the values of the final ones, exact, in currency; NULL: no value.';
COMMENT ON COLUMN analytics.daily_outcomes.reopened IS 'Those that came back: conclusions - final_conclusions.';

CREATE VIEW analytics.as_of AS SELECT as_of, number, timezone FROM store.state;

COMMENT ON VIEW analytics.as_of IS 'One row: of which moment the facts are.';
COMMENT ON COLUMN analytics.as_of.as_of IS 'When the last thing happened that they know of, UTC; NULL: nothing has yet.';
COMMENT ON COLUMN analytics.as_of.number IS 'The number of the last command they know of.';
COMMENT ON COLUMN analytics.as_of.timezone IS 'The organisation''s time zone, which days are of.';

-- UNION, not UNION ALL: of a process that has two copies of the facts open, each comment is told once.
CREATE VIEW analytics.dictionary AS
SELECT view_name, 0 AS position, NULL::VARCHAR AS column_name, NULL::VARCHAR AS data_type, comment AS meaning
FROM duckdb_views() WHERE schema_name = 'analytics'
UNION
SELECT table_name, column_index, column_name, data_type, comment
FROM duckdb_columns() WHERE schema_name = 'analytics';

COMMENT ON VIEW analytics.dictionary IS 'One row per view of this schema and per column of it, with what it means: all that is told here of itself.';
COMMENT ON COLUMN analytics.dictionary.view_name IS 'The view, in schema analytics.';
COMMENT ON COLUMN analytics.dictionary.position IS 'The place of the column in its view: 1, 2, …; 0: the view itself.';
COMMENT ON COLUMN analytics.dictionary.column_name IS 'The column; NULL: the view itself.';
COMMENT ON COLUMN analytics.dictionary.data_type IS 'The column''s type in DuckDB; NULL: the view itself.';
COMMENT ON COLUMN analytics.dictionary.meaning IS 'What it means, and what its NULL means.';

-- The same by their bare names: so people write them, and so Quack 1.5.5 asks for what it was told is a table.
CREATE OR REPLACE VIEW main.as_of AS FROM analytics.as_of;
CREATE OR REPLACE VIEW main.classifications AS FROM analytics.classifications;
CREATE OR REPLACE VIEW main.conclusions AS FROM analytics.conclusions;
CREATE OR REPLACE VIEW main.daily_outcomes AS FROM analytics.daily_outcomes;
CREATE OR REPLACE VIEW main.dictionary AS FROM analytics.dictionary;
CREATE OR REPLACE VIEW main.reasons AS FROM analytics.reasons;
CREATE OR REPLACE VIEW main.reopenings AS FROM analytics.reopenings;
CREATE OR REPLACE VIEW main.users AS FROM analytics.users;
