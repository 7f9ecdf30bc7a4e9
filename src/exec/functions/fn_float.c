/* real and double precision: arithmetic, casts, mathematical functions. */
#include "exec/functions/fn_internal.h"

#include "base/clock.h"

#include <math.h>

#define F8(n) (c->args[n].f64)
#define F4(n) (c->args[n].f32)

static struct err *give_f8(double v, struct datum *out)
{
    *out = datum_f64(v);
    return NULL;
}

static struct err *give_f4(float v, struct datum *out)
{
    *out = datum_f32(v);
    return NULL;
}

/* Infinite results of finite numbers and zero results of others are errors. */
static struct err *checked(double v, bool inf_ok, bool zero_ok, struct datum *out)
{
    if (__builtin_expect(isinf(v) && !inf_ok, 0))
        return float_overflow();
    if (__builtin_expect(v == 0 && !zero_ok, 0))
        return float_underflow();
    return give_f8(v, out);
}

static struct err *checked4(float v, bool inf_ok, bool zero_ok, struct datum *out)
{
    if (__builtin_expect(isinf(v) && !inf_ok, 0))
        return float_overflow();
    if (__builtin_expect(v == 0 && !zero_ok, 0))
        return float_underflow();
    return give_f4(v, out);
}

#define ARITHMETIC(name, X, Y, check, type)                               \
    FN(name##pl)                                                          \
    {                                                                     \
        type a = (type)(X), b = (type)(Y);                                \
        return check(a + b, isinf(a) || isinf(b), true, out);             \
    }                                                                     \
    FN(name##mi)                                                          \
    {                                                                     \
        type a = (type)(X), b = (type)(Y);                                \
        return check(a - b, isinf(a) || isinf(b), true, out);             \
    }                                                                     \
    FN(name##mul)                                                         \
    {                                                                     \
        type a = (type)(X), b = (type)(Y);                                \
        return check(a * b, isinf(a) || isinf(b), a == 0 || b == 0, out); \
    }                                                                     \
    FN(name##div)                                                         \
    {                                                                     \
        type a = (type)(X), b = (type)(Y);                                \
        if (b == 0 && !isnan(a))                                          \
            return zero_divide();                                         \
        return check(a / b, isinf(a), a == 0 || isinf(b), out);           \
    }
ARITHMETIC(float8, F8(0), F8(1), checked, double)
ARITHMETIC(float48, F4(0), F8(1), checked, double)
ARITHMETIC(float84, F8(0), F4(1), checked, double)
ARITHMETIC(float4, F4(0), F4(1), checked4, float)

FN(float8um)
{
    return give_f8(-F8(0), out);
}

FN(float8up)
{
    return give_f8(F8(0), out);
}

FN(float8abs)
{
    return give_f8(fabs(F8(0)), out);
}

FN(float4um)
{
    return give_f4(-F4(0), out);
}

FN(float4up)
{
    return give_f4(F4(0), out);
}

FN(float4abs)
{
    return give_f4(fabsf(F4(0)), out);
}

/* Casts */

FN(ftod)
{
    return give_f8((double)F4(0), out);
}

FN(dtof)
{
    double v = F8(0);
    return checked4((float)v, isinf(v), v == 0, out);
}

/* To the nearest integer, halves to even. */
static struct err *to_int(double v, double low, double high, struct err *(*range)(void),
                          struct datum *out)
{
    v = rint(v);
    if (!(v >= low && v < high))
        return range();
    return give_int((int64_t)v, out);
}

FN(dtoi2)
{
    return to_int(F8(0), -32768.0, 32768.0, int2_range, out);
}

FN(dtoi4)
{
    return to_int(F8(0), -2147483648.0, 2147483648.0, int4_range, out);
}

FN(dtoi8)
{
    return to_int(F8(0), -9223372036854775808.0, 9223372036854775808.0, int8_range, out);
}

FN(ftoi2)
{
    return to_int((double)F4(0), -32768.0, 32768.0, int2_range, out);
}

FN(ftoi4)
{
    return to_int((double)F4(0), -2147483648.0, 2147483648.0, int4_range, out);
}

FN(ftoi8)
{
    return to_int((double)F4(0), -9223372036854775808.0, 9223372036854775808.0, int8_range, out);
}

FN(itod)
{
    return give_f8((double)ARG_I(0), out);
}

FN(itof)
{
    return give_f4((float)ARG_I(0), out);
}

/* Rounding */

FN(dround)
{
    return give_f8(rint(F8(0)), out);
}

FN(dceil)
{
    return give_f8(ceil(F8(0)), out);
}

FN(dfloor)
{
    return give_f8(floor(F8(0)), out);
}

FN(dtrunc)
{
    return give_f8(trunc(F8(0)), out);
}

FN(dsign)
{
    double v = F8(0);
    return give_f8(v > 0 ? 1 : v < 0 ? -1 : 0, out);
}

/* Powers */

FN(dsqrt)
{
    double v = F8(0);
    if (v < 0)
        return err_new("2201F", "cannot take square root of a negative number");
    return checked(sqrt(v), isinf(v), v == 0, out);
}

FN(dcbrt)
{
    double v = F8(0);
    return checked(cbrt(v), isinf(v), v == 0, out);
}

FN(dpow)
{
    double a = F8(0), b = F8(1);
    if (isnan(a))
        return give_f8(b == 0 ? 1 : a, out);
    if (isnan(b))
        return give_f8(a == 1 ? 1 : b, out);
    if (a == 0 && b < 0)
        return err_new("2201F", "zero raised to a negative power is undefined");
    if (a < 0 && floor(b) != b)
        return err_new("2201F",
                       "a negative number raised to a non-integer power yields a complex result");
    bool inf = isinf(a) || isinf(b);
    return checked(pow(a, b), inf, inf || a == 0, out);
}

FN(dexp)
{
    double v = F8(0);
    return checked(exp(v), isinf(v), isinf(v), out);
}

static struct err *logarithm(double v, double (*log_fn)(double), struct datum *out)
{
    if (v == 0)
        return err_new("2201E", "cannot take logarithm of zero");
    if (v < 0)
        return err_new("2201E", "cannot take logarithm of a negative number");
    return checked(log_fn(v), isinf(v), v == 1, out);
}

FN(dlog1)
{
    return logarithm(F8(0), log, out);
}

FN(dlog10)
{
    return logarithm(F8(0), log10, out);
}

/* Trigonometry */

static struct err *input_range(void)
{
    return err_new("22003", "input is out of range");
}

static struct err *inverse(double v, double (*fn)(double), struct datum *out)
{
    if (v < -1 || v > 1)
        return input_range();
    return give_f8(fn(v), out);
}

FN(dacos)
{
    return inverse(F8(0), acos, out);
}

FN(dasin)
{
    return inverse(F8(0), asin, out);
}

FN(datan)
{
    return give_f8(atan(F8(0)), out);
}

FN(datan2)
{
    return give_f8(atan2(F8(0), F8(1)), out);
}

static struct err *periodic(double v, double (*fn)(double), struct datum *out)
{
    if (isinf(v))
        return input_range();
    return give_f8(fn(v), out);
}

static double cotangent(double v)
{
    return 1 / tan(v);
}

FN(dsin)
{
    return periodic(F8(0), sin, out);
}

FN(dcos)
{
    return periodic(F8(0), cos, out);
}

FN(dtan)
{
    return periodic(F8(0), tan, out);
}

FN(dcot)
{
    return periodic(F8(0), cotangent, out);
}

FN(dsinh)
{
    return give_f8(sinh(F8(0)), out);
}

FN(dcosh)
{
    return give_f8(cosh(F8(0)), out);
}

FN(dtanh)
{
    return give_f8(tanh(F8(0)), out);
}

FN(dasinh)
{
    return give_f8(asinh(F8(0)), out);
}

FN(dacosh)
{
    double v = F8(0);
    return v < 1 ? input_range() : give_f8(acosh(v), out);
}

FN(datanh)
{
    double v = F8(0);
    if (v < -1 || v > 1)
        return input_range();
    return give_f8(v == 1 ? INFINITY : v == -1 ? -INFINITY : atanh(v), out);
}

/* In degrees: exact at the angles where the result is. The series near 0, 30, 45, 60 and 90 degrees
 * are scaled so that these angles give 0, 1/2 and 1. Volatile keeps the compiler from folding the
 * scale factors with another rounding than the run time's. */

#define RADIANS_PER_DEGREE 0.0174532925199432957692

static double sin_to_30(double x)
{
    volatile double thirty = 30;
    return sin(x * RADIANS_PER_DEGREE) / sin(thirty * RADIANS_PER_DEGREE) / 2;
}

static double cos_to_60(double x)
{
    volatile double sixty = 60;
    double one_minus = 1 - cos(x * RADIANS_PER_DEGREE);
    volatile double scale = 1 - cos(sixty * RADIANS_PER_DEGREE);
    return 1 - one_minus / scale / 2;
}

static double sin_quarter(double x) /* 0 to 90 */
{
    return x <= 30 ? sin_to_30(x) : cos_to_60(90 - x);
}

static double cos_quarter(double x)
{
    return x <= 60 ? cos_to_60(x) : sin_to_30(90 - x);
}

static double sin_degrees(double x)
{
    double sign = 1;
    x = fmod(x, 360);
    if (x < 0) {
        x = -x;
        sign = -sign;
    }
    if (x > 180) {
        x = 360 - x;
        sign = -sign;
    }
    if (x > 90)
        x = 180 - x;
    return sign * sin_quarter(x);
}

static double cos_degrees(double x)
{
    double sign = 1;
    x = fabs(fmod(x, 360));
    if (x > 180)
        x = 360 - x;
    if (x > 90) {
        x = 180 - x;
        sign = -sign;
    }
    return sign * cos_quarter(x);
}

/* sin/cos, or its reciprocal, of an angle brought to 0..90. */
static double tan_cot(double x, bool cot)
{
    double sign = 1;
    x = fmod(x, 360);
    if (x < 0) {
        x = -x;
        sign = -sign;
    }
    if (x > 180) {
        x = 360 - x;
        sign = -sign;
    }
    if (x > 90) {
        x = 180 - x;
        sign = -sign;
    }
    volatile double at_45 = sin_quarter(45) / cos_quarter(45);
    volatile double cot_45 = cos_quarter(45) / sin_quarter(45);
    double v =
        cot ? cos_quarter(x) / sin_quarter(x) / cot_45 : sin_quarter(x) / cos_quarter(x) / at_45;
    v *= sign;
    return v == 0 ? 0 : v; /* no minus zero */
}

static double tan_degrees(double x)
{
    return tan_cot(x, false);
}

static double cot_degrees(double x)
{
    return tan_cot(x, true);
}

FN(dsind)
{
    return periodic(F8(0), sin_degrees, out);
}

FN(dcosd)
{
    return periodic(F8(0), cos_degrees, out);
}

FN(dtand)
{
    return periodic(F8(0), tan_degrees, out);
}

FN(dcotd)
{
    return periodic(F8(0), cot_degrees, out);
}

/* asin and acos of 0..1, exact at 1/2. */
static double asin_quarter(double x)
{
    volatile double half = 0.5;
    if (x <= 0.5)
        return asin(x) / asin(half) * 30;
    return 90 - acos(x) / acos(half) * 60;
}

static double acos_quarter(double x)
{
    volatile double half = 0.5;
    if (x <= 0.5)
        return 90 - asin(x) / asin(half) * 30;
    return acos(x) / acos(half) * 60;
}

static double asin_degrees(double x)
{
    return x >= 0 ? asin_quarter(x) : -asin_quarter(-x);
}

static double acos_degrees(double x)
{
    return x >= 0 ? acos_quarter(x) : 90 + asin_quarter(-x);
}

FN(dasind)
{
    return inverse(F8(0), asin_degrees, out);
}

FN(dacosd)
{
    return inverse(F8(0), acos_degrees, out);
}

FN(datand)
{
    volatile double one = 1;
    return give_f8(atan(F8(0)) / atan(one) * 45, out);
}

FN(datan2d)
{
    volatile double one = 1;
    return give_f8(atan2(F8(0), F8(1)) / atan(one) * 45, out);
}

FN(degrees)
{
    double v = F8(0);
    return checked(v / RADIANS_PER_DEGREE, isinf(v), v == 0, out);
}

FN(radians)
{
    double v = F8(0);
    return checked(v * RADIANS_PER_DEGREE, isinf(v), v == 0, out);
}

FN(dpi)
{
    return give_f8(M_PI, out);
}

/* Random numbers: xoroshiro128** seeded by splitmix64 (Blackman, Vigna). */

static __thread uint64_t thread_random[2];

static uint64_t *random_words(struct fn_call *c)
{
    uint64_t *s = c->env && c->env->random_state ? c->env->random_state : thread_random;
    if (!s[0] && !s[1])
        random_bytes(s, 2 * sizeof(*s));
    return s;
}

static uint64_t rotate(uint64_t v, int by)
{
    return v << by | v >> (64 - by);
}

static uint64_t random_next(uint64_t *s)
{
    uint64_t a = s[0], b = s[1] ^ s[0];
    uint64_t v = rotate(a * 5, 7) * 9;
    s[0] = rotate(a, 24) ^ b ^ (b << 16);
    s[1] = rotate(b, 37);
    return v;
}

FN(drandom)
{
    return give_f8(ldexp((double)(random_next(random_words(c)) >> 12), -52), out);
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t v = *state += 0x9e3779b97f4a7c15ull;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ull;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebull;
    return v ^ (v >> 31);
}

FN(setseed)
{
    double seed = F8(0);
    if (!(seed >= -1 && seed <= 1))
        return err_new("22023", "setseed parameter %g is out of allowed range [-1,1]", seed);
    uint64_t *s = random_words(c);
    uint64_t state = (uint64_t)(int64_t)((double)(((uint64_t)1 << 52) - 1) * seed);
    s[0] = splitmix(&state);
    s[1] = splitmix(&state);
    return give_int(0, out);
}

FN(width_bucket_float8)
{
    double v = F8(0), low = F8(1), high = F8(2);
    int64_t count = ARG_I(3);
    if (count <= 0)
        return err_new("2201G", "count must be greater than zero");
    if (isnan(v) || isnan(low) || isnan(high))
        return err_new("2201G", "operand, lower bound, and upper bound cannot be NaN");
    if (isinf(low) || isinf(high))
        return err_new("2201G", "lower and upper bounds must be finite");
    if (low == high)
        return err_new("2201G", "lower bound cannot equal upper bound");
    bool ascending = low < high;
    if (ascending ? v < low : v > low)
        return give_int(0, out);
    if (ascending ? v >= high : v <= high)
        return count == INT32_MAX ? int4_range() : give_int(count + 1, out);
    /* Halved where the difference would overflow. */
    double range = high - low, part = v - low;
    if (isinf(range)) {
        range = high / 2 - low / 2;
        part = v / 2 - low / 2;
    }
    int64_t bucket = (int64_t)((double)count * (part / range));
    return give_int((bucket >= count ? count - 1 : bucket) + 1, out);
}

#define FOUR(name) ENTRY(name##pl), ENTRY(name##mi), ENTRY(name##mul), ENTRY(name##div)

const struct fn_entry fn_float_table[] = {
    FOUR(float8),      FOUR(float4),      FOUR(float48),
    FOUR(float84),     ENTRY(float8um),   ENTRY(float8up),
    ENTRY(float8abs),  ENTRY(float4um),   ENTRY(float4up),
    ENTRY(float4abs),  ENTRY(ftod),       ENTRY(dtof),
    ENTRY(dtoi2),      ENTRY(dtoi4),      ENTRY(dtoi8),
    ENTRY(ftoi2),      ENTRY(ftoi4),      ENTRY(ftoi8),
    {"i2tod", f_itod}, {"i4tod", f_itod}, {"i8tod", f_itod},
    {"i2tof", f_itof}, {"i4tof", f_itof}, {"i8tof", f_itof},
    ENTRY(dround),     ENTRY(dceil),      ENTRY(dfloor),
    ENTRY(dtrunc),     ENTRY(dsign),      ENTRY(dsqrt),
    ENTRY(dcbrt),      ENTRY(dpow),       ENTRY(dexp),
    ENTRY(dlog1),      ENTRY(dlog10),     ENTRY(dacos),
    ENTRY(dasin),      ENTRY(datan),      ENTRY(datan2),
    ENTRY(dsin),       ENTRY(dcos),       ENTRY(dtan),
    ENTRY(dcot),       ENTRY(dsinh),      ENTRY(dcosh),
    ENTRY(dtanh),      ENTRY(dasinh),     ENTRY(dacosh),
    ENTRY(datanh),     ENTRY(dsind),      ENTRY(dcosd),
    ENTRY(dtand),      ENTRY(dcotd),      ENTRY(dasind),
    ENTRY(dacosd),     ENTRY(datand),     ENTRY(datan2d),
    ENTRY(degrees),    ENTRY(radians),    ENTRY(dpi),
    ENTRY(drandom),    ENTRY(setseed),    ENTRY(width_bucket_float8),
};
TABLE_END(fn_float);
