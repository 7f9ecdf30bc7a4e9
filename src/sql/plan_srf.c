/* Set-returning functions in expressions. Those of one depth step together, in one ProjectSet; a
 * function whose arguments hold others is computed above them. */
#include "sql/plan_internal.h"

enum { MAX_DEPTH = 20 };

struct srf_list {
    struct planning *l;
    struct plan_expr *levels[MAX_DEPTH];
    int counts[MAX_DEPTH];
    int caps[MAX_DEPTH];
    int depth; /* of the expression visited last */
};

static struct err *lift(struct expr **ref, void *arg)
{
    struct srf_list *list = arg;
    struct planner *p = list->l->p;
    int deepest = 0;
    if (!expr_has_srf(*ref)) {
        list->depth = 0;
        return NULL;
    }
    struct expr *e = *ref = copy_node(p->arena, *ref);
    for (int i = 0; i < e->nargs; i++) {
        if (!e->args[i])
            continue;
        TRY(lift(&e->args[i], list));
        deepest = list->depth > deepest ? list->depth : deepest;
    }
    list->depth = deepest;
    if (!expr_is_srf(e))
        return NULL;
    if (deepest == MAX_DEPTH)
        return err_unsupported("set-returning functions nested more than %d deep are not supported",
                               MAX_DEPTH);
    int slot = plan_new_slots(p->plan, 1);
    ARENA_PUSH(p->arena, list->levels[deepest], list->counts[deepest], list->caps[deepest],
               ((struct plan_expr){e, slot, NULL}));
    *ref = slot_expr(p, slot, e);
    list->depth = deepest + 1;
    return NULL;
}

struct err *plan_srfs(struct planning *l, struct expr **exprs, int n, struct plan **node)
{
    struct srf_list list = {.l = l};
    for (int i = 0; i < n; i++)
        TRY(lift(&exprs[i], &list));
    for (int d = 0; d < MAX_DEPTH && list.counts[d]; d++) {
        struct plan *proj = plan_new(l->p, P_PROJECT);
        proj->left = *node;
        proj->exprs = list.levels[d];
        proj->nexprs = list.counts[d];
        proj->rows = (*node)->rows * 10;
        proj->startup_cost = (*node)->startup_cost;
        proj->total_cost = (*node)->total_cost + proj->rows * 0.0025 * proj->nexprs;
        *node = proj;
    }
    return NULL;
}
