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

-- what objects are called in the whole database, there and back
CREATE SCHEMA "Ident";
CREATE TABLE "Ident".t (a int PRIMARY KEY CHECK (a > 0), "B b" text DEFAULT 'x', c text);
CREATE DOMAIN "Ident".dm AS int CONSTRAINT pos CHECK (value > 0);
CREATE VIEW "Ident".v AS SELECT a FROM "Ident".t;
CREATE POLICY p1 ON "Ident".t;
CREATE FUNCTION "Ident".f(int, text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE "Ident".pr(numeric) LANGUAGE sql AS 'SELECT 1';
WITH named(type, names, args) AS (VALUES
    ('table', '{Ident,t}'::text[], '{}'::text[]), ('index', '{Ident,t_pkey}', '{}'),
    ('view', '{Ident,v}', '{}'), ('table column', '{Ident,t,B b}', '{}'),
    ('table constraint', '{Ident,t,t_a_check}', '{}'), ('rule', '{Ident,v,_RETURN}', '{}'),
    ('policy', '{Ident,t,p1}', '{}'), ('default value', '{Ident,t,B b}', '{}'),
    ('type', '{"\"Ident\".dm"}', '{}'), ('type', '{"integer[]"}', '{}'),
    ('domain constraint', '{"\"Ident\".dm"}', '{pos}'),
    ('function', '{Ident,f}', '{int4,"text[]"}'), ('procedure', '{Ident,pr}', '{numeric}'),
    ('aggregate', '{sum}', '{float8}'), ('cast', '{int4}', '{int8}'),
    ('operator', '{pg_catalog,+}', '{int4,int4}'), ('operator class', '{btree,int4_ops}', '{}'),
    ('operator family', '{hash,pg_catalog,integer_ops}', '{}'),
    ('operator of access method', '{btree,integer_ops,1}', '{int4,int8}'),
    ('function of access method', '{btree,integer_ops,1}', '{int4,int8}'),
    ('collation', '{pg_catalog,C}', '{}'), ('schema', '{Ident}', '{}'),
    ('role', '{pg_monitor}', '{}'), ('language', '{sql}', '{}'),
    ('access method', '{gin}', '{}'), ('tablespace', '{pg_default}', '{}'))
SELECT i.*, b.object_names, b.object_args
FROM named, pg_get_object_address(type, names, args) a,
     pg_identify_object(a.classid, a.objid, a.objsubid) i,
     pg_identify_object_as_address(a.classid, a.objid, a.objsubid) b;
SELECT * FROM pg_get_object_address('foo', '{a}', '{}');
SELECT * FROM pg_get_object_address('view column', '{a}', '{}');
SELECT * FROM pg_get_object_address('table', '{a,b,c,d}', '{}');
SELECT * FROM pg_get_object_address('table', '{}', '{}');
SELECT * FROM pg_get_object_address('table', '{a,NULL}', '{}');
SELECT * FROM pg_get_object_address('table', '{nope,t}', '{}');
SELECT * FROM pg_get_object_address('table', '{Ident,nope}', '{}');
SELECT * FROM pg_get_object_address('view', '{Ident,t}', '{}');
SELECT * FROM pg_get_object_address('table column', '{t}', '{}');
SELECT * FROM pg_get_object_address('table column', '{Ident,t,zz}', '{}');
SELECT * FROM pg_get_object_address('policy', '{Ident,t,zz}', '{}');
SELECT * FROM pg_get_object_address('default value', '{Ident,t,a}', '{}');
SELECT * FROM pg_get_object_address('domain constraint', '{"\"Ident\".dm"}', '{zz}');
SELECT * FROM pg_get_object_address('schema', '{zz}', '{}');
SELECT * FROM pg_get_object_address('cast', '{int}', '{box}');
SELECT * FROM pg_get_object_address('operator', '{@@@@}', '{int,text}');
SELECT * FROM pg_get_object_address('operator class', '{btree,zz}', '{}');
SELECT * FROM pg_get_object_address('operator of access method', '{btree,integer_ops,99}', '{int4,int4}');
SELECT * FROM pg_get_object_address('default acl', '{postgres}', '{z}');
SELECT * FROM pg_get_object_address('large object', '{55}', '{}');
SELECT * FROM pg_get_object_address('function', '{zz}', '{int}');
SELECT * FROM pg_get_object_address('aggregate', '{Ident,f}', '{int,"text[]"}');
SELECT * FROM pg_get_object_address('server', '{zz}', '{}');
SELECT * FROM pg_identify_object('pg_class'::regclass, 9999999, 0);
SELECT * FROM pg_identify_object('pg_class'::regclass, '"Ident".t'::regclass, 99);
SELECT * FROM pg_identify_object_as_address('pg_proc'::regclass, 9999999, 0);
SELECT * FROM pg_identify_object(9999999, 1, 0);
DROP SCHEMA "Ident" CASCADE;

SELECT name, pg_settings_get_flags(name)
FROM (VALUES ('work_mem'), ('search_path'), ('ROLE'), ('nope'), ('geqo_seed')) v(name);
SELECT * FROM pg_control_recovery();
SELECT max_data_alignment, database_block_size, max_identifier_length, max_index_columns,
       large_object_chunk_size, float8_pass_by_value FROM pg_control_init();
SELECT pg_control_version, catalog_version_no, system_identifier > 0 FROM pg_control_system();
SELECT timeline_id, prev_timeline_id, checkpoint_lsn <= pg_current_wal_lsn()
FROM pg_control_checkpoint();
SELECT pg_walfile_name(pg_current_wal_lsn()) IN (SELECT name FROM pg_ls_waldir());
SELECT file_name IN (SELECT name FROM pg_ls_waldir()), file_offset >= 0
FROM pg_walfile_name_offset(pg_current_wal_lsn());
SELECT age('3'::xid) > 0, age('0'::xid), mxid_age('0'::xid), mxid_age('1'::xid);
SELECT max(age(datfrozenxid)) BETWEEN 0 AND 1000000000 FROM pg_database;
SELECT max(age(relfrozenxid)) BETWEEN 0 AND 1000000000, count(*) FILTER (WHERE relminmxid = '0') FROM pg_class WHERE relkind = 'r';
SELECT xid('4294967301'::xid8), oidvectortypes('23 25 1043 1009');
SELECT pg_promote();
SELECT pg_rotate_logfile();
SELECT pg_extension_config_dump('pg_class', '');
SELECT pg_partition_root('pg_class'), pg_filenode_relation(0, 99999), pg_ts_config_is_visible(0);
