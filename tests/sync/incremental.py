"""Synced tables that follow their source: after each random change of the source, in each mode, with and
without a change feed and deletion vectors, across kill -9, the table is its source at the version that
it says; gaps, schedules, pauses.

    incremental.py [--steps N] [--seed N]
"""
import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from delta import History  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

WAIT = "30s"


class Run:
    def __init__(self, server, folder, tally, steps, seed=0):
        self.server, self.folder, self.tally, self.steps, self.seed = server, folder, tally, steps, seed
        self.connect()

    def connect(self):
        self.connection = psycopg2.connect(self.server.dsn())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def sql(self, text):
        self.cursor.execute(text)
        return self.cursor.fetchall() if self.cursor.description else None

    def check(self, name, got, want):
        self.tally.check(name, "" if got == want else "got %.400r, expected %.400r" % (got, want))

    def fails(self, name, text, code, *parts):
        try:
            self.sql(text)
            problem = "must fail with %s" % code
        except psycopg2.Error as e:
            problem = "" if e.pgcode == code and all(p in str(e) for p in parts) else "%s %s" % (e.pgcode, e)
        self.tally.check(name, problem)

    def history(self, name, **options):
        options.setdefault("feed", False)
        options.setdefault("vectors", False)
        return History(os.path.join(self.folder, name), rng=random.Random("%s %d" % (name, self.seed) if self.seed else name), **options)

    def restart(self):
        self.connection.close()
        self.server.kill()
        self.server.start()
        self.connect()

    def table_is(self, label, name, history):
        """The table is its source at applied_version, and so are its indexes."""
        version = self.sql("SELECT applied_version FROM tarn.synced_tables WHERE table_name = '%s'" % name)[0][0]
        want = sorted(history.states[version].values())
        self.check(label + " rows", sorted(self.sql("SELECT * FROM %s" % name), key=lambda r: r[0]), want)
        self.sql("SET enable_seqscan = off")
        for n in range(5):
            self.check(label + " index", self.sql("SELECT id FROM %s WHERE n = %d ORDER BY id" % (name, n)),
                       [(r[0],) for r in want if r[2] == n])
        self.sql("RESET enable_seqscan")


def vacuum_changes(h):
    """Of all versions so far: what is not applied yet can only be found by comparing."""
    for f in os.listdir(h.folder):
        if f.startswith("cdc"):
            os.remove(os.path.join(h.folder, f))


def follow(r, mode, feed, vectors):
    """A random history, followed step by step or several steps at once, with vacuums, whole copies and other indexes."""
    name = "f_%s_%d%d" % (mode.lower(), feed, vectors)
    h = r.history(name, feed=feed, vectors=vectors)
    h.append([(i, "first", i % 5) for i in range(300)])
    r.sql("CREATE SYNCED TABLE %s FROM DELTA '%s' PRIMARY KEY (id) MODE %s WITH (batch_rows = 50)"
          % (name, h.folder, mode))
    r.sql("CREATE INDEX ON %s (n, name)" % name)
    for step in range(r.steps):
        for _ in range(h.rng.choice([1, 1, 1, 3])):
            h.random_step()
        if mode == "TRIGGERED":
            chance = h.rng.random()
            if chance < 0.1:
                vacuum_changes(h)
            elif chance < 0.15:
                r.sql("DROP INDEX IF EXISTS %s_other" % name)
                r.sql("CREATE INDEX %s_other ON %s (name, n)" % (name, name))
            r.sql("REFRESH SYNCED TABLE %s%s" % (name, " FULL" if 0.1 < chance < 0.2 else ""))
        r.sql("WAIT FOR SYNCED TABLE %s VERSION %d TIMEOUT '%s'" % (name, h.version, WAIT))
        r.table_is("%s step %d" % (name, step), name, h)
        if step % 10 == 9:
            h.random_step()
            r.restart()
    h.append([(5000, "last", 1)])  # a whole copy has no source of changes
    if mode == "TRIGGERED":
        r.sql("REFRESH SYNCED TABLE %s" % name)
    r.sql("WAIT FOR SYNCED TABLE %s VERSION %d TIMEOUT '%s'" % (name, h.version, WAIT))
    runs = r.sql("SELECT DISTINCT kind, outcome FROM tarn.sync_runs WHERE table_name = '%s' ORDER BY 1" % name)
    wanted = {("incremental", "succeeded"), ("initial", "succeeded")}
    more = {("full", "succeeded"), ("resync", "succeeded")} if mode == "TRIGGERED" else set()
    r.check(name + " runs", wanted <= set(runs) <= wanted | more, True)
    r.check(name + " source of changes", r.sql("SELECT change_source, rows FROM tarn.synced_tables "
            "WHERE table_name = '%s'" % name)[0][0], "cdf" if feed else "file diff")
    r.sql("DROP TABLE %s" % name)


def gaps(r):
    """Change files vacuumed, log cut off, another table in the same place, a version gone back."""
    h = r.history("gap", feed=True)
    h.append([(i, "a", 0) for i in range(50)])
    create = "CREATE SYNCED TABLE g FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED WITH (on_gap = %s)"
    r.sql(create % (h.folder, "fail"))
    r.sql("CREATE INDEX ON g (n)")
    h.merge({1, 2}, {3: (3, "changed", 1)}, [(100, "new", 2)])
    for f in os.listdir(h.folder):
        if f.startswith("cdc"):
            os.remove(os.path.join(h.folder, f))
    r.fails("change files gone", "REFRESH SYNCED TABLE g", "58P01", "cdc")
    r.check("keeps serving", r.sql("SELECT count(*), max(n) FROM g"), [(50, 0)])
    r.check("says so", r.sql("SELECT state, consecutive_failures, error_message LIKE '%cdc%' "
                             "FROM tarn.synced_tables"), [("ONLINE_PIPELINE_FAILED", 1, True)])
    r.sql("ALTER SYNCED TABLE g SET (on_gap = resync)")
    r.sql("REFRESH SYNCED TABLE g")
    r.table_is("resync", "g", h)
    r.check("resync noted", r.sql("SELECT kind, outcome, inserted, updated, deleted FROM tarn.sync_runs "
            "ORDER BY run_id DESC LIMIT 1"), [("resync", "succeeded", 1, 1, 2)])
    h.append([(200, "after", 1)])
    r.sql("REFRESH SYNCED TABLE g")
    r.table_is("after resync", "g", h)
    shutil.rmtree(h.folder)
    h = r.history("gap", feed=True, table_id="99999999-2222-4333-8444-555555555555")
    h.append([(i, "b", 1) for i in range(20)])
    r.sql("REFRESH SYNCED TABLE g")
    r.table_is("another table", "g", h)
    r.sql("DROP SYNCED TABLE g")


def unnoticed(r):
    """A continuous table finds that its next commit will never come: the log is cleaned up, the table another one."""
    h = r.history("unnoticed")
    for i in range(6):
        h.append([(i, "a", 0)])
    r.sql("CREATE SYNCED TABLE un FROM DELTA '%s' PRIMARY KEY (id) MODE CONTINUOUS" % h.folder)
    r.sql("ALTER SYNCED TABLE un PAUSE")
    h.append([(10, "b", 1)])
    h.append([(11, "b", 1)])
    h.checkpoint()
    r.sql("ALTER SYNCED TABLE un RESUME")
    r.sql("WAIT FOR SYNCED TABLE un VERSION %d TIMEOUT '%s'" % (h.version, WAIT))
    r.table_is("log cleaned up", "un", h)
    for n in range(10):  # each at the version of the one before, which has only just been reached
        shutil.rmtree(h.folder)
        h = r.history("unnoticed", table_id="%08d-2222-4333-8444-555555555555" % n)
        h.append([(70 + n, "c", n % 5)])
        for _ in range(600):
            if r.sql("SELECT id FROM un") == [(70 + n,)]:
                break
            time.sleep(0.005)
        r.table_is("another table", "un", h)
    r.sql("DROP SYNCED TABLE un")


def mended(r):
    """Keys that came twice and were mended later do not stop a table for good."""
    h = r.history("mended")
    h.append([(i, "a", 0) for i in range(10)])
    r.sql("CREATE SYNCED TABLE d FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED" % h.folder)
    h.append([(3, "again", 1)])
    r.fails("duplicate key", "REFRESH SYNCED TABLE d", "23505", "(id)=(3)")
    h.append([(20, "b", 1)])
    r.fails("still there", "REFRESH SYNCED TABLE d", "23505", "(id)=(3)")
    h.write([h.remove([p for p, (rows, _) in h.parts.items() if rows[0][1] == "again"][0])], "DELETE")
    r.sql("REFRESH SYNCED TABLE d")
    r.table_is("mended", "d", h)
    r.check("by comparing", r.sql("SELECT kind, inserted, updated, deleted FROM tarn.sync_runs ORDER BY run_id DESC LIMIT 1"),
            [("resync", 1, 0, 0)])
    r.sql("DROP SYNCED TABLE d")


def duplicates(r):
    """A key that comes twice stops the table at the version before, which it keeps serving."""
    h = r.history("dup")
    h.append([(i, "a", 0) for i in range(10)])
    r.sql("CREATE SYNCED TABLE d FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED" % h.folder)
    h.append([(3, "again", 1)])
    r.fails("duplicate key", "REFRESH SYNCED TABLE d", "23505", "(id)=(3)")
    r.check("duplicate noted", r.sql("SELECT error_class, applied_version, source_version, lag_versions "
            "FROM tarn.synced_tables"), [("PRIMARY_KEY_CONSTRAINT_VIOLATION", 1, 2, 1)])
    h.append([(None, "none", 1)])
    h.parts.popitem()
    r.check("serving", r.sql("SELECT count(*) FROM d"), [(10,)])
    r.sql("DROP SYNCED TABLE d")


def schedules(r):
    """EVERY runs by itself, PAUSE stops it, ALTER changes what runs and when."""
    h = r.history("sched")
    h.append([(1, "a", 0)])
    r.sql("CREATE SYNCED TABLE s FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED EVERY '100 ms'" % h.folder)
    h.append([(2, "b", 0)])
    r.sql("WAIT FOR SYNCED TABLE s VERSION 2 TIMEOUT '%s'" % WAIT)
    r.check("by itself", r.sql("SELECT count(*) FROM s"), [(2,)])
    r.sql("ALTER SYNCED TABLE s PAUSE")
    h.append([(3, "c", 0)])
    r.fails("paused", "WAIT FOR SYNCED TABLE s VERSION 3 TIMEOUT '500 ms'", "57014", "version 2")
    r.check("paused is shown", r.sql("SELECT paused, next_run_at FROM tarn.synced_tables"), [(True, None)])
    r.sql("ALTER SYNCED TABLE s RESUME")
    r.sql("WAIT FOR SYNCED TABLE s VERSION 3 TIMEOUT '%s'" % WAIT)
    r.sql("ALTER SYNCED TABLE s SCHEDULE '0 0 1 1 *'")
    r.check("cron", r.sql("SELECT schedule, extract(month FROM next_run_at), extract(day FROM next_run_at) "
                          "FROM tarn.synced_tables"), [("0 0 1 1 *", 1, 1)])
    r.sql("ALTER SYNCED TABLE s SET MODE CONTINUOUS")
    h.append([(4, "d", 0)])
    r.sql("WAIT FOR SYNCED TABLE s VERSION 4 TIMEOUT '%s'" % WAIT)
    r.fails("no schedule", "ALTER SYNCED TABLE s EVERY '1 hour'", "42809", "continuous")
    r.check("lag", r.sql("SELECT * FROM tarn.sync_lag('s')"), [(0, 0.0)])
    r.restart()
    h.append([(5, "e", 0)])
    r.sql("WAIT FOR SYNCED TABLE s VERSION 5 TIMEOUT '%s'" % WAIT)
    r.sql("ALTER SYNCED TABLE s SET MODE SNAPSHOT")
    h.append([(6, "f", 0)])
    r.sql("REFRESH SYNCED TABLE s")
    r.table_is("snapshot", "s", h)
    r.fails("not a synced table", "ALTER SYNCED TABLE tarn.sync_runs PAUSE", "42809")
    r.fails("no such table", "WAIT FOR SYNCED TABLE nope VERSION 1", "42P01")
    r.fails("writes are refused", "DELETE FROM s", "42809", "s")
    r.sql("DROP SYNCED TABLE s")


def columns(r):
    """COLUMNS chooses, renames and converts; a source that changes its columns is followed, and what cannot
    be followed stops the table with the reason."""
    h = r.history("cols")
    h.append([(1, "one", 1), (2, "two", 2)])
    create = "CREATE SYNCED TABLE %s FROM DELTA '" + h.folder + "' "
    r.sql(create % "c1" + "COLUMNS (n AS number bigint, id AS key text, name varchar(10)) PRIMARY KEY (key) "
          "MODE TRIGGERED")
    r.check("chosen", r.sql("SELECT * FROM c1 ORDER BY key"), [(1, "1", "one"), (2, "2", "two")])
    r.check("types", r.sql("SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM "
            "pg_attribute WHERE attrelid = 'c1'::regclass AND attnum > 0"),
            [("bigint, text, character varying(10)",)])
    r.fails("no such column", create % "c3" + "COLUMNS (id, nope) PRIMARY KEY (id)", "42703", "nope")
    r.fails("no such type", create % "c3" + "COLUMNS (id nope) PRIMARY KEY (id)", "42704", "nope")
    r.fails("no conversion", create % "c3" + "COLUMNS (id, name int) PRIMARY KEY (id)", "22P02", "one")
    r.fails("twice", create % "c3" + "COLUMNS (id, n AS id) PRIMARY KEY (id)", "42701", "id")
    r.fails("key not chosen", create % "c3" + "COLUMNS (name) PRIMARY KEY (id)", "42703", "id")
    r.sql(create % "c2" + "PRIMARY KEY (id) MODE TRIGGERED")
    r.sql("COMMENT ON COLUMN c2.name IS 'kept'")
    r.sql("CREATE INDEX ON c2 (name)")
    r.sql("CREATE VIEW cv AS SELECT id, n FROM c2")
    h.write([h.meta(("id", "name", "n", "more")), h.add([(3, "three", 3)])], "ADD COLUMNS")
    for name in ("c1", "c2"):
        r.sql("REFRESH SYNCED TABLE " + name)
    r.check("added", r.sql("SELECT * FROM c2 ORDER BY id"),
            [(1, "one", 1, None), (2, "two", 2, None), (3, "three", 3, None)])
    r.check("not chosen", r.sql("SELECT * FROM c1 ORDER BY key"), [(1, "1", "one"), (2, "2", "two"), (3, "3", "three")])
    h.write([h.meta(("id", "name", "more"))], "DROP COLUMNS")
    r.fails("a view needs it", "REFRESH SYNCED TABLE c2", "2BP01", "cv")
    r.check("why", r.sql("SELECT error_class, error_message LIKE '%view cv depends on%' FROM tarn.synced_tables WHERE table_name = 'c2'"),
            [("DEPENDENT_OBJECTS_STILL_EXIST", True)])
    r.check("serves on", r.sql("SELECT count(*), max(n) FROM cv"), [(3, 3)])
    r.sql("DROP VIEW cv")
    r.sql("REFRESH SYNCED TABLE c2")
    r.check("dropped", r.sql("SELECT * FROM c2 ORDER BY id"), [(1, "one", None), (2, "two", None), (3, "three", None)])
    r.check("kept", r.sql("SELECT col_description('c2'::regclass, 2), (SELECT count(*) FROM pg_indexes "
                          "WHERE tablename = 'c2')"), [("kept", 2)])
    h.write([h.remove(p) for p in list(h.parts)] + [h.add([(4, "four", 4)])], "OVERWRITE")
    r.sql("REFRESH SYNCED TABLE c2")
    r.check("goes on", r.sql("SELECT * FROM c2"), [(4, "four", None)])
    h.write([h.meta(("name", "more"))], "DROP COLUMNS")
    r.fails("the key is gone", "REFRESH SYNCED TABLE c2", "42703", "id")
    r.check("why the key", r.sql("SELECT error_class FROM tarn.synced_tables WHERE table_name = 'c2'"), [("CHANGED_PRIMARY_KEY",)])
    for name in ("c1", "c2"):
        r.sql("DROP SYNCED TABLE " + name)


def renamed(r):
    """A column renamed under column mapping is renamed in the table, and its values stay."""
    h = r.history("map")
    fields = [("id", "id", "long"), ("name", "name", "string"), ("n", "n", "integer")]

    def meta(names):
        m = h.meta(())
        m["metaData"]["configuration"] = {"delta.columnMapping.mode": "name"}
        m["metaData"]["schemaString"] = json.dumps({"type": "struct", "fields": [
            {"name": name, "type": kind, "nullable": True,
             "metadata": {"delta.columnMapping.id": i + 1, "delta.columnMapping.physicalName": physical}}
            for i, (name, (_, physical, kind)) in enumerate(zip(names, fields))]})
        return m

    h.write([{"protocol": {"minReaderVersion": 2, "minWriterVersion": 5}}, meta(("id", "name", "n")),
             h.add([(1, "one", 1)])], "CREATE")
    r.sql("CREATE SYNCED TABLE m FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED" % h.folder)
    r.sql("CREATE INDEX ON m (n)")
    h.write([meta(("id", "title", "n")), h.add([(2, "two", 2)])], "RENAME COLUMN")
    r.sql("REFRESH SYNCED TABLE m")
    r.check("renamed", r.sql("SELECT id, title, n FROM m ORDER BY id"), [(1, "one", 1), (2, "two", 2)])
    r.check("as a change", r.sql("SELECT kind, inserted FROM tarn.sync_runs ORDER BY run_id DESC LIMIT 1"),
            [("incremental", 1)])
    r.sql("DROP SYNCED TABLE m")


def passing_columns(r):
    """A column goes and comes back between two runs: what the versions between them changed had none."""
    h = r.history("passing", feed=True)
    all_columns = h.meta(("id", "name", "n"))
    fewer = h.meta(("id", "name"))
    for meta in (all_columns, fewer):
        meta["metaData"]["configuration"] = {"delta.enableChangeDataFeed": "true"}
    h.append([(None, "no key", 5), (1, "a", 5), (2, "b", 5)])
    r.sql("CREATE SYNCED TABLE pc FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED" % h.folder)
    old = list(h.parts)[0]
    rows = h.parts[old]
    h.write([fewer], "DROP COLUMNS")
    h.write([h.remove(old), h.add([(None, "no key", None), (1, "changed", None), (2, "b", None)])] +
            h.changes([(1, "a", None, "update_preimage"), (1, "changed", None, "update_postimage")]), "UPDATE")
    h.parts[old] = rows
    h.write([all_columns, h.remove(list(h.parts)[0]), {"add": {
        "path": old, "partitionValues": {}, "size": os.path.getsize(os.path.join(h.folder, old)), "modificationTime": 1,
        "dataChange": True}}], "RESTORE")
    r.sql("REFRESH SYNCED TABLE pc")
    r.check("all columns", r.sql("SELECT * FROM pc ORDER BY id"), [(1, "a", 5), (2, "b", 5)])
    r.check("rejected once", r.sql("SELECT rejected_rows FROM tarn.synced_tables"), [(1,)])
    r.check("listed once", r.sql("SELECT \"row\" FROM tarn.sync_rejects"), [({"name": "no key", "n": 5},)])
    r.sql("DROP SYNCED TABLE pc")


def readers(r):
    """A REPEATABLE READ transaction keeps its version while others come."""
    h = r.history("reader", vectors=True)
    h.append([(i, "a", 0) for i in range(100)])
    r.sql("CREATE SYNCED TABLE rd FROM DELTA '%s' PRIMARY KEY (id) MODE CONTINUOUS" % h.folder)
    other = psycopg2.connect(r.server.dsn())
    other.set_session(isolation_level="REPEATABLE READ")
    cursor = other.cursor()
    cursor.execute("SELECT sum(n), count(*) FROM rd")
    before = cursor.fetchall()
    h.merge(set(range(50)), {60: (60, "x", 4)}, [])
    r.sql("WAIT FOR SYNCED TABLE rd VERSION %d TIMEOUT '%s'" % (h.version, WAIT))
    r.check("newest", r.sql("SELECT sum(n), count(*) FROM rd"), [(4, 50)])
    cursor.execute("SELECT sum(n), count(*) FROM rd")
    r.check("snapshot", cursor.fetchall(), before)
    other.close()
    r.sql("DROP SYNCED TABLE rd")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    tally = Tally("incremental")
    folder = tempfile.mkdtemp(prefix="tarn-incremental-")
    try:
        with Server() as server:
            r = Run(server, folder, tally, args.steps, args.seed)
            for mode in ("TRIGGERED", "CONTINUOUS"):
                for feed in (False, True):
                    for vectors in (False, True):
                        follow(r, mode, feed, vectors)
            gaps(r)
            unnoticed(r)
            mended(r)
            duplicates(r)
            schedules(r)
            columns(r)
            renamed(r)
            passing_columns(r)
            readers(r)
            r.connection.close()
    except psycopg2.Error as e:
        tally.check("server", "%s %s" % (e.pgcode, e))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
