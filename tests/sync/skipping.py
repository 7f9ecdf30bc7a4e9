"""Files of Delta tables are left out by conditions on partitions and statistics: never one with rows that
the condition is true for, and EXPLAIN ANALYZE tells of it.

    skipping.py [NAME_PREFIX]

Each condition is tried in two ways that mean the same, of which the second cannot be handed down.
"""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

DELTA = os.path.join(os.path.dirname(HERE), "data", "lakehouse", "delta")
# Too large for many conditions.
LARGE = ("golden-parquet-decimal-dictionaries-v2", "delta-old-spark-variant-no-checkpoint",
         "delta-old-variant-writer-one-delta", "dremio-partitionedLongCheckpoint", "dremio-test_2k_cols_json",
         "dremio-test_long_cols_json")
# Its statistics say that the least time is some milliseconds later than it is.
WRONG = ("rs-issue_1374",)
# Those whose changes are read, too.
CHANGED = ("dat-basic_partitioned", "dat-cdf", "dat-with_schema_change", "delta-old-dv-with-columnmapping",
           "krs-cdf-table-with-cdc-and-dvs", "krs-cdf-table-update-ops", "krs-cdf-column-mapping-id-mode")
TYPES = ("smallint", "integer", "bigint", "real", "double precision", "numeric", "text", "date",
         "timestamp with time zone", "timestamp without time zone", "boolean")


def quote(name):
    return '"' + name.replace('"', '""') + '"'


class Session:
    def __init__(self, server):
        self.connection = psycopg2.connect(server.dsn())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def rows(self, sql, *args):
        self.cursor.execute(sql, *args)
        return self.cursor.fetchall()

    def skipping(self, sql):
        """Files read, files skipped."""
        text = "\n".join(r[0] for r in self.rows("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + sql))
        m = re.search(r"Files: (\d+) read, (\d+) skipped  Bytes: \d+ read, \d+ skipped", text)
        return (int(m.group(1)), int(m.group(2))) if m else text


def conditions(s, source, column):
    """Around the least, the greatest and some value, in steps that values have."""
    name = quote(column)
    values = s.rows("SELECT v FROM (SELECT DISTINCT %s::text AS v FROM %s WHERE %s IS NOT NULL LIMIT 200) q "
                    "ORDER BY md5(v) LIMIT 2" % (name, source, name))
    yield "%s IS NULL" % name
    yield "%s IS NOT NULL" % name
    kind = s.rows("SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'probe'::regclass AND "
                  "attname = '%s'" % column.replace("'", "''"))[0][0]
    for (v,) in values:
        for op in ("=", "<", "<=", ">", ">="):
            yield "%s %s '%s'::%s" % (name, op, v.replace("'", "''"), kind)
        yield "'%s'::%s > %s" % (v.replace("'", "''"), kind, name)


def location(name):
    return os.path.join(DELTA, name).replace("'", "''")


def try_table(s, tally, name, source):
    s.rows("SELECT 1")
    s.cursor.execute("DROP TABLE IF EXISTS probe")
    try:
        s.cursor.execute("CREATE TABLE probe AS SELECT * FROM %s LIMIT 0" % source)
    except psycopg2.Error as e:
        tally.skip(name, str(e).split("\n")[0])
        return 0
    columns = s.rows("SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = "
                     "'probe'::regclass AND attnum > 0 ORDER BY attname LIKE '\\_c%' DESC, attnum LIMIT 7")
    skipped = 0
    for column, kind in columns:
        if kind not in TYPES:
            continue
        try:
            tests = list(conditions(s, source, column))
        except psycopg2.Error as e:
            tally.skip("%s %s" % (name, column), str(e).split("\n")[0])
            return skipped
        for test in tests:
            got = s.rows("SELECT count(*) FROM %s WHERE %s" % (source, test.replace("%", "%%")))
            want = s.rows("SELECT count(*) FROM %s WHERE (%s) IS TRUE" % (source, test.replace("%", "%%")))
            tally.check("%s: %s" % (name, test), "" if got == want else "%s instead of %s" % (got, want))
            if " = " not in test:
                continue
            found = s.skipping("SELECT 1 FROM %s WHERE %s" % (source, test))
            skipped += found[1] if isinstance(found, tuple) else 0
    return skipped


def by_name(s, tally):
    """Tables whose statistics are known: what must be skipped."""
    partitioned = "read_delta('%s')" % os.path.join(DELTA, "dat-basic_partitioned")
    n = len(s.rows("SELECT DISTINCT letter FROM %s" % partitioned))
    files = sum(s.skipping("SELECT 1 FROM " + partitioned))
    for sql, most in (("letter = 'a'", files - n + 1), ("letter IS NULL", files - 1), ("letter = 'none'", 0)):
        got = s.skipping("SELECT 1 FROM %s WHERE %s" % (partitioned, sql))
        ok = isinstance(got, tuple) and sum(got) == files and got[0] <= most
        tally.check("partition " + sql, "" if ok else "%s of %d files, at most %d" % (got, files, most))
    s.cursor.execute("PREPARE p(text) AS SELECT count(*) FROM %s WHERE letter = $1" % partitioned)
    text = "\n".join(r[0] for r in s.rows("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE p('none')"))
    tally.check("a parameter", "" if "Files: 0 read" in text else text)
    tally.check("a parameter's rows", "" if s.rows("EXECUTE p('none')") == [(0,)] else "rows")
    s.cursor.execute("PREPARE q(text) AS SELECT count(*) FROM %s WHERE letter = lower($1)" % partitioned)
    text = "\n".join(r[0] for r in s.rows("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE q('NONE')"))
    tally.check("an expression of a parameter", "" if "Files: 0 read" in text else text)
    want = s.rows("SELECT count(*) FROM %s WHERE (letter = 'a') IS TRUE" % partitioned)
    tally.check("its rows", "" if s.rows("EXECUTE q('A')") == want != [(0,)] else "rows")
    for setting, most in (("none", 0), ("a", files - n + 1)):
        s.cursor.execute("SET application_name = '%s'" % setting)
        got = s.skipping("SELECT 1 FROM %s WHERE letter = current_setting('application_name')" % partitioned)
        ok = isinstance(got, tuple) and sum(got) == files and got[0] <= most
        tally.check("a stable expression, " + setting, "" if ok else "%s of %d files" % (got, files))
    got = s.skipping("SELECT 1 FROM %s WHERE letter = random()::text" % partitioned)
    tally.check("a volatile expression", "" if got == (files, 0) else "%s of %d files" % (got, files))
    tree = s.rows("EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1 FROM %s WHERE letter = 'none'" % partitioned)[0][0]
    tree = tree if isinstance(tree, list) else json.loads(tree)
    tally.check("as JSON", "" if tree[0]["Plan"].get("Files Skipped") == files else str(tree))
    got = s.skipping("SELECT 1 FROM %s t LEFT JOIN %s u ON t.letter = u.letter AND u.letter = 'none'" % (
        partitioned, partitioned))
    rows = s.rows("SELECT count(*) FROM %s t LEFT JOIN (SELECT * FROM %s) u ON t.letter = u.letter AND u.letter = "
                  "'none'" % (partitioned, partitioned))
    all_rows = s.rows("SELECT count(*) FROM %s" % partitioned)
    for name, test in (("rs-delta-1.2.1-only-struct-stats", "integer = 3"),
                       ("rs-delta-1.2.1-only-struct-stats", "date = '2022-10-24' AND 3 = integer"),
                       ("krs-v1-single-part-struct-stats-only", "id = 3"),
                       ("krs-v1-multi-part-struct-stats-only", "value = 'value_3'"),
                       ("krs-v2-json-sidecars-struct-stats-only", "id < 2")):
        got = s.skipping("SELECT 1 FROM read_delta('%s') WHERE %s" % (location(name), test))
        ok = isinstance(got, tuple) and got[0] == 1 and got[1] > 3
        tally.check("statistics as a struct, %s: %s" % (name, test), "" if ok else "files %s" % (got,))
    tally.check("an outer join keeps its rows", "" if rows == all_rows else "%s instead of %s" % (rows, all_rows))


def changes(s, tally):
    """Of what versions changed: files by what all their rows have, then row groups."""
    def check(name, source, test, some):
        files = sum(s.skipping("SELECT 1 FROM " + source))
        got = s.skipping("SELECT 1 FROM %s WHERE %s" % (source, test))
        ok = isinstance(got, tuple) and sum(got) == files and got[1] > 0 and (got[0] > 0) == some
        tally.check("changes %s: %s" % (name, test), "" if ok else "%s of %s files" % (got, files))
        rows = s.rows("SELECT count(*) FROM %s WHERE %s" % (source, test.replace("%", "%%")))
        want = s.rows("SELECT count(*) FROM %s WHERE (%s) IS TRUE" % (source, test.replace("%", "%%")))
        tally.check("changes %s: rows of %s" % (name, test), "" if rows == want else "%s, not %s" % (rows, want))
    partitioned = "read_delta_changes('%s', 0)" % location("dat-basic_partitioned")
    last = s.rows("SELECT max(_commit_version) FROM " + partitioned)[0][0]
    check("partition", partitioned, "letter = 'a'", True)
    check("partition", partitioned, "letter = 'none'", False)
    check("type", partitioned, "_change_type = 'delete'", False)
    check("version", partitioned, "_commit_version > %d" % last, False)
    check("version", partitioned, "_commit_version = 0 AND letter IS NOT NULL", True)
    check("time", partitioned, "_commit_timestamp > now() + interval '1 day'", False)
    text = "\n".join(r[0] for r in s.rows("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT 1 FROM %s WHERE number < -5"
                                          % partitioned))
    tally.check("changes: row groups", "" if "Row Groups: 0 read" in text else text)


def main(prefix):
    tally = Tally("sync/skipping")
    skipped = 0
    with Server() as server:
        s = Session(server)
        by_name(s, tally)
        changes(s, tally)
        for name in sorted(os.listdir(DELTA)):
            if name.startswith(prefix) and name not in LARGE + WRONG + ("broken", "expected"):
                skipped += try_table(s, tally, name, "read_delta('%s')" % location(name))
            if name.startswith(prefix) and name.startswith(CHANGED):
                try_table(s, tally, name + " changes", "read_delta_changes('%s', 0)" % location(name))
    if not prefix:
        tally.check("files were skipped", "" if skipped > 100 else "%d" % skipped)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
