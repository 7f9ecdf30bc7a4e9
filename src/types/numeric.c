/* The type numeric: stored form, text and binary forms, order, conversions. See numeric.h for the
 * bytes. */
#include "types/numeric_internal.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "types/number.h"
#include "types/types_internal.h"

#include <math.h>
#include <stdlib.h>

enum { HEADER_BYTES = 4, SIGN_SHIFT = 14, SCALE_MASK = 0x3fff };
enum { STORED_NEG = 1, STORED_SPECIAL = 2 };

static const int pow10_small[DEC_DIGITS + 1] = {1, 10, 100, 1000, 10000};

struct err *num_overflow(void)
{
    return err_new("22003", "value overflows numeric format");
}

struct num num_load(struct datum d)
{
    if (d.len < HEADER_BYTES)
        return (struct num){.sign = NUM_NAN};
    uint16_t head = load_le16(d.p);
    struct num n = {.weight = (int16_t)load_le16(d.p + 2)};
    switch (head >> SIGN_SHIFT) {
    case 0:
        n.sign = NUM_POS;
        break;
    case STORED_NEG:
        n.sign = NUM_NEG;
        break;
    default:
        n.weight = 0;
        n.sign = (enum num_sign)(NUM_NAN + (head & SCALE_MASK) % 3);
        return n;
    }
    n.dscale = head & SCALE_MASK;
    n.digits = (const ndigit *)(d.p + HEADER_BYTES);
    n.ndigits = (int)((d.len - HEADER_BYTES) / sizeof(ndigit));
    return n;
}

struct err *num_store(struct num n, struct arena *arena, struct datum *out)
{
    n = num_strip(n);
    if (!num_is_special(&n) &&
        (n.weight > MAX_WEIGHT || n.weight < INT16_MIN || n.dscale > MAX_DSCALE))
        return num_overflow();
    if (num_is_special(&n))
        n.ndigits = n.weight = 0;
    size_t size = HEADER_BYTES + sizeof(ndigit) * (size_t)n.ndigits;
    uint8_t *p = arena_try_alloc(arena, size);
    if (!p)
        return err_oom();
    unsigned head = num_is_special(&n)
                        ? STORED_SPECIAL << SIGN_SHIFT | (unsigned)(n.sign - NUM_NAN)
                        : (n.sign == NUM_NEG ? STORED_NEG << SIGN_SHIFT : 0) | (unsigned)n.dscale;
    store_le16(p, (uint16_t)head);
    store_le16(p + 2, (uint16_t)n.weight);
    if (n.ndigits)
        memcpy(p + HEADER_BYTES, n.digits, sizeof(ndigit) * (size_t)n.ndigits);
    *out = datum_bytes(p, size);
    return NULL;
}

/* For values that are within the format. */
static struct datum stored(struct num n, struct arena *arena)
{
    struct datum d;
    struct err *e = num_store(n, arena, &d);
    CHECK(!e);
    return d;
}

/* Reading */

struct decimal_text {
    struct str whole;    /* digits before the point */
    struct str fraction; /* digits behind it */
    int exponent;
    bool negative;
};

static size_t digit_run(struct str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && is_digit(s.data[at + n]))
        n++;
    return n;
}

/* sign, digits, point, exponent. False when it is not that. 22003 for exponents beyond reason. */
static bool split_decimal(struct str s, struct decimal_text *t, bool *too_big)
{
    size_t at = 0;
    *t = (struct decimal_text){0};
    *too_big = false;
    if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
        t->negative = s.data[at++] == '-';
    size_t n = digit_run(s, at);
    t->whole = str_make(s.data + at, n);
    at += n;
    if (at < s.len && s.data[at] == '.') {
        at++;
        size_t behind = digit_run(s, at);
        t->fraction = str_make(s.data + at, behind);
        at += behind;
    }
    if (t->whole.len + t->fraction.len == 0)
        return false;
    if (at < s.len && to_lower(s.data[at]) == 'e') {
        at++;
        bool minus = false;
        if (at < s.len && (s.data[at] == '-' || s.data[at] == '+'))
            minus = s.data[at++] == '-';
        size_t digits = digit_run(s, at);
        if (digits == 0)
            return false;
        int64_t e = 0;
        for (size_t i = 0; i < digits; i++)
            e = e < INT32_MAX ? e * 10 + (s.data[at + i] - '0') : e;
        at += digits;
        *too_big = e >= INT32_MAX / 2;
        t->exponent = (int)(minus ? -e : e);
    }
    return at == s.len;
}

/* Decimal digit number `i` of the text, 0 outside; i = 0 is the first of `whole`. */
static int text_digit(const struct decimal_text *t, int64_t i)
{
    if (i < 0)
        return 0;
    if (i < (int64_t)t->whole.len)
        return t->whole.data[i] - '0';
    i -= (int64_t)t->whole.len;
    return i < (int64_t)t->fraction.len ? t->fraction.data[i] - '0' : 0;
}

static int floor_div(int64_t a, int b)
{
    return (int)(a >= 0 ? a / b : -((-a + b - 1) / b));
}

static struct err *from_decimal(const struct decimal_text *t, struct arena *arena, struct num *out)
{
    int64_t total = (int64_t)t->whole.len + (int64_t)t->fraction.len;
    if (total > 400000)
        return num_overflow();
    int64_t first = 0; /* first digit that is not zero */
    while (first < total && text_digit(t, first) == 0)
        first++;
    struct num n = {.sign = t->negative ? NUM_NEG : NUM_POS};
    int64_t dscale = (int64_t)t->fraction.len - t->exponent;
    n.dscale = dscale < 0 ? 0 : dscale > MAX_DSCALE ? MAX_DSCALE + 1 : (int)dscale;
    if (first == total) {
        *out = num_strip(n);
        return NULL;
    }
    /* Digit i counts 10^(point - 1 - i). */
    int64_t point = (int64_t)t->whole.len + t->exponent;
    n.weight = floor_div(point - 1 - first, DEC_DIGITS);
    if (n.weight > MAX_WEIGHT || n.weight < -MAX_DSCALE)
        return num_overflow();
    int64_t at = point - ((int64_t)n.weight + 1) * DEC_DIGITS; /* text digit at the group's start */
    n.ndigits = (int)((total - at + DEC_DIGITS - 1) / DEC_DIGITS);
    ndigit *d = arena_try_alloc(arena, sizeof(ndigit) * (size_t)n.ndigits);
    if (!d)
        return err_oom();
    for (int i = 0; i < n.ndigits; i++, at += DEC_DIGITS)
        d[i] = (uint16_t)(text_digit(t, at) * 1000 + text_digit(t, at + 1) * 100 +
                          text_digit(t, at + 2) * 10 + text_digit(t, at + 3));
    n.digits = d;
    *out = num_strip(n);
    return NULL;
}

static bool parse_special(struct str s, struct num *out)
{
    struct str word = s;
    bool negative = s.len && s.data[0] == '-';
    if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
        word = str_make(s.data + 1, s.len - 1);
    if (str_eq_nocase(s, "nan"))
        *out = (struct num){.sign = NUM_NAN};
    else if (str_eq_nocase(word, "infinity") || str_eq_nocase(word, "inf"))
        *out = (struct num){.sign = negative ? NUM_NINF : NUM_PINF};
    else
        return false;
    return true;
}

struct err *numeric_parse(struct str text, struct arena *arena, struct datum *out)
{
    struct str s = str_trim(text);
    struct num n;
    if (!parse_special(s, &n)) {
        struct decimal_text t;
        bool too_big;
        if (!split_decimal(s, &t, &too_big))
            return bad_syntax("numeric", text);
        if (too_big)
            return num_overflow();
        TRY(from_decimal(&t, arena, &n));
    }
    return num_store(n, arena, out);
}

/* Printing */

static void put_group(struct buf *out, int digit, int from, int count)
{
    char text[DEC_DIGITS];
    for (int i = DEC_DIGITS - 1; i >= 0; i--) {
        text[i] = (char)('0' + digit % 10);
        digit /= 10;
    }
    buf_put(out, text + from, (size_t)count);
}

static int group_at(const struct num *n, int weight)
{
    int i = n->weight - weight;
    return i >= 0 && i < n->ndigits ? n->digits[i] : 0;
}

static bool put_special(const struct num *n, struct buf *out)
{
    if (!num_is_special(n))
        return false;
    buf_put_c(out, n->sign == NUM_NAN ? "NaN" : n->sign == NUM_PINF ? "Infinity" : "-Infinity");
    return true;
}

static void put_num(const struct num *n, struct buf *out)
{
    if (n->sign == NUM_NEG)
        buf_put_u8(out, '-');
    if (n->ndigits == 0 || n->weight < 0) {
        buf_put_u8(out, '0');
    } else {
        int first = group_at(n, n->weight);
        int width = first >= 1000 ? 4 : first >= 100 ? 3 : first >= 10 ? 2 : 1;
        put_group(out, first, DEC_DIGITS - width, width);
        for (int w = n->weight - 1; w >= 0; w--)
            put_group(out, group_at(n, w), 0, DEC_DIGITS);
    }
    if (n->dscale == 0)
        return;
    buf_put_u8(out, '.');
    int left = n->dscale;
    for (int w = -1; left > 0; w--, left -= DEC_DIGITS)
        put_group(out, group_at(n, w), 0, left < DEC_DIGITS ? left : DEC_DIGITS);
}

void numeric_print(struct datum a, struct buf *out)
{
    struct num n = num_load(a);
    if (!put_special(&n, out))
        put_num(&n, out);
}

/* Decimal exponent of the first digit. */
static int decimal_exponent(const struct num *n)
{
    if (n->ndigits == 0)
        return 0;
    int first = n->digits[0];
    return n->weight * DEC_DIGITS + (first >= 1000 ? 3 : first >= 100 ? 2 : first >= 10 ? 1 : 0);
}

void numeric_print_scientific(struct datum a, int decimals, struct arena *scratch, struct buf *out)
{
    struct num n = num_load(a);
    if (put_special(&n, out))
        return;
    if (decimals < 0)
        decimals = 0;
    int exponent = decimal_exponent(&n);
    n = num_round(n, decimals - exponent, scratch);
    int rounded = decimal_exponent(&n);
    /* 9.99 may have become 10.0 */
    if (n.ndigits)
        exponent = rounded;
    struct buf digits = BUF_INIT;
    n.dscale = decimals > exponent ? decimals - exponent : 0;
    put_num(&n, &digits);
    /* Significant digits, without sign, point and leading zeros. */
    if (n.sign == NUM_NEG)
        buf_put_u8(out, '-');
    int put = 0;
    for (size_t i = 0; i < digits.len && put <= decimals; i++) {
        char c = (char)digits.data[i];
        if (!is_digit(c) || (put == 0 && c == '0' && n.ndigits))
            continue;
        if (put == 1)
            buf_put_u8(out, '.');
        buf_put_u8(out, (uint8_t)c);
        put++;
    }
    for (; put <= decimals; put++) {
        if (put == 1)
            buf_put_u8(out, '.');
        buf_put_u8(out, '0');
    }
    buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    buf_done(&digits);
}

/* Type operations */

static struct err *numeric_in(TYPE_IN_PARAMS)
{
    struct datum d;
    TRY(numeric_parse(text, arena, &d));
    return numeric_apply_typmod(d, typmod, arena, out);
}

static struct err *numeric_out(TYPE_OUT_PARAMS)
{
    numeric_print(d, out);
    return NULL;
}

enum { WIRE_NEG = 0x4000, WIRE_NAN = 0xc000, WIRE_PINF = 0xd000, WIRE_NINF = 0xf000 };

static struct err *numeric_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len < 8)
        return err_new("08P01", "insufficient data left in message");
    size_t count = load_be16(bytes.data);
    struct num n = {.weight = (int16_t)load_be16(bytes.data + 2)};
    unsigned sign = load_be16(bytes.data + 4);
    n.dscale = load_be16(bytes.data + 6);
    if (sign == WIRE_NAN || sign == WIRE_PINF || sign == WIRE_NINF) {
        n = (struct num){.sign = sign == WIRE_NAN    ? NUM_NAN
                                 : sign == WIRE_PINF ? NUM_PINF
                                                     : NUM_NINF};
    } else {
        if (sign != 0 && sign != WIRE_NEG)
            return err_new("22P03", "invalid sign in external \"numeric\" value");
        if (n.dscale > MAX_DSCALE)
            return err_new("22P03", "invalid scale in external \"numeric\" value");
        if (bytes.len - 8 != count * 2)
            return err_new("08P01", bytes.len - 8 < count * 2
                                        ? "insufficient data left in message"
                                        : "incorrect binary data format in bind parameter");
        ndigit *d = arena_try_alloc(arena, sizeof(ndigit) * (count + 1));
        if (!d)
            return err_oom();
        for (size_t i = 0; i < count; i++) {
            d[i] = load_be16(bytes.data + 8 + 2 * i);
            if (d[i] >= NBASE)
                return err_new("22P03", "invalid digit in external \"numeric\" value");
        }
        n.digits = d;
        n.ndigits = (int)count;
        n.sign = sign ? NUM_NEG : NUM_POS;
        n = num_trunc(num_strip(n), n.dscale, arena);
    }
    struct datum v;
    TRY(num_store(n, arena, &v));
    return numeric_apply_typmod(v, typmod, arena, out);
}

static struct err *numeric_send(TYPE_OUT_PARAMS)
{
    struct num n = num_load(d);
    static const uint16_t signs[] = {
        [NUM_NEG] = WIRE_NEG, [NUM_NAN] = WIRE_NAN, [NUM_PINF] = WIRE_PINF, [NUM_NINF] = WIRE_NINF};
    buf_put_be16(out, (uint16_t)n.ndigits);
    buf_put_be16(out, (uint16_t)n.weight);
    buf_put_be16(out, signs[n.sign]);
    buf_put_be16(out, (uint16_t)n.dscale);
    for (int i = 0; i < n.ndigits; i++)
        buf_put_be16(out, n.digits[i]);
    return NULL;
}

int numeric_compare(struct datum a, struct datum b)
{
    /* Positive numbers of the same size, as most are: their digits decide. */
    if (a.len >= HEADER_BYTES + sizeof(ndigit) && b.len >= HEADER_BYTES + sizeof(ndigit)) {
        uint32_t x = load_le32(a.p);
        uint32_t y = load_le32(b.p);
        const uint32_t sign = 3u << SIGN_SHIFT;
        if (!((x | y) & sign) && x >> 16 == y >> 16) {
            const ndigit *p = (const ndigit *)(a.p + HEADER_BYTES);
            const ndigit *q = (const ndigit *)(b.p + HEADER_BYTES);
            if (*p != *q)
                return *p < *q ? -1 : 1;
        }
    }
    struct num x = num_load(a), y = num_load(b);
    return num_compare(&x, &y);
}

static int compare_op(const struct type_ops *t, struct datum a, struct datum b)
{
    return numeric_compare(a, b);
}

static uint64_t numeric_hash(const struct type_ops *t, struct datum d)
{
    struct num n = num_load(d);
    if (num_is_special(&n) || n.ndigits == 0)
        return hash_u64((uint64_t)n.sign);
    uint64_t seed = (uint64_t)n.sign << 32 ^ (uint32_t)n.weight;
    return hash_bytes(n.digits, sizeof(ndigit) * (size_t)n.ndigits, seed);
}

/* One byte of class, then for numbers the weight and the digits, each plus one, ended by zero; all
 * inverted for negative numbers. */
static void numeric_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct num n = num_load(d);
    if (num_is_special(&n)) {
        buf_put_u8(out, n.sign == NUM_NINF ? 1 : n.sign == NUM_PINF ? 5 : 6);
        return;
    }
    if (n.ndigits == 0) {
        buf_put_u8(out, 3);
        return;
    }
    buf_put_u8(out, n.sign == NUM_NEG ? 2 : 4);
    uint16_t flip = n.sign == NUM_NEG ? 0xffff : 0;
    buf_put_be16(out, (uint16_t)(((uint16_t)n.weight ^ 0x8000) ^ flip));
    for (int i = 0; i < n.ndigits; i++)
        buf_put_be16(out, (uint16_t)((n.digits[i] + 1) ^ flip));
    buf_put_be16(out, flip);
}

const struct type_ops numeric_ops = {
    .oid = NUMERIC_OID,
    .name = "numeric",
    .len = -1,
    .in = numeric_in,
    .out = numeric_out,
    .recv = numeric_recv,
    .send = numeric_send,
    .compare = compare_op,
    .hash = numeric_hash,
    .key = numeric_key,
};

/* Type modifiers: (precision << 16 | scale & 0x7ff) + 4, the scale with 11 bits of two's
 * complement. */

struct err *numeric_make_typmod(int precision, int scale, int32_t *out)
{
    if (precision < 1 || precision > NUMERIC_MAX_PRECISION)
        return err_new("22023", "NUMERIC precision %d must be between 1 and %d", precision,
                       NUMERIC_MAX_PRECISION);
    if (scale < -1000 || scale > 1000)
        return err_new("22023", "NUMERIC scale %d must be between %d and %d", scale, -1000, 1000);
    *out = (precision << 16 | (scale & 0x7ff)) + 4;
    return NULL;
}

int numeric_typmod_precision(int32_t typmod)
{
    return (typmod - 4) >> 16 & 0xffff;
}

int numeric_typmod_scale(int32_t typmod)
{
    return (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
}

static struct err *field_overflow(int precision, int scale, bool infinite)
{
    struct err *e = err_new("22003", "numeric field overflow");
    if (infinite)
        return err_detail(e, "A field with precision %d, scale %d cannot hold an infinite value.",
                          precision, scale);
    int limit = precision - scale;
    return err_detail(e,
                      "A field with precision %d, scale %d must round to an absolute value less "
                      "than %s%d.",
                      precision, scale, limit ? "10^" : "", limit ? limit : 1);
}

struct err *numeric_apply_typmod(struct datum a, int32_t typmod, struct arena *arena,
                                 struct datum *out)
{
    *out = a;
    if (typmod < 4)
        return NULL;
    int precision = numeric_typmod_precision(typmod), scale = numeric_typmod_scale(typmod);
    struct num n = num_load(a);
    if (num_is_special(&n))
        return n.sign == NUM_NAN ? NULL : field_overflow(precision, scale, true);
    if (n.dscale != scale || scale < 0)
        n = num_round(n, scale, arena);
    n.dscale = scale > 0 ? scale : 0;
    if (n.ndigits && decimal_exponent(&n) >= precision - scale)
        return field_overflow(precision, scale, false);
    return num_store(n, arena, out);
}

/* Conversions */

struct datum numeric_from_int64(int64_t v, struct arena *arena)
{
    return numeric_from_int128(v, arena);
}

struct datum numeric_from_int128(__int128 v, struct arena *arena)
{
    return numeric_from_scaled(v, 0, arena);
}

struct datum numeric_from_scaled(__int128 v, int scale, struct arena *arena)
{
    enum { DIGITS = 12 };
    uint16_t digits[DIGITS];
    unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    /* The last group starts at a multiple of four decimals. */
    int pad = (DEC_DIGITS - scale % DEC_DIGITS) % DEC_DIGITS;
    int at = DIGITS;
    if (pad) {
        unsigned unit = (unsigned)pow10_small[DEC_DIGITS - pad];
        digits[--at] = (uint16_t)((unsigned)(u % unit) * (unsigned)pow10_small[pad]);
        u /= unit;
    }
    while (u >> 64) {
        digits[--at] = (uint16_t)(u % NBASE);
        u /= NBASE;
    }
    for (uint64_t w = (uint64_t)u; w; w /= NBASE)
        digits[--at] = (uint16_t)(w % NBASE);
    int groups_behind = (scale + pad) / DEC_DIGITS;
    struct num n = {.digits = digits + at,
                    .ndigits = DIGITS - at,
                    .weight = DIGITS - at - 1 - groups_behind,
                    .dscale = scale,
                    .sign = v < 0 ? NUM_NEG : NUM_POS};
    return stored(n, arena);
}

struct datum numeric_nan(struct arena *arena)
{
    return stored((struct num){.sign = NUM_NAN}, arena);
}

struct datum numeric_infinity(bool negative, struct arena *arena)
{
    return stored((struct num){.sign = negative ? NUM_NINF : NUM_PINF}, arena);
}

static struct err *from_binary(double v, int digits, struct arena *arena, struct datum *out)
{
    if (isnan(v) || isinf(v)) {
        *out = isnan(v) ? numeric_nan(arena) : numeric_infinity(v < 0, arena);
        return NULL;
    }
    char text[64];
    size_t n = float8_print(v, digits - 15, text);
    return numeric_parse(str_make(text, n), arena, out);
}

struct err *numeric_from_double(double v, struct arena *arena, struct datum *out)
{
    return from_binary(v, 15, arena, out);
}

struct err *numeric_from_float(float v, struct arena *arena, struct datum *out)
{
    return from_binary((double)v, 6, arena, out);
}

struct err *numeric_to_int(struct datum a, int64_t min, int64_t max, const char *type_name,
                           int64_t *out)
{
    struct num n = num_load(a);
    if (num_is_special(&n))
        return err_new("0A000", "cannot convert %s to %s", n.sign == NUM_NAN ? "NaN" : "infinity",
                       type_name);
    __int128 v = 0;
    bool overflow = n.weight > 4;
    for (int w = n.weight; w >= 0 && !overflow; w--)
        v = v * NBASE + group_at(&n, w);
    if (n.weight >= -1 && group_at(&n, -1) >= NBASE / 2)
        v++;
    if (n.sign == NUM_NEG)
        v = -v;
    if (overflow || v < min || v > max)
        return err_new("22003", "%s out of range", type_name);
    *out = (int64_t)v;
    return NULL;
}

struct err *numeric_to_double(struct datum a, double *out)
{
    struct num n = num_load(a);
    if (num_is_special(&n)) {
        *out = num_to_double(&n);
        return NULL;
    }
    if (n.ndigits <= 3 && n.weight >= 0 && n.weight < 3 && n.weight + 1 >= n.ndigits) {
        *out = num_to_double(&n); /* an exact integer */
        return NULL;
    }
    struct buf b = BUF_INIT;
    put_num(&n, &b);
    struct err *e = buf_finish(&b);
    if (!e)
        e = float8_parse(buf_str(&b), out);
    buf_done(&b);
    return e;
}

struct err *numeric_to_float(struct datum a, float *out)
{
    struct num n = num_load(a);
    if (num_is_special(&n)) {
        *out = (float)num_to_double(&n);
        return NULL;
    }
    struct buf b = BUF_INIT;
    put_num(&n, &b);
    struct err *e = buf_finish(&b);
    if (!e)
        e = float4_parse(buf_str(&b), out);
    buf_done(&b);
    return e;
}

double numeric_approximate(struct datum a)
{
    struct num n = num_load(a);
    return num_to_double(&n);
}

int numeric_sign_of(struct datum a)
{
    struct num n = num_load(a);
    if (num_is_special(&n))
        return n.sign == NUM_NINF ? -1 : 1;
    return n.ndigits == 0 ? 0 : n.sign == NUM_NEG ? -1 : 1;
}

bool numeric_is_nan(struct datum a)
{
    return num_load(a).sign == NUM_NAN;
}

bool numeric_is_inf(struct datum a)
{
    struct num n = num_load(a);
    return n.sign == NUM_PINF || n.sign == NUM_NINF;
}

bool numeric_is_special(struct datum a)
{
    struct num n = num_load(a);
    return num_is_special(&n);
}

int numeric_scale(struct datum a)
{
    return num_load(a).dscale;
}

int numeric_min_scale(struct datum a)
{
    struct num n = num_load(a);
    if (num_is_special(&n) || n.ndigits == 0)
        return 0;
    int scale = (n.ndigits - 1 - n.weight) * DEC_DIGITS;
    for (int d = n.digits[n.ndigits - 1]; d % 10 == 0; d /= 10)
        scale--;
    return scale > 0 ? scale : 0;
}
