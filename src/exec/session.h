/* The part of a session that execution and utility statements use. The server's session struct
 * begins with it and fills in the operations; lower layers never see the rest. */
#ifndef TARN_EXEC_SESSION_H
#define TARN_EXEC_SESSION_H

#include "base/buf.h"
#include "catalog/catalog.h"
#include "exec/exec.h"
#include "storage/temp_file.h"
#include "types/type.h"

struct session;
struct session_info;
struct cursor_info;
struct prepared_info;
struct setting_info;
struct own_stmt;
struct raw_stmt;
struct PgQuery__VariableSetStmt;

/* A cursor's query, planned; all of it is copied or referenced. */
struct cursor_query {
    struct statement_plan *plan; /* its tables locked */
    const uint32_t *types;       /* of its parameters */
    const struct datum *values;
    int nvalues;
    const char *text;
    int scroll; /* SCROLL 1, NO SCROLL -1, neither 0 */
};
enum cursor_direction { CURSOR_FORWARD, CURSOR_BACKWARD, CURSOR_ABSOLUTE, CURSOR_RELATIVE };
/* Takes what is fetched: each row, valid during the call; NULL once when there was none. */
struct cursor_rows {
    struct err *(*take)(void *arg, const struct statement_plan *plan, const struct datum *row);
    void *arg;
};

struct session_ops {
    /* The session's temporary schema has been made: the search path has it from now on. */
    struct err *(*path_renew)(struct session *s);
    /* SHOW: appends the value. 42704 when there is no such setting (unless missing_ok: *found). */
    struct err *(*setting_get)(struct session *s, struct str name, bool missing_ok, struct buf *out,
                               bool *found);
    /* SET [LOCAL]; `value` NULL resets. 22023 bad value, 42704 unknown, 55P02 not changeable now.
     */
    struct err *(*setting_set)(struct session *s, struct str name, const char *value, bool local);
    /* SET or RESET as a clause of another statement: the name (NULL: all) and the value (NULL:
     * reset), checked but not set. In the session's arena of the statement. */
    struct err *(*setting_of_stmt)(struct session *s, const struct PgQuery__VariableSetStmt *stmt,
                                   const char **name, const char **value);
    /* Whether it is the name of a setting, or could be one of an application's own. */
    bool (*setting_may_be)(struct str name);
    /* All settings, for pg_settings. */
    void (*each_setting)(struct session *s,
                         void (*visit)(void *arg, const struct setting_info *info), void *arg);
    /* Sends a notice to the client (takes it over). `severity` "NOTICE", "WARNING", "INFO" ... */
    void (*notice)(struct session *s, const char *severity, struct err *notice);
    /* Commits the session's transaction and begins another, within one statement. On error none is
     * open. MAY YIELD. */
    struct err *(*next_transaction)(struct session *s);
    /* Sends a cancel (or terminate) to another session; false when there is no such process. */
    bool (*signal)(int32_t pid, bool terminate);
    /* Lists the sessions, for pg_stat_activity: called once per session, under the server's lock.
     */
    void (*each_session)(void (*visit)(void *arg, const struct session_info *info), void *arg);
    /* WHERE CURRENT OF: the key of the row of `rel` that the cursor is on; valid until the cursor
     * moves. 34000, 24000. MAY YIELD. */
    struct err *(*cursor_key)(struct session *s, const char *name, const struct relation *rel,
                              struct str *key);
    bool (*read_only)(struct session *s); /* whether its transaction is */
    /* NOTIFY, in the session's transaction. 22023. */
    struct err *(*notify)(struct session *s, struct str channel, struct str payload);
    /* What the session listens to; called under a lock. */
    void (*each_channel)(struct session *s, void (*visit)(void *arg, const char *channel),
                         void *arg);
    double (*notify_usage)(void); /* of the queue, 0 to 1 */
    /* Lists the session's own prepared statements, for pg_prepared_statements. */
    void (*each_prepared)(struct session *s,
                          void (*visit)(void *arg, const struct prepared_info *info), void *arg);
    /* CREATE TABLE ... AS EXECUTE: the plan of a prepared query (a reference) and its parameters,
     * in memory of the statement. 26000, 42809. `sql` is the statement that `execute`, a
     * PgQuery__ExecuteStmt, stands in. MAY YIELD. */
    struct err *(*prepared_plan)(struct session *s, const char *sql, const void *execute,
                                 struct statement_plan **plan, const struct datum **params);
    /* Rows of what only the server knows, by the C name of the function that shows them
     * (pg_hba_file_rules, pg_control_system, pg_settings_get_flags ...): for each column a text
     * that its type reads, or NULL; valid during the visit. MAY YIELD before it. */
    struct err *(*each_row)(struct session *s, const char *function,
                            void (*visit)(void *arg, const char *const *texts, int n), void *arg);
    /* Functions' part of the transaction: what a block with exception handlers tries, and whether
     * that is kept or undone. They nest. MAY YIELD. */
    struct err *(*try_begin)(struct session *s);
    struct err *(*try_end)(struct session *s, bool keep);
    /* COMMIT and ROLLBACK of procedures and DO blocks: 2D000 where the caller's transaction is not
     * theirs to end. MAY YIELD. */
    struct err *(*end_transaction)(struct session *s, bool commit, bool chain);
    /* A statement that is not planned, within a function. *processed: rows. 0A000 for those that
     * answer the client or end transactions. MAY YIELD. */
    struct err *(*run_statement)(struct session *s, struct raw_stmt *raw, uint64_t *processed);
    /* Cursors of functions. `name` NULL: one is made up; *made in the arena. 42P03, 42P11, 34000.
     * MAY YIELD. */
    struct err *(*cursor_open)(struct session *s, const char *name, const struct cursor_query *q,
                               struct arena *a, const char **made);
    struct err *(*cursor_fetch)(struct session *s, const char *name, enum cursor_direction d,
                                int64_t count, const struct cursor_rows *rows, uint64_t *n);
    struct err *(*cursor_close)(struct session *s, const char *name);
    /* Lists the session's own portals, for pg_cursors. */
    void (*each_cursor)(struct session *s, void (*visit)(void *arg, const struct cursor_info *info),
                        void *arg);
};

struct session_info {
    int32_t pid;
    uint32_t db;
    const char *db_name;
    const char *user_name;
    const char *application_name;
    const char *client_addr;
    int client_port;
    int64_t backend_start; /* timestamptz */
    int64_t xact_start;    /* 0: none */
    int64_t query_start;
    int64_t state_change;
    const char *state; /* "active", "idle", "idle in transaction", ... */
    const char *query;
    uint32_t role;
    uint64_t lxid; /* counts the session's transactions */
    uint64_t xid;  /* of the transaction, 0: none yet */
    /* TLS; NULL: none, or the client has sent no certificate. */
    const char *tls_version;
    const char *tls_cipher;
    int tls_bits;
    const char *client_dn;
    const char *client_serial; /* decimal */
    const char *issuer_dn;
};

struct prepared_info {
    const char *name;
    const char *statement;
    int64_t prepared; /* timestamptz */
    const uint32_t *types;
    int ntypes;
    bool from_sql;
};

struct cursor_info {
    const char *name;
    const char *statement;
    bool holdable;
    bool binary;
    bool scrollable;
    int64_t created; /* timestamptz */
};

/* A row of pg_settings. `setting` and `reset` live until the visit ends, the rest as long as the
 * process. NULL where PostgreSQL has NULL. */
struct setting_info {
    const char *name;
    const char *setting;
    const char *unit;
    const char *category;
    const char *description;
    const char *extra;
    const char *context;
    const char *type;
    const char *source;
    const char *min;
    const char *max;
    const char *values; /* with | between */
    const char *boot;
    const char *reset;
    const char *file;
    int line;
    bool pending_restart;
};

/* Values of currval and lastval. */
struct session_sequence {
    uint32_t relid;
    int64_t last;
    uint32_t storage_id; /* of the numbers taken ahead (CACHE), up to `cached` */
    int64_t cached;
    int64_t increment;
};

struct session {
    const struct session_ops *ops;
    struct cat cat; /* cat.txn is NULL outside a transaction */
    struct type_env types;
    int32_t pid;
    const char *db_name;
    const char *user_name; /* session user */
    uint32_t session_role;
    bool superuser;
    bool lo_compat_privileges; /* large objects are for everybody */
    bool feeds_synced;         /* may alter synced tables, as their pipeline, which writes their
                                * rows: what would be rewritten is left empty */
    int trigger_depth;         /* functions of triggers being run, each within the one before */
    size_t work_mem_bytes;
    double hash_mem_multiplier;
    struct temp_quota temp_quota; /* of temporary files */
    struct session_sequence *sequences;
    int nsequences;
    struct txn_session_locks *locks;  /* advisory ones, NULL: none yet */
    struct temp_tables *temp;         /* with an action at commit (exec/temp.h); NULL: none */
    struct function_plans *functions; /* exec/function_plans.h; NULL: none yet */
    struct domain_checks *domains;    /* compiled (exec/domain.c); NULL: none */
    struct checks *checks;            /* constraint checks that wait (exec/checks.h); NULL: none */
    struct large_objects *large_objects; /* open ones (exec/large_objects.h); NULL: none yet */
    int last_sequence;                   /* index, -1: none yet */
    void *language_calls;    /* of functions at work: the language's own, the innermost first */
    const char *client_addr; /* "" for Unix sockets */
    int client_port;
    const char *server_addr; /* where the client has connected to; as client_addr */
    int server_port;
    int64_t backend_start;
    const char *data_directory; /* absolute; NULL: no client's session */
};

static inline struct temp_quota *session_temp_quota(struct session *s)
{
    return &s->temp_quota;
}

static inline struct exec_env session_exec_env(struct session *s)
{
    return (struct exec_env){
        .cat = &s->cat, .types = &s->types, .session = s, .work_mem_bytes = s->work_mem_bytes};
}

/* Forgets the compiled constraints of domains: at the session's end. */
void domains_free(struct session *s);

/* Utility statements on schema objects: CREATE/ALTER/DROP of schemas, tables, indexes, sequences,
 * views, databases, TRUNCATE, COMMENT, GRANT/REVOKE (as far as built) ... Runs in the session's
 * transaction (which must be open) and writes the command tag ("CREATE TABLE") into tag. What is
 * not built yet raises 0A000 naming it. A query of the statement's may use `params`, whose types
 * are known, with the values given (both may be NULL). MAY YIELD. */
struct err *utility_run(struct session *s, struct raw_stmt *raw, struct param_types *params,
                        const struct datum *values, char tag[64]) MUST_CHECK;
/* CREATE TABLE AS and SELECT INTO return rows counts in the tag; handled by utility_run too. */

/* What PostgreSQL calls a utility statement in its command tags. */
struct PgQuery__Node;
const char *statement_name(const struct PgQuery__Node *n);

/* A look for a table of the session's database to ANALYZE, the first by OID behind `after`: one
 * of which more rows have changed than threshold + scale * what the last ANALYZE saw, and that
 * nobody has locked. */
struct analyze_due {
    double threshold;
    double scale;
    uint32_t after;
    uint32_t table; /* analyzed; 0: there is none */
    char schema[64];
    char name[64];
};
/* In the session's transaction. MAY YIELD. */
struct err *analyze_next_due(struct session *s, struct analyze_due *due) MUST_CHECK;

/* SQL that makes the contents of a new database: schema public, system views ... Registered at
 * start, run in order by bootstrap_run in the session's transaction, as superuser with pid 0. */
void bootstrap_register(const char *sql);
struct err *bootstrap_run(struct session *s) MUST_CHECK;

/* Statements of the lakehouse layer, which registers itself here at start. `in_block`: inside an
 * explicit transaction block (25001 for most of them). They manage their own transactions: the
 * session calls them without one open. */
struct own_rows { /* takes the rows of a statement that returns some (own_stmt_result) */
    struct err *(*put)(struct own_rows *to, const struct datum *row); /* MAY YIELD */
};
struct own_handler {
    struct err *(*run)(struct session *s, struct own_stmt *stmt, bool in_block,
                       struct own_rows *rows, char tag[64]);
    /* The error (55000) for reading a synced table before its first load is done. */
    struct err *(*not_loaded)(struct session *s, const struct relation *rel);
};
extern struct own_handler own_handler;

#endif
