#!/usr/bin/python3
"""Connections over the Unix-domain socket; its file and lock over crashes and with two servers."""
import os
import subprocess
import sys
import tempfile

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import Server, Tally  # noqa: E402


def check(tally, name, true, shown="it is not so"):
    tally.check(name, "" if true else shown)


def connect(server):
    return psycopg2.connect(host=server.socket_dir, port=server.port, user="postgres",
                            dbname="postgres", connect_timeout=10)


def row(server, sql):
    with connect(server) as connection, connection.cursor() as cur:
        cur.execute(sql)
        return cur.fetchone()


def paths(server):
    path = os.path.join(server.socket_dir, ".s.PGSQL.%d" % server.port)
    return path, path + ".lock"


def sessions(s, tally):
    check(tally, "a query", row(s, "SELECT 40 + 2") == (42,))
    check(tally, "no address", row(
        s, "SELECT client_addr, client_port FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        == (None, -1))
    big = "x" * 3000000
    with connect(s) as connection, connection.cursor() as cur:
        cur.execute("SELECT %s || 'y'", (big,))
        check(tally, "more than a buffer, both ways", cur.fetchone()[0] == big + "y")
    with connect(s) as one, connect(s) as two:
        two.autocommit = True
        with one.cursor() as a, two.cursor() as b:
            b.execute("SELECT pg_cancel_backend(%s)" % one.get_backend_pid())
            one.cancel()
            a.execute("SELECT 1")
            check(tally, "the session lives after a late cancel", a.fetchone() == (1,))
    with open(paths(s)[1]) as f:
        check(tally, "the lock names the server", int(f.readline()) == s.process.pid)


def second_server(s, tally):
    with tempfile.TemporaryDirectory() as d:
        p = subprocess.run([s.binary, "serve", "-D", d + "/data", "-p", str(s.port), "--listen", "::1",
                            "-c", "unix_socket_directories=" + s.socket_dir],
                           stderr=subprocess.PIPE, timeout=30)
        text = p.stderr.decode()
        check(tally, "a second server is refused", p.returncode == 1 and "already exists" in text and
                    "PID %d" % s.process.pid in text, text)
        p = subprocess.run([s.binary, "serve", "-D", d + "/data", "-p", "0",
                            "-c", "unix_socket_directories=" + d + "/" + "long" * 30],
                           stderr=subprocess.PIPE, timeout=30)
        text = p.stderr.decode()
        check(tally, "a long path is told", p.returncode == 1 and "is too long" in text, text)
    check(tally, "the first one serves on", row(s, "SELECT 1") == (1,))


def main():
    tally = Tally("server/unix_socket")
    with Server() as s:
        sessions(s, tally)
        second_server(s, tally)
        s.kill()
        check(tally, "kill -9 leaves files", all(os.path.exists(p) for p in paths(s)))
        s.start()
        check(tally, "the next start takes them over", row(s, "SELECT 2") == (2,))
        s.stop()
        check(tally, "a clean stop removes them", not any(os.path.exists(p) for p in paths(s)))
        s.start()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
