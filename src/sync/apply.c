/* What versions of the source changed, written into the table: the incremental half of syncing.
 *
 * A version at a time: the keys of the rows that it deleted are collected, then come the rows that
 * it inserted. One whose key is in the collection replaces the row; the keys that are left name the
 * rows that are gone. So an update costs one write and touches only the indexes of columns that
 * changed, and a row that a rewritten file has as it was costs none. Where another unique index
 * could stand in the way of that order, or the keys need more than KEYS_BYTES, rows are deleted
 * first.
 *
 * Where several rows of the source may have one key (TIMESERIES KEY, on_duplicate_key = quarantine)
 * the table has one of them. When that one may be gone, the key is in doubt: what else the versions
 * say of it is passed over, and at the end one scan of the source as of the version reached finds
 * all rows of the keys in doubt. More than KEYS_BYTES of them call for a whole copy.
 *
 * Everything here runs in one job on a pool thread, which then is the one that uses the session's
 * transaction; the session's fiber waits. */
#include "sync/sync_internal.h"

#include "base/hash.h"
#include "types/tuple.h"
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
        struct row_group group; /* of keys in doubt */
        uint8_t *best;          /* likewise: the tuple that stays, on the heap; NULL: none */
        size_t best_bytes;
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
    struct key_set doubt;
    struct row_taker taker;
    struct pace pace;
    double share;    /* of the versions from a->from on, before the present batch */
    bool whole_rows; /* rows that are deleted come with all columns */
    bool unique;     /* an index beside the primary one */
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

static struct gone *key_set_find(struct key_set *set, struct str key)
{
    if (!set->count)
        return NULL;
    size_t at = slot_of(set, key, hash_bytes(key.data, key.len, 0));
    return set->slots[at] ? &set->items[set->slots[at] - 1] : NULL;
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
    if (!e && *found && !rows_same(ap->rel, ap->old, ap->row)) {
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

static bool in_doubt(struct applier *ap, struct str key)
{
    return key_set_find(&ap->doubt, key) != NULL;
}

/* The rows of the key are looked for in the source at the end. */
static struct err *put_in_doubt(struct applier *ap, struct str key, const struct datum *row)
{
    if (in_doubt(ap, key))
        return NULL;
    TRY(key_set_add(&ap->doubt, key));
    struct gone *g = key_set_find(&ap->doubt, key);
    ap->a->too_many = ap->doubt.arena.used_bytes > KEYS_BYTES;
    return row ? rows_group(&ap->taker, row, &g->group) : NULL;
}

static struct err *reject_duplicate(struct applier *ap, int64_t version)
{
    struct reject reject;
    TRY(rows_duplicate(&ap->taker, ap->row, &reject));
    return rejects_add(ap->a->rejects, &reject, version, delta_changes_file(ap->inserted));
}

static struct err *insert_new(struct applier *ap, int64_t version)
{
    struct table_conflict conflict;
    TRY(table_insert(&ap->writer, ap->row, &conflict, NULL));
    if (conflict.index && conflict.index->primary && ap->a->policy->quarantine_duplicate)
        return reject_duplicate(ap, version);
    if (conflict.index)
        return conflict_error(ap, &conflict);
    ap->a->inserted++;
    return NULL;
}

/* Of a table with a TIMESERIES KEY: the row of the key that there is may stay. */
static struct err *insert_timed(struct applier *ap, int64_t version)
{
    struct gone *g = key_set_find(&ap->gone, buf_str(&ap->key));
    bool gone = g && !g->replaced;
    struct txn_view view = txn_view_newest(ap->a->session->cat.txn);
    bool found = false;
    struct err *e = current_row(ap, &view, buf_str(&ap->key), &found);
    int order = found && !e ? rows_compare_times(&ap->taker, ap->row, ap->old) : 1;
    bool same = found && !e && rows_same(ap->rel, ap->old, ap->row);
    txn_view_done(&view);
    if (e || !found)
        return e ? e : insert_new(ap, version);
    if (order < 0)
        return gone ? put_in_doubt(ap, buf_str(&ap->key), ap->row) : NULL;
    if (g)
        g->replaced = true;
    if (same)
        return NULL;
    if (order == 0 && !gone)
        return put_in_doubt(ap, buf_str(&ap->key), ap->row);
    struct str key = arena_str(&ap->values, buf_str(&ap->key));
    return replace_row(ap, key, &found);
}

static struct err *insert_row(struct applier *ap, int64_t version)
{
    TRY(row_key(ap, ap->row));
    if (in_doubt(ap, buf_str(&ap->key)))
        return NULL;
    if (ap->a->policy->time_att >= 0)
        return insert_timed(ap, version);
    struct gone *g = key_set_find(&ap->gone, buf_str(&ap->key));
    if (g && !g->replaced) {
        bool found = false;
        g->replaced = true;
        TRY(replace_row(ap, g->key, &found));
        if (found)
            return NULL;
    }
    return insert_new(ap, version);
}

/* With a TIMESERIES KEY, what the row that is gone had won against may be there still. */
static struct err *delete_gone(struct applier *ap)
{
    bool timed = ap->a->policy->time_att >= 0;
    for (size_t i = 0; i < ap->gone.count; i++) {
        struct gone *g = &ap->gone.items[i];
        TRY(fiber_tick());
        if (!g->replaced)
            TRY(timed ? put_in_doubt(ap, g->key, NULL) : delete_row(ap, g->key));
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

/* The values of the key, or the whole row; *skip: it has no row in the table. */
static struct err *read_deleted(struct applier *ap, const struct lake_batch *b, uint32_t row,
                                int64_t version, bool *skip)
{
    const struct relation *rel = ap->rel;
    int att = -1;
    *skip = false;
    if (ap->whole_rows) {
        struct err *e = rows_take(&ap->taker, b, row, ap->row, &att);
        if (e)
            return where(e, rel, att, version);
        if (!ap->taker.refused)
            return NULL;
        struct reject reject;
        *skip = true;
        TRY(rows_refused(&ap->taker, b, row, &reject));
        return rejects_remove(ap->a->rejects, &reject);
    }
    for (int i = 0; i < rel->primary->nkeys; i++) {
        att = rel->primary->cols[i].attnum - 1;
        struct err *e = rows_value(&ap->taker, ap->keys[i], &b->columns[i], row, &ap->row[att]);
        if (e)
            return where(e, rel, att, version);
        if (ap->row[att].null && !ap->taker.policy.quarantine_null)
            return where(columns_null_key(rel, att), rel, -1, version);
        *skip |= ap->row[att].null;
    }
    return NULL;
}

static struct err *take_deleted_row(struct applier *ap)
{
    const struct row_policy *policy = ap->a->policy;
    bool known = true;
    TRY(row_key(ap, ap->row));
    struct str key = buf_str(&ap->key);
    if (in_doubt(ap, key))
        return NULL;
    if (policy->time_att >= 0) {
        struct txn_view view = txn_view_newest(ap->a->session->cat.txn);
        struct err *e = current_row(ap, &view, key, &known);
        if (!e && known)
            known = rows_compare_times(&ap->taker, ap->row, ap->old) >= 0;
        txn_view_done(&view);
        TRY(e);
    } else if (policy->quarantine_duplicate && ap->whole_rows) {
        struct row_group group;
        bool any;
        TRY(rows_group(&ap->taker, ap->row, &group));
        TRY(rejects_has_group(ap->a->rejects, &group, &any));
        if (any)
            return put_in_doubt(ap, key, ap->row);
    }
    return known ? key_set_add(&ap->gone, key) : NULL;
}

/* That row of the batch, the reader's present one, is done. Each version is read twice: what it
 * deleted, then what it inserted. */
static void note_progress(struct applier *ap, const struct lake_batch *b, uint32_t row)
{
    enum { EVERY_ROWS = 64 };
    const struct apply *a = ap->a;
    bool last = row + 1 == b->row_count;
    atomic_fetch_add_explicit(&a->progress->done, 1, memory_order_relaxed);
    if (!last && row % EVERY_ROWS)
        return;
    double share = (delta_changes_share(ap->deleted) + delta_changes_share(ap->inserted)) / 2;
    double now = ap->share + (share - ap->share) * (row + 1) / b->row_count;
    double before = (double)(a->from - a->first);
    double versions = before + now * (double)(a->to - a->from);
    uint32_t millionths = (uint32_t)(1e6 * versions / (double)(a->to - a->first));
    atomic_store_explicit(&a->progress->share, millionths, memory_order_relaxed);
    if (last)
        ap->share = share;
}

static struct err *take_deleted(struct applier *ap, int64_t version)
{
    const struct lake_batch *b;
    struct err *e;
    while (!(e = delta_changes_next(ap->deleted, version, &b)) && b) {
        for (uint32_t row = 0; row < b->row_count; row++) {
            bool skip;
            TRY(fiber_tick());
            TRY(pace_take(&ap->pace));
            arena_reset(&ap->values);
            TRY(read_deleted(ap, b, row, version, &skip));
            if (!skip)
                TRY(take_deleted_row(ap));
            ap->a->changes++;
            note_progress(ap, b, row);
        }
        ap->delete_first |= ap->gone.arena.used_bytes > KEYS_BYTES;
        if (ap->delete_first)
            TRY(delete_gone(ap));
    }
    return e;
}

static struct err *take_inserted(struct applier *ap, int64_t version)
{
    const struct lake_batch *b;
    struct err *e;
    while (!(e = delta_changes_next(ap->inserted, version, &b)) && b) {
        for (uint32_t row = 0; row < b->row_count; row++) {
            int att;
            struct reject reject;
            TRY(fiber_tick());
            TRY(pace_take(&ap->pace));
            arena_reset(&ap->values);
            struct err *bad = rows_take(&ap->taker, b, row, ap->row, &att);
            if (!bad && ap->taker.refused)
                bad = rows_refused(&ap->taker, b, row, &reject);
            if (!bad)
                bad = ap->taker.refused ? rejects_add(ap->a->rejects, &reject, version,
                                                      delta_changes_file(ap->inserted))
                                        : insert_row(ap, version);
            index_eval_reset(ap->indexes);
            if (bad)
                return where(bad, ap->rel, att, version);
            ap->a->changes++;
            note_progress(ap, b, row);
        }
    }
    return e;
}

/* ---- keys in doubt ---- */

/* A row of the source whose key is in doubt. */
static struct err *take_candidate(struct applier *ap, struct gone *g)
{
    bool better = true;
    if (g->best && ap->a->policy->time_att >= 0) {
        TRY(table_decode_row(ap->rel, str_make((char *)g->best, g->best_bytes), ap->rel->natts,
                             ap->old));
        better = rows_compare_times(&ap->taker, ap->row, ap->old) >= 0;
    } else if (g->best) {
        struct reject reject;
        TRY(rows_duplicate(&ap->taker, ap->row, &reject));
        return rejects_add(ap->a->rejects, &reject, ap->a->applied, STR(""));
    }
    if (!better)
        return NULL;
    struct buf tuple = BUF_INIT;
    tuple_encode(ap->rel->lens, ap->rel->natts, ap->row, &tuple);
    struct err *e = buf_finish(&tuple);
    if (e) {
        buf_done(&tuple);
        return e;
    }
    free(g->best);
    g->best = tuple.data;
    g->best_bytes = tuple.len;
    return NULL;
}

static struct err *scan_candidates(struct applier *ap, struct delta_scan *scan)
{
    const struct lake_batch *b;
    struct err *e;
    while (!(e = delta_scan_next(scan, &b)) && b) {
        for (uint32_t row = 0; row < b->row_count; row++) {
            int att;
            TRY(fiber_tick());
            TRY(pace_take(&ap->pace));
            arena_reset(&ap->values);
            e = rows_take(&ap->taker, b, row, ap->row, &att);
            if (e)
                return where(e, ap->rel, att, ap->a->applied);
            if (ap->taker.refused)
                continue;
            TRY(row_key(ap, ap->row));
            struct gone *g = key_set_find(&ap->doubt, buf_str(&ap->key));
            if (g)
                TRY(take_candidate(ap, g));
        }
    }
    return e;
}

/* Looks in the source, as of the version reached, for the rows of the keys in doubt. */
static struct err *find_candidates(struct applier *ap)
{
    struct apply *a = ap->a;
    struct delta_snapshot *now = NULL;
    struct delta_scan *scan = NULL;
    struct delta_at at = {.when = DELTA_VERSION, .version = a->applied};
    struct delta_scan_options options = {.columns = a->columns->source,
                                         .column_count = (size_t)a->columns->count};
    struct err *e = delta_open(a->store, a->path, at, &now);
    if (!e && a->applied < a->to && !lake_type_equal(delta_schema(now), a->schema))
        a->too_many = true; /* its columns are not those of `columns` */
    else if (!e)
        e = delta_scan_new(now, &options, &scan);
    if (scan)
        e = scan_candidates(ap, scan);
    delta_scan_free(scan);
    delta_close(now);
    return e;
}

/* `only_delete`: what is in the way of others, where an index is unique. */
static struct err *settle(struct applier *ap, struct gone *g, bool only_delete)
{
    bool found = false;
    if (!g->best)
        return delete_row(ap, g->key);
    TRY(table_decode_row(ap->rel, str_make((char *)g->best, g->best_bytes), ap->rel->natts,
                         ap->row));
    if (only_delete) {
        struct txn_view view = txn_view_newest(ap->a->session->cat.txn);
        struct err *e = current_row(ap, &view, g->key, &found);
        bool same = !e && found && rows_same(ap->rel, ap->old, ap->row);
        txn_view_done(&view);
        return e || !found || same ? e : delete_row(ap, g->key);
    }
    TRY(replace_row(ap, g->key, &found));
    return found ? NULL : insert_new(ap, ap->a->applied);
}

static struct err *resolve_doubt(struct applier *ap)
{
    struct key_set *doubt = &ap->doubt;
    struct err *e = NULL;
    bool groups = ap->a->policy->time_att < 0;
    for (size_t i = 0; i < doubt->count && groups && !e; i++)
        e = rejects_begin_replace(ap->a->rejects, &doubt->items[i].group);
    if (!e)
        e = find_candidates(ap);
    for (int pass = ap->unique ? 0 : 1; pass < 2; pass++)
        for (size_t i = 0; i < doubt->count && !e && !ap->a->too_many; i++) {
            e = settle(ap, &doubt->items[i], pass == 0);
            index_eval_reset(ap->indexes);
        }
    for (size_t i = 0; i < doubt->count && groups && !e; i++)
        e = rejects_end_replace(ap->a->rejects, &doubt->items[i].group);
    for (size_t i = 0; i < doubt->count; i++)
        free(doubt->items[i].best);
    key_set_reset(doubt);
    return e;
}

/* ---- all ---- */

static struct err *begin_version(struct applier *ap, int64_t version, bool *other_columns)
{
    TRY(delta_changes_begin(ap->deleted, version, other_columns));
    return delta_changes_begin(ap->inserted, version, other_columns);
}

static struct err *apply_versions(struct applier *ap)
{
    struct apply *a = ap->a;
    for (int64_t v = a->from + 1; v <= a->to; v++) {
        bool other_columns;
        TRY(begin_version(ap, v, &other_columns));
        a->other_columns = other_columns && v == a->from + 1;
        if (other_columns)
            break;
        ap->delete_first = ap->unique;
        TRY(take_deleted(ap, v));
        TRY(take_inserted(ap, v));
        TRY(delete_gone(ap));
        a->applied = v;
        a->commit_us = delta_changes_commit_us(ap->inserted);
        if (a->too_many)
            return NULL;
        /* From the first reject on, whole rows of what is deleted are needed. */
        if (a->changes >= a->batch_rows || (a->rejects->added && !ap->whole_rows))
            break;
    }
    return ap->doubt.count ? resolve_doubt(ap) : NULL;
}

static struct err *open_changes(struct applier *ap)
{
    struct apply *a = ap->a;
    uint32_t keys[MAX_KEYS];
    const struct index *primary = ap->rel->primary;
    TRY(delta_changes_of(a->store, a->snapshot, a->from + 1, &ap->deleted));
    TRY(delta_changes_again(ap->deleted, &ap->inserted));
    for (int i = 0; i < primary->nkeys; i++) {
        for (int k = 0; k < a->columns->count; k++)
            if (a->columns->atts[k] == primary->cols[i].attnum - 1)
                ap->keys[i] = k;
        keys[i] = a->columns->source[ap->keys[i]];
    }
    if (ap->whole_rows)
        TRY(delta_changes_select(ap->deleted, DELTA_DELETED, a->columns->source,
                                 (size_t)a->columns->count));
    else
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
    delta_changes_close(ap->inserted);
    delta_changes_close(ap->deleted);
}

struct err *apply_run(struct apply *a)
{
    struct applier ap = {.a = a, .rel = a->rel, .key = BUF_INIT};
    struct exec_env env = session_exec_env(a->session);
    CHECK(a->rel->primary && a->from < a->to);
    a->applied = a->from;
    arena_init(&ap.arena);
    arena_init(&ap.values);
    arena_init(&ap.gone.arena);
    arena_init(&ap.doubt.arena);
    rows_init(&ap.taker, a->session, a->rel, a->columns, a->policy, &ap.values);
    ap.whole_rows =
        a->had_rejects || a->policy->bad_value == BAD_QUARANTINE || a->policy->time_att >= 0;
    ap.row = arena_new_array(&ap.arena, struct datum, a->rel->natts + 1);
    for (int i = 0; i < a->rel->natts; i++)
        ap.row[i] = datum_null(); /* what is dropped stays so */
    ap.old = arena_new_array(&ap.arena, struct datum, a->rel->natts + 1);
    for (int i = 0; i < a->rel->nindexes; i++)
        ap.unique |= a->rel->indexes[i].unique && !a->rel->indexes[i].primary;
    ap.indexes = index_eval_new(&env, a->rel);
    table_writer_init(&ap.writer, &a->session->cat, a->rel);
    ap.writer.hooks = index_eval_hooks(ap.indexes);
    ap.pace.rows_per_second = a->rate_limit_rows;
    pool_run_background(apply_job, &ap);
    table_writer_done(&ap.writer);
    index_eval_free(ap.indexes);
    buf_done(&ap.key);
    rows_done(&ap.taker);
    arena_done(&ap.doubt.arena);
    arena_done(&ap.gone.arena);
    arena_done(&ap.values);
    arena_done(&ap.arena);
    return ap.e;
}
