"""Random schemas and queries. Every query has one result, as a bag of rows, whatever its plan: windows
and LIMIT have total orders, sums are of exact numbers, and nothing fails by the order of evaluation.
"""
import re

INT, BIG, NUM, FLOAT, TEXT, BOOL, DATE, STAMP, ARRAY = (
    "int", "bigint", "numeric", "float8", "text", "bool", "date", "timestamp", "int[]")
TYPES = [INT, INT, INT, BIG, NUM, FLOAT, TEXT, TEXT, BOOL, DATE, STAMP, ARRAY]
ORDERED = [INT, BIG, NUM, FLOAT, TEXT, BOOL, DATE, STAMP, ARRAY]
WORDS = ["", "a", "b", "ab", "B", "zz", "a%", "_x", "10", "äö", "it''s", " a"]


class Column:
    def __init__(self, name, type_):
        self.name = name
        self.type = type_


class Source:
    """What a query level reads: an alias and its columns."""

    def __init__(self, alias, columns, key=None):
        self.alias = alias
        self.columns = columns
        self.key = key  # a column that is unique and not NULL, outside outer joins


class Generator:
    def __init__(self, rng):
        self.r = rng
        self.tables = []
        self.names = 0

    # ---- data ----

    def literal(self, t, null=0.1):
        r = self.r
        if r.random() < null:
            return "NULL::" + t
        if t == INT:
            return str(r.choice([0, 1, 2, 3, 5, 7, 10, -1, -4, 100, 2147483647 if r.random() < .02 else 4]))
        if t == BIG:
            return "%d::bigint" % r.choice([0, 1, 2, 3, -3, 12, 10000000000])
        if t == NUM:
            return r.choice(["0", "1.5", "2.50", "-3.25", "0.001", "100", "1e3", "7"]) + "::numeric"
        if t == FLOAT:
            return r.choice(["0", "0.5", "1.5", "-2", "4", "0.25", "'NaN'", "'Infinity'"]) + "::float8"
        if t == TEXT:
            return "'%s'::text" % r.choice(WORDS)
        if t == BOOL:
            return r.choice(["true", "false"])
        if t == DATE:
            return "'2024-%02d-%02d'::date" % (r.choice([1, 2, 3, 12]), r.choice([1, 2, 15, 28]))
        if t == STAMP:
            return "'2024-%02d-01 %02d:30'::timestamp" % (r.choice([1, 2, 3]), r.choice([0, 1, 12, 23]))
        return r.choice(["'{}'", "'{1}'", "'{1,2}'", "'{2,NULL}'", "'{5,5,5}'"]) + "::int[]"

    def schema(self):
        """Statements that make a schema with rows."""
        r = self.r
        out = []
        self.tables = []
        for n in range(r.randint(2, 4)):
            name = "t%d" % n
            columns = [Column("id", INT)]
            for i in range(r.randint(2, 6)):
                columns.append(Column("%s%d" % (r.choice("abc"), i), r.choice(TYPES)))
            self.tables.append((name, columns))
            out.append("CREATE TABLE %s (%s)" % (name, ", ".join(
                "%s %s%s" % (c.name, c.type, " PRIMARY KEY" if c.name == "id" else "") for c in columns)))
            rows = r.choice([0, 1, 3, 8, 20, 40])
            values = ["(%s)" % ", ".join([str(i + 1)] + [self.literal(c.type, 0.2) for c in columns[1:]])
                      for i in range(rows)]
            if values:
                out.append("INSERT INTO %s VALUES %s" % (name, ", ".join(values)))
            for c in columns[1:]:
                if r.random() < 0.3:
                    out.append("CREATE INDEX ON %s (%s%s)" % (name, c.name, r.choice(["", "", " DESC", ", id"])))
        if r.random() < 0.5:
            out.append("ANALYZE")
        return out

    # ---- expressions ----

    def name(self, prefix):
        self.names += 1
        return "%s%d" % (prefix, self.names)

    def columns(self, scope, t):
        return [s.alias + "." + c.name for s in scope for c in s.columns if c.type == t]

    def leaf(self, scope, t):
        have = self.columns(scope, t)
        if have and self.r.random() < 0.8:
            return self.r.choice(have)
        return self.literal(t)

    def expr(self, scope, t, depth=2):
        """An expression; subqueries in it from depth 2 on."""
        r = self.r
        if depth <= 0 or r.random() < 0.25:
            return self.leaf(scope, t)
        e = lambda x: self.expr(scope, x, depth - 1)  # noqa: E731
        kind = r.random()
        if kind < 0.12:
            return "CASE WHEN %s THEN %s %sEND" % (self.cond(scope, depth - 1), e(t),
                                                   "ELSE %s " % e(t) if r.random() < .7 else "")
        if kind < 0.2:
            return "coalesce(%s, %s)" % (e(t), e(t))
        if kind < 0.25:
            return "nullif(%s, %s)" % (e(t), e(t))
        if kind < 0.3 and t not in (BOOL,):
            return "%s(%s, %s)" % (r.choice(["greatest", "least"]), e(t), e(t))
        if kind < 0.34 and depth > 1:
            return self.scalar(scope, t)
        if t in (INT, BIG):
            small = lambda: "(%s %% 1000)" % e(t)  # noqa: E731
            return r.choice([
                lambda: "(%s %s %s)" % (small(), r.choice("+-*"), small()),
                lambda: "(%s / nullif(%s, 0))" % (small(), small()),
                lambda: "abs(%s)" % small(), lambda: "(-%s)" % small(),
                lambda: "length(%s)%s" % (e(TEXT), "::bigint" if t == BIG else ""),
                lambda: "%s::%s" % (r.choice([small(), "(%s)" % self.cond(scope, 0)]) if t == INT else small(), t),
                lambda: "cardinality(%s)%s" % (e(ARRAY), "::bigint" if t == BIG else ""),
                lambda: "extract(%s from %s)::%s" % (r.choice(["year", "month", "day", "dow"]), e(DATE), t),
                lambda: "(%s & %s)" % (e(t), e(t)),
            ])()
        if t == NUM:
            return r.choice([
                lambda: "(%s %s %s)" % (e(t), r.choice("+-"), e(t)),
                lambda: "round(%s, %d)" % (e(t), r.randint(-1, 3)),
                lambda: "(%s * %s)" % (self.leaf(scope, t), self.leaf(scope, t)),
                lambda: "(%s / nullif(%s, 0))" % (self.leaf(scope, t), self.leaf(scope, t)),
                lambda: "%s::numeric" % e(INT), lambda: "trunc(%s)" % e(t), lambda: "abs(%s)" % e(t)])()
        if t == FLOAT:
            return r.choice([
                lambda: "(%s %s %s)" % (self.leaf(scope, t), r.choice("+-"), self.leaf(scope, t)),
                lambda: "floor(%s)" % e(t), lambda: "%s::float8" % e(INT), lambda: "sign(%s)" % e(t)])()
        if t == TEXT:
            return r.choice([
                lambda: "(%s || %s)" % (e(t), e(r.choice([TEXT, TEXT, INT, BOOL, DATE]))),
                lambda: "upper(%s)" % e(t), lambda: "substr(%s, %d, %d)" % (e(t), r.randint(-1, 3), r.randint(0, 3)),
                lambda: "%s::text" % e(r.choice([INT, NUM, BOOL, DATE, STAMP, ARRAY])),
                lambda: "replace(%s, %s, 'x')" % (e(t), e(t)), lambda: "trim(%s)" % e(t),
                lambda: "left(%s, 2)" % e(t), lambda: "concat(%s, %s)" % (e(t), e(INT)),
                lambda: "lpad(left(%s, 5), 4, '*')" % e(t), lambda: "md5(%s)" % e(t)])()
        if t == BOOL:
            return "(%s)" % self.cond(scope, depth)
        if t == DATE:
            return r.choice([lambda: "(%s + %d)" % (e(t), r.randint(-40, 40)), lambda: "%s::date" % e(STAMP)])()
        if t == STAMP:
            return r.choice([lambda: "(%s + interval '%d hours')" % (e(t), r.randint(-50, 50)),
                             lambda: "date_trunc('%s', %s)" % (r.choice(["day", "month", "year"]), e(t)),
                             lambda: "%s::timestamp" % e(DATE)])()
        return r.choice([lambda: "(%s || %s)" % (e(t), e(t)), lambda: "array_append(%s, %s)" % (e(t), e(INT)),
                         lambda: "ARRAY[%s, %s]" % (e(INT), e(INT)), lambda: "array_remove(%s, 1)" % e(t)])()

    def cond(self, scope, depth=2):
        r = self.r
        e = lambda x: self.expr(scope, x, depth - 1)  # noqa: E731
        kind = r.random()
        if depth > 0 and kind < 0.2:
            return "(%s %s %s)" % (self.cond(scope, depth - 1), r.choice(["AND", "OR"]), self.cond(scope, depth - 1))
        if depth > 0 and kind < 0.27:
            return "(NOT %s)" % self.cond(scope, depth - 1)
        if kind < 0.37:
            return "(%s IS %sNULL)" % (e(r.choice(TYPES)), r.choice(["", "NOT "]))
        t = r.choice(ORDERED)
        if kind < 0.43:
            return "(%s IS %sDISTINCT FROM %s)" % (e(t), r.choice(["", "NOT "]), e(t))
        if kind < 0.48:
            return "(%s %sIN (%s))" % (e(t), r.choice(["", "NOT "]), ", ".join(self.literal(t) for _ in range(r.randint(1, 4))))
        if kind < 0.52:
            return "(%s %sBETWEEN %s%s AND %s)" % (e(t), r.choice(["", "NOT "]), r.choice(["", "SYMMETRIC "]), e(t), e(t))
        if kind < 0.57:
            return "(%s %s %s)" % (e(TEXT), r.choice(["LIKE", "NOT LIKE", "ILIKE"]), r.choice(["'a%'", "'%b%'", "'_'", "'%\\%'"]))
        if kind < 0.61:
            return "(%s IS %s)" % (e(BOOL), r.choice(["TRUE", "NOT TRUE", "FALSE", "UNKNOWN", "NOT UNKNOWN"]))
        if kind < 0.65:
            return "(%s = ANY (%s))" % (e(INT), e(ARRAY))
        if kind < 0.69:
            u = r.choice(ORDERED)
            return "((%s, %s) %s (%s, %s))" % (e(t), e(u), r.choice(["=", "<>", "<", ">="]), e(t), e(u))
        if depth > 0 and kind < 0.78:
            return self.sublink(scope)
        return "(%s %s %s)" % (e(t), r.choice(["=", "=", "<>", "<", "<=", ">", ">="]), e(t))

    # ---- subqueries in expressions ----

    def table(self):
        name, columns = self.r.choice(self.tables)
        alias = self.name("s")
        return "%s %s" % (name, alias), Source(alias, columns, "id")

    def sublink(self, scope):
        r = self.r
        item, s = self.table()
        inner = [s] + (scope if r.random() < 0.6 else [])
        where = self.cond(inner, 1)
        kind = r.random()
        if kind < 0.45:
            return "(%sEXISTS (SELECT 1 FROM %s WHERE %s))" % (r.choice(["", "NOT "]), item, where)
        t = r.choice(ORDERED)
        if kind < 0.52:
            u = r.choice(ORDERED)
            return "((%s, %s) %s (SELECT %s, %s FROM %s WHERE %s ORDER BY %s.id LIMIT 1))" % (
                self.leaf(scope, t), self.leaf(scope, u), r.choice(["=", "<>", "<", ">="]),
                self.expr(inner, t, 1), self.expr(inner, u, 1), item, where, s.alias)
        if kind < 0.8:
            return "(%s %sIN (SELECT %s FROM %s WHERE %s))" % (self.leaf(scope, t), r.choice(["", "NOT "]),
                                                              self.expr(inner, t, 1), item, where)
        return "(%s %s %s (SELECT %s FROM %s WHERE %s))" % (
            self.leaf(scope, t), r.choice(["=", "<", ">", "<>"]), r.choice(["ANY", "ALL"]),
            self.expr([s], t, 1), item, where)

    def scalar(self, scope, t):
        r = self.r
        item, s = self.table()
        inner = [s] + (scope if r.random() < 0.6 else [])
        where = self.cond(inner, 1)
        if t in (BOOL, ARRAY) or r.random() < 0.3:
            return "(SELECT %s FROM %s WHERE %s ORDER BY %s.id LIMIT 1)" % (self.expr(inner, t, 1), item, where, s.alias)
        if t == BIG and r.random() < 0.5:
            return "(SELECT count(*) FROM %s WHERE %s)" % (item, where)
        return "(SELECT %s(%s) FROM %s WHERE %s)" % (r.choice(["max", "min"]), self.expr([s], t, 1), item, where)

    # ---- FROM ----

    def item(self, scope, depth):
        """Text and source of a FROM item; `scope`: what LATERAL may see."""
        r = self.r
        kind = r.random()
        if kind < 0.65 or depth <= 0:
            return self.table()
        alias = self.name("q")
        if kind < 0.85:
            lateral = scope and r.random() < 0.5
            text, columns = self.select(depth - 1, scope if lateral else [])
            return "%s(%s) %s" % ("LATERAL " if lateral else "", text, alias), Source(alias, columns)
        if kind < 0.93:
            types = [r.choice(TYPES) for _ in range(r.randint(1, 3))]
            rows = ", ".join("(%s)" % ", ".join(self.literal(t) for t in types) for _ in range(r.randint(1, 4)))
            columns = [Column("v%d" % i, t) for i, t in enumerate(types)]
            return "(VALUES %s) %s(%s)" % (rows, alias, ", ".join(c.name for c in columns)), Source(alias, columns)
        top = self.leaf(scope, INT) if scope and r.random() < 0.5 else str(r.randint(0, 4))
        return "generate_series(1, least(%s, 6)) %s(n)" % (top, alias), Source(alias, [Column("n", INT)])

    def from_clause(self, depth):
        r = self.r
        text, s = self.item([], depth)
        scope = [s]
        for _ in range(r.choice([0, 0, 1, 1, 2])):
            kind = r.choice(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ","])
            right, t = self.item(scope if kind in ("JOIN", "LEFT JOIN", "CROSS JOIN") else [], depth)
            if kind in ("CROSS JOIN", ","):
                text = "(%s) CROSS JOIN %s" % (text, right) if kind != "," and " JOIN " in text else \
                    "%s CROSS JOIN %s" % (text, right)
            else:
                text = "%s %s %s ON %s" % (text, kind, right, self.join_condition(scope, t, kind))
            scope = scope + [t]
        return text, scope

    def join_condition(self, left, right, kind):
        r = self.r
        pairs = [(a.alias + "." + x.name, right.alias + "." + y.name)
                 for a in left for x in a.columns for y in right.columns if x.type == y.type]
        if not pairs:
            return r.choice(["true", "false"]) if kind == "FULL JOIN" else self.cond(left + [right], 1)
        equal = "%s = %s" % r.choice(pairs)
        if kind == "FULL JOIN" or r.random() < 0.6:
            return equal
        return "%s AND %s" % (equal, self.cond(left + [right], 1))

    # ---- SELECT ----

    def aggregate(self, scope, t):
        r = self.r
        e = lambda x: self.expr(scope, x, 1)  # noqa: E731
        distinct = r.choice(["", "", "DISTINCT "])
        out = {
            INT: lambda: "%s(%s)" % (r.choice(["max", "min", "bit_and", "bit_or"]), e(INT)),
            BIG: lambda: r.choice([lambda: "count(*)", lambda: "count(%s%s)" % (distinct, e(r.choice(ORDERED))),
                                   lambda: "sum(%s%s)" % (distinct, e(INT))])(),
            NUM: lambda: "%s(%s%s)" % (r.choice(["sum", "max", "min"]), distinct, e(NUM)),
            FLOAT: lambda: "%s(%s)" % (r.choice(["max", "min"]), e(FLOAT)),
            TEXT: lambda: r.choice([lambda: "%s(%s)" % (r.choice(["max", "min"]), e(TEXT)),
                                    lambda: "string_agg(DISTINCT %s, ',')" % e(TEXT)])(),
            BOOL: lambda: "%s(%s)" % (r.choice(["bool_and", "bool_or"]), e(BOOL)),
            DATE: lambda: "max(%s)" % e(DATE), STAMP: lambda: "min(%s)" % e(STAMP),
            ARRAY: lambda: "array_agg(DISTINCT %s)" % e(INT)}[t]()
        return out + (" FILTER (WHERE %s)" % self.cond(scope, 1) if r.random() < 0.2 else "")

    def grouped(self, depth, outer):
        r = self.r
        text, scope = self.from_clause(depth)
        where = " WHERE " + self.cond(scope + outer, 2) if r.random() < 0.5 else ""
        keys = []
        for _ in range(r.choice([0, 1, 1, 2, 3])):
            t = r.choice(ORDERED)
            have = self.columns(scope, t)
            keys.append((r.choice(have) if have and r.random() < .7 else self.expr(scope, t, 1), t))
        # Equal subqueries are the same to PostgreSQL alone.
        keys = [k for k in keys if re.search(r"[a-z]\d+\.[a-z]", k[0]) and "SELECT" not in k[0]]
        columns, targets = [], []
        for k, t in keys:
            columns.append(Column("c%d" % len(columns), t))
            targets.append("%s AS %s" % (k, columns[-1].name))
        for _ in range(r.randint(1, 3)):
            t = r.choice(TYPES)
            columns.append(Column("c%d" % len(columns), t))
            targets.append("%s AS %s" % (self.aggregate(scope, t), columns[-1].name))
        group = ""
        if keys:
            names = [k for k, _ in keys]
            # PostgreSQL 15 drops a sort key that folds to a constant, also where a set lacks it.
            plain = all(re.fullmatch(r"[a-z]\d+\.\w+", k) for k in names)
            group = " GROUP BY " + r.choice([", ".join(names)] * 4 + plain * [
                "ROLLUP (%s)" % ", ".join(names), "CUBE (%s)" % ", ".join(names),
                "GROUPING SETS ((%s), ())" % ", ".join(names)])
        having = " HAVING %s %s" % (self.aggregate(scope, BIG), r.choice(["> 1", "IS NOT NULL", "< 5"])) \
            if r.random() < 0.25 else ""
        return "SELECT %s FROM %s%s%s%s" % (", ".join(targets), text, where, group, having), columns

    def window(self, scope, order, t):
        """A window function over rows in a total order."""
        r = self.r
        part = "PARTITION BY %s " % self.expr(scope, r.choice(ORDERED), 1) if r.random() < 0.6 else ""
        lead = "%s%s, " % (self.expr(scope, r.choice(ORDERED), 1), r.choice(["", " DESC", " NULLS FIRST"])) \
            if r.random() < 0.6 else ""
        frame = r.choice(["", "", " ROWS BETWEEN %d PRECEDING AND %d FOLLOWING" % (r.randint(0, 3), r.randint(0, 3)),
                          " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", " RANGE UNBOUNDED PRECEDING",
                          " GROUPS BETWEEN 1 PRECEDING AND 2 FOLLOWING", " ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING"])
        if frame:
            frame += r.choice([""] * 4 + [" EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"])
        e = self.expr(scope, t, 1)
        if t == BIG and r.random() < 0.7:
            f = r.choice(["row_number()", "rank()", "dense_rank()", "count(*)", "sum(%s)" % self.expr(scope, INT, 1)])
        elif t == INT and r.random() < 0.4:
            f = "ntile(%d)" % r.randint(1, 5)
        else:
            f = r.choice(["lag(%s)", "lead(%s, 2)", "first_value(%s)", "last_value(%s)", "nth_value(%s, 2)"] +
                         (["max(%s)", "min(%s)"] if t not in (BOOL, ARRAY) else [])) % e
        return "%s OVER (%sORDER BY %s%s%s)" % (f, part, lead, order, frame)

    def plain(self, depth, outer):
        r = self.r
        text, scope = self.from_clause(depth)
        everything = scope + outer
        where = " WHERE " + self.cond(everything, 2) if r.random() < 0.7 else ""
        total = ", ".join("%s.%s" % (s.alias, s.key) for s in scope) if all(s.key for s in scope) else None
        windows = total and r.random() < 0.35
        columns, targets = [], []
        if not windows and r.random() < 0.06:
            columns.append(Column("c0", INT))
            targets.append("%sgenerate_series(1, least(%s, 4))%s AS c0" % (
                r.choice(["", "10 + "]), self.expr(everything, INT, 1), r.choice(["", " * 2"])))
        for _ in range(r.randint(1, 4)):
            t = r.choice(TYPES)
            columns.append(Column("c%d" % len(columns), t))
            targets.append("%s AS %s" % (self.window(scope, total, t) if windows and r.random() < .6
                                         else self.expr(everything, t, 2), columns[-1].name))
        distinct = "DISTINCT " if not windows and r.random() < 0.15 else ""
        return "SELECT %s%s FROM %s%s" % (distinct, ", ".join(targets), text, where), columns

    def select(self, depth, outer=()):
        r = self.r
        outer = list(outer)
        kind = r.random()
        if kind < 0.12 and depth > 0:
            return self.setop(depth, outer)
        text, columns = self.grouped(depth, outer) if kind < 0.4 else self.plain(depth, outer)
        if r.random() < 0.2:
            text += " ORDER BY " + ", ".join("%d%s" % (i + 1, r.choice(["", " DESC", " NULLS FIRST"]))
                                             for i in range(len(columns)))
            text += r.choice(["", " LIMIT %d" % r.randint(0, 6), " LIMIT 5 OFFSET %d" % r.randint(0, 3)])
        return text, columns

    def setop(self, depth, outer):
        r = self.r
        left, columns = self.plain(depth - 1, outer)
        text, scope = self.from_clause(depth - 1)
        right = "SELECT %s FROM %s WHERE %s" % (", ".join(self.expr(scope, c.type, 1) for c in columns), text,
                                                self.cond(scope, 1))
        return "(%s) %s (%s)" % (left, r.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL"]),
                                 right), columns

    # ---- data changes ----

    def target(self):
        name, columns = self.r.choice(self.tables)
        alias = self.name("d")
        return name, alias, Source(alias, columns, "id"), columns

    def assignments(self, scope, columns, rows=True):
        """SET for some columns other than the key; `rows`: perhaps several from one subquery."""
        r = self.r
        free = [c for c in columns if c.name != "id"]
        some = r.sample(free, r.randint(1, len(free)))
        if rows and len(some) > 1 and r.random() < 0.3:
            item, s = self.table()
            values = ", ".join(self.expr([s] + scope, c.type, 1) for c in some)
            return "(%s) = (SELECT %s FROM %s ORDER BY %s.id LIMIT 1)" % (
                ", ".join(c.name for c in some), values, item, s.alias)
        return ", ".join("%s = %s" % (c.name, self.expr(scope, c.type, 2)) for c in some)

    def change(self):
        r = self.r
        name, alias, target, columns = self.target()
        kind = r.random()
        if kind < 0.3:
            other, s = self.table()
            join, scope = ("", [target]) if r.random() < 0.5 else (" FROM " + other, [target, s])
            on = " AND %s.id = %s.id" % (alias, s.alias) if join else ""
            return "UPDATE %s %s SET %s%s WHERE %s%s RETURNING %s.*" % (
                name, alias, self.assignments(scope, columns), join, self.cond(scope, 2), on, alias)
        if kind < 0.45:
            return "DELETE FROM %s %s WHERE %s AND %s.id %% 3 = 0 RETURNING *, %s" % (
                name, alias, self.cond([target], 2), alias, self.expr([target], TEXT, 1))
        item, s = self.table()
        values = ", ".join(self.expr([s], c.type, 1) for c in columns[1:])
        key = "%s.id + %d" % (s.alias, r.choice([0, 0, 5, 30]))
        if kind < 0.75:
            excluded = Source("excluded", columns)
            action = r.choice(["NOTHING", "UPDATE SET %s%s" % (
                self.assignments([target, excluded], columns),
                " WHERE " + self.cond([target, excluded], 1) if r.random() < .4 else "")])
            return "INSERT INTO %s AS %s SELECT %s, %s FROM %s WHERE %s ON CONFLICT (id) DO %s RETURNING %s.*" % (
                name, alias, key, values, item, self.cond([s], 1), action, alias)
        both = [target, s]
        # In MERGE, PostgreSQL 15 fails at several columns from one subquery.
        when = ["WHEN MATCHED AND %s THEN %s" % (
            self.cond(both, 1), r.choice(["DELETE", "DO NOTHING", "UPDATE SET " + self.assignments(both, columns, False)]))
            for _ in range(r.randint(0, 2))]
        when.append("WHEN MATCHED THEN UPDATE SET " + self.assignments(both, columns, False))
        when.append("WHEN NOT MATCHED%s THEN INSERT VALUES (%s, %s)" % (
            " AND " + self.cond([s], 1) if r.random() < .5 else "", key, values))
        return "MERGE INTO %s %s USING %s ON %s.id = %s %s" % (name, alias, item, alias, key, " ".join(when))

    def query(self):
        r = self.r
        self.names = 0
        if r.random() < 0.1:
            return self.change()
        if r.random() < 0.15:
            inner, columns = self.select(1)
            saved = self.tables
            self.tables = saved + [("w", [Column("id", BIG)] + columns)] * 2
            text, _ = self.select(2)
            self.tables = saved
            return "WITH w AS %s(SELECT row_number() OVER (ORDER BY %s) AS id, z.* FROM (%s) z) %s" % (
                r.choice(["", "MATERIALIZED ", "NOT MATERIALIZED "]),
                ", ".join("z." + c.name for c in columns), inner, text)
        return self.select(2)[0]
