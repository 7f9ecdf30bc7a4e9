-- xmin changes with the row and only then; ctid finds a row; RETURNING shows what will be stored.
CREATE TABLE sysc (id int PRIMARY KEY, v text);
CREATE TABLE sysh (v int);
INSERT INTO sysc SELECT i, 'v' || i FROM generate_series(1, 5) i;
INSERT INTO sysh SELECT i % 3 FROM generate_series(1, 9) i;
SELECT count(*), count(DISTINCT ctid), count(xmin), min(cmin::text), min(cmax::text), min(xmax::text),
       min(tableoid::regclass::text) FROM sysc;
SELECT pg_typeof(ctid), pg_typeof(xmin), pg_typeof(cmin), pg_typeof(xmax), pg_typeof(cmax) FROM sysc LIMIT 1;
SELECT ctid FROM sysc WHERE id = 3;
-- optimistic locking
SELECT xmin AS seen FROM sysc WHERE id = 1 \gset
UPDATE sysc SET v = 'mine' WHERE id = 1 AND xmin = :'seen' RETURNING xmin AS mine \gset
UPDATE sysc SET v = 'lost' WHERE id = 1 AND xmin = :'seen';
UPDATE sysc SET v = 'next' WHERE id = 1 AND xmin = :'mine' RETURNING id, v, xmin <> :'mine'::xid AS changed;
SELECT id, v, xmin <> :'seen'::xid AND xmin <> :'mine'::xid AS changed FROM sysc WHERE id = 1;
INSERT INTO sysc VALUES (6, 'six') RETURNING xmin AS six \gset
SELECT xmin = :'six' FROM sysc WHERE id = 6;
BEGIN;
UPDATE sysc SET v = 'inside' WHERE id = 6 RETURNING xmin AS inside \gset
SELECT xmin = :'inside', xmin = :'six' FROM sysc WHERE id = 6;
ROLLBACK;
SELECT xmin = :'six' FROM sysc WHERE id = 6;
DELETE FROM sysc WHERE id = 6 AND xmin = :'six' RETURNING id, xmin = :'six' AS same;
-- was it inserted or updated
INSERT INTO sysc VALUES (1, 'a'), (7, 'b') ON CONFLICT (id) DO UPDATE SET v = excluded.v
    RETURNING id, v, xmax = 0 AS inserted;
INSERT INTO sysc VALUES (2, 'z') ON CONFLICT (id) DO UPDATE SET v = excluded.v WHERE sysc.xmin = '1' RETURNING id;
-- by place
DELETE FROM sysh a USING sysh b WHERE a.ctid < b.ctid AND a.v = b.v;
SELECT v FROM sysh ORDER BY v;
DELETE FROM sysh WHERE ctid IN (SELECT ctid FROM sysh WHERE v > 0 FOR UPDATE SKIP LOCKED);
SELECT v FROM sysh;
UPDATE sysh SET v = 7 WHERE ctid = (SELECT ctid FROM sysh) RETURNING v;
-- joins, subqueries, outer joins, grouping, sorting
SELECT a.id, a.ctid = b.ctid AS same, a.xmin = b.xmin AS version FROM sysc a JOIN sysc b USING (id) ORDER BY a.id;
SELECT a.id, b.ctid, b.xmin FROM sysc a LEFT JOIN sysc b ON a.id = b.id + 100 ORDER BY a.id;
SELECT count(*) FROM (SELECT id, xmin AS version, ctid AS place FROM sysc) s WHERE version IS NOT NULL AND place IS NOT NULL;
SELECT id FROM sysc WHERE xmin IN (SELECT xmin FROM sysc WHERE id < 3) AND id < 3 ORDER BY id;
SELECT count(*) > 0 FROM (SELECT ctid, max(id) FROM sysc GROUP BY ctid) g;
SELECT relname, xmin IS NOT NULL, xmin::text <> '0' FROM pg_class WHERE relname IN ('pg_class', 'sysc') ORDER BY 1;
CREATE VIEW sysv AS SELECT id, xmin AS version, t.ctid AS place FROM sysc t;
SELECT count(*) FROM sysv JOIN sysc ON version = xmin AND place = ctid AND sysv.id = sysc.id;
SELECT xmin FROM sysv;
DROP VIEW sysv;
EXPLAIN (COSTS OFF) SELECT id FROM sysc WHERE xmin = '5' AND v = 'x';
-- where they may not be
CREATE TABLE syse (a int, CHECK (xmin IS NOT NULL));
CREATE TABLE syse (a int, b text GENERATED ALWAYS AS (ctid::text) STORED);
CREATE INDEX ON sysc ((ctid::text));
SELECT xmin FROM (SELECT id FROM sysc) s;
UPDATE sysc SET xmin = '5';
DROP TABLE sysc, sysh;
