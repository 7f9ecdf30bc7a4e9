/* Start: what LMDB knows, then redo of the log after it. */
#include "storage/store_internal.h"

#include "base/log.h"

#include <stdlib.h>

enum { XID_GAP = 1 << 20 }; /* numbers given out after the last checkpoint are lost */

static struct err *load_meta(struct store *s, struct lsn *redo)
{
    struct str value;
    uint64_t csn;
    bool found;
    uint32_t next_id = STORE_FIRST_USER_ID;
    uint64_t next_xid = 3; /* as PostgreSQL: the first normal one */
    *redo = (struct lsn){0};
    TRY(kv_get(s->gen, meta_key, &value, &csn, &found));
    if (found) {
        if (s->is_new)
            return err_new("XX001", "data directory \"%s\" has data but no FORMAT file", s->dir);
        if (value.len != META_BYTES)
            return err_new("XX001", "checkpoint record has a wrong length");
        s->last_csn = load_le64(value.data);
        redo->v = load_le64(value.data + 8);
        next_xid = load_le64(value.data + 16) + XID_GAP;
        next_id = load_le32(value.data + 24);
    }
    atomic_store_explicit(&s->next_id, next_id, memory_order_relaxed);
    atomic_store_explicit(&s->next_xid, next_xid, memory_order_relaxed);
    return NULL;
}

/* Calls `each` for the entries of one of the store's own kinds. */
static struct err *each_id(struct store *s, uint32_t kind,
                           void (*each)(struct store *s, uint32_t storage_id, struct str value))
{
    char lo[4];
    char hi[4];
    struct kv_cursor *c;
    struct str key;
    struct str value;
    uint64_t csn;
    bool found = true;
    store_be32(lo, kind);
    store_be32(hi, kind + 1);
    TRY(kv_cursor_new(&c));
    struct err *e = kv_cursor_open(c, s->gen, str_make(lo, 4), str_make(hi, 4), false);
    while (!e && found) {
        e = kv_cursor_next(c, &key, &value, &csn, &found);
        if (!e && found && key.len == 8)
            each(s, load_be32(key.data + 4), value);
    }
    kv_cursor_free(c);
    return e;
}

static void load_count(struct store *s, uint32_t storage_id, struct str value)
{
    if (value.len == 8 && storage_id)
        count_map_add(&s->row_counts, storage_id, (int64_t)load_le64(value.data));
}

static void reserve_id(struct store *s, uint32_t storage_id)
{
    if (storage_id >= atomic_load_explicit(&s->next_id, memory_order_relaxed))
        atomic_store_explicit(&s->next_id, storage_id + 1, memory_order_relaxed);
}

static void load_dropped(struct store *s, uint32_t storage_id, struct str value)
{
    (void)value;
    reserve_id(s, storage_id);
    store_discard(s, storage_id);
}

static bool has_load(const struct store_table *t, uint32_t storage_id)
{
    for (size_t i = 0; i < t->load_count; i++)
        if (t->loads[i] == storage_id)
            return true;
    return false;
}

/* A load that began: committed if the log said so, else garbage. */
static void load_loading(struct store *s, uint32_t storage_id, struct str value)
{
    (void)value;
    reserve_id(s, storage_id);
    if (has_load(s->active, storage_id))
        return;
    for (int i = 0; i < s->frozen_count; i++)
        if (has_load(s->frozen[i], storage_id))
            return;
    store_discard(s, storage_id);
}

static struct err *redo_record(void *arg, const struct wal_record *record)
{
    return redo_add(arg, record);
}

static void on_durable(void *arg, uint64_t csn)
{
    store_make_visible(arg, csn);
}

static void on_wal_failure(void *arg, struct err *e)
{
    (void)arg;
    store_panic("writing the WAL failed", e);
}

struct err *store_recover(struct store *s)
{
    struct lsn redo;
    TRY(load_meta(s, &redo));
    TRY(each_id(s, ID_COUNT, load_count));
    atomic_store_explicit(&s->redo_lsn, redo.v, memory_order_relaxed);
    struct redo *r = NULL;
    TRY(redo_new(s, &r));
    struct wal_config config = {
        .files = s->config.files,
        .dir = s->wal_dir,
        .segment_bytes = s->config.wal_segment_bytes,
        .fsync = s->config.fsync,
        .on_durable = on_durable,
        .on_failure = on_wal_failure,
        .arg = s,
    };
    struct err *e = wal_open(&config, redo, redo_record, r, &s->wal);
    if (!e)
        e = redo_finish(r);
    redo_free(r);
    TRY(e);
    TRY(each_id(s, ID_DROPPED, load_dropped));
    TRY(each_id(s, ID_LOADING, load_loading));
    atomic_store_explicit(&s->logged_id, atomic_load_explicit(&s->next_id, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&s->tail_lsn, wal_tail(s->wal).v, memory_order_relaxed);
    atomic_store_explicit(&s->active_bytes, s->active->map.arena.used_bytes, memory_order_relaxed);
    atomic_store_explicit(&s->newest_csn, s->last_csn, memory_order_release);
    atomic_store_explicit(&s->visible_csn, s->last_csn, memory_order_release);
    return NULL;
}
