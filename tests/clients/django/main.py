"""Django: logins, retries, migrations written and run, the ORM, JSONField and ArrayField, admin pages, inspectdb."""
import datetime
import decimal
import io
import os
import re
import shutil
import sys
import tempfile

import django
from django.conf import settings
from django.core.management import call_command

from report import LOGIN, attempt, equal, finish, logs_in, retried

HERE = os.path.dirname(os.path.abspath(__file__))
UTC = datetime.timezone.utc
DATABASE = "tarn_django"


def database(**more):
    return {"ENGINE": "django.db.backends.postgresql", "NAME": DATABASE, "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
            "USER": os.environ["PGUSER"], "CONN_MAX_AGE": None, **more}


def configure():
    from psycopg import IsolationLevel
    app = tempfile.mkdtemp(prefix="tarn-django-")  # makemigrations writes there
    shutil.copytree(os.path.join(HERE, "shop"), os.path.join(app, "shop"))
    sys.path.insert(0, app)
    admin = {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages"]}}
    settings.configure(
        SECRET_KEY="test", DEBUG=False, ALLOWED_HOSTS=["*"], USE_TZ=True, TIME_ZONE="UTC", ROOT_URLCONF="urls", TEMPLATES=[admin],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", STATIC_URL="/static/",
        INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                        "django.contrib.messages", "django.contrib.postgres", "shop"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"],
        DATABASES={"default": database(), "strict": database(OPTIONS={"isolation_level": IsolationLevel.SERIALIZABLE, "pool": {"max_size": 4}},
                                                             CONN_MAX_AGE=0)})
    with open(os.path.join(app, "urls.py"), "w", encoding="utf-8") as f:
        f.write("from django.contrib import admin\nfrom django.urls import path\nurlpatterns = [path('admin/', admin.site.urls)]\n")
    return app


def fresh_database():
    import psycopg
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as c:
        c.execute("DROP DATABASE IF EXISTS %s" % DATABASE)
        c.execute("CREATE DATABASE %s" % DATABASE)


def login():
    from django.db.utils import ConnectionHandler, OperationalError
    from psycopg.conninfo import conninfo_to_dict

    def ask(url):
        options = conninfo_to_dict(url)
        place = {key: options.pop(word) for key, word in
                 (("NAME", "dbname"), ("HOST", "host"), ("PORT", "port"), ("USER", "user"), ("PASSWORD", "password"))}
        connection = ConnectionHandler({"default": database(**place, OPTIONS=options)})["default"]
        with connection.cursor() as cur:
            cur.execute(LOGIN)
            return cur.fetchone()
    logs_in(ask, OperationalError)


def retries():
    from django.db import connections, transaction
    from django.db.utils import OperationalError
    from shop.models import Customer
    counter = Customer.objects.create(name="0", email="counter@x.org")

    def add():
        try:
            with transaction.atomic(using="strict"):
                mine = Customer.objects.using("strict").get(pk=counter.pk)
                mine.name = str(int(mine.name) + 1)
                mine.save()
        finally:
            connections["strict"].close()

    done = retried(add, lambda e: isinstance(e, OperationalError) and e.__cause__.sqlstate == "40001")
    counter.refresh_from_db()
    equal((done, counter.name), (20, "20"))
    counter.delete()
    connections["strict"].close_pool()


def streams():
    """Server-side cursors, COPY and a timeout, beside the ORM."""
    from django.db import connection
    from django.db.utils import OperationalError
    from shop.models import Customer
    with connection.cursor() as cur:
        with cur.copy("COPY shop_customer (name, email, key, tags, extra, active) FROM STDIN") as copy:
            for i in range(300):
                copy.write_row(("C%d" % i, "c%d@x.org" % i, "6f9619ff-8b86-d011-b42d-00cf4fc964ff", ["t"], "{}", True))
    copied = Customer.objects.filter(email__startswith="c")
    equal(len({c.email for c in copied.iterator(chunk_size=50)}), 300)
    copied.delete()
    try:
        with connection.cursor() as cur:
            cur.execute("SET statement_timeout = '50ms'")
            cur.execute("SELECT pg_sleep(10)")
        raise AssertionError("no timeout")
    except OperationalError as e:
        equal(e.__cause__.sqlstate, "57014")
    with connection.cursor() as cur:
        cur.execute("RESET statement_timeout")


def migrations():
    call_command("makemigrations", "shop", verbosity=0)
    call_command("migrate", verbosity=0)
    out = io.StringIO()
    call_command("makemigrations", "shop", "--check", "--dry-run", stdout=out)
    call_command("sqlmigrate", "shop", "0001", stdout=out)
    call_command("migrate", "shop", "zero", verbosity=0)
    call_command("migrate", verbosity=0)
    out = io.StringIO()
    call_command("showmigrations", "--plan", stdout=out)
    if "[ ]" in out.getvalue():
        raise AssertionError(out.getvalue())


def orm():
    from django.db import models, transaction
    from django.db.models import Count, F, OuterRef, Q, Subquery, Sum, Window
    from django.db.models.functions import Rank, TruncMonth
    from django.db.utils import IntegrityError
    from shop.models import Customer, Order
    people = Customer.objects.bulk_create([Customer(name="N%d" % i, email="n%d@x.org" % i, tags=["a", "b"][:i % 3],
                                                    extra={"n": i, "deep": {"list": [i]}}) for i in range(20)])
    Order.objects.bulk_create([Order(customer=p, total=decimal.Decimal(k) + k, placed=datetime.datetime(2026, 1 + k, 1 + i, tzinfo=UTC))
                               for i, p in enumerate(people) for k in range(3)])
    equal(Customer.objects.filter(tags__contains=["a"], extra__n__gt=3).count(), 11)
    equal(Customer.objects.filter(extra__deep__list__0=7).get().name, "N7")
    equal(Customer.objects.filter(extra__has_key="n", name__iregex="^n1").count(), 11)
    equal(Customer.objects.filter(tags__overlap=["b"]).count(), Customer.objects.filter(tags__len=2).count())
    top = Customer.objects.annotate(spent=Sum("orders__total"), n=Count("orders", filter=Q(orders__total__gt=1))).order_by("-spent", "id")
    equal((top[0].spent, top[0].n), (decimal.Decimal("6.00"), 2))
    last = Order.objects.filter(customer=OuterRef("pk")).order_by("-placed").values("total")[:1]
    equal(Customer.objects.annotate(last=Subquery(last)).filter(last=4).count(), 20)
    ranked = Order.objects.annotate(r=Window(Rank(), partition_by="customer", order_by=F("total").desc())).filter(r=1)
    equal(ranked.count(), 20)
    months = Order.objects.order_by().annotate(m=TruncMonth("placed")).values("m").annotate(n=Count("id")).order_by("m")
    equal([m["n"] for m in months], [20, 20, 20])
    equal(Order.objects.filter(total=4).update(total=F("total") * 2, note=models.functions.Concat(models.Value("n"), "id", output_field=models.TextField())), 20)
    obj, created = Customer.objects.update_or_create(email="n1@x.org", defaults={"name": "Renamed"})
    equal((obj.name, created), ("Renamed", False))
    Customer.objects.bulk_create([Customer(email="n2@x.org", name="Upsert")], update_conflicts=True, unique_fields=["email"], update_fields=["name"])
    equal(Customer.objects.get(email="n2@x.org").name, "Upsert")
    try:
        with transaction.atomic():
            Order.objects.create(customer=people[0], total=-1, placed=datetime.datetime.now(UTC))
        raise AssertionError("no check")
    except IntegrityError:
        pass
    with transaction.atomic():
        equal(Customer.objects.select_for_update(of=("self",), skip_locked=True).filter(active=True).count(), 20)
        list(Customer.objects.select_for_update(nowait=True)[:3])
    equal(sum(1 for _ in Order.objects.iterator(chunk_size=7)), 60)
    equal(Customer.objects.filter(pk=people[5].pk).delete()[0], 4)
    equal(sorted(Customer.objects.values_list("id").union(Order.objects.values_list("id")[:2]))[0][0], people[0].pk)
    print("    ", Customer.objects.filter(name="x").explain(analyze=True, format="text").split("\n")[0].strip())


def admin():
    from django.contrib.auth.models import User
    from django.test import Client
    from shop.models import Customer
    User.objects.create_superuser("root", "r@x.org", "secret")
    c = Client(raise_request_exception=True)
    equal(c.login(username="root", password="secret"), True)
    first = Customer.objects.order_by("id").first()
    for url in ("/admin/", "/admin/shop/customer/", "/admin/shop/customer/?q=N1&active__exact=1", "/admin/shop/customer/%d/change/" % first.id,
                "/admin/shop/order/?placed__year=2026", "/admin/auth/user/"):
        equal(c.get(url).status_code, 200)
    response = c.post("/admin/shop/customer/add/", {"name": "By hand", "email": "h@x.org", "tags": "x,y", "extra": '{"a": 1}', "key": str(first.key),
                                                    "orders-TOTAL_FORMS": 0, "orders-INITIAL_FORMS": 0, "active": "on"})
    if response.status_code != 302:
        raise AssertionError(re.findall(r'errorlist.*?</ul>', response.content.decode(), re.S))
    equal(Customer.objects.get(email="h@x.org").tags, ["x", "y"])
    equal(c.post("/admin/shop/customer/", {"action": "delete_selected", "_selected_action": [first.pk], "post": "yes"}).status_code, 302)


def introspection():
    from django.db import connection
    out = io.StringIO()
    call_command("inspectdb", stdout=out)
    text = out.getvalue()
    for line in ("class ShopCustomer(models.Model):", "email = models.CharField(unique=True, max_length=254)", "extra = models.JSONField()",
                 "customer = models.ForeignKey(ShopCustomer, models.DO_NOTHING)"):
        if line not in text:
            raise AssertionError("no %r in inspectdb's output" % line)
    with connection.cursor() as cur:
        names = connection.introspection.get_constraints(cur, "shop_order")
    equal(names["total_not_negative"]["check"], True)
    equal(names["one_at_a_time"]["columns"], ["customer_id", "placed"])
    call_command("dumpdata", "shop", stdout=io.StringIO())
    call_command("sqlsequencereset", "shop", stdout=io.StringIO())
    call_command("flush", "--no-input", verbosity=0)
    call_command("check", "--database", "default", stdout=io.StringIO())


def main():
    app = configure()
    fresh_database()
    django.setup()
    for fn in (login, migrations, orm, retries, streams, admin, introspection):
        attempt(fn.__name__, fn)
    shutil.rmtree(app)
    finish()


main()
