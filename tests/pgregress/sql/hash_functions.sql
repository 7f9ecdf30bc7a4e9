-- Hash functions have PostgreSQL's values: keys of advisory locks are made with them.
SELECT n, hashtext(repeat('x', n)), hashtextextended(repeat('x', n), 0), hashtextextended(repeat('x', n), 42)
FROM generate_series(0, 30) n;
SELECT hashtext(''), hashtext('order-4711'), hashtext('äöü'), hashtext(NULL);
SELECT hashtextextended('a', -1), hashtextextended('a', 9223372036854775807);
SELECT hashint4(n), hashint2(n::int2), hashint8(n), hashint4extended(n, 7), hashint8extended(n, 7) FROM unnest(ARRAY[0, 1, -1, 100, 32767, -32768]) n;
SELECT hashint8(4294967296), hashint8(-4294967297), hashint8(9223372036854775807), hashint4(2147483647);
SELECT hashoid(1259), hashname('pg_class'), hashbpchar('ab   '), hashbpchar('ab'), hashchar('a');
SELECT uuid_hash('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), hashvarlena('x'::text::bytea::text::internal) IS NULL;
SELECT uuid_hash('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), uuid_hash_extended('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1);
SELECT timestamp_hash('2026-01-02 03:04:05'), time_hash('03:04:05');
SELECT pg_try_advisory_xact_lock(hashtext('job')), pg_try_advisory_xact_lock(hashtextextended('job', 0));
