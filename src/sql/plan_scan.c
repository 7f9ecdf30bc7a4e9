/* Access paths of single tables: sequential scans, and indexes with what the conditions bind. */
#include "sql/plan_from.h"

#include "catalog/systab.h"
#include "types/collation.h"

#include <math.h>

/* Costs are about 12 us each. A row that an index points to lies anywhere: the larger the table,
 * the more of the way to it is not in the processor's caches. */
#define SEQ_ROW_COST 0.011
#define SEQ_COLUMN_COST 0.0002
#define INDEX_START_COST 0.3
#define INDEX_ROW_COST 0.02 /* of the primary key */
#define ENTRY_COST 0.011    /* of others */

/* ---- index access ---- */

/* A condition `column op value` for a column of `rte`, with the value free of `rte`. */
enum { MAX_SARGS = 64 };

struct sarg {
    int att;
    int strategy; /* as in struct index_qual */
    struct expr *value;
    struct qual *qual;
    uint32_t collation; /* by which it compares; 0: by bytes */
};

/* The collation of an index column's order; 0: that of the bytes. */
static uint32_t index_col_order(const struct index_col *col)
{
    return col->ops->collation ? col->collation : 0;
}

static uint32_t order_of(struct expr *e)
{
    const struct cat_proc *p = builtin_proc(e->func);
    bool pattern = p && (str_starts_with(p->src, STR("text_pattern_")) ||
                         str_starts_with(p->src, STR("bpchar_pattern_")));
    return pattern ? 0 : expr_input_collation(e);
}

/* Whether an index column's order serves a comparison; equality is the same in all deterministic
 * collations. */
static bool serves(const struct index_col *col, const struct sarg *s)
{
    uint32_t own = index_col_order(col);
    if (s->strategy == 0 || s->strategy == 7 || collation_same_order(own, s->collation))
        return s->collation != CONFLICTING_COLLATIONS;
    return (s->strategy == 3 || s->strategy == 6) && s->collation != CONFLICTING_COLLATIONS &&
           !collation_is_nondeterministic(own) && !collation_is_nondeterministic(s->collation);
}

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
    out->collation = 0;
    if (!(q->rels & self) || (q->rels & ~(self | have)) || q->volatile_)
        return false;
    if (e->kind == E_NULLTEST && !type_is_record(type_by_oid(e->args[0]->type)) &&
        plain_column(e->args[0], rte, &out->att)) {
        out->strategy = e->flag ? 7 : 0;
        out->value = NULL;
        return true;
    }
    if (e->kind == E_SAOP && e->flag && plain_column(e->args[0], rte, &out->att)) {
        const struct cat_amop *am = builtin_btree_strategy(e->op);
        bool free_of_rte = !expr_mentions(e->args[1], rte);
        out->strategy = 6;
        out->value = e->args[1];
        out->collation = order_of(q->expr);
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
        out->collation = order_of(q->expr);
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

/* A hash index finds what is equal to one value. */
static bool can_use(const struct index *ix, int col, const struct sarg *s)
{
    return (ix->am != HASH_AM || s->strategy == 3) && serves(&ix->cols[col], s);
}

static void match_sargs(const struct index *ix, struct sarg *sargs, int nsargs,
                        struct index_match *m)
{
    *m = (struct index_match){.index = ix};
    for (int col = 0; col < ix->nkeys; col++) {
        bool equal = false;
        for (int i = 0; i < nsargs && !equal && m->n < 30; i++) {
            struct sarg *s = &sargs[i];
            if (s->att != key_att(ix, col) || !can_use(ix, col, s))
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
            if (s->att != key_att(ix, col) || !can_use(ix, col, s) || s->strategy == 6 ||
                s->strategy == 0)
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

/* Whether the index column that is due is the key's, and which way it has to be read. *col moves to
 * it, over columns that are bound to one value. */
static bool orders_by(const struct index *ix, const struct rte *rte, const struct index_match *m,
                      const struct sort_key *want, int *col, bool *flip)
{
    int att;
    const struct expr *key = want->expr;
    if (key->kind == E_VAR && key->var.rte->pulled && key->var.att > 0)
        key = key->var.rte->pulled[key->var.att - 1];
    if (!plain_column(key, rte, &att))
        return false;
    while (*col < ix->nkeys && ix->cols[*col].attnum != att && *col < m->equal)
        ++*col;
    if (*col >= ix->nkeys || ix->cols[*col].attnum != att ||
        !collation_same_order(index_col_order(&ix->cols[*col]), want->expr->collation))
        return false;
    *flip = want->desc != ix->cols[*col].desc;
    bool nulls_first = ix->cols[*col].nulls_first != *flip;
    bool not_null = rte->rel->atts[att - 1].not_null;
    for (int i = 0; i < m->n; i++)
        not_null |= m->quals[i].column == *col && m->quals[i].strategy;
    return not_null || nulls_first == want->nulls_first;
}

/* In how many of the wanted keys' order reading the index in one direction gives the rows. */
static int index_orders(const struct planner *p, const struct index *ix, const struct rte *rte,
                        const struct index_match *m, const struct want *want, bool *backward)
{
    int n = 0;
    for (int k = 0; k < m->n; k++)
        if (m->quals[k].strategy == 6)
            return 0;
    for (int col = 0; n < want->norder; n++, col++) {
        bool flip;
        if (!orders_by(ix, rte, m, &want->order[n], &col, &flip) || (n > 0 && flip != *backward))
            break;
        *backward = flip;
    }
    if (n < want->norder && (p->cat->plans_off & PLAN_INCREMENTAL_SORT))
        n = 0;
    *backward &= n > 0;
    return n;
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
        out->collation = order_of(q->expr);
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

void match_index(struct problem *pr, struct rte *rte, const struct index *ix, relset have,
                 struct index_match *m)
{
    struct planner *p = pr->l->p;
    int cap = pr->nquals < MAX_SARGS / 2 ? 2 * pr->nquals : MAX_SARGS;
    struct sarg *sargs = arena_new_array(p->arena, struct sarg, cap + 1);
    int n = collect_sargs(pr, rte, have, sargs, cap);
    n += expression_sargs(pr, p, rte, ix, have, sargs + n, cap - n);
    match_sargs(ix, sargs, n, m);
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

void set_index(struct planner *p, struct plan *n, struct rte *rte, const struct index_match *m)
{
    n->rte = rte;
    n->index = m->index;
    n->nquals = m->n;
    n->quals = arena_memdup(p->arena, m->quals, sizeof(m->quals[0]) * (size_t)m->n);
    for (int i = 0; i < m->n; i++)
        n->index_cond = expr_and(p->arena, n->index_cond, m->used[i]->expr);
}

/* Conditions that hold for every row that a scan gives. */
struct covered {
    struct qual **list;
    int n;
};

static struct covered covered_by(struct planner *p, const struct index_match *m)
{
    struct covered c = {arena_new_array(p->arena, struct qual *, m->n + 1), 0};
    for (int k = 0; k < m->n; k++)
        if (m->quals[k].strategy != 6)
            c.list[c.n++] = m->used[k];
    return c;
}

static bool is_covered(const struct covered *c, const struct qual *q)
{
    for (int k = 0; c && k < c->n; k++)
        if (c->list[k] == q)
            return true;
    return false;
}

static struct err *find_unknown(struct expr **ref, void *arg)
{
    bool *found = arg;
    switch ((*ref)->kind) {
    case E_VAR:
    case E_SLOT:
    case E_SUBLINK:
    case E_SUBPLAN:
    case E_AGG:
    case E_WINDOW:
    case E_GROUPING:
        *found = true;
        return NULL;
    default: /* as known as its parts */
        return expr_children(*ref, find_unknown, arg);
    }
}

/* Made of constants, parameters and what is stable, such as now(): a condition with anything
 * volatile in it is none to be handed down. */
static bool known_at_start(struct expr *e)
{
    bool found = false;
    struct err *never = find_unknown(&e, &found);
    CHECK(never == NULL);
    return !found;
}

/* What a table function may leave rows out by: it is a condition on them nevertheless. */
static void hand_down(struct planner *p, struct plan *n, struct qual *q)
{
    struct sarg s;
    if (!as_sarg(p, n->rte, q, 0, &s) || (s.value && !known_at_start(s.value)))
        return;
    struct index_qual *all = arena_new_array(p->arena, struct index_qual, n->nquals + 1);
    if (n->nquals)
        memcpy(all, n->quals, (size_t)n->nquals * sizeof(*all));
    all[n->nquals++] = (struct index_qual){s.att - 1, s.strategy, s.value, NULL};
    n->quals = all;
}

/* Attaches the conditions that can be decided here and are not covered by the scan. n->rows,
 * before it all rows, becomes those that are left. */
static void attach_rest(struct problem *pr, struct plan *n, relset here, relset have,
                        const struct covered *covered)
{
    struct conditions all = conditions_new(pr);
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        if ((q->rels & ~(here | have)) || !(q->rels & here) || q->late)
            continue;
        all.list[all.n++] = q->expr;
        if (!is_covered(covered, q))
            n->filter.expr = expr_and(pr->l->p->arena, n->filter.expr, q->expr);
        if (n->kind == P_TABLEFUNC)
            hand_down(pr->l->p, n, q);
    }
    n->rows = fmax(1, n->rows * sel_conjunction(pr->l, all.list, all.n));
}

void attach_filter(struct problem *pr, struct plan *n, relset here, relset have)
{
    attach_rest(pr, n, here, have, NULL);
}

/* Rows that an index scan reads. */
double index_rows(struct problem *pr, const struct index_match *m, double rows)
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

/* Of a row that an index points to. */
static double fetch_cost(double table_rows)
{
    return 0.035 + 0.009 * log2(1 + table_rows / 1000);
}

/* Of rows that are fetched in their order: neighbours share pages. */
double source_rows_cost(const struct row_source *s, double table_rows)
{
    enum { NEAR_ROWS = 8 };
    double apart = table_rows / fmax(1, s->rows);
    double far = fetch_cost(table_rows) - 0.035;
    return s->rows * (0.03 + far * 0.8 * fmin(1, apart / NEAR_ROWS));
}

/* A way to read a table. */
struct access {
    struct index_match match; /* index NULL: all of it */
    double total;             /* to the end, in whatever order */
    double cost;              /* of what is wanted of it, with what putting it in order costs */
    double rows;              /* that are read */
    bool backward;
    int nsorted; /* of the wanted keys */
    bool only;   /* the entries are all that is needed */
};

/* What is common to the ways to read a table. */
struct reading {
    struct problem *pr;
    struct rte *rte;
    relset have;
    const struct want *want;
    double rows; /* of the table */
    double left; /* of those, when all conditions are applied */
};

/* Rows that are left when all conditions that can be decided on the table are. */
static double rows_left(struct problem *pr, const struct rte *rte, relset have, double rows)
{
    struct conditions all = conditions_new(pr);
    relset self = (relset)1 << rte->index;
    for (int i = 0; i < pr->nquals; i++) {
        const struct qual *q = &pr->quals[i];
        if ((q->rels & self) && !(q->rels & ~(self | have)) && !q->late)
            all.list[all.n++] = q->expr;
    }
    return fmax(1, rows * sel_conjunction(pr->l, all.list, all.n));
}

static bool usable(struct problem *pr, struct rte *rte, const struct index *ix)
{
    return ix->valid &&
           (!ix->pred_sql || index_predicate_holds(pr->l->p, rte, ix, pr->quals, pr->nquals));
}

/* A single row is in any order, and a join of it in that of the first keys that only it decides. */
static int leading_keys_of(const struct reading *r)
{
    relset self = (relset)1 << r->rte->index;
    int n = 0;
    bool outer;
    while (n < r->want->norder && !expr_is_volatile(r->want->order[n].expr) &&
           !(expr_rels(r->pr->l, r->want->order[n].expr, &outer) & ~self))
        n++;
    return n;
}

/* Takes the index in place of *best if it is cheaper. */
static void try_index(const struct reading *r, const struct index *ix, struct access *best)
{
    struct planner *p = r->pr->l->p;
    struct access a = {0};
    if (index_is_inverted(ix) || ix->am == BRIN_AM || !usable(r->pr, r->rte, ix))
        return;
    match_index(r->pr, r->rte, ix, r->have, &a.match);
    const struct index_match *m = &a.match;
    if (ix->am == BTREE_AM)
        a.nsorted = index_orders(p, ix, r->rte, m, r->want, &a.backward);
    a.only = entries_suffice(p, r->rte, ix);
    if (!m->n && !a.nsorted && (!a.only || ix->primary))
        return;
    if (m->unique)
        a.nsorted = leading_keys_of(r);
    a.rows = index_rows(r->pr, m, r->rows);
    double row = a.only        ? ENTRY_COST * 0.95
                 : ix->primary ? INDEX_ROW_COST
                               : ENTRY_COST + fetch_cost(r->rows);
    a.total = INDEX_START_COST + a.rows * row;
    a.cost = cost_when(p, PLAN_INDEXSCAN,
                       wanted_cost(r->pr->l, r->want, 0, a.total, r->left, a.nsorted));
    if (a.cost < best->cost)
        *best = a;
}

static struct plan *new_scan(struct planner *p, struct rte *rte, const struct access *a,
                             const char *current_of)
{
    struct plan *n = plan_new(p, a->match.index ? P_INDEXSCAN : P_SEQSCAN);
    n->rte = rte;
    n->current_of = current_of;
    n->backward = a->backward;
    n->index_only = a->only;
    if (a->match.index)
        set_index(p, n, rte, &a->match);
    n->total_cost = a->total;
    return n;
}

/* The part of the rows that a sample has, as far as is known now. */
static double sample_part(const struct rte *rte)
{
    const struct expr *e = rte->sample ? rte->funcs[0] : NULL;
    if (!e)
        return 1;
    double part = e->kind == E_CONST && !e->value.null ? (double)e->value.f32 / 100 : 0.1;
    return part >= 0 && part <= 1 ? part : 0.1;
}

static void set_sample(struct planner *p, struct plan *n, const struct rte *rte)
{
    if (!rte->sample)
        return;
    n->nexprs = rte->nfuncs;
    n->exprs = arena_new_array(p->arena, struct plan_expr, rte->nfuncs);
    for (int i = 0; i < rte->nfuncs; i++)
        n->exprs[i] = (struct plan_expr){rte->funcs[i], -1, NULL};
}

/* Whether the rows that it names are just those for which its conditions hold. */
static bool is_exact(const struct plan *source)
{
    bool exact = source->kind != P_BITMAPINDEX || !index_is_inverted(source->index);
    for (int i = 0; i < source->ninputs; i++)
        exact &= is_exact(source->inputs[i]);
    return exact;
}

static struct plan *new_bitmap_scan(struct planner *p, struct rte *rte,
                                    const struct row_source *source, double total)
{
    struct plan *n = plan_new(p, P_BITMAPHEAP);
    n->rte = rte;
    n->left = source->plan;
    n->recheck.expr = source->stands_for;
    n->recheck.slot = -1;
    n->exact = is_exact(source->plan);
    n->startup_cost = source->cost;
    n->total_cost = total;
    return n;
}

/* The cheapest way to read one table, given relations `have` whose columns are known. */
struct plan *scan_relation(struct problem *pr, struct rte *rte, relset have,
                           const struct want *want, int *nsorted)
{
    struct planner *p = pr->l->p;
    double rows = sel_table_rows(pr->l, rte);
    struct reading r = {pr, rte, have, want, rows, rows_left(pr, rte, have, rows)};
    struct access best = {.rows = rows,
                          .total = rows * (SEQ_ROW_COST + SEQ_COLUMN_COST * rte->max_att)};
    struct row_source source;
    const char *current_of = rte == pr->l->q->target ? pr->l->q->current_of : NULL;
    bool indexable =
        rte->rel->kind != 'S' && !has_builtin_rows(rte->rel) && !current_of && !rte->sample;
    best.cost = cost_when(p, PLAN_SEQSCAN, wanted_cost(pr->l, want, 0, best.total, r.left, 0));
    for (int i = 0; indexable && i < rte->rel->nindexes; i++)
        try_index(&r, &rte->rel->indexes[i], &best);
    bool bitmap = indexable && !best.match.unique && find_rows(pr, rte, have, &source);
    double total = bitmap ? source.cost + source_rows_cost(&source, rows) : 0;
    bitmap =
        bitmap && cost_when(p, PLAN_BITMAPSCAN,
                            wanted_cost(pr->l, want, source.cost, total, r.left, 0)) < best.cost;
    struct plan *n =
        bitmap ? new_bitmap_scan(p, rte, &source, total) : new_scan(p, rte, &best, current_of);
    struct covered covered = {source.used, bitmap ? source.nused : 0};
    if (!bitmap)
        covered = covered_by(p, &best.match);
    n->rows = rows * sample_part(rte);
    set_sample(p, n, rte);
    attach_rest(pr, n, (relset)1 << rte->index, have, &covered);
    if (!bitmap && best.match.unique)
        n->rows = 1;
    if (nsorted)
        *nsorted = bitmap ? 0 : best.nsorted;
    return n;
}
