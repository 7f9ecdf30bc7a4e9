#!/usr/bin/python3
"""The shape of pg_catalog and information_schema: the same tables and views, columns and types as in
PostgreSQL 15, which is asked too; each of them can be read; pg_proc's signatures are equal; and what
the views about the server's files and log show is true."""
import os
import sys

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally  # noqa: E402

COLUMNS = """
SELECT n.nspname || '.' || c.relname,
       array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ||
                 CASE WHEN a.attnotnull THEN ' not null' ELSE '' END ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE a.attnum > 0 AND n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')
GROUP BY 1"""
FUNCTIONS = """
SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), p.proretset,
       p.provolatile, p.proisstrict, p.prokind, p.proallargtypes::oid[], p.proargmodes, p.proargnames
FROM pg_proc p WHERE p.pronamespace = 11 AND p.oid < 10000"""
# The domains of information_schema are the types below them (src/catalog/data/information_schema.sql).
DOMAINS = {"information_schema.sql_identifier": "name",
           "information_schema.character_data": "character varying",
           "information_schema.yes_or_no": "character varying(3)",
           "information_schema.cardinal_number": "integer",
           "information_schema.time_stamp": "timestamp(2) with time zone"}


def plain(column):
    for domain, base in DOMAINS.items():
        column = column.replace(domain, base)
    return column


def rows(cur, sql, params=None):
    cur.execute(sql, params)
    return cur.fetchall()


def difference(expected, found):
    for i, (a, b) in enumerate(zip(expected, found)):
        if a != b:
            return "column %d is %r instead of %r" % (i + 1, b, a)
    return "" if len(expected) == len(found) else "%d columns instead of %d" % (len(found),
                                                                                len(expected))


def compare_columns(tally, theirs, ours):
    expected = {name: [plain(c) for c in columns] for name, columns in rows(theirs, COLUMNS)}
    found = dict(rows(ours, COLUMNS))
    for name, columns in sorted(expected.items()):
        tally.check(name, "is missing" if name not in found else difference(columns, found[name]))
    return expected


# A column of type pg_statistic[].
NO_VALUES = "pg_catalog.pg_statistic_ext_data"


def read_all(tally, ours, names):
    for name in sorted(names):
        problem = ""
        try:
            ours.execute("SELECT %s FROM %s LIMIT 3" % ("stxoid" if name == NO_VALUES else "*", name))
        except psycopg2.Error as e:
            problem = str(e)
        tally.check("read " + name, problem)


def compare_functions(tally, theirs, ours):
    expected = {r[0]: r for r in rows(theirs, FUNCTIONS)}
    found = {r[0]: r for r in rows(ours, FUNCTIONS)}
    wrong = ["%r instead of %r" % (found.get(oid), r) for oid, r in expected.items()
             if found.get(oid) != r]
    tally.check("functions", "%d differ: %s" % (len(wrong), wrong[0]) if wrong else "")


def facts(tally, server, cur):
    """What a view shows against where it comes from."""
    hba = [line.split() for line in open(os.path.join(server.data, "pg_hba.conf"), encoding="utf-8")]
    expected = [(n + 1, f[0], f[-1]) for n, f in enumerate(hba) if f and not f[0].startswith("#")]
    found = rows(cur, "SELECT line_number, type, auth_method FROM pg_hba_file_rules ORDER BY 1")
    tally.check("pg_hba_file_rules", "" if expected and found == expected else repr(found))
    found = rows(cur, "SELECT setting FROM pg_file_settings WHERE name = 'work_mem' AND applied")
    tally.check("pg_file_settings", "" if found == [("8MB",)] or found == [("8192",)] else repr(found))
    before, = rows(cur, "SELECT pg_current_wal_lsn()")[0]
    cur.execute("CREATE TABLE grows (a text)")
    cur.execute("INSERT INTO grows VALUES (repeat('x', 100000))")
    grown, durable, later = rows(cur, """SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s) >= 100000,
        pg_current_wal_flush_lsn() <= pg_current_wal_lsn(), pg_current_wal_insert_lsn() > %s""",
                                 (before, before))[0]
    tally.check("log positions", "" if grown and durable and later else "do not move")
    bytes_before, syncs_before = rows(cur, "SELECT wal_bytes, wal_sync FROM pg_stat_wal")[0]
    cur.execute("INSERT INTO grows VALUES (repeat('x', 100000))")
    bytes_after, syncs_after = rows(cur, "SELECT wal_bytes, wal_sync FROM pg_stat_wal")[0]
    tally.check("pg_stat_wal", "" if bytes_after - bytes_before >= 100000 and
                syncs_after > syncs_before else "does not count")
    before, = rows(cur, "SELECT checkpoints_timed FROM pg_stat_bgwriter")[0]
    cur.execute("CHECKPOINT")
    after, = rows(cur, "SELECT checkpoints_timed FROM pg_stat_bgwriter")[0]
    tally.check("pg_stat_bgwriter", "" if after > before else "does not count")
    found = rows(cur, """SELECT pg_stat_get_backend_activity(b), pg_stat_get_backend_client_addr(b)::text
        FROM pg_stat_get_backend_idset() b WHERE pg_stat_get_backend_pid(b) = pg_backend_pid()""")
    tally.check("backends", "" if len(found) == 1 and "idset" in found[0][0] and
                found[0][1].startswith("127.0.0.1") else repr(found))


def main():
    tally = Tally("server/catalog_shape")
    with Postgres() as postgres, Server(settings={"work_mem": "8MB"}) as server:
        reference = psycopg2.connect("host=127.0.0.1 port=%d user=postgres" % postgres.port)
        connection = psycopg2.connect(server.dsn())
        reference.autocommit = connection.autocommit = True
        theirs, ours = reference.cursor(), connection.cursor()
        read_all(tally, ours, compare_columns(tally, theirs, ours))
        compare_functions(tally, theirs, ours)
        facts(tally, server, ours)
        reference.close()
        connection.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
