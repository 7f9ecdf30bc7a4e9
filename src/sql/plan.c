/* Planning: the statement, its expressions, and the steps of a query above its joins. */
#include "sql/plan_internal.h"

#include "types/array.h"
#include "types/collation.h"

#include <stdlib.h>

struct statement_plan *plan_ref(struct statement_plan *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void plan_unref(struct statement_plan *p)
{
    /* Release and acquire: whoever frees sees all that other holders did. */
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    query_release(p->query);
    arena_done(&p->arena);
    free(p);
}

int plan_new_slots(struct statement_plan *p, int count)
{
    int first = p->nslots;
    p->nslots += count;
    return first;
}

int plan_const_slot(struct statement_plan *p, struct datum value)
{
    ARENA_PUSH(&p->arena, p->consts, p->nconsts, p->consts_cap, value);
    return -p->nconsts;
}

int plan_var_slot(const struct expr *var)
{
    const struct rte *rte = var->var.rte;
    ASSERT(var->kind == E_VAR && var->var.att != 0 && rte->base >= 0);
    if (var->var.att < 0) {
        ASSERT(rte->sys_base >= 0);
        return rte->sys_base - 1 - var->var.att;
    }
    return var->var.rte->base + var->var.att - 1;
}

struct plan *plan_new(struct planner *p, enum plan_kind kind)
{
    struct plan *n = arena_new(p->arena, struct plan);
    n->kind = kind;
    n->id = p->plan->nnodes++;
    n->filter.slot = n->join_filter.slot = n->bound.slot = n->recheck.slot = -1;
    n->cte = -1;
    n->row_slot = n->old_slot = n->conflict_old_slot = -1;
    return n;
}

void rte_plan_init(struct planner *p, struct rte *rte)
{
    if (rte->planned)
        return;
    rte->planned = true;
    rte->base = plan_new_slots(p->plan, rte->ncols ? rte->ncols : 1);
    rte->used = arena_new_array(p->arena, bool, rte->ncols + 1);
    rte->key_slot = -1;
    rte->sys_base = rte->system ? plan_new_slots(p->plan, SYSTEM_SLOTS) : -1;
}

int rte_slot(struct planner *p, struct rte *rte, int att)
{
    rte_plan_init(p, rte);
    rte->used[att - 1] = true;
    if (att > rte->max_att)
        rte->max_att = att;
    return rte->base + att - 1;
}

struct expr *slot_expr(struct planner *p, int slot, const struct expr *like)
{
    struct expr *e = arena_new(p->arena, struct expr);
    e->kind = E_SLOT;
    e->type = like->type;
    e->typmod = like->typmod;
    e->collation = like->collation;
    e->location = -1;
    e->param = slot;
    return e;
}

/* ---- expressions ---- */

static void plan_system_column(struct planner *p, struct expr *e, struct expr **out)
{
    enum { TABLEOID = -6 };
    if (e->var.att == TABLEOID)
        *out = expr_const(p->arena, OID_OID, -1, datum_int(e->var.rte->rel->oid), -1);
    else
        rte_plan_init(p, e->var.rte);
}

struct copy_state {
    struct planning *l;
};

static struct err *prepare_child(struct expr **e, void *arg)
{
    struct copy_state *s = arg;
    return prepare_expr(s->l, e);
}

static bool all_constant(const struct expr *e)
{
    for (int i = 0; i < e->nargs; i++)
        if (!e->args[i] || e->args[i]->kind != E_CONST)
            return false;
    return true;
}

/* ARRAY[...] of constants, and its cast to a type whose elements have the same bytes. */
static void fold_array(struct planner *p, struct expr **ref)
{
    struct expr *e = *ref;
    uint32_t elem = element_type_of(e->type);
    const struct type_ops *ops = type_lookup(p->env, elem);
    struct array from;
    struct datum value;
    struct err *err;
    if (!ops || !all_constant(e))
        return;
    if (e->kind == E_ARRAY) {
        struct datum *items = arena_new_array(p->arena, struct datum, e->nargs + 1);
        for (int i = 0; i < e->nargs; i++) {
            if (e->args[i]->type != elem)
                return; /* an array of arrays */
            items[i] = e->args[i]->value;
        }
        err = array_make_1d(ops, items, (size_t)e->nargs, p->arena, &value);
    } else {
        const struct cat_cast *c = builtin_cast(element_type_of(e->args[0]->type), elem);
        if (!c || c->method != 'b' || e->func || e->args[0]->value.null)
            return;
        err = array_open(e->args[0]->value, &from);
        struct datum *items = arena_new_array(p->arena, struct datum, (err ? 0 : from.nitems) + 1);
        for (uint32_t i = 0; !err && i < from.nitems; i++)
            items[i] = array_is_null(&from, i) ? datum_null() : array_get(&from, i);
        if (!err)
            err = array_make(ops, from.ndim, from.dims, from.lower, items, p->arena, &value);
    }
    if (err)
        err_free(err); /* execution meets it again */
    else
        *ref = expr_const(p->arena, e->type, e->typmod, value, e->location);
}

enum { MAX_FOLDED_BYTES = 64 * 1024 };

/* Folding knows of no collations. */
static bool by_bytes(struct expr *e)
{
    uint32_t collation = expr_input_collation(e);
    return collation != CONFLICTING_COLLATIONS && !collation_orders(collation);
}

/* Immutable functions of constants are computed now. An error is left to execution, which may never
 * come to it. */
static void fold(struct planner *p, struct expr **ref)
{
    struct expr *e = *ref;
    struct datum value;
    if (e->kind == E_RELABEL && e->args[0]->kind == E_CONST) {
        *ref = expr_const(p->arena, e->type, e->typmod, e->args[0]->value, e->location);
        (*ref)->collation = e->collation;
        (*ref)->collated = e->collated;
        return;
    }
    if (e->kind == E_ARRAY || e->kind == E_ARRAYCAST) {
        fold_array(p, ref);
        return;
    }
    if ((e->kind != E_FUNC && e->kind != E_OP) || !all_constant(e) || !sql_fold_function ||
        !by_bytes(e))
        return;
    const struct cat_proc *proc = builtin_proc(e->func);
    if (!proc || proc->volatility != 'i' || proc->retset || proc->kind != 'f')
        return;
    struct datum *args = arena_new_array(p->arena, struct datum, e->nargs + 1);
    uint32_t *types = arena_new_array(p->arena, uint32_t, e->nargs + 1);
    bool has_null = false;
    for (int i = 0; i < e->nargs; i++) {
        args[i] = e->args[i]->value;
        types[i] = e->args[i]->type;
        has_null |= args[i].null;
    }
    if (has_null && proc->strict) {
        *ref = expr_const(p->arena, e->type, e->typmod, datum_null(), e->location);
        return;
    }
    struct arena arena;
    arena_init(&arena);
    struct err *err =
        sql_fold_function(e->func, args, e->nargs, types, e->type, p->env, &arena, &value);
    const struct type_ops *ops = type_lookup(p->env, e->type);
    bool byval = ops && ops->byval;
    /* A plan may be kept for long: what is long is computed by each run. */
    if (!err && (byval || value.null || value.len <= MAX_FOLDED_BYTES)) {
        value = datum_copy(p->arena, value, byval);
        *ref = expr_const(p->arena, e->type, e->typmod, value, e->location);
    }
    err_free(err);
    arena_done(&arena);
}

/* AND and OR with constants in them. */
static void fold_bool(struct planner *p, struct expr **ref)
{
    struct expr *e = *ref;
    bool is_and = e->kind == E_AND;
    int kept = 0;
    for (int i = 0; i < e->nargs; i++) {
        struct expr *arg = e->args[i];
        if (arg->kind == E_CONST && !arg->value.null) {
            if ((arg->value.i != 0) != is_and) {
                *ref = arg;
                return;
            }
            continue;
        }
        e->args[kept++] = arg;
    }
    e->nargs = kept;
    if (kept == 0)
        *ref = expr_const(p->arena, BOOL_OID, -1, datum_bool(is_and), -1);
    else if (kept == 1)
        *ref = e->args[0];
}

struct err *prepare_expr(struct planning *l, struct expr **ref)
{
    struct planner *p = l->p;
    struct expr *e = *ref;
    struct copy_state s = {l};
    if (fiber_stack_left() < 48 * 1024)
        return err_hint(err_new("54001", "stack depth limit exceeded"),
                        "The expression is nested too deeply.");
    switch (e->kind) {
    case E_VAR:
        if (e->var.rte->pulled && e->var.att > 0) {
            *ref = e->var.rte->pulled[e->var.att - 1];
            return prepare_expr(l, ref);
        }
        if (e->var.att < 0)
            plan_system_column(p, e, ref);
        else
            rte_slot(p, e->var.rte, e->var.att);
        return NULL;
    case E_CONST:
    case E_PARAM:
    case E_SLOT:
    case E_SUBPLAN:
    case E_CASETEST:
    case E_SQLVALUE:
    case E_DEFAULT:
    case E_NEXTVAL:
        return NULL;
    case E_SUBLINK:
        *ref = copy_node(p->arena, e);
        return plan_sublink(l, *ref, ref);
    case E_AND:
    case E_OR:
        *ref = copy_node(p->arena, e);
        TRY(expr_children(*ref, prepare_child, &s));
        fold_bool(p, ref);
        return NULL;
    default:
        if (e->kind == E_FUNC && e->func >= FIRST_SYSTEM_OID) {
            struct expr *body = inline_user_function(p, e);
            if (body) {
                *ref = body;
                p->inline_depth++;
                struct err *err = prepare_expr(l, ref);
                p->inline_depth--;
                return err;
            }
        }
        *ref = copy_node(p->arena, e);
        TRY(expr_children(*ref, prepare_child, &s));
        fold(p, ref);
        return NULL;
    }
}

static struct err *find_volatile(struct expr **e, void *arg)
{
    bool *found = arg;
    if ((*e)->kind == E_FUNC || (*e)->kind == E_OP) {
        const struct cat_proc *p = builtin_proc((*e)->func);
        *found |= p && p->volatility == 'v';
    }
    *found |= (*e)->kind == E_NEXTVAL;
    return *found ? NULL : expr_children(*e, find_volatile, arg);
}

bool expr_is_volatile(const struct expr *e)
{
    bool found = false;
    struct expr *top = (struct expr *)e;
    struct err *never = find_volatile(&top, &found);
    CHECK(never == NULL);
    return found;
}

/* Whether a type's text form depends on nothing but the value. */
static bool text_is_immutable(uint32_t type)
{
    static const uint32_t types[] = {BOOL_OID,  INT2_OID,   INT4_OID,    INT8_OID,   OID_OID,
                                     TEXT_OID,  BPCHAR_OID, VARCHAR_OID, NAME_OID,   FLOAT4_OID,
                                     UUID_OID,  BYTEA_OID,  NUMERIC_OID, FLOAT8_OID, JSON_OID,
                                     JSONB_OID, UNKNOWN_OID};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (types[i] == type)
            return true;
    return false;
}

static bool is_mutable_call(const struct expr *e)
{
    enum { TEXTANYCAT = 2003, ANYTEXTCAT = 2004 }; /* what is joined counts as its text */
    const struct cat_proc *p = builtin_proc(e->func);
    if (!p || (p->oid != TEXTANYCAT && p->oid != ANYTEXTCAT))
        return p && p->volatility != 'i';
    return !text_is_immutable(e->args[0]->type) || !text_is_immutable(e->args[1]->type);
}

static struct err *find_mutable(struct expr **ref, void *arg)
{
    bool *found = arg;
    const struct expr *e = *ref;
    if (e->kind == E_FUNC || e->kind == E_OP)
        *found |= is_mutable_call(e);
    else if (e->kind == E_IOCAST)
        *found |= !text_is_immutable(e->type) || !text_is_immutable(e->args[0]->type);
    else
        *found |= e->kind == E_NEXTVAL || e->kind == E_SQLVALUE;
    return *found ? NULL : expr_children(*ref, find_mutable, arg);
}

bool expr_is_mutable(const struct expr *e)
{
    bool found = false;
    struct expr *top = (struct expr *)e;
    struct err *never = find_mutable(&top, &found);
    CHECK(never == NULL);
    return found;
}

static struct err *find_regclass(struct expr **ref, void *arg)
{
    uint32_t *oid = arg;
    const struct expr *e = *ref;
    if (e->kind == E_CONST && e->type == REGCLASS_OID && !e->value.null)
        *oid = (uint32_t)e->value.u;
    return expr_children(*ref, find_regclass, arg);
}

uint32_t expr_regclass(const struct expr *e)
{
    uint32_t oid = 0;
    struct expr *top = (struct expr *)e;
    struct err *never = find_regclass(&top, &oid);
    CHECK(never == NULL);
    return oid;
}

bool expr_has_volatile(const struct expr *e)
{
    return expr_is_volatile(e);
}

void split_and(struct arena *a, struct expr *e, struct expr ***list, int *n, int *cap)
{
    if (!e)
        return;
    if (e->kind == E_AND) {
        for (int i = 0; i < e->nargs; i++)
            split_and(a, e->args[i], list, n, cap);
        return;
    }
    int count = *n;
    ARENA_PUSH(a, *list, count, *cap, e);
    *n = count;
}

/* ---- targets, DISTINCT, ORDER BY, LIMIT ---- */

static bool targets_volatile(const struct query *q)
{
    for (int i = 0; i < q->ntargets; i++)
        if (expr_is_volatile(q->targets[i].expr))
            return true;
    return false;
}

/* Whether a computed target is a sort key, too: computed once then, before the sort. */
static bool sorts_by_target(const struct query *q)
{
    for (int i = 0; i < q->norder; i++)
        for (int t = 0; t < q->ntargets; t++)
            if (q->order[i].expr->kind != E_VAR && q->order[i].expr->kind != E_SLOT &&
                expr_equal(q->targets[t].expr, q->order[i].expr))
                return true;
    return false;
}

static int visible_count(const struct query *q)
{
    int n = 0;
    for (int i = 0; i < q->ntargets; i++)
        n += q->targets[i].name != NULL;
    return n;
}

static bool is_own(const struct query *q, const struct rte *rte)
{
    for (int i = 0; i < q->nrtes; i++)
        if (q->rtes[i] == rte)
            return true;
    return false;
}

/* Computes the targets that are not plain columns (another level's columns are computed, so that
 * the plan is seen to depend on them); slots[i] is where target i is. */
static struct err *project(struct planning *l, struct plan **node, int *slots)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct expr **list = arena_new_array(p->arena, struct expr *, q->ntargets);
    for (int i = 0; i < q->ntargets; i++) {
        list[i] = q->targets[i].expr;
        TRY(prepare_expr(l, &list[i]));
    }
    TRY(plan_srfs(l, list, q->ntargets, node));
    struct plan *proj = plan_new(p, P_PROJECT);
    proj->exprs = arena_new_array(p->arena, struct plan_expr, q->ntargets);
    for (int i = 0; i < q->ntargets; i++) {
        struct expr *e = list[i];
        if (e->kind == E_VAR && is_own(q, e->var.rte)) {
            slots[i] = plan_var_slot(e);
        } else if (e->kind == E_SLOT) {
            slots[i] = e->param;
        } else if (e->kind == E_PARAM) {
            slots[i] = e->param - 1;
        } else {
            slots[i] = plan_new_slots(p->plan, 1);
            proj->exprs[proj->nexprs++] = (struct plan_expr){e, slots[i], NULL};
        }
    }
    if (!proj->nexprs)
        return NULL;
    proj->left = *node;
    proj->rows = (*node)->rows;
    proj->startup_cost = (*node)->startup_cost;
    proj->total_cost = (*node)->total_cost + proj->rows * 0.0025 * proj->nexprs;
    *node = proj;
    return NULL;
}

struct err *plan_sort(struct planning *l, struct sort_key *keys, int nkeys, int presorted,
                      struct plan **node)
{
    struct plan *sort = plan_new(l->p, P_SORT);
    sort->left = *node;
    sort->keys = keys;
    sort->nkeys = nkeys;
    sort->presorted = presorted;
    sort->key_exprs = arena_new_array(l->p->arena, struct plan_expr, nkeys);
    for (int i = 0; i < nkeys; i++) {
        sort->key_exprs[i] = (struct plan_expr){keys[i].expr, -1, NULL};
        TRY(prepare_expr(l, &sort->key_exprs[i].expr));
    }
    sort->rows = (*node)->rows;
    sort->startup_cost =
        presorted ? (*node)->startup_cost : (*node)->total_cost + sort->rows * 0.02;
    sort->total_cost = (*node)->total_cost + sort->rows * 0.0225;
    *node = sort;
    return NULL;
}

/* ORDER BY, over the targets' slots where they are computed already (`target_slots`, or NULL). */
static struct sort_key *order_keys(struct planning *l, const int *target_slots)
{
    struct query *q = l->q;
    struct sort_key *keys = arena_new_array(l->p->arena, struct sort_key, q->norder);
    for (int i = 0; i < q->norder; i++) {
        keys[i] = q->order[i];
        for (int t = 0; target_slots && t < q->ntargets; t++) {
            if (!expr_equal(q->targets[t].expr, keys[i].expr))
                continue;
            keys[i].expr = slot_expr(l->p, target_slots[t], keys[i].expr);
            break;
        }
    }
    return keys;
}

static struct err *add_sort(struct planning *l, struct plan **node, int presorted,
                            const int *target_slots)
{
    return plan_sort(l, order_keys(l, target_slots), l->q->norder, presorted, node);
}

/* DISTINCT ON goes over rows sorted by its expressions: those that ORDER BY lacks come behind it.
 */
static void order_by_distinct(struct planning *l)
{
    struct query *q = l->q;
    struct sort_key *order =
        arena_new_array(l->p->arena, struct sort_key, q->norder + q->ndistinct_on);
    int n = q->norder;
    if (n)
        memcpy(order, q->order, sizeof(*order) * (size_t)n);
    for (int i = 0; i < q->ndistinct_on; i++) {
        bool there = false;
        for (int k = 0; k < n && !there; k++)
            there = expr_equal(order[k].expr, q->distinct_on[i]);
        if (!there)
            order[n++] = (struct sort_key){.expr = q->distinct_on[i]};
    }
    q->order = order;
    q->norder = n;
}

static struct err *add_distinct(struct planning *l, struct plan **node, const int *slots)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct plan *d = plan_new(p, P_DISTINCT);
    d->left = *node;
    if (q->distinct == DISTINCT_ON) {
        d->strategy = AGG_SORTED;
        d->nslots = q->ndistinct_on;
        d->slots = arena_new_array(p->arena, int, d->nslots);
        d->exprs = arena_new_array(p->arena, struct plan_expr, d->nslots);
        for (int i = 0; i < q->ndistinct_on; i++) {
            struct expr *e = q->distinct_on[i];
            for (int t = 0; t < q->ntargets; t++)
                if (expr_equal(q->targets[t].expr, e)) {
                    e = slot_expr(p, slots[t], e);
                    break;
                }
            TRY(prepare_expr(l, &e));
            d->slots[i] = plan_new_slots(p->plan, 1);
            d->exprs[d->nexprs++] = (struct plan_expr){e, d->slots[i], NULL};
        }
    } else {
        d->slots = arena_new_array(p->arena, int, q->ntargets);
        d->exprs = arena_new_array(p->arena, struct plan_expr, q->ntargets);
        for (int i = 0; i < q->ntargets; i++) {
            if (!q->targets[i].name)
                continue;
            /* The expression says the type; the value is in its slot already. */
            d->exprs[d->nslots] =
                (struct plan_expr){slot_expr(p, slots[i], q->targets[i].expr), slots[i], NULL};
            d->slots[d->nslots++] = slots[i];
        }
        d->nexprs = d->nslots;
    }
    d->rows = (*node)->rows / 2 + 1;
    d->startup_cost = (*node)->startup_cost;
    d->total_cost = (*node)->total_cost + (*node)->rows * 0.01;
    *node = d;
    return NULL;
}

/* Rows that tie with the last one have its values of ORDER BY. */
static struct err *tie_keys(struct planning *l, struct plan *limit, const int *target_slots)
{
    struct query *q = l->q;
    limit->keys = order_keys(l, target_slots);
    limit->key_exprs = arena_new_array(l->p->arena, struct plan_expr, q->norder);
    limit->nkeys = q->norder;
    for (int i = 0; i < q->norder; i++) {
        limit->key_exprs[i] = (struct plan_expr){limit->keys[i].expr, -1, NULL};
        TRY(prepare_expr(l, &limit->key_exprs[i].expr));
    }
    return NULL;
}

static struct err *add_limit(struct planning *l, struct plan **node, const int *target_slots)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    if (!q->limit && !q->offset)
        return NULL;
    struct plan *limit = plan_new(p, P_LIMIT);
    limit->left = *node;
    limit->with_ties = q->with_ties;
    limit->nexprs = 2;
    limit->exprs = arena_new_array(p->arena, struct plan_expr, 2);
    limit->exprs[0] = (struct plan_expr){q->limit, -1, NULL};
    limit->exprs[1] = (struct plan_expr){q->offset, -1, NULL};
    for (int i = 0; i < 2; i++)
        if (limit->exprs[i].expr)
            TRY(prepare_expr(l, &limit->exprs[i].expr));
    if (q->with_ties)
        TRY(tie_keys(l, limit, target_slots));
    struct expr *count = limit->exprs[0].expr;
    limit->rows = count && count->kind == E_CONST ? (double)count->value.i : (*node)->rows / 10;
    if (limit->rows > (*node)->rows || limit->rows < 1)
        limit->rows = (*node)->rows;
    double fraction = (*node)->rows > 0 ? limit->rows / (*node)->rows : 1;
    limit->startup_cost = (*node)->startup_cost;
    limit->total_cost =
        limit->startup_cost + ((*node)->total_cost - (*node)->startup_cost) * fraction;
    /* A sort below keeps no more rows than are asked for. */
    struct plan *below = *node;
    while (below->kind == P_PROJECT && below->left)
        below = below->left;
    if (below->kind == P_SORT && count && !q->with_ties) {
        below->bound.expr = count;
        if (limit->exprs[1].expr) {
            struct expr **args = arena_new_array(p->arena, struct expr *, 2);
            args[0] = count;
            args[1] = limit->exprs[1].expr;
            enum { INT8PL = 463, INT8PL_OP = 684 };
            below->bound.expr = expr_func(p->arena, E_OP, INT8PL, INT8PL_OP, INT8_OID, args, 2, -1);
        }
    }
    *node = limit;
    return NULL;
}

static struct err *add_lock_rows(struct planning *l, struct plan **node)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    if (!q->nmarks)
        return NULL;
    struct plan *lock = plan_new(p, P_LOCKROWS);
    lock->left = *node;
    lock->marks = q->marks;
    lock->nmarks = q->nmarks;
    lock->recheck.expr = l->all_quals;
    lock->rows = (*node)->rows;
    lock->startup_cost = (*node)->startup_cost;
    lock->total_cost = (*node)->total_cost + lock->rows * 0.01;
    p->plan->read_only = false;
    *node = lock;
    return NULL;
}

static double wanted_rows(const struct query *q)
{
    if (!q->limit || q->limit->kind != E_CONST)
        return q->limit ? 100 : -1;
    double n = (double)q->limit->value.i;
    if (q->offset && q->offset->kind == E_CONST && !q->offset->value.null)
        n += (double)q->offset->value.i;
    return n;
}

/* A row that an outer join adds is in no table. */
static struct err *check_marks(const struct query *q)
{
    static const char *const clauses[] = {[TXN_KEY_SHARE] = "FOR KEY SHARE",
                                          [TXN_SHARE] = "FOR SHARE",
                                          [TXN_NO_KEY_UPDATE] = "FOR NO KEY UPDATE",
                                          [TXN_UPDATE] = "FOR UPDATE"};
    for (int i = 0; i < q->nmarks; i++)
        if (q->marks[i].rte->nullable)
            return err_unsupported("%s cannot be applied to the nullable side of an outer join",
                                   clauses[q->marks[i].mode]);
    return NULL;
}

static struct want group_want(struct planning *l)
{
    struct want want = {.limit = -1, .groups = true};
    want.order = group_order(l, &want.norder);
    return want;
}

/* DISTINCT without a hash table: as if it were ON all columns. */
static void distinct_on_all(struct planning *l)
{
    struct query *q = l->q;
    q->distinct = DISTINCT_ON;
    q->distinct_on = arena_new_array(l->p->arena, struct expr *, q->ntargets);
    for (q->ndistinct_on = 0; q->ndistinct_on < q->ntargets; q->ndistinct_on++)
        q->distinct_on[q->ndistinct_on] = q->targets[q->ndistinct_on].expr;
}

static struct err *plan_select(struct planning *l, struct plan **out, int *slots)
{
    struct query *q = l->q;
    bool simple = !q->has_group && !q->distinct && !q->has_srf && !q->nwfuncs;
    bool simple_order = simple && q->norder;
    int nsorted = 0;
    if (q->cursor && q->nrtes == 1 && q->rtes[0]->kind == RTE_RELATION) {
        rte_plan_init(l->p, q->rtes[0]);
        if (q->rtes[0]->key_slot < 0)
            q->rtes[0]->key_slot = plan_new_slots(l->p->plan, 1);
    }
    for (int i = 0; i < q->nmarks; i++) {
        rte_plan_init(l->p, q->marks[i].rte);
        if (q->marks[i].rte->key_slot < 0)
            q->marks[i].rte->key_slot = plan_new_slots(l->p->plan, 1);
    }
    struct want want = {simple_order ? q->order : NULL, simple_order ? q->norder : 0,
                        simple ? wanted_rows(q) : -1, false};
    struct sort_key extreme;
    bool first = wants_extreme(l, &extreme);
    if (first)
        want = (struct want){&extreme, 1, 0, false};
    else if (q->ngroup && !q->nsets)
        want = group_want(l);
    TRY(plan_from(l, &want, out, &nsorted));
    if (first && nsorted)
        plan_first_row(l->p, out);
    if (first)
        nsorted = 0;
    TRY(check_marks(q));
    if (q->has_group)
        TRY(plan_agg(l, out, &nsorted));
    if (q->nwfuncs)
        TRY(plan_windows(l, out, &nsorted));
    if (q->distinct == DISTINCT_ALL && (l->p->cat->plans_off & PLAN_HASHAGG))
        distinct_on_all(l);
    bool project_first = q->distinct || q->has_srf || targets_volatile(q) || sorts_by_target(q);
    if (project_first)
        TRY(project(l, out, slots));
    if (q->distinct == DISTINCT_ON) {
        order_by_distinct(l);
        TRY(add_sort(l, out, 0, slots));
        TRY(add_distinct(l, out, slots));
    } else {
        if (q->distinct)
            TRY(add_distinct(l, out, slots));
        if (q->distinct || q->has_srf)
            nsorted = 0;
        if (q->norder > nsorted)
            TRY(add_sort(l, out, nsorted, project_first ? slots : NULL));
    }
    TRY(add_lock_rows(l, out));
    TRY(add_limit(l, out, project_first ? slots : NULL));
    if (!project_first)
        TRY(project(l, out, slots));
    return NULL;
}

/* ---- set operations ---- */

/* The arms of a chain of UNIONs of one kind, flattened. */
static void union_arms(struct planner *p, struct query *q, bool all, struct query ***arms, int *n,
                       int *cap)
{
    bool same = q->setop == SETOP_UNION && !q->norder && !q->limit && !q->offset && !q->nctes &&
                (q->setop_all == all || !all);
    bool plain = true;
    for (int i = 0; same && i < q->ntargets; i++)
        plain &= q->targets[i].expr->kind == E_VAR;
    if (!same || !plain) {
        int count = *n;
        ARENA_PUSH(p->arena, *arms, count, *cap, q);
        *n = count;
        return;
    }
    union_arms(p, q->left, all, arms, n, cap);
    union_arms(p, q->right, all, arms, n, cap);
}

/* An arm with its columns copied into the set operation's slots. */
static struct err *plan_arm(struct planning *l, struct query *arm, int base, struct plan **out)
{
    struct planner *p = l->p;
    struct plan *sub;
    int *slots;
    int n;
    TRY(plan_query(p, l->parent, arm, -1, &sub, &slots, &n));
    struct plan *copy = plan_new(p, P_SUBQUERY);
    copy->left = sub;
    copy->rows = sub->rows;
    copy->startup_cost = sub->startup_cost;
    copy->total_cost = sub->total_cost + sub->rows * 0.0025;
    copy->exprs = arena_new_array(p->arena, struct plan_expr, n);
    copy->slots = arena_new_array(p->arena, int, n);
    for (int i = 0, k = 0; i < arm->ntargets; i++) {
        if (!arm->targets[i].name)
            continue;
        copy->slots[k] = base + k;
        copy->exprs[k] =
            (struct plan_expr){slot_expr(p, slots[k], arm->targets[i].expr), base + k, NULL};
        k++;
    }
    copy->nexprs = copy->nslots = n;
    *out = copy;
    return NULL;
}

static struct plan *distinct_over(struct planner *p, struct plan *node, const struct rte *rte)
{
    struct plan *d = plan_new(p, P_DISTINCT);
    d->left = node;
    d->nslots = d->nexprs = rte->ncols;
    d->slots = arena_new_array(p->arena, int, rte->ncols);
    d->exprs = arena_new_array(p->arena, struct plan_expr, rte->ncols);
    for (int i = 0; i < rte->ncols; i++) {
        struct expr like = {
            .type = rte->types[i], .typmod = rte->typmods[i], .collation = rte->collations[i]};
        d->slots[i] = rte->base + i;
        d->exprs[i] = (struct plan_expr){slot_expr(p, d->slots[i], &like), d->slots[i], NULL};
    }
    d->rows = node->rows;
    d->startup_cost = node->startup_cost;
    d->total_cost = node->total_cost + node->rows * 0.01;
    return d;
}

static void setop_use_all(struct planner *p, struct rte *rte)
{
    for (int i = 1; i <= rte->ncols; i++)
        rte_slot(p, rte, i);
}

static struct err *plan_union(struct planning *l, struct plan **out)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    struct query **arms = NULL;
    int n = 0;
    int cap = 0;
    union_arms(p, q->left, q->setop_all, &arms, &n, &cap);
    union_arms(p, q->right, q->setop_all, &arms, &n, &cap);
    struct plan *append = plan_new(p, P_APPEND);
    append->inputs = arena_new_array(p->arena, struct plan *, n);
    append->ninputs = n;
    for (int i = 0; i < n; i++) {
        TRY(plan_arm(l, arms[i], q->setop_rte->base, &append->inputs[i]));
        append->rows += append->inputs[i]->rows;
        append->total_cost += append->inputs[i]->total_cost;
    }
    *out = q->setop_all ? append : distinct_over(p, append, q->setop_rte);
    return NULL;
}

static struct err *plan_setop(struct planning *l, struct plan **out, int *slots)
{
    struct planner *p = l->p;
    struct query *q = l->q;
    rte_plan_init(p, q->setop_rte);
    setop_use_all(p, q->setop_rte);
    if (q->setop == SETOP_UNION) {
        TRY(plan_union(l, out));
    } else {
        struct plan *node = plan_new(p, P_SETOP);
        int n = q->setop_rte->ncols;
        int right = plan_new_slots(p->plan, n);
        node->setop = q->setop;
        node->setop_all = q->setop_all;
        TRY(plan_arm(l, q->left, q->setop_rte->base, &node->left));
        TRY(plan_arm(l, q->right, right, &node->right));
        node->slots = node->left->slots;
        node->right_slots = node->right->slots;
        node->exprs = arena_new_array(p->arena, struct plan_expr, n);
        for (int i = 0; i < n; i++) {
            struct expr like = {.type = q->setop_rte->types[i],
                                .typmod = -1,
                                .collation = q->setop_rte->collations[i]};
            node->exprs[i] =
                (struct plan_expr){slot_expr(p, node->slots[i], &like), node->slots[i], NULL};
        }
        node->nslots = node->nexprs = n;
        node->rows = node->left->rows;
        node->startup_cost = node->right->total_cost;
        node->total_cost = node->left->total_cost + node->right->total_cost;
        *out = node;
    }
    if (q->norder)
        TRY(add_sort(l, out, 0, NULL));
    TRY(add_limit(l, out, NULL));
    return project(l, out, slots);
}

/* ---- whole queries ---- */

static struct err *plan_ctes_of(struct planning *l)
{
    for (int i = 0; i < l->q->nctes; i++) {
        struct cte *cte = l->q->ctes[i];
        if (cte->query->kind == Q_SELECT)
            continue;
        int number; /* data-modifying ones run even if nobody reads them */
        TRY(plan_cte_store(l->p, l, cte, &number));
    }
    return NULL;
}

struct err *plan_query(struct planner *p, struct planning *parent, struct query *q, double limit,
                       struct plan **out, int **out_slots, int *nout)
{
    struct planning l = {.p = p, .q = q, .parent = parent};
    (void)limit;
    if (fiber_stack_left() < 64 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    TRY(plan_ctes_of(&l));
    if (q->kind != Q_SELECT) {
        TRY(plan_dml(p, parent, q, out));
        *nout = q->nreturning;
        *out_slots = arena_new_array(p->arena, int, q->nreturning + 1);
        for (int i = 0; i < q->nreturning; i++)
            (*out_slots)[i] = (*out)->returning[i].slot;
        return NULL;
    }
    int *slots = arena_new_array(p->arena, int, q->ntargets + 1);
    if (q->setop != SETOP_NONE)
        TRY(plan_setop(&l, out, slots));
    else
        TRY(plan_select(&l, out, slots));
    *nout = 0;
    *out_slots = arena_new_array(p->arena, int, q->ntargets + 1);
    for (int i = 0; i < q->ntargets; i++)
        if (q->targets[i].name)
            (*out_slots)[(*nout)++] = slots[i];
    ASSERT(*nout == visible_count(q));
    return NULL;
}

static void copy_relations(struct statement_plan *s, struct query *q)
{
    s->relations = q->relations;
    s->nrelations = q->nrelations;
    s->lock_modes = arena_alloc(&s->arena, (size_t)q->nrelations + 1);
    for (int i = 0; i < q->nrelations; i++)
        s->lock_modes[i] = TXN_ACCESS_SHARE;
}

static void lock_at_least(struct statement_plan *s, const struct relation *r,
                          enum txn_table_lock mode)
{
    for (int i = 0; i < s->nrelations; i++)
        if (s->relations[i]->oid == r->oid && s->lock_modes[i] < mode)
            s->lock_modes[i] = (uint8_t)mode;
}

static void collect_locks(struct statement_plan *s, const struct query *q)
{
    if (!q)
        return;
    if (q->target)
        lock_at_least(s, q->target->rel, TXN_ROW_EXCLUSIVE);
    for (int i = 0; i < q->nmarks; i++)
        lock_at_least(s, q->marks[i].rte->rel, TXN_ROW_SHARE);
    for (int i = 0; i < q->nctes; i++)
        collect_locks(s, q->ctes[i]->query);
    for (int i = 0; i < q->nrtes; i++)
        if (q->rtes[i]->kind == RTE_SUBQUERY)
            collect_locks(s, q->rtes[i]->sub);
    collect_locks(s, q->left);
    collect_locks(s, q->right);
    collect_locks(s, q->source);
}

static void result_columns(struct statement_plan *s, struct query *q)
{
    const struct target *targets = q->kind == Q_SELECT ? q->targets : q->returning;
    int n = q->kind == Q_SELECT ? q->ntargets : q->nreturning;
    s->out = arena_new_array(&s->arena, struct target, n + 1);
    for (int i = 0, k = 0; i < n; i++)
        if (targets[i].name)
            s->out[k++] = targets[i];
}

static void finish_scans(struct planner *p)
{
    struct statement_plan *s = p->plan;
    plan_finish_scans(p, s->root);
    for (int i = 0; i < s->nctes; i++)
        plan_finish_scans(p, s->ctes[i].plan);
    for (int i = 0; i < s->nsubplans; i++)
        plan_finish_scans(p, s->subplans[i]->plan);
}

struct err *plan_statement(struct cat *cat, const struct type_env *env, struct query *query,
                           struct arena *arena, struct statement_plan **out)
{
    struct statement_plan *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom();
    s->refs = 1;
    s->arena = *arena;
    s->catalog_version = query->catalog_version;
    s->query = query;
    s->nparams = query->nparams;
    s->nslots = query->nparams;
    s->param_types = query->param_types;
    s->read_only = true;
    struct planner p = {.cat = cat, .env = env, .arena = &s->arena, .plan = s};
    copy_relations(s, query);
    result_columns(s, query);
    struct err *e = plan_needs(&p, query);
    if (!e)
        e = plan_query(&p, NULL, query, -1, &s->root, &s->out_slots, &s->nout);
    if (e) {
        *arena = s->arena; /* the caller keeps the query */
        free(s);
        return e;
    }
    collect_locks(s, query);
    finish_scans(&p);
    plan_assign_saved(&p);
    arena_init(arena);
    *out = s;
    return NULL;
}
