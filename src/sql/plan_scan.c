/* What the conditions on a table bind of its indexes. */
#include "sql/plan_from.h"

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

/* What sargs call the column: an expression by its place in its index. */
static int key_att(const struct index *ix, int col)
{
    return ix->cols[col].attnum ? ix->cols[col].attnum : -1 - col;
}

void match_index(const struct index *ix, struct sarg *sargs, int nsargs, struct index_match *m)
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
bool index_orders(const struct index *ix, const struct rte *rte, int equal,
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

int collect_sargs(struct problem *pr, const struct rte *rte, relset have, struct sarg *out, int max)
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

int expression_sargs(struct problem *pr, struct planner *p, struct rte *rte, const struct index *ix,
                     relset have, struct sarg *out, int max)
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
