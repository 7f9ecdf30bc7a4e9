/* Outer joins and the conditions above them: which joins come to inner ones because a condition
 * drops the rows that they add, and which conditions can be decided below. Both are found out
 * before the conditions are prepared, level by level, as FROM is walked. */
#include "sql/plan_from.h"

/* ---- joins that are less than they say ---- */

static bool has_leaf(const struct from_node *f, const struct rte *rte)
{
    return f && (f->rte ? f->rte == rte : has_leaf(f->left, rte) || has_leaf(f->right, rte));
}

/* Whether the value is NULL in a row that has only NULLs for what is in f. */
static bool becomes_null(const struct expr *e, const struct from_node *f)
{
    if (fiber_stack_left() < 32 * 1024)
        return false;
    switch (e->kind) {
    case E_VAR:
        return e->var.att > 0 && has_leaf(f, e->var.rte);
    case E_RELABEL:
    case E_IOCAST:
    case E_NOT:
        return becomes_null(e->args[0], f);
    case E_FUNC:
    case E_OP: {
        const struct cat_proc *p = builtin_proc(e->func);
        for (int i = 0; p && p->strict && !p->retset && i < e->nargs; i++)
            if (becomes_null(e->args[i], f))
                return true;
        return false;
    }
    default:
        return false;
    }
}

/* Whether the condition does not hold in such a row. */
static bool drops(const struct expr *e, const struct from_node *f)
{
    if (fiber_stack_left() < 32 * 1024)
        return false;
    switch (e->kind) {
    case E_AND:
        for (int i = 0; i < e->nargs; i++)
            if (drops(e->args[i], f))
                return true;
        return false;
    case E_OR:
        for (int i = 0; i < e->nargs; i++)
            if (!drops(e->args[i], f))
                return false;
        return true;
    case E_NULLTEST:
        return e->flag && !type_is_record(type_by_oid(e->args[0]->type)) &&
               becomes_null(e->args[0], f);
    case E_BOOLTEST:
        return (e->booltest == BT_TRUE || e->booltest == BT_FALSE) && becomes_null(e->args[0], f);
    case E_SAOP: {
        const struct cat_proc *p = builtin_proc(e->func);
        return e->flag && p && p->strict && becomes_null(e->args[0], f);
    }
    default:
        return becomes_null(e, f);
    }
}

static bool any_drops(const struct pending *pending, const struct from_node *f)
{
    for (; pending; pending = pending->up)
        for (int i = 0; i < pending->n; i++)
            if (pending->list[i] && drops(pending->list[i], f))
                return true;
    return false;
}

enum join_kind real_join(const struct from_node *f, const struct pending *pending, bool *swapped)
{
    bool keeps_left = !any_drops(pending, f->right); /* rows without a partner on the right */
    bool keeps_right = f->kind == JOIN_FULL && !any_drops(pending, f->left);
    *swapped = !keeps_left && keeps_right;
    if (keeps_left && keeps_right)
        return JOIN_FULL;
    return keeps_left || keeps_right ? JOIN_LEFT : JOIN_INNER;
}

/* ---- conditions that go below ---- */

struct pending pending_new(struct planner *p, struct expr *condition, const struct pending *up,
                           bool counts)
{
    struct pending out = {.up = (struct pending *)up, .counts = counts};
    int cap = 0;
    if (condition)
        split_and(p->arena, condition, &out.list, &out.n, &cap);
    return out;
}

struct raw_search {
    struct planning *l;
    relset rels;
    bool unclear;
};

/* The relations of this level that an expression reads, through subqueries that were merged. */
static struct err *note_raw(struct expr **ref, void *arg)
{
    struct raw_search *s = arg;
    const struct expr *e = *ref;
    if (e->kind == E_SUBLINK)
        s->unclear = true;
    if (e->kind != E_VAR)
        return expr_children(*ref, note_raw, arg);
    struct rte *rte = e->var.rte;
    bool here = false;
    for (int i = 0; i < s->l->q->nrtes; i++)
        here |= s->l->q->rtes[i] == rte;
    if (here && rte->pulled && e->var.att > 0)
        return note_raw(&rte->pulled[e->var.att - 1], arg);
    s->unclear |= here && (rte->pulled || !e->var.att);
    if (here && !rte->pulled)
        s->rels |= (relset)1 << rte->index;
    return NULL;
}

bool reads_only(struct planning *l, struct expr *e, relset rels)
{
    struct raw_search s = {.l = l};
    struct err *never = note_raw(&e, &s);
    CHECK(never == NULL);
    return s.rels && !(s.rels & ~rels) && !s.unclear && !expr_is_volatile(e);
}

struct err *take_pending(struct problem *pr, struct pending *pending)
{
    struct planning *l = pr->l;
    relset rels = problem_rels(pr);
    for (; pending; pending = pending->up) {
        for (int i = 0; i < pending->n; i++) {
            struct expr *e = pending->list[i];
            if (!e || !reads_only(l, e, rels))
                continue;
            int first = pr->nquals;
            pending->list[i] = NULL;
            TRY(add_condition(pr, e));
            for (int k = first; pending->counts && k < pr->nquals; k++)
                l->all_quals = expr_and(l->p->arena, l->all_quals, pr->quals[k].expr);
        }
    }
    return NULL;
}

struct err *add_pending(struct problem *pr, const struct pending *pending, bool joins)
{
    for (int i = 0; i < pending->n; i++) {
        struct expr *e = pending->list[i];
        if (e && joins && is_semijoin(pr->l, e))
            TRY(add_semijoin(pr, e));
        else if (e)
            TRY(add_condition(pr, e));
    }
    return NULL;
}
