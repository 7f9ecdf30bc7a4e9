#!/usr/bin/python3
"""Sequences beside each other and over kill -9: no number that an acknowledged transaction took comes
again. (What an unfinished one took may: its log need not have been written.)"""
import os
import sys
import threading

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import Server, Tally  # noqa: E402

ROUNDS = 4
SESSIONS = 6


class Taker(threading.Thread):
    """Takes numbers, in transactions that end one way or the other, until the server is gone."""

    def __init__(self, server, number):
        super().__init__()
        self.connection = psycopg2.connect(server.dsn())
        self.connection.autocommit = number % 2 == 0
        self.number, self.plain, self.cached, self.ids, self.stopping = number, [], [], [], False
        self.killed, self.error = False, None

    def run(self):
        cur = self.connection.cursor()
        turn, taken = 0, []
        try:
            while not self.stopping:
                turn += 1
                cur.execute("SELECT nextval('plain'), nextval('cached')")
                a, b = cur.fetchone()
                cur.execute("INSERT INTO t (v) VALUES (%s) RETURNING id", (turn,))
                taken.append((a, b, cur.fetchone()[0]))
                if self.number % 2 and turn % 3 == 0:
                    self.connection.rollback()
                    taken = []
                    continue
                if self.number % 2 and turn % 3 == 1:
                    continue
                if self.number % 2:
                    self.connection.commit()
                for a, b, c in taken:
                    self.plain.append(a)
                    self.cached.append(b)
                    self.ids.append(c)
                taken = []
        except psycopg2.Error as e:
            if not self.killed:
                self.error = e


def alters(server, stop):
    """New definitions beside them: RESTART further on, another increment."""
    try:
        c = psycopg2.connect(server.dsn())
        c.autocommit = True
        cur = c.cursor()
        increment = 1
        while not stop.is_set():
            increment = increment % 3 + 1
            cur.execute("ALTER SEQUENCE plain INCREMENT %d" % increment)
            stop.wait(0.02)
    except psycopg2.Error:
        pass


def a_round(server, seen, tally, n):
    takers = [Taker(server, i) for i in range(SESSIONS)]
    stop = threading.Event()
    alterer = threading.Thread(target=alters, args=(server, stop))
    for t in takers + [alterer]:
        t.start()
    while min(len(t.ids) for t in takers) < 60 and all(t.is_alive() for t in takers):
        stop.wait(0.01)
    for t in takers:
        t.killed = True
    server.kill()
    stop.set()
    for t in takers + [alterer]:
        t.join()
    errors = [str(t.error) for t in takers if t.error]
    tally.check("round %d: no error" % n, "; ".join(errors))
    for name, lists in (("plain", [t.plain for t in takers]), ("cached", [t.cached for t in takers]),
                        ("identity", [t.ids for t in takers])):
        given = [x for part in lists for x in part]
        twice = len(given) - len(set(given)) + len(seen[name] & set(given))
        tally.check("round %d: %s" % (n, name), "%d numbers came twice" % twice if twice else "")
        seen[name] |= set(given)
    server.start()


def main():
    tally = Tally("sequences")
    seen = {"plain": set(), "cached": set(), "identity": set()}
    with Server() as server:
        c = psycopg2.connect(server.dsn())
        c.autocommit = True
        cur = c.cursor()
        cur.execute("CREATE SEQUENCE plain")
        cur.execute("CREATE SEQUENCE cached CACHE 20")
        cur.execute("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int)")
        c.close()
        for n in range(ROUNDS):
            a_round(server, seen, tally, n)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
