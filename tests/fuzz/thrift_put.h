/* Writes the Thrift compact protocol: what the targets need of it. */
#ifndef TARN_FUZZ_THRIFT_PUT_H
#define TARN_FUZZ_THRIFT_PUT_H

#include "base/buf.h"

static inline void put_varint(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        uint8_t b = (uint8_t)(v | 0x80);
        buf_put(out, &b, 1);
    }
    uint8_t b = (uint8_t)v;
    buf_put(out, &b, 1);
}

static inline void put_zigzag(struct buf *out, int64_t v)
{
    put_varint(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

/* A field whose id is `delta` more than that of the one before. */
static inline void put_field(struct buf *out, int delta, int type)
{
    uint8_t b = (uint8_t)(delta << 4 | type);
    buf_put(out, &b, 1);
}

static inline void put_i32_field(struct buf *out, int delta, int64_t v)
{
    put_field(out, delta, 5);
    put_zigzag(out, v);
}

#endif
