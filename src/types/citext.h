/* Text that compares without regard to case: see citext.c. All functions: any thread, no yield; the
 * strings are valid UTF-8. */
#ifndef TARN_TYPES_CITEXT_H
#define TARN_TYPES_CITEXT_H

#include "base/buf.h"
#include "base/str.h"

struct type_ops;

/* Fills all but oid and name, which are given. */
void type_init_citext(struct type_ops *t);
/* Appends the lower case of the text. */
void citext_fold(struct str s, struct buf *out);
/* Order of the lower case: below 0, 0 or above 0. */
int citext_compare(struct str a, struct str b);
uint64_t citext_hash(struct str s);

#endif
