"""Faults below the real server: full disks, failing reads, writes and syncs, jumps of the clock.

A full disk is an error (53100) that costs nothing else; a write or sync of the log or of the data file
that fails stops the server, which never tries it again; after a start everything acknowledged is there.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from simdisk import Control, SimServer
from tarn import Server, ServerError, Tally

import psycopg2

SETTINGS = {"memtable_size": "1024", "max_wal_size": "64", "work_mem": "64"}
SEGMENT = 16 << 20


class Faults:
    def __init__(self, tally, folder):
        self.tally = tally
        self.data = os.path.join(folder, "data")
        self.control = Control(os.path.join(folder, "control"))
        self.server = SimServer(self.data, self.control, settings=SETTINGS)
        self.rows = 0
        self.result = None
        self.run("CREATE TABLE t (n int PRIMARY KEY, filler text)")
        self.run("CREATE INDEX t_filler ON t (left(filler, 10))")

    def run(self, sql, *args):
        """Runs one statement; the SQLSTATE of its error, "lost" without a server, or ""."""
        try:
            connection = psycopg2.connect(self.server.dsn())
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, args or None)
                self.result = cursor.fetchall() if cursor.description else None
            connection.close()
            return ""
        except psycopg2.Error as e:
            return e.pgcode or "lost"

    def insert(self, size):
        """One more row; counts it if it is acknowledged."""
        state = self.run("INSERT INTO t VALUES (%s, repeat('x', %s))", self.rows + 1, size)
        self.rows += state == ""
        return state

    def empty(self):
        state = self.run("DELETE FROM t") or self.run("CHECKPOINT")
        self.rows = 0
        return state

    def consistent(self):
        """The rows are exactly the acknowledged ones, or one more that was in flight."""
        state = self.run("SELECT count(*), coalesce(max(n), 0), coalesce(min(n), 1), "
                         "(SELECT count(*) FROM t WHERE left(filler, 10) >= '') FROM t")
        if state:
            return "SELECT: " + state
        count, high, low, indexed = self.result[0]
        if low != 1 or count != high or count not in (self.rows, self.rows + 1) or indexed != count:
            return "%d rows up to %d, %d by index, %d acknowledged" % (count, high, indexed,
                                                                       self.rows)
        self.rows = count
        return ""

    def restart(self):
        self.server.kill()
        self.control.clear()
        self.server.start()

    # ---- full disks ----

    def full_log(self):
        """The n-th write of a new segment fails, for many n; then its creation."""
        met = 0
        for fault, skip in [("write", n) for n in range(0, 64, 8)] + [("create", 0)]:
            name = "log full at %s %d" % (fault, skip)
            self.control.fail(fault, "new", "ENOSPC", skip)
            # One record of 128 MB: more than is prepared, and than can be used again.
            state = self.run("INSERT INTO t SELECT %s + g, repeat('x', 4194304) "
                             "FROM generate_series(1, 32) g", self.rows)
            self.rows += 32 if state == "" else 0
            met += state == "53100"
            problem = "" if state in ("", "53100") else "SQLSTATE " + state
            self.tally.check(name, problem or self.consistent())
            self.control.clear()
            self.tally.check(name + ", afterwards", self.insert(100) or self.consistent())
            self.empty()
        self.tally.check("full logs were met", "" if met == 9 else "%d times of 9" % met)
        self.restart()
        self.tally.check("log full, restarted", self.consistent())

    def full_data(self):
        """A checkpoint that finds no space is tried again; nothing is lost in between."""
        for restart in (False, True):
            name = "data file full%s" % (", restarted" if restart else "")
            for _ in range(60):
                self.insert(20000)
            self.control.fail("write", "data", "ENOSPC")
            state = self.run("CHECKPOINT")
            self.tally.check(name, "" if state == "53100" else "CHECKPOINT: %s" % state)
            self.tally.check(name + ", consistent", self.insert(100) or self.consistent())
            if restart:
                self.restart()
            self.control.clear()
            self.tally.check(name + ", afterwards", self.run("CHECKPOINT") or self.consistent())

    # ---- what stops the server ----

    def stops(self, name, fault, classes, skip, action, error="EIO"):
        """Rows are written until the server is gone; it must not have tried again."""
        self.control.fail(fault, classes, error, skip)
        for _ in range(200):
            if self.insert(2000) or (action and self.run(action)):
                break
        try:
            status = self.server.process.wait(10)
        except subprocess.TimeoutExpired:
            status = None
        problem = ""
        if not status:
            problem = "the server goes on (%s), %d faults" % (status, self.control.hits())
        elif self.control.hits() > (2 if classes == "meta" else 1):  # LMDB puts its old meta page back
            problem = "%d operations failed before it stopped" % self.control.hits()
        elif "stopping" not in self.server.log()[-1000:]:
            problem = "it does not say why: " + self.server.log()[-300:]
        self.tally.check(name, problem)
        self.restart()
        self.tally.check(name + ", restarted", self.consistent())

    def failures(self):
        for skip in (0, 1, 2):
            self.stops("log write %d fails" % skip, "write", "wal", skip, None)
            self.stops("log sync %d fails" % skip, "sync", "wal", skip, None)
            self.stops("data write %d fails" % skip, "write", "data", skip, "CHECKPOINT")
        self.stops("no space for the data file's meta page", "write", "meta", 0, "CHECKPOINT",
                   "ENOSPC")
        self.stops("meta page write fails", "write", "meta", 0, "CHECKPOINT")
        for skip in (0, 1):
            self.stops("data sync %d fails" % skip, "sync", "data", skip, "CHECKPOINT")

    def failing_reads(self):
        for _ in range(50):
            self.insert(2000)
        self.server.kill()
        self.control.fail("read", "wal", "EIO")
        try:
            self.server.start()
            problem = "it starts"
        except ServerError as e:
            problem = "" if "could not read file" in str(e) else str(e)
        self.tally.check("reading the log fails at the start", problem)
        self.restart()
        self.tally.check("reading works again", self.consistent())

    # ---- temporary files ----

    def open_files(self):
        folder = "/proc/%d/fd" % self.server.process.pid
        for name in os.listdir(folder):
            try:
                yield os.readlink(os.path.join(folder, name))
            except OSError:
                pass  # closed meanwhile

    WORK = (
        ("sort", "SELECT count(*) FROM (SELECT * FROM s ORDER BY b, n OFFSET 0) x"),
        ("hash join", "SELECT count(*) FROM s a JOIN s b USING (n, b)"),
        ("aggregation", "SELECT count(*) FROM (SELECT b, count(*) FROM s GROUP BY b) x"),
        ("distinct", "SELECT count(*) FROM (SELECT DISTINCT n, b FROM s) x"),
        ("cte", "WITH c AS MATERIALIZED (SELECT * FROM s) SELECT count(*) FROM c"),
    )

    def temporary(self):
        """Any operation on a temporary file may fail: the statement does, nothing else."""
        self.run("CREATE TABLE s (n int PRIMARY KEY, b text)")
        self.run("INSERT INTO s SELECT g, repeat('y', 40) || g FROM generate_series(1, 20000) g")
        for name, sql in self.WORK:
            met = 0
            for fault, error, want in (("create", "ENOSPC", "53100"), ("create", "EMFILE", "58030"),
                                       ("write", "ENOSPC", "53100"), ("write", "EIO", "58030"),
                                       ("read", "EIO", "58030")):
                for skip in (0, 1, 7):
                    what = "%s: %s %d gives %s" % (name, fault, skip, error)
                    self.control.fail(fault, "tmp", error, skip)
                    state = self.run(sql)
                    hits = self.control.hits()
                    self.control.clear()
                    met += hits > 0
                    right = want if hits else ""
                    self.tally.check(what, "" if state == right else "SQLSTATE '%s', %d faults" % (
                        state, hits))
            self.tally.check(name + ": faults were met", "" if met >= 3 else "%d" % met)
            state = self.run(sql)
            self.tally.check(name + ", afterwards", state or self.insert(100) or self.consistent())
        tmp = os.path.join(self.data, "tmp")
        left = [f for f in self.open_files() if f.startswith(tmp + "/")]
        self.tally.check("no temporary file is left", " ".join(left + os.listdir(tmp)))
        self.run("DROP TABLE s")

    # ---- the rest ----

    def clocks(self):
        for seconds in (366 * 86400, -366 * 86400, 0):
            self.control.jump(seconds)
            problem = self.insert(100) or self.run("CHECKPOINT") or self.consistent()
            self.tally.check("clock jumps by %d s" % seconds, problem)
        self.control.jump(-86400)
        self.server.kill()
        self.server.start()
        self.tally.check("start in the past", self.insert(100) or self.consistent())
        self.control.jump(0)

    def timers(self):
        """Whoever waits while the clock of the day jumps waits as long as without."""
        waits = (
            ("a statement_timeout comes", "SET statement_timeout = '700ms'", "SELECT pg_sleep(600)", "57014"),
            ("a statement_timeout does not come", "SET statement_timeout = '1h'",
             "SELECT pg_sleep(0.7)", ""),
            ("a lock_timeout comes", "SET lock_timeout = '700ms'", "LOCK TABLE t", "55P03"),
            ("a lock_timeout does not come", "SET lock_timeout = '1h'", "LOCK TABLE held", ""),
            ("a sleep ends", "SELECT 1", "SELECT pg_sleep(0.7)", ""),
            ("an idle transaction stays", "SET idle_in_transaction_session_timeout = '1h'",
             None, ""),
        )
        self.run("CREATE TABLE held (n int)")
        for seconds in (366 * 86400, -366 * 86400):
            holder = psycopg2.connect(self.server.dsn())
            holder.cursor().execute("LOCK TABLE t, held")
            sessions = [self.waiting(before, sql) for _, before, sql, _ in waits]
            time.sleep(0.2)  # most of them wait by now; what is checked holds for the others too
            self.control.jump(seconds)
            time.sleep(1)
            cursor = holder.cursor()
            cursor.execute("DROP TABLE held")
            cursor.execute("CREATE TABLE held (n int)")
            holder.rollback()
            for (name, _, _, want), (thread, connection, result) in zip(waits, sessions):
                thread.join(60)
                got = result[0] if result else "it still waits"
                self.tally.check("clock jumps by %d s: %s" % (seconds, name),
                                 "" if got == want else "'%s'" % got)
                connection.close()
            self.tally.check("clock jumps by %d s, afterwards" % seconds,
                             self.insert(100) or self.consistent())
            holder.close()
            self.control.jump(0)

    def waiting(self, before, sql):
        connection = psycopg2.connect(self.server.dsn())
        result = []

        def work():
            try:
                cursor = connection.cursor()
                cursor.execute(before)
                cursor.execute(sql or "SELECT 1")
                if not sql:
                    time.sleep(1.5)
                    cursor.execute("SELECT 1")
                result.append("")
            except psycopg2.Error as e:
                result.append(e.pgcode or "lost")

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread, connection, result

    def recycling(self):
        """The log's files stay few, whatever is written: they are used again after checkpoints."""
        most = 0
        for _ in range(60):
            self.insert(4 << 20)
            most = max(most, len(os.listdir(os.path.join(self.data, "wal"))))
        limit = (64 << 20) // SEGMENT + 8  # max_wal_size, spare ones, the one ahead
        self.tally.check("log files are used again", "" if most <= limit else "%d files" % most)
        self.tally.check("after recycling", self.empty() or self.consistent())

    def refusals(self):
        other = Server(data=self.data, start=False)
        for name, change, text in (
                ("second server", None, "is held by another server"),
                ("unknown format", b"tarn store 999\n", "data directory has an unknown format")):
            if change:
                self.server.stop()
                with open(os.path.join(self.data, "FORMAT"), "wb") as f:
                    f.write(change)
            try:
                other.start()
                problem = "it starts"
            except ServerError as e:
                problem = "" if text in str(e) else str(e)
            finally:
                other.kill()
            self.tally.check(name, problem)
        path = os.path.join(self.data, "FORMAT")
        with open(path, "wb") as f:
            f.write(b"tarn store 1\n")
        other.start()
        other.stop()
        with open(path, "rb") as f:
            now = f.read()
        self.tally.check("an older format is taken on", "" if now == b"tarn store 2\n" else repr(now))

    def all(self):
        self.full_log()
        self.full_data()
        self.failures()
        self.failing_reads()
        self.temporary()
        self.clocks()
        self.timers()
        self.recycling()
        self.refusals()


def run_once(tally):
    folder = tempfile.mkdtemp(prefix="tarn-faults-")
    faults = None
    try:
        faults = Faults(tally, folder)
        faults.all()
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    finally:
        if faults:
            faults.server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=0, help="unused: nothing is random")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    tally = Tally("faults")
    run_once(tally)
    while time.monotonic() < end:
        run_once(tally)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
