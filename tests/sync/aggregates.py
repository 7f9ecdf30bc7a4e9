"""Aggregates over whole columns of files give what they give row by row: of every column of the Parquet files of
other writers, by every aggregate of its type. A FILTER that holds for every row has the rows come one by one. A query that
only counts reads which values are there and not the values: of Delta tables too, with files partitioned and rows deleted.

    aggregates.py [FILE]
"""
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

DATA = os.path.join(os.path.dirname(HERE), "data")
TABLES = "lakehouse/delta/*/**/_delta_log"
PATTERNS = ("parquet_index/*.parquet", "lakehouse/parquet/data/**/*.parquet", "lakehouse/parquet/bad_data/*.parquet")
# By type OID; all others have only those of EVERY.
EVERY = ("count", "array_agg")
ORDERED = ("min", "max")
NUMBER = ORDERED + ("sum", "avg", "var_samp", "stddev_pop")
AGGREGATES = {16: ("bool_and", "bool_or", "every"), 20: NUMBER + ("bit_and", "bit_or"), 21: NUMBER + ("bit_xor",),
              23: NUMBER + ("bit_and", "bit_or"), 25: ORDERED, 700: NUMBER, 701: NUMBER, 1082: ORDERED,
              1083: ORDERED, 1114: ORDERED, 1184: ORDERED, 1186: ("sum", "avg", "min", "max"), 1700: NUMBER}
MAX_ROWS, MAX_COLUMNS = 20000, 60


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def answer(cursor, sql):
    """The text of what comes, or the SQLSTATE and message of its error."""
    try:
        cursor.execute(sql)
        return cursor.fetchone()
    except psycopg2.Error as e:
        return e.pgcode, str(e)


def differs(whole, by_rows):
    return "" if whole == by_rows else "by columns %s, by rows %s" % (str(whole)[:1000], str(by_rows)[:1000])


def compare_counts(cursor, source, name, columns, tally):
    """A row that has a value out of its type's range cannot be had one by one."""
    counts = ", ".join("count(%s)" % quote(c) for c, _ in columns)
    by_rows = answer(cursor, "SELECT count(*), %s FROM %s WHERE random() >= 0" % (counts, source))
    if isinstance(by_rows[0], int):
        whole = answer(cursor, "SELECT count(*), %s FROM %s" % (counts, source))
        tally.check(name + " counts", differs(whole, by_rows))


def columns_of(cursor, source):
    """None where it is refused, which other tests see to."""
    try:
        cursor.execute("SELECT * FROM %s LIMIT 0" % source)
    except psycopg2.Error:
        return None
    return [(c.name, c.type_code) for c in cursor.description][:MAX_COLUMNS]


def compare_table(cursor, path, tally):
    source = "read_delta('%s')" % path.replace("'", "''")
    columns = columns_of(cursor, source)
    if columns:
        compare_counts(cursor, source, os.path.relpath(path, DATA), columns, tally)


def compare(cursor, path, tally):
    source = "read_parquet('%s')" % path.replace("'", "''")
    name = os.path.basename(path)
    columns = columns_of(cursor, source)
    if columns is None:
        return
    rows = answer(cursor, "SELECT count(*) FROM (SELECT FROM %s) t" % source)
    tally.check(name + " count(*)", differs(answer(cursor, "SELECT count(*) FROM %s" % source), rows))
    if not isinstance(rows[0], int) or rows[0] > MAX_ROWS:
        return
    if columns:
        compare_counts(cursor, source, name, columns, tally)
    for column, oid in columns:
        calls = ["%s(%s)%%s" % (f, quote(column)) for f in EVERY + AGGREGATES.get(oid, ())]
        texts = ["(%s)::text" % c.replace("%", "%%").replace("%%s", "%s") for c in calls]
        query = "SELECT " + ", ".join(texts) + " FROM " + source.replace("%", "%%")
        whole = answer(cursor, query % (("",) * len(texts)))
        by_rows = answer(cursor, query % ((" FILTER (WHERE random() >= 0)",) * len(texts)))
        tally.check("%s %s" % (name, column), differs(whole, by_rows))
    several = ", ".join("max(%s)::text, count(%s)" % (quote(c), quote(c)) for c, oid in columns if "max" in AGGREGATES.get(oid, ()))
    if several:
        whole = answer(cursor, "SELECT count(*), %s FROM %s" % (several, source))
        by_rows = answer(cursor, "SELECT count(*), %s FROM %s WHERE random() >= 0" % (several, source))
        tally.check(name + " together", differs(whole, by_rows))


def main():
    tally = Tally("sync/aggregates")
    paths = sys.argv[1:] or sorted(p for pattern in PATTERNS for p in glob.glob(os.path.join(DATA, pattern), recursive=True))
    tally.check("files", "" if paths else "there are none")
    with Server() as server:
        connection = psycopg2.connect(server.dsn())
        connection.autocommit = True
        cursor = connection.cursor()
        for path in paths:
            compare(cursor, path, tally)
        for log in [] if sys.argv[1:] else sorted(glob.glob(os.path.join(DATA, TABLES), recursive=True)):
            compare_table(cursor, os.path.dirname(log), tally)
        connection.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
