"""Many synced tables on one server: 300, of which 20 are continuous, 20 run by a schedule and the others when asked to,
all NO WAIT, while their sources change and readers read; then all are their sources, and a stop in the middle is clean.

    many.py [--tables N] [--rounds N] [--minutes N]

With --minutes they go on so long under pgbench: no lag grows, nor does the memory.
"""
import argparse
import os
import random
import shutil
import sys
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from incremental import Run  # noqa: E402
from postgres import BIN  # noqa: E402
from tarn import Server, Tally, psql_env  # noqa: E402

import psycopg2  # noqa: E402


def mode_of(i):
    return "CONTINUOUS" if i < 20 else "TRIGGERED EVERY '200 ms'" if i < 40 else ["TRIGGERED", "SNAPSHOT"][i % 2]


def read(server, tables, stop, problems):
    """A table's rows are those of one version: their values are all the same."""
    connection = psycopg2.connect(server.dsn())
    connection.autocommit = True
    cursor = connection.cursor()
    rng = random.Random(1)
    while not stop.is_set():
        try:
            cursor.execute("SELECT count(DISTINCT n), count(*) FROM m%d" % rng.randrange(tables))
            row = cursor.fetchone()
            if row[0] != 1 or row[1] != 20:
                problems.append(row)
        except psycopg2.errors.ObjectNotInPrerequisiteState:
            pass  # not loaded yet
    connection.close()


def content(i, value):
    return [(k, "table %d" % i, value) for k in range(20)]


MOST_LAG_S = 30
CLIENTS, RATE = 4, 100


def own_memory_mb(server):
    """Without the pages of the data file, which are mapped."""
    with open("/proc/%d/status" % server.process.pid) as f:
        return int(f.read().split("RssAnon:")[1].split()[0]) // 1024


def pgbench(server, *args):
    return subprocess.Popen([BIN + "/pgbench", "-n", *args], env=psql_env("127.0.0.1", server.port, "postgres"),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def go_on(r, histories, minutes):
    """Each continuous table changes every few seconds, others are refreshed one after another."""
    initial = pgbench(r.server, "-i", "-q", "-s", "2")
    initial.communicate()
    r.check("pgbench -i", initial.returncode, 0)
    load = pgbench(r.server, "-c", str(CLIENTS), "-R", str(RATE), "-T", str(int(minutes * 60)))
    rng, lags, memory, value = random.Random(5), [], [], 1000
    end = time.monotonic() + minutes * 60
    next_look = time.monotonic()
    while time.monotonic() < end:
        value += 1
        changed = rng.sample(range(20), 4) + [rng.randrange(20, len(histories))]
        for i in changed:
            histories[i].overwrite(content(i, value))
            if i >= 40:
                r.sql("REFRESH SYNCED TABLE m%d NO WAIT" % i)
        begin = time.monotonic()
        for i in changed[:4]:
            r.sql("WAIT FOR SYNCED TABLE m%d VERSION %d TIMEOUT '%d s'" % (i, histories[i].version, MOST_LAG_S))
        lags.append(time.monotonic() - begin)
        time.sleep(1)
        if time.monotonic() >= next_look:
            next_look += 5
            memory.append(own_memory_mb(r.server))
    problem = load.communicate()[1]
    r.check("pgbench", (load.returncode, problem[-300:] if load.returncode else b""), (0, b""))
    middle = max(memory[len(memory) // 3:2 * len(memory) // 3])
    print("most lag of %d rounds %.1f s; memory %d MB at first, at most %d in the middle, %d at the end" % (
        len(lags), max(lags), memory[0], middle, memory[-1]))
    r.check("memory does not grow", memory[-1] <= middle * 1.15 + 16, True)
    for i, h in enumerate(histories):
        r.sql("WAIT FOR SYNCED TABLE m%d VERSION %d TIMEOUT '60s'" % (i, h.version))
        r.check("table %d after it" % i, sorted(r.sql("SELECT * FROM m%d" % i)), sorted(h.states[h.version].values()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0)
    args = parser.parse_args()
    tally = Tally("many")
    folder = tempfile.mkdtemp(prefix="tarn-many-")
    stop, problems = threading.Event(), []
    try:
        with Server() as server:
            r = Run(server, folder, tally, 0)
            histories = []
            for i in range(args.tables):
                h = r.history("m%d" % i, feed=i % 2 == 0, vectors=i % 3 == 0)
                h.append(content(i, 0))
                histories.append(h)
                r.sql("CREATE SYNCED TABLE m%d FROM DELTA '%s' PRIMARY KEY (id) MODE %s NO WAIT"
                      % (i, h.folder, mode_of(i)))
            reader = threading.Thread(target=read, args=(server, args.tables, stop, problems))
            reader.start()
            for value in range(1, args.rounds + 1):
                for i, h in enumerate(histories):
                    h.overwrite(content(i, value))
                    if i >= 40:
                        r.sql("REFRESH SYNCED TABLE m%d NO WAIT" % i)
            for i, h in enumerate(histories):
                r.sql("WAIT FOR SYNCED TABLE m%d VERSION %d TIMEOUT '60s'" % (i, h.version))
                r.check("table %d" % i, sorted(r.sql("SELECT * FROM m%d" % i)), content(i, args.rounds))
            if args.minutes:
                go_on(r, histories, args.minutes)
            stop.set()
            reader.join()
            r.check("readers saw whole versions", problems, [])
            r.check("none failed", r.sql("SELECT count(*) FROM tarn.synced_tables WHERE consecutive_failures > 0 OR "
                                         "lag_versions > 0"), [(0,)])
            for i, h in enumerate(histories):
                h.overwrite(content(i, -1))
                if i >= 40:
                    r.sql("REFRESH SYNCED TABLE m%d NO WAIT" % i)
            r.restart()
            for i, h in enumerate(histories[:40]):
                r.sql("WAIT FOR SYNCED TABLE m%d VERSION %d TIMEOUT '60s'" % (i, h.version))
            r.check("after kill -9", r.sql("SELECT count(*) FROM tarn.synced_tables WHERE applied_version IS NULL"), [(0,)])
            r.connection.close()
            server.stop()
    except psycopg2.Error as e:
        tally.check("server", "%s %s" % (e.pgcode, e))
    finally:
        stop.set()
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
