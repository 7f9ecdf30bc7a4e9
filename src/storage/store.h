/* The store: memtables and WAL over LMDB, checkpoints, recovery. It knows keys, values and commit
 * sequence numbers (CSN); transactions are one layer up. See README.md.
 *
 * Keys begin with a 4-byte big-endian storage id; ids below STORE_FIRST_ID are the store's own. */
#ifndef TARN_STORAGE_STORE_H
#define TARN_STORAGE_STORE_H

#include "base/err.h"
#include "base/str.h"
#include "storage/wal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_ops;
struct kv_cursor;
struct kv_gen;
struct mem_node;
struct memtable;
struct store;
struct superversion;

enum {
    STORE_FIRST_ID = 16,
    STORE_FIRST_USER_ID = 1024,
    STORE_MAX_KEY_BYTES = 32 * 1024,
    STORE_MAX_FROZEN = 8,
};
#define STORE_CSN_NEWEST UINT64_MAX

struct store_config {
    const char *dir;
    size_t memtable_bytes;
    size_t map_bytes;
    size_t wal_segment_bytes;
    int64_t checkpoint_timeout_ms;
    int64_t max_wal_bytes;
    bool fsync;
    const struct file_ops *files; /* NULL: file_posix */
};

struct err *store_open(const struct store_config *config, struct store **out) MUST_CHECK;
/* Checkpoints, stops, frees. No superversion may be held. */
struct err *store_close(struct store *s) MUST_CHECK;
/* Closes without a checkpoint, as a crash of the process would leave it (what is in the WAL's
 * memory is still written). For tests. */
void store_close_hard(struct store *s);
bool store_is_new(const struct store *s);
/* Forces a checkpoint of all that is committed now, and waits. MAY YIELD. */
struct err *store_checkpoint(struct store *s) MUST_CHECK;

/* Copies the store to a directory, which must not exist or be empty, while everything goes on. The
 * copy holds all that was committed when it began; a server starts from it by redo. An error leaves
 * a directory without FORMAT, from which none starts. One at a time (55006). Errors also: 58P02 not
 * empty, 58030, 53100. MAY YIELD, for long. */
struct err *store_backup(struct store *s, const char *target) MUST_CHECK;

/* ---- reading ---- */

/* What exists at a moment: the memtables, newest first, and the LMDB generation below them.
 * Immutable but for the active memtable's growth. */
struct superversion *store_acquire(struct store *s);
void store_release(struct superversion *sv);
/* A superversion together with the newest durable CSN that it shows completely. */
struct superversion *store_snapshot(struct store *s, uint64_t *csn);
struct superversion *superversion_ref(struct superversion *sv);
int superversion_memtables(const struct superversion *sv, struct memtable *const **tables);
struct kv_gen *superversion_gen(const struct superversion *sv);
uint64_t superversion_number(const struct superversion *sv);

/* The version of `key` at `csn`: *found false when there is none or it is deleted. *version_csn (0:
 * loaded in bulk) is also set for a deletion. Bytes live as long as the superversion. `gen`
 * replaces the superversion's LMDB generation when not NULL. */
struct err *store_get(const struct superversion *sv, struct kv_gen *gen, uint64_t csn,
                      struct str key, struct str *value, uint64_t *version_csn,
                      bool *found) MUST_CHECK;

/* ---- committing ---- */

struct store_count {
    uint32_t storage_id;
    int64_t delta;
};

/* What a commit carries. */
struct store_commit {
    /* The newest version of each node counts; NULL: none. A set larger than a memtable is taken
     * over, and the struct is then all zeros. */
    struct memtable *writes;
    const struct store_count *counts;
    size_t count_count;
    const uint32_t *drops; /* storage ids that become garbage */
    size_t drop_count;
    const uint32_t *loads; /* storage ids loaded in bulk */
    size_t load_count;
    /* Under the commit mutex, before anything is appended: an error stops the commit. NULL: none */
    struct err *(*validate)(void *arg);
    /* Under the commit mutex, when nothing can stop the commit any more and before anybody can see
     * it in a snapshot. NULL: none. */
    void (*committed)(void *arg, uint64_t csn);
    void *arg;
};

/* Appends to the WAL and inserts into the memtable; *end is what to wait for. On error nothing has
 * happened: 53100, the cancel token's, validate's. MAY YIELD (throttling, space, the mutex). */
struct err *store_commit(struct store *s, const struct store_commit *c, struct lsn *end,
                         uint64_t *csn) MUST_CHECK;
/* Waits until the log is durable up to `end`. Deaf to cancel. MAY YIELD. */
void store_wait_durable(struct store *s, struct lsn end);
/* Instead of waiting: makes everything up to `csn` visible at once, and durable within about 10 ms.
 */
void store_commit_async(struct store *s, uint64_t csn);
/* Waits until `csn`, which the caller has read, is visible. Deaf to cancel. MAY YIELD. */
void store_wait_visible(struct store *s, uint64_t csn);
/* One key, its own commit, not waited for. */
struct err *store_put_now(struct store *s, struct str key, struct str value,
                          struct lsn *end) MUST_CHECK;
uint64_t store_visible_csn(const struct store *s);
uint64_t store_last_csn(const struct store *s);

/* ---- storage ids and counts ---- */

uint32_t store_new_id(struct store *s);
int64_t store_row_count(struct store *s, uint32_t storage_id);
/* Numbers for display that rise over restarts. */
uint64_t store_new_xid(struct store *s);
/* The one that it gives next. */
uint64_t store_next_xid(const struct store *s);
/* Deletes in the background the keys of an id that nobody can refer to (an aborted load). */
void store_discard(struct store *s, uint32_t storage_id);

/* ---- bulk load ---- */

/* Sorted entries of one storage id, to be written straight to LMDB. */
struct store_batch {
    const struct str *keys;
    const struct str *values;
    size_t count;
};
/* Before the first batch: a crash from now on makes recovery discard the id, unless a commit with
 * it in `loads` is in the log. */
struct err *store_load_begin(struct store *s, uint32_t storage_id) MUST_CHECK;
/* Starts writing a batch, whose arrays and bytes must stay until store_load_wait: called once, by
 * the same fiber or thread; MAY YIELD. */
struct store_load;
struct err *store_load_start(struct store *s, const struct store_batch *b,
                             struct store_load **out) MUST_CHECK;
struct err *store_load_wait(struct store_load *l) MUST_CHECK;
/* The generation that shows all batches; later superversions show them too. MAY YIELD, as does
 * store_load_begin. */
struct err *store_load_end(struct store *s, struct kv_gen **gen) MUST_CHECK;

/* Frees a write set with a temporary file, in the background; the file no longer counts for its
 * quota when this returns. The struct is the caller's to use again. */
void store_free_writes(struct store *s, struct memtable *writes);
size_t store_memtable_bytes(const struct store *s);

/* Directory for temporary files; emptied at start. */
const char *store_tmp_dir(const struct store *s);

struct store_stats {
    uint64_t wal_syncs;
    uint64_t checkpoints;
    uint64_t memtable_bytes; /* active and frozen */
    int frozen_count;
    uint64_t data_bytes;
    uint64_t wal_bytes; /* since the last checkpoint */
    uint64_t tail_lsn;  /* the end of the log */
    uint64_t durable_lsn;
};
void store_stats(struct store *s, struct store_stats *out);

#endif
