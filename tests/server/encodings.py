#!/usr/bin/python3
"""Clients in other character sets than UTF-8: the same bytes as PostgreSQL's, message by message."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
from pgproto import Client, bind, describe, execute, sync  # noqa: E402
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally  # noqa: E402

SETUP = [
    "CREATE TABLE t (id int PRIMARY KEY, \"größe\" text, j jsonb, a text[], p jsonpath)",
    "INSERT INTO t VALUES (1, 'Grüße', '{\"ä\": \"ö\"}', '{é,è}', '$.\"ü\"'), (2, 'plain', '1', '{}', '$'), (3, '€', '2', NULL, NULL)",
    "CREATE TYPE farbe AS ENUM ('rot', 'grün')",
    "CREATE TYPE paar AS (name text, n int)",
    "CREATE DOMAIN kurz AS text CHECK (length(VALUE) < 4)",
    "INSERT INTO t VALUES (10, 'Привет, мир', NULL, NULL, NULL), (11, '日本語', NULL, NULL, NULL), (12, '中文', NULL, NULL, NULL)",
]
NAMES = ["LATIN1", "latin-2", "LATIN9", "WIN1252", "WIN1251", "KOI8R", "EUC_JP", "SJIS", "GBK", "BIG5", "EUC_KR",
         "UHC", "GB18030", "sql_ascii", "Unicode", "MULE_INTERNAL", "nosuch", "ISO_8859_5", "JOHAB"]
TEXTS = {  # by character set: what its clients write
    "LATIN1": ["Grüße", "é", "naïve ©"], "WIN1252": ["“quoted” – 5 €"], "LATIN9": ["5 €"], "WIN1251": ["Привет"],
    "KOI8R": ["Привет"], "EUC_JP": ["日本語"], "SJIS": ["日本語 ソ表"], "GBK": ["中文 繁體"], "BIG5": ["中文 許功蓋"],
    "GB18030": ["中文"], "EUC_KR": ["한국어"], "UHC": ["한국어"],
}
PYTHON = {"LATIN9": "iso8859-15", "UHC": "cp949", "WIN1252": "cp1252", "WIN1251": "cp1251", "KOI8R": "koi8-r"}
SEEN = set("TDCENGHdcI1ZSA")  # kinds of messages that are compared


def names(description):
    """Of the columns: the OIDs of tables and types are each server's own."""
    at, out = 2, []
    while at < len(description):
        end = description.index(b"\0", at)
        out.append(description[at:end])
        at = end + 19
    return out


def run(client, messages):
    """The answers: a simple query and a Sync are followed by a ReadyForQuery each."""
    client.send(*messages)
    return [m for sent in messages if sent[:1] in b"QS" for m in client.until_ready()]


def comparable(messages):
    """Errors without the source's file and line, which are each server's own."""
    out = []
    for kind, body in messages:
        if kind in "EN":
            body = [f for f in body.split(b"\0") if f[:1] in b"VCMDHPW" and f]
        if kind == "T":
            body = names(body)
        if kind == "A":  # the number of the process
            body = body[4:]
        if kind in SEEN:
            out.append((kind, body))
    return out


def q(sql):
    return Client.message("Q", (sql if isinstance(sql, bytes) else sql.encode()) + b"\0")


def extended(sql, params, formats=(), results=(), name=b"", types=()):
    parse = Client.message("P", name + b"\0" + sql + b"\0" + len(types).to_bytes(2, "big") +
                           b"".join(t.to_bytes(4, "big") for t in types))
    if name:
        body = b"\0" + name + b"\0" + (0).to_bytes(2, "big") + len(params).to_bytes(2, "big")
        for p in params:
            body += len(p).to_bytes(4, "big") + p
        return [parse, Client.message("B", body + (0).to_bytes(2, "big")), execute(), sync()]
    return [parse, bind(params, formats=formats, results=results), describe("P"), execute(), sync()]


def cases():
    for name in NAMES:
        yield "SET " + name, [q("SET client_encoding = '%s'" % name)]
        yield name + " shown", [q("SHOW client_encoding")], [q("SELECT pg_client_encoding()")]
        for row in (1, 2, 3, 10, 11, 12):
            yield "row %d in %s" % (row, name), [q("SELECT * FROM t WHERE id = %d" % row)]
        yield "a row in binary in " + name, extended(b"SELECT * FROM t WHERE id = 1", [], results=[1])
        yield "COPY in " + name, [q("COPY (SELECT * FROM t WHERE id = 1) TO STDOUT")]
        yield "binary COPY in " + name, [q("COPY (SELECT * FROM t WHERE id = 1) TO STDOUT (FORMAT binary)")]
        yield "back", [q("SET client_encoding = 'UTF8'")]
    for name, texts in TEXTS.items():
        yield "SET " + name, [q("SET client_encoding = '%s'" % name)]
        for text in texts:
            raw = text.encode(PYTHON.get(name, name))
            yield "literal", [q(b"SELECT '" + raw + b"', length('" + raw + b"'), upper('" + raw + b"')")]
            yield "name of a column", [q(b'SELECT 1 AS "' + raw + b'"')]
            yield "message", [q(b"SELECT nosuch('" + raw + b"') FROM t")]
            yield "its position", [q(b"SELECT '" + raw + b"', nosuch")]
            yield "name in a message", [q(b'SELECT * FROM "' + raw + b'"')]
            yield "parameter", extended(b"SELECT $1::text, octet_length($1)", [raw])
            yield "binary parameter", extended(b"SELECT $1::text, octet_length($1)", [raw], [1], [1], types=[25])
            yield "json", extended(b"SELECT $1, $1::jsonb ->> 'a'", [b'{"a": "' + raw + b'"}'], [1], [1], types=[114])
            yield "jsonb", extended(b"SELECT $1", [b'\1{"a": "' + raw + b'"}'], [1], [1], types=[3802])
            yield "statement", extended(b"SELECT 1", [], name=raw)
            yield "statement's name", [q("SELECT name, statement FROM pg_prepared_statements")]
            yield "and again", [q("DEALLOCATE ALL")]
            yield "row value", [q(b"SELECT ROW('" + raw + b"', 1)::paar, ARRAY['" + raw + b"']")]
            yield "in binary", extended(b"SELECT ROW('" + raw + b"', 1)::paar, ARRAY['" + raw + b"']", [], results=[1])
            yield "notice", [q(b"DROP TABLE IF EXISTS \"" + raw + b"\"")]
            yield "domain", [q(b"SELECT '" + raw + raw + b"'::kurz")]
            yield "application_name", [q(b"SET application_name = '" + raw + b"'")]
            yield "shows", [q("SHOW application_name")]
            yield "COPY FROM", [q("CREATE TEMP TABLE c (a text, b int)")]
            line = raw + b"\t1\n"
            pieces = [Client.message("d", (line * 3)[i:i + 1]) for i in range(len(line) * 3)]
            yield "piece by piece", [q("COPY c FROM STDIN"), *pieces, Client.message("c")]
            yield "CSV", [q("COPY c FROM STDIN (FORMAT csv)"), Client.message("d", b'"' + raw + b'",2\n'),
                          Client.message("c")]
            yield "is there", [q("SELECT a, b, length(a) FROM c")]
            yield "as UTF8", [q("COPY c TO STDOUT (ENCODING 'utf8')")]
            yield "as EUC_JP", [q("COPY c TO STDOUT (ENCODING 'euc_jp')")]
            yield "from UTF8", [q("COPY c FROM STDIN (ENCODING 'utf-8')"),
                                Client.message("d", text.encode() + b"\t3\n"), Client.message("c")]
            yield "all", [q("SELECT count(*), count(DISTINCT a) FROM c")], [q("DROP TABLE c")]
        yield "back", [q("SET client_encoding = 'UTF8'")]
    yield "NOTIFY", [q("LISTEN \"größe\""), q("SET client_encoding = latin1"), q("NOTIFY \"gr\udcf6\udcdfe\", 'x\udce4'"
                     .encode("ascii", "surrogateescape"))]
    yield "SET", [q("SET client_encoding = win1252")]
    yield "no such character", [q(b"SELECT '\x81'")]
    yield "parameter of no such", extended(b"SELECT $1::text", [b"\x81"])
    yield "COPY of no such", [q("CREATE TEMP TABLE c (a text)")]
    yield "unknown", [q("COPY c TO STDOUT (ENCODING 'nosuch')")]
    yield "SJIS", [q("SET client_encoding = sjis")]
    yield "half a character", [q(b"SELECT '\x93'")]
    yield "numbers", [q("SELECT i, pg_encoding_to_char(i), pg_encoding_max_length(i), pg_char_to_encoding(pg_encoding_to_"
                        "char(i)) FROM generate_series(-1, 42) i")]
    yield "names", [q("SELECT n, pg_char_to_encoding(n) FROM unnest('{win,latin 1,_,KOI8,iso-8859-1,Windows1252,alt,"
                      "mskanji,shiftjis2004,utf-8}'::name[]) n")]


def main():
    tally = Tally("server/encodings")
    with Server() as s, Postgres() as p:
        clients = [Client(p.port), Client(s.port)]
        for sql in SETUP:
            for c in clients:
                tally.check("setup", "" if c.query(sql)[0][0] == "C" else sql)
        for name, *groups in cases():
            for group in groups:
                want, got = (comparable(run(c, group)) for c in clients)
                tally.check(name, "" if want == got else "%r\nPostgreSQL %r\nTarn       %r" % (
                    group[0][:200], want, got))
        started = [Client(port, params={"client_encoding": "LATIN1"}) for port in (p.port, s.port)]
        want, got = ((c.parameters["client_encoding"], comparable(c.query("SELECT chr(228)"))) for c in started)
        tally.check("named at the start", "" if want == got else "%r, %r" % (want, got))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
