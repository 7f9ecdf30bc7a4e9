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


def z85(raw):
    """Base 85 of ZeroMQ RFC 32; the length must be a multiple of four."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    out = ""
    for i in range(0, len(raw), 4):
        v = int.from_bytes(raw[i:i + 4], "big")
        out += "".join(digits[v // 85 ** k % 85] for k in (4, 3, 2, 1, 0))
    return out


def deletion_vector(positions):
    """An inline deletion vector: one roaring bitmap with one array container (positions below 65536)."""
    positions = sorted(positions)
    bitmap = (12346).to_bytes(4, "little") + (1).to_bytes(4, "little")
    bitmap += (0).to_bytes(2, "little") + (len(positions) - 1).to_bytes(2, "little")
    bitmap += (16).to_bytes(4, "little") + b"".join(p.to_bytes(2, "little") for p in positions)
    raw = (1681511377).to_bytes(4, "little") + (1).to_bytes(8, "little")
    raw += (0).to_bytes(4, "little") + bitmap
    padded = raw + b"\0" * (-len(raw) % 4)
    return {"storageType": "i", "pathOrInlineDv": z85(padded), "sizeInBytes": len(raw),
            "cardinality": len(positions)}


class History(Table):
    """A table (id, name, n) with id as its key, written the ways that engines write: files added,
    rewritten or given deletion vectors, with or without a change feed. `rows` is its content, and
    `states` the content of each version."""

    CHANGE_SCHEMA = ([demo.element("schema", children=4)] + Table.SCHEMA[1:] +
                     [demo.element("_change_type", demo.BYTE_ARRAY, demo.OPTIONAL, converted=demo.UTF8)])
    CHANGE_LEAVES = Table.LEAVES + [
        demo.Leaf(["_change_type"], demo.BYTE_ARRAY, 0, 1, demo.optional("_change_type"))]

    def __init__(self, folder, feed, vectors, rng, table_id="11111111-2222-4333-8444-555555555555"):
        self.feed, self.vectors, self.rng, self.table_id = feed, vectors, rng, table_id
        self.folder = folder
        self.version = -1
        self.parts = {}  # path -> [rows in order, deleted positions]
        self.states = []
        self.serial = 0
        os.makedirs(os.path.join(folder, "_delta_log"))
        meta = self.meta(("id", "name", "n"))
        meta["metaData"]["id"] = table_id
        meta["metaData"]["configuration"] = dict(
            [("delta.enableChangeDataFeed", "true")] * feed + [("delta.enableDeletionVectors", "true")] * vectors)
        features = ["deletionVectors"] if vectors else []
        protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features,
                    "writerFeatures": features + ["changeDataFeed"] * feed} if vectors else {
                        "minReaderVersion": 1, "minWriterVersion": 4}
        self.write([{"protocol": protocol}, meta], "CREATE TABLE")

    def content(self):
        return {r[0]: r for rows, gone in self.parts.values() for i, r in enumerate(rows) if i not in gone}

    def write(self, actions, operation):
        self.version += 1
        now = int(time.time() * 1000)
        demo.write_commit(self.folder, self.version, [demo.commit_info(operation, now)] + actions)
        self.states.append(self.content())

    def file(self, rows, schema, leaves, names, prefix="part"):
        self.serial += 1
        name = "%s-%06d.parquet" % (prefix, self.serial)
        raw = demo.parquet_file(schema, leaves, [dict(zip(names, r)) for r in rows])
        with open(os.path.join(self.folder, name), "wb") as f:
            f.write(raw)
        return name, len(raw)

    def add(self, rows, data_change=True):
        name, size = self.file(rows, self.SCHEMA, self.LEAVES, ("id", "name", "n"))
        self.parts[name] = [list(rows), set()]
        return {"add": {"path": name, "partitionValues": {}, "size": size,
                        "modificationTime": int(time.time() * 1000), "dataChange": data_change}}

    def remove(self, path, data_change=True, keep=False):
        action = {"path": path, "deletionTimestamp": 1, "dataChange": data_change,
                  "extendedFileMetadata": True, "partitionValues": {}, "size": 1}
        gone = self.parts[path][1]
        if gone:
            action["deletionVector"] = deletion_vector(gone)
        if not keep:
            del self.parts[path]
        return {"remove": action}

    def checkpoint(self):
        """Of the newest version, in JSON; the commits before it go."""
        log = os.path.join(self.folder, "_delta_log")
        meta = self.meta(("id", "name", "n"))
        meta["metaData"]["id"] = self.table_id
        features = ["v2Checkpoint"] + ["deletionVectors"] * self.vectors
        lines = [{"checkpointMetadata": {"version": self.version}}, meta, {"protocol": {
            "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features}}]
        for name, (rows, gone) in self.parts.items():
            add = {"path": name, "partitionValues": {}, "size": os.path.getsize(os.path.join(self.folder, name)),
                   "modificationTime": 1, "dataChange": False}
            lines.append({"add": dict(add, deletionVector=deletion_vector(gone)) if gone else add})
        name = "%020d.checkpoint.11111111-2222-4333-8444-555555555555.json" % self.version
        with open(os.path.join(log, name), "w") as f:
            f.write("".join(json.dumps(a) + "\n" for a in lines))
        for name in os.listdir(log):
            if name.endswith(".json") and int(name[:20]) < self.version:
                os.remove(os.path.join(log, name))

    def restore(self, columns, parts):
        """RESTORE to those parts, with the columns of then."""
        actions = [self.meta(columns)] + [self.remove(p) for p in list(self.parts) if p not in parts]
        for path in parts:
            if path not in self.parts:
                self.parts[path] = parts[path]
                actions.append({"add": {"path": path, "partitionValues": {}, "size": 1, "modificationTime": 1, "dataChange": True}})
        self.write(actions, "RESTORE")

    def changes(self, rows):
        """The action of a change file: rows of (id, name, n, change type)."""
        if not self.feed or not rows:
            return []
        name, size = self.file(rows, self.CHANGE_SCHEMA, self.CHANGE_LEAVES,
                               ("id", "name", "n", "_change_type"), "cdc")
        return [{"cdc": {"path": name, "partitionValues": {}, "size": size, "dataChange": False}}]

    def append(self, rows):
        self.write([self.add(rows)], "WRITE")

    def overwrite(self, rows):
        actions = [self.remove(p) for p in list(self.parts)]
        self.write(actions + ([self.add(rows)] if rows else []), "WRITE")

    def optimize(self):
        rows = list(self.content().values())
        self.rng.shuffle(rows)
        actions = [self.remove(p, data_change=False) for p in list(self.parts)]
        self.write(actions + ([self.add(rows, data_change=False)] if rows else []), "OPTIMIZE")

    def merge(self, deleted, updated, inserted):
        """Deletes those ids, replaces the rows of `updated` (id -> row, whose id may differ), inserts."""
        before = self.content()
        actions, fresh = [], list(inserted)
        for path, (rows, gone) in list(self.parts.items()):
            live = [i for i in range(len(rows)) if i not in gone]
            touched = {i for i in live if rows[i][0] in deleted or rows[i][0] in updated}
            if not touched:
                continue
            if self.vectors and self.rng.random() < 0.7:
                actions.append(self.remove(path, keep=True))
                gone |= touched
                fresh += [updated[rows[i][0]] for i in sorted(touched) if rows[i][0] in updated]
                if len(gone) == len(rows):
                    del self.parts[path]
                    continue
                actions.append({"add": {"path": path, "partitionValues": {}, "size": 1,
                                        "modificationTime": 1, "dataChange": True,
                                        "deletionVector": deletion_vector(gone)}})
            else:
                actions.append(self.remove(path))
                kept = [updated.get(rows[i][0], rows[i]) for i in live if rows[i][0] not in deleted]
                if kept:
                    actions.append(self.add(kept))
        if fresh:
            actions.append(self.add(fresh))
        feed = [before[k] + ("delete",) for k in deleted if k in before]
        for k, row in updated.items():
            if k in before:
                feed += [before[k] + ("update_preimage",), row + ("update_postimage",)]
        feed += [r + ("insert",) for r in inserted]
        self.rng.shuffle(feed)
        self.write(actions + self.changes(feed), "MERGE")

    def random_step(self):
        rng, now = self.rng, self.content()
        ids = list(now)
        new = [i for i in rng.sample(range(2000), 12) if i not in now]
        row = lambda i: (i, rng.choice(["a", "b", None, "long " * 20]), rng.randrange(5))
        kind = rng.choice(["append", "append", "merge", "merge", "merge", "optimize", "overwrite", "truncate"])
        if kind == "append":
            self.append([row(i) for i in new])
        elif kind == "optimize":
            self.optimize()
        elif kind == "overwrite" and rng.random() < 0.5:
            self.overwrite([row(i) for i in rng.sample(range(2000), 60)])
        elif kind == "truncate" and rng.random() < 0.2:
            self.overwrite([])
        else:
            some = rng.sample(ids, min(len(ids), rng.randrange(1, 20)))
            cut = rng.randrange(len(some) + 1)
            updated = {i: row(i) for i in some[cut:]}
            for i in list(updated)[:2]:  # a changed key
                if new and rng.random() < 0.3:
                    updated[i] = row(new.pop())
            self.merge(set(some[:cut]), updated, [row(i) for i in new[:rng.randrange(4)]])
