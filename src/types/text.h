/* Characters of UTF-8 strings. Any thread, no yield. */
#ifndef TARN_TYPES_TEXT_H
#define TARN_TYPES_TEXT_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 22021 when the bytes are not UTF-8 or contain a zero byte. Clients' bytes pass here once, after
 * which the functions below may trust them. */
struct err *utf8_verify(struct str s) MUST_CHECK;
/* Characters in the string. */
size_t utf8_count(struct str s);
/* Bytes of the first `chars` characters (all of it when there are fewer). */
size_t utf8_prefix_bytes(struct str s, size_t chars);
/* Bytes of the character that starts with `lead`; 1 for a byte that cannot start one. */
size_t utf8_char_bytes(uint8_t lead);
/* The largest number of bytes <= limit at which a character ends. */
size_t utf8_clip(struct str s, size_t limit);
/* Writes the character (1 to 4 bytes); 0 when it is no Unicode scalar value. */
size_t utf8_encode(uint32_t code, char *out);
/* Decodes the first character, whose length goes to *bytes; s is not empty. U+FFFD when malformed.
 */
uint32_t utf8_decode(struct str s, size_t *bytes);
bool str_is_ascii(struct str s);

#endif
