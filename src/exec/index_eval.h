/* The values of an index's columns for a row, where they are expressions or the index is partial.
 */
#ifndef TARN_EXEC_INDEX_EVAL_H
#define TARN_EXEC_INDEX_EVAL_H

#include "catalog/table.h"
#include "exec/exec.h"

struct index_eval;

/* For all indexes of a relation; expressions are compiled when first needed. The environment and
 * the relation must outlive it. Never NULL. */
struct index_eval *index_eval_new(const struct exec_env *env, struct relation *rel);
/* For a table_writer, or to call: hooks.index_datums(hooks.arg, ...). Results live to the next call
 * of index_eval_reset. */
struct table_hooks index_eval_hooks(struct index_eval *ie);
void index_eval_reset(struct index_eval *ie);
void index_eval_free(struct index_eval *ie); /* NULL is fine */

#endif
