-- What the other statements of the import say often.

-- A text without outer white space; NULL where nothing is left.
CREATE OR REPLACE TEMP MACRO trimmed(given) AS
    nullif(trim(given::VARCHAR, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(160)), '');

CREATE OR REPLACE TEMP MACRO has_control(given) AS regexp_matches(given, '[\p{Cc}\p{Zl}\p{Zp}]');

-- The parts of an ISO 8601 time: day, hours and minutes, seconds, fraction, offset. All empty: it is none.
CREATE OR REPLACE TEMP MACRO time_parts(given) AS
    regexp_extract(given,
        '(?i)^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$',
        ['day', 'minute', 'second', 'fraction', 'zone']);

-- A UUIDv7 that carries `moment` and is the same whenever `key` is. `ordinal` sorts those of one millisecond.
CREATE OR REPLACE TEMP MACRO derived_id(moment, ordinal, key) AS
    (printf('%012x7', epoch_ms(moment)) || printf('%03x', least(ordinal, 4095))
     || translate(left(md5(key), 1), '0123456789abcdef', '89ab89ab89ab89ab')
     || substr(md5(key), 2, 15))::UUID;
