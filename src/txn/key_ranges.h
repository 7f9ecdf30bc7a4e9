/* Sets of key ranges in bounded memory, for SERIALIZABLE: what a transaction has read or written.
 */
#ifndef TARN_TXN_KEY_RANGES_H
#define TARN_TXN_KEY_RANGES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* lo <= key < hi; an empty hi has no end. */
struct key_range {
    struct str lo;
    struct str hi;
};

/* The set may hold more than was added, never less: beyond a few thousand ranges all become whole
 * storage ids, and of long keys the beginning counts. Not synchronised. */
struct key_ranges {
    struct key_range *items; /* the first `wide` are whole storage ids */
    size_t count;
    size_t cap;
    size_t wide;
    bool sorted;        /* by lo, no two touching; what is added later unsets it */
    struct arena arena; /* their bytes */
};

void key_ranges_init(struct key_ranges *r);
void key_ranges_done(struct key_ranges *r);
void key_ranges_reset(struct key_ranges *r);
struct err *key_ranges_add(struct key_ranges *r, struct str lo, struct str hi) MUST_CHECK;
struct err *key_ranges_add_key(struct key_ranges *r, struct str key) MUST_CHECK;
struct err *key_ranges_add_storage(struct key_ranges *r, uint32_t storage_id) MUST_CHECK;
/* Adds all of `other` as whole storage ids. */
struct err *key_ranges_add_wide(struct key_ranges *r, const struct key_ranges *other) MUST_CHECK;
void key_ranges_sort(struct key_ranges *r);
/* Whether a key can be in both. `sorted` must be; `any` need not. */
bool key_ranges_touch(const struct key_ranges *any, const struct key_ranges *sorted);

#endif
