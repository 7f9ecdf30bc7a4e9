-- Safe to run again; %(lake)s is the folder of the Delta table.
CREATE SCHEMA IF NOT EXISTS support;
-- The lakehouse's incidents with the model's predictions: read-only here, a moment behind the last commit.
CREATE SYNCED TABLE IF NOT EXISTS support.incidents_w_preds
    FROM DELTA %(lake)s PRIMARY KEY (incident_id) MODE CONTINUOUS;
CREATE INDEX IF NOT EXISTS incidents_by_time ON support.incidents_w_preds (opened_at);
-- The app's own state: what people did about them.
CREATE TABLE IF NOT EXISTS support.user_updates (
    incident_id text PRIMARY KEY,
    owner text NOT NULL,
    comment text NOT NULL DEFAULT '',
    status text NOT NULL CHECK (status IN ('open', 'in progress', 'closed')),
    updated_at timestamptz NOT NULL DEFAULT now()
);
