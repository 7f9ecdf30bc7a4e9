CREATE TABLE fp_t (id int PRIMARY KEY, v int, t text);
INSERT INTO fp_t SELECT i, i % 10, 't' || i FROM generate_series(1, 1000) i;
CREATE FUNCTION fp_get(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT v FROM fp_t WHERE id = $1';
SELECT fp_get(5), fp_get(7), fp_get(NULL), fp_get(5000);
SELECT sum(fp_get(i)) FROM generate_series(1, 1000) i;
-- the body is replaced
CREATE OR REPLACE FUNCTION fp_get(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT v + 100 FROM fp_t WHERE id = $1';
SELECT fp_get(5);
BEGIN;
CREATE OR REPLACE FUNCTION fp_get(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT v + 200 FROM fp_t WHERE id = $1';
SELECT fp_get(5);
ROLLBACK;
SELECT fp_get(5);
-- what it reads changes
ALTER TABLE fp_t ALTER COLUMN v TYPE bigint;
SELECT fp_get(5);
ALTER TABLE fp_t ALTER COLUMN v TYPE int;
SELECT fp_get(5);
BEGIN;
ALTER TABLE fp_t RENAME COLUMN v TO w;
ROLLBACK;
SELECT fp_get(5);
DROP TABLE fp_t;
CREATE TABLE fp_t (id int PRIMARY KEY, v int, t text);
INSERT INTO fp_t SELECT i, i % 10, 't' || i FROM generate_series(1, 1000) i;
SELECT fp_get(5);
CREATE INDEX fp_t_v ON fp_t (v);
SELECT fp_get(6);
-- the search path decides
CREATE SCHEMA fp_other;
CREATE TABLE fp_other.fp_t (id int PRIMARY KEY, v int, t text);
INSERT INTO fp_other.fp_t VALUES (5, -5, 'other');
CREATE FUNCTION fp_path() RETURNS text LANGUAGE sql VOLATILE AS 'SELECT t FROM fp_t WHERE id = 5';
SELECT fp_path();
SET search_path = fp_other, regress_function_plans;
SELECT fp_path();
SET search_path = regress_function_plans;
SELECT fp_path();
CREATE FUNCTION fp_path_set() RETURNS text LANGUAGE sql VOLATILE SET search_path = fp_other AS 'SELECT t FROM fp_t WHERE id = 5';
SELECT fp_path_set(), fp_path(), fp_path_set(), fp_path();
-- several statements, each seeing those before it
CREATE FUNCTION fp_steps(int) RETURNS bigint LANGUAGE sql AS $$
INSERT INTO fp_t VALUES ($1, 1, 'new');
UPDATE fp_t SET v = v + 1 WHERE id = $1;
SELECT count(*) + max(v) FROM fp_t WHERE id >= 2000;
$$;
SELECT fp_steps(2001);
SELECT fp_steps(2002), fp_steps(2003);
SELECT fp_steps(2003);
SELECT count(*) FROM fp_t WHERE id > 2000;
-- types of the call
CREATE FUNCTION fp_any(anyelement) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT pg_typeof($1)::text || $1::text';
SELECT fp_any(1), fp_any('x'::text), fp_any(1.5), fp_any(DATE '2020-01-01'), fp_any(2);
CREATE FUNCTION fp_over(int) RETURNS text LANGUAGE sql VOLATILE AS $$SELECT 'int ' || $1$$;
CREATE FUNCTION fp_over(text) RETURNS text LANGUAGE sql VOLATILE AS $$SELECT 'text ' || $1$$;
SELECT fp_over(1), fp_over('1'), fp_over(2), fp_over('2');
-- calls of itself, and of others
CREATE FUNCTION fp_fact(n int) RETURNS numeric LANGUAGE sql VOLATILE AS 'SELECT CASE WHEN n <= 1 THEN 1 ELSE n * fp_fact(n - 1) END';
SELECT fp_fact(1), fp_fact(5), fp_fact(20);
CREATE FUNCTION fp_outer(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT fp_get($1) + fp_get($1 + 1)';
SELECT fp_outer(1), fp_outer(2);
CREATE FUNCTION fp_set(int) RETURNS SETOF fp_t LANGUAGE sql VOLATILE AS 'SELECT * FROM fp_t WHERE v = $1 ORDER BY id LIMIT 2';
SELECT * FROM fp_set(3);
SELECT x, (fp_set(x)).id FROM generate_series(1, 3) x;
SELECT x, s.id FROM generate_series(1, 3) x, fp_set(x) s;
-- settings that literals depend on
CREATE FUNCTION fp_date() RETURNS date LANGUAGE sql VOLATILE AS $$SELECT '02/03/2020'::date$$;
SELECT fp_date();
SET datestyle = 'ISO, DMY';
SELECT fp_date();
SET datestyle = 'ISO, MDY';
SELECT fp_date();
-- errors leave nothing behind
CREATE FUNCTION fp_div(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 10 / $1';
SELECT fp_div(5);
SELECT fp_div(2);
CREATE FUNCTION fp_late(int) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM fp_t WHERE id < $1';
DROP FUNCTION fp_late(int);
SELECT fp_late(3);
CREATE FUNCTION fp_late(int) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT ''text'' || $1';
SELECT fp_late(3);
