/* Arenas, buffers, varints, hashes, errors. */
#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void arena_marks_nest(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char *first = arena_strdup(&a, "kept");
    struct arena_mark mark = arena_mark(&a);
    for (int i = 0; i < 1000; i++)
        memset(arena_alloc(&a, 999), 0xaa, 999);
    memset(arena_alloc(&a, 3000000), 0xbb, 3000000);
    size_t grown = a.used_bytes;
    arena_rewind(&a, mark);
    assert_true(a.used_bytes < grown);
    assert_string_equal(first, "kept");
    assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    arena_done(&a);
    assert_int_equal(a.used_bytes, 0);
}

static void arena_limit_fails_softly(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    a.limit_bytes = 10000;
    assert_non_null(arena_try_alloc(&a, 5000));
    assert_null(arena_try_alloc(&a, 6000));
    assert_null(arena_try_alloc(&a, SIZE_MAX - 3));
    arena_done(&a);
}

static void buffers_report_failure_once(void **state)
{
    (void)state;
    struct buf b = {.limit_bytes = 100};
    for (int i = 0; i < 30; i++)
        buf_put_be32(&b, 1);
    struct err *e = buf_finish(&b);
    assert_true(err_is(e, "54000"));
    err_free(e);
    assert_null(buf_finish(&b));
    buf_done(&b);
}

static void varints_round_trip(void **state)
{
    (void)state;
    const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        uint8_t bytes[10];
        uint64_t back;
        size_t n = varint_put(bytes, values[i]);
        assert_int_equal(varint_get(bytes, bytes + n, &back), n);
        assert_true(back == values[i]);
        assert_int_equal(varint_get(bytes, bytes + n - 1, &back), 0);
    }
    uint8_t endless[11];
    uint64_t v;
    memset(endless, 0xff, sizeof(endless));
    assert_int_equal(varint_get(endless, endless + 11, &v), 0);
}

static void crc_matches_rfc3720(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0};
    assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void errors_carry_fields(void **state)
{
    (void)state;
    struct err *e =
        err_hint(err_detail(err_new("23505", "duplicate %s", "key"), "Key %d.", 1), "H");
    assert_string_equal(e->message, "duplicate key");
    assert_string_equal(e->detail, "Key 1.");
    assert_int_equal(err_alive(), 1);
    err_free(e);
    assert_int_equal(err_alive(), 0);
    err_free(err_detail(err_oom(), "nothing"));
}

static void base64_round_trips(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        struct buf b = BUF_INIT, back = BUF_INIT;
        base64_put(&b, str_from(pairs[i][0]));
        assert_string_equal(buf_cstr(&b), pairs[i][1]);
        assert_int_equal(base64_get(str_from(pairs[i][1]), &back), i > 0);
        assert_string_equal(buf_cstr(&back), pairs[i][0]);
        buf_done(&b);
        buf_done(&back);
    }
    struct buf b = BUF_INIT;
    base64_put_url(&b, STR("\xfb\xff\xfe?"));
    assert_string_equal(buf_cstr(&b), "-__-Pw");
    assert_false(base64_get(STR("Zg="), &b));
    assert_false(base64_get(STR("Z$=="), &b));
    assert_false(base64_get(STR("===="), &b));
    assert_false(base64_get(STR("Zg=v"), &b));
    assert_false(base64_get(STR("Z=g="), &b));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_marks_nest),
        cmocka_unit_test(arena_limit_fails_softly),
        cmocka_unit_test(buffers_report_failure_once),
        cmocka_unit_test(varints_round_trip),
        cmocka_unit_test(crc_matches_rfc3720),
        cmocka_unit_test(errors_carry_fields),
        cmocka_unit_test(base64_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
