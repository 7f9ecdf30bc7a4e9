/* What a trigger's function is told, and what it gives back (manual chapters 39 and 43.10). */
#ifndef TARN_EXEC_TRIGGER_H
#define TARN_EXEC_TRIGGER_H

#include "base/arena.h"
#include "base/err.h"
#include "types/datum.h"

#include <stdbool.h>
#include <stdint.h>

struct relation;
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
};

/* The row that the function returns, as the relation's columns; NULL: it returned NULL. */
struct trigger_result {
    const struct datum *row;
};

/* ---- firing (trigger.c): for those who write rows. A relation without triggers costs a look at
 * its count. A session whose function is running sees the statements of that function end by
 * themselves. ---- */

struct exec_env;
/* Whether a trigger of that time, level and event is there and not disabled; the session's
 * session_replication_role may keep it from being called. */
bool trigger_any(const struct relation *r, enum trigger_time time, bool row,
                 enum trigger_event event);
/* BEFORE ROW, in the order of names. `new` (NULL: DELETE) is what the functions make of it, in the
 * arena; *skip: one of them returned NULL. MAY YIELD. */
struct err *trigger_before_row(const struct exec_env *env, const struct relation *r,
                               enum trigger_event event, const struct datum *old, struct datum *new,
                               struct arena *a, bool *skip) MUST_CHECK;
/* MAY YIELD. 39P01 */
struct err *trigger_before_statement(const struct exec_env *env, const struct relation *r,
                                     enum trigger_event event, struct arena *a) MUST_CHECK;
/* AFTER ROW, or without rows AFTER STATEMENT: called when the statement ends. The rows are copied.
 * MAY YIELD. */
struct err *trigger_queue_after(const struct exec_env *env, const struct relation *r,
                                enum trigger_event event, const struct datum *old,
                                const struct datum *new) MUST_CHECK;

#endif
