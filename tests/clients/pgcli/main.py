"""pgcli: what it reads for its completion, its backslash commands, and the program at a terminal."""
import itertools
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse

import pexpect
import psycopg
from pgcli.completion_refresher import CompletionRefresher
from pgcli.packages.parseutils.meta import ForeignKey
from pgcli.pgexecute import PGExecute
from pgspecial.main import PGSpecial
from report import attempt, equal, finish

URL = os.environ["DATABASE_URL"]
SECURE = "%s?sslmode=verify-full&sslrootcert=%s" % (
    os.environ["SECURE_URL"], urllib.parse.quote(os.environ["SECURE_CA"], safe=""))
PGCLI = [os.path.join(os.path.dirname(sys.executable), "pgcli"), "--pgclirc", os.path.abspath("config")]
SCHEMA = """
DROP SCHEMA IF EXISTS cli CASCADE;
CREATE SCHEMA cli;
SET search_path = cli, public;
CREATE DOMAIN cli.positive AS int CHECK (VALUE > 0);
CREATE TYPE cli.mood AS ENUM ('low', 'high');
CREATE TYPE cli.pair AS (a int, b text);
CREATE TABLE cli.parent (id serial PRIMARY KEY, "Mixed Case" text DEFAULT 'x' NOT NULL, m cli.mood, p cli.positive);
CREATE TABLE cli.child (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id int NOT NULL REFERENCES cli.parent
    ON DELETE CASCADE, n numeric(10,2) CHECK (n > 0), twice numeric GENERATED ALWAYS AS (n * 2) STORED);
CREATE INDEX child_n ON cli.child (parent_id, n DESC) WHERE n > 1;
CREATE TABLE cli.plain (a int, b text);
CREATE VIEW cli.v AS SELECT id, n FROM cli.child WHERE n > 5;
CREATE MATERIALIZED VIEW cli.mv AS SELECT count(*) AS c FROM cli.child;
CREATE SEQUENCE cli.s;
CREATE FUNCTION cli.add(a int, b int DEFAULT 1, OUT total int) LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION cli.rows(n int) RETURNS TABLE (i int, t text) LANGUAGE sql AS
    $$SELECT g, g::text FROM generate_series(1, n) g$$;
COMMENT ON TABLE cli.parent IS 'the parents';
COMMENT ON COLUMN cli.parent.m IS 'their mood';
GRANT SELECT ON cli.parent TO PUBLIC;
INSERT INTO cli.parent (m) VALUES ('low'), ('high');
"""


def executor(url=URL):
    return PGExecute(dsn=url)


def run(ex, text, special=None):
    """Titles, rows, headers and statuses of all results of a text."""
    out = []
    for title, rows, headers, status, _, ok, _ in ex.run(text, special or PGSpecial(), exception_formatter=str):
        assert ok, (text, status)
        out.append((title, list(rows) if rows is not None else None, headers, status))
    return out


def login():
    ex = executor(SECURE)
    equal(ex.user, "secure")
    equal(run(ex, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0][1], [(True,)])
    try:
        executor(os.environ["SECURE_URL"] + "?sslmode=disable")
    except psycopg.OperationalError as e:
        assert "rejects connection" in str(e), e
    else:
        raise AssertionError("let in without TLS")


def completion():
    ex = executor()
    run(ex, SCHEMA)
    equal(ex.search_path(), ["pg_catalog", "cli", "public"])
    assert "cli" in ex.schemata()
    mine = lambda rows: sorted(r[1:] for r in rows if r[0] == "cli")  # noqa: E731
    equal(mine(ex.tables()), [("child",), ("parent",), ("plain",)])
    equal(mine(ex.views()), [("mv",), ("v",)])
    equal(mine(ex.table_columns())[:6], [
        ("child", "id", "bigint", False, None), ("child", "n", "numeric", False, None),
        ("child", "parent_id", "integer", False, None), ("child", "twice", "numeric", True, "n * 2::numeric"),
        ("parent", "Mixed Case", "text", True, "'x'::text"), ("parent", "id", "integer", True, "nextval('parent_id_seq'::regclass)")])
    equal([c[:2] for c in mine(ex.view_columns())], [("mv", "c"), ("v", "id"), ("v", "n")])
    equal([k for k in ex.foreignkeys() if k.parentschema == "cli"], [ForeignKey("cli", "parent", "id", "cli", "child", "parent_id")])
    functions = {f.func_name: f for f in ex.functions() if f.schema_name == "cli"}
    equal((functions["add"].arg_names, functions["add"].arg_modes, functions["add"].return_type, functions["add"].arg_defaults),
          (("a", "b", "total"), ("i", "i", "o"), "integer", ("1",)))
    equal((functions["rows"].is_set_returning, functions["rows"].arg_modes), (True, ("i", "t", "t")))
    assert {("cli", "mood"), ("cli", "pair"), ("cli", "positive")} <= set(ex.datatypes())
    assert "postgres" in ex.databases() and "postgres" in [row[0] for row in ex.full_databases()[0]]
    assert {"a", "b"} <= set(ex.casing())
    assert ex.view_definition("cli.v").startswith('CREATE OR REPLACE VIEW "cli"."v" AS')
    assert ex.view_definition("cli.mv").startswith('CREATE OR REPLACE MATERIALIZED VIEW "cli"."mv" AS')
    assert "generate_series(1, n)" in ex.function_definition("cli.rows")
    ex.set_timezone("Europe/Berlin")
    equal(ex.get_timezone(), "Europe/Berlin")


def refresher():
    found = []
    done = threading.Event()
    CompletionRefresher().refresh(executor(), PGSpecial(), lambda completer: (found.append(completer), done.set()), settings={})
    assert done.wait(60)
    metadata = found[0].dbmetadata
    equal([c for c in metadata["tables"]["cli"]["plain"]], ["a", "b"])
    assert {"tables", "views", "functions", "datatypes"} <= set(metadata)


COMMANDS = [c + p + a for c, p, a in itertools.chain(
    itertools.product(["\\d", "\\dt", "\\dv", "\\dm", "\\ds", "\\di", "\\df", "\\dT", "\\dD", "\\dn", "\\du", "\\l", "\\dx", "\\db", "\\dE"],
                      ["", "+"], ["", " cli.*", " *p*", " nothing"]),
    itertools.product(["\\dp", "\\z", "\\dF"], [""], ["", " cli.*", " *p*"]), [("\\ddp", "", "")],
    itertools.product(["\\d"], ["", "+"], [" cli." + n for n in (
        "parent", "child", "plain", "v", "mv", "s", "pair", "child_n", "parent_pkey")]),
    itertools.product(["\\sf"], ["", "+"], [" cli.add", " cli.rows(int)"]))]


def backslash():
    ex = executor()
    for command in COMMANDS:
        # Names of these have no schema, and pgspecial fails of itself at a pattern for \\dx.
        if command.startswith(("\\dn", "\\l", "\\dx", "\\db", "\\du")) and " cli.*" in command or command.startswith("\\dx") and " " in command:
            continue
        run(ex, command)
    names = lambda text: sorted(r[1] for r in run(ex, text)[0][1])  # noqa: E731
    equal(names("\\dt cli.*"), ["child", "parent", "plain"])
    equal(names("\\dv cli.*"), ["v"])
    equal(names("\\df cli.*"), ["add", "rows"])
    columns, status = run(ex, "\\d cli.child")[0][1], run(ex, "\\d cli.child")[0][3]
    equal([c[0] for c in columns], ["id", "parent_id", "n", "twice"])
    for part in ("child_pkey", "child_n", "CHECK", "FOREIGN KEY (parent_id) REFERENCES cli.parent(id) ON DELETE CASCADE"):
        assert part in status, (part, status)
    assert 'TABLE "cli.child" CONSTRAINT "child_parent_id_fkey"' in run(ex, "\\d cli.parent")[0][3]


def statements():
    ex = executor()
    got = run(ex, "SELECT 1 AS a, NULL AS b; CREATE TEMP TABLE t (a int, j jsonb, x int[]); INSERT INTO t VALUES (1, '{\"k\": 1}', '{1,2}'); "
                  "SELECT * FROM t; UPDATE t SET a = 2")
    equal([s for *_, s in got], ["SELECT 1", "CREATE TABLE", "INSERT 0 1", "SELECT 1", "UPDATE 1"])
    equal(got[0][1:3], ([(1, None)], ["a", "b"]))
    equal(got[3][1], [(1, '{"k": 1}', [1, 2])])
    plan = next(iter(ex.run("SELECT * FROM t", PGSpecial(), explain_mode=True)))
    assert "Plan" in str(list(plan[1])), plan
    run(ex, "BEGIN")
    try:
        list(ex.run("SELECT 1/0", PGSpecial()))
    except psycopg.Error as e:
        equal(e.sqlstate, "22012")
    assert ex.failed_transaction()
    run(ex, "ROLLBACK")
    assert not ex.failed_transaction()
    text = run(ex, "\\copy (SELECT 1, 'x') TO '%s' CSV" % os.path.abspath("copied"))
    equal((len(text), open("copied", encoding="utf-8").read()), (1, "1,x\n"))


def notifications():
    got = []
    ex = PGExecute(dsn=URL, notify_callback=got.append)
    run(ex, "LISTEN cli; NOTIFY cli, 'hi'")
    run(ex, "SELECT 1")
    equal([(n.channel, n.payload) for n in got], [("cli", "hi")])


def program(*args):
    p = subprocess.run([*PGCLI, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                       env=dict(os.environ, PAGER="cat", HOME=os.getcwd()))
    return p.returncode, p.stdout.decode()


def batch():
    status, text = program(URL, "--list")
    assert status == 0 and "postgres" in text, text
    status, text = program(SECURE, "-c", "SELECT 40 + 2 AS answer", "-c", "\\dt cli.*")
    assert status == 0 and "42" in text and "plain" in text, text
    status, text = program(URL, "--ping")
    assert status == 0 and "PONG" in text, text


def terminal():
    env = dict(os.environ, PAGER="cat", TERM="xterm", HOME=os.getcwd(), PROMPT_TOOLKIT_NO_CPR="1")
    child = pexpect.spawn(PGCLI[0], [*PGCLI[1:], "--prompt", "READY> ", "--less-chatty", URL], env=env, timeout=60, dimensions=(50, 160))
    try:
        child.expect("READY>")
        child.send("SELECT 40 + 2 AS answer;\r")
        child.expect(r"\b42\b")
        child.expect("SELECT 1")
        child.send("\\d cli.parent\r")
        child.expect("child_parent_id_fkey")
        child.send("SELECT count(*) FROM generate_series(1, 10000000000) g;\r")
        time.sleep(1)
        child.sendintr()
        child.expect("cancel+ed query")
        child.send("SELECT nope;\r")
        child.expect('column "nope" does not exist')
        child.send("SELECT 'still ' || 'there';\r")
        child.expect("still there")
        child.send("\\q\r")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)


attempt("login by URL, over TLS with a password", login)
attempt("completion", completion)
attempt("completion in the background", refresher)
attempt("backslash commands", backslash)
attempt("statements and errors", statements)
attempt("notifications", notifications)
attempt("command line", batch)
attempt("terminal", terminal)
finish()
