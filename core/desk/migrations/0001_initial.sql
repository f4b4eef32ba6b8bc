-- The operational store. Times are UTC without a zone; money is exact; keys are UUIDv7.
-- Rows of history carry the number of the command that wrote them. The SQL keeps to what also runs on an
-- attached PostgreSQL. There are no foreign keys: DuckDB refuses to update a row that another refers to.

CREATE TABLE history (
    number BIGINT PRIMARY KEY,          -- commit order
    occurred_at TIMESTAMP NOT NULL,
    user_id UUID NOT NULL,
    action VARCHAR NOT NULL,            -- a verb: conclude, reopen, receive_message, …
    subject_id UUID                     -- what it was done to
);

CREATE TABLE users (
    id UUID PRIMARY KEY,
    email VARCHAR,                      -- lower case; NULL: known only from an import
    name VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    active BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,            -- desk, or the import they are known from
    number BIGINT NOT NULL
);

CREATE TABLE tokens (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    hash VARCHAR NOT NULL UNIQUE,       -- SHA-256 of the token, which is itself kept nowhere
    created_at TIMESTAMP NOT NULL,
    created_by UUID NOT NULL,
    revoked_at TIMESTAMP,
    revoked_by UUID
);

CREATE TABLE setting_changes (          -- the last one of a name counts
    number BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    changed_by UUID NOT NULL
);

CREATE TABLE preference_changes (       -- the last one of a user counts
    number BIGINT NOT NULL,
    user_id UUID NOT NULL,
    archive VARCHAR NOT NULL,
    changed_at TIMESTAMP NOT NULL
);

CREATE TABLE reasons (
    id UUID PRIMARY KEY,
    description VARCHAR NOT NULL,
    category VARCHAR NOT NULL CHECK (category IN ('achieved', 'lost', 'question', 'other')),
    value_mode VARCHAR NOT NULL CHECK (value_mode IN ('none', 'optional', 'required')),
    in_use BOOLEAN NOT NULL,
    number BIGINT NOT NULL
);

CREATE TABLE reason_changes (
    number BIGINT NOT NULL,
    reason_id UUID NOT NULL,
    description VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    value_mode VARCHAR NOT NULL,
    in_use BOOLEAN NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    changed_by UUID NOT NULL
);

CREATE TABLE contacts (
    id UUID PRIMARY KEY,
    name VARCHAR,
    address VARCHAR NOT NULL,           -- the one shown
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE contact_addresses (
    channel VARCHAR NOT NULL,
    address VARCHAR NOT NULL,
    contact_id UUID NOT NULL,
    PRIMARY KEY (channel, address)
);

CREATE TABLE contact_merges (           -- two addresses turned out to be one person
    number BIGINT NOT NULL,
    contact_id UUID NOT NULL,
    into_contact_id UUID NOT NULL,
    merged_at TIMESTAMP NOT NULL
);

CREATE TABLE conversations (
    id UUID PRIMARY KEY,
    contact_id UUID NOT NULL,
    channel VARCHAR NOT NULL,
    folder VARCHAR NOT NULL CHECK (folder IN ('new', 'in_progress', 'concluded')),
    assigned_to UUID,
    opened_at TIMESTAMP NOT NULL,
    since TIMESTAMP NOT NULL,           -- opened, reopened or concluded last
    conclusion_id UUID,                 -- the last one
    concluded_number BIGINT,            -- of the command that concluded it last: commit order, where times are equal
    conclusions INTEGER NOT NULL,       -- how many so far
    last_message_at TIMESTAMP,
    last_message_id UUID,
    last_inbound_at TIMESTAMP,
    source VARCHAR NOT NULL,
    external_id VARCHAR,                -- its name in an import
    number BIGINT NOT NULL              -- of the last command that changed it
);

CREATE TABLE messages (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    conversation_id UUID NOT NULL,
    channel VARCHAR NOT NULL,
    external_id VARCHAR,                -- NULL: imported, the platform's id unknown
    direction VARCHAR NOT NULL CHECK (direction IN ('in', 'out')),
    sent_at TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    body VARCHAR NOT NULL,
    author UUID
);

CREATE TABLE assignments (
    number BIGINT NOT NULL,
    conversation_id UUID NOT NULL,
    assigned_to UUID,
    assigned_at TIMESTAMP NOT NULL,
    assigned_by UUID                    -- NULL: imported, unknown
);

CREATE TABLE conclusions (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    conversation_id UUID NOT NULL,
    cycle INTEGER NOT NULL,
    concluded_at TIMESTAMP NOT NULL,
    concluded_by UUID,                  -- NULL: imported, unknown
    from_folder VARCHAR NOT NULL,
    archive_preference VARCHAR NOT NULL CHECK (archive_preference IN ('after_12h', 'immediately')),
    UNIQUE (conversation_id, cycle)
);

CREATE TABLE classifications (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    conclusion_id UUID NOT NULL,
    version INTEGER NOT NULL,
    reason_id UUID NOT NULL,
    category VARCHAR NOT NULL CHECK (category IN ('achieved', 'lost', 'question', 'other')),
    reason VARCHAR NOT NULL,
    value DECIMAL(15, 2),
    currency VARCHAR,
    classified_at TIMESTAMP NOT NULL,
    classified_by UUID,
    UNIQUE (conclusion_id, version)
);

CREATE TABLE reopenings (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    conversation_id UUID NOT NULL,
    conclusion_id UUID NOT NULL UNIQUE,
    reopened_at TIMESTAMP NOT NULL,
    reopened_by UUID,                   -- NULL: a message did it, or an import
    cause VARCHAR NOT NULL CHECK (cause IN ('message', 'manual', 'imported')),
    message_id UUID
);

CREATE TABLE idempotency_keys (
    user_id UUID NOT NULL,
    route VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    request_hash VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    answer VARCHAR NOT NULL,            -- JSON
    answered_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, route, key)
);

CREATE TABLE imported_events (          -- an event is known by these five
    source VARCHAR NOT NULL,
    conversation VARCHAR NOT NULL,
    event VARCHAR NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    rank INTEGER NOT NULL,
    number BIGINT NOT NULL
);

CREATE TABLE secrets (contact_key VARCHAR NOT NULL);  -- makes the hash a contact is known by in the facts

CREATE UNIQUE INDEX messages_external_id ON messages (channel, external_id);
CREATE INDEX messages_conversation ON messages (conversation_id);
CREATE INDEX conversations_contact ON conversations (contact_id);

INSERT INTO users VALUES
    ('00000000-0000-7000-8000-000000000000', NULL, 'system', 'system', TRUE, 'desk', 0);

INSERT INTO secrets VALUES (replace(uuid()::VARCHAR || uuid()::VARCHAR, '-', ''));
