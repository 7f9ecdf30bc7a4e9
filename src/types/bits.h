/* Bit strings: u32 LE number of bits, then the bits from the highest of the first byte on, the last
 * byte filled up with zeros. */
#ifndef TARN_TYPES_BITS_H
#define TARN_TYPES_BITS_H

#include "types/datum.h"
#include "types/type.h"

enum { BITS_MAX = 83886080 };

struct bits {
    uint32_t n; /* bits */
    const uint8_t *p;
};

struct err *bits_open(struct datum d, struct bits *out) MUST_CHECK;
/* n zero bits; *p: their bytes, to be filled. 54000. */
struct err *bits_new(uint64_t n, struct arena *arena, uint8_t **p, struct datum *out) MUST_CHECK;
static inline bool bits_get(const struct bits *b, uint32_t i)
{
    return b->p[i / 8] >> (7 - i % 8) & 1;
}
/* n bits of `from`, from its bit `start` on, to bit `at` of bytes that are zero there. */
void bits_copy(uint8_t *to, uint32_t at, const struct bits *from, uint32_t start, uint32_t n);
/* bit(n), bit varying(n). 22026, 22001. */
struct err *bits_apply_typmod(const struct type_ops *t, struct datum d, int32_t typmod,
                              bool explicit_cast, struct arena *arena,
                              struct datum *out) MUST_CHECK;

#endif
