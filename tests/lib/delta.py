"""Writes small Delta tables, with the demo's own writer."""
import importlib.util
import json
import os
import time

from tarn import ROOT

spec = importlib.util.spec_from_file_location(
    "incidents", os.path.join(ROOT, "examples", "demo", "make_incidents.py"))
demo = importlib.util.module_from_spec(spec)
spec.loader.exec_module(demo)


class Table:
    """A Delta table (id long, name string, n integer) whose versions replace its rows."""

    SCHEMA = [demo.element("schema", children=3), demo.element("id", demo.INT64, demo.OPTIONAL),
              demo.element("name", demo.BYTE_ARRAY, demo.OPTIONAL, converted=demo.UTF8),
              demo.element("n", demo.INT32, demo.OPTIONAL)]
    LEAVES = [demo.Leaf(["id"], demo.INT64, 0, 1, demo.optional("id")),
              demo.Leaf(["name"], demo.BYTE_ARRAY, 0, 1, demo.optional("name")),
              demo.Leaf(["n"], demo.INT32, 0, 1, demo.optional("n"))]

    def __init__(self, folder, rows, columns=("id", "name", "n")):
        self.folder = folder
        self.version = -1
        self.files = []
        os.makedirs(os.path.join(folder, "_delta_log"))
        self.commit(rows, columns)

    def meta(self, columns):
        types = {"id": "long", "name": "string", "n": "integer"}
        schema = {"type": "struct", "fields": [
            {"name": c, "type": types.get(c, "string"), "nullable": True, "metadata": {}}
            for c in columns]}
        return {"metaData": {"id": "11111111-2222-4333-8444-555555555555",
                             "format": {"provider": "parquet", "options": {}},
                             "schemaString": json.dumps(schema), "partitionColumns": [],
                             "configuration": {}, "createdTime": 0}}

    def commit(self, rows, columns=None):
        rows = [dict(zip(("id", "name", "n"), r)) for r in rows]
        self.version += 1
        name = "part-%d.parquet" % self.version
        raw = demo.parquet_file(self.SCHEMA, self.LEAVES, rows)
        with open(os.path.join(self.folder, name), "wb") as f:
            f.write(raw)
        now = int(time.time() * 1000)
        actions = [demo.commit_info("WRITE", now)]
        if self.version == 0:
            actions.append({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
        if columns:
            actions.append(self.meta(columns))
        actions += [{"remove": {"path": f, "deletionTimestamp": now, "dataChange": True}}
                    for f in self.files]
        actions.append({"add": {"path": name, "partitionValues": {}, "size": len(raw),
                                "modificationTime": now, "dataChange": True}})
        self.files = [name]
        demo.write_commit(self.folder, self.version, actions)
