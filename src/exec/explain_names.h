/* What EXPLAIN calls the tables of a plan: each name once, with _1, _2 ... behind those that the
 * statement uses again. */
#ifndef TARN_EXEC_EXPLAIN_NAMES_H
#define TARN_EXEC_EXPLAIN_NAMES_H

#include "sql/analyze.h"
#include "sql/plan.h"

/* The entries that get another name than their own, in the arena. */
const struct deparse_name *explain_names(const struct statement_plan *plan, struct arena *a);
/* The entry's name: another one, or its own (which may be NULL). */
const char *explain_alias(const struct deparse_name *names, const struct rte *rte);

#endif
