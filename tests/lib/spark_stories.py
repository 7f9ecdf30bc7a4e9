"""What Spark does to tables in tests/sync/spark.py. In a step {t} is the table, {path} its folder; "python:" begins a
program that knows `spark`. `feed`: the table has a change data feed from its first version on."""


def with_properties(*properties):
    return "TBLPROPERTIES (%s)" % ", ".join("'%s' = '%s'" % p for p in properties)


FEED = ("delta.enableChangeDataFeed", "true")
VECTORS = ("delta.enableDeletionVectors", "true")
NO_VECTORS = ("delta.enableDeletionVectors", "false")
NAMES = ("delta.columnMapping.mode", "name")
ROW_TRACKING = ("delta.enableRowTracking", "true")
COMMIT_TIMES = ("delta.enableInCommitTimestamps", "true")

MERGE = """MERGE INTO {t} t USING (SELECT id * 3 AS id, concat('m', id) AS k, id * 1.25D AS v FROM range(2, 60)) s
    ON t.id = s.id WHEN MATCHED AND s.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET k = s.k, v = s.v
    WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE AND t.id > 90 THEN UPDATE SET k = 'left'"""


def common(*properties):
    """The operations that every table knows."""
    return [
        "CREATE TABLE {t} (id BIGINT, k STRING, v DOUBLE) USING delta " + with_properties(*properties),
        "INSERT INTO {t} SELECT /*+ REPARTITION(3) */ id, concat('k', id % 7), "
        "if(id % 11 = 0, NULL, id * 0.5D) FROM range(100)",
        "INSERT INTO {t} VALUES (1000, NULL, NULL), (1001, '', -0.0D), (1002, 'é \\'\"', double('NaN'))",
        "DELETE FROM {t} WHERE id % 10 = 3",
        "UPDATE {t} SET k = concat(k, '+'), v = v + 1 WHERE id % 4 = 1",
        MERGE,
        "OPTIMIZE {t}",
        "INSERT INTO {t} SELECT id, 'again', 2.5D FROM range(2000, 2020)",
        "DELETE FROM {t} WHERE k = 'again' AND id > 2010",
        "OPTIMIZE {t} ZORDER BY (k, v)",
        "INSERT INTO {t} REPLACE WHERE id >= 2000 SELECT id, 'replaced', 3D FROM range(2005, 2012)",
        "UPDATE {t} SET v = 0",
        "REORG TABLE {t} APPLY (PURGE)",
        "DELETE FROM {t}",
        "RESTORE TABLE {t} TO VERSION AS OF 5",
        "INSERT OVERWRITE {t} SELECT id, 'over', id * 1D FROM range(40, 60)",
        "INSERT INTO {t} SELECT id, 'after', id * 1D FROM range(60, 70)",
        "VACUUM {t} RETAIN 0 HOURS",
        "DELETE FROM {t} WHERE id < 45",
        "UPDATE {t} SET k = NULL WHERE id = 50",
    ]


def story(steps, *properties, **more):
    return dict({"steps": steps, "feed": FEED in properties}, **more)


def plain(*properties, **more):
    return story(common(*properties), *properties, **more)


def partitioned(*properties):
    return story([
        "CREATE TABLE {t} (id BIGINT, p STRING, d DATE, n INT) USING delta PARTITIONED BY (p, d) " +
        with_properties(*properties),
        "INSERT INTO {t} SELECT id, element_at(array('a b', 'x/y', 'q=1%', 'é', 'A:b'), int(id % 5) + 1), "
        "date_add(DATE'1969-12-30', int(id % 3)), int(id) FROM range(60)",
        "INSERT INTO {t} VALUES (100, NULL, NULL, 1), (101, NULL, DATE'2026-01-31', NULL), (102, 'a b', NULL, 3)",
        "DELETE FROM {t} WHERE p = 'x/y'",
        "DELETE FROM {t} WHERE p = 'é' AND n % 2 = 0",
        "UPDATE {t} SET p = 'moved' WHERE id % 9 = 0",
        "INSERT INTO {t} REPLACE WHERE p = 'moved' SELECT id + 200, 'moved', DATE'2026-02-01', 7 FROM range(5)",
        "SET spark.sql.sources.partitionOverwriteMode = dynamic",
        "INSERT OVERWRITE {t} SELECT id + 300, 'q=1%', DATE'1969-12-30', 8 FROM range(4)",
        "RESET spark.sql.sources.partitionOverwriteMode",
        "OPTIMIZE {t} WHERE p = 'a b'",
        "MERGE INTO {t} t USING (SELECT 100L + id AS id, 'a b' AS p, DATE'2026-01-31' AS d, 5 AS n FROM range(5)) s "
        "ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
        "python:spark.range(400, 410).selectExpr('id', \"'w' p\", \"DATE'2026-03-01' d\", '1 n').write.format('delta')"
        ".mode('overwrite').option('replaceWhere', \"p in ('w', 'A:b') and d >= '1900-01-01'\")"
        ".option('spark.databricks.delta.replaceWhere.constraintCheck.enabled', 'false').save('{path}')",
        "VACUUM {t} RETAIN 0 HOURS",
        "INSERT INTO {t} VALUES (900, '', DATE'2026-01-31', 9)",
    ], *properties)


def mapped(mode, *properties):
    return story([
        "CREATE TABLE {t} (id BIGINT, `a b` STRING, s STRUCT<x: INT, y: STRING>, n INT, gone INT) USING delta " +
        with_properties(("delta.columnMapping.mode", mode), *properties),
        "INSERT INTO {t} SELECT id, concat('v', id), named_struct('x', int(id), 'y', 'y'), int(id), 1 FROM range(20)",
        "ALTER TABLE {t} ADD COLUMN (extra DECIMAL(20,4) AFTER id, s.z ARRAY<STRUCT<q: BIGINT>>)",
        "INSERT INTO {t} (id, extra, `a b`, s, n, gone) SELECT id, 12345.6789, 'new', "
        "named_struct('x', 1, 'y', 'n', 'z', array(named_struct('q', 5L), NULL)), 2, 3 FROM range(20, 25)",
        "ALTER TABLE {t} RENAME COLUMN `a b` TO `c,d`",
        "UPDATE {t} SET `c,d` = 'renamed' WHERE id < 3",
        "ALTER TABLE {t} DROP COLUMN gone",
        "INSERT INTO {t} (id, extra, `c,d`, s, n) VALUES (50, 1, 'dropped', NULL, NULL)",
        "ALTER TABLE {t} ADD COLUMN (gone STRING)",
        "UPDATE {t} SET gone = 'back' WHERE id % 2 = 0",
        "ALTER TABLE {t} RENAME COLUMN n TO m",
        "ALTER TABLE {t} RENAME COLUMN s.x TO xx",
        "DELETE FROM {t} WHERE m > 15",
        "ALTER TABLE {t} RENAME COLUMN extra TO n",
        "MERGE INTO {t} t USING (SELECT id, 'merged' AS c FROM range(5, 70, 10)) s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET gone = s.c WHEN NOT MATCHED THEN INSERT (id, gone) VALUES (s.id, s.c)",
        "OPTIMIZE {t}",
        # Another column of the same name: what was in the old one is gone.
        "python:spark.sql('ALTER TABLE {t} DROP COLUMN gone'), spark.sql('ALTER TABLE {t} ADD COLUMN (gone STRING)')",
        "DELETE FROM {t} WHERE id = 0",
    ], *properties)


WIDENING = [
    "CREATE TABLE {t} (id INT, b BYTE, i INT, f FLOAT, d DECIMAL(8,2), day DATE, a ARRAY<SMALLINT>, k INT) USING delta " +
    with_properties(("delta.enableTypeWidening", "true"), ("delta.feature.timestampNtz", "supported"), FEED),
    "INSERT INTO {t} SELECT int(id), tinyint(id), int(id) * 1000, float(id) * 0.1F, id * 1.25, "
    "date_add(DATE'2026-01-01', int(id)), array(smallint(id), NULL), int(id) FROM range(20)",
    "ALTER TABLE {t} ALTER COLUMN b TYPE SMALLINT",
    "INSERT INTO {t} VALUES (100, 3000, 1, 1.5, 1.25, DATE'2026-02-01', array(1), 1)",
    "ALTER TABLE {t} ALTER COLUMN i TYPE BIGINT",
    "INSERT INTO {t} VALUES (101, 3000, 9000000000, 1.5, 1.25, DATE'2026-02-01', array(1), 1)",
    "UPDATE {t} SET i = i + 5000000000 WHERE id < 3",
    "ALTER TABLE {t} ALTER COLUMN f TYPE DOUBLE",
    "ALTER TABLE {t} ALTER COLUMN d TYPE DECIMAL(30,6)",
    "INSERT INTO {t} VALUES (102, 1, 1, 0.1D, 123456789012345678.123456, DATE'2026-02-01', array(1), 1)",
    "ALTER TABLE {t} ALTER COLUMN day TYPE TIMESTAMP_NTZ",
    "INSERT INTO {t} VALUES (103, 1, 1, 0.1D, 1, TIMESTAMP_NTZ'2026-02-01 12:34:56.789', array(1), 1)",
    "ALTER TABLE {t} ALTER COLUMN a.element TYPE INT",
    "ALTER TABLE {t} ALTER COLUMN k TYPE DECIMAL(12,2)",
    "INSERT INTO {t} VALUES (104, 1, 1, 0.1D, 1, NULL, array(100000), 1.25)",
    "ALTER TABLE {t} ALTER COLUMN b TYPE DOUBLE",
    "UPDATE {t} SET b = b + 0.5D WHERE id % 2 = 0",
    "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT",
    "INSERT INTO {t} (id) VALUES (12345678901)",
    "DELETE FROM {t} WHERE id IN (5, 12345678901)",
    "OPTIMIZE {t}",
]


def checkpoints(policy, *properties):
    steps = [
        "CREATE TABLE {t} (id BIGINT, k STRING, s STRUCT<a: INT, b: DATE>, t TIMESTAMP) USING delta PARTITIONED BY (k) " +
        with_properties(("delta.checkpointPolicy", policy), ("delta.checkpointInterval", "3"), *properties),
    ]
    for n in range(4):
        steps.append("INSERT INTO {t} SELECT /*+ REPARTITION(2) */ id, concat('p', id %% 3), named_struct('a', int(id), 'b', "
                     "DATE'2026-01-01'), timestamp_micros(id * 1000001) FROM range(%d, %d)" % (n * 10, n * 10 + 10))
        steps.append("DELETE FROM {t} WHERE id %% 10 = %d" % (n + 2))
        steps.append("UPDATE {t} SET s = NULL WHERE id %% 10 = %d" % (n + 5))
    return steps + ["OPTIMIZE {t}", "INSERT OVERWRITE {t} SELECT id, 'x', NULL, NULL FROM range(3)",
                    "RESTORE TABLE {t} TO VERSION AS OF 9", "DELETE FROM {t} WHERE k = 'p1'"]


TYPES = [
    "CREATE TABLE {t} (id BIGINT, bo BOOLEAN, by BYTE, sh SMALLINT, i INT, f FLOAT, d DOUBLE, d1 DECIMAL(5,2), d2 DECIMAL(18,0), "
    "d3 DECIMAL(38,18), s STRING, bi BINARY, da DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ, a ARRAY<DECIMAL(10,3)>, "
    "m MAP<STRING, TIMESTAMP>, mi MAP<INT, ARRAY<BINARY>>, st STRUCT<p: DATE, q: STRUCT<r: TIMESTAMP_NTZ, w: DOUBLE>>, "
    "va VARIANT, ch CHAR(5), vc VARCHAR(9)) USING delta " + with_properties(FEED, VECTORS),
    "INSERT INTO {t} VALUES (1, true, -128, -32768, -2147483648, float('-0'), double('-infinity'), -999.99, -999999999999999999, "
    "-99999999999999999999.999999999999999999, '', X'', DATE'0001-01-01', TIMESTAMP'1582-10-15 00:00:00.000001', "
    "TIMESTAMP_NTZ'0001-01-01 00:00:00', array(), map(), map(), named_struct('p', NULL, 'q', NULL), parse_json('null'), 'vwxyz', '')",
    "INSERT INTO {t} VALUES (2, false, 127, 32767, 2147483647, float('nan'), double('nan'), 999.99, 999999999999999999, "
    "99999999999999999999.999999999999999999, 'ÿ \\u0001 😀', X'00FF10', DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999', "
    "TIMESTAMP_NTZ'9999-12-31 23:59:59.999999', array(1.250, NULL, -0.001), map('b', TIMESTAMP'1969-12-31 23:59:59.5', 'a', NULL), "
    "map(7, array(X'01', NULL), -1, NULL), named_struct('p', DATE'1969-07-20', 'q', named_struct('r', TIMESTAMP_NTZ'2026-01-01 "
    "00:00:00', 'w', 1.5D)), parse_json('{\"a\": [1, 2.5, true, null, \"x\"], \"b\": {\"c\": 12345678901234567890.123}}'), 'abcde', 'é')",
    "INSERT INTO {t} (id) VALUES (3)",
    "UPDATE {t} SET va = to_variant_object(named_struct('n', 5, 'l', array(1L, 2L))), d3 = 0, bi = X'AB' WHERE id = 3",
    "DELETE FROM {t} WHERE id = 1",
    "OPTIMIZE {t}",
]

PROPERTIES = [
    "CREATE TABLE {t} (id BIGINT, k STRING, v INT) USING delta " + with_properties(VECTORS),
    "INSERT INTO {t} SELECT id, 'a', 1 FROM range(10)",
    "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
    "UPDATE {t} SET v = 2 WHERE id < 3",
    "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')",
    "UPDATE {t} SET v = 3 WHERE id < 4",
    "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', 'delta.enableRowTracking' = 'true', "
    "'delta.columnMapping.mode' = 'name')",
    "DELETE FROM {t} WHERE id = 4",
    "ALTER TABLE {t} RENAME COLUMN v TO w",
    "UPDATE {t} SET w = 9 WHERE id = 5",
    "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (w > 0)",
    "COMMENT ON TABLE {t} IS 'told'",
    "ALTER TABLE {t} SET TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
    "ALTER TABLE {t} ALTER COLUMN k SET DEFAULT 'dflt'",
    "INSERT INTO {t} (id, w) VALUES (70, 7)",
    "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')",
    "DELETE FROM {t} WHERE id = 6",
    "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')",
    "DELETE FROM {t} WHERE id = 7",
]

CLUSTERED = [
    "CREATE TABLE {t} (id BIGINT, k STRING, v DOUBLE) USING delta CLUSTER BY (k, id) " +
    with_properties(FEED, ROW_TRACKING, COMMIT_TIMES),
    "INSERT INTO {t} SELECT id, concat('k', id % 4), id * 1D FROM range(200)",
    "INSERT INTO {t} SELECT id, concat('k', id % 4), id * 1D FROM range(200, 260)",
    "OPTIMIZE {t}",
    "UPDATE {t} SET v = -1 WHERE k = 'k2'",
    MERGE,
    "ALTER TABLE {t} CLUSTER BY (v)",
    "OPTIMIZE {t} FULL",
    "DELETE FROM {t} WHERE id % 3 = 1",
    "ALTER TABLE {t} CLUSTER BY NONE",
    "RESTORE TABLE {t} TO VERSION AS OF 2",
]

# Statements that create tables by their place know neither identities nor generated columns.
CREATE_COLUMNS = """python:
tables = spark._jvm.io.delta.tables.DeltaTable
builder = tables.create(spark._jsparkSession).location('{path}').property('delta.enableChangeDataFeed', 'true')
def column(name, kind):
    return tables.columnBuilder(spark._jsparkSession, name).dataType(kind)
for c in (column('id', 'BIGINT').generatedAlwaysAsIdentity(10, 5), column('k', 'STRING'), column('at', 'TIMESTAMP'),
          column('day', 'DATE').generatedAlwaysAs('CAST(at AS DATE)'), column('n', 'INT')):
    builder = builder.addColumn(c.build())
names = spark.sparkContext._gateway.new_array(spark._jvm.java.lang.String, 1)
names[0] = 'day'
builder.partitionedBy(names).execute()
"""

COLUMNS = [
    CREATE_COLUMNS,
    "INSERT INTO {t} (k, at, n) VALUES ('a', TIMESTAMP'2026-01-01 10:00:00', 42), ('b', TIMESTAMP'2026-01-02 10:00:00', NULL)",
    "INSERT INTO {t} (k, at, n) SELECT 'c', timestamp_seconds(1767225600 + id * 40000), int(id) FROM range(6)",
    "UPDATE {t} SET at = TIMESTAMP'2026-02-01 00:00:00' WHERE k = 'a'",
    "DELETE FROM {t} WHERE n = 3",
    "MERGE INTO {t} t USING (SELECT 'b' AS k UNION ALL SELECT 'z') s ON t.k = s.k WHEN MATCHED THEN UPDATE SET n = 0 "
    "WHEN NOT MATCHED THEN INSERT (k, at, n) VALUES (s.k, TIMESTAMP'2026-03-01 00:00:00', 1)",
]

CLONE = [
    "python:spark.range(50).selectExpr('id', \"concat('k', id % 5) k\", 'id * 1D v').repartition(2).write.format('delta')"
    ".partitionBy('k').save('{path} source')",
    "DELETE FROM delta.`{path} source` WHERE id % 7 = 2",
    "CREATE TABLE {t} SHALLOW CLONE delta.`{path} source` " + with_properties(FEED),
    "UPDATE {t} SET v = -1 WHERE id < 10",
    "DELETE FROM {t} WHERE k = 'k3'",
    "INSERT INTO {t} SELECT id, 'new', 0D FROM range(100, 105)",
    "OPTIMIZE {t}",
    "DELETE FROM {t} WHERE id = 104",
]

SCHEMA = [
    "CREATE TABLE {t} (id BIGINT, k STRING, s STRUCT<a: INT>) USING delta",
    "INSERT INTO {t} SELECT id, 'a', named_struct('a', int(id)) FROM range(10)",
    "ALTER TABLE {t} ADD COLUMN (x INT AFTER id)",
    "INSERT INTO {t} VALUES (20, 5, 'b', NULL)",
    "python:spark.range(30, 33).selectExpr('id', \"named_struct('a', 1, 'b', 'evolved') s\", 'true fresh')"
    ".write.format('delta').mode('append').option('mergeSchema', 'true').save('{path}')",
    "DELETE FROM {t} WHERE id = 31",
    "python:spark.range(5).selectExpr('id', 'string(id) x', '1.5D other').write.format('delta').mode('overwrite')"
    ".option('overwriteSchema', 'true').save('{path}')",
    "INSERT INTO {t} VALUES (9, NULL, 2.5)",
    "python:spark.range(3).selectExpr('id', 'string(id) z').write.format('delta').mode('overwrite').partitionBy('z')"
    ".option('overwriteSchema', 'true').save('{path}')",
    "INSERT INTO {t} VALUES (10, 'one'), (11, NULL)",
]

CLASSIC_PARTS = {"spark.databricks.delta.checkpoint.partSize": "4"}

STORIES = {
    "classic": plain(NO_VECTORS),
    "feed": plain(FEED, NO_VECTORS),
    "vectors": plain(VECTORS),
    "feed_vectors": plain(FEED, VECTORS, ROW_TRACKING, COMMIT_TIMES),
    "partitioned": partitioned(FEED),
    "partitioned_vectors": partitioned(VECTORS),
    "mapped_name": mapped("name", FEED, VECTORS),
    "mapped_id": mapped("id"),
    "widening": story(WIDENING, FEED),
    "checkpoints_classic": story(checkpoints("classic"), settings=CLASSIC_PARTS),
    "checkpoints_v2_json": story(checkpoints("v2", VECTORS), settings={
        "spark.databricks.delta.checkpointV2.topLevelFileFormat": "json", **CLASSIC_PARTS}),
    "checkpoints_v2_parquet": story(checkpoints("v2", NAMES, FEED), FEED, settings={
        "spark.databricks.delta.checkpointV2.topLevelFileFormat": "parquet", **CLASSIC_PARTS}),
    "types": story(TYPES, FEED),
    "properties": story(PROPERTIES),
    "clustered": story(CLUSTERED, FEED),
    "columns": story(COLUMNS, FEED),
    "clone": story(CLONE),
    "schema": story(SCHEMA),
}
