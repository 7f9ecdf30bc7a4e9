-- Enumerated types
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE mood AS ENUM ('x');
CREATE TYPE empty_enum AS ENUM ();
CREATE TYPE toolong AS ENUM ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
CREATE TYPE nosuchschema.e AS ENUM ('a');
CREATE TYPE "Odd Name" AS ENUM ('one', 'two words', 'it''s');
SELECT 'sad'::mood, 'ok'::mood < 'happy'::mood AS lt, 'happy'::mood > 'ok' AS gt;
SELECT 'angry'::mood;
SELECT 'Sad'::mood;
SELECT ''::mood;
SELECT ' sad'::mood;
SELECT 'one'::"Odd Name", pg_typeof('one'::"Odd Name");
SELECT 'three'::"Odd Name";
SELECT NULL::mood;
SELECT pg_typeof('sad'::mood), 'mood'::regtype, 'mood[]'::regtype, 'nosuch'::regtype;
SELECT typname, typtype, typcategory, typlen, typbyval, typalign, typstorage, typdelim, typinput, typoutput, typreceive, typsend,
       typelem, typarray::regtype, typnotnull, typbasetype, typtypmod, typndims, typcollation, typispreferred, typisdefined, typrelid, typsubscript
FROM pg_type WHERE typname = 'mood';
SELECT typname, typtype, typcategory, typlen, typbyval, typalign, typstorage, typinput, typoutput, typreceive, typsend, typelem::regtype, typarray, typsubscript, typanalyze
FROM pg_type WHERE typname = '_mood';
SELECT enumsortorder, enumlabel FROM pg_enum WHERE enumtypid = 'mood'::regtype ORDER BY 1;
CREATE TABLE person (name text, current_mood mood);
INSERT INTO person VALUES ('Moe', 'happy'), ('Larry', 'sad'), ('Curly', 'ok'), ('Shemp', NULL);
INSERT INTO person VALUES ('Joe', 'grumpy');
INSERT INTO person VALUES ('Joe', 1);
INSERT INTO person VALUES ('Joe', 'sad'::text);
SELECT * FROM person ORDER BY current_mood;
SELECT * FROM person ORDER BY current_mood DESC NULLS LAST;
SELECT * FROM person WHERE current_mood > 'sad' ORDER BY current_mood;
SELECT * FROM person WHERE current_mood = 'sad';
SELECT * FROM person WHERE current_mood IN ('sad', 'ok') ORDER BY name;
SELECT * FROM person WHERE current_mood = 'none';
SELECT * FROM person WHERE current_mood = 'sad'::text;
SELECT * FROM person WHERE current_mood::text = 'sad';
SELECT * FROM person WHERE current_mood = ANY ('{sad,happy}') ORDER BY name;
SELECT * FROM person WHERE current_mood = ANY (ARRAY['sad', 'happy']::mood[]) ORDER BY name;
SELECT min(current_mood), max(current_mood), count(DISTINCT current_mood) FROM person;
SELECT name FROM person WHERE current_mood = (SELECT min(current_mood) FROM person);
SELECT current_mood, count(*) FROM person GROUP BY current_mood ORDER BY 1;
SELECT DISTINCT current_mood FROM person ORDER BY 1;
SELECT array_agg(current_mood ORDER BY current_mood) FROM person;
SELECT string_agg(current_mood::text, ',' ORDER BY current_mood) FROM person;
SELECT name || ' is ' || current_mood FROM person ORDER BY 1;
SELECT concat(name, ':', current_mood) FROM person ORDER BY 1;
SELECT to_json(current_mood), to_jsonb(current_mood), row_to_json(person) FROM person ORDER BY name;
SELECT enum_first(NULL::mood), enum_last(NULL::mood), enum_range(NULL::mood);
SELECT enum_range('ok'::mood, NULL), enum_range(NULL, 'ok'::mood), enum_range('ok'::mood, 'ok'), enum_range('happy'::mood, 'sad');
SELECT enum_range(NULL::mood, NULL);
SELECT enum_first('sad'::mood);
SELECT enum_first(NULL);
SELECT enum_first(1);
SELECT enum_cmp('sad'::mood, 'ok'), enum_larger('sad'::mood, 'ok'), enum_smaller('sad'::mood, 'ok');
SELECT greatest('sad'::mood, 'happy', 'ok'), least('happy'::mood, 'ok');
SELECT coalesce(NULL, 'sad'::mood), nullif('sad'::mood, 'sad');
SELECT CASE WHEN true THEN 'sad'::mood ELSE 'ok' END;
SELECT 'sad'::mood UNION ALL SELECT 'ok';
SELECT 'sad'::mood BETWEEN 'sad' AND 'ok', 'happy'::mood NOT BETWEEN 'sad' AND 'ok';
SELECT 'sad'::mood IS DISTINCT FROM 'ok'::mood;
SELECT 'sad'::mood = 'one'::"Odd Name";
SELECT 'sad'::mood + 1;
SELECT 'sad'::mood::int;
SELECT 1::mood;
SELECT 'sad'::text::mood, 'ok'::varchar::mood, 'happy'::mood::varchar(3);
SELECT '{sad,ok,NULL}'::mood[], ARRAY['ok', 'sad']::mood[], ('{sad,ok}'::mood[])[2];
SELECT '{sad,bad}'::mood[];
SELECT '{happy,sad}'::mood[] > '{ok}', 'ok' = ANY (enum_range(NULL::mood));
SELECT unnest(enum_range(NULL::mood)) AS m, generate_series(1, 3);
SELECT array_position(enum_range(NULL::mood), 'ok'), array_length(enum_range(NULL::mood), 1);
SELECT '{"two words","it''s"}'::"Odd Name"[];
ALTER TYPE mood ADD VALUE 'calm' BEFORE 'ok';
ALTER TYPE mood ADD VALUE 'angry' BEFORE 'sad';
ALTER TYPE mood ADD VALUE 'glad' AFTER 'ok';
ALTER TYPE mood ADD VALUE 'extatic';
ALTER TYPE mood ADD VALUE 'ok';
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok';
ALTER TYPE mood ADD VALUE 'x' BEFORE 'nosuch';
ALTER TYPE mood ADD VALUE 'y' AFTER 'nosuch';
ALTER TYPE nosuch ADD VALUE 'y';
ALTER TYPE int4 ADD VALUE 'y';
ALTER TYPE mood ADD VALUE 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
SELECT enumlabel, enumsortorder FROM pg_enum WHERE enumtypid = 'mood'::regtype ORDER BY enumsortorder;
SELECT enum_range(NULL::mood);
INSERT INTO person VALUES ('A', 'angry'), ('B', 'calm'), ('C', 'glad'), ('D', 'extatic');
SELECT * FROM person ORDER BY current_mood, name;
ALTER TYPE mood RENAME VALUE 'glad' TO 'cheerful';
ALTER TYPE mood RENAME VALUE 'glad' TO 'z';
ALTER TYPE mood RENAME VALUE 'ok' TO 'sad';
SELECT * FROM person WHERE current_mood = 'cheerful';
SELECT 'glad'::mood;
-- keys
CREATE TYPE size AS ENUM ('small', 'medium', 'large');
CREATE TABLE shirt (s size PRIMARY KEY, n int);
INSERT INTO shirt VALUES ('large', 3), ('small', 1), ('medium', 2);
INSERT INTO shirt VALUES ('small', 4);
INSERT INTO shirt VALUES (NULL, 4);
SELECT * FROM shirt ORDER BY s;
ALTER TYPE size ADD VALUE 'tiny' BEFORE 'small';
ALTER TYPE size ADD VALUE 'x-large' AFTER 'large';
ALTER TYPE size ADD VALUE 'mid' BEFORE 'large';
INSERT INTO shirt VALUES ('x-large', 5), ('tiny', 0), ('mid', 25);
SELECT * FROM shirt ORDER BY s;
SELECT * FROM shirt WHERE s >= 'medium' ORDER BY s;
SELECT * FROM shirt WHERE s < 'medium' ORDER BY s DESC;
UPDATE shirt SET s = 'tiny' WHERE s = 'mid';
UPDATE shirt SET n = n + 1 WHERE s = 'mid' RETURNING *;
DELETE FROM shirt WHERE s = 'tiny' RETURNING s;
CREATE TABLE stock (id int PRIMARY KEY, s size REFERENCES shirt, tag "Odd Name" DEFAULT 'one' NOT NULL, UNIQUE (s, tag));
INSERT INTO stock VALUES (1, 'small'), (2, 'large');
INSERT INTO stock VALUES (3, 'tiny');
INSERT INTO stock VALUES (3, 'small');
DELETE FROM shirt WHERE s = 'large';
CREATE INDEX stock_s_desc ON stock (s DESC, id);
SELECT id FROM stock ORDER BY s DESC, id;
\d stock
\d person
\dT
\dT+ mood
COMMENT ON TYPE mood IS 'how one feels';
\dT+ mood
COMMENT ON TYPE nosuch IS 'x';
COMMENT ON TYPE mood IS NULL;
-- rename and schema
ALTER TYPE mood RENAME TO feeling;
SELECT 'sad'::mood;
SELECT 'sad'::feeling, pg_typeof(current_mood) FROM person LIMIT 1;
SELECT '{sad}'::feeling[];
ALTER TYPE feeling RENAME TO size;
ALTER TYPE nosuch RENAME TO x;
\d person
CREATE SCHEMA enum_other;
CREATE TYPE enum_other.color AS ENUM ('red', 'green');
SELECT 'red'::color;
SELECT 'red'::enum_other.color, pg_typeof('red'::enum_other.color), 'enum_other.color'::regtype;
ALTER TYPE feeling SET SCHEMA enum_other;
SELECT 'sad'::enum_other.feeling;
\d person
SELECT * FROM person WHERE current_mood = 'sad';
ALTER TYPE enum_other.feeling SET SCHEMA regress_enums;
-- CHECK, DEFAULT, expressions
CREATE TABLE d (a size DEFAULT 'medium', b size CHECK (b <> 'small'), c size[] DEFAULT '{small,large}');
INSERT INTO d DEFAULT VALUES;
INSERT INTO d (b) VALUES ('small');
SELECT * FROM d;
\d d
ALTER TABLE d ADD COLUMN e size DEFAULT 'large';
SELECT * FROM d;
SELECT * FROM d;
CREATE VIEW big AS SELECT id, s FROM stock WHERE s > 'small'::size;
SELECT * FROM big;
CREATE INDEX stock_part ON stock (id) WHERE s = 'large';
\d stock_part
-- stored expressions follow new names
ALTER TYPE size RENAME VALUE 'small' TO 'little';
ALTER TYPE size RENAME TO extent;
\d d
\d stock_part
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'd'::regclass ORDER BY adnum;
SELECT pg_get_viewdef('big'::regclass);
INSERT INTO d (b) VALUES ('little');
INSERT INTO d (b) VALUES ('large') RETURNING *;
SELECT * FROM big;
ALTER TYPE extent RENAME TO size;
ALTER TYPE size RENAME VALUE 'little' TO 'small';
-- transactions
BEGIN;
CREATE TYPE tmp_enum AS ENUM ('a');
SELECT 'a'::tmp_enum;
ALTER TYPE tmp_enum ADD VALUE 'b';
ROLLBACK;
SELECT 'a'::tmp_enum;
BEGIN;
ALTER TYPE size ADD VALUE 'huge';
ROLLBACK;
SELECT 'huge'::size;
-- dropping
DROP TYPE size;
DROP TYPE nosuch;
DROP TYPE IF EXISTS nosuch;
DROP TYPE IF EXISTS nosuch.nosuch;
DROP TYPE int4;
DROP TYPE _size;
DROP TYPE "Odd Name", enum_other.color CASCADE;
\d stock
DROP SCHEMA enum_other;
CREATE TYPE e1 AS ENUM ('a');
DROP TYPE e1;
SELECT 'a'::e1;
PREPARE p(size) AS SELECT $1, $1 > 'small';
EXECUTE p('large');
EXECUTE p('nosuch');
COPY d (a, b, c) FROM stdin;
small	large	{medium}
\.
COPY d (a, b, c) FROM stdin;
bad	large	{medium}
\.
COPY d TO stdout;
SELECT to_jsonb(enum_range(NULL::size)), json_build_object('k', 'small'::size);
SELECT format('%s %L %I', 'small'::size, 'small'::size, 'small'::size);
SELECT * FROM d a JOIN d b ON a.a = b.a AND a.c = b.c ORDER BY 1, 2, 6;
WITH w AS (SELECT s FROM shirt) SELECT max(s) FROM w;
-- many values at one place
CREATE TYPE grade AS ENUM ('first', 'other');
SELECT format('ALTER TYPE grade ADD VALUE %L BEFORE ''other''', 'g' || i) FROM generate_series(1, 60) i
\gexec
SELECT array_length(enum_range(NULL::grade), 1), (enum_range(NULL::grade))[2], (enum_range(NULL::grade))[61], enum_last(NULL::grade);

-- The array type makes way for a type of its name.
CREATE SCHEMA regress_way;
SET search_path = regress_way;
CREATE TYPE way AS ENUM ('a');
CREATE TYPE _way AS ENUM ('b');
CREATE TABLE ways (a way[], b _way, c _way[]);
SELECT typname, typelem::regtype FROM pg_type WHERE typnamespace = 'regress_way'::regnamespace ORDER BY typname;
SELECT '{a}'::way[], 'b'::_way, '{b}'::_way[], '{a}'::__way;
CREATE TYPE _way AS ENUM ('c');
DROP TYPE way CASCADE;
DROP SCHEMA regress_way CASCADE;
