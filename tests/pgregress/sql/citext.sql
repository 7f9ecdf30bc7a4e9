-- Extension citext: text that compares without regard to case.
CREATE EXTENSION citext;
CREATE EXTENSION IF NOT EXISTS citext;
SELECT extname, extversion, extrelocatable FROM pg_extension WHERE extname = 'citext';
\dx citext
\dx+ citext
SELECT typname, typlen, typbyval, typtype, typcategory, typispreferred, typisdefined, typdelim, typinput, typoutput,
    typreceive, typsend, typalign, typstorage, typcollation::regcollation
FROM pg_type WHERE typname IN ('citext', '_citext') ORDER BY typname;
SELECT o.oprname, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype, o.oprcanmerge, o.oprcanhash,
    c.oprname AS com, n.oprname AS neg, o.oprcode::regproc, o.oprrest::regproc, o.oprjoin::regproc
FROM pg_operator o LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator n ON n.oid = o.oprnegate
WHERE o.oprleft = 'citext'::regtype ORDER BY 1, 3;
SELECT opcname, amname, opcdefault, opcintype::regtype, opfname
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod JOIN pg_opfamily f ON f.oid = opcfamily
WHERE opcintype = 'citext'::regtype ORDER BY 1, 2;
SELECT amname, opfname, amopstrategy, oprname, amoppurpose FROM pg_amop p JOIN pg_operator o ON o.oid = amopopr
JOIN pg_am a ON a.oid = amopmethod JOIN pg_opfamily f ON f.oid = amopfamily
WHERE amoplefttype = 'citext'::regtype ORDER BY 1, 2, 3;
SELECT opfname, amprocnum, amproc FROM pg_amproc p JOIN pg_opfamily f ON f.oid = amprocfamily
WHERE amproclefttype = 'citext'::regtype ORDER BY 1, 2, 3::text;
SELECT castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod FROM pg_cast
WHERE 'citext'::regtype IN (castsource, casttarget) ORDER BY 1::text, 2::text;
SELECT proname, pg_get_function_arguments(oid), prorettype::regtype, provolatile, proisstrict, proparallel, prokind, proretset
FROM pg_proc WHERE pronamespace = 'regress_citext'::regnamespace ORDER BY 1, 2;
\dT citext
\dC citext
\do = citext citext
-- values and comparisons
SELECT 'Abc'::citext, 'Abc'::citext = 'aBC', 'a'::citext <> 'A', 'a'::citext < 'B', 'B'::citext > 'a', 'b'::citext <= 'B', 'b'::citext >= 'C';
SELECT 'É'::citext = 'é', 'ÀÖ'::citext < 'àÿ', citext_cmp('A', 'b') < 0, citext_cmp('a', 'A'), citext_hash('aB') = citext_hash('Ab');
SELECT 'a'::citext = 'A'::text, 'a'::text = 'A'::citext, 'a'::citext = 'A'::varchar, 'a'::varchar = 'A'::citext;
SELECT 'a'::citext = NULL, NULL::citext IS NULL, 'a'::citext IS DISTINCT FROM 'A', nullif('a'::citext, 'A');
SELECT 'aA'::citext ~ 'AA', 'aA'::citext ~* 'aa', 'aA'::citext !~ 'AA', 'aA'::citext !~* 'b', 'aA'::citext ~~ 'A%', 'aA'::citext ~~* 'a_',
    'aA'::citext !~~ 'A%', 'aA'::citext !~~* 'b%', 'aA'::citext LIKE 'A%'::text, 'aA'::citext NOT ILIKE 'x', 'aA'::citext ~ 'AA'::text;
SELECT 'a'::citext ~<~ 'B', 'a'::citext ~<=~ 'A', 'B'::citext ~>~ 'a', 'A'::citext ~>=~ 'a';
SELECT 'a'::citext = ANY (ARRAY['B', 'A']::citext[]), 'a'::citext IN ('A', 'b'), 'a'::citext NOT IN ('A', 'b'), 'x'::citext <> ALL ('{X,y}'::citext[]);
SELECT ARRAY['a', 'B']::citext[] = ARRAY['A', 'b']::citext[], '{a,"b c"}'::citext[], array_agg(x) FROM (VALUES ('q'::citext)) v(x);
SELECT ROW('a'::citext, 1) = ROW('A'::citext, 1), ('a'::citext, 2) < ('A'::citext, 3);
SELECT 'a'::citext || 'B', pg_typeof('a'::citext || 'B'), length('abc'::citext), upper('abc'::citext), pg_typeof('a'::citext);
SELECT 'a'::citext BETWEEN 'A' AND 'B', greatest('a'::citext, 'B'), CASE 'X'::citext WHEN 'x' THEN 'yes' END, coalesce(NULL, 'Q'::citext);
-- casts
SELECT 'Abc'::citext::text, 'Abc'::text::citext = 'aBC', 'ab '::char(5)::citext = 'AB', true::citext, '127.0.0.1'::inet::citext, 'a'::citext::varchar(3), 'abc'::citext::char(2), 12::text::citext;
SELECT 'abc'::citext::int;
SELECT '12'::citext::int + 1;
-- functions
SELECT regexp_match('fooBarBaz'::citext, 'BAR'), regexp_match('fooBarBaz'::citext, 'BAR', ''), regexp_match('fooBarBaz'::citext, 'BAR', 'c');
SELECT regexp_matches('fooBar foobar'::citext, 'FOO(b..)', 'g'), regexp_matches('Foo'::citext, 'fO');
SELECT regexp_replace('aAbB'::citext, 'a', 'x'), regexp_replace('aAbB'::citext, 'A', 'x', 'g'), regexp_replace('aAbB'::citext, 'A', 'x', 'gc');
SELECT regexp_split_to_array('aXbxc'::citext, 'x'), regexp_split_to_array('aXbxc'::citext, 'x', 'c');
SELECT regexp_split_to_table('aXbxc'::citext, 'X'), regexp_split_to_table('aXbxc'::citext, 'x', 'c');
SELECT strpos('ABC'::citext, 'c'), strpos('abc'::citext, 'B'::citext), replace('abcABC'::citext, 'B', 'x'), replace('a.b'::citext, '.', '-');
SELECT split_part('aXbxc'::citext, 'x', 2), split_part('aTbtc'::citext, 'T'::citext, 3), translate('abcABC'::citext, 'aB', 'xy');
SELECT citextin('a'), citextout('B'), citextsend('a'), citext_smaller('b', 'A'), citext_larger('b', 'A');
-- tables and indexes
CREATE TABLE people (id int, nick citext PRIMARY KEY, tags citext[]);
INSERT INTO people VALUES (1, 'Tom', '{Red,blue}'), (2, 'anna', NULL), (3, 'Bob', '{green}');
INSERT INTO people VALUES (4, 'TOM');
INSERT INTO people VALUES (5, 'TOM') ON CONFLICT (nick) DO UPDATE SET id = 50 RETURNING *;
SELECT * FROM people ORDER BY nick;
SELECT * FROM people ORDER BY nick DESC NULLS LAST LIMIT 1;
SELECT * FROM people WHERE nick = 'BOB';
SELECT * FROM people WHERE nick > 'ANNA' AND nick <= 'bob';
SELECT * FROM people WHERE nick = 'BOB'::text;
SELECT * FROM people WHERE nick LIKE 'T%' OR nick ~ '^A';
SELECT * FROM people WHERE 'RED' = ANY (tags);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM people WHERE nick = 'BOB';
RESET enable_seqscan;
SELECT max(nick), min(nick), count(DISTINCT nick) FROM people;
SELECT nick, count(*) FROM (VALUES ('a'::citext), ('A'), ('b')) v(nick) GROUP BY nick ORDER BY nick;
SELECT count(*) FROM (SELECT 'a'::citext UNION SELECT 'A') q;
SELECT count(*) FROM (VALUES ('TOM'::citext), ('BOB'), ('x')) v(n) JOIN people ON nick = n;
SELECT n FROM (VALUES ('TOM'::citext), ('BOB'), ('x')) v(n) WHERE n IN (SELECT nick FROM people) ORDER BY n;
SELECT n FROM (VALUES ('TOM'::citext), ('x')) v(n) WHERE NOT EXISTS (SELECT FROM people WHERE nick = n);
SELECT p.nick FROM people p JOIN people q USING (nick) ORDER BY 1;
SELECT nick, rank() OVER (ORDER BY nick) FROM people ORDER BY 1;
CREATE INDEX people_hash ON people USING hash (nick);
CREATE INDEX people_pattern ON people (nick citext_pattern_ops);
CREATE INDEX people_lower ON people (lower(nick)) WHERE nick <> 'nobody';
\d people
SELECT pg_get_indexdef('people_lower'::regclass), pg_get_indexdef('people_pattern'::regclass);
CREATE UNIQUE INDEX ON people ((nick || 'x'));
CREATE TABLE other (nick citext REFERENCES people ON UPDATE CASCADE, CHECK (nick <> 'none'));
INSERT INTO other VALUES ('BOB');
INSERT INTO other VALUES ('zed');
INSERT INTO other VALUES ('NONE');
UPDATE people SET nick = 'Rob' WHERE nick = 'bob';
SELECT * FROM other;
CREATE VIEW named AS SELECT id, nick FROM people WHERE nick <> 'tom' AND nick = ANY (ARRAY['anna', 'x']::citext[]);
SELECT * FROM named;
SELECT pg_get_viewdef('named'::regclass);
SET search_path = pg_catalog;
SELECT pg_get_viewdef('regress_citext.named'::regclass);
SELECT * FROM regress_citext.named;
SELECT 'a'::regress_citext.citext = 'A', 'a'::regress_citext.citext OPERATOR(regress_citext.=) 'A', 'a'::regress_citext.citext OPERATOR(regress_citext.<>) 'A'::regress_citext.citext;
SELECT 'a'::citext;
SELECT 'a'::regress_citext.citext OPERATOR(nowhere.=) 'A';
SET search_path = regress_citext;
PREPARE by_nick AS SELECT id FROM people WHERE nick = $1;
EXECUTE by_nick('ANNA');
EXECUTE by_nick('TOM');
CREATE DOMAIN email AS citext CHECK (VALUE ~ '@');
SELECT 'A@b'::email = 'a@B', 'nobody'::email;
CREATE TABLE mails (m email UNIQUE);
INSERT INTO mails VALUES ('X@y'), ('x@Y');
CREATE FUNCTION same(citext, citext) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2';
SELECT same('x', 'X');
ALTER TABLE people ALTER COLUMN nick TYPE text;
ALTER TABLE people ADD COLUMN more citext DEFAULT 'Yes';
SELECT id, more = 'YES' FROM people ORDER BY id;
CREATE TABLE plain (a text PRIMARY KEY);
INSERT INTO plain VALUES ('x'), ('X');
ALTER TABLE plain ALTER a TYPE citext;
DELETE FROM plain WHERE a = 'X';
ALTER TABLE plain ALTER a TYPE citext;
SELECT * FROM plain WHERE a = 'X';
COPY plain TO STDOUT;
-- what belongs to it
DROP VIEW named;
DROP TABLE mails;
DROP DOMAIN email;
DROP TYPE citext;
DROP EXTENSION citext;
BEGIN;
DROP TABLE other, plain, people CASCADE;
DROP FUNCTION same;
DROP EXTENSION citext;
SELECT 'a'::citext;
ROLLBACK;
SELECT nick = 'TOM' FROM people ORDER BY id;
CREATE SCHEMA apart;
ALTER EXTENSION citext SET SCHEMA apart;
SELECT 'a'::citext;
SELECT 'a'::apart.citext = 'A'::apart.citext, 'a'::apart.citext OPERATOR(apart.=) 'A'::apart.citext;
\d people
SET search_path = regress_citext, apart;
SELECT 'a'::citext = 'A', nick = 'TOM' FROM people ORDER BY id;
SET search_path = regress_citext;
\set VERBOSITY terse
DROP EXTENSION citext CASCADE;
\set VERBOSITY default
\d people
SELECT count(*) FROM pg_operator WHERE oid >= 16384;
SELECT count(*) FROM pg_opclass WHERE oid >= 16384;
SELECT count(*) FROM pg_amop WHERE oid >= 16384;
SELECT count(*) FROM pg_amproc WHERE oid >= 16384;
SELECT count(*) FROM pg_cast WHERE oid >= 16384;
DROP TABLE people, plain, other;
BEGIN;
CREATE EXTENSION citext SCHEMA apart;
SELECT 'a'::apart.citext;
ROLLBACK;
CREATE EXTENSION citext SCHEMA apart;
SELECT oprnamespace::regnamespace, count(*) FROM pg_operator WHERE oid >= 16384 GROUP BY 1;
DROP SCHEMA apart;
DROP SCHEMA apart CASCADE;
