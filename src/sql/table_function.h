/* Table functions with columns that depend on their arguments: read_parquet('...') and the like.
 * Upper layers register them at start; the analyzer asks for the columns, the executor for the
 * rows. */
#ifndef TARN_SQL_TABLE_FUNCTION_H
#define TARN_SQL_TABLE_FUNCTION_H

#include "catalog/catalog.h"

/* An argument, known when the statement is analyzed (a constant). `name` NULL: positional. */
struct tf_arg {
    const char *name;
    uint32_t type;
    struct datum value;
};

struct tf_column {
    const char *name;
    uint32_t type;
    int32_t typmod;
};

struct table_function {
    const char *name;
    /* `describe` NULL: announced, not built yet (0A000). */
    /* The columns for those arguments, into the arena. 42883 with a hint for arguments that do not
     * fit. *plan_data (may stay NULL) is kept with the plan and given to open. MAY YIELD. */
    struct err *(*describe)(struct cat *cat, const struct tf_arg *args, int nargs,
                            struct arena *arena, struct tf_column **columns, int *ncolumns,
                            const void **plan_data);
    /* A scan. `needed[i]`: column i is used; others may stay NULL. MAY YIELD. */
    struct err *(*open)(struct cat *cat, const struct tf_arg *args, int nargs, const bool *needed,
                        int ncolumns, const void *plan_data, void **scan);
    /* One row; by-reference datums live until the next call. MAY YIELD. */
    struct err *(*next)(void *scan, struct datum *row, bool *found);
    void (*close)(void *scan);
};

/* At start, before sessions. The struct must live on. */
void table_function_register(const struct table_function *f);
const struct table_function *table_function_find(struct str name); /* NULL: none */
/* 0A000: the function is not built yet, or stands outside of FROM. */
struct err *table_function_refuse(const struct table_function *f);

#endif
