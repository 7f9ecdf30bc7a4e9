#!/usr/bin/python3
"""COPY in binary format: the same bytes as PostgreSQL's, both ways, and damaged input."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally, psql_env  # noqa: E402

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE t (b bool, i2 int2, i4 int4, i8 int8, f4 real, f8 float8, n numeric, t text, v varchar(9),
    c char(4), y bytea, d date, tm time, ttz timetz, ts timestamp, tz timestamptz, iv interval, u uuid,
    j json, jb jsonb, a int[], ta text[], m mood, p positive, o oid, na name);
CREATE TABLE small (a int, b text);
"""
ROWS = """
INSERT INTO t VALUES (true, 1, -2, 3, 1.5, -2.25, 123.4500, E'x\\ty', 'v', 'c', '\\x00ff', '2020-02-29',
    '12:34:56.789', '01:02:03+05:30', '1999-12-31 23:59:59.5', '2000-01-01 00:00:00+00', '1 mon 2 days 3 s',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', '{"a": [1, null, "x"]}', '{1,NULL,3}',
    '{{a,b},{c,d}}', 'happy', 5, 42, 'name'),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (false, -32768, 2147483647, -9223372036854775808, 'NaN', 'Infinity', 'NaN', '', '', '', '', 'infinity',
     '24:00', '00:00+00', '-infinity', 'infinity', '-1 y', '00000000-0000-0000-0000-000000000000', '[]', '{}',
     '{}', '{}', 'sad', 1, 0, '');
INSERT INTO small VALUES (1, 'one'), (2, NULL), (3, 'three');
"""


def psql(env, sql, path=None):
    args = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
    p = subprocess.run(args, env=env, stdin=open(path, "rb") if path else subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return p.stdout, p.stderr.decode()


def load(env, data, sql="COPY small FROM STDIN (FORMAT binary)"):
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        return psql(env, sql, f.name)[1]


def same_errors(tally, tarn, pg, good):
    cases = {
        "nothing": b"", "no signature": b"PGCOPX" + good[6:], "flags": good[:11] + b"\0\1\0\0" + good[15:],
        "half a header": good[:13], "no rows": good[:19], "cut in a row": good[:40], "cut in a field": good[:33],
        "other count": good[:19] + b"\0\3" + good[21:], "field size": good[:21] + b"\xff\xff\xff\xf0" + good[25:],
        "behind the end": good + b"x", "length of an int": good[:21] + b"\0\0\0\3" + good[25:],
    }
    for name, data in cases.items():
        want = load(pg, data)
        got = load(tarn, data)
        if name == "length of an int":  # the words for that are Tarn's
            want, got = "ERROR" in want, "ERROR" in got
        tally.check("damaged: " + name, "" if want == got else "%r is not %r" % (got, want))


def main():
    tally = Tally("server/copy_binary")
    with Server() as s, Postgres() as p:
        tarn = s.env()
        pg = psql_env("127.0.0.1", p.port, "postgres")
        for env in (tarn, pg):
            for sql in (SETUP, ROWS):
                tally.check("setup", psql(env, sql)[1])
        columns = psql(pg, "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute "
                           "WHERE attrelid = 't'::regclass AND attnum > 0")[0].decode().strip().split(",")
        for column in columns:
            sql = "COPY t (%s) TO STDOUT (FORMAT binary)" % column
            tally.check("bytes of " + column, "" if psql(tarn, sql)[0] == psql(pg, sql)[0] else "they differ")
        whole = psql(pg, "COPY t TO STDOUT (FORMAT binary)")[0]
        text = psql(pg, "COPY t TO STDOUT")[0]
        psql(tarn, "TRUNCATE t")
        tally.check("a table of PostgreSQL's", load(tarn, whole, "COPY t FROM STDIN (FORMAT binary)"))
        tally.check("is the same", "" if psql(tarn, "COPY t TO STDOUT")[0] == text else "it differs")
        tally.check("a query", "" if psql(tarn, "COPY (SELECT 1, 'x'::text) TO STDOUT (FORMAT binary)")[0] ==
                    psql(pg, "COPY (SELECT 1, 'x'::text) TO STDOUT (FORMAT binary)")[0] else "it differs")
        same_errors(tally, tarn, pg, psql(pg, "COPY small TO STDOUT (FORMAT binary)")[0])
        load(tarn, psql(pg, "COPY small TO STDOUT (FORMAT binary)")[0],
             "COPY small FROM STDIN (FORMAT binary) WHERE a > 1")
        tally.check("WHERE", "" if psql(tarn, "SELECT count(*), min(a) FROM small")[0] == b"5|1\n" else "rows")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
