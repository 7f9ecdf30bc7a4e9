#!/usr/bin/python3
"""pg_dump, unmodified: what it writes of a database restores into another database of Tarn and into
PostgreSQL, and a dump of either is the same again. psql's commands that list objects run."""
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from delta import History  # noqa: E402
from postgres import BIN, Postgres  # noqa: E402
from tarn import Server, Tally, psql_env  # noqa: E402

QUIET = "SET client_min_messages = warning;"
SCHEMA = open(os.path.join(HERE, "pg_dump.sql"), encoding="utf-8").read()

LISTS = r"""\d \d+ \dt \dt+ \di+ \dv+ \dm+ \ds+ \dn+ \df \df+~now \du+ \l+ \dp \dT+ \dx \ddp \drds
\dconfig \dconfig+~work_mem \da \db+ \dc \dC+ \dd \dD+ \des+ \deu+ \dew+ \det+ \dF+ \dFd+ \dFp+ \dFt+ \dg+ \dL+
\do~+ \lo_list \lo_list+ \dO+ \dP+ \dRp+ \dS+~pg_class \dX \dy \z \dA+ \dAc+ \dAf+ \dAo+ \dAp+ \d+~shop.*""".split()


def run(args, env, text=None):
    p = subprocess.run(args, env=env, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, timeout=120)
    return p.stdout, p.stderr


def dump(env, *options):
    """The dump without what differs from run to run and server to server."""
    out, err = run([BIN + "/pg_dump", *options], env)
    out = re.sub(r"^(\\(un)?restrict .*|-- Dumped .*)$", "", out, flags=re.M)
    return out, err


def restore(env, text):
    return run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null"], env, text)[1]


def database(env, name):
    restore(env, "CREATE DATABASE %s;" % name)
    return dict(env, PGDATABASE=name)


def first_difference(a, b):
    for x, y in zip(a.split("\n"), b.split("\n")):
        if x != y:
            return "%r is not %r" % (y, x)
    return "" if a == b else "one is longer"


def round_trip(tally, tarn, pg, options, label):
    text, err = dump(tarn, *options)
    tally.check(label + ": pg_dump", err)
    for name, env in (("tarn", tarn), ("postgres", pg)):
        copy = database(env, "copy_" + label)
        tally.check("%s: restore into %s" % (label, name), restore(copy, text))
        again, err = dump(copy, *options)
        tally.check("%s: dump of the copy in %s" % (label, name),
                    err or first_difference(text, again))


def archive(tally, tarn, pg):
    """Large objects by pg_restore, which writes them by the function call message, and by psql."""
    folder = tempfile.mkdtemp()
    path, one = folder + "/dump", folder + "/object"
    err = run([BIN + "/pg_dump", "-Fc", "-f", path], tarn)[1]
    tally.check("archive: pg_dump", err)
    text, _ = dump(tarn)
    for name, env in (("tarn", tarn), ("postgres", pg)):
        copy = database(env, "copy_archive")
        err = run([BIN + "/pg_restore", "-d", "copy_archive", path], copy)[1]
        tally.check("archive: restore into " + name, err)
        tally.check("archive: dump of the copy in " + name, first_difference(text, dump(copy)[0]))
        out = run(["psql", "-X", "-At", "-c", "\\lo_export 7002 " + one,
                   "-c", "\\lo_import %s 'read back'" % one, "-c", "\\lo_unlink 7002",
                   "-c", "SELECT m.oid = 7001, md5(lo_get(m.oid)), obj_description(m.oid, 'pg_largeobject') "
                         "FROM pg_largeobject_metadata m ORDER BY m.oid"], copy)[0]
        md5 = [hashlib.md5(x).hexdigest() for x in (b"large object " * 3000, bytes(5000) + b"\0\xff'")]
        tally.check("psql's commands for large objects in " + name,
                    "" if out.endswith("lo_unlink 7002\nt|%s|one that repeats\nf|%s|read back\n" % tuple(md5))
                    else out)
    shutil.rmtree(folder)


def synced(tally, tarn, pg):
    """A synced table is a plain one in the dump, with its indexes and comments, and can be created anew in its place."""
    folder = tempfile.mkdtemp()
    source = History(folder + "/source", feed=True, vectors=False, rng=random.Random(1))
    source.append([(1, "one", 1), (2, "two", 2)])
    origin = database(tarn, "synced")
    create = "CREATE SYNCED TABLE lake FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED EVERY '1 hour';" % source.folder
    tally.check("synced: created", restore(origin, QUIET + create + "CREATE INDEX ON lake (n); COMMENT ON TABLE lake IS 'from the lake'"))
    text, err = dump(origin)
    tally.check("synced: pg_dump", err or ("tarn" in text and text))
    for name, env in (("tarn", tarn), ("postgres", pg)):
        copy = database(env, "copy_synced")
        tally.check("synced: restore into " + name, restore(copy, text))
        tally.check("synced: dump of the copy in " + name, first_difference(text, dump(copy)[0]))
        rows = run(["psql", "-X", "-At", "-c", "INSERT INTO lake VALUES (3, 'plain', 3)", "-c", "SELECT * FROM lake ORDER BY id"], copy)[0]
        tally.check("synced: rows in " + name, "" if rows == "INSERT 0 1\n1|one|1\n2|two|2\n3|plain|3\n" else rows)
    tally.check("synced: created anew", restore(dict(tarn, PGDATABASE="copy_synced"), QUIET + "DROP TABLE lake;" + create))
    shutil.rmtree(folder)


def main():
    tally = Tally("server/pg_dump")
    with Server() as s, Postgres() as p:
        tarn = s.env()
        pg = psql_env("127.0.0.1", p.port, "postgres")
        tally.check("the schema", restore(tarn, SCHEMA))
        tally.check("the schema in postgres", restore(pg, SCHEMA))
        tally.check("the same as PostgreSQL's", first_difference(dump(pg)[0], dump(tarn)[0]))
        round_trip(tally, tarn, pg, [], "plain")
        round_trip(tally, tarn, pg, ["--schema-only", "--no-owner"], "schema")
        round_trip(tally, tarn, pg, ["--inserts", "--rows-per-insert=3", "--clean", "--if-exists"],
                   "inserts")
        archive(tally, tarn, pg)
        synced(tally, tarn, pg)
        for command in LISTS:
            out, err = run(["psql", "-X", "-c", command.replace("~", " ")], tarn)
            wrong = [x for x in err.split("\n") if "ERROR" in x]
            tally.check(command, wrong[0] if wrong else "")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
