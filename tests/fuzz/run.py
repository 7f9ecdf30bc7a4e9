"""Feeds mutated logs of a real server to fuzz_wal: one test for each seed.

    run.py [--seconds N] [--minutes N] [--seed N]
"""
import argparse
import glob
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import ROOT, SANITIZERS, Server, Tally  # noqa: E402

TARGET = os.path.join(os.environ.get("TARN_BUILD", os.path.join(ROOT, "build")), "tests", "fuzz",
                      "fuzz_wal")
HEADER_BYTES = 32


def corpus(folder):
    """Beginnings of a log as segments (as they are, and mended), and payloads."""
    with Server() as server:
        server.psql("CREATE TABLE t (a int PRIMARY KEY, b text)")
        server.psql("INSERT INTO t SELECT g, repeat('x', g) FROM generate_series(1, 40) g")
        server.psql("DELETE FROM t WHERE a % 3 = 0")
        server.psql("TRUNCATE t")
        server.kill()
        name = sorted(glob.glob(os.path.join(server.data, "wal", "*.wal")))[0]
        with open(name, "rb") as f:
            log = f.read(1 << 18)
        server.start()
    for size in (100, 1000, 5000, 20000, 1 << 17):
        for kind, content in ((0, log[:size]), (1, log[:size]),
                              (2, log[HEADER_BYTES:HEADER_BYTES + size])):
            with open(os.path.join(folder, "%d-%d" % (kind, size)), "wb") as f:
                f.write(bytes([kind]) + content)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    args = parser.parse_args()
    seconds = max(args.seconds, 60 * args.minutes)
    tally = Tally("fuzz (seed %d)" % args.seed)
    folder = tempfile.mkdtemp(prefix="tarn-fuzz-")
    try:
        inputs = os.path.join(folder, "inputs")
        os.mkdir(inputs)
        corpus(inputs)
        p = subprocess.run([TARGET, inputs, str(int(seconds)), str(args.seed)], cwd=folder,
                           env=dict(os.environ, **SANITIZERS), stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        out = p.stdout.decode("utf-8", "replace")
        ran = "runs" in out
        tally.check("wal", "" if p.returncode == 0 and ran else
                    "status %d: %s" % (p.returncode, out[-2000:]))
        if tally.failed:
            print("the input is " + os.path.join(folder, "fuzz-last"))
    finally:
        if not tally.failed:
            shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
