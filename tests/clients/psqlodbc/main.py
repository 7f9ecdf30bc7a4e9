"""psqlODBC through pyodbc: logins, values, statements, errors, transactions, catalogs, declared cursors."""
import datetime
import decimal
import os
import urllib.parse

import pyodbc
from report import LOGIN, attempt, equal, finish, logs_in, retried

TEXT = ("DRIVER=PostgreSQL Unicode;SERVER=%(PGHOST)s;PORT=%(PGPORT)s;DATABASE=%(PGDATABASE)s;UID=%(PGUSER)s;" % os.environ)


def connect(more="", autocommit=True):
    return pyodbc.connect(TEXT + more, autocommit=autocommit)


def value(c, sql, *args):
    return c.execute(sql, *args).fetchone()[0]


def login():
    def ask(url):
        u = urllib.parse.urlsplit(url)
        options = dict(urllib.parse.parse_qsl(u.query))
        text = "DRIVER=PostgreSQL Unicode;SERVER=%s;PORT=%s;DATABASE=%s;UID=%s;PWD={%s};SSLmode=%s;pqopt={sslrootcert=%s};" % (
            u.hostname, u.port, u.path[1:], u.username, urllib.parse.unquote(u.password), options.get("sslmode", "prefer"),
            options.get("sslrootcert", ""))
        with pyodbc.connect(text) as c:
            name, ssl = c.execute(LOGIN).fetchone()
            return name, ssl in (True, "1")  # a boolean is text to the driver, unless it is told otherwise
    logs_in(ask, pyodbc.Error)


def retries():
    with connect() as c:
        c.execute("DROP TABLE IF EXISTS odbc_counter")
        c.execute("CREATE TABLE odbc_counter AS SELECT 0 AS n")

    def add():
        c = connect(autocommit=False)
        try:
            c.set_attr(pyodbc.SQL_ATTR_TXN_ISOLATION, pyodbc.SQL_TXN_SERIALIZABLE)
            n = value(c, "SELECT n FROM odbc_counter")
            c.execute("UPDATE odbc_counter SET n = ?", n + 1)
            c.commit()
        finally:
            c.close()

    done = retried(add, lambda e: isinstance(e, pyodbc.Error) and e.args[0] == "40001")
    with connect() as c:
        equal((done, value(c, "SELECT n FROM odbc_counter")), (20, 20))
        c.execute("DROP TABLE odbc_counter")


def limits():
    with connect() as c:
        c.execute("SET statement_timeout = '50ms'")
        try:
            c.execute("SELECT pg_sleep(10)")
        except pyodbc.Error as e:
            equal(e.args[0], "57014")
        else:
            raise AssertionError("no timeout")
        equal(value(c, "SELECT 1"), 1)


def documents():
    with connect() as c:
        equal(value(c, "SELECT (?::jsonb -> 'a') ->> 0", '{"a": [1.50, null]}'), "1.50")
        equal(value(c, "SELECT ?::int[]", "{1,NULL,3}"), "{1,NULL,3}")
        equal(value(c, "SELECT ?::uuid", "6F9619FF-8B86-D011-B42D-00CF4FC964FF").lower(), "6f9619ff-8b86-d011-b42d-00cf4fc964ff")


def values(more):
    with connect(more) as c:
        equal(value(c, "SELECT ?::int + 1", 41), 42)
        equal(value(c, "SELECT ?::text", "it's é"), "it's é")
        equal(value(c, "SELECT ?::text", None), None)
        equal(value(c, "SELECT 9007199254740993::int8"), 9007199254740993)
        equal(value(c, "SELECT 1.50::numeric(10, 2)"), decimal.Decimal("1.50"))
        equal(value(c, "SELECT ?::date", datetime.date(2026, 2, 3)), datetime.date(2026, 2, 3))
        when = datetime.datetime(2026, 2, 3, 4, 5, 6, 789000)
        equal(value(c, "SELECT ?::timestamp", when), when)
        equal(value(c, "SELECT ?::bytea", b"\x00\xff'"), b"\x00\xff'")
        equal(value(c, "SELECT 1.25::float8"), 1.25)


def statements():
    with connect() as c:
        cur = c.cursor()
        cur.execute("CREATE TEMP TABLE t (id serial PRIMARY KEY, v text)")
        cur.executemany("INSERT INTO t (v) VALUES (?)", [("a",), ("b",), (None,)])
        equal(cur.execute("UPDATE t SET v = v || '!' WHERE id < 3").rowcount, 2)
        equal([tuple(r) for r in cur.execute("SELECT * FROM t ORDER BY id")], [(1, "a!"), (2, "b!"), (3, None)])


def errors():
    with connect() as c:
        c.execute("CREATE TEMP TABLE u (a int UNIQUE)")
        c.execute("INSERT INTO u VALUES (1)")
        try:
            c.execute("INSERT INTO u VALUES (1)")
        except pyodbc.IntegrityError as e:
            equal(e.args[0], "23505")
        else:
            raise AssertionError("no error")
        equal(value(c, "SELECT 1"), 1)


def transactions():
    c = connect(autocommit=False)
    c.execute("CREATE TEMP TABLE t (a int)")
    c.commit()
    c.execute("INSERT INTO t VALUES (1)")
    c.rollback()
    c.execute("INSERT INTO t VALUES (2)")
    c.commit()
    equal(value(c, "SELECT sum(a) FROM t"), 2)
    c.close()


def catalogs():
    with connect() as c:
        cur = c.cursor()
        cur.execute("DROP TABLE IF EXISTS odbc_child, odbc_parent")
        cur.execute("CREATE TABLE odbc_parent (a int, b text, PRIMARY KEY (a, b))")
        cur.execute("CREATE TABLE odbc_child (x int NOT NULL, y varchar(9), FOREIGN KEY (x, y) REFERENCES odbc_parent)")
        equal([r.table_name for r in cur.tables(table="odbc_%")], ["odbc_child", "odbc_parent"])
        equal([(r.column_name, r.type_name, r.nullable) for r in cur.columns(table="odbc_child")],
              [("x", "int4", 0), ("y", "varchar", 1)])
        equal([r.column_name for r in cur.primaryKeys("odbc_parent")], ["a", "b"])
        equal([(r.pkcolumn_name, r.fkcolumn_name) for r in cur.foreignKeys(foreignTable="odbc_child")],
              [("a", "x"), ("b", "y")])
        equal([r.column_name for r in cur.statistics("odbc_parent", unique=True) if r.column_name], ["a", "b"])
        equal(len(cur.getTypeInfo().fetchall()) > 10, True)
        equal(c.getinfo(pyodbc.SQL_DBMS_NAME), "PostgreSQL")
        cur.execute("DROP TABLE odbc_child, odbc_parent")


def streaming():
    with connect("UseDeclareFetch=1;Fetch=50;") as c:
        equal(sum(r[0] for r in c.execute("SELECT i FROM generate_series(1, 1000) i")), 500500)


attempt("login by SCRAM over TLS", login)
attempt("retry on 40001", retries)
attempt("statement timeout", limits)
attempt("json, arrays, uuid", documents)
attempt("values", values, "")
attempt("values, prepared by the server", values, "UseServerSidePrepare=1;")
attempt("values, not prepared", values, "UseServerSidePrepare=0;")
attempt("statements", statements)
attempt("errors", errors)
attempt("transactions", transactions)
attempt("catalogs", catalogs)
attempt("declared cursors", streaming)
finish()
