"""Tables that Spark writes, step by step: after each step read_delta, read_delta_changes and synced tables are what
Spark itself reads, at the end every version once more.

    spark.py [--all] [--only STORY]... [--list]

pyspark and the jars of delta-spark come by name and pinned version into a cache (TARN_STORES, default build/stores).
Without --all nothing is fetched, and no story is told. A story is a list of statements in which {t} is the table.
"""
import argparse
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "lib")]
sys.dont_write_bytecode = True
from fetched import Skip, fetch, fetch_python  # noqa: E402
from spark_stories import STORIES  # noqa: E402
from stories import Story, Tarn, Writer  # noqa: E402
from tarn import Server, Tally  # noqa: E402

PYTHON = ("pyspark==4.0.1",)
JARS = ("io.delta:delta-spark_2.13:4.0.1", "io.delta:delta-storage:4.0.1")
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>test</groupId><artifactId>jars</artifactId><version>1</version><dependencies>%s</dependencies></project>"""
DEPENDENCY = """<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"""


def jars():
    pom = os.path.join(tempfile.gettempdir(), "tarn-jars-%d.xml" % os.getpid())
    with open(pom, "w") as f:
        f.write(POM % "".join(DEPENDENCY % tuple(j.split(":")) for j in JARS))
    try:
        folder = fetch("spark-jars", True, ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies",
                                                  "-DoutputDirectory={}"], " ".join(JARS))
    finally:
        os.remove(pom)
    return ",".join(os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.endswith(".jar"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(STORIES))
        return 0
    tally = Tally("sync/spark")
    if not args.all:
        tally.skip("spark", "--all runs it")
        return tally.finish()
    try:
        spark = Writer(os.path.join(ROOT, "tests", "lib", "spark.py"),
                       {"PYTHONPATH": fetch_python("spark-python", True, PYTHON), "JARS": jars(),
                        "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": "/usr/bin/python3"})
    except Skip as e:
        tally.skip("spark", str(e))
        return tally.finish()
    try:
        with Server() as server, tempfile.TemporaryDirectory(prefix="tarn-spark-") as folder:
            for name, story in STORIES.items():
                if not args.only or name in args.only:
                    start, before = time.monotonic(), tally.passed
                    Story(spark, Tarn(server), tally, name, story, folder).tell()
                    print("%-24s %4d passed (%.0f s)" % (name, tally.passed - before, time.monotonic() - start),
                          flush=True)
    finally:
        spark.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
