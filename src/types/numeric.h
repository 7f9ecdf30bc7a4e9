/* numeric: decimal numbers with up to 131072 digits before and 16383 after the point, NaN and
 * infinities.
 *
 *   u16 LE  bits 0-13 display scale; bits 14-15: 0 positive, 1 negative, 2 special (the scale is
 *           then 0 NaN, 1 Infinity, 2 -Infinity)
 *   i16 LE  weight: the first digit counts 10000^weight
 *   n times u16 LE digit in base 10000; neither the first nor the last is 0; zero has none
 *
 * Results live in the arena. Any thread, no yield. Errors: 22003 beyond the format, 22012 division
 * by zero, 2201E/2201F arguments of logarithm and power. */
#ifndef TARN_TYPES_NUMERIC_H
#define TARN_TYPES_NUMERIC_H

#include "types/datum.h"
#include "types/type.h"

#include <stdint.h>

enum { NUMERIC_MAX_PRECISION = 1000, NUMERIC_MAX_DISPLAY_SCALE = 1000 };

#define NUMERIC_UNARY(name) \
    struct err *name(struct datum a, struct arena *arena, struct datum *out) MUST_CHECK
#define NUMERIC_BINARY(name)                                                                 \
    struct err *name(struct datum a, struct datum b, struct arena *arena, struct datum *out) \
        MUST_CHECK

/* PostgreSQL's display scale rules hold for every result. */
NUMERIC_BINARY(numeric_add);
NUMERIC_BINARY(numeric_sub);
NUMERIC_BINARY(numeric_mul);
NUMERIC_BINARY(numeric_div);
NUMERIC_BINARY(numeric_div_trunc);
NUMERIC_BINARY(numeric_mod);
NUMERIC_BINARY(numeric_power);
NUMERIC_BINARY(numeric_log); /* log of b to base a */
NUMERIC_BINARY(numeric_gcd);
NUMERIC_BINARY(numeric_lcm);
NUMERIC_UNARY(numeric_negate);
NUMERIC_UNARY(numeric_abs);
NUMERIC_UNARY(numeric_sign);
NUMERIC_UNARY(numeric_ceil);
NUMERIC_UNARY(numeric_floor);
NUMERIC_UNARY(numeric_sqrt);
NUMERIC_UNARY(numeric_exp);
NUMERIC_UNARY(numeric_ln);
NUMERIC_UNARY(numeric_trim_scale);
/* To `scale` decimals, which may be negative; half away from zero. */
struct err *numeric_round(struct datum a, int scale, struct arena *arena,
                          struct datum *out) MUST_CHECK;
struct err *numeric_trunc(struct datum a, int scale, struct arena *arena,
                          struct datum *out) MUST_CHECK;
struct err *numeric_factorial(int64_t n, struct arena *arena, struct datum *out) MUST_CHECK;

int numeric_compare(struct datum a, struct datum b);
int numeric_sign_of(struct datum a); /* -1, 0, 1; NaN 1 */
bool numeric_is_nan(struct datum a);
bool numeric_is_inf(struct datum a);
bool numeric_is_special(struct datum a);
int numeric_scale(struct datum a);     /* display scale */
int numeric_min_scale(struct datum a); /* decimals that are needed */

struct datum numeric_from_int64(int64_t v, struct arena *arena);
struct datum numeric_from_int128(__int128 v, struct arena *arena);
/* v / 10^scale, printed with that scale. */
struct datum numeric_from_scaled(__int128 v, int scale, struct arena *arena);
struct err *numeric_from_double(double v, struct arena *arena, struct datum *out) MUST_CHECK;
struct err *numeric_from_float(float v, struct arena *arena, struct datum *out) MUST_CHECK;
struct datum numeric_nan(struct arena *arena);
struct datum numeric_infinity(bool negative, struct arena *arena);
/* Rounded. 22003 outside [min, max] and 0A000 for NaN and infinities, naming `type_name`. */
struct err *numeric_to_int(struct datum a, int64_t min, int64_t max, const char *type_name,
                           int64_t *out) MUST_CHECK;
struct err *numeric_to_double(struct datum a, double *out) MUST_CHECK;
struct err *numeric_to_float(struct datum a, float *out) MUST_CHECK;
/* As double, infinite beyond its range; for estimates and to_char. */
double numeric_approximate(struct datum a);

/* Text without type machinery. */
struct err *numeric_parse(struct str text, struct arena *arena, struct datum *out) MUST_CHECK;
void numeric_print(struct datum a, struct buf *out);
/* d.ddde+xx with `decimals` digits after the point. */
void numeric_print_scientific(struct datum a, int decimals, struct arena *scratch, struct buf *out);

struct err *numeric_make_typmod(int precision, int scale, int32_t *out) MUST_CHECK;
int numeric_typmod_precision(int32_t typmod);
int numeric_typmod_scale(int32_t typmod);
struct err *numeric_apply_typmod(struct datum a, int32_t typmod, struct arena *arena,
                                 struct datum *out) MUST_CHECK;

/* A running exact sum, for aggregates. Zero-initialised; memory from the arena given to add. */
struct numeric_sum {
    int64_t *digits; /* base 10000, carries pending */
    int first_weight;
    int ndigits;
    int pending; /* additions since carries were settled */
    int dscale;
    int64_t widest; /* values that have dscale digits behind the point */
    int64_t nans, pinfs, ninfs;
    int64_t count;
};
struct err *numeric_sum_add(struct numeric_sum *s, struct datum d, struct arena *arena) MUST_CHECK;
/* Adds the sum of `values` (more than 0) finite values, all of its scale. */
struct err *numeric_sum_add_total(struct numeric_sum *s, struct datum total, int64_t values,
                                  struct arena *arena) MUST_CHECK;
/* Takes back a value that was added. *ok is false, and the sum void, when the result's scale would
 * not be known. */
struct err *numeric_sum_remove(struct numeric_sum *s, struct datum d, struct arena *arena,
                               bool *ok) MUST_CHECK;
struct err *numeric_sum_get(const struct numeric_sum *s, struct arena *arena,
                            struct datum *out) MUST_CHECK;
/* Variance or deviation of count values from the sum of values and the sum of squares, as
 * PostgreSQL rounds it. NULL when there are too few values. */
struct err *numeric_variance(struct datum count, struct datum sum, struct datum sum_squares,
                             bool sample, bool deviation, struct arena *arena,
                             struct datum *out) MUST_CHECK;

#endif
