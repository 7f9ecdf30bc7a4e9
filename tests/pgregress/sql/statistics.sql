-- ANALYZE: what pg_stats says of tables small enough to be read whole.
CREATE TABLE s (id int PRIMARY KEY, grp text, few int, nul int, flag boolean, day date, same text, big bigint);
INSERT INTO s
SELECT i, CASE WHEN i <= 500 THEN 'often' WHEN i <= 750 THEN 'less' WHEN i <= 875 THEN 'seldom' ELSE 'rare' END,
       CASE WHEN i <= 400 THEN 1 WHEN i <= 700 THEN 2 WHEN i <= 900 THEN 3 ELSE 4 END,
       CASE WHEN i > 250 THEN i END, i <= 600, date '2024-01-01' + (i - 1), 'x', 1000 - i
FROM generate_series(1, 1000) i;
SELECT count(*) FROM pg_stats WHERE tablename = 's';
SELECT reltuples FROM pg_class WHERE relname = 's';
ANALYZE s;
SELECT reltuples FROM pg_class WHERE relname = 's';
SELECT schemaname, tablename, attname, inherited, null_frac, n_distinct, correlation FROM pg_stats
WHERE tablename = 's' ORDER BY attname;
SELECT attname, avg_width FROM pg_stats WHERE tablename = 's' ORDER BY attname;
SELECT attname, most_common_vals, most_common_freqs FROM pg_stats WHERE tablename = 's' ORDER BY attname;
SELECT attname, histogram_bounds FROM pg_stats WHERE tablename = 's' ORDER BY attname;
SELECT array_length(histogram_bounds::text::int[], 1) FROM pg_stats WHERE tablename = 's' AND attname = 'id';
SELECT staattnum, stakind1, stakind2, stakind3 FROM pg_statistic WHERE starelid = 's'::regclass ORDER BY 1;
-- fewer bounds
SET default_statistics_target = 10;
ANALYZE s (id, day);
SELECT attname, histogram_bounds FROM pg_stats WHERE tablename = 's' AND attname IN ('id', 'day') ORDER BY attname;
SELECT count(*) FROM pg_stats WHERE tablename = 's';
RESET default_statistics_target;
-- statistics go with their column and table
ALTER TABLE s DROP COLUMN day;
SELECT count(*) FROM pg_stats WHERE tablename = 's';
CREATE TABLE empty_one (a int, b text);
ANALYZE empty_one;
SELECT count(*) FROM pg_stats WHERE tablename = 'empty_one';
SELECT reltuples FROM pg_class WHERE relname = 'empty_one';
-- all NULL
INSERT INTO empty_one SELECT NULL, NULL FROM generate_series(1, 50);
ANALYZE empty_one;
SELECT attname, null_frac, avg_width, n_distinct, most_common_vals, histogram_bounds, correlation FROM pg_stats
WHERE tablename = 'empty_one' ORDER BY attname;
DROP TABLE empty_one;
-- in a transaction
BEGIN;
CREATE TABLE in_tx AS SELECT i % 3 AS a FROM generate_series(1, 99) i;
ANALYZE in_tx;
SELECT most_common_freqs, n_distinct FROM pg_stats WHERE tablename = 'in_tx';
ROLLBACK;
SELECT count(*) FROM pg_stats WHERE tablename = 'in_tx';
-- all tables
ANALYZE;
VACUUM;
VACUUM ANALYZE s;
VACUUM (ANALYZE, VERBOSE off) s;
VACUUM FULL s;
VACUUM (FREEZE) s;
VACUUM (DISABLE_PAGE_SKIPPING, INDEX_CLEANUP off, TRUNCATE off, PROCESS_TOAST off, PARALLEL 0) s;
ANALYZE (SKIP_LOCKED) s;
-- errors
ANALYZE nothing;
ANALYZE s (nothing);
ANALYZE s (id, id);
VACUUM s (id);
VACUUM (ANALYZE) s (id);
VACUUM (NONSENSE) s;
ANALYZE (NONSENSE) s;
CREATE VIEW sv AS SELECT * FROM s;
ANALYZE sv;
VACUUM sv;
DROP VIEW sv;
DROP TABLE s;
