"""A snapshot that is held for long while others write: it stays as it was, memory stays bounded, and the
space that it kept in the data file is used again when it is gone."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import BINARY, Server, ServerError, Tally  # noqa: E402

import psycopg2  # noqa: E402

MEMTABLE = 2 << 20
ROWS = 10000
ROUNDS = 24  # of about 4 MB each
QUERY = "SELECT count(*), sum(length(b)), min(b), max(b) FROM t"


def anonymous_bytes(server):
    with open("/proc/%d/status" % server.process.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon")) * 1024


def file_bytes(server):
    return os.path.getsize(os.path.join(server.data, "data", "data.mdb"))


def write(server, cursor, rounds):
    """The most memory and the file's size in the end."""
    most = 0
    for i in range(rounds):
        cursor.execute("UPDATE t SET b = repeat(%s, 150) WHERE a %% 4 = %s",
                       (chr(ord("a") + i % 26), i % 4))
        cursor.connection.commit()
        most = max(most, anonymous_bytes(server))
    return most, file_bytes(server)


def run(tally, server):
    out, status = server.psql("CREATE TABLE t (a int PRIMARY KEY, b text)")
    tally.check("setup", out if status else "")
    server.psql("INSERT INTO t SELECT g, repeat('-', 100) FROM generate_series(1, %d) g" % ROWS)
    server.psql("CHECKPOINT")
    writer = psycopg2.connect(server.dsn()).cursor()
    write(server, writer, 4)
    before = anonymous_bytes(server)
    holders = []
    for _ in range(3):
        holder = psycopg2.connect(server.dsn())
        holder.set_session(isolation_level="REPEATABLE READ")
        cursor = holder.cursor()
        cursor.execute(QUERY)
        holders.append((cursor, cursor.fetchone()))
        write(server, writer, 1)
    most, held = write(server, writer, ROUNDS)
    # Each snapshot keeps the tables of its moment; the writers fill theirs. Slack for the rest.
    bound = before + (len(holders) + 1) * 4 * MEMTABLE + (32 << 20)
    if "asan" in BINARY:
        tally.skip("memory", "the sanitizer keeps freed memory")
    else:
        tally.check("memory", "" if most <= bound else "%d MB, not more than %d expected" % (
            most >> 20, bound >> 20))
    for cursor, first in holders:
        cursor.execute(QUERY)
        tally.check("the snapshot", "" if cursor.fetchone() == first else "it has changed")
        cursor.connection.close()
    server.psql("CHECKPOINT")
    _, once = write(server, writer, ROUNDS)
    server.psql("CHECKPOINT")
    _, after = write(server, writer, ROUNDS)
    grown = "%d MB with snapshots, then %d, then %d" % (held >> 20, once >> 20, after >> 20)
    tally.check("space is used again", "" if after <= held + (held >> 3) else grown)
    print(grown)


def main():
    tally = Tally("long_snapshot")
    try:
        with Server(settings={"memtable_size": str(MEMTABLE >> 10)}) as server:
            run(tally, server)
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
