/* Merge joins: both sides in the order of the keys, read so from an index or sorted. */
#include "sql/plan_from.h"

#include "types/collation.h"

#include <math.h>

/* A side in the order of the keys: of a problem's own plan, or of a table's index. */
struct sorted_side {
    struct plan *plan;
    int nsorted; /* in the order of so many first keys; a sort does the rest */
    double cost; /* with that sort */
};

static struct sorted_side sorted_side(struct problem *pr, const struct path *path, struct rte *rte,
                                      const struct want *want)
{
    struct planning *l = pr->l;
    struct sorted_side own = {path->plan, 0, wanted_cost(l, want, 0, path->cost, path->rows, 0)};
    if (!rte)
        return own;
    struct sorted_side read = {0};
    read.plan = scan_relation(pr, rte, 0, want, &read.nsorted);
    read.cost = wanted_cost(l, want, 0, read.plan->total_cost, path->rows, read.nsorted);
    return read.nsorted && read.cost < own.cost ? read : own;
}

/* The keys that begin with number `first`, the others as they come. */
static struct sort_key *keys_from(struct planner *p, const struct plan_expr *keys, int n, int first)
{
    struct sort_key *order = arena_new_array(p->arena, struct sort_key, n);
    order[0].expr = keys[first].expr;
    for (int i = 0, k = 1; i < n; i++)
        if (i != first)
            order[k++].expr = keys[i].expr;
    return order;
}

static void keys_move(const struct plan *join, int first)
{
    for (int i = first; i > 0; i--) {
        struct plan_expr left = join->hash_left[i];
        struct plan_expr right = join->hash_right[i];
        uint32_t type = join->hash_types[i];
        join->hash_left[i] = join->hash_left[i - 1];
        join->hash_right[i] = join->hash_right[i - 1];
        join->hash_types[i] = join->hash_types[i - 1];
        join->hash_left[i - 1] = left;
        join->hash_right[i - 1] = right;
        join->hash_types[i - 1] = type;
    }
}

static struct plan *sort_side(struct planner *p, const struct sorted_side *side,
                              struct sort_key *keys, int n)
{
    if (side->nsorted >= n)
        return side->plan;
    struct plan *sort = plan_new(p, P_SORT);
    sort->left = side->plan;
    sort->keys = keys;
    sort->nkeys = n;
    sort->presorted = side->nsorted;
    sort->key_exprs = arena_new_array(p->arena, struct plan_expr, n);
    for (int i = 0; i < n; i++)
        sort->key_exprs[i] = (struct plan_expr){keys[i].expr, -1, NULL};
    sort->rows = side->plan->rows;
    sort->startup_cost = side->nsorted ? side->plan->startup_cost : side->cost;
    sort->total_cost = side->cost;
    return sort;
}

bool merge_sides(struct problem *left, struct problem *right, const struct merge_input *in,
                 struct plan *join, double *cost)
{
    struct planner *p = left->l->p;
    double rows = in->left->rows + in->right->rows;
    double joined = rows * MERGE_ROW_COST + join->rows * LOOP_ROW_COST;
    struct sorted_side best_left = {0};
    struct sorted_side best_right = {0};
    int best = -1;
    double best_cost = *cost;
    for (int i = 0; i < join->nhash; i++) /* the sides may be in different orders */
        if (collation_orders(join->hash_left[i].expr->collation) ||
            collation_orders(join->hash_right[i].expr->collation))
            return false;
    for (int first = 0; first < join->nhash; first++) {
        struct want want = {keys_from(p, join->hash_left, join->nhash, first), join->nhash, -1,
                            false};
        struct sorted_side l = sorted_side(left, in->left, in->left_table, &want);
        want.order = keys_from(p, join->hash_right, join->nhash, first);
        struct sorted_side r = sorted_side(right, in->right, in->right_table, &want);
        double c = cost_when(p, PLAN_MERGEJOIN, l.cost + r.cost + joined);
        if (c >= best_cost)
            continue;
        best = first;
        best_cost = c;
        best_left = l;
        best_right = r;
    }
    if (best < 0)
        return false;
    keys_move(join, best);
    join->kind = P_MERGEJOIN;
    join->left =
        sort_side(p, &best_left, keys_from(p, join->hash_left, join->nhash, 0), join->nhash);
    join->right =
        sort_side(p, &best_right, keys_from(p, join->hash_right, join->nhash, 0), join->nhash);
    join->startup_cost = join->left->startup_cost + join->right->startup_cost;
    *cost = join->total_cost = best_cost;
    return true;
}
