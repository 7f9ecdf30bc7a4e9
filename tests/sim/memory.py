"""Failing allocations: each statement is run again and again, and another allocation fails each time.

The statement succeeds, or fails with 53200, or the server stops by itself with a message (never by a
signal of its own fault). What was acknowledged is there; nothing is half done; no lock is left.

    memory.py [--minutes N] [--seed N] [--each N]
"""
import argparse
import mmap
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import ROOT, Server, ServerError, Tally  # noqa: E402

import psycopg2  # noqa: E402
import psycopg2.errors  # noqa: E402
import psycopg2.extensions  # noqa: E402

LIBRARY = os.path.join(os.environ.get("TARN_BUILD", os.path.join(ROOT, "build")), "tests", "sim",
                       "libsimmemory.so")
ROWS = 500
ANSWER_S = 20


class NoAnswer(Exception):
    pass


def wait(connection):
    """Waits for the server, not for ever."""
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        fds = ([connection.fileno()], [], []) if state == psycopg2.extensions.POLL_READ else (
            [], [connection.fileno()], [])
        if not any(select.select(*fds, ANSWER_S)):
            raise NoAnswer()


psycopg2.extensions.set_wait_callback(wait)


class Memory:
    """The page shared with memory.c."""

    FORMAT = struct.Struct("<IIIIIIQ16s")

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.truncate(4096)
        self.file = open(path, "r+b")
        self.page = mmap.mmap(self.file.fileno(), 4096)

    def arm(self, skip, every=1, count=1, seed=0, threads=""):
        self.disarm()
        self.FORMAT.pack_into(self.page, 0, 0, skip, every, count, 0, 0, seed, threads.encode())
        struct.pack_into("<I", self.page, 0, 1)

    def disarm(self):
        """(allocations, failures) since it was armed."""
        struct.pack_into("<I", self.page, 0, 0)
        return self.FORMAT.unpack_from(self.page, 0)[4:6]


class MemoryServer(Server):
    def __init__(self, memory, **more):
        self.memory = memory
        super().__init__(**more)

    def start(self):
        saved = dict(os.environ)
        os.environ.update(LD_PRELOAD=LIBRARY, SIM_MEMORY=self.memory.path)
        try:
            super().start()
        finally:
            os.environ.clear()
            os.environ.update(saved)


SETUP = """
CREATE TABLE t (n int PRIMARY KEY, v int NOT NULL, b text);
CREATE INDEX t_v ON t (v);
INSERT INTO t SELECT g, 0, repeat('x', 200) || g FROM generate_series(1, %d) g;
CREATE TABLE child (n int PRIMARY KEY, t int REFERENCES t DEFERRABLE INITIALLY DEFERRED);
INSERT INTO child SELECT g, g FROM generate_series(1, 100) g;
CREATE TABLE big (a int, b text);
INSERT INTO big SELECT g, repeat('y', 100) || g FROM generate_series(1, 3000) g;
CREATE SEQUENCE s;
""" % ROWS

# name, statements of one transaction, some with the row that they must give. An UPDATE of v adds 1 to two rows and takes 1 from two others.
UPDATE = "UPDATE t SET v = v + CASE WHEN n %% 2 = 0 THEN 1 ELSE -1 END WHERE n IN (%d, %d)"
WORK = (
    ("point read", (("SELECT b FROM t WHERE n = 7", ("x" * 200 + "7",)),)),
    ("ranges", (("SELECT count(*) FROM t WHERE n > 100 AND n <= 350", (250,)),
                ("SELECT count(*) FROM t WHERE v BETWEEN -1000000 AND 1000000 AND n % 2 = 0", (ROWS // 2,)),
                ("SELECT count(*) FROM child WHERE n IN (SELECT n FROM t WHERE n >= 51)", (50,)),
                ("SELECT count(*), max(c.n) FROM child c JOIN t USING (n) WHERE c.n < 61", (60, 60)))),
    ("transfer", (UPDATE % (10, 11), UPDATE % (20, 21))),
    ("insert", ("INSERT INTO child SELECT g, g - 1000 FROM generate_series(1001, 1040) g",
                "DELETE FROM child WHERE n > 1000")),
    ("savepoints", (UPDATE % (30, 31), "SAVEPOINT a", UPDATE % (30, 33), "ROLLBACK TO a", "RELEASE a")),
    ("error", ("SAVEPOINT a", "INSERT INTO t VALUES (1, 0)", "ROLLBACK TO a", UPDATE % (40, 41))),
    ("sort", ("SET LOCAL work_mem = 64", ("SELECT count(*) FROM (SELECT * FROM big ORDER BY b OFFSET 0) x", (3000,)))),
    ("join", ("SET LOCAL work_mem = 64", ("SELECT count(*), sum(a.a) FROM big a JOIN big b USING (b)", (3000, 4501500)))),
    ("groups", ("SET LOCAL work_mem = 64", ("SELECT count(*) FROM (SELECT DISTINCT b, a FROM big) x", (3000,)),
                ("SELECT count(DISTINCT b), length(string_agg(b, ',' ORDER BY a)) FROM big", (3000, 313892)))),
    ("cursor", ("DECLARE c SCROLL CURSOR FOR SELECT * FROM big ORDER BY a", "FETCH 100 FROM c",
                "MOVE ALL IN c", "FETCH ABSOLUTE 50 FROM c", "CLOSE c")),
    ("schema", ("CREATE TABLE made (a int PRIMARY KEY, b text UNIQUE)", "INSERT INTO made VALUES (1, 'x')",
                "ALTER TABLE made ADD c int DEFAULT 5", "CREATE INDEX ON made (c)", "DROP TABLE made")),
    ("bulk", ("CREATE TABLE made AS SELECT * FROM big", "CREATE INDEX ON made (b)", "TRUNCATE made",
              "DROP TABLE made")),
    ("sequence", ("SELECT nextval('s')", "SELECT setval('s', 100)")),
    ("checkpoint", None),
    ("connect", None),
)


class Run:
    def __init__(self, tally, folder, seed):
        self.tally = tally
        self.random = random.Random(seed)
        self.memory = Memory(os.path.join(folder, "control"))
        self.server = MemoryServer(self.memory, data=os.path.join(folder, "data"),
                                   settings={"memtable_size": "1024", "deadlock_timeout": "100"})
        self.connection = None
        self.ends = {"passed": 0, "53200": 0, "lost": 0, "stopped": 0}
        out, status = self.server.psql(SETUP)
        if status:
            raise ServerError(out)

    def connect(self):
        c = psycopg2.connect(self.server.dsn())
        c.set_client_encoding("UTF8")
        return c

    def attempt(self, statements):
        """How it ended: "passed", an SQLSTATE or "lost"."""
        c = self.connection
        try:
            if statements is None:
                self.connect().close()
                return "passed"
            cursor = c.cursor()
            for sql in statements:
                sql, want = sql if isinstance(sql, tuple) else (sql, None)
                try:
                    cursor.execute(sql)
                except psycopg2.errors.UniqueViolation:
                    continue
                got = cursor.fetchone() if want else None
                if got != want:
                    c.rollback()
                    return "wrong: %s gives %s" % (sql, got)
            c.commit()
            return "passed"
        except psycopg2.Error as e:
            state = e.pgcode or "lost"
            try:
                c.rollback()
            except psycopg2.Error:
                state = "lost" if state == "53200" else state
            return state

    def checkpoint(self):
        try:
            self.connection.rollback()
            self.connection.autocommit = True
            self.connection.cursor().execute("CHECKPOINT")
            return "passed"
        except psycopg2.Error as e:
            return e.pgcode or "lost"
        finally:
            if not self.connection.closed:
                self.connection.autocommit = False

    def stopped(self):
        """The status with which the server has ended; None: it goes on."""
        try:
            return self.server.process.wait(0 if self.connection and not self.connection.closed else 0.5)
        except subprocess.TimeoutExpired:
            return None

    def consistent(self):
        """Sums are right, tables agree with their indexes, and all rows can be locked."""
        try:
            c = self.connect()
            cursor = c.cursor()
            cursor.execute("SET lock_timeout = '5s'")
            for sql, want in (("SELECT count(*), sum(v) FROM t", (ROWS, 0)),
                              ("SELECT count(*), sum(v) FROM t WHERE v > -1000000", (ROWS, 0)),
                              ("SELECT count(*), max(n) FROM child", (100, 100)),
                              ("SELECT count(*) FROM big", (3000,)),
                              ("SELECT count(*) FROM pg_class WHERE relname = 'made'", (0,)),
                              ("SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND "
                               "locktype IN ('relation', 'tuple', 'transactionid') AND pid <> %d" %
                               (self.connection.get_backend_pid()
                                if self.connection and not self.connection.closed else 0), (0,))):
                cursor.execute(sql)
                got = cursor.fetchone()
                if got != want:
                    return "%s: %s" % (sql, got)
            cursor.execute("SELECT n FROM t FOR UPDATE NOWAIT")
            cursor.execute("LOCK TABLE t, child, big IN ACCESS EXCLUSIVE MODE NOWAIT")
            c.rollback()
            c.close()
            return ""
        except psycopg2.Error as e:
            return "%s %s" % (e.pgcode, e)

    def one(self, name, statements, skip, every=1, count=1, threads="worker"):
        """One attempt; the number of failed allocations and what is wrong."""
        if not self.connection or self.connection.closed:
            self.connection = self.connect()
        if statements:
            self.connection.rollback()
        self.memory.arm(skip, every, count, self.random.getrandbits(60), threads)
        try:
            state = self.checkpoint() if name == "checkpoint" else self.attempt(statements)
        except NoAnswer:
            state = "hung"
        _, failed = self.memory.disarm()
        if state in ("lost", "hung") and self.connection and not self.connection.closed:
            self.connection.close()
        status = self.stopped()
        if status is not None:
            self.ends["stopped"] += 1
            log = self.server.log()
            self.connection = None
            self.server.start()
            # By a check, or in order, as when the data file cannot be read after a checkpoint.
            if status not in (-signal.SIGABRT, 1) or "PANIC" not in log[-2000:]:
                return failed, "the server ended with %s: %s" % (status, log[-1500:])
        else:
            self.ends[state] = self.ends.get(state, 0) + 1
        if state not in ("passed", "53200", "lost"):
            return failed, "ends " + state
        if state != "passed" and not failed:
            return failed, "%s though no allocation failed" % state
        return failed, ""

    def each(self, most):
        for name, statements in WORK:
            n = 0
            problems = []
            step = 1
            while n < 100000:
                failed, problem = self.one(name, statements, n)
                problem = problem or (self.consistent() if self.random.random() < 0.2 else "")
                if problem:
                    problems.append("allocation %d: %s" % (n, problem))
                if not failed or len(problems) == 3:
                    break
                step = max(1, n // most * 2)  # the first ones all, then ever fewer
                n += self.random.randrange(step) + 1
            self.tally.check(name, "; ".join(problems))
            self.tally.check(name + ": allocations failed", "" if n else "there was none")
            self.tally.check(name + ": afterwards", self.consistent())

    def storms(self, seconds):
        """Allocations fail at random in all threads while statements run."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            name, statements = self.random.choice(WORK)
            every = self.random.choice((20, 200, 2000))
            _, problem = self.one(name, statements, 0, every, 1000000, "")
            if problem and "no allocation failed" not in problem:
                self.tally.check("storm: " + name, problem)
            self.tally.check("storm, afterwards", self.consistent())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--each", type=int, default=3, help="how densely allocations are chosen")
    args = parser.parse_args()
    tally = Tally("memory (seed %d)" % args.seed)
    folder = tempfile.mkdtemp(prefix="tarn-memory-")
    end = time.monotonic() + 60 * args.minutes
    run = None
    try:
        run = Run(tally, folder, args.seed)
        run.each(1000 if args.minutes else args.each)
        run.storms(max(3, end - time.monotonic()))
        run.server.stop()
        check = subprocess.run([run.server.binary, "check", "-D", run.server.data],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        tally.check("tarn check", "" if check.returncode == 0 else check.stdout.decode())
        print(", ".join("%d %s" % (n, what) for what, n in run.ends.items()))
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    finally:
        if run:
            run.server.kill()
        if not tally.failed:
            shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
