-- Files of the server: contents, properties, folders.
SELECT lo_from_bytea(4077, '\x6162630a646566670a') AS oid;
SELECT lo_export(4077, '/tmp/tarn_server_file');
SELECT lo_unlink(4077);
SELECT pg_read_file('/tmp/tarn_server_file'), pg_read_file('/tmp/./x/..//tarn_server_file', 1, 2);
SELECT pg_read_file('/tmp/tarn_server_file', -4, 3), pg_read_file('/tmp/tarn_server_file', 100, 3) = '';
SELECT pg_read_binary_file('/tmp/tarn_server_file'), pg_read_binary_file('/tmp/tarn_server_file', 1, 2),
       pg_read_binary_file('/tmp/tarn_server_file', 1, 2, false);
SELECT size, creation, isdir, modification <= now() + interval '1 second' AS past FROM pg_stat_file('/tmp/tarn_server_file');
SELECT isdir FROM pg_stat_file('.');
SELECT n FROM pg_ls_dir('/tmp') n WHERE n = 'tarn_server_file';
SELECT n FROM pg_ls_dir('.', false, true) n WHERE n IN ('.', '..') ORDER BY 1;
SELECT count(*) > 0, bool_and(size > 0) FROM pg_ls_waldir();
-- What is not there.
SELECT pg_read_file('nothing/../nope');
SELECT pg_read_file('');
SELECT pg_read_file('.');
SELECT pg_stat_file('nope');
SELECT pg_ls_dir('nope');
SELECT pg_ls_dir('/tmp/tarn_server_file');
SELECT pg_read_file('nope', 0, 1, true) IS NULL, pg_stat_file('nope', true) IS NULL;
SELECT * FROM pg_ls_dir('nope', true, false);
SELECT pg_read_file('/tmp/tarn_server_file', 0, -1);
SELECT pg_read_file('/tmp/tarn_server_file', 0, 2000000000);
SELECT pg_read_file('/tmp/tarn_server_file', -100, 5);
-- Folders of the data directory.
SELECT count(*) FROM pg_ls_tmpdir(1664);
SELECT pg_ls_tmpdir(1);
SELECT * FROM pg_ls_archive_statusdir();
SELECT * FROM pg_ls_logicalmapdir();
SELECT * FROM pg_ls_replslotdir('x');
-- Not for everybody.
CREATE ROLE files_reader;
GRANT pg_read_server_files TO files_reader;
SET ROLE files_reader;
SELECT pg_read_file('/tmp/tarn_server_file');
SELECT pg_ls_dir('.');
RESET ROLE;
DROP ROLE files_reader;
-- Those that watch the server see the names of its files.
CREATE ROLE files_watcher;
GRANT pg_monitor TO files_watcher;
SET ROLE files_watcher;
SELECT count(*) > 0 FROM pg_ls_waldir();
SELECT count(*) FROM pg_ls_tmpdir(1664);
SELECT pg_ls_dir('.');
RESET ROLE;
DROP ROLE files_watcher;
