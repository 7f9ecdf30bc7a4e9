"""Servers of other makers: tables that delta-rs writes to moto and gofakes3 (S3) and fake-gcs-server (Google), and tables in
Azurite (Azure), are read as their writers or the local files say, also where the way to the store fails now and then.

    other_stores.py [--all]

They come by name and pinned version from their registries into a cache (TARN_STORES, default
build/stores). Without --all nothing is fetched: what is not in the cache is skipped. So is what
cannot be fetched.
"""
import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from email.utils import formatdate

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "lib")]
sys.dont_write_bytecode = True
from fetched import Skip, fetch, fetch_python, wait_for  # noqa: E402
from proxy import Proxy  # noqa: E402
from tarn import Server, Tally, free_port  # noqa: E402

import psycopg2  # noqa: E402

PYTHON = ("moto[s3,server]==5.0.28", "deltalake==0.25.5", "pyarrow==26.0.1")
AZURITE = "azurite@3.37.0"
GOFAKES3 = "github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0"
UNITY = "io.unitycatalog:unitycatalog-server:0.3.0"
FAKE_GCS = "github.com/fsouza/fake-gcs-server@v1.52.3"
DELTA = os.path.join(ROOT, "tests", "data", "lakehouse", "delta")
TABLES = ("dat-basic_partitioned", "golden-dv-partitioned-with-checkpoint", "dremio-deltaMixCharsName",
          "golden-log-replay-latest-metadata-protocol")
# The account that every Azurite has, as its documentation says.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

# Steps of a table; after each the writer's own reader says what there is.
WRITER = """
import json, sys
import pyarrow
from deltalake import DeltaTable, write_deltalake
uri, options = sys.argv[1], json.loads(sys.argv[2])


def table(begin, end):
    return pyarrow.table({"id": pyarrow.array(range(begin, end), pyarrow.int64()),
                          "k": ["a b+%d" % (i % 5) for i in range(begin, end)],
                          "v": [i * 0.5 if i % 9 else None for i in range(begin, end)]})


def tell():
    d = DeltaTable(uri, storage_options=options)
    rows = sorted(d.to_pyarrow_table().to_pylist(), key=lambda r: r["id"])
    print(json.dumps([d.version(), [[r["id"], r["k"], r["v"]] for r in rows]]), flush=True)
    sys.stdin.readline()


def delta():
    return DeltaTable(uri, storage_options=options)


write_deltalake(uri, table(0, 300), partition_by=["k"], storage_options=options)
tell()
write_deltalake(uri, table(300, 500), mode="append", storage_options=options)
tell()
delta().delete("id >= 450")
tell()
delta().update(predicate="id < 10", updates={"v": "7.25"})
tell()
delta().optimize.compact()
tell()
delta().create_checkpoint()
tell()
write_deltalake(uri, table(1000, 1100), mode="overwrite", storage_options=options)
tell()
delta().restore(1)
tell()
"""


class Reader:
    def __init__(self, server, tally):
        self.tally = tally
        self.connection = psycopg2.connect(server.dsn())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def rows(self, sql):
        try:
            self.cursor.execute(sql)
            return self.cursor.fetchall() if self.cursor.description else []
        except psycopg2.Error as e:
            return str(e)

    def same(self, name, got, want):
        self.tally.check(name, "" if got == want else "%.300s instead of %.300s" % (got, want))


def follow(r, name, folder, uri, options, credential, place=None, upload=None):
    """What delta-rs writes with its options is read, and a synced table follows it. With a place, delta-rs writes there,
    and `upload` brings it to the store."""
    writer = subprocess.Popen(["/usr/bin/python3", "-c", WRITER, place or uri, json.dumps(options)],
                              env=dict(os.environ, PYTHONPATH=folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    # The writer makes %20 of the blank in keys of a store: here they are written as they are.
    uri = (uri if place else uri.replace(" ", "%20")).replace("%", "%%")
    sql = "SELECT id, k, v FROM read_delta('" + uri + "'%s, credential => '" + credential + "') ORDER BY id"
    steps = 0
    try:
        for line in writer.stdout:
            version, rows = json.loads(line)
            if upload:
                upload()
            want = [tuple(x) for x in rows]
            r.same("%s step %d" % (name, version), r.rows(sql % ""), want)
            r.same("%s step %d by its number" % (name, version), r.rows(sql % (", version => %d" % version)), want)
            if steps == 0:
                made = r.rows("CREATE SYNCED TABLE %s FROM DELTA '%s' PRIMARY KEY (id) MODE TRIGGERED WITH "
                              "(credential = '%s')" % (name, uri % (), credential))
            else:
                made = r.rows("REFRESH SYNCED TABLE " + name)
            r.same("%s synced at step %d" % (name, version), made, [])
            r.same("%s rows synced at step %d" % (name, version),
                   r.rows("SELECT id, k, v FROM %s ORDER BY id" % name), want)
            steps += 1
            writer.stdin.write("\n")
            writer.stdin.flush()
        r.same(name + " the writer's end", (writer.wait(60), steps), (0, 8))
        r.rows("DROP SYNCED TABLE " + name)
    finally:
        writer.kill()
        writer.wait()


def post(url, body, kind="application/json"):
    request = urllib.request.Request(url, data=body, method="POST", headers={"Content-Type": kind})
    urllib.request.urlopen(request, timeout=30).close()


def follow_s3(r, name, folder, port, store):
    """Tables in a store of the S3 kind, one of them behind the proxy."""
    root = "http://127.0.0.1:%d" % port
    proxy = Proxy(port)
    try:
        wait_for(port, store)
        urllib.request.urlopen(urllib.request.Request(root + "/lake", method="PUT"), timeout=30).close()
        options = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
                   "AWS_ENDPOINT_URL": root, "AWS_ALLOW_HTTP": "true", "AWS_S3_ALLOW_UNSAFE_RENAME": "true"}
        for table, key, endpoint in ((name, "w h/orders", root), (name + "_spoiled", "spoiled", proxy.root)):
            r.rows("CREATE STORAGE CREDENTIAL %s TYPE s3 WITH (access_key_id = 'test', secret_access_key = 'test', "
                   "endpoint = '%s')" % (table, endpoint))
            follow(r, table, folder, "s3://lake/" + key, options, table)
        r.same(name + " faults", proxy.spoiled > 20, True)
    finally:
        proxy.close()
        store.kill()
        store.wait()


def moto(r, everything):
    folder = fetch_python("python", everything, PYTHON)
    port = free_port()
    store = subprocess.Popen(["/usr/bin/python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                             env=dict(os.environ, PYTHONPATH=folder), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    follow_s3(r, "moto", folder, port, store)


def fetch_go(name, everything, module):
    return fetch(name, everything, ["go", "install", module], module, {"GOBIN": "{}", "GOFLAGS": "-p=2"})


def gofakes3(r, everything):
    folder = fetch_python("python", everything, PYTHON)
    program = fetch_go("gofakes3", everything, GOFAKES3)
    port = free_port()
    store = subprocess.Popen([os.path.join(program, "gofakes3"), "-backend", "memory", "-host", "127.0.0.1:%d" % port],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    follow_s3(r, "gofakes3", folder, port, store)


def service_account(root):
    """The key file of one who is known at the proxy's /token."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    return json.dumps({"type": "service_account", "client_email": "reader@test", "private_key": key,
                       "private_key_id": "1", "token_uri": root + "/token"})


def upload_new(root, key, place):
    """Brings the files of a folder to a bucket that it does not have yet."""
    there = set()

    def upload():
        for base, _, names in os.walk(place):
            for name in names:
                path = os.path.join(base, name)
                if path not in there:
                    there.add(path)
                    post("%s/upload/storage/v1/b/lake/o?uploadType=media&name=%s" % (root, urllib.parse.quote(
                        key + "/" + os.path.relpath(path, place), safe="")), open(path, "rb").read(),
                        "application/octet-stream")
    return upload


def fake_gcs(r, everything):
    folder = fetch_python("python", everything, PYTHON)
    program = fetch_go("fake-gcs", everything, FAKE_GCS)
    port = free_port()
    root = "http://127.0.0.1:%d" % port
    store = subprocess.Popen([os.path.join(program, "fake-gcs-server"), "-backend", "memory", "-scheme", "http", "-host",
                              "127.0.0.1", "-port", str(port), "-public-host", "127.0.0.1:%d" % port, "-external-url",
                              root], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    proxy = Proxy(port, tokens=True)
    try:
        wait_for(port, store)
        post(root + "/storage/v1/b?project=test", b'{"name": "lake"}')
        r.rows("CREATE STORAGE CREDENTIAL gcs TYPE gcs WITH (access_token = 'any', endpoint = '%s')" % root)
        r.same("gcs credential", r.rows(
            "CREATE STORAGE CREDENTIAL gcs_spoiled TYPE gcs WITH (service_account_json = '%s', endpoint = '%s')" % (
                service_account(proxy.root), proxy.root)), [])
        # The server does not take delta-rs's way to write.
        for name, key in (("gcs", "w h/orders"), ("gcs_spoiled", "spoiled")):
            with tempfile.TemporaryDirectory(prefix="tarn-gcs-") as place:
                follow(r, name, folder, "gs://lake/" + key, {}, name, place, upload_new(root, key, place))
        r.same("gcs faults", (proxy.spoiled > 20, proxy.expired > 3, proxy.token > 3), (True, True, True))
    finally:
        proxy.close()
        store.kill()
        store.wait()


def put_blob(root, path, query, data, headers):
    """Signed by Shared Key."""
    target = "/%s/%s" % (ACCOUNT, urllib.parse.quote(path))
    own = dict(headers, **{"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"})
    text = "PUT\n\n\n%s\n\napplication/octet-stream\n\n\n\n\n\n\n%s/%s%s%s" % (
        len(data) or "", "".join("%s:%s\n" % p for p in sorted(own.items())), ACCOUNT, target,
        "".join("\n" + q.replace("=", ":") for q in sorted(query.split("&")) if q))
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    request = urllib.request.Request(root + target + ("?" + query if query else ""), data=data, method="PUT", headers={
        **own, "Content-Type": "application/octet-stream", "Authorization": "SharedKey %s:%s" % (ACCOUNT, signature)})
    urllib.request.urlopen(request, timeout=30).close()


def account_sas():
    """Read and list, by the account's key ("Create an account SAS")."""
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    text = "\n".join([ACCOUNT, "rl", "b", "co", "", end, "", "https,http", "2021-08-06", "", ""])
    signature = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    return urllib.parse.urlencode({"sv": "2021-08-06", "ss": "b", "srt": "co", "sp": "rl", "se": end,
                                   "spr": "https,http", "sig": signature})


def azurite(r, everything):
    folder = fetch("azurite", everything, ["npm", "install", "--no-audit", "--no-fund", "--prefix", "{}", AZURITE], AZURITE)
    port = free_port()
    data = tempfile.mkdtemp(prefix="tarn-azurite-")
    root = "http://127.0.0.1:%d" % port
    script = os.path.join(folder, "node_modules", "azurite", "dist", "src", "blob", "main.js")
    store = subprocess.Popen(["node", script, "--silent", "--skipApiVersionCheck", "-l", data, "--blobHost",
                              "127.0.0.1", "--blobPort", str(port)], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        wait_for(port, store)
        put_blob(root, "lake", "restype=container", b"", {})
        for table in TABLES:
            for base, _, names in os.walk(os.path.join(DELTA, table)):
                for name in names:
                    path = os.path.join(base, name)
                    put_blob(root, "lake/" + os.path.relpath(path, DELTA), "", open(path, "rb").read(),
                             {"x-ms-blob-type": "BlockBlob"})
        for way, secret in (("key", "account_key = '%s'" % KEY), ("sas", "sas_token = '%s'" % account_sas())):
            r.rows("CREATE STORAGE CREDENTIAL azurite_%s TYPE azure WITH (account_name = '%s', endpoint = '%s/%s', "
                   "%s)" % (way, ACCOUNT, root, ACCOUNT, secret))
            for table in TABLES:
                sql = "SELECT t::text FROM read_delta('%s'%s) t ORDER BY 1"
                r.same("azurite %s %s" % (way, table),
                       r.rows(sql % ("az://lake/" + table, ", credential => 'azurite_%s'" % way)),
                       r.rows(sql % (os.path.join(DELTA, table), "")))
        r.rows("CREATE STORAGE CREDENTIAL azurite_wrong TYPE azure WITH (account_name = '%s', endpoint = '%s/%s', "
               "account_key = 'YW5vdGhlciBrZXk=')" % (ACCOUNT, root, ACCOUNT))
        got = r.rows("SELECT 1 FROM read_delta('az://lake/%s', credential => 'azurite_wrong')" % TABLES[0])
        r.tally.check("azurite refuses another key", "" if "was denied" in str(got) else str(got))
    finally:
        store.kill()
        store.wait()
        shutil.rmtree(data)


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>tarn</groupId>
<artifactId>unity</artifactId><version>1</version><packaging>pom</packaging><dependencies><dependency><groupId>%s</groupId>
<artifactId>%s</artifactId><version>%s</version></dependency></dependencies></project>"""


def unity(r, everything):
    """The open Unity Catalog server: tables of a folder, found by its API."""
    script = 'printf %s "$1" > pom.xml && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib'
    folder = fetch("unity", everything, ["sh", "-c", script, "sh", POM % tuple(UNITY.split(":"))], UNITY)
    port = free_port()
    api = "http://127.0.0.1:%d/api/2.1/unity-catalog" % port
    place = tempfile.mkdtemp(prefix="tarn-unity-")
    os.makedirs(os.path.join(place, "etc", "conf"))
    with open(os.path.join(place, "etc", "conf", "server.properties"), "w") as f:
        f.write("server.env=test\nserver.authorization=disable\n")
    server = subprocess.Popen(["java", "-cp", os.path.join(folder, "lib", "*"), "io.unitycatalog.server.UnityCatalogServer",
                               "-p", str(port)], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def make(what, **fields):
        post("%s/%s" % (api, what), json.dumps(fields).encode())
    try:
        wait_for(port, server)
        make("catalogs", name="lake")
        make("schemas", name="s", catalog_name="lake")
        for table in TABLES:
            make("tables", name=table.replace("-", "_"), catalog_name="lake", schema_name="s", table_type="EXTERNAL",
                 data_source_format="DELTA", columns=[], storage_location="file://" + os.path.join(DELTA, table))
        r.rows("CREATE CATALOG lake TYPE unity WITH (uri = '%s')" % api)
        for table in TABLES:
            r.same("unity " + table, r.rows("SELECT t::text FROM read_delta('lake.s.%s') t ORDER BY 1" % table.replace("-", "_")),
                   r.rows("SELECT t::text FROM read_delta('%s') t ORDER BY 1" % os.path.join(DELTA, table)))
        got = r.rows("SELECT 1 FROM read_delta('lake.s.nothing')")
        r.tally.check("unity has no such table", "" if "does not exist in catalog" in str(got) else str(got))
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(place)


def main(everything):
    tally = Tally("sync/other_stores")
    with Server() as server:
        r = Reader(server, tally)
        for name, part in (("moto", moto), ("gofakes3", gofakes3), ("fake-gcs", fake_gcs), ("azurite", azurite),
                           ("unity", unity)):
            try:
                part(r, everything)
            except Skip as e:
                tally.skip(name, str(e))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main("--all" in sys.argv[1:]))
