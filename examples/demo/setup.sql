-- The demo's tables; safe to run again.
SET client_min_messages = notice;
CREATE SCHEMA IF NOT EXISTS support;

-- The lakehouse's table, read-only here and fast to look up.
CREATE SYNCED TABLE IF NOT EXISTS support.incidents_w_preds
    FROM DELTA :'lake' PRIMARY KEY (incident_id) MODE SNAPSHOT;

-- The app's own state.
CREATE TABLE IF NOT EXISTS support.user_updates (
    incident_id text PRIMARY KEY,
    owner text,
    comment text,
    status text
);

BEGIN;
INSERT INTO support.user_updates
VALUES ('INC-000042', 'dana', 'called the customer back', 'in progress')
ON CONFLICT (incident_id) DO UPDATE
SET owner = excluded.owner, comment = excluded.comment, status = excluded.status;
COMMIT;
