#!/usr/bin/python3
"""The compatibility ledger: what clients ask for that is not there is counted by client in tarn.compat_misses.

TARN names the binary.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

ASKED = [
    ("SELECT no_such_function(1)", "function", "42883", "function no_such_function(integer) does not exist"),
    ("SELECT 1 ~~~ 2", "function", "42883", "operator does not exist: integer ~~~ integer"),
    ("SELECT relnothing FROM pg_class", "column", "42703", 'column "relnothing" does not exist'),
    ("SELECT * FROM pg_nothing", "relation", "42P01", 'relation "pg_nothing" does not exist'),
    ("SHOW no_such_setting", "setting", "42704", 'unrecognized configuration parameter "no_such_setting"'),
    ("SELECT NULL::no_such_type", "type", "42704", 'type "no_such_type" does not exist'),
    ("SELEKT 1", "syntax", "42601", 'syntax error at or near "SELEKT"'),
    ("LOAD 'x'", "feature", "0A000", "LOAD is not supported yet"),
]
# Mistakes that are the client's own.
OWN = ["SELECT 1 / 0", "SELECT * FROM orders", "SELECT nothing FROM t", "INSERT INTO t VALUES (1), (1)",
       "SELECT 'x'::integer", "CREATE ROLE postgres"]
MISSES = "SELECT kind, what, sqlstate, application_name, count, first_seen <= last_seen, last_seen <= now() + interval '1 hour' " \
         "FROM tarn.compat_misses ORDER BY count DESC, kind, what"


def ask(server, application, statements):
    c = psycopg2.connect(server.dsn() + " application_name=" + application)
    c.autocommit = True
    for sql in statements:
        try:
            c.cursor().execute(sql)
        except psycopg2.Error:
            pass
    c.close()


def main():
    tally = Tally("server/compat_misses")
    with Server() as s:
        admin = psycopg2.connect(s.dsn())
        admin.autocommit = True
        cursor = admin.cursor()
        cursor.execute("CREATE TABLE t (id integer PRIMARY KEY)")
        cursor.execute(MISSES)
        tally.check("none at first", "" if not cursor.rowcount else str(cursor.fetchall()))
        ask(s, "one", [sql for sql, *_ in ASKED] + OWN)
        ask(s, "two", [ASKED[0][0]] * 3)
        cursor.execute(MISSES)
        got = cursor.fetchall()
        want = [(kind, text, code, "one", 1, True, True) for _, kind, code, text in ASKED]
        want.append(("function", ASKED[0][3], "42883", "two", 3, True, True))
        tally.check("each once, by client", "" if sorted(got) == sorted(want) else str(got))
        tally.check("the most frequent first", "" if got and got[0][3:5] == ("two", 3) else str(got[:1]))
        cursor.execute("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA tarn TO reader;"
                       "GRANT SELECT ON tarn.compat_misses TO reader")
        reader = psycopg2.connect(s.dsn(user="reader"))
        reader.autocommit = True
        for sql, member in ((MISSES, False), (MISSES, True)):
            if member:
                cursor.execute("GRANT pg_read_all_stats TO reader")
            try:
                c = reader.cursor()
                c.execute(sql)
                code = "%d rows" % len(c.fetchall())
            except psycopg2.Error as e:
                code = e.pgcode
            tally.check("pg_read_all_stats: %s" % member, "" if code == ("9 rows" if member else "42501") else code)
        # Bounded, whatever is asked for.
        ask(s, "many", ["SELECT f%d()" % i for i in range(1100)])
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE application_name = 'one') FROM tarn.compat_misses")
        tally.check("a thousand at most, the oldest make room", "" if cursor.fetchone() == (1000, 0) else "more")
        admin.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
