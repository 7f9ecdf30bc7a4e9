/* Window functions: a Sort, where the rows do not come in a window's order, and a WindowAgg for
 * each window. Windows are computed in an order that shares sorts, the longest first. */
#include "sql/plan_internal.h"

/* A window's order: its partition, then its order without what is there already. */
struct window_sort {
    struct window *window;
    struct sort_key *keys;
    int *refs; /* by key: the number of its expression among the query's sorted expressions */
    int nkeys;
};

/* The sorted and grouped expressions of a query, each once, in the order of its clauses. */
struct ref_list {
    struct arena *arena;
    struct expr **exprs;
    int n;
    int cap;
};

static int ref_of(struct ref_list *r, struct expr *e)
{
    for (int i = 0; i < r->n; i++)
        if (expr_equal(r->exprs[i], e))
            return i + 1;
    ARENA_PUSH(r->arena, r->exprs, r->n, r->cap, e);
    return r->n;
}

static void add_key(struct window_sort *s, struct sort_key k, int ref)
{
    for (int i = 0; i < s->nkeys; i++)
        if (s->refs[i] == ref)
            return;
    s->refs[s->nkeys] = ref;
    s->keys[s->nkeys++] = k;
}

static struct window_sort window_sort(struct ref_list *r, struct window *w)
{
    int most = w->npartition + w->norder;
    struct window_sort s = {.window = w,
                            .keys = arena_new_array(r->arena, struct sort_key, most),
                            .refs = arena_new_array(r->arena, int, most)};
    for (int i = 0; i < w->norder; i++)
        ref_of(r, w->order[i].expr);
    for (int i = 0; i < w->npartition; i++)
        add_key(&s, w->partition[i], ref_of(r, w->partition[i].expr));
    for (int i = 0; i < w->norder; i++)
        add_key(&s, w->order[i], ref_of(r, w->order[i].expr));
    return s;
}

/* Whether b comes before a: later expressions first, and of two orders that begin alike the longer.
 */
static bool goes_before(const struct window_sort *b, const struct window_sort *a)
{
    for (int i = 0; i < a->nkeys && i < b->nkeys; i++) {
        const struct sort_key *ka = &a->keys[i];
        const struct sort_key *kb = &b->keys[i];
        if (a->refs[i] != b->refs[i])
            return b->refs[i] > a->refs[i];
        if (ka->desc != kb->desc)
            return kb->desc;
        if (ka->nulls_first != kb->nulls_first)
            return kb->nulls_first;
    }
    return b->nkeys > a->nkeys;
}

static bool is_used(const struct query *q, const struct window *w)
{
    for (int i = 0; i < q->nwfuncs; i++)
        if (q->wfuncs[i]->window->window == w)
            return true;
    return false;
}

/* The windows that something is computed over, in the order in which to do it. */
static struct window_sort *used_windows(struct planning *l, int *n)
{
    struct query *q = l->q;
    struct ref_list refs = {.arena = l->p->arena};
    struct window_sort *list = arena_new_array(l->p->arena, struct window_sort, q->nwindows);
    for (int i = 0; i < q->norder; i++)
        ref_of(&refs, q->order[i].expr);
    for (int i = 0; i < q->ngroup; i++)
        ref_of(&refs, q->group[i]);
    for (int i = 0; i < q->ndistinct_on; i++)
        ref_of(&refs, q->distinct_on[i]);
    for (int i = 0; i < q->ntargets && q->distinct == DISTINCT_ALL; i++)
        ref_of(&refs, q->targets[i].expr);
    *n = 0;
    for (int i = 0; i < q->nwindows; i++) {
        struct window_sort s = window_sort(&refs, q->windows[i]);
        if (!is_used(q, q->windows[i]))
            continue;
        int k = (*n)++;
        for (; k > 0 && goes_before(&s, &list[k - 1]); k--)
            list[k] = list[k - 1];
        list[k] = s;
    }
    return list;
}

static bool begins_with(const struct sort_key *have, int nhave, const struct sort_key *want,
                        int nwant)
{
    if (nwant > nhave)
        return false;
    for (int i = 0; i < nwant; i++)
        if (!expr_equal(have[i].expr, want[i].expr) || have[i].desc != want[i].desc ||
            have[i].nulls_first != want[i].nulls_first)
            return false;
    return true;
}

static struct err *frame_offsets(struct planning *l, const struct window *w, struct plan *node)
{
    node->nexprs = 2;
    node->exprs = arena_new_array(l->p->arena, struct plan_expr, 2);
    node->exprs[0] = (struct plan_expr){w->start, -1, NULL};
    node->exprs[1] = (struct plan_expr){w->end, -1, NULL};
    for (int i = 0; i < 2; i++)
        if (node->exprs[i].expr)
            TRY(prepare_expr(l, &node->exprs[i].expr));
    return NULL;
}

/* `slots`: by number of window function, where its value goes. */
static struct err *plan_window(struct planning *l, const struct window *w, int *slots,
                               struct plan **node)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct plan *n = plan_new(p, P_WINDOW);
    n->left = *node;
    n->window = w;
    n->keys = w->order;
    n->nkeys = w->norder;
    n->key_exprs = arena_new_array(p->arena, struct plan_expr, w->norder);
    for (int i = 0; i < w->norder; i++) {
        n->key_exprs[i] = (struct plan_expr){w->order[i].expr, -1, NULL};
        TRY(prepare_expr(l, &n->key_exprs[i].expr));
    }
    n->group = arena_new_array(p->arena, struct plan_expr, w->npartition);
    for (int i = 0; i < w->npartition; i++) {
        n->group[i] = (struct plan_expr){w->partition[i].expr, -1, NULL};
        TRY(prepare_expr(l, &n->group[i].expr));
    }
    n->ngroup = w->npartition;
    TRY(frame_offsets(l, w, n));
    n->aggs = arena_new_array(p->arena, struct plan_agg, q->nwfuncs);
    for (int i = 0; i < q->nwfuncs; i++) {
        if (q->wfuncs[i]->window->window != w)
            continue;
        struct plan_agg *a = &n->aggs[n->naggs++];
        a->expr = q->wfuncs[i];
        TRY(prepare_expr(l, &a->expr));
        a->slot = slots[i] = plan_new_slots(p->plan, 1);
    }
    n->rows = (*node)->rows;
    n->startup_cost = (*node)->startup_cost;
    n->total_cost = (*node)->total_cost + n->rows * 0.01 * (n->naggs + 1);
    *node = n;
    return NULL;
}

struct window_rewrite {
    struct planning *l;
    const int *slots;
};

static struct err *above_windows(struct expr **ref, void *arg)
{
    struct window_rewrite *r = arg;
    struct expr *e = *ref;
    if (e->kind == E_WINDOW && e->window->level == r->l->q) {
        *ref = slot_expr(r->l->p, r->slots[e->window->number], e);
        return NULL;
    }
    if (e->kind == E_VAR || e->kind == E_CONST || e->kind == E_SUBLINK)
        return NULL;
    *ref = copy_node(r->l->p->arena, e);
    return expr_children(*ref, above_windows, r);
}

struct err *plan_windows(struct planning *l, struct plan **node, int *nsorted)
{
    struct query *q = l->q;
    int n;
    struct window_sort *windows = used_windows(l, &n);
    int *slots = arena_new_array(l->p->arena, int, q->nwfuncs);
    const struct sort_key *have = NULL;
    int nhave = 0;
    for (int i = 0; i < n; i++) {
        const struct window_sort *s = &windows[i];
        if (!begins_with(have, nhave, s->keys, s->nkeys)) {
            TRY(plan_sort(l, s->keys, s->nkeys, 0, node));
            have = s->keys;
            nhave = s->nkeys;
        }
        TRY(plan_window(l, s->window, slots, node));
    }
    *nsorted = begins_with(have, nhave, q->order, q->norder) ? q->norder : 0;
    struct window_rewrite r = {l, slots};
    for (int i = 0; i < q->ntargets; i++)
        TRY(above_windows(&q->targets[i].expr, &r));
    for (int i = 0; i < q->norder; i++)
        TRY(above_windows(&q->order[i].expr, &r));
    for (int i = 0; i < q->ndistinct_on; i++)
        TRY(above_windows(&q->distinct_on[i], &r));
    return NULL;
}
