/* Arrays: values of int4[], text[] ..., and of int2vector and oidvector.
 *
 *   u32 LE  OID of the element type
 *   u8      dimensions n, 0 to 6 (0: empty array)
 *   u8      flags; bit 0: a NULL bitmap follows the dimensions
 *   u8      bytes of a by-value element as in tuple.h (1, 2, 4, 8, TUPLE_U32); 0: by reference
 *   u8      0
 *   u32 LE  items
 *   n times i32 LE length, i32 LE lower bound
 *   [(items+7)/8 bytes: bit i set when item i is NULL]
 *   by value: items in row-major order, NULLs as zeros
 *   by reference: items times u32 LE end offset from the end of this table, then the bytes
 *
 * So item i is found in O(1). Any thread, no yield. */
#ifndef TARN_TYPES_ARRAY_H
#define TARN_TYPES_ARRAY_H

#include "types/datum.h"
#include "types/type.h"

#include <stdint.h>

enum { ARRAY_MAX_DIMS = 6, ARRAY_MAX_ITEMS = 0x3fffffff / 8 };

/* An array taken apart; borrows the datum's bytes. */
struct array {
    uint32_t elem_oid;
    int ndim;
    int32_t dims[ARRAY_MAX_DIMS];
    int32_t lower[ARRAY_MAX_DIMS];
    uint32_t nitems;
    const uint8_t *nulls; /* bitmap; NULL: no item is NULL */
    const uint8_t *ends;  /* end offsets; NULL: by value */
    const uint8_t *items;
    uint32_t items_bytes;
    uint8_t elem_len;
};

/* XX001 when the bytes are no array. */
struct err *array_open(struct datum d, struct array *out) MUST_CHECK;
/* Item by position in row-major order, i < nitems; borrows the array's bytes. */
struct datum array_get(const struct array *a, uint32_t i);
static inline bool array_is_null(const struct array *a, uint32_t i)
{
    return a->nulls && (a->nulls[i / 8] >> (i % 8) & 1);
}

/* A new array of the given shape; the product of dims is the number of items, and ndim 0 or an
 * empty dimension gives the empty array. 54000 when too large, 53200. Copies the items. */
struct err *array_make(const struct type_ops *elem, int ndim, const int32_t *dims,
                       const int32_t *lower, const struct datum *items, struct arena *arena,
                       struct datum *out) MUST_CHECK;
/* One dimension from 1; n = 0 gives the empty array. */
struct err *array_make_1d(const struct type_ops *elem, const struct datum *items, size_t n,
                          struct arena *arena, struct datum *out) MUST_CHECK;
/* Product of the dimensions; 54000 beyond ARRAY_MAX_ITEMS or when bounds overflow. */
struct err *array_count(int ndim, const int32_t *dims, const int32_t *lower,
                        uint32_t *out) MUST_CHECK;

/* Collects items for array_make; memory from the arena. */
struct array_items {
    struct datum *items;
    uint32_t count;
    uint32_t cap;
};
struct err *array_items_add(struct array_items *list, struct arena *arena,
                            struct datum d) MUST_CHECK;

/* Subscripts from 1-based-by-default bounds to a position: false when outside. */
bool array_position_of(const struct array *a, int n, const int32_t *subscripts, uint32_t *out);
/* a[s1][s2]...: NULL when outside or when n is not the number of dimensions. */
struct err *array_subscript(struct datum d, int n, const int32_t *subscripts,
                            struct datum *out) MUST_CHECK;
/* [l1:u1][l2:u2]...; absent ones (has_... false) are the array's. */
struct array_bounds {
    int32_t lower[ARRAY_MAX_DIMS];
    int32_t upper[ARRAY_MAX_DIMS];
    bool has_lower[ARRAY_MAX_DIMS];
    bool has_upper[ARRAY_MAX_DIMS];
};
/* The slice of n bounds; the result's lower bounds are 1. */
struct err *array_slice(const struct type_env *env, struct datum d, int n,
                        const struct array_bounds *b, struct arena *arena,
                        struct datum *out) MUST_CHECK;
/* The array with a slice replaced by the first items of the array `value` (NULL: d stays as it is);
 * d may be NULL. 2202E. */
struct err *array_assign_slice(const struct type_ops *elem, struct datum d, int n,
                               const struct array_bounds *b, struct datum value,
                               struct arena *arena, struct datum *out) MUST_CHECK;
/* The array with one item replaced, extended when it has one dimension; d may be a NULL datum
 * (then the array is new). 2202E, 2202H as PostgreSQL. */
struct err *array_assign(const struct type_ops *elem, struct datum d, int n,
                         const int32_t *subscripts, struct datum value, struct arena *arena,
                         struct datum *out) MUST_CHECK;

#endif
