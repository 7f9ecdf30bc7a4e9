"""Synced tables of every mode against a model: random Delta tables (lib/delta_random.py) whose rows and columns change,
with vacuums, log clean-up and other tables at the same place, followed by refreshes, pauses, other modes and policies, and
kill -9 at random moments. After every step each table is its source at the version that it says, and what it does not
have is among its rejects.

    model.py [--steps N] [--seed N] [--keep] [--minutes N]

The seed is 1 unless given; the same steps come again, though not the same moments of a kill.
"""
import argparse
import collections
import datetime
import decimal
import json
import os
import random
import shutil
import struct
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from delta_random import KEY_TYPES, Source, random_value  # noqa: E402
from tarn import Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

SLOTS = 6
MODES = ["SNAPSHOT", "TRIGGERED", "CONTINUOUS"]
WAIT = "120s"
DIRTY = {"23505": "duplicate", "23502": "null"}


def quoted(name):
    return '"%s"' % name.replace('"', '""')


def literal(v):
    return "NULL" if v is None else "'%s'" % str(v).replace("'", "''")


def plain(v):
    """As the model has it."""
    if isinstance(v, memoryview):
        return bytes(v)
    if isinstance(v, datetime.datetime) and v.tzinfo:
        return v.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return v


class Broken(Exception):
    """The rest of the run would only repeat it."""


class Slot:
    """One synced table and its source."""

    def __init__(self, model, number):
        rng = model.rng
        self.model, self.rng, self.name = model, rng, "t%d" % number
        self.folder = os.path.join(model.folder, self.name)
        self.keys = rng.choice([["k"], ["k"], ["k", "k2"]])
        self.kinds = [rng.choice(KEY_TYPES) for _ in self.keys]
        self.policy = rng.choice(["clean", "clean", "fail", "quarantine", "latest"])
        self.mode = rng.choice(MODES)
        self.paused = False
        self.sources = {}
        self.new_source()
        for _ in range(rng.randrange(1, 4)):
            self.source.append(30)
        self.create()
        self.left = rng.randrange(30, 90)  # steps

    def new_source(self):
        """With the key of the one before, as it is called in the table."""
        rng, time_name = self.rng, "ts"
        if self.sources:
            names = self.sql("SELECT a.attname, k.n FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY k(att, n) "
                             "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.att "
                             "WHERE i.indrelid = '%s'::regclass AND i.indisprimary ORDER BY k.n" % self.name)
            self.keys = [n[0] for n in names]
            if self.policy == "latest":
                time_name = self.sql("SELECT attname FROM pg_attribute a JOIN tarn.sync_state s ON s.relid = a.attrelid AND "
                                     "s.time_key = a.attnum WHERE s.relid = '%s'::regclass" % self.name)[0][0]
        self.source = Source(self.folder, rng, feed=rng.random() < 0.5, vectors=rng.random() < 0.6,
                             mapping=rng.choice(["none", "name", "name", "id"]), partitioned=rng.random() < 0.3,
                             keys=self.keys, kinds=self.kinds, dirty=self.policy != "clean",
                             time=time_name if self.policy == "latest" else None)
        self.sources[self.source.id] = self.source

    def create(self):
        options = ["batch_rows = %d" % self.rng.choice([1, 20, 100000])]
        if self.policy == "fail":
            options += ["on_null_key = fail", "on_duplicate_key = fail"]
        elif self.policy == "quarantine":
            options.append("on_duplicate_key = quarantine")
        while self.policy == "fail" and self.bad(self.source.version):
            self.source.overwrite(3)
        self.sql("CREATE SYNCED TABLE %s FROM DELTA '%s' PRIMARY KEY (%s)%s MODE %s WITH (%s)%s" % (
            self.name, self.folder, ", ".join(map(quoted, self.keys)), " TIMESERIES KEY (ts)" if self.policy == "latest" else "", self.mode,
            ", ".join(options), self.rng.choice(["", " NO WAIT"])))
        self.sql("COMMENT ON TABLE %s IS 'kept'" % self.name)
        self.sql("COMMENT ON COLUMN %s.%s IS 'the key'" % (self.name, self.source.columns[0].name))
        self.sql("GRANT SELECT ON %s TO reader" % self.name)
        if self.rng.random() < 0.5:
            self.sql("CREATE UNIQUE INDEX %s_unique ON %s (%s)" % (self.name, self.name, ", ".join(map(quoted, reversed(self.keys)))))

    def sql(self, text):
        return self.model.sql(text)

    # ---- what there should be ----

    def bad(self, version):
        """Whether rows of that version have no place in a table with this key."""
        columns, rows = self.source.content(version)
        places = self.source.key_places(version)
        keys = [tuple(r[i] for i in places) for r in rows]
        return len(set(keys)) < len(keys) or any(None in k for k in keys)

    def check(self, label):
        """The table and its state as one snapshot shows them."""
        m = self.model
        if m.sql("SELECT applied_version FROM tarn.sync_state WHERE relid = '%s'::regclass" % self.name) == [(None,)]:
            return  # not loaded yet: nobody may read it
        m.sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try:
            m.sql("LOCK TABLE %s IN ACCESS SHARE MODE" % self.name)  # its columns are those of the snapshot
            state = m.sql("SELECT applied_version, source_id, rejected_rows, row_count FROM tarn.sync_state WHERE relid = "
                          "'%s'::regclass" % self.name)[0]
            source = self.sources[state[1]]
            where = "%s %s: %s v%d" % (label, self.name, self.about(source), state[0])
            if state[0] not in source.states:
                m.tally.check(where, "the version is long gone, %d is the newest" % source.version)
                return
            self.compare(where, source, *state)
            m.sql("COMMIT")
        finally:
            if m.connection.info.transaction_status:
                m.sql("ROLLBACK")

    def about(self, source):
        return "%s, %s, %s%s%s%s" % (self.mode, self.policy, source.mapping, ", feed" * source.feed,
                                     ", vectors" * source.vectors, ", partitioned" * bool(source.partition))

    def compare(self, where, source, version, _, rejected, row_count):
        m = self.model
        columns, rows = source.content(version)
        names = [c.name for c in columns]
        got, found = m.table(self.name)
        if sorted(found) != sorted(names):
            m.tally.check(where, "columns %s instead of %s" % (found, names))
            return
        order = [found.index(n) for n in names]
        floats = [i for i, c in enumerate(columns) if c.kind == "float"]
        got = [tuple(round32(r[o]) if i in floats else r[o] for i, o in enumerate(order)) for r in got]
        places = source.key_places(version)
        time_at = [i for i, c in enumerate(columns) if c.number == source.time]
        left, problem = split(got, rows, places, time_at[0] if time_at else -1)
        if not problem and rejected != left:
            problem = "%s rows rejected instead of %d" % (rejected, left)
        if not problem and row_count != len(got):
            problem = "%s rows are said, %d are there" % (row_count, len(got))
        if not problem and left != m.sql("SELECT count(*) FROM tarn.sync_rejects WHERE table_name = '%s'" % self.name)[0][0]:
            problem = "rejects are not listed"
        m.tally.check(where, problem)
        if problem:
            raise Broken
        if version >= source.readable_from and source is self.source:
            self.compare_read(where, source, names, version)
        self.probe(where, columns, got)

    def compare_read(self, where, source, names, version):
        """What SQL reads of the source is the same too."""
        wanted = ", ".join(quoted(n) for n in names)
        try:
            more = self.model.sql("SELECT count(*) FROM (SELECT %s FROM %s EXCEPT ALL SELECT %s FROM read_delta('%s', "
                                  "version => %d)) x" % (wanted, self.name, wanted, self.folder, version))
            self.model.tally.check(where + " read_delta", "" if more == [(0,)] else "%s rows are not there" % more)
        except psycopg2.Error as e:
            self.model.tally.check(where + " read_delta", "%s %s" % (e.pgcode, e))
            raise Broken

    def probe(self, where, columns, got):
        """Through an index on any column."""
        m, at = self.model, self.rng.randrange(len(columns))
        value = random_value(self.rng, columns[at].kind)
        if isinstance(value, bytes):
            value = "\\x" + value.hex()
        m.sql("SET LOCAL enable_seqscan = off")
        test = quoted(columns[at].name) + (" IS NULL" if value is None else " = " + literal(value))
        count = m.sql("SELECT count(*) FROM %s WHERE %s" % (self.name, test))[0][0]
        value = bytes.fromhex(value[2:]) if columns[at].kind == "binary" and value else value
        want = sum(r[at] == value for r in got)
        m.tally.check(where + " " + test, "" if count == want else "%d rows instead of %d" % (count, want))

    # ---- steps ----

    def sync(self):
        """Brings the table up to date and says what is wrong if it did not work."""
        if self.paused:
            self.sql("ALTER SYNCED TABLE %s RESUME" % self.name)
            self.paused = False
        version = self.source.version
        if self.policy == "fail" and self.bad(version):
            return self.sync_bad()
        if self.mode == "CONTINUOUS" and self.rng.random() < 0.8:
            return self.wait(version)
        self.sql("REFRESH SYNCED TABLE %s%s" % (self.name, self.rng.choice(["", "", "", "", " FULL"])))
        return self.is_at(version)

    def sync_bad(self):
        try:
            self.sql("REFRESH SYNCED TABLE " + self.name)
            self.model.tally.check("refresh of bad rows", "must fail")
        except psycopg2.Error as e:
            self.model.tally.check("refresh of bad rows", "" if e.pgcode in DIRTY else "%s %s" % (e.pgcode, e))
        self.check("bad")
        while self.bad(self.source.version):
            if self.rng.random() < 0.5:
                self.source.overwrite(3)
            else:
                self.mend()

    def mend(self):
        """Deletes the rows that are in the way."""
        seen, gone = set(), set()
        for p in self.source.places():
            key = self.source.key_of(self.source.row_at(p))
            if None in key or key in seen:
                gone.add(p)
            seen.add(key)
        self.source.edit(gone, [])

    def wait(self, version):
        # Another table at the same place may have had that version.
        for _ in range(1000):
            if self.sql("SELECT source_id FROM tarn.sync_state WHERE relid = '%s'::regclass" % self.name) == [(self.source.id,)]:
                break
            time.sleep(0.03)
        try:
            self.sql("WAIT FOR SYNCED TABLE %s VERSION %d TIMEOUT '%s'" % (self.name, version, WAIT))
        except psycopg2.Error as e:
            said = self.sql("SELECT state, error_class, error_message, consecutive_failures, next_run_at, now() FROM tarn.synced_tables "
                            "WHERE table_name = '%s'" % self.name)
            self.model.tally.check("wait for %s: %s" % (self.name, self.about(self.source)), "%s %s, %s" % (e.pgcode, e, said))
            raise Broken
        return self.is_at(version)

    def is_at(self, version):
        got = self.sql("SELECT applied_version, source_id FROM tarn.sync_state WHERE relid = '%s'::regclass" % self.name)
        self.model.tally.check("version of " + self.name, "" if got == [(version, self.source.id)] else
                               "%s instead of %s" % (got, (version, self.source.id)))

    def recreate(self):
        self.sync()  # a run that renames the key could end after its name has been asked for
        shutil.rmtree(self.folder)
        self.new_source()
        for _ in range(self.rng.randrange(1, 4)):
            self.source.append(10)
        while self.policy == "fail" and self.bad(self.source.version):
            self.mend()
        self.sync()  # its columns are known by their names alone until then

    def manage(self):
        """Something that an operator does."""
        what = self.rng.choice(["pause", "mode", "option", "index", "index", "verify", "recreate"])
        if what == "pause" and not self.paused:
            self.sql("ALTER SYNCED TABLE %s PAUSE" % self.name)
            self.paused = True
        elif what == "mode":
            self.mode = self.rng.choice(MODES)
            self.sql("ALTER SYNCED TABLE %s SET MODE %s" % (self.name, self.mode))
        elif what == "option":
            self.sql("ALTER SYNCED TABLE %s SET (batch_rows = %d)" % (self.name, self.rng.choice([1, 30, 100000])))
        elif what == "index":
            names = self.sql("SELECT attname FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT "
                             "attisdropped ORDER BY attname" % self.name)
            self.sql("DROP INDEX IF EXISTS %s_any" % self.name)
            try:
                self.sql("CREATE INDEX %s_any ON %s (%s)" % (self.name, self.name, quoted(self.rng.choice(names)[0])))
            except psycopg2.errors.UndefinedColumn:
                if self.mode != "CONTINUOUS":  # else it may have gone meanwhile
                    raise
        elif what == "verify":
            self.verify()
        elif what == "recreate" and self.rng.random() < 0.3:
            self.recreate()
        return what

    def verify(self):
        """Where the version is to be had."""
        state = self.sql("SELECT applied_version, source_id FROM tarn.sync_state WHERE relid = '%s'::regclass" % self.name)[0]
        if state[0] is None or state[1] != self.source.id or state[0] < self.source.readable_from:
            return
        try:
            got = self.sql("VERIFY SYNCED TABLE %s%s" % (self.name, self.rng.choice(["", " REPAIR"])))
            if self.policy in ("quarantine", "latest"):  # equals may have come in another order
                got = [r for r in got if r[0] != "different"]
            self.model.tally.check("verify " + self.name, "" if got == [] else str(got)[:500])
        except psycopg2.Error as e:
            # A continuous table may have gone on meanwhile, over a version whose files are gone.
            self.model.tally.check("verify " + self.name, "" if self.mode == "CONTINUOUS" else "%s %s" % (e.pgcode, e))

    def step(self):
        what = []
        for _ in range(self.rng.choice([1, 1, 1, 1, 2, 4])):
            what.append(self.source.step())
        if self.rng.random() < 0.2:
            what.append(self.manage())
        if self.rng.random() < 0.8:
            self.sync()
            what.append("sync")
        self.left -= 1
        return " ".join(what)

    def end(self):
        m = self.model
        while self.policy == "fail" and self.bad(self.source.version):
            self.mend()
        self.sync()
        got = m.sql("SELECT obj_description('%s'::regclass), col_description('%s'::regclass, 1), has_table_privilege("
                    "'reader', '%s', 'SELECT')" % (self.name, self.name, self.name))
        m.tally.check("comments and grants of " + self.name, "" if got == [("kept", "the key", True)] else str(got))
        m.sql("DROP SYNCED TABLE " + self.name)
        got = m.sql("SELECT (SELECT count(*) FROM tarn.sync_rejects WHERE table_name = '%s'), (SELECT count(*) FROM "
                    "tarn.synced_tables WHERE table_name = '%s')" % (self.name, self.name))
        m.tally.check("forgotten " + self.name, "" if got == [(0, 0)] else str(got))
        shutil.rmtree(self.folder)


def round32(v):
    return None if v is None else struct.unpack("<f", struct.pack("<f", v))[0]


def split(got, rows, places, time_at):
    """(number of rows that are rejected, what is wrong): one row of each key is in the table, with a
    time key the newest."""
    by_key = collections.defaultdict(list)
    for r in rows:
        by_key[tuple(r[i] for i in places)].append(r)
    nulls = sum(len(v) for k, v in by_key.items() if None in k)
    by_key = {k: v for k, v in by_key.items() if None not in k}
    have = {tuple(r[i] for i in places): r for r in got}
    if len(have) != len(got):
        return 0, "a key comes twice"
    for key, some in by_key.items():
        row = have.get(key)
        if row not in some:
            return 0, "key %r: %r, but %r in the source" % (key, row, some[:3])
        if time_at >= 0 and rank(row[time_at]) != max(rank(r[time_at]) for r in some):
            return 0, "key %r: %r is not the newest of %r" % (key, row, some[:5])
    more = set(have) - set(by_key)
    left = nulls if time_at >= 0 else len(rows) - len(by_key)
    return left, "keys %r are not in the source" % list(more)[:5] if more else ""


def rank(v):
    return (v is not None, v or 0)


class Model:
    def __init__(self, server, folder, tally, seed):
        self.server, self.folder, self.tally, self.rng = server, folder, tally, random.Random(seed)
        self.connect()
        self.sql("CREATE ROLE reader")
        self.next, self.kills = 0, 0
        self.slots = [self.new_slot() for _ in range(SLOTS)]

    def connect(self):
        self.connection = psycopg2.connect(self.server.dsn())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.sql("SET timezone = 'UTC'")

    def sql(self, text):
        self.cursor.execute(text)
        return self.cursor.fetchall() if self.cursor.description else None

    def report(self):
        """What the server says of itself, for one who looks for the cause of a failure."""
        try:
            self.connect()
            for text in ("SELECT table_name, state, applied_version, source_version, consecutive_failures, error_message, last_run_at "
                         "FROM tarn.synced_tables", "SELECT pid, state, wait_event_type, wait_event, pg_blocking_pids(pid), query "
                         "FROM pg_stat_activity"):
                for row in self.sql(text):
                    print("   ", *row, sep=" | ")
        except psycopg2.Error as e:
            print("    it says nothing: %s" % e)
        print(self.server.log()[-3000:])

    def table(self, name):
        """(rows, names of columns)."""
        rows = self.sql("SELECT * FROM " + name)
        return [tuple(plain(v) for v in r) for r in rows], [d[0] for d in self.cursor.description]

    def new_slot(self):
        self.next += 1
        return Slot(self, self.next)

    def kill(self):
        """In the midst of runs of several tables."""
        for slot in self.rng.sample(self.slots, 4):
            for _ in range(self.rng.randrange(1, 4)):
                slot.source.step()
            self.sql("REFRESH SYNCED TABLE %s%s NO WAIT" % (slot.name, self.rng.choice(["", " FULL"])))
        time.sleep(self.rng.choice([0, 0.003, 0.01, 0.03, 0.1]) * self.rng.random())
        self.connection.close()
        self.server.kill()
        self.server.start()
        self.connect()
        self.kills += 1
        for slot in self.slots:
            slot.check("after a kill")

    def step(self, number):
        at = self.rng.randrange(SLOTS)
        slot = self.slots[at]
        try:
            what = slot.step()
        except psycopg2.Error as e:
            self.tally.check("step %d %s: %s" % (number, slot.name, slot.about(slot.source)), "%s %s" % (e.pgcode, e))
            raise Broken
        slot.check("step %d (%s)" % (number, what))
        if slot.left <= 0:
            slot.end()
            self.slots[at] = self.new_slot()
        if self.rng.random() < 0.01:
            self.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=0, help="end after so long, however many steps there are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="the folder, after a failure")
    args = parser.parse_args()
    tally = Tally("model (seed %d)" % args.seed)
    folder = tempfile.mkdtemp(prefix="tarn-model-")
    step, kills, end = 0, 0, time.monotonic() + 60 * args.minutes
    try:
        with Server(data=os.path.join(folder, "data"), timeout_s=120) as server:
            model = Model(server, folder, tally, args.seed)
            try:
                while step < args.steps and not (args.minutes and time.monotonic() > end):
                    step += 1
                    model.step(step)
                for slot in model.slots:
                    slot.end()
            except Broken:
                model.report()
            except psycopg2.Error as e:
                tally.check("step %d" % step, "%s %s in %s" % (e.pgcode, e, model.cursor.query))
                model.report()
            kills = model.kills
            model.connection.close()
    finally:
        if not (args.keep and tally.failed):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print("kept in " + folder)
    print("%d steps, %d kills" % (step, kills))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
