/* Sets of pairs of text keys and text values or NULL: extension hstore. A value is a jsonb object
 * whose values are strings and nulls, as both keep their keys distinct, by length and then by
 * bytes. All functions: any thread, no yield. */
#ifndef TARN_TYPES_HSTORE_H
#define TARN_TYPES_HSTORE_H

#include "base/arena.h"
#include "base/err.h"
#include "types/datum.h"
#include "types/jsonb.h"

struct type_ops;

/* Fills all but oid and name, which are given. */
void type_init_hstore(struct type_ops *t);

struct hstore_pair {
    struct str key;
    struct str value;
    bool null;
};
/* Collects pairs, which borrow their bytes; memory from the arena. */
struct hstore_pairs {
    struct arena *arena;
    struct hstore_pair *items;
    int count;
    int cap;
};
void hstore_add(struct hstore_pairs *p, struct str key, struct datum value);
/* The value with those pairs; of equal keys the first counts. 22001, 54000, 53200. */
struct err *hstore_make(struct hstore_pairs *p, struct datum *out) MUST_CHECK;

/* XX001 when the bytes are no hstore. */
struct err *hstore_open(struct datum d, struct jsonb *out) MUST_CHECK;
/* The value at i < count, or NULL. */
struct datum hstore_value(const struct jsonb *h, uint32_t i);
/* By key: *found false, or the value, which can be NULL. */
struct datum hstore_find(const struct jsonb *h, struct str key, bool *found);
/* Below 0, 0 or above 0: first by the bytes of all keys and values one after the other. */
int hstore_compare(struct datum a, struct datum b);
uint64_t hstore_hash(struct datum d);

#endif
