"""Tables are analyzed by themselves when enough of their rows has changed."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tarn import Server, Tally  # noqa: E402

LIMIT_S = 60


def sql(server, text, database="postgres"):
    out, status = server.psql(text, "-d", database)
    if status:
        raise SystemExit(out)
    return out.strip()


def analyzed(server, table, database="postgres"):
    return float(sql(server, "SELECT reltuples FROM pg_class WHERE relname = '%s'" % table, database))


def wait_for(server, table, rows, database="postgres"):
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if analyzed(server, table, database) == rows:
            return ""
        time.sleep(0.2)
    return "still %s" % analyzed(server, table, database)


def main():
    tally = Tally("server/auto_analyze")
    settings = {"autovacuum_naptime": "1s", "log_autovacuum_min_duration": "0"}
    with Server(settings=settings) as s:
        sql(s, "CREATE TABLE grown AS SELECT i AS a, i % 3 AS b FROM generate_series(1, 1000) i")
        sql(s, "CREATE TABLE few AS SELECT 1 AS a FROM generate_series(1, 20)")
        sql(s, "CREATE DATABASE other")
        sql(s, "CREATE TABLE there AS SELECT 1 AS a FROM generate_series(1, 300)", "other")
        tally.check("a new table", wait_for(s, "grown", 1000))
        tally.check("another database", wait_for(s, "there", 300, "other"))
        common = sql(s, "SELECT n_distinct FROM pg_stats WHERE tablename = 'grown' AND attname = 'b'")
        tally.check("its statistics", "" if common == "3" else common)
        few = analyzed(s, "few")
        tally.check("too few rows", "" if few == -1 else "analyzed: %s" % few)
        sql(s, "INSERT INTO grown SELECT i, 0 FROM generate_series(1, 100) i")
        sql(s, "INSERT INTO grown SELECT i, 0 FROM generate_series(1, 100) i")
        tally.check("more rows", wait_for(s, "grown", 1200))
        sql(s, "DELETE FROM grown WHERE a > 500")
        tally.check("fewer rows", wait_for(s, "grown", 700))
        sql(s, "UPDATE grown SET b = a")
        replaced = "SELECT n_distinct FROM pg_stats WHERE tablename = 'grown' AND attname = 'b'"
        end = time.monotonic() + LIMIT_S
        while sql(s, replaced) == common and time.monotonic() < end:
            time.sleep(0.2)
        tally.check("rows replaced", "" if sql(s, replaced) != common else "not analyzed again")
        counted = sql(s, "SELECT autoanalyze_count > 0, n_mod_since_analyze < 700 "
                         "FROM pg_stat_user_tables WHERE relname = 'grown'")
        tally.check("counted", "" if counted == "t|t" else counted)
        tally.check("the log", "" if 'automatic analyze of table "postgres.public.grown"' in s.log()
                    else s.log()[-500:])
        sql(s, "ALTER SYSTEM SET autovacuum = off")
        sql(s, "SELECT pg_reload_conf()")
        time.sleep(2)
        sql(s, "INSERT INTO few SELECT 1 FROM generate_series(1, 200)")
        time.sleep(3)
        few = analyzed(s, "few")
        tally.check("autovacuum = off", "" if few == -1 else "analyzed: %s" % few)
        start = time.monotonic()
        s.stop()
        tally.check("a stop does not wait for it",
                    "" if time.monotonic() - start < 20 else "it took long")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
