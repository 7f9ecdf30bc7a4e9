#!/usr/bin/python3
"""Right, wrong and spoiled messages over sockets, before and after login, while healthy clients work.

    fuzz_socket.py [--seconds N] [--minutes N] [--seed N] [--case N]

The server must stay, answer or hang up within a bounded time, keep no connection and no memory, and
raise no internal error; the healthy clients must be served all the time. Case N of a seed is always
the same, and --case runs it alone."""
import argparse
import os
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import fuzz_messages as say  # noqa: E402
from pgproto import Client, fields  # noqa: E402
from tarn import BINARY, Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

ASAN = "asan" in BINARY
MEMORY_MB = 1400 if ASAN else 400  # a sanitizer keeps freed memory for a while
THREADS = 3
ANSWER_S = 30
HBA = """
host all postgres,fuzz 127.0.0.1/32 trust
host all all           127.0.0.1/32 scram-sha-256
"""
SETUP = """
CREATE ROLE fuzz LOGIN;
CREATE ROLE scram LOGIN PASSWORD 'the password';
CREATE TABLE fz_t (a int PRIMARY KEY, b text);
GRANT ALL ON fz_t TO fuzz;
CREATE DOMAIN fz_domain AS int CHECK (VALUE > 0);
CREATE TYPE fz_enum AS ENUM ('one', 'two');
CREATE TYPE fz_row AS (x int, y text);
"""
# They wait or end sessions, as they should.
LEFT_OUT = ("pg_sleep", "pg_sleep_for", "pg_sleep_until", "pg_terminate_backend")
# Internal errors by their code that are answers to bad input, PostgreSQL's too.
SAME_THERE = ("unsupported jsonpath version number", "unsupported jsonb version number")


class Hung(Exception):
    pass


class Peer:
    """One connection that reads all that comes meanwhile, so that neither side waits for the other."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), ANSWER_S)
        self.sock.setblocking(False)
        self.data = b""
        self.ended = False

    def pump(self, wait_s=0.0):
        if self.ended or not select.select([self.sock], [], [], wait_s)[0]:
            return
        try:
            more = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        self.ended = not more
        self.data += more

    def send(self, data):
        end = time.monotonic() + ANSWER_S
        while data and not self.ended:
            readable, writable, _ = select.select([self.sock], [self.sock], [], 1)
            if readable:
                self.pump()
            if writable and not self.ended:
                try:
                    data = data[self.sock.send(data):]
                except BlockingIOError:
                    pass
                except OSError:
                    self.pump()
                    self.ended = True
            if time.monotonic() > end:
                raise Hung("the server does not read")

    def wait(self, until, what):
        end = time.monotonic() + ANSWER_S
        while not self.ended and not until():
            self.pump(1)
            if time.monotonic() > end:
                raise Hung("no answer: " + what)

    def messages(self):
        """What has come whole, taken."""
        out, at = [], 0
        while len(self.data) - at >= 5:
            size = struct.unpack_from("!I", self.data, at + 1)[0] + 1
            if len(self.data) - at < size:
                break
            out.append((chr(self.data[at]), self.data[at + 5:at + size]))
            at += size
        self.data = self.data[at:]
        return out

    def finish(self, r):
        """Hangs up, in one of the ways; usually waits for the server to do so too."""
        how = r.randrange(4)
        try:
            if how == 0:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how > 1 and not self.ended:
                self.sock.shutdown(socket.SHUT_WR)
                self.wait(lambda: False, "the server does not hang up")
        except OSError:
            pass
        finally:
            self.sock.close()


class Case:
    def __init__(self, fuzz, n):
        self.fuzz, self.n = fuzz, n
        self.r = random.Random("%d/%d" % (fuzz.seed, n))
        self.peer = Peer(fuzz.server.port)
        self.sent = []

    def run(self):
        kinds = [self.startups, self.requests, self.hello, self.scram, self.speak, self.speak, self.speak, self.speak]
        try:
            self.r.choice(kinds)()
            self.peer.finish(self.r)
        finally:
            self.peer.sock.close()

    def send(self, data):
        self.sent.append(data)
        if len(data) < 300 and self.r.random() < 0.03:
            for i in range(len(data)):
                self.peer.send(data[i:i + 1])
        else:
            self.peer.send(data)

    def user(self):
        return self.r.choice(["fuzz", "fuzz", "scram", "nobody", "", "u" * 200])

    def startups(self):
        data = say.random_startup(self.r, self.user())
        if self.r.random() < 0.6:
            data = say.spoil(self.r, data) if self.r.random() < 0.7 else say.rubbish(self.r, 12000)
        self.send(data[:self.r.choice([len(data)] * 4 + [self.r.randrange(len(data) + 1)])])
        self.peer.pump(0.002)

    def requests(self):
        r = self.r
        for _ in range(r.choice([1, 2, 4, 30])):
            code = r.choice([say.SSL_REQUEST, say.GSSENC_REQUEST, say.GSSENC_REQUEST, say.CANCEL_REQUEST])
            more = struct.pack("!iI", r.getrandbits(31) % 50, r.getrandbits(32)) if code == say.CANCEL_REQUEST else b""
            data = say.request(code, more)
            self.send(data if r.random() < 0.8 else say.spoil(r, data))
            self.peer.pump(0.01 if r.random() < 0.7 else 0)

    def hello(self):
        r = self.r
        self.send(say.request(say.SSL_REQUEST))
        self.peer.wait(lambda: self.peer.data, "SSLRequest")
        data = say.client_hello(r)
        what = r.random()
        if what < 0.7:
            data = say.spoil(r, data)
        elif what < 0.8:
            data = say.startup("fuzz")
        elif what < 0.9:
            data = data[:r.randrange(len(data))]
        self.send(data)
        self.peer.pump(0.01)
        self.send(say.rubbish(r, 200))

    def scram(self):
        r = self.r
        exchange = say.Scram(r, r.choice(["the password", "wrong"]), r.randrange(say.Scram.FAULTS))
        self.send(say.startup(r.choice(["scram", "scram", "nobody"])))
        for step in (exchange.first, exchange.final):
            before = self.peer.messages()
            self.peer.wait(lambda: len(self.peer.data) >= 9, "login")
            before = self.peer.messages()
            if not before or before[0][0] != "R":
                return
            if step == exchange.first:
                self.send(step())
            elif len(before[0][1]) > 4:
                self.send(step(before[0][1][4:]))
            if r.random() < 0.05:
                self.send(say.rubbish(r))
                return
        if exchange.fault == 0 and exchange.password == "the password":
            self.peer.wait(lambda: b"Z\0\0\0\5" in self.peer.data or b"E\0" in self.peer.data, "login")

    def speak(self):
        r = self.r
        self.send(say.startup("fuzz"))
        self.peer.wait(lambda: self.peer.data.endswith(b"Z\0\0\0\5I"), "login")
        self.peer.messages()
        speaker = say.Speaker(r, self.fuzz.types, self.fuzz.functions)
        broken = False
        for _ in range(r.choice([1, 5, 20, 60])):
            data, spoiled = speaker.message()
            broken |= spoiled
            self.send(data)
            if r.random() < 0.2:
                self.peer.pump(0.001)
            if self.peer.ended:
                break
        if not broken and not self.peer.ended:
            self.catch_up()
        for kind, body in self.peer.messages():
            error = fields(body) if kind == "E" else {}
            if error.get("C", "").startswith("XX") and not error["M"].startswith(SAME_THERE):
                raise Hung("internal error %s" % error)

    def catch_up(self):
        """Whatever the session is in, this brings it to a ReadyForQuery of our own."""
        mark = "mark %d" % self.n
        self.send(Client.message("f", b"x\0") + Client.message("S") +
                  Client.message("Q", b"ROLLBACK\0") + Client.message("Q", b"SELECT '%s'\0" % mark.encode()))
        self.peer.wait(lambda: mark.encode() in self.peer.data and self.peer.data.endswith(b"Z\0\0\0\5I"),
                       "a query after Sync")
        if self.peer.ended:
            last = [fields(b) for k, b in self.peer.messages() if k == "E"][-1:]
            if not last or last[0].get("C") != "08P01":  # a spoiled length ends a session
                raise Hung("the session ended by %s" % last)


class Fuzz:
    def __init__(self, server, seed):
        self.server, self.seed = server, seed
        self.types, self.functions = {}, []
        self.next = 0
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.problems = []
        self.served = 0
        with psycopg2.connect(server.dsn()) as c, c.cursor() as cur:
            cur.execute(SETUP)
        self.look()

    def look(self):
        c = Client(self.server.port)
        from pgproto import bind, execute, parse, row, rows
        for name, text in say.SAMPLES.items():
            got = rows(c.query("SELECT oid FROM pg_type WHERE typname = '%s'" % name))
            if not got:
                continue
            value = None
            if text is not None:
                answer = c.run(parse("SELECT $1::\"%s\"" % name, types=[25 if name == "regclass" else 0]),
                               bind([text], results=[1]), execute())
                value = [row(b)[0] for k, b in answer if k == "D"]
                value = value[0] if value else None
            self.types[name] = (int(got[0][0]), value)
        self.functions = [(int(o), int(n)) for o, n in rows(c.query(
            "SELECT oid, pronargs FROM pg_proc WHERE prokind = 'f' AND pronargs < 6 AND proname NOT IN %s ORDER BY oid"
            % repr(LEFT_OUT)))]
        c.close()

    def problem(self, text):
        with self.lock:
            self.problems.append(text)
        self.stop.set()

    def one(self, n):
        case = None
        try:
            case = Case(self, n)
            case.run()
        except (Hung, OSError, ValueError, KeyError, IndexError) as e:
            if self.server.process.poll() is None:
                self.problem("case %d of seed %d: %s %s\n    sent %r" % (
                    n, self.seed, type(e).__name__, str(e)[:600], (case.sent if case else [])[-4:]))

    def cases(self, deadline):
        while time.monotonic() < deadline and not self.stop.is_set():
            with self.lock:
                n, self.next = self.next, self.next + 1
            self.one(n)
            if self.server.process.poll() is not None:
                self.problem("the server ended at about case %d of seed %d" % (n, self.seed))

    def healthy(self, done):
        """An old connection and, every few rounds, a new one."""
        try:
            old = psycopg2.connect(self.server.dsn())
            old.autocommit = True
            while not done.is_set():
                with old.cursor() as cur:
                    cur.execute("SELECT sum(g) FROM generate_series(1, 1000) g")
                    if cur.fetchone()[0] != 500500:
                        raise psycopg2.Error("a wrong sum")
                if self.served % 20 == 0:
                    psycopg2.connect(self.server.dsn()).close()
                self.served += 1
                done.wait(0.01)
            old.close()
        except psycopg2.Error as e:
            self.problem("a healthy client (seed %d, about case %d): %s" % (self.seed, self.next, e))

    def run(self, seconds):
        done = threading.Event()
        deadline = time.monotonic() + seconds
        beside = threading.Thread(target=self.healthy, args=(done,))
        threads = [threading.Thread(target=self.cases, args=(deadline,)) for _ in range(THREADS)]
        for t in [beside, *threads]:
            t.start()
        for t in threads:
            t.join()
        done.set()
        beside.join()


def descriptors(server):
    return len(os.listdir("/proc/%d/fd" % server.process.pid))


def memory_mb(server):
    with open("/proc/%d/status" % server.process.pid, encoding="ascii") as f:
        return [int(line.split()[1]) // 1024 for line in f if line.startswith("RssAnon")][0]


def left_over(server, before):
    """Connections that the server still keeps, a while after."""
    end = time.monotonic() + 20
    while True:
        sessions = server.psql("SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")[0]
        more = descriptors(server) - before
        if sessions.strip() == "0" and more <= 8:
            return ""
        if time.monotonic() > end:
            return "%s sessions and %d descriptors more than before" % (sessions.strip(), more)
        time.sleep(0.1)


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-keyout", "server.key", "-out", "server.crt", "-subj", "/CN=localhost"],
                   cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(os.path.join(folder, "server.key"), 0o600)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--case", type=int)
    args = parser.parse_args()
    seconds = max(args.seconds, args.minutes * 60)
    tally = Tally("server/fuzz_socket (seed %d)" % args.seed)
    with tempfile.TemporaryDirectory(prefix="tarn-fuzz-") as folder:
        certificate(folder)
        with open(os.path.join(folder, "hba"), "w", encoding="ascii") as f:
            f.write(HBA)
        settings = {"ssl": "on", "ssl_cert_file": folder + "/server.crt", "ssl_key_file": folder + "/server.key",
                    "hba_file": folder + "/hba", "statement_timeout": "3s", "lock_timeout": "200ms",
                    "idle_in_transaction_session_timeout": "20s", "authentication_timeout": "10s"}
        with Server(settings=settings) as server:
            fuzz = Fuzz(server, args.seed)
            before = descriptors(server)
            if args.case is not None:
                fuzz.one(args.case)
            else:
                fuzz.run(seconds)
            tally.check("messages", "\n".join(fuzz.problems) + (server.log()[-4000:] if fuzz.problems else ""))
            if server.process.poll() is not None:
                server.kill()
            else:
                tally.check("connections", left_over(server, before))
                used = memory_mb(server)
                tally.check("memory", "" if used < MEMORY_MB else "%d MB are in use" % used)
                print("%d cases, the healthy client was served %d times, %d MB in use" % (
                    fuzz.next, fuzz.served, used))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
