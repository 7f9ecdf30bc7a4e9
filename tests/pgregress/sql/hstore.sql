-- Extension hstore: sets of pairs of text keys and values.
CREATE EXTENSION hstore;
\dx hstore
SELECT typname, typlen, typtype, typcategory, typispreferred, typdelim, typinput, typoutput, typreceive, typsend, typalign, typstorage
FROM pg_type WHERE typname IN ('hstore', '_hstore') ORDER BY typname;
SELECT o.oprname, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype, o.oprcanmerge, o.oprcanhash,
    c.oprname AS com, n.oprname AS neg, o.oprcode::regproc, o.oprrest::regproc, o.oprjoin::regproc
FROM pg_operator o LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator n ON n.oid = o.oprnegate
WHERE 'hstore'::regtype IN (o.oprleft, o.oprright) ORDER BY 1, o.oprleft::regtype::text, o.oprright::regtype::text;
SELECT opcname, amname, opcdefault FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
WHERE opcintype = 'hstore'::regtype AND amname IN ('btree', 'hash') ORDER BY 1, 2;
\dC hstore
\df hstore
-- text form
SELECT ''::hstore, 'a=>1'::hstore, 'a=>1, b=>2'::hstore, ' a => 1 ,b=>NULL, c=>"NULL", d=>null'::hstore;
SELECT '"a b"=>"x=>y", "q\"q"=>"b\\s", c\ d=>e\,f'::hstore, 'bb=>1,a=>2,ccc=>3'::hstore, 'a=>1,a=>2'::hstore, 'a=>1,'::hstore;
SELECT 'ключ=>значение, é=>""'::hstore, 'a=>x=y'::hstore, 'a=>b c'::hstore;
SELECT 'a'::hstore;
SELECT 'a=>'::hstore;
SELECT 'a=1'::hstore;
SELECT '=>1'::hstore;
SELECT 'a=>"1'::hstore;
SELECT 'a=>1 b=>2'::hstore;
SELECT 'a=>1\'::hstore;
SELECT 'é é=>1'::hstore;
-- operators
SELECT 'a=>1,b=>NULL'::hstore -> 'a', 'a=>1'::hstore -> 'x', 'a=>1,b=>2'::hstore -> ARRAY['b','x','a'], 'a=>1'::hstore -> '{{a,b},{c,d}}'::text[];
SELECT 'a=>1,b=>NULL'::hstore ? 'b', 'a=>1'::hstore ? 'b', 'a=>1'::hstore ?| ARRAY['x','a'], 'a=>1'::hstore ?& ARRAY['x','a'], 'a=>1'::hstore ?& '{}', 'a=>1'::hstore ?| '{}', 'a=>1'::hstore ?& '{a,NULL}';
SELECT 'a=>1,b=>2'::hstore @> 'b=>2', 'a=>1,b=>2'::hstore @> 'b=>1', 'a=>NULL'::hstore @> 'a=>NULL', 'b=>2'::hstore <@ 'a=>1,b=>2', 'a=>1'::hstore @> '';
SELECT 'a=>1,b=>2'::hstore || 'b=>3,c=>4', 'a=>1'::hstore || NULL, 'a=>1,b=>2'::hstore - 'a'::text, 'a=>1,b=>2'::hstore - ARRAY['a','b'], 'a=>1,b=>2'::hstore - 'a=>1,b=>3'::hstore;
SELECT %% 'a=>1,b=>NULL'::hstore, %# 'a=>1,b=>NULL'::hstore, %# ''::hstore;
SELECT 'a=>1'::hstore = 'a=>1', 'a=>1'::hstore <> 'a=>2', 'a=>1'::hstore #<# 'a=>2', 'a=>1'::hstore #>=# 'b=>0', ''::hstore #<# 'a=>1', 'a=>NULL'::hstore = 'a=>""', hstore_cmp('a=>1', 'a=>2');
SELECT h FROM unnest(ARRAY['b=>1', 'a=>2', '', 'a=>NULL', 'a=>""', 'aa=>1', 'a=>a1', 'a=>1,b=>2']::hstore[]) h ORDER BY h;
SELECT 'a=>1' -> 'a';
SELECT 'a=>1'::hstore ->> 'a';
-- functions
SELECT fetchval('a=>1', 'a'), slice_array('a=>1', '{a,b}'), slice('a=>1,b=>2,c=>3', '{a,c,x}'), isexists('a=>1', 'a'), exist('a=>1', 'b'), isdefined('a=>NULL', 'a'), defined('a=>1', 'a');
SELECT exists_any('a=>1', '{a}'), exists_all('a=>1', '{a,b}'), delete('a=>1,b=>2', 'a'), delete('a=>1,b=>2', '{a}'::text[]), delete('a=>1,b=>2', 'a=>1'::hstore), hs_concat('a=>1', 'b=>2'), hs_contains('a=>1', 'a=>1'), hs_contained('a=>1', 'a=>2');
SELECT tconvert('a', 'b'), hstore('a', NULL), hstore(NULL, 'b'), hstore('{a,b}'::text[], '{1,NULL}'), hstore('{a,b}'::text[], NULL), hstore('{a,1,b,2}'::text[]), hstore('{{a,1},{b,NULL}}'::text[]), '{x,y}'::text[]::hstore;
SELECT hstore('{a,b}'::text[], '{1}');
SELECT hstore('{a,NULL}'::text[], '{1,2}');
SELECT hstore('{a}'::text[]);
SELECT hstore('{{a,b,c}}'::text[]);
SELECT hstore('{{{a,b}}}'::text[]);
SELECT hstore('{NULL,b}'::text[]);
SELECT akeys('b=>1,a=>2'), avals('b=>1,a=>NULL'), akeys(''), hstore_to_array('a=>1'), hstore_to_matrix('a=>1,b=>2');
SELECT skeys('b=>1,a=>2'), svals('b=>1,a=>NULL');
SELECT * FROM each('b=>1,a=>NULL, cc=>3');
SELECT key, count(*) FROM (SELECT (each(h)).key FROM unnest(ARRAY['a=>1,b=>2', 'a=>3']::hstore[]) h) q GROUP BY 1 ORDER BY 1;
SELECT 'a=>1,"b \"c"=>NULL,d=>t,e=>1.50,f=>-1e3,g=>01,h=>f,i=>"x\\y"'::hstore AS h \gset
SELECT hstore_to_json(:'h'), hstore_to_json_loose(:'h');
SELECT hstore_to_jsonb(:'h'), hstore_to_jsonb_loose(:'h'), 'a=>1'::hstore::json, 'a=>1'::hstore::jsonb, ''::hstore::json;
SELECT hstore_version_diag('a=>1'), hstore_hash('a=>1') = hstore_hash('a=>1'), hstore_send('a=>1,b=>NULL'), hstore_in('a=>1'), hstore_out('a=>1');
-- records
CREATE TABLE item (id int, name text, tags text[], at date DEFAULT '2020-01-01');
INSERT INTO item VALUES (1, 'one', '{x,y}'), (2, NULL, NULL);
SELECT hstore(item) FROM item ORDER BY id;
SELECT hstore(ROW(1, 'x'));
SELECT populate_record(NULL::item, 'id=>7, name=>"a b", tags=>"{q,r}", other=>1');
SELECT item #= 'id=>9,name=>NULL' FROM item ORDER BY id;
SELECT (populate_record(item, 'id=>3')).* FROM item ORDER BY id;
SELECT populate_record(NULL::item, 'id=>x');
SELECT populate_record(1, 'id=>x');
-- tables and indexes
CREATE TABLE doc (id int PRIMARY KEY, h hstore NOT NULL DEFAULT '', list hstore[]);
INSERT INTO doc VALUES (1, 'a=>1,b=>2', ARRAY['x=>1', 'y=>"q, r"']::hstore[]), (2, 'a=>3', NULL), (3, '', '{}'), (4, 'a=>1,b=>2', NULL);
INSERT INTO doc (id) VALUES (5);
SELECT * FROM doc ORDER BY h, id;
SELECT h, count(*) FROM doc GROUP BY h ORDER BY h;
SELECT count(DISTINCT h) FROM doc;
SELECT id FROM doc WHERE h -> 'a' = '1' ORDER BY id;
SELECT id FROM doc WHERE h ? 'b' AND h @> 'a=>1' ORDER BY id;
UPDATE doc SET h = h || 'c=>9' WHERE id = 2 RETURNING h;
UPDATE doc SET h = h - 'a'::text WHERE h ? 'c' RETURNING h;
SELECT a.id, b.id FROM doc a JOIN doc b ON a.h = b.h AND a.id < b.id ORDER BY 1;
CREATE INDEX doc_h ON doc (h);
CREATE INDEX doc_a ON doc ((h -> 'a'));
CREATE UNIQUE INDEX ON doc (h) WHERE h ? 'a';
\d doc
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM doc WHERE h = 'a=>1,b=>2';
SELECT id FROM doc WHERE h = 'a=>1,b=>2' ORDER BY id;
RESET enable_seqscan;
RESET enable_bitmapscan;
CREATE INDEX doc_hash ON doc USING hash (h);
CREATE VIEW flat AS SELECT id, (each(h)).* FROM doc WHERE h ? 'a';
SELECT * FROM flat ORDER BY 1, 2;
COPY (SELECT id, h FROM doc ORDER BY id) TO STDOUT;
PREPARE q(hstore) AS SELECT id FROM doc WHERE h @> $1 ORDER BY id;
EXECUTE q('a=>1');
SELECT ARRAY['a=>1'::hstore], ('{"a=>1","\"b\"=>\"x\""}'::hstore[])[2];
DROP VIEW flat;
DROP EXTENSION hstore;
DROP TABLE doc CASCADE;
BEGIN;
DROP EXTENSION hstore;
ROLLBACK;
SELECT 'a=>1'::hstore;
DROP EXTENSION hstore;
SELECT 'a=>1'::hstore;
SELECT count(*) FROM pg_operator WHERE oid >= 16384;
