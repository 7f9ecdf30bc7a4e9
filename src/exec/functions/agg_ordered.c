/* Ordered-set aggregates (percentile_disc, percentile_cont, mode) and hypothetical-set ones (rank,
 * dense_rank, percent_rank, cume_dist): a group's rows come sorted, their number is known before.
 */
#include "exec/functions/agg_internal.h"

#include "types/array.h"
#include "types/datetime.h"

#include <math.h>

#define BEGIN(name)                                                                          \
    static struct err *name(void *state, struct fn_call *c, const struct ordered_rows *rows, \
                            struct arena *arena)
#define ADD(name)                                                                                  \
    static struct err *name(void *state, const struct ordered_rows *rows, const struct datum *row, \
                            struct arena *arena)
#define FINISH(name)                                                                         \
    static struct err *name(void *state, struct fn_call *c, const struct ordered_rows *rows, \
                            struct datum *out)

/* ---- percentiles ---- */

/* One percentile asked for: the rows at which its value is, or between which it lies. */
struct wanted {
    bool null;
    int64_t first; /* from 0 */
    int64_t second;
    double part; /* of the way from the first to the second */
    struct datum low;
    struct datum high;
};

struct percentiles {
    struct wanted *list;
    struct array shape; /* of the argument, if it is an array */
    uint32_t count;
    int64_t at;
    bool none; /* NULL is the answer */
};

static struct err *want(struct wanted *w, double p, int64_t rows, bool continuous)
{
    if (isnan(p))
        return err_new("22003", "percentile value NaN is not between 0 and 1");
    if (p < 0 || p > 1)
        return err_new("22003", "percentile value %g is not between 0 and 1", p);
    if (continuous) {
        double at = p * (double)(rows - 1);
        w->first = (int64_t)floor(at);
        w->second = (int64_t)ceil(at);
        w->part = at - (double)w->first;
        return NULL;
    }
    int64_t number = (int64_t)ceil(p * (double)rows);
    w->first = w->second = number > 1 ? number - 1 : 0;
    return NULL;
}

static struct err *begin_one(struct percentiles *s, struct fn_call *c, int64_t rows,
                             struct arena *arena, bool continuous)
{
    s->none = c->args[0].null || !rows;
    s->list = arena_new_array(arena, struct wanted, 1);
    s->count = 1;
    return c->args[0].null ? NULL : want(s->list, c->args[0].f64, rows, continuous);
}

static struct err *begin_array(struct percentiles *s, struct fn_call *c, int64_t rows,
                               struct arena *arena, bool continuous)
{
    s->none = c->args[0].null || !rows;
    if (s->none)
        return NULL;
    TRY(array_open(c->args[0], &s->shape));
    s->count = s->shape.nitems;
    s->list = arena_try_alloc(arena, sizeof(*s->list) * ((size_t)s->count + 1));
    if (!s->list)
        return err_oom();
    for (uint32_t i = 0; i < s->count; i++) {
        s->list[i] = (struct wanted){.null = array_is_null(&s->shape, i)};
        if (!s->list[i].null)
            TRY(want(&s->list[i], array_get(&s->shape, i).f64, rows, continuous));
    }
    return NULL;
}

BEGIN(disc_begin)
{
    return begin_one(state, c, rows->count, arena, false);
}

BEGIN(cont_begin)
{
    return begin_one(state, c, rows->count, arena, true);
}

BEGIN(disc_array_begin)
{
    return begin_array(state, c, rows->count, arena, false);
}

BEGIN(cont_array_begin)
{
    return begin_array(state, c, rows->count, arena, true);
}

ADD(percentile_add)
{
    struct percentiles *s = state;
    int64_t at = s->at++;
    for (uint32_t i = 0; i < s->count && !s->none; i++) {
        struct wanted *w = &s->list[i];
        if (w->null)
            continue;
        if (at == w->first)
            TRY(agg_keep(rows->types[0], row[0], arena, &w->low));
        if (at == w->second && w->second != w->first)
            TRY(agg_keep(rows->types[0], row[0], arena, &w->high));
    }
    return NULL;
}

static struct err *between(const struct wanted *w, uint32_t type, struct arena *arena,
                           struct datum *out)
{
    *out = w->low;
    if (w->null || w->first == w->second) {
        if (w->null)
            *out = datum_null();
        return NULL;
    }
    if (type == FLOAT8_OID) {
        *out = datum_f64(w->low.f64 + w->part * (w->high.f64 - w->low.f64));
        return NULL;
    }
    struct interval low = interval_load(w->low);
    struct interval d;
    TRY(interval_sub(interval_load(w->high), low, &d));
    TRY(interval_mul(d, w->part, &d));
    TRY(interval_add(d, low, &d));
    *out = interval_datum(d, arena);
    return NULL;
}

FINISH(percentile_finish)
{
    struct percentiles *s = state;
    if (s->none)
        return give_null(out);
    return between(&s->list[0], rows->types[0]->oid, c->arena, out);
}

FINISH(percentile_array_finish)
{
    struct percentiles *s = state;
    if (s->none)
        return give_null(out);
    struct datum *items = arena_try_alloc(c->arena, sizeof(*items) * ((size_t)s->count + 1));
    if (!items)
        return err_oom();
    for (uint32_t i = 0; i < s->count; i++)
        TRY(between(&s->list[i], rows->types[0]->oid, c->arena, &items[i]));
    return array_make(rows->types[0], s->shape.ndim, s->shape.dims, s->shape.lower, items, c->arena,
                      out);
}

/* ---- mode ---- */

struct mode_state {
    int64_t run; /* rows with the value seen last */
    int64_t best_run;
    struct datum last;
    struct datum best;
};

BEGIN(mode_begin)
{
    return NULL;
}

/* Of several values the first one is the mode; each run of one value keeps one copy. */
ADD(mode_add)
{
    struct mode_state *s = state;
    const struct type_ops *t = rows->types[0];
    if (s->run && t->compare(t, s->last, row[0]) == 0) {
        s->run++;
    } else {
        TRY(agg_keep(t, row[0], arena, &s->last));
        s->run = 1;
    }
    if (s->run > s->best_run) {
        s->best_run = s->run;
        s->best = s->last;
    }
    return NULL;
}

FINISH(mode_finish)
{
    struct mode_state *s = state;
    *out = s->best_run ? s->best : datum_null();
    return NULL;
}

/* ---- hypothetical rows ---- */

struct hypothetical {
    const struct datum *row;
    int64_t before;   /* rows that sort before it */
    int64_t equal;    /* its peers */
    int64_t distinct; /* different rows before it */
    struct datum *last;
};

BEGIN(hypothetical_begin)
{
    struct hypothetical *s = state;
    s->row = c->args;
    s->last = arena_new_array(arena, struct datum, rows->ncols);
    return NULL;
}

static int compare_rows(const struct ordered_rows *rows, const struct datum *a,
                        const struct datum *b)
{
    for (int i = 0; i < rows->ncols; i++) {
        if (a[i].null != b[i].null)
            return a[i].null == rows->nulls_first[i] ? -1 : 1;
        int r = a[i].null ? 0 : rows->types[i]->compare(rows->types[i], a[i], b[i]);
        if (r)
            return rows->desc[i] ? -r : r;
    }
    return 0;
}

ADD(hypothetical_add)
{
    struct hypothetical *s = state;
    int r = compare_rows(rows, row, s->row);
    if (r > 0)
        return NULL;
    if (r == 0) {
        s->equal++;
        return NULL;
    }
    if (!s->before || compare_rows(rows, row, s->last) != 0) {
        s->distinct++;
        for (int i = 0; i < rows->ncols; i++)
            TRY(agg_keep(rows->types[i], row[i], arena, &s->last[i]));
    }
    s->before++;
    return NULL;
}

FINISH(rank_finish)
{
    struct hypothetical *s = state;
    return give_int(s->before + 1, out);
}

FINISH(dense_rank_finish)
{
    struct hypothetical *s = state;
    return give_int(s->distinct + 1, out);
}

FINISH(percent_rank_finish)
{
    struct hypothetical *s = state;
    *out = datum_f64(rows->count ? (double)s->before / (double)rows->count : 0);
    return NULL;
}

FINISH(cume_dist_finish)
{
    struct hypothetical *s = state;
    *out = datum_f64((double)(s->before + s->equal + 1) / (double)(rows->count + 1));
    return NULL;
}

#define PERCENTILE(name, begin, finish)                                       \
    {                                                                         \
        name, sizeof(struct percentiles), true, begin, percentile_add, finish \
    }
#define HYPOTHETICAL(name, finish)                                                             \
    {                                                                                          \
        name, sizeof(struct hypothetical), false, hypothetical_begin, hypothetical_add, finish \
    }

static const struct {
    uint32_t direct; /* type of the first direct argument; 0: any */
    struct ordered_impl impl;
} impls[] = {
    {FLOAT8_OID, PERCENTILE("percentile_disc", disc_begin, percentile_finish)},
    {FLOAT8_OID, PERCENTILE("percentile_cont", cont_begin, percentile_finish)},
    {FLOAT8ARRAY_OID, PERCENTILE("percentile_disc", disc_array_begin, percentile_array_finish)},
    {FLOAT8ARRAY_OID, PERCENTILE("percentile_cont", cont_array_begin, percentile_array_finish)},
    {0, {"mode", sizeof(struct mode_state), true, mode_begin, mode_add, mode_finish}},
    {0, HYPOTHETICAL("rank", rank_finish)},
    {0, HYPOTHETICAL("dense_rank", dense_rank_finish)},
    {0, HYPOTHETICAL("percent_rank", percent_rank_finish)},
    {0, HYPOTHETICAL("cume_dist", cume_dist_finish)},
};

const struct ordered_impl *ordered_lookup(const char *name, uint32_t direct)
{
    for (size_t i = 0; i < ARRAY_LENGTH(impls); i++)
        if (strcmp(impls[i].impl.name, name) == 0 &&
            (!impls[i].direct || impls[i].direct == direct))
            return &impls[i].impl;
    return NULL;
}
