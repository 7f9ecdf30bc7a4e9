-- Large objects: functions, descriptors, privileges, catalogs.

-- Made, and not twice.
SELECT lo_create(4001), lo_create(4002);
SELECT lo_create(4001);
SELECT lo_creat(-1) > 16383 AS numbered, lo_create(0) > 16383 AS by_zero;
SELECT lo_from_bytea(4003, 'some bytes'::bytea);
SELECT lo_from_bytea(4003, 'others'::bytea);
SELECT lo_from_bytea(0, '') > 16383 AS empty;
SELECT lo_create(4294967295);
SELECT lo_unlink(4294967295);
SELECT lo_create(NULL), lo_from_bytea(NULL, ''), lo_get(NULL), lo_unlink(NULL);

-- As values.
SELECT lo_get(4003);
SELECT lo_get(4003, 5, 3), lo_get(4003, 5, 100), lo_get(4003, 100, 1), lo_get(4003, 0, 0);
SELECT lo_get(4003, 0, -1);
SELECT lo_get(4003, -1, 1);
SELECT lo_get(4999);
SELECT lo_put(4003, 5, 'BYTES');
SELECT lo_get(4003);
SELECT lo_put(4003, 12, 'beyond');
SELECT lo_get(4003);
SELECT lo_put(4003, -1, 'x');
SELECT lo_put(4999, 0, 'x');
SELECT lo_put(4003, 4398046511104, 'x');
SELECT lo_put(4003, 4398046509056, 'x');
-- A statement sees objects as they were when it began.
SELECT lo_get(lo_from_bytea(4004, 'now'));
SELECT lo_put(4003, 0, 'S'), lo_get(4003, 0, 1);
SELECT lo_get(4003, 0, 1);

-- Pages of 2 kB, and what was never written.
SELECT lo_from_bytea(4010, convert_to(repeat('0123456789', 700), 'UTF8'));
SELECT loid, pageno, length(data) FROM pg_largeobject WHERE loid = 4010 ORDER BY pageno;
SELECT lo_put(4010, 2040, convert_to(repeat('x', 20), 'UTF8'));
SELECT lo_get(4010, 2035, 30);
SELECT lo_put(4010, 20000, 'end');
SELECT pageno, length(data) FROM pg_largeobject WHERE loid = 4010 ORDER BY pageno;
SELECT length(lo_get(4010)), lo_get(4010, 6995, 20), lo_get(4010, 19990, 100);
SELECT md5(lo_get(4010));

-- Descriptors.
BEGIN;
SELECT lo_open(4003, x'20000'::int), lo_open(4003, x'40000'::int), lo_open(4010, x'60000'::int);
SELECT loread(0, 4), loread(0, 100), loread(0, 1), loread(1, -5), loread(1, 0);
SELECT lo_tell(0), lo_tell64(1), lo_lseek(0, 2, 0), lo_lseek(0, 3, 1), lo_lseek64(0, -3, 2);
SELECT loread(0, 10), lo_tell(0);
SELECT lo_lseek(0, 0, 0), lowrite(0, 'first'), lo_tell(0), lowrite(0, ''), lo_tell(0);
SELECT lo_get(4003), loread(1, 100);
SELECT lo_lseek64(2, 3000000000, 0), lo_tell64(2);
SAVEPOINT a;
SELECT lo_tell(2);
ROLLBACK TO a;
SELECT lo_lseek(2, 0, 1);
ROLLBACK TO a;
SELECT lo_lseek(2, 0, 3);
ROLLBACK TO a;
SELECT lo_lseek(2, -1, 0);
ROLLBACK TO a;
SELECT lo_lseek64(2, 4398046509057, 0);
ROLLBACK TO a;
SELECT lo_lseek64(2, 9223372036854775807, 1);
ROLLBACK TO a;
SELECT lo_lseek64(2, 4398046509056, 0), lowrite(2, '');
SELECT lowrite(2, 'x');
ROLLBACK TO a;
SELECT lowrite(1, 'x');
ROLLBACK TO a;
SELECT lo_truncate(1, 0);
ROLLBACK TO a;
SELECT loread(7, 1);
ROLLBACK TO a;
SELECT lo_open(4003, 0);
ROLLBACK TO a;
SELECT lo_open(4999, x'20000'::int);
ROLLBACK TO a;
SELECT lo_close(1);
SELECT lo_close(1);
ROLLBACK TO a;
SELECT lo_open(4002, x'40000'::int);
ROLLBACK TO a;
SELECT lo_tell(1);
ROLLBACK TO a;
SELECT lo_open(4002, x'40000'::int);
RELEASE a;
SELECT lo_tell(1);
SELECT lo_close(-1);
ROLLBACK;
SELECT lo_get(4003);
SELECT lo_open(4003, x'40000'::int);
SELECT loread(0, 1);

-- The descriptor of a reader keeps what it saw.
BEGIN;
SELECT lo_open(4003, x'40000'::int), lo_open(4003, x'20000'::int);
SELECT lo_put(4003, 0, 'later');
SELECT loread(0, 5), loread(1, 5);
SELECT lo_truncate(1, 2), lo_lseek(1, 0, 0), loread(1, 10);
SELECT loread(0, 10), lo_get(4003);
COMMIT;
BEGIN;
DECLARE c CURSOR FOR SELECT lo_get(4003);
SELECT lo_put(4003, 0, 'zz');
FETCH c;
COMMIT;

-- Truncation both ways.
BEGIN;
SELECT lo_open(4010, x'20000'::int);
SELECT lo_truncate(0, 7001);
SELECT pageno, length(data) FROM pg_largeobject WHERE loid = 4010 ORDER BY pageno;
SELECT lo_truncate64(0, 4096);
SELECT pageno, length(data) FROM pg_largeobject WHERE loid = 4010 ORDER BY pageno;
SELECT lo_truncate64(0, 3000000000);
SELECT lo_lseek64(0, 0, 2);
SELECT pageno, length(data) FROM pg_largeobject WHERE loid = 4010 ORDER BY pageno;
SELECT lo_get(4010, 4090, 10);
SAVEPOINT a;
SELECT lo_get(4010);
ROLLBACK TO a;
SELECT lo_truncate(0, -1);
ROLLBACK TO a;
SELECT lo_truncate64(0, 4398046509057);
ROLLBACK TO a;
SELECT lo_truncate64(0, 4398046509056), lo_lseek64(0, 0, 2);
SELECT lo_truncate(0, 0), lo_lseek(0, 0, 2), loread(0, 1);
SELECT lo_unlink(4010);
SELECT lo_tell(0);
ROLLBACK;
SELECT pageno, length(data) FROM pg_largeobject WHERE loid = 4010 ORDER BY pageno;

-- Undone with the transaction or the savepoint.
BEGIN;
SELECT lo_create(4020);
SAVEPOINT a;
SELECT lo_from_bytea(4021, 'a');
SELECT lo_unlink(4003);
SELECT lo_get(4003);
ROLLBACK TO a;
SELECT lo_get(4003);
COMMIT;
SELECT oid FROM pg_largeobject_metadata WHERE oid IN (4003, 4020, 4021) ORDER BY oid;

-- Many in one statement.
CREATE TABLE picture (id int PRIMARY KEY, raster oid);
INSERT INTO picture SELECT i, lo_from_bytea((5000 + i)::oid, convert_to(repeat('p', i * 100), 'UTF8')) FROM generate_series(1, 50) i;
SELECT sum(length(lo_get(raster))), count(*) FROM picture;
SELECT count(*), count(DISTINCT loid) FROM pg_largeobject WHERE loid BETWEEN 5000 AND 5100;
SELECT count(lo_unlink(raster)) FROM picture WHERE id > 10;
SELECT count(*), count(DISTINCT loid) FROM pg_largeobject WHERE loid BETWEEN 5000 AND 5100;
SELECT count(*) FROM pg_largeobject_metadata WHERE oid BETWEEN 5000 AND 5100;
ALTER TABLE picture ADD made oid DEFAULT lo_create(5200);
INSERT INTO picture VALUES (100, 0) RETURNING made;
TRUNCATE picture;
INSERT INTO picture VALUES (100, 0) RETURNING made;
INSERT INTO picture SELECT 101, 0, 5000 RETURNING lo_get(5001, 0, 3);

-- Comments and descriptions.
COMMENT ON LARGE OBJECT 4003 IS 'A comment';
COMMENT ON LARGE OBJECT 4999 IS 'none';
COMMENT ON LARGE OBJECT 1.5 IS 'none';
COMMENT ON LARGE OBJECT 99999999999 IS 'none';
COMMENT ON LARGE OBJECT -1 IS 'none';
SELECT obj_description(4003, 'pg_largeobject'), pg_describe_object('pg_largeobject'::regclass, 4003, 0);
SELECT classoid::regclass, objoid, objsubid, description FROM pg_description WHERE objoid = 4003 AND classoid = 'pg_largeobject'::regclass;
SELECT lo_unlink(4003);
SELECT count(*) FROM pg_description WHERE objoid = 4003 AND classoid = 'pg_largeobject'::regclass;

-- Privileges.
CREATE ROLE regress_lo_owner;
CREATE ROLE regress_lo_other;
SELECT lo_from_bytea(4030, 'private'), lo_from_bytea(4031, 'shown'), lo_from_bytea(4032, 'open');
GRANT SELECT ON LARGE OBJECT 4031 TO regress_lo_other;
GRANT ALL ON LARGE OBJECT 4032, 4031 TO regress_lo_owner WITH GRANT OPTION;
GRANT UPDATE ON LARGE OBJECT 4032 TO PUBLIC;
GRANT INSERT ON LARGE OBJECT 4031 TO PUBLIC;
GRANT SELECT (a) ON LARGE OBJECT 4031 TO PUBLIC;
GRANT SELECT ON LARGE OBJECT 4999 TO PUBLIC;
SELECT oid, lomacl FROM pg_largeobject_metadata WHERE oid BETWEEN 4030 AND 4039 ORDER BY oid;
SET ROLE regress_lo_other;
SELECT lo_get(4030);
SELECT lo_get(4031);
SELECT lo_put(4031, 0, 'x');
SELECT lo_get(4032);
SELECT lo_put(4032, 0, 'x');
SELECT lo_open(4030, x'40000'::int);
SELECT lo_open(4031, x'20000'::int);
SELECT lo_unlink(4030);
SELECT lo_unlink(4999);
SELECT lo_import('/tmp/none');
SELECT lo_import('/tmp/none', 4050);
SELECT lo_export(4031, '/tmp/none');
COMMENT ON LARGE OBJECT 4030 IS 'mine';
ALTER LARGE OBJECT 4030 OWNER TO regress_lo_other;
GRANT SELECT ON LARGE OBJECT 4030 TO PUBLIC;
GRANT SELECT ON LARGE OBJECT 4031 TO PUBLIC;
SELECT data FROM pg_largeobject;
SELECT oid FROM pg_largeobject_metadata WHERE oid BETWEEN 4030 AND 4039 ORDER BY oid;
SET lo_compat_privileges = on;
SELECT lo_create(4040), lo_get(4040);
SELECT lo_get(4040);
RESET ROLE;
SET lo_compat_privileges = on;
SET ROLE regress_lo_other;
SELECT lo_get(4030);
SELECT lo_put(4031, 0, 'X');
RESET ROLE;
RESET lo_compat_privileges;
SET ROLE regress_lo_owner;
GRANT SELECT ON LARGE OBJECT 4032 TO regress_lo_other;
REVOKE GRANT OPTION FOR ALL ON LARGE OBJECT 4032 FROM regress_lo_other;
SELECT lo_get(4032);
RESET ROLE;
REVOKE ALL ON LARGE OBJECT 4032 FROM regress_lo_owner;
REVOKE ALL ON LARGE OBJECT 4032 FROM regress_lo_owner CASCADE;
SELECT oid, lomacl FROM pg_largeobject_metadata WHERE oid BETWEEN 4030 AND 4039 ORDER BY oid;

-- Owners.
ALTER LARGE OBJECT 4031 OWNER TO regress_lo_owner;
ALTER LARGE OBJECT 4999 OWNER TO regress_lo_owner;
ALTER LARGE OBJECT 4031 OWNER TO regress_lo_nobody;
SELECT oid, lomowner::regrole, lomacl FROM pg_largeobject_metadata WHERE oid BETWEEN 4030 AND 4049 ORDER BY oid;
SET ROLE regress_lo_owner;
ALTER LARGE OBJECT 4031 OWNER TO regress_lo_other;
SELECT lo_put(4031, 0, 'own'), lo_create(4041);
SELECT lo_unlink(4041);
RESET ROLE;
DROP ROLE regress_lo_owner;
DROP ROLE regress_lo_other;
REASSIGN OWNED BY regress_lo_owner TO regress_lo_other;
SELECT oid, lomowner::regrole, lomacl FROM pg_largeobject_metadata WHERE oid BETWEEN 4030 AND 4049 ORDER BY oid;
DROP OWNED BY regress_lo_owner;
DROP OWNED BY regress_lo_other;
SELECT oid, lomowner, lomacl FROM pg_largeobject_metadata WHERE oid BETWEEN 4030 AND 4049 ORDER BY oid;
SELECT DISTINCT loid FROM pg_largeobject WHERE loid BETWEEN 4030 AND 4049 ORDER BY loid;
DROP ROLE regress_lo_owner;
DROP ROLE regress_lo_other;

-- Files of the server.
SELECT lo_import('/nowhere/file');
SELECT lo_export(4031, '/nowhere/file');
SELECT lo_import('/');
SELECT lo_export(4032, '/');
\! rm -f /tmp/pgregress_large_object
SELECT lo_export(4032, '/tmp/pgregress_large_object');
SELECT lo_import('/tmp/pgregress_large_object', 4060);
SELECT lo_get(4060), lo_import('/tmp/pgregress_large_object') > 16383;
SELECT lo_import('/tmp/pgregress_large_object', 4060);
\! rm -f /tmp/pgregress_large_object

-- The catalogs, and what is not there.
\d pg_catalog.pg_largeobject
\d pg_catalog.pg_largeobject_metadata
SELECT has_table_privilege('public', 'pg_largeobject', 'SELECT'), has_table_privilege('public', 'pg_largeobject_metadata', 'SELECT');
SELECT acldefault('L', 10);
SELECT has_largeobject_privilege(4032, 'SELECT');
\df lo*
SELECT count(lo_unlink(oid)) > 0 FROM pg_largeobject_metadata;
SELECT count(*) FROM pg_largeobject;
\lo_list
