/* Shared by the store's files.
 *
 * Lock order: commit_mu > state_mu > slot locks; job_mu, counts_mu and garbage_mu are leaves, taken
 * alone or under commit_mu. */
#ifndef TARN_STORAGE_STORE_INTERNAL_H
#define TARN_STORAGE_STORE_INTERNAL_H

#include "base/buf.h"
#include "rt/wait.h"
#include "storage/file.h"
#include "storage/kv.h"
#include "storage/memtable.h"
#include "storage/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SLOT_COUNT = 64 };

/* Storage ids of the store's own keys in LMDB. */
enum { ID_META = 0, ID_COUNT = 1, ID_DROPPED = 2, ID_LOADING = 3 };

/* A large commit whose parts are being logged. */
struct large_commit {
    struct lsn first; /* of its parts, or before */
    struct large_commit *next;
};

/* A memtable of the store: the map and what else its commits carried. */
struct store_table {
    struct memtable map;
    struct store *store;
    _Atomic int64_t refs; /* superversions, and the state */
    struct store_table *next_garbage;
    /* Guarded by commit_mu while active, immutable when frozen. */
    uint64_t last_csn;
    struct lsn end;        /* redo can begin here once this table is in LMDB */
    struct lsn parts_from; /* a large commit: where its parts begin; else LSN_NONE */
    struct store_count *counts;
    size_t count_count;
    size_t count_cap;
    uint32_t *drops;
    size_t drop_count;
    size_t drop_cap;
    uint32_t *loads;
    size_t load_count;
    size_t load_cap;
};

struct superversion {
    struct store *store;
    _Atomic int64_t refs;
    uint64_t number;
    int table_count;
    struct memtable *maps[1 + STORE_MAX_FROZEN]; /* newest first; maps[0] is active */
    struct kv_gen *gen;
};

/* Each thread has a slot with its own copy of the current superversion, so that taking one touches
 * no shared memory. Two threads may fall on one slot, hence the lock. */
struct sv_slot {
    _Alignas(64) atomic_flag lock;
    struct superversion *cached; /* guarded by lock */
};

struct store_job {
    struct err *(*run)(struct store *s, void *arg);
    void *arg;
    struct err *result;
    struct wait done;
    struct store_job *next;
};

/* storage id -> rows, open addressing; see store_count.c */
struct count_map {
    struct store_count *slots;
    size_t used;
    size_t cap;
};

struct store {
    struct store_config config;
    char *dir;
    char *wal_dir;
    char *data_dir;
    char *tmp_dir;
    int lock_fd;
    bool is_new;
    bool old_format;
    struct kv *kv;
    struct wal *wal;

    struct wait_mutex commit_mu;
    uint64_t last_csn;            /* guarded by commit_mu; atomic store for readers */
    struct store_table *active;   /* guarded by commit_mu; pointer also under state_mu */
    _Atomic uint32_t logged_id;   /* the next_id that the log knows; written under commit_mu */
    _Atomic uint64_t tail_lsn;    /* copy of the WAL's tail; relaxed */
    _Atomic uint64_t newest_csn;  /* copy of last_csn; release */
    _Atomic uint64_t visible_csn; /* release by the flusher; acquire by snapshots */
    _Atomic uint32_t next_id;
    _Atomic uint64_t next_xid;

    pthread_mutex_t state_mu;
    struct store_table *frozen[STORE_MAX_FROZEN]; /* newest first; guarded by state_mu */
    int frozen_count;
    struct large_commit *large; /* guarded by state_mu */
    struct kv_gen *gen;         /* guarded by state_mu */
    _Atomic uint64_t version;   /* of the state; written under state_mu */
    _Atomic uint64_t frozen_bytes;
    _Atomic uint64_t active_bytes;
    struct sv_slot slots[SLOT_COUNT];

    pthread_mutex_t counts_mu;
    struct count_map row_counts; /* guarded by counts_mu */

    pthread_mutex_t garbage_mu;
    struct store_table *garbage; /* guarded by garbage_mu */

    /* The writer thread: the only one that writes to LMDB. */
    pthread_mutex_t job_mu;
    pthread_cond_t job_work;
    struct wait_queue job_idle; /* room in the memtables, checkpoints done; under job_mu */
    struct store_job *jobs;     /* FIFO; guarded by job_mu */
    struct store_job **jobs_end;
    uint32_t *discards; /* storage ids to delete; guarded by job_mu */
    size_t discard_count;
    size_t discard_cap;
    uint64_t checkpoints_wanted; /* counters; guarded by job_mu */
    uint64_t checkpoints_done;
    uint64_t checkpoint_failures; /* rounds; guarded by job_mu */
    struct err *checkpoint_error; /* of the last failed round; guarded by job_mu */
    bool stopping;
    bool writer_started;
    pthread_t writer;
    /* The writer thread's own. */
    int64_t last_checkpoint_ns;
    bool half_written; /* LMDB has a part of a checkpoint: no generation may be made of it */
    _Atomic uint64_t redo_lsn;
    _Atomic uint64_t checkpoint_count;
};

/* store.c */
struct store_table *table_new(struct store *s);
void table_new_map(struct store *s, struct store_table *t);
static inline bool table_has_content(const struct store_table *t)
{
    return t->map.node_count || t->count_count || t->drop_count || t->load_count;
}
/* Takes the map's content over; its file no longer counts for a quota. */
struct store_table *table_adopt(struct store *s, struct memtable *map);
void table_unref(struct store_table *t);
void table_free(struct store_table *t);
void state_changed_locked(struct store *s);
void state_sweep(struct store *s);
void freeze_active_locked(struct store *s); /* commit_mu */
/* Makes `t`, whose end, CSN and lists are set, the newest frozen table, and ends `large`. Under the
 * commit mutex, with room. */
void push_frozen_locked(struct store *s, struct store_table *t, struct large_commit *large);
_Noreturn void store_panic(const char *what, struct err *e);
/* Room for one more of `count` items; stops the process without memory. */
void *array_room(void *items, size_t count, size_t *cap, size_t item_bytes);

/* store_commit.c */
void store_make_visible(struct store *s, uint64_t csn);
/* What a record says, in the order of its bytes; README.md has the table. */
enum commit_op { OP_PUT = 1, OP_DELETE, OP_COUNT, OP_DROP, OP_LOAD, OP_NEXT_ID, OP_PARTS };
void table_drop(struct store_table *t, uint32_t storage_id);
void table_load(struct store_table *t, uint32_t storage_id);
void count_rows(struct store *s, struct store_table *t, uint32_t storage_id, int64_t delta);

/* store_redo.c: the log's records, in order, back into tables. */
struct redo;
struct err *redo_new(struct store *s, struct redo **out) MUST_CHECK;
/* The payload may go away after the call. Writes to LMDB what is more than there may be in memory.
 */
struct err *redo_add(struct redo *r, const struct wal_record *record) MUST_CHECK;
/* All that was added is in the store's active table, or, when it was much, in frozen ones. */
struct err *redo_finish(struct redo *r) MUST_CHECK;
void redo_free(struct redo *r); /* NULL is fine */
void payload_put_node(struct buf *b, const struct mem_node *n);
void payload_put_lists(struct store *s, const struct store_commit *c, struct buf *b);
void payload_put_parts(struct buf *b, struct lsn first);
/* Counts, drops and loads go to a table. */
void commit_lists_locked(struct store *s, struct store_table *t, const struct store_commit *c);
struct err *commit_lock_with_room(struct store *s, size_t record_bytes) MUST_CHECK;
void commit_append_locked(struct store *s, struct str payload, uint32_t crc, struct lsn *end);
void note_logged_id(struct store *s, uint32_t next_id);

/* store_large.c */
bool commit_is_large(const struct store *s, const struct store_commit *c);
/* On a pool thread. */
struct err *commit_large(struct store *s, const struct store_commit *c, struct lsn *end,
                         uint64_t *csn) MUST_CHECK;
void large_end_locked(struct store *s, struct large_commit *large); /* state_mu */
/* Where redo must begin when the last `n` frozen tables, whose newest ends at `end`, are in LMDB.
 */
struct lsn redo_point(struct store *s, int n, struct lsn end);

/* store_checkpoint.c */
struct err *write_tables(struct store *s, struct store_table **tables, int n,
                         struct lsn redo) MUST_CHECK;
/* Keys alone: see invariant 1. */
struct err *write_keys_early(struct store *s, struct store_table **tables, int n) MUST_CHECK;
void *writer_main(void *arg);
struct err *writer_run(struct store *s, struct err *(*run)(struct store *, void *),
                       void *arg) MUST_CHECK;
void ask_for_checkpoint(struct store *s);

/* The checkpoint record in LMDB; README.md has the table. */
enum { META_BYTES = 32 };
extern const struct str meta_key;
extern const struct str half_key; /* there: the state is a checkpoint's, half-written */

/* store_recover.c */
struct err *store_recover(struct store *s) MUST_CHECK;

/* store_count.c */
void count_map_add(struct count_map *m, uint32_t storage_id, int64_t delta);
int64_t count_map_get(const struct count_map *m, uint32_t storage_id);
void count_map_done(struct count_map *m);

/* store_dir.c */
struct err *store_dir_open(struct store *s) MUST_CHECK; /* creates, locks, checks the format */
/* A new directory with its folders, for a copy: 58P02 when it has something in it. */
struct err *store_dir_create(struct store *s) MUST_CHECK;
/* As store_dir_open, of a store that must be there. */
struct err *store_dir_open_existing(struct store *s) MUST_CHECK;
struct err *store_dir_initialised(struct store *s) MUST_CHECK;
void store_dir_close(struct store *s);

#endif
