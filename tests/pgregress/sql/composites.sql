-- Composite types
CREATE TYPE complex AS (r double precision, i double precision);
CREATE TYPE inventory_item AS (name text, supplier_id integer, price numeric(8,2));
CREATE TYPE complex AS (a int);
CREATE TYPE bad AS (a int, a text);
CREATE TYPE bad AS (a nosuch);
CREATE TYPE bad AS (a anyelement);
CREATE TYPE nothing AS ();
SELECT ROW(1.5, 2)::complex, '(1,2)'::complex, (1, 2)::complex, NULL::complex, '(,)'::complex;
SELECT '(1,2'::complex;
SELECT '1,2)'::complex;
SELECT '(1)'::complex;
SELECT '(1,2,3)'::complex;
SELECT '(1,2) x'::complex;
SELECT '(1,x)'::complex;
SELECT ROW(1)::complex;
SELECT ROW(1, 2, 3)::complex;
SELECT ROW('a', true)::complex;
SELECT ROW(1, true)::complex;
SELECT 5::complex;
SELECT '("a b",3,1.999)'::inventory_item, ROW('it''s "x", \y', 1, 2)::inventory_item, '("",,)'::inventory_item, '( a ,1,2)'::inventory_item;
SELECT ('(1,2)'::complex).r, (ROW(3, 4)::complex).i, ('("a b",3,1.999)'::inventory_item).price;
SELECT ('(1,2)'::complex).x;
SELECT (5).x;
SELECT (ROW(1, 2)).f1;
SELECT (ROW(1, 2)).f3;
SELECT ('(1,2)'::complex).*;
SELECT (x).*, (x).r + 1 AS s FROM (SELECT '(1,2)'::complex AS x) q;
SELECT (ROW('a', 1, 2.345)::inventory_item).*;
CREATE TABLE on_hand (item inventory_item, count integer);
INSERT INTO on_hand VALUES (ROW('fuzzy dice', 42, 1.99), 1000), ('(nut,7,0.5)', 3), (NULL, 0);
INSERT INTO on_hand VALUES (('bolt', '8', 0.123), 5);
INSERT INTO on_hand VALUES (ROW('x', 'y', 1), 5);
INSERT INTO on_hand VALUES (ROW('x', 1), 5);
INSERT INTO on_hand VALUES (1, 5);
SELECT * FROM on_hand ORDER BY count;
SELECT (item).name, (item).price * count AS total FROM on_hand WHERE (item).price > 0.2 ORDER BY 1;
SELECT (on_hand.item).name FROM on_hand WHERE (item).supplier_id = 42;
SELECT (item).* FROM on_hand ORDER BY count;
SELECT item.name FROM on_hand;
SELECT (item).nosuch FROM on_hand;
SELECT item FROM on_hand ORDER BY item;
SELECT max(count), (item).name FROM on_hand GROUP BY (item).name ORDER BY 2;
SELECT * FROM on_hand WHERE item = ROW('nut', 7, 0.5)::inventory_item;
SELECT * FROM on_hand WHERE item = ('nut', 7, 0.5);
SELECT * FROM on_hand WHERE item > ROW('bolt', 8, 0.12) ORDER BY 1;
SELECT count FROM on_hand WHERE item IS NULL;
SELECT count FROM on_hand WHERE item IS NOT NULL ORDER BY 1;
SELECT '(,)'::complex IS NULL, '(1,)'::complex IS NULL, '(1,)'::complex IS NOT NULL, '(1,2)'::complex IS NOT NULL, NULL::complex IS NULL;
UPDATE on_hand SET item.price = 2.5 WHERE count = 1000;
UPDATE on_hand SET item.price = (item).price + 1, item.name = upper((item).name) WHERE count = 3;
UPDATE on_hand SET item.name = 'filled' WHERE count = 0;
UPDATE on_hand SET item.nosuch = 1;
UPDATE on_hand SET item.price = true;
UPDATE on_hand SET count.x = 1;
UPDATE on_hand SET item.price = DEFAULT;
UPDATE on_hand SET item.name = 'a', item = NULL;
INSERT INTO on_hand (item.name, item.supplier_id, count) VALUES ('part', 9, 77), ('part2', NULL, 78);
INSERT INTO on_hand (item.name, count) SELECT 'sel', 79;
INSERT INTO on_hand (item.bad) VALUES (1);
SELECT * FROM on_hand ORDER BY count;
-- rows of tables
SELECT o FROM on_hand o WHERE count = 77;
SELECT (o).count, (o.item).name, pg_typeof(o), pg_typeof(o.item) FROM on_hand o WHERE count = 77;
SELECT o.* FROM on_hand o WHERE count = 77;
SELECT '("(a,1,2)",3)'::on_hand;
SELECT ('("(a,1,2)",3)'::on_hand).item;
SELECT (('("(a,1,2)",3)'::on_hand).item).price;
SELECT ROW(ROW('a', 1, 2), 3)::on_hand;
CREATE TABLE wrap (id int, o on_hand, os on_hand[]);
INSERT INTO wrap SELECT 1, o, ARRAY[o, o] FROM on_hand o WHERE count = 77;
SELECT * FROM wrap;
SELECT (o).count, ((o).item).name, (os[1]).count, array_length(os, 1) FROM wrap;
UPDATE wrap SET o.item.name = 'deep', o.count = 5;
SELECT o FROM wrap;
SELECT to_json(o), row_to_json(on_hand) FROM wrap, on_hand WHERE on_hand.count = 3;
SELECT to_jsonb(w) FROM wrap w;
SELECT json_agg(c) FROM (SELECT '(1,2)'::complex AS c UNION ALL SELECT '(3,4)') q;
-- arrays
SELECT ARRAY['(1,2)'::complex, '(3,4)'], '{"(1,2)","(3,)"}'::complex[], ('{"(1,2)","(3,)"}'::complex[])[2].r;
SELECT (ARRAY['(1,2)', '(3,4)']::complex[])[1].i;
SELECT unnest('{"(1,2)","(3,4)"}'::complex[]);

SELECT array_agg(item ORDER BY count) FROM on_hand WHERE count > 70;
-- comparison
SELECT '(1,2)'::complex < '(1,3)'::complex, '(1,2)'::complex = '(1,2)', '(2,0)'::complex > '(1,9)', '(1,)'::complex = '(1,)'::complex;
SELECT DISTINCT x FROM (VALUES ('(1,2)'::complex), ('(1,2)'), ('(0,5)')) v(x) ORDER BY x DESC;
SELECT x, count(*) FROM (VALUES ('(1,2)'::complex), ('(1,2)'), ('(0,5)')) v(x) GROUP BY x ORDER BY x;
SELECT '(1,2)'::complex::text, '(1,2)'::text::complex, '(1,2)'::complex || 'x';
SELECT '(1,2)'::complex = '("a",1,1)'::inventory_item;
SELECT coalesce(NULL::complex, '(1,2)');
SELECT pg_typeof(ROW(1, 2)::complex), pg_typeof(ROW(1, 2)), pg_typeof(ARRAY['(1,2)'::complex]);
-- indexes
CREATE TABLE ck (c complex PRIMARY KEY, t text);
INSERT INTO ck VALUES ('(2,1)', 'b'), ('(1,5)', 'a'), ('(1,4)', 'c');
INSERT INTO ck VALUES ('(2,1)', 'd');
SELECT * FROM ck ORDER BY c;
SELECT * FROM ck WHERE c = '(1,5)';
SELECT * FROM ck WHERE c > '(1,4)' ORDER BY c;
-- catalog
\d complex
\d inventory_item
\dT
\dT+ complex
SELECT typname, typtype, typcategory, typlen, typbyval, typalign, typstorage, typrelid::regclass, typinput, typoutput, typreceive, typsend FROM pg_type WHERE typname IN ('complex', 'on_hand') ORDER BY 1;
SELECT relname, relkind, relnatts, reltype::regtype FROM pg_class WHERE relname IN ('complex', 'on_hand') ORDER BY 1;
-- alter
ALTER TYPE complex ADD ATTRIBUTE m text;
SELECT '(1,2,x)'::complex, ROW(1, 2, 'y')::complex;
ALTER TYPE complex RENAME ATTRIBUTE m TO magnitude;
SELECT ('(1,2,x)'::complex).magnitude;
ALTER TYPE complex RENAME ATTRIBUTE nosuch TO x;
ALTER TYPE complex RENAME ATTRIBUTE r TO i;
ALTER TYPE complex ADD ATTRIBUTE i int;
ALTER TYPE complex DROP ATTRIBUTE magnitude;
ALTER TYPE complex DROP ATTRIBUTE magnitude;
ALTER TYPE complex DROP ATTRIBUTE IF EXISTS magnitude;
\d complex
ALTER TYPE inventory_item ADD ATTRIBUTE note text;
SELECT * FROM on_hand WHERE count = 77;
UPDATE on_hand SET item.note = 'new' WHERE count = 77;
SELECT item, (item).note FROM on_hand WHERE count = 77;
SELECT (item).note FROM on_hand WHERE count = 78;
ALTER TYPE inventory_item DROP ATTRIBUTE supplier_id;
SELECT item, (item).name, (item).note FROM on_hand WHERE count IN (77, 78) ORDER BY 1;
SELECT (item).supplier_id FROM on_hand;
SELECT (item).* FROM on_hand WHERE count = 77;
SELECT to_json(item) FROM on_hand WHERE count = 77;
ALTER TYPE inventory_item ALTER ATTRIBUTE price TYPE integer;
CREATE TYPE unused AS (a int, b text);
ALTER TYPE unused ALTER ATTRIBUTE a TYPE bigint, ADD ATTRIBUTE c date;
\d unused
ALTER TYPE unused RENAME TO used;
\d used
ALTER TYPE on_hand ADD ATTRIBUTE x int;
ALTER TYPE on_hand RENAME TO x;
ALTER TABLE on_hand RENAME TO stock;
SELECT '("(a,1,b)",3)'::stock;
CREATE TABLE stock (a int);
CREATE TYPE stock AS ENUM ('a');
CREATE TABLE complex (a int);
CREATE TABLE used (a int);
COMMENT ON TYPE used IS 'a type';
ALTER TABLE ck ADD COLUMN d complex DEFAULT '(0,0)';
SELECT * FROM ck ORDER BY c;
\d ck
CREATE VIEW v AS SELECT (c).r AS r, ROW(1, (c).i)::complex AS made, ck FROM ck;
SELECT * FROM v ORDER BY r, made;
SELECT pg_get_viewdef('v'::regclass);
-- defaults, checks, domains
CREATE DOMAIN posc AS complex CHECK ((VALUE).r > 0);
SELECT '(1,2)'::posc, ('(1,2)'::posc).r;
SELECT '(-1,2)'::posc;
CREATE TABLE dc (c posc DEFAULT ROW(1, 1), CHECK ((c).i < 10));
INSERT INTO dc DEFAULT VALUES;
INSERT INTO dc VALUES ('(1,20)');
INSERT INTO dc VALUES ('(0,2)');
UPDATE dc SET c.r = -5;
UPDATE dc SET c.r = 7;
SELECT * FROM dc;
COPY dc TO stdout;
COPY dc FROM stdin;
(3,4)
\.
COPY dc FROM stdin;
(3
\.
SELECT * FROM dc ORDER BY c;
-- arrays in assignments
CREATE TABLE arr (id int, a int[], m text[][], c complex[]);
INSERT INTO arr VALUES (1, '{1,2,3}', '{{a,b},{c,d}}', '{"(1,2)"}');
UPDATE arr SET a[2] = 20, a[5] = 50;
SELECT a FROM arr;
UPDATE arr SET m[1][2] = 'z', c[1].r = 9, c[2] = ROW(5, 6);
SELECT m, c FROM arr;
UPDATE arr SET a['x'] = 1;
UPDATE arr SET a[1] = 'x';
UPDATE arr SET a[NULL] = 1;
UPDATE arr SET id[1] = 1;
UPDATE arr SET m[3][1] = 'q';
INSERT INTO arr (id, a[1], a[2]) VALUES (2, 10, 20);
SELECT id, a FROM arr ORDER BY id;
-- dropping
DROP TYPE complex;
DROP TYPE stock;
DROP TYPE used;
DROP TYPE complex CASCADE;
\d ck
DROP TABLE wrap, stock;
DROP TYPE inventory_item;
SELECT typname FROM pg_type WHERE typname IN ('stock', 'wrap', '_wrap', 'used', '_used') AND typnamespace = 'regress_composites'::regnamespace;
-- stored values and constants follow the type
CREATE TYPE pt AS (x int, y int);
CREATE TABLE dd (id int, p pt DEFAULT '(1,2)');
INSERT INTO dd VALUES (0);
ALTER TYPE pt ADD ATTRIBUTE z int;
INSERT INTO dd VALUES (1);
ALTER TYPE pt DROP ATTRIBUTE x;
INSERT INTO dd VALUES (2);
SELECT id, p, (p).y, (p).z, to_json(p) FROM dd ORDER BY id;
\d dd
DROP TYPE pt CASCADE;
\d dd
-- fields of records that come from further down, as drivers read keys
SELECT (k).x, (k).n FROM (SELECT information_schema._pg_expandarray('{7,8}'::int[]) AS k) r ORDER BY 2;
SELECT r.c, (r.k).n FROM (SELECT relname AS c, information_schema._pg_expandarray(i.indkey) AS k
                          FROM pg_index i JOIN pg_class ON pg_class.oid = i.indexrelid WHERE i.indexrelid = 2659) r WHERE (r.k).x > 1;
SELECT (information_schema._pg_expandarray('{5,6}'::int[])).*;
SELECT (k).nope FROM (SELECT information_schema._pg_expandarray('{7,8}'::int[]) AS k) r;
WITH w AS (SELECT information_schema._pg_expandarray('{7,8}'::int[]) AS k) SELECT (k).x FROM w;
