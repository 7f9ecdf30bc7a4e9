/* FROM and WHERE being planned: shared by plan_from.c, plan_conditions.c, plan_scan.c, plan_join.c.
 */
#ifndef TARN_SQL_PLAN_FROM_H
#define TARN_SQL_PLAN_FROM_H

#include "sql/plan_internal.h"

enum { MAX_RELS = 64 };

#define HASH_ROW_COST 0.015

/* One thing to join: a leaf, or an outer join with its sides. */
struct item {
    relset rels;
    relset requires_;  /* LATERAL: these must come first (on the outer side) */
    struct rte *rte;   /* a leaf */
    struct plan *plan; /* an outer join, already planned */
};

/* A set of items under inner joins. */
struct problem {
    struct planning *l;
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

/* plan_conditions.c: prepares a condition of WHERE or ON (NULL: none) and adds its conjuncts. */
struct err *add_condition(struct problem *pr, struct expr *condition) MUST_CHECK;

/* A condition `column op value` for a column of a table, with the value free of the table. */
enum { MAX_SARGS = 64 };

struct sarg {
    int att;      /* an expression of an index: -1 - its place there */
    int strategy; /* as in struct index_qual */
    struct expr *value;
    struct qual *qual;
};

/* What an index can do with the conditions at hand. */
struct index_match {
    const struct index *index;
    struct index_qual quals[32];
    struct qual *used[32];
    int n;
    int equal;   /* leading columns bound by equality */
    bool unique; /* at most one row */
};

/* plan_scan.c: the conditions on plain columns, those on the expressions of an index, and what the
 * index can do with them. */
int collect_sargs(struct problem *pr, const struct rte *rte, relset have, struct sarg *out,
                  int max);
int expression_sargs(struct problem *pr, struct planner *p, struct rte *rte, const struct index *ix,
                     relset have, struct sarg *out, int max);
void match_index(const struct index *ix, struct sarg *sargs, int nsargs, struct index_match *m);
/* Whether reading the index in one direction gives the wanted order. */
bool index_orders(const struct index *ix, const struct rte *rte, int equal,
                  const struct sort_key *order, int norder, bool *backward);

/* plan_access.c: the cheapest way to read one table, given relations `have` whose columns are
 * known. `order`: keys that the caller would like; *sorted (may be NULL): whether the plan gives
 * them. */
struct plan *scan_relation(struct problem *pr, struct rte *rte, relset have,
                           const struct sort_key *order, int norder, double limit, bool *sorted);
/* Whether it looks rows up by values that may be another relation's. */
static inline bool scan_is_bound(const struct plan *scan)
{
    return (scan->kind == P_INDEXSCAN && scan->nquals) || scan->kind == P_BITMAPSCAN;
}
/* Whether the index decides the condition. */
bool match_covers(const struct index_match *m, const struct qual *q);
/* Attaches the conditions that are decided on relations `here`, given `have`. n->rows, before it
 * all rows, becomes those that are left. */
void attach_filter(struct problem *pr, struct plan *n, relset here, relset have);

/* plan_join.c: the cheapest order and methods. */
struct err *solve(struct problem *pr, const struct sort_key *order, int norder, double limit,
                  struct path *out, bool *sorted) MUST_CHECK;
relset problem_rels(const struct problem *pr);
/* `left key = right key` with a hashable type. */
bool is_equi(struct problem *pr, const struct qual *q, relset left, relset right,
             struct expr **lkey, struct expr **rkey, uint32_t *type);
void add_hash_key(struct planner *p, struct plan *join, struct expr *lkey, struct expr *rkey,
                  uint32_t type);

#endif
