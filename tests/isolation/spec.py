"""Specs of interleaved sessions, and running them against a server. The format, by example:

    with level = READ COMMITTED | SERIALIZABLE     each value is tried; {level} stands for it
    setup                                          SQL before each permutation, in the session of control
      CREATE TABLE t (id int PRIMARY KEY);
    teardown
      DROP TABLE t;
    session a
      setup BEGIN ISOLATION LEVEL {level};         once before each permutation
      step r SELECT * FROM t;                      goes on over deeper indented lines
    session b
      step w INSERT INTO t VALUES (1);
    permutation a.r b.w a.r
    permutations a b                               all interleavings of the steps of these sessions

A step that waits for a lock is reported as waiting, and its result when it comes. `a.w!` waits for
the end of the step even when it is blocked: for time-outs and deadlocks. `a.w?` is left out while
the session is still waiting. Steps left waiting at the end are waited for.
The step `\\notifications N` waits for N notifications (0: those that came with answers) and shows them.
"""
import itertools
import re
import select
import threading
import time

import psycopg2

STEP_LIMIT_S = 30


class SpecError(Exception):
    pass


class Spec:
    def __init__(self, path):
        self.setup, self.teardown = [], []
        self.sessions = {}       # name -> {"setup": [sql], "steps": {name: sql}}
        self.permutations = []   # lists of words
        self.variables = []      # (name, values)
        self.parse(open(path, encoding="utf-8").read())

    def parse(self, text):
        target, session = None, None
        for number, line in enumerate(text.split("\n"), 1):
            word, _, rest = line.strip().partition(" ")
            indent = len(line) - len(line.lstrip())
            if not word or word.startswith("#"):
                continue
            if indent == 0:
                session, target = None, None
                if word == "with":
                    name, _, values = rest.partition("=")
                    self.variables.append((name.strip(), [v.strip() for v in values.split("|")]))
                elif word in ("setup", "teardown"):
                    target = getattr(self, word)
                    target.append("")
                elif word == "session":
                    session = self.sessions.setdefault(rest.strip(), {"setup": [], "steps": {}})
                elif word == "permutation":
                    self.permutations.append(rest.split())
                elif word == "permutations":
                    self.permutations += self.interleavings(rest.split())
                else:
                    raise SpecError("line %d: %s" % (number, line))
            elif session is not None and indent == 2 and word in ("setup", "step"):
                target = session["setup"] if word == "setup" else session["steps"]
                if word == "setup":
                    target.append(rest)
                    key = len(target) - 1
                else:
                    key, _, sql = rest.partition(" ")
                    target[key] = sql.strip()
                target = (target, key)
            elif isinstance(target, tuple):
                target[0][target[1]] += "\n" + line.strip()
            elif isinstance(target, list):
                target[-1] += "\n" + line
            else:
                raise SpecError("line %d: %s" % (number, line))

    def interleavings(self, names):
        lists = [["%s.%s?" % (n, s) for s in self.sessions[n]["steps"]] for n in names]
        counts = [i for i, steps in enumerate(lists) for _ in steps]
        for order in sorted(set(itertools.permutations(counts))):
            at = [0] * len(lists)
            out = []
            for i in order:
                out.append(lists[i][at[i]])
                at[i] += 1
            yield out

    def runs(self):
        """(values of the variables, permutation) of each run."""
        names = [n for n, _ in self.variables]
        for values in itertools.product(*[v for _, v in self.variables]):
            for p in self.permutations:
                yield dict(zip(names, values)), p


def substitute(sql, values):
    for name, value in values.items():
        sql = sql.replace("{%s}" % name, value)
    return sql


def mask(text):
    """Numbers that differ from run to run."""
    text = re.sub(r"[Pp]rocess \d+", lambda m: m.group(0).split()[0] + " N", text)
    text = re.sub(r"transaction \d+", "transaction N", text)
    text = re.sub(r"relation \d+ of database \d+", "relation N of database N", text)
    return re.sub(r"advisory lock \[\d+,", "advisory lock [N,", text)


def show_error(e):
    d = e.diag
    if not d.sqlstate:
        return "connection lost"
    out = "%s:  %s: %s" % (d.severity, d.sqlstate, mask(d.message_primary))
    if d.message_detail and not d.message_detail.startswith("Reason code"):
        out += "\nDETAIL:  " + mask(d.message_detail)
    if d.message_hint:
        out += "\nHINT:  " + d.message_hint
    return out


def show_value(v):
    return "" if v is None else {True: "t", False: "f"}[v] if isinstance(v, bool) else str(v)


def show_result(cursor):
    if cursor.description is None:
        return cursor.statusmessage
    lines = ["|".join(c.name for c in cursor.description)]
    lines += ["|".join(show_value(v) for v in row) for row in cursor.fetchall()]
    lines.append("(%s)" % cursor.statusmessage)
    return "\n".join(lines)


class Session:
    """A connection with a thread that runs one statement at a time."""

    def __init__(self, dsn, name):
        self.name = name
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.pid = self.connection.info.backend_pid
        self.result = None
        self.sqlstate = None
        self.thread = None
        self.step = None
        self.names = {}  # of sessions by process

    def work(self, sql):
        del self.connection.notices[:]
        self.sqlstate = None
        if sql.startswith("\\notifications"):
            self.result = self.notifications(int(sql.rstrip(";").split()[1]))
            return
        try:
            with self.connection.cursor() as c:
                c.execute(sql)
                out = show_result(c)
        except psycopg2.Error as e:
            self.sqlstate = e.diag.sqlstate
            out = show_error(e)
        notices = "".join(self.connection.notices)
        self.result = mask(notices) + out

    def notifications(self, n):
        """Waits until n have come, without asking the server anything."""
        limit = time.monotonic() + STEP_LIMIT_S
        while len(self.connection.notifies) < n and time.monotonic() < limit:
            select.select([self.connection], [], [], 0.1)
            self.connection.poll()
        out = ["%s '%s' from %s" % (x.channel, x.payload, self.names.get(x.pid, "?"))
               for x in self.connection.notifies]
        del self.connection.notifies[:]
        return "\n".join(out) or "none"

    def start(self, step, sql):
        self.step, self.result = step, None
        self.thread = threading.Thread(target=self.work, args=(sql,), daemon=True)
        self.thread.start()

    def busy(self):
        return self.thread is not None and self.thread.is_alive()

    def close(self):
        self.connection.close()


class Control:
    def __init__(self, dsn):
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def run(self, sql):
        if sql.strip():
            self.cursor.execute(sql)

    def blocked(self, pid):
        self.cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0" % pid)
        return self.cursor.fetchone()[0]

    def close(self):
        self.connection.close()


def settle(control, session, to_end):
    """Waits until the step has ended or is blocked; whether it has ended."""
    limit = time.monotonic() + STEP_LIMIT_S
    while session.busy():
        session.thread.join(0.002)
        if session.busy() and not to_end and control.blocked(session.pid) and session.busy():
            return False
        if time.monotonic() > limit:
            session.connection.cancel()
            raise SpecError("step %s.%s neither ends nor waits" % (session.name, session.step))
    return True


def indent(text):
    return "\n".join("    " + line for line in text.split("\n"))


class Run:
    """Steps in order; `report` gets lines."""

    def __init__(self, dsn, control, names):
        self.control = control
        self.sessions = {n: Session(dsn, n) for n in names}
        names = {s.pid: s.name for s in self.sessions.values()}
        for s in self.sessions.values():
            s.names = names
        self.waiting = []
        self.lines = []

    def finish_step(self, s):
        self.lines.append("%s.%s" % (s.name, s.step))
        self.lines.append(indent(s.result))

    def look_at_waiting(self, to_end=False):
        again = True
        while again:
            again = False
            for s in list(self.waiting):
                if settle(self.control, s, to_end):
                    self.waiting.remove(s)
                    self.finish_step(s)
                    again = True

    def step(self, name, step, sql, to_end=False, maybe=False):
        s = self.sessions[name]
        if s in self.waiting:
            if maybe:
                return
            if not settle(self.control, s, True):
                raise SpecError("session %s still waits" % name)
            self.look_at_waiting()
        s.start(step, sql)
        if settle(self.control, s, to_end):
            self.finish_step(s)
        else:
            self.lines.append("%s.%s waits" % (name, step))
            self.waiting.append(s)
        self.look_at_waiting()

    def close(self):
        for s in self.sessions.values():
            s.close()


def run_spec(spec, dsn):
    """The text of all runs."""
    out = []
    control = Control(dsn)
    for values, permutation in spec.runs():
        title = " ".join(w.rstrip("?") for w in permutation)
        shown = ", ".join("%s = %s" % v for v in values.items())
        out.append("== " + (shown + ": " if shown else "") + title)
        for sql in spec.setup:
            control.run(substitute(sql, values))
        run = Run(dsn, control, spec.sessions)
        try:
            for name, s in spec.sessions.items():
                for sql in s["setup"]:
                    with run.sessions[name].connection.cursor() as c:
                        c.execute(substitute(sql, values))
            for word in permutation:
                name, _, step = word.rstrip("!?").partition(".")
                sql = substitute(spec.sessions[name]["steps"][step], values)
                run.step(name, step, sql, word.endswith("!"), word.endswith("?"))
            run.look_at_waiting(to_end=True)
        except SpecError as e:
            run.lines.append("ERROR IN TEST: %s" % e)
        finally:
            run.close()
        out += run.lines
        for sql in spec.teardown:
            control.run(substitute(sql, values))
    control.close()
    return "\n".join(out) + "\n"
