/* Which columns of tables a statement reads, before it is planned: an index that has them all can
 * stand for its table. The columns of a subquery that is merged into the level above count when
 * something reads them. What is marked here but not read after all costs nothing but the chance;
 * what turns up only during planning (of a function that is inlined) is found out at its end. */
#include "sql/plan_internal.h"

struct needs {
    struct planner *p;
};

static struct err *need_query(struct needs *n, struct query *q, bool targets);

static struct err *need_expr(struct expr **ref, void *arg)
{
    struct needs *n = arg;
    struct expr *e = *ref;
    if (!e)
        return NULL;
    if (fiber_stack_left() < 32 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    if (e->kind == E_SUBLINK)
        TRY(need_query(n, e->sublink.query, true));
    if (e->kind != E_VAR)
        return expr_children(e, need_expr, n);
    struct rte *rte = e->var.rte;
    int att = e->var.att;
    if (att <= 0 || !rte->needs || att > rte->ncols || rte->needs[att - 1])
        return NULL;
    rte->needs[att - 1] = true;
    return rte->kind == RTE_SUBQUERY ? need_expr(&rte->sub->targets[att - 1].expr, n) : NULL;
}

static struct err *need_from(struct needs *n, struct from_node *f)
{
    if (!f || f->rte)
        return NULL;
    TRY(need_expr(&f->on, n));
    TRY(need_from(n, f->left));
    return need_from(n, f->right);
}

static struct err *need_keys(struct needs *n, struct sort_key *keys, int nkeys)
{
    for (int i = 0; i < nkeys; i++)
        TRY(need_expr(&keys[i].expr, n));
    return NULL;
}

/* Of tables, and of subqueries that are merged. */
static void begin_needs(struct needs *n, struct rte *rte)
{
    bool merged = rte->kind == RTE_SUBQUERY && !rte_is_barrier(rte) && query_is_simple(rte->sub);
    if (!rte->needs && (rte->kind == RTE_RELATION || merged))
        rte->needs = arena_new_array(n->p->arena, bool, rte->ncols + 1);
}

/* What is in FROM. */
static struct err *need_rte(struct needs *n, struct rte *rte)
{
    if (rte->kind == RTE_SUBQUERY)
        TRY(need_query(n, rte->sub, !rte->needs));
    if (rte->policy)
        TRY(need_expr(&rte->policy, n));
    for (int i = 0; i < rte->nfuncs; i++)
        TRY(need_expr(&rte->funcs[i], n));
    for (int r = 0; r < rte->nrows; r++)
        for (int i = 0; i < rte->ncols; i++)
            TRY(need_expr(&rte->rows[r][i], n));
    return NULL;
}

static struct err *need_clauses(struct needs *n, struct query *q)
{
    struct expr **singles[] = {&q->where, &q->having, &q->limit, &q->offset};
    for (int i = 0; i < 4; i++)
        TRY(need_expr(singles[i], n));
    for (int i = 0; i < q->nfrom; i++)
        TRY(need_from(n, q->from[i]));
    for (int i = 0; i < q->ngroup; i++)
        TRY(need_expr(&q->group[i], n));
    for (int i = 0; i < q->ndistinct_on; i++)
        TRY(need_expr(&q->distinct_on[i], n));
    for (int i = 0; i < q->nwindows; i++) {
        TRY(need_keys(n, q->windows[i]->partition, q->windows[i]->npartition));
        TRY(need_keys(n, q->windows[i]->order, q->windows[i]->norder));
    }
    return need_keys(n, q->order, q->norder);
}

static struct err *need_query(struct needs *n, struct query *q, bool targets)
{
    for (int i = 0; i < q->nctes; i++)
        TRY(need_query(n, q->ctes[i]->query, true));
    for (int i = 0; q->kind == Q_SELECT && i < q->nrtes; i++) /* others read whole rows */
        begin_needs(n, q->rtes[i]);
    for (int i = 0; i < q->nrtes; i++)
        TRY(need_rte(n, q->rtes[i]));
    for (int i = 0; targets && i < q->ntargets; i++)
        TRY(need_expr(&q->targets[i].expr, n));
    TRY(need_clauses(n, q));
    if (q->left)
        TRY(need_query(n, q->left, true));
    if (q->right)
        TRY(need_query(n, q->right, true));
    return q->source ? need_query(n, q->source, true) : NULL;
}

struct err *plan_needs(struct planner *p, struct query *q)
{
    struct needs n = {p};
    return need_query(&n, q, true);
}
