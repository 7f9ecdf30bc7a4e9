CREATE TABLE con (a int CONSTRAINT a_nn NOT NULL, b text CHECK (length(b) < 5), c int, CONSTRAINT cc CHECK (a < c OR c IS NULL), UNIQUE (a, c), CONSTRAINT c_fk FOREIGN KEY (c) REFERENCES con (nosuch));
CREATE TABLE con (a int CONSTRAINT a_nn NOT NULL, b text CHECK (length(b) < 5), c int, CONSTRAINT cc CHECK (a < c OR c IS NULL), UNIQUE (a, c));
INSERT INTO con VALUES (NULL, 'x', 1);
INSERT INTO con VALUES (1, 'toolong', 2);
INSERT INTO con VALUES (3, 'x', 2);
INSERT INTO con VALUES (1, 'x', 2), (1, 'y', 2);
INSERT INTO con VALUES (1, 'x', NULL), (1, 'x', NULL);
UPDATE con SET a = NULL;
UPDATE con SET b = b || 'xxxxxx';
UPDATE con SET c = 1 WHERE c IS NULL;
\d con
ALTER TABLE con ADD CONSTRAINT cc CHECK (a > 0);
ALTER TABLE con ADD CHECK (a > 5);
ALTER TABLE con ADD UNIQUE (a);
ALTER TABLE con ADD PRIMARY KEY (c);
ALTER TABLE con DROP CONSTRAINT cc, DROP CONSTRAINT con_b_check;
ALTER TABLE con ADD CONSTRAINT ccc CHECK (a > 5) NOT VALID;
INSERT INTO con VALUES (2, 'n', 3);
ALTER TABLE con VALIDATE CONSTRAINT ccc;
CREATE TABLE par (id int PRIMARY KEY, x int, y int, UNIQUE (x, y));
CREATE TABLE chi (id int REFERENCES par ON DELETE CASCADE ON UPDATE CASCADE, x int, y int, FOREIGN KEY (x, y) REFERENCES par (x, y) MATCH FULL ON DELETE SET NULL);
INSERT INTO par VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
INSERT INTO chi VALUES (1, 1, 1), (2, 2, 2), (3, NULL, NULL);
INSERT INTO chi VALUES (9, 1, 1);
INSERT INTO chi VALUES (1, 1, NULL);
INSERT INTO chi VALUES (1, 5, 5);
UPDATE par SET id = 10 WHERE id = 1;
SELECT * FROM chi ORDER BY 1, 2;
DELETE FROM par WHERE id = 2;
SELECT * FROM chi ORDER BY 1, 2;
UPDATE par SET x = 7 WHERE id = 10;
DELETE FROM par WHERE id = 10;
SELECT * FROM chi ORDER BY 1, 2;
DROP TABLE par;
TRUNCATE par;
ALTER TABLE par DROP CONSTRAINT par_pkey;
ALTER TABLE par DROP COLUMN x;
ALTER TABLE par ALTER id TYPE text;
ALTER TABLE chi DROP CONSTRAINT chi_id_fkey;
\d chi
\d par
DROP TABLE par CASCADE;
CREATE TABLE self (id int PRIMARY KEY, parent int REFERENCES self);
INSERT INTO self VALUES (1, NULL), (2, 1), (3, 2);
INSERT INTO self VALUES (4, 5), (5, 4);
INSERT INTO self VALUES (6, 7);
DELETE FROM self WHERE id = 1;
DELETE FROM self;
CREATE TABLE mt (k int PRIMARY KEY, v int, t text DEFAULT 'd');
CREATE TABLE ms (k int, v int);
INSERT INTO mt VALUES (1, 10), (2, 20), (3, 30);
INSERT INTO ms VALUES (2, 200), (3, 300), (4, 400), (5, NULL);
MERGE INTO mt USING ms ON mt.k = ms.k WHEN MATCHED AND ms.v > 250 THEN DELETE WHEN MATCHED THEN UPDATE SET v = ms.v, t = 'upd' WHEN NOT MATCHED AND ms.v IS NULL THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (ms.k, ms.v);
SELECT * FROM mt ORDER BY k;
MERGE INTO mt AS t USING (SELECT 1 AS k) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET (v, t) = (1, 'row') WHEN NOT MATCHED THEN INSERT DEFAULT VALUES;
MERGE INTO mt USING ms ON mt.k = ms.k WHEN MATCHED THEN UPDATE SET nosuch = 1;
MERGE INTO mt USING ms ON mt.k = ms.k WHEN NOT MATCHED THEN INSERT (k, nosuch) VALUES (1, 2);
MERGE INTO mt USING ms ON mt.k = ms.k WHEN NOT MATCHED THEN INSERT (k) VALUES (1, 2);
MERGE INTO mt USING ms ON mt.k = ms.k WHEN MATCHED THEN INSERT VALUES (1);
MERGE INTO mt USING ms ON mt.k = ms.k WHEN NOT MATCHED THEN DELETE;
MERGE INTO mt USING ms ON mt.k = ms.k WHEN MATCHED THEN DELETE WHEN MATCHED THEN UPDATE SET v = 1;
MERGE INTO mt USING mt ON true WHEN MATCHED THEN DELETE;
MERGE INTO mt USING ms ON mt.k = ms.k WHEN NOT MATCHED AND mt.v > 1 THEN INSERT VALUES (9);
MERGE INTO nosuch USING ms ON true WHEN MATCHED THEN DELETE;
MERGE INTO mt USING nosuch ON true WHEN MATCHED THEN DELETE;
MERGE INTO mt USING ms ON mt.k = ms.k WHEN MATCHED THEN UPDATE SET v = (SELECT max(v) FROM ms);
WITH s AS (SELECT 77 AS k) MERGE INTO mt USING s ON mt.k = s.k WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, 1);
MERGE INTO mt USING ms ON mt.k = ms.k WHEN MATCHED THEN DELETE RETURNING *;
EXPLAIN (COSTS OFF) MERGE INTO mt USING ms ON mt.k = ms.k WHEN MATCHED THEN DELETE;
SELECT * FROM mt ORDER BY k;
COMMENT ON SCHEMA regress_more3 IS 's';
COMMENT ON CONSTRAINT mt_pkey ON mt IS 'the key';
COMMENT ON CONSTRAINT nosuch ON mt IS 'x';
COMMENT ON COLUMN mt.k IS 'key col';
COMMENT ON COLUMN mt.k IS NULL;
COMMENT ON INDEX mt_pkey IS 'idx';
COMMENT ON TABLE mt IS 'multi
line';
COMMENT ON DATABASE nosuch IS 'x';
COMMENT ON FUNCTION nosuch(int) IS 'x';
COMMENT ON ROLE nosuch IS 'x';
COMMENT ON SEQUENCE mt IS 'x';
COMMENT ON VIEW mt IS 'x';
COMMENT ON DOMAIN nosuch IS 'x';
COMMENT ON RULE r ON mt IS 'x';
COMMENT ON TRIGGER r ON mt IS 'x';
COMMENT ON EXTENSION nosuch IS 'x';
\d+ mt
\dd mt_pkey
SELECT obj_description('mt'::regclass, 'pg_class'), obj_description((SELECT oid FROM pg_constraint WHERE conname = 'mt_pkey'), 'pg_constraint');
\dt mt
\dn regress_more3
\di mt_pkey
\ds
\dv nosuch
\dT nosuch
\df nosuch
\d nosuch
\dC int4
\dc nosuch
\dO nosuch
\db
\du nosuch
\dL nosuch
\l nosuch
\sv nosuch
\do nosuch
\dy
\dF nosuch
\des
\dRp
\dP
\dA btree
\dAo btree integer_ops
\dX
SELECT 'a' AS x, 1 AS y \gset pre_
\echo :pre_x :pre_y
SELECT 1 AS a \gdesc
SELECT k, v FROM mt WHERE k = :pre_y \gx
\pset null '(null)'
SELECT NULL AS n;
\pset format unaligned
SELECT 1 AS a, 'x' AS b;
\pset format aligned
\t on
SELECT 5;
\t off
\x on
SELECT 1 AS a, NULL AS b;
\x off
\set v 'ab c'
SELECT :'v', :"v";
SELECT :v;
\if true
SELECT 'yes';
\endif
INSERT INTO mt (k[1]) VALUES (1);
INSERT INTO mt (k, v) VALUES (DEFAULT, 1);
INSERT INTO mt SELECT;
INSERT INTO mt (k) SELECT 1, 2;
INSERT INTO mt (k, v) VALUES (100, DEFAULT), (101, 5) RETURNING *;
INSERT INTO mt VALUES (102, (SELECT v FROM mt WHERE k = 101), repeat('z', 3)) RETURNING *;
INSERT INTO mt (k) VALUES ('abc');
INSERT INTO mt (k) VALUES (1.7) RETURNING k;
INSERT INTO mt (k) VALUES (99999999999);
INSERT INTO mt (k) VALUES (NULL);
INSERT INTO mt (k) TABLE ms;
UPDATE mt SET v = v + 1, t = upper(t) WHERE k > 100 RETURNING k, v, t;
UPDATE mt SET (v) = (5) WHERE k = 100;
UPDATE mt SET (v, t) = (5);
UPDATE mt SET (v, t) = ROW(5, 'x') WHERE k = 100;
UPDATE mt SET (v, t) = (SELECT 1, 2, 3);
UPDATE mt SET (v, t) = (SELECT v, 'x' FROM ms WHERE ms.k = mt.k) WHERE k = 100 RETURNING *;
UPDATE mt SET (v, t) = (SELECT v, 'x' FROM ms);
UPDATE mt SET v = 5 FROM mt;
UPDATE mt SET v = x.v FROM mt x WHERE x.k = mt.k + 1;
UPDATE mt AS m SET m.v = 5;
UPDATE ONLY mt SET v = 0 WHERE k = 100 RETURNING v;
UPDATE mt * SET v = 1 WHERE k = 100;
DELETE FROM mt WHERE k = ANY (ARRAY[100, 101]) RETURNING k;
DELETE FROM mt AS m USING ms WHERE m.k = ms.k;
DELETE FROM mt WHERE nosuch = 1;
DELETE FROM mt WHERE k = 'x';
DELETE FROM ONLY mt WHERE v IS NULL;
