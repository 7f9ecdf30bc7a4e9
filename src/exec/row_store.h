/* Rows kept in the order in which they came: in memory up to a bound, beyond it in an unlinked
 * temporary file. One fiber uses a store and its readers; what reads or adds MAY YIELD. */
#ifndef TARN_EXEC_ROW_STORE_H
#define TARN_EXEC_ROW_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "types/datum.h"

struct row_store;
struct temp_quota;

/* For rows of `width` datums. `quota` is what its file counts against, and must outlive it. 53200.
 */
struct err *row_store_new(struct temp_quota *quota, size_t memory_bytes, int width,
                          struct row_store **out) MUST_CHECK;
/* Like it, and in the same file: for many stores that end at about the same time. */
struct err *row_store_beside(const struct row_store *s, struct row_store **out) MUST_CHECK;
void row_store_free(struct row_store *s); /* NULL is fine */
/* Forgets the rows and gives memory and file back; readers must be rewound. */
void row_store_clear(struct row_store *s);
/* Copies the row. 53100 on a full disk, 53400 beyond temp_file_limit. */
struct err *row_store_add(struct row_store *s, const struct datum *row) MUST_CHECK;
/* The same for a row whose datums are at frame[slots[i]]. */
struct err *row_store_add_slots(struct row_store *s, const struct datum *frame,
                                const int *slots) MUST_CHECK;
size_t row_store_count(const struct row_store *s);
/* Of memory and file together. */
uint64_t row_store_bytes(const struct row_store *s);
/* What it holds in memory: for a caller who shares a bound among several things. */
size_t row_store_memory(const struct row_store *s);
bool row_store_spilled(const struct row_store *s);

/* A place to read from; several may read one store, also while rows are added. */
struct row_reader {
    struct row_store *store;
    size_t at;       /* the next row's number */
    uint64_t offset; /* its place in the file */
    uint32_t era;    /* of the store when the place was found */
    struct buf block;
    uint64_t block_at;
    struct datum *row;
};
void row_reader_init(struct row_reader *r, struct row_store *s);
void row_reader_done(struct row_reader *r);
/* To the first row. */
void row_reader_rewind(struct row_reader *r);
/* The next row; valid until the next call on this reader. */
struct err *row_reader_next(struct row_reader *r, const struct datum **row, bool *found) MUST_CHECK;
/* So that row number i (from 0) comes next: passes over those before it in the file at most since
 * the nearest of the places that the store remembers. */
struct err *row_reader_seek(struct row_reader *r, size_t i) MUST_CHECK;

/* A row as bytes, and back; the datums borrow from the bytes. XX001. */
void row_encode(struct buf *b, const struct datum *row, int width);
struct err *row_decode(struct str bytes, struct datum *row, int width) MUST_CHECK;

#endif
