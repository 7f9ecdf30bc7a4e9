"""Runs that nobody waits for: NO WAIT, progress while a load goes on, reading a table before its first load is
done, cancelling, kill -9 in a load, and rate_limit_rows."""
import os
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from incremental import Run  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

ROWS = 4000
SLOW = "WITH (rate_limit_rows = 1000)"  # four seconds


def big(r, name):
    h = r.history(name)
    h.append([(i, "row", i % 5) for i in range(ROWS)])
    return h


def until(r, text, wanted):
    for _ in range(3000):
        if r.sql(text) == wanted:
            return
        time.sleep(0.01)
    r.check("until " + text, r.sql(text), wanted)


class Readers(threading.Thread):
    """Reads until told to end: every answer, and how long the slowest took."""

    def __init__(self, r, text):
        super().__init__()
        self.text, self.answers, self.slowest_s, self.ended = text, [], 0, False
        self.connection = psycopg2.connect(r.server.dsn())
        self.connection.autocommit = True
        self.start()

    def run(self):
        with self.connection.cursor() as cursor:
            while not self.ended:
                begin = time.monotonic()
                cursor.execute(self.text)
                answer = cursor.fetchone()
                self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
                if answer not in self.answers[-1:]:
                    self.answers.append(answer)
                time.sleep(0.01)

    def end(self):
        self.ended = True
        self.join()
        self.connection.close()


def status(r, name):
    return r.sql("SELECT state, applied_version, progress, rows_done, rows_total, eta_seconds FROM tarn.synced_tables "
                 "WHERE table_name = '%s'" % name)[0]


def other_columns(r):
    """Columns of another type, new ones, and those that go: the copy is made while readers go on, and they see one version
    or the other. A reader who keeps the table holds the end up, and nobody else."""
    def meta(h, columns, wide):
        m = h.meta(columns)
        if wide:
            m["metaData"]["schemaString"] = m["metaData"]["schemaString"].replace('"integer"', '"long"')
        return m

    for name, mode, columns, wide in (("oc1", "TRIGGERED", ("id", "name", "n"), True), ("oc2", "SNAPSHOT", ("id", "n", "more"), False),
                                      ("oc3", "TRIGGERED", ("id", "n", "more"), True)):
        h = big(r, name)
        r.sql("CREATE SYNCED TABLE %s FROM DELTA '%s' PRIMARY KEY (id) MODE %s WITH (rate_limit_rows = 2000)" % (name, h.folder, mode))
        r.sql("CREATE INDEX %s_n ON %s (n)" % (name, name))
        r.sql("CREATE INDEX %s_expr ON %s ((n + 1)) WHERE n > 2" % (name, name))
        h.write([meta(h, columns, wide), h.add([(ROWS + 1, "more", 1)])], "CHANGE COLUMN")
        shown = "SELECT count(*), pg_typeof(max(n))::text FROM " + name
        readers = Readers(r, shown)
        keeper = psycopg2.connect(r.server.dsn())
        keeper.cursor().execute("SELECT 1 FROM " + name)
        r.sql("REFRESH SYNCED TABLE %s NO WAIT" % name)
        time.sleep(0.5)  # for the beginning it is waited likewise
        keeper.commit()
        until(r, "SELECT rows_done BETWEEN 1 AND %d FROM tarn.synced_tables" % (ROWS - 1), [(True,)])
        keeper.cursor().execute("SELECT 1 FROM " + name)
        time.sleep(3)  # two for the copy
        r.check(name + " waits for its reader", r.sql(shown), [(ROWS, "integer")])
        keeper.commit()
        r.sql("WAIT FOR SYNCED TABLE %s VERSION 2 TIMEOUT '30s'" % name)
        time.sleep(0.1)
        readers.end()
        keeper.close()
        r.check(name + " versions", readers.answers, [(ROWS, "integer"), (ROWS + 1, "bigint" if wide else "integer")])
        r.check(name + " waits of readers", readers.slowest_s < 0.5 or readers.slowest_s, True)
        r.check(name + " rows", r.sql("SELECT %s FROM %s ORDER BY id" % (columns[1], name))[:3], [("row",)] * 3 if wide and columns[1] == "name"
                else [(0,), (1,), (2,)])
        r.sql("SET enable_seqscan = off")
        r.check(name + " indexes", r.sql("SELECT (SELECT count(*) FROM {0} WHERE n = 1), (SELECT count(*) FROM {0} WHERE n + 1 = 5 AND n > 2), "
                                         "(SELECT count(*) FROM pg_indexes WHERE tablename = '{0}')".format(name)), [(ROWS // 5 + 1, ROWS // 5, 3)])
        r.sql("RESET enable_seqscan")
        r.check(name + " equal", r.sql("VERIFY SYNCED TABLE " + name), [])
        r.sql("DROP SYNCED TABLE " + name)


def create_no_wait(r):
    h = big(r, "nw")
    r.sql("CREATE SYNCED TABLE nw FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED %s NO WAIT" % (h.folder, SLOW))
    for query in ("SELECT * FROM nw", "SELECT count(*) FROM nw", "SELECT name FROM nw WHERE id = 3",
                  "SELECT 1 FROM nw ORDER BY id LIMIT 1", "SELECT a.id FROM pg_class c JOIN nw a ON a.id = c.relnatts"):
        r.fails("not loaded: " + query, query, "55000", "nw", "first load")
    until(r, "SELECT rows_done > 0 FROM tarn.synced_tables WHERE table_name = 'nw'", [(True,)])
    r.fails("says how far it is", "SELECT * FROM nw", "55000", "rows have been read")
    state, version, progress, done, total, eta = status(r, "nw")
    r.check("loading", (state, version, 0 <= progress < 1, done <= ROWS), ("PROVISIONING_INITIAL_SNAPSHOT", None, True, True))
    r.restart()  # it goes on by itself
    r.sql("WAIT FOR SYNCED TABLE nw VERSION 1 TIMEOUT '30s'")
    r.table_is("after the load", "nw", h)
    r.check("loaded", status(r, "nw"), ("ONLINE_NO_PENDING_UPDATE", 1, 1.0, ROWS, ROWS, None))
    r.check("one run", r.sql("SELECT kind, inserted, outcome FROM tarn.sync_runs WHERE table_name = 'nw'"),
            [("initial", ROWS, "succeeded")])
    h.merge({1}, {}, [])
    r.sql("REFRESH SYNCED TABLE nw NO WAIT")
    r.sql("WAIT FOR SYNCED TABLE nw VERSION 2 TIMEOUT '30s'")
    r.table_is("refreshed", "nw", h)
    r.sql("REFRESH SYNCED TABLE nw FULL NO WAIT")
    until(r, "SELECT rows_done > 0 AND progress < 1 FROM tarn.synced_tables WHERE table_name = 'nw'", [(True,)])
    r.table_is("serves while it is copied", "nw", h)
    until(r, "SELECT count(*) FROM tarn.sync_runs WHERE table_name = 'nw' AND kind = 'full'", [(1,)])
    r.sql("DROP SYNCED TABLE nw")


def failing(r):
    h = r.history("nf")
    h.append([(1, "a", 1), (1, "b", 1)])
    r.sql("CREATE SYNCED TABLE nf FROM DELTA '%s' PRIMARY KEY (id) NO WAIT" % h.folder)
    until(r, "SELECT state, error_class FROM tarn.synced_tables WHERE table_name = 'nf'",
          [("OFFLINE_FAILED", "PRIMARY_KEY_CONSTRAINT_VIOLATION")])
    r.fails("still not loaded", "SELECT * FROM nf", "55000", "not running")
    h.overwrite([(1, "a", 1)])
    until(r, "SELECT state FROM tarn.synced_tables WHERE table_name = 'nf'", [("ONLINE_NO_PENDING_UPDATE",)])
    r.check("mended", r.sql("SELECT * FROM nf"), [(1, "a", 1)])
    r.sql("DROP SYNCED TABLE nf")
    r.fails("source is checked first", "CREATE SYNCED TABLE nf FROM DELTA '/nowhere' PRIMARY KEY (id) NO WAIT", "58P01")


def interrupted(r):
    """A CREATE that is cancelled, and one that kill -9 meets, leave nothing."""
    h = big(r, "ic")
    text = "CREATE SYNCED TABLE ic FROM DELTA '%s' PRIMARY KEY (id) %s" % (h.folder, SLOW)
    for how in ("cancel", "kill"):
        other = psycopg2.connect(r.server.dsn())
        other.autocommit = True
        code = []

        def create():
            try:
                other.cursor().execute(text)
                code.append(None)
            except psycopg2.Error as e:
                code.append(e.pgcode)

        thread = threading.Thread(target=create)
        thread.start()
        until(r, "SELECT count(*) FROM sync_progress() WHERE rows_done > 100", [(1,)])
        if how == "cancel":
            other.cancel()
        else:
            r.restart()
        thread.join()
        r.check(how, code, ["57014" if how == "cancel" else None])
        r.check(how + " leaves nothing", r.sql("SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'ic%'), "
                "(SELECT count(*) FROM tarn.sync_state), (SELECT count(*) FROM sync_progress())"), [(0, 0, 0)])


def by_index(r, name, h, column, index):
    """The index has the rows of the source and no others."""
    place = {"id": 0, "name": 1, "n": 2}[column]
    r.sql("SET enable_seqscan = off")
    wanted = sorted(h.states[h.version].values())
    for value in sorted({row[place] for row in wanted})[:3]:
        query = "SELECT id FROM %s WHERE %s = '%s' ORDER BY id" % (name, column, value)
        plan = "".join(row[0] for row in r.sql("EXPLAIN " + query))
        r.check("plan of %s" % index, index in plan, True)
        r.check("rows of %s" % index, r.sql(query), [(row[0],) for row in wanted if row[place] == value])
    r.sql("RESET enable_seqscan")


def indexes_during_load(r):
    """Indexes come and go while a copy is loaded, without waiting for it, and the copy has those that there are."""
    h = big(r, "xl")
    r.sql("CREATE SYNCED TABLE xl FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED %s NO WAIT" % (h.folder, SLOW))
    until(r, "SELECT rows_done > 0 FROM tarn.synced_tables WHERE table_name = 'xl'", [(True,)])
    r.sql("CREATE INDEX xl_n ON xl (n)")
    r.check("made before the first load ends", r.sql("SELECT applied_version FROM tarn.synced_tables"), [(None,)])
    r.sql("WAIT FOR SYNCED TABLE xl VERSION 1 TIMEOUT '60s'")
    by_index(r, "xl", h, "n", "xl_n")
    h.merge({1, 2}, {3: (3, "other", 1)}, [(ROWS + 1, "new", 2)])
    # A transaction that makes an index lasts through the load, which waits for it at its end.
    other = psycopg2.connect(r.server.dsn())
    other.cursor().execute("CREATE INDEX xl_name ON xl (name)")
    r.sql("REFRESH SYNCED TABLE xl FULL NO WAIT")
    until(r, "SELECT count(*) FROM sync_progress() WHERE rows_done > 100", [(1,)])
    until(r, "SELECT count(*) FROM sync_progress()", [(0,)])
    r.check("the load waits", r.sql("SELECT applied_version, (SELECT max(n) FROM xl WHERE id = 1) "
                                    "FROM tarn.synced_tables"), [(1, 1)])
    other.commit()
    other.close()
    r.sql("WAIT FOR SYNCED TABLE xl VERSION 2 TIMEOUT '60s'")
    r.table_is("copied", "xl", h)
    by_index(r, "xl", h, "name", "xl_name")
    by_index(r, "xl", h, "n", "xl_n")
    h.merge({4}, {5: (5, "last", 3)}, [])
    r.sql("ALTER SYNCED TABLE xl SET (rate_limit_rows = 400)")  # ten seconds
    r.sql("REFRESH SYNCED TABLE xl FULL NO WAIT")
    until(r, "SELECT count(*) FROM sync_progress() WHERE rows_done > 100", [(1,)])
    r.sql("DROP INDEX xl_name")
    r.sql("CREATE INDEX xl_expr ON xl ((n + 1))")
    r.sql("CREATE INDEX xl_part ON xl (name) WHERE n = 3")
    r.check("changed before the load ends", r.sql("SELECT applied_version FROM tarn.synced_tables"), [(2,)])
    r.sql("WAIT FOR SYNCED TABLE xl VERSION 3 TIMEOUT '60s'")
    r.table_is("copied again", "xl", h)
    r.sql("SET enable_seqscan = off")
    for number in range(5):
        wanted = sorted(row[0] for row in h.states[h.version].values() if row[2] == number)
        r.check("rows of xl_expr", r.sql("SELECT id FROM xl WHERE n + 1 = %d ORDER BY id" % (number + 1)),
                [(i,) for i in wanted])
    r.check("rows of xl_part", r.sql("SELECT id FROM xl WHERE n = 3 AND name = 'last'"), [(5,)])
    r.sql("RESET enable_seqscan")
    h.merge({6}, {}, [])
    r.sql("REFRESH SYNCED TABLE xl")
    r.table_is("changes follow", "xl", h)


def indexes_beside(r, name, begin, end):
    """Between them a whole copy or a comparison is made, for which neither readers nor an index wait."""
    busy = "SELECT count(*) FROM sync_progress() WHERE rows_done > 100"
    begin()
    until(r, busy, [(1,)])
    r.sql("SELECT count(*) FROM " + name)
    r.sql("CREATE INDEX %s_beside ON %s (n)" % (name, name))
    r.check("beside it", r.sql(busy), [(1,)])
    end()
    r.sql("SET enable_seqscan = off")
    for n in range(5):
        got = r.sql("SELECT id, name FROM %s WHERE n = %d ORDER BY id" % (name, n))
        r.check("the index has it", got, [row[:2] for row in r.sql("SELECT * FROM %s ORDER BY id" % name) if row[2] == n])
    r.sql("RESET enable_seqscan")
    r.sql("DROP INDEX %s_beside" % name)


def indexes_and_rejects(r):
    """The same for tables with rejects, for resync and for VERIFY."""
    h = r.history("xr", feed=True)
    h.append([(i, "row %d" % i, i % 5) for i in range(900)])
    duplicate = [(5, "again", 3)]
    h.append(duplicate)
    r.sql("CREATE SYNCED TABLE xr FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED WITH (on_duplicate_key = quarantine, "
          "rate_limit_rows = 700)" % h.folder)
    kept = r.sql("SELECT * FROM xr WHERE id = 5")
    state = "SELECT rows, rejected_rows, applied_version FROM tarn.synced_tables WHERE table_name = 'xr'"

    def wait(version):
        until(r, "SELECT count(*) FROM sync_progress()", [(0,)])
        r.sql("WAIT FOR SYNCED TABLE xr VERSION %d TIMEOUT '60s'" % version)
        r.check("its rows", r.sql(state), [(900, 1, version)])

    indexes_beside(r, "xr", lambda: r.sql("REFRESH SYNCED TABLE xr FULL NO WAIT"), lambda: wait(2))
    r.check("the one that came first", r.sql("SELECT * FROM xr WHERE id = 5"), kept)
    h.merge({}, {8: (8, "changed", 2)}, [])
    for name in os.listdir(h.folder):
        if name.startswith("cdc"):
            os.remove(os.path.join(h.folder, name))
    indexes_beside(r, "xr", lambda: r.sql("REFRESH SYNCED TABLE xr NO WAIT"), lambda: wait(3))
    r.check("by comparing", r.sql("SELECT kind FROM tarn.sync_runs ORDER BY run_id DESC LIMIT 1"), [("resync",)])
    other = psycopg2.connect(r.server.dsn())
    other.autocommit = True
    found = []

    def verify():
        cursor = other.cursor()
        cursor.execute("VERIFY SYNCED TABLE xr REPAIR")
        found.extend(cursor.fetchall())

    thread = threading.Thread(target=verify)
    path, rows = [(p, rows) for p, (rows, _) in h.parts.items() if rows[0][0] == 0][0]
    spoiled = h.file([(8, "spoiled", 4) if x[0] == 8 else x for x in rows], h.SCHEMA, h.LEAVES, ("id", "name", "n"))[0]
    os.replace(os.path.join(h.folder, spoiled), os.path.join(h.folder, path))
    indexes_beside(r, "xr", thread.start, thread.join)
    r.check("repaired", [row[:2] for row in found], [("different", "8")])
    other.close()
    r.sql("DROP SYNCED TABLE xr")


def dropped_during_load(r):
    """DROP does not wait for a load either; what was loaded goes. An index that the copy breaks fails the run."""
    h = r.history("xd")
    h.append([(i, "row %d" % i, i % 5) for i in range(ROWS)])
    r.sql("DROP SYNCED TABLE IF EXISTS xl")
    r.sql("CREATE SYNCED TABLE xd FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED %s" % (h.folder, SLOW))
    h.merge({}, {7: (7, "row 8", 1)}, [])
    r.sql("REFRESH SYNCED TABLE xd FULL NO WAIT")
    until(r, "SELECT count(*) FROM sync_progress() WHERE rows_done > 100", [(1,)])
    r.sql("CREATE UNIQUE INDEX xd_name ON xd (name)")
    until(r, "SELECT error_class, applied_version FROM tarn.synced_tables WHERE table_name = 'xd'",
          [("PRIMARY_KEY_CONSTRAINT_VIOLATION", 1)])
    r.check("keeps serving", r.sql("SELECT name FROM xd WHERE id = 7"), [("row 7",)])
    r.sql("DROP INDEX xd_name")
    r.sql("ALTER SYNCED TABLE xd SET (rate_limit_rows = 400)")
    r.sql("REFRESH SYNCED TABLE xd FULL NO WAIT")
    until(r, "SELECT count(*) FROM sync_progress() WHERE rows_done > 100", [(1,)])
    r.sql("DROP SYNCED TABLE xd")
    until(r, "SELECT count(*) FROM sync_progress()", [(0,)])
    r.check("nothing of it is left", r.sql("SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'xd%'), "
                                           "(SELECT count(*) FROM tarn.sync_state)"), [(0, 0)])


def interrupting(r):
    """DROP and PAUSE do not wait for runs, even those that hold the table: copies with rejects, changes, VERIFY, and a
    REFRESH by hand, which says why it ended."""
    for what in ("first", "copy", "changes", "verify", "by hand"):
        h = r.history("in_" + what)
        h.append([(i, "row", i % 5) for i in range(100)])
        text = "REFRESH SYNCED TABLE ir%s" % {"changes": " NO WAIT", "copy": " FULL NO WAIT", "by hand": " FULL"}.get(what, "")
        if what != "first":
            r.sql("CREATE SYNCED TABLE ir FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED" % h.folder)
        h.append([(None, "refused", 0)])
        if what != "first":
            r.sql("REFRESH SYNCED TABLE ir")
        h.append([(1000 + i, "row", i % 5) for i in range(ROWS)])
        if what == "first":
            text = "CREATE SYNCED TABLE ir FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED WITH (rate_limit_rows = 100) NO WAIT" % h.folder
        else:
            r.sql("ALTER SYNCED TABLE ir SET (rate_limit_rows = 100)")
        if what == "verify":
            r.sql("ALTER SYNCED TABLE ir SET (rate_limit_rows = 10)")
            text = "VERIFY SYNCED TABLE ir"
        other, failed = psycopg2.connect(r.server.dsn()), []
        other.autocommit = True

        def run():
            try:
                other.cursor().execute(text)
            except psycopg2.Error as e:
                failed.append((e.pgcode, str(e).strip()))

        thread = threading.Thread(target=run)
        thread.start()
        running = "SELECT count(*) FROM sync_progress() WHERE rows_done > 0"
        until(r, running, [(1,)])
        begin = time.monotonic()
        if what not in ("verify", "by hand"):
            r.sql("ALTER SYNCED TABLE ir PAUSE")
            until(r, running, [(0,)])
            r.check(what + " is no fault", r.sql("SELECT error_class, consecutive_failures, paused FROM tarn.synced_tables"), [(None, 0, True)])
            until(r, "SELECT outcome FROM tarn.sync_runs ORDER BY run_id DESC LIMIT 1", [("failed",)])
            r.check(what + " is noted", r.sql("SELECT outcome, error FROM tarn.sync_runs ORDER BY run_id DESC LIMIT 1"),
                    [("failed", "the run of the synced table was interrupted by ALTER SYNCED TABLE ... PAUSE")])
            r.sql("ALTER SYNCED TABLE ir RESUME")
            if what != "first":
                r.sql(text)
            until(r, running, [(1,)])
        r.sql("DROP SYNCED TABLE ir")
        until(r, running, [(0,)])
        thread.join()
        r.check(what + " did not wait", time.monotonic() - begin < 2.5 or time.monotonic() - begin, True)
        r.check(what + " says why", failed, [] if what not in ("verify", "by hand") else
                [("57014", "the run of the synced table was interrupted by DROP SYNCED TABLE")])
        other.close()
        r.check(what + " is gone", r.sql("SELECT (SELECT count(*) FROM tarn.sync_state), (SELECT count(*) FROM tarn.sync_reject_rows)"), [(0, 0)])


def progress_of_changes(r):
    """Of incremental runs too: one large version, then many that are committed in steps."""
    h = big(r, "pc")
    r.sql("CREATE SYNCED TABLE pc FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED %s" % (h.folder, SLOW[:-1] + ", batch_rows = 500)"))
    look = "SELECT progress, rows_done, rows_total, eta_seconds FROM tarn.synced_tables WHERE table_name = 'pc'"
    for versions in (1, 4):
        for k in range(versions):
            first = h.version * ROWS
            h.append([(first + i, "row", i % 5) for i in range(ROWS // versions)])
        r.sql("REFRESH SYNCED TABLE pc NO WAIT")
        until(r, "SELECT progress > 0 AND rows_done > 0 AND rows_total IS NULL FROM tarn.synced_tables WHERE table_name = 'pc'",
              [(True,)])
        seen = []
        while True:
            progress, done, total, eta = r.sql(look)[0]
            if total is not None or progress == 1:
                break
            seen.append((progress, done))
            r.check("a rest", eta >= 0, True)
            time.sleep(0.05)
        r.check("progress rises", (seen, seen[-1][0] > 0.5), (sorted(seen), True))
        r.check("by rows", all(abs(p - d / ROWS) < 0.05 for p, d in seen), True)
        r.sql("WAIT FOR SYNCED TABLE pc VERSION %d TIMEOUT '60s'" % h.version)
        r.check("done", r.sql(look), [(1, len(h.states[h.version]), len(h.states[h.version]), None)])
    r.sql("DROP SYNCED TABLE pc")


def main():
    tally = Tally("waiting")
    folder = tempfile.mkdtemp(prefix="tarn-waiting-")
    try:
        with Server() as server:
            r = Run(server, folder, tally, 0)
            other_columns(r)
            create_no_wait(r)
            failing(r)
            interrupted(r)
            progress_of_changes(r)
            indexes_during_load(r)
            indexes_and_rejects(r)
            dropped_during_load(r)
            interrupting(r)
            r.connection.close()
    except psycopg2.Error as e:
        tally.check("server", "%s %s" % (e.pgcode, e))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
