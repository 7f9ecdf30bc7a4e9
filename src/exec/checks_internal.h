/* The queue, for those who fill it and those who carry the checks out. */
#ifndef TARN_EXEC_CHECKS_INTERNAL_H
#define TARN_EXEC_CHECKS_INTERNAL_H

#include "exec/checks.h"
#include "exec/exec_internal.h"
#include "exec/row_store.h"

enum check_kind {
    CHECK_CHILD,   /* a foreign key's row must have its parent */
    CHECK_PARENT,  /* a parent's key went away: its children are dealt with */
    CHECK_TRIGGER, /* an AFTER trigger is to be called */
    CHECK_UNIQUE,  /* a deferrable key must be there once */
};

struct check_event {
    enum check_kind kind;
    uint32_t con;      /* the constraint; CHECK_TRIGGER: the trigger */
    uint32_t relid;    /* of the table that has the constraint */
    uint32_t parent;   /* CHECK_PARENT; CHECK_TRIGGER: the enum trigger_event */
    int n;             /* key columns; CHECK_TRIGGER: the row's, 0: FOR EACH STATEMENT */
    struct datum *old; /* CHECK_PARENT: the key that is gone; else the row's key */
    struct datum *new; /* CHECK_PARENT of an UPDATE */
};

/* Whether the constraint's check waits for the end of the transaction. */
bool check_is_deferred(const struct session *s, const struct constraint *con);
/* Queues a check; the datums are copied. `new_keys` may be NULL. MAY YIELD. */
struct err *check_queue(const struct exec_env *env, enum check_kind kind,
                        const struct constraint *con, uint32_t parent, const struct datum *old_keys,
                        const struct datum *new_keys, int n, bool deferred) MUST_CHECK;

/* Queues the call of an AFTER trigger; `old` and `new` are rows of n columns, NULL: none. */
struct err *check_queue_trigger(const struct exec_env *env, uint32_t trigger, uint32_t relid,
                                uint32_t event, const struct datum *old, const struct datum *new,
                                int n) MUST_CHECK;

/* Carrying out: fk.c, trigger.c and unique.c. The constraint may be gone. MAY YIELD. */
struct err *fk_run_child(const struct exec_env *env, const struct check_event *ev) MUST_CHECK;
struct err *fk_run_parent(const struct exec_env *env, const struct check_event *ev) MUST_CHECK;
struct err *trigger_run_queued(const struct exec_env *env, const struct check_event *ev) MUST_CHECK;
struct err *unique_run(const struct exec_env *env, const struct check_event *ev) MUST_CHECK;

#endif
