"""`tarn backup` and BACKUP TO: a copy made while clients write is a store by itself, consistent, and has
everything that was acknowledged before it began."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import BINARY, Server, ServerError, Tally, SANITIZERS  # noqa: E402

import psycopg2  # noqa: E402

SETUP = """
CREATE TABLE accounts (id int PRIMARY KEY, balance int);
INSERT INTO accounts SELECT g, 100 FROM generate_series(1, 100) g;
CREATE TABLE entries (client int, n int, filler text, PRIMARY KEY (client, n));
CREATE INDEX entries_n ON entries (n);
"""


def tarn(*args):
    env = dict(os.environ)
    for name, value in SANITIZERS.items():
        env.setdefault(name, value)
    p = subprocess.run([BINARY, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    return p.stdout.decode("utf-8", "replace"), p.returncode


class Writer(threading.Thread):
    """Moves money and inserts numbered rows; `loads` also makes tables past the memtable."""

    def __init__(self, number, server, loads):
        super().__init__(daemon=True)
        self.number = number
        self.server = server
        self.loads = loads
        self.done = 0
        self.loaded = 0
        self.stopping = False
        self.problem = ""

    def run(self):
        try:
            connection = psycopg2.connect(self.server.dsn())
            cursor = connection.cursor()
            while not self.stopping:
                n = self.done + 1
                if self.loads:
                    cursor.execute("CREATE TABLE made_%d AS SELECT g, repeat('x', 50) AS b "
                                   "FROM generate_series(1, 3000) g" % n)
                    cursor.execute("CREATE INDEX ON made_%d (g)" % n)
                a, b = sorted((n % 100 + 1, (n * 7 + self.number) % 100 + 1))
                cursor.execute("UPDATE accounts SET balance = balance - 1 WHERE id = %s", (a,))
                cursor.execute("UPDATE accounts SET balance = balance + 1 WHERE id = %s", (b,))
                cursor.execute("INSERT INTO entries VALUES (%s, %s, %s)",
                               (self.number, n, "y" * (n % 3000)))
                connection.commit()
                self.done = n
            connection.close()
        except Exception as e:  # noqa: BLE001
            self.problem = "%s: %s" % (type(e).__name__, e)


def check_copy(target, acknowledged):
    """What is wrong with the copy, or ""; `acknowledged` are the writers' numbers when it began."""
    out, status = tarn("check", "-D", target)
    if status:
        return out
    with Server(data=target) as server:
        connection = psycopg2.connect(server.dsn())
        cursor = connection.cursor()
        cursor.execute("SELECT sum(balance), count(*) FROM accounts")
        total = cursor.fetchone()
        cursor.execute("SELECT client, count(*), max(n) FROM entries GROUP BY client")
        found = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'made%' AND relkind = 'r'")
        made = [row[0] for row in cursor.fetchall()]
        for name in made:
            cursor.execute("SELECT count(*), count(DISTINCT g) FROM " + name)
            if cursor.fetchone() != (3000, 3000):
                return "table %s is not complete" % name
        connection.close()
    if total != (10000, 100):
        return "the balances are %s" % (total,)
    for client, n in acknowledged.items():
        count, high = found.get(client, (0, 0))
        if count != high or count < n:
            return "client %d has %d rows up to %d, %d acknowledged" % (client, count, high, n)
        if client == 0 and len(made) != count:
            return "%d tables made, %d entries" % (len(made), count)
    return ""


def under_load(tally, server, folder):
    writers = [Writer(i, server, i == 0) for i in range(4)]
    for w in writers:
        w.start()
    checkpoints = threading.Event()

    def checkpointer():
        while not checkpoints.wait(0.05):
            server.psql("CHECKPOINT")

    thread = threading.Thread(target=checkpointer, daemon=True)
    thread.start()
    for i in range(6):
        target = os.path.join(folder, "copy%d" % i)
        acknowledged = {w.number: w.done for w in writers}
        out, status = tarn("backup", "-p", str(server.port), target)
        tally.check("copy %d" % i, out if status else check_copy(target, acknowledged))
        shutil.rmtree(target, ignore_errors=True)
    checkpoints.set()
    thread.join()
    for w in writers:
        w.stopping = True
        w.join(30)
        tally.check("writer %d" % w.number, w.problem or ("" if w.done > 1 else "did nothing"))


def errors(tally, server, folder):
    def expect(name, got, text):
        out, status = got
        tally.check(name, "" if status == 1 and text in out else "status %d: %s" % (status, out))

    full = os.path.join(folder, "full")
    os.mkdir(full)
    open(os.path.join(full, "file"), "w").close()
    port = str(server.port)
    expect("target not empty", tarn("backup", "-p", port, full), "exists but is not empty")
    expect("no parent", tarn("backup", "-p", port, os.path.join(folder, "no/such")),
           "could not create directory")
    expect("no server", tarn("backup", "-p", "1", full), "could not connect")
    expect("directory in use", tarn("backup", "-D", server.data, os.path.join(folder, "x")),
           "held by another server")
    expect("not a store", tarn("backup", "-D", full, os.path.join(folder, "y")), "no FORMAT file")
    out, _ = server.psql("BEGIN; BACKUP TO '/nowhere'")
    tally.check("in a block", "" if "cannot run inside a transaction block" in out else out)
    out, _ = server.psql("BACKUP TO")
    tally.check("syntax", "" if "syntax error" in out else out)


def main():
    tally = Tally("backup")
    folder = tempfile.mkdtemp(prefix="tarn-backup-")
    try:
        with Server(data=os.path.join(folder, "data"), settings={"memtable_size": "1024"}) as server:
            out, status = server.psql(SETUP)
            tally.check("setup", out if status else "")
            under_load(tally, server, folder)
            errors(tally, server, folder)
        target = os.path.join(folder, "offline")
        out, status = tarn("backup", "-D", os.path.join(folder, "data"), target)
        tally.check("of a directory", out if status else check_copy(target, {}))
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
