"""A Delta table with a random history: rows come, change and go the ways that engines write them, columns are added,
renamed, dropped and widened, files are vacuumed and the log is cleaned up. What it had at each version is remembered.
"""
import datetime
import decimal
import json
import os
import urllib.parse
import uuid

import plain_parquet as pp
from delta import deletion_vector

# Delta's type: physical and converted type of its files.
FILE_TYPES = {"byte": (pp.INT32, pp.INT_8), "short": (pp.INT32, pp.INT_16), "integer": (pp.INT32, None),
              "long": (pp.INT64, None), "float": (pp.FLOAT, None), "double": (pp.DOUBLE, None), "string": (pp.BYTES, pp.UTF8),
              "binary": (pp.BYTES, None), "boolean": (pp.BOOLEAN, None), "date": (pp.INT32, pp.DATE),
              "timestamp": (pp.INT64, pp.TIMESTAMP_MICROS), "timestamp_ntz": (pp.INT64, pp.TIMESTAMP_MICROS)}
TYPES = list(FILE_TYPES) + ["decimal(5,2)", "decimal(9,0)"]
WIDER = {"byte": ["short", "integer", "long", "double", "decimal(12,2)"], "short": ["integer", "long", "double"],
         "integer": ["long", "double", "decimal(14,2)"], "float": ["double"], "decimal(5,2)": ["decimal(9,2)", "decimal(12,4)"],
         "date": ["timestamp_ntz"]}
KEY_TYPES = ["integer", "long", "string", "short", "date"]
PARTITION_TYPES = ["integer", "string", "date"]
EPOCH = datetime.datetime(1970, 1, 1)
FEATURES = ["deletionVectors", "columnMapping", "typeWidening", "timestampNtz", "v2Checkpoint"]
KEEP_STATES = 60


def physical(kind):
    if kind.startswith("decimal"):
        precision, scale = map(int, kind[8:-1].split(","))
        return pp.INT64, pp.DECIMAL, {"precision": precision, "scale": scale}
    return FILE_TYPES[kind] + ({},)


def shown(v, kind):
    """A value, maybe of a type that was widened to this one, as a driver gives it."""
    if v is None:
        return None
    if kind == "double":
        return float(v)
    if kind.startswith("decimal"):
        return decimal.Decimal(v)
    if kind == "timestamp_ntz" and not isinstance(v, datetime.datetime):
        return datetime.datetime.combine(v, datetime.time())
    return v


def in_file(v, kind):
    v = shown(v, kind)
    if v is None:
        return None
    if kind == "string":
        return v.encode()
    if kind.startswith("decimal"):
        return int(v.scaleb(int(kind[8:-1].split(",")[1])))
    if kind == "date":
        return (v - EPOCH.date()).days
    if kind.startswith("timestamp"):
        return (v - EPOCH) // datetime.timedelta(microseconds=1)
    return v


def random_value(rng, kind, domain=6, null=0.15):
    if rng.random() < null:
        return None
    n = rng.randrange(domain) - (domain // 3)
    if kind in ("byte", "short", "integer", "long"):
        return n
    if kind in ("float", "double"):
        return n / 2
    if kind.startswith("decimal"):
        return decimal.Decimal(n) / (4 if kind == "decimal(5,2)" else 1)
    if kind == "string":
        return rng.choice(["", "x", "\u00e9 '\"\\", "long " * 30]) + str(n)
    if kind == "binary":
        return bytes([n % 256, 0, 255])
    if kind == "boolean":
        return n > 0
    day = EPOCH.date() + datetime.timedelta(days=n)
    return day if kind == "date" else datetime.datetime.combine(day, datetime.time(1, 2, 3, abs(n)))


def partition_text(v):
    return None if v is None else str(v)


class Column:
    def __init__(self, number, name, kind, mapping):
        self.number, self.name, self.kind, self.comment = number, name, kind, None
        self.changes = []  # [from, to]
        self.physical = name if mapping == "none" else "col-%d-%s" % (number, uuid.uuid4().hex[:6])

    def copy(self):
        other = Column.__new__(Column)
        other.__dict__.update(self.__dict__, changes=list(self.changes))
        return other

    def field(self, mapping):
        meta = {"comment": self.comment} if self.comment else {}
        if self.changes:
            meta["delta.typeChanges"] = [{"fromType": a, "toType": b} for a, b in self.changes]
        if mapping != "none":
            meta.update({"delta.columnMapping.id": self.number, "delta.columnMapping.physicalName": self.physical})
        return {"name": self.name, "type": self.kind, "nullable": True, "metadata": meta}


class File:
    """Rows are dictionaries of column number and value."""

    def __init__(self, rows, partition, size):
        self.rows, self.partition, self.size = rows, partition, size


class Source:
    def __init__(self, folder, rng, feed, vectors, mapping, partitioned, keys, kinds=(), dirty=False, time=None):
        self.folder, self.rng, self.feed, self.vectors, self.mapping = folder, rng, feed, vectors, mapping
        self.log = os.path.join(folder, "_delta_log")
        self.dirty, self.id = dirty, str(uuid.UUID(int=rng.getrandbits(128)))
        self.numbers, self.serial, self.version = 0, 0, -1
        self.columns, self.files, self.states = [], {}, {}
        self.readable_from = 0  # versions whose files are there
        os.makedirs(self.log)
        for i, name in enumerate(keys):
            self.columns.append(self.column(name, kinds[i] if i < len(kinds) else rng.choice(KEY_TYPES)))
        self.key = [c.number for c in self.columns]
        self.time = self.partition = None
        if time:
            self.columns.append(self.column(time, "long"))
            self.time = self.columns[-1].number
        for _ in range(rng.randrange(1, 5)):
            self.columns.append(self.column(self.new_name(), rng.choice(TYPES)))
        if partitioned:
            self.columns.append(self.column("p", rng.choice(PARTITION_TYPES)))
            self.partition = self.columns[-1].number
        self.write([self.protocol(), self.metadata()], "CREATE TABLE")

    def column(self, name, kind):
        self.numbers += 1
        return Column(self.numbers, name, kind, self.mapping)

    # ---- the log ----

    def protocol(self):
        return {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": FEATURES,
                             "writerFeatures": FEATURES + ["changeDataFeed"]}}

    def metadata(self):
        schema = {"type": "struct", "fields": [c.field(self.mapping) for c in self.columns]}
        partition = [c.name for c in self.columns if c.number == self.partition]
        settings = {"delta.enableTypeWidening": "true", "delta.columnMapping.mode": self.mapping,
                    "delta.columnMapping.maxColumnId": str(self.numbers),
                    "delta.enableChangeDataFeed": str(self.feed).lower(),
                    "delta.enableDeletionVectors": str(self.vectors).lower()}
        return {"metaData": {"id": self.id, "format": {"provider": "parquet", "options": {}}, "configuration": settings,
                             "schemaString": json.dumps(schema), "partitionColumns": partition, "createdTime": 0}}

    def put(self, name, lines):
        """Appears whole."""
        part = os.path.join(self.log, ".part-" + name)
        with open(part, "w") as f:
            f.write("".join(json.dumps(a) + "\n" for a in lines))
        os.rename(part, os.path.join(self.log, name))

    def write(self, actions, operation):
        self.version += 1
        self.states[self.version] = ([c.copy() for c in self.columns],
                                     {p: (f, frozenset(gone)) for p, (f, gone) in self.files.items()}, self.key)
        self.states.pop(self.version - KEEP_STATES, None)
        self.put("%020d.json" % self.version, [{"commitInfo": {"operation": operation}}] + actions)

    def content(self, version):
        """(columns, rows in the order of these) of that version."""
        columns, files, _ = self.states[version]
        return columns, [tuple(shown(f.rows[i].get(c.number), c.kind) for c in columns)
                         for f, gone in files.values() for i in range(len(f.rows)) if i not in gone]

    def key_places(self, version):
        columns, _, key = self.states[version]
        return [i for k in key for i, c in enumerate(columns) if c.number == k]

    # ---- files ----

    def data_file(self, prefix, rows, partition, more=()):
        """Rows of one partition; `more` columns (name, type, values)."""
        self.serial += 1
        name = "%s-%05d-%s.parquet" % (prefix, self.serial, self.id[:8])
        columns = []
        for c in self.columns:
            if c.number != self.partition:
                columns.append((c.physical, c.kind, [r.get(c.number) for r in rows], {"field_id": c.number}))
        columns += [(n, t, v, {}) for n, t, v in more]
        out = []
        for column, kind, values, extra in columns:
            stored, converted, decimals = physical(kind)
            out.append((column, stored, converted, [in_file(v, kind) for v in values], dict(decimals, **extra)))
        path = os.path.join(self.folder, name)
        pp.write(path, len(rows), out)
        return name, os.path.getsize(path)

    def partition_values(self, value):
        return {c.physical: partition_text(value) for c in self.columns if c.number == self.partition}

    def by_partition(self, rows):
        groups = {}
        for r in rows:
            groups.setdefault(r.get(self.partition), []).append(r)
        return groups.items()

    def add_action(self, name, change=True):
        f, gone = self.files[name]
        add = {"path": urllib.parse.quote(name), "partitionValues": self.partition_values(f.partition), "size": f.size,
               "modificationTime": 1, "dataChange": change}
        if self.rng.random() < 0.5:
            add["stats"] = json.dumps({"numRecords": len(f.rows)})
        if gone:
            add["deletionVector"] = deletion_vector(gone)
        return {"add": add}

    def add(self, rows, change=True):
        actions = []
        for value, some in self.by_partition(rows):
            cut = self.rng.randrange(len(some) + 1) if len(some) > 4 else 0
            for part in (some[:cut], some[cut:]):
                if part:
                    name, size = self.data_file("part", part, value)
                    self.files[name] = (File(part, value, size), set())
                    actions.append(self.add_action(name, change))
        return actions

    def remove_action(self, name, change=True):
        f, gone = self.files[name]
        remove = {"path": urllib.parse.quote(name), "deletionTimestamp": 1, "dataChange": change, "size": f.size,
                  "extendedFileMetadata": True, "partitionValues": self.partition_values(f.partition)}
        if gone:
            remove["deletionVector"] = deletion_vector(gone)
        return {"remove": remove}

    def remove(self, name, change=True):
        action = self.remove_action(name, change)
        del self.files[name]
        return action

    def change_files(self, feed):
        """feed: (row, change type)."""
        actions = []
        if not self.feed:
            return actions
        groups = {}
        for row, what in feed:
            groups.setdefault(row.get(self.partition), []).append((row, what))
        for value, some in groups.items():
            self.rng.shuffle(some)
            name, size = self.data_file("cdc", [r for r, _ in some], value,
                                        [("_change_type", "string", [w for _, w in some])])
            actions.append({"cdc": {"path": name, "partitionValues": self.partition_values(value), "size": size,
                                    "dataChange": False}})
        return actions

    # ---- rows ----

    def places(self):
        return [(p, i) for p, (f, gone) in self.files.items() for i in range(len(f.rows)) if i not in gone]

    def row_at(self, place):
        return self.files[place[0]][0].rows[place[1]]

    def keys_now(self):
        return {self.key_of(self.row_at(p)) for p in self.places()}

    def key_of(self, row):
        return tuple(row.get(k) for k in self.key)

    def new_rows(self, count, taken=()):
        """Their keys are unique, unless the table is dirty."""
        rows, taken = [], set(taken)
        for _ in range(count):
            row = {c.number: random_value(self.rng, c.kind) for c in self.columns}
            for _ in range(20):
                for c in self.columns:
                    if c.number in self.key:
                        null = 0.05 if self.dirty else 0
                        row[c.number] = random_value(self.rng, c.kind, 40 if self.dirty else 3000, null)
                if self.dirty or self.key_of(row) not in taken:
                    break
            else:
                continue
            taken.add(self.key_of(row))
            rows.append(row)
        return rows

    def edit(self, gone, fresh, updated=()):
        """Takes rows away and adds some; `updated` are (place, row) of those that change."""
        feed = [(self.row_at(p), "delete") for p in gone]
        for place, row in updated:
            feed += [(self.row_at(place), "update_preimage"), (row, "update_postimage")]
        feed += [(r, "insert") for r in fresh]
        fresh = list(fresh) + [row for _, row in updated]
        away = set(gone) | {p for p, _ in updated}
        actions = []
        for name in list(self.files):
            here = {i for p, i in away if p == name}
            if not here:
                continue
            f, before = self.files[name]
            actions.append(self.remove_action(name))
            left = [r for i, r in enumerate(f.rows) if i not in before and i not in here]
            if self.vectors and left and self.rng.random() < 0.7:
                self.files[name] = (f, before | here)
                actions.append(self.add_action(name))
            else:
                del self.files[name]
                actions += self.add(left)
        self.write(actions + self.add(fresh) + self.change_files(feed), "MERGE")

    def append(self, count=None):
        rows = self.new_rows(count or self.rng.randrange(1, 12), self.keys_now())
        self.write(self.add(rows), "WRITE")

    def merge(self):
        places = self.places()
        some = self.rng.sample(places, min(len(places), self.rng.randrange(1, 15)))
        cut = self.rng.randrange(len(some) + 1)
        taken, updated = self.keys_now(), []
        for place in some[cut:]:
            row = self.new_rows(1, taken)[:1]
            if not row:
                continue
            if self.rng.random() < 0.8:  # else its key changes
                row[0].update({k: self.row_at(place).get(k) for k in self.key})
            taken.add(self.key_of(row[0]))
            updated.append((place, row[0]))
        self.edit(set(some[:cut]), self.new_rows(self.rng.randrange(4), taken), updated)

    def overwrite(self, count=None):
        actions = [self.remove(p) for p in list(self.files)]
        self.write(actions + self.add(self.new_rows(self.rng.randrange(40) if count is None else count)), "WRITE")

    def overwrite_some(self):
        """A partition, or the rows of some files."""
        value = self.rng.choice([f.partition for f, _ in self.files.values()] or [None])
        actions = [self.remove(p) for p, (f, _) in list(self.files.items()) if f.partition == value]
        rows = self.new_rows(self.rng.randrange(8), self.keys_now())
        for r in rows:
            if self.partition:
                r[self.partition] = value
        self.write(actions + self.add(rows), "WRITE")

    def optimize(self):
        rows = [self.row_at(p) for p in self.places()]
        self.rng.shuffle(rows)
        actions = [self.remove(p, False) for p in list(self.files)]
        self.write(actions + self.add(rows, False), "OPTIMIZE")

    def restore(self):
        versions = [v for v in self.states if v >= self.readable_from]
        if not versions:
            return self.append()
        columns, files, key = self.states[self.rng.choice(versions)]
        same = [c.__dict__ for c in columns] == [c.__dict__ for c in self.columns]
        old, self.columns, self.key = dict(self.files), [c.copy() for c in columns], key
        actions = [] if same else [self.metadata()]
        actions += [self.remove(p) for p in old if (p, old[p][1]) not in [(q, set(g)) for q, (_, g) in files.items()]]
        for name, (f, gone) in files.items():
            if name not in self.files:
                self.files[name] = (f, set(gone))
                actions.append(self.add_action(name))
        return self.write(actions, "RESTORE")

    def nothing(self):
        self.write([{"txn": {"appId": "app", "version": self.version}}], "STREAMING UPDATE")

    # ---- columns ----

    def plain(self):
        return [c for c in self.columns if not self.is_kept(c)]

    def is_kept(self, c):
        return c.number in self.key or c.number in (self.partition, self.time)

    def new_name(self):
        """Maybe one that there was before."""
        taken = {c.name.lower() for c in self.columns}
        return self.rng.choice([n for n in ["c%d" % i for i in range(10)] + ["Ab \"c'", "\u00fcber"] if n.lower() not in taken])

    def add_column(self):
        if len(self.columns) > 9:
            return self.merge()
        at = self.rng.randrange(len(self.columns) + 1)
        self.columns.insert(at, self.column(self.new_name(), self.rng.choice(TYPES)))
        rows = self.new_rows(self.rng.randrange(4), self.keys_now())
        return self.write([self.metadata()] + self.add(rows), "ADD COLUMNS")

    def rename_column(self):
        if self.mapping == "none":
            return self.add_column()
        column = self.rng.choice(self.columns)
        column.name = self.new_name()
        return self.write([self.metadata()], "RENAME COLUMN")

    def swap_names(self):
        some = self.plain()
        if self.mapping == "none" or len(some) < 2:
            return self.rename_column()
        a, b = self.rng.sample(some, 2)
        a.name, b.name = b.name, a.name
        return self.write([self.metadata()], "RENAME COLUMN")

    def drop_column(self):
        some = self.plain()
        if self.mapping == "none" or len(some) < 2:
            return self.add_column()
        self.columns.remove(self.rng.choice(some))
        return self.write([self.metadata()], "DROP COLUMNS")

    def replace_column(self):
        """Drops one and adds another of its name, or gives its name to another."""
        some = self.plain()
        if self.mapping == "none" or len(some) < 2:
            return self.add_column()
        old, other = self.rng.sample(some, 2)
        self.columns.remove(old)
        if self.rng.random() < 0.5:
            other.name = old.name
        else:
            self.columns.append(self.column(old.name, self.rng.choice(TYPES)))
        return self.write([self.metadata()], "DROP COLUMNS")

    def widen(self):
        some = [c for c in self.columns if c.kind in WIDER and c.number != self.partition]
        if not some:
            return self.add_column()
        column = self.rng.choice(some)
        choices = [k for k in WIDER[column.kind] if column.number not in self.key or k in ("integer", "long", "short")]
        if not choices:
            return self.comment()
        kind = self.rng.choice(choices)
        column.changes.append((column.kind, kind))
        column.kind = kind
        return self.write([self.metadata()], "CHANGE COLUMN")

    def comment(self):
        self.rng.choice(self.columns).comment = self.rng.choice(["it's", "a \"comment\"", None])
        self.write([self.metadata()], "CHANGE COLUMN")

    def move_column(self):
        self.rng.shuffle(self.columns)
        self.write([self.metadata()], "CHANGE COLUMN")

    def overwrite_schema(self):
        """All rows and all columns but the key's are replaced; unmapped ones keep their names, not their types."""
        actions = [self.remove(p) for p in list(self.files)]
        names = [c.name for c in self.plain()]
        self.columns = [c for c in self.columns if self.is_kept(c)]
        for name in self.rng.sample(names, self.rng.randrange(len(names) + 1)) + [self.new_name()]:
            if name not in [c.name for c in self.columns]:
                self.columns.append(self.column(name, self.rng.choice(TYPES)))
        self.write(actions + [self.metadata()] + self.add(self.new_rows(self.rng.randrange(20))), "WRITE")

    def settings(self):
        """The change feed or deletion vectors are switched on or off."""
        if self.rng.random() < 0.5:
            self.feed = not self.feed
        else:
            self.vectors = not self.vectors
        self.write([self.metadata()], "SET TBLPROPERTIES")

    # ---- housekeeping ----

    def vacuum(self):
        for name in os.listdir(self.folder):
            if name.endswith(".parquet") and name not in self.files:
                os.remove(os.path.join(self.folder, name))
        self.readable_from = self.version

    def clean_log(self):
        """A checkpoint of the newest version; commits before it go."""
        lines = [{"checkpointMetadata": {"version": self.version}}, self.protocol(), self.metadata()]
        lines += [self.add_action(n) for n in self.files]
        self.put("%020d.checkpoint.%s.json" % (self.version, uuid.uuid4()), lines)
        with open(os.path.join(self.log, ".part-last"), "w") as f:
            json.dump({"version": self.version, "size": len(lines)}, f)
        os.rename(os.path.join(self.log, ".part-last"), os.path.join(self.log, "_last_checkpoint"))
        for name in os.listdir(self.log):
            if name[0] == "0" and int(name[:20]) < self.version:
                os.remove(os.path.join(self.log, name))
        self.readable_from = self.version

    STEPS = [("append", 5), ("merge", 12), ("overwrite", 1), ("overwrite_some", 2), ("optimize", 2), ("restore", 1),
             ("nothing", 1), ("add_column", 1), ("rename_column", 1), ("swap_names", 0.4), ("drop_column", 1),
             ("replace_column", 0.5), ("widen", 1), ("comment", 0.5), ("move_column", 0.5), ("overwrite_schema", 0.4),
             ("settings", 0.5), ("vacuum", 1), ("clean_log", 0.7)]

    def step(self):
        name = self.rng.choices([s[0] for s in self.STEPS], [s[1] for s in self.STEPS])[0]
        getattr(self, name)()
        return name
