#!/usr/bin/python3
"""CREATE INDEX, REINDEX and DROP INDEX CONCURRENTLY beside writers: nobody is blocked, no change is
lost. `tarn check` compares every index with its table afterwards."""
import os
import random
import subprocess
import sys
import threading

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import BINARY, Server, Tally  # noqa: E402

ROWS = 6000


def expect(tally, ok, what):
    tally.check(what, "" if ok else "not so")


def connect(server):
    c = psycopg2.connect(server.dsn())
    c.autocommit = True
    return c


class Writer(threading.Thread):
    """Random changes until told to stop. `u` stays unique: it follows the id."""

    def __init__(self, server, number):
        super().__init__()
        self.server, self.number = server, number
        self.stopping, self.errors, self.done = False, [], 0

    def change(self, cur, rng):
        own = ROWS + self.number * 10 ** 6 + rng.randrange(2000)
        any_row = rng.randrange(ROWS)
        kind = rng.randrange(5)
        if kind == 0:
            cur.execute("INSERT INTO t VALUES (%s, %s, %s, 'n') ON CONFLICT (id) DO NOTHING",
                        (own, own, rng.randrange(50)))
        elif kind == 1:
            cur.execute("DELETE FROM t WHERE id = %s", (own,))
        elif kind == 2:
            cur.execute("UPDATE t SET g = %s WHERE id = %s", (rng.randrange(50), any_row))
        elif kind == 3:
            cur.execute("UPDATE t SET u = -u WHERE id = %s", (any_row,))
        else:
            cur.execute("UPDATE t SET s = %s WHERE id = %s", ("x" * rng.randrange(9), any_row))

    def run(self):
        rng = random.Random(self.number)
        c = connect(self.server)
        cur = c.cursor()
        while not self.stopping:
            try:
                self.change(cur, rng)
                self.done += 1
            except psycopg2.Error as e:
                self.errors.append("%s: %s" % (e.pgcode, e))
        c.close()


def beside_writers(server, tally):
    c = connect(server)
    cur = c.cursor()
    cur.execute("CREATE TABLE t (id int PRIMARY KEY, u int, g int, s text)")
    cur.execute("INSERT INTO t SELECT i, i, i %% 50, 'a' FROM generate_series(0, %s) i" % (ROWS - 1))
    writers = [Writer(server, i) for i in range(4)]
    for w in writers:
        w.start()
    for statement in ["CREATE INDEX CONCURRENTLY t_g ON t (g, s)",
                      "CREATE UNIQUE INDEX CONCURRENTLY t_u ON t (u)",
                      "CREATE INDEX CONCURRENTLY t_part ON t (lower(s)) WHERE g > 25",
                      "REINDEX INDEX CONCURRENTLY t_u", "REINDEX TABLE CONCURRENTLY t",
                      "DROP INDEX CONCURRENTLY t_g", "CREATE INDEX CONCURRENTLY t_g ON t (g)"]:
        try:
            cur.execute(statement)
            expect(tally, True, statement)
        except psycopg2.Error as e:
            expect(tally, False, "%s: %s" % (statement, e))
    for w in writers:
        w.stopping = True
    for w in writers:
        w.join()
    expect(tally, all(w.done for w in writers), "every writer wrote")
    expect(tally, not any(w.errors for w in writers), "no writer failed: %s" %
                [w.errors[:2] for w in writers])
    cur.execute("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid")
    expect(tally, cur.fetchone() == (4,), "all indexes are valid")
    cur.execute("SELECT sum((SELECT count(*) FROM t WHERE g = n)), (SELECT count(*) FROM t) "
                "FROM generate_series(0, 49) n")
    by_index, all_rows = cur.fetchone()
    expect(tally, by_index == all_rows, "rows by index: %s of %s" % (by_index, all_rows))
    c.close()


def duplicates(server, tally):
    """A unique index that cannot be: it stays, not valid, and changes do no harm."""
    c = connect(server)
    cur = c.cursor()
    cur.execute("CREATE TABLE d (id int PRIMARY KEY, v int)")
    cur.execute("INSERT INTO d VALUES (1, 1), (2, 1), (3, 2)")
    try:
        cur.execute("CREATE UNIQUE INDEX CONCURRENTLY d_v ON d (v)")
        expect(tally, False, "duplicates are noticed")
    except psycopg2.Error as e:
        expect(tally, e.pgcode == "23505", "duplicates: %s" % e.pgcode)
    cur.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'd_v'::regclass")
    expect(tally, cur.fetchone() == (False,), "the index is not valid")
    cur.execute("DELETE FROM d WHERE id = 2")
    cur.execute("REINDEX INDEX CONCURRENTLY d_v")
    cur.execute("SELECT id FROM d WHERE v = 1")
    expect(tally, cur.fetchall() == [(1,)], "the entry of the row that stayed is there")
    try:
        cur.execute("INSERT INTO d VALUES (4, 1)")
        expect(tally, False, "the index is unique")
    except psycopg2.Error as e:
        expect(tally, e.pgcode == "23505", "unique: %s" % e.pgcode)
    c.close()


def waits_alone(server, tally):
    """A build waits for an open transaction, and others write on meanwhile."""
    open_one, other, builder = connect(server), connect(server), connect(server)
    open_one.autocommit = False
    first = open_one.cursor()
    first.execute("UPDATE t SET g = 1000 WHERE id = 5")
    failed = []

    def build():
        try:
            builder.cursor().execute("CREATE INDEX CONCURRENTLY t_wait ON t (g, id)")
        except psycopg2.Error as e:
            failed.append(e)

    thread = threading.Thread(target=build)
    thread.start()
    cur = other.cursor()
    while True: # until step 1 has committed
        cur.execute("SELECT count(*) FROM pg_class WHERE relname = 't_wait'")
        if cur.fetchone()[0]:
            break
    cur.execute("SET statement_timeout = '20s'")
    cur.execute("INSERT INTO t VALUES (-1, -1000000, 1001, '')")
    cur.execute("UPDATE t SET g = 1002 WHERE id = 6")
    cur.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_wait'::regclass")
    expect(tally, cur.fetchone() == (False,), "the build waits for the open transaction")
    open_one.commit()
    thread.join()
    expect(tally, not failed, "the build: %s" % failed)
    cur.execute("SELECT id FROM t WHERE g >= 1000 ORDER BY g")
    expect(tally, cur.fetchall() == [(5,), (-1,), (6,)], "all changes are in the index")
    for c in (open_one, other, builder):
        c.close()


def old_snapshot(server, tally):
    """A snapshot from before the index may not miss rows that are gone by now."""
    old, c = connect(server), connect(server)
    old.autocommit = False
    old.set_session(isolation_level="REPEATABLE READ")
    reader, cur = old.cursor(), c.cursor()
    cur.execute("CREATE TABLE o (id int PRIMARY KEY, v int)")
    cur.execute("INSERT INTO o SELECT i, i FROM generate_series(1, 5000) i")
    reader.execute("SELECT 1")
    cur.execute("DELETE FROM o WHERE v = 77")
    cur.execute("CREATE INDEX CONCURRENTLY o_v ON o (v)")
    try:
        reader.execute("SELECT id FROM o WHERE v = 77")
        expect(tally, reader.fetchall() == [(77,)], "the old row is seen")
    except psycopg2.Error as e:
        expect(tally, e.pgcode == "40001", "or the snapshot is refused: %s" % e.pgcode)
    old.close()
    c.close()


def main():
    tally = Tally("concurrent_index")
    with Server() as server:
        beside_writers(server, tally)
        duplicates(server, tally)
        waits_alone(server, tally)
        old_snapshot(server, tally)
        server.stop()
        p = subprocess.run([BINARY, "check", "-D", server.data], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        expect(tally, p.returncode == 0, "tarn check: " + p.stdout.decode()[-2000:])
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
