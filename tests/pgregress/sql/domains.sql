-- Domains
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN us_zip AS text CHECK (VALUE ~ '^\d{5}$' OR VALUE ~ '^\d{5}-\d{4}$');
CREATE DOMAIN short AS varchar(5) NOT NULL DEFAULT 'abc';
CREATE DOMAIN money2 numeric(8,2) CONSTRAINT nonneg CHECK (VALUE >= 0) CONSTRAINT small CHECK (VALUE < 1000);
CREATE DOMAIN nn AS int NOT NULL;
CREATE DOMAIN smallpos AS posint CHECK (VALUE < 100);
CREATE DOMAIN posint AS int;
CREATE DOMAIN bad AS nosuch;
CREATE DOMAIN bad AS int CHECK (value > 'x');
CREATE DOMAIN bad AS int CHECK (other > 0);
CREATE DOMAIN bad AS int CHECK (VALUE);
CREATE DOMAIN bad AS int DEFAULT 'x';
CREATE DOMAIN bad AS int DEFAULT 1 DEFAULT 2;
CREATE DOMAIN bad AS int NOT NULL NULL;
CREATE DOMAIN bad AS int UNIQUE;
CREATE DOMAIN bad AS int PRIMARY KEY;
CREATE DOMAIN bad AS int REFERENCES t;
CREATE DOMAIN bad AS int CHECK ((SELECT 1) > 0);
CREATE DOMAIN bad AS int CHECK (sum(VALUE) > 0);
CREATE DOMAIN bad AS anyelement;
CREATE DOMAIN bad AS int COLLATE "C";
CREATE DOMAIN bad AS int CONSTRAINT c CHECK (VALUE > 0) CONSTRAINT c CHECK (VALUE < 9);
SELECT 5::posint, '7'::posint, 5::posint + 1 AS s, pg_typeof(5::posint), pg_typeof(5::posint + 1);
SELECT 0::posint;
SELECT '-3'::posint;
SELECT NULL::posint, NULL::nn;
SELECT NULL::nn;
SELECT CAST(NULL AS nn);
SELECT 150::smallpos;
SELECT (-1)::smallpos;
SELECT 50::smallpos;
SELECT '12345'::us_zip, '12345-6789'::us_zip;
SELECT '1234'::us_zip;
SELECT 'abcdefgh'::short, 'ab'::short;
SELECT 1.005::money2, '3.999'::money2;
SELECT 1000::money2;
SELECT (-1)::money2;
SELECT 123456789::money2;
SELECT 'x'::posint;
SELECT 1.6::posint, '9'::text::posint;
CREATE TABLE t (a posint, b short, c money2, d nn, z us_zip);
INSERT INTO t VALUES (1, 'x', 2.345, 4, '12345');
INSERT INTO t (a, d) VALUES (2, 3);
INSERT INTO t (a) VALUES (2);
INSERT INTO t (a, d) VALUES (0, 1);
INSERT INTO t (a, b, d) VALUES (1, NULL, 1);
INSERT INTO t (a, b, d) VALUES (1, 'toolong', 1);
INSERT INTO t (a, b, d) VALUES (1, 'toolong'::text, 1);
INSERT INTO t (a, c, d) VALUES (1, 99999, 1);
INSERT INTO t (a, c, d) VALUES (1, 999999999, 1);
INSERT INTO t SELECT -1, 'q', 1, 1, NULL;
INSERT INTO t (d, z) VALUES (1, 'zip');
UPDATE t SET a = a - 1;
UPDATE t SET a = a + 1 RETURNING a, b, c, d, z;
UPDATE t SET d = NULL;
UPDATE t SET b = DEFAULT WHERE a = 2;
UPDATE t SET d = DEFAULT;
SELECT * FROM t ORDER BY a;
SELECT a + 1, b || 'x', c * 2, length(z), upper(b) FROM t ORDER BY a;
SELECT * FROM t WHERE a = 2 AND b = 'x' AND c > 1;
SELECT max(a), sum(a), avg(c), array_agg(a ORDER BY a), string_agg(b, ',' ORDER BY b) FROM t;
SELECT a, count(*) FROM t GROUP BY a ORDER BY a DESC;
SELECT coalesce(a, 1), CASE WHEN a > 0 THEN a ELSE 0 END, greatest(a, 3) FROM t ORDER BY 1;
SELECT pg_typeof(a), pg_typeof(coalesce(a, 1)), pg_typeof(a + 1), pg_typeof(b), pg_typeof(max(a)), pg_typeof(array_agg(a)) FROM t GROUP BY a, b LIMIT 1;
SELECT a FROM t UNION SELECT 9 ORDER BY 1;
\d t
\dD
\dD+ posint
SELECT typname, typtype, typcategory, typlen, typbyval, typnotnull, typbasetype::regtype, typtypmod, typndims, typdefault, typinput, typoutput, typreceive, typsend, typarray::regtype
FROM pg_type WHERE typname IN ('posint', 'short', 'money2', 'smallpos') ORDER BY 1;
SELECT conname, contype, contypid::regtype, conrelid, convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE contypid <> 0 AND connamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ORDER BY 1, 3;
COPY t FROM stdin;
5	y	1.5	6	12345
\.
COPY t FROM stdin;
-5	y	1.5	6	12345
\.
COPY t FROM stdin;
5	y	1.5	\N	12345
\.
COPY t FROM stdin;
5	toolong	1.5	1	12345
\.
COPY t (a, d) FROM stdin;
6	7
\.
SELECT * FROM t ORDER BY a, d;
-- arrays
SELECT '{1,2}'::posint[], ARRAY[1, 2]::posint[], ('{3,4}'::posint[])[2], pg_typeof('{1}'::posint[]);
SELECT '{1,-2}'::posint[];
SELECT ARRAY[1, -2]::posint[];
SELECT ARRAY[1::posint, 2::posint], pg_typeof(ARRAY[1::posint]);
CREATE TABLE ta (x posint[], y int[]);
INSERT INTO ta VALUES ('{1,2}', '{3}'), (ARRAY[4], ARRAY[5::posint]);
INSERT INTO ta VALUES ('{0}', NULL);
SELECT * FROM ta;
SELECT x[1] + 1, unnest(x), pg_typeof(x[1]) FROM ta ORDER BY 2;
CREATE DOMAIN intarr AS int[] CHECK (array_length(VALUE, 1) <= 2);
SELECT '{1,2}'::intarr, ('{1,2}'::intarr)[1], '{1,2}'::intarr || 3, array_length('{5}'::intarr, 1);
SELECT '{1,2,3}'::intarr;
SELECT pg_typeof('{1,2}'::intarr), pg_typeof(('{1,2}'::intarr)[1]);
-- keys
CREATE TABLE k (id posint PRIMARY KEY, v us_zip UNIQUE);
INSERT INTO k VALUES (2, '12345'), (1, NULL), (3, '00000');
INSERT INTO k VALUES (2, '11111');
INSERT INTO k VALUES (-2, '11111');
INSERT INTO k VALUES (4, '00000');
SELECT * FROM k ORDER BY id;
SELECT * FROM k WHERE id = 2;
SELECT * FROM k WHERE id > 1 ORDER BY v DESC;
CREATE TABLE kid (p int REFERENCES k, q posint REFERENCES k);
INSERT INTO kid VALUES (1, 2);
INSERT INTO kid VALUES (1, 5);
-- alter
ALTER DOMAIN posint SET DEFAULT 42;
INSERT INTO t (d) VALUES (100) RETURNING a;
ALTER DOMAIN posint DROP DEFAULT;
INSERT INTO t (d) VALUES (101) RETURNING a;
ALTER DOMAIN posint ADD CONSTRAINT lt50 CHECK (VALUE < 50);
ALTER DOMAIN posint ADD CONSTRAINT lt5 CHECK (VALUE < 5);
ALTER DOMAIN posint ADD CONSTRAINT lt5 CHECK (VALUE < 5) NOT VALID;
SELECT 7::posint;
ALTER DOMAIN posint VALIDATE CONSTRAINT lt5;
ALTER DOMAIN posint VALIDATE CONSTRAINT nosuch;
ALTER DOMAIN posint RENAME CONSTRAINT lt5 TO under5;
ALTER DOMAIN posint RENAME CONSTRAINT lt5 TO under5;
SELECT 7::posint;
ALTER DOMAIN posint DROP CONSTRAINT under5;
ALTER DOMAIN posint DROP CONSTRAINT under5;
ALTER DOMAIN posint DROP CONSTRAINT IF EXISTS under5;
ALTER DOMAIN posint ADD CHECK (VALUE <> 13);
ALTER DOMAIN posint ADD CONSTRAINT lt50 CHECK (VALUE < 60);
SELECT 13::posint;
SELECT 60::posint;
ALTER DOMAIN posint SET NOT NULL;
ALTER DOMAIN us_zip SET NOT NULL;
DELETE FROM t WHERE a IS NULL;
ALTER DOMAIN short DROP NOT NULL;
INSERT INTO t (a, b, d) VALUES (1, NULL, 1);
ALTER DOMAIN short SET NOT NULL;
ALTER DOMAIN nosuch SET NOT NULL;
ALTER DOMAIN int4 SET NOT NULL;
ALTER DOMAIN posint RENAME TO positive;
SELECT 0::positive;
\d t
SELECT 0::smallpos;
ALTER TYPE positive RENAME TO posint;
COMMENT ON DOMAIN posint IS 'above zero';
SELECT obj_description('posint'::regtype, 'pg_type');
COMMENT ON DOMAIN nosuch IS 'x';
COMMENT ON CONSTRAINT lt50 ON DOMAIN posint IS 'small';
-- defaults of tables win
CREATE TABLE def (a short, b short DEFAULT 'own', c short NOT NULL);
INSERT INTO def DEFAULT VALUES;
SELECT * FROM def;
\d def
CREATE TABLE chk (a posint CHECK (a > 3), b us_zip DEFAULT '99999'::us_zip);
INSERT INTO chk (a) VALUES (2);
INSERT INTO chk (a) VALUES (4) RETURNING *;
\d chk
CREATE VIEW v AS SELECT a, a + 1 AS a1, '5'::posint AS p FROM chk;
SELECT * FROM v;
\d v
SELECT pg_get_viewdef('v'::regclass);
CREATE TABLE tas AS SELECT a, b FROM t;
\d tas
ALTER TABLE chk ADD COLUMN n posint DEFAULT 7;
SELECT * FROM chk;
ALTER TABLE chk ADD COLUMN n2 nn;
ALTER TABLE chk ADD COLUMN n3 posint DEFAULT -1;
PREPARE p(posint) AS SELECT $1 + 1;
EXECUTE p(3);
EXECUTE p(-3);
-- dropping
DROP DOMAIN posint;
DROP DOMAIN nosuch;
DROP DOMAIN IF EXISTS nosuch;
DROP TYPE money2;
DROP DOMAIN money2 CASCADE;
DROP DOMAIN intarr RESTRICT;
SELECT '{1}'::intarr;
BEGIN;
CREATE DOMAIN tmpd AS int CHECK (VALUE <> 1);
SELECT 1::tmpd;
ROLLBACK;
SELECT 2::tmpd;

-- NULL and checks of one in another schema
CREATE SCHEMA ds; CREATE DOMAIN ds.dd AS int NOT NULL CHECK (VALUE > 0);
SELECT 0::ds.dd;
SELECT NULL::ds.dd;
DROP SCHEMA ds CASCADE;
