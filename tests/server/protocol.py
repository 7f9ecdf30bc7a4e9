#!/usr/bin/python3
"""The wire protocol, message by message: startup, both query protocols, errors, cancel, limits.

Each case is a function `test_*(s)` with a running server; new_client(s) connects to it."""
import os
import signal
import struct
import sys
import threading
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from pgproto import *  # noqa: E402,F403
from pgproto import Client  # noqa: E402
from tarn import Server, Tally  # noqa: E402

open_clients = []


def new_client(s, **options):
    c = Client(s.port, **options)
    open_clients.append(c)
    return c


def eq(got, want):
    if got != want:
        raise AssertionError("got %r, want %r" % (got, want))


# ---- startup ----

def test_startup(s):
    c = new_client(s, params={"application_name": "me", "options": "-c work_mem=8MB"})
    eq(kinds(c.greeting)[0], "R")
    for name in ("server_version", "server_encoding", "client_encoding", "DateStyle", "TimeZone",
                 "IntervalStyle", "integer_datetimes", "standard_conforming_strings",
                 "is_superuser", "session_authorization", "application_name", "in_hot_standby",
                 "default_transaction_read_only"):
        assert name in c.parameters, name
    eq(c.parameters["application_name"], "me")
    eq(c.parameters["session_authorization"], "postgres")
    eq(c.parameters["is_superuser"], "on")
    eq(c.parameters["integer_datetimes"], "on")
    assert c.pid > 0
    eq(rows(c.query("SHOW work_mem")), [["8MB"]])
    c.query("SET work_mem = '1MB'")
    c.query("RESET work_mem")
    eq(rows(c.query("SHOW work_mem")), [["8MB"]])
    for params in ({"work_mem": "2MB", "options": "-c work_mem=8MB"}, {"options": "-c work_mem=8MB", "work_mem": "2MB"}):
        eq(rows(new_client(s, params=params).query("SHOW work_mem")), [["2MB"]])


def test_startup_refused(s):
    eq(error_codes(new_client(s, user="nobody_here").greeting), ["28000"])
    eq(error_codes(new_client(s, db="nothing_here").greeting), ["3D000"])
    eq(error_codes(new_client(s, user="pg_monitor").greeting), ["28000"])
    eq(error_codes(new_client(s, params={"nope": "1"}).greeting), ["42704"])
    eq(error_codes(new_client(s, params={"options": "-c work_mem=x"}).greeting), ["22023"])
    eq(error_codes(new_client(s, params={"client_encoding": "MULE_INTERNAL"}).greeting), ["0A000"])
    eq(new_client(s, params={"client_encoding": "latin1"}).parameters["client_encoding"], "LATIN1")
    e = errors(new_client(s, user="nobody_here").greeting)[0]
    eq((e["S"], e["V"], e["M"]), ("FATAL", "FATAL", 'role "nobody_here" does not exist'))


def test_version_negotiation(s):
    c = new_client(s, minor=2)
    eq(c.greeting[0][0], "v")
    eq(struct.unpack("!II", c.greeting[0][1][:8]), (3 << 16, 0))
    c = new_client(s, params={"_pq_.hello": "1"})
    eq(c.greeting[0], ("v", struct.pack("!II", 3 << 16, 1) + b"_pq_.hello\0"))
    eq(status(c.greeting), "I")
    c = new_client(s, startup=False)
    c.raw(struct.pack("!II", 8, 2 << 16))
    eq(error_codes(c.until_ready()), ["0A000"])


def test_ssl_and_gss(s):
    c = new_client(s, startup=False)
    c.raw(struct.pack("!II", 8, 80877103))
    eq(c.exactly(1), b"N")
    c.raw(struct.pack("!II", 8, 80877104))
    eq(c.exactly(1), b"N")
    c.startup("postgres", "postgres", {})
    eq(status(c.greeting), "I")
    c = new_client(s, startup=False)
    c.raw(struct.pack("!II", 8, 80877103) + b"sneak")
    eq(error_codes(c.until_ready()), ["08P01"])


def test_bad_startup(s):
    for packet in (struct.pack("!I", 3), struct.pack("!I", 1 << 30), b"GET / HTTP/1.0\r\n\r\n",
                   struct.pack("!II", 8, 3 << 16), struct.pack("!II", 13, 3 << 16) + b"user\0"):
        c = new_client(s, startup=False)
        c.raw(packet)
        eq(error_codes(c.until_ready()), ["08P01"])


# A message, the error's text, whether the rest up to a Sync is skipped; as by PostgreSQL 15.
MALFORMED = [
    (b"Q", b"select 1", "invalid string in message", False),
    (b"Q", b"select 1\0x", "invalid message format", False),
    (b"Q", b"", "invalid string in message", False),
    (b"F", b"\0\0", "insufficient data left in message", False),
    (b"S", b"x", "invalid message format", False),
    (b"P", b"", "invalid string in message", True),
    (b"P", b"a\0select 1\0", "insufficient data left in message", True),
    (b"P", b"a\0select 1\0\0\2\0\0\0\x17", "insufficient data left in message", True),
    (b"P", b"a\0select 1\0\xff\xff", "insufficient data left in message", True),
    (b"P", b"a\0select 1\0\0\0x", "invalid message format", True),
    (b"B", b"", "invalid string in message", True),
    (b"B", b"\0one\0\0\0\0\1\0\0\0\5ab", "insufficient data left in message", True),
    (b"B", b"\0one\0\0\0\0\1\xff\xff\xff\xfe\0\0", "insufficient data left in message", True),
    (b"B", b"\0one\0\0\0\0\1\0\0\0\1a\0\0x", "invalid message format", True),
    (b"E", b"\0\0", "insufficient data left in message", True),
    (b"E", b"\0\0\0\0\0x", "invalid message format", True),
    (b"D", b"", "no data left in message", True),
    (b"D", b"Xa\0", "invalid DESCRIBE message subtype 88", True),
    (b"D", b"Sa", "invalid string in message", True),
    (b"C", b"Xa\0", "invalid CLOSE message subtype 88", True),
    (b"H", b"x", "invalid message format", True),
]


def test_malformed_bodies(s):
    """The session goes on after them, its transaction does not."""
    for begin in (False, True):
        c = new_client(s)
        c.run(parse("SELECT $1", name="one", types=[25]))
        for kind, body, text, skips in MALFORMED:
            if begin:
                c.query("BEGIN")
            c.raw(kind + struct.pack("!I", len(body) + 4) + body)
            if skips:
                c.raw(query("SELECT 'skipped'") + sync())
            got = c.until_ready()
            errors = [fields(b) for k, b in got if k == "E"]
            eq([(e["S"], e["C"], e["M"]) for e in errors], [("ERROR", "08P01", text)])
            eq(rows(got), [])
            eq(status(got), "E" if begin else "I")
            if begin:
                eq(error_codes(c.query("SELECT 1")), ["25P02"])
                c.query("ROLLBACK")
            eq(rows(c.query("SELECT 7")), [["7"]])


def test_startup_in_pieces(s):
    c = new_client(s, startup=False)
    body = struct.pack("!I", 3 << 16) + b"user\0postgres\0\0"
    packet = struct.pack("!I", len(body) + 4) + body + query("SELECT 7")
    for i in range(len(packet)):
        c.raw(packet[i:i + 1])
    eq(status(c.until_ready()), "I")
    eq(rows(c.until_ready()), [["7"]])


# ---- simple query ----

def test_simple(s):
    c = new_client(s)
    m = c.query("SELECT 1 AS a, 'x' AS b, NULL")
    eq(kinds(m), "TDCZ")
    eq(columns(m), [("a", 23, 0), ("b", 25, 0), ("?column?", 25, 0)])
    eq(rows(m), [["1", "x", None]])
    eq(kinds(c.query("")), "IZ")
    eq(kinds(c.query(" ; ;")), "IZ")
    eq(kinds(c.query("SELECT")), "TDCZ")
    m = c.query("SELECT 1; SELECT 2; SELECT 3")
    eq(kinds(m), "TDCTDCTDCZ")


def test_syntax_error(s):
    c = new_client(s)
    e = errors(c.query("SELECT 1 FRM x y"))[0]
    eq((e["C"], e["P"], e["S"]), ("42601", "14", "ERROR"))
    e = errors(c.query("SELECT 'é', nope"))[0]
    eq((e["C"], e["P"]), ("42703", "13"))
    eq(error_codes(c.query("SELECT 1; SELEC 2")), ["42601"])
    eq(rows(c.query("SELECT 1")), [["1"]])
    c.send(Client.message("Q", b"SELECT '\xff'\0"))
    eq(error_codes(c.until_ready()), ["22021"])


def test_error_fields(s):
    """What drivers make attributes of."""
    c = new_client(s)
    c.query("DROP SCHEMA IF EXISTS ef CASCADE")
    c.query("CREATE SCHEMA ef; CREATE DOMAIN ef.d AS int NOT NULL CHECK (VALUE > 0);"
            "CREATE TABLE ef.t(a int NOT NULL CONSTRAINT low CHECK (a < 9), b int UNIQUE)")
    for sql, want in (
            ("SELECT 0::ef.d", ("23514", "ef", None, None, "d", "d_check")),
            ("SELECT NULL::ef.d", ("23502", "ef", None, None, "d", None)),
            ("INSERT INTO ef.t VALUES (9)", ("23514", "ef", "t", None, None, "low")),
            ("INSERT INTO ef.t VALUES (NULL)", ("23502", "ef", "t", "a", None, None)),
            ("INSERT INTO ef.t VALUES (1, 1), (2, 1)", ("23505", "ef", "t", None, None, "t_b_key"))):
        e = errors(c.query(sql))[0]
        eq(tuple(e.get(f) for f in "Cstcdn"), want)
    c.query("DROP SCHEMA ef CASCADE")


def test_implicit_block(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS ib")
    c.query("CREATE TABLE ib(a int PRIMARY KEY)")
    m = c.query("INSERT INTO ib VALUES (1); INSERT INTO ib VALUES (1); INSERT INTO ib VALUES (2)")
    eq(error_codes(m), ["23505"])
    eq(tags(m), ["INSERT 0 1"])
    eq(rows(c.query("SELECT count(*) FROM ib")), [["0"]])
    m = c.query("INSERT INTO ib VALUES (1); COMMIT; INSERT INTO ib VALUES (1)")
    eq(error_codes(m), ["23505"])
    eq([n["C"] for n in notices(m)], ["25P01"])
    eq(rows(c.query("SELECT count(*) FROM ib")), [["1"]])
    m = c.query("INSERT INTO ib VALUES (5); BEGIN; INSERT INTO ib VALUES (6)")
    eq(status(m), "T")
    eq(status(c.query("ROLLBACK")), "I")
    eq(rows(c.query("SELECT count(*) FROM ib")), [["1"]])
    eq(error_codes(c.query("SELECT 1; SAVEPOINT a")), ["25P01"])


def test_blocks(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS bl")
    c.query("CREATE TABLE bl(a int)")
    eq(status(c.query("BEGIN")), "T")
    m = c.query("BEGIN")
    eq(([n["C"] for n in notices(m)], tags(m)), (["25001"], ["BEGIN"]))
    c.query("INSERT INTO bl VALUES (1)")
    m = c.query("SELECT 1/0")
    eq((error_codes(m), status(m)), (["22012"], "E"))
    eq(error_codes(c.query("SELECT 1")), ["25P02"])
    eq(error_codes(c.query("SAVEPOINT x")), ["25P02"])
    m = c.query("COMMIT")
    eq((tags(m), status(m)), (["ROLLBACK"], "I"))
    eq(rows(c.query("SELECT count(*) FROM bl")), [["0"]])
    for end, warn in (("COMMIT", ["25P01"]), ("ROLLBACK", ["25P01"])):
        eq([n["C"] for n in notices(c.query(end))], warn)
    for sql, tag in (("BEGIN WORK", "BEGIN"), ("END", "COMMIT"),
                     ("START TRANSACTION READ ONLY", "START TRANSACTION"), ("ABORT", "ROLLBACK")):
        eq(tags(c.query(sql)), [tag])


def test_savepoints(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS sp")
    c.query("CREATE TABLE sp(a int)")
    c.query("BEGIN; INSERT INTO sp VALUES (1)")
    c.query("SAVEPOINT one")
    c.query("INSERT INTO sp VALUES (2)")
    eq(status(c.query("SELECT 1/0")), "E")
    m = c.query("ROLLBACK TO one")
    eq((tags(m), status(m)), (["ROLLBACK"], "T"))
    eq(error_codes(c.query("RELEASE nope")), ["3B001"])
    c.query("ROLLBACK TO SAVEPOINT one")
    c.query("INSERT INTO sp VALUES (3)")
    eq(tags(c.query("RELEASE one")), ["RELEASE"])
    eq(tags(c.query("COMMIT")), ["COMMIT"])
    eq(rows(c.query("SELECT a FROM sp ORDER BY a")), [["1"], ["3"]])
    eq(error_codes(c.query("SAVEPOINT x")), ["25P01"])
    eq(error_codes(c.query("ROLLBACK TO x")), ["25P01"])


def test_modes(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS mo")
    c.query("CREATE TABLE mo(a int)")
    c.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    eq(rows(c.query("SHOW transaction_isolation")), [["repeatable read"]])
    eq(rows(c.query("SHOW transaction_read_only")), [["on"]])
    e = errors(c.query("INSERT INTO mo VALUES (1)"))[0]
    eq((e["C"], e["M"]), ("25006", "cannot execute INSERT in a read-only transaction"))
    c.query("COMMIT AND CHAIN")
    m = c.query("SHOW transaction_isolation")
    eq((rows(m), status(m)), ([["read committed"]], "T"))  # the failure has reset them
    c.query("ROLLBACK")
    c.query("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    eq(rows(c.query("SHOW transaction_isolation")), [["serializable"]])
    c.query("SELECT count(*) FROM mo")
    eq(error_codes(c.query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")), ["25001"])
    c.query("ROLLBACK")
    c.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    eq(error_codes(c.query("DELETE FROM mo")), ["25006"])
    eq(rows(c.query("SHOW default_transaction_read_only")), [["on"]])


def test_tags(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS tg")
    eq(tags(c.query("CREATE TABLE tg(a int)")), ["CREATE TABLE"])
    eq(tags(c.query("INSERT INTO tg VALUES (1),(2),(3)")), ["INSERT 0 3"])
    eq(tags(c.query("UPDATE tg SET a = a + 1 WHERE a > 1")), ["UPDATE 2"])
    eq(tags(c.query("SELECT * FROM tg")), ["SELECT 3"])
    eq(tags(c.query("DELETE FROM tg")), ["DELETE 3"])
    eq(tags(c.query("SET a.b = 1; RESET a.b; SHOW a.b")), ["SET", "RESET", "SHOW"])
    eq(tags(c.query("DISCARD ALL")), ["DISCARD ALL"])
    eq(tags(c.query("CHECKPOINT")), ["CHECKPOINT"])
    eq(tags(c.query("LISTEN x; NOTIFY x; UNLISTEN x")), ["LISTEN", "NOTIFY", "UNLISTEN"])
    eq(error_codes(c.query("BEGIN; DISCARD ALL")), ["25001"])


# ---- extended query ----

def test_extended(s):
    c = new_client(s)
    m = c.run(parse("SELECT $1::int + 1 AS n, $2 AS t"), describe("S"), bind([41, "x"]),
              describe("P"), execute())
    eq(kinds(m), "1tT2TDCZ")
    eq(struct.unpack("!HII", m[1][1]), (2, 23, 25))
    eq(rows(m), [["42", "x"]])
    eq(tags(m), ["SELECT 1"])
    m = c.run(bind([1, None]), execute())
    eq(rows(m), [["2", None]])
    m = c.run(parse(""), describe("S"), bind(), describe("P"), execute())
    eq(kinds(m), "1tn2nIZ")


def test_binary(s):
    c = new_client(s)
    m = c.run(parse("SELECT $1::int8 + 1, $2::text, $3::float8, $4::bool", types=[20, 25, 701, 16]),
              bind([struct.pack("!q", 1 << 40), "h\u00e9".encode(), struct.pack("!d", 1.5), b"\1"],
                   formats=[1], results=[1]), describe("P"), execute())
    eq([r for k, b in m if k == "D" for r in row(b)],
       [struct.pack("!q", (1 << 40) + 1), "h\u00e9".encode(), struct.pack("!d", 1.5), b"\1"])
    eq([col[2] for col in columns(m)], [1, 1, 1, 1])
    m = c.run(bind(["1", b"x", "2", "t"], results=[0, 1, 0, 1]), execute())
    eq([r for k, b in m if k == "D" for r in row(b)], [b"2", b"x", b"2", b"\1"])
    eq(error_codes(c.run(bind([b"\0\0", b"x", b"", b"\1"], formats=[1]), execute())), ["08P01"])
    eq(error_codes(c.run(bind([b"1", b"a\0b", b"1", b"t"]))), ["22021"])
    eq(error_codes(c.run(bind([b"1", b"\xff", b"1", b"t"]))), ["22021"])


def test_array_of_domain(s):
    """Binary arrays name the domain as the type of their elements, both ways."""
    c = new_client(s)
    c.query("CREATE DOMAIN counted AS int4 CHECK (VALUE >= 0)")
    (domain, array), = rows(c.query("SELECT oid, typarray FROM pg_type WHERE typname = 'counted'"))

    def items(of, value):
        return struct.pack("!iiIiiii", 1, 0, of, 1, 1, 4, value)
    ask = parse("SELECT $1", types=[int(array)])
    m = c.run(ask, bind([items(int(domain), 7)], formats=[1], results=[1]), execute())
    eq([r for k, b in m if k == "D" for r in row(b)], [items(int(domain), 7)])
    eq(error_codes(c.run(ask, bind([items(int(domain), -7)], formats=[1]))), ["23514"])
    eq(error_codes(c.run(ask, bind([items(23, 7)], formats=[1]))), ["42804"])
    c.query("DROP DOMAIN counted")


def test_more_parameters_than_bind_can_have(s):
    c = new_client(s)
    m = c.run(parse("SELECT 1 IN (%s)" % ", ".join("$%d::int4" % (i + 1) for i in range(65536))), describe("S"))
    eq(kinds(m), "1tTZ")
    eq(error_codes(c.run(bind(["1"]))), ["08P01"])
    eq(error_codes(c.run(parse("SELECT $2000000000"))), ["42P02"])


def test_explain_with_parameters(s):
    c = new_client(s)
    m = c.run(parse("EXPLAIN (COSTS OFF) SELECT relname FROM pg_class WHERE oid = $1 LIMIT $2"), describe("S"),
              bind(["1", "2"]), execute())
    eq(kinds(m), "1tT2" + "D" * kinds(m).count("D") + "CZ")
    eq([struct.unpack("!HII", b) for k, b in m if k == "t"], [(2, 26, 20)])
    m = c.run(parse("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF) SELECT FROM generate_series(1, $1) LIMIT $2"),
              bind(["9", "3"]), execute())
    eq([r[0] for r in rows(m)][0], "Limit (actual rows=3 loops=1)")
    eq(error_codes(c.run(parse("EXPLAIN SELECT * FROM nowhere WHERE a = $1"))), ["42P01"])
    eq(error_codes(c.query("EXPLAIN ANALYZE SELECT $1::int")), ["42P02"])


def test_queries_of_utilities_with_parameters(s):
    """DECLARE CURSOR and CREATE TABLE AS take them, as drivers' server-side cursors do; others may not use them."""
    c = new_client(s)
    c.query("CREATE TABLE pu AS SELECT i AS a, 'x' || i AS b FROM generate_series(1, 9) i; BEGIN")
    m = c.run(parse("DECLARE pc CURSOR WITH HOLD FOR SELECT a, $1::text FROM pu WHERE b = $2 OR a > $3"), describe("S"),
              bind(["kept", "x2", "7"]), execute())
    eq(kinds(m), "1tn2CZ")
    eq([struct.unpack("!HIII", b) for k, b in m if k == "t"], [(3, 25, 25, 23)])
    c.run(parse("SELECT $1"), bind(["other"]), execute())
    eq(rows(c.query("FETCH 1 FROM pc")), [["2", "kept"]])
    c.query("COMMIT")
    eq(rows(c.query("FETCH ALL FROM pc")), [["8", "kept"], ["9", "kept"]])
    c.query("CLOSE pc")
    c.run(parse("CREATE TABLE pu2 AS SELECT a FROM pu WHERE a < $1"), bind(["3"]), execute())
    c.run(parse("SELECT a, $2::text AS t INTO pu3 FROM pu WHERE a < $1"), bind(["3", "into"]), execute())
    eq(rows(c.query("SELECT * FROM pu2 JOIN pu3 USING (a) ORDER BY a")), [["1", "into"], ["2", "into"]])
    for text, code in [("CREATE MATERIALIZED VIEW pm AS SELECT $1::int", "0A000"), ("CREATE VIEW pv AS SELECT $1::int", "42P02"),
                       ("COPY (SELECT $1::int) TO STDOUT", "42P02")]:
        eq(error_codes(c.run(parse(text, types=[23]), bind(["1"]), execute())), [code])
    eq(error_codes(c.run(parse("CREATE TABLE pu2 AS SELECT a FROM nowhere WHERE a < $1"))), ["42P01"])
    eq(error_codes(c.run(parse("VACUUM", types=[0]))), ["42P18"])
    c.query("DROP TABLE pu, pu2, pu3")


def test_cursor_with_parameters(s):
    c = new_client(s)
    c.query("BEGIN")
    m = c.run(parse("DECLARE p SCROLL CURSOR FOR SELECT i, $1::text FROM generate_series(1, $2) i WHERE i > $3"),
              describe("S"), bind(["kept", "5", "3"]), execute())
    eq(kinds(m), "1tn2CZ")
    eq([struct.unpack("!HIII", b) for k, b in m if k == "t"], [(3, 25, 23, 23)])
    c.run(parse("SELECT $1::text"), bind(["overwritten" * 1000]), execute())
    eq(rows(c.query("FETCH ALL p")), [["4", "kept"], ["5", "kept"]])
    eq(rows(c.query("FETCH FIRST p")), [["4", "kept"]])
    c.run(parse("DECLARE n CURSOR FOR SELECT $1::int"), bind([None]), execute())
    eq(rows(c.query("FETCH n")), [[None]])
    c.query("ROLLBACK")
    c.run(parse("DECLARE h CURSOR WITH HOLD FOR SELECT $1::int + 1"), bind(["6"]), execute())
    eq(rows(c.query("FETCH h; CLOSE h")), [["7"]])
    eq(error_codes(c.query("BEGIN; DECLARE q CURSOR FOR SELECT $1::int")), ["42P02"])
    c.query("ROLLBACK")


def test_result_type_changes(s):
    """Clients that prepare anew look for the routine."""
    c = new_client(s)
    c.query("CREATE TABLE growing (a int)")
    c.run(parse("SELECT * FROM growing", name="g"))
    c.query("ALTER TABLE growing ADD b int")
    e, = errors(c.run(bind(name="g"), execute()))
    eq((e["C"], e["R"]), ("0A000", "RevalidateCachedQuery"))
    c.query("DROP TABLE growing")


def test_read_uncommitted(s):
    c = new_client(s)
    c.query("SET default_transaction_isolation = 'read uncommitted'")
    eq(rows(c.query("SHOW transaction_isolation")), [["read uncommitted"]])
    eq(rows(c.query("BEGIN; SHOW transaction_isolation; COMMIT")), [["read uncommitted"]])
    eq(rows(c.query("BEGIN ISOLATION LEVEL READ COMMITTED; SHOW transaction_isolation; COMMIT")), [["read committed"]])


def test_portal_of_failed_transaction(s):
    c = new_client(s)
    c.query("BEGIN")
    c.run(parse("SELECT 1 / (2 - n) FROM generate_series(1, 3) n", name="p"), bind(name="p", portal="c"))
    eq(error_codes(c.run(execute("c"))), ["22012"])
    eq(error_codes(c.run(execute("c"))), ["25P02"])
    eq(error_codes(c.run(describe("P", "c"))), ["25P02"])
    c.query("ROLLBACK")
    eq(error_codes(c.run(execute("c"))), ["34000"])


def test_named(s):
    c = new_client(s)
    c.run(parse("SELECT $1::int", name="p1"))
    eq(error_codes(c.run(parse("SELECT 2", name="p1"))), ["42P05"])
    eq(rows(c.run(bind([5], name="p1"), execute())), [["5"]])
    eq(rows(c.query("EXECUTE p1(6)")), [["6"]])
    eq(kinds(c.run(close("S", "p1"))), "3Z")
    eq(error_codes(c.run(bind([5], name="p1"), execute())), ["26000"])
    eq(error_codes(c.run(describe("S", "p1"))), ["26000"])
    eq(error_codes(c.run(describe("P", "zz"))), ["34000"])
    eq(error_codes(c.run(execute("zz"))), ["34000"])
    eq(kinds(c.run(close("S", "none"), close("P", "none"))), "33Z")


def test_notified_while_it_asks(s):
    """Notifications wake sessions at rest in the moment in which they send something."""
    asking = threading.Event()
    listeners = [new_client(s) for _ in range(2)]
    sender = new_client(s)

    def notify():
        while asking.is_set():
            sender.send(query("NOTIFY busy") * 20)
            for _ in range(20):
                sender.until_ready()

    sender.query("SET synchronous_commit = off")
    asking.set()
    thread = threading.Thread(target=notify)
    thread.start()
    try:
        for c in listeners:
            c.query("LISTEN busy")
        for _ in range(1000):
            for c in listeners:
                c.send(query("SELECT generate_series(1, 100)"))
            for c in listeners:
                eq(len(rows(c.until_ready())), 100)
    finally:
        asking.clear()
        thread.join()


def test_call(s):
    c = new_client(s)
    c.query("CREATE TABLE called (a int); "
            "CREATE PROCEDURE note(x int) LANGUAGE sql AS 'INSERT INTO called VALUES (x)'; "
            "CREATE PROCEDURE sum_up(x int, INOUT y int, OUT z text) LANGUAGE sql "
            "AS 'INSERT INTO called VALUES (x); SELECT x + y, ''z'' || x'")
    m = c.run(parse("CALL note($1)", name="note"), describe("S", "note"), bind([1], name="note"), describe("P"),
              execute())
    eq(kinds(m), "1tn2nCZ")
    eq(struct.unpack("!HI", m[1][1]), (1, 23))
    eq(tags(m), ["CALL"])
    m = c.run(parse("CALL sum_up($1, $2, $3)", name="sum"), describe("S", "sum"),
              bind([2, 3, None], name="sum", results=[1, 0]), describe("P"), execute())
    eq(kinds(m), "1tT2TDCZ")
    eq(struct.unpack("!HIII", m[1][1]), (3, 23, 23, 25))
    eq([r for k, b in m if k == "D" for r in row(b)], [struct.pack("!i", 5), b"z2"])
    eq([col[0] for col in columns(m)], ["y", "z"])
    eq(tags(m), ["CALL"])
    for i in range(8):
        eq(rows(c.run(bind([i, 3, None], name="sum"), execute())), [[str(3 + i), "z%d" % i]])
        eq(kinds(c.run(bind([i], name="note"), execute())), "2CZ")
    eq(kinds(c.query("CALL note(1)")), "CZ")
    eq(kinds(c.query("CALL sum_up(1, 2, 3)")), "E" "Z")
    eq(kinds(c.query("CALL sum_up(1, 2, 'x')")), "TDCZ")
    eq(error_codes(c.run(parse("CALL note($1, $2)"))), ["42883"])
    c.query("DROP PROCEDURE note; CREATE PROCEDURE note(x int) LANGUAGE sql AS 'SELECT 1'")
    eq(kinds(c.run(bind([1], name="note"), execute())), "2CZ")
    eq(rows(c.query("SELECT count(*), sum(a) FROM called; DROP TABLE called; DROP PROCEDURE note; "
                    "DROP PROCEDURE sum_up")), [["20", "61"]])


def test_bad_bind(s):
    c = new_client(s)
    c.run(parse("SELECT $1::int, $2::int", name="b"))
    eq(error_codes(c.run(bind([1], name="b"))), ["08P01"])
    eq(error_codes(c.run(bind([1, 2], name="b", formats=[0, 0, 0]))), ["08P01"])
    eq(error_codes(c.run(bind([1, 2], name="b", results=[0, 0, 0]))), ["08P01"])
    eq(error_codes(c.run(bind([1, 2], name="b", results=[7]))), ["22023"])
    eq(error_codes(c.run(bind(["x", 2], name="b"))), ["22P02"])
    eq(error_codes(c.run(parse("SELECT 1; SELECT 2"))), ["42601"])
    eq(error_codes(c.run(parse("SELECT $1"), bind(["a"]))), [])
    eq(rows(c.run(bind([1, 2], name="b"), execute())), [["1", "2"]])


def test_suspended_portal(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS pt")
    c.query("CREATE TABLE pt(a int)")
    c.query("INSERT INTO pt VALUES (1),(2),(3),(4),(5)")
    c.query("BEGIN")
    m = c.run(parse("SELECT a FROM pt ORDER BY a"), bind(portal="c"), execute("c", 2))
    eq((kinds(m), rows(m)), ("12DDsZ", [["1"], ["2"]]))
    m = c.run(execute("c", 2))
    eq((kinds(m), rows(m)), ("DDsZ", [["3"], ["4"]]))
    m = c.run(execute("c", 2))
    eq((kinds(m), rows(m), tags(m)), ("DCZ", [["5"]], ["SELECT 1"]))
    eq(tags(c.run(execute("c", 2))), ["SELECT 0"])
    eq(error_codes(c.run(bind(portal="c"))), ["42P03"])
    c.query("ROLLBACK")
    eq(error_codes(c.run(execute("c"))), ["34000"])
    # Outside a block a portal ends with Sync.
    c.run(parse("SELECT a FROM pt ORDER BY a", name="s"))
    m = c.run(bind(name="s", portal="d"), execute("d", 1))
    eq(kinds(m), "2DsZ")
    eq(error_codes(c.run(execute("d", 1))), ["34000"])
    # What writes runs to its end whatever the limit.
    m = c.run(parse("INSERT INTO pt VALUES (6),(7) RETURNING a"), bind(), execute(rows=1))
    eq((kinds(m), rows(m)), ("12DsZ", [["6"]]))
    eq(rows(c.query("SELECT count(*) FROM pt")), [["7"]])


def test_pipeline_errors(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS pl")
    c.query("CREATE TABLE pl(a int PRIMARY KEY)")
    ins = parse("INSERT INTO pl VALUES ($1)", name="ins")
    m = c.run(ins, bind([1], name="ins"), execute(), bind([1], name="ins"), execute(),
              bind([2], name="ins"), execute())
    eq((kinds(m), error_codes(m)), ("12C2EZ", ["23505"]))
    eq(rows(c.query("SELECT count(*) FROM pl")), [["0"]])
    c.send(bind([1], name="ins"), execute(), sync(), bind([1], name="ins"), execute(), sync(),
           bind([2], name="ins"), execute(), sync())
    eq([kinds(c.until_ready()) for _ in range(3)], ["2CZ", "2EZ", "2CZ"])
    eq(rows(c.query("SELECT count(*) FROM pl")), [["2"]])
    # In a failed block only its end is let through.
    c.query("BEGIN")
    eq(status(c.run(parse("SELECT 1/0"), bind(), execute())), "E")
    eq(error_codes(c.run(parse("SELECT 1"))), ["25P02"])
    eq(error_codes(c.run(bind([9], name="ins"))), ["25P02"])
    m = c.run(parse("ROLLBACK"), bind(), execute())
    eq((tags(m), status(m)), (["ROLLBACK"], "I"))


def test_extended_transactions(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS et")
    c.query("CREATE TABLE et(a int)")
    eq(status(c.run(parse("BEGIN"), bind(), execute())), "T")
    c.run(parse("INSERT INTO et VALUES (1)"), bind(), execute())
    eq(status(c.run(parse("COMMIT"), bind(), execute())), "I")
    eq(rows(c.query("SELECT count(*) FROM et")), [["1"]])
    m = c.run(parse("SHOW work_mem"), describe("S"), bind(), execute())
    eq(kinds(m), "1tT2DCZ")
    m = c.run(parse("EXPLAIN SELECT * FROM et"), describe("S"), bind(), execute())
    eq(columns(m), [("QUERY PLAN", 25, 0)])


def test_flush(s):
    c = new_client(s)
    c.send(parse("SELECT 1"), bind(), execute(), flush())
    eq(kinds(c.until("C")), "12DC")
    c.send(sync())
    eq(kinds(c.until_ready()), "Z")


def test_replanning(s):
    c, d = new_client(s), new_client(s)
    c.query("DROP TABLE IF EXISTS rp; CREATE TABLE rp(a int PRIMARY KEY, b int)")
    c.query("INSERT INTO rp VALUES (1, 10)")
    c.run(parse("SELECT b FROM rp WHERE a = $1", name="q"), parse("SELECT * FROM rp", name="all"))
    eq(rows(c.run(bind([1], name="q"), execute())), [["10"]])
    d.query("CREATE INDEX ON rp(b)")
    eq(rows(c.run(bind([1], name="q"), execute())), [["10"]])
    d.query("ALTER TABLE rp ADD COLUMN c int")
    eq(rows(c.run(bind([1], name="q"), execute())), [["10"]])
    e = errors(c.run(bind(name="all"), execute()))[0]
    eq((e["C"], e["M"]), ("0A000", "cached plan must not change result type"))
    d.query("DROP TABLE rp")
    eq(error_codes(c.run(bind([1], name="q"), execute())), ["42P01"])


def test_search_path_plans(s):
    c = new_client(s)
    c.query("DROP SCHEMA IF EXISTS s1 CASCADE; DROP SCHEMA IF EXISTS s2 CASCADE")
    c.query("CREATE SCHEMA s1; CREATE SCHEMA s2; CREATE TABLE s1.sp_t(a int); "
            "CREATE TABLE s2.sp_t(a int); INSERT INTO s1.sp_t VALUES (1); "
            "INSERT INTO s2.sp_t VALUES (2)")
    c.query("SET search_path = s1")
    c.run(parse("SELECT a FROM sp_t", name="q"))
    eq(rows(c.run(bind(name="q"), execute())), [["1"]])
    c.query("SET search_path = s2, s1")
    eq(rows(c.run(bind(name="q"), execute())), [["2"]])
    c.query("SET search_path = nowhere")
    eq(error_codes(c.query("SELECT * FROM sp_t")), ["42P01"])
    eq(error_codes(c.query("CREATE TABLE zz(a int)")), ["3F000"])
    c.query("RESET search_path")
    eq(rows(c.query("SHOW search_path")), [['"$user", public']])


def test_unnamed_shared(s):
    """Sessions that send the same text unnamed share its plan; nobody sees another's changes."""
    clients = [new_client(s) for _ in range(6)]
    c, d = clients[0], clients[1]
    c.query("DROP SCHEMA IF EXISTS u1 CASCADE; DROP SCHEMA IF EXISTS u2 CASCADE; "
            "CREATE SCHEMA u1; CREATE SCHEMA u2; CREATE TABLE u1.t(a int); "
            "CREATE TABLE u2.t(a text, b text); INSERT INTO u1.t VALUES (1); "
            "INSERT INTO u2.t VALUES ('x', 'y')")
    text = parse("SELECT * FROM t WHERE a = $1")
    for i, x in enumerate(clients):
        x.query("SET search_path = %s" % ("u1" if i % 2 else "u2"))
    for _ in range(2):
        for i, x in enumerate(clients):
            m = x.run(text, bind(["1" if i % 2 else "x"]), describe("P"), execute())
            eq(rows(m), [["1"]] if i % 2 else [["x", "y"]])
            eq(len(columns(m)), 1 if i % 2 else 2)
    # Other declared types are another statement.
    eq(rows(d.run(parse("SELECT $1 IS NULL", types=[25]), bind(["1"]), execute())), [["f"]])
    eq(error_codes(d.run(parse("SELECT $1 IS NULL", types=[23]), bind(["x"]), execute())),
       ["22P02"])
    # A change of the catalog inside a transaction is seen there alone.
    d.query("BEGIN; ALTER TABLE u1.t ADD COLUMN c int DEFAULT 7")
    eq(rows(d.run(text, bind(["1"]), execute())), [["1", "7"]])
    d.query("ROLLBACK")
    for x in clients[1::2]:
        eq(rows(x.run(text, bind(["1"]), execute())), [["1"]])
    c.query("ALTER TABLE u1.t ADD COLUMN c int DEFAULT 8")
    for x in clients[1::2]:
        eq(rows(x.run(text, bind(["1"]), execute())), [["1", "8"]])
    c.query("DROP TABLE u1.t")
    for x in clients[1::2]:
        eq(error_codes(x.run(text, bind(["1"]), execute())), ["42P01"])
    eq(error_codes(d.run(bind(["1"]), execute())), ["26000"])


# ---- malformed messages ----

def test_lost_framing(s):
    """Where the next message begins is not known: the session ends."""
    for data in (Client.message("!"), Client.message("p", b"x\0"), b"Q\0\0\0\3", b"S\x7f\xff\xff\xff",
                 b"Q\x7f\xff\xff\xff"):
        c = new_client(s)
        c.send(data)
        m = c.until_ready()
        e = errors(m)
        eq(([x["C"] for x in e], [x["S"] for x in e], status(m)), (["08P01"], ["FATAL"], "end"))
    eq(rows(new_client(s).query("SELECT 1")), [["1"]])


def test_function_call(s):
    c = new_client(s)

    def call(oid, args, formats=(), result=0):
        body = struct.pack("!IH", oid, len(formats)) + b"".join(struct.pack("!h", f) for f in formats)
        body += struct.pack("!H", len(args))
        for a in args:
            body += struct.pack("!i", -1) if a is None else struct.pack("!i", len(a)) + a
        c.send(Client.message("F", body + struct.pack("!h", result)))
        return c.until_ready()

    int4pl, count, generate_series, length, nextval = 177, 2803, 1067, 1317, 1574
    eq(call(int4pl, [b"2", b"40"]), [("V", b"\0\0\0\x0242"), ("Z", b"I")])
    eq(call(int4pl, [struct.pack("!i", 2), b"40"], (1, 0), 1)[0], ("V", struct.pack("!ii", 4, 42)))
    eq(call(int4pl, [None, b"1"])[0], ("V", b"\xff\xff\xff\xff"))
    eq(call(length, [b"h\xc3\xa9"])[0], ("V", b"\0\0\0\x012"))
    lower_inc, array_append = 3849, 378  # of anyrange, and not strict: no value is of a polymorphic type
    eq(call(lower_inc, [None])[0], ("V", b"\xff\xff\xff\xff"))
    eq(error_codes(c.run(parse("SELECT lower($1)", types=[3831]))), ["42804"])
    for oid, args, formats, code in (
            (lower_inc, [b"empty"], (), "0A000"), (array_append, [None, None], (), "22023"), (1, [], (), "42883"), (count, [], (), "0A000"), (generate_series, [b"1", b"2"], (), "0A000"),
            (int4pl, [b"1"], (), "08P01"), (int4pl, [b"1", b"2"], (0, 0, 0), "08P01"), (int4pl, [b"x", b"1"], (), "22P02"),
            (int4pl, [b"12", b"1"], (1,), "08P01"), (int4pl, [b"1", b"2147483647"], (), "22003")):
        eq(error_codes(call(oid, args, formats)), [code])
    c.query("CREATE SEQUENCE called_seq; CREATE FUNCTION called_twice(a int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2'")
    eq(call(nextval, [b"called_seq"])[0], ("V", b"\0\0\0\x011"))
    own = int(rows(c.query("SELECT 'called_twice'::regproc::oid"))[0][0])
    eq(call(own, [b"21"])[0], ("V", b"\0\0\0\x0242"))
    c.query("BEGIN")
    eq(call(int4pl, [b"1", b"1"])[-1], ("Z", b"T"))
    eq(error_codes(call(int4pl, [b"x", b"1"])), ["22P02"])
    eq(error_codes(call(int4pl, [b"1", b"1"])), ["25P02"])
    c.query("ROLLBACK")
    c.send(Client.message("F", b"\0\0\0\1\0\0\0\x05\0\0"))
    eq(error_codes(c.until_ready()), ["08P01"])


def test_large_messages(s):
    c = new_client(s)
    big = "x" * 3000000
    eq(rows(c.query("SELECT length('%s')" % big)), [[str(len(big))]])
    m = c.run(parse("SELECT $1::text"), bind([big]), execute())
    eq(rows(m), [[big]])


def test_slow_reader(s):
    """A client that does not drain parks its session only."""
    c, d = new_client(s), new_client(s)
    c.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"))
    time.sleep(0.3)
    for _ in range(20):
        eq(rows(d.query("SELECT 1")), [["1"]])
    m = c.until_ready()
    eq(len(rows(m)), 20000)


# ---- cancel, timeouts, termination ----

SLOW = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"


def cancel(s, pid, secret):
    c = new_client(s, startup=False)
    c.raw(struct.pack("!IIiI", 16, 80877102, pid, secret))
    eq(c.at_end(), True)


def test_cancel(s):
    c = new_client(s)
    c.send(query(SLOW))
    time.sleep(0.2)
    cancel(s, c.pid, c.secret ^ 1)
    time.sleep(0.1)
    start = time.monotonic()
    cancel(s, c.pid, c.secret)
    e = errors(c.until_ready())[0]
    assert time.monotonic() - start < 3
    eq((e["C"], e["M"]), ("57014", "canceling statement due to user request"))
    cancel(s, c.pid, c.secret)
    time.sleep(0.05)
    eq(rows(c.query("SELECT 1")), [["1"]])


def test_statement_timeout(s):
    c = new_client(s)
    c.query("SET statement_timeout = '100ms'")
    e = errors(c.query(SLOW))[0]
    eq((e["C"], e["M"]), ("57014", "canceling statement due to statement timeout"))
    eq(error_codes(c.run(parse(SLOW), bind(), execute())), ["57014"])
    time.sleep(0.2)
    eq(rows(c.query("SELECT 1")), [["1"]])
    c.query("BEGIN")
    eq(status(c.query(SLOW)), "E")


def test_lock_timeout(s):
    c, d = new_client(s), new_client(s)
    c.query("DROP TABLE IF EXISTS lt; CREATE TABLE lt(a int PRIMARY KEY, b int)")
    c.query("INSERT INTO lt VALUES (1, 1)")
    c.query("BEGIN; UPDATE lt SET b = 2")
    d.query("SET lock_timeout = 100")
    eq(error_codes(d.query("UPDATE lt SET b = 3")), ["55P03"])
    d.query("SET lock_timeout = 0")
    d.send(query("UPDATE lt SET b = 3"))
    time.sleep(0.1)
    c.query("COMMIT")
    eq(tags(d.until_ready()), ["UPDATE 1"])


def test_idle_in_transaction_timeout(s):
    c = new_client(s)
    c.query("SET idle_in_transaction_session_timeout = 100")
    time.sleep(0.3)
    eq(rows(c.query("SELECT 1")), [["1"]])
    c.query("BEGIN")
    m = c.until_ready()
    eq((error_codes(m), status(m)), (["25P03"], "end"))
    c = new_client(s)
    c.query("SET idle_session_timeout = 100")
    eq(error_codes(c.until_ready()), ["57P05"])


def test_terminate_backend(s):
    c, d = new_client(s), new_client(s)
    m = d.query("SELECT pg_terminate_backend(%d)" % c.pid)
    if error_codes(m):
        return
    eq(rows(m), [["t"]])
    m = c.until_ready()
    eq((error_codes(m), status(m)), (["57P01"], "end"))


def test_disconnect_in_block(s):
    c, d = new_client(s), new_client(s)
    c.query("DROP TABLE IF EXISTS dc; CREATE TABLE dc(a int PRIMARY KEY)")
    c.query("INSERT INTO dc VALUES (1)")
    c.query("BEGIN; DELETE FROM dc")
    c.close()
    d.query("SET lock_timeout = '5s'")
    eq(tags(d.query("DELETE FROM dc")), ["DELETE 1"])
    c = new_client(s)
    c.send(query(SLOW))
    c.close()
    e = new_client(s)
    e.send(Client.message("X"))
    eq(e.at_end(), True)


# ---- settings ----

def test_settings(s):
    c = new_client(s)
    m = c.query("SET TimeZone = 'Europe/Paris'")
    eq([b for k, b in m if k == "S"], [b"TimeZone\0Europe/Paris\0"])
    m = c.query("BEGIN; SET LOCAL DateStyle = 'German'; SHOW datestyle")
    eq(rows(m), [["German, DMY"]])
    eq(columns(m), [("DateStyle", 25, 0)])
    m = c.query("ROLLBACK")
    eq([b for k, b in m if k == "S"], [b"DateStyle\0ISO, MDY\0"])
    c.query("SET DateStyle = dmy")
    eq(rows(c.query("SHOW DateStyle")), [["ISO, DMY"]])
    c.query("BEGIN; SET work_mem = '1MB'; SAVEPOINT a; SET work_mem = '2MB'")
    eq(rows(c.query("SHOW work_mem")), [["2MB"]])
    c.query("ROLLBACK TO a")
    eq(rows(c.query("SHOW work_mem")), [["1MB"]])
    c.query("COMMIT")
    eq(rows(c.query("SHOW work_mem")), [["1MB"]])
    eq([n["C"] for n in notices(c.query("SET LOCAL work_mem = '3MB'"))], ["25P01"])
    for sql, code in (("SET nope = 1", "42704"), ("SHOW nope", "42704"),
                      ("SET work_mem = 'x'", "22023"), ("SET server_version = 'x'", "55P02"),
                      ("SET port = 1", "55P02"), ("SET fsync = off", "55P02"),
                      ("SET work_mem = 1, 2", "22023"), ("SET a.1b = 1", "42601"),
                      ("SET client_encoding = 'MULE_INTERNAL'", "0A000"),
                      ("SET TIME ZONE 'Nowhere/Land'", "22023"), ("SHOW a.unset", "42704"),
                      ("SET TRANSACTION SNAPSHOT 'x'", "0A000"), ("SET ROLE nobody", "22023")):
        eq((sql, error_codes(c.query(sql))), (sql, [code]))
    c.query("SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE")
    eq(rows(c.query("SHOW timezone")), [["<-08>+08"]])
    c.query("SET my.setting TO 'v'")
    eq(rows(c.query("SHOW my.setting")), [["v"]])
    assert len(rows(c.query("SHOW ALL"))) > 150
    c.query("RESET ALL")
    eq(rows(c.query("SHOW timezone")), [["UTC"]])


def test_client_min_messages(s):
    c = new_client(s)
    eq(len(notices(c.query("COMMIT"))), 1)
    c.query("SET client_min_messages = error")
    eq(len(notices(c.query("COMMIT"))), 0)


# ---- SQL-level statements and cursors ----

def test_sql_prepare(s):
    c = new_client(s)
    eq(tags(c.query("PREPARE p(int, text) AS SELECT $1 + 1, $2")), ["PREPARE"])
    eq(rows(c.query("EXECUTE p(1 + 1, 'a' || 'b')")), [["3", "ab"]])
    eq(error_codes(c.query("EXECUTE p(1)")), ["42601"])
    eq(error_codes(c.query("EXECUTE nope")), ["26000"])
    eq(error_codes(c.query("PREPARE p AS SELECT 1")), ["42P05"])
    eq(tags(c.query("DEALLOCATE p")), ["DEALLOCATE"])
    eq(error_codes(c.query("DEALLOCATE p")), ["26000"])
    eq(tags(c.query("DEALLOCATE ALL")), ["DEALLOCATE ALL"])
    e = errors(c.query("PREPARE q AS SELECT nope"))[0]
    eq((e["C"], e["P"]), ("42703", "21"))


def test_cursors(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS cu; CREATE TABLE cu(a int); INSERT INTO cu VALUES (1),(2),(3),(4)")
    eq(error_codes(c.query("DECLARE x CURSOR FOR SELECT 1")), ["25P01"])
    c.query("BEGIN")
    eq(tags(c.query("DECLARE x CURSOR FOR SELECT a FROM cu ORDER BY a")), ["DECLARE CURSOR"])
    m = c.query("FETCH 2 FROM x")
    eq((rows(m), tags(m)), ([["1"], ["2"]], ["FETCH 2"]))
    c.query("DELETE FROM cu WHERE a = 4")
    eq(tags(c.query("MOVE x")), ["MOVE 1"])
    eq(rows(c.query("FETCH ALL x")), [["4"]])
    eq(tags(c.query("FETCH NEXT FROM x")), ["FETCH 0"])
    eq(tags(c.query("CLOSE x")), ["CLOSE CURSOR"])
    eq(error_codes(c.query("FETCH x")), ["34000"])
    c.query("ROLLBACK")
    c.query("BEGIN; DECLARE y NO SCROLL CURSOR FOR SELECT a FROM cu")
    eq(error_codes(c.query("FETCH BACKWARD 1 FROM y")), ["55000"])
    c.query("ROLLBACK")
    c.query("BEGIN; SAVEPOINT a; DECLARE z CURSOR FOR SELECT 1; ROLLBACK TO a")
    eq(error_codes(c.query("FETCH z")), ["34000"])
    c.query("ROLLBACK")
    m = c.query("BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT a FROM cu ORDER BY a; COMMIT; FETCH 1 h")
    eq(rows(m), [["1"]])
    # several portals of the protocol at once, also named by FETCH, and a cursor named by Execute
    c.query("BEGIN")
    sql = "SELECT a FROM cu ORDER BY a"
    m = c.run(parse(sql, "s"), bind((), "s", "p1"), bind((), "s", "p2"), execute("p1", 2),
              execute("p2", 1), execute("p1", 1), execute("h", 1))
    eq(rows(m), [["1"], ["2"], ["1"], ["3"], ["2"]])
    eq(rows(c.query("FETCH 1 FROM p2")), [["2"]])
    eq(rows(c.run(execute("p2", 1))), [["3"]])
    c.query("COMMIT; CLOSE h")
    eq(error_codes(c.run(execute("p1", 1))), ["34000"])


# ---- COPY ----

def copy_data(text):
    return Client.message("d", text if isinstance(text, bytes) else text.encode())


def copy_in(c, sql, *pieces, end=None):
    c.send(query(sql))
    first = c.until("G", "E")
    if first[-1][0] == "E":
        return first + c.until_ready()
    c.send(*[copy_data(p) for p in pieces], end or Client.message("c"))
    return first + c.until_ready()


def copy_out(c, sql):
    m = c.query(sql)
    return b"".join(b for k, b in m if k == "d").decode() if not errors(m) else error_codes(m)


def test_copy_text(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS cp; CREATE TABLE cp(a int PRIMARY KEY, b text, c numeric)")
    m = copy_in(c, "COPY cp FROM STDIN", "1\tone\t1.5\n2\tta", "b\\there\t\\N\n3\t\\x41\\102\\\\\t3\n")
    eq((kinds(m), tags(m)), ("GCZ", ["COPY 3"]))
    eq(copy_out(c, "COPY cp TO STDOUT"), "1\tone\t1.5\n2\ttab\\there\t\\N\n3\tAB\\\\\t3\n")
    eq(copy_out(c, "COPY cp(b, a) TO STDOUT (DELIMITER '|', NULL 'nil')"),
       "one|1\ntab\\there|2\nAB\\\\|3\n")
    eq(copy_out(c, "COPY (SELECT a, c FROM cp WHERE a < 3 ORDER BY a DESC) TO STDOUT"),
       "2\t\\N\n1\t1.5\n")
    m = copy_in(c, "COPY cp(a) FROM STDIN", "10\n11\n\\.\nrubbish\n")
    eq(tags(m), ["COPY 2"])
    eq(rows(c.query("SELECT count(*) FROM cp")), [["5"]])
    m = copy_in(c, "COPY cp(a, b) FROM STDIN", "20\tx\r\n21\ty\r\n")
    eq(tags(m), ["COPY 2"])
    eq(rows(c.query("SELECT b FROM cp WHERE a = 20")), [["x"]])
    m = copy_in(c, "COPY cp FROM STDIN")
    eq(tags(m), ["COPY 0"])
    m = copy_in(c, "COPY cp(a) FROM STDIN", *["%d\n" % i for i in range(1000, 3000)])
    eq(tags(m), ["COPY 2000"])


def test_copy_csv(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS cv; CREATE TABLE cv(a int, b text, c text)")
    m = copy_in(c, "COPY cv FROM STDIN CSV HEADER",
                'a,b,c\n1,"x, ""y""","multi\nline"\n2,,""\n3,NULL,z\n')
    eq(tags(m), ["COPY 3"])
    eq(rows(c.query("SELECT * FROM cv ORDER BY a")),
       [["1", 'x, "y"', "multi\nline"], ["2", None, ""], ["3", "NULL", "z"]])
    eq(copy_out(c, "COPY cv TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (a))"),
       'a,b,c\n"1","x, ""y""","multi\nline"\n"2",,""\n"3",NULL,z\n')
    c.query("DELETE FROM cv")
    m = copy_in(c, "COPY cv FROM STDIN (FORMAT csv, QUOTE '''', ESCAPE '\\', DELIMITER ';', NULL 'n',"
                " FORCE_NOT_NULL (b), FORCE_NULL (c))", "1;n;'n'\n2;'it\\'s';n\n")
    eq(tags(m), ["COPY 2"])
    eq(rows(c.query("SELECT * FROM cv ORDER BY a")), [["1", "n", None], ["2", "it's", None]])
    eq(error_codes(copy_in(c, "COPY cv FROM STDIN (FORMAT csv, HEADER MATCH)", "a,x,c\n1,2,3\n")), ["22P04"])
    eq(tags(copy_in(c, "COPY cv FROM STDIN (FORMAT csv, HEADER MATCH)", "a,b,c\n1,2,3\n")), ["COPY 1"])


def test_copy_errors(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS ce; CREATE TABLE ce(a int PRIMARY KEY, b text NOT NULL)")
    for data, code, context in (
            ("1\ta\nx\tb\n", "22P02", 'COPY ce, line 2, column a: "x"'),
            ("1\ta\n2\n", "22P04", 'COPY ce, line 2: "2"'),
            ("1\ta\tz\n", "22P04", 'COPY ce, line 1: "1\ta\tz"'),
            ("1\ta\n1\tb\n", "23505", "COPY ce, line 2"),
            ("1\t\\N\n", "23502", 'COPY ce, line 1: "1\t\\N"'),
            ("1\ta\n2\tb\rc\n", "22P04", "COPY ce, line 2"),
            (b"1\t\xff\n", "22021", None)):
        e = errors(copy_in(c, "COPY ce FROM STDIN", data))
        eq([x["C"] for x in e], [code])
        if context:
            eq(e[0].get("W"), context)
    eq(rows(c.query("SELECT count(*) FROM ce")), [["0"]])
    m = copy_in(c, "COPY ce FROM STDIN", "1\ta\n", end=Client.message("f", b"no more\0"))
    eq((error_codes(m), errors(m)[0]["M"]), (["57014"], "COPY from stdin failed: no more"))
    eq(rows(c.query("SELECT count(*) FROM ce")), [["0"]])
    for sql, code in (("COPY nope FROM STDIN", "42P01"), ("COPY ce(x) FROM STDIN", "42703"),
                      ("COPY ce(a, a) FROM STDIN", "42701"), ("COPY ce TO 'x'", "42602"),
                      ("COPY ce FROM PROGRAM 'x'", "0A000"),
                      ("COPY ce TO STDOUT (FORMAT binary, NULL 'x')", "42601"),
                      ("COPY ce TO STDOUT (FORMAT foo)", "22023"),
                      ("COPY ce TO STDOUT (DELIMITER 'ab')", "0A000"),
                      ("COPY ce TO STDOUT (QUOTE 'x')", "0A000"),
                      ("COPY ce TO STDOUT (NULL 'x', NULL 'y')", "42601")):
        eq((sql, error_codes(c.query(sql))), (sql, [code]))
    c.send(query("COPY ce FROM STDIN"))
    c.until("G")
    c.send(query("SELECT 1"))
    eq(error_codes(c.until_ready()), ["08P01"])


def test_copy_extended(s):
    c = new_client(s)
    c.query("DROP TABLE IF EXISTS cx; CREATE TABLE cx(a int)")
    c.send(parse("COPY cx FROM STDIN"), bind(), describe("P"), execute(), sync())
    eq(kinds(c.until("G")), "12nG")
    c.send(copy_data("1\n2\n"), Client.message("c"), sync())
    eq(tags(c.until_ready()), ["COPY 2"])
    c.send(parse("COPY cx TO STDOUT"), bind(), execute(), sync())
    m = c.until_ready()
    while "H" not in kinds(m):
        m = c.until_ready()
    eq(kinds(m), "12HddcCZ")
    c.send(parse("COPY cx FROM STDIN"), bind(), execute(), sync())
    c.until("G")
    c.send(copy_data("x\n"), copy_data("3\n"), Client.message("c"), sync())
    m = c.until_ready()
    eq(error_codes(m), ["22P02"])
    eq(rows(new_client(s).query("SELECT count(*) FROM cx")), [["2"]])


# ---- drivers ----

def test_psycopg2(s):
    import psycopg2
    conn = psycopg2.connect(s.dsn())
    cur = conn.cursor()
    cur.execute("DROP TABLE IF EXISTS drv")
    cur.execute("CREATE TABLE drv(id int PRIMARY KEY, t text)")
    cur.executemany("INSERT INTO drv VALUES (%s, %s)", [(i, "v%d" % i) for i in range(100)])
    conn.commit()
    named = conn.cursor("big")
    named.itersize = 7
    named.execute("SELECT id FROM drv ORDER BY id")
    eq([r[0] for r in named], list(range(100)))
    conn.rollback()
    try:
        cur.execute("INSERT INTO drv VALUES (1, 'x')")
        raise AssertionError("no error")
    except psycopg2.errors.UniqueViolation as e:
        eq(e.diag.constraint_name, "drv_pkey")
    conn.rollback()
    conn.autocommit = True
    cur.execute("SELECT count(*) FROM drv")
    eq(cur.fetchone()[0], 100)
    eq(conn.server_version, 150008)
    conn.close()


# ---- the server ----

def test_max_connections(s):
    with Server(settings={"max_connections": "3"}) as small:
        clients = [Client(small.port) for _ in range(3)]
        extra = Client(small.port)
        eq(error_codes(extra.greeting), ["53300"])
        clients[0].close()
        time.sleep(0.2)
        eq(status(Client(small.port).greeting), "I")


def test_stop(s):
    with Server() as other:
        idle, busy, block = Client(other.port), Client(other.port), Client(other.port)
        block.query("BEGIN")
        busy.send(query(SLOW))
        time.sleep(0.2)
        result = []
        stopper = threading.Thread(target=lambda: result.append(other.stop()))
        stopper.start()
        for c in (idle, busy, block):
            m = c.until_ready()
            eq((error_codes(m), status(m)), (["57P01"], "end"))
        stopper.join(30)
        eq(result, [0])


def test_reload(s):
    import tempfile
    path = tempfile.mktemp(prefix="tarn-conf-")
    with open(path, "w") as f:
        f.write("work_mem = 9MB\n")

    class WithFile(Server):
        def command(self):
            return super().command() + ["-c", path]

    try:
        with WithFile() as other:
            c = Client(other.port)
            eq(rows(c.query("SHOW work_mem")), [["9MB"]])
            with open(path, "w") as f:
                f.write("work_mem = 10MB\nTimeZone = 'Asia/Tokyo'\nport = 1\n")
            other.process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
            eq(rows(c.query("SHOW work_mem")), [["10MB"]])
            eq(rows(c.query("SHOW TimeZone")), [["Asia/Tokyo"]])
            eq(rows(c.query("SHOW port")), [[str(other.port)]])
    finally:
        os.unlink(path)


def test_restart_keeps_data(s):
    with Server() as other:
        c = Client(other.port)
        c.query("CREATE TABLE keep(a int); INSERT INTO keep VALUES (1)")
        other.kill()
        other.start()
        eq(rows(Client(other.port).query("SELECT * FROM keep")), [["1"]])
        eq(other.stop(), 0)
        other.start()
        eq(rows(Client(other.port).query("SELECT * FROM keep")), [["1"]])


def test_listen_refused(s):
    import subprocess
    import tempfile
    with tempfile.TemporaryDirectory() as d:
        with open(d + "/rules", "w", encoding="utf-8") as f:
            f.write("host all all 10.0.0.0/8 trust\n")
        p = subprocess.run([s.binary, "serve", "-D", d + "/x", "--listen", "0.0.0.0", "-c",
                            "hba_file=" + d + "/rules"], stderr=subprocess.PIPE, timeout=20)
        eq(p.returncode, 1)
        assert b"trusts whoever connects from beyond this machine" in p.stderr, p.stderr
    p = subprocess.run([s.binary, "serve", "--nonsense"], stderr=subprocess.PIPE, timeout=20)
    eq(p.returncode, 2)


def main():
    tally = Tally("server/protocol")
    only = sys.argv[1:]
    with Server() as s:
        for name, fn in sorted(globals().items()):
            if not name.startswith("test_") or (only and name not in only):
                continue
            problem = ""
            try:
                fn(s)
            except Exception as e:  # each case stands alone
                where = traceback.extract_tb(sys.exc_info()[2])
                line = [f.lineno for f in where if f.filename == __file__][-1]
                problem = "line %d: %s: %s" % (line, type(e).__name__, str(e)[:500])
            tally.check(name, problem)
            while open_clients:
                open_clients.pop().close()
            if s.process.poll() is not None:
                print(s.log()[-3000:])
                s.process = None
                s.start()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
