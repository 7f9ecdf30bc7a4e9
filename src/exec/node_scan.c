/* Nodes that produce rows from somewhere: functions, VALUES, CTE stores; one row of nothing. */
#include "exec/exec_internal.h"

#include "exec/session.h"
#include "sql/table_function.h"
#include "types/record.h"

#include <stdlib.h>

/* ---- result: one row ---- */

struct result_state {
    struct arena arena;
    bool done;
    bool checked;
};

struct err *result_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct result_state *s = node_state(x, n, sizeof(*s));
    *found = false;
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
    }
    if (s->done)
        return NULL;
    bool holds = true;
    if (!s->checked)
        TRY(node_filter(x, n, &s->arena, &holds));
    s->checked = true;
    s->done = !holds || !n->left;
    if (!holds)
        return NULL;
    if (n->left)
        return node_next(x, n->left, found);
    *found = true;
    return NULL;
}

void result_rescan(struct exec *x, struct plan *n)
{
    struct result_state *s = x->nodes[n->id];
    s->done = s->checked = false;
    arena_reset(&s->arena);
}

/* ---- functions in FROM ---- */

struct func_state {
    struct arena arena; /* arguments and filters of the current row */
    struct arena *rows; /* one a function: results live to the next row */
    void **states;
    bool *done;
    bool begun;
    int64_t ordinal;
    struct datum *row;
};

static struct err *scalar_row(struct exec *x, const struct plan_expr *e, struct arena *arena,
                              struct datum *row, int ncols)
{
    struct datum v;
    struct record rec;
    TRY(value_of(x, e, arena, &v));
    if (ncols == 1 && !type_is_record(type_by_oid(e->expr->type))) {
        row[0] = v;
        return NULL;
    }
    for (int i = 0; i < ncols; i++)
        row[i] = datum_null();
    if (v.null)
        return NULL;
    TRY(record_open(v, &rec));
    for (int i = 0; i < ncols && i < rec.nfields; i++) {
        const struct type_ops *ops = type_lookup(x->env.types, record_field_type(&rec, i));
        row[i] = record_field(&rec, i, ops && ops->byval);
    }
    return NULL;
}

static struct err *srf_row(struct exec *x, const struct plan_expr *e, void **state,
                           struct arena *arena, struct datum *row, int ncols, bool *done)
{
    const struct call_site *site = e->program->steps[e->program->nsteps - 1].call;
    const struct datum *args = &x->frame[e->program->result];
    for (int i = 0; site->strict && i < site->nargs; i++) {
        if (args[i].null) {
            *done = true;
            return NULL;
        }
    }
    struct fn_call c = call_for(x, site, args, arena);
    return site->srf->next(state, &c, row, ncols, done);
}

static bool is_srf_program(const struct program *p)
{
    return p->nsteps && p->steps[p->nsteps - 1].op == S_SRF;
}

static struct func_state *func_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct func_state *s = node_state(x, n, sizeof(*s));
    if (!fresh)
        return s;
    arena_init(&s->arena);
    on_release(x, release_arena, &s->arena);
    s->rows = arena_new_array(&x->arena, struct arena, n->nexprs + 1);
    for (int i = 0; i < n->nexprs; i++) {
        arena_init(&s->rows[i]);
        on_release(x, release_arena, &s->rows[i]);
    }
    s->states = arena_new_array(&x->arena, void *, n->nexprs + 1);
    s->done = arena_new_array(&x->arena, bool, n->nexprs + 1);
    s->row = arena_new_array(&x->arena, struct datum, n->rte ? n->rte->ncols + 1 : n->nexprs + 1);
    return s;
}

/* One row of each function side by side; shorter ones are filled up with NULLs. */
static struct err *func_row(struct exec *x, struct plan *n, struct func_state *s, bool *any)
{
    struct datum *out = &x->frame[n->rte->base];
    *any = false;
    for (int i = 0; i < n->nexprs; i++) {
        int ncols = n->rte->func_cols[i];
        struct plan_expr *e = &n->exprs[i];
        bool srf = is_srf_program(e->program);
        if (!s->begun && srf)
            TRY(program_run(x, e->program, &s->rows[i]));
        if (!s->done[i]) {
            if (srf)
                TRY(srf_row(x, e, &s->states[i], &s->rows[i], s->row, ncols, &s->done[i]));
            else if (s->begun)
                s->done[i] = true;
            else
                TRY(scalar_row(x, e, &s->rows[i], s->row, ncols));
        }
        for (int k = 0; k < ncols; k++)
            out[k] = s->done[i] ? datum_null() : s->row[k];
        *any |= !s->done[i];
        out += ncols;
    }
    s->begun = true;
    if (n->rte->ordinality)
        *out = datum_int(++s->ordinal);
    return NULL;
}

struct err *funcscan_next(struct exec *x, struct plan *n, bool *found)
{
    struct func_state *s = func_state(x, n);
    for (bool holds = false; !holds;) {
        TRY(fiber_tick());
        TRY(func_row(x, n, s, found));
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void funcscan_rescan(struct exec *x, struct plan *n)
{
    struct func_state *s = x->nodes[n->id];
    for (int i = 0; i < n->nexprs; i++) {
        arena_reset(&s->rows[i]);
        s->states[i] = NULL;
        s->done[i] = false;
        struct program *p = n->exprs[i].program;
        if (is_srf_program(p))
            x->calls[p->steps[p->nsteps - 1].call->state] = NULL;
    }
    s->begun = false;
    s->ordinal = 0;
}

/* ---- table functions ---- */

struct tf_state {
    const struct table_function *tf;
    void *scan;
    struct arena arena;
    bool done;
};

static void tf_release(void *arg)
{
    struct tf_state *s = arg;
    if (s->scan)
        s->tf->close(s->scan);
    arena_done(&s->arena);
}

struct err *tablefunc_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct tf_state *s = node_state(x, n, sizeof(*s));
    const struct rte *rte = n->rte;
    *found = false;
    if (fresh) {
        s->tf = rte->tf;
        arena_init(&s->arena);
        on_release(x, tf_release, s);
    }
    if (s->done)
        return NULL;
    if (!s->scan)
        TRY(s->tf->open(x->env.cat, rte->tf_args, rte->ntf_args, rte->used, rte->ncols,
                        rte->tf_data, &s->scan));
    for (bool holds = false; !holds;) {
        bool more;
        TRY(fiber_tick());
        TRY(s->tf->next(s->scan, &x->frame[rte->base], &more));
        s->done = !more;
        if (!more)
            return NULL;
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    *found = true;
    return NULL;
}

void tablefunc_rescan(struct exec *x, struct plan *n)
{
    struct tf_state *s = x->nodes[n->id];
    if (s->scan)
        s->tf->close(s->scan);
    s->scan = NULL;
    s->done = false;
}

/* ---- VALUES ---- */

struct values_state {
    struct arena arena;
    int at;
};

struct err *values_next(struct exec *x, struct plan *n, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct values_state *s = node_state(x, n, sizeof(*s));
    int ncols = n->rte->ncols;
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, release_arena, &s->arena);
    }
    for (bool holds = false; !holds;) {
        *found = s->at < n->rte->nrows;
        if (!*found)
            return NULL;
        arena_reset(&s->arena);
        for (int i = 0; i < ncols; i++)
            TRY(expr_into(x, &n->exprs[s->at * ncols + i], &s->arena));
        s->at++;
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

void values_rescan(struct exec *x, struct plan *n)
{
    struct values_state *s = x->nodes[n->id];
    s->at = 0;
}

/* ---- CTE stores ---- */

struct store_state {
    struct arena arena;
    struct row_reader reader;
    bool reading;
};

static void store_release(void *arg)
{
    struct store_state *s = arg;
    arena_done(&s->arena);
    row_reader_done(&s->reader);
}

static struct err *store_next(struct exec *x, struct plan *n, struct row_store *rows, bool *found)
{
    bool fresh = !x->nodes[n->id];
    struct store_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        arena_init(&s->arena);
        on_release(x, store_release, s);
    }
    *found = rows != NULL;
    if (!rows)
        return NULL;
    if (!s->reading) {
        row_reader_done(&s->reader);
        row_reader_init(&s->reader, rows);
        s->reading = true;
    }
    for (bool holds = false; !holds;) {
        const struct datum *row;
        TRY(fiber_tick());
        TRY(row_reader_next(&s->reader, &row, found));
        if (!*found)
            return NULL;
        row_restore(x, row, n->slots, n->nslots);
        arena_reset(&s->arena);
        TRY(node_filter(x, n, &s->arena, &holds));
    }
    return NULL;
}

struct err *ctescan_next(struct exec *x, struct plan *n, bool *found)
{
    TRY(cte_fill(x, n->cte));
    return store_next(x, n, x->ctes[n->cte].rows, found);
}

void ctescan_rescan(struct exec *x, struct plan *n)
{
    struct store_state *s = x->nodes[n->id];
    s->reading = false;
}

struct err *worktable_next(struct exec *x, struct plan *n, bool *found)
{
    return store_next(x, n, x->ctes[n->cte].working, found);
}

void worktable_rescan(struct exec *x, struct plan *n)
{
    ctescan_rescan(x, n);
}
