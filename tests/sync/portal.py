"""The example app over HTTP: its page, charts, filters and form, and commits of the lake that reach the page.
PORTAL_PYTHON names a Python that has flask and psycopg, when this one has not."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))
sys.dont_write_bytecode = True
from tarn import ROOT, Server, Tally, free_port  # noqa: E402

PORTAL = os.path.join(ROOT, "examples", "support-portal")
sys.path.insert(0, PORTAL)
import more_incidents  # noqa: E402

PYTHON = os.environ.get("PORTAL_PYTHON", sys.executable)


def get(url, data=None):
    """(status, text); waits for the app to come up."""
    body = urllib.parse.urlencode(data).encode() if data else None
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, body, timeout=10) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except OSError:
            time.sleep(0.1)
    return 0, ""


def walk(tally, base, lake):
    def check(name, holds, text=""):
        tally.check(name, "" if holds else "not so in: %.600s" % text)

    status, text = get(base)
    check("page", status == 200 and "500 incidents of version 1" in text, text)
    check("charts", text.count("<svg") == 3 and text.count("<rect") > 6, text)
    first = re.search(r'<tr id="(INC-\d+)"', text).group(1)
    status, text = get(base + "update", {"incident_id": first, "owner": "dana", "comment": "it's <b>bad</b>",
                                         "status": "in progress"})
    check("saved", status == 200 and "it&#39;s &lt;b&gt;bad" in text, text)
    status, text = get(base + "?owner=dana")
    check("filtered", re.findall(r'<tr id="(INC-\d+)"', text) == [first], text)
    check("its status", "<td>in progress" in text, text)
    status, text = get(base + "update", {"incident_id": first, "owner": "", "comment": "", "status": "gone"})
    check("refused", status == 400, text)
    status, text = get(base + "?severity=1&product=nothing")
    check("nothing", status == 200 and "<tr id=" not in text, text)
    new = more_incidents.commit(lake, 5)
    for _ in range(300):
        status, text = get(base)
        if "505 incidents of version 2" in text:
            break
        time.sleep(0.1)
    check("the lake's next version", "505 incidents of version 2" in text and all(i in text for i in new), text)


def main():
    tally = Tally("portal")
    if subprocess.run([PYTHON, "-c", "import flask, psycopg"], stderr=subprocess.DEVNULL).returncode:
        tally.skip("portal", "this Python has no flask and psycopg")
        return tally.finish()
    folder = tempfile.mkdtemp(prefix="tarn-portal-")
    lake = os.path.join(folder, "incidents")
    subprocess.run([sys.executable, os.path.join(ROOT, "examples", "demo", "make_incidents.py"), lake, "--rows", "500"],
                   check=True, stdout=subprocess.DEVNULL)
    try:
        with Server() as server:
            port = free_port()
            env = dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(server.port), PGUSER="postgres", PGDATABASE="postgres")
            with open(os.path.join(folder, "log"), "wb") as log:
                app = subprocess.Popen([PYTHON, os.path.join(PORTAL, "portal.py"), "--lake", lake, "--port", str(port)],
                                       env=env, stdout=log, stderr=log)
            try:
                walk(tally, "http://127.0.0.1:%d/" % port, lake)
            finally:
                app.kill()
                app.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
