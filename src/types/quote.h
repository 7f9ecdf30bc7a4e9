/* Names and strings as SQL text, as PostgreSQL's quote_ident and quote_literal write them.
 * Appending; any thread. */
#ifndef TARN_TYPES_QUOTE_H
#define TARN_TYPES_QUOTE_H

#include "base/buf.h"
#include "base/str.h"

/* An identifier, in double quotes where it needs them (manual section 4.1.1). */
void quote_identifier_str(struct buf *b, struct str s);
void quote_identifier(struct buf *b, const char *name);
/* A string constant; E'' where there are backslashes. */
void quote_literal(struct buf *b, struct str s);

#endif
