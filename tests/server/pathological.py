"""Statements that would never end, or need more than there is, end by an error, a timeout or a cancel;
other sessions are served meanwhile, and the memory comes back."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tarn import BINARY, Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

ASAN = "asan" in BINARY
MEMORY_MB = 400
TIMEOUT_S = 1
SERIES = ", ".join("generate_series(1, 1000) %s" % x for x in "abcdefghij")

# SQLSTATEs that are an end, or None: a result.
STATEMENTS = {
    "a cross join of ten": ("SELECT count(*) FROM " + SERIES, ["57014"]),
    "forty tables to join": ("SELECT count(*) FROM " + ", ".join("pg_class c%d" % i for i in range(40)),
                             ["57014"]),
    "a regular expression bomb": ("SELECT repeat('a', 40000) ~ '^(a+)+$b', "
                                  "regexp_replace(repeat('a', 5000) || 'b', '(a|a)*c', 'x')",
                                  ["57014", "2201B", None]),
    "a long string": ("SELECT length(repeat('x', 100000000))", [None, "57014"]),
    "too long a string": ("SELECT lpad('a', 2000000000, 'b')", ["54000"]),
    "a longer one": ("SELECT repeat('x', 2000000000)", ["54000"]),
    "100,000 terms": ("SELECT " + "+".join(["1"] * 100000), ["54001", None]),
    "100,000 ORs": ("SELECT 1 WHERE " + " OR ".join("1=%d" % i for i in range(2, 100000)),
                    ["54001", "57014", None]),
    "10,000 parentheses": ("SELECT " + "(" * 10000 + "1" + ")" * 10000, ["54001", None]),
    "5,000 CASEs": ("SELECT " + "CASE WHEN true THEN " * 5000 + "1" + " END" * 5000, ["54001", None]),
    "10,000 WHENs": ("SELECT CASE g " + " ".join("WHEN %d THEN g" % i for i in range(10000)) +
                     " END FROM generate_series(1, 3) g", [None]),
    "5,000 ORs": ("SELECT g FROM generate_series(1, 3) g WHERE " + " OR ".join("g=%d" % i for i in range(5000)), [None]),
    "30,000 UNIONs of two columns": (" UNION ALL ".join(["SELECT 1,2"] * 30000), ["54001", "57014"]),
    "10,000 UNIONs of two columns": (" UNION ALL ".join(["SELECT 1,2"] * 10000), ["54001", "57014", None]),
    "30,000 UNIONs with AND": (" UNION ALL ".join(["SELECT true AND false"] * 30000), ["54001", "57014"]),
    "10,000 UNIONs with CASE": (" UNION ALL ".join(["SELECT CASE WHEN true THEN 1 ELSE 2 END"] * 10000), ["54001", "57014", None]),
    "30,000 JOINs": ("SELECT FROM t " + "JOIN t ON true AND true " * 30000, ["54001", "57014"]),
    "5,000 JOINs": ("SELECT FROM pg_class t " + "JOIN pg_class t ON true AND true " * 5000, ["54001", "57014"]),
    "NOT and BETWEEN": ("SELECT " + ("NOT " * 10 + "1 BETWEEN 1 AND ") * 5000 + "1", ["54001"]),
    "CASEs in CASEs": ("SELECT " + ("CASE " * 5 + "WHEN true AND " * 1) * 3000 + "1", ["54001"]),
    "CASEs after columns of such names": ("SELECT " + "CASE WHEN t.end THEN NOT NOT CASE WHEN t.end AND " * 5000 + "1", ["54001"]),
    "labels of such names": ("SELECT " + "(SELECT NOT NOT 1 AS case, 1 AS end, 2 end, NOT NOT NOT " * 5000 + "1", ["54001"]),
    "3,000 subqueries": ("SELECT " + "(SELECT " * 3000 + "1" + ")" * 3000, ["54001", None]),
    "an endless CTE": ("WITH RECURSIVE x AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM x) "
                       "SELECT count(*) FROM x", ["57014", "22003"]),
    "an endless CTE of growing numbers": (
        "WITH RECURSIVE x AS (SELECT 1::numeric AS a UNION ALL SELECT a * 2 FROM x) "
        "SELECT count(*) FROM x", ["57014"]),
    "a factorial": ("SELECT factorial(100000)", ["22003"]),
    "a long IN": ("SELECT count(*) FROM generate_series(1, 10) g WHERE g IN (%s)"
                  % ",".join(map(str, range(100000))), [None]),
    "deep JSON": ("SELECT ('[' || repeat('[', 100000) || repeat(']', 100000) || ']')::jsonb", ["54001"]),
    "a wide window": ("SELECT sum(s) FROM (SELECT sum(g) OVER (ORDER BY g ROWS BETWEEN 100000 PRECEDING "
                      "AND 100000 FOLLOWING EXCLUDE TIES) s FROM generate_series(1, 2000000) g) q",
                      ["57014"]),
    "a long series": ("SELECT count(*) FROM generate_series('2000-01-01'::timestamp, '9999-01-01', "
                      "'1 microsecond')", ["57014"]),
}


def memory_mb(server):
    with open("/proc/%d/status" % server.process.pid) as f:
        return [int(line.split()[1]) // 1024 for line in f if line.startswith("RssAnon")][0]


def run(server, sql, out):
    connection = psycopg2.connect(server.dsn())
    try:
        with connection.cursor() as c:
            c.execute("SET statement_timeout = '%ds'" % TIMEOUT_S)
            c.execute(sql)
            c.fetchall()
        out.append(None)
    except psycopg2.Error as e:
        out.append(e.pgcode or str(e))
    finally:
        connection.close()


def main():
    tally = Tally("server/pathological")
    with Server() as s:
        other = psycopg2.connect(s.dsn())
        other.autocommit = True
        for name, (sql, ends) in STATEMENTS.items():
            out = []
            thread = threading.Thread(target=run, args=(s, sql, out))
            thread.start()
            served = 0
            while True:
                with other.cursor() as c:
                    c.execute("SELECT 1")
                served += 1
                thread.join(0.02)
                if not thread.is_alive():
                    break
            tally.check(name, "" if out[0] in ends else "ended by %s after %d of others'"
                        % (out[0], served))
        if not ASAN:  # which keeps freed memory for a while
            used = memory_mb(s)
            tally.check("memory", "" if used < MEMORY_MB else "%d MB are still in use" % used)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
