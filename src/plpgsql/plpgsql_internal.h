/* Shared inside plpgsql/: a function as a tree, its variables, and a call of it.
 *
 * A function is compiled for the types of a call's arguments, in one pass: the parser resolves
 * names and types as it goes. It belongs to the session, which keeps it (exec/function_plans.h),
 * and to one fiber. Expressions and SQL statements are analyzed when they first run, with the
 * variables in their scope as parameters, and again when a record has got other fields. */
#ifndef TARN_PLPGSQL_INTERNAL_H
#define TARN_PLPGSQL_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "catalog/builtin.h"
#include "exec/exec.h"
#include "exec/fn.h"
#include "exec/row_store.h"
#include "exec/session.h"
#include "exec/trigger.h"
#include "sql/analyze.h"
#include "sql/parse.h"
#include "types/array.h"
#include "types/record.h"

struct block;
struct frame;
struct function;
struct stmt;

/* ---- variables ---- */

/* The fields of a row. Immutable; lives as long as the function or the frame. */
struct shape {
    uint32_t type; /* a composite type, or RECORD_OID */
    int nfields;
    struct str *names;
    uint32_t *types;
    int32_t *typmods;
    const struct type_ops **ops;
};

struct var {
    const char *name;
    int number; /* in the frame */
    uint32_t type;
    int32_t typmod;
    const struct type_ops *ops;
    const struct shape *shape; /* of a composite type; NULL: a scalar, or a record */
    bool record;               /* it has fields: composite, or whatever it is given */
    bool constant;
    bool not_null;
    struct pl_expr *init; /* NULL: NULL */
    /* Of a bound cursor. */
    struct pl_expr *cursor;
    struct var **cursor_args;
    int ncursor_args;
    int scroll; /* SCROLL 1, NO SCROLL -1 */
};

struct binding { /* an alias is a second one of a variable */
    const char *name;
    struct var *var;
};

/* What names mean at some place: those of a block or loop, then of what it is in. */
struct scope {
    const struct scope *up;
    const char *label; /* NULL: none */
    bool is_loop;      /* CONTINUE may name it */
    bool is_body;      /* EXIT may not */
    struct binding *names;
    int count;
    int cap;
};

/* Where a parameter of a statement comes from. */
struct source {
    const struct var *var;
    int field;                 /* of a record; -1: the whole */
    const struct shape *shape; /* that the record had when the statement was analyzed */
};

/* An expression or an SQL statement in the body. */
struct pl_expr {
    struct pl_expr *next; /* of the function's */
    const char *text;     /* as errors show it */
    const char *sql;      /* as it is parsed: for an expression, behind SELECT */
    int shift;            /* a position in sql is so many characters further in the text */
    int body_position;    /* of the text: characters of the body in front of it */
    const char *kind;     /* "SQL expression", "PL/pgSQL assignment", "SQL statement" */
    const struct scope *scope;
    int visible; /* names of the innermost scope declared by then */
    int choice;  /* of names: AMBIGUOUS ... */
    /* sql is UPDATE x SET part = value, for the variable of these names. */
    const char *target[2];
    int ntarget;
    const struct place *assigned; /* what its value is assigned to; NULL: nothing */
    bool parsed_yet;
    struct parsed parsed;
    struct analysis *now; /* expr.c; NULL: none yet */
};

/* ---- statements ---- */

struct stmts {
    struct stmt **items;
    int count;
    int cap;
};

enum stmt_type {
    ST_BLOCK,
    ST_ASSIGN,
    ST_IF,
    ST_CASE,
    ST_LOOP,
    ST_WHILE,
    ST_FOR_INT,
    ST_FOR_QUERY,
    ST_FOR_CURSOR,
    ST_FOR_EXECUTE,
    ST_FOREACH,
    ST_EXIT,
    ST_CONTINUE,
    ST_RETURN,
    ST_RETURN_NEXT,
    ST_RETURN_QUERY,
    ST_RAISE,
    ST_ASSERT,
    ST_SQL,
    ST_EXECUTE,
    ST_PERFORM,
    ST_CALL,
    ST_GET_DIAGNOSTICS,
    ST_OPEN,
    ST_FETCH,
    ST_CLOSE,
    ST_COMMIT,
    ST_ROLLBACK,
};

/* Where a value goes: a variable, or the field of a record. */
struct place {
    struct var *var;
    const char *field; /* NULL: the whole */
};

/* What INTO names: one record, or a list of targets. */
struct into {
    struct place *items;
    int count;
    int cap;
    bool strict;
    bool present;
};

struct branch { /* of IF and CASE */
    struct pl_expr *condition;
    struct stmts body;
};

struct condition {        /* of WHEN in an exception section */
    const char *sqlstate; /* "": others */
};

struct handler {
    struct condition *conditions;
    int nconditions;
    int cap;
    struct stmts body;
};

struct block {
    struct var **vars; /* declared here, in order */
    int nvars;
    int vars_cap;
    struct stmts body;
    bool has_handlers;
    struct handler *handlers;
    int nhandlers;
    int handlers_cap;
    struct var *sqlstate; /* in the handlers */
    struct var *sqlerrm;
};

enum raise_option {
    RAISE_ERRCODE,
    RAISE_MESSAGE,
    RAISE_DETAIL,
    RAISE_HINT,
    RAISE_COLUMN,
    RAISE_CONSTRAINT,
    RAISE_DATATYPE,
    RAISE_TABLE,
    RAISE_SCHEMA,
};

struct raise_item {
    enum raise_option option;
    struct pl_expr *value;
};

enum diagnostic {
    DIAG_ROW_COUNT,
    DIAG_PG_CONTEXT,
    DIAG_RETURNED_SQLSTATE,
    DIAG_COLUMN_NAME,
    DIAG_CONSTRAINT_NAME,
    DIAG_DATATYPE_NAME,
    DIAG_MESSAGE_TEXT,
    DIAG_TABLE_NAME,
    DIAG_SCHEMA_NAME,
    DIAG_EXCEPTION_DETAIL,
    DIAG_EXCEPTION_HINT,
    DIAG_EXCEPTION_CONTEXT,
};

struct diag_item {
    enum diagnostic what;
    struct place to;
};

struct exprs {
    struct pl_expr **items;
    int count;
    int cap;
};

struct stmt {
    enum stmt_type type;
    int line;
    const char *label; /* of a loop; of what EXIT and CONTINUE name */
    struct pl_expr *expr;
    struct stmts body;
    union {
        struct block block;
        struct {
            struct place to;
            bool partial; /* expr gives the whole after the assignment to a part */
        } assign;
        struct {
            struct branch *items;
            int count;
            int cap;
            struct stmts otherwise;
            bool has_otherwise;
            struct var *test; /* CASE with an operand */
        } cases;
        struct {
            struct var *var; /* FOR_INT */
            bool reverse;
            struct pl_expr *to;
            struct pl_expr *by;
            struct into row;     /* loops over rows and arrays */
            struct var *cursor;  /* FOR_CURSOR */
            struct exprs args;   /* of the cursor */
            struct exprs params; /* FOR_EXECUTE */
            int slice;           /* FOREACH */
        } loop;
        struct {
            struct var *var; /* RETURN of a variable: the row as it is */
            struct pl_expr *dynamic;
            struct exprs params;
        } ret;
        struct {
            const char *level; /* severity; "ERROR" raises */
            const char *format;
            const char *sqlstate; /* of a condition's name; NULL: none */
            const char *condition;
            struct exprs args;
            struct raise_item *options;
            int noptions;
            int cap;
        } raise;
        struct pl_expr *message; /* ASSERT */
        struct {
            struct into into;
            struct exprs params;
            bool modifies; /* STRICT counts the rows of what is changed too */
        } sql;
        struct {
            bool stacked;
            struct diag_item *items;
            int count;
            int cap;
        } diag;
        struct {
            struct var *var;
            struct pl_expr *dynamic;
            struct exprs params;
            struct exprs args;
            int scroll;
        } open;
        struct {
            struct var *var;
            enum cursor_direction direction;
            int64_t count;
            bool move;
            bool many; /* MOVE may pass several rows */
            struct into into;
        } fetch;
        bool chain; /* COMMIT, ROLLBACK */
    };
};

/* ---- functions ---- */

struct cast; /* values.c */

struct function {
    struct arena arena;
    const char *name;            /* with the types of its arguments, as contexts show it */
    const struct cat_proc *proc; /* NULL: a DO block */
    bool trigger;
    bool retset;
    uint32_t rettype; /* resolved */
    const struct type_ops *ret_ops;
    bool returns_row;          /* a composite type, a record, or several OUT arguments */
    const struct shape *shape; /* of the row; NULL: as the value is */
    const char *body;
    struct var **vars; /* by number */
    int nvars;
    int vars_cap;
    struct var **args; /* input arguments in order */
    struct var **outs; /* OUT, INOUT, TABLE arguments in order */
    int nouts;
    struct var *found;
    struct var *new_row;
    struct var *old_row;
    struct var *tg[10]; /* enum tg_var */
    struct stmt *root;
    struct pl_expr *exprs;
    struct cast *casts;
    bool print_strict_params;
    int choice; /* of names: AMBIGUOUS ... */
};

enum tg_var {
    TG_NAME,
    TG_WHEN,
    TG_LEVEL,
    TG_OP,
    TG_RELID,
    TG_RELNAME,
    TG_TABLE_NAME,
    TG_TABLE_SCHEMA,
    TG_NARGS,
    TG_ARGV,
};

/* parse.c: the body as a tree; 42601, 42P13, 42704 with position in the body. `args` are the types
 * of the call's arguments. `check`: the syntax of all SQL in it too. */
struct compile_input {
    const struct exec_env *env;
    const struct cat_proc *proc; /* NULL: DO */
    const uint32_t *arg_types;
    const struct relation *relation; /* of a trigger's call; NULL: none yet */
    const char *body;
    bool check;
};
struct err *pl_compile(const struct compile_input *in, struct function **out) MUST_CHECK;
void pl_function_free(struct function *f); /* NULL is fine */

/* The variable that names begin with, of those of the scope declared by then; *used of them; NULL:
 * none. */
struct var *pl_find_var(const struct scope *scope, int visible, const char *const *names, int n,
                        int *used);

/* conditions.c: by name, several may have one; NULL: no (further) one. */
const char *pl_condition_sqlstate(const char *name, int nth);

/* shape.c */
struct err *pl_shape_of_type(const struct exec_env *env, uint32_t type, struct arena *a,
                             const struct shape **out) MUST_CHECK;
const struct shape *pl_shape_of_plan(const struct exec_env *env, const struct statement_plan *plan,
                                     struct arena *a);
/* ... of columns named as variables are; those of a record's own value; a copy. In the arena. */
const struct shape *pl_shape_of_vars(struct var *const *vars, int n, struct arena *a);
const struct shape *pl_shape_of_record(uint32_t type, const struct record_view *r, struct arena *a);
const struct shape *pl_shape_copy(const struct shape *from, struct arena *a);
bool pl_shape_equal(const struct shape *a, const struct shape *b);
int pl_shape_field(const struct shape *s, const char *name); /* -1: none */

/* ---- a call ---- */

/* A value that a variable holds: its bytes are the slot's own. */
struct slot {
    struct datum value;
    void *memory;
    size_t cap;
};

struct value {                 /* of a variable */
    struct slot slot;          /* of a scalar */
    const struct shape *shape; /* of a record; NULL: not assigned yet */
    struct slot *fields;
    int nfields; /* slots that are there */
    bool null;   /* the record as a whole */
};

struct frame {
    struct frame *up; /* the call that this one is within; NULL: none */
    struct function *f;
    struct exec_env env;
    struct session *s;
    struct value *values;
    struct arena scratch; /* of a statement; a mark is kept around nested ones */
    struct arena shapes;  /* of records' rows */
    struct fn_call *call; /* NULL: DO, trigger */
    const struct trigger_call *trigger;
    int line;          /* of the statement at work, for contexts */
    const char *doing; /* ... what it is; NULL: no statement */
    const char *entry; /* "during function entry" ...; NULL: in a statement */
    uint64_t row_count;
    int open_rows;  /* statements at work whose rows are read: no transaction may end meanwhile */
    bool read_only; /* not VOLATILE: it sees what its caller's statement sees */
    struct err *error; /* that a handler is for; NULL: none */
    /* The result. */
    struct row_store *set;           /* rows of a set */
    const struct shape *set_columns; /* that a call in FROM names; NULL: none */
    struct datum result;
    struct arena *result_arena;
    bool returned;
    struct trigger_result *trigger_result;
    const char *exit_label; /* of EXIT or CONTINUE on its way; NULL: the innermost loop */
    bool rethrown;          /* RAISE on its own: the error has its context already */
};

/* What a statement came to. */
enum flow { FLOW_NEXT, FLOW_EXIT, FLOW_CONTINUE, FLOW_RETURN };

/* values.c */
void pl_slot_set(struct slot *s, struct datum value, const struct type_ops *ops);
void pl_value_free(struct value *v);
/* A value brought to a type; in the arena. 22P02 and what casts raise. */
struct err *pl_cast(struct frame *fr, struct datum value, uint32_t from, int32_t from_typmod,
                    uint32_t to, int32_t to_typmod, struct arena *a, struct datum *out) MUST_CHECK;
/* 22004, 22005. The value is copied. */
struct err *pl_assign(struct frame *fr, const struct var *v, struct datum value, uint32_t type,
                      int32_t typmod) MUST_CHECK;
struct err *pl_assign_place(struct frame *fr, const struct place *t, struct datum value,
                            uint32_t type, int32_t typmod) MUST_CHECK;
/* A row of columns of a shape; row NULL: no row, all NULL. */
struct err *pl_assign_row(struct frame *fr, const struct into *into, const struct shape *columns,
                          const struct datum *row) MUST_CHECK;
struct err *pl_assign_record(struct frame *fr, const struct var *v, const struct shape *columns,
                             const struct datum *row) MUST_CHECK;
/* The whole of a variable as one value, in the arena. */
struct err *pl_whole(struct frame *fr, const struct var *v, struct arena *a,
                     struct datum *out) MUST_CHECK;
struct err *pl_record_null(struct frame *fr, const struct var *v) MUST_CHECK;
void pl_casts_free(struct function *f);

/* expr.c */
void pl_expr_free(struct pl_expr *e);
struct err *pl_expr_parse(struct pl_expr *e, struct arena *a) MUST_CHECK;
/* The value, in the arena, and its type. */
struct err *pl_eval(struct frame *fr, struct pl_expr *e, struct arena *a, struct datum *out,
                    uint32_t *type, int32_t *typmod) MUST_CHECK;
/* ... as a type. */
struct err *pl_eval_as(struct frame *fr, struct pl_expr *e, uint32_t type, struct arena *a,
                       struct datum *out) MUST_CHECK;
struct err *pl_eval_bool(struct frame *fr, struct pl_expr *e, bool *out) MUST_CHECK;
/* As text; *out NULL: the value is NULL. */
struct err *pl_eval_text(struct frame *fr, struct pl_expr *e, struct arena *a,
                         const char **out) MUST_CHECK;
/* Rows of a statement; what takes them says whether it wants more. */
struct row_sink {
    struct err *(*row)(void *arg, const struct shape *columns, const struct datum *row, bool *more);
    void *arg;
    /* Before the statement runs; the plan is NULL when it is none that is planned. May be NULL. */
    struct err *(*begin)(void *arg, const struct raw_stmt *raw, const struct statement_plan *plan);
    bool begin_in_text; /* its errors are the statement's */
};
/* A statement of the body: a plan, or what else the session runs. *processed: rows returned, or
 * changed. */
struct err *pl_run(struct frame *fr, struct pl_expr *e, const struct row_sink *sink,
                   uint64_t *processed) MUST_CHECK;
/* A text made at run time, with values as $1 ... */
struct dynamic {
    const char *sql;
    uint32_t *types;
    struct datum *values;
    int nvalues;
};
struct err *pl_run_dynamic(struct frame *fr, const struct dynamic *d, const struct row_sink *sink,
                           uint64_t *processed) MUST_CHECK;
/* The statement as a cursor's query: its parameters' types and their values now, in the arena. */
struct err *pl_check_cursor_query(const struct raw_stmt *raw) MUST_CHECK; /* 42P11 */
struct err *pl_bind(struct frame *fr, struct pl_expr *e, struct arena *a,
                    const struct param_types **params, struct datum **values) MUST_CHECK;
struct err *pl_value_text(struct frame *fr, struct datum value, uint32_t type, struct arena *a,
                          const char **out) MUST_CHECK; /* NULL for NULL */
/* What an error in a text becomes: 42601 ... with the text as the internal query. */
struct err *pl_in_text(const struct pl_expr *e, struct err *err);

/* The plan of a statement that pl_bind has bound. */
struct statement_plan *pl_plan_of(const struct pl_expr *e);

/* run.c */
struct err *pl_run_body(struct frame *fr) MUST_CHECK;
void pl_set_found(struct frame *fr, bool found);
/* Whether a loop goes on after its body came to *flow, which is FLOW_NEXT again if it was ours. */
bool pl_goes_on(const struct frame *fr, const struct stmt *s, enum flow *flow);
/* The text and values of EXECUTE. 22004. */
struct err *pl_dynamic_of(struct frame *fr, struct pl_expr *text, const struct exprs *params,
                          const char *what, struct dynamic *out) MUST_CHECK;
const struct shape *pl_set_shape(const struct frame *fr); /* NULL: one value */
/* cursors.c */
struct err *pl_open(struct frame *fr, const struct stmt *s) MUST_CHECK;
struct err *pl_fetch(struct frame *fr, const struct stmt *s) MUST_CHECK;
struct err *pl_close(struct frame *fr, const struct stmt *s) MUST_CHECK;
struct err *pl_for_cursor(struct frame *fr, const struct stmt *s, enum flow *flow) MUST_CHECK;
/* call.c */
struct err *pl_trigger_result(struct frame *fr, struct datum row) MUST_CHECK;
struct err *pl_call_procedure(struct frame *fr, const struct stmt *s) MUST_CHECK;
struct err *pl_statements(struct frame *fr, const struct stmts *list, enum flow *flow) MUST_CHECK;
/* raise.c */
struct err *pl_raise(struct frame *fr, const struct stmt *st) MUST_CHECK;
struct err *pl_assert(struct frame *fr, const struct stmt *st) MUST_CHECK;
struct err *pl_get_diagnostics(struct frame *fr, const struct stmt *st) MUST_CHECK;
/* "PL/pgSQL function f() line 3 at RAISE" */
const char *pl_where(const struct frame *fr, struct arena *a);
/* ... and where it was called from, a line each. */
const char *pl_where_all(const struct frame *fr, struct arena *a);

#endif
