"""What clients do to a server that is going to be cut off, and what must be there afterwards: all that
was acknowledged, nothing half, at most what was being tried beyond. Transfers between accounts with a
ledger, unique keys, sequences, asynchronous commits, tables that come and go, checkpoints, synced
tables of all modes that follow their sources.

    work = Workload(dsn, clock, rng); work.start(); ... ; work.join(); problem = work.check(dsn)

`clock()` gives a number that rises: what had been acknowledged when it stood at `position` must be
there if the cut was at that position or later.
"""
import os
import random
import threading
import time

import psycopg2

from delta import History

WRITERS = 5
ACCOUNTS = 50
START_BALANCE = 1000
LARGE_ROWS = 8000  # changed by one transaction: more than a memtable of 1 MB

SETUP = """
CREATE TABLE sim_accounts (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO sim_accounts SELECT g, %d FROM generate_series(1, %d) g;
CREATE TABLE sim_ledger (client int, n int, source int, target int, amount int, filler text,
    PRIMARY KEY (client, n));
CREATE INDEX sim_ledger_source ON sim_ledger (source, amount);
CREATE TABLE sim_unique (client int, n int, u text UNIQUE, PRIMARY KEY (client, n));
CREATE TABLE sim_async (n int PRIMARY KEY, filler text);
CREATE TABLE sim_ddl (n int PRIMARY KEY);
CREATE TABLE sim_large (n int PRIMARY KEY, round int, filler text);
INSERT INTO sim_large SELECT g, 0, repeat('x', 80) FROM generate_series(1, %d) g;
CREATE SEQUENCE sim_sequence;
""" % (START_BALANCE, ACCOUNTS, LARGE_ROWS)


class Client(threading.Thread):
    """Does `work` until the server is gone. `acks` are (position, n) in order: when the clock stood
    there, everything up to n had been acknowledged. `tried` is the highest n."""

    def __init__(self, number, dsn, clock, seed, first):
        super().__init__(daemon=True)
        self.number = number
        self.dsn = dsn
        self.clock = clock
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
                self.acks.append((self.clock(), n))
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


class Large(Client):
    """All rows of a table say the same round, after one transaction that is too large for a
    memtable; some are rolled back."""

    def work(self, connection, cursor, n):
        time.sleep(self.random.uniform(0, 0.3))
        if n % 4 == 0:
            cursor.execute("UPDATE sim_large SET round = -1")
            connection.rollback()
        if n % 3:
            cursor.execute("UPDATE sim_large SET round = %s", (n,))
        else:
            cursor.execute("DELETE FROM sim_large")
            cursor.execute("INSERT INTO sim_large SELECT g, %s, repeat('x', 80) "
                           "FROM generate_series(1, %s) g", (n, LARGE_ROWS))
        connection.commit()
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


FOLLOWED = (("snapshot", "SNAPSHOT", {"feed": False, "vectors": False}),
            ("triggered", "TRIGGERED", {"feed": True, "vectors": False}),
            ("continuous", "CONTINUOUS", {"feed": False, "vectors": True}))


class Followed:
    """A Delta table with a random history, and a synced table of it."""

    def __init__(self, folder, name, mode, rng, options):
        self.name, self.mode = "sim_" + name, mode
        self.history = History(os.path.join(folder, name), rng=rng, **options)
        self.history.append([(i, "first", i % 5) for i in range(100)])

    def create(self, cursor):
        cursor.execute("CREATE SYNCED TABLE %s FROM DELTA '%s' PRIMARY KEY (id) MODE %s WITH (batch_rows = 30)" % (
            self.name, self.history.folder, self.mode))
        cursor.execute("CREATE INDEX ON %s (n)" % self.name)

    def applied(self, cursor):
        return query(cursor, "SELECT applied_version FROM tarn.synced_tables WHERE table_name = '%s'" % self.name)[0][0]

    def problem(self, cursor, least):
        """The table, its index and its count are its source at the version that it says."""
        version = self.applied(cursor)
        if not least <= version <= self.history.version:
            return "%s was at version %d and is at %d" % (self.name, least, version)
        want = sorted(self.history.states[version].values(), key=lambda r: r[0])
        if query(cursor, "SELECT id, name, n FROM %s ORDER BY id" % self.name) != want:
            return "%s is not its source at version %d" % (self.name, version)
        rows = query(cursor, "SELECT rows FROM tarn.synced_tables WHERE table_name = '%s'" % self.name)
        if rows != [(len(want),)]:
            return "%s has %d rows and says %s" % (self.name, len(want), rows)
        cursor.execute("SET LOCAL enable_seqscan = off")
        found = query(cursor, "SELECT id FROM %s WHERE n = 3 ORDER BY id" % self.name)
        cursor.execute("SET LOCAL enable_seqscan = on")
        return "" if found == [(r[0],) for r in want if r[2] == 3] else "the index of %s differs" % self.name


def followed(folder, rng):
    """Sources for Workload, a synced table of each mode."""
    return [Followed(folder, name, mode, random.Random(rng.random()), options) for name, mode, options in FOLLOWED]


class Follow(Client):
    """A source goes on, some versions at a time; its table follows."""

    table = None

    def work(self, connection, cursor, n):
        connection.autocommit = True
        h = self.table.history
        for _ in range(self.random.randrange(1, 4)):
            h.random_step()
        self.tried = h.version
        if self.table.mode != "CONTINUOUS":
            cursor.execute("REFRESH SYNCED TABLE %s%s" % (self.table.name, self.random.choice(["", "", "", " FULL"])))
        cursor.execute("WAIT FOR SYNCED TABLE %s VERSION %d TIMEOUT '60s'" % (self.table.name, h.version))
        return h.version


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


def check_large(cursor, clients, position):
    count, low, high = query(cursor, "SELECT count(*), min(round), max(round) FROM sim_large")[0]
    if count != LARGE_ROWS or low != high:
        return "the large table has %d rows, of rounds %s to %s" % (count, low, high)
    for c in clients:
        if type(c) is Large and not c.acknowledged(position) <= low <= c.tried:
            return "the large table is of round %d, %d acknowledged, %d tried" % (
                low, c.acknowledged(position), c.tried)
    return ""


def check_followed(dsn, clients, position):
    connection = psycopg2.connect(dsn)
    connection.set_session(isolation_level="REPEATABLE READ")  # continuous ones go on meanwhile
    cursor = connection.cursor()
    problem = ""
    for c in clients:
        if type(c) is Follow and not problem:
            problem = c.table.problem(cursor, c.acknowledged(position))
    connection.close()
    return problem


class Workload:
    """`tables`: what `followed` gives, kept from one workload to the next on the same data; (): without synced tables."""

    def __init__(self, dsn, clock, rng, tables=()):
        connection = psycopg2.connect(dsn)
        connection.autocommit = True
        cursor = connection.cursor()
        if not query(cursor, "SELECT 1 FROM pg_class WHERE relname = 'sim_accounts'"):
            cursor.execute(SETUP)
            for t in tables:
                t.create(cursor)
        ledger = dict(query(cursor, "SELECT client, max(n) FROM sim_ledger GROUP BY client"))
        unique = dict(query(cursor, "SELECT client, max(n) FROM sim_unique GROUP BY client"))
        ddl, deferred, large, number = query(
            cursor, "SELECT (SELECT coalesce(max(n), 0) FROM sim_ddl), "
                    "(SELECT coalesce(max(n), 0) FROM sim_async), "
                    "(SELECT max(round) FROM sim_large), nextval('sim_sequence')")[0]
        applied = [t.applied(cursor) for t in tables]
        connection.close()
        self.ready = clock()
        made = [(Transfer, i, ledger.get(i, 0)) for i in range(WRITERS)]
        made += [(Unique, i, unique.get(i, 0)) for i in range(2)]
        made += [(Sequence, 0, number), (Sequence, 1, number), (Async, 0, deferred), (Ddl, 0, ddl),
                 (Checkpoints, 0, 0), (Large, 0, large)]
        self.clients = [kind(i, dsn, clock, rng.random(), first) for kind, i, first in made]
        for i, t in enumerate(tables):
            self.clients.append(Follow(i, dsn, clock, rng.random(), applied[i]))
            self.clients[-1].table = t

    def start(self):
        for c in self.clients:
            c.start()

    def join(self):
        """After the server is gone: the first unexpected error, or ""."""
        for c in self.clients:
            c.join(30)
            if c.problem:
                return "%s %d: %s" % (type(c).__name__, c.number, c.problem)
        return ""

    def check(self, dsn, position):
        """What is wrong with a server that was cut off at `position` and started again."""
        connection = psycopg2.connect(dsn)
        cursor = connection.cursor()
        problem = (check_numbered(cursor, self.clients, position, Transfer, "sim_ledger") or
                   check_numbered(cursor, self.clients, position, Unique, "sim_unique") or
                   check_balances(cursor) or check_others(cursor, self.clients, position) or
                   check_large(cursor, self.clients, position))
        connection.close()
        return problem or check_followed(dsn, self.clients, position)
