/* FROM and WHERE: access paths of single relations, join order and join methods.
 *
 * The FROM clause becomes a list of items joined by inner joins; an outer join is one item, planned
 * from its two sides. Items are joined by dynamic programming over their subsets, or greedily when
 * there are many. A condition is applied by the lowest plan that has all its relations. */
#include "sql/plan_internal.h"

#include "catalog/systab.h"
#include "rt/fiber.h"

#include <math.h>

enum { MAX_RELS = 64, MAX_DP_ITEMS = 9 };

#define SEQ_ROW_COST 0.011
#define INDEX_START_COST 0.3
#define INDEX_ROW_COST 0.02
#define SECONDARY_ROW_COST 0.05 /* with the look-up of the row itself */
#define QUAL_COST 0.0025
#define HASH_ROW_COST 0.015
#define JOIN_ROW_COST 0.01

/* One thing to join: a leaf, or an outer join with its sides. */
struct item {
    relset rels;
    relset requires_;  /* LATERAL: these must come first (on the outer side) */
    struct rte *rte;   /* a leaf */
    struct plan *plan; /* an outer join, already planned */
};

/* A set of items under inner joins. */
struct problem {
    struct planning *l;
    struct item *items;
    int nitems;
    int items_cap;
    struct qual *quals;
    int nquals;
    int quals_cap;
};

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

static struct qual *add_qual(struct problem *pr, struct expr *e)
{
    struct qual q = {.expr = e, .volatile_ = expr_is_volatile(e)};
    q.rels = expr_rels(pr->l, e, &q.outer);
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

/* (a AND b) OR (a AND c) is a AND (b OR c); and if each arm demands something of one table, that can
 * be decided on the table, before it is joined. */
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

static struct err *add_condition(struct problem *pr, struct expr *condition)
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

/* ---- sizes ---- */

static double rel_rows(struct planning *l, const struct rte *rte)
{
    if (rte->kind == RTE_RELATION)
        return sel_table_rows(l, rte);
    if (rte->kind == RTE_VALUES)
        return rte->nrows;
    if (rte->kind == RTE_FUNCTION) {
        const struct expr *f = rte->funcs[0];
        const struct cat_proc *proc = f->kind == E_FUNC ? builtin_proc(f->func) : NULL;
        return proc && proc->retset ? (proc->rows > 0 ? proc->rows : 100) : 1;
    }
    return 1000;
}

/* Conditions, each once, as sel_conjunction wants them. */
struct conditions {
    struct expr **list;
    int n;
};

static struct conditions conditions_new(struct problem *pr)
{
    return (struct conditions){arena_new_array(pr->l->p->arena, struct expr *, pr->nquals + 1), 0};
}

/* ---- index access ---- */

/* A condition `column op value` for a column of `rte`, with the value free of `rte`. */
enum { MAX_SARGS = 64 };

struct sarg {
    int att;
    int strategy; /* as in struct index_qual */
    struct expr *value;
    struct qual *qual;
};

static const struct expr *strip_relabel(const struct expr *e)
{
    while (e->kind == E_RELABEL && e->form != FORM_SQL)
        e = e->args[0];
    return e;
}

/* The key is encoded as the column's type: other types of the same family must encode alike. */
static bool key_compatible(uint32_t column, uint32_t value)
{
    if (column == value)
        return true;
    bool ints = (column == INT2_OID || column == INT4_OID || column == INT8_OID) &&
                (value == INT2_OID || value == INT4_OID || value == INT8_OID);
    bool strings = (column == TEXT_OID || column == VARCHAR_OID) &&
                   (value == TEXT_OID || value == VARCHAR_OID);
    return ints || strings || (column == NAME_OID && value == TEXT_OID) ||
           (column == NAME_OID && value == NAME_OID);
}

static bool plain_column(const struct expr *e, const struct rte *rte, int *att)
{
    e = strip_relabel(e);
    if (e->kind != E_VAR || e->var.rte != rte || e->var.att <= 0)
        return false;
    *att = e->var.att;
    return true;
}

static bool as_sarg(const struct rte *rte, struct qual *q, relset have, struct sarg *out)
{
    const struct expr *e = q->expr;
    relset self = (relset)1 << rte->index;
    out->qual = q;
    if (!(q->rels & self) || (q->rels & ~(self | have)) || q->volatile_)
        return false;
    if (e->kind == E_NULLTEST && !e->flag && plain_column(e->args[0], rte, &out->att)) {
        out->strategy = 0;
        out->value = NULL;
        return true;
    }
    if (e->kind == E_SAOP && e->flag && plain_column(e->args[0], rte, &out->att)) {
        const struct cat_amop *am = builtin_btree_strategy(e->op);
        struct rte *r = (struct rte *)rte;
        bool free_of_rte = true;
        (void)r;
        free_of_rte = !expr_mentions(e->args[1], rte);
        out->strategy = 6;
        out->value = e->args[1];
        uint32_t elem = element_type_of(e->args[1]->type);
        return am && am->strategy == 3 && free_of_rte &&
               key_compatible(rte->types[out->att - 1], elem);
    }
    if (e->kind != E_OP || e->nargs != 2)
        return false;
    const struct cat_amop *am = builtin_btree_strategy(e->op);
    if (!am)
        return false;
    for (int side = 0; side < 2; side++) {
        if (!plain_column(e->args[side], rte, &out->att) || expr_mentions(e->args[1 - side], rte))
            continue;
        out->strategy = side == 0 ? am->strategy : 6 - am->strategy;
        out->value = e->args[1 - side];
        uint32_t type = strip_relabel(out->value)->type;
        return key_compatible(rte->types[out->att - 1], type) ||
               key_compatible(rte->types[out->att - 1], out->value->type);
    }
    return false;
}

/* What an index can do with the conditions at hand. */
struct index_match {
    const struct index *index;
    struct index_qual quals[32];
    struct qual *used[32];
    int n;
    int equal;       /* leading columns bound by equality */
    bool unique;     /* at most one row */
};

/* What sargs call the column: an expression by its place in its index. */
static int key_att(const struct index *ix, int col)
{
    return ix->cols[col].attnum ? ix->cols[col].attnum : -1 - col;
}

static void match_index(const struct index *ix, struct sarg *sargs, int nsargs,
                        struct index_match *m)
{
    *m = (struct index_match){.index = ix};
    for (int col = 0; col < ix->nkeys; col++) {
        bool equal = false;
        for (int i = 0; i < nsargs && !equal && m->n < 30; i++) {
            struct sarg *s = &sargs[i];
            if (s->att != key_att(ix, col))
                continue;
            if (s->strategy == 3 || s->strategy == 0 || (s->strategy == 6 && m->n == col)) {
                m->quals[m->n] = (struct index_qual){col, s->strategy, s->value, NULL};
                m->used[m->n++] = s->qual;
                equal = true;
            }
        }
        if (equal) {
            m->equal++;
            if (m->quals[m->n - 1].strategy == 6)
                return; /* several ranges: nothing further can be bound */
            continue;
        }
        for (int i = 0; i < nsargs && m->n < 30; i++) {
            struct sarg *s = &sargs[i];
            if (s->att != key_att(ix, col) || s->strategy == 6 || s->strategy == 0)
                continue;
            m->quals[m->n] = (struct index_qual){col, s->strategy, s->value, NULL};
            m->used[m->n++] = s->qual;
        }
        break;
    }
    bool nulls = false;
    for (int i = 0; i < m->n; i++)
        nulls |= m->quals[i].strategy == 0 || m->quals[i].strategy == 6;
    m->unique = ix->unique && m->equal == ix->nkeys && !nulls;
}

/* Whether reading the index in one direction gives the wanted order. */
static bool index_orders(const struct index *ix, const struct rte *rte, int equal,
                         const struct sort_key *order, int norder, bool *backward)
{
    int col = 0;
    bool decided = false;
    for (int i = 0; i < norder; i++) {
        int att;
        const struct expr *key = order[i].expr;
        if (key->kind == E_VAR && key->var.rte->pulled && key->var.att > 0)
            key = key->var.rte->pulled[key->var.att - 1];
        if (!plain_column(key, rte, &att))
            return false;
        while (col < ix->nkeys && ix->cols[col].attnum != att && col < equal)
            col++;
        if (col >= ix->nkeys || ix->cols[col].attnum != att)
            return false;
        bool flip = order[i].desc != ix->cols[col].desc;
        bool nulls_first = ix->cols[col].nulls_first != flip;
        bool nullable = !rte->rel->atts[att - 1].not_null;
        if (nullable && nulls_first != order[i].nulls_first)
            return false;
        if (decided && flip != *backward)
            return false;
        *backward = flip;
        decided = true;
        col++;
    }
    return true;
}

static int collect_sargs(struct problem *pr, const struct rte *rte, relset have, struct sarg *out,
                         int max)
{
    int n = 0;
    for (int i = 0; i < pr->nquals && n < max; i++)
        if (as_sarg(rte, &pr->quals[i], have, &out[n]))
            n++;
    return n;
}

/* `expression = value` and its like. */
static bool expression_sarg(const struct expr *key, const struct rte *rte, struct qual *q,
                            relset have, struct sarg *out)
{
    const struct expr *e = q->expr;
    relset self = (relset)1 << rte->index;
    if (!(q->rels & self) || (q->rels & ~(self | have)) || q->volatile_)
        return false;
    const struct cat_amop *am =
        e->kind == E_OP && e->nargs == 2 ? builtin_btree_strategy(e->op) : NULL;
    for (int side = 0; am && side < 2; side++) {
        if (!expr_equal(strip_relabel(e->args[side]), strip_relabel(key)) ||
            expr_mentions(e->args[1 - side], rte))
            continue;
        out->strategy = side == 0 ? am->strategy : 6 - am->strategy;
        out->value = e->args[1 - side];
        out->qual = q;
        return key_compatible(key->type, strip_relabel(out->value)->type) ||
               key_compatible(key->type, out->value->type);
    }
    return false;
}

static int expression_sargs(struct problem *pr, struct planner *p, struct rte *rte,
                            const struct index *ix, relset have, struct sarg *out, int max)
{
    int n = 0;
    for (int col = 0; col < ix->nkeys; col++) {
        const struct expr *key = ix->cols[col].attnum ? NULL : index_column_expr(p, rte, ix, col);
        for (int i = 0; key && i < pr->nquals && n < max; i++) {
            if (!expression_sarg(key, rte, &pr->quals[i], have, &out[n]))
                continue;
            out[n++].att = key_att(ix, col);
        }
    }
    return n;
}

static bool has_builtin_rows(const struct relation *r)
{
    const struct datum *rows;
    int n;
    struct err *e = r->system ? systab_builtin_rows(r->oid, &rows, &n) : NULL;
    bool has = !e && r->system && n > 0;
    err_free(e);
    return has;
}

static struct plan *new_index_scan(struct planner *p, struct rte *rte, const struct index_match *m,
                                   bool backward)
{
    struct plan *n = plan_new(p, P_INDEXSCAN);
    n->rte = rte;
    n->index = m->index;
    n->backward = backward;
    n->nquals = m->n;
    n->quals = arena_memdup(p->arena, m->quals, sizeof(m->quals[0]) * (size_t)m->n);
    for (int i = 0; i < m->n; i++)
        n->index_cond = expr_and(p->arena, n->index_cond, m->used[i]->expr);
    return n;
}

static bool is_covered(const struct index_match *m, const struct qual *q)
{
    for (int k = 0; m && k < m->n; k++)
        if (m->used[k] == q && m->quals[k].strategy != 6)
            return true;
    return false;
}

/* Attaches the conditions that can be decided here and are not covered by the index. n->rows, before
 * it all rows, becomes those that are left. */
static void attach_filter(struct problem *pr, struct plan *n, relset here, relset have,
                          const struct index_match *m)
{
    struct conditions all = conditions_new(pr);
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        if ((q->rels & ~(here | have)) || (q->rels && !(q->rels & here)))
            continue;
        if (!q->rels && have)
            continue;
        if (q->rels)
            all.list[all.n++] = q->expr;
        if (!is_covered(m, q))
            n->filter.expr = expr_and(pr->l->p->arena, n->filter.expr, q->expr);
    }
    n->rows = fmax(1, n->rows * sel_conjunction(pr->l, all.list, all.n));
}

/* Rows that an index scan reads. */
static double index_rows(struct problem *pr, const struct index_match *m, double rows)
{
    struct conditions used = conditions_new(pr);
    for (int i = 0; i < m->n; i++) {
        bool again = false;
        for (int k = 0; k < i; k++)
            again |= m->used[k] == m->used[i];
        if (!again)
            used.list[used.n++] = m->used[i]->expr;
    }
    return m->unique ? 1 : fmax(1, rows * sel_conjunction(pr->l, used.list, used.n));
}

/* The cheapest way to read one table, given relations `have` whose columns are known. */
static struct plan *scan_relation(struct problem *pr, struct rte *rte, relset have,
                                  const struct sort_key *order, int norder, double limit,
                                  bool *sorted)
{
    struct planner *p = pr->l->p;
    struct sarg *sargs = arena_new_array(p->arena, struct sarg, 64);
    double rows = rel_rows(pr->l, rte);
    double best_cost = rows * SEQ_ROW_COST;
    double best_rows = rows;
    struct index_match best = {0};
    bool best_backward = false;
    bool best_sorted = false;
    int nsargs = collect_sargs(pr, rte, have, sargs, MAX_SARGS - 8);
    double sort_cost = norder ? rows * 0.02 : 0;
    bool indexable = rte->rel->kind != 'S' && !has_builtin_rows(rte->rel);
    const char *current_of = rte == pr->l->q->target ? pr->l->q->current_of : NULL;
    indexable &= !current_of;
    best_cost += sort_cost;
    for (int i = 0; indexable && i < rte->rel->nindexes; i++) {
        const struct index *ix = &rte->rel->indexes[i];
        struct index_match m;
        bool backward = false;
        if (!ix->valid)
            continue;
        if (ix->pred_sql && !index_predicate_holds(p, rte, ix, pr->quals, pr->nquals))
            continue;
        int nown = expression_sargs(pr, p, rte, ix, have, sargs + nsargs, MAX_SARGS - nsargs);
        match_index(ix, sargs, nsargs + nown, &m);
        bool ordered = norder && index_orders(ix, rte, m.equal, order, norder, &backward);
        for (int k = 0; k < m.n; k++)
            ordered &= m.quals[k].strategy != 6;
        if (!m.n && !ordered)
            continue;
        double read = index_rows(pr, &m, rows);
        double wanted = ordered && limit >= 0 && limit < read ? limit + 1 : read;
        double cost = INDEX_START_COST +
                      wanted * (ix->primary ? INDEX_ROW_COST : SECONDARY_ROW_COST) +
                      (ordered  ? 0
                       : norder ? read * 0.02
                                : 0);
        if (cost >= best_cost)
            continue;
        best = m;
        best_cost = cost;
        best_rows = read;
        best_backward = ordered && backward;
        best_sorted = ordered;
    }
    struct plan *n;
    if (best.index) {
        n = new_index_scan(p, rte, &best, best_backward);
        n->total_cost = INDEX_START_COST + best_rows * INDEX_ROW_COST;
    } else {
        n = plan_new(p, P_SEQSCAN);
        n->rte = rte;
        n->current_of = current_of;
        n->total_cost = rows * SEQ_ROW_COST;
    }
    n->rows = rows;
    attach_filter(pr, n, (relset)1 << rte->index, have, best.index ? &best : NULL);
    if (best.unique)
        n->rows = 1;
    if (sorted)
        *sorted = best_sorted || (norder && best.unique);
    return n;
}

/* ---- leaves ---- */

static struct err *scan_subquery(struct problem *pr, struct rte *rte, struct plan **out)
{
    struct planner *p = pr->l->p;
    struct plan *sub;
    int *slots;
    int n;
    TRY(plan_query(p, pr->l, rte->sub, -1, &sub, &slots, &n));
    struct plan *node = plan_new(p, P_SUBQUERY);
    rte_plan_init(p, rte);
    node->rte = rte;
    node->left = sub;
    node->rows = sub->rows;
    node->startup_cost = sub->startup_cost;
    node->total_cost = sub->total_cost + sub->rows * 0.0025;
    node->exprs = arena_new_array(p->arena, struct plan_expr, n);
    node->slots = arena_new_array(p->arena, int, n);
    for (int i = 0; i < n; i++) {
        struct expr like = {.type = rte->types[i], .typmod = rte->typmods[i]};
        node->slots[i] = rte->base + i;
        node->exprs[i] = (struct plan_expr){slot_expr(p, slots[i], &like), rte->base + i, NULL};
    }
    node->nslots = node->nexprs = n;
    *out = node;
    return NULL;
}

static struct err *scan_values(struct problem *pr, struct rte *rte, struct plan **out)
{
    struct planner *p = pr->l->p;
    struct plan *node = plan_new(p, P_VALUES);
    rte_plan_init(p, rte);
    node->rte = rte;
    node->rows = rte->nrows;
    node->total_cost = rte->nrows * 0.0125;
    node->nexprs = rte->nrows * rte->ncols;
    node->exprs = arena_new_array(p->arena, struct plan_expr, node->nexprs);
    for (int r = 0; r < rte->nrows; r++)
        for (int c = 0; c < rte->ncols; c++) {
            struct plan_expr *x = &node->exprs[r * rte->ncols + c];
            *x = (struct plan_expr){rte->rows[r][c], rte->base + c, NULL};
            TRY(prepare_expr(pr->l, &x->expr));
        }
    *out = node;
    return NULL;
}

static struct err *scan_function(struct problem *pr, struct rte *rte, struct plan **out)
{
    struct planner *p = pr->l->p;
    struct plan *node = plan_new(p, rte->kind == RTE_FUNCTION ? P_FUNCSCAN : P_TABLEFUNC);
    rte_plan_init(p, rte);
    node->rte = rte;
    node->rows = rel_rows(pr->l, rte);
    node->total_cost = node->rows * 0.01;
    node->nexprs = rte->nfuncs;
    node->exprs = arena_new_array(p->arena, struct plan_expr, rte->nfuncs);
    for (int i = 0; i < rte->nfuncs; i++) {
        node->exprs[i] = (struct plan_expr){rte->funcs[i], -1, NULL};
        TRY(prepare_expr(pr->l, &node->exprs[i].expr));
    }
    *out = node;
    return NULL;
}

static struct err *scan_cte(struct problem *pr, struct rte *rte, struct plan **out)
{
    struct planner *p = pr->l->p;
    int number;
    rte_plan_init(p, rte);
    bool working = rte->cte->recursive && rte->cte->number >= 0 && rte->cte->planning;
    if (working)
        number = rte->cte->number;
    else
        TRY(plan_cte_store(p, pr->l, rte->cte, &number));
    struct plan *node = plan_new(p, working ? P_WORKTABLE : P_CTESCAN);
    node->rte = rte;
    node->cte = number;
    node->nslots = rte->ncols;
    node->slots = arena_new_array(p->arena, int, rte->ncols);
    for (int i = 0; i < rte->ncols; i++)
        node->slots[i] = rte->base + i;
    node->rows = 100;
    node->total_cost = 1;
    *out = node;
    return NULL;
}

static struct err *scan_leaf(struct problem *pr, struct rte *rte, struct plan **out)
{
    switch (rte->kind) {
    case RTE_RELATION:
        rte_plan_init(pr->l->p, rte);
        *out = NULL; /* by scan_relation, which knows what is joined before it */
        return NULL;
    case RTE_SUBQUERY:
        return scan_subquery(pr, rte, out);
    case RTE_VALUES:
        return scan_values(pr, rte, out);
    case RTE_FUNCTION:
    case RTE_TABLEFUNC:
        return scan_function(pr, rte, out);
    case RTE_CTE:
        return scan_cte(pr, rte, out);
    case RTE_SETOP:
        break;
    }
    UNREACHABLE();
}

/* ---- pulling up subqueries ---- */

static bool is_simple(const struct query *q)
{
    if (q->kind != Q_SELECT || q->setop != SETOP_NONE || q->has_group || q->distinct || q->norder ||
        q->limit || q->offset || q->has_srf || q->nwfuncs || q->nctes || q->nmarks || !q->nfrom)
        return false;
    for (int i = 0; i < q->ntargets; i++)
        if (expr_is_volatile(q->targets[i].expr) || !q->targets[i].name)
            return false;
    return true;
}

static bool all_columns(const struct query *q)
{
    for (int i = 0; i < q->ntargets; i++)
        if (q->targets[i].expr->kind != E_VAR)
            return false;
    return true;
}

static struct expr **target_exprs(struct arena *a, const struct query *q)
{
    struct expr **list = arena_new_array(a, struct expr *, q->ntargets + 1);
    for (int i = 0; i < q->ntargets; i++)
        list[i] = q->targets[i].expr;
    return list;
}

static struct err *adopt_rtes(struct planning *l, struct query *sub)
{
    for (int i = 0; i < sub->nrtes; i++) {
        if (l->nrels == MAX_RELS)
            return err_new("54001", "cannot join more than %d tables", MAX_RELS);
        sub->rtes[i]->index = l->nrels++;
        ARENA_PUSH(l->p->arena, l->q->rtes, l->q->nrtes, l->q->rtes_cap, sub->rtes[i]);
    }
    return NULL;
}

/* A CTE used once is a subquery. */
static void inline_cte(struct rte *rte)
{
    struct cte *cte = rte->cte;
    if (rte->kind != RTE_CTE || cte->materialized || cte->recursive || cte->query->kind != Q_SELECT)
        return;
    if (cte->uses > 1 && !cte->not_materialized)
        return;
    if (cte->uses > 1)
        return; /* one query tree can't be planned twice */
    for (int i = 0; i < cte->query->ntargets; i++)
        if (expr_is_volatile(cte->query->targets[i].expr))
            return;
    rte->kind = RTE_SUBQUERY;
    rte->sub = cte->query;
}

/* ---- building the problem ---- */

static struct err *add_from(struct problem *pr, struct from_node *f, bool nullable);

static struct err *add_leaf(struct problem *pr, struct rte *rte, bool nullable)
{
    struct planning *l = pr->l;
    inline_cte(rte);
    bool simple = rte->kind == RTE_SUBQUERY && is_simple(rte->sub);
    if (simple && nullable)
        simple = all_columns(rte->sub) && rte->sub->nfrom == 1 && !rte->sub->where &&
                 rte->sub->from[0]->rte;
    if (simple) {
        TRY(adopt_rtes(l, rte->sub));
        rte->pulled = target_exprs(l->p->arena, rte->sub);
        for (int i = 0; i < rte->sub->nfrom; i++)
            TRY(add_from(pr, rte->sub->from[i], nullable));
        return add_condition(pr, rte->sub->where);
    }
    struct item it = {.rels = (relset)1 << rte->index, .rte = rte};
    rte->nullable = nullable;
    rte_plan_init(l->p, rte);
    TRY(scan_leaf(pr, rte, &it.plan));
    for (int i = 0; it.plan && rte->lateral && i < it.plan->nexprs; i++)
        it.requires_ |= expr_rels(l, it.plan->exprs[i].expr, NULL);
    if (rte->lateral && rte->kind == RTE_SUBQUERY)
        it.requires_ |= plan_reads(l, it.plan) & ~it.rels;
    ARENA_PUSH(l->p->arena, pr->items, pr->nitems, pr->items_cap, it);
    return NULL;
}

static struct err *solve(struct problem *pr, const struct sort_key *order, int norder, double limit,
                         struct path *out, bool *sorted);

static relset problem_rels(const struct problem *pr)
{
    relset rels = 0;
    for (int i = 0; i < pr->nitems; i++)
        rels |= pr->items[i].rels;
    return rels;
}

static int *problem_slots(struct problem *pr, relset rels, int *count)
{
    struct planning *l = pr->l;
    int *slots = NULL;
    int cap = 0;
    *count = 0;
    for (int i = 0; i < l->q->nrtes; i++) {
        const struct rte *rte = l->q->rtes[i];
        if (!rte->planned || !(rels & (relset)1 << rte->index))
            continue;
        for (int k = 0; k < rte->ncols; k++) {
            int n = *count;
            ARENA_PUSH(l->p->arena, slots, n, cap, rte->base + k);
            *count = n;
        }
        for (int k = 0; rte->sys_base >= 0 && k < SYSTEM_SLOTS; k++) {
            int n = *count;
            ARENA_PUSH(l->p->arena, slots, n, cap, rte->sys_base + k);
            *count = n;
        }
        if (rte->key_slot >= 0) {
            int n = *count;
            ARENA_PUSH(l->p->arena, slots, n, cap, rte->key_slot);
            *count = n;
        }
    }
    return slots;
}

static bool is_equi(struct problem *pr, const struct qual *q, relset left, relset right,
                    struct expr **lkey, struct expr **rkey, uint32_t *type);

static void add_hash_key(struct planner *p, struct plan *join, struct expr *lkey, struct expr *rkey,
                         uint32_t type)
{
    enum { MAX_HASH_KEYS = 16 };
    if (!join->hash_left) {
        join->hash_left = arena_new_array(p->arena, struct plan_expr, MAX_HASH_KEYS);
        join->hash_right = arena_new_array(p->arena, struct plan_expr, MAX_HASH_KEYS);
        join->hash_types = arena_new_array(p->arena, uint32_t, MAX_HASH_KEYS);
    }
    CHECK(join->nhash < MAX_HASH_KEYS);
    join->hash_left[join->nhash] = (struct plan_expr){lkey, -1, NULL};
    join->hash_right[join->nhash] = (struct plan_expr){rkey, -1, NULL};
    join->hash_types[join->nhash++] = type;
}

/* The left side's plan with the inner table looked up by index for each of its rows, if that is
 * cheaper than hashing it. */
static struct plan *parameterized_inner(struct problem *right, struct problem *on, relset have)
{
    if (right->nitems != 1 || !right->items[0].rte || right->items[0].rte->kind != RTE_RELATION)
        return NULL;
    struct rte *rte = right->items[0].rte;
    struct problem both = *right;
    both.quals = arena_new_array(right->l->p->arena, struct qual, right->nquals + on->nquals + 1);
    both.nquals = 0;
    for (int i = 0; i < right->nquals; i++)
        both.quals[both.nquals++] = right->quals[i];
    for (int i = 0; i < on->nquals; i++)
        both.quals[both.nquals++] = on->quals[i];
    struct plan *scan = scan_relation(&both, rte, have, NULL, 0, -1, NULL);
    return scan->kind == P_INDEXSCAN && scan->nquals ? scan : NULL;
}

static struct err *outer_join(struct problem *pr, struct from_node *f, bool nullable)
{
    struct planning *l = pr->l;
    struct planner *p = l->p;
    struct problem left = {.l = l};
    struct problem right = {.l = l};
    struct problem on = {.l = l};
    bool full = f->kind == JOIN_FULL;
    TRY(add_from(&left, f->left, nullable || full));
    TRY(add_from(&right, f->right, true));
    TRY(add_condition(&on, f->on));
    relset lrels = problem_rels(&left);
    relset rrels = problem_rels(&right);
    /* Conditions on the nullable side alone can be applied before the join. */
    int kept = 0;
    for (int i = 0; i < on.nquals; i++) {
        if (!full && on.quals[i].rels && !(on.quals[i].rels & ~rrels) && !on.quals[i].volatile_)
            ARENA_PUSH(p->arena, right.quals, right.nquals, right.quals_cap, on.quals[i]);
        else
            on.quals[kept++] = on.quals[i];
    }
    on.nquals = kept;
    struct path lp;
    struct path rp;
    TRY(solve(&left, NULL, 0, -1, &lp, NULL));
    struct plan *inner = full ? NULL : parameterized_inner(&right, &on, lrels);
    TRY(solve(&right, NULL, 0, -1, &rp, NULL));
    double nest_cost = inner ? lp.cost + lp.rows * inner->total_cost : 0;
    double hash_cost = lp.cost + rp.cost + (lp.rows + rp.rows) * HASH_ROW_COST;
    bool has_lateral = false;
    for (int i = 0; i < right.nitems; i++)
        has_lateral |= (right.items[i].requires_ & lrels) != 0;
    struct plan *join = plan_new(p, P_NESTLOOP);
    if (inner && nest_cost < hash_cost) {
        join->right = inner;
        join->total_cost = nest_cost;
    } else {
        join->right = rp.plan;
        for (int i = 0; i < on.nquals && !has_lateral; i++) {
            struct expr *lkey;
            struct expr *rkey;
            uint32_t type;
            if (is_equi(pr, &on.quals[i], lrels, rrels, &lkey, &rkey, &type) && join->nhash < 16)
                add_hash_key(p, join, lkey, rkey, type);
            else
                join->join_filter.expr =
                    expr_and(p->arena, join->join_filter.expr, on.quals[i].expr);
        }
        if (join->nhash) {
            join->kind = P_HASHJOIN;
        } else {
            if (full && on.nquals)
                return err_unsupported("FULL JOIN is only supported with merge-joinable or "
                                       "hash-joinable join conditions");
            for (int i = 0; has_lateral && i < on.nquals; i++)
                join->join_filter.expr =
                    expr_and(p->arena, join->join_filter.expr, on.quals[i].expr);
            if (!has_lateral) {
                struct plan *m = plan_new(p, P_MATERIAL);
                m->left = rp.plan;
                m->rows = rp.rows;
                m->total_cost = rp.cost;
                join->right = m;
            }
        }
        join->total_cost = hash_cost;
    }
    join->left = lp.plan;
    join->join = f->kind;
    join->rows = lp.rows > rp.rows ? lp.rows : rp.rows;
    join->null_slots = problem_slots(&right, rrels, &join->nnull_slots);
    if (full)
        join->left_null_slots = problem_slots(&left, lrels, &join->nleft_null_slots);
    struct item it = {.rels = lrels | rrels, .plan = join};
    ARENA_PUSH(p->arena, pr->items, pr->nitems, pr->items_cap, it);
    return NULL;
}

static struct err *add_from(struct problem *pr, struct from_node *f, bool nullable)
{
    if (f->rte)
        return add_leaf(pr, f->rte, nullable);
    if (f->kind == JOIN_INNER) {
        TRY(add_from(pr, f->left, nullable));
        TRY(add_from(pr, f->right, nullable));
        return add_condition(pr, f->on);
    }
    return outer_join(pr, f, nullable);
}

/* ---- joining ---- */

/* `left key = right key` with a hashable type. */
static bool is_equi(struct problem *pr, const struct qual *q, relset left, relset right,
                    struct expr **lkey, struct expr **rkey, uint32_t *type)
{
    const struct expr *e = q->expr;
    if (e->kind != E_OP || e->nargs != 2 || q->volatile_)
        return false;
    const struct cat_oper *op = builtin_oper(e->op);
    const struct cat_amop *am = builtin_btree_strategy(e->op);
    if (!op || !op->can_hash || !am || am->strategy != 3)
        return false;
    bool outer;
    relset a = expr_rels(pr->l, e->args[0], &outer);
    relset b = expr_rels(pr->l, e->args[1], &outer);
    uint32_t lt = op->left;
    uint32_t rt = op->right;
    bool ints = (lt == INT2_OID || lt == INT4_OID || lt == INT8_OID) &&
                (rt == INT2_OID || rt == INT4_OID || rt == INT8_OID);
    if ((lt != rt && !ints) || !a || !b)
        return false;
    *type = ints ? INT8_OID : lt;
    const struct type_ops *ops = type_by_oid(element_type_of(*type) ? e->args[0]->type : *type);
    if (!ops || !ops->hash || !ops->compare)
        return false;
    *type = ops->oid;
    if (!(a & ~left) && !(b & ~right)) {
        *lkey = e->args[0];
        *rkey = e->args[1];
        return true;
    }
    if (!(b & ~left) && !(a & ~right)) {
        *lkey = e->args[1];
        *rkey = e->args[0];
        return true;
    }
    return false;
}

/* A condition `left = right` that joins two sets. */
struct join_key {
    struct expr *sides[2];
    bool done;
};

/* The column, if it is one of a table. */
static const struct expr *key_column(const struct expr *e)
{
    e = strip_relabel(e);
    return e->kind == E_VAR && e->var.rte->kind == RTE_RELATION && e->var.att > 0 ? e : NULL;
}

/* Whether the keys not yet done bind all columns of the unique index; marks those that do. */
static bool binds_index(struct join_key *keys, int n, const struct rte *rte, const struct index *ix,
                        bool mark)
{
    for (int col = 0; col < ix->nkeys; col++) {
        bool bound = false;
        for (int i = 0; i < n; i++)
            for (int side = 0; side < 2; side++) {
                const struct expr *c = key_column(keys[i].sides[side]);
                if ((keys[i].done && !mark) || !c || c->var.rte != rte ||
                    c->var.att != ix->cols[col].attnum)
                    continue;
                bound = true;
                keys[i].done |= mark;
            }
        if (!bound)
            return false;
    }
    return true;
}

/* Keys that bind a unique index find at most one row of its table for each row of the other side. */
static double unique_selectivity(struct problem *pr, struct join_key *keys, int n)
{
    double sel = 1;
    for (int i = 0; i < n; i++)
        for (int side = 0; side < 2; side++) {
            const struct expr *c = key_column(keys[i].sides[side]);
            for (int k = 0; c && !keys[i].done && k < c->var.rte->rel->nindexes; k++) {
                const struct index *ix = &c->var.rte->rel->indexes[k];
                if (!ix->unique || !ix->valid || ix->pred_sql ||
                    !binds_index(keys, n, c->var.rte, ix, false))
                    continue;
                (void)binds_index(keys, n, c->var.rte, ix, true);
                sel /= fmax(1, rel_rows(pr->l, c->var.rte));
            }
        }
    return sel;
}

static double key_selectivity(struct problem *pr, const struct join_key *key, double lrows,
                              double rrows)
{
    double d = fmax(sel_distinct(pr->l, key->sides[0]), sel_distinct(pr->l, key->sides[1]));
    return 1 / fmax(1, d > 0 ? d : fmax(lrows, rrows));
}

/* Selectivity of the conditions that join two sets; how many are keys, and how many are not. */
static double join_selectivity(struct problem *pr, relset left, relset right, int *nequi,
                               int *nother, double lrows, double rrows)
{
    struct join_key *keys = arena_new_array(pr->l->p->arena, struct join_key, pr->nquals + 1);
    struct conditions others = conditions_new(pr);
    *nequi = *nother = 0;
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        struct join_key *key = &keys[*nequi];
        uint32_t type;
        if ((q->rels & ~(left | right)) || !(q->rels & left) || !(q->rels & right))
            continue;
        bool equi = is_equi(pr, q, left, right, &key->sides[0], &key->sides[1], &type);
        *nother += !equi;
        if (equi)
            (*nequi)++;
        else if (!q->weighed)
            others.list[others.n++] = q->expr;
    }
    double sel = sel_conjunction(pr->l, others.list, others.n);
    sel *= unique_selectivity(pr, keys, *nequi);
    for (int i = 0; i < *nequi; i++)
        if (!keys[i].done)
            sel *= key_selectivity(pr, &keys[i], lrows, rrows);
    return sel;
}

/* Applies the conditions that both sides together decide, except those used as keys. */
static void join_conditions(struct problem *pr, struct plan *join, relset left, relset right,
                            bool hash, const struct plan *inner_scan)
{
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        struct expr *a;
        struct expr *b;
        uint32_t type;
        if ((q->rels & ~(left | right)) || !(q->rels & left) || !(q->rels & right))
            continue;
        if (inner_scan)
            continue; /* the inner scan applies all of them */
        if (hash && join->nhash < 16 && is_equi(pr, q, left, right, &a, &b, &type))
            add_hash_key(pr->l->p, join, a, b, type);
        else
            join->filter.expr = expr_and(pr->l->p->arena, join->filter.expr, q->expr);
    }
}

/* The ways to join two sets; the cheapest becomes a path. `it` is the right side's single item, if
 * it is one. */
static bool join_pair(struct problem *pr, const struct path *left, const struct path *right,
                      const struct item *it, struct path *best)
{
    struct planner *p = pr->l->p;
    int nequi;
    int nother;
    double sel =
        join_selectivity(pr, left->rels, right->rels, &nequi, &nother, left->rows, right->rows);
    double rows = fmax(1, left->rows * right->rows * sel);
    bool lateral = it && (it->requires_ & left->rels);
    bool found = false;
    if (nequi && !lateral) {
        double cost = left->cost + right->cost + right->rows * HASH_ROW_COST +
                      left->rows * JOIN_ROW_COST + rows * JOIN_ROW_COST;
        if (cost < best->cost) {
            struct plan *j = plan_new(p, P_HASHJOIN);
            join_conditions(pr, j, left->rels, right->rels, true, NULL);
            j->left = left->plan;
            j->right = right->plan;
            *best = (struct path){left->rels | right->rels, j, rows, cost};
            found = true;
        }
    }
    if (it && it->rte && it->rte->kind == RTE_RELATION && (nequi || nother)) {
        struct plan *inner = scan_relation(pr, it->rte, left->rels, NULL, 0, -1, NULL);
        double cost = left->cost + left->rows * (inner->total_cost + JOIN_ROW_COST);
        if (inner->kind == P_INDEXSCAN && inner->nquals && cost < best->cost) {
            struct plan *j = plan_new(p, P_NESTLOOP);
            j->left = left->plan;
            j->right = inner;
            *best = (struct path){left->rels | right->rels, j,
                                  fmax(1, fmin(rows, left->rows * inner->rows)), cost};
            found = true;
        }
    }
    double cost = left->cost + right->cost + left->rows * right->rows * JOIN_ROW_COST +
                  (lateral ? left->rows * right->cost : 0);
    if (cost < best->cost) {
        struct plan *j = plan_new(p, P_NESTLOOP);
        join_conditions(pr, j, left->rels, right->rels, false, NULL);
        j->left = left->plan;
        j->right = right->plan;
        if (!lateral) {
            struct plan *m = plan_new(p, P_MATERIAL);
            m->left = right->plan;
            m->rows = right->rows;
            m->startup_cost = right->plan->startup_cost;
            m->total_cost = right->cost + right->rows * 0.005;
            j->right = m;
        }
        *best = (struct path){left->rels | right->rels, j, rows, cost};
        found = true;
    }
    if (found) {
        best->plan->rows = best->rows;
        best->plan->total_cost = best->cost;
        best->plan->startup_cost = left->plan->startup_cost;
        best->plan->join = JOIN_INNER;
    }
    return found;
}

static struct path item_path(struct problem *pr, struct item *it, const struct sort_key *order,
                             int norder, double limit, bool *sorted)
{
    struct path path = {.rels = it->rels, .plan = it->plan};
    if (it->rte && it->rte->kind == RTE_RELATION)
        path.plan = scan_relation(pr, it->rte, 0, order, norder, limit, sorted);
    else
        attach_filter(pr, path.plan, it->rels, it->requires_, NULL);
    path.rows = path.plan->rows;
    path.cost = path.plan->total_cost;
    return path;
}

static bool allowed(const struct problem *pr, const struct path *left, int item)
{
    relset need = pr->items[item].requires_ & problem_rels(pr);
    return !(need & ~left->rels);
}

/* Left-deep and bushy trees over all subsets. */
static struct err *solve_dp(struct problem *pr, struct path *leaves, struct path *out)
{
    int n = pr->nitems;
    struct path *best = arena_new_array(pr->l->p->arena, struct path, 1u << n);
    for (int i = 0; i < n; i++)
        best[1u << i] = leaves[i];
    for (unsigned set = 1; set < 1u << n; set++) {
        if (!(set & (set - 1)))
            continue;
        struct path b = {.cost = INFINITY};
        for (unsigned right = (set - 1) & set; right; right = (right - 1) & set) {
            unsigned left = set & ~right;
            bool single = !(right & (right - 1));
            int k = __builtin_ctz(right);
            if (!best[left].plan || !best[right].plan)
                continue;
            bool ok = true;
            for (int i = 0; ok && i < n; i++) {
                if (!(set & 1u << i) || !pr->items[i].requires_)
                    continue;
                relset need = pr->items[i].requires_ & problem_rels(pr);
                bool in_right = right & 1u << i;
                /* A lateral item joins as the single right side of what it needs, or after it. */
                ok = in_right
                         ? (single && !(need & ~best[left].rels)) || !(need & ~best[right].rels)
                         : !(need & ~best[left].rels);
            }
            if (ok)
                join_pair(pr, &best[left], &best[right], single ? &pr->items[k] : NULL, &b);
        }
        best[set] = b;
        TRY(fiber_tick());
    }
    *out = best[(1u << n) - 1];
    if (!out->plan)
        return err_new("XX000", "could not find a join order");
    return NULL;
}

/* Many items: always the join that gives the cheapest plan next. */
static struct err *solve_greedy(struct problem *pr, struct path *leaves, struct path *out)
{
    int n = pr->nitems;
    bool *done = arena_new_array(pr->l->p->arena, bool, n);
    int first = -1;
    for (int i = 0; i < n; i++)
        if (!(pr->items[i].requires_ & problem_rels(pr)) &&
            (first < 0 || leaves[i].rows < leaves[first].rows))
            first = i;
    if (first < 0)
        return err_new("XX000", "could not find a join order");
    struct path at_path = leaves[first];
    done[first] = true;
    for (int step = 1; step < n; step++) {
        struct path b = {.cost = INFINITY};
        int chosen = -1;
        for (int i = 0; i < n; i++) {
            if (done[i] || !allowed(pr, &at_path, i))
                continue;
            if (join_pair(pr, &at_path, &leaves[i], &pr->items[i], &b))
                chosen = i;
        }
        if (chosen < 0)
            return err_new("XX000", "could not find a join order");
        done[chosen] = true;
        at_path = b;
        TRY(fiber_tick());
    }
    *out = at_path;
    return NULL;
}

static struct err *solve(struct problem *pr, const struct sort_key *order, int norder, double limit,
                         struct path *out, bool *sorted)
{
    int n = pr->nitems;
    struct path *leaves = arena_new_array(pr->l->p->arena, struct path, n);
    for (int i = 0; i < n; i++)
        leaves[i] = item_path(pr, &pr->items[i], n == 1 ? order : NULL, n == 1 ? norder : 0, limit,
                              n == 1 ? sorted : NULL);
    if (n == 1) {
        *out = leaves[0];
        return NULL;
    }
    return n <= MAX_DP_ITEMS ? solve_dp(pr, leaves, out) : solve_greedy(pr, leaves, out);
}

/* ---- entry ---- */

static struct err *from_nothing(struct planning *l, struct plan **out)
{
    struct planner *p = l->p;
    struct plan *n = plan_new(p, P_RESULT);
    n->rows = 1;
    n->total_cost = 0.01;
    n->filter.expr = l->q->where;
    if (l->q->where)
        TRY(prepare_expr(l, &n->filter.expr));
    *out = n;
    return NULL;
}

struct err *plan_from(struct planning *l, const struct sort_key *order, int norder, double limit,
                      struct plan **out, bool *sorted)
{
    struct query *q = l->q;
    struct problem pr = {.l = l};
    struct path path;
    if (sorted)
        *sorted = false;
    if (q->nrtes > MAX_RELS)
        return err_new("54001", "cannot join more than %d tables", MAX_RELS);
    for (int i = 0; i < q->nrtes; i++)
        q->rtes[i]->index = i;
    l->nrels = q->nrtes;
    if (!q->nfrom)
        return from_nothing(l, out);
    for (int i = 0; i < q->nfrom; i++)
        TRY(add_from(&pr, q->from[i], false));
    TRY(add_condition(&pr, q->where));
    for (int i = 0; i < pr.nquals; i++)
        l->all_quals = expr_and(l->p->arena, l->all_quals, pr.quals[i].expr);
    TRY(solve(&pr, order, norder, limit, &path, sorted));
    /* Conditions on no relation at all (parameters, outer columns) decide once. */
    struct expr *once = NULL;
    for (int i = 0; i < pr.nquals; i++)
        if (!pr.quals[i].rels && pr.nitems > 1)
            once = expr_and(l->p->arena, once, pr.quals[i].expr);
    *out = path.plan;
    if (once) {
        struct plan *n = plan_new(l->p, P_RESULT);
        n->left = path.plan;
        n->filter.expr = once;
        n->rows = path.rows;
        n->total_cost = path.cost;
        *out = n;
    }
    return NULL;
}
