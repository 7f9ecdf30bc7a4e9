"""The 22 TPC-H queries give PostgreSQL's rows, before and after ANALYZE and with little memory: many
plans for the same questions.

    tpch.py [--scale 0.01]"""
import argparse
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "bench"))
import tpch_data  # noqa: E402
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402


def connect(server):
    connection = psycopg2.connect(host="127.0.0.1", port=server.port, user="postgres",
                                  dbname="postgres")
    connection.autocommit = True
    return connection


def rows(cur, text):
    cur.execute(text)
    return cur.fetchall()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=0.01)
    args = parser.parse_args()
    tally = Tally("server/tpch")
    queries = tpch_data.queries()
    with tempfile.TemporaryDirectory() as folder, Postgres({}) as pg, Server() as tarn:
        paths = tpch_data.write(folder, args.scale)
        theirs, ours = connect(pg).cursor(), connect(tarn).cursor()
        for cur in (theirs, ours):
            tpch_data.load(cur, paths)
        expected = {n: rows(theirs, text) for n, text in queries.items()}
        for analyzed in (False, True):
            if analyzed:
                ours.execute("ANALYZE")
            for work_mem in ("64kB", "64MB"):
                ours.execute("SET work_mem = '%s'" % work_mem)
                for n, text in queries.items():
                    got = rows(ours, text)
                    problem = "%d rows, %d expected" % (len(got), len(expected[n]))
                    tally.check("Q%d, work_mem %s%s" % (n, work_mem, ", analyzed" if analyzed else ""),
                                "" if got == expected[n] else problem)
        found = sum(bool(r) for r in expected.values())
        tally.check("most queries find rows", "" if found >= 18 else "only %d do" % found)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
