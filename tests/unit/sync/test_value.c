/* Values of the lake as datums, and where Parquet files are found. */
#include "sync/sync_internal.h"

#include "types/numeric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena arena;

static const char *text_of(const struct value_type *type, struct datum d)
{
    static const struct type_env env = {.extra_float_digits = 1};
    const struct type_ops *ops = type_by_oid(type->oid);
    struct buf b = BUF_INIT;
    assert_null(ops->out(ops, &env, d, &b));
    const char *out = arena_strdup(&arena, buf_cstr(&b));
    buf_done(&b);
    return out;
}

/* Value 0 of a vector of that type as text; the SQLSTATE of an error; NULL for NULL. */
static const char *convert(const struct lake_type *type, const void *data)
{
    struct lake_field field = {.name = STR("c"), .type = type};
    struct lake_vec vec = {.type = type, .phys = lake_type_phys(type), .count = 1, .data = data};
    struct value_type vt;
    struct datum d;
    struct err *e = value_type_of(&field, &vt);
    if (!e)
        e = value_get(&vec, 0, &vt, &arena, &d);
    if (e) {
        const char *state = arena_strdup(&arena, e->sqlstate);
        err_free(e);
        return state;
    }
    return d.null ? NULL : text_of(&vt, d);
}

static const char *simple(enum lake_kind kind, const void *data)
{
    return convert(lake_type_simple(kind), data);
}

static void test_numbers(void **state)
{
    int32_t i32 = -7;
    int64_t i64 = INT64_MIN;
    float f32 = 0.1f;
    double f64 = -1e300;
    uint8_t yes = 1;
    (void)state;
    assert_string_equal(simple(LAKE_BYTE, &i32), "-7");
    assert_string_equal(simple(LAKE_SHORT, &i32), "-7");
    assert_string_equal(simple(LAKE_INTEGER, &i32), "-7");
    assert_string_equal(simple(LAKE_LONG, &i64), "-9223372036854775808");
    assert_string_equal(simple(LAKE_FLOAT, &f32), "0.1");
    assert_string_equal(simple(LAKE_DOUBLE, &f64), "-1e+300");
    assert_string_equal(simple(LAKE_BOOLEAN, &yes), "t");
}

static void test_decimals(void **state)
{
    struct lake_type narrow = {.kind = LAKE_DECIMAL, .precision = 10, .scale = 2};
    struct lake_type wide = {.kind = LAKE_DECIMAL, .precision = 38, .scale = 10};
    int64_t cents = -1230;
    __int128 big = (__int128)1234567890123456789ll * 10000000000ll + 5;
    (void)state;
    assert_string_equal(convert(&narrow, &cents), "-12.30");
    assert_string_equal(convert(&wide, &big), "1234567890123456789.0000000005");
}

static void test_times(void **state)
{
    struct lake_type nanos = {.kind = LAKE_TIMESTAMP_NTZ, .unit = LAKE_NANOS};
    int32_t day = 0;
    int32_t far_day = INT32_MAX;
    int64_t us = -1;
    int64_t ns = -1;
    int64_t far = INT64_MIN;
    (void)state;
    assert_string_equal(simple(LAKE_DATE, &day), "1970-01-01");
    assert_string_equal(simple(LAKE_DATE, &far_day), "22008");
    assert_string_equal(simple(LAKE_TIMESTAMP, &us), "1969-12-31 23:59:59.999999+00");
    assert_string_equal(simple(LAKE_TIMESTAMP_NTZ, &us), "1969-12-31 23:59:59.999999");
    assert_string_equal(convert(&nanos, &ns), "1969-12-31 23:59:59.999999");
    assert_string_equal(simple(LAKE_TIMESTAMP, &far), "22008");
}

static void test_bytes(void **state)
{
    struct str good = STR("gr\xc3\xbc\xc3\x9f");
    struct str broken = STR("a\xff");
    struct str zero = STR("a\0b");
    struct str raw = STR("\x00\xff");
    struct str interval = STR("\x0e\0\0\0\x03\0\0\0\xe8\x03\0\0");
    (void)state;
    assert_string_equal(simple(LAKE_STRING, &good), good.data);
    assert_string_equal(simple(LAKE_STRING, &broken), "22021");
    assert_string_equal(simple(LAKE_STRING, &zero), "22021");
    assert_string_equal(simple(LAKE_BINARY, &raw), "\\x00ff");
    assert_string_equal(simple(LAKE_INTERVAL, &interval), "1 year 2 mons 3 days 00:00:01");
}

static void test_nested(void **state)
{
    struct lake_field element = {.name = STR("element"), .type = lake_type_simple(LAKE_LONG)};
    struct lake_type list = {.kind = LAKE_LIST, .field_count = 1, .fields = &element};
    int64_t values[] = {9007199254740993ll, 2};
    uint32_t offsets[] = {0, 2};
    struct lake_vec child = {
        .type = element.type, .phys = LAKE_PHYS_I64, .count = 2, .i64 = values};
    struct lake_vec vec = {.type = &list,
                           .phys = LAKE_PHYS_LIST,
                           .count = 1,
                           .offsets = offsets,
                           .children = &child,
                           .child_count = 1};
    struct lake_field field = {.name = STR("c"), .type = &list};
    struct value_type vt;
    struct datum d;
    (void)state;
    assert_null(value_type_of(&field, &vt));
    assert_int_equal(vt.oid, JSONB_OID);
    assert_null(value_get(&vec, 0, &vt, &arena, &d));
    assert_string_equal(text_of(&vt, d), "[9007199254740993, 2]");
}

static void test_nulls(void **state)
{
    uint8_t valid = 0;
    int64_t none = 0;
    struct lake_vec vec = {.type = lake_type_simple(LAKE_LONG),
                           .phys = LAKE_PHYS_I64,
                           .count = 1,
                           .valid = &valid,
                           .i64 = &none};
    struct value_type vt = {INT8_OID, -1};
    struct datum d;
    (void)state;
    assert_null(value_get(&vec, 0, &vt, &arena, &d));
    assert_true(d.null);
    assert_null(simple(LAKE_VOID, NULL));
}

static void test_variant(void **state)
{
    struct lake_type variant = {.kind = LAKE_VARIANT};
    struct lake_field field = {.name = STR("doc"), .type = &variant};
    struct str texts[] = {STR("{\"a\":1.50}"), STR("null"), STR("{")};
    struct lake_vec vec = {.type = &variant, .phys = LAKE_PHYS_BYTES, .count = 3, .bytes = texts};
    struct value_type vt;
    struct datum d;
    (void)state;
    assert_null(value_type_of(&field, &vt));
    assert_int_equal(vt.oid, JSONB_OID);
    assert_null(value_get(&vec, 0, &vt, &arena, &d));
    assert_false(d.null);
    assert_null(value_get(&vec, 1, &vt, &arena, &d));
    assert_false(d.null); /* JSON's null is a value */
    struct err *e = value_get(&vec, 2, &vt, &arena, &d);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "22P02");
    err_free(e);
}

static void test_no_source(void **state)
{
    struct source_spec spec = {.uri = STR("/nowhere/at/all")};
    struct source *source;
    (void)state;
    struct err *e = source_open(&spec, &source);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "58P01");
    err_free(e);
    spec.uri = STR("/nowhere/*.parquet");
    e = source_open(&spec, &source);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "58P01");
    err_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_times),   cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_nested),  cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_variant), cmocka_unit_test(test_no_source),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&arena);
    return failed;
}
