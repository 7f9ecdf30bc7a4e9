/* How many rows conditions keep, and how many different values there are: from what ANALYZE found
 * out about columns (catalog/statistics.h), from unique indexes, else by fixed guesses.
 *
 * A condition on one column is tried on the column's common values, which stand for their share of
 * the rows, and on the bounds of its histogram, which stand for the others. */
#include "sql/plan_internal.h"

#include "catalog/statistics.h"
#include "catalog/systab.h"
#include "types/array.h"

#include <math.h>

enum {
    MIN_BOUNDS = 10,   /* fewer say too little of the values between them */
    SMALL_TABLE = 200, /* rows of a table of which nothing is known, at least */
};

#define DEFAULT_EQUAL 0.005
#define DEFAULT_RANGE 0.33
#define DEFAULT_MATCH 0.1
#define DEFAULT_OTHER 0.5
#define DEFAULT_ITEMS 10.0 /* of an array in = ANY */

static double clamp(double s)
{
    return s < 0 ? 0 : s > 1 ? 1 : s;
}

/* ---- tables and columns ---- */

double sel_table_rows(const struct planning *l, const struct rte *rte)
{
    const struct planner *p = l->p;
    uint32_t sid = systab_storage_id(p->cat, rte->rel, rte->rel->storage_id);
    double n = (double)txn_row_count(catalog_txn_mgr(p->cat->shared), sid);
    /* Plans outlive the moment: a table that is small now is not planned as if it stayed so, unless
     * ANALYZE has seen it small. */
    double least = rte->rel->stats ? 1 : SMALL_TABLE;
    return n < least ? least : n;
}

/* The statistics of the column that e is; NULL: it is none, or nothing is known. */
static const struct column_stats *stats_of(const struct expr *e)
{
    e = strip_relabel(e);
    if (e->kind != E_VAR || e->var.att <= 0 || e->var.rte->kind != RTE_RELATION ||
        !e->var.rte->rel->stats)
        return NULL;
    return e->var.rte->rel->stats[e->var.att - 1];
}

static bool is_key(const struct rte *rte, int att)
{
    for (int i = 0; i < rte->rel->nindexes; i++) {
        const struct index *ix = &rte->rel->indexes[i];
        if (ix->unique && ix->valid && !ix->pred_sql && ix->nkeys == 1 && ix->cols[0].attnum == att)
            return true;
    }
    return false;
}

/* Of a column; 0: unknown. */
static double column_distinct(const struct planning *l, const struct expr *var)
{
    const struct rte *rte = var->var.rte;
    if (rte->kind != RTE_RELATION || var->var.att <= 0)
        return 0;
    double rows = sel_table_rows(l, rte);
    const struct column_stats *s = stats_of(var);
    if (is_key(rte, var->var.att))
        return rows;
    return s ? fmin(stats_distinct(s, rows), rows) : var->type == BOOL_OID ? 2 : 0;
}

struct distinct_search {
    const struct planning *l;
    double product;
    double table_rows; /* of the largest table met */
    bool unknown;
};

static struct err *multiply_distinct(struct expr **ref, void *arg)
{
    struct distinct_search *s = arg;
    struct expr *e = *ref;
    if (e->kind == E_SUBPLAN || e->kind == E_SLOT || e->kind == E_AGG || e->kind == E_SUBLINK) {
        s->unknown = true;
        return NULL;
    }
    if (e->kind != E_VAR)
        return expr_children(e, multiply_distinct, arg);
    double n = column_distinct(s->l, e);
    s->unknown |= n == 0;
    s->product *= fmax(n, 1);
    if (e->var.rte->kind == RTE_RELATION)
        s->table_rows = fmax(s->table_rows, sel_table_rows(s->l, e->var.rte));
    return NULL;
}

double sel_distinct(const struct planning *l, const struct expr *e)
{
    struct distinct_search s = {l, 1, 0, false};
    struct expr *top = (struct expr *)e;
    struct err *never = multiply_distinct(&top, &s);
    CHECK(never == NULL);
    return s.unknown ? 0 : s.product;
}

double sel_groups(const struct planning *l, struct plan_expr *group, int n, double rows)
{
    struct distinct_search s = {l, 1, 0, false};
    for (int i = 0; i < n; i++) {
        struct err *never = multiply_distinct(&group[i].expr, &s);
        CHECK(never == NULL);
    }
    if (s.unknown)
        return rows / 4 + 1;
    double all = fmax(s.table_rows, rows);
    double d = fmin(s.product, all);
    /* Of d values spread over all rows, those that are met in some of them. */
    double met = d * (1 - pow(1 - fmin(rows / all, 1), all / fmax(d, 1)));
    return fmax(1, fmin(met, rows));
}

/* ---- trying a condition on values ---- */

struct replacement {
    struct planning *l;
    const struct expr *var;
    const struct datum *value;
    bool failed; /* more than one column, or what only execution knows */
};

static struct err *replace_var(struct expr **ref, void *arg)
{
    struct replacement *r = arg;
    struct arena *a = r->l->p->arena;
    struct expr *e = *ref;
    switch (e->kind) {
    case E_VAR:
        r->failed |= e->var.rte != r->var->var.rte || e->var.att != r->var->var.att;
        *ref = expr_const(a, e->type, e->typmod, *r->value, -1);
        return NULL;
    case E_SUBPLAN:
    case E_SUBLINK:
    case E_SLOT:
    case E_PARAM:
    case E_SQLVALUE:
    case E_NEXTVAL:
        r->failed = true;
        return NULL;
    default:
        *ref = arena_memdup(a, e, sizeof(*e));
        if (e->nargs)
            (*ref)->args = arena_memdup(a, e->args, sizeof(*e->args) * (size_t)e->nargs);
        return r->failed ? NULL : expr_children(*ref, replace_var, r);
    }
}

enum outcome { NOT_KNOWN, HOLDS, HOLDS_NOT };

static enum outcome try_value(struct planning *l, const struct expr *e, const struct expr *var,
                              struct datum value)
{
    struct replacement r = {l, var, &value, false};
    struct expr *copy = (struct expr *)e;
    struct err *never = replace_var(&copy, &r);
    CHECK(never == NULL);
    if (r.failed)
        return NOT_KNOWN;
    struct err *failed = prepare_expr(l, &copy);
    if (failed) {
        err_free(failed);
        return NOT_KNOWN;
    }
    if (copy->kind != E_CONST)
        return NOT_KNOWN;
    return !copy->value.null && copy->value.i ? HOLDS : HOLDS_NOT;
}

struct var_search {
    const struct expr *var;
    bool several;
};

static struct err *find_var(struct expr **ref, void *arg)
{
    struct var_search *s = arg;
    const struct expr *e = *ref;
    if (e->kind == E_VAR) {
        if (!s->var)
            s->var = e;
        else if (s->var->var.rte != e->var.rte || s->var->var.att != e->var.att)
            s->several = true;
        return NULL;
    }
    return expr_children(*ref, find_var, arg);
}

static double sel_tried(struct planning *l, const struct expr *e)
{
    struct var_search search = {0};
    struct expr *top = (struct expr *)e;
    struct err *never = find_var(&top, &search);
    CHECK(never == NULL);
    const struct column_stats *s = search.var && !search.several ? stats_of(search.var) : NULL;
    double common = 0;
    int held = 0;
    if (!s || (s->nbounds < MIN_BOUNDS && !s->ncommon))
        return -1;
    for (int i = 0; i < s->ncommon; i++) {
        enum outcome o = try_value(l, e, search.var, s->common[i]);
        if (o == NOT_KNOWN)
            return -1;
        common += o == HOLDS ? s->common_fraction[i] : 0;
    }
    double rest = fmax(1 - s->null_fraction - s->common_sum, 0);
    for (int i = 0; i < s->nbounds; i++) {
        enum outcome o = try_value(l, e, search.var, s->bounds[i]);
        if (o == NOT_KNOWN)
            return -1;
        held += o == HOLDS;
    }
    if (s->nbounds) /* never quite nothing, never quite all of what was not tried */
        common += rest * fmin(fmax(held, 0.1), s->nbounds - 0.1) / s->nbounds;
    enum outcome null =
        s->null_fraction > 0 ? try_value(l, e, search.var, datum_null()) : NOT_KNOWN;
    return clamp(common + (null == HOLDS ? s->null_fraction : 0));
}

/* What a trial gave: the search for a join order asks for each condition again and again. */
struct trial {
    const struct expr *condition;
    double selectivity;
};

/* Of all rows, by trial; negative: it can't be tried. */
static double sel_by_trial(struct planning *l, const struct expr *e)
{
    struct planner *p = l->p;
    for (int i = 0; i < p->ntrials; i++)
        if (p->trials[i].condition == e)
            return p->trials[i].selectivity;
    struct trial t = {e, sel_tried(l, e)};
    ARENA_PUSH(p->arena, p->trials, p->ntrials, p->trials_cap, t);
    return t.selectivity;
}

/* ---- comparisons ---- */

/* How far v lies between two bounds, 0 to 1, by its place in the order of keys. */
static double between(const struct type_ops *ops, struct datum lo, struct datum hi, struct datum v)
{
    struct buf b[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
    double place[3] = {0};
    ops->key(ops, lo, &b[0]);
    ops->key(ops, hi, &b[1]);
    ops->key(ops, v, &b[2]);
    size_t same = 0;
    while (same < b[0].len && same < b[1].len && b[0].data[same] == b[1].data[same])
        same++;
    for (int i = 0; i < 3; i++)
        for (size_t k = 0; k < 8; k++)
            place[i] = place[i] * 256 + (same + k < b[i].len ? b[i].data[same + k] : 0);
    for (int i = 0; i < 3; i++)
        buf_done(&b[i]);
    return place[1] > place[0] ? clamp((place[2] - place[0]) / (place[1] - place[0])) : 0.5;
}

/* The share of the histogram's values below v. */
static double below(const struct column_stats *s, const struct type_ops *ops, struct datum v)
{
    int lo = 0;
    int hi = s->nbounds;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (ops->compare(ops, s->bounds[mid], v) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0 || lo == s->nbounds)
        return lo == 0 ? 0 : 1;
    return (lo - 1 + between(ops, s->bounds[lo - 1], s->bounds[lo], v)) / (s->nbounds - 1);
}

/* column (strategy) constant; strategies 1 < 2 <= 4 >= 5 >. */
static double sel_range(struct planning *l, const struct expr *e, const struct expr *column,
                        const struct expr *value, int strategy)
{
    const struct column_stats *s = stats_of(column);
    const struct type_ops *ops = type_by_oid(strip_relabel(column)->type);
    if (!s || value->kind != E_CONST)
        return DEFAULT_RANGE;
    if (value->value.null)
        return 0;
    if (!ops || !ops->compare || !ops->key || !key_compatible(ops->oid, value->type)) {
        double tried = sel_by_trial(l, e);
        return tried < 0 ? DEFAULT_RANGE : tried;
    }
    double common = 0;
    for (int i = 0; i < s->ncommon; i++) {
        int c = ops->compare(ops, s->common[i], value->value);
        bool holds = strategy == 1   ? c < 0
                     : strategy == 2 ? c <= 0
                     : strategy == 4 ? c >= 0
                                     : c > 0;
        common += holds ? s->common_fraction[i] : 0;
    }
    double rest = fmax(1 - s->null_fraction - s->common_sum, 0);
    double under = s->nbounds >= 2 ? below(s, ops, value->value) : 0.5;
    return clamp(common + rest * (strategy <= 2 ? under : 1 - under));
}

static double sel_equal(const struct planning *l, const struct expr *column,
                        const struct expr *value)
{
    const struct column_stats *s = stats_of(column);
    const struct expr *var = strip_relabel(column);
    const struct type_ops *ops = type_by_oid(var->type);
    double distinct = var->kind == E_VAR ? column_distinct(l, var) : 0;
    if (value->kind == E_CONST && value->value.null)
        return 0;
    if (!distinct)
        return DEFAULT_EQUAL;
    if (!s)
        return 1 / distinct;
    double rest = fmax(1 - s->null_fraction - s->common_sum, 0);
    if (value->kind != E_CONST || !ops || !ops->compare || !key_compatible(ops->oid, value->type))
        return (1 - s->null_fraction) / fmax(distinct, 1);
    for (int i = 0; i < s->ncommon; i++)
        if (ops->compare(ops, s->common[i], value->value) == 0)
            return s->common_fraction[i];
    double least = s->ncommon ? s->common_fraction[s->ncommon - 1] : 1;
    return fmin(rest / fmax(distinct - s->ncommon, 1), least);
}

/* Two columns. */
static double sel_equal_columns(const struct planning *l, const struct expr *a,
                                const struct expr *b)
{
    double d = fmax(sel_distinct(l, a), sel_distinct(l, b));
    return d > 0 ? 1 / d : DEFAULT_EQUAL;
}

static bool is_column(const struct expr *e)
{
    return strip_relabel(e)->kind == E_VAR;
}

/* A comparison's column, the value it is compared with and the btree strategy seen from it. */
static bool as_comparison(const struct expr *e, const struct expr **column,
                          const struct expr **value, int *strategy)
{
    const struct cat_amop *am =
        e->kind == E_OP && e->nargs == 2 ? builtin_btree_strategy(e->op) : NULL;
    if (!am)
        return false;
    bool left = is_column(e->args[0]);
    if (!left && !is_column(e->args[1]))
        return false;
    *column = e->args[left ? 0 : 1];
    *value = strip_relabel(e->args[left ? 1 : 0]);
    *strategy = left ? am->strategy : 6 - am->strategy;
    return true;
}

static double sel_operator(struct planning *l, const struct expr *e)
{
    const struct expr *column;
    const struct expr *value;
    int strategy;
    if (as_comparison(e, &column, &value, &strategy)) {
        if (strategy == 3)
            return is_column(value) ? sel_equal_columns(l, column, value)
                                    : sel_equal(l, column, value);
        return sel_range(l, e, column, value, strategy);
    }
    double tried = sel_by_trial(l, e);
    if (tried >= 0)
        return tried;
    const struct cat_amop *am = builtin_btree_strategy(e->op);
    return !am ? DEFAULT_MATCH : am->strategy == 3 ? DEFAULT_EQUAL : DEFAULT_RANGE;
}

static double sel_any(struct planning *l, const struct expr *e)
{
    const struct cat_amop *am = builtin_btree_strategy(e->op);
    struct array items;
    if (!e->flag || !am || am->strategy != 3 || !is_column(e->args[0])) {
        double tried = sel_by_trial(l, e);
        return tried < 0 ? DEFAULT_OTHER : tried;
    }
    const struct expr *list = strip_relabel(e->args[1]);
    struct expr any = {.kind = E_PARAM};
    if (list->kind != E_CONST)
        return clamp(DEFAULT_ITEMS * sel_equal(l, e->args[0], &any));
    struct err *bad = list->value.null ? NULL : array_open(list->value, &items);
    if (list->value.null || bad) {
        err_free(bad);
        return 0;
    }
    double sum = 0;
    for (uint32_t i = 0; i < items.nitems; i++) {
        struct expr item = {.kind = E_CONST, .type = items.elem_oid};
        item.value = array_is_null(&items, i) ? datum_null() : array_get(&items, i);
        sum += sel_equal(l, e->args[0], &item);
    }
    return clamp(sum);
}

/* ---- any condition ---- */

static double sel_one(struct planning *l, const struct expr *e)
{
    const struct column_stats *s;
    double sel = 1;
    switch (e->kind) {
    case E_CONST:
        return !e->value.null && e->value.i ? 1 : 0;
    case E_OP:
        return sel_operator(l, e);
    case E_SAOP:
        return sel_any(l, e);
    case E_AND:
        return sel_conjunction(l, e->args, e->nargs);
    case E_OR:
        sel = sel_by_trial(l, e);
        if (sel >= 0)
            return sel;
        sel = 0;
        for (int i = 0; i < e->nargs; i++) {
            double one = sel_one(l, e->args[i]);
            sel += one - sel * one;
        }
        return sel;
    case E_NULLTEST:
        s = stats_of(e->args[0]);
        sel = s ? s->null_fraction : DEFAULT_EQUAL;
        return e->flag ? 1 - sel : sel;
    case E_NOT:
        sel = sel_by_trial(l, e);
        return sel >= 0 ? sel : 1 - sel_one(l, e->args[0]);
    default:
        sel = sel_by_trial(l, e);
        return sel >= 0 ? sel : DEFAULT_OTHER;
    }
}

/* Whether two ranges of one column make an interval. */
static bool is_interval(const struct expr *a, const struct expr *b)
{
    const struct expr *columns[2];
    const struct expr *value;
    int s[2];
    if (!as_comparison(a, &columns[0], &value, &s[0]) ||
        !as_comparison(b, &columns[1], &value, &s[1]) || s[0] == 3 || s[1] == 3)
        return false;
    return (s[0] < 3) != (s[1] < 3) &&
           expr_equal(strip_relabel(columns[0]), strip_relabel(columns[1]));
}

static double sel_interval(struct planning *l, const struct expr *a, const struct expr *b)
{
    double x = sel_one(l, a);
    double y = sel_one(l, b);
    const struct expr *column = strip_relabel(is_column(a->args[0]) ? a->args[0] : a->args[1]);
    const struct column_stats *s = stats_of(column);
    double both = x + y - 1 + (s ? s->null_fraction : 0);
    if (!s || (x == DEFAULT_RANGE && y == DEFAULT_RANGE))
        return x * y;
    double least = 1 / fmax(stats_distinct(s, 1e6), 1);
    return both > least ? both : fmin(least, x * y);
}

double sel_conjunction(struct planning *l, struct expr *const *list, int n)
{
    bool *done = arena_new_array(l->p->arena, bool, n + 1);
    double sel = 1;
    for (int i = 0; i < n; i++) {
        bool paired = false;
        for (int k = i + 1; k < n && !done[i] && !paired; k++) {
            if (done[k] || !is_interval(list[i], list[k]))
                continue;
            sel *= sel_interval(l, list[i], list[k]);
            done[k] = paired = true;
        }
        if (!paired && !done[i])
            sel *= sel_one(l, list[i]);
    }
    return clamp(sel);
}
