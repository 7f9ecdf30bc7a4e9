/* Text of values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"
#include "lake/json.h"

#include <float.h>
#include <math.h>
#include <string.h>

static struct buf b;

static void check(const char *want)
{
    assert_string_equal(buf_cstr(&b), want);
    buf_reset(&b);
}

static void strings(void **state)
{
    lake_put_json_string(&b, STR("a\"\\\b\f\n\r\t\x01/\xc3\xa9"));
    check("\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001/\xc3\xa9\"");
    lake_put_json_string(&b, STR("a\0b"));
    check("\"a\\u0000b\"");
    lake_put_json_string(&b, STR(""));
    check("\"\"");
    base64_put(&b, STR("f"));
    check("Zg==");
    base64_put(&b, STR("fo"));
    check("Zm8=");
    base64_put(&b, STR("foo\xff"));
    check("Zm9v/w==");
    lake_put_hex(&b, STR("\x0f\xa0"));
    check("0fa0");
}

static void times(void **state)
{
    lake_put_date(&b, 0);
    check("1970-01-01");
    lake_put_date(&b, -719528);
    check("0000-01-01");
    lake_put_date(&b, 11016);
    check("2000-02-29");
    lake_put_timestamp(&b, -1, LAKE_MICROS, false, true);
    check("1969-12-31T23:59:59.999999Z");
    lake_put_timestamp(&b, 0, LAKE_MICROS, false, false);
    check("1970-01-01T00:00:00");
    lake_put_timestamp(&b, 1, LAKE_NANOS, true, false);
    check("1970-01-01T00:00:00.000000001");
    lake_put_timestamp(&b, INT64_MIN, LAKE_MICROS, false, true);
    check("-290308-12-21T19:59:05.224192Z");
    lake_put_timestamp(&b, INT64_MAX, LAKE_MICROS, false, true);
    check("294247-01-10T04:00:54.775807Z");
}

static void numbers(void **state)
{
    lake_put_decimal(&b, 0, 2);
    check("0.00");
    lake_put_decimal(&b, -5, 2);
    check("-0.05");
    lake_put_decimal(&b, 12345, 0);
    check("12345");
    __int128 max = 1;
    for (int i = 0; i < 38; i++)
        max *= 10;
    lake_put_decimal(&b, -(max - 1), 38);
    check("-0.99999999999999999999999999999999999999");
    lake_put_decimal(&b, max - 1, 0);
    check("99999999999999999999999999999999999999");
    lake_put_double(&b, 0.1);
    check("0.1");
    lake_put_double(&b, 1.0 / 3);
    check("0.3333333333333333");
    lake_put_double(&b, 5e-324);
    check("5e-324");
    lake_put_double(&b, DBL_MAX);
    check("1.7976931348623157e+308");
    lake_put_double(&b, -0.0);
    check("-0");
    lake_put_double(&b, (double)NAN);
    check("NaN");
    lake_put_float(&b, 0.1f);
    check("0.1");
    lake_put_float(&b, 16777216.0f);
    check("16777216");
    lake_put_float(&b, -INFINITY);
    check("-Infinity");
}

static void nested(void **state)
{
    const struct lake_type *string = lake_type_simple(LAKE_STRING);
    const struct lake_type *number = lake_type_simple(LAKE_LONG);
    struct lake_field pair[] = {{.name = STR("key"), .type = string},
                                {.name = STR("value"), .type = number}};
    struct lake_type map = {.kind = LAKE_MAP, .fields = pair, .field_count = 2};
    struct str keys[] = {STR("a"), STR("b\"")};
    int64_t values[] = {INT64_MAX, 0};
    uint8_t valid[] = {1, 0};
    uint32_t offsets[] = {0, 2, 2};
    struct lake_vec children[] = {
        {.type = string, .phys = LAKE_PHYS_BYTES, .count = 2, .bytes = keys},
        {.type = number, .phys = LAKE_PHYS_I64, .count = 2, .i64 = values, .valid = valid}};
    struct lake_vec v = {.type = &map,
                         .phys = LAKE_PHYS_LIST,
                         .count = 2,
                         .offsets = offsets,
                         .children = children,
                         .child_count = 2};
    lake_json_value(&v, 0, &b);
    check("{\"a\":9223372036854775807,\"b\\\"\":null}");
    lake_json_value(&v, 1, &b);
    check("{}");
    pair[0].type = number;
    children[0] = children[1];
    children[0].valid = NULL;
    lake_json_value(&v, 0, &b);
    check("[{\"key\":9223372036854775807,\"value\":9223372036854775807},"
          "{\"key\":0,\"value\":null}]");
    struct lake_type record = {.kind = LAKE_STRUCT, .fields = pair, .field_count = 2};
    v.type = &record;
    v.phys = LAKE_PHYS_STRUCT;
    v.valid = valid;
    lake_json_value(&v, 0, &b);
    check("{\"key\":9223372036854775807,\"value\":9223372036854775807}");
    lake_json_value(&v, 1, &b);
    check("null");
}

static int done(void **state)
{
    buf_done(&b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(strings), cmocka_unit_test(times),
                                       cmocka_unit_test(numbers), cmocka_unit_test(nested)};
    return cmocka_run_group_tests(tests, NULL, done);
}
