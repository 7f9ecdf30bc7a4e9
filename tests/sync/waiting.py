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


def status(r, name):
    return r.sql("SELECT state, applied_version, progress, rows_done, rows_total, eta_seconds FROM tarn.synced_tables "
                 "WHERE table_name = '%s'" % name)[0]


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


def main():
    tally = Tally("waiting")
    folder = tempfile.mkdtemp(prefix="tarn-waiting-")
    try:
        with Server() as server:
            r = Run(server, folder, tally, 0)
            create_no_wait(r)
            failing(r)
            interrupted(r)
            r.connection.close()
    except psycopg2.Error as e:
        tally.check("server", "%s %s" % (e.pgcode, e))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
