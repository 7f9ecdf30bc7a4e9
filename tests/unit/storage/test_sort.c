/* The external sort: order, stability, spilling. */
#include "storage/sort.h"
#include "storage/temp_file.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
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

/* Keys that differ late, are equal, or begin with others, with bytes that are zero. */
static void check_odd_keys(const char *beginning, int letters)
{
    enum { COUNT = 20000, MAX_TAIL = 12 };
    struct sorter *s = sorter_open(64 << 20);
    uint64_t random = 88172645463325252u;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        char key[64] = {0};
        char value[4];
        size_t n = 4 + strlen(beginning);
        memcpy(key + 4, beginning, n - 4);
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        size_t tail = random % (MAX_TAIL + 1);
        for (size_t k = 0; k < tail; k++)
            key[n++] = (char)((random >> (8 + 4 * k)) % (uint64_t)letters);
        store_le32(value, i);
        no_error(sorter_add(s, str_make(key, n), str_make(value, 4)));
        sum += i;
    }
    no_error(sorter_finish(s));
    struct str before = {"", 0};
    uint32_t last = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct str k;
        struct str v;
        bool found;
        no_error(sorter_next(s, &k, &v, &found));
        assert_true(found);
        int order = str_cmp(before, k);
        assert_true(order < 0 || (order == 0 && last < load_le32(v.data)));
        before = k;
        last = load_le32(v.data);
        sum -= last;
    }
    assert_int_equal(sum, 0);
    sorter_free(s);
}

static void odd_keys(void **state)
{
    (void)state;
    check_odd_keys("", 2);
    check_odd_keys("", 16);
    check_odd_keys("all of them begin with this", 2);
    check_odd_keys("all of them begin with this", 16);
}

/* As of an index: some values are how the key ends, or all of it. */
static void check_values_in_keys(size_t memory_bytes)
{
    enum { COUNT = 50021 };
    struct sorter *s = sorter_open(memory_bytes);
    for (uint32_t i = 0; i < COUNT; i++) {
        char key[12] = {0};
        uint32_t k = (uint32_t)((uint64_t)i * 7919 % COUNT);
        store_be32(key + 4, k);
        store_be32(key + 8, ~k);
        no_error(sorter_add(s, str_make(key, 12), str_make(key + 4 * (k % 4), 12 - 4 * (k % 4))));
    }
    no_error(sorter_finish(s));
    for (uint32_t k = 0; k < COUNT; k++) {
        struct str key;
        struct str v;
        bool found;
        no_error(sorter_next(s, &key, &v, &found));
        assert_true(found && key.len == 12 && load_be32(key.data + 4) == k);
        assert_int_equal(v.len, 12 - 4 * (k % 4));
        assert_memory_equal(v.data, key.data + 4 * (k % 4), v.len);
    }
    sorter_free(s);
}

static void values_in_keys(void **state)
{
    (void)state;
    check_values_in_keys(64 << 20);
    check_values_in_keys(64 << 10);
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
        cmocka_unit_test(in_memory),      cmocka_unit_test(many_runs), cmocka_unit_test(odd_keys),
        cmocka_unit_test(values_in_keys), cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
