/* Row, table and advisory locks: conflict tables, queues, deadlocks, timeouts, the fast path. */
#include "base/clock.h"
#include "base/bytes.h"
#include "rt/cancel.h"
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

static char dir[64];
static struct txn_mgr *mgr;
/* Each transaction begins with many locks, so that it has further row locks in its own map. */
static bool with_many;

static void no_error(struct err *e)
{
    if (e)
        fprintf(stderr, "error %s: %s\n", e->sqlstate, e->message);
    assert_null(e);
}

static void is_error(struct err *e, const char *sqlstate)
{
    assert_non_null(e);
    assert_string_equal(e->sqlstate, sqlstate);
    err_free(e);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tarn-lock-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    struct txn_config c = {
        .dir = dir,
        .memtable_bytes = 1 << 20,
        .map_bytes = (size_t)1 << 30,
        .wal_segment_bytes = 1 << 20,
        .deadlock_timeout_ms = 50,
    };
    no_error(txn_mgr_open(&c, &mgr));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    with_many = false;
    no_error(txn_mgr_close(mgr));
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    assert_int_equal(err_alive(), 0);
    return system(command);
}

static void lock_many(struct txn *t)
{
    enum { MANY = 8200 };
    static _Atomic uint32_t next;
    uint32_t first = atomic_fetch_add(&next, MANY);
    char bytes[8];
    store_be32(bytes, 3000);
    for (uint32_t i = 0; i < MANY; i++) {
        store_be32(bytes + 4, first + i);
        no_error(txn_lock_key(t, str_make(bytes, sizeof(bytes)), TXN_UPDATE, TXN_WAIT, NULL));
    }
}

static struct txn *begin(void)
{
    struct txn *t;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    if (with_many)
        lock_many(t);
    return t;
}

static int setup_many(void **state)
{
    with_many = true;
    return setup(state);
}

static struct str row(int n)
{
    static __thread char bytes[8];
    store_be32(bytes, 2000);
    store_be32(bytes + 4, (uint32_t)n);
    return str_make(bytes, sizeof(bytes));
}

static bool try_row(struct txn *t, int n, enum txn_row_lock mode)
{
    bool locked = false;
    no_error(txn_lock_key(t, row(n), mode, TXN_SKIP_LOCKED, &locked));
    return locked;
}

static void row_modes_conflict_as_documented(void **state)
{
    (void)state;
    static const bool conflict[4][4] = {
        {0, 0, 0, 1},
        {0, 0, 1, 1},
        {0, 1, 1, 1},
        {1, 1, 1, 1},
    };
    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < 4; b++) {
            struct txn *x = begin();
            struct txn *y = begin();
            assert_true(try_row(x, 1, a));
            assert_true(try_row(x, 1, a));
            assert_int_equal(try_row(y, 1, b), !conflict[a][b]);
            bool locked;
            struct err *e = txn_lock_key(y, row(1), b, TXN_NOWAIT, &locked);
            if (conflict[a][b])
                is_error(e, "55P03");
            else
                no_error(e);
            txn_abort(x);
            assert_true(try_row(y, 1, b));
            txn_abort(y);
        }
    }
}

static void table_modes_conflict_as_documented(void **state)
{
    (void)state;
    static const char *conflicts[9] = {"",      "8",      "78",      "5678",    "45678",
                                       "34678", "345678", "2345678", "12345678"};
    for (int a = 1; a <= 8; a++) {
        for (int b = 1; b <= 8; b++) {
            struct txn *x = begin();
            struct txn *y = begin();
            bool locked;
            bool conflict = strchr(conflicts[a], '0' + b) != NULL;
            no_error(txn_lock_table(x, 77, a, TXN_WAIT, &locked));
            assert_true(locked);
            no_error(txn_lock_table(y, 77, b, TXN_SKIP_LOCKED, &locked));
            assert_int_equal(locked, !conflict);
            /* One's own locks never conflict. */
            for (int m = 1; m <= 8 && !locked; m++)
                no_error(txn_lock_table(x, 77, m, TXN_WAIT, NULL));
            txn_abort(x);
            no_error(txn_lock_table(y, 77, b, TXN_NOWAIT, &locked));
            assert_true(locked);
            txn_abort(y);
        }
    }
}

static void savepoints_give_locks_back(void **state)
{
    (void)state;
    struct txn *x = begin();
    struct txn *y = begin();
    bool locked;
    assert_true(try_row(x, 1, TXN_KEY_SHARE));
    no_error(txn_lock_table(x, 5, TXN_ACCESS_SHARE, TXN_WAIT, &locked));
    uint32_t mark = txn_savepoint(x);
    assert_true(try_row(x, 1, TXN_UPDATE));
    assert_true(try_row(x, 2, TXN_UPDATE));
    no_error(txn_lock_table(x, 5, TXN_ROW_EXCLUSIVE, TXN_WAIT, &locked));
    no_error(txn_lock_table(x, 6, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
    assert_false(try_row(y, 1, TXN_KEY_SHARE));
    assert_false(try_row(y, 2, TXN_KEY_SHARE));
    no_error(txn_lock_table(y, 5, TXN_SHARE_LOCK, TXN_SKIP_LOCKED, &locked));
    assert_false(locked); /* moves x's fast lock to the table */
    txn_rollback_to(x, mark);
    assert_true(try_row(y, 1, TXN_NO_KEY_UPDATE));
    assert_false(try_row(y, 1, TXN_UPDATE));
    assert_true(try_row(y, 2, TXN_UPDATE));
    no_error(txn_lock_table(y, 5, TXN_SHARE_LOCK, TXN_SKIP_LOCKED, &locked));
    assert_true(locked);
    no_error(txn_lock_table(y, 5, TXN_ACCESS_EXCLUSIVE, TXN_SKIP_LOCKED, &locked));
    assert_false(locked);
    no_error(txn_lock_table(y, 6, TXN_ACCESS_SHARE, TXN_SKIP_LOCKED, &locked));
    assert_true(locked);
    txn_abort(x);
    no_error(txn_lock_table(y, 5, TXN_ACCESS_EXCLUSIVE, TXN_SKIP_LOCKED, &locked));
    assert_true(locked);
    txn_abort(y);
}

static void advisory_locks(void **state)
{
    (void)state;
    struct txn *x = begin();
    struct txn *y = begin();
    bool locked;
    no_error(txn_lock_advisory(x, (struct txn_advisory){1, 0, 42, 1}, true, TXN_WAIT, &locked));
    no_error(
        txn_lock_advisory(y, (struct txn_advisory){1, 0, 42, 1}, true, TXN_SKIP_LOCKED, &locked));
    assert_true(locked);
    no_error(
        txn_lock_advisory(y, (struct txn_advisory){1, 0, 42, 1}, false, TXN_SKIP_LOCKED, &locked));
    assert_false(locked);
    no_error(
        txn_lock_advisory(y, (struct txn_advisory){1, 0, 43, 1}, false, TXN_SKIP_LOCKED, &locked));
    assert_true(locked);
    txn_abort(x);
    txn_abort(y);
}

/* ---- threads ---- */

struct party {
    pthread_t thread;
    int first;
    int second;
    pthread_barrier_t *barrier;
    char sqlstate[6];
    char detail[300];
};

static void *cross(void *arg)
{
    struct party *p = arg;
    struct txn *t = begin();
    bool locked;
    txn_set_pid(t, 100 + p->first, 0, NULL);
    no_error(txn_lock_key(t, row(p->first), TXN_UPDATE, TXN_WAIT, &locked));
    pthread_barrier_wait(p->barrier);
    struct err *e = txn_lock_key(t, row(p->second), TXN_UPDATE, TXN_WAIT, &locked);
    if (e) {
        memcpy(p->sqlstate, e->sqlstate, 6);
        snprintf(p->detail, sizeof(p->detail), "%s", e->detail ? e->detail : "");
        err_free(e);
    }
    txn_abort(t);
    return NULL;
}

static void deadlocks_are_broken(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        int n = 2 + round % 4;
        struct party parties[5] = {0};
        pthread_barrier_t barrier;
        int victims = 0;
        pthread_barrier_init(&barrier, NULL, (unsigned)n);
        for (int i = 0; i < n; i++) {
            parties[i].first = i;
            parties[i].second = (i + 1) % n;
            parties[i].barrier = &barrier;
            pthread_create(&parties[i].thread, NULL, cross, &parties[i]);
        }
        for (int i = 0; i < n; i++) {
            pthread_join(parties[i].thread, NULL);
            if (parties[i].sqlstate[0]) {
                victims++;
                assert_string_equal(parties[i].sqlstate, "40P01");
                assert_non_null(strstr(parties[i].detail, "waits for ShareLock on transaction"));
                assert_non_null(strstr(parties[i].detail, "blocked by process 10"));
            }
        }
        assert_int_equal(victims, 1);
        pthread_barrier_destroy(&barrier);
    }
}

static void waits_end_by_timeout_and_cancel(void **state)
{
    (void)state;
    struct txn *x = begin();
    struct txn *y = begin();
    bool locked;
    assert_true(try_row(x, 1, TXN_UPDATE));
    txn_set_lock_timeout(y, 120);
    int64_t began_ns = clock_mono_ns();
    is_error(txn_lock_key(y, row(1), TXN_UPDATE, TXN_WAIT, &locked), "55P03");
    assert_true(clock_mono_ns() - began_ns >= 120000000);
    is_error(txn_lock_key(y, row(1), TXN_KEY_SHARE, TXN_WAIT, &locked), "55P03");
    struct cancel cancel;
    cancel_init(&cancel);
    cancel.deadline_ns = clock_mono_ns() + 20000000;
    cancel_use(&cancel);
    is_error(txn_lock_key(y, row(1), TXN_UPDATE, TXN_WAIT, &locked), "57014");
    cancel_use(NULL);
    cancel_done(&cancel);
    txn_abort(x);
    txn_abort(y);
}

static atomic_int order;

struct waiter {
    pthread_t thread;
    enum txn_row_lock mode;
    bool holds_first;
    int place;
};

static void *wait_for_row(void *arg)
{
    struct waiter *w = arg;
    struct txn *t = begin();
    bool locked;
    no_error(txn_lock_key(t, row(1), w->mode, TXN_WAIT, &locked));
    w->place = atomic_fetch_add(&order, 1);
    usleep(5000);
    txn_abort(t);
    return NULL;
}

/* Until so many requests wait. */
static void await_waiters(size_t wanted)
{
    size_t waiting = 0;
    while (waiting != wanted) {
        struct arena arena;
        struct txn_lock_info *locks;
        size_t count;
        usleep(500);
        arena_init(&arena);
        no_error(txn_list_locks(mgr, &arena, &locks, &count));
        waiting = 0;
        for (size_t i = 0; i < count; i++)
            waiting += !locks[i].granted;
        arena_done(&arena);
    }
}

static void waiters_are_served_in_order(void **state)
{
    (void)state;
    struct txn *x = begin();
    struct waiter w[6] = {{.mode = TXN_UPDATE}, {.mode = TXN_KEY_SHARE}, {.mode = TXN_KEY_SHARE},
                          {.mode = TXN_UPDATE}, {.mode = TXN_SHARE},     {.mode = TXN_UPDATE}};
    atomic_store(&order, 0);
    assert_true(try_row(x, 1, TXN_KEY_SHARE));
    for (int i = 0; i < 6; i++) {
        pthread_create(&w[i].thread, NULL, wait_for_row, &w[i]);
        await_waiters((size_t)i + 1);
        if (i)
            continue;
        /* A row can be shared although somebody waits for it alone. */
        struct txn *y = begin();
        assert_true(try_row(y, 1, TXN_SHARE));
        assert_false(try_row(y, 1, TXN_UPDATE));
        txn_abort(y);
        /* The holder may still strengthen its lock: it does not queue behind who waits for it. */
        assert_true(try_row(x, 1, TXN_UPDATE));
    }
    txn_abort(x);
    for (int i = 0; i < 6; i++)
        pthread_join(w[i].thread, NULL);
    assert_int_equal(w[0].place, 0);
    assert_true(w[1].place <= 2 && w[2].place <= 2);
    for (int i = 3; i < 6; i++)
        assert_int_equal(w[i].place, i);
}

/* Writers that lock, read the newest version, add one: nothing gets lost. */
enum { ADDERS = 4, ADDITIONS = 300, COUNTERS = 3 };

static void *add(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < ADDITIONS; i++) {
        struct txn *t = begin();
        struct arena arena;
        bool locked;
        arena_init(&arena);
        no_error(txn_lock_table(t, 9, TXN_ROW_EXCLUSIVE, TXN_WAIT, &locked));
        struct txn_view v = txn_view_begin(t);
        int n = rand_r(&seed) % COUNTERS;
        struct txn_newest newest;
        no_error(txn_lock_key(t, row(n), TXN_NO_KEY_UPDATE, TXN_WAIT, &locked));
        no_error(txn_get_newest(&v, row(n), &arena, &newest));
        uint64_t value = newest.found ? load_le64(newest.value.data) : 0;
        value++;
        no_error(txn_put(t, row(n), str_make(&value, sizeof(value))));
        txn_view_done(&v);
        if (i % 10 == 9)
            txn_abort(t);
        else
            no_error(txn_commit(t, i % 3 == 0));
        arena_done(&arena);
        if (i % 100 == 0) {
            t = begin();
            no_error(txn_lock_table(t, 9, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
            txn_abort(t);
        }
    }
    return NULL;
}

static void concurrent_additions_are_all_there(void **state)
{
    (void)state;
    pthread_t threads[ADDERS];
    for (uintptr_t i = 0; i < ADDERS; i++)
        pthread_create(&threads[i], NULL, add, (void *)(i + 1));
    for (int i = 0; i < 5; i++) {
        usleep(20000);
        no_error(txn_mgr_checkpoint(mgr));
    }
    for (int i = 0; i < ADDERS; i++)
        pthread_join(threads[i], NULL);
    struct txn *t = begin();
    struct txn_view v = txn_view_begin(t);
    uint64_t sum = 0;
    for (int n = 0; n < COUNTERS; n++) {
        struct str value;
        bool found;
        no_error(txn_get(&v, row(n), &value, &found));
        sum += found ? load_le64(value.data) : 0;
    }
    assert_int_equal(sum, ADDERS * ADDITIONS * 9 / 10);
    txn_view_done(&v);
    txn_abort(t);
}

/* Sessions that take an advisory lock beyond their transactions, one of them twice, while others
 * look at the lock table: who has the lock is alone. */
enum { LOCKERS = 4, LOCKINGS = 100 };
static int alone;

static void *lock_in_turn(void *arg)
{
    struct txn_session_locks *s = NULL;
    struct txn_advisory key = {1, 0, 7, 1};
    int32_t pid = (int32_t)(intptr_t)arg;
    for (int i = 0; i < LOCKINGS; i++) {
        bool locked;
        struct txn *t = begin();
        txn_set_pid(t, pid, 1, NULL);
        if (s)
            txn_session_join(s, t);
        no_error(txn_session_lock(&s, t, key, false, TXN_WAIT, &locked));
        assert_true(locked);
        no_error(txn_session_lock(&s, t, key, false, TXN_NOWAIT, &locked));
        no_error(txn_lock_advisory(t, key, false, TXN_NOWAIT, &locked)); /* its own session's */
        assert_true(txn_session_unlock(s, key, false));
        txn_abort(t);
        assert_int_equal(alone++, 0);
        alone--;
        if (i % 2)
            txn_session_unlock_all(s);
        else
            assert_true(txn_session_unlock(s, key, false));
        assert_false(txn_session_unlock(s, key, false));
    }
    txn_session_locks_free(s);
    return NULL;
}

static void *look_at_locks(void *arg)
{
    atomic_bool *stop = arg;
    while (!atomic_load(stop)) {
        struct arena arena;
        struct txn_lock_info *locks;
        int32_t *pids;
        size_t n;
        arena_init(&arena);
        no_error(txn_list_locks(mgr, &arena, &locks, &n));
        for (size_t i = 0; i < n; i++)
            assert_int_equal(locks[i].kind, TXN_LOCK_ADVISORY);
        no_error(txn_blocking_pids(mgr, 1, &arena, &pids, &n));
        for (size_t i = 0; i < n; i++)
            assert_int_not_equal(pids[i], 1);
        arena_done(&arena);
        usleep(100);
    }
    return NULL;
}

static void session_locks_outlive_transactions(void **state)
{
    (void)state;
    pthread_t threads[LOCKERS];
    pthread_t looker;
    atomic_bool stop = false;
    pthread_create(&looker, NULL, look_at_locks, &stop);
    for (int i = 0; i < LOCKERS; i++)
        pthread_create(&threads[i], NULL, lock_in_turn, (void *)(intptr_t)(i + 1));
    for (int i = 0; i < LOCKERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stop, true);
    pthread_join(looker, NULL);
}

/* Random row locks, savepoints and rollbacks of some transactions, some of them with many locks,
 * beside a model: which modes each has of each row at each savepoint. */
enum { MODEL_TXNS = 4, MODEL_ROWS = 6, MODEL_DEPTH = 5 };
struct model_txn {
    struct txn *txn;
    int depth;
    uint8_t masks[MODEL_DEPTH][MODEL_ROWS];
};

static bool model_allows(const struct model_txn *txns, int who, int n, int mode)
{
    static const uint8_t conflicts[4] = {8, 12, 14, 15};
    for (int i = 0; i < MODEL_TXNS; i++)
        if (i != who && (txns[i].masks[txns[i].depth][n] & conflicts[mode]))
            return false;
    return true;
}

static void model_step(struct model_txn *txns, int who, bool many)
{
    struct model_txn *m = &txns[who];
    int dice = rand() % 40;
    if (!m->txn) {
        with_many = many;
        m->txn = begin();
        with_many = false;
        m->depth = 0;
        memset(m->masks, 0, sizeof(m->masks));
    } else if (dice == 0) {
        txn_abort(m->txn);
        m->txn = NULL;
        m->depth = 0;
        memset(m->masks, 0, sizeof(m->masks));
    } else if (dice < 5 && m->depth + 1 < MODEL_DEPTH) {
        memcpy(m->masks[m->depth + 1], m->masks[m->depth], MODEL_ROWS);
        assert_int_equal(txn_savepoint(m->txn), ++m->depth);
    } else if (dice < 8 && m->depth > 0) {
        m->depth = 1 + rand() % m->depth;
        txn_rollback_to(m->txn, (uint32_t)m->depth);
        memcpy(m->masks[m->depth], m->masks[m->depth - 1], MODEL_ROWS);
    } else if (dice < 10 && m->depth > 0) {
        memcpy(m->masks[m->depth - 1], m->masks[m->depth], MODEL_ROWS);
        txn_release(m->txn, (uint32_t)m->depth--);
    } else {
        int n = rand() % MODEL_ROWS;
        int mode = rand() % 4;
        bool locked = try_row(m->txn, n, mode);
        assert_int_equal(locked, model_allows(txns, who, n, mode));
        if (locked)
            m->masks[m->depth][n] |= (uint8_t)(1 << mode);
    }
}

static void random_row_locks_agree_with_a_model(void **state)
{
    (void)state;
    struct model_txn txns[MODEL_TXNS] = {{0}};
    unsigned seed = (unsigned)clock_mono_ns();
    printf("seed %u\n", seed);
    srand(seed);
    for (int i = 0; i < 5000; i++) {
        int who = rand() % MODEL_TXNS;
        model_step(txns, who, who % 2);
    }
    for (int i = 0; i < MODEL_TXNS; i++)
        if (txns[i].txn)
            txn_abort(txns[i].txn);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define MANY_CASE(f)                                         \
    {                                                        \
#f " with many locks", f, setup_many, teardown, NULL \
    }
    const struct CMUnitTest tests[] = {
        CASE(row_modes_conflict_as_documented),
        CASE(table_modes_conflict_as_documented),
        CASE(savepoints_give_locks_back),
        CASE(advisory_locks),
        CASE(deadlocks_are_broken),
        CASE(waits_end_by_timeout_and_cancel),
        CASE(waiters_are_served_in_order),
        CASE(concurrent_additions_are_all_there),
        CASE(session_locks_outlive_transactions),
        MANY_CASE(row_modes_conflict_as_documented),
        MANY_CASE(savepoints_give_locks_back),
        MANY_CASE(deadlocks_are_broken),
        MANY_CASE(waits_end_by_timeout_and_cancel),
        MANY_CASE(waiters_are_served_in_order),
        CASE(random_row_locks_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
