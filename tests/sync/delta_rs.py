"""Tables that delta-rs writes, step by step: after each step read_delta, read_delta_changes and synced tables are what
delta-rs itself and pyarrow read, at the end every version once more.

    delta_rs.py [--only STORY]...

deltalake and pyarrow come by name and pinned version into a cache (TARN_STORES, default build/stores).
"""
import argparse
import os
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "lib")]
sys.dont_write_bytecode = True
from fetched import Skip, fetch_python  # noqa: E402
from stories import Story, Tarn, Writer, difference  # noqa: E402
from tarn import Server, Tally  # noqa: E402

PACKAGES = ("deltalake==1.6.6", "pyarrow==26.0.1")

ROWS = """
    def rows(begin, end, k=None, **more):
        return pa.table({"id": pa.array(range(begin, end), pa.int64()),
                         "k": pa.array([k or "a b+%d" % (i % 5) for i in range(begin, end)]),
                         "v": pa.array([i * 0.5 if i % 9 else None for i in range(begin, end)], pa.float64()), **more})

    def table():
        return DeltaTable("{path}")

    def write(data, **options):
        write_deltalake("{path}", data, **options)
"""


def program(text):
    return "python:" + textwrap.dedent(ROWS) + textwrap.dedent(text)


def operations(options):
    return [program(t) for t in (
        "write(rows(0, 100), %s)" % options,
        "write(rows(100, 160), mode='append')",
        "write(pa.table({'id': [500, 501], 'k': [None, ''], 'v': [float('nan'), -0.0]}), mode='append')",
        "table().delete('id >= 150 and id < 500')",
        "table().update(predicate=\"k = 'a b+2'\", updates={'v': 'v + 1', 'k': \"'updated'\"})",
        """
        (table().merge(rows(90, 120, k="merged"), "t.id = s.id", source_alias="s", target_alias="t")
         .when_matched_delete("s.id % 3 = 0").when_matched_update({"v": "s.v", "k": "s.k"})
         .when_not_matched_insert_all().when_not_matched_by_source_delete("t.id = 7").execute())
        """,
        "table().optimize.compact()",
        "write(rows(600, 640, k='more'), mode='append')",
        "table().optimize.z_order(['v', 'id'])",
        "write(rows(600, 610, k='more'), mode='overwrite', predicate=\"k = 'more'\")",
        "table().alter.add_columns([Field('extra', PrimitiveType('integer'))])",
        "write(rows(700, 720, extra=pa.array(range(20), pa.int32())), mode='append')",
        "write(rows(720, 722, later=pa.array([True, None])), mode='append', schema_mode='merge')",
        "table().create_checkpoint()",
        "table().update(updates={'extra': '-1'}, predicate='id % 2 = 0')",
        "table().delete()",
        "table().restore(5)",
        "write(rows(1000, 1040), mode='overwrite')",
        "table().delete('id = 1001')",
        "table().vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)",
        "write(rows(1040, 1050), mode='append')",
        "write(pa.table({'id': [1, 2], 'other': ['x', None]}), mode='overwrite', schema_mode='overwrite')",
    )]


TYPES = [program(t) for t in (
    """
    us = datetime.datetime(1582, 10, 15, 0, 0, 0, 1)
    utc = datetime.timezone.utc
    write(pa.table({
        "id": pa.array([1, 2, 3], pa.int32()),
        "bo": [True, False, None],
        "by": pa.array([-128, 127, None], pa.int8()),
        "sh": pa.array([-32768, 32767, None], pa.int16()),
        "bi": pa.array([-2 ** 63, 2 ** 63 - 1, None]),
        "f": pa.array([0.1, float("-inf"), None], pa.float32()),
        "d": pa.array([float("nan"), 5e-324, None], pa.float64()),
        "d1": pa.array([decimal.Decimal("-999.99"), decimal.Decimal("0.00"), None], pa.decimal128(5, 2)),
        "d2": pa.array([decimal.Decimal("-" + "9" * 38), decimal.Decimal(1), None], pa.decimal128(38, 0)),
        "s": ["", "\\u00ff \\U0001f600 \\u0001", None],
        "x": pa.array([b"", b"\\x00\\xff", None]),
        "da": pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]),
        "ts": pa.array([us.replace(tzinfo=utc), datetime.datetime(1969, 12, 31, 23, 59, 59, 500000, utc), None],
                       pa.timestamp("us", "UTC")),
        "tn": pa.array([us, datetime.datetime(2026, 1, 1), None], pa.timestamp("us")),
        "l": pa.array([[], [1, None, 3], None], pa.list_(pa.int64())),
        "st": pa.array([{"p": None, "q": None}, {"p": datetime.date(1969, 7, 20), "q": [{"r": b"\\x01"}, None]}, None],
                       pa.struct([("p", pa.date32()), ("q", pa.list_(pa.struct([("r", pa.binary())])))])),
        "m": pa.array([[], [("b", decimal.Decimal("1.50")), ("a", None)], None],
                      pa.map_(pa.string(), pa.decimal128(9, 2))),
        "mi": pa.array([[], [(7, "seven"), (-1, None)], None], pa.map_(pa.int32(), pa.string())),
    }), configuration={"delta.enableChangeDataFeed": "true"})
    """,
    "table().update(predicate='id = 3', updates={'s': \"'set'\", 'by': '5', 'da': \"DATE '1970-01-01'\"})",
    "table().delete('id = 1')",
    # Rows written before have the new member, too: NULL.
    "write(pa.table({'id': pa.array([9], pa.int32()), 'st': pa.array([{'z': 5}], pa.struct([('z', pa.int64())]))}), "
    "mode='append', schema_mode='merge')",
    "table().optimize.compact()",
)]

PARTITIONS = [program(t) for t in (
    """
    data = rows(0, 60).append_column("d", pa.array([datetime.date(1969, 12, 30 + i % 2) for i in range(60)]))
    write(data, partition_by=["k", "d"])
    """,
    "write(pa.table({'id': [100, 101, 102], 'k': ['x/y=1%', None, 'é'], 'v': [1.0, 2.0, None], "
    "'d': pa.array([None, datetime.date(2026, 1, 31), None], pa.date32())}), mode='append')",
    "table().delete(\"k = 'a b+1'\")",
    "table().update(predicate=\"k = 'a b+2' and id < 20\", updates={'v': '9'})",
    "write(pa.table({'id': [200], 'k': ['a b+3'], 'v': [0.5], 'd': [datetime.date(1969, 12, 30)]}), mode='overwrite', "
    "predicate=\"k = 'a b+3'\")",
    "table().optimize.compact()",
    "table().create_checkpoint()",
    "table().restore(1)",
)]

# delta-rs gives the changes of a commit the time in its commitInfo, which for Delta's rules tells nothing.
FEED = {"feed": True, "times": False}
STORIES = {
    "operations": {"steps": operations("configuration={}")},
    "feed": {"steps": operations("configuration={'delta.enableChangeDataFeed': 'true'}"), **FEED},
    "partitions": {"steps": PARTITIONS, "modes": ["TRIGGERED"]},
    "types": {"steps": TYPES, **FEED, "modes": ["TRIGGERED"]},
}


def other_types(writer, server, tally, folder):
    """Changes across a column's change to another type: no damage, and a synced table follows."""
    path = os.path.join(folder, "other_types")
    tarn = Tarn(server)

    def step(text):
        said = writer.ask(python=program(text)[len("python:"):].replace("{path}", path))
        tally.check("other types, delta-rs", said.get("error", ""))

    step("write(rows(0, 5))")
    tarn.rows("CREATE SYNCED TABLE other_types FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED" % path)
    read = "SELECT * FROM read_delta('%s')" % path
    for _ in range(3):
        tarn.rows(read)
    step("write(pa.table({'id': [1, 2], 'k': pa.array([5, 6], pa.int32())}), mode='overwrite', schema_mode='overwrite')")
    tally.check("other types, the same text again", difference(tarn.rows(read), writer.ask(rows=path)))
    got = tarn.rows("SELECT * FROM read_delta_changes('%s', 1)" % path).get("error", "no error")
    tally.check("other types, changes", "" if got.startswith("0A000") and '"k" had another type' in got else got)
    step("write(rows(3, 9), mode='overwrite', schema_mode='overwrite')")
    tally.check("other types, and back", tarn.rows("REFRESH SYNCED TABLE other_types").get("error", ""))
    got, want = tarn.rows("SELECT * FROM other_types"), writer.ask(rows=path)
    tally.check("other types, rows", difference(got, want))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", default=[])
    args = parser.parse_args()
    tally = Tally("sync/delta_rs")
    try:
        writer = Writer(os.path.join(ROOT, "tests", "lib", "delta_rs.py"),
                        {"PYTHONPATH": fetch_python("delta-rs", True, PACKAGES)})
    except Skip as e:
        tally.skip("delta-rs", str(e))
        return tally.finish()
    try:
        with Server() as server, tempfile.TemporaryDirectory(prefix="tarn-delta-rs-") as folder:
            for name, story in STORIES.items():
                if not args.only or name in args.only:
                    Story(writer, Tarn(server), tally, name, story, folder).tell()
            if not args.only:
                other_types(writer, server, tally, folder)
    finally:
        writer.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
