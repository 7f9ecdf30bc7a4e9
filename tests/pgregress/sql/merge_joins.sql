-- Joins that merge two inputs in the order of their keys.
CREATE TABLE mj_a (id int PRIMARY KEY, grp int, name text, amount numeric(8, 2));
CREATE TABLE mj_b (id bigint PRIMARY KEY, grp smallint, name varchar(20), flag boolean);
INSERT INTO mj_a SELECT i, nullif(i % 7, 3), 'n' || i % 11, i / 4.0 FROM generate_series(1, 120) i;
INSERT INTO mj_b SELECT i * 3, nullif(i % 5, 2), nullif('n' || i % 13, 'n4'), i % 2 = 0 FROM generate_series(1, 80) i;
ANALYZE mj_a;
ANALYZE mj_b;
SET enable_hashjoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT * FROM mj_a a JOIN mj_b b ON a.grp = b.grp AND a.name = b.name;
EXPLAIN (COSTS OFF) SELECT * FROM mj_a a LEFT JOIN mj_b b ON a.name = b.name AND a.amount > 3;
-- keys of one row, of many rows on both sides, with NULLs
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a JOIN mj_b b ON a.id = b.id;
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a JOIN mj_b b ON a.grp = b.grp;
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a LEFT JOIN mj_b b ON a.grp = b.grp;
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a RIGHT JOIN mj_b b ON a.grp = b.grp;
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a FULL JOIN mj_b b ON a.grp = b.grp;
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a JOIN mj_b b ON a.grp = b.grp AND a.name = b.name;
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a FULL JOIN mj_b b ON a.grp = b.grp AND a.name = b.name;
-- conditions beyond the keys decide on a match
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a LEFT JOIN mj_b b ON a.grp = b.grp AND a.id < b.id;
SELECT count(*), sum(a.id), sum(b.id) FROM mj_a a LEFT JOIN mj_b b ON a.grp = b.grp AND b.flag;
SELECT a.grp, count(b.id), count(*) FROM mj_a a LEFT JOIN mj_b b ON a.grp = b.grp AND a.id = b.id * 2 GROUP BY a.grp ORDER BY 1;
SELECT count(*) FROM mj_a a JOIN mj_b b ON a.grp = b.grp WHERE a.name <> b.name OR b.name IS NULL;
-- one side empty, nothing in common, all in common
SELECT count(*), sum(a.id) FROM mj_a a LEFT JOIN mj_b b ON a.id = b.id AND b.id < 0;
SELECT count(*) FROM mj_a a JOIN mj_b b ON a.id = b.id WHERE b.id > 1000;
SELECT count(*), count(a.id), count(b.id) FROM (SELECT * FROM mj_a WHERE id < 0) a FULL JOIN mj_b b ON a.id = b.id;
SELECT count(*), count(a.id), count(b.id) FROM mj_a a FULL JOIN (SELECT * FROM mj_b WHERE id < 0) b ON a.id = b.id;
SELECT count(*), count(a.id), count(b.id) FROM mj_a a FULL JOIN mj_b b ON a.id = b.id + 1000;
SELECT count(*) FROM mj_a x JOIN mj_a y USING (id);
-- joins above and below, whose rows stay as they were
SELECT count(*), sum(a.id), sum(b.id), sum(c.id) FROM mj_a a JOIN mj_b b ON a.grp = b.grp JOIN mj_a c ON c.id = b.id;
SELECT count(*), sum(a.id), sum(b.id), sum(c.id) FROM mj_a a FULL JOIN mj_b b ON a.id = b.id FULL JOIN mj_a c ON c.id = b.id + a.id;
SELECT count(*), sum(s.id), sum(b.id) FROM (SELECT a.id, c.grp FROM mj_a a LEFT JOIN mj_a c ON a.grp = c.id) s FULL JOIN mj_b b ON s.grp = b.grp;
SELECT b.id, s.n FROM mj_b b LEFT JOIN (SELECT grp, count(*) n FROM mj_a GROUP BY grp) s ON s.grp = b.grp WHERE b.id <= 24 ORDER BY b.id;
SELECT a.id, (SELECT count(*) FROM mj_b b JOIN mj_a c ON b.grp = c.grp AND c.id <= a.id) FROM mj_a a WHERE a.id <= 6 ORDER BY a.id;
SELECT a.id, v.x FROM mj_a a JOIN (VALUES (1, 'p'), (2, 'q'), (2, 'r'), (NULL, 's')) v (k, x) ON v.k = a.id ORDER BY 1, 2;
-- other types
SELECT count(*) FROM mj_a a JOIN mj_b b ON a.name = b.name;
SELECT count(*) FROM mj_a a JOIN mj_a b ON a.amount = b.amount + 0.25;
SELECT count(*) FROM mj_b a JOIN mj_b b ON a.flag = b.flag AND a.id = b.id;
SELECT x, y FROM (VALUES ('NaN'::float8), (0), (-0.0), (NULL)) a (x) JOIN (VALUES ('NaN'::float8), (-0.0), (2)) b (y) ON x = y ORDER BY x, y;
SELECT x, y FROM (VALUES (ARRAY[1, 2]), (ARRAY[1]), ('{}'), (NULL)) a (x) FULL JOIN (VALUES (ARRAY[1]), ('{}'), (ARRAY[3])) b (y) ON x = y ORDER BY x, y;
SELECT x, y FROM (VALUES (date '2020-01-01'), ('infinity')) a (x) FULL JOIN (VALUES (date 'infinity'), ('-infinity')) b (y) ON x = y ORDER BY x, y;
SELECT x, y FROM (VALUES ('a'::char(3)), ('b')) a (x) JOIN (VALUES ('a  '::char(3)), ('c')) b (y) ON x = y;
-- a limit, a cursor that goes back, locks
SELECT a.id FROM mj_a a JOIN mj_b b ON a.id = b.id ORDER BY a.id LIMIT 3;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT a.id, b.id FROM mj_a a JOIN mj_b b ON a.id = b.id ORDER BY 1;
FETCH 2 FROM c;
FETCH PRIOR FROM c;
FETCH LAST FROM c;
COMMIT;
SELECT a.id FROM mj_a a JOIN mj_b b ON a.id = b.id WHERE a.id < 10 ORDER BY a.id FOR UPDATE OF a;
UPDATE mj_a SET amount = b.id FROM mj_b b WHERE b.id = mj_a.id AND b.flag;
SELECT sum(amount) FROM mj_a;
DELETE FROM mj_a USING mj_b b WHERE b.id = mj_a.id AND NOT b.flag;
SELECT count(*) FROM mj_a;
-- a group of more than memory holds
SET work_mem = '64kB';
SELECT count(*), sum(x.i), sum(y.i) FROM (SELECT i, i / 3000 k FROM generate_series(0, 8999) i) x JOIN (SELECT i, i / 3000 k FROM generate_series(0, 8999) i) y ON x.k = y.k AND x.i % 100 = 0;
SELECT count(*), count(x.i), count(y.i) FROM (SELECT i, i / 3000 k FROM generate_series(0, 8999) i) x FULL JOIN (SELECT i, i / 3000 k FROM generate_series(3000, 11999) i) y ON x.k = y.k AND x.i % 1000 = 0 AND y.i % 7 = 0;
RESET work_mem;
RESET enable_hashjoin;
RESET enable_nestloop;
DROP TABLE mj_a, mj_b;
