/* Rows and their index entries: see table.h. */
#include "catalog/table.h"

#include "base/hash.h"
#include "catalog/acl.h"
#include "catalog/inverted.h"
#include "catalog/systab.h"
#include "storage/store.h"
#include "rt/fiber.h"
#include "types/key.h"
#include "types/tuple.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_INDEX_COLUMNS = 32 };

void table_put_storage_id(struct buf *b, uint32_t storage_id)
{
    buf_put_be32(b, storage_id);
}

void table_put_row_key(struct buf *b, uint32_t storage_id, const struct relation *r,
                       const struct datum *values)
{
    table_put_storage_id(b, storage_id);
    for (int i = 0; i < r->primary->nkeys; i++) {
        const struct index_col *col = &r->primary->cols[i];
        key_put(b, col->ops, values[col->attnum - 1], col->desc, col->nulls_first);
    }
}

void table_put_entry_key(struct buf *b, uint32_t storage_id, const struct index *ix,
                         const struct datum *datums, struct str row_suffix)
{
    bool has_null = false;
    table_put_storage_id(b, storage_id);
    for (int i = 0; i < ix->nkeys; i++) {
        const struct index_col *col = &ix->cols[i];
        key_put(b, col->ops, datums[i], col->desc, col->nulls_first);
        has_null |= datums[i].null;
    }
    if (!ix->unique || (has_null && !ix->nulls_not_distinct))
        buf_put_str(b, row_suffix);
}

static void put_item_key(struct buf *b, uint32_t storage_id, struct str item, struct str row_suffix)
{
    buf_reset(b);
    table_put_storage_id(b, storage_id);
    buf_put_str(b, item);
    buf_put_str(b, row_suffix);
}

static struct err *each_item(const struct relation *r, const struct index *ix, uint32_t storage_id,
                             const struct inverted_items *items, struct str row_suffix,
                             struct buf *scratch, table_entry_fn fn, void *arg)
{
    for (int i = 0; i < items->n; i++) {
        put_item_key(scratch, storage_id, items->list[i], row_suffix);
        TRY(buf_finish(scratch));
        TRY(table_check_key(r, ix, buf_str(scratch)));
        TRY(fn(arg, buf_str(scratch)));
    }
    return NULL;
}

struct err *table_each_entry(const struct relation *r, const struct index *ix, uint32_t storage_id,
                             const struct datum *datums, struct str row_suffix, struct buf *scratch,
                             struct arena *a, table_entry_fn fn, void *arg)
{
    if (index_is_inverted(ix)) {
        struct inverted_items items;
        TRY(inverted_items(ix, datums, a, &items));
        return each_item(r, ix, storage_id, &items, row_suffix, scratch, fn, arg);
    }
    buf_reset(scratch);
    table_put_entry_key(scratch, storage_id, ix, datums, row_suffix);
    TRY(buf_finish(scratch));
    TRY(table_check_key(r, ix, buf_str(scratch)));
    return fn(arg, buf_str(scratch));
}

struct err *table_check_key(const struct relation *r, const struct index *ix, struct str key)
{
    if (key.len <= STORE_MAX_KEY_BYTES)
        return NULL;
    struct err *e = err_new("54000", "index row size %zu exceeds maximum %d for index \"%s\"",
                            key.len, STORE_MAX_KEY_BYTES, ix->name);
    err_hint(e,
             "Values larger than %d kB cannot be indexed.\nConsider a function index of an MD5 "
             "hash of the value, or use full text indexing.",
             STORE_MAX_KEY_BYTES / 1024);
    return err_table(e, r->nsp_name, r->name);
}

bool table_plain_index_datums(const struct index *ix, const struct datum *row, struct datum *out)
{
    if (ix->pred_sql)
        return false;
    for (int i = 0; i < ix->nkeys; i++) {
        if (!ix->cols[i].attnum)
            return false;
        out[i] = row[ix->cols[i].attnum - 1];
    }
    return true;
}

struct err *table_decode_row(const struct relation *r, struct str row, int want,
                             struct datum *values)
{
    return tuple_decode(row, r->lens, want, r->missing, values);
}

/* ---- hidden row ids ---- */

/* The next row id of each storage id in use. The first use reads the greatest stored key; a row id
 * that a rolled-back transaction took is not given again until a restart. */
static pthread_mutex_t row_ids_mu = PTHREAD_MUTEX_INITIALIZER;
static struct row_id_slot {
    uint32_t storage_id; /* 0: free */
    atomic_uint_fast64_t next;
} * *row_ids; /* guarded by row_ids_mu; the slots themselves live until forgotten */
static size_t row_ids_cap;
static size_t row_ids_count;

static struct row_id_slot **row_id_find_locked(uint32_t storage_id)
{
    if (!row_ids_cap)
        return NULL;
    size_t i = hash_u64(storage_id) & (row_ids_cap - 1);
    for (; row_ids[i]; i = (i + 1) & (row_ids_cap - 1))
        if (row_ids[i]->storage_id == storage_id)
            return &row_ids[i];
    return NULL;
}

static void row_id_place_locked(struct row_id_slot *slot)
{
    size_t i = hash_u64(slot->storage_id) & (row_ids_cap - 1);
    while (row_ids[i])
        i = (i + 1) & (row_ids_cap - 1);
    row_ids[i] = slot;
}

static void row_id_add_locked(struct row_id_slot *slot)
{
    if ((row_ids_count + 1) * 2 > row_ids_cap) {
        struct row_id_slot **old = row_ids;
        size_t old_cap = row_ids_cap;
        row_ids_cap = old_cap ? old_cap * 2 : 64;
        row_ids = calloc(row_ids_cap, sizeof(*row_ids));
        CHECK(row_ids != NULL);
        for (size_t i = 0; i < old_cap; i++)
            if (old[i])
                row_id_place_locked(old[i]);
        free(old);
    }
    row_id_place_locked(slot);
    row_ids_count++;
}

static struct err *last_row_id(struct cat *c, uint32_t storage_id, uint64_t *out)
{
    uint8_t lo[4];
    uint8_t hi[4];
    store_be32(lo, storage_id);
    store_be32(hi, storage_id + 1);
    struct txn_view view = txn_view_newest(c->txn);
    struct txn_scan *scan = NULL;
    struct str key;
    struct str value;
    bool found = false;
    struct err *e = txn_scan_open(&view, str_make(lo, 4), str_make(hi, 4), true, &scan);
    if (!e)
        e = txn_scan_next(scan, &key, &value, &found);
    if (!e && found && key.len != 12)
        e = err_new("XX001", "unexpected row key of %zu bytes in storage %u", key.len, storage_id);
    if (!e)
        *out = found ? load_be64(key.data + 4) : 0;
    txn_scan_close(scan);
    txn_view_done(&view);
    return e;
}

struct err *table_new_row_id(struct cat *c, const struct relation *r, uint32_t storage_id,
                             uint64_t *out)
{
    pthread_mutex_lock(&row_ids_mu);
    struct row_id_slot **slot = row_id_find_locked(storage_id);
    if (slot)
        *out = ++(*slot)->next;
    pthread_mutex_unlock(&row_ids_mu);
    if (slot)
        return NULL;
    uint64_t last = 0;
    TRY(last_row_id(c, storage_id, &last));
    pthread_mutex_lock(&row_ids_mu);
    slot = row_id_find_locked(storage_id);
    if (!slot) {
        struct row_id_slot *fresh = calloc(1, sizeof(*fresh));
        CHECK(fresh != NULL);
        fresh->storage_id = storage_id;
        fresh->next = last;
        row_id_add_locked(fresh);
        slot = row_id_find_locked(storage_id);
    }
    *out = ++(*slot)->next;
    pthread_mutex_unlock(&row_ids_mu);
    return NULL;
}

void table_forget_row_ids(uint32_t storage_id)
{
    pthread_mutex_lock(&row_ids_mu);
    struct row_id_slot **slot = row_id_find_locked(storage_id);
    if (slot) {
        free(*slot);
        *slot = NULL;
        row_ids_count--;
        /* Close the gap: re-place the entries of the run behind it. */
        size_t i = ((size_t)(slot - row_ids) + 1) & (row_ids_cap - 1);
        for (; row_ids[i]; i = (i + 1) & (row_ids_cap - 1)) {
            struct row_id_slot *moved = row_ids[i];
            row_ids[i] = NULL;
            row_id_place_locked(moved);
        }
    }
    pthread_mutex_unlock(&row_ids_mu);
}

/* ---- all of a storage id ---- */

struct err *table_each(const struct txn_view *v, uint32_t storage_id, table_each_fn fn, void *arg)
{
    uint8_t lo[4];
    uint8_t hi[4];
    struct txn_scan *scan = NULL;
    bool stop = false;
    store_be32(lo, storage_id);
    store_be32(hi, storage_id + 1);
    struct err *e = txn_scan_open(v, str_make(lo, 4), str_make(hi, 4), false, &scan);
    while (!e && !stop) {
        struct str key;
        struct str value;
        bool found;
        e = fiber_tick();
        if (!e)
            e = txn_scan_next(scan, &key, &value, &found);
        if (e || !found)
            break;
        e = fn(arg, key, value, &stop);
    }
    txn_scan_close(scan);
    return e;
}

/* ---- the writer ---- */

void table_writer_init(struct table_writer *w, struct cat *c, struct relation *rel)
{
    *w = (struct table_writer){.cat = c, .rel = rel};
    w->storage_id = systab_storage_id(c, rel, rel->storage_id);
    w->view = txn_view_newest(c->txn);
    w->activity = activity_of(c->db, rel->oid);
    arena_init(&w->arena);
    w->pending = rel->nindexes ? calloc((size_t)rel->nindexes, sizeof(*w->pending)) : NULL;
    CHECK(w->pending || !rel->nindexes);
    for (int i = 0; i < rel->nindexes; i++)
        w->has_inverted |= index_is_inverted(&rel->indexes[i]);
}

void table_writer_done(struct table_writer *w)
{
    txn_view_done(&w->view);
    arena_done(&w->arena);
    buf_done(&w->key);
    buf_done(&w->row);
    buf_done(&w->entry_key[0]);
    buf_done(&w->entry_key[1]);
    for (int i = 0; w->pending && i < w->rel->nindexes; i++)
        buf_done(&w->pending[i]);
    free(w->pending);
}

static struct err *index_datums(struct table_writer *w, const struct index *ix,
                                const struct datum *row, struct datum *out, bool *applies)
{
    *applies = true;
    if (table_plain_index_datums(ix, row, out))
        return NULL;
    ASSERT(w->hooks.index_datums);
    return w->hooks.index_datums(w->hooks.arg, ix, row, out, applies);
}

static uint32_t index_storage(const struct table_writer *w, const struct index *ix)
{
    return systab_storage_id(w->cat, w->rel, ix->storage_id);
}

static bool checks_unique(const struct index *ix, const struct datum *datums)
{
    if (!ix->unique)
        return false;
    for (int i = 0; i < ix->nkeys && !ix->nulls_not_distinct; i++)
        if (datums[i].null)
            return false;
    return true;
}

/* Locks a unique entry's key and looks whether it is taken. */
static struct err *check_entry(struct table_writer *w, const struct index *ix, struct str key,
                               struct table_conflict *conflict)
{
    bool locked;
    struct txn_newest newest;
    TRY(txn_lock_key(w->cat->txn, key, TXN_UPDATE, TXN_WAIT, &locked));
    TRY(txn_get_newest(&w->view, key, &w->arena, &newest));
    if (!newest.found)
        return NULL;
    conflict->index = ix;
    if (ix->primary) {
        conflict->row_key = str_make(arena_memdup(&w->arena, key.data, key.len), key.len);
        return NULL;
    }
    char *row_key = arena_alloc(&w->arena, newest.value.len + 4);
    store_be32(row_key, w->storage_id);
    memcpy(row_key + 4, newest.value.data, newest.value.len);
    conflict->row_key = str_make(row_key, newest.value.len + 4);
    return NULL;
}

/* Who wants a unique key that a transaction is about to free waits for the outcome. */
static struct err *lock_freed_entry(struct table_writer *w, struct str key)
{
    bool locked;
    return txn_lock_key(w->cat->txn, key, TXN_UPDATE, TXN_WAIT, &locked);
}

/* Deletes a row's entry. While a unique index is being built, a key can still be there twice in the
 * table: its entry may be another row's. */
static struct err *delete_entry(struct table_writer *w, const struct index *ix, struct str key,
                                struct str row_key)
{
    if (ix->unique && !ix->valid) {
        struct txn_newest there;
        TRY(lock_freed_entry(w, key));
        TRY(txn_get_newest(&w->view, key, &w->arena, &there));
        if (there.found && !str_eq(there.value, table_row_suffix(row_key)))
            return NULL;
    }
    return txn_delete(w->cat->txn, key);
}

static struct err *make_row_key(struct table_writer *w, const struct datum *values)
{
    buf_reset(&w->key);
    if (w->rel->primary) {
        table_put_row_key(&w->key, w->storage_id, w->rel, values);
        TRY(buf_finish(&w->key));
        return table_check_key(w->rel, w->rel->primary, buf_str(&w->key));
    }
    uint64_t id;
    TRY(table_new_row_id(w->cat, w->rel, w->storage_id, &id));
    buf_put_be32(&w->key, w->storage_id);
    buf_put_be64(&w->key, id);
    return buf_finish(&w->key);
}

static bool datum_identical(const struct attr *att, struct datum a, struct datum b)
{
    if (a.null || b.null)
        return a.null == b.null;
    if (att->ops->byval)
        return a.u == b.u;
    return a.len == b.len && (a.p == b.p || memcmp(a.p, b.p, a.len) == 0);
}

bool table_same_row(const struct relation *r, const struct datum *a, const struct datum *b)
{
    for (int i = 0; i < r->natts; i++)
        if (!datum_identical(&r->atts[i], a[i], b[i]))
            return false;
    return true;
}

/* Whether the columns an index is made of are the same in both rows. */
static bool index_unchanged(const struct relation *r, const struct index *ix,
                            const struct datum *old_values, const struct datum *values)
{
    if (ix->pred_sql)
        return false;
    for (int i = 0; i < ix->nkeys; i++) {
        int att = ix->cols[i].attnum - 1;
        if (att < 0 || !datum_identical(&r->atts[att], old_values[att], values[att]))
            return false;
    }
    return true;
}

/* ---- entries of inverted indexes ---- */

struct entry_change {
    struct table_writer *w;
    struct str row_suffix; /* NULL data: entries are deleted */
};

static struct err *change_entry(void *arg, struct str key)
{
    struct entry_change *c = arg;
    return c->row_suffix.data ? txn_put(c->w->cat->txn, key, c->row_suffix)
                              : txn_delete(c->w->cat->txn, key);
}

static struct err *items_of(struct table_writer *w, const struct index *ix,
                            const struct datum *values, struct inverted_items *out)
{
    struct datum datums[MAX_INDEX_COLUMNS];
    bool applies;
    *out = (struct inverted_items){0};
    if (!values)
        return NULL;
    TRY(index_datums(w, ix, values, datums, &applies));
    return applies ? inverted_items(ix, datums, &w->arena, out) : NULL;
}

/* Both lists without what they share. */
static void drop_common(struct inverted_items *a, struct inverted_items *b)
{
    int na = 0;
    int nb = 0;
    int k = 0;
    for (int i = 0; i < a->n; i++) {
        while (k < b->n && str_cmp(b->list[k], a->list[i]) < 0)
            b->list[nb++] = b->list[k++];
        if (k < b->n && str_eq(b->list[k], a->list[i]))
            k++;
        else
            a->list[na++] = a->list[i];
    }
    while (k < b->n)
        b->list[nb++] = b->list[k++];
    a->n = na;
    b->n = nb;
}

/* A row comes (old values NULL), goes (values NULL) or changes. */
static struct err *change_inverted(struct table_writer *w, struct str old_row_key,
                                   const struct datum *old_values, struct str row_key,
                                   const struct datum *values)
{
    struct relation *r = w->rel;
    bool same_row = old_values && values && str_eq(old_row_key, row_key);
    for (int i = 0; w->has_inverted && i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        struct inverted_items before;
        struct inverted_items now;
        if (!index_is_inverted(ix) || (same_row && index_unchanged(r, ix, old_values, values)))
            continue;
        TRY(items_of(w, ix, old_values, &before));
        TRY(items_of(w, ix, values, &now));
        if (same_row)
            drop_common(&before, &now);
        struct entry_change gone = {w, {0}};
        if (before.n)
            TRY(each_item(r, ix, index_storage(w, ix), &before, table_row_suffix(old_row_key),
                          &w->entry_key[0], change_entry, &gone));
        if (!now.n)
            continue;
        struct entry_change come = {w, table_row_suffix(row_key)};
        TRY(each_item(r, ix, index_storage(w, ix), &now, come.row_suffix, &w->entry_key[0],
                      change_entry, &come));
    }
    return NULL;
}

/* ---- entries of the others ---- */

/* Builds the entry of one secondary index into pending[i] (empty: none) and checks it. */
static struct err *prepare_entry(struct table_writer *w, int i, const struct datum *values,
                                 struct table_conflict *conflict)
{
    const struct index *ix = &w->rel->indexes[i];
    struct datum datums[MAX_INDEX_COLUMNS];
    bool applies;
    buf_reset(&w->pending[i]);
    if (index_is_inverted(ix))
        return NULL;
    TRY(index_datums(w, ix, values, datums, &applies));
    if (!applies)
        return NULL;
    table_put_entry_key(&w->pending[i], index_storage(w, ix), ix, datums,
                        table_row_suffix(buf_str(&w->key)));
    TRY(buf_finish(&w->pending[i]));
    TRY(table_check_key(w->rel, ix, buf_str(&w->pending[i])));
    if (checks_unique(ix, datums))
        return check_entry(w, ix, buf_str(&w->pending[i]), conflict);
    return NULL;
}

static struct err *put_row(struct table_writer *w, const struct datum *values)
{
    buf_reset(&w->row);
    tuple_encode(w->rel->lens, w->rel->natts, values, &w->row);
    TRY(buf_finish(&w->row));
    return txn_put(w->cat->txn, buf_str(&w->key), buf_str(&w->row));
}

static struct err *put_entries(struct table_writer *w)
{
    for (int i = 0; i < w->rel->nindexes; i++)
        if (!w->rel->indexes[i].primary && w->pending[i].len)
            TRY(txn_put(w->cat->txn, buf_str(&w->pending[i]), table_row_suffix(buf_str(&w->key))));
    return NULL;
}

struct err *table_insert(struct table_writer *w, const struct datum *values,
                         struct table_conflict *conflict, struct str *row_key)
{
    struct relation *r = w->rel;
    arena_reset(&w->arena);
    *conflict = (struct table_conflict){0};
    TRY(make_row_key(w, values));
    if (r->primary)
        TRY(check_entry(w, r->primary, buf_str(&w->key), conflict));
    for (int i = 0; i < r->nindexes && !conflict->index; i++)
        if (!r->indexes[i].primary)
            TRY(prepare_entry(w, i, values, conflict));
    if (conflict->index)
        return NULL;
    TRY(put_row(w, values));
    TRY(put_entries(w));
    TRY(change_inverted(w, STR(""), NULL, buf_str(&w->key), values));
    txn_count_rows(w->cat->txn, w->storage_id, 1);
    activity_add(w->activity, ACTIVITY_INSERTED, 1);
    if (row_key)
        *row_key = buf_str(&w->key);
    return NULL;
}

struct err *table_check_unique(struct table_writer *w, const struct datum *values,
                               const int *arbiters, int n, struct table_conflict *conflict)
{
    struct relation *r = w->rel;
    int count = n ? n : r->nindexes;
    arena_reset(&w->arena);
    *conflict = (struct table_conflict){0};
    buf_reset(&w->key);
    if (r->primary) {
        table_put_row_key(&w->key, w->storage_id, r, values);
    } else {
        buf_put_be32(&w->key, w->storage_id); /* the suffix plays no part in unique keys */
    }
    TRY(buf_finish(&w->key));
    for (int k = 0; k < count && !conflict->index; k++) {
        int i = n ? arbiters[k] : k;
        if (r->indexes[i].deferrable)
            return err_constraint(
                err_table(err_new("55000", "ON CONFLICT does not support deferrable unique "
                                           "constraints/exclusion constraints as arbiters"),
                          r->nsp_name, r->name),
                r->indexes[i].name);
        if (r->indexes[i].primary)
            TRY(check_entry(w, &r->indexes[i], buf_str(&w->key), conflict));
        else if (r->indexes[i].unique)
            TRY(prepare_entry(w, i, values, conflict));
    }
    return NULL;
}

/* Deletes the old row's entry of an index, unless the new row has the very same one; then the
 * pending entry is dropped. */
static struct err *replace_entry(struct table_writer *w, int i, struct str old_row_key,
                                 const struct datum *old_values, const struct datum *values,
                                 struct table_conflict *conflict, bool *delete_old)
{
    const struct index *ix = &w->rel->indexes[i];
    struct datum datums[MAX_INDEX_COLUMNS];
    struct buf *old_key = &w->entry_key[0];
    bool applied;
    bool applies;
    *delete_old = false;
    buf_reset(old_key);
    buf_reset(&w->pending[i]);
    TRY(index_datums(w, ix, old_values, datums, &applied));
    if (applied)
        table_put_entry_key(old_key, index_storage(w, ix), ix, datums,
                            table_row_suffix(old_row_key));
    TRY(buf_finish(old_key));
    bool held = applied && checks_unique(ix, datums);
    TRY(index_datums(w, ix, values, datums, &applies));
    if (applies)
        table_put_entry_key(&w->pending[i], index_storage(w, ix), ix, datums,
                            table_row_suffix(buf_str(&w->key)));
    TRY(buf_finish(&w->pending[i]));
    TRY(table_check_key(w->rel, ix, buf_str(&w->pending[i])));
    bool same_key = applied && applies && str_eq(buf_str(old_key), buf_str(&w->pending[i]));
    if (applies && !same_key && checks_unique(ix, datums))
        TRY(check_entry(w, ix, buf_str(&w->pending[i]), conflict));
    if (same_key && str_eq(old_row_key, buf_str(&w->key)))
        buf_reset(&w->pending[i]);
    *delete_old = applied && !same_key;
    return held && !same_key ? lock_freed_entry(w, buf_str(old_key)) : NULL;
}

struct err *table_update(struct table_writer *w, struct str row_key, const struct datum *old_values,
                         const struct datum *values, struct table_conflict *conflict,
                         struct str *new_row_key)
{
    struct relation *r = w->rel;
    arena_reset(&w->arena);
    *conflict = (struct table_conflict){0};
    buf_reset(&w->key);
    bool same_row = !r->primary || index_unchanged(r, r->primary, old_values, values);
    if (same_row)
        buf_put_str(&w->key, row_key);
    else
        table_put_row_key(&w->key, w->storage_id, r, values);
    TRY(buf_finish(&w->key));
    if (!same_row)
        TRY(table_check_key(r, r->primary, buf_str(&w->key)));
    if (!same_row && str_eq(row_key, buf_str(&w->key)))
        same_row = true; /* equal but not identical, as 1.0 and 1.00 */
    if (!same_row)
        TRY(check_entry(w, r->primary, buf_str(&w->key), conflict));
    for (int i = 0; i < r->nindexes && !conflict->index; i++) {
        const struct index *ix = &r->indexes[i];
        buf_reset(&w->pending[i]);
        if (ix->primary || index_is_inverted(ix) ||
            (same_row && index_unchanged(r, ix, old_values, values)))
            continue;
        bool delete_old;
        TRY(replace_entry(w, i, row_key, old_values, values, conflict, &delete_old));
        /* A conflict found later fails the statement, which undoes this delete. */
        if (!conflict->index && delete_old)
            TRY(delete_entry(w, ix, buf_str(&w->entry_key[0]), row_key));
    }
    if (conflict->index)
        return NULL;
    if (!same_row)
        TRY(txn_delete(w->cat->txn, row_key));
    TRY(put_row(w, values));
    TRY(put_entries(w));
    TRY(change_inverted(w, row_key, old_values, buf_str(&w->key), values));
    activity_add(w->activity, ACTIVITY_UPDATED, 1);
    if (new_row_key)
        *new_row_key = buf_str(&w->key);
    return NULL;
}

struct err *table_delete(struct table_writer *w, struct str row_key, const struct datum *old_values)
{
    struct relation *r = w->rel;
    arena_reset(&w->arena);
    for (int i = 0; i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        struct datum datums[MAX_INDEX_COLUMNS];
        bool applies;
        if (ix->primary || index_is_inverted(ix))
            continue;
        TRY(index_datums(w, ix, old_values, datums, &applies));
        if (!applies)
            continue;
        buf_reset(&w->entry_key[0]);
        table_put_entry_key(&w->entry_key[0], index_storage(w, ix), ix, datums,
                            table_row_suffix(row_key));
        TRY(buf_finish(&w->entry_key[0]));
        if (checks_unique(ix, datums))
            TRY(lock_freed_entry(w, buf_str(&w->entry_key[0])));
        TRY(delete_entry(w, ix, buf_str(&w->entry_key[0]), row_key));
    }
    TRY(change_inverted(w, row_key, old_values, STR(""), NULL));
    TRY(txn_delete(w->cat->txn, row_key));
    txn_count_rows(w->cat->txn, w->storage_id, -1);
    activity_add(w->activity, ACTIVITY_DELETED, 1);
    return NULL;
}

bool table_hides_rows(struct cat *c, const struct relation *r)
{
    const struct role_rights *rights;
    if (!r->row_security)
        return false;
    struct err *e = cat_rights(c, &rights);
    bool hides = e || rights_meet_policies(rights, r);
    err_free(e);
    return hides;
}

struct err *table_key_error(struct cat *c, const struct relation *r, const struct index *ix,
                            const struct datum *datums)
{
    struct buf names = BUF_INIT;
    struct buf text = BUF_INIT;
    struct type_env env = cat_type_env(c);
    struct err *e = NULL;
    for (int i = 0; !e && i < ix->nkeys; i++) {
        const struct index_col *col = &ix->cols[i];
        if (i) {
            buf_put_c(&names, ", ");
            buf_put_c(&text, ", ");
        }
        buf_put_c(&names, col->attnum ? r->atts[col->attnum - 1].name : col->expr_sql);
        if (datums[i].null)
            buf_put_c(&text, "null");
        else
            e = col->ops->out(col->ops, &env, datums[i], &text);
    }
    if (!e) {
        e = err_new("23505", "duplicate key value violates unique constraint \"%s\"", ix->name);
        if (!table_hides_rows(c, r))
            err_detail(e, "Key (%s)=(%s) already exists.", buf_cstr(&names), buf_cstr(&text));
        err_constraint(err_table(e, r->nsp_name, r->name), ix->name);
    }
    buf_done(&names);
    buf_done(&text);
    return e;
}

struct err *table_unique_error(struct table_writer *w, const struct table_conflict *conflict,
                               const struct datum *values)
{
    const struct index *ix = conflict->index;
    struct datum datums[MAX_INDEX_COLUMNS];
    bool applies;
    TRY(index_datums(w, ix, values, datums, &applies));
    w->key.len = 0;
    if (ix == w->rel->primary)
        buf_put_str(&w->key, conflict->row_key);
    else
        table_put_entry_key(&w->key, index_storage(w, ix), ix, datums, STR(""));
    TRY(buf_finish(&w->key));
    TRY(txn_check_write(w->cat->txn, buf_str(&w->key)));
    return table_key_error(w->cat, w->rel, ix, datums);
}
