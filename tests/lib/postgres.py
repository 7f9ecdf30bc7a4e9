"""A private PostgreSQL 15 in a temporary folder, for reference results and comparisons.

PostgreSQL refuses to run as root; then it runs as the user postgres. Standard library only.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from tarn import ServerError, free_port

BIN = "/usr/lib/postgresql/15/bin"


class Postgres:
    def __init__(self, settings=None):
        self.port = free_port()
        self.dir = tempfile.mkdtemp(prefix="tarn-pg15-")
        self.data = os.path.join(self.dir, "data")
        self.process = None
        self.settings = settings or {}
        self.as_root = os.getuid() == 0
        if self.as_root:
            shutil.chown(self.dir, "postgres")
        try:
            self.run([BIN + "/initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync"])
            self.start()
        except BaseException:
            self.close()
            raise

    def as_postgres(self, args):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *args] \
            if self.as_root else args

    def run(self, args):
        subprocess.run(self.as_postgres(args), check=True, cwd=self.dir, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self):
        values = {"listen_addresses": "127.0.0.1", "port": self.port, "timezone": "UTC",
                  "unix_socket_directories": self.dir, "logging_collector": "off"}
        values.update(self.settings)
        args = [BIN + "/postgres", "-D", self.data]
        for name, value in values.items():
            args += ["-c", "%s=%s" % (name, value)]
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.process = subprocess.Popen(self.as_postgres(args), cwd=self.dir, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(600):
            if subprocess.run([BIN + "/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                              stdin=subprocess.DEVNULL).returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise ServerError(open(os.path.join(self.dir, "log")).read()[-3000:])

    def kill(self):
        """As a crash: the server and its children."""
        subprocess.run(["pkill", "-KILL", "-P", str(self.process.pid)], stdin=subprocess.DEVNULL)
        self.process.kill()
        self.process.wait()
        self.process = None

    def close(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
