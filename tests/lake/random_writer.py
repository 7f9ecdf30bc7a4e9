"""Writes random Parquet files by pyarrow and DuckDB, and what must be read from them.

    random_writer.py FOLDER SEED COUNT

FOLDER/N.parquet and FOLDER/N.json: {"columns": [[name, kind], ...], "rows": [[value, ...], ...]}; the kinds are
those of random_parquet.py. Each file is a function of SEED and N. A line of output tells of each file; one that
DuckDB reads otherwise than pyarrow has written it is told of by "WITNESS".
"""
import datetime
import decimal
import io
import json
import math
import os
import random
import struct
import sys
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

MAX_DEPTH = 3
WORDS = ("", "a", "b\"c\\", "\u00e9\u4e2d\U0001f600", "x" * 40, "line\nbreak\ttab", "common prefix one", "common prefix two",
         "~", "\u007f\u0080\uffff")
YEAR_US = 31556952 * 1000000


# ---- Types and values ----

def scalar_type(r):
    def decimals():
        precision = r.choice((1, 4, 9, 10, 18, 19, 28, 38))
        return pa.decimal128(precision, r.choice((0, precision // 2, precision)))

    unit, fine = r.choice(("s", "ms", "us", r.finest)), r.choice(("us", r.finest))
    return r.choice((
        pa.bool_, pa.int8, pa.int16, pa.int32, pa.int64, pa.uint8, pa.uint16, pa.uint32, pa.uint64, pa.float16, pa.float32,
        pa.float64, pa.float64, pa.string, pa.string, pa.large_string, pa.binary, lambda: pa.binary(r.choice((1, 7, 16))),
        pa.date32, pa.date64, lambda: pa.time32(r.choice(("s", "ms"))), lambda: pa.time64(fine),
        lambda: pa.timestamp(unit), lambda: pa.timestamp(unit, "UTC"), lambda: pa.timestamp(unit, "America/New_York"),
        decimals, decimals, pa.uuid, lambda: pa.dictionary(pa.int32(), pa.string()), pa.json_, pa.null))()


def field(r, name, t, nullable):
    return pa.field(name, t, nullable=pa.types.is_null(t) or r.random() < nullable)


def random_type(r, depth):
    if depth >= MAX_DEPTH or r.random() < (0.7 if depth == 0 else 0.55):
        return scalar_type(r)
    shape = r.random()
    if shape < 0.4:
        make = r.choice((pa.list_, pa.large_list, lambda t: pa.list_(field(r, "x", t, 0.7))))
        return make(random_type(r, depth + 1))
    if shape < 0.75:
        return pa.struct([field(r, "f%d" % i, random_type(r, depth + 1), 0.8) for i in range(r.randint(1, 3))])
    key = r.choice((pa.string(), pa.string(), pa.int32(), pa.date32()))
    return pa.map_(key, random_type(r, depth + 1))


def storage(t):
    return t.storage_type if isinstance(t, pa.BaseExtensionType) else t


def integer(r, low, high):
    x = r.random()
    if x < 0.1:
        return r.choice((low, high, 0, min(high, 1), max(low, -1)))
    if x < 0.5:
        return r.randint(max(low, -100), min(high, 100))
    return r.randint(low, high)


def double(r, digits):
    x = r.random()
    if x < 0.1:
        return r.choice((float("nan"), float("inf"), -float("inf"), -0.0, 0.0))
    v = r.choice((r.uniform(-1000, 1000), float(r.randint(-50, 50)), r.gauss(0, 1e-3)))
    return struct.unpack("<" + digits, struct.pack("<" + digits, v))[0]


def text(r):
    if r.random() < 0.7:
        return r.choice(WORDS)
    return "".join(chr(r.choice((97, 98, 99, 0xe4, 0x3b1))) for _ in range(r.randint(0, 200 if r.random() < 0.05 else 12)))


def instant(r, unit):
    """Years 1700 to 2240, many before 1970; without what is finer than the unit."""
    per_second = {"s": 1, "ms": 10 ** 3, "us": 10 ** 6, "ns": 10 ** 9}[unit]
    if r.random() < 0.2:
        return r.choice((0, -1, 1, -per_second, per_second - 1, -10 * 31556952 * per_second))
    return r.randint(-270 * 31556952, 270 * 31556952) * per_second + r.randint(0, per_second - 1)


def value(r, t, nullable, nulls):
    if pa.types.is_null(t) or nullable and r.random() < nulls:
        return None
    if isinstance(t, pa.UuidType):
        return uuid.UUID(int=r.getrandbits(128)).bytes
    if isinstance(t, pa.JsonType):
        return r.choice(("{}", "[1, 2.50]", '{"a": null}', '"x"'))
    if pa.types.is_dictionary(t):
        return text(r)
    if pa.types.is_struct(t):
        return {f.name: value(r, f.type, f.nullable, nulls) for f in t}
    if pa.types.is_map(t):
        keys = {value(r, t.key_type, False, 0) for _ in range(r.choice((0, 1, 2, 4)))}
        return [(k, value(r, t.item_type, True, nulls)) for k in sorted(keys)]
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        f = t.value_field
        return [value(r, f.type, f.nullable, nulls) for _ in range(r.choice((0, 0, 1, 2, 3, 9)))]
    return flat_value(r, t)


def flat_value(r, t):
    if pa.types.is_boolean(t):
        return r.random() < 0.5
    if pa.types.is_integer(t):
        bits = t.bit_width
        signed = pa.types.is_signed_integer(t)
        return integer(r, -(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1)
    if pa.types.is_floating(t):
        return double(r, {16: "e", 32: "f", 64: "d"}[t.bit_width])
    if pa.types.is_decimal(t):
        whole = integer(r, -10 ** t.precision + 1, 10 ** t.precision - 1)
        return decimal.Decimal(whole).scaleb(-t.scale, decimal.Context(prec=60))
    if pa.types.is_string(t) or pa.types.is_large_string(t):
        return text(r)
    if pa.types.is_fixed_size_binary(t):
        return bytes(r.getrandbits(8) for _ in range(t.byte_width)) if r.random() < 0.6 else b"\0" * t.byte_width
    if pa.types.is_binary(t):
        return bytes(r.getrandbits(8) for _ in range(r.randint(0, 9)))
    if pa.types.is_date32(t):
        return integer(r, -200000, 200000)
    if pa.types.is_date64(t):
        return integer(r, -200000, 200000) * 86400000
    if pa.types.is_time(t):
        return r.randint(0, 86400 * {"s": 1, "ms": 10 ** 3, "us": 10 ** 6, "ns": 10 ** 9}[t.unit] - 1)
    return instant(r, t.unit)


def numbers_only(t):
    """The type with dates and times as the numbers that flat_value gives for them, to build an array from."""
    if pa.types.is_date32(t) or pa.types.is_time32(t):
        return pa.int32()
    if pa.types.is_date64(t) or pa.types.is_time64(t) or pa.types.is_timestamp(t):
        return pa.int64()
    if pa.types.is_struct(t):
        return pa.struct([pa.field(f.name, numbers_only(f.type), f.nullable) for f in t])
    if pa.types.is_map(t):
        return pa.map_(numbers_only(t.key_type), numbers_only(t.item_type))
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        make = pa.list_ if pa.types.is_list(t) else pa.large_list
        return make(t.value_field.with_type(numbers_only(t.value_type)))
    if pa.types.is_dictionary(t):
        return t.value_type
    return storage(t)


def build(values, t):
    """An array of the type by its buffers, which numbers and times share."""
    return retyped(pa.array(values, numbers_only(t)), t)


def retyped(a, t):
    if pa.types.is_struct(t):
        return pa.StructArray.from_arrays([retyped(a.field(i), t.field(i).type) for i in range(t.num_fields)],
                                          fields=list(t), mask=a.is_null())
    if pa.types.is_map(t):
        keys, items = retyped(a.keys, t.key_type), retyped(a.items, t.item_type)
        entries = pa.StructArray.from_arrays([keys, items], fields=[t.key_field, t.item_field])
        return pa.Array.from_buffers(t, len(a), a.buffers()[:2], a.null_count, children=[entries])
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return pa.Array.from_buffers(t, len(a), a.buffers()[:2], a.null_count, children=[retyped(a.values, t.value_type)])
    if pa.types.is_dictionary(t):
        return a.dictionary_encode()
    if isinstance(t, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(t, a)
    return a if a.type == t else a.view(t)


def column(r, t, nullable, rows):
    nulls = r.choice((0, 0, 0.05, 0.3, 0.95, 1)) if nullable else 0
    inner = r.choice((0, 0.2))
    style = r.choice(("any", "any", "few", "sorted", "runs"))
    pool = [value(r, t, False, inner) for _ in range(4 if style == "few" else max(1, rows // 20) if style == "runs" else rows)]
    if style == "few":
        values = [r.choice(pool) for _ in range(rows)]
    elif style == "runs":
        values = [pool[i * len(pool) // max(rows, 1)] for i in range(rows)]
    else:
        values = pool
    if style == "sorted" and not pa.types.is_nested(t) and not pa.types.is_null(t):
        values.sort(key=lambda v: (isinstance(v, float) and math.isnan(v), v))
    return build([None if r.random() < nulls else v for v in values], t)


# ---- What must be read ----

def kind_of(t, int96):
    """The kind of a column, by which values are compared."""
    if isinstance(t, pa.UuidType):
        return "uuid"
    if isinstance(t, pa.JsonType):
        return "text"
    if pa.types.is_dictionary(t):
        t = t.value_type
    for test, kind in ((pa.types.is_nested, "json"), (pa.types.is_boolean, "bool"), (pa.types.is_integer, "plain"),
                       (pa.types.is_float64, "f64"), (pa.types.is_floating, "f32"), (pa.types.is_decimal, "plain"),
                       (pa.types.is_date, "date"), (pa.types.is_time, "time"), (pa.types.is_null, "text")):
        if test(t):
            return kind
    if pa.types.is_timestamp(t):
        return "timestamptz" if t.tz and not int96 else "timestamp"
    if t == pa.month_day_nano_interval():
        return "interval"
    return "text" if pa.types.is_string(t) or pa.types.is_large_string(t) else "hex"


def micros(number, unit):
    return number * {"s": 10 ** 6, "ms": 10 ** 3, "us": 1}[unit] if unit != "ns" else number // 1000


def iso(us, nanos, tz):
    days, rest = divmod(us, 86400 * 10 ** 6)
    day = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
    return "%sT%s%s" % (day.isoformat(), clock(rest, nanos), "Z" if tz else "")


def clock(us, nanos):
    """With what is left of the nanoseconds; None: the unit is a coarser one."""
    s, fraction = divmod(us, 10 ** 6)
    out = "%02d:%02d:%02d" % (s // 3600, s // 60 % 60, s % 60)
    digits = "%06d" % fraction + ("" if nanos is None else "%03d" % nanos)
    return out + ("." + digits if int(digits) else "")


def real(v):
    return v if math.isfinite(v) else "NaN" if math.isnan(v) else "Infinity" if v > 0 else "-Infinity"


def plain_value(s, kind, int96):
    """The value of a column that is not nested."""
    t = s.type
    if not s.is_valid or pa.types.is_null(t):
        return None
    if kind in ("date", "time", "timestamp", "timestamptz"):
        if pa.types.is_date32(t):
            return s.value
        if pa.types.is_date64(t):
            return s.value // 86400000
        return micros(s.value, t.unit)
    v = s.as_py()
    if kind == "f64":
        return struct.pack(">d", v).hex()
    if kind == "f32":
        return struct.pack(">f", v).hex()
    if kind == "plain":
        return format(v, "f") if isinstance(v, decimal.Decimal) else str(v)
    if kind == "interval":
        return [v.months, v.days, v.nanoseconds // 1000]
    return v.hex() if kind == "hex" else str(v) if kind == "uuid" else v


def json_value(s, int96):
    """As SYNCED-TABLES has nested values."""
    t = s.type
    if not s.is_valid or pa.types.is_null(t):
        return None
    if pa.types.is_struct(t):
        return {f.name: json_value(s[f.name], int96) for f in t}
    if pa.types.is_map(t):
        pairs = [(p[0], p[1]) for p in zip(s.values.field(0), s.values.field(1))]
        if pa.types.is_string(t.key_type):
            return {k.as_py(): json_value(v, int96) for k, v in pairs}
        return [{"key": json_value(k, int96), "value": json_value(v, int96)} for k, v in pairs]
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return [json_value(v, int96) for v in s.values]
    return json_scalar(s, int96)


def json_scalar(s, int96):
    t, v = s.type, None
    kind = kind_of(t, int96)
    if kind == "date":
        return (datetime.date(1970, 1, 1) + datetime.timedelta(days=plain_value(s, kind, int96))).isoformat()
    if kind in ("time", "timestamp", "timestamptz"):
        nanos = s.value % 1000 if t.unit == "ns" and not (int96 and pa.types.is_timestamp(t)) else None
        us = micros(s.value, t.unit)
        return clock(us, nanos) if kind == "time" else iso(us, nanos, kind == "timestamptz")
    v = s.as_py()
    if kind in ("f32", "f64"):
        return ["float", struct.pack(">d", v).hex() if kind == "f64" else struct.pack(">f", v).hex()]
    if kind == "plain":
        return ["number", format(v, "f") if isinstance(v, decimal.Decimal) else str(v)]
    if kind == "hex":
        import base64
        return base64.b64encode(v).decode()
    return str(v) if kind == "uuid" else v


def expected(table, int96):
    columns, out = [], []
    for f, c in zip(table.schema, table.columns):
        kind = kind_of(f.type, int96)
        columns.append([f.name, kind])
        make = (lambda s: json_value(s, int96)) if kind == "json" else (lambda s, k=kind: plain_value(s, k, int96))
        out.append([make(s) for chunk in c.chunks for s in chunk])
    return {"columns": columns, "rows": [list(row) for row in zip(*out)]}


# ---- Files ----

def encodings(r, t):
    """One that fits the type, or None."""
    t = storage(t)
    if pa.types.is_nested(t) or pa.types.is_dictionary(t) or pa.types.is_null(t):
        return None
    if pa.types.is_boolean(t):
        return r.choice((None, "PLAIN", "RLE"))
    if pa.types.is_floating(t) and t.bit_width > 16:
        return r.choice((None, "PLAIN", "BYTE_STREAM_SPLIT"))
    if pa.types.is_fixed_size_binary(t) or pa.types.is_float16(t):
        return r.choice((None, "PLAIN", "BYTE_STREAM_SPLIT", "DELTA_BYTE_ARRAY"))
    if pa.types.is_decimal(t):
        return None
    if pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_binary(t):
        return r.choice((None, "PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"))
    return r.choice((None, "PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"))


def is_instant(t):
    return pa.types.is_timestamp(t)


def write_arrow(r, table, path):
    codecs = ("NONE", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4")
    int96 = r.random() < 0.1
    options = {
        "version": r.version, "data_page_version": r.choice(("1.0", "2.0")),
        "data_page_size": r.choice((1, 64, 1000, 1 << 20)), "write_batch_size": r.choice((1, 7, 100, 1024)),
        "dictionary_pagesize_limit": r.choice((1, 100, 1 << 20)), "write_page_index": r.random() < 0.5,
        "write_page_checksum": r.random() < 0.5, "write_statistics": r.random() < 0.8,
        "use_compliant_nested_type": r.random() < 0.6, "store_schema": r.random() < 0.5,
        "store_decimal_as_integer": r.random() < 0.5, "use_deprecated_int96_timestamps": int96,
        "row_group_size": r.choice((1, 3, 50, 400, 1 << 20)) if len(table) < 400 else r.choice((100, 900, 1 << 20)),
    }
    options["compression"] = r.choice(codecs) if r.random() < 0.5 else {n: r.choice(codecs) for n in table.column_names}
    chosen = {f.name: encodings(r, f.type) for f in table.schema}
    chosen = {n: e for n, e in chosen.items() if e and not (int96 and is_instant(table.schema.field(n).type))}
    if r.random() < 0.6 and chosen:
        options["column_encoding"] = chosen
        options["use_dictionary"] = [n for n in table.column_names if n not in chosen and r.random() < 0.5]
    else:
        options["use_dictionary"] = r.random() < 0.7
    pq.write_table(table, path, **options)
    return int96, options


def write_duckdb(r, table, path):
    """The table by way of DuckDB, whose writer has other encodings."""
    c = duckdb.connect()
    c.execute("SET threads = 1")
    c.execute("SET timezone = 'UTC'")
    c.register("arrow_table", table)
    extra = ", CASE WHEN id % 3 > 0 THEN to_months(id) + to_days(id % 40) + to_milliseconds(id * 7) END AS span"
    options = ["FORMAT parquet", "CODEC '%s'" % r.choice(("uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw")),
               "ROW_GROUP_SIZE %d" % r.choice((2048, 4096)), "PARQUET_VERSION %s" % r.choice(("V1", "V2"))]
    if r.random() < 0.3:
        options.append("DICTIONARY_SIZE_LIMIT %d" % r.choice((1, 10, 1000)))
    c.execute("COPY (SELECT *%s FROM arrow_table) TO '%s' (%s)" % (extra, path, ", ".join(options)))
    return options


def arrow_types_for_duckdb(t):
    return not (pa.types.is_float16(t) or pa.types.is_null(t) or isinstance(t, pa.BaseExtensionType))


def witness(table, path, int96):
    """The columns of plain numbers and texts that DuckDB reads otherwise."""
    c = duckdb.connect()
    out = []
    names = [f.name for f in table.schema if kind_of(f.type, int96) in ("plain", "text", "bool") and not
             pa.types.is_null(f.type)]
    for name in names:
        got = c.execute('SELECT "%s" FROM read_parquet(\'%s\')' % (name, path)).fetchall()
        want = [s.as_py() for chunk in table[name].chunks for s in chunk]
        if [g[0] for g in got] != want:
            out.append(name)
    return out


def one_file(folder, seed, number):
    r = random.Random("%s-%s" % (seed, number))
    rows = r.choice((0, 1, 2, 7, 60, 60, 300, 1500))
    by_duckdb = number % 5 == 4
    r.version = r.choice(("1.0", "2.4", "2.6"))
    r.finest = "ns" if r.version == "2.6" else "us"  # the older ones have no nanoseconds
    names = ["c%d" % i for i in range(r.randint(1, 6))]
    types = [random_type(r, 0) for _ in names]
    if by_duckdb:
        types = [t if arrow_types_for_duckdb(t) and not pa.types.is_nested(t) else pa.list_(pa.int64()) for t in types]
    fields = [pa.field("id", pa.int64(), nullable=False)] + [
        field(r, n, t, 0.8) for n, t in zip(names, types)]
    arrays = [pa.array(range(rows), pa.int64())] + [column(r, f.type, f.nullable, rows) for f in fields[1:]]
    table = pa.table(arrays, schema=pa.schema(fields))
    path = os.path.join(folder, "%d.parquet" % number)
    if by_duckdb:
        options, int96 = write_duckdb(r, table, path), False
        table = read_back(path)
    else:
        int96, options = write_arrow(r, table, path)
    with io.open(os.path.join(folder, "%d.json" % number), "w") as f:
        json.dump(expected(table, int96), f)
    print(number, "duckdb" if by_duckdb else "pyarrow", options, [str(t) for t in types], flush=True)
    differs = witness(table, path, int96)
    if differs:
        print("WITNESS", number, differs, flush=True)


def read_back(path):
    """What DuckDB has written, by pyarrow; its intervals, which pyarrow does not read, by their making. Nor does it read
    DELTA_BINARY_PACKED numbers of 32 bits with differences of more: these DuckDB reads itself."""
    try:
        table = pq.read_table(path)
    except OSError:
        table = duckdb.connect().execute("SELECT * FROM read_parquet('%s')" % path).to_arrow_table()
    spans = [pa.MonthDayNano([i, i % 40, i * 7000000]) if i % 3 > 0 else None for i in table["id"].to_pylist()]
    at = table.schema.get_field_index("span")
    return table.set_column(at, "span", pa.array(spans, pa.month_day_nano_interval()))


def main():
    folder, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    for number in range(first, first + count):
        one_file(folder, seed, number)


if __name__ == "__main__":
    main()
