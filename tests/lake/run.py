"""Compares what dump reads with the expected files of tests/data/lakehouse.

    run.py DUMP DATA_FOLDER [NAME_PREFIX]

Every Delta table and Parquet file is read. A table that needs a feature which is not supported must
be refused by name (SQLSTATE 0A000); a broken one must give an error, never a crash or a hang.
Prints what differs and a summary; the exit status is 1 when anything differs.
"""
import base64
import hashlib
import json
import os
import subprocess
import sys
from decimal import Decimal

TIMEOUT_S = 120
# Features that are refused for now. Everything else must read as expected.
UNSUPPORTED = {"catalogManaged", "catalogOwned", "timestampNanos", "geospatial"}
# Broken tables that may be read: rows of another table, or anything but a crash.
BROKEN_READABLE = {
    "derived-log-cleaned-checkpoint-good": "rows",
    "derived-last-checkpoint-points-nowhere": "rows",
    "derived-checkpoint-truncated-log-complete": "rows or error",
    "derived-page-bytes-flipped": "anything",
}
# Columns that a checkpoint has and the commits before it have not (see the table's note).
EXTRA_COLUMNS = {"krs-parquet_row_group_skipping": ["missing"]}
# Parquet files that must be refused, with the SQLSTATE.
PARQUET_REFUSED = {
    "datapage_v1-corrupt-checksum.parquet": "XX001",
    "rle-dict-uncompressed-corrupt-checksum.parquet": "XX001",
    "large_string_map.brotli.parquet": "54000",
}


def run(dump, *args):
    """(rows or None, head, error text)."""
    try:
        p = subprocess.run([dump, *args], capture_output=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return None, None, "CRASH: hang"
    err = p.stderr.decode("utf-8", "replace").strip()
    if p.returncode not in (0, 1) or (p.returncode == 1 and (len(err) < 7 or err[5] != ":")):
        return None, None, "CRASH: status %d %s" % (p.returncode, err[-2000:])
    if p.returncode == 1:
        return None, None, err
    try:
        lines = p.stdout.decode("utf-8", "surrogateescape").splitlines()
        return [json.loads(x) for x in split_lines(p.stdout)[1:]], json.loads(lines[0]), ""
    except ValueError as e:
        return None, None, "CRASH: output is no JSON: %s" % e


def split_lines(raw):
    # Not splitlines(): text values may hold other line separators than \n.
    return [x for x in raw.decode("utf-8", "surrogateescape").split("\n") if x]


def js_number(text):
    """Shortest digits as the expected files write them (the form of JavaScript)."""
    if text in ("NaN", "Infinity", "-Infinity", "-0", "0"):
        return text
    sign, digits, exponent = Decimal(text).as_tuple()
    digits = "".join(map(str, digits)).rstrip("0") or "0"
    exponent += len(Decimal(text).as_tuple().digits) - len(digits)
    point = len(digits) + exponent
    if 0 < point <= 21:
        out = digits.ljust(point, "0")[:point] + ("." + digits[point:] if len(digits) > point else "")
    elif -6 < point <= 0:
        out = "0." + "0" * -point + digits
    else:
        out = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + "e%+d" % (point - 1)
    return ("-" if sign else "") + out


def whole_numbers(value):
    """JSON in which 1.0 is 1: the expected files do not tell a decimal's zeros."""
    if isinstance(value, dict):
        return {k: whole_numbers(v) for k, v in value.items()}
    if isinstance(value, list):
        return [whole_numbers(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def canonical(value, kind):
    """A value of the dump in the exact form of the expected files."""
    if value is None:
        return None
    if kind == "variant":
        return whole_numbers(value)
    if isinstance(kind, str):
        return js_number(value) if kind in ("float", "double", "float16") else value
    if kind["type"] == "struct":
        return {f["name"]: canonical(value.get(f["name"]), f["type"]) for f in kind["fields"]}
    if kind["type"] == "array":
        return [canonical(x, kind["elementType"]) for x in value]
    pairs = [[canonical(k, kind["keyType"]), canonical(v, kind["valueType"])] for k, v in value]
    return sorted(pairs, key=compact)  # the order of a map's entries means nothing


def same_variant(got, want):
    """The expected files have decimals as text and bytes in hex; here both are as in JSON columns."""
    if isinstance(got, dict) and isinstance(want, dict):
        return set(got) == set(want) and all(same_variant(got[k], want[k]) for k in got)
    if isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(map(same_variant, got, want))
    if isinstance(want, str) and isinstance(got, (int, float)) and not isinstance(got, bool):
        return float(want) == got
    if isinstance(want, int) and isinstance(got, str):  # a time of day: microseconds
        hours, minutes, seconds = got.split(":")
        return (int(hours) * 60 + int(minutes)) * 60000000 + round(float(seconds) * 1000000) == want
    if isinstance(want, str) and isinstance(got, str) and got != want:
        try:
            return base64.b64decode(got, validate=True) == bytes.fromhex(want)
        except ValueError:
            return False
    return type(got) is type(want) and got == want


def check_shredded(dump, folder, name, report):
    """Variants in all their shapes: the decoded values, row by row."""
    path = os.path.join(folder, "shredded_variant", name)
    expected = json.load(open(os.path.join(folder, "expected", "shredded_variant__" + name + ".json")))
    rows, head, err = run(dump, "parquet", path)
    if expected["invalid"] or (err.startswith("XX001") and not expected["values"]):
        report.add("variant", name, err if err.startswith("CRASH") else "")
        return
    problem = err
    if not problem:
        column = [c[0] for c in head["columns"]].index(expected["variantColumn"])
        for at, want in expected["values"].items():
            got = rows[int(at)][column]
            if got is None or not same_variant(got["json"], want):
                problem = "row %s is %s instead of %s" % (at, got, want)
    report.add("variant", name, problem)


def compact(row):
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def code_units(text):
    return text.encode("utf-16-be", "surrogatepass")


def compare_rows(rows, expected, ordered):
    """'' or what differs."""
    columns = expected["columns"]
    rows = [[canonical(v, c["type"]) for v, c in zip(row, columns)] for row in rows]
    if expected.get("rows") is not None and len(rows) != expected["rows"]:
        return "%d rows instead of %d" % (len(rows), expected["rows"])
    text = [compact(r) for r in rows]
    if "data" in expected:
        want = [compact([canonical(v, c["type"]) for v, c in zip(r, columns)]) for r in expected["data"]]
        if not ordered:
            text, want = sorted(text), sorted(want)
        for got, exp in zip(text, want):
            if got != exp:
                return "row %s\n      expected %s" % (got[:600], exp[:600])
        return "" if len(text) == len(want) else "%d rows instead of %d" % (len(text), len(want))
    if "sortedRowsSha256" in expected:
        h = hashlib.sha256()
        for t in sorted(text, key=code_units):
            h.update((t + "\n").encode("utf-8", "surrogatepass"))
        if h.hexdigest() != expected["sortedRowsSha256"]:
            have = set(text)
            for r in expected["sample"]:
                if compact(r) not in have:
                    return "sample row is missing: %s\n      have %s" % (compact(r)[:500], text[0][:500])
            return "hash of the rows differs though the sample is there"
        return ""
    if "sample" in expected:
        every = expected.get("sampleEvery", 1)
        for i, r in enumerate(expected["sample"]):
            if text[i * every] != compact(r):
                return "row %d %s\n      expected %s" % (i * every, text[i * every][:500], compact(r)[:500])
    return ""


class Report:
    def __init__(self):
        self.counts = {}
        self.failures = []

    def add(self, group, name, problem, note=""):
        ok, bad = self.counts.get(group, (0, 0))
        self.counts[group] = (ok + (not problem), bad + bool(problem))
        if problem:
            self.failures.append("%s %s: %s" % (group, name, problem))
        elif note:
            print("%-8s %s: %s" % (group, name, note))


def check_table(dump, folder, name, report):
    expected = json.load(open(os.path.join(folder, "expected", name + ".json")))
    path = os.path.join(folder, name)
    rows, head, err = run(dump, "delta", path)
    blocked = UNSUPPORTED & set(expected["protocol"].get("readerFeatures") or [])
    if expected["protocol"]["minReaderVersion"] > 3:
        blocked.add("reader version %d" % expected["protocol"]["minReaderVersion"])
    if blocked:
        named = any(b in err for b in blocked) and name in err and err.startswith("0A000")
        report.add("refused", name, "" if named else "must be refused for %s, got: %s" % (
            sorted(blocked), err or "rows"), err)
        return
    if expected["class"] == "log-only":
        # The log replays; the data is not there. dump prints the head before it fails.
        p = subprocess.run([dump, "delta", path], capture_output=True, timeout=TIMEOUT_S)
        try:
            head = json.loads(p.stdout.split(b"\n")[0])
        except ValueError:
            head = {}
        good = (head.get("version"), head.get("files")) == (expected["version"],
                                                            expected["activeFileCount"])
        clear = p.returncode == 0 or p.stderr.startswith(b"58P01") or b"another store" in p.stderr
        report.add("log-only", name, "" if good and clear else "%s %s" % (head, p.stderr[:300]))
        return
    if err:
        report.add("table", name, err)
        return
    problem = ""
    if head["version"] != expected["version"]:
        problem = "version %s instead of %s" % (head["version"], expected["version"])
    elif head["files"] != expected["activeFileCount"]:
        problem = "%d files instead of %d" % (head["files"], expected["activeFileCount"])
    elif [c[0] for c in head["columns"]] != (
            [c["name"] for c in expected["columns"]] + EXTRA_COLUMNS.get(name, [])):
        problem = "columns %s" % head["columns"]
    report.add("table", name, problem or compare_rows(rows, expected, False))
    check_history(dump, path, name, expected, report)


def check_history(dump, path, name, expected, report):
    """Time travel: rows and files of every version that the log still reaches."""
    for h in expected["history"]:
        if h["version"] == expected["version"] or h["rows"] is None:
            continue
        rows, head, err = run(dump, "delta", path, str(h["version"]))
        problem = err
        if not err and (len(rows), head["files"]) != (h["rows"], h["files"]):
            problem = "version %d: %d rows in %d files, expected %s" % (
                h["version"], len(rows), head["files"], h)
        # An older version may need a feature that a later one dropped, or the reverse.
        if err.startswith("0A000") and any(u in err for u in UNSUPPORTED):
            problem = ""
        report.add("version", "%s@%d" % (name, h["version"]), problem)


def check_broken(dump, folder, name, report):
    rows, _, err = run(dump, "delta", os.path.join(folder, "broken", name))
    kind, _, base = name.partition("--")
    allowed = BROKEN_READABLE.get(kind, "error")
    problem = err if err.startswith("CRASH") else ""
    if not problem and rows is not None and allowed == "error":
        problem = "read %d rows of a broken table" % len(rows)
    if not problem and rows is not None and allowed.startswith("rows"):
        expected = json.load(open(os.path.join(folder, "expected", base + ".json")))
        problem = compare_rows(rows, expected, False)
    if not problem and allowed == "rows" and rows is None:
        problem = err
    report.add("broken", name, problem, err or "read")


def check_parquet(dump, folder, report, prefix):
    data = os.path.join(folder, "data")
    names = sorted(os.listdir(data)) + [
        "geospatial/" + x for x in sorted(os.listdir(os.path.join(data, "geospatial")))]
    for name in names:
        if not name.endswith(".parquet") or not name.startswith(prefix):
            continue
        expected = json.load(open(os.path.join(folder, "expected", name.replace("/", "__") + ".json")))
        rows, head, err = run(dump, "parquet", os.path.join(data, name))
        if name in PARQUET_REFUSED:
            report.add("parquet", name, "" if err.startswith(PARQUET_REFUSED[name]) else
                       "must be refused, got %s" % (err or "rows"), err)
        elif err:
            report.add("parquet", name, err)
        else:
            report.add("parquet", name, compare_rows(rows, expected, True))
    for sub, states in (("bad_data", ()), ("encrypted", ("0A000",)), ("encrypted/aes256", ("0A000",))):
        for name in sorted(os.listdir(os.path.join(folder, sub))):
            path = os.path.join(folder, sub, name)
            if not os.path.isfile(path) or ".parquet" not in name or not name.startswith(prefix):
                continue
            _, _, err = run(dump, "parquet", path)
            problem = err if err.startswith("CRASH") else ""
            if states and not err.startswith(states):
                problem = "must be refused: %s" % (err or "rows")
            report.add(sub, name, problem, err or "read")
    for name in sorted(os.listdir(os.path.join(folder, "shredded_variant"))):
        if name.endswith(".parquet") and name.startswith(prefix):
            check_shredded(dump, folder, name, report)


def main():
    dump, data = sys.argv[1], sys.argv[2]
    prefix = sys.argv[3] if len(sys.argv) > 3 else ""
    report = Report()
    folder = os.path.join(data, "delta")
    for name in sorted(os.listdir(os.path.join(folder, "expected"))):
        if name.startswith(prefix):
            check_table(dump, folder, name[:-len(".json")], report)
    for name in sorted(os.listdir(os.path.join(folder, "broken"))):
        if name.startswith(prefix):
            check_broken(dump, folder, name, report)
    check_parquet(dump, os.path.join(data, "parquet"), report, prefix)
    for f in report.failures:
        print("DIFFERS  " + f)
    for group, (ok, bad) in report.counts.items():
        print("%-16s %4d as expected, %d not" % (group, ok, bad))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
