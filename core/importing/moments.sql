-- occurred_at, given as text, as UTC without a zone: an offset it says counts, otherwise it is read in the variable
-- `timezone`. NULL: not a time. One row per row of `mapped`.
CREATE OR REPLACE TEMP TABLE moments AS
WITH parts AS (
    SELECT row, time_parts(trimmed(occurred_at)) AS part FROM mapped
), written AS (
    SELECT row, part.zone AS zone,
           part.day || ' ' || if(part.minute = '', '00:00', part.minute) || ':' || if(part.second = '', '00', part.second)
           || if(part.fraction = '', '', '.' || part.fraction) AS moment
    FROM parts
)
SELECT row,
       CASE WHEN zone = '' THEN try_cast(moment AS TIMESTAMP) AT TIME ZONE getvariable('timezone') AT TIME ZONE 'UTC'
            ELSE try_cast(moment || zone AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END AS occurred_at
FROM written;
