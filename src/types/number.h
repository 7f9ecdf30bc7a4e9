/* Text forms of machine numbers, as PostgreSQL reads and prints them. Any thread, no yield. */
#ifndef TARN_TYPES_NUMBER_H
#define TARN_TYPES_NUMBER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* An integer with optional sign and surrounding blanks. 22P02, or 22003 outside [min, max]; the
 * messages name `type_name`. */
struct err *int_parse(struct str text, int64_t min, int64_t max, const char *type_name,
                      int64_t *out) MUST_CHECK;
/* The decimal digits without terminator, at most 20 characters; returns how many. */
size_t int_print(int64_t v, char *out);
void buf_put_int(struct buf *b, int64_t v);

/* "char": one byte, with \\ooo for what is no ASCII. char_print writes at most 4 bytes. */
uint8_t char_parse(struct str s);
size_t char_print(uint8_t v, char *out);

/* Decimal and hexadecimal numbers, inf, infinity, nan, blanks around. 22P02 or 22003. */
struct err *float8_parse(struct str text, double *out) MUST_CHECK;
struct err *float4_parse(struct str text, float *out) MUST_CHECK;
/* extra_digits > 0: the shortest text that reads back as the same value, else 15 (6) +
 * extra_digits significant digits. At most FLOAT_TEXT_MAX bytes, no terminator; returns how many.
 */
enum { FLOAT_TEXT_MAX = 32 };
size_t float8_print(double v, int extra_digits, char *out);
size_t float4_print(float v, int extra_digits, char *out);

/* The shortest decimal digits: v = digits * 10^exponent; v positive and finite. */
struct decimal_float {
    uint64_t digits;
    int exponent;
};
struct decimal_float float8_shortest(double v);
struct decimal_float float4_shortest(float v);

#endif
