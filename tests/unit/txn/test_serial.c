/* SERIALIZABLE: what is refused and what is not, in bounded memory, and by many threads. */
#include "base/bytes.h"
#include "base/clock.h"
#include "txn/key_ranges.h"
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

enum { TABLE = 2000, THREADS = 6, TURNS = 400, DOCTORS = 3 };

static char dir[64];
static struct txn_mgr *mgr;

static void no_error(struct err *e)
{
    if (e)
        fprintf(stderr, "error %s: %s\n", e->sqlstate, e->message);
    CHECK(e == NULL); /* cmocka's assertions work on the main thread only */
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tarn-ser-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    struct txn_config c = {
        .dir = dir,
        .memtable_bytes = 1 << 20,
        .map_bytes = (size_t)1 << 30,
        .wal_segment_bytes = 1 << 20,
        .deadlock_timeout_ms = 20,
        .fsync = false,
    };
    no_error(txn_mgr_open(&c, &mgr));
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

static struct txn *begin(bool read_only)
{
    struct txn *t;
    no_error(txn_begin(mgr, TXN_SERIALIZABLE, read_only, &t));
    return t;
}

static struct str key_of(char *space, uint32_t n)
{
    store_be32(space, TABLE);
    store_be32(space + 4, n);
    return str_make(space, 8);
}

static int get(struct txn *t, uint32_t n)
{
    char space[8];
    struct str value;
    bool found;
    struct txn_view v = txn_view_begin(t);
    no_error(txn_get(&v, key_of(space, n), &value, &found));
    int number = found && value.len ? value.data[0] : -1;
    txn_view_done(&v);
    return number;
}

/* The sum of lo <= n < hi. */
static int sum(struct txn *t, uint32_t lo, uint32_t hi)
{
    char from[8];
    char to[8];
    struct txn_scan *s;
    struct str key;
    struct str value;
    int total = 0;
    bool found = true;
    struct txn_view v = txn_view_begin(t);
    no_error(txn_scan_open(&v, key_of(from, lo), key_of(to, hi), false, &s));
    while (found) {
        no_error(txn_scan_next(s, &key, &value, &found));
        total += found ? value.data[0] : 0;
    }
    txn_scan_close(s);
    txn_view_done(&v);
    return total;
}

static void put(struct txn *t, uint32_t n, char value)
{
    char space[8];
    no_error(txn_put(t, key_of(space, n), str_make(&value, 1)));
}

static void commits(struct txn *t)
{
    no_error(txn_commit(t, false));
}

static void is_refused(struct txn *t)
{
    struct err *e = txn_commit(t, false);
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "40001");
    assert_non_null(e->detail);
    err_free(e);
}

static void write_one(uint32_t n, char value)
{
    struct txn *t = begin(false);
    put(t, n, value);
    commits(t);
}

static void write_skew_is_refused(void **state)
{
    (void)state;
    struct txn *a = begin(false);
    struct txn *b = begin(false);
    get(a, 1);
    get(b, 2);
    put(a, 2, 1);
    put(b, 1, 1);
    commits(a);
    is_refused(b);
}

static void one_dependency_is_not(void **state)
{
    (void)state;
    struct txn *a = begin(false);
    get(a, 1);
    write_one(1, 5);
    put(a, 2, 1);
    commits(a);
    /* Nor a chain whose end commits last. */
    struct txn *x = begin(false);
    struct txn *y = begin(false);
    struct txn *z = begin(false);
    get(x, 1);
    get(y, 2);
    get(z, 3);
    put(x, 9, 1);
    put(y, 1, 1);
    put(z, 2, 1);
    commits(x);
    commits(y);
    commits(z);
}

static void a_pivot_is_refused(void **state)
{
    (void)state;
    struct txn *in = begin(false);
    struct txn *pivot = begin(false);
    struct txn *out = begin(false);
    get(in, 1);
    get(pivot, 2);
    get(out, 9);
    put(pivot, 1, 1);
    put(out, 2, 1);
    put(in, 8, 1);
    commits(out);
    is_refused(pivot);
    commits(in);
}

/* As above, but the pivot is past refusing when the first of the three reads. */
static void who_reads_before_an_old_pivot_is_refused(void **state)
{
    (void)state;
    struct txn *in = begin(false);
    get(in, 7);
    struct txn *pivot = begin(false);
    get(pivot, 2);
    write_one(2, 1);
    put(pivot, 1, 1);
    commits(pivot);
    get(in, 1);
    put(in, 8, 1);
    is_refused(in);
}

/* A report must not show the pivot's absence and, in its snapshot, what the pivot came before. */
static void a_report_may_be_refused(void **state)
{
    (void)state;
    for (int shown = 0; shown < 2; shown++) {
        struct txn *report = begin(true);
        struct txn *pivot = begin(false);
        if (!shown)
            get(report, 9); /* its snapshot */
        get(pivot, 2);
        write_one(2, 1);
        get(report, 2);
        put(pivot, 1, 1);
        commits(pivot);
        get(report, 1);
        if (shown)
            is_refused(report);
        else
            commits(report);
    }
}

static void phantoms_count(void **state)
{
    (void)state;
    struct txn *a = begin(false);
    struct txn *b = begin(false);
    assert_int_equal(sum(a, 100, 200), 0);
    assert_int_equal(sum(b, 200, 300), 0);
    put(a, 250, 1);
    put(b, 150, 1);
    commits(b);
    is_refused(a);
    a = begin(false);
    b = begin(false);
    sum(a, 100, 200);
    sum(b, 200, 300);
    put(a, 300, 1); /* just outside */
    put(b, 150, 1);
    commits(b);
    commits(a);
}

static void other_levels_do_not_count(void **state)
{
    (void)state;
    struct txn *a = begin(false);
    struct txn *b;
    no_error(txn_begin(mgr, TXN_REPEATABLE_READ, false, &b));
    get(a, 1);
    get(b, 2);
    put(a, 2, 1);
    put(b, 1, 1);
    commits(a);
    commits(b);
}

static void aborted_ones_do_not_count(void **state)
{
    (void)state;
    struct txn *a = begin(false);
    struct txn *b = begin(false);
    get(a, 1);
    get(b, 2);
    put(a, 2, 1);
    put(b, 1, 1);
    txn_abort(a);
    commits(b);
}

/* Many commits and many ranges beside an old transaction are kept in brief: a structure is still
 * found, and what touches another table still is none. */
static void memory_is_bounded(void **state)
{
    (void)state;
    struct txn *old = begin(false);
    struct txn *other = begin(false);
    get(old, 1);
    get(other, 5000000);
    for (uint32_t i = 0; i < 3000; i++) {
        struct txn *t = begin(false);
        get(t, i + 1000);
        put(t, i, 1);
        commits(t);
    }
    put(old, 1000, 1); /* read by an early one */
    is_refused(old);
    char key[8];
    store_be32(key, TABLE + 1);
    no_error(txn_put(other, str_make(key, 8), str_make("", 0)));
    commits(other);

    struct txn *a = begin(false);
    struct txn *b = begin(false);
    for (uint32_t i = 0; i < 20000; i++)
        get(a, i * 2);
    get(b, 1);
    put(a, 1, 2);
    put(b, 22222, 2);
    commits(b);
    is_refused(a);
}

static void a_key_that_is_there_may_be_a_failure_to_serialize(void **state)
{
    (void)state;
    char space[8];
    struct txn *a = begin(false);
    struct txn *b = begin(false);
    get(a, 1);
    get(b, 1);
    put(a, 1, 1);
    commits(a);
    struct err *e = txn_check_write(b, key_of(space, 1));
    assert_non_null(e);
    assert_string_equal(e->sqlstate, "40001");
    err_free(e);
    txn_abort(b);
    b = begin(false);
    no_error(txn_check_write(b, key_of(space, 1)));
    txn_abort(b);
}

/* ---- DEFERRABLE ---- */

static struct txn *safe;
static _Atomic int safe_done;

static void *take_safe(void *arg)
{
    (void)arg;
    no_error(txn_safe_snapshot(safe));
    atomic_store(&safe_done, 1);
    return NULL;
}

static void a_safe_snapshot_waits_for_writers(void **state)
{
    (void)state;
    pthread_t thread;
    struct txn *pivot = begin(false);
    get(pivot, 2);
    write_one(2, 7);
    safe = begin(true);
    atomic_store(&safe_done, 0);
    assert_int_equal(pthread_create(&thread, NULL, take_safe, NULL), 0);
    usleep(50000);
    assert_int_equal(atomic_load(&safe_done), 0);
    put(pivot, 1, 7);
    commits(pivot); /* makes the first snapshot unsafe: the second shows this too */
    pthread_join(thread, NULL);
    assert_int_equal(get(safe, 1), 7);
    assert_int_equal(get(safe, 2), 7);
    commits(safe);
}

/* ---- threads ---- */

static _Atomic int committed_turns;
static _Atomic int refused_turns;

static void end_turn(struct txn *t)
{
    struct err *e = txn_commit(t, false);
    if (!e) {
        atomic_fetch_add(&committed_turns, 1);
        return;
    }
    CHECK(strcmp(e->sqlstate, "40001") == 0);
    err_free(e);
    atomic_fetch_add(&refused_turns, 1);
}

/* Who sees two on call may leave; somebody must always be. */
static void *doctor(void *arg)
{
    unsigned seed = (unsigned)(size_t)arg;
    for (int i = 0; i < TURNS; i++) {
        int kind = rand_r(&seed) % 8;
        struct txn *t = begin(kind < 2);
        if (kind == 0)
            no_error(txn_safe_snapshot(t));
        int on_call = sum(t, 0, DOCTORS);
        if (kind >= 2) {
            /* Each writes keys of its own, as nothing here waits for locks. */
            uint32_t me = (uint32_t)(size_t)arg % DOCTORS;
            char space[8];
            bool locked;
            no_error(txn_lock_key(t, key_of(space, me), TXN_UPDATE, TXN_SKIP_LOCKED, &locked));
            struct txn_newest newest = {0};
            struct arena arena;
            arena_init(&arena);
            struct txn_view v = txn_view_begin(t);
            no_error(txn_get_newest(&v, key_of(space, me), &arena, &newest));
            txn_view_done(&v);
            arena_done(&arena);
            if (!locked || newest.changed) {
                txn_abort(t);
                continue;
            }
            put(t, me, on_call > 1 ? 0 : 1);
            end_turn(t);
            continue;
        }
        struct err *e = txn_commit(t, false);
        CHECK(e || on_call >= 1); /* a report that commits has seen the truth */
        CHECK(!e || kind == 1);
        err_free(e);
    }
    return NULL;
}

static void nobody_leaves_the_last(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < DOCTORS; i++)
        write_one(i, 1);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, doctor, (void *)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&committed_turns) > 0);
    struct txn *t = begin(true);
    assert_true(sum(t, 0, DOCTORS) >= 1);
    commits(t);
}

/* ---- the sets ---- */

static struct str text(const char *s)
{
    return str_make(s, strlen(s));
}

static void sets_touch_where_they_should(void **state)
{
    (void)state;
    struct key_ranges a;
    struct key_ranges b;
    key_ranges_init(&a);
    key_ranges_init(&b);
    no_error(key_ranges_add(&a, text("aaaab"), text("aaaac")));
    no_error(key_ranges_add(&a, text("aaaae"), text("aaaag")));
    no_error(key_ranges_add(&a, text("aaaaf"), text("aaaah")));
    key_ranges_sort(&a);
    assert_int_equal(a.count, 2);
    no_error(key_ranges_add_key(&b, text("aaaac")));
    no_error(key_ranges_add_key(&b, text("aaaah")));
    assert_false(key_ranges_touch(&b, &a));
    no_error(key_ranges_add_key(&b, text("aaaagz")));
    assert_true(key_ranges_touch(&b, &a));
    key_ranges_reset(&b);
    no_error(key_ranges_add_key(&b, text("aaaab")));
    assert_true(key_ranges_touch(&b, &a));
    key_ranges_reset(&b);
    no_error(key_ranges_add(&b, text("aaaaz"), text("")));
    assert_false(key_ranges_touch(&b, &a));
    key_ranges_done(&a);
    key_ranges_done(&b);
}

/* Against a plain model, over the point at which ranges become whole storage ids. */
static void sets_never_lose(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int round = 0; round < 20; round++) {
        struct key_ranges all;
        int n = round % 2 ? 9000 : 50;
        key_ranges_init(&all);
        for (int i = 0; i < n; i++) {
            char lo[700] = {0};
            store_be32(lo, 5 + rand_r(&seed) % 3);
            size_t len = i % 100 == 0 ? sizeof(lo) : 8;
            store_be32(lo + 4, (uint32_t)rand_r(&seed));
            struct key_ranges one;
            key_ranges_init(&one);
            no_error(key_ranges_add_key(&all, str_make(lo, len)));
            no_error(key_ranges_add(&one, str_make(lo, len), (struct str){"", 0}));
            key_ranges_sort(&one);
            assert_true(key_ranges_touch(&all, &one));
            key_ranges_done(&one);
        }
        assert_true(all.count <= 4096);
        struct key_ranges other;
        key_ranges_init(&other);
        no_error(key_ranges_add_storage(&other, 9));
        key_ranges_sort(&all);
        assert_false(key_ranges_touch(&other, &all));
        key_ranges_done(&other);
        key_ranges_done(&all);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(write_skew_is_refused),
        CASE(one_dependency_is_not),
        CASE(a_pivot_is_refused),
        CASE(who_reads_before_an_old_pivot_is_refused),
        CASE(a_report_may_be_refused),
        CASE(phantoms_count),
        CASE(other_levels_do_not_count),
        CASE(aborted_ones_do_not_count),
        CASE(memory_is_bounded),
        CASE(a_key_that_is_there_may_be_a_failure_to_serialize),
        CASE(a_safe_snapshot_waits_for_writers),
        CASE(nobody_leaves_the_last),
        cmocka_unit_test(sets_touch_where_they_should),
        cmocka_unit_test(sets_never_lose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
