/* The plans of SQL functions that a session has called: bodies are parsed once, and each statement
 * planned once, for the catalog, the search path, the settings and the types of arguments of that
 * call. One fiber, the session's. */
#ifndef TARN_EXEC_FUNCTION_PLANS_H
#define TARN_EXEC_FUNCTION_PLANS_H

#include "base/arena.h"
#include "sql/analyze.h"
#include "sql/parse.h"

struct cat;
struct cat_proc;
struct fn_call;
struct function_plans;
struct session;
struct statement_plan;

struct function_plan {
    struct function_plan *next;
    int refs;
    bool kept; /* in the session's list */
    uint32_t func;
    uint32_t *types; /* of the arguments */
    int nargs;
    uint64_t catalog_version;
    uint64_t catalog_changes;
    uint32_t role; /* whose policies it has */
    uint32_t plans_off;
    uint32_t *path;
    int npath;
    struct arena arena; /* all of this, and the parse trees */
    const char *body;
    struct parsed parsed;
    struct param_types params;
    struct statement_plan **plans; /* by statement; NULL: not planned yet */
    void *compiled;                /* of a function in another language; NULL: none yet */
    void (*free_compiled)(void *compiled);
};

/* What a call changes in the session and gives back at its end: the role (SECURITY DEFINER) and the
 * function's settings. The arena lives until then. */
struct saved_settings;
struct function_entry {
    uint32_t role;
    bool superuser;
    struct saved_settings *settings;
};
struct err *function_enter(struct session *s, const struct cat_proc *p, struct arena *a,
                           struct function_entry *entry) MUST_CHECK;
/* Also after an error of function_enter. Gives `e`, or else its own error. */
struct err *function_leave(struct session *s, struct function_entry *entry,
                           struct err *e) MUST_CHECK;

/* The session's, or a fresh one without body that is not kept. The caller releases it. */
struct function_plan *function_plan_get(struct session *s, const struct fn_call *c, int nargs);
/* Keeps it for later calls: when its body has been parsed. */
void function_plan_keep(struct session *s, struct function_plan *f);
/* No later call may use it: a literal's value is of this call alone. */
void function_plan_drop(struct session *s, struct function_plan *f);
void function_plan_release(struct function_plan *f);
/* At the session's end. */
void function_plans_free(struct session *s);

#endif
