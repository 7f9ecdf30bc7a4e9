CREATE TABLE ee (a int);
INSERT INTO ee VALUES (1), (2);
SELECT EXISTS (SELECT generate_series(1, 0)), EXISTS (SELECT generate_series(1, 1)), NOT EXISTS (SELECT unnest('{}'::int[]));
SELECT a FROM ee WHERE EXISTS (SELECT generate_series(1, ee.a - 1));
SELECT a FROM ee WHERE EXISTS (SELECT unnest('{}'::int[]) FROM ee e WHERE e.a = ee.a);
SELECT a FROM ee WHERE NOT EXISTS (SELECT generate_series(2, e.a) FROM ee e WHERE e.a = ee.a) ORDER BY a;
SELECT a FROM ee WHERE EXISTS (SELECT 1 FROM ee e WHERE e.a = ee.a LIMIT 0);
