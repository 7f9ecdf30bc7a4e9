"""Many synced tables on one server: 300, of which 20 are continuous, 20 run by a schedule and the others when asked to,
all NO WAIT, while their sources change and readers read; then all are their sources, and a stop in the middle is clean.

    many.py [--tables N] [--rounds N]
"""
import argparse
import os
import random
import shutil
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from incremental import Run  # noqa: E402
from tarn import Server, Tally  # noqa: E402

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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
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
