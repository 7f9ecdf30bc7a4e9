"""The tables of TPC-H (specification, section 4.2), made from a seed: the same rows every time.

    write(folder, scale) -> {table: path of a file in COPY's text format}
    load(cursor, paths)     makes the tables and their indexes
    queries() -> {number: text}

Texts come from a small grammar, not from the specification's own; everything that the 22 queries
ask about (keys, dates, amounts, names, the words they look for) has the specification's distribution.
"""
import datetime
import os
import random
import re

SCHEMA = """
CREATE TABLE region (r_regionkey integer PRIMARY KEY, r_name char(25) NOT NULL, r_comment varchar(152));
CREATE TABLE nation (n_nationkey integer PRIMARY KEY, n_name char(25) NOT NULL,
    n_regionkey integer NOT NULL, n_comment varchar(152));
CREATE TABLE supplier (s_suppkey integer PRIMARY KEY, s_name char(25) NOT NULL, s_address varchar(40) NOT NULL,
    s_nationkey integer NOT NULL, s_phone char(15) NOT NULL, s_acctbal numeric(15,2) NOT NULL,
    s_comment varchar(101) NOT NULL);
CREATE TABLE part (p_partkey integer PRIMARY KEY, p_name varchar(55) NOT NULL, p_mfgr char(25) NOT NULL,
    p_brand char(10) NOT NULL, p_type varchar(25) NOT NULL, p_size integer NOT NULL,
    p_container char(10) NOT NULL, p_retailprice numeric(15,2) NOT NULL, p_comment varchar(23) NOT NULL);
CREATE TABLE partsupp (ps_partkey integer NOT NULL, ps_suppkey integer NOT NULL, ps_availqty integer NOT NULL,
    ps_supplycost numeric(15,2) NOT NULL, ps_comment varchar(199) NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey));
CREATE TABLE customer (c_custkey integer PRIMARY KEY, c_name varchar(25) NOT NULL, c_address varchar(40) NOT NULL,
    c_nationkey integer NOT NULL, c_phone char(15) NOT NULL, c_acctbal numeric(15,2) NOT NULL,
    c_mktsegment char(10) NOT NULL, c_comment varchar(117) NOT NULL);
CREATE TABLE orders (o_orderkey bigint PRIMARY KEY, o_custkey integer NOT NULL, o_orderstatus char(1) NOT NULL,
    o_totalprice numeric(15,2) NOT NULL, o_orderdate date NOT NULL, o_orderpriority char(15) NOT NULL,
    o_clerk char(15) NOT NULL, o_shippriority integer NOT NULL, o_comment varchar(79) NOT NULL);
CREATE TABLE lineitem (l_orderkey bigint NOT NULL, l_partkey integer NOT NULL, l_suppkey integer NOT NULL,
    l_linenumber integer NOT NULL, l_quantity numeric(15,2) NOT NULL, l_extendedprice numeric(15,2) NOT NULL,
    l_discount numeric(15,2) NOT NULL, l_tax numeric(15,2) NOT NULL, l_returnflag char(1) NOT NULL,
    l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL,
    l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL,
    l_comment varchar(44) NOT NULL, PRIMARY KEY (l_orderkey, l_linenumber));
"""

# The foreign keys' columns, and the dates that the queries select by.
INDEXES = """
CREATE INDEX nation_region ON nation (n_regionkey);
CREATE INDEX supplier_nation ON supplier (s_nationkey);
CREATE INDEX partsupp_supplier ON partsupp (ps_suppkey);
CREATE INDEX customer_nation ON customer (c_nationkey);
CREATE INDEX orders_customer ON orders (o_custkey);
CREATE INDEX orders_date ON orders (o_orderdate);
CREATE INDEX lineitem_part_supplier ON lineitem (l_partkey, l_suppkey);
CREATE INDEX lineitem_shipdate ON lineitem (l_shipdate);
"""

TABLES = ["region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem"]

NATIONS = [("ALGERIA", 0), ("ARGENTINA", 1), ("BRAZIL", 1), ("CANADA", 1), ("EGYPT", 4), ("ETHIOPIA", 0),
           ("FRANCE", 3), ("GERMANY", 3), ("INDIA", 2), ("INDONESIA", 2), ("IRAN", 4), ("IRAQ", 4),
           ("JAPAN", 2), ("JORDAN", 4), ("KENYA", 0), ("MOROCCO", 0), ("MOZAMBIQUE", 0), ("PERU", 1),
           ("CHINA", 2), ("ROMANIA", 3), ("SAUDI ARABIA", 4), ("VIETNAM", 2), ("RUSSIA", 3),
           ("UNITED KINGDOM", 3), ("UNITED STATES", 1)]
REGIONS = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"]
COLORS = """almond antique aquamarine azure beige bisque black blanched blue blush brown burlywood burnished
chartreuse chiffon chocolate coral cornflower cornsilk cream cyan dark deep dim dodger drab firebrick floral
forest frosted gainsboro ghost goldenrod green grey honeydew hot indian ivory khaki lace lavender lawn lemon
light lime linen magenta maroon medium metallic midnight mint misty moccasin navajo navy olive orange orchid
pale papaya peach peru pink plum powder puff purple red rose rosy royal saddle salmon sandy seashell sienna
sky slate smoke snow spring steel tan thistle tomato turquoise violet wheat white yellow""".split()
TYPES = (["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"],
         ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"],
         ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER"])
CONTAINERS = (["SM", "LG", "MED", "JUMBO", "WRAP"], ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"])
SEGMENTS = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"]
PRIORITIES = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]
INSTRUCTIONS = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]
MODES = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]
WORDS = """packages requests accounts deposits theodolites pinto beans instructions dependencies excuses
platelets asymptotes courts dolphins special pending unusual express furious sly careful blithe quick bold
ironic final regular even silent daring ruthless slow idle busy sleep wake haggle nag cajole boost detect
integrate above among about the along across after against""".split()

FIRST_DAY = datetime.date(1992, 1, 1)
ORDER_DAYS = (datetime.date(1998, 12, 31) - FIRST_DAY).days - 151 + 1
TODAY = datetime.date(1995, 6, 17)


class Maker:
    def __init__(self, scale, seed):
        self.r = random.Random(seed)
        self.suppliers, self.parts, self.customers = (max(1, int(n * scale)) for n in (10000, 200000, 150000))
        self.clerks = max(1, int(1000 * scale))
        words = [self.r.choice(WORDS) for _ in range(20000)]
        self.pool = " ".join(words)

    def text(self, low, high):
        size = self.r.randint(low, high)
        start = self.r.randrange(len(self.pool) - size)
        return self.pool[start:start + size].strip().ljust(low, ".")

    def address(self):
        return "".join(self.r.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789, ",
                                      k=self.r.randint(10, 40))).strip(" ,") or "x"

    def phone(self, nation):
        r = self.r
        return "%d-%d-%d-%d" % (nation + 10, r.randint(100, 999), r.randint(100, 999), r.randint(1000, 9999))

    def amount(self, low, high):
        """In hundredths, both ends included."""
        return "%.2f" % (self.r.randint(low, high) / 100)

    def region(self):
        for i, name in enumerate(REGIONS):
            yield i, name, self.text(31, 115)

    def nation(self):
        for i, (name, region) in enumerate(NATIONS):
            yield i, name, region, self.text(31, 114)

    def supplier(self):
        """Five in ten thousand complain, five recommend; at small scales at least one each."""
        marked = self.r.sample(range(1, self.suppliers + 1), min(self.suppliers, 2 * max(1, self.suppliers // 2000)))
        complain = set(marked[::2])
        for key in range(1, self.suppliers + 1):
            nation = self.r.randrange(25)
            comment = self.text(25, 60)
            if key in marked:
                comment += " Customer " + self.text(3, 10) + (" Complaints" if key in complain else " Recommends")
            yield (key, "Supplier#%09d" % key, self.address(), nation, self.phone(nation),
                   self.amount(-99999, 999999), comment)

    def price(self, part):
        return 90000 + (part // 10) % 20001 + 100 * (part % 1000)

    def part(self):
        r = self.r
        for key in range(1, self.parts + 1):
            maker = r.randint(1, 5)
            yield (key, " ".join(r.sample(COLORS, 5)), "Manufacturer#%d" % maker,
                   "Brand#%d%d" % (maker, r.randint(1, 5)), " ".join(r.choice(x) for x in TYPES),
                   r.randint(1, 50), " ".join(r.choice(x) for x in CONTAINERS),
                   "%.2f" % (self.price(key) / 100), self.text(5, 22))

    def supplier_of(self, part, i):
        s = self.suppliers
        return (part + i * (s // 4 + (part - 1) // s)) % s + 1

    def partsupp(self):
        for part in range(1, self.parts + 1):
            for i in range(4):
                yield (part, self.supplier_of(part, i), self.r.randint(1, 9999), self.amount(100, 100000),
                       self.text(49, 198))

    def customer(self):
        for key in range(1, self.customers + 1):
            nation = self.r.randrange(25)
            yield (key, "Customer#%09d" % key, self.address(), nation, self.phone(nation),
                   self.amount(-99999, 999999), self.r.choice(SEGMENTS), self.text(29, 116))

    def lines(self, order, day):
        """(rows of lineitem, status of the order, its total in hundredths)."""
        r = self.r
        rows, total, open_lines = [], 0, 0
        for number in range(1, r.randint(1, 7) + 1):
            part, quantity = r.randint(1, self.parts), r.randint(1, 50)
            price = quantity * self.price(part)
            discount, tax = r.randint(0, 10), r.randint(0, 8)
            shipped = day + datetime.timedelta(r.randint(1, 121))
            received = shipped + datetime.timedelta(r.randint(1, 30))
            is_open = shipped > TODAY
            open_lines += is_open
            total += price * (100 - discount) * (100 + tax) // 10000
            rows.append((order, part, self.supplier_of(part, r.randrange(4)), number, "%d.00" % quantity,
                         "%.2f" % (price / 100), "%.2f" % (discount / 100), "%.2f" % (tax / 100),
                         r.choice("RA") if received <= TODAY else "N", "O" if is_open else "F", shipped,
                         day + datetime.timedelta(r.randint(30, 90)), received, r.choice(INSTRUCTIONS),
                         r.choice(MODES), self.text(10, 43)))
        status = "F" if not open_lines else "O" if open_lines == len(rows) else "P"
        return rows, status, total

    def orders(self):
        """(row of orders, rows of lineitem). Keys are sparse; a third of the customers has no order."""
        r = self.r
        for i in range(self.customers * 10):
            key = i // 8 * 32 + i % 8 + 1
            customer = r.randint(1, self.customers)
            while customer % 3 == 0:
                customer = r.randint(1, self.customers)
            day = FIRST_DAY + datetime.timedelta(r.randrange(ORDER_DAYS))
            rows, status, total = self.lines(key, day)
            yield (key, customer, status, "%.2f" % (total / 100), day, r.choice(PRIORITIES),
                   "Clerk#%09d" % r.randint(1, self.clerks), 0, self.text(19, 78)), rows


def write(folder, scale, seed=1):
    maker = Maker(scale, seed)
    paths = {}

    def put(f, row):
        f.write("\t".join(map(str, row)) + "\n")

    for table in ("region", "nation", "supplier", "part", "partsupp", "customer"):
        paths[table] = os.path.join(folder, table + ".txt")
        with open(paths[table], "w", encoding="ascii") as f:
            for row in getattr(maker, table)():
                put(f, row)
    paths["orders"], paths["lineitem"] = (os.path.join(folder, t + ".txt") for t in ("orders", "lineitem"))
    with open(paths["orders"], "w", encoding="ascii") as f, open(paths["lineitem"], "w", encoding="ascii") as g:
        for row, lines in maker.orders():
            put(f, row)
            for line in lines:
                put(g, line)
    return paths


def load(cursor, paths):
    cursor.execute(SCHEMA)
    for table in TABLES:
        with open(paths[table], encoding="ascii") as f:
            cursor.copy_expert("COPY %s FROM STDIN" % table, f)
    cursor.execute(INDEXES)


def queries():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tpch_queries.sql")
    with open(path, encoding="ascii") as f:
        parts = re.split(r"^-- Q(\d+) .*\n", f.read(), flags=re.M)
    return {int(parts[i]): parts[i + 1].strip().rstrip(";") for i in range(1, len(parts), 2)}
