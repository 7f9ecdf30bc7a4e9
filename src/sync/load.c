/* A whole copy of a source into new storage, past the memtable: rows clustered by the primary key
 * and the secondary indexes beside them. Nobody refers to the new storage ids until the transaction
 * commits, so an error or a crash on the way leaves nothing.
 *
 * Everything here runs in one job on a pool thread, which then is the one that uses the session's
 * transaction; the session's fiber waits. Only MAX_LOADS run at a time, so that the pool has
 * threads left for commits and other work; the rest wait their turn. */
#include "sync/sync_internal.h"

#include "catalog/table.h"
#include "exec/index_eval.h"
#include "rt/fiber.h"
#include "rt/pool.h"
#include "types/tuple.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_LOADS = 3, TURN_NS = 10 * 1000 * 1000 };
enum { TABLE_SORT_BYTES = 64 << 20, INDEX_SORT_BYTES = 32 << 20, MAX_KEYS = 32 };

struct loader {
    struct load *l;
    struct relation *rel;
    struct txn_bulk *table;
    struct txn_bulk **indexes; /* by position; NULL for the primary */
    struct index_eval *eval;
    struct arena arena;  /* of the load */
    struct arena values; /* of a row */
    struct datum *row;
    struct buf key;
    struct buf tuple;
    struct buf entry;
    struct err *e;
};

/* "(a, b)=(1, x)" of an index's plain columns. */
static struct err *put_key_text(struct loader *ld, const struct index *ix, const struct datum *row,
                                struct buf *out)
{
    struct relation *rel = ld->rel;
    buf_put_c(out, "(");
    for (int i = 0; i < ix->nkeys; i++) {
        int att = ix->cols[i].attnum;
        buf_printf(out, "%s%s", i ? ", " : "",
                   att ? rel->atts[att - 1].name : ix->cols[i].expr_sql);
    }
    buf_put_c(out, ")=(");
    for (int i = 0; i < ix->nkeys; i++) {
        int att = ix->cols[i].attnum;
        buf_put_c(out, i ? ", " : "");
        if (!att)
            buf_put_c(out, "?");
        else if (row[att - 1].null)
            buf_put_c(out, "null");
        else
            TRY(rel->atts[att - 1].ops->out(rel->atts[att - 1].ops, &ld->l->session->types,
                                            row[att - 1], out));
    }
    buf_put_c(out, ")");
    return NULL;
}

static struct err *duplicate_error(struct loader *ld, const struct index *ix,
                                   const struct datum *row)
{
    struct relation *rel = ld->rel;
    struct buf text = BUF_INIT;
    struct err *e = put_key_text(ld, ix, row, &text);
    if (!e) {
        e = err_new("23505", "duplicate key in the source of synced table \"%s\"", rel->name);
        err_detail(e, "Key %s occurs more than once.", buf_cstr(&text));
        err_hint(e, "Make the key unique in the source, or choose another %s.",
                 ix->primary ? "PRIMARY KEY" : "unique index");
        err_constraint(err_table(e, rel->nsp_name, rel->name), ix->name);
    }
    buf_done(&text);
    return e;
}

/* The rows of both entries are at hand: the values are the tuples. */
static struct err *same_primary_key(void *arg, struct str key, struct str earlier, struct str later,
                                    bool *keep_new)
{
    struct loader *ld = arg;
    (void)key;
    (void)earlier;
    *keep_new = false;
    TRY(table_decode_row(ld->rel, later, ld->rel->natts, ld->row));
    return duplicate_error(ld, ld->rel->primary, ld->row);
}

struct index_duplicate {
    struct loader *ld;
    const struct index *ix;
};

/* Only the entry is at hand; the row's primary key, its value, is not decoded. */
static struct err *same_index_key(void *arg, struct str key, struct str earlier, struct str later,
                                  bool *keep_new)
{
    struct index_duplicate *d = arg;
    struct relation *rel = d->ld->rel;
    (void)key;
    (void)earlier;
    (void)later;
    *keep_new = false;
    struct err *e = err_new("23505",
                            "rows of the source of synced table \"%s\" have the same key in "
                            "unique index \"%s\"",
                            rel->name, d->ix->name);
    return err_constraint(err_table(e, rel->nsp_name, rel->name), d->ix->name);
}

static struct err *check_nulls(struct loader *ld)
{
    const struct index *ix = ld->rel->primary;
    for (int i = 0; i < ix->nkeys; i++) {
        const struct attr *att = &ld->rel->atts[ix->cols[i].attnum - 1];
        if (!ld->row[ix->cols[i].attnum - 1].null)
            continue;
        struct err *e = err_new("23502",
                                "null value in key column \"%s\" in the source of synced "
                                "table \"%s\"",
                                att->name, ld->rel->name);
        err_hint(e, "Give every row a key in the source, or choose another PRIMARY KEY.");
        return err_column(err_table(e, ld->rel->nsp_name, ld->rel->name), att->name);
    }
    return NULL;
}

static struct err *add_entry(struct loader *ld, int number, struct str suffix)
{
    const struct index *ix = &ld->rel->indexes[number];
    struct datum datums[MAX_KEYS];
    bool applies = true;
    if (!table_plain_index_datums(ix, ld->row, datums)) {
        struct table_hooks hooks = index_eval_hooks(ld->eval);
        TRY(hooks.index_datums(hooks.arg, ix, ld->row, datums, &applies));
    }
    if (!applies)
        return NULL;
    buf_reset(&ld->entry);
    table_put_entry_key(&ld->entry, ld->l->index_ids[number], ix, datums, suffix);
    TRY(buf_finish(&ld->entry));
    return txn_bulk_add(ld->indexes[number], buf_str(&ld->entry), suffix);
}

static struct err *add_row(struct loader *ld)
{
    struct relation *rel = ld->rel;
    TRY(check_nulls(ld));
    buf_reset(&ld->key);
    buf_reset(&ld->tuple);
    table_put_row_key(&ld->key, ld->l->storage_id, rel, ld->row);
    TRY(buf_finish(&ld->key));
    tuple_encode(rel->lens, rel->natts, ld->row, &ld->tuple);
    TRY(buf_finish(&ld->tuple));
    TRY(txn_bulk_add(ld->table, buf_str(&ld->key), buf_str(&ld->tuple)));
    for (int i = 0; i < rel->nindexes; i++)
        if (ld->indexes[i])
            TRY(add_entry(ld, i, table_row_suffix(buf_str(&ld->key))));
    return NULL;
}

static struct err *where(struct loader *ld, struct err *e, const struct lake_batch *b, uint32_t row,
                         const char *column)
{
    uint32_t n;
    const struct delta_file *files = delta_files(ld->l->source->snapshot, &n);
    if (column)
        err_context(e, "column \"%s\"", column);
    if (b->file_index < n)
        err_context(e, "file \"%.*s\", row %lld", STR_ARG(files[b->file_index].path),
                    (long long)lake_batch_position(b, row) + 1);
    return e;
}

static struct err *add_batch(struct loader *ld, const struct lake_batch *b)
{
    struct load *l = ld->l;
    for (uint32_t row = 0; row < b->row_count; row++) {
        TRY(fiber_tick());
        arena_reset(&ld->values);
        if (ld->eval)
            index_eval_reset(ld->eval);
        for (int i = 0; i < ld->rel->natts; i++) {
            struct err *e = value_get(&b->columns[i], row, &l->types[i], &ld->values, &ld->row[i]);
            if (e)
                return where(ld, e, b, row, ld->rel->atts[i].name);
        }
        struct err *e = add_row(ld);
        if (e)
            return where(ld, e, b, row, NULL);
        l->rows++;
    }
    return NULL;
}

static struct err *read_all(struct loader *ld)
{
    struct source_scan *scan;
    const struct lake_batch *batch;
    TRY(source_scan_new(ld->l->source, ld->l->columns, (size_t)ld->rel->natts, &scan));
    struct err *e;
    while (!(e = source_scan_next(scan, &batch)) && batch)
        TRY_OUT(add_batch(ld, batch));
out:
    source_scan_free(scan);
    return e;
}

static struct err *begin(struct loader *ld)
{
    struct txn *t = ld->l->session->cat.txn;
    struct relation *rel = ld->rel;
    struct exec_env env = session_exec_env(ld->l->session);
    TRY(txn_bulk_begin(t, ld->l->storage_id, TABLE_SORT_BYTES, &ld->table));
    for (int i = 0; i < rel->nindexes; i++) {
        if (rel->indexes[i].primary)
            continue;
        if (!ld->eval)
            ld->eval = index_eval_new(&env, rel);
        TRY(txn_bulk_begin(t, ld->l->index_ids[i], INDEX_SORT_BYTES, &ld->indexes[i]));
    }
    return NULL;
}

static struct err *finish(struct loader *ld)
{
    uint64_t written;
    struct txn_bulk *bulk = ld->table;
    ld->table = NULL;
    TRY(txn_bulk_finish(bulk, same_primary_key, ld, &written));
    for (int i = 0; i < ld->rel->nindexes; i++) {
        struct index_duplicate d = {ld, &ld->rel->indexes[i]};
        bulk = ld->indexes[i];
        ld->indexes[i] = NULL;
        if (bulk)
            TRY(txn_bulk_finish(bulk, same_index_key, &d, &written));
    }
    txn_count_rows(ld->l->session->cat.txn, ld->l->storage_id, (int64_t)ld->l->rows);
    return NULL;
}

static void load_job(void *arg)
{
    struct loader *ld = arg;
    ld->e = begin(ld);
    if (!ld->e)
        ld->e = read_all(ld);
    if (!ld->e)
        ld->e = finish(ld);
}

static atomic_int running; /* loads; relaxed, it guards no data */

static struct err *take_turn(void)
{
    for (;;) {
        int n = atomic_load_explicit(&running, memory_order_relaxed);
        if (n >= MAX_LOADS)
            TRY(fiber_sleep(TURN_NS));
        else if (atomic_compare_exchange_weak_explicit(&running, &n, n + 1, memory_order_relaxed,
                                                       memory_order_relaxed))
            return NULL;
    }
}

struct err *load_run(struct load *l)
{
    struct loader ld = {.l = l, .rel = l->rel};
    l->rows = 0;
    TRY(take_turn());
    CHECK(l->rel->primary && l->source->snapshot);
    arena_init(&ld.arena);
    arena_init(&ld.values);
    ld.indexes = arena_new_array(&ld.arena, struct txn_bulk *, l->rel->nindexes + 1);
    ld.row = arena_new_array(&ld.arena, struct datum, l->rel->natts + 1);
    pool_run(load_job, &ld);
    atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
    txn_bulk_abort(ld.table);
    for (int i = 0; i < l->rel->nindexes; i++)
        txn_bulk_abort(ld.indexes[i]);
    index_eval_free(ld.eval);
    buf_done(&ld.key);
    buf_done(&ld.tuple);
    buf_done(&ld.entry);
    arena_done(&ld.values);
    arena_done(&ld.arena);
    return ld.e;
}
