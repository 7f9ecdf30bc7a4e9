/* Shared inside txn/.
 *
 * Lock order: slot lock > partition mutex; all partitions in index order (deadlock check). Neither
 * is held when the store is called. */
#ifndef TARN_TXN_INTERNAL_H
#define TARN_TXN_INTERNAL_H

#include "rt/wait.h"
#include "storage/memtable.h"
#include "storage/store.h"
#include "storage/temp_file.h"
#include "txn/txn.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    TXN_SLOTS = 64,
    TXN_POOLED = 16, /* ended transactions kept for reuse, per slot */
    FAST_LOCKS = 16, /* weak table locks per transaction without the lock table */
    STRONG_COUNTS = 1024,
    LOCK_PARTITIONS = 32,
};

struct kv_cursor;
struct kv_gen;
struct lock_entry;
struct txn;

/* One transaction uses its snapshots on one thread at a time: plain counts. */
struct snapshot {
    struct superversion *sv;
    uint64_t csn;
    int64_t refs;
    struct snapshot *next_free;
};

struct lock_hold {
    struct txn *txn;
    struct lock_entry *entry;
    struct lock_hold *next;
    uint16_t mask;
};

struct lock_waiter {
    struct wait wait;
    struct txn *txn;
    struct lock_entry *entry;
    struct lock_waiter *next;
    struct lock_hold *hold; /* ready to be linked; or the one the transaction has */
    uint16_t previous_mask; /* set when granted */
    uint8_t mode;
    int64_t since_us; /* clock_real_us() */
    bool granted;
};

struct lock_entry {
    struct lock_entry *next; /* in the bucket */
    struct lock_partition *partition;
    uint64_t hash;
    struct lock_hold *holds;
    struct lock_waiter *waiters;
    uint32_t key_len;
    uint8_t class;
    char key[];
};

/* A weak table lock. The transaction that wants a strong one moves it to the lock table. */
struct fast_lock {
    uint32_t oid;
    uint16_t mask;
    struct lock_hold *hold; /* where it is now, when moved */
};

/* The log of locks taken, so that a savepoint's can be given back in reverse. */
struct lock_grant {
    struct lock_hold *hold; /* NULL: fast lock `fast_index` */
    uint16_t previous_mask;
    uint16_t fast_index;
    int32_t strong_slot; /* strong_counts index raised for it, -1: none */
};

struct txn_hook {
    void (*on_commit)(void *arg, uint64_t csn);
    void (*on_abort)(void *arg);
    void *arg;
};

/* A node written since the first savepoint; in the arena of the write set. */
struct txn_undo {
    struct txn_undo *older;
    struct mem_node *node;
};

/* What to go back to. */
struct txn_mark {
    struct txn_undo *undo;
    struct txn_undo *large_undo;
    size_t grant_count;
    size_t hook_count;
    size_t count_count;
    size_t drop_count;
    size_t load_count;
};

/* What is known of the SERIALIZABLE transactions that are active, or have committed while one that
 * is still active was. Its lists are guarded by mu. */
struct serial_entry;
struct serial_list {
    struct serial_entry *oldest;
    struct serial_entry *newest;
    size_t count;
};
struct serial_mgr {
    pthread_mutex_t mu;
    struct serial_list active;      /* in the order of their beginnings */
    struct serial_list committed;   /* in the order of their commits */
    size_t committed_ranges;        /* what they have read and written */
    struct serial_entry *preparing; /* one of the active: checked, and going to commit */
    struct wait_queue safe_waiters; /* DEFERRABLE ones */
    size_t safe_waiting;            /* they, woken or not */
    struct serial_entry *free;
    size_t free_count;
};

struct large_locks;

struct txn {
    struct txn_mgr *mgr;
    _Atomic uint64_t xid; /* 0: not yet given */
    _Atomic uint64_t *publish_xid;
    int32_t pid;
    uint32_t db;
    /* The other lock owner of the session: a transaction's is the holder of the session's advisory
     * locks, the holder's is the transaction. Guarded by the mutex of partition 0. */
    struct txn *sibling;
    enum txn_isolation isolation;
    bool read_only;
    bool has_writes;
    struct txn_written written;
    uint32_t command;
    int64_t lock_timeout_ms;
    int64_t deadlock_timeout_ms;
    uint64_t seen_csn;   /* what snapshots show at least, perhaps not durable: see txn_see */
    struct lsn rests_on; /* must be durable before the client hears of success */

    /* The write set: versions are tagged with their command in place of a CSN. */
    struct memtable writes;
    bool writes_ready;
    struct temp_quota *temp_quota;
    struct txn_undo *undo; /* the newest */
    struct txn_mark *marks;
    size_t mark_count;
    size_t mark_cap;

    struct txn_hook *hooks;
    size_t hook_count;
    size_t hook_cap;
    struct store_count *counts;
    size_t count_count;
    size_t count_cap;
    uint32_t *drops;
    size_t drop_count;
    size_t drop_cap;
    uint32_t *loads;
    size_t load_count;
    size_t load_cap;
    struct kv_gen **load_gens; /* the newest shows all loads; the others are still being read */
    size_t load_gen_count;
    size_t load_gen_cap;

    struct snapshot *fixed; /* REPEATABLE READ and up: of the first statement */
    struct snapshot *free_snapshots;
    int64_t live_snapshots;
    struct txn_scan *free_scans;
    struct serial_entry *serial; /* SERIALIZABLE, from the first read or write */
    bool has_exports;
    bool serial_safe; /* nothing can conflict: not remembered */

    struct lock_grant *grants;
    size_t grant_count;
    size_t grant_cap;
    struct large_locks *large;   /* row locks outside of the lock table, NULL: none */
    struct lock_waiter *waiting; /* guarded by the waiter's partition */
    /* Guarded by slot->lock while registered. */
    struct txn_slot *slot;
    bool registered;
    struct txn *next_active;
    struct txn *previous_active;
    struct fast_lock fast[FAST_LOCKS];
    int fast_count;
    /* The deadlock check's; guarded by all partitions. */
    uint64_t visit;
    struct txn *visit_next;
    struct txn *visit_from;
    struct lock_waiter *visit_behind; /* visit_from's request only queues behind this one */

    struct txn *next_free;
};

struct txn_slot {
    _Alignas(64) atomic_flag lock;
    struct txn *active; /* with fast locks; guarded by lock, as the rest */
    struct txn *free;
    int free_count;
};

struct lock_partition {
    _Alignas(64) pthread_mutex_t mu;
    struct lock_entry **buckets; /* guarded by mu, as the rest */
    size_t bucket_count;
    size_t entry_count;
};

struct exported;
struct txn_exports {
    pthread_mutex_t mu;
    struct exported *first; /* guarded by mu, as the rest */
    uint64_t number;
};

enum { TXN_OUTCOMES = 16384 };

struct txn_mgr {
    struct store *store;
    size_t heap_bytes;            /* write sets beyond go on in a file */
    struct temp_quota temp_quota; /* of transactions without a session */
    struct txn_exports exports;
    struct serial_mgr serial;
    int64_t deadlock_timeout_ms;
    struct lock_partition partitions[LOCK_PARTITIONS];
    _Atomic uint32_t strong_counts[STRONG_COUNTS];
    uint64_t visit;            /* guarded by all partitions */
    struct large_locks *large; /* written under all partitions, read under any */
    struct txn_slot slots[TXN_SLOTS];
    /* What became of the latest transactions that had a number: its bits 2 and up, OUTCOME_. */
    _Atomic uint64_t outcomes[TXN_OUTCOMES];
};

/* txn.c */
struct txn_slot *txn_my_slot(struct txn_mgr *mgr);
void slot_lock(struct txn_slot *slot);
void slot_unlock(struct txn_slot *slot);
/* After each of many steps back through a map: others go on, and memory is given back. MAY YIELD.
 */
void undo_tick(const struct memtable *m, size_t steps);
void *grow_array(void *items, size_t count, size_t *cap, size_t item_bytes);

/* view.c */
struct snapshot *snapshot_new(struct txn *t, bool newest);
/* Takes the reference over. */
struct snapshot *snapshot_at(struct txn *t, struct superversion *sv, uint64_t csn);
void snapshot_unref(struct txn *t, struct snapshot *s);
void snapshots_free(struct txn *t);
struct kv_gen *txn_gen_for(const struct txn *t, uint32_t storage_id);

/* export.c */
void exports_end(struct txn *t); /* before the end of its SERIALIZABLE part */

/* scan.c */
void scans_free(struct txn *t);

/* serial.c: SERIALIZABLE. The notes do nothing at other levels. */
void serial_init(struct serial_mgr *m);
void serial_done(struct serial_mgr *m);
/* Takes the transaction's snapshot. */
void serial_take_snapshot(struct txn *t);
/* `t` has the snapshot of `owner`, which does not end meanwhile. */
void serial_join(struct txn *t, const struct txn *owner);
struct err *serial_note_read(struct txn *t, struct str lo, struct str hi) MUST_CHECK;
struct err *serial_note_read_key(struct txn *t, struct str key) MUST_CHECK;
/* A constraint's check has looked at the newest state; `csn` as store_get gives it. */
struct err *serial_note_newest(struct txn *t, struct str key, uint64_t csn, bool found) MUST_CHECK;
struct err *serial_note_write(struct txn *t, struct str key) MUST_CHECK;
struct err *serial_note_write_all(struct txn *t, uint32_t storage_id) MUST_CHECK;
/* Under the commit mutex, or for one that has written nothing. NULL: it will commit, so
 * serial_committed or serial_forget comes next. */
struct err *serial_prepare(struct txn *t) MUST_CHECK;
/* `csn` 0: it has written nothing. */
void serial_committed(struct txn *t, uint64_t csn);
void serial_forget(struct txn *t); /* aborted; does nothing after serial_committed */

/* lock.c */
enum lock_class { LOCK_ROW, LOCK_TABLE, LOCK_ADVISORY };
struct err *locks_init(struct txn_mgr *mgr) MUST_CHECK;
void locks_done(struct txn_mgr *mgr);
/* Takes or strengthens a lock in the table. `strong_slot` goes into the grant. */
struct err *lock_acquire(struct txn *t, enum lock_class class, struct str key, int mode,
                         enum txn_wait wait, int32_t strong_slot, bool *locked) MUST_CHECK;
/* Makes a hold for `t` that nothing can conflict with (moving a fast lock). */
struct lock_hold *lock_install(struct txn *t, enum lock_class class, struct str key, uint16_t mask);
/* Sets what the hold has; 0 removes and frees it. Wakes those who can go on. */
void lock_revert(struct txn_mgr *mgr, struct lock_hold *hold, uint16_t mask);
void grant_push(struct txn *t, struct lock_grant g);
uint32_t lock_conflicts(enum lock_class class, int mode);
/* Whether what `holder` has never conflicts with what `t` wants: they are of one session. The
 * sibling of a transaction that is asking or waiting does not change. */
static inline bool lock_same_owner(const struct txn *t, const struct txn *holder)
{
    return t == holder || t->sibling == holder;
}
const char *lock_mode_name(enum lock_class class, int mode);
uint64_t lock_hash(enum lock_class class, struct str key);
struct lock_partition *lock_partition_of(struct txn_mgr *mgr, uint64_t hash);
struct lock_entry *lock_find_locked(struct lock_partition *p, uint64_t hash, enum lock_class class,
                                    struct str key);
struct lock_hold *lock_find_hold(const struct lock_entry *e, const struct txn *t);
void locks_lock_all(struct txn_mgr *mgr);
void locks_unlock_all(struct txn_mgr *mgr, const struct lock_partition *except);

bool lock_covers(enum lock_class class, uint16_t mask, int mode);
struct lock_entry *lock_get_entry_locked(struct lock_partition *p, uint64_t hash,
                                         enum lock_class class, struct str key);
void lock_drop_if_unused_locked(struct lock_entry *e);
/* False without memory. */
bool lock_add_hold_locked(struct lock_entry *e, struct txn *t, uint16_t mask);
void lock_revert_locked(struct lock_hold *hold, uint16_t mask);

/* large_lock.c */
/* Before a row is asked for, without a mutex: room in the map, if the transaction has one or should
 * have. 53100, 53400. MAY YIELD. */
struct err *large_prepare(struct txn *t, struct str key) MUST_CHECK;
/* Under the partition's mutex. Makes entries of what others have of the row in their maps. */
struct err *large_share_locked(struct txn *t, struct lock_partition *p, uint64_t hash,
                               struct str key) MUST_CHECK;
/* The same, when the row has no entry: into the map of `t`. */
bool large_take_locked(struct txn *t, struct str key, int mode);
struct txn_undo *large_undo(const struct txn *t);
void large_forget_undo(struct txn *t);
/* After locks_release_to, as is large_end. */
void large_release_to(struct txn *t, const struct txn_undo *undo);
void large_end(struct txn *t);

/* advisory.c */
enum { ADVISORY_KEY_BYTES = 14 };
void advisory_leave(struct txn *t); /* at the end of a transaction with a sibling */

/* table_lock.c */
void fast_revert(struct txn *t, const struct lock_grant *g);
void locks_release_to(struct txn *t, size_t grant_count);
void fast_unregister(struct txn *t);

#endif
