#!/usr/bin/python3
"""Statements that change the same row of the catalog at the same time: privileges of both stay, what cannot be put
together is an error as in PostgreSQL, nothing is lost."""
import os
import sys
import threading
import time

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import Server, Tally  # noqa: E402

SETUP = ["CREATE ROLE one", "CREATE ROLE two", "CREATE ROLE three", "CREATE TABLE t (a int, b int)", "CREATE SCHEMA s",
         "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"]
# (of the transaction that is open, of the one that comes meanwhile, how that ends)
PAIRS = [("GRANT SELECT ON t TO one", "GRANT INSERT ON t TO two", None),
         ("GRANT SELECT (a) ON t TO one", "GRANT SELECT (a, b) ON t TO two", None),
         ("GRANT UPDATE ON t TO one", "CREATE TABLE other (a int); GRANT UPDATE ON t TO two", None),
         ("GRANT EXECUTE ON FUNCTION f() TO one", "GRANT EXECUTE ON FUNCTION f() TO two", None),
         ("GRANT USAGE ON SCHEMA s TO one", "GRANT USAGE ON SCHEMA s TO two", None),
         ("CREATE INDEX ON t (a)", "GRANT DELETE ON t TO two", None),
         ("ALTER ROLE three CREATEDB", "ALTER ROLE three CREATEROLE", ("XX000", "tuple concurrently updated"))]
ASK = ["SELECT relacl::text, relhasindex FROM pg_class WHERE oid = 't'::regclass",
       "SELECT attacl::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum",
       "SELECT proacl::text FROM pg_proc WHERE proname = 'f'", "SELECT nspacl::text FROM pg_namespace WHERE nspname = 's'",
       "SELECT rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'three'"]
ANSWERS = [[("{postgres=arwdDxt/postgres,one=rw/postgres,two=awd/postgres}", True)],
           [("{one=r/postgres,two=r/postgres}",), ("{two=r/postgres}",)],
           [("{=X/postgres,postgres=X/postgres,one=X/postgres,two=X/postgres}",)],
           [("{postgres=UC/postgres,one=U/postgres,two=U/postgres}",)], [(True, False)]]


def connect(server):
    connection = psycopg2.connect(server.dsn())
    return connection, connection.cursor()


def end(cursor, sql, out):
    try:
        cursor.execute(sql)
        cursor.connection.commit()
        out.append(None)
    except psycopg2.Error as e:
        out.append((e.pgcode, e.diag.message_primary))
        cursor.connection.rollback()


def pair(server, tally, first, second, wanted):
    """The second begins while the first's transaction is open, and waits for it."""
    (a, c), (b, d), out = connect(server), connect(server), []
    c.execute(first)
    waiter = threading.Thread(target=end, args=(d, second, out))
    waiter.start()
    time.sleep(0.2)
    tally.check("waits: " + second, "" if not out else "ended by %s" % out)
    a.commit()
    waiter.join()
    tally.check(second, "" if out == [wanted] else str(out))
    a.close()
    b.close()


def main():
    tally = Tally("server/concurrent_catalog")
    with Server() as server:
        connection, cursor = connect(server)
        connection.autocommit = True
        for sql in SETUP:
            cursor.execute(sql)
        for first, second, wanted in PAIRS:
            pair(server, tally, first, second, wanted)
        for sql, wanted in zip(ASK, ANSWERS):
            cursor.execute(sql)
            got = cursor.fetchall()
            tally.check(sql, "" if got == wanted else str(got))
        connection.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
