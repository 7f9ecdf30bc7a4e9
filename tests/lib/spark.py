"""A Spark session with Delta tables, asked over its standard input and output, a JSON object a line:

    {"do": sql}                      a statement; with "python" instead of "do": a program, in which `spark` is known
    {"rows": path, "version": n}     the columns and rows of a version of a table; without a version: of the newest
    {"changes": path, "from": a, "to": b}
    {"version": path}                the newest version

Values come in the form that `plain` in stories.py gives those of SQL. Needs pyspark; JARS names the jars of
delta-spark.
"""
import base64
import datetime
import decimal
import json
import os
import struct
import sys
import tempfile

from pyspark.sql import SparkSession, functions, types


def session(folder):
    builder = SparkSession.builder.master("local[1]").appName("tarn")
    for name, value in {
            "spark.jars": os.environ["JARS"],
            "spark.driver.memory": "1500m",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.local.dir": folder,
            "spark.sql.warehouse.dir": os.path.join(folder, "warehouse"),
            "spark.sql.shuffle.partitions": "1",
            "spark.default.parallelism": "1",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.databricks.delta.retentionDurationCheck.enabled": "false",
            "spark.databricks.delta.snapshotPartitions": "1",
            "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",
            "spark.databricks.delta.vacuum.parallelDelete.enabled": "false",
            # Small tables: what compiles and what adapts plans would take most of the time.
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.adaptive.enabled": "false",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.log.level": "OFF"}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def nested(v, t):
    if v is None or isinstance(v, (bool, str, int)):
        return v
    if isinstance(t, types.ArrayType):
        return [nested(x, t.elementType) for x in v]
    if isinstance(t, types.StructType):
        return {f.name: nested(x, f.dataType) for f, x in zip(t.fields, v)}
    if isinstance(t, types.MapType):
        pairs = [(nested(k, t.keyType), nested(x, t.valueType)) for k, x in v.items()]
        if isinstance(t.keyType, types.StringType):
            return dict(pairs)
        return sorted(({"key": k, "value": x} for k, x in pairs), key=lambda x: json.dumps(x, sort_keys=True))
    if isinstance(t, types.TimestampType):
        return v.isoformat() + "Z"
    if isinstance(t, types.TimestampNTZType):
        return v.isoformat()
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, decimal.Decimal):
        return "n" + format(v, "f")
    if isinstance(v, float):
        return "n" + repr(v)
    return base64.b64encode(bytes(v)).decode()


def top(v, t):
    if v is None or isinstance(v, (bool, str, int)):
        return v
    if isinstance(t, types.FloatType):
        return struct.pack(">f", v).hex()
    if isinstance(v, float):
        return repr(v)
    if isinstance(v, decimal.Decimal):
        return str(v)
    if isinstance(v, datetime.date):
        return v.isoformat() + ("Z" if isinstance(t, types.TimestampType) else "")
    if isinstance(t, types.BinaryType):
        return bytes(v).hex()
    return nested(v, t)


def rows(frame):
    variants = [f.name for f in frame.schema.fields if isinstance(f.dataType, types.VariantType)]
    schema = frame.schema
    for name in variants:
        frame = frame.withColumn(name, functions.to_json(frame["`%s`" % name]))
    out = []
    for row in frame.collect():
        values = []
        for f, v in zip(schema.fields, row):
            if f.name in variants:
                values.append(None if v is None else numbers(json.loads(v, parse_float=decimal.Decimal)))
            else:
                values.append(top(v, f.dataType))
        out.append(values)
    return {"columns": [f.name for f in schema.fields], "rows": out, "schema": schema.simpleString()}


def numbers(v):
    """Parsed JSON with its fractions as text."""
    if isinstance(v, dict):
        return {k: numbers(x) for k, x in v.items()}
    if isinstance(v, list):
        return [numbers(x) for x in v]
    return "n" + format(v, "f") if isinstance(v, decimal.Decimal) else v


def answer(spark, ask):
    if "do" in ask:
        spark.sql(ask["do"]).collect()
        return {}
    if "python" in ask:
        exec(ask["python"], {"spark": spark})  # noqa: S102
        return {}
    if "version" in ask and "rows" not in ask:
        return {"version": spark.sql("DESCRIBE HISTORY delta.`%s` LIMIT 1" % ask["version"]).collect()[0]["version"]}
    read = spark.read.format("delta")
    if "changes" in ask:
        read = read.option("readChangeFeed", "true").option("startingVersion", ask["from"])
        return rows(read.option("endingVersion", ask["to"]).load(ask["changes"]))
    if ask.get("version") is not None:
        read = read.option("versionAsOf", ask["version"])
    return rows(read.load(ask["rows"]))


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="tarn-spark-") as folder:
        spark = session(folder)
        print(json.dumps({"spark": spark.version}), file=out, flush=True)
        for line in sys.stdin:
            try:
                said = answer(spark, json.loads(line))
            except Exception as e:  # noqa: BLE001
                said = {"error": "%s: %.600s" % (type(e).__name__, e)}
            print(json.dumps(said), file=out, flush=True)
        spark.stop()


if __name__ == "__main__":
    main()
