/* Rows in an order that the caller wants: what sorting costs, and joins that keep the order of the
 * table that they begin with, for queries that stop after some rows. */
#include "sql/plan_from.h"

#include <math.h>

#define SORT_ROW_COST 0.02
#define GROUP_ROW_COST 0.01      /* in a hash table */
#define PRESORTED_ROW_COST 0.015 /* in small groups */

/* Rows that are alike in the first n keys. */
static double group_rows(struct planning *l, const struct want *want, int n, double rows)
{
    double groups = 1;
    for (int i = 0; i < n; i++) {
        const struct expr *e = want->order[i].expr;
        if (e->kind == E_VAR && e->var.rte->pulled && e->var.att > 0)
            e = e->var.rte->pulled[e->var.att - 1];
        double d = sel_distinct(l, e);
        groups *= d > 0 ? d : fmax(1, rows / 10);
    }
    return fmax(1, rows / fmax(1, groups));
}

double wanted_cost(struct planning *l, const struct want *want, double startup, double total,
                   double rows, int nsorted)
{
    rows = fmax(1, rows);
    if (want->groups && nsorted < want->norder)
        return total + rows * GROUP_ROW_COST;
    if (want->norder && !nsorted)
        return cost_when(l->p, PLAN_SORT, total + rows * SORT_ROW_COST);
    bool all = nsorted >= want->norder;
    double wanted = want->limit >= 0 ? want->limit + 1 : rows;
    if (!all)
        wanted += group_rows(l, want, nsorted, rows);
    double part = fmin(1, wanted / rows);
    return startup + (total - startup) * part + (all ? 0 : rows * part * PRESORTED_ROW_COST);
}

/* ---- joins that keep an order ---- */

/* The item's rows in as much of the order as there is: nsorted 0: in none of it. */
static struct path first_path(struct problem *pr, const struct item *it, const struct want *want,
                              int *nsorted)
{
    struct path path = {.rels = it->rels};
    *nsorted = 0;
    if (it->requires_ & problem_rels(pr))
        return path;
    if (it->rte && it->rte->kind == RTE_RELATION) {
        path.plan = scan_relation(pr, it->rte, 0, want, nsorted);
    } else if (it->ordered) {
        path.plan = it->ordered;
        *nsorted = it->nsorted;
    }
    if (!*nsorted)
        return path;
    path.rows = path.plan->rows;
    path.cost = path.plan->total_cost;
    return path;
}

/* All other items, each looked up for the rows so far, the cheapest next. */
static bool join_rest(struct problem *pr, const struct path *leaves, int first, struct path *path)
{
    bool *done = arena_new_array(pr->l->p->arena, bool, pr->nitems);
    done[first] = true;
    for (int step = 1; step < pr->nitems; step++) {
        struct path best = {.cost = INFINITY};
        int chosen = -1;
        for (int i = 0; i < pr->nitems; i++) {
            relset need = pr->items[i].requires_ & problem_rels(pr);
            if (!done[i] && !(need & ~path->rels) &&
                join_in_order(pr, path, &leaves[i], &pr->items[i], &best))
                chosen = i;
        }
        if (chosen < 0)
            return false;
        done[chosen] = true;
        *path = best;
    }
    return true;
}

bool ordered_path(struct problem *pr, const struct path *leaves, const struct want *want,
                  double rows, struct path *out, int *nsorted)
{
    double best = INFINITY;
    for (int i = 0; i < pr->nitems; i++) {
        /* So many of its rows make as many of the join's as are wanted. */
        struct want own = *want;
        int n;
        if (want->limit >= 0)
            own.limit = want->limit * fmax(1, leaves[i].rows) / fmax(1, rows);
        struct path path = first_path(pr, &pr->items[i], &own, &n);
        if (!n || !join_rest(pr, leaves, i, &path))
            continue;
        double cost = wanted_cost(pr->l, want, 0, path.cost, rows, n);
        if (cost >= best)
            continue;
        best = cost;
        *out = path;
        *nsorted = n;
    }
    return best < INFINITY;
}
