-- What catalog_differential.py adds to pg_dump.sql: more kinds of columns, keys and rights.
CREATE ROLE differential_reader;
CREATE ROLE differential_writer LOGIN CONNECTION LIMIT 3 VALID UNTIL '2040-01-01 00:00:00+00';
GRANT differential_reader TO differential_writer WITH ADMIN OPTION;
CREATE TYPE shop.place AS (street text, number integer, tags text[]);
CREATE TYPE shop.span AS RANGE (subtype = numeric);
CREATE DOMAIN shop.zip AS varchar(5) NOT NULL COLLATE "C" CHECK (VALUE ~ '^[0-9]+$');
CREATE TABLE shop.every (
    a smallint, b integer, c bigint, d real, e double precision, f numeric, g numeric(12), h numeric(12, 3),
    i text, j varchar, k varchar(7), l char, m char(9), n "char", o name, p bytea, q boolean, r date, s time,
    t time(3), u timetz, v timestamp, w timestamp(0), x timestamptz, y timestamptz(2), z interval,
    aa interval hour to minute, ab interval second(2), ac uuid, ad json, ae jsonb, af inet, ag cidr, ah macaddr,
    ai bit(4), aj varbit(6), ak money, al point, am int4range, an int8multirange, ao oid, ap regclass, aq xml,
    ar integer[], "as" text[][], at numeric(5, 1)[], au shop.mood, av shop.mood[], aw shop.place, ax shop.zip,
    ay shop.span, az varchar(4)[], "Mixed Case" integer NOT NULL DEFAULT (1 + 2), "select" text DEFAULT 'x');
ALTER TABLE shop.every DROP COLUMN c;
ALTER TABLE shop.every ALTER COLUMN i SET STORAGE EXTERNAL, ALTER COLUMN b SET STATISTICS 10;
CREATE TABLE public.parent (a integer, b integer, c text, PRIMARY KEY (a, b), UNIQUE (b, a), UNIQUE NULLS NOT DISTINCT (c));
CREATE TABLE public.child (
    x integer, y integer, z integer CONSTRAINT z_small CHECK (z < 10) NO INHERIT,
    CONSTRAINT to_parent FOREIGN KEY (x, y) REFERENCES public.parent (a, b) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT to_other FOREIGN KEY (y, x) REFERENCES public.parent (b, a) ON DELETE SET DEFAULT,
    FOREIGN KEY (z) REFERENCES shop.item);
ALTER TABLE public.child REPLICA IDENTITY FULL;
CREATE UNLOGGED TABLE public.fast (k text PRIMARY KEY, v integer) WITH (fillfactor = 80);
CREATE INDEX ON public.fast USING hash (v);
CREATE INDEX fast_order ON public.fast (v DESC, lower(k) COLLATE "C" text_pattern_ops NULLS FIRST);
ALTER TABLE public.fast CLUSTER ON fast_pkey;
CREATE VIEW public.writable AS SELECT k, v FROM public.fast WHERE v > 0 WITH CASCADED CHECK OPTION;
CREATE VIEW public.odd ("A b", c) AS SELECT 1, ARRAY['x', NULL]::text[] UNION ALL VALUES (2, NULL::text[]);
CREATE FUNCTION public.outs(IN a integer, INOUT b text, OUT c numeric, VARIADIC d integer[] DEFAULT '{}')
    RETURNS record LANGUAGE sql STABLE COST 7 PARALLEL SAFE SET work_mem = '1MB' AS 'SELECT b, 1.5';
CREATE FUNCTION public.defined(x shop.mood, y shop.place) RETURNS SETOF shop.item LANGUAGE sql SECURITY DEFINER LEAKPROOF
    ROWS 5 AS 'SELECT * FROM shop.item';
CREATE FUNCTION public.atomic(a integer) RETURNS integer LANGUAGE sql RETURN a + 1;
GRANT SELECT, UPDATE (name, price) ON shop.item TO differential_reader;
GRANT ALL ON public.fast TO differential_writer WITH GRANT OPTION;
GRANT SELECT ON public.sold TO PUBLIC;
GRANT USAGE ON SCHEMA shop TO differential_reader;
GRANT USAGE ON SEQUENCE shop.numbers TO differential_writer;
GRANT EXECUTE ON FUNCTION public.outs(integer, text, integer[]) TO differential_reader;
REVOKE EXECUTE ON FUNCTION public.atomic(integer) FROM PUBLIC;
GRANT USAGE ON TYPE shop.mood TO differential_reader;
REVOKE USAGE ON TYPE shop.positive FROM PUBLIC;
COMMENT ON CONSTRAINT to_parent ON public.child IS 'a key';
COMMENT ON ROLE differential_reader IS 'reads';
ALTER ROLE differential_writer SET statement_timeout = '5s';
ALTER SEQUENCE shop.numbers OWNED BY shop.item.number;
