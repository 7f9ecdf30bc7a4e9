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

/* A chooser handed on to what has other columns: each of them stands for one of `of`'s. */
struct lake_chosen {
    struct lake_chooser chooser; /* to be handed on; asks `of`, unless its `may` is replaced */
    const struct lake_chooser *of;
    uint32_t *columns, *which; /* chooser's; of each of them, which of `of`'s */
};

struct arena;
/* With no column yet, and room for all in the arena. */
void lake_chosen_init(struct lake_chosen *c, const struct lake_chooser *of, struct arena *arena);
/* of->columns[which] is called `column` there. */
void lake_chosen_add(struct lake_chosen *c, size_t which, uint32_t column);

/* Pages are counted for each column read, those of row groups left out not at all. */
struct lake_skipped {
    uint64_t row_groups, skipped_row_groups;
    uint64_t pages, skipped_pages;
};

#endif
