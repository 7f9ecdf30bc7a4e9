-- GRANT and REVOKE of EXECUTE on the functions of the system.
CREATE ROLE bp_a;
CREATE ROLE bp_b;
SELECT oid::regprocedure, proacl FROM pg_proc
WHERE proname IN ('pg_ls_logdir', 'pg_ls_waldir', 'pg_get_shmem_allocations', 'pg_reload_conf', 'pg_stat_file', 'upper')
ORDER BY oid;
REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) TO bp_b WITH GRANT OPTION;
SELECT count(*), min(proacl::text) FROM pg_proc WHERE proname = 'pg_sleep';
SELECT has_function_privilege('bp_a', 'pg_sleep(float8)', 'execute') AS a,
       has_function_privilege('bp_b', 'pg_sleep(float8)', 'execute with grant option') AS b,
       has_function_privilege('public', 'pg_sleep(float8)', 'execute') AS everybody;
GRANT EXECUTE ON FUNCTION pg_reload_conf TO bp_a;
GRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_ls_logdir() TO bp_a;
REVOKE EXECUTE ON FUNCTION pg_ls_logdir() FROM pg_monitor;
GRANT EXECUTE ON FUNCTION nope(int) TO bp_a;
GRANT EXECUTE ON FUNCTION pg_catalog.nope(int) TO bp_a;
GRANT EXECUTE ON FUNCTION sum TO bp_a;
GRANT EXECUTE ON FUNCTION sum(int) TO bp_a;
GRANT EXECUTE ON PROCEDURE sum(int) TO bp_a;
SELECT oid::regprocedure, proacl FROM pg_proc
WHERE proname IN ('pg_reload_conf', 'pg_switch_wal', 'pg_ls_logdir', 'pg_sleep') OR oid = 'sum(int)'::regprocedure
ORDER BY oid;
SET ROLE bp_a;
SELECT pg_sleep(0);
SELECT pg_reload_conf();
GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO PUBLIC;
GRANT EXECUTE ON FUNCTION upper(text) TO PUBLIC;
SELECT upper('a'), sum(1);
SET ROLE bp_b;
SELECT pg_sleep(0);
GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO bp_a;
SET ROLE bp_a;
SELECT pg_sleep(0);
RESET ROLE;
SELECT proacl FROM pg_proc WHERE proname = 'pg_sleep';
DROP ROLE bp_a;
SELECT 'pg_sleep'::regproc, 'pg_sleep(float8)'::regprocedure;
SELECT objoid::regproc, privtype, initprivs FROM pg_init_privs
WHERE classoid = 'pg_proc'::regclass AND objoid IN ('pg_ls_waldir'::regproc, 'pg_ls_logdir'::regproc, 'pg_sleep'::regproc)
ORDER BY 1;
-- within a transaction, and plans that were made before
PREPARE up(text) AS SELECT upper($1);
SET ROLE bp_b;
EXECUTE up('x');
RESET ROLE;
BEGIN;
REVOKE EXECUTE ON FUNCTION upper(text) FROM PUBLIC;
SET ROLE bp_b;
SELECT upper('x');
ROLLBACK;
RESET ROLE;
SET ROLE bp_b;
SELECT upper('x');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION upper(text) FROM PUBLIC;
SET ROLE bp_b;
EXECUTE up('x');
SELECT lower('X'), upper('x');
RESET ROLE;
GRANT EXECUTE ON FUNCTION upper(text) TO PUBLIC;
SET ROLE bp_b;
EXECUTE up('x');
RESET ROLE;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pg_catalog FROM bp_b;
DROP OWNED BY bp_a, bp_b;
DROP ROLE bp_a, bp_b;
GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO PUBLIC;
GRANT EXECUTE ON FUNCTION pg_ls_logdir() TO pg_monitor;
SELECT oid::regprocedure, proacl FROM pg_proc
WHERE proname IN ('pg_reload_conf', 'pg_switch_wal', 'pg_ls_logdir', 'pg_sleep', 'upper') OR oid = 'sum(int)'::regprocedure
ORDER BY oid;
