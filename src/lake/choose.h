/* Which parts of files a scan reads: the scan says what is known of columns in a range of rows, its
 * user whether rows may be there that it wants. */
#ifndef TARN_LAKE_CHOOSE_H
#define TARN_LAKE_CHOOSE_H

#include "lake/batch.h"

/* What is known of a column in a range of rows. The bounds need not be values of it (long texts are
 * cut), and do not tell of NaN. */
struct lake_summary {
    int64_t row_count;
    int64_t null_count;              /* -1: not known */
    const struct lake_vec *least;    /* one value, none is less; NULL: not known */
    const struct lake_vec *greatest; /* likewise */
};

struct lake_chooser {
    const uint32_t *columns; /* indexes into the schema's fields; one may come again */
    size_t column_count;
    /* Whether rows of the range may be wanted for what is known of columns[which]; called on the
     * thread of the scan. */
    bool (*may)(void *arg, size_t which, const struct lake_summary *summary);
    void *arg;
};

/* Pages are counted for each column read, those of row groups left out not at all. */
struct lake_skipped {
    uint64_t row_groups, skipped_row_groups;
    uint64_t pages, skipped_pages;
};

#endif
