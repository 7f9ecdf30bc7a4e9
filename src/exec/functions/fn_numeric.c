/* numeric: operators, functions, casts. The arithmetic itself is in types/numeric.h. */
#include "exec/functions/fn_internal.h"

#include "types/numeric.h"

#define BINARY(name)                                        \
    FN(name)                                                \
    {                                                       \
        return name(c->args[0], c->args[1], c->arena, out); \
    }
#define UNARY(sql, name)                        \
    FN(sql)                                     \
    {                                           \
        return name(c->args[0], c->arena, out); \
    }
BINARY(numeric_add)
BINARY(numeric_sub)
BINARY(numeric_mul)
BINARY(numeric_div)
BINARY(numeric_div_trunc)
BINARY(numeric_mod)
BINARY(numeric_power)
BINARY(numeric_log)
BINARY(numeric_gcd)
BINARY(numeric_lcm)
UNARY(numeric_uminus, numeric_negate)
UNARY(numeric_abs, numeric_abs)
UNARY(numeric_sign, numeric_sign)
UNARY(numeric_ceil, numeric_ceil)
UNARY(numeric_floor, numeric_floor)
UNARY(numeric_sqrt, numeric_sqrt)
UNARY(numeric_exp, numeric_exp)
UNARY(numeric_ln, numeric_ln)
UNARY(numeric_trim_scale, numeric_trim_scale)

FN(numeric_uplus)
{
    *out = c->args[0];
    return NULL;
}

FN(numeric_inc)
{
    return numeric_add(c->args[0], numeric_from_int64(1, c->arena), c->arena, out);
}

FN(numeric_round)
{
    return numeric_round(c->args[0], c->nargs > 1 ? (int)ARG_I(1) : 0, c->arena, out);
}

FN(numeric_trunc)
{
    return numeric_trunc(c->args[0], c->nargs > 1 ? (int)ARG_I(1) : 0, c->arena, out);
}

FN(numeric_scale)
{
    if (numeric_is_special(c->args[0]))
        return give_null(out);
    return give_int(numeric_scale(c->args[0]), out);
}

FN(numeric_min_scale)
{
    if (numeric_is_special(c->args[0]))
        return give_null(out);
    return give_int(numeric_min_scale(c->args[0]), out);
}

FN(numeric_fac)
{
    return numeric_factorial(ARG_I(0), c->arena, out);
}

/* log(numeric) */
FN(log10_numeric)
{
    return numeric_log(numeric_from_int64(10, c->arena), c->args[0], c->arena, out);
}

/* The length coercion: numeric(value, typmod). */
FN(numeric)
{
    return numeric_apply_typmod(c->args[0], (int32_t)ARG_I(1), c->arena, out);
}

FN(int_numeric)
{
    *out = numeric_from_int64(ARG_I(0), c->arena);
    return NULL;
}

FN(float8_numeric)
{
    return numeric_from_double(c->args[0].f64, c->arena, out);
}

FN(float4_numeric)
{
    return numeric_from_float(c->args[0].f32, c->arena, out);
}

static struct err *to_int(struct fn_call *c, int64_t min, int64_t max, const char *type_name,
                          struct datum *out)
{
    int64_t v;
    TRY(numeric_to_int(c->args[0], min, max, type_name, &v));
    return give_int(v, out);
}

FN(numeric_int2)
{
    return to_int(c, INT16_MIN, INT16_MAX, "smallint", out);
}

FN(numeric_int4)
{
    return to_int(c, INT32_MIN, INT32_MAX, "integer", out);
}

FN(numeric_int8)
{
    return to_int(c, INT64_MIN, INT64_MAX, "bigint", out);
}

FN(numeric_float8)
{
    double v;
    TRY(numeric_to_double(c->args[0], &v));
    *out = datum_f64(v);
    return NULL;
}

FN(numeric_float4)
{
    float v;
    TRY(numeric_to_float(c->args[0], &v));
    *out = datum_f32(v);
    return NULL;
}

FN(width_bucket_numeric)
{
    struct datum v = c->args[0], low = c->args[1], high = c->args[2];
    int64_t count = ARG_I(3);
    if (count <= 0)
        return err_new("2201G", "count must be greater than zero");
    if (numeric_is_nan(v) || numeric_is_nan(low) || numeric_is_nan(high))
        return err_new("2201G", "operand, lower bound, and upper bound cannot be NaN");
    if (numeric_is_inf(low) || numeric_is_inf(high))
        return err_new("2201G", "lower and upper bounds must be finite");
    int order = numeric_compare(low, high);
    if (order == 0)
        return err_new("2201G", "lower bound cannot equal upper bound");
    int from_low = numeric_compare(v, low), from_high = numeric_compare(v, high);
    if (order < 0 ? from_low < 0 : from_low > 0)
        return give_int(0, out);
    if (order < 0 ? from_high >= 0 : from_high <= 0)
        return count == INT32_MAX ? int4_range() : give_int(count + 1, out);
    struct datum part, range, product, quotient;
    TRY(numeric_sub(v, low, c->arena, &part));
    TRY(numeric_sub(high, low, c->arena, &range));
    TRY(numeric_mul(part, numeric_from_int64(count, c->arena), c->arena, &product));
    TRY(numeric_div_trunc(product, range, c->arena, &quotient));
    int64_t bucket;
    TRY(numeric_to_int(quotient, 0, INT32_MAX, "integer", &bucket));
    return give_int(bucket + 1, out);
}

const struct fn_entry fn_numeric_table[] = {
    ENTRY(numeric_add),
    ENTRY(numeric_sub),
    ENTRY(numeric_mul),
    ENTRY(numeric_div),
    ENTRY(numeric_div_trunc),
    ENTRY(numeric_mod),
    ENTRY(numeric_power),
    ENTRY(numeric_log),
    ENTRY(numeric_gcd),
    ENTRY(numeric_lcm),
    ENTRY(numeric_uminus),
    ENTRY(numeric_uplus),
    ENTRY(numeric_abs),
    ENTRY(numeric_sign),
    ENTRY(numeric_ceil),
    ENTRY(numeric_floor),
    ENTRY(numeric_sqrt),
    ENTRY(numeric_exp),
    ENTRY(numeric_ln),
    ENTRY(numeric_trim_scale),
    ENTRY(numeric_inc),
    ENTRY(numeric_round),
    ENTRY(numeric_trunc),
    ENTRY(numeric_scale),
    ENTRY(numeric_min_scale),
    ENTRY(numeric_fac),
    {"sql:log:1700", f_log10_numeric},
    {"sql:log10:1700", f_log10_numeric},
    {"sql:round:1700", f_numeric_round},
    {"sql:trunc:1700", f_numeric_trunc},
    ENTRY(numeric),
    {"int2_numeric", f_int_numeric},
    {"int4_numeric", f_int_numeric},
    {"int8_numeric", f_int_numeric},
    ENTRY(float8_numeric),
    ENTRY(float4_numeric),
    ENTRY(numeric_int2),
    ENTRY(numeric_int4),
    ENTRY(numeric_int8),
    ENTRY(numeric_float8),
    ENTRY(numeric_float4),
    ENTRY(width_bucket_numeric),
};
TABLE_END(fn_numeric);
