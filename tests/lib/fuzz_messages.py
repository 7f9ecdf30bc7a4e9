"""What the socket fuzzer (server/fuzz_socket.py) says: protocol messages, right ones and spoiled ones.
All randomness comes from the caller's `random.Random`. Standard library only."""
import base64
import hashlib
import hmac
import ssl
import struct

from pgproto import Client, cstr

EDGE_NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 127, 128, 255, 256, 9999, 10000, 10001, 32767, 32768, 65535, 65536,
                0x3ffffffd, 0x3fffffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]
SSL_REQUEST, GSSENC_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
# A value of each type as text; the binary forms come from the server.
SAMPLES = {
    "bool": "t", "int2": "-7", "int4": "77", "int8": "1234567890123", "oid": "5", "float4": "1.5",
    "float8": "-2.25e10", "numeric": "12345.678900", "money": "12.34", "text": "some text", "varchar": "vc",
    "bpchar": "c ", "name": "a_name", "char": "x", "bytea": "\\x000102ff", "date": "2020-02-29",
    "time": "12:34:56.789", "timetz": "12:34:56+02", "timestamp": "2020-02-29 12:34:56",
    "timestamptz": "2020-02-29 12:34:56+00", "interval": "1 year 2 days 03:04:05", "uuid":
    "00112233-4455-6677-8899-aabbccddeeff", "json": '{"a": [1, null]}', "jsonb": '{"a": [1, {"b": "c"}]}',
    "jsonpath": "$.a[*] ? (@ > 1)", "xml": "<a/>", "inet": "10.0.0.1/8", "cidr": "10.0.0.0/8",
    "macaddr": "08:00:2b:01:02:03", "macaddr8": "08:00:2b:01:02:03:04:05", "bit": "1", "varbit": "10101",
    "point": "(1,2)", "line": "{1,2,3}", "lseg": "[(1,2),(3,4)]", "box": "(3,4),(1,2)",
    "path": "((1,2),(3,4))", "polygon": "((1,2),(3,4),(5,6))", "circle": "<(1,2),3>",
    "tsvector": "'a':1A 'b':2", "tsquery": "'a' & !'b'", "int4range": "[1,5)", "numrange": "(1.5,)",
    "tstzrange": "empty", "int4multirange": "{[1,5),[7,9)}", "_int4": "{1,NULL,3}", "_text": '{{a,"b c"},{d,e}}',
    "_numeric": "[2:3]={1.1,2.2}", "pg_lsn": "16/B374D848", "xid": "3", "tid": "(0,1)", "regclass": "pg_class",
    "regtype": "int4", "record": None, "pg_snapshot": "10:20:10,14", "oidvector": "1 2", "int2vector": "1 2",
    "fz_domain": "5", "fz_enum": "one", "fz_row": "(1,two)", "_fz_row": '{"(1,two)"}',
}
QUERIES = [
    "SELECT 1", "", ";", "SELECT 1; SELECT 2", "SELEC 1", "SELECT $1", "SELECT 1/0", "BEGIN", "COMMIT", "ROLLBACK",
    "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "SELECT * FROM fz_t ORDER BY a", "SELECT * FROM nowhere",
    "INSERT INTO fz_t VALUES (1, 'x') ON CONFLICT DO NOTHING", "UPDATE fz_t SET b = b || 'y' WHERE a = 1",
    "DELETE FROM fz_t WHERE a = 1 RETURNING *", "COPY fz_t FROM STDIN", "COPY fz_t FROM STDIN (FORMAT binary)",
    "COPY fz_t FROM STDIN (FORMAT csv, HEADER)", "COPY fz_t TO STDOUT", "COPY (SELECT 1) TO STDOUT (FORMAT binary)",
    "SELECT generate_series(1, 2000), repeat('x', 100)", "SELECT repeat('x', 1000000)",
    "DECLARE c CURSOR FOR SELECT generate_series(1, 100)", "DECLARE h CURSOR WITH HOLD FOR SELECT * FROM fz_t",
    "FETCH 5 FROM c", "MOVE -1 IN c", "CLOSE ALL", "PREPARE s1 AS SELECT $1::int", "EXECUTE s1(1)", "DEALLOCATE ALL",
    "DISCARD ALL", "LISTEN fz", "NOTIFY fz, 'hi'", "UNLISTEN *", "CREATE TEMP TABLE IF NOT EXISTS tt (a int)",
    "DROP TABLE IF EXISTS tt", "SET client_encoding = 'LATIN1'", "SET client_encoding = 'UTF8'", "SHOW ALL",
    "SET search_path = nowhere, public", "RESET ALL", "SET TRANSACTION READ ONLY", "LOCK TABLE fz_t", "SELECT '",
    "SELECT count(*) FROM pg_class, pg_type", "DO $$ BEGIN RAISE NOTICE 'x'; END $$", "EXPLAIN SELECT * FROM fz_t",
    "BEGIN; INSERT INTO fz_t VALUES (2, 'x'); SELECT 1/0; COMMIT", "SELECT pg_cancel_backend(pg_backend_pid())",
    "BEGIN ISOLATION LEVEL SERIALIZABLE", "SELECT * FROM pg_stat_activity", "TABLE fz_t", "SELECT ''::fz_row",
    "SELECT a, b, $1::int + $2::int FROM fz_t WHERE b = $3", "INSERT INTO fz_t VALUES ($1, $2) ON CONFLICT DO NOTHING",
    "VALUES ($1::text[], $2::jsonb)", "SELECT $1::text || $2", "SELECT * FROM generate_series($1::int, $2::int) LIMIT 5",
]


def number(r, size):
    value = r.choice(EDGE_NUMBERS) if r.random() < 0.7 else r.getrandbits(8 * size)
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")


def rubbish(r, most=64):
    return r.randbytes(r.randrange(most + 1))


def spoil(r, data):
    """Some bytes changed, cut, repeated or put in."""
    data = bytearray(data)
    for _ in range(r.choice([1, 1, 1, 2, 5])):
        at = r.randrange(len(data) + 1)
        what = r.randrange(6)
        if what == 0 and data:
            data[at % len(data)] = r.getrandbits(8)
        elif what == 1 and data:
            data[at % len(data)] ^= 1 << r.randrange(8)
        elif what == 2:
            del data[at:at + r.choice([1, 2, 4, 1000])]
        elif what == 3:
            data[at:at] = rubbish(r, 8)
        elif what == 4:
            data[at:at + 4] = number(r, 4)
        else:
            data[at:at + 2] = number(r, 2)
    return bytes(data)


# ---- before login ----

def packet(body, length=None):
    return struct.pack("!I", (len(body) + 4 if length is None else length) & 0xffffffff) + body


def startup(user, db="postgres", options=(), version=196608):
    body = struct.pack("!I", version & 0xffffffff)
    for name, value in [("user", user), ("database", db), *options]:
        body += cstr(name) + cstr(value)
    return packet(body + b"\0")


def request(code, more=b""):
    return packet(struct.pack("!I", code) + more)


def random_startup(r, user):
    options = []
    for _ in range(r.choice([0, 0, 1, 3, 40])):
        options.append(r.choice([
            ("options", "-c statement_timeout=100 --work_mem=64kB"), ("options", "-c \\"), ("options", "-c"),
            ("options", "--" + "x" * r.choice([1, 1000])), ("client_encoding", r.choice(["UTF8", "LATIN1", "nope"])),
            ("replication", r.choice(["true", "database", "0"])), ("_pq_.x", "1"), ("_pq_." + "y" * 900, ""),
            ("application_name", "f" * r.choice([0, 63, 64, 5000])), ("DateStyle", "nonsense"), ("", ""),
            ("search_path", "'"), ("session_authorization", "postgres"), ("role", "postgres")]))
    version = r.choice([196608] * 6 + [196609, 196610, 131072, 262144, 0, 0x04d2162f, 0xffffffff])
    return startup(user, r.choice(["postgres", "postgres", "", "none", "d" * 300, "\u00e9"]), options, version)


class Scram:
    """A client of SCRAM-SHA-256 that may lie in any field; `fault` is 0 for an honest one."""

    FAULTS = 22

    def __init__(self, r, password, fault):
        self.r, self.password, self.fault = r, password, fault
        self.nonce = base64.b64encode(r.randbytes(18)).decode()

    def first(self):
        f, r = self.fault, self.r
        gs2 = {1: "y,,", 2: "p=tls-server-end-point,,", 3: "n,a=other,", 4: "", 5: "x,,",
               6: "p=" + "z" * 50 + ",,"}.get(f, "n,,")
        name = {7: "n=us=er", 8: "n=" + "u" * 5000, 9: "m=ext,n=", 10: "n"}.get(f, "n=")
        nonce = {11: "", 12: "a,b", 13: "\u00e9\x01", 14: self.nonce * 200}.get(f, self.nonce)
        self.gs2, self.bare = gs2, "%s,r=%s" % (name, nonce)
        data = (gs2 + self.bare).encode()
        mechanism = b"SCRAM-SHA-256-PLUS" if f in (2, 6) and r.random() < 0.5 else b"SCRAM-SHA-256"
        if f == 15:
            mechanism = r.choice([b"", b"SCRAM-SHA-1", b"x" * 2000, rubbish(r, 9).replace(b"\0", b"")])
        length = number(r, 4) if f == 16 else struct.pack("!I", len(data))
        body = mechanism + b"\0" + length + data
        return Client.message("p", spoil(r, body) if f == 17 else body)

    def final(self, server_first):
        r, f = self.r, self.fault
        parts = dict(p.split("=", 1) for p in server_first.decode().split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        key = hmac.new(salted, b"Client Key", "sha256").digest()
        bind = base64.b64encode(self.gs2.encode()).decode() if f != 18 else "!!"
        without = "c=%s,r=%s" % (bind, parts["r"] + ("x" if f == 19 else ""))
        message = ",".join([self.bare, server_first.decode(), without]).encode()
        signature = hmac.new(hashlib.sha256(key).digest(), message, "sha256").digest()
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
        data = ("%s,p=%s" % (without, proof[:r.randrange(44)] if f == 20 else proof)).encode()
        return Client.message("p", spoil(r, data) if f == 21 else data)


def client_hello(r):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if r.random() < 0.3:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    out = ssl.MemoryBIO()
    talk = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
    try:
        talk.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


# ---- after login ----

class Speaker:
    """Messages of a session that is logged in. types: {name: (oid, binary value or None)}."""

    def __init__(self, r, types, functions):
        self.r, self.types, self.functions = r, types, functions
        self.names = ["", "a", "b", "s1", "n" * 100]

    def name(self):
        return cstr(self.r.choice(self.names))

    def value(self, type_name=None):
        """A parameter with its length."""
        r = self.r
        binary = self.types[type_name or r.choice(list(self.types))][1]
        what = r.random()
        if what < 0.1:
            return struct.pack("!i", r.choice([-1, -1, -2, -2 ** 31]))
        data = binary if binary is not None and what < 0.8 else rubbish(r, 40)
        if what > 0.4:
            data = spoil(r, data)
        length = number(r, 4) if r.random() < 0.02 else struct.pack("!i", len(data))
        return length + data

    def counted(self, items, size=2):
        r = self.r
        count = number(r, size) if r.random() < 0.03 else struct.pack("!H", len(items))
        return count + b"".join(items)

    def formats(self, n):
        r = self.r
        few = r.choice([0, 1, 1, n, n + 1 if r.random() < 0.1 else 1])
        return self.counted([struct.pack("!h", r.choice([0, 1, 1, 1, 1] if r.random() < 0.98 else [2, -1]))
                             for _ in range(few)])

    def typed(self):
        """Parse, Bind, Describe and Execute of one value of a type, in binary."""
        r = self.r
        name = r.choice(list(self.types))
        oid = self.types[name][0]
        sql = r.choice(["SELECT $1", "SELECT $1, $1", "SELECT $1 IS NULL", "SELECT ARRAY[$1]", "SELECT ROW($1)",
                        "SELECT $1::text", "SELECT DISTINCT x FROM (VALUES ($1), ($1)) v(x)"])
        out = [Client.message("P", b"\0" + cstr(sql) + struct.pack("!HI", 1, oid)),
               Client.message("B", b"\0\0" + struct.pack("!HHH", 1, 1, 1) + self.value(name) +
                              struct.pack("!HH", 1, r.randrange(2))),
               Client.message("D", b"P\0"), Client.message("E", b"\0" + struct.pack("!i", 0))]
        return b"".join(out) + Client.message("S")

    def bind(self):
        n = self.r.choice([0, 0, 1, 1, 2, 3, 200])
        return self.name() + self.name() + self.formats(n) + \
            self.counted([self.value() for _ in range(n)]) + self.formats(1)

    def call(self):
        r = self.r
        oid, nargs = r.choice(self.functions)
        n = nargs if r.random() < 0.9 else r.randrange(5)
        return struct.pack("!I", oid) + self.formats(n) + self.counted([self.value() for _ in range(n)]) + \
            struct.pack("!h", r.choice([0, 1, 1]))

    def body(self, kind):
        r = self.r
        sql = cstr(r.choice(QUERIES))
        if kind == "Q":
            return sql if r.random() < 0.9 else spoil(r, sql)
        if kind == "P":
            oids = [struct.pack("!I", r.choice(list(self.types.values()))[0] if r.random() < 0.9 else r.getrandbits(32))
                    for _ in range(r.choice([0, 0, 1, 2, 3]))]
            return self.name() + sql + self.counted(oids)
        if kind == "B":
            return self.bind()
        if kind == "F":
            return self.call()
        if kind == "E":
            return self.name() + struct.pack("!i", r.choice([0, 0, 1, 2, 100, -1, 2 ** 31 - 1]))
        if kind in "DC":
            return r.choice([b"S", b"P", b"P", b"x"] if r.random() < 0.1 else [b"S", b"P"]) + self.name()
        if kind == "d":
            return r.choice([b"1\tx\n", b"2\t\\N\n3\t", b"\\.\n", b"a,b\n1,x\n", rubbish(r),
                             b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\2" + self.value() + self.value() + b"\xff\xff"])
        if kind == "f":
            return cstr("told to fail")
        return rubbish(r) if kind == "p" else b""

    def message(self):
        """One message, or a few that belong together; True: its frame may be wrong."""
        r = self.r
        what = r.random()
        if what < 0.3:
            return self.typed(), False
        kind = r.choice("QQQPPPBBBBDDEEEECSSSHdddcfF" + ("pXZ\0" if r.random() < 0.1 else "F"))
        body = self.body(kind)
        if what < 0.9:
            return Client.message(kind, body), kind in "pXZ\0"
        if what < 0.98:
            return Client.message(kind, spoil(r, body)), kind in "pXZ\0"
        message = bytearray(Client.message(kind, body))
        if r.random() < 0.5:
            message[1:5] = number(r, 4)
        else:
            message[0] = r.getrandbits(8)
        return bytes(message), True
