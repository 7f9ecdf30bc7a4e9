"""A small Parquet writer: optional columns, plain values, one row group, no compression."""
import struct

BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTES = 0, 1, 2, 4, 5, 6
PACK = {INT32: "<i", INT64: "<q", FLOAT: "<f", DOUBLE: "<d"}
UTF8, DECIMAL, DATE, TIMESTAMP_MICROS, INT_8, INT_16 = 0, 5, 6, 10, 15, 16


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


class Fields:
    """A Thrift struct of the compact protocol."""

    def __init__(self):
        self.out, self.last = b"", 0

    def put(self, number, kind, content):
        self.out += bytes([number - self.last << 4 | kind]) + content
        self.last = number
        return self

    def i32(self, number, n):
        return self.put(number, 5, varint(n << 1 ^ n >> 63))

    def i64(self, number, n):
        return self.put(number, 6, varint(n << 1 ^ n >> 63))

    def text(self, number, s):
        return self.put(number, 8, varint(len(s)) + s)

    def struct(self, number, fields):
        return self.put(number, 12, fields.end())

    def list(self, number, kind, items):
        head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xf0 | kind]) + varint(len(items))
        return self.put(number, 9, head + b"".join(items))

    def end(self):
        return self.out + b"\0"


def body(kind, values):
    """Definition levels, bit-packed, and the values that are not None."""
    groups = (len(values) + 7) // 8
    bits = sum((v is not None) << i for i, v in enumerate(values))
    levels = varint(groups << 1 | 1) + bits.to_bytes(groups, "little")
    some = [v for v in values if v is not None]
    if kind == BYTES:
        data = b"".join(struct.pack("<I", len(v)) + v for v in some)
    elif kind == BOOLEAN:
        data = sum(v << i for i, v in enumerate(some)).to_bytes((len(some) + 7) // 8, "little")
    else:
        data = b"".join(struct.pack(PACK[kind], v) for v in some)
    return struct.pack("<I", len(levels)) + levels + data


def write(path, rows, columns):
    """columns: (name, physical type, converted type or None, values, more), `more` with field_id, precision, scale."""
    out, elements, chunks, total = b"PAR1", [Fields().text(4, b"root").i32(5, len(columns)).end()], [], 0
    for name, kind, converted, values, more in columns:
        page = body(kind, values)
        head = Fields().i32(1, 0).i32(2, len(page)).i32(3, len(page)).struct(
            5, Fields().i32(1, rows).i32(2, 0).i32(3, 3).i32(4, 3)).end()
        meta = Fields().i32(1, kind).list(2, 5, [varint(0)]).list(3, 8, [varint(len(name.encode())) + name.encode()])
        meta.i32(4, 0).i64(5, rows).i64(6, len(head + page)).i64(7, len(head + page)).i64(9, len(out))
        chunks.append(Fields().i64(2, len(out)).struct(3, meta).end())
        out += head + page
        total += len(head + page)
        element = Fields().i32(1, kind).i32(3, 1).text(4, name.encode())
        if converted is not None:
            element.i32(6, converted)
        for number, key in ((7, "scale"), (8, "precision"), (9, "field_id")):
            if key in more:
                element.i32(number, more[key])
        elements.append(element.end())
    group = Fields().list(1, 12, chunks).i64(2, total).i64(3, rows)
    footer = Fields().i32(1, 1).list(2, 12, elements).i64(3, rows).list(4, 12, [group.end()]).end()
    with open(path, "wb") as f:
        f.write(out + footer + struct.pack("<I", len(footer)) + b"PAR1")
