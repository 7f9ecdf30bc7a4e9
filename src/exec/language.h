/* Languages of functions other than SQL. An upper layer registers its language at start. */
#ifndef TARN_EXEC_LANGUAGE_H
#define TARN_EXEC_LANGUAGE_H

#include "catalog/builtin.h"
#include "exec/fn.h"

struct exec_env;
struct trigger_call;
struct trigger_result;

struct language {
    const char *name; /* pg_language.lanname */
    uint32_t oid;
    /* A call that gives one value; 0A000 when the function is a trigger's. MAY YIELD. */
    fn_impl call;
    const struct srf_impl *srf;
    /* The body against what the function declares: 42601, 42P13. MAY YIELD. */
    struct err *(*check)(const struct exec_env *env, const struct cat_proc *p, const char *body);
    /* DO: a body on its own, in the session's transaction. MAY YIELD. */
    struct err *(*run_block)(struct session *s, const char *body);
    /* A function that returns trigger. The result is in the arena. MAY YIELD. */
    struct err *(*run_trigger)(struct session *s, const struct trigger_call *call, struct arena *a,
                               struct trigger_result *out);
};

/* Once, before any session. Not thread-safe. */
void language_register(const struct language *l);
/* NULL: there is none. Any thread. */
const struct language *language_by_name(const char *name);
const struct language *language_by_oid(uint32_t oid);

#endif
