/* Values as text and JSON. Calendar arithmetic is the proleptic Gregorian one in 64 bits, so that
 * no year overflows; years have four digits at least, and a minus before the year 0. */
#include "lake/json.h"

#include "base/base64.h"
#include "base/bytes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char hex_digits[] = "0123456789abcdef";

void lake_put_json_string(struct buf *out, struct str s)
{
    buf_put_u8(out, '"');
    size_t begin = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(out, s.data + begin, i - begin);
        begin = i + 1;
        const char *at = strchr("\"\"\\\\\bb\ff\nn\rr\tt", c);
        if (c && at) {
            buf_put_u8(out, '\\');
            buf_put_u8(out, (uint8_t)at[1]);
        } else {
            buf_printf(out, "\\u%04x", c);
        }
    }
    buf_put(out, s.data + begin, s.len - begin);
    buf_put_u8(out, '"');
}

/* In eras of 400 years (146097 days) that begin on 1 March, so that the leap day comes last. */
static void put_civil(struct buf *out, int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int day = (int)(doy - (153 * mp + 2) / 5 + 1);
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int64_t year = yoe + era * 400 + (month <= 2);
    buf_printf(out, "%s%04lld-%02d-%02d", year < 0 ? "-" : "", (long long)(year < 0 ? -year : year),
               month, day);
}

void lake_put_date(struct buf *out, int32_t days)
{
    put_civil(out, days);
}

/* `value` is within one day. */
void lake_put_time(struct buf *out, int64_t value, enum lake_unit unit, bool all_digits)
{
    int64_t second = unit == LAKE_NANOS ? 1000000000 : 1000000;
    int64_t s = value / second, fraction = value % second;
    buf_printf(out, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    if (fraction || all_digits)
        buf_printf(out, ".%0*lld", unit == LAKE_NANOS ? 9 : 6, (long long)fraction);
}

void lake_put_timestamp(struct buf *out, int64_t value, enum lake_unit unit, bool all_digits,
                        bool zulu)
{
    int64_t day = INT64_C(86400000000) * (unit == LAKE_NANOS ? 1000 : 1);
    int64_t days = value / day, rest = value % day;
    if (rest < 0) {
        rest += day;
        days--;
    }
    put_civil(out, days);
    buf_put_u8(out, 'T');
    lake_put_time(out, rest, unit, all_digits);
    if (zulu)
        buf_put_u8(out, 'Z');
}

void lake_put_decimal(struct buf *out, __int128 unscaled, int scale)
{
    char digits[64];
    int n = (int)sizeof(digits), written = 0;
    unsigned __int128 v = unscaled < 0 ? -(unsigned __int128)unscaled : (unsigned __int128)unscaled;
    do {
        if (written == scale && scale)
            digits[--n] = '.';
        digits[--n] = (char)('0' + (int)(v % 10));
        v /= 10;
        written++;
    } while (v || written <= scale);
    if (unscaled < 0)
        digits[--n] = '-';
    buf_put(out, digits + n, sizeof(digits) - (size_t)n);
}

static bool put_special(struct buf *out, double v)
{
    if (isnan(v))
        buf_put_c(out, "NaN");
    else if (isinf(v))
        buf_put_c(out, v < 0 ? "-Infinity" : "Infinity");
    else
        return false;
    return true;
}

/* The fewest digits that read back. Subnormal numbers carry fewer digits than the type's usual
 * ones, so the search begins at one there. */
void lake_put_float(struct buf *out, float v)
{
    char text[32];
    if (put_special(out, (double)v))
        return;
    for (int digits = fabsf(v) < 1.17549435e-38f ? 1 : 6; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v)
            break;
    }
    buf_put_c(out, text);
}

void lake_put_double(struct buf *out, double v)
{
    char text[32];
    if (put_special(out, v))
        return;
    for (int digits = fabs(v) < 2.2250738585072014e-308 ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buf_put_c(out, text);
}

void lake_put_hex(struct buf *out, struct str s)
{
    if (!buf_reserve(out, s.len * 2))
        return;
    for (size_t i = 0; i < s.len; i++) {
        buf_put_u8(out, (uint8_t)hex_digits[(uint8_t)s.data[i] >> 4]);
        buf_put_u8(out, (uint8_t)hex_digits[s.data[i] & 15]);
    }
}

static void put_uuid(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf_put_u8(out, '-');
        lake_put_hex(out, str_make(s.data + i, 1));
    }
}

/* ISO 8601 duration. */
static void put_interval(struct buf *out, struct str s)
{
    uint32_t ms = load_le32(s.data + 8);
    buf_printf(out, "P%uM%uDT%u.%03uS", load_le32(s.data), load_le32(s.data + 4), ms / 1000,
               ms % 1000);
}

static void put_bytes(const struct lake_vec *vec, struct str s, struct buf *out)
{
    if (vec->type->kind == LAKE_STRING) {
        lake_put_json_string(out, s);
        return;
    }
    if (vec->type->kind == LAKE_VARIANT) {
        buf_put_str(out, s);
        return;
    }
    buf_put_u8(out, '"');
    if (vec->type->kind == LAKE_UUID)
        put_uuid(out, s);
    else if (vec->type->kind == LAKE_INTERVAL)
        put_interval(out, s);
    else
        base64_put(out, s);
    buf_put_u8(out, '"');
}

static void put_long(const struct lake_vec *vec, int64_t v, struct buf *out)
{
    const struct lake_type *type = vec->type;
    if (type->kind == LAKE_LONG) {
        buf_printf(out, "%lld", (long long)v);
    } else if (type->kind == LAKE_DECIMAL) {
        lake_put_decimal(out, v, type->scale);
    } else {
        buf_put_u8(out, '"');
        if (type->kind == LAKE_TIME)
            lake_put_time(out, v, type->unit, false);
        else
            lake_put_timestamp(out, v, type->unit, false, type->kind == LAKE_TIMESTAMP);
        buf_put_u8(out, '"');
    }
}

static void put_list(const struct lake_vec *vec, uint32_t row, struct buf *out)
{
    bool map = vec->type->kind == LAKE_MAP;
    bool object = map && vec->children[0].type->kind == LAKE_STRING;
    buf_put_u8(out, object ? '{' : '[');
    for (uint32_t i = vec->offsets[row]; i < vec->offsets[row + 1]; i++) {
        if (i > vec->offsets[row])
            buf_put_u8(out, ',');
        if (object && lake_vec_is_null(&vec->children[0], i))
            buf_put_c(out, "\"\"");
        else if (object)
            lake_json_value(&vec->children[0], i, out);
        if (object)
            buf_put_u8(out, ':');
        if (map && !object) {
            buf_put_c(out, "{\"key\":");
            lake_json_value(&vec->children[0], i, out);
            buf_put_c(out, ",\"value\":");
        }
        lake_json_value(&vec->children[map], i, out);
        if (map && !object)
            buf_put_u8(out, '}');
    }
    buf_put_u8(out, object ? '}' : ']');
}

static void put_struct(const struct lake_vec *vec, uint32_t row, struct buf *out)
{
    buf_put_u8(out, '{');
    for (uint32_t i = 0; i < vec->child_count; i++) {
        if (i)
            buf_put_u8(out, ',');
        lake_put_json_string(out, vec->type->fields[i].name);
        buf_put_u8(out, ':');
        lake_json_value(&vec->children[i], row, out);
    }
    buf_put_u8(out, '}');
}

void lake_put_json_real(struct buf *out, double v, bool single)
{
    bool quote = !isfinite(v);
    if (quote)
        buf_put_u8(out, '"');
    if (single)
        lake_put_float(out, (float)v);
    else
        lake_put_double(out, v);
    if (quote)
        buf_put_u8(out, '"');
}

void lake_json_value(const struct lake_vec *vec, uint32_t row, struct buf *out)
{
    if (lake_vec_is_null(vec, row)) {
        buf_put_c(out, "null");
        return;
    }
    switch (vec->phys) {
    case LAKE_PHYS_BOOL:
        buf_put_c(out, vec->bools[row] ? "true" : "false");
        return;
    case LAKE_PHYS_I32:
        if (vec->type->kind != LAKE_DATE) {
            buf_printf(out, "%d", vec->i32[row]);
            return;
        }
        buf_put_u8(out, '"');
        lake_put_date(out, vec->i32[row]);
        buf_put_u8(out, '"');
        return;
    case LAKE_PHYS_I64:
        put_long(vec, vec->i64[row], out);
        return;
    case LAKE_PHYS_I128:
        lake_put_decimal(out, vec->i128[row], vec->type->scale);
        return;
    case LAKE_PHYS_F32:
        lake_put_json_real(out, (double)vec->f32[row], true);
        return;
    case LAKE_PHYS_F64:
        lake_put_json_real(out, vec->f64[row], false);
        return;
    case LAKE_PHYS_BYTES:
        put_bytes(vec, vec->bytes[row], out);
        return;
    case LAKE_PHYS_LIST:
        put_list(vec, row, out);
        return;
    case LAKE_PHYS_STRUCT:
        put_struct(vec, row, out);
        return;
    case LAKE_PHYS_VOID:
        break;
    }
    UNREACHABLE();
}
