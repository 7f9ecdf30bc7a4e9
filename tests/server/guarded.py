#!/usr/bin/python3
"""Who gets a lock sees what was committed under it before, though locks are freed before the log is
on disk: sessions count up a row that only the lock guards, reading it without locking it."""
import os
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

CLIENTS, TURNS = 8, 60
GUARDS = {
    "advisory lock": "SELECT pg_advisory_xact_lock(7)",
    "table lock": "LOCK TABLE guard IN EXCLUSIVE MODE",
    "row lock": "SELECT 1 FROM guard WHERE id = 1 FOR UPDATE",
    "unchanged row of another statement": "UPDATE guard SET n = n WHERE id = 1",
}


def count_up(s, guard, problems):
    try:
        with psycopg2.connect(s.dsn()) as c:
            k = c.cursor()
            for _ in range(TURNS):
                k.execute(guard)
                k.execute("SELECT n FROM counted")
                k.execute("UPDATE counted SET n = %s", (k.fetchone()[0] + 1,))
                c.commit()
    except Exception as e:  # noqa: BLE001
        problems.append("%s: %s" % (type(e).__name__, e))


def check(s, guard):
    s.psql("DROP TABLE IF EXISTS guard, counted; CREATE TABLE guard(id int PRIMARY KEY, n int); "
           "INSERT INTO guard VALUES (1, 0); CREATE TABLE counted(n int); "
           "INSERT INTO counted VALUES (0)")
    problems = []
    threads = [threading.Thread(target=count_up, args=(s, guard, problems))
               for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    got = s.psql("SELECT n FROM counted")[0].strip()
    if got != str(CLIENTS * TURNS):
        problems.append("%s turns are left of %d" % (got, CLIENTS * TURNS))
    return "; ".join(problems)


def main():
    tally = Tally("server/guarded")
    with Server() as s:
        for name, guard in GUARDS.items():
            tally.check(name, check(s, guard))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
