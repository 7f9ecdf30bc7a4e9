"""The wire protocol by hand, for tests of messages that no driver sends. Standard library only."""
import socket
import struct


class Closed(Exception):
    pass


class Client:
    def __init__(self, port, user="postgres", db="postgres", startup=True, params=None, minor=0):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.sock.settimeout(20)
        self.data = b""
        self.parameters = {}
        self.pid = self.secret = None
        if startup:
            self.startup(user, db, params or {}, minor)

    def startup(self, user, db, params, minor=0):
        body = struct.pack("!I", (3 << 16) | minor)
        for name, value in dict(params, user=user, database=db).items():
            body += name.encode() + b"\0" + value.encode() + b"\0"
        self.raw(struct.pack("!I", len(body) + 5) + body + b"\0")
        self.greeting = self.until_ready()
        for kind, body in self.greeting:
            if kind == "S":
                name, value = body.split(b"\0")[:2]
                self.parameters[name.decode()] = value.decode()
            elif kind == "K":
                self.pid, self.secret = struct.unpack("!iI", body)

    def raw(self, data):
        self.sock.sendall(data)

    @staticmethod
    def message(kind, body=b""):
        return kind.encode() + struct.pack("!I", len(body) + 4) + body

    def send(self, *messages):
        self.raw(b"".join(messages))

    def exactly(self, n):
        while len(self.data) < n:
            more = self.sock.recv(65536)
            if not more:
                raise Closed()
            self.data += more
        out, self.data = self.data[:n], self.data[n:]
        return out

    def read(self):
        kind = self.exactly(1).decode()
        size = struct.unpack("!I", self.exactly(4))[0]
        return kind, self.exactly(size - 4)

    def until(self, *kinds):
        out = []
        while True:
            out.append(self.read())
            if out[-1][0] in kinds:
                return out

    def until_ready(self):
        """Messages up to ReadyForQuery, or to a fatal error and the end."""
        out = []
        try:
            while not out or out[-1][0] != "Z":
                out.append(self.read())
        except Closed:
            out.append(("end", b""))
        return out

    def query(self, sql):
        self.send(query(sql))
        return self.until_ready()

    def run(self, *messages):
        self.send(*messages, sync())
        return self.until_ready()

    def at_end(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.sock.close()


def cstr(s):
    return s.encode() + b"\0"


def query(sql):
    return Client.message("Q", cstr(sql))


def parse(sql, name="", types=()):
    return Client.message("P", cstr(name) + cstr(sql) + struct.pack("!H", len(types)) +
                          b"".join(struct.pack("!I", t) for t in types))


def bind(params=(), name="", portal="", formats=(), results=()):
    body = cstr(portal) + cstr(name)
    body += struct.pack("!H", len(formats)) + b"".join(struct.pack("!h", f) for f in formats)
    body += struct.pack("!H", len(params))
    for p in params:
        if p is None:
            body += struct.pack("!i", -1)
        else:
            p = p if isinstance(p, bytes) else str(p).encode()
            body += struct.pack("!i", len(p)) + p
    body += struct.pack("!H", len(results)) + b"".join(struct.pack("!h", f) for f in results)
    return Client.message("B", body)


def describe(kind, name=""):
    return Client.message("D", kind.encode() + cstr(name))


def close(kind, name=""):
    return Client.message("C", kind.encode() + cstr(name))


def execute(portal="", rows=0):
    return Client.message("E", cstr(portal) + struct.pack("!i", rows))


def sync():
    return Client.message("S")


def flush():
    return Client.message("H")


def kinds(messages):
    return "".join(k if len(k) == 1 else "." for k, _ in messages)


def fields(body):
    """Of an ErrorResponse or NoticeResponse."""
    return {part[:1].decode(): part[1:].decode("utf-8", "replace")
            for part in body.split(b"\0") if part}


def errors(messages):
    return [fields(b) for k, b in messages if k == "E"]


def error_codes(messages):
    return [f["C"] for f in errors(messages)]


def notices(messages):
    return [fields(b) for k, b in messages if k == "N"]


def tags(messages):
    return [b[:-1].decode() for k, b in messages if k == "C"]


def row(body):
    n, at, out = struct.unpack("!H", body[:2])[0], 2, []
    for _ in range(n):
        size = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        if size < 0:
            out.append(None)
        else:
            out.append(body[at:at + size])
            at += size
    return out


def rows(messages):
    return [[None if v is None else v.decode("utf-8", "replace") for v in row(b)]
            for k, b in messages if k == "D"]


def columns(messages):
    """(name, type, format) of the first RowDescription."""
    for k, body in messages:
        if k == "T":
            n, at, out = struct.unpack("!H", body[:2])[0], 2, []
            for _ in range(n):
                end = body.index(b"\0", at)
                _, _, kind, _, _, fmt = struct.unpack("!IhIhih", body[end + 1:end + 19])
                out.append((body[at:end].decode(), kind, fmt))
                at = end + 19
            return out
    return None


def status(messages):
    return messages[-1][1].decode() if messages[-1][0] == "Z" else "end"
