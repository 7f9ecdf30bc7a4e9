#!/usr/bin/python3
"""Who may log in: rules, passwords, TLS, certificates, limits; by libpq. The texts of refusals are
PostgreSQL 15's, asked of a private one with the same rules."""
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally  # noqa: E402
from tls import certificate  # noqa: E402

RULES = """
local      all        all                       trust
host       all        postgres   127.0.0.1/32   trust
hostnossl  all        lg_tls     127.0.0.1/32   reject
hostssl    all        lg_cert    127.0.0.1/32   cert
hostssl    all        lg_mapped  127.0.0.1/32   cert map=certs
hostssl    all        lg_certx   127.0.0.1/32   cert map=pats
host       all        lg_named   localhost      scram-sha-256
host       all        lg_far     .example.com   trust
host       all        @lg_users  127.0.0.1/32   scram-sha-256
hostssl    all        lg_both    127.0.0.1/32   scram-sha-256 clientcert=verify-full
host       sameuser   lg_own     127.0.0.1/32   scram-sha-256
host       samerole   lg_group_member 127.0.0.1/32 scram-sha-256
host       lg_other,postgres  lg_listed  127.0.0.1 255.255.255.255  md5
host       postgres   +lg_group  127.0.0.1/32   scram-sha-256
host       all        lg_reject  127.0.0.1/32   reject
host       all        "all"      127.0.0.1/32   reject
host       all        lg_pw,lg_late,lg_none,lg_tls,lg_nologin,lg_nobody,lg_few,lg_md5 samehost scram-sha-256
host       all        lg_trust,lg_ghost \\
           127.0.0.0/8    trust   # goes on
"""
MAPS = "certs lg_cert lg_mapped\npats /^lg_(c.*)$ lg_\\1x\n"
NAMES = "lg_in_file # one\n\n\"lg in file\",lg_also\n@lg_more\n"
MORE_NAMES = "lg_deeper\n"
SETUP = """
CREATE ROLE lg_pw LOGIN PASSWORD 'right';
CREATE ROLE lg_tls LOGIN PASSWORD 'right';
CREATE ROLE lg_late LOGIN PASSWORD 'right' VALID UNTIL '2001-01-01';
CREATE ROLE lg_none LOGIN;
CREATE ROLE lg_nologin PASSWORD 'right';
CREATE ROLE lg_trust LOGIN;
CREATE ROLE lg_reject LOGIN PASSWORD 'right';
CREATE ROLE lg_cert LOGIN;
CREATE ROLE lg_mapped LOGIN;
CREATE ROLE lg_certx LOGIN;
CREATE ROLE lg_named LOGIN PASSWORD 'right';
CREATE ROLE lg_far LOGIN;
CREATE ROLE lg_in_file LOGIN PASSWORD 'right';
CREATE ROLE "lg in file" LOGIN PASSWORD 'right';
CREATE ROLE lg_deeper LOGIN PASSWORD 'right';
CREATE ROLE lg_both LOGIN PASSWORD 'right';
CREATE ROLE lg_own LOGIN PASSWORD 'right';
CREATE ROLE lg_listed LOGIN PASSWORD 'right';
CREATE ROLE lg_group;
CREATE ROLE lg_group_member LOGIN PASSWORD 'right' IN ROLE lg_group;
CREATE ROLE lg_stranger LOGIN PASSWORD 'right';
CREATE ROLE lg_few LOGIN PASSWORD 'right' CONNECTION LIMIT 1;
CREATE DATABASE lg_closed;
REVOKE CONNECT ON DATABASE lg_closed FROM PUBLIC;
"""


def certificates(folder):
    certificate(folder, "ca", "test authority")
    certificate(folder, "server", "localhost", "ca", "DNS:localhost,IP:127.0.0.1")
    certificate(folder, "client", "lg_cert", "ca")
    certificate(folder, "both", "lg_both", "ca")
    certificate(folder, "otherca", "another authority")
    certificate(folder, "stranger", "lg_cert", "otherca")
    os.chmod(folder, 0o755)


class Client:
    """What a login comes to, as text, with the port taken out."""

    def __init__(self, port, folder):
        self.port = port
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def connect(self, user, password=None, db="postgres", cert=None, **options):
        values = {"host": "localhost", "hostaddr": "127.0.0.1", "port": self.port, "user": user,
                  "dbname": db, "connect_timeout": 15, "sslrootcert": self.path("ca.crt"),
                  "sslcert": self.path((cert or "no") + ".crt"),
                  "sslkey": self.path((cert or "no") + ".key"), "gssencmode": "disable", **options}
        if password is not None:
            values["password"] = password
        return psycopg2.connect(**values)

    def result(self, *args, **options):
        try:
            c = self.connect(*args, **options)
        except psycopg2.OperationalError as e:
            text = str(e).replace(str(self.port), "PORT").strip()
            return text.split("FATAL:")[-1].strip() if "FATAL" in text else text
        with c.cursor() as cur:
            cur.execute("SELECT current_user, ssl, version IS NOT NULL, client_dn, client_serial IS NULL "
                        "FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            out = "in: %r" % (cur.fetchone(),)
        c.close()
        return out


CASES = [
    ("trust", ("lg_trust",), {}),
    ("a role that is not there", ("lg_ghost",), {}),
    ("no rule", ("lg_stranger", "right"), {"sslmode": "disable"}),
    ("no rule, encrypted", ("lg_stranger", "right"), {"sslmode": "require"}),
    ("no rule for a name that is nobody's", ("lg_unknown", "right"), {"sslmode": "disable"}),
    ("a rule that rejects", ("lg_reject", "right"), {"sslmode": "disable"}),
    ("all in quotes is a name", ("all", "right"), {"sslmode": "disable"}),
    ("a password", ("lg_pw", "right"), {"sslmode": "disable"}),
    ("a wrong password", ("lg_pw", "wrong"), {"sslmode": "disable"}),
    ("an empty one", ("lg_pw", "x" * 500), {"sslmode": "disable"}),
    ("nobody's", ("lg_nobody", "right"), {"sslmode": "disable"}),
    ("a role without a password", ("lg_none", "right"), {"sslmode": "disable"}),
    ("a password of old", ("lg_late", "right"), {"sslmode": "disable"}),
    ("a role that may not log in", ("lg_nologin", "right"), {"sslmode": "disable"}),
    ("the rule asks for TLS", ("lg_tls", "right"), {"sslmode": "disable"}),
    ("TLS", ("lg_tls", "right"), {"sslmode": "require"}),
    ("TLS, prefer", ("lg_pw", "right"), {"sslmode": "prefer"}),
    ("TLS, the server's name", ("lg_tls", "right"), {"sslmode": "verify-full"}),
    ("TLS 1.2", ("lg_tls", "right"), {"sslmode": "require", "ssl_max_protocol_version": "TLSv1.2"}),
    ("channel binding", ("lg_tls", "right"), {"sslmode": "require", "channel_binding": "require"}),
    ("no channel binding", ("lg_tls", "right"), {"sslmode": "require", "channel_binding": "disable"}),
    ("channel binding, wrong password", ("lg_tls", "wrong"),
     {"sslmode": "require", "channel_binding": "require"}),
    ("channel binding without TLS", ("lg_pw", "right"), {"sslmode": "disable", "channel_binding": "require"}),
    ("a certificate", ("lg_cert",), {"sslmode": "require", "cert": "client"}),
    ("no certificate", ("lg_cert",), {"sslmode": "require"}),
    ("another's certificate", ("lg_cert",), {"sslmode": "require", "cert": "both"}),
    ("a certificate, mapped", ("lg_mapped",), {"sslmode": "require", "cert": "client"}),
    ("a certificate, not mapped", ("lg_mapped",), {"sslmode": "require", "cert": "both"}),
    ("a certificate, mapped by a pattern", ("lg_certx",), {"sslmode": "require", "cert": "client"}),
    ("a certificate that the pattern does not fit", ("lg_certx",), {"sslmode": "require", "cert": "both"}),
    ("a host's name", ("lg_named", "right"), {"sslmode": "disable"}),
    ("another host's name", ("lg_far",), {"sslmode": "disable"}),
    ("a name in a file", ("lg_in_file", "right"), {"sslmode": "disable"}),
    ("a quoted name in a file", ("lg in file", "right"), {"sslmode": "disable"}),
    ("a name in a file that a file names", ("lg_deeper", "right"), {"sslmode": "disable"}),
    ("a password and a certificate", ("lg_both", "right"), {"sslmode": "require", "cert": "both"}),
    ("a password, no certificate", ("lg_both", "right"), {"sslmode": "require"}),
    ("a password, another's certificate", ("lg_both", "right"), {"sslmode": "require", "cert": "client"}),
    ("sameuser", ("lg_own", "right"), {"sslmode": "disable"}),
    ("a list", ("lg_listed", "right"), {"sslmode": "disable"}),
    ("a list, wrong password", ("lg_listed", "no"), {"sslmode": "disable"}),
    ("a member", ("lg_group_member", "right"), {"sslmode": "disable"}),
    ("a database that is not there", ("lg_trust",), {"db": "lg_missing", "sslmode": "disable"}),
    ("a database that is closed", ("lg_trust",), {"db": "lg_closed", "sslmode": "disable"}),
]


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def settings(folder):
    return {"ssl": "on", "ssl_cert_file": folder + "/server.crt", "ssl_key_file": folder + "/server.key",
            "ssl_ca_file": folder + "/ca.crt"}


def logins(s, tally, folder):
    mine = Client(s.port, folder)
    with Postgres() as pg:
        subprocess.run(["cp", folder + "/server.key", pg.dir], check=True)
        if pg.as_root:
            subprocess.run(["chown", "postgres", pg.dir + "/server.key"], check=True)
        for name, value in {**settings(folder), "ssl_key_file": pg.dir + "/server.key"}.items():
            subprocess.run(["psql", "-Xqh", "127.0.0.1", "-p", str(pg.port), "-U", "postgres", "-c",
                            "ALTER SYSTEM SET %s = '%s'" % (name, value)], check=True)
        write(pg.data + "/pg_hba.conf", RULES)
        write(pg.data + "/pg_ident.conf", MAPS)
        write(pg.data + "/lg_users", NAMES)
        write(pg.data + "/lg_more", MORE_NAMES)
        theirs = Client(pg.port, folder)
        for c in (mine, theirs):
            connection = c.connect("postgres", sslmode="disable")
            connection.autocommit = True
            with connection.cursor() as cur:
                for line in SETUP.strip().split(";\n"):
                    cur.execute(line)
                cur.execute("SELECT pg_reload_conf()")
            connection.close()
        time.sleep(1)
        for name, args, options in CASES:
            got = mine.result(*args, **options)
            want = theirs.result(*args, **options)
            tally.check(name, "" if got == want else "%s\n  PostgreSQL: %s" % (got, want))
        prepared_passwords(mine, theirs, tally)
        rules_as_rows(s, pg, mine, theirs, tally)


# What a role's password is set to, and what is typed: the same after SASLprep (RFC 4013), or not.
PASSWORDS = [("caf\u00e9", "cafe\u0301"), ("I\u00adX", "IX"), ("\u00aa", "a"), ("\u2168", "IX"), ("a\u00a0b", "a b"),
             ("\u0627\u0031", "\u06271"), ("\u0627a\u0628", "\u0627a\u0628"), ("\u0627\u0031\u0628", "\u06271\u0628"),
             ("\u200b", " "), ("\u00ad", "\u00ad"), ("a\u0007\u00e9", "a\u0007e\u0301"), ("\uff41\uff42", "ab"),
             ("\U0001f600", "\U0001f600"), ("\u0221", "\u0221"), ("\ufb01\u017f", "fis"), ("\u1680x", " x"),
             ("\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"), ("\u212b", "\u00c5"), ("\u03b2", "\u0392")]


def prepared_passwords(mine, theirs, tally):
    for password, typed in PASSWORDS:
        results = []
        for c in (mine, theirs):
            with c.connect("postgres", sslmode="disable") as connection, connection.cursor() as cur:
                cur.execute("ALTER ROLE lg_pw PASSWORD %s", (password,))
            connection.close()
            results.append([c.result("lg_pw", p, sslmode="disable") for p in (password, typed)])
        got, want = results
        tally.check("SASLprep of %a" % password, "" if got == want else "%s\n  PostgreSQL: %s" % (got, want))


MISTAKES = """host all all 127.0.0.1/32 trust
host all all 127.0.0.1/99 trust
nonsense all all trust
host all all some.host/8 trust
host all all some.host scram-sha-256
local all "all",+grp,@lg_users reject
host all
hostssl all all all cert map=x
host all all 127.0.0.1/32 nonsense
host all all 127.0.0.1/32 trust map=x
host all all 127.0.0.1/32 scram-sha-256 clientcert=verify-full
hostssl sameuser,"x y" all samenet scram-sha-256 clientcert=verify-ca
host all @absent 127.0.0.1/32 trust
"""


def rules_as_rows(s, pg, mine, theirs, tally):
    """The files as they are, mistakes and all, while the rules of before hold."""
    sql = """SELECT line_number, type, database, user_name, address, netmask, auth_method, options,
        replace(replace(error, %s, ''), '"@absent" as "absent"', '"@absent" as "/absent"') FROM pg_hba_file_rules"""
    results = []
    for c, folder in ((mine, s.data), (theirs, pg.data)):
        write(folder + "/pg_hba.conf", MISTAKES)
        with c.connect("postgres", sslmode="disable") as connection, connection.cursor() as cur:
            cur.execute(sql, (folder,))
            results.append(cur.fetchall())
        connection.close()
        write(folder + "/pg_hba.conf", RULES)
    for got, want in zip(*results):
        tally.check("pg_hba_file_rules, line %s" % want[0], "" if got == want else "%s\n  PostgreSQL: %s" % (got, want))
    tally.check("pg_hba_file_rules", "" if len(results[0]) == len(results[1]) else "%d rows" % len(results[0]))


def data_over_tls(s, tally, folder):
    with Client(s.port, folder).connect("lg_tls", "right", sslmode="require") as c, c.cursor() as cur:
        big = os.urandom(2000000).hex()
        cur.execute("SELECT md5(%s) = md5(%s), %s", (big, big, big))
        row = cur.fetchone()
        tally.check("much data both ways", "" if row == (True, big) else "other data came back")
        cur.execute("SELECT count(*), sum(length(repeat('x', 100))) FROM generate_series(1, 200000)")
        tally.check("rows", "" if cur.fetchone() == (200000, 20000000) else "wrong")
        cur.execute("SELECT repeat('x', 100) FROM generate_series(1, 50000)")
        tally.check("many rows", "" if len(cur.fetchall()) == 50000 else "wrong")


def limits(s, tally, folder):
    c = Client(s.port, folder)
    one = c.connect("lg_few", "right", sslmode="disable")
    got = c.result("lg_few", "right", sslmode="disable")
    tally.check("a role's limit", "" if got == 'too many connections for role "lg_few"' else got)
    one.close()
    for _ in range(100):
        got = c.result("lg_few", "right", sslmode="disable")
        if got.startswith("in:"):
            break
        time.sleep(0.05)
    tally.check("and it ends with the session", "" if got.startswith("in:") else got)


def reload_rules(s, tally, folder):
    c = Client(s.port, folder)
    path = os.path.join(s.data, "pg_hba.conf")

    def after(text, done):
        write(path, text)
        s.process.send_signal(signal.SIGHUP)
        for _ in range(200):
            got = c.result("lg_trust", sslmode="disable")
            if done(got, s.log()):
                return ""
            time.sleep(0.05)
        return got
    tally.check("a rule less", after(RULES.replace("lg_trust,", ""), lambda got, _: got.startswith("no pg_hba")))
    marks = {"bad": 'authentication method "gss" is not supported', "line": "line 2 of configuration file"}
    tally.check("a mistake leaves the rules as they were", after(
        "host all all 127.0.0.1/32 scram-sha-256\nhost all all all gss\n",
        lambda got, log: got.startswith("no pg_hba") and all(m in log for m in marks.values())))
    tally.check("and back", after(RULES, lambda got, _: got.startswith("in:")))


def refused_starts(tally, folder):
    bad = [("trust beyond loopback", "host all all all trust\n", {"listen_addresses": "0.0.0.0"},
            "trusts whoever connects from beyond this machine"),
           ("an unknown method", "host all all 127.0.0.1/32 ldap\n", {}, 'method "ldap" is not supported'),
           ("a host name and a mask", "host all all db.example.com/8 trust\n", {}, "both host name and CIDR mask"),
           ("cert without TLS", "hostssl all all all cert\n", {},
            "client certificates can only be checked if a root certificate store is available"),
           ("no rules", "# nothing\n", {}, "contains no entries"),
           ("no certificate", "local all all trust\n", {"ssl": "on", "ssl_cert_file": folder + "/absent"},
            "could not load server certificate file"),
           ("a key that others read", "local all all trust\n",
            {**settings(folder), "ssl_key_file": folder + "/open.key"}, "has group or world access")]
    subprocess.run(["cp", folder + "/server.key", folder + "/open.key"], check=True)
    os.chmod(folder + "/open.key", 0o644)
    for name, rules, more, text in bad:
        with tempfile.TemporaryDirectory() as d:
            write(d + "/hba", rules)
            s = Server(data=d + "/data", settings={"hba_file": d + "/hba", **more}, start=False)
            s.spawn()
            try:
                status = s.process.wait(60)
            except subprocess.TimeoutExpired:
                s.kill()
                status = 0
            s.process = None
            tally.check("no start with " + name, "" if status and text in s.log() else s.log()[-500:])


def half_open(s, tally, folder):
    """Clients that stop in the middle of a login hold up nobody."""
    import socket
    stuck = []
    for first in (b"", b"\0\0\0\x08\x04\xd2\x16\x2f", b"\0\0\0\x08\x04\xd2\x16\x2f\x16\x03\x01"):
        for _ in range(30):
            k = socket.create_connection(("127.0.0.1", s.port))
            k.sendall(first)
            stuck.append(k)
    got = Client(s.port, folder).result("lg_tls", "right", sslmode="require")
    tally.check("others are served", "" if got.startswith("in:") else got)
    for k in stuck:
        k.close()


def secrets_stay(s, tally, folder):
    with Client(s.port, folder).connect("postgres", sslmode="disable") as c, c.cursor() as cur:
        cur.execute("SET log_statement = 'all'")
        cur.execute("CREATE ROLE lg_secret LOGIN PASSWORD 'h1dden-secret'")
        cur.execute("SELECT 1; ALTER USER lg_secret PASSWORD 'h1dden-secret'")
        try:
            cur.execute("CREATE ROLE lg_secret LOGIN PASSWORD 'h1dden-secret'")
        except psycopg2.Error:
            c.rollback()
    log = s.log()
    tally.check("no password in the log", "" if "h1dden" not in log and "CREATE ROLE ... PASSWORD" in log
                else "it is there")


def main():
    tally = Tally("login")
    with tempfile.TemporaryDirectory(prefix="tarn-login-") as folder:
        certificates(folder)
        s = Server(settings=settings(folder), start=False)
        os.makedirs(os.path.dirname(s.data), exist_ok=True)
        s.start()
        write(os.path.join(s.data, "pg_hba.conf"), RULES)
        write(os.path.join(s.data, "pg_ident.conf"), MAPS)
        write(os.path.join(s.data, "lg_users"), NAMES)
        write(os.path.join(s.data, "lg_more"), MORE_NAMES)
        try:
            logins(s, tally, folder)
            data_over_tls(s, tally, folder)
            limits(s, tally, folder)
            reload_rules(s, tally, folder)
            half_open(s, tally, folder)
            secrets_stay(s, tally, folder)
        finally:
            s.close()
        refused_starts(tally, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
