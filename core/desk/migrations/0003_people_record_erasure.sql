-- Who signs in, how long tokens live, what was refused, whose data was erased.
CREATE TABLE sign_ins (                 -- one row a session, known by the hash of its key
    session VARCHAR PRIMARY KEY,
    user_id UUID NOT NULL,
    signed_in_at TIMESTAMP NOT NULL,
    signed_out_at TIMESTAMP             -- from then on the cookie, copied or not, opens nothing
);

CREATE TABLE user_changes (             -- as users were after each change; before the first one there was none
    number BIGINT NOT NULL,
    user_id UUID NOT NULL,
    email VARCHAR,
    name VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    active BOOLEAN NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    changed_by UUID NOT NULL
);

ALTER TABLE tokens ADD COLUMN expires_at TIMESTAMP;  -- NULL: never

CREATE TABLE token_uses (               -- not part of history: when each was used last, to the minute
    token_id UUID PRIMARY KEY,
    used_at TIMESTAMP NOT NULL
);

CREATE TABLE refusals (                 -- what somebody was not permitted to do; changes nothing, so has no number of its own
    id UUID PRIMARY KEY,
    occurred_at TIMESTAMP NOT NULL,
    user_id UUID,                       -- NULL: nobody known
    who VARCHAR,                        -- the e-mail of somebody who is nobody here
    action VARCHAR NOT NULL,            -- as in history
    subject_id UUID,
    page VARCHAR,                       -- the address of one, where that was refused
    code VARCHAR NOT NULL               -- unauthenticated, not_permitted
);

ALTER TABLE contacts ADD COLUMN erased_at TIMESTAMP;

CREATE TABLE erasures (                 -- persons whose name, addresses and texts were erased
    number BIGINT NOT NULL,
    contact_id UUID NOT NULL,
    erased_at TIMESTAMP NOT NULL,
    erased_by UUID NOT NULL
);

CREATE VIEW record AS                   -- who did what and when, and what was refused
SELECT occurred_at, number, NULL::UUID AS refusal_id, user_id, NULL::VARCHAR AS who, action, subject_id,
       NULL::VARCHAR AS page, NULL::VARCHAR AS refused
FROM history
UNION ALL
SELECT occurred_at, 0, id, user_id, who, action, subject_id, page, code
FROM refusals;
