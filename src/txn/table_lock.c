/* Table locks. Weak modes (up to ROW EXCLUSIVE) do not conflict with each other: a transaction
 * notes them in itself, under its slot's lock, as long as nobody has announced a strong mode for
 * the table. Who wants a strong mode raises the table's strong count, then moves the notes of all
 * transactions into the lock table, then goes there itself. Either the weak locker sees the count,
 * or the strong one sees the note: both look while they hold the slot's lock. */
#include "txn/txn_internal.h"

static uint32_t strong_index(uint32_t oid)
{
    return (uint32_t)(hash_u64(oid) % STRONG_COUNTS);
}

static struct str oid_key(char space[4], uint32_t oid)
{
    store_be32(space, oid);
    return str_make(space, 4);
}

/* ---- the fast path ---- */

static void register_locked(struct txn *t)
{
    struct txn_slot *slot = t->slot;
    t->registered = true;
    t->previous_active = NULL;
    t->next_active = slot->active;
    if (slot->active)
        slot->active->previous_active = t;
    slot->active = t;
}

static void unregister_locked(struct txn *t)
{
    if (t->previous_active)
        t->previous_active->next_active = t->next_active;
    else
        t->slot->active = t->next_active;
    if (t->next_active)
        t->next_active->previous_active = t->previous_active;
    t->registered = false;
}

void fast_unregister(struct txn *t)
{
    if (!t->registered)
        return;
    slot_lock(t->slot);
    ASSERT(t->fast_count == 0);
    unregister_locked(t);
    slot_unlock(t->slot);
}

static struct fast_lock *find_fast(struct txn *t, uint32_t oid)
{
    for (int i = t->fast_count; i-- > 0;)
        if (t->fast[i].oid == oid)
            return &t->fast[i];
    return NULL;
}

/* True when the lock is had. */
static bool fast_acquire_locked(struct txn *t, uint32_t oid, enum txn_table_lock mode,
                                struct lock_grant *grant, bool *granted)
{
    struct fast_lock *f = find_fast(t, oid);
    uint16_t bit = (uint16_t)(1u << mode);
    *granted = false;
    if (f && (f->mask & bit))
        return true;
    if (f && f->hold)
        return false;
    if (atomic_load_explicit(&t->mgr->strong_counts[strong_index(oid)], memory_order_seq_cst))
        return false;
    if (!f) {
        if (t->fast_count == FAST_LOCKS)
            return false;
        if (!t->registered)
            register_locked(t);
        f = &t->fast[t->fast_count++];
        *f = (struct fast_lock){.oid = oid};
    }
    *grant = (struct lock_grant){NULL, f->mask, (uint16_t)(f - t->fast), -1};
    f->mask |= bit;
    *granted = true;
    return true;
}

static bool fast_acquire(struct txn *t, uint32_t oid, enum txn_table_lock mode)
{
    struct lock_grant grant;
    bool granted;
    slot_lock(t->slot);
    bool had = fast_acquire_locked(t, oid, mode, &grant, &granted);
    slot_unlock(t->slot);
    if (granted)
        grant_push(t, grant);
    return had;
}

void fast_revert(struct txn *t, const struct lock_grant *g)
{
    slot_lock(t->slot);
    struct fast_lock *f = &t->fast[g->fast_index];
    struct lock_hold *hold = f->hold;
    f->mask = g->previous_mask;
    if (f->mask == 0) {
        ASSERT(g->fast_index == t->fast_count - 1);
        t->fast_count--;
    }
    slot_unlock(t->slot);
    if (hold)
        lock_revert(t->mgr, hold, g->previous_mask);
}

/* ---- strong modes ---- */

static void move_fast_locks(struct txn_mgr *mgr, uint32_t oid)
{
    char space[4];
    for (int i = 0; i < TXN_SLOTS; i++) {
        struct txn_slot *slot = &mgr->slots[i];
        slot_lock(slot);
        for (struct txn *t = slot->active; t; t = t->next_active) {
            struct fast_lock *f = find_fast(t, oid);
            if (f && !f->hold)
                f->hold = lock_install(t, LOCK_TABLE, oid_key(space, oid), f->mask);
        }
        slot_unlock(slot);
    }
}

static void lower_strong(struct txn_mgr *mgr, int32_t index)
{
    if (index >= 0)
        atomic_fetch_sub_explicit(&mgr->strong_counts[index], 1, memory_order_release);
}

static struct err *strong_acquire(struct txn *t, uint32_t oid, enum txn_table_lock mode,
                                  enum txn_wait wait, bool *locked)
{
    char space[4];
    int32_t index = (int32_t)strong_index(oid);
    bool got = false;
    atomic_fetch_add_explicit(&t->mgr->strong_counts[index], 1, memory_order_seq_cst);
    move_fast_locks(t->mgr, oid);
    struct err *e = lock_acquire(t, LOCK_TABLE, oid_key(space, oid), mode, wait, index, &got);
    if (e || !got)
        lower_strong(t->mgr, index);
    if (!e)
        *locked = got;
    return e;
}

struct err *txn_lock_table(struct txn *t, uint32_t oid, enum txn_table_lock mode,
                           enum txn_wait wait, bool *locked)
{
    char space[4];
    bool ignored;
    if (!locked)
        locked = &ignored;
    if (mode <= TXN_ROW_EXCLUSIVE && fast_acquire(t, oid, mode)) {
        *locked = true;
        return NULL;
    }
    if (mode > TXN_SHARE_UPDATE_EXCLUSIVE)
        return strong_acquire(t, oid, mode, wait, locked);
    return lock_acquire(t, LOCK_TABLE, oid_key(space, oid), mode, wait, -1, locked);
}

/* ---- giving back ---- */

void locks_release_to(struct txn *t, size_t grant_count)
{
    while (t->grant_count > grant_count) {
        struct lock_grant g = t->grants[--t->grant_count];
        if (g.hold)
            lock_revert(t->mgr, g.hold, g.previous_mask);
        else
            fast_revert(t, &g);
        lower_strong(t->mgr, g.strong_slot);
    }
}
