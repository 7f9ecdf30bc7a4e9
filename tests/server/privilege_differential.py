#!/usr/bin/python3
"""Random histories of GRANT, REVOKE and memberships, the same here and on PostgreSQL 15; after each of their steps some
statements by some role on some kind of object: allowed, or refused in the same words. The lists of privileges are equal, too.

    privilege_differential.py [--steps N] [--seed N]

TARN names the binary.
"""
import argparse
import os
import random
import sys

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally  # noqa: E402

ROLES = ["pd_owner", "pd_one", "pd_two", "pd_three", "pd_team", "pd_maker"]
PREDEFINED = ["pg_read_all_data", "pg_write_all_data", "pg_monitor", "pg_signal_backend", "pg_checkpoint",
              "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables", "pg_read_server_files",
              "pg_write_server_files", "pg_execute_server_program", "pg_database_owner"]
SETUP = """
CREATE ROLE pd_owner; CREATE ROLE pd_one; CREATE ROLE pd_two; CREATE ROLE pd_three NOINHERIT; CREATE ROLE pd_team;
CREATE ROLE pd_maker CREATEROLE CREATEDB;
CREATE SCHEMA pd AUTHORIZATION pd_owner;
SET ROLE pd_owner; SET search_path = pd;
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y');
CREATE TABLE u (id int REFERENCES t ON DELETE CASCADE, c int DEFAULT 1);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW vi WITH (security_invoker) AS SELECT id, b FROM t;
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE SEQUENCE q;
CREATE FUNCTION f(int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) + $1 FROM pd.t';
CREATE FUNCTION fd(int) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) + $1 FROM pd.t';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('l', 'r');
CREATE DOMAIN d AS int CHECK (VALUE > 0);
CREATE INDEX t_a ON t (a);
CREATE TYPE c AS (x int, y e);
CREATE TABLE w (k e, l d, z c);
CREATE FUNCTION fe(e) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION fa(bigint, int) RETURNS bigint LANGUAGE sql AS 'SELECT $1 + $2';
CREATE AGGREGATE ag(int) (SFUNC = fa, STYPE = bigint, INITCOND = '0');
CREATE POLICY po ON u USING (true);
CREATE TABLE ge (i int GENERATED ALWAYS AS IDENTITY, j serial, k int);
RESET ROLE; RESET search_path;
"""
# Kinds of objects: their names in GRANT, and what can be granted on them.
KINDS = {
    "TABLE": (["pd.t", "pd.u", "pd.v", "pd.vi", "pd.m", "pd.w", "pd.ge"], ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES",
                                                          "TRIGGER", "ALL", "SELECT (a)", "UPDATE (a)", "INSERT (id, a)",
                                                          "REFERENCES (id)", "SELECT (id), UPDATE (id)"]),
    "SEQUENCE": (["pd.q"], ["USAGE", "SELECT", "UPDATE", "ALL"]),
    "FUNCTION": (["pd.f(int)", "pd.fd(int)"], ["EXECUTE", "ALL"]),
    "PROCEDURE": (["pd.p()"], ["EXECUTE"]),
    "SCHEMA": (["pd"], ["USAGE", "CREATE", "ALL"]),
    "TYPE": (["pd.e", "pd.d", "pd.c"], ["USAGE", "ALL"]),
    "DOMAIN": (["pd.d"], ["USAGE"]),
    "DATABASE": (["pd_base"], ["CONNECT", "CREATE", "TEMPORARY", "ALL"]),
    "ROUTINE": (["pd.f(int)", "pd.fe(pd.e)", "pd.ag(int)"], ["EXECUTE"]),
    "ALL TABLES IN SCHEMA": (["pd"], ["SELECT", "INSERT, UPDATE", "ALL"]),
    "ALL FUNCTIONS IN SCHEMA": (["pd"], ["EXECUTE"]),
    "ALL SEQUENCES IN SCHEMA": (["pd"], ["USAGE"]),
    "PARAMETER": (["log_statement", "Work_Mem", "max_connections", "pd.custom", "log_statement, log_duration"],
                  ["SET", "ALTER SYSTEM", "SET, ALTER SYSTEM", "ALL"]),
}
# What ALTER DEFAULT PRIVILEGES can say: kinds, and their privileges.
DEFAULTS = {
    "TABLES": ["SELECT", "INSERT, UPDATE", "ALL"],
    "SEQUENCES": ["USAGE", "ALL"],
    "FUNCTIONS": ["EXECUTE", "ALL"],
    "ROUTINES": ["EXECUTE"],
    "TYPES": ["USAGE", "ALL"],
    "SCHEMAS": ["USAGE", "CREATE", "ALL"],
}
STATEMENTS = """
SELECT * FROM pd.t
SELECT count(*) FROM pd.t
SELECT a FROM pd.t WHERE id = 1
SELECT t FROM pd.t
SELECT ctid FROM pd.t
SELECT id FROM pd.t FOR UPDATE
SELECT a FROM pd.t FOR SHARE
INSERT INTO pd.t VALUES (9, 1, 'z')
INSERT INTO pd.t (id, a) VALUES (9, 1)
INSERT INTO pd.t (id) VALUES (9) RETURNING id
INSERT INTO pd.t (id, a) VALUES (1, 1) ON CONFLICT (id) DO NOTHING
INSERT INTO pd.t (id, a) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET a = 5
INSERT INTO pd.t (id, a) SELECT id + 10, a FROM pd.t
UPDATE pd.t SET a = 3
UPDATE pd.t SET a = 3 WHERE b = 'x'
UPDATE pd.t SET b = 'w' RETURNING a
DELETE FROM pd.t WHERE id = 2
DELETE FROM pd.u
MERGE INTO pd.t USING (VALUES (1)) x(i) ON id = i WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT (id) VALUES (i)
TRUNCATE pd.u
LOCK TABLE pd.t IN ACCESS SHARE MODE
LOCK TABLE pd.t IN ROW EXCLUSIVE MODE
LOCK TABLE pd.t
SELECT * FROM pd.v
SELECT id FROM pd.v WHERE a = 1
UPDATE pd.v SET a = 2 WHERE id = 1
INSERT INTO pd.v VALUES (8, 8)
DELETE FROM pd.v WHERE id = 1
SELECT * FROM pd.vi
INSERT INTO pd.vi VALUES (8, 'h')
SELECT * FROM pd.m
REFRESH MATERIALIZED VIEW pd.m
SELECT nextval('pd.q')
SELECT setval('pd.q', 5)
SELECT last_value FROM pd.q
SELECT pd.f(1)
SELECT pd.fd(1)
CALL pd.p()
SELECT 'l'::pd.e
SELECT 3::pd.d
SET log_statement = 'none'
SET LOCAL log_duration = on
SET max_connections = 5
SET pd.custom = 'x'
ALTER SYSTEM SET max_connections = 5
ALTER SYSTEM RESET ALL
ALTER ROLE CURRENT_USER SET log_statement = 'all'
ALTER FUNCTION pd.f(int) SET log_statement = 'all'
ALTER DATABASE pd_base SET log_duration = on
SELECT set_config('log_duration', 'on', true)
SELECT has_parameter_privilege('log_statement', 'SET'), has_parameter_privilege('pd_one', 'LOG_STATEMENT', 'ALTER SYSTEM'), has_parameter_privilege('work_mem', 'SET WITH GRANT OPTION')
GRANT SET ON PARAMETER nothing TO pd_one
GRANT SELECT ON PARAMETER work_mem TO pd_one
REVOKE SET ON PARAMETER nothing FROM pd_one
REASSIGN OWNED BY pd_owner TO pd_one
REASSIGN OWNED BY pd_one TO pd_two
REASSIGN OWNED BY pd_owner TO CURRENT_USER
DROP OWNED BY pd_two
DROP OWNED BY CURRENT_USER
DROP ROLE pd_one
DROP ROLE pd_two
CREATE TABLE IF NOT EXISTS pd.t AS SELECT * FROM pd.u
CREATE TABLE pd.made AS SELECT * FROM pd.t WITH NO DATA
CREATE TABLE pd_catalog.made AS SELECT * FROM pd.t
CREATE TABLE pg_catalog.made (x int)
CREATE MATERIALIZED VIEW pd.made AS SELECT * FROM pd.t WITH NO DATA
CREATE MATERIALIZED VIEW IF NOT EXISTS pd.m AS SELECT * FROM pd.t
SELECT * INTO pd.made FROM pd.t
TRUNCATE pd.v
TRUNCATE pg_class
TRUNCATE pd.t, pd.u
TRUNCATE pd.u, pd.v
GRANT SELECT (a), UPDATE ON pd.t TO pd_three
GRANT ALL (a, b) ON pd.t TO pd_three
REVOKE ALL (a) ON pd.t FROM pd_one
GRANT SELECT ON pd.q TO pd_three
GRANT INSERT ON pd.q TO pd_three
GRANT USAGE ON SEQUENCE pd.t TO pd_three
GRANT EXECUTE ON FUNCTION pd.p() TO pd_three
GRANT USAGE ON DOMAIN pd.e TO pd_three
GRANT USAGE ON TYPE pd.t TO pd_three
GRANT USAGE ON TYPE pd.d, pd.e TO pd_three
GRANT CREATE ON SCHEMA pd, nowhere TO pd_three
GRANT SELECT ON pd.t TO pd_three GRANTED BY pd_owner
GRANT SELECT ON pd.t TO pd_three GRANTED BY CURRENT_USER
GRANT SELECT ON pd.t TO nobody
GRANT SELECT ON pd.t TO pd_one, pd_two, PUBLIC
GRANT USAGE ON pd.t TO pd_one
GRANT EXECUTE ON SCHEMA pd TO pd_one
GRANT pd_team TO nobody
GRANT pd_team TO pd_team
GRANT pd_team, pd_two TO pd_three WITH ADMIN OPTION
REVOKE pd_team FROM pd_three CASCADE
SELECT * FROM pd.u
INSERT INTO pd.t VALUES (7, -1, 'n')
INSERT INTO pd.t VALUES (7, 9, 'n') RETURNING a
UPDATE pd.t SET a = 7
UPDATE pd.t SET id = id + 100 WHERE a = 1
DELETE FROM pd.t WHERE a = 2 AND id = 2
SELECT id, a FROM pd.t ORDER BY id
SELECT count(*) FROM pd.v
SELECT count(*) FROM pd.vi
SELECT row_security_active('pd.t'), row_security_active('pd.u')
SELECT policyname, roles, cmd FROM pg_policies WHERE schemaname = 'pd' ORDER BY 1
CREATE TABLE pd.made (x int); SELECT relacl FROM pg_class WHERE oid = 'pd.made'::regclass
CREATE SEQUENCE pd.made; SELECT relacl FROM pg_class WHERE oid = 'pd.made'::regclass
CREATE VIEW pd.made AS SELECT 1 AS x; SELECT relacl FROM pg_class WHERE oid = 'pd.made'::regclass
CREATE FUNCTION pd.made() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT proacl FROM pg_proc WHERE proname = 'made'
CREATE TYPE pd.made AS ENUM (); SELECT typacl FROM pg_type WHERE typname = 'made'
CREATE DOMAIN pd.made AS int; SELECT typacl FROM pg_type WHERE typname = 'made'
CREATE SCHEMA made; SELECT nspacl FROM pg_namespace WHERE nspname = 'made'
CREATE TABLE pd.made (x int)
CREATE TABLE pd.made (x int REFERENCES pd.t)
CREATE VIEW pd.made AS SELECT a FROM pd.t
CREATE TABLE pd.made AS SELECT * FROM pd.t
CREATE SEQUENCE pd.made
CREATE FUNCTION pd.made() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE TYPE pd.made AS (x int)
CREATE INDEX made ON pd.t (b)
CREATE POLICY made ON pd.t USING (true)
ALTER TABLE pd.t ADD COLUMN z int
ALTER TABLE pd.t RENAME COLUMN a TO z
ALTER TABLE pd.t RENAME TO z
ALTER TABLE pd.t ENABLE ROW LEVEL SECURITY
ALTER TABLE pd.t OWNER TO pd_one
ALTER TABLE pd.t OWNER TO CURRENT_USER
ALTER INDEX pd.t_a RENAME TO z
ALTER SEQUENCE pd.q RESTART
ALTER FUNCTION pd.f(int) STABLE
ALTER TYPE pd.e ADD VALUE 'm'
ALTER DOMAIN pd.d SET DEFAULT 1
ALTER SCHEMA pd RENAME TO z
ALTER VIEW pd.v RENAME TO z
COMMENT ON TABLE pd.t IS 'c'
COMMENT ON COLUMN pd.t.a IS 'c'
COMMENT ON FUNCTION pd.f(int) IS 'c'
COMMENT ON SCHEMA pd IS 'c'
COMMENT ON TYPE pd.e IS 'c'
DROP TABLE pd.u
DROP INDEX pd.t_a
DROP VIEW pd.v
DROP MATERIALIZED VIEW pd.m
DROP SEQUENCE pd.q
DROP FUNCTION pd.f(int)
DROP TYPE pd.e
DROP DOMAIN pd.d
DROP SCHEMA pd CASCADE
COPY pd.t TO STDOUT
COPY pd.t (id, a) TO STDOUT
COPY (SELECT a FROM pd.t) TO STDOUT
REINDEX TABLE pd.t
CREATE SCHEMA made
CREATE ROLE made
DROP ROLE pd_three
ALTER ROLE pd_three CREATEDB
ALTER ROLE pd_three SET work_mem = '1MB'
SET ROLE pd_team
SET ROLE pd_owner
SET SESSION AUTHORIZATION pd_one
GRANT pd_team TO pd_three
REVOKE pd_team FROM pd_three
ALTER DEFAULT PRIVILEGES FOR ROLE pd_owner GRANT SELECT ON TABLES TO pd_one
ALTER SYSTEM SET work_mem = '1MB'
SELECT has_table_privilege('pd.t', 'SELECT'), has_any_column_privilege('pd.t', 'UPDATE'), has_column_privilege('pd.t', 'a', 'SELECT')
SELECT has_table_privilege('pd.v', 'INSERT WITH GRANT OPTION'), has_sequence_privilege('pd.q', 'USAGE, UPDATE'), has_schema_privilege('pd', 'CREATE')
SELECT has_function_privilege('pd.f(int)', 'EXECUTE'), has_type_privilege('pd.e', 'USAGE'), pg_has_role('pd_team', 'MEMBER'), pg_has_role('pd_team', 'USAGE')
SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'USAGE') AND rolname LIKE 'pd%' ORDER BY 1
SELECT table_name, privilege_type, grantee, is_grantable FROM information_schema.table_privileges WHERE table_schema = 'pd' ORDER BY 1, 2, 3, 4
SELECT table_name, column_name, privilege_type, grantee FROM information_schema.column_privileges WHERE table_schema = 'pd' AND grantee <> 'pd_owner' ORDER BY 1, 2, 3, 4
SELECT passwd FROM pg_shadow
SELECT pg_reload_conf()
CHECKPOINT
CREATE TABLE pd.made (x pd.e)
CREATE TABLE pd.made (x pd.d[])
CREATE TABLE pd.made OF pd.c
CREATE TABLE pd.made (LIKE pd.w)
CREATE TABLE pd.made (x int DEFAULT pd.f(1))
CREATE TEMP TABLE made (x pd.e)
CREATE TEMP TABLE made AS SELECT 'l'::pd.e AS x
CREATE TEMP TABLE made AS SELECT k FROM pd.w
CREATE TEMP VIEW made AS SELECT 'l'::pd.e AS x
CREATE TEMP VIEW made AS SELECT 1::pd.d AS x, pd.f(1) AS y
CREATE TEMP SEQUENCE made
CREATE TYPE pd.made AS (x pd.e)
CREATE TYPE pd.made AS RANGE (SUBTYPE = pd.d)
CREATE DOMAIN pd.made AS pd.d
CREATE DOMAIN pd.made AS pd.e
CREATE DOMAIN pd.made AS int CHECK (pd.f(VALUE) > 0)
CREATE FUNCTION pd.made(pd.e) RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE FUNCTION pd.made() RETURNS pd.d LANGUAGE sql AS 'SELECT 1'
CREATE FUNCTION pd.made() RETURNS int LANGUAGE sql RETURN 1
CREATE FUNCTION pd.made() RETURNS TABLE (x pd.e) LANGUAGE sql AS 'SELECT NULL::pd.e'
CREATE FUNCTION pd.made(x int DEFAULT pd.f(1)) RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE OR REPLACE FUNCTION pd.f(int) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'
CREATE OR REPLACE VIEW pd.v AS SELECT id, a FROM pd.t
CREATE AGGREGATE pd.made(int) (SFUNC = pd.fa, STYPE = bigint)
CREATE CAST (pd.e AS int) WITH FUNCTION pd.fe(pd.e)
CREATE UNIQUE INDEX made ON pd.t (pd.f(a))
CREATE MATERIALIZED VIEW pd.made AS SELECT * FROM pd.t
CREATE DATABASE made
CREATE USER made IN ROLE pd_team
CREATE ROLE made SUPERUSER
CREATE ROLE made REPLICATION
CREATE ROLE made BYPASSRLS
CREATE ROLE made CREATEDB
CREATE SCHEMA AUTHORIZATION pd_one
CREATE SCHEMA made AUTHORIZATION CURRENT_USER
ALTER TABLE pd.t ADD COLUMN z pd.e
ALTER TABLE pd.t ADD COLUMN z int DEFAULT pd.f(1)
ALTER TABLE pd.t ALTER COLUMN a TYPE pd.d
ALTER TABLE pd.t ALTER COLUMN a SET DEFAULT 3
ALTER TABLE pd.t ALTER COLUMN a SET NOT NULL
ALTER TABLE pd.t DROP COLUMN b
ALTER TABLE pd.t ADD CHECK (a > 0)
ALTER TABLE pd.u ADD FOREIGN KEY (c) REFERENCES pd.t
ALTER TABLE pd.t DROP CONSTRAINT t_pkey CASCADE
ALTER TABLE pd.t SET SCHEMA public
ALTER TABLE pd.t SET (fillfactor = 50)
ALTER TABLE pd.t ALTER COLUMN a SET STATISTICS 5
ALTER TABLE pd.ge ALTER COLUMN i RESTART
ALTER TABLE pd.t FORCE ROW LEVEL SECURITY
ALTER INDEX pd.t_a SET (fillfactor = 50)
ALTER VIEW pd.v OWNER TO pd_two
ALTER VIEW pd.v SET (security_barrier)
ALTER MATERIALIZED VIEW pd.m RENAME TO z
ALTER SEQUENCE pd.q OWNED BY pd.t.a
ALTER SEQUENCE pd.q OWNER TO pd_one
ALTER FUNCTION pd.f(int) OWNER TO pd_two
ALTER FUNCTION pd.f(int) SET SCHEMA public
ALTER FUNCTION pd.f(int) RENAME TO z
ALTER FUNCTION pd.f(int) SET work_mem = '1MB'
ALTER PROCEDURE pd.p() OWNER TO CURRENT_USER
ALTER AGGREGATE pd.ag(int) RENAME TO z
ALTER TYPE pd.e OWNER TO pd_one
ALTER TYPE pd.e RENAME TO z
ALTER TYPE pd.c ADD ATTRIBUTE w pd.e
ALTER DOMAIN pd.d ADD CHECK (VALUE < 100)
ALTER DOMAIN pd.d OWNER TO pd_two
ALTER SCHEMA pd OWNER TO pd_one
ALTER SCHEMA pd OWNER TO CURRENT_USER
ALTER POLICY po ON pd.u RENAME TO z
ALTER POLICY po ON pd.u USING (false)
ALTER DATABASE pd_base SET work_mem = '1MB'
ALTER DATABASE pd_base CONNECTION LIMIT 5
ALTER DATABASE pd_base OWNER TO pd_one
ALTER DATABASE pd_base RENAME TO made
ALTER ROLE pd_one PASSWORD 'x'
ALTER ROLE CURRENT_USER PASSWORD NULL
ALTER ROLE CURRENT_USER SET work_mem = '1MB'
ALTER ROLE CURRENT_USER CREATEDB
ALTER ROLE ALL SET work_mem = '1MB'
ALTER ROLE pd_one SUPERUSER
ALTER ROLE postgres PASSWORD 'x'
ALTER ROLE pd_one RENAME TO made
ALTER ROLE pd_one IN DATABASE pd_base SET work_mem = '1MB'
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pd_one
ALTER DEFAULT PRIVILEGES IN SCHEMA pd GRANT EXECUTE ON FUNCTIONS TO pd_two
COMMENT ON VIEW pd.v IS 'c'
COMMENT ON INDEX pd.t_a IS 'c'
COMMENT ON SEQUENCE pd.q IS 'c'
COMMENT ON DOMAIN pd.d IS 'c'
COMMENT ON POLICY po ON pd.u IS 'c'
COMMENT ON CONSTRAINT t_pkey ON pd.t IS 'c'
COMMENT ON AGGREGATE pd.ag(int) IS 'c'
COMMENT ON DATABASE pd_base IS 'c'
COMMENT ON ROLE pd_one IS 'c'
DROP POLICY po ON pd.u
DROP AGGREGATE pd.ag(int)
DROP PROCEDURE pd.p()
DROP ROUTINE pd.fe(pd.e)
DROP TABLE pd.t, pd.u CASCADE
DROP OWNED BY pd_owner CASCADE
DROP DATABASE pd_base
DROP USER pd_maker
SELECT 'l'::pd.e = 'r'
SELECT NULL::pd.c
SELECT '{l}'::pd.e[]
SELECT ROW(1, 'l')::pd.c
SELECT pd.fe('l')
SELECT pd.ag(1)
SELECT k FROM pd.w
INSERT INTO pd.w VALUES ('l', 1, NULL)
INSERT INTO pd.ge (k) VALUES (1)
INSERT INTO pd.ge DEFAULT VALUES
SELECT currval('pd.q')
SELECT pg_sequence_last_value('pd.q')
SELECT * FROM pd.t NATURAL JOIN pd.u
SELECT 1 FROM pd.t
SELECT EXISTS (SELECT 1 FROM pd.t WHERE a > 100)
WITH x AS (UPDATE pd.t SET a = a + 1 RETURNING id) SELECT * FROM x
WITH x AS (DELETE FROM pd.u RETURNING *) SELECT count(*) FROM x
EXPLAIN (COSTS OFF) DELETE FROM pd.u
DECLARE c CURSOR FOR SELECT * FROM pd.t
PREPARE pp AS SELECT b FROM pd.t
COPY pd.t (b) TO STDOUT
COPY pd.v TO STDOUT
COPY pd.t TO '/tmp/pd_none/x'
COPY pd.t FROM '/tmp/pd_none/x'
COPY pd.t TO PROGRAM 'cat >/dev/null'
TRUNCATE pd.t CASCADE
ANALYZE pd.t
ANALYZE pd.t (a)
REINDEX INDEX pd.t_a
REINDEX SCHEMA pd
SET log_statement = 'all'
SET work_mem = '2MB'
SET session_replication_role = 'replica'
RESET log_statement
ALTER SYSTEM SET log_statement = 'all'
SHOW log_statement
SELECT current_setting('data_directory') IS NULL
SELECT current_setting('hba_file') IS NULL
SELECT current_setting('unix_socket_directories') IS NULL
SELECT set_config('config_file', 'x', false)
SELECT name FROM pg_settings WHERE name IN ('data_directory', 'hba_file', 'config_file', 'log_directory', 'work_mem')
SET SESSION AUTHORIZATION postgres
SET ROLE postgres
SET ROLE NONE
LISTEN x
NOTIFY x
DISCARD ALL
SELECT rolpassword FROM pg_authid
SELECT rolname FROM pg_authid WHERE rolname = 'pd_one'
SELECT count(*) > 0 FROM pg_roles
SELECT count(*) > 0 FROM pg_user
SELECT rolpassword FROM pg_roles WHERE rolname = 'pd_one'
SELECT count(*) >= 0 FROM pg_statistic
SELECT count(*) >= 0 FROM pg_statistic_ext_data
SELECT count(*) >= 0 FROM pg_stats WHERE tablename = 't'
SELECT count(*) >= 0 FROM pg_largeobject
SELECT count(*) >= 0 FROM pg_largeobject_metadata
SELECT count(*) >= 0 FROM pg_user_mapping
SELECT count(*) >= 0 FROM pg_user_mappings
SELECT count(*) >= 0 FROM pg_subscription
SELECT subname FROM pg_subscription
SELECT subconninfo FROM pg_subscription
SELECT count(*) >= 0 FROM pg_replication_origin_status
SELECT count(*) >= 0 FROM pg_replication_origin
SELECT count(*) >= 0 FROM pg_config
SELECT count(*) >= 0 FROM pg_file_settings
SELECT count(*) >= 0 FROM pg_hba_file_rules
SELECT count(*) >= 0 FROM pg_ident_file_mappings
SELECT count(*) >= 0 FROM pg_shmem_allocations
SELECT count(*) >= 0 FROM pg_backend_memory_contexts
SELECT count(*) >= 0 FROM pg_db_role_setting
SELECT count(*) >= 0 FROM pg_auth_members
SELECT count(*) >= 0 FROM pg_parameter_acl
SELECT count(*) >= 0 FROM pg_seclabels
SELECT count(*) >= 0 FROM pg_stat_activity
SELECT usename, query = '<insufficient privilege>' FROM pg_stat_activity WHERE pid = pg_backend_pid()
SELECT count(*) >= 0 FROM pg_stat_replication
SELECT count(*) >= 0 FROM pg_stat_ssl
SELECT count(*) >= 0 FROM pg_locks
INSERT INTO pg_class SELECT * FROM pg_class LIMIT 0
DELETE FROM pg_authid WHERE false
UPDATE pg_database SET datallowconn = true WHERE false
SELECT count(*) FROM pg_class FOR UPDATE
LOCK TABLE pg_class
SELECT pg_read_file('/tmp/pd_none/x')
SELECT pg_ls_dir('/tmp/pd_none')
SELECT pg_stat_file('/tmp/pd_none/x')
SELECT pg_ls_waldir() IS NULL
SELECT pg_ls_logdir() IS NULL
SELECT pg_ls_tmpdir() IS NULL
SELECT pg_read_binary_file('/tmp/pd_none/x')
SELECT pg_terminate_backend(99999999)
SELECT pg_cancel_backend(99999999)
SELECT pg_rotate_logfile()
SELECT pg_switch_wal() IS NULL
SELECT pg_create_restore_point('x') IS NULL
SELECT pg_log_backend_memory_contexts(99999999)
SELECT pg_stat_reset()
SELECT pg_stat_reset_shared('bgwriter')
SELECT pg_stat_reset_single_table_counters(0)
SELECT pg_promote()
SELECT pg_current_wal_lsn() IS NULL
SELECT pg_database_size('pd_base') >= 0
SELECT pg_tablespace_size('pg_default') > 0
SELECT pg_total_relation_size('pd.t') > 0
SELECT pg_export_snapshot() IS NULL
SELECT pg_relation_filepath('pd.t') IS NULL
SELECT pg_show_all_file_settings() IS NULL
SELECT pg_hba_file_rules() IS NULL
SELECT set_config('log_statement', 'all', true)
SELECT set_config('work_mem', '3MB', true)
SELECT has_type_privilege('pd.c', 'USAGE'), has_parameter_privilege('log_statement', 'SET'), has_parameter_privilege('log_statement', 'ALTER SYSTEM')
SELECT has_table_privilege('pg_authid', 'SELECT'), has_table_privilege('pg_class', 'SELECT, INSERT'), has_column_privilege('pg_subscription', 'subname', 'SELECT'), has_column_privilege('pg_subscription', 'subconninfo', 'SELECT')
SELECT has_table_privilege('pd_one', 'pd.t', 'SELECT'), has_schema_privilege('pd_two', 'pd', 'USAGE'), has_function_privilege('public', 'pd.f(int)', 'EXECUTE')
SELECT table_name, is_insertable_into FROM information_schema.tables WHERE table_schema = 'pd' ORDER BY 1
SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = 'pd' AND table_name IN ('t', 'w') ORDER BY table_name, ordinal_position
SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = 'pd' ORDER BY 1
SELECT udt_name, grantee, privilege_type FROM information_schema.udt_privileges WHERE udt_schema = 'pd' ORDER BY 1, 2
SELECT object_name, object_type, grantee FROM information_schema.usage_privileges WHERE object_schema = 'pd' ORDER BY 1, 2, 3
SELECT routine_name, grantee, is_grantable FROM information_schema.routine_privileges WHERE routine_schema = 'pd' ORDER BY 1, 2, 3
SELECT role_name FROM information_schema.enabled_roles WHERE role_name LIKE 'pd%' ORDER BY 1
SELECT grantee, role_name, is_grantable FROM information_schema.applicable_roles WHERE role_name LIKE 'pd%' ORDER BY 1, 2
SELECT sequence_name FROM information_schema.sequences WHERE sequence_schema = 'pd' ORDER BY 1
SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'pd'
SELECT constraint_name FROM information_schema.table_constraints WHERE table_schema = 'pd' AND constraint_type <> 'CHECK' ORDER BY 1
SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = 'pd' ORDER BY 1
SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'pd'
SELECT domain_name FROM information_schema.domains WHERE domain_schema = 'pd'
SELECT tablename, attname FROM pg_stats WHERE schemaname = 'pd' ORDER BY 1, 2
""".strip().splitlines()
LISTS = """SELECT 'r', oid::regclass::text, relacl::text FROM pg_class WHERE relnamespace = 'pd'::regnamespace AND relkind IN ('r', 'v', 'm', 'S')
UNION ALL SELECT 'a', attrelid::regclass::text || '.' || attname, attacl::text FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'pd'::regnamespace AND relkind <> 'i') AND attnum > 0
UNION ALL SELECT 'f', oid::regprocedure::text, proacl::text FROM pg_proc WHERE pronamespace = 'pd'::regnamespace
UNION ALL SELECT 'n', nspname, nspacl::text FROM pg_namespace WHERE nspname = 'pd'
UNION ALL SELECT 't', typname, typacl::text FROM pg_type WHERE typnamespace = 'pd'::regnamespace AND typname IN ('e', 'd', 'c')
UNION ALL SELECT 'b', datname, datacl::text FROM pg_database WHERE datname = 'pd_base'
UNION ALL SELECT 'p', parname, paracl::text FROM pg_parameter_acl
UNION ALL SELECT 'D', defaclrole::regrole || ' ' || defaclnamespace::regnamespace::text || ' ' || defaclobjtype::text, defaclacl::text FROM pg_default_acl
UNION ALL SELECT 'o', polname || ' ' || polrelid::regclass, (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END, ',' ORDER BY r::regrole::text) FROM unnest(polroles) r) || coalesce(pg_get_expr(polqual, polrelid), '') FROM pg_policy
UNION ALL SELECT 's', relname, relrowsecurity::text || relforcerowsecurity FROM pg_class WHERE relnamespace = 'pd'::regnamespace AND relkind = 'r'
UNION ALL SELECT 'm', roleid::regrole || ' ' || member::regrole, admin_option::text || ' ' || grantor::regrole FROM pg_auth_members WHERE roleid::regrole::text LIKE 'pd%'
ORDER BY 1, 2"""


def a_default(rng, to):
    kind = rng.choice(list(DEFAULTS))
    where = rng.choice(["", "", " FOR ROLE pd_owner", " FOR ROLE pd_one, pd_owner", " IN SCHEMA pd", " FOR ROLE pd_owner IN SCHEMA pd"])
    what = "%s ON %s" % (rng.choice(DEFAULTS[kind]), kind)
    if rng.random() < 0.6:
        return "ALTER DEFAULT PRIVILEGES%s GRANT %s TO %s%s" % (where, what, to, rng.choice(["", "", " WITH GRANT OPTION"]))
    return "ALTER DEFAULT PRIVILEGES%s REVOKE %s%s FROM %s%s" % (where, rng.choice(["", "", "GRANT OPTION FOR "]), what, to,
                                                              rng.choice(["", " CASCADE"]))


def a_policy(rng, to):
    return rng.choice([
        "ALTER TABLE pd.%s %s ROW LEVEL SECURITY" % (rng.choice("tu"), rng.choice(["ENABLE", "DISABLE", "FORCE", "NO FORCE"])),
        "CREATE POLICY %s ON pd.t FOR %s TO %s USING (%s)" % (
            rng.choice(["p1", "p2", "p3"]), rng.choice(["ALL", "SELECT", "UPDATE", "DELETE"]), to,
            rng.choice(["a = 1", "true", "b = 'x'", "id IN (SELECT id FROM pd.u)", "pg_has_role('pd_team', 'USAGE')"])),
        "CREATE POLICY %s ON pd.t AS RESTRICTIVE TO %s USING (id < 5) WITH CHECK (a < 5)" % (rng.choice(["p1", "p2", "p3"]), to),
        "CREATE POLICY %s ON pd.t FOR INSERT TO %s WITH CHECK (a > 0)" % (rng.choice(["p1", "p2", "p3"]), to),
        "DROP POLICY IF EXISTS %s ON pd.t" % rng.choice(["p1", "p2", "p3"]),
        "ALTER POLICY %s ON pd.t TO %s" % (rng.choice(["p1", "p2"]), to)])


def a_change(rng):
    """A GRANT or REVOKE, or something else that says who may do what."""
    to = rng.choice(ROLES[1:] + ["PUBLIC"])
    if rng.random() < 0.12:
        return a_default(rng, to)
    if rng.random() < 0.08:
        return a_policy(rng, to)
    if rng.random() < 0.1:
        group, member = rng.choice(PREDEFINED), rng.choice(ROLES[1:])
        return rng.choice(["GRANT %s TO %s", "GRANT %s TO %s", "REVOKE %s FROM %s"]) % (group, member)
    if rng.random() < 0.2:
        group, member = rng.choice(["pd_team", "pd_two", "pd_owner"]), rng.choice(ROLES[1:])
        if rng.random() < 0.5:
            return "GRANT %s TO %s%s" % (group, member, rng.choice(["", " WITH ADMIN OPTION"]))
        return "REVOKE %s%s FROM %s" % (rng.choice(["", "ADMIN OPTION FOR "]), group, member)
    kind = rng.choice(list(KINDS))
    objects, privileges = KINDS[kind]
    what = "%s ON %s %s" % (rng.choice(privileges), kind, rng.choice(objects))
    if rng.random() < 0.6:
        return "GRANT %s TO %s%s" % (what, to, " WITH GRANT OPTION" if to != "PUBLIC" and rng.random() < 0.3 else "")
    return "REVOKE %s%s FROM %s%s" % (rng.choice(["", "", "GRANT OPTION FOR "]), what, to, rng.choice(["", " CASCADE"]))


class Notices:
    """All of them: psycopg2 keeps the last 50 in a list."""

    def __init__(self):
        self.items = []

    def append(self, item):
        self.items.append(item)

    def take(self):
        items, self.items = self.items, []
        return items


class Side:
    def __init__(self, dsn):
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.connection.notices = Notices()
        self.cursor = self.connection.cursor()

    def run(self, role, sql, keep):
        """What the role gets, in a transaction that is kept or not."""
        c = self.cursor
        c.execute("BEGIN")
        try:
            c.execute("DEALLOCATE ALL")
            if role:
                c.execute("SET LOCAL ROLE " + role)
            if sql.startswith("COPY"):
                c.copy_expert(sql, open(os.devnull, "w"))
                out = "copied"
            else:
                c.execute(sql)
                out = (c.statusmessage, sorted(map(str, c.fetchall())) if c.description else None)
        except psycopg2.Error as e:
            d = e.diag
            detail = d.message_detail and sorted(d.message_detail.splitlines())
            out = (e.pgcode, d.message_primary, detail, d.message_hint)
            keep = False
        c.execute("COMMIT" if keep else "ROLLBACK")
        warnings = sorted(sorted(n.strip().replace("DETAIL:  ", "DETAIL:\n").splitlines())
                          for n in self.connection.notices.take())
        return out, warnings

    def lists(self):
        self.cursor.execute(LISTS)
        return self.cursor.fetchall()


def history(sides, rng, steps, tally, seed):
    for step in range(steps):
        what = [(rng.choice(["pd_owner"] * 3 + ROLES + [None]), a_change(rng), True)]
        what += [(rng.choice(ROLES), rng.choice(STATEMENTS), False) for _ in range(12)]
        for role, sql, keep in what:
            want, got = (s.run(role, sql, keep) for s in sides)
            if " ALL " in sql and " IN SCHEMA " in sql and want[0][0] == got[0][0] == "42501":
                want = got  # which object is refused first is not defined
            if sql.startswith("DROP OWNED") and want[0][0] == got[0][0] == "42501":
                want = got  # nor what comes before it
            if got[0][0] == "0A000" and "not supported" in got[0][1]:
                continue
            name = "seed %d step %d: %s: %s" % (seed, step, role, sql)
            tally.check(name, "" if want == got else "%s instead of %s" % (got, want))
        want, got = (s.lists() for s in sides)
        tally.check("seed %d step %d: lists after %s" % (seed, step, what[0]), "" if want == got else "%s instead of %s" % (
            sorted(set(got) - set(want)), sorted(set(want) - set(got))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tally = Tally("server/privilege_differential")
    with Postgres() as pg, Server() as tarn:
        sides = [Side("host=127.0.0.1 port=%d user=postgres dbname=postgres" % pg.port), Side(tarn.dsn())]
        for s in sides:
            s.cursor.execute("CREATE DATABASE pd_base")
            s.cursor.execute(SETUP)
        history(sides, random.Random(args.seed), args.steps, tally, args.seed)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
