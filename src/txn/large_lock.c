/* Row locks of a transaction that has very many: beyond LARGE_LOCKS they are no entries of the lock
 * table but nodes of a map of the transaction's own, whose memory goes on in a temporary file.
 *
 * Whoever wants a row looks, under the mutex of the row's partition, into the maps of all others
 * (`large_share_locked`), and makes an entry with a hold out of what it finds there: from then on
 * the entry tells the truth, and all is as if it had always been there. The owner of a map puts a
 * row into it under the same mutex, and only when the row has no entry. So for each row either
 * nobody has an entry, or all that is locked shows in it.
 *
 * A map is written by its owner alone and read without a lock on it (memtable.h); the list of maps
 * changes under the mutexes of all partitions, so it is read under any. */
#include "txn/txn_internal.h"

#include <stdlib.h>

enum { LARGE_LOCKS = 8192, VALUE_BYTES = 2 };

/* A row that has got an entry: at the end its hold is to be given back. */
struct large_shared {
    struct large_shared *next;
    const struct mem_node *node;
};

struct large_locks {
    struct memtable rows; /* key -> mask; NULL version: given back */
    struct txn *txn;
    struct large_locks *next;
    struct txn_undo
        *undo; /* in the map's arena: rows locked since the first savepoint, newest first */
    _Atomic(struct large_shared *) shared;
};

static uint16_t mask_of(const struct mem_node *n)
{
    const struct mem_version *v = atomic_load_explicit(&n->newest, memory_order_acquire);
    return v ? load_le16(v->data) : 0;
}

static struct err *large_begin(struct txn *t)
{
    struct large_locks *l = calloc(1, sizeof(*l));
    if (!l || !memtable_init(&l->rows, 0)) {
        free(l);
        return err_oom();
    }
    struct err *e = memtable_spill(&l->rows, t->temp_quota, 0);
    if (e) {
        memtable_done(&l->rows);
        free(l);
        return e;
    }
    l->txn = t;
    locks_lock_all(t->mgr);
    l->next = t->mgr->large;
    t->mgr->large = l;
    locks_unlock_all(t->mgr, NULL);
    t->large = l;
    return NULL;
}

struct err *large_prepare(struct txn *t, struct str key)
{
    if (!t->large && t->grant_count < LARGE_LOCKS)
        return NULL;
    if (!t->large)
        TRY(large_begin(t));
    struct memtable *m = &t->large->rows;
    size_t bytes = sizeof(struct txn_undo) + sizeof(struct mem_version) + VALUE_BYTES +
                   sizeof(struct mem_node) + MEM_MAX_HEIGHT * sizeof(void *) + key.len + 32;
    return arena_reserve(&m->arena, bytes) ? NULL : memtable_put_error(m);
}

bool large_take_locked(struct txn *t, struct str key, int mode)
{
    struct large_locks *l = t->large;
    const struct mem_node *old = memtable_find(&l->rows, key, 0);
    uint16_t mask = old ? mask_of(old) : 0;
    if (lock_covers(LOCK_ROW, mask, mode))
        return true;
    uint8_t value[VALUE_BYTES];
    store_le16(value, (uint16_t)(mask | 1u << mode));
    struct txn_undo *undo = t->mark_count ? arena_try_alloc(&l->rows.arena, sizeof(*undo)) : NULL;
    struct mem_node *n = memtable_put(&l->rows, key, 0, 0, str_make(value, sizeof(value)), false);
    if (!n || (t->mark_count && !undo))
        return false; /* not after large_prepare */
    if (undo) {
        *undo = (struct txn_undo){l->undo, n};
        l->undo = undo;
    }
    return true;
}

static bool share(struct large_locks *l, struct lock_entry *e, const struct mem_node *n)
{
    struct large_shared *s = malloc(sizeof(*s));
    if (!s || !lock_add_hold_locked(e, l->txn, mask_of(n))) {
        free(s);
        return false;
    }
    s->node = n;
    s->next = atomic_load_explicit(&l->shared, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&l->shared, &s->next, s, memory_order_release,
                                                  memory_order_relaxed))
        ;
    return true;
}

struct err *large_share_locked(struct txn *t, struct lock_partition *p, uint64_t hash,
                               struct str key)
{
    for (struct large_locks *l = t->mgr->large; l; l = l->next) {
        if (l->txn == t || !memtable_has_storage(&l->rows, key_storage_id(key)))
            continue;
        const struct mem_node *n = memtable_find(&l->rows, key, 0);
        if (!n || !mask_of(n))
            continue;
        struct lock_entry *e = lock_get_entry_locked(p, hash, LOCK_ROW, key);
        if (!e)
            return err_oom();
        if (!lock_find_hold(e, l->txn) && !share(l, e, n)) {
            lock_drop_if_unused_locked(e);
            return err_oom();
        }
    }
    return NULL;
}

/* What the transaction has of the row's entry, if there is one, is `mask` from now on. */
static void set_shared(struct txn *t, const struct mem_node *n, uint16_t mask)
{
    struct str key = mem_key(n);
    uint64_t hash = lock_hash(LOCK_ROW, key);
    struct lock_partition *p = lock_partition_of(t->mgr, hash);
    pthread_mutex_lock(&p->mu);
    const struct lock_entry *e = lock_find_locked(p, hash, LOCK_ROW, key);
    struct lock_hold *h = e ? lock_find_hold(e, t) : NULL;
    if (h)
        lock_revert_locked(h, mask);
    pthread_mutex_unlock(&p->mu);
}

struct txn_undo *large_undo(const struct txn *t)
{
    return t->large ? t->large->undo : NULL;
}

void large_forget_undo(struct txn *t)
{
    if (t->large)
        t->large->undo = NULL;
}

/* The version goes under the partition's mutex, as it came. */
void large_release_to(struct txn *t, const struct txn_undo *undo)
{
    struct large_locks *l = t->large;
    for (size_t i = 1; l && l->undo != undo; i++) {
        undo_tick(&l->rows, i);
        struct mem_node *n = l->undo->node;
        struct mem_version *v = atomic_load_explicit(&n->newest, memory_order_relaxed);
        struct lock_partition *p = lock_partition_of(t->mgr, lock_hash(LOCK_ROW, mem_key(n)));
        pthread_mutex_lock(&p->mu);
        atomic_store_explicit(&n->newest, v->older, memory_order_release);
        pthread_mutex_unlock(&p->mu);
        set_shared(t, n, mask_of(n));
        l->undo = l->undo->older;
    }
}

void large_end(struct txn *t)
{
    struct large_locks *l = t->large;
    if (!l)
        return;
    locks_lock_all(t->mgr);
    struct large_locks **link = &t->mgr->large;
    while (*link != l)
        link = &(*link)->next;
    *link = l->next;
    locks_unlock_all(t->mgr, NULL);
    struct large_shared *s = atomic_load_explicit(&l->shared, memory_order_acquire);
    while (s) {
        struct large_shared *next = s->next;
        set_shared(t, s->node, 0);
        free(s);
        s = next;
    }
    store_free_writes(t->mgr->store, &l->rows);
    free(l);
    t->large = NULL;
}
