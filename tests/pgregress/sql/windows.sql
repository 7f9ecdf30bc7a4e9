-- Window functions: ranks, other rows, aggregates, frames, named windows.
CREATE TABLE sale (id int PRIMARY KEY, region text, day date, amount numeric(10,2), qty int, at timestamp, rate float8, gap interval);
INSERT INTO sale VALUES
 (1,'north','2024-01-01',10.50,3,'2024-01-01 08:00',1.5,'1 day'),
 (2,'north','2024-01-02',20.00,NULL,'2024-01-01 09:30',2.5,'2 days'),
 (3,'north','2024-01-02',5.25,7,'2024-01-01 10:00',2.5,'36 hours'),
 (4,'north','2024-01-05',NULL,1,'2024-01-03 08:00',NULL,NULL),
 (5,'south','2024-01-01',7.00,2,'2024-01-01 08:00',-1,'1 day'),
 (6,'south','2024-01-03',7.00,2,'2024-01-02 08:00',0,'1 month'),
 (7,'south','2024-01-10',99.99,9,'2024-02-01 08:00',10,'40 days'),
 (8,NULL,NULL,1.00,4,NULL,'NaN','00:00:01'),
 (9,NULL,'2024-01-01',2.00,5,'2024-01-01 00:00','Infinity','-1 day'),
 (10,'east','2023-12-31',0.00,0,'2023-12-31 23:59:59.999',3,'0');
SELECT id, row_number() OVER (ORDER BY id DESC) FROM sale ORDER BY id;
SELECT id, region, row_number() OVER (PARTITION BY region ORDER BY id) FROM sale ORDER BY id;
SELECT id, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w FROM sale WINDOW w AS (ORDER BY day) ORDER BY id;
SELECT id, rank() OVER (PARTITION BY region ORDER BY amount DESC NULLS LAST, id) AS r FROM sale ORDER BY region, r;
SELECT id, ntile(3) OVER (ORDER BY id), ntile(4) OVER (ORDER BY id), ntile(20) OVER (ORDER BY id), ntile(NULL) OVER (ORDER BY id) FROM sale ORDER BY id;
SELECT id, ntile(qty) OVER (ORDER BY id DESC) FROM sale WHERE id < 10 ORDER BY id;
SELECT ntile(0) OVER (ORDER BY id) FROM sale;
SELECT ntile(-1) OVER () FROM sale;
SELECT id, lag(id) OVER w, lead(id) OVER w, lag(id, 2) OVER w, lead(id, 2, -1) OVER w, lag(id, NULL) OVER w, lag(id, -1) OVER w FROM sale WINDOW w AS (PARTITION BY region ORDER BY id) ORDER BY id;
SELECT id, lag(amount, qty, 0) OVER (ORDER BY id), lead(region, 1, 'none') OVER (ORDER BY id) FROM sale ORDER BY id;
SELECT id, lead(qty, 1, 0.5) OVER (ORDER BY id) FROM sale ORDER BY id;
SELECT id, first_value(id) OVER w, last_value(id) OVER w, nth_value(id, 2) OVER w, nth_value(id, NULL) OVER w FROM sale WINDOW w AS (PARTITION BY region ORDER BY day, id) ORDER BY id;
SELECT nth_value(id, 0) OVER (ORDER BY id) FROM sale;
SELECT nth_value(id, -3) OVER (ORDER BY id) FROM sale;
SELECT id, sum(amount) OVER (), count(*) OVER (), count(amount) OVER (), avg(qty) OVER (), max(region) OVER () FROM sale ORDER BY id;
SELECT id, sum(amount) OVER (ORDER BY id), sum(qty) OVER (ORDER BY id), avg(amount) OVER (ORDER BY id) FROM sale ORDER BY id;
SELECT id, sum(qty) OVER (PARTITION BY region ORDER BY day) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY day) FROM sale ORDER BY id;
SELECT id, string_agg(region, ',') OVER (PARTITION BY region ORDER BY id) FROM sale ORDER BY id;
SELECT id, count(*) FILTER (WHERE qty > 2) OVER (ORDER BY id), sum(qty) FILTER (WHERE region = 'north') OVER () FROM sale ORDER BY id;
SELECT id, json_agg(id) OVER (ORDER BY id ROWS 2 PRECEDING), jsonb_agg(region) OVER (PARTITION BY region) FROM sale ORDER BY id;
SELECT id, bool_and(qty > 1) OVER (ORDER BY id), bool_or(qty > 6) OVER (ORDER BY id), bit_or(qty) OVER (ORDER BY id) FROM sale ORDER BY id;
SELECT id, stddev(qty) OVER w, variance(amount) OVER w, stddev_pop(rate) OVER w FROM sale WHERE id < 8 WINDOW w AS (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) ORDER BY id;
-- Frames of rows.
SELECT id, sum(qty) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM sale ORDER BY id;
SELECT id, sum(amount) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), avg(amount) OVER (ORDER BY id ROWS 1 PRECEDING) FROM sale ORDER BY id;
SELECT id, array_agg(id) OVER (ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 4 FOLLOWING) FROM sale ORDER BY id;
SELECT id, array_agg(id) OVER (ORDER BY id ROWS BETWEEN 4 PRECEDING AND 2 PRECEDING) FROM sale ORDER BY id;
SELECT id, count(*) OVER (ORDER BY id ROWS BETWEEN 4 PRECEDING AND 2 PRECEDING), sum(qty) OVER (ORDER BY id ROWS BETWEEN 4 PRECEDING AND 2 PRECEDING) FROM sale ORDER BY id;
SELECT id, array_agg(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM sale ORDER BY id;
SELECT id, array_agg(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM sale ORDER BY id;
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 0 PRECEDING AND 0 FOLLOWING) FROM sale ORDER BY id;
SELECT id, array_agg(id) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 0 FOLLOWING) FROM sale ORDER BY id;
SELECT id, max(qty) OVER w, min(amount) OVER w, first_value(id) OVER w, last_value(id) OVER w, nth_value(id, 2) OVER w FROM sale WINDOW w AS (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) ORDER BY id;
SELECT id, sum(rate) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM sale ORDER BY id;
-- Frames by distance.
SELECT id, qty, sum(1 << id) OVER (ORDER BY qty RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM sale ORDER BY qty, id;
SELECT id, qty, sum(1 << id) OVER (ORDER BY qty DESC RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) FROM sale ORDER BY qty DESC, id;
SELECT id, qty, count(*) OVER (ORDER BY qty DESC NULLS LAST RANGE BETWEEN 2 PRECEDING AND 1 PRECEDING) FROM sale ORDER BY id;
SELECT id, qty, count(*) OVER (ORDER BY qty NULLS FIRST RANGE BETWEEN 1 FOLLOWING AND 3 FOLLOWING) FROM sale ORDER BY id;
SELECT id, amount, sum(amount) OVER (ORDER BY amount RANGE BETWEEN 2.5 PRECEDING AND 2.5 FOLLOWING) FROM sale ORDER BY id;
SELECT id, rate, count(*) OVER (ORDER BY rate RANGE BETWEEN 1.0 PRECEDING AND 1.0 FOLLOWING) FROM sale ORDER BY id;
SELECT id, rate, count(*) OVER (ORDER BY rate RANGE BETWEEN 'Infinity' PRECEDING AND 'Infinity' FOLLOWING) FROM sale ORDER BY id;
SELECT id, day, count(*) OVER (ORDER BY day RANGE BETWEEN '1 day' PRECEDING AND '2 days' FOLLOWING) FROM sale ORDER BY id;
SELECT id, at, sum(1 << id) OVER (ORDER BY at DESC RANGE BETWEEN interval '1 day' PRECEDING AND interval '12 hours' FOLLOWING) FROM sale ORDER BY id;
SELECT id, gap, count(*) OVER (ORDER BY gap RANGE BETWEEN '1 day' PRECEDING AND '1 day' FOLLOWING) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY at::time RANGE BETWEEN '1 hour' PRECEDING AND '1 hour' FOLLOWING) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY at::timestamptz RANGE BETWEEN '1 hour' PRECEDING AND '1 hour' FOLLOWING) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY qty::smallint RANGE BETWEEN 1::bigint PRECEDING AND 2::smallint FOLLOWING) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY day RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY day, qty RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM sale ORDER BY id;
-- Frames of peer groups.
SELECT id, day, sum(1 << id) OVER (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM sale ORDER BY id;
SELECT id, day, sum(1 << id) OVER (ORDER BY day GROUPS BETWEEN 1 FOLLOWING AND 2 FOLLOWING) FROM sale ORDER BY id;
SELECT id, day, sum(1 << id) OVER (ORDER BY day DESC GROUPS BETWEEN 3 PRECEDING AND 2 PRECEDING) FROM sale ORDER BY id;
SELECT id, count(*) OVER (ORDER BY region GROUPS CURRENT ROW), count(*) OVER (ORDER BY region GROUPS UNBOUNDED PRECEDING) FROM sale ORDER BY id;
SELECT id, sum(qty) OVER (PARTITION BY region ORDER BY day GROUPS 1 PRECEDING) FROM sale ORDER BY id;
-- Exclusion.
SELECT id, sum(1 << id) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE GROUP) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES) FROM sale ORDER BY id;
SELECT id, sum(1 << id) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE NO OTHERS) FROM sale ORDER BY id;
SELECT id, sum(qty) OVER (ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES), first_value(day) OVER (ORDER BY day GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING EXCLUDE GROUP) FROM sale ORDER BY id;
SELECT id, nth_value(region, 2) OVER w, last_value(id) OVER w, first_value(region) OVER w FROM sale WINDOW w AS (ORDER BY region, id % 2 RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES) ORDER BY id;
SELECT id, count(*) OVER (ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW), count(*) OVER (ROWS UNBOUNDED PRECEDING EXCLUDE GROUP) FROM sale ORDER BY id;
SELECT id, sum(qty) OVER (ORDER BY qty RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING EXCLUDE CURRENT ROW) FROM sale ORDER BY id;
-- Named windows.
SELECT id, sum(qty) OVER w, rank() OVER (w ORDER BY id), count(*) OVER v FROM sale WINDOW w AS (PARTITION BY region), v AS (w ORDER BY id DESC) ORDER BY id;
SELECT id, sum(qty) OVER (w ROWS 1 PRECEDING) FROM sale WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT sum(qty) OVER nowhere FROM sale;
SELECT sum(qty) OVER (nowhere ORDER BY id) FROM sale;
SELECT sum(qty) OVER w FROM sale WINDOW w AS (ORDER BY id), w AS (ORDER BY qty);
SELECT sum(qty) OVER (w PARTITION BY id) FROM sale WINDOW w AS (ORDER BY id);
SELECT sum(qty) OVER (w ORDER BY qty) FROM sale WINDOW w AS (ORDER BY id);
SELECT sum(qty) OVER (w) FROM sale WINDOW w AS (ORDER BY id ROWS 1 PRECEDING);
SELECT sum(qty) OVER (w ROWS 2 PRECEDING) FROM sale WINDOW w AS (ORDER BY id ROWS 1 PRECEDING);
SELECT 1 FROM sale WINDOW v AS (w ORDER BY id), w AS (PARTITION BY id);
SELECT 1 FROM sale WINDOW w AS (ORDER BY nope);
-- Beside grouping, DISTINCT, LIMIT, set operations, subqueries.
SELECT region, sum(qty), sum(sum(qty)) OVER (ORDER BY region), rank() OVER (ORDER BY sum(qty) DESC) FROM sale GROUP BY region ORDER BY region;
SELECT region, count(*), avg(count(*)) OVER () FROM sale GROUP BY region HAVING count(*) > 1 ORDER BY 1;
SELECT DISTINCT region, count(*) OVER (PARTITION BY region) FROM sale ORDER BY region;
SELECT DISTINCT ON (region) region, id, rank() OVER (PARTITION BY region ORDER BY qty) AS r FROM sale ORDER BY region, r, id;
SELECT DISTINCT rank() OVER (ORDER BY day) FROM sale ORDER BY rank() OVER (ORDER BY day);
SELECT id, rank() OVER (ORDER BY day) FROM sale ORDER BY rank() OVER (ORDER BY day) DESC, id LIMIT 3;
SELECT id, row_number() OVER () + 100 AS n FROM (SELECT id FROM sale ORDER BY id DESC) s LIMIT 4;
SELECT * FROM (SELECT id, row_number() OVER (PARTITION BY region ORDER BY id) AS n FROM sale) s WHERE n = 1 ORDER BY id;
SELECT id, (SELECT max(x) FROM (SELECT sum(q.v) OVER (ORDER BY q.v) AS x FROM (VALUES (1),(2),(sale.qty)) q(v)) z) FROM sale ORDER BY id;
SELECT s.id, z.x FROM sale s, LATERAL (SELECT row_number() OVER (ORDER BY t.id DESC) AS x FROM sale t WHERE t.region = s.region LIMIT 1) z ORDER BY 1;
SELECT row_number() OVER (ORDER BY id) FROM sale WHERE false;
SELECT count(*) OVER () FROM sale WHERE id < 3 UNION ALL SELECT 100;
WITH c AS (SELECT id, lag(id) OVER (ORDER BY id) AS p FROM sale) SELECT id - p FROM c ORDER BY id;
SELECT row_number() OVER (), generate_series(1, 2) FROM sale WHERE id = 1;
SELECT CASE WHEN row_number() OVER (ORDER BY id) % 2 = 0 THEN 'even' ELSE 'odd' END FROM sale ORDER BY id;
SELECT id, sum(sum(qty)) OVER () FROM sale GROUP BY id ORDER BY id LIMIT 2;
SELECT id % 2 AS p, qty, sum(qty) OVER (PARTITION BY id % 2 ORDER BY qty, id) FROM sale ORDER BY 1, 2, 3;
SELECT a.id, count(*) OVER (PARTITION BY b.region) FROM sale a JOIN sale b ON a.id = b.id + 1 ORDER BY a.id;
SELECT pg_typeof(row_number() OVER ()), pg_typeof(sum(qty) OVER ()), pg_typeof(ntile(2) OVER ()), pg_typeof(lag(day) OVER ()) FROM sale LIMIT 1;
SELECT row_number() OVER w AS a, rank() OVER w AS b FROM sale WINDOW w AS (ORDER BY region) ORDER BY a LIMIT 2;
SELECT row_number() OVER (ORDER BY id), avg(qty) OVER (), "sale".id AS "Id" FROM sale ORDER BY id LIMIT 2;
SELECT last_value(x) OVER (ORDER BY x) FROM generate_series(1, 3) x;
SELECT x, sum(x) OVER (ORDER BY x DESC ROWS BETWEEN $1 PRECEDING AND CURRENT ROW) FROM generate_series(1, 3) x;
PREPARE moving(int) AS SELECT x, sum(x) OVER (ORDER BY x ROWS BETWEEN $1 PRECEDING AND CURRENT ROW) FROM generate_series(1, 5) x ORDER BY x;
EXECUTE moving(1);
EXECUTE moving(3);
EXECUTE moving(-1);
EXECUTE moving(NULL);
-- Errors.
SELECT row_number() FROM sale;
SELECT rank();
SELECT id FROM sale WHERE row_number() OVER () = 1;
SELECT id FROM sale GROUP BY rank() OVER (ORDER BY id);
SELECT count(*) FROM sale HAVING rank() OVER () = 1;
SELECT a.id FROM sale a JOIN sale b ON rank() OVER () = 1;
SELECT id FROM sale LIMIT row_number() OVER ();
SELECT sum(rank() OVER ()) FROM sale;
SELECT sum(rank() OVER ()) OVER () FROM sale;
SELECT count(*) FILTER (WHERE rank() OVER () = 1) FROM sale;
SELECT rank() OVER (ORDER BY rank() OVER ()) FROM sale;
SELECT rank() OVER (PARTITION BY count(*) OVER ()) FROM sale;
SELECT lower(region) OVER () FROM sale;
SELECT sum(DISTINCT qty) OVER () FROM sale;
SELECT sum(qty ORDER BY id) OVER () FROM sale;
SELECT rank() FILTER (WHERE true) OVER () FROM sale;
SELECT count() OVER () FROM sale;
SELECT row_number(*) OVER () FROM sale;
SELECT rank() OVER (ORDER BY id GROUPS BETWEEN 'x' PRECEDING AND CURRENT ROW) FROM sale;
SELECT sum(qty) OVER (GROUPS 1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (RANGE 1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id, qty RANGE 1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY region RANGE 1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY region RANGE 'x' PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY day RANGE 1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY qty RANGE '1 day'::interval PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY qty RANGE 1.5 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY qty RANGE -1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY rate RANGE 'NaN' PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY day RANGE '-1 day' PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS id PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS -1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND -1 FOLLOWING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS NULL PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND NULL::int FOLLOWING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS 1.5 PRECEDING) FROM sale WHERE id < 3;
SELECT sum(qty) OVER (ORDER BY id ROWS true PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS UNBOUNDED FOLLOWING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS BETWEEN count(*) PRECEDING AND CURRENT ROW) FROM sale;
SELECT sum(qty) OVER (ORDER BY id ROWS BETWEEN rank() OVER () PRECEDING AND CURRENT ROW) FROM sale;
SELECT rank() OVER (ORDER BY qty) FROM sale GROUP BY region;
SELECT sum(generate_series(1, 3)) OVER () FROM sale;
SELECT id, sum(qty) OVER () FROM sale FOR UPDATE;
UPDATE sale SET qty = row_number() OVER ();
INSERT INTO sale (id) VALUES (row_number() OVER ());
DELETE FROM sale WHERE id = rank() OVER ();
INSERT INTO sale (id) VALUES (100) RETURNING rank() OVER ();
SELECT * FROM generate_series(1, rank() OVER ()) g;
SELECT nosuch(qty) OVER () FROM sale;
SELECT lag(qty, 'x') OVER () FROM sale;
SELECT to_jsonb(qty) OVER () FROM sale;
-- Views.
CREATE VIEW v1 AS SELECT id, rank() OVER (PARTITION BY region ORDER BY day DESC, id NULLS FIRST) AS r, sum(qty) FILTER (WHERE id > 2) OVER w AS s, count(*) OVER (w ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) AS c, lag(qty, 2, 0) OVER () AS l FROM sale WINDOW w AS (ORDER BY id), w2 AS (PARTITION BY region, lower(region) ORDER BY day RANGE '1 day' PRECEDING);
SELECT pg_get_viewdef('v1'::regclass);
SELECT pg_get_viewdef('v1'::regclass, true);
SELECT * FROM v1 ORDER BY id;
CREATE VIEW v2 AS SELECT region, sum(sum(qty)) OVER (ORDER BY sum(qty) ROWS UNBOUNDED PRECEDING), dense_rank() OVER (ORDER BY count(*) RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM sale GROUP BY region HAVING count(*) > 0 WINDOW x AS (), y AS (x GROUPS CURRENT ROW);
SELECT pg_get_viewdef('v2'::regclass);
CREATE VIEW v2b AS SELECT region, sum(sum(qty)) OVER (ORDER BY sum(qty) ROWS UNBOUNDED PRECEDING) FROM sale GROUP BY region HAVING count(*) > 0 WINDOW y AS (ORDER BY region GROUPS CURRENT ROW) ORDER BY 2;
SELECT pg_get_viewdef('v2b'::regclass);
SELECT pg_get_viewdef('v2b'::regclass, true);
SELECT * FROM v2b;
-- Plans.
EXPLAIN (COSTS OFF) SELECT id, rank() OVER (PARTITION BY region ORDER BY qty), sum(qty) OVER (PARTITION BY region), count(*) OVER () FROM sale;
EXPLAIN (COSTS OFF) SELECT sum(qty) OVER (ORDER BY region), sum(qty) OVER (ORDER BY day) FROM sale ORDER BY region;
-- Many rows: more than work_mem, running and moving.
SET work_mem = '64kB';
SELECT sum(a), sum(b), sum(c), sum(d) FROM (SELECT sum(i) OVER (ORDER BY i) AS a, sum(i) OVER (ORDER BY i ROWS BETWEEN 100 PRECEDING AND 100 FOLLOWING) AS b, lag(i, 1000) OVER (ORDER BY i) AS c, count(*) OVER (ORDER BY i / 7 GROUPS BETWEEN 3 PRECEDING AND 2 PRECEDING) AS d FROM generate_series(1, 20000) i) s;
SELECT sum(a), sum(b) FROM (SELECT sum(i * 1.5) OVER (PARTITION BY i % 100 ORDER BY i ROWS 5 PRECEDING) AS a, ntile(7) OVER (PARTITION BY i % 3 ORDER BY i) AS b FROM generate_series(1, 20000) i) s;
SELECT count(*), sum(length(x)) FROM (SELECT first_value(repeat(i::text, 10)) OVER (ORDER BY i ROWS BETWEEN 3000 PRECEDING AND CURRENT ROW) AS x FROM generate_series(1, 10000) i) s;
SELECT max(m), count(DISTINCT r) FROM (SELECT max(i % 977) OVER (ORDER BY i RANGE BETWEEN 10 PRECEDING AND 10 FOLLOWING) AS m, rank() OVER (ORDER BY i % 500) AS r FROM generate_series(1, 20000) i) s;
RESET work_mem;
