"""A support desk: incidents and predictions come from the lakehouse by a continuous synced table, owners and comments
are the app's own rows, and one query joins them.

    portal.py --lake FOLDER [--port 8000]         the database by libpq's PG* variables
"""
import argparse
import os

import psycopg
from flask import Flask, redirect, render_template, request
from psycopg.rows import dict_row

HERE = os.path.dirname(os.path.abspath(__file__))
STATUSES = ("open", "in progress", "closed")
FILTERS = {"product": "i.product = %(product)s", "category": "i.prediction->>'category' = %(category)s",
           "severity": "i.severity = %(severity)s::int", "owner": "u.owner = %(owner)s",
           "status": "coalesce(u.status, CASE WHEN i.resolved THEN 'closed' ELSE 'open' END) = %(status)s"}
SOURCE = """FROM support.incidents_w_preds i LEFT JOIN support.user_updates u USING (incident_id)
WHERE {where}"""
LIST = """SELECT i.incident_id, i.opened_at, i.product, i.severity, i.subject, i.prediction->>'category' AS category,
round((i.prediction->>'confidence')::numeric, 2) AS confidence, u.owner, u.comment,
coalesce(u.status, CASE WHEN i.resolved THEN 'closed' ELSE 'open' END) AS status """ + SOURCE + """
ORDER BY i.opened_at DESC LIMIT 50"""
CHART = "SELECT coalesce({what}::text, 'none') AS label, count(*) AS n " + SOURCE + " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 8"
CHARTS = {"Predicted category": "i.prediction->>'category'", "Severity": "i.severity", "Product": "i.product"}
CHOICES = {"product": "SELECT DISTINCT product AS v FROM support.incidents_w_preds ORDER BY 1",
           "category": "SELECT DISTINCT prediction->>'category' AS v FROM support.incidents_w_preds ORDER BY 1",
           "severity": "SELECT DISTINCT severity AS v FROM support.incidents_w_preds ORDER BY 1",
           "owner": "SELECT DISTINCT owner AS v FROM support.user_updates ORDER BY 1"}

app = Flask(__name__, template_folder=HERE)


def connect():
    return psycopg.connect(autocommit=True, row_factory=dict_row)


def set_up(lake):
    with connect() as c, open(os.path.join(HERE, "setup.sql"), encoding="utf-8") as f:
        text = f.read().replace("%(lake)s", psycopg.sql.Literal(lake).as_string(c))
        lines = [line for line in text.splitlines() if not line.startswith("--")]
        for statement in "\n".join(lines).split(";\n"):
            if statement.strip():
                c.execute(statement)


@app.get("/")
def page():
    chosen = {k: request.args[k] for k in FILTERS if request.args.get(k)}
    where = " AND ".join(FILTERS[k] for k in chosen) or "true"
    with connect() as c:
        c.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")  # all of the page is of one version
        rows = c.execute(LIST.format(where=where), chosen).fetchall()
        charts = {title: c.execute(CHART.format(what=what, where=where), chosen).fetchall()
                  for title, what in CHARTS.items()}
        choices = {name: [str(r["v"]) for r in c.execute(sql).fetchall() if r["v"] is not None]
                   for name, sql in CHOICES.items()}
        sync = c.execute("SELECT rows, applied_version, lag_versions, state FROM tarn.synced_tables "
                         "WHERE table_name = 'incidents_w_preds'").fetchone()
    return render_template("page.html", rows=rows, charts={k: v for k, v in charts.items() if v}, sync=sync,
                           chosen=chosen, choices=dict(choices, status=STATUSES), statuses=STATUSES)


@app.post("/update")
def update():
    values = {k: request.form.get(k, "") for k in ("incident_id", "owner", "comment", "status")}
    if values["status"] not in STATUSES or not values["owner"]:
        return "an owner and a status, please", 400
    with connect() as c:
        c.execute("INSERT INTO support.user_updates (incident_id, owner, comment, status) VALUES (%(incident_id)s, "
                  "%(owner)s, %(comment)s, %(status)s) ON CONFLICT (incident_id) DO UPDATE SET owner = excluded.owner, "
                  "comment = excluded.comment, status = excluded.status, updated_at = now()", values)
    return redirect(request.referrer or "/", code=303)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lake", required=True)
    parser.add_argument("--port", type=int, default=8000)
    args = parser.parse_args()
    set_up(os.path.abspath(args.lake))
    app.run(port=args.port)
