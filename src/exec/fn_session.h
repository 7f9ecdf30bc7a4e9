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
/* The parts of them in fn_activity.c, fn_catalog.c and fn_acl.c. */
fn_impl activity_fn_lookup(const char *prosrc);
fn_impl stats_fn_lookup(const char *prosrc);
fn_impl snapshot_fn_lookup(const char *prosrc);
fn_impl index_fn_lookup(const char *prosrc);
fn_impl large_object_fn_lookup(const char *prosrc);
/* By the C symbol of an extension's function; NULL: it is not implemented. */
fn_impl extension_fn_lookup(struct str symbol);
const struct srf_impl *extension_srf_lookup(const char *prosrc);
extern const struct srf_impl snapshot_xip_srf;
const struct srf_impl *activity_srf_lookup(const char *prosrc);
fn_impl catalog_fn_lookup(const char *prosrc);
const struct srf_impl *catalog_srf_lookup(const char *prosrc);
fn_impl info_fn_lookup(const char *prosrc);
const struct srf_impl *info_srf_lookup(const char *prosrc);
fn_impl server_fn_lookup(const char *prosrc);
const struct srf_impl *server_srf_lookup(const char *prosrc);
fn_impl control_fn_lookup(const char *prosrc);
fn_impl file_fn_lookup(const char *prosrc);
const struct srf_impl *file_srf_lookup(const char *prosrc);
/* fn_keywords.c */
struct err *list_keywords(void **state, struct fn_call *c, struct datum *row, int ncols,
                          bool *done) MUST_CHECK;
fn_impl function_fn_lookup(const char *prosrc);
fn_impl acl_fn_lookup(const char *prosrc);
const struct srf_impl *acl_srf_lookup(const char *prosrc);
/* A relation by "name" or "schema.name" as regclass reads it; 42P01. */
struct err *session_relation_oid(struct session *s, struct str name, uint32_t *out) MUST_CHECK;
struct cat_proc;
/* All functions that a name may mean, built in or of users; "": the schemas of the search path. In
 * the arena. 3F000, 42501 */
struct err *session_functions(struct session *s, const char *nsp, const char *name, struct arena *a,
                              const struct cat_proc ***out, int *n) MUST_CHECK;
struct exec_env;
/* The next number of a sequence, for currval and lastval too. 42P01, 42809, 2200H. MAY
 * YIELD. */
struct err *session_nextval(const struct exec_env *env, uint32_t relid, int64_t *out) MUST_CHECK;
/* Whether the session may cancel what the session `pid` does, or end it: the role whose session it
 * is, and members of pg_signal_backend; superusers' only superusers. 42501. */
struct err *session_may_signal(struct session *s, int32_t pid, bool terminate,
                               struct arena *scratch) MUST_CHECK;
/* Sets the hooks of s->types for reg* types. */
void session_bind_names(struct session *s);

/* ---- between the fn_ files ---- */
/* Of an errno value that an operation on a file of the server's machine gave. */
const char *file_sqlstate(int error);
/* The record that the called function's OUT arguments make, from a value for each; in c->arena. */
struct err *fn_record(struct fn_call *c, const struct datum *values, struct datum *out) MUST_CHECK;
/* The same from a text that the column's type reads (NULL: NULL) for each. */
struct err *fn_record_of_texts(struct fn_call *c, const char *const *texts,
                               struct datum *out) MUST_CHECK;
/* The name of the log's file that has a position; NULL: it is not there (any more). MAY YIELD. */
struct err *fn_wal_file(struct fn_call *c, uint64_t lsn, struct datum *out) MUST_CHECK;

static inline struct err *text_result(struct fn_call *c, struct buf *b, struct datum *out)
{
    struct err *e = buf_finish(b);
    if (!e)
        *out = datum_str(arena_str(c->arena, buf_str(b)));
    buf_done(b);
    return e;
}

static inline struct datum cstring(struct fn_call *c, const char *s)
{
    return s ? datum_str(arena_str(c->arena, str_from(s))) : datum_null();
}

static inline struct err *need_session(struct fn_call *c)
{
    return c->session ? NULL : err_new("0A000", "this function needs a session");
}

/* format_type: with its schema when the search path does not find it. */
struct err *session_type_name(struct session *s, uint32_t oid, int32_t typmod, struct arena *a,
                              struct datum *out) MUST_CHECK;
/* The same without a type modifier: "character" and "bit" of any length. */
struct err *session_plain_type_name(struct session *s, uint32_t oid, struct arena *a,
                                    struct datum *out) MUST_CHECK;
/* About how much a storage takes. */
int64_t fn_storage_bytes(const struct cat *cat, uint32_t storage_id);
/* Whether the relation is what its name means on the search path. */
struct err *fn_visible(struct fn_call *c, uint32_t oid, bool *yes) MUST_CHECK;
/* Definitions as SQL: fn_defs.c. */
struct err *fn_get_expr(struct fn_call *c, struct datum *out) MUST_CHECK;
struct err *fn_get_indexdef(struct fn_call *c, struct datum *out) MUST_CHECK;
struct err *fn_get_constraintdef(struct fn_call *c, struct datum *out) MUST_CHECK;
struct err *fn_get_viewdef(struct fn_call *c, struct datum *out) MUST_CHECK;

/* Hooks of type_env for types that users make (fn_types.c). */
void session_bind_types(struct session *s);
fn_impl types_fn_lookup(const char *prosrc);
/* A value against its domain's constraints (domain.c): 23502, 23514. MAY YIELD. */
struct err *domain_check(void *session, uint32_t domain, struct datum d) MUST_CHECK;

/* fn_citext.c, fn_hstore.c */
fn_impl citext_fn_lookup(struct str symbol);
fn_impl hstore_fn_lookup(struct str symbol);
const struct srf_impl *hstore_srf_lookup(const char *symbol);

#endif
