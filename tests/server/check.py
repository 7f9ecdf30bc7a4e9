"""`tarn check`: finds every kind of damage, and nothing in a store that is right."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from tarn import BINARY, ROOT, Server, Tally, SANITIZERS  # noqa: E402

DAMAGE = os.path.join(os.environ.get("TARN_BUILD", os.path.join(ROOT, "build")), "tests", "sim",
                      "damage")
SETUP = """
CREATE TABLE things (id int PRIMARY KEY, name text, size int);
CREATE INDEX things_name ON things (name);
CREATE UNIQUE INDEX things_lower ON things (lower(name), id) WHERE size > 2;
INSERT INTO things SELECT g, 'thing ' || g, g % 7 FROM generate_series(1, 3000) g;
CREATE INDEX things_words ON things USING gin (string_to_array(name, ' '));
CREATE TABLE keyless (a int, b text);
CREATE INDEX keyless_a ON keyless (a DESC);
INSERT INTO keyless SELECT g, repeat('long', g) FROM generate_series(1, 600) g;
DELETE FROM things WHERE id % 10 = 0;
UPDATE things SET size = size + 1, name = upper(name) WHERE id % 11 = 0;
"""


def check(data):
    env = dict(os.environ)
    for name, value in SANITIZERS.items():
        env.setdefault(name, value)
    p = subprocess.run([BINARY, "check", "-D", data], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, env=env)
    return p.stdout.decode("utf-8", "replace"), p.returncode


class Tests:
    def __init__(self, tally, folder):
        self.tally = tally
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.copy = os.path.join(folder, "copy")

    def fresh_copy(self):
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.data, self.copy)

    def expect(self, name, data, status, text):
        out, rc = check(data)
        self.tally.check(name, "" if rc == status and text in out else "status %d: %s" % (rc, out))

    def damaged(self, name, what, storage_id, number, text):
        self.fresh_copy()
        subprocess.run([DAMAGE, self.copy, what, str(storage_id), str(number)], check=True)
        self.expect(name, self.copy, 1, text)

    def page_damage(self, name, offset, new, text):
        self.fresh_copy()
        with open(os.path.join(self.copy, "data", "data.mdb"), "r+b") as f:
            f.seek(offset, os.SEEK_SET)
            f.write(new)
        self.expect(name, self.copy, 1, text)

    def run(self):
        self.expect("no directory", os.path.join(self.folder, "none"), 1, "does not exist")
        os.mkdir(os.path.join(self.folder, "empty"))
        self.expect("not a store", os.path.join(self.folder, "empty"), 1, "not a data directory")
        server = Server(data=self.data)
        out, status = server.psql(SETUP)
        self.tally.check("setup", out if status else "")
        ids = dict(line.split("|") for line in server.psql(
            "SELECT relname, relfilenode FROM pg_class WHERE relname ~ 'things|keyless'"
        )[0].split())
        self.expect("in use", self.data, 1, "held by another server")
        server.stop()
        self.expect("right", self.data, 0, "no problems")
        self.damaged("index entry missing", "delete", ids["things_name"], 7,
                     'table "public.things": index "things_name" has no entry for row')
        self.damaged("inverted index entry missing", "delete", ids["things_words"], 5,
                     'index "things_words" has no entry for row')
        self.damaged("partial index entry missing", "delete", ids["things_lower"], 3,
                     'index "things_lower" has no entry for row')
        self.damaged("index entry without row", "copy", ids["keyless_a"], 599,
                     'table "public.keyless": entry')
        self.damaged("index entry of another row", "change", ids["things_name"], 9,
                     'index "things_name"')
        self.damaged("row missing", "delete", ids["things"], 5, "belongs to no row")
        self.damaged("row changed", "change", ids["things"], 1, 'table "public.things"')
        self.pages()
        self.log()

    def pages(self):
        size = os.path.getsize(os.path.join(self.data, "data", "data.mdb"))
        self.page_damage("meta pages", 16, b"\0" * 4096 + b"\0" * 64, "data file")
        # One bit in every 4th page's header, so that whatever tree is in use is hit.
        self.fresh_copy()
        with open(os.path.join(self.copy, "data", "data.mdb"), "r+b") as f:
            for page in range(2, size // 4096, 4):
                f.seek(4096 * page + 10)
                f.write(b"\x55")
        self.expect("page kinds", self.copy, 1, "data file: page")
        self.fresh_copy()
        with open(os.path.join(self.copy, "data", "data.mdb"), "r+b") as f:
            f.truncate(size // 2 // 4096 * 4096)
        self.expect("shortened", self.copy, 1, "shorter")

    def log(self):
        server = Server(data=self.data)
        for i in range(3):
            server.psql("INSERT INTO keyless SELECT g, 'log %d' FROM generate_series(1, 100) g" % i)
        server.kill()
        self.fresh_copy()
        self.expect("after a crash", self.copy, 0, "no problems")
        self.fresh_copy()
        name = sorted(glob.glob(os.path.join(self.copy, "wal", "*.wal")))[0]
        with open(name, "r+b") as f:
            content = f.read()
            at = content.index(b"log 1")
            f.seek(at)
            f.write(b"LOG")
        self.expect("log record damaged", self.copy, 1, "WAL: no valid record at")


def main():
    tally = Tally("check")
    folder = tempfile.mkdtemp(prefix="tarn-check-")
    try:
        Tests(tally, folder).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
