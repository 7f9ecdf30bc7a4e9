/* Shared inside server/: the session, its transaction, statements and portals. */
#ifndef TARN_SERVER_INTERNAL_H
#define TARN_SERVER_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "exec/checks.h"
#include "exec/row_store.h"
#include "exec/session.h"
#include "rt/cancel.h"
#include "rt/runtime.h"
#include "server/server.h"
#include "server/settings.h"
#include "sql/analyze.h"
#include "sql/own_stmt.h"
#include "sql/parse.h"
#include "sql/plan.h"
#include "wire/wire.h"

struct conn;
struct cursor;
struct notify;
struct PgQuery__VariableSetStmt;
struct backend;

enum {
    FLUSH_BYTES = 64 * 1024,
    TAG_BYTES = 96,
    ACTIVITY_QUERY_BYTES = 1024,
};

/* ---- prepared statements ---- */

enum stmt_kind {
    STMT_EMPTY,
    STMT_PLAN, /* SELECT, INSERT, UPDATE, DELETE */
    STMT_TRANSACTION,
    STMT_SET,
    STMT_SHOW,
    STMT_PREPARE,
    STMT_EXECUTE,
    STMT_DEALLOCATE,
    STMT_DECLARE,
    STMT_FETCH,
    STMT_CLOSE,
    STMT_EXPLAIN,
    STMT_DISCARD,
    STMT_COPY,
    STMT_CHECKPOINT,
    STMT_OWN,
    STMT_UTILITY, /* whatever utility_run does */
};

/* The result columns of a statement: where from, and the types' functions. */
struct result_desc {
    int ncols;
    const struct target *cols;
    const struct type_ops **ops; /* NULL: void */
};

/* A parsed statement with its plan. Owned by references: the session's list or slot, and portals.
 */
struct prepared {
    int refs;
    struct prepared *source; /* of prepared_share: owns text, tree and declared types; or NULL */
    struct prepared *next;
    char *name;
    struct arena arena; /* text, tree */
    const char *sql;
    size_t sql_len;
    struct raw_stmt raw;
    enum stmt_kind kind;
    struct param_types params;
    int ndeclared; /* parameter types as the client gave them */
    uint32_t *declared;
    bool fixed_result; /* described: the columns may not change any more */
    const char *shown; /* in pg_prepared_statements; NULL: sql */
    bool from_sql;     /* PREPARE */
    int64_t created;   /* timestamptz; 0: not named */
    struct statement_plan *plan;
    uint64_t path_generation;
    bool plan_is_local; /* made by a transaction that had changed the catalog: good for one use */
    struct result_desc desc;
};

/* Parses one statement. `types`: given parameter types (0: infer). 42601 when there are several. */
struct err *prepared_new(const char *sql, size_t sql_len, const uint32_t *types, int ntypes,
                         struct prepared **out) MUST_CHECK;
struct prepared *prepared_ref(struct prepared *p);
/* The session's named ones. */
void prepared_each(struct session *s, void (*visit)(void *arg, const struct prepared_info *info),
                   void *arg);
/* A statement of its own that starts from a planned one: its text, tree, types and plan are not
 * made again. What either becomes later is nothing to the other. NULL: no memory. */
struct prepared *prepared_share(struct backend *b, struct prepared *source) MUST_CHECK;
/* Whether its plan is the one that planning now would give. In an open transaction. */
bool prepared_is_current(const struct backend *b, const struct prepared *p);
void prepared_unref(struct prepared *p); /* NULL is fine */
/* Of a plan made elsewhere, its tables locked: to be started at once. The text is copied. */
struct err *prepared_of_plan(struct backend *b, const char *text, struct statement_plan *plan,
                             struct prepared **out) MUST_CHECK;
/* Makes sure that the plan fits the catalog of now. MAY YIELD. */
struct err *prepared_plan(struct backend *b, struct prepared *p) MUST_CHECK;
/* Also takes the locks of the plan's tables: what a run needs. MAY YIELD. */
struct err *prepared_lock(struct backend *b, struct prepared *p) MUST_CHECK;
enum stmt_kind stmt_kind_of(const struct raw_stmt *raw);
/* The query that a statement explains, declares a cursor for or makes a table of, itself else; its
 * parameters are the statement's. */
struct PgQuery__Node *query_within(struct PgQuery__Node *n);
struct prepared *prepared_find(struct backend *b, const char *name);
void prepared_drop(struct backend *b, const char *name);
void prepared_drop_all(struct backend *b);
struct err *result_desc_make(struct backend *b, const struct statement_plan *plan,
                             struct result_desc *out) MUST_CHECK;
void result_desc_free(struct result_desc *d);

/* ---- statements known by their text ---- */

/* A literal lifted out of a text; `text` borrows from it. */
struct text_literal {
    struct str text;
    int64_t number;
    bool string;
    bool wide;
};

struct cached_text {
    struct prepared *stmt; /* a reference for the caller */
    struct datum *values;  /* of its parameters */
};

/* A single SELECT, INSERT, UPDATE or DELETE to judge by its beginning: worth a look-up. */
bool text_cache_suits(const char *sql);
/* A plan for the text with other literals, or a new one; false: run the text as it is. In an open
 * transaction. MAY YIELD. */
bool text_cache_find(struct backend *b, const char *sql, struct arena *a, struct cached_text *out);
/* For an unnamed statement of the extended protocol: one with the same text and declared parameter
 * types, to be the caller's own; NULL when none is known. In an open transaction. */
struct prepared *text_cache_share(struct backend *b, struct str sql, const uint32_t *types,
                                  int ntypes);
/* Makes a planned statement known to text_cache_share. */
void text_cache_keep(struct backend *b, struct prepared *p);

/* ---- portals ---- */

enum portal_state { PORTAL_NEW, PORTAL_RUNNING, PORTAL_DONE, PORTAL_FAILED };

struct portal {
    struct portal *next;
    char *name;
    struct prepared *stmt;
    struct arena arena; /* parameters */
    struct datum *params;
    int16_t *formats; /* result formats: nformats of 0, 1 or all columns */
    int nformats;
    struct exec *exec;
    enum portal_state state;
    struct cursor *cursor; /* of DECLARE, or once FETCH named it; see cursor.c */
    int64_t created;
    struct row_store *held; /* ran to its end; the rows wait here. NULL: it did not */
    struct row_reader held_reader;
    int level;         /* savepoints around it when it was made */
    bool active;       /* it is run: the end of a transaction within leaves it */
    uint64_t position; /* rows given so far */
};

struct portal *portal_find(struct backend *b, const char *name);
/* Replaces an unnamed one; 42P03 for a name in use. */
struct err *portal_new(struct backend *b, const char *name, struct prepared *stmt,
                       struct portal **out) MUST_CHECK;
/* protocol.c: the values of a message for the portal's parameters. */
struct err *portal_read_params(struct backend *b, struct portal *p,
                               const struct wire_bind *m) MUST_CHECK;
/* function_call.c: runs it and answers with its value, as a statement of its own. MAY YIELD. */
struct err *function_call(struct backend *b, const struct wire_call *m) MUST_CHECK;
void portal_drop(struct backend *b, struct portal *p);
void portals_drop_all(struct backend *b);
/* At the end of a transaction: all but held cursors, and those too that `aborted` (0: committed)
 * would have kept. */
void portals_end(struct backend *b, uint64_t aborted);
/* Begins the run; nothing when it has begun. */
struct err *portal_start(struct backend *b, struct portal *p) MUST_CHECK;
void portals_drop_level(struct backend *b, int level); /* those made at that level or deeper */
/* Runs up to max_rows (0: all) rows; they go to the session's output (`send`) or nowhere. */
struct err *portal_run(struct backend *b, struct portal *p, uint64_t max_rows, bool send,
                       const int16_t *formats, int nformats, uint64_t *nrows,
                       bool *done) MUST_CHECK;

/* 55006 when a statement would change or drop a table that an open portal still reads. */
struct err *portals_check_in_use(struct backend *b, const struct PgQuery__Node *n) MUST_CHECK;

/* cursor.c */
void cursor_free(struct cursor *c); /* NULL is fine */
/* As portal_run, for a cursor. */
struct err *cursor_forward(struct backend *b, struct portal *p, uint64_t max_rows, bool send,
                           const int16_t *formats, int nformats, uint64_t *nrows,
                           bool *done) MUST_CHECK;
/* Before a commit: WITH HOLD cursors take the rows they still need. MAY YIELD. */
struct err *cursors_hold(struct backend *b) MUST_CHECK;
bool cursor_outlives(const struct portal *p, uint64_t aborted);
/* Operations for lower layers. */
struct err *cursor_open(struct session *s, const char *name, const struct cursor_query *q,
                        struct arena *a, const char **made) MUST_CHECK;
struct err *cursor_fetch(struct session *s, const char *name, enum cursor_direction d,
                         int64_t count, const struct cursor_rows *rows, uint64_t *n) MUST_CHECK;
struct err *cursor_close(struct session *s, const char *name) MUST_CHECK;
struct err *cursor_current_key(struct session *s, const char *name, const struct relation *rel,
                               struct str *key) MUST_CHECK;
void cursors_each(struct session *s, void (*visit)(void *arg, const struct cursor_info *info),
                  void *arg);

/* ---- running statements ---- */

/* One run of one statement, by either protocol. */
struct run {
    struct raw_stmt *raw;
    enum stmt_kind kind;
    const char *sql;
    struct param_types *params; /* NULL: none */
    const struct datum *values;
    const int16_t *formats;
    int nformats;
    bool describe; /* send a RowDescription before rows */
    bool only;     /* the only statement of its message, in an implicit transaction */
    bool in_function;
    char tag[TAG_BYTES];
};

/* MAY YIELD. The transaction is as the statement leaves it; `tag` is for CommandComplete. */
struct err *run_statement(struct backend *b, struct run *r) MUST_CHECK;
/* A planned statement, its tables locked, with its rows to the output. */
struct err *run_plan(struct backend *b, struct run *r, struct statement_plan *plan,
                     const struct datum *params) MUST_CHECK;
/* Whether its result has rows for the client, perhaps of no columns. */
bool plan_has_rows(const struct statement_plan *plan);
void tag_plan(const struct statement_plan *plan, uint64_t nrows, char tag[TAG_BYTES]);
/* read_only.c: 25006 for what a READ ONLY transaction may not do. */
struct err *check_read_only(struct backend *b, const struct statement_plan *plan) MUST_CHECK;
struct err *check_read_only_utility(struct backend *b, const struct PgQuery__Node *n) MUST_CHECK;
const char *lock_clause_name(const struct query *q); /* "FOR UPDATE" ... of the first mark */

/* Rows. */
/* 22P05: a name that the client's character set does not have. */
struct err *put_row_description(struct backend *b, const struct result_desc *d,
                                const int16_t *formats, int nformats) MUST_CHECK;
/* The value in the format, text in the client's character set (22P05). 42883: it has no binary
 * form. */
struct err *put_value(const struct type_env *env, const struct type_ops *ops, struct datum value,
                      int16_t format, struct buf *out) MUST_CHECK;
struct err *put_row(struct backend *b, struct buf *out, const struct result_desc *d,
                    const struct datum *row, const int16_t *formats, int nformats) MUST_CHECK;
/* Result columns of type text, by name. */
void put_text_description(struct backend *b, const char *const *names, int n, uint32_t type,
                          const int16_t *formats, int nformats);
struct own_result;
void put_own_description(struct backend *b, const struct own_result *columns,
                         const int16_t *formats, int nformats);
void put_text_row(struct backend *b, const char *const *values, int n);

/* Columns of a statement's result that is not a plan's; false: it returns no rows. `desc` is set
 * for those of a plan (EXECUTE, FETCH). */
bool utility_columns(struct backend *b, const struct raw_stmt *raw, const struct result_desc **desc,
                     const char **names, int *n, uint32_t *type);

/* session_ops' run_statement. */
struct err *function_statement(struct session *s, struct raw_stmt *raw,
                               uint64_t *processed) MUST_CHECK;

/* utility.c and its neighbours: statements by kind. */
struct err *run_utility(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_transaction(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_set(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_show(struct backend *b, struct run *r) MUST_CHECK;
/* A prepared statement of the one inside PREPARE or DECLARE. MAY YIELD. */
struct err *prepare_nested(struct backend *b, const struct run *r, const uint32_t *types,
                           int ntypes, struct prepared **out) MUST_CHECK;
struct err *run_prepare(struct backend *b, struct run *r) MUST_CHECK;
/* For session_ops. */
struct err *prepared_for_table(struct session *session, const char *sql, const void *execute,
                               struct statement_plan **plan,
                               const struct datum **params) MUST_CHECK;
struct err *run_execute(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_deallocate(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_declare(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_fetch(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_close(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_explain(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_copy(struct backend *b, struct run *r) MUST_CHECK;
void session_reset_all(struct backend *b); /* of DISCARD ALL: settings, statements, sequences */

/* ---- transactions ---- */

enum xact_state {
    XACT_NONE,
    XACT_IMPLICIT, /* ends with the statement, Query message or Sync */
    XACT_BLOCK,    /* between BEGIN and COMMIT */
    XACT_FAILED,   /* ... after an error */
};

struct savepoint {
    char *name;
    uint32_t mark;
    int settings_mark;
    struct checks_mark checks;
    uint32_t large_objects; /* large_objects_mark */
    size_t notify_mark;
    bool read_only; /* of the transaction around it */
};

struct xact {
    enum xact_state state;
    bool implicit_block; /* IMPLICIT, of a Query message with several statements */
    bool had_query;
    bool read_only;
    bool deferrable;
    enum txn_isolation isolation;
    uint64_t number;  /* counts the session's transactions */
    bool uncommitted; /* READ UNCOMMITTED was asked for: only to be shown */
    int64_t start;    /* timestamptz */
    struct savepoint *saves;
    int nsaves;
    int saves_cap;
};

/* Before any statement: an implicit transaction unless one is open. */
void xact_begin(struct backend *b);
/* Opens the transaction in the store if it is not, and the search path for it. MAY YIELD. */
struct err *xact_open(struct backend *b) MUST_CHECK;
/* The part of it that begins the store's transaction, unless there is one: nothing is read. */
struct err *xact_begin_store(struct backend *b) MUST_CHECK;
/* After a statement that goes on in the same transaction. */
void xact_next(struct backend *b);
/* After an error. */
void xact_fail(struct backend *b);
/* MAY YIELD. */
struct err *xact_commit(struct backend *b) MUST_CHECK;
/* Ends the store's transaction within a statement and opens the next one. MAY YIELD. */
struct err *xact_next_transaction(struct backend *b) MUST_CHECK;
void xact_rollback(struct backend *b);
/* session_ops' try_begin, try_end, end_transaction. MAY YIELD. */
struct err *xact_try(struct session *s) MUST_CHECK;
struct err *xact_try_end(struct session *s, bool keep) MUST_CHECK;
struct err *xact_end_in_function(struct session *s, bool commit, bool with_chain) MUST_CHECK;
bool xact_in_block(const struct backend *b);
/* A transaction of the one statement alone. */
bool xact_is_implicit(const struct backend *b);
/* 25001 unless the statement stands alone. */
struct err *xact_must_be_alone(struct backend *b, const struct run *r, const char *what) MUST_CHECK;
char xact_status(const struct backend *b); /* of ReadyForQuery */
struct err *xact_set_isolation(struct backend *b, const char *level, bool uncommon) MUST_CHECK;
struct err *xact_set_read_only(struct backend *b, bool read_only) MUST_CHECK;
struct err *xact_set_deferrable(struct backend *b, bool deferrable) MUST_CHECK;
const char *isolation_name(enum txn_isolation i, bool uncommitted);
/* canonical text of the setting */
enum txn_isolation isolation_parse(const char *level);

/* notify.c */
struct err *run_listen(struct backend *b, struct run *r) MUST_CHECK; /* LISTEN, UNLISTEN, NOTIFY */
struct err *notify_send(struct session *s, struct str channel, struct str payload) MUST_CHECK;
size_t notify_mark(const struct backend *b);
/* Forgets what was asked for since the mark. */
void notify_rollback(struct backend *b, size_t mark);
/* Before the commit; opens the transaction if there is something to send. */
struct err *notify_pre_commit(struct backend *b) MUST_CHECK;
void notify_commit(struct backend *b); /* after it */
/* Notifications to the output, when outside a transaction. */
void notify_deliver(struct backend *b);
bool notify_waits(struct backend *b); /* whether that would give any */
void notify_channels(struct session *s, void (*visit)(void *arg, const char *channel), void *arg);
double notify_queue_usage(void);
void notify_unlisten_all(struct backend *b);
void notify_free(struct backend *b);

/* ---- the session ---- */

/* What other sessions may look at; guarded by the spin lock in it. */
struct activity {
    atomic_flag lock;
    const char *state; /* a literal */
    int64_t xact_start;
    int64_t query_start;
    int64_t state_change;
    _Atomic uint64_t xid; /* written without the lock */
    uint64_t lxid;
    char application_name[64];
    char query[ACTIVITY_QUERY_BYTES];
};

/* What a session logs of its statements: settings, and the statement at work. */
enum { REPORTED_MAX = 16 };

struct statement_log {
    int statements;                /* log_statement: classes up to this one */
    int64_t min_duration_ms;       /* log_min_duration_statement; -1: none */
    bool duration;                 /* log_duration */
    bool errors;                   /* log_min_error_statement: with their statements */
    int64_t parameter_bytes;       /* log_parameter_max_length; -1: all */
    int64_t error_parameter_bytes; /* log_parameter_max_length_on_error; -1: all */
    int64_t start_ns;
    bool logged;
};

/* Buffers for a session that is at work; pooled by each worker. */
struct scratch {
    struct scratch *next;
    struct buf in;
    size_t in_at; /* bytes of `in` already taken */
    struct buf out;
    struct arena arena; /* one message's */
};

struct backend {
    struct session base; /* first: lower layers know a session by it */
    struct conn *conn;   /* NULL: internal */
    struct worker *worker;
    struct backend *next; /* among the newcomers of its worker, then in the registry */
    struct backend *previous;
    int64_t login_deadline_ns;
    uint32_t secret;
    struct cancel cancel;
    struct timer idle_timer;
    const char *idle_kill; /* SQLSTATE with which an idle session ends */
    bool running;          /* a fiber is at work */
    bool closing;
    bool started;  /* startup is done */
    bool newcomer; /* has not been admitted yet */
    bool pushed_out;
    uint32_t admitted_role; /* guarded by the registry, as what it was admitted for */
    uint32_t admitted_db;
    bool skip_to_sync;
    bool copying;            /* COPY FROM STDIN reads messages itself */
    struct scratch *scratch; /* NULL at rest */
    struct xact xact;
    uint32_t unnamed_portals; /* made so far by functions */
    int tries;                /* blocks of functions with exception handlers at work */
    bool may_end_transaction; /* CALL or DO is the client's statement, outside a block */
    struct settings settings;
    uint64_t settings_generation;
    char *database;
    char *user;
    char *role_name;     /* of SET ROLE; NULL: none */
    uint32_t login_role; /* who has logged in */
    bool login_superuser;
    char *session_name; /* of SET SESSION AUTHORIZATION; NULL: who has logged in */
    bool session_superuser;
    /* Follow from settings. */
    int64_t statement_timeout_ms;
    int64_t lock_timeout_ms;
    int64_t deadlock_timeout_ms;
    int64_t idle_xact_timeout_ms;
    int64_t idle_timeout_ms;
    bool async_commit;
    bool default_read_only;
    bool default_deferrable;
    enum txn_isolation default_isolation;
    bool default_uncommitted; /* READ UNCOMMITTED, which is READ COMMITTED but for its name */
    int min_notice;           /* position among client_min_messages' values */
    uint32_t reported_dirty;  /* bit by position among reported settings */
    uint64_t reported[REPORTED_MAX]; /* hash of the value that the client was told; 0: none */
    /* Search path. */
    uint32_t *path;
    int npath;
    bool path_dirty;
    uint64_t path_version;     /* of the catalog */
    uint64_t path_generation;  /* rises when the resolved path changes */
    struct prepared *prepared; /* named */
    struct prepared *unnamed;
    struct portal *portals;
    struct portal *spare; /* an unused one, to save its allocation */
    uint64_t random_state[2];
    struct notify *notify; /* NULL: never used; see notify.c */
    struct activity activity;
    struct statement_log log;
};

static inline struct backend *backend_of(struct session *s)
{
    return (struct backend *)s;
}

/* statement_log.c: what log_statement tells apart, in the order of its values. */
enum statement_class { STATEMENT_DDL = 1, STATEMENT_MOD, STATEMENT_OTHER };
enum statement_class statement_class(struct backend *b, const struct raw_stmt *raw);
/* Around a statement: when it begins; once its class is known; when it has succeeded. `p`: the
 * portal that is executed, NULL: a simple query. */
void statement_log_begin(struct backend *b);
void statement_log_class(struct backend *b, enum statement_class class, const char *sql,
                         const struct portal *p);
void statement_log_end(struct backend *b, const char *sql, const struct portal *p);
/* Adds the context of an error with parameter i of a Bind (`text`: its text, where it is given so
 * and has been read), or of an error while the portal runs; as log_parameter_max_length_on_error
 * says. */
struct err *statement_param_context(struct backend *b, const struct portal *p, int i,
                                    const struct str *text, struct err *e);
struct err *statement_params_context(struct backend *b, const struct portal *p, struct err *e);
/* An error that goes to the client. */
void statement_log_error(struct backend *b, const struct err *e);

/* compat.c: counts what a client asked for that is not there, by the error it gets; other errors
 * are passed over. Any thread. The table function compat_misses() lists them. */
void compat_note(const struct backend *b, const struct err *e);
void compat_init(void); /* at start */

/* session.c */
extern struct catalog *server_catalog;
extern const struct session_ops backend_ops;
struct backend *backend_new(void);
/* A session of the server's own, of the superuser, without a connection; for backend_free. */
struct err *backend_internal(struct str database, struct backend **out) MUST_CHECK;
void backend_free(struct backend *b);

/* each_database.c: calls `fn` in a transaction of a session of the server's own in that database,
 * and commits it if it succeeds. MAY YIELD. */
typedef struct err *(*server_job)(struct session *s, void *arg);
struct err *server_in_database(struct str database, server_job fn, void *arg) MUST_CHECK;
/* For every database that allows connections, until an error. MAY YIELD. */
struct err *server_each_database(struct err *(*fn)(struct str database, void *arg),
                                 void *arg) MUST_CHECK;

/* session.c */
struct buf *backend_out(struct backend *b);
/* Sends what is in the output. MAY YIELD. */
struct err *backend_flush(struct backend *b) MUST_CHECK;
/* The next message; parks until it is there. *eof: the client has gone. MAY YIELD. */
struct err *backend_read_message(struct backend *b, struct wire_frame *out, bool *eof) MUST_CHECK;
/* ErrorResponse (frees it). */
void backend_send_error(struct backend *b, struct err *e);
/* Turns the text of a finished message, which begins at out[at] and has so many bytes that are no
 * text first, into the client's character set. */
void backend_message_to_client(struct backend *b, size_t at, size_t binary_bytes);
void backend_notice(struct backend *b, const char *severity, struct err *notice);
void backend_warn(struct backend *b, const char *sqlstate, const char *message);
int64_t timestamp_now(void);
void activity_set(struct backend *b, const char *state, const char *query);
/* Arenas with a chunk in them, pooled by each worker. */
void arena_borrow(struct arena *a);
void arena_give_back(struct arena *a);
void scratch_take(struct backend *b);
void scratch_release(struct backend *b);

/* registry.c */
/* A newcomer that has shown who it is gets its numbers and counts for the server, its role and its
 * database from here on, unless the limits (-1: none) or the slots that are kept for superusers are
 * against it. */
enum admission { ADMITTED, ADMIT_FULL, ADMIT_ROLE_FULL, ADMIT_RESERVED, ADMIT_DATABASE_FULL };
enum admission registry_admit(struct backend *b, int role_limit, int db_limit);
void registry_remove(struct backend *b);
/* Lets a session that rests outside a transaction look at its notifications. */
void registry_wake(const struct backend *b);
void registry_cancel(int32_t pid, uint32_t secret);
bool registry_signal(int32_t pid, bool terminate);
void registry_each(void (*visit)(void *arg, const struct session_info *info), void *arg);
void session_wake(
    struct backend *b); /* session.c: on its worker; lets a resting session see its token */

/* newcomers.c: connections that have not been admitted, on their worker. A new one may push out the
 * oldest. */
void newcomer_add(struct backend *b);
void newcomer_remove(struct backend *b);
/* session.c: ends a session that has no fiber, or whose fiber calls this as its last act. */
void session_close(struct backend *b);

/* backup.c: a relative target is below the current directory. Blocks. */
struct err *server_ask_backup(const char *host, const char *port, const char *user,
                              const char *target) MUST_CHECK;

/* check.c: what is wrong is printed and counted. */
struct err *server_check_files(const char *dir, uint64_t *problems) MUST_CHECK;
/* Once the catalog is open. */
struct err *server_check_tables(uint64_t *problems) MUST_CHECK;

/* startup.c */
/* Takes what has arrived of the first packets; returns with *done false, and no error, when the
 * rest of a packet is still to come: then the session rests. */
struct err *session_startup(struct backend *b, bool *done) MUST_CHECK;
struct err *session_login(struct backend *b, struct str user, struct str database) MUST_CHECK;

/* protocol.c */
void process_messages(struct backend *b);
void run_simple_query(struct backend *b, const char *sql, size_t len);

/* settings_backend.c */
void backend_settings_init(struct backend *b);
/* Of the current role. */
void backend_set_superuser(struct backend *b, bool superuser);
/* Applies a changed configuration file. */
void backend_settings_refresh(struct backend *b);
struct err *backend_setting_set(struct backend *b, struct str name, const char *value,
                                bool local) MUST_CHECK;
/* What the session begins with. */
struct err *backend_setting_begin(struct backend *b, struct str name, const char *value,
                                  enum setting_source source) MUST_CHECK;
/* Whether the session may change it. 55P02, 42501. */
struct err *setting_may_set(struct backend *b, const struct setting_def *def) MUST_CHECK;
/* 42501 unless the current role has PRIV_SET or PRIV_ALTER_SYSTEM on the setting. MAY YIELD. */
struct err *setting_check_privilege(struct backend *b, const char *name,
                                    uint32_t privilege) MUST_CHECK;
bool setting_may_be(struct str name); /* session_ops.setting_may_be */
/* 42501 for a setting that the current role may not look at. */
struct err *setting_may_show(struct backend *b, const struct setting_def *def) MUST_CHECK;
/* SET or RESET as a clause of another statement: as session_ops has it. */
struct err *setting_of_stmt(struct backend *b, const struct PgQuery__VariableSetStmt *s,
                            const char **name, const char **value) MUST_CHECK;
/* The value of a SET, in the scratch arena; NULL: the default. */
struct err *set_stmt_value(struct backend *b, const struct PgQuery__VariableSetStmt *s,
                           const char **value) MUST_CHECK;
struct err *backend_setting_get(struct backend *b, struct str name, bool missing_ok,
                                struct buf *out, bool *found) MUST_CHECK;
/* `unit`: as SHOW prints it, else as a plain number. */
void backend_setting_text(struct backend *b, const struct setting_def *def, bool unit,
                          struct buf *out);
/* file_rows.c: an operation for lower layers (exec/session.h). */
struct err *server_rows_each(struct session *s, const char *function,
                             void (*visit)(void *arg, const char *const *texts, int n),
                             void *arg) MUST_CHECK;
void settings_each(struct session *s, void (*visit)(void *arg, const struct setting_info *info),
                   void *arg);
void show_all(struct backend *b, struct run *r);
/* settings_stored.c: at a session's beginning, in a transaction; ALTER ROLE and DATABASE SET, ALTER
 * SYSTEM. MAY YIELD. */
struct err *stored_settings_apply(struct backend *b) MUST_CHECK;
struct err *run_alter_role_set(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_alter_database_set(struct backend *b, struct run *r) MUST_CHECK;
struct err *run_alter_system(struct backend *b, struct run *r) MUST_CHECK;
/* ParameterStatus of all reported settings (`all`), or of those that changed. */
void backend_report_settings(struct backend *b, bool all);
struct err *resolve_search_path(struct backend *b) MUST_CHECK;

#endif
