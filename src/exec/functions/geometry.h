/* Algorithms on geometric values: manual section 9.11. Lengths and coordinates are compared within
 * EPSILON where the operators are. Distances are NaN where NaN coordinates leave none. */
#ifndef TARN_EXEC_FUNCTIONS_GEOMETRY_H
#define TARN_EXEC_FUNCTIONS_GEOMETRY_H

#include "exec/functions/fn_internal.h"
#include "types/geometry.h"

/* Arguments of a function. */
#define POINT(n) point_load(c->args[n])
#define LINE(n) line_load(c->args[n])
#define LSEG(n) lseg_load(c->args[n])
#define BOX(n) box_load(c->args[n])
#define CIRCLE(n) circle_load(c->args[n])
#define PATH(n) path_load(c->args[n])
#define POLYGON(n) polygon_load(c->args[n])

/* a < b and a <= b, within EPSILON. */
static inline bool is_below(double a, double b)
{
    return a + EPSILON < b;
}

static inline bool is_at_most(double a, double b)
{
    return a <= b + EPSILON;
}

static inline double greater_of(double a, double b)
{
    return is_less(a, b) ? b : a;
}

static inline double lesser_of(double a, double b)
{
    return is_less(b, a) ? b : a;
}

static inline bool point_is_finite(struct point p)
{
    return isfinite(p.x) && isfinite(p.y);
}

double length_of(double x, double y);
double point_dist(struct point a, struct point b);
struct point point_sum(struct point a, struct point b);
struct point point_difference(struct point a, struct point b);
/* As complex numbers: a turn and a scaling. 22012 for a quotient by the origin. */
struct point point_product(struct point a, struct point b);
struct err *point_quotient(struct point a, struct point b, struct point *out) MUST_CHECK;

double line_slope(struct line l);
/* Where they meet; false: nowhere, they are parallel. */
bool lines_meet(struct line a, struct line b, struct point *out);
/* The point of the line, and of the segment, that is next to another; the distance. `out` may be
 * NULL. */
double line_closest(struct line l, struct point p, struct point *out);
double lseg_closest(struct lseg s, struct point p, struct point *out);
double lseg_closest_line(struct lseg s, struct line l, struct point *out);
/* The point of `s` next to `other`. */
double lseg_closest_lseg(struct lseg s, struct lseg other, struct point *out);

double lseg_slope(struct lseg s);
double lseg_normal(struct lseg s); /* the slope at a right angle to it */
bool lseg_has(struct lseg s, struct point p);
bool lseg_meets_line(struct lseg s, struct line l, struct point *out);
bool lsegs_meet(struct lseg a, struct lseg b, struct point *out);

struct point box_middle(struct box b);
bool boxes_overlap(struct box a, struct box b);
bool box_has(struct box b, struct point p); /* exactly */
bool box_holds(struct box outer, struct box inner);
/* The sides, from the lower left corner on around. */
void box_sides(struct box b, struct lseg out[4]);
bool box_meets_lseg(struct box b, struct lseg s);
/* The point of the box next to the other. */
double box_closest(struct box b, struct point p, struct point *out);
double box_closest_lseg(struct box b, struct lseg s, struct point *out);

struct box points_box(struct points ps);
/* The side of a path or polygon that ends at point i; false: none, at the begin of an open path. */
bool points_side(struct points ps, int i, struct lseg *out);
enum inside { OUTSIDE, INSIDE, ON_BORDER };
/* Of the points as a closed shape. */
enum inside point_inside(struct point p, struct points ps);
double points_dist(struct points ps, struct point p);  /* to the next side */
double polygon_dist(struct points ps, struct point p); /* 0 inside */

#endif
