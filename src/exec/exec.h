/* Running a planned statement. One `struct exec` is one run by one session's fiber; everything that
 * reads or writes MAY YIELD. */
#ifndef TARN_EXEC_EXEC_H
#define TARN_EXEC_EXEC_H

#include "catalog/catalog.h"
#include "sql/plan.h"

struct exec;
struct param_types;
struct raw_stmt;
struct session;

struct exec_env {
    struct cat *cat;
    const struct type_env *types;
    struct session *session;
    size_t work_mem_bytes;
    bool newest_view; /* see the newest committed state instead of a snapshot: constraint checks */
    bool unchecked;   /* the server's own statement: privileges and policies do not count */
    bool nested;      /* inside another statement, which runs the checks that this one queues */
};

/* Once at start: binds functions to their catalog rows, sets the analyzer's folding hook. */
void exec_init(void);

/* 42501 unless the current role may do what the plan does; exec_begin asks too. MAY YIELD. */
struct err *exec_check_access(const struct exec_env *env, struct statement_plan *plan) MUST_CHECK;

/* Compiles the expressions of a fresh plan; it is read-only from then on. 0A000 names the first
 * function that is not implemented. */
struct err *exec_compile(struct statement_plan *plan) MUST_CHECK;

/* Analyzes, plans and compiles a statement, and takes the locks of its tables: all over again if
 * the catalog changed meanwhile, as while it waited for whoever alters a table. */
struct err *exec_plan(const struct exec_env *env, struct raw_stmt *raw, struct param_types *params,
                      struct statement_plan **out) MUST_CHECK;
/* Takes the locks of the tables of a plan made earlier. *current is false when the plan must be
 * made again; the locks stay. */
struct err *exec_lock(const struct exec_env *env, const struct statement_plan *plan,
                      bool *current) MUST_CHECK;

/* Begins a run: takes a view. The plan's tables are locked (exec_plan, exec_lock). `params` are
 * nparams datums of the plan's parameter types, which must outlive the run. */
struct err *exec_begin(const struct exec_env *env, struct statement_plan *plan,
                       const struct datum *params, struct exec **out) MUST_CHECK;
/* The next result row, into *row (plan->nout datums, valid until the next call). For a statement
 * without result columns it runs to the end and gives *found = false. */
struct err *exec_next(struct exec *x, const struct datum **row, bool *found) MUST_CHECK;
/* Runs the same statement again with other parameters, in the same view: COPY FROM drives an INSERT
 * so. Only for statements without result columns. Checks that wait for the end of the statement
 * wait for checks_statement_end. */
struct err *exec_rebind(struct exec *x, const struct datum *params) MUST_CHECK;
/* After the last exec_rebind: AFTER STATEMENT triggers are queued. MAY YIELD. */
struct err *exec_rebind_end(struct exec *x) MUST_CHECK;
enum { EXEC_LOAD_AFTER_ROWS = 20000 }; /* then exec_load_start is worth a try */
/* For a long COPY (a long INSERT does it by itself): sends all further rows of the INSERT, with
 * those inserted so far, to new storage past the log, if the table is empty but for them and nobody
 * else is writing to it. *started is false when that is not so; nothing has changed then. Others
 * can read the table meanwhile, but not write to it until the transaction ends. Unique keys are
 * checked by exec_load_finish at the latest. MAY YIELD. */
struct err *exec_load_start(struct exec *x, bool *started) MUST_CHECK;
/* Puts the new storage in the table's place; does nothing without exec_load_start. 23505. MAY
 * YIELD.
 */
struct err *exec_load_finish(struct exec *x) MUST_CHECK;
/* Back before the first row, in the same view. Only for statements that read. */
void exec_rewind(struct exec *x);
/* Whether the cursor `name` of this run can serve WHERE CURRENT OF for a table: it locks the
 * table's rows, or is a plain scan of it. 24000. */
struct err *exec_can_point(const struct exec *x, const char *name,
                           const struct relation *rel) MUST_CHECK;
/* ... and the key of its current row, which borrows until the next call. */
struct str exec_row_key(const struct exec *x, const struct relation *rel);
/* Rows inserted, updated, deleted (selected: counted by the caller). */
uint64_t exec_processed(const struct exec *x);
/* Frees everything; NULL is fine. The plan stays. */
void exec_end(struct exec *x);

/* A whole internal statement with parameters; *nrows rows came back or were affected. */
struct err *exec_internal_sql(const struct exec_env *env, const char *sql, const uint32_t *types,
                              const struct datum *params, int nparams, uint64_t *nrows) MUST_CHECK;

/* A single expression over a row of `rte`'s columns: index expressions and predicates, CHECK of
 * existing rows, generated columns while a table is rewritten, COPY ... WHERE. */
struct row_expr;
struct err *row_expr_new(const struct exec_env *env, struct rte *rte, struct expr *e,
                         struct row_expr **out) MUST_CHECK;
/* `row`: the relation's columns. The result lives until the next call (or borrows from the row). */
struct err *row_expr_eval(struct row_expr *r, const struct datum *row,
                          struct datum *out) MUST_CHECK;
void row_expr_free(struct row_expr *r);
/* The same over parameters $1 to $nparams, which `row` then is; without columns and subqueries. */
struct err *param_expr_new(const struct exec_env *env, int nparams, struct expr *e,
                           struct row_expr **out) MUST_CHECK;

/* Measures the run, which has not begun yet, node by node: rows, loops and, with `timing`, times.
 */
void exec_measure(struct exec *x, bool timing);

enum explain_format { EXPLAIN_TEXT, EXPLAIN_JSON, EXPLAIN_YAML, EXPLAIN_XML };
struct explain_setting {
    const char *name;
    const char *value; /* as SHOW prints it */
};
struct explain_options {
    bool verbose;
    bool costs;
    bool timing;
    bool summary;
    bool wal;
    bool shows_settings;
    const struct explain_setting *settings;
    int nsettings;
    enum explain_format format;
    double planning_ms;
    double execution_ms;
};
/* EXPLAIN of a plan, and of its measured run (NULL: not run), as PostgreSQL lays it out. */
struct err *explain_plan(struct cat *cat, struct statement_plan *plan, struct exec *run,
                         const struct explain_options *o, struct buf *out) MUST_CHECK;

#endif
