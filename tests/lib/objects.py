"""A server of objects for tests: S3, Azure Blob Storage and Google Cloud Storage as far as readers need
them, with a check of each request's signature by the published specifications (none of it shared with
the product), listings in small pages, and faults on demand.

    with ObjectServer("s3", {"lake": "/folder"}) as s:      # bucket "lake" has the files of /folder
        s.endpoint, s.options()                             # for CREATE STORAGE CREDENTIAL
        s.fault(r"\\.json$", "503", times=2)

Standard library and the openssl program only.
"""
import base64
import calendar
import hashlib
import hmac
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from email.utils import formatdate
from xml.sax.saxutils import escape

KEY_ID, SECRET = "AKIATESTKEY", "very/secret+access key".replace(" ", "0")
SESSION = "session/token+for=tests"
ACCOUNT, ACCOUNT_KEY = "lakeaccount", base64.b64encode(b"a key of the account, 32 bytes.!").decode()
SAS = "sv=2021-08-06&sr=c&sp=rl&sig=c2lnbmF0dXJl%2Bof%2Fsas%3D"
TENANT, CLIENT, CLIENT_SECRET = "tenant-1", "client-1", "client~secret+of/tests"
TOKEN = "token-of-tests.1"
UNITY_TOKEN = "token-of-the-catalog"
REGION = "test-region-1"


def run(*args, data=None):
    return subprocess.run(args, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True).stdout


def certificate(folder):
    """A key and a certificate of its own for 127.0.0.1: paths."""
    key, cert = os.path.join(folder, "tls.key"), os.path.join(folder, "tls.pem")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days",
        "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    return key, cert


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        # Readers may leave in the middle.
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


class Refused(Exception):
    def __init__(self, status, code, message="refused"):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class ObjectServer:
    """kind: s3, azure, gcs. auth: of s3 `key`, `session`, `none`; azure `key`, `sas`, `oauth`, `none`; gcs
    `hmac`, `account`, `none`. The files of buckets in `fixed` stay the same."""

    def __init__(self, kind, buckets, auth="key", page=3, tls=False, styles="path", fixed=()):
        self.kind, self.buckets, self.auth, self.page, self.styles = kind, dict(buckets), auth, page, styles
        self.fixed, self.known = fixed, {}
        self.faults, self.requests, self.lock = [], [], threading.Lock()
        self.tokens_given, self.token_life_s, self.valid_tokens = 0, 3600, set()
        # A Unity Catalog at root + "/unity": {"catalog.schema.table": (location, format)}.
        self.unity, self.grants, self.grant_life_s, self.sessions = {}, 0, 3600, {SESSION}
        self.active, self.most_active, self.pause_s = 0, 0, 0
        self.temp = tempfile.TemporaryDirectory(prefix="tarn-objects-")
        self.key_file = None
        if auth == "account":
            self.make_account()
        handler = type("Handler", (Handler,), {"store": self})
        self.http = Listener(("127.0.0.1", 0), handler)
        self.port = self.http.server_address[1]
        self.ca = None
        if tls:
            key, cert = certificate(self.temp.name)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.ca = open(cert).read()
        self.root = "http%s://127.0.0.1:%d" % ("s" if tls else "", self.port)
        self.endpoint = self.root + ("/" + ACCOUNT if kind == "azure" else "")
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def make_account(self):
        path = os.path.join(self.temp.name, "account.pem")
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
        self.public = os.path.join(self.temp.name, "public.pem")
        run("openssl", "pkey", "-in", path, "-pubout", "-out", self.public)
        self.private = open(path).read()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.temp.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def options(self, **more):
        """Of the storage credential that it lets in."""
        o = {"endpoint": self.endpoint}
        if self.kind == "s3":
            o["region"] = REGION
        if self.kind == "azure":
            o["account_name"] = ACCOUNT
        if self.auth == "session":
            o["session_token"] = SESSION
        if (self.kind, self.auth) in (("s3", "key"), ("s3", "session"), ("gcs", "hmac")):
            o.update(access_key_id=KEY_ID, secret_access_key=SECRET)
        elif (self.kind, self.auth) == ("azure", "key"):
            o["account_key"] = ACCOUNT_KEY
        elif self.auth == "sas":
            o["sas_token"] = SAS
        elif self.auth == "oauth":
            o.update(tenant_id=TENANT, client_id=CLIENT, client_secret=CLIENT_SECRET, authority=self.root)
        elif self.auth == "account":
            o["service_account_json"] = json.dumps({
                "type": "service_account", "client_email": "reader@tests", "private_key": self.private,
                "private_key_id": "k1", "token_uri": self.root + "/token"})
        if self.ca:
            o["ca_certificate"] = self.ca
        o.update(more)
        return {k: v for k, v in o.items() if v is not None}

    def uri(self, bucket, path=""):
        if self.kind == "azure":
            return "abfss://%s@%s.dfs.core.windows.net/%s" % (bucket, ACCOUNT, path)
        return "%s://%s/%s" % ({"s3": "s3", "gcs": "gs"}[self.kind], bucket, path)

    def fault(self, pattern, what, times=1):
        """The next `times` requests whose target (path?query) matches: a status like "503", "cut" (in the
        middle of the body), "drop" (no answer), "slow" (in small pieces), "stall", "changed" (another tag)."""
        with self.lock:
            self.faults.append([re.compile(pattern), what, times])

    def clear(self):
        with self.lock:
            self.faults, self.requests, self.most_active = [], [], 0

    def take_fault(self, target):
        with self.lock:
            self.requests.append(target)
            for f in self.faults:
                if f[2] and f[0].search(target):
                    f[2] -= 1
                    return f[1]
        return None

    # ---- objects ----

    def files(self, bucket):
        if bucket not in self.buckets:
            raise Refused(404, "ContainerNotFound" if self.kind == "azure" else "NoSuchBucket")
        if bucket in self.known:
            return self.known[bucket]
        root = self.buckets[bucket]
        out = {}
        for base, _, names in os.walk(root):
            for name in names:
                path = os.path.join(base, name)
                out[os.path.relpath(path, root)] = path
        if bucket in self.fixed:
            self.known[bucket] = out
        return out

    def listing(self, bucket, prefix, delimiter, after):
        """(key, size, time) and prefixes, in order, behind `after`."""
        items, seen = [], set()
        for key, path in self.files(bucket).items():
            if not key.startswith(prefix):
                continue
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                seen.add(key[:cut + 1])
            else:
                st = os.stat(path)
                items.append((key, st.st_size, st.st_mtime))
        items += [(p, None, None) for p in seen]
        return sorted((i for i in items if i[0].encode() > after.encode()), key=lambda i: i[0].encode())


# ---- signatures ----

def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def check_sigv4(store, h):
    """AWS Signature Version 4, from the request as it came in."""
    m = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
                     r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", h.headers.get("Authorization", ""))
    if not m:
        raise Refused(403, "AccessDenied", "no signature")
    key_id, day, region, names, signature = m.groups()
    if key_id != KEY_ID:
        raise Refused(403, "InvalidAccessKeyId", "unknown key %s" % key_id)
    want_region = REGION if store.kind == "s3" else "auto"
    if region != want_region:
        raise Refused(400, "AuthorizationHeaderMalformed", "the region '%s' is wrong" % region)
    when = h.headers["x-amz-date"]
    if abs(calendar.timegm(time.strptime(when, "%Y%m%dT%H%M%SZ")) - time.time()) > 900 or when[:8] != day:
        raise Refused(403, "RequestTimeTooSkewed")
    signed = names.split(";")
    must = {"host"} | {n.lower() for n in h.headers if n.lower().startswith("x-amz-") or n.lower() == "range"}
    if signed != sorted(signed) or not must <= set(signed):
        raise Refused(403, "AccessDenied", "headers are not signed")
    path, _, query = h.path.partition("?")
    pairs = sorted(tuple(p.partition("=")[::2]) for p in query.split("&") if p)
    canonical = "\n".join([
        h.command, path, "&".join("%s=%s" % p for p in pairs),
        "".join("%s:%s\n" % (n, " ".join(h.headers[n].split())) for n in signed),
        names, h.headers["x-amz-content-sha256"]])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", when, "%s/%s/s3/aws4_request" % (day, region),
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for part in (day, region, "s3", "aws4_request"):
        key = mac(key, part)
    if mac(key, to_sign).hex() != signature:
        raise Refused(403, "SignatureDoesNotMatch", "signature of %s with %s" % (canonical, SECRET))
    session = h.headers.get("x-amz-security-token")
    if store.auth == "session" and session not in store.sessions:
        raise Refused(400, "ExpiredToken" if session else "InvalidToken", "The provided token has expired.")


def check_shared_key(h):
    m = re.fullmatch(r"SharedKey ([^:]+):(\S+)", h.headers.get("Authorization", ""))
    if not m or m.group(1) != ACCOUNT:
        raise Refused(403, "AuthenticationFailed", "no signature")
    length = h.headers.get("Content-Length", "")
    standard = [h.headers.get(n, "") for n in (
        "Content-Encoding", "Content-Language")] + ["" if length == "0" else length] + [
            h.headers.get(n, "") for n in ("Content-MD5", "Content-Type", "Date", "If-Modified-Since",
                                           "If-Match", "If-None-Match", "If-Unmodified-Since", "Range")]
    own = sorted((n.lower(), v.strip()) for n, v in h.headers.items() if n.lower().startswith("x-ms-"))
    path, _, query = h.path.partition("?")
    params = sorted((k.lower(), v) for k, v in urllib.parse.parse_qsl(query, keep_blank_values=True))
    text = "\n".join([h.command] + standard + ["%s:%s" % p for p in own] + ["/" + ACCOUNT + path] +
                     ["%s:%s" % p for p in params])
    want = base64.b64encode(hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest())
    if want.decode() != m.group(2):
        raise Refused(403, "AuthenticationFailed", "signature of %r" % text)


def check_bearer(store, h):
    token = h.headers.get("Authorization", "")
    with store.lock:
        known = token[len("Bearer "):] in store.valid_tokens
    if not token.startswith("Bearer ") or not known:
        raise Refused(401, "InvalidAuthenticationInfo", "token")


def unpad(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_jwt(store, token):
    head, claims, signature = token.split(".")
    with tempfile.NamedTemporaryFile() as f:
        f.write(unpad(signature))
        f.flush()
        run("openssl", "dgst", "-sha256", "-verify", store.public, "-signature", f.name,
            data=(head + "." + claims).encode())
    c = json.loads(unpad(claims))
    if json.loads(unpad(head)) != {"alg": "RS256", "typ": "JWT", "kid": "k1"}:
        raise ValueError("header")
    if c["iss"] != "reader@tests" or c["aud"] != store.root + "/token" or "devstorage" not in c["scope"]:
        raise ValueError("claims")
    if not c["iat"] - 60 <= time.time() <= c["exp"] <= c["iat"] + 3600:
        raise ValueError("times")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 << 10
    store = None

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def refuse(self, e):
        body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>" % (
            e.code, escape(e.message))
        self.answer(e.status, body.encode(), [("Content-Type", "application/xml"), ("x-ms-error-code", e.code)])

    # ---- tokens ----

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fault = self.store.take_fault(self.path)
        if self.path.startswith("/unity/"):
            self.vend(json.loads(body), fault)
            return
        form = dict(urllib.parse.parse_qsl(body))
        try:
            if fault:
                raise Refused(int(fault), "fault")
            if self.store.kind == "azure":
                ok = (self.path == "/%s/oauth2/v2.0/token" % TENANT and form == {
                    "grant_type": "client_credentials", "client_id": CLIENT, "client_secret": CLIENT_SECRET,
                    "scope": "https://storage.azure.com/.default"})
            else:
                ok = (self.path == "/token" and
                      form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
                check_jwt(self.store, form["assertion"])
            if not ok:
                raise ValueError("form")
        except Refused as e:
            self.answer(e.status, b"{}")
            return
        except (ValueError, KeyError, subprocess.CalledProcessError) as e:
            self.answer(401, json.dumps({"error": "invalid_client", "error_description": str(e)}).encode())
            return
        with self.store.lock:
            self.store.tokens_given += 1
            token = "%s.%d" % (TOKEN, self.store.tokens_given)
            self.store.valid_tokens.add(token)
        self.answer(200, json.dumps({"access_token": token, "token_type": "Bearer",
                                     "expires_in": self.store.token_life_s}).encode())

    # ---- Unity Catalog ----

    def unity_refuses(self, fault):
        if fault:
            self.answer(int(fault), b"{}")
        elif self.headers.get("Authorization") != "Bearer " + UNITY_TOKEN:
            self.answer(401, b'{"error_code": "UNAUTHENTICATED"}')
        else:
            return False
        return True

    def find_table(self):
        name = urllib.parse.unquote(self.path[len("/unity/tables/"):])
        if self.unity_refuses(self.store.take_fault(self.path)):
            return
        if name not in self.store.unity:
            self.answer(404, b'{"error_code": "TABLE_NOT_FOUND"}')
            return
        location, kind = self.store.unity[name]
        if kind == "VIEW":
            self.answer(200, json.dumps({"name": name.split(".")[2], "table_id": "id of " + name, "table_type": kind,
                                         "view_definition": "SELECT 1"}).encode())
            return
        self.answer(200, json.dumps({
            "name": name.split(".")[2], "table_id": "id of " + name, "table_type": "EXTERNAL",
            "data_source_format": kind, "storage_location": location}).encode())

    def vend(self, asked, fault):
        if self.unity_refuses(fault):
            return
        name = asked["table_id"][len("id of "):]
        if self.path != "/unity/temporary-table-credentials" or asked["operation"] != "READ" or \
                name not in self.store.unity:
            self.answer(404, b"{}")
            return
        with self.store.lock:
            self.store.grants += 1
            session = "%s.%d" % (SESSION, self.store.grants)
            self.store.sessions.add(session)
        self.answer(200, json.dumps({
            "aws_temp_credentials": {"access_key_id": KEY_ID, "secret_access_key": SECRET, "session_token": session},
            "expiration_time": int((time.time() + self.store.grant_life_s) * 1000)}).encode())

    # ---- objects ----

    def do_GET(self):
        store = self.store
        if self.path.startswith("/unity/"):
            self.find_table()
            return
        with store.lock:
            store.active += 1
            store.most_active = max(store.most_active, store.active)
        try:
            if store.pause_s:
                time.sleep(store.pause_s)
            self.get()
        except Refused as e:
            self.refuse(e)
        finally:
            with store.lock:
                store.active -= 1

    def authorize(self):
        s = self.store
        if s.auth == "none":
            if self.headers.get("Authorization"):
                raise Refused(403, "AccessDenied", "signed without need")
        elif s.kind == "s3" or s.auth == "hmac":
            check_sigv4(s, self)
        elif s.auth == "key":
            check_shared_key(self)
        elif s.auth == "sas":
            if SAS not in self.path or not self.headers.get("x-ms-version"):
                raise Refused(403, "AuthenticationFailed", "no such signature")
        else:
            check_bearer(s, self)

    def get(self):
        fault = self.store.take_fault(self.path)
        if self.path.startswith("http://"):
            # Asked as a proxy: the rest of the address is as if asked directly.
            self.path = "/" + self.path.split("/", 3)[3]
        if fault == "drop":
            self.close_connection = True
            return
        if fault and fault.isdigit():
            code = {"403": "AccessDenied", "404": "NoSuchKey", "503": "SlowDown", "429": "TooManyRequests"}
            raise Refused(int(fault), code.get(fault, "InternalError"))
        self.authorize()
        path, _, query = self.path.partition("?")
        params = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        parts = urllib.parse.unquote(path).lstrip("/").split("/")
        if self.store.kind == "azure":
            if parts[0] != ACCOUNT:
                raise Refused(400, "InvalidUri")
            parts = parts[1:]
        if self.store.styles == "host":
            parts.insert(0, self.headers["Host"].split(".")[0])
        bucket, key = parts[0], "/".join(parts[1:])
        if key:
            self.get_object(bucket, key, fault)
        elif self.store.kind == "azure":
            self.list_azure(bucket, params)
        else:
            self.list_s3(bucket, params)

    def list_s3(self, bucket, p):
        if p.get("list-type") != "2":
            raise Refused(400, "InvalidArgument")
        after = base64.b64decode(p["continuation-token"]).decode() if "continuation-token" in p else p.get(
            "start-after", "")
        items = self.store.listing(bucket, p.get("prefix", ""), p.get("delimiter"), after)
        page, more = items[:self.store.page], items[self.store.page:]
        encode = (lambda k: urllib.parse.quote_plus(k, safe="/")) if p.get("encoding-type") == "url" else escape
        out = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/"
               "2006-03-01/\"><Name>%s</Name><IsTruncated>%s</IsTruncated>" % (bucket, str(bool(more)).lower())]
        for key, size, mtime in page:
            if size is None:
                out.append("<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>" % encode(key))
            else:
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(mtime)) + ".%03dZ" % (mtime % 1 * 1000)
                out.append("<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>&quot;x&quot;</ETag>"
                           "<Size>%d</Size></Contents>" % (encode(key), stamp, size))
        if more:
            out.append("<NextContinuationToken>%s</NextContinuationToken>" % base64.b64encode(
                page[-1][0].encode()).decode())
        if "encoding-type" in p:
            out.append("<EncodingType>url</EncodingType>")
        self.answer(200, ("".join(out) + "</ListBucketResult>").encode())

    def list_azure(self, bucket, p):
        if (p.get("restype"), p.get("comp")) != ("container", "list"):
            raise Refused(400, "InvalidQueryParameterValue")
        after = base64.b64decode(p["marker"]).decode() if p.get("marker") else ""
        items = self.store.listing(bucket, p.get("prefix", ""), p.get("delimiter"), after)
        page, more = items[:self.store.page], items[self.store.page:]
        out = ["\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"%s\"><Blobs>" % bucket]
        for key, size, mtime in page:
            if size is None:
                out.append("<BlobPrefix><Name>%s</Name></BlobPrefix>" % escape(key))
            else:
                out.append("<Blob><Name>%s</Name><Properties><Last-Modified>%s</Last-Modified><Etag>0x1</Etag>"
                           "<Content-Length>%d</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>" % (
                               escape(key), formatdate(mtime, usegmt=True), size))
        out.append("</Blobs><NextMarker>%s</NextMarker></EnumerationResults>" % (
            base64.b64encode(page[-1][0].encode()).decode() if more else ""))
        self.answer(200, "".join(out).encode())

    def get_object(self, bucket, key, fault):
        files = self.store.files(bucket)
        if key not in files:
            raise Refused(404, "BlobNotFound" if self.store.kind == "azure" else "NoSuchKey")
        data = open(files[key], "rb").read()
        tag = '"%s"' % hashlib.md5(data).hexdigest()
        if fault == "changed":
            tag = '"other"'
        if self.headers.get("If-Match", tag) != tag:
            raise Refused(412, "PreconditionFailed")
        m = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        status, headers = 200, [("ETag", tag)]
        if m:
            begin, end = int(m.group(1)), min(int(m.group(2)) + 1, len(data))
            if begin >= len(data):
                self.answer(416, b"", [("Content-Range", "bytes */%d" % len(data))])
                return
            headers.append(("Content-Range", "bytes %d-%d/%d" % (begin, end - 1, len(data))))
            status, data = 206, data[begin:end]
        if fault in ("cut", "stall", "slow"):
            self.send_faulty(status, headers, data, fault)
        else:
            self.answer(status, data, headers)

    def send_faulty(self, status, headers, data, fault):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            if fault == "slow":
                step = max(1, len(data) // 20)
                for i in range(0, len(data), step):
                    self.wfile.write(data[i:i + step])
                    self.wfile.flush()
                    time.sleep(0.02)
                return
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            if fault == "stall":
                time.sleep(5)
        except OSError:
            pass
        self.close_connection = True
