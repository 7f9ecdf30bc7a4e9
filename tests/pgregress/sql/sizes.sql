-- sizes
SELECT pg_size_bytes('1'), pg_size_bytes('1 kB'), pg_size_bytes('1.5 GB'), pg_size_bytes(' 3 tb '), pg_size_bytes('-2MB'), pg_size_bytes('10bytes'), pg_size_bytes('1e2 kb'), pg_size_bytes('.5 MB');
SELECT pg_size_bytes('x');
SELECT pg_size_bytes('');
SELECT pg_size_bytes('1 AB');
SELECT pg_size_bytes('1 GB foo');
SELECT pg_size_bytes('9999999999 PB');
SELECT pg_size_bytes('7 B');
SELECT pg_size_bytes(NULL);
