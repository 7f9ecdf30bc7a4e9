#!/usr/bin/python3
"""DROP DATABASE while others are connected, here and on PostgreSQL 15: clients that leave are waited for, those that
stay are an error, with FORCE they are ended, if that is allowed."""
import os
import sys
import threading
import time

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally  # noqa: E402

LEAVES_AFTER_S = 0.7
SETUP = ["CREATE ROLE owner LOGIN CREATEDB", "CREATE ROLE friend LOGIN", "CREATE ROLE stranger LOGIN"]


class Client:
    """`done`: runs a statement; how it ended, as a client sees it."""

    def __init__(self, port, user="postgres", db="postgres"):
        self.connection = psycopg2.connect(host="127.0.0.1", port=port, user=user, dbname=db)
        self.connection.autocommit = True

    def done(self, sql):
        try:
            with self.connection.cursor() as cur:
                cur.execute(sql)
                return [cur.statusmessage, *self.connection.notices]
        except psycopg2.Error as e:
            return [e.pgcode, e.diag.message_primary, e.diag.message_detail, e.diag.message_hint]

    def close(self):
        self.connection.close()


def stays(port, root):
    root.done("CREATE DATABASE stays")
    inside = [Client(port, db="stays"), Client(port, db="stays")]
    start = time.monotonic()
    answers = [root.done("DROP DATABASE stays")]
    waited = 3 < time.monotonic() - start < 20
    inside.pop().close()
    answers += [root.done("SET statement_timeout = '1s'"), root.done("DROP DATABASE stays"), root.done("RESET statement_timeout")]
    answers += [root.done("DROP DATABASE stays"), inside[0].done("SELECT 1")]
    inside[0].close()
    return answers + [waited, root.done("DROP DATABASE stays")]


def leaves(port, root):
    root.done("CREATE DATABASE leaves")
    inside = Client(port, db="leaves")
    inside.done("CREATE TABLE t (a int)")
    timer = threading.Timer(LEAVES_AFTER_S, inside.close)
    timer.start()
    answer = root.done("DROP DATABASE leaves")
    timer.join()
    return answer


def forced(port, root):
    root.done("CREATE DATABASE forced")
    inside = [Client(port, db="forced") for _ in range(3)]
    return [root.done("DROP DATABASE forced WITH (FORCE)"), [c.done("SELECT 1")[0] for c in inside],
            root.done("DROP DATABASE forced WITH (FORCE)"), root.done("DROP DATABASE IF EXISTS forced (FORCE)")]


def forced_by_owner(port, root):
    """Of a database that is theirs, in which others are."""
    owner = Client(port, user="owner")
    owner.done("CREATE DATABASE owned")
    answers = []
    for user in ("friend", "postgres"):
        inside = Client(port, user=user, db="owned")
        answers += [owner.done("DROP DATABASE owned WITH (FORCE)"), inside.done("SELECT 1")]
        inside.close()
    root.done("GRANT friend TO owner")
    inside = Client(port, user="friend", db="owned")
    answers += [Client(port, user="stranger").done("DROP DATABASE owned WITH (FORCE)"),
                owner.done("DROP DATABASE owned WITH (FORCE)"), inside.done("SELECT 1")[0]]
    return answers


def run(port):
    root = Client(port)
    for sql in SETUP:
        root.done(sql)
    return {f.__name__: f(port, root) for f in (stays, leaves, forced, forced_by_owner)}


def main():
    tally = Tally("server/drop_database")
    with Postgres() as postgres, Server() as server:
        expected, found = run(postgres.port), run(server.port)
    for name, answers in expected.items():
        tally.check(name, "" if found[name] == answers else "%r is not %r" % (found[name], answers))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
