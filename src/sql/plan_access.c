/* The ways to read one table, and which is the cheapest: in order of its key, by an index (with or
 * without the rows themselves), or by one or several indexes in order of the rows' keys.
 *
 * Costs are about 12 us each. A row that an index points to lies anywhere: the larger the table,
 * the more of the way to it is not in the processor's caches. */
#include "sql/plan_from.h"

#include "catalog/systab.h"
#include "types/key.h"
#include "types/tuple.h"

#include <math.h>

#define SEQ_ROW_COST 0.011
#define INDEX_START_COST 0.3
#define INDEX_ROW_COST 0.02 /* of the primary key */
#define ENTRY_COST 0.011
#define BITMAP_START_COST 0.1
#define BITMAP_KEY_COST 0.004
#define SORT_ROW_COST 0.02
#define DISABLED_COST 1.0e10

enum { MAX_ARMS = 32, NEAR_ROWS = 8 };

struct access {
    enum plan_kind kind;
    struct index_match *matches; /* BITMAPSCAN: one for each arm of `any` */
    int nmatches;
    struct qual *any; /* the OR that several indexes decide; NULL: there is one index */
    bool any_is_exact;
    bool backward;
    bool sorted;
    bool only; /* the entries are all that is needed */
    double read;
    double startup;
    double total; /* to the end; `cost` is for what is wanted of it */
    double cost;
};

/* What is common to the ways to read a table. */
struct reading {
    struct problem *pr;
    struct rte *rte;
    relset have;
    const struct sort_key *order;
    int norder;
    double limit;
    double rows; /* of the table */
    double left; /* of those, when all conditions are applied */
    struct access best;
};

/* ---- costs ---- */

static bool avoids(const struct reading *r, unsigned method)
{
    return r->pr->l->p->avoid & method;
}

/* Of a row that an index points to. */
static double fetch_cost(double rows)
{
    return 0.02 + 0.009 * log2(1 + rows / 1000);
}

/* Of one of `read` rows that are fetched in their order: neighbours share pages. */
static double ordered_fetch_cost(double rows, double read)
{
    double apart = rows / fmax(1, read);
    double far = fetch_cost(rows) - 0.02;
    return 0.015 + far * 0.8 * fmin(1, apart / NEAR_ROWS);
}

static double wide_cost(const struct rte *rte)
{
    return SEQ_ROW_COST + 0.0002 * rte->max_att;
}

/* What part of a way without a sort is gone, when there is a limit. */
static void consider(struct reading *r, struct access a)
{
    double sort = r->norder && !a.sorted ? r->left * SORT_ROW_COST : 0;
    double part = 1;
    if (r->limit >= 0 && (!r->norder || a.sorted))
        part = fmin(1, (r->limit + 1) / fmax(1, r->left));
    a.cost = a.startup + (a.total - a.startup) * part + sort;
    if (r->best.kind == P_RESULT || a.cost < r->best.cost)
        r->best = a;
}

static void consider_seq(struct reading *r)
{
    struct access a = {.kind = P_SEQSCAN, .read = r->rows};
    a.total = r->rows * wide_cost(r->rte);
    if (avoids(r, PLAN_NO_SEQSCAN))
        a.startup = a.total += DISABLED_COST;
    consider(r, a);
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

/* ---- index-only scans ---- */

static bool in_columns(const struct index *ix, int att)
{
    for (int i = 0; i < ix->nkeys; i++)
        if (ix->cols[i].attnum == att)
            return true;
    return false;
}

/* The columns that an entry of the index gives back, in its order, up to the last needed one; for
 * others than the primary key's index, those of the row's key follow. False when a column that the
 * query reads is not among them. */
static bool only_columns(struct planner *p, const struct rte *rte, const bool *needs,
                         const struct index *ix, struct only_column **out, int *n)
{
    const struct index *parts[2] = {ix, ix->primary ? NULL : rte->rel->primary};
    struct only_column *list = arena_new_array(p->arena, struct only_column,
                                               ix->nkeys + (parts[1] ? parts[1]->nkeys : 0) + 1);
    bool *given = arena_new_array(p->arena, bool, rte->ncols + 1);
    *n = 0;
    for (int part = 0; part < 2; part++) {
        int last = -1;
        for (int i = 0; parts[part] && i < parts[part]->nkeys; i++) {
            const struct index_col *c = &parts[part]->cols[i];
            if (!key_is_exact(c->ops))
                break;
            list[*n + i] = (struct only_column){c->ops, c->desc, part == 1, -1};
            if (!c->attnum || !needs[c->attnum - 1] || given[c->attnum - 1])
                continue;
            given[c->attnum - 1] = true;
            list[*n + i].slot = rte->base + c->attnum - 1;
            last = i;
        }
        *n += last + 1;
    }
    for (int i = 0; i < rte->ncols; i++)
        if (needs[i] && !given[i])
            return false;
    *out = list;
    return true;
}

static bool can_be_only(struct reading *r, const struct index *ix)
{
    const struct rte *rte = r->rte;
    struct only_column *list;
    int n;
    if (!rte->needs || rte->key_slot >= 0 || rte->system || rte->rel->kind == 'S')
        return false;
    /* Where a column is both in the index and in the row's key, either gives it; all are looked at
     * before anything is made. */
    for (int i = 0; i < rte->ncols; i++)
        if (rte->needs[i] && !in_columns(ix, i + 1) &&
            !(rte->rel->primary && in_columns(rte->rel->primary, i + 1)))
            return false;
    return !avoids(r, PLAN_NO_INDEXONLYSCAN) &&
           only_columns(r->pr->l->p, rte, rte->needs, ix, &list, &n);
}

/* ---- one index ---- */

static void consider_bitmap(struct reading *r, struct index_match *m, double read)
{
    struct access a = {.kind = P_BITMAPSCAN, .matches = m, .nmatches = 1, .read = read};
    a.startup = INDEX_START_COST + BITMAP_START_COST + read * (ENTRY_COST + BITMAP_KEY_COST);
    if (avoids(r, PLAN_NO_BITMAPSCAN))
        a.startup += DISABLED_COST;
    a.total = a.startup + read * ordered_fetch_cost(r->rows, read);
    consider(r, a);
}

static void consider_index(struct reading *r, const struct index *ix, struct index_match *m)
{
    bool backward = false;
    bool only = can_be_only(r, ix);
    bool ordered = r->norder && index_orders(ix, r->rte, m->equal, r->order, r->norder, &backward);
    for (int k = 0; k < m->n; k++)
        ordered &= m->quals[k].strategy != 6;
    if (!m->n && !ordered && (!only || ix->primary))
        return;
    double read = index_rows(r->pr, m, r->rows);
    struct access a = {.kind = P_INDEXSCAN,
                       .matches = m,
                       .nmatches = 1,
                       .backward = ordered && backward,
                       .sorted = ordered || (r->norder && m->unique),
                       .only = only,
                       .read = read};
    double row = only          ? ENTRY_COST * 0.95
                 : ix->primary ? INDEX_ROW_COST
                               : ENTRY_COST + fetch_cost(r->rows);
    a.total = INDEX_START_COST + read * row;
    if (avoids(r, PLAN_NO_INDEXSCAN)) {
        a.startup = DISABLED_COST;
        a.total += DISABLED_COST;
    }
    consider(r, a);
    if (m->n && !m->unique && !ix->primary && !only)
        consider_bitmap(r, m, read);
}

static bool usable(struct problem *pr, struct rte *rte, const struct index *ix)
{
    return ix->valid &&
           (!ix->pred_sql || index_predicate_holds(pr->l->p, rte, ix, pr->quals, pr->nquals));
}

/* ---- several indexes ---- */

/* What decides one arm of an OR: the index that leaves the fewest rows. *exact: it alone decides.
 */
static bool match_arm(struct reading *r, struct expr *arm, struct index_match *out, bool *exact,
                      double *read)
{
    struct problem *pr = r->pr;
    struct planner *p = pr->l->p;
    struct expr **parts = NULL;
    int nparts = 0;
    int cap = 0;
    struct problem own = *pr;
    split_and(p->arena, arm, &parts, &nparts, &cap);
    own.quals = arena_new_array(p->arena, struct qual, nparts + pr->nquals + 1);
    own.nquals = nparts;
    for (int i = 0; i < nparts; i++) {
        struct qual *q = &own.quals[i];
        q->expr = parts[i];
        q->rels = expr_rels(pr->l, parts[i], &q->outer);
    }
    for (int i = 0; i < pr->nquals; i++)
        own.quals[own.nquals++] = pr->quals[i];
    struct sarg *sargs = arena_new_array(p->arena, struct sarg, MAX_SARGS);
    int nsargs = collect_sargs(&own, r->rte, r->have, sargs, MAX_SARGS - 8);
    bool found = false;
    for (int i = 0; i < r->rte->rel->nindexes; i++) {
        const struct index *ix = &r->rte->rel->indexes[i];
        struct index_match m;
        int covered = 0;
        if (!usable(&own, r->rte, ix))
            continue;
        int n = expression_sargs(&own, p, r->rte, ix, r->have, sargs + nsargs, MAX_SARGS - nsargs);
        match_index(ix, sargs, nsargs + n, &m);
        for (int k = 0; k < nparts; k++)
            covered += match_covers(&m, &own.quals[k]);
        double rows = covered ? index_rows(&own, &m, r->rows) : 0;
        if (!covered || (found && rows >= *read))
            continue;
        *out = m;
        *exact = covered == nparts;
        *read = rows;
        found = true;
    }
    return found;
}

/* Each arm by an index of its own. */
static void consider_any(struct reading *r, struct qual *q)
{
    struct planner *p = r->pr->l->p;
    const struct expr *e = q->expr;
    relset self = (relset)1 << r->rte->index;
    if (e->kind != E_OR || e->nargs > MAX_ARMS || q->volatile_ || q->late || !(q->rels & self) ||
        (q->rels & ~(self | r->have)))
        return;
    struct access a = {.kind = P_BITMAPSCAN, .any = q, .any_is_exact = true};
    a.matches = arena_new_array(p->arena, struct index_match, e->nargs);
    a.nmatches = e->nargs;
    a.startup = BITMAP_START_COST + (avoids(r, PLAN_NO_BITMAPSCAN) ? DISABLED_COST : 0);
    for (int i = 0; i < e->nargs; i++) {
        bool exact;
        double read;
        if (!match_arm(r, e->args[i], &a.matches[i], &exact, &read))
            return;
        a.any_is_exact &= exact;
        a.read += read;
        a.startup += INDEX_START_COST + read * (ENTRY_COST + BITMAP_KEY_COST);
    }
    a.read = fmin(a.read, r->rows);
    a.total = a.startup + a.read * ordered_fetch_cost(r->rows, a.read);
    consider(r, a);
}

/* ---- the plan ---- */

static bool has_builtin_rows(const struct relation *r)
{
    const struct datum *rows;
    int n;
    struct err *e = r->system ? systab_builtin_rows(r->oid, &rows, &n) : NULL;
    bool has = !e && r->system && n > 0;
    err_free(e);
    return has;
}

static struct plan *new_index_node(struct planner *p, enum plan_kind kind, struct rte *rte,
                                   const struct index_match *m)
{
    struct plan *n = plan_new(p, kind);
    n->rte = rte;
    n->index = m->index;
    n->nquals = m->n;
    n->quals = arena_memdup(p->arena, m->quals, sizeof(m->quals[0]) * (size_t)m->n);
    for (int i = 0; i < m->n; i++) {
        bool again = false;
        for (int k = 0; k < i; k++)
            again |= m->used[k] == m->used[i];
        if (!again)
            n->index_cond = expr_and(p->arena, n->index_cond, m->used[i]->expr);
    }
    return n;
}

bool match_covers(const struct index_match *m, const struct qual *q)
{
    for (int k = 0; m && k < m->n; k++)
        if (m->used[k] == q)
            return true;
    return false;
}

static bool is_covered(const struct access *a, const struct qual *q)
{
    if (!a)
        return false;
    if (a->any)
        return a->any == q && a->any_is_exact;
    return a->nmatches && match_covers(&a->matches[0], q);
}

/* Attaches the conditions that can be decided here and are not covered by the access. n->rows,
 * before it all rows, becomes those that are left. */
static void attach_rest(struct problem *pr, struct plan *n, relset here, relset have,
                        const struct access *a)
{
    struct conditions all = conditions_new(pr);
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        if ((q->rels & ~(here | have)) || !(q->rels & here) || q->late)
            continue;
        all.list[all.n++] = q->expr;
        if (!is_covered(a, q))
            n->filter.expr = expr_and(pr->l->p->arena, n->filter.expr, q->expr);
    }
    n->rows = fmax(1, n->rows * sel_conjunction(pr->l, all.list, all.n));
}

void attach_filter(struct problem *pr, struct plan *n, relset here, relset have)
{
    attach_rest(pr, n, here, have, NULL);
}

static struct plan *new_bitmap_scan(struct reading *r, const struct access *a)
{
    struct planner *p = r->pr->l->p;
    struct plan *n = plan_new(p, P_BITMAPSCAN);
    struct plan **indexes = arena_new_array(p->arena, struct plan *, a->nmatches);
    n->rte = r->rte;
    for (int i = 0; i < a->nmatches; i++) {
        struct plan *in = new_index_node(p, P_BITMAPINDEX, r->rte, &a->matches[i]);
        in->rows = fmax(1, a->read / a->nmatches);
        in->total_cost = a->startup / a->nmatches;
        indexes[i] = in;
    }
    n->left = indexes[0];
    n->index_cond = a->any ? a->any->expr : indexes[0]->index_cond;
    if (!a->any)
        return n;
    n->left = plan_new(p, P_BITMAPOR);
    n->left->inputs = indexes;
    n->left->ninputs = a->nmatches;
    n->left->rows = a->read;
    n->left->startup_cost = n->left->total_cost = a->startup;
    return n;
}

static struct plan *access_plan(struct reading *r, const char *current_of)
{
    struct planner *p = r->pr->l->p;
    const struct access *a = &r->best;
    struct plan *n;
    if (a->kind == P_BITMAPSCAN) {
        n = new_bitmap_scan(r, a);
    } else if (a->kind == P_INDEXSCAN) {
        n = new_index_node(p, P_INDEXSCAN, r->rte, &a->matches[0]);
        n->backward = a->backward;
    } else {
        n = plan_new(p, P_SEQSCAN);
        n->rte = r->rte;
        n->current_of = current_of;
    }
    n->index_only = a->only;
    n->startup_cost = a->startup;
    n->total_cost = a->total;
    n->rows = r->rows;
    attach_rest(r->pr, n, (relset)1 << r->rte->index, r->have, a);
    if (a->kind == P_INDEXSCAN && a->matches[0].unique)
        n->rows = 1;
    return n;
}

/* Rows that are left when all conditions that can be decided on the table are. */
static double rows_left(struct reading *r)
{
    struct conditions all = conditions_new(r->pr);
    relset self = (relset)1 << r->rte->index;
    for (int i = 0; i < r->pr->nquals; i++) {
        const struct qual *q = &r->pr->quals[i];
        if ((q->rels & self) && !(q->rels & ~(self | r->have)) && !q->late)
            all.list[all.n++] = q->expr;
    }
    return fmax(1, r->rows * sel_conjunction(r->pr->l, all.list, all.n));
}

struct plan *scan_relation(struct problem *pr, struct rte *rte, relset have,
                           const struct sort_key *order, int norder, double limit, bool *sorted)
{
    struct planner *p = pr->l->p;
    const char *current_of = rte == pr->l->q->target ? pr->l->q->current_of : NULL;
    struct reading r = {.pr = pr,
                        .rte = rte,
                        .have = have,
                        .order = order,
                        .norder = norder,
                        .limit = limit,
                        .rows = sel_table_rows(pr->l, rte)};
    r.left = rows_left(&r);
    consider_seq(&r);
    if (rte->rel->kind != 'S' && !current_of && !has_builtin_rows(rte->rel)) {
        struct sarg *sargs = arena_new_array(p->arena, struct sarg, MAX_SARGS);
        int nsargs = collect_sargs(pr, rte, have, sargs, MAX_SARGS - 8);
        for (int i = 0; i < rte->rel->nindexes; i++) {
            const struct index *ix = &rte->rel->indexes[i];
            struct index_match *m = arena_new(p->arena, struct index_match);
            if (!usable(pr, rte, ix))
                continue;
            int n = expression_sargs(pr, p, rte, ix, have, sargs + nsargs, MAX_SARGS - nsargs);
            match_index(ix, sargs, nsargs + n, m);
            consider_index(&r, ix, m);
        }
        for (int i = 0; rte->rel->nindexes && i < pr->nquals; i++)
            consider_any(&r, &pr->quals[i]);
    }
    if (sorted)
        *sorted = r.best.sorted;
    return access_plan(&r, current_of);
}

/* ---- when the whole is planned ---- */

static bool reads_rows(const struct plan *n)
{
    return n->kind == P_SEQSCAN || n->kind == P_INDEXSCAN || n->kind == P_BITMAPSCAN;
}

void plan_finish_scans(struct planner *p, struct plan *n)
{
    struct only_column *list;
    if (!n)
        return;
    if (reads_rows(n) && n->rte->max_att && !n->rte->reader)
        n->rte->reader = tuple_reader_new(n->rte->rel->lens, n->rte->max_att, n->rte->used,
                                          n->rte->rel->missing, p->arena);
    if (n->index_only && only_columns(p, n->rte, n->rte->used, n->index, &list, &n->nonly_columns))
        n->only_columns = list;
    plan_finish_scans(p, n->left);
    plan_finish_scans(p, n->right);
    for (int i = 0; i < n->ninputs; i++)
        plan_finish_scans(p, n->inputs[i]);
}
