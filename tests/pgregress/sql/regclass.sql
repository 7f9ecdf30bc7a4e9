-- Texts that become names of relations.
CREATE TABLE rc_t (id serial PRIMARY KEY);
CREATE SCHEMA rc_s;
CREATE TABLE rc_s."Odd name" (a int);
SELECT ('rc_' || 't')::text::regclass, ('rc_s."Odd name"' || '')::regclass;
SELECT ('no_such' || '')::regclass;
SELECT ('rc_s.' || 'none')::regclass;
SELECT s::regclass FROM (VALUES ('rc_t'), (NULL), ('rc_s."Odd name"')) v (s);
SELECT pg_get_serial_sequence('rc_t', 'id')::regclass::oid = 'rc_t_id_seq'::regclass;
SELECT to_regclass('rc_t'), to_regclass('none');
DROP TABLE rc_t;
DROP SCHEMA rc_s CASCADE;
-- and in what DROP says
CREATE TABLE "Odd" (a int PRIMARY KEY, "B c" int, CONSTRAINT "Che ck" CHECK (a > 0));
CREATE VIEW "V v" AS SELECT "B c" FROM "Odd";
CREATE TABLE "Re f" (a int REFERENCES "Odd");
DROP TABLE "Odd";
ALTER TABLE "Odd" DROP COLUMN "B c";
DROP TABLE "Odd" CASCADE;
DROP TABLE "Re f";
