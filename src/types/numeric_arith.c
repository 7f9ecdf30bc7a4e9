/* Addition, multiplication, division and rounding of decimal numbers. Values are bounded by the
 * storage format (about 37,000 base-10000 digits), and so are intermediate results. */
#include "types/numeric_internal.h"

#include "base/check.h"

#include <math.h>

static const int pow10_small[DEC_DIGITS + 1] = {1, 10, 100, 1000, 10000};

static ndigit *new_digits(struct arena *a, int n)
{
    ndigit *d = arena_try_alloc(a, sizeof(ndigit) * (size_t)(n > 0 ? n : 1));
    CHECK(d); /* bounded by the format: as small sizes fixed by the code */
    return d;
}

struct num num_strip(struct num n)
{
    while (n.ndigits && n.digits[0] == 0) {
        n.digits++;
        n.ndigits--;
        n.weight--;
    }
    while (n.ndigits && n.digits[n.ndigits - 1] == 0)
        n.ndigits--;
    if (n.ndigits == 0) {
        n.weight = 0;
        if (n.sign == NUM_NEG)
            n.sign = NUM_POS;
    }
    return n;
}

struct num num_small(const ndigit *digit)
{
    return (struct num){.digits = digit, .ndigits = 1};
}

struct num num_from_int(int64_t v, struct arena *a)
{
    ndigit *d = new_digits(a, 5);
    uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
    for (int i = 4; i >= 0; i--) {
        d[i] = (uint16_t)(u % NBASE);
        u /= NBASE;
    }
    return num_strip(
        (struct num){.digits = d, .ndigits = 5, .weight = 4, .sign = v < 0 ? NUM_NEG : NUM_POS});
}

/* The digit that counts NBASE^weight. */
static inline int digit_at(const struct num *n, int weight)
{
    int i = n->weight - weight;
    return i >= 0 && i < n->ndigits ? n->digits[i] : 0;
}

int num_compare_abs(const struct num *a, const struct num *b)
{
    if (a->ndigits == 0 || b->ndigits == 0)
        return (a->ndigits > 0) - (b->ndigits > 0);
    if (a->weight != b->weight)
        return a->weight < b->weight ? -1 : 1;
    int n = a->ndigits < b->ndigits ? a->ndigits : b->ndigits;
    for (int i = 0; i < n; i++)
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    return (a->ndigits > b->ndigits) - (a->ndigits < b->ndigits);
}

/* -Infinity < numbers < Infinity < NaN */
static int special_rank(const struct num *n)
{
    return n->sign == NUM_NINF ? 0 : n->sign == NUM_PINF ? 2 : n->sign == NUM_NAN ? 3 : 1;
}

int num_compare(const struct num *a, const struct num *b)
{
    if (num_is_special(a) || num_is_special(b))
        return special_rank(a) - special_rank(b);
    if (a->sign != b->sign)
        return a->sign == NUM_NEG ? -1 : 1;
    int c = num_compare_abs(a, b);
    return a->sign == NUM_NEG ? -c : c;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* |x| + |y|, or |x| - |y| when subtract (then |x| >= |y|). */
static struct num combine(struct num x, struct num y, bool subtract, struct arena *a)
{
    int high = max_int(x.ndigits ? x.weight : INT16_MIN, y.ndigits ? y.weight : INT16_MIN) + 1;
    int low = min_int(x.ndigits ? x.weight - x.ndigits + 1 : high,
                      y.ndigits ? y.weight - y.ndigits + 1 : high);
    int n = high - low + 1;
    ndigit *d = new_digits(a, n);
    int carry = 0;
    for (int i = n - 1; i >= 0; i--) {
        int w = high - i;
        int v = digit_at(&x, w) + (subtract ? -digit_at(&y, w) : digit_at(&y, w)) + carry;
        carry = 0;
        if (v < 0) {
            v += NBASE;
            carry = -1;
        } else if (v >= NBASE) {
            v -= NBASE;
            carry = 1;
        }
        d[i] = (uint16_t)v;
    }
    return (struct num){.digits = d, .ndigits = n, .weight = high};
}

struct num num_add(struct num x, struct num y, struct arena *a)
{
    struct num r;
    if (x.ndigits == 0 || y.ndigits == 0) {
        r = x.ndigits ? x : y;
    } else if (x.sign == y.sign) {
        r = combine(x, y, false, a);
        r.sign = x.sign;
    } else {
        int c = num_compare_abs(&x, &y);
        r = c >= 0 ? combine(x, y, true, a) : combine(y, x, true, a);
        r.sign = c >= 0 ? x.sign : y.sign;
    }
    r.dscale = max_int(x.dscale, y.dscale);
    return num_strip(r);
}

struct num num_sub(struct num x, struct num y, struct arena *a)
{
    y.sign = y.sign == NUM_NEG ? NUM_POS : NUM_NEG;
    return num_add(x, y, a);
}

/* Rounding */

/* `keep` decimal digits after the first digit's beginning; what follows is dropped. */
static struct num cut(struct num n, int rscale, bool round, struct arena *a)
{
    n.dscale = rscale > 0 ? rscale : 0;
    if (n.ndigits == 0)
        return n;
    int keep = (n.weight + 1) * DEC_DIGITS + rscale; /* decimal digits that stay */
    if (keep >= n.ndigits * DEC_DIGITS)
        return num_strip(n);
    if (keep < 0 || (keep == 0 && !round)) {
        n.ndigits = 0;
        return num_strip(n);
    }
    int whole = keep / DEC_DIGITS, part = keep % DEC_DIGITS;
    int count = whole + (part > 0);
    /* One more digit in front for a carry. */
    ndigit *d = new_digits(a, count + 1);
    d[0] = 0;
    memcpy(d + 1, n.digits, sizeof(ndigit) * (size_t)count);
    bool up;
    if (part) {
        int unit = pow10_small[DEC_DIGITS - part];
        int rest = d[count] % unit;
        up = round && rest >= unit / 2;
        d[count] = (uint16_t)(d[count] - rest);
        if (up)
            d[count] = (uint16_t)(d[count] + unit);
    } else {
        up = round && n.digits[whole] >= NBASE / 2;
        if (up)
            d[count]++;
    }
    for (int i = count; up && i > 0 && d[i] >= NBASE; i--) {
        d[i] = (uint16_t)(d[i] - NBASE);
        d[i - 1]++;
    }
    n.digits = d;
    n.ndigits = count + 1;
    n.weight++;
    return num_strip(n);
}

struct num num_round(struct num n, int rscale, struct arena *a)
{
    return cut(n, rscale, true, a);
}

struct num num_trunc(struct num n, int rscale, struct arena *a)
{
    return cut(n, rscale, false, a);
}

/* Multiplication: schoolbook, carries settled at the end. */

struct num num_mul(struct num x, struct num y, int rscale, struct arena *a)
{
    struct num r = {.dscale = x.dscale + y.dscale};
    if (x.ndigits == 0 || y.ndigits == 0) {
        r.dscale = rscale;
        return r;
    }
    int n = x.ndigits + y.ndigits;
    ndigit *d = new_digits(a, n);
    struct arena_mark mark = arena_mark(a);
    uint64_t small[64];
    uint64_t *sums = small;
    if (n > (int)ARRAY_LENGTH(small)) {
        sums = arena_try_alloc(a, sizeof(*sums) * (size_t)n);
        CHECK(sums);
    }
    memset(sums, 0, sizeof(*sums) * (size_t)n);
    for (int i = 0; i < x.ndigits; i++) {
        uint64_t xd = x.digits[i];
        if (xd == 0)
            continue;
        for (int j = 0; j < y.ndigits; j++)
            sums[i + j + 1] += xd * y.digits[j]; /* at most 37,000 products below 10^8 */
    }
    uint64_t carry = 0;
    for (int i = n - 1; i >= 0; i--) {
        carry += sums[i];
        d[i] = (uint16_t)(carry % NBASE);
        carry /= NBASE;
    }
    if (sums != small)
        arena_rewind(a, mark);
    r.digits = d;
    r.ndigits = n;
    r.weight = x.weight + y.weight + 1;
    r.sign = x.sign == y.sign ? NUM_POS : NUM_NEG;
    r = num_strip(r);
    int exact = x.dscale + y.dscale;
    if (rscale < exact)
        r = num_round(r, rscale, a);
    r.dscale = rscale;
    return r;
}

/* Division */

/* q[0..nq) = u / v for a one-digit v; u has nu digits, zeros follow. */
static void divide_short(const struct num *u, int v, ndigit *q, int nq)
{
    int rest = 0;
    for (int i = 0; i < nq; i++) {
        int t = rest * NBASE + (i < u->ndigits ? u->digits[i] : 0);
        q[i] = (uint16_t)(t / v);
        rest = t % v;
    }
}

static void scale_into(int32_t *to, int n, const ndigit *from, int nfrom, int factor)
{
    int carry = 0;
    for (int i = n - 1; i >= 0; i--) {
        int t = (i < nfrom ? from[i] : 0) * factor + carry;
        to[i] = t % NBASE;
        carry = t / NBASE;
    }
    ASSERT(carry == 0);
}

/* Knuth's algorithm D. u has room for nq + nv digits, its first digit 0. */
static void divide_long(int32_t *u, const int32_t *v, int nv, ndigit *q, int nq)
{
    for (int j = 0; j < nq; j++) {
        int32_t *part = u + j; /* nv + 1 digits */
        int32_t top = part[0] * NBASE + part[1];
        int32_t guess = top / v[0];
        if (guess >= NBASE)
            guess = NBASE - 1;
        while (guess > 0) {
            int64_t rest = (int64_t)top - (int64_t)guess * v[0];
            if (rest >= NBASE || (int64_t)guess * v[1] <= rest * NBASE + part[2])
                break;
            guess--;
        }
        int32_t borrow = 0;
        for (int i = nv; i > 0; i--) {
            int32_t t = part[i] - guess * v[i - 1] + borrow;
            borrow = t < 0 ? -((-t + NBASE - 1) / NBASE) : 0;
            part[i] = t - borrow * NBASE;
        }
        part[0] += borrow;
        if (part[0] < 0) {
            guess--;
            int32_t carry = 0;
            for (int i = nv; i > 0; i--) {
                int32_t t = part[i] + v[i - 1] + carry;
                carry = t >= NBASE;
                part[i] = t - carry * NBASE;
            }
            part[0] += carry;
        }
        q[j] = (uint16_t)guess;
    }
}

struct num num_div(struct num x, struct num y, int rscale, bool round, struct arena *a)
{
    ASSERT(y.ndigits > 0);
    struct num r = {.dscale = rscale > 0 ? rscale : 0};
    if (x.ndigits == 0)
        return r;
    /* The quotient's first digit counts NBASE^weight; one digit more than rscale needs. */
    int weight = x.weight - y.weight;
    int nq = weight + 1 + (rscale + DEC_DIGITS - 1) / DEC_DIGITS + 1;
    if (rscale < 0)
        nq = weight + 2;
    if (nq < 1)
        return r;
    ndigit *q = new_digits(a, nq + 1);
    int count;
    if (y.ndigits == 1) {
        divide_short(&x, y.digits[0], q, nq);
        count = nq;
    } else {
        struct arena_mark mark = arena_mark(a);
        int nv = y.ndigits;
        int factor = NBASE / (y.digits[0] + 1);
        int nu = nq + nv;
        int32_t *u = arena_try_alloc(a, sizeof(int32_t) * (size_t)(nu + nv + 1));
        CHECK(u);
        int32_t *v = u + nu;
        scale_into(v, nv, y.digits, nv, factor);
        /* x may be longer than needed: digits behind the window only matter as "not zero", which
         * a cut quotient does not see. */
        u[0] = 0;
        int carry = 0;
        for (int i = nu - 1; i >= 1; i--) {
            int t = (i - 1 < x.ndigits ? x.digits[i - 1] : 0) * factor + carry;
            u[i] = t % NBASE;
            carry = t / NBASE;
        }
        u[0] = carry;
        divide_long(u, v, nv, q, nq);
        count = nq;
        arena_rewind(a, mark);
    }
    r.digits = q;
    r.ndigits = count;
    r.weight = weight;
    r.sign = x.sign == y.sign ? NUM_POS : NUM_NEG;
    r = num_strip(r);
    return cut(r, rscale, round, a);
}

/* At least 16 significant digits and not less than either scale. */
int num_div_scale(const struct num *x, const struct num *y)
{
    int wx = x->ndigits ? x->weight : 0, fx = x->ndigits ? x->digits[0] : 0;
    int wy = y->ndigits ? y->weight : 0, fy = y->ndigits ? y->digits[0] : 0;
    int quotient_weight = wx - wy - (fx <= fy);
    int scale = MIN_SIG_DIGITS - quotient_weight * DEC_DIGITS;
    scale = max_int(scale, max_int(x->dscale, y->dscale));
    return min_int(max_int(scale, 0), NUMERIC_MAX_DISPLAY_SCALE);
}

/* Square root: Newton's iteration on a double's estimate with doubling precision. */
struct num num_sqrt(struct num n, int rscale, struct arena *a)
{
    struct num r = {.dscale = rscale > 0 ? rscale : 0};
    if (n.ndigits == 0)
        return r;
    ASSERT(n.sign == NUM_POS);
    /* Shift by an even number of base digits so that the estimate is in range. */
    int shift = n.weight & ~1;
    struct num x = n;
    x.weight -= shift;
    double estimate = sqrt(num_to_double(&x));
    struct datum d;
    struct err *e = numeric_from_double(estimate, a, &d);
    CHECK(!e);
    struct num y = num_load(d);
    static const ndigit two_digit = 2;
    struct num two = num_small(&two_digit);
    int scale = rscale + shift / 2 * DEC_DIGITS + 8;
    if (scale < 8)
        scale = 8;
    for (int good = 10;; good *= 2) {
        int s = good * 2 < scale ? good * 2 : scale;
        struct num q = num_div(x, y, s + 2, false, a);
        y = num_div(num_add(q, y, a), two, s + 2, false, a);
        if (s == scale)
            break;
    }
    y.weight += shift / 2;
    return num_round(y, rscale, a);
}

double num_to_double(const struct num *n)
{
    if (num_is_special(n))
        return n->sign == NUM_NAN ? (double)NAN : n->sign == NUM_PINF ? HUGE_VAL : -HUGE_VAL;
    double v = 0;
    int used = min_int(n->ndigits, 6);
    for (int i = 0; i < used; i++)
        v = v * NBASE + n->digits[i];
    v *= pow(10, (double)(DEC_DIGITS * (n->weight - used + 1)));
    return n->sign == NUM_NEG ? -v : v;
}
