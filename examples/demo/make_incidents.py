#!/usr/bin/env python3
"""Makes a Delta table of support incidents with a model's predictions, for the demo.

    make_incidents.py FOLDER [--rows 5000] [--seed 7]

The same arguments give the same rows. An existing table is left alone. Standard library only: the
Parquet files are written here, with gzip pages, PLAIN values and a nested column.
"""
import argparse
import datetime
import gzip
import json
import os
import random
import struct
import sys
import time
import uuid

# ---- Parquet: the Thrift compact protocol, levels, pages ----

BOOLEAN, INT32, INT64, DOUBLE, BYTE_ARRAY = 0, 1, 2, 5, 6
UTF8, LIST, DECIMAL, TIMESTAMP_MICROS = 0, 3, 5, 10
REQUIRED, OPTIONAL, REPEATED = 0, 1, 2
PLAIN, RLE, GZIP = 0, 3, 2
T_TRUE, T_I32, T_I64, T_BINARY, T_LIST, T_STRUCT = 1, 5, 6, 8, 9, 12


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def zigzag(n):
    return varint((n << 1) ^ (n >> 63) if n < 0 else n << 1)


def thrift_value(kind, v):
    if kind in (T_I32, T_I64):
        return zigzag(v)
    if kind == T_BINARY:
        raw = v.encode() if isinstance(v, str) else v
        return varint(len(raw)) + raw
    if kind == T_STRUCT:
        return v
    item_kind, items = v
    head = bytes([len(items) << 4 | item_kind]) if len(items) < 15 else \
        bytes([0xF0 | item_kind]) + varint(len(items))
    return head + b"".join(thrift_value(item_kind, x) for x in items)


def thrift_struct(*fields):
    """fields: (id, kind, value), ascending; a value None is left out."""
    out, last = bytearray(), 0
    for number, kind, v in fields:
        if v is None:
            continue
        out.append((number - last) << 4 | kind)
        out += thrift_value(kind, v)
        last = number
    return bytes(out) + b"\0"


def levels(values, maximum):
    """Run lengths, with the length of all before them."""
    width = (maximum.bit_length() + 7) // 8
    out, i = bytearray(), 0
    while i < len(values):
        j = i
        while j < len(values) and values[j] == values[i]:
            j += 1
        out += varint((j - i) << 1) + values[i].to_bytes(width, "little")
        i = j
    return struct.pack("<i", len(out)) + bytes(out)


def as_bytes(v):
    return v.encode() if isinstance(v, str) else v


def plain(kind, values):
    if kind == BOOLEAN:
        out = bytearray((len(values) + 7) // 8)
        for i, v in enumerate(values):
            out[i // 8] |= v << i % 8
        return bytes(out)
    if kind == BYTE_ARRAY:
        return b"".join(struct.pack("<i", len(v)) + v for v in map(as_bytes, values))
    return struct.pack("<%d%s" % (len(values), {INT32: "i", INT64: "q", DOUBLE: "d"}[kind]), *values)


class Leaf:
    """A column of a file: `get` takes a row and gives (repetition, definition, value) triples."""

    def __init__(self, path, kind, max_rep, max_def, get):
        self.path = path
        self.kind = kind
        self.max_rep = max_rep
        self.max_def = max_def
        self.get = get

    def chunk(self, rows, offset):
        """The page and its ColumnChunk."""
        triples = [t for row in rows for t in self.get(row)]
        body = b""
        if self.max_rep:
            body += levels([t[0] for t in triples], self.max_rep)
        if self.max_def:
            body += levels([t[1] for t in triples], self.max_def)
        body += plain(self.kind, [t[2] for t in triples if t[1] == self.max_def])
        packed = gzip.compress(body, mtime=0)
        header = thrift_struct(
            (1, T_I32, 0), (2, T_I32, len(body)), (3, T_I32, len(packed)),
            (5, T_STRUCT, thrift_struct((1, T_I32, len(triples)), (2, T_I32, PLAIN),
                                        (3, T_I32, RLE), (4, T_I32, RLE))))
        meta = thrift_struct(
            (1, T_I32, self.kind), (2, T_LIST, (T_I32, [PLAIN, RLE])),
            (3, T_LIST, (T_BINARY, self.path)), (4, T_I32, GZIP), (5, T_I64, len(triples)),
            (6, T_I64, len(header) + len(body)), (7, T_I64, len(header) + len(packed)),
            (9, T_I64, offset))
        return header + packed, thrift_struct((2, T_I64, offset), (3, T_STRUCT, meta))


def element(name, kind=None, repetition=None, children=None, converted=None, scale=None,
            precision=None):
    return thrift_struct((1, T_I32, kind), (3, T_I32, repetition), (4, T_BINARY, name),
                         (5, T_I32, children), (6, T_I32, converted), (7, T_I32, scale),
                         (8, T_I32, precision))


def parquet_file(schema, leaves, rows):
    out = bytearray(b"PAR1")
    chunks = []
    for leaf in leaves:
        page, chunk = leaf.chunk(rows, len(out))
        out += page
        chunks.append(chunk)
    group = thrift_struct((1, T_LIST, (T_STRUCT, chunks)), (2, T_I64, len(out) - 4),
                          (3, T_I64, len(rows)))
    footer = thrift_struct((1, T_I32, 1), (2, T_LIST, (T_STRUCT, schema)), (3, T_I64, len(rows)),
                           (4, T_LIST, (T_STRUCT, [group])), (6, T_BINARY, "Tarn demo"))
    return bytes(out) + footer + struct.pack("<I", len(footer)) + b"PAR1"


# ---- the incidents ----

PRODUCTS = ["billing", "ingest", "notebooks", "sql-editor", "vector-search", "workflows"]
CATEGORIES = {
    "access": ["login", "token", "permission", "sso", "expired"],
    "cost": ["invoice", "quota", "charge", "budget", "refund"],
    "data-quality": ["duplicate", "missing", "null", "stale", "schema"],
    "outage": ["timeout", "unavailable", "crash", "restart", "latency"],
    "performance": ["slow", "queue", "memory", "spill", "skew"],
}
TIERS = ["bronze", "silver", "gold"]
START = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)


def make_row(number, rng):
    category = rng.choice(sorted(CATEGORIES))
    words = rng.sample(CATEGORIES[category], 3)
    product = rng.choice(PRODUCTS)
    opened = START + datetime.timedelta(minutes=11 * number, seconds=rng.randrange(600))
    sure = round(rng.betavariate(6, 2), 4)
    return {
        "incident_id": "INC-%06d" % number,
        "opened_at": int(opened.timestamp()) * 1000000 + rng.randrange(1000000),
        "product": product,
        "severity": rng.choice([1, 2, 2, 3, 3, 3, 4]),
        "customer_tier": rng.choice(TIERS),
        "subject": "%s in %s" % (" and ".join(words[:2]), product),
        "resolved": rng.random() < 0.6,
        "credit": rng.randrange(0, 50000) if rng.random() < 0.3 else None,  # cents
        "prediction": None if rng.random() < 0.02 else {
            "category": category, "confidence": sure, "signals": words[:rng.randrange(0, 4)]},
    }


def required(name):
    return lambda row: [(0, 0, row[name])]


def optional(name):
    return lambda row: [(0, 0, None)] if row[name] is None else [(0, 1, row[name])]


def predicted(name):
    return lambda row: [(0, 0, None)] if row["prediction"] is None else \
        [(0, 2, row["prediction"][name])]


def signals(row):
    p = row["prediction"]
    if p is None:
        return [(0, 0, None)]
    if not p["signals"]:
        return [(0, 2, None)]
    return [(1 if i else 0, 4, s) for i, s in enumerate(p["signals"])]


SCHEMA = [
    element("schema", children=9),
    element("incident_id", BYTE_ARRAY, REQUIRED, converted=UTF8),
    element("opened_at", INT64, REQUIRED, converted=TIMESTAMP_MICROS),
    element("product", BYTE_ARRAY, REQUIRED, converted=UTF8),
    element("severity", INT32, REQUIRED),
    element("customer_tier", BYTE_ARRAY, REQUIRED, converted=UTF8),
    element("subject", BYTE_ARRAY, REQUIRED, converted=UTF8),
    element("resolved", BOOLEAN, REQUIRED),
    element("credit", INT32, OPTIONAL, converted=DECIMAL, scale=2, precision=8),
    element("prediction", repetition=OPTIONAL, children=3),
    element("category", BYTE_ARRAY, OPTIONAL, converted=UTF8),
    element("confidence", DOUBLE, OPTIONAL),
    element("signals", repetition=OPTIONAL, children=1, converted=LIST),
    element("list", repetition=REPEATED, children=1),
    element("element", BYTE_ARRAY, OPTIONAL, converted=UTF8),
]
# Definition levels of signals: 1 prediction, 2 signals, 3 list (its elements), 4 element. An empty list
# ends at 2; no element is NULL here, so 3 does not occur.
LEAVES = [
    Leaf(["incident_id"], BYTE_ARRAY, 0, 0, required("incident_id")),
    Leaf(["opened_at"], INT64, 0, 0, required("opened_at")),
    Leaf(["product"], BYTE_ARRAY, 0, 0, required("product")),
    Leaf(["severity"], INT32, 0, 0, required("severity")),
    Leaf(["customer_tier"], BYTE_ARRAY, 0, 0, required("customer_tier")),
    Leaf(["subject"], BYTE_ARRAY, 0, 0, required("subject")),
    Leaf(["resolved"], BOOLEAN, 0, 0, required("resolved")),
    Leaf(["credit"], INT32, 0, 1, optional("credit")),
    Leaf(["prediction", "category"], BYTE_ARRAY, 0, 2, predicted("category")),
    Leaf(["prediction", "confidence"], DOUBLE, 0, 2, predicted("confidence")),
    Leaf(["prediction", "signals", "list", "element"], BYTE_ARRAY, 1, 4, signals),
]
DELTA_SCHEMA = {
    "type": "struct",
    "fields": [{"name": n, "type": t, "nullable": n in ("credit", "prediction"), "metadata": {}}
               for n, t in [
        ("incident_id", "string"), ("opened_at", "timestamp"), ("product", "string"),
        ("severity", "integer"), ("customer_tier", "string"), ("subject", "string"),
        ("resolved", "boolean"), ("credit", "decimal(8,2)"),
        ("prediction", {"type": "struct", "fields": [
            {"name": "category", "type": "string", "nullable": True, "metadata": {}},
            {"name": "confidence", "type": "double", "nullable": True, "metadata": {}},
            {"name": "signals", "type": {"type": "array", "elementType": "string",
                                         "containsNull": True}, "nullable": True, "metadata": {}},
        ]})]],
}


# ---- the table ----

def add_action(folder, rows, rng, when_ms):
    name = "part-%05d-%s.gz.parquet" % (0, uuid.UUID(int=rng.getrandbits(128), version=4))
    raw = parquet_file(SCHEMA, LEAVES, rows)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(raw)
    stats = {"numRecords": len(rows),
             "minValues": {"incident_id": min(r["incident_id"] for r in rows)},
             "maxValues": {"incident_id": max(r["incident_id"] for r in rows)},
             "nullCount": {"incident_id": 0, "credit": sum(r["credit"] is None for r in rows)}}
    return {"add": {"path": name, "partitionValues": {}, "size": len(raw),
                    "modificationTime": when_ms, "dataChange": True, "stats": json.dumps(stats)}}


def write_commit(folder, version, actions):
    """A commit appears at once, complete."""
    path = os.path.join(folder, "_delta_log", "%020d.json" % version)
    with open(path + ".tmp", "w", encoding="utf-8") as f:
        f.write("".join(json.dumps(a, separators=(",", ":")) + "\n" for a in actions))
    os.rename(path + ".tmp", path)


def commit_info(operation, when_ms):
    return {"commitInfo": {"timestamp": when_ms, "operation": operation,
                           "operationParameters": {"mode": "Append"}, "engineInfo": "Tarn demo"}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if os.path.exists(os.path.join(args.folder, "_delta_log", "%020d.json" % 1)):
        print("%s is there already" % args.folder)
        return 0
    os.makedirs(os.path.join(args.folder, "_delta_log"), exist_ok=True)
    rng = random.Random(args.seed)
    rows = [make_row(i + 1, rng) for i in range(args.rows)]
    now = int(time.time() * 1000)
    half = args.rows // 2
    write_commit(args.folder, 0, [
        commit_info("CREATE TABLE AS SELECT", now),
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                      "name": "incidents_w_preds", "format": {"provider": "parquet", "options": {}},
                      "schemaString": json.dumps(DELTA_SCHEMA), "partitionColumns": [],
                      "configuration": {}, "createdTime": now}},
        add_action(args.folder, rows[:half], rng, now)])
    write_commit(args.folder, 1, [commit_info("WRITE", now),
                                  add_action(args.folder, rows[half:], rng, now)])
    print("%s: %d incidents in 2 versions" % (args.folder, args.rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
