#include "lake/parquet_decode.h"

#include "base/bytes.h"

#include <string.h>

enum {
    MAX_DELTA_BLOCK = 1 << 20, /* values; writers use 128 to some thousands */
    MAX_UNPACK = 1 << 16       /* values at once, so that bit positions stay small */
};

static const char too_short[] = "page ends before its values";

void pq_rle_init(struct pq_rle *r, const uint8_t *p, size_t len, uint32_t width)
{
    *r = (struct pq_rle){.p = p, .end = p + len, .width = width};
}

void pq_rle_init_msb(struct pq_rle *r, const uint8_t *p, size_t len, uint32_t width, uint32_t count)
{
    *r = (struct pq_rle){.p = p, .end = p + len, .width = width, .msb_first = true};
    r->packed_left = count;
}

/* Reads the head of the next run or packed section. */
static const char *rle_section(struct pq_rle *r)
{
    uint64_t head;
    r->p += (r->packed_bit + 7) / 8;
    r->packed_bit = 0;
    size_t n = r->msb_first ? 0 : varint_get(r->p, r->end, &head);
    if (!n)
        return too_short;
    r->p += n;
    size_t left = (size_t)(r->end - r->p);
    if (!(head & 1)) {
        size_t bytes = (r->width + 7) / 8;
        if (head >> 1 > UINT32_MAX || bytes > left)
            return "malformed run in page";
        r->run_value = 0;
        memcpy(&r->run_value, r->p, bytes);
        if (r->width < 32 && r->run_value >> r->width)
            return "run value exceeds its width";
        r->run_left = (uint32_t)(head >> 1);
        r->p += bytes;
        return NULL;
    }
    uint64_t count = (head >> 1) * 8;
    if (head >> 1 > UINT32_MAX / 64)
        return "malformed packed section in page";
    /* The last section of a page may be cut off behind its last value. */
    if (r->width && count > left * 8 / r->width)
        count = left * 8 / r->width;
    if (r->width && !count)
        return too_short;
    r->packed_left = (uint32_t)count;
    return NULL;
}

static inline uint32_t unpack_msb(const struct pq_rle *r, uint32_t bit)
{
    uint32_t v = 0;
    for (uint32_t i = 0; i < r->width; i++, bit++)
        v = v << 1 | (r->p[bit / 8] >> (7 - bit % 8) & 1);
    return v;
}

/* One body for both output widths. */
#define DEFINE_RLE_GET(name, type)                                            \
    static void unpack_##type(struct pq_rle *r, type *out, size_t n)          \
    {                                                                         \
        uint32_t width = r->width, bit = r->packed_bit;                       \
        uint64_t mask = width ? ~0ull >> (64 - width) : 0;                    \
        const uint8_t *p = r->p;                                              \
        for (size_t i = 0; i < n; i++, bit += width)                          \
            out[i] = (type)(load_le64(p + bit / 8) >> (bit % 8) & mask);      \
        r->p += bit / 8;                                                      \
        r->packed_bit = bit % 8;                                              \
    }                                                                         \
    const char *name(struct pq_rle *r, type *out, size_t n)                   \
    {                                                                         \
        if (!r->width) {                                                      \
            memset(out, 0, n * sizeof(*out));                                 \
            return NULL;                                                      \
        }                                                                     \
        while (n) {                                                           \
            size_t k;                                                         \
            if (r->run_left) {                                                \
                k = r->run_left < n ? r->run_left : n;                        \
                for (size_t i = 0; i < k; i++)                                \
                    out[i] = (type)r->run_value;                              \
                r->run_left -= (uint32_t)k;                                   \
            } else if (r->packed_left) {                                      \
                k = r->packed_left < n ? r->packed_left : n;                  \
                if (k > MAX_UNPACK)                                           \
                    k = MAX_UNPACK;                                           \
                if (r->msb_first) {                                           \
                    for (size_t i = 0; i < k; i++, r->packed_bit += r->width) \
                        out[i] = (type)unpack_msb(r, r->packed_bit);          \
                } else {                                                      \
                    unpack_##type(r, out, k);                                 \
                }                                                             \
                r->packed_left -= (uint32_t)k;                                \
            } else {                                                          \
                const char *bad = rle_section(r);                             \
                if (bad)                                                      \
                    return bad;                                               \
                continue;                                                     \
            }                                                                 \
            out += k;                                                         \
            n -= k;                                                           \
        }                                                                     \
        return NULL;                                                          \
    }
DEFINE_RLE_GET(pq_rle_u8, uint8_t)
DEFINE_RLE_GET(pq_rle_u32, uint32_t)
#undef DEFINE_RLE_GET

static bool take_varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
    size_t n = varint_get(*p, end, out);
    *p += n;
    return n != 0;
}

static uint64_t unzigzag(uint64_t v)
{
    return v >> 1 ^ -(v & 1);
}

const char *pq_delta_init(struct pq_delta *d, const uint8_t *p, size_t len)
{
    uint64_t block, minis, total, first;
    const uint8_t *end = p + len;
    if (!take_varint(&p, end, &block) || !take_varint(&p, end, &minis) ||
        !take_varint(&p, end, &total) || !take_varint(&p, end, &first))
        return "page ends inside a delta header";
    if (!block || block > MAX_DELTA_BLOCK || block % 128 || !minis || minis > block ||
        block % minis || block / minis % 8)
        return "malformed delta header";
    *d = (struct pq_delta){.p = p,
                           .end = end,
                           .next_mini = p,
                           .minis_per_block = (uint32_t)minis,
                           .values_per_mini = (uint32_t)(block / minis),
                           .mini = (uint32_t)minis,
                           .left = total,
                           .total = total,
                           .last = unzigzag(first),
                           .first = true};
    return NULL;
}

static const char *delta_block(struct pq_delta *d)
{
    uint64_t min;
    d->p = d->next_mini;
    if (!take_varint(&d->p, d->end, &min) || (size_t)(d->end - d->p) < d->minis_per_block)
        return too_short;
    d->min_delta = unzigzag(min);
    d->widths = d->p;
    d->next_mini = d->p + d->minis_per_block;
    d->mini = 0;
    return NULL;
}

/* Moves on to the next miniblock, of which `wanted` values count: the last one of a page may be
 * cut off behind them. */
static const char *delta_mini(struct pq_delta *d, uint64_t wanted)
{
    if (d->mini == d->minis_per_block) {
        const char *bad = delta_block(d);
        if (bad)
            return bad;
    }
    d->width = d->widths[d->mini++];
    if (d->width > 64)
        return "delta width exceeds 64 bits";
    size_t left = (size_t)(d->end - d->next_mini);
    size_t bytes = (size_t)d->values_per_mini / 8 * d->width;
    if (wanted > d->values_per_mini)
        wanted = d->values_per_mini;
    if ((wanted * d->width + 7) / 8 > left)
        return too_short;
    d->p = d->next_mini;
    d->next_mini += bytes < left ? bytes : left;
    d->mini_left = d->values_per_mini;
    d->mini_bit = 0;
    return NULL;
}

static inline uint64_t delta_bits(const uint8_t *p, uint32_t bit, uint32_t width, uint64_t mask)
{
    uint64_t v = load_le64(p + bit / 8) >> (bit % 8);
    if (width + bit % 8 > 64)
        v |= (uint64_t)p[bit / 8 + 8] << (64 - bit % 8);
    return v & mask;
}

const char *pq_delta_get(struct pq_delta *d, int64_t *out, size_t n)
{
    if (n > d->left)
        return "page has fewer delta values than it should";
    if (n && d->first) {
        d->first = false;
        d->left--;
        n--;
        *out++ = (int64_t)d->last;
    }
    while (n) {
        if (!d->mini_left) {
            const char *bad = delta_mini(d, d->left);
            if (bad)
                return bad;
        }
        size_t k = d->mini_left < n ? d->mini_left : n;
        uint64_t mask = d->width ? ~0ull >> (64 - d->width) : 0, last = d->last;
        uint32_t bit = d->mini_bit;
        for (size_t i = 0; i < k; i++, bit += d->width) {
            last += d->min_delta + delta_bits(d->p, bit, d->width, mask);
            out[i] = (int64_t)last;
        }
        d->last = last;
        d->mini_bit = bit;
        d->mini_left -= (uint32_t)k;
        d->left -= k;
        out += k;
        n -= k;
    }
    return NULL;
}

const char *pq_delta_end(const struct pq_delta *d, const uint8_t **out)
{
    struct pq_delta w = *d;
    uint64_t left = w.total ? w.total - 1 : 0;
    while (left) {
        const char *bad = delta_mini(&w, left);
        if (bad)
            return bad;
        left -= left < w.values_per_mini ? left : w.values_per_mini;
    }
    *out = w.next_mini;
    return NULL;
}
