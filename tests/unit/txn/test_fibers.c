/* Transactions from fibers on several workers: money moves between accounts while others read,
 * checkpoints run, statements are cancelled. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "rt/cancel.h"
#include "rt/fiber.h"
#include "rt/pool.h"
#include "rt/runtime.h"
#include "storage/store.h"
#include "txn/txn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { ACCOUNTS = 40, MOVERS = 24, MOVES = 150, READERS = 6, START = 1000, TABLE = 2000 };

static char dir[64];
static struct txn_mgr *mgr;
static struct cancel cancels[MOVERS];
static _Atomic int moving;
static _Atomic int moved;
static _Atomic int failed;

static void no_error(struct err *e)
{
    if (e)
        fprintf(stderr, "error %s: %s\n", e->sqlstate, e->message);
    CHECK(e == NULL); /* cmocka's assertions work on the main thread only */
}

static void open_mgr(bool fsync)
{
    struct txn_config c = {
        .dir = dir,
        .memtable_bytes = 128 << 10,
        .map_bytes = (size_t)1 << 30,
        .wal_segment_bytes = 256 << 10,
        .deadlock_timeout_ms = 20,
        .fsync = fsync,
    };
    no_error(txn_mgr_open(&c, &mgr));
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tarn-fib-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    open_mgr(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    no_error(txn_mgr_close(mgr));
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    assert_int_equal(err_alive(), 0);
    return system(command);
}

static struct str account(char space[8], int n)
{
    store_be32(space, TABLE);
    store_be32(space + 4, (uint32_t)n);
    return str_make(space, 8);
}

static struct err *change(const struct txn_view *v, int n, int64_t delta)
{
    char space[8];
    bool locked;
    struct arena arena;
    struct txn_newest newest;
    struct str key = account(space, n);
    TRY(txn_lock_key(v->txn, key, TXN_NO_KEY_UPDATE, TXN_WAIT, &locked));
    arena_init(&arena);
    struct err *e = txn_get_newest(v, key, &arena, &newest);
    if (!e) {
        int64_t value = (int64_t)load_le64(newest.value.data) + delta;
        e = txn_put(v->txn, key, str_make(&value, sizeof(value)));
    }
    arena_done(&arena);
    return e;
}

static struct err *move_in(struct txn *t, unsigned *seed)
{
    struct txn_view v = txn_view_begin(t);
    int from = rand_r(seed) % ACCOUNTS;
    int to = rand_r(seed) % ACCOUNTS;
    struct err *e = txn_lock_table(t, 1, TXN_ROW_EXCLUSIVE, TXN_WAIT, NULL);
    if (!e)
        e = change(&v, from, -1);
    if (!e && rand_r(seed) % 4 == 0)
        fiber_yield();
    if (!e)
        e = change(&v, to, 1);
    txn_view_done(&v);
    return e;
}

static void mover(void *arg)
{
    struct cancel *c = arg;
    unsigned seed = (unsigned)(c - cancels) + 1;
    cancel_use(c);
    for (int i = 0; i < MOVES; i++) {
        struct txn *t;
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        struct err *e = move_in(t, &seed);
        if (!e)
            e = txn_commit(t, rand_r(&seed) % 2);
        else
            txn_abort(t);
        if (e) {
            CHECK(err_is(e, "40P01") || err_is(e, "57014"));
            atomic_fetch_add(&failed, 1);
            err_free(e);
            cancel_clear(c);
        } else {
            atomic_fetch_add(&moved, 1);
        }
    }
    atomic_fetch_sub(&moving, 1);
}

static int64_t sum(const struct txn_view *v, bool reverse)
{
    char lo[4];
    char hi[4];
    struct txn_scan *s;
    struct str key;
    struct str value;
    bool found = true;
    int64_t total = 0;
    int n = 0;
    store_be32(lo, TABLE);
    store_be32(hi, TABLE + 1);
    no_error(txn_scan_open(v, str_make(lo, 4), str_make(hi, 4), reverse, &s));
    while (found) {
        no_error(txn_scan_next(s, &key, &value, &found));
        if (found) {
            total += (int64_t)load_le64(value.data);
            n++;
            if (n % 7 == 0)
                fiber_yield();
        }
    }
    txn_scan_close(s);
    CHECK(n == ACCOUNTS);
    return total;
}

static void reader(void *arg)
{
    for (int i = 0; atomic_load(&moving); i++) {
        struct txn *t;
        no_error(txn_begin(mgr, TXN_REPEATABLE_READ, true, &t));
        struct txn_view v = txn_view_begin(t);
        CHECK(sum(&v, i % 2) == (int64_t)ACCOUNTS * START);
        fiber_yield();
        CHECK(sum(&v, i % 3) == (int64_t)ACCOUNTS * START);
        txn_view_done(&v);
        no_error(txn_commit(t, false));
    }
}

static void fill(void)
{
    struct txn *t;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    for (int i = 0; i < ACCOUNTS; i++) {
        char space[8];
        int64_t value = START;
        no_error(txn_put(t, account(space, i), str_make(&value, sizeof(value))));
    }
    no_error(txn_commit(t, false));
}

static void money_is_neither_made_nor_lost(void **state)
{
    (void)state;
    struct runtime *rt;
    no_error(runtime_new(&(struct runtime_config){.workers = 3}, &rt));
    fill();
    atomic_store(&moving, MOVERS);
    for (int i = 0; i < MOVERS; i++) {
        cancel_init(&cancels[i]);
        worker_post_fiber(runtime_worker(rt, i % 3), mover, &cancels[i]);
    }
    for (int i = 0; i < READERS; i++)
        worker_post_fiber(runtime_worker(rt, i % 3), reader, NULL);
    for (int i = 0; atomic_load(&moving); i++) {
        usleep(3000);
        cancel_set(&cancels[i % MOVERS], CANCEL_USER);
        if (i % 4 == 0)
            no_error(txn_mgr_checkpoint(mgr));
    }
    assert_true(runtime_drain(rt, 60000));
    runtime_free(rt);
    for (int i = 0; i < MOVERS; i++)
        cancel_done(&cancels[i]);
    assert_int_equal(atomic_load(&moved) + atomic_load(&failed), MOVERS * MOVES);
    assert_true(atomic_load(&moved) > MOVERS * MOVES / 2);
    txn_mgr_close_hard(mgr);
    open_mgr(false);
    struct txn *t;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, true, &t));
    struct txn_view v = txn_view_begin(t);
    assert_int_equal(sum(&v, false), (int64_t)ACCOUNTS * START);
    txn_view_done(&v);
    txn_abort(t);
}

/* Large commits go through the pool, and writers that outrun the checkpoints are slowed down, not
 * refused; memory stays bounded. */
static _Atomic int writers;
static _Atomic uint64_t peak_bytes;

static void heavy_writer(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg;
    char value[1000] = {0};
    for (uint32_t round = 0; round < 20; round++) {
        struct txn *t;
        struct store_stats stats;
        uint32_t rows = round % 5 == 4 ? 1500 : 100;
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        for (uint32_t i = 0; i < rows; i++) {
            char space[16];
            store_be32(space, 3000 + me);
            store_be32(space + 4, round);
            store_be32(space + 8, i);
            no_error(txn_put(t, str_make(space, 12), str_make(value, sizeof(value))));
            no_error(fiber_tick());
        }
        no_error(txn_commit(t, true));
        txn_mgr_stats(mgr, &stats);
        if (stats.memtable_bytes > atomic_load(&peak_bytes))
            atomic_store(&peak_bytes, stats.memtable_bytes);
    }
    atomic_fetch_sub(&writers, 1);
}

static void heavy_writers_are_slowed_down(void **state)
{
    (void)state;
    struct runtime *rt;
    no_error(runtime_new(&(struct runtime_config){.workers = 2}, &rt));
    atomic_store(&writers, 4);
    for (uintptr_t i = 0; i < 4; i++)
        worker_post_fiber(runtime_worker(rt, (int)(i % 2)), heavy_writer, (void *)i);
    assert_true(runtime_drain(rt, 120000));
    runtime_free(rt);
    assert_int_equal(atomic_load(&writers), 0);
    assert_true(atomic_load(&peak_bytes) < 16 << 20);
    txn_mgr_close_hard(mgr);
    open_mgr(false);
    for (uint32_t me = 0; me < 4; me++) {
        char lo[4];
        char hi[4];
        struct txn *t;
        struct txn_scan *s;
        struct str key;
        struct str value;
        bool found = true;
        int n = -1;
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, true, &t));
        struct txn_view v = txn_view_begin(t);
        store_be32(lo, 3000 + me);
        store_be32(hi, 3001 + me);
        no_error(txn_scan_open(&v, str_make(lo, 4), str_make(hi, 4), false, &s));
        for (; found; n++)
            no_error(txn_scan_next(s, &key, &value, &found));
        assert_int_equal(n, 16 * 100 + 4 * 1500);
        txn_scan_close(s);
        txn_view_done(&v);
        txn_abort(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(money_is_neither_made_nor_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(heavy_writers_are_slowed_down, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
