/* Rows of sources that their tables do not have: tarn.sync_reject_rows, by the run's transaction.
 *
 * A row is known by its table, the group of its key (of rows whose key another row has; zeros for
 * all others) and a digest of its values; equal rows are counted. Replacing all of a table, or of a
 * group, sets the counts to zero, counts anew, and deletes what then has none, so that a row that
 * is refused again keeps the time at which it was first seen. */
#include "sync/sync_internal.h"

#include "catalog/table.h"
#include "types/key.h"

#include <stdlib.h>

enum {
    RJ_RELID,
    RJ_GROUP,
    RJ_DIGEST,
    RJ_COPIES,
    RJ_VERSION,
    RJ_FILE,
    RJ_KEY,
    RJ_REASON,
    RJ_ROW,
    RJ_FIRST,
    RJ_LAST,
    RJ_COUNT
};

struct err *rejects_open(struct rejects *r, struct session *s, uint32_t relid, int64_t now_us)
{
    uint32_t oid;
    bool locked;
    *r = (struct rejects){.s = s, .relid = relid, .now = now_us - PG_EPOCH_US};
    r->key = (struct buf)BUF_INIT;
    TRY(cat_find_relation(&s->cat, STR("tarn"), STR("sync_reject_rows"), false, &oid));
    TRY(txn_lock_table(s->cat.txn, oid, TXN_ROW_EXCLUSIVE, TXN_WAIT, &locked));
    TRY(cat_relation(&s->cat, oid, &r->rel));
    if (!r->rel || !r->rel->primary || r->rel->natts != RJ_COUNT)
        return err_new("XX000", "table tarn.sync_reject_rows does not have its expected form");
    table_writer_init(&r->writer, &s->cat, r->rel);
    return NULL;
}

void rejects_close(struct rejects *r)
{
    if (!r->rel)
        return;
    table_writer_done(&r->writer);
    buf_done(&r->key);
    relation_unref(r->rel);
    r->rel = NULL;
}

static void put_key(struct rejects *r, const struct row_group *group, const uint64_t *digest,
                    struct datum *v)
{
    v[RJ_RELID] = datum_int(r->relid);
    v[RJ_GROUP] = datum_bytes(group, sizeof(*group));
    v[RJ_DIGEST] = datum_bytes(digest, 2 * sizeof(*digest));
    buf_reset(&r->key);
    table_put_row_key(&r->key, r->rel->storage_id, r->rel, v);
}

/* Writes the row that `key` names with other values, NULL: deletes it. */
static struct err *change(struct rejects *r, struct str key, const struct datum *old,
                          const struct datum *new)
{
    struct table_conflict conflict = {0};
    struct str new_key;
    return new ? table_update(&r->writer, key, old, new, &conflict, &new_key)
               : table_delete(&r->writer, key, old);
}

struct err *rejects_add(struct rejects *r, const struct reject *what, int64_t version,
                        struct str file)
{
    struct datum v[RJ_COUNT] = {0};
    struct datum old[RJ_COUNT];
    struct txn_view view = txn_view_newest(r->s->cat.txn);
    struct str bytes;
    bool found = false;
    if (r->taker) {
        txn_view_done(&view);
        return r->taker(r->arg, what);
    }
    put_key(r, &what->group, what->digest, v);
    struct err *e = buf_finish(&r->key);
    if (!e)
        e = txn_get(&view, buf_str(&r->key), &bytes, &found);
    if (!e && found)
        e = table_decode_row(r->rel, bytes, RJ_COUNT, old);
    v[RJ_COPIES] = datum_int(found && !e ? old[RJ_COPIES].i + 1 : 1);
    v[RJ_VERSION] = datum_int(version);
    v[RJ_FILE] = file.len ? datum_str(file) : datum_null();
    v[RJ_KEY] = datum_str(what->key);
    v[RJ_REASON] = datum_str(what->reason);
    v[RJ_ROW] = what->row;
    v[RJ_FIRST] = found && !e ? old[RJ_FIRST] : datum_int(r->now);
    v[RJ_LAST] = datum_int(r->now);
    struct table_conflict conflict;
    if (!e && found)
        e = change(r, buf_str(&r->key), old, v);
    else if (!e)
        e = table_insert(&r->writer, v, &conflict, NULL);
    txn_view_done(&view);
    r->added += !e;
    r->change += !e;
    return e;
}

struct err *rejects_remove(struct rejects *r, const struct reject *what)
{
    struct datum v[RJ_COUNT] = {0};
    struct datum old[RJ_COUNT];
    struct txn_view view = txn_view_newest(r->s->cat.txn);
    struct str bytes;
    bool found = false;
    put_key(r, &what->group, what->digest, v);
    struct err *e = buf_finish(&r->key);
    if (!e)
        e = txn_get(&view, buf_str(&r->key), &bytes, &found);
    if (!e && found)
        e = table_decode_row(r->rel, bytes, RJ_COUNT, old);
    if (!e && found) {
        memcpy(v, old, sizeof(v));
        v[RJ_COPIES].i--;
        e = change(r, buf_str(&r->key), old, v[RJ_COPIES].i > 0 ? v : NULL);
        r->change -= !e;
    }
    txn_view_done(&view);
    return e;
}

/* ---- many at once ---- */

enum { BATCH_ROWS = 256 };

/* Rows read ahead of changing them: a scan does not see what is written beside it. */
struct reject_batch {
    struct arena arena;
    struct str keys[BATCH_ROWS];
    struct datum *rows[BATCH_ROWS];
    int count;
};

static struct err *read_batch(struct rejects *r, struct str lo, struct str hi,
                              struct reject_batch *out)
{
    struct txn_view view = txn_view_newest(r->s->cat.txn);
    struct txn_scan *scan = NULL;
    struct str key, value;
    bool found = true;
    struct err *e = txn_scan_open(&view, lo, hi, false, &scan);
    while (!e && out->count < BATCH_ROWS) {
        e = txn_scan_next(scan, &key, &value, &found);
        if (e || !found)
            break;
        struct datum *v = arena_new_array(&out->arena, struct datum, RJ_COUNT);
        out->keys[out->count] = arena_str(&out->arena, key);
        out->rows[out->count++] = v;
        e = table_decode_row(r->rel, arena_str(&out->arena, value), RJ_COUNT, v);
    }
    txn_scan_close(scan);
    txn_view_done(&view);
    return e;
}

static struct err *set_count_zero(struct rejects *r, struct str key, struct datum *row)
{
    struct datum v[RJ_COUNT];
    memcpy(v, row, sizeof(v));
    r->change -= row[RJ_COPIES].i;
    v[RJ_COPIES] = datum_int(0);
    return change(r, key, row, v);
}

static struct err *delete_uncounted(struct rejects *r, struct str key, struct datum *row)
{
    return row[RJ_COPIES].i ? NULL : change(r, key, row, NULL);
}

typedef struct err *(*reject_fn)(struct rejects *r, struct str key, struct datum *row);

/* The rejects of the table, or of one group. */
static struct err *each(struct rejects *r, const struct row_group *group, reject_fn fn)
{
    struct buf lo = BUF_INIT, hi = BUF_INIT;
    struct reject_batch *batch = calloc(1, sizeof(*batch));
    struct err *e = batch ? NULL : err_oom();
    table_put_storage_id(&lo, r->rel->storage_id);
    key_put(&lo, r->rel->atts[RJ_RELID].ops, datum_int(r->relid), false, false);
    if (group)
        key_put(&lo, r->rel->atts[RJ_GROUP].ops, datum_bytes(group, sizeof(*group)), false, false);
    buf_put_str(&hi, buf_str(&lo));
    if (!e)
        e = buf_finish(&hi);
    if (!e && !key_successor(&hi, 4))
        e = err_new("XX000", "no key behind those of a synced table");
    if (batch)
        arena_init(&batch->arena);
    do {
        if (e)
            break;
        arena_reset(&batch->arena);
        batch->count = 0;
        e = read_batch(r, buf_str(&lo), buf_str(&hi), batch);
        for (int i = 0; i < batch->count && !e; i++)
            e = fn(r, batch->keys[i], batch->rows[i]);
        if (!e && batch->count) {
            buf_reset(&lo);
            buf_put_str(&lo, batch->keys[batch->count - 1]);
            buf_put_u8(&lo, 0);
            e = buf_finish(&lo);
        }
    } while (!e && batch->count == BATCH_ROWS);
    if (batch)
        arena_done(&batch->arena);
    free(batch);
    buf_done(&lo);
    buf_done(&hi);
    return e;
}

static struct err *note_any(struct rejects *r, struct str key, struct datum *row)
{
    (void)key;
    r->any |= row[RJ_COPIES].i > 0;
    return NULL;
}

struct err *rejects_has_group(struct rejects *r, const struct row_group *group, bool *any)
{
    r->any = false;
    TRY(each(r, group, note_any));
    *any = r->any;
    return NULL;
}

struct err *rejects_begin_replace(struct rejects *r, const struct row_group *group)
{
    return each(r, group, set_count_zero);
}

struct err *rejects_end_replace(struct rejects *r, const struct row_group *group)
{
    return each(r, group, delete_uncounted);
}
