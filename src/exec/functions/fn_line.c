/* Functions and operators of lines and line segments: manual section 9.11. */
#include "exec/functions/geometry.h"

#include <math.h>

static struct err *give_point(struct fn_call *c, bool found, struct point p, struct datum *out)
{
    *out = found ? point_datum(p, c->arena) : datum_null();
    return NULL;
}

/* ---- lines ---- */

FN(line_construct_pp)
{
    struct point a = POINT(0), b = POINT(1);
    if (point_equal(a, b))
        return err_new("22023", "invalid line specification: must be two distinct points");
    *out = line_datum(line_through(a, slope_of(a, b)), c->arena);
    return NULL;
}

FN(line_intersect)
{
    struct point p;
    return give_bool(lines_meet(LINE(0), LINE(1), &p), out);
}

FN(line_parallel)
{
    struct point p;
    return give_bool(!lines_meet(LINE(0), LINE(1), &p), out);
}

FN(line_perp)
{
    struct line a = LINE(0), b = LINE(1);
    bool is;
    if (near_zero(a.a))
        is = near_zero(b.b);
    else if (near_zero(b.a))
        is = near_zero(a.b);
    else if (near_zero(a.b))
        is = near_zero(b.a);
    else if (near_zero(b.b))
        is = near_zero(a.a);
    else
        is = near_equal((a.a * b.a) / (a.b * b.b), -1);
    return give_bool(is, out);
}

FN(line_vertical)
{
    return give_bool(near_zero(LINE(0).b), out);
}

FN(line_horizontal)
{
    return give_bool(near_zero(LINE(0).a), out);
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool has_nan(struct line l)
{
    return isnan(l.a) || isnan(l.b) || isnan(l.c);
}

/* One is a multiple of the other. */
FN(line_eq)
{
    struct line a = LINE(0), b = LINE(1);
    if (has_nan(a) || has_nan(b))
        return give_bool(same_number(a.a, b.a) && same_number(a.b, b.b) && same_number(a.c, b.c),
                         out);
    double ratio = !near_zero(b.a)   ? a.a / b.a
                   : !near_zero(b.b) ? a.b / b.b
                   : !near_zero(b.c) ? a.c / b.c
                                     : 1;
    return give_bool(near_equal(a.a, ratio * b.a) && near_equal(a.b, ratio * b.b) &&
                         near_equal(a.c, ratio * b.c),
                     out);
}

static bool is_number(double v)
{
    return !near_zero(v) && !isnan(v);
}

FN(line_distance)
{
    struct line a = LINE(0), b = LINE(1);
    struct point p;
    if (lines_meet(a, b, &p))
        return give_f64(0, out);
    double ratio = is_number(a.a) && is_number(b.a)   ? a.a / b.a
                   : is_number(a.b) && is_number(b.b) ? a.b / b.b
                                                      : 1;
    return give_f64(fabs(a.c - ratio * b.c) / length_of(a.a, a.b), out);
}

FN(line_interpt)
{
    struct point p = {0, 0};
    bool met = lines_meet(LINE(0), LINE(1), &p);
    return give_point(c, met, p, out);
}

static bool line_has(struct line l, struct point p)
{
    return near_zero(l.a * p.x + l.b * p.y + l.c);
}

FN(on_pl)
{
    return give_bool(line_has(LINE(1), POINT(0)), out);
}

FN(on_sl)
{
    struct lseg s = LSEG(0);
    return give_bool(line_has(LINE(1), s.p[0]) && line_has(LINE(1), s.p[1]), out);
}

FN(dist_pl)
{
    return give_f64(line_closest(LINE(1), POINT(0), NULL), out);
}

FN(dist_lp)
{
    return give_f64(line_closest(LINE(0), POINT(1), NULL), out);
}

FN(close_pl)
{
    struct point p;
    bool found = !isnan(line_closest(LINE(1), POINT(0), &p));
    return give_point(c, found, p, out);
}

FN(inter_lb)
{
    struct lseg sides[4];
    struct point p;
    bool any = false;
    box_sides(BOX(1), sides);
    for (int i = 0; i < 4 && !any; i++)
        any = lseg_meets_line(sides[i], LINE(0), &p);
    return give_bool(any, out);
}

/* ---- segments ---- */

FN(lseg_construct)
{
    *out = lseg_datum((struct lseg){{POINT(0), POINT(1)}}, c->arena);
    return NULL;
}

static double length(struct lseg s)
{
    return point_dist(s.p[0], s.p[1]);
}

FN(lseg_length)
{
    struct lseg s = LSEG(0);
    double v = length(s);
    bool finite =
        isfinite(s.p[0].x) && isfinite(s.p[0].y) && isfinite(s.p[1].x) && isfinite(s.p[1].y);
    return isinf(v) && finite ? float_overflow() : give_f64(v, out);
}

FN(lseg_center)
{
    struct lseg s = LSEG(0);
    struct point p = {(s.p[0].x + s.p[1].x) / 2, (s.p[0].y + s.p[1].y) / 2};
    return give_point(c, true, p, out);
}

FN(lseg_vertical)
{
    return give_bool(near_equal(LSEG(0).p[0].x, LSEG(0).p[1].x), out);
}

FN(lseg_horizontal)
{
    return give_bool(near_equal(LSEG(0).p[0].y, LSEG(0).p[1].y), out);
}

#define LSEG_TEST(name, test)                 \
    FN(name)                                  \
    {                                         \
        struct lseg a = LSEG(0), b = LSEG(1); \
        return give_bool(test, out);          \
    }

static bool lseg_equal(struct lseg a, struct lseg b)
{
    return point_equal(a.p[0], b.p[0]) && point_equal(a.p[1], b.p[1]);
}

LSEG_TEST(lseg_parallel, near_equal(lseg_slope(a), lseg_slope(b)))
LSEG_TEST(lseg_perp, near_equal(lseg_slope(a), lseg_normal(b)))
LSEG_TEST(lseg_eq, lseg_equal(a, b))
LSEG_TEST(lseg_ne, !lseg_equal(a, b))
LSEG_TEST(lseg_lt, is_below(length(a), length(b)))
LSEG_TEST(lseg_gt, is_below(length(b), length(a)))
LSEG_TEST(lseg_le, is_at_most(length(a), length(b)))
LSEG_TEST(lseg_ge, is_at_most(length(b), length(a)))

FN(lseg_intersect)
{
    struct point p;
    return give_bool(lsegs_meet(LSEG(0), LSEG(1), &p), out);
}

FN(lseg_interpt)
{
    struct point p = {0, 0};
    bool met = lsegs_meet(LSEG(0), LSEG(1), &p);
    return give_point(c, met, p, out);
}

FN(inter_sl)
{
    struct point p;
    return give_bool(lseg_meets_line(LSEG(0), LINE(1), &p), out);
}

FN(inter_sb)
{
    return give_bool(box_meets_lseg(BOX(1), LSEG(0)), out);
}

FN(on_ps)
{
    return give_bool(lseg_has(LSEG(1), POINT(0)), out);
}

FN(on_sb)
{
    struct lseg s = LSEG(0);
    return give_bool(box_has(BOX(1), s.p[0]) && box_has(BOX(1), s.p[1]), out);
}

/* ---- how far, and where the nearest point is ---- */

FN(lseg_distance)
{
    return give_f64(lseg_closest_lseg(LSEG(0), LSEG(1), NULL), out);
}

FN(dist_ps)
{
    return give_f64(lseg_closest(LSEG(1), POINT(0), NULL), out);
}

FN(dist_sp)
{
    return give_f64(lseg_closest(LSEG(0), POINT(1), NULL), out);
}

FN(dist_ls)
{
    return give_f64(lseg_closest_line(LSEG(1), LINE(0), NULL), out);
}

FN(dist_sl)
{
    return give_f64(lseg_closest_line(LSEG(0), LINE(1), NULL), out);
}

FN(dist_sb)
{
    return give_f64(box_closest_lseg(BOX(1), LSEG(0), NULL), out);
}

FN(dist_bs)
{
    return give_f64(box_closest_lseg(BOX(0), LSEG(1), NULL), out);
}

FN(close_ps)
{
    struct point p;
    bool found = !isnan(lseg_closest(LSEG(1), POINT(0), &p));
    return give_point(c, found, p, out);
}

FN(close_lseg)
{
    struct point p = {0, 0};
    struct lseg a = LSEG(0), b = LSEG(1);
    bool found = lseg_slope(a) != lseg_slope(b) && !isnan(lseg_closest_lseg(b, a, &p));
    return give_point(c, found, p, out);
}

FN(close_ls)
{
    struct point p = {0, 0};
    struct line l = LINE(0);
    struct lseg s = LSEG(1);
    bool found = lseg_slope(s) != line_slope(l) && !isnan(lseg_closest_line(s, l, &p));
    return give_point(c, found, p, out);
}

FN(close_sb)
{
    struct point p;
    bool found = !isnan(box_closest_lseg(BOX(1), LSEG(0), &p));
    return give_point(c, found, p, out);
}

const struct fn_entry fn_line_table[] = {
    ENTRY(line_construct_pp),
    ENTRY(line_intersect),
    ENTRY(line_parallel),
    ENTRY(line_perp),
    ENTRY(line_vertical),
    ENTRY(line_horizontal),
    ENTRY(line_eq),
    ENTRY(line_distance),
    ENTRY(line_interpt),
    ENTRY(on_pl),
    ENTRY(on_sl),
    ENTRY(dist_pl),
    ENTRY(dist_lp),
    ENTRY(close_pl),
    ENTRY(inter_lb),
    ENTRY(lseg_construct),
    ENTRY(lseg_length),
    ENTRY(lseg_center),
    ENTRY(lseg_vertical),
    ENTRY(lseg_horizontal),
    ENTRY(lseg_parallel),
    ENTRY(lseg_perp),
    ENTRY(lseg_eq),
    ENTRY(lseg_ne),
    ENTRY(lseg_lt),
    ENTRY(lseg_gt),
    ENTRY(lseg_le),
    ENTRY(lseg_ge),
    ENTRY(lseg_intersect),
    ENTRY(lseg_interpt),
    ENTRY(inter_sl),
    ENTRY(inter_sb),
    ENTRY(on_ps),
    ENTRY(on_sb),
    ENTRY(lseg_distance),
    ENTRY(dist_ps),
    ENTRY(dist_sp),
    ENTRY(dist_ls),
    ENTRY(dist_sl),
    ENTRY(dist_sb),
    ENTRY(dist_bs),
    ENTRY(close_ps),
    ENTRY(close_lseg),
    ENTRY(close_ls),
    ENTRY(close_sb),
};
TABLE_END(fn_line);
