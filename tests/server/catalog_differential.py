#!/usr/bin/python3
"""The same schema here and on PostgreSQL 15, then the same questions about it: catalog_queries.sql, catalog_shapes.sql, those of
tools in tool_queries.sql, every view of information_schema, and psql's commands; the answers are equal. Not asked for: the schema tarn,
the constructors of range types that users make (no rows of pg_proc), system columns as rows of
pg_attribute, descriptions of operators, collations and text search beyond what there is."""
import os
import re
import subprocess
import sys

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally, psql_env  # noqa: E402

OID, FIRST_USER_OID = 26, 16384
FILES = ("catalog_queries.sql", "catalog_shapes.sql", "tool_queries.sql")
SCHEMAS = ("shop", "public")
SCHEMA_COLUMNS = ("table_schema", "constraint_schema", "sequence_schema", "specific_schema", "udt_schema",
                  "object_schema", "domain_schema", "routine_schema", "view_schema",
                  "user_defined_type_schema", "schema_name", "event_object_schema", "foreign_table_schema")
TABLES = "shop.item public.line shop.every public.parent public.child public.fast shop.options".split()
VIEWS = "public.sold shop.cheap public.writable public.odd shop.checked shop.totals".split()
OTHERS = "shop.numbers public.line_item public.fast_order shop.item_lower shop.place parent_pkey".split()
LISTS = [r"\d", r"\dt", r"\dt *.item", r"\di", r"\di shop.*", r"\dv", r"\dm *.*", r"\ds", r"\ds shop.*", r"\dE",
         r"\df", r"\df+ shop.twice", r"\df public.outs", r"\da shop.*", r"\dT", r"\dT shop.*",
         r"\dT+ shop.*", r"\dD shop.*", r"\dD+ shop.*", r"\dC+ *mood*", r"\dp", r"\dp shop.*", r"\z", r"\ddp", r"\drds", 
         r"\dg differential*", r"\du+ differential*", r"\dO", r"\dc", r"\db", r"\dA", r"\dAc btree integer",
         r"\dAo btree integer_ops", r"\dd shop.*", r"\dP", r"\det", r"\des", r"\dew", r"\deu", r"\dRp", r"\dRs",
         r"\dy", r"\sf shop.twice", r"\sf+ public.atomic", r"\sv public.sold", r"\sv+ public.odd",
         r"\dX", r"\dconfig search_path",
         r"\dv+ *.*able", r"\dtvmsi shop.*",
         r"\d *.parent*", r"\d+ *.*child*", r"\d nothing", r"\d shop.nothing", r"\dt nothing", r"\dtS pg_cl*", r"\dS pg_am",
         r"\d pg_class", r"\d pg_catalog.pg_index", r"\d+ pg_namespace", r"\d pg_tables",
         r"\d pg_class_oid_index", r"\dvS pg_stat_user*", r"\dfn public.*", r"\dfa shop.*", r"\dfp *.*proc*",
         r"\df lower", r"\df pg_get_v*", r"\df * integer text", r"\dT+ shop.m*",
         r"\dD", r"\dD+ shop.zip", r"\dC integer", r"\dC+ text",
         r"\dn+ shop", r"\dn sh*", r"\dp *.fast", r"\dp shop.item", r"\ddp *", r"\du+",
         r"\dg postgres", r"\drds differential*", r"\drds * *", r"\dAf+ hash text", r"\dAp btree text_ops",
         r"\dAc+ gin", r"\dAo+ hash integer_ops", r"\dd public.*", r"\dd *nothing*",
         r"\dOS C", r"\dO+ nothing", r"\dx nothing", r"\dy nothing", r"\dF nothing", r"\dFd nothing",
         r"\dconfig *timeout", r"\dconfig+ work_mem", r"\dRp+ nothing", r"\dRs+ nothing", r"\dP+", r"\dPi", r"\dPt", r"\dX+ nothing",
         r"\l template*", r"\sf public.outs", r"\sf lower", r"\sf nothing", r"\sf shop.total", r"\sv shop.item", r"\sv nothing",
         r"\sv shop.totals", r"\sf+ public.defined", r"\z public.*", r"\dl", r"\dE+", r"\dew+", r"\des+", r"\deu+", r"\det+"]


def schema():
    texts = [open(os.path.join(HERE, f), encoding="utf-8").read()
             for f in ("pg_dump.sql", "catalog_differential.sql")]
    return "".join(texts)


def queries(name):
    text = open(os.path.join(HERE, name), encoding="utf-8").read()
    return [q for q in re.sub(r"^--.*\n", "", text, flags=re.M).strip().split("\n\n")]


def of_information_schema(cur):
    """A query for each view: all of it, or what is in the schemas."""
    cur.execute("""SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = 'information_schema'::regnamespace AND c.relkind = 'v' AND c.relname !~ '^_pg'
        GROUP BY 1 ORDER BY 1""")
    for name, columns in cur.fetchall():
        schema_column = next((c for c in SCHEMA_COLUMNS if c in columns), None)
        if name == "element_types":
            continue  # of functions' arguments and domains there are none
        where = " WHERE %s IN %r" % (schema_column, SCHEMAS) if schema_column else ""
        yield "SELECT * FROM information_schema.%s%s" % (name, where)


def plain(value):
    """Without OIDs: those that are part of names."""
    return re.sub(r"(?<![0-9])[1-9][0-9]{4}(?![0-9])", "N", value) if isinstance(value, str) else value


# The functions of shop.span; the collations that the system offers.
ABSENT = re.compile(r"'span(_multirange)?(_N)?'|'pg_catalog', '(?!(default|C|POSIX)')[^']*', (None|'NO PAD')")


def answer(cur, query):
    try:
        cur.execute(query)
        numbers = {i for i, column in enumerate(cur.description) if column.type_code == OID}
        rows = [tuple("N" if i in numbers and v and v >= FIRST_USER_OID else plain(v) for i, v in enumerate(row))
                for row in cur.fetchall()]
        if "information_schema" in query:
            rows = [r for r in rows if not ABSENT.search(repr(r))]
    except psycopg2.Error as e:
        return [str(e)]
    return rows if "ORDER BY" in query else sorted(rows, key=repr)


def first_difference(expected, found):
    if len(expected) == 1 and len(found) == 1 and isinstance(found[0], str):
        return "" if found == expected else found[0]
    missing = [r for r in expected if r not in found]
    more = [r for r in found if r not in expected]
    if missing and more and len(missing[0]) == len(more[0]):
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(missing[0], more[0])) if a != b]
        return "of %r ...: %s" % (missing[0][:3], "; ".join("column %d is %r, not %r" % (i + 1, b, a)
                                                          for i, a, b in pairs))[:900]
    if missing or more:
        return ("missing %r" % (missing[:2],) if missing else "too many %r" % (more[:2],))[:900]
    return "" if expected == found else "another order"


def psql(env, commands):
    """The output of each."""
    text = "".join("\\echo =%d\n%s\n" % (i, c) for i, c in enumerate(commands))
    p = subprocess.run(["psql", "-X", "-A"], env=env, input=text.encode(), stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=120, check=False)
    parts = re.split(r"^=\d+\n", p.stdout.decode(), flags=re.M)[1:]
    return [[plain(line) for line in part.splitlines()] for part in parts]


def main():
    tally = Tally("server/catalog_differential")
    with Postgres() as postgres, Server() as server:
        envs = [psql_env("127.0.0.1", s.port, "postgres") for s in (postgres, server)]
        for env in envs:
            p = subprocess.run(["psql", "-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1"], env=env,
                               input=schema().encode(), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=120, check=False)
            if p.returncode:
                tally.check("schema", p.stdout.decode())
                return tally.finish()
        connections = [psycopg2.connect("host=127.0.0.1 port=%d user=postgres" % s.port)
                       for s in (postgres, server)]
        for c in connections:
            c.autocommit = True
        theirs, ours = [c.cursor() for c in connections]
        for q in [q for f in FILES for q in queries(f)] + list(of_information_schema(theirs)):
            tally.check(" ".join(q.split())[:100], first_difference(answer(theirs, q), answer(ours, q)))
        commands = LISTS + [r"\d%s %s" % (plus, name) for name in TABLES + VIEWS + OTHERS for plus in ("", "+", "S", "S+")]
        for command, expected, found in zip(commands, *[psql(env, commands) for env in envs]):
            wrong = [(a, b) for a, b in zip(expected, found) if a != b]
            tally.check(command, "%r is not %r" % (wrong[0][1], wrong[0][0]) if wrong else
                        "" if len(expected) == len(found) else "%d lines, not %d" % (len(found), len(expected)))
        for c in connections:
            c.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
