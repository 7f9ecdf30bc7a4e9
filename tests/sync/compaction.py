"""Compacted commits of a Delta log (N.M.compacted.json): present, absent, or wrong, a version is the same.

    compaction.py
"""
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

FILE = os.path.join(os.path.dirname(HERE), "data", "parquet_index", "v2.parquet")
FIELDS = [{"name": n, "type": t, "nullable": True, "metadata": {}} for n, t in (("id", "long"), ("part", "integer"))]
START = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
         {"metaData": {"id": "c", "format": {"provider": "parquet", "options": {}}, "configuration": {},
                       "schemaString": json.dumps({"type": "struct", "fields": FIELDS}),
                       "partitionColumns": ["part"], "createdTime": 0}}]


def add(n):
    return {"add": {"path": "%d.parquet" % n, "partitionValues": {"part": str(n)}, "modificationTime": n,
                    "size": os.path.getsize(FILE), "dataChange": True}}


def remove(n):
    return {"remove": {"path": "%d.parquet" % n, "deletionTimestamp": 5, "dataChange": True}}


# Version 3 takes 1 away and brings 0 back, version 4 takes 3 away, which 2 added.
COMMITS = (START + [add(0)], [add(1), remove(0)], [add(2), add(3)], [remove(1), add(0)], [remove(3), add(4)], [add(5)])
WANT = {0: [0], 1: [1], 2: [1, 2, 3], 3: [0, 2, 3], 4: [0, 2, 4], 5: [0, 2, 4, 5]}
ONE_TO_THREE = [remove(1), add(0), add(2), add(3)]


class Table:
    def __init__(self, folder):
        self.folder = folder
        self.log = os.path.join(folder, "_delta_log")
        os.makedirs(self.log)
        for n in range(6):
            os.symlink(FILE, os.path.join(folder, "%d.parquet" % n))
        for version, actions in enumerate(COMMITS):
            self.write("%020d.json" % version, actions)

    def write(self, name, actions, cut=0):
        text = "\n".join(json.dumps(a) for a in actions) + "\n"
        with open(os.path.join(self.log, name), "w") as f:
            f.write(text[:len(text) - cut])

    def compact(self, first, last, actions, cut=0):
        self.write("%020d.%020d.compacted.json" % (first, last), actions, cut)

    def spoil(self, version):
        with open(os.path.join(self.log, "%020d.json" % version), "w") as f:
            f.write("{spoiled\n")


def reads(cursor, tally, what, table, versions):
    for v in versions:
        try:
            cursor.execute("SELECT part, count(*) FROM read_delta('%s', version => %d) GROUP BY part ORDER BY 1"
                           % (table.folder, v))
            got = cursor.fetchall()
        except psycopg2.Error as e:
            got = str(e)
        want = [(part, 1600) for part in WANT[v]]
        tally.check("%s, version %d" % (what, v), "" if got == want else "%s instead of %s" % (got, want))


def fails(cursor, tally, what, table, text):
    try:
        cursor.execute("SELECT count(*) FROM read_delta('%s')" % table.folder)
        got = str(cursor.fetchall())
    except psycopg2.Error as e:
        got = "%s %s" % (e.pgcode, e)
    tally.check(what, "" if text in got and got.startswith("XX001") else got)


def cases(cursor, tally, root):
    t = Table(os.path.join(root, "absent"))
    reads(cursor, tally, "absent", t, range(6))
    t.compact(1, 3, ONE_TO_THREE)
    reads(cursor, tally, "present", t, range(6))
    t.spoil(2)
    reads(cursor, tally, "instead of a commit that cannot be read", t, (0, 1, 3, 4, 5))
    os.unlink(os.path.join(t.log, "%020d.json" % 1))
    os.unlink(os.path.join(t.log, "%020d.json" % 2))
    reads(cursor, tally, "instead of commits that are gone", t, (0, 3, 4, 5))
    t.compact(1, 3, ONE_TO_THREE, cut=5)
    fails(cursor, tally, "cut, and the commits are gone", t, "%020d.%020d.compacted.json" % (1, 3))

    t = Table(os.path.join(root, "nested"))
    t.compact(1, 2, [add(9)], cut=9)
    t.compact(1, 3, ONE_TO_THREE)
    t.compact(4, 5, [remove(3), add(4), add(5)])
    t.spoil(1)
    t.spoil(4)
    reads(cursor, tally, "the one that covers most, one after another", t, (0, 3, 5))

    t = Table(os.path.join(root, "cut"))
    t.compact(1, 3, ONE_TO_THREE, cut=5)
    reads(cursor, tally, "cut", t, range(6))
    t.compact(1, 3, ["no object"])
    reads(cursor, tally, "no actions", t, range(6))
    t.compact(1, 3, [{"add": {"path": 7}}])
    reads(cursor, tally, "actions of another form", t, range(6))

    joined = [a for version in (3, 2, 1) for a in COMMITS[version]]
    t.compact(1, 3, joined)
    reads(cursor, tally, "commits that are only joined", t, range(6))
    os.unlink(os.path.join(t.log, "%020d.json" % 1))
    fails(cursor, tally, "only joined, and the commits are gone", t, "two actions for file")

    t = Table(os.path.join(root, "names"))
    for first, last in ((1, 99), (3, 1), (2, 2)):
        t.compact(first, last, [add(9), remove(0), remove(2)])
    t.write("%020d.x%019d.compacted.json" % (1, 3), [remove(0)])
    os.makedirs(os.path.join(t.log, "%020d.%020d.compacted.json" % (1, 4)))
    reads(cursor, tally, "names that say nothing of a version", t, range(6))


def main():
    tally = Tally("sync/compaction")
    root = tempfile.mkdtemp(prefix="tarn-compaction-")
    try:
        with Server() as server:
            connection = psycopg2.connect(server.dsn())
            connection.autocommit = True
            cases(connection.cursor(), tally, root)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
