/* bit, bit varying: see bits.h. */
#include "types/bits.h"

#include "base/bytes.h"
#include "types/key.h"
#include "types/types_internal.h"

struct err *bits_open(struct datum d, struct bits *out)
{
    if (d.len < 4)
        return err_new("XX001", "malformed bit string");
    *out = (struct bits){load_le32(d.p), d.p + 4};
    return ((uint64_t)out->n + 7) / 8 == d.len - 4 ? NULL
                                                   : err_new("XX001", "malformed bit string");
}

struct err *bits_new(uint64_t n, struct arena *arena, uint8_t **p, struct datum *out)
{
    size_t size = 4 + (size_t)(n + 7) / 8;
    if (n > INT32_MAX)
        return err_new("54000", "bit string length exceeds the maximum allowed (%d)", INT32_MAX);
    uint8_t *bytes = arena_try_alloc(arena, size);
    if (!bytes)
        return err_oom();
    memset(bytes, 0, size);
    store_le32(bytes, (uint32_t)n);
    *p = bytes + 4;
    *out = datum_bytes(bytes, size);
    return NULL;
}

void bits_copy(uint8_t *to, uint32_t at, const struct bits *from, uint32_t start, uint32_t n)
{
    if (at % 8 == 0 && start % 8 == 0) {
        memcpy(to + at / 8, from->p + start / 8, n / 8);
        at += n / 8 * 8;
        start += n / 8 * 8;
        n %= 8;
    }
    for (uint32_t i = 0; i < n; i++)
        if (bits_get(from, start + i))
            to[(at + i) / 8] |= (uint8_t)(0x80 >> ((at + i) % 8));
}

struct err *bits_apply_typmod(const struct type_ops *t, struct datum d, int32_t typmod,
                              bool explicit_cast, struct arena *arena, struct datum *out)
{
    struct bits b;
    uint8_t *p;
    TRY(bits_open(d, &b));
    uint32_t n = (uint32_t)typmod;
    bool fixed = t->oid == BIT_OID;
    *out = d;
    if (typmod <= 0 || (fixed ? b.n == n : b.n <= n))
        return NULL;
    if (!explicit_cast)
        return fixed ? err_new("22026", "bit string length %u does not match type bit(%u)", b.n, n)
                     : err_new("22001", "bit string too long for type bit varying(%u)", n);
    TRY(bits_new(n, arena, &p, out));
    bits_copy(p, 0, &b, 0, b.n < n ? b.n : n);
    return NULL;
}

static int hex_digit(char c)
{
    c = to_lower(c);
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct err *bad_digit(struct str at, bool hex)
{
    size_t len = 1; /* the whole character */
    while (len < at.len && ((unsigned char)at.data[len] & 0xc0) == 0x80)
        len++;
    return err_new("22P02",
                   hex ? "\"%.*s\" is not a valid hexadecimal digit"
                       : "\"%.*s\" is not a valid binary digit",
                   (int)len, at.data);
}

static struct err *bits_in(TYPE_IN_PARAMS)
{
    bool hex = text.len && to_lower(text.data[0]) == 'x';
    bool marked = hex || (text.len && to_lower(text.data[0]) == 'b');
    struct str s = str_make(text.data + marked, text.len - marked);
    uint8_t *p;
    struct datum d;
    TRY(bits_new((uint64_t)s.len * (hex ? 4 : 1), arena, &p, &d));
    for (size_t i = 0; i < s.len; i++) {
        int v = hex_digit(s.data[i]);
        if (v < 0 || (!hex && v > 1))
            return bad_digit(str_make(s.data + i, s.len - i), hex);
        if (hex)
            p[i / 2] |= (uint8_t)(v << (i % 2 ? 0 : 4));
        else if (v)
            p[i / 8] |= (uint8_t)(0x80 >> (i % 8));
    }
    return bits_apply_typmod(t, d, typmod, false, arena, out);
}

static struct err *bits_out(TYPE_OUT_PARAMS)
{
    struct bits b;
    TRY(bits_open(d, &b));
    for (uint32_t i = 0; i < b.n; i++)
        buf_put_u8(out, bits_get(&b, i) ? '1' : '0');
    return NULL;
}

static struct err *bits_recv(TYPE_RECV_PARAMS)
{
    uint8_t *p;
    struct datum d;
    int32_t n = bytes.len >= 4 ? (int32_t)load_be32(bytes.data) : -1;
    if (n < 0)
        return err_new("22P03", "invalid length in external bit string");
    if (((size_t)n + 7) / 8 != bytes.len - 4)
        return bad_length(t->name, bytes.len);
    TRY(bits_new((uint64_t)n, arena, &p, &d));
    memcpy(p, bytes.data + 4, bytes.len - 4);
    if (n % 8)
        p[n / 8] &= (uint8_t)(0xff << (8 - n % 8));
    return bits_apply_typmod(t, d, typmod, false, arena, out);
}

static struct err *bits_send(TYPE_OUT_PARAMS)
{
    struct bits b;
    TRY(bits_open(d, &b));
    buf_put_be32(out, b.n);
    buf_put(out, b.p, (b.n + 7) / 8);
    return NULL;
}

static int bits_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    if (a.len < 4 || b.len < 4)
        return bytes_compare(t, a, b);
    uint32_t common = a.len < b.len ? a.len : b.len;
    int c = memcmp(a.p + 4, b.p + 4, common - 4);
    uint32_t x = load_le32(a.p);
    uint32_t y = load_le32(b.p);
    return c ? c : (x > y) - (x < y);
}

static void bits_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_bytes(out, d.p + 4, d.len < 4 ? 0 : d.len - 4);
    buf_put_be32(out, d.len < 4 ? 0 : load_le32(d.p));
}

#define BIT_OPS(ident, type_oid, type_name) \
    const struct type_ops ident##_ops = {   \
        .oid = type_oid,                    \
        .name = type_name,                  \
        .len = -1,                          \
        .in = bits_in,                      \
        .out = bits_out,                    \
        .recv = bits_recv,                  \
        .send = bits_send,                  \
        .compare = bits_compare,            \
        .hash = bytes_hash,                 \
        .key = bits_key,                    \
    }
BIT_OPS(bit, BIT_OID, "bit");
BIT_OPS(varbit, VARBIT_OID, "bit varying");
