/* in_range, the support function of RANGE frames with an offset. */
#include "exec/functions/fn_internal.h"

#include "types/datetime.h"
#include "types/numeric.h"

#include <math.h>

/* in_range(value, base, offset, subtract, less): value <= base +- offset, or >= when !less. */

static struct err *bad_offset(void)
{
    return err_new("22013", "invalid preceding or following size in window function");
}

static struct err *int_range(struct fn_call *c, int64_t min, int64_t max, struct datum *out)
{
    int64_t offset = ARG_I(2), sum;
    bool subtract = ARG_I(3), less = ARG_I(4);
    if (offset < 0)
        return bad_offset();
    bool overflow = __builtin_add_overflow(ARG_I(1), subtract ? -offset : offset, &sum);
    if (overflow || sum < min || sum > max)
        return give_bool(subtract ? !less : less, out);
    return give_bool(less ? ARG_I(0) <= sum : ARG_I(0) >= sum, out);
}

FN(in_range_int2)
{
    return int_range(c, INT16_MIN, INT16_MAX, out);
}

FN(in_range_int4)
{
    return int_range(c, INT32_MIN, INT32_MAX, out);
}

FN(in_range_int8)
{
    return int_range(c, INT64_MIN, INT64_MAX, out);
}

static struct err *float_range(double v, double base, double offset, bool subtract, bool less,
                               struct datum *out)
{
    if (isnan(offset) || offset < 0)
        return bad_offset();
    if (isnan(v) || isnan(base)) {
        bool both = isnan(v) && isnan(base);
        return give_bool(both || isnan(v) != less, out);
    }
    if (isinf(offset) && isinf(base) && (subtract ? base > 0 : base < 0))
        return give_bool(true, out);
    double sum = subtract ? base - offset : base + offset;
    return give_bool(less ? v <= sum : v >= sum, out);
}

FN(in_range_float8_float8)
{
    return float_range(c->args[0].f64, c->args[1].f64, c->args[2].f64, ARG_I(3), ARG_I(4), out);
}

FN(in_range_float4_float8)
{
    return float_range((double)c->args[0].f32, (double)c->args[1].f32, c->args[2].f64, ARG_I(3),
                       ARG_I(4), out);
}

FN(in_range_numeric_numeric)
{
    struct datum v = c->args[0], base = c->args[1], offset = c->args[2], sum;
    bool subtract = ARG_I(3), less = ARG_I(4);
    if (numeric_is_nan(offset) || numeric_sign_of(offset) < 0)
        return bad_offset();
    if (numeric_is_nan(v) || numeric_is_nan(base)) {
        bool both = numeric_is_nan(v) && numeric_is_nan(base);
        return give_bool(both || numeric_is_nan(v) != less, out);
    }
    if (numeric_is_inf(offset) && numeric_is_inf(base) &&
        (subtract ? numeric_sign_of(base) > 0 : numeric_sign_of(base) < 0))
        return give_bool(true, out);
    TRY(subtract ? numeric_sub(base, offset, c->arena, &sum)
                 : numeric_add(base, offset, c->arena, &sum));
    int r = numeric_compare(v, sum);
    return give_bool(less ? r <= 0 : r >= 0, out);
}

static struct err *offset_interval(struct fn_call *c, struct interval *out)
{
    struct interval v = interval_load(c->args[2]);
    if (interval_compare(v, (struct interval){0}) < 0)
        return bad_offset();
    if (ARG_I(3))
        return interval_negate(v, out);
    *out = v;
    return NULL;
}

static struct err *compare_times(struct fn_call *c, int64_t v, int64_t sum, struct datum *out)
{
    return give_bool(ARG_I(4) ? v <= sum : v >= sum, out);
}

FN(in_range_timestamp_interval)
{
    struct interval by;
    int64_t sum;
    TRY(offset_interval(c, &by));
    TRY(timestamp_add(ARG_I(1), by, &sum));
    return compare_times(c, ARG_I(0), sum, out);
}

FN(in_range_timestamptz_interval)
{
    struct interval by;
    int64_t sum;
    TRY(offset_interval(c, &by));
    TRY(timestamptz_add(ARG_I(1), by, c->env ? c->env->tz : NULL, &sum));
    return compare_times(c, ARG_I(0), sum, out);
}

FN(in_range_date_interval)
{
    struct interval by;
    int64_t v, base, sum;
    TRY(offset_interval(c, &by));
    TRY(date_to_timestamp((int32_t)ARG_I(0), &v));
    TRY(date_to_timestamp((int32_t)ARG_I(1), &base));
    TRY(timestamp_add(base, by, &sum));
    return compare_times(c, v, sum, out);
}

FN(in_range_time_interval)
{
    struct interval v = interval_load(c->args[2]);
    int64_t sum;
    bool subtract = ARG_I(3), less = ARG_I(4);
    if (v.us < 0)
        return bad_offset();
    if (subtract)
        sum = ARG_I(1) - v.us;
    else if (__builtin_add_overflow(ARG_I(1), v.us, &sum))
        return give_bool(less, out);
    return compare_times(c, ARG_I(0), sum, out);
}

FN(in_range_interval_interval)
{
    struct interval by, sum;
    TRY(offset_interval(c, &by));
    TRY(interval_add(interval_load(c->args[1]), by, &sum));
    int r = interval_compare(interval_load(c->args[0]), sum);
    return give_bool(ARG_I(4) ? r <= 0 : r >= 0, out);
}

const struct fn_entry fn_misc_table[] = {
    {"in_range_int2_int2", f_in_range_int2}, {"in_range_int2_int4", f_in_range_int2},
    {"in_range_int2_int8", f_in_range_int2}, {"in_range_int4_int2", f_in_range_int4},
    {"in_range_int4_int4", f_in_range_int4}, {"in_range_int4_int8", f_in_range_int4},
    {"in_range_int8_int8", f_in_range_int8}, ENTRY(in_range_float8_float8),
    ENTRY(in_range_float4_float8),           ENTRY(in_range_numeric_numeric),
    ENTRY(in_range_timestamp_interval),      ENTRY(in_range_timestamptz_interval),
    ENTRY(in_range_date_interval),           ENTRY(in_range_time_interval),
    ENTRY(in_range_interval_interval),
};
TABLE_END(fn_misc);
