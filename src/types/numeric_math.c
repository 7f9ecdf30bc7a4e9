/* SQL operations on numeric values: arithmetic with special values, functions, running sums. */
#include "types/numeric_internal.h"

#include "base/check.h"

#include <math.h>
#include <stdlib.h>

static const ndigit DIGIT_1 = 1, DIGIT_2 = 2;

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int clamp_scale(int scale)
{
    return scale < 0 ? 0 : scale > NUMERIC_MAX_DISPLAY_SCALE ? NUMERIC_MAX_DISPLAY_SCALE : scale;
}

static bool either_nan(const struct num *x, const struct num *y)
{
    return x->sign == NUM_NAN || y->sign == NUM_NAN;
}

static bool is_inf(const struct num *n)
{
    return n->sign == NUM_PINF || n->sign == NUM_NINF;
}

static int sign_of(const struct num *n)
{
    return n->sign == NUM_NEG || n->sign == NUM_NINF ? -1
           : n->ndigits || n->sign == NUM_PINF       ? 1
                                                     : 0;
}

static struct err *give_nan(struct arena *arena, struct datum *out)
{
    *out = numeric_nan(arena);
    return NULL;
}

static struct err *give_inf(int sign, struct arena *arena, struct datum *out)
{
    *out = numeric_infinity(sign < 0, arena);
    return NULL;
}

static struct err *division_by_zero(void)
{
    return err_new("22012", "division by zero");
}

struct err *numeric_add(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    if (!num_is_special(&x) && !num_is_special(&y))
        return num_store(num_add(x, y, arena), arena, out);
    if (either_nan(&x, &y) || (is_inf(&x) && is_inf(&y) && x.sign != y.sign))
        return give_nan(arena, out);
    return give_inf(sign_of(is_inf(&x) ? &x : &y), arena, out);
}

struct err *numeric_sub(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    if (!num_is_special(&x) && !num_is_special(&y))
        return num_store(num_sub(x, y, arena), arena, out);
    if (either_nan(&x, &y) || (is_inf(&x) && x.sign == y.sign))
        return give_nan(arena, out);
    return give_inf(is_inf(&x) ? sign_of(&x) : -sign_of(&y), arena, out);
}

struct err *numeric_mul(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    if (!num_is_special(&x) && !num_is_special(&y)) {
        int scale = x.dscale + y.dscale;
        return num_store(num_mul(x, y, scale > MAX_DSCALE ? MAX_DSCALE : scale, arena), arena, out);
    }
    int sign = sign_of(&x) * sign_of(&y);
    if (either_nan(&x, &y) || sign == 0)
        return give_nan(arena, out);
    return give_inf(sign, arena, out);
}

/* The cases that quotient and remainder have in common: true when *out or *e is set. */
static bool divide_special(const struct num *x, const struct num *y, struct arena *arena,
                           struct datum *out, struct err **e)
{
    *e = NULL;
    if (either_nan(x, y)) {
        *out = numeric_nan(arena);
        return true;
    }
    if (sign_of(y) == 0) {
        *e = division_by_zero();
        return true;
    }
    if (is_inf(x)) {
        *out =
            is_inf(y) ? numeric_nan(arena) : numeric_infinity(sign_of(x) * sign_of(y) < 0, arena);
        return true;
    }
    if (is_inf(y)) {
        *out = numeric_from_int64(0, arena);
        return true;
    }
    return false;
}

struct err *numeric_div(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    struct err *e;
    if (divide_special(&x, &y, arena, out, &e))
        return e;
    return num_store(num_div(x, y, num_div_scale(&x, &y), true, arena), arena, out);
}

struct err *numeric_div_trunc(struct datum a, struct datum b, struct arena *arena,
                              struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    struct err *e;
    if (divide_special(&x, &y, arena, out, &e))
        return e;
    return num_store(num_div(x, y, 0, false, arena), arena, out);
}

static struct num remainder_of(struct num x, struct num y, struct arena *a)
{
    struct num q = num_div(x, y, 0, false, a);
    struct num product = num_mul(q, y, y.dscale, a);
    return num_sub(x, product, a);
}

struct err *numeric_mod(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    if (either_nan(&x, &y))
        return give_nan(arena, out);
    if (is_inf(&x))
        return sign_of(&y) ? give_nan(arena, out) : division_by_zero();
    if (is_inf(&y)) {
        *out = a;
        return NULL;
    }
    if (sign_of(&y) == 0)
        return division_by_zero();
    return num_store(remainder_of(x, y, arena), arena, out);
}

struct err *numeric_negate(struct datum a, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    static const enum num_sign flipped[] = {[NUM_POS] = NUM_NEG,
                                            [NUM_NEG] = NUM_POS,
                                            [NUM_NAN] = NUM_NAN,
                                            [NUM_PINF] = NUM_NINF,
                                            [NUM_NINF] = NUM_PINF};
    n.sign = flipped[n.sign];
    return num_store(n, arena, out);
}

struct err *numeric_abs(struct datum a, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    n.sign = n.sign == NUM_NEG ? NUM_POS : n.sign == NUM_NINF ? NUM_PINF : n.sign;
    return num_store(n, arena, out);
}

struct err *numeric_sign(struct datum a, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    *out = n.sign == NUM_NAN ? numeric_nan(arena) : numeric_from_int64(sign_of(&n), arena);
    return NULL;
}

struct err *numeric_trim_scale(struct datum a, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    if (!num_is_special(&n))
        n.dscale = numeric_min_scale(a);
    return num_store(n, arena, out);
}

static struct err *round_or_cut(struct datum a, int scale, bool round, struct arena *arena,
                                struct datum *out)
{
    struct num n = num_load(a);
    if (num_is_special(&n)) {
        *out = a;
        return NULL;
    }
    if (scale > MAX_DSCALE)
        scale = MAX_DSCALE;
    if (scale < -(MAX_WEIGHT + 1) * DEC_DIGITS)
        scale = -(MAX_WEIGHT + 1) * DEC_DIGITS;
    n = round ? num_round(n, scale, arena) : num_trunc(n, scale, arena);
    return num_store(n, arena, out);
}

struct err *numeric_round(struct datum a, int scale, struct arena *arena, struct datum *out)
{
    return round_or_cut(a, scale, true, arena, out);
}

struct err *numeric_trunc(struct datum a, int scale, struct arena *arena, struct datum *out)
{
    return round_or_cut(a, scale, false, arena, out);
}

/* Toward +infinity (up) or -infinity. */
static struct err *to_whole(struct datum a, bool up, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    if (num_is_special(&n)) {
        *out = a;
        return NULL;
    }
    struct num whole = num_trunc(n, 0, arena);
    if (num_compare(&whole, &n) != 0 && (n.sign == NUM_NEG) != up) {
        struct num one = num_small(&DIGIT_1);
        whole = up ? num_add(whole, one, arena) : num_sub(whole, one, arena);
    }
    return num_store(whole, arena, out);
}

struct err *numeric_ceil(struct datum a, struct arena *arena, struct datum *out)
{
    return to_whole(a, true, arena, out);
}

struct err *numeric_floor(struct datum a, struct arena *arena, struct datum *out)
{
    return to_whole(a, false, arena, out);
}

struct err *numeric_sqrt(struct datum a, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    if (n.sign == NUM_NAN || n.sign == NUM_PINF) {
        *out = a;
        return NULL;
    }
    if (sign_of(&n) < 0)
        return err_new("2201F", "cannot take square root of a negative number");
    int sig = (n.weight + 1) * DEC_DIGITS / 2 - 1;
    int scale = clamp_scale(max_int(MIN_SIG_DIGITS - sig, n.dscale));
    return num_store(num_sqrt(n, scale, arena), arena, out);
}

/* gcd keeps the larger scale. */
static struct num gcd_of(struct num x, struct num y, struct arena *a)
{
    int dscale = max_int(x.dscale, y.dscale);
    x.sign = y.sign = NUM_POS;
    while (y.ndigits) {
        struct num rest = remainder_of(x, y, a);
        x = y;
        y = rest;
    }
    x.dscale = dscale;
    return x;
}

struct err *numeric_gcd(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    if (num_is_special(&x) || num_is_special(&y))
        return give_nan(arena, out);
    return num_store(gcd_of(x, y, arena), arena, out);
}

struct err *numeric_lcm(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    if (num_is_special(&x) || num_is_special(&y))
        return give_nan(arena, out);
    struct num r = {.dscale = max_int(x.dscale, y.dscale)};
    if (x.ndigits && y.ndigits) {
        int dscale = r.dscale;
        r = num_mul(num_div(x, gcd_of(x, y, arena), 0, false, arena), y, dscale, arena);
        r.sign = NUM_POS;
        r.dscale = dscale;
    }
    return num_store(r, arena, out);
}

struct err *numeric_factorial(int64_t n, struct arena *arena, struct datum *out)
{
    if (n < 0)
        return err_new("22003", "factorial of a negative number is undefined");
    if (n > 32177)
        return num_overflow();
    struct num r = num_from_int(1, arena);
    for (int64_t i = 2; i <= n; i++)
        r = num_mul(r, num_from_int(i, arena), 0, arena);
    return num_store(r, arena, out);
}

/* Transcendental functions. The scratch arena is the function's own. */

/* Decimal weight of ln(n), roughly. */
static int ln_weight(const struct num *n, struct arena *a)
{
    static const ndigit nine_tenths = 9000;
    static const ndigit eleven_tenths[] = {1, 1000};
    struct num low = {.digits = &nine_tenths, .ndigits = 1, .weight = -1};
    struct num high = {.digits = eleven_tenths, .ndigits = 2};
    if (sign_of(n) <= 0)
        return 0;
    if (num_compare(n, &low) >= 0 && num_compare(n, &high) <= 0) {
        struct num x = num_sub(*n, num_small(&DIGIT_1), a);
        return x.ndigits ? x.weight * DEC_DIGITS + (int)log10((double)x.digits[0]) : 0;
    }
    int digits = n->digits[0];
    int weight = n->weight * DEC_DIGITS;
    if (n->ndigits > 1) {
        digits = digits * NBASE + n->digits[1];
        weight -= DEC_DIGITS;
    }
    double ln = log((double)digits) + weight * 2.302585092994046;
    return (int)log10(fabs(ln));
}

static struct num halve(struct num n, int scale, struct arena *a)
{
    return num_div(n, num_small(&DIGIT_2), scale, false, a);
}

/* ln(n) for n > 0: square roots bring n near 1, where 2 atanh((n-1)/(n+1)) converges quickly. */
static struct num num_ln(struct num n, int rscale, struct arena *a)
{
    static const ndigit nine_tenths = 9000;
    static const ndigit eleven_tenths[] = {1, 1000};
    struct num low = {.digits = &nine_tenths, .ndigits = 1, .weight = -1};
    struct num high = {.digits = eleven_tenths, .ndigits = 2};
    struct num one = num_small(&DIGIT_1);
    int scale = rscale + 12 + (n.ndigits && n.weight < 0 ? -n.weight * DEC_DIGITS : 0);
    int roots = 0;
    struct num x = n;
    while (num_compare(&x, &low) <= 0 || num_compare(&x, &high) >= 0) {
        x = num_sqrt(x, scale + roots / 3 + 6, a);
        roots++;
    }
    scale = rscale + 12 + roots / 3;
    struct num z = num_div(num_sub(x, one, a), num_add(x, one, a), scale, true, a);
    struct num square = num_mul(z, z, scale, a);
    struct num power = z, sum = z;
    for (int k = 3; power.ndigits; k += 2) {
        power = num_mul(power, square, scale, a);
        struct num term = num_div(power, num_from_int(k, a), scale, true, a);
        if (term.ndigits == 0)
            break;
        sum = num_add(sum, term, a);
    }
    for (int i = 0; i <= roots; i++)
        sum = num_add(sum, sum, a);
    return num_round(sum, rscale, a);
}

/* e^n, |n| at most about 6000: n is halved to below 0.01, the series taken, the result squared. */
static struct num num_exp(struct num n, int rscale, struct arena *a)
{
    double approx = num_to_double(&n);
    int weight = (int)(approx * 0.434294481903252); /* decimal exponent of the result */
    int halvings = 0;
    for (double v = fabs(approx); v > 0.01; v /= 2)
        halvings++;
    int scale = rscale + (weight > 0 ? weight : 0) + halvings / 3 + 12;
    struct num x = n;
    for (int i = 0; i < halvings; i++)
        x = halve(x, scale + halvings, a);
    struct num one = num_small(&DIGIT_1);
    struct num sum = num_add(one, x, a), term = x;
    for (int k = 2; term.ndigits; k++) {
        term = num_div(num_mul(term, x, scale + 4, a), num_from_int(k, a), scale + 4, true, a);
        sum = num_add(sum, term, a);
    }
    /* A tiny result needs fewer decimals on the way than its relative precision suggests: keep
     * them all, the numbers are short. */
    int wide = scale + (weight < 0 ? -weight : 0) + 4;
    for (int i = 0; i < halvings; i++)
        sum = num_mul(sum, sum, wide, a);
    return num_round(sum, rscale, a);
}

struct err *numeric_ln(struct datum a, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    if (n.sign == NUM_NAN || n.sign == NUM_PINF) {
        *out = a;
        return NULL;
    }
    if (sign_of(&n) < 0)
        return err_new("2201E", "cannot take logarithm of a negative number");
    if (sign_of(&n) == 0)
        return err_new("2201E", "cannot take logarithm of zero");
    struct arena scratch;
    arena_init(&scratch);
    int scale = clamp_scale(max_int(MIN_SIG_DIGITS - ln_weight(&n, &scratch), n.dscale));
    struct err *e = num_store(num_ln(n, scale, &scratch), arena, out);
    arena_done(&scratch);
    return e;
}

struct err *numeric_exp(struct datum a, struct arena *arena, struct datum *out)
{
    struct num n = num_load(a);
    if (n.sign == NUM_NAN || n.sign == NUM_PINF) {
        *out = a;
        return NULL;
    }
    if (n.sign == NUM_NINF) {
        *out = numeric_from_int64(0, arena);
        return NULL;
    }
    double v = num_to_double(&n);
    double weight = v * 0.434294481903252;
    weight = fmin(fmax(weight, -MAX_RESULT_SCALE), MAX_RESULT_SCALE);
    int scale = clamp_scale(max_int(MIN_SIG_DIGITS - (int)weight, n.dscale));
    if (fabs(v) >= MAX_RESULT_SCALE * 3) {
        if (v > 0)
            return num_overflow();
        return num_store((struct num){.dscale = scale}, arena, out);
    }
    struct arena scratch;
    arena_init(&scratch);
    struct err *e = num_store(num_exp(n, scale, &scratch), arena, out);
    arena_done(&scratch);
    return e;
}

static struct err *log_domain(const struct num *n)
{
    if (n->sign == NUM_NAN)
        return NULL;
    if (sign_of(n) < 0)
        return err_new("2201E", "cannot take logarithm of a negative number");
    if (sign_of(n) == 0)
        return err_new("2201E", "cannot take logarithm of zero");
    return NULL;
}

struct err *numeric_log(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num base = num_load(a), n = num_load(b);
    if (either_nan(&base, &n))
        return give_nan(arena, out);
    TRY(log_domain(&base));
    TRY(log_domain(&n));
    if (is_inf(&base)) {
        *out = is_inf(&n) ? numeric_nan(arena) : numeric_from_int64(0, arena);
        return NULL;
    }
    if (is_inf(&n))
        return give_inf(1, arena, out);
    struct arena scratch;
    arena_init(&scratch);
    int base_weight = ln_weight(&base, &scratch), n_weight = ln_weight(&n, &scratch);
    int weight = n_weight - base_weight;
    int scale = clamp_scale(max_int(MIN_SIG_DIGITS - weight, max_int(base.dscale, n.dscale)));
    int base_scale = max_int(scale + weight - base_weight, 0) + 8 + abs(weight);
    int n_scale = max_int(scale + weight - n_weight, 0) + 8 + abs(weight);
    struct num ln_base = num_ln(base, max_int(base_scale, scale + 8), &scratch);
    struct num ln_n = num_ln(n, max_int(n_scale, scale + 8), &scratch);
    struct err *e = ln_base.ndigits == 0
                        ? division_by_zero()
                        : num_store(num_div(ln_n, ln_base, scale, true, &scratch), arena, out);
    arena_done(&scratch);
    return e;
}

/* base^exponent by squaring. Precision is relative: a fixed number of significant digits. */
static struct num power_by_squaring(struct num base, int64_t exponent, int weight, int rscale,
                                    struct arena *a)
{
    uint64_t left = exponent < 0 ? -(uint64_t)exponent : (uint64_t)exponent;
    int digits = rscale + abs(weight) + 16 + 8;
    for (uint64_t e = left; e; e >>= 1)
        digits++;
    struct num result = num_small(&DIGIT_1), square = base;
    for (;;) {
        if (left & 1) {
            result = num_mul(result, square, result.dscale + square.dscale, a);
            if (result.ndigits)
                result = num_round(result, digits - result.weight * DEC_DIGITS, a);
        }
        left >>= 1;
        if (!left)
            break;
        square = num_mul(square, square, 2 * square.dscale, a);
        if (square.ndigits)
            square = num_round(square, digits - square.weight * DEC_DIGITS, a);
    }
    if (exponent < 0)
        return num_div(num_small(&DIGIT_1), result, rscale, true, a);
    return num_round(result, rscale, a);
}

static struct err *power_int(struct num base, int64_t exponent, struct arena *scratch,
                             struct num *out)
{
    double weight = 0;
    if (base.ndigits) {
        double f = base.digits[0];
        int p = base.weight * DEC_DIGITS;
        for (int i = 1; i < base.ndigits && i * DEC_DIGITS < 16; i++) {
            f = f * NBASE + base.digits[i];
            p -= DEC_DIGITS;
        }
        weight = (double)exponent * (log10(f) + p);
    }
    if (weight > (INT16_MAX + 1) * (double)DEC_DIGITS)
        return num_overflow();
    int scale = clamp_scale(max_int(MIN_SIG_DIGITS, base.dscale));
    if (weight + 1 < -scale) {
        *out = (struct num){.dscale = scale};
        return NULL;
    }
    if (exponent == 0) {
        *out = num_small(&DIGIT_1);
        out->dscale = scale;
        return NULL;
    }
    if (base.ndigits == 0) {
        if (exponent < 0)
            return division_by_zero();
        *out = (struct num){.dscale = scale};
        return NULL;
    }
    *out = power_by_squaring(base, exponent, (int)weight, scale, scratch);
    out->dscale = scale;
    return NULL;
}

/* A whole number that fits an int: its value goes to *out. */
static bool whole_exponent(const struct num *n, int64_t *out)
{
    if (n->ndigits > n->weight + 1 || n->weight > 2)
        return n->ndigits == 0 && (*out = 0, true);
    int64_t v = 0;
    for (int w = n->weight, i = 0; w >= 0; w--, i++)
        v = v * NBASE + (i < n->ndigits ? n->digits[i] : 0);
    if (n->sign == NUM_NEG)
        v = -v;
    *out = v;
    return v >= INT32_MIN && v <= INT32_MAX;
}

static struct err *power_real(struct num base, struct num exponent, struct arena *scratch,
                              struct num *out)
{
    bool negative = false;
    if (base.sign == NUM_NEG) {
        /* Then the exponent is whole, only too large for an int. */
        if (exponent.ndigits > 0 && exponent.ndigits == exponent.weight + 1)
            negative = exponent.digits[exponent.ndigits - 1] & 1;
        base.sign = NUM_POS;
    }
    int weight = ln_weight(&base, scratch);
    int rough = max_int(8 - weight, 0);
    struct num ln_rough = num_mul(num_ln(base, rough, scratch), exponent, rough, scratch);
    double v = num_to_double(&ln_rough);
    if (fabs(v) > MAX_RESULT_SCALE * 3.01) {
        if (v > 0)
            return num_overflow();
        *out = (struct num){.dscale = NUMERIC_MAX_DISPLAY_SCALE};
        return NULL;
    }
    v *= 0.434294481903252;
    int scale = max_int(MIN_SIG_DIGITS - (int)v, max_int(base.dscale, exponent.dscale));
    scale = clamp_scale(scale);
    int digits = max_int(scale + (int)v, 0);
    int exponent_weight = exponent.ndigits ? max_int(exponent.weight + 1, 0) * DEC_DIGITS : 0;
    int ln_scale = max_int(digits - weight, 0) + exponent_weight + 12;
    struct num ln = num_ln(base, ln_scale, scratch);
    struct num product = num_mul(ln, exponent, max_int(digits, 0) + 12, scratch);
    *out = num_exp(product, scale, scratch);
    out->dscale = scale;
    if (negative && out->ndigits)
        out->sign = NUM_NEG;
    return NULL;
}

/* Powers with NaN and infinities; *done is false when both are ordinary numbers. */
static struct err *power_special(struct datum a, const struct num *x, const struct num *y,
                                 struct arena *arena, struct datum *out, bool *done)
{
    struct num one = num_small(&DIGIT_1);
    *done = true;
    bool x_is_one = num_compare(x, &one) == 0;
    if (x->sign == NUM_NAN || y->sign == NUM_NAN) {
        if (sign_of(y) == 0 && y->sign != NUM_NAN)
            *out = numeric_from_int64(1, arena);
        else
            *out = x_is_one ? numeric_from_int64(1, arena) : numeric_nan(arena);
        return NULL;
    }
    if (sign_of(x) == 0 && sign_of(y) < 0)
        return err_new("2201F", "zero raised to a negative power is undefined");
    bool whole = is_inf(y) || y->ndigits <= y->weight + 1 || y->ndigits == 0;
    if (sign_of(x) < 0 && !whole)
        return err_new("2201F",
                       "a negative number raised to a non-integer power yields a complex result");
    if (!is_inf(x) && !is_inf(y)) {
        *done = false;
        return NULL;
    }
    if (x_is_one || sign_of(y) == 0) {
        *out = numeric_from_int64(1, arena);
    } else if (sign_of(x) == 0) {
        *out = numeric_from_int64(0, arena);
    } else if (is_inf(y)) {
        struct num magnitude = *x;
        magnitude.sign = is_inf(x) ? NUM_PINF : NUM_POS;
        int c = num_compare(&magnitude, &one);
        *out = c == 0                        ? numeric_from_int64(1, arena)
               : (c > 0) == (sign_of(y) > 0) ? numeric_infinity(false, arena)
                                             : numeric_from_int64(0, arena);
    } else if (x->sign == NUM_PINF) {
        *out = sign_of(y) > 0 ? a : numeric_from_int64(0, arena);
    } else if (sign_of(y) < 0) {
        *out = numeric_from_int64(0, arena);
    } else {
        bool odd = y->ndigits == y->weight + 1 && y->digits[y->ndigits - 1] & 1;
        *out = numeric_infinity(odd, arena);
    }
    return NULL;
}

struct err *numeric_power(struct datum a, struct datum b, struct arena *arena, struct datum *out)
{
    struct num x = num_load(a), y = num_load(b);
    bool done;
    TRY(power_special(a, &x, &y, arena, out, &done));
    if (done)
        return NULL;
    struct arena scratch;
    arena_init(&scratch);
    struct num r;
    int64_t exponent;
    struct err *e;
    if (whole_exponent(&y, &exponent)) {
        e = power_int(x, exponent, &scratch, &r);
    } else if (x.ndigits == 0) {
        r = (struct num){.dscale = MIN_SIG_DIGITS};
        e = NULL;
    } else {
        e = power_real(x, y, &scratch, &r);
    }
    if (!e)
        e = num_store(r, arena, out);
    arena_done(&scratch);
    return e;
}

/* Running sums: digits without carries, so that an addition touches only the digits it has. */

enum { SUM_MAX_PENDING = 100000000 };

static void settle(struct numeric_sum *s)
{
    int64_t carry = 0;
    for (int i = s->ndigits - 1; i > 0; i--) {
        int64_t v = s->digits[i] + carry;
        carry = v / NBASE;
        s->digits[i] = v % NBASE;
    }
    if (s->ndigits)
        s->digits[0] += carry;
    s->pending = 0;
}

/* Makes room for digits of weights from high down to low. */
static struct err *sum_reserve(struct numeric_sum *s, int high, int low, struct arena *arena)
{
    int last = s->first_weight - s->ndigits + 1;
    if (s->ndigits && high <= s->first_weight && low >= last)
        return NULL;
    int new_high = high, new_low = low;
    if (s->ndigits) {
        new_high = max_int(high, s->first_weight);
        new_low = low < last ? low : last;
    }
    /* The first digit must stay below 2^63 / NBASE: keep two spare ones. */
    new_high += 2;
    int n = new_high - new_low + 1;
    int64_t *d = arena_try_alloc(arena, sizeof(*d) * (size_t)n);
    if (!d)
        return err_oom();
    memset(d, 0, sizeof(*d) * (size_t)n);
    if (s->ndigits)
        memcpy(d + (new_high - s->first_weight), s->digits, sizeof(*d) * (size_t)s->ndigits);
    s->digits = d;
    s->ndigits = n;
    s->first_weight = new_high;
    return NULL;
}

/* Adds the digits of a finite value, or subtracts them. */
static struct err *sum_digits(struct numeric_sum *s, const struct num *n, bool subtract,
                              struct arena *arena)
{
    if (n->ndigits == 0)
        return NULL;
    TRY(sum_reserve(s, n->weight, n->weight - n->ndigits + 1, arena));
    if (s->pending++ == SUM_MAX_PENDING)
        settle(s);
    int64_t *to = s->digits + (s->first_weight - n->weight);
    if ((n->sign == NUM_NEG) != subtract)
        for (int i = 0; i < n->ndigits; i++)
            to[i] -= n->digits[i];
    else
        for (int i = 0; i < n->ndigits; i++)
            to[i] += n->digits[i];
    return NULL;
}

static void sum_special(struct numeric_sum *s, const struct num *n, int by)
{
    s->nans += n->sign == NUM_NAN ? by : 0;
    s->pinfs += n->sign == NUM_PINF ? by : 0;
    s->ninfs += n->sign == NUM_NINF ? by : 0;
}

struct err *numeric_sum_add(struct numeric_sum *s, struct datum d, struct arena *arena)
{
    struct num n = num_load(d);
    s->count++;
    if (num_is_special(&n)) {
        sum_special(s, &n, 1);
        return NULL;
    }
    if (n.dscale > s->dscale) {
        s->dscale = n.dscale;
        s->widest = 0;
    }
    s->widest += n.dscale == s->dscale;
    return sum_digits(s, &n, false, arena);
}

struct err *numeric_sum_add_total(struct numeric_sum *s, struct datum total, int64_t values,
                                  struct arena *arena)
{
    TRY(numeric_sum_add(s, total, arena));
    s->count += values - 1;
    if (num_load(total).dscale == s->dscale)
        s->widest += values - 1;
    return NULL;
}

struct err *numeric_sum_remove(struct numeric_sum *s, struct datum d, struct arena *arena, bool *ok)
{
    struct num n = num_load(d);
    s->count--;
    *ok = true;
    if (num_is_special(&n)) {
        sum_special(s, &n, -1);
        return NULL;
    }
    s->widest -= n.dscale == s->dscale;
    *ok = s->widest > 0 || s->dscale == 0;
    return sum_digits(s, &n, true, arena);
}

struct err *numeric_sum_get(const struct numeric_sum *s, struct arena *arena, struct datum *out)
{
    if (s->nans || (s->pinfs && s->ninfs))
        return give_nan(arena, out);
    if (s->pinfs || s->ninfs)
        return give_inf(s->pinfs ? 1 : -1, arena, out);
    int n = s->ndigits + 4;
    int64_t *d = arena_try_alloc(arena, (sizeof(*d) + sizeof(ndigit)) * (size_t)n);
    if (!d)
        return err_oom();
    ndigit *digits = (ndigit *)(d + n);
    memset(d, 0, sizeof(*d) * 4);
    if (s->ndigits)
        memcpy(d + 4, s->digits, sizeof(*d) * (size_t)s->ndigits);
    /* The sign is that of the first digit once carries have settled. */
    int64_t carry = 0;
    for (int i = n - 1; i >= 0; i--) {
        int64_t v = d[i] + carry;
        carry = v >= 0 ? v / NBASE : -((-v + NBASE - 1) / NBASE);
        d[i] = v - carry * NBASE;
    }
    bool negative = carry < 0;
    if (negative) { /* ten's complement */
        int64_t borrow = 0;
        for (int i = n - 1; i >= 0; i--) {
            int64_t v = -d[i] - borrow;
            borrow = v < 0;
            d[i] = v + borrow * NBASE;
        }
    }
    for (int i = 0; i < n; i++)
        digits[i] = (uint16_t)d[i];
    struct num r = {.digits = digits,
                    .ndigits = n,
                    .weight = s->ndigits ? s->first_weight + 4 : 0,
                    .dscale = s->dscale,
                    .sign = negative ? NUM_NEG : NUM_POS};
    return num_store(r, arena, out);
}

struct err *numeric_variance(struct datum count, struct datum sum, struct datum sum_squares,
                             bool sample, bool deviation, struct arena *arena, struct datum *out)
{
    struct num n = num_load(count), s = num_load(sum), q = num_load(sum_squares);
    struct num one = num_small(&DIGIT_1);
    if (sample ? num_compare(&n, &one) <= 0 : n.ndigits == 0) {
        *out = datum_null();
        return NULL;
    }
    if (num_is_special(&s) || num_is_special(&q))
        return give_nan(arena, out);
    int scale = s.dscale * 2;
    struct num numerator = num_sub(num_mul(n, q, scale, arena), num_mul(s, s, scale, arena), arena);
    if (sign_of(&numerator) <= 0) {
        *out = numeric_from_int64(0, arena);
        return NULL;
    }
    struct num divisor = num_mul(n, sample ? num_sub(n, one, arena) : n, 0, arena);
    int rscale = num_div_scale(&numerator, &divisor);
    struct num r = num_div(numerator, divisor, rscale, true, arena);
    if (deviation)
        r = num_sqrt(r, rscale, arena);
    return num_store(r, arena, out);
}
