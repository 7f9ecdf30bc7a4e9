"""A private server for a test: its own folder and a free port.

    with Server() as s:              # TARN names the binary, default build/tarn
        s.psql("SELECT 1")
        psycopg2.connect(s.dsn())

Standard library only.
"""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("TARN", os.path.join(ROOT, "build", "tarn"))
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class ServerError(Exception):
    pass


class Server:
    def __init__(self, data=None, settings=None, binary=BINARY, start=True, timeout_s=60):
        self.temp = None if data else tempfile.mkdtemp(prefix="tarn-test-")
        self.data = data or os.path.join(self.temp, "data")
        self.log_path = os.path.join(self.temp or os.path.dirname(self.data), "server.log")
        self.socket_dir = self.temp or os.path.dirname(self.data)
        self.settings = {"unix_socket_directories": self.socket_dir, **(settings or {})}
        self.binary = binary
        self.port = free_port()
        self.process = None
        self.timeout_s = timeout_s
        if start:
            self.start()

    def command(self):
        args = [self.binary, "serve", "-D", self.data, "-p", str(self.port)]
        path = self.log_path[:-len(".log")] + ".conf"
        with open(path, "w", encoding="utf-8") as f:
            for name, value in self.settings.items():
                f.write("%s = '%s'\n" % (name, str(value).replace("'", "''")))
        return args + ["-c", path]

    def spawn(self):
        """Without waiting until it listens."""
        env = dict(os.environ)
        for name, value in SANITIZERS.items():
            env.setdefault(name, value)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=env)

    def start(self):
        self.spawn()
        end = time.monotonic() + self.timeout_s
        while True:
            if self.process.poll() is not None:
                raise ServerError("the server ended with status %s:\n%s" % (
                    self.process.returncode, self.log()[-3000:]))
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                pass
            if time.monotonic() > end:
                self.kill()
                raise ServerError("the server does not listen:\n" + self.log()[-3000:])
            time.sleep(0.02)

    def stop(self):
        """A clean stop; the exit status."""
        if not self.process:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerError("the server does not stop:\n" + self.log()[-3000:])
        self.process = None
        return status

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log(self):
        try:
            return open(self.log_path, errors="replace").read()
        except OSError:
            return ""

    def dsn(self, user="postgres", db="postgres"):
        return "host=127.0.0.1 port=%d user=%s dbname=%s connect_timeout=10" % (self.port, user, db)

    def env(self):
        return psql_env("127.0.0.1", self.port, "postgres")

    def psql(self, sql, *options, timeout_s=60):
        """stdout and stderr together, as psql prints them, and its status."""
        p = subprocess.run(["psql", "-X", "-q", "-At", *options, "-c", sql], env=self.env(),
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=timeout_s)
        return p.stdout.decode("utf-8", "replace"), p.returncode

    def close(self):
        try:
            if self.process and self.process.poll() is not None:
                raise ServerError("the server has ended with status %s:\n%s" % (
                    self.process.returncode, self.log()[-3000:]))
            status = self.stop()
            if status:
                raise ServerError("the server stopped with status %s:\n%s" % (
                    status, self.log()[-3000:]))
        finally:
            self.kill()
            if self.temp:
                shutil.rmtree(self.temp, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.kill()
            if self.temp:
                shutil.rmtree(self.temp, ignore_errors=True)
        else:
            self.close()


def psql_env(host, port, user, db="postgres"):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    env.update(PGHOST=host, PGPORT=str(port), PGUSER=user, PGDATABASE=db, PGTZ="UTC",
               PGCLIENTENCODING="UTF8", LC_ALL="C.UTF-8", PSQLRC="/dev/null", PGCONNECT_TIMEOUT="10")
    return env


class Tally:
    """Counts tests and prints one line each failure; `finish` gives the exit status."""

    def __init__(self, suite):
        self.suite = suite
        self.passed = self.failed = self.skipped = 0

    def check(self, name, problem=""):
        if problem:
            self.failed += 1
            print("FAILED %s %s: %s" % (self.suite, name, problem), flush=True)
        else:
            self.passed += 1
        return not problem

    def skip(self, name, why):
        self.skipped += 1
        print("skipped %s %s: %s" % (self.suite, name, why), flush=True)

    def finish(self):
        print(count_line(self.passed, self.failed, self.skipped), flush=True)
        return 1 if self.failed else 0


def count_line(passed, failed, skipped):
    return "%d passed, %d failed" % (passed, failed) + (", %d skipped" % skipped if skipped else "")
