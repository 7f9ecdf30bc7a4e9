"""Transactions much larger than memory may be: what they leave is right after commit, rollback, errors and
kill -9 at any moment; memory stays bounded, others go on meanwhile, and space is given back.

    large_transaction.py [--rows N] [--memtable MB] [--minutes N]

The long form (tests/torture) takes 20 million rows. One line says what memory each step took."""
import argparse
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import BINARY, Server, ServerError, Tally  # noqa: E402
from watch import Watch  # noqa: E402

import psycopg2  # noqa: E402

ASAN = "asan" in BINARY
TEXT = "some text to make a row of it "


def memory(server):
    """Anonymous memory, and all of it that is not the data file's."""
    total = data = anonymous = 0
    with open("/proc/%d/smaps" % server.process.pid) as f:
        in_data = False
        for line in f:
            word = line.split()
            if "-" in word[0] and len(word) >= 5:
                in_data = line.rstrip().endswith("/data.mdb")
            elif word[0] == "Rss:":
                total += int(word[1])
                data += int(word[1]) if in_data else 0
            elif word[0] == "Anonymous:":
                anonymous += int(word[1])
    return anonymous * 1024, (total - data) * 1024


class Other(threading.Thread):
    """Another session that reads and writes all the time: how often, and its longest wait."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.connection = psycopg2.connect(server.dsn())
        self.connection.autocommit = True
        self.count = 0
        self.problem = ""
        self.stopping = False

    def run(self):
        try:
            cursor = self.connection.cursor()
            while not self.stopping:
                self.count += 1
                cursor.execute("UPDATE small SET n = n + 1 RETURNING n")
                if cursor.fetchone()[0] != self.count:
                    self.problem = "an update was lost"
                cursor.execute("SELECT count(*) FROM t WHERE id = 1")
                cursor.fetchone()
        except psycopg2.Error as e:
            self.problem = str(e)


class Test:
    def __init__(self, tally, rows, memtable_mb):
        self.tally = tally
        self.rows = rows
        self.memtable = memtable_mb << 20
        # Memtables, frozen ones, LMDB's changed pages, and what malloc keeps of them.
        self.anonymous = 6 * self.memtable + (24 << 20)
        # And what is mapped of temporary files at a time, of several.
        self.bound = self.anonymous + (56 << 20)

    def settings(self):
        return {"memtable_size": str(self.memtable >> 10)}

    def step(self, server, name, sql, expected=None):
        """A statement by itself; its memory and what it gave."""
        begin = time.monotonic()
        connection = psycopg2.connect(server.dsn())
        connection.autocommit = True
        cursor = connection.cursor()
        with Watch(lambda: memory(server), 2, 0.02) as watch:
            for one in sql if isinstance(sql, list) else [sql]:
                cursor.execute(one)
            got = cursor.fetchone() if cursor.description else cursor.rowcount
        connection.close()
        anonymous, total = watch.most
        print("%-28s %6.1f s  %5d MB anonymous, %5d MB without the data file, of %d, %d" % (
            name, time.monotonic() - begin, anonymous >> 20, total >> 20,
            self.anonymous >> 20, self.bound >> 20), flush=True)
        if expected is not None:
            self.tally.check(name, "" if got == expected else "%s, not %s" % (got, expected))
        if ASAN:
            self.tally.skip(name, "the sanitizer keeps freed memory")
        else:
            bounded = total <= self.bound and anonymous <= self.anonymous
            self.tally.check(name + ": memory", "" if bounded else "%d MB, %d MB of it anonymous" % (
                total >> 20, anonymous >> 20))

    def content(self, server, name, count, total):
        self.step(server, name, "SELECT count(*), coalesce(sum(a), 0)::bigint FROM t", (count, total))

    def steps(self, server):
        n = self.rows
        server.psql("CREATE TABLE t (id bigint PRIMARY KEY, a int NOT NULL, b text);"
                    "CREATE TABLE small (n int); INSERT INTO small VALUES (0);"
                    "INSERT INTO t VALUES (0, 0, '')")
        other = Other(server)
        other.start()
        rows = "INSERT INTO t SELECT g, 1, '%s' || g FROM generate_series(1, %d) g" % (TEXT, n)
        self.step(server, "insert", rows, n)
        self.content(server, "after insert", n + 1, n)
        self.step(server, "update", "UPDATE t SET a = a + 1", n + 1)
        self.content(server, "after update", n + 1, 2 * n + 1)
        self.step(server, "rollback", ["BEGIN", "UPDATE t SET a = 0", "SAVEPOINT s", "DELETE FROM t",
                                       "ROLLBACK TO s", "SELECT count(*) FROM t WHERE a = 0"],
                  (n + 1,))
        self.content(server, "after rollback", n + 1, 2 * n + 1)
        self.step(server, "locks", "SELECT count(*) FROM (SELECT 1 FROM t FOR UPDATE) x", (n + 1,))
        self.step(server, "delete", "DELETE FROM t WHERE id > 0", n)
        self.content(server, "after delete", 1, 1)
        other.stopping = True
        other.join()
        self.tally.check("others", other.problem or ("" if other.count > 100 else
                                                     "%d rounds" % other.count))
        server.psql("CHECKPOINT", timeout_s=600)

    def limit(self, server):
        """temp_file_limit is PostgreSQL's error, and leaves nothing."""
        out, _ = server.psql("SET temp_file_limit = '4MB'; INSERT INTO t SELECT g, 1, '%s' "
                             "FROM generate_series(1, 200000) g" % TEXT)
        wanted = "ERROR:  temporary file size exceeds temp_file_limit (4096kB)\n"
        self.tally.check("temp_file_limit", "" if out == wanted else out)
        self.content(server, "after temp_file_limit", 1, 1)

    def space(self, server):
        """No temporary file is left; the log is recycled."""
        tmp = os.path.join(server.data, "tmp")
        folder = "/proc/%d/fd" % server.process.pid
        end = time.monotonic() + 30
        while True:
            files = [os.readlink(os.path.join(folder, n)) for n in os.listdir(folder)
                     if os.path.lexists(os.path.join(folder, n))]
            left = [f for f in files if f.startswith(tmp + "/")] + os.listdir(tmp)
            if not left or time.monotonic() > end:
                break
            time.sleep(0.1)
        self.tally.check("temporary files", " ".join(left))
        log = os.path.join(server.data, "wal")
        size = sum(os.path.getsize(os.path.join(log, n)) for n in os.listdir(log))
        self.tally.check("log", "" if size < (64 << 20) * 8 else "%d MB" % (size >> 20))


def conflicts(tally, server):
    """Who wants a row of a transaction with many locks waits for it, and nobody else does."""
    server.psql("DROP TABLE IF EXISTS k; CREATE TABLE k (id int PRIMARY KEY, a int);"
                "INSERT INTO k SELECT g, 0 FROM generate_series(1, 40000) g")
    holder = psycopg2.connect(server.dsn()).cursor()
    holder.execute("UPDATE k SET a = 1 WHERE id <= 20000")
    holder.execute("SAVEPOINT s")
    holder.execute("UPDATE k SET a = 1 WHERE id <= 30000")
    asker = psycopg2.connect(server.dsn())
    asker.autocommit = True
    cursor = asker.cursor()

    def free():
        cursor.execute("SELECT count(*), min(id) FROM (SELECT id FROM k FOR UPDATE SKIP LOCKED) x")
        return cursor.fetchone()

    tally.check("skip locked", "" if free() == (10000, 30001) else str(free()))
    holder.execute("ROLLBACK TO s")
    tally.check("after rollback to", "" if free() == (20000, 20001) else str(free()))
    try:
        cursor.execute("SELECT 1 FROM k WHERE id = 15000 FOR UPDATE NOWAIT")
        tally.check("nowait", "the row is free")
    except psycopg2.Error as e:
        tally.check("nowait", "" if e.pgcode == "55P03" else str(e))
    waiter = threading.Thread(target=cursor.execute,
                              args=("UPDATE k SET a = a + 1 WHERE id = 15000 RETURNING a",))
    waiter.start()
    watch = psycopg2.connect(server.dsn())
    watch.autocommit = True
    look = watch.cursor()
    for _ in range(1000):
        look.execute("SELECT cardinality(pg_blocking_pids(%s))" % asker.get_backend_pid())
        if look.fetchone()[0]:
            break
        time.sleep(0.01)
    holder.connection.commit()
    waiter.join()
    got = cursor.fetchone()
    tally.check("waiting", "" if got == (2,) else str(got))
    for c in (holder.connection, asker, watch):
        c.close()


def killed(tally, test, server, rounds, rng):
    """kill -9 in the middle of large transactions: all of one or nothing of it."""
    n = min(test.rows, 60000)
    server.psql("TRUNCATE t; INSERT INTO t SELECT g, 0, '%s' FROM generate_series(1, %d) g" % (
        TEXT, n))
    done = 0
    for _ in range(rounds):
        connection = psycopg2.connect(server.dsn())
        cursor = connection.cursor()
        state = {"done": done, "tried": done}

        def work():
            try:
                while True:
                    state["tried"] += 1
                    cursor.execute("UPDATE t SET a = %s", (state["tried"],))
                    connection.commit()
                    state["done"] = state["tried"]
            except psycopg2.Error:
                pass

        worker = threading.Thread(target=work)
        worker.start()
        time.sleep(rng.uniform(0.05, 1.2))
        server.kill()
        worker.join()
        if rng.random() < 0.3:  # also while it recovers
            server.spawn()
            time.sleep(rng.uniform(0, 0.2))
            server.kill()
        server.start()
        cursor = psycopg2.connect(server.dsn()).cursor()
        cursor.execute("SELECT count(*), min(a), max(a) FROM t")
        count, low, high = cursor.fetchone()
        cursor.connection.close()
        right = count == n and low == high and state["done"] <= low <= state["tried"]
        tally.check("killed", "" if right else "%d rows from %d to %d, %s" % (
            count, low, high, state))
        done = low


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=60000 if ASAN else 300000)
    parser.add_argument("--memtable", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print("seed", args.seed)
    tally = Tally("large_transaction")
    test = Test(tally, args.rows, args.memtable)
    try:
        with Server(settings=test.settings()) as server:
            test.steps(server)
            test.limit(server)
            conflicts(tally, server)
            test.space(server)
            killed(tally, test, server, 6 + int(args.minutes * 10), rng)
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
