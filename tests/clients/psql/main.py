"""Every backslash command of psql that reads the catalogs, also with + and S, over a schema that has
something of each kind; and what psql does with results, variables, COPY and errors, logins and retries."""
import subprocess

from report import LOGIN, attempt, equal, finish, logs_in, retried

SETUP = """
DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; SET search_path = shop, public;
CREATE TYPE mood AS ENUM ('low', 'high'); CREATE DOMAIN price AS numeric(8, 2) CHECK (value >= 0);
CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, feels mood DEFAULT 'low',
  tags text[], extra jsonb, CONSTRAINT named UNIQUE (name));
CREATE TABLE orders (id serial PRIMARY KEY, customer bigint REFERENCES customers ON DELETE CASCADE, total price, placed timestamptz DEFAULT now());
CREATE INDEX orders_placed ON orders (placed DESC) INCLUDE (total) WHERE total > 10;
CREATE INDEX customers_tags ON customers USING gin (tags);
CREATE VIEW spending AS SELECT customer, sum(total) FROM orders GROUP BY customer;
CREATE MATERIALIZED VIEW spent AS SELECT count(*) FROM orders;
CREATE SEQUENCE tickets INCREMENT 5;
CREATE FUNCTION double(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE PROCEDURE tidy() LANGUAGE sql AS 'DELETE FROM shop.orders WHERE total IS NULL';
CREATE AGGREGATE addup(int) (sfunc = int4pl, stype = int, initcond = '0');
COMMENT ON TABLE customers IS 'who buys'; COMMENT ON COLUMN customers.name IS 'in full'; COMMENT ON SCHEMA shop IS 'a shop';
"""
WORDS = """d dA dAc dAf dAo dAp da db dC dc dconfig dD dd ddp dE des det deu dew dF dFd dFp dFt df dfa dfn dfp dft dfw
  dg di dl dL dm dn do dO dp drds dRp dRs ds dt du dT dv dx dX dy dP dPi dPt l z lo_list""".split()
ALONE = {"dd", "ddp", "dp", "drds", "lo_list", "z"}  # take neither + nor S
NO_SYSTEM = {"dA", "dF", "dP", "l"}
NAMED = ["d", "d+", "dt", "dt+", "di+", "dv+", "dm+", "ds+", "df+", "da", "dT+", "dD+", "dp", "z", "dd", "dO", "do"]


def psql(*commands, flags=(), stdin=None):
    args = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *flags]
    for c in commands:
        args += ["-c", c]
    p = subprocess.run(args, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       universal_newlines=True, timeout=60, check=False)
    return p.stdout, p.returncode


def succeeds(*commands, **kwargs):
    out, status = psql(*commands, **kwargs)
    if status or "ERROR" in out:
        raise AssertionError(out.strip()[:300] or "status %s" % status)
    return out


def login():
    def ask(url):
        name, ssl = succeeds(LOGIN, flags=["-At", url]).strip().split("|")
        return name, ssl == "t"
    logs_in(ask, AssertionError)


def retries():
    succeeds("DROP TABLE IF EXISTS psql_counter", "CREATE TABLE psql_counter AS SELECT 0 AS n")

    def add():
        succeeds(flags=["-At", "-v", "VERBOSITY=sqlstate"], stdin="""BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT n + 1 AS next FROM psql_counter \\gset
UPDATE psql_counter SET n = :next;
COMMIT;
""")
    done = retried(add, lambda e: "ERROR:  40001" in str(e))
    equal((done, succeeds("SELECT n FROM psql_counter", flags=["-At"]).strip()), (20, "20"))
    succeeds("DROP TABLE psql_counter")


def notifications():
    out = succeeds(flags=["-At"], stdin="LISTEN news;\nNOTIFY news, 'hello';\nSELECT 1;\n")
    equal('Asynchronous notification "news" with payload "hello" received' in out, True)


def timeouts():
    out, status = psql("SET statement_timeout = '50ms'", "SELECT pg_sleep(10)", flags=["-v", "VERBOSITY=sqlstate"])
    equal((out.strip(), status), ("ERROR:  57014", 1))


def describe(command):
    """An answer, be it that there is nothing of that kind."""
    out, status = psql("SET search_path = shop, public", command)
    if "ERROR" in out or status and out.strip():
        raise AssertionError(out.strip()[:300] or "status %s" % status)


def shows(command, *texts):
    out = succeeds("SET search_path = shop, public", command)
    for text in texts:
        if text not in out:
            raise AssertionError("no %r in: %s" % (text, out[:600]))


def objects():
    shows("\\d customers", "generated always as identity", '"named" UNIQUE CONSTRAINT, btree (name)',
          'TABLE "orders" CONSTRAINT "orders_customer_fkey" FOREIGN KEY (customer) REFERENCES customers(id) ON DELETE CASCADE',
          '"customers_tags" gin (tags)', "'low'::mood")
    shows("\\d+ customers", "in full", "Access method: heap")
    shows("\\d orders", '"orders_placed" btree (placed DESC) INCLUDE (total) WHERE total::numeric > 10::numeric')
    shows("\\d+ spending", "View definition:", "GROUP BY orders.customer")
    shows("\\sf double", "CREATE OR REPLACE FUNCTION shop.double(integer)")
    shows("\\sv spending", "CREATE OR REPLACE VIEW shop.spending AS")
    shows("\\df double", "double | integer          | integer             | func")
    shows("\\dT+ mood", "low", "high")
    shows("\\dD price", "numeric(8,2)", "CHECK (VALUE >= 0::numeric)")
    shows("\\dn+ shop", "a shop")
    shows("\\dt+", "who buys", "permanent")
    shows("\\ds+", "tickets", "sequence")
    shows("\\l", "postgres", "UTF8")
    shows("\\du", "Superuser")


def variables():
    out = succeeds(flags=["-At"], stdin="""
SELECT 7 AS seven, 'x' AS x \\gset
\\echo :seven :'x' :"x"
SELECT :seven + 1;
SELECT 1 AS a, NULL AS b \\gx
\\pset null (null)
SELECT NULL;
SELECT 'SELECT ' || i FROM generate_series(1, 2) i \\gexec
\\if :{?seven}
\\echo there
\\endif
SELECT x, y, x * y AS z FROM generate_series(1, 2) x, generate_series(1, 2) y \\crosstabview x y z
SELECT 1.5::numeric AS n, now() AS t \\gdesc
\\conninfo
""")
    for line in ("7 'x' \"x\"", "8", "(null)", "there", "n|numeric", "t|timestamp with time zone"):
        if line not in out.splitlines():
            raise AssertionError("no %r in %s" % (line, out))


def copying():
    out = succeeds(flags=["-At"], stdin="""
CREATE TEMP TABLE c (a int, b text);
\\copy c FROM STDIN WITH (FORMAT csv)
1,one
2,"two, and"
\\.
\\copy (SELECT b, a FROM c ORDER BY a) TO STDOUT
""")
    equal(out, "one\t1\ntwo, and\t2\n")


def errors():
    out, status = psql("SELECT 1 +", flags=["-v", "VERBOSITY=verbose"])
    equal(status, 1)
    equal(out.splitlines()[0], "ERROR:  42601: syntax error at end of input")
    out, status = psql(stdin="SELECT 1/0;\n\\echo :SQLSTATE :ERROR :LAST_ERROR_MESSAGE\n", flags=["-v", "ON_ERROR_STOP=0"])
    equal(out.splitlines()[-1], "22012 true division by zero")


def transactions():
    out = psql(flags=["-At"], stdin="""
\\set ON_ERROR_STOP 0
\\set ON_ERROR_ROLLBACK on
BEGIN;
CREATE TEMP TABLE k (a int);
SELECT nosuch;
INSERT INTO k VALUES (1);
COMMIT;
SELECT count(*) FROM k;
\\set FETCH_COUNT 3
SELECT i FROM generate_series(1, 7) i;
""")[0]
    equal([line for line in out.splitlines() if line.isdigit()], ["1"] + [str(i) for i in range(1, 8)])


def main():
    attempt("schema", succeeds, *[s for s in SETUP.split(";\n") if s.strip()])
    for word in WORDS:
        for suffix in ("", "+", "S", "S+"):
            if not suffix or word not in ALONE and not ("S" in suffix and word in NO_SYSTEM):
                attempt("\\%s%s" % (word, suffix), describe, "\\%s%s" % (word, suffix))
    for word in NAMED:
        attempt("\\%s pattern" % word, describe, "\\%s shop.*" % word)
        attempt("\\%s system pattern" % word, describe, "\\%s pg_catalog.pg_c*" % word)
    attempt("\\dn+ pattern", describe, "\\dn+ sh*")
    for fn in (login, retries, objects, variables, copying, errors, transactions, notifications, timeouts):
        attempt(fn.__name__, fn)
    attempt("timing and encoding", succeeds, "\\timing on", "\\encoding", "\\dconfig work_mem")
    finish()


main()
