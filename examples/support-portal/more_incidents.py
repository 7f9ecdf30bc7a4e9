"""Commits some more incidents to the Delta table, as a model's next batch would.

    more_incidents.py FOLDER [--rows 20]
"""
import argparse
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "demo"))
sys.dont_write_bytecode = True
import make_incidents as demo  # noqa: E402


def commit(folder, rows):
    """The ids of the incidents of a new version."""
    log = os.path.join(folder, "_delta_log")
    version = 1 + max(int(name.split(".")[0]) for name in os.listdir(log) if name.endswith(".json"))
    rng = random.Random(version)
    first = 1000000 + version * 1000
    now = int(time.time() * 1000)
    made = [demo.make_row(first + i, rng) for i in range(rows)]
    demo.write_commit(folder, version, [demo.commit_info("WRITE", now), demo.add_action(folder, made, rng, now)])
    return [row["incident_id"] for row in made]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rows", type=int, default=20)
    args = parser.parse_args()
    print("%d incidents from %s on" % (args.rows, commit(args.folder, args.rows)[0]))
