-- ALTER DEFAULT PRIVILEGES: what new objects begin with.
CREATE ROLE dp_owner;
CREATE ROLE dp_reader;
CREATE ROLE dp_other;
CREATE SCHEMA dp_a AUTHORIZATION dp_owner;
CREATE SCHEMA dp_b AUTHORIZATION dp_owner;
SET ROLE dp_owner;
CREATE TABLE dp_a.before (a int);
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO dp_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA dp_a GRANT INSERT, UPDATE ON TABLES TO dp_reader, dp_other;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO dp_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA dp_b GRANT EXECUTE ON ROUTINES TO dp_reader;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO dp_other;
SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 1, 3, defaclnamespace::regnamespace::text;
\ddp
CREATE TABLE dp_a.t (a int, b int);
CREATE TABLE dp_b.t (a int);
CREATE VIEW dp_a.v AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW dp_b.m AS SELECT 1 AS one;
CREATE SEQUENCE dp_b.s;
CREATE INDEX ON dp_b.t (a);
CREATE FUNCTION dp_a.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION dp_b.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE dp_b.p() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE dp_b.g(int) (SFUNC = int4pl, STYPE = int);
CREATE TYPE dp_a.e AS ENUM ('x');
CREATE DOMAIN dp_a.d AS int;
CREATE TYPE dp_a.c AS (x int);
SELECT relname, relnamespace::regnamespace, relacl FROM pg_class WHERE relnamespace IN ('dp_a'::regnamespace, 'dp_b'::regnamespace) ORDER BY 1, relnamespace::regnamespace::text;
SELECT proname, pronamespace::regnamespace, proacl FROM pg_proc WHERE pronamespace IN ('dp_a'::regnamespace, 'dp_b'::regnamespace) ORDER BY 1, pronamespace::regnamespace::text;
SELECT typname, typacl FROM pg_type WHERE typnamespace = 'dp_a'::regnamespace ORDER BY 1;
SELECT has_table_privilege('dp_reader', 'dp_a.t', 'INSERT'), has_table_privilege('dp_reader', 'dp_b.t', 'INSERT'),
       has_table_privilege('dp_reader', 'dp_a.before', 'SELECT'), has_function_privilege('dp_other', 'dp_a.f()', 'EXECUTE');
-- Replacing a function keeps its privileges and its owner.
GRANT EXECUTE ON FUNCTION dp_a.f() TO dp_other;
CREATE OR REPLACE FUNCTION dp_a.f() RETURNS int LANGUAGE sql AS 'SELECT 2';
RESET ROLE;
CREATE OR REPLACE FUNCTION dp_a.f() RETURNS int LANGUAGE sql AS 'SELECT 3';
SELECT proowner::regrole, proacl FROM pg_proc WHERE oid = 'dp_a.f()'::regprocedure;
-- For whom, by whom.
SET ROLE dp_other;
ALTER DEFAULT PRIVILEGES FOR ROLE dp_owner GRANT SELECT ON TABLES TO dp_other;
ALTER DEFAULT PRIVILEGES FOR ROLE dp_other, dp_owner GRANT SELECT ON TABLES TO dp_other;
CREATE TABLE pg_temp.mine (a int);
SELECT relacl FROM pg_class WHERE relname = 'mine';
RESET ROLE;
ALTER DEFAULT PRIVILEGES FOR USER dp_owner IN SCHEMA dp_a, dp_b GRANT DELETE ON TABLES TO dp_other;
ALTER DEFAULT PRIVILEGES FOR ROLE dp_owner IN SCHEMA dp_a REVOKE ALL PRIVILEGES ON TABLES FROM dp_other;
ALTER DEFAULT PRIVILEGES FOR ROLE dp_owner REVOKE GRANT OPTION FOR USAGE ON SEQUENCES FROM dp_reader;
SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 1::text, 3, defaclnamespace::regnamespace::text;
-- What says nothing more has no row.
ALTER DEFAULT PRIVILEGES FOR ROLE dp_owner GRANT USAGE ON TYPES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE dp_owner IN SCHEMA dp_b REVOKE DELETE ON TABLES FROM dp_other;
ALTER DEFAULT PRIVILEGES FOR ROLE dp_owner IN SCHEMA dp_b REVOKE SELECT ON TABLES FROM dp_other;
SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype FROM pg_default_acl ORDER BY 1::text, 3, defaclnamespace::regnamespace::text;
-- Errors.
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TABLES TO dp_reader;
ALTER DEFAULT PRIVILEGES GRANT CREATE ON TYPES TO dp_reader;
ALTER DEFAULT PRIVILEGES GRANT INSERT ON SEQUENCES TO dp_reader;
ALTER DEFAULT PRIVILEGES GRANT frob ON TABLES TO dp_reader;
ALTER DEFAULT PRIVILEGES GRANT SELECT (a) ON TABLES TO dp_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA dp_a GRANT USAGE ON SCHEMAS TO dp_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA nope GRANT SELECT ON TABLES TO dp_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE nobody GRANT SELECT ON TABLES TO dp_reader;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO nobody;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA dp_a IN SCHEMA dp_b GRANT SELECT ON TABLES TO dp_reader;
-- Roles and schemas that go.
DROP ROLE dp_reader;
DROP ROLE dp_other;
DROP SCHEMA dp_b CASCADE;
DROP OWNED BY dp_reader, dp_other;
SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 1::text, 3, defaclnamespace::regnamespace::text;
DROP ROLE dp_reader, dp_other;
REASSIGN OWNED BY dp_owner TO CURRENT_USER;
DROP ROLE dp_owner;
DROP OWNED BY dp_owner;
SELECT count(*) FROM pg_default_acl;
DROP ROLE dp_owner;
DROP SCHEMA dp_a CASCADE;
