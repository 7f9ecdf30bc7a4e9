/* An ordered multi-version map in an arena: the memtable of committed versions, and (with commands
 * in the place of CSNs) the private write set of a transaction.
 *
 * One writer at a time (the memtable's holds the commit mutex), any number of readers without
 * locks. A node a key, found through a skip list and, in memtables, a hash table; its versions hang
 * on it, newest first. Nodes never move or go away before memtable_done. */
#ifndef TARN_STORAGE_MEMTABLE_H
#define TARN_STORAGE_MEMTABLE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MEM_MAX_HEIGHT = 16, MEM_PRESENT_WORDS = 16 };

struct mem_version {
    struct mem_version *older;
    uint64_t csn;
    uint32_t len;
    bool deleted;
    char data[];
};

struct mem_node {
    _Atomic(struct mem_version *) newest; /* release when pushed; NULL: all rolled back */
    struct mem_node *hash_next;
    uint64_t hash;
    uint32_t key_len;
    uint32_t height;
    _Atomic(struct mem_node *) next[]; /* `height` of them, then the key */
};

struct mem_loose;

struct temp_arena;
struct temp_quota;

struct memtable {
    struct arena arena;
    struct temp_arena *spill; /* where the arena goes on, NULL: on the heap */
    /* What all versions were committed as, whatever their own numbers say (a write set that became
     * a memtable: only the newest version of a node counts); 0: each has its own. */
    uint64_t csn;
    struct mem_node *head;
    _Atomic(struct mem_node *) *buckets; /* NULL: no hash table */
    uint64_t bucket_mask;
    struct mem_node *hint[MEM_MAX_HEIGHT]; /* predecessors of the last insert; the writer's */
    uint64_t random;
    size_t node_count;
    /* While the map is filled loosely: its nodes, in the hash table but not in the list. */
    struct mem_loose *loose;
    size_t loose_count;
    size_t loose_cap;
    bool is_loose;
    /* Bit per hash of storage id: clear means that no key of it is here. Relaxed: whoever may see
     * a version has synchronised with its writer otherwise. */
    _Atomic uint64_t present[MEM_PRESENT_WORDS];
};

/* `buckets` is rounded up to a power of two; 0: no hash table. False without memory. */
bool memtable_init(struct memtable *m, size_t buckets) MUST_CHECK;
void memtable_done(struct memtable *m);
/* For redo, when nobody reads: puts go into the hash table only, until memtable_order links all
 * nodes in order at once. In between, only memtable_put and memtable_prefetch may be called. Both
 * stop the process without memory. */
void memtable_fill_loosely(struct memtable *m);
void memtable_order(struct memtable *m);
/* Brings near what a put with that hash will look at: first `step` 0, a little later 1. */
void memtable_prefetch(const struct memtable *m, uint64_t hash, int step);
/* Beyond `heap_bytes` the map goes on in a temporary file; putting into it MAY YIELD. When a put
 * fails, memtable_put_error says why. */
struct err *memtable_spill(struct memtable *m, struct temp_quota *q, size_t heap_bytes) MUST_CHECK;
struct err *memtable_put_error(struct memtable *m) MUST_CHECK;
/* See temp_arena_cool. Any thread. */
void memtable_cool(const struct memtable *m);
/* Heap and file. */
static inline size_t memtable_bytes(const struct memtable *m)
{
    return m->arena.used_bytes + m->arena.backed_bytes;
}
/* Empties a map without hash table and file, keeping some memory. */
void memtable_reset(struct memtable *m);

static inline struct str mem_key(const struct mem_node *n)
{
    return (struct str){(const char *)&n->next[n->height], n->key_len};
}

static inline struct str mem_value(const struct mem_version *v)
{
    return (struct str){v->data, v->len};
}

static inline uint64_t mem_hash(struct str key)
{
    return hash_bytes(key.data, key.len, 0);
}

static inline uint32_t key_storage_id(struct str key)
{
    return load_be32(key.data);
}

static inline bool memtable_has_storage(const struct memtable *m, uint32_t storage_id)
{
    uint32_t bit = storage_id % (MEM_PRESENT_WORDS * 64);
    return atomic_load_explicit(&m->present[bit / 64], memory_order_relaxed) >> (bit % 64) & 1;
}

/* Pushes a version, NULL `value.data` with `deleted`. The node, or NULL without memory. `hash` is
 * mem_hash(key) where there is a hash table, else ignored. */
struct mem_node *memtable_put(struct memtable *m, struct str key, uint64_t hash, uint64_t csn,
                              struct str value, bool deleted) MUST_CHECK;

/* Readers. */
struct mem_node *memtable_find(const struct memtable *m, struct str key, uint64_t hash);
struct mem_node *memtable_seek(const struct memtable *m, struct str key);   /* first >= key */
struct mem_node *memtable_before(const struct memtable *m, struct str key); /* last < key */
struct mem_node *memtable_last(const struct memtable *m);
static inline struct mem_node *memtable_first(const struct memtable *m)
{
    return atomic_load_explicit(&m->head->next[0], memory_order_acquire);
}
static inline struct mem_node *mem_next(const struct mem_node *n)
{
    return atomic_load_explicit(&n->next[0], memory_order_acquire);
}
static inline uint64_t mem_version_csn(const struct memtable *m, const struct mem_version *v)
{
    return m->csn ? m->csn : v->csn;
}
/* What to give mem_visible for a snapshot of `csn`; false when the map shows it nothing. */
static inline bool mem_snapshot(const struct memtable *m, uint64_t *csn)
{
    if (m->csn && m->csn > *csn)
        return false;
    if (m->csn)
        *csn = UINT64_MAX;
    return true;
}
/* The newest version at or before `csn`, NULL when there is none. */
static inline struct mem_version *mem_visible(const struct mem_node *n, uint64_t csn)
{
    struct mem_version *v = atomic_load_explicit(&n->newest, memory_order_acquire);
    while (v && v->csn > csn)
        v = v->older;
    return v;
}

#endif
