-- "Incident management process enriched event log" (UCI Machine Learning Repository): the audit log of a company's
-- ServiceNow desk, anonymised. One row of the file is the state of an incident after one update of it; here it
-- becomes what happened: opened, assigned, concluded, classified anew, reopened.
--
--   python -m core import incident_event_log.csv.gz --mapping data/mappings/uci_incidents.sql --source uci_incidents
--
-- Three things to know about the file:
--
-- * Some columns leak the future: resolved_at, closed_at, resolved_by and closed_code hold their final value on every
--   row, from the first one on. So when an incident is concluded is read from its state, not from resolved_at, and who
--   concluded it is assigned_to of that row, not resolved_by. closed_code is true of the last conclusion only:
--   conclusions that were reopened later go without a classification.
-- * `?` is unknown. The codes are anonymised: "Código 6" is all there is to say of reason 6.
-- * The rows of an incident go in order of sys_mod_count, then of time. One reopening is stamped before its
--   resolution and some first updates before the opening, so every time is raised to the latest before it.
--
-- Category: made_sla says whether the incident was resolved inside its service level. That is what this desk
-- wanted to achieve, so true is `achieved` and false is `lost`. It is known late: nearly every incident still says true
-- when it is resolved, and many say false when it is closed days later. That change is a new version of the
-- classification, at the time it was made.
WITH updates AS (
    SELECT row_number() OVER () + 1 AS line,  -- of the file, whose first line has the names
           number AS incident,
           sys_mod_count::INTEGER AS update,
           strptime(sys_updated_at, '%-d/%-m/%Y %H:%M') AS updated_at,
           strptime(opened_at, '%-d/%-m/%Y %H:%M') AS opened_at,
           incident_state IN ('Resolved', 'Closed') AS is_concluded,
           made_sla,
           nullif(assigned_to, '?') AS assigned_to,
           nullif(caller_id, '?') AS caller,
           nullif(closed_code, '?') AS code,
           replace(lower(contact_type), ' ', '_') AS channel
    FROM source
), in_order AS (
    SELECT *,
           row_number() OVER earlier AS place,
           greatest(first_value(opened_at) OVER earlier, max(updated_at) OVER earlier) AS happened_at,
           coalesce(lag(is_concluded) OVER earlier, FALSE) AS was_concluded,
           lag(assigned_to IGNORE NULLS) OVER earlier AS was_assigned_to,
           lag(made_sla) OVER earlier AS made_sla_before
    FROM updates
    WINDOW earlier AS (PARTITION BY incident ORDER BY update, updated_at, line)
), followed AS (
    SELECT *,
           -- nothing from here on takes the conclusion back
           bool_and(is_concluded) OVER (PARTITION BY incident ORDER BY place DESC) AS for_good
    FROM in_order
), happened AS (
    SELECT *, 1 AS step, 'opened' AS event, opened_at AS occurred_at
    FROM followed WHERE place = 1
    UNION ALL
    SELECT *, 2, 'reopened', happened_at
    FROM followed WHERE NOT is_concluded AND was_concluded
    UNION ALL
    SELECT *, 3, 'assigned', happened_at
    FROM followed WHERE NOT is_concluded AND assigned_to IS DISTINCT FROM was_assigned_to AND assigned_to IS NOT NULL
    UNION ALL
    SELECT *, 4, 'concluded', happened_at
    FROM followed WHERE is_concluded AND NOT was_concluded
    UNION ALL
    SELECT *, 5, 'classified', happened_at
    FROM followed WHERE is_concluded AND was_concluded AND for_good AND made_sla <> made_sla_before AND code IS NOT NULL
)
SELECT incident AS conversation,
       event,
       occurred_at,  -- no zone is known; --timezone says in which one it is read
       caller AS contact,
       'Solicitante ' || caller AS contact_name,
       channel,
       CASE WHEN event <> 'opened' THEN 'Atendente ' || assigned_to END AS agent,
       CASE WHEN for_good THEN 'Código ' || code END AS reason,
       CASE WHEN for_good AND code IS NOT NULL THEN if(made_sla = 'true', 'achieved', 'lost') END AS category,
       line
FROM happened
ORDER BY incident, place, step
