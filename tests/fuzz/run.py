"""Feeds mutated inputs to the parsers of foreign bytes: one test for each target.

    run.py [--seconds N] [--minutes N] [--seed N] [--only TARGET,...] [--libfuzzer] [--keep FOLDER]

Without --libfuzzer, mutate.c changes the seeds blindly. With it, the targets are built into build-fuzz
and libFuzzer is led by what they cover; without clang that is skipped. --seconds is for each target,
--minutes for all of them. --keep: a folder of inputs for each target that grows with each run.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from tarn import ROOT, SANITIZERS, Tally  # noqa: E402
import seeds  # noqa: E402

MEMORY_MB = 1024


def has_libfuzzer():
    if not shutil.which("clang"):
        return False
    out = subprocess.run(["clang", "-fsanitize=fuzzer", "-x", "c", "-", "-o", "/dev/null"],
                         input=b"int LLVMFuzzerTestOneInput(const char *p, unsigned long n)"
                               b"{ return p && n > 9 && p[0] == 1; }", stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    return out.returncode == 0


def command(name, args, inputs, kept, seconds):
    build = "build-fuzz" if args.libfuzzer else os.environ.get("TARN_BUILD", "build")
    target = os.path.join(ROOT, build, "tests", "fuzz", "fuzz_" + name)
    if not args.libfuzzer:
        return [target, inputs, str(int(seconds)), str(args.seed)]
    return [target, "-max_total_time=%d" % max(1, int(seconds)), "-seed=%d" % args.seed,
            "-max_len=%d" % (1 << 17), "-rss_limit_mb=%d" % MEMORY_MB, "-timeout=20",
            "-print_final_stats=1"] + ([kept] if kept else []) + [inputs]


def run(name, args, folder, seconds, tally):
    inputs = os.path.join(folder, name)
    kept = os.path.join(args.keep, name) if args.keep else None
    os.mkdir(inputs)
    if kept:
        os.makedirs(kept, exist_ok=True)
    if not seeds.write(name, inputs):
        tally.check(name, "there are no seeds")
        return
    p = subprocess.run(command(name, args, inputs, kept, seconds), cwd=folder,
                       env=dict(os.environ, **SANITIZERS), stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    out = p.stdout.decode("utf-8", "replace")
    ran = "runs" in out
    tally.check(name, "" if p.returncode == 0 and ran else
                "status %d: %s" % (p.returncode, out[-3000:]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--only", default=",".join(seeds.TARGETS))
    parser.add_argument("--libfuzzer", action="store_true")
    parser.add_argument("--keep")
    args = parser.parse_args()
    names = args.only.split(",")
    seconds = max(args.seconds, 60 * args.minutes / len(names))
    tally = Tally("fuzz (seed %d)" % args.seed)
    if args.libfuzzer and not has_libfuzzer():
        print("SKIPPED: there is no clang with libFuzzer (Debian: clang libclang-rt-14-dev)")
        print("0 passed, 0 failed, %d skipped" % len(names))
        return 0
    if args.libfuzzer:
        subprocess.run([os.path.join(ROOT, "scripts", "build"), "--fuzz"], check=True,
                       stdout=subprocess.DEVNULL)
    folder = tempfile.mkdtemp(prefix="tarn-fuzz-")
    try:
        for name in names:
            run(name, args, folder, seconds, tally)
        if tally.failed:
            print("the inputs are in " + folder)
    finally:
        if not tally.failed:
            shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
