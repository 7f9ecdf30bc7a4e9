/* Bulk load: sort, then write batches straight to LMDB. The data is invisible until the catalog
 * refers to its storage id; a crash before that makes recovery discard it (store_load_begin). */
#include "rt/pool.h"
#include "storage/kv.h"
#include "storage/sort.h"
#include "txn/txn_internal.h"

#include <stdlib.h>

enum { BATCH_BYTES = 16 << 20, BATCH_ENTRIES = 200000 };

struct txn_bulk {
    struct txn *txn;
    uint32_t storage_id;
    struct sorter *sorter;
};

struct err *txn_bulk_begin(struct txn *t, uint32_t storage_id, size_t sort_bytes,
                           struct txn_bulk **out)
{
    if (t->read_only)
        return err_new("25006", "cannot change data in a read-only transaction");
    struct txn_bulk *b = calloc(1, sizeof(*b));
    if (!b)
        return err_oom();
    b->txn = t;
    b->storage_id = storage_id;
    struct err *e = sorter_new(store_tmp_dir(t->mgr->store), sort_bytes, &b->sorter);
    if (e) {
        free(b);
        return e;
    }
    *out = b;
    return NULL;
}

struct err *txn_bulk_add(struct txn_bulk *b, struct str key, struct str value)
{
    ASSERT(key.len >= 4 && key_storage_id(key) == b->storage_id);
    if (key.len > STORE_MAX_KEY_BYTES)
        return err_new("54000", "key of %zu bytes is too long", key.len);
    return sorter_add(b->sorter, key, value);
}

void txn_bulk_abort(struct txn_bulk *b)
{
    if (!b)
        return;
    sorter_free(b->sorter);
    free(b);
}

/* Entries on their way to LMDB; the bytes are copied, because the sorter's do not last. */
struct batch {
    struct arena arena;
    struct str *keys;
    struct str *values;
    size_t count;
    size_t bytes;
};

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

static struct err *batch_write(struct txn_bulk *bulk, struct batch *b)
{
    struct store_batch batch = {b->keys, b->values, b->count};
    if (b->count == 0)
        return NULL;
    TRY(store_load_batch(bulk->txn->mgr->store, &batch));
    arena_reset(&b->arena);
    b->count = b->bytes = 0;
    return NULL;
}

struct finish {
    struct txn_bulk *bulk;
    txn_bulk_duplicate on_duplicate;
    void *arg;
    uint64_t written;
    struct kv_gen *gen;
    struct err *result;
};

/* The newest entry waits in the batch until a different key follows. */
static struct err *take_entry(struct finish *f, struct batch *b, struct str key, struct str value)
{
    if (b->count && str_eq(b->keys[b->count - 1], key)) {
        bool keep_new = true;
        if (f->on_duplicate)
            TRY(f->on_duplicate(f->arg, key, b->values[b->count - 1], value, &keep_new));
        if (keep_new) {
            b->count--;
            return batch_push(b, key, value);
        }
        return NULL;
    }
    if (b->count == BATCH_ENTRIES || b->bytes >= BATCH_BYTES) {
        TRY(batch_write(f->bulk, b));
    }
    f->written++;
    return batch_push(b, key, value);
}

static struct err *write_all(struct finish *f, struct batch *b)
{
    struct txn_bulk *bulk = f->bulk;
    struct store *store = bulk->txn->mgr->store;
    TRY(sorter_finish(bulk->sorter));
    TRY(store_load_begin(store, bulk->storage_id));
    for (;;) {
        struct str key;
        struct str value;
        bool found;
        TRY(sorter_next(bulk->sorter, &key, &value, &found));
        if (!found)
            break;
        TRY(take_entry(f, b, key, value));
    }
    TRY(batch_write(bulk, b));
    return store_load_end(store, &f->gen);
}

static void finish_job(void *arg)
{
    struct finish *f = arg;
    struct batch b = {.count = 0};
    arena_init(&b.arena);
    b.keys = malloc(BATCH_ENTRIES * sizeof(*b.keys));
    b.values = malloc(BATCH_ENTRIES * sizeof(*b.values));
    f->result = b.keys && b.values ? write_all(f, &b) : err_oom();
    free(b.keys);
    free(b.values);
    arena_done(&b.arena);
}

struct err *txn_bulk_finish(struct txn_bulk *b, txn_bulk_duplicate on_duplicate, void *arg,
                            uint64_t *written)
{
    struct txn *t = b->txn;
    struct finish f = {.bulk = b, .on_duplicate = on_duplicate, .arg = arg};
    pool_run(finish_job, &f);
    if (f.result) {
        store_discard(t->mgr->store, b->storage_id);
        txn_bulk_abort(b);
        return f.result;
    }
    t->load_gens =
        grow_array(t->load_gens, t->load_gen_count, &t->load_gen_cap, sizeof(struct kv_gen *));
    t->load_gens[t->load_gen_count++] = f.gen;
    t->loads = grow_array(t->loads, t->load_count, &t->load_cap, sizeof(*t->loads));
    t->loads[t->load_count++] = b->storage_id;
    t->has_writes = true;
    if (written)
        *written = f.written;
    txn_bulk_abort(b);
    return NULL;
}
