"""Delta tables that are written here, of kinds that writers make rarely: names of files, partition values, statistics
that are cut, columns that files do not have, widened types, mapped columns, logs with holes, times of commits.

    written.py [--tables N] [--seed N]

At the end N random tables: files come and go, with statistics, partitions, deletion vectors and columns that are added
later; after every commit the rows are those of a model, and conditions, by which files are left out, change none.
"""
import argparse
import datetime
import json
import os
import random
import shutil
import struct
import sys
import tempfile
import urllib.parse
import uuid
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
import plain_parquet as pp  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

# Delta's type: physical and converted type of its files.
TYPES = {"byte": (pp.INT32, pp.INT_8), "short": (pp.INT32, pp.INT_16), "integer": (pp.INT32, None), "long": (pp.INT64, None),
         "float": (pp.FLOAT, None), "double": (pp.DOUBLE, None), "string": (pp.BYTES, pp.UTF8), "binary": (pp.BYTES, None),
         "boolean": (pp.BOOLEAN, None), "date": (pp.INT32, pp.DATE), "timestamp": (pp.INT64, pp.TIMESTAMP_MICROS),
         "timestamp_ntz": (pp.INT64, pp.TIMESTAMP_MICROS)}


def physical(t):
    if t.startswith("decimal"):
        precision, scale = map(int, t[8:-1].split(","))
        return pp.INT64, pp.DECIMAL, {"precision": precision, "scale": scale}
    return TYPES[t] + ({},)


class Table:
    def __init__(self, root, name, fields, partition=(), features=(), configuration=None, writer=()):
        self.path = os.path.join(root, name)
        self.log = os.path.join(self.path, "_delta_log")
        os.makedirs(self.log)
        self.version = -1
        self.fields = fields
        reader = (3, 7) if features else (1, 7 if writer else 2)
        protocol = {"minReaderVersion": reader[0], "minWriterVersion": reader[1]}
        if features:
            protocol["readerFeatures"] = list(features)
        if features or writer:
            protocol["writerFeatures"] = list(features) + list(writer)
        self.start = [{"protocol": protocol}, self.metadata(fields, partition, configuration or {})]

    def metadata(self, fields, partition, configuration):
        """fields: (name, type) or (name, type, metadata)."""
        schema = [{"name": f[0], "type": f[1], "nullable": True, "metadata": f[2] if len(f) > 2 else {}} for f in fields]
        return {"metaData": {"id": "i", "format": {"provider": "parquet", "options": {}}, "configuration": configuration,
                             "schemaString": json.dumps({"type": "struct", "fields": schema}),
                             "partitionColumns": list(partition), "createdTime": 0}}

    def file(self, name, columns, rows=None, partition=None, stats=None, url=None, data_change=True):
        """columns: (name, type, values[, field id]); the action that adds the file."""
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        out = []
        for c in columns:
            kind, converted, more = physical(c[1])
            if len(c) > 3:
                more = dict(more, field_id=c[3])
            out.append((c[0], kind, converted, c[2], more))
        rows = len(columns[0][2]) if rows is None else rows
        pp.write(path, rows, out)
        add = {"path": url or urllib.parse.quote(name), "partitionValues": partition or {}, "modificationTime": 1,
               "size": os.path.getsize(path), "dataChange": data_change}
        if stats:
            add["stats"] = json.dumps(dict({"numRecords": rows}, **stats))
        return {"add": add}

    def commit(self, *actions, version=None, info=None, mtime=None):
        self.version = self.version + 1 if version is None else version
        lines = ([{"commitInfo": info}] if info else []) + self.start + list(actions)
        self.start = []
        path = os.path.join(self.log, "%020d.json" % self.version)
        with open(path, "w") as f:
            f.write("".join(json.dumps(a) + "\n" for a in lines))
        if mtime is not None:
            os.utime(path, (mtime, mtime))


class Checker:
    def __init__(self, server, root):
        self.tally = Tally("sync/written")
        self.root = root
        connection = psycopg2.connect(server.dsn())
        connection.autocommit = True
        self.cursor = connection.cursor()
        self.cursor.execute("SET timezone = 'UTC'")

    def rows(self, sql):
        try:
            self.cursor.execute(sql)
            return self.cursor.fetchall()
        except psycopg2.Error as e:
            return "%s %s" % (e.pgcode, e.diag.message_primary)

    def gives(self, what, table, select, want, rest="", arguments=""):
        got = self.rows("SELECT %s FROM read_delta('%s'%s) %s" % (select, table.path.replace("'", "''"), arguments, rest))
        self.tally.check(what, "" if got == want else "%.600s instead of %.600s" % (got, want))

    def fails(self, what, table, code, part, arguments=""):
        got = self.rows("SELECT * FROM read_delta('%s'%s)" % (table.path, arguments))
        fine = isinstance(got, str) and got.startswith(code) and part in got
        self.tally.check(what, "" if fine else "%.400s instead of %s %s" % (got, code, part))


def names_of_files(c):
    names = ("a%20b c.parquet", "\u00e9 \u4e2d.parquet", "p=x%2Fy/f+1.parquet", "q#?&;=.parquet", "100%.parquet", "a:b.parquet")
    t = Table(c.root, "na mes %41 \u00e9'", [("id", "long")])
    adds = [t.file(n, [("id", "long", [i])]) for i, n in enumerate(names)]
    absolute = os.path.join(c.root, "else where%.parquet")
    other = t.file("../else where%.parquet", [("id", "long", [99])], url="file://" + urllib.parse.quote(absolute))
    plain = t.file("../here.parquet", [("id", "long", [98])], url=os.path.join(c.root, "here.parquet"))
    t.commit(*adds, other, plain)
    c.gives("names of files", t, "array_agg(id ORDER BY id)", [([0, 1, 2, 3, 4, 5, 98, 99],)])
    t.commit({"remove": {"path": urllib.parse.quote(names[1]).lower(), "dataChange": True}},
             {"remove": {"path": other["add"]["path"], "dataChange": True}})
    c.gives("a remove by another spelling of its file", t, "array_agg(id ORDER BY id)", [([0, 2, 3, 4, 5, 98],)])


def partitions(c):
    fields = [("id", "long"), ("s", "string"), ("d", "date"), ("b", "boolean"), ("n", "decimal(5,2)"), ("t", "timestamp"),
              ("z", "timestamp_ntz"), ("f", "double"), ("i", "byte"), ("x", "binary")]
    names = [f[0] for f in fields[1:]]
    t = Table(c.root, "partitions", fields, names, features=("timestampNtz",))
    values = (
        ("a b%20\u00e9/=", "1969-12-31", "true", "-1.50", "1969-12-31 23:59:59.999999", "1960-01-01 00:00:00", "NaN", "-128", "abc"),
        (None,) * 9, ("",) * 9,
        ("'", "9999-12-31", "false", "999.99", "2024-02-29T12:00:00.5Z", "2024-02-29 12:00:00.123456", "-Infinity", "127", "\u00e9"),
        ("null", "0001-01-01", "TRUE", "0", "2024-02-29 12:00:00", "0001-01-01 00:00:00", "-0.0", "0", "x"))
    t.commit(*(t.file("%d.parquet" % i, [("id", "long", [i])], partition=dict(zip(names, v))) for i, v in enumerate(values)))
    select = "id, s, d::text, b, n::text, t::text, z::text, f::text, i, x"
    got = [r[:-1] + (None if r[-1] is None else bytes(r[-1]),) for r in c.rows(
        "SELECT %s FROM read_delta('%s') ORDER BY id" % (select, t.path))]
    want = [
        (0, "a b%20\u00e9/=", "1969-12-31", True, "-1.50", "1969-12-31 23:59:59.999999+00", "1960-01-01 00:00:00", "NaN", -128, b"abc"),
        (1,) + (None,) * 9, (2,) + (None,) * 9,
        (3, "'", "9999-12-31", False, "999.99", "2024-02-29 12:00:00.5+00", "2024-02-29 12:00:00.123456", "-Infinity", 127, "\u00e9".encode()),
        (4, "null", "0001-01-01", True, "0.00", "2024-02-29 12:00:00+00", "0001-01-01 00:00:00", "-0", 0, b"x")]
    for g, w in zip(got, want):
        c.tally.check("partition values, row %s" % w[0], "" if g == w else "%s instead of %s" % (g, w))
    for test, ids in (("s IS NULL", [1, 2]), ("s = ''", None), ("d < '1970-01-01'", [0, 4]), ("f = 'NaN'", [0]), ("f = 0", [4]),
                      ("b", [0, 4]), ("n >= 0", [3, 4]), ("t = '2024-02-29 12:00:00.5+00'", [3]), ("i < -5", [0]),
                      ("s = 'null'", [4]), ("s IS NOT NULL AND f > 1", [0])):
        c.gives("partitions: " + test, t, "array_agg(id ORDER BY id)", [(ids,)], "WHERE " + test)


def statistics(c):
    fields = [("id", "long"), ("s", "string"), ("f", "double"), ("t", "timestamp"), ("n", "decimal(18,4)")]
    t = Table(c.root, "statistics", fields)
    long = "k" * 60
    at = 1700000000123456
    t.commit(
        t.file("1.parquet", [("id", "long", [1, 2]), ("s", "string", [(long + "a").encode(), (long + "z").encode()]),
                             ("f", "double", [1.5, float("nan")]), ("t", "timestamp", [at, at + 999]),
                             ("n", "decimal(18,4)", [12345678901234, 12345678905678])],
               stats={"minValues": {"id": 1, "s": "k" * 32, "f": 1.5, "t": "2023-11-14T22:13:20.123Z", "n": 1234567890.1234},
                      "maxValues": {"id": 2, "s": "k" * 32 + "\U0010ffff", "f": 1.5, "t": "2023-11-14T22:13:20.124Z", "n": 1234567890.5678},
                      "nullCount": {"id": 0, "s": 0, "f": 0, "t": 0, "n": 0}}),
        t.file("2.parquet", [("id", "long", [3]), ("s", "string", [b""]), ("f", "double", [-0.0]), ("t", "timestamp", [at - 3600 * 10 ** 6]),
                             ("n", "decimal(18,4)", [-1])],
               stats={"minValues": {"id": 3, "s": "", "f": 0.0, "t": "2023-11-14T22:13:20.123+01:00", "n": -0.0001},
                      "maxValues": {"id": 3, "s": "", "f": 0.0, "t": "2023-11-14T22:13:20.123+01:00", "n": -0.0001},
                      "nullCount": {"id": 0, "s": 0, "f": 0, "t": 0, "n": 0}}),
        t.file("3.parquet", [("id", "long", [4]), ("s", "string", [None]), ("f", "double", [None]), ("t", "timestamp", [None]),
                             ("n", "decimal(18,4)", [None])],
               stats={"minValues": {"id": 4}, "maxValues": {"id": 4}, "nullCount": {"s": 1, "f": 1, "t": 1, "n": 1}}),
        t.file("4.parquet", [("id", "long", [5]), ("s", "string", ["\u00e9".encode()]), ("f", "double", [float("inf")]),
                             ("t", "timestamp", [0]), ("n", "decimal(18,4)", [0])],
               stats={"minValues": {"f": "Infinity"}, "maxValues": {"f": "Infinity"}, "nullCount": {}}))
    for test, ids in (("s = '%sz'" % long, [2]), ("s > '%sb'" % long, [2, 5]), ("s = ''", [3]), ("s IS NULL", [4]), ("f = 'NaN'", [2]),
                      ("f > 100", [2, 5]), ("f >= 1.5", [1, 2, 5]), ("f = 0", [3]), ("f < 0", None),
                      ("t = timestamptz '2023-11-14 22:13:20.124455+00'", [2]), ("t > timestamptz '2023-11-14 22:13:20.124+00'", [2]),
                      ("t < timestamptz '2023-11-14 21:30:00+00'", [3, 5]), ("n = 1234567890.5678", [2]), ("n < 0", [3]),
                      ("n IS NULL", [4]), ("id IN (3, 5)", [3, 5]), ("f = 'Infinity'", [5]), ("s IS NOT NULL AND id > 4", [5])):
        c.gives("statistics: " + test.replace(long, "k.."), t, "array_agg(id ORDER BY id)", [(ids,)], "WHERE " + test)


def absent_columns(c):
    t = Table(c.root, "absent", [("p", "integer"), ("v", "void"), ("later", "string")], ["p"])
    t.commit(t.file("1.parquet", [], rows=3, partition={"p": "7"}), t.file("2.parquet", [("later", "string", [b"x"])], partition={"p": "8"}))
    c.gives("files without columns", t, "p, v, later", [(7, None, None)] * 3 + [(8, None, "x")], "ORDER BY p")
    c.gives("files without columns, counted", t, "count(*)", [(4,)])
    c.gives("files without columns, one column", t, "sum(p)", [(29,)], "WHERE later IS NULL OR p = 8")
    t = Table(c.root, "no rows", [("a", "long")])
    t.commit(t.file("1.parquet", [("a", "long", [])]))
    c.gives("a file without rows", t, "*", [])
    t = Table(c.root, "no files", [("a", "long")])
    t.commit()
    c.gives("no files", t, "count(*)", [(0,)])
    char = {"__CHAR_VARCHAR_TYPE_STRING": "char(4)"}
    fields = [("c", "string", char), ("g", "long", {"delta.generationExpression": "id + 1"}),
              ("d", "integer", {"CURRENT_DEFAULT": "5"}),
              ("n", "long", {"delta.identity.start": 1, "delta.identity.step": 1, "delta.identity.allowExplicitInsert": False})]
    t = Table(c.root, "writers", fields, writer=("generatedColumns", "allowColumnDefaults", "identityColumns", "rowTracking", "domainMetadata",
                                                 "clustering", "icebergCompatV1", "checkConstraints", "appendOnly", "invariants", "changeDataFeed"),
              configuration={"delta.enableRowTracking": "true"})
    add = t.file("1.parquet", [("c", "string", [b"ab  "]), ("g", "long", [2]), ("n", "long", [1])])
    add["add"].update(baseRowId=0, defaultRowCommitVersion=0, clusteringProvider="liquid")
    t.commit(add, {"domainMetadata": {"domain": "delta.clustering", "configuration": "{}", "removed": False}})
    c.gives("features of writers", t, "c, g, d, n", [("ab  ", 2, None, 1)])


def widened(c):
    pairs = (("byte", "short", [-128, 127]), ("byte", "integer", [-128]), ("byte", "long", [-128]), ("short", "integer", [-32768]),
             ("short", "long", [32767]), ("integer", "long", [-2 ** 31]), ("float", "double", [1.1, -0.0]), ("byte", "double", [-5]),
             ("short", "double", [300]), ("integer", "double", [2 ** 31 - 1]), ("byte", "decimal(10,0)", [-7]),
             ("short", "decimal(12,2)", [-300]), ("integer", "decimal(12,2)", [-2 ** 31]), ("long", "decimal(20,0)", [-2 ** 63]),
             ("decimal(5,2)", "decimal(10,2)", [-12345]), ("decimal(5,2)", "decimal(12,4)", [12345]), ("date", "timestamp_ntz", [-1, 19000]))
    for number, (old, new, values) in enumerate(pairs):
        t = Table(c.root, "widened%d" % number, [("a", new, {"delta.typeChanges": [{"fromType": old, "toType": new}]})],
                  features=("typeWidening", "timestampNtz"), configuration={"delta.enableTypeWidening": "true"})
        def low_high(v):
            return {"minValues": {"a": v[0]}, "maxValues": {"a": v[1]}, "nullCount": {"a": 0}}
        plain = old in ("byte", "short", "integer", "long", "float")
        t.commit(t.file("1.parquet", [("a", old, values)], stats=low_high((min(values), max(values))) if plain else None))
        cast = {"timestamp_ntz": "timestamp"}.get(new, {"short": "smallint", "long": "bigint", "double": "float8"}.get(new, new))
        for v in values:
            text = str(v)
            if old.startswith("decimal"):
                text = "%s.%s" % (str(v)[:-2], str(v)[-2:])
            if old == "date":
                text = "epoch'::timestamp + interval '%d days" % v
            if old == "float":
                text = repr(struct.unpack("<f", struct.pack("<f", v))[0])
            c.gives("%s to %s: %s" % (old, new, v), t, "count(*) > 0 AND every(pg_typeof(a) = pg_typeof(NULL::%s))" % cast, [(True,)],
                    "WHERE a = ('%s')::%s" % (text, cast) if old != "date" else "WHERE a = '%s'" % text)


def mapped(c):
    def field(name, t, number, physical):
        return (name, t, {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": physical})
    for mode in ("id", "name"):
        fields = [field("b", "long", 1, "col-1"), field("a", "string", 2, "col-2"), field("p", "integer", 3, "col-3")]
        t = Table(c.root, "mapped-" + mode, fields, ["p"], features=("columnMapping",), configuration={"delta.columnMapping.mode": mode})
        names = ("col-1", "col-2") if mode == "name" else ("renamed", "a")
        t.commit(t.file("1.parquet", [(names[0], "long", [1, 2], 1), (names[1], "string", [b"x", None], 2)], partition={"col-3": "4"},
                        stats={"minValues": {"col-1": 1}, "maxValues": {"col-1": 2}, "nullCount": {"col-1": 0, "col-2": 1}}))
        c.gives("columns mapped by " + mode, t, "a, b, p", [("x", 1, 4), (None, 2, 4)], "ORDER BY b")
        c.gives("columns mapped by %s, pruned" % mode, t, "b", [(2,)], "WHERE b = 2 AND p = 4 AND a IS NULL")


Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def z85(data):
    out = ""
    for (n,) in struct.iter_unpack(">I", data):
        out += "".join(Z85[n // 85 ** k % 85] for k in (4, 3, 2, 1, 0))
    return out


def bitmap(rows):
    """One array container, or none for no rows, in the portable form of 64 bits."""
    if not rows:
        return struct.pack("<IQ", 1681511377, 0)
    return (struct.pack("<IQIIIHHI", 1681511377, 1, 0, 12346, 1, 0, len(rows) - 1, 16) +
            b"".join(struct.pack("<H", r) for r in rows))


def vector_file(path, contents):
    """A file of several vectors; their offsets."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    out, offsets = b"\1", []
    for content in contents:
        offsets.append(len(out))
        out += struct.pack(">I", len(content)) + content + struct.pack(">I", zlib.crc32(content))
    with open(path, "wb") as f:
        f.write(out)
    return offsets


def deletion_vectors(c):
    t = Table(c.root, "vectors", [("id", "long"), ("k", "long")], features=("deletionVectors",))

    def add(number, vector):
        action = t.file("%d.parquet" % number, [("id", "long", list(range(number * 10, number * 10 + 5))), ("k", "long", [number] * 5)],
                        stats={"minValues": {"k": number}, "maxValues": {"k": number}, "nullCount": {"k": 0}, "tightBounds": False})
        action["add"]["deletionVector"] = vector
        return action

    some, all_rows, none = bitmap([1, 3]), bitmap([0, 1, 2, 3, 4]), bitmap([])
    names = [uuid.UUID(int=i + 7) for i in range(3)]
    name = "deletion_vector_%s.bin"
    at = vector_file(os.path.join(t.path, name % names[0]), [none, some])
    prefixed = vector_file(os.path.join(t.path, "ab", name % names[1]), [all_rows])
    absolute = os.path.join(c.root, "vectors of %s.bin")
    vector_file(absolute, [some])
    padded = some + b"\0" * (-len(some) % 4)

    def vector(kind, where, offset, content, rows):
        return {"storageType": kind, "pathOrInlineDv": where, "sizeInBytes": len(content), "cardinality": rows,
                **({} if offset is None else {"offset": offset})}

    adds = [add(0, vector("u", z85(names[0].bytes), at[1], some, 2)), add(1, vector("u", z85(names[0].bytes), at[0], none, 0)),
            add(2, vector("u", "ab" + z85(names[1].bytes), prefixed[0], all_rows, 5)),
            add(3, vector("p", "file://" + urllib.parse.quote(absolute), 1, some, 2)), add(4, vector("i", z85(padded), None, some, 2))]
    t.commit(*adds)
    c.gives("deletion vectors", t, "array_agg(id ORDER BY id)", [([0, 2, 4, 10, 11, 12, 13, 14, 30, 32, 34, 40, 42, 44],)])
    c.gives("deletion vectors, filtered", t, "array_agg(id ORDER BY id)", [([32, 34],)], "WHERE k = 3 AND id > 30")
    c.gives("deletion vectors, counted", t, "count(*)", [(14,)])
    got = c.rows("SELECT files, rows FROM delta_detail('%s')" % t.path)
    c.tally.check("deletion vectors, delta_detail", "" if got == [(5, 14)] else str(got))
    # A newer vector of the same file takes the place of the older one.
    newer = add(0, vector("i", z85(bitmap([0, 1, 2, 3, 4]) + b"\0\0"), None, all_rows, 5))
    remove = {"remove": {"path": adds[0]["add"]["path"], "deletionVector": adds[0]["add"]["deletionVector"], "dataChange": True}}
    t.commit(newer, remove)
    c.gives("a newer deletion vector", t, "count(*)", [(11,)], "WHERE k < 100")
    c.gives("the older one", t, "count(*)", [(14,)], arguments=", version => 0")
    broken = add(5, vector("u", z85(names[2].bytes), 1, some, 2))
    t.commit(broken)
    c.fails("a vector that is not there", t, "58P01", str(names[2]))


def logs(c):
    t = Table(c.root, "hole", [("a", "long")])
    t.commit(t.file("1.parquet", [("a", "long", [1])]))
    t.commit(t.file("2.parquet", [("a", "long", [2])]), version=1)
    t.commit(t.file("4.parquet", [("a", "long", [4])]), version=3)
    c.fails("a log with a hole", t, "XX001", "2")
    c.gives("before the hole", t, "sum(a)", [(3,)], arguments=", version => 1")
    config = {"delta.enableInCommitTimestamps": "true", "delta.inCommitTimestampEnablementVersion": "2",
              "delta.inCommitTimestampEnablementTimestamp": "1700000200000"}
    fields = [("a", "long")]
    t = Table(c.root, "times", fields)
    for v in range(2):
        t.commit(t.file("%d.parquet" % v, [("a", "long", [1])]), mtime=1700000000 + 100 * v, info={"timestamp": 5})
    for v in range(2, 5):
        more = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["inCommitTimestamp"]}},
                t.metadata(fields, [], config)] if v == 2 else []
        # What the file system says is of another year.
        t.commit(*more, t.file("%d.parquet" % v, [("a", "long", [1])]), mtime=1800000000 - v,
                 info={"timestamp": 5, "inCommitTimestamp": 1700000000000 + 100000 * v})
    for when, rows in (("1700000000", 1), ("1700000099.999999", 1), ("1700000100", 2), ("1700000199.999", 2), ("1700000200", 3),
                       ("1700000399.999999", 4), ("1700000400", 5), ("1900000000", 5)):
        c.cursor.execute("SELECT to_timestamp(%s)::text" % when)
        c.gives("as of %s" % when, t, "count(*)", [(rows,)], arguments=", timestamp => '%s'" % c.cursor.fetchone()[0])
    t = Table(c.root, "copied", fields)
    for v in range(4):
        t.commit(t.file("%d.parquet" % v, [("a", "long", [1])]), mtime=1750000000 - v)
    c.gives("as of a time of files that is out of order", t, "count(*)", [(4,)], arguments=", timestamp => '%s'" % "2025-06-15 15:06:40+00")
    c.fails("before all of them", t, "22023", "timestamp", ", timestamp => '2025-06-15 15:06:39+00'")
    for v in range(4, 7):
        more = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["inCommitTimestamp"]}},
                t.metadata(fields, [], config)] if v == 4 else []
        t.commit(*more, t.file("%d.parquet" % v, [("a", "long", [1])]), info={"inCommitTimestamp": 1700000000000 + 100000 * v})
    for second, rows in ((1700000400, 5), (1700000550, 6), (1900000000, 7)):
        c.cursor.execute("SELECT to_timestamp(%d)::text" % second)
        c.gives("as of %d, of files that are copied" % second, t, "count(*)", [(rows,)],
                arguments=", timestamp => '%s'" % c.cursor.fetchone()[0])
    c.fails("before the first commit", t, "22023", "timestamp", ", timestamp => '2023-01-01 00:00:00+00'")


# ---- random tables ----

EPOCH = datetime.datetime(1970, 1, 1)
RANDOM_TYPES = ("integer", "long", "double", "float", "string", "date", "timestamp", "boolean", "decimal(9,2)")
CASTS = {"integer": "integer", "long": "bigint", "double": "float8", "float": "float4", "string": "text", "date": "date",
         "timestamp": "timestamptz", "boolean": "boolean", "decimal(9,2)": "numeric"}


def random_value(r, t):
    if t == "boolean":
        return r.random() < 0.5
    if t in ("double", "float"):
        v = r.choice((r.uniform(-9, 9), float(r.randint(-5, 5)), 0.1, float("nan") if r.random() < 0.3 else -0.0))
        return struct.unpack("<f", struct.pack("<f", v))[0] if t == "float" else v
    if t == "string":
        return (r.choice(("", "a", "\u00e9", "k" * 33, "k" * 40)) + r.choice("abc\u4e2d")).encode()
    if t == "timestamp":
        return r.randint(-5, 5) * 10 ** 9 + r.randint(0, 3000)
    return r.randint(-50, 50)


def as_statistic(t, v, greatest):
    """As Spark has it: texts and times are cut."""
    if t == "string":
        text = v.decode()
        return text[:32] + "\U0010ffff" if greatest and len(text) > 32 else text[:32]
    if t == "timestamp":
        return (EPOCH + datetime.timedelta(milliseconds=v // 1000)).isoformat(timespec="milliseconds") + "Z"
    if t == "date":
        return (EPOCH + datetime.timedelta(days=v)).date().isoformat()
    if t == "float":
        return float("%.9g" % v)
    return v / 100 if t.startswith("decimal") else v


def random_stats(r, columns):
    out = {"minValues": {}, "maxValues": {}, "nullCount": {}}
    for name, t, values in columns:
        some = [v for v in values if v is not None and v == v]
        if r.random() < 0.1:
            continue
        out["nullCount"][name] = sum(v is None for v in values)
        if some and t != "boolean":
            out["minValues"][name] = as_statistic(t, min(some), False)
            out["maxValues"][name] = as_statistic(t, max(some), True)
    return out


class RandomTable:
    def __init__(self, c, r, name):
        self.r, self.c = r, c
        self.types = [r.choice(RANDOM_TYPES) for _ in range(r.randint(1, 4))]
        self.partition = r.random() < 0.5
        fields = [("id", "long")] + [("c%d" % i, t) for i, t in enumerate(self.types)]
        self.table = Table(c.root, name, fields, ["c0"] if self.partition else [], features=("deletionVectors",))
        self.files = {}  # name: (action, ids)
        self.next_id = self.next_file = 0

    def add(self):
        r, t = self.r, self.table
        n = r.randint(1, 12)
        ids = list(range(self.next_id, self.next_id + n))
        self.next_id += n
        columns = [("id", "long", ids)]
        first = 1 if self.partition else 0
        for i, kind in list(enumerate(self.types))[first:]:
            if r.random() < 0.9:  # else the column came later
                nulls = r.choice((0, 0, 0.3, 1))
                columns.append(("c%d" % i, kind, [None if r.random() < nulls else random_value(r, kind) for _ in ids]))
        name = "%d x%%.parquet" % self.next_file
        self.next_file += 1
        stats = random_stats(r, columns) if r.random() < 0.85 else None
        action = t.file(name, columns, partition={"c0": self.partition_text()} if self.partition else {}, stats=stats)
        self.files[name] = (action, ids)
        return [action]

    def partition_text(self):
        kind, v = self.types[0], random_value(self.r, self.types[0])
        if self.r.random() < 0.2:
            return None
        if kind == "string":
            return v.decode()
        if kind == "boolean":
            return str(v).lower()
        if kind == "timestamp":
            return str(EPOCH + datetime.timedelta(microseconds=v))
        if v != v:
            return "NaN"
        return as_statistic(kind, v, False) if kind == "date" else str(v / 100) if kind.startswith("dec") else repr(v)

    def remove(self, name):
        action = self.files[name][0]["add"]
        out = {"path": action["path"], "dataChange": True}
        if "deletionVector" in action:
            out["deletionVector"] = action["deletionVector"]
        return {"remove": out}

    def delete_rows(self, name):
        action, ids = self.files[name]
        old = self.remove(name)
        gone = sorted(self.r.sample(range(len(ids)), self.r.randint(1, len(ids))))
        content = bitmap(gone)
        add = dict(action["add"], deletionVector={
            "storageType": "i", "pathOrInlineDv": z85(content + b"\0" * (-len(content) % 4)), "sizeInBytes": len(content),
            "cardinality": len(gone)})
        self.files[name] = ({"add": add}, ids)
        self.deleted[name] = {ids[g] for g in gone}
        return [old, {"add": add}]

    def step(self):
        r, actions = self.r, []
        for _ in range(r.randint(1, 3)):
            actions += self.add()
        name = r.choice(list(self.files))
        if r.random() < 0.4 and name not in [urllib.parse.unquote(a["add"]["path"]) for a in actions]:
            if r.random() < 0.5:
                actions.append(self.remove(name))
                del self.files[name]
                self.deleted.pop(name, None)
            else:
                actions += self.delete_rows(name)
        self.table.commit(*actions)

    def wanted(self):
        return sorted(i for name, (_, ids) in self.files.items() for i in ids if i not in self.deleted.get(name, ()))

    def condition(self):
        i = self.r.randrange(len(self.types))
        kind, name = self.types[i], "c%d" % i
        if self.r.random() < 0.2:
            return "%s IS %sNULL" % (name, self.r.choice(("", "NOT ")))
        v = random_value(self.r, kind)
        text = {"string": lambda: v.decode(), "date": lambda: as_statistic(kind, v, False),
                "timestamp": lambda: str(EPOCH + datetime.timedelta(microseconds=v)),
                "decimal(9,2)": lambda: str(v / 100)}.get(kind, lambda: str(v))()
        return "%s %s '%s'::%s" % (name, self.r.choice(("=", "<", "<=", ">", ">=", "<>")), text, CASTS[kind])

    def run(self):
        self.deleted = {}
        for step in range(5):
            self.step()
            c, source = self.c, "read_delta('%s')" % self.table.path
            got = c.rows("SELECT array_agg(id ORDER BY id) FROM " + source)
            if got != [(self.wanted() or None,)]:
                return "step %d: %s instead of %s" % (step, got, self.wanted())
            c.cursor.execute("DROP TABLE IF EXISTS probe; CREATE TABLE probe AS SELECT * FROM " + source)
            for _ in range(8):
                test = " AND ".join(self.condition() for _ in range(self.r.choice((1, 1, 2))))
                sql = "SELECT array_agg(id ORDER BY id) FROM %s WHERE " + test
                got, want = c.rows(sql % source), c.rows(sql % "probe")
                if got != want or isinstance(got, str):
                    return "step %d, %s: %s instead of %s" % (step, test, got, want)
        return ""


def random_tables(c, count, seed):
    for number in range(count):
        problem = RandomTable(c, random.Random("%d-%d" % (seed, number)), "random%d" % number).run()
        c.tally.check("random table %d, seed %d (%s)" % (number, seed, c.root), problem)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    args = parser.parse_args()
    root = tempfile.mkdtemp(prefix="tarn-written-")
    try:
        with Server() as server:
            c = Checker(server, root)
            for part in (names_of_files, partitions, statistics, absent_columns, widened, mapped, deletion_vectors, logs):
                part(c)
            random_tables(c, args.tables, args.seed)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return c.tally.finish()


if __name__ == "__main__":
    sys.exit(main())
