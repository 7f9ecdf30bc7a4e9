/* Functions and operators of money. Sums and differences wrap, as PostgreSQL's do. */
#include "exec/functions/agg_internal.h"

#include "types/numeric.h"

#include <math.h>

static struct err *out_of_range(void)
{
    return err_new("22003", "money out of range");
}

FN(cash_pl)
{
    return give_int((int64_t)((uint64_t)ARG_I(0) + (uint64_t)ARG_I(1)), out);
}

FN(cash_mi)
{
    return give_int((int64_t)((uint64_t)ARG_I(0) - (uint64_t)ARG_I(1)), out);
}

static struct err *give_rounded(double v, struct datum *out)
{
    v = rint(v);
    if (!(v >= -9223372036854775808.0 && v < 9223372036854775808.0))
        return give_int(INT64_MIN, out);
    return give_int((int64_t)v, out);
}

static struct err *times(int64_t money, double factor, struct datum *out)
{
    return give_rounded((double)money * factor, out);
}

static struct err *over(int64_t money, double divisor, struct datum *out)
{
    return divisor == 0 ? zero_divide() : give_rounded((double)money / divisor, out);
}

FN(cash_mul_int)
{
    return give_int((int64_t)((uint64_t)ARG_I(0) * (uint64_t)ARG_I(1)), out);
}

FN(cash_div_int)
{
    if (!ARG_I(1))
        return zero_divide();
    return give_int(ARG_I(1) == -1 ? (int64_t)(0 - (uint64_t)ARG_I(0)) : ARG_I(0) / ARG_I(1), out);
}

FN(cash_mul_flt8)
{
    return times(ARG_I(0), c->args[1].f64, out);
}

FN(flt8_mul_cash)
{
    return times(ARG_I(1), c->args[0].f64, out);
}

FN(cash_mul_flt4)
{
    return times(ARG_I(0), (double)c->args[1].f32, out);
}

FN(flt4_mul_cash)
{
    return times(ARG_I(1), (double)c->args[0].f32, out);
}

FN(cash_div_flt8)
{
    return over(ARG_I(0), c->args[1].f64, out);
}

FN(cash_div_flt4)
{
    return over(ARG_I(0), (double)c->args[1].f32, out);
}

FN(cash_div_cash)
{
    if (!ARG_I(1))
        return zero_divide();
    *out = datum_f64((double)ARG_I(0) / (double)ARG_I(1));
    return NULL;
}

FN(cashlarger)
{
    return give_int(ARG_I(0) > ARG_I(1) ? ARG_I(0) : ARG_I(1), out);
}

FN(cashsmaller)
{
    return give_int(ARG_I(0) < ARG_I(1) ? ARG_I(0) : ARG_I(1), out);
}

FN(cash_numeric)
{
    *out = numeric_from_scaled(ARG_I(0), 2, c->arena);
    return NULL;
}

FN(numeric_cash)
{
    struct datum hundredths;
    int64_t v;
    TRY(numeric_mul(c->args[0], numeric_from_int64(100, c->arena), c->arena, &hundredths));
    TRY(numeric_round(hundredths, 0, c->arena, &hundredths));
    TRY(numeric_to_int(hundredths, INT64_MIN, INT64_MAX, "bigint", &v));
    return give_int(v, out);
}

FN(int_cash)
{
    int64_t v;
    return __builtin_mul_overflow(ARG_I(0), 100, &v) ? out_of_range() : give_int(v, out);
}

FN(int8_cash)
{
    int64_t v;
    return __builtin_mul_overflow(ARG_I(0), 100, &v) ? int8_range() : give_int(v, out);
}

const struct fn_entry fn_money_table[] = {
    ENTRY(cash_pl),
    ENTRY(cash_mi),
    {"cash_mul_int2", f_cash_mul_int},
    {"cash_mul_int4", f_cash_mul_int},
    {"cash_mul_int8", f_cash_mul_int},
    {"int2_mul_cash", f_cash_mul_int},
    {"int4_mul_cash", f_cash_mul_int},
    {"int8_mul_cash", f_cash_mul_int},
    {"cash_div_int2", f_cash_div_int},
    {"cash_div_int4", f_cash_div_int},
    {"cash_div_int8", f_cash_div_int},
    ENTRY(cash_mul_flt8),
    ENTRY(flt8_mul_cash),
    ENTRY(cash_mul_flt4),
    ENTRY(flt4_mul_cash),
    ENTRY(cash_div_flt8),
    ENTRY(cash_div_flt4),
    ENTRY(cash_div_cash),
    ENTRY(cashlarger),
    ENTRY(cashsmaller),
    ENTRY(cash_numeric),
    ENTRY(numeric_cash),
    {"int4_cash", f_int_cash},
    ENTRY(int8_cash),
};
TABLE_END(fn_money);

struct money_sum {
    bool any;
    int64_t sum;
};

AGG_ADD(money_sum_add)
{
    struct money_sum *s = state;
    s->any = true;
    s->sum = (int64_t)((uint64_t)s->sum + (uint64_t)ARG_I(0));
    return NULL;
}

AGG_FINISH(money_sum_finish)
{
    struct money_sum *s = state;
    return s->any ? give_int(s->sum, out) : give_null(out);
}

const struct agg_entry agg_money_table[] = {
    AGG1("sum", MONEY_OID, sizeof(struct money_sum), money_sum_add, money_sum_finish, true),
};
TABLE_END(agg_money);
