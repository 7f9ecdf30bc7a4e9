/* Column batches: what every reader of the lakehouse produces.
 *
 * A vector holds `count` values of one type. Values have a slot per row, NULL or not; the slot of a
 * NULL holds zero. A batch and all it points to belong to the scan that produced it and live until
 * the next call on that scan. */
#ifndef TARN_LAKE_BATCH_H
#define TARN_LAKE_BATCH_H

#include "base/str.h"
#include "lake/type.h"

#include <stdbool.h>
#include <stdint.h>

struct lake_vec {
    const struct lake_type *type;
    enum lake_phys phys;
    uint32_t count;
    const uint8_t *valid; /* a byte a row, 0: NULL; no array: nothing is NULL (but see VOID) */
    union {
        const uint8_t *bools;
        const int32_t *i32;
        const int64_t *i64;
        const __int128 *i128;
        const float *f32;
        const double *f64;
        const struct str *bytes;
        const void *data;
    };
    /* List and map: count + 1 entries; row i has the child values [offsets[i], offsets[i + 1]). */
    const uint32_t *offsets;
    /* List: the elements. Map: keys, values. Struct: a vector a field, each of the same count; the
     * children of a NULL struct are NULL. */
    const struct lake_vec *children;
    uint32_t child_count;
};

static inline bool lake_vec_is_null(const struct lake_vec *v, uint32_t row)
{
    return v->valid ? !v->valid[row] : v->phys == LAKE_PHYS_VOID;
}

/* The vector of a struct's field; NULL when there is none, or no struct. */
static inline const struct lake_vec *lake_vec_field(const struct lake_vec *v, const char *name)
{
    int i = v && v->type->kind == LAKE_STRUCT ? lake_type_find(v->type, str_from(name)) : -1;
    return i < 0 ? NULL : &v->children[i];
}

/* False for no vector, one of other values, and NULL. */
static inline bool lake_vec_bytes(const struct lake_vec *v, uint32_t row, struct str *out)
{
    if (!v || v->phys != LAKE_PHYS_BYTES || lake_vec_is_null(v, row))
        return false;
    *out = v->bytes[row];
    return true;
}

struct lake_batch {
    uint32_t row_count;
    uint32_t column_count;
    const struct lake_vec *columns; /* in the order asked for */
    /* Identity of the rows: the index of the file in its table (0 for a single file), and the
     * position of each row in that file: positions[i], or first_position + i when positions is
     * NULL. */
    uint32_t file_index;
    int64_t first_position;
    const int64_t *positions;
};

static inline int64_t lake_batch_position(const struct lake_batch *b, uint32_t row)
{
    return b->positions ? b->positions[row] : b->first_position + row;
}

#endif
