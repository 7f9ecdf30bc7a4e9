/* Bulk load: entries go straight to LMDB in batches of key order, while the caller makes the next
 * batch. As long as they come in key order nothing is sorted; from the first one on that does not,
 * they go through an external sort. The data is invisible until the catalog refers to its storage
 * id; a crash before that makes recovery discard it (store_load_begin). */
#include "rt/pool.h"
#include "storage/kv.h"
#include "storage/sort.h"
#include "txn/txn_internal.h"

#include <stdlib.h>

enum { BATCH_BYTES = 16 << 20, BATCH_ENTRIES = 200000 };

/* Entries in key order on their way to LMDB. */
struct batch {
    struct arena arena;
    struct str *keys;
    struct str *values;
    size_t count;
    size_t bytes;
};

struct txn_bulk {
    struct txn *txn;
    uint32_t storage_id;
    struct temp_quota *quota;
    size_t sort_bytes;
    txn_bulk_duplicate on_duplicate;
    void *arg;
    struct batch batches[2];
    struct batch *filling;
    struct batch *other;
    struct store_load *writing; /* of `other`; NULL: none */
    bool begun;                 /* the store knows of the load: something may have been written */
    struct sorter *sorter;      /* all entries since the first out of order; NULL: none was */
    uint64_t written;
    struct kv_gen *gen;
    struct err *result; /* of the job on the pool */
};

/* ---- batches ---- */

static struct err *batch_init(struct batch *b)
{
    arena_init(&b->arena);
    b->keys = malloc(BATCH_ENTRIES * sizeof(*b->keys));
    b->values = malloc(BATCH_ENTRIES * sizeof(*b->values));
    return b->keys && b->values ? NULL : err_oom();
}

static void batch_done(struct batch *b)
{
    free(b->keys);
    free(b->values);
    arena_done(&b->arena);
}

static void batch_clear(struct batch *b)
{
    arena_reset(&b->arena);
    b->count = b->bytes = 0;
}

static bool batch_full(const struct batch *b)
{
    return b->count == BATCH_ENTRIES || b->bytes >= BATCH_BYTES;
}

static struct err *batch_push(struct batch *b, struct str key, struct str value)
{
    char *p = arena_try_alloc(&b->arena, key.len + value.len);
    if (!p)
        return err_oom();
    memcpy(p, key.data, key.len);
    if (value.len)
        memcpy(p + key.len, value.data, value.len);
    b->keys[b->count] = str_make(p, key.len);
    b->values[b->count] = str_make(p + key.len, value.len);
    b->count++;
    b->bytes += key.len + value.len;
    return NULL;
}

static struct err *wait_written(struct txn_bulk *b)
{
    struct store_load *l = b->writing;
    if (!l)
        return NULL;
    b->writing = NULL;
    TRY(store_load_wait(l));
    batch_clear(b->other);
    return NULL;
}

/* Starts writing the filled batch; the other one is filled next. */
static struct err *write_batch(struct txn_bulk *b)
{
    struct store *store = b->txn->mgr->store;
    TRY(wait_written(b));
    if (!b->filling->count)
        return NULL;
    if (!b->begun) {
        b->begun = true;
        TRY(store_load_begin(store, b->storage_id));
    }
    struct batch *full = b->filling;
    struct store_batch batch = {full->keys, full->values, full->count};
    TRY(store_load_start(store, &batch, &b->writing));
    b->filling = b->other;
    b->other = full;
    return NULL;
}

/* The entry before it, with the same key, is the last of the batch being filled. */
static struct err *take_duplicate(struct txn_bulk *b, struct str key, struct str value)
{
    struct batch *f = b->filling;
    bool keep_new = true;
    if (b->on_duplicate)
        TRY(b->on_duplicate(b->arg, key, f->values[f->count - 1], value, &keep_new));
    if (!keep_new)
        return NULL;
    f->count--;
    return batch_push(f, key, value);
}

/* An entry whose key is not less than the one before. A batch is written only when an entry with a
 * greater key follows, so equal ones meet in it. */
static struct err *append(struct txn_bulk *b, struct str key, struct str value)
{
    struct batch *f = b->filling;
    if (f->count && str_eq(f->keys[f->count - 1], key))
        return take_duplicate(b, key, value);
    if (batch_full(f))
        TRY(write_batch(b));
    b->written++;
    return batch_push(b->filling, key, value);
}

/* ---- loading ---- */

struct err *txn_bulk_begin(struct txn *t, uint32_t storage_id, struct temp_quota *quota,
                           size_t sort_bytes, txn_bulk_duplicate on_duplicate, void *arg,
                           struct txn_bulk **out)
{
    if (t->read_only)
        return err_new("25006", "cannot change data in a read-only transaction");
    struct txn_bulk *b = calloc(1, sizeof(*b));
    if (!b)
        return err_oom();
    *b = (struct txn_bulk){.txn = t,
                           .storage_id = storage_id,
                           .quota = quota,
                           .sort_bytes = sort_bytes,
                           .on_duplicate = on_duplicate,
                           .arg = arg};
    b->filling = &b->batches[0];
    b->other = &b->batches[1];
    struct err *e = batch_init(b->filling);
    if (!e)
        e = batch_init(b->other);
    if (e) {
        txn_bulk_abort(b);
        return e;
    }
    *out = b;
    return NULL;
}

/* If nothing is written yet, what there is will be sorted with the rest. */
static struct err *start_sorting(struct txn_bulk *b)
{
    struct batch *f = b->filling;
    TRY(sorter_new(b->quota, b->sort_bytes, &b->sorter));
    if (b->begun)
        return write_batch(b);
    for (size_t i = 0; i < f->count; i++)
        TRY(sorter_add(b->sorter, f->keys[i], f->values[i]));
    batch_clear(f);
    b->written = 0;
    return NULL;
}

struct err *txn_bulk_add(struct txn_bulk *b, struct str key, struct str value)
{
    struct batch *f = b->filling;
    ASSERT(key.len >= 4 && key_storage_id(key) == b->storage_id);
    if (key.len > STORE_MAX_KEY_BYTES)
        return err_new("54000", "key of %zu bytes is too long", key.len);
    if (!b->sorter) {
        if (!f->count || str_cmp(f->keys[f->count - 1], key) <= 0)
            return append(b, key, value);
        TRY(start_sorting(b));
    }
    return sorter_add(b->sorter, key, value);
}

/* ---- the end ---- */

/* The batches written before sorting began, read beside the sorted entries to find equal keys. */
struct written {
    struct kv_cursor *cursor; /* NULL: there are none */
    struct str key;
    struct str value;
    bool found;
    char lo[4];
    char hi[4];
};

static struct err *written_next(struct written *w)
{
    uint64_t csn;
    return kv_cursor_next(w->cursor, &w->key, &w->value, &csn, &w->found);
}

static struct err *written_open(struct written *w, struct kv_gen *gen, uint32_t storage_id)
{
    store_be32(w->lo, storage_id);
    store_be32(w->hi, storage_id + 1);
    TRY(kv_cursor_new(&w->cursor));
    TRY(kv_cursor_open(w->cursor, gen, str_make(w->lo, 4), str_make(w->hi, 4), false));
    return written_next(w);
}

/* *keep is false when the key is written already and its entry is to stay. */
static struct err *meet_written(struct txn_bulk *b, struct written *w, struct str key,
                                struct str value, bool *keep)
{
    int order = -1;
    *keep = true;
    while (w->cursor && w->found && (order = str_cmp(w->key, key)) < 0)
        TRY(written_next(w));
    if (!w->cursor || !w->found || order != 0)
        return NULL;
    if (b->on_duplicate)
        TRY(b->on_duplicate(b->arg, key, w->value, value, keep));
    b->written -= *keep;
    return NULL;
}

static struct err *write_sorted(struct txn_bulk *b, struct written *w)
{
    TRY(sorter_finish(b->sorter));
    for (;;) {
        struct str key;
        struct str value;
        bool found;
        bool keep;
        TRY(sorter_next(b->sorter, &key, &value, &found));
        if (!found)
            return NULL;
        TRY(meet_written(b, w, key, value, &keep));
        if (keep)
            TRY(append(b, key, value));
    }
}

static struct err *finish(struct txn_bulk *b)
{
    struct store *store = b->txn->mgr->store;
    struct written w = {0};
    struct kv_gen *before = NULL;
    struct err *e = NULL;
    if (b->sorter && b->begun) {
        TRY(wait_written(b));
        TRY(store_load_end(store, &before));
        e = written_open(&w, before, b->storage_id);
    }
    if (!e && b->sorter)
        e = write_sorted(b, &w);
    kv_cursor_free(w.cursor);
    kv_gen_unref(before);
    TRY(e);
    TRY(write_batch(b));
    TRY(wait_written(b));
    return store_load_end(store, &b->gen);
}

static void finish_job(void *arg)
{
    struct txn_bulk *b = arg;
    b->result = finish(b);
    if (b->result && b->writing)
        err_free(wait_written(b));
}

void txn_bulk_abort(struct txn_bulk *b)
{
    if (!b)
        return;
    err_free(wait_written(b));
    if (b->begun)
        store_discard(b->txn->mgr->store, b->storage_id);
    sorter_free(b->sorter);
    batch_done(&b->batches[0]);
    batch_done(&b->batches[1]);
    free(b);
}

struct err *txn_bulk_finish(struct txn_bulk *b, uint64_t *written)
{
    struct txn *t = b->txn;
    b->result = wait_written(b); /* by whom it was started */
    if (!b->result && b->sorter)
        b->result = sorter_settle(b->sorter);
    if (!b->result)
        pool_run(finish_job, b);
    if (b->result) {
        struct err *e = b->result;
        txn_bulk_abort(b);
        return e;
    }
    t->load_gens =
        grow_array(t->load_gens, t->load_gen_count, &t->load_gen_cap, sizeof(struct kv_gen *));
    t->load_gens[t->load_gen_count++] = b->gen;
    t->loads = grow_array(t->loads, t->load_count, &t->load_cap, sizeof(*t->loads));
    t->loads[t->load_count++] = b->storage_id;
    t->has_writes = true;
    if (written)
        *written = b->written;
    b->begun = false; /* the transaction's from now on */
    txn_bulk_abort(b);
    return NULL;
}
