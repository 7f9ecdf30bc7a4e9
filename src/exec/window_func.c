/* Window functions, and aggregates over frames. An aggregate's state is carried on from row to row
 * as long as its frame only grows, or loses rows at its start that the aggregate can take back;
 * else it is made anew. */
#include "exec/window_internal.h"

/* ---- arguments ---- */

static struct datum argument(const struct window_func *f, const struct datum *row, int i)
{
    return row[f->at + 1 + i];
}

/* Argument 0 at another row, with the life of the current row's results. */
static struct err *value_at(struct window_state *w, struct window_func *f, size_t i,
                            struct datum *out)
{
    const struct datum *row;
    TRY(window_row(w, &f->read, i, &row));
    *out = keep(&w->out, argument(f, row, 0));
    return NULL;
}

/* ---- ranks ---- */

static struct err *row_number(struct window_state *w, struct window_func *f, struct datum *out)
{
    (void)f;
    *out = datum_int((int64_t)w->at + 1);
    return NULL;
}

static struct err *rank(struct window_state *w, struct window_func *f, struct datum *out)
{
    (void)f;
    *out = datum_int((int64_t)w->peers.from + 1);
    return NULL;
}

static struct err *dense_rank(struct window_state *w, struct window_func *f, struct datum *out)
{
    (void)f;
    *out = datum_int(w->row[w->group_at].i + 1);
    return NULL;
}

static struct err *percent_rank(struct window_state *w, struct window_func *f, struct datum *out)
{
    (void)f;
    *out = datum_f64(w->count > 1 ? (double)w->peers.from / (double)(w->count - 1) : 0);
    return NULL;
}

static struct err *cume_dist(struct window_state *w, struct window_func *f, struct datum *out)
{
    (void)f;
    *out = datum_f64((double)w->peers.to / (double)w->count);
    return NULL;
}

/* The number of buckets is that of the partition's first row that has one. */
static struct err *ntile(struct window_state *w, struct window_func *f, struct datum *out)
{
    *out = datum_null();
    if (!f->buckets) {
        struct datum d = argument(f, w->row, 0);
        if (d.null)
            return NULL;
        if (d.i <= 0)
            return err_new("22014", "argument of ntile must be greater than zero");
        f->buckets = d.i;
        f->first = w->at;
    }
    int64_t row = (int64_t)(w->at - f->first);
    int64_t size = (int64_t)w->count / f->buckets;
    int64_t larger = (int64_t)w->count % f->buckets; /* so many buckets have one row more */
    if (row < larger * (size + 1))
        *out = datum_int(row / (size + 1) + 1);
    else
        *out = datum_int(larger + (row - larger * (size + 1)) / size + 1);
    return NULL;
}

/* ---- other rows ---- */

static struct err *shift(struct window_state *w, struct window_func *f, bool forward,
                         struct datum *out)
{
    int64_t by = 1;
    int64_t at;
    *out = datum_null();
    if (f->nargs > 1) {
        struct datum d = argument(f, w->row, 1);
        if (d.null)
            return NULL;
        by = d.i;
    }
    bool inside = !__builtin_add_overflow((int64_t)w->at, forward ? by : -by, &at) && at >= 0 &&
                  at < (int64_t)w->count;
    if (inside)
        return value_at(w, f, (size_t)at, out);
    if (f->nargs > 2)
        *out = argument(f, w->row, 2);
    return NULL;
}

static struct err *lag(struct window_state *w, struct window_func *f, struct datum *out)
{
    return shift(w, f, false, out);
}

static struct err *lead(struct window_state *w, struct window_func *f, struct datum *out)
{
    return shift(w, f, true, out);
}

/* The frame's row number `n`, from 1. */
static struct err *frame_value(struct window_state *w, struct window_func *f, uint64_t n,
                               struct datum *out)
{
    struct row_span spans[3];
    int count;
    *out = datum_null();
    TRY(window_frame(w, spans, &count));
    for (int i = 0; i < count; i++) {
        size_t rows = spans[i].to - spans[i].from;
        if (n <= rows)
            return value_at(w, f, spans[i].from + (size_t)n - 1, out);
        n -= rows;
    }
    return NULL;
}

static struct err *first_value(struct window_state *w, struct window_func *f, struct datum *out)
{
    return frame_value(w, f, 1, out);
}

static struct err *nth_value(struct window_state *w, struct window_func *f, struct datum *out)
{
    struct datum n = argument(f, w->row, 1);
    *out = datum_null();
    if (n.null)
        return NULL;
    if (n.i <= 0)
        return err_new("22016", "argument of nth_value must be greater than zero");
    return frame_value(w, f, (uint64_t)n.i, out);
}

static struct err *last_value(struct window_state *w, struct window_func *f, struct datum *out)
{
    struct row_span spans[3];
    int count;
    *out = datum_null();
    TRY(window_frame(w, spans, &count));
    return count ? value_at(w, f, spans[count - 1].to - 1, out) : NULL;
}

static const struct {
    const char *prosrc;
    window_impl impl;
} impls[] = {
    {"window_row_number", row_number},
    {"window_rank", rank},
    {"window_dense_rank", dense_rank},
    {"window_percent_rank", percent_rank},
    {"window_cume_dist", cume_dist},
    {"window_ntile", ntile},
    {"window_lag", lag},
    {"window_lag_with_offset", lag},
    {"window_lag_with_offset_and_default", lag},
    {"window_lead", lead},
    {"window_lead_with_offset", lead},
    {"window_lead_with_offset_and_default", lead},
    {"window_first_value", first_value},
    {"window_last_value", last_value},
    {"window_nth_value", nth_value},
};

/* ---- aggregates ---- */

static struct fn_call call_of(struct window_state *w, struct window_func *f,
                              const struct datum *args, struct arena *arena)
{
    const struct expr *e = f->plan->expr;
    return (struct fn_call){.args = args,
                            .nargs = f->nargs,
                            .arena = arena,
                            .env = w->x->env.types,
                            .arg_types = f->arg_types,
                            .func = e->func,
                            .collation = e->input_collation,
                            .result_type = e->type,
                            .result_typmod = e->typmod,
                            .state = &f->call_state,
                            .state_arena = &w->x->arena,
                            .session = w->x->env.session};
}

/* Whether the aggregate counts the row. */
static bool counts(const struct window_func *f, const struct datum *row)
{
    if (!row[f->at].i)
        return false;
    for (int i = 0; f->agg->skip_nulls && i < f->nargs; i++)
        if (argument(f, row, i).null)
            return false;
    return true;
}

static struct err *add_rows(struct window_state *w, struct window_func *f, struct row_span s)
{
    for (size_t i = s.from; i < s.to; i++) {
        const struct datum *row;
        TRY(window_row(w, &f->read, i, &row));
        if (!counts(f, row))
            continue;
        arena_reset(&w->arena);
        struct fn_call c = call_of(w, f, row + f->at + 1, &w->arena);
        TRY(f->agg->add(f->state, &c, &f->arena));
    }
    return NULL;
}

/* *ok is false when a row could not be taken back: the state is void then. */
static struct err *remove_rows(struct window_state *w, struct window_func *f, struct row_span s,
                               bool *ok)
{
    *ok = true;
    for (size_t i = s.from; i < s.to && *ok; i++) {
        const struct datum *row;
        TRY(window_row(w, &f->removed, i, &row));
        if (!counts(f, row))
            continue;
        arena_reset(&w->arena);
        struct fn_call c = call_of(w, f, row + f->at + 1, &w->arena);
        TRY(f->agg->remove(f->state, &c, &f->arena, ok));
    }
    return NULL;
}

static void state_reset(struct window_func *f, size_t from)
{
    arena_reset(&f->arena);
    uintptr_t p = (uintptr_t)arena_zalloc(&f->arena, f->agg->state_bytes + 16);
    f->state = (void *)((p + 15) & ~(uintptr_t)15); /* for 128-bit integers */
    f->covers = (struct row_span){from, from};
    f->known = false;
}

/* Brings the state from the rows that it covers to those of the frame. */
static struct err *cover(struct window_state *w, struct window_func *f, struct row_span s)
{
    bool ok = f->state && s.from >= f->covers.from && s.to >= f->covers.to;
    if (ok && s.from > f->covers.from) {
        ok = f->agg->remove && s.from <= f->covers.to;
        if (ok)
            TRY(remove_rows(w, f, (struct row_span){f->covers.from, s.from}, &ok));
        f->known = false;
    }
    if (!ok)
        state_reset(f, s.from);
    f->known &= s.to == f->covers.to;
    TRY(add_rows(w, f, (struct row_span){f->covers.to, s.to}));
    f->covers = s;
    return NULL;
}

static struct err *aggregate(struct window_state *w, struct window_func *f, struct datum *out)
{
    struct row_span spans[3];
    int n;
    TRY(window_frame(w, spans, &n));
    if (n <= 1 && !(w->n->window->frame & FRAME_EXCLUDES)) {
        if (!n) /* nothing: stay where the state is */
            spans[0] = (struct row_span){f->covers.to, f->covers.to};
        TRY(cover(w, f, spans[0]));
    } else {
        state_reset(f, 0);
        for (int i = 0; i < n; i++)
            TRY(add_rows(w, f, spans[i]));
    }
    if (!f->known) {
        arena_reset(&f->result_arena);
        struct fn_call c = call_of(w, f, NULL, &f->result_arena);
        TRY(f->agg->finish(f->state, &c, &f->result));
        f->known = true;
    }
    *out = f->result;
    return NULL;
}

/* ---- the interface ---- */

struct err *window_func_begin(struct window_state *w, struct window_func *f)
{
    const struct expr *e = f->plan->expr;
    const struct cat_proc *p = builtin_proc(e->func);
    f->arg_types = arena_new_array(&w->x->arena, uint32_t, e->nargs + 1);
    for (int i = 0; i < e->nargs; i++)
        f->arg_types[i] = e->args[i]->type;
    for (size_t i = 0; i < ARRAY_LENGTH(impls) && p->kind == 'w'; i++)
        if (str_eq_c(p->src, impls[i].prosrc))
            f->impl = impls[i].impl;
    if (p->kind == 'a')
        f->agg = aggregate_of(p, &w->x->arena);
    if (!f->impl && !f->agg)
        return err_unsupported("%s function %.*s is not supported yet",
                               p->kind == 'a' ? "aggregate" : "window", STR_ARG(p->name));
    return NULL;
}

void window_func_new_partition(struct window_func *f)
{
    f->state = NULL;
    f->covers = (struct row_span){0, 0};
    f->known = false;
    f->buckets = 0;
}

struct err *window_func_value(struct window_state *w, struct window_func *f, struct datum *out)
{
    return f->impl ? f->impl(w, f, out) : aggregate(w, f, out);
}
