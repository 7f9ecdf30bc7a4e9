"""An HTTP proxy in front of a store, which spoils some of the requests: the store behind is whole."""
import http.client
import http.server
import json
import threading
import time

# What happens to every request of that number, counted from 1, modulo the length.
FAULTS = ("", "503", "", "", "cut", "", "slow", "", "drop", "", "", "429")
TOKEN_LIFE = 10  # requests


class Proxy:
    """`root` is its address. With `tokens` it hands out bearer tokens at /token, each good for a few requests: then 401."""

    def __init__(self, port, tokens=False):
        self.upstream, self.tokens = port, tokens
        self.lock = threading.Lock()
        self.requests = self.spoiled = self.token = self.used = self.expired = 0
        self.faults = FAULTS
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.root = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def next_fault(self):
        with self.lock:
            self.requests += 1
            fault = self.faults[self.requests % len(self.faults)] if self.faults else ""
            self.spoiled += fault != ""
            return fault

    def new_token(self):
        with self.lock:
            self.token, self.used = self.token + 1, 0
            return "token-%d" % self.token

    def accepts(self, authorization):
        with self.lock:
            self.used += 1
            good = authorization == "Bearer token-%d" % self.token and self.used <= TOKEN_LIFE
            self.expired += not good
            return good


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def log_message(self, *args):
        pass

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code):
        self.reply(status, ("<?xml version='1.0'?><Error><Code>%s</Code></Error>" % code).encode(),
                   [("Content-Type", "application/xml")])

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(200, json.dumps({"access_token": self.owner.new_token(), "expires_in": 3600}).encode(),
                   [("Content-Type", "application/json")])

    def do_GET(self):
        fault = self.owner.next_fault()
        if fault == "drop":
            self.close_connection = True
        elif fault in ("503", "429"):
            self.refuse(int(fault), "SlowDown")
        elif self.owner.tokens and not self.owner.accepts(self.headers.get("Authorization")):
            self.refuse(401, "AuthenticationRequired")
        else:
            self.forward(fault)

    def forward(self, fault):
        upstream = http.client.HTTPConnection("127.0.0.1", self.owner.upstream, timeout=60)
        upstream.putrequest("GET", self.path, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "host":
                upstream.putheader(name, value)
        upstream.endheaders()
        answer = upstream.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        upstream.close()
        if fault == "cut":
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
        elif fault == "slow":
            step = len(body) // 5 + 1
            for i in range(0, len(body), step):
                self.wfile.write(body[i:i + step])
                self.wfile.flush()
                time.sleep(0.02)
        else:
            self.wfile.write(body)
