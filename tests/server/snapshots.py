#!/usr/bin/python3
"""Snapshots that one session exports and another takes over: the same on PostgreSQL 15 and Tarn."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import psycopg2  # noqa: E402
from postgres import Postgres  # noqa: E402
from tarn import Server, ServerError, Tally  # noqa: E402

LEVELS = ("REPEATABLE READ", "SERIALIZABLE", "SERIALIZABLE READ ONLY")
OTHERS = ("READ COMMITTED", *LEVELS)


class Session:
    def __init__(self, port):
        c = psycopg2.connect("host=127.0.0.1 port=%s user=postgres dbname=postgres" % port)
        c.autocommit = True
        self.cursor = c.cursor()

    def run(self, sql):
        try:
            self.cursor.execute(sql)
            return self.cursor.fetchall() if self.cursor.description else self.cursor.statusmessage
        except psycopg2.Error as e:
            return "%s %s" % (e.pgcode, str(e).split("\n")[0])


def story(port):
    """[(what, result)]; identifiers differ and are left out."""
    a, b, writer = Session(port), Session(port), Session(port)
    out = []

    def note(session, what, sql, identifier=""):
        out.append((what, str(session.run(sql)).replace(identifier or "\0", "ID")))

    a.run("CREATE TABLE s (v int); INSERT INTO s VALUES (1)")
    for level in LEVELS:
        a.run("BEGIN ISOLATION LEVEL " + level)
        identifier = a.run("SELECT pg_export_snapshot()")[0][0]
        take = "SET TRANSACTION SNAPSHOT '%s'" % identifier
        writer.run("INSERT INTO s VALUES (2)")
        for other in OTHERS:
            what = "%s from %s" % (other, level)
            b.run("BEGIN ISOLATION LEVEL " + other)
            note(b, what, take, identifier)
            note(b, what + ", its rows", "SELECT count(*) FROM s")
            b.run("ROLLBACK")
        b.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        note(b, "after a query", take, identifier)
        b.run("ROLLBACK")
        # Whoever took it over keeps it when the other has ended.
        b.run("BEGIN ISOLATION LEVEL %s; %s" % (level, take))
        a.run("SAVEPOINT x")
        note(a, "in a savepoint", "SELECT pg_export_snapshot()")
        a.run("ROLLBACK")
        writer.run("INSERT INTO s VALUES (3)")
        note(b, "kept from " + level, "SELECT count(*) FROM s")
        b.run("COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ")
        note(b, "no more", take, identifier)
        b.run("ROLLBACK")
    b.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    note(b, "not an identifier", "SET TRANSACTION SNAPSHOT 'xyz'")
    b.run("ROLLBACK")
    return out


def main():
    tally = Tally("snapshots")
    try:
        with Postgres() as pg:
            want = story(pg.port)
        with Server() as server:
            got = story(server.port)
        tally.check("steps", "" if len(got) == len(want) > 30 else "%d, %d" % (len(got), len(want)))
        for (what, theirs), (_, ours) in zip(want, got):
            tally.check(what, "" if ours == theirs else "%s; PostgreSQL: %s" % (ours, theirs))
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
