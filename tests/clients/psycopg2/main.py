"""psycopg2: its idioms, types, cursors, COPY, errors, notifications."""
import datetime
import decimal
import io
import os
import select
import uuid

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool

from report import LOGIN, attempt, equal, finish, logs_in, retried

UTC = datetime.timezone.utc


def connect(**kwargs):
    return psycopg2.connect(os.environ["DATABASE_URL"], **kwargs)


def one(sql, *args):
    with connect() as c, c.cursor() as cur:
        cur.execute(sql, args or None)
        return cur.fetchone()[0]


def login():
    def ask(url):
        c = psycopg2.connect(url)
        with c, c.cursor() as cur:
            cur.execute(LOGIN)
            return cur.fetchone()
    logs_in(ask, psycopg2.OperationalError)


def retries():
    with connect() as c, c.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS psycopg2_counter; CREATE TABLE psycopg2_counter AS SELECT 0 AS n")
    pool = psycopg2.pool.ThreadedConnectionPool(1, 4, os.environ["DATABASE_URL"])

    def add():
        c = pool.getconn()
        try:
            c.set_session("REPEATABLE READ")
            with c, c.cursor() as cur:
                cur.execute("SELECT n FROM psycopg2_counter")
                cur.execute("UPDATE psycopg2_counter SET n = %s", [cur.fetchone()[0] + 1])
        finally:
            pool.putconn(c)

    done = retried(add, lambda e: isinstance(e, psycopg2.errors.SerializationFailure))
    equal((done, one("SELECT n FROM psycopg2_counter")), (20, 20))
    pool.closeall()


def types():
    values = [True, 7, -2**62, 1.5, decimal.Decimal("12345678901234567890.000000000123"), "h\xe9 'quoted' \\",
              datetime.date(1969, 12, 31), datetime.time(23, 59, 59, 999999), datetime.datetime(2026, 2, 28, 1, 2, 3, 4),
              datetime.datetime(1901, 1, 1, tzinfo=UTC), datetime.timedelta(days=3, seconds=-5), [1, None, 3],
              [["a"], ["b"]], None]
    for v in values:
        cast = "::timestamptz" if getattr(v, "tzinfo", None) else ""
        equal(one("SELECT %s" + cast, v), v)
    equal(bytes(one("SELECT %s", psycopg2.Binary(b"\0\xff'\\"))), b"\0\xff'\\")
    psycopg2.extras.register_uuid()
    u = uuid.UUID("12345678-1234-5678-1234-567812345678")
    equal(one("SELECT %s", u), u)
    equal(one("SELECT %s::jsonb", psycopg2.extras.Json({"a": [1, None, "x"]})), {"a": [1, None, "x"]})
    r = psycopg2.extras.NumericRange(1, 5)
    equal(one("SELECT %s::int4range", r), r)
    equal(one("SELECT %s::inet::text", "10.0.0.1/24"), "10.0.0.1/24")


def composite():
    with connect() as c, c.cursor() as cur:
        cur.execute("CREATE TYPE pair_pg2 AS (a int, b text)")
        psycopg2.extras.register_composite("pair_pg2", cur)
        cur.execute("SELECT (1, 'x')::pair_pg2, ARRAY[(2, NULL)::pair_pg2]")
        got = cur.fetchone()
        equal((got[0].a, got[0].b, got[1][0].a, got[1][0].b), (1, "x", 2, None))
        c.rollback()


def extension_types():
    with connect() as c, c.cursor() as cur:
        cur.execute("CREATE EXTENSION IF NOT EXISTS hstore")
        cur.execute("CREATE EXTENSION IF NOT EXISTS citext")
        c.commit()
        psycopg2.extras.register_hstore(c)
        cur.execute("SELECT %s, ARRAY['a=>1'::hstore], %s::hstore -> 'b \"q\"'", ({"k": "v\\", "n": None}, {'b "q"': "x"}))
        equal(cur.fetchone(), ({"k": "v\\", "n": None}, [{"a": "1"}], "x"))
        cur.execute("SELECT %s::citext, 'Ab'::citext = %s, 'Ab'::citext IN %s", ("Ab", "aB", ("x", "AB")))
        equal(cur.fetchone(), ("Ab", True, True))


def cursors():
    with connect() as c, c.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cur:
        cur.execute("SELECT 1 AS a, 'x' AS b")
        equal(dict(cur.fetchone()), {"a": 1, "b": "x"})
    with connect() as c, c.cursor() as cur:
        psycopg2.extras.execute_values(cur, "SELECT * FROM (VALUES %s) v (a, b)", [(i, str(i)) for i in range(250)])
        equal(cur.rowcount, 50)  # of the last page
        cur.execute("SELECT a.oid, a.* FROM pg_class a LIMIT 0")
        equal(cur.description[0].type_code, 26)
    with connect() as c, c.cursor("named", scrollable=True) as cur:
        cur.itersize = 100
        cur.execute("SELECT i FROM generate_series(1, 1000) i")
        equal(sum(row[0] for row in cur), 500500)
        cur.scroll(0, mode="absolute")
        equal(cur.fetchmany(2), [(1,), (2,)])
    with connect() as c, c.cursor("held", withhold=True) as cur:
        cur.execute("SELECT i FROM generate_series(1, 3) i")
        c.commit()
        equal(cur.fetchall(), [(1,), (2,), (3,)])


def copy():
    with connect() as c, c.cursor() as cur:
        cur.execute("CREATE TEMP TABLE copied (a int, b text)")
        cur.copy_expert("COPY copied FROM STDIN (FORMAT csv, HEADER)", io.StringIO("a,b\n1,one\n2,\"t,wo\"\n3,\n"))
        cur.copy_from(io.StringIO("4\tfour\n5\t\\N\n"), "copied", columns=("a", "b"))
        out = io.StringIO()
        cur.copy_to(out, "copied", sep="|")
        equal(out.getvalue(), "1|one\n2|t,wo\n3|\\N\n4|four\n5|\\N\n")
        equal(cur.rowcount, 5)


def errors():
    c = connect()
    cur = c.cursor()
    cur.execute("CREATE TEMP TABLE e (a int PRIMARY KEY, b int NOT NULL CONSTRAINT positive CHECK (b > 0))")
    c.commit()
    for sql, error, column, constraint in (
            ("INSERT INTO e VALUES (1, NULL)", psycopg2.errors.NotNullViolation, "b", None),
            ("INSERT INTO e VALUES (1, -1)", psycopg2.errors.CheckViolation, None, "positive"),
            ("INSERT INTO e VALUES (1, 1), (1, 2)", psycopg2.errors.UniqueViolation, None, "e_pkey"),
            ("SELECT 1/0", psycopg2.errors.DivisionByZero, None, None),
            ("SELECT * FROM nowhere", psycopg2.errors.UndefinedTable, None, None),
            ("SELEC 1", psycopg2.errors.SyntaxError, None, None),
            ("SELECT 'x'::int", psycopg2.errors.InvalidTextRepresentation, None, None)):
        try:
            cur.execute(sql)
            raise AssertionError("no error of: " + sql)
        except error as e:
            equal((e.diag.column_name, e.diag.constraint_name), (column, constraint))
        equal(c.get_transaction_status(), psycopg2.extensions.TRANSACTION_STATUS_INERROR)
        c.rollback()
    c.close()


def serialization():
    a, b = connect(), connect()
    with a, a.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS pg2_counter; CREATE TABLE pg2_counter (n int); INSERT INTO pg2_counter VALUES (0)")
    for c in (a, b):
        c.set_session(isolation_level="SERIALIZABLE")
    first, second = a.cursor(), b.cursor()
    first.execute("SELECT n FROM pg2_counter")
    second.execute("SELECT n FROM pg2_counter")
    first.execute("UPDATE pg2_counter SET n = n + 1")
    a.commit()
    try:
        second.execute("UPDATE pg2_counter SET n = n + 1")
        b.commit()
        raise AssertionError("both committed")
    except psycopg2.errors.SerializationFailure:
        b.rollback()
    second.execute("UPDATE pg2_counter SET n = n + 1 RETURNING n")
    equal(second.fetchone()[0], 2)
    b.commit()
    for c in (a, b):
        c.close()


def notifications():
    a, b = connect(), connect()
    for c in (a, b):
        c.autocommit = True
    a.cursor().execute("LISTEN pg2")
    b.cursor().execute("NOTIFY pg2, 'hello'")
    select.select([a], [], [], 10)
    a.poll()
    equal([(n.channel, n.payload, n.pid) for n in a.notifies], [("pg2", "hello", b.info.backend_pid)])
    for c in (a, b):
        c.close()


def timeouts():
    with connect(options="-c statement_timeout=100") as c, c.cursor() as cur:
        try:
            cur.execute("SELECT pg_sleep(10)")
            raise AssertionError("no timeout")
        except psycopg2.errors.QueryCanceled:
            c.rollback()
    c = connect()
    c.autocommit = True
    c.cursor().execute("SET lock_timeout = '50ms'")
    with connect() as holder, holder.cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS pg2_locked; CREATE TABLE pg2_locked (a int)")
        holder.commit()
        cur.execute("LOCK pg2_locked")
        try:
            c.cursor().execute("SELECT * FROM pg2_locked")
            raise AssertionError("no timeout")
        except psycopg2.errors.LockNotAvailable:
            pass
        holder.rollback()
    c.close()


def two_phase_is_refused():
    c = connect()
    c.tpc_begin(c.xid(1, "global", "branch"))
    c.cursor().execute("SELECT 1")
    try:
        c.tpc_prepare()
        c.tpc_rollback()
    except psycopg2.errors.ObjectNotInPrerequisiteState:  # max_prepared_transactions is 0
        pass
    except psycopg2.errors.FeatureNotSupported:
        pass
    c.close()


def large_objects():
    with connect() as c:
        lo = c.lobject(0, "wb")
        for i in range(100):
            lo.write(bytes([i]) * 5000)
        lo.close()
        lo = c.lobject(lo.oid, "rb")
        equal(lo.seek(4990), 4990)
        equal(lo.read(20), b"\0" * 10 + b"\1" * 10)
        equal(lo.seek(0, 2), 500000)
        text = c.lobject(0, "wt")
        text.write("h\xe9llo")
        text.seek(0)
        equal(text.read(), "h\xe9llo")
        text.truncate(1)
        text.seek(0)
        equal(text.read(), "h")
        text.unlink()
        lo.unlink()
        try:
            c.lobject(lo.oid, "rb")
            raise AssertionError("it is still there")
        except psycopg2.OperationalError as e:
            equal("does not exist" in str(e), True)


def pooled():
    pool = psycopg2.pool.ThreadedConnectionPool(1, 4, os.environ["DATABASE_URL"])
    held = [pool.getconn() for _ in range(4)]
    for c in held:
        c.cursor().execute("SELECT 1")
        pool.putconn(c)
    pool.closeall()


def main():
    for fn in (login, retries, types, composite, extension_types, cursors, copy, errors, serialization, notifications, timeouts, two_phase_is_refused,
               large_objects, pooled):
        attempt(fn.__name__, fn)
    finish()


main()
