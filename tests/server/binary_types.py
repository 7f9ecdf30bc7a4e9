#!/usr/bin/python3
"""Binary forms of types that users make, and of others beyond numbers and texts: what is sent is what
PostgreSQL 15 sends (recorded; None where OIDs of the types are part of it), and reads back as itself."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
import pgproto as p  # noqa: E402
from tarn import Server, Tally  # noqa: E402

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN vc AS varchar(5);
CREATE TYPE pair AS (a int, b text);
CREATE TYPE deep AS (p pair, m mood, r int4range);
CREATE TYPE fr AS RANGE (subtype = float8);
"""
VALUES = [
    ("mood", "sad", "736164"),
    ("mood[]", "{ok,NULL,sad}", None),
    ("posint", "5", "00000005"),
    ("posint[]", "{1,2}", None),
    ("vc", "abc", "616263"),
    ("pair", "(1,x)", None),
    ("pair", "(,)", None),
    ("pair[]", '{"(1,x)","(2,)"}', None),
    ("deep", '("(1,x)",sad,"[1,3)")', None),
    ("int4range", "[1,5)", "0200000004000000010000000400000005"),
    ("int4range", "empty", "01"),
    ("numrange", "(1.5,]", "100000000c000200000000000100011388"),
    ("tstzrange", "[2020-01-01 00:00+00,)", "120000000800023e0786c26000"),
    ("daterange", "[2020-01-01,2020-02-01)", "020000000400001c890000000400001ca8"),
    ("int4range[]", '{"[1,2)",empty}', "000000010000000000000f4000000002000000010000001102000000040000000100000004000000020000000101"),
    ("int4multirange", "{[1,2),[5,7)}", "00000002000000110200000004000000010000000400000002000000110200000004000000050000000400000007"),
    ("nummultirange", "{}", "00000000"),
    ("fr", "[1.5,2.5]", "06000000083ff8000000000000000000084004000000000000"),
    ("inet", "10.1.2.3/8", "020800040a010203"),
    ("inet", "::1", "0380001000000000000000000000000000000001"),
    ("cidr", "10.0.0.0/8", "020801040a000000"),
    ("macaddr", "08:00:2b:01:02:03", "08002b010203"),
    ("macaddr8", "08:00:2b:01:02:03:04:05", "08002b0102030405"),
    ("bit(5)", "10101", "00000005a8"),
    ("varbit", "101", "00000003a0"),
    ("varbit", "", "00000000"),
    ("money", "1234.56", "000000000001e240"),
    ("jsonpath", "$.a[*] ? (@ > 1)", "01242e2261225b2a5d3f2840203e203129"),
    ("point", "(1.5,-2)", "3ff8000000000000c000000000000000"),
    ("lseg", "[(1,2),(3,4)]", "3ff0000000000000400000000000000040080000000000004010000000000000"),
    ("line", "{1,2,3}", "3ff000000000000040000000000000004008000000000000"),
    ("box", "(3,4),(1,2)", "400800000000000040100000000000003ff00000000000004000000000000000"),
    ("path", "[(1,2),(3,4)]", "00000000023ff0000000000000400000000000000040080000000000004010000000000000"),
    ("path", "((1,2))", "01000000013ff00000000000004000000000000000"),
    ("polygon", "((1,2),(3,4),(5,0))", "000000033ff000000000000040000000000000004008000000000000401000000000000040140000000000000000000000000000"),
    ("circle", "<(1,2),3>", "3ff000000000000040000000000000004008000000000000"),
    ("box[]", "{(3,4),(1,2);(1,1),(0,0)}", "00000001000000000000025b000000020000000100000020400800000000000040100000000000003ff00000000000004000000000000000000000203ff00000000000003ff000000000000000000000000000000000000000000000"),
    ("inet[]", "{10.0.0.1,::1}", "000000010000000000000365000000020000000100000008022000040a000001000000140380001000000000000000000000000000000001"),
    ("money[]", "{1,2}", "00000001000000000000031600000002000000010000000800000000000000640000000800000000000000c8"),
]
# A type, bytes that are none of it, the error.
WRONG = [
    ("mood", b"glad", "22P02"),
    ("posint", b"\x00\x00\x00\x00", "23514"),
    ("posint", b"\x00", "08P01"),
    ("pair", b"\x00\x00\x00\x01", "42804"),
    ("pair", b"\x00", "08P01"),
    ("int4range", b"", "08P01"),
    ("int4range", b"\x02\x00\x00\x00\x09", "08P01"),
    ("int4multirange", b"\x00\x00\x00\x02\x00\x00\x00\x01\x01", "08P01"),
    ("inet", b"\x02\x21\x00\x04\x00\x00\x00\x00", "22P03"),
    ("cidr", b"\x02\x08\x01\x04\x0a\x01\x00\x00", "22P03"),
    ("macaddr", b"\x00", "08P01"),
    ("varbit", b"\x00\x00\x00\x09\x00", "08P01"),
    ("money", b"\x00", "08P01"),
    ("jsonpath", b"\x02$", "XX000"),
    ("point", b"\x00" * 15, "08P01"),
    ("box", b"\x00" * 24, "08P01"),
    ("line", b"\x00" * 24, "22P03"),
    ("path", b"\x00" * 5, "22P03"),
    ("path", b"\x01\x00\x00\x00\x01" + b"\x00" * 15, "08P01"),
    ("path", b"", "08P01"),
    ("polygon", b"\xff" * 4, "22P03"),
    ("circle", b"\x00" * 16 + b"\xbf\xf0" + b"\x00" * 6, "22P03"),
]


def first_row(messages):
    rows = [p.row(body) for kind, body in messages if kind == "D"]
    return rows[0] if rows else None


def eq(tally, name, got, want):
    return tally.check(name, "" if got == want else "%r instead of %r" % (got, want))


def round_trip(client, tally, kind, value, expected):
    name = "%s %s" % (kind, value)
    got = client.run(p.parse("SELECT $1::text::%s, $1::text::%s::text" % (kind, kind)),
                     p.bind([value], results=[1, 0]), p.execute())
    row = first_row(got)
    if not tally.check(name + " is sent", "" if row else p.errors(got)):
        return
    if expected is not None:
        eq(tally, name + " is sent as by PostgreSQL", row[0].hex(), expected)
    oid = first_row(client.query("SELECT '%s'::regtype::oid" % kind.split("(")[0]))
    back = client.run(p.parse("SELECT $1::%s::text" % kind, types=[int(oid[0])]),
                      p.bind([row[0]], formats=[1]), p.execute())
    eq(tally, name + " reads back", first_row(back) or p.errors(back), [row[1]])


def main():
    tally = Tally("binary_types")
    with Server() as server:
        client = p.Client(server.port)
        client.query(SETUP)
        for kind, value, expected in VALUES:
            round_trip(client, tally, kind, value, expected)
        client.close()
        server.stop()  # a new process knows nothing of the types but what the catalog says
        server.start()
        for kind, value, expected in reversed(VALUES):
            client = p.Client(server.port)
            round_trip(client, tally, kind, value, expected)
            client.close()
        client = p.Client(server.port)
        for kind, data, code in WRONG:
            oid = first_row(client.query("SELECT '%s'::regtype::oid" % kind))
            got = client.run(p.parse("SELECT $1", types=[int(oid[0])]),
                             p.bind([data], formats=[1]), p.execute())
            eq(tally, "%s refuses %s" % (kind, data.hex()), p.error_codes(got), [code])
        client.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
