<?php
// PHP's PDO and its older functions.
$failures = 0;
$dsn = sprintf('pgsql:host=%s;port=%s;dbname=%s;user=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'), getenv('PGUSER'));

function same($got, $want) {
    if ($got !== $want) throw new Exception('got ' . var_export($got, true) . ', not ' . var_export($want, true));
}

function attempt($what, $fn, $options = []) {
    global $failures, $dsn;
    try {
        $fn(new PDO($dsn, null, null, $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]));
        echo "ok $what\n";
    } catch (Throwable $e) {
        $failures++;
        echo "FAILED $what: " . strtok($e->getMessage(), "\n") . ' (line ' . $e->getLine() . ")\n";
    }
}

function value($db, $sql, $args = []) {
    $st = $db->prepare($sql);
    $st->execute($args);
    return $st->fetchColumn();
}

$values = function ($db) {
    same(value($db, 'SELECT ?::int + 1', [41]), 42);
    same(value($db, 'SELECT :a::text', ['a' => "it's é"]), "it's é");
    same(value($db, 'SELECT ?::text', [null]), null);
    same(value($db, 'SELECT true'), true);
    same(value($db, 'SELECT 1.50::numeric'), '1.50');
    same(value($db, "SELECT '{1,2}'::int[]"), '{1,2}');
    $st = $db->prepare('SELECT ?::bytea');
    $st->bindValue(1, "\x00\xff'", PDO::PARAM_LOB);
    $st->execute();
    same(bin2hex(stream_get_contents($st->fetchColumn())), '00ff27');
};
$login = function ($password, $options) {
    $dsn = sprintf('pgsql:host=localhost;port=%s;dbname=%s;%s', getenv('PGPORT'), getenv('PGDATABASE'), $options);
    $db = new PDO($dsn, 'secure', $password, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    return $db->query('SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')->fetch(PDO::FETCH_NUM);
};
$refused = function ($why, $password, $options) use ($login) {
    try {
        $login($password, $options);
    } catch (PDOException $e) {
        if (str_contains($e->getMessage(), $why)) return;
        throw $e;
    }
    throw new Exception('let in');
};

attempt('TLS and SCRAM', function () use ($login, $refused) {
    $password = urldecode(parse_url(getenv('SECURE_URL'), PHP_URL_PASS));
    $checked = 'sslmode=verify-full;sslrootcert=' . getenv('SECURE_CA');
    same($login($password, $checked), ['secure', true]);
    $refused('rejects connection', $password, 'sslmode=disable');
    $refused('password authentication failed', 'other', $checked);
});

attempt('retry on 40001', function ($db) use ($dsn) {
    $db->exec('DROP TABLE IF EXISTS php_counter; CREATE TABLE php_counter AS SELECT 0 AS n');
    $other = new PDO($dsn, null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    for ($tries = 1; ; $tries++) {
        try {
            $db->exec('BEGIN ISOLATION LEVEL SERIALIZABLE');
            $n = value($db, 'SELECT n FROM php_counter');
            if ($tries === 1) $other->exec('UPDATE php_counter SET n = n + 1');
            $db->prepare('UPDATE php_counter SET n = ?')->execute([$n + 1]);
            $db->exec('COMMIT');
            break;
        } catch (PDOException $e) {
            if ($e->getCode() !== '40001') throw $e;
            $db->exec('ROLLBACK');
        }
    }
    same([$tries, value($db, 'SELECT n FROM php_counter')], [2, 2]);
});

attempt('values', $values);
attempt('values without prepared statements', $values, [PDO::ATTR_EMULATE_PREPARES => true]);

attempt('statements', function ($db) {
    $db->exec('CREATE TEMP TABLE t (id serial PRIMARY KEY, v text)');
    $st = $db->prepare('INSERT INTO t (v) VALUES (?) RETURNING id');
    foreach ([1, 2, 3] as $i) { $st->execute(["v$i"]); same($st->fetchColumn(), $i); }
    same($db->lastInsertId('t_id_seq'), '3');
    same($db->exec("UPDATE t SET v = 'x' WHERE id < 3"), 2);
    same($db->query('SELECT id, v FROM t ORDER BY id')->fetchAll(PDO::FETCH_KEY_PAIR), [1 => 'x', 2 => 'x', 3 => 'v3']);
    $meta = $db->query('SELECT id, v FROM t')->getColumnMeta(0);
    same([$meta['native_type'], $meta['name'], $meta['table']], ['int4', 'id', 't']);
});

attempt('errors', function ($db) {
    $db->exec('CREATE TEMP TABLE u (a int UNIQUE)');
    $db->exec('INSERT INTO u VALUES (1)');
    try { $db->exec('INSERT INTO u VALUES (1)'); throw new Exception('no error'); }
    catch (PDOException $e) { same($e->getCode(), '23505'); }
    same(value($db, 'SELECT 1'), 1);
});

attempt('transactions', function ($db) {
    $db->exec('CREATE TEMP TABLE t (a int)');
    $db->beginTransaction();
    $db->exec('INSERT INTO t VALUES (1)');
    same($db->inTransaction(), true);
    $db->rollBack();
    $db->beginTransaction();
    $db->exec('INSERT INTO t VALUES (2)');
    $db->commit();
    same($db->query('SELECT a FROM t')->fetchAll(PDO::FETCH_COLUMN), [2]);
});

attempt('cursors', function ($db) {
    $db->beginTransaction();
    $st = $db->prepare('SELECT i FROM generate_series(1, 10) i', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $st->execute();
    same($st->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST), [10]);
    same($st->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR), [9]);
    same($st->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 3), [3]);
    $st = null;
    $db->commit();
});

attempt('COPY', function ($db) {
    $db->exec('CREATE TEMP TABLE c (a int, b text)');
    $db->pgsqlCopyFromArray('c', ["1\tone", "2\t\\N"]);
    same($db->pgsqlCopyToArray('c'), ["1\tone\n", "2\t\\N\n"]);
});

attempt('LISTEN', function ($db) use ($dsn) {
    $db->exec('LISTEN news');
    (new PDO($dsn))->exec("NOTIFY news, 'hello'");
    $note = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 10000);
    same([$note['message'], $note['payload']], ['news', 'hello']);
});

attempt('pg_ functions', function ($db) {
    $c = pg_connect(getenv('DATABASE_URL'));
    $c or throw new Exception('no connection');
    same(pg_fetch_result(pg_query_params($c, 'SELECT $1::int * 2', [21]), 0, 0), '42');
    pg_query($c, 'DROP TABLE IF EXISTS php_t; CREATE TABLE php_t (id int PRIMARY KEY, v text NOT NULL)');
    same(pg_insert($c, 'php_t', ['id' => 1, 'v' => 'x']) !== false, true);
    same(pg_update($c, 'php_t', ['v' => 'y'], ['id' => 1]), true);
    same(pg_select($c, 'php_t', ['id' => 1]), [['id' => '1', 'v' => 'y']]);
    same(pg_meta_data($c, 'php_t')['id']['type'], 'int4');
    pg_prepare($c, 'p', 'SELECT v FROM php_t WHERE id = $1');
    same(pg_fetch_all_columns(pg_execute($c, 'p', [1])), ['y']);
    same(pg_version($c)['server'] >= '15', true);
    pg_close($c);
});

exit($failures ? 1 : 0);
