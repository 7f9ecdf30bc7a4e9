/* Indexes over expressions, and over part of a table: which conditions they suit. */
#include "sql/plan_internal.h"

#include "sql/analyze_internal.h"
#include "types/collation.h"

/* SQL text of an index over the columns of the range table entry; NULL when it cannot be had. */
static struct expr *index_expr(struct planner *p, struct rte *rte, const char *sql,
                               enum expr_use use)
{
    struct rte *own;
    struct expr *e = NULL;
    struct err *failed =
        analyze_expr_text(p->cat, p->env, sql, rte->rel, use, 0, -1, p->arena, &own, &e);
    if (failed) {
        err_free(failed);
        return NULL;
    }
    rte_alias(e, own, rte);
    /* The whole may be a column: that one is not reached by its parents. */
    if (e->kind == E_VAR && e->var.rte == own)
        e->var.rte = rte;
    inline_user_functions(p, &e);
    return e;
}

struct expr *index_column_expr(struct planner *p, struct rte *rte, const struct index *ix, int col)
{
    return index_expr(p, rte, ix->cols[col].expr_sql, USE_INDEX_EXPR);
}

/* ---- predicates ---- */

static bool is_constant(const struct expr *e)
{
    return e->kind == E_CONST && !e->value.null;
}

/* Whether x `have` a implies x `want` b, where cmp compares a with b. */
static bool range_implies(int have, int want, int cmp)
{
    switch (want) {
    case 1:
        return (have == 1 && cmp <= 0) || ((have == 2 || have == 3) && cmp < 0);
    case 2:
        return have <= 3 && cmp <= 0;
    case 3:
        return have == 3 && cmp == 0;
    case 4:
        return have >= 3 && cmp >= 0;
    default:
        return (have == 5 && cmp >= 0) || ((have == 3 || have == 4) && cmp > 0);
    }
}

static bool implies(const struct expr *have, const struct expr *want)
{
    if (expr_equal(have, want))
        return true;
    const struct cat_amop *h =
        have->kind == E_OP && have->nargs == 2 ? builtin_btree_strategy(have->op) : NULL;
    if (!h)
        return false;
    /* Comparing with NULL is not true: what is compared is not NULL. */
    if (want->kind == E_NULLTEST && want->flag)
        return expr_equal(have->args[0], want->args[0]) || expr_equal(have->args[1], want->args[0]);
    const struct cat_amop *w =
        want->kind == E_OP && want->nargs == 2 ? builtin_btree_strategy(want->op) : NULL;
    if (!w || !expr_equal(have->args[0], want->args[0]) || !is_constant(have->args[1]) ||
        !is_constant(want->args[1]) || have->args[1]->type != want->args[1]->type ||
        collation_orders(have->input_collation) || collation_orders(want->input_collation))
        return false;
    const struct type_ops *ops = type_by_oid(have->args[1]->type);
    return ops && ops->compare &&
           range_implies(h->strategy, w->strategy,
                         ops->compare(ops, have->args[1]->value, want->args[1]->value));
}

struct expr *index_predicate(struct planner *p, struct rte *rte, const struct index *ix)
{
    return index_expr(p, rte, ix->pred_sql, USE_INDEX_PRED);
}

bool index_predicate_holds(struct planner *p, struct rte *rte, const struct index *ix,
                           const struct qual *quals, int nquals)
{
    struct expr *pred = index_predicate(p, rte, ix);
    struct expr **parts = NULL;
    int n = 0;
    int cap = 0;
    if (!pred)
        return false;
    split_and(p->arena, pred, &parts, &n, &cap);
    for (int i = 0; i < n; i++) {
        bool found = false;
        for (int k = 0; k < nquals && !found; k++)
            found = quals[k].rels == (relset)1 << rte->index && !quals[k].volatile_ &&
                    implies(quals[k].expr, parts[i]);
        if (!found)
            return false;
    }
    return true;
}
