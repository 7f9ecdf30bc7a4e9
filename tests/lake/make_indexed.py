"""Writes tests/data/parquet_index: files with statistics and page indexes, of random data (needs pyarrow).

    make_indexed.py FOLDER

The files are kept in the repository; this is how they were made. Columns come as sorted, clustered and
random values, with NULLs, NaN, negative zeros and long texts; rows are few, but row groups and pages many.
"""
import datetime
import decimal
import random
import sys
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1600


def column(r, make, nulls, order):
    values = [make() for _ in range(ROWS)]
    if order == "sorted":
        values.sort()
    if order == "clustered":
        values.sort()
        blocks = [values[i:i + 130] for i in range(0, ROWS, 130)]
        r.shuffle(blocks)
        values = [v for b in blocks for v in b]
    for i in range(ROWS):
        if r.random() < nulls:
            values[i] = None
    return values


def odd_double(r):
    x = r.random()
    return float("nan") if x < 0.002 else -0.0 if x < 0.01 else 0.0 if x < 0.02 else r.uniform(-1e3, 1e3)


def table(r):
    day = datetime.date(1960, 1, 1)
    noon = datetime.datetime(1969, 12, 31, 12)
    us = datetime.timedelta(microseconds=1)
    names, arrays = [], []

    def add(name, kind, make, nulls=0.1, order="clustered"):
        names.append(name)
        arrays.append(pa.array(column(r, make, nulls, order), kind))

    add("id", pa.int64(), lambda: r.randrange(-10**12, 10**12), 0, "sorted")
    add("i8", pa.int8(), lambda: r.randrange(-128, 128))
    add("i32", pa.int32(), lambda: r.randrange(-2**31, 2**31))
    add("u32", pa.uint32(), lambda: r.randrange(2**32))
    add("u64", pa.uint64(), lambda: r.randrange(2**64))
    add("f16", pa.float16(), lambda: round(r.uniform(-500, 500)))
    add("f32", pa.float32(), lambda: r.randrange(-2**20, 2**20) / 8)
    names.append("f64")
    doubles = sorted((odd_double(r) for _ in range(ROWS)), key=lambda v: (v != v, v))
    arrays.append(pa.array(doubles, pa.float64()))
    add("small", pa.decimal128(9, 2), lambda: decimal.Decimal(r.randrange(-10**9 + 1, 10**9)).scaleb(-2))
    add("large", pa.decimal128(30, 5), lambda: decimal.Decimal(r.randrange(-10**29, 10**29)).scaleb(-5))
    add("text", pa.string(), lambda: "%s %d" % (r.choice(["ä", "z", "Zoë", "", "中文" * 40]), r.randrange(10**6)))
    add("few", pa.string(), lambda: r.choice(["a", "b", "c", "d", "e"]), 0.05)
    add("bytes", pa.binary(), lambda: r.randbytes(r.randrange(1, 12)))
    add("day", pa.date32(), lambda: day + datetime.timedelta(days=r.randrange(9000)))
    add("at", pa.timestamp("us", "UTC"), lambda: noon + us * r.randrange(-10**14, 10**14))
    add("at_ms", pa.timestamp("ms"), lambda: noon + us * 1000 * r.randrange(-10**11, 10**11))
    add("at_ns", pa.timestamp("ns"), lambda: r.randrange(-10**17, 10**17))
    add("clock", pa.time64("us"), lambda: (noon + us * r.randrange(36 * 10**9)).time())
    add("flag", pa.bool_(), lambda: r.random() < 0.5, 0.02)
    add("nothing", pa.int32(), lambda: 1, 1.0, "random")
    add("mostly", pa.int32(), lambda: r.randrange(100), 0.995, "random")
    add("list", pa.list_(pa.int32()), lambda: [r.randrange(9) for _ in range(r.randrange(4))], 0.1, "random")
    add("pair", pa.struct([("a", pa.int64()), ("b", pa.string())]),
        lambda: {"a": r.randrange(9), "b": r.choice("xyz")}, 0.1, "random")
    add("gone", pa.binary(16), lambda: uuid.UUID(int=r.getrandbits(128)).bytes)
    return pa.table(arrays, names)


def main(folder):
    r = random.Random(20261128)
    for name, options in (
            ("v1", {"compression": "snappy", "write_page_index": True}),
            ("v2", {"compression": "zstd", "write_page_index": True, "data_page_version": "2.0"}),
            ("plain", {"compression": "none", "write_page_index": True, "use_dictionary": False,
                       "data_page_version": "2.0", "store_decimal_as_integer": True}),
            ("no_index", {"compression": "snappy"}),
            ("no_statistics", {"compression": "snappy", "write_statistics": False})):
        pq.write_table(table(r), "%s/%s.parquet" % (folder, name), row_group_size=400, data_page_size=300,
                       write_batch_size=50, dictionary_pagesize_limit=4000, **options)
    # A first input for the fuzz target.
    tiny = table(r).slice(0, 160).select(["id", "text", "few", "list"])
    pq.write_table(tiny, folder + "/tiny.parquet", row_group_size=80, data_page_size=100, write_batch_size=10,
                   write_page_index=True)


if __name__ == "__main__":
    main(sys.argv[1])
