/* Unaligned loads and stores with an explicit byte order, varints, and checked size arithmetic. */
#ifndef TARN_BASE_BYTES_H
#define TARN_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DEFINE_LE(bits)                                          \
    static inline uint##bits##_t load_le##bits(const void *p)    \
    {                                                            \
        uint##bits##_t v;                                        \
        memcpy(&v, p, sizeof(v));                                \
        return v;                                                \
    }                                                            \
    static inline void store_le##bits(void *p, uint##bits##_t v) \
    {                                                            \
        memcpy(p, &v, sizeof(v));                                \
    }
#define DEFINE_BE(bits)                                          \
    static inline uint##bits##_t load_be##bits(const void *p)    \
    {                                                            \
        uint##bits##_t v;                                        \
        memcpy(&v, p, sizeof(v));                                \
        return (uint##bits##_t)__builtin_bswap##bits(v);         \
    }                                                            \
    static inline void store_be##bits(void *p, uint##bits##_t v) \
    {                                                            \
        v = (uint##bits##_t)__builtin_bswap##bits(v);            \
        memcpy(p, &v, sizeof(v));                                \
    }

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Tarn runs on little-endian machines");
DEFINE_LE(16)
DEFINE_LE(32)
DEFINE_LE(64)
DEFINE_BE(16)
DEFINE_BE(32)
DEFINE_BE(64)
#undef DEFINE_LE
#undef DEFINE_BE

/* LEB128 as in Protocol Buffers and Parquet. Writes at most 10 bytes; returns how many. */
static inline size_t varint_put(uint8_t *p, uint64_t v)
{
    size_t n = 0;
    while (v >= 0x80) {
        p[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    p[n++] = (uint8_t)v;
    return n;
}

/* Reads a varint from [p, end). Returns the bytes consumed, 0 when truncated or longer than 64
 * bits. */
static inline size_t varint_get(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t n = 0; n < 10 && p + n < end; n++) {
        uint64_t bits = p[n] & 0x7f;
        if (n == 9 && bits > 1)
            return 0;
        v |= bits << (7 * n);
        if (!(p[n] & 0x80)) {
            *out = v;
            return n + 1;
        }
    }
    return 0;
}

static inline bool size_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool size_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

#endif
