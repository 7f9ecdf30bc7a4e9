#!/usr/bin/python3
"""COPY and INSERT long enough to go past the log and the memtable: what it loads is as any other data, beside
other sessions, after errors, in transactions and over crashes."""
import io
import os
import random
import sys
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

ROWS = 50000
TABLE = ("CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, n int CHECK (n >= 0)); "
         "CREATE UNIQUE INDEX t_code ON t (upper(code)); CREATE INDEX t_n ON t (n DESC) WHERE n > 5")


def connect(s, level=None):
    c = psycopg2.connect(s.dsn())
    if level:
        c.set_session(isolation_level=level)
    return c


def one(c, sql):
    k = c.cursor()
    k.execute(sql)
    return k.fetchone()


def run(c, sql):
    c.cursor().execute(sql)


def fresh(s, ddl=TABLE):
    text, status = s.psql("DROP TABLE IF EXISTS child, t CASCADE; " + ddl)
    if status:
        raise AssertionError(text)


def lines(ids):
    return [(i, "c%d" % i, i % 10) for i in ids]


def copy(c, rows, table="t"):
    text = "".join("%s\t%s\t%s\n" % r for r in rows)
    c.cursor().copy_expert("COPY %s FROM STDIN" % table, io.StringIO(text))


def eq(got, want):
    if got != want:
        raise AssertionError("got %r, want %r" % (got, want))


def refused(code, fn):
    try:
        fn()
    except psycopg2.Error as e:
        eq(e.pgcode, code)
        return e
    raise AssertionError("no error, want " + code)


def whole(c, n=ROWS):
    """Rows by each way to read them."""
    eq(one(c, "SELECT count(*), sum(id), min(id), max(id) FROM t"),
       (n, n * (n - 1) // 2, 0, n - 1))
    eq(one(c, "SELECT count(*) FROM t WHERE n = 7"), (n // 10,))
    eq(one(c, "SELECT id FROM t WHERE upper(code) = 'C1234'"), (1234,))
    eq(one(c, "SELECT code FROM t WHERE id = 77"), ("c77",))


def test_order_of_keys(s):
    shuffled = list(range(ROWS))
    random.Random(1).shuffle(shuffled)
    nearly = list(range(1, ROWS)) + [0]
    for ids in (range(ROWS), range(ROWS - 1, -1, -1), shuffled, nearly):
        fresh(s)
        with connect(s) as c:
            copy(c, lines(ids))
            whole(c)
        with connect(s) as c:
            whole(c)
            run(c, "INSERT INTO t VALUES (-1, 'x', 1)")
            run(c, "DELETE FROM t WHERE id = -1")
            run(c, "UPDATE t SET n = 0 WHERE id < 10")
            eq(one(c, "SELECT count(*) FROM t WHERE n > 5"), (ROWS // 10 * 4 - 4,))


def test_duplicates(s):
    for again, code in ((ROWS - 1, "new"), (3, "new"), (ROWS + 1, "C5"), (ROWS + 1, "c%d" % (ROWS - 1))):
        fresh(s)
        c = connect(s)
        e = refused("23505", lambda: copy(c, lines(range(ROWS)) + [(again, code, 1)]))
        eq(e.diag.constraint_name, "t_pkey" if code == "new" else "t_code")
        want = "(id)=(%d)" % again if code == "new" else "(upper(code))=(%s)" % code.upper()
        eq(e.diag.message_detail, "Key %s already exists." % want)
        c.rollback()
        eq(one(c, "SELECT count(*) FROM t"), (0,))
        copy(c, lines(range(ROWS)))
        c.commit()
        whole(c)
        c.close()


def test_bad_line(s):
    fresh(s)
    c = connect(s)
    e = refused("23514", lambda: copy(c, lines(range(ROWS)) + [(ROWS, "x", -1)]))
    eq(e.diag.context.split(":")[0], "COPY t, line %d" % (ROWS + 1))
    c.rollback()
    e = refused("22P02", lambda: copy(c, lines(range(ROWS)) + [("x", "x", 1)]))
    eq(e.diag.context, 'COPY t, line %d, column id: "x"' % (ROWS + 1))
    c.rollback()
    eq(one(c, "SELECT count(*) FROM t"), (0,))
    c.close()


def test_transaction(s):
    fresh(s)
    c, d = connect(s), connect(s)
    run(c, "INSERT INTO t VALUES (0, 'c0', 0)")
    copy(c, lines(range(1, ROWS)))
    whole(c)
    run(c, "UPDATE t SET n = 9 WHERE id = 77")
    run(c, "DELETE FROM t WHERE id = 5")
    eq(one(c, "SELECT n FROM t WHERE id = 77"), (9,))
    eq(one(c, "SELECT count(*) FROM t"), (ROWS - 1,))
    eq(one(d, "SELECT count(*) FROM t"), (0,))
    copy(c, lines(range(ROWS, 2 * ROWS)))
    refused_code = refused("23505", lambda: copy(c, lines([7]))).pgcode
    eq(refused_code, "23505")
    c.rollback()
    d.rollback()
    eq(one(c, "SELECT count(*) FROM t"), (0,))
    run(c, "SAVEPOINT a")
    copy(c, lines(range(ROWS)))
    run(c, "ROLLBACK TO a")
    eq(one(c, "SELECT count(*) FROM t"), (0,))
    run(c, "INSERT INTO t VALUES (1, 'one', 1)")
    c.commit()
    eq(one(d, "SELECT count(*) FROM t"), (1,))
    c.close()
    d.close()


def test_beside_readers(s):
    fresh(s)
    c, d, old = connect(s), connect(s), connect(s, "REPEATABLE READ")
    eq(one(old, "SELECT count(*) FROM t"), (0,))
    k = d.cursor()
    k.execute("PREPARE p AS SELECT count(*) FROM t WHERE id >= 0")
    copy(c, lines(range(ROWS)))
    eq(one(d, "EXECUTE p"), (0,))
    c.commit()
    eq(one(d, "EXECUTE p"), (ROWS,))
    whole(d)
    # A snapshot of before stays as it was, and cannot write over what it does not see.
    eq(one(old, "SELECT count(*) FROM t"), (0,))
    refused("40001", lambda: run(old, "UPDATE t SET n = 1"))
    for x in (c, d, old):
        x.close()


def test_not_alone(s):
    """Others' rows, committed or not: the rows go the usual way, and everybody's stay."""
    fresh(s)
    c, d = connect(s), connect(s)
    run(d, "INSERT INTO t VALUES (-5, 'other', 1)")
    copy(c, lines(range(ROWS)))
    run(d, "INSERT INTO t VALUES (-6, 'another', 1)")
    d.commit()
    c.commit()
    eq(one(c, "SELECT count(*) FROM t"), (ROWS + 2,))
    copy(c, lines(range(ROWS, 2 * ROWS)))
    run(d, "INSERT INTO t VALUES (-7, 'third', 1)")
    d.commit()
    c.commit()
    eq(one(c, "SELECT count(*) FROM t"), (2 * ROWS + 3,))
    c.close()
    d.close()


def test_writers_wait(s):
    fresh(s)
    c, d = connect(s), connect(s)
    copy(c, lines(range(ROWS)))
    run(d, "SET lock_timeout = '50ms'")
    refused("55P03", lambda: run(d, "INSERT INTO t VALUES (-1, 'x', 1)"))
    d.rollback()
    c.commit()
    run(d, "INSERT INTO t VALUES (-1, 'x', 1)")
    d.commit()
    eq(one(c, "SELECT count(*) FROM t"), (ROWS + 1,))
    c.close()
    d.close()


def test_references(s):
    fresh(s, "CREATE TABLE t (id int PRIMARY KEY, code text, n int); INSERT INTO t VALUES (1, 'a', 1); "
             "CREATE TABLE child (id int PRIMARY KEY, code text, n int REFERENCES t)")
    c = connect(s)
    copy(c, [(i, "x", 1) for i in range(ROWS)], "child")
    c.commit()
    refused("23503", lambda: run(c, "DELETE FROM t"))
    c.rollback()
    run(c, "TRUNCATE child")
    c.commit()
    refused("23503", lambda: copy(c, [(i, "x", 1 + (i == ROWS - 1)) for i in range(ROWS)], "child"))
    c.rollback()
    fresh(s, "CREATE TABLE t (id int PRIMARY KEY, code text, n int REFERENCES t)")
    copy(c, [(i, "x", max(i - 1, 0)) for i in range(ROWS)])
    c.commit()
    eq(one(c, "SELECT count(*) FROM t"), (ROWS,))
    c.close()


def test_no_key(s):
    fresh(s, "CREATE TABLE t (id int, code text, n int GENERATED ALWAYS AS (id % 10) STORED, "
             "d int DEFAULT 4)")
    c = connect(s)
    text = "".join("%d\tc%d\n" % (i, i) for i in range(ROWS))
    c.cursor().copy_expert("COPY t (id, code) FROM STDIN", io.StringIO(text))
    run(c, "INSERT INTO t(id) VALUES (-1)")
    c.commit()
    run(c, "INSERT INTO t(id) VALUES (-2)")
    c.commit()
    eq(one(c, "SELECT count(*), count(DISTINCT id), sum(n), sum(d) FROM t WHERE id >= 0"),
       (ROWS, ROWS, ROWS // 10 * 45, ROWS * 4))
    eq(one(c, "SELECT count(*) FROM t"), (ROWS + 2,))
    c.close()


def test_insert_select(s):
    fresh(s)
    c = connect(s)
    rows = "SELECT g, 'c' || g, g %% 10 FROM generate_series(0, %d) g" % (ROWS - 1)
    k = c.cursor()
    k.execute("INSERT INTO t " + rows)
    eq(k.rowcount, ROWS)
    whole(c)
    run(c, "INSERT INTO t SELECT -1 - id, 'm' || id, n FROM t")  # reads the storage it adds to
    eq(one(c, "SELECT count(*) FROM t WHERE id < 0"), (ROWS,))
    c.commit()
    run(c, "DELETE FROM t WHERE id < 0")
    whole(c)
    c.commit()
    fresh(s)
    e = refused("23505", lambda: run(c, "INSERT INTO t (%s) UNION ALL SELECT 77, 'x', 1" % rows))
    eq(e.diag.message_detail, "Key (id)=(77) already exists.")
    c.rollback()
    e = refused("23514", lambda: run(c, "INSERT INTO t %s UNION ALL SELECT -1, 'x', -1" % rows))
    c.rollback()
    eq(one(c, "SELECT count(*) FROM t"), (0,))
    # Rows given back, or counted on in other ways, go the usual way.
    k.execute("INSERT INTO t %s RETURNING id" % rows)
    eq(len(k.fetchall()), ROWS)
    c.rollback()
    run(c, "WITH i AS (INSERT INTO t %s RETURNING n) SELECT sum(n) FROM i" % rows)
    whole(c)
    c.rollback()
    run(c, "INSERT INTO t %s ON CONFLICT DO NOTHING" % rows)
    whole(c)
    c.commit()
    fresh(s, "CREATE TABLE t (id int PRIMARY KEY, code text, n int)")
    run(c, "INSERT INTO t SELECT g, NULL, (SELECT count(*) FROM t) FROM generate_series(1, %d) g" % ROWS)
    eq(one(c, "SELECT sum(n) FROM t"), (0,))
    c.commit()
    c.close()


def test_crash(s):
    fresh(s)
    c = connect(s)
    copy(c, lines(range(ROWS)))
    s.kill()
    s.start()
    c = connect(s)
    eq(one(c, "SELECT count(*) FROM t"), (0,))
    copy(c, lines(range(ROWS)))
    run(c, "DELETE FROM t WHERE id = 0")
    run(c, "INSERT INTO t VALUES (0, 'c0', 0)")
    c.commit()
    s.kill()
    s.start()
    c = connect(s)
    whole(c)
    run(c, "INSERT INTO t VALUES (-1, 'x', 1)")
    refused("23505", lambda: run(c, "INSERT INTO t VALUES (7, 'x7', 1)"))
    c.close()


def main():
    tally = Tally("server/bulk_load")
    with Server() as s:
        for name, fn in sorted(globals().items()):
            if not name.startswith("test_"):
                continue
            try:
                fn(s)
                tally.check(name)
            except Exception:  # noqa: BLE001
                tally.check(name, traceback.format_exc(limit=-3))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
