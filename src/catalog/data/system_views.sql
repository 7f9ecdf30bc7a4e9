-- Views of pg_catalog, with PostgreSQL 15's columns. Run once in every new database; every name is
-- qualified, since the text is kept as it stands. AS ends its line: see ddl_create_view.

CREATE VIEW pg_catalog.pg_roles AS
SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,
       r.rolreplication, r.rolconnlimit, '********'::text AS rolpassword, r.rolvaliduntil,
       r.rolbypassrls, s.setconfig AS rolconfig, r.oid
FROM pg_catalog.pg_authid r
LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0::oid;

CREATE VIEW pg_catalog.pg_shadow AS
SELECT r.rolname AS usename, r.oid AS usesysid, r.rolcreatedb AS usecreatedb, r.rolsuper AS usesuper,
       r.rolreplication AS userepl, r.rolbypassrls AS usebypassrls, r.rolpassword AS passwd,
       r.rolvaliduntil AS valuntil, s.setconfig AS useconfig
FROM pg_catalog.pg_authid r
LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0::oid
WHERE r.rolcanlogin;

CREATE VIEW pg_catalog.pg_user AS
SELECT s.usename, s.usesysid, s.usecreatedb, s.usesuper, s.userepl, s.usebypassrls,
       '********'::text AS passwd, s.valuntil, s.useconfig
FROM pg_catalog.pg_shadow s;

CREATE VIEW pg_catalog.pg_group AS
SELECT r.rolname AS groname, r.oid AS grosysid,
       ARRAY(SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid) AS grolist
FROM pg_catalog.pg_authid r
WHERE NOT r.rolcanlogin;

CREATE VIEW pg_catalog.pg_tables AS
SELECT n.nspname AS schemaname, c.relname AS tablename,
       pg_catalog.pg_get_userbyid(c.relowner) AS tableowner, t.spcname AS tablespace,
       c.relhasindex AS hasindexes, c.relhasrules AS hasrules, c.relhastriggers AS hastriggers,
       c.relrowsecurity AS rowsecurity
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind IN ('r'::"char", 'p'::"char");

CREATE VIEW pg_catalog.pg_views AS
SELECT n.nspname AS schemaname, c.relname AS viewname,
       pg_catalog.pg_get_userbyid(c.relowner) AS viewowner, pg_catalog.pg_get_viewdef(c.oid) AS definition
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v'::"char";

CREATE VIEW pg_catalog.pg_indexes AS
SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname,
       t.spcname AS tablespace, pg_catalog.pg_get_indexdef(i.oid) AS indexdef
FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = i.reltablespace
WHERE c.relkind IN ('r'::"char", 'm'::"char", 'p'::"char");
