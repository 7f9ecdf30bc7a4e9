/* Aggregates without arithmetic beyond integers: count, min, max, boolean and bit aggregates,
 * string_agg, array_agg. States hold what they keep in the group's arena. */
#include "exec/functions/agg_internal.h"

#include "types/array.h"
#include "types/datetime.h"

#include <math.h>

struct err *arena_bytes_put(struct arena_bytes *b, struct arena *arena, const void *p, size_t len)
{
    if (len > b->cap - b->len) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->len < len)
            cap *= 2;
        if (cap > (size_t)1 << 31)
            return err_detail(err_new("54000", "out of memory"),
                              "Cannot enlarge string buffer containing %zu bytes by %zu more "
                              "bytes.",
                              b->len, len);
        char *grown = arena_try_alloc(arena, cap);
        if (!grown)
            return err_oom();
        if (b->len)
            memcpy(grown, b->p, b->len);
        b->p = grown;
        b->cap = cap;
    }
    if (len)
        memcpy(b->p + b->len, p, len);
    b->len += len;
    return NULL;
}

struct err *agg_keep(const struct type_ops *t, struct datum d, struct arena *arena,
                     struct datum *out)
{
    *out = d;
    if (d.null || t->byval)
        return NULL;
    uint8_t *p = arena_try_alloc(arena, d.len);
    if (!p)
        return err_oom();
    if (d.len)
        memcpy(p, d.p, d.len);
    out->p = p;
    return NULL;
}

/* count */

AGG_ADD(count_add)
{
    ++*(int64_t *)state;
    return NULL;
}

AGG_REMOVE(count_remove)
{
    --*(int64_t *)state;
    return NULL;
}

AGG_COLUMN(count_column)
{
    (void)c, (void)arena;
    *(int64_t *)state += (int64_t)(column ? vector_count_values(column, count) : count);
    return NULL;
}

AGG_FINISH(count_finish)
{
    return give_int(*(int64_t *)state, out);
}

/* min, max: one buffer per group is reused for values by reference. */

struct extreme {
    bool set;
    struct datum d;
    uint8_t *bytes;
    uint32_t cap;
};

static struct err *take(struct extreme *x, const struct type_ops *t, struct datum d,
                        struct arena *arena)
{
    x->set = true;
    x->d = d;
    if (t->byval)
        return NULL;
    if (d.len > x->cap || !x->bytes) {
        x->cap = d.len < 32 ? 32 : d.len + d.len / 2;
        x->bytes = arena_try_alloc(arena, x->cap);
        if (!x->bytes)
            return err_oom();
    }
    if (d.len)
        memcpy(x->bytes, d.p, d.len);
    x->d.p = x->bytes;
    return NULL;
}

/* Integers in datum.i: the common case without calls. */
AGG_ADD(max_int_add)
{
    struct extreme *x = state;
    if (!x->set || ARG_I(0) > x->d.i) {
        x->set = true;
        x->d = c->args[0];
    }
    return NULL;
}

AGG_ADD(min_int_add)
{
    struct extreme *x = state;
    if (!x->set || ARG_I(0) < x->d.i) {
        x->set = true;
        x->d = c->args[0];
    }
    return NULL;
}

static struct err *extreme_add(void *state, struct fn_call *c, struct arena *arena, int sign)
{
    struct extreme *x = state;
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    if (!t->compare)
        return err_new("42883", "could not identify a comparison function for type %s", t->name);
    /* Of equal values the later one stays, as with PostgreSQL's larger and smaller functions;
     * char(n) is the exception. */
    if (x->set) {
        int r = t->compare(t, x->d, c->args[0]) * sign;
        if (r > 0 || (r == 0 && t->oid == BPCHAR_OID))
            return NULL;
    }
    return take(x, t, c->args[0], arena);
}

AGG_ADD(max_add)
{
    return extreme_add(state, c, arena, 1);
}

AGG_ADD(min_add)
{
    return extreme_add(state, c, arena, -1);
}

/* The place of the last of the values that none exceeds; false: all are NULL. */
#define FIND_EXTREME(array, exceeds)                        \
    do {                                                    \
        for (size_t i = 0; i < count; i++) {                \
            if (column->valid && !column->valid[i])         \
                continue;                                   \
            if (!found || !(exceeds(array[*at], array[i]))) \
                *at = i;                                    \
            found = true;                                   \
        }                                                   \
        return found;                                       \
    } while (0)
#define ABOVE(a, b) ((a) > (b))
#define BELOW(a, b) ((a) < (b))
/* NaN is above all numbers. */
#define FLOAT_ABOVE(a, b) ((a) > (b) || (isnan(a) && !isnan(b)))
#define FLOAT_BELOW(a, b) ((a) < (b) || (isnan(b) && !isnan(a)))
#define BYTES_ABOVE(a, b) (str_cmp(a, b) > 0)
#define BYTES_BELOW(a, b) (str_cmp(a, b) < 0)

#define DEFINE_FIND(name, above, float_above, bytes_above)                  \
    static bool name(const struct vector *column, size_t count, size_t *at) \
    {                                                                       \
        bool found = false;                                                 \
        switch (column->form) {                                             \
        case VECTOR_NULLS:                                                  \
        case VECTOR_PRESENCE:                                               \
        case VECTOR_DATUMS:                                                 \
            return false;                                                   \
        case VECTOR_BOOL:                                                   \
            FIND_EXTREME(column->bools, above);                             \
        case VECTOR_I32:                                                    \
            FIND_EXTREME(column->i32, above);                               \
        case VECTOR_I64:                                                    \
        case VECTOR_SCALED64:                                               \
            FIND_EXTREME(column->i64, above);                               \
        case VECTOR_F32:                                                    \
            FIND_EXTREME(column->f32, float_above);                         \
        case VECTOR_F64:                                                    \
            FIND_EXTREME(column->f64, float_above);                         \
        case VECTOR_SCALED:                                                 \
            FIND_EXTREME(column->i128, above);                              \
        case VECTOR_BYTES:                                                  \
            FIND_EXTREME(column->bytes, bytes_above);                       \
        }                                                                   \
        UNREACHABLE();                                                      \
    }
DEFINE_FIND(find_greatest, ABOVE, FLOAT_ABOVE, BYTES_ABOVE)
DEFINE_FIND(find_least, BELOW, FLOAT_BELOW, BYTES_BELOW)

/* Only the column's own extreme is compared with what there is. */
static struct err *extreme_column(void *state, struct fn_call *c, const struct vector *column,
                                  size_t count, struct arena *arena, int sign)
{
    size_t at = 0, end = count;
    if (column->form != VECTOR_DATUMS) {
        if (!(sign > 0 ? find_greatest(column, count, &at) : find_least(column, count, &at)))
            return NULL;
        end = at + 1;
    }
    for (; at < end; at++) {
        struct datum d = vector_get(column, at, c->arena);
        c->args = &d;
        if (!d.null)
            TRY(extreme_add(state, c, arena, sign));
    }
    return NULL;
}

AGG_COLUMN(max_column)
{
    return extreme_column(state, c, column, count, arena, 1);
}

AGG_COLUMN(min_column)
{
    return extreme_column(state, c, column, count, arena, -1);
}

AGG_FINISH(extreme_finish)
{
    struct extreme *x = state;
    *out = x->set ? x->d : datum_null();
    return NULL;
}

/* Booleans and bits */

struct folded {
    bool set;
    int64_t v;
};

#define FOLD(name, expression)            \
    AGG_ADD(name)                         \
    {                                     \
        struct folded *f = state;         \
        int64_t a = f->v, b = ARG_I(0);   \
        f->v = f->set ? (expression) : b; \
        f->set = true;                    \
        return NULL;                      \
    }
FOLD(and_add, a &b)
FOLD(or_add, a | b)
FOLD(xor_add, a ^ b)

AGG_FINISH(fold_finish)
{
    struct folded *f = state;
    return f->set ? give_int(f->v, out) : give_null(out);
}

/* string_agg */

struct joined {
    bool any;
    struct arena_bytes bytes;
};

AGG_ADD(string_add)
{
    struct joined *j = state;
    if (c->args[0].null)
        return NULL;
    if (j->any && !c->args[1].null)
        TRY(arena_bytes_put(&j->bytes, arena, c->args[1].p, c->args[1].len));
    j->any = true;
    return arena_bytes_put(&j->bytes, arena, c->args[0].p, c->args[0].len);
}

AGG_FINISH(string_finish)
{
    struct joined *j = state;
    if (!j->any)
        return give_null(out);
    if (j->bytes.len > 0x3fffffff)
        return too_long_result();
    *out = datum_bytes(j->bytes.p, j->bytes.len);
    return NULL;
}

/* array_agg */

struct items_state {
    const struct type_ops *elem;
    struct array_items list;
    struct array shape; /* of the arrays, for array_agg(anyarray) */
    int32_t arrays;
};

AGG_ADD(array_add)
{
    struct items_state *s = state;
    struct datum kept;
    if (!s->elem)
        TRY(arg_type(c, 0, &s->elem));
    TRY(agg_keep(s->elem, c->args[0], arena, &kept));
    return array_items_add(&s->list, arena, kept);
}

AGG_FINISH(array_finish)
{
    struct items_state *s = state;
    if (!s->elem)
        return give_null(out);
    return array_make_1d(s->elem, s->list.items, s->list.count, c->arena, out);
}

AGG_ADD(arrays_add)
{
    struct items_state *s = state;
    if (c->args[0].null)
        return err_new("22004", "cannot accumulate null arrays");
    struct array a;
    TRY(array_open(c->args[0], &a));
    if (a.ndim == 0)
        return err_new("2202E", "cannot accumulate empty arrays");
    if (!s->elem) {
        TRY(known_type(c, a.elem_oid, &s->elem));
        if (a.ndim + 1 > ARRAY_MAX_DIMS)
            return err_new("54000",
                           "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                           a.ndim + 1, ARRAY_MAX_DIMS);
        s->shape = a;
    } else {
        bool same = a.ndim == s->shape.ndim;
        for (int i = 0; i < a.ndim && same; i++)
            same = a.dims[i] == s->shape.dims[i] && a.lower[i] == s->shape.lower[i];
        if (!same)
            return err_new("2202E", "cannot accumulate arrays of different dimensionality");
    }
    s->arrays++;
    for (uint32_t i = 0; i < a.nitems; i++) {
        struct datum kept;
        TRY(agg_keep(s->elem, array_get(&a, i), arena, &kept));
        TRY(array_items_add(&s->list, arena, kept));
    }
    return NULL;
}

AGG_FINISH(arrays_finish)
{
    struct items_state *s = state;
    if (!s->elem)
        return give_null(out);
    int32_t dims[ARRAY_MAX_DIMS], lower[ARRAY_MAX_DIMS];
    dims[0] = s->arrays;
    lower[0] = 1;
    for (int i = 0; i < s->shape.ndim; i++) {
        dims[i + 1] = s->shape.dims[i];
        lower[i + 1] = s->shape.lower[i];
    }
    return array_make(s->elem, s->shape.ndim + 1, dims, lower, s->list.items, c->arena, out);
}

/* sum and avg of intervals */

struct interval_state {
    int64_t count;
    struct interval sum;
};

AGG_ADD(interval_sum_add)
{
    struct interval_state *s = state;
    s->count++;
    return interval_add(s->sum, interval_load(c->args[0]), &s->sum);
}

AGG_FINISH(interval_sum_finish)
{
    struct interval_state *s = state;
    *out = s->count ? interval_datum(s->sum, c->arena) : datum_null();
    return NULL;
}

AGG_FINISH(interval_avg_finish)
{
    struct interval_state *s = state;
    if (!s->count)
        return give_null(out);
    struct interval v;
    TRY(interval_div(s->sum, (double)s->count, &v));
    *out = interval_datum(v, c->arena);
    return NULL;
}

#define EXTREMES(type, max_fn, min_fn)                                                    \
    AGG1_COLUMN("max", type, sizeof(struct extreme), max_fn, max_column, extreme_finish), \
        AGG1_COLUMN("min", type, sizeof(struct extreme), min_fn, min_column, extreme_finish)
#define BITS(type)                                                              \
    AGG1("bit_and", type, sizeof(struct folded), and_add, fold_finish, true),   \
        AGG1("bit_or", type, sizeof(struct folded), or_add, fold_finish, true), \
        AGG1("bit_xor", type, sizeof(struct folded), xor_add, fold_finish, true)

const struct agg_entry agg_basic_table[] = {
    {"count",
     {0},
     0,
     {"count", sizeof(int64_t), count_add, count_finish, false, count_remove, count_column}},
    {"count",
     {ANY_OID},
     1,
     {"count", sizeof(int64_t), count_add, count_finish, true, count_remove, count_column, true}},
    EXTREMES(INT2_OID, max_int_add, min_int_add),
    EXTREMES(INT4_OID, max_int_add, min_int_add),
    EXTREMES(INT8_OID, max_int_add, min_int_add),
    EXTREMES(OID_OID, max_int_add, min_int_add),
    EXTREMES(DATE_OID, max_int_add, min_int_add),
    EXTREMES(TIME_OID, max_int_add, min_int_add),
    EXTREMES(TIMESTAMP_OID, max_int_add, min_int_add),
    EXTREMES(TIMESTAMPTZ_OID, max_int_add, min_int_add),
    EXTREMES(XID8_OID, max_add, min_add),
    EXTREMES(PG_LSN_OID, max_add, min_add),
    EXTREMES(TID_OID, max_add, min_add),
    EXTREMES(FLOAT4_OID, max_add, min_add),
    EXTREMES(FLOAT8_OID, max_add, min_add),
    EXTREMES(NUMERIC_OID, max_add, min_add),
    EXTREMES(TEXT_OID, max_add, min_add),
    EXTREMES(BPCHAR_OID, max_add, min_add),
    EXTREMES(INTERVAL_OID, max_add, min_add),
    EXTREMES(TIMETZ_OID, max_add, min_add),
    EXTREMES(ANYARRAY_OID, max_add, min_add),
    EXTREMES(ANYENUM_OID, max_add, min_add),
    EXTREMES(INET_OID, max_add, min_add),
    EXTREMES(MONEY_OID, max_int_add, min_int_add),
    AGG1("bool_and", BOOL_OID, sizeof(struct folded), and_add, fold_finish, true),
    AGG1("every", BOOL_OID, sizeof(struct folded), and_add, fold_finish, true),
    AGG1("bool_or", BOOL_OID, sizeof(struct folded), or_add, fold_finish, true),
    BITS(INT2_OID),
    BITS(INT4_OID),
    BITS(INT8_OID),
    AGG2("string_agg", TEXT_OID, TEXT_OID, sizeof(struct joined), string_add, string_finish, false),
    AGG2("string_agg", BYTEA_OID, BYTEA_OID, sizeof(struct joined), string_add, string_finish,
         false),
    AGG1("array_agg", ANYNONARRAY_OID, sizeof(struct items_state), array_add, array_finish, false),
    AGG1("array_agg", ANYARRAY_OID, sizeof(struct items_state), arrays_add, arrays_finish, false),
    AGG1("sum", INTERVAL_OID, sizeof(struct interval_state), interval_sum_add, interval_sum_finish,
         true),
    AGG1("avg", INTERVAL_OID, sizeof(struct interval_state), interval_sum_add, interval_avg_finish,
         true),
};
TABLE_END(agg_basic);
