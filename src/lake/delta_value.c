/* Partition values: text of the log -> a vector of equal values. The empty text is NULL for every
 * type (by the protocol); text that is not of its type is damage, never another value. */
#include "lake/delta_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

union scalar {
    uint8_t b;
    int32_t i32;
    int64_t i64;
    __int128 i128;
    float f32;
    double f64;
    struct str s;
};

void *lake_batch_alloc(struct arena *arena, size_t size)
{
    char *p = arena_try_alloc(arena, size + 16);
    return p ? p + (-(uintptr_t)p & 15) : NULL;
}

/* A cursor over the text of a date or time. */
struct cursor {
    const char *p, *end;
};

static bool take_char(struct cursor *c, char ch)
{
    if (c->p == c->end || *c->p != ch)
        return false;
    c->p++;
    return true;
}

/* `min` to `max` digits. */
static bool take_int(struct cursor *c, int min, int max, int64_t *out)
{
    int n = 0;
    int64_t v = 0;
    for (; n < max && c->p < c->end && *c->p >= '0' && *c->p <= '9'; n++)
        v = v * 10 + (*c->p++ - '0');
    *out = v;
    return n >= min;
}

static bool is_leap(int64_t y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static int64_t civil_to_days(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static bool take_date(struct cursor *c, int64_t *out_days)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t y, m, d;
    bool negative = take_char(c, '-');
    if (!negative)
        take_char(c, '+');
    if (!take_int(c, 4, 6, &y) || !take_char(c, '-') || !take_int(c, 1, 2, &m) ||
        !take_char(c, '-') || !take_int(c, 1, 2, &d))
        return false;
    if (negative)
        y = -y;
    if (m < 1 || m > 12 || d < 1 || d > lengths[m - 1] + (m == 2 && is_leap(y)))
        return false;
    *out_days = civil_to_days(y, m, d);
    return true;
}

/* "Z", "+02:00" or nothing, which is UTC. */
static bool take_zone(struct cursor *c, int64_t *out_seconds)
{
    int64_t h, m = 0;
    *out_seconds = 0;
    if (c->p == c->end || take_char(c, 'Z'))
        return true;
    bool minus = take_char(c, '-');
    if (!minus && !take_char(c, '+'))
        return false;
    if (!take_int(c, 2, 2, &h))
        return false;
    take_char(c, ':');
    if (c->p < c->end && !take_int(c, 2, 2, &m))
        return false;
    if (h > 18 || m > 59)
        return false;
    *out_seconds = (h * 3600 + m * 60) * (minus ? -1 : 1);
    return true;
}

/* "2026-01-31 23:59:59.123456" or with T, fraction and zone optional. Digits beyond microseconds
 * are cut. */
static bool parse_timestamp(struct str text, bool zoned, int64_t *out)
{
    struct cursor c = {text.data, text.data + text.len};
    int64_t days, h = 0, m = 0, s = 0, micros = 0, zone = 0;
    if (!take_date(&c, &days))
        return false;
    if (take_char(&c, ' ') || take_char(&c, 'T')) {
        if (!take_int(&c, 1, 2, &h) || !take_char(&c, ':') || !take_int(&c, 2, 2, &m))
            return false;
        if (take_char(&c, ':') && !take_int(&c, 2, 2, &s))
            return false;
        if (take_char(&c, '.')) {
            int64_t digit, scale = 100000;
            while (take_int(&c, 1, 1, &digit)) {
                micros += digit * scale;
                scale /= 10;
            }
        }
        if (zoned && !take_zone(&c, &zone))
            return false;
    }
    if (c.p != c.end || h > 23 || m > 59 || s > 59)
        return false;
    int64_t seconds = h * 3600 + m * 60 + s - zone;
    *out = (days * 86400 + seconds) * 1000000 + micros;
    return true;
}

static bool parse_date(struct str text, int32_t *out)
{
    struct cursor c = {text.data, text.data + text.len};
    int64_t days;
    if (!take_date(&c, &days) || c.p != c.end)
        return false;
    *out = (int32_t)days;
    return true;
}

/* Digits with at most `scale` of them behind the point (further zeros allowed), no exponent unless
 * it is written out as Java does for scales beyond: "1E+3", "1E-7". */
static bool parse_decimal(struct str text, const struct lake_type *type, __int128 *out)
{
    size_t i = 0;
    bool negative = text.len && text.data[0] == '-', any = false, point = false;
    if (negative || (text.len && text.data[0] == '+'))
        i++;
    __int128 v = 0;
    int64_t exponent = 0, shift = type->scale;
    for (; i < text.len && (text.data[i] | 0x20) != 'e'; i++) {
        char c = text.data[i];
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            any = true;
            if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, c - '0', &v))
                return false;
            shift -= point;
        } else {
            return false;
        }
    }
    if (i < text.len && !lake_parse_i64(str_make(text.data + i + 1, text.len - i - 1), &exponent))
        return false;
    if (!any || exponent > 100 || exponent < -100)
        return false;
    for (shift += exponent; shift > 0 && v; shift--) {
        if (__builtin_mul_overflow(v, 10, &v))
            return false;
    }
    for (; shift < 0 && v; shift++) {
        if (v % 10)
            return false;
        v /= 10;
    }
    __int128 bound = 1;
    for (int p = 0; p < type->precision; p++)
        bound *= 10;
    *out = negative ? -v : v;
    return v < bound;
}

static bool parse_real(struct str text, double *out)
{
    char copy[64], *end;
    if (text.len >= sizeof(copy) || !text.len || text.data[0] == ' ')
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    if (strpbrk(copy, "xX"))
        return false;
    *out = strtod(copy, &end);
    return *end == 0;
}

static bool parse_bool(struct str text, uint8_t *out)
{
    bool yes = text.len == 4 && strncasecmp(text.data, "true", 4) == 0;
    bool no = text.len == 5 && strncasecmp(text.data, "false", 5) == 0;
    *out = yes;
    return yes || no;
}

static bool parse_int(struct str text, int64_t min, int64_t max, union scalar *out)
{
    int64_t v;
    if (!lake_parse_i64(text, &v) || v < min || v > max)
        return false;
    if (min == INT64_MIN)
        out->i64 = v;
    else
        out->i32 = (int32_t)v;
    return true;
}

static bool parse_scalar(const struct lake_type *type, struct str text, union scalar *out)
{
    double real;
    __int128 decimal;
    switch (type->kind) {
    case LAKE_STRING:
    case LAKE_BINARY:
        out->s = text;
        return true;
    case LAKE_BOOLEAN:
        return parse_bool(text, &out->b);
    case LAKE_BYTE:
        return parse_int(text, INT8_MIN, INT8_MAX, out);
    case LAKE_SHORT:
        return parse_int(text, INT16_MIN, INT16_MAX, out);
    case LAKE_INTEGER:
        return parse_int(text, INT32_MIN, INT32_MAX, out);
    case LAKE_LONG:
        return parse_int(text, INT64_MIN, INT64_MAX, out);
    case LAKE_FLOAT:
        out->f32 = 0;
        if (!parse_real(text, &real))
            return false;
        /* Not through double: that would round twice. */
        out->f32 = isfinite(real) ? strtof(text.data, NULL) : (float)real;
        return true;
    case LAKE_DOUBLE:
        return parse_real(text, &out->f64);
    case LAKE_DECIMAL:
        if (!parse_decimal(text, type, &decimal))
            return false;
        if (lake_type_phys(type) == LAKE_PHYS_I64)
            out->i64 = (int64_t)decimal;
        else
            out->i128 = decimal;
        return true;
    case LAKE_DATE:
        return parse_date(text, &out->i32);
    case LAKE_TIMESTAMP:
        return parse_timestamp(text, true, &out->i64);
    case LAKE_TIMESTAMP_NTZ:
        return parse_timestamp(text, false, &out->i64);
    case LAKE_VOID:
    case LAKE_UUID:
    case LAKE_TIME:
    case LAKE_INTERVAL:
    case LAKE_LIST:
    case LAKE_MAP:
    case LAKE_STRUCT:
    case LAKE_VARIANT:
        break;
    }
    return false;
}

struct err *delta_partition_vec(const struct delta_snapshot *s, const struct lake_type *type,
                                struct str column, const struct delta_partition_value *value,
                                uint32_t rows, struct arena *arena, struct lake_vec *out)
{
    union scalar v = {0};
    if (value->is_null)
        return lake_null_vec(arena, type, rows, out);
    /* Texts are NUL-terminated copies in the snapshot's arena, which strtof relies on. */
    if (!parse_scalar(type, value->text, &v))
        return delta_damaged(s, "value \"%.*s\" of partition column \"%.*s\" is not of its type",
                             STR_ARG(value->text), STR_ARG(column));
    enum lake_phys phys = lake_type_phys(type);
    size_t size = lake_phys_size(phys);
    uint8_t *values = lake_batch_alloc(arena, size * rows);
    if (!values)
        return err_oom();
    for (uint32_t i = 0; i < rows; i++)
        memcpy(values + i * size, &v, size);
    *out = (struct lake_vec){.type = type, .phys = phys, .count = rows, .data = values};
    return NULL;
}
