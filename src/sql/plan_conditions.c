/* The conditions of WHERE and ON: taken apart into those that must all hold, and which relations
 * each is about. */
#include "sql/plan_from.h"

/* ---- relation sets ---- */

struct rel_search {
    const struct planning *l;
    relset rels;
    bool outer;
};

static struct err *note_rel(struct expr **ref, void *arg)
{
    struct rel_search *s = arg;
    struct expr *e = *ref;
    if (e->kind == E_VAR) {
        for (int i = 0; i < s->l->q->nrtes; i++)
            if (s->l->q->rtes[i] == e->var.rte) {
                s->rels |= (relset)1 << e->var.rte->index;
                return NULL;
            }
        s->outer = true;
        return NULL;
    }
    if (e->kind == E_SUBPLAN) {
        /* What a correlated subquery reads of this level is known from its slots only; be careful.
         */
        s->outer = true;
        s->rels |= e->subplan->outer_rels;
    }
    return expr_children(e, note_rel, arg);
}

relset expr_rels(const struct planning *l, const struct expr *e, bool *outer)
{
    struct rel_search s = {l, 0, false};
    struct expr *top = (struct expr *)e;
    struct err *never = note_rel(&top, &s);
    CHECK(never == NULL);
    if (outer)
        *outer = s.outer;
    return s.rels;
}

struct qual qual_of(struct problem *pr, struct expr *e)
{
    struct qual q = {.expr = e, .volatile_ = expr_is_volatile(e)};
    q.rels = expr_rels(pr->l, e, &q.outer);
    return q;
}

static struct qual *add_qual(struct problem *pr, struct expr *e)
{
    struct qual q = qual_of(pr, e);
    ARENA_PUSH(pr->l->p->arena, pr->quals, pr->nquals, pr->quals_cap, q);
    return &pr->quals[pr->nquals - 1];
}

/* ---- OR ---- */

struct conjuncts {
    struct expr **list;
    int n;
    int cap;
};

static int find_equal(const struct conjuncts *c, const struct expr *e)
{
    for (int i = 0; i < c->n; i++)
        if (c->list[i] && expr_equal(c->list[i], e))
            return i;
    return -1;
}

/* Takes e out of every arm; false, and nothing is changed, when an arm lacks it. */
static bool take_common(struct conjuncts *arms, int narms, const struct expr *e)
{
    for (int i = 0; i < narms; i++)
        if (find_equal(&arms[i], e) < 0)
            return false;
    for (int i = 0; i < narms; i++)
        arms[i].list[find_equal(&arms[i], e)] = NULL;
    return true;
}

static struct expr *new_or(struct planner *p, struct expr **args, int n, const struct expr *like)
{
    struct expr *e = arena_memdup(p->arena, like, sizeof(*e));
    e->args = args;
    e->nargs = n;
    return n == 1 ? args[0] : e;
}

/* What the arms demand of one table alone, if each does. */
static struct expr *table_part(struct problem *pr, const struct conjuncts *arms, int narms,
                               relset rel, const struct expr *like)
{
    struct arena *a = pr->l->p->arena;
    struct expr **parts = arena_new_array(a, struct expr *, narms);
    for (int i = 0; i < narms; i++)
        for (int k = 0; k < arms[i].n; k++) {
            struct expr *e = arms[i].list[k];
            bool outer;
            if (e && expr_rels(pr->l, e, &outer) == rel && !outer)
                parts[i] = expr_and(a, parts[i], e);
        }
    for (int i = 0; i < narms; i++)
        if (!parts[i])
            return NULL;
    return new_or(pr->l->p, parts, narms, like);
}

/* (a AND b) OR (a AND c) is a AND (b OR c); and if each arm demands something of one table, that
 * can be decided on the table, before it is joined. */
static void add_or(struct problem *pr, struct expr *e)
{
    struct arena *a = pr->l->p->arena;
    struct conjuncts *arms = arena_new_array(a, struct conjuncts, e->nargs);
    struct expr **rest = arena_new_array(a, struct expr *, e->nargs);
    bool empty = false;
    if (expr_is_volatile(e)) {
        add_qual(pr, e);
        return;
    }
    for (int i = 0; i < e->nargs; i++)
        split_and(a, e->args[i], &arms[i].list, &arms[i].n, &arms[i].cap);
    struct conjuncts first = arms[0];
    first.list = arena_memdup(a, first.list, sizeof(*first.list) * (size_t)first.n);
    for (int i = 0; i < first.n; i++)
        if (take_common(arms, e->nargs, first.list[i]))
            add_qual(pr, first.list[i]);
    for (int i = 0; i < e->nargs; i++) {
        for (int k = 0; k < arms[i].n; k++)
            if (arms[i].list[k])
                rest[i] = expr_and(a, rest[i], arms[i].list[k]);
        empty |= !rest[i];
    }
    if (empty)
        return;
    relset rels = add_qual(pr, new_or(pr->l->p, rest, e->nargs, e))->rels;
    if (!(rels & (rels - 1)))
        return;
    int whole = pr->nquals - 1;
    for (relset left = rels; left; left &= left - 1) {
        struct expr *part = table_part(pr, arms, e->nargs, left & -left, e);
        if (part)
            add_qual(pr, part);
        pr->quals[whole].weighed |= part != NULL;
    }
}

struct err *add_condition(struct problem *pr, struct expr *condition)
{
    struct expr **list = NULL;
    int n = 0;
    int cap = 0;
    if (!condition)
        return NULL;
    TRY(prepare_expr(pr->l, &condition));
    split_and(pr->l->p->arena, condition, &list, &n, &cap);
    for (int i = 0; i < n; i++)
        if (list[i]->kind == E_OR)
            add_or(pr, list[i]);
        else
            add_qual(pr, list[i]);
    return NULL;
}
