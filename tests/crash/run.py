"""Kills the server with SIGKILL while sixteen clients work, also while it recovers from the kill
before, starts it again and checks that everything acknowledged is there and nothing half.

    run.py [--rounds N] [--minutes N] [--seed N]

TARN names the binary. One test a check.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from tarn import BINARY, Server, ServerError, Tally  # noqa: E402
from workload import Workload, followed  # noqa: E402

import psycopg2  # noqa: E402

INSERTERS = 4
# Small, so that kills meet checkpoints and changes of the log's segment.
SETTINGS = {"memtable_size": "1024", "max_wal_size": "32"}
CHECK_EVERY = 5


class Inserter(threading.Thread):
    """Inserts (client, n) in transactions of one or two rows; notes what was acknowledged."""

    def __init__(self, number, first, dsn, seed):
        super().__init__(daemon=True)
        self.number = number
        self.next = self.acknowledged = self.in_flight = first
        self.dsn = dsn
        self.random = random.Random(seed)
        self.problem = None

    def run(self):
        try:
            connection = psycopg2.connect(self.dsn)
            cursor = connection.cursor()
            while True:
                count = self.random.choice((1, 1, 1, 2))
                self.in_flight = self.next + count
                for _ in range(count):
                    cursor.execute("INSERT INTO crash_rows VALUES (%s, %s, %s)",
                                   (self.number, self.next, "x" * self.random.randrange(200)))
                    cursor.execute("UPDATE crash_sums SET n = n + 1 WHERE client = %s",
                                   (self.number,))
                    self.next += 1
                connection.commit()
                self.acknowledged = self.next
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            return  # the server was killed
        except Exception as e:  # noqa: BLE001
            self.problem = "%s: %s" % (type(e).__name__, e)


def check_inserters(cursor, inserters, tally, name):
    cursor.execute("SELECT client, count(*), coalesce(min(n), 0), coalesce(max(n), -1) "
                   "FROM crash_rows GROUP BY client")
    found = {row[0]: row[1:] for row in cursor.fetchall()}
    cursor.execute("SELECT client, n FROM crash_sums")
    sums = dict(cursor.fetchall())
    cursor.execute("SELECT count(*) FROM (SELECT n FROM crash_rows WHERE client >= 0 ORDER BY n) s")
    by_index = cursor.fetchone()[0]
    for c in inserters:
        count, low, high = found.get(c.number, (0, 0, -1))
        problem = c.problem or ""
        if count not in (c.acknowledged, c.in_flight):
            problem = "%d rows, %d acknowledged, up to %d in flight" % (count, c.acknowledged,
                                                                      c.in_flight)
        elif count and (low, high) != (0, count - 1):
            problem = "rows %d to %d, but %d of them" % (low, high, count)
        elif sums.get(c.number) != count:
            problem = "the sum kept in the same transactions is %s, rows are %d" % (
                sums.get(c.number), count)
        tally.check("%s client %d" % (name, c.number), problem)
        c.next = count
    total = sum(v[0] for v in found.values())
    tally.check(name + " total", "" if by_index == total else "%d rows by index, %d by scan" % (
        by_index, total))


def start_through_kills(server, rng):
    """Sometimes the server is killed again while it starts."""
    for _ in range(rng.choice((0, 0, 1, 3))):
        env = dict(os.environ)
        with open(server.log_path, "ab") as log:
            p = subprocess.Popen(server.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 env=env)
        time.sleep(rng.uniform(0, 0.08))
        p.kill()
        p.wait()
    server.start()


def check_store(server, tally, name):
    """A stopped server's files, by tarn check."""
    server.stop()
    p = subprocess.run([BINARY, "check", "-D", server.data], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    tally.check(name + " tarn check", "" if p.returncode == 0 else p.stdout.decode()[-2000:])
    server.start()


def run_round(server, rng, tally, name, tables, first):
    """Next numbers of the inserters."""
    inserters = [Inserter(i, first[i], server.dsn(), rng.random()) for i in range(INSERTERS)]
    work = Workload(server.dsn(), lambda: 0, rng, tables)
    for c in inserters:
        c.start()
    work.start()
    time.sleep(rng.uniform(0.3, 2.5))
    server.kill()
    for c in inserters:
        c.join(30)
    tally.check(name + " clients", work.join())
    start_through_kills(server, rng)
    connection = psycopg2.connect(server.dsn())
    check_inserters(connection.cursor(), inserters, tally, name)
    connection.close()
    tally.check(name + " work", work.check(server.dsn(), 0))
    return [c.next for c in inserters]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    tally = Tally("crash (seed %d)" % args.seed)
    folder = tempfile.mkdtemp(prefix="tarn-crash-")
    try:
        tables = followed(folder, rng)
        with Server(settings=SETTINGS) as server:
            out, status = server.psql(
                "CREATE TABLE crash_rows (client int, n int, filler text, PRIMARY KEY (client, n));"
                "CREATE INDEX crash_rows_n ON crash_rows (n);"
                "CREATE TABLE crash_sums (client int PRIMARY KEY, n int);"
                "INSERT INTO crash_sums SELECT g, 0 FROM generate_series(0, %d) g;" % (INSERTERS - 1))
            if status:
                raise ServerError(out)
            first = [0] * INSERTERS
            number = 0
            end = time.monotonic() + 60 * args.minutes
            while number < args.rounds or time.monotonic() < end:
                first = run_round(server, rng, tally, "round %d" % number, tables, first)
                number += 1
                if number % CHECK_EVERY == 1:
                    check_store(server, tally, "round %d" % (number - 1))
            print("%d rounds, %d rows inserted" % (number, sum(first)))
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
