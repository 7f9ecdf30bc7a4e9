/* real and double precision. */
#include "types/number.h"
#include "types/types_internal.h"

#include "base/hash.h"
#include "types/key.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Reads the special names; false when `s` is none of them. */
static bool parse_special(struct str s, double *out)
{
    bool negative = s.len && s.data[0] == '-';
    struct str word = s;
    if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
        word = str_make(s.data + 1, s.len - 1);
    if (str_eq_nocase(s, "nan"))
        *out = NAN;
    else if (str_eq_nocase(word, "inf") || str_eq_nocase(word, "infinity"))
        *out = negative ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

struct decimal_scan {
    bool valid; /* sign, digits, point, exponent; nothing else */
    bool negative;
    bool exact; /* digits and exponent10 hold the whole number */
    uint64_t digits;
    int exponent10;
    int significant;
};

static struct decimal_scan scan_decimal(struct str s)
{
    struct decimal_scan d = {.exact = true};
    size_t at = 0;
    if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
        d.negative = s.data[at++] == '-';
    bool point = false;
    int seen = 0;
    for (; at < s.len; at++) {
        char c = s.data[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c))
            break;
        seen = 1;
        d.exponent10 -= point;
        if (d.digits || c != '0')
            d.significant++;
        if (d.significant <= 19)
            d.digits = d.digits * 10 + (uint64_t)(c - '0');
        else
            d.exact = false;
    }
    if (!seen)
        return d;
    if (at < s.len && to_lower(s.data[at]) == 'e') {
        bool minus = false;
        at++;
        if (at < s.len && (s.data[at] == '-' || s.data[at] == '+'))
            minus = s.data[at++] == '-';
        if (at == s.len)
            return d;
        int e = 0;
        for (; at < s.len && is_digit(s.data[at]); at++)
            e = e < 100000 ? e * 10 + (s.data[at] - '0') : e;
        d.exponent10 += minus ? -e : e;
    }
    d.valid = at == s.len;
    return d;
}

/* A hexadecimal constant as C has it, which strtod reads. */
static bool looks_hex(struct str s)
{
    size_t at = s.len && (s.data[0] == '-' || s.data[0] == '+');
    if (s.len < at + 3 || s.data[at] != '0' || to_lower(s.data[at + 1]) != 'x')
        return false;
    for (at += 2; at < s.len; at++) {
        char c = to_lower(s.data[at]);
        if (!is_digit(c) && !(c >= 'a' && c <= 'f') && c != '.' && c != 'p' && c != '-' && c != '+')
            return false;
    }
    return true;
}

/* By the C library, on a terminated copy. False on trailing junk or lack of memory. */
static bool library_parse(struct str s, bool single, double *out, bool *range)
{
    char small[64];
    char *copy = s.len < sizeof(small) ? small : malloc(s.len + 1);
    if (!copy)
        return false;
    memcpy(copy, s.data, s.len);
    copy[s.len] = 0;
    char *end;
    errno = 0;
    *out = single ? (double)strtof(copy, &end) : strtod(copy, &end);
    *range = errno == ERANGE && (*out == 0 || isinf(*out));
    bool ok = end == copy + s.len;
    if (copy != small)
        free(copy);
    return ok;
}

static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static struct err *float_range(struct str s, const char *type_name)
{
    return err_new("22003", "\"%.*s\" is out of range for type %s", STR_ARG(s), type_name);
}

struct err *float8_parse(struct str text, double *out)
{
    struct str s = str_trim(text);
    struct decimal_scan d = scan_decimal(s);
    int e = d.exponent10;
    if (d.valid && d.exact && d.digits < (uint64_t)1 << 53 && e >= -22 && e <= 22) {
        /* Both are exact doubles, so that one operation rounds correctly. */
        double v = (double)d.digits;
        v = e < 0 ? v / tens[-e] : v * tens[e];
        *out = d.negative ? -v : v;
        return NULL;
    }
    bool range;
    double v;
    if (!d.valid) {
        if (parse_special(s, out))
            return NULL;
        if (!looks_hex(s))
            return bad_syntax("double precision", text);
    }
    if (!library_parse(s, false, &v, &range))
        return bad_syntax("double precision", text);
    if (range)
        return float_range(s, "double precision");
    *out = v;
    return NULL;
}

struct err *float4_parse(struct str text, float *out)
{
    struct str s = str_trim(text);
    struct decimal_scan d = scan_decimal(s);
    int e = d.exponent10;
    if (d.valid && d.exact && d.digits < (uint64_t)1 << 24 && e >= -10 && e <= 10) {
        float v = (float)d.digits;
        v = e < 0 ? v / (float)tens[-e] : v * (float)tens[e];
        *out = d.negative ? -v : v;
        return NULL;
    }
    bool range;
    double v;
    if (!d.valid) {
        if (parse_special(s, &v)) {
            *out = (float)v;
            return NULL;
        }
        if (!looks_hex(s))
            return bad_syntax("real", text);
    }
    if (!library_parse(s, true, &v, &range))
        return bad_syntax("real", text);
    if (range)
        return float_range(s, "real");
    *out = (float)v;
    return NULL;
}

/* NaN, infinities and zero; 0 when v is none of them. */
static size_t print_special(double v, char *out)
{
    const char *text = isnan(v)   ? "NaN"
                       : isinf(v) ? (v > 0 ? "Infinity" : "-Infinity")
                       : v == 0   ? (signbit(v) ? "-0" : "0")
                                  : NULL;
    if (!text)
        return 0;
    memcpy(out, text, strlen(text));
    return strlen(text);
}

/* Fixed notation for exponents from -4 below `fixed_digits`, else scientific. */
static size_t print_decimal(struct decimal_float d, bool negative, int fixed_digits, char *out)
{
    char digits[24];
    int n = (int)int_print((int64_t)d.digits, digits);
    int exponent = d.exponent + n - 1; /* of the first digit */
    char *p = out;
    if (negative)
        *p++ = '-';
    if (exponent < -4 || exponent >= fixed_digits) {
        *p++ = digits[0];
        if (n > 1) {
            *p++ = '.';
            memcpy(p, digits + 1, (size_t)n - 1);
            p += n - 1;
        }
        *p++ = 'e';
        *p++ = exponent < 0 ? '-' : '+';
        exponent = abs(exponent);
        if (exponent < 10)
            *p++ = '0';
        p += int_print(exponent, p);
    } else if (exponent < 0) {
        *p++ = '0';
        *p++ = '.';
        memset(p, '0', (size_t)(-exponent - 1));
        p += -exponent - 1;
        memcpy(p, digits, (size_t)n);
        p += n;
    } else if (exponent + 1 >= n) {
        memcpy(p, digits, (size_t)n);
        p += n;
        memset(p, '0', (size_t)(exponent + 1 - n));
        p += exponent + 1 - n;
    } else {
        memcpy(p, digits, (size_t)exponent + 1);
        p += exponent + 1;
        *p++ = '.';
        memcpy(p, digits + exponent + 1, (size_t)(n - exponent - 1));
        p += n - exponent - 1;
    }
    return (size_t)(p - out);
}

static size_t print_digits(double v, int digits, char *out)
{
    char tmp[FLOAT_TEXT_MAX + 8];
    int n = snprintf(tmp, sizeof(tmp), "%.*g", digits < 1 ? 1 : digits, v);
    CHECK(n > 0 && n <= FLOAT_TEXT_MAX);
    memcpy(out, tmp, (size_t)n);
    return (size_t)n;
}

size_t float8_print(double v, int extra_digits, char *out)
{
    size_t n = print_special(v, out);
    if (n)
        return n;
    if (extra_digits <= 0)
        return print_digits(v, 15 + extra_digits, out);
    return print_decimal(float8_shortest(fabs(v)), v < 0, 15, out);
}

size_t float4_print(float v, int extra_digits, char *out)
{
    size_t n = print_special((double)v, out);
    if (n)
        return n;
    if (extra_digits <= 0)
        return print_digits((double)v, 6 + extra_digits, out);
    return print_decimal(float4_shortest(fabsf(v)), v < 0, 6, out);
}

static int extra_digits(const struct type_env *env)
{
    return env ? env->extra_float_digits : 1;
}

static struct err *float8_in(TYPE_IN_PARAMS)
{
    double v;
    TRY(float8_parse(text, &v));
    *out = datum_f64(v);
    return NULL;
}

static struct err *float8_out(TYPE_OUT_PARAMS)
{
    if (buf_reserve(out, FLOAT_TEXT_MAX))
        out->len += float8_print(d.f64, extra_digits(env), (char *)out->data + out->len);
    return NULL;
}

static struct err *float8_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 8)
        return bad_length(t->name, bytes.len);
    *out = (struct datum){.u = load_be64(bytes.data)};
    return NULL;
}

static struct err *float8_send(TYPE_OUT_PARAMS)
{
    buf_put_be64(out, d.u);
    return NULL;
}

/* NaN equals NaN and is greater than every number. */
static int double_compare(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static int float8_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return double_compare(a.f64, b.f64);
}

static uint64_t double_hash(double v)
{
    uint64_t bits = 0;
    if (isnan(v))
        bits = UINT64_MAX;
    else if (v != 0)
        memcpy(&bits, &v, sizeof(bits));
    return hash_u64(bits);
}

static uint64_t float8_hash(const struct type_ops *t, struct datum d)
{
    return double_hash(d.f64);
}

static void float8_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_double(out, d.f64);
}

const struct type_ops float8_ops = {
    .oid = FLOAT8_OID,
    .name = "double precision",
    .len = 8,
    .byval = true,
    .in = float8_in,
    .out = float8_out,
    .recv = float8_recv,
    .send = float8_send,
    .compare = float8_compare,
    .hash = float8_hash,
    .key = float8_key,
};

static struct err *float4_in(TYPE_IN_PARAMS)
{
    float v;
    TRY(float4_parse(text, &v));
    *out = datum_f32(v);
    return NULL;
}

static struct err *float4_out(TYPE_OUT_PARAMS)
{
    if (buf_reserve(out, FLOAT_TEXT_MAX))
        out->len += float4_print(d.f32, extra_digits(env), (char *)out->data + out->len);
    return NULL;
}

static struct err *float4_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 4)
        return bad_length(t->name, bytes.len);
    *out = (struct datum){.u = load_be32(bytes.data)};
    return NULL;
}

static struct err *float4_send(TYPE_OUT_PARAMS)
{
    buf_put_be32(out, (uint32_t)d.u);
    return NULL;
}

static int float4_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return double_compare((double)a.f32, (double)b.f32);
}

static uint64_t float4_hash(const struct type_ops *t, struct datum d)
{
    return double_hash((double)d.f32);
}

static void float4_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_double(out, (double)d.f32);
}

const struct type_ops float4_ops = {
    .oid = FLOAT4_OID,
    .name = "real",
    .len = 4,
    .byval = true,
    .in = float4_in,
    .out = float4_out,
    .recv = float4_recv,
    .send = float4_send,
    .compare = float4_compare,
    .hash = float4_hash,
    .key = float4_key,
};
