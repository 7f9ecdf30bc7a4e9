/* Row stores against what was put in: in memory and in a file, read while they grow, at any place,
 * several in one file. */
#include "exec/row_store.h"
#include "storage/temp_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { WIDTH = 4 };

static struct temp_quota quota;

static void no_error(struct err *e)
{
    if (e)
        fail_msg("%s", e->message);
}

/* Row i: its number, a text of some length (0: empty), a NULL now and then, a negative number. */
static void make_row(size_t i, char *text, struct datum *row)
{
    size_t len = i * 7919 % 300;
    if (i % 1000 == 999)
        len = 100000; /* longer than any buffer */
    memset(text, 'a' + (int)(i % 26), len + 1);
    row[0] = datum_int((int64_t)i);
    row[1] = datum_bytes(text, len);
    row[2] = i % 3 ? datum_int(-(int64_t)i) : datum_null();
    row[3] = i % 5 ? datum_null() : datum_bytes(text, len / 2 + 1);
}

static char made[200000];

static void check_row(size_t i, const struct datum *row)
{
    struct datum want[WIDTH];
    make_row(i, made, want);
    for (int k = 0; k < WIDTH; k++) {
        assert_int_equal(row[k].null, want[k].null);
        if (want[k].null)
            continue;
        assert_int_equal(row[k].len, want[k].len);
        if (want[k].len)
            assert_memory_equal(row[k].p, want[k].p, want[k].len);
        else if (k == 0 || k == 2)
            assert_int_equal(row[k].i, want[k].i);
    }
}

static void add(struct row_store *s, size_t i)
{
    static const int backwards[] = {3, 2, 1, 0};
    struct datum row[WIDTH];
    struct datum frame[WIDTH];
    make_row(i, made, row);
    for (int k = 0; k < WIDTH; k++)
        frame[3 - k] = row[k];
    no_error(i % 2 ? row_store_add(s, row) : row_store_add_slots(s, frame, backwards));
}

static void expect(struct row_reader *r, size_t i, size_t count)
{
    const struct datum *row;
    bool found;
    no_error(row_reader_next(r, &row, &found));
    assert_int_equal(found, i < count);
    if (found)
        check_row(i, row);
}

static void read_all(struct row_store *s)
{
    struct row_reader r;
    size_t n = row_store_count(s);
    row_reader_init(&r, s);
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i <= n; i++)
            expect(&r, i, n);
        row_reader_rewind(&r);
    }
    uint64_t state = 1;
    for (int i = 0; i < 300; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(state >> 33) % (n + 2);
        no_error(row_reader_seek(&r, at));
        expect(&r, at, n);
        expect(&r, at + 1, n);
        if (at > 1) {
            no_error(row_reader_seek(&r, at - 1));
            expect(&r, at - 1, n);
        }
    }
    row_reader_done(&r);
}

static void in_memory_and_file(void **state)
{
    for (size_t memory = 1; memory < (64 << 20); memory *= 64) {
        struct row_store *s;
        no_error(row_store_new(&quota, memory, WIDTH, &s));
        for (size_t i = 0; i < 5000; i++)
            add(s, i);
        assert_int_equal(row_store_count(s), 5000);
        assert_int_equal(row_store_spilled(s), memory < (2 << 20));
        if (row_store_spilled(s))
            assert_true(row_store_memory(s) < (300 << 10));
        read_all(s);
        row_store_clear(s);
        assert_int_equal(quota.used_bytes, 0);
        for (size_t i = 0; i < 10; i++)
            add(s, i);
        read_all(s);
        row_store_free(s);
    }
    (void)state;
}

/* Two readers, one close behind the end and one far. */
static void read_while_it_grows(void **state)
{
    struct row_store *s;
    struct row_reader near;
    struct row_reader far;
    size_t far_at = 0;
    no_error(row_store_new(&quota, 50000, WIDTH, &s));
    row_reader_init(&near, s);
    row_reader_init(&far, s);
    for (size_t i = 0; i < 3000; i++) {
        add(s, i);
        expect(&near, i, i + 1);
        if (i % 3 == 0)
            expect(&far, far_at++, i + 1);
        if (i % 97 == 0) {
            expect(&near, i + 1, i + 1);
            no_error(row_reader_seek(&near, i + 1)); /* the end */
        }
    }
    row_reader_done(&near);
    row_reader_done(&far);
    row_store_free(s);
    (void)state;
}

static void in_one_file(void **state)
{
    enum { STORES = 7 };
    struct row_store *s[STORES];
    no_error(row_store_new(&quota, 1000, WIDTH, &s[0]));
    for (int k = 1; k < STORES; k++)
        no_error(row_store_beside(s[0], &s[k]));
    for (size_t i = 0; i < 4000; i++)
        for (int k = 0; k < STORES; k++)
            if (i % (size_t)(k + 1) == 0)
                add(s[k], row_store_count(s[k]));
    for (int k = 0; k < STORES; k++) {
        read_all(s[k]);
        row_store_free(s[k]);
    }
    assert_int_equal(quota.used_bytes, 0);
    row_store_free(NULL);
    (void)state;
}

static void beyond_the_quota(void **state)
{
    struct row_store *s;
    struct err *e = NULL;
    struct datum row[WIDTH];
    quota.limit_bytes = 200000;
    no_error(row_store_new(&quota, 1000, WIDTH, &s));
    for (size_t i = 0; i < 5000 && !e; i++) {
        make_row(i, made, row);
        e = row_store_add(s, row);
    }
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "53400");
    err_free(e);
    row_store_free(s);
    quota.limit_bytes = -1;
    (void)state;
}

static void damaged_rows(void **state)
{
    struct buf b = BUF_INIT;
    struct datum row[WIDTH];
    make_row(5, made, row);
    row_encode(&b, row, WIDTH);
    for (size_t len = 0; len < b.len; len++) {
        struct err *e = row_decode(str_make(b.data, len), row, WIDTH);
        assert_non_null(e);
        err_free(e);
    }
    no_error(row_decode(buf_str(&b), row, WIDTH));
    buf_done(&b);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory_and_file), cmocka_unit_test(read_while_it_grows),
        cmocka_unit_test(in_one_file),        cmocka_unit_test(beyond_the_quota),
        cmocka_unit_test(damaged_rows),
    };
    temp_quota_init(&quota, "/tmp");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
