/* Functions bound to the session, and the names behind reg* types. */
#ifndef TARN_EXEC_FN_SESSION_H
#define TARN_EXEC_FN_SESSION_H

#include "catalog/depend.h"
#include "exec/fn.h"
#include "exec/session.h"
#include "sql/parse.h"

/* By pg_proc.prosrc, as fn_lookup; for functions that need the session. */
fn_impl session_fn_lookup(const char *prosrc);
const struct srf_impl *session_srf_lookup(const char *prosrc);
/* The part of them in fn_activity.c. */
fn_impl activity_fn_lookup(const char *prosrc);
const struct srf_impl *activity_srf_lookup(const char *prosrc);
/* A relation by "name" or "schema.name" as regclass reads it; 42P01. */
struct err *session_relation_oid(struct session *s, struct str name, uint32_t *out) MUST_CHECK;
/* Sets the hooks of s->types for reg* types. */
void session_bind_names(struct session *s);

#endif
