/* From stored values to those of the vector: widening, units, big-endian decimals, half floats. */
#include "lake/parquet_leaf.h"

#include "base/bytes.h"

static const char out_of_range[] = "value is out of range";

size_t lake_phys_size(enum lake_phys phys)
{
    switch (phys) {
    case LAKE_PHYS_BOOL:
        return 1;
    case LAKE_PHYS_I32:
    case LAKE_PHYS_F32:
        return 4;
    case LAKE_PHYS_I64:
    case LAKE_PHYS_F64:
        return 8;
    case LAKE_PHYS_I128:
        return 16;
    case LAKE_PHYS_BYTES:
        return sizeof(struct str);
    case LAKE_PHYS_LIST:
    case LAKE_PHYS_STRUCT:
    case LAKE_PHYS_VOID:
        break;
    }
    return 0;
}

/* Twelve bytes: nanoseconds of the day, Julian day number. Fractions of a microsecond are cut
 * towards the past. The arithmetic wraps: Spark's does when writing timestamps near the ends of the
 * range of 64-bit microseconds, and wrapping back gives the instant that was meant. */
static void int96_micros(const uint8_t *raw, int64_t *out, size_t n)
{
    enum { EPOCH_JULIAN_DAY = 2440588 };
    for (size_t i = 0; i < n; i++, raw += 12) {
        int64_t nanos = (int64_t)load_le64(raw);
        int64_t day = (int64_t)(int32_t)load_le32(raw + 8) - EPOCH_JULIAN_DAY;
        int64_t micros = nanos / 1000 - (nanos % 1000 < 0);
        out[i] = (int64_t)((uint64_t)day * UINT64_C(86400000000) + (uint64_t)micros);
    }
}

/* Two's complement, big-endian, of any length that the value fits. */
static bool decimal_bytes(struct str s, __int128 *out)
{
    const uint8_t *p = (const uint8_t *)s.data;
    __int128 v = s.len && p[0] & 0x80 ? -1 : 0;
    uint8_t fill = v ? 0xff : 0;
    while (s.len > 16) {
        if (*p != fill)
            return false;
        p++, s.len--;
    }
    if (s.len == 16 && ((p[0] ^ fill) & 0x80))
        return false;
    for (size_t i = 0; i < s.len; i++)
        v = (__int128)((unsigned __int128)v << 8 | p[i]);
    *out = v;
    return true;
}

/* The same for at most eight bytes, which any value fits. */
static inline int64_t short_decimal(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.data;
    uint64_t v = s.len && p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

static const char *bytes_to_i64(const struct str *raw, int64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        __int128 v;
        if (raw[i].len <= 8) {
            out[i] = short_decimal(raw[i]);
            continue;
        }
        if (!decimal_bytes(raw[i], &v) || v < INT64_MIN || v > INT64_MAX)
            return out_of_range;
        out[i] = (int64_t)v;
    }
    return NULL;
}

static const char *bytes_to_i128(const struct str *raw, __int128 *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t high = raw[i].len > 8 && raw[i].len <= 16 ? raw[i].len - 8 : 0;
        if (high) {
            struct str first = str_make(raw[i].data, high);
            uint64_t low = load_be64(raw[i].data + high);
            out[i] = (__int128)((unsigned __int128)short_decimal(first) << 64 | low);
        } else if (!decimal_bytes(raw[i], &out[i])) {
            return out_of_range;
        }
    }
    return NULL;
}

static float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    uint32_t bits;
    if (exponent == 31) {
        bits = sign | 0x7f800000 | fraction << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    } else {
        /* Subnormal halves are normal floats: the fraction counts units of 2^-24. */
        float f = (float)fraction * 0x1p-24f;
        memcpy(&bits, &f, sizeof(bits));
        bits |= sign;
    }
    float out;
    memcpy(&out, &bits, sizeof(out));
    return out;
}

static const char *millis_to_micros(const int64_t *raw, int64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (__builtin_mul_overflow(raw[i], 1000, &out[i]))
            return out_of_range;
    }
    return NULL;
}

#define WIDEN(from, to, factor)           \
    do {                                  \
        const from *r_ = raw;             \
        to *o_ = out;                     \
        for (size_t i = 0; i < n; i++)    \
            o_[i] = (to)r_[i] * (factor); \
    } while (0)

const char *pq_convert_values(const struct pq_leaf_info *info, const void *raw, void *out, size_t n)
{
    switch (info->convert) {
    case PQ_AS_IS:
        break;
    case PQ_I32_TO_I64:
        WIDEN(int32_t, int64_t, 1);
        return NULL;
    case PQ_U32_TO_I64:
        WIDEN(uint32_t, int64_t, 1);
        return NULL;
    case PQ_I32_TO_I128:
        WIDEN(int32_t, __int128, 1);
        return NULL;
    case PQ_I32_MILLIS:
        WIDEN(int32_t, int64_t, 1000);
        return NULL;
    case PQ_I64_MILLIS:
        return millis_to_micros(raw, out, n);
    case PQ_I64_TO_I128:
        WIDEN(int64_t, __int128, 1);
        return NULL;
    case PQ_U64_TO_I128:
        WIDEN(uint64_t, __int128, 1);
        return NULL;
    case PQ_I96_TO_MICROS:
        int96_micros(raw, out, n);
        return NULL;
    case PQ_BYTES_TO_I64:
        return bytes_to_i64(raw, out, n);
    case PQ_BYTES_TO_I128:
        return bytes_to_i128(raw, out, n);
    case PQ_HALF_TO_F32:
        for (size_t i = 0; i < n; i++)
            ((float *)out)[i] = half_to_float(load_le16(((const struct str *)raw)[i].data));
        return NULL;
    }
    UNREACHABLE();
}
