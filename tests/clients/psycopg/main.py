"""psycopg 3: server-side binding, text and binary, pipelines, COPY, pools, asyncio."""
import asyncio
import datetime
import decimal
import ipaddress
import os
import uuid

import psycopg
from psycopg import errors, sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb
from psycopg.types.range import Range
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from report import LOGIN, attempt, attempt_async, equal, finish, logs_in, retried

DSN = os.environ["DATABASE_URL"]
UTC = datetime.timezone.utc
VALUES = [
    True, 5, 2**31, -2**63, 2**70, 1.25, float("inf"), decimal.Decimal("1e-20"), decimal.Decimal("NaN"), "t\xe9xt",
    b"\0\1\xff", datetime.date(1, 1, 1), datetime.time(1, 2, 3, 4), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999),
    datetime.datetime(2026, 3, 29, 2, 30, tzinfo=UTC), datetime.timedelta(days=-1, microseconds=7),
    uuid.UUID(int=2**127 + 1), ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8"),
    [1, 2, None], [[1.5], [2.5]], [datetime.date(2000, 2, 29)], None]


def types(binary):
    with psycopg.connect(DSN) as c:
        for v in VALUES:
            got = c.execute("SELECT %b" if binary else "SELECT %t", [v], binary=binary).fetchone()[0]
            if v == v or v is None:
                equal(got, v)
            elif got == got:
                raise AssertionError("NaN became %r" % got)
        equal(c.execute("SELECT %s::text[], %s::int4range", [["a,b", "{}", 'q"', None], Range(1, 5)], binary=binary).fetchone(),
              (["a,b", "{}", 'q"', None], Range(1, 5)))
        equal(c.execute("SELECT %s::jsonb", [Jsonb({"k": [1, 2.5, None, "s"]})], binary=binary).fetchone()[0],
              {"k": [1, 2.5, None, "s"]})


def login():
    def ask(url):
        with psycopg.connect(url) as c:
            return c.execute(LOGIN).fetchone()
    logs_in(ask, psycopg.OperationalError)


def retries():
    with psycopg.connect(DSN, autocommit=True) as c:
        c.execute("DROP TABLE IF EXISTS psycopg_counter")
        c.execute("CREATE TABLE psycopg_counter AS SELECT 0 AS n")
    with ConnectionPool(DSN, max_size=4) as pool:
        def add():
            with pool.connection() as c:
                c.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
                n = c.execute("SELECT n FROM psycopg_counter").fetchone()[0]
                c.execute("UPDATE psycopg_counter SET n = %s", [n + 1])
        done = retried(add, lambda e: isinstance(e, errors.SerializationFailure))
        with pool.connection() as c:
            equal(c.execute("SELECT n FROM psycopg_counter").fetchone()[0], done)
    equal(done, 20)


def prepared():
    with psycopg.connect(DSN, prepare_threshold=0) as c:
        c.execute("CREATE TEMP TABLE p (id int PRIMARY KEY, v text)")
        for i in range(20):
            c.execute("INSERT INTO p VALUES (%s, %s)", [i, str(i)])
        c.cursor().executemany("INSERT INTO p VALUES (%s, %s)", [(i, None) for i in range(20, 60)])
        equal(c.execute("SELECT count(*), count(v) FROM p").fetchone(), (60, 20))
        equal(c.execute("SELECT count(*) > 0 FROM pg_prepared_statements").fetchone()[0], True)
        c.execute("ALTER TABLE p ADD COLUMN w int DEFAULT 7")
        equal(c.execute("SELECT * FROM p WHERE id = %s", [3]).fetchone(), (3, "3", 7))


def rows():
    class Person:
        def __init__(self, name, age):
            self.name, self.age = name, age

    with psycopg.connect(DSN) as c:
        p = c.cursor(row_factory=class_row(Person)).execute("SELECT 'x' AS name, 3 AS age").fetchone()
        equal((p.name, p.age), ("x", 3))
        equal(c.cursor(row_factory=dict_row).execute("SELECT 1 AS a").fetchone(), {"a": 1})
        q = sql.SQL("SELECT {} FROM (VALUES (1, 2)) v ({}, b)").format(sql.Identifier("odd name"), sql.Identifier("odd name"))
        equal(c.execute(q).fetchone(), (1,))
        equal([d.type_code for d in c.execute("SELECT 1::int8, 'x'::varchar(5), now()").description], [20, 1043, 1184])
        equal(list(c.cursor().stream("SELECT i FROM generate_series(1, 5) i")), [(i,) for i in range(1, 6)])
        with c.cursor(name="server side") as cur:
            cur.execute("SELECT i FROM generate_series(1, 100) i")
            cur.scroll(50)
            equal(cur.fetchone(), (51,))


def pipelines():
    with psycopg.connect(DSN, autocommit=True) as c:
        c.execute("CREATE TEMP TABLE piped (a int PRIMARY KEY)")
        with c.pipeline():
            cursors = [c.execute("INSERT INTO piped VALUES (%s) RETURNING a", [i]) for i in range(50)]
            equal([cur.fetchone()[0] for cur in cursors], list(range(50)))
        try:
            with c.pipeline() as p:
                c.execute("INSERT INTO piped VALUES (100)")
                c.execute("INSERT INTO piped VALUES (100)")
                c.execute("INSERT INTO piped VALUES (101)")
                p.sync()
            raise AssertionError("no error")
        except errors.UniqueViolation:
            pass
        equal(c.execute("SELECT count(*) FROM piped").fetchone()[0], 50)


def copying():
    with psycopg.connect(DSN) as c:
        c.execute("CREATE TEMP TABLE cp (a int8, b text, c timestamptz, d numeric)")
        when = datetime.datetime(2026, 1, 1, tzinfo=UTC)
        for form in ("", "(FORMAT binary)"):
            with c.cursor().copy("COPY cp FROM STDIN " + form) as copy:
                copy.set_types(["int8", "text", "timestamptz", "numeric"])
                for i in range(1000):
                    copy.write_row((i, "row\t%d" % i if i % 2 else None, when, decimal.Decimal(i) / 8))
            with c.cursor().copy("COPY (SELECT * FROM cp ORDER BY a LIMIT 3) TO STDOUT " + form) as copy:
                copy.set_types(["int8", "text", "timestamptz", "numeric"])
                equal(next(iter(copy.rows())), (0, None, when, decimal.Decimal(0)))
                for _ in copy.rows():
                    pass
        equal(c.execute("SELECT count(*), count(b), sum(d) FROM cp").fetchone(),
              (2000, 1000, decimal.Decimal("124875.000000000000000000000")))


def failures():
    with psycopg.connect(DSN, autocommit=True) as c:
        for statement, error in (("SELECT 1/0", errors.DivisionByZero), ("SELECT * FROM nope", errors.UndefinedTable),
                                 ("SELECT 'x' + 1", errors.InvalidTextRepresentation),
                                 ("SELECT nope FROM pg_class", errors.UndefinedColumn)):
            try:
                c.execute(statement)
                raise AssertionError("no error of " + statement)
            except error as e:
                equal(e.diag.severity, "ERROR")
        with c.transaction():
            c.execute("CREATE TEMP TABLE tx (a int)")
            try:
                with c.transaction():
                    c.execute("INSERT INTO tx VALUES (1)")
                    raise RuntimeError("inner")
            except RuntimeError:
                pass
            c.execute("INSERT INTO tx VALUES (2)")
        equal(c.execute("SELECT array_agg(a) FROM tx").fetchone()[0], [2])


def pool():
    with ConnectionPool(DSN, min_size=2, max_size=5, check=ConnectionPool.check_connection) as p:
        for _ in range(20):
            with p.connection() as c:
                equal(c.execute("SELECT 1").fetchone(), (1,))


async def asynchronous():
    async with AsyncConnectionPool(DSN, min_size=1, max_size=4, open=False) as p:
        async def work(i):
            async with p.connection() as c:
                return (await (await c.execute("SELECT %s::int, pg_sleep(0.01)", [i])).fetchone())[0]
        equal(await asyncio.gather(*[work(i) for i in range(12)]), list(range(12)))
    async with await psycopg.AsyncConnection.connect(DSN, autocommit=True) as c:
        await c.execute("LISTEN psycopg")
        async with await psycopg.AsyncConnection.connect(DSN, autocommit=True) as other:
            await other.execute("SELECT pg_notify('psycopg', 'hi')")
        async for n in c.notifies(timeout=10, stop_after=1):
            equal((n.channel, n.payload), ("psycopg", "hi"))
        task = asyncio.create_task(c.execute("SELECT pg_sleep(30)"))
        await asyncio.sleep(0.2)
        await c.cancel_safe()
        try:
            await task
            raise AssertionError("not cancelled")
        except errors.QueryCanceled:
            pass


def main():
    attempt("TLS and SCRAM", login)
    attempt("retry on 40001", retries)
    attempt("types as text", types, False)
    attempt("types in binary", types, True)
    for fn in (prepared, rows, pipelines, copying, failures, pool):
        attempt(fn.__name__, fn)
    asyncio.run(attempt_async("asyncio", asynchronous))
    finish()


main()
