/* Inverted indexes (access method gin): a row has an entry for each distinct item of its values,
 * that is for each element of an array, for each key and scalar of a jsonb. So a condition on what
 * a value contains becomes a combination of look-ups of items.
 *
 * An item is: u8 number of the index column, from 1; u8 tag; then, by tag (TAG_... in inverted.c),
 * the key encoding of an array's element, or the characters of a string, or the key encoding of a
 * number. Items are prefix-free. One that is longer than 512 bytes is kept as its hash: whoever
 * reads the index checks the condition on the row anyhow. NULL has no items.
 *
 * Any thread, no yield. Everything given out is in the arena. */
#ifndef TARN_CATALOG_INVERTED_H
#define TARN_CATALOG_INVERTED_H

#include "catalog/catalog.h"

struct inverted_items {
    struct str *list; /* ascending, distinct */
    int n;
    int cap;
};

/* All items of a row. `datums`: the index's key columns. */
struct err *inverted_items(const struct index *ix, const struct datum *datums, struct arena *a,
                           struct inverted_items *out) MUST_CHECK;

/* Which rows can meet a condition. */
enum inverted_kind {
    INVERTED_ITEM, /* those with that item */
    INVERTED_AND,
    INVERTED_OR,
    INVERTED_ALL, /* any row of the table */
    INVERTED_NONE,
};

struct inverted_search {
    enum inverted_kind kind;
    struct str item;
    struct inverted_search **args; /* AND, OR: n > 1, none of them ALL or NONE */
    int n;
    int cap;
};

/* `column operator value`, with the operator's strategy in the column's family (pg_amop); the value
 * is not NULL. Errors of reading the value (jsonpath). */
struct err *inverted_search(const struct index *ix, int column, int strategy, struct datum value,
                            struct arena *a, struct inverted_search **out) MUST_CHECK;

/* The element type of a column of class array_ops; NULL when it has no order. */
const struct type_ops *inverted_element(uint32_t type);

#endif
