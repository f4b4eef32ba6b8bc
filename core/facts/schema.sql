-- The facts, made anew whenever they are not of this shape. Times are UTC. Contacts are keyed hashes.

CREATE SCHEMA store;
CREATE SCHEMA analytics;

CREATE TABLE store.state (number BIGINT NOT NULL, as_of TIMESTAMP);  -- of the last command taken over

CREATE TABLE store.conclusions (
    conclusion_id UUID, conversation_id UUID, contact_key VARCHAR, channel VARCHAR, source VARCHAR,
    opened_at TIMESTAMP, concluded_at TIMESTAMP, concluded_by UUID, from_folder VARCHAR,
    category VARCHAR, reason_id UUID, reason VARCHAR, value DECIMAL(15, 2), currency VARCHAR,
    classified BOOLEAN, first_category VARCHAR, first_reason VARCHAR, first_value DECIMAL(15, 2), edits INTEGER,
    archive_preference VARCHAR, archived_at TIMESTAMP, reopened BOOLEAN, reopened_at TIMESTAMP,
    reopen_cause VARCHAR, handling_seconds BIGINT, cycle INTEGER
);

CREATE VIEW analytics.conclusions AS FROM store.conclusions;

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

INSERT INTO store.state VALUES (0, NULL);
