"""Storage credentials and catalogs: statements, who may use them, secrets that are shown nowhere and
survive restarts, synced tables and catalogs over object stores.
"""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
import delta  # noqa: E402
import objects  # noqa: E402
from objects import ObjectServer  # noqa: E402
from tarn import BINARY, Server, ServerError, Tally  # noqa: E402

import psycopg2  # noqa: E402

TYPO = "a-secret-with-a-typo"
SECRETS = (objects.SECRET, objects.SESSION, objects.UNITY_TOKEN, TYPO)


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def with_clause(options):
    return "WITH (%s)" % ", ".join("%s = %s" % (k, literal(v)) for k, v in options.items())


class Session:
    def __init__(self, server, tally, user="postgres"):
        self.tally = tally
        self.connection = psycopg2.connect(server.dsn(user=user))
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def run(self, sql):
        """Rows, the command's tag, or an error."""
        try:
            self.cursor.execute(sql)
            return self.cursor.fetchall() if self.cursor.description else self.cursor.statusmessage
        except psycopg2.Error as e:
            return e

    def gives(self, name, sql, want):
        got = self.run(sql)
        return self.tally.check(name, "" if got == want else "%s instead of %s" % (got, want))

    def fails(self, name, sql, sqlstate, *parts):
        e = self.run(sql)
        if not isinstance(e, psycopg2.Error):
            return self.tally.check(name, "no error: %s" % e)
        problem = "" if e.pgcode == sqlstate and all(p in str(e) for p in parts) else "%s %s" % (e.pgcode, e)
        shown = [x for x in SECRETS if x in str(e) or x[:12] in str(e)]
        return self.tally.check(name, problem or ("shows %s" % shown if shown else ""))

    def until(self, name, sql, want, seconds=30):
        end = time.monotonic() + seconds
        while (got := self.run(sql)) != want and time.monotonic() < end:
            time.sleep(0.05)
        return self.tally.check(name, "" if got == want else "%s instead of %s" % (got, want))


def statements(s, store):
    options = with_clause(store.options())
    s.gives("create", "CREATE STORAGE CREDENTIAL lake TYPE s3 " + options, "CREATE STORAGE CREDENTIAL")
    s.fails("exists", "CREATE STORAGE CREDENTIAL lake TYPE s3 " + options, "42710", '"lake" already exists')
    s.gives("if not exists", "CREATE STORAGE CREDENTIAL IF NOT EXISTS lake TYPE s3 " + options,
            "CREATE STORAGE CREDENTIAL")
    s.tally.check("notice", "" if "skipping" in "".join(s.connection.notices) else str(s.connection.notices))
    s.fails("type", "CREATE STORAGE CREDENTIAL x TYPE ftp", "22023", "ftp", "s3, azure and gcs")
    s.fails("option", "CREATE STORAGE CREDENTIAL x TYPE s3 WITH (colour = 'red')", "22023", "colour", "region")
    s.fails("twice", "CREATE STORAGE CREDENTIAL x TYPE s3 WITH (region = 'a', region = 'a')", "42601", "twice")
    s.fails("half a key", "CREATE STORAGE CREDENTIAL x TYPE s3 WITH (access_key_id = 'a')", "22023",
            "secret_access_key")
    s.fails("bad value", "CREATE STORAGE CREDENTIAL x TYPE s3 WITH (access_key_id = 'a', secret_access_key = "
            "'%s\n')" % TYPO, "22023", "secret_access_key")
    s.fails("syntax", "CREATE STORAGE CREDENTIAL x TYPE s3 WITH (secret_access_key '%s')" % TYPO, "42601",
            "at or near a string")
    s.fails("long name", "CREATE STORAGE CREDENTIAL %s TYPE s3" % ("x" * 64), "42622")
    s.fails("in a block", "BEGIN; CREATE STORAGE CREDENTIAL x TYPE s3", "25001")
    s.run("ROLLBACK")
    s.fails("alter none", "ALTER STORAGE CREDENTIAL x SET (region = 'a')", "42704", '"x"')
    s.fails("drop none", "DROP STORAGE CREDENTIAL x", "42704", '"x"')
    s.gives("drop if exists", "DROP STORAGE CREDENTIAL IF EXISTS x", "DROP STORAGE CREDENTIAL")
    s.fails("use none", "SELECT * FROM read_delta('s3://lake/t', credential => 'x')", "42704", '"x"')
    s.fails("null", "SELECT * FROM read_delta('s3://lake/t', credential => NULL)", "22004")
    call = "SELECT count(*) FROM read_delta('s3://lake/t', credential => 'lake')"
    s.gives("reads", call, [(2,)])
    s.gives("alter", "ALTER STORAGE CREDENTIAL lake SET (secret_access_key = '%s')" % TYPO, "ALTER STORAGE CREDENTIAL")
    s.fails("reads with another secret", call, "42501", "SignatureDoesNotMatch")
    s.run("ALTER STORAGE CREDENTIAL lake SET (secret_access_key = '%s')" % objects.SECRET)
    s.gives("reads again", call, [(2,)])
    s.gives("the view", "SELECT name, type, options->>'access_key_id', owner, created_at <= now() FROM "
            "tarn.storage_credentials", [("lake", "s3", objects.KEY_ID, "postgres", True)])


def use_by_others(server, s):
    made = s.run("CREATE ROLE alice LOGIN")
    if isinstance(made, psycopg2.Error) and made.pgcode == "0A000":
        s.tally.skip("use by others", "the server has no CREATE ROLE yet")
        return
    s.run("GRANT USAGE ON SCHEMA tarn TO alice")
    alice = Session(server, s.tally, "alice")
    alice.fails("others may not use it", "SELECT * FROM read_delta('s3://lake/t', credential => 'lake')",
                "42501", '"lake"')
    alice.fails("others may not create", "CREATE STORAGE CREDENTIAL y TYPE s3", "42501", "superusers")
    alice.fails("others may not alter", "ALTER STORAGE CREDENTIAL lake SET (region = 'a')", "42501")
    alice.fails("others may not drop", "DROP STORAGE CREDENTIAL lake", "42501")
    alice.fails("others may not create catalogs", "CREATE CATALOG y TYPE directory WITH (location = 's3://lake')",
                "42501", "catalogs")
    alice.fails("others may not name it for a table", "CREATE SYNCED TABLE y FROM DELTA 's3://lake/t' PRIMARY KEY "
                "(id) WITH (credential = 'lake')", "42501", '"lake"')


def shown_nowhere(server, s, store):
    """After statements with every secret were run and logged."""
    s.run("SET log_statement = 'all'")
    s.run("SET log_min_duration_statement = 0")
    s.run("SELECT 1; CREATE STORAGE CREDENTIAL seen TYPE s3 " + with_clause(store.options(session_token=objects.SESSION)))
    s.run("CREATE STORAGE CREDENTIAL seen TYPE s3 " + with_clause(store.options(session_token=objects.SESSION)))
    s.run("PREPARE p AS SELECT 1")
    other = Session(server, s.tally)
    rows = other.run("SELECT query FROM pg_stat_activity WHERE pid = %d" % s.connection.get_backend_pid())
    s.tally.check("activity shows something", "" if rows else "no row")
    other.run("ALTER STORAGE CREDENTIAL seen SET (secret_access_key = '%s')" % objects.SECRET)
    rows = s.run("SELECT query FROM pg_stat_activity WHERE pid = %d" % other.connection.get_backend_pid())
    s.gives("activity has the words alone", "SELECT query FROM pg_stat_activity WHERE pid = %d" %
            other.connection.get_backend_pid(), [("ALTER STORAGE CREDENTIAL (not shown)",)])
    views = "".join(str(s.run(q)) for q in (
        "SELECT * FROM pg_stat_activity", "SELECT * FROM pg_prepared_statements",
        "SELECT * FROM tarn.storage_credentials", "SELECT * FROM tarn.catalogs",
        "SELECT *, convert_from(secrets, 'LATIN1') FROM tarn.connections", "SELECT * FROM tarn.synced_tables",
        "SELECT * FROM tarn.sync_runs"))
    s.tally.check("views show no secret", ", ".join(x for x in SECRETS if x in views))
    s.run("DROP STORAGE CREDENTIAL seen")
    s.run("RESET log_statement")
    s.run("RESET log_min_duration_statement")
    log = server.log()
    s.tally.check("the log has the statement", "" if "CREATE STORAGE CREDENTIAL (not shown)" in log else "no")
    s.tally.check("the log has no secret", ", ".join(x for x in SECRETS if x in log))


def files_with(folder, needle):
    out = []
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path) and needle.encode() in open(path, "rb").read():
                out.append(path)
    return out


def key_file(server, tally):
    """The server is stopped on the way."""
    key = os.path.join(server.data, "tarn.key")
    call = "SELECT count(*) FROM read_delta('s3://lake/t', credential => 'lake')"
    mode = stat.S_IMODE(os.stat(key).st_mode)
    tally.check("mode of the key file", "" if mode == 0o600 else oct(mode))
    for secret in SECRETS:
        found = files_with(server.data, secret)
        tally.check("no secret in the files", str(found) if found else "")
    Session(server, tally).gives("checkpoint", "CHECKPOINT", "CHECKPOINT")
    server.stop()
    tally.check("no secret after a checkpoint", str(files_with(server.data, objects.SECRET) or ""))
    server.start()
    Session(server, tally).gives("reads after a restart", call, [(2,)])
    copy = os.path.join(os.path.dirname(server.data), "copy")
    p = subprocess.run([BINARY, "backup", "-p", str(server.port), "-U", "postgres", copy], capture_output=True)
    tally.check("backup", "" if p.returncode == 0 else p.stderr.decode())
    tally.check("a backup has no key", "" if not os.path.exists(os.path.join(copy, "tarn.key")) else "it has")
    server.stop()
    os.chmod(key, 0o640)
    try:
        server.start()
        tally.check("a key that others can read", "the server starts")
        server.stop()
    except ServerError as e:
        tally.check("a key that others can read", "" if "can be read by others" in str(e) else str(e))
    os.chmod(key, 0o600)
    with Server(data=copy) as other:
        s = Session(other, tally)
        s.fails("a copy without the key", call, "58P01", "tarn.key", "missing")
        s.gives("a key is made for new secrets", "CREATE STORAGE CREDENTIAL fresh TYPE s3 " + with_clause(
            {"access_key_id": "a", "secret_access_key": "b"}), "CREATE STORAGE CREDENTIAL")
        s.fails("which does not open the old ones", call, "XX001", "another key")
        other.stop()
        shutil.copy(key, os.path.join(copy, "tarn.key"))
        os.chmod(os.path.join(copy, "tarn.key"), 0o600)
        other.start()
        Session(other, tally).gives("a copy with the key", call, [(2,)])
        other.stop()
        with open(os.path.join(copy, "tarn.key"), "w") as f:
            f.write("0" * 64 + "\n")
        other.start()
        Session(other, tally).fails("a copy with another key", call, "XX001", "another key", "lake")
        other.stop()
        with open(os.path.join(copy, "tarn.key"), "w") as f:
            f.write("nonsense\n")
        try:
            other.start()
            tally.check("a damaged key", "the server starts")
        except ServerError as e:
            tally.check("a damaged key", "" if "is damaged" in str(e) else str(e))
        other.process = None
    server.start()


def synced(s, store, folder):
    t = delta.Table(os.path.join(folder, "orders"), [(1, "a", 10), (2, "b", 20)])
    base = " FROM DELTA 's3://lake/orders' PRIMARY KEY (id)"
    s.gives("snapshot", "CREATE SYNCED TABLE o1%s WITH (credential = 'lake')" % base, "CREATE SYNCED TABLE")
    s.gives("triggered", "CREATE SYNCED TABLE o2%s MODE TRIGGERED WITH (credential = 'lake')" % base,
            "CREATE SYNCED TABLE")
    s.gives("continuous", "CREATE SYNCED TABLE o3%s MODE CONTINUOUS WITH (credential = 'lake', poll_interval = "
            "'100ms')" % base, "CREATE SYNCED TABLE")
    rows = "SELECT id, name, n FROM %s ORDER BY id"
    for name in ("o1", "o2", "o3"):
        s.gives("rows of " + name, rows % name, [(1, "a", 10), (2, "b", 20)])
    store.fault(r"\.parquet$", "503", 2)
    t.commit([(1, "a", 11), (3, "c", 30)])
    new = [(1, "a", 11), (3, "c", 30)]
    s.until("continuous follows", rows % "o3", new)
    for name in ("o1", "o2"):
        s.gives("refresh " + name, "REFRESH SYNCED TABLE " + name, "REFRESH SYNCED TABLE")
        s.gives("new rows of " + name, rows % name, new)
    s.gives("source", "SELECT source, options->>'credential' FROM tarn.synced_tables WHERE table_name = 'o1'",
            [("s3://lake/orders", "lake")])
    s.fails("a credential in use", "DROP STORAGE CREDENTIAL lake", "2BP01", "public.o1", "public.o2", "public.o3")
    s.run("CREATE STORAGE CREDENTIAL second TYPE s3 " + with_clause(store.options()))
    s.gives("another credential", "ALTER SYNCED TABLE o2 SET (credential = 'second')", "ALTER SYNCED TABLE")
    s.fails("no such credential", "ALTER SYNCED TABLE o2 SET (credential = 'third')", "42704")
    t.commit([(4, "d", 40)])
    s.run("REFRESH SYNCED TABLE o2")
    s.gives("rows by the other", rows % "o2", [(4, "d", 40)])
    s.fails("the other in use", "DROP STORAGE CREDENTIAL second", "2BP01", "public.o2")
    store.fault(".", "403", 1000)
    s.fails("a refresh that is denied", "REFRESH SYNCED TABLE o1", "42501", "s3://lake/orders")
    s.gives("it is noted", "SELECT error_class, error_message LIKE '%s3://lake/orders%' FROM tarn.synced_tables "
            "WHERE table_name = 'o1'", [("SOURCE_READ_ERROR", True)])
    s.gives("and keeps serving", rows % "o1", new)
    store.clear()
    for name in ("o1", "o2", "o3"):
        s.gives("drop " + name, "DROP SYNCED TABLE " + name, "DROP SYNCED TABLE")
    s.gives("free again", "DROP STORAGE CREDENTIAL second", "DROP STORAGE CREDENTIAL")


def directory(s, folder):
    os.makedirs(os.path.join(folder, "wh", "sales"))
    t = delta.Table(os.path.join(folder, "wh", "sales", "Orders"), [(1, "a", 1)])
    s.gives("catalog", "CREATE CATALOG main TYPE directory WITH (location = 's3://lake/wh/', credential = 'lake')",
            "CREATE CATALOG")
    s.fails("catalog exists", "CREATE CATALOG main TYPE directory WITH (location = 's3://lake')", "42710")
    s.gives("catalog if not exists", "CREATE CATALOG IF NOT EXISTS main TYPE directory WITH (location = 's3://lake')",
            "CREATE CATALOG")
    s.fails("catalog type", "CREATE CATALOG x TYPE hive", "22023", "hive", "directory and unity")
    s.fails("catalog option", "CREATE CATALOG x TYPE directory WITH (uri = 'http://h')", "22023", "uri")
    s.fails("catalog without location", "CREATE CATALOG x TYPE directory", "22023", "location")
    s.fails("catalog with no credential", "CREATE CATALOG x TYPE directory WITH (location = 's3://lake', "
            "credential = 'none')", "42704")
    s.gives("from a catalog", 'CREATE SYNCED TABLE d1 FROM main.sales."Orders" PRIMARY KEY (id) MODE TRIGGERED',
            "CREATE SYNCED TABLE")
    s.gives("its rows", "SELECT * FROM d1", [(1, "a", 1)])
    t.commit([(2, "b", 2)])
    s.run("REFRESH SYNCED TABLE d1")
    s.gives("its new rows", "SELECT * FROM d1", [(2, "b", 2)])
    s.gives("its source", "SELECT source FROM tarn.synced_tables WHERE table_name = 'd1'", [('main.sales."Orders"',)])
    s.fails("no such catalog", "CREATE SYNCED TABLE d2 FROM other.sales.orders PRIMARY KEY (id)", "42704", "other")
    s.fails("no such table", "CREATE SYNCED TABLE d2 FROM main.sales.nothing PRIMARY KEY (id)", "58P01", "nothing")
    s.fails("out of the folder", 'CREATE SYNCED TABLE d2 FROM main.sales."../../t" PRIMARY KEY (id)', "22023")
    s.fails("two parts", "CREATE SYNCED TABLE d2 FROM main.sales PRIMARY KEY (id)", "42601")
    s.fails("the credential of a catalog", "DROP STORAGE CREDENTIAL lake", "2BP01", "catalog main")
    s.fails("a catalog in use", "DROP CATALOG main", "2BP01", "d1")
    s.gives("view of catalogs", "SELECT name, type, options->>'location', owner FROM tarn.catalogs",
            [("main", "directory", "s3://lake/wh/", "postgres")])
    s.run("DROP SYNCED TABLE d1")
    s.gives("drop catalog", "DROP CATALOG main", "DROP CATALOG")
    s.fails("drop no catalog", "DROP CATALOG main", "42704")
    s.gives("drop no catalog if exists", "DROP CATALOG IF EXISTS main", "DROP CATALOG")


def unity(s, folder):
    with ObjectServer("s3", {"lake": folder}, auth="session") as store:
        t = delta.Table(os.path.join(folder, "managed"), [(1, "a", 1)])
        local = delta.Table(os.path.join(folder, "local"), [(7, "g", 7)])
        store.unity = {"prod.sales.orders": ("s3://lake/managed", "DELTA"), "prod.sales.logs": ("s3://lake/x", "CSV"),
                       "prod.sales.here": ("file://" + local.folder, "DELTA"), "prod.sales.seen": ("", "VIEW")}
        more = "uri = '%s/unity', region = '%s', endpoint = '%s'" % (store.root, objects.REGION, store.endpoint)
        s.gives("unity", "CREATE CATALOG prod TYPE unity WITH (token = '%s', %s)" % (objects.UNITY_TOKEN, more),
                "CREATE CATALOG")
        s.gives("view of it", "SELECT name, type, options ? 'token', options->>'uri' FROM tarn.catalogs",
                [("prod", "unity", False, store.root + "/unity")])
        s.fails("bad uri", "CREATE CATALOG x TYPE unity WITH (uri = 'unity')", "22023", "uri")
        s.fails("no uri", "CREATE CATALOG x TYPE unity", "22023", "uri")
        store.fault("/unity/", "503", 2)
        s.gives("a managed table", "CREATE SYNCED TABLE u1 FROM prod.sales.orders PRIMARY KEY (id) MODE TRIGGERED",
                "CREATE SYNCED TABLE")
        s.gives("its rows", "SELECT * FROM u1", [(1, "a", 1)])
        s.tally.check("one grant", "" if store.grants == 1 else "%d grants" % store.grants)
        t.commit([(2, "b", 2)])
        store.grant_life_s = 30  # shorter than what is kept in reserve: each request needs a new one
        s.run("REFRESH SYNCED TABLE u1")
        s.gives("rows by grants that expire", "SELECT * FROM u1", [(2, "b", 2)])
        s.tally.check("grants are renewed", "" if store.grants > 3 else "%d grants" % store.grants)
        store.grant_life_s = 3600
        s.gives("a local table", "CREATE SYNCED TABLE u2 FROM prod.sales.here PRIMARY KEY (id)", "CREATE SYNCED TABLE")
        s.gives("its rows", "SELECT * FROM u2", [(7, "g", 7)])
        s.fails("no such table", "CREATE SYNCED TABLE u3 FROM prod.sales.none PRIMARY KEY (id)", "42P01",
                "prod.sales.none", "prod")
        s.fails("another format", "CREATE SYNCED TABLE u3 FROM prod.sales.logs PRIMARY KEY (id)", "0A000", "CSV")
        s.fails("a view", "CREATE SYNCED TABLE u3 FROM prod.sales.seen PRIMARY KEY (id)", "0A000", "prod.sales.seen", "view")
        s.run("CREATE CATALOG wrong TYPE unity WITH (token = '%s', %s)" % (TYPO, more))
        s.fails("a wrong token", "CREATE SYNCED TABLE u3 FROM wrong.sales.orders PRIMARY KEY (id)", "42501", "wrong",
                "token")
        store.fault("temporary", "403", 1)
        s.fails("no grant", "CREATE SYNCED TABLE u3 FROM prod.sales.orders PRIMARY KEY (id)", "42501", "prod")
        for name in ("u1", "u2"):
            s.run("DROP SYNCED TABLE " + name)
        s.run("DROP CATALOG wrong")


def main():
    tally = Tally("sync/credentials")
    folder = tempfile.mkdtemp(prefix="tarn-credentials-")
    delta.Table(os.path.join(folder, "t"), [(1, "a", 1), (2, "b", 2)])
    try:
        with Server() as server, ObjectServer("s3", {"lake": folder}) as store:
            s = Session(server, tally)
            statements(s, store)
            use_by_others(server, s)
            shown_nowhere(server, s, store)
            synced(s, store, folder)
            directory(s, folder)
            unity(s, folder)
            key_file(server, tally)
            s = Session(server, tally)
            s.gives("drop", "DROP STORAGE CREDENTIAL lake", "DROP STORAGE CREDENTIAL")
            s.gives("nothing is left", "SELECT name FROM tarn.storage_credentials", [])
    finally:
        shutil.rmtree(folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
