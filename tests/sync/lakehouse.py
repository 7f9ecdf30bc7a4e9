"""Delta tables of other writers through SQL: read_delta, read_delta_changes and CREATE SYNCED TABLE
give the expected rows, delta_history and delta_detail agree with the log, what is not supported is
refused by name, and broken tables give an error.

    lakehouse.py [NAME_PREFIX]
"""
import base64
import json
import os
import re
import sys
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "lib"), os.path.join(TESTS, "lake")]
sys.dont_write_bytecode = True
import run as lake  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

DELTA = os.path.join(TESTS, "data", "lakehouse", "delta")
# Larger tables take too long as text.
MAX_ROWS = 60000
# Checks that cannot hold, and why.
UNEQUAL = {
    "detail dremio-multibatchCheckpointWithRemove": "the statistics in its log are of other files",
    "changes dremio-newPlanDataset 26": "removes a file that the table did not have",
    "changes krs-table-with-cdf 2": "removes a file that there never was",
    "changes dremio-partitionedLongCheckpoint 230": "a data file is gone",
}
SIMPLE = ("byte", "short", "integer", "long", "float", "double", "string", "binary", "boolean",
          "date", "timestamp", "timestamp_ntz")


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def connect(server):
    c = psycopg2.connect(server.dsn())
    c.autocommit = True
    for oid in (16, 17, 20, 21, 23, 25, 700, 701, 1082, 1083, 1114, 1184, 1700, 2950, 3802):
        # Values as the text that the server sends.
        psycopg2.extensions.register_type(
            psycopg2.extensions.new_type((oid,), "RAW%d" % oid, lambda v, cur: v), c)
    c.set_client_encoding("UTF8")
    cursor = c.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    cursor.execute("SET extra_float_digits = 1")
    return c, cursor


def timestamp(text, zulu):
    """2020-02-01 08:09:10.5+00 as in the expected files."""
    if text in ("infinity", "-infinity"):
        return text
    bc = text.endswith(" BC")
    if bc:
        text = text[:-3]
    text = text[:-3] if zulu else text
    day, clock = text.split(" ")
    clock, _, fraction = clock.partition(".")
    if bc:
        year, rest = day.split("-", 1)
        day = "%05d-%s" % (1 - int(year), rest) if int(year) > 1 else "0000-" + rest
    return "%sT%s.%s%s" % (day, clock, fraction.ljust(6, "0"), "Z" if zulu else "")


def is_json(kind):
    """Whether a column of that type is jsonb."""
    return not isinstance(kind, str) or kind == "variant"


def from_sql(text, kind):
    """A value as sent by the server in the form of lake/dump."""
    if text is None or kind == "void":
        return text
    if kind in ("byte", "short", "integer"):
        return int(text)
    if kind == "boolean":
        return text == "t"
    if kind == "binary":
        return text[2:]
    if kind in ("timestamp", "timestamp_ntz"):
        return timestamp(text, kind == "timestamp")
    if kind in ("float", "double"):
        # The expected files do not tell -0 from 0 the way SQL prints it.
        return text
    return json.loads(text, parse_float=Decimal, parse_int=Decimal) if is_json(kind) else text


def nested(value, kind):
    """The expected value of a nested column as jsonb holds it."""
    if value is None:
        return None
    if kind == "variant":
        return json.loads(json.dumps(value["json"]), parse_float=Decimal, parse_int=Decimal)
    if isinstance(kind, str):
        if kind in ("byte", "short", "integer"):
            return Decimal(value)
        if kind == "long" or kind.startswith("decimal"):
            return Decimal(value)
        if kind in ("float", "double"):
            return value if value in ("NaN", "Infinity", "-Infinity") else Decimal(value)
        if kind == "binary":
            return base64.b64encode(bytes.fromhex(value)).decode()
        if kind in ("timestamp", "timestamp_ntz"):
            return re.sub(r"\.?0+(Z?)$", r"\1", value) if "." in value else value
        return value
    if kind["type"] == "struct":
        return {f["name"]: nested(value.get(f["name"]), f["type"]) for f in kind["fields"]}
    if kind["type"] == "array":
        return [nested(x, kind["elementType"]) for x in value]
    pairs = [[nested(k, kind["keyType"]), nested(v, kind["valueType"])] for k, v in value]
    if kind["keyType"] == "string":
        return {k: v for k, v in pairs}
    return [{"key": k, "value": v} for k, v in pairs]


def comparable(value):
    """For sorting and equality: numbers by value, maps without order."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        items = [comparable(x) for x in value]
        if items and all(isinstance(x, dict) and set(x) == {"key", "value"} for x in items):
            items.sort(key=lambda x: json.dumps(x, sort_keys=True))
        return items
    return value


def has_nested(columns):
    return any(is_json(c["type"]) for c in columns)


def compare(rows, expected):
    """'' or what differs. Tables without nested columns go the way of the reader's own test."""
    columns = expected["columns"]
    if not has_nested(columns):
        return lake.compare_rows(rows, expected, False)
    if expected.get("rows") is not None and len(rows) != expected["rows"]:
        return "%d rows instead of %d" % (len(rows), expected["rows"])
    known = expected.get("data") or expected.get("sample") or []

    def text(row, want):
        out = []
        for value, c in zip(row, columns):
            if not is_json(c["type"]):
                out.append(lake.canonical(value, c["type"]))
            else:
                out.append(comparable(nested(value, c["type"]) if want else value))
        return json.dumps(out, sort_keys=True, ensure_ascii=False)

    got = sorted(text(r, False) for r in rows)
    have = set(got)
    for r in known:
        t = text(r, True)
        if t not in have:
            close = [g for g in got if g[:20] == t[:20]] or got
            return "missing row %s\n      have %s" % (t[:600], close[0][:600] if close else "none")
    return ""


def read_rows(cursor, source, columns):
    cursor.execute("SELECT * FROM %s" % source)
    names = [d[0] for d in cursor.description]
    rows = [[from_sql(v, c["type"]) for v, c in zip(row, columns)] for row in cursor.fetchall()]
    return names, rows


def error_text(e):
    return "%s: %s" % (e.pgcode, (e.pgerror or str(e)).strip())


def key_of(cursor, path, columns):
    """Columns that are a key of the table: one, else all simple ones; None when they are not."""
    simple = [c["name"] for c in columns if isinstance(c["type"], str) and
              (c["type"] in SIMPLE or c["type"].startswith("decimal"))]
    for names in [[n] for n in simple] + [simple[:8]]:
        if not names:
            continue
        listed = ", ".join(quote(n) for n in names)
        nulls = " OR ".join("%s IS NULL" % quote(n) for n in names)
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE %s) FROM read_delta(%s)" % (
            nulls, literal(path)))
        total, null = map(int, cursor.fetchone())
        cursor.execute("SELECT count(*) FROM (SELECT DISTINCT %s FROM read_delta(%s)) s" % (
            listed, literal(path)))
        if not null and int(cursor.fetchone()[0]) == total:
            return names
    return None


def check_synced(cursor, name, path, expected, tally):
    columns = expected["columns"]
    refused = "42622" if any(len(c["name"].encode()) > 63 for c in columns) else ""
    refused = "54011" if len(columns) > 1600 else refused
    if refused:
        try:
            cursor.execute("CREATE SYNCED TABLE t FROM DELTA %s PRIMARY KEY (id)" % literal(path))
            problem = "must be refused with %s" % refused
        except psycopg2.Error as e:
            problem = "" if e.pgcode == refused else error_text(e)
        tally.check("no table " + name, problem)
        return
    key = key_of(cursor, path, columns)
    if not key:
        # No key: the statement must fail and leave nothing behind.
        first = next((c["name"] for c in columns if not is_json(c["type"])), None)
        if first is None:
            return
        problem = "must fail"
        try:
            cursor.execute("CREATE SYNCED TABLE t FROM DELTA %s PRIMARY KEY (%s) WITH (on_null_key = fail)" % (
                literal(path), quote(first)))
            cursor.execute("DROP SYNCED TABLE t")
        except psycopg2.Error as e:
            problem = "" if e.pgcode in ("23502", "23505", "42804") else error_text(e)
        tally.check("no key " + name, problem)
        return
    try:
        cursor.execute("CREATE SYNCED TABLE t FROM DELTA %s PRIMARY KEY (%s)" % (
            literal(path), ", ".join(map(quote, key))))
        _, rows = read_rows(cursor, "t", columns)
        problem = compare(rows, expected)
        if not problem:
            cursor.execute("REFRESH SYNCED TABLE t")
            _, rows = read_rows(cursor, "t", columns)
            problem = compare(rows, expected)
        cursor.execute("SELECT applied_version FROM tarn.synced_tables WHERE table_name = 't'")
        version = int(cursor.fetchone()[0])
        if not problem and version != expected["version"]:
            problem = "version %d instead of %d" % (version, expected["version"])
    except psycopg2.Error as e:
        problem = error_text(e)
    try:
        cursor.execute("DROP SYNCED TABLE IF EXISTS t")
    except psycopg2.Error as e:
        problem = problem or error_text(e)
    tally.check("synced " + name, problem)


def change_rows(cursor, path, version):
    """The changed rows of a version: change type, then the columns, as sent."""
    cursor.execute("SELECT * FROM read_delta_changes(%s, %d, %d)" % (literal(path), version, version))
    names = [d[0] for d in cursor.description]
    if names[-3:] != ["_change_type", "_commit_version", "_commit_timestamp"]:
        raise ValueError("columns %s" % names)
    rows = cursor.fetchall()
    if any(int(row[-2]) != version for row in rows):
        raise ValueError("rows of another version")
    return [[row[-3]] + list(row[:-3]) for row in rows]


def check_changes(cursor, name, path, expected, tally):
    """Rows of each version where the table has a change feed, else their numbers by kind."""
    columns = expected["columns"]
    for change in (expected.get("changes") or []) + (expected.get("fileLevelChanges") or []):
        if change.get("error") or change.get("counts") is None:
            continue
        try:
            rows = change_rows(cursor, path, change["version"])
            counts = {}
            for row in rows:
                counts[row[0]] = counts.get(row[0], 0) + 1
            problem = "" if counts == change["counts"] else "%s is not %s" % (counts, change["counts"])
            known = change.get("rows")
            # Rows of a version with other columns than the newest are compared by number alone.
            if not problem and known and all(len(r) == len(columns) + 1 for r in known):
                typed = [{"name": "_change_type", "type": "string"}] + columns
                got = [[from_sql(v, c["type"]) for v, c in zip(row, typed)] for row in rows]
                problem = compare(got, {"columns": typed, "data": known, "rows": len(known)})
        except (psycopg2.Error, ValueError) as e:
            problem = error_text(e) if isinstance(e, psycopg2.Error) else str(e)
        label = "changes %s %d" % (name, change["version"])
        tally.check(label, "" if problem and label in UNEQUAL else problem)


def check_log(cursor, name, path, expected, tally):
    cursor.execute("SELECT version, files, min_reader_version, min_writer_version, rows, "
                   "partition_columns FROM delta_detail(%s)" % literal(path))
    version, files, reader, writer, rows, partition = cursor.fetchone()
    p = expected["protocol"]
    got = (int(version), int(files), int(reader), int(writer), partition)
    want = (expected["version"], expected["activeFileCount"], p["minReaderVersion"],
            p["minWriterVersion"], expected["partitionColumns"])
    problem = "" if got == want else "%s is not %s" % (got, want)
    known = rows is not None and expected["rows"] is not None
    if not problem and known and "detail " + name not in UNEQUAL:
        problem = "" if int(rows) == expected["rows"] else "rows %s is not %d" % (rows, expected["rows"])
    tally.check("detail " + name, problem)
    cursor.execute("SELECT array_agg(version ORDER BY version DESC) FROM "
                   "(SELECT version FROM delta_history(%s)) s" % literal(path))
    log = os.path.join(path, "_delta_log")
    want = sorted((int(f[:20]) for f in os.listdir(log) if re.fullmatch(r"\d{20}\.json", f)),
                  reverse=True)
    got = cursor.fetchone()[0] or []
    tally.check("history " + name, "" if got == want else "%s is not %s" % (got, want))


def check_table(cursor, name, tally):
    expected = json.load(open(os.path.join(DELTA, "expected", name + ".json")))
    path = os.path.join(DELTA, name)
    blocked = lake.UNSUPPORTED & set(expected["protocol"].get("readerFeatures") or [])
    if expected["protocol"]["minReaderVersion"] > 3:
        blocked.add("reader version %d" % expected["protocol"]["minReaderVersion"])
    columns = expected["columns"] + [{"name": n, "type": "string"}
                                     for n in lake.EXTRA_COLUMNS.get(name, [])]
    if expected["class"] == "log-only" or (expected.get("rows") or 0) > MAX_ROWS:
        return
    try:
        names, rows = read_rows(cursor, "read_delta(%s)" % literal(path), columns)
    except psycopg2.Error as e:
        text = error_text(e)
        if blocked:
            tally.check("refused " + name, "" if e.pgcode == "0A000" and
                        any(b in text for b in blocked) else text)
        elif len(columns) > 1664:
            tally.check("wide " + name, "" if e.pgcode == "54011" else text)
        else:
            tally.check("read " + name, text)
        return
    if blocked:
        tally.check("refused " + name, "must be refused for %s" % sorted(blocked))
        return
    problem = "" if names == [c["name"] for c in columns] else "columns %s" % names
    tally.check("read " + name, problem or compare(rows, expected))
    check_log(cursor, name, path, expected, tally)
    check_changes(cursor, name, path, expected, tally)
    check_synced(cursor, name, path, expected, tally)


def check_broken(cursor, name, tally):
    kind, _, base = name.partition("--")
    allowed = lake.BROKEN_READABLE.get(kind, "error")
    try:
        cursor.execute("SELECT * FROM read_delta(%s)" % literal(os.path.join(DELTA, "broken", name)))
        cursor.fetchall()
        problem = "a broken table was read" if allowed == "error" else ""
    except psycopg2.OperationalError as e:
        problem = "the connection broke: %s" % e if e.pgcode is None else ""
    except psycopg2.Error as e:
        problem = ""
        if not e.pgcode or e.pgcode.startswith("XX0") and e.pgcode != "XX001":
            problem = error_text(e)
        elif allowed == "rows":
            problem = error_text(e)
    tally.check("broken " + name, problem)


def main():
    prefix = sys.argv[1] if len(sys.argv) > 1 else ""
    tally = Tally("lakehouse")
    with Server() as server:
        connection, cursor = connect(server)
        for name in sorted(os.listdir(os.path.join(DELTA, "expected"))):
            if name.startswith(prefix):
                check_table(cursor, name[:-len(".json")], tally)
        for name in sorted(os.listdir(os.path.join(DELTA, "broken"))):
            if name.startswith(prefix):
                check_broken(cursor, name, tally)
        connection.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
