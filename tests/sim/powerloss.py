"""Cuts the power, in effect: clients work on a server whose disk operations are recorded (disk.c);
from the record come the disks that a cut at random moments could have left (simdisk.py); a server is
started on each, and everything that was acknowledged before the cut must be there, and nothing half.

    powerloss.py [--minutes N] [--seed N] [--cuts N]

Servers in which one kind of sync does nothing must be found out: that is tested too, so a harness
that sees nothing fails. TARN names the binary. One test a disk.
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

from simdisk import Control, SimServer, Volume, cuts, fresh_folder
from tarn import BINARY, Server, ServerError, Tally

import psycopg2

ACCOUNTS = 50
START_BALANCE = 1000
WRITERS = 5
SETTINGS = {"memtable_size": "1024", "max_wal_size": "32"}

SETUP = """
CREATE TABLE sim_accounts (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO sim_accounts SELECT g, %d FROM generate_series(1, %d) g;
CREATE TABLE sim_ledger (client int, n int, source int, target int, amount int, filler text,
    PRIMARY KEY (client, n));
CREATE INDEX sim_ledger_source ON sim_ledger (source, amount);
CREATE TABLE sim_unique (client int, n int, u text UNIQUE, PRIMARY KEY (client, n));
CREATE TABLE sim_async (n int PRIMARY KEY, filler text);
CREATE TABLE sim_ddl (n int PRIMARY KEY);
CREATE SEQUENCE sim_sequence;
""" % (START_BALANCE, ACCOUNTS)


class Client(threading.Thread):
    """Does `work` until the server is gone. `acks` are (position in the record, n) in order: when
    the record stood there, everything up to n had been acknowledged. `tried` is the highest n."""

    def __init__(self, number, dsn, control, seed, first):
        super().__init__(daemon=True)
        self.number = number
        self.dsn = dsn
        self.control = control
        self.random = random.Random(seed)
        self.tried = self.first = first
        self.acks = []
        self.problem = None
        self.stopping = False

    def acknowledged(self, position):
        best = self.first
        for at, n in self.acks:
            if at <= position:
                best = max(best, n)
        return best

    def run(self):
        try:
            connection = psycopg2.connect(self.dsn)
            cursor = connection.cursor()
            while not self.stopping:
                self.tried += 1
                n = self.work(connection, cursor, self.tried)
                self.acks.append((self.control.seq(), n))
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            return  # the server was killed
        except Exception as e:  # noqa: BLE001
            self.problem = "%s: %s" % (type(e).__name__, e)


class Transfer(Client):
    def work(self, connection, cursor, n):
        source, target = sorted(self.random.sample(range(1, ACCOUNTS + 1), 2))
        amount = self.random.randrange(-100, 100)
        filler = "x" * self.random.choice((10, 200, 3000, 30000))
        cursor.execute("UPDATE sim_accounts SET balance = balance - %s WHERE id = %s",
                       (amount, source))
        cursor.execute("UPDATE sim_accounts SET balance = balance + %s WHERE id = %s",
                       (amount, target))
        cursor.execute("INSERT INTO sim_ledger VALUES (%s, %s, %s, %s, %s, %s)",
                       (self.number, n, source, target, amount, filler))
        connection.commit()
        return n


class Unique(Client):
    def work(self, connection, cursor, n):
        cursor.execute("INSERT INTO sim_unique VALUES (%s, %s, %s)",
                       (self.number, n, "%d/%d %s" % (self.number, n, "k" * (n % 700))))
        connection.commit()
        return n


class Sequence(Client):
    def work(self, connection, cursor, n):
        cursor.execute("SELECT nextval('sim_sequence')")
        value = cursor.fetchone()[0]
        connection.commit()
        return value


class Async(Client):
    def work(self, connection, cursor, n):
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute("INSERT INTO sim_async VALUES (%s, %s)", (n, "x" * self.random.randrange(900)))
        connection.commit()
        time.sleep(0.001)
        return n


class Ddl(Client):
    """Table n and its entry in sim_ddl come and go together."""

    def work(self, connection, cursor, n):
        cursor.execute("CREATE TABLE sim_made_%d (a int PRIMARY KEY, b text)" % n)
        cursor.execute("INSERT INTO sim_made_%d SELECT g, g::text FROM generate_series(1, 20) g" % n)
        cursor.execute("CREATE INDEX ON sim_made_%d (b)" % n)
        cursor.execute("INSERT INTO sim_ddl VALUES (%s)", (n,))
        if n > 5:
            cursor.execute("DROP TABLE sim_made_%d" % (n - 5))
            cursor.execute("DELETE FROM sim_ddl WHERE n = %s", (n - 5,))
        connection.commit()
        return n


class Checkpoints(Client):
    def work(self, connection, cursor, n):
        connection.autocommit = True
        time.sleep(self.random.uniform(0.1, 0.5))
        cursor.execute("CHECKPOINT")
        return n


def query(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchall()


def start_clients(server, control, rng):
    connection = psycopg2.connect(server.dsn())
    cursor = connection.cursor()
    if not query(cursor, "SELECT 1 FROM pg_class WHERE relname = 'sim_accounts'"):
        cursor.execute(SETUP)
        connection.commit()
    ledger = dict(query(cursor, "SELECT client, max(n) FROM sim_ledger GROUP BY client"))
    unique = dict(query(cursor, "SELECT client, max(n) FROM sim_unique GROUP BY client"))
    rows = query(cursor, "SELECT (SELECT coalesce(max(n), 0) FROM sim_ddl), "
                         "(SELECT coalesce(max(n), 0) FROM sim_async), nextval('sim_sequence')")
    ddl, deferred, number = rows[0]
    connection.close()
    ready = control.seq()
    made = [(Transfer, i, ledger.get(i, 0)) for i in range(WRITERS)]
    made += [(Unique, i, unique.get(i, 0)) for i in range(2)]
    made += [(Sequence, 0, number), (Sequence, 1, number), (Async, 0, deferred), (Ddl, 0, ddl),
             (Checkpoints, 0, 0)]
    clients = [kind(i, server.dsn(), control, rng.random(), first) for kind, i, first in made]
    for c in clients:
        c.start()
    return ready, clients


def check_numbered(cursor, clients, position, kind, table):
    """Rows 1 to n without a gap, n from what was acknowledged to what was tried."""
    found = {row[0]: row[1:] for row in query(
        cursor, "SELECT client, count(*), min(n), max(n) FROM %s GROUP BY client" % table)}
    for c in clients:
        if type(c) is not kind:
            continue
        count, low, high = found.get(c.number, (0, 1, 0))
        least = c.acknowledged(position)
        if (low, high) != (1, count):
            return "%s client %d: %d rows from %d to %d" % (table, c.number, count, low, high)
        if not least <= count <= c.tried:
            return "%s client %d: %d rows, %d acknowledged, %d tried" % (
                table, c.number, count, least, c.tried)
    return ""


def check_balances(cursor):
    wrong = query(cursor, """
        SELECT a.id, a.balance, b.expected FROM sim_accounts a JOIN
        (SELECT id, %d + (SELECT coalesce(sum(amount), 0) FROM sim_ledger WHERE target = id)
                - (SELECT coalesce(sum(amount), 0) FROM sim_ledger WHERE source = id) AS expected
         FROM sim_accounts) b ON a.id = b.id WHERE a.balance <> b.expected""" % START_BALANCE)
    if wrong:
        return "account %d has %s, its transfers say %s" % wrong[0]
    total = query(cursor, "SELECT sum(balance), count(*) FROM sim_accounts")[0]
    expected = (ACCOUNTS * START_BALANCE, ACCOUNTS)
    return "" if total == expected else "sum and number of accounts are %s" % (total,)


def check_others(cursor, clients, position):
    count, high = query(cursor, "SELECT count(*), coalesce(max(n), 0) FROM sim_async")[0]
    if count != high:
        return "of asynchronous commits, %d rows up to %d" % (count, high)
    listed = query(cursor, "SELECT n FROM sim_ddl ORDER BY 1")
    made = query(cursor, "SELECT substr(relname, 10)::int FROM pg_class "
                         "WHERE relname LIKE 'sim_made%' AND relkind = 'r' ORDER BY 1")
    if listed != made:
        return "tables %s are there, %s are listed" % (made, listed)
    for c in clients:
        least = c.acknowledged(position)
        if type(c) is Ddl and least and (not listed or listed[-1][0] < least):
            return "table %d was acknowledged, there are %s" % (least, listed)
    for n, in made:
        if query(cursor, "SELECT count(*), min(b) FROM sim_made_%d" % n) != [(20, "1")]:
            return "table %d has other rows" % n
    number = query(cursor, "SELECT nextval('sim_sequence')")[0][0]
    given = max(c.acknowledged(position) for c in clients if type(c) is Sequence)
    return "" if number > given else "number %d of the sequence comes again: %d" % (given, number)


def check_content(server, clients, position):
    connection = psycopg2.connect(server.dsn())
    cursor = connection.cursor()
    problem = (check_numbered(cursor, clients, position, Transfer, "sim_ledger") or
               check_numbered(cursor, clients, position, Unique, "sim_unique") or
               check_balances(cursor) or check_others(cursor, clients, position))
    connection.close()
    return problem


def check_image(image, ready, clients, position):
    """Starts a server on the disk; what is wrong there, or ""."""
    server = Server(data=image, settings=SETTINGS, start=False, timeout_s=30)
    try:
        server.start()
        out, status = server.psql("SELECT 1")
        if status or out != "1\n":
            return "SELECT 1: " + out
        if position >= ready:
            problem = check_content(server, clients, position)
            if problem:
                return problem
        if server.stop() != 0:
            return "the server does not stop cleanly: " + server.log()[-1000:]
    except (ServerError, psycopg2.Error) as e:
        return "%s: %s" % (type(e).__name__, e)
    finally:
        server.kill()
    check = subprocess.run([BINARY, "check", "-D", image], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    return "" if check.returncode == 0 else check.stdout.decode("utf-8", "replace")[-2000:]


class Round:
    """Records one run of the server on `data`, then checks disks of `count` cuts. The last disk
    that is right stays in `image`."""

    def __init__(self, folder, rng, forget=""):
        self.folder = folder
        self.rng = rng
        self.forget = forget
        self.image = None

    def record(self, data, seconds):
        volume = Volume.load(data) if os.path.isdir(data) else Volume()
        control = Control(os.path.join(self.folder, "control"))
        log = os.path.join(self.folder, "record")
        if os.path.exists(log):
            os.unlink(log)
        server = SimServer(data, control, record=log, forget=self.forget, settings=SETTINGS)
        try:
            ready, clients = start_clients(server, control, self.rng)
            time.sleep(seconds)
        finally:
            server.kill()
        for c in clients:
            c.join(30)
            if c.problem:
                raise ServerError("%s %d: %s" % (type(c).__name__, c.number, c.problem))
        end = control.seq()
        control.close()
        return volume, log, ready, clients, end

    def run(self, data, seconds, count):
        """Yields (position, problem) for each cut."""
        volume, log, ready, clients, end = self.record(data, seconds)
        early = [self.rng.randrange(1, ready + 1) for _ in range(count // 5)]
        late = [self.rng.randrange(ready, end + 1) for _ in range(count - len(early))]
        for position in cuts(log, volume, sorted(early + late)):
            image = fresh_folder(os.path.join(self.folder, "image"))
            volume.after_cut(self.rng, image)
            problem = check_image(image, ready, clients, position)
            if not problem:
                kept = os.path.join(self.folder, "kept")
                shutil.rmtree(kept, ignore_errors=True)
                os.rename(image, kept)
                self.image = kept
            yield position, problem


def run_rounds(tally, rng, folder, deadline, rounds, count):
    """Each round goes on with the last disk of the one before."""
    data = os.path.join(folder, "data")
    number = 0
    while number < rounds or time.monotonic() < deadline:
        r = Round(folder, rng)
        for position, problem in r.run(data, rng.uniform(2, 4), count):
            tally.check("round %d, cut at %d" % (number, position), problem)
        shutil.rmtree(data)
        if r.image and number % 4 != 3:
            os.rename(r.image, data)
        number += 1


def run_forgetful(tally, rng, folder, forget):
    """A server that leaves out a sync: some disk must show it."""
    seen = 0
    for attempt in range(4):
        data = os.path.join(folder, "forgetful")
        shutil.rmtree(data, ignore_errors=True)
        for _, problem in Round(folder, rng, forget).run(data, 2, 5):
            seen += bool(problem)
            if problem:
                tally.check("without syncs of %s: seen (%s)" % (forget, problem.split("\n")[0][:80]))
                return
    tally.check("without syncs of %s" % forget, "no disk shows the loss")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--cuts", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    tally = Tally("powerloss (seed %d)" % args.seed)
    folder = tempfile.mkdtemp(prefix="tarn-power-")
    try:
        for forget in ("wal", "data", "dir"):
            run_forgetful(tally, rng, folder, forget)
        run_rounds(tally, rng, folder, time.monotonic() + 60 * args.minutes, 2, args.cuts)
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    finally:
        if tally.failed == 0:
            shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
