#!/usr/bin/python3
"""Client programs, unmodified, against a server of the test's own.

    tests/clients/run.py [--all] [--only NAME] [--postgres]

Without --all: those that need nothing but Debian's packages and run in seconds. A client's folder
has its program; it prints a line `ok WHAT` or `FAILED WHAT: why` for each thing that it tried.
What it needs comes by package name and pinned version from its language's registry; where that is
out of reach, the client is skipped, says so, and counts as skipped. --postgres runs the programs
against a PostgreSQL 15 of the test's own, for comparison.

A program finds DATABASE_URL (and PGHOST and the like) of a superuser who needs no password, and
SECURE_URL, whose user is only let in over TLS with a password (SCRAM); SECURE_CA is the path of the
authority's certificate. The server's is for localhost and 127.0.0.1.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
sys.dont_write_bytecode = True
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally, psql_env  # noqa: E402
from tls import certificate  # noqa: E402

CACHE = os.environ.get("TARN_CLIENTS", os.path.join(ROOT, "build", "clients"))
INSTALL_LIMIT_S = 900
RUN_LIMIT_S = 300
PYTHON3 = "/usr/bin/python3"
RULES = """
local   all all          trust
hostssl all secure 127.0.0.1/32 scram-sha-256
host    all secure 127.0.0.1/32 reject
host    all all    127.0.0.1/32 trust
"""
# A password that has to be escaped in a URL.
PASSWORD, PASSWORD_IN_URL = "p@ss:w/rd", "p%40ss%3Aw%2Frd"


class Skip(Exception):
    pass


class Broken(Exception):
    pass


def install(command, **kwargs):
    """Runs an installer; what it cannot get is a reason to skip."""
    try:
        p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=INSTALL_LIMIT_S, **kwargs)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Skip("%s: %s" % (command[0], e)) from e
    if p.returncode:
        lines = p.stdout.decode("utf-8", "replace").strip().splitlines()
        error = [line for line in lines if "error" in line.lower()] or lines[-1:] or [""]
        raise Skip("%s failed: %s" % (" ".join(command[:3]), error[0]))


def build(command, **kwargs):
    """Compiles a program; what fails here is no reason to skip."""
    p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=INSTALL_LIMIT_S, check=False, **kwargs)
    if p.returncode:
        raise Broken(p.stdout.decode("utf-8", "replace")[-2000:])


class Client:
    """`name`: its folder, too. `prepare` makes what `command` needs in its cache folder."""
    quick = False

    def __init__(self, name):
        self.name = name
        self.source = os.path.join(HERE, name)
        self.cache = os.path.join(CACHE, name)

    def prepare(self):
        os.makedirs(self.cache, exist_ok=True)

    def command(self):
        raise NotImplementedError

    def done(self, key):
        """Whether the cache holds what belongs to `key`; `mark` says so."""
        path = os.path.join(self.cache, ".installed")
        return os.path.exists(path) and open(path, encoding="utf-8").read() == key

    def mark(self, key):
        with open(os.path.join(self.cache, ".installed"), "w", encoding="utf-8") as f:
            f.write(key)


class Debian(Client):
    """A program in an interpreter of Debian's, with Debian packages."""

    def __init__(self, name, packages, command, quick=False):
        super().__init__(name)
        self.packages = packages
        self.program = command
        self.quick = quick

    def prepare(self):
        super().prepare()
        missing = [p for p in self.packages if subprocess.run(
            ["dpkg-query", "-W", "-f=${db:Status-Abbrev}", p], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, check=False).stdout[1:2] != b"i"]
        if missing and os.getuid():
            raise Skip("missing Debian packages: %s" % " ".join(missing))
        if missing:
            env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
            install(["apt-get", "install", "-y", "--no-install-recommends", *missing], env=env)

    def command(self):
        return [a.format(source=self.source, cache=self.cache) for a in self.program]


class C(Debian):
    def __init__(self, name, packages, quick=False):
        super().__init__(name, packages, ["{cache}/program"], quick)

    def prepare(self):
        super().prepare()
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libpq"], check=True,
                               stdout=subprocess.PIPE).stdout.decode().split()
        build(["gcc", "-Wall", "-Wextra", "-Werror", "-O1", "-o", self.cache + "/program",
                        self.source + "/main.c", *flags])


class Pip(Client):
    """A program in a virtual environment with the versions of requirements.txt."""

    def prepare(self):
        super().prepare()
        wanted = open(os.path.join(self.source, "requirements.txt"), encoding="utf-8").read()
        if self.done(wanted):
            return
        venv = os.path.join(self.cache, "venv")
        install([PYTHON3, "-m", "venv", "--clear", venv])
        install([os.path.join(venv, "bin", "pip"), "install", "-q", "--disable-pip-version-check",
                 "-r", os.path.join(self.source, "requirements.txt")])
        self.mark(wanted)

    def command(self):
        return [os.path.join(self.cache, "venv", "bin", "python"),
                os.path.join(self.source, "main.py")]


class Npm(Client):
    def prepare(self):
        super().prepare()
        wanted = open(os.path.join(self.source, "package.json"), encoding="utf-8").read()
        for path in [os.path.join(HERE, "report.mjs"), *glob.glob(self.source + "/*")]:
            link = os.path.join(self.cache, os.path.basename(path))
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(path, link)
        if self.done(wanted):
            return
        install(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
                cwd=self.cache)
        self.mark(wanted)

    def command(self):
        return ["node", "--preserve-symlinks-main", "--preserve-symlinks",
                os.path.join(self.cache, "main.mjs")]


class Maven(Client):
    def prepare(self):
        super().prepare()
        wanted = open(os.path.join(self.source, "pom.xml"), encoding="utf-8").read()
        if not self.done(wanted):
            install(["mvn", "-q", "-B", "-f", os.path.join(self.source, "pom.xml"),
                     "dependency:copy-dependencies", "-DoutputDirectory=" + self.cache + "/lib"])
            self.mark(wanted)
        build(["javac", "-nowarn", "-d", self.cache + "/classes", "-cp", self.cache + "/lib/*",
               self.source + "/Main.java"])

    def command(self):
        return ["java", "-cp", "%s/classes:%s/lib/*" % (self.cache, self.cache), "Main"]


class Go(Client):
    def prepare(self):
        super().prepare()
        install(["go", "mod", "download"], cwd=self.source)
        build(["go", "build", "-o", os.path.join(self.cache, "program"), "."], cwd=self.source)

    def command(self):
        return [os.path.join(self.cache, "program")]


class Cargo(Client):
    """The dependencies of Cargo.toml have exact versions."""

    def prepare(self):
        super().prepare()
        link = os.path.join(self.cache, "src")
        if not os.path.lexists(link):
            os.symlink(os.path.join(self.source, "src"), link)
        manifest = os.path.join(self.cache, "Cargo.toml")
        wanted = open(os.path.join(self.source, "Cargo.toml"), encoding="utf-8").read()
        if not self.done(wanted):
            with open(manifest, "w", encoding="utf-8") as f:
                f.write(wanted)
            install(["cargo", "fetch"], cwd=self.cache)
            self.mark(wanted)
        build(["cargo", "build", "-q", "--offline"], cwd=self.cache)

    def command(self):
        return [os.path.join(self.cache, "target", "debug", "program")]


def clients():
    return [
        Debian("psql", ["postgresql-client-15"], [PYTHON3, "{source}/main.py"], quick=True),
        C("libpq", ["libpq-dev", "gcc", "pkg-config"], quick=True),
        Debian("psycopg2", ["python3-psycopg2"], [PYTHON3, "{source}/main.py"], quick=True),
        Debian("dbd-pg", ["libdbd-pg-perl"], ["perl", "{source}/main.pl"]),
        Debian("ruby-pg", ["ruby-pg"], ["ruby", "{source}/main.rb"]),
        Debian("php-pdo", ["php-cli", "php-pgsql"], ["php", "{source}/main.php"]),
        Debian("psqlodbc", ["odbc-postgresql", "python3-pyodbc"], [PYTHON3, "{source}/main.py"]),
        Debian("pgbouncer", ["pgbouncer", "python3-psycopg2"], [PYTHON3, "{source}/main.py"]),
        Pip("psycopg"),
        Pip("asyncpg"),
        Pip("sqlalchemy"),
        Pip("django"),
        Pip("adbc"),
        Pip("pgcli"),
        Npm("node-postgres"),
        Npm("postgres.js"),
        Npm("typeorm"),
        Maven("pgjdbc"),
        Go("pgx"),
        Go("gorm"),
        Cargo("rust"),
    ]


def environment(port, folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    env.update(PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="postgres", PGDATABASE="postgres",
               LC_ALL="C.UTF-8", DATABASE_URL="postgresql://postgres@127.0.0.1:%s/postgres" % port,
               SECURE_URL="postgresql://secure:%s@localhost:%s/postgres" % (PASSWORD_IN_URL, port),
               SECURE_CA=os.path.join(folder, "ca.crt"), PYTHONPATH=HERE, PYTHONDONTWRITEBYTECODE="1")
    return env


def settings(folder, key):
    return {"ssl": "on", "ssl_cert_file": folder + "/server.crt", "ssl_key_file": key}


def secure(server):
    """Lets the role `secure` in, over TLS."""
    with open(os.path.join(server.data, "pg_hba.conf"), "w", encoding="utf-8") as f:
        f.write(RULES)
    for sql in ("CREATE ROLE secure SUPERUSER LOGIN PASSWORD '%s'" % PASSWORD, "SELECT pg_reload_conf()"):
        subprocess.run(["psql", "-Xqc", sql], env=psql_env("127.0.0.1", server.port, "postgres"),
                       stdout=subprocess.DEVNULL, check=True)


def run(client, env, tally):
    try:
        client.prepare()
    except Skip as e:
        tally.skipped += 1
        print("SKIPPED %s: %s" % (client.name, e), flush=True)
        return
    except Broken as e:
        tally.check(client.name, "does not build\n%s" % e)
        return
    try:
        p = subprocess.run(client.command(), env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_LIMIT_S,
                           cwd=client.cache, check=False)
        text, status = p.stdout.decode("utf-8", "replace"), p.returncode
    except subprocess.TimeoutExpired as e:
        text, status = (e.stdout or b"").decode("utf-8", "replace"), "no end"
    passed = re.findall(r"^ok (.*)$", text, re.M)
    failed = re.findall(r"^FAILED (.*)$", text, re.M)
    for what in passed:
        tally.check("%s %s" % (client.name, what))
    for what in failed:
        tally.check(client.name, what)
    if (status and not failed) or not passed:
        tally.check(client.name, "ended with %s\n%s" % (status, text[-3000:]))
    print("%-16s %3d ok, %d failed" % (client.name, len(passed), len(failed)), flush=True)


def run_on_tarn(chosen, tally, folder):
    with Server(settings=settings(folder, folder + "/server.key")) as server:
        secure(server)
        for client in chosen:
            run(client, environment(server.port, folder), tally)


def run_on_postgres(chosen, tally, folder):
    with Postgres() as server:
        key = shutil.copy(folder + "/server.key", server.dir)
        if server.as_root:
            shutil.chown(key, "postgres")
        with open(server.data + "/postgresql.conf", "a", encoding="utf-8") as f:
            f.writelines("%s = '%s'\n" % item for item in settings(folder, key).items())
        secure(server)
        for client in chosen:
            run(client, environment(server.port, folder), tally)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--postgres", action="store_true")
    args = parser.parse_args()
    chosen = [c for c in clients() if (c.name in args.only if args.only else args.all or c.quick)]
    tally = Tally("clients")
    with tempfile.TemporaryDirectory(prefix="tarn-clients-") as folder:
        certificate(folder, "ca", "test authority")
        certificate(folder, "server", "localhost", "ca", "DNS:localhost,IP:127.0.0.1")
        os.chmod(folder, 0o755)
        (run_on_postgres if args.postgres else run_on_tarn)(chosen, tally, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
