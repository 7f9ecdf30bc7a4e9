/* Transactions larger than memory may be: write sets that go on in a file. */
#include "base/bytes.h"
#include "storage/store.h"
#include "storage/temp_file.h"
#include "txn/txn.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { ID = 2000, VALUE_BYTES = 100, KEY_BYTES = 8, MEMTABLE_BYTES = 256 << 10, ROWS = 30000 };

static char dir[64];
static struct temp_quota quota;

static void no_error(struct err *e)
{
    if (e)
        fail_msg("error %s: %s\n", e->sqlstate, e->message);
}

static void is_error(struct err *e, const char *sqlstate)
{
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    err_free(e);
}

static struct txn_mgr *open_mgr(void)
{
    struct txn_config c = {
        .dir = dir,
        .memtable_bytes = MEMTABLE_BYTES,
        .map_bytes = (size_t)1 << 30,
        .wal_segment_bytes = 1 << 20,
        .checkpoint_timeout_ms = 600000,
        .max_wal_bytes = 1 << 30,
        .deadlock_timeout_ms = 50,
        .fsync = false,
    };
    struct txn_mgr *mgr;
    no_error(txn_mgr_open(&c, &mgr));
    txn_mgr_temp_quota(mgr, &quota);
    return mgr;
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tarn-large-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    assert_int_equal(err_alive(), 0);
    return system(command);
}

static struct str key_of(char *space, uint32_t row)
{
    store_be32(space, ID);
    store_be32(space + 4, row);
    return str_make(space, KEY_BYTES);
}

static struct txn *begin(struct txn_mgr *mgr)
{
    struct txn *t;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    txn_set_temp_quota(t, &quota);
    return t;
}

/* Rows from `lo` to `hi`, each filled with `content`. */
static struct err *write_rows(struct txn *t, uint32_t lo, uint32_t hi, char content)
{
    char value[VALUE_BYTES];
    char space[KEY_BYTES];
    memset(value, content, sizeof(value));
    for (uint32_t row = lo; row < hi; row++)
        TRY(txn_put(t, key_of(space, row), str_make(value, sizeof(value))));
    return NULL;
}

/* The rows of a view: how many, and that each is filled with `content`. */
static uint32_t count_rows(const struct txn_view *v, char content)
{
    char lo[4];
    char hi[4];
    struct txn_scan *scan;
    struct str key;
    struct str value;
    bool found;
    uint32_t rows = 0;
    store_be32(lo, ID);
    store_be32(hi, ID + 1);
    no_error(txn_scan_open(v, str_make(lo, 4), str_make(hi, 4), false, &scan));
    for (;; rows++) {
        no_error(txn_scan_next(scan, &key, &value, &found));
        if (!found)
            break;
        assert_int_equal(value.len, VALUE_BYTES);
        assert_int_equal(value.data[0], content);
        assert_int_equal(value.data[VALUE_BYTES - 1], content);
    }
    txn_scan_close(scan);
    return rows;
}

static uint32_t own_rows(struct txn *t, char content)
{
    struct txn_view v = txn_view_newest(t);
    uint32_t rows = count_rows(&v, content);
    txn_view_done(&v);
    return rows;
}

static uint32_t committed_rows(struct txn_mgr *mgr, char content)
{
    struct txn *t = begin(mgr);
    struct txn_view v = txn_view_begin(t);
    uint32_t rows = count_rows(&v, content);
    txn_view_done(&v);
    txn_abort(t);
    return rows;
}

static void write_sets_go_on_in_a_file(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    struct txn *t = begin(mgr);
    no_error(write_rows(t, 0, 100, 'a'));
    assert_int_equal(quota.used_bytes, 0);
    uint32_t mark = txn_savepoint(t);
    no_error(write_rows(t, 0, ROWS, 'b'));
    assert_true(quota.used_bytes >= ROWS * VALUE_BYTES);
    assert_int_equal(own_rows(t, 'b'), ROWS);
    txn_rollback_to(t, mark);
    assert_int_equal(own_rows(t, 'a'), 100);
    txn_abort(t);
    assert_int_equal(quota.used_bytes, 0);
    assert_int_equal(committed_rows(mgr, 'a'), 0);
    no_error(txn_mgr_close(mgr));
}

static void temp_file_limit_fails_the_write(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    struct txn *t = begin(mgr);
    quota.limit_bytes = 1 << 20;
    is_error(write_rows(t, 0, ROWS, 'a'), "53400");
    txn_abort(t);
    assert_int_equal(quota.used_bytes, 0);
    no_error(txn_mgr_close(mgr));
}

static void commit_rows(struct txn_mgr *mgr, uint32_t lo, uint32_t hi, char content)
{
    struct txn *t = begin(mgr);
    no_error(write_rows(t, lo, hi, content));
    no_error(txn_commit(t, false));
}

/* Older snapshots go on showing what was there, from memtables and after checkpoints; point reads
 * and scans both ways agree. */
static void a_large_commit_is_seen_as_a_whole(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    commit_rows(mgr, 0, ROWS / 2, 'a');
    struct txn *reader;
    no_error(txn_begin(mgr, TXN_REPEATABLE_READ, true, &reader));
    struct txn_view old = txn_view_begin(reader);
    struct txn *t = begin(mgr);
    uint32_t mark = txn_savepoint(t);
    no_error(write_rows(t, ROWS, 2 * ROWS, 'x'));
    txn_rollback_to(t, mark); /* nodes without a version */
    no_error(write_rows(t, 0, ROWS, 'y'));
    txn_next_command(t);
    no_error(write_rows(t, 0, ROWS, 'b'));
    no_error(txn_commit(t, false));
    assert_int_equal(quota.used_bytes, 0);
    assert_int_equal(committed_rows(mgr, 'b'), ROWS);
    assert_int_equal(count_rows(&old, 'a'), ROWS / 2);
    commit_rows(mgr, 0, 10, 'b');
    assert_int_equal(committed_rows(mgr, 'b'), ROWS);
    no_error(txn_mgr_checkpoint(mgr));
    assert_int_equal(committed_rows(mgr, 'b'), ROWS);
    assert_int_equal(count_rows(&old, 'a'), ROWS / 2);
    txn_view_done(&old);
    txn_abort(reader);
    t = begin(mgr);
    char space[KEY_BYTES];
    for (uint32_t row = 0; row < ROWS; row++)
        no_error(txn_delete(t, key_of(space, row)));
    no_error(txn_commit(t, false));
    assert_int_equal(committed_rows(mgr, 'b'), 0);
    no_error(txn_mgr_close(mgr));
    mgr = open_mgr();
    assert_int_equal(committed_rows(mgr, 'b'), 0);
    no_error(txn_mgr_close(mgr));
}

/* Redo of commits in parts, with others before, behind and between, and more than memory holds. */
static void large_commits_survive_a_crash(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct txn_mgr *mgr = open_mgr();
        char content = (char)('a' + round);
        commit_rows(mgr, 0, 10, '.');
        commit_rows(mgr, 0, ROWS, content);
        if (round % 2)
            no_error(txn_mgr_checkpoint(mgr));
        commit_rows(mgr, 0, 5, content);
        txn_mgr_close_hard(mgr);
        mgr = open_mgr();
        assert_int_equal(committed_rows(mgr, content), ROWS);
        commit_rows(mgr, 100, 200, content);
        txn_mgr_close_hard(mgr);
        mgr = open_mgr();
        assert_int_equal(committed_rows(mgr, content), ROWS);
        no_error(txn_mgr_close(mgr));
    }
}

/* A child commits large and small transactions in turn, telling each; it is killed at some moment,
 * and what is there is the state after one of them, not before the last that it told. */
static void killed_in_a_large_commit(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            struct txn_mgr *mgr = open_mgr();
            for (int i = 0;; i++) {
                char content = (char)('a' + i % 26);
                commit_rows(mgr, 0, ROWS, content);
                commit_rows(mgr, 1, 2, content);
                if (write(fds[1], &content, 1) != 1)
                    _exit(1);
            }
        }
        close(fds[1]);
        char told = 0;
        for (int n = 0; n < 1 + round % 3 && read(fds[0], &told, 1) == 1; n++)
            ;
        usleep((useconds_t)(round * 7919 % 60) * 1000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(fds[0], &told, 1) == 1)
            ;
        close(fds[0]);
        struct txn_mgr *mgr = open_mgr();
        struct txn *t = begin(mgr);
        struct txn_view v = txn_view_begin(t);
        char space[KEY_BYTES];
        struct str value;
        bool found;
        no_error(txn_get(&v, key_of(space, 0), &value, &found));
        assert_true(found);
        char content = value.data[0];
        assert_true(content == told || content == (told == 'z' ? 'a' : told + 1));
        assert_int_equal(count_rows(&v, content), ROWS);
        txn_view_done(&v);
        txn_abort(t);
        if (round % 2)
            no_error(txn_mgr_close(mgr));
        else
            txn_mgr_close_hard(mgr);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(write_sets_go_on_in_a_file),        CASE(temp_file_limit_fails_the_write),
        CASE(a_large_commit_is_seen_as_a_whole), CASE(large_commits_survive_a_crash),
        CASE(killed_in_a_large_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
