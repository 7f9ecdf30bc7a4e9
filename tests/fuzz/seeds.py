"""First inputs of the fuzz targets, as (name, bytes). The formats are at the head of each target."""
import glob
import itertools
import os
import struct

from lake_seeds import TARGETS as LAKE_TARGETS, files
from tarn import ROOT, Server

HEADER_BYTES = 32  # of a log record
FOUND = os.path.join(ROOT, "tests", "fuzz", "found")  # inputs that once failed, a folder a target

# In the order of fuzz_types.c.
VALUES = (
    ("0", "-12345.678901", "1e-20", "NaN", "-Infinity", "99999999999999999999.5"),
    ("2024-02-29 23:59:59.999999", "infinity", "0044-03-15 BC", "J2451187 04:05"),
    ("2024-07-01 12:00:00+05:30", "Jan 8 1999 04:05:06.789 America/New_York", "epoch",
     "4714-11-23 20:09:04-04:56:02 BC"),
    ("1 year 2 mons -3 days 04:05:06.7", "P1Y2M3DT4H5M6.7S", "@ 1 day ago", "1-2 3 4:05:06"),
    ('{"a": [1, 2.5e10, null, true], "\\u00e9": "x"}', "[]", '"\\ud83d\\ude00"'),
    ('{"b": {"c": []}, "a": [1, -2.50, "y"], "a": 2}', "-0.0", "[[[]]]"),
    ("{1,2,NULL,-3}", "[0:1][2:3]={{1,2},{3,4}}", "{}"),
    ('{a,"b\\"c",NULL,"NULL",""}', "{{a,b},{c,d}}"),
    ("{1.5,NaN,1e100}",), ("2024-02-29", "-infinity", "99999-12-31", "20240229"),
    ("04:05:06.789", "24:00:00", "04:05 PM"), ("04:05:06-08:00", "04:05 America/New_York"),
    ("t", "off", "yes"), ("\\xdeadbeef", "a\\\\b\\001"), ("a", "\\377"), ("name", "x" * 63),
    ("-9223372036854775808", " 12 "), ("-32768",), ("2147483647",), ("1 2 3",), ("1 2 4294967295",),
    ("some text", "\u00e9\u4e2d"), ("4294967295",), ("(1,2)", "(4294967295,65535)"), ("7",),
    ("1.5", "-0", "3.4e38", "NaN", "1e-45"), ("1.7976931348623157e308", "5e-324", "Infinity"),
    ("abc  ", ""), ("abcdef", "a     "), ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                          "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}"),
    ("18446744073709551615",), ('{"{\\"a\\":1}",null}',), ('{"1 day",NULL}',),
    ('{"\\\\x01"}',), ('{"2024-01-01 00:00:00+00"}',))


def types():
    for number, values in enumerate(VALUES):
        for i, value in enumerate(values):
            for how in (0, 2, 2 | 2 << 3):
                yield "%d-%d-%d" % (number, i, how), bytes([number, how]) + value.encode()
    for number, value in ((0, struct.pack(">hhHhhh", 2, 0, 0x4000, 2, 12, 3450)),
                          (3, struct.pack(">qii", 5, 6, 7)), (3, struct.pack(">qii", -2 ** 63, -7, 0)), (5, b"\x01[1]"),
                          (6, struct.pack(">iiiiiiiii", 1, 0, 23, 2, 1, 4, 7, 4, 8)),
                          (7, struct.pack(">iiiiii", 1, 1, 25, 2, 1, -1) + b"\0\0\0\1a"),
                          (26, struct.pack(">d", 1.5))):
        yield "binary-%d" % number, bytes([number, 1]) + value


def copy():
    lines = (b"1\ta\t\\N\n2\tb\\tc\\\\\td\n\\.\nrest\n", b"1,\"a \"\"q\"\" ,\nb\",\r\n,x,\"\"\r\n",
             b"a|\\x41\\101\\n|\\\n|x\n", b"\xc3\xa9;\xe4\xb8\xad;\"\\\"\"\n", b"one\rtwo\r", b"")
    for i, line in enumerate(lines):
        for flags in (0, 1, 1 | 16, 2, 3):
            for delimiter in range(4):
                yield "%d-%d-%d" % (i, flags, delimiter), bytes([flags, delimiter, i, i]) + line


def packet(kind, body):
    return kind + struct.pack(">i", len(body) + 4) + body


def wire():
    start = struct.pack(">i", 196608) + b"user\0me\0database\0d\0options\0-c a=b\0\0"
    start = struct.pack(">i", len(start) + 4) + start
    bind = (b"p\0s\0" + struct.pack(">hhhhi", 2, 0, 1, 3, 1) + b"7" + struct.pack(">ii", -1, 0) +
            struct.pack(">hh", 1, 1))
    messages = (packet(b"Q", b"SELECT 1\0"),
                packet(b"P", b"s\0SELECT $1\0" + struct.pack(">hii", 2, 23, 0)),
                packet(b"B", bind), packet(b"D", b"Ss\0"), packet(b"D", b"Pp\0"),
                packet(b"E", b"p\0" + struct.pack(">i", 10)), packet(b"C", b"Sx\0"),
                packet(b"S", b""), packet(b"H", b""), packet(b"d", b"1\t2\n"), packet(b"c", b""),
                packet(b"f", b"no\0"), packet(b"p", b"secret\0"), packet(b"F", b"\0" * 12),
                packet(b"X", b""))
    yield "start", b"\1" + start + b"".join(messages)
    yield "ssl", b"\1" + struct.pack(">ii", 8, 80877103) + start
    yield "cancel", b"\1" + struct.pack(">iiii", 16, 80877102, 7, 9)
    for i, m in enumerate(messages):
        yield "message-%d" % i, b"\2" + m


def wal():
    """Beginnings of a log as segments (as they are, and mended), and payloads."""
    with Server() as server:
        server.psql("CREATE TABLE t (a int PRIMARY KEY, b text)")
        server.psql("INSERT INTO t SELECT g, repeat('x', g) FROM generate_series(1, 40) g")
        server.psql("DELETE FROM t WHERE a % 3 = 0")
        server.psql("TRUNCATE t")
        server.kill()
        name = sorted(glob.glob(os.path.join(server.data, "wal", "*.wal")))[0]
        with open(name, "rb") as f:
            log = f.read(1 << 18)
    for size in (100, 1000, 5000, 20000, 1 << 17):
        for kind, content in ((0, log[:size]), (1, log[:size]),
                              (2, log[HEADER_BYTES:HEADER_BYTES + size])):
            yield "%d-%d" % (kind, size), bytes([kind]) + content


def parquet():
    with open(os.path.join(ROOT, "tests", "data", "parquet_index", "tiny.parquet"), "rb") as f:
        yield "page index", f.read()
    for i, (_, content) in enumerate(files("**/*.parquet", 8192)):
        yield "%d" % i, content


def delta_json():
    for i, (_, content) in enumerate(files("**/_delta_log/*.json")):
        yield "%d" % i, content


def found(target):
    for path in sorted(glob.glob(os.path.join(FOUND, target, "*"))):
        with open(path, "rb") as f:
            yield "found-" + os.path.basename(path), f.read()


TARGETS = {"wal": wal, "wire": wire, "copy": copy, "types": types, "parquet": parquet,
           "delta_json": delta_json, **LAKE_TARGETS}


def write(target, folder):
    seen = set()
    for name, content in itertools.chain(TARGETS[target](), found(target)):
        if content not in seen:
            seen.add(content)
            with open(os.path.join(folder, name), "wb") as f:
                f.write(content)
    return len(seen)
