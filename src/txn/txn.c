/* The life of transactions: begin, savepoints, commit, abort; see txn.h and README.md. */
#include "txn/txn_internal.h"

#include "rt/fiber.h"
#include "storage/kv.h"
#include "storage/temp_file.h"

#include <sched.h>
#include <stdlib.h>

void *grow_array(void *items, size_t count, size_t *cap, size_t item_bytes)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 8;
    void *grown = realloc(items, *cap * item_bytes);
    CHECK(grown != NULL);
    return grown;
}

/* ---- slots ---- */

struct txn_slot *txn_my_slot(struct txn_mgr *mgr)
{
    static _Atomic unsigned next;
    static __thread unsigned mine; /* plus one */
    if (!mine)
        mine = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % TXN_SLOTS;
    return &mgr->slots[mine - 1];
}

void slot_lock(struct txn_slot *slot)
{
    for (int spins = 0; atomic_flag_test_and_set_explicit(&slot->lock, memory_order_acquire);)
        if (++spins > 100)
            sched_yield();
}

void slot_unlock(struct txn_slot *slot)
{
    atomic_flag_clear_explicit(&slot->lock, memory_order_release);
}

/* ---- the manager ---- */

struct err *txn_mgr_open(const struct txn_config *config, struct txn_mgr **out)
{
    struct txn_mgr *mgr = aligned_alloc(64, (sizeof(*mgr) + 63) / 64 * 64);
    if (!mgr)
        return err_oom();
    memset(mgr, 0, sizeof(*mgr));
    for (int i = 0; i < TXN_SLOTS; i++)
        atomic_flag_clear(&mgr->slots[i].lock);
    mgr->deadlock_timeout_ms = config->deadlock_timeout_ms > 0 ? config->deadlock_timeout_ms : 1000;
    struct store_config store = {
        .dir = config->dir,
        .memtable_bytes = config->memtable_bytes,
        .map_bytes = config->map_bytes,
        .wal_segment_bytes = config->wal_segment_bytes,
        .checkpoint_timeout_ms = config->checkpoint_timeout_ms,
        .max_wal_bytes = config->max_wal_bytes,
        .fsync = config->fsync,
        .files = config->files,
    };
    serial_init(&mgr->serial);
    CHECK(pthread_mutex_init(&mgr->exports.mu, NULL) == 0);
    struct err *e = locks_init(mgr);
    if (!e)
        e = store_open(&store, &mgr->store);
    if (e) {
        locks_done(mgr);
        serial_done(&mgr->serial);
        pthread_mutex_destroy(&mgr->exports.mu);
        free(mgr);
        return e;
    }
    mgr->heap_bytes = store_memtable_bytes(mgr->store) / 4;
    temp_quota_init(&mgr->temp_quota, store_tmp_dir(mgr->store));
    *out = mgr;
    return NULL;
}

static void txn_free(struct txn *t)
{
    snapshots_free(t);
    scans_free(t);
    if (t->writes_ready)
        memtable_done(&t->writes);
    free(t->marks);
    free(t->hooks);
    free(t->counts);
    free(t->drops);
    free(t->loads);
    free(t->load_gens);
    free(t->grants);
    free(t);
}

static void mgr_free(struct txn_mgr *mgr)
{
    for (int i = 0; i < TXN_SLOTS; i++) {
        ASSERT(!mgr->slots[i].active);
        while (mgr->slots[i].free) {
            struct txn *t = mgr->slots[i].free;
            mgr->slots[i].free = t->next_free;
            txn_free(t);
        }
    }
    locks_done(mgr);
    serial_done(&mgr->serial);
    pthread_mutex_destroy(&mgr->exports.mu);
    free(mgr);
}

struct err *txn_mgr_close(struct txn_mgr *mgr)
{
    struct err *e = store_close(mgr->store);
    mgr_free(mgr);
    return e;
}

void txn_mgr_close_hard(struct txn_mgr *mgr)
{
    store_close_hard(mgr->store);
    mgr_free(mgr);
}

bool txn_mgr_is_new(const struct txn_mgr *mgr)
{
    return store_is_new(mgr->store);
}

struct err *txn_mgr_checkpoint(struct txn_mgr *mgr)
{
    return store_checkpoint(mgr->store);
}

struct err *txn_mgr_backup(struct txn_mgr *mgr, const char *target)
{
    return store_backup(mgr->store, target);
}

void txn_mgr_stats(struct txn_mgr *mgr, struct store_stats *out)
{
    store_stats(mgr->store, out);
}

void txn_mgr_temp_quota(const struct txn_mgr *mgr, struct temp_quota *out)
{
    temp_quota_init(out, store_tmp_dir(mgr->store));
}

uint32_t txn_new_storage_id(struct txn_mgr *mgr)
{
    return store_new_id(mgr->store);
}

int64_t txn_row_count(struct txn_mgr *mgr, uint32_t storage_id)
{
    return store_row_count(mgr->store, storage_id);
}

struct err *txn_put_now(struct txn_mgr *mgr, struct str key, struct str value, struct lsn *end)
{
    if (key.len < 4 || key.len > STORE_MAX_KEY_BYTES)
        return err_new("54000", "key of %zu bytes is too long", key.len);
    return store_put_now(mgr->store, key, value, end);
}

void txn_rests_on(struct txn *t, struct lsn end)
{
    if (t->rests_on.v < end.v)
        t->rests_on = end;
}

/* ---- begin ---- */

enum txn_isolation txn_isolation_level(const struct txn *t)
{
    return t->isolation;
}

struct err *txn_begin(struct txn_mgr *mgr, enum txn_isolation isolation, bool read_only,
                      struct txn **out)
{
    struct txn_slot *slot = txn_my_slot(mgr);
    slot_lock(slot);
    struct txn *t = slot->free;
    if (t) {
        slot->free = t->next_free;
        slot->free_count--;
    }
    slot_unlock(slot);
    if (!t && !(t = calloc(1, sizeof(*t))))
        return err_oom();
    t->mgr = mgr;
    t->slot = slot;
    t->xid = 0;
    t->publish_xid = NULL;
    t->pid = 0;
    t->db = 0;
    t->sibling = NULL;
    t->isolation = isolation;
    t->read_only = read_only;
    t->has_writes = false;
    t->command = 1;
    t->temp_quota = &mgr->temp_quota;
    t->lock_timeout_ms = 0;
    t->deadlock_timeout_ms = mgr->deadlock_timeout_ms;
    t->seen_csn = 0;
    t->rests_on = (struct lsn){0};
    t->serial_safe = false;
    *out = t;
    return NULL;
}

bool txn_set_read_only(struct txn *t, bool read_only)
{
    bool before = t->read_only;
    t->read_only = read_only;
    return before;
}

uint64_t txn_xid(const struct txn *t)
{
    struct txn *at = (struct txn *)t;
    uint64_t xid = atomic_load_explicit(&at->xid, memory_order_relaxed);
    if (xid)
        return xid;
    uint64_t fresh = store_new_xid(t->mgr->store);
    /* A deadlock check may ask on another thread. */
    if (!atomic_compare_exchange_strong(&at->xid, &xid, fresh))
        return xid;
    if (at->publish_xid)
        atomic_store_explicit(at->publish_xid, fresh, memory_order_relaxed);
    return fresh;
}

bool txn_has_xid(const struct txn *t)
{
    return atomic_load_explicit(&((struct txn *)t)->xid, memory_order_relaxed) != 0;
}

bool txn_has_writes(const struct txn *t)
{
    return t->has_writes;
}

struct txn_written txn_written(const struct txn *t)
{
    return t->written;
}

struct txn_mgr *txn_manager(const struct txn *t)
{
    return t->mgr;
}

void txn_set_lock_timeout(struct txn *t, int64_t timeout_ms)
{
    t->lock_timeout_ms = timeout_ms;
}

void txn_set_deadlock_timeout(struct txn *t, int64_t timeout_ms)
{
    t->deadlock_timeout_ms = timeout_ms;
}

void txn_set_pid(struct txn *t, int32_t pid, uint32_t db, _Atomic uint64_t *publish_xid)
{
    t->pid = pid;
    t->db = db;
    t->publish_xid = publish_xid;
}

void txn_set_temp_quota(struct txn *t, struct temp_quota *quota)
{
    t->temp_quota = quota;
}

void txn_next_command(struct txn *t)
{
    t->command++;
    CHECK(t->command < UINT32_MAX);
}

/* ---- hooks, counts, drops ---- */

void txn_on_commit(struct txn *t, void (*on_commit)(void *arg, uint64_t csn),
                   void (*on_abort)(void *arg), void *arg)
{
    t->hooks = grow_array(t->hooks, t->hook_count, &t->hook_cap, sizeof(*t->hooks));
    t->hooks[t->hook_count++] = (struct txn_hook){on_commit, on_abort, arg};
}

static void abort_hooks(struct txn *t, size_t keep)
{
    while (t->hook_count > keep) {
        struct txn_hook h = t->hooks[--t->hook_count];
        if (h.on_abort)
            h.on_abort(h.arg);
    }
}

void txn_count_rows(struct txn *t, uint32_t storage_id, int64_t delta)
{
    size_t floor = t->mark_count ? t->marks[t->mark_count - 1].count_count : 0;
    for (size_t i = t->count_count; i-- > floor && i + 8 > t->count_count;) {
        if (t->counts[i].storage_id == storage_id) {
            t->counts[i].delta += delta;
            return;
        }
    }
    t->counts = grow_array(t->counts, t->count_count, &t->count_cap, sizeof(*t->counts));
    t->counts[t->count_count++] = (struct store_count){storage_id, delta};
}

struct err *txn_drop_storage(struct txn *t, uint32_t storage_id)
{
    if (t->read_only)
        return err_new("25006", "cannot change data in a read-only transaction");
    t->drops = grow_array(t->drops, t->drop_count, &t->drop_cap, sizeof(*t->drops));
    t->drops[t->drop_count++] = storage_id;
    t->has_writes = true;
    return serial_note_write_all(t, storage_id);
}

/* ---- savepoints ---- */

uint32_t txn_savepoint(struct txn *t)
{
    t->marks = grow_array(t->marks, t->mark_count, &t->mark_cap, sizeof(*t->marks));
    t->marks[t->mark_count++] = (struct txn_mark){
        t->undo,        large_undo(t), t->grant_count, t->hook_count,
        t->count_count, t->drop_count, t->load_count,
    };
    return (uint32_t)t->mark_count;
}

/* Loads that are rolled back have left data in LMDB. */
static void discard_loads(struct txn *t, size_t keep)
{
    while (t->load_count > keep)
        store_discard(t->mgr->store, t->loads[--t->load_count]);
}

void undo_tick(const struct memtable *m, size_t steps)
{
    enum { STEPS = 8192 };
    if (steps % STEPS)
        return;
    memtable_cool(m);
    fiber_yield();
}

void txn_rollback_to(struct txn *t, uint32_t mark)
{
    CHECK(mark >= 1 && mark <= t->mark_count);
    struct txn_mark m = t->marks[mark - 1];
    t->mark_count = mark;
    for (size_t i = 1; t->undo != m.undo; i++, t->undo = t->undo->older) {
        undo_tick(&t->writes, i);
        struct mem_node *n = t->undo->node;
        struct mem_version *v = atomic_load_explicit(&n->newest, memory_order_relaxed);
        atomic_store_explicit(&n->newest, v->older, memory_order_relaxed);
    }
    abort_hooks(t, m.hook_count);
    locks_release_to(t, m.grant_count);
    large_release_to(t, m.large_undo);
    t->count_count = m.count_count;
    t->drop_count = m.drop_count;
    discard_loads(t, m.load_count);
}

void txn_release(struct txn *t, uint32_t mark)
{
    CHECK(mark >= 1 && mark <= t->mark_count);
    t->mark_count = mark - 1;
    if (t->mark_count == 0) {
        t->undo = NULL;
        large_forget_undo(t);
    }
}

/* ---- the end ---- */

/* Gives everything back and the struct to the slot. */
static void txn_end(struct txn *t)
{
    enum { KEEP_BYTES = 64 * 1024 };
    struct txn_slot *slot = t->slot;
    if (t->fixed) {
        snapshot_unref(t, t->fixed);
        t->fixed = NULL;
    }
    CHECK(t->live_snapshots == 0);
    if (t->has_exports)
        exports_end(t);
    if (t->serial)
        serial_forget(t);
    locks_release_to(t, 0);
    large_end(t);
    fast_unregister(t);
    if (t->sibling)
        advisory_leave(t);
    while (t->load_gen_count)
        kv_gen_unref(t->load_gens[--t->load_gen_count]);
    t->undo = NULL;
    t->mark_count = t->hook_count = t->count_count = t->drop_count = 0;
    t->load_count = 0;
    if (t->writes_ready && t->writes.spill) {
        store_free_writes(t->mgr->store, &t->writes);
        t->writes_ready = false;
    } else if (t->writes_ready && t->has_writes) {
        memtable_reset(&t->writes);
    }
    bool keep =
        (!t->writes_ready || t->writes.arena.used_bytes < KEEP_BYTES) && t->grant_cap < 1024;
    if (keep) {
        slot_lock(slot);
        keep = slot->free_count < TXN_POOLED;
        if (keep) {
            t->next_free = slot->free;
            slot->free = t;
            slot->free_count++;
        }
        slot_unlock(slot);
    }
    if (!keep)
        txn_free(t);
}

enum { OUTCOME_COMMITTED = 1, OUTCOME_ABORTED = 2 };

static void note_outcome(struct txn *t, uint64_t outcome)
{
    uint64_t xid = atomic_load_explicit(&t->xid, memory_order_relaxed);
    if (xid)
        atomic_store_explicit(&t->mgr->outcomes[xid % TXN_OUTCOMES], xid << 2 | outcome,
                              memory_order_relaxed);
}

bool txn_outcome(struct txn_mgr *mgr, uint64_t xid, bool *committed)
{
    uint64_t seen = atomic_load_explicit(&mgr->outcomes[xid % TXN_OUTCOMES], memory_order_relaxed);
    *committed = (seen & 3) == OUTCOME_COMMITTED;
    return seen && seen >> 2 == xid;
}

uint64_t txn_next_xid(struct txn_mgr *mgr)
{
    return store_next_xid(mgr->store);
}

void txn_abort(struct txn *t)
{
    note_outcome(t, OUTCOME_ABORTED);
    discard_loads(t, 0);
    abort_hooks(t, 0);
    txn_end(t);
}

/* Under the commit mutex. */
static void run_commit_hooks(void *arg, uint64_t csn)
{
    struct txn *t = arg;
    for (size_t i = 0; i < t->hook_count; i++)
        if (t->hooks[i].on_commit)
            t->hooks[i].on_commit(t->hooks[i].arg, csn);
    t->hook_count = 0;
    if (t->serial)
        serial_committed(t, csn);
}

static struct err *validate(void *arg)
{
    return serial_prepare(arg);
}

/* What the client was shown must not be lost: others' commits that were locked and read, numbers of
 * sequences. */
static void wait_for_shown(struct store *store, uint64_t seen_csn, struct lsn rests_on)
{
    if (seen_csn)
        store_wait_visible(store, seen_csn);
    if (rests_on.v)
        store_wait_durable(store, rests_on);
}

struct err *txn_commit(struct txn *t, bool async)
{
    struct store *store = t->mgr->store;
    uint64_t seen_csn = t->seen_csn;
    struct lsn rests_on = t->rests_on;
    struct lsn end = {0};
    uint64_t csn = 0;
    if (t->has_exports)
        exports_end(t);
    if (t->has_writes || t->hook_count || t->count_count) {
        struct store_commit c = {
            .writes = t->writes_ready ? &t->writes : NULL,
            .counts = t->counts,
            .count_count = t->count_count,
            .drops = t->drops,
            .drop_count = t->drop_count,
            .loads = t->loads,
            .load_count = t->load_count,
            .validate = t->serial ? validate : NULL,
            .committed = run_commit_hooks,
            .arg = t,
        };
        struct err *e = store_commit(store, &c, &end, &csn);
        if (e) {
            txn_abort(t);
            return e;
        }
        if (t->writes_ready && !t->writes.head) /* the store has taken it */
            t->writes_ready = false;
    } else if (t->serial) {
        struct err *e = serial_prepare(t);
        if (e) {
            txn_abort(t);
            return e;
        }
        serial_committed(t, 0);
    }
    note_outcome(t, OUTCOME_COMMITTED);
    txn_end(t); /* early lock release */
    if (end.v && async)
        store_commit_async(store, csn);
    else if (end.v)
        store_wait_durable(store, end); /* and so all before */
    else if (!async)
        wait_for_shown(store, seen_csn, rests_on);
    return NULL;
}
