/* Settings: the table of them, the values of the server (configuration file, command line) and of a
 * session (SET, SET LOCAL, startup packet). A value is kept as canonical text: booleans "on" and
 * "off", numbers in the setting's unit.
 *
 * A session's values follow its transactions: what was set since a savepoint or the transaction's
 * begin is undone when that is rolled back, and SET LOCAL ends with the transaction. */
#ifndef TARN_SERVER_SETTINGS_H
#define TARN_SERVER_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum setting_type { SETTING_BOOL, SETTING_INT, SETTING_REAL, SETTING_STRING, SETTING_ENUM };
/* Who can change it, when: the further down, the more can. */
enum setting_context {
    SETTING_INTERNAL,
    SETTING_POSTMASTER,        /* at the server's start */
    SETTING_SIGHUP,            /* at reload */
    SETTING_SUPERUSER_BACKEND, /* at the session's start */
    SETTING_BACKEND,
    SETTING_SUPERUSER,
    SETTING_USER,
};
enum {
    SETTING_REPORT = 1, /* told to the client when it changes */
    SETTING_LIST = 2,   /* SET a = b, c */
    SETTING_QUOTE = 4,  /* ... of identifiers */
    SETTING_NO_RESET = 8,
    SETTING_HIDDEN = 16,  /* not in SHOW ALL */
    SETTING_GUARDED = 32, /* shown to members of pg_read_all_settings alone */
};
/* What else follows from a value. */
enum setting_hook {
    HOOK_NONE,
    HOOK_DATE_STYLE,
    HOOK_INTERVAL_STYLE,
    HOOK_TIME_ZONE,
    HOOK_ZONE_NAME,
    HOOK_CLIENT_ENCODING,
    HOOK_FLOAT_DIGITS,
    HOOK_BYTEA,
    HOOK_STATEMENT_TIMEOUT,
    HOOK_LOCK_TIMEOUT,
    HOOK_DEADLOCK_TIMEOUT,
    HOOK_IDLE_XACT_TIMEOUT,
    HOOK_IDLE_TIMEOUT,
    HOOK_SYNC_COMMIT,
    HOOK_DEFAULT_ISOLATION,
    HOOK_DEFAULT_READ_ONLY,
    HOOK_DEFAULT_DEFERRABLE,
    HOOK_XACT_ISOLATION,
    HOOK_XACT_READ_ONLY,
    HOOK_XACT_DEFERRABLE,
    HOOK_WORK_MEM,
    HOOK_PLANS,
    HOOK_LO_COMPAT,
    HOOK_HASH_MEM,
    HOOK_TEMP_FILE_LIMIT,
    HOOK_LOG_TEMP_FILES,
    HOOK_LOG_STATEMENTS,
    HOOK_MIN_MESSAGES,
    HOOK_SEARCH_PATH,
    HOOK_APPLICATION_NAME,
    HOOK_ROLE,
    HOOK_SESSION_AUTH,
    HOOK_ON_ONLY,
    HOOK_ACCESS_METHOD,
    HOOK_TABLESPACE,
    HOOK_LOCALE,
};

struct setting_def {
    const char *name;
    enum setting_type type;
    enum setting_context context;
    const char *unit; /* NULL: a plain number */
    double min;
    double max;
    const char *min_text; /* NULL: not a number */
    const char *max_text;
    const char *boot;
    const char *values; /* of an enum, with | between */
    int flags;
    enum setting_hook hook;
    const char *category;
    const char *description;
    const char *extra; /* NULL: nothing more to say */
    const char *words; /* as pg_settings_get_flags tells: EXPLAIN, NOT_IN_SAMPLE, with commas */
};

/* Where a value is from: the further down, the more it counts. */
enum setting_source {
    SOURCE_DEFAULT,
    SOURCE_FILE,
    SOURCE_COMMAND_LINE,
    SOURCE_ALL_ROLES, /* ALTER ROLE ALL SET */
    SOURCE_DATABASE,
    SOURCE_ROLE,
    SOURCE_DATABASE_ROLE,
    SOURCE_CLIENT, /* the startup packet */
    SOURCE_OVERRIDE,
    SOURCE_SESSION,
};

extern const struct setting_def *const setting_table; /* in the order of names */
extern int setting_table_count;

/* Reads the table; before anything else here. */
void settings_init(void);
/* As pg_settings shows them. */
const char *setting_type_name(enum setting_type type);
const char *setting_context_name(enum setting_context context);
const char *setting_source_name(enum setting_source source);

/* Without regard to case; NULL: no such setting. */
const struct setting_def *setting_find(struct str name);
/* 42704 */
struct err *setting_unknown(struct str name);
/* Checks a value and gives its canonical text (malloc'ed). 22023, 0A000. */
struct err *setting_canonical(const struct setting_def *def, const char *text,
                              char **out) MUST_CHECK;
/* As SHOW prints it: with the largest unit that divides it. */
void setting_display(const struct setting_def *def, const char *canonical, struct buf *out);
/* Position of an enum's value among def->values. */
int setting_enum_index(const struct setting_def *def, const char *canonical);
/* A canonical boolean. */
bool setting_is_on(const char *canonical);
int64_t setting_int(const char *canonical);

/* Reads DateStyle's words; false at an unknown or conflicting one. Starts from the values given. */
bool date_style_parse(const char *text, int *style, int *order);
/* NULL: no such zone. */
const struct tz *time_zone_parse(const char *text);
/* Splits "a, "B"" into items: calls visit for each, down-cased unless quoted. False on bad syntax.
 */
bool identifier_list_parse(const char *text, void (*visit)(void *arg, const char *item), void *arg);

/* ---- the server's values ---- */

/* The value for all sessions that have none of their own; lives as long as the process. */
const char *server_setting(const struct setting_def *def);
const char *server_setting_named(const char *name);
/* Where a server's value is from. */
struct setting_origin {
    enum setting_source source;
    const char *file; /* NULL: none */
    int line;
    bool pending_restart; /* the file says something else by now */
};
struct setting_origin server_setting_origin(const struct setting_def *def);
/* From the configuration file or the command line. What the command line says stays. `reload`: what
 * needs a restart is left as it is, with a log entry if it differs. `file` lives on. */
struct err *server_setting_set(struct str name, const char *text, struct setting_origin origin,
                               bool reload) MUST_CHECK;
/* Sets what the server itself finds out (data_directory ...). */
void server_setting_force(const char *name, const char *canonical);
/* Changes when any of them does. Any thread. */
uint64_t server_settings_generation(void);
/* Reads a configuration file. F0000 with file and line. */
struct err *config_read(const char *path, bool reload) MUST_CHECK;
/* Around reading all files again: what none of them names any more gets its default. */
void server_settings_reload_begin(void);
void server_settings_reload_end(void);
/* Changes one line of a file of settings that ALTER SYSTEM writes: to `value`, or away when that is
 * NULL; no name: all lines away. The file is replaced, durably. Blocks: for a worker thread. */
struct err *config_change(const char *path, const char *name, const char *value) MUST_CHECK;
/* That file's name in the data directory. */
#define AUTO_CONFIG "tarn.auto.conf"

/* ---- a session's values ---- */

struct setting_entry {
    const struct setting_def *def; /* NULL: a custom setting, "a.b" */
    char *name;                    /* of a custom one */
    char *value;                   /* in force; NULL: the reset value, else the server's */
    char *session_value;           /* after the transaction's end */
    char *reset_value;             /* what the session began with; NULL: the server's */
    enum setting_source reset_source;
};
struct setting_undo {
    int entry;
    char *value;
    char *session_value;
};
struct settings {
    struct setting_entry *entries;
    int count;
    int cap;
    struct setting_undo *undo;
    int undo_count;
    int undo_cap;
    /* Called when the value in force has changed. */
    void (*changed)(void *arg, const struct setting_def *def);
    void *arg;
};

void settings_done(struct settings *s);
/* The value in force; never NULL. */
const char *settings_value(const struct settings *s, const struct setting_def *def);
const char *settings_reset_value(const struct settings *s, const struct setting_def *def);
/* NULL: not set. */
const char *settings_custom(const struct settings *s, struct str name);
/* Canonical text; NULL resets. Remembered for undoing. */
void settings_set(struct settings *s, const struct setting_def *def, const char *canonical,
                  bool local);
/* 42602 when it is not a good name. */
struct err *settings_set_custom(struct settings *s, struct str name, const char *value,
                                bool local) MUST_CHECK;
/* What the session begins with, and RESET goes back to: from the startup packet, or from what ALTER
 * ROLE and ALTER DATABASE have set. */
void settings_set_startup(struct settings *s, const struct setting_def *def, const char *canonical,
                          enum setting_source source);
struct err *settings_set_custom_startup(struct settings *s, struct str name, const char *value,
                                        enum setting_source source) MUST_CHECK;
/* Where the value in force is from. */
enum setting_source settings_source(const struct settings *s, const struct setting_def *def);
/* 42602 */
struct err *setting_check_custom_name(struct str name) MUST_CHECK;
/* RESET ALL. */
void settings_reset_all(struct settings *s);

/* Transactions: a mark to roll back to; the end. */
int settings_mark(const struct settings *s);
void settings_rollback(struct settings *s, int mark);
void settings_commit(struct settings *s);

#endif
