/* Functions and operators of points: manual section 9.11. Coordinates are equal within 1e-6. */
#include "exec/functions/geometry.h"

#include <math.h>

#define A POINT(0)
#define B POINT(1)

static struct err *give_point(struct fn_call *c, struct point p, struct datum *out)
{
    bool finite = point_is_finite(A) && point_is_finite(B);
    if (finite && (isinf(p.x) || isinf(p.y)))
        return float_overflow();
    *out = point_datum(p, c->arena);
    return NULL;
}

FN(construct_point)
{
    *out = point_datum((struct point){c->args[0].f64, c->args[1].f64}, c->arena);
    return NULL;
}

FN(point_eq)
{
    return give_bool(point_equal(A, B), out);
}

FN(point_ne)
{
    return give_bool(!point_equal(A, B), out);
}

FN(point_left)
{
    return give_bool(is_below(A.x, B.x), out);
}

FN(point_right)
{
    return give_bool(is_below(B.x, A.x), out);
}

FN(point_above)
{
    return give_bool(is_below(B.y, A.y), out);
}

FN(point_below)
{
    return give_bool(is_below(A.y, B.y), out);
}

FN(point_horiz)
{
    return give_bool(near_equal(A.y, B.y), out);
}

FN(point_vert)
{
    return give_bool(near_equal(A.x, B.x), out);
}

FN(point_slope)
{
    return give_f64(slope_of(A, B), out);
}

FN(point_distance)
{
    double d = point_dist(A, B);
    if (isinf(d) && isfinite(A.x) && isfinite(A.y) && isfinite(B.x) && isfinite(B.y))
        return float_overflow();
    *out = datum_f64(d);
    return NULL;
}

FN(point_add)
{
    return give_point(c, point_sum(A, B), out);
}

FN(point_sub)
{
    return give_point(c, point_difference(A, B), out);
}

FN(point_mul)
{
    return give_point(c, point_product(A, B), out);
}

FN(point_div)
{
    struct point p;
    TRY(point_quotient(A, B, &p));
    return give_point(c, p, out);
}

const struct fn_entry fn_point_table[] = {
    ENTRY(construct_point), ENTRY(point_eq),    ENTRY(point_ne),       ENTRY(point_left),
    ENTRY(point_right),     ENTRY(point_above), ENTRY(point_below),    ENTRY(point_horiz),
    ENTRY(point_vert),      ENTRY(point_slope), ENTRY(point_add),      ENTRY(point_sub),
    ENTRY(point_mul),       ENTRY(point_div),   ENTRY(point_distance),
};
TABLE_END(fn_point);
