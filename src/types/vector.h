/* A column of a batch of rows, in the form in which its source has the values: scans of files hand
 * them out, aggregates take them without a datum for each value. */
#ifndef TARN_TYPES_VECTOR_H
#define TARN_TYPES_VECTOR_H

#include "types/datum.h"

#include <stddef.h>

enum vector_form {
    VECTOR_NULLS,    /* no data: every value is NULL */
    VECTOR_PRESENCE, /* no data: only which values are NULL is known */
    VECTOR_DATUMS,   /* struct datum */
    VECTOR_BOOL,     /* uint8_t, 0 or 1 */
    VECTOR_I32,      /* int32_t; with `shift` added, datum.i */
    VECTOR_I64,      /* int64_t, likewise; the sum is in range */
    VECTOR_F32,      /* float */
    VECTOR_F64,      /* double */
    VECTOR_SCALED64, /* int64_t: numeric, in units of the last of `scale` decimals */
    VECTOR_SCALED,   /* __int128, likewise, of at most 38 digits */
    VECTOR_BYTES     /* struct str: text, bytea or uuid, which compare as their bytes */
};

/* The slot of a NULL holds zero, an empty string, or for DATUMS the NULL itself. */
struct vector {
    enum vector_form form;
    int scale;
    int64_t shift;
    const uint8_t *valid; /* a byte a row, 0: NULL; no array: nothing is NULL but among DATUMS */
    union {
        const void *data;
        const struct datum *datums;
        const uint8_t *bools;
        const int32_t *i32;
        const int64_t *i64;
        const __int128 *i128;
        const float *f32;
        const double *f64;
        const struct str *bytes;
    };
};

/* The value of a row, of any form but PRESENCE; a numeric's bytes are in the arena, others borrow
 * what the column does. */
struct datum vector_get(const struct vector *c, size_t row, struct arena *arena);
/* The column without its first `rows` rows. */
struct vector vector_from(struct vector c, size_t rows);
/* One row of `ncolumns` datums, which the vectors borrow. */
void vectors_of_row(const struct datum *row, size_t ncolumns, struct vector *out);
/* How many of the first `count` values are not NULL. */
size_t vector_count_values(const struct vector *c, size_t count);

#endif
