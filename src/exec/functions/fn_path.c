/* Functions and operators of paths and polygons: manual section 9.11. */
#include "exec/functions/geometry.h"

#include <math.h>

static struct point *copy_points(struct fn_call *c, struct points ps, int more)
{
    struct point *p = arena_new_array(c->arena, struct point, (size_t)(ps.count + more + 1));
    for (int i = 0; i < ps.count; i++)
        p[i] = point_of(ps, i);
    return p;
}

static struct err *give_path(struct fn_call *c, bool closed, struct points ps, struct datum *out)
{
    *out = path_datum(closed, copy_points(c, ps, 0), ps.count, c->arena);
    return NULL;
}

/* ---- paths ---- */

FN(path_isclosed)
{
    return give_bool(PATH(0).closed, out);
}

FN(path_isopen)
{
    return give_bool(!PATH(0).closed, out);
}

FN(path_npoints)
{
    return give_int(PATH(0).count, out);
}

FN(path_close)
{
    return give_path(c, true, PATH(0), out);
}

FN(path_open)
{
    return give_path(c, false, PATH(0), out);
}

#define PATH_TEST(name, op)                                    \
    FN(name)                                                   \
    {                                                          \
        return give_bool(PATH(0).count op PATH(1).count, out); \
    }

PATH_TEST(path_n_lt, <)
PATH_TEST(path_n_le, <=)
PATH_TEST(path_n_eq, ==)
PATH_TEST(path_n_ge, >=)
PATH_TEST(path_n_gt, >)

FN(path_area)
{
    struct points ps = PATH(0);
    double sum = 0;
    if (!ps.closed)
        return give_null(out);
    for (int i = 0; i < ps.count; i++) {
        struct point a = point_of(ps, i), b = point_of(ps, (i + 1) % ps.count);
        sum += a.x * b.y;
        sum -= a.y * b.x;
    }
    return give_f64(fabs(sum) / 2, out);
}

FN(path_length)
{
    struct points ps = PATH(0);
    struct lseg side;
    double sum = 0;
    for (int i = 0; i < ps.count; i++)
        if (points_side(ps, i, &side))
            sum += point_dist(side.p[0], side.p[1]);
    return give_f64(sum, out);
}

/* Between the next sides. */
static struct err *give_dist(struct points a, struct points b, struct datum *out)
{
    struct lseg s, t;
    bool any = false;
    double dist = 0;
    for (int i = 0; i < a.count; i++)
        for (int k = 0; points_side(a, i, &s) && k < b.count; k++) {
            if (!points_side(b, k, &t))
                continue;
            double d = lseg_closest_lseg(s, t, NULL);
            if (!any || d < dist)
                dist = d;
            any = true;
        }
    return any ? give_f64(dist, out) : give_null(out);
}

FN(path_distance)
{
    return give_dist(PATH(0), PATH(1), out);
}

static bool sides_meet(struct points a, struct points b)
{
    struct lseg s, t;
    struct point p;
    bool met = false;
    for (int i = 0; i < a.count && !met; i++)
        for (int k = 0; points_side(a, i, &s) && k < b.count && !met; k++)
            met = points_side(b, k, &t) && lsegs_meet(s, t, &p);
    return met;
}

FN(path_inter)
{
    struct points a = PATH(0), b = PATH(1);
    return give_bool(boxes_overlap(points_box(a), points_box(b)) && sides_meet(a, b), out);
}

FN(dist_ppath)
{
    return give_f64(points_dist(PATH(1), POINT(0)), out);
}

FN(dist_pathp)
{
    return give_f64(points_dist(PATH(0), POINT(1)), out);
}

static bool is_on_side(struct points ps, struct point p)
{
    struct lseg side;
    for (int i = 1; i < ps.count; i++)
        if (points_side(ps, i, &side) && lseg_has(side, p))
            return true;
    return false;
}

/* On an open path, or in a closed one. */
static struct err *give_on_path(struct point p, struct points ps, struct datum *out)
{
    return give_bool(ps.closed ? point_inside(p, ps) != OUTSIDE : is_on_side(ps, p), out);
}

FN(on_ppath)
{
    return give_on_path(POINT(0), PATH(1), out);
}

FN(path_contain_pt)
{
    return give_on_path(POINT(1), PATH(0), out);
}

FN(path_add)
{
    struct points a = PATH(0), b = PATH(1);
    if (a.closed || b.closed)
        return give_null(out);
    struct point *p = copy_points(c, a, b.count);
    for (int i = 0; i < b.count; i++)
        p[a.count + i] = point_of(b, i);
    *out = path_datum(false, p, a.count + b.count, c->arena);
    return NULL;
}

static struct err *sum(struct point a, struct point b, struct point *out)
{
    *out = point_sum(a, b);
    return NULL;
}

static struct err *difference(struct point a, struct point b, struct point *out)
{
    *out = point_difference(a, b);
    return NULL;
}

static struct err *product(struct point a, struct point b, struct point *out)
{
    *out = point_product(a, b);
    return NULL;
}

/* Each point of the path with the other argument. */
static struct err *change_points(struct fn_call *c,
                                 struct err *(*fn)(struct point, struct point, struct point *),
                                 struct datum *out)
{
    struct points ps = PATH(0);
    struct point *p = copy_points(c, ps, 0), other = POINT(1);
    for (int i = 0; i < ps.count; i++) {
        bool finite = point_is_finite(p[i]) && point_is_finite(other);
        TRY(fn(p[i], other, &p[i]));
        if (finite && (isinf(p[i].x) || isinf(p[i].y)))
            return float_overflow();
    }
    *out = path_datum(ps.closed, p, ps.count, c->arena);
    return NULL;
}

FN(path_add_pt)
{
    return change_points(c, sum, out);
}

FN(path_sub_pt)
{
    return change_points(c, difference, out);
}

FN(path_mul_pt)
{
    return change_points(c, product, out);
}

FN(path_div_pt)
{
    return change_points(c, point_quotient, out);
}

FN(path_poly)
{
    struct points ps = PATH(0);
    if (!ps.closed)
        return err_new("22023", "open path cannot be converted to polygon");
    *out = polygon_datum(copy_points(c, ps, 0), ps.count, c->arena);
    return NULL;
}

/* ---- polygons: where they are, exactly ---- */

#define POLYGON_TEST(name, test)                                           \
    FN(name)                                                               \
    {                                                                      \
        struct box a = points_box(POLYGON(0)), b = points_box(POLYGON(1)); \
        return give_bool(test, out);                                       \
    }

POLYGON_TEST(poly_left, a.high.x < b.low.x)
POLYGON_TEST(poly_overleft, a.high.x <= b.high.x)
POLYGON_TEST(poly_right, a.low.x > b.high.x)
POLYGON_TEST(poly_overright, a.low.x >= b.low.x)
POLYGON_TEST(poly_below, a.high.y < b.low.y)
POLYGON_TEST(poly_overbelow, a.high.y <= b.high.y)
POLYGON_TEST(poly_above, a.low.y > b.high.y)
POLYGON_TEST(poly_overabove, a.low.y >= b.low.y)

/* Whether the points of b from `start` on around, forwards or backwards, are those of a. */
static bool same_around(struct points a, struct points b, int start, int step)
{
    for (int i = 0, k = start; i < a.count; i++) {
        if (!point_equal(point_of(a, i), point_of(b, k)))
            return false;
        k = (k + step + b.count) % b.count;
    }
    return true;
}

FN(poly_same)
{
    struct points a = POLYGON(0), b = POLYGON(1);
    bool same = false;
    for (int i = 0; i < b.count && a.count == b.count && !same; i++)
        same = same_around(a, b, i, 1) || same_around(a, b, i, -1);
    return give_bool(same, out);
}

static bool polygons_overlap(struct points a, struct points b)
{
    return a.count && b.count && boxes_overlap(points_box(a), points_box(b)) &&
           (sides_meet(a, b) || point_inside(point_of(a, 0), b) != OUTSIDE ||
            point_inside(point_of(b, 0), a) != OUTSIDE);
}

FN(poly_overlap)
{
    return give_bool(polygons_overlap(POLYGON(0), POLYGON(1)), out);
}

/* ---- whether one polygon is in another ---- */

enum { MAX_CUTS = 200 };

/* The polygon that a segment is tried against, and how often it has been cut by now. */
struct cutting {
    struct points outer;
    int cuts;
    bool too_many;
};

static bool segment_inside(struct cutting *ct, struct point a, struct point b, int start);

/* From `a`, which is on the side s, to b: what lies along the side is inside, the rest is tried
 * against the sides from `start` on. */
static bool touching_inside(struct cutting *ct, struct point a, struct point b, struct lseg s,
                            int start)
{
    struct lseg t = {{a, b}};
    bool at_first = point_equal(a, s.p[0]), at_second = !at_first && point_equal(a, s.p[1]);
    if (!at_second && !at_first && lseg_has(t, s.p[0]))
        return segment_inside(ct, b, s.p[0], start);
    if (at_second)
        return !lseg_has(t, s.p[0]) || segment_inside(ct, b, s.p[0], start);
    return !lseg_has(t, s.p[1]) || segment_inside(ct, b, s.p[1], start);
}

/* A segment is cut where it meets sides; the pieces that meet none are inside when their middles
 * are. */
static bool segment_inside(struct cutting *ct, struct point a, struct point b, int start)
{
    struct lseg t = {{a, b}}, s;
    struct point cut;
    bool inside = true;
    if (++ct->cuts > MAX_CUTS) {
        ct->too_many = true;
        ct->cuts--;
        return false;
    }
    for (int i = start; i < ct->outer.count && inside; i++) {
        (void)points_side(ct->outer, i, &s);
        bool has_a = lseg_has(s, a), has_b = lseg_has(s, b);
        if (has_a && has_b) {
            ct->cuts--;
            return true;
        }
        if (has_a || has_b) {
            inside = touching_inside(ct, has_a ? a : b, has_a ? b : a, s, i + 1);
        } else if (lsegs_meet(t, s, &cut)) {
            inside = segment_inside(ct, a, cut, i + 1) && segment_inside(ct, b, cut, i + 1);
            ct->cuts--;
            return inside;
        }
    }
    ct->cuts--;
    struct point middle = {(a.x + b.x) / 2, (a.y + b.y) / 2};
    return inside && point_inside(middle, ct->outer) != OUTSIDE;
}

static struct err *give_inside(struct points outer, struct points inner, struct datum *out)
{
    struct cutting ct = {.outer = outer};
    struct lseg side;
    bool inside = outer.count && inner.count && box_holds(points_box(outer), points_box(inner));
    for (int i = 0; i < inner.count && inside; i++) {
        (void)points_side(inner, i, &side);
        inside = segment_inside(&ct, side.p[0], side.p[1], 0);
    }
    if (ct.too_many)
        return err_new("54001", "one side of a polygon meets more than %d sides of the other",
                       MAX_CUTS);
    return give_bool(inside, out);
}

FN(poly_contain)
{
    return give_inside(POLYGON(0), POLYGON(1), out);
}

FN(poly_contained)
{
    return give_inside(POLYGON(1), POLYGON(0), out);
}

FN(poly_contain_pt)
{
    return give_bool(point_inside(POINT(1), POLYGON(0)) != OUTSIDE, out);
}

FN(pt_contained_poly)
{
    return give_bool(point_inside(POINT(0), POLYGON(1)) != OUTSIDE, out);
}

/* ---- polygons: what they measure, and others of them ---- */

FN(poly_npoints)
{
    return give_int(POLYGON(0).count, out);
}

FN(dist_ppoly)
{
    return give_f64(polygon_dist(POLYGON(1), POINT(0)), out);
}

FN(dist_polyp)
{
    return give_f64(polygon_dist(POLYGON(0), POINT(1)), out);
}

FN(poly_distance)
{
    struct points a = POLYGON(0), b = POLYGON(1);
    return polygons_overlap(a, b) ? give_f64(0, out) : give_dist(a, b, out);
}

FN(poly_box)
{
    *out = box_datum(points_box(POLYGON(0)), c->arena);
    return NULL;
}

FN(poly_path)
{
    return give_path(c, true, POLYGON(0), out);
}

/* Around the mean of the points, with their mean distance from it. */
static struct circle circle_around(struct points ps)
{
    struct circle a = {{0, 0}, 0};
    for (int i = 0; i < ps.count; i++)
        a.center = point_sum(a.center, point_of(ps, i));
    a.center.x /= ps.count;
    a.center.y /= ps.count;
    for (int i = 0; i < ps.count; i++)
        a.radius += point_dist(point_of(ps, i), a.center);
    a.radius /= ps.count;
    return a;
}

FN(poly_circle)
{
    *out = circle_datum(circle_around(POLYGON(0)), c->arena);
    return NULL;
}

FN(poly_center)
{
    *out = point_datum(circle_around(POLYGON(0)).center, c->arena);
    return NULL;
}

const struct fn_entry fn_path_table[] = {
    ENTRY(path_isclosed),     ENTRY(path_isopen),
    ENTRY(path_npoints),      ENTRY(path_close),
    ENTRY(path_open),         ENTRY(path_n_lt),
    ENTRY(path_n_le),         ENTRY(path_n_eq),
    ENTRY(path_n_ge),         ENTRY(path_n_gt),
    ENTRY(path_area),         ENTRY(path_length),
    ENTRY(path_distance),     ENTRY(path_inter),
    ENTRY(dist_ppath),        ENTRY(dist_pathp),
    ENTRY(on_ppath),          ENTRY(path_add),
    ENTRY(path_add_pt),       ENTRY(path_sub_pt),
    ENTRY(path_mul_pt),       ENTRY(path_div_pt),
    ENTRY(path_poly),         ENTRY(poly_left),
    ENTRY(poly_overleft),     ENTRY(poly_right),
    ENTRY(poly_overright),    ENTRY(poly_below),
    ENTRY(poly_overbelow),    ENTRY(poly_above),
    ENTRY(poly_overabove),    ENTRY(poly_same),
    ENTRY(poly_overlap),      ENTRY(poly_contain),
    ENTRY(poly_contained),    ENTRY(poly_contain_pt),
    ENTRY(pt_contained_poly), ENTRY(poly_npoints),
    ENTRY(dist_ppoly),        ENTRY(dist_polyp),
    ENTRY(poly_distance),     ENTRY(poly_box),
    ENTRY(poly_path),         ENTRY(poly_circle),
    ENTRY(poly_center),       {"sql:path_contain_pt:602 600", f_path_contain_pt},
};
TABLE_END(fn_path);
