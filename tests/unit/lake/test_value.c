/* Partition values, conversions to the table's types, selection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lake/delta_internal.h"
#include "lake/json.h"

static struct arena arena;
static struct delta_snapshot snapshot = {.path = {"t", 1}};

/* The JSON text of a partition value, "error" when it is refused. */
static const char *partition(const struct lake_type *type, const char *text)
{
    struct delta_partition_value value = {.text = str_from(text), .is_null = !text[0]};
    struct lake_vec vec;
    struct err *e = delta_partition_vec(&snapshot, type, STR("c"), &value, 2, &arena, &vec);
    if (e) {
        assert_string_equal(e->sqlstate, "XX001");
        err_free(e);
        return "error";
    }
    struct buf b = BUF_INIT;
    lake_json_value(&vec, 1, &b);
    const char *out = arena_strdup(&arena, buf_cstr(&b));
    buf_done(&b);
    return out;
}

#define CHECK_VALUE(kind, text, want) \
    assert_string_equal(partition(lake_type_simple(LAKE_##kind), text), want)

static void partition_values(void **state)
{
    CHECK_VALUE(STRING, "a b", "\"a b\"");
    CHECK_VALUE(STRING, "", "null");
    CHECK_VALUE(INTEGER, "", "null");
    CHECK_VALUE(BYTE, "-128", "-128");
    CHECK_VALUE(BYTE, "128", "error");
    CHECK_VALUE(LONG, "9223372036854775807", "9223372036854775807");
    CHECK_VALUE(LONG, "9223372036854775808", "error");
    CHECK_VALUE(INTEGER, "1.0", "error");
    CHECK_VALUE(BOOLEAN, "TRUE", "true");
    CHECK_VALUE(BOOLEAN, "t", "error");
    CHECK_VALUE(FLOAT, "0.1", "0.1");
    CHECK_VALUE(DOUBLE, "1.0E-5", "1e-05");
    CHECK_VALUE(DOUBLE, "NaN", "\"NaN\"");
    CHECK_VALUE(DOUBLE, "0x10", "error");
    CHECK_VALUE(DATE, "2024-02-29", "\"2024-02-29\"");
    CHECK_VALUE(DATE, "2023-02-29", "error");
    CHECK_VALUE(DATE, "2023-2-29x", "error");
    CHECK_VALUE(TIMESTAMP, "2024-01-01 00:00:00", "\"2024-01-01T00:00:00Z\"");
    CHECK_VALUE(TIMESTAMP, "2024-01-01T01:30:00.5+01:30", "\"2024-01-01T00:00:00.500000Z\"");
    CHECK_VALUE(TIMESTAMP, "1969-12-31T23:59:59.999999Z", "\"1969-12-31T23:59:59.999999Z\"");
    CHECK_VALUE(TIMESTAMP, "2024-01-01 24:00:00", "error");
    CHECK_VALUE(TIMESTAMP_NTZ, "2024-01-01 10:00:00.1", "\"2024-01-01T10:00:00.100000\"");
    struct lake_type decimal = {.kind = LAKE_DECIMAL, .precision = 38, .scale = 2};
    assert_string_equal(partition(&decimal, "123456789012345678901234567890123456.78"),
                        "123456789012345678901234567890123456.78");
    assert_string_equal(partition(&decimal, "1234567890123456789012345678901234567.8"), "error");
    assert_string_equal(partition(&decimal, "1.005"), "error");
    assert_string_equal(partition(&decimal, "-1.5000"), "-1.50");
    assert_string_equal(partition(&decimal, "1E+3"), "1000.00");
    assert_string_equal(partition(&decimal, "."), "error");
}

/* The JSON text of a number after conversion, "error" when refused. */
static const char *conform(struct lake_vec in, const struct lake_type *to)
{
    struct delta_conform c = {.arena = &arena};
    struct lake_vec out;
    in.phys = lake_type_phys(in.type);
    in.count = 1;
    struct err *e = delta_conform_vec(&c, &in, to, &out);
    if (e) {
        assert_string_equal(e->sqlstate, "XX001");
        err_free(e);
        return "error";
    }
    struct buf b = BUF_INIT;
    lake_json_value(&out, 0, &b);
    const char *text = arena_strdup(&arena, buf_cstr(&b));
    buf_done(&b);
    return text;
}

static void conversions(void **state)
{
    int32_t i = -7, day = 1, large = 300;
    int64_t l = INT64_C(1) << 40;
    float f = 0.5f;
    struct str s = STR("x");
    struct lake_type decimal = {.kind = LAKE_DECIMAL, .precision = 20, .scale = 3};
    struct lake_type small = {.kind = LAKE_DECIMAL, .precision = 3, .scale = 1};
    struct lake_vec integer = {.type = lake_type_simple(LAKE_INTEGER), .i32 = &i};
    struct lake_vec longer = {.type = lake_type_simple(LAKE_LONG), .i64 = &l};
    struct lake_vec real = {.type = lake_type_simple(LAKE_FLOAT), .f32 = &f};
    struct lake_vec date = {.type = lake_type_simple(LAKE_DATE), .i32 = &day};
    struct lake_vec binary = {.type = lake_type_simple(LAKE_BINARY), .bytes = &s};
    assert_string_equal(conform(integer, lake_type_simple(LAKE_LONG)), "-7");
    assert_string_equal(conform(integer, lake_type_simple(LAKE_DOUBLE)), "-7");
    assert_string_equal(conform(integer, lake_type_simple(LAKE_BYTE)), "-7");
    assert_string_equal(conform(integer, &decimal), "-7.000");
    assert_string_equal(conform(longer, lake_type_simple(LAKE_INTEGER)), "error");
    assert_string_equal(conform(longer, &small), "error");
    assert_string_equal(conform(longer, lake_type_simple(LAKE_STRING)), "error");
    assert_string_equal(conform(real, lake_type_simple(LAKE_DOUBLE)), "0.5");
    assert_string_equal(conform(date, lake_type_simple(LAKE_TIMESTAMP_NTZ)),
                        "\"1970-01-02T00:00:00\"");
    assert_string_equal(conform(date, lake_type_simple(LAKE_TIMESTAMP)), "error");
    assert_string_equal(conform(binary, lake_type_simple(LAKE_STRING)), "\"x\"");
    assert_string_equal(conform(binary, lake_type_simple(LAKE_LONG)), "error");
    assert_string_equal(conform(integer, lake_type_simple(LAKE_VOID)), "null");
    integer.i32 = &large;
    assert_string_equal(conform(integer, lake_type_simple(LAKE_BYTE)), "error");
    l = 12345;
    struct lake_vec number = {
        .type = &(struct lake_type){.kind = LAKE_DECIMAL, .precision = 5, .scale = 2}, .i64 = &l};
    assert_string_equal(conform(number, &decimal), "123.450");
    assert_string_equal(conform(number, &small), "error");
}

static void selection(void **state)
{
    const struct lake_type *number = lake_type_simple(LAKE_INTEGER);
    struct lake_field element = {.name = STR("element"), .type = number};
    struct lake_type list = {.kind = LAKE_LIST, .fields = &element, .field_count = 1};
    int32_t values[] = {1, 2, 3, 4};
    uint8_t valid[] = {1, 0, 1};
    uint32_t offsets[] = {0, 1, 1, 4}, rows[] = {2, 1};
    struct lake_vec child = {.type = number, .phys = LAKE_PHYS_I32, .count = 4, .i32 = values};
    struct lake_vec in = {.type = &list,
                          .phys = LAKE_PHYS_LIST,
                          .count = 3,
                          .valid = valid,
                          .offsets = offsets,
                          .children = &child,
                          .child_count = 1};
    struct lake_vec out;
    struct buf b = BUF_INIT;
    assert_null(lake_vec_select(&arena, &in, rows, 2, &out));
    lake_json_value(&out, 0, &b);
    lake_json_value(&out, 1, &b);
    assert_string_equal(buf_cstr(&b), "[2,3,4]null");
    buf_done(&b);
}

static int done(void **state)
{
    arena_done(&arena);
    return err_alive() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(partition_values),
                                       cmocka_unit_test(conversions), cmocka_unit_test(selection)};
    arena_init(&arena);
    return cmocka_run_group_tests(tests, NULL, done);
}
