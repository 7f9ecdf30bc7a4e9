-- What an object is called, and functions about what this server is not.
SELECT pg_describe_object('pg_class'::regclass, 'pg_class'::regclass, 0),
       pg_describe_object('pg_class'::regclass, 'pg_class'::regclass, 1),
       pg_describe_object('pg_proc'::regclass, 'length(text)'::regprocedure, 0),
       pg_describe_object('pg_type'::regclass, 'integer'::regtype, 0),
       pg_describe_object('pg_type'::regclass, 'int4[]'::regtype, 0),
       pg_describe_object('pg_namespace'::regclass, 'pg_catalog'::regnamespace, 0),
       pg_describe_object('pg_namespace'::regclass, 'information_schema'::regnamespace, 0),
       pg_describe_object('pg_authid'::regclass, 'pg_monitor'::regrole, 0);
CREATE SCHEMA of_other;
CREATE TYPE of_other.kind AS ENUM ('a');
CREATE FUNCTION of_other.f(of_other.kind) RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT pg_describe_object('pg_proc'::regclass, 'of_other.f'::regproc, 0),
       pg_describe_object('pg_type'::regclass, 'of_other.kind'::regtype, 0);
SET search_path = of_other;
SELECT pg_describe_object('pg_proc'::regclass, 'of_other.f'::regproc, 0),
       pg_describe_object('pg_type'::regclass, 'of_other.kind'::regtype, 0);
RESET search_path;
DROP TYPE of_other.kind;
DROP SCHEMA of_other CASCADE;
SELECT pg_wal_replay_pause();
SELECT pg_wal_replay_resume();
SELECT pg_is_wal_replay_paused();
SELECT pg_get_wal_replay_pause_state();
SELECT pg_xact_commit_timestamp('3'::xid);
SELECT * FROM pg_last_committed_xact();
SELECT pg_collation_actual_version('"C"'::regcollation);
SELECT pg_database_collation_actual_version(oid) FROM pg_database WHERE datname = current_database();
