#!/usr/bin/env python3
"""Compares the text forms of types with a real PostgreSQL.

usage: compare_types.py PROBE PSQL-CONNECTION-ARGUMENTS...
Each case goes through input, binary output, binary input and text output here, and through
value::type::text there. Prints differences; exit status 1 when there are any.
"""
import os
import subprocess
import sys

CASES = {
    "boolean": ["t", "true", " yes", "1", "0", "off", "of", "o", "x", ""],
    "smallint": ["1", "-32768", "32768", " 7 ", "1.5", "+3", "- 3", "0x10", "99999999999999999999"],
    "integer": ["1", "-2147483648", "2147483648", "", "1 2"],
    "bigint": ["9223372036854775807", "9223372036854775808", "-9223372036854775808"],
    "oid": ["1", "4294967295", "4294967296", "-1", "-2147483649"],
    "real": ["1", "1e10", "3.4e38", "3.5e38", "1e-45", "1e-46", "nan", "inf", "-Infinity", "0.1",
             "16777217", "123456", "1234567", "1e-5", "x", "1e", ".5", "5."],
    "double precision": ["1", "1e308", "1e309", "1e-323", "1e-400", "NaN", "-inf", "0.1", "-0",
                         "123456789012345678", "1e15", "1e14", "1.5e-5", "0.0001", "0x1p3", "1e",
                         "2.2250738585072014e-308", "9007199254740993", " 1 ", "1 1", "infinit"],
    "numeric": ["1", "-1.50", "1e10", "1e-10", "NaN", "inf", "-infinity", "+Inf", "0", "-0.0",
                "1e131071", "1e131072", "1e-16383", "1e-16384", "00012.3400", ".5", "5.", ".", "",
                "1e", "1e5x", " 12 ", "1_000", "0x1f", "12345678901234567890.12345678901234567890",
                "1e2147483648", "-.0e5", "1.2e3", "1.2345e-3"],
    "text": ["", "abc", "é"],
    "name": ["x" * 63, "x" * 64, "é" * 40],
    "bytea": ["\\x", "\\xDEADBEEF", "\\xde ad", "\\xabc", "\\xzz", "abc", "\\000\\377", "\\\\", "\\4",
              "\\"],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}",
             "A0EE-BC99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
             "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a112", "x"],
    "json": ['{"a":1,"b":[1,2]}', '{"a":1,}', "[1,2", '"abc', '"a\\qb"', '"a\\u12"', "01", "1 2", "",
             "tru", "{1:2}", "-", "1.", "1e", "1ab", '{"a":1 "b"}', "nul", "[1,,2]", '{"a"}', "$"],
    "jsonb": ['{"b":1,"aa":2,"b":3}', "[]", "{}", '{"a":{"b":[1,{"c":null}]}}', '"\\u00e9\\n\\u0001"',
              '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', "1.500", "1e5", "-0", '[1, 2,3 ]',
              '"\\udc00"', '"\\ud800x"', "true", "null", '"a\\/b"', "[[[[[[]]]]]]", "1e1000",
              '{"a":1}}'],
    "date": ["1999-01-08", "January 8, 1999", "1/8/1999", "1/18/1999", "18/1/1999", "01/02/03",
             "1999-Jan-08", "Jan-08-1999", "08-Jan-1999", "99-Jan-08", "08-Jan-99", "Jan-08-99",
             "19990108", "990108", "1999.008", "J2451187", "January 8, 99 BC", "epoch", "infinity",
             "-infinity", "0001-01-01", "0000-01-01", "0001-01-01 BC", "4714-11-24 BC",
             "4714-11-23 BC", "5874897-12-31", "5874898-01-01", "1999-02-29", "2000-02-29",
             "1900-02-29", "1999-13-01", "1999-00-01", "1999-01-32", "foo", "", "1999", "1999-01",
             "8 Jan 1999", "8.1.1999", "08.01.1999", "1999/01/08", "99/01/08", "Mon Jan 8 1999",
             "1999-01-08 04:05:06", "1999-01-08T04:05:06Z", "20010203T040506", "12 12 12",
             "10:20:30", "2001-02-03-04", "1999-01-08x", "99 jan 8", "8 jan 99", "jan 8 99",
             "jan 99 8", "2001-2-3", "01-2-3", "123-1-1", "12345-01-01"],
    "time": ["04:05:06", "04:05", "040506", "0405", "04:05 AM", "04:05 PM", "12:00 AM", "12:30 PM",
             "24:00:00", "24:00:01", "25:00", "23:59:60", "23:59:61", "04:05:06.789123456",
             "04:05:06 PST", "2003-04-12 04:05:06 America/New_York", "allballs", "13:00 PM", "4:5:6",
             "04:60", "T040506", "foo", "", "04:05:06-08:00", "1999-01-08", "10", "100", "1234.5",
             "T04:05:06", "23:59:59.9999999"],
    "time with time zone": ["04:05:06-08:00", "04:05:06 PST", "040506-08", "04:05:06 EDT",
                            "04:05:06+14:30", "04:05:06+16", "04:05:06+15:59:59", "04:05Z",
                            "2003-04-12 04:05:06 America/New_York", "2003-11-12 04:05 America/New_York",
                            "00:00:00.000001+1"],
    "timestamp": ["1999-01-08 04:05:06", "1999-01-08 04:05:06.789", "19990108T040506",
                  "1999-01-08T04:05:06", "Mon Feb 10 17:32:01.4 1997 PST", "Feb 10 17:32:01 1997",
                  "Feb 10 5:32PM 1997", "1997/02/10 17:32:01-0800", "1997-02-10 17:32:01+05:30",
                  "97FEB10 5:32:01PM UTC", "Feb 16 17:32:01 0097 BC", "1997.041 17:32:01 UTC",
                  "20000929 1:40", "epoch", "infinity", "-infinity", "294276-12-31 23:59:59.999999",
                  "294277-01-01", "4714-11-24 00:00 BC", "4714-11-23 23:59 BC", "1999-01-08",
                  "1999-01-08 24:00:00", "1999-01-08 04:05:60", "1999-01-08 04:05:61", "now foo",
                  "2001-02-30 00:00", "J2451187", "J2451187.5", "2001-01-01 10:00 America/New_York",
                  "2001-01-01 10:00 Foo/Bar", "2001-01-01 10:00 foo", "2001-01-01 1:2:3.4567891",
                  "Thu Jan  1 00:00:00 1970", "20011225 040506.789", "2001-12-25t04:05:06.789-08",
                  "10/11/12 13:14", "13/11/12 13:14", "20240102 1020", "1999-01-08 04:05:06 BC",
                  "2024-1-5 1:2", "2024-01-01 13:00 PM", "99-01-08 00:00", "y2001m02d04",
                  "2001-02-03 04:05:06.7.8", "2001-02-03 04:05:06,7"],
    "timestamp with time zone": [
        "1999-01-08 04:05:06-8", "1999-01-08 04:05:06 America/New_York", "1999-01-08 04:05:06",
        "2024-03-10 02:30 America/New_York", "2024-11-03 01:30 America/New_York",
        "2024-11-03 01:30 EST", "2024-11-03 01:30 EDT", "2024-07-01 00:00 Europe/Berlin",
        "2050-07-01 00:00 Europe/Berlin", "1900-01-01 00:00 Europe/Berlin", "2024-01-01 00:00Z",
        "2024-01-01 00:00 zulu", "2024-01-01 00:00 MSK", "2012-01-01 00:00 MSK",
        "2024-01-01 00:00 UTC+3", "2024-01-01 00:00 <+03>-3", "2024-01-01 00:00+24",
        "2024-01-01 00:00 PST8PDT", "2024-06-01 00:00 PST8PDT", "infinity", "epoch",
        "2024-01-01 00:00 CET DST", "1500-01-01 00:00 Europe/Amsterdam", "294276-12-31 23:59:59+00",
        "294277-01-01 00:00+01", "0044-03-15 BC", "2024-03-31 02:30", "2024-10-27 02:30",
        "1883-11-18 12:00 America/New_York", "2024-01-01 00:00 Asia/Kolkata",
        "2024-01-01 00:00 LMT", "2024-01-01 00:00+05:30:15"],
    "interval": ["1 year 2 months 3 days 4:05:06", "1-2", "3 4:05:06", "-1-2 +3 -4:05:06",
                 "1 day ago", "@ 1 minute", "1.5 years", "1.5 months", "1.5 days", "1.5 hours",
                 "1.5 weeks", "P1Y2M3DT4H5M6S", "P0001-02-03T04:05:06", "P1W", "PT1.5S", "P1.5D",
                 "-P1D", "P-1D", "PT-1H", "P", "PT", "1 foo", "", "5", "5.5", "100:00:00", "1:2",
                 "1:2.5", "-1:00", "+1:00", "1 +2:03", "1 -2:03", "2147483647 years", "178956970 years",
                 "178956971 years", "1 decade", "1 century", "1 millennium", "1 millisecond",
                 "1 microsecond", "1.5 milliseconds", "1 mon -1 day", "-1 mon 1 day", "1 year -1 mon",
                 "infinity", "1d2h3m4s", "1y2mon", "4 hours 5 min", "4 hours 5", "-1 year 3 days ago",
                 "1 day 1 day", "0.1 month", "0.7 months", "1e5 days", "1 day 24:00:00", "90 minutes",
                 "PT36H", "P1YT", "P19990102T040506", "-1 day -1:00:00.5", "1.123456789 s",
                 "99999999999 s", "1 us 1 ms 1 s", "-0.5 s", "-1.5 s", "1 week 2 days", "-3-4",
                 "2 mons 5", "1:60:00", "1:00:60", "1 year 1 century"],
    "integer[]": ["{}", "{1,2}", "{{1,2},{3,4}}", "[0:1]={1,2}", "[2:3][1:1]={{1},{2}}", "{1,null}",
                  "{1,}", "{,1}", "{1 2}", "{{1},{2,3}}", "{1,{2}}", "{{1},2}", "{", "}", "1,2", "{1}x",
                  "{{}}", "{{},{}}", "[1:2]={1}", "[2:1]={}", "{a}", " { 1 , 2 } ", "{{{{{{{1}}}}}}}",
                  "[1]={1}", "[1:1]", "[1:1]={1}x", "{\"1\"}", "[-1:0]={5,6}"],
    "text[]": ["{a,b}", '{"a,b","c\\"d"}', '{a\\,b}', "{ a b , c}", "{NULL,\"NULL\",null}", '{""}', "{}",
               '{a"b"}', '{"a"b}', '{"a" "b"}', '{"a\\\\b"}', "{a{b}", '{"abc}', "{a,b"],
    "varchar(3)": ["abc", "abcd", "ab ", "abc  ", "éèà", "éèàx"],
    "char(3)": ["a", "abc", "abcd", "é"],
    "numeric(5,2)": ["123.456", "999.995", "999.994", "1000", "NaN", "inf", "-0.001"],
    "numeric(3,-2)": ["12345", "99949", "99950", "49"],
    "numeric(2,4)": ["0.0012", "0.0099", "0.01", "0.00994"],
    "timestamp(2)": ["2001-01-01 00:00:00.125", "2001-01-01 00:00:00.115", "1999-01-01 00:00:00.995"],
    "time(0)": ["23:59:59.6", "00:00:00.5"],
    "interval(2)": ["1.236 s", "-1.236 s"],
    "interval year to month": ["1 year 2 mons 3 days 4:05", "5"],
    "interval day to minute": ["1 year 2 mons 3 days 4:05:06", "5", "4:05"],
    "interval hour": ["1:30", "5", "1 day 5"],
    "interval minute to second": ["1:30", "1:30:20"],
    "varchar(2)[]": ["{abc,d}"],
    "int2vector": ["1 2 3", "", "1 x"],
    "tid": ["(1,2)", "(1,70000)", "x"],
}
SETTINGS = [
    ("ISO, MDY", "postgres", "0,0,0", "UTC"),
    ("ISO, DMY", "postgres_verbose", "0,1,1", "Europe/Berlin"),
    ("SQL, DMY", "sql_standard", "1,1,2", "America/New_York"),
    ("Postgres, MDY", "iso_8601", "2,0,3", "Asia/Kolkata"),
    ("German, YMD", "postgres", "3,2,0", "Europe/Berlin"),
    ("Postgres, DMY", "postgres", "2,1,0", "America/Los_Angeles"),
]
TRY = r"""
create or replace function pg_temp.attempt(typ text, val text) returns text language plpgsql as $$
declare r text; d text;
begin
  execute format('select %L::%s::text', val, typ) into r;
  return r;
exception when others then
  get stacked diagnostics d = pg_exception_detail;
  return 'ERR ' || sqlstate || ' ' || sqlerrm || case when d <> '' then ' | ' || d else '' end;
end $$;
"""


def quote(s):
    return "'" + s.replace("'", "''") + "'"


def escape(s):
    return s.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def psql(args, sql):
    return subprocess.run(["psql", "-XAtq", *args], input=sql, capture_output=True, text=True,
                          check=True).stdout.split("\n")[:-1]


def main():
    probe, args = sys.argv[1], sys.argv[2:]
    cases = [(t, v) for t, vs in CASES.items() for v in vs]
    types = {}
    for t in CASES:
        plain = t
        sql = f"select pg_temp.oid_of({quote(t)})"
        types[t] = sql
    head = """create function pg_temp.oid_of(t text) returns text language plpgsql as $$
      declare r text; begin execute format('create temp table probe_t (a %s)', t);
      select atttypid || ' ' || atttypmod into r from pg_attribute where attrelid = 'probe_t'::regclass
      and attname = 'a'; drop table probe_t; return r; end $$;"""
    lines = psql(args, head + ";".join(types.values()) + ";")
    for t, line in zip(CASES, lines):
        types[t] = line.split()
    failures = 0
    for style, interval, codes, zone in SETTINGS:
        sql = (f"set datestyle='{style}'; set intervalstyle='{interval}'; set timezone='{zone}';"
               + TRY + "".join(
                   f"select replace(replace(replace(pg_temp.attempt({quote(t)},{quote(v)}),E'\\\\',"
                   f"E'\\\\\\\\'),E'\\n',E'\\\\n'),E'\\t',E'\\\\t');" for t, v in cases))
        theirs = psql(args, sql)
        env = dict(os.environ, PGTZ=zone, PROBE_STYLE=codes)
        text = "".join(f"{types[t][0]}\t{types[t][1]}\t{escape(v)}\n" for t, v in cases)
        ours = subprocess.run([probe], input=text, capture_output=True, text=True, env=env,
                              check=True).stdout.split("\n")[:-1]
        assert len(theirs) == len(ours) == len(cases), (len(theirs), len(ours), len(cases))
        for (t, v), a, b in zip(cases, theirs, ours):
            if t == "boolean" and b in "tf":
                b = "true" if b == "t" else "false"
            if t.startswith("char("):
                b = b.rstrip(" ")
            if a != b:
                failures += 1
                print(f"{style} {t} {v!r}\n  postgres: {a}\n  here:     {b}")
    print(f"{len(cases) * len(SETTINGS)} cases, {failures} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
