CREATE TABLE alpha (id int PRIMARY KEY, name text DEFAULT 'n', score numeric(5,1), CHECK (score > 0));
CREATE TABLE beta (id bigserial PRIMARY KEY, alpha_id int NOT NULL REFERENCES alpha ON DELETE CASCADE, body jsonb);
CREATE INDEX beta_alpha ON beta (alpha_id);
CREATE SEQUENCE delta;
\d
\dt
\dv
\di
\ds
\d alpha
\d beta
\d delta
\d beta_alpha
\d nowhere
\dn regress_psql
\dt nowhere.*
\x on
SELECT 1 AS one, 'two' AS two;
\x off
\pset null '<null>'
SELECT NULL AS nothing, '' AS empty;
\pset format unaligned
SELECT 1 AS a, 'x|y' AS b;
\pset format aligned
SELECT 1 AS a \gset got_
\echo :got_a
SELECT 'from psql' AS note \g
\df nowhere
\du nowhere
SELECT c.relname, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'regress_psql' ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'alpha'::regclass AND attnum > 0 ORDER BY attnum;
SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'beta'::regclass ORDER BY conname;
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'beta'::regclass ORDER BY 1;
-- IN over varchar: the array is cast as a whole.
CREATE TABLE in_check (status varchar(20), n int CHECK (n IN (1, 2)), CONSTRAINT valid_status CHECK (status IN ('pending', 'processing')));
\d in_check
SELECT pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conname = 'valid_status';
INSERT INTO in_check VALUES ('pending', 1), ('processing', 2);
INSERT INTO in_check VALUES ('other', 1);
SELECT * FROM in_check WHERE status IN ('processing', 'x', NULL);
EXPLAIN (COSTS OFF) SELECT * FROM in_check WHERE status IN ('processing', 'x') AND n IN (1, 2, 3);
SELECT ARRAY['a'::varchar, NULL]::text[], ARRAY[ARRAY[1, 2], ARRAY[3, 4]], ARRAY[1, 2.5], (ARRAY[1, 2])::text[], ARRAY[]::int[];
