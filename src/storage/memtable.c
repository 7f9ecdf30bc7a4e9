/* See memtable.h. A new node is complete before a release store links it at level 0 and then above;
 * readers load links with acquire, so they see whole nodes. */
#include "storage/memtable.h"

#include "base/clock.h"
#include "storage/temp_arena.h"

#include <stdlib.h>
#include <sys/mman.h>

static struct mem_node *node_new(struct memtable *m, struct str key, uint32_t height)
{
    size_t links = sizeof(_Atomic(struct mem_node *)) * height;
    struct mem_node *n = arena_try_alloc(&m->arena, sizeof(*n) + links + key.len);
    if (!n)
        return NULL;
    atomic_init(&n->newest, NULL);
    n->hash_next = NULL;
    n->hash = 0;
    n->key_len = (uint32_t)key.len;
    n->height = height;
    for (uint32_t i = 0; i < height; i++)
        atomic_init(&n->next[i], NULL);
    if (key.len)
        memcpy((char *)&n->next[height], key.data, key.len);
    return n;
}

static void start_empty(struct memtable *m)
{
    m->head = node_new(m, (struct str){NULL, 0}, MEM_MAX_HEIGHT);
    CHECK(m->head != NULL);
    for (int i = 0; i < MEM_MAX_HEIGHT; i++)
        m->hint[i] = m->head;
    m->node_count = 0;
    for (int i = 0; i < MEM_PRESENT_WORDS; i++)
        atomic_store_explicit(&m->present[i], 0, memory_order_relaxed);
}

static size_t bucket_bytes(const struct memtable *m)
{
    return (m->bucket_mask + 1) * sizeof(*m->buckets);
}

bool memtable_init(struct memtable *m, size_t buckets)
{
    memset(m, 0, sizeof(*m));
    arena_init(&m->arena);
    m->random = (uint64_t)clock_mono_ns() | 1;
    if (buckets) {
        size_t n = 64;
        while (n < buckets)
            n *= 2;
        m->bucket_mask = n - 1;
        /* Mapped, not malloc'ed: zero without touching it. */
        void *p =
            mmap(NULL, bucket_bytes(m), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return false;
        madvise(p, bucket_bytes(m), MADV_HUGEPAGE);
        m->buckets = p;
    }
    start_empty(m);
    return true;
}

void memtable_done(struct memtable *m)
{
    free(m->loose);
    if (m->buckets)
        munmap(m->buckets, bucket_bytes(m));
    arena_done(&m->arena);
    temp_arena_free(m->spill);
}

struct err *memtable_spill(struct memtable *m, struct temp_quota *q, size_t heap_bytes)
{
    ASSERT(!m->spill);
    return temp_arena_new(q, &m->arena, heap_bytes, &m->spill);
}

void memtable_cool(const struct memtable *m)
{
    if (m->spill)
        temp_arena_cool(m->spill);
}

struct err *memtable_put_error(struct memtable *m)
{
    return m->spill ? temp_arena_error(m->spill) : err_oom();
}

void memtable_reset(struct memtable *m)
{
    ASSERT(!m->buckets && !m->spill);
    arena_reset(&m->arena);
    start_empty(m);
}

static struct mem_node *next_at(const struct mem_node *n, int level)
{
    return atomic_load_explicit(&n->next[level], memory_order_acquire);
}

/* The last node < key; with `path`, that of every level. */
static struct mem_node *search(const struct memtable *m, struct str key, struct mem_node **path)
{
    struct mem_node *n = m->head;
    struct mem_node *beyond = NULL; /* known to be >= key: do not compare again */
    for (int level = MEM_MAX_HEIGHT - 1; level >= 0; level--) {
        for (;;) {
            struct mem_node *next = next_at(n, level);
            if (!next || next == beyond)
                break;
            if (str_cmp(mem_key(next), key) >= 0) {
                beyond = next;
                break;
            }
            n = next;
        }
        if (path)
            path[level] = n;
    }
    return n;
}

struct mem_node *memtable_seek(const struct memtable *m, struct str key)
{
    struct mem_node *n = search(m, key, NULL);
    struct mem_node *next = next_at(n, 0);
    /* Another thread may have inserted between n and the key since. */
    while (next && str_cmp(mem_key(next), key) < 0)
        next = next_at(next, 0);
    return next;
}

struct mem_node *memtable_before(const struct memtable *m, struct str key)
{
    struct mem_node *n = search(m, key, NULL);
    return n == m->head ? NULL : n;
}

struct mem_node *memtable_last(const struct memtable *m)
{
    struct mem_node *n = m->head;
    for (int level = MEM_MAX_HEIGHT - 1; level >= 0; level--)
        for (struct mem_node *next; (next = next_at(n, level)) != NULL;)
            n = next;
    return n == m->head ? NULL : n;
}

struct mem_node *memtable_find(const struct memtable *m, struct str key, uint64_t hash)
{
    if (!m->buckets) {
        struct mem_node *n = memtable_seek(m, key);
        return n && str_eq(mem_key(n), key) ? n : NULL;
    }
    struct mem_node *n =
        atomic_load_explicit(&m->buckets[hash & m->bucket_mask], memory_order_acquire);
    while (n && (n->hash != hash || !str_eq(mem_key(n), key)))
        n = n->hash_next;
    return n;
}

static uint32_t random_height(struct memtable *m)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    uint32_t height = 1;
    for (uint64_t bits = m->random >> 8; height < MEM_MAX_HEIGHT && (bits & 3) == 0; bits >>= 2)
        height++;
    return height;
}

/* Sorted inserts find their place beside the last one: if nothing lies between the last node and
 * the key, its predecessors on all levels are the key's. */
static bool hint_fits(const struct memtable *m, struct str key)
{
    struct mem_node *before = m->hint[0];
    if (before != m->head && str_cmp(mem_key(before), key) >= 0)
        return false;
    struct mem_node *after = next_at(before, 0);
    return !after || str_cmp(mem_key(after), key) > 0;
}

static void hash_node(struct memtable *m, struct mem_node *n)
{
    _Atomic(struct mem_node *) *bucket = &m->buckets[n->hash & m->bucket_mask];
    n->hash_next = atomic_load_explicit(bucket, memory_order_relaxed);
    atomic_store_explicit(bucket, n, memory_order_release);
}

static struct mem_node *insert_node(struct memtable *m, struct str key, uint64_t hash,
                                    struct mem_version *first)
{
    if (!hint_fits(m, key)) {
        struct mem_node *before = search(m, key, m->hint);
        struct mem_node *found = next_at(before, 0);
        if (found && str_eq(mem_key(found), key))
            return found;
    }
    struct mem_node *n = node_new(m, key, random_height(m));
    if (!n)
        return NULL;
    n->hash = hash;
    atomic_init(&n->newest, first);
    for (uint32_t i = 0; i < n->height; i++) {
        atomic_init(&n->next[i], next_at(m->hint[i], (int)i));
        atomic_store_explicit(&m->hint[i]->next[i], n, memory_order_release);
        m->hint[i] = n;
    }
    if (m->buckets)
        hash_node(m, n);
    m->node_count++;
    return n;
}

/* ---- filling loosely ---- */

/* The first bytes of the key beside it: sorting seldom has to look at the nodes. */
struct mem_loose {
    uint64_t prefix[2];
    struct mem_node *node;
};

void memtable_fill_loosely(struct memtable *m)
{
    ASSERT(m->buckets && m->node_count == 0);
    m->is_loose = true;
}

static struct mem_node *add_loose(struct memtable *m, struct str key, uint64_t hash,
                                  struct mem_version *first)
{
    struct mem_node *n = node_new(m, key, random_height(m));
    if (!n)
        return NULL;
    n->hash = hash;
    atomic_init(&n->newest, first);
    hash_node(m, n);
    if (m->loose_count == m->loose_cap) {
        m->loose_cap = m->loose_cap ? m->loose_cap * 2 : 1024;
        m->loose = realloc(m->loose, m->loose_cap * sizeof(*m->loose));
        CHECK(m->loose != NULL);
    }
    uint8_t head[16] = {0};
    memcpy(head, key.data, key.len < sizeof(head) ? key.len : sizeof(head));
    m->loose[m->loose_count++] = (struct mem_loose){{load_be64(head), load_be64(head + 8)}, n};
    m->node_count++;
    return n;
}

static bool comes_after(const struct mem_loose *x, const struct mem_loose *y)
{
    for (int i = 0; i < 2; i++)
        if (x->prefix[i] != y->prefix[i])
            return x->prefix[i] > y->prefix[i];
    return str_cmp(mem_key(x->node), mem_key(y->node)) > 0;
}

/* Where the next run, items already in order, begins: at `from` or behind. */
static size_t run_end(const struct mem_loose *items, size_t count, size_t from)
{
    size_t i = from + 1;
    while (i < count && !comes_after(&items[i - 1], &items[i]))
        i++;
    return i < count ? i : count;
}

static void merge_runs(const struct mem_loose *from, size_t a, size_t b, size_t end,
                       struct mem_loose *to)
{
    size_t i = a;
    size_t j = b;
    for (size_t k = a; k < end; k++)
        to[k] = j == end || (i < b && !comes_after(&from[i], &from[j])) ? from[i++] : from[j++];
}

/* A merge sort that begins with the runs it finds: a record's keys are in order. */
static void sort_loose(struct memtable *m)
{
    size_t n = m->loose_count;
    struct mem_loose *from = m->loose;
    struct mem_loose *to = malloc((n + 1) * sizeof(*to));
    size_t *starts = NULL; /* of runs, and the end */
    size_t runs = 0;
    size_t cap = 0;
    CHECK(to != NULL);
    for (size_t at = 0; at <= n; at = at < n ? run_end(from, n, at) : n + 1) {
        if (runs == cap) {
            cap = cap ? cap * 2 : 1024;
            starts = realloc(starts, cap * sizeof(*starts));
            CHECK(starts != NULL);
        }
        starts[runs++] = at;
    }
    for (runs--; runs > 1;) { /* the last entry is no run */
        size_t kept = 0;
        for (size_t r = 0; r < runs; r += 2) {
            size_t middle = starts[r + 1];
            size_t end = r + 2 <= runs ? starts[r + 2] : middle;
            merge_runs(from, starts[r], middle, end, to);
            starts[kept++] = starts[r];
        }
        starts[kept] = n;
        runs = kept;
        struct mem_loose *swap = from;
        from = to;
        to = swap;
    }
    free(starts);
    free(to);
    m->loose = from;
}

void memtable_order(struct memtable *m)
{
    enum { AHEAD = 16 };
    if (!m->is_loose)
        return;
    sort_loose(m);
    for (size_t i = 0; i < m->loose_count; i++) {
        struct mem_node *n = m->loose[i].node;
        if (i + AHEAD < m->loose_count)
            __builtin_prefetch(m->loose[i + AHEAD].node, 1);
        for (uint32_t level = 0; level < n->height; level++) {
            atomic_store_explicit(&m->hint[level]->next[level], n, memory_order_release);
            m->hint[level] = n;
        }
    }
    free(m->loose);
    m->loose = NULL;
    m->loose_count = m->loose_cap = 0;
    m->is_loose = false;
}

void memtable_prefetch(const struct memtable *m, uint64_t hash, int step)
{
    _Atomic(struct mem_node *) *bucket = &m->buckets[hash & m->bucket_mask];
    if (step == 0)
        __builtin_prefetch((void *)bucket, 1);
    else
        __builtin_prefetch(atomic_load_explicit(bucket, memory_order_relaxed), 1);
}

static void set_present(struct memtable *m, struct str key)
{
    uint32_t bit = key_storage_id(key) % (MEM_PRESENT_WORDS * 64);
    _Atomic uint64_t *word = &m->present[bit / 64];
    uint64_t old = atomic_load_explicit(word, memory_order_relaxed);
    if (!(old >> (bit % 64) & 1))
        atomic_store_explicit(word, old | 1ull << (bit % 64), memory_order_relaxed);
}

struct mem_node *memtable_put(struct memtable *m, struct str key, uint64_t hash, uint64_t csn,
                              struct str value, bool deleted)
{
    ASSERT(key.len >= 4 && value.len <= UINT32_MAX);
    struct mem_version *v = arena_try_alloc(&m->arena, sizeof(*v) + value.len);
    if (!v)
        return NULL;
    v->older = NULL;
    v->csn = csn;
    v->len = (uint32_t)value.len;
    v->deleted = deleted;
    if (value.len)
        memcpy(v->data, value.data, value.len);
    set_present(m, key);
    struct mem_node *n = m->buckets ? memtable_find(m, key, hash) : NULL;
    if (!n) {
        n = m->is_loose ? add_loose(m, key, hash, v) : insert_node(m, key, hash, v);
        if (!n || atomic_load_explicit(&n->newest, memory_order_relaxed) == v)
            return n;
    }
    v->older = atomic_load_explicit(&n->newest, memory_order_relaxed);
    atomic_store_explicit(&n->newest, v, memory_order_release);
    return n;
}
