"""Work on many rows with a small work_mem: memory stays bounded, results are right, and temporary files are
gone whatever ends the work: its end, an error, a cancel, the client, kill -9."""
import os
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import BINARY, Server, ServerError, Tally  # noqa: E402
from watch import Watch  # noqa: E402

import psycopg2  # noqa: E402

ASAN = "asan" in BINARY
ROWS = 100000 if ASAN else 500000
WORK_MEM_KB = 2048
BOUND = 48 << 20  # above what the idle server has: several nodes, buffers, what malloc keeps
N = ROWS
ALL = N * (N + 1) // 2


def anonymous_bytes(server):
    with open("/proc/%d/status" % server.process.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon")) * 1024


def temp_files(server):
    """Open temporary files, and names in tmp/."""
    folder = "/proc/%d/fd" % server.process.pid
    tmp = os.path.join(server.data, "tmp")
    found = os.listdir(tmp)
    for name in os.listdir(folder):
        try:
            target = os.readlink(os.path.join(folder, name))
        except OSError:
            continue
        if target.startswith(tmp + "/"):
            found.append(target)
    return found


# name, query, its row
QUERIES = (
    ("sort", "SELECT count(*), sum(n), min(k) FROM (SELECT n, k FROM t ORDER BY k, b OFFSET 1) s",
     (N - 1, ALL - N, 1)),
    ("top of a sort", "SELECT count(*), min(k), max(k) FROM (SELECT k FROM t ORDER BY k DESC, b LIMIT 1000) s",
     (1000, N - 1000, N - 1)),
    ("hash join", "SELECT count(*), sum(a.n), sum(b.n) FROM t a JOIN u b ON a.n = b.k", (N, ALL, ALL)),
    ("left join", "SELECT count(*), count(b.n) FROM t a LEFT JOIN u b ON a.n = b.k + %d" % (N // 2),
     (N, N - N // 2)),
    ("full join", "SELECT count(*), count(a.n), count(b.n) FROM t a FULL JOIN u b ON a.n = b.k + %d" % (N // 2),
     (N + N // 2, N, N)),
    ("aggregation", "SELECT count(*), sum(c), sum(s) FROM (SELECT k, count(*) AS c, sum(n) AS s FROM t GROUP BY k) g",
     (N, N, ALL)),
    ("count(DISTINCT)", "SELECT count(DISTINCT k), count(DISTINCT b) FROM t", (N, N)),
    ("distinct", "SELECT count(*), sum(k) FROM (SELECT DISTINCT k, b FROM t) d", (N, ALL - N)),
    ("distinct on", "SELECT count(*), sum(n) FROM (SELECT DISTINCT ON (b) n FROM t ORDER BY b, n) d", (N, ALL)),
    ("union", "SELECT count(*), sum(x) FROM (SELECT n AS x FROM t UNION SELECT k FROM u) d", (N, ALL)),
    ("except", "SELECT count(*) FROM (SELECT n FROM t EXCEPT SELECT k FROM u WHERE k > 10) d", (10,)),
    ("in", "SELECT count(*) FROM t WHERE n IN (SELECT k FROM u WHERE k % 2 = 0)", (N // 2,)),
    ("not in", "SELECT count(*) FROM t WHERE b NOT IN (SELECT b FROM u WHERE n > 7)", (7,)),
    ("cte", "WITH c AS MATERIALIZED (SELECT n, b FROM t) SELECT (SELECT count(*) FROM c), (SELECT sum(n) FROM c)",
     (N, ALL)),
)


def setup(tally, server):
    out, status = server.psql("CREATE TABLE t (n int PRIMARY KEY, k int, b text)")
    tally.check("setup", out if status else "")
    # k: the numbers from 0 on in another order; 7919 has no factor in common with ROWS.
    for table, shift in (("t", 0), ("u", 1)):
        if shift:
            server.psql("CREATE TABLE u (n int PRIMARY KEY, k int, b text)")
        out, status = server.psql(
            "INSERT INTO %s SELECT g, g::bigint * 7919 %% %d + %d, 'row ' || g::bigint * 7919 %% %d "
            "FROM generate_series(1, %d) g" % (table, N, shift, N, N))
        tally.check("rows of " + table, out if status else "")
    server.psql("CHECKPOINT")


def bounded(tally, server, name, work):
    base = anonymous_bytes(server)
    with Watch(lambda: (anonymous_bytes(server), len(temp_files(server))), 2) as watch:
        problem = work()
    tally.check(name, problem)
    if ASAN:
        return
    memory, files = watch.most
    tally.check(name + ", memory", "" if memory <= base + BOUND else "%d MB, %d MB before" % (
        memory >> 20, base >> 20))
    if name not in ("top of a sort",):
        tally.check(name + ", used files", "" if files else "there were none")
    tally.check(name + ", files", "; ".join(temp_files(server)))


def queries(tally, server):
    cursor = psycopg2.connect(server.dsn()).cursor()
    cursor.execute("SET work_mem = '%dkB'" % WORK_MEM_KB)
    cursor.connection.commit()

    def work(query, want):
        cursor.execute(query)
        got = cursor.fetchone()
        cursor.connection.commit()
        return "" if got == want else "%s, not %s" % (got, want)

    for name, query, want in QUERIES:
        bounded(tally, server, name, lambda q=query, w=want: work(q, w))
    cursor.connection.close()


def cursors(tally, server):
    connection = psycopg2.connect(server.dsn())
    cursor = connection.cursor()

    def held():
        cursor.execute("SET work_mem = '%dkB'" % WORK_MEM_KB)
        cursor.execute("DECLARE h SCROLL CURSOR WITH HOLD FOR SELECT n, b FROM t ORDER BY n")
        connection.commit()
        for fetch, want in (("FETCH ABSOLUTE %d FROM h" % (N // 2), N // 2), ("FETCH PRIOR FROM h", N // 2 - 1),
                            ("FETCH LAST FROM h", N), ("FETCH FIRST FROM h", 1),
                            ("FETCH RELATIVE 12345 FROM h", 12346)):
            cursor.execute(fetch)
            got = cursor.fetchone()[0]
            if got != want:
                return "%s: %d" % (fetch, got)
        cursor.execute("MOVE LAST IN h")
        cursor.execute("MOVE BACKWARD ALL IN h")
        cursor.execute("FETCH 1 FROM h")
        if cursor.fetchone()[0] != 1:
            return "the first row is another"
        cursor.execute("CLOSE h")
        connection.commit()
        return ""

    def scrolled():
        cursor.execute("DECLARE s SCROLL CURSOR FOR SELECT n, b FROM t")
        cursor.execute("MOVE ALL IN s")
        for at in (N // 3, 5, N - 1):
            cursor.execute("FETCH ABSOLUTE %d FROM s" % at)
            if cursor.fetchone()[0] != at:
                return "row %d is another" % at
        connection.commit()
        return ""

    bounded(tally, server, "held cursor", held)
    bounded(tally, server, "scrolled cursor", scrolled)
    connection.close()


def sqlstate(cursor, sql):
    try:
        cursor.execute(sql)
        return ""
    except psycopg2.Error as e:
        return e.pgcode or "lost"


SORT = "SELECT count(*) FROM (SELECT * FROM t ORDER BY b OFFSET 0) s, pg_sleep(%d)"


def await_files(server):
    end = time.monotonic() + 60
    while not temp_files(server) and time.monotonic() < end:
        time.sleep(0.005)
    return "" if temp_files(server) else "no temporary file came"


def gone(server):
    end = time.monotonic() + 20
    while temp_files(server) and time.monotonic() < end:
        time.sleep(0.01)
    return "; ".join(temp_files(server))


def endings(tally, server):
    connection = psycopg2.connect(server.dsn())
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("SET work_mem = '%dkB'" % WORK_MEM_KB)
    cursor.execute("SET temp_file_limit = '1MB'")
    state = sqlstate(cursor, SORT % 0)
    tally.check("temp_file_limit", "" if state == "53400" else "SQLSTATE " + state)
    tally.check("temp_file_limit, files", gone(server))
    cursor.execute("RESET temp_file_limit")
    state = sqlstate(cursor, "SELECT 1 / (n - %d) FROM (SELECT * FROM t ORDER BY n, b) s ORDER BY b" % N)
    tally.check("an error", "" if state == "22012" else "SQLSTATE " + state)
    tally.check("an error, files", gone(server))
    pid = connection.get_backend_pid()
    other = psycopg2.connect(server.dsn())
    other.autocommit = True
    for name, function, want in (("cancel", "pg_cancel_backend", "57014"),
                                 ("terminate", "pg_terminate_backend", "57P01")):
        result = []
        thread = threading.Thread(target=lambda: result.append(sqlstate(cursor, SORT % 600)))
        thread.start()
        tally.check(name + ", begun", await_files(server))
        other.cursor().execute("SELECT %s(%d)" % (function, pid))
        thread.join(60)
        tally.check(name, "" if result and result[0] in (want, "lost") else str(result))
        tally.check(name + ", files", gone(server))
    connection = psycopg2.connect(server.dsn())
    cursor = connection.cursor()
    cursor.execute("SET work_mem = '%dkB'" % WORK_MEM_KB)
    thread = threading.Thread(target=lambda: sqlstate(cursor, SORT % 600))
    thread.start()
    tally.check("kill -9, begun", await_files(server))
    server.kill()
    thread.join(60)
    server.start()  # the kill may have come between a file's creation and the removal of its name
    tally.check("kill -9, names", "; ".join(os.listdir(os.path.join(server.data, "tmp"))))
    out, status = server.psql("SELECT count(*) FROM t")
    tally.check("kill -9, started again", "" if out.strip() == str(N) and not status else out)


def logged(tally, server):
    server.psql("SET log_temp_files = 0; SET work_mem = '64kB'; SELECT count(*) FROM (SELECT * FROM t "
                "WHERE n <= 20000 ORDER BY b OFFSET 0) s")
    tally.check("log_temp_files", "" if "temporary file: path" in server.log() else server.log()[-500:])


def main():
    tally = Tally("spill")
    try:
        with Server() as server:
            setup(tally, server)
            queries(tally, server)
            cursors(tally, server)
            endings(tally, server)
            logged(tally, server)
    except (ServerError, psycopg2.Error) as e:
        tally.check("server", str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
