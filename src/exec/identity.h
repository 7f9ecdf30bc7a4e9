/* What an object is called in the whole database: manual section 9.26, "Object Information and
 * Addressing". */
#ifndef TARN_EXEC_IDENTITY_H
#define TARN_EXEC_IDENTITY_H

#include "catalog/depend.h"
#include "exec/session.h"

enum { IDENTITY_MAX_NAMES = 4, IDENTITY_MAX_ARGS = 100 };

/* Strings are in the arena of the call, or literal. */
struct identity {
    const char *type;   /* "table", "table column", "function" ... */
    const char *text;   /* quoted, with its schema; NULL: there is no such object */
    const char *schema; /* quoted; NULL: it is in none */
    const char *name;   /* quoted; NULL: it takes more than a schema and a name to find it */
    const char *names[IDENTITY_MAX_NAMES]; /* not quoted: what pg_get_object_address takes */
    int nnames;
    const char *args[IDENTITY_MAX_ARGS];
    int nargs;
};

/* What default privileges of a kind (pg_default_acl.defaclobjtype) are on: "tables"; NULL for a
 * kind that is none. */
const char *identity_default_acl_kind(char type);
/* XX000 for a class that has no objects. MAY YIELD. */
struct err *identity_of(struct session *s, struct object_address o, struct arena *a,
                        struct identity *out) MUST_CHECK;
/* The object of a type (as identity_of calls it) that names and arguments find. 22023 for a type
 * that is none, or lists of other lengths than it takes; the errors of a DROP of what is not there.
 * MAY YIELD. */
struct err *identity_find(struct session *s, const char *type, const char *const *names, int nnames,
                          const char *const *args, int nargs, struct arena *a,
                          struct object_address *out) MUST_CHECK;

#endif
