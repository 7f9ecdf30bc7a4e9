/* SERIALIZABLE: serializable snapshot isolation (Cahill, Röhm and Fekete 2008; Ports and Grittner
 * 2012). T -> U, a dependency, means that T read what U, which T's snapshot does not show, wrote:
 * T comes before U in any serial order. A history under snapshot isolation that no serial order
 * explains holds somewhere
 *
 *     in -> pivot -> out      each beside the next one, and `out` the first of them to commit
 *
 * ("in" may be "out"); if `in` only reads, `out` has committed before the snapshot of `in`. A
 * transaction that would complete such a structure by its commit is refused.
 *
 * A constraint's check looks at the newest state. When that shows the work of U, which the snapshot
 * does not, U comes before T; so T may depend on none that committed before U, nor on U.
 *
 * Everything is decided at commits, of which the commit mutex lets one pass at a time: what a
 * transaction has read and written is compared with what those have that ran beside it. Of the
 * committed it is enough to know the first of those that they depend on (`out_csn`).
 *
 * An entry outlives its transaction until nobody is active who began before its commit. When there
 * are too many, the oldest two become one, which errs on the side of refusing.
 *
 * Locks: commit mutex > serial_mgr.mu > serial_entry.lock. */
#include "txn/txn_internal.h"

#include "txn/key_ranges.h"

#include <sched.h>
#include <stdlib.h>

enum {
    MAX_COMMITTED = 1024,
    MAX_COMMITTED_RANGES = 128 * 1024,
    MAX_FREE = 64,
    KEEP_BYTES = 64 * 1024,
};

#define CSN_NONE UINT64_MAX

struct serial_entry {
    struct serial_entry *older;
    struct serial_entry *newer;
    uint64_t xid;
    uint64_t began_csn;        /* its snapshot shows at least these */
    _Atomic uint64_t seen_csn; /* what its snapshot shows; relaxed */
    uint64_t follows_csn;      /* its session's: the newest commit beside it that it has built on */
    bool read_only;            /* has committed without writing, or must */
    bool unsafe;               /* DEFERRABLE: the snapshot is to be given up */
    /* Once committed; those of several transactions made one: */
    uint64_t first_csn; /* the first commit */
    uint64_t last_csn;  /* the last commit */
    uint64_t out_csn;   /* first commit of those it depends on that are before its own, or 0 */
    atomic_flag lock;   /* of `reads`, while active: its session adds, others look */
    struct key_ranges reads;
    struct key_ranges writes; /* its session's, until it is preparing; sorted from then on */
};

void serial_init(struct serial_mgr *m)
{
    CHECK(pthread_mutex_init(&m->mu, NULL) == 0);
}

static void entry_free(struct serial_entry *e)
{
    key_ranges_done(&e->reads);
    key_ranges_done(&e->writes);
    free(e);
}

void serial_done(struct serial_mgr *m)
{
    ASSERT(!m->active.oldest);
    while (m->committed.oldest) {
        struct serial_entry *e = m->committed.oldest;
        m->committed.oldest = e->newer;
        entry_free(e);
    }
    while (m->free) {
        struct serial_entry *e = m->free;
        m->free = e->newer;
        entry_free(e);
    }
    pthread_mutex_destroy(&m->mu);
}

static void entry_lock(struct serial_entry *e)
{
    for (int spins = 0; atomic_flag_test_and_set_explicit(&e->lock, memory_order_acquire);)
        if (++spins > 100)
            sched_yield();
}

static void entry_unlock(struct serial_entry *e)
{
    atomic_flag_clear_explicit(&e->lock, memory_order_release);
}

static uint64_t seen_csn(const struct serial_entry *e)
{
    return atomic_load_explicit(&e->seen_csn, memory_order_relaxed);
}

/* ---- the lists ---- */

static void list_add(struct serial_list *l, struct serial_entry *e)
{
    e->newer = NULL;
    e->older = l->newest;
    if (l->newest)
        l->newest->newer = e;
    else
        l->oldest = e;
    l->newest = e;
    l->count++;
}

static void list_add_after(struct serial_list *l, struct serial_entry *older,
                           struct serial_entry *e)
{
    if (l->newest == older) {
        list_add(l, e);
        return;
    }
    e->older = older;
    e->newer = older->newer;
    older->newer->older = e;
    older->newer = e;
    l->count++;
}

static void list_remove(struct serial_list *l, struct serial_entry *e)
{
    if (e->older)
        e->older->newer = e->newer;
    else
        l->oldest = e->newer;
    if (e->newer)
        e->newer->older = e->older;
    else
        l->newest = e->older;
    l->count--;
}

static struct serial_entry *entry_new_locked(struct serial_mgr *m)
{
    struct serial_entry *e = m->free;
    if (e) {
        m->free = e->newer;
        m->free_count--;
    } else {
        e = malloc(sizeof(*e));
        CHECK(e != NULL);
        key_ranges_init(&e->reads);
        key_ranges_init(&e->writes);
        atomic_flag_clear(&e->lock);
    }
    e->xid = 0;
    e->follows_csn = 0;
    e->read_only = e->unsafe = false;
    e->first_csn = e->last_csn = e->out_csn = 0;
    return e;
}

static void entry_drop_locked(struct serial_mgr *m, struct serial_entry *e)
{
    if (m->free_count >= MAX_FREE || e->reads.arena.used_bytes > KEEP_BYTES ||
        e->writes.arena.used_bytes > KEEP_BYTES) {
        entry_free(e);
        return;
    }
    key_ranges_reset(&e->reads);
    key_ranges_reset(&e->writes);
    e->newer = m->free;
    m->free = e;
    m->free_count++;
}

static size_t ranges_of(const struct serial_entry *e)
{
    return e->reads.count + e->writes.count;
}

/* False without the memory to do so. */
static bool merge_oldest_locked(struct serial_mgr *m)
{
    struct serial_entry *a = m->committed.oldest;
    struct serial_entry *b = a->newer;
    m->committed_ranges -= ranges_of(a) + ranges_of(b);
    struct err *e = key_ranges_add_wide(&b->reads, &a->reads);
    if (!e)
        e = key_ranges_add_wide(&b->writes, &a->writes);
    key_ranges_sort(&b->reads);
    key_ranges_sort(&b->writes);
    m->committed_ranges += ranges_of(b);
    if (e) {
        m->committed_ranges += ranges_of(a);
        err_free(e);
        return false;
    }
    b->first_csn = a->first_csn;
    if (a->out_csn && (!b->out_csn || a->out_csn < b->out_csn))
        b->out_csn = a->out_csn;
    b->read_only = b->read_only && a->read_only;
    if (seen_csn(a) > seen_csn(b))
        atomic_store_explicit(&b->seen_csn, seen_csn(a), memory_order_relaxed);
    list_remove(&m->committed, a);
    entry_drop_locked(m, a);
    return true;
}

static bool too_many(const struct serial_mgr *m)
{
    size_t count = m->committed.count;
    return count > MAX_COMMITTED || (count > 1 && m->committed_ranges > MAX_COMMITTED_RANGES);
}

/* Forgets the committed beside whom nobody runs any more. */
static void sweep_locked(struct serial_mgr *m, const struct store *store)
{
    uint64_t seen = m->active.oldest ? m->active.oldest->began_csn : store_visible_csn(store);
    while (m->committed.oldest && m->committed.oldest->last_csn <= seen) {
        struct serial_entry *e = m->committed.oldest;
        list_remove(&m->committed, e);
        m->committed_ranges -= ranges_of(e);
        entry_drop_locked(m, e);
    }
    while (too_many(m) && merge_oldest_locked(m))
        ;
}

/* ---- beginning ---- */

/* An entry whose `began_csn` is what is visible now: nothing that commits later is swept before
 * its end. */
static struct serial_entry *enter_locked(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    struct serial_entry *e = entry_new_locked(m);
    e->began_csn = store_visible_csn(t->mgr->store);
    atomic_store_explicit(&e->seen_csn, e->began_csn, memory_order_relaxed);
    e->read_only = t->read_only;
    list_add(&m->active, e);
    t->serial = e;
    return e;
}

static void set_snapshot(struct txn *t)
{
    t->fixed = snapshot_new(t, false);
    if (t->serial)
        atomic_store_explicit(&t->serial->seen_csn, t->fixed->csn, memory_order_relaxed);
}

/* Whether all that could have written beside `e`, which only reads, had ended when it took its
 * snapshot. Who begins later sees as much as `e`, so it is no pivot that `e` could expose. */
static bool is_alone_locked(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    const struct serial_entry *e = t->serial;
    if (seen_csn(e) > store_visible_csn(t->mgr->store)) /* see txn_see */
        return false;
    for (const struct serial_entry *at = e->older; at; at = at->older)
        if (!at->read_only)
            return false;
    return !m->committed.newest || m->committed.newest->last_csn <= seen_csn(e);
}

static void leave_locked(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    list_remove(&m->active, t->serial);
    entry_drop_locked(m, t->serial);
    t->serial = NULL;
    sweep_locked(m, t->mgr->store);
}

void serial_take_snapshot(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    if (t->serial && !t->read_only) { /* it has read the newest state */
        set_snapshot(t);
        return;
    }
    CHECK(pthread_mutex_lock(&m->mu) == 0);
    if (!t->serial)
        (void)enter_locked(t);
    if (t->read_only) {
        set_snapshot(t); /* in one step with the look at the lists */
        t->serial_safe = t->serial->reads.count == 0 && is_alone_locked(t);
        if (t->serial_safe)
            leave_locked(t);
    }
    CHECK(pthread_mutex_unlock(&m->mu) == 0);
    if (!t->fixed)
        set_snapshot(t);
}

void serial_join(struct txn *t, const struct txn *owner)
{
    struct serial_mgr *m = &t->mgr->serial;
    CHECK(pthread_mutex_lock(&m->mu) == 0);
    struct serial_entry *theirs = owner->serial;
    t->serial_safe = !theirs; /* then both only read */
    if (theirs) {
        /* As old as its snapshot: next to the one in the list, which is in that order. */
        struct serial_entry *e = enter_locked(t);
        e->began_csn = theirs->began_csn;
        atomic_store_explicit(&e->seen_csn, t->fixed->csn, memory_order_relaxed);
        list_remove(&m->active, e);
        list_add_after(&m->active, theirs, e);
    }
    CHECK(pthread_mutex_unlock(&m->mu) == 0);
}

/* ---- DEFERRABLE ---- */

/* `e` has committed: is a snapshot unsafe by it that shows what `e` came before? */
static void note_unsafe_locked(struct serial_mgr *m, const struct serial_entry *e)
{
    if (!e->out_csn || !m->safe_waiting)
        return;
    for (struct serial_entry *at = m->active.newest; at; at = at->older)
        if (at->read_only && e->out_csn <= seen_csn(at))
            at->unsafe = true;
}

static bool writer_before_locked(const struct serial_entry *e)
{
    for (const struct serial_entry *at = e->older; at; at = at->older)
        if (!at->read_only)
            return true;
    return false;
}

/* Waits for those who may write beside it. */
static struct err *wait_for_writers_locked(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    struct serial_entry *e = t->serial;
    for (struct serial_entry *at = m->committed.newest; at; at = at->older)
        if (at->last_csn > seen_csn(e) && at->out_csn && at->out_csn <= seen_csn(e))
            e->unsafe = true;
    while (!e->unsafe && writer_before_locked(e)) {
        bool signalled;
        TRY(wait_queue_wait(&m->safe_waiters, &m->mu, WAIT_FOREVER, &signalled));
    }
    return NULL;
}

struct err *txn_safe_snapshot(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    struct err *err = NULL;
    ASSERT(t->isolation == TXN_SERIALIZABLE && t->read_only && !t->has_writes);
    store_wait_visible(t->mgr->store, t->seen_csn);
    while (!err && !t->serial_safe && !t->fixed) {
        CHECK(pthread_mutex_lock(&m->mu) == 0);
        if (!t->serial)
            (void)enter_locked(t);
        set_snapshot(t);
        m->safe_waiting++;
        err = wait_for_writers_locked(t);
        m->safe_waiting--;
        bool unsafe = t->serial->unsafe;
        leave_locked(t);
        CHECK(pthread_mutex_unlock(&m->mu) == 0);
        t->serial_safe = !err && !unsafe;
        if (!t->serial_safe) {
            snapshot_unref(t, t->fixed);
            t->fixed = NULL;
        }
    }
    return err;
}

/* ---- notes ---- */

/* System tables have their own rules. */
static bool is_noted(struct txn *t, struct str key)
{
    if (t->isolation != TXN_SERIALIZABLE || t->serial_safe ||
        key_storage_id(key) < STORE_FIRST_USER_ID)
        return false;
    if (!t->serial) {
        struct serial_mgr *m = &t->mgr->serial;
        CHECK(pthread_mutex_lock(&m->mu) == 0);
        (void)enter_locked(t);
        CHECK(pthread_mutex_unlock(&m->mu) == 0);
    }
    return true;
}

struct err *serial_note_read(struct txn *t, struct str lo, struct str hi)
{
    if (lo.len >= 4 && !is_noted(t, lo))
        return NULL;
    entry_lock(t->serial);
    struct err *e = key_ranges_add(&t->serial->reads, lo, hi);
    entry_unlock(t->serial);
    return e;
}

struct err *serial_note_read_key(struct txn *t, struct str key)
{
    if (!is_noted(t, key))
        return NULL;
    entry_lock(t->serial);
    struct err *e = key_ranges_add_key(&t->serial->reads, key);
    entry_unlock(t->serial);
    return e;
}

struct err *serial_note_write(struct txn *t, struct str key)
{
    return is_noted(t, key) ? key_ranges_add_key(&t->serial->writes, key) : NULL;
}

struct err *serial_note_write_all(struct txn *t, uint32_t storage_id)
{
    char key[4];
    store_be32(key, storage_id);
    return is_noted(t, str_make(key, 4)) ? key_ranges_add_storage(&t->serial->writes, storage_id)
                                         : NULL;
}

struct err *serial_note_newest(struct txn *t, struct str key, uint64_t csn, bool found)
{
    if (!is_noted(t, key))
        return NULL;
    if (!found && csn == 0 && t->fixed) { /* a deletion that is in LMDB has left no trace */
        struct str ignored;
        bool shown;
        TRY(store_get(t->fixed->sv, NULL, t->fixed->csn, key, &ignored, &csn, &shown));
        csn = shown ? store_last_csn(t->mgr->store) : 0;
    }
    if (csn > seen_csn(t->serial) && csn > t->serial->follows_csn)
        t->serial->follows_csn = csn;
    return NULL;
}

/* ---- the check ---- */

static struct err *refusal(void)
{
    struct err *e = err_new("40001", "could not serialize access due to read/write dependencies "
                                     "among transactions");
    return err_hint(e, "The transaction might succeed if retried.");
}

/* T -> `other`, which commits first, and may itself be a pivot. */
static struct err *check_out(const struct serial_entry *t, const struct serial_entry *other,
                             uint64_t *first_out)
{
    if (!key_ranges_touch(&other->writes, &t->reads))
        return NULL;
    bool is_pivot = other->out_csn && (!t->read_only || other->out_csn <= seen_csn(t));
    if (is_pivot || other->first_csn <= t->follows_csn)
        return err_detail(refusal(),
                          "Reason code: Canceled on conflict out to pivot %u, during read.",
                          (unsigned)other->xid);
    if (other->first_csn < *first_out)
        *first_out = other->first_csn;
    return NULL;
}

static struct err *check_outs_locked(struct serial_mgr *m, struct serial_entry *t,
                                     uint64_t *first_out)
{
    *first_out = CSN_NONE;
    if (m->preparing && m->preparing != t)
        TRY(check_out(t, m->preparing, first_out));
    for (const struct serial_entry *at = m->committed.newest; at; at = at->older) {
        if (at->last_csn <= seen_csn(t))
            break;
        TRY(check_out(t, at, first_out));
    }
    return NULL;
}

/* Does `other` -> T, which depends on what was committed at `first_out`, make it a pivot? */
static bool is_exposed_by(const struct serial_entry *t, struct serial_entry *other,
                          uint64_t first_out)
{
    if (other->read_only && first_out > seen_csn(other))
        return false;
    return key_ranges_touch(&other->reads, &t->writes);
}

static bool is_pivot_locked(struct serial_mgr *m, struct serial_entry *t, uint64_t first_out)
{
    bool pivot = false;
    for (struct serial_entry *at = m->committed.newest; at && !pivot; at = at->older) {
        if (at->last_csn <= seen_csn(t) || at->last_csn < first_out)
            break;
        pivot = is_exposed_by(t, at, first_out);
    }
    for (struct serial_entry *at = m->active.oldest; at && !pivot; at = at->newer) {
        if (at == t)
            continue;
        entry_lock(at);
        pivot = is_exposed_by(t, at, first_out);
        entry_unlock(at);
    }
    return pivot;
}

static struct err *check_locked(struct serial_mgr *m, struct serial_entry *t, uint64_t *first_out)
{
    entry_lock(t);
    key_ranges_sort(&t->reads);
    entry_unlock(t);
    key_ranges_sort(&t->writes);
    TRY(check_outs_locked(m, t, first_out));
    if (*first_out != CSN_NONE && t->writes.count && is_pivot_locked(m, t, *first_out))
        return err_detail(refusal(), "Reason code: Canceled on identification as a pivot, during "
                                     "commit attempt.");
    return NULL;
}

struct err *txn_check_write(struct txn *t, struct str key)
{
    struct serial_mgr *m = &t->mgr->serial;
    uint64_t first_out;
    TRY(serial_note_write(t, key));
    if (!t->serial)
        return NULL;
    uint64_t follows_csn = t->serial->follows_csn;
    t->serial->follows_csn = 0; /* as in PostgreSQL: the key that is in the way has been seen */
    CHECK(pthread_mutex_lock(&m->mu) == 0);
    struct err *err = check_locked(m, t->serial, &first_out);
    CHECK(pthread_mutex_unlock(&m->mu) == 0);
    t->serial->follows_csn = follows_csn;
    return err;
}

struct err *serial_prepare(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    struct serial_entry *e = t->serial;
    uint64_t first_out;
    CHECK(pthread_mutex_lock(&m->mu) == 0);
    e->read_only = e->read_only || e->writes.count == 0;
    struct err *err = check_locked(m, e, &first_out);
    if (!err) {
        e->xid = txn_has_xid(t) ? txn_xid(t) : 0;
        e->out_csn = first_out == CSN_NONE ? 0 : first_out;
        e->first_csn = e->last_csn = CSN_NONE;
        if (!e->read_only)
            m->preparing = e;
    }
    CHECK(pthread_mutex_unlock(&m->mu) == 0);
    return err;
}

/* ---- the end ---- */

static void end_locked(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    if (m->preparing == t->serial)
        m->preparing = NULL;
    t->serial = NULL;
    sweep_locked(m, t->mgr->store);
    if (m->safe_waiters.first)
        wait_queue_broadcast(&m->safe_waiters);
}

void serial_committed(struct txn *t, uint64_t csn)
{
    struct serial_mgr *m = &t->mgr->serial;
    struct serial_entry *e = t->serial;
    CHECK(pthread_mutex_lock(&m->mu) == 0);
    uint64_t last = m->committed.newest ? m->committed.newest->last_csn : 0;
    if (!csn)
        csn = store_last_csn(t->mgr->store);
    e->first_csn = e->last_csn = csn > last ? csn : last;
    list_remove(&m->active, e);
    list_add(&m->committed, e);
    m->committed_ranges += ranges_of(e);
    note_unsafe_locked(m, e);
    end_locked(t);
    CHECK(pthread_mutex_unlock(&m->mu) == 0);
}

void serial_forget(struct txn *t)
{
    struct serial_mgr *m = &t->mgr->serial;
    struct serial_entry *e = t->serial;
    CHECK(pthread_mutex_lock(&m->mu) == 0);
    list_remove(&m->active, e);
    entry_drop_locked(m, e);
    end_locked(t);
    CHECK(pthread_mutex_unlock(&m->mu) == 0);
}
