"""Stories of Delta tables told by their writer: after each step read_delta, read_delta_changes and synced tables are
what the writer itself reads, at the end every version once more.

A story is {"steps": [...], "feed": whether the table has a change feed from its first version on, ...}.
A writer answers `ask(...)` as spark.py says.
"""
import datetime
import decimal
import json
import os
import struct
import subprocess
import tempfile

from fetched import Skip

import psycopg2
import psycopg2.extras

REAL = 700
WAIT = "60s"


class Writer:
    """A program that writes and reads tables, asked a JSON object a line."""

    def __init__(self, program, env):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["/usr/bin/python3", program], env=dict(os.environ, TZ="UTC", **env),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise Skip("does not start: " + self.errors.read().decode("utf-8", "replace")[-1000:])

    def ask(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or '{"error": "the writer is gone"}')

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def text(row):
    return json.dumps(row, sort_keys=True)


def parsed(v):
    if isinstance(v, dict):
        return {k: parsed(x) for k, x in v.items()}
    if isinstance(v, list):
        items = [parsed(x) for x in v]
        # A map: its order says nothing.
        return sorted(items, key=text) if all(isinstance(x, dict) and x.keys() == {"key", "value"} for x in v) else items
    return "n" + format(v, "f") if isinstance(v, decimal.Decimal) else v


def plain(v, type_code):
    """A value in the form that a writer's program gives its own."""
    if type_code == REAL and v is not None:
        return struct.pack(">f", v).hex()
    if isinstance(v, float):
        return repr(v)
    if isinstance(v, decimal.Decimal):
        return str(v)
    if isinstance(v, datetime.datetime):
        return (v.astimezone(datetime.timezone.utc) if v.tzinfo else v).replace(tzinfo=None).isoformat() + (
            "Z" if v.tzinfo else "")
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, memoryview):
        return bytes(v).hex()
    return parsed(v)


class Tarn:
    def __init__(self, server):
        self.connection = psycopg2.connect(server.dsn(), options="-c timezone=UTC")
        self.connection.autocommit = True
        psycopg2.extras.register_default_jsonb(
            self.connection, globally=False, loads=lambda s: json.loads(s, parse_float=decimal.Decimal))
        self.cursor = self.connection.cursor()

    def rows(self, sql):
        """As Spark's answers."""
        try:
            self.cursor.execute(sql)
        except psycopg2.Error as e:
            return {"error": "%s %s" % (e.pgcode, e)}
        if not self.cursor.description:
            return {}
        about = self.cursor.description
        return {"columns": [c.name for c in about],
                "rows": [[plain(v, c.type_code) for v, c in zip(row, about)] for row in self.cursor.fetchall()]}


def ordered(answer):
    """With the rows in one order, and columns by name."""
    if "rows" not in answer:
        return answer
    order = sorted(range(len(answer["columns"])), key=lambda i: answer["columns"][i])
    rows = [[row[i] for i in order] for row in answer["rows"]]
    return {"columns": [answer["columns"][i] for i in order], "rows": sorted(rows, key=text)}


def difference(got, want):
    """Empty where they are the same."""
    got, want = ordered(got), ordered(want)
    if got == want:
        return ""
    if "rows" not in got or "rows" not in want or got["columns"] != want["columns"]:
        return "%.500s instead of %.500s" % (got, want)
    a, b = ([text(r) for r in x["rows"]] for x in (got, want))
    return "%d rows instead of %d, of %s; too many: %.400s; missing: %.400s" % (
        len(a), len(b), got["columns"], [r for r in a if r not in b][:4], [r for r in b if r not in a][:4])


def applied(before, changes):
    """The rows that changes make of rows."""
    at = [changes["columns"].index(c) for c in before["columns"]]
    kind = changes["columns"].index("_change_type")
    left = {}
    for row in before["rows"]:
        left[text(row)] = left.get(text(row), 0) + 1
    for row in changes["rows"]:
        key = text([row[i] for i in at])
        left[key] = left.get(key, 0) + (-1 if row[kind] in ("delete", "update_preimage") else 1)
    rows = [json.loads(k) for k, n in left.items() for _ in range(max(n, 0))]
    return {"columns": before["columns"], "rows": rows if min(left.values(), default=0) >= 0 else [["less than none"] * len(at)]}


class Story:
    def __init__(self, writer, tarn, tally, name, story, folder):
        self.writer, self.tarn, self.tally, self.name = writer, tarn, tally, name
        self.path = os.path.join(folder, name)
        self.key = story.get("key", "id")
        self.feed = story.get("feed", False)
        self.times = story.get("times", True)
        self.modes = story.get("modes", ("TRIGGERED", "CONTINUOUS"))
        self.steps = story["steps"]
        self.settings = story.get("settings", {})
        self.known = {}  # version -> what its writer read

    def same(self, what, got, want):
        return self.tally.check("%s: %s" % (self.name, what), difference(got, want))

    def do(self, step):
        if callable(step):
            return step(self.path)
        kind = "python" if step.startswith("python:") else "do"
        text = step[len("python:"):] if kind == "python" else step
        text = text.replace("{t}", "delta.`%s`" % self.path).replace("{path}", self.path)
        return self.writer.ask(**{kind: text}).get("error", "")

    def read(self, version=None):
        return self.tarn.rows("SELECT * FROM read_delta('%s'%s)" % (
            self.path, "" if version is None else ", version => %d" % version))

    def timed(self, changes):
        """Without the time of the commit where the writer takes it from elsewhere than Delta's rules say."""
        if self.times or "rows" not in changes:
            return changes
        at = changes["columns"].index("_commit_timestamp")
        rows = [r[:at] + r[at + 1:] for r in changes["rows"]]
        return {"columns": changes["columns"][:at] + changes["columns"][at + 1:], "rows": rows}

    def changes(self, what, version):
        got = self.tarn.rows("SELECT * FROM read_delta_changes('%s', %d, %d)" % (self.path, version, version))
        if self.feed:
            want = self.writer.ask(changes=self.path, **{"from": version, "to": version})
            if "error" not in want:
                self.same(what + ", changes", self.timed(got), self.timed(want))
        before, after = self.known.get(version - 1), self.known[version]
        if "error" in got:
            # Across another type of a column there are none.
            fine = got["error"].startswith("0A000") and "had another type" in got["error"] and before and \
                before.get("schema") != after["schema"]
            self.tally.check("%s: %s, changes" % (self.name, what), "" if fine else got["error"])
            return
        if before and before.get("schema") == after["schema"]:
            self.same(what + ", changes applied", applied(before, got), after)

    def synced(self, what, first):
        for mode in self.modes:
            name = "%s_%s" % (self.name, mode.lower())
            if first:
                done = self.tarn.rows("CREATE SYNCED TABLE %s FROM DELTA '%s' PRIMARY KEY (%s) MODE %s WITH "
                                      "(poll_interval = '100ms')" % (name, self.path, self.key, mode))
            elif mode == "CONTINUOUS":
                done = self.tarn.rows("WAIT FOR SYNCED TABLE %s VERSION %d TIMEOUT '%s'" % (
                    name, max(self.known), WAIT))
            else:
                done = self.tarn.rows("REFRESH SYNCED TABLE " + name)
            self.same("%s, %s synced" % (what, mode), done, {})
            self.same("%s, %s rows" % (what, mode), self.tarn.rows("SELECT * FROM " + name), self.known[max(self.known)])

    def step(self, number, text):
        what = "step %d" % number
        problem = self.do(text)
        if not self.tally.check("%s: %s" % (self.name, what), problem and "the writer says %s to %s" % (problem, text)):
            return False
        newest = self.writer.ask(version=self.path).get("version")
        if newest is None:
            return True
        first = not self.known
        fresh = [v for v in range(newest + 1) if v not in self.known]
        for version in fresh:
            self.known[version] = self.writer.ask(rows=self.path, version=version)
            self.same("%s, version %d" % (what, version), self.read(version), self.known[version])
        self.same(what + ", newest", self.read(), self.known[newest])
        for version in fresh:
            self.changes("%s, version %d" % (what, version), version)
        self.synced(what, first)
        return True

    def again(self):
        """Every version; what cannot be read any more, its writer cannot read either."""
        for version, want in self.known.items():
            got = self.read(version)
            if "error" in got:
                want = self.writer.ask(rows=self.path, version=version)
                self.tally.check("%s: version %d in the end" % (self.name, version),
                                 "" if "error" in want else got["error"])
            else:
                self.same("version %d in the end" % version, got, want)

    def whole(self):
        """All changes in one answer, where the writer gives them, and nothing that VERIFY finds."""
        newest = max(self.known)
        if self.feed:
            want = self.writer.ask(changes=self.path, **{"from": 0, "to": newest})
            if "error" not in want:
                got = self.tarn.rows("SELECT * FROM read_delta_changes('%s', 0)" % self.path)
                self.same("all changes", self.timed(got), self.timed(want))
        for mode in self.modes:
            found = self.tarn.rows("VERIFY SYNCED TABLE %s_%s" % (self.name, mode.lower()))
            self.tally.check("%s: %s verified" % (self.name, mode), "" if found.get("rows") == [] else str(found))

    def tell(self):
        for name, value in self.settings.items():
            self.writer.ask(do="SET %s = %s" % (name, value))
        for number, text in enumerate(self.steps):
            if not self.step(number, text):
                break
        self.again()
        self.whole()
        for name in self.settings:
            self.writer.ask(do="RESET " + name)
        for mode in self.modes:
            self.tarn.rows("DROP SYNCED TABLE %s_%s" % (self.name, mode.lower()))
