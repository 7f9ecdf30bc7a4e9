/* What versions of the source changed, written into the table: the incremental half of syncing.
 *
 * A version at a time: the keys of the rows that it deleted are collected, then come the rows that
 * it inserted. One whose key is in the collection replaces the row; the keys that are left name the
 * rows that are gone. So an update costs one write and touches only the indexes of columns that
 * changed, and a row that a rewritten file has as it was costs none. Where another unique index
 * could stand in the way of that order, or the keys need more than KEYS_BYTES, rows are deleted
 * first.
 *
 * Everything here runs in one job on a pool thread, which then is the one that uses the session's
 * transaction; the session's fiber waits. */
#include "sync/sync_internal.h"

#include "base/hash.h"
#include "catalog/table.h"
#include "exec/index_eval.h"
#include "rt/fiber.h"
#include "rt/pool.h"

#include <stdlib.h>

enum { KEYS_BYTES = 64 << 20, MAX_KEYS = 32 };

/* Row keys of deleted rows. Open addressing; slots hold entry index + 1. */
struct key_set {
    struct arena arena;
    struct gone {
        struct str key;
        uint64_t hash;
        bool replaced;
    } * items;
    size_t count, capacity;
    uint32_t *slots;
    size_t slot_count; /* a power of two */
};

struct applier {
    struct apply *a;
    struct relation *rel;
    struct delta_changes *deleted;  /* key columns */
    struct delta_changes *inserted; /* all columns */
    struct table_writer writer;
    struct index_eval *indexes;
    struct key_set gone;
    bool delete_first;
    struct arena arena;  /* of the run */
    struct arena values; /* of a row */
    struct datum *row;
    struct datum *old;
    struct buf key;
    int keys[MAX_KEYS]; /* which of the columns the key's are */
    struct err *e;
};

/* ---- keys ---- */

static struct err *grow_slots(struct key_set *set)
{
    size_t n = set->slot_count ? set->slot_count * 2 : 256;
    uint32_t *slots = arena_try_alloc(&set->arena, n * sizeof(*slots));
    if (!slots)
        return err_oom();
    memset(slots, 0, n * sizeof(*slots));
    for (size_t i = 0; i < set->count; i++) {
        size_t at = set->items[i].hash & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (uint32_t)i + 1;
    }
    set->slots = slots;
    set->slot_count = n;
    return NULL;
}

static size_t slot_of(const struct key_set *set, struct str key, uint64_t hash)
{
    size_t at = hash & (set->slot_count - 1);
    for (; set->slots[at]; at = (at + 1) & (set->slot_count - 1)) {
        const struct gone *g = &set->items[set->slots[at] - 1];
        if (g->hash == hash && str_eq(g->key, key))
            break;
    }
    return at;
}

static struct err *key_set_add(struct key_set *set, struct str key)
{
    uint64_t hash = hash_bytes(key.data, key.len, 0);
    if ((set->count + 1) * 2 > set->slot_count)
        TRY(grow_slots(set));
    size_t at = slot_of(set, key, hash);
    if (set->slots[at])
        return NULL;
    struct gone g = {.key = arena_str(&set->arena, key), .hash = hash};
    ARENA_PUSH(&set->arena, set->items, set->count, set->capacity, g);
    set->slots[at] = (uint32_t)set->count;
    return NULL;
}

static struct gone *key_set_find(struct key_set *set, struct str key)
{
    if (!set->count)
        return NULL;
    size_t at = slot_of(set, key, hash_bytes(key.data, key.len, 0));
    return set->slots[at] ? &set->items[set->slots[at] - 1] : NULL;
}

static void key_set_reset(struct key_set *set)
{
    arena_reset(&set->arena);
    set->items = NULL;
    set->slots = NULL;
    set->count = set->capacity = set->slot_count = 0;
}

/* ---- rows ---- */

static struct err *row_key(struct applier *ap, const struct datum *row)
{
    buf_reset(&ap->key);
    table_put_row_key(&ap->key, ap->rel->storage_id, ap->rel, row);
    return buf_finish(&ap->key);
}

/* The row of that key as it is now, into ap->old; its bytes live until the view is done. */
static struct err *current_row(struct applier *ap, const struct txn_view *view, struct str key,
                               bool *found)
{
    struct str bytes;
    TRY(txn_get(view, key, &bytes, found));
    return *found ? table_decode_row(ap->rel, bytes, ap->rel->natts, ap->old) : NULL;
}

static bool same_row(const struct relation *rel, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < rel->natts; i++) {
        if (a[i].null != b[i].null)
            return false;
        if (a[i].null || rel->atts[i].dropped)
            continue;
        if (rel->atts[i].ops->byval ? a[i].u != b[i].u
                                    : a[i].len != b[i].len || memcmp(a[i].p, b[i].p, a[i].len) != 0)
            return false;
    }
    return true;
}

static struct err *lock(struct applier *ap, struct str key)
{
    bool locked;
    return txn_lock_key(ap->a->session->cat.txn, key, TXN_UPDATE, TXN_WAIT, &locked);
}

static struct err *delete_row(struct applier *ap, struct str key)
{
    struct txn_view view = txn_view_newest(ap->a->session->cat.txn);
    bool found = false;
    struct err *e = current_row(ap, &view, key, &found);
    if (!e && found)
        e = lock(ap, key);
    if (!e && found)
        e = table_delete(&ap->writer, key, ap->old);
    txn_view_done(&view);
    index_eval_reset(ap->indexes);
    ap->a->deleted += !e && found;
    return e;
}

static struct err *conflict_error(struct applier *ap, const struct table_conflict *conflict)
{
    struct err *e = table_unique_error(&ap->writer, conflict, ap->row);
    return err_hint(e, "Make the key unique in the source, or choose another %s.",
                    conflict->index->primary ? "PRIMARY KEY" : "unique index");
}

/* In place of a row that the version deleted. */
static struct err *replace_row(struct applier *ap, struct str key, bool *found)
{
    struct txn_view view = txn_view_newest(ap->a->session->cat.txn);
    struct table_conflict conflict = {0};
    struct str new_key;
    struct err *e = current_row(ap, &view, key, found);
    if (!e && *found && !same_row(ap->rel, ap->old, ap->row)) {
        e = lock(ap, key);
        if (!e)
            e = table_update(&ap->writer, key, ap->old, ap->row, &conflict, &new_key);
        if (!e && conflict.index)
            e = conflict_error(ap, &conflict);
        ap->a->updated += !e;
    }
    txn_view_done(&view);
    return e;
}

static struct err *insert_row(struct applier *ap)
{
    struct table_conflict conflict;
    TRY(row_key(ap, ap->row));
    struct gone *g = key_set_find(&ap->gone, buf_str(&ap->key));
    if (g && !g->replaced) {
        bool found = false;
        g->replaced = true;
        TRY(replace_row(ap, g->key, &found));
        if (found)
            return NULL;
    }
    TRY(table_insert(&ap->writer, ap->row, &conflict, NULL));
    if (conflict.index)
        return conflict_error(ap, &conflict);
    ap->a->inserted++;
    return NULL;
}

static struct err *delete_gone(struct applier *ap)
{
    for (size_t i = 0; i < ap->gone.count; i++) {
        TRY(fiber_tick());
        if (!ap->gone.items[i].replaced)
            TRY(delete_row(ap, ap->gone.items[i].key));
    }
    key_set_reset(&ap->gone);
    return NULL;
}

/* ---- versions ---- */

static struct err *where(struct err *e, const struct relation *rel, int att, int64_t version)
{
    if (att >= 0)
        err_context(e, "column \"%s\"", rel->atts[att].name);
    err_context(e, "version %lld of the source", (long long)version);
    return e;
}

static struct err *take_deleted(struct applier *ap, int64_t version)
{
    const struct relation *rel = ap->rel;
    const struct lake_batch *b;
    struct err *e;
    while (!(e = delta_changes_next(ap->deleted, version, &b)) && b) {
        for (uint32_t row = 0; row < b->row_count; row++) {
            TRY(fiber_tick());
            arena_reset(&ap->values);
            for (int i = 0; i < rel->primary->nkeys; i++) {
                int att = rel->primary->cols[i].attnum - 1;
                struct err *bad = columns_value(ap->a->columns, ap->keys[i], &b->columns[i], row,
                                                &ap->a->session->types, &ap->values, &ap->row[att]);
                if (bad)
                    return where(bad, rel, att, version);
                if (ap->row[att].null)
                    return where(columns_null_key(rel, att), rel, -1, version);
            }
            TRY(row_key(ap, ap->row));
            TRY(key_set_add(&ap->gone, buf_str(&ap->key)));
            ap->a->changes++;
        }
        ap->delete_first |= ap->gone.arena.used_bytes > KEYS_BYTES;
        if (ap->delete_first)
            TRY(delete_gone(ap));
    }
    return e;
}

static struct err *take_inserted(struct applier *ap, int64_t version)
{
    const struct relation *rel = ap->rel;
    const struct sync_columns *columns = ap->a->columns;
    const struct lake_batch *b;
    struct err *e;
    while (!(e = delta_changes_next(ap->inserted, version, &b)) && b) {
        for (uint32_t row = 0; row < b->row_count; row++) {
            TRY(fiber_tick());
            arena_reset(&ap->values);
            for (int i = 0; i < columns->count; i++) {
                int att = columns->atts[i];
                struct err *bad = columns_value(columns, i, &b->columns[i], row,
                                                &ap->a->session->types, &ap->values, &ap->row[att]);
                if (bad)
                    return where(bad, rel, att, version);
                if (ap->row[att].null && columns_is_key(rel, att))
                    return where(columns_null_key(rel, att), rel, -1, version);
            }
            struct err *bad = insert_row(ap);
            index_eval_reset(ap->indexes);
            if (bad)
                return where(bad, rel, -1, version);
            ap->a->changes++;
        }
    }
    return e;
}

static struct err *apply_versions(struct applier *ap)
{
    struct apply *a = ap->a;
    bool eager = ap->delete_first;
    for (int64_t v = a->from + 1; v <= a->to; v++) {
        ap->delete_first = eager;
        TRY(take_deleted(ap, v));
        TRY(take_inserted(ap, v));
        TRY(delete_gone(ap));
        a->applied = v;
        a->commit_us = delta_changes_commit_us(ap->inserted);
        if (a->changes >= a->batch_rows)
            break;
    }
    return NULL;
}

static struct err *open_changes(struct applier *ap)
{
    struct apply *a = ap->a;
    uint32_t keys[MAX_KEYS];
    const struct index *primary = ap->rel->primary;
    TRY(delta_changes_open(a->store, a->path, a->from + 1, a->to, &ap->deleted));
    TRY(delta_changes_open(a->store, a->path, a->from + 1, a->to, &ap->inserted));
    for (int i = 0; i < primary->nkeys; i++) {
        for (int k = 0; k < a->columns->count; k++)
            if (a->columns->atts[k] == primary->cols[i].attnum - 1)
                ap->keys[i] = k;
        keys[i] = a->columns->source[ap->keys[i]];
    }
    TRY(delta_changes_select(ap->deleted, DELTA_DELETED, keys, (size_t)primary->nkeys));
    return delta_changes_select(ap->inserted, DELTA_INSERTED, a->columns->source,
                                (size_t)a->columns->count);
}

static void count_read(struct applier *ap)
{
    struct delta_changes *readers[] = {ap->deleted, ap->inserted};
    for (size_t i = 0; i < ARRAY_LENGTH(readers); i++) {
        uint64_t files = 0;
        uint64_t bytes = 0;
        if (readers[i])
            delta_changes_read(readers[i], &files, &bytes);
        ap->a->files += files;
        ap->a->bytes += bytes;
    }
}

static void apply_job(void *arg)
{
    struct applier *ap = arg;
    ap->e = open_changes(ap);
    if (!ap->e)
        ap->e = apply_versions(ap);
    count_read(ap);
    delta_changes_close(ap->deleted);
    delta_changes_close(ap->inserted);
}

struct err *apply_run(struct apply *a)
{
    struct applier ap = {.a = a, .rel = a->rel, .key = BUF_INIT};
    struct exec_env env = session_exec_env(a->session);
    CHECK(a->rel->primary && a->from < a->to);
    arena_init(&ap.arena);
    arena_init(&ap.values);
    arena_init(&ap.gone.arena);
    ap.row = arena_new_array(&ap.arena, struct datum, a->rel->natts + 1);
    for (int i = 0; i < a->rel->natts; i++)
        ap.row[i] = datum_null(); /* what is dropped stays so */
    ap.old = arena_new_array(&ap.arena, struct datum, a->rel->natts + 1);
    for (int i = 0; i < a->rel->nindexes; i++)
        ap.delete_first |= a->rel->indexes[i].unique && !a->rel->indexes[i].primary;
    ap.indexes = index_eval_new(&env, a->rel);
    table_writer_init(&ap.writer, &a->session->cat, a->rel);
    ap.writer.hooks = index_eval_hooks(ap.indexes);
    pool_run(apply_job, &ap);
    table_writer_done(&ap.writer);
    index_eval_free(ap.indexes);
    buf_done(&ap.key);
    arena_done(&ap.gone.arena);
    arena_done(&ap.values);
    arena_done(&ap.arena);
    return ap.e;
}
