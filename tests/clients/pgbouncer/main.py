"""PgBouncer in front, in its two usual modes, with psycopg2 behind which nothing is known of it."""
import os
import socket
import subprocess
import tempfile
import time
import urllib.parse

import psycopg2
import psycopg2.pool
from report import LOGIN, attempt, equal, finish, retried

CONFIG = """[databases]
* = host=localhost port=%(PGPORT)s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %(port)d
auth_type = %(auth)s
auth_file = %(folder)s/users
pool_mode = %(mode)s
default_pool_size = 2
max_client_conn = 100
server_reset_query = DISCARD ALL
ignore_startup_parameters = extra_float_digits
unix_socket_dir =
logfile = %(folder)s/log
server_tls_sslmode = %(tls)s
server_tls_ca_file = %(SECURE_CA)s
"""


PASSWORD = urllib.parse.unquote(urllib.parse.urlsplit(os.environ["SECURE_URL"]).password)


class Bouncer:
    def __init__(self, mode, auth="trust", tls="prefer"):
        """`auth`: how clients log in. `tls`: of the connections to the server."""
        self.folder = tempfile.mkdtemp(prefix="tarn-pgbouncer-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        with open(self.folder + "/ini", "w", encoding="utf-8") as f:
            f.write(CONFIG % {**os.environ, "port": self.port, "folder": self.folder, "mode": mode,
                              "auth": auth, "tls": tls})
        with open(self.folder + "/users", "w", encoding="utf-8") as f:
            f.write('"%s" ""\n"secure" "%s"\n' % (os.environ["PGUSER"], PASSWORD))
        command = ["pgbouncer", self.folder + "/ini"]
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "postgres", self.folder], check=True)
            command[1:1] = ["-u", "postgres"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def connect(self, **who):
        for _ in range(100):
            try:
                c = psycopg2.connect(**self.place(), **who)
                c.autocommit = True
                return c
            except psycopg2.OperationalError as e:
                if "Connection refused" not in str(e):
                    raise
                time.sleep(0.05)
        raise AssertionError(open(self.folder + "/log", encoding="utf-8").read()[-300:])

    def place(self):
        return {"host": "127.0.0.1", "port": self.port, "dbname": os.environ["PGDATABASE"]}

    def close(self):
        self.process.terminate()
        self.process.wait()
        subprocess.run(["rm", "-r", self.folder], check=False)


def refused(b, why, **who):
    try:
        b.connect(**who)
    except psycopg2.OperationalError as e:
        equal(why in str(e), True)
    else:
        raise AssertionError("let in")


def login():
    """SCRAM on both sides; TLS, with the certificate checked, to the server."""
    b = Bouncer("session", "scram-sha-256", "verify-full")
    try:
        c = b.connect(user="secure", password=PASSWORD)
        cur = c.cursor()
        cur.execute(LOGIN)
        equal(cur.fetchone(), ("secure", True))
        refused(b, "authentication failed", user="secure", password="another")
    finally:
        b.close()
    b = Bouncer("session", "scram-sha-256", "disable")
    try:
        refused(b, "rejects connection", user="secure", password=PASSWORD)
    finally:
        b.close()


def retries():
    """More transactions at once than there are connections of the server."""
    b = Bouncer("transaction")
    try:
        c = b.connect()
        c.cursor().execute("DROP TABLE IF EXISTS bounced_counter; CREATE TABLE bounced_counter AS SELECT 0 AS n")
        pool = psycopg2.pool.ThreadedConnectionPool(4, 4, **b.place())

        def add():
            mine = pool.getconn()
            try:
                mine.set_session("SERIALIZABLE")
                with mine:
                    ask(mine, "UPDATE bounced_counter SET n = %s RETURNING n", ask(mine, "SELECT n FROM bounced_counter") + 1)
            finally:
                pool.putconn(mine)

        done = retried(add, lambda e: isinstance(e, psycopg2.errors.SerializationFailure))
        equal((done, ask(c, "SELECT n FROM bounced_counter")), (20, 20))
        pool.closeall()
        c.cursor().execute("DROP TABLE bounced_counter")
    finally:
        b.close()


def ask(c, sql, *args):
    cur = c.cursor()
    cur.execute(sql, args)
    return cur.fetchone()[0]


def session_mode():
    """A server's connection is a client's until it leaves; then it is as new."""
    b = Bouncer("session")
    try:
        c = b.connect()
        pid = ask(c, "SELECT pg_backend_pid()")
        c.cursor().execute("SET work_mem = '7MB'; CREATE TEMP TABLE mine (a int); PREPARE p AS SELECT 1;"
                           "SELECT pg_advisory_lock(7); LISTEN x")
        equal(ask(c, "EXECUTE p"), 1)
        c.close()
        d = b.connect()
        equal(ask(d, "SELECT pg_backend_pid()"), pid)
        equal(ask(d, "SHOW work_mem"), "4MB")
        equal(ask(d, "SELECT to_regclass('mine')"), None)
        equal(ask(d, "SELECT count(*) FROM pg_prepared_statements"), 0)
        equal(ask(d, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), 0)
        equal(ask(d, "SELECT count(*) FROM pg_listening_channels()"), 0)
        d.close()
    finally:
        b.close()


def transaction_mode():
    """Thirty clients over two connections."""
    b = Bouncer("transaction")
    try:
        clients = [b.connect() for _ in range(30)]
        first = clients[0]
        first.cursor().execute("DROP TABLE IF EXISTS bounced; CREATE TABLE bounced (a int)")
        pids = set()
        for i, c in enumerate(clients):
            c.autocommit = False
            ask(c, "INSERT INTO bounced VALUES (%s) RETURNING a", i)
            pids.add(ask(c, "SELECT pg_backend_pid()"))
            (c.rollback if i % 3 == 0 else c.commit)()
            c.autocommit = True
        equal(len(pids) <= 2, True)
        equal(ask(first, "SELECT count(*) FROM bounced"), 20)
        equal([ask(c, "SELECT %s::int", i) for i, c in enumerate(clients)], list(range(30)))
        try:
            ask(clients[3], "SELECT 1/0")
        except psycopg2.errors.DivisionByZero:
            equal(ask(clients[3], "SELECT 5"), 5)
        first.cursor().execute("DROP TABLE bounced")
        for c in clients:
            c.close()
    finally:
        b.close()


attempt("login by SCRAM, TLS to the server", login)
attempt("retry on 40001", retries)
attempt("session pooling", session_mode)
attempt("transaction pooling", transaction_mode)
finish()
