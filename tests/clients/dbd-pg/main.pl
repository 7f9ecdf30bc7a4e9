# Perl's DBD::Pg.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);
use DBD::Pg qw(:pg_types :async);

my $failures = 0;
my $dsn = "dbi:Pg:dbname=$ENV{PGDATABASE};host=$ENV{PGHOST};port=$ENV{PGPORT}";

sub connection { DBI->connect($dsn, $ENV{PGUSER}, '', {RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1}) }

sub same {
    my ($got, $want) = @_;
    $_ = defined $_ ? "$_" : 'NULL' for $got, $want;
    die "got '$got', not '$want'\n" if $got ne $want;
}

sub attempt {
    my ($what, $fn) = @_;
    my $db = connection();
    if (eval { $fn->($db); 1 }) { print "ok $what\n" }
    else { (my $e = $@) =~ s/\n.*//s; print "FAILED $what: $e\n"; $failures++ }
    eval { $db->disconnect };
}

sub login {
    my ($password, $options) = @_;
    my $secure = DBI->connect("dbi:Pg:dbname=$ENV{PGDATABASE};host=localhost;port=$ENV{PGPORT};$options", 'secure', $password, {RaiseError => 1, PrintError => 0});
    return join ' ', $secure->selectrow_array('SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
}

attempt 'TLS and SCRAM' => sub {
    (my $password = ($ENV{SECURE_URL} =~ m{//secure:(.*)@})[0]) =~ s/%([0-9A-F]{2})/chr hex $1/ge;
    my $checked = "sslmode=verify-full;sslrootcert=$ENV{SECURE_CA}";
    same(login($password, $checked), 'secure 1');
    die "let in\n" if eval { login($password, 'sslmode=disable') } or $@ !~ /rejects connection/;
    die "let in\n" if eval { login('other', $checked) } or $@ !~ /password authentication failed/;
};

attempt 'retry on 40001' => sub {
    my $db = shift;
    $db->do('DROP TABLE IF EXISTS perl_counter');
    $db->do('CREATE TABLE perl_counter AS SELECT 0 AS n');
    my ($other, $tries) = (connection(), 0);
    until (eval {
        $db->begin_work;
        $db->do('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
        my $n = $db->selectrow_array('SELECT n FROM perl_counter');
        $other->do('UPDATE perl_counter SET n = n + 1') unless $tries++;
        $db->do('UPDATE perl_counter SET n = ?', undef, $n + 1);
        $db->commit;
        1;
    }) {
        die $@ if $db->state ne '40001';
        $db->rollback;
    }
    $other->disconnect;
    same("$tries " . $db->selectrow_array('SELECT n FROM perl_counter'), '2 2');
};

attempt 'values' => sub {
    my $db = shift;
    same($db->selectrow_array('SELECT ?::int + 1', undef, 41), 42);
    same($db->selectrow_array('SELECT ?::text', undef, "it's é"), "it's é");
    same($db->selectrow_array('SELECT ?::text', undef, undef), undef);
    same($db->selectrow_array('SELECT 12345678901234567890.5::numeric'), '12345678901234567890.5');
    same($db->selectrow_array('SELECT true'), 1);
    my ($list) = $db->selectrow_array('SELECT ARRAY[1, NULL, 3]');
    same(join(',', map { $_ // 'NULL' } @$list), '1,NULL,3');
    my ($back) = $db->selectrow_array('SELECT (?::text[])[2]', undef, ['a', 'b,"c']);
    same($back, 'b,"c');
    my $st = $db->prepare('SELECT ?::bytea');
    $st->bind_param(1, "\x00\xff'", {pg_type => PG_BYTEA});
    $st->execute;
    same(unpack('H*', ($st->fetchrow_array)[0]), '00ff27');
};

attempt 'statements' => sub {
    my $db = shift;
    $db->do('CREATE TEMP TABLE t (id serial PRIMARY KEY, v text)');
    my $st = $db->prepare('INSERT INTO t (v) VALUES ($1) RETURNING id');
    for (1 .. 3) { $st->execute("v$_"); same(($st->fetchrow_array)[0], $_) }
    same($db->do('UPDATE t SET v = ? WHERE id < 3', undef, 'x'), 2);
    same($db->do('DELETE FROM t WHERE false'), '0E0');
    my $rows = $db->selectall_arrayref('SELECT * FROM t ORDER BY id', {Slice => {}});
    same(join(',', map { "$_->{id}$_->{v}" } @$rows), '1x,2x,3v3');
    same($db->last_insert_id(undef, undef, 't', undef), 3);
    my $named = $db->prepare('SELECT v FROM t WHERE id = :id');
    $named->bind_param(':id', 3);
    $named->execute;
    same(($named->fetchrow_array)[0], 'v3');
    my $meta = $db->prepare('SELECT 1::int AS a, 2::numeric(5,2) AS b, true AS c');
    $meta->execute;
    same(join(',', @{$meta->{NAME}}, @{$meta->{pg_type}}), 'a,b,c,int4,numeric,bool');
};

attempt 'errors' => sub {
    my $db = shift;
    $db->do('CREATE TEMP TABLE u (a int UNIQUE)');
    $db->do('INSERT INTO u VALUES (1)');
    same(eval { $db->do('INSERT INTO u VALUES (1)'); 1 }, undef);
    same($db->state, '23505');
    same($db->pg_error_field('constraint'), 'u_a_key');
    eval { $db->do('SELEC 1') };
    same($db->state, '42601');
    same($db->selectrow_array('SELECT 1'), 1);
};

attempt 'transactions' => sub {
    my $db = shift;
    $db->do('CREATE TEMP TABLE t (a int)');
    $db->begin_work;
    $db->do('INSERT INTO t VALUES (1)');
    $db->pg_savepoint('s');
    eval { $db->do('INSERT INTO t VALUES (1/0)') };
    $db->pg_rollback_to('s');
    $db->do('INSERT INTO t VALUES (2)');
    $db->commit;
    $db->begin_work;
    $db->do('DELETE FROM t');
    $db->rollback;
    same($db->selectrow_array('SELECT sum(a) FROM t'), 3);
    same($db->ping, 1);
};

attempt 'COPY' => sub {
    my $db = shift;
    $db->do('CREATE TEMP TABLE c (a int, b text)');
    $db->do('COPY c FROM STDIN');
    $db->pg_putcopydata("$_\trow $_\n") for 1 .. 100;
    $db->pg_putcopyend;
    $db->do('COPY (SELECT b FROM c ORDER BY a LIMIT 2) TO STDOUT');
    my ($text, $line) = ('', '');
    $text .= $line while $db->pg_getcopydata($line) >= 0;
    same($text, "row 1\nrow 2\n");
};

attempt 'catalogs' => sub {
    my $db = shift;
    $db->do('CREATE TEMP TABLE parent (a int, b text, PRIMARY KEY (b, a))');
    $db->do('CREATE TEMP TABLE child (x int NOT NULL, y varchar(9) DEFAULT \'q\', FOREIGN KEY (y, x) REFERENCES parent (b, a))');
    same(join(',', $db->primary_key(undef, undef, 'parent')), 'b,a');
    my $columns = $db->column_info(undef, undef, 'child', '%')->fetchall_arrayref({});
    same(join(',', map { "$_->{COLUMN_NAME}:$_->{TYPE_NAME}:$_->{NULLABLE}" } @$columns), 'x:integer:0,y:character varying:1');
    my $keys = $db->foreign_key_info(undef, undef, 'parent', undef, undef, 'child')->fetchall_arrayref({});
    same(join(',', map { "$_->{FK_COLUMN_NAME}-$_->{UK_COLUMN_NAME}" } @$keys), 'y-b,x-a');
    same(scalar(@{$db->table_info(undef, undef, 'child', 'LOCAL TEMPORARY')->fetchall_arrayref}) > 0 ? 1 : 0, 1);
    my $indexes = $db->statistics_info(undef, undef, 'parent', 1, 0)->fetchall_arrayref({});
    same(join(',', map { $_->{COLUMN_NAME} // '' } @$indexes), 'b,a');
};

attempt 'LISTEN' => sub {
    my $db = shift;
    $db->do('LISTEN news');
    connection()->do("NOTIFY news, 'hello'");
    my $note;
    for (1 .. 100) { last if $note = $db->pg_notifies; select undef, undef, undef, 0.05 }
    same("$note->[0] $note->[2]", 'news hello');
};

attempt 'asynchronous' => sub {
    my $db = shift;
    $db->do('SELECT pg_sleep(0.1), 7', {pg_async => PG_ASYNC});
    same($db->pg_result, 1);
    $db->do('SELECT pg_sleep(60)', {pg_async => PG_ASYNC});
    same($db->pg_cancel ? 1 : 0, 1);
    same($db->selectrow_array('SELECT 8'), 8);
};

exit($failures ? 1 : 0);
