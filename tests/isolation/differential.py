#!/usr/bin/python3
"""Random schedules of statements in two to four sessions, on Tarn and on PostgreSQL 15: results,
waits and errors must agree.

    tests/isolation/differential.py [--schedules N | --minutes N] [--seed N]

A schedule is compared up to where two waiting steps go on at once. One that differs is run again,
since the victim of a deadlock depends on time; it fails when it differs each time. Not in the schedules, since Tarn differs by design (see differs/): SERIALIZABLE,
changes of primary keys, snapshots taken by a statement that waits for a table (PostgreSQL takes
them before the wait, Tarn after it), and inserting keys that a snapshot still shows. Statements change one row
each, so that the order of a scan does not matter.
"""
import argparse
import difflib
import os
import random
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.path.insert(0, HERE)
from postgres import Postgres  # noqa: E402
from spec import Control, Run, SpecError  # noqa: E402
from tarn import Server, ServerError, Tally  # noqa: E402

TRIES = 3
DEADLOCK_TIMEOUT_S = 0.01
LEVELS = ["READ COMMITTED", "READ COMMITTED", "REPEATABLE READ"]
TABLE_MODES = ["ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
               "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"]
# Of a deadlock's detail: PostgreSQL's way through the locks of one row has more steps.
CYCLE = re.compile(r"\n\s*(DETAIL:  )?Process N waits[^\n]*")
SETUP = """
DROP TABLE IF EXISTS c, p, t;
CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v int);
INSERT INTO t SELECT i, i * 10, i * 100 FROM generate_series(1, 4) i;
CREATE TABLE p (id int PRIMARY KEY, v int);
CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p);
INSERT INTO p VALUES (1, 1), (2, 2);
"""
STATE = """SELECT (SELECT array_agg(t ORDER BY id)::text FROM t), (SELECT array_agg(p ORDER BY id)::text FROM p),
(SELECT array_agg(c ORDER BY id)::text FROM c)"""


def row_lock(r):
    return "FOR %s%s" % (r.choice(["UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"]),
                         r.choice(["", "", " NOWAIT", " SKIP LOCKED"]))


def statement(r, fresh):
    """One statement of a transaction; `fresh` gives numbers for new children."""
    old, new = r.randint(1, 4), r.randint(5, 8)
    pick = r.choice([
        lambda: "SELECT * FROM t ORDER BY id",
        lambda: "SELECT * FROM t WHERE v > %d ORDER BY id" % (r.randint(1, 4) * 100),
        lambda: "SELECT * FROM t WHERE id = %d %s" % (old, row_lock(r)),
        lambda: "SELECT * FROM t WHERE v < %d ORDER BY id %s" % (r.randint(1, 5) * 100, row_lock(r)),
        lambda: "UPDATE t SET v = v + 1 WHERE id = %d" % old,
        lambda: "UPDATE t SET v = v + 150 WHERE id = %d AND v < 300 RETURNING *" % old,
        lambda: "UPDATE t SET u = %d WHERE id = %d" % (r.randint(5, 9) * 10, old),
        lambda: "DELETE FROM t WHERE id = %d" % old,
        lambda: "DELETE FROM t WHERE id = %d AND v < 250 RETURNING id" % old,
        lambda: "INSERT INTO t VALUES (%d, %d, 0)" % (new, r.randint(5, 9) * 10),
        lambda: "INSERT INTO t VALUES (%d, %d, 0) ON CONFLICT (id) DO NOTHING" % (new, new * 10 + 1),
        lambda: "INSERT INTO t VALUES (%d, %d, 0) ON CONFLICT (id) DO UPDATE SET v = t.v + 10 RETURNING *"
                % (new, new * 10 + 1),
        lambda: "INSERT INTO c VALUES (%d, %d)" % (fresh(), r.randint(1, 2)),
        lambda: "UPDATE p SET v = v + 1 WHERE id = %d" % r.randint(1, 2),
        lambda: "DELETE FROM p WHERE id = %d" % r.randint(1, 2),
        lambda: "SELECT (SELECT count(*) FROM c) AS c, (SELECT sum(v) FROM p) AS p",
        lambda: "LOCK TABLE t IN %s MODE%s" % (r.choice(TABLE_MODES), r.choice(["", " NOWAIT"])),
        lambda: "SELECT pg_advisory_xact_lock(%d)" % r.randint(1, 2),
        lambda: "SELECT pg_try_advisory_xact_lock%s(%d)" % (r.choice(["", "_shared"]), r.randint(1, 2)),
        lambda: "SAVEPOINT s",
        lambda: "ROLLBACK TO s",
        lambda: "COMMIT",
        lambda: "COMMIT",
        lambda: "ROLLBACK",
    ])
    return pick()


def schedule(seed):
    """(sessions, [(session, statement)]): transactions begin when they must."""
    r = random.Random(seed)
    names = "abcd"[:r.randint(2, 4)]
    table_locks = r.random() < 0.4
    levels = LEVELS[:1] if table_locks else LEVELS
    number = iter(range(1, 1000))
    steps, open_in = [], {n: False for n in names}
    for _ in range(r.randint(8, 18)):
        n = r.choice(names)
        if not open_in[n]:
            steps.append((n, "BEGIN ISOLATION LEVEL " + r.choice(levels)))
            open_in[n] = True
        sql = statement(r, lambda: next(number))
        if sql.startswith("LOCK") and not table_locks:
            continue
        steps.append((n, sql))
        if sql in ("COMMIT", "ROLLBACK"):
            open_in[n] = False
    return names, steps


class PatientRun(Run):
    """Lets the deadlock check of a step that waits pass before the next step. `sure` is the number of
    lines before two waiting steps went on together: who then comes first is chance."""

    sure = None

    def step(self, name, step, sql, to_end=False, maybe=True):
        was, lines = list(self.waiting), len(self.lines)
        super().step(name, step, sql, to_end, maybe)
        if len(self.waiting) > len(was):
            time.sleep(DEADLOCK_TIMEOUT_S * 4)
            self.look_at_waiting()
        if self.sure is None and len([s for s in was if s not in self.waiting]) > 1:
            self.sure = lines


def run_on(dsn, names, steps):
    control = Control(dsn)
    control.run(SETUP)
    run = PatientRun(dsn, control, names)
    try:
        for s in run.sessions.values():
            with s.connection.cursor() as c:
                c.execute("SET deadlock_timeout = '%dms'; SET client_min_messages = error"
                          % (DEADLOCK_TIMEOUT_S * 1000))
        for n, sql in steps:
            run.step(n, sql, sql)
        for _ in range(len(names) + 1):  # each round frees at least one that waits
            waiting = list(run.waiting)
            for n in names:
                run.step(n, "COMMIT", "COMMIT")
            if not waiting:
                break
        else:
            raise SpecError("sessions wait for each other for ever")
        control.cursor.execute(STATE)
        run.lines.append(str(control.cursor.fetchone()))
    except SpecError as e:
        run.lines.append("ERROR IN TEST: %s" % e)
    finally:
        run.close()
        control.close()
    # A row that one transaction updated and then deleted counts as deleted in Tarn, as updated there.
    run.lines = [CYCLE.sub("", x).replace("due to concurrent delete", "due to concurrent update")
                 for x in run.lines]
    return run.lines, len(run.lines) if run.sure is None else run.sure


def compare(seed, tarn, pg):
    """The difference, "" when they agree."""
    names, steps = schedule(seed)
    for _ in range(TRIES):
        want, sure = run_on(pg, names, steps)
        got, sure_too = run_on(tarn, names, steps)
        n = min(sure, sure_too)
        if want[:n] == got[:n]:
            return ""
    return "\n".join(difflib.unified_diff(want, got, "PostgreSQL", "Tarn", lineterm="", n=200))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--schedules", type=int, default=60)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tally = Tally("differential")
    end = time.monotonic() + args.minutes * 60 if args.minutes else None
    seed = args.seed
    try:
        with Postgres({"fsync": "off"}) as pg, Server() as tarn:
            pg_dsn = "host=127.0.0.1 port=%d user=postgres dbname=postgres" % pg.port
            while time.monotonic() < end if end else seed < args.seed + args.schedules:
                tally.check("seed %d" % seed, compare(seed, tarn.dsn(), pg_dsn))
                seed += 1
    except ServerError as e:
        tally.check("server", str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
