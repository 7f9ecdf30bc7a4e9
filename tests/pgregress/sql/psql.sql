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
