#ifndef TARN_SQL_PLAN_INTERNAL_H
#define TARN_SQL_PLAN_INTERNAL_H

#include "rt/fiber.h"
#include "sql/analyze_internal.h"
#include "sql/plan.h"

/* Planning one statement. */
struct planner {
    struct cat *cat;
    const struct type_env *env;
    struct arena *arena;
    struct statement_plan *plan;
    int subplans_cap;
    int ctes_cap;
    int inline_depth; /* of functions in functions */
    int depth;
    struct trial *trials; /* selectivity.c: what trying conditions gave */
    int ntrials;
    int trials_cap;
};

typedef uint64_t relset; /* bit rte->index */

/* One conjunct of WHERE or ON. */
struct qual {
    struct expr *expr;
    relset rels; /* of this level */
    bool outer;  /* mentions outer levels or subplans: never a hash or index key across levels */
    bool volatile_;
    bool late;    /* costly: applied when all is joined */
    bool policy;  /* of a table's policies: decided before all other conditions on it */
    bool weighed; /* an OR whose parts for single tables are conditions of their own */
};

/* A plan for a set of relations, while the join order is searched. */
struct path {
    relset rels;
    struct plan *plan;
    double rows;
    double cost;
};

/* A query level being planned. */
struct planning {
    struct planner *p;
    struct query *q;
    struct planning *parent;
    struct qual *quals;
    int nquals;
    int quals_cap;
    int nrels;
    struct expr *all_quals; /* for rechecking a changed row */
};

/* plan_needs.c: marks the columns of tables that the statement reads, in rte->needs. */
struct err *plan_needs(struct planner *p, struct query *q) MUST_CHECK;
/* plan_only.c: tells the scans of a finished plan which columns to read; an index-only scan that
 * cannot do without the rows after all reads them. */
void plan_finish_scans(struct planner *p, struct plan *n);
/* plan_push.c: a view with security_barrier: conditions may go into it only if they cannot tell
 * what they saw. */
bool rte_is_barrier(const struct rte *rte);
/* plan_from.c: a subquery that is merged into the level above if it can be. */
bool query_is_simple(const struct query *q);
struct plan *plan_new(struct planner *p, enum plan_kind kind);
/* Rewrites an expression for execution: pulled-up columns replaced, subqueries planned, constants
 * folded, columns given slots. */
struct err *prepare_expr(struct planning *l, struct expr **e) MUST_CHECK;
void rte_plan_init(struct planner *p, struct rte *rte);
int rte_slot(struct planner *p, struct rte *rte, int att);
struct expr *slot_expr(struct planner *p, int slot, const struct expr *like);

/* Plans a query; its visible columns end up in out_slots (as many as named targets). */
struct err *plan_query(struct planner *p, struct planning *parent, struct query *q, double limit,
                       struct plan **out, int **out_slots, int *nout) MUST_CHECK;
/* The order and the number of rows that the caller would like; norder 0, limit < 0: any, all. */
struct want {
    const struct sort_key *order;
    int norder;
    double limit;
    bool groups; /* rows of a group shall follow each other; else they are hashed, not sorted */
};
#define WANT_ANY ((struct want){NULL, 0, -1, false})

/* FROM and WHERE. *nsorted: in how many of the wanted keys' order its rows come. */
struct err *plan_from(struct planning *l, const struct want *want, struct plan **out,
                      int *nsorted) MUST_CHECK;
/* `presorted`: the rows come in the order of so many first keys. */
struct err *plan_sort(struct planning *l, struct sort_key *keys, int nkeys, int presorted,
                      struct plan **node) MUST_CHECK;
/* plan_srf.c: the set-returning functions in prepared expressions get nodes of their own; their
 * values' slots take their place. */
struct err *plan_srfs(struct planning *l, struct expr **exprs, int n,
                      struct plan **node) MUST_CHECK;
/* plan_agg.c: the order in which groups could come one after another, as far as it can be the one
 * of ORDER BY. */
struct sort_key *group_order(struct planning *l, int *n);
/* Grouping, and all clauses above it rewritten to read its results. *nsorted: in how many of
 * group_order's keys' order the rows come; then: in how many of ORDER BY's. */
struct err *plan_agg(struct planning *l, struct plan **node, int *nsorted) MUST_CHECK;
/* Whether the level asks for nothing but the least or greatest value of an indexed column: the
 * first row in `order` has it; rows without a value are then left out. A node for that row. */
bool wants_extreme(struct planning *l, struct sort_key *order);
void plan_first_row(struct planner *p, struct plan **node);
/* plan_window.c: the level's window functions; *nsorted: in how many of the query's keys' order the
 * rows come. */
struct err *plan_windows(struct planning *l, struct plan **node, int *nsorted) MUST_CHECK;
struct err *plan_dml(struct planner *p, struct planning *parent, struct query *q,
                     struct plan **out) MUST_CHECK;
struct err *plan_sublink(struct planning *l, struct expr *e, struct expr **out) MUST_CHECK;
/* plan_exists.c: turns a correlated EXISTS into `columns = ANY (uncorrelated subquery)`, where that
 * pays: `test` then compares them, its slots numbered as a sublink's. */
bool hash_exists(struct planner *p, struct query *q, struct subplan *s, struct expr **test);
/* Fills in hash_left and hash_types of a planned subquery, if its test can be looked up. */
void hash_test(struct planner *p, struct subplan *s);
/* The type by which the two sides of an equation hash; 0: it is none, or of a type without. */
uint32_t hash_equality(const struct expr *e);
struct err *plan_cte_store(struct planner *p, struct planning *l, struct cte *cte,
                           int *number) MUST_CHECK;

/* Relations of level l that a subtree (of a deeper level) reads. */
relset plan_reads(struct planning *l, struct plan *n);
bool expr_mentions(const struct expr *e, const struct rte *rte);
struct err *deep_copy(struct planner *p, struct expr **e) MUST_CHECK;
bool plan_is_outer(struct planning *l, struct subplan *s);
/* plan_slots.c: whether it reads slots that others write. */
bool plan_depends(struct planner *p, struct subplan *s);
/* Visits the expressions of one node. */
struct err *plan_node_exprs(struct plan *n, expr_visit visit, void *arg) MUST_CHECK;
relset expr_rels(const struct planning *l, const struct expr *e, bool *outer);
bool expr_is_volatile(const struct expr *e);
void split_and(struct arena *a, struct expr *e, struct expr ***list, int *n, int *cap);

/* Slots that an expression, a subtree's expressions read; that a subtree writes; then fills in
 * `saved` lists for a finished plan. */
struct slot_set {
    uint64_t *bits;
    int n;
};
void plan_assign_saved(struct planner *p);

/* What is under casts that change no bytes, and under COLLATE. */
static inline const struct expr *strip_relabel(const struct expr *e)
{
    while (e->kind == E_RELABEL)
        e = e->args[0];
    return e;
}

static inline bool is_integer_type(uint32_t type)
{
    return type == INT2_OID || type == INT4_OID || type == INT8_OID;
}

/* plan_scan.c: whether values of the second type are ordered and encoded as those of a column of
 * the first. */
bool key_compatible(uint32_t column, uint32_t value);

/* selectivity.c: rows of a table; the part of the rows, 0 to 1, for which all conditions hold; how
 * many values an expression has, 0 when unknown; the groups that `rows` rows fall into. */
double sel_table_rows(const struct planning *l, const struct rte *rte);
double sel_conjunction(struct planning *l, struct expr *const *list, int n);
double sel_distinct(const struct planning *l, const struct expr *e);
double sel_groups(const struct planning *l, struct plan_expr *group, int n, double rows);

/* plan_index.c: a column of an index over an expression, for this range table entry; NULL when it
 * cannot be had. */
struct expr *index_column_expr(struct planner *p, struct rte *rte, const struct index *ix, int col);
/* A partial index's condition; NULL when it cannot be had. */
struct expr *index_predicate(struct planner *p, struct rte *rte, const struct index *ix);
/* Whether the conditions on this table alone imply it. */
bool index_predicate_holds(struct planner *p, struct rte *rte, const struct index *ix,
                           const struct qual *quals, int nquals);

/* plan_inline.c: what a call of a user's function can be replaced by; NULL: it is called. */
struct expr *inline_user_function(struct planner *p, const struct expr *call);
/* All calls in an expression, which is not shared. */
void inline_user_functions(struct planner *p, struct expr **ref);

#endif
