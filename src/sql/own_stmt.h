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
    OWN_ALTER_SYNCED,
    OWN_WAIT_SYNCED, /* `version`, `timeout` */
    OWN_DROP_SYNCED,
    OWN_CREATE_CREDENTIAL, /* `name`, `type`, `options` */
    OWN_ALTER_CREDENTIAL,  /* `name`, `options` */
    OWN_DROP_CREDENTIAL,
    OWN_CREATE_CATALOG, /* as a credential */
    OWN_DROP_CATALOG,
    OWN_VERIFY_SYNCED, /* `repair` */
    OWN_CHECK_SYNC,    /* `uri` or `source`, `keys`, `options` */
    OWN_BACKUP,        /* `uri`: the directory */
    OWN_UNSUPPORTED,   /* recognised, not built yet: `what` names it */
};

enum own_mode { OWN_MODE_NONE, OWN_MODE_SNAPSHOT, OWN_MODE_TRIGGERED, OWN_MODE_CONTINUOUS };

/* What ALTER SYNCED TABLE does. */
enum own_action {
    OWN_PAUSE,
    OWN_RESUME,
    OWN_SET_MODE,
    OWN_SET_OPTIONS,
    OWN_SET_SCHEDULE /* `every` or `cron` */
};

struct own_option {
    const char *name;
    const char *value;
};

/* COLUMNS (source [AS name] [type], ...) */
struct own_column {
    const char *source;
    const char *name; /* NULL: the same */
    const char *type; /* as written; NULL: that of the source */
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
    bool repair;
    const char *type; /* of a credential or catalog */
    int type_location;
    const char *source[3]; /* FROM catalog.schema.table; `uri` is then NULL */
    const char *uri;       /* FROM DELTA 'uri', BACKUP TO 'directory' */
    int uri_location;
    struct own_column *columns;
    int ncolumns;      /* 0: all */
    const char **keys; /* PRIMARY KEY columns */
    int nkeys;
    const char *time_key; /* TIMESERIES KEY; NULL: none */
    enum own_mode mode;
    enum own_action action;
    const char *every; /* EVERY 'interval'; NULL: none */
    const char *cron;  /* SCHEDULE 'cron expression'; NULL: none */
    int schedule_location;
    const char *version; /* digits */
    int version_location;
    const char *timeout; /* an interval; NULL: none */
    int timeout_location;
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
/* The text as it may be shown and logged: `sql` itself, or in place of one with a statement that
 * carries secrets the words that it begins with. */
const char *own_stmt_shown(const char *sql);

/* The columns of its rows; NULL: it returns none. */
struct own_result {
    int count;
    struct own_result_column {
        const char *name;
        uint32_t type;
    } columns[8];
};
const struct own_result *own_stmt_result(const struct own_stmt *s);

#endif
