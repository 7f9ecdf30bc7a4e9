-- Conditions on subqueries that group, sort out doubles, number rows or put sets together.
CREATE TABLE pc (id int PRIMARY KEY, k int, t text, v numeric);
INSERT INTO pc SELECT i, i % 10, 't' || i % 4, i / 2.0 FROM generate_series(1, 200) i;
INSERT INTO pc VALUES (201, NULL, NULL, 1), (202, NULL, 't0', NULL);
CREATE INDEX pc_k ON pc (k);
ANALYZE pc;
CREATE VIEW pc_sums AS SELECT k, count(*) AS n, sum(v) AS s FROM pc GROUP BY k;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashagg = off;
EXPLAIN (COSTS OFF) SELECT * FROM pc_sums WHERE k = 3;
SELECT * FROM (SELECT k AS l, n FROM pc_sums) s WHERE l = 3;
SELECT * FROM (SELECT k + 1 AS l, n FROM pc_sums) s WHERE l = 3;
SELECT * FROM pc_sums WHERE k = 3;
SELECT * FROM pc_sums WHERE k = 3;
SELECT * FROM pc_sums WHERE k = 3 AND n > 30;
SELECT * FROM pc_sums WHERE k IN (3, 4) AND s > 0 ORDER BY k;
SELECT * FROM pc_sums WHERE k IS NULL;
SELECT * FROM pc_sums WHERE n = 2;
SELECT * FROM pc_sums WHERE k + n = 21 ORDER BY k;
SELECT * FROM pc_sums WHERE k < 2 OR n = 2 ORDER BY k;
SELECT a.k, a.n, b.t FROM pc_sums a JOIN pc b ON b.k = a.k WHERE a.k = 5 AND b.id < 30 ORDER BY b.id;
SELECT a.k, b.n FROM (SELECT DISTINCT k FROM pc) a LEFT JOIN pc_sums b ON b.k = a.k AND b.k < 3 ORDER BY a.k;
SELECT a.k, b.n FROM (SELECT DISTINCT k FROM pc) a LEFT JOIN pc_sums b ON b.k = a.k WHERE b.k IS NULL;
SELECT a.k, b.k, b.n FROM (SELECT k FROM pc WHERE id < 4) a FULL JOIN pc_sums b ON b.k = a.k WHERE b.k > 7 ORDER BY b.k;
SELECT id, (SELECT n FROM pc_sums s WHERE s.k = pc.k) FROM pc WHERE id IN (1, 2, 201) ORDER BY id;
SELECT id, n FROM pc, LATERAL (SELECT count(*) AS n, k FROM pc i WHERE i.id < pc.id GROUP BY k) l WHERE l.k = pc.k AND pc.id IN (12, 23) ORDER BY id;
-- plain aggregates see all rows
SELECT * FROM (SELECT count(*) AS n FROM pc) s WHERE n > 1000;
SELECT * FROM (SELECT 7 AS c, count(*) AS n FROM pc) s WHERE c = 8;
SELECT * FROM (SELECT 7 AS c, count(*) AS n FROM pc) s WHERE c = 7;
SELECT * FROM (SELECT k, count(*) AS n FROM pc GROUP BY ROLLUP (k)) s WHERE k = 1 OR k IS NULL ORDER BY k, n;
SELECT * FROM (SELECT k % 3 AS m, count(*) AS n FROM pc GROUP BY k % 3) s WHERE m = 1;
SELECT * FROM (SELECT k, k + 1 AS l, count(*) AS n FROM pc GROUP BY k) s WHERE l = 5;
-- DISTINCT, DISTINCT ON
SELECT * FROM (SELECT DISTINCT k, t FROM pc) s WHERE t = 't1' AND k < 4 ORDER BY k;
SELECT * FROM (SELECT DISTINCT ON (k) k, id, t FROM pc ORDER BY k, id DESC) s WHERE k = 4;
SELECT * FROM (SELECT DISTINCT ON (k) k, id, t FROM pc ORDER BY k, id DESC) s WHERE t = 't1' ORDER BY k;
-- windows: only what partitions them all
SELECT * FROM (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY id) AS r FROM pc) s WHERE k = 2 AND r <= 2 ORDER BY id;
SELECT * FROM (SELECT id, k, row_number() OVER (ORDER BY id) AS r FROM pc) s WHERE k = 2 AND r <= 25 ORDER BY id;
SELECT * FROM (SELECT id, k, sum(v) OVER (PARTITION BY k, t) AS a, sum(v) OVER (PARTITION BY t) AS b FROM pc) s WHERE k = 2 AND id < 30 ORDER BY id;
SELECT * FROM (SELECT id, k, t, sum(v) OVER (PARTITION BY k, t) AS a, sum(v) OVER (PARTITION BY t) AS b FROM pc) s WHERE t = 't2' AND id < 15 ORDER BY id;
-- sets
SELECT * FROM (SELECT k FROM pc UNION SELECT id FROM pc) s WHERE k BETWEEN 198 AND 205 ORDER BY k;
SELECT * FROM (SELECT k AS x FROM pc WHERE id < 20 INTERSECT SELECT id FROM pc) s WHERE x > 7 ORDER BY x;
SELECT * FROM (SELECT id AS x FROM pc WHERE id < 8 EXCEPT SELECT k FROM pc WHERE k < 5) s WHERE x > 5 ORDER BY x;
SELECT * FROM (SELECT id AS x FROM pc EXCEPT ALL SELECT k FROM pc) s WHERE x IN (9, 10) ORDER BY x;
SELECT * FROM (SELECT id AS x, 'a' AS o FROM pc UNION ALL SELECT v, 'b' FROM pc) s WHERE x = 3 ORDER BY o;
SELECT * FROM ((SELECT id FROM pc ORDER BY id LIMIT 3) UNION ALL SELECT 3) s WHERE id = 3;
SELECT * FROM (SELECT k, count(*) AS n FROM pc GROUP BY k UNION ALL SELECT id, 0 FROM pc) s WHERE k = 6 ORDER BY n;
-- not below a limit, a volatile value, a set-returning function
SELECT * FROM (SELECT id, k FROM pc ORDER BY id LIMIT 5) s WHERE k = 4;
SELECT * FROM (SELECT id, k FROM pc ORDER BY id OFFSET 195) s WHERE k = 6;
SELECT count(*) FROM (SELECT DISTINCT k, random() < 2 AS always FROM pc) s WHERE always AND k = 1;
SELECT * FROM (SELECT DISTINCT generate_series(1, k) AS g FROM pc WHERE id < 5) s WHERE g = 2;
SELECT * FROM (SELECT k, string_agg(t, ',' ORDER BY id) AS l FROM pc WHERE id < 30 GROUP BY k) s WHERE l LIKE '%t3%' AND k > 7 ORDER BY k;
SELECT * FROM (SELECT k, (SELECT max(id) FROM pc i WHERE i.k = o.k) AS m FROM pc o GROUP BY k) s WHERE m = 195;
WITH w AS (SELECT k, sum(v) AS s FROM pc GROUP BY k) SELECT * FROM w WHERE k = 9;
WITH w AS (SELECT k, sum(v) AS s FROM pc GROUP BY k) SELECT a.k, b.s FROM w a JOIN w b ON a.k = b.k + 1 WHERE a.k = 9;
PREPARE pc_p AS SELECT * FROM pc_sums WHERE k = $1;
EXECUTE pc_p(1);
EXECUTE pc_p(NULL);
SELECT s.k, s.n FROM pc_sums s WHERE EXISTS (SELECT FROM pc WHERE pc.id = s.k) AND s.k < 3 ORDER BY 1;
UPDATE pc SET v = s.n FROM pc_sums s WHERE s.k = pc.k AND s.k = 8 AND pc.id < 20 RETURNING pc.*;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET enable_hashagg;
DROP VIEW pc_sums;
DROP TABLE pc;
-- an outer row's column is NULL with the lateral row that has it
SELECT a.x, l.y, l.z FROM (VALUES (1), (2)) a (x) LEFT JOIN LATERAL (SELECT a.x AS y, b.v AS z FROM (VALUES (10), (20)) b (v)) l ON l.y = 1 ORDER BY 1, 3;
CREATE TABLE pc_one (a int);
INSERT INTO pc_one VALUES (1), (2), (3);
SELECT o.a, l.c, concat('[', l.c, ']') FROM pc_one o LEFT JOIN LATERAL (SELECT o.a AS c FROM pc_one i WHERE i.a = 2) l ON o.a = l.c AND o.a <= 2 ORDER BY 1;
SELECT o.a, l.c FROM pc_one o LEFT JOIN LATERAL (SELECT o.a AS c, i.a AS d FROM pc_one i) l ON l.d = o.a + 1 ORDER BY 1;
DROP TABLE pc_one;
