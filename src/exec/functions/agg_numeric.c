/* sum, avg, variance and deviation of integers and numeric: exact, finished into numeric. */
#include "exec/functions/agg_internal.h"

#include "types/numeric.h"

/* Integers: 128 bits hold 2^64 values of 64 bits, and as many squares of 32 bits. */
struct int_state {
    int64_t count;
    __int128 sum;
    __int128 squares; /* of smallint and integer */
};

AGG_ADD(int_add)
{
    struct int_state *s = state;
    s->count++;
    s->sum += ARG_I(0);
    return NULL;
}

AGG_REMOVE(int_remove)
{
    struct int_state *s = state;
    s->count--;
    s->sum -= ARG_I(0);
    return NULL;
}

/* The slots of NULLs are zero. */
AGG_COLUMN(int_column)
{
    struct int_state *s = state;
    __int128 sum = 0;
    int64_t part = 0;
    size_t values = vector_count_values(column, count);
    (void)arena;
    if (column->form == VECTOR_I32) {
        for (size_t i = 0; i < count; i++)
            part += column->i32[i];
    } else if (column->form == VECTOR_I64) {
        for (size_t i = 0; i < count; i++)
            sum += column->i64[i];
    } else {
        for (size_t i = 0; i < count; i++) {
            struct datum d = vector_get(column, i, c->arena);
            sum += d.null ? 0 : d.i;
        }
    }
    s->count += (int64_t)values;
    s->sum += sum + part;
    return NULL;
}

AGG_ADD(int_square_add)
{
    struct int_state *s = state;
    s->count++;
    s->sum += ARG_I(0);
    s->squares += ARG_I(0) * ARG_I(0);
    return NULL;
}

AGG_FINISH(int_sum_finish)
{
    struct int_state *s = state;
    if (!s->count)
        return give_null(out);
    if (s->sum > INT64_MAX || s->sum < INT64_MIN)
        return int8_range();
    return give_int((int64_t)s->sum, out);
}

AGG_FINISH(int8_sum_finish)
{
    struct int_state *s = state;
    *out = s->count ? numeric_from_int128(s->sum, c->arena) : datum_null();
    return NULL;
}

AGG_FINISH(int_avg_finish)
{
    struct int_state *s = state;
    if (!s->count)
        return give_null(out);
    return numeric_div(numeric_from_int128(s->sum, c->arena),
                       numeric_from_int64(s->count, c->arena), c->arena, out);
}

static struct err *spread(struct fn_call *c, int64_t count, struct datum sum, struct datum squares,
                          bool sample, bool deviation, struct datum *out)
{
    return numeric_variance(numeric_from_int64(count, c->arena), sum, squares, sample, deviation,
                            c->arena, out);
}

/* The four finishes of a variance family. */
#define SPREADS(prefix)                                      \
    AGG_FINISH(prefix##_var_pop)                             \
    {                                                        \
        return prefix##_spread(state, c, false, false, out); \
    }                                                        \
    AGG_FINISH(prefix##_var_samp)                            \
    {                                                        \
        return prefix##_spread(state, c, true, false, out);  \
    }                                                        \
    AGG_FINISH(prefix##_stddev_pop)                          \
    {                                                        \
        return prefix##_spread(state, c, false, true, out);  \
    }                                                        \
    AGG_FINISH(prefix##_stddev_samp)                         \
    {                                                        \
        return prefix##_spread(state, c, true, true, out);   \
    }

static struct err *int_spread(struct int_state *s, struct fn_call *c, bool sample, bool deviation,
                              struct datum *out)
{
    return spread(c, s->count, numeric_from_int128(s->sum, c->arena),
                  numeric_from_int128(s->squares, c->arena), sample, deviation, out);
}
SPREADS(int)

/* numeric, and bigint whose squares do not fit */
struct numeric_state {
    struct numeric_sum sum;
    struct numeric_sum squares;
};

AGG_ADD(numeric_add_value)
{
    struct numeric_state *s = state;
    return numeric_sum_add(&s->sum, c->args[0], arena);
}

/* Whole parts of the column that 128 bits can hold are added at once. */
AGG_COLUMN(numeric_column)
{
    struct numeric_state *s = state;
    __int128 sum = 0, next = 0;
    int64_t values = 0;
    bool scaled64 = column->form == VECTOR_SCALED64;
    for (size_t i = 0; i < count; i++) {
        if (column->form != VECTOR_SCALED && !scaled64) {
            struct datum d = vector_get(column, i, c->arena);
            if (!d.null)
                TRY(numeric_sum_add(&s->sum, d, arena));
            continue;
        }
        if (column->valid && !column->valid[i])
            continue;
        if (__builtin_add_overflow(sum, scaled64 ? column->i64[i] : column->i128[i], &next)) {
            struct datum total = numeric_from_scaled(sum, column->scale, c->arena);
            TRY(numeric_sum_add_total(&s->sum, total, values, arena));
            next = scaled64 ? column->i64[i] : column->i128[i];
            values = 0;
        }
        sum = next;
        values++;
    }
    if (!values)
        return NULL;
    return numeric_sum_add_total(&s->sum, numeric_from_scaled(sum, column->scale, c->arena), values,
                                 arena);
}

AGG_REMOVE(numeric_remove_value)
{
    struct numeric_state *s = state;
    return numeric_sum_remove(&s->sum, c->args[0], arena, ok);
}

static struct err *add_with_square(struct numeric_state *s, struct fn_call *c, struct datum d,
                                   struct arena *arena)
{
    struct datum square;
    TRY(numeric_mul(d, d, c->arena, &square));
    TRY(numeric_sum_add(&s->sum, d, arena));
    return numeric_sum_add(&s->squares, square, arena);
}

AGG_ADD(numeric_square_add)
{
    return add_with_square(state, c, c->args[0], arena);
}

AGG_ADD(int8_square_add)
{
    return add_with_square(state, c, numeric_from_int64(ARG_I(0), c->arena), arena);
}

AGG_FINISH(numeric_sum_finish)
{
    struct numeric_state *s = state;
    return s->sum.count ? numeric_sum_get(&s->sum, c->arena, out) : give_null(out);
}

AGG_FINISH(numeric_avg_finish)
{
    struct numeric_state *s = state;
    if (!s->sum.count)
        return give_null(out);
    struct datum sum;
    TRY(numeric_sum_get(&s->sum, c->arena, &sum));
    return numeric_div(sum, numeric_from_int64(s->sum.count, c->arena), c->arena, out);
}

static struct err *numeric_spread(struct numeric_state *s, struct fn_call *c, bool sample,
                                  bool deviation, struct datum *out)
{
    struct datum sum, squares;
    TRY(numeric_sum_get(&s->sum, c->arena, &sum));
    TRY(numeric_sum_get(&s->squares, c->arena, &squares));
    return spread(c, s->sum.count, sum, squares, sample, deviation, out);
}
SPREADS(numeric)

#define FAMILY(type, state_type, add_fn, prefix)                                           \
    AGG1("var_pop", type, sizeof(state_type), add_fn, prefix##_var_pop, true),             \
        AGG1("var_samp", type, sizeof(state_type), add_fn, prefix##_var_samp, true),       \
        AGG1("variance", type, sizeof(state_type), add_fn, prefix##_var_samp, true),       \
        AGG1("stddev_pop", type, sizeof(state_type), add_fn, prefix##_stddev_pop, true),   \
        AGG1("stddev_samp", type, sizeof(state_type), add_fn, prefix##_stddev_samp, true), \
        AGG1("stddev", type, sizeof(state_type), add_fn, prefix##_stddev_samp, true)

const struct agg_entry agg_numeric_table[] = {
    AGG1_MOVING("sum", INT2_OID, sizeof(struct int_state), int_add, int_remove, int_column,
                int_sum_finish),
    AGG1_MOVING("sum", INT4_OID, sizeof(struct int_state), int_add, int_remove, int_column,
                int_sum_finish),
    AGG1_MOVING("sum", INT8_OID, sizeof(struct int_state), int_add, int_remove, int_column,
                int8_sum_finish),
    AGG1_MOVING("sum", NUMERIC_OID, sizeof(struct numeric_state), numeric_add_value,
                numeric_remove_value, numeric_column, numeric_sum_finish),
    AGG1_MOVING("avg", INT2_OID, sizeof(struct int_state), int_add, int_remove, int_column,
                int_avg_finish),
    AGG1_MOVING("avg", INT4_OID, sizeof(struct int_state), int_add, int_remove, int_column,
                int_avg_finish),
    AGG1_MOVING("avg", INT8_OID, sizeof(struct int_state), int_add, int_remove, int_column,
                int_avg_finish),
    AGG1_MOVING("avg", NUMERIC_OID, sizeof(struct numeric_state), numeric_add_value,
                numeric_remove_value, numeric_column, numeric_avg_finish),
    FAMILY(INT2_OID, struct int_state, int_square_add, int),
    FAMILY(INT4_OID, struct int_state, int_square_add, int),
    FAMILY(INT8_OID, struct numeric_state, int8_square_add, numeric),
    FAMILY(NUMERIC_OID, struct numeric_state, numeric_square_add, numeric),
};
TABLE_END(agg_numeric);
