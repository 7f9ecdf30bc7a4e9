/* Transactions end to end on a real directory: visibility, savepoints, recovery, scans against a
 * model, bulk load. */
#include "base/arena.h"
#include "base/bytes.h"
#include "storage/temp_file.h"
#include "storage/file.h"
#include "storage/store.h"
#include "txn/txn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static char dir[64];

static struct txn_config config(void)
{
    return (struct txn_config){
        .dir = dir,
        .memtable_bytes = 1 << 20,
        .map_bytes = (size_t)1 << 30,
        .wal_segment_bytes = 1 << 20,
        .checkpoint_timeout_ms = 600000,
        .max_wal_bytes = 1 << 30,
        .deadlock_timeout_ms = 50,
        .fsync = false,
    };
}

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

static struct txn_mgr *open_mgr(void)
{
    struct txn_config c = config();
    struct txn_mgr *mgr;
    no_error(txn_mgr_open(&c, &mgr));
    return mgr;
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tarn-txn-XXXXXX");
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

/* "name" under storage id `id`. */
static struct str key_of(char *space, uint32_t id, const char *name)
{
    store_be32(space, id);
    memcpy(space + 4, name, strlen(name));
    return str_make(space, 4 + strlen(name));
}

static void put(struct txn *t, uint32_t id, const char *name, const char *value)
{
    char space[256];
    no_error(txn_put(t, key_of(space, id, name), str_from(value)));
}

static void del(struct txn *t, uint32_t id, const char *name)
{
    char space[256];
    no_error(txn_delete(t, key_of(space, id, name)));
}

/* The value in the view, "" when there is none. */
static const char *look(const struct txn_view *v, uint32_t id, const char *name)
{
    static char text[4][256];
    static int turn;
    char space[256];
    struct str value;
    bool found;
    turn = (turn + 1) % 4;
    no_error(txn_get(v, key_of(space, id, name), &value, &found));
    snprintf(text[turn], sizeof(text[turn]), "%.*s", found ? (int)value.len : 0, value.data);
    return text[turn];
}

static const char *committed(struct txn_mgr *mgr, uint32_t id, const char *name)
{
    struct txn *t;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, true, &t));
    struct txn_view v = txn_view_begin(t);
    const char *text = look(&v, id, name);
    txn_view_done(&v);
    no_error(txn_commit(t, false));
    return text;
}

static void commit_one(struct txn_mgr *mgr, uint32_t id, const char *name, const char *value)
{
    struct txn *t;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    if (value)
        put(t, id, name, value);
    else
        del(t, id, name);
    no_error(txn_commit(t, false));
}

static void statements_see_what_they_should(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    assert_true(txn_mgr_is_new(mgr));
    commit_one(mgr, 2000, "a", "1");
    struct txn *rc;
    struct txn *rr;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &rc));
    no_error(txn_begin(mgr, TXN_REPEATABLE_READ, false, &rr));
    struct txn_view r1 = txn_view_begin(rr);
    assert_string_equal(look(&r1, 2000, "a"), "1");
    commit_one(mgr, 2000, "a", "2");
    struct txn_view c1 = txn_view_begin(rc);
    assert_string_equal(look(&c1, 2000, "a"), "2");
    assert_string_equal(look(&r1, 2000, "a"), "1");
    /* Own writes show from the next command on. */
    put(rc, 2000, "a", "mine");
    assert_string_equal(look(&c1, 2000, "a"), "2");
    struct txn_view newest = txn_view_newest(rc);
    assert_string_equal(look(&newest, 2000, "a"), "mine");
    txn_view_done(&newest);
    txn_next_command(rc);
    assert_string_equal(look(&c1, 2000, "a"), "2");
    struct txn_view same = txn_view_ref(&c1);
    txn_view_done(&c1);
    assert_string_equal(look(&same, 2000, "a"), "2");
    txn_view_done(&same);
    c1 = txn_view_begin(rc);
    assert_string_equal(look(&c1, 2000, "a"), "mine");
    txn_view_done(&c1);
    /* The newest version, and whether it is newer than the snapshot. */
    struct arena arena;
    struct txn_newest n;
    char space[64];
    arena_init(&arena);
    no_error(txn_get_newest(&r1, key_of(space, 2000, "a"), &arena, &n));
    assert_true(n.found && n.changed && !n.own);
    assert_memory_equal(n.value.data, "2", 1);
    commit_one(mgr, 2000, "a", NULL);
    no_error(txn_mgr_checkpoint(mgr));
    no_error(txn_get_newest(&r1, key_of(space, 2000, "a"), &arena, &n));
    assert_true(!n.found && n.changed);
    assert_string_equal(look(&r1, 2000, "a"), "1");
    arena_done(&arena);
    txn_view_done(&r1);
    txn_abort(rc);
    txn_abort(rr);
    assert_string_equal(committed(mgr, 2000, "a"), "");
    no_error(txn_mgr_close(mgr));
}

static int undone;

static void on_abort(void *arg)
{
    undone += *(int *)arg;
}

static void savepoints_undo(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    struct txn *t;
    int one = 1;
    int ten = 10;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    put(t, 2000, "a", "1");
    txn_on_commit(t, NULL, on_abort, &one);
    uint32_t outer = txn_savepoint(t);
    put(t, 2000, "a", "2");
    put(t, 2000, "b", "2");
    txn_count_rows(t, 2000, 5);
    uint32_t inner = txn_savepoint(t);
    txn_on_commit(t, NULL, on_abort, &ten);
    del(t, 2000, "a");
    txn_count_rows(t, 2000, 7);
    txn_rollback_to(t, inner);
    assert_int_equal(undone, 10);
    txn_release(t, inner);
    struct txn_view v = txn_view_newest(t);
    assert_string_equal(look(&v, 2000, "a"), "2");
    txn_rollback_to(t, outer);
    assert_string_equal(look(&v, 2000, "a"), "1");
    assert_string_equal(look(&v, 2000, "b"), "");
    put(t, 2000, "c", "3");
    txn_count_rows(t, 2000, 2);
    txn_view_done(&v);
    no_error(txn_commit(t, false));
    assert_int_equal(undone, 10);
    assert_string_equal(committed(mgr, 2000, "a"), "1");
    assert_string_equal(committed(mgr, 2000, "b"), "");
    assert_string_equal(committed(mgr, 2000, "c"), "3");
    assert_int_equal(txn_row_count(mgr, 2000), 2);
    no_error(txn_mgr_close(mgr));
    mgr = open_mgr();
    assert_false(txn_mgr_is_new(mgr));
    assert_int_equal(txn_row_count(mgr, 2000), 2);
    assert_string_equal(committed(mgr, 2000, "c"), "3");
    no_error(txn_mgr_close(mgr));
}

static void commits_survive_a_crash(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    uint32_t id = txn_new_storage_id(mgr);
    commit_one(mgr, id, "a", "1");
    no_error(txn_mgr_checkpoint(mgr));
    commit_one(mgr, id, "b", "2");
    commit_one(mgr, id, "a", NULL);
    uint32_t later = txn_new_storage_id(mgr);
    commit_one(mgr, 2000, "x", "y");
    char space[64];
    struct lsn end;
    no_error(txn_put_now(mgr, key_of(space, 2000, "seq"), STR("42"), &end));
    commit_one(mgr, 2000, "z", "z");
    txn_mgr_close_hard(mgr);
    for (int i = 0; i < 3; i++) {
        mgr = open_mgr();
        assert_string_equal(committed(mgr, id, "a"), "");
        assert_string_equal(committed(mgr, id, "b"), "2");
        assert_string_equal(committed(mgr, 2000, "seq"), "42");
        uint32_t next = txn_new_storage_id(mgr);
        assert_true(next > later);
        later = next;
        commit_one(mgr, 2000, "more", "1");
        txn_mgr_close_hard(mgr);
    }
}

/* A log of several megabytes, longer than is read at once, whose last versions are the right ones:
 * in memory, or with little memory through the data file. */
static void a_long_log_is_replayed(void **state)
{
    (void)state;
    enum { KEYS = 500, COMMITS = 300 };
    int newest[KEYS] = {0};
    struct txn_config c = config();
    struct txn_mgr *mgr;
    c.memtable_bytes = 64 << 20;
    no_error(txn_mgr_open(&c, &mgr));
    uint32_t id = txn_new_storage_id(mgr);
    char name[16];
    char value[200];
    memset(value, 'v', sizeof(value));
    for (int n = 1; n <= COMMITS; n++) {
        struct txn *t;
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        for (int i = 0; i < 60; i++) {
            int k = rand() % KEYS;
            snprintf(name, sizeof(name), "%d", k);
            newest[k] = rand() % 5 ? n : 0;
            snprintf(value, sizeof(value), "%d", n);
            value[strlen(value)] = '.';
            value[sizeof(value) - 1] = '\0';
            if (newest[k])
                put(t, id, name, value);
            else
                del(t, id, name);
        }
        txn_count_rows(t, id, 1);
        no_error(txn_commit(t, true));
    }
    txn_mgr_close_hard(mgr);
    for (int turn = 0; turn < 4; turn++) {
        c.memtable_bytes = turn % 2 ? 64 << 20 : 256 << 10;
        no_error(txn_mgr_open(&c, &mgr));
        assert_int_equal(txn_row_count(mgr, id), COMMITS);
        for (int k = 0; k < KEYS; k++) {
            snprintf(name, sizeof(name), "%d", k);
            assert_int_equal(atoi(committed(mgr, id, name)), newest[k]);
        }
        commit_one(mgr, 2000, "more", "1");
        txn_mgr_close_hard(mgr);
    }
}

/* A child commits as fast as it can and tells what is durable; it is killed, and all that it told
 * must be there. */
static void killed_server_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            struct txn_config c = config();
            struct txn_mgr *mgr;
            c.fsync = true;
            c.memtable_bytes = 64 << 10;
            if (txn_mgr_open(&c, &mgr))
                _exit(1);
            for (int i = 0;; i++) {
                char name[32];
                struct txn *t;
                struct err *e = txn_begin(mgr, TXN_READ_COMMITTED, false, &t);
                snprintf(name, sizeof(name), "%d-%08d", round, i);
                put(t, 3000, name, name);
                put(t, 3001, name, name);
                if (e || txn_commit(t, false) || write(fds[1], &i, sizeof(i)) != sizeof(i))
                    _exit(1);
            }
        }
        close(fds[1]);
        int told = -1;
        int i;
        for (int n = 0; n < 300 + round * 700 && read(fds[0], &i, sizeof(i)) == sizeof(i); n++)
            told = i;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(fds[0], &i, sizeof(i)) == sizeof(i))
            told = i;
        close(fds[0]);
        assert_true(told >= 0);
        struct txn_mgr *mgr = open_mgr();
        for (i = 0; i <= told; i++) {
            char name[32];
            snprintf(name, sizeof(name), "%d-%08d", round, i);
            assert_string_equal(committed(mgr, 3000, name), name);
            assert_string_equal(committed(mgr, 3001, name), name);
        }
        no_error(txn_mgr_close(mgr));
    }
}

static void one_server_a_directory(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    struct txn_mgr *other;
    struct txn_config c = config();
    is_error(txn_mgr_open(&c, &other), "55006");
    no_error(txn_mgr_close(mgr));
    char path[128];
    snprintf(path, sizeof(path), "%s/FORMAT", dir);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "tarn store 99\n", 14), 14);
    close(fd);
    is_error(txn_mgr_open(&c, &other), "0A000");
}

/* ---- scans against a model ---- */

enum { MODEL_KEYS = 300, MODEL_STEPS = 6000 };

struct model {
    int value[MODEL_KEYS]; /* 0: none */
};

/* Every third key is longer than LMDB's limit; many of those share their first 480 bytes. */
static struct str model_key(char *space, int i)
{
    store_be32(space, 2000);
    if (i % 3) {
        snprintf(space + 4, 16, "k%05d", i);
        return str_make(space, 10);
    }
    snprintf(space + 4, 16, "k%05d", i / 30 * 30);
    memset(space + 10, 'x', 600);
    snprintf(space + 610, 16, "%05d", i);
    return str_make(space, 615 + (size_t)(i % 7));
}

static int model_order[MODEL_KEYS]; /* key numbers in key order */

static int compare_model(const void *a, const void *b)
{
    static char x[1024];
    static char y[1024];
    memset(x, 0, sizeof(x));
    memset(y, 0, sizeof(y));
    return str_cmp(model_key(x, *(const int *)a), model_key(y, *(const int *)b));
}

static void check_scan(const struct txn_view *v, const struct model *m, int from, int to,
                       bool reverse)
{
    static char lo[1024];
    static char hi[1024];
    struct txn_scan *s;
    struct str key;
    struct str value;
    bool found;
    memset(lo, 0, sizeof(lo));
    memset(hi, 0, sizeof(hi));
    struct str hi_key = model_key(hi, model_order[to]);
    no_error(txn_scan_open(v, model_key(lo, model_order[from]), hi_key, reverse, &s));
    int i = reverse ? to - 1 : from;
    for (;;) {
        no_error(txn_scan_next(s, &key, &value, &found));
        while (i >= from && i < to && !m->value[model_order[i]])
            i += reverse ? -1 : 1;
        if (i < from || i >= to)
            break;
        assert_true(found);
        static char want[1024];
        memset(want, 0, sizeof(want));
        assert_true(str_eq(key, model_key(want, model_order[i])));
        assert_int_equal(value.len, sizeof(int));
        assert_int_equal(load_le32(value.data), m->value[model_order[i]]);
        i += reverse ? -1 : 1;
    }
    assert_false(found);
    txn_scan_close(s);
}

static void check_model(const struct txn_view *v, const struct model *m)
{
    int a = rand() % MODEL_KEYS;
    int b = rand() % MODEL_KEYS;
    check_scan(v, m, a < b ? a : b, a < b ? b : a, rand() % 2);
    for (int n = 0; n < 5; n++) {
        static char space[1024];
        struct str value;
        bool found;
        int i = rand() % MODEL_KEYS;
        memset(space, 0, sizeof(space));
        no_error(txn_get(v, model_key(space, i), &value, &found));
        assert_int_equal(found, m->value[i] != 0);
        if (found)
            assert_int_equal(load_le32(value.data), m->value[i]);
    }
}

static void write_model(struct txn *t, struct model *m)
{
    static char space[1024];
    int i = rand() % MODEL_KEYS;
    memset(space, 0, sizeof(space));
    struct str key = model_key(space, i);
    if (rand() % 3 == 0) {
        no_error(txn_delete(t, key));
        m->value[i] = 0;
    } else {
        int value = rand() | 1;
        no_error(txn_put(t, key, str_make(&value, sizeof(value))));
        m->value[i] = value;
    }
}

/* One writer; beside it readers with old snapshots, each with the model of its time. */
static void scans_agree_with_a_model(void **state)
{
    (void)state;
    enum { READERS = 4 };
    unsigned seed = 12345;
    srand(seed);
    for (int i = 0; i < MODEL_KEYS; i++)
        model_order[i] = i;
    qsort(model_order, MODEL_KEYS, sizeof(int), compare_model);
    struct txn_mgr *mgr = open_mgr();
    static struct model now;
    static struct model marked;
    static struct model in_txn;
    static struct model then[READERS];
    struct txn *readers[READERS] = {NULL};
    struct txn_view views[READERS];
    memset(&now, 0, sizeof(now));
    for (int step = 0; step < MODEL_STEPS; step++) {
        struct txn *t;
        in_txn = now;
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        int writes = rand() % 8;
        for (int i = 0; i < writes; i++) {
            write_model(t, &in_txn);
            txn_next_command(t);
            if (rand() % 4 == 0) {
                uint32_t mark = txn_savepoint(t);
                marked = in_txn;
                write_model(t, &in_txn);
                write_model(t, &in_txn);
                if (rand() % 2) {
                    txn_rollback_to(t, mark);
                    in_txn = marked;
                }
                txn_release(t, mark);
                txn_next_command(t);
            }
        }
        struct txn_view v = txn_view_begin(t);
        check_model(&v, &in_txn);
        txn_view_done(&v);
        if (rand() % 4) {
            no_error(txn_commit(t, rand() % 2));
            now = in_txn;
        } else {
            txn_abort(t);
        }
        int r = rand() % READERS;
        if (readers[r]) {
            check_model(&views[r], &then[r]);
            if (rand() % 5 == 0) {
                txn_view_done(&views[r]);
                txn_abort(readers[r]);
                readers[r] = NULL;
            }
        } else {
            no_error(txn_begin(mgr, TXN_REPEATABLE_READ, true, &readers[r]));
            views[r] = txn_view_begin(readers[r]);
            then[r] = now;
        }
        if (rand() % 200 == 0)
            no_error(txn_mgr_checkpoint(mgr));
        if (rand() % 1000 == 0) {
            for (int i = 0; i < READERS; i++) {
                if (readers[i]) {
                    txn_view_done(&views[i]);
                    txn_abort(readers[i]);
                    readers[i] = NULL;
                }
            }
            if (rand() % 2)
                txn_mgr_close_hard(mgr);
            else
                no_error(txn_mgr_close(mgr));
            mgr = open_mgr();
        }
    }
    for (int i = 0; i < READERS; i++) {
        if (readers[i]) {
            txn_view_done(&views[i]);
            txn_abort(readers[i]);
        }
    }
    no_error(txn_mgr_close(mgr));
}

/* ---- bulk load ---- */

static struct str bulk_key(char *space, uint32_t id, uint32_t n)
{
    store_be32(space, id);
    store_be32(space + 4, n);
    return str_make(space, 8);
}

static uint64_t count_rows(const struct txn_view *v, uint32_t id)
{
    char lo[4];
    char hi[4];
    struct txn_scan *s;
    struct str key;
    struct str value;
    bool found = true;
    uint64_t n = 0;
    uint32_t last = 0;
    store_be32(lo, id);
    store_be32(hi, id + 1);
    no_error(txn_scan_open(v, str_make(lo, 4), str_make(hi, 4), false, &s));
    while (found) {
        no_error(txn_scan_next(s, &key, &value, &found));
        if (found) {
            uint32_t k = load_be32(key.data + 4);
            assert_true(n == 0 || k > last);
            last = k;
            n++;
        }
    }
    txn_scan_close(s);
    return n;
}

static struct err *reject(void *arg, struct str key, struct str earlier, struct str later,
                          bool *keep_new)
{
    (void)arg;
    return err_new("23505", "duplicate key");
}

static struct temp_quota quota; /* by main */

static uint32_t load(struct txn_mgr *mgr, struct txn *t, uint32_t n, uint64_t *written)
{
    char space[8];
    char value[100] = {0};
    struct txn_bulk *b;
    uint32_t id = txn_new_storage_id(mgr);
    no_error(txn_bulk_begin(t, id, &quota, 1 << 20, NULL, NULL, &b));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)((uint64_t)i * 7919 % n);
        store_le32(value, k);
        no_error(txn_bulk_add(b, bulk_key(space, id, k), str_make(value, sizeof(value))));
    }
    no_error(txn_bulk_add(b, bulk_key(space, id, 3), STR("later")));
    no_error(txn_bulk_finish(b, written));
    return id;
}

/* Entries in order are written as they come, and those that come out of order later go between. */
static struct err *keep_earlier(void *arg, struct str key, struct str earlier, struct str later,
                                bool *keep_new)
{
    unsigned *met = arg;
    (void)key;
    assert_true(str_eq_c(earlier, "even"));
    assert_true(str_eq_c(later, "again"));
    ++*met;
    *keep_new = false;
    return NULL;
}

static void bulk_load_mostly_in_order(void **state)
{
    (void)state;
    enum { EVEN = 450000, ODD = 3000 };
    char space[8];
    struct txn_mgr *mgr = open_mgr();
    struct txn *t;
    struct txn_bulk *b;
    uint64_t written;
    unsigned met = 0;
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    uint32_t id = txn_new_storage_id(mgr);
    no_error(txn_bulk_begin(t, id, &quota, 1 << 16, keep_earlier, &met, &b));
    for (uint32_t i = 0; i < EVEN; i++)
        no_error(txn_bulk_add(b, bulk_key(space, id, 2 * i), STR("even")));
    no_error(txn_bulk_add(b, bulk_key(space, id, 2 * (EVEN - 1)), STR("again"))); /* in the batch */
    for (uint32_t i = ODD; i-- > 0;)
        no_error(txn_bulk_add(b, bulk_key(space, id, 2 * i * 100 + 1), STR("odd")));
    no_error(txn_bulk_add(b, bulk_key(space, id, 10), STR("again")));      /* written */
    no_error(txn_bulk_add(b, bulk_key(space, id, 2 * EVEN), STR("even"))); /* behind all */
    no_error(txn_bulk_finish(b, &written));
    assert_int_equal(met, 2);
    assert_int_equal(written, EVEN + ODD + 1);
    no_error(txn_commit(t, false));

    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    struct txn_view v = txn_view_begin(t);
    struct str value;
    bool found;
    assert_int_equal(count_rows(&v, id), EVEN + ODD + 1);
    no_error(txn_get(&v, bulk_key(space, id, 10), &value, &found));
    assert_true(found && str_eq_c(value, "even"));
    no_error(txn_get(&v, bulk_key(space, id, 201), &value, &found));
    assert_true(found && str_eq_c(value, "odd"));
    txn_view_done(&v);
    /* Given up in the middle, with batches written. */
    uint32_t other = txn_new_storage_id(mgr);
    no_error(txn_bulk_begin(t, other, &quota, 1 << 16, NULL, NULL, &b));
    for (uint32_t i = 0; i < EVEN; i++)
        no_error(txn_bulk_add(b, bulk_key(space, other, i), STR("x")));
    txn_bulk_abort(b);
    txn_abort(t);
    no_error(txn_mgr_close(mgr));
}

static void bulk_load_is_seen_after_commit(void **state)
{
    (void)state;
    enum { ROWS = 50000 };
    char space[8];
    struct txn_mgr *mgr = open_mgr();
    struct txn *t;
    uint64_t written;
    no_error(txn_begin(mgr, TXN_REPEATABLE_READ, false, &t));
    struct txn_view v = txn_view_begin(t);
    uint32_t id = load(mgr, t, ROWS, &written);
    assert_int_equal(written, ROWS);
    assert_int_equal(count_rows(&v, id), ROWS);
    struct str value;
    bool found;
    no_error(txn_get(&v, bulk_key(space, id, 3), &value, &found));
    assert_true(found && str_eq_c(value, "later"));
    txn_view_done(&v);
    no_error(txn_commit(t, false));
    txn_mgr_close_hard(mgr);

    mgr = open_mgr();
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    v = txn_view_begin(t);
    assert_int_equal(count_rows(&v, id), ROWS);
    txn_view_done(&v);
    /* A load that is not committed vanishes, also over a crash. */
    uint32_t lost = load(mgr, t, 1000, &written);
    txn_abort(t);
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    uint32_t crashed = load(mgr, t, 1000, &written);
    struct txn_bulk *b;
    uint32_t duplicate = txn_new_storage_id(mgr);
    no_error(txn_bulk_begin(t, duplicate, &quota, 1 << 20, reject, NULL, &b));
    no_error(txn_bulk_add(b, bulk_key(space, duplicate, 2), STR("x")));
    is_error(txn_bulk_add(b, bulk_key(space, duplicate, 2), STR("y")), "23505");
    no_error(txn_bulk_add(b, bulk_key(space, duplicate, 1), STR("x")));
    no_error(txn_bulk_add(b, bulk_key(space, duplicate, 1), STR("y")));
    is_error(txn_bulk_finish(b, &written), "23505");
    txn_abort(t);
    txn_mgr_close_hard(mgr);

    mgr = open_mgr();
    for (int i = 0; i < 200; i++) {
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        v = txn_view_begin(t);
        uint64_t left = count_rows(&v, lost) + count_rows(&v, crashed) + count_rows(&v, duplicate);
        assert_int_equal(count_rows(&v, id), ROWS);
        txn_view_done(&v);
        txn_abort(t);
        if (left == 0)
            break;
        assert_true(i < 199);
        usleep(10000);
    }
    /* Dropping deletes in the background, and an old snapshot still sees it all. */
    struct txn *old;
    no_error(txn_begin(mgr, TXN_REPEATABLE_READ, true, &old));
    struct txn_view before = txn_view_begin(old);
    no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
    no_error(txn_drop_storage(t, id));
    no_error(txn_commit(t, false));
    no_error(txn_mgr_checkpoint(mgr));
    for (int i = 0; i < 200; i++) {
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        v = txn_view_begin(t);
        uint64_t left = count_rows(&v, id);
        txn_view_done(&v);
        txn_abort(t);
        if (left == 0)
            break;
        assert_true(i < 199);
        usleep(10000);
    }
    assert_int_equal(count_rows(&before, id), ROWS);
    txn_view_done(&before);
    txn_abort(old);
    no_error(txn_mgr_close(mgr));
}

/* ---- full disks ---- */

static bool disk_full;

static ssize_t full_pwrite(void *ctx, int fd, const void *from, size_t len, int64_t offset)
{
    if (__atomic_load_n(&disk_full, __ATOMIC_RELAXED) &&
        offset + (int64_t)len > file_posix.size(NULL, fd))
        return -ENOSPC;
    return file_posix.pwrite(ctx, fd, from, len, offset);
}

static void full_disk_fails_one_transaction(void **state)
{
    (void)state;
    struct file_ops files = file_posix;
    files.pwrite = full_pwrite;
    struct txn_config c = config();
    c.files = &files;
    c.wal_segment_bytes = 64 << 10;
    struct txn_mgr *mgr;
    no_error(txn_mgr_open(&c, &mgr));
    static char value[1000];
    memset(value, 'v', sizeof(value) - 1);
    int done = 0;
    struct err *e = NULL;
    char name[16];
    commit_one(mgr, 2000, "first", "1");
    __atomic_store_n(&disk_full, true, __ATOMIC_RELAXED);
    while (!e && done < 1000) {
        struct txn *t;
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        snprintf(name, sizeof(name), "%d", done);
        put(t, 2000, name, value);
        e = txn_commit(t, false);
        done += !e;
    }
    is_error(e, "53100");
    snprintf(name, sizeof(name), "%d", done);
    assert_string_equal(committed(mgr, 2000, name), "");
    assert_string_equal(committed(mgr, 2000, "first"), "1");
    __atomic_store_n(&disk_full, false, __ATOMIC_RELAXED);
    commit_one(mgr, 2000, "after", "2");
    txn_mgr_close_hard(mgr);
    mgr = open_mgr();
    assert_string_equal(committed(mgr, 2000, name), "");
    assert_string_equal(committed(mgr, 2000, "after"), "2");
    no_error(txn_mgr_close(mgr));
}

/* ---- SERIALIZABLE ---- */

static void write_skew_is_refused(void **state)
{
    (void)state;
    struct txn_mgr *mgr = open_mgr();
    commit_one(mgr, 2000, "a", "1");
    commit_one(mgr, 2000, "b", "1");
    struct txn *x;
    struct txn *y;
    no_error(txn_begin(mgr, TXN_SERIALIZABLE, false, &x));
    no_error(txn_begin(mgr, TXN_SERIALIZABLE, false, &y));
    struct txn_view vx = txn_view_begin(x);
    struct txn_view vy = txn_view_begin(y);
    assert_string_equal(look(&vx, 2000, "a"), "1");
    assert_string_equal(look(&vy, 2000, "b"), "1");
    put(x, 2000, "b", "0");
    put(y, 2000, "a", "0");
    txn_view_done(&vx);
    txn_view_done(&vy);
    no_error(txn_commit(x, false));
    is_error(txn_commit(y, false), "40001");
    assert_string_equal(committed(mgr, 2000, "a"), "1");
    assert_string_equal(committed(mgr, 2000, "b"), "0");
    no_error(txn_mgr_close(mgr));
}

/* ---- checkpoints ---- */

/* Writes until a checkpoint has come that nobody asked for; false if none comes. */
static bool checkpoint_comes(struct txn_mgr *mgr, size_t value_bytes)
{
    static char value[4096];
    struct store_stats before;
    struct store_stats after;
    txn_mgr_stats(mgr, &before);
    for (int i = 0; i < 1500; i++) {
        char space[64];
        struct txn *t;
        no_error(txn_begin(mgr, TXN_READ_COMMITTED, false, &t));
        no_error(txn_put(t, key_of(space, 2000, "checkpoint"), str_make(value, value_bytes)));
        no_error(txn_commit(t, false));
        txn_mgr_stats(mgr, &after);
        if (after.checkpoints > before.checkpoints)
            return true;
        usleep(1000);
    }
    return false;
}

static void checkpoints_come_by_time_and_by_size(void **state)
{
    (void)state;
    struct txn_config c = config();
    struct txn_mgr *mgr;
    c.memtable_bytes = 256 << 20;
    c.checkpoint_timeout_ms = 20;
    no_error(txn_mgr_open(&c, &mgr));
    assert_true(checkpoint_comes(mgr, 8));
    no_error(txn_mgr_close(mgr));
    c.checkpoint_timeout_ms = 600000;
    no_error(txn_mgr_open(&c, &mgr));
    assert_false(checkpoint_comes(mgr, 8)); /* neither time nor size */
    no_error(txn_mgr_close(mgr));
    c.max_wal_bytes = 1 << 20;
    no_error(txn_mgr_open(&c, &mgr));
    assert_true(checkpoint_comes(mgr, 4096));
    no_error(txn_mgr_close(mgr));
}

int main(void)
{
    temp_quota_init(&quota, "/tmp");
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(statements_see_what_they_should), CASE(savepoints_undo),
        CASE(commits_survive_a_crash),         CASE(a_long_log_is_replayed),
        CASE(killed_server_loses_nothing),     CASE(one_server_a_directory),
        CASE(scans_agree_with_a_model),        CASE(bulk_load_is_seen_after_commit),
        CASE(bulk_load_mostly_in_order),       CASE(write_skew_is_refused),
        CASE(full_disk_fails_one_transaction), CASE(checkpoints_come_by_time_and_by_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
