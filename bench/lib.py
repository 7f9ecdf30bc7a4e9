"""Shared by the benchmarks: both servers with the same durability, pgbench's figures, CPU time."""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
sys.dont_write_bytecode = True
from postgres import BIN, Postgres  # noqa: E402
from tarn import Server, psql_env  # noqa: E402

PG_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "1GB",
               "max_wal_size": "4GB", "autovacuum": "on", "max_connections": 200}


over_unix_sockets = False


def host(server):
    """What libpq takes as the host: an address, or the folder of the Unix-domain socket."""
    if not over_unix_sockets:
        return "127.0.0.1"
    return server.dir if isinstance(server, Postgres) else server.socket_dir


class Failed(Exception):
    pass


def pgbench(server, *args, options=""):
    """pgbench's report; with `-l` in args, (report, sorted latencies in ms). `options`: PGOPTIONS."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(psql_env(host(server), server.port, "postgres"), PGOPTIONS=options)
        p = subprocess.run([BIN + "/pgbench", *args], cwd=folder, env=env,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        text = p.stdout.decode("utf-8", "replace")
        if p.returncode:
            raise Failed(text[-2000:])
        if "-l" not in args:
            return text
        latencies = []
        for path in glob.glob(os.path.join(folder, "pgbench_log.*")):
            with open(path, encoding="ascii") as f:
                latencies += [int(line.split(" ", 3)[2]) / 1000 for line in f]
        return text, sorted(latencies)


def tps(report):
    return float(re.search(r"^tps = ([\d.]+)", report, re.M).group(1))


def psql(server, *commands):
    """Output of psql; commands are -c arguments or lists of options."""
    args = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"]
    for c in commands:
        args += ["-c", c] if isinstance(c, str) else c
    p = subprocess.run(args, env=psql_env(host(server), server.port, "postgres"),
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = p.stdout.decode("utf-8", "replace")
    if p.returncode:
        raise Failed(text[-2000:])
    return text.strip()


def cpu_seconds(server):
    """User and system time of the server and the children that it has waited for or still has."""
    ticks = os.sysconf("SC_CLK_TCK")
    pids = [server.process.pid]
    out = subprocess.run(["pgrep", "-P", str(server.process.pid)], stdout=subprocess.PIPE)
    pids += [int(x) for x in out.stdout.split()]
    total = 0
    for i, pid in enumerate(pids):
        try:
            fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
        if i == 0:
            total += int(fields[13]) + int(fields[14])
    return total / ticks
