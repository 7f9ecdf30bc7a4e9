"""Random Parquet files of pyarrow and DuckDB are read value by value as their writer has them, and conditions on
their columns, by which row groups and pages are left out, give the rows that they give without that.

    random_parquet.py [--all] [--files N] [--seed N] [--first N] [--keep FOLDER]

random_writer.py makes the files. pyarrow and DuckDB come from the cache of fetched packages; --all fetches them.
A kind of value in its file is compared as:

    plain       the text          text, bool, hex, uuid   the value, its text, bytes in hexadecimal, its text
    f32, f64    bits in hexadecimal, NaN being one        date   days       time, timestamp, timestamptz   microseconds
    interval    months, days, microseconds                json   a tree; ["number", text] and ["float", bits] for numbers
"""
import argparse
import decimal
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
from fetched import Skip, fetch_python  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

PACKAGES = "pyarrow==26.0.1 duckdb==2.0.1"
CHUNK = 100
# What a column of a kind is asked for as.
ASKED = {"plain": "%s::text", "text": "%s::text", "bool": "%s", "hex": "encode(%s, 'hex')", "uuid": "%s::text",
         "f32": "encode(float4send(%s), 'hex')", "f64": "encode(float8send(%s), 'hex')", "date": "%s - date '1970-01-01'",
         "time": "(extract(epoch FROM %s) * 1000000)::bigint", "timestamp": "(extract(epoch FROM %s) * 1000000)::bigint",
         "timestamptz": "(extract(epoch FROM %s) * 1000000)::bigint", "json": "%s::text",
         "interval": "CASE WHEN {0} IS NOT NULL THEN json_build_array(extract(year FROM {0}) * 12 + extract(month FROM {0}), "
                     "extract(day FROM {0}), extract(epoch FROM {0} - date_trunc('day', {0})) * 1000000)::text END"}
NAN = {"f32": "7fc00000", "f64": "7ff8000000000000"}


def is_nan(bits):
    number = struct.unpack(">f" if len(bits) == 8 else ">d", bytes.fromhex(bits))[0]
    return number != number


def same_json(got, want):
    """Numbers are decimals on this side."""
    if isinstance(want, dict):
        return isinstance(got, dict) and got.keys() == want.keys() and all(same_json(got[k], want[k]) for k in want)
    if isinstance(want, list) and want[:1] == ["number"]:
        return isinstance(got, decimal.Decimal) and str(got) == str(decimal.Decimal(want[1]))
    if isinstance(want, list) and want[:1] == ["float"]:
        return same_real(got, want[1])
    if isinstance(want, list):
        return isinstance(got, list) and len(got) == len(want) and all(map(same_json, got, want))
    return type(got) is type(want) and got == want


def same_real(got, bits):
    form = ">f" if len(bits) == 8 else ">d"
    want = struct.unpack(form, bytes.fromhex(bits))[0]
    if not isinstance(got, decimal.Decimal):
        return got == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(want))
    return struct.unpack(form, struct.pack(form, float(got)))[0] == want  # jsonb has no negative zero


def same(kind, got, want):
    if got is None or want is None:
        return got is None and want is None
    if kind in NAN:
        return got == want or is_nan(got) and is_nan(want)
    if kind == "interval":
        return [float(x) for x in json.loads(got)] == [float(x) for x in want]
    if kind == "json":
        return same_json(json.loads(got, parse_int=decimal.Decimal, parse_float=decimal.Decimal), want)
    return got == want


class Session:
    def __init__(self, server):
        self.connection = psycopg2.connect(server.dsn())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET timezone = 'UTC'")
        self.cursor.execute("SET intervalstyle = 'postgres'")

    def rows(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall()


def values_differ(s, source, expected):
    columns = ", ".join(ASKED[kind].replace("%s", "{0}").format('"%s"' % name) for name, kind in expected["columns"])
    rows = s.rows("SELECT %s FROM %s" % (columns, source))
    if len(rows) != len(expected["rows"]):
        return "%d rows instead of %d" % (len(rows), len(expected["rows"]))
    for i, (row, wanted) in enumerate(zip(rows, expected["rows"])):
        for (name, kind), got, want in zip(expected["columns"], row, wanted):
            if not same(kind, got, want):
                return "row %d of %s (%s): %.300r instead of %.300r" % (i, name, kind, got, want)
    return ""


def conditions(r, s, columns):
    """On columns of `probe`, with values that there are and some between."""
    for name, kind in columns:
        if kind == "json":
            yield "%s IS %sNULL" % (name, r.choice(("", "NOT ")))
            continue
        values = [v[0] for v in s.rows("SELECT DISTINCT %s::text FROM probe WHERE %s IS NOT NULL" % (name, name))]
        values = ["'%s'" % v.replace("'", "''") for v in sorted(values)] or ["NULL"]
        some = lambda: r.choice(values)  # noqa: E731
        yield r.choice(("{0} IS NULL", "{0} IS NOT NULL", "{0} = ANY (ARRAY[{1}, {2}])" if values != ["NULL"] else
                        "{0} IS NULL", "{0} IN ({1}, {2})")).format(name, typed(kind, s, name, some()), typed(kind, s, name, some()))
        for op in r.sample(("=", "<", "<=", ">", ">=", "<>"), 2):
            yield "%s %s %s" % (name, op, typed(kind, s, name, some()))
        yield "%s BETWEEN %s AND %s" % ((name,) + tuple(typed(kind, s, name, some()) for _ in range(2)))


def typed(kind, s, name, literal):
    return "%s::%s" % (literal, s.types[name])


def filters_differ(r, s, source, columns):
    s.cursor.execute("DROP TABLE IF EXISTS probe")
    s.cursor.execute("CREATE TABLE probe AS SELECT * FROM %s" % source)
    s.types = dict(s.rows("SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = "
                          "'probe'::regclass AND attnum > 0"))
    tests = list(conditions(r, s, columns))
    for test in r.sample(tests, min(len(tests), 6)) + [" AND ".join(r.sample(tests, 2))] * (len(tests) > 1):
        other = r.choice(columns)[0]
        sql = "SELECT array_agg(id ORDER BY id), md5(string_agg(%s::text, '|' ORDER BY id)) FROM %%s WHERE %s" % (
            other, test.replace("%", "%%"))
        got, want = s.rows(sql % source), s.rows(sql % "probe")
        if got != want:
            return "%s: %.300s instead of %.300s" % (test, got, want)
    return ""


def try_file(s, tally, folder, number, seed):
    path = os.path.join(folder, "%d.parquet" % number)
    with open(os.path.join(folder, "%d.json" % number)) as f:
        expected = json.load(f)
    source = "read_parquet('%s')" % path
    r = random.Random("%s-%s" % (seed, number))
    try:
        problem = values_differ(s, source, expected) or filters_differ(r, s, source, expected["columns"])
    except psycopg2.Error as e:
        problem = str(e)
    fine = tally.check("file %d" % number, problem)
    if fine:
        os.remove(path)
        os.remove(os.path.join(folder, "%d.json" % number))


def write(args, package, folder, first, count):
    p = subprocess.run([sys.executable, os.path.join(HERE, "random_writer.py"), folder, str(args.seed), str(count),
                        str(first)], env=dict(os.environ, PYTHONPATH=package), stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    lines = p.stdout.splitlines()
    return [x for x in lines if x.startswith("WITNESS")], "" if p.returncode == 0 else "\n".join(lines[-12:])


def run(args, package, tally, folder):
    with Server() as server:
        s = Session(server)
        for first in range(args.first, args.first + args.files, CHUNK):
            count = min(CHUNK, args.first + args.files - first)
            witness, problem = write(args, package, folder, first, count)
            if not tally.check("files %d to %d are written" % (first, first + count - 1), problem):
                return
            tally.check("DuckDB reads them as pyarrow has them", "; ".join(witness))
            for number in range(first, first + count):
                try_file(s, tally, folder, number, args.seed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--files", type=int, default=25)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--keep")
    args = parser.parse_args()
    tally = Tally("random Parquet files (seed %d)" % args.seed)
    folder = args.keep or tempfile.mkdtemp(prefix="tarn-parquet-")
    try:
        run(args, fetch_python("arrow", args.all, PACKAGES.split()), tally, folder)
    except Skip as e:
        tally.skip("pyarrow and DuckDB", str(e))
    if not tally.failed and not args.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
