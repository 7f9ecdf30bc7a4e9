/* FROM and WHERE: leaves, subqueries merged into the level above, outer joins.
 *
 * The FROM clause becomes a list of items joined by inner joins; an outer join is one item, planned
 * from its two sides. A condition is applied by the lowest plan that has all its relations. */
#include "sql/plan_from.h"

#include <math.h>

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
        for (int i = 0; i < rte->nfuncs; i++)
            TRY(prepare_expr(pr->l, &rte->funcs[i]));
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

bool query_is_simple(const struct query *q)
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

static struct err *add_from(struct problem *pr, struct from_node *f, bool nullable,
                            struct pending *pending);

static struct err *add_leaf(struct problem *pr, struct rte *rte, bool nullable,
                            struct pending *pending)
{
    struct planning *l = pr->l;
    inline_cte(rte);
    bool simple = rte->kind == RTE_SUBQUERY && query_is_simple(rte->sub);
    if (simple && nullable)
        simple = all_columns(rte->sub) && rte->sub->nfrom == 1 && !rte->sub->where &&
                 rte->sub->from[0]->rte;
    if (simple) {
        TRY(adopt_rtes(l, rte->sub));
        rte->pulled = target_exprs(l->p->arena, rte->sub);
        struct pending where = pending_new(l->p, rte->sub->where, pending, !nullable);
        for (int i = 0; i < rte->sub->nfrom; i++)
            TRY(add_from(pr, rte->sub->from[i], nullable, &where));
        return add_pending(pr, &where);
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
    for (int i = 0; i < right->nquals; i++) {
        if (!right->quals[i].rels)
            return NULL; /* decides on the whole side */
        both.quals[both.nquals++] = right->quals[i];
    }
    for (int i = 0; i < on->nquals; i++)
        both.quals[both.nquals++] = on->quals[i];
    struct plan *scan = scan_relation(&both, rte, have, NULL, 0, -1, NULL);
    return plan_looks_up(scan) ? scan : NULL;
}

/* ---- conditions that run a subquery for each row ---- */

static struct err *find_correlated(struct expr **ref, void *arg)
{
    bool *found = arg;
    const struct expr *e = *ref;
    *found |= e->kind == E_SUBPLAN && e->subplan->correlated;
    return *found ? NULL : expr_children(*ref, find_correlated, arg);
}

static bool is_costly(const struct qual *q)
{
    bool found = false;
    struct expr *top = q->expr;
    struct err *never = find_correlated(&top, &found);
    CHECK(never == NULL);
    return found && q->rels && !(q->rels & (q->rels - 1)) && !q->volatile_;
}

static double item_rows(struct problem *pr, relset rel)
{
    for (int i = 0; i < pr->nitems; i++)
        if (pr->items[i].rels == rel) {
            struct item *it = &pr->items[i];
            return it->plan ? it->plan->rows
                            : scan_relation(pr, it->rte, 0, NULL, 0, -1, NULL)->rows;
        }
    return 0;
}

/* Puts off the costly conditions of tables that the join makes smaller. The join order is searched
 * again if it turns out not to. */
static struct err *solve_costly(struct problem *pr, const struct sort_key *order, int norder,
                                double limit, struct path *out, bool *sorted)
{
    bool any = false;
    bool again = false;
    for (int i = 0; pr->nitems > 1 && i < pr->nquals; i++)
        any |= pr->quals[i].late = is_costly(&pr->quals[i]);
    TRY(solve(pr, order, norder, limit, out, sorted));
    for (int i = 0; any && i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        if (!q->late || item_rows(pr, q->rels) >= out->rows)
            continue;
        q->late = false;
        again = true;
    }
    return again ? solve(pr, order, norder, limit, out, sorted) : NULL;
}

/* ---- a whole problem ---- */

/* Conditions on no relation (parameters, outer columns) decide once; those that were put off, and
 * volatile ones, decide on each row of the join. */
static void apply_last(struct problem *pr, struct path *path)
{
    struct planner *p = pr->l->p;
    struct expr *once = NULL;
    for (int i = 0; i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        if (!q->rels && !q->volatile_)
            once = expr_and(p->arena, once, q->expr);
        else if (q->late || !q->rels)
            path->plan->filter.expr = expr_and(p->arena, path->plan->filter.expr, q->expr);
    }
    if (!once)
        return;
    bool never = once->kind == E_CONST && (once->value.null || !once->value.i);
    struct plan *n = plan_new(p, P_RESULT);
    n->left = never ? NULL : path->plan;
    n->filter.expr = once;
    n->rows = never ? 0 : path->rows;
    n->startup_cost = never ? 0 : path->plan->startup_cost;
    n->total_cost = never ? 0 : path->cost;
    path->plan = n;
    path->cost = n->total_cost;
}

static struct err *solve_whole(struct problem *pr, const struct sort_key *order, int norder,
                               double limit, struct path *out, bool *sorted)
{
    TRY(solve_costly(pr, order, norder, limit, out, sorted));
    apply_last(pr, out);
    return NULL;
}

static double outer_rows(struct problem *on, const struct path *left, const struct path *right,
                         bool full)
{
    int nequi;
    int nother;
    double sel =
        join_selectivity(on, left->rels, right->rels, &nequi, &nother, left->rows, right->rows);
    double rows = fmax(left->rows, left->rows * right->rows * sel);
    return full ? fmax(rows, right->rows) : rows;
}

static struct err *outer_join(struct problem *pr, enum join_kind kind, struct from_node *lnode,
                              struct from_node *rnode, struct expr *condition, bool nullable,
                              struct pending *pending)
{
    struct planning *l = pr->l;
    struct planner *p = l->p;
    struct problem left = {.l = l};
    struct problem right = {.l = l};
    struct problem on = {.l = l};
    bool full = kind == JOIN_FULL;
    struct pending own = pending_new(p, condition, NULL, false);
    TRY(add_from(&left, lnode, nullable || full, full ? NULL : pending));
    TRY(take_pending(&left, full ? NULL : pending));
    TRY(add_from(&right, rnode, true, full ? NULL : &own));
    TRY(take_pending(&right, full ? NULL : &own));
    TRY(add_pending(&on, &own));
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
    TRY(solve_whole(&left, NULL, 0, -1, &lp, NULL));
    struct plan *inner = full ? NULL : parameterized_inner(&right, &on, lrels);
    TRY(solve_whole(&right, NULL, 0, -1, &rp, NULL));
    double nest_cost = inner ? lp.cost + lp.rows * inner->total_cost : 0;
    double hash_cost = lp.cost + rp.cost + (lp.rows + rp.rows) * HASH_ROW_COST;
    nest_cost = cost_when(p, PLAN_NESTLOOP, nest_cost);
    hash_cost = cost_when(p, PLAN_HASHJOIN, hash_cost);
    bool has_lateral = false;
    for (int i = 0; i < right.nitems; i++)
        has_lateral |= (right.items[i].requires_ & lrels) != 0;
    struct plan *join = plan_new(p, P_NESTLOOP);
    if (inner && nest_cost < hash_cost) {
        join->right = inner;
        join->total_cost = nest_cost;
        for (int i = 0; i < on.nquals; i++) /* those that the scan does not know */
            if (!(on.quals[i].rels & rrels))
                join->join_filter.expr =
                    expr_and(p->arena, join->join_filter.expr, on.quals[i].expr);
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
        bool depends = false;
        for (int i = 0; i < on.nquals; i++)
            depends |= on.quals[i].rels & (lrels | rrels);
        if (join->nhash || (full && !depends)) { /* without keys: a table of one bucket */
            join->kind = P_HASHJOIN;
        } else {
            if (full)
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
    join->join = kind;
    join->rows = outer_rows(&on, &lp, &rp, full);
    join->null_slots = problem_slots(&right, rrels, &join->nnull_slots);
    if (full)
        join->left_null_slots = problem_slots(&left, lrels, &join->nleft_null_slots);
    struct item it = {.rels = lrels | rrels, .plan = join};
    ARENA_PUSH(p->arena, pr->items, pr->nitems, pr->items_cap, it);
    return NULL;
}

static struct err *add_from(struct problem *pr, struct from_node *f, bool nullable,
                            struct pending *pending)
{
    bool swapped = false;
    if (f->rte)
        return add_leaf(pr, f->rte, nullable, pending);
    enum join_kind kind = f->kind == JOIN_INNER ? f->kind : real_join(f, pending, &swapped);
    if (kind != JOIN_INNER)
        return outer_join(pr, kind, swapped ? f->right : f->left, swapped ? f->left : f->right,
                          f->on, nullable, pending);
    struct pending on = pending_new(pr->l->p, f->on, pending, !nullable);
    TRY(add_from(pr, f->left, nullable, &on));
    TRY(add_from(pr, f->right, nullable, &on));
    return add_pending(pr, &on);
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
    struct pending where = pending_new(l->p, q->where, NULL, true);
    for (int i = 0; i < q->nfrom; i++)
        TRY(add_from(&pr, q->from[i], false, &where));
    TRY(add_pending(&pr, &where));
    for (int i = 0; i < pr.nquals; i++)
        l->all_quals = expr_and(l->p->arena, l->all_quals, pr.quals[i].expr);
    TRY(solve_whole(&pr, order, norder, limit, &path, sorted));
    *out = path.plan;
    return NULL;
}
