/* Reading one leaf column of a row group. The leaf owns its buffers; what it hands out lives until
 * the next pq_leaf_begin_batch. */
#ifndef TARN_LAKE_PARQUET_LEAF_H
#define TARN_LAKE_PARQUET_LEAF_H

#include "lake/parquet_decode.h"
#include "lake/parquet_internal.h"

enum { PQ_PORTION = 1024 }; /* values or levels decoded at once into scratch */

struct pq_buf {
    struct pq_buf *next;
    size_t cap;
    _Alignas(16) uint8_t data[];
};

struct pq_leaf {
    struct parquet_file *file;
    const struct pq_leaf_info *info;
    const struct pq_chunk *chunk;
    uint32_t row_group;
    bool flat;
    bool presence; /* of a flat one: values are not read, and come as zero */
    enum lake_phys phys;
    uint32_t value_size; /* of a value in the vector */
    uint32_t raw_size;   /* of a value as stored, once decoded */

    /* The chunk as a stream: a window of it is in memory. */
    int64_t file_pos; /* where the bytes behind the window are */
    int64_t file_end;
    uint8_t *window;
    size_t window_cap, window_begin, window_len;
    size_t read_ahead;
    int64_t values_left; /* levels in pages not yet loaded */
    int64_t row;         /* of the row group, the next one to be read */
    /* Data pages, when rows are left out; NULL: not known. */
    const struct pq_pages *pages;
    uint32_t page_index;  /* data pages that were begun or passed over */
    bool by_pages;        /* values_left is not known: the chunk ends with its pages */
    uint64_t pages_begun; /* of all chunks */
    uint64_t pages_skipped;

    /* The current page. */
    struct pq_buf *page;
    bool page_referenced;    /* strings of this batch point into it */
    struct pq_buf *retained; /* earlier pages of this batch, likewise */
    struct pq_buf *spare;
    uint32_t page_left; /* levels not yet decoded */
    struct pq_rle def, rep;
    enum pq_encoding encoding;
    const uint8_t *p, *end;         /* plain values, or the bytes of delta-length strings */
    uint32_t bit;                   /* plain booleans */
    struct pq_rle index;            /* dictionary indexes, run-length booleans */
    struct pq_delta delta;          /* numbers, or string lengths */
    struct pq_delta prefix;         /* DELTA_BYTE_ARRAY */
    size_t split_count, split_next; /* BYTE_STREAM_SPLIT */
    uint8_t *previous;              /* DELTA_BYTE_ARRAY: the value before */
    size_t previous_len, previous_cap;

    /* The dictionary, in the vector's form. */
    struct pq_buf *dict_page;
    void *dict;
    uint32_t dict_count;
    bool has_dict;

    struct arena strings; /* values that are not slices of a page; one batch */
    uint8_t *scratch;     /* PQ_PORTION raw values */
    uint32_t *indexes;    /* PQ_PORTION */

    /* Flat columns: the batch, with a slot a row. */
    void *values;
    uint8_t *valid;
    uint32_t capacity;

    /* Nested columns: the batch as levels and the values that are not NULL. */
    uint8_t *defs, *reps;
    size_t level_count, level_cap;
    size_t value_count, value_cap;
    uint8_t pending_def[PQ_PORTION], pending_rep[PQ_PORTION];
    uint32_t pending_pos, pending_len;
};

/* A reason that stands for 53200/54000 and not for damage. */
extern const char pq_too_much[];

/* `flat`: the leaf is a column, read by pq_leaf_read_flat; `presence` (of a flat one): only which
 * of its values are NULL. */
void pq_leaf_init(struct pq_leaf *leaf, struct parquet_file *file, uint32_t index, bool flat,
                  bool presence, size_t read_ahead);
void pq_leaf_done(struct pq_leaf *leaf);
/* Turns to the leaf's chunk in a row group. */
struct err *pq_leaf_open(struct pq_leaf *leaf, uint32_t row_group) MUST_CHECK;
/* After a page did not fit the chunk's size in the metadata. */
void pq_leaf_extend_chunk(struct pq_leaf *leaf);
void pq_leaf_begin_batch(struct pq_leaf *leaf);
/* Goes forward to a row of the row group; ends the batch. */
struct err *pq_leaf_skip(struct pq_leaf *leaf, int64_t row) MUST_CHECK;
/* Counts the pages that are left of the chunk as passed over. */
void pq_leaf_leave(struct pq_leaf *leaf);
/* The next `rows` rows of a column that is a leaf itself: fills leaf->values and leaf->valid. */
struct err *pq_leaf_read_flat(struct pq_leaf *leaf, uint32_t rows, bool *has_null) MUST_CHECK;
/* The next `rows` rows of any leaf: fills levels and values. */
struct err *pq_leaf_read_levels(struct pq_leaf *leaf, uint32_t rows) MUST_CHECK;
/* The error for a reason, naming file and column. */
struct err *pq_leaf_error(const struct pq_leaf *leaf, const char *reason);

/* parquet_page.c: loads the next data page; *out_found false at the end of the chunk. */
struct err *pq_leaf_next_page(struct pq_leaf *leaf, bool *out_found) MUST_CHECK;
/* Passes over pages to number `page` of leaf->pages, which must not be behind it. */
struct err *pq_leaf_seek(struct pq_leaf *leaf, uint32_t page) MUST_CHECK;
struct pq_buf *pq_buf_take(struct pq_leaf *leaf, size_t size);
void pq_buf_give(struct pq_leaf *leaf, struct pq_buf *b);
/* parquet_values.c: prepares leaf->p..end for decoding; then values come in the vector's form. */
const char *pq_values_begin(struct pq_leaf *leaf) MUST_CHECK;
const char *pq_values_get(struct pq_leaf *leaf, void *out, size_t n) MUST_CHECK;
/* Decodes a dictionary page's `count` plain values from leaf->p..end into leaf->dict. */
const char *pq_values_dictionary(struct pq_leaf *leaf, uint32_t count) MUST_CHECK;
/* parquet_convert.c */
const char *pq_convert_values(const struct pq_leaf_info *info, const void *raw, void *out,
                              size_t n) MUST_CHECK;

/* parquet_nested.c: the vector of a column from its leaves, which have read the same rows.
 * `leaves` is indexed by leaf number; memory comes from the arena. */
struct err *pq_assemble(struct arena *arena, struct pq_leaf *const *leaves,
                        const struct pq_node *node, uint32_t rows, struct lake_vec *out) MUST_CHECK;

#endif
