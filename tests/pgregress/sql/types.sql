-- numbers
SELECT 1::smallint, 2147483647, 9223372036854775807, 1.5::real, 0.1::float8 + 0.2::float8 AS sum;
SELECT 32768::smallint;
SELECT 2147483647 + 1;
SELECT 7 / 2 AS q, -7 / 2 AS nq, 7 % 3 AS r, -7 % 3 AS nr, 7.0 / 2 AS d;
SELECT 1 / 0;
SELECT 12345.6789::numeric(8,2), round(2.5), round(-2.5), trunc(9.99), 10::numeric ^ 3;
SELECT 100000::numeric(4,1);
SELECT 'NaN'::float8, 'Infinity'::float8, '-Infinity'::numeric;
SELECT 1e20::float8, 1e-7::float8, 123456789012345678::float8;
SELECT 0.1::numeric + 0.2, 1.10 * 2.20, 10 / 3.0;
-- text
SELECT 'it''s' AS quoted, E'tab\there' = 'tab' || chr(9) || 'here' AS same, length('größe'), upper('abc'), 'x' || 1;
SELECT 'abc'::char(5) || '|' AS padded, 'abcdef'::varchar(3), length('ab   '::char(5));
SELECT substring('tarn lake' FROM 6), substring('tarn lake' FROM 1 FOR 4), position('lake' IN 'tarn lake'), replace('aXbX', 'X', '-');
SELECT trim('  x '), ltrim('xxab', 'x'), rpad('ab', 5, '*'), lpad('7', 3, '0'), repeat('ab', 3), reverse('abc');
SELECT split_part('a,b,c', ',', 2), left('abcdef', 2), right('abcdef', 2), initcap('hello world'), strpos('abc', 'c');
SELECT 'abc' LIKE 'a%', 'abc' LIKE '_b_', 'ABC' ILIKE 'a%', 'abc' NOT LIKE 'b%', 'a%c' LIKE 'a\%c';
SELECT 'abc' ~ '^a', 'abc' ~* 'B', 'abc' !~ 'z', regexp_replace('a1b22', '[0-9]+', '#', 'g');
SELECT concat('a', NULL, 1, true), concat_ws('-', 'a', NULL, 'b'), format('%s is %L', 'x', 'it''s'), md5('tarn');
-- boolean and null
SELECT true AND NULL AS a, false AND NULL AS b, true OR NULL AS c, NOT NULL::boolean AS d, NULL = NULL AS e;
SELECT 'yes'::boolean, 'off'::boolean, 't'::boolean, 1::boolean;
SELECT 'maybe'::boolean;
SELECT NULL IS NULL, 1 IS NOT NULL, true IS NOT TRUE, NULL IS DISTINCT FROM 1, NULL IS NOT DISTINCT FROM NULL;
SELECT coalesce(NULL, 2), nullif(1, 1), greatest(1, NULL, 3), least('b', 'a');
-- bytes and uuid
SELECT '\xdeadbeef'::bytea, length('\x00ff'::bytea), encode('\x0102'::bytea, 'hex'), 'abc'::bytea;
SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, 'not-a-uuid'::uuid;
SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid < 'b0000000-0000-0000-0000-000000000000'::uuid AS less;
-- arrays
SELECT ARRAY[1, 2, 3], '{a,b,NULL,"c d"}'::text[], ARRAY[[1, 2], [3, 4]], (ARRAY[10, 20, 30])[2];
SELECT array_length(ARRAY[1, 2, 3], 1), ARRAY[1, 2] || 3, 2 = ANY (ARRAY[1, 2]), 5 > ALL (ARRAY[1, 2]);
SELECT cardinality('{1,2,3}'::int[]), array_to_string(ARRAY['a', 'b'], ','), string_to_array('a b c', ' ');
SELECT unnest(ARRAY['x', 'y']) AS u;
SELECT '{1,2'::int[];
-- casts
SELECT '42'::int + 1, 42::text || '!', 3.7::int, 2.5::int, 3.5::int, '12.50'::numeric, CAST('7' AS bigint);
SELECT 'abc'::int;
SELECT '99999999999'::int;
SELECT pg_typeof(1), pg_typeof(1.0), pg_typeof('a'::text), pg_typeof(now()), pg_typeof(ARRAY[1]);
