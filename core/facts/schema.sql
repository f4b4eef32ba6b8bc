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

CREATE TABLE store.state (number BIGINT NOT NULL, as_of TIMESTAMP, timezone VARCHAR);  -- what has been taken over
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

INSERT INTO store.state VALUES (0, NULL, NULL);
INSERT INTO store.currencies VALUES (0, NULL);
INSERT INTO store.agents VALUES (0, NULL, NULL, NULL, NULL);
INSERT INTO store.classes VALUES (0, NULL, NULL, NULL);

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

COMMENT ON VIEW analytics.conclusions IS 'One row per conclusion. A conversation reopened and concluded again has several. All times UTC.';
COMMENT ON COLUMN analytics.conclusions.conclusion_id IS 'Key of the conclusion.';
COMMENT ON COLUMN analytics.conclusions.conversation_id IS 'Key of the conversation it ended.';
COMMENT ON COLUMN analytics.conclusions.contact_key IS 'The contact as a keyed hash: the same person has the same key, and the key says nothing about them.';
COMMENT ON COLUMN analytics.conclusions.channel IS 'Where the messages came from: whatsapp, webchat, …';
COMMENT ON COLUMN analytics.conclusions.source IS 'desk, or the name of the import the conversation came from.';
COMMENT ON COLUMN analytics.conclusions.opened_at IS 'When the conversation was opened.';
COMMENT ON COLUMN analytics.conclusions.concluded_at IS 'When it was concluded.';
COMMENT ON COLUMN analytics.conclusions.concluded_by IS 'The user who concluded it; NULL where an import does not say.';
COMMENT ON COLUMN analytics.conclusions.from_folder IS 'The folder it was concluded from: new or in_progress.';
COMMENT ON COLUMN analytics.conclusions.category IS 'achieved, lost, question or other, as last classified; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.reason_id IS 'The reason, as last classified.';
COMMENT ON COLUMN analytics.conclusions.reason IS 'The reason''s description at the moment of the last classification.';
COMMENT ON COLUMN analytics.conclusions.value IS 'The value, exact, in currency. Never add different currencies.';
COMMENT ON COLUMN analytics.conclusions.currency IS 'ISO 4217 code of the value.';
COMMENT ON COLUMN analytics.conclusions.classified IS 'Whether it has a classification.';
COMMENT ON COLUMN analytics.conclusions.first_category IS 'The category it was first classified with.';
COMMENT ON COLUMN analytics.conclusions.first_reason IS 'The reason it was first classified with.';
COMMENT ON COLUMN analytics.conclusions.first_value IS 'The value it was first classified with.';
COMMENT ON COLUMN analytics.conclusions.edits IS 'How often the classification was changed: versions - 1; NULL: not classified.';
COMMENT ON COLUMN analytics.conclusions.archive_preference IS 'after_12h or immediately: the preference of whoever concluded, at that moment.';
COMMENT ON COLUMN analytics.conclusions.archived_at IS 'concluded_at, + 12 hours with after_12h; NULL if it was reopened before.';
COMMENT ON COLUMN analytics.conclusions.reopened IS 'Whether a reopening followed; final conclusions have none.';
COMMENT ON COLUMN analytics.conclusions.reopened_at IS 'When it was reopened.';
COMMENT ON COLUMN analytics.conclusions.reopen_cause IS 'message, manual or imported.';
COMMENT ON COLUMN analytics.conclusions.handling_seconds IS 'Seconds from opened_at, or from the reopening before, to concluded_at.';
COMMENT ON COLUMN analytics.conclusions.cycle IS '1 for the conversation''s first conclusion, 2 for the next, …';

CREATE VIEW analytics.classifications AS
SELECT f.classification_id, f.conclusion_id, f.conversation_id, f.version, class.category, class.reason_id, class.reason,
       f.value, currency.name AS currency, f.classified_at, agent.user_id AS classified_by
FROM store.classifications AS f
JOIN store.classes AS class ON class.code = f.class
JOIN store.currencies AS currency ON currency.code = f.currency
JOIN store.agents AS agent ON agent.code = f.agent;

COMMENT ON VIEW analytics.classifications IS 'Every version of every classification: the last one of a conclusion counts.';
COMMENT ON COLUMN analytics.classifications.classification_id IS 'Key of the version.';
COMMENT ON COLUMN analytics.classifications.conclusion_id IS 'The conclusion it classifies.';
COMMENT ON COLUMN analytics.classifications.conversation_id IS 'The conversation that ended.';
COMMENT ON COLUMN analytics.classifications.version IS '1 for the first, 2 for the first change, …';
COMMENT ON COLUMN analytics.classifications.category IS 'achieved, lost, question or other.';
COMMENT ON COLUMN analytics.classifications.reason_id IS 'The reason.';
COMMENT ON COLUMN analytics.classifications.reason IS 'The reason''s description at that moment.';
COMMENT ON COLUMN analytics.classifications.value IS 'The value, exact, in currency; NULL: none.';
COMMENT ON COLUMN analytics.classifications.currency IS 'ISO 4217 code of the value.';
COMMENT ON COLUMN analytics.classifications.classified_at IS 'When this version was given.';
COMMENT ON COLUMN analytics.classifications.classified_by IS 'The user who gave it; NULL where an import does not say.';

CREATE VIEW analytics.reopenings AS
SELECT r.reopening_id, r.conclusion_id, r.conversation_id, r.reopened_at, agent.user_id AS reopened_by, r.cause::VARCHAR AS cause, r.seconds_after
FROM store.reopenings AS r JOIN store.agents AS agent ON agent.code = r.agent;

COMMENT ON VIEW analytics.reopenings IS 'One row per reopening, each of one conclusion.';
COMMENT ON COLUMN analytics.reopenings.reopening_id IS 'Key of the reopening.';
COMMENT ON COLUMN analytics.reopenings.conclusion_id IS 'The conclusion that is final no more.';
COMMENT ON COLUMN analytics.reopenings.conversation_id IS 'The conversation that came back.';
COMMENT ON COLUMN analytics.reopenings.reopened_at IS 'When it came back.';
COMMENT ON COLUMN analytics.reopenings.reopened_by IS 'The user who recovered it; NULL: the contact''s message did, or an import does not say.';
COMMENT ON COLUMN analytics.reopenings.cause IS 'message, manual or imported.';
COMMENT ON COLUMN analytics.reopenings.seconds_after IS 'Seconds from the conclusion to its reopening.';

CREATE VIEW analytics.reasons AS SELECT reason_id, description, category, value_mode, in_use FROM store.reasons;

COMMENT ON VIEW analytics.reasons IS 'The reasons as they are now. Classifications keep the words and the category of their moment.';
COMMENT ON COLUMN analytics.reasons.reason_id IS 'Key of the reason.';
COMMENT ON COLUMN analytics.reasons.description IS 'Its words now.';
COMMENT ON COLUMN analytics.reasons.category IS 'Its category now.';
COMMENT ON COLUMN analytics.reasons.value_mode IS 'Whether it carries a value: none, optional or required.';
COMMENT ON COLUMN analytics.reasons.in_use IS 'Whether it is offered; false: retired.';

CREATE VIEW analytics.users AS SELECT user_id AS id, name, role, active FROM store.agents WHERE code > 0;

COMMENT ON VIEW analytics.users IS 'Who is named elsewhere as a user: the team, also those who left, and the application itself.';
COMMENT ON COLUMN analytics.users.id IS 'Key of the user.';
COMMENT ON COLUMN analytics.users.name IS 'The name shown.';
COMMENT ON COLUMN analytics.users.role IS 'agent, manager, analyst, admin, or system for webhooks and the command line.';
COMMENT ON COLUMN analytics.users.active IS 'Whether the account is open.';

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

COMMENT ON VIEW analytics.daily_outcomes IS 'Conclusions and their value, by day, reason and currency. A past day changes when one of its conclusions is edited or reopened.';
COMMENT ON COLUMN analytics.daily_outcomes.day IS 'The day of concluded_at in the organisation''s time zone.';
COMMENT ON COLUMN analytics.daily_outcomes.category IS 'achieved, lost, question or other; NULL: not classified.';
COMMENT ON COLUMN analytics.daily_outcomes.reason_id IS 'The reason; NULL: not classified.';
COMMENT ON COLUMN analytics.daily_outcomes.reason IS 'The reason''s description at the moment of the classification.';
COMMENT ON COLUMN analytics.daily_outcomes.currency IS 'ISO 4217 code of the values; NULL: those without a value.';
COMMENT ON COLUMN analytics.daily_outcomes.conclusions IS 'All conclusions.';
COMMENT ON COLUMN analytics.daily_outcomes.final_conclusions IS 'Those that no reopening followed.';
COMMENT ON COLUMN analytics.daily_outcomes.value IS 'The sum of all their values.';
COMMENT ON COLUMN analytics.daily_outcomes.final_value IS 'The sum of the values of the final ones.';
COMMENT ON COLUMN analytics.daily_outcomes.reopened IS 'Those that came back.';

CREATE VIEW analytics.as_of AS SELECT as_of, number FROM store.state;

COMMENT ON VIEW analytics.as_of IS 'Of which moment the facts are.';
COMMENT ON COLUMN analytics.as_of.as_of IS 'When the last thing happened that they know of.';
COMMENT ON COLUMN analytics.as_of.number IS 'The number of the last command they know of.';
