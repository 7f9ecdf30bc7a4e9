#!/usr/bin/python3
"""A serializability checker. Sessions append numbers to lists and read them in random transactions;
since a list shows the order of its appends, every dependency between transactions is known:

    ww  appended right after the other's element        wr  read the other's element
    rw  read a list before the other's element          so  came before in the same session

At SERIALIZABLE there may be no cycle at all, at REPEATABLE READ (snapshot isolation) none with fewer
than two rw edges. Nobody may ever see what was rolled back, or miss their own appends.

    tests/isolation/histories.py [--transactions N | --minutes N] [--seed N]
"""
import argparse
import collections
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
import psycopg2  # noqa: E402
from tarn import Server, ServerError, Tally  # noqa: E402

KEYS = 6
SESSIONS = 6
MODES = ["READ WRITE"] * 5 + ["READ ONLY"] * 2 + ["READ ONLY DEFERRABLE"]
RETRYABLE = {"40001", "40P01", "23505"}


class Txn:
    """`reads`: (key, list, own appends to it so far); `appends`: (key, element)."""

    def __init__(self, session, reads=(), appends=()):
        self.session = session
        self.reads = list(reads)
        self.appends = list(appends)


# ---- checking ----

def elements(text):
    return [int(x) for x in text.split(",") if x] if text else []


def version_orders(committed, final):
    """The order of each list's elements, and what is wrong with the reads."""
    problems = []
    for t in committed:
        for key, seen, own in t.reads:
            others = seen[:len(seen) - len(own)] if own else seen
            if own and seen[len(others):] != own:
                problems.append("own appends %s are missing in %s" % (own, seen))
            elif others != final[key][:len(others)]:
                problems.append("list %d was read as %s but is %s" % (key, seen, final[key]))
    return problems


def edges_of(committed, final):
    """{(from, to): set of kinds} by position of the transactions."""
    writer = {e: i for i, t in enumerate(committed) for _, e in t.appends}
    edges = collections.defaultdict(set)

    def add(a, b, kind):
        if a is not None and b is not None and a != b:
            edges[a, b].add(kind)

    for order in final.values():
        for before, after in zip(order, order[1:]):
            add(writer.get(before), writer.get(after), "ww")
    for i, t in enumerate(committed):
        for key, seen, own in t.reads:
            n = len(seen) - len(own)
            order = final[key]
            if n:
                add(writer.get(order[n - 1]), i, "wr")
            if n < len(order):
                add(i, writer.get(order[n]), "rw")
    last = {}
    for i, t in enumerate(committed):
        if t.session in last:
            add(last[t.session], i, "so")
        last[t.session] = i
    return edges


def components(n, edges):
    """Strongly connected components (Tarjan, without recursion)."""
    out = collections.defaultdict(list)
    for a, b in edges:
        out[a].append(b)
    index, low, on, stack, found = {}, {}, set(), [], []
    for root in range(n):
        if root in index:
            continue
        work = [(root, iter(out[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            v, it = work[-1]
            for w in it:
                if w not in index:
                    index[w] = low[w] = len(index)
                    stack.append(w)
                    on.add(w)
                    work.append((w, iter(out[w])))
                    break
                if w in on:
                    low[v] = min(low[v], index[w])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[v])
                if low[v] == index[v]:
                    group = []
                    while not group or group[-1] != v:
                        group.append(stack.pop())
                        on.discard(group[-1])
                    found.append(group)
    return found


def reaches(start, goal, edges):
    out = collections.defaultdict(list)
    for a, b in edges:
        out[a].append(b)
    seen, todo = {start}, [start]
    while todo:
        v = todo.pop()
        if v == goal:
            return True
        for w in out[v]:
            if w not in seen:
                seen.add(w)
                todo.append(w)
    return False


def check(committed, final, level):
    """What is wrong with a history, as texts."""
    problems = version_orders(committed, final)
    done = {e for t in committed for _, e in t.appends}
    for key, order in final.items():
        problems += ["element %d of list %d was never committed" % (e, key) for e in order
                     if e not in done]
    present = {e for order in final.values() for e in order}
    problems += ["committed element %d is lost" % e for e in done - present]
    if problems:
        return problems
    edges = edges_of(committed, final)
    hard = {e for e, kinds in edges.items() if kinds - {"rw"}}
    for group in components(len(committed), edges):
        if len(group) == 1:
            continue
        members = set(group)
        if level == "SERIALIZABLE":
            problems.append("a cycle of %d transactions" % len(group))
            continue
        inside = {(a, b) for a, b in hard if a in members and b in members}
        if any(len(g) > 1 for g in components(len(committed), inside)):
            problems.append("a cycle without rw edges")
        for (a, b), kinds in edges.items():
            if "rw" in kinds and a in members and b in members and reaches(b, a, inside):
                problems.append("a cycle with one rw edge: transactions %d and %d" % (a, b))
                break
    return problems


# ---- making histories ----

class Worker(threading.Thread):
    def __init__(self, dsn, session, level, count, seed, elements_from):
        super().__init__()
        self.dsn, self.session, self.level, self.count = dsn, session, level, count
        self.random = random.Random(seed)
        self.element = elements_from
        self.committed, self.refused, self.error = [], 0, None

    def run(self):
        try:
            connection = psycopg2.connect(self.dsn)
            connection.autocommit = True
            with connection.cursor() as c:
                for _ in range(self.count):
                    self.transaction(c)
            connection.close()
        except Exception as e:  # noqa: BLE001 - reported as a failure
            self.error = e

    def transaction(self, c):
        t = Txn(self.session)
        try:
            mode = self.random.choice(MODES)
            c.execute("BEGIN ISOLATION LEVEL %s %s" % (self.level, mode))
            for _ in range(self.random.randint(1, 4)):
                self.operation(c, t, reads_only="READ ONLY" in mode)
            c.execute("COMMIT")
        except psycopg2.Error as e:
            c.execute("ROLLBACK")
            if e.pgcode not in RETRYABLE:
                raise
            self.refused += 1
            return
        self.committed.append(t)

    def own(self, t, key):
        return [e for k, e in t.appends if k == key]

    def operation(self, c, t, reads_only):
        key = self.random.randrange(KEYS)
        pick = self.random.random() * (0.55 if reads_only else 1)
        if pick < 0.4:
            c.execute("SELECT v FROM lists WHERE k = %d" % key)
            row = c.fetchone()
            t.reads.append((key, elements(row[0] if row else ""), self.own(t, key)))
        elif pick < 0.55:  # a range: also keys that are not there
            c.execute("SELECT k, v FROM lists WHERE k >= %d ORDER BY k" % key)
            found = dict(c.fetchall())
            for k in range(key, KEYS):
                t.reads.append((k, elements(found.get(k, "")), self.own(t, k)))
        else:
            self.element += SESSIONS
            c.execute("INSERT INTO lists VALUES (%d, '%d') ON CONFLICT (k) DO UPDATE "
                      "SET v = lists.v || ',' || excluded.v" % (key, self.element))
            t.appends.append((key, self.element))


def history(dsn, level, count, seed):
    control = psycopg2.connect(dsn)
    control.autocommit = True
    with control.cursor() as c:
        c.execute("DROP TABLE IF EXISTS lists")
        c.execute("CREATE TABLE lists (k int PRIMARY KEY, v text)")
        workers = [Worker(dsn, i, level, count // SESSIONS, seed * 100 + i, i) for i in range(SESSIONS)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        c.execute("SELECT k, v FROM lists")
        final = {k: [] for k in range(KEYS)}
        final.update((k, elements(v)) for k, v in c.fetchall())
    control.close()
    for w in workers:
        if w.error:
            raise w.error
    return [t for w in workers for t in w.committed], final, sum(w.refused for w in workers)


# ---- the checker checked ----

def self_test(tally):
    """Known anomalies must be found, and an honest history passes."""
    skew = [Txn(0, [(0, [], []), (1, [], [])], [(0, 1)]), Txn(1, [(0, [], []), (1, [], [])], [(1, 2)])]
    lost = [Txn(0, [(0, [], [])], [(0, 1)]), Txn(1, [(0, [], [])], [(0, 2)])]
    fine = [Txn(0, [(0, [], [])], [(0, 1)]), Txn(1, [(0, [1], [])], [(0, 2)])]
    torn = [Txn(0, [], [(0, 1), (1, 2)]), Txn(1, [(0, [1], []), (1, [], [])])]
    cases = [("write skew", skew, {0: [1], 1: [2]}, True, False),
             ("lost update", lost, {0: [1, 2]}, True, True),
             ("half a transaction", torn, {0: [1], 1: [2]}, True, True),
             ("serial", fine, {0: [1, 2]}, False, False),
             ("aborted read", [Txn(0, [(0, [9], [])])], {0: []}, True, True),
             ("lost append", [Txn(0, [], [(0, 1)])], {0: []}, True, True)]
    for name, committed, final, serializable_bad, snapshot_bad in cases:
        for level, bad in (("SERIALIZABLE", serializable_bad), ("REPEATABLE READ", snapshot_bad)):
            found = bool(check(committed, final, level))
            tally.check("checker: %s at %s" % (name, level),
                        "" if found == bad else "found" if found else "not found")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--transactions", type=int, default=1200)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tally = Tally("histories")
    self_test(tally)
    end = time.monotonic() + args.minutes * 60 if args.minutes else 0
    seed = args.seed
    try:
        with Server(settings={"deadlock_timeout": "20ms"}) as server:
            while seed == args.seed or time.monotonic() < end:
                for level in ("SERIALIZABLE", "REPEATABLE READ"):
                    committed, final, refused = history(server.dsn(), level, args.transactions, seed)
                    problems = check(committed, final, level)
                    if not committed or not refused:
                        problems.append("%d committed, %d refused: nothing was tested" % (
                            len(committed), refused))
                    print("%s, seed %d: %d committed, %d refused" % (level, seed, len(committed), refused))
                    tally.check("%s seed %d" % (level, seed), "; ".join(problems[:5]))
                seed += 1
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
