/* The shortest decimal that reads back as the same binary number, by the Schubfach method (R.
 * Giulietti, "The Schubfach way to render doubles", 2020): scale the number and its rounding
 * interval by a power of ten into integers with two spare bits and choose among the at most four
 * candidates. The 128-bit powers of ten are computed once at first use. */
#include "types/number.h"

#include "base/check.h"

#include <pthread.h>
#include <string.h>

enum { MIN_POWER = -292, MAX_POWER = 324, LIMBS = 36 };

struct power {
    uint64_t high;
    uint64_t low;
};

static struct power powers[MAX_POWER - MIN_POWER + 1];
static pthread_once_t powers_once = PTHREAD_ONCE_INIT;

/* floor(log2(10^e)) and floor(log10(2^e)) for the exponents of doubles. */
static int log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

static int bit_at(const uint32_t *n, int bit)
{
    return bit >= 0 && n[bit / 32] >> (bit % 32) & 1;
}

/* 10^k for k >= 0: the leading 128 bits of the exact product, rounded up. */
static void positive_power(int k, const uint32_t *exact)
{
    int top = log2_pow10(k);
    struct power *p = &powers[k - MIN_POWER];
    for (int i = 0; i < 64; i++) {
        p->high = p->high << 1 | (unsigned)bit_at(exact, top - i);
        p->low = p->low << 1 | (unsigned)bit_at(exact, top - 64 - i);
    }
    for (int bit = top - 128; bit >= 0; bit--)
        if (bit_at(exact, bit)) {
            p->high += ++p->low == 0;
            break;
        }
}

static int limbs_compare(const uint32_t *a, const uint32_t *b)
{
    for (int i = LIMBS - 1; i >= 0; i--)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static void limbs_double(uint32_t *a)
{
    for (int i = LIMBS - 1; i > 0; i--)
        a[i] = a[i] << 1 | a[i - 1] >> 31;
    a[0] <<= 1;
}

static void limbs_subtract(uint32_t *a, const uint32_t *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t d = (uint64_t)a[i] - b[i] - borrow;
        a[i] = (uint32_t)d;
        borrow = d >> 63;
    }
}

/* 10^-k for k > 0 from the exact 10^k: 128 quotient bits by long division, rounded up (it never
 * divides evenly). */
static void negative_power(int k, const uint32_t *exact)
{
    /* The quotient's first bit is 2^(log2_pow10(-k)); begin with the power of two just below. */
    uint32_t rest[LIMBS] = {0};
    int start = -log2_pow10(-k) - 1;
    rest[start / 32] = (uint32_t)1 << (start % 32);
    struct power *p = &powers[-k - MIN_POWER];
    for (int i = 0; i < 128; i++) {
        limbs_double(rest);
        unsigned bit = limbs_compare(rest, exact) >= 0;
        if (bit)
            limbs_subtract(rest, exact);
        p->high = p->high << 1 | p->low >> 63;
        p->low = p->low << 1 | bit;
    }
    p->high += ++p->low == 0;
}

static void compute_powers(void)
{
    uint32_t exact[LIMBS] = {1};
    for (int k = 0; k <= MAX_POWER; k++) {
        positive_power(k, exact);
        if (k > 0 && -k >= MIN_POWER)
            negative_power(k, exact);
        uint64_t carry = 0;
        for (int i = 0; i < LIMBS; i++) {
            carry += (uint64_t)exact[i] * 10;
            exact[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

/* The upper 64 bits of g * c / 2^64 with the lowest bit set when anything was cut off. */
static uint64_t round_to_odd(struct power g, uint64_t c)
{
    __uint128_t x = (__uint128_t)g.low * c;
    __uint128_t y = (__uint128_t)g.high * c + (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* c * 2^q; closer: the number below is only half as far away as the one above. */
static struct decimal_float shortest(uint64_t c, int q, bool closer)
{
    pthread_once(&powers_once, compute_powers);
    bool even = (c & 1) == 0;
    int k = (q * 1262611 - (closer ? 524031 : 0)) >> 22; /* floor(log10(2^q or 3/4 2^q)) */
    int h = q + log2_pow10(-k) + 1;
    struct power g = powers[-k - MIN_POWER];
    uint64_t low = round_to_odd(g, (4 * c - 2 + closer) << h);
    uint64_t mid = round_to_odd(g, (4 * c) << h);
    uint64_t high = round_to_odd(g, (4 * c + 2) << h);
    low += !even;
    high -= !even;
    uint64_t s = mid / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down_fits = low <= 40 * tens;
        bool up_fits = 40 * tens + 40 <= high;
        if (down_fits != up_fits)
            return (struct decimal_float){tens + up_fits, k + 1};
    }
    bool down_fits = low <= 4 * s;
    bool up_fits = 4 * s + 4 <= high;
    if (down_fits != up_fits)
        return (struct decimal_float){s + up_fits, k};
    uint64_t half = 4 * s + 2;
    bool up = mid > half || (mid == half && (s & 1));
    return (struct decimal_float){s + up, k};
}

/* Without trailing zeros. */
static struct decimal_float stripped(struct decimal_float d)
{
    while (d.digits && d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

struct decimal_float float8_shortest(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    ASSERT(bits && bits >> 52 < 0x7ff);
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int exponent = (int)(bits >> 52);
    if (exponent == 0)
        return stripped(shortest(fraction, -1074, false));
    uint64_t c = fraction | (uint64_t)1 << 52;
    int q = exponent - 1075;
    if (q <= 0 && q > -53 && (c & (((uint64_t)1 << -q) - 1)) == 0)
        return stripped((struct decimal_float){c >> -q, 0}); /* a whole number */
    return stripped(shortest(c, q, fraction == 0 && exponent > 1));
}

struct decimal_float float4_shortest(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    ASSERT(bits && bits >> 23 < 0xff);
    uint32_t fraction = bits & ((1u << 23) - 1);
    int exponent = (int)(bits >> 23);
    if (exponent == 0)
        return stripped(shortest(fraction, -149, false));
    uint32_t c = fraction | 1u << 23;
    int q = exponent - 150;
    if (q <= 0 && q > -24 && (c & ((1u << -q) - 1)) == 0)
        return stripped((struct decimal_float){c >> -q, 0});
    return stripped(shortest(c, q, fraction == 0 && exponent > 1));
}
