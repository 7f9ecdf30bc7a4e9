/* The hash functions of PostgreSQL's hash operator classes, with its values, which applications use
 * to make keys of advisory locks and to spread rows. The mixing is Bob Jenkins' lookup3 (2006,
 * public domain), of little-endian words. */
#include "base/bytes.h"
#include "exec/functions/fn_internal.h"

struct lanes {
    uint32_t a, b, c;
};

static uint32_t rotate(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static void mix(struct lanes *l)
{
    static const int by[] = {4, 6, 8, 16, 19, 4};
    uint32_t v[3] = {l->a, l->b, l->c};
    for (int i = 0; i < 6; i++) {
        uint32_t *x = &v[i % 3];
        uint32_t *y = &v[(i + 1) % 3];
        uint32_t *z = &v[(i + 2) % 3];
        *x = (*x - *z) ^ rotate(*z, by[i]);
        *z += *y;
    }
    *l = (struct lanes){v[0], v[1], v[2]};
}

static void finish(struct lanes *l)
{
    static const int by[] = {14, 11, 25, 16, 4, 14, 24};
    uint32_t v[3] = {l->a, l->b, l->c};
    for (int i = 0; i < 7; i++) {
        uint32_t *x = &v[(i + 2) % 3];
        uint32_t y = v[(i + 1) % 3];
        *x = (*x ^ y) - rotate(y, by[i]);
    }
    *l = (struct lanes){v[0], v[1], v[2]};
}

static struct lanes begin(size_t len, uint64_t seed)
{
    uint32_t start = 0x9e3779b9u + (uint32_t)len + 3923095u;
    struct lanes l = {start, start, start};
    if (seed) {
        l.a += (uint32_t)(seed >> 32);
        l.b += (uint32_t)seed;
        mix(&l);
    }
    return l;
}

/* The lowest byte of the third lane is the length's. */
static struct lanes hash(struct str s, uint64_t seed)
{
    struct lanes l = begin(s.len, seed);
    const uint8_t *p = (const uint8_t *)s.data;
    size_t left = s.len;
    for (; left >= 12; p += 12, left -= 12) {
        l.a += load_le32(p);
        l.b += load_le32(p + 4);
        l.c += load_le32(p + 8);
        mix(&l);
    }
    for (size_t i = 0; i < left; i++) {
        uint32_t *lane = i < 4 ? &l.a : i < 8 ? &l.b : &l.c;
        *lane += (uint32_t)p[i] << (i < 8 ? i % 4 * 8 : (i - 7) * 8);
    }
    finish(&l);
    return l;
}

static struct lanes hash_word(uint32_t v, uint64_t seed)
{
    struct lanes l = begin(4, seed);
    l.a += v;
    finish(&l);
    return l;
}

static struct err *give(struct lanes l, struct datum *out)
{
    *out = datum_int((int32_t)l.c);
    return NULL;
}

static struct err *give_long(struct lanes l, struct datum *out)
{
    *out = datum_int((int64_t)((uint64_t)l.b << 32 | l.c));
    return NULL;
}

/* So that equal numbers of different widths hash alike. */
static uint32_t fold(int64_t v)
{
    uint32_t high = (uint32_t)((uint64_t)v >> 32);
    return (uint32_t)v ^ (v >= 0 ? high : ~high);
}

static struct str without_padding(struct str s)
{
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

FN(hashtext)
{
    return give(hash(ARG_STR(0), 0), out);
}

FN(hashtextextended)
{
    return give_long(hash(ARG_STR(0), (uint64_t)ARG_I(1)), out);
}

FN(hashbpchar)
{
    return give(hash(without_padding(ARG_STR(0)), 0), out);
}

FN(hashbpcharextended)
{
    return give_long(hash(without_padding(ARG_STR(0)), (uint64_t)ARG_I(1)), out);
}

FN(hashint4)
{
    return give(hash_word((uint32_t)ARG_I(0), 0), out);
}

FN(hashint4extended)
{
    return give_long(hash_word((uint32_t)ARG_I(0), (uint64_t)ARG_I(1)), out);
}

FN(hashint8)
{
    return give(hash_word(fold(ARG_I(0)), 0), out);
}

FN(hashint8extended)
{
    return give_long(hash_word(fold(ARG_I(0)), (uint64_t)ARG_I(1)), out);
}

const struct fn_entry fn_hash_table[] = {
    ENTRY(hashtext),
    ENTRY(hashtextextended),
    {"hashvarlena", f_hashtext},
    {"hashvarlenaextended", f_hashtextextended},
    {"hashname", f_hashtext},
    {"hashnameextended", f_hashtextextended},
    {"uuid_hash", f_hashtext},
    {"uuid_hash_extended", f_hashtextextended},
    ENTRY(hashbpchar),
    ENTRY(hashbpcharextended),
    ENTRY(hashint4),
    ENTRY(hashint4extended),
    {"hashint2", f_hashint4},
    {"hashint2extended", f_hashint4extended},
    {"hashoid", f_hashint4},
    {"hashoidextended", f_hashint4extended},
    {"hashchar", f_hashint4},
    {"hashcharextended", f_hashint4extended},
    {"hashenum", f_hashint4},
    {"hashenumextended", f_hashint4extended},
    ENTRY(hashint8),
    ENTRY(hashint8extended),
    {"time_hash", f_hashint8},
    {"time_hash_extended", f_hashint8extended},
    {"timestamp_hash", f_hashint8},
    {"timestamp_hash_extended", f_hashint8extended},
};
TABLE_END(fn_hash);
