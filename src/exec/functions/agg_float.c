/* sum, avg, variance, deviation, correlation and regression of floating-point values. Sums of
 * squared deviations are kept by the method of Youngs and Cramer. */
#include "exec/functions/agg_internal.h"

#include <math.h>

struct float_sum {
    bool set;
    double sum;
    float sum4;
};

AGG_ADD(float8_sum_add)
{
    struct float_sum *s = state;
    double v = c->args[0].f64, sum = s->set ? s->sum + v : v;
    if (isinf(sum) && !isinf(v) && s->set && !isinf(s->sum))
        return float_overflow();
    s->sum = sum;
    s->set = true;
    return NULL;
}

static struct err *add_one_by_one(void *state, struct fn_call *c, const struct vector *column,
                                  size_t count,
                                  struct err *(*add)(void *, struct fn_call *, struct arena *),
                                  struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct datum d = vector_get(column, i, c->arena);
        c->args = &d;
        if (!d.null)
            TRY(add(state, c, arena));
    }
    return NULL;
}

/* A sum that is finite in the end was so all the time. */
#define SUM_COLUMN(name, add_fn, form_of, field, total, type)              \
    AGG_COLUMN(name)                                                       \
    {                                                                      \
        struct float_sum *s = state;                                       \
        type sum = s->total;                                               \
        bool set = s->set;                                                 \
        for (size_t i = 0; column->form == form_of && i < count; i++) {    \
            if (column->valid && !column->valid[i])                        \
                continue;                                                  \
            sum = set ? sum + column->field[i] : column->field[i];         \
            set = true;                                                    \
        }                                                                  \
        if (column->form != form_of || !isfinite(sum))                     \
            return add_one_by_one(state, c, column, count, add_fn, arena); \
        s->total = sum;                                                    \
        s->set = set;                                                      \
        return NULL;                                                       \
    }
SUM_COLUMN(float8_sum_column, float8_sum_add, VECTOR_F64, f64, sum, double)

AGG_ADD(float4_sum_add)
{
    struct float_sum *s = state;
    float v = c->args[0].f32, sum = s->set ? s->sum4 + v : v;
    if (isinf(sum) && !isinf(v) && s->set && !isinf(s->sum4))
        return float_overflow();
    s->sum4 = sum;
    s->set = true;
    return NULL;
}

SUM_COLUMN(float4_sum_column, float4_sum_add, VECTOR_F32, f32, sum4, float)

AGG_FINISH(float8_sum_finish)
{
    struct float_sum *s = state;
    *out = s->set ? datum_f64(s->sum) : datum_null();
    return NULL;
}

AGG_FINISH(float4_sum_finish)
{
    struct float_sum *s = state;
    *out = s->set ? datum_f32(s->sum4) : datum_null();
    return NULL;
}

struct moments {
    double n, sx, sxx;
};

static struct err *add_value(struct moments *m, double v)
{
    double before = m->n, old_sum = m->sx;
    m->n += 1;
    m->sx += v;
    if (before > 0) {
        double t = v * m->n - m->sx;
        m->sxx += t * t / (m->n * before);
        if (isinf(m->sx) || isinf(m->sxx)) {
            if (!isinf(old_sum) && !isinf(v))
                return float_overflow();
            m->sxx = NAN;
        }
    } else if (isnan(v) || isinf(v)) {
        m->sxx = NAN;
    }
    return NULL;
}

AGG_ADD(moments8_add)
{
    return add_value(state, c->args[0].f64);
}

AGG_ADD(moments4_add)
{
    return add_value(state, (double)c->args[0].f32);
}

static struct err *give(bool known, double v, struct datum *out)
{
    *out = known ? datum_f64(v) : datum_null();
    return NULL;
}

AGG_FINISH(avg_finish)
{
    struct moments *m = state;
    return give(m->n > 0, m->sx / m->n, out);
}

AGG_FINISH(var_pop)
{
    struct moments *m = state;
    return give(m->n > 0, m->sxx / m->n, out);
}

AGG_FINISH(var_samp)
{
    struct moments *m = state;
    return give(m->n > 1, m->sxx / (m->n - 1), out);
}

AGG_FINISH(stddev_pop)
{
    struct moments *m = state;
    return give(m->n > 0, sqrt(m->sxx / m->n), out);
}

AGG_FINISH(stddev_samp)
{
    struct moments *m = state;
    return give(m->n > 1, sqrt(m->sxx / (m->n - 1)), out);
}

/* Two variables; y is the first argument. */
struct pairs {
    double n, sx, sxx, sy, syy, sxy;
};

AGG_ADD(pair_add)
{
    struct pairs *p = state;
    double y = c->args[0].f64, x = c->args[1].f64;
    double before = p->n, old_sx = p->sx, old_sy = p->sy;
    p->n += 1;
    p->sx += x;
    p->sy += y;
    if (before > 0) {
        double tx = x * p->n - p->sx, ty = y * p->n - p->sy, scale = 1 / (p->n * before);
        p->sxx += tx * tx * scale;
        p->syy += ty * ty * scale;
        p->sxy += tx * ty * scale;
        if (isinf(p->sx) || isinf(p->sxx) || isinf(p->sy) || isinf(p->syy) || isinf(p->sxy)) {
            bool x_inf = isinf(old_sx) || isinf(x), y_inf = isinf(old_sy) || isinf(y);
            if (((isinf(p->sx) || isinf(p->sxx)) && !x_inf) ||
                ((isinf(p->sy) || isinf(p->syy)) && !y_inf) || (isinf(p->sxy) && !x_inf && !y_inf))
                return float_overflow();
            if (isinf(p->sxx))
                p->sxx = NAN;
            if (isinf(p->syy))
                p->syy = NAN;
            if (isinf(p->sxy))
                p->sxy = NAN;
        }
    } else {
        if (isnan(x) || isinf(x))
            p->sxx = p->sxy = NAN;
        if (isnan(y) || isinf(y))
            p->syy = p->sxy = NAN;
    }
    return NULL;
}

#define PAIR_FINISH(name, known, value)     \
    AGG_FINISH(name)                        \
    {                                       \
        struct pairs *p = state;            \
        return give((known), (value), out); \
    }
PAIR_FINISH(regr_avgx, p->n > 0, p->sx / p->n)
PAIR_FINISH(regr_avgy, p->n > 0, p->sy / p->n)
PAIR_FINISH(regr_sxx, p->n > 0, p->sxx)
PAIR_FINISH(regr_syy, p->n > 0, p->syy)
PAIR_FINISH(regr_sxy, p->n > 0, p->sxy)
PAIR_FINISH(covar_pop, p->n > 0, p->sxy / p->n)
PAIR_FINISH(covar_samp, p->n > 1, p->sxy / (p->n - 1))
PAIR_FINISH(corr, p->n > 0 && p->sxx != 0 && p->syy != 0, p->sxy / sqrt(p->sxx * p->syy))
PAIR_FINISH(regr_r2, p->n > 0 && p->sxx != 0,
            p->syy == 0 ? 1.0 : (p->sxy * p->sxy) / (p->sxx * p->syy))
PAIR_FINISH(regr_slope, p->n > 0 && p->sxx != 0, p->sxy / p->sxx)
PAIR_FINISH(regr_intercept, p->n > 0 && p->sxx != 0, (p->sy - p->sx * p->sxy / p->sxx) / p->n)

AGG_FINISH(regr_count)
{
    struct pairs *p = state;
    return give_int((int64_t)p->n, out);
}

#define FAMILY(type, add_fn)                                                          \
    AGG1("avg", type, sizeof(struct moments), add_fn, avg_finish, true),              \
        AGG1("var_pop", type, sizeof(struct moments), add_fn, var_pop, true),         \
        AGG1("var_samp", type, sizeof(struct moments), add_fn, var_samp, true),       \
        AGG1("variance", type, sizeof(struct moments), add_fn, var_samp, true),       \
        AGG1("stddev_pop", type, sizeof(struct moments), add_fn, stddev_pop, true),   \
        AGG1("stddev_samp", type, sizeof(struct moments), add_fn, stddev_samp, true), \
        AGG1("stddev", type, sizeof(struct moments), add_fn, stddev_samp, true)
#define PAIR(sql, finish_fn) \
    AGG2(sql, FLOAT8_OID, FLOAT8_OID, sizeof(struct pairs), pair_add, finish_fn, true)

const struct agg_entry agg_float_table[] = {
    AGG1_COLUMN("sum", FLOAT8_OID, sizeof(struct float_sum), float8_sum_add, float8_sum_column,
                float8_sum_finish),
    AGG1_COLUMN("sum", FLOAT4_OID, sizeof(struct float_sum), float4_sum_add, float4_sum_column,
                float4_sum_finish),
    FAMILY(FLOAT8_OID, moments8_add),
    FAMILY(FLOAT4_OID, moments4_add),
    PAIR("regr_count", regr_count),
    PAIR("regr_avgx", regr_avgx),
    PAIR("regr_avgy", regr_avgy),
    PAIR("regr_sxx", regr_sxx),
    PAIR("regr_syy", regr_syy),
    PAIR("regr_sxy", regr_sxy),
    PAIR("regr_r2", regr_r2),
    PAIR("regr_slope", regr_slope),
    PAIR("regr_intercept", regr_intercept),
    PAIR("covar_pop", covar_pop),
    PAIR("covar_samp", covar_samp),
    PAIR("corr", corr),
};
TABLE_END(agg_float);
