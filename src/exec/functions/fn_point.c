/* Functions and operators of points: manual section 9.11. Coordinates are equal within 1e-6. */
#include "exec/functions/fn_internal.h"

#include "types/point.h"

#include <float.h>
#include <math.h>

#define EPSILON 1.0e-6

static bool same(double a, double b)
{
    return a == b || fabs(a - b) <= EPSILON;
}

#define A (point_load(c->args[0]))
#define B (point_load(c->args[1]))

static struct err *give_point(struct fn_call *c, double x, double y, struct datum *out)
{
    struct point a = A;
    bool finite = isfinite(a.x) && isfinite(a.y);
    if (finite && (isinf(x) || isinf(y)))
        return float_overflow();
    *out = point_datum((struct point){x, y}, c->arena);
    return NULL;
}

FN(construct_point)
{
    *out = point_datum((struct point){c->args[0].f64, c->args[1].f64}, c->arena);
    return NULL;
}

/* NaN is equal to NaN only. */
static bool equal(struct point a, struct point b)
{
    if (isnan(a.x) || isnan(a.y) || isnan(b.x) || isnan(b.y))
        return (a.x == b.x || (isnan(a.x) && isnan(b.x))) &&
               (a.y == b.y || (isnan(a.y) && isnan(b.y)));
    return same(a.x, b.x) && same(a.y, b.y);
}

FN(point_eq)
{
    return give_bool(equal(A, B), out);
}

FN(point_ne)
{
    return give_bool(!equal(A, B), out);
}

FN(point_left)
{
    return give_bool(A.x + EPSILON < B.x, out);
}

FN(point_right)
{
    return give_bool(A.x > B.x + EPSILON, out);
}

FN(point_above)
{
    return give_bool(A.y > B.y + EPSILON, out);
}

FN(point_below)
{
    return give_bool(A.y + EPSILON < B.y, out);
}

FN(point_horiz)
{
    return give_bool(same(A.y, B.y), out);
}

FN(point_vert)
{
    return give_bool(same(A.x, B.x), out);
}

FN(point_slope)
{
    struct point a = A;
    struct point b = B;
    double slope = same(a.x, b.x) ? INFINITY : same(a.y, b.y) ? 0.0 : (a.y - b.y) / (a.x - b.x);
    *out = datum_f64(slope);
    return NULL;
}

FN(point_distance)
{
    double d = hypot(A.x - B.x, A.y - B.y);
    if (isinf(d) && isfinite(A.x) && isfinite(A.y) && isfinite(B.x) && isfinite(B.y))
        return float_overflow();
    *out = datum_f64(d);
    return NULL;
}

FN(point_add)
{
    return give_point(c, A.x + B.x, A.y + B.y, out);
}

FN(point_sub)
{
    return give_point(c, A.x - B.x, A.y - B.y, out);
}

/* As complex numbers: a turn and a scaling. */
FN(point_mul)
{
    return give_point(c, A.x * B.x - A.y * B.y, A.x * B.y + A.y * B.x, out);
}

FN(point_div)
{
    double div = B.x * B.x + B.y * B.y;
    if (div == 0)
        return zero_divide();
    return give_point(c, (A.x * B.x + A.y * B.y) / div, (A.y * B.x - A.x * B.y) / div, out);
}

const struct fn_entry fn_point_table[] = {
    ENTRY(construct_point), ENTRY(point_eq),    ENTRY(point_ne),       ENTRY(point_left),
    ENTRY(point_right),     ENTRY(point_above), ENTRY(point_below),    ENTRY(point_horiz),
    ENTRY(point_vert),      ENTRY(point_slope), ENTRY(point_add),      ENTRY(point_sub),
    ENTRY(point_mul),       ENTRY(point_div),   ENTRY(point_distance),
};
TABLE_END(fn_point);
