/* Character sets other than UTF-8, in which everything is kept: those that clients may speak
 * (client_encoding, COPY's ENCODING) and that the conversion functions know. Source: PostgreSQL
 * manual, section 24.3. Any thread, no yield.
 *
 * Where a `client` is asked for, NULL is a client that speaks UTF-8 (or SQL_ASCII, which is passed
 * as it is). */
#ifndef TARN_TYPES_ENCODING_H
#define TARN_TYPES_ENCODING_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct encoding;

/* By a name as pg_char_to_encoding takes it: any case, signs and blanks count for nothing. NULL:
 * none. */
const struct encoding *encoding_find(struct str name);
const char *encoding_name(const struct encoding *e); /* PostgreSQL's: "LATIN1" */
/* As PostgreSQL counts them; NULL: there is no such. */
int encoding_number(const struct encoding *e);
const struct encoding *encoding_of_number(int64_t number);
int encoding_max_bytes(const struct encoding *e); /* of a character */
const struct encoding *encoding_utf8(void);
/* What is asked for as `client` when that is to be its character set; false: nothing converts it to
 * UTF-8 (MULE_INTERNAL). */
bool encoding_for_client(const struct encoding *e, const struct encoding **client);

/* Appends `in` to `out`. 22021: not in the character set `from`; 22P05: not in `to`. */
struct err *encoding_convert(const struct encoding *from, const struct encoding *to, struct str in,
                             struct buf *out) MUST_CHECK;
/* Appends a piece of a stream as UTF-8; *used: without a character at its end that goes on in the
 * next piece, unless this is the last. 22021, 22P05. */
struct err *encoding_convert_piece(const struct encoding *from, struct str in, bool last,
                                   struct buf *out, size_t *used) MUST_CHECK;

/* A client's text as UTF-8: itself where that is the same, or a copy in the arena that ends with
 * NUL. 22021, 22P05, 53200. The result is not verified. */
struct err *encoding_from_client(const struct encoding *client, struct str in, struct arena *arena,
                                 struct str *out) MUST_CHECK;
/* Turns what the buffer has from `at` on, UTF-8, into the client's. 22P05. */
struct err *encoding_to_client(const struct encoding *client, struct buf *b, size_t at) MUST_CHECK;
/* The same with a question mark for each character that the client does not know: for messages. */
void encoding_to_client_lossy(const struct encoding *client, struct buf *b, size_t at);

#endif
