-- money
SELECT '12.34'::money, '$1,234.567'::money, '-5'::money, '($7.1)'::money, '1000000'::money, '.5'::money, '-$0.01'::money, '$-3'::money, '12.345'::money, '  7 '::money, '7-'::money;
SELECT 'x'::money;
SELECT ''::money;
SELECT '1.2.3'::money;
SELECT '99999999999999999999'::money;
SELECT '92233720368547758.07'::money, '-92233720368547758.08'::money;
SELECT '92233720368547758.08'::money;
SELECT '1'::money + '2.5', '1'::money - '2.5', '1.01'::money * 3, 3 * '1.01'::money, '1.01'::money * 1.5::float8, 2::smallint * '1'::money, '10'::money / 3, '10'::money / 3.0::float8, '10'::money / '4'::money, '1'::money * 2::bigint, '7'::money * 1.5::float4;
SELECT '1'::money / 0;
SELECT '1'::money / 0.0::float8;
SELECT '1'::money / '0'::money;
SELECT '1'::money * 1.5;
SELECT '1'::money = '1.00', '1'::money < '2', '1'::money <> '1', '3'::money >= '2.99';
SELECT 5::money, 5::bigint::money, 5.678::money, '5.67'::money::numeric, '5.67'::money::numeric(10,1), '12.3'::text::money, '12.3'::money::text;
SELECT 1.5::float8::money;
SELECT '5'::money::int;
SELECT sum(m), max(m), min(m), count(m) FROM (VALUES ('1.5'::money), ('-2'), (NULL)) v(m);
CREATE TABLE mon (m money PRIMARY KEY, n money[]);
INSERT INTO mon VALUES (10, '{1,2.5}'), ('-3.5', NULL), (0, '{}');
INSERT INTO mon VALUES ('10', NULL);
SELECT * FROM mon ORDER BY m;
SELECT m FROM mon WHERE m > '-1' ORDER BY m DESC;
SELECT to_json('1.5'::money), pg_typeof('1'::money), greatest('1'::money, '2');
\d mon
