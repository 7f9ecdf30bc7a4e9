/* Functions and operators of boxes and circles: manual section 9.11. */
#include "exec/functions/geometry.h"

#include <math.h>

#define GIVE(type, value)                     \
    do {                                      \
        *out = type##_datum(value, c->arena); \
        return NULL;                          \
    } while (0)

/* Infinite only if an argument is. */
static struct err *give_size(double v, bool finite, struct datum *out)
{
    return isinf(v) && finite ? float_overflow() : give_f64(v, out);
}

static bool box_finite(struct box b)
{
    return point_is_finite(b.high) && point_is_finite(b.low);
}

static double area(struct box b)
{
    return (b.high.x - b.low.x) * (b.high.y - b.low.y);
}

/* ---- boxes: where they are ---- */

#define BOX_TEST(name, test)               \
    FN(name)                               \
    {                                      \
        struct box a = BOX(0), b = BOX(1); \
        return give_bool(test, out);       \
    }

BOX_TEST(box_same, point_equal(a.high, b.high) && point_equal(a.low, b.low))
BOX_TEST(box_overlap, boxes_overlap(a, b))
BOX_TEST(box_left, is_below(a.high.x, b.low.x))
BOX_TEST(box_overleft, is_at_most(a.high.x, b.high.x))
BOX_TEST(box_right, is_below(b.high.x, a.low.x))
BOX_TEST(box_overright, is_at_most(b.low.x, a.low.x))
BOX_TEST(box_below, is_below(a.high.y, b.low.y))
BOX_TEST(box_overbelow, is_at_most(a.high.y, b.high.y))
BOX_TEST(box_above, is_below(b.high.y, a.low.y))
BOX_TEST(box_overabove, is_at_most(b.low.y, a.low.y))
BOX_TEST(box_contain, box_holds(a, b))
BOX_TEST(box_contained, box_holds(b, a))
BOX_TEST(box_below_eq, is_at_most(a.high.y, b.low.y))
BOX_TEST(box_above_eq, is_at_most(b.high.y, a.low.y))
static struct err *size_of(struct box b, double *out)
{
    *out = area(b);
    return isinf(*out) && box_finite(b) ? float_overflow() : NULL;
}

#define BOX_SIZE_TEST(name, test)    \
    FN(name)                         \
    {                                \
        double a, b;                 \
        TRY(size_of(BOX(0), &a));    \
        TRY(size_of(BOX(1), &b));    \
        return give_bool(test, out); \
    }

BOX_SIZE_TEST(box_lt, is_below(a, b))
BOX_SIZE_TEST(box_gt, is_below(b, a))
BOX_SIZE_TEST(box_eq, near_equal(a, b))
BOX_SIZE_TEST(box_le, is_at_most(a, b))
BOX_SIZE_TEST(box_ge, is_at_most(b, a))

FN(box_contain_pt)
{
    return give_bool(box_has(BOX(0), POINT(1)), out);
}

FN(on_pb)
{
    return give_bool(box_has(BOX(1), POINT(0)), out);
}

/* ---- boxes: what they measure ---- */

FN(box_area)
{
    return give_size(area(BOX(0)), box_finite(BOX(0)), out);
}

FN(box_width)
{
    return give_size(BOX(0).high.x - BOX(0).low.x, box_finite(BOX(0)), out);
}

FN(box_height)
{
    return give_size(BOX(0).high.y - BOX(0).low.y, box_finite(BOX(0)), out);
}

FN(box_center)
{
    GIVE(point, box_middle(BOX(0)));
}

FN(box_distance)
{
    return give_size(point_dist(box_middle(BOX(0)), box_middle(BOX(1))),
                     box_finite(BOX(0)) && box_finite(BOX(1)), out);
}

FN(dist_pb)
{
    return give_f64(box_closest(BOX(1), POINT(0), NULL), out);
}

FN(dist_bp)
{
    return give_f64(box_closest(BOX(0), POINT(1), NULL), out);
}

FN(close_pb)
{
    struct point p;
    if (isnan(box_closest(BOX(1), POINT(0), &p)))
        return give_null(out);
    GIVE(point, p);
}

/* ---- boxes: others of them ---- */

FN(box_diagonal)
{
    GIVE(lseg, ((struct lseg){{BOX(0).high, BOX(0).low}}));
}

FN(box_intersect)
{
    struct box a = BOX(0), b = BOX(1);
    if (!boxes_overlap(a, b))
        return give_null(out);
    GIVE(box, ((struct box){{lesser_of(a.high.x, b.high.x), lesser_of(a.high.y, b.high.y)},
                            {greater_of(a.low.x, b.low.x), greater_of(a.low.y, b.low.y)}}));
}

FN(boxes_bound_box)
{
    struct box a = BOX(0), b = BOX(1);
    GIVE(box, ((struct box){{greater_of(a.high.x, b.high.x), greater_of(a.high.y, b.high.y)},
                            {lesser_of(a.low.x, b.low.x), lesser_of(a.low.y, b.low.y)}}));
}

static struct err *give_box(struct fn_call *c, struct box b, struct datum *out)
{
    if (!box_finite(b) && box_finite(BOX(0)) && point_is_finite(POINT(1)))
        return float_overflow();
    GIVE(box, b);
}

FN(box_add)
{
    struct point p = POINT(1);
    struct box b = {point_sum(BOX(0).high, p), point_sum(BOX(0).low, p)};
    return give_box(c, b, out);
}

FN(box_sub)
{
    struct point p = POINT(1);
    struct box b = {point_difference(BOX(0).high, p), point_difference(BOX(0).low, p)};
    return give_box(c, b, out);
}

FN(box_mul)
{
    struct point p = POINT(1);
    return give_box(c, box_of(point_product(BOX(0).high, p), point_product(BOX(0).low, p)), out);
}

FN(box_div)
{
    struct point high, low;
    TRY(point_quotient(BOX(0).high, POINT(1), &high));
    TRY(point_quotient(BOX(0).low, POINT(1), &low));
    return give_box(c, box_of(high, low), out);
}

FN(point_box)
{
    GIVE(box, ((struct box){POINT(0), POINT(0)}));
}

FN(points_box)
{
    GIVE(box, box_of(POINT(0), POINT(1)));
}

FN(box_circle)
{
    struct point center = box_middle(BOX(0));
    GIVE(circle, ((struct circle){center, point_dist(center, BOX(0).high)}));
}

FN(box_poly)
{
    struct box b = BOX(0);
    struct point p[] = {b.low, {b.low.x, b.high.y}, b.high, {b.high.x, b.low.y}};
    *out = polygon_datum(p, 4, c->arena);
    return NULL;
}

/* ---- circles: where they are ---- */

static double circle_size(struct circle a)
{
    return a.radius * a.radius * M_PI;
}

static double centers_dist(struct circle a, struct circle b)
{
    return point_dist(a.center, b.center);
}

#define CIRCLE_TEST(name, test)                     \
    FN(name)                                        \
    {                                               \
        struct circle a = CIRCLE(0), b = CIRCLE(1); \
        return give_bool(test, out);                \
    }

CIRCLE_TEST(circle_same, ((isnan(a.radius) && isnan(b.radius)) || near_equal(a.radius, b.radius)) &&
                             point_equal(a.center, b.center))
CIRCLE_TEST(circle_overlap, is_at_most(centers_dist(a, b), a.radius + b.radius))
CIRCLE_TEST(circle_contain, is_at_most(centers_dist(a, b), a.radius - b.radius))
CIRCLE_TEST(circle_contained, is_at_most(centers_dist(a, b), b.radius - a.radius))
CIRCLE_TEST(circle_left, is_below(a.center.x + a.radius, b.center.x - b.radius))
CIRCLE_TEST(circle_overleft, is_at_most(a.center.x + a.radius, b.center.x + b.radius))
CIRCLE_TEST(circle_right, is_below(b.center.x + b.radius, a.center.x - a.radius))
CIRCLE_TEST(circle_overright, is_at_most(b.center.x - b.radius, a.center.x - a.radius))
CIRCLE_TEST(circle_below, is_below(a.center.y + a.radius, b.center.y - b.radius))
CIRCLE_TEST(circle_overbelow, is_at_most(a.center.y + a.radius, b.center.y + b.radius))
CIRCLE_TEST(circle_above, is_below(b.center.y + b.radius, a.center.y - a.radius))
CIRCLE_TEST(circle_overabove, is_at_most(b.center.y - b.radius, a.center.y - a.radius))
static struct err *circle_size_of(struct circle a, double *out)
{
    *out = circle_size(a);
    return isinf(*out) && isfinite(a.radius) ? float_overflow() : NULL;
}

#define CIRCLE_SIZE_TEST(name, test)        \
    FN(name)                                \
    {                                       \
        double a, b;                        \
        TRY(circle_size_of(CIRCLE(0), &a)); \
        TRY(circle_size_of(CIRCLE(1), &b)); \
        return give_bool(test, out);        \
    }

CIRCLE_SIZE_TEST(circle_eq, near_equal(a, b))
CIRCLE_SIZE_TEST(circle_ne, fabs(a - b) > EPSILON) /* of NaN neither holds */
CIRCLE_SIZE_TEST(circle_lt, is_below(a, b))
CIRCLE_SIZE_TEST(circle_gt, is_below(b, a))
CIRCLE_SIZE_TEST(circle_le, is_at_most(a, b))
CIRCLE_SIZE_TEST(circle_ge, is_at_most(b, a))

FN(circle_contain_pt)
{
    return give_bool(point_dist(CIRCLE(0).center, POINT(1)) <= CIRCLE(0).radius, out);
}

FN(pt_contained_circle)
{
    return give_bool(point_dist(CIRCLE(1).center, POINT(0)) <= CIRCLE(1).radius, out);
}

/* ---- circles: what they measure ---- */

FN(circle_area)
{
    return give_size(circle_size(CIRCLE(0)), isfinite(CIRCLE(0).radius), out);
}

FN(circle_diameter)
{
    return give_size(2 * CIRCLE(0).radius, isfinite(CIRCLE(0).radius), out);
}

FN(circle_radius)
{
    return give_f64(CIRCLE(0).radius, out);
}

FN(circle_center)
{
    GIVE(point, CIRCLE(0).center);
}

/* What is left of a distance beyond a radius. */
static struct err *give_beyond(double dist, double radius, struct datum *out)
{
    return give_f64(dist - radius < 0 ? 0 : dist - radius, out);
}

FN(circle_distance)
{
    struct circle a = CIRCLE(0), b = CIRCLE(1);
    return give_beyond(centers_dist(a, b), a.radius + b.radius, out);
}

FN(dist_pc)
{
    return give_beyond(point_dist(POINT(0), CIRCLE(1).center), CIRCLE(1).radius, out);
}

FN(dist_cpoint)
{
    return give_beyond(point_dist(POINT(1), CIRCLE(0).center), CIRCLE(0).radius, out);
}

FN(dist_cpoly)
{
    struct circle a = CIRCLE(0);
    return give_beyond(polygon_dist(polygon_load(c->args[1]), a.center), a.radius, out);
}

FN(dist_polyc)
{
    struct circle a = CIRCLE(1);
    return give_beyond(polygon_dist(polygon_load(c->args[0]), a.center), a.radius, out);
}

/* ---- circles: others of them ---- */

FN(cr_circle)
{
    GIVE(circle, ((struct circle){POINT(0), c->args[1].f64}));
}

static struct err *give_circle(struct fn_call *c, struct point center, double radius,
                               struct datum *out)
{
    bool finite = point_is_finite(CIRCLE(0).center) && isfinite(CIRCLE(0).radius);
    if (finite && point_is_finite(POINT(1)) && !(point_is_finite(center) && isfinite(radius)))
        return float_overflow();
    GIVE(circle, ((struct circle){center, radius}));
}

FN(circle_add_pt)
{
    return give_circle(c, point_sum(CIRCLE(0).center, POINT(1)), CIRCLE(0).radius, out);
}

FN(circle_sub_pt)
{
    return give_circle(c, point_difference(CIRCLE(0).center, POINT(1)), CIRCLE(0).radius, out);
}

FN(circle_mul_pt)
{
    struct point p = POINT(1);
    return give_circle(c, point_product(CIRCLE(0).center, p),
                       CIRCLE(0).radius * length_of(p.x, p.y), out);
}

FN(circle_div_pt)
{
    struct point p = POINT(1), center;
    TRY(point_quotient(CIRCLE(0).center, p, &center));
    return give_circle(c, center, CIRCLE(0).radius / length_of(p.x, p.y), out);
}

FN(circle_box)
{
    struct circle a = CIRCLE(0);
    double half = a.radius / sqrt(2);
    GIVE(box, ((struct box){{a.center.x + half, a.center.y + half},
                            {a.center.x - half, a.center.y - half}}));
}

/* So many points on the circle, clockwise from the left. */
static struct err *give_polygon(struct fn_call *c, struct circle a, int64_t n, struct datum *out)
{
    if (near_zero(a.radius))
        return err_new("0A000", "cannot convert circle with radius zero to polygon");
    if (n < 2)
        return err_new("22023", "must request at least 2 points");
    if (n > (1 << 30) / (int64_t)sizeof(struct point))
        return err_new("54000", "too many points requested");
    struct point *p = arena_try_alloc(c->arena, (size_t)n * sizeof(*p));
    if (!p)
        return err_oom();
    double step = 2 * M_PI / (double)n;
    for (int i = 0; i < n; i++) {
        double angle = step * i;
        p[i] =
            (struct point){a.center.x - a.radius * cos(angle), a.center.y + a.radius * sin(angle)};
    }
    *out = polygon_datum(p, (int)n, c->arena);
    return NULL;
}

FN(circle_poly)
{
    return give_polygon(c, CIRCLE(1), ARG_I(0), out);
}

FN(circle_poly_12)
{
    return give_polygon(c, CIRCLE(0), 12, out);
}

const struct fn_entry fn_box_table[] = {
    ENTRY(box_same),
    ENTRY(box_overlap),
    ENTRY(box_left),
    ENTRY(box_overleft),
    ENTRY(box_right),
    ENTRY(box_overright),
    ENTRY(box_below),
    ENTRY(box_overbelow),
    ENTRY(box_above),
    ENTRY(box_overabove),
    ENTRY(box_contain),
    ENTRY(box_contained),
    ENTRY(box_below_eq),
    ENTRY(box_above_eq),
    ENTRY(box_lt),
    ENTRY(box_gt),
    ENTRY(box_eq),
    ENTRY(box_le),
    ENTRY(box_ge),
    ENTRY(box_contain_pt),
    ENTRY(on_pb),
    ENTRY(box_area),
    ENTRY(box_width),
    ENTRY(box_height),
    ENTRY(box_center),
    ENTRY(box_distance),
    ENTRY(dist_pb),
    ENTRY(dist_bp),
    ENTRY(close_pb),
    ENTRY(box_diagonal),
    ENTRY(box_intersect),
    ENTRY(boxes_bound_box),
    ENTRY(box_add),
    ENTRY(box_sub),
    ENTRY(box_mul),
    ENTRY(box_div),
    ENTRY(point_box),
    ENTRY(points_box),
    ENTRY(box_circle),
    ENTRY(box_poly),
    ENTRY(circle_same),
    ENTRY(circle_overlap),
    ENTRY(circle_contain),
    ENTRY(circle_contained),
    ENTRY(circle_left),
    ENTRY(circle_overleft),
    ENTRY(circle_right),
    ENTRY(circle_overright),
    ENTRY(circle_below),
    ENTRY(circle_overbelow),
    ENTRY(circle_above),
    ENTRY(circle_overabove),
    ENTRY(circle_eq),
    ENTRY(circle_ne),
    ENTRY(circle_lt),
    ENTRY(circle_gt),
    ENTRY(circle_le),
    ENTRY(circle_ge),
    ENTRY(circle_contain_pt),
    ENTRY(pt_contained_circle),
    ENTRY(circle_area),
    ENTRY(circle_diameter),
    ENTRY(circle_radius),
    ENTRY(circle_center),
    ENTRY(circle_distance),
    ENTRY(dist_pc),
    ENTRY(dist_cpoint),
    ENTRY(dist_cpoly),
    ENTRY(dist_polyc),
    ENTRY(cr_circle),
    ENTRY(circle_add_pt),
    ENTRY(circle_sub_pt),
    ENTRY(circle_mul_pt),
    ENTRY(circle_div_pt),
    ENTRY(circle_box),
    ENTRY(circle_poly),
    {"sql:polygon:718", f_circle_poly_12},
};
TABLE_END(fn_box);
