/* A whole copy of a source into new storage, past the memtable: rows clustered by the primary key
 * and the secondary indexes beside them. Nobody refers to the new storage ids until the transaction
 * commits, so an error or a crash on the way leaves nothing.
 *
 * Everything here runs in one job on a pool thread, which then is the one that uses the session's
 * transaction; the session's fiber waits. Only MAX_LOADS run at a time, so that the pool has
 * threads left for commits and other work; the rest wait their turn. */
#include "sync/sync_internal.h"

#include "base/clock.h"
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
    struct row_taker taker;
    struct pace pace;
    struct progress progress;
    uint64_t done; /* rows */
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

/* Which of two rows of a key stays: the one of the greater time, a later one when it is the same;
 * or, without a TIMESERIES KEY, the earlier one. */
static struct err *resolve(void *arg, const struct datum *earlier, const struct datum *later,
                           bool *keep_later)
{
    struct loader *ld = arg;
    struct load *l = ld->l;
    struct reject reject;
    *keep_later = false;
    if (l->policy->time_att >= 0) {
        *keep_later = rows_compare_times(&ld->taker, later, earlier) >= 0;
        return NULL;
    }
    if (!l->rejects)
        return NULL;
    struct arena_mark mark = arena_mark(&ld->values);
    struct err *e = rows_duplicate(&ld->taker, later, &reject);
    if (!e)
        e = rejects_add(l->rejects, &reject, delta_version(l->source->snapshot), STR(""));
    arena_rewind(&ld->values, mark);
    return e;
}

static struct str file_of(struct loader *ld, const struct lake_batch *b)
{
    uint32_t n;
    const struct delta_file *const *files = delta_files(ld->l->source->snapshot, &n);
    return b->file_index < n ? files[b->file_index]->path : STR("");
}

static struct err *where(struct loader *ld, struct err *e, const struct lake_batch *b, uint32_t row,
                         int att)
{
    struct str file = file_of(ld, b);
    if (att >= 0)
        err_context(e, "column \"%s\"", ld->rel->atts[att].name);
    if (file.len)
        err_context(e, "file \"%.*s\", row %lld", STR_ARG(file),
                    (long long)lake_batch_position(b, row) + 1);
    return e;
}

static struct err *refuse(struct loader *ld, const struct lake_batch *b, uint32_t row)
{
    struct load *l = ld->l;
    struct reject reject;
    if (!l->rejects)
        return NULL;
    TRY(rows_refused(&ld->taker, b, row, &reject));
    return rejects_add(l->rejects, &reject, delta_version(l->source->snapshot), file_of(ld, b));
}

static struct err *add_batch(struct loader *ld, const struct lake_batch *b)
{
    for (uint32_t row = 0; row < b->row_count; row++) {
        int att;
        TRY(fiber_tick());
        TRY(pace_take(&ld->pace));
        arena_reset(&ld->values);
        struct err *e = rows_take(&ld->taker, b, row, ld->row, &att);
        if (!e)
            e = ld->taker.refused ? refuse(ld, b, row) : table_load_add(ld->load, ld->row);
        if (e)
            return where(ld, e, b, row, att);
        /* Only this thread writes it. */
        atomic_store_explicit(&ld->progress.done, ++ld->done, memory_order_relaxed);
    }
    return NULL;
}

static struct err *read_all(struct loader *ld)
{
    struct source_scan *scan;
    const struct lake_batch *batch;
    const struct sync_columns *c = ld->l->columns;
    struct source_scan_options options = {.columns = c->source, .count = (size_t)c->count};
    TRY(source_scan_new(ld->l->source, &options, &scan));
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
    struct rejects *rejects = ld->l->rejects;
    ld->e = rejects ? rejects_begin_replace(rejects, NULL) : NULL;
    if (!ld->e)
        ld->e = table_load_begin(&env, ld->rel, &ld->to, duplicate_error, ld, &ld->load);
    if (!ld->e)
        ld->e = read_all(ld);
    if (!ld->e)
        ld->e = table_load_finish(ld->load, &ld->l->rows);
    if (!ld->e && rejects)
        ld->e = rejects_end_replace(rejects, NULL);
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

static void index_job(void *arg)
{
    struct loader *ld = arg;
    struct exec_env env = session_exec_env(ld->l->session);
    ld->e = table_load_indexes(&env, ld->rel, &ld->to, duplicate_error, ld);
}

struct err *load_indexes(struct load *l)
{
    struct loader ld = {.l = l, .rel = l->rel};
    ld.to = (struct table_load_to){l->storage_id, l->index_ids, SORT_BYTES, NULL};
    pool_run_background(index_job, &ld);
    return ld.e;
}

/* -1: the log does not say. */
static int64_t total_rows(const struct source *source)
{
    uint32_t n;
    int64_t total = 0;
    const struct delta_file *const *files = delta_files(source->snapshot, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (files[i]->row_count < 0 || files[i]->deleted_rows < 0)
            return -1;
        total += files[i]->row_count - files[i]->deleted_rows;
    }
    return total;
}

struct err *load_run(struct load *l)
{
    struct loader ld = {.l = l, .rel = l->rel};
    l->rows = 0;
    TRY(take_turn());
    CHECK(l->rel->primary && l->source->snapshot);
    arena_init(&ld.arena);
    arena_init(&ld.values);
    ld.to = (struct table_load_to){l->storage_id, l->index_ids, SORT_BYTES, NULL};
    if (l->policy->time_att >= 0 || l->policy->quarantine_duplicate)
        ld.to.resolve = resolve;
    rows_init(&ld.taker, l->session, l->rel, l->columns, l->policy, &ld.values);
    ld.row = arena_new_array(&ld.arena, struct datum, l->rel->natts + 1);
    for (int i = 0; i < l->rel->natts; i++)
        ld.row[i] = datum_null(); /* what is dropped stays so */
    ld.pace.rows_per_second = l->rate_limit_rows;
    progress_begin(&ld.progress, l->session->cat.db, l->rel->oid, total_rows(l->source),
                   clock_mono_ns());
    pool_run_background(load_job, &ld);
    progress_end(&ld.progress);
    atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
    rows_done(&ld.taker);
    arena_done(&ld.values);
    arena_done(&ld.arena);
    return ld.e;
}
