/* generate_series, generate_subscripts, unnest. */
#include "exec/functions/fn_internal.h"

#include "types/array.h"
#include "types/datetime.h"
#include "types/numeric.h"
#include "types/record.h"

#define SRF(name)                                                                          \
    static struct err *name(void **state, struct fn_call *c, struct datum *row, int ncols, \
                            bool *done)

static struct err *zero_step(void)
{
    return err_new("22023", "step size cannot equal zero");
}

static struct err *new_state(void **state, struct fn_call *c, size_t size)
{
    *state = arena_zalloc(c->state_arena, size);
    return NULL;
}

struct int_series {
    int64_t next, last, step;
    bool over;
};

static struct err *int_series(void **state, struct fn_call *c, int64_t max, struct datum *row,
                              bool *done)
{
    struct int_series *s = *state;
    if (!s) {
        TRY(new_state(state, c, sizeof(*s)));
        s = *state;
        *s = (struct int_series){ARG_I(0), ARG_I(1), c->nargs > 2 ? ARG_I(2) : 1, false};
        if (s->step == 0)
            return zero_step();
    }
    *done = s->over || (s->step > 0 ? s->next > s->last : s->next < s->last);
    if (*done)
        return NULL;
    *row = datum_int(s->next);
    s->over =
        __builtin_add_overflow(s->next, s->step, &s->next) || s->next > max || s->next < -max - 1;
    return NULL;
}

SRF(series_int4)
{
    return int_series(state, c, INT32_MAX, row, done);
}

SRF(series_int8)
{
    return int_series(state, c, INT64_MAX, row, done);
}

struct numeric_series {
    struct datum next; /* in `bytes` */
    struct datum last, step;
    int direction;
    uint8_t *bytes;
    uint32_t cap;
};

static struct err *finite_bound(struct datum d, const char *what)
{
    if (!numeric_is_special(d))
        return NULL;
    return err_new("22023", "%s cannot be %s", what, numeric_is_nan(d) ? "NaN" : "infinity");
}

/* The series keeps one value in one buffer, however long it is. */
static struct err *keep_next(struct numeric_series *s, struct fn_call *c, struct datum d)
{
    if (d.len > s->cap) {
        s->cap = d.len * 2;
        s->bytes = arena_try_alloc(c->state_arena, s->cap);
        if (!s->bytes)
            return err_oom();
    }
    memcpy(s->bytes, d.p, d.len);
    s->next = datum_bytes(s->bytes, d.len);
    return NULL;
}

SRF(series_numeric)
{
    struct numeric_series *s = *state;
    if (!s) {
        TRY(new_state(state, c, sizeof(*s)));
        s = *state;
        TRY(finite_bound(c->args[0], "start value"));
        TRY(finite_bound(c->args[1], "stop value"));
        s->step = c->nargs > 2 ? c->args[2] : numeric_from_int64(1, c->state_arena);
        TRY(finite_bound(s->step, "step size"));
        s->direction = numeric_sign_of(s->step);
        if (s->direction == 0)
            return zero_step();
        s->step = datum_copy(c->state_arena, s->step, false);
        s->last = datum_copy(c->state_arena, c->args[1], false);
        TRY(keep_next(s, c, c->args[0]));
    } else {
        struct datum sum;
        TRY(numeric_add(s->next, s->step, c->arena, &sum));
        TRY(keep_next(s, c, sum));
    }
    *done = numeric_compare(s->next, s->last) * s->direction > 0;
    if (!*done)
        *row = datum_copy(c->arena, s->next, false);
    return NULL;
}

struct time_series {
    int64_t next, last;
    struct interval step;
    int direction;
};

static struct err *time_series(void **state, struct fn_call *c, bool zoned, struct datum *row,
                               bool *done)
{
    struct time_series *s = *state;
    if (!s) {
        TRY(new_state(state, c, sizeof(*s)));
        s = *state;
        *s = (struct time_series){ARG_I(0), ARG_I(1), interval_load(c->args[2]), 0};
        s->direction = interval_compare(s->step, (struct interval){0});
        if (s->direction == 0)
            return zero_step();
    }
    *done = s->direction > 0 ? s->next > s->last : s->next < s->last;
    if (*done)
        return NULL;
    *row = datum_int(s->next);
    return zoned ? timestamptz_add(s->next, s->step, c->env ? c->env->tz : NULL, &s->next)
                 : timestamp_add(s->next, s->step, &s->next);
}

SRF(series_timestamp)
{
    return time_series(state, c, false, row, done);
}

SRF(series_timestamptz)
{
    return time_series(state, c, true, row, done);
}

SRF(subscripts)
{
    struct int_series *s = *state;
    if (!s) {
        struct array a;
        TRY(array_open(c->args[0], &a));
        TRY(new_state(state, c, sizeof(*s)));
        s = *state;
        int64_t dim = ARG_I(1);
        if (dim < 1 || dim > a.ndim) {
            s->over = true;
        } else {
            int64_t low = a.lower[dim - 1], high = low + a.dims[dim - 1] - 1;
            bool reverse = c->nargs > 2 && ARG_I(2);
            *s = (struct int_series){reverse ? high : low, reverse ? low : high, reverse ? -1 : 1,
                                     false};
        }
    }
    *done = s->over || (s->step > 0 ? s->next > s->last : s->next < s->last);
    if (*done)
        return NULL;
    *row = datum_int(s->next);
    s->next += s->step;
    return NULL;
}

struct unnest {
    struct array a;
    uint32_t at;
};

SRF(unnest)
{
    struct unnest *u = *state;
    if (!u) {
        TRY(new_state(state, c, sizeof(*u)));
        u = *state;
        if (!c->args[0].null)
            TRY(array_open(c->args[0], &u->a));
    }
    *done = u->at == u->a.nitems;
    if (*done)
        return NULL;
    struct datum item = array_get(&u->a, u->at++);
    if (c->columns)
        return record_spread(c->env, item, c->arena, row, ncols);
    *row = item;
    return NULL;
}

const struct srf_impl srf_series_table[] = {
    {"generate_series_int4", series_int4},
    {"generate_series_step_int4", series_int4},
    {"generate_series_int8", series_int8},
    {"generate_series_step_int8", series_int8},
    {"generate_series_numeric", series_numeric},
    {"generate_series_step_numeric", series_numeric},
    {"generate_series_timestamp", series_timestamp},
    {"generate_series_timestamptz", series_timestamptz},
    {"generate_subscripts", subscripts},
    {"generate_subscripts_nodir", subscripts},
    {"array_unnest", unnest},
};
TABLE_END(srf_series);
