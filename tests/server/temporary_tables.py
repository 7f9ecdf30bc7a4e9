#!/usr/bin/python3
"""Temporary tables between sessions, at the end of a session, and after kill -9."""
import os
import sys
import time

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import Server, Tally  # noqa: E402

COUNT = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"
END_LIMIT_S = 30


def connect(server, db="postgres"):
    c = psycopg2.connect(server.dsn(db=db))
    c.autocommit = True
    return c, c.cursor()


def expect(tally, ok, what):
    tally.check(what, "" if ok else "not so")


def value(cur, sql):
    cur.execute(sql)
    return cur.fetchone()[0]


def fails(cur, sql, code):
    try:
        cur.execute(sql)
        return False
    except psycopg2.Error as e:
        return e.pgcode == code


def first_of_session(server, tally):
    """The statement that makes the session's schema finds it, too; what a table brings along is told."""
    c, cur = connect(server)
    cur.execute("SET client_min_messages = debug1")
    cur.execute("CREATE TEMP TABLE tree (id serial PRIMARY KEY, up int REFERENCES tree)")
    told = [n.strip() for n in c.notices]
    expect(tally, told == ['DEBUG:  CREATE TABLE will create implicit sequence "tree_id_seq" for serial column "tree.id"',
                           'DEBUG:  CREATE TABLE / PRIMARY KEY will create implicit index "tree_pkey" for table "tree"'],
           "sequence and index are told: %s" % told)
    expect(tally, fails(cur, "INSERT INTO tree (up) VALUES (7)", "23503"), "its reference to itself holds")
    c.close()


def two_sessions(server, tally):
    (ca, a), (cb, b) = connect(server), connect(server)
    a.execute("CREATE TABLE same (x int)")
    a.execute("INSERT INTO same VALUES (0)")
    b.execute("PREPARE p AS SELECT x FROM same")
    expect(tally, value(b, "EXECUTE p") == 0, "the permanent table is prepared")
    for cur, n in ((a, 1), (b, 2)):
        cur.execute("CREATE TEMP TABLE same (x int PRIMARY KEY, s serial)")
        cur.execute("INSERT INTO same VALUES (%s)", (n,))
    expect(tally, value(a, "SELECT x FROM same") == 1, "the first session sees its own")
    expect(tally, value(b, "SELECT x FROM same") == 2, "the second session sees its own")
    expect(tally, value(b, "EXECUTE p") == 2, "a plan from before is made anew")
    expect(tally, value(b, "SELECT x FROM public.same") == 0, "the hidden one is there by its schema")
    other = value(a, "SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid "
                     "WHERE c.oid = 'same'::regclass")
    expect(tally, fails(b, 'SELECT * FROM "%s".same' % other, "0A000"),
           "another session's is refused")
    ca.close()
    end = time.monotonic() + END_LIMIT_S
    while value(b, COUNT + " AND relkind = 'r'") > 1 and time.monotonic() < end:
        time.sleep(0.02)
    expect(tally, value(b, COUNT + " AND relkind = 'r'") == 1, "the end of a session drops its own")
    expect(tally, value(b, "SELECT x FROM same") == 2, "and nobody else's")
    b.execute("DROP TABLE same")
    expect(tally, value(b, "EXECUTE p") == 0, "the hidden one comes back")
    cb.close()


def crash(server, tally):
    c, cur = connect(server)
    cur.execute("CREATE DATABASE second")
    d, other = connect(server, "second")
    for x in (cur, other):
        x.execute("CREATE TEMP TABLE lost (a int GENERATED ALWAYS AS IDENTITY, b text UNIQUE)")
        x.execute("INSERT INTO lost (b) SELECT i::text FROM generate_series(1, 100) i")
        x.execute("CREATE TEMP SEQUENCE lost_seq")
    expect(tally, value(cur, COUNT) >= 3, "they are there")
    server.kill()
    server.start()
    for db in ("postgres", "second"):
        c, cur = connect(server, db)
        expect(tally, value(cur, COUNT) == 0, "none is left after a crash in " + db)
        expect(tally, value(cur, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pg_temp%'") == 0,
               "nor a schema in " + db)
        cur.execute("CREATE TEMP TABLE lost (a int)")
        expect(tally, value(cur, "SELECT count(*) FROM lost") == 0, "a new one is empty in " + db)
        c.close()


def main():
    tally = Tally("temporary_tables")
    with Server() as server:
        first_of_session(server, tally)
        two_sessions(server, tally)
        crash(server, tally)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
