"""Runs the suites in the release and the sanitizer build: see scripts/test.

    run.py [--quick] [--only NAME]... [--list]

A line for each suite with its number of tests; the output of suites that fail is shown. A suite
prints `N passed, N failed[, N skipped]` as its last line; what ends otherwise counts as one failure.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = "/usr/bin/python3"
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
TAIL_BYTES = 6000
SUITE_LIMIT_S = 600
CLIENTS_LIMIT_S = 3600
# With --clients: programs of others, fetched by name.
FETCHED = ("clients", "sync/other_stores", "sync/spark")
# Not in the quick part.
SLOW = ("auto_analyze.py", "bulk_load.py", "large_transaction.py", "pathological.py", "pg_dump.py",
        "spill.py", "tpch.py")


class Suite:
    """`quick`: part of --quick; `asan`: run with the sanitizer build too; `full`: arguments of the
    long form."""

    def __init__(self, name, command, quick=True, asan=True, full=(), count=COUNTS):
        self.name = name
        self.command = command
        self.quick = quick
        self.asan = asan
        self.full = list(full)
        self.count = count


def suites(all_clients=False):
    out = [Suite("lint", ["tests/lint/run"], asan=False),
           Suite("unit", None),
           Suite("lake", [PYTHON, "tests/lake/run.py", "{build}/tests/lake/lake_dump",
                          "tests/data/lakehouse"]),
           Suite("lake/random_parquet", [PYTHON, "tests/lake/random_parquet.py"]),
           Suite("pgregress", ["tests/pgregress/run"]),
           Suite("random", ["tests/random/run"], full=["--queries", "4000"]),
           Suite("isolation", ["tests/isolation/run"]),
           Suite("isolation/differential", [PYTHON, "tests/isolation/differential.py"],
                 quick=False),
           Suite("isolation/histories", [PYTHON, "tests/isolation/histories.py"])]
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "server", "*.py"))):
        name = os.path.basename(path)
        if not name.startswith(("_", "lib")):
            out.append(Suite("server/" + name[:-3], [PYTHON, os.path.relpath(path, ROOT)],
                             quick=name not in SLOW))
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "sync", "*.py"))):
        name = os.path.basename(path)[:-3]
        if name == "spark" and not all_clients:
            continue
        more = ["--all"] if all_clients and "sync/" + name in FETCHED else []
        out.append(Suite("sync/" + name, [PYTHON, os.path.relpath(path, ROOT)] + more, asan=name != "spark"))
    out.append(Suite("clients", [PYTHON, "tests/clients/run.py"] + (["--all"] if all_clients else [])))
    out.append(Suite("crash", [PYTHON, "tests/crash/run.py"], full=["--rounds", "3"]))
    out.append(Suite("sim/powerloss", [PYTHON, "tests/sim/powerloss.py"], quick=False,
                     asan=False))
    out.append(Suite("sim/faults", [PYTHON, "tests/sim/faults.py"], quick=False, asan=False))
    out.append(Suite("sim/memory", [PYTHON, "tests/sim/memory.py"], quick=False, asan=False))
    out.append(Suite("fuzz", [PYTHON, "tests/fuzz/run.py"], quick=False))
    out.append(Suite("fuzz/libfuzzer", [PYTHON, "tests/fuzz/run.py", "--libfuzzer"], quick=False,
                     asan=False, full=["--seconds", "6"]))
    out.append(Suite("tsan", [PYTHON, "tests/tsan.py"], quick=False, asan=False))
    return out


def environment(build):
    env = dict(os.environ)
    env["TARN"] = os.path.join(ROOT, build, "tarn")
    env["TARN_BUILD"] = os.path.join(ROOT, build)
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    # Fibers are annotated; what static tables and exiting threads keep is no leak worth a failure.
    env.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    return env


def run(command, build, limit_s=SUITE_LIMIT_S):
    try:
        p = subprocess.run(command, cwd=ROOT, env=environment(build), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit_s)
        return p.stdout.decode("utf-8", "replace"), p.returncode
    except subprocess.TimeoutExpired as e:
        return (e.stdout or b"").decode("utf-8", "replace") + "\nno end in %d s" % limit_s, -1
    except OSError as e:
        return str(e), -1


def run_unit(build):
    """meson's C tests; every cmocka case counts, as its report lists them."""
    command = ["meson", "test", "-C", build, "--no-rebuild", "--timeout-multiplier", "4", "--suite",
               "unit", "--print-errorlogs"]
    text, status = run(command, build)
    passed = failed = skipped = 0
    log = os.path.join(ROOT, build, "meson-logs", "testlog.txt")
    detail = open(log, errors="replace").read() if os.path.exists(log) else ""
    for n in re.findall(r"\[  PASSED  \] (\d+) test", detail):
        passed += int(n)
    for n in re.findall(r"\[  FAILED  \][^\n]*?(\d+) test\(s\), listed", detail):
        failed += int(n)
    for n in re.findall(r"\[  SKIPPED \] (\d+) test", detail):
        skipped += int(n)
    programs = re.search(r"^Fail:\s+(\d+)", text, re.M)
    timeouts = re.search(r"^Timeout:\s+(\d+)", text, re.M)
    broken = sum(int(m.group(1)) for m in (programs, timeouts) if m)
    if status and not max(failed, broken):
        broken = 1
    return text, passed, max(failed, broken), skipped


def run_lake(suite, build):
    """The reader's comparison prints a line for each group instead of a sum."""
    text, status = run([a.format(build=build) for a in suite.command], build)
    passed = sum(int(a) for a in re.findall(r"(\d+) as expected", text))
    failed = sum(int(a) for a in re.findall(r"as expected, (\d+) not", text))
    return text, passed, max(failed, 1) if status else failed, 0


def run_suite(suite, build, quick):
    if suite.name == "unit":
        return run_unit(build)
    if suite.name == "lake":
        return run_lake(suite, build)
    command = [a.format(build=build) for a in suite.command] + ([] if quick else suite.full)
    limit_s = CLIENTS_LIMIT_S if "--all" in suite.command else SUITE_LIMIT_S
    text, status = run(command, build, limit_s)
    found = COUNTS.findall(text)
    if not found:
        return text, 0, 1, 0
    passed, failed, skipped = (int(x or 0) for x in found[-1])
    if status and not failed:
        failed = 1
    return text, passed, failed, skipped


def build(kind):
    start = time.monotonic()
    text, status = run(["scripts/build"] + (["--asan"] if kind == "build-asan" else []), kind)
    print("%-11s %-24s %s (%.0f s)" % (kind, "build", "done" if not status else "FAILED",
                                       time.monotonic() - start), flush=True)
    if status:
        print(text[-TAIL_BYTES:])
    return not status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--clients", action="store_true")
    args = parser.parse_args()
    if args.clients:
        args.only = list(FETCHED)
    chosen = [s for s in suites(args.clients) if not args.only or
              any(s.name == o or s.name.startswith(o + "/") for o in args.only)]
    if args.list:
        print("\n".join(s.name for s in chosen))
        return 0
    total = [0, 0, 0]
    for kind in ["build"] if args.quick else ["build", "build-asan"]:
        if not build(kind):
            total[1] += 1
            continue
        for suite in chosen:
            if kind == "build-asan" and not suite.asan or args.quick and not suite.quick:
                continue
            start = time.monotonic()
            text, *counts = run_suite(suite, kind, args.quick)
            seconds = time.monotonic() - start
            total = [a + b for a, b in zip(total, counts)]
            print("%-11s %-24s %5d passed, %d failed%s (%.0f s)" % (
                kind, suite.name, counts[0], counts[1],
                ", %d skipped" % counts[2] if counts[2] else "", seconds), flush=True)
            if counts[1]:
                print("    " + text[-TAIL_BYTES:].strip().replace("\n", "\n    "), flush=True)
    print("%d passed, %d failed" % (total[0], total[1]) +
          (", %d skipped" % total[2] if total[2] else ""))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
