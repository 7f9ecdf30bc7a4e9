/* The geometric types: manual section 8.8. Values are kept as doubles, 8 bytes LE each; a path has
 * a byte before its points that says whether it is closed. */
#ifndef TARN_TYPES_GEOMETRY_H
#define TARN_TYPES_GEOMETRY_H

#include "types/datum.h"

#include <math.h>

struct point {
    double x, y;
};

/* ax + by + c = 0 */
struct line {
    double a, b, c;
};

struct lseg {
    struct point p[2];
};

/* Corners: upper right, lower left. */
struct box {
    struct point high, low;
};

struct circle {
    struct point center;
    double radius;
};

/* Of a path or a polygon; the bytes are the datum's. */
struct points {
    const uint8_t *bytes;
    int count;
    bool closed;
};

struct point point_load(struct datum d);
struct line line_load(struct datum d);
struct lseg lseg_load(struct datum d);
struct box box_load(struct datum d);
struct circle circle_load(struct datum d);
struct points path_load(struct datum d);
struct points polygon_load(struct datum d);
struct point point_of(struct points ps, int i);

/* In the arena. */
struct datum point_datum(struct point p, struct arena *arena);
struct datum line_datum(struct line l, struct arena *arena);
struct datum lseg_datum(struct lseg s, struct arena *arena);
struct datum box_datum(struct box b, struct arena *arena);
struct datum circle_datum(struct circle c, struct arena *arena);
struct datum path_datum(bool closed, const struct point *p, int count, struct arena *arena);
struct datum polygon_datum(const struct point *p, int count, struct arena *arena);

/* A point and a line are arrays of doubles from 0, an lseg and a box arrays of points: the type of
 * the items, 0: the type is no such one. */
uint32_t geometry_item_type(uint32_t type);
/* NULL out of bounds. */
struct datum geometry_item(uint32_t type, struct datum d, int32_t at);
/* With another item at that place, in the arena; false out of bounds. */
bool geometry_set_item(uint32_t type, struct datum d, int32_t at, struct datum item,
                       struct arena *arena, struct datum *out);

/* Of any two opposite corners, usually lower left and upper right. */
struct box box_of(struct point a, struct point b);
/* The line through a point with that slope. */
struct line line_through(struct point p, double slope);
/* Equality within EPSILON, as it is for all these types; NaN is equal to NaN. */
bool point_equal(struct point a, struct point b);
/* Infinite when vertical. */
double slope_of(struct point a, struct point b);

#define EPSILON 1.0e-6

/* NaN is greater than all numbers. */
static inline bool is_less(double a, double b)
{
    return !isnan(a) && (isnan(b) || a < b);
}

static inline bool near_zero(double a)
{
    return a <= EPSILON && a >= -EPSILON;
}

static inline bool near_equal(double a, double b)
{
    return a == b || near_zero(a - b);
}

#endif
