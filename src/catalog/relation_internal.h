#ifndef TARN_CATALOG_RELATION_INTERNAL_H
#define TARN_CATALOG_RELATION_INTERNAL_H

#include "catalog/catalog.h"

/* Reads the descriptor from the system tables; *out NULL when there is none. */
struct err *relation_load(struct cat *c, uint32_t oid, struct relation **out) MUST_CHECK;
/* One pg_constraint row (CON_ columns). */
struct err *constraint_from_row(struct arena *a, const struct datum *v,
                                struct constraint *con) MUST_CHECK;
/* Sets one column of the row of a system table that the keys find. */
struct err *ddl_update_column(struct cat *c, uint32_t table, uint32_t index,
                              const struct datum *keys, int nkeys, int column,
                              struct datum value) MUST_CHECK;
/* NULL for SQL NULL. */
const char *datum_text(struct arena *a, struct datum d);
/* The numbers in an int2vector, oidvector or smallint[] datum. */
struct err *datum_to_ints(struct arena *a, const struct type_ops *ops, struct datum d,
                          const int32_t **out, int *count) MUST_CHECK;

#endif
