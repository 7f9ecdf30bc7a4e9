"""The example app over HTTP: its page, charts, filters and form, and commits of the lake that reach the page; and the same in
a headless browser, where there are chromium, chromedriver and python3-selenium.

    portal.py [--screenshots FOLDER]

PORTAL_PYTHON names a Python that has flask and psycopg, when this one has not."""
import argparse
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
    check("its status", '<td class="tight">in progress' in text, text)
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


class Browser:
    """The page as a person meets it."""

    def __init__(self, tally, base, screenshots):
        from selenium import webdriver
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support.ui import Select, WebDriverWait
        self.tally, self.base, self.screenshots, self.by, self.select = tally, base, screenshots, By, Select
        options = webdriver.ChromeOptions()
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1300,1000"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options)
        self.wait = WebDriverWait(self.driver, 30)

    def check(self, name, got, want):
        self.tally.check("browser " + name, "" if got == want else "%r instead of %r" % (got, want))

    def all(self, selector):
        return self.driver.find_elements(self.by.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(self.by.CSS_SELECTOR, selector)

    def picture(self, name):
        if self.screenshots:
            self.driver.save_screenshot(os.path.join(self.screenshots, name + ".png"))

    def go(self, act):
        """Does what leads to another page, and waits for that."""
        old = self.one("html")
        act()
        self.wait.until(lambda d: self.all("main") and self.one("html") != old)

    def charts(self):
        bars = [r.size["width"] for r in self.all("svg rect")]
        self.check("charts", (len(self.all("svg")), len(bars) > 6, all(w > 0 for w in bars)), (3, True, True))
        right = max(t.rect["x"] + t.rect["width"] for t in self.all("svg text") + self.all("td button"))
        self.check("fits in the window", right < self.driver.execute_script("return innerWidth"), True)

    def filter(self):
        product = self.select(self.one("#filters select[name=product]"))
        wanted = product.options[1].text
        product.select_by_index(1)
        self.go(self.one("#filters button").click)
        shown = {tr.find_elements(self.by.TAG_NAME, "td")[2].text for tr in self.all("tr[id]")}
        self.check("filter", shown, {wanted})
        self.check("the filter stays", self.select(self.one("#filters select[name=product]")).first_selected_option.text, wanted)
        self.picture("filtered")

    def assign(self):
        first = self.all("tr[id]")[1].get_attribute("id")
        form = "#%s form " % first
        for name, text in (("owner", "erin"), ("comment", "\u00e9t\u00e9 & <i>soleil</i>")):
            self.one(form + "input[name=%s]" % name).clear()
            self.one(form + "input[name=%s]" % name).send_keys(text)
        self.select(self.one(form + "select")).select_by_visible_text("closed")
        self.go(self.one(form + "button").click)
        self.driver.get(self.base)
        self.check("saved", [self.one(form + "input[name=%s]" % n).get_attribute("value") for n in ("owner", "comment")],
                   ["erin", "\u00e9t\u00e9 & <i>soleil</i>"])
        self.check("its status", self.one("#%s" % first).find_elements(self.by.TAG_NAME, "td")[6].text, "closed")
        self.select(self.one("#filters select[name=owner]")).select_by_visible_text("erin")
        self.go(self.one("#filters button").click)
        self.check("by owner", [tr.get_attribute("id") for tr in self.all("tr[id]")], [first])

    def predictions(self, lake):
        """The newest incidents of the lake appear with their predictions."""
        new = more_incidents.commit(lake, 3)
        self.wait.until(lambda d: (d.get(self.base), set(new) <= {tr.get_attribute("id") for tr in self.all("tr[id]")})[1])
        shown = [self.one("#%s" % i).find_elements(self.by.TAG_NAME, "td")[5].text for i in new]
        self.check("predictions", all(re.fullmatch(r"(?s)\S.*\s[01]\.\d\d", text) or text == "none yet" for text in shown)
                   and any(text != "none yet" for text in shown), True)
        self.picture("page")

    def walk(self, lake):
        self.driver.get(self.base)
        self.charts()
        self.filter()
        self.driver.get(self.base)
        self.assign()
        self.predictions(lake)
        errors = [e["message"] for e in self.driver.get_log("browser") if "favicon" not in e["message"]]
        self.check("no complaints", errors, [])


def browse(tally, base, lake, screenshots):
    try:
        import selenium  # noqa: F401
    except ImportError:
        return tally.skip("browser", "this Python has no selenium (python3-selenium)")
    if not shutil.which("chromedriver"):
        return tally.skip("browser", "there is no chromedriver (chromium-driver)")
    browser = Browser(tally, base, screenshots)
    try:
        return browser.walk(lake)
    finally:
        browser.driver.quit()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--screenshots", help="a folder for pictures of the page")
    args = parser.parse_args()
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
                browse(tally, "http://127.0.0.1:%d/" % port, lake, args.screenshots)
            finally:
                app.kill()
                app.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
