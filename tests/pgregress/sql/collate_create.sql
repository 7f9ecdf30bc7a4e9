-- Collations that users make.
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION german_phonebook (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION german_phonebook (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION IF NOT EXISTS german_phonebook (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION num FROM "en-u-kn-x";
CREATE COLLATION num (provider = icu, locale = 'en-u-kn-true');
SELECT x FROM (VALUES ('a10'), ('a2')) v(x) ORDER BY x COLLATE num;
CREATE COLLATION sv2 FROM "sv-x-icu";
CREATE COLLATION c2 (locale = 'C');
CREATE COLLATION c3 (lc_collate = 'C', lc_ctype = 'POSIX');
CREATE COLLATION bad (locale = 'C', lc_collate = 'C');
CREATE COLLATION bad (provider = icu);
CREATE COLLATION bad (provider = nope, locale = 'C');
CREATE COLLATION bad (foo = 1);
CREATE COLLATION bad (lc_collate = 'C');
CREATE COLLATION bad (locale = 'C', deterministic = false);
CREATE COLLATION bad FROM "default";
CREATE COLLATION bad (provider = icu, locale = 'en', deterministic = maybe);
SELECT collname, collprovider, collisdeterministic, collencoding, collcollate, collctype, colliculocale, collversion, pg_collation_is_visible(oid) FROM pg_collation WHERE oid >= 16384 ORDER BY 1;
\dO
SELECT x FROM (VALUES ('Goldmann'),('Göbel'),('Goethe'),('Götz')) v(x) ORDER BY x COLLATE german_phonebook;
SELECT 'a' = 'A' COLLATE ci, 'a' < 'B' COLLATE ci, 'a' <> 'A' COLLATE ci, 'a' COLLATE ci IN ('b', 'A'), 'a' COLLATE ci IS DISTINCT FROM 'A', nullif('a' COLLATE ci, 'A');
CREATE TABLE n (x text COLLATE ci, y int);
\d n
INSERT INTO n VALUES ('abc', 1), ('ABC', 2), ('def', 3), ('Def', 4), ('ghi', 5);
SELECT * FROM n WHERE x = 'aBc' ORDER BY y;
SELECT x, count(*) FROM n GROUP BY x ORDER BY x;
SELECT count(DISTINCT x) FROM n;
SELECT count(*) FROM (SELECT DISTINCT x FROM n) s;
SELECT lower(min(x)), lower(max(x)) FROM n;
SELECT y, rank() OVER (ORDER BY x), count(*) OVER (PARTITION BY x) FROM n ORDER BY y;
SELECT y FROM n WHERE x IN (SELECT 'DEF' COLLATE ci) ORDER BY y;
SELECT y FROM n WHERE x IN ('DEF', 'GHI') ORDER BY y;
SELECT y FROM n WHERE x = ANY (array['DEF', 'GHI']) ORDER BY y;
SELECT a.y, b.y FROM n a JOIN n b ON a.x = b.x ORDER BY 1, 2;
SELECT a.y, b.y FROM n a LEFT JOIN n b ON a.x = b.x AND a.y <> b.y ORDER BY 1, 2;
SELECT y FROM n a WHERE EXISTS (SELECT 1 FROM n b WHERE b.x = a.x AND b.y <> a.y) ORDER BY 1;
SELECT y FROM n a WHERE NOT EXISTS (SELECT 1 FROM n b WHERE b.x = a.x AND b.y <> a.y) ORDER BY 1;
SELECT count(*) FROM (SELECT x FROM n UNION SELECT 'ABC') s;
SELECT count(*) FROM (SELECT x FROM n INTERSECT SELECT 'aBC') s;
SELECT count(*) FROM (SELECT x FROM n EXCEPT SELECT 'aBC') s;
SELECT y FROM n WHERE x LIKE 'a%';
SELECT y FROM n WHERE x ILIKE 'a%';
SELECT y FROM n WHERE x ~ 'a';
SELECT y FROM n WHERE x COLLATE "C" LIKE 'a%';
SELECT strpos(x, 'b') FROM n;
SELECT replace(x, 'b', 'c') FROM n;
SELECT array_position(array_agg(x ORDER BY y), 'DEF') FROM n;
\set VERBOSITY terse
CREATE UNIQUE INDEX nu ON n (x);
\set VERBOSITY default
DELETE FROM n WHERE y IN (1, 4);
CREATE UNIQUE INDEX nu ON n (x);
INSERT INTO n VALUES ('Abc', 9);
INSERT INTO n VALUES ('ABC', 9) ON CONFLICT (x) DO UPDATE SET y = excluded.y;
SELECT * FROM n ORDER BY x;
SET enable_seqscan = off;
SELECT * FROM n WHERE x = 'ABC';
SELECT * FROM n WHERE x > 'ABC' ORDER BY x;
RESET enable_seqscan;
CREATE INDEX ON n (x text_pattern_ops);
CREATE TABLE nf (r text COLLATE ci REFERENCES n (x));
INSERT INTO nf VALUES ('DEF');
INSERT INTO nf VALUES ('zzz');
DELETE FROM n WHERE x = 'def';
CREATE VIEW nv AS SELECT x COLLATE german_phonebook AS z FROM n;
\d+ nv
CREATE DOMAIN cid AS text COLLATE ci CHECK (value <> 'bad');
SELECT 'BAD'::cid;
CREATE TABLE nd (a cid);
COMMENT ON COLLATION ci IS 'case-insensitive';
SELECT obj_description('ci'::regcollation, 'pg_collation');
DROP COLLATION german_phonebook;
DROP COLLATION ci;
DROP COLLATION nope;
DROP COLLATION IF EXISTS nope;
CREATE SCHEMA s1;
CREATE COLLATION s1.z (provider = icu, locale = 'de');
SELECT 'a' COLLATE s1.z < 'b', 'a' COLLATE z;
CREATE TABLE sz (a text COLLATE s1.z, b text DEFAULT ('x' COLLATE s1.z));
\d sz
DROP COLLATION german_phonebook CASCADE;
DROP COLLATION ci CASCADE;
\d n
\d nf
DROP SCHEMA s1 CASCADE;
\d sz
BEGIN; CREATE COLLATION rb (provider = icu, locale = 'fr'); SELECT 'x' COLLATE rb; ROLLBACK;
SELECT 'x' COLLATE rb;
DROP TABLE n, nf, nd, sz;
DROP COLLATION num, sv2, c2, c3;
