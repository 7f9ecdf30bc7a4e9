-- Aggregates: ordered-set and hypothetical-set ones, statistics, bits, JSON, strings; with FILTER, DISTINCT, ORDER BY.
CREATE TABLE m (id int PRIMARY KEY, g text, i2 smallint, i4 int, i8 bigint, n numeric, r real, f float8, t text, d date, iv interval, b bytea, bo bool, ar int[]);
INSERT INTO m VALUES
 (1,'a',1,10,100,1.5,1.5,1.25,'one','2024-01-01','1 day','\x01',true,'{1,2}'),
 (2,'a',2,20,-200,2.25,2.5,2.5,'two','2024-02-01','2 days 03:00','\x0203',false,'{3,4}'),
 (3,'a',NULL,20,300,NULL,NULL,4,'three','2024-01-01',NULL,'\x',NULL,NULL),
 (4,'b',-5,NULL,NULL,100,-1,NULL,NULL,NULL,'-1 mon','\xff',true,'{5,6}'),
 (5,'b',7,7,9223372036854775807,0.001,'NaN','Infinity','five','infinity','00:00:01',NULL,true,'{7,8}'),
 (6,NULL,3,0,0,-3,0,-2,'','1999-12-31','1 year','\x00',false,'{}');
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY i4), percentile_disc(0.5) WITHIN GROUP (ORDER BY i4), mode() WITHIN GROUP (ORDER BY i4) FROM m;
SELECT percentile_cont(0) WITHIN GROUP (ORDER BY f), percentile_cont(1) WITHIN GROUP (ORDER BY id), percentile_cont(0.33) WITHIN GROUP (ORDER BY id DESC) FROM m;
SELECT percentile_disc(p) WITHIN GROUP (ORDER BY id) FROM m, (VALUES (0.0), (0.1), (0.5), (0.99), (1)) v(p) GROUP BY p ORDER BY p;
SELECT p, percentile_cont(p) WITHIN GROUP (ORDER BY x::float8) FROM generate_series(1, 5) x, (VALUES (0::float8), (0.1), (0.25), (0.4), (0.5), (0.6), (0.75), (0.9), (1)) v(p) GROUP BY p ORDER BY p;
SELECT percentile_cont(ARRAY[0, 0.25, 0.5, NULL, 1]) WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_cont(ARRAY[[0.1, 0.9], [0.5, 0.5]]) WITHIN GROUP (ORDER BY id DESC) FROM m;
SELECT percentile_disc(ARRAY[0, 0.25, 0.5, NULL, 1]) WITHIN GROUP (ORDER BY t) FROM m;
SELECT percentile_disc('{}'::float8[]) WITHIN GROUP (ORDER BY t), percentile_disc(NULL::float8[]) WITHIN GROUP (ORDER BY t) FROM m;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY t), percentile_disc(0.5) WITHIN GROUP (ORDER BY d DESC), percentile_disc(0.9) WITHIN GROUP (ORDER BY n NULLS FIRST) FROM m;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY iv), percentile_disc(0.5) WITHIN GROUP (ORDER BY iv), percentile_cont(ARRAY[0.2, 0.8]) WITHIN GROUP (ORDER BY iv) FROM m;
SELECT percentile_cont(NULL) WITHIN GROUP (ORDER BY id), percentile_disc(NULL) WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM m WHERE false;
SELECT percentile_disc(ARRAY[0.5]) WITHIN GROUP (ORDER BY id), mode() WITHIN GROUP (ORDER BY id), rank(3) WITHIN GROUP (ORDER BY id) FROM m WHERE false;
SELECT percentile_cont(2) WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_disc(-0.1) WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_disc('NaN') WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_cont(ARRAY[0.5, 1.5]) WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY id) FROM m WHERE false;
SELECT percentile_cont(ARRAY[1.5]) WITHIN GROUP (ORDER BY id) FROM m WHERE false;
SELECT g, percentile_cont(0.5) WITHIN GROUP (ORDER BY i4), mode() WITHIN GROUP (ORDER BY d), count(*) FROM m GROUP BY g ORDER BY g;
SELECT g, percentile_disc(0.5) WITHIN GROUP (ORDER BY id) FILTER (WHERE i4 > 5) FROM m GROUP BY g ORDER BY g;
SELECT g, percentile_disc(0.5) WITHIN GROUP (ORDER BY id) FROM m GROUP BY ROLLUP (g) ORDER BY g, 2;
SELECT i4 % 3, percentile_disc((i4 % 3) / 3.0) WITHIN GROUP (ORDER BY id) FROM m GROUP BY i4 % 3 ORDER BY 1;
SELECT rank(20) WITHIN GROUP (ORDER BY i4), dense_rank(20) WITHIN GROUP (ORDER BY i4), percent_rank(20) WITHIN GROUP (ORDER BY i4), cume_dist(20) WITHIN GROUP (ORDER BY i4) FROM m;
SELECT rank(15) WITHIN GROUP (ORDER BY i4 DESC), dense_rank(15) WITHIN GROUP (ORDER BY i4 DESC), percent_rank(15) WITHIN GROUP (ORDER BY i4 DESC NULLS LAST), cume_dist(15) WITHIN GROUP (ORDER BY i4 DESC) FROM m;
SELECT rank(NULL) WITHIN GROUP (ORDER BY i4), rank(NULL) WITHIN GROUP (ORDER BY i4 NULLS FIRST), cume_dist(NULL::int) WITHIN GROUP (ORDER BY i4 NULLS FIRST) FROM m;
SELECT rank('a', 3) WITHIN GROUP (ORDER BY g, id), dense_rank('b', 100) WITHIN GROUP (ORDER BY g DESC, id), cume_dist('a', 2.5) WITHIN GROUP (ORDER BY g, id) FROM m;
SELECT percent_rank(1) WITHIN GROUP (ORDER BY id), cume_dist(1) WITHIN GROUP (ORDER BY id) FROM m WHERE false;
SELECT g, rank(2) WITHIN GROUP (ORDER BY id) + 1 AS r FROM m GROUP BY g HAVING rank(2) WITHIN GROUP (ORDER BY id) > 1 ORDER BY g;
SELECT rank('five') WITHIN GROUP (ORDER BY t COLLATE "C") FROM m;
SELECT mode() WITHIN GROUP (ORDER BY x) FROM (VALUES (1), (2), (2), (3), (3)) v(x);
SELECT mode() WITHIN GROUP (ORDER BY x DESC) FROM (VALUES ('p'), ('q'), ('q'), ('p'), (NULL), (NULL), (NULL)) v(x);
SELECT pg_typeof(percentile_cont(0.5) WITHIN GROUP (ORDER BY i4)), pg_typeof(percentile_disc(0.5) WITHIN GROUP (ORDER BY i2)), pg_typeof(mode() WITHIN GROUP (ORDER BY d)), pg_typeof(rank(1) WITHIN GROUP (ORDER BY id)), pg_typeof(percentile_disc(ARRAY[0.5]) WITHIN GROUP (ORDER BY t)) FROM m;
SELECT sum(percentile_disc(0.5) WITHIN GROUP (ORDER BY id)) OVER () FROM m GROUP BY g;
-- Wrong uses.
SELECT percentile_cont(0.5) FROM m;
SELECT mode() FROM m;
SELECT mode(id) WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_cont(0.5, 1) WITHIN GROUP (ORDER BY id) FROM m;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM m;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id, i4) FROM m;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id) OVER () FROM m;
SELECT sum(1) WITHIN GROUP (ORDER BY id) FROM m;
SELECT lower(t) WITHIN GROUP (ORDER BY id) FROM m;
SELECT rank() WITHIN GROUP (ORDER BY id) FROM m;
SELECT rank(1, 2) WITHIN GROUP (ORDER BY id) FROM m;
SELECT rank(1) WITHIN GROUP (ORDER BY id, g) FROM m;
SELECT rank('x') WITHIN GROUP (ORDER BY id) FROM m;
SELECT rank(true) WITHIN GROUP (ORDER BY id) FROM m;
SELECT rank(1) FROM m;
SELECT rank(id) WITHIN GROUP (ORDER BY i4) FROM m;
SELECT percentile_disc(f) WITHIN GROUP (ORDER BY i4) FROM m GROUP BY g;
SELECT percentile_disc(max(f)) WITHIN GROUP (ORDER BY i4) FROM m;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY sum(i4)) FROM m;
SELECT id FROM m WHERE mode() WITHIN GROUP (ORDER BY id) = 1;
SELECT count() FROM m;
SELECT sum(generate_series(1, 2)) FROM m;
SELECT sum(*) FROM m;
SELECT sum(t) FROM m;
SELECT sum(DISTINCT i4, i8) FROM m;
SELECT max() FROM m;
SELECT array_agg(DISTINCT id ORDER BY g) FROM m;
SELECT string_agg(t) FROM m;
-- Plain aggregates of every type.
SELECT sum(i2), sum(i4), sum(i8), sum(n), sum(r), sum(f), sum(iv) FROM m WHERE id <> 5;
SELECT sum(f), avg(f), sum(r), avg(r), max(f), min(r) FROM m;
SELECT avg(i2), avg(i4), avg(i8), avg(n), avg(iv) FROM m WHERE id <> 5;
SELECT max(i2), max(i4), max(i8), max(n), max(r), max(f), max(t), max(d), max(iv), max(ar) FROM m;
SELECT min(i2), min(i4), min(i8), min(n), min(r), min(f), min(t), min(d), min(iv), min(ar) FROM m;
SELECT stddev(i2), stddev_pop(i4), stddev_samp(i8), variance(n), var_pop(i2), var_samp(i4) FROM m WHERE id <> 5;
SELECT stddev(f), stddev_pop(f), variance(r), var_pop(f) FROM m WHERE id <> 5;
SELECT stddev(f), var_pop(f) FROM m;
SELECT stddev(i4), stddev_pop(i4), variance(f), var_samp(n) FROM m WHERE id = 1;
SELECT corr(f, i4), covar_pop(f, i4), covar_samp(f, i4), regr_avgx(f, i4), regr_avgy(f, i4), regr_count(f, i4) FROM m WHERE id <> 5;
SELECT regr_intercept(f, i4), regr_r2(f, i4), regr_slope(f, i4), regr_sxx(f, i4), regr_sxy(f, i4), regr_syy(f, i4) FROM m WHERE id <> 5;
SELECT corr(1, x), regr_slope(1, x), regr_r2(x, 1), covar_samp(x, x) FROM generate_series(1, 1) x;
SELECT bit_and(i2), bit_or(i4), bit_xor(i8), bool_and(bo), bool_or(bo), every(bo) FROM m;
SELECT bit_and(i4), bool_and(bo), count(*), count(i4), sum(i4), avg(i4), max(t) FROM m WHERE false;
SELECT string_agg(t, '|' ORDER BY id), string_agg(b, '\xaa'::bytea ORDER BY id), string_agg(DISTINCT g, ',' ORDER BY g DESC) FROM m;
SELECT string_agg(t, NULL ORDER BY id), string_agg(t, i4::text ORDER BY id) FROM m;
SELECT array_agg(id ORDER BY id DESC), array_agg(t ORDER BY t NULLS FIRST), array_agg(DISTINCT g), array_agg(ar ORDER BY id) FILTER (WHERE ar <> '{}') FROM m;
SELECT array_agg(ar) FROM m;
SELECT json_agg(t ORDER BY id), json_object_agg(id, n ORDER BY id), json_agg(row(id, g) ORDER BY id) FROM m;
SELECT jsonb_agg(t ORDER BY id), jsonb_object_agg(id, n ORDER BY id), jsonb_object_agg(coalesce(g, 'none'), id ORDER BY id) FROM m;
SELECT json_object_agg(g, id) FROM m;
SELECT jsonb_object_agg(g, id) FROM m;
SELECT json_agg(m.i4) FILTER (WHERE false), json_object_agg(id, id) FILTER (WHERE false), string_agg(t, ',') FILTER (WHERE false), array_agg(id) FILTER (WHERE false) FROM m;
SELECT count(DISTINCT g), count(DISTINCT i4), sum(DISTINCT i4), avg(DISTINCT i4), count(DISTINCT (g, bo)) FROM m;
SELECT g, count(*) FILTER (WHERE bo), sum(i4) FILTER (WHERE id > 1) FROM m GROUP BY g ORDER BY g;
SELECT max(i8) - min(i8), sum(i4) * 2 + count(*) FROM m WHERE id < 5;
SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) v(x);
SELECT sum(x) FROM generate_series(2147483647, 2147483648) x;
SELECT avg(x) FROM (VALUES ('NaN'::numeric), (1)) v(x);
SELECT sum(x), avg(x) FROM (VALUES ('Infinity'::numeric), ('-Infinity')) v(x);
SELECT sum(x) FROM (VALUES (1e308::float8), (1e308)) v(x);
SELECT count(*) FROM m HAVING count(*) > 100;
SELECT 1 FROM m HAVING true;
SELECT id FROM m HAVING true;
-- Views.
CREATE VIEW a1 AS SELECT g, percentile_cont(0.5) WITHIN GROUP (ORDER BY i4 DESC NULLS LAST) AS p, rank(5, 'x') WITHIN GROUP (ORDER BY id, g) FILTER (WHERE bo) AS r, mode() WITHIN GROUP (ORDER BY t) AS mo, string_agg(DISTINCT t, ',' ORDER BY t) AS s FROM m GROUP BY g;
SELECT pg_get_viewdef('a1'::regclass);
SELECT * FROM a1 ORDER BY g;
-- Many rows.
SET work_mem = '64kB';
SELECT percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY x), mode() WITHIN GROUP (ORDER BY x % 100), rank(5000) WITHIN GROUP (ORDER BY x) FROM generate_series(1, 20000) x;
SELECT count(*), sum(p), sum(q) FROM (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) AS p, dense_rank(100) WITHIN GROUP (ORDER BY x % 10) AS q FROM generate_series(1, 20000) x GROUP BY x % 1000) s;
RESET work_mem;
