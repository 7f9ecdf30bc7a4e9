/* Ranges and multiranges, over a subtype that has an order.
 *
 * A range:      u8 flags (as on the wire: 1 empty, 2 lower inclusive, 4 upper inclusive, 8 no lower
 *               bound, 16 no upper bound), then for each bound that is there u32 LE length and the
 *               value's bytes (by-value ones as 8 bytes LE).
 * A multirange: u32 LE count, count times u32 LE end offset, the ranges' bytes. Its ranges are not
 *               empty, in order, and neither overlap nor touch.
 *
 * `t` is the operations of a range type (t->range: its subtype) or of a multirange type
 * (t->multirange: its range type). Any thread, no yield. */
#ifndef TARN_TYPES_RANGE_H
#define TARN_TYPES_RANGE_H

#include "types/datum.h"
#include "types/type.h"

enum {
    RANGE_EMPTY = 1,
    RANGE_LOWER_INC = 2,
    RANGE_UPPER_INC = 4,
    RANGE_LOWER_INF = 8,
    RANGE_UPPER_INF = 16,
};

struct range_bound {
    struct datum value;
    bool infinite;
    bool inclusive;
    bool lower;
};

struct range {
    bool empty;
    struct range_bound lower;
    struct range_bound upper;
};

/* XX001 when the bytes are no range. The bounds borrow from the datum. */
struct err *range_open(const struct type_ops *t, struct datum d, struct range *out) MUST_CHECK;
/* Brings it to its canonical form; 22000 when the bounds are in the wrong order. */
struct err *range_normalize(const struct type_ops *t, struct range *r) MUST_CHECK;
/* range_normalize, then the value. */
struct err *range_make(const struct type_ops *t, struct range r, struct arena *arena,
                       struct datum *out) MUST_CHECK;
int range_compare_bounds(const struct type_ops *t, const struct range_bound *a,
                         const struct range_bound *b);
int range_compare_ranges(const struct type_ops *t, const struct range *a, const struct range *b);
/* An upper and a lower bound that leave nothing between them and share nothing. */
bool range_bounds_touch(const struct type_ops *t, const struct range_bound *upper,
                        const struct range_bound *lower);

struct ranges {
    struct range *items;
    int count;
    int cap;
};
/* The ranges of a range (none when it is empty) or multirange; *rt its range type. */
struct err *ranges_open(const struct type_ops *t, struct datum d, struct arena *arena,
                        struct ranges *out, const struct type_ops **rt) MUST_CHECK;
void ranges_add(struct ranges *l, struct arena *arena, const struct range *r);
/* Into a multirange's form: empty ones left out, in order, joined where they overlap or touch. */
void ranges_normalize(const struct type_ops *rt, struct ranges *l);
/* From normalized ranges. */
struct err *multirange_make(const struct type_ops *t, const struct ranges *l, struct arena *arena,
                            struct datum *out) MUST_CHECK;

#endif
