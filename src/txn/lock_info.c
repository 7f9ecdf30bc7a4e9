/* Looking at the lock table: pg_locks and who blocks whom. Notes of weak table locks first, slot by
 * slot, then the table with all partitions locked; a lock moved meanwhile may be missed or come
 * twice. */
#include "txn/txn_internal.h"

#include "rt/fiber.h"

#include <stdlib.h>

const char *lock_mode_name(enum lock_class class, int mode)
{
    static const char *const table_modes[] = {"",
                                              "AccessShareLock",
                                              "RowShareLock",
                                              "RowExclusiveLock",
                                              "ShareUpdateExclusiveLock",
                                              "ShareLock",
                                              "ShareRowExclusiveLock",
                                              "ExclusiveLock",
                                              "AccessExclusiveLock"};
    switch (class) {
    case LOCK_TABLE:
        return table_modes[mode];
    case LOCK_ADVISORY:
        return mode ? "ExclusiveLock" : "ShareLock";
    case LOCK_ROW: /* who wants a row waits for the end of the transaction that has it */
        return "ShareLock";
    }
    UNREACHABLE();
}

struct list {
    struct arena *arena;
    struct txn_lock_info *items;
    size_t count;
    size_t cap;
    bool failed;
};

static void add(struct list *l, struct txn_lock_info info)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct txn_lock_info *grown = arena_try_alloc(l->arena, sizeof(*grown) * cap);
        l->failed |= !grown;
        if (!grown)
            return;
        if (l->count)
            memcpy(grown, l->items, sizeof(*grown) * l->count);
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->count++] = info;
}

static void add_modes(struct list *l, struct txn_lock_info info, enum lock_class class,
                      uint32_t mask)
{
    for (int mode = 0; mask >> mode; mode++) {
        if (!(mask >> mode & 1))
            continue;
        info.mode = lock_mode_name(class, mode);
        add(l, info);
    }
}

static void add_fast_locks(struct list *l, struct txn_mgr *mgr)
{
    for (int i = 0; i < TXN_SLOTS; i++) {
        struct txn_slot *slot = &mgr->slots[i];
        slot_lock(slot);
        for (const struct txn *t = slot->active; t; t = t->next_active) {
            for (int k = 0; k < t->fast_count; k++) {
                const struct fast_lock *f = &t->fast[k];
                struct txn_lock_info info = {.kind = TXN_LOCK_RELATION,
                                             .relation = f->oid,
                                             .pid = t->pid,
                                             .db = t->db,
                                             .granted = true,
                                             .fast_path = true};
                if (!f->hold)
                    add_modes(l, info, LOCK_TABLE, f->mask);
            }
        }
        slot_unlock(slot);
    }
}

static struct txn_lock_info info_of(const struct lock_entry *e, const struct txn *t)
{
    struct txn_lock_info info = {.pid = t->pid, .db = t->db};
    switch ((enum lock_class)e->class) {
    case LOCK_ROW:
        info.kind = TXN_LOCK_TRANSACTION;
        break;
    case LOCK_TABLE:
        info.kind = TXN_LOCK_RELATION;
        info.relation = load_be32(e->key);
        break;
    case LOCK_ADVISORY:
        info.kind = TXN_LOCK_ADVISORY;
        info.advisory = (struct txn_advisory){load_be32(e->key), load_be32(e->key + 4),
                                              load_be32(e->key + 8), load_be16(e->key + 12)};
        break;
    }
    return info;
}

/* Whether `h` is in the way of a waiter at the same entry. */
static bool blocks(const struct lock_hold *h, const struct lock_waiter *w)
{
    return !lock_same_owner(w->txn, h->txn) && (h->mask & lock_conflicts(w->entry->class, w->mode));
}

static void add_waiter(struct list *l, const struct lock_waiter *w)
{
    struct txn_lock_info info = info_of(w->entry, w->txn);
    info.mode = lock_mode_name(w->entry->class, w->mode);
    info.waiting_since_us = w->since_us;
    for (const struct lock_hold *h = w->entry->holds; h && !info.xid; h = h->next)
        if (info.kind == TXN_LOCK_TRANSACTION && blocks(h, w))
            info.xid = txn_xid(h->txn);
    add(l, info);
}

static void add_entry(struct list *l, const struct lock_entry *e)
{
    for (const struct lock_hold *h = e->holds; h && e->class != LOCK_ROW; h = h->next) {
        struct txn_lock_info info = info_of(e, h->txn);
        info.granted = true;
        add_modes(l, info, e->class, h->mask);
    }
    for (const struct lock_waiter *w = e->waiters; w; w = w->next)
        add_waiter(l, w);
}

struct err *txn_list_locks(struct txn_mgr *mgr, struct arena *arena, struct txn_lock_info **out,
                           size_t *count)
{
    struct list l = {.arena = arena};
    add_fast_locks(&l, mgr);
    locks_lock_all(mgr);
    for (int i = 0; i < LOCK_PARTITIONS; i++) {
        const struct lock_partition *p = &mgr->partitions[i];
        for (size_t k = 0; k < p->bucket_count && p->entry_count; k++)
            for (const struct lock_entry *e = p->buckets[k]; e; e = e->next)
                add_entry(&l, e);
    }
    locks_unlock_all(mgr, NULL);
    if (l.failed)
        return err_oom();
    *out = l.items;
    *count = l.count;
    return NULL;
}

/* ---- waiting for writers ---- */

struct xids {
    uint64_t *items;
    size_t count;
    size_t cap;
};

static bool writes(uint32_t mask)
{
    return mask >> TXN_ROW_EXCLUSIVE != 0;
}

static void add_xid(struct xids *x, const struct txn *t)
{
    if (x->count == x->cap) {
        x->cap = x->cap ? x->cap * 2 : 16;
        x->items = realloc(x->items, sizeof(*x->items) * x->cap);
        CHECK(x->items != NULL);
    }
    x->items[x->count++] = txn_xid(t);
}

/* Who writes to the table; each transaction is given a number to know it by. */
static void table_writers(struct txn_mgr *mgr, const struct txn *self, uint32_t oid,
                          struct xids *out)
{
    out->count = 0;
    for (int i = 0; i < TXN_SLOTS; i++) {
        struct txn_slot *slot = &mgr->slots[i];
        slot_lock(slot);
        for (const struct txn *t = slot->active; t; t = t->next_active)
            for (int k = 0; k < t->fast_count; k++)
                if (t != self && t->fast[k].oid == oid && !t->fast[k].hold &&
                    writes(t->fast[k].mask))
                    add_xid(out, t);
        slot_unlock(slot);
    }
    locks_lock_all(mgr);
    for (int i = 0; i < LOCK_PARTITIONS; i++) {
        const struct lock_partition *p = &mgr->partitions[i];
        for (size_t k = 0; k < p->bucket_count && p->entry_count; k++)
            for (const struct lock_entry *e = p->buckets[k]; e; e = e->next)
                for (const struct lock_hold *h = e->holds; h; h = h->next)
                    if (e->class == LOCK_TABLE && load_be32(e->key) == oid && h->txn != self &&
                        writes(h->mask))
                        add_xid(out, h->txn);
    }
    locks_unlock_all(mgr, NULL);
}

static bool any_left(const struct xids *before, const struct xids *now)
{
    for (size_t i = 0; i < before->count; i++)
        for (size_t k = 0; k < now->count; k++)
            if (before->items[i] == now->items[k])
                return true;
    return false;
}

struct err *txn_wait_writers(struct txn *t, uint32_t oid)
{
    enum { FIRST_PAUSE_NS = 200 * 1000, LAST_PAUSE_NS = 20 * 1000 * 1000 };
    struct xids before = {0};
    struct xids now = {0};
    struct err *e = NULL;
    table_writers(t->mgr, t, oid, &before);
    table_writers(t->mgr, t, oid, &now);
    for (int64_t pause = FIRST_PAUSE_NS; !e && any_left(&before, &now);) {
        e = fiber_sleep(pause);
        pause = pause * 2 < LAST_PAUSE_NS ? pause * 2 : LAST_PAUSE_NS;
        table_writers(t->mgr, t, oid, &now);
    }
    free(before.items);
    free(now.items);
    return e;
}

/* ---- who blocks whom ---- */

static const struct lock_waiter *find_waiter(struct txn_mgr *mgr, int32_t pid)
{
    for (int i = 0; i < LOCK_PARTITIONS; i++) {
        const struct lock_partition *p = &mgr->partitions[i];
        for (size_t k = 0; k < p->bucket_count && p->entry_count; k++)
            for (const struct lock_entry *e = p->buckets[k]; e; e = e->next)
                for (const struct lock_waiter *w = e->waiters; w; w = w->next)
                    if (w->txn->pid == pid)
                        return w;
    }
    return NULL;
}

static void add_pid(int32_t *pids, size_t *count, int32_t pid)
{
    for (size_t i = 0; i < *count; i++)
        if (pids[i] == pid)
            return;
    pids[(*count)++] = pid;
}

struct err *txn_blocking_pids(struct txn_mgr *mgr, int32_t pid, struct arena *arena, int32_t **out,
                              size_t *count)
{
    int32_t *pids = NULL;
    size_t n = 0;
    size_t most = 1;
    locks_lock_all(mgr);
    const struct lock_waiter *w = find_waiter(mgr, pid);
    if (w) {
        for (const struct lock_hold *h = w->entry->holds; h; h = h->next)
            most++;
        for (const struct lock_waiter *o = w->entry->waiters; o; o = o->next)
            most++;
        pids = arena_try_alloc(arena, sizeof(*pids) * most);
    }
    if (pids) {
        for (const struct lock_hold *h = w->entry->holds; h; h = h->next)
            if (blocks(h, w))
                add_pid(pids, &n, h->txn->pid);
        for (const struct lock_waiter *o = w->entry->waiters; o != w; o = o->next)
            if (lock_conflicts(w->entry->class, w->mode) >> o->mode & 1)
                add_pid(pids, &n, o->txn->pid);
    }
    locks_unlock_all(mgr, NULL);
    if (w && !pids)
        return err_oom();
    *out = pids;
    *count = n;
    return NULL;
}
