"""Statements in the server log: which, with what parameters, for how long, and those of errors."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import pgproto  # noqa: E402
from tarn import Server, Tally  # noqa: E402


class Log:
    """What a statement adds to the log."""

    def __init__(self, server):
        self.server = server

    def of(self, text):
        before = len(self.server.log())
        statements = text.rstrip(";").split(";\n")
        first = [option for s in statements[:-1] for option in ("-c", s)]
        self.server.psql(statements[-1], *first)
        return re.sub(r"(?m)^\S+ ", "", self.server.log()[before:])


def expect(text, *patterns):
    """Patterns with a leading - must not be there."""
    for p in patterns:
        absent = p.startswith("-")
        if bool(re.search(p.lstrip("-"), text)) == absent:
            return "%s %s in: %s" % (p.lstrip("-"), "is" if absent else "is not", text)
    return ""


def classes(tally, log):
    lines = ("SET log_statement = '%s';\nCREATE TABLE x_%s (a int);\nINSERT INTO x_%s VALUES (1);\n"
             "SELECT 1 AS one;")
    ddl, mod, other = "statement: CREATE TABLE", "statement: INSERT", "statement: SELECT 1"
    for value, wanted in (("none", ()), ("ddl", (ddl,)), ("mod", (ddl, mod)), ("all", (ddl, mod, other))):
        got = log.of(lines % (value, value, value))
        patterns = [p if p in wanted else "-" + p for p in (ddl, mod, other)]
        tally.check("log_statement %s" % value, expect(got, *patterns))
    got = log.of("SET log_statement = mod;\nPREPARE p AS INSERT INTO x_all VALUES (2);\nEXECUTE p;\n"
                 "EXPLAIN DELETE FROM x_all;\nEXPLAIN ANALYZE DELETE FROM x_all;\n"
                 "SELECT 1 AS a INTO x_into;")
    tally.check("statements within statements", expect(
        got, "statement: PREPARE p", "statement: EXECUTE p", "-statement: EXPLAIN DELETE",
        "statement: EXPLAIN ANALYZE", "statement: SELECT 1 AS a INTO"))
    got = log.of("SET log_statement = 'all';\nSELECT\n  1;")
    tally.check("several lines", expect(got, r"statement: SELECT\n\t  1"))


def durations(tally, log):
    number = r"duration: \d+\.\d{3} ms"
    tally.check("every statement", expect(log.of("SET log_min_duration_statement = 0;\nSELECT 7;"),
                                          number + "  statement: SELECT 7"))
    tally.check("slow ones only", expect(
        log.of("SET log_min_duration_statement = '200ms';\nSELECT 8;\nSELECT pg_sleep(0.3);"),
        "-SELECT 8", number + r"  statement: SELECT pg_sleep\(0.3\)"))
    tally.check("the time alone", expect(log.of("SET log_duration = on;\nSELECT 9;"), number + r"\n", "-SELECT 9"))
    tally.check("text once", expect(
        log.of("SET log_statement = 'all';\nSET log_min_duration_statement = 0;\nSELECT 10;"),
        "statement: SELECT 10", number + r"\n", "-ms  statement: SELECT 10"))


def errors(tally, log):
    tally.check("an error's statement", expect(log.of("SELECT nosuch"),
                                               r"ERROR .*\(42703\) STATEMENT: SELECT nosuch"))
    tally.check("without", expect(log.of("SET log_min_error_statement = 'panic';\nSELECT nosuch"),
                                  r"ERROR .*\(42703\)\n", "-STATEMENT"))


def extended(tally, server):
    c = pgproto.Client(server.port)
    c.query("SET log_statement = 'all'")
    before = len(server.log())
    c.run(pgproto.parse("SELECT $1::text, $2::int"), pgproto.bind(["it's", None]), pgproto.execute())
    c.query("SET log_parameter_max_length = 4")
    c.run(pgproto.parse("SELECT $1::text AS cut", "named"), pgproto.bind(["abcdefgh"], "named", "p1"),
          pgproto.execute("p1"))
    c.close()
    got = server.log()[before:]
    tally.check("parameters", expect(got, r"execute <unnamed>: SELECT \$1::text, \$2::int "
                                          r"DETAIL: parameters: \$1 = 'it''s', \$2 = NULL\n"))
    tally.check("cut parameters", expect(got,
                                         r"execute named/p1: SELECT \$1::text AS cut DETAIL: parameters: \$1 = 'abcd\.\.\.'\n"))


def main():
    tally = Tally("server/statement_log")
    with Server() as server:
        log = Log(server)
        classes(tally, log)
        durations(tally, log)
        errors(tally, log)
        extended(tally, server)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
