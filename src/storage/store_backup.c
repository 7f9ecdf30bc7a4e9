/* Online copies: see store_backup in store.h.
 *
 * The copy is LMDB's state at some moment S and the log from that state's redo point on, up to a
 * point E that was the log's end before S. Two things make it right: the log is held from before S,
 * so nothing that redo needs is recycled; and E is before S, so whatever a bulk load wrote to LMDB
 * past the log is in the copy if its commit is. If a checkpoint came between E and S, LMDB's state
 * is newer than E, and no log is needed.
 *
 * A state copied in the middle of a checkpoint of several LMDB transactions has keys of commits
 * that may be behind E: it says so (half_key), and is copied again.
 *
 * FORMAT is written last: a copy that was cut short is no store. */
#include "storage/store_internal.h"

#include "rt/fiber.h"
#include "rt/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct backup {
    struct store *store;
    const char *target;
    struct lsn end; /* E */
    struct err *result;
};

/* The redo point that the copied state says; *half: the state is a checkpoint's, half-written. */
static struct err *redo_of_copy(const char *dir, size_t map_bytes, struct lsn *redo, bool *half)
{
    struct kv *kv = NULL;
    struct kv_gen *gen = NULL;
    struct str value;
    uint64_t csn;
    bool found = false;
    *redo = (struct lsn){0};
    struct err *e = kv_open(dir, map_bytes, true, &kv);
    if (!e)
        e = kv_gen_new(kv, &gen);
    if (!e)
        e = kv_get(gen, meta_key, &value, &csn, &found);
    if (!e && found && value.len == META_BYTES)
        redo->v = load_le64(value.data + 8);
    else if (!e && found)
        e = err_new("XX001", "checkpoint record has a wrong length");
    if (!e)
        e = kv_get(gen, half_key, &value, &csn, half);
    kv_gen_unref(gen);
    kv_close(kv);
    return e;
}

static void remove_data(const char *dir)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    unlink(path);
}

/* Copies LMDB's state, again when it fell into the middle of a checkpoint. */
static struct err *copy_data(struct store *s, struct store *copy, struct lsn *redo)
{
    for (;;) {
        bool half = false;
        TRY(fiber_tick());
        TRY(kv_copy(s->kv, copy->data_dir));
        TRY(redo_of_copy(copy->data_dir, s->config.map_bytes, redo, &half));
        if (!half)
            return NULL;
        remove_data(copy->data_dir);
        TRY(store_checkpoint(s)); /* waits for its end */
    }
}

static struct err *copy_parts(struct backup *b, struct store *copy)
{
    struct store *s = b->store;
    struct lsn redo;
    TRY(copy_data(s, copy, &redo));
    TRY(wal_copy(s->wal, redo, b->end, copy->wal_dir));
    /* LMDB's names too: store_dir_initialised syncs that directory. */
    return store_dir_initialised(copy);
}

static void backup_job(void *arg)
{
    struct backup *b = arg;
    struct store *copy = calloc(1, sizeof(*copy)); /* only its directory is used */
    if (!copy) {
        b->result = err_oom();
        return;
    }
    copy->lock_fd = -1;
    copy->config.dir = b->target;
    copy->config.fsync = true;
    b->result = store_dir_create(copy);
    if (!b->result)
        b->result = copy_parts(b, copy);
    store_dir_close(copy);
    free(copy);
}

struct err *store_backup(struct store *s, const char *target)
{
    struct backup b = {.store = s, .target = target};
    if (!wal_hold(s->wal, (struct lsn){atomic_load_explicit(&s->redo_lsn, memory_order_relaxed)}))
        return err_new("55006", "another backup is running");
    b.end.v = atomic_load_explicit(&s->tail_lsn, memory_order_relaxed);
    wal_wait(s->wal, b.end);
    pool_run(backup_job, &b);
    wal_release(s->wal);
    return b.result;
}
