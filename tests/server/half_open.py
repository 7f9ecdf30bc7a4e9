#!/usr/bin/python3
"""Connections that never finish logging in, and clients that write a byte at a time: others connect
and are answered, the memory stays small, the limits hold, the server stops cleanly.

    half_open.py [--all] [--bench]

--all: 10,000 half-open connections and 1,000 slow writers; --bench also prints how long a new client
takes to connect and be answered meanwhile."""
import argparse
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import fuzz_messages as say  # noqa: E402
from pgproto import Client, error_codes, query, rows  # noqa: E402
from tarn import BINARY, Server, Tally  # noqa: E402

import psycopg2  # noqa: E402

ASAN = "asan" in BINARY
HBA = "host all postgres 127.0.0.0/8 trust\nhost all all 127.0.0.0/8 scram-sha-256\n"
HALF_OPEN_KB = 40  # of the server's memory for each
SIZES = {"half-open": 300, "slow": 30}
ALL_SIZES = {"half-open": 10000, "slow": 1000}
QUESTION = query("SELECT 40 + 2")


def answer(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(4096)
        if not more:
            return data
        data += more
    return data


def hello(half):
    data = say.client_hello(random.Random(1))
    return data[:len(data) // 2] if half else data


class HalfOpen:
    """A connection that stops at one of the steps of a login."""

    KINDS = ("silent", "part of a packet", "asked for TLS", "part of a ClientHello", "asked for a password",
             "half a SCRAM")

    def __init__(self, port, i):
        self.kind = self.KINDS[i % len(self.KINDS)]
        self.sock = socket.socket()
        self.sock.settimeout(30)
        self.sock.bind(("127.0.0.%d" % (2 + i % 50), 0))
        self.sock.connect(("127.0.0.1", port))
        getattr(self, self.kind.replace(" ", "_"))()

    def silent(self):
        pass

    def part_of_a_packet(self):
        self.sock.send(say.startup("postgres")[:20])

    def asked_for_TLS(self):
        self.sock.send(say.request(say.SSL_REQUEST))
        assert answer(self.sock, 1) == b"S"

    def part_of_a_ClientHello(self):
        self.asked_for_TLS()
        self.sock.send(hello(True))

    def asked_for_a_password(self):
        self.sock.send(say.startup("nobody"))
        got = answer(self.sock, 24)
        assert got[:1] == b"R", got

    def half_a_SCRAM(self):
        self.asked_for_a_password()
        data = b"n,,n=,r=abcdefghijkl"
        self.sock.send(Client.message("p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(data)) + data))
        assert answer(self.sock, 24)[:1] == b"R"

    def has_ended(self):
        self.sock.settimeout(15)
        try:
            while self.sock.recv(4096):
                pass
        except ConnectionResetError:
            pass
        except socket.timeout:
            return False
        return True


def memory_kb(server):
    with open("/proc/%d/status" % server.process.pid, encoding="ascii") as f:
        return [int(line.split()[1]) for line in f if line.startswith("RssAnon")][0]


def new_client(server):
    """Milliseconds from nothing to the answer of a query."""
    start = time.monotonic()
    c = psycopg2.connect(server.dsn(), sslmode="disable")
    with c.cursor() as cur:
        cur.execute("SELECT 1")
        assert cur.fetchone() == (1,)
    c.close()
    return (time.monotonic() - start) * 1000


def settings(folder, **more):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-keyout", "key", "-out", "crt", "-subj", "/CN=localhost"],
                   cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(folder + "/key", 0o600)
    with open(folder + "/hba", "w", encoding="ascii") as f:
        f.write(HBA)
    return {"ssl": "on", "ssl_cert_file": folder + "/crt", "ssl_key_file": folder + "/key", "hba_file": folder + "/hba",
            "authentication_timeout": "10min", **more}


def crowd(tally, folder, sizes, bench):
    with Server(settings=settings(folder, max_connections=sizes["slow"] + 10)) as server:
        before = memory_kb(server)
        open_ones = [HalfOpen(server.port, i) for i in range(sizes["half-open"])]
        each = (memory_kb(server) - before) / len(open_ones)
        slow = [Client(server.port) for _ in range(sizes["slow"])]
        times, sent = [], 0
        while sent < len(QUESTION) - 1:
            for c in slow:
                c.raw(QUESTION[sent:sent + 1])
            sent += 1
            times.append(new_client(server))
        tally.check("memory", "" if each < HALF_OPEN_KB or ASAN else "%.1f KB for a half-open connection" % each)
        for c in slow:
            c.raw(QUESTION[sent:])
        wrong = [got for got in (c.until_ready() for c in slow) if rows(got) != [["42"]]]
        tally.check("slow writers", "%d of %d: %s" % (len(wrong), len(slow), wrong[0]) if wrong else "")
        gone = 0
        for h in open_ones:
            h.sock.settimeout(0)
            try:
                gone += h.sock.recv(1) == b""
            except BlockingIOError:
                pass
        tally.check("half-open connections stay", "%d were closed" % gone if gone else "")
        tally.check("new clients", "" if len(times) == len(QUESTION) - 1 else "%d" % len(times))
        if bench:
            times.sort()
            print("%d half-open, %d slow writers: a new client is answered after %.1f ms (median), %.1f ms (most); "
                  "%.1f KB for a half-open connection" % (len(open_ones), len(slow), times[len(times) // 2], times[-1], each))
        # The server stops while they are open.


def timeouts(tally, folder):
    with Server(settings=settings(folder, authentication_timeout="1s")) as server:
        open_ones = [HalfOpen(server.port, i) for i in range(2 * len(HalfOpen.KINDS))]
        for h in open_ones:
            tally.check("authentication_timeout: " + h.kind, "" if h.has_ended() else "still open")


def pushed_out(tally, folder):
    """More of them than there are descriptors for: the oldest make room."""
    class Small(Server):
        def command(self):
            return ["prlimit", "--nofile=400:400"] + super().command()

    with Small(settings=settings(folder, max_connections=20)) as server:
        first = [HalfOpen(server.port, 4) for _ in range(150)]
        rest = [HalfOpen(server.port, 0) for _ in range(350)]
        new_client(server)
        ended = first[0].has_ended()
        tally.check("the oldest are pushed out", "" if ended else "the first connection is still open")
        held = [psycopg2.connect(server.dsn()) for _ in range(20)]
        late = Client(server.port)
        tally.check("max_connections", "" if error_codes(late.greeting) == ["53300"] else str(late.greeting))
        for c in held:
            c.close()
        new_client(server)
        del rest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--bench", action="store_true")
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tally = Tally("server/half_open")
    sizes = ALL_SIZES if args.all else SIZES
    if hard < sum(sizes.values()) + 1000:
        tally.skip("crowd", "the limit of open files is %d" % hard)
        return tally.finish()
    with tempfile.TemporaryDirectory(prefix="tarn-half-open-") as folder:
        crowd(tally, folder, sizes, args.bench)
        timeouts(tally, folder)
        pushed_out(tally, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
