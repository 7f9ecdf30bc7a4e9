#!/usr/bin/python3
"""Random histories of GRANT, REVOKE and memberships, the same here and on PostgreSQL 15; after each of their steps some
statements by some role on some kind of object: allowed, or refused in the same words. The lists of privileges are equal, too.

    privilege_differential.py [--steps N] [--seed N]

TARN names the binary.
"""
import argparse
import os
import random
import sys

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from postgres import Postgres  # noqa: E402
from tarn import Server, Tally  # noqa: E402

ROLES = ["pd_owner", "pd_one", "pd_two", "pd_three", "pd_team", "pd_maker"]
SETUP = """
CREATE ROLE pd_owner; CREATE ROLE pd_one; CREATE ROLE pd_two; CREATE ROLE pd_three NOINHERIT; CREATE ROLE pd_team;
CREATE ROLE pd_maker CREATEROLE CREATEDB;
CREATE SCHEMA pd AUTHORIZATION pd_owner;
SET ROLE pd_owner; SET search_path = pd;
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y');
CREATE TABLE u (id int REFERENCES t ON DELETE CASCADE, c int DEFAULT 1);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW vi WITH (security_invoker) AS SELECT id, b FROM t;
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE SEQUENCE q;
CREATE FUNCTION f(int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) + $1 FROM pd.t';
CREATE FUNCTION fd(int) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) + $1 FROM pd.t';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE TYPE e AS ENUM ('l', 'r');
CREATE DOMAIN d AS int CHECK (VALUE > 0);
CREATE INDEX t_a ON t (a);
RESET ROLE; RESET search_path;
"""
# Kinds of objects: their names in GRANT, and what can be granted on them.
KINDS = {
    "TABLE": (["pd.t", "pd.u", "pd.v", "pd.vi", "pd.m"], ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES",
                                                          "TRIGGER", "ALL", "SELECT (a)", "UPDATE (a)", "INSERT (id, a)",
                                                          "REFERENCES (id)", "SELECT (id), UPDATE (id)"]),
    "SEQUENCE": (["pd.q"], ["USAGE", "SELECT", "UPDATE", "ALL"]),
    "FUNCTION": (["pd.f(int)", "pd.fd(int)"], ["EXECUTE", "ALL"]),
    "PROCEDURE": (["pd.p()"], ["EXECUTE"]),
    "SCHEMA": (["pd"], ["USAGE", "CREATE", "ALL"]),
    "TYPE": (["pd.e", "pd.d"], ["USAGE"]),
    "ALL TABLES IN SCHEMA": (["pd"], ["SELECT", "INSERT, UPDATE", "ALL"]),
    "ALL FUNCTIONS IN SCHEMA": (["pd"], ["EXECUTE"]),
    "ALL SEQUENCES IN SCHEMA": (["pd"], ["USAGE"]),
}
STATEMENTS = """
SELECT * FROM pd.t
SELECT count(*) FROM pd.t
SELECT a FROM pd.t WHERE id = 1
SELECT t FROM pd.t
SELECT ctid FROM pd.t
SELECT id FROM pd.t FOR UPDATE
SELECT a FROM pd.t FOR SHARE
INSERT INTO pd.t VALUES (9, 1, 'z')
INSERT INTO pd.t (id, a) VALUES (9, 1)
INSERT INTO pd.t (id) VALUES (9) RETURNING id
INSERT INTO pd.t (id, a) VALUES (1, 1) ON CONFLICT (id) DO NOTHING
INSERT INTO pd.t (id, a) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET a = 5
INSERT INTO pd.t (id, a) SELECT id + 10, a FROM pd.t
UPDATE pd.t SET a = 3
UPDATE pd.t SET a = 3 WHERE b = 'x'
UPDATE pd.t SET b = 'w' RETURNING a
DELETE FROM pd.t WHERE id = 2
DELETE FROM pd.u
MERGE INTO pd.t USING (VALUES (1)) x(i) ON id = i WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT (id) VALUES (i)
TRUNCATE pd.u
LOCK TABLE pd.t IN ACCESS SHARE MODE
LOCK TABLE pd.t IN ROW EXCLUSIVE MODE
LOCK TABLE pd.t
SELECT * FROM pd.v
SELECT id FROM pd.v WHERE a = 1
UPDATE pd.v SET a = 2 WHERE id = 1
INSERT INTO pd.v VALUES (8, 8)
DELETE FROM pd.v WHERE id = 1
SELECT * FROM pd.vi
INSERT INTO pd.vi VALUES (8, 'h')
SELECT * FROM pd.m
REFRESH MATERIALIZED VIEW pd.m
SELECT nextval('pd.q')
SELECT setval('pd.q', 5)
SELECT last_value FROM pd.q
SELECT pd.f(1)
SELECT pd.fd(1)
CALL pd.p()
SELECT 'l'::pd.e
SELECT 3::pd.d
CREATE TABLE pd.made (x int)
CREATE TABLE pd.made (x int REFERENCES pd.t)
CREATE VIEW pd.made AS SELECT a FROM pd.t
CREATE TABLE pd.made AS SELECT * FROM pd.t
CREATE SEQUENCE pd.made
CREATE FUNCTION pd.made() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE TYPE pd.made AS (x int)
CREATE INDEX made ON pd.t (b)
CREATE POLICY made ON pd.t USING (true)
ALTER TABLE pd.t ADD COLUMN z int
ALTER TABLE pd.t RENAME COLUMN a TO z
ALTER TABLE pd.t RENAME TO z
ALTER TABLE pd.t ENABLE ROW LEVEL SECURITY
ALTER TABLE pd.t OWNER TO pd_one
ALTER TABLE pd.t OWNER TO CURRENT_USER
ALTER INDEX pd.t_a RENAME TO z
ALTER SEQUENCE pd.q RESTART
ALTER FUNCTION pd.f(int) STABLE
ALTER TYPE pd.e ADD VALUE 'm'
ALTER DOMAIN pd.d SET DEFAULT 1
ALTER SCHEMA pd RENAME TO z
ALTER VIEW pd.v RENAME TO z
COMMENT ON TABLE pd.t IS 'c'
COMMENT ON COLUMN pd.t.a IS 'c'
COMMENT ON FUNCTION pd.f(int) IS 'c'
COMMENT ON SCHEMA pd IS 'c'
COMMENT ON TYPE pd.e IS 'c'
DROP TABLE pd.u
DROP INDEX pd.t_a
DROP VIEW pd.v
DROP MATERIALIZED VIEW pd.m
DROP SEQUENCE pd.q
DROP FUNCTION pd.f(int)
DROP TYPE pd.e
DROP DOMAIN pd.d
DROP SCHEMA pd CASCADE
COPY pd.t TO STDOUT
COPY pd.t (id, a) TO STDOUT
COPY (SELECT a FROM pd.t) TO STDOUT
REINDEX TABLE pd.t
CREATE SCHEMA made
CREATE ROLE made
DROP ROLE pd_three
ALTER ROLE pd_three CREATEDB
ALTER ROLE pd_three SET work_mem = '1MB'
SET ROLE pd_team
SET ROLE pd_owner
SET SESSION AUTHORIZATION pd_one
GRANT pd_team TO pd_three
REVOKE pd_team FROM pd_three
ALTER DEFAULT PRIVILEGES FOR ROLE pd_owner GRANT SELECT ON TABLES TO pd_one
ALTER SYSTEM SET work_mem = '1MB'
SELECT has_table_privilege('pd.t', 'SELECT'), has_any_column_privilege('pd.t', 'UPDATE'), has_column_privilege('pd.t', 'a', 'SELECT')
SELECT has_table_privilege('pd.v', 'INSERT WITH GRANT OPTION'), has_sequence_privilege('pd.q', 'USAGE, UPDATE'), has_schema_privilege('pd', 'CREATE')
SELECT has_function_privilege('pd.f(int)', 'EXECUTE'), has_type_privilege('pd.e', 'USAGE'), pg_has_role('pd_team', 'MEMBER'), pg_has_role('pd_team', 'USAGE')
SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'USAGE') AND rolname LIKE 'pd%' ORDER BY 1
SELECT table_name, privilege_type, grantee, is_grantable FROM information_schema.table_privileges WHERE table_schema = 'pd' ORDER BY 1, 2, 3, 4
SELECT table_name, column_name, privilege_type, grantee FROM information_schema.column_privileges WHERE table_schema = 'pd' AND grantee <> 'pd_owner' ORDER BY 1, 2, 3, 4
SELECT passwd FROM pg_shadow
SELECT pg_reload_conf()
CHECKPOINT
""".strip().splitlines()
LISTS = """SELECT 'r', oid::regclass::text, relacl::text FROM pg_class WHERE relnamespace = 'pd'::regnamespace AND relkind IN ('r', 'v', 'm', 'S')
UNION ALL SELECT 'a', attrelid::regclass::text || '.' || attname, attacl::text FROM pg_attribute WHERE attrelid IN ('pd.t'::regclass, 'pd.u'::regclass, 'pd.v'::regclass, 'pd.vi'::regclass, 'pd.m'::regclass) AND attnum > 0
UNION ALL SELECT 'f', oid::regprocedure::text, proacl::text FROM pg_proc WHERE pronamespace = 'pd'::regnamespace
UNION ALL SELECT 'n', nspname, nspacl::text FROM pg_namespace WHERE nspname = 'pd'
UNION ALL SELECT 't', typname, typacl::text FROM pg_type WHERE typnamespace = 'pd'::regnamespace AND typname IN ('e', 'd')
UNION ALL SELECT 'm', roleid::regrole || ' ' || member::regrole, admin_option::text || ' ' || grantor::regrole FROM pg_auth_members WHERE roleid::regrole::text LIKE 'pd%'
ORDER BY 1, 2"""


def a_change(rng):
    """A GRANT or REVOKE."""
    to = rng.choice(ROLES[1:] + ["PUBLIC"])
    if rng.random() < 0.2:
        group, member = rng.choice(["pd_team", "pd_two", "pd_owner"]), rng.choice(ROLES[1:])
        if rng.random() < 0.5:
            return "GRANT %s TO %s%s" % (group, member, rng.choice(["", " WITH ADMIN OPTION"]))
        return "REVOKE %s%s FROM %s" % (rng.choice(["", "ADMIN OPTION FOR "]), group, member)
    kind = rng.choice(list(KINDS))
    objects, privileges = KINDS[kind]
    what = "%s ON %s %s" % (rng.choice(privileges), kind, rng.choice(objects))
    if rng.random() < 0.6:
        return "GRANT %s TO %s%s" % (what, to, " WITH GRANT OPTION" if to != "PUBLIC" and rng.random() < 0.3 else "")
    return "REVOKE %s%s FROM %s%s" % (rng.choice(["", "", "GRANT OPTION FOR "]), what, to, rng.choice(["", " CASCADE"]))


class Side:
    def __init__(self, dsn):
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def run(self, role, sql, keep):
        """What the role gets, in a transaction that is kept or not."""
        c = self.cursor
        c.execute("BEGIN")
        try:
            if role:
                c.execute("SET LOCAL ROLE " + role)
            if sql.startswith("COPY"):
                c.copy_expert(sql, open(os.devnull, "w"))
                out = "copied"
            else:
                c.execute(sql)
                out = (c.statusmessage, sorted(map(str, c.fetchall())) if c.description else None)
        except psycopg2.Error as e:
            d = e.diag
            out = (e.pgcode, d.message_primary, d.message_detail, d.message_hint)
            keep = False
        c.execute("COMMIT" if keep else "ROLLBACK")
        warnings = sorted(n.strip() for n in self.connection.notices)
        del self.connection.notices[:]
        return out, warnings

    def lists(self):
        self.cursor.execute(LISTS)
        return self.cursor.fetchall()


def history(sides, rng, steps, tally, seed):
    for step in range(steps):
        what = [(rng.choice(["pd_owner"] * 3 + ROLES + [None]), a_change(rng), True)]
        what += [(rng.choice(ROLES), rng.choice(STATEMENTS), False) for _ in range(12)]
        for role, sql, keep in what:
            want, got = (s.run(role, sql, keep) for s in sides)
            if " ALL " in sql and " IN SCHEMA " in sql and want[0][0] == got[0][0] == "42501":
                want = got  # which object is refused first is not defined
            name = "seed %d step %d: %s: %s" % (seed, step, role, sql)
            tally.check(name, "" if want == got else "%s instead of %s" % (got, want))
        want, got = (s.lists() for s in sides)
        tally.check("seed %d step %d: lists after %s" % (seed, step, what[0]), "" if want == got else "%s instead of %s" % (
            sorted(set(got) - set(want)), sorted(set(want) - set(got))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tally = Tally("server/privilege_differential")
    with Postgres() as pg, Server() as tarn:
        sides = [Side("host=127.0.0.1 port=%d user=postgres dbname=postgres" % pg.port), Side(tarn.dsn())]
        for s in sides:
            s.cursor.execute(SETUP)
        history(sides, random.Random(args.seed), args.steps, tally, args.seed)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
