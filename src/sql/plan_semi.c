/* column IN (SELECT ...), where nothing in the subquery changes from row to row: its distinct rows
 * are joined like a table, so that either side can be looked up for the other. */
#include "sql/plan_from.h"

/* ---- whether it can be ---- */

struct refers {
    const struct query *level;
    bool found;
};

static struct err *find_reference(struct expr **ref, void *arg)
{
    struct refers *r = arg;
    struct expr *e = *ref;
    if (e->kind == E_SUBLINK)
        TRY(query_exprs(e->sublink.query, find_reference, arg));
    if (e->kind != E_VAR)
        return expr_children(e, find_reference, arg);
    for (int i = 0; i < r->level->nrtes && !r->found; i++)
        r->found = r->level->rtes[i] == e->var.rte;
    return NULL;
}

static bool refers_to(const struct query *level, struct query *q)
{
    struct refers r = {level, false};
    struct err *e = query_exprs(q, find_reference, &r);
    bool found = e || r.found;
    err_free(e);
    return found;
}

static struct err *find_volatile(struct expr **ref, void *arg)
{
    bool *found = arg;
    *found |= expr_is_volatile(*ref);
    return NULL;
}

static bool may_change(struct query *q)
{
    bool found = false;
    struct err *e = query_exprs(q, find_volatile, &found);
    found |= e != NULL;
    err_free(e);
    return found;
}

/* `left = column`, for each column of the subquery. */
static bool is_equations(struct planner *p, const struct expr *e, struct expr ***list, int *n)
{
    int cap = 0;
    *list = NULL;
    *n = 0;
    split_and(p->arena, e->sublink.test, list, n, &cap);
    for (int i = 0; i < *n; i++) {
        const struct expr *one = (*list)[i];
        if (!hash_equality(one) || expr_is_volatile(one->args[0]))
            return false;
        const struct expr *column = strip_relabel(one->args[1]);
        if (column->kind != E_SLOT || column->param != -(i + 1))
            return false;
    }
    return *n > 0;
}

static int visible(const struct query *q)
{
    int n = 0;
    for (int i = 0; i < q->ntargets; i++)
        n += q->targets[i].name != NULL;
    return n;
}

bool is_semijoin(struct planning *l, const struct expr *e)
{
    struct expr **list;
    int n;
    if (e->kind != E_SUBLINK || e->sublink.kind != SUBLINK_ANY)
        return false;
    struct query *q = e->sublink.query;
    return l->q->kind != Q_MERGE && q->kind == Q_SELECT && !q->subplan && l->nrels + 2 < MAX_RELS &&
           is_equations(l->p, e, &list, &n) && n == visible(q) && !may_change(q) &&
           !refers_to(l->q, q);
}

/* ---- the subquery in FROM ---- */

static struct rte *subquery_rte(struct planner *p, struct query *q, const char *name)
{
    struct rte *rte = arena_new(p->arena, struct rte);
    int n = visible(q);
    *rte = (struct rte){.kind = RTE_SUBQUERY,
                        .name = name,
                        .ncols = n,
                        .location = -1,
                        .sub = q,
                        .key_slot = -1,
                        .sys_base = -1,
                        .base = -1};
    rte->colnames = arena_new_array(p->arena, const char *, n + 1);
    rte->types = arena_new_array(p->arena, uint32_t, n + 1);
    rte->typmods = arena_new_array(p->arena, int32_t, n + 1);
    rte->collations = arena_new_array(p->arena, uint32_t, n + 1);
    for (int i = 0, k = 0; i < q->ntargets; i++) {
        if (!q->targets[i].name)
            continue;
        rte->colnames[k] = q->targets[i].name;
        rte->types[k] = q->targets[i].expr->type;
        rte->typmods[k] = q->targets[i].expr->typmod;
        rte->collations[k++] = q->targets[i].expr->collation;
    }
    return rte;
}

/* Whether the rows are distinct anyway: one table's unique column. */
static bool is_distinct(const struct query *q)
{
    if (!query_is_simple(q) || q->nfrom != 1 || !q->from[0]->rte || q->ntargets != 1)
        return false;
    const struct rte *rte = q->from[0]->rte;
    const struct expr *e = strip_relabel(q->targets[0].expr);
    if (rte->kind != RTE_RELATION || rte->sample || e->kind != E_VAR || e->var.rte != rte)
        return false;
    for (int i = 0; i < rte->rel->nindexes; i++) {
        const struct index *ix = &rte->rel->indexes[i];
        if (ix->unique && ix->valid && !ix->deferrable && !ix->pred_sql && ix->nkeys == 1 &&
            ix->cols[0].attnum == e->var.att)
            return true;
    }
    return false;
}

/* SELECT DISTINCT * FROM (q) */
static struct query *distinct_of(struct planner *p, struct query *q)
{
    struct query *out = arena_new(p->arena, struct query);
    struct from_node *from = arena_new(p->arena, struct from_node);
    struct rte *rte = subquery_rte(p, q, "ANY_subquery");
    out->kind = Q_SELECT;
    out->parent = q->parent;
    q->parent = out;
    out->distinct = DISTINCT_ALL;
    ARENA_PUSH(p->arena, out->rtes, out->nrtes, out->rtes_cap, rte);
    from->rte = rte;
    out->from = arena_new_array(p->arena, struct from_node *, 1);
    out->from[0] = from;
    out->nfrom = 1;
    out->targets = arena_new_array(p->arena, struct target, rte->ncols);
    out->ntargets = rte->ncols;
    for (int i = 0; i < rte->ncols; i++)
        out->targets[i] =
            (struct target){.expr = expr_var(p->arena, rte, i + 1, -1), .name = rte->colnames[i]};
    return out;
}

struct column_swap {
    struct planner *p;
    struct rte *rte;
};

static struct err *swap_column(struct expr **ref, void *arg)
{
    struct column_swap *s = arg;
    struct expr *e = *ref;
    if (e->kind == E_SLOT && e->param < 0) {
        *ref = expr_var(s->p->arena, s->rte, -e->param, -1);
        return NULL;
    }
    return expr_children(e, swap_column, arg);
}

struct err *add_semijoin(struct problem *pr, struct expr *e)
{
    struct planning *l = pr->l;
    struct planner *p = l->p;
    struct query *q = e->sublink.query;
    struct expr *test = e->sublink.test;
    struct rte *rte = subquery_rte(p, is_distinct(q) ? q : distinct_of(p, q), "ANY_subquery");
    rte->index = l->nrels++;
    ARENA_PUSH(p->arena, l->q->rtes, l->q->nrtes, l->q->rtes_cap, rte);
    TRY(add_leaf(pr, rte, false, NULL));
    struct column_swap s = {p, rte};
    TRY(deep_copy(p, &test));
    TRY(swap_column(&test, &s));
    return add_condition(pr, test);
}
