"""Cuts the power, in effect: clients work on a server whose disk operations are recorded (disk.c);
from the record come the disks that a cut at random moments could have left (simdisk.py); a server is
started on each, and everything that was acknowledged before the cut must be there, and nothing half.

    powerloss.py [--minutes N] [--seed N] [--cuts N]

Servers in which one kind of sync does nothing must be found out: that is tested too, so a harness
that sees nothing fails. TARN names the binary. One test a disk.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from simdisk import Control, SimServer, Volume, cuts, fresh_folder
from tarn import BINARY, Server, ServerError, Tally
from workload import Workload, followed

import psycopg2

SETTINGS = {"memtable_size": "1024", "max_wal_size": "32"}

def check_image(image, work, position):
    """Starts a server on the disk; what is wrong there, or ""."""
    server = Server(data=image, settings=SETTINGS, start=False, timeout_s=30)
    try:
        server.start()
        out, status = server.psql("SELECT 1")
        if status or out != "1\n":
            return "SELECT 1: " + out
        if position >= work.ready:
            problem = work.check(server.dsn(), position)
            if problem:
                return problem
        if server.stop() != 0:
            return "the server does not stop cleanly: " + server.log()[-1000:]
    except (ServerError, psycopg2.Error) as e:
        return "%s: %s" % (type(e).__name__, e)
    finally:
        server.kill()
    check = subprocess.run([BINARY, "check", "-D", image], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    return "" if check.returncode == 0 else check.stdout.decode("utf-8", "replace")[-2000:]


class Round:
    """Records one run of the server on `data`, then checks disks of `count` cuts. The last disk
    that is right stays in `image`."""

    def __init__(self, folder, rng, tables=(), forget=""):
        self.folder = folder
        self.rng = rng
        self.tables = tables
        self.forget = forget
        self.image = None

    def record(self, data, seconds):
        volume = Volume.load(data) if os.path.isdir(data) else Volume()
        control = Control(os.path.join(self.folder, "control"))
        log = os.path.join(self.folder, "record")
        if os.path.exists(log):
            os.unlink(log)
        server = SimServer(data, control, record=log, forget=self.forget, settings=SETTINGS)
        try:
            work = Workload(server.dsn(), control.seq, self.rng, self.tables)
            work.start()
            time.sleep(seconds)
        finally:
            server.kill()
        problem = work.join()
        if problem:
            raise ServerError(problem)
        end = control.seq()
        control.close()
        return volume, log, work, end

    def run(self, data, seconds, count):
        """Yields (position, problem) for each cut."""
        volume, log, work, end = self.record(data, seconds)
        early = [self.rng.randrange(1, work.ready + 1) for _ in range(count // 5)]
        late = [self.rng.randrange(work.ready, end + 1) for _ in range(count - len(early))]
        for position in cuts(log, volume, sorted(early + late)):
            image = fresh_folder(os.path.join(self.folder, "image"))
            volume.after_cut(self.rng, image)
            problem = check_image(image, work, position)
            if not problem:
                kept = os.path.join(self.folder, "kept")
                shutil.rmtree(kept, ignore_errors=True)
                os.rename(image, kept)
                self.image = kept
            yield position, problem


def run_rounds(tally, rng, folder, deadline, rounds, count):
    """Each round goes on with the last disk of the one before."""
    data = os.path.join(folder, "data")
    number, tables = 0, ()
    while number < rounds or time.monotonic() < deadline:
        if not os.path.isdir(data):
            lake = fresh_folder(os.path.join(folder, "lake"))
            tables = followed(lake, rng)
        r = Round(folder, rng, tables)
        for position, problem in r.run(data, rng.uniform(2, 4), count):
            tally.check("round %d, cut at %d" % (number, position), problem)
        shutil.rmtree(data)
        if r.image and number % 4 != 3:
            os.rename(r.image, data)
        number += 1


def run_forgetful(tally, rng, folder, forget):
    """A server that leaves out a sync: some disk must show it."""
    seen = 0
    for attempt in range(4):
        data = os.path.join(folder, "forgetful")
        shutil.rmtree(data, ignore_errors=True)
        for _, problem in Round(folder, rng, forget=forget).run(data, 2, 5):
            seen += bool(problem)
            if problem:
                tally.check("without syncs of %s: seen (%s)" % (forget, problem.split("\n")[0][:80]))
                return
    tally.check("without syncs of %s" % forget, "no disk shows the loss")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--cuts", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    args = parser.parse_args()
    rng = random.Random(args.seed)
    tally = Tally("powerloss (seed %d)" % args.seed)
    folder = tempfile.mkdtemp(prefix="tarn-power-")
    try:
        for forget in ("wal", "data", "dir"):
            run_forgetful(tally, rng, folder, forget)
        run_rounds(tally, rng, folder, time.monotonic() + 60 * args.minutes, 2, args.cuts)
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    finally:
        if tally.failed == 0:
            shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
