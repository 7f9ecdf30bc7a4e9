/* Points, lines, segments, boxes and chains of points: what the operators are made of. */
#include "exec/functions/geometry.h"

#include <math.h>

/* ---- points ---- */

/* Rounded as PostgreSQL does, not as hypot(). */
double length_of(double x, double y)
{
    double a = fmax(fabs(x), fabs(y)), b = fmin(fabs(x), fabs(y));
    if (isinf(x) || isinf(y))
        return INFINITY;
    if (isnan(x) || isnan(y))
        return NAN;
    return b == 0 ? a : a * sqrt(1 + (b / a) * (b / a));
}

double point_dist(struct point a, struct point b)
{
    return length_of(a.x - b.x, a.y - b.y);
}

struct point point_sum(struct point a, struct point b)
{
    return (struct point){a.x + b.x, a.y + b.y};
}

struct point point_difference(struct point a, struct point b)
{
    return (struct point){a.x - b.x, a.y - b.y};
}

struct point point_product(struct point a, struct point b)
{
    return (struct point){a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x};
}

struct err *point_quotient(struct point a, struct point b, struct point *out)
{
    double div = b.x * b.x + b.y * b.y;
    if (isinf(div) && point_is_finite(b))
        return float_overflow();
    struct point p = {a.x * b.x + a.y * b.y, a.y * b.x - a.x * b.y};
    if (div == 0 && !(isnan(p.x) && isnan(p.y)))
        return zero_divide();
    *out = (struct point){p.x / div, p.y / div};
    return NULL;
}

/* Takes the nearer one. */
static void keep_nearer(double *dist, struct point *at, double other, struct point other_at)
{
    if (is_less(other, *dist)) {
        *dist = other;
        *at = other_at;
    }
}

/* ---- lines ---- */

double line_slope(struct line l)
{
    return near_zero(l.a) ? 0 : near_zero(l.b) ? INFINITY : l.a / -l.b;
}

/* Of the lines at a right angle to it. */
static double line_normal(struct line l)
{
    return near_zero(l.a) ? INFINITY : near_zero(l.b) ? 0 : l.b / l.a;
}

/* `a` is not vertical. */
static bool meet_at(struct line a, struct line b, struct point *out)
{
    if (near_equal(b.a, a.a * (b.b / a.b)))
        return false;
    out->x = (a.b * b.c - b.b * a.c) / (a.a * b.b - b.a * a.b);
    out->y = -(a.a * out->x + a.c) / a.b;
    out->x += 0.0; /* no negative zeros */
    out->y += 0.0;
    return true;
}

bool lines_meet(struct line a, struct line b, struct point *out)
{
    if (!near_zero(a.b))
        return meet_at(a, b, out);
    return !near_zero(b.b) && meet_at(b, a, out);
}

double line_closest(struct line l, struct point p, struct point *out)
{
    struct point at;
    bool met = lines_meet(line_through(p, line_normal(l)), l, &at);
    if (out)
        *out = met ? at : p;
    return met ? point_dist(at, p) : NAN;
}

/* ---- segments ---- */

double lseg_slope(struct lseg s)
{
    return slope_of(s.p[0], s.p[1]);
}

double lseg_normal(struct lseg s)
{
    struct point a = s.p[0], b = s.p[1];
    return near_equal(a.x, b.x) ? 0 : near_equal(a.y, b.y) ? INFINITY : (a.x - b.x) / (b.y - a.y);
}

static struct line line_of(struct lseg s)
{
    return line_through(s.p[0], lseg_slope(s));
}

bool lseg_has(struct lseg s, struct point p)
{
    return near_equal(point_dist(p, s.p[0]) + point_dist(p, s.p[1]), point_dist(s.p[0], s.p[1]));
}

/* An end of the segment is given as it is, without rounding. */
bool lseg_meets_line(struct lseg s, struct line l, struct point *out)
{
    struct point at;
    if (!lines_meet(line_of(s), l, &at) || !lseg_has(s, at))
        return false;
    *out = point_equal(s.p[0], at) ? s.p[0] : point_equal(s.p[1], at) ? s.p[1] : at;
    return true;
}

bool lsegs_meet(struct lseg a, struct lseg b, struct point *out)
{
    return lseg_meets_line(a, line_of(b), out) && lseg_has(b, *out);
}

double lseg_closest(struct lseg s, struct point p, struct point *out)
{
    struct point at;
    (void)lseg_closest_line(s, line_through(p, lseg_normal(s)), &at);
    if (out)
        *out = at;
    return point_dist(at, p);
}

double lseg_closest_line(struct lseg s, struct line l, struct point *out)
{
    struct point at;
    if (lseg_meets_line(s, l, &at)) {
        if (out)
            *out = at;
        return 0;
    }
    double first = line_closest(l, s.p[0], NULL);
    double second = line_closest(l, s.p[1], NULL);
    if (out)
        *out = s.p[first < second ? 0 : 1];
    return first < second ? first : second;
}

double lseg_closest_lseg(struct lseg s, struct lseg other, struct point *out)
{
    struct point at, next;
    double dist = 0;
    if (!lsegs_meet(s, other, &at)) {
        dist = lseg_closest(s, other.p[0], &at);
        double d = lseg_closest(s, other.p[1], &next);
        keep_nearer(&dist, &at, d, next);
        keep_nearer(&dist, &at, lseg_closest(other, s.p[0], NULL), s.p[0]);
        keep_nearer(&dist, &at, lseg_closest(other, s.p[1], NULL), s.p[1]);
    }
    if (out)
        *out = at;
    return dist;
}

/* ---- boxes ---- */

struct point box_middle(struct box b)
{
    return (struct point){(b.high.x + b.low.x) / 2, (b.high.y + b.low.y) / 2};
}

bool boxes_overlap(struct box a, struct box b)
{
    return is_at_most(a.low.x, b.high.x) && is_at_most(b.low.x, a.high.x) &&
           is_at_most(a.low.y, b.high.y) && is_at_most(b.low.y, a.high.y);
}

bool box_has(struct box b, struct point p)
{
    return b.high.x >= p.x && b.low.x <= p.x && b.high.y >= p.y && b.low.y <= p.y;
}

bool box_holds(struct box outer, struct box inner)
{
    return is_at_most(inner.high.x, outer.high.x) && is_at_most(outer.low.x, inner.low.x) &&
           is_at_most(inner.high.y, outer.high.y) && is_at_most(outer.low.y, inner.low.y);
}

void box_sides(struct box b, struct lseg out[4])
{
    struct point left = {b.low.x, b.high.y}; /* the upper left corner */
    struct point right = {b.high.x, b.low.y};
    out[0] = (struct lseg){{b.low, left}};
    out[1] = (struct lseg){{b.high, left}};
    out[2] = (struct lseg){{b.low, right}};
    out[3] = (struct lseg){{b.high, right}};
}

bool box_meets_lseg(struct box b, struct lseg s)
{
    struct lseg sides[4];
    struct point at;
    if (!boxes_overlap(box_of(s.p[0], s.p[1]), b))
        return false;
    if (box_has(b, s.p[0]) || box_has(b, s.p[1]))
        return true;
    box_sides(b, sides);
    for (int i = 0; i < 4; i++)
        if (lsegs_meet(sides[i], s, &at))
            return true;
    return false;
}

double box_closest(struct box b, struct point p, struct point *out)
{
    struct lseg sides[4];
    struct point at = p, next;
    double dist = 0;
    if (!box_has(b, p)) {
        box_sides(b, sides);
        dist = lseg_closest(sides[0], p, &at);
        for (int i = 1; i < 4; i++) {
            double d = lseg_closest(sides[i], p, &next);
            keep_nearer(&dist, &at, d, next);
        }
    }
    if (out)
        *out = at;
    return dist;
}

double box_closest_lseg(struct box b, struct lseg s, struct point *out)
{
    struct lseg sides[4];
    struct point at, next;
    double dist = 0;
    if (box_meets_lseg(b, s)) {
        (void)lseg_closest(s, box_middle(b), &at);
    } else {
        box_sides(b, sides);
        dist = lseg_closest_lseg(sides[0], s, &at);
        for (int i = 1; i < 4; i++) {
            double d = lseg_closest_lseg(sides[i], s, &next);
            keep_nearer(&dist, &at, d, next);
        }
    }
    if (out)
        *out = at;
    return dist;
}

/* ---- chains of points ---- */

struct box points_box(struct points ps)
{
    struct box out = {{0, 0}, {0, 0}};
    for (int i = 0; i < ps.count; i++) {
        struct point p = point_of(ps, i);
        if (!i)
            out = (struct box){p, p};
        out = (struct box){{greater_of(out.high.x, p.x), greater_of(out.high.y, p.y)},
                           {lesser_of(out.low.x, p.x), lesser_of(out.low.y, p.y)}};
    }
    return out;
}

bool points_side(struct points ps, int i, struct lseg *out)
{
    if (!i && !ps.closed)
        return false;
    *out = (struct lseg){{point_of(ps, i ? i - 1 : ps.count - 1), point_of(ps, i)}};
    return true;
}

enum { THROUGH_ORIGIN = 100 };

/* How a side crosses the half of the x axis right of the origin: each whole crossing counts 2, one
 * that only touches it 1; positive upwards. THROUGH_ORIGIN: it does. */
static int crossing(struct point from, struct point to)
{
    bool from_on_axis = near_zero(from.y);
    if (near_zero(to.y)) {
        if (near_zero(to.x))
            return THROUGH_ORIGIN;
        bool right = is_below(0, to.x);
        if (from_on_axis) { /* along the axis: on one side of the origin, or through it */
            bool same_side = right ? is_below(0, from.x) : is_below(from.x, 0);
            return same_side ? 0 : THROUGH_ORIGIN;
        }
        return !right ? 0 : is_below(from.y, 0) ? 1 : -1;
    }
    int sign = is_below(0, to.y) ? 1 : -1;
    if (from_on_axis)
        return is_below(from.x, 0) ? 0 : sign;
    if (sign < 0 ? is_below(from.y, 0) : is_below(0, from.y))
        return 0; /* all of it is above, or below */
    if (is_at_most(0, to.x) && is_below(0, from.x))
        return 2 * sign;
    if (is_below(to.x, 0) && is_at_most(from.x, 0))
        return 0;
    double side = (to.x - from.x) * to.y - (to.y - from.y) * to.x;
    if (near_zero(side))
        return THROUGH_ORIGIN;
    return (sign < 0 ? is_below(side, 0) : is_below(0, side)) ? 0 : 2 * sign;
}

enum inside point_inside(struct point p, struct points ps)
{
    int total = 0;
    if (ps.count <= 0)
        return OUTSIDE;
    struct point first = point_difference(point_of(ps, 0), p), from = first;
    for (int i = 1; i <= ps.count; i++) {
        struct point to = i < ps.count ? point_difference(point_of(ps, i), p) : first;
        int c = crossing(from, to);
        if (c == THROUGH_ORIGIN)
            return ON_BORDER;
        total += c;
        from = to;
    }
    return total ? INSIDE : OUTSIDE;
}

double points_dist(struct points ps, struct point p)
{
    double dist = 0;
    bool any = false;
    for (int i = 0; i < ps.count; i++) {
        struct lseg side;
        if (!points_side(ps, i, &side))
            continue;
        double d = lseg_closest(side, p, NULL);
        if (!any || is_less(d, dist))
            dist = d;
        any = true;
    }
    return dist;
}

double polygon_dist(struct points ps, struct point p)
{
    return point_inside(p, ps) == OUTSIDE ? points_dist(ps, p) : 0;
}
