/* Rows of a table together with their index entries: one place that knows how both are keyed.
 *
 * Row key:     u32 BE storage id, then the primary key columns (key.h), or an 8-byte BE row id.
 * Row value:   the tuple (tuple.h) with all columns.
 * Index entry: u32 BE storage id of the index, its key columns, then, unless the index is unique
 * and no key column is NULL (or nulls are not distinct), the row key without its storage id. Entry
 * value: the row key without its storage id.
 *
 * An inverted index has an entry for each item of the row (inverted.h), in place of the key
 * columns; it is never unique.
 *
 * Used by one session at a time. Functions that write MAY YIELD on the locks of unique keys. */
#ifndef TARN_CATALOG_TABLE_H
#define TARN_CATALOG_TABLE_H

#include "base/buf.h"
#include "catalog/activity.h"
#include "catalog/catalog.h"

/* Values of an index's columns for a row, where they are not plain columns or the index is partial.
 * Set by the executor; NULL for system tables. */
struct table_hooks {
    void *arg;
    struct err *(*index_datums)(void *arg, const struct index *index, const struct datum *row,
                                struct datum *out, bool *applies);
};

struct table_writer {
    struct cat *cat;
    struct relation *rel;
    uint32_t storage_id;  /* of the rows, with the database's base for system tables */
    struct txn_view view; /* the newest view, for uniqueness checks */
    struct table_hooks hooks;
    struct activity_counts *activity; /* counts what is done */
    bool has_inverted;
    struct arena arena; /* reset per row */
    struct buf key;
    struct buf row;
    struct buf entry_key[2];
    struct buf
        *pending; /* the entries to write once all checks passed, one per index; inverted
                     indexes have none, whose entries are worked out while they are written */
};

/* The row or entry that stands in the way of an insert or update. */
struct table_conflict {
    const struct index *index; /* NULL: no conflict */
    struct str row_key;        /* of the other row; lives until the writer's next call */
};

void table_writer_init(struct table_writer *w, struct cat *c, struct relation *rel);
void table_writer_done(struct table_writer *w);

/* Inserts a row (natts values) unless a unique key is taken, which is an outcome, not an error. The
 * keys are locked either way. `row_key` (may be NULL) receives the new row's key, valid until the
 * writer's next call. */
struct err *table_insert(struct table_writer *w, const struct datum *values,
                         struct table_conflict *conflict, struct str *row_key) MUST_CHECK;
/* Replaces the row at `row_key`, which the caller has locked. */
struct err *table_update(struct table_writer *w, struct str row_key, const struct datum *old_values,
                         const struct datum *values, struct table_conflict *conflict,
                         struct str *new_row_key) MUST_CHECK;
struct err *table_delete(struct table_writer *w, struct str row_key,
                         const struct datum *old_values) MUST_CHECK;
/* Whether all columns have the same bytes. */
bool table_same_row(const struct relation *r, const struct datum *a, const struct datum *b);
/* Only the row's keys against unique indexes, nothing written: for ON CONFLICT. `arbiters` are
 * positions in rel->indexes; n == 0: all. */
struct err *table_check_unique(struct table_writer *w, const struct datum *values,
                               const int *arbiters, int n,
                               struct table_conflict *conflict) MUST_CHECK;

/* Keys and rows by themselves, for scans, bulk loads and checks. Appending. */
void table_put_storage_id(struct buf *b, uint32_t storage_id);
void table_put_row_key(struct buf *b, uint32_t storage_id, const struct relation *r,
                       const struct datum *values);
struct err *table_new_row_id(struct cat *c, const struct relation *r, uint32_t storage_id,
                             uint64_t *out) MUST_CHECK;
/* Of an index that is not inverted. `datums` are its key columns. Gives false (nothing appended)
 * never; NULLs decide the suffix. */
void table_put_entry_key(struct buf *b, uint32_t storage_id, const struct index *ix,
                         const struct datum *datums, struct str row_suffix);
/* Calls fn with the key of each entry that the row has in the index, in ascending order: one, but
 * for an inverted index. `scratch` and `a` are the caller's; the key lives in the call. 54000 as
 * table_check_key. */
typedef struct err *(*table_entry_fn)(void *arg, struct str key);
struct err *table_each_entry(const struct relation *r, const struct index *ix, uint32_t storage_id,
                             const struct datum *datums, struct str row_suffix, struct buf *scratch,
                             struct arena *a, table_entry_fn fn, void *arg) MUST_CHECK;
/* 54000 for a key that the store cannot take. */
struct err *table_check_key(const struct relation *r, const struct index *ix,
                            struct str key) MUST_CHECK;
/* The plain column values of an index; false when it has expressions or a predicate. */
bool table_plain_index_datums(const struct index *ix, const struct datum *row, struct datum *out);
static inline struct str table_row_suffix(struct str row_key)
{
    return str_make(row_key.data + 4, row_key.len - 4);
}
struct err *table_decode_row(const struct relation *r, struct str row, int want,
                             struct datum *values) MUST_CHECK;
/* 23505 for that conflict, with PostgreSQL's message and detail. */
struct err *table_unique_error(struct table_writer *w, const struct table_conflict *conflict,
                               const struct datum *values) MUST_CHECK;

/* Whether errors may not show rows of the table to the current role: policies may hide them from
 * it.
 */
bool table_hides_rows(struct cat *c, const struct relation *r);
/* The same for the index's own columns. */
struct err *table_key_error(struct cat *c, const struct relation *r, const struct index *ix,
                            const struct datum *datums) MUST_CHECK;

/* Calls fn for every row (or entry) of a storage id in key order, until it sets *stop. Its bytes
 * live as long as the view. MAY YIELD. */
typedef struct err *(*table_each_fn)(void *arg, struct str key, struct str value, bool *stop);
struct err *table_each(const struct txn_view *v, uint32_t storage_id, table_each_fn fn,
                       void *arg) MUST_CHECK;

/* For a storage id swapped away or loaded anew. */
void table_forget_row_ids(uint32_t storage_id);

#endif
