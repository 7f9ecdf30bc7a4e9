/* Rows of a table function: one by one, or its columns for many of them. */
#include "exec/exec_internal.h"

#include "rt/fiber.h"
#include "sql/table_function.h"
#include "types/array.h"
#include "types/vector.h"

struct tf_state {
    const struct table_function *tf;
    void *scan;
    struct arena arena;
    struct arena values; /* of the filters */
    struct tf_filter *filters;
    int nfilters;
    struct tf_skipping seen;
    const enum tf_use *uses;
    struct vector *columns; /* of the rows that came last */
    size_t count, at;       /* how many; the next one */
    bool done;
};

static void tf_release(void *arg)
{
    struct tf_state *s = arg;
    if (s->scan)
        s->tf->close(s->scan);
    arena_done(&s->arena);
    arena_done(&s->values);
}

/* The values of a condition; false in *some: it is true for no row, or has none. */
static struct err *tf_values(struct exec *x, const struct index_qual *q, struct tf_state *s,
                             struct tf_filter *f, bool *some)
{
    struct plan_expr e = {q->value, -1, q->program};
    struct datum *v = arena_new(&s->values, struct datum);
    struct array a;
    TRY(value_of(x, &e, &s->values, v));
    *some = !v->null;
    if (v->null)
        return NULL;
    f->values = v;
    f->nvalues = 1;
    if (q->strategy != 6)
        return NULL;
    TRY(array_open(*v, &a));
    v = arena_new_array(&s->values, struct datum, a.nitems + 1);
    f->strategy = 3;
    f->values = v;
    f->nvalues = 0;
    for (uint32_t i = 0; i < a.nitems; i++)
        if (!array_is_null(&a, i))
            v[f->nvalues++] = array_get(&a, i);
    return NULL;
}

/* Conditions of this run. One with a NULL is true for no row, which the filter sees to. */
static struct err *tf_filters(struct exec *x, const struct plan *n, struct tf_state *s)
{
    arena_reset(&s->values);
    s->filters = arena_new_array(&s->values, struct tf_filter, n->nquals + 1);
    s->nfilters = 0;
    for (int i = 0; i < n->nquals; i++) {
        const struct index_qual *q = &n->quals[i];
        struct tf_filter *f = &s->filters[s->nfilters];
        bool some = true;
        *f = (struct tf_filter){.column = q->column, .strategy = q->strategy};
        if (q->value)
            TRY(tf_values(x, q, s, f, &some));
        s->nfilters += some;
    }
    return NULL;
}

/* For EXPLAIN ANALYZE: what the scan did since the last time. */
static void tf_count(struct exec *x, const struct plan *n, struct tf_state *s)
{
    struct tf_skipping now, *sum, *seen = &s->seen;
    if (!x->stats || !s->tf->skipping)
        return;
    s->tf->skipping(s->scan, &now);
    x->stats[n->id].has_files = true;
    sum = &x->stats[n->id].files;
    sum->files += now.files - seen->files;
    sum->skipped_files += now.skipped_files - seen->skipped_files;
    sum->bytes += now.bytes - seen->bytes;
    sum->skipped_bytes += now.skipped_bytes - seen->skipped_bytes;
    sum->row_groups += now.row_groups - seen->row_groups;
    sum->skipped_row_groups += now.skipped_row_groups - seen->skipped_row_groups;
    sum->pages += now.pages - seen->pages;
    sum->skipped_pages += now.skipped_pages - seen->skipped_pages;
    *seen = now;
}

static struct err *tf_open(struct exec *x, const struct plan *n, struct tf_state *s)
{
    const struct rte *rte = n->rte;
    TRY(tf_filters(x, n, s));
    s->seen = (struct tf_skipping){0};
    s->count = s->at = 0;
    for (int i = 0; i < rte->ncols; i++)
        x->frame[rte->base + i] = datum_null();
    return s->tf->open(x->env.cat, rte->tf_args, rte->ntf_args, s->uses, rte->ncols, s->filters,
                       s->nfilters, rte->tf_data, &s->scan);
}

static const enum tf_use *uses_of(struct exec *x, const struct rte *rte)
{
    enum tf_use *uses = arena_new_array(&x->arena, enum tf_use, rte->ncols + 1);
    for (int i = 0; i < rte->ncols; i++)
        uses[i] = rte->used[i] ? TF_VALUES : TF_UNUSED;
    return uses;
}

static struct tf_state *tf_state(struct exec *x, struct plan *n)
{
    bool fresh = !x->nodes[n->id];
    struct tf_state *s = node_state(x, n, sizeof(*s));
    if (fresh) {
        s->tf = n->rte->tf;
        s->uses = uses_of(x, n->rte);
        s->columns = arena_new_array(&x->arena, struct vector, n->rte->ncols + 1);
        arena_init(&s->arena);
        arena_init(&s->values);
        on_release(x, tf_release, s);
    }
    return s;
}

/* More rows, s->count of them; none at the end. */
static struct err *tf_more(struct exec *x, struct plan *n, struct tf_state *s)
{
    s->count = s->at = 0;
    if (s->done)
        return NULL;
    if (!s->scan)
        TRY(tf_open(x, n, s));
    TRY(s->tf->next(s->scan, s->columns, &s->count));
    tf_count(x, n, s);
    s->done = !s->count;
    return NULL;
}

struct err *tablefunc_columns(struct exec *x, struct plan *n, const enum tf_use *uses,
                              const struct vector **columns, size_t *count)
{
    struct tf_state *s = tf_state(x, n);
    s->uses = uses;
    TRY(tf_more(x, n, s));
    s->at = s->count;
    *columns = s->columns;
    *count = s->count;
    return NULL;
}

struct err *tablefunc_next(struct exec *x, struct plan *n, bool *found)
{
    struct tf_state *s = tf_state(x, n);
    const struct rte *rte = n->rte;
    *found = false;
    for (bool holds = false; !holds;) {
        TRY(fiber_tick());
        if (s->at == s->count)
            TRY(tf_more(x, n, s));
        if (!s->count)
            return NULL;
        arena_reset(&s->arena);
        for (int i = 0; i < rte->ncols; i++)
            if (rte->used[i])
                x->frame[rte->base + i] = vector_get(&s->columns[i], s->at, &s->arena);
        s->at++;
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
    s->count = s->at = 0;
    s->done = false;
}
