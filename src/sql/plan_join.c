/* Join order and join methods: items are joined by dynamic programming over their subsets, or
 * greedily when there are many. */
#include "sql/plan_from.h"

#include "rt/fiber.h"

#include <math.h>

enum { MAX_DP_ITEMS = 9 };

#define JOIN_ROW_COST LOOP_ROW_COST

relset problem_rels(const struct problem *pr)
{
    relset rels = 0;
    for (int i = 0; i < pr->nitems; i++)
        rels |= pr->items[i].rels;
    return rels;
}

void add_hash_key(struct planner *p, struct plan *join, struct expr *lkey, struct expr *rkey,
                  uint32_t type)
{
    enum { MAX_HASH_KEYS = 16 };
    if (!join->hash_left) {
        join->hash_left = arena_new_array(p->arena, struct plan_expr, MAX_HASH_KEYS);
        join->hash_right = arena_new_array(p->arena, struct plan_expr, MAX_HASH_KEYS);
        join->hash_types = arena_new_array(p->arena, uint32_t, MAX_HASH_KEYS);
    }
    CHECK(join->nhash < MAX_HASH_KEYS);
    join->hash_left[join->nhash] = (struct plan_expr){lkey, -1, NULL};
    join->hash_right[join->nhash] = (struct plan_expr){rkey, -1, NULL};
    join->hash_types[join->nhash++] = type;
}

/* ---- joining ---- */

/* `left key = right key` with a hashable type. */
bool is_equi(struct problem *pr, const struct qual *q, relset left, relset right,
             struct expr **lkey, struct expr **rkey, uint32_t *type)
{
    const struct expr *e = q->expr;
    bool outer;
    if (q->volatile_ || !(*type = hash_equality(e)))
        return false;
    relset a = expr_rels(pr->l, e->args[0], &outer);
    relset b = expr_rels(pr->l, e->args[1], &outer);
    if (!a || !b)
        return false;
    if (!(a & ~left) && !(b & ~right)) {
        *lkey = e->args[0];
        *rkey = e->args[1];
        return true;
    }
    if (!(b & ~left) && !(a & ~right)) {
        *lkey = e->args[1];
        *rkey = e->args[0];
        return true;
    }
    return false;
}

/* A condition `left = right` that joins two sets. */
struct join_key {
    struct expr *sides[2];
    bool done;
};

/* The column, if it is one of a table. */
static const struct expr *key_column(const struct expr *e)
{
    e = strip_relabel(e);
    return e->kind == E_VAR && e->var.rte->kind == RTE_RELATION && e->var.att > 0 ? e : NULL;
}

/* Whether the keys not yet done bind all columns of the unique index; marks those that do. */
static bool binds_index(struct join_key *keys, int n, const struct rte *rte, const struct index *ix,
                        bool mark)
{
    for (int col = 0; col < ix->nkeys; col++) {
        bool bound = false;
        for (int i = 0; i < n; i++)
            for (int side = 0; side < 2; side++) {
                const struct expr *c = key_column(keys[i].sides[side]);
                if ((keys[i].done && !mark) || !c || c->var.rte != rte ||
                    c->var.att != ix->cols[col].attnum)
                    continue;
                bound = true;
                keys[i].done |= mark;
            }
        if (!bound)
            return false;
    }
    return true;
}

/* Keys that bind a unique index find at most one row of its table for each row of the other side.
 */
static double unique_selectivity(struct problem *pr, struct join_key *keys, int n)
{
    double sel = 1;
    for (int i = 0; i < n; i++)
        for (int side = 0; side < 2; side++) {
            const struct expr *c = key_column(keys[i].sides[side]);
            for (int k = 0; c && !keys[i].done && k < c->var.rte->rel->nindexes; k++) {
                const struct index *ix = &c->var.rte->rel->indexes[k];
                if (!ix->unique || !ix->valid || ix->pred_sql ||
                    !binds_index(keys, n, c->var.rte, ix, false))
                    continue;
                (void)binds_index(keys, n, c->var.rte, ix, true);
                sel /= fmax(1, sel_table_rows(pr->l, c->var.rte));
            }
        }
    return sel;
}

static double key_selectivity(struct problem *pr, const struct join_key *key, double lrows,
                              double rrows)
{
    double d = fmax(sel_distinct(pr->l, key->sides[0]), sel_distinct(pr->l, key->sides[1]));
    return 1 / fmax(1, d > 0 ? d : fmax(lrows, rrows));
}

/* Selectivity of the conditions that join two sets; how many are keys, and how many are not. */
double join_selectivity(struct problem *pr, relset left, relset right, int *nequi, int *nother,
                        double lrows, double rrows)
{
    struct join_key *keys = arena_new_array(pr->l->p->arena, struct join_key, pr->nquals + 1);
    struct conditions others = conditions_new(pr);
    *nequi = *nother = 0;
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        struct join_key *key = &keys[*nequi];
        uint32_t type;
        if ((q->rels & ~(left | right)) || !(q->rels & left) || !(q->rels & right))
            continue;
        bool equi = is_equi(pr, q, left, right, &key->sides[0], &key->sides[1], &type);
        *nother += !equi;
        if (equi)
            (*nequi)++;
        else if (!q->weighed)
            others.list[others.n++] = q->expr;
    }
    double sel = sel_conjunction(pr->l, others.list, others.n);
    sel *= unique_selectivity(pr, keys, *nequi);
    for (int i = 0; i < *nequi; i++)
        if (!keys[i].done)
            sel *= key_selectivity(pr, &keys[i], lrows, rrows);
    return sel;
}

/* Applies the conditions that both sides together decide, except those used as keys. */
static void join_conditions(struct problem *pr, struct plan *join, relset left, relset right,
                            bool hash, const struct plan *inner_scan)
{
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        struct expr *a;
        struct expr *b;
        uint32_t type;
        if ((q->rels & ~(left | right)) || !(q->rels & left) || !(q->rels & right))
            continue;
        if (inner_scan)
            continue; /* the inner scan applies all of them */
        if (hash && join->nhash < 16 && is_equi(pr, q, left, right, &a, &b, &type))
            add_hash_key(pr->l->p, join, a, b, type);
        else
            join->filter.expr = expr_and(pr->l->p->arena, join->filter.expr, q->expr);
    }
}

/* Two sets to be joined. */
struct pair {
    struct problem *pr;
    const struct path *left;
    const struct path *right;
    const struct item *it; /* the right side's single item; NULL: it has several */
    int nequi;
    int nother;
    double rows; /* of the join */
    bool lateral;
};

static bool take_join(const struct pair *t, struct plan *j, struct plan *right, double rows,
                      double cost, struct path *best)
{
    j->left = t->left->plan;
    j->right = right;
    j->rows = rows;
    j->total_cost = cost;
    j->startup_cost = t->left->plan->startup_cost;
    j->join = JOIN_INNER;
    *best = (struct path){t->left->rels | t->right->rels, j, rows, cost};
    return true;
}

static bool try_hash(const struct pair *t, struct path *best)
{
    struct planner *p = t->pr->l->p;
    double cost = t->left->cost + t->right->cost + t->right->rows * HASH_ROW_COST +
                  t->left->rows * JOIN_ROW_COST + t->rows * JOIN_ROW_COST;
    cost = cost_when(p, PLAN_HASHJOIN, cost);
    if (!t->nequi || t->lateral || cost >= best->cost)
        return false;
    struct plan *j = plan_new(p, P_HASHJOIN);
    join_conditions(t->pr, j, t->left->rels, t->right->rels, true, NULL);
    return take_join(t, j, t->right->plan, t->rows, cost, best);
}

/* The table that a path of one relation reads; NULL: it is none. */
static struct rte *path_table(const struct problem *pr, const struct path *path)
{
    for (int i = 0; i < pr->nitems; i++) {
        struct rte *rte = pr->items[i].rte;
        if (pr->items[i].rels == path->rels)
            return rte && rte->kind == RTE_RELATION ? rte : NULL;
    }
    return NULL;
}

static bool try_merge(const struct pair *t, struct path *best)
{
    struct planner *p = t->pr->l->p;
    double rows = t->left->rows + t->right->rows;
    double cost = t->left->cost + t->right->cost + rows * MERGE_ROW_COST + t->rows * JOIN_ROW_COST;
    if (!t->nequi || t->lateral || cost_when(p, PLAN_MERGEJOIN, cost) >= best->cost)
        return false;
    struct plan *j = plan_new(p, P_MERGEJOIN);
    join_conditions(t->pr, j, t->left->rels, t->right->rels, true, NULL);
    struct merge_input in = {t->left, t->right, path_table(t->pr, t->left),
                             path_table(t->pr, t->right)};
    j->rows = t->rows;
    cost = best->cost;
    if (!merge_sides(t->pr, t->pr, &in, j, &cost))
        return false;
    j->join = JOIN_INNER;
    *best = (struct path){t->left->rels | t->right->rels, j, t->rows, cost};
    return true;
}

/* The right side is a table, looked up for each row of the left. */
static bool try_lookup(const struct pair *t, struct path *best)
{
    struct planner *p = t->pr->l->p;
    if (!t->it || !t->it->rte || t->it->rte->kind != RTE_RELATION || !(t->nequi || t->nother))
        return false;
    struct plan *inner = scan_relation(t->pr, t->it->rte, t->left->rels, &WANT_ANY, NULL);
    double cost = t->left->cost + t->left->rows * (inner->total_cost + JOIN_ROW_COST);
    cost = cost_when(p, PLAN_NESTLOOP, cost);
    if (!plan_looks_up(inner) || cost >= best->cost)
        return false;
    double rows = fmax(1, fmin(t->rows, t->left->rows * inner->rows));
    return take_join(t, plan_new(p, P_NESTLOOP), inner, rows, cost, best);
}

static bool try_loop(const struct pair *t, struct path *best)
{
    struct planner *p = t->pr->l->p;
    double cost = t->left->cost + t->right->cost + t->left->rows * t->right->rows * JOIN_ROW_COST +
                  (t->lateral ? t->left->rows * t->right->cost : 0);
    cost = cost_when(p, PLAN_NESTLOOP, cost);
    if (cost >= best->cost)
        return false;
    struct plan *j = plan_new(p, P_NESTLOOP);
    struct plan *right = t->right->plan;
    join_conditions(t->pr, j, t->left->rels, t->right->rels, false, NULL);
    if (!t->lateral) {
        right = plan_new(p, P_MATERIAL);
        right->left = t->right->plan;
        right->rows = t->right->rows;
        right->startup_cost = t->right->plan->startup_cost;
        right->total_cost = t->right->cost + t->right->rows * 0.005;
    }
    return take_join(t, j, right, t->rows, cost, best);
}

static struct pair pair_of(struct problem *pr, const struct path *left, const struct path *right,
                           const struct item *it)
{
    struct pair t = {pr, left, right, it, 0, 0, 0, it && (it->requires_ & left->rels)};
    double sel =
        join_selectivity(pr, left->rels, right->rels, &t.nequi, &t.nother, left->rows, right->rows);
    t.rows = fmax(1, left->rows * right->rows * sel);
    return t;
}

/* The ways to join two sets; the cheapest becomes a path. */
static bool join_pair(struct problem *pr, const struct path *left, const struct path *right,
                      const struct item *it, struct path *best)
{
    struct pair t = pair_of(pr, left, right, it);
    bool found = try_hash(&t, best);
    found |= try_lookup(&t, best);
    found |= try_loop(&t, best);
    found |= try_merge(&t, best);
    return found;
}

bool join_in_order(struct problem *pr, const struct path *left, const struct path *right,
                   const struct item *it, struct path *best)
{
    enum { MANY_ROWS = 1000 }; /* to go through for each row */
    struct pair t = pair_of(pr, left, right, it);
    bool found = try_lookup(&t, best);
    return (t.lateral || right->rows < MANY_ROWS) && try_loop(&t, best) ? true : found;
}

static struct path item_path(struct problem *pr, struct item *it)
{
    struct path path = {.rels = it->rels, .plan = it->plan};
    if (it->rte && it->rte->kind == RTE_RELATION)
        path.plan = scan_relation(pr, it->rte, 0, &WANT_ANY, NULL);
    else
        attach_filter(pr, path.plan, it->rels, it->requires_);
    if (it->ordered)
        attach_filter(pr, it->ordered, it->rels, it->requires_);
    path.rows = path.plan->rows;
    path.cost = path.plan->total_cost;
    return path;
}

static bool allowed(const struct problem *pr, const struct path *left, int item)
{
    relset need = pr->items[item].requires_ & problem_rels(pr);
    return !(need & ~left->rels);
}

/* Left-deep and bushy trees over all subsets. */
static struct err *solve_dp(struct problem *pr, struct path *leaves, struct path *out)
{
    int n = pr->nitems;
    struct path *best = arena_new_array(pr->l->p->arena, struct path, 1u << n);
    for (int i = 0; i < n; i++)
        best[1u << i] = leaves[i];
    for (unsigned set = 1; set < 1u << n; set++) {
        if (!(set & (set - 1)))
            continue;
        struct path b = {.cost = INFINITY};
        for (unsigned right = (set - 1) & set; right; right = (right - 1) & set) {
            unsigned left = set & ~right;
            bool single = !(right & (right - 1));
            int k = __builtin_ctz(right);
            if (!best[left].plan || !best[right].plan)
                continue;
            bool ok = true;
            for (int i = 0; ok && i < n; i++) {
                if (!(set & 1u << i) || !pr->items[i].requires_)
                    continue;
                relset need = pr->items[i].requires_ & problem_rels(pr);
                bool in_right = right & 1u << i;
                /* A lateral item joins as the single right side of what it needs, or after it. */
                ok = in_right
                         ? (single && !(need & ~best[left].rels)) || !(need & ~best[right].rels)
                         : !(need & ~best[left].rels);
            }
            if (ok)
                join_pair(pr, &best[left], &best[right], single ? &pr->items[k] : NULL, &b);
        }
        best[set] = b;
        TRY(fiber_tick());
    }
    *out = best[(1u << n) - 1];
    if (!out->plan)
        return err_new("XX000", "could not find a join order");
    return NULL;
}

/* Many items: always the join that gives the cheapest plan next. */
static struct err *solve_greedy(struct problem *pr, struct path *leaves, struct path *out)
{
    int n = pr->nitems;
    bool *done = arena_new_array(pr->l->p->arena, bool, n);
    int first = -1;
    for (int i = 0; i < n; i++)
        if (!(pr->items[i].requires_ & problem_rels(pr)) &&
            (first < 0 || leaves[i].rows < leaves[first].rows))
            first = i;
    if (first < 0)
        return err_new("XX000", "could not find a join order");
    struct path at_path = leaves[first];
    done[first] = true;
    for (int step = 1; step < n; step++) {
        struct path b = {.cost = INFINITY};
        int chosen = -1;
        for (int i = 0; i < n; i++) {
            if (done[i] || !allowed(pr, &at_path, i))
                continue;
            if (join_pair(pr, &at_path, &leaves[i], &pr->items[i], &b))
                chosen = i;
        }
        if (chosen < 0)
            return err_new("XX000", "could not find a join order");
        done[chosen] = true;
        at_path = b;
        TRY(fiber_tick());
    }
    *out = at_path;
    return NULL;
}

bool solve_ordered(struct problem *pr, const struct want *want, double rows, struct path *out,
                   int *nsorted)
{
    struct path *leaves = arena_new_array(pr->l->p->arena, struct path, pr->nitems);
    for (int i = 0; i < pr->nitems; i++) {
        const struct item *it = &pr->items[i];
        struct plan *n = it->plan ? it->plan : scan_relation(pr, it->rte, 0, &WANT_ANY, NULL);
        leaves[i] = (struct path){it->rels, n, n->rows, n->total_cost};
    }
    return ordered_path(pr, leaves, want, rows, out, nsorted);
}

/* A single table is read in order, if that pays. */
static bool solve_table(struct problem *pr, struct path *out, int *nsorted)
{
    struct rte *rte = pr->nitems == 1 ? pr->items[0].rte : NULL;
    if (!rte || rte->kind != RTE_RELATION)
        return false;
    struct plan *n = scan_relation(pr, rte, 0, &pr->want, nsorted);
    *out = (struct path){pr->items[0].rels, n, n->rows, n->total_cost};
    return true;
}

struct err *solve(struct problem *pr, struct path *out, int *nsorted)
{
    int n = pr->nitems;
    const struct want *want = &pr->want;
    struct path ordered;
    int norder;
    *nsorted = 0;
    if (solve_table(pr, out, nsorted))
        return NULL;
    struct path *leaves = arena_new_array(pr->l->p->arena, struct path, n);
    for (int i = 0; i < n; i++)
        leaves[i] = item_path(pr, &pr->items[i]);
    if (n == 1)
        *out = leaves[0];
    else
        TRY(n <= MAX_DP_ITEMS ? solve_dp(pr, leaves, out) : solve_greedy(pr, leaves, out));
    double rows = out->rows;
    if (!want->norder || !ordered_path(pr, leaves, want, rows, &ordered, &norder) ||
        wanted_cost(pr->l, want, 0, ordered.cost, rows, norder) >=
            wanted_cost(pr->l, want, 0, out->cost, rows, 0))
        return NULL;
    *nsorted = norder;
    *out = ordered;
    return NULL;
}
