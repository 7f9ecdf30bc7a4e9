/* Settings kept as an array of texts "name=value": of roles and databases, and of functions. */
#ifndef TARN_EXEC_SETTING_ITEMS_H
#define TARN_EXEC_SETTING_ITEMS_H

#include "base/arena.h"
#include "base/err.h"
#include "types/datum.h"

struct session;
struct cat_proc;

/* The array (`old` may be NULL) with the item for `name` replaced by "name=value", or gone (value
 * NULL). */
struct err *setting_items_change(struct arena *a, struct datum old, const char *name,
                                 const char *value, struct datum *out) MUST_CHECK;

/* What a function's SET clauses have replaced. */
struct saved_settings {
    const struct cat_proc *proc;
    const char **values; /* by position in proc->config; NULL: was not known */
    int n;               /* of those that are set */
};
/* Sets what the function asks for, until settings_restore, which is to be called when this has
 * failed too; the end of the transaction does the same. In the arena. */
struct err *settings_enter(struct session *s, const struct cat_proc *p, struct arena *a,
                           struct saved_settings *out) MUST_CHECK;
struct err *settings_restore(struct session *s, const struct saved_settings *saved) MUST_CHECK;

#endif
