"""asyncpg: binary everything, prepared statements, introspection of types, cursors, COPY, pools."""
import asyncio
import datetime
import decimal
import io
import ipaddress
import os
import uuid

import asyncpg

from report import LOGIN, attempt_async, equal, finish, secure_url

DSN = os.environ["DATABASE_URL"]
UTC = datetime.timezone.utc


async def with_connection(fn):
    c = await asyncpg.connect(DSN)
    try:
        await fn(c)
    finally:
        await c.close()


async def types(c):
    for name, v in (
            ("bool", False), ("int2", -32768), ("int4", 7), ("int8", 2**62), ("float4", 0.5), ("float8", -1e300),
            ("numeric", decimal.Decimal("123456789012345678901234567890.000001")), ("text", "\u20ac"), ("varchar(9)", "v"),
            ("bytea", b"\0\xfe"), ("date", datetime.date(1900, 1, 1)), ("time", datetime.time(1, 2, 3, 4)),
            ("timestamp", datetime.datetime(2026, 1, 2, 3, 4, 5, 6)), ("timestamptz", datetime.datetime(1960, 1, 1, tzinfo=UTC)),
            ("interval", datetime.timedelta(days=400, seconds=3)), ("uuid", uuid.uuid4()), ("inet", ipaddress.ip_interface("1.2.3.4/8")),
            ("jsonb", '{"a": 1}'), ("json", '[1, 2]'), ("int4[]", [1, None, 3]), ("text[]", [["a", "b"], ["c", None]]),
            ("int8range", asyncpg.Range(1, 9)), ("bit(5)", asyncpg.BitString("10110")), ("point", asyncpg.Point(1, -2.5)),
            ("oid", 2**32 - 1), ("name", "n")):
        equal(await c.fetchval("SELECT $1::" + name, v), v)
        equal(await c.fetchval("SELECT NULL::" + name), None)


async def login():
    async def ask(url):
        c = await asyncpg.connect(url)
        try:
            return tuple(await c.fetchrow(LOGIN))
        finally:
            await c.close()
    equal(await ask(secure_url()), ("secure", True))
    for url, error in ((secure_url(sslmode="disable"), asyncpg.InvalidAuthorizationSpecificationError),
                       (secure_url().replace("p%40ss", "pass"), asyncpg.InvalidPasswordError)):
        try:
            await ask(url)
        except error:
            continue
        raise AssertionError("let in: " + url)


async def retries():
    async with asyncpg.create_pool(DSN, min_size=1, max_size=4) as pool:
        await pool.execute("DROP TABLE IF EXISTS apg_counter; CREATE TABLE apg_counter AS SELECT 0 AS n")

        async def add():
            while True:
                try:
                    async with pool.acquire() as c, c.transaction(isolation="serializable"):
                        n = await c.fetchval("SELECT n FROM apg_counter")
                        await c.execute("UPDATE apg_counter SET n = $1", n + 1)
                    return
                except asyncpg.SerializationError:
                    pass

        await asyncio.gather(*[add() for _ in range(20)])
        equal(await pool.fetchval("SELECT n FROM apg_counter"), 20)


async def own_types(c):
    await c.execute("DROP TYPE IF EXISTS apg_pair, apg_mood CASCADE; CREATE TYPE apg_mood AS ENUM ('low', 'high'); "
                    "CREATE TYPE apg_pair AS (a int, b apg_mood); DROP DOMAIN IF EXISTS apg_dom; CREATE DOMAIN apg_dom AS int CHECK (value > 0)")
    equal(await c.fetchval("SELECT $1::apg_mood", "high"), "high")
    equal(tuple(await c.fetchval("SELECT $1::apg_pair", (1, "low"))), (1, "low"))
    equal([tuple(x) for x in await c.fetchval("SELECT ARRAY[(1, 'low')::apg_pair, (2, 'high')::apg_pair]")], [(1, "low"), (2, "high")])
    equal(await c.fetchval("SELECT $1::apg_dom", 5), 5)
    await c.set_type_codec("apg_mood", encoder=str.lower, decoder=str.upper, format="text")
    equal(await c.fetchval("SELECT 'low'::apg_mood"), "LOW")
    await c.reset_type_codec("apg_mood")


async def statements(c):
    s = await c.prepare("SELECT $1::int + $2 AS n, relname FROM pg_class ORDER BY 2 LIMIT 1")
    equal([p.name for p in s.get_parameters()], ["int4", "int4"])
    equal([(a.name, a.type.name) for a in s.get_attributes()], [("n", "int4"), ("relname", "name")])
    equal((await s.fetchrow(1, 2))["n"], 3)
    await c.execute("CREATE TEMP TABLE st (id serial PRIMARY KEY, v text)")
    await c.executemany("INSERT INTO st (v) VALUES ($1)", [(str(i),) for i in range(1000)])
    equal(await c.fetchval("SELECT count(*) FROM st"), 1000)
    equal(await c.execute("DELETE FROM st WHERE id <= 10"), "DELETE 10")
    async with c.transaction():
        total = 0
        async for r in c.cursor("SELECT id FROM st ORDER BY id", prefetch=100):
            total += r["id"]
        equal(total, sum(range(11, 1001)))
        cur = await c.cursor("SELECT id FROM st ORDER BY id")
        await cur.forward(5)
        equal((await cur.fetchrow())["id"], 16)


async def transactions(c):
    await c.execute("CREATE TEMP TABLE tx (a int UNIQUE)")
    async with c.transaction(isolation="serializable", readonly=False):
        await c.execute("INSERT INTO tx VALUES (1)")
        try:
            async with c.transaction():
                await c.execute("INSERT INTO tx VALUES (1)")
        except asyncpg.UniqueViolationError as e:
            equal(e.constraint_name, "tx_a_key")
    equal(await c.fetchval("SELECT count(*) FROM tx"), 1)
    try:
        async with c.transaction(readonly=True):
            await c.execute("CREATE TABLE never (a int)")
    except asyncpg.ReadOnlySQLTransactionError:
        pass


async def copying(c):
    await c.execute("CREATE TEMP TABLE cp (a int, b text, c timestamptz)")
    when = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    equal(await c.copy_records_to_table("cp", records=[(i, None, when) for i in range(500)]), "COPY 500")
    out = io.BytesIO()
    equal(await c.copy_from_query("SELECT a FROM cp WHERE a < $1 ORDER BY a", 3, output=out, format="csv"), "COPY 3")
    equal(out.getvalue(), b"0\n1\n2\n")
    equal(await c.copy_to_table("cp", source=io.BytesIO(b"7,x\n"), columns=["a", "b"], format="csv"), "COPY 1")


async def others(c):
    got = asyncio.Queue()
    await c.add_listener("apg", lambda *a: got.put_nowait(a[2:]))
    other = await asyncpg.connect(DSN)
    await other.execute("NOTIFY apg, 'x'")
    equal(await asyncio.wait_for(got.get(), 10), ("apg", "x"))
    notices = []
    c.add_log_listener(lambda _, m: notices.append(m.message))
    await c.execute("DROP TABLE IF EXISTS not_there")
    await asyncio.sleep(0.1)
    equal(notices, ['table "not_there" does not exist, skipping'])
    try:
        await c.execute("SELECT pg_sleep(20)", timeout=0.2)
        raise AssertionError("no timeout")
    except asyncio.TimeoutError:
        pass
    equal(await c.fetchval("SELECT 1"), 1)
    await other.close()
    await c.reset()
    equal(c.get_server_version()[0], 15)


async def extension_types(c):
    await c.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    await c.execute("CREATE EXTENSION IF NOT EXISTS citext")
    await c.set_builtin_type_codec("hstore", codec_name="pg_contrib.hstore")
    equal(await c.fetchval("SELECT $1::hstore", {"a": "1", "b": None}), {"a": "1", "b": None})
    equal(await c.fetchval("SELECT $1::hstore || 'c=>d'", {"a": "\xe9"}), {"a": "\xe9", "c": "d"})
    equal(await c.fetchval("SELECT $1::hstore[]", [{"a": "1"}, {}]), [{"a": "1"}, {}])
    equal(await c.fetchval("SELECT $1::citext", "Ab"), "Ab")
    equal(await c.fetchval("SELECT 'AB' = ANY ($1::citext[])", ["x", "aB"]), True)


async def pool():
    async with asyncpg.create_pool(DSN, min_size=2, max_size=6) as p:
        equal(sorted(await asyncio.gather(*[p.fetchval("SELECT $1::int", i) for i in range(40)])), list(range(40)))


async def main():
    for fn in (types, own_types, extension_types, statements, transactions, copying, others):
        await attempt_async(fn.__name__.replace("_", " "), with_connection, fn)
    for fn in (pool, login, retries):
        await attempt_async(fn.__name__, fn)


asyncio.run(main())
finish()
