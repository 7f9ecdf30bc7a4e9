/* The Thrift reader: values, skipping, cut-off and hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lake/thrift.h"

#include <string.h>

static void reads(void **state)
{
    /* 1: i32 -3, 2: binary "ab", 3: true, 20 (long form): list of i64 [1, -1]. */
    static const uint8_t bytes[] = {0x15, 5, 0x18, 2, 'a', 'b', 0x11, 0x09, 40, 0x26, 2, 1, 0};
    struct thrift t;
    uint8_t type;
    thrift_init(&t, bytes, sizeof(bytes));
    struct thrift_fields f = thrift_enter(&t);
    assert_true(thrift_next(&t, &f) && f.id == 1);
    assert_int_equal(thrift_i32(&t, &f), -3);
    assert_true(thrift_next(&t, &f) && f.id == 2);
    assert_true(str_eq(thrift_binary(&t, &f), STR("ab")));
    assert_true(thrift_next(&t, &f) && f.id == 3);
    assert_true(thrift_bool(&t, &f));
    assert_true(thrift_next(&t, &f) && f.id == 20);
    assert_int_equal(thrift_list(&t, &f, &type), 2);
    assert_int_equal(thrift_int_element(&t), 1);
    assert_int_equal(thrift_int_element(&t), -1);
    assert_false(thrift_next(&t, &f));
    assert_null(t.error);
    /* Every prefix is cut off. */
    for (size_t n = 0; n < sizeof(bytes); n++) {
        thrift_init(&t, bytes, n);
        f = thrift_enter(&t);
        while (thrift_next(&t, &f))
            thrift_skip(&t, f.type);
        assert_non_null(t.error);
        assert_true(t.truncated);
    }
}

static void bounds_depth(void **state)
{
    static uint8_t bytes[4096];
    struct thrift t;
    memset(bytes, 0x1c, sizeof(bytes)); /* a struct in a struct in ... */
    thrift_init(&t, bytes, sizeof(bytes));
    thrift_skip(&t, THRIFT_STRUCT);
    assert_non_null(t.error);
    memset(bytes, 0x19, sizeof(bytes)); /* a list of a list of ... */
    thrift_init(&t, bytes, sizeof(bytes));
    thrift_skip(&t, THRIFT_LIST);
    assert_non_null(t.error);
}

static void refuses_large_counts(void **state)
{
    static const uint8_t list[] = {0xf5, 0xff, 0xff, 0xff, 0xff, 0x0f};
    static const uint8_t binary[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    static const uint8_t map[] = {0xff, 0xff, 0xff, 0xff, 0x0f, 0x55};
    struct thrift t;
    thrift_init(&t, list, sizeof(list));
    thrift_skip(&t, THRIFT_LIST);
    assert_non_null(t.error);
    thrift_init(&t, binary, sizeof(binary));
    thrift_skip(&t, THRIFT_BINARY);
    assert_non_null(t.error);
    thrift_init(&t, map, sizeof(map));
    thrift_skip(&t, THRIFT_MAP);
    assert_non_null(t.error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(bounds_depth),
                                       cmocka_unit_test(refuses_large_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
