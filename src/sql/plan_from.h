/* FROM and WHERE being planned: shared by plan_from.c, plan_conditions.c, plan_scan.c, plan_join.c.
 */
#ifndef TARN_SQL_PLAN_FROM_H
#define TARN_SQL_PLAN_FROM_H

#include "sql/plan_internal.h"

enum { MAX_RELS = 64 };

#define HASH_ROW_COST 0.015
#define MERGE_ROW_COST 0.012 /* of a row of either side */
#define LOOP_ROW_COST 0.01   /* of a pair of rows */
#define DISABLED_COST 1e10   /* of what the session has switched off */

static inline double cost_when(const struct planner *p, uint32_t kind, double cost)
{
    return p->cat->plans_off & kind ? cost + DISABLED_COST : cost;
}

/* One thing to join: a leaf, or an outer join with its sides. */
struct item {
    relset rels;
    relset requires_;  /* LATERAL: these must come first (on the outer side) */
    struct rte *rte;   /* a leaf */
    struct plan *plan; /* an outer join, already planned */
    struct plan
        *ordered; /* the same, in the first nsorted keys' order; NULL: there is no such plan */
    int nsorted;
};

/* A set of items under inner joins. */
struct problem {
    struct planning *l;
    struct want want;
    struct item *items;
    int nitems;
    int items_cap;
    struct qual *quals;
    int nquals;
    int quals_cap;
};

/* Conditions, each once, as sel_conjunction wants them. */
struct conditions {
    struct expr **list;
    int n;
};

/* Room for all conditions of the problem. */
static inline struct conditions conditions_new(struct problem *pr)
{
    return (struct conditions){arena_new_array(pr->l->p->arena, struct expr *, pr->nquals + 1), 0};
}

/* plan_conditions.c: a condition by itself. */
struct qual qual_of(struct problem *pr, struct expr *e);
/* Prepares a condition of WHERE or ON (NULL: none) and adds its conjuncts. */
struct err *add_condition(struct problem *pr, struct expr *condition) MUST_CHECK;

/* plan_scan.c: the cheapest way to read one table, given relations `have` whose columns are known.
 * *nsorted (may be NULL): in how many of the wanted keys' order its rows come. */
struct plan *scan_relation(struct problem *pr, struct rte *rte, relset have,
                           const struct want *want, int *nsorted);
/* Attaches the conditions that are decided on relations `here`, given `have`. n->rows, before it
 * all rows, becomes those that are left. */
void attach_filter(struct problem *pr, struct plan *n, relset here, relset have);

/* What an index can do with the conditions at hand. */
struct index_match {
    const struct index *index;
    struct index_qual quals[32];
    struct qual *used[32];
    int n;
    int equal;   /* leading columns bound by equality */
    bool unique; /* at most one row */
};

/* plan_outer.c: conditions above a part of FROM, by clause, from the nearest out; they are not
 * prepared yet. */
struct pending {
    struct pending *up;
    struct expr **list; /* NULL: it has gone below */
    int n;
    bool counts; /* a row of the level must meet it: not within the nullable side of a join */
};
/* The conjuncts of a condition (NULL: none). */
struct pending pending_new(struct planner *p, struct expr *condition, const struct pending *up,
                           bool counts);
/* What an outer join comes to: rows that the conditions drop need not be made. *swapped: its sides
 * change places. */
enum join_kind real_join(const struct from_node *f, const struct pending *pending, bool *swapped);
/* Whether a condition that is not prepared yet reads these relations and none else, has no subquery
 * and always gives the same. */
bool reads_only(struct planning *l, struct expr *e, relset rels);
/* Adds those conditions that the problem's relations alone decide; they are pending no more. */
struct err *take_pending(struct problem *pr, struct pending *pending) MUST_CHECK;
/* Adds what is left of one clause; `joins`: what holds is joined, so that IN may be a join. */
struct err *add_pending(struct problem *pr, const struct pending *pending, bool joins) MUST_CHECK;

/* plan_push.c: puts those conditions that read the subquery alone into it where they can be decided
 * there; they are pending no more. */
struct err *push_pending(struct planning *l, const struct rte *rte,
                         struct pending *pending) MUST_CHECK;

/* plan_semi.c: whether a condition that is not prepared yet is an IN (SELECT ...) that can be
 * joined; joins it. */
bool is_semijoin(struct planning *l, const struct expr *e);
struct err *add_semijoin(struct problem *pr, struct expr *e) MUST_CHECK;
/* plan_from.c: adds one thing of FROM, whose number among the level's relations is set; a simple
 * subquery is merged. */
struct err *add_leaf(struct problem *pr, struct rte *rte, bool nullable,
                     struct pending *pending) MUST_CHECK;

/* plan_only.c: whether the entries of the index have all that the query reads of the table. */
bool entries_suffice(struct planner *p, const struct rte *rte, const struct index *ix);
/* What an ordered index can do with the problem's conditions; m->n 0: nothing. */
void match_index(struct problem *pr, struct rte *rte, const struct index *ix, relset have,
                 struct index_match *m);
/* Rows of `rows` that an index finds so. */
double index_rows(struct problem *pr, const struct index_match *m, double rows);
/* Puts an index and its conditions into a node. */
void set_index(struct planner *p, struct plan *n, struct rte *rte, const struct index_match *m);

/* plan_bitmap.c: rows named by one or several indexes. */
struct row_source {
    struct plan *plan; /* P_BITMAP... but P_BITMAPHEAP */
    struct expr *stands_for;
    struct qual **used; /* the problem's conditions that it decides, given `stands_for` */
    int nused;
    double rows;
    double cost; /* without reading the rows */
};
/* plan_scan.c: what reading its rows costs, in a table of so many. */
double source_rows_cost(const struct row_source *s, double table_rows);
/* The cheapest such source; false: there is none. `bare`: one index alone will do, if it is
 * inverted. */
bool find_rows(struct problem *pr, struct rte *rte, relset have, struct row_source *out);

/* plan_join.c: the cheapest order and methods. */
struct err *solve(struct problem *pr, struct path *out, int *nsorted) MUST_CHECK;
/* The cheapest plan of a solved problem in some of the wanted order. */
bool solve_ordered(struct problem *pr, const struct want *want, double rows, struct path *out,
                   int *nsorted);
/* The path with one more item, whose rows are looked up for each row so far, so that their order
 * stays; false: there is no cheaper way than *best. */
bool join_in_order(struct problem *pr, const struct path *left, const struct path *right,
                   const struct item *it, struct path *best);
/* plan_order.c: what a plan of so many rows costs for what is wanted of it, if its rows come in the
 * first nsorted keys' order. */
double wanted_cost(struct planning *l, const struct want *want, double startup, double total,
                   double rows, int nsorted);
/* The cheapest plan of all items in some of the wanted order; `rows`: how many it will have, as far
 * as is known. False: there is none. */
bool ordered_path(struct problem *pr, const struct path *leaves, const struct want *want,
                  double rows, struct path *out, int *nsorted);

/* plan_merge.c: two sides to be merged, as they would be read otherwise; a side that is one table
 * (else NULL) may be read by an index. */
struct merge_input {
    const struct path *left;
    const struct path *right;
    struct rte *left_table;
    struct rte *right_table;
};
/* Makes a merge join of a join whose key pairs and rows are known, if that costs less than *cost.
 */
bool merge_sides(struct problem *left, struct problem *right, const struct merge_input *in,
                 struct plan *join, double *cost);

relset problem_rels(const struct problem *pr);
/* The part of all pairs of rows of two sets that the conditions keep; how many of these are keys,
 * and how many are not. */
double join_selectivity(struct problem *pr, relset left, relset right, int *nequi, int *nother,
                        double lrows, double rrows);
/* `left key = right key` with a hashable type. */
bool is_equi(struct problem *pr, const struct qual *q, relset left, relset right,
             struct expr **lkey, struct expr **rkey, uint32_t *type);
void add_hash_key(struct planner *p, struct plan *join, struct expr *lkey, struct expr *rkey,
                  uint32_t type);

#endif
