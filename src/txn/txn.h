/* Transactions over the store: snapshots, private write sets with savepoints, row and table locks,
 * commit. Keys and values are bytes here; a key begins with the 4-byte big-endian storage id.
 *
 * A `struct txn` belongs to one session and is used by its fiber (or one pool thread) alone.
 * Functions that can wait say MAY YIELD: they park the fiber, honour cancel and timeouts (57014,
 * 55P03), and from a plain thread they block. Rules: manual chapter 13 (Concurrency Control). */
#ifndef TARN_TXN_TXN_H
#define TARN_TXN_TXN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "storage/wal.h"

#include <stdbool.h>
#include <stdint.h>

struct file_ops;
struct store_stats;
struct temp_quota;
struct txn_mgr;
struct txn;
struct snapshot; /* (csn, superversion), reference-counted */

enum txn_isolation { TXN_READ_COMMITTED, TXN_REPEATABLE_READ, TXN_SERIALIZABLE };

struct txn_config {
    const char *dir;       /* data directory; created and initialised when empty */
    size_t memtable_bytes; /* freeze the active memtable beyond */
    size_t map_bytes;      /* LMDB map size limit */
    size_t wal_segment_bytes;
    int64_t checkpoint_timeout_ms;
    int64_t max_wal_bytes;
    int64_t deadlock_timeout_ms;
    bool fsync;                   /* false only for tests and benches: setting `fsync` */
    const struct file_ops *files; /* below the WAL; NULL: the system's */
};

/* Opens the store (recovering if needed) and starts its threads. Errors: 58P01, 58030, 55006 when
 * another server holds the directory, XX001 corrupt, 0A000 format version. */
struct err *txn_mgr_open(const struct txn_config *config, struct txn_mgr **out) MUST_CHECK;
/* All transactions must have ended. Checkpoints, closes, frees. */
struct err *txn_mgr_close(struct txn_mgr *mgr) MUST_CHECK;
/* As a crash of the process would leave it: without a checkpoint. For tests. */
void txn_mgr_close_hard(struct txn_mgr *mgr);
/* A quota without limits for temporary files in the store's directory. */
void txn_mgr_temp_quota(const struct txn_mgr *mgr, struct temp_quota *out);
/* Counters of the store (storage/store.h). */
void txn_mgr_stats(struct txn_mgr *mgr, struct store_stats *out);
/* True when the directory was new: the catalog then bootstraps. */
bool txn_mgr_is_new(const struct txn_mgr *mgr);
/* Copies the store to a new directory, from which a server can start: see store_backup. MAY YIELD.
 */
struct err *txn_mgr_backup(struct txn_mgr *mgr, const char *target) MUST_CHECK;
/* Forces a checkpoint and waits. MAY YIELD. */
struct err *txn_mgr_checkpoint(struct txn_mgr *mgr) MUST_CHECK;

/* ---- begin and end ---- */

/* `xid` numbers rise; they are for display (txid_current, pg_locks), not for visibility. */
struct err *txn_begin(struct txn_mgr *mgr, enum txn_isolation isolation, bool read_only,
                      struct txn **out) MUST_CHECK;
/* Durable when it returns NULL, unless `async` (synchronous_commit = off). On error the transaction
 * is rolled back; either way `t` is freed and its locks are released. MAY YIELD. 40001 on
 * serialization failure, 53100 disk full. */
struct err *txn_commit(struct txn *t, bool async) MUST_CHECK;
void txn_abort(struct txn *t);
/* Lets a read-only transaction write for a while what its readers do not see as data (statistics),
 * and back; gives what it was before. Such writes are not checked for serializability. */
bool txn_set_read_only(struct txn *t, bool read_only);
/* Given on first use. */
uint64_t txn_xid(const struct txn *t);
bool txn_has_xid(const struct txn *t);
/* The number that is given next; what became of a transaction that had one: false when it is not
 * known (any more), as of before the start. */
uint64_t txn_next_xid(struct txn_mgr *mgr);
bool txn_outcome(struct txn_mgr *mgr, uint64_t xid, bool *committed);
/* The session's process number and database, for deadlock details and lists of locks; a number
 * given is stored in `publish_xid` too (may be NULL). */
void txn_set_pid(struct txn *t, int32_t pid, uint32_t db, _Atomic uint64_t *publish_xid);
/* The quota of the session's temporary files, which then outlives the transaction; without it there
 * is no limit. */
void txn_set_temp_quota(struct txn *t, struct temp_quota *quota);
bool txn_has_writes(const struct txn *t);
/* What the transaction has written so far, with what was rolled back to savepoints: versions of
 * keys and their bytes, which the commit puts into the log. Loads of whole tables do not count. */
struct txn_written {
    uint64_t versions;
    uint64_t bytes;
};
struct txn_written txn_written(const struct txn *t);
enum txn_isolation txn_isolation_level(const struct txn *t);
struct txn_mgr *txn_manager(const struct txn *t);

/* Called under the commit mutex when nothing can stop the commit any more, in commit order, with
 * its CSN, before any snapshot shows it; must be short and may not yield. Several can be added.
 * `on_abort` (may be NULL) runs if the transaction, or the savepoint under which it was added, is
 * rolled back instead.
 */
void txn_on_commit(struct txn *t, void (*on_commit)(void *arg, uint64_t csn),
                   void (*on_abort)(void *arg), void *arg);

/* Savepoints. A mark is valid until rolled back past or released; rolling back to a mark undoes
 * writes and frees locks taken since, and keeps the mark; when they are many, it MAY YIELD. */
uint32_t txn_savepoint(struct txn *t);
void txn_rollback_to(struct txn *t, uint32_t mark);
void txn_release(struct txn *t, uint32_t mark);

/* Lets others have this transaction's snapshot until it ends. 25001 inside a savepoint. */
enum { TXN_SNAPSHOT_ID_BYTES = 32 };
struct err *txn_export_snapshot(struct txn *t, char id[TXN_SNAPSHOT_ID_BYTES]) MUST_CHECK;
/* Takes over an exported one as that of `t`, which must be of REPEATABLE READ or SERIALIZABLE and
 * have read nothing. 22023 when there is none; 0A000 for a snapshot that it may not have. */
struct err *txn_import_snapshot(struct txn *t, const char *id) MUST_CHECK;

/* ---- reading ---- */

/* What a statement sees: the snapshot, plus the transaction's own writes of commands before
 * `command`. A command never sees its own writes. */
struct txn_view {
    struct txn *txn;
    struct snapshot *snapshot;
    uint32_t command;
};

/* Ends the current command: later views see the writes made so far. */
void txn_next_command(struct txn *t);
/* Starts a view for a statement: READ COMMITTED takes a new snapshot, the other levels the one of
 * the transaction's first statement. Release it with txn_view_done; bytes read through it die then.
 */
struct txn_view txn_view_begin(struct txn *t);
/* The newest commit that the view shows; UINT64_MAX for the newest state. */
uint64_t txn_view_csn(const struct txn_view *v);
/* Later snapshots of this transaction show at least the commits up to `csn`, which must have been
 * made, durable or not. Taking a lock does the same for all commits so far: who held it before has
 * committed, and whoever gets it next may rely on seeing that. */
void txn_see(struct txn *t, uint64_t csn);
/* For a SERIALIZABLE READ ONLY transaction, before anything else: takes a snapshot with which it
 * can neither fail nor make others fail, waiting for the end of those who write now; then it costs
 * no more than REPEATABLE READ (READ ONLY DEFERRABLE). MAY YIELD; 57014. */
struct err *txn_safe_snapshot(struct txn *t) MUST_CHECK;
/* The same view once more, which is released by itself. */
struct txn_view txn_view_ref(const struct txn_view *v);
/* The newest committed state, durable or not, plus all own writes, the current command's too: for
 * constraint checks. */
struct txn_view txn_view_newest(struct txn *t);
void txn_view_done(struct txn_view *v);

/* Point read. *value borrows until txn_view_done. */
struct err *txn_get(const struct txn_view *v, struct str key, struct str *value,
                    bool *found) MUST_CHECK;

/* Range scan over lo <= key < hi in key order (descending when `reverse`). An empty `hi` means no
 * upper bound. Key and value borrow until txn_view_done. The scan must be closed before its view
 * ends. */
struct txn_scan;
struct err *txn_scan_open(const struct txn_view *v, struct str lo, struct str hi, bool reverse,
                          struct txn_scan **out) MUST_CHECK;
struct err *txn_scan_next(struct txn_scan *s, struct str *key, struct str *value,
                          bool *found) MUST_CHECK;
void txn_scan_close(struct txn_scan *s); /* NULL is fine */

/* ---- writing ---- */

/* Into the private write set, for the current command; bytes are copied. 25006 in a read-only
 * transaction, 53400 beyond temp_file_limit, 53100 on a full disk. MAY YIELD in a large one, whose
 * write set goes on in a temporary file. */
struct err *txn_put(struct txn *t, struct str key, struct str value) MUST_CHECK;
struct err *txn_delete(struct txn *t, struct str key) MUST_CHECK;

/* For a write that would fail anyhow, as of a key that is there already: 40001 when it, too, would
 * make a SERIALIZABLE transaction fail, which then did nothing wrong and can be tried again. */
struct err *txn_check_write(struct txn *t, struct str key) MUST_CHECK;

/* Non-transactional write, ordered in the WAL before every later commit, not waited for: sequences.
 */
struct err *txn_put_now(struct txn_mgr *mgr, struct str key, struct str value,
                        struct lsn *end) MUST_CHECK;
/* The client will be shown something that rests on that write: the commit of `t` (unless async)
 * returns when it is durable, even if `t` writes nothing itself. */
void txn_rests_on(struct txn *t, struct lsn end);

/* ---- row locks ---- */

enum txn_row_lock { TXN_KEY_SHARE, TXN_SHARE, TXN_NO_KEY_UPDATE, TXN_UPDATE };
enum txn_wait { TXN_WAIT, TXN_NOWAIT, TXN_SKIP_LOCKED };

/* Locks a key (a row's, or a unique index entry's; it need not exist). Held to the end of the
 * transaction or the savepoint. *locked is false only with TXN_SKIP_LOCKED. Errors: 55P03 (NOWAIT,
 * lock_timeout), 40P01 deadlock, 57014 cancel. MAY YIELD. */
struct err *txn_lock_key(struct txn *t, struct str key, enum txn_row_lock mode, enum txn_wait wait,
                         bool *locked) MUST_CHECK;

/* The newest version of a locked key: own write (also of the current command), else newest
 * committed. */
struct txn_newest {
    bool found;       /* false: deleted or never there */
    bool own;         /* written by this transaction */
    bool own_command; /* ... by the current command (a row is updated only once per command) */
    bool changed;     /* another transaction committed a version newer than the view's snapshot */
    bool seen;        /* if changed: the snapshot shows an older one */
    struct str value; /* copied into the arena */
};
struct err *txn_get_newest(const struct txn_view *v, struct str key, struct arena *arena,
                           struct txn_newest *out) MUST_CHECK;

/* ---- table and advisory locks ---- */

enum txn_table_lock { /* manual table 13.2; conflicts as there */
                      TXN_ACCESS_SHARE = 1,
                      TXN_ROW_SHARE,
                      TXN_ROW_EXCLUSIVE,
                      TXN_SHARE_UPDATE_EXCLUSIVE,
                      TXN_SHARE_LOCK,
                      TXN_SHARE_ROW_EXCLUSIVE,
                      TXN_EXCLUSIVE,
                      TXN_ACCESS_EXCLUSIVE,
};
/* Weak modes (up to ROW EXCLUSIVE) take a fast path without a shared mutex where nothing conflicts.
 * Errors and waits as txn_lock_key. MAY YIELD. */
struct err *txn_lock_table(struct txn *t, uint32_t oid, enum txn_table_lock mode,
                           enum txn_wait wait, bool *locked) MUST_CHECK;

/* An advisory lock's name: as pg_locks shows it. A 64-bit key has its halves in hi and lo and
 * `kind` 1, a pair of 32-bit ones `kind` 2. */
struct txn_advisory {
    uint32_t db;
    uint32_t hi;
    uint32_t lo;
    uint16_t kind;
};
/* To the end of the transaction or savepoint. MAY YIELD. */
struct err *txn_lock_advisory(struct txn *t, struct txn_advisory key, bool shared,
                              enum txn_wait wait, bool *locked) MUST_CHECK;

/* Advisory locks of a session, beyond its transactions; one lock can be taken several times. They
 * do not conflict with those of the session's transaction `t`, which must have joined. Made at the
 * first use (*s NULL), used by the session's fiber alone. MAY YIELD. */
struct txn_session_locks;
struct err *txn_session_lock(struct txn_session_locks **s, struct txn *t, struct txn_advisory key,
                             bool shared, enum txn_wait wait, bool *locked) MUST_CHECK;
/* For each transaction that begins while the session has such locks. */
void txn_session_join(struct txn_session_locks *s, struct txn *t);
/* Gives one back; false when it is not held. */
bool txn_session_unlock(struct txn_session_locks *s, struct txn_advisory key, bool shared);
void txn_session_unlock_all(struct txn_session_locks *s);
/* Gives all back and frees; no transaction of the session may be open. NULL is fine. */
void txn_session_locks_free(struct txn_session_locks *s);

/* lock_timeout of the session, milliseconds, 0: none. */
void txn_set_lock_timeout(struct txn *t, int64_t timeout_ms);
/* How long a wait lasts until it looks for a deadlock, milliseconds. */
void txn_set_deadlock_timeout(struct txn *t, int64_t timeout_ms);

/* Waits for the end of every other transaction that has the table locked to write to it (ROW
 * EXCLUSIVE and stronger modes) at the time of the call, without standing in anybody's way. MAY
 * YIELD; 57014. */
struct err *txn_wait_writers(struct txn *t, uint32_t oid) MUST_CHECK;

/* ---- lists of locks ---- */

enum txn_lock_kind { TXN_LOCK_RELATION, TXN_LOCK_TRANSACTION, TXN_LOCK_ADVISORY };
struct txn_lock_info {
    enum txn_lock_kind kind;
    uint32_t relation;
    uint64_t xid; /* TRANSACTION: waited for, since it holds a row */
    struct txn_advisory advisory;
    const char *mode; /* "AccessShareLock" ... */
    int32_t pid;
    uint32_t db; /* of the session */
    bool granted;
    bool fast_path;
    int64_t waiting_since_us; /* clock_real_us(), 0: granted */
};
/* All table and advisory locks, held and wanted, and row locks waited for. Into the arena. */
struct err *txn_list_locks(struct txn_mgr *mgr, struct arena *arena, struct txn_lock_info **out,
                           size_t *count) MUST_CHECK;
/* The processes that keep `pid` waiting; *count is 0 when it does not wait. */
struct err *txn_blocking_pids(struct txn_mgr *mgr, int32_t pid, struct arena *arena, int32_t **out,
                              size_t *count) MUST_CHECK;

/* ---- storage ids, row counts, bulk load ---- */

/* A storage id never used before (durable with the transaction that uses it). Ids below 1024 belong
 * to system tables, those below 16 to the store itself. Thread-safe. */
uint32_t txn_new_storage_id(struct txn_mgr *mgr);
/* At commit: every key of that storage id becomes garbage, deleted in the background once no
 * snapshot can see it. At abort nothing happens. */
struct err *txn_drop_storage(struct txn *t, uint32_t storage_id) MUST_CHECK;

/* Live-row bookkeeping for the planner: applied at commit, approximate after a crash. */
void txn_count_rows(struct txn *t, uint32_t storage_id, int64_t delta);
int64_t txn_row_count(struct txn_mgr *mgr, uint32_t storage_id);

/* Loads a new, empty storage id past the memtable: entries are written to LMDB as they come while
 * they come in key order; others are sorted first (spilling beyond `sort_bytes`). They can be seen
 * by this transaction once the load is finished and, after its commit, by all. */
struct txn_bulk;
/* Called for each entry whose key equals the one before it (equal keys come in order of addition):
 * returns an error to stop, or sets *keep_new to replace the earlier one. NULL callback: the later
 * entry wins. */
typedef struct err *(*txn_bulk_duplicate)(void *arg, struct str key, struct str earlier,
                                          struct str later, bool *keep_new);
struct err *txn_bulk_begin(struct txn *t, uint32_t storage_id, struct temp_quota *quota,
                           size_t sort_bytes, txn_bulk_duplicate on_duplicate, void *arg,
                           struct txn_bulk **out) MUST_CHECK;
/* The key must have that storage id; bytes are copied. MAY YIELD. */
struct err *txn_bulk_add(struct txn_bulk *b, struct str key, struct str value) MUST_CHECK;
/* Writes everything and frees `b`, also on error. `*written` counts entries. MAY YIELD. */
struct err *txn_bulk_finish(struct txn_bulk *b, uint64_t *written) MUST_CHECK;
/* Frees a load that was not finished, and discards what it wrote. NULL is fine. MAY YIELD. */
void txn_bulk_abort(struct txn_bulk *b);

#endif
