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

/* ---- reading ---- */

enum key_form { FORM_NONE, FORM_SIGNED, FORM_UNSIGNED, FORM_BYTES, FORM_UUID };

static enum key_form form_of(const struct type_ops *t)
{
    if (t->collation)
        return FORM_NONE;
    switch (t->oid) {
    case INT2_OID:
    case INT4_OID:
    case INT8_OID:
    case DATE_OID:
    case TIME_OID:
    case TIMESTAMP_OID:
    case TIMESTAMPTZ_OID:
        return FORM_SIGNED;
    case BOOL_OID:
    case OID_OID:
        return FORM_UNSIGNED;
    case TEXT_OID:
    case VARCHAR_OID:
    case NAME_OID:
    case BYTEA_OID:
        return FORM_BYTES;
    case UUID_OID:
        return FORM_UUID;
    default:
        return FORM_NONE;
    }
}

bool key_is_exact(const struct type_ops *t)
{
    return t && form_of(t) != FORM_NONE;
}

static uint64_t read_number(const uint8_t *p, int len, uint8_t flip)
{
    uint64_t v = 0;
    for (int i = 0; i < len; i++)
        v = v << 8 | (uint8_t)(p[i] ^ flip);
    return v;
}

static struct datum signed_number(uint64_t v, int len)
{
    int shift = 64 - 8 * len;
    return datum_int((int64_t)((v ^ (uint64_t)1 << (8 * len - 1)) << shift) >> shift);
}

static struct datum fixed_bytes(const uint8_t *p, size_t len, uint8_t flip, struct arena *arena)
{
    if (!flip)
        return datum_bytes(p, len);
    uint8_t *copy = arena_alloc(arena, len);
    for (size_t i = 0; i < len; i++)
        copy[i] = p[i] ^ flip;
    return datum_bytes(copy, len);
}

/* The escaped, terminated form. */
static bool read_bytes(const uint8_t **p, const uint8_t *end, uint8_t flip, struct arena *arena,
                       struct datum *out)
{
    const uint8_t *from = *p;
    const uint8_t *at = from;
    size_t escapes = 0;
    for (;;) {
        at = memchr(at, flip, (size_t)(end - at)); /* a zero byte */
        if (!at || end - at < 2)
            return false;
        uint8_t next = at[1] ^ flip;
        if (next == 0x01)
            break;
        if (next != 0xff)
            return false;
        escapes++;
        at += 2;
    }
    *p = at + 2;
    if (!flip && !escapes) {
        *out = datum_bytes(from, (size_t)(at - from));
        return true;
    }
    size_t len = (size_t)(at - from) - escapes;
    uint8_t *copy = arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++, from++) {
        copy[i] = *from ^ flip;
        from += !copy[i]; /* what escapes it */
    }
    *out = datum_bytes(copy, len);
    return true;
}

bool key_get(const uint8_t **p, const uint8_t *end, const struct type_ops *t, bool desc,
             struct arena *arena, struct datum *out)
{
    uint8_t flip = desc ? 0xff : 0;
    enum key_form form = form_of(t);
    if (*p == end)
        return false;
    uint8_t tag = *(*p)++;
    if (tag == TAG_NULL_FIRST || tag == TAG_NULL_LAST) {
        *out = datum_null();
        return true;
    }
    if (tag != TAG_VALUE)
        return false;
    if (form == FORM_BYTES)
        return read_bytes(p, end, flip, arena, out);
    int len = form == FORM_UUID ? 16 : t->len;
    if (form == FORM_NONE || end - *p < len)
        return false;
    if (form == FORM_UUID)
        *out = fixed_bytes(*p, (size_t)len, flip, arena);
    else if (form == FORM_SIGNED)
        *out = signed_number(read_number(*p, len, flip), len);
    else
        *out = datum_int((int64_t)read_number(*p, len, flip));
    *p += len;
    return true;
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
