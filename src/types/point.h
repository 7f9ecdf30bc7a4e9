/* Points of the plane. */
#ifndef TARN_TYPES_POINT_H
#define TARN_TYPES_POINT_H

#include "types/datum.h"

enum { POINT_BYTES = 16 };

struct point {
    double x, y;
};

struct point point_load(struct datum d);
struct datum point_datum(struct point p, struct arena *arena);

#endif
