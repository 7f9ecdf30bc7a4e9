/* Numbers taken apart, for numeric.c, numeric_arith.c and numeric_math.c. */
#ifndef TARN_TYPES_NUMERIC_INTERNAL_H
#define TARN_TYPES_NUMERIC_INTERNAL_H

#include "types/numeric.h"

enum {
    NBASE = 10000,
    DEC_DIGITS = 4,
    MAX_DSCALE = 0x3fff,
    MAX_WEIGHT = INT16_MAX,
    MIN_SIG_DIGITS = 16,
    MAX_RESULT_SCALE = 2000,
};

typedef uint16_t ndigit __attribute__((aligned(1))); /* stored values are not aligned */

enum num_sign { NUM_POS, NUM_NEG, NUM_NAN, NUM_PINF, NUM_NINF };

/* sign * sum of digits[i] * NBASE^(weight - i). Zero has no digits. Digits may begin or end with
 * zeros only inside a computation. They are never changed once the number is passed on. */
struct num {
    const ndigit *digits;
    int ndigits;
    int weight;
    int dscale;
    enum num_sign sign;
};

static inline bool num_is_special(const struct num *n)
{
    return n->sign >= NUM_NAN;
}

struct num num_load(struct datum d);
/* 22003 when beyond the format. */
struct err *num_store(struct num n, struct arena *arena, struct datum *out) MUST_CHECK;
struct num num_from_int(int64_t v, struct arena *a);
struct num num_small(const ndigit *digit); /* 1 to 9999 */
/* Without leading and trailing zero digits; a zero becomes positive. */
struct num num_strip(struct num n);

int num_compare_abs(const struct num *a, const struct num *b);
int num_compare(const struct num *a, const struct num *b);
struct num num_add(struct num x, struct num y, struct arena *a);
struct num num_sub(struct num x, struct num y, struct arena *a);
/* Rounded to rscale decimals. */
struct num num_mul(struct num x, struct num y, int rscale, struct arena *a);
/* Rounded, or cut when !round. y is not zero. */
struct num num_div(struct num x, struct num y, int rscale, bool round, struct arena *a);
int num_div_scale(const struct num *x, const struct num *y);
struct num num_round(struct num n, int rscale, struct arena *a);
struct num num_trunc(struct num n, int rscale, struct arena *a);
struct num num_sqrt(struct num n, int rscale, struct arena *a);
double num_to_double(const struct num *n);
struct err *num_overflow(void);

#endif
