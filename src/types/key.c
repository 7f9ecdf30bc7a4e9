/* Memcomparable keys: see key.h. */
#include "types/key.h"

#include "base/check.h"

enum { TAG_NULL_FIRST = 1, TAG_VALUE = 2, TAG_NULL_LAST = 3 };

void key_put(struct buf *b, const struct type_ops *t, struct datum d, bool desc, bool nulls_first)
{
    if (d.null) {
        buf_put_u8(b, nulls_first ? TAG_NULL_FIRST : TAG_NULL_LAST);
        return;
    }
    buf_put_u8(b, TAG_VALUE);
    size_t from = b->len;
    t->key(t, d, b);
    if (desc && !b->failed)
        for (size_t i = from; i < b->len; i++)
            b->data[i] = (uint8_t)~b->data[i];
}

void key_put_bytes(struct buf *b, const void *p, size_t len)
{
    const uint8_t *s = p;
    const uint8_t *end = s + len;
    while (s < end) {
        const uint8_t *zero = memchr(s, 0, (size_t)(end - s));
        if (!zero)
            break;
        buf_put(b, s, (size_t)(zero - s));
        buf_put(b, "\x00\xff", 2);
        s = zero + 1;
    }
    buf_put(b, s, (size_t)(end - s));
    buf_put(b, "\x00\x01", 2);
}

void key_put_int64(struct buf *b, int64_t v)
{
    buf_put_be64(b, (uint64_t)v ^ (uint64_t)1 << 63);
}

void key_put_int32(struct buf *b, int32_t v)
{
    buf_put_be32(b, (uint32_t)v ^ (uint32_t)1 << 31);
}

void key_put_int16(struct buf *b, int16_t v)
{
    buf_put_be16(b, (uint16_t)((uint16_t)v ^ 0x8000));
}

void key_put_double(struct buf *b, double v)
{
    uint64_t bits;
    if (v != v) {
        bits = UINT64_MAX;
    } else {
        if (v == 0)
            v = 0; /* not -0 */
        memcpy(&bits, &v, sizeof(bits));
        bits = bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
    }
    buf_put_be64(b, bits);
}

bool key_successor(struct buf *b, size_t from)
{
    if (b->failed)
        return false;
    ASSERT(from <= b->len);
    while (b->len > from && b->data[b->len - 1] == 0xff)
        b->len--;
    if (b->len == from)
        return false;
    b->data[b->len - 1]++;
    return true;
}
