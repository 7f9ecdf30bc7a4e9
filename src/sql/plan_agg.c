/* Aggregation, and the expressions above it. */
#include "sql/plan_internal.h"

struct agg_rewrite {
    struct planning *l;
    struct plan *node;
    bool inside; /* a subquery, which sees columns, aggregates and GROUPING() of this level */
};

/* A column that is grouped by keeps its slot. */
static bool is_in_place(const struct plan_expr *g)
{
    return g->expr->kind == E_VAR && g->slot == plan_var_slot(g->expr);
}

/* Above the aggregation, grouping expressions and aggregates are values in slots. */
static struct err *above_agg(struct expr **ref, void *arg)
{
    struct agg_rewrite *r = arg;
    struct planner *p = r->l->p;
    struct query *q = r->l->q;
    struct expr *e = *ref;
    if (e->kind == E_AGG && e->agg->level == q) {
        *ref = slot_expr(p, r->node->aggs[e->agg->number].slot, e);
        return NULL;
    }
    if (e->kind == E_GROUPING && e->grouping.level == q) {
        *ref = slot_expr(p, r->node->groupings[e->grouping.number].slot, e);
        return NULL;
    }
    for (int i = 0; i < q->ngroup; i++) {
        if (is_in_place(&r->node->group[i]) || (r->inside && e->kind != E_VAR) ||
            e->kind == E_CONST || !expr_equal(q->group[i], e))
            continue;
        *ref = slot_expr(p, r->node->group[i].slot, e);
        return NULL;
    }
    if (e->kind == E_VAR || e->kind == E_CONST || e->kind == E_SLOT ||
        (e->kind == E_WINDOW && !r->inside))
        return NULL;
    *ref = copy_node(p->arena, e);
    TRY(expr_children(*ref, above_agg, r));
    if (e->kind != E_SUBLINK)
        return NULL;
    struct agg_rewrite inner = {r->l, r->node, true};
    return query_exprs(e->sublink.query, above_agg, &inner);
}

/* A target or sort key; a constant is a grouping expression only as a whole. */
static struct err *key_above_agg(struct expr **ref, struct agg_rewrite *r)
{
    const struct query *q = r->l->q;
    for (int i = 0; i < q->ngroup && (*ref)->kind == E_CONST; i++)
        if (expr_equal(q->group[i], *ref))
            *ref = slot_expr(r->l->p, r->node->group[i].slot, *ref);
    return above_agg(ref, r);
}

static struct err *window_above_agg(struct window *w, struct agg_rewrite *r)
{
    for (int i = 0; i < w->npartition && !w->copied; i++)
        TRY(above_agg(&w->partition[i].expr, r));
    for (int i = 0; i < w->norder && !w->copied_order; i++)
        TRY(above_agg(&w->order[i].expr, r));
    return NULL;
}

/* Two expressions may have come down to one column, of which grouping sets can lack one. */
static int group_slot(struct planner *p, const struct plan *agg, int i)
{
    const struct expr *e = agg->group[i].expr;
    if (e->kind != E_VAR)
        return plan_new_slots(p->plan, 1);
    for (int k = 0; k < i; k++)
        if (agg->group[k].slot == plan_var_slot(e))
            return plan_new_slots(p->plan, 1);
    return plan_var_slot(e);
}

static struct err *plan_group_exprs(struct planning *l, struct plan *agg, struct plan **node)
{
    struct query *q = l->q;
    struct expr **list = arena_new_array(l->p->arena, struct expr *, q->ngroup);
    for (int i = 0; i < q->ngroup; i++) {
        list[i] = q->group[i];
        TRY(prepare_expr(l, &list[i]));
    }
    TRY(plan_srfs(l, list, q->ngroup, node));
    for (int i = 0; i < q->ngroup; i++) {
        agg->group[i].expr = list[i];
        agg->group[i].slot = group_slot(l->p, agg, i);
    }
    return NULL;
}

/* GROUPING(): for each the positions of its arguments. */
static void plan_groupings(struct planner *p, const struct query *q, struct plan *agg)
{
    agg->groupings = arena_new_array(p->arena, struct plan_grouping, q->ngroupings);
    agg->ngroupings = q->ngroupings;
    for (int i = 0; i < q->ngroupings; i++) {
        struct plan_grouping *g = &agg->groupings[i];
        g->slot = plan_new_slots(p->plan, 1);
        g->n = q->groupings[i]->nargs;
        g->columns = arena_new_array(p->arena, int, g->n);
        for (int k = 0; k < g->n; k++)
            while (!expr_equal(q->group[g->columns[k]], q->groupings[i]->args[k]))
                g->columns[k]++;
    }
}

/* Position of a sort key among the first n of ORDER BY; -1: it is none of them. */
static int order_position(const struct query *q, const struct expr *e, int n)
{
    for (int i = 0; i < n; i++)
        if (expr_equal(q->order[i].expr, e))
            return i;
    return -1;
}

/* How many keys of ORDER BY are grouping expressions, each another one. */
static int grouped_order(const struct query *q)
{
    for (int i = 0; i < q->norder; i++) {
        bool grouped = false;
        for (int k = 0; k < q->ngroup && !grouped; k++)
            grouped = expr_equal(q->group[k], q->order[i].expr);
        if (!grouped || order_position(q, q->order[i].expr, i) >= 0)
            return i;
    }
    return q->norder;
}

struct sort_key *group_order(struct planning *l, int *n)
{
    const struct query *q = l->q;
    struct sort_key *order = arena_new_array(l->p->arena, struct sort_key, q->ngroup + q->norder);
    int first = grouped_order(q);
    for (*n = 0; *n < first; ++*n)
        order[*n] = q->order[*n];
    for (int k = 0; k < q->ngroup; k++)
        if (order_position(q, q->group[k], first) < 0)
            order[(*n)++] = (struct sort_key){.expr = q->group[k]};
    return order;
}

/* Whether the groups come one after another; sorts the rows for it if they may not be hashed. */
static struct err *choose_strategy(struct planning *l, struct plan *agg, struct plan **node,
                                   int *nsorted)
{
    struct query *q = l->q;
    int nkeys;
    struct sort_key *keys = group_order(l, &nkeys);
    bool hash = !(l->p->cat->plans_off & PLAN_HASHAGG) || q->nsets;
    for (int i = 0; i < q->ngroup; i++)
        hash |= expr_has_srf(q->group[i]);
    bool sorted = *nsorted >= nkeys;
    *nsorted = 0;
    agg->strategy = q->ngroup || q->nsets ? AGG_HASHED : AGG_PLAIN;
    if (!q->ngroup || q->nsets || (!sorted && hash))
        return NULL;
    agg->strategy = AGG_SORTED;
    if (!sorted)
        TRY(plan_sort(l, keys, nkeys, 0, node));
    *nsorted = grouped_order(q);
    for (int i = 0; i < nkeys && nkeys == q->ngroup; i++)
        q->group[i] = keys[i].expr;
    return NULL;
}

struct err *plan_agg(struct planning *l, struct plan **node, int *nsorted)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct plan *agg = plan_new(p, P_AGG);
    agg->sets = q->sets;
    agg->nsets = q->nsets;
    TRY(choose_strategy(l, agg, node, nsorted));
    plan_groupings(p, q, agg);
    agg->ngroup = q->ngroup;
    agg->group = arena_new_array(p->arena, struct plan_expr, q->ngroup);
    TRY(plan_group_exprs(l, agg, node));
    agg->left = *node;
    struct agg_rewrite r = {l, agg, false};
    agg->naggs = q->naggs;
    agg->aggs = arena_new_array(p->arena, struct plan_agg, q->naggs);
    for (int i = 0; i < q->naggs; i++) {
        agg->aggs[i].expr = copy_node(p->arena, q->aggs[i]);
        for (int k = 0; q->aggs[i]->agg->ordered_set && k < q->aggs[i]->nargs; k++)
            TRY(above_agg(&agg->aggs[i].expr->args[k], &r)); /* computed for each group */
        TRY(prepare_expr(l, &agg->aggs[i].expr));
        agg->aggs[i].slot = plan_new_slots(p->plan, 1);
    }
    agg->rows = q->ngroup ? sel_groups(l, agg->group, q->ngroup, (*node)->rows) : 1;
    if (q->nsets)
        agg->rows *= q->nsets;
    agg->startup_cost = agg->total_cost =
        (*node)->total_cost + (*node)->rows * 0.01 + agg->rows * 0.01;
    for (int i = 0; i < q->ntargets; i++)
        TRY(key_above_agg(&q->targets[i].expr, &r));
    for (int i = 0; i < q->nwfuncs; i++)
        TRY(expr_children(q->wfuncs[i], above_agg, &r));
    for (int i = 0; i < q->nwindows; i++)
        TRY(window_above_agg(q->windows[i], &r));
    for (int i = 0; i < q->norder; i++)
        TRY(key_above_agg(&q->order[i].expr, &r));
    for (int i = 0; i < q->ndistinct_on; i++)
        TRY(key_above_agg(&q->distinct_on[i], &r));
    if (q->having) {
        TRY(above_agg(&q->having, &r));
        agg->filter.expr = q->having;
        TRY(prepare_expr(l, &agg->filter.expr));
    }
    *node = agg;
    return NULL;
}

/* ---- min and max ---- */

static bool leads_index(const struct expr *column)
{
    const struct relation *r = column->var.rte->rel;
    for (int i = 0; i < r->nindexes; i++)
        if (r->indexes[i].valid && !r->indexes[i].pred_sql && r->indexes[i].am == BTREE_AM &&
            r->indexes[i].cols[0].attnum == column->var.att)
            return true;
    return false;
}

/* SELECT max(column) with nothing else to compute from the rows: the first row in the column's
 * order has it. That order; false: it is not such a query. */
static bool is_extreme(const struct query *q, struct sort_key *order)
{
    if (!q->has_group || q->ngroup || q->nsets || q->naggs != 1 || q->nfrom != 1 || q->has_srf ||
        !q->from[0]->rte || q->from[0]->rte->kind != RTE_RELATION || q->from[0]->rte->sample)
        return false;
    const struct expr *e = q->aggs[0];
    const struct cat_proc *p = builtin_proc(e->func);
    bool least = p && p->oid < FIRST_SYSTEM_OID && str_eq_c(p->name, "min");
    bool most = p && p->oid < FIRST_SYSTEM_OID && str_eq_c(p->name, "max");
    if ((!least && !most) || e->nargs != 1 || e->agg->filter || e->agg->distinct || e->agg->norder)
        return false;
    const struct expr *column = strip_relabel(e->args[0]);
    if (column->kind != E_VAR || column->var.rte != q->from[0]->rte || column->var.att <= 0 ||
        !leads_index(column))
        return false;
    *order = (struct sort_key){.expr = e->args[0], .desc = most, .nulls_first = most};
    return true;
}

/* Rows without a value are not asked for. */
static void ask_for_values(struct planning *l, const struct sort_key *order)
{
    const struct expr *column = strip_relabel(order->expr);
    if (column->var.rte->rel->atts[column->var.att - 1].not_null)
        return;
    struct expr *test = arena_new(l->p->arena, struct expr);
    test->kind = E_NULLTEST;
    test->type = BOOL_OID;
    test->typmod = test->location = -1;
    test->flag = true;
    test->args = arena_new_array(l->p->arena, struct expr *, 1);
    test->args[0] = (struct expr *)column;
    test->nargs = 1;
    l->q->where = expr_and(l->p->arena, l->q->where, test);
}

void plan_first_row(struct planner *p, struct plan **node)
{
    struct plan *limit = plan_new(p, P_LIMIT);
    limit->left = *node;
    limit->nexprs = 2;
    limit->exprs = arena_new_array(p->arena, struct plan_expr, 2);
    limit->exprs[0] = (struct plan_expr){expr_const(p->arena, INT8_OID, -1, datum_int(1), -1), -1};
    limit->exprs[1] = (struct plan_expr){NULL, -1};
    limit->rows = 1;
    limit->total_cost = (*node)->total_cost / ((*node)->rows > 1 ? (*node)->rows : 1);
    *node = limit;
}

bool wants_extreme(struct planning *l, struct sort_key *order)
{
    if (!is_extreme(l->q, order))
        return false;
    ask_for_values(l, order);
    return true;
}
