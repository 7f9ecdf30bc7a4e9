/* Functions whose body is SQL. */
#ifndef TARN_EXEC_SQL_FUNCTION_H
#define TARN_EXEC_SQL_FUNCTION_H

#include "catalog/builtin.h"
#include "exec/fn.h"

struct exec_env;

/* A call: runs the body's statements one after the other; the value is of the last one's first row.
 * It sees what its own statements have done. MAY YIELD. */
struct err *sql_function_call(struct fn_call *c, struct datum *out) MUST_CHECK;
extern const struct srf_impl sql_function_srf;

/* The arguments as parameters of the body's statements, of these types. In the arena. */
struct param_types;
void sql_function_params(struct param_types *params, const struct cat_proc *p,
                         const uint32_t *types, struct arena *a);

/* The body checked against the function's arguments and result: 42P13 and what analysis raises. */
struct err *sql_function_check(const struct exec_env *env, const struct cat_proc *p,
                               const char *body, bool returns_void) MUST_CHECK;

#endif
