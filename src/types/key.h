/* Memcomparable keys: the order of encoded columns under memcmp is the order of the index.
 *
 * A column is one tag byte and, unless NULL, the type's key encoding; DESC inverts every byte of
 * the column after the tag. Tags: 0x01 NULL with nulls first, 0x02 value, 0x03 NULL with nulls
 * last. By-value integers: big-endian with the sign bit flipped. Byte strings: 0x00 is escaped as
 * 00 FF and the end marked 00 01, so that a key is prefix-free and a prefix of columns is a byte
 * prefix. */
#ifndef TARN_TYPES_KEY_H
#define TARN_TYPES_KEY_H

#include "base/buf.h"
#include "types/type.h"

/* Appends one column. */
void key_put(struct buf *b, const struct type_ops *t, struct datum d, bool desc, bool nulls_first);
/* Appends bytes in the escaped, terminated form. For use by `type_ops.key` functions. */
void key_put_bytes(struct buf *b, const void *p, size_t len);
void key_put_int64(struct buf *b, int64_t v);
void key_put_int32(struct buf *b, int32_t v);
void key_put_int16(struct buf *b, int16_t v);
void key_put_double(struct buf *b, double v); /* NaN greatest, -0 equals 0 */

/* Whether key_get gives back every value of the type as it was: not so where values that differ are
 * equal (numeric 1.0 and 1.00), nor for types whose keys nobody has needed to read so far. */
bool key_is_exact(const struct type_ops *t);
/* The value of a column of such a type, and *p moved behind it; false when the bytes are not one.
 * By-reference values borrow from the key where its bytes are theirs, and are otherwise made in the
 * arena. */
bool key_get(const uint8_t **p, const uint8_t *end, const struct type_ops *t, bool desc,
             struct arena *arena, struct datum *out);

/* The smallest byte string greater than every string that begins with the buffer's content from
 * `from` on, in place. False when there is none (all 0xff), or the buffer has failed. */
bool key_successor(struct buf *b, size_t from);

#endif
