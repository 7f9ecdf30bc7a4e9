"""delta-rs, asked like Spark in spark.py: {"python": program}, {"rows": path, "version": n}, {"changes": path, "from": a,
"to": b}, {"version": path}. What it reads must be what pyarrow reads of the same files, else the answer is an error.
Needs deltalake and pyarrow.
"""
import base64
import datetime
import decimal
import json
import os
import struct
import sys

import deltalake
import pyarrow
from deltalake import DeltaTable, QueryBuilder, write_deltalake
from deltalake.schema import Field, PrimitiveType

KNOWN = {"__builtins__": __builtins__, "pa": pyarrow, "DeltaTable": DeltaTable, "write_deltalake": write_deltalake,
         "Field": Field, "PrimitiveType": PrimitiveType, "datetime": datetime, "decimal": decimal}


def moment(v):
    """Text of a date or time; those with a zone are in UTC."""
    if isinstance(v, datetime.datetime) and v.tzinfo:
        return v.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    return v.isoformat()


def nested(v, t):
    if v is None or isinstance(v, (bool, str, int)):
        return v
    if pyarrow.types.is_map(t):
        pairs = [(nested(k, t.key_type), nested(x, t.item_type)) for k, x in v]
        if pyarrow.types.is_string(t.key_type) or pyarrow.types.is_string_view(t.key_type):
            return dict(pairs)
        return sorted(({"key": k, "value": x} for k, x in pairs), key=lambda x: json.dumps(x, sort_keys=True))
    if pyarrow.types.is_struct(t):
        return {f.name: nested(v[f.name], f.type) for f in t}
    if isinstance(v, list):
        return [nested(x, t.value_type) for x in v]
    if isinstance(v, datetime.date):
        return moment(v)
    if isinstance(v, bytes):
        return base64.b64encode(v).decode()
    return "n" + (format(v, "f") if isinstance(v, decimal.Decimal) else repr(v))


def top(v, t):
    if v is None or isinstance(v, (bool, str, int)):
        return v
    if pyarrow.types.is_float32(t):
        return struct.pack(">f", v).hex()
    if isinstance(v, float):
        return repr(v)
    if isinstance(v, decimal.Decimal):
        return str(v)
    if isinstance(v, datetime.date):
        return moment(v)
    return v.hex() if isinstance(v, bytes) else nested(v, t)


def rows(table):
    columns = [[top(v, f.type) for v in table.column(i).to_pylist()] for i, f in enumerate(table.schema)]
    return {"columns": table.column_names, "rows": [list(r) for r in zip(*columns)],
            "schema": table.schema.to_string(show_field_metadata=False, show_schema_metadata=False)}


def ordered(answer):
    order = sorted(range(len(answer["columns"])), key=lambda i: answer["columns"][i])
    return [answer["columns"][i] for i in order], sorted(
        (json.dumps([r[i] for i in order]) for r in answer["rows"]))


def read(path, version):
    table = DeltaTable(path, version=version)
    own = rows(pyarrow.table(QueryBuilder().register("t", table).execute("SELECT * FROM t").read_all()))
    witness = rows(table.to_pyarrow_table())
    if ordered(own) != ordered(witness):
        return {"error": "pyarrow reads %.300s instead of %.300s" % (witness, own)}
    return own


def changes(path, begin, end):
    table = pyarrow.table(DeltaTable(path).load_cdf(starting_version=begin, ending_version=end))
    at = table.schema.get_field_index("_commit_timestamp")
    times = table.column(at).cast(pyarrow.timestamp("us", "UTC"))
    return rows(table.set_column(at, "_commit_timestamp", times))


def answer(ask):
    if "python" in ask:
        exec(ask["python"], dict(KNOWN))  # noqa: S102
        return {}
    if "changes" in ask:
        return changes(ask["changes"], ask["from"], ask["to"])
    if "rows" in ask:
        return read(ask["rows"], ask.get("version"))
    return {"version": DeltaTable(ask["version"]).version()}


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps({"deltalake": deltalake.__version__}), file=out, flush=True)
    for line in sys.stdin:
        try:
            said = answer(json.loads(line))
        except Exception as e:  # noqa: BLE001
            said = {"error": "%s: %.600s" % (type(e).__name__, e)}
        print(json.dumps(said), file=out, flush=True)


if __name__ == "__main__":
    main()
