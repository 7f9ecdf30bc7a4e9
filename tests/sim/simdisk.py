"""The test's side of disk.c: starts a server above the recording layer, gives orders for faults, and
builds from the record what a power cut could have left on the disk.

The rules for a cut after operation N: what a sync covered is there. Of every write since, each
512-byte sector may be there or not, whatever the order; of changes of names in a directory that was
not synced, any subset; a file's size may be any that it had since. A write through a descriptor
opened with O_DSYNC is there.
"""
import errno
import mmap
import os
import shutil
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import ROOT, Server  # noqa: E402

LIBRARY = os.path.join(os.environ.get("TARN_BUILD", os.path.join(ROOT, "build")), "tests", "sim",
                       "libsimdisk.so")
SECTOR = 512
ENTRY = struct.Struct("<IIQQqQ")
CREATE, OPEN, WRITE, TRUNCATE, SYNC, SYNC_DIR, RENAME, UNLINK, MKDIR = range(1, 10)
FLAG_DSYNC = 1
CLASSES = {"wal": 1, "data": 2, "other": 4, "tmp": 8, "new": 16, "meta": 32}
FAULTS = {"write": 1, "sync": 2, "read": 4, "create": 8}


class Control:
    """The page shared with the preloaded layer."""

    FORMAT = struct.Struct("<iIIIII")

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.truncate(4096)
        self.file = open(path, "r+b")
        self.page = mmap.mmap(self.file.fileno(), 4096)

    def seq(self):
        return struct.unpack_from("<Q", self.page, 0)[0]

    def fail(self, fault, classes, error, skip=0, count=0xffffffff):
        """From now on: `skip` operations pass, then `count` fail with `error`."""
        names = classes.split(",")
        self.clear()
        # The kind of operation comes last: it arms the rest.
        self.FORMAT.pack_into(self.page, 8, getattr(errno, error), 0,
                              sum(CLASSES[n] for n in names), skip, count, 0)
        struct.pack_into("<I", self.page, 12, sum(FAULTS[f] for f in fault.split(",")))

    def clear(self):
        self.FORMAT.pack_into(self.page, 8, 0, 0, 0, 0, 0, 0)

    def jump(self, seconds):
        """Puts the clock of the day off by that much."""
        struct.pack_into("<q", self.page, 32, seconds)

    def hits(self):
        return self.FORMAT.unpack_from(self.page, 8)[5]

    def close(self):
        self.page.close()
        self.file.close()


class SimServer(Server):
    """A server with disk.c below it. `record`: where to write the record, `forget`: see disk.c."""

    def __init__(self, data, control, record=None, forget="", **more):
        self.sim = {"LD_PRELOAD": LIBRARY, "SIM_DIR": data, "SIM_CONTROL": control.path,
                    "SIM_FORGET": forget}
        if record:
            self.sim["SIM_LOG"] = record
        super().__init__(data=data, **more)

    def start(self):
        saved = dict(os.environ)
        os.environ.update(self.sim)
        try:
            super().start()
        finally:
            os.environ.clear()
            os.environ.update(saved)


class File:
    """`content` is durable; `pending` is not, in order: (seq, offset, bytes or None: truncation)."""

    def __init__(self, content=b""):
        self.content = bytearray(content)
        self.pending = []

    @staticmethod
    def apply(content, offset, data):
        if data is None:
            if len(content) > offset:
                del content[offset:]
            else:
                content.extend(bytes(offset - len(content)))
            return
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset:offset + len(data)] = data

    def sync(self, seq):
        kept = []
        for p in self.pending:
            if p[0] <= seq:
                self.apply(self.content, p[1], p[2])
            else:
                kept.append(p)
        self.pending = kept

    def write_durable(self, offset, data):
        """An O_DSYNC write, over what is pending in its sectors."""
        lo = offset // SECTOR * SECTOR
        hi = offset + len(data)
        kept = []
        for p in self.pending:
            if p[2] is not None and p[1] < hi and p[1] + len(p[2]) > lo:
                self.apply(self.content, p[1], p[2])
            else:
                kept.append(p)
        self.pending = kept
        self.apply(self.content, offset, data)

    def after_cut(self, rng):
        content = bytearray(self.content)
        mode = rng.choice(("none", "all", "some", "torn", "prefix"))
        keep_first = rng.randrange(len(self.pending) + 1)
        for i, (_, offset, data) in enumerate(self.pending):
            if mode == "none" or mode == "prefix" and i > keep_first:
                continue
            if mode == "some" and rng.random() < 0.5:
                continue
            tear = mode == "torn" or mode == "prefix" and i == keep_first
            if data is None or not tear:
                self.apply(content, offset, data)
                continue
            at = 0
            while at < len(data):
                end = min(len(data), (offset + at) // SECTOR * SECTOR + SECTOR - offset)
                if rng.random() < 0.5:
                    self.apply(content, offset + at, data[at:end])
                at = end
        return content


def directory_of(path):
    return path.rpartition("/")[0]


class Volume:
    """The state of the data directory while the record is read."""

    def __init__(self):
        self.names = {}     # as the running program sees them: path -> File
        self.durable = {}   # after a cut
        self.pending = {}   # directory -> [(seq, {path: File or None})]
        self.files = {}     # the record's number -> File
        self.directories = {"": None}  # path -> sequence number of its mkdir; None: durable

    @classmethod
    def load(cls, root):
        v = cls()
        for folder, dirs, names in os.walk(root):
            below = os.path.relpath(folder, root)
            below = "" if below == "." else below
            v.directories[below] = None
            for name in names:
                path = os.path.join(below, name)
                if path.startswith("tmp/") or path in ("LOCK", "data/lock.mdb"):
                    continue
                with open(os.path.join(folder, name), "rb") as f:
                    v.names[path] = v.durable[path] = File(f.read())
        return v

    def change_names(self, seq, changes):
        for path, file in changes.items():
            if file is None:
                self.names.pop(path, None)
            else:
                self.names[path] = file
        self.pending.setdefault(directory_of(next(iter(changes))), []).append((seq, changes))

    @staticmethod
    def apply_names(names, changes):
        for path, file in changes.items():
            if file is None:
                names.pop(path, None)
            else:
                names[path] = file

    def sync_directory(self, path, seq):
        kept = []
        for p in self.pending.get(path, []):
            if p[0] <= seq:
                self.apply_names(self.durable, p[1])
            else:
                kept.append(p)
        self.pending[path] = kept
        for name, made in self.directories.items():
            parent = directory_of(name) if name else ".."
            if parent == path and made is not None and made <= seq:
                self.directories[name] = None

    def step(self, op, flags, seq, number, offset, data):
        if op == CREATE:
            self.files[number] = File()
            self.change_names(seq, {data.decode(): self.files[number]})
        elif op == OPEN:
            self.files[number] = self.names[data.decode()]
        elif op == WRITE and flags & FLAG_DSYNC:
            self.files[number].write_durable(offset, data)
        elif op == WRITE:
            self.files[number].pending.append((seq, offset, data))
        elif op == TRUNCATE:
            self.files[number].pending.append((seq, offset, None))
        elif op == SYNC:
            self.files[number].sync(offset)
        elif op == SYNC_DIR:
            self.sync_directory(data.decode(), offset)
        elif op == RENAME:
            old, new = data.decode().split("\0")
            self.change_names(seq, {old: None, new: self.names[old]})
        elif op == UNLINK:
            self.change_names(seq, {data.decode(): None})
        elif op == MKDIR:
            self.directories[data.decode()] = seq
        else:
            raise ValueError("operation %d" % op)

    def after_cut(self, rng, root):
        """Writes what the cut leaves to the empty folder `root`."""
        names = dict(self.durable)
        for changes in self.pending.values():
            mode = rng.choice(("none", "all", "some"))
            for _, c in changes:
                if mode == "all" or mode == "some" and rng.random() < 0.5:
                    self.apply_names(names, c)
        folders = {d for d, made in self.directories.items() if made is None or rng.random() < 0.5}
        folders = {d for d in folders if not d or directory_of(d) in folders}
        for d in sorted(folders):
            os.makedirs(os.path.join(root, d), exist_ok=True)
        for path, file in names.items():
            if directory_of(path) in folders:
                with open(os.path.join(root, path), "wb") as f:
                    f.write(file.after_cut(rng))


def cuts(record, volume, positions):
    """Reads the record; yields each of `positions` (sorted) when `volume` stands there."""
    waiting = list(positions)
    with open(record, "rb") as f:
        while True:
            head = f.read(ENTRY.size)
            if len(head) < ENTRY.size:
                break
            op, flags, seq, number, offset, size = ENTRY.unpack(head)
            data = f.read(size)
            if len(data) < size:
                break  # the server was killed while it wrote this
            while waiting and waiting[0] < seq:
                yield waiting.pop(0)
            volume.step(op, flags, seq, number, offset, data)
    for position in waiting:
        yield position


def fresh_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path
