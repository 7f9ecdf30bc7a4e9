#!/usr/bin/python3
"""Statements that Tarn does not know yet say so with 0A000 and their name."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import Server, Tally  # noqa: E402

STATEMENTS = {
    "create operator === (leftarg = int, rightarg = int, function = int4eq)": "CREATE OPERATOR",
    "create collation c from \"C\"": "CREATE COLLATION",
    "create type base": "CREATE TYPE of a base type",
    "create text search configuration x (copy = english)": "CREATE TEXT SEARCH",
    "create publication p": "CREATE PUBLICATION",
    "create subscription s connection '' publication p": "CREATE SUBSCRIPTION",
    "create server s foreign data wrapper w": "CREATE SERVER",
    "create foreign table f (a int) server s": "CREATE FOREIGN TABLE",
    "create event trigger e on ddl_command_start execute function f()": "CREATE EVENT TRIGGER",
    "create statistics s on a, b from pg_class": "CREATE STATISTICS",
    "create tablespace t location '/tmp'": "CREATE TABLESPACE",
    "create access method m type table handler h": "CREATE ACCESS METHOD",
    "create conversion x for 'UTF8' to 'LATIN1' from f": "CREATE CONVERSION",
    "create operator family c using btree": "CREATE OPERATOR FAMILY",
    "import foreign schema s from server q into z": "IMPORT FOREIGN SCHEMA",
    "security label on table pg_class is 'x'": "SECURITY LABEL",
    "load 'x'": "LOAD",
    "alter extension tarn add table t": "ALTER EXTENSION",
    "drop tablespace x": "DROP TABLESPACE",
}


def errors(env, sql):
    p = subprocess.run(["psql", "-X", "-q", "-v", "VERBOSITY=verbose", "-c", sql], env=env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return p.stderr.decode()


def main():
    tally = Tally("server/unsupported")
    with Server() as s:
        env = s.env()
        for sql, name in STATEMENTS.items():
            got = errors(env, sql)
            tally.check(name, "" if got.startswith("ERROR:  0A000: %s is not supported yet" % name) else got)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
