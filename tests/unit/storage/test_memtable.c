/* The map against a plain model, and under concurrent readers. */
#include "storage/memtable.h"

#include <pthread.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { KEYS = 500, STEPS = 20000 };

static struct str key_of(char space[12], uint32_t n)
{
    store_be32(space, 1000 + n % 3);
    store_be64(space + 4, n);
    return str_make(space, 12);
}

struct entry {
    uint64_t csn;
    uint32_t value;
    bool deleted;
};

static struct entry history[KEYS][200];
static int history_count[KEYS];

static const struct entry *model_visible(uint32_t n, uint64_t csn)
{
    for (int i = history_count[n]; i-- > 0;)
        if (history[n][i].csn <= csn)
            return &history[n][i];
    return NULL;
}

static uint32_t number_of(const struct mem_node *n)
{
    return (uint32_t)load_be64(mem_key(n).data + 4);
}

static void check_version(const struct mem_version *v, const struct entry *want)
{
    assert_int_equal(v != NULL, want != NULL);
    if (v) {
        assert_int_equal(v->deleted, want->deleted);
        if (!v->deleted)
            assert_int_equal(load_le32(v->data), want->value);
    }
}

/* Walks forwards and backwards from a random key. */
static void check_walk(const struct memtable *m)
{
    char space[12];
    struct str from = key_of(space, (uint32_t)rand() % KEYS);
    const struct mem_node *first = memtable_seek(m, from);
    const struct mem_node *before = memtable_before(m, from);
    assert_true(!first || str_cmp(mem_key(first), from) >= 0);
    assert_true(!before || str_cmp(mem_key(before), from) < 0);
    if (before)
        assert_ptr_equal(mem_next(before), first);
    else
        assert_ptr_equal(memtable_first(m), first);
    size_t count = 0;
    for (const struct mem_node *n = memtable_first(m); n; n = mem_next(n)) {
        const struct mem_node *next = mem_next(n);
        assert_true(!next || str_cmp(mem_key(n), mem_key(next)) < 0);
        count++;
    }
    assert_int_equal(count, m->node_count);
}

static void agrees_with_a_model(void **state)
{
    (void)state;
    for (int hashed = 0; hashed < 2; hashed++) {
        struct memtable m;
        srand(7);
        memset(history_count, 0, sizeof(history_count));
        assert_true(memtable_init(&m, hashed ? 64 : 0));
        for (uint64_t csn = 1; csn <= STEPS; csn++) {
            char space[12];
            /* Runs of ascending keys as well as random ones. */
            uint32_t n = csn % 400 < 200 ? (uint32_t)(csn % KEYS) : (uint32_t)rand() % KEYS;
            if (history_count[n] == 200)
                continue;
            struct entry e = {csn, (uint32_t)rand(), rand() % 4 == 0};
            struct str value = str_make(&e.value, e.deleted ? 0 : sizeof(e.value));
            struct str key = key_of(space, n);
            assert_non_null(memtable_put(&m, key, mem_hash(key), csn, value, e.deleted));
            history[n][history_count[n]++] = e;
            uint32_t probe = (uint32_t)rand() % KEYS;
            uint64_t at = (uint64_t)rand() % (csn + 1);
            key = key_of(space, probe);
            const struct mem_node *node = memtable_find(&m, key, mem_hash(key));
            check_version(node ? mem_visible(node, at) : NULL, model_visible(probe, at));
            assert_true(memtable_has_storage(&m, 1000 + n % 3));
            if (csn % 500 == 0)
                check_walk(&m);
        }
        assert_false(memtable_has_storage(&m, 1003));
        memtable_done(&m);
    }
}

/* The same puts, one by one and loosely, give the same map; also when nothing is put. */
static void loose_filling_gives_the_same_map(void **state)
{
    (void)state;
    for (int puts = 0; puts < 3000; puts = puts * 3 + 1) {
        struct memtable plain;
        struct memtable loose;
        srand((unsigned)puts);
        assert_true(memtable_init(&plain, 64) && memtable_init(&loose, 64));
        memtable_fill_loosely(&loose);
        for (int i = 1; i <= puts; i++) {
            char space[40] = {0};
            uint32_t n = i % 50 < 25 ? (uint32_t)i : (uint32_t)rand() % 1000;
            key_of(space, n % 7 ? n : n / 100);
            struct str key = str_make(space, n % 5 ? 12 : 12 + n % 28); /* prefixes of each other */
            bool deleted = rand() % 3 == 0;
            struct str value = str_make(&i, deleted ? 0 : sizeof(i));
            uint64_t hash = mem_hash(key);
            assert_non_null(memtable_put(&plain, key, hash, (uint64_t)i, value, deleted));
            memtable_prefetch(&loose, hash, 0);
            memtable_prefetch(&loose, hash, 1);
            assert_non_null(memtable_put(&loose, key, hash, (uint64_t)i, value, deleted));
        }
        memtable_order(&loose);
        check_walk(&loose);
        const struct mem_node *a = memtable_first(&plain);
        const struct mem_node *b = memtable_first(&loose);
        for (; a && b; a = mem_next(a), b = mem_next(b)) {
            const struct mem_version *v = mem_visible(a, UINT64_MAX);
            const struct mem_version *w = mem_visible(b, UINT64_MAX);
            assert_true(str_eq(mem_key(a), mem_key(b)));
            for (; v && w; v = v->older, w = w->older)
                assert_true(v->csn == w->csn && v->deleted == w->deleted &&
                            str_eq(mem_value(v), mem_value(w)));
            assert_true(!v && !w);
        }
        assert_true(!a && !b);
        char space[12];
        struct str late = key_of(space, 123456);
        assert_non_null(memtable_put(&loose, late, mem_hash(late), 99999, STR("x"), false));
        check_walk(&loose);
        memtable_done(&plain);
        memtable_done(&loose);
    }
}

/* ---- concurrency: the writer raises `published` after each insert ---- */

static struct memtable shared;
static _Atomic uint64_t published;

enum { INSERTS = 60000, SPREAD = 7919, RANGE = 20011 };

static uint32_t key_at(uint64_t csn)
{
    return (uint32_t)(csn * SPREAD % RANGE);
}

static void *read_all(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (uint64_t now = 0; now < INSERTS;) {
        now = atomic_load_explicit(&published, memory_order_acquire);
        if (now == 0)
            continue;
        char space[12];
        uint64_t csn = 1 + (uint64_t)rand_r(&seed) % now;
        struct str key = key_of(space, key_at(csn));
        const struct mem_node *n = memtable_find(&shared, key, mem_hash(key));
        assert_non_null(n);
        const struct mem_version *v = mem_visible(n, csn);
        assert_non_null(v);
        assert_int_equal(v->csn, csn);
        n = memtable_seek(&shared, key);
        assert_int_equal(number_of(n), key_at(csn));
        for (int i = 0; i < 20 && n; i++) {
            const struct mem_node *next = mem_next(n);
            assert_true(!next || str_cmp(mem_key(n), mem_key(next)) < 0);
            n = next;
        }
    }
    return NULL;
}

static void readers_need_no_lock(void **state)
{
    (void)state;
    pthread_t threads[3];
    assert_true(memtable_init(&shared, 4096));
    for (uintptr_t i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, read_all, (void *)(i + 1));
    for (uint64_t csn = 1; csn <= INSERTS; csn++) {
        char space[12];
        struct str key = key_of(space, key_at(csn));
        assert_non_null(memtable_put(&shared, key, mem_hash(key), csn, STR("v"), false));
        atomic_store_explicit(&published, csn, memory_order_release);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    memtable_done(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_model),
        cmocka_unit_test(loose_filling_gives_the_same_map),
        cmocka_unit_test(readers_need_no_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
