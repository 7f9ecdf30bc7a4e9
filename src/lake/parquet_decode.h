/* Decoders of Parquet's encodings over one page's bytes: the hybrid of run lengths and bit packing
 * (levels, dictionary indexes, booleans) and the delta family. Each is a cursor that hands out
 * values in portions. Failures are reasons as C strings, NULL is success.
 *
 * Page bytes are followed by PQ_PADDING readable bytes, so that eight-byte loads at the last values
 * need no care. */
#ifndef TARN_LAKE_PARQUET_DECODE_H
#define TARN_LAKE_PARQUET_DECODE_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PQ_PADDING = 16 };

struct pq_rle {
    const uint8_t *p;
    const uint8_t *end;
    uint32_t width; /* bits a value, 0..32 */
    uint32_t run_left;
    uint32_t run_value;
    uint32_t packed_left; /* values of the current bit-packed section */
    uint32_t packed_bit;  /* position of the next one, from `p` */
    bool msb_first; /* the deprecated BIT_PACKED encoding of levels: no runs, high bits first */
};

void pq_rle_init(struct pq_rle *r, const uint8_t *p, size_t len, uint32_t width);
/* BIT_PACKED levels: `count` values from `p`. */
void pq_rle_init_msb(struct pq_rle *r, const uint8_t *p, size_t len, uint32_t width,
                     uint32_t count);
const char *pq_rle_u8(struct pq_rle *r, uint8_t *out, size_t n) MUST_CHECK; /* width <= 8 */
const char *pq_rle_u32(struct pq_rle *r, uint32_t *out, size_t n) MUST_CHECK;

/* DELTA_BINARY_PACKED. */
struct pq_delta {
    const uint8_t *p; /* the next block header, or data of the current miniblock */
    const uint8_t *end;
    const uint8_t *widths;    /* of the current block's miniblocks */
    const uint8_t *next_mini; /* where the next miniblock begins */
    uint32_t minis_per_block;
    uint32_t values_per_mini;
    uint32_t mini;      /* index of the next miniblock in the block */
    uint32_t mini_left; /* values left in the current miniblock */
    uint32_t mini_bit;
    uint32_t width;
    uint64_t left; /* values not yet handed out */
    uint64_t total;
    uint64_t last;
    uint64_t min_delta;
    bool first;
};

const char *pq_delta_init(struct pq_delta *d, const uint8_t *p, size_t len) MUST_CHECK;
/* The values modulo 2^64; of 32-bit columns the low half counts. */
const char *pq_delta_get(struct pq_delta *d, int64_t *out, size_t n) MUST_CHECK;
/* Where the encoded values end, without decoding them; `d` is fresh from init. */
const char *pq_delta_end(const struct pq_delta *d, const uint8_t **out) MUST_CHECK;

#endif
