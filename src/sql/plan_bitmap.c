/* Rows of a table named by several indexes together, or by an inverted one: which of them, for the
 * conditions at hand. A condition that is an OR is served when each of its arms is; of what serves
 * single conditions, as many are put together as make the whole cheaper. */
#include "sql/plan_from.h"

#include "catalog/inverted.h"

#include <math.h>

#define SOURCE_START_COST 0.35
#define SOURCE_ROW_COST 0.015 /* of an entry, and putting its row's key in its place */
#define ITEM_COST 0.5         /* of a look-up in an inverted index, beside its entries */

enum { MAX_DEPTH = 8, MAX_SOURCES = 32 };

/* ---- inverted indexes ---- */

static bool is_key(struct problem *pr, struct rte *rte, const struct index *ix, int col,
                   const struct expr *e)
{
    e = strip_relabel(e);
    if (ix->cols[col].attnum)
        return e->kind == E_VAR && e->var.rte == rte && e->var.att == ix->cols[col].attnum;
    const struct expr *key = index_column_expr(pr->l->p, rte, ix, col);
    return key && expr_equal(e, strip_relabel(key));
}

/* Look-ups that a value asks for, as far as is known now; 0: it restricts the rows not at all. */
static int count_items(struct problem *pr, const struct index *ix, int col, int strategy,
                       const struct expr *value)
{
    struct inverted_search *s;
    value = strip_relabel(value);
    if (value->kind != E_CONST || value->value.null)
        return 1;
    struct err *e = inverted_search(ix, col, strategy, value->value, pr->l->p->arena, &s);
    int n = e ? 1 : s->kind == INVERTED_ALL ? 0 : s->n > 1 ? s->n : 1;
    err_free(e);
    return n;
}

/* `column operator value`, or the other way round. */
static bool inverted_qual(struct problem *pr, struct rte *rte, const struct index *ix, int col,
                          const struct qual *q, struct index_qual *out, int *items)
{
    const struct expr *e = q->expr;
    if (e->kind != E_OP || e->nargs != 2)
        return false;
    const struct cat_oper *op = builtin_oper(e->op);
    for (int side = 0; op && side < 2; side++) {
        uint32_t seen = side == 0 ? op->oid : op->commutator;
        int strategy = seen ? builtin_inverted_strategy(ix->cols[col].opclass, seen) : 0;
        struct expr *value = e->args[1 - side];
        if (!strategy || !is_key(pr, rte, ix, col, e->args[side]) || expr_mentions(value, rte))
            continue;
        int n = count_items(pr, ix, col, strategy, value);
        if (!n)
            continue;
        *items += n;
        *out = (struct index_qual){col, strategy, value, NULL};
        return true;
    }
    return false;
}

static void match_inverted(struct problem *pr, struct rte *rte, const struct index *ix, relset have,
                           struct index_match *m, int *items)
{
    relset self = (relset)1 << rte->index;
    *m = (struct index_match){.index = ix};
    *items = 0;
    for (int at = 0; at < ix->nkeys * pr->nquals; at++) {
        int col = at / pr->nquals;
        struct qual *q = &pr->quals[at % pr->nquals];
        if (!(q->rels & self) || (q->rels & ~(self | have)) || q->volatile_ || q->late)
            continue;
        if (m->n < (int)ARRAY_LENGTH(m->quals) &&
            inverted_qual(pr, rte, ix, col, q, &m->quals[m->n], items))
            m->used[m->n++] = q;
    }
}

/* ---- one index ---- */

struct search {
    struct problem *pr;
    const struct problem *top; /* for the predicates of partial indexes */
    struct rte *rte;
    relset have;
    double rows; /* of the table */
    int depth;
};

static bool is_usable(const struct search *s, const struct index *ix)
{
    struct planner *p = s->pr->l->p;
    return ix->valid &&
           (!ix->pred_sql || index_predicate_holds(p, s->rte, ix, s->pr->quals, s->pr->nquals) ||
            index_predicate_holds(p, s->rte, ix, s->top->quals, s->top->nquals));
}

static bool is_used(const struct row_source *s, const struct qual *q)
{
    for (int i = 0; i < s->nused; i++)
        if (s->used[i] == q)
            return true;
    return false;
}

/* All rows of a partial index meet its predicate. */
static void add_predicate(const struct search *s, const struct index *ix, struct row_source *out)
{
    struct planner *p = s->pr->l->p;
    struct expr *pred = index_predicate(p, s->rte, ix);
    struct expr **parts = NULL;
    int n = 0;
    int cap = 0;
    if (!pred)
        return;
    split_and(p->arena, pred, &parts, &n, &cap);
    out->rows = fmax(1, out->rows * sel_conjunction(s->pr->l, parts, n));
    for (int i = 0; i < n; i++) {
        out->stands_for = expr_and(p->arena, out->stands_for, parts[i]);
        for (int k = 0; k < s->pr->nquals; k++)
            if (expr_equal(s->pr->quals[k].expr, parts[i]) && !is_used(out, &s->pr->quals[k]))
                out->used[out->nused++] = &s->pr->quals[k];
    }
}

static bool from_index(const struct search *s, const struct index *ix, struct row_source *out)
{
    struct planner *p = s->pr->l->p;
    struct index_match m;
    int items = 0;
    if (!is_usable(s, ix))
        return false;
    if (index_is_inverted(ix))
        match_inverted(s->pr, s->rte, ix, s->have, &m, &items);
    else
        match_index(s->pr, s->rte, ix, s->have, &m);
    if (!m.n)
        return false;
    *out = (struct row_source){.plan = plan_new(p, P_BITMAPINDEX)};
    set_index(p, out->plan, s->rte, &m);
    out->stands_for = out->plan->index_cond;
    out->used = arena_new_array(p->arena, struct qual *, m.n + s->pr->nquals);
    memcpy(out->used, m.used, sizeof(m.used[0]) * (size_t)m.n);
    out->nused = m.n;
    out->rows = index_rows(s->pr, &m, s->rows);
    if (ix->pred_sql)
        add_predicate(s, ix, out);
    out->cost = SOURCE_START_COST + out->rows * SOURCE_ROW_COST + items * ITEM_COST;
    out->plan->rows = out->rows;
    out->plan->total_cost = out->cost;
    return true;
}

/* ---- OR ---- */

static bool find_source(const struct search *s, struct row_source *out);

static bool from_arm(const struct search *s, struct expr *arm, struct row_source *out, bool *whole)
{
    struct problem inner = *s->pr;
    struct expr **list = NULL;
    int n = 0;
    int cap = 0;
    split_and(s->pr->l->p->arena, arm, &list, &n, &cap);
    inner.quals = arena_new_array(s->pr->l->p->arena, struct qual, n + 1);
    inner.nquals = n;
    for (int i = 0; i < n; i++)
        inner.quals[i] = qual_of(s->pr, list[i]);
    struct search below = *s;
    below.pr = &inner;
    below.depth++;
    if (!find_source(&below, out))
        return false;
    *whole &= out->nused == n;
    return true;
}

static bool from_or(const struct search *s, struct qual *q, struct row_source *out)
{
    struct planner *p = s->pr->l->p;
    const struct expr *e = q->expr;
    struct plan *n = plan_new(p, P_BITMAPOR);
    struct expr *stands_for = arena_memdup(p->arena, e, sizeof(*e));
    bool whole = true;
    *out = (struct row_source){.plan = n, .stands_for = stands_for};
    stands_for->args = arena_new_array(p->arena, struct expr *, e->nargs);
    n->inputs = arena_new_array(p->arena, struct plan *, e->nargs);
    n->ninputs = e->nargs;
    for (int i = 0; i < e->nargs; i++) {
        struct row_source arm;
        if (!from_arm(s, e->args[i], &arm, &whole))
            return false;
        n->inputs[i] = arm.plan;
        stands_for->args[i] = arm.stands_for;
        out->rows += arm.rows;
        out->cost += arm.cost + arm.rows * SOURCE_ROW_COST;
    }
    out->rows = fmin(out->rows, s->rows);
    out->used = arena_new(p->arena, struct qual *);
    out->used[0] = q;
    out->nused = whole;
    n->rows = out->rows;
    n->total_cost = out->cost;
    return true;
}

/* ---- AND ---- */

static bool uses_same(const struct row_source *a, const struct row_source *b)
{
    for (int i = 0; i < a->nused; i++)
        if (is_used(b, a->used[i]))
            return true;
    return false;
}

static struct row_source both(const struct search *s, const struct row_source *a,
                              const struct row_source *b)
{
    struct planner *p = s->pr->l->p;
    struct row_source out = {.stands_for = expr_and(p->arena, a->stands_for, b->stands_for),
                             .rows = fmax(1, a->rows * b->rows / fmax(1, s->rows)),
                             .cost = a->cost + b->cost,
                             .nused = a->nused + b->nused};
    bool more = a->plan->kind == P_BITMAPAND;
    int n = more ? a->plan->ninputs : 1;
    out.used = arena_new_array(p->arena, struct qual *, out.nused + 1);
    for (int i = 0; i < out.nused; i++)
        out.used[i] = i < a->nused ? a->used[i] : b->used[i - a->nused];
    out.plan = plan_new(p, P_BITMAPAND);
    out.plan->ninputs = n + 1;
    out.plan->inputs = arena_new_array(p->arena, struct plan *, n + 1);
    for (int i = 0; i < n; i++)
        out.plan->inputs[i] = more ? a->plan->inputs[i] : a->plan;
    out.plan->inputs[n] = b->plan;
    out.plan->rows = out.rows;
    out.plan->total_cost = out.cost;
    return out;
}

static double whole_cost(const struct search *s, const struct row_source *source)
{
    return source->cost + source_rows_cost(source, s->rows);
}

static void add_source(const struct search *in, struct row_source *list, int *n,
                       const struct row_source *s)
{
    int at = *n;
    if (*n == MAX_SOURCES)
        return;
    for (; at > 0 && whole_cost(in, &list[at - 1]) > whole_cost(in, s); at--)
        list[at] = list[at - 1];
    list[at] = *s;
    ++*n;
}

/* The cheapest source for the conditions of s->pr. */
static bool find_source(const struct search *s, struct row_source *out)
{
    struct problem *pr = s->pr;
    relset self = (relset)1 << s->rte->index;
    struct row_source *list = arena_new_array(pr->l->p->arena, struct row_source, MAX_SOURCES);
    struct row_source one;
    int n = 0;
    for (int i = 0; i < s->rte->rel->nindexes; i++)
        if (from_index(s, &s->rte->rel->indexes[i], &one))
            add_source(s, list, &n, &one);
    for (int i = 0; i < pr->nquals && s->depth < MAX_DEPTH; i++) {
        struct qual *q = &pr->quals[i];
        bool fits = q->expr->kind == E_OR && q->rels & self && !(q->rels & ~(self | s->have)) &&
                    !q->volatile_ && !q->late;
        if (fits && from_or(s, q, &one))
            add_source(s, list, &n, &one);
    }
    if (!n)
        return false;
    *out = list[0];
    for (int i = 1; i < n; i++) {
        if (uses_same(out, &list[i]))
            continue;
        struct row_source more = both(s, out, &list[i]);
        if (whole_cost(s, &more) < whole_cost(s, out))
            *out = more;
    }
    return true;
}

bool find_rows(struct problem *pr, struct rte *rte, relset have, struct row_source *out)
{
    struct search s = {pr, pr, rte, have, sel_table_rows(pr->l, rte), 0};
    bool any = rte->rel->nindexes > 0;
    *out = (struct row_source){0};
    return any && find_source(&s, out);
}
