"""First inputs of the lakehouse's fuzz targets. The formats are at the head of each target."""
import glob
import json
import os
import struct
import zlib

from tarn import ROOT

LAKEHOUSE = os.path.join(ROOT, "tests", "data", "lakehouse")
LIMIT = 1 << 16
LOG_FILE_LIMIT, LOG_LIMIT = 6000, 12000  # many small inputs find more than few large ones

# Numbers of the format.
BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTES, FIXED = range(8)
RLE, BIT_PACKED = 3, 4
DATA, DICTIONARY, DATA_V2 = 0, 2, 3
# In the order of lake_memory.c: physical type, width.
KINDS = ((BOOLEAN, 0), (INT32, 4), (INT64, 8), (INT96, 12), (FLOAT, 4), (DOUBLE, 8), (BYTES, 0), (FIXED, 5),
         (INT32, 4), (INT32, 4), (INT32, 4), (INT32, 4), (INT32, 4), (INT32, 4), (INT64, 8), (INT64, 8),
         (INT64, 8), (INT64, 8), (INT64, 8), (INT64, 8), (INT64, 8), (BYTES, 0), (BYTES, 0), (BYTES, 0),
         (BYTES, 0), (FIXED, 7), (FIXED, 16), (FIXED, 20), (FIXED, 16), (FIXED, 2), (FIXED, 12))
LEVELS = ((0, 0), (1, 0), (3, 1), (1, 1), (5, 2))  # of the shapes: definition, repetition
# In the order of fuzz_values.c.
PLAIN, PLAIN_DICTIONARY, RLE_VALUES, DELTA, DELTA_LENGTH, DELTA_BYTES, RLE_DICTIONARY, SPLIT = range(8)


def files(pattern, limit=LIMIT):
    for path in sorted(glob.glob(os.path.join(LAKEHOUSE, pattern), recursive=True)):
        if os.path.getsize(path) <= limit:
            with open(path, "rb") as f:
                yield path, f.read()


# ---- Thrift's compact protocol ----

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def zigzag(n):
    return varint((n << 1) ^ (n >> 63))


def fields(*values):
    """A struct of (id, value): an int is an i32, ("i64", n), bytes, True, a list of such, or a struct."""
    out, last = b"", 0
    for number, value in values:
        kind, content = encoded(value)
        out += bytes([number - last << 4 | kind]) + content
        last = number
    return Struct(out + b"\0")


class Struct(bytes):
    """The bytes of a struct."""


def encoded(value):
    if value is True or value is False:
        return (1 if value else 2), b""
    if isinstance(value, int):
        return 5, zigzag(value)
    if isinstance(value, Struct):
        return 12, bytes(value)
    if isinstance(value, tuple):
        return 6, zigzag(value[1])
    if isinstance(value, bytes):
        return 8, varint(len(value)) + value
    kinds = [encoded(v) for v in value]
    kind = kinds[0][0] if kinds else 12
    if kind in (1, 2):
        return 9, bytes([len(kinds) << 4 | 1]) + bytes(k for k, _ in kinds)
    return 9, bytes([len(kinds) << 4 | kind]) + b"".join(c for _, c in kinds)


# ---- Codecs, in forms that need no library ----

def stored(codec, data):
    if codec == 1:  # snappy: literals
        out = varint(len(data))
        for i in range(0, len(data), 60):
            out += bytes([len(data[i:i + 60]) - 1 << 2]) + data[i:i + 60]
        return out
    if codec == 2:
        z = zlib.compressobj(1, zlib.DEFLATED, 31)
        return z.compress(data) + z.flush()
    raw = lz4_literals(data)
    if codec == 5:
        return struct.pack(">II", len(data), len(raw)) + raw
    if codec == 6:  # zstd: one raw block
        return (b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) +
                struct.pack("<I", len(data) << 3 | 1)[:3] + data)
    return raw if codec == 7 else data


def lz4_literals(data):
    if len(data) < 15:
        return bytes([len(data) << 4]) + data
    rest, out = len(data) - 15, b"\xf0"
    while rest >= 255:
        out, rest = out + b"\xff", rest - 255
    return out + bytes([rest]) + data


# ---- Values ----

def runs(value, n):
    """A run-length section of n equal values of at most a byte."""
    return varint(n << 1) + bytes([value])


def level_bytes(values, maximum):
    width = maximum.bit_length()
    groups = (len(values) + 7) // 8
    number = 0
    for i, v in enumerate(values):
        number |= v << i * width
    return varint(groups << 1 | 1) + number.to_bytes(groups * width, "little")


def delta(values):
    """One block of 128 in four miniblocks, of one width."""
    out = varint(128) + varint(4) + varint(len(values)) + zigzag(values[0] if values else 0)
    steps = [b - a for a, b in zip(values, values[1:])]
    if not steps:
        return out
    least = min(steps)
    width = max(s - least for s in steps).bit_length()
    minis = (len(steps) + 31) // 32
    out += zigzag(least) + bytes([width] * minis + [0] * (4 - minis))
    number = 0
    for i, s in enumerate(steps):
        number |= s - least << i * width
    return out + number.to_bytes(minis * 4 * width, "little")


def plain(kind, n):
    physical, width = KINDS[kind]
    if physical == BOOLEAN:
        return b"\xa5" * ((n + 7) // 8)
    if physical == BYTES:
        return b"".join(struct.pack("<I", i % 4) + b"abc"[:i % 4] for i in range(n))
    return b"".join(struct.pack("<q", i * 77).ljust(width, b"\1")[:width] for i in range(n))


def values_of(kind, encoding, n):
    """None: the encoding does not fit."""
    physical, width = KINDS[kind]
    if encoding == PLAIN:
        return plain(kind, n)
    if encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY):
        return b"\2" + level_bytes([i % 3 for i in range(n)], 3)
    if encoding == RLE_VALUES and physical == BOOLEAN:
        body = runs(1, n)
        return struct.pack("<I", len(body)) + body
    if encoding == DELTA and physical in (INT32, INT64):
        return delta([i * i - 40 for i in range(n)])
    if encoding == DELTA_LENGTH and physical == BYTES:
        return delta([i % 4 for i in range(n)]) + b"".join(b"xyz"[:i % 4] for i in range(n))
    if encoding == DELTA_BYTES and physical in (BYTES, FIXED):
        whole = width or 3
        return (delta([0] + [1] * (n - 1)) + delta([whole] + [whole - 1] * (n - 1)) +
                b"q" * (whole + (whole - 1) * (n - 1)))
    if encoding == SPLIT and physical not in (BOOLEAN, INT96, BYTES):
        return plain(kind, n)
    return None


def shape_levels(shape, n):
    """Levels of n entries, how many of them are values, and how many rows."""
    top, rep = LEVELS[shape]
    defs = [top if i % 3 else top - (top > 0) for i in range(n)]
    reps = [min(rep, i % (rep + 1)) for i in range(n)]
    return defs, reps, sum(d == top for d in defs), sum(r == 0 for r in reps)


def values():
    n = 12
    for kind in range(len(KINDS)):
        for encoding in range(8):
            shape, codec = (kind + encoding) % 5, (kind * 3 + encoding) % 8
            defs, reps, count, rows = shape_levels(shape, n)
            body = values_of(kind, encoding, count)
            if body is None:
                continue
            top, rep = LEVELS[shape]
            d = level_bytes(defs, top) if top else b""
            r = level_bytes(reps, rep) if rep else b""
            dictionary = plain(kind, 3) if encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY) else b""
            out = bytes([kind, shape, codec]) + struct.pack("<HHH", rows * 2, 3, len(dictionary)) + dictionary
            for how in (0, 1):
                out += bytes([encoding, how]) + struct.pack("<HHHH", n, len(r), len(d), len(body)) + r + d + body
            yield "%d-%d" % (kind, encoding), out


def data_page(kind, shape, codec, encoding, n, v2):
    number = (0, 2, 3, 5, 6, 7, 8, 9)[encoding]
    defs, reps, count, rows = shape_levels(shape, n)
    top, rep = LEVELS[shape]
    d = level_bytes(defs, top) if top else b""
    r = level_bytes(reps, rep) if rep else b""
    body = values_of(kind, encoding, count)
    if v2:
        packed, levels = stored(codec, body), r + d
        details = (8, fields((1, n), (2, 0), (3, rows), (4, number), (5, len(d)), (6, len(r)), (7, True)))
    else:
        body = b"".join(struct.pack("<I", len(x)) + x for x in (r, d) if x) + body
        packed, levels = stored(codec, body), b""
        details = (5, fields((1, n), (2, number), (3, RLE), (4, RLE)))
    kept = levels + packed
    crc = zlib.crc32(kept)
    crc -= (crc >> 31) << 32
    head = ((1, DATA_V2 if v2 else DATA), (2, len(levels) + len(body)), (3, len(kept)))
    return fields(*head, (4, crc), details) + kept if n % 2 else fields(*head, details) + kept


def pages():
    for codec in (0, 1, 2, 5, 6, 7):
        for kind, encoding in ((0, PLAIN), (1, RLE_DICTIONARY), (2, DELTA), (6, DELTA_BYTES), (21, PLAIN), (4, SPLIT)):
            shape, n = (codec + kind) % 5, 12 + kind % 2
            chunk = b""
            if encoding == RLE_DICTIONARY:
                body = plain(kind, 3)
                packed = stored(codec, body)
                chunk = fields((1, DICTIONARY), (2, len(body)), (3, len(packed)), (7, fields((1, 3), (2, 0)))) + packed
            chunk += data_page(kind, shape, codec, encoding, n, False) + data_page(kind, shape, codec, encoding, n, True)
            rows = shape_levels(shape, n)[3] * 2
            yield "%d-%d" % (codec, kind), bytes([kind, shape, codec]) + struct.pack("<HH", rows, n * 2) + chunk


def footer():
    for i, (_, content) in enumerate(files("**/*.parquet")):
        length = struct.unpack("<I", content[-8:-4])[0] if len(content) > 12 else 0
        if 0 < length < len(content) - 8 and length < 8192:
            yield "%d" % i, content[-8 - length:-8]


def page_index():
    # 25 bytes of head and values a page of numbers, in fuzz_page_index.c's form.
    for strings, stride in ((0, 37), (1, 52)):
        for order in (0, 2, 4):
            def bound(v):
                return b"v%02d" % v if strings else struct.pack("<i", v)
            locations = [fields((1, ("i64", 4 + stride * p)), (2, stride), (3, ("i64", 5 * p))) for p in range(4)]
            offsets = fields((1, locations))
            columns = fields((1, [False, False, True, False]), (2, [bound(5 * p) for p in range(4)]),
                             (3, [bound(5 * p + 4) for p in range(4)]), (4, 1), (5, [("i64", p) for p in range(4)]))
            least, greatest = bound(0), bound(19)
            yield "%d-%d" % (strings, order), (bytes([strings | order, len(least), len(greatest)]) + least + greatest +
                                               struct.pack("<H", len(offsets)) + offsets + columns)


# ---- Variants ----

def variant():
    metadata = bytes([1, 2, 0, 1, 3]) + b"abc"
    primitives = [(0, b""), (1, b""), (2, b""), (3, b"\x80"), (4, b"\1\2"), (5, b"\1\2\3\4"), (6, b"\xff" * 8),
                  (7, struct.pack("<d", -0.5)), (8, b"\2" + struct.pack("<i", -12345)),
                  (9, b"\3" + struct.pack("<q", 10 ** 15)), (10, b"\x0a" + b"\xfe" * 16), (11, struct.pack("<i", 19000)),
                  (12, struct.pack("<q", 1700000000000000)), (13, struct.pack("<q", -1)), (14, struct.pack("<f", 1.5)),
                  (15, struct.pack("<I", 3) + b"\0\1\2"), (16, struct.pack("<I", 3) + b"x\"y"),
                  (17, struct.pack("<q", 1)), (18, struct.pack("<q", 1)), (19, struct.pack("<q", 1)), (20, bytes(range(16)))]
    items = [bytes([n << 2]) + b for n, b in primitives] + [bytes([3 << 2 | 1]) + b"abc"]
    object_ = bytes([2, 2, 0, 1, 0, 2, 4]) + b"\x0c\1\x0c\2"
    array = bytes([3, 2, 0, 2]) + bytes([4]) + b"\x0c\1\x0c\2"
    items += [object_, array, bytes([3, 1, 0, len(object_)]) + object_, bytes([3, 0, 0]), bytes([2, 0, 0])]
    for i, value in enumerate(items):
        for shape in (0, 1 + i % 4):
            for nulls in ((0,) if not shape else (0, 1, 2)):
                typed = b"\x0c\7" if shape > 2 else b"12345678"
                yield "%d-%d-%d" % (i, shape, nulls), (bytes([shape, nulls]) +
                                                       struct.pack("<HH", len(metadata), len(value)) + metadata + value + typed)


# ---- Deletion vectors ----

def deletion_vector():
    array = struct.pack("<IIHHI", 12346, 1, 0, 2, 16) + struct.pack("<HHH", 1, 5, 900)
    run = struct.pack("<IBHH", 12347, 1, 3, 299) + struct.pack("<HHH", 1, 7, 299)
    dense = struct.pack("<IIHHI", 12346, 1, 0, 4099, 16) + b"\xff" * 512 + b"\x0f" + b"\0" * 7679
    for i, bitmap in enumerate((array, run, dense)):
        one = struct.pack("<Q", 1) + struct.pack("<I", 0) + bitmap
        two = struct.pack("<Q", 2) + struct.pack("<I", 0) + bitmap + struct.pack("<I", 1) + bitmap
        yield "%d-bitmap" % i, b"\5\0" + bitmap
        yield "%d-one" % i, b"\4\0" + one
        yield "%d-two" % i, b"\4\0" + two
        whole = struct.pack("<I", 1681511377) + one
        yield "%d-inline" % i, b"\1\0" + whole + b"\0" * (-len(whole) % 4)
        yield "%d-file" % i, b"\3\0" + whole
    yield "text", b"\0\0" + b"^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L"
    for i, (_, content) in enumerate(files("**/deletion_vector_*.bin", 4096)):
        yield "real-%d" % i, b"\2\0" + content[1:]


# ---- Logs ----

def log_name(name, order):
    """Number of a name in fuzz_log.c; None: none of its kind."""
    if name == "_last_checkpoint":
        return 0
    if name.endswith(".crc"):
        return 14
    if "compacted" in name:
        return 5
    if ".checkpoint." in name:
        parts = name.split(".")
        if len(parts) == 5:
            return 8 if int(parts[2]) == 1 else 9
        if len(parts) == 4:
            return 10 if name.endswith("json") else 11
        return 7
    return 1 + min(order, 3) if name.endswith(".json") else None


def log():
    for folder in sorted(glob.glob(os.path.join(LAKEHOUSE, "delta", "**", "_delta_log"), recursive=True)):
        parts, order, sidecar = [], 0, 12
        for path in sorted(glob.glob(os.path.join(folder, "**", "*"), recursive=True)):
            name = os.path.basename(path)
            if os.path.isdir(path) or name.startswith("."):
                continue
            number = log_name(name, order)
            if "_sidecars" in path:
                number, sidecar = min(sidecar, 13), sidecar + 1
            order += name.endswith(".json") and number in (1, 2, 3, 4)
            if number is None or os.path.getsize(path) > LOG_FILE_LIMIT:
                continue
            with open(path, "rb") as f:
                content = f.read()
            if number == 10:
                content = renamed_sidecars(content)
            parts.append(bytes([number]) + struct.pack("<H", len(content)) + content)
        for how in (0, 1, 2, 4, 8, 16):
            whole = bytes([how]) + b"".join(parts)
            if parts and len(whole) < LOG_LIMIT:
                yield "%s-%d" % (os.path.basename(os.path.dirname(folder)), how), whole


def renamed_sidecars(content):
    lines, names = [], iter(("a.parquet", "b.parquet") + ("c.parquet",) * 1000)
    for line in content.decode().splitlines():
        action = json.loads(line)
        if "sidecar" in action:
            action["sidecar"]["path"] = next(names)
        lines.append(json.dumps(action))
    return "\n".join(lines).encode()


# ---- Answers ----

LISTING = (b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
           b"<Name>b</Name><Prefix>t/</Prefix><KeyCount>2</KeyCount><IsTruncated>true</IsTruncated>"
           b"<NextContinuationToken>next==</NextContinuationToken><Contents><Key>t/a&amp;b.json</Key>"
           b"<LastModified>2024-01-02T03:04:05.678Z</LastModified><ETag>&quot;x&quot;</ETag><Size>12</Size></Contents>"
           b"<CommonPrefixes><Prefix>t/c/</Prefix></CommonPrefixes></ListBucketResult>")
BLOBS = (b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs><Blob><Name>t/a</Name>'
         b"<Properties><Last-Modified>Tue, 02 Jan 2024 03:04:05 GMT</Last-Modified><Content-Length>7</Content-Length>"
         b"<ResourceType>file</ResourceType></Properties></Blob><BlobPrefix><Name>t/c/</Name></BlobPrefix></Blobs>"
         b"<NextMarker>2!n</NextMarker></EnumerationResults>")


def answers():
    yield "s3", b"\0" + LISTING
    yield "azure", b"\0" + BLOBS
    yield "error", b"\1<Error><Code>AccessDenied</Code><Message>no &lt;way&gt;</Message><Key>k</Key></Error>"
    yield "json error", b'\1{"error": {"code": 403, "message": "no"}}'
    yield "table", b'\2{"data_source_format": "DELTA", "storage_location": "s3://b/t", "table_id": "1-2", "x": null}'
    yield "s3 grant", (b'\3{"aws_temp_credentials": {"access_key_id": "a", "secret_access_key": "b", "session_token": '
                       b'"c"}, "expiration_time": 1700000000000}')
    yield "azure grant", b'\3{"azure_user_delegation_sas": {"sas_token": "sv=1&sig=2"}, "expiration_time": 1}'
    yield "entra grant", b'\3{"azure_aad": {"aad_token": "t"}}'
    yield "gcs grant", b'\3{"gcp_oauth_token": {"oauth_token": "t"}, "expiration_time": 9}'
    yield "token", b'\4{"access_token": "abc", "expires_in": 3599, "token_type": "Bearer"}'
    for i, uri in enumerate((b"s3://bucket/a/b%20c", b"abfss://c@a.dfs.core.windows.net/p", b"gs://b/k", b"az://c/p",
                             b"https://host:99/x/", b"a%2Fb", b"file:///x", b"http://[::1]:80")):
        yield "location-%d" % i, b"\5" + uri


TARGETS = {"footer": footer, "pages": pages, "values": values, "page_index": page_index, "variant": variant,
           "deletion_vector": deletion_vector, "log": log, "answers": answers}
