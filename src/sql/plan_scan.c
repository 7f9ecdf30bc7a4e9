/* Access paths of single tables: sequential scans, and indexes with what the conditions bind. */
#include "sql/plan_from.h"

#include "catalog/systab.h"

#include <math.h>

#define SEQ_ROW_COST 0.011
#define INDEX_START_COST 0.3
#define INDEX_ROW_COST 0.02
#define SECONDARY_ROW_COST 0.05 /* with the look-up of the row itself */

/* ---- index access ---- */

/* A condition `column op value` for a column of `rte`, with the value free of `rte`. */
enum { MAX_SARGS = 64 };

struct sarg {
    int att;
    int strategy; /* as in struct index_qual */
    struct expr *value;
    struct qual *qual;
};

/* The key is encoded as the column's type: other types of the same family must encode alike. */
bool key_compatible(uint32_t column, uint32_t value)
{
    if (column == value)
        return true;
    bool ints = is_integer_type(column) && is_integer_type(value);
    bool strings = (column == TEXT_OID || column == VARCHAR_OID) &&
                   (value == TEXT_OID || value == VARCHAR_OID);
    return ints || strings || (column == NAME_OID && value == TEXT_OID);
}

static bool plain_column(const struct expr *e, const struct rte *rte, int *att)
{
    e = strip_relabel(e);
    if (e->kind != E_VAR || e->var.rte != rte || e->var.att <= 0)
        return false;
    *att = e->var.att;
    return true;
}

/* A date column compared with a constant timestamp is compared with that day. */
static bool date_bound(struct planner *p, struct sarg *s)
{
    const int64_t day_us = 86400000000;
    const struct expr *value = strip_relabel(s->value);
    if (value->kind != E_CONST || value->type != TIMESTAMP_OID || value->value.null)
        return false;
    int64_t us = value->value.i;
    int64_t day = us / day_us - (us % day_us < 0);
    bool midnight = day * day_us == us;
    if (us == INT64_MIN || us == INT64_MAX || (s->strategy == 3 && !midnight))
        return false;
    if (!midnight && s->strategy == 1)
        s->strategy = 2;
    else if (!midnight && s->strategy == 4)
        s->strategy = 5;
    s->value = expr_const(p->arena, DATE_OID, -1, datum_int(day), value->location);
    return true;
}

static bool as_sarg(struct planner *p, const struct rte *rte, struct qual *q, relset have,
                    struct sarg *out)
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
        bool free_of_rte = !expr_mentions(e->args[1], rte);
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
        uint32_t column = rte->types[out->att - 1];
        return key_compatible(column, strip_relabel(out->value)->type) ||
               key_compatible(column, out->value->type) ||
               (column == DATE_OID && date_bound(p, out));
    }
    return false;
}

/* What an index can do with the conditions at hand. */
struct index_match {
    const struct index *index;
    struct index_qual quals[32];
    struct qual *used[32];
    int n;
    int equal;   /* leading columns bound by equality */
    bool unique; /* at most one row */
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
        if (as_sarg(pr->l->p, rte, &pr->quals[i], have, &out[n]))
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

/* Attaches the conditions that can be decided here and are not covered by the index. n->rows,
 * before it all rows, becomes those that are left. */
static void attach_rest(struct problem *pr, struct plan *n, relset here, relset have,
                        const struct index_match *m)
{
    struct conditions all = conditions_new(pr);
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        if ((q->rels & ~(here | have)) || !(q->rels & here) || q->late)
            continue;
        all.list[all.n++] = q->expr;
        if (!is_covered(m, q))
            n->filter.expr = expr_and(pr->l->p->arena, n->filter.expr, q->expr);
    }
    n->rows = fmax(1, n->rows * sel_conjunction(pr->l, all.list, all.n));
}

void attach_filter(struct problem *pr, struct plan *n, relset here, relset have)
{
    attach_rest(pr, n, here, have, NULL);
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
struct plan *scan_relation(struct problem *pr, struct rte *rte, relset have,
                           const struct sort_key *order, int norder, double limit, bool *sorted)
{
    struct planner *p = pr->l->p;
    struct sarg *sargs = arena_new_array(p->arena, struct sarg, 64);
    double rows = sel_table_rows(pr->l, rte);
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
    attach_rest(pr, n, (relset)1 << rte->index, have, best.index ? &best : NULL);
    if (best.unique)
        n->rows = 1;
    if (sorted)
        *sorted = best_sorted || (norder && best.unique);
    return n;
}
