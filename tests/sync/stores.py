"""Object stores: tables of other writers read from S3, Azure and Google as from a folder; what goes wrong
on the way is tried again or told by name.

    stores.py [NAME_PREFIX]
"""
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "lib")]
sys.dont_write_bytecode = True
import objects  # noqa: E402
from objects import ObjectServer  # noqa: E402
from tarn import Server, Tally, free_port  # noqa: E402

import psycopg2  # noqa: E402

DATA = os.path.join(os.path.dirname(HERE), "data", "lakehouse")
DELTA = os.path.join(DATA, "delta")
WAYS = (("s3", "session"), ("s3", "none"), ("azure", "key"), ("azure", "sas"), ("azure", "oauth"),
        ("gcs", "hmac"), ("gcs", "account"))
# Partitions, odd names, checkpoints of each kind, deletion vectors, column mapping.
SAMPLE = ("dat-basic_partitioned", "golden-log-replay-special-characters-b", "dremio-deltaMixCharsName",
          "golden-v2-checkpoint-parquet", "golden-dv-partitioned-with-checkpoint",
          "delta-old-dv-with-columnmapping", "dat-with_checkpoint", "golden-type-widening")
TABLE = "golden-dv-partitioned-with-checkpoint"
LARGE = ("dremio-partitionedLongCheckpoint/type=def/"
         "part-00000-abfd2a4c-7d59-4b5e-9a40-020e4ad78d77.c000.snappy.parquet")
# Large; and two whose logs have absolute paths of a file system.
SLOW = ("golden-parquet-decimal-dictionaries-v2", "delta-old-spark-variant-no-checkpoint",
        "delta-old-variant-writer-one-delta", "dremio-partitionedLongCheckpoint")
LOCAL = ("krsg-canonicalized-paths-special-a", "krsg-canonicalized-paths-special-b")


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def as_text(row):
    return str([bytes(v) if isinstance(v, memoryview) else v for v in row])


class Session:
    def __init__(self, server, tally):
        self.server, self.tally = server, tally
        self.connection = psycopg2.connect(server.dsn())
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.credentials = 0

    def rows(self, sql):
        """Sorted rows, or (SQLSTATE, message with detail and hint)."""
        try:
            self.cursor.execute(sql)
            return sorted(map(as_text, self.cursor.fetchall())) if self.cursor.description else []
        except psycopg2.Error as e:
            return e.pgcode, str(e)

    def credential(self, store, **more):
        self.credentials += 1
        name = "c%d" % self.credentials
        options = ", ".join("%s = %s" % (k, literal(v)) for k, v in store.options(**more).items())
        made = self.rows("CREATE STORAGE CREDENTIAL %s TYPE %s WITH (%s)" % (name, store.kind, options))
        if made:
            self.tally.check("credential for %s" % store.kind, str(made))
        return name

    def same(self, name, sql, here, there, credential):
        """The function's call reads the same from `there` as from the folder `here`."""
        with_credential = ", credential => '%s'" % credential if credential else ""
        want = self.rows(sql % (literal(here), ""))
        got = self.rows(sql % (literal(there), with_credential))
        if isinstance(want, tuple):
            ok = isinstance(got, tuple) and got[0] == want[0]
        else:
            ok = got == want
        return self.tally.check(name, "" if ok else "%.300s instead of %.300s" % (got, want))

    def fails(self, name, sql, sqlstate, *parts, absent=()):
        got = self.rows(sql)
        if not isinstance(got, tuple):
            return self.tally.check(name, "no error: %.200s" % got)
        lacks = [p for p in parts if p not in got[1]]
        shows = [p for p in absent if p in got[1]]
        return self.tally.check(name, "" if got[0] == sqlstate and not lacks and not shows else
                                "%s %s; lacks %s, shows %s" % (got[0], got[1], lacks, shows))


def read(store, credential, bucket="lake", table=TABLE):
    return "SELECT count(*) FROM read_delta('%s'%s)" % (
        store.uri(bucket, table), ", credential => '%s'" % credential if credential else "")


def all_tables(s, prefix):
    with ObjectServer("s3", {"lake": DELTA}, fixed=("lake",), page=5) as store:
        c = s.credential(store)
        for name in sorted(os.listdir(DELTA)):
            if not name.startswith(prefix) or name in ("expected", "broken", *LOCAL, *SLOW):
                continue
            s.same("s3 " + name, "SELECT t::text FROM read_delta(%s%s) t", os.path.join(DELTA, name),
                   store.uri("lake", name), c)
            # Listings and names alone went through the store: each request was signed and checked.
            if not any(("/" + name.split(" ")[0]) in r for r in store.requests):
                s.tally.check("s3 requests for " + name, "none")
            store.clear()


def all_ways(s, prefix):
    for kind, auth in WAYS:
        with ObjectServer(kind, {"lake": DELTA}, auth=auth, fixed=("lake",), page=4) as store:
            c = s.credential(store)
            for name in SAMPLE:
                if name.startswith(prefix):
                    s.same("%s %s %s" % (kind, auth, name), "SELECT * FROM read_delta(%s%s)",
                           os.path.join(DELTA, name), store.uri("lake", name), c)
            if auth in ("oauth", "account"):
                s.tally.check("%s: one token for all" % auth,
                              "" if store.tokens_given == 1 else "%d tokens" % store.tokens_given)
                with store.lock:
                    store.valid_tokens.clear()
                s.same("%s: a token that was revoked is replaced" % auth, "SELECT * FROM read_delta(%s%s)",
                       os.path.join(DELTA, TABLE), store.uri("lake", TABLE), c)
                s.tally.check("%s: a second token" % auth,
                              "" if store.tokens_given == 2 else "%d tokens" % store.tokens_given)


def other_functions(s):
    with ObjectServer("s3", {"lake": DELTA, "files": os.path.join(DATA, "parquet", "data")}, page=7,
                      fixed=("lake", "files")) as store:
        c = s.credential(store)
        cdf = "dat-cdf"
        for sql in ("SELECT * FROM read_delta_changes(%s, 1%s)", "SELECT * FROM delta_history(%s%s)"):
            s.same(sql[14:30], sql, os.path.join(DELTA, cdf), store.uri("lake", cdf), c)
        s.same("detail", "SELECT version, schema, partition_columns, files, bytes, rows FROM delta_detail(%s%s)",
               os.path.join(DELTA, cdf), store.uri("lake", cdf), c)
        s.same("version", "SELECT * FROM read_delta(%s, version => 1%s)", os.path.join(DELTA, cdf),
               store.uri("lake", cdf), c)
        folder = os.path.join(DATA, "parquet", "data")
        for path in ("alltypes_plain.snappy.parquet", "alltypes_[pd]*.parquet", "nested_lists.snappy.parquet"):
            s.same("parquet " + path, "SELECT * FROM read_parquet(%s%s)", os.path.join(folder, path),
                   store.uri("files", path), c)
        s.same("parquet folder", "SELECT * FROM read_parquet(%s%s)", os.path.join(DELTA, "dat-with_checkpoint"),
               store.uri("lake", "dat-with_checkpoint"), c)


def addresses(s):
    """Buckets in the host's name, other spellings of schemes, TLS with an authority of one's own."""
    with ObjectServer("s3", {"lake": DELTA}, styles="host", fixed=("lake",)) as store:
        c = s.credential(store, endpoint="http://localhost:%d" % store.port, path_style="false")
        s.same("bucket in the host", "SELECT * FROM read_delta(%s%s)", os.path.join(DELTA, TABLE),
               store.uri("lake", TABLE), c)
    with ObjectServer("s3", {"lake": DELTA}, tls=True, fixed=("lake",)) as store:
        c = s.credential(store)
        s.same("tls", "SELECT * FROM read_delta(%s%s)", os.path.join(DELTA, TABLE),
               "s3a://lake/%s/" % TABLE, c)
        untrusted = s.credential(store, ca_certificate=None)
        s.fails("tls of an unknown authority", read(store, untrusted), "08001", "could not trust", "ca_certificate")
    with ObjectServer("azure", {"lake": DELTA}, fixed=("lake",)) as store:
        c = s.credential(store)
        for uri in ("az://lake/", "wasbs://lake@lakeaccount.blob.core.windows.net/",
                    "abfs://lake@lakeaccount.dfs.core.windows.net/"):
            s.same(uri, "SELECT * FROM read_delta(%s%s)", os.path.join(DELTA, TABLE), uri + TABLE, c)


def passing_faults(s):
    """What is tried again until it works."""
    with ObjectServer("s3", {"lake": DELTA}, fixed=("lake",)) as store:
        c = s.credential(store, stall_timeout="1")
        here = os.path.join(DELTA, TABLE)
        for what, times in (("503", 3), ("429", 2), ("500", 2), ("cut", 2), ("drop", 2), ("slow", 3)):
            for pattern in (r"\.json$", r"\.parquet$", r"list-type"):
                if what in ("cut", "slow") and pattern == "list-type":
                    continue
                store.clear()
                store.fault(pattern, what, times)
                s.same("%s at %s" % (what, pattern), "SELECT * FROM read_delta(%s%s)", here,
                       store.uri("lake", TABLE), c)
                left = sum(f[2] for f in store.faults)
                s.tally.check("%s at %s happened" % (what, pattern), "%d left" % left if left else "")
        store.clear()
        store.fault(r"\.parquet$", "stall", 1)
        s.same("stall", "SELECT * FROM read_delta(%s%s)", here, store.uri("lake", TABLE), c)


def lasting_faults(s):
    with ObjectServer("s3", {"lake": DELTA}, fixed=("lake",)) as store:
        c = s.credential(store)
        store.fault(r"\.parquet$", "503", 1000)
        s.fails("503 for good", read(store, c) + " WHERE part IS NOT NULL", "58030", "s3://lake/" + TABLE, "6 attempts",
                "503 (SlowDown)")
        store.clear()
        store.fault(r"part-.*\.parquet$", "404", 1000)
        s.fails("a file vanished", "SELECT * FROM read_delta('%s', credential => '%s')" % (
            store.uri("lake", TABLE), c), "58P01", "s3://lake/%s/" % TABLE, ".parquet")
        store.clear()
        store.fault(r"part-.*\.parquet$", "403", 1000)
        s.fails("one file is denied", "SELECT * FROM read_delta('%s', credential => '%s')" % (
            store.uri("lake", TABLE), c), "42501", "part-", "AccessDenied", c)
        store.clear()
        s.fails("no such table", read(store, c, table="nowhere"), "58P01", "nowhere")
        s.fails("no such bucket", read(store, c, bucket="pond"), "58P01", "s3://pond", "does not exist")
        s.fails("no such file", "SELECT * FROM read_parquet('s3://lake/x.parquet', credential => '%s')" % c,
                "58P01", "s3://lake/x.parquet")
        secret = (objects.SECRET, objects.SECRET[:10])
        wrong = s.credential(store, secret_access_key="another" + objects.SECRET)
        s.fails("wrong secret", read(store, wrong), "42501", "SignatureDoesNotMatch", wrong, absent=secret)
        wrong = s.credential(store, access_key_id="NOBODY")
        s.fails("unknown key", read(store, wrong), "42501", "InvalidAccessKeyId", absent=secret)
        wrong = s.credential(store, region="elsewhere")
        s.fails("wrong region", read(store, wrong), "22023", "region")
        wrong = s.credential(store, access_key_id=None, secret_access_key=None)
        s.fails("unsigned", read(store, wrong), "42501", "s3://lake/")
        wrong = s.credential(store, endpoint="http://127.0.0.1:%d" % free_port())
        s.fails("nobody listens", read(store, wrong), "08001", "could not connect")
        wrong = s.credential(store, endpoint="http://nowhere.invalid")
        s.fails("no such host", read(store, wrong), "08001", "could not find the host", "nowhere.invalid")
    with ObjectServer("azure", {"lake": DELTA}, auth="oauth", fixed=("lake",)) as store:
        wrong = s.credential(store, client_secret="another-secret-of-mine")
        s.fails("no token", read(store, wrong), "42501", "invalid_client", wrong, absent=("another-secret",))
        s.fails("type", read(store, wrong).replace("abfss", "s3").replace("@lakeaccount.dfs.core.windows.net", ""),
                "22023", "type azure")
        s.fails("another cloud", "SELECT * FROM read_delta('abfss://c@a.dfs.example.com/t')", "22023", "endpoint")
        c = s.credential(store)
        s.fails("no such container", read(store, c, bucket="pond"), "58P01", "does not exist")
    with ObjectServer("s3", {"lake": DELTA}, auth="session", fixed=("lake",)) as store:
        wrong = s.credential(store, session_token="old/token")
        s.fails("expired session", read(store, wrong), "42501", "ExpiredToken", absent=("old/token",))
        wrong = s.credential(store, session_token=None)
        s.fails("no session", read(store, wrong), "42501", "InvalidToken")


def replaced(s):
    """An object that changes between two reads of it is an error."""
    folder = tempfile.mkdtemp(prefix="tarn-stores-")
    shutil.copy(os.path.join(DELTA, LARGE), os.path.join(folder, "a.parquet"))
    with ObjectServer("s3", {"files": folder}) as store:
        c = s.credential(store)
        call = "SELECT * FROM read_parquet('s3://files/a.parquet', credential => '%s')" % c
        # The statement opens the file when it is analyzed and when it runs: the fault hits a later range.
        store.fault(r"a\.parquet$", "none", 1)
        s.rows(call)
        ranges = len([r for r in store.requests if r.endswith("a.parquet")])
        s.tally.check("several ranges", "" if ranges > 2 else "%d requests" % ranges)
        store.clear()
        store.fault(r"a\.parquet$", "none", 1)
        store.fault(r"a\.parquet$", "changed", 1000)
        s.fails("replaced", call, "58030", "s3://files/a.parquet", "replaced")
    shutil.rmtree(folder)


def in_parallel(s):
    """Requests of one reader overlap: a store that is slow to begin is asked for several things at once."""
    with ObjectServer("s3", {"lake": DELTA}, fixed=("lake",)) as store:
        c = s.credential(store)
        store.pause_s = 0.03
        s.same("slow store", "SELECT * FROM read_delta(%s%s)", os.path.join(DELTA, TABLE),
               store.uri("lake", TABLE), c)
        s.tally.check("overlap", "" if store.most_active > 2 else "%d at a time" % store.most_active)


def cancelled(s):
    with ObjectServer("s3", {"lake": DELTA}, fixed=("lake",)) as store:
        c = s.credential(store)
        store.fault(".", "stall", 1000)
        s.rows("SET statement_timeout = '300ms'")
        s.fails("timeout while a store stalls", read(store, c), "57014", "statement timeout")
        store.clear()
        store.fault(".", "503", 1000)
        s.fails("timeout between attempts", read(store, c), "57014", "statement timeout")
        s.rows("RESET statement_timeout")
        store.clear()
        s.same("after that", "SELECT * FROM read_delta(%s%s)", os.path.join(DELTA, TABLE),
               store.uri("lake", TABLE), c)


def proxied(tally):
    """A proxy named by the environment is asked; hosts in no_proxy are not."""
    with ObjectServer("s3", {"lake": DELTA}, fixed=("lake",)) as store:
        os.environ["http_proxy"] = store.root
        os.environ["no_proxy"] = "127.0.0.1"
        try:
            with Server() as server:
                s = Session(server, tally)
                c = s.credential(store, endpoint="http://store.invalid")
                s.same("proxy", "SELECT * FROM read_delta(%s%s)", os.path.join(DELTA, TABLE),
                       store.uri("lake", TABLE), c)
                tally.check("proxy was asked", "" if all(
                    r.startswith("http://store.invalid/") for r in store.requests) else store.requests[0])
                store.clear()
                c = s.credential(store)
                s.same("no proxy", "SELECT * FROM read_delta(%s%s)", os.path.join(DELTA, TABLE),
                       store.uri("lake", TABLE), c)
                tally.check("proxy was not asked", "" if all(
                    r.startswith("/") for r in store.requests) else store.requests[0])
        finally:
            del os.environ["http_proxy"], os.environ["no_proxy"]


def main(prefix):
    tally = Tally("sync/stores")
    with Server() as server:
        s = Session(server, tally)
        all_tables(s, prefix)
        all_ways(s, prefix)
        if not prefix:
            for part in (other_functions, addresses, passing_faults, lasting_faults, replaced, in_parallel,
                         cancelled):
                part(s)
        shown = [x for x in (objects.SECRET, objects.SESSION, objects.ACCOUNT_KEY, objects.CLIENT_SECRET, objects.TOKEN,
                             objects.SAS, "PRIVATE KEY") if x in server.log()]
        tally.check("no secret in the log", ", ".join(shown))
    if not prefix:
        proxied(tally)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
