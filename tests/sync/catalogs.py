"""Tables of a catalog by name: in table functions and CHECK SYNC they are what their locations are.

    catalogs.py
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

LAKE = os.path.join(os.path.dirname(HERE), "data", "lakehouse")
TABLE = "dat-cdf"
QUOTED = '"dat-cdf"'


def answer(cursor, sql):
    try:
        cursor.execute(sql)
        return cursor.fetchall()
    except psycopg2.Error as e:
        return "%s %s" % (e.pgcode, e.diag.message_primary)


def main():
    tally = Tally("sync/catalogs")
    with Server() as server:
        connection = psycopg2.connect(server.dsn())
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("CREATE CATALOG main TYPE directory WITH (location = '%s')" % LAKE)
        place = "%s/delta/%s" % (LAKE, TABLE)

        def same(what, by_name, by_place):
            got, want = answer(cursor, by_name), answer(cursor, by_place)
            ok = got == want and isinstance(got, list) and got
            tally.check(what, "" if ok else "%s instead of %s" % (got, want))

        def gives(what, sql, want):
            got = answer(cursor, sql)
            tally.check(what, "" if got == want else "%s instead of %s" % (got, want))

        for call in ("read_delta('%s')", "read_delta('%s', version => 1)", "read_delta_changes('%s', 1)",
                     "delta_history('%s')", "delta_detail('%s')"):
            sql = "SELECT t::text FROM " + call + " t ORDER BY 1"
            same(call, sql % ("main.delta." + TABLE), sql % place)
        same("quoted", "SELECT count(*) FROM read_delta('\"main\".\"delta\".\"%s\"')" % TABLE,
             "SELECT count(*) FROM read_delta('%s')" % place)
        cursor.execute("SELECT * FROM read_delta('main.delta.%s') LIMIT 1" % TABLE)
        column = cursor.description[0].name
        same("CHECK SYNC", "CHECK SYNC FROM main.delta.\"%s\" PRIMARY KEY (%s)" % (TABLE, column),
             "CHECK SYNC FROM DELTA '%s' PRIMARY KEY (%s)" % (place, column))
        gives("CHECK SYNC without such a catalog", "CHECK SYNC FROM nope.a.b PRIMARY KEY (id)", [
            ("error", "source", None, None, "catalog \"nope\" does not exist",
             "CREATE SYNCED TABLE fails with this error.")])
        gives("CHECK SYNC of two parts", "CHECK SYNC FROM main.a PRIMARY KEY (id)",
              '42601 syntax error at or near "PRIMARY"')
        got = answer(cursor, "SELECT * FROM read_delta('nope.delta.t')")
        tally.check("no catalog: a location", "" if str(got).startswith("58P01") else str(got))
        got = answer(cursor, "SELECT * FROM read_delta('main.delta.nope')")
        tally.check("no table", "" if str(got).startswith("58P01") and "nope" in got else str(got))
        gives("a name that leads outside", "SELECT * FROM read_delta('main.\"..\".t')",
              '22023 "..".\"t\" is no name of a folder')
        cursor.execute("CREATE ROLE ops SUPERUSER; CREATE ROLE alice; CREATE ROLE bob; GRANT ops TO bob")
        cursor.execute("SET ROLE ops")
        cursor.execute("CREATE CATALOG opened TYPE directory WITH (location = '%s')" % LAKE)
        cursor.execute("RESET ROLE; GRANT CREATE ON SCHEMA public TO alice, bob; SET ROLE bob")
        gives("a member of its owner, but no local paths", "SELECT * FROM read_delta('opened.delta.%s')" % TABLE,
              '42501 permission denied to read files of the server')
        gives("the same in CHECK SYNC", "CHECK SYNC FROM opened.delta.%s PRIMARY KEY (id)" % QUOTED, [
            ("error", "source", None, None, "permission denied to read files of the server",
             "Only superusers and members of pg_read_server_files may read local paths.")])
        cursor.execute("RESET ROLE; GRANT pg_read_server_files TO alice, bob; SET ROLE bob")
        got = answer(cursor, "SELECT count(*) > 0 FROM read_delta('opened.delta.%s')" % TABLE)
        tally.check("a member of its owner", "" if got == [(True,)] else str(got))
        gives("no member of the other's owner", "SELECT * FROM read_delta('main.delta.%s')" % TABLE,
              '42501 permission denied for catalog "main"')
        cursor.execute("RESET ROLE; SET ROLE alice")
        gives("another's catalog in CHECK SYNC", "CHECK SYNC FROM main.delta.%s PRIMARY KEY (id)" % QUOTED,
              '42501 permission denied for catalog "main"')
        gives("another's catalog for a table", "CREATE SYNCED TABLE y FROM main.delta.%s PRIMARY KEY (id)" % QUOTED,
              '42501 permission denied for catalog "main"')
        gives("another's catalog", "SELECT * FROM read_delta('main.delta.%s')" % TABLE,
              '42501 permission denied for catalog "main"')
        gives("another's catalog, its log", "SELECT * FROM delta_history('main.delta.%s')" % TABLE,
              '42501 permission denied for catalog "main"')
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
