/* A whole copy of a source into new storage, past the memtable: rows clustered by the primary key
 * and the secondary indexes beside them. Nobody refers to the new storage ids until the transaction
 * commits, so an error or a crash on the way leaves nothing.
 *
 * Everything here runs in one job on a pool thread, which then is the one that uses the session's
 * transaction; the session's fiber waits. Only MAX_LOADS run at a time, so that the pool has
 * threads left for commits and other work; the rest wait their turn. */
#include "sync/sync_internal.h"

#include "exec/table_load.h"
#include "rt/fiber.h"
#include "rt/pool.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_LOADS = 3, TURN_NS = 10 * 1000 * 1000 };
enum { SORT_BYTES = 64 << 20 };

struct loader {
    struct load *l;
    struct relation *rel;
    struct table_load_to to;
    struct table_load *load;
    struct arena arena;  /* of the load */
    struct arena values; /* of a row */
    struct datum *row;
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

static struct err *duplicate_error(void *arg, const struct index *ix, const struct datum *row)
{
    struct loader *ld = arg;
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

static struct err *check_nulls(struct loader *ld)
{
    const struct index *ix = ld->rel->primary;
    for (int i = 0; i < ix->nkeys; i++)
        if (ld->row[ix->cols[i].attnum - 1].null)
            return columns_null_key(ld->rel, ix->cols[i].attnum - 1);
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
        for (int i = 0; i < l->columns->count; i++) {
            int att = l->columns->atts[i];
            struct err *e = columns_value(l->columns, i, &b->columns[i], row, &l->session->types,
                                          &ld->values, &ld->row[att]);
            if (e)
                return where(ld, e, b, row, ld->rel->atts[att].name);
        }
        struct err *e = check_nulls(ld);
        if (!e)
            e = table_load_add(ld->load, ld->row);
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
    const struct sync_columns *c = ld->l->columns;
    TRY(source_scan_new(ld->l->source, c->source, (size_t)c->count, &scan));
    struct err *e;
    while (!(e = source_scan_next(scan, &batch)) && batch)
        TRY_OUT(add_batch(ld, batch));
out:
    source_scan_free(scan);
    return e;
}

static void load_job(void *arg)
{
    struct loader *ld = arg;
    struct exec_env env = session_exec_env(ld->l->session);
    ld->e = table_load_begin(&env, ld->rel, &ld->to, duplicate_error, ld, &ld->load);
    if (!ld->e)
        ld->e = read_all(ld);
    if (!ld->e)
        ld->e = table_load_finish(ld->load, NULL);
    table_load_free(ld->load);
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
    ld.to = (struct table_load_to){l->storage_id, l->index_ids, SORT_BYTES};
    ld.row = arena_new_array(&ld.arena, struct datum, l->rel->natts + 1);
    for (int i = 0; i < l->rel->natts; i++)
        ld.row[i] = datum_null(); /* what is dropped stays so */
    pool_run(load_job, &ld);
    atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
    arena_done(&ld.values);
    arena_done(&ld.arena);
    return ld.e;
}
