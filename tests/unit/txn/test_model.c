/* Random transactions, snapshots, checkpoints, stops and crashes against a plain model: an array of
 * values. SEED in the environment repeats a run; STEPS makes it longer. */
#include "base/bytes.h"
#include "txn/txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { KEYS = 400, IDS = 3, FIRST_ID = 2000, SNAPSHOTS = 4, KEY_BYTES = 700, MAX_VALUE = 6000 };

/* 0: not there; else the number that the value is made of. */
struct model {
    uint32_t values[KEYS];
};

static struct snapshot_of {
    struct txn *txn;
    struct model seen; /* when it began */
} snapshots[SNAPSHOTS];

static char dir[64];
static struct txn_mgr *mgr;
static struct model now;
static uint64_t rng;
static uint32_t next_value;

static uint64_t roll(uint64_t below)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (rng >> 11) % below;
}

static void no_error(struct err *e)
{
    if (e)
        fprintf(stderr, "error %s: %s\n", e->sqlstate, e->message);
    assert_null(e);
}

/* Key k in order; every fifth is longer than LMDB's limit, with a prefix that others share. */
static struct str key_of(int k, char space[KEY_BYTES])
{
    store_be32(space, (uint32_t)(FIRST_ID + k * IDS / KEYS));
    int n = 4 + snprintf(space + 4, 32, "key%04d", k / 5 * 5);
    if (k % 5) {
        memset(space + n, 'p', 500);
        n += 500;
        n += snprintf(space + n, 8, "%d", k % 5);
    }
    return str_make(space, (size_t)n);
}

static struct str value_of(uint32_t v, char space[MAX_VALUE])
{
    size_t len = v % 50 == 0 ? 5000 : 8 + v % 100;
    for (size_t i = 0; i < len; i += 4)
        store_le32(space + i, v);
    return str_make(space, len);
}

static void open_store(void)
{
    struct txn_config c = {
        .dir = dir,
        .memtable_bytes = 128 << 10,
        .map_bytes = (size_t)1 << 30,
        .wal_segment_bytes = 256 << 10,
        .checkpoint_timeout_ms = 600000,
        .max_wal_bytes = 1 << 20,
        .deadlock_timeout_ms = 50,
        .fsync = false,
    };
    no_error(txn_mgr_open(&c, &mgr));
}

/* ---- comparing ---- */

static void check_key(const struct txn_view *v, const struct model *m, int k)
{
    char space[KEY_BYTES];
    static char expected[MAX_VALUE];
    struct str value;
    bool found;
    no_error(txn_get(v, key_of(k, space), &value, &found));
    assert_int_equal(found, m->values[k] != 0);
    if (found)
        assert_true(str_eq(value, value_of(m->values[k], expected)));
}

static void check_scan(const struct txn_view *v, const struct model *m, bool reverse)
{
    char lo_space[KEY_BYTES];
    char hi_space[KEY_BYTES];
    char space[KEY_BYTES];
    static char expected[MAX_VALUE];
    struct txn_scan *s;
    int first = (int)roll(KEYS);
    int last = first + (int)roll((uint64_t)(KEYS - first));
    no_error(txn_scan_open(v, key_of(first, lo_space), key_of(last, hi_space), reverse, &s));
    int k = reverse ? last - 1 : first;
    for (;;) {
        struct str key;
        struct str value;
        bool found;
        no_error(txn_scan_next(s, &key, &value, &found));
        while (k >= first && k < last && !m->values[k])
            k += reverse ? -1 : 1;
        assert_int_equal(found, k >= first && k < last);
        if (!found)
            break;
        assert_true(str_eq(key, key_of(k, space)));
        assert_true(str_eq(value, value_of(m->values[k], expected)));
        k += reverse ? -1 : 1;
    }
    txn_scan_close(s);
}

static void check_txn(struct txn *t, const struct model *m)
{
    struct txn_view v = txn_view_begin(t);
    for (int i = 0; i < 20; i++)
        check_key(&v, m, (int)roll(KEYS));
    check_scan(&v, m, false);
    check_scan(&v, m, true);
    txn_view_done(&v);
}

/* ---- steps ---- */

static void write_some(struct txn *t, struct model *m)
{
    char space[KEY_BYTES];
    static char value[MAX_VALUE];
    for (uint64_t n = 1 + roll(roll(10) == 0 ? 200 : 10); n > 0; n--) {
        int k = (int)roll(KEYS);
        struct str key = key_of(k, space);
        m->values[k] = roll(3) == 0 ? 0 : ++next_value;
        if (m->values[k])
            no_error(txn_put(t, key, value_of(m->values[k], value)));
        else
            no_error(txn_delete(t, key));
    }
}

/* Some commands, perhaps with savepoints rolled back, then commit or abort. */
static void transaction(void)
{
    struct txn *t;
    static struct model mine;
    static struct model saved;
    mine = now;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    for (uint64_t n = 1 + roll(3); n > 0; n--) {
        uint32_t mark = roll(3) == 0 ? txn_savepoint(t) : 0;
        saved = mine;
        write_some(t, &mine);
        txn_next_command(t);
        if (mark && roll(2) == 0) {
            txn_rollback_to(t, mark);
            mine = saved;
        }
        if (mark && roll(2) == 0)
            txn_release(t, mark);
        if (roll(4) == 0)
            check_txn(t, &mine);
    }
    if (roll(5) == 0) {
        txn_abort(t);
        return;
    }
    no_error(txn_commit(t, roll(4) == 0));
    now = mine;
}

static void end_snapshot(struct snapshot_of *s)
{
    if (s->txn)
        txn_abort(s->txn);
    s->txn = NULL;
}

static void snapshot(void)
{
    struct snapshot_of *s = &snapshots[roll(SNAPSHOTS)];
    if (s->txn) {
        check_txn(s->txn, &s->seen);
        if (roll(8) == 0)
            end_snapshot(s);
        return;
    }
    no_error(txn_begin(mgr, TXN_REPEATABLE_READ, true, &s->txn));
    s->seen = now;
    struct txn_view v = txn_view_begin(s->txn);
    txn_view_done(&v);
}

static void restart(bool crash)
{
    for (int i = 0; i < SNAPSHOTS; i++)
        end_snapshot(&snapshots[i]);
    if (crash)
        txn_mgr_close_hard(mgr);
    else
        no_error(txn_mgr_close(mgr));
    open_store();
}

static void check_all(void)
{
    struct txn *t;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, true, &t));
    struct txn_view v = txn_view_begin(t);
    for (int k = 0; k < KEYS; k++)
        check_key(&v, &now, k);
    txn_view_done(&v);
    check_txn(t, &now);
    txn_abort(t);
}

static void random_operations_agree_with_a_model(void **state)
{
    (void)state;
    const char *seed = getenv("SEED");
    const char *steps = getenv("STEPS");
    rng = seed ? strtoull(seed, NULL, 10) : (uint64_t)getpid() * 2654435761u + 1;
    print_message("SEED=%llu\n", (unsigned long long)rng);
    open_store();
    for (int i = steps ? atoi(steps) : 4000; i > 0; i--) {
        uint64_t what = roll(1000);
        if (what < 600)
            transaction();
        else if (what < 980)
            snapshot();
        else if (what < 990)
            no_error(txn_mgr_checkpoint(mgr));
        else
            restart(what < 997);
        if (what >= 980)
            check_all();
    }
    restart(true);
    check_all();
    no_error(txn_mgr_close(mgr));
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tarn-model-XXXXXX");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_operations_agree_with_a_model, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
