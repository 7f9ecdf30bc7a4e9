"""What clients do to a server that is going to be cut off, and what must be there afterwards: all that
was acknowledged, nothing half, at most what was being tried beyond. Transfers between accounts with a
ledger, unique keys, sequences, asynchronous commits, tables that come and go, checkpoints, refreshes
of a synced table.

    work = Workload(dsn, clock, rng); work.start(); ... ; work.join(); problem = work.check(dsn)

`clock()` gives a number that rises: what had been acknowledged when it stood at `position` must be
there if the cut was at that position or later.
"""
import random
import threading
import time

import psycopg2

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


class Refresh(Client):
    """The source's version n has n rows; the synced table follows."""

    source = None

    def work(self, connection, cursor, n):
        connection.autocommit = True
        while self.source.version < n:
            version = self.source.version + 1
            self.source.commit([(i, "v%d" % version, version) for i in range(50 + version)])
        cursor.execute("REFRESH SYNCED TABLE sim_synced")
        return self.source.version


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


def check_synced(cursor, clients, position):
    version = query(cursor, "SELECT applied_version FROM tarn.synced_tables "
                            "WHERE table_name = 'sim_synced'")[0][0]
    rows = query(cursor, "SELECT count(*), min(n), max(n), min(name) FROM sim_synced")[0]
    if rows != (50 + version, version, version, "v%d" % version):
        return "the synced table says version %d and has rows %s" % (version, rows)
    least = max(c.acknowledged(position) for c in clients if type(c) is Refresh)
    return "" if version >= least else "refreshed to version %d, at %d now" % (least, version)


class Workload:
    """`source`: a delta.Table whose version n has 50 + n rows, for a synced table; None: without."""

    def __init__(self, dsn, clock, rng, source=None):
        connection = psycopg2.connect(dsn)
        connection.autocommit = True
        cursor = connection.cursor()
        if not query(cursor, "SELECT 1 FROM pg_class WHERE relname = 'sim_accounts'"):
            cursor.execute(SETUP)
            if source:
                cursor.execute("CREATE SYNCED TABLE sim_synced FROM DELTA '%s' PRIMARY KEY (id)" %
                               source.folder)
        ledger = dict(query(cursor, "SELECT client, max(n) FROM sim_ledger GROUP BY client"))
        unique = dict(query(cursor, "SELECT client, max(n) FROM sim_unique GROUP BY client"))
        ddl, deferred, large, number = query(
            cursor, "SELECT (SELECT coalesce(max(n), 0) FROM sim_ddl), "
                    "(SELECT coalesce(max(n), 0) FROM sim_async), "
                    "(SELECT max(round) FROM sim_large), nextval('sim_sequence')")[0]
        applied = query(cursor, "SELECT applied_version FROM tarn.synced_tables "
                                "WHERE table_name = 'sim_synced'") if source else []
        connection.close()
        self.ready = clock()
        made = [(Transfer, i, ledger.get(i, 0)) for i in range(WRITERS)]
        made += [(Unique, i, unique.get(i, 0)) for i in range(2)]
        made += [(Sequence, 0, number), (Sequence, 1, number), (Async, 0, deferred), (Ddl, 0, ddl),
                 (Checkpoints, 0, 0), (Large, 0, large)]
        self.clients = [kind(i, dsn, clock, rng.random(), first) for kind, i, first in made]
        if source:
            refresh = Refresh(0, dsn, clock, rng.random(), source.version)
            refresh.source = source
            refresh.first = applied[0][0]  # the source may be ahead: a refresh was cut off
            self.clients.append(refresh)

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
        if not problem and any(type(c) is Refresh for c in self.clients):
            problem = check_synced(cursor, self.clients, position)
        connection.close()
        return problem
