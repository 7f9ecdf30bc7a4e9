-- Roles: attributes, membership, SET ROLE, SET SESSION AUTHORIZATION, DROP OWNED, REASSIGN OWNED.
CREATE ROLE rg_plain;
CREATE USER rg_user;
CREATE GROUP rg_group;
CREATE ROLE rg_plain;
CREATE ROLE pg_other;
CREATE ROLE rg_all SUPERUSER CREATEDB CREATEROLE NOINHERIT LOGIN REPLICATION BYPASSRLS CONNECTION LIMIT 7 VALID UNTIL '2030-01-01 00:00:00+00';
CREATE ROLE rg_none NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOLOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE rg_bad LOGIN LOGIN;
CREATE ROLE rg_bad CONNECTION LIMIT -2;
CREATE ROLE rg_bad VALID UNTIL 'soon';
CREATE ROLE rg_bad SYSID 3 IN ROLE rg_nobody;
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolvaliduntil
  FROM pg_roles WHERE rolname LIKE 'rg%' ORDER BY 1;
-- passwords
CREATE ROLE rg_pw LOGIN PASSWORD 'secret';
SELECT rolpassword LIKE 'SCRAM-SHA-256$4096:%$%:%' AS scram, length(rolpassword) FROM pg_authid WHERE rolname = 'rg_pw';
ALTER ROLE rg_pw PASSWORD NULL;
SELECT rolpassword FROM pg_authid WHERE rolname = 'rg_pw';
ALTER ROLE rg_pw PASSWORD '';
ALTER ROLE rg_pw ENCRYPTED PASSWORD 'SCRAM-SHA-256$4096:A1B2C3D4E5F6G7H8I9J0AA==$cQbH6dMbPXUjF0KRsCJBHZMTB2QKbRZyF2qMrxMNlOM=:cQbH6dMbPXUjF0KRsCJBHZMTB2QKbRZyF2qMrxMNlOM=';
SELECT rolpassword FROM pg_authid WHERE rolname = 'rg_pw';
SELECT usename, passwd FROM pg_user WHERE usename = 'rg_pw';
-- altering
ALTER ROLE rg_plain LOGIN CREATEDB;
ALTER USER rg_plain WITH NOLOGIN CONNECTION LIMIT 3;
ALTER ROLE rg_nobody LOGIN;
ALTER ROLE pg_monitor LOGIN;
ALTER ROLE rg_plain RENAME TO rg_user;
ALTER ROLE rg_plain RENAME TO pg_plain;
ALTER ROLE rg_plain RENAME TO rg_renamed;
ALTER ROLE postgres RENAME TO rg_pg;
SELECT rolname, rolcreatedb, rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = 'rg_renamed';
-- membership
GRANT rg_group TO rg_user, rg_renamed WITH ADMIN OPTION;
GRANT rg_group TO rg_user;
GRANT rg_user TO rg_group;
GRANT rg_group TO rg_group;
GRANT rg_nobody TO rg_user;
GRANT rg_group TO rg_nobody;
REVOKE rg_group FROM rg_none;
REVOKE ADMIN OPTION FOR rg_group FROM rg_user;
SELECT r.rolname, m.rolname, g.rolname, admin_option FROM pg_auth_members
  JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = grantor
  WHERE r.rolname LIKE 'rg%' ORDER BY 1, 2;
ALTER GROUP rg_group ADD USER rg_none;
ALTER GROUP rg_group DROP USER rg_none, rg_pw;
CREATE ROLE rg_child IN ROLE rg_group ROLE rg_pw ADMIN rg_none;
SELECT r.rolname, m.rolname, admin_option FROM pg_auth_members
  JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE r.rolname LIKE 'rg%' ORDER BY 1, 2;
SELECT pg_has_role('rg_pw', 'rg_group', 'member'), pg_has_role('rg_pw', 'rg_group', 'usage'),
       pg_has_role('rg_none', 'rg_child', 'member with admin option'), pg_has_role('rg_user', 'rg_child', 'member');
GRANT pg_database_owner TO rg_user;
GRANT rg_user TO pg_database_owner;
-- who may
SET ROLE rg_user;
SELECT current_user, session_user, current_setting('is_superuser');
CREATE ROLE rg_x;
ALTER ROLE rg_pw LOGIN;
ALTER ROLE rg_user PASSWORD 'mine';
ALTER ROLE rg_user CREATEDB;
ALTER ROLE rg_user SUPERUSER;
DROP ROLE rg_pw;
GRANT rg_group TO rg_pw;
GRANT rg_child TO rg_pw;
CREATE DATABASE rg_db;
SET log_statement = 'all';
RESET ROLE;
SELECT current_user, session_user, current_setting('is_superuser');
SET ROLE rg_renamed;
GRANT rg_group TO rg_pw;
REVOKE rg_group FROM rg_pw;
RESET ROLE;
CREATE ROLE rg_creator CREATEROLE;
SET ROLE rg_creator;
CREATE ROLE rg_made CREATEDB;
CREATE ROLE rg_super SUPERUSER;
CREATE ROLE rg_repl REPLICATION;
CREATE ROLE rg_rls BYPASSRLS;
ALTER ROLE rg_all NOSUPERUSER;
ALTER ROLE rg_made NOCREATEDB;
ALTER ROLE rg_made SUPERUSER;
ALTER ROLE rg_all RENAME TO rg_all2;
GRANT rg_made TO rg_user;
GRANT rg_all TO rg_user;
DROP ROLE rg_all;
DROP ROLE rg_creator;
DROP ROLE rg_made;
SET ROLE rg_all;
RESET ROLE;
-- session authorization
SET SESSION AUTHORIZATION rg_user;
SELECT current_user, session_user;
SET ROLE rg_group;
SELECT current_user, session_user;
SET ROLE rg_none;
SET ROLE none;
SELECT current_user, session_user;
SET SESSION AUTHORIZATION rg_pw;
SELECT current_user, session_user, current_setting('is_superuser');
SET SESSION AUTHORIZATION rg_nobody;
RESET SESSION AUTHORIZATION;
SELECT current_user = session_user;
BEGIN;
SET LOCAL ROLE rg_user;
SELECT current_user;
COMMIT;
SELECT current_user = session_user;
BEGIN;
SET ROLE rg_user;
SELECT current_user;
ROLLBACK;
SELECT current_user = session_user;
-- dropping
CREATE SCHEMA rg_s AUTHORIZATION rg_user;
CREATE TABLE rg_t (a int);
ALTER TABLE rg_t OWNER TO rg_user;
DROP ROLE rg_user;
REASSIGN OWNED BY rg_user TO rg_pw;
SELECT tableowner FROM pg_tables WHERE tablename = 'rg_t';
SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'rg_s';
DROP ROLE rg_pw, rg_user;
DROP OWNED BY rg_pw;
SELECT count(*) FROM pg_tables WHERE tablename = 'rg_t';
DROP ROLE rg_pw, rg_user;
DROP ROLE rg_pw;
DROP ROLE IF EXISTS rg_pw, rg_group;
DROP ROLE pg_monitor;
DROP ROLE current_user;
DROP ROLE postgres;
SELECT count(*) FROM pg_auth_members WHERE roleid NOT IN (SELECT oid FROM pg_roles);
REASSIGN OWNED BY postgres TO rg_child;
DROP OWNED BY postgres;
\du rg_*
DROP ROLE rg_child, rg_renamed, rg_all, rg_none, rg_creator;
