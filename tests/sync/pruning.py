"""Row groups and pages of Parquet files are left out by conditions on their columns: never one with rows
that the condition is true for, alone or in a Delta table, and EXPLAIN ANALYZE tells of it.

    pruning.py [FILE]

The files, of tests/data/parquet_index, have random values in small row groups and pages, with page
indexes, without, and without statistics. Each condition is tried in two ways that mean the same, of which
the second cannot be handed down; both must give the same rows, all columns of them.
"""
import json
import os
import random
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

FILES = os.path.join(os.path.dirname(HERE), "data", "parquet_index")
LINE = re.compile(r"Row Groups: (\d+) read, (\d+) skipped  Pages: (\d+) read, (\d+) skipped")
# Columns of the Delta table, some wider than the file has them.
DELTA_COLUMNS = (("id", "long"), ("i32", "long"), ("f32", "double"), ("f64", "double"), ("small", "decimal(12,2)"),
                 ("text", "string"), ("few", "string"), ("day", "date"), ("at", "timestamp"), ("flag", "boolean"),
                 ("mostly", "integer"), ("absent", "integer"), ("part", "timestamp"))
PARTS = ("2026-01-02 03:04:05", "2026-01-02T03:04:05.000001Z", "1969-12-31 23:59:59.999999", None)


class Session:
    def __init__(self, server):
        self.connection = psycopg2.connect(server.dsn())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET timezone = 'UTC'")

    def rows(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def skipping(self, sql):
        """Row groups read and skipped, pages read and skipped."""
        text = "\n".join(r[0] for r in self.rows("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + sql))
        m = LINE.search(text)
        return tuple(int(g) for g in m.groups()) if m else text


def write_delta(folder):
    """One data file four times, in partitions by a time, without statistics of the files."""
    os.makedirs(os.path.join(folder, "_delta_log"))
    fields = [{"name": n, "type": t, "nullable": True, "metadata": {}} for n, t in DELTA_COLUMNS]
    actions = [
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["typeWidening"],
                      "writerFeatures": ["typeWidening"]}},
        {"metaData": {"id": "p", "format": {"provider": "parquet", "options": {}}, "configuration": {},
                      "schemaString": json.dumps({"type": "struct", "fields": fields}),
                      "partitionColumns": ["part"], "createdTime": 0}}]
    for i, part in enumerate(PARTS):
        name = "%d.parquet" % i
        shutil.copy(os.path.join(FILES, "v1.parquet"), os.path.join(folder, name))
        actions.append({"add": {"path": name, "partitionValues": {"part": part}, "modificationTime": i,
                                "size": os.path.getsize(os.path.join(folder, name)), "dataChange": True}})
    with open(os.path.join(folder, "_delta_log", "%020d.json" % 0), "w") as f:
        f.write("\n".join(json.dumps(a) for a in actions) + "\n")


def conditions(s, r, source, column, kind):
    """Around values that there are, in single conditions, lists, ranges and pairs."""
    yield "%s IS NULL" % column
    yield "%s IS NOT NULL" % column
    values = s.rows("SELECT DISTINCT %s::text FROM %s WHERE %s IS NOT NULL ORDER BY 1" % (column, source, column))
    values = ["'%s'::%s" % (v[0].replace("'", "''"), kind) for v in values]
    if not values:
        return
    for op in ("=", r.choice(("<", "<=")), r.choice((">", ">="))):
        yield "%s %s %s" % (column, op, r.choice(values))
    yield "%s IN (%s)" % (column, ", ".join(r.choice(values) for _ in range(3)))
    yield "%s = ANY (ARRAY[%s, NULL])" % (column, ", ".join(r.choice(values) for _ in range(2)))
    yield "%s BETWEEN %s AND %s" % (column, r.choice(values), r.choice(values))
    yield "%s >= %s AND few = '%s' AND id > 0" % (column, r.choice(values), r.choice("abcde"))


def compare(s, tally, what, source, columns, test):
    sql = "SELECT count(*), md5(string_agg((%s)::text, '|' ORDER BY id)) FROM %s q WHERE %s"
    got, want = s.rows(sql % (columns, source, test)), s.rows(sql % (columns, source, "(%s) IS TRUE" % test))
    tally.check("%s: %s" % (what, test), "" if got == want else "%s instead of %s" % (got, want))


def try_source(s, tally, what, source, part):
    """`part` of the conditions on each column; row groups and pages skipped in all."""
    r = random.Random(what)
    s.cursor.execute("DROP TABLE IF EXISTS probe")
    s.cursor.execute("CREATE TABLE probe AS SELECT * FROM %s LIMIT 0" % source)
    columns = s.rows("SELECT quote_ident(attname), format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = "
                     "'probe'::regclass AND attnum > 0 ORDER BY attnum")
    groups = pages = 0
    for column, kind in columns:
        for test in conditions(s, r, source, column, kind):
            if r.random() > part:
                continue
            some = "(id, few, %s%s)" % (column, "" if what == "delta" else ", list, pair")
            compare(s, tally, what, source, "q" if r.random() < 0.15 else some, test)
            if " = '" not in test:
                continue
            found = s.skipping("SELECT * FROM %s WHERE %s" % (source, test))
            tally.check("%s: EXPLAIN of %s" % (what, test), "" if isinstance(found, tuple) else found)
            groups, pages = groups + found[1], pages + found[3]
    return groups, pages


def by_name(s, tally):
    """What must be skipped of a file that is known: 1,600 rows by id in four row groups."""
    file = "read_parquet('%s/v1.parquet')" % FILES
    ids = [v[0] for v in s.rows("SELECT id FROM %s ORDER BY id" % file)]
    for sql, groups in (("id = %d" % ids[500], 1), ("id < %d" % ids[399], 1), ("id <= %d" % ids[400], 2),
                        ("id > %d" % ids[-1], 0), ("id IN (%d, %d)" % (ids[0], ids[-1]), 2), ("id IS NULL", 0),
                        ("id = ANY ('{}'::bigint[])", 0), ("nothing IS NOT NULL", 0), ("nothing IS NULL", 4),
                        ("id = ANY (ARRAY[%d, NULL])" % ids[1000], 1)):
        got = s.skipping("SELECT id, text FROM %s WHERE %s" % (file, sql))
        ok = isinstance(got, tuple) and got[:2] == (groups, 4 - groups)
        tally.check("row groups of " + sql, "" if ok else "%s instead of %d" % (got, groups))
    got = s.skipping("SELECT id, text FROM %s WHERE id = %d" % (file, ids[500]))
    tally.check("pages", "" if got[2] <= 4 and got[3] >= 8 else str(got))
    tree = s.rows("EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1 FROM %s WHERE id = %d" % (file, ids[500]))[0][0]
    tree = tree if isinstance(tree, list) else json.loads(tree)
    tally.check("as JSON", "" if tree[0]["Plan"].get("Row Groups Skipped") == 3 else str(tree))
    s.cursor.execute("PREPARE p(bigint[]) AS SELECT count(*) FROM %s WHERE id = ANY ($1)" % file)
    got = s.rows("EXECUTE p('{%d,%d}')" % (ids[3], ids[1500]))
    tally.check("a parameter's rows", "" if got == [(2,)] else str(got))
    got = s.rows("EXECUTE p(NULL)")
    tally.check("a NULL parameter", "" if got == [(0,)] else str(got))
    got = s.skipping("EXECUTE p('{%d}')" % ids[3])
    tally.check("a parameter", "" if got[:2] == (1, 3) else str(got))


def main(only):
    tally = Tally("sync/pruning")
    folder = tempfile.mkdtemp(prefix="tarn-pruning-")
    try:
        with Server() as server:
            s = Session(server)
            by_name(s, tally)
            indexed = ("plain.parquet", "v1.parquet", "v2.parquet")
            for name in indexed + ("no_index.parquet", "no_statistics.parquet"):
                if only and only != name:
                    continue
                groups, pages = try_source(s, tally, name, "read_parquet('%s/%s')" % (FILES, name),
                                           1 if name in indexed else 0.3)
                ok = (groups > 5) == (name != "no_statistics.parquet") and (pages > 100) == (name in indexed)
                tally.check(name + " has parts that are skipped", "" if ok else "%d, %d" % (groups, pages))
            write_delta(os.path.join(folder, "t"))
            source = "read_delta('%s/t')" % folder
            groups, pages = try_source(s, tally, "delta", source, 0.5)
            tally.check("a Delta table has parts that are skipped", "" if groups > 20 and pages > 100 else "none")
            text = str(s.rows("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT id FROM %s WHERE part >= "
                              "'2026-01-02 03:04:05.000001+00'" % source))
            tally.check("partitions by time", "" if "Files: 1 read, 3 skipped" in text else text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
