"""Builds the unit tests of rt, storage and txn with the thread sanitizer and runs them: one test a
program, which fails on the first report.

Usage: tsan.py
"""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build-tsan")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from tarn import Tally  # noqa: E402


def build():
    """What is wrong, or ""."""
    commands = []
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        commands.append(["meson", "setup", BUILD, ROOT, "-Db_sanitize=thread",
                         "-Dbuildtype=debugoptimized"])
    listed = [os.path.relpath(path, ROOT)[:-2]
              for folder in ("rt", "storage", "txn")
              for path in glob.glob(os.path.join(ROOT, "tests", "unit", folder, "test_*.c"))]
    commands.append(["ninja", "-C", BUILD, *sorted(listed)])
    for command in commands:
        p = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if p.returncode:
            return p.stdout.decode("utf-8", "replace")[-3000:]
    return ""


def main():
    tally = Tally("tsan")
    env = dict(os.environ, TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1", STEPS="1000")
    if tally.check("build", build()):
        for program in sorted(glob.glob(os.path.join(BUILD, "tests", "unit", "*", "test_*"))):
            if not os.access(program, os.X_OK) or os.path.isdir(program):
                continue
            p = subprocess.run([program], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               timeout=300)
            text = p.stdout.decode("utf-8", "replace")
            bad = p.returncode or "WARNING: ThreadSanitizer" in text
            passed = re.findall(r"\[  PASSED  \] (\d+) test", text)
            problem = text[-3000:] if bad else "" if passed else "it ran no test"
            tally.check(os.path.basename(program), problem)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
