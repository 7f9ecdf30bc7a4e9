/* Plans. A statement runs over one *frame*: an array of datums in which every constant, parameter,
 * referenced column and computed value has a fixed slot, across all query levels. Parameters come
 * first; constants have negative numbers (constant k is at frame[-1 - k]). A scan writes the
 * columns of its current row into the slots of its range table entry; a join has nothing to copy;
 * an outer join sets the slots of its nullable side to NULL; a correlated subquery reads the outer
 * row's slots. Nodes that keep rows (sort, hash, materialize) save and restore the slots that nodes
 * above still need: `saved` lists them.
 *
 * A plan is immutable once built and can be run by several sessions at once; all run-time state is
 * in exec. By-reference datums in slots stay valid: those read from storage until the statement's
 * view ends, computed ones until the node that computed them produces its next row. */
#ifndef TARN_SQL_PLAN_H
#define TARN_SQL_PLAN_H

#include "sql/query.h"

enum plan_kind {
    P_RESULT,      /* one row, if the filter holds; computes `exprs` */
    P_SEQSCAN,     /* all rows, or those of a sample, whose arguments are `exprs` */
    P_INDEXSCAN,   /* by primary key or secondary index, forward or backward */
    P_BITMAPHEAP,  /* the rows that `left` names, in key order; `recheck` decides on each */
    P_BITMAPINDEX, /* names rows: the entries of an index; no columns. Only below P_BITMAPHEAP */
    P_BITMAPAND,   /* names rows: those that all inputs name */
    P_BITMAPOR,    /* names rows: those that any input names */
    P_FUNCSCAN,
    P_VALUES,
    P_SUBQUERY, /* runs `left`; copies/computes `exprs` into `slots` (columns of the subquery's rte)
                 */
    P_TABLEFUNC, /* rows of a table function */
    P_CTESCAN,   /* rows of a CTE store */
    P_WORKTABLE, /* rows of a recursive CTE's working table */
    P_NESTLOOP,
    P_HASHJOIN,  /* right side is hashed */
    P_MERGEJOIN, /* both sides come in the order of the key pairs */
    P_SORT,
    P_AGG,
    P_DISTINCT, /* first row of each with equal `exprs`; strategy SORTED: they follow each other */
    P_LIMIT,
    P_PROJECT, /* computes `exprs` into `slots`; set-returning functions expand rows */
    P_SETOP,   /* INTERSECT, EXCEPT; UNION [ALL] as P_APPEND (+ P_DISTINCT) */
    P_APPEND,
    P_RECURSIVE, /* recursive union of left (non-recursive) and right (recursive) terms */
    P_MATERIAL,
    P_LOCKROWS,
    P_INSERT,
    P_UPDATE,
    P_DELETE,
    P_MERGE,
    P_WINDOW,
};

/* One bound of an index scan on a key column: `column op value`. */
struct index_qual {
    int column;   /* position in the index; of a table function: in its columns */
    int strategy; /* 1 < 2 <= 3 = 4 >= 5 > ; 0: IS NULL; 6: = ANY(array); 7: IS NOT NULL; of an
                     inverted index: its own, by pg_amop */
    struct expr *value; /* computed at each (re)start of the scan */
    struct program *program;
};

/* A column of an entry, in their order; those of the key, then those of the row's key. */
struct only_column {
    const struct type_ops *ops;
    bool desc;
    bool of_row;
    int slot; /* -1: nothing reads it */
};

enum agg_strategy { AGG_PLAIN, AGG_HASHED, AGG_SORTED };

struct plan_agg {
    struct expr *expr;     /* E_AGG or E_WINDOW */
    struct program **args; /* compiled by exec */
    struct program *filter;
    struct program **order;
    int slot; /* where the result goes */
};

struct plan_merge;

/* An expression of a node and where its value goes (slot -1: nowhere, a condition). */
struct plan_expr {
    struct expr *expr;
    int slot;
    struct program *program; /* compiled by exec when the plan is finished */
};

/* GROUPING(): bits, the last argument's lowest, of the columns that the row's set lacks. */
struct plan_grouping {
    int *columns; /* positions in `group` */
    int n;
    int slot;
};

/* What a policy wants of a row: see struct policy_check. */
struct plan_policy_check {
    enum policy_check_kind kind;
    struct plan_expr expr;
    const char *policy;
};

struct plan {
    enum plan_kind kind;
    int id;               /* position among the statement's nodes */
    struct plan *left;    /* outer; the only input */
    struct plan *right;   /* inner */
    struct plan **inputs; /* APPEND, BITMAPAND, BITMAPOR */
    int ninputs;
    double rows;
    double startup_cost;
    double total_cost;
    int width;
    struct plan_expr filter; /* rows for which it is not true are dropped; expr NULL: none */
    struct plan_expr *exprs; /* PROJECT, SUBQUERY, RESULT, VALUES (nrows * ncols), FUNCSCAN, LIMIT
                                (limit, offset) */
    int nexprs;
    int *slots; /* SUBQUERY, CTESCAN, SETOP, DISTINCT, APPEND: columns written or compared */
    int nslots;
    int *saved; /* SORT, HASHJOIN and MERGEJOIN (right side), MATERIAL, DISTINCT, AGG, WINDOW: slots
                   to keep */
    int nsaved;
    int *left_saved; /* HASHJOIN, MERGEJOIN: those of the left side */
    int nleft_saved;
    int *null_slots; /* outer joins: slots of the nullable side(s) */
    int nnull_slots;
    int *left_null_slots; /* FULL joins: slots of the left side */
    int nleft_null_slots;
    struct rte *rte; /* scans */
    /* INDEXSCAN */
    const char *current_of; /* SEQSCAN: the row that this cursor is on */
    const struct index *index;
    struct index_qual *quals;
    int nquals;
    bool backward;
    bool index_only;                        /* the entries have all that the query reads */
    const struct only_column *only_columns; /* INDEXSCAN that reads no rows; NULL: it does */
    int nonly_columns;
    struct expr *index_cond; /* what the quals came from, for EXPLAIN */
    /* joins */
    enum join_kind join;
    struct plan_expr *hash_left; /* HASHJOIN, MERGEJOIN: key pairs */
    struct plan_expr *hash_right;
    uint32_t *hash_types; /* type whose hash, equality and order both sides share */
    int nhash;
    struct plan_expr join_filter; /* ON conditions beyond the keys: decide on a match */
    bool inner_unique;
    /* SORT, WINDOW, SORTED aggregation */
    struct sort_key *keys;
    struct plan_expr *key_exprs;
    int nkeys;
    int presorted;          /* SORT: the rows come in the order of so many first keys */
    struct plan_expr bound; /* SORT under a LIMIT: rows wanted (limit + offset); expr NULL: all */
    /* AGG */
    enum agg_strategy strategy;
    struct plan_expr *group; /* grouping expressions, each into its slot; WINDOW: partition */
    int ngroup;
    struct plan_agg *aggs; /* WINDOW: its functions */
    int naggs;
    const struct grouping_set *sets; /* nsets 0: one, of all */
    int nsets;
    struct plan_grouping *groupings;
    int ngroupings;
    const struct window *window; /* WINDOW; its order is in `keys`, its offsets in `exprs` */
    /* SETOP */
    enum setop_kind setop;
    bool setop_all;
    int *right_slots;
    /* CTEs: APPEND of CTE plans is not needed: stores are numbered */
    int cte; /* CTESCAN, WORKTABLE, RECURSIVE: store number */
    /* LIMIT */
    bool with_ties;
    /* LOCKROWS */
    struct row_mark *marks;
    int nmarks;
    bool exact;               /* BITMAPHEAP: the inputs name only rows for which `recheck` holds */
    struct plan_expr recheck; /* all conditions of the query level, for rows changed meanwhile;
                                 BITMAPHEAP: what the inputs stand for */
    /* INSERT, UPDATE, DELETE */
    struct query *query;   /* target, on_conflict ... */
    struct plan_expr *row; /* INSERT: natts expressions; UPDATE: the new values of all columns */
    int row_slot;          /* first of natts slots of the new row */
    int old_slot;          /* UPDATE, DELETE: first of the natts slots of the old row */
    struct plan_expr *conflict_set; /* ON CONFLICT DO UPDATE: natts expressions */
    struct plan_expr conflict_where;
    int conflict_old_slot;    /* the existing row, as SET and WHERE see it: the target's columns;
                                 the proposed one (excluded) is at row_slot */
    struct rte *check_rte;    /* CHECK constraints, index expressions: columns at row_slot */
    struct plan_expr *checks; /* CHECK constraints of the target, over the new row */
    const char **check_names;
    int nchecks;
    struct plan_policy_check *policy_checks;
    int npolicy_checks;
    int first_view_check;        /* those from here on are of views, by whose names they go */
    struct plan_expr *returning; /* RETURNING expressions into slots */
    int nreturning;
    bool key_changes;           /* UPDATE may change a key column: lock mode UPDATE */
    struct plan_merge *actions; /* MERGE; `recheck` is its join condition */
    int nactions;
};

/* A WHEN clause of MERGE. */
struct plan_merge {
    bool matched;
    enum query_kind kind;
    struct plan_expr when;
    struct plan_expr *row; /* INSERT, UPDATE: natts expressions, into row_slot and on */
    bool key_changes;
};

/* A subquery in an expression. */
struct subplan {
    enum sublink_kind kind;
    struct plan *plan;
    int *out_slots; /* the subquery's result columns */
    int nout;
    bool correlated;   /* depends on slots of outer rows: run each time; else once */
    int number;        /* position among the statement's subplans */
    struct expr *test; /* ANY/ALL: the comparison, over the slots of the current row */
    struct program *test_program;
    bool null_is_no_match;       /* ANY that was an EXISTS: it is never NULL */
    struct plan_expr *hash_left; /* ANY by equality, uncorrelated: the left sides, to look up among
                                    the rows; nhash 0: the test decides, row by row */
    uint32_t *hash_types;
    int nhash;
    uint64_t outer_rels;  /* relations of the level above that it reads (planner) */
    uint32_t array_type;  /* ARRAY: the result's type */
    uint32_t column_type; /* of the first column */
};

/* The store of a CTE's rows. */
struct plan_cte {
    struct cte *cte;
    struct plan *plan; /* run on demand, fully, by the first CTESCAN */
    int *out_slots;    /* where the plan leaves a row */
    int ncols;
    bool modifies; /* a data-modifying CTE: runs to completion even if nobody reads it */
};

/* A finished statement. Reference-counted, owns its arena. */
struct statement_plan {
    atomic_int refs;
    struct arena arena;
    uint64_t catalog_version; /* that its analysis began at */
    struct query *query;
    struct plan *root;
    int nnodes;
    int nslots;
    int nconsts;
    int consts_cap;
    struct datum *consts; /* constant k goes to frame[-1 - k] */
    int nparams;          /* parameter $n is slot n - 1 */
    uint32_t *param_types;
    int *out_slots; /* result columns; nout 0: no rows are returned */
    struct target *out;
    int nout;
    struct plan_cte *ctes;
    int nctes;
    struct subplan **subplans;
    int nsubplans;
    int ncalls; /* call sites with state, counted by exec's compiler */
    struct relation **relations;
    uint8_t *lock_modes; /* enum txn_table_lock of each */
    int nrelations;
    _Atomic uint32_t checked_role; /* has all the privileges that it needs; 0: none is known */
    bool read_only;                /* writes nothing, locks no rows */
};

/* Whether a scan of one table looks rows up rather than reading all of it. */
static inline bool plan_looks_up(const struct plan *n)
{
    return (n->kind == P_INDEXSCAN && n->nquals) || n->kind == P_BITMAPHEAP;
}

/* A new slot; `count` of them in a row (the first is returned). */
int plan_new_slots(struct statement_plan *p, int count);
/* The slot of a constant. By-reference bytes are borrowed: they live in the plan's arena. */
int plan_const_slot(struct statement_plan *p, struct datum value);
/* The slot of an E_VAR's column. */
int plan_var_slot(const struct expr *var);

struct statement_plan *plan_ref(struct statement_plan *p);
void plan_unref(struct statement_plan *p); /* NULL is fine */

/* Plans an analyzed statement; takes over `arena` (in which the query lives) on success. */
struct err *plan_statement(struct cat *cat, const struct type_env *env, struct query *query,
                           struct arena *arena, struct statement_plan **out) MUST_CHECK;

#endif
