"""Rows that the table does not have: NULL keys, duplicate keys, bad values by each policy, and the
TIMESERIES KEY; at loads and as the source changes, against a model.

    policies.py [--steps N]
"""
import argparse
import collections
import json
import os
import random
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from delta import History, deletion_vector, demo  # noqa: E402
from incremental import Run  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import pgproto  # noqa: E402
import psycopg2  # noqa: E402


class Rows(History):
    """A table whose ids may be NULL or come several times; `states` are lists of rows."""

    def content(self):
        return [r for rows, gone in self.parts.values() for i, r in enumerate(rows) if i not in gone]

    def edit(self, gone, fresh):
        """Takes away the rows at those (file, position)s and adds some."""
        actions, feed = [], []
        for path, (rows, dead) in list(self.parts.items()):
            here = {i for p, i in gone if p == path}
            if not here:
                continue
            feed += [rows[i] + ("delete",) for i in here]
            actions.append(self.remove(path, keep=self.vectors))
            if self.vectors:
                dead |= here
                if len(dead) == len(rows):
                    del self.parts[path]
                else:
                    actions.append({"add": {"path": path, "partitionValues": {}, "size": 1, "modificationTime": 1,
                                            "dataChange": True, "deletionVector": deletion_vector(dead)}})
            else:
                kept = [r for i, r in enumerate(rows) if i not in dead and i not in here]
                if kept:
                    actions.append(self.add(kept))
        if fresh:
            actions.append(self.add(fresh))
        feed += [r + ("insert",) for r in fresh]
        self.rng.shuffle(feed)
        self.write(actions + self.changes(feed), "MERGE")

    def places(self):
        return [(p, i) for p, (rows, gone) in self.parts.items() for i in range(len(rows)) if i not in gone]


class Model:
    def __init__(self, r, time_key):
        self.r, self.time_key = r, time_key

    def compare(self, label, name, source):
        """The table has one row of each key, the right one; the rejects are what else there is."""
        r = self.r
        by_key = collections.defaultdict(list)
        for row in source:
            by_key[row[0]].append(row)
        nulls = by_key.pop(None, [])
        table = r.sql("SELECT id, name, n FROM %s" % name)
        r.check(label + " keys", sorted(row[0] for row in table), sorted(by_key))
        r.check(label + " count", r.sql("SELECT rows FROM tarn.synced_tables WHERE table_name = '%s'" % name),
                [(len(by_key),)])
        if self.time_key:
            for row in table:
                best = max((x[2] is not None, x[2] or 0) for x in by_key[row[0]])
                r.check(label + " winner", row in by_key[row[0]] and (row[2] is not None, row[2] or 0) == best, True)
            left = nulls
        else:
            have = collections.Counter(table)
            left = nulls + [row for rows in by_key.values() for row in rows]
            left = list((collections.Counter(left) - have).elements())
            r.check(label + " one of them", len(left), len(source) - len(table))
        want = collections.Counter(json.dumps({k: v for k, v in zip(("id", "name", "n"), row) if v is not None},
                                              sort_keys=True) for row in left)
        got = collections.Counter(json.dumps(x[0], sort_keys=True) for x in r.sql(
            'SELECT "row" FROM tarn.sync_rejects WHERE table_name = \'%s\'' % name))
        r.check(label + " rejects", got, want)
        r.check(label + " rejected", r.sql("SELECT rejected_rows FROM tarn.synced_tables WHERE table_name = '%s'"
                                           % name), [(len(left),)])
        r.sql("SET enable_seqscan = off")
        for n in range(6):
            r.check(label + " index", sorted(r.sql("SELECT id FROM %s WHERE n = %d" % (name, n))),
                    sorted((row[0],) for row in table if row[2] == n))
        r.sql("RESET enable_seqscan")


def random_rows(rng, count):
    return [(None if rng.random() < 0.1 else rng.randrange(30), rng.choice(["a", "b", None, "c d", "é\"\\"]),
             rng.choice([0, 1, 2, 3, 4, 5, None])) for _ in range(count)]


def follow(r, time_key, feed, vectors):
    name = "p_%d%d%d" % (time_key, feed, vectors)
    h = Rows(os.path.join(r.folder, name), feed=feed, vectors=vectors, rng=random.Random(name))
    h.append(random_rows(h.rng, 40))
    model = Model(r, time_key)
    r.sql("CREATE SYNCED TABLE %s FROM DELTA '%s' PRIMARY KEY (id) %s MODE TRIGGERED "
          "WITH (batch_rows = 30, on_duplicate_key = %s)"
          % (name, h.folder, "TIMESERIES KEY (n)" if time_key else "", "fail" if time_key else "quarantine"))
    r.sql("CREATE INDEX ON %s (n)" % name)
    model.compare(name + " first", name, h.states[-1])
    for step in range(r.steps):
        for _ in range(h.rng.choice([1, 1, 2])):
            places = h.places()
            gone = set(h.rng.sample(places, min(len(places), h.rng.randrange(12))))
            fresh = random_rows(h.rng, h.rng.randrange(12))
            if h.rng.random() < 0.1:
                h.optimize_rows()
            else:
                h.edit(gone, fresh)
        r.sql("REFRESH SYNCED TABLE %s%s" % (name, " FULL" if step % 7 == 6 else ""))
        model.compare("%s step %d" % (name, step), name, h.states[-1])
        if step % 10 == 9:
            r.restart()
    r.sql("DROP SYNCED TABLE " + name)
    r.check(name + " forgotten", r.sql("SELECT count(*) FROM tarn.sync_reject_rows"), [(0,)])


def optimize_rows(self):
    rows = self.content()
    self.rng.shuffle(rows)
    actions = [self.remove(p, data_change=False) for p in list(self.parts)]
    self.write(actions + ([self.add(rows, data_change=False)] if rows else []), "OPTIMIZE")


Rows.optimize_rows = optimize_rows


def null_keys(r):
    h = Rows(os.path.join(r.folder, "nk"), feed=True, vectors=False, rng=random.Random(1))
    h.append([(1, "a", 1), (None, "lost", 2)])
    create = "CREATE SYNCED TABLE nk FROM DELTA '" + h.folder + "' PRIMARY KEY (id) MODE TRIGGERED"
    r.fails("null key fails", create + " WITH (on_null_key = fail)", "23502", "\"id\"")
    r.sql(create)
    r.check("listed", r.sql('SELECT delta_version, key, reason, "row", file LIKE \'part%\', first_seen = last_seen '
                            "FROM tarn.sync_rejects"),
            [(1, "null", 'null value in key column "id"', {"name": "lost", "n": 2}, True, True)])
    seen = r.sql("SELECT first_seen FROM tarn.sync_rejects")
    r.sql("REFRESH SYNCED TABLE nk FULL")
    r.check("first seen stays", r.sql("SELECT first_seen, last_seen > first_seen FROM tarn.sync_rejects"),
            [(seen[0][0], True)])
    h.edit({p for p in h.places() if h.parts[p[0]][0][p[1]][0] is None}, [(2, "lost", 2)])
    r.sql("REFRESH SYNCED TABLE nk")
    r.check("it has a key now", r.sql("SELECT * FROM nk ORDER BY 1"), [(1, "a", 1), (2, "lost", 2)])
    r.check("nothing is refused", r.sql("SELECT count(*) FROM tarn.sync_rejects"), [(0,)])
    h.edit(set(), [(None, "x", 0), (None, "x", 0)])
    r.sql("REFRESH SYNCED TABLE nk")
    r.check("both", r.sql("SELECT count(*), (SELECT rejected_rows FROM tarn.synced_tables) FROM tarn.sync_rejects"),
            [(2, 2)])
    r.check("run", r.sql("SELECT rejected, kind FROM tarn.sync_runs ORDER BY run_id DESC LIMIT 1"),
            [(2, "incremental")])
    r.sql("ALTER SYNCED TABLE nk SET (on_null_key = fail)")
    h.edit(set(), [(None, "y", 0)])
    r.fails("fails now", "REFRESH SYNCED TABLE nk", "23502")
    r.sql("DROP TABLE nk")


def changed_back(r):
    """A run over versions that drop a column, delete the refused row as it is without it, and restore both: its reject is one."""
    for option in ("on_schema_change = follow", "on_schema_change = fail", "batch_rows = 1"):
        h = Rows(os.path.join(r.folder, "cb" + option), feed=True, vectors=False, rng=random.Random(1))
        h.append([(1, "a", 1), (None, "lost", 2)])
        r.sql("CREATE SYNCED TABLE cb FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED WITH (%s)" % (h.folder, option))
        before = {p: [list(rows), set(gone)] for p, (rows, gone) in h.parts.items()}
        h.write([h.meta(("id", "name"))], "DROP COLUMNS")
        schema, leaves, names = [demo.element("schema", children=2)] + h.SCHEMA[1:3], h.LEAVES[:2], ("id", "name")
        kept, size = h.file([(1, "b")], schema, leaves, names)
        actions = [h.remove(p) for p in list(h.parts)] + [{"add": {
            "path": kept, "partitionValues": {}, "size": size, "modificationTime": 1, "dataChange": True}}]
        feed, size = h.file([(None, "lost", "delete"), (1, "a", "update_preimage"), (1, "b", "update_postimage")],
                            [demo.element("schema", children=3)] + h.SCHEMA[1:3] + h.CHANGE_SCHEMA[-1:],
                            leaves + h.CHANGE_LEAVES[-1:], names + ("_change_type",), "cdc")
        h.parts[kept] = [[(1, "b", None)], set()]
        h.write(actions + [{"cdc": {"path": feed, "partitionValues": {}, "size": size, "dataChange": False}}], "UPDATE")
        h.restore(("id", "name", "n"), before)
        r.sql("REFRESH SYNCED TABLE cb")
        r.check("rows, " + option, r.sql("SELECT id, name, n FROM cb"), [(1, "a", 1)])
        r.check("one reject, " + option, r.sql('SELECT "row", (SELECT rejected_rows FROM tarn.synced_tables) FROM tarn.sync_rejects'),
                [({"name": "lost", "n": 2}, 1)])
        r.sql("DROP SYNCED TABLE cb")


def other_policies(r):
    """A policy that is changed holds for the rows that are there."""
    def place(h, want):
        return {p for p in h.places() if h.parts[p[0]][0][p[1]][:2] == want}

    cases = (("on_bad_value", "sanitize", "quarantine", (2, b"nul\0"), None), ("on_null_key", "quarantine", "fail", (None, "b"), "23502"),
             ("on_duplicate_key", "quarantine", "fail", (1, "b"), "23505"))
    for option, old, new, row, code in cases:
        for look in (True, False):  # before the source is mended
            h = Rows(os.path.join(r.folder, "op_%s%d" % (option, look)), feed=True, vectors=False, rng=random.Random(1))
            h.append([(1, "a", 1)])
            h.append([row + (2,)])
            r.sql("CREATE SYNCED TABLE op FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED WITH (%s = %s)" % (h.folder, option, old))
            r.sql("ALTER SYNCED TABLE op SET (%s = %s)" % (option, new))
            if look and code:
                r.fails(option + " fails now", "REFRESH SYNCED TABLE op", code)
            elif look:
                r.sql("REFRESH SYNCED TABLE op")
                r.check("refused now", r.sql("SELECT count(*), (SELECT count(*) FROM tarn.sync_rejects) FROM op"), [(1, 1)])
            h.edit(place(h, row), [])
            r.sql("REFRESH SYNCED TABLE op")
            r.check(option + " mended", r.sql("SELECT id, name, (SELECT count(*) FROM tarn.sync_rejects), (SELECT rejected_rows FROM "
                                              "tarn.synced_tables) FROM op"), [(1, "a", 0, 0)])
            r.sql("DROP SYNCED TABLE op")


def bad_values(r):
    """A NUL byte, broken UTF-8, and a number that the column's type cannot hold."""
    bad = [(1, "good", 1), (2, b"nul\0byte", 2), (3, b"broken\xff!", 3), (4, "big", 70000)]
    columns = " COLUMNS (id, name, n smallint) PRIMARY KEY (id) MODE %s WITH (on_bad_value = %s)"
    want = {"sanitize": [(1, "good", 1), (2, "nul\ufffdbyte", 2), (3, "broken\ufffd!", 3), (4, "big", None)],
            "null": [(1, "good", 1), (2, None, 2), (3, None, 3), (4, "big", None)], "quarantine": [(1, "good", 1)]}
    for first in (bad, bad[:1]):  # at the load, and as changes
        for policy, rows in want.items():
            name = "bv_%s_%d" % (policy, len(first))
            h = Rows(os.path.join(r.folder, name), feed=False, vectors=True, rng=random.Random(1))
            h.append(first)
            create = "CREATE SYNCED TABLE %s FROM DELTA '%s'" % (name, h.folder)
            if len(first) > 1:
                r.fails(name + " fails", create + columns % ("TRIGGERED", "fail"), "22021", "name", "row 2")
            r.sql(create + columns % ("TRIGGERED", policy))
            if len(first) == 1:
                h.append(bad[1:])
                r.sql("REFRESH SYNCED TABLE " + name)
            r.check(name, r.sql("SELECT * FROM %s ORDER BY id" % name), rows)
            if policy == "quarantine":
                r.check(name + " listed", r.sql('SELECT key, "row" FROM tarn.sync_rejects ORDER BY key'),
                        [("2", {"id": 2, "name": "nul\ufffdbyte", "n": 2}),
                         ("3", {"id": 3, "name": "broken\ufffd!", "n": 3}), ("4", {"id": 4, "name": "big", "n": 70000})])
                r.check(name + " reason", r.sql("SELECT reason FROM tarn.sync_rejects WHERE key = '4'"),
                        [('column "n": value "70000" is out of range for type smallint',)])
                h.edit({p for p in h.places() if h.parts[p[0]][0][p[1]][0] != 1}, [(2, "mended", 2)])
                r.sql("REFRESH SYNCED TABLE " + name)
                r.check(name + " mended", r.sql("SELECT count(*) FROM tarn.sync_rejects"), [(0,)])
                r.check(name + " is there", r.sql("SELECT * FROM %s ORDER BY id" % name),
                        [(1, "good", 1), (2, "mended", 2)])
            r.sql("DROP SYNCED TABLE " + name)


def verify(r):
    """VERIFY lists what differs, REPAIR writes it; the source is changed under a version for that."""
    h = Rows(os.path.join(r.folder, "vf"), feed=True, vectors=False, rng=random.Random(1))
    h.append([(1, "a", 1), (2, "b", 2), (3, "c", 3)])
    r.sql("CREATE SYNCED TABLE vf FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED" % h.folder)
    r.sql("CREATE UNIQUE INDEX ON vf (n)")
    r.check("nothing differs", r.sql("VERIFY SYNCED TABLE vf"), [])
    path = list(h.parts)[0]
    other = h.file([(1, "a", 1), (2, "B", 3), (4, "d", 4), (None, "x", 5)], h.SCHEMA, h.LEAVES, ("id", "name", "n"))[0]
    os.replace(os.path.join(h.folder, other), os.path.join(h.folder, path))
    want = [("different", "2", "name: b in the table, B in the source; n: 2 in the table, 3 in the source"),
            ("extra", "3", "not in the source"), ("missing", "4", "not in the table")]
    r.check("what differs", r.sql("VERIFY SYNCED TABLE vf"), want)
    r.check("nothing is written", r.sql("SELECT id, name, n FROM vf ORDER BY id"), [(1, "a", 1), (2, "b", 2), (3, "c", 3)])
    client = pgproto.Client(r.server.port)  # the extended protocol, described as a statement and as a portal
    for messages in ([pgproto.parse("VERIFY SYNCED TABLE vf", "v"), pgproto.describe("S", "v"), pgproto.bind(name="v")],
                     [pgproto.parse("VERIFY SYNCED TABLE vf"), pgproto.bind(results=[1]), pgproto.describe("P")]):
        got = client.run(*messages, pgproto.execute())
        r.check("extended columns", [c[0] for c in pgproto.columns(got)], ["status", "key", "detail"])
        r.check("extended rows", list(map(tuple, pgproto.rows(got))), want)
        r.check("tag", pgproto.tags(got), ["VERIFY SYNCED TABLE"])
    client.close()
    r.check("repair", r.sql("VERIFY SYNCED TABLE public.vf REPAIR"), want)
    r.check("repaired", r.sql("SELECT id, name, n FROM vf ORDER BY id"), [(1, "a", 1), (2, "B", 3), (4, "d", 4)])
    r.check("rejects too", r.sql("SELECT rejected_rows, rows, applied_version FROM tarn.synced_tables"), [(1, 3, 1)])
    r.check("run", r.sql("SELECT kind, inserted, updated, deleted, rejected FROM tarn.sync_runs ORDER BY run_id DESC "
                         "LIMIT 1"), [("repair", 1, 1, 1, 1)])
    r.check("equal now", r.sql("VERIFY SYNCED TABLE vf"), [])
    h.edit(set(), [(9, "i", 9)])
    r.sql("REFRESH SYNCED TABLE vf")
    r.check("goes on", r.sql("SELECT count(*) FROM vf"), [(4,)])
    r.fails("no table", "VERIFY SYNCED TABLE nope", "42P01")
    r.sql("BEGIN")
    r.fails("in a block", "VERIFY SYNCED TABLE vf", "25001", "VERIFY SYNCED TABLE")
    r.sql("ROLLBACK")
    r.sql("DROP SYNCED TABLE vf")


def preflight(r):
    h = Rows(os.path.join(r.folder, "pf"), feed=False, vectors=False, rng=random.Random(1))
    h.append([(1, "a", 1), (1, "b", 2), (None, "c", 3), (4, b"nul\0", 3), (5, b"\xff", 3)])
    found = sorted(r.sql("CHECK SYNC FROM DELTA '%s' PRIMARY KEY (id)" % h.folder), key=lambda f: f[:2])
    r.check("findings", [f[:4] for f in found],
            [("error", "bad value", "name", 2), ("error", "duplicate key", None, 1),
             ("info", "change feed", None, None), ("info", "rows", None, 1), ("warning", "null key", "id", 1)])
    r.check("samples", (found[1][4], "0x00" in found[0][4], "on_duplicate_key" in found[1][5]), ("key 1", True, True))
    r.check("nothing is left", r.sql("SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'tarn_check%'), "
                                     "(SELECT count(*) FROM tarn.sync_reject_rows)"), [(0, 0)])
    r.check("no column", [f[:3] for f in r.sql("CHECK SYNC FROM DELTA '%s' PRIMARY KEY (nope)" % h.folder)],
            [("error", "key", None), ("info", "change feed", None)])
    r.check("no source", [f[:2] for f in r.sql("CHECK SYNC FROM DELTA '/nowhere' PRIMARY KEY (id)")],
            [("error", "source")])
    r.fails("syntax", "CHECK SYNC FROM DELTA 'x'", "42601")


def errors(r):
    h = Rows(os.path.join(r.folder, "er"), feed=False, vectors=False, rng=random.Random(1))
    h.append([(1, "a", 1)])
    create = "CREATE SYNCED TABLE er FROM DELTA '" + h.folder + "' PRIMARY KEY (id) "
    r.fails("no such column", create + "TIMESERIES KEY (nope)", "42703", "nope")
    r.fails("a policy that is none", create + "WITH (on_null_key = sanitize)", "22023", "on_null_key")
    r.sql(create + "TIMESERIES KEY (n) MODE TRIGGERED")
    h.write([h.meta(("id", "name"))], "DROP COLUMNS")
    r.fails("its column is gone", "REFRESH SYNCED TABLE er", "42703", "n")
    r.sql("DROP SYNCED TABLE er")


def mended(r):
    """A continuous table that has failed often sees at once that its source has been mended."""
    h = Rows(os.path.join(r.folder, "me"), feed=True, vectors=False, rng=random.Random(1))
    h.append([(1, "a", 1)])
    r.sql("CREATE SYNCED TABLE me FROM DELTA '" + h.folder + "' PRIMARY KEY (id) MODE CONTINUOUS WITH (on_null_key = fail)")
    h.edit(set(), [(None, "lost", 2)])
    for _ in range(9):  # from then on it would wait for minutes
        r.fails("a null key", "REFRESH SYNCED TABLE me", "23502", "\"id\"")
    h.edit({p for p in h.places() if h.parts[p[0]][0][p[1]][0] is None}, [(2, "found", 2)])
    r.sql("WAIT FOR SYNCED TABLE me VERSION 2 TIMEOUT '60 s'")
    r.check("mended", r.sql("SELECT * FROM me ORDER BY 1"), [(1, "a", 1), (2, "found", 2)])
    r.sql("DROP SYNCED TABLE me")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10)
    args = parser.parse_args()
    tally = Tally("policies")
    folder = tempfile.mkdtemp(prefix="tarn-policies-")
    try:
        with Server() as server:
            r = Run(server, folder, tally, args.steps)
            null_keys(r)
            changed_back(r)
            other_policies(r)
            bad_values(r)
            errors(r)
            mended(r)
            verify(r)
            preflight(r)
            for time_key in (False, True):
                for feed in (False, True):
                    for vectors in (False, True):
                        follow(r, time_key, feed, vectors)
            r.connection.close()
    except psycopg2.Error as e:
        tally.check("server", "%s %s" % (e.pgcode, e))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
