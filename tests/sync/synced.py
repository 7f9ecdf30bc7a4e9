"""Synced tables and table functions: statements, errors, refreshes beside readers, crashes."""
import os
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, "lib"))
sys.dont_write_bytecode = True
from delta import Table, demo  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

class Run:
    def __init__(self, server, folder, tally):
        self.server = server
        self.folder = folder
        self.tally = tally
        self.connection = self.connect()
        self.cursor = self.connection.cursor()

    def connect(self, user="postgres"):
        c = psycopg2.connect(self.server.dsn(user=user))
        c.autocommit = True
        return c

    def table(self, name, rows, **options):
        return Table(os.path.join(self.folder, name), rows, **options)

    def sql(self, text, cursor=None):
        cursor = cursor or self.cursor
        cursor.execute(text)
        return cursor.fetchall() if cursor.description else None

    def expect(self, name, text, want):
        try:
            got = self.sql(text)
        except psycopg2.Error as e:
            got = "%s %s" % (e.pgcode, e.pgerror)
        self.tally.check(name, "" if got == want else "got %r, expected %r" % (got, want))

    def supported(self, name, text):
        """Runs it; False, noted as skipped, when the server has no such statement yet."""
        try:
            self.sql(text)
            return True
        except psycopg2.errors.FeatureNotSupported as e:
            self.tally.skip(name, str(e).strip())
            return False

    def fails(self, name, text, code, *parts, cursor=None):
        try:
            self.sql(text, cursor)
            problem = "must fail with %s" % code
        except psycopg2.Error as e:
            said = "%s %s" % (e.pgcode, e.pgerror)
            problem = "" if e.pgcode == code and all(p in said for p in parts) else said
        self.tally.check(name, problem)


def owners(r):
    """What an owner may change of a synced table, and who may watch it."""
    for text in ("CREATE ROLE ann", "CREATE SCHEMA other", "GRANT USAGE ON SCHEMA other TO ann", "ALTER TABLE s1 RENAME TO s2",
                 "ALTER TABLE s2 SET SCHEMA other", "ALTER TABLE other.s2 OWNER TO ann",
                 "CREATE POLICY p ON other.s2 USING (id > 2)", "ALTER TABLE other.s2 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                 "REFRESH SYNCED TABLE other.s2 FULL"):
        r.sql(text)
    r.expect("another name", "SELECT schema_name, table_name FROM tarn.synced_tables", [("other", "s2")])
    r.sql("SET ROLE ann")
    r.expect("its owner", "SELECT id FROM other.s2", [(4,)])
    r.fails("does not watch", "SELECT * FROM tarn.synced_tables", "42501", "tarn")
    r.sql("RESET ROLE")
    r.sql("GRANT pg_monitor TO ann")
    r.sql("SET ROLE ann")
    r.expect("watches", "SELECT table_name, (tarn.sync_lag('other.s2')).versions FROM tarn.synced_tables", [("s2", 0)])
    r.fails("not the rejects", "SELECT * FROM tarn.sync_rejects", "42501", "sync_rejects")
    for text in ("RESET ROLE", "ALTER TABLE other.s2 DISABLE ROW LEVEL SECURITY", "DROP POLICY p ON other.s2", "ALTER TABLE other.s2 RENAME TO s1",
                 "ALTER TABLE other.s1 SET SCHEMA public", "ALTER TABLE s1 OWNER TO CURRENT_USER", "DROP SCHEMA other", "DROP ROLE ann"):
        r.sql(text)


def statements(r):
    t = r.table("t1", [(1, "a", 10), (2, "b", 20), (3, None, None)])
    create = "CREATE SYNCED TABLE s1 FROM DELTA '%s' PRIMARY KEY (id)" % t.folder
    r.cursor.execute(create)
    r.tally.check("tag create", "" if r.cursor.statusmessage == "CREATE SYNCED TABLE"
                  else r.cursor.statusmessage)
    notices = r.connection.notices
    r.tally.check("notice", "" if notices and "3 rows of version 0" in notices[-1] else str(notices))
    r.expect("rows", "SELECT * FROM s1 ORDER BY id", [(1, "a", 10), (2, "b", 20), (3, None, None)])
    r.fails("twice", create, "42P07", "s1")
    r.expect("if not exists", create.replace("TABLE s1", "TABLE IF NOT EXISTS s1"), None)
    r.expect("by key", "SELECT name FROM s1 WHERE id = 2", [("b",)])
    for verb in ("INSERT INTO s1 VALUES (9, 'x', 1)", "UPDATE s1 SET n = 1", "DELETE FROM s1"):
        r.fails("read only " + verb.split()[0], verb, "42809", "s1")
    r.fails("truncate", "TRUNCATE s1", "42809", "s1")
    r.fails("alter", "ALTER TABLE s1 ADD COLUMN z int", "42809", "s1")
    r.fails("rename a column", "ALTER TABLE s1 RENAME COLUMN name TO other", "42809", "s1")
    r.sql("CREATE INDEX s1_name ON s1 (name)")
    r.sql("CREATE INDEX s1_upper ON s1 (upper(name)) WHERE n > 5")
    views = r.supported("views", "CREATE VIEW v1 AS SELECT id, upper(name) AS name FROM s1")
    r.sql("COMMENT ON TABLE s1 IS 'kept'")
    t.commit([(2, "bb", 21), (4, "d", 40)])
    r.expect("not yet refreshed", "SELECT count(*) FROM s1", [(3,)])
    r.cursor.execute("REFRESH SYNCED TABLE s1")
    r.tally.check("tag refresh", "" if r.cursor.statusmessage == "REFRESH SYNCED TABLE"
                  else r.cursor.statusmessage)
    r.expect("refreshed", "SELECT * FROM s1 ORDER BY id", [(2, "bb", 21), (4, "d", 40)])
    r.expect("index after refresh", "SELECT id FROM s1 WHERE name = 'd'", [(4,)])
    r.expect("old index entry", "SELECT id FROM s1 WHERE name = 'a'", [])
    r.expect("expression index", "SELECT id FROM s1 WHERE upper(name) = 'BB' AND n > 5", [(2,)])
    if views:
        r.expect("view", "SELECT * FROM v1 ORDER BY id", [(2, "BB"), (4, "D")])
    r.expect("comment", "SELECT description FROM pg_description WHERE objoid = 's1'::regclass", [("kept",)])
    r.expect("status", "SELECT schema_name, table_name, mode, state, applied_version, source_version, "
             "lag_versions, rows, consecutive_failures, paused FROM tarn.synced_tables",
             [("public", "s1", "SNAPSHOT", "ONLINE_NO_PENDING_UPDATE", 1, 1, 0, 2, 0, False)])
    r.expect("runs", "SELECT kind, from_version, to_version, inserted, outcome FROM tarn.sync_runs "
             "ORDER BY run_id", [("initial", None, 0, 3, "succeeded"), ("full", 0, 1, 2, "succeeded")])
    owners(r)
    r.expect("by schema", "REFRESH SYNCED TABLE public.s1 FULL", None)
    if views:
        r.fails("drop with view", "DROP SYNCED TABLE s1", "2BP01")
    r.expect("still there", "SELECT count(*) FROM s1", [(2,)])
    r.expect("drop cascade", "DROP SYNCED TABLE s1 CASCADE", None)
    r.fails("dropped", "SELECT * FROM s1", "42P01")
    r.expect("no status", "SELECT count(*) FROM tarn.synced_tables", [(0,)])
    r.fails("drop missing", "DROP SYNCED TABLE s1", "42P01", "s1")
    r.expect("drop if exists", "DROP SYNCED TABLE IF EXISTS s1", None)
    r.sql("CREATE TABLE plain (id int PRIMARY KEY)")
    r.fails("refresh a plain table", "REFRESH SYNCED TABLE plain", "42809", "plain")
    r.fails("drop a plain table", "DROP SYNCED TABLE plain", "42809", "plain")
    r.sql(create)
    r.expect("drop table", "DROP TABLE s1", None)
    r.sql(create)
    r.expect("again", "SELECT count(*) FROM s1", [(2,)])
    r.sql("DROP SYNCED TABLE s1")


def refusals(r):
    t = r.table("t2", [(1, "a", 1), (2, "b", 1), (2, "c", 2), (3, None, 3)])
    base = "CREATE SYNCED TABLE s2 FROM DELTA '%s' PRIMARY KEY " % t.folder
    r.fails("duplicate key", base + "(id)", "23505", "s2", "(id)=(2)")
    r.fails("null key", base + "(name) WITH (on_null_key = fail)", "23502", "s2", "name")
    r.fails("no column", base + "(nope)", "42703", "nope")
    r.fails("key twice", base + "(id, id)", "42701", "id")
    r.fails("no schema", base.replace("s2", "nowhere.s2") + "(id)", "3F000", "nowhere")
    r.fails("no source", "CREATE SYNCED TABLE s2 FROM DELTA '/nowhere' PRIMARY KEY (id)", "58P01")
    r.fails("other store", "CREATE SYNCED TABLE s2 FROM DELTA 'ftp://x/y' PRIMARY KEY (id)", "0A000")
    r.fails("mode", base + "(id) MODE SOMETIMES", "42601", "SOMETIMES")
    r.fails("continuous with a schedule", base + "(id) MODE CONTINUOUS EVERY '1h'", "42601", "schedule")
    r.fails("bad interval", base + "(id) EVERY 'now and then'", "22007", "now and then")
    r.fails("bad cron", base + "(id) SCHEDULE '61 * * * *'", "22023", "minute")
    r.fails("short cron", base + "(id) SCHEDULE '1 * * *'", "22023", "five")
    r.fails("unknown option", base + "(id) WITH (on_monday = fail)", "22023", "on_monday")
    r.fails("bad option", base + "(id) WITH (on_gap = mend)", "22023", "on_gap", "mend", "Values are: resync, fail")
    r.fails("option twice", base + "(id) WITH (on_gap = fail, on_gap = resync)", "42601", "on_gap")
    r.fails("syntax", "CREATE SYNCED TABLE s2 FROM NOWHERE", "42601")
    r.fails("syntax error", "CREATE SYNCED TABLE s2 PRIMARY KEY (id)", "42601")
    r.expect("nothing left", "SELECT count(*) FROM pg_class WHERE relname LIKE 's2%'", [(0,)])
    r.expect("no state", "SELECT count(*) FROM tarn.synced_tables", [(0,)])
    r.sql("BEGIN")
    r.fails("in a block", base + "(id)", "25001", "CREATE SYNCED TABLE")
    r.sql("ROLLBACK")
    t.commit([(1, "a", 1), (2, "b", 2)])
    r.sql(base + "(n, id) WITH (on_null_key = fail)")
    r.expect("two columns", "SELECT name FROM s2 WHERE n = 2 AND id = 2", [("b",)])
    t.commit([(1, "a", 1), (None, "b", 2)])
    r.fails("refresh with null key", "REFRESH SYNCED TABLE s2", "23502", "id")
    r.expect("keeps serving", "SELECT count(*) FROM s2", [(2,)])
    r.expect("failed state", "SELECT state, applied_version, error_class, consecutive_failures "
             "FROM tarn.synced_tables",
             [("ONLINE_PIPELINE_FAILED", 1, "PRIMARY_KEY_CONSTRAINT_VIOLATION", 1)])
    t.commit([(5, "e", 5)])
    r.sql("REFRESH SYNCED TABLE s2")
    r.expect("recovered", "SELECT state, applied_version, consecutive_failures FROM tarn.synced_tables",
             [("ONLINE_NO_PENDING_UPDATE", 3, 0)])
    t.commit([(5, "e", 5)], columns=("id", "name", "n", "more"))
    r.sql("ALTER SYNCED TABLE s2 SET (on_schema_change = fail)")
    r.fails("new column", "REFRESH SYNCED TABLE s2", "42804", "more")
    r.expect("old rows", "SELECT * FROM s2", [(5, "e", 5)])
    r.sql("ALTER SYNCED TABLE s2 SET (on_schema_change = follow)")
    r.sql("REFRESH SYNCED TABLE s2")
    r.expect("followed", "SELECT * FROM s2", [(5, "e", 5, None)])
    r.sql("DROP SYNCED TABLE s2")
    if not r.supported("roles", "CREATE ROLE app LOGIN"):
        return
    other = r.connect("app")
    cursor = other.cursor()
    r.fails("no files for roles", "SELECT * FROM read_delta('%s')" % t.folder, "42501", cursor=cursor)
    r.fails("no tables for roles", base + "(id)", "42501", cursor=cursor)
    other.close()


def functions(r):
    t = r.table("t3", [(1, "a", 10), (2, "b", 20)])
    t.commit([(7, "z", None)])
    r.expect("newest", "SELECT * FROM read_delta('%s')" % t.folder, [(7, "z", None)])
    r.expect("version", "SELECT count(*), sum(n) FROM read_delta('%s', version => 0)" % t.folder,
             [(2, 30)])
    r.expect("timestamp", "SELECT count(*) FROM read_delta('%s', timestamp => '2100-01-01')" %
             t.folder, [(1,)])
    r.expect("timestamp in text", "SELECT 'timestamp => x', $$timestamp => y$$", [
        ("timestamp => x", "timestamp => y")])
    r.fails("before the first version", "SELECT * FROM read_delta('%s', TIMESTAMP => '2000-01-01')" %
            t.folder, "22023")
    r.expect("quoted timestamp", "SELECT count(*) FROM read_delta('%s', \"timestamp\" => '2100-01-01')" %
             t.folder, [(1,)])
    r.fails("version too high", "SELECT * FROM read_delta('%s', version => 9)" % t.folder, "22023")
    r.fails("bad argument", "SELECT * FROM read_delta('%s', nope => 9)" % t.folder, "42883")
    r.fails("no argument", "SELECT * FROM read_delta()", "42883")
    r.expect("file", "SELECT id FROM read_parquet('%s/part-0.parquet') ORDER BY 1" % t.folder,
             [(1,), (2,)])
    r.expect("folder", "SELECT id FROM read_parquet('%s') ORDER BY 1" % t.folder,
             [(1,), (2,), (7,)])
    r.expect("pattern", "SELECT name FROM read_parquet('%s/*/part-[1-9].parquet')" % r.folder,
             [("z",)])
    r.fails("no match", "SELECT * FROM read_parquet('%s/*.nope')" % t.folder, "58P01")
    r.fails("no file", "SELECT * FROM read_parquet('/nowhere.parquet')", "58P01")
    r.expect("join", "SELECT a.id, b.id FROM read_delta('%s', version => 0) a, read_delta('%s') b "
             "WHERE a.n > 10" % (t.folder, t.folder), [(2, 7)])
    r.expect("insert from", "CREATE TABLE copied AS SELECT * FROM read_delta('%s', version => 0)" %
             t.folder, None)
    r.expect("copied", "SELECT * FROM copied ORDER BY id", [(1, "a", 10), (2, "b", 20)])
    r.sql("PREPARE p AS SELECT * FROM read_delta('%s')" % t.folder)
    t.commit([(8, "y", 1)])
    r.expect("prepared, newer version", "EXECUTE p", [(8, "y", 1)])
    t.commit([(8, "y", 1)], columns=("name", "id"))
    r.fails("prepared, other columns", "EXECUTE p", "0A000", "changed")
    r.expect("same text, other columns", "SELECT * FROM read_delta('%s')" % t.folder, [("y", 8)])
    for n in (1, 2, 3, 4):
        r.expect("same shape, version %d" % n,
                 "SELECT count(*) FROM read_delta('%s', version => %d)" % (t.folder, n % 2),
                 [(2 if n % 2 == 0 else 1,)])


def readers(r):
    """Sums that each version keeps constant stay so for readers beside refreshes."""
    n = 2000
    t = r.table("t4", [(i, "v0", 1) for i in range(n)])
    r.sql("CREATE SYNCED TABLE s4 FROM DELTA '%s' PRIMARY KEY (id)" % t.folder)
    r.sql("CREATE INDEX s4_name ON s4 (name)")
    problems, stop, count = [], threading.Event(), [0]

    def read(isolation):
        c = psycopg2.connect(r.server.dsn())
        c.set_session(isolation_level=isolation)
        cursor = c.cursor()
        while not stop.is_set():
            try:
                seen = []
                for _ in range(3):
                    cursor.execute("SELECT count(*), sum(n), min(name), max(name) FROM s4")
                    row = cursor.fetchone()
                    seen.append(row)
                    if row[0] != n or row[1] != n or row[2] != row[3]:
                        problems.append("%s saw %s" % (isolation, row))
                    cursor.execute("SELECT count(*) FROM s4 WHERE name = %s", (row[2],))
                    if isolation == "REPEATABLE READ" and cursor.fetchone()[0] != n:
                        problems.append("index sees other rows than the table")
                if isolation == "REPEATABLE READ" and len(set(seen)) != 1:
                    problems.append("one snapshot saw %s" % seen)
                c.commit()
                count[0] += 1
            except psycopg2.Error as e:
                problems.append("%s: %s" % (isolation, e))
                c.rollback()
        c.close()

    threads = [threading.Thread(target=read, args=(i,)) for i in
               ("READ COMMITTED", "READ COMMITTED", "REPEATABLE READ", "REPEATABLE READ")]
    for x in threads:
        x.start()
    for v in range(1, 26):
        t.commit([(i, "v%d" % v, 1) for i in range(n)])
        r.sql("REFRESH SYNCED TABLE s4")
    stop.set()
    for x in threads:
        x.join()
    r.tally.check("readers beside refreshes (%d reads)" % count[0],
                  "" if not problems else "%d, first: %s" % (len(problems), problems[0]))
    # An open transaction that has read the table does not hold up a refresh, nor notice it.
    old = psycopg2.connect(r.server.dsn())
    old.set_session(isolation_level="REPEATABLE READ")
    cursor = old.cursor()
    cursor.execute("SELECT min(name), count(*) FROM s4")
    before = cursor.fetchone()
    t.commit([(i, "last", 1) for i in range(5)])
    r.sql("SET statement_timeout = '10s'")
    r.expect("refresh beside an open reader", "REFRESH SYNCED TABLE s4", None)
    r.sql("RESET statement_timeout")
    cursor.execute("SELECT min(name), count(*) FROM s4")
    r.tally.check("old snapshot", "" if cursor.fetchone() == before else "changed under its reader")
    old.rollback()
    cursor.execute("SELECT min(name), count(*) FROM s4")
    r.tally.check("new snapshot", "" if cursor.fetchone() == ("last", 5) else "not refreshed")
    old.close()


def many(r):
    """More loads at once than the server runs together, beside a writer."""
    t = r.table("t6", [(i, "x", i) for i in range(30000)])
    r.sql("CREATE TABLE beside (id int PRIMARY KEY)")
    problems = []

    def work(number):
        try:
            c = r.connect()
            cursor = c.cursor()
            cursor.execute("CREATE SYNCED TABLE m%d FROM DELTA '%s' PRIMARY KEY (id)" % (
                number, t.folder))
            cursor.execute("REFRESH SYNCED TABLE m%d" % number)
            cursor.execute("SELECT count(*) FROM m%d" % number)
            if cursor.fetchone()[0] != 30000:
                problems.append("table %d" % number)
            c.close()
        except psycopg2.Error as e:
            problems.append(str(e))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(12)]
    for x in threads:
        x.start()
    written = 0
    while any(x.is_alive() for x in threads):
        r.sql("INSERT INTO beside VALUES (%d)" % written)
        written += 1
    r.tally.check("12 loads at once", "; ".join(problems))
    r.expect("all listed", "SELECT count(*) FROM tarn.synced_tables WHERE table_name LIKE 'm%'",
             [(12,)])
    r.expect("written beside", "SELECT count(*) FROM beside", [(written,)])


def cancel_and_crash(r):
    t = r.table("t5", [(i, "x" * 40, i) for i in range(150000)])
    create = "CREATE SYNCED TABLE s5 FROM DELTA '%s' PRIMARY KEY (id)" % t.folder
    r.sql("SET statement_timeout = '10ms'")
    r.fails("cancelled", create, "57014")
    r.sql("RESET statement_timeout")
    r.expect("undone", "SELECT count(*) FROM pg_class WHERE relname LIKE 's5%'", [(0,)])
    r.sql(create)
    t.commit([(i, "y" * 40, i) for i in range(150000)])

    def refresh():
        try:
            c = r.connect()
            c.cursor().execute("REFRESH SYNCED TABLE s5")
        except psycopg2.Error:
            pass

    for delay in (0.02, 0.08, 0.2, 0.4):
        thread = threading.Thread(target=refresh)
        thread.start()
        time.sleep(delay)
        r.server.kill()
        thread.join()
        r.server.start()
        r.connection = r.connect()
        r.cursor = r.connection.cursor()
        version = r.sql("SELECT applied_version FROM tarn.synced_tables WHERE table_name = 's5'")[0][0]
        row = r.sql("SELECT count(*), min(left(name, 1)), max(left(name, 1)) FROM s5")[0]
        letter = "xy"[version]
        r.tally.check("crash after %d ms" % (delay * 1000),
                      "" if row == (150000, letter, letter) else "version %s has %s" % (version, row))
    r.expect("goes on", "REFRESH SYNCED TABLE s5", None)
    r.expect("new rows", "SELECT count(*), min(left(name, 1)) FROM s5", [(150000, "y")])


def main():
    tally = Tally("synced")
    folder = tempfile.mkdtemp(prefix="tarn-synced-")
    parts = (statements, refusals, functions, readers, many, cancel_and_crash)
    chosen = [p for p in parts if len(sys.argv) < 2 or p.__name__ in sys.argv[1:]]
    try:
        with Server() as server:
            for part in chosen:
                r = Run(server, os.path.join(folder, part.__name__), tally)
                try:
                    part(r)
                except psycopg2.Error as e:
                    tally.check(part.__name__, "%s %s" % (e.pgcode, e))
                r.connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
