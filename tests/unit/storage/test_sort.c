/* The external sort: order, stability, spilling. */
#include "storage/sort.h"
#include "storage/temp_file.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void no_error(struct err *e)
{
    if (e)
        fail_msg("%s", e->message);
}

static struct temp_quota quota;

static struct sorter *sorter_open(size_t memory_bytes)
{
    struct sorter *s;
    no_error(sorter_new(&quota, memory_bytes, &s));
    return s;
}

/* The count of distinct keys, each twice, comes out in order, equal keys in order of addition. */
static void check_sorted(size_t memory_bytes, uint32_t keys)
{
    struct sorter *s = sorter_open(memory_bytes);
    char key[8] = {0};
    for (uint32_t turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < keys; i++) {
            char value[4];
            store_be32(key + 4, (uint32_t)((uint64_t)i * 7919 % keys));
            store_le32(value, turn);
            no_error(sorter_add(s, str_make(key, 8), str_make(value, 4)));
        }
    }
    no_error(sorter_finish(s));
    for (uint32_t i = 0; i < 2 * keys; i++) {
        struct str k;
        struct str v;
        bool found;
        no_error(sorter_next(s, &k, &v, &found));
        assert_true(found && k.len == 8 && v.len == 4);
        assert_int_equal(load_be32(k.data + 4), i / 2);
        assert_int_equal(load_le32(v.data), i % 2);
    }
    struct str k;
    struct str v;
    bool found;
    no_error(sorter_next(s, &k, &v, &found));
    assert_false(found);
    sorter_free(s);
}

static void in_memory(void **state)
{
    (void)state;
    check_sorted(64 << 20, 10000);
}

/* Small entries fill the memory by their number: each run must still be as large as it allows. */
static void many_runs(void **state)
{
    (void)state;
    check_sorted(64 << 10, 400009);
}

static void nothing(void **state)
{
    (void)state;
    struct sorter *s = sorter_open(1 << 20);
    struct str k;
    struct str v;
    bool found;
    no_error(sorter_finish(s));
    no_error(sorter_next(s, &k, &v, &found));
    assert_false(found);
    sorter_free(s);
}

int main(void)
{
    temp_quota_init(&quota, "/tmp");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),
        cmocka_unit_test(many_runs),
        cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
