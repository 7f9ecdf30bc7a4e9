#!/usr/bin/python3
"""Statements that wait for a table lock run on what the table has become, by every protocol."""
import os
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from pgproto import *  # noqa: E402,F403
from pgproto import Client  # noqa: E402
from tarn import Server, Tally  # noqa: E402

CHANGES = [
    # what another session does, a statement that waits meanwhile, the table afterwards
    ("TRUNCATE t", "INSERT INTO t VALUES (3, 'c')", [["3", "c"]]),
    ("ALTER TABLE t ADD COLUMN d int DEFAULT 5", "INSERT INTO t VALUES (3, 'c')",
     [["1", "a", "5"], ["2", "b", "5"], ["3", "c", "5"]]),
    ("ALTER TABLE t DROP COLUMN b", "UPDATE t SET a = a + 10", [["11"], ["12"]]),
    ("ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b text DEFAULT 'new'",
     "DELETE FROM t WHERE b = 'a'", [["1", "new"], ["2", "new"]]),
    ("DROP TABLE t; CREATE TABLE t(a int PRIMARY KEY, b text); INSERT INTO t VALUES (7, 'x')",
     "INSERT INTO t VALUES (3, 'c')", [["3", "c"], ["7", "x"]]),
    ("CREATE INDEX ON t(b); TRUNCATE t; INSERT INTO t VALUES (9, 'c')",
     "UPDATE t SET b = 'd' WHERE b = 'c'", [["9", "d"]]),
    ("ALTER TABLE t DROP CONSTRAINT t_pkey", "INSERT INTO t VALUES (1, 'again')",
     [["1", "a"], ["1", "again"], ["2", "b"]]),
]


def simple(c, sql):
    return c.query(sql)


def prepared(c, sql):
    return c.run(bind(name="p"), execute())


def unnamed(c, sql):
    return c.run(parse(sql), bind(), execute())


def by_execute(c, sql):
    return c.query("EXECUTE p")


def check(s, change, sql, want, way):
    a, b = Client(s.port), Client(s.port)
    a.query("DROP TABLE IF EXISTS t; CREATE TABLE t(a int PRIMARY KEY, b text); "
            "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    if way in (prepared, by_execute):
        b.run(parse(sql, name="p"))
    a.query("BEGIN")
    a.query(change)
    answer = []
    thread = threading.Thread(target=lambda: answer.append(way(b, sql)))
    thread.start()
    thread.join(0.1)
    waited = thread.is_alive()
    a.query("COMMIT")
    thread.join(30)
    problems = error_codes(answer[0]) if answer else ["no answer"]
    got = rows(a.query("SELECT * FROM t ORDER BY a"))
    for c in (a, b):
        c.close()
    if not waited:
        return "the statement did not wait"
    if problems or sorted(got) != sorted(want):
        return "errors %r, table %r, want %r" % (problems, got, want)
    return ""


def main():
    tally = Tally("server/replan")
    with Server() as s:
        for change, sql, want in CHANGES:
            for way in (simple, prepared, unnamed, by_execute):
                tally.check("%s while %s (%s)" % (change, sql, way.__name__),
                            check(s, change, sql, want, way))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
