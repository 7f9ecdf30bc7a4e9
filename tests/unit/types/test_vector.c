/* Columns of batches: values as datums, NULLs, parts of columns, rows as columns. */
#include "types/type.h"
#include "types/vector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena arena;

static const char *numeric_text(struct datum d)
{
    static const struct type_env env = {0};
    const struct type_ops *t = type_by_oid(NUMERIC_OID);
    struct buf b = BUF_INIT;
    assert_false(d.null);
    assert_null(t->out(t, &env, d, &b));
    const char *text = arena_strndup(&arena, (const char *)b.data, b.len);
    buf_done(&b);
    return text;
}

static void each_form_gives_its_values(void **state)
{
    const uint8_t bools[] = {0, 1};
    const int32_t ints[] = {-5, INT32_MAX};
    const int64_t longs[] = {INT64_MIN, 7};
    const float floats[] = {1.5f, -0.0f};
    const double doubles[] = {2.5, 1e300};
    const struct str bytes[] = {STR("a"), STR("")};
    const struct vector from_bools = {.form = VECTOR_BOOL, .bools = bools};
    const struct vector from_ints = {.form = VECTOR_I32, .i32 = ints, .shift = -10957};
    const struct vector from_longs = {.form = VECTOR_I64, .i64 = longs};
    const struct vector from_floats = {.form = VECTOR_F32, .f32 = floats};
    const struct vector from_doubles = {.form = VECTOR_F64, .f64 = doubles};
    const struct vector from_bytes = {.form = VECTOR_BYTES, .bytes = bytes};
    assert_int_equal(vector_get(&from_bools, 1, &arena).i, 1);
    assert_int_equal(vector_get(&from_ints, 0, &arena).i, -10962);
    assert_int_equal(vector_get(&from_ints, 1, &arena).i, (int64_t)INT32_MAX - 10957);
    assert_int_equal(vector_get(&from_longs, 0, &arena).i, INT64_MIN);
    assert_true(vector_get(&from_floats, 0, &arena).f32 == 1.5f);
    assert_true(vector_get(&from_doubles, 1, &arena).f64 == 1e300);
    assert_true(str_eq_c(datum_as_str(vector_get(&from_bytes, 0, &arena)), "a"));
    struct datum empty = vector_get(&from_bytes, 1, &arena);
    assert_false(empty.null);
    assert_int_equal(empty.len, 0);
}

static void decimals_have_their_scale(void **state)
{
    const int64_t small[] = {-12345, 0};
    __int128 greatest = 1;
    for (int i = 0; i < 38; i++)
        greatest *= 10;
    const __int128 large[] = {greatest - 1, 1 - greatest};
    const struct vector from_small = {.form = VECTOR_SCALED64, .i64 = small, .scale = 2};
    const struct vector from_large = {.form = VECTOR_SCALED, .i128 = large, .scale = 10};
    assert_string_equal(numeric_text(vector_get(&from_small, 0, &arena)), "-123.45");
    assert_string_equal(numeric_text(vector_get(&from_small, 1, &arena)), "0.00");
    assert_string_equal(numeric_text(vector_get(&from_large, 0, &arena)),
                        "9999999999999999999999999999.9999999999");
    assert_string_equal(numeric_text(vector_get(&from_large, 1, &arena)),
                        "-9999999999999999999999999999.9999999999");
}

static void nulls_are_counted_out(void **state)
{
    const int32_t ints[] = {1, 0, 3, 0};
    const uint8_t valid[] = {1, 0, 1, 0};
    const struct datum datums[] = {datum_int(1), datum_null(), datum_int(3)};
    const struct vector some = {.form = VECTOR_I32, .i32 = ints, .valid = valid};
    const struct vector all = {.form = VECTOR_I32, .i32 = ints};
    const struct vector none = {.form = VECTOR_NULLS};
    const struct vector boxed = {.form = VECTOR_DATUMS, .datums = datums};
    assert_int_equal(vector_count_values(&some, 4), 2);
    assert_int_equal(vector_count_values(&all, 4), 4);
    assert_int_equal(vector_count_values(&none, 4), 0);
    assert_int_equal(vector_count_values(&boxed, 3), 2);
    assert_true(vector_get(&some, 1, &arena).null);
    assert_false(vector_get(&some, 2, &arena).null);
    assert_true(vector_get(&none, 3, &arena).null);
    assert_true(vector_get(&boxed, 1, &arena).null);
}

static void a_part_begins_later(void **state)
{
    const __int128 large[] = {1, 2, 3};
    const uint8_t valid[] = {1, 0, 1};
    const struct vector whole = {.form = VECTOR_SCALED, .i128 = large, .valid = valid};
    struct vector part = vector_from(whole, 1);
    assert_int_equal(vector_count_values(&part, 2), 1);
    assert_true(vector_get(&part, 0, &arena).null);
    assert_string_equal(numeric_text(vector_get(&part, 1, &arena)), "3");
    struct vector none = vector_from((struct vector){.form = VECTOR_NULLS}, 5);
    assert_true(vector_get(&none, 0, &arena).null);
}

static void a_row_is_columns_of_one(void **state)
{
    const struct datum row[] = {datum_int(4), datum_null()};
    struct vector columns[2];
    vectors_of_row(row, 2, columns);
    assert_int_equal(vector_get(&columns[0], 0, &arena).i, 4);
    assert_int_equal(vector_count_values(&columns[1], 1), 0);
}

static int setup(void **state)
{
    arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    arena_done(&arena);
    return err_alive() != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_gives_its_values), cmocka_unit_test(decimals_have_their_scale),
        cmocka_unit_test(nulls_are_counted_out),      cmocka_unit_test(a_part_begins_later),
        cmocka_unit_test(a_row_is_columns_of_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
