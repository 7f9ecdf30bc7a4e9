"""The ADBC PostgreSQL driver: Arrow tables by COPY BINARY both ways, its own types and metadata."""
import datetime
import os
import threading
import time
import urllib.parse
import uuid

import adbc_driver_manager
import adbc_driver_postgresql
import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from report import attempt, equal, finish

URL = os.environ["DATABASE_URL"]
SECURE = "%s?sslmode=verify-full&sslrootcert=%s" % (
    os.environ["SECURE_URL"], urllib.parse.quote(os.environ["SECURE_CA"], safe=""))
UTC = datetime.timezone.utc


def connected(fn):
    def run():
        with adbc.connect(URL) as c, c.cursor() as cur:
            fn(c, cur)
    return run


def fails(sqlstate, fn, *args):
    try:
        fn(*args)
    except adbc.Error as e:
        equal(e.sqlstate, sqlstate)
    else:
        raise AssertionError("no error")


def refused(text, fn, *args):
    """Where the driver keeps the SQLSTATE for itself."""
    try:
        fn(*args)
    except adbc.Error as e:
        assert text in str(e), e
    else:
        raise AssertionError("no error")


def one(cur, sql, *values):
    cur.execute(sql, values or None)
    return cur.fetch_arrow_table().column(0)[0].as_py()


def login():
    with adbc.connect(SECURE) as c, c.cursor() as cur:
        cur.execute("SELECT current_user::text, ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        equal(cur.fetchone()[:2], ("secure", True))
    refused("rejects connection", adbc.connect, os.environ["SECURE_URL"] + "?sslmode=disable")


READ = [
    ("true", True), ("1::int2", 1), ("-7::int4", -7), ("9007199254740993::int8", 9007199254740993), ("0.25::float4", 0.25),
    ("'NaN'::float8 = 'NaN'", True), ("1e-300::float8", 1e-300), ("'it''s é'::text", "it's é"), ("'v'::varchar(3)", "v"),
    ("'c'::char(3)", "c  "), ("'n'::name", "n"), ("'\\x00ff'::bytea", b"\0\xff"), ("123456789.0123::numeric", "123456789.0123"),
    ("'-0.00001'::numeric", "-0.00001"), ("1e20::numeric", "100000000000000000000"),
    ("date '0044-02-03'", datetime.date(44, 2, 3)), ("time '01:02:03.004005'", datetime.time(1, 2, 3, 4005)),
    ("timestamp '2026-02-03 04:05:06.000007'", datetime.datetime(2026, 2, 3, 4, 5, 6, 7)),
    ("timestamptz '2026-02-03 04:05:06+02'", datetime.datetime(2026, 2, 3, 2, 5, 6, tzinfo=UTC)),
    ("interval '1 mon 2 days 00:00:03'", pa.MonthDayNano([1, 2, 3 * 10**9])), ("ARRAY[1, NULL, 3]", [1, None, 3]),
    ("ARRAY['a,b', '\"', '']", ["a,b", '"', ""]), ("'{}'::float8[]", []), ("'{\"a\": [1, null]}'::json", '{"a": [1, null]}'),
    ("'{\"b\":{}}'::jsonb", '{"b": {}}'), ("12::oid", 12), ("'x'::\"char\"", "x"),
    ("'b0000000-0000-0000-0000-00000000000a'::uuid", uuid.UUID("b0000000-0000-0000-0000-00000000000a")),
]


def reading(_, cur):
    for sql, want in READ:
        equal((sql, one(cur, "SELECT " + sql)), (sql, want))
    for kind in ("bool", "int2", "int8", "float4", "text", "bytea", "numeric", "date", "time", "timestamp", "timestamptz", "interval",
                 "int4[]", "text[]", "jsonb", "uuid"):
        equal(one(cur, "SELECT NULL::" + kind), None)
    cur.execute("SELECT NULL::int AS a, g AS b, g::text AS c FROM generate_series(1, 100000) g")
    rows = batches = 0
    for batch in cur.fetch_record_batch():
        rows, batches = rows + batch.num_rows, batches + 1
    equal(rows, 100000)


def parameters(_, cur):
    for cast, value in [("bool", True), ("int8", -2**62), ("int4", 7), ("float8", 1.5), ("text", "it's é"), ("bytea", b"\0\xff"),
                        ("date", datetime.date(2026, 1, 2)), ("timestamp", datetime.datetime(2026, 1, 2, 3, 4, 5, 6)),
                        ("int8[]", [1, 2, 3])]:
        equal(one(cur, "SELECT $1::" + cast, value), value)
        equal(one(cur, "SELECT $1::%s IS NULL" % cast, None), True)
    cur.execute("CREATE TEMP TABLE p (id int8, v text)")
    cur.executemany("INSERT INTO p VALUES ($1, $2)", [(i, None if i % 2 else str(i)) for i in range(100)])
    cur.execute("SELECT count(*), count(v), sum(id)::int8 FROM p")
    equal(cur.fetchone(), (100, 50, 4950))
    cur.execute("SELECT id, v FROM p WHERE id = $1", (4,))
    equal(cur.fetchall(), [(4, "4")])


TABLE = pa.table({
    "b": pa.array([True, None, False]), "i2": pa.array([1, None, -3], pa.int16()), "i4": pa.array([1, None, -3], pa.int32()),
    "i8": pa.array([2**62, None, -3]), "f4": pa.array([0.5, None, -1.5], pa.float32()), "f8": pa.array([1e-300, None, -1e300]),
    "s": pa.array(["it's é", None, ""]), "x": pa.array([b"\0\xff", None, b""]),
    "d": pa.array([datetime.date(2026, 1, 2), None, datetime.date(1, 1, 1)]),
    "t": pa.array([datetime.time(1, 2, 3, 4), None, datetime.time(0)], pa.time64("us")),
    "ts": pa.array([datetime.datetime(2026, 1, 2, 3, 4, 5, 6), None, datetime.datetime(1970, 1, 1)], pa.timestamp("us")),
    "tz": pa.array([datetime.datetime(2026, 1, 2, tzinfo=UTC), None, datetime.datetime(1970, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
    "iv": pa.array([pa.MonthDayNano([1, 2, 3000]), None, pa.MonthDayNano([-1, 0, 0])]),
    "l": pa.array([[1, None], None, []], pa.list_(pa.int32())), "ls": pa.array([["a", '"'], None, []], pa.list_(pa.string())),
    "n": pa.array(["1.50", None, "-2.25"]).cast(pa.decimal128(10, 2)),
})


def ingest(c, cur):
    cur.execute("DROP TABLE IF EXISTS adbc_in")
    c.commit()
    equal(cur.adbc_ingest("adbc_in", TABLE, mode="create"), 3)
    c.commit()
    cur.execute("SELECT * FROM adbc_in")
    back = cur.fetch_arrow_table()
    for name in TABLE.column_names:
        want = TABLE.column(name).to_pylist()
        equal((name, back.column(name).to_pylist()), (name, ["1.5", None, "-2.25"] if name == "n" else want))
    equal(cur.adbc_ingest("adbc_in", TABLE.slice(0, 1), mode="append"), 1)
    equal(one(cur, "SELECT count(*) FROM adbc_in"), 4)
    refused('relation "adbc_in" already exists', cur.adbc_ingest, "adbc_in", TABLE, "create")
    c.rollback()
    equal(cur.adbc_ingest("adbc_in", TABLE, mode="replace"), 3)
    equal(cur.adbc_ingest("adbc_in", TABLE.slice(1), mode="create_append"), 2)
    equal(cur.adbc_ingest("adbc_temp", TABLE.select(["i4"]), mode="create", temporary=True), 3)
    c.commit()
    cur.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'adbc_in' ORDER BY ordinal_position")
    equal([kind for _, kind in cur.fetchall()], [
        "boolean", "smallint", "integer", "bigint", "real", "double precision", "text", "bytea", "date", "time without time zone",
        "timestamp without time zone", "timestamp with time zone", "interval", "ARRAY", "ARRAY", "numeric"])
    many = pa.table({"a": pa.array(range(50000)), "s": pa.array(["row %d" % i for i in range(50000)])})
    equal(cur.adbc_ingest("adbc_many", many, mode="replace"), 50000)
    equal(one(cur, "SELECT count(DISTINCT s) FROM adbc_many WHERE s = 'row ' || a"), 50000)
    c.commit()


def metadata(c, cur):
    cur.execute("DROP SCHEMA IF EXISTS adbc CASCADE")
    cur.execute("CREATE SCHEMA adbc")
    cur.execute("CREATE TABLE adbc.parent (a int PRIMARY KEY, b text UNIQUE, CHECK (a > 0))")
    cur.execute("CREATE TABLE adbc.child (id int, a int CONSTRAINT child_parent REFERENCES adbc.parent, n numeric(10,2) NOT NULL, "
                "PRIMARY KEY (id, a))")
    cur.execute("CREATE VIEW adbc.v AS SELECT a FROM adbc.parent")
    c.commit()
    info = c.adbc_get_info()
    equal((info["vendor_name"], info["driver_name"]), ("PostgreSQL", "ADBC PostgreSQL Driver"))
    assert info["vendor_version"].startswith("15"), info
    objects = c.adbc_get_objects(catalog_filter="postgres", db_schema_filter="adbc").read_all().to_pylist()
    tables = {t["table_name"]: t for o in objects for s in o["catalog_db_schemas"] for t in s["db_schema_tables"]}
    equal({n: t["table_type"] for n, t in tables.items() if t["table_type"] != "index"}, {"parent": "table", "child": "table", "v": "view"})
    equal([x["column_name"] for x in tables["child"]["table_columns"]], ["id", "a", "n"])
    constraints = {x["constraint_name"]: x for x in tables["child"]["table_constraints"]}
    equal(constraints["child_pkey"]["constraint_column_names"], ["id", "a"])
    usage = constraints["child_parent"]["constraint_column_usage"]
    equal([(u["fk_db_schema"], u["fk_table"], u["fk_column_name"]) for u in usage], [("adbc", "parent", "a")])
    equal({x["constraint_type"] for x in tables["parent"]["table_constraints"]}, {"PRIMARY KEY", "UNIQUE", "CHECK"})
    schema = c.adbc_get_table_schema("child", db_schema_filter="adbc")
    equal((schema.names, schema.field("id").type), (["id", "a", "n"], pa.int32()))
    assert {"table", "view", "materialized_view", "partitioned_table"} <= set(c.adbc_get_table_types())
    equal(c.adbc_current_catalog, "postgres")
    equal(c.adbc_current_db_schema, "public")
    cur.execute("INSERT INTO adbc.parent SELECT g, g::text FROM generate_series(1, 1000) g")
    cur.execute("ANALYZE adbc.parent")
    c.commit()
    cur.execute("SELECT id, n FROM adbc.child")
    equal(cur.description[1][0], "n")
    equal(cur.adbc_execute_schema("SELECT 1::int8 AS a, 'x'::text AS b"), pa.schema([("a", pa.int64()), ("b", pa.string())]))


def errors(c, cur):
    for sqlstate, sql in [("22012", "SELECT 1/0"), ("42P01", "SELECT * FROM adbc_no_such"), ("42601", "SELEC 1"), ("42703", "SELECT nope")]:
        fails(sqlstate, lambda sql=sql: (cur.execute(sql), cur.fetchall()))
        c.rollback()
    cur.execute("DROP TABLE IF EXISTS adbc_u")
    cur.execute("CREATE TABLE adbc_u (a int PRIMARY KEY)")
    cur.execute("INSERT INTO adbc_u VALUES (1)")
    c.commit()
    fails("23505", cur.execute, "INSERT INTO adbc_u VALUES (1)")
    refused("the connection is in an error state", lambda: (cur.execute("SELECT 2"), cur.fetchall()))
    c.rollback()
    cur.execute("SET statement_timeout = '50ms'")
    fails("57014", lambda: (cur.execute("SELECT pg_sleep(30)::text"), cur.fetchall()))
    c.rollback()
    try:
        cur.execute("INSERT INTO adbc_u VALUES (1)")
    except adbc.Error as e:
        details = {k.lower(): v for k, v in e.details}
        assert any(b"adbc_u_pkey" in v for v in details.values()), details
    c.rollback()


def retries(c, cur):
    cur.execute("DROP TABLE IF EXISTS adbc_counter")
    cur.execute("CREATE TABLE adbc_counter (n int)")
    cur.execute("INSERT INTO adbc_counter VALUES (0)")
    c.commit()
    problems = []

    def work():
        with adbc.connect(URL, conn_kwargs={"adbc.connection.transaction.isolation_level":
                                            "adbc.connection.transaction.isolation.repeatable_read"}) as mine, mine.cursor() as m:
            for _ in range(10):
                while True:
                    try:
                        m.execute("UPDATE adbc_counter SET n = n + 1")
                        mine.commit()
                        break
                    except adbc.Error as e:
                        mine.rollback()
                        if e.sqlstate != "40001":
                            problems.append(e)
                            return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(problems, [])
    c.rollback()
    equal(one(cur, "SELECT n FROM adbc_counter"), 40)
    fails("40001", conflict, c, cur)


def conflict(c, cur):
    """An update of a row that another has changed since the snapshot."""
    c.rollback()
    cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    one(cur, "SELECT n FROM adbc_counter")
    with adbc.connect(URL, autocommit=True) as other, other.cursor() as o:
        o.execute("UPDATE adbc_counter SET n = 0")
    cur.execute("UPDATE adbc_counter SET n = 1")


def cancelling(_, cur):
    timer = threading.Timer(0.3, cur.adbc_cancel)
    start = time.monotonic()
    timer.start()
    try:
        cur.execute("SELECT count(*) FROM generate_series(1, 1000000000) g")
        cur.fetchall()
    except adbc.Error as e:
        equal((e.sqlstate or "57014", e.status_code), ("57014", adbc_driver_manager.AdbcStatusCode.CANCELLED))
    else:
        raise AssertionError("not cancelled")
    assert time.monotonic() - start < 60


def statements(c, cur):
    cur.execute("CREATE TEMP TABLE s (a int)")
    cur.execute("INSERT INTO s SELECT g FROM generate_series(1, 10) g")
    equal(cur.rowcount, 10)
    cur.execute("DELETE FROM s WHERE a < 4")
    equal(cur.rowcount, 3)
    equal(cur.adbc_prepare("SELECT a FROM s WHERE a = $1 AND $2::text IS NOT NULL").types, [pa.int32(), pa.string()])
    cur.adbc_statement.set_options(**{adbc_driver_postgresql.StatementOptions.USE_COPY.value: "false"})
    cur.execute("SELECT a, a::text AS t, ARRAY[a], now() > '2000-01-01' FROM s ORDER BY a")
    equal(cur.fetchone(), (4, "4", [4], True))
    equal(len(cur.fetchall()), 6)
    cur.execute("SHOW server_version_num")
    equal(cur.fetchone()[0][:2], "15")


def own_types():
    with adbc.connect(URL, autocommit=True) as c, c.cursor() as cur:
        cur.execute("DROP TYPE IF EXISTS adbc_mood, adbc_pair CASCADE")
        cur.execute("CREATE TYPE adbc_mood AS ENUM ('low', 'high')")
        cur.execute("CREATE TYPE adbc_pair AS (a int, b text)")
    # Types are read when a database is opened.
    with adbc.connect(URL) as c, c.cursor() as cur:
        equal(one(cur, "SELECT 'high'::adbc_mood"), "high")
        equal(one(cur, "SELECT ROW(1, 'x')::adbc_pair"), {"a": 1, "b": "x"})
        equal(one(cur, "SELECT ARRAY['low'::adbc_mood]"), ["low"])


attempt("login by URL, over TLS with a password", login)
attempt("types read", connected(reading))
attempt("parameters", connected(parameters))
attempt("ingest and fetch", connected(ingest))
attempt("metadata", connected(metadata))
attempt("errors by SQLSTATE", connected(errors))
attempt("retries on 40001", connected(retries))
attempt("cancel", connected(cancelling))
attempt("statements", connected(statements))
attempt("types of one's own", own_types)
finish()
