/* Tarn's own statements, which PostgreSQL's grammar does not know: synced tables and their sources,
 * backups. */
#ifndef TARN_SQL_OWN_STMT_H
#define TARN_SQL_OWN_STMT_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum own_kind {
    OWN_CREATE_SYNCED,
    OWN_REFRESH_SYNCED,
    OWN_DROP_SYNCED,
    OWN_BACKUP,      /* `uri`: the directory */
    OWN_UNSUPPORTED, /* recognised, not built yet: `what` names it */
};

struct own_option {
    const char *name;
    const char *value;
};

struct own_stmt {
    enum own_kind kind;
    const char *schema; /* NULL: search path */
    const char *name;
    int name_location;
    bool missing_ok; /* IF EXISTS, IF NOT EXISTS */
    bool cascade;
    bool full;
    bool no_wait;
    const char *uri; /* FROM DELTA 'uri', BACKUP TO 'directory' */
    int uri_location;
    const char **keys; /* PRIMARY KEY columns */
    int nkeys;
    struct own_option *options;
    int noptions;
    const char *what; /* UNSUPPORTED */
};

/* Whether the text begins with one of Tarn's own statements; then parses it. *end is the offset
 * after it (behind the semicolon). 42601 with position; clauses that are recognised but not built
 * yet make the statement OWN_UNSUPPORTED. */
struct err *own_stmt_parse(const char *sql, int start, struct arena *arena, struct own_stmt **out,
                           int *end) MUST_CHECK;
bool own_stmt_begins(const char *sql, int start);

#endif
