/* Table functions with columns that depend on their arguments: read_parquet('...') and the like.
 * Upper layers register them at start; the analyzer asks for the columns, the executor for the
 * rows. */
#ifndef TARN_SQL_TABLE_FUNCTION_H
#define TARN_SQL_TABLE_FUNCTION_H

#include "catalog/catalog.h"
#include "types/vector.h"

/* An argument, known when the statement is analyzed (a constant). `name` NULL: positional. */
struct tf_arg {
    const char *name;
    uint32_t type;
    struct datum value;
};

/* A condition that the rows will be tested for: those for which it is not true may be left out. */
struct tf_filter {
    int column;   /* 0-based */
    int strategy; /* of a btree: 1 < 2 <= 3 = 4 >= 5 > ; 0: IS NULL; 7: IS NOT NULL */
    /* Of the column's type, or one of its family; not NULL. One, or for `= ANY` any number. */
    const struct datum *values;
    size_t nvalues;
};

/* What a scan reads and leaves out by its filters. */
struct tf_skipping {
    uint64_t files, skipped_files;
    uint64_t bytes, skipped_bytes;
    uint64_t row_groups, skipped_row_groups;
    uint64_t pages, skipped_pages;
};

struct tf_column {
    const char *name;
    uint32_t type;
    int32_t typmod;
};

/* What is asked of a column. */
enum tf_use {
    TF_UNUSED,   /* nothing: it may be all NULL */
    TF_PRESENCE, /* which rows have a value: it may be VECTOR_PRESENCE */
    TF_VALUES
};

struct table_function {
    const char *name;
    /* `describe` NULL: announced, not built yet (0A000). */
    /* The columns for those arguments, into the arena. 42883 with a hint for arguments that do not
     * fit. *plan_data (may stay NULL) is kept with the plan and given to open. MAY YIELD. */
    struct err *(*describe)(struct cat *cat, const struct tf_arg *args, int nargs,
                            struct arena *arena, struct tf_column **columns, int *ncolumns,
                            const void **plan_data);
    /* A scan, with a use for each column. The filters live as long as the scan. MAY YIELD. */
    struct err *(*open)(struct cat *cat, const struct tf_arg *args, int nargs,
                        const enum tf_use *uses, int ncolumns, const struct tf_filter *filters,
                        int nfilters, const void *plan_data, void **scan);
    /* The next rows, *count of them, 0 at the end: a column for each of the function's, which
     * live until the next call. MAY YIELD. */
    struct err *(*next)(void *scan, struct vector *columns, size_t *count);
    void (*close)(void *scan);
    /* For EXPLAIN ANALYZE, what the scan did so far; NULL: it has no files. */
    void (*skipping)(void *scan, struct tf_skipping *out);
};

/* At start, before sessions. The struct must live on. */
void table_function_register(const struct table_function *f);
const struct table_function *table_function_find(struct str name); /* NULL: none */
/* 0A000: the function is not built yet, or stands outside of FROM. */
struct err *table_function_refuse(const struct table_function *f);

#endif
