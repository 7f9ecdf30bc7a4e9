/* Conditions on a subquery's columns that can be decided within it, before it groups, sorts out
 * doubles, numbers rows or puts sets together. */
#include "sql/plan_from.h"

/* One condition on the columns of one subquery. */
struct pushed {
    struct planner *p;
    const struct rte *rte;
    const struct query *into;
    bool safe;
};

static struct target *visible_target(const struct query *q, int att)
{
    for (int i = 0; i < q->ntargets; i++)
        if (q->targets[i].name && --att == 0)
            return &q->targets[i];
    return NULL;
}

static bool is_among(struct expr *const *list, int n, const struct expr *e)
{
    for (int i = 0; i < n; i++)
        if (expr_equal(list[i], e))
            return true;
    return false;
}

/* Whether all rows that a window function looks at have the same value. */
static bool is_partitioned_by(const struct query *q, const struct expr *e)
{
    for (int i = 0; i < q->nwindows; i++) {
        bool found = false;
        for (int k = 0; k < q->windows[i]->npartition && !found; k++)
            found = expr_equal(q->windows[i]->partition[k].expr, e);
        if (!found)
            return false;
    }
    return true;
}

static struct err *find_sublink(struct expr **ref, void *arg)
{
    bool *found = arg;
    *found |= (*ref)->kind == E_SUBLINK || (*ref)->kind == E_WINDOW || (*ref)->kind == E_AGG;
    return *found ? NULL : expr_children(*ref, find_sublink, arg);
}

/* Whether rows with another value of this output can be dropped before the query's own steps. */
static bool output_is_free(const struct query *q, const struct target *t)
{
    bool computed = false;
    struct expr *e = t->expr;
    struct err *never = find_sublink(&e, &computed);
    CHECK(never == NULL);
    return !computed && !expr_is_volatile(e) &&
           (!q->has_group || is_among(q->group, q->ngroup, e)) &&
           (q->distinct != DISTINCT_ON || is_among(q->distinct_on, q->ndistinct_on, e)) &&
           is_partitioned_by(q, e);
}

static struct err *check_column(struct expr **ref, void *arg)
{
    struct pushed *p = arg;
    const struct expr *e = *ref;
    if (e->kind != E_VAR)
        return expr_children(*ref, check_column, arg);
    if (e->var.rte->pulled && e->var.att > 0)
        return check_column(&e->var.rte->pulled[e->var.att - 1], arg);
    if (e->var.rte != p->rte)
        return NULL; /* of an outer level */
    const struct target *t = e->var.att > 0 ? visible_target(p->into, e->var.att) : NULL;
    p->safe &= t && t->expr->type == e->type && output_is_free(p->into, t);
    return NULL;
}

static bool takes_conditions(const struct query *q)
{
    return q->kind == Q_SELECT && !q->limit && !q->offset && !q->has_srf && !q->nmarks &&
           !q->nsets && (q->nfrom || q->setop != SETOP_NONE);
}

static bool can_push(const struct rte *rte, const struct query *into, struct expr *e)
{
    if (!takes_conditions(into) || fiber_stack_left() < 32 * 1024)
        return false;
    if (into->setop != SETOP_NONE)
        return into->setop != SETOP_EXCEPT && can_push(rte, into->left, e) &&
               can_push(rte, into->right, e);
    struct pushed p = {NULL, rte, into, true};
    struct err *never = check_column(&e, &p);
    CHECK(never == NULL);
    return p.safe;
}

static struct err *put_output(struct expr **ref, void *arg)
{
    const struct pushed *p = arg;
    if ((*ref)->kind != E_VAR)
        return expr_children(*ref, put_output, arg);
    const struct rte *rte = (*ref)->var.rte;
    int att = (*ref)->var.att;
    if (rte == p->rte)
        *ref = visible_target(p->into, att)->expr;
    if (rte == p->rte || !rte->pulled || att <= 0)
        return NULL;
    *ref = rte->pulled[att - 1];
    TRY(deep_copy(p->p, ref));
    return put_output(ref, arg);
}

static struct err *push(struct planner *p, const struct rte *rte, struct query *into,
                        struct expr *e)
{
    if (into->setop != SETOP_NONE) {
        TRY(push(p, rte, into->left, e));
        return push(p, rte, into->right, e);
    }
    struct pushed to = {p, rte, into, true};
    TRY(deep_copy(p, &e));
    TRY(put_output(&e, &to));
    into->where = expr_and(p->arena, into->where, e);
    return NULL;
}

bool rte_is_barrier(const struct rte *rte)
{
    return rte->view && rte->view->security_barrier;
}

static struct err *find_leaky(struct expr **ref, void *arg)
{
    bool *leaky = arg;
    const struct expr *e = *ref;
    switch (e->kind) {
    case E_VAR:
    case E_CONST:
    case E_PARAM:
    case E_AND:
    case E_OR:
    case E_NOT:
    case E_RELABEL:
    case E_NULLTEST:
    case E_BOOLTEST:
        break;
    case E_FUNC:
    case E_OP:
    case E_SAOP: {
        const struct cat_proc *p = builtin_proc(e->func);
        *leaky |= !p || !p->leakproof;
        break;
    }
    default:
        *leaky = true;
    }
    return *leaky ? NULL : expr_children(*ref, find_leaky, arg);
}

/* Whether the condition may tell somebody, by an error or a message, what values it has seen. */
static bool is_leaky(struct expr *e)
{
    bool leaky = false;
    struct err *never = find_leaky(&e, &leaky);
    CHECK(never == NULL);
    return leaky;
}

struct err *push_pending(struct planning *l, const struct rte *rte, struct pending *pending)
{
    for (; pending; pending = pending->up) {
        for (int i = 0; i < pending->n; i++) {
            struct expr *e = pending->list[i];
            if (!e || (rte_is_barrier(rte) && is_leaky(e)) ||
                !reads_only(l, e, (relset)1 << rte->index) || !can_push(rte, rte->sub, e))
                continue;
            pending->list[i] = NULL;
            TRY(push(l->p, rte, rte->sub, e));
        }
    }
    return NULL;
}
