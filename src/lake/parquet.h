/* Parquet files: metadata and scans by column. A file and its scans belong to one thread at a time;
 * distinct files are independent. All content is untrusted: damage gives XX001 naming the file and
 * the reason, what is not implemented 0A000, and sizes beyond the limits 54000. */
#ifndef TARN_LAKE_PARQUET_H
#define TARN_LAKE_PARQUET_H

#include "base/err.h"
#include "base/str.h"
#include "lake/batch.h"
#include "lake/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lake_chooser;
struct lake_skipped;
struct lake_store;
struct parquet_file;
struct parquet_scan;

enum {
    PARQUET_BATCH_ROWS = 4096,     /* default and maximum */
    PARQUET_PAGE_LIMIT = 512 << 20 /* bytes of one page, before and after decompression */
};

/* Opens and reads the footer. The store must outlive the file. */
struct err *parquet_open(struct lake_store *store, struct str path,
                         struct parquet_file **out) MUST_CHECK;
void parquet_close(struct parquet_file *file); /* NULL is fine */

/* The columns, as a struct type that lives with the file. */
const struct lake_type *parquet_schema(const struct parquet_file *file);
int64_t parquet_size_bytes(const struct parquet_file *file);
int64_t parquet_row_count(const struct parquet_file *file);
uint32_t parquet_row_group_count(const struct parquet_file *file);
int64_t parquet_row_group_rows(const struct parquet_file *file, uint32_t row_group);
struct str parquet_created_by(const struct parquet_file *file); /* empty when absent */
/* The value of a key in the file's key-value metadata; NULL data when absent. */
struct str parquet_metadata(const struct parquet_file *file, const char *key);

struct parquet_scan_options {
    const uint32_t *columns; /* indexes into the schema's fields, each at most once */
    size_t column_count;
    /* By place among `columns`; NULL: of none. Of such a column it matters only which values are
     * NULL: others may come as zero. */
    const bool *presence;
    uint32_t batch_rows; /* 0: the default; fewer come where rows are large or a row group ends */
    uint32_t row_group_begin;
    uint32_t row_group_end; /* exclusive; 0 for both: all */
    /* Leaves out row groups and pages; NULL: nothing. It must outlive the scan. */
    const struct lake_chooser *chooser;
};

/* The file must outlive the scan. Memory is bounded by one page and one dictionary a column, and
 * the batch. */
struct err *parquet_scan_new(struct parquet_file *file, const struct parquet_scan_options *options,
                             struct parquet_scan **out) MUST_CHECK;
/* The next batch, *out = NULL at the end. It lives until the next call. After an error only
 * parquet_scan_free may follow. */
struct err *parquet_scan_next(struct parquet_scan *scan, const struct lake_batch **out) MUST_CHECK;
/* Adds what the scan has read and left out so far. */
void parquet_scan_skipped(const struct parquet_scan *scan, struct lake_skipped *out);
void parquet_scan_free(struct parquet_scan *scan); /* NULL is fine */

#endif
