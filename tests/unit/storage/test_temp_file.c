/* Temporary files: content, the quota, and that no name stays. */
#include "storage/temp_file.h"

#include "storage/temp_arena.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

static char dir[] = "/tmp/tarn-temp-XXXXXX";
static struct temp_quota quota;

static void no_error(struct err *e)
{
    if (e)
        fail_msg("%s", e->message);
}

static void is_error(struct err *e, const char *sqlstate, const char *message)
{
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    if (message)
        assert_string_equal(e->message, message);
    err_free(e);
}

static int names(void)
{
    DIR *d = opendir(dir);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void test_content(void **state)
{
    struct temp_file *f;
    uint8_t block[1000];
    uint8_t back[3000];
    temp_quota_init(&quota, dir);
    no_error(temp_file_new(&quota, &f));
    for (int i = 0; i < 50; i++) {
        memset(block, i, sizeof(block));
        no_error(temp_file_append(f, block, sizeof(block)));
    }
    assert_int_equal(temp_file_size(f), 50000);
    assert_int_equal(quota.used_bytes, 50000);
    assert_int_equal(names(), 0);
    no_error(temp_file_read(f, 9500, back, 3000));
    for (int i = 0; i < 3000; i++)
        assert_int_equal(back[i], (9500 + i) / 1000);
    is_error(temp_file_read(f, 49500, back, 1000), "XX001", NULL);
    temp_file_free(f);
    assert_int_equal(quota.used_bytes, 0);
    (void)state;
}

static void test_quota(void **state)
{
    struct temp_file *a;
    struct temp_file *b;
    static uint8_t block[60 * 1024];
    temp_quota_init(&quota, dir);
    quota.limit_bytes = 100 * 1024;
    no_error(temp_file_new(&quota, &a));
    no_error(temp_file_new(&quota, &b));
    no_error(temp_file_append(a, block, sizeof(block)));
    is_error(temp_file_append(b, block, sizeof(block)), "53400",
             "temporary file size exceeds temp_file_limit (100kB)");
    assert_int_equal(temp_file_size(b), 0);
    no_error(temp_file_append(b, block, 40 * 1024));
    temp_file_free(a);
    no_error(temp_file_append(b, block, sizeof(block)));
    is_error(temp_file_append(b, block, 1), "53400", NULL);
    temp_file_free(b);
    temp_file_free(NULL);
    assert_int_equal(quota.used_bytes, 0);
    (void)state;
}

/* An arena goes on in a file, gives it back when it is rewound, and says why it cannot grow. */
static void test_arena(void **state)
{
    enum { HEAP = 64 * 1024, BLOCK = 1 << 20, CHUNK = 4 << 20 };
    struct arena a;
    struct temp_arena *t;
    temp_quota_init(&quota, dir);
    quota.limit_bytes = 4 * CHUNK;
    arena_init(&a);
    no_error(temp_arena_new(&quota, &a, HEAP, &t));
    while (a.used_bytes < HEAP)
        assert_non_null(arena_try_alloc(&a, 1000));
    assert_int_equal(quota.used_bytes, 0);
    struct arena_mark mark = arena_mark(&a);
    char *blocks[9];
    for (int i = 0; i < 9; i++) {
        blocks[i] = arena_try_alloc(&a, BLOCK);
        assert_non_null(blocks[i]);
        memset(blocks[i], i, BLOCK);
    }
    for (int i = 0; i < 9; i++)
        assert_true(blocks[i][0] == i && blocks[i][BLOCK - 1] == i);
    assert_true(a.used_bytes < 2 * HEAP);
    assert_int_equal(quota.used_bytes, 3 * CHUNK);
    assert_int_equal(a.backed_bytes, 3 * CHUNK);
    assert_null(arena_try_alloc(&a, 8 << 20));
    is_error(temp_arena_error(t), "53400", "temporary file size exceeds temp_file_limit (16384kB)");
    temp_arena_cool(t);
    for (int i = 0; i < 9; i++)
        assert_true(blocks[i][0] == i && blocks[i][BLOCK - 1] == i);
    arena_rewind(&a, mark);
    assert_int_equal(a.backed_bytes, 0);
    for (int i = 0; i < 9; i++) /* in the same places */
        assert_ptr_equal(arena_try_alloc(&a, BLOCK), blocks[i]);
    assert_int_equal(quota.used_bytes, 3 * CHUNK);
    temp_arena_detach(t);
    assert_int_equal(quota.used_bytes, 0);
    arena_done(&a);
    temp_arena_free(t);
    (void)state;
}

static void test_errors(void **state)
{
    struct arena a;
    struct temp_arena *t;
    temp_quota_init(&quota, "/nowhere/at/all");
    arena_init(&a);
    no_error(temp_arena_new(&quota, &a, 0, &t));
    assert_null(arena_try_alloc(&a, 100));
    is_error(temp_arena_error(t), "58030", NULL);
    arena_done(&a);
    temp_arena_free(t);
    (void)state;
}

static void test_file_errors(void **state)
{
    struct temp_file *f;
    temp_quota_init(&quota, "/nowhere/at/all");
    is_error(temp_file_new(&quota, &f), "58030", NULL);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content),     cmocka_unit_test(test_quota),
        cmocka_unit_test(test_arena),       cmocka_unit_test(test_errors),
        cmocka_unit_test(test_file_errors),
    };
    if (!mkdtemp(dir))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return rc;
}
