"""What users have made of casts, aggregates and inverted indexes is there after a crash."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from tarn import BINARY, SANITIZERS, Server, Tally  # noqa: E402

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE CAST (varchar AS mood) WITH INOUT AS IMPLICIT;
CREATE TABLE people (m mood);
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '5');
CREATE TABLE docs (id int PRIMARY KEY, tags text[], body jsonb);
CREATE INDEX docs_tags ON docs USING gin (tags);
CREATE INDEX docs_body ON docs USING gin (body jsonb_path_ops);
INSERT INTO docs SELECT i, array['t' || i % 5, 'u' || i % 7], jsonb_build_object('k', i % 9)
FROM generate_series(1, 500) i;
UPDATE docs SET tags = tags || '{new}' WHERE id % 50 = 0;
DELETE FROM docs WHERE id % 100 = 1;
"""
QUERIES = [
    ("a cast", "INSERT INTO people VALUES ('happy'::varchar); SELECT m FROM people LIMIT 1", "happy"),
    ("an aggregate", "SELECT total(v) FROM (VALUES (1), (2)) x (v)", "8"),
    ("an array's index", "SET enable_seqscan = off; SELECT count(*) FROM docs WHERE tags @> '{new,t0}'",
     "10"),
    ("a jsonb's index", "SET enable_seqscan = off; SELECT count(*) FROM docs WHERE body @> '{\"k\": 3}'",
     "55"),
]


def main():
    tally = Tally("server/restart_catalog")
    server = Server()
    out, status = server.psql(SETUP)
    tally.check("setup", out if status else "")
    for when in ("before", "after a crash", "after another"):
        for name, sql, want in QUERIES:
            out, status = server.psql(sql)
            tally.check("%s, %s" % (name, when), "" if out.strip() == want and not status else out)
        server.kill()
        server.start()
    server.stop()
    p = subprocess.run([BINARY, "check", "-D", server.data], stdout=subprocess.PIPE,
                       env=dict(SANITIZERS, **os.environ))
    tally.check("check", "" if p.returncode == 0 else p.stdout.decode())
    server.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
