/* Subqueries in expressions, and CTEs. */
#include "sql/plan_internal.h"

/* ---- walking plans ---- */

static struct err *visit_list(struct plan_expr *list, int n, expr_visit visit, void *arg)
{
    for (int i = 0; i < n; i++)
        if (list[i].expr)
            TRY(visit(&list[i].expr, arg));
    return NULL;
}

struct err *plan_node_exprs(struct plan *n, expr_visit visit, void *arg)
{
    struct plan_expr *singles[] = {&n->filter, &n->join_filter, &n->bound, &n->recheck,
                                   &n->conflict_where};
    for (size_t i = 0; i < ARRAY_LENGTH(singles); i++)
        TRY(visit_list(singles[i], 1, visit, arg));
    TRY(visit_list(n->exprs, n->nexprs, visit, arg));
    TRY(visit_list(n->key_exprs, n->nkeys, visit, arg));
    TRY(visit_list(n->group, n->ngroup, visit, arg));
    TRY(visit_list(n->hash_left, n->nhash, visit, arg));
    TRY(visit_list(n->hash_right, n->nhash, visit, arg));
    TRY(visit_list(n->returning, n->nreturning, visit, arg));
    TRY(visit_list(n->checks, n->nchecks, visit, arg));
    for (int i = 0; i < n->npolicy_checks; i++)
        TRY(visit_list(&n->policy_checks[i].expr, 1, visit, arg));
    int natts = n->query && n->query->target ? n->query->target->rel->natts : 0;
    if (n->row)
        TRY(visit_list(n->row, natts, visit, arg));
    if (n->conflict_set)
        TRY(visit_list(n->conflict_set, natts, visit, arg));
    for (int i = 0; i < n->nquals; i++)
        if (n->quals[i].value)
            TRY(visit(&n->quals[i].value, arg));
    for (int i = 0; i < n->nactions; i++) {
        TRY(visit_list(&n->actions[i].when, 1, visit, arg));
        TRY(visit_list(n->actions[i].row, n->actions[i].row ? natts : 0, visit, arg));
    }
    for (int i = 0; i < n->naggs; i++)
        TRY(expr_children(n->aggs[i].expr, visit, arg));
    return NULL;
}

static struct err *visit_tree(struct plan *n, expr_visit visit, void *arg)
{
    if (!n)
        return NULL;
    TRY(plan_node_exprs(n, visit, arg));
    TRY(visit_tree(n->left, visit, arg));
    TRY(visit_tree(n->right, visit, arg));
    for (int i = 0; i < n->ninputs; i++)
        TRY(visit_tree(n->inputs[i], visit, arg));
    return NULL;
}

struct read_search {
    struct planning *l;
    relset rels;
};

static struct err *note_read(struct expr **ref, void *arg)
{
    struct read_search *s = arg;
    struct expr *e = *ref;
    if (e->kind == E_VAR) {
        for (int i = 0; i < s->l->q->nrtes; i++)
            if (s->l->q->rtes[i] == e->var.rte)
                s->rels |= (relset)1 << e->var.rte->index;
        return NULL;
    }
    if (e->kind == E_SUBPLAN) {
        TRY(visit_tree(e->subplan->plan, note_read, s));
        if (e->subplan->test)
            TRY(note_read(&e->subplan->test, s));
        return NULL;
    }
    return expr_children(e, note_read, s);
}

relset plan_reads(struct planning *l, struct plan *n)
{
    struct read_search s = {l, 0};
    struct err *never = visit_tree(n, note_read, &s);
    CHECK(never == NULL);
    return s.rels;
}

struct mention {
    const struct rte *rte;
    bool found;
};

static struct err *find_mention(struct expr **ref, void *arg)
{
    struct mention *m = arg;
    const struct expr *e = *ref;
    if (e->kind == E_VAR)
        m->found |= e->var.rte == m->rte;
    if (e->kind == E_SUBPLAN && e->subplan->correlated)
        m->found = true; /* it may read anything */
    return m->found ? NULL : expr_children(*ref, find_mention, arg);
}

bool expr_mentions(const struct expr *e, const struct rte *rte)
{
    struct mention m = {rte, false};
    struct expr *top = (struct expr *)e;
    struct err *never = find_mention(&top, &m);
    CHECK(never == NULL);
    return m.found;
}

/* ---- subqueries in expressions ---- */

struct slot_replace {
    const int *slots;
    int n;
};

static struct err *replace_column(struct expr **ref, void *arg)
{
    struct slot_replace *r = arg;
    struct expr *e = *ref;
    if (e->kind == E_SLOT && e->param < 0 && -e->param <= r->n) {
        e->param = r->slots[-e->param - 1];
        return NULL;
    }
    return expr_children(e, replace_column, arg);
}

/* Whether a subtree reads columns of any level outside itself. */
struct outer_search {
    struct planning *l;
    bool found;
};

static struct err *note_outer(struct expr **ref, void *arg)
{
    struct outer_search *s = arg;
    struct expr *e = *ref;
    if (e->kind == E_VAR) {
        for (struct planning *up = s->l; up && !s->found; up = up->parent)
            for (int i = 0; i < up->q->nrtes; i++)
                s->found |= up->q->rtes[i] == e->var.rte;
        return NULL;
    }
    if (e->kind == E_CASETEST) {
        s->found = true;
        return NULL;
    }
    if (e->kind == E_SUBPLAN) {
        s->found |= e->subplan->correlated && plan_is_outer(s->l, e->subplan);
        return e->subplan->test ? note_outer(&e->subplan->test, arg) : NULL;
    }
    return expr_children(e, note_outer, arg);
}

bool plan_is_outer(struct planning *l, struct subplan *s)
{
    struct outer_search search = {l, false};
    struct err *never = visit_tree(s->plan, note_outer, &search);
    CHECK(never == NULL);
    return search.found;
}

static relset rel_of_slot(const struct planning *l, int slot)
{
    for (int i = 0; i < l->q->nrtes; i++) {
        const struct rte *rte = l->q->rtes[i];
        if (rte->planned && slot >= rte->base && slot < rte->base + rte->ncols)
            return (relset)1 << rte->index;
    }
    return 0;
}

struct err *plan_sublink(struct planning *l, struct expr *e, struct expr **out)
{
    struct planner *p = l->p;
    struct query *q = e->sublink.query;
    *out = arena_memdup(p->arena, e, sizeof(*e));
    (*out)->kind = E_SUBPLAN;
    (*out)->nargs = 0;
    if (q->subplan) { /* a target and a sort key, say */
        (*out)->subplan = q->subplan;
        return NULL;
    }
    struct subplan *s = arena_new(p->arena, struct subplan);
    s->kind = e->sublink.kind;
    s->test = e->sublink.test;
    bool hashed = s->kind == SUBLINK_EXISTS && !q->has_srf && hash_exists(p, q, s, &s->test);
    if (!hashed && s->kind == SUBLINK_EXISTS && q->setop == SETOP_NONE && !q->has_group &&
        !q->distinct && !q->has_srf) {
        /* Only whether there is a row matters. */
        q->norder = 0;
        q->ntargets = 0;
    }
    TRY(plan_query(p, l, q, s->kind == SUBLINK_EXISTS ? 1 : -1, &s->plan, &s->out_slots, &s->nout));
    if (s->test) {
        struct slot_replace r = {s->out_slots, s->nout};
        TRY(prepare_expr(l, &s->test));
        TRY(deep_copy(p, &s->test));
        TRY(replace_column(&s->test, &r));
    }
    if (s->nout)
        s->column_type = q->targets[0].expr->type;
    s->array_type = e->type;
    s->correlated = plan_is_outer(l, s) || plan_depends(p, s);
    s->outer_rels = plan_reads(l, s->plan);
    for (int i = 0; i < s->nout; i++)
        s->outer_rels |= rel_of_slot(l, s->out_slots[i]);
    if (s->test)
        s->outer_rels |= expr_rels(l, s->test, NULL);
    hash_test(p, s);
    s->number = p->plan->nsubplans;
    ARENA_PUSH(p->arena, p->plan->subplans, p->plan->nsubplans, p->subplans_cap, s);
    q->subplan = (*out)->subplan = s;
    return NULL;
}

static struct err *copy_child(struct expr **ref, void *arg)
{
    return deep_copy(arg, ref);
}

struct err *deep_copy(struct planner *p, struct expr **ref)
{
    struct expr *e = arena_memdup(p->arena, *ref, sizeof(**ref));
    if (e->nargs)
        e->args = arena_memdup(p->arena, e->args, sizeof(*e->args) * (size_t)e->nargs);
    *ref = e;
    return e->kind == E_SUBPLAN ? NULL : expr_children(e, copy_child, p);
}

/* ---- CTEs ---- */

static struct err *plan_recursive(struct planner *p, struct planning *l, struct cte *cte,
                                  struct plan_cte *store)
{
    struct query *q = cte->query;
    struct planning inner = {.p = p, .q = q, .parent = l};
    struct plan *rec = plan_new(p, P_RECURSIVE);
    int *left;
    int *right;
    int n;
    TRY(plan_query(p, &inner, q->left, -1, &rec->left, &left, &n));
    cte->planning = true;
    struct err *e = plan_query(p, &inner, q->right, -1, &rec->right, &right, &n);
    cte->planning = false;
    TRY(e);
    rec->cte = cte->number;
    rec->slots = left;
    rec->right_slots = right;
    rec->nslots = n;
    rec->setop_all = q->setop_all;
    rec->exprs = arena_new_array(p->arena, struct plan_expr, n);
    rec->nexprs = n;
    for (int i = 0; i < n; i++) {
        struct expr like = {.type = cte->types[i], .typmod = cte->typmods[i]};
        rec->exprs[i] = (struct plan_expr){slot_expr(p, left[i], &like), left[i], NULL};
    }
    rec->rows = rec->left->rows * 10;
    rec->total_cost = rec->left->total_cost + 10 * rec->right->total_cost;
    store->plan = rec;
    store->out_slots = left;
    store->ncols = n;
    return NULL;
}

struct err *plan_cte_store(struct planner *p, struct planning *l, struct cte *cte, int *number)
{
    struct statement_plan *s = p->plan;
    if (cte->number >= 0) {
        *number = cte->number;
        return NULL;
    }
    struct plan_cte fresh = {.cte = cte};
    cte->number = s->nctes;
    ARENA_PUSH(p->arena, s->ctes, s->nctes, p->ctes_cap, fresh);
    struct plan_cte store = fresh;
    store.modifies = cte->query->kind != Q_SELECT;
    /* The defining level, for what the query may refer to outside itself. */
    struct planning *level = l;
    while (level && level->q != cte->level)
        level = level->parent;
    if (cte->recursive)
        TRY(plan_recursive(p, level, cte, &store));
    else
        TRY(plan_query(p, level, cte->query, -1, &store.plan, &store.out_slots, &store.ncols));
    s->ctes[cte->number] = store;
    *number = cte->number;
    return NULL;
}
