/* INSERT, UPDATE, DELETE, MERGE. The new row is computed into natts slots in a row; CHECK
 * constraints, index expressions and RETURNING read it (and the old row) from there. */
#include "sql/plan_internal.h"

#include "types/type.h"

/* The target's current row and key, read by the scan below. */
static void read_target(struct planner *p, struct rte *target)
{
    for (int i = 0; i < target->rel->natts; i++)
        if (!target->rel->atts[i].dropped)
            rte_slot(p, target, i + 1);
    if (target->key_slot < 0)
        target->key_slot = plan_new_slots(p->plan, 1);
}

/* A range table entry whose columns are the slots from `base` on. */
static struct rte *row_rte(struct planner *p, const struct rte *target, int base)
{
    struct relation *rel = target->rel;
    struct analysis a = {.cat = p->cat, .env = p->env, .arena = p->arena};
    struct rte *rte;
    struct err *never = rte_for_relation(&a, rel, NULL, &rte);
    CHECK(never == NULL);
    rte->system = target->system;
    rte_plan_init(p, rte);
    rte->base = base;
    return rte;
}

/* Those of new rows are over the row to be written, those of the row in the way over the target. */
static struct err *plan_policy_checks(struct planning *l, struct plan *n)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    n->policy_checks = arena_new_array(p->arena, struct plan_policy_check, q->npolicy_checks + 1);
    for (int i = 0; i < q->npolicy_checks; i++) {
        const struct policy_check *c = &q->policy_checks[i];
        struct expr *e = c->expr;
        if (c->base != q->target)
            rte_alias(e, c->base, n->check_rte);
        TRY(prepare_expr(l, &e));
        n->policy_checks[n->npolicy_checks++] =
            (struct plan_policy_check){c->kind, {e, -1, NULL}, c->policy};
    }
    return NULL;
}

static struct err *plan_checks(struct planning *l, struct plan *n)
{
    struct planner *p = l->p;
    struct relation *rel = l->q->target->rel;
    n->check_rte = row_rte(p, l->q->target, n->row_slot);
    int ncons = rel->nconstraints + l->q->nview_checks;
    n->checks = arena_new_array(p->arena, struct plan_expr, ncons + 1);
    n->check_names = arena_new_array(p->arena, const char *, ncons + 1);
    for (int i = 0; i < rel->nconstraints; i++) {
        const struct constraint *c = &rel->constraints[i];
        struct rte *rte;
        struct expr *e;
        if (c->type != 'c')
            continue;
        TRY(analyze_expr_text(p->cat, p->env, c->check_sql, rel, USE_CHECK, BOOL_OID, -1, p->arena,
                              &rte, &e));
        rte_alias(e, rte, n->check_rte);
        TRY(prepare_expr(l, &e));
        n->check_names[n->nchecks] = c->name;
        n->checks[n->nchecks++] = (struct plan_expr){e, -1, NULL};
    }
    n->first_view_check = n->nchecks;
    for (int i = 0; i < l->q->nview_checks; i++) {
        const struct view_check *c = &l->q->view_checks[i];
        struct expr *e = c->expr;
        rte_alias(e, c->base, n->check_rte);
        TRY(prepare_expr(l, &e));
        n->check_names[n->nchecks] = c->view;
        n->checks[n->nchecks++] = (struct plan_expr){e, -1, NULL};
    }
    return plan_policy_checks(l, n);
}

/* RETURNING sees the target's columns as they are now: INSERT and UPDATE the new row. */
static struct err *plan_returning(struct planning *l, struct plan *n)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    n->nreturning = q->nreturning;
    n->returning = arena_new_array(p->arena, struct plan_expr, q->nreturning + 1);
    for (int i = 0; i < q->nreturning; i++) {
        struct expr *e = q->returning[i].expr;
        if (n->check_rte) {
            TRY(deep_copy(p, &e));
            rte_alias(e, q->target, n->check_rte);
        }
        TRY(prepare_expr(l, &e));
        n->returning[i] = (struct plan_expr){e, plan_new_slots(p->plan, 1), NULL};
    }
    return NULL;
}

/* ---- INSERT ---- */

static struct err *insert_source(struct planning *l, struct plan **out)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct rte *src = q->source_rte;
    if (!src || (src->kind == RTE_VALUES && src->nrows == 1)) {
        *out = plan_new(p, P_RESULT);
        (*out)->rows = 1;
        if (!src)
            return NULL;
        src->pulled = src->rows[0];
        for (int i = 0; i < src->ncols; i++)
            if (expr_has_srf(src->rows[0][i]))
                TRY(prepare_expr(l, &src->rows[0][i]));
        return plan_srfs(l, src->rows[0], src->ncols, out); /* these make several rows of it */
    }
    struct from_node *f = arena_new(p->arena, struct from_node);
    f->rte = src;
    q->from = arena_memdup(p->arena, &f, sizeof(f));
    q->nfrom = 1;
    int nsorted;
    return plan_from(l, &WANT_ANY, out, &nsorted);
}

/* `inserted`: what the generated columns' expressions of the INSERT are over. */
static struct err *plan_on_conflict(struct planning *l, struct plan *n, struct rte *inserted)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct on_conflict *oc = q->on_conflict;
    struct relation *rel = q->target->rel;
    if (!oc || !oc->update)
        return NULL;
    read_target(p, q->target);
    n->conflict_old_slot = q->target->base;
    rte_plan_init(p, oc->excluded);
    oc->excluded->base = n->row_slot;
    n->conflict_set = arena_new_array(p->arena, struct plan_expr, rel->natts);
    int base = plan_new_slots(p->plan, rel->natts ? rel->natts : 1);
    struct rte *updated = row_rte(p, q->target, base);
    for (int i = 0; i < rel->natts; i++) {
        struct expr *e = NULL;
        for (int k = 0; k < oc->nset; k++)
            if (oc->set[k].att == i + 1)
                e = oc->set[k].expr;
        if (rel->atts[i].generated) {
            e = q->row[i];
            TRY(deep_copy(p, &e));
            rte_alias(e, inserted, updated);
        }
        if (!e)
            e = rel->atts[i].dropped ? expr_const(p->arena, INT4_OID, -1, datum_null(), -1)
                                     : expr_var(p->arena, q->target, i + 1, -1);
        TRY(prepare_expr(l, &e));
        n->conflict_set[i] = (struct plan_expr){e, base + i, NULL};
    }
    n->conflict_where.expr = oc->where;
    n->conflict_where.slot = -1;
    if (oc->where)
        TRY(prepare_expr(l, &n->conflict_where.expr));
    return NULL;
}

static struct err *plan_insert(struct planning *l, struct plan **out)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct relation *rel = q->target->rel;
    struct plan *n = plan_new(p, P_INSERT);
    n->query = q;
    n->row_slot = plan_new_slots(p->plan, rel->natts ? rel->natts : 1);
    TRY(insert_source(l, &n->left));
    rte_plan_init(p, q->target);
    n->row = arena_new_array(p->arena, struct plan_expr, rel->natts);
    struct rte *generated = row_rte(p, q->target, n->row_slot);
    for (int i = 0; i < rel->natts; i++) {
        struct expr *e = q->row[i];
        if (rel->atts[i].generated)
            rte_alias(e, q->target, generated);
        TRY(prepare_expr(l, &e));
        n->row[i] = (struct plan_expr){e, n->row_slot + i, NULL};
    }
    TRY(plan_on_conflict(l, n, generated));
    TRY(plan_checks(l, n));
    TRY(plan_returning(l, n));
    n->rows = n->left->rows;
    n->total_cost = n->left->total_cost + n->rows * 0.01;
    *out = n;
    return NULL;
}

/* ---- UPDATE, DELETE ---- */

static bool is_key_column(const struct relation *r, int att)
{
    for (int i = 0; i < r->nindexes; i++)
        for (int k = 0; r->indexes[i].unique && k < r->indexes[i].nkeys; k++)
            if (r->indexes[i].cols[k].attnum == att)
                return true;
    return false;
}

/* The new values of all columns of an UPDATE: those assigned, the others as they are. */
static struct err *updated_row(struct planning *l, const struct plan *n,
                               const struct assignment *set, int nset, struct plan_expr **out,
                               bool *key_changes)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct relation *rel = q->target->rel;
    struct rte *generated = row_rte(p, q->target, n->row_slot);
    *out = arena_new_array(p->arena, struct plan_expr, rel->natts);
    for (int i = 0; i < rel->natts; i++) {
        struct expr *e = NULL;
        for (int k = 0; k < nset; k++)
            if (set[k].att == i + 1)
                e = set[k].expr;
        *key_changes |= (e || rel->atts[i].generated) && is_key_column(rel, i + 1);
        if (rel->atts[i].generated) {
            /* It follows the new row, not the old one. */
            e = q->row[i];
            TRY(deep_copy(p, &e));
            rte_alias(e, q->target, generated);
        }
        if (!e)
            e = rel->atts[i].dropped ? expr_const(p->arena, INT4_OID, -1, datum_null(), -1)
                                     : expr_var(p->arena, q->target, i + 1, -1);
        TRY(prepare_expr(l, &e));
        (*out)[i] = (struct plan_expr){e, n->row_slot + i, NULL};
    }
    return NULL;
}

static struct err *plan_update(struct planning *l, struct plan **out)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct relation *rel = q->target->rel;
    struct plan *n = plan_new(p, P_UPDATE);
    n->query = q;
    read_target(p, q->target);
    int nsorted;
    TRY(plan_from(l, &WANT_ANY, &n->left, &nsorted));
    n->recheck.expr = l->all_quals;
    n->old_slot = q->target->base;
    n->row_slot = plan_new_slots(p->plan, rel->natts ? rel->natts : 1);
    TRY(updated_row(l, n, q->set, q->nset, &n->row, &n->key_changes));
    TRY(plan_checks(l, n));
    TRY(plan_returning(l, n));
    n->rows = n->left->rows;
    n->total_cost = n->left->total_cost + n->rows * 0.01;
    *out = n;
    return NULL;
}

/* ---- MERGE ---- */

static struct err *inserted_row(struct planning *l, const struct plan *n, struct expr **row,
                                struct plan_expr **out)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct relation *rel = q->target->rel;
    struct rte *generated = row_rte(p, q->target, n->row_slot);
    *out = arena_new_array(p->arena, struct plan_expr, rel->natts);
    for (int i = 0; i < rel->natts; i++) {
        struct expr *e = row[i];
        if (rel->atts[i].generated) {
            e = q->row[i];
            TRY(deep_copy(p, &e));
            rte_alias(e, q->target, generated);
        }
        TRY(prepare_expr(l, &e));
        (*out)[i] = (struct plan_expr){e, n->row_slot + i, NULL};
    }
    return NULL;
}

static struct err *plan_action(struct planning *l, const struct plan *n,
                               const struct merge_action *a, struct plan_merge *out)
{
    out->matched = a->matched;
    out->kind = a->kind;
    out->when = (struct plan_expr){a->when, -1, NULL};
    if (a->when)
        TRY(prepare_expr(l, &out->when.expr));
    if (a->kind == Q_INSERT)
        return inserted_row(l, n, a->row, &out->row);
    if (a->kind == Q_UPDATE)
        return updated_row(l, n, a->set, a->nset, &out->row, &out->key_changes);
    return NULL;
}

static struct err *plan_merge(struct planning *l, struct plan **out)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct relation *rel = q->target->rel;
    struct plan *n = plan_new(p, P_MERGE);
    n->query = q;
    read_target(p, q->target);
    n->recheck.expr = q->from[0]->on;
    int nsorted;
    TRY(plan_from(l, &WANT_ANY, &n->left, &nsorted));
    TRY(prepare_expr(l, &n->recheck.expr));
    if (q->target->policy)
        n->recheck.expr = expr_and(p->arena, l->all_quals, n->recheck.expr);
    n->old_slot = q->target->base;
    n->row_slot = plan_new_slots(p->plan, rel->natts ? rel->natts : 1);
    n->nactions = q->nactions;
    n->actions = arena_new_array(p->arena, struct plan_merge, q->nactions);
    for (int i = 0; i < q->nactions; i++)
        TRY(plan_action(l, n, &q->actions[i], &n->actions[i]));
    TRY(plan_checks(l, n));
    n->rows = n->left->rows;
    n->total_cost = n->left->total_cost + n->rows * 0.01;
    *out = n;
    return NULL;
}

static struct err *plan_delete(struct planning *l, struct plan **out)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct plan *n = plan_new(p, P_DELETE);
    n->query = q;
    read_target(p, q->target);
    int nsorted;
    TRY(plan_from(l, &WANT_ANY, &n->left, &nsorted));
    n->recheck.expr = l->all_quals;
    n->old_slot = q->target->base;
    TRY(plan_returning(l, n));
    n->rows = n->left->rows;
    n->total_cost = n->left->total_cost + n->rows * 0.01;
    *out = n;
    return NULL;
}

struct err *plan_dml(struct planner *p, struct planning *parent, struct query *q, struct plan **out)
{
    struct planning l = {.p = p, .q = q, .parent = parent};
    p->plan->read_only = false;
    switch (q->kind) {
    case Q_INSERT:
        return plan_insert(&l, out);
    case Q_UPDATE:
        return plan_update(&l, out);
    case Q_DELETE:
        return plan_delete(&l, out);
    case Q_MERGE:
        return plan_merge(&l, out);
    case Q_SELECT:
    case Q_UTILITY:
        break;
    }
    UNREACHABLE();
}
