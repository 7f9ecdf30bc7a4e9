"""SQLAlchemy 2: Core, ORM, reflection, asyncio; Alembic's autogenerate against what it made."""
import asyncio
import datetime
import decimal
import enum
import os
import uuid

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

from report import LOGIN, attempt, attempt_async, equal, finish, logs_in, retried

URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")


def login():
    def ask(url):
        engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
        with engine.connect() as c:
            return c.execute(sa.text(LOGIN)).one()
    logs_in(ask, sa.exc.OperationalError)


def retries():
    engine = sa.create_engine(URL, isolation_level="SERIALIZABLE", pool_size=4)
    with engine.begin() as c:
        c.execute(sa.text("DROP TABLE IF EXISTS sqla_counter"))
        c.execute(sa.text("CREATE TABLE sqla_counter AS SELECT 0 AS n"))

    def add():
        with Session(engine) as s, s.begin():
            n = s.scalar(sa.text("SELECT n FROM sqla_counter"))
            s.execute(sa.text("UPDATE sqla_counter SET n = :n"), {"n": n + 1})

    done = retried(add, lambda e: isinstance(e, sa.exc.OperationalError) and e.orig.sqlstate == "40001")
    with engine.connect() as c:
        equal((done, c.scalar(sa.text("SELECT n FROM sqla_counter"))), (20, 20))
    engine.dispose()


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="sqla")


class Mood(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Author(Base):
    __tablename__ = "author"
    __table_args__ = (sa.UniqueConstraint("name", "born", name="once"), sa.CheckConstraint("born > 0", name="after_christ"),
                      sa.Index("author_lower", sa.text("lower(name)")), {"comment": "who writes"})
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80), comment="in full")
    born: Mapped[int] = mapped_column(sa.SmallInteger)
    mood: Mapped[Mood] = mapped_column(sa.Enum(Mood, name="mood", schema="sqla"), server_default="LOW")
    tags: Mapped[list] = mapped_column(pg.ARRAY(sa.Text), default=list)
    extra: Mapped[dict] = mapped_column(pg.JSONB, default=dict)
    key: Mapped[uuid.UUID] = mapped_column(server_default=sa.text("gen_random_uuid()"))
    seen: Mapped[datetime.datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    books: Mapped[list["Book"]] = relationship(back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "book"
    __table_args__ = (sa.Index("book_price", "price", postgresql_where=sa.text("price > 10"), postgresql_include=["title"]),)
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.Text)
    price: Mapped[decimal.Decimal] = mapped_column(sa.Numeric(10, 2))
    taxed: Mapped[decimal.Decimal] = mapped_column(sa.Numeric, sa.Computed("price * 1.19", persisted=True))
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("sqla.author.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"))
    author: Mapped[Author] = relationship(back_populates="books")


engine = sa.create_engine(URL)


def create():
    with engine.begin() as c:
        c.execute(sa.text("DROP SCHEMA IF EXISTS sqla CASCADE"))
        c.execute(sa.schema.CreateSchema("sqla"))
    Base.metadata.create_all(engine)
    Base.metadata.create_all(engine)  # finds all there


def orm():
    with Session(engine) as s:
        a = Author(name="Ann", born=1900, tags=["x", "y"], extra={"k": [1, None]})
        a.books = [Book(title="T%d" % i, price=decimal.Decimal("9.50") + i) for i in range(5)]
        s.add(a)
        s.add(Author(name="Bob", born=1950, mood=Mood.HIGH))
        s.commit()
        s.expire_all()
        got = s.scalars(sa.select(Author).options(selectinload(Author.books)).where(Author.tags.contains(["x"]))).one()
        equal((got.name, got.mood, got.extra, len(got.books)), ("Ann", Mood.LOW, {"k": [1, None]}, 5))
        equal(got.books[0].taxed, decimal.Decimal("11.3050"))
        equal(s.scalar(sa.select(sa.func.count()).where(Author.extra["k"][0].astext == "1")), 1)
        got.books.pop()
        got.extra = {"k": 2}
        s.commit()
        equal(s.scalar(sa.select(sa.func.count(Book.id))), 4)
        best = sa.select(Book.author_id, sa.func.max(Book.price).label("most"),
                         sa.func.row_number().over(order_by=Book.author_id).label("n")).group_by(Book.author_id).subquery()
        row = s.execute(sa.select(Author.name, best.c.most).join(best, best.c.author_id == Author.id)).one()
        equal(tuple(row), ("Ann", decimal.Decimal("12.50")))
        s.delete(got)
        s.commit()
        equal(s.scalar(sa.select(sa.func.count(Book.id))), 0)


def core():
    t = Author.__table__
    with engine.begin() as c:
        up = pg.insert(t).values(name="Cy", born=1, tags=[], extra={})
        up = up.on_conflict_do_update(constraint="once", set_={"extra": {"again": True}}).returning(t.c.id, t.c.extra)
        first = c.execute(up).one()
        equal(c.execute(up).one(), (first.id, {"again": True}))
        many = [{"name": "n%d" % i, "born": i + 1, "tags": [], "extra": {}} for i in range(1000)]
        equal(len(c.execute(sa.insert(t).returning(t.c.id, sort_by_parameter_order=True), many).all()), 1000)
        r = sa.select(t.c.id).where(t.c.name.like("n%")).cte("r", recursive=True)
        equal(c.scalar(sa.select(sa.func.count()).select_from(r)), 1000)
        equal(c.execute(sa.update(t).where(t.c.born < 11).values(born=t.c.born + 1)).rowcount, 11)
        try:
            with c.begin_nested():
                c.execute(sa.insert(t).values(name="Cy", born=-1, tags=[], extra={}))
        except sa.exc.IntegrityError as e:
            equal(e.orig.sqlstate, "23514")
        equal(c.execute(sa.select(sa.literal(1.5), sa.func.now() > sa.text("'2020-01-01'"))).one(), (1.5, True))
    with engine.connect().execution_options(stream_results=True, yield_per=100) as c:
        equal(sum(1 for _ in c.execute(sa.select(t))), 1002)


def reflection():
    i = sa.inspect(engine)
    equal(sorted(i.get_table_names("sqla")), ["author", "book"])
    columns = {c["name"]: c for c in i.get_columns("author", "sqla")}
    equal((str(columns["name"]["type"]), columns["name"]["comment"], columns["id"]["identity"]["always"]), ("VARCHAR(80)", "in full", True))
    equal(columns["mood"]["type"].enums, ["LOW", "HIGH"])
    equal({c["name"]: c for c in i.get_columns("book", "sqla")}["taxed"]["computed"]["persisted"], True)
    equal(i.get_pk_constraint("author", "sqla")["constrained_columns"], ["id"])
    fk = i.get_foreign_keys("book", "sqla")[0]
    equal((fk["referred_table"], fk["options"]), ("author", {"ondelete": "CASCADE", "deferrable": True, "initially": "DEFERRED"}))
    equal([u["name"] for u in i.get_unique_constraints("author", "sqla")], ["once"])
    equal([u["name"] for u in i.get_check_constraints("author", "sqla")], ["after_christ"])
    index = {x["name"]: x for x in i.get_indexes("book", "sqla")}["book_price"]
    equal(index["dialect_options"]["postgresql_include"], ["title"])
    equal({x["name"]: x for x in i.get_indexes("author", "sqla")}["author_lower"]["expressions"], ["lower(name::text)"])
    equal(i.get_table_comment("author", "sqla")["text"], "who writes")
    with engine.begin() as c:
        c.execute(sa.text("CREATE OR REPLACE VIEW sqla.v AS SELECT name FROM sqla.author"))
    equal(i.get_view_names("sqla"), ["v"])
    again = sa.MetaData()
    again.reflect(engine, schema="sqla")
    equal(sorted(again.tables), ["sqla.author", "sqla.book"])


def autogenerate():
    with engine.connect() as c:
        options = {"compare_type": True, "compare_server_default": True, "include_schemas": True,
                   "include_name": lambda name, kind, _: kind != "schema" or name == "sqla"}
        context = MigrationContext.configure(c, opts=options)
        equal(compare_metadata(context, Base.metadata), [])
        op = Operations(context)
        op.add_column("book", sa.Column("pages", sa.Integer(), nullable=True), schema="sqla")
        op.alter_column("book", "title", type_=sa.String(200), schema="sqla")
        op.drop_index("book_price", table_name="book", schema="sqla")
        changes = compare_metadata(context, Base.metadata)
        equal(sorted(d[0] if isinstance(d, tuple) else d[0][0] for d in changes), ["add_index", "modify_type", "remove_column"])
        c.rollback()


async def asynchronous():
    e = create_async_engine(URL.replace("+psycopg", "+asyncpg"))
    make = async_sessionmaker(e)
    async with make() as s:
        s.add(Author(name="Async", born=2000))
        await s.commit()
        equal((await s.scalars(sa.select(Author.born).where(Author.name == "Async"))).one(), 2000)
    async with e.connect() as c:
        result = await c.stream(sa.text("SELECT i FROM generate_series(1, 100) i"))
        equal(sum([row[0] async for row in result]), 5050)
    await e.dispose()


def main():
    for fn in (login, retries, create, orm, core, reflection, autogenerate):
        attempt(fn.__name__, fn)
    asyncio.run(attempt_async("asyncio with asyncpg", asynchronous))
    finish()


main()
