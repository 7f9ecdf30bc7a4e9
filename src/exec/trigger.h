/* What a trigger's function is told, and what it gives back (manual chapters 39 and 43.10). */
#ifndef TARN_EXEC_TRIGGER_H
#define TARN_EXEC_TRIGGER_H

#include "base/arena.h"
#include "base/err.h"
#include "types/datum.h"

#include <stdbool.h>
#include <stdint.h>

struct relation;
struct row_store;
struct session;

enum trigger_event { TRIGGER_INSERT, TRIGGER_UPDATE, TRIGGER_DELETE, TRIGGER_TRUNCATE };
enum trigger_time { TRIGGER_BEFORE, TRIGGER_AFTER, TRIGGER_INSTEAD_OF };

/* A call of a trigger's function. All of it lives until the call returns. */
struct trigger_call {
    uint32_t func; /* pg_proc OID */
    const char *name;
    enum trigger_event event;
    enum trigger_time time;
    bool for_each_row;
    const struct relation *relation;
    const char *schema; /* the relation's */
    const char *const *args;
    int nargs;
    /* The relation's columns, dropped ones too; NULL: the event or the level has none. */
    const struct datum *old_row;
    const struct datum *new_row;
    /* Transition tables: their names, and their rows (the relation's columns); NULL: not asked for.
     */
    const char *old_table;
    const char *new_table;
    struct row_store *old_rows;
    struct row_store *new_rows;
};

/* The row that the function returns, as the relation's columns; NULL: it returned NULL. */
struct trigger_result {
    const struct datum *row;
};

#endif
