-- The tables behind tarn.synced_tables, in every new database. The code reads the first columns of sync_state,
-- up to source_version, and all of sync_reject_rows by position.
CREATE SCHEMA tarn;

CREATE TABLE tarn.sync_state (
    relid oid PRIMARY KEY,
    source text NOT NULL,
    mode text NOT NULL,
    key_columns text NOT NULL,
    applied_version bigint,
    source_id text,
    every_us bigint,
    cron text,
    paused boolean NOT NULL DEFAULT false,
    consecutive_failures integer NOT NULL DEFAULT 0,
    options jsonb NOT NULL DEFAULT '{}',
    next_run_at timestamp with time zone,
    columns jsonb NOT NULL,
    time_key smallint,
    rejected_rows bigint NOT NULL DEFAULT 0,
    source_version bigint,
    applied_commit_timestamp timestamp with time zone,
    row_count bigint,
    change_source text,
    last_run_at timestamp with time zone,
    error_class text,
    error_message text
);

CREATE TABLE tarn.sync_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    kind text NOT NULL,
    from_version bigint,
    to_version bigint,
    inserted bigint,
    updated bigint,
    deleted bigint,
    rejected bigint,
    bytes_read bigint,
    files_read bigint,
    outcome text,
    error text
);

CREATE TABLE tarn.sync_reject_rows (
    relid oid,
    key_group bytea,
    digest bytea,
    copies bigint NOT NULL,
    delta_version bigint,
    file text,
    key text,
    reason text NOT NULL,
    "row" jsonb,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    PRIMARY KEY (relid, key_group, digest)
);

CREATE VIEW tarn.sync_rejects AS
SELECT n.nspname::text AS schema_name,
       c.relname::text AS table_name,
       r.delta_version, r.file, r.key, r.reason, r."row", r.first_seen, r.last_seen
FROM tarn.sync_reject_rows r
JOIN pg_catalog.pg_class c ON c.oid = r.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
     pg_catalog.generate_series(1, r.copies);

CREATE VIEW tarn.synced_tables AS
SELECT n.nspname::text AS schema_name,
       c.relname::text AS table_name,
       s.source,
       s.mode,
       CASE WHEN s.cron IS NOT NULL THEN s.cron
            WHEN s.every_us IS NOT NULL THEN 'every ' || (s.every_us * interval '1 microsecond')::text
       END AS schedule,
       CASE WHEN s.applied_version IS NULL AND s.consecutive_failures > 0 THEN 'OFFLINE_FAILED'
            WHEN s.applied_version IS NULL THEN 'PROVISIONING_INITIAL_SNAPSHOT'
            WHEN s.consecutive_failures > 0 THEN 'ONLINE_PIPELINE_FAILED'
            WHEN s.mode = 'CONTINUOUS' AND NOT s.paused THEN 'ONLINE_CONTINUOUS_UPDATE'
            WHEN s.source_version > s.applied_version AND NOT s.paused THEN 'ONLINE_TRIGGERED_UPDATE'
            ELSE 'ONLINE_NO_PENDING_UPDATE' END AS state,
       s.applied_version,
       s.source_version,
       s.applied_commit_timestamp,
       s.source_version - s.applied_version AS lag_versions,
       CASE WHEN s.source_version = s.applied_version THEN 0::double precision
            ELSE extract(epoch FROM clock_timestamp() - s.applied_commit_timestamp)::double precision
       END AS lag_seconds,
       s.row_count AS rows,
       s.rejected_rows,
       s.change_source,
       CASE WHEN p.relid IS NULL THEN CASE WHEN s.applied_version IS NULL THEN 0 ELSE 1 END
            ELSE p.share END::double precision AS progress,
       CASE WHEN p.relid IS NULL THEN s.row_count ELSE p.rows_done END AS rows_done,
       CASE WHEN p.relid IS NULL THEN s.row_count ELSE p.rows_total END AS rows_total,
       CASE WHEN p.share > 0 THEN p.seconds * (1 - p.share) / p.share END AS eta_seconds,
       s.last_run_at,
       CASE WHEN NOT s.paused THEN s.next_run_at END AS next_run_at,
       s.error_class,
       s.error_message,
       s.consecutive_failures,
       s.paused,
       s.options
FROM tarn.sync_state s
JOIN pg_catalog.pg_class c ON c.oid = s.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN sync_progress() p ON p.relid = s.relid;

CREATE FUNCTION tarn.sync_lag(name text, OUT versions bigint, OUT seconds double precision)
LANGUAGE sql STABLE AS $$
SELECT t.lag_versions, t.lag_seconds
FROM tarn.synced_tables t
WHERE pg_catalog.format('%I.%I', t.schema_name, t.table_name)::pg_catalog.regclass = sync_lag.name::pg_catalog.regclass
$$;

-- Storage credentials and catalogs; what is secret of them is sealed. The code reads the columns by position.
CREATE TABLE tarn.connections (
    kind text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    options jsonb NOT NULL,
    secrets bytea NOT NULL,
    owner oid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE VIEW tarn.storage_credentials AS
SELECT name, type, options, pg_catalog.pg_get_userbyid(owner)::text AS owner, created_at
FROM tarn.connections
WHERE kind = 'credential';

CREATE VIEW tarn.catalogs AS
SELECT name, type, options, pg_catalog.pg_get_userbyid(owner)::text AS owner, created_at
FROM tarn.connections
WHERE kind = 'catalog';

-- What clients asked for that is not there.
CREATE VIEW tarn.compat_misses AS
SELECT kind, what, sqlstate, application_name, count, first_seen, last_seen
FROM compat_misses();
