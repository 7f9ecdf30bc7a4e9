#!/usr/bin/env python3
"""Compares SQL functions with a real PostgreSQL.

usage: compare_functions.py PROBE [-f NAME-PATTERN] [-r FILE] PSQL-CONNECTION-ARGUMENTS...
Each function of the server's pg_proc whose prosrc the probe knows is called with combinations of
sample values of its argument types, there and here; besides come the calls listed in CALLS. Prints
differences in result or error; exit status 1 when there are any. -r records calls on which both
agree, a few per function, for fn_probe --check.
"""
import itertools
import os
import random
import re
import subprocess
import sys

NOW = "2024-02-29 12:34:56.789012+00"
ZONE = "America/New_York"
SAMPLES = {
    "boolean": ["t", "f"],
    "smallint": ["0", "1", "-7", "5", "32767", "-32768"],
    "integer": ["0", "1", "-3", "2", "100", "2147483647", "-2147483648"],
    "bigint": ["0", "1", "-5", "12345678901", "9223372036854775807", "-9223372036854775808"],
    "oid": ["0", "1", "4294967295"],
    "real": ["0", "1.5", "-2.25", "1e20", "3e38", "NaN", "Infinity", "0.1"],
    "double precision": ["0", "1", "-1.5", "0.5", "45", "1e300", "1e-300", "NaN", "Infinity",
                         "-Infinity", "2.5", "3.5", "100.123"],
    "numeric": ["0", "1", "-1.50", "2.5", "123.456", "0.001", "-99999.99999", "1e20", "1e-20", "NaN",
                "Infinity", "-Infinity", "3", "0.5", "10", "1000000.000001"],
    "text": ["", "a", "abc", "Hello World", "héllo", "a%b_c", "  trim  ", "foo.bar", "xyxyx", "%",
             "10", "日本語"],
    "character varying": ["", "abc", "xyz "],
    "character": ["", "abc", "ab ", "é"],
    "name": ["", "abc", "x_y"],
    '"char"': ["a", "", "z"],
    "bytea": ["\\x", "\\x00ff10", "\\x616263", "\\x62"],
    "date": ["2024-02-29", "1999-12-31", "0001-01-01", "0044-03-15 BC", "infinity", "-infinity",
             "2024-11-03"],
    "time without time zone": ["00:00:00", "04:05:06.789", "23:59:59.999999", "24:00:00"],
    "time with time zone": ["00:00:00+00", "04:05:06.789-08", "23:59:59.999999+05:30"],
    "timestamp without time zone": ["2024-02-29 12:34:56.789", "1999-12-31 23:59:59.999999",
                                    "2024-03-10 02:30:00", "2024-11-03 01:30:00", "infinity",
                                    "-infinity", "0044-03-15 01:02:03 BC", "2001-02-16 20:38:40"],
    "timestamp with time zone": ["2024-02-29 12:34:56.789+00", "2024-03-10 07:30:00+00",
                                 "2024-11-03 05:30:00+00", "infinity", "-infinity",
                                 "1900-01-01 00:00:00+00", "2050-07-01 00:00:00+00"],
    "interval": ["0", "1 day", "-1 mon 3 days", "1 year 2 mons 3 days 04:05:06.789", "36:00:00",
                 "-00:00:01.5", "45 days", "1 mon -40 days 25:00"],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"],
    "json": ['{"a":1,"b":[1,2,{"c":null}],"d":"x"}', "[1,2,3]", '"s"', "12", "null", "{}", "[]",
             '{"a":1,"a":"two"}', '[{"k":"v"},null,"t\\u00e9"]'],
    "jsonb": ['{"a":1,"b":[1,2,{"c":null}],"d":"x"}', "[1,2,3]", '"s"', "12", "null", "{}", "[]",
              '["a","b"]', '{"a":{"b":{"c":1}}}', "true", "1.50"],
    "point": ["(0,0)", "(1,1)", "(-1.5,2)", "(5,0.5)", "(3,4)", "(1e300,-1e300)", "(NaN,1)", "(Infinity,1)", "(1.0000005,1)"],
    "lseg": ["[(0,0),(1,1)]", "[(-1,2),(4,-3)]", "[(1,1),(1,1)]", "[(0,1),(1,0)]", "[(2,0),(2,5)]", "[(0,3),(7,3)]", "[(NaN,1),(2,2)]"],
    "line": ["{1,-1,0}", "{0,2,-3}", "{4,0,1}", "{2,-2,5}", "{1,1,-1}", "{NaN,1,1}"],
    "box": ["(1,1),(0,0)", "(3,4),(-1,0.5)", "(2,2),(2,2)", "(5,5),(4,4)", "(1e300,1e300),(-1e300,0)", "(NaN,2),(1,1)"],
    "path": ["[(0,0),(1,1),(2,0)]", "((0,0),(1,1),(2,0))", "((1,1))", "[(3,4)]", "[(-1,5),(6,-2)]", "((0,0),(0,4),(4,4),(4,0))"],
    "polygon": ["((0,0),(0,4),(4,4),(4,0))", "((1,1),(1,2),(2,2))", "((4,4),(4,0),(0,0),(0,4))", "((5,5),(6,7),(8,5))", "((1,1))",
                "((0,0),(4,0),(2,1),(4,4),(0,4))", "((3,0.5),(3.5,0.5),(3.5,3.5))", "((0,0),(0,4),(0,2))"],
    "circle": ["<(0,0),1>", "<(1,1),0.5>", "<(3,4),5>", "<(0,0),0>", "<(-2,0),1>", "<(1,1),NaN>", "<(1e300,0),1e300>"],
    "integer[]": ["{}", "{1,2,3}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:2]={7,8,9}", "{3,1}"],
    "text[]": ["{}", "{a,b}", "{a,NULL,\"c d\"}", "{b}", "{{a,1},{b,2}}", "{a,1,b,2}", "{0}",
               "{b,2,c}", "{b,-1}"],
}
POLYMORPHIC = {
    "anyelement": "integer", "anyarray": "integer[]", "anynonarray": "integer",
    "anycompatible": "integer", "anycompatiblearray": "integer[]", "anycompatiblenonarray": "integer",
}
SKIP = re.compile(r"^(drandom|gen_random_uuid|clock_timestamp|timeofday|setseed|now|"
                  r"statement_timestamp|record_.*|enum_.*|.*_recordset|getdatabaseencoding|"
                  r"pg_convert.*|xid8.*|tid.*|oidvector.*|btoidvectorcmp|btrecordcmp|bttidcmp|"
                  r"quote_any.*|sql:age:.*|make_interval|interval_scale|length_in_encoding|text_format.*|text_concat.*|json_build.*|jsonb_build.*|pg_num.*)$")
# Functions whose arguments take special words.
WORDS = {
    ("date_part", 0): ["year", "epoch", "dow", "week", "second", "timezone", "julian", "foo",
                       "century", "milliseconds", "isoyear", "doy", "quarter", "hour", "decade",
                       "millennium", "timezone_hour", "microsecond", "isodow", "day", "minute"],
    ("extract", 0): None,
    ("date_trunc", 0): ["year", "month", "week", "day", "hour", "minute", "second", "milliseconds",
                        "century", "millennium", "decade", "quarter", "foo", "dow", "microseconds"],
    ("date_trunc", 2): ["UTC", "Europe/Berlin", "foo"],
    ("timezone", 0): ["UTC", "Europe/Berlin", "EST", "MSK", "foo", "PST8PDT", "Asia/Kolkata"],
    ("encode", 1): ["hex", "base64", "escape", "foo"],
    ("decode", 1): ["hex", "base64", "escape", "foo"],
    ("normalize", 1): ["NFC", "NFKD", "x"],
    ("is_normalized", 1): ["NFC", "NFKD"],
    ("make_timestamptz", 6): ["UTC", "Europe/Berlin", "+3", "-05:30", "foo"],
    ("jsonb_set_lax", 4): ["raise_exception", "use_json_null", "delete_key", "return_target", "x"],
}
WORDS[("extract", 0)] = WORDS[("date_part", 0)]
REGEX_WORDS = ["b", "[a-c]+", "(.)(.)", "^$", "x*", "\\w+", "(", "a|b", "\\s", "(?i)H", "[[:alpha:]]+"]
CHAR_FORMATS = ["YYYY-MM-DD HH24:MI:SS.US", "Day, DD Month YYYY", "FMDay, FMDD FMMonth YYYY", "Dy Mon",
                "IYYY-IW-ID", "DDD D J Q CC WW W", "HH12:MI:SS AM", "hh:mi:ss p.m.", "TZ tz OF TZH:TZM",
                "MS US FF3 SSSS", "DDth", "FMDDth Month", "RM rm", "Y,YYY YYY YY Y", "\"quoted\" YYYY",
                "BC B.C. ad", "month MONTH mon", "IDDD", "", "YYYYMMDD", "TMDay", "SSSSS FF6",
                "\\\"YYYY", "day DY d", "FMHH24:FMMI"]
NUM_FORMATS = ["999", "9999.99", "0000.00", "FM9999.99", "S999", "999S", "MI999", "999MI", "PL999",
               "SG999", "999PR", "9,999,999", "9G999D99", "L999", "RN", "FMRN", "999th", "9.99EEEE",
               "99V99", "FM0999", "\"x\"999", "0", "9", "FM999.009", "99999999999999999999.9999999999",
               "$999", ".99", "9 9 9", "999.", "00099.99", "FM99.99PR", "TH999", "999TH", "B999"]
CALLS = []  # (expression for PostgreSQL, probe fields), filled below


def psql(args, sql):
    return subprocess.run(["psql", "-XAtq", *args], input=sql, capture_output=True, text=True,
                          check=True).stdout.split("\n")[:-1]


def quote(s):
    return "'" + s.replace("'", "''") + "'"


def escape(s):
    return s.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


TRY = r"""
create or replace function pg_temp.attempt(ex text, srf boolean) returns text language plpgsql as $$
declare r text := '';
begin
  if srf then
    execute case when ex ~ 'each' then
        $q$select string_agg(key || ';' || coalesce(value::text, '<NULL>') || '|', '') from $q$ || ex
      else $q$select string_agg(coalesce(v, '<NULL>') || '|', '') from (select ($q$ || ex ||
        $q$)::text v) x$q$ end into r;
    return coalesce(r, '');
  end if;
  execute 'select (' || ex || ')::text' into r;
  return coalesce(r, '<NULL>');
exception when others then
  return 'ERR ' || sqlstate || ' ' || sqlerrm;
end $$;
"""


def samples_for(proname, prosrc, i, t, rng):
    if (proname, i) in WORDS:
        return WORDS[(proname, i)]
    if "regex" in prosrc and t == "text" and i == 1:
        return REGEX_WORDS
    if proname.startswith("regexp_") and t == "text" and i >= 2:
        return ["", "g", "i", "z", "n"] if proname != "regexp_replace" or i == 3 else ["<\\1&\\&>", "-"]
    if proname.startswith("similar"):
        return ["a%", "(a|b)_", "a.b", "[a-c]+", "#"]
    if proname == "to_char" and i == 1:
        return CHAR_FORMATS if "time" in prosrc or "interval" in prosrc else NUM_FORMATS
    if proname.startswith("generate_series"):
        return {"integer": ["1", "5", "-2", "0", "2147483646", "2147483647"],
                "bigint": ["1", "9", "-3", "0", "9223372036854775806", "9223372036854775807"],
                "numeric": ["1", "2.5", "0.5", "-1", "NaN", "0"],
                "interval": ["1 day", "1 mon", "-12:00:00", "0"]}.get(
                    t, ["2024-03-09 12:00", "2024-03-12 00:00", "2024-01-31 00:00"])[
                        4 if i == 0 and rng.random() < 0 else 0:][: 4 if i < 2 and t in ("integer", "bigint") else 9]
    if "jsonb_set" in proname or "jsonb_insert" in proname:
        if t == "text[]":
            return ["{a}", "{b,0}", "{b,2,c}", "{z}", "{0}", "{-1}", "{9}", "{a,b,c}", "{b,x}", "{}"]
    return SAMPLES[t]


def main():
    args = sys.argv[1:]
    probe = args.pop(0)
    only = None
    if args[0] == "-f":
        only = re.compile(args[1])
        args = args[2:]
    record = None
    if args[0] == "-r":
        record = args[1]
        args = args[2:]
    limit = int(os.environ.get("LIMIT", "60"))
    type_oids = dict(line.split("|") for line in psql(
        args, "select format_type(oid,-1), oid from pg_type where typtype in ('b','p')"))
    type_oids["character"] = "1042"
    procs = psql(args, r"""
      select p.oid, proname, replace(replace(case when prosrc = '' or prosqlbody is not null
             or prosrc like 'see system%' then 'sql:'||proname||':'||proargtypes::text else prosrc end,
             E'\n', ' '), '|', '!'), prokind, proretset, proisstrict,
             array_to_string(array(select case t when 1042 then 'character' else format_type(t,-1) end
               from unnest(proargtypes) with ordinality u(t,o) order by o), ';'),
             case prorettype when 1042 then 'character' else format_type(prorettype,-1) end,
             coalesce(array_to_string(array(select format_type(proallargtypes[i],-1)
               from generate_subscripts(proallargtypes,1) i where proargmodes[i] in ('o','t')),';'),'')
      from pg_proc p where pronamespace = 11 and provariadic = 0 and prokind = 'f' order by 3, 1""")
    cases = []
    names = {}
    for line in procs:
        oid, proname, prosrc, kind, retset, strict, argtypes, rettype, outs = line.split("|")
        prosrc = prosrc.replace("!", "|")
        if only and not only.search(prosrc):
            continue
        if SKIP.match(prosrc) or "\n" in prosrc:
            continue
        types = argtypes.split(";") if argtypes else []
        if any("timestamp" in prosrc and t == "x" for t in types):
            continue
        real = [POLYMORPHIC.get(t, t) for t in types]
        result = POLYMORPHIC.get(rettype, rettype)
        if any(t not in SAMPLES for t in real):
            continue
        results = [POLYMORPHIC.get(t, t) for t in outs.split(";")] if outs else [result]
        if any(t not in type_oids for t in results) or result == "trigger":
            continue
        rng = random.Random(prosrc)
        lists = [samples_for(proname, prosrc, i, t, rng) for i, t in enumerate(real)]
        if strict == "f":
            lists = [x + [None] for x in lists]
        total = 1
        for x in lists:
            total *= len(x)
        if total <= limit:
            combos = list(itertools.product(*lists))
        else:
            combos = [tuple(rng.choice(x) for x in lists) for _ in range(limit)]
        for combo in combos:
            expr = (f'pg_catalog."{proname}"(' + ",".join(
                ("NULL" if v is None else quote(v)) +
                f"::{'bpchar' if t == 'character' else t}"
                for v, t in zip(combo, real)) + ")")
            fields = ["s" if retset == "t" else "f", prosrc,
                      ",".join(type_oids[t] for t in results),
                      ",".join(type_oids[t] for t in real),
                      *("\\N" if v is None else escape(v) for v in combo)]
            cases.append((expr, retset == "t", "\t".join(fields)))
            names[prosrc] = names.get(prosrc, 0) + 1
    for expr, srf, fields in extra_calls(type_oids):
        if not only or only.search(fields):
            cases.append((expr, srf, fields))
    env = dict(os.environ, PGTZ=ZONE, PROBE_NOW=NOW)
    proc = subprocess.run([probe], input="".join(f + "\n" for _, _, f in cases).encode(),
                          capture_output=True, env=env)
    ours = proc.stdout.decode("utf-8", "replace").split("\n")[:-1]
    if proc.returncode or len(ours) != len(cases):
        print("probe stopped at:", cases[len(ours)][0] if len(ours) < len(cases) else "end",
              proc.stderr.decode()[-2000:])
        return 1
    if proc.stderr:
        print(proc.stderr.decode()[-4000:])
    keep = [i for i, line in enumerate(ours) if not line.startswith("ERR XXXXX no ")]
    missing = sorted({cases[i][2].split("\t")[1] for i, line in enumerate(ours)
                      if line.startswith("ERR XXXXX no ")})
    sql = ["set statement_timeout='10s';", f"set timezone='{ZONE}';", TRY]
    for i in keep:
        sql.append(f"select replace(replace(replace(pg_temp.attempt({quote(cases[i][0])},"
                   f"{'true' if cases[i][1] else 'false'}),E'\\\\',E'\\\\\\\\'),E'\\n',E'\\\\n'),"
                   f"E'\\t',E'\\\\t');\n")
    theirs = psql(args, "".join(sql))
    assert len(theirs) == len(keep), (len(theirs), len(keep))
    failures = {}
    known = {}
    for i, a in zip(keep, theirs):
        b = ours[i]
        if a == b and len(cases[i][2]) + len(a) < 300:
            known.setdefault(cases[i][2].split("\t")[1], []).append((cases[i][2], a))
        if a == b or (a.rstrip(" ") == b.rstrip(" ") and "\t1042\t" in cases[i][2]):
            continue
        name = cases[i][2].split("\t")[1]
        if re.search("cmp", name) and re.fullmatch(r"-?[0-9]+", a) and re.fullmatch(r"-?[0-9]+", b):
            if (int(a) > 0) - (int(a) < 0) == int(b):
                continue  # only the sign is defined
        failures.setdefault(name, []).append((cases[i][0], a, b))
    if record:
        with open(record, "w", encoding="utf-8") as f:
            for name in sorted(known):
                good = [x for x in known[name] if not x[1].startswith("ERR")]
                bad = [x for x in known[name] if x[1].startswith("ERR")]
                rng = random.Random(name)
                many = 40 if len(good) > 100 and re.search("char|date|regex|to_", name) else 4
                for call, result in rng.sample(good, min(many, len(good))) + bad[:1]:
                    f.write(f"{call}\n{result}\n")
    per = int(os.environ.get("SHOW", "3"))
    for name, items in sorted(failures.items()):
        print(f"== {name}: {len(items)} differences")
        for expr, a, b in items[:per]:
            print(f"  {expr}\n    postgres: {a}\n    here:     {b}")
    total = sum(len(x) for x in failures.values())
    print(f"{len(keep)} calls, {total} differences in {len(failures)} functions")
    if os.environ.get("MISSING"):
        print(f"{len(missing)} functions not here: {' '.join(missing)}")
    return 1 if total else 0


def extra_calls(oid):
    def call(expr, src, result, types, values, kind="f"):
        types = [oid[t] for t in types]
        return (expr, kind.startswith("s"), "\t".join(
            [kind, src, ",".join(oid[t] for t in result.split(";")), ",".join(types),
             *("\\N" if v is None else escape(v) for v in values)]))

    def variadic(name, src, result, types, values):
        cast = ",".join(("NULL" if v is None else quote(v)) + "::" + t
                        for v, t in zip(values, types))
        return call(f"pg_catalog.{name}({cast})", src, result, types, values)

    for fmt, vals in [("%s", ["a"]), ("%I", ["a b"]), ("%L", ["it's"]), ("%L", [None]),
                      ("%10s|%-10s|", ["x", "y"]), ("%2$s %1$s", ["a", "b"]), ("%%", []), ("%s", []),
                      ("%x", ["a"]), ("%", ["a"]), ("%I", [None]), ("%s", [None]), ("%3$s", ["a"]),
                      ("%-5s|", ["é"]), ("%I %I", ["select", "Foo"]), ("%1$*2$s", ["a", "5"]),
                      ("%0$s", ["a"]), ("%1$s%s", ["a", "b"])]:
        yield variadic("format", "text_format", "text", ["text"] + ["text"] * len(vals), [fmt, *vals])
    types = ["integer", "text", "boolean", "numeric", "date", "jsonb", "timestamp with time zone",
             "double precision"]
    values = ["1", "x\"y", "t", "1.50", "2024-01-02", '{"a":1}', "2024-01-02 03:04:05.6+00", "NaN"]
    yield variadic("concat", "text_concat", "text", types, values)
    yield variadic("concat_ws", "text_concat_ws", "text", ["text"] + types, [", "] + values)
    yield variadic("concat_ws", "text_concat_ws", "text", ["text"] + types,
                   [","] + [None] + values[1:])
    yield variadic("json_build_array", "json_build_array", "json", types, values)
    yield variadic("jsonb_build_array", "jsonb_build_array", "jsonb", types, values)
    for build in ("json", "jsonb"):
        for t, v in ((types, values), (types[:2], ["1", None]), (types[:3], values[:3]),
                     (["text", "integer[]"], ["k", "{1,2}"]), (["jsonb", "text"], ["{}", "x"]),
                     (["text", "text"], [None, "x"]), (["date", "real"], ["2024-01-02", "1.5"])):
            yield variadic(f"{build}_build_object", f"{build}_build_object", build, t, v)
    for t, v in zip(types + ["integer[]", "text[]", "interval", "bytea", "time without time zone",
                             "uuid", "timestamp without time zone", "real"],
                    values + ["{{1,2},{3,NULL}}", '{a,"b c"}', "1 day", "\\x01", "04:05:06",
                              SAMPLES["uuid"][0], "infinity", "Infinity"]):
        cast = quote(v) + "::" + t
        yield call(f"to_json({cast})", "to_json", "json", [t], [v])
        yield call(f"to_jsonb({cast})", "to_jsonb", "jsonb", [t], [v])
        yield call(f"quote_literal({cast})", "select pg_catalog.quote_literal($1::pg_catalog.text)",
                   "text", [t], [v])
    rows = {
        "smallint": ["1", "2", None, "32767", "-5"],
        "integer": ["1", "2", None, "2147483647", "-5"],
        "bigint": ["1", "2", None, "9223372036854775807", "9223372036854775807"],
        "numeric": ["1.5", "2.25", None, "-1000.001", "3"],
        "double precision": ["1.5", "2.25", None, "1e10", "-3"],
        "real": ["1.5", "2.25", None, "1e10", "-3"],
        "interval": ["1 day", "2 mons 03:00:00", None, "-1 mon", "36:00:00"],
        "text": ["b", "a", None, "", "zz"],
        "date": ["2024-01-01", "1999-01-01", None, "2000-02-02", "infinity"],
        "timestamp without time zone": ["2024-01-01", "1999-01-01", None, "-infinity", "2000-02-02"],
        "time with time zone": ["01:00:00+02", "01:00:00+01", None, "00:00:00+00", "05:00:00+00"],
        "boolean": ["t", "f", None, "t", "t"],
        "jsonb": ["1", '{"a":[1]}', None, '"x"', "null"],
        "integer[]": ["{1,2}", "{1}", None, "{0,9}", "{3}"],
    }
    aggs = {
        "smallint integer bigint numeric double precision;real":
            "sum avg min max count var_pop var_samp variance stddev stddev_pop stddev_samp array_agg "
            "json_agg jsonb_agg",
        "smallint integer bigint": "bit_and bit_or bit_xor",
        "interval": "sum avg min max count array_agg json_agg jsonb_agg",
        "text date timestamp without time zone;time with time zone":
            "min max count array_agg json_agg jsonb_agg",
        "boolean": "bool_and bool_or every count json_agg",
        "jsonb": "json_agg jsonb_agg count", "integer[]": "min max json_agg jsonb_agg",
    }
    numeric_result = {"smallint", "integer", "bigint", "numeric"}
    for key, functions in aggs.items():
        for t in rows:
            if t not in key:
                continue
            for f in functions.split():
                if f in ("count",):
                    result = "bigint"
                elif f in ("json_agg",):
                    result = "json"
                elif f in ("jsonb_agg",):
                    result = "jsonb"
                elif f == "array_agg":
                    result = t + "[]"
                    if t in ("time with time zone",):
                        continue
                elif f == "sum":
                    result = {"smallint": "bigint", "integer": "bigint", "bigint": "numeric"}.get(t, t)
                elif f in ("min", "max", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "every"):
                    result = t
                elif t == "interval":
                    result = t
                else:
                    result = "numeric" if t in numeric_result else "double precision"
                for v in (rows[t], rows[t][:1], rows[t][:2], [None], []):
                    vals = ",".join(f"({'NULL' if x is None else quote(x)}::{t})" for x in v)
                    src = f"(values {vals}) v(x)" if v else f"(select NULL::{t} where false) v(x)"
                    if result not in oid:
                        continue
                    yield call(f"select {f}(x) from {src}", f, result, [t], v, "a")
    pairs = ["1", "2", "2", "3.5", "4", "1", "7", "9"]
    for f in ("corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 "
              "regr_slope regr_sxx regr_sxy regr_syy").split():
        vals = ",".join(f"({a}::float8,{b}::float8)" for a, b in zip(pairs[::2], pairs[1::2]))
        yield call(f"select {f}(x,y) from (values {vals}) v(x,y)", f,
                   "bigint" if f == "regr_count" else "double precision",
                   ["double precision"] * 2, pairs, "a")
    for t, result in (("text", "text"), ("bytea", "bytea")):
        v = ["a", ",", "b", ";", "c", None]
        vals = ",".join(f"({'NULL' if a is None else quote(a)}::{t},{'NULL' if b is None else quote(b)}::{t})"
                        for a, b in zip(v[::2], v[1::2]))
        yield call(f"select string_agg(x,y) from (values {vals}) v(x,y)", "string_agg", result, [t, t],
                   v, "a")
    for build in ("json", "jsonb"):
        yield call(f"select {build}_object_agg(x,y) from (values ('b'::text,1),('a',2),('b',NULL)) v(x,y)",
                   f"{build}_object_agg", build, ["text", "integer"], ["b", "1", "a", "2", "b", None], "a")
        yield call(f"select {build}_object_agg(x,y) from (values (NULL::text,1)) v(x,y)",
                   f"{build}_object_agg", build, ["text", "integer"], [None, "1"], "a")
    regex = [("foobarbaz", "b(..)", "g"), ("foo", "^", "g"), ("aXbXc", "x", "i"), ("a\nb", "a.b", ""),
             ("a\nb", "a.b", "n"), ("a\nb", "^b", "n"), ("abc", "a(?=b)", ""), ("ab ab", "\\mab\\M", "g"),
             ("aa", "(a)\\1", ""), ("x1y22", "\\d+", "g"), ("tab\there", "\\t", ""), ("a.b", "a\\.b", ""),
             ("é", "\\w", ""), ("a{b", "a{b", ""), ("aaa", "a{2}", ""), ("aaa", "a{2,1}", ""),
             ("a", "[", ""), ("a", "a**", ""), ("a", "*a", ""), ("a]", "[]]", ""), ("b", "[^a]", ""),
             ("a-b", "[a\\-z]+", ""), ("AbC", "[[:upper:]]", "g"), ("a b", "a b", "x"), ("ab", "a b", "x"),
             ("foo", "o*?", ""), ("", "", "g"), ("abc", "", "g"), ("a", "\\q", ""), ("a+b", "a+b", "q"),
             ("Foo", "***=foo", "i"), ("a", "(?z)a", ""), ("xay", "[[.a.]]", ""), ("a_b", "\\W", ""),
             ("word", "[[:<:]]w", ""), ("cat", "(c)(x)?(t)", ""), ("A", "\\x41", ""), ("A", "\\u0041", "")]
    for s, p, f in regex:
        for name, src, result, srf in (("regexp_match", "regexp_match", "text[]", "f"),
                                       ("regexp_matches", "regexp_matches", "text[]", "s"),
                                       ("regexp_split_to_array", "regexp_split_to_array", "text[]", "f")):
            flags = f if name == "regexp_matches" else f.replace("g", "")
            ex = f"{name}({quote(s)}::text,{quote(p)}::text,{quote(flags)}::text)"
            yield call(ex, src, result, ["text"] * 3, [s, p, flags], srf)
        for rep in ("<\\1>", "[\\&]", "-"):
            ex = f"regexp_replace({quote(s)}::text,{quote(p)}::text,{quote(rep)}::text,{quote(f)}::text)"
            yield call(ex, "textregexreplace", "text", ["text"] * 4, [s, p, rep, f])
    for s, p in [("abc", "a%"), ("abc", "_b_"), ("a%c", "a\\%c"), ("abc", "%b%"), ("abc", "a\\"), ("", "%"),
                 ("日本語", "_本_"), ("日本語", "%語"), ("ab", "a_b"), ("aab", "%ab"), ("mississippi", "%iss%pi"),
                 ("ABC", "abc"), ("É", "é"), ("abc", ""), ("a\\b", "a\\\\b"), ("xay", "x%%y")]:
        yield call(f"textlike({quote(s)},{quote(p)})", "textlike", "boolean", ["text"] * 2, [s, p])
        yield call(f"texticlike({quote(s)},{quote(p)})", "texticlike", "boolean", ["text"] * 2, [s, p])
    for p in ["a%", "a_b", "(a|b)*", "[a-z]%", "a\\%", "x#\"y#\"z", "a.b$^", "", "a{2}", "[^%]"]:
        yield call(f"similar_to_escape({quote(p)},'#')", "similar_to_escape_2", "text", ["text"] * 2, [p, "#"])
        yield call(f"similar_to_escape({quote(p)})", "similar_to_escape_1", "text", ["text"], [p])
    for v in ["2", "10", "0.5", "123.456", "1e-5", "1e10", "0.9999", "1.0001", "99999999.99999999", "2.00"]:
        for f in ("sqrt:numeric_sqrt", "exp:numeric_exp", "ln:numeric_ln"):
            name, src = f.split(":")
            if name == "exp" and v in ("1e10", "99999999.99999999"):
                continue
            yield call(f"{name}({v}::numeric)", src, "numeric", ["numeric"], [v])
        for w in ["2", "3", "-2", "0.5", "-1.5", "0", "10.25", "100", "1e-3", "1.000"]:
            for name, src in (("power", "numeric_power"), ("log", "numeric_log"), ("div", "numeric_div_trunc"),
                              ("numeric_div", "numeric_div"), ("numeric_mul", "numeric_mul"),
                              ("mod", "numeric_mod"), ("numeric_add", "numeric_add")):
                yield call(f"{name}({v}::numeric,({w})::numeric)", src, "numeric", ["numeric"] * 2, [v, w])
    dates = [("20240229", "YYYYMMDD"), ("2024-02-29", "YYYY-MM-DD"), ("29 Feb 2024", "DD Mon YYYY"),
             ("29 February 2024", "DD Month YYYY"), ("2024 60", "YYYY DDD"), ("2024-09-4", "IYYY-IW-ID"),
             ("05:06 PM", "HH12:MI AM"), ("2024-01-01 13:14:15.678", "YYYY-MM-DD HH24:MI:SS.MS"),
             ("99", "YY"), ("1", "Y"), ("2024-13-01", "YYYY-MM-DD"), ("2023-02-29", "YYYY-MM-DD"),
             ("44-03-15 BC", "YYYY-MM-DD BC"), ("2451187", "J"), ("2024", "YYYY"), ("", "YYYY"),
             ("2024 Q1", "YYYY \"Q\"Q"), ("20 1 2", "YY MM DD"), ("12,345", "Y,YYY"), ("x", "YYYY"),
             ("2024/02/29", "YYYY-MM-DD"), ("2024-02-29", "FXYYYY/MM/DD"), ("  2024", "YYYY"),
             ("2024-1-2", "FMYYYY-FMMM-FMDD"), ("III 2024", "RM YYYY"), ("3600", "SSSS"),
             ("Monday", "Day"), ("21", "CC"), ("2024 12", "YYYY HH24"), ("2024 25", "YYYY HH24"),
             ("2024 12:60", "YYYY HH24:MI"), ("15:30", "HH12:MI"), ("2024-01-01 10:00 +02", "YYYY-MM-DD HH24:MI TZH"),
             ("2024-01-01 10:00 +02:30", "YYYY-MM-DD HH24:MI TZH:TZM"), ("12.5", "SS.MS"), ("12.123456", "SS.US"),
             ("12.123", "SS.FF3"), ("2024Feb3", "YYYYMonDD"), ("1997-07-16T19:20:30", "YYYY-MM-DD\"T\"HH24:MI:SS"),
             ("01 02", "MM"), ("1st Jan 2024", "DDth Mon YYYY"), ("2024-W09", "IYYY-\"W\"IW"), ("2024 5", "YYYY W"),
             ("2024 10", "YYYY WW")]
    for s, f in dates:
        yield call(f"to_date({quote(s)},{quote(f)})", "to_date", "date", ["text"] * 2, [s, f])
        yield call(f"to_timestamp({quote(s)},{quote(f)})", "to_timestamp", "timestamp with time zone",
                   ["text"] * 2, [s, f])
    for s, f in [("12,345.6-", "99G999D9S"), ("485", "999"), ("-485", "S999"), ("<485>", "999PR"), ("0.1", "9.9"),
                 ("1,234", "9,999"), ("$123", "L999"), ("123", "99"), ("abc", "999"), ("", "999"), ("12th", "99th"),
                 ("  12", "9999"), ("-12.5", "99.9"), ("12.5-", "99.9MI"), ("1 2", "9 9"), ("1.5", "9V9"),
                 ("00123", "00000"), ("1e5", "9EEEE"), ("+5", "SG9"), ("5-", "9S")]:
        yield call(f"to_number({quote(s)},{quote(f)})", "numeric_to_number", "numeric", ["text"] * 2, [s, f])


if __name__ == "__main__":
    sys.exit(main())
