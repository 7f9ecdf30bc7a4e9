-- EXISTS and IN over subqueries with and without an index to look up by.
CREATE TABLE ea (id int PRIMARY KEY, x int, y text, z numeric);
CREATE TABLE eb (x bigint, y text, z numeric, note text);
CREATE TABLE ec (x int PRIMARY KEY, b boolean);
INSERT INTO ea SELECT i, CASE WHEN i % 7 > 0 THEN i % 50 END, CASE WHEN i % 5 > 0 THEN 'k' || i % 10 END, (i % 4) * 1.50
FROM generate_series(1, 300) i;
INSERT INTO eb SELECT CASE WHEN i % 6 > 0 THEN i % 30 END, CASE WHEN i % 3 > 0 THEN 'k' || i % 9 END, (i % 3) * 1.5, 'n' || i
FROM generate_series(1, 200) i;
INSERT INTO ec SELECT i, i % 2 = 0 FROM generate_series(1, 20) i;
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x);
SELECT count(*), sum(id) FROM ea WHERE NOT EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x);
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT FROM eb WHERE ea.x = eb.x AND eb.y = ea.y);
SELECT count(*), sum(id) FROM ea WHERE NOT EXISTS (SELECT * FROM eb WHERE ea.x = eb.x AND eb.y = ea.y);
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x AND eb.z = ea.z AND note LIKE 'n1%');
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x + 1 AND eb.y || 'a' = ea.y || 'a');
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x AND eb.z < ea.z);
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb JOIN ec ON ec.x = eb.x WHERE eb.y = ea.y AND ec.b);
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb LEFT JOIN ec ON ec.x = eb.x AND ec.b WHERE eb.y = ea.y AND ec.x IS NULL);
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb, ec WHERE ec.x = eb.x AND eb.y = ea.y AND ec.x = ea.x);
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y AND eb.x IN (SELECT x FROM ec WHERE b));
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y AND EXISTS (SELECT 1 FROM ec WHERE ec.x = eb.x AND ec.x = ea.x));
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x) AND NOT EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y);
SELECT count(*), sum(id) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x) OR NOT EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y);
SELECT id, EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x), NOT EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y AND eb.x = ea.x)
FROM ea WHERE id <= 15 ORDER BY id;
SELECT id, (EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x)) IS NULL FROM ea WHERE x IS NULL ORDER BY id LIMIT 3;
SELECT count(*) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x AND false);
SELECT count(*) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x AND ea.id > 5);
SELECT count(*) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x LIMIT 0);
SELECT count(*) FROM ea WHERE EXISTS (SELECT count(*) FROM eb WHERE eb.x = ea.x);
SELECT count(*) FROM ea WHERE EXISTS (SELECT eb.x FROM eb WHERE eb.y = ea.y GROUP BY eb.x HAVING count(*) > 5);
SELECT count(*) FROM ea WHERE EXISTS (SELECT DISTINCT eb.x FROM eb WHERE eb.y = ea.y);
SELECT count(*) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x UNION SELECT 1 FROM ec WHERE ec.x = ea.x);
SELECT count(*) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE ea.x = ea.id);
SELECT count(*) FROM ea o WHERE EXISTS (SELECT 1 FROM ea i WHERE i.y = o.y AND i.x = o.x AND i.z = o.z);
SELECT count(*) FROM ea o WHERE NOT EXISTS (SELECT 1 FROM ea i WHERE i.z = o.x);
-- two levels up
SELECT count(*) FROM ea WHERE EXISTS (SELECT 1 FROM ec WHERE ec.b AND EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y AND eb.x = ec.x));
SELECT (SELECT count(*) FROM ec WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ec.x AND eb.y = ea.y)) AS n, count(*) FROM ea GROUP BY 1 ORDER BY 1;
-- in other places
SELECT ea.id, ec.x FROM ea LEFT JOIN ec ON ec.x = ea.x AND EXISTS (SELECT 1 FROM eb WHERE eb.x = ec.x AND eb.y = 'k1') WHERE ea.id < 12 ORDER BY 1;
SELECT sum(CASE WHEN EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y) THEN 1 ELSE 0 END) FROM ea;
SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y)) FROM ea;
SELECT y, count(*) FROM ea GROUP BY y HAVING EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y AND eb.x > 20) ORDER BY y;
SELECT count(*) FROM ea, ec WHERE ec.x = ea.x AND EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y AND eb.x = ec.x);
BEGIN;
UPDATE ea SET z = -1 WHERE NOT EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x);
SELECT count(*) FROM ea WHERE z = -1;
DELETE FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.y = ea.y);
SELECT count(*), sum(id) FROM ea;
DELETE FROM eb b WHERE EXISTS (SELECT 1 FROM eb c WHERE c.y = b.y AND c.note > b.note);
SELECT count(*) FROM eb;
ROLLBACK;
-- IN: NULLs decide
SELECT count(*) FROM ea WHERE x IN (SELECT x FROM eb);
SELECT count(*) FROM ea WHERE x NOT IN (SELECT x FROM eb);
SELECT count(*) FROM ea WHERE x NOT IN (SELECT x FROM eb WHERE x IS NOT NULL);
SELECT count(*) FROM ea WHERE (x, y) IN (SELECT x, y FROM eb);
SELECT count(*) FROM ea WHERE (x, y) NOT IN (SELECT x, y FROM eb);
SELECT count(*) FROM ea WHERE (x, y) NOT IN (SELECT x, y FROM eb WHERE x IS NOT NULL AND y IS NOT NULL);
SELECT count(*) FROM ea WHERE x NOT IN (SELECT x FROM eb WHERE false);
SELECT count(*) FROM ea WHERE z IN (SELECT z FROM eb);
SELECT count(*) FROM ea WHERE ((x, y) IN (SELECT x, y FROM eb)) IS NULL;
-- prepared, with parameters on either side
PREPARE ex (int, text) AS SELECT count(*) FROM ea WHERE EXISTS (SELECT 1 FROM eb WHERE eb.x = ea.x + $1 AND eb.y = $2);
EXECUTE ex (0, 'k1');
EXECUTE ex (1, 'k4');
DEALLOCATE ex;
-- little memory
SET work_mem = '64kB';
CREATE TABLE ed AS SELECT i AS a, 'value ' || i AS b FROM generate_series(1, 20000) i;
SELECT count(*) FROM ed o WHERE EXISTS (SELECT 1 FROM ed i WHERE i.b = 'value ' || o.a + 500 AND i.a = o.a + 500);
SELECT count(*) FROM ed o WHERE NOT EXISTS (SELECT 1 FROM ed i WHERE i.a = o.a * 2);
RESET work_mem;
DROP TABLE ea, eb, ec, ed;
-- the left side of IN from two levels up
CREATE TABLE fa AS SELECT i AS x FROM generate_series(1, 9) i;
CREATE TABLE fb AS SELECT i * 2 AS x FROM generate_series(1, 9) i;
SELECT x FROM fa WHERE EXISTS (SELECT 1 FROM fb WHERE fb.x > 2 AND fa.x IN (SELECT x FROM fb)) ORDER BY x;
SELECT x, (SELECT count(*) FROM fb WHERE fa.x IN (SELECT x FROM fb)) FROM fa ORDER BY x;
SELECT x, (SELECT count(*) FROM fb WHERE fa.x > ALL (SELECT x FROM fb f WHERE x < 5)) FROM fa ORDER BY x;
DROP TABLE fa, fb;
