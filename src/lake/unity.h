/* Tables of a Unity Catalog by its open REST API: where they lie, and credentials for a while. */
#ifndef TARN_LAKE_UNITY_H
#define TARN_LAKE_UNITY_H

#include "base/err.h"
#include "lake/access.h"

#include <stdint.h>

struct arena;
struct json_value;

/* Whom to ask; what is vended is for that table. Strings are the caller's. */
struct unity_grant {
    const char *catalog;  /* its name, for messages */
    const char *uri;      /* ".../api/2.1/unity-catalog" */
    const char *token;    /* NULL: none is shown */
    const char *ca_pem;   /* NULL: the system's */
    const char *table_id; /* by unity_find_table */
    const char *table;    /* "catalog.schema.table", for messages */
    /* S3: not part of what is vended; NULL: the defaults. */
    const char *region;
    const char *endpoint;
};

/* 22023 unless it is a URL of a server, and a token that fits into a header. */
struct err *unity_check(const char *uri, const char *token) MUST_CHECK;
/* Asks for a table by g->table: its location and id, in the arena. 42P01 when it is not there,
 * 0A000 when it is no Delta table, 42501 when the catalog refuses, 08001 and the like as in
 * store.h. Blocks. */
struct err *unity_find_table(const struct unity_grant *g, struct arena *arena,
                             const char **location, const char **table_id) MUST_CHECK;
/* Asks for an access to read the table: *out and its options are in the arena, and name the grant
 * and when they expire. Blocks. */
struct err *unity_vend(const struct unity_grant *g, struct arena *arena,
                       struct lake_access *out) MUST_CHECK;

/* What the catalog answered, by itself: the two above use them. `tree` is untrusted, and may be
 * NULL. 58030 for what is no such answer. */
struct err *unity_read_table(const struct unity_grant *g, const struct json_value *tree,
                             struct arena *arena, const char **location,
                             const char **table_id) MUST_CHECK;
struct err *unity_read_access(const struct unity_grant *g, const struct json_value *tree,
                              struct arena *arena, struct lake_access *out) MUST_CHECK;

#endif
