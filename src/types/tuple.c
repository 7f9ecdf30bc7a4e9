/* The stored form of a row: see tuple.h for the bytes. */
#include "types/tuple.h"

#include "base/bytes.h"
#include "base/check.h"

enum { TUPLE_HAS_NULLS = 1, TUPLE_HEADER_BYTES = 3 };

void tuple_encode(const int8_t *lens, int ncols, const struct datum *values, struct buf *out)
{
    ASSERT(ncols >= 0 && ncols <= UINT16_MAX);
    size_t bound = TUPLE_HEADER_BYTES + ((size_t)ncols + 7) / 8;
    bool nulls = false;
    for (int i = 0; i < ncols; i++) {
        nulls |= values[i].null;
        if (!values[i].null)
            bound += lens[i] < 0 ? 5 + (size_t)values[i].len : 8;
    }
    if (!buf_reserve(out, bound))
        return;
    uint8_t *p = out->data + out->len;
    store_le16(p, (uint16_t)ncols);
    p[2] = nulls ? TUPLE_HAS_NULLS : 0;
    p += TUPLE_HEADER_BYTES;
    uint8_t *bitmap = p;
    if (nulls) {
        memset(bitmap, 0, ((size_t)ncols + 7) / 8);
        p += (ncols + 7) / 8;
    }
    for (int i = 0; i < ncols; i++) {
        if (values[i].null) {
            bitmap[i / 8] = (uint8_t)(bitmap[i / 8] | 1 << (i % 8));
        } else if (lens[i] < 0) {
            p += varint_put(p, values[i].len);
            if (values[i].len)
                memcpy(p, values[i].p, values[i].len);
            p += values[i].len;
        } else {
            size_t len = lens[i] == TUPLE_U32 ? 4 : (size_t)lens[i];
            memcpy(p, &values[i].u, len); /* little-endian machine */
            p += len;
        }
    }
    out->len = (size_t)(p - out->data);
}

static struct err *malformed(void)
{
    return err_new("XX001", "malformed row");
}

/* One column's value; moves *p behind it. False when it does not fit before `end`. */
static inline bool read_column(const uint8_t **p, const uint8_t *end, int8_t len, struct datum *out)
{
    if (len < 0) {
        uint64_t n;
        size_t used;
        if (*p < end && **p < 0x80) {
            n = **p;
            used = 1;
        } else {
            used = varint_get(*p, end, &n);
        }
        if (!used || n > (size_t)(end - *p) - used)
            return false;
        *out = datum_bytes(*p + used, (size_t)n);
        *p += used + n;
        return true;
    }
    size_t size = len == TUPLE_U32 ? 4 : (size_t)len;
    if ((size_t)(end - *p) < size)
        return false;
    switch (len) {
    case 1:
        *out = datum_int((int8_t) * *p);
        break;
    case 2:
        *out = datum_int((int16_t)load_le16(*p));
        break;
    case 4:
        *out = datum_int((int32_t)load_le32(*p));
        break;
    case TUPLE_U32:
        *out = datum_int(load_le32(*p));
        break;
    default:
        *out = datum_int((int64_t)load_le64(*p));
        break;
    }
    *p += size;
    return true;
}

struct err *tuple_decode(struct str bytes, const int8_t *lens, int want,
                         const struct datum *missing, struct datum *values)
{
    if (bytes.len < TUPLE_HEADER_BYTES)
        return malformed();
    const uint8_t *p = (const uint8_t *)bytes.data;
    const uint8_t *end = p + bytes.len;
    int stored = load_le16(p);
    const uint8_t *bitmap = NULL;
    bool nulls = p[2] & TUPLE_HAS_NULLS;
    p += TUPLE_HEADER_BYTES;
    if (nulls) {
        bitmap = p;
        if (end - p < (stored + 7) / 8)
            return malformed();
        p += (stored + 7) / 8;
    }
    int n = want < stored ? want : stored;
    for (int i = 0; i < n; i++) {
        if (bitmap && bitmap[i / 8] >> (i % 8) & 1)
            values[i] = datum_null();
        else if (!read_column(&p, end, lens[i], &values[i]))
            return malformed();
    }
    for (int i = n; i < want; i++)
        values[i] = missing ? missing[i] : datum_null();
    return NULL;
}

/* ---- readers ---- */

struct tuple_reader *tuple_reader_new(const int8_t *lens, int want, const bool *used,
                                      const struct datum *missing, struct arena *arena)
{
    struct tuple_reader *r = arena_new(arena, struct tuple_reader);
    *r = (struct tuple_reader){.lens = lens, .missing = missing, .want = want};
    r->steps = arena_new_array(arena, struct tuple_step, want + 1);
    unsigned skip = 0;
    for (int i = 0; i < want; i++) {
        unsigned size = lens[i] < 0 ? 0 : lens[i] == TUPLE_U32 ? 4 : (unsigned)lens[i];
        if (!used[i] && size) {
            skip += size;
            continue;
        }
        ASSERT(skip <= UINT16_MAX); /* 1600 columns of 8 bytes */
        r->steps[r->nsteps++] = (struct tuple_step){
            .skip = (uint16_t)skip, .column = (int16_t)(used[i] ? i : -1), .len = lens[i]};
        skip = 0;
    }
    return r;
}

/* Moves *p behind a varint length and its bytes. */
static inline bool pass_bytes(const uint8_t **p, const uint8_t *end)
{
    uint64_t n = **p;
    size_t used = 1;
    if (n >= 0x80)
        used = varint_get(*p, end, &n);
    if (!used || n > (size_t)(end - *p) - used)
        return false;
    *p += used + n;
    return true;
}

struct err *tuple_read(const struct tuple_reader *r, struct str bytes, struct datum *values)
{
    const uint8_t *p = (const uint8_t *)bytes.data;
    const uint8_t *end = p + bytes.len;
    if (bytes.len < TUPLE_HEADER_BYTES || p[2] & TUPLE_HAS_NULLS || load_le16(p) < r->want)
        return tuple_decode(bytes, r->lens, r->want, r->missing, values);
    p += TUPLE_HEADER_BYTES;
    for (const struct tuple_step *s = r->steps, *last = s + r->nsteps; s < last; s++) {
        if (end - p <= s->skip)
            return malformed();
        p += s->skip;
        bool ok =
            s->column < 0 ? pass_bytes(&p, end) : read_column(&p, end, s->len, &values[s->column]);
        if (!ok)
            return malformed();
    }
    return NULL;
}
