#ifndef TARN_SQL_ANALYZE_INTERNAL_H
#define TARN_SQL_ANALYZE_INTERNAL_H

#include "base/buf.h"
#include "sql/analyze.h"
#include "sql/parse.h"

#include <pg_query/pg_query.pb-c.h>

typedef PgQuery__Node pg_node; /* the one short name for a foreign type */

/* One name in a query's namespace: a table alias or a join's, with its columns as expressions. */
struct ns_item {
    const char *name; /* NULL: an unnamed join */
    int ncols;
    const char **colnames;
    struct expr **cols;   /* NULL: dropped */
    struct rte *rte;      /* NULL for joins */
    bool rel_visible;     /* can be named as a qualifier */
    bool cols_visible;    /* columns can be named without qualifier */
    bool lateral_only;    /* seen by LATERAL items only, while the FROM clause is read */
    bool lateral_refused; /* the join that is being read forbids it */
};

enum clause {
    CL_SELECT,
    CL_FROM_FUNCTION,
    CL_WHERE,
    CL_JOIN_ON,
    CL_GROUP_BY,
    CL_HAVING,
    CL_ORDER_BY,
    CL_LIMIT,
    CL_DISTINCT_ON,
    CL_VALUES,
    CL_INSERT_TARGET,
    CL_UPDATE,
    CL_RETURNING,
    CL_CHECK,
    CL_DEFAULT,
    CL_INDEX_EXPR,
    CL_INDEX_PRED,
    CL_GENERATED,
    CL_AGG_FILTER,
    CL_ALTER_USING,
    CL_COPY_WHERE,
    CL_EXECUTE,
    CL_POLICY,
    CL_MERGE_WHEN,
    CL_WINDOW,
    CL_WINDOW_ROWS,
    CL_WINDOW_RANGE,
    CL_WINDOW_GROUPS,
};

struct analysis {
    struct cat *cat;
    const struct type_env *env;
    struct arena *arena;
    const char *sql;
    struct param_types *params;
    struct query *top;
    bool in_view; /* the text of a view is analyzed */
    uint32_t
        as_role; /* whose rights count: of the owner of the view that is read; 0: see query.h */
    int depth;
    int in_sublink; /* how deep in subqueries of expressions, on the nullable side of joins ... */
    int in_outer_join;
    int in_intersect;
    int in_except;
    bool canonical;            /* the text is stored, as deparse_expr wrote it */
    bool call;                 /* of CALL */
    struct expr **inline_args; /* what $1.. stand for in the body of a built-in SQL function */
    int ninline_args;
    const struct rte_access *policy_of; /* whose policy's text is analyzed; NULL: none */
};

struct level;

/* An item of WITH RECURSIVE, which others may name before it is analyzed. */
struct with_item {
    const PgQuery__CommonTableExpr *tree;
    struct level *home;
    struct cte *cte; /* NULL: not begun */
};

enum { ANALYSIS_STACK_BYTES = 48 * 1024 }; /* what must be left to go one level deeper */

struct level {
    struct analysis *a;
    struct level *parent;
    struct query *q;
    struct ns_item **items;
    int nitems;
    int items_cap;
    struct cte **ctes;      /* visible here, latest last; outer levels are searched too */
    struct with_item *with; /* of WITH RECURSIVE; a set operation's arms share them */
    int nwith;
    const PgQuery__WithClause *later; /* not RECURSIVE, being analyzed */
    struct cte *running;              /* of `with`, the innermost being analyzed */
    int nctes;
    int ctes_cap;
    enum clause clause;
    bool in_agg;            /* inside an aggregate's arguments */
    bool one_row;           /* in the one row of an INSERT's VALUES, which may make several */
    bool lateral;           /* lateral_only items can be used */
    const char *value_name; /* what VALUE or a self-reference means; unused: NULL */
};

/* ---- privileges (access.c) ---- */
struct rte_access *access_new(struct analysis *a, struct relation *r, uint32_t required);
void access_read(struct rte *rte, int att); /* a column is read; negative: a system column */
void access_read_expr(struct expr *e);      /* those in an expression */
/* The target's column, or that of the view by which it is written, gets a value. */
void access_write(struct level *l, int att, bool insert);
void access_write_view(struct level *l, int att, bool insert);
struct err *access_call(struct analysis *a, uint32_t func) MUST_CHECK;
/* A schema that the statement names: 42501 unless the role may look into it, now and whenever the
 * statement is run. */
struct err *access_schema(struct analysis *a, const char *name) MUST_CHECK;

/* analyze_policy.c: puts the policies of all tables that the statement uses into it: rte->policy,
 * query->policy_checks. 42501, 42P17. */
struct err *analyze_policies(struct analysis *a) MUST_CHECK;

/* ---- errors ---- */
struct err *at(const struct analysis *a, struct err *e, int location);

/* ---- expressions ---- */
struct expr *expr_new(struct analysis *a, enum expr_kind kind, uint32_t type, int location);
struct expr *expr_const(struct arena *arena, uint32_t type, int32_t typmod, struct datum value,
                        int location);
struct expr *expr_var(struct arena *arena, struct rte *rte, int att, int location);
/* Adds a hint to an error about a column that is not there. */
struct err *suggest_column(const struct level *l, const char *table, const char *name,
                           struct err *e);
struct expr *expr_func(struct arena *arena, enum expr_kind kind, uint32_t func, uint32_t op,
                       uint32_t type, struct expr **args, int nargs, int location);
/* NULL: no condition. */
struct expr *expr_and(struct arena *arena, struct expr *a, struct expr *b);
struct expr *expr_or(struct arena *arena, struct expr *a, struct expr *b);
struct err *analyze_expr(struct level *l, const pg_node *n, struct expr **out) MUST_CHECK;
struct err *analyze_expr_in(struct level *l, const pg_node *n, enum clause clause,
                            struct expr **out) MUST_CHECK;
/* Coerced to boolean; `what` as in "argument of WHERE must be type boolean". */
struct err *analyze_bool(struct level *l, const pg_node *n, enum clause clause, const char *what,
                         struct expr **out) MUST_CHECK;
struct err *analyze_func_call(struct level *l, const PgQuery__FuncCall *f,
                              struct expr **out) MUST_CHECK;
/* 0A000 when an argument of an aggregate or window function (`kind`) returns a set. */
struct err *refuse_srf_args(struct analysis *a, const char *kind, struct expr *const *args,
                            int n) MUST_CHECK;
struct err *analyze_sublink(struct level *l, const PgQuery__SubLink *s,
                            struct expr **out) MUST_CHECK;
/* A subquery of at most one row, by columns: NULLs when there is no row. */
struct err *sublink_columns(struct level *l, const pg_node *select, int location,
                            struct expr ***out, int *nout) MUST_CHECK;
/* Walks all direct children; stops at the first error. Subqueries are not entered. */
typedef struct err *(*expr_visit)(struct expr **e, void *arg);
struct err *expr_children(struct expr *e, expr_visit visit, void *arg) MUST_CHECK;
/* Visits the expressions of a query and of those in it: FROM, WITH, set operations. */
/* The node alone; what it points to is shared. */
struct expr *copy_node(struct arena *a, const struct expr *e);
struct err *query_exprs(struct query *q, expr_visit visit, void *arg) MUST_CHECK;
bool expr_equal(const struct expr *a, const struct expr *b);
bool sort_keys_equal(const struct sort_key *a, int na, const struct sort_key *b, int nb);
/* Where its text begins. */
int expr_location(const struct expr *e);
bool expr_is_srf(const struct expr *e);                 /* a call of a set-returning function */
const struct expr *expr_find_srf(const struct expr *e); /* NULL: there is none */
bool expr_has_srf(const struct expr *e);

/* ---- names ---- */
struct ns_item *ns_add(struct level *l, struct ns_item item);
struct err *analyze_column_ref(struct level *l, const PgQuery__ColumnRef *ref,
                               struct expr **out) MUST_CHECK;
/* analyze_variable.c: names that are variables (struct variables); *out NULL: they are none. */
struct err *analyze_variable(struct analysis *a, const PgQuery__ColumnRef *ref,
                             struct expr **out) MUST_CHECK;
struct err *analyze_variable_param(struct analysis *a, const PgQuery__ParamRef *p,
                                   struct expr **out) MUST_CHECK;
/* v.*; *found false: there is no such variable. */
struct err *expand_variable(struct analysis *a, const PgQuery__ColumnRef *ref,
                            struct target **targets, int *n, int *cap, bool *found) MUST_CHECK;
/* An assignment to a part of a variable, as the SELECT of what the whole becomes. */
struct err *analyze_assignment(struct analysis *a, const PgQuery__UpdateStmt *s,
                               struct query **out) MUST_CHECK;
const char *column_ref_text(const PgQuery__ColumnRef *ref, struct arena *a);
struct err *expand_star(struct level *l, const PgQuery__ColumnRef *ref, struct target **targets,
                        int *n, int *cap) MUST_CHECK;
/* NULL: there is none. It may be under analysis. */
struct err *find_cte(struct level *l, const char *name, struct cte **out) MUST_CHECK;

/* ---- composite values (analyze_composite.c) ---- */
struct part;
bool type_is_composite(uint32_t type); /* a domain over one too */
struct err *analyze_indirection(struct level *l, const PgQuery__AIndirection *x,
                                struct expr **out) MUST_CHECK;
struct err *analyze_subscripts(struct level *l, struct expr *container, pg_node **list, size_t n,
                               struct expr **out) MUST_CHECK;
struct err *analyze_field(struct analysis *a, struct expr *e, const char *name, int location,
                          struct expr **out) MUST_CHECK;
/* Whether it is of a composite type that has the field. */
bool has_field(struct analysis *a, struct expr *e, const char *name);
bool is_field_star(const pg_node *n); /* (x).* */
/* One target for each field of a composite value (42809); then of the value before (x).*. */
struct err *expand_value(struct analysis *a, struct expr *e, struct target **targets, int *n,
                         int *cap) MUST_CHECK;
struct err *expand_fields(struct level *l, const PgQuery__AIndirection *x, struct target **targets,
                          int *n, int *cap) MUST_CHECK;
/* ROW(...) becomes a value of the composite type, column by column. 42846. */
struct err *coerce_row(struct analysis *a, struct expr *e, uint32_t to, char context,
                       enum expr_form form, int location, struct expr **out) MUST_CHECK;
/* The column's new value when a part of it (t's indirection) is assigned to; `container` is the old
 * one. */
struct err *assign_column_part(struct level *l, struct expr *container, const char *column,
                               uint32_t type, int32_t typmod, const PgQuery__ResTarget *t,
                               struct expr *value, struct expr **out) MUST_CHECK;
struct err *assign_part(struct level *l, struct expr *container, const struct part *p,
                        pg_node **list, size_t n, struct expr *value, int location,
                        struct expr **out) MUST_CHECK;
struct err *part_type(struct level *l, uint32_t type, int32_t typmod, const PgQuery__ResTarget *t,
                      uint32_t *part, int32_t *part_typmod) MUST_CHECK;

/* ---- types ---- */
/* A type that the statement names; its schema is noted. */
struct err *analyze_type_name(struct analysis *a, const PgQuery__TypeName *t, uint32_t *type,
                              int32_t *typmod) MUST_CHECK;
bool can_coerce(uint32_t from, uint32_t to, char context /* i a e */);
/* NULL error and *out NULL: no such coercion in that context. */
struct err *coerce_try(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                       char context, enum expr_form form, int location,
                       struct expr **out) MUST_CHECK;
/* 42846/42804 when impossible, worded for the context. */
struct err *coerce_explicit(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                            int location, struct expr **out) MUST_CHECK;
/* As PL/pgSQL assigns: by the cast for assignments, else through the text form. */
struct err *coerce_assigned(struct analysis *a, struct expr *e, uint32_t to, int32_t typmod,
                            struct expr **out) MUST_CHECK;
struct err *coerce_to_bool(struct analysis *a, struct expr *e, const char *what,
                           struct expr **out) MUST_CHECK;
/* For INSERT and UPDATE of a column. */
struct err *coerce_assignment(struct analysis *a, struct expr *e, const char *column, uint32_t type,
                              int32_t typmod, bool default_value, struct expr **out) MUST_CHECK;
/* One type for several expressions (UNION, CASE, VALUES ...); 42804 naming `what`. */
struct err *common_type(struct analysis *a, struct expr **exprs, int n, const char *what,
                        uint32_t *out) MUST_CHECK;
struct err *coerce_to_common(struct analysis *a, struct expr **e, uint32_t type,
                             const char *what) MUST_CHECK;
/* unknown -> text for those that stay undecided. */
struct err *resolve_unknown(struct analysis *a, struct expr **e) MUST_CHECK;
int32_t common_typmod(struct expr **exprs, int n, uint32_t type);
bool type_is_collatable(uint32_t type);
uint32_t type_default_collation(uint32_t type);

/* ---- collations: collate.c ---- */
/* Derives collations in a query level whose expressions are whole; those of deeper levels have
 * them. 42P21 where explicit ones differ, or implicit ones of what rows are compared by. */
struct err *collate_query(struct analysis *a, struct query *q) MUST_CHECK;
struct err *collate_expr(struct analysis *a, struct expr *e) MUST_CHECK;
/* One for a column that all those make; 0: they conflict, or are no strings. */
struct err *collate_common(struct analysis *a, struct expr **list, int n, bool conflict_ok,
                           uint32_t *out) MUST_CHECK;

/* ---- operators and functions ---- */
struct err *make_op(struct analysis *a, struct str name, struct expr *left, struct expr *right,
                    int location, struct expr **out) MUST_CHECK;
struct err *make_scalar_array_op(struct analysis *a, struct str name, bool any, struct expr *left,
                                 struct expr *right, int location, struct expr **out) MUST_CHECK;
/* The operator between two types with arguments' coercion; *oper NULL when there is none. */
struct err *find_binary_op(struct analysis *a, struct str name, uint32_t left, uint32_t right,
                           int location, const struct cat_oper **oper) MUST_CHECK;
/* Default "<" of a type; 42883 "could not identify an ordering operator". */
struct err *ordering_op(struct analysis *a, uint32_t type, int location, uint32_t *lt) MUST_CHECK;
struct err *equality_op(struct analysis *a, uint32_t type, int location, uint32_t *eq) MUST_CHECK;
struct func_name {
    const char *nsp; /* NULL: search path */
    const char *name;
};
/* As errors name a call: name(type, type). */
const char *func_signature(struct analysis *a, struct func_name fn, struct expr **args, int nargs);
/* Builds a call to the function chosen for those arguments (already analyzed, perhaps unknown
 * literals). names[i]: name of a named argument or NULL. Result kinds FUNC, AGG, or a cast. */
struct err *make_func(struct level *l, struct func_name fn, struct expr **args, const char **names,
                      int nargs, bool variadic, const PgQuery__FuncCall *call, int location,
                      struct expr **out) MUST_CHECK;
/* Resolves polymorphic argument and result types: actual[] in, declared[] replaced by actual types.
 */
struct err *resolve_polymorphic(struct analysis *a, const struct cat_proc *p, uint32_t *declared,
                                const uint32_t *actual, int nargs, uint32_t *rettype,
                                int location) MUST_CHECK;
bool type_is_polymorphic(uint32_t type);
/* Ranges, their multiranges and their subtypes; 0: not such a type. */
uint32_t range_subtype(uint32_t range);
uint32_t multirange_of_range(uint32_t range);
uint32_t range_of_multirange(uint32_t multirange);

/* ---- queries ---- */
struct err *analyze_call(struct analysis *a, const PgQuery__CallStmt *call,
                         struct query **q) MUST_CHECK;
struct err *analyze_select_node(struct analysis *a, struct level *parent, const pg_node *n,
                                bool lateral_ok, struct query **out) MUST_CHECK;
struct err *analyze_select(struct level *l, const PgQuery__SelectStmt *s) MUST_CHECK;
struct err *analyze_from(struct level *l, pg_node **items, size_t n) MUST_CHECK;
struct err *analyze_limit(struct level *l, const PgQuery__SelectStmt *s) MUST_CHECK;
struct err *analyze_setop_arm(struct level *l, const PgQuery__SelectStmt *s,
                              struct query **out) MUST_CHECK;
/* The result columns of a set operation whose arms are analyzed. */
struct err *setop_columns(struct level *l) MUST_CHECK;
/* Adds to an error about a missing table that WITH has one of that name further on. */
struct err *explain_missing_cte(const struct level *l, const char *name, struct err *e) MUST_CHECK;
struct err *analyze_with_item(struct with_item *item) MUST_CHECK;
/* analyze_with.c: what recursive queries may not do. */
struct err *check_cte_reference(struct level *l, const struct cte *cte, int location) MUST_CHECK;
struct err *check_recursive_term(struct level *l) MUST_CHECK;
/* analyze_cycle.c: SEARCH and CYCLE. Their columns, once the left arm's are known; then the arms.
 */
struct err *analyze_cycle_columns(struct level *l, struct cte *cte,
                                  const PgQuery__CommonTableExpr *c) MUST_CHECK;
struct err *analyze_cycle_arms(struct level *l, struct cte *cte,
                               const PgQuery__CommonTableExpr *c) MUST_CHECK;
/* Where its text begins, for common kinds; -1: not known. */
int node_location(const pg_node *n);
struct err *analyze_with(struct level *l, const PgQuery__WithClause *w) MUST_CHECK;
struct err *analyze_targets(struct level *l, pg_node **list, size_t n, enum clause clause,
                            struct target **out, int *nout) MUST_CHECK;
/* analyze_dml.c: parts of statements that write. The statement's target table, visible by its alias
 * where `visible`; `verb` as in "cannot update ...". */
struct err *dml_open_target(struct level *l, const PgQuery__RangeVar *rv, const char *verb,
                            bool visible) MUST_CHECK;
/* The value of a column that the statement does not give. */
struct err *dml_column_default(struct level *l, const struct relation *r, int att,
                               struct expr **out) MUST_CHECK;
struct err *dml_find_column(struct level *l, const struct relation *r, const char *name,
                            int location, int *att) MUST_CHECK;
/* Whether a value may be given for it. */
struct err *dml_check_insertable(struct level *l, int att, const struct expr *value) MUST_CHECK;
struct err *dml_analyze_set(struct level *l, pg_node **list, size_t n, struct assignment **out,
                            int *nout) MUST_CHECK;
/* Expressions of generated columns, over the columns of the target, into the query's row. */
struct err *dml_generated_columns(struct level *l) MUST_CHECK;
struct err *analyze_on_conflict(struct level *l, const PgQuery__OnConflictClause *c) MUST_CHECK;
struct err *analyze_merge(struct level *l, const PgQuery__MergeStmt *s) MUST_CHECK;
/* One item of a FROM clause. */
struct err *analyze_from_item(struct level *l, const pg_node *n, struct from_node **out) MUST_CHECK;
struct err *analyze_insert(struct level *l, const PgQuery__InsertStmt *s) MUST_CHECK;
struct err *analyze_update(struct level *l, const PgQuery__UpdateStmt *s) MUST_CHECK;
struct err *analyze_delete(struct level *l, const PgQuery__DeleteStmt *s) MUST_CHECK;
struct err *analyze_sort_keys(struct level *l, pg_node **list, size_t n, struct target *targets,
                              int ntargets, enum clause clause, struct sort_key **out,
                              int *nout) MUST_CHECK;
/* Fills in all but the expression of a key. */
struct err *sort_direction(struct analysis *a, const PgQuery__SortBy *s,
                           struct sort_key *k) MUST_CHECK;
/* Expressions only: no names or numbers of output columns. */
struct err *analyze_plain_keys(struct level *l, pg_node **list, size_t n, struct sort_key **out,
                               int *nout) MUST_CHECK;
/* One of a WINDOW clause (out NULL), or what stands behind OVER. */
struct err *analyze_window(struct level *l, const PgQuery__WindowDef *d,
                           struct window **out) MUST_CHECK;
/* A call with OVER of a function of kind 'w' or 'a'. */
struct err *make_window(struct level *l, const struct cat_proc *p, struct expr **args, int nargs,
                        const PgQuery__FuncCall *call, uint32_t type, int location,
                        struct expr **out) MUST_CHECK;
const char *clause_name(enum clause c); /* as errors name it */
bool clause_takes_aggs(enum clause c);
struct err *open_relation(struct analysis *a, const PgQuery__RangeVar *rv,
                          struct relation **out) MUST_CHECK;
struct err *rte_for_relation(struct analysis *a, struct relation *r, const PgQuery__Alias *alias,
                             struct rte **out) MUST_CHECK;
struct rte *rte_new(struct analysis *a, struct query *q, enum rte_kind kind, const char *name,
                    int ncols);
struct err *rte_add_ns(struct level *l, struct rte *rte, bool rel_visible, bool cols_visible);
/* Makes the columns of one range table entry those of another, in place. */
void rte_alias(struct expr *e, struct rte *from, struct rte *to);
/* The next value of an identity column's sequence. */
struct err *identity_default(struct analysis *a, const struct relation *r, int att,
                             struct expr **out) MUST_CHECK;
/* An output column by position or, when `by_name`, by its name; NULL: it is an expression. */
struct err *find_target(struct level *l, const pg_node *n, struct target *targets, int ntargets,
                        const char *clause, bool by_name, struct expr **out) MUST_CHECK;
/* The name of a column reference that is but a name, else NULL. */
const char *simple_name(const pg_node *n);
struct err *analyze_group(struct level *l, const PgQuery__SelectStmt *s) MUST_CHECK;
struct err *analyze_grouping_func(struct level *l, const PgQuery__GroupingFunc *g,
                                  struct expr **out) MUST_CHECK;
struct err *check_grouping(struct level *l) MUST_CHECK;
/* The query level, counted from `l`, of the innermost columns in the expressions; NULL: none. */
struct level *level_of_columns(struct level *l, struct expr *e);
struct level level_init(struct analysis *a, struct level *parent, enum query_kind kind);

static inline const char *node_str(const pg_node *n)
{
    return n->node_case == PG_QUERY__NODE__NODE_STRING ? n->string->sval : "";
}

/* analyze_view.c: a view as the target of a statement. *view: what names refer to; *base: the table
 * below. 55000 */
struct err *analyze_view_target(struct level *l, const PgQuery__RangeVar *rv, struct relation *r,
                                struct rte **view, struct rte **base) MUST_CHECK;
/* The table's column behind one of the view's. 42703, 0A000 */
/* The default that a view has for a column of the table below; NULL: none. */
const char *view_column_default(const struct rte *view, int att);
void view_target_requires(struct rte *view, uint32_t required);
struct err *view_target_column(struct level *l, const char *name, int location,
                               int *att) MUST_CHECK;
/* When all else is analyzed: from the view's columns to the table's. */
struct err *finish_view_target(struct level *l) MUST_CHECK;
struct err *view_rte(struct level *l, struct relation *r, const PgQuery__Alias *alias,
                     struct rte **out) MUST_CHECK;

#endif
