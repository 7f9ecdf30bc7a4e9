"""Kills the server with SIGKILL while clients insert, starts it again and checks that exactly the
acknowledged rows are there (and at most one more for each client: the one in flight).

    run.py [--rounds N] [--seed N]

TARN names the binary. One test a round and check.
"""
import argparse
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import Server, ServerError, Tally  # noqa: E402

import psycopg2  # noqa: E402

CLIENTS = 16


class Client(threading.Thread):
    """Inserts (client, n) in transactions of one or two rows; notes what was acknowledged."""

    def __init__(self, number, first, dsn, seed):
        super().__init__(daemon=True)
        self.number = number
        self.next = first
        self.acknowledged = first
        self.in_flight = first
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
        except psycopg2.OperationalError:
            return  # the server was killed
        except Exception as e:  # noqa: BLE001
            if not isinstance(e, psycopg2.InterfaceError):
                self.problem = "%s: %s" % (type(e).__name__, e)


def check(server, clients, tally, name):
    connection = psycopg2.connect(server.dsn())
    cursor = connection.cursor()
    cursor.execute("SELECT client, count(*), coalesce(min(n), 0), coalesce(max(n), -1) FROM crash_rows "
                   "GROUP BY client ORDER BY client")
    found = {row[0]: row[1:] for row in cursor.fetchall()}
    cursor.execute("SELECT client, n FROM crash_sums")
    sums = dict(cursor.fetchall())
    cursor.execute("SELECT count(*) FROM (SELECT n FROM crash_rows WHERE client >= 0 ORDER BY n) s")
    by_index = cursor.fetchone()[0]
    connection.close()
    for c in clients:
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
    tally.check(name + " total", "" if by_index == total else "%d rows by scan, %d by group" % (
        by_index, total))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    tally = Tally("crash (seed %d)" % args.seed)
    try:
        with Server() as server:
            out, status = server.psql(
                "CREATE TABLE crash_rows (client int, n int, filler text, PRIMARY KEY (client, n));"
                "CREATE INDEX crash_rows_n ON crash_rows (n);"
                "CREATE TABLE crash_sums (client int PRIMARY KEY, n int);"
                "INSERT INTO crash_sums SELECT g, 0 FROM generate_series(0, %d) g;" % (CLIENTS - 1))
            if status:
                raise ServerError(out)
            first = [0] * CLIENTS
            total = 0
            for number in range(args.rounds):
                clients = [Client(i, first[i], server.dsn(), rng.random()) for i in range(CLIENTS)]
                for c in clients:
                    c.start()
                time.sleep(rng.uniform(0.3, 2.5))
                server.kill()
                for c in clients:
                    c.join(30)
                server.start()
                check(server, clients, tally, "round %d" % number)
                first = [c.next for c in clients]
                total = sum(first)
            print("%d rounds, %d rows" % (args.rounds, total))
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
