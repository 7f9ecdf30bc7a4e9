/* Names and strings as SQL text, as PostgreSQL's quote_ident and quote_literal write them.
 * Appending; any thread. */
#ifndef TARN_TYPES_QUOTE_H
#define TARN_TYPES_QUOTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

/* An identifier, in double quotes where it needs them (manual section 4.1.1). */
void quote_identifier_str(struct buf *b, struct str s);
void quote_identifier(struct buf *b, const char *name);
/* A string constant; E'' where there are backslashes. */
void quote_literal(struct buf *b, struct str s);
/* Reading: the text of a field in a record's or a range's literal (manual sections 8.16.6, 8.17.5),
 * from *at, which is moved, to the first of the characters `ends` outside quotes. Quotes and
 * backslashes are resolved; the result is in the arena, with a terminator. False when the text ends
 * before. */
bool quote_take_field(struct str text, size_t *at, const char *ends, struct arena *arena,
                      struct str *out);

#endif
