/* The stored form of a row.
 *
 *   u16 LE   number of columns n (may be less than the relation has: the rest read as `missing`)
 *   u8       flags; bit 0: a NULL bitmap follows
 *   [(n+7)/8 bytes: bit i set when column i is NULL]
 *   columns in order, NULLs left out: by-value ones as `len` little-endian bytes, others as a
 * varint length and the bytes
 */
#ifndef TARN_TYPES_TUPLE_H
#define TARN_TYPES_TUPLE_H

#include "base/buf.h"
#include "base/err.h"
#include "types/datum.h"

#include <stdint.h>

/* Appends the row. lens[i]: 1, 2, 4, 8 for by-value columns, else -1. */
void tuple_encode(const int8_t *lens, int ncols, const struct datum *values, struct buf *out);

/* Decodes the first `want` columns into values; those beyond the stored number get missing[i] (or
 * NULL when `missing` is NULL). By-reference datums borrow from `bytes`. XX001 on a malformed row;
 * never reads outside `bytes`. int8 lens as above; sign extension: columns are stored
 * sign-extended, except that lens[i] = TUPLE_U32 marks 4 unsigned bytes (oid and relatives). */
#define TUPLE_U32 5

/* How to read some columns of a kind of rows, worked out once. */
struct tuple_step {
    uint16_t skip;  /* bytes of columns of fixed length to pass over first */
    int16_t column; /* -1: one of variable length that is passed over */
    int8_t len;     /* as in lens */
};
struct tuple_reader {
    const int8_t *lens;
    const struct datum *missing;
    int want;
    int nsteps;
    struct tuple_step *steps;
};

struct err *tuple_decode(struct str bytes, const int8_t *lens, int want,
                         const struct datum *missing, struct datum *values) MUST_CHECK;

/* A reader of the first `want` columns for which used[i] holds, in the arena. It borrows lens and
 * missing. */
struct tuple_reader *tuple_reader_new(const int8_t *lens, int want, const bool *used,
                                      const struct datum *missing, struct arena *arena);
/* As tuple_decode; columns that are not used may be left as they were. */
struct err *tuple_read(const struct tuple_reader *r, struct str bytes,
                       struct datum *values) MUST_CHECK;

#endif
