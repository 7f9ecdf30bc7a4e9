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

static bool is_own_column(const struct query *q, const struct expr *e)
{
    for (int i = 0; e->kind == E_VAR && i < q->nrtes; i++)
        if (q->rtes[i] == e->var.rte)
            return true;
    return false;
}

/* Whether all that it gives becomes NULL with its own tables' rows. */
static bool all_columns(const struct query *q)
{
    for (int i = 0; i < q->ntargets; i++)
        if (!is_own_column(q, q->targets[i].expr))
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

/* What policies let through is decided on the table itself, and before other conditions on it,
 * which come behind: they may tell others what they see. */
static struct err *add_policy(struct problem *pr, struct rte *rte, bool nullable)
{
    struct planning *l = pr->l;
    int first = pr->nquals;
    TRY(add_condition(pr, rte->policy));
    for (int i = first; i < pr->nquals; i++) {
        pr->quals[i].policy = true;
        if (!nullable || rte == l->q->target)
            l->all_quals = expr_and(l->p->arena, l->all_quals, pr->quals[i].expr);
    }
    return NULL;
}

struct err *add_leaf(struct problem *pr, struct rte *rte, bool nullable, struct pending *pending)
{
    struct planning *l = pr->l;
    inline_cte(rte);
    bool simple = rte->kind == RTE_SUBQUERY && !rte_is_barrier(rte) && query_is_simple(rte->sub);
    if (simple && nullable)
        simple = all_columns(rte->sub) && rte->sub->nfrom == 1 && !rte->sub->where &&
                 rte->sub->from[0]->rte;
    if (simple) {
        TRY(adopt_rtes(l, rte->sub));
        rte->pulled = target_exprs(l->p->arena, rte->sub);
        struct pending where = pending_new(l->p, rte->sub->where, pending, !nullable);
        for (int i = 0; i < rte->sub->nfrom; i++)
            TRY(add_from(pr, rte->sub->from[i], nullable, &where));
        return add_pending(pr, &where, true);
    }
    struct item it = {.rels = (relset)1 << rte->index, .rte = rte};
    rte->nullable = nullable;
    rte_plan_init(l->p, rte);
    if (rte->kind == RTE_SUBQUERY)
        TRY(push_pending(l, rte, pending));
    TRY(scan_leaf(pr, rte, &it.plan));
    for (int i = 0; it.plan && rte->lateral && i < it.plan->nexprs; i++)
        it.requires_ |= expr_rels(l, it.plan->exprs[i].expr, NULL);
    if (rte->lateral && rte->kind == RTE_SUBQUERY)
        it.requires_ |= plan_reads(l, it.plan) & ~it.rels;
    ARENA_PUSH(l->p->arena, pr->items, pr->nitems, pr->items_cap, it);
    return add_policy(pr, rte, nullable);
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
    struct plan *scan = scan_relation(&both, rte, have, &WANT_ANY, NULL);
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
    return found && q->rels && !(q->rels & (q->rels - 1)) && !q->volatile_ && !q->policy;
}

static double item_rows(struct problem *pr, relset rel)
{
    for (int i = 0; i < pr->nitems; i++)
        if (pr->items[i].rels == rel) {
            struct item *it = &pr->items[i];
            return it->plan ? it->plan->rows : scan_relation(pr, it->rte, 0, &WANT_ANY, NULL)->rows;
        }
    return 0;
}

/* Puts off the costly conditions of tables that the join makes smaller. The join order is searched
 * again if it turns out not to. */
static struct err *solve_costly(struct problem *pr, struct path *out, int *nsorted)
{
    bool any = false;
    bool again = false;
    for (int i = 0; pr->nitems > 1 && i < pr->nquals; i++)
        any |= pr->quals[i].late = is_costly(&pr->quals[i]);
    TRY(solve(pr, out, nsorted));
    for (int i = 0; any && i < pr->nquals; i++) {
        struct qual *q = &pr->quals[i];
        if (!q->late || item_rows(pr, q->rels) >= out->rows)
            continue;
        q->late = false;
        again = true;
    }
    return again ? solve(pr, out, nsorted) : NULL;
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

static struct err *solve_whole(struct problem *pr, struct path *out, int *nsorted)
{
    TRY(solve_costly(pr, out, nsorted));
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

/* An outer join being planned. */
struct outer {
    enum join_kind kind; /* LEFT or FULL */
    struct problem left;
    struct problem right;
    struct problem on; /* its conditions, but those on the right side alone */
    struct path left_path;
    struct path right_path;
    struct plan *inner; /* the right side as a table that is looked up; NULL: it is not that */
    double rows;
};

static struct err *outer_sides(struct outer *o, struct from_node *lnode, struct from_node *rnode,
                               struct expr *condition, bool nullable, struct pending *pending)
{
    bool full = o->kind == JOIN_FULL;
    struct pending own = pending_new(o->left.l->p, condition, NULL, false);
    TRY(add_from(&o->left, lnode, nullable || full, full ? NULL : pending));
    TRY(take_pending(&o->left, full ? NULL : pending));
    TRY(add_from(&o->right, rnode, true, full ? NULL : &own));
    TRY(take_pending(&o->right, full ? NULL : &own));
    TRY(add_pending(&o->on, &own, false));
    /* Conditions on the nullable side alone can be applied before the join. */
    relset rels = problem_rels(&o->right);
    int kept = 0;
    for (int i = 0; i < o->on.nquals; i++) {
        struct qual *q = &o->on.quals[i];
        if (!full && q->rels && !(q->rels & ~rels) && !q->volatile_)
            ARENA_PUSH(o->left.l->p->arena, o->right.quals, o->right.nquals, o->right.quals_cap,
                       *q);
        else
            o->on.quals[kept++] = *q;
    }
    o->on.nquals = kept;
    return NULL;
}

static void add_join_filter(struct outer *o, struct plan *join, const struct qual *q)
{
    join->join_filter.expr = expr_and(o->left.l->p->arena, join->join_filter.expr, q->expr);
}

static struct plan *outer_node(struct outer *o, enum plan_kind kind, const struct path *left,
                               struct plan *right, double cost)
{
    struct plan *join = plan_new(o->left.l->p, kind);
    relset lrels = problem_rels(&o->left);
    join->left = left->plan;
    join->right = right;
    join->join = o->kind;
    join->rows = o->rows;
    join->total_cost = cost;
    join->null_slots = problem_slots(&o->right, problem_rels(&o->right), &join->nnull_slots);
    if (o->kind == JOIN_FULL)
        join->left_null_slots = problem_slots(&o->left, lrels, &join->nleft_null_slots);
    return join;
}

static double lookup_cost(const struct outer *o, const struct path *left)
{
    return cost_when(o->left.l->p, PLAN_NESTLOOP, left->cost + left->rows * o->inner->total_cost);
}

/* By looking the right side up; its scan knows the conditions on it. */
static struct plan *lookup_join(struct outer *o, const struct path *left)
{
    struct plan *join = outer_node(o, P_NESTLOOP, left, o->inner, lookup_cost(o, left));
    relset rels = problem_rels(&o->right);
    for (int i = 0; i < o->on.nquals; i++)
        if (!(o->on.quals[i].rels & rels))
            add_join_filter(o, join, &o->on.quals[i]);
    return join;
}

static double hash_cost(const struct outer *o)
{
    double cost = o->left_path.cost + o->right_path.cost +
                  (o->left_path.rows + o->right_path.rows) * HASH_ROW_COST;
    return cost_when(o->left.l->p, PLAN_HASHJOIN, cost);
}

static struct plan *kept_right(struct outer *o)
{
    struct plan *m = plan_new(o->left.l->p, P_MATERIAL);
    m->left = o->right_path.plan;
    m->rows = o->right_path.rows;
    m->total_cost = o->right_path.cost;
    return m;
}

/* By going through all of the right side for each row. */
static struct plan *loop_join(struct outer *o, const struct path *left)
{
    double cost = left->cost + o->right_path.cost + left->rows * o->right_path.rows * LOOP_ROW_COST;
    cost = cost_when(o->left.l->p, PLAN_NESTLOOP, cost);
    struct plan *join = outer_node(o, P_NESTLOOP, left, kept_right(o), cost);
    for (int i = 0; i < o->on.nquals; i++)
        add_join_filter(o, join, &o->on.quals[i]);
    return join;
}

/* The only table of a side; NULL: it is not that. */
static struct rte *only_table(const struct problem *pr)
{
    struct rte *rte = pr->nitems == 1 ? pr->items[0].rte : NULL;
    for (int i = 0; i < pr->nquals; i++)
        if (!pr->quals[i].rels)
            return NULL; /* decides on the whole side */
    return rte && rte->kind == RTE_RELATION ? rte : NULL;
}

/* By a hash table of the right side, a merge, or all pairs. */
static struct err *whole_join(struct outer *o, struct plan **out)
{
    relset lrels = problem_rels(&o->left);
    relset rrels = problem_rels(&o->right);
    struct planner *p = o->left.l->p;
    struct plan *join = outer_node(o, P_NESTLOOP, &o->left_path, o->right_path.plan, hash_cost(o));
    bool full = o->kind == JOIN_FULL;
    bool has_lateral = false;
    bool depends = false;
    for (int i = 0; i < o->right.nitems; i++)
        has_lateral |= (o->right.items[i].requires_ & lrels) != 0;
    for (int i = 0; i < o->on.nquals; i++) {
        struct expr *lkey;
        struct expr *rkey;
        uint32_t type;
        depends |= (o->on.quals[i].rels & (lrels | rrels)) != 0;
        if (!has_lateral && join->nhash < 16 &&
            is_equi(&o->on, &o->on.quals[i], lrels, rrels, &lkey, &rkey, &type))
            add_hash_key(p, join, lkey, rkey, type);
        else
            add_join_filter(o, join, &o->on.quals[i]);
    }
    *out = join;
    if (join->nhash || (full && !depends)) { /* without keys: a table of one bucket */
        struct merge_input in = {&o->left_path, &o->right_path, only_table(&o->left),
                                 only_table(&o->right)};
        join->kind = P_HASHJOIN;
        (void)merge_sides(&o->left, &o->right, &in, join, &join->total_cost);
        return NULL;
    }
    if (full)
        return err_unsupported("FULL JOIN is only supported with merge-joinable or "
                               "hash-joinable join conditions");
    if (!has_lateral)
        join->right = kept_right(o);
    return NULL;
}

/* The same join with its left side in some of the wanted order. */
static struct plan *join_kept_in_order(struct outer *o, const struct want *want, int *nsorted)
{
    enum { MANY_ROWS = 1000 }; /* to go through for each row */
    struct path path;
    bool lateral = false;
    for (int i = 0; i < o->right.nitems; i++)
        lateral |= o->right.items[i].requires_ != 0;
    bool small = !lateral && o->right_path.rows < MANY_ROWS;
    if (o->kind != JOIN_LEFT || !want->norder || !(o->inner || small) ||
        !solve_ordered(&o->left, want, o->left_path.rows, &path, nsorted))
        return NULL;
    apply_last(&o->left, &path);
    return o->inner ? lookup_join(o, &path) : loop_join(o, &path);
}

static struct err *outer_join(struct problem *pr, enum join_kind kind, struct from_node *lnode,
                              struct from_node *rnode, struct expr *condition, bool nullable,
                              struct pending *pending)
{
    struct planning *l = pr->l;
    struct outer o = {.kind = kind,
                      .left = {.l = l, .want = kind == JOIN_LEFT ? pr->want : WANT_ANY},
                      .right = {.l = l, .want = WANT_ANY},
                      .on = {.l = l, .want = WANT_ANY}};
    int none;
    TRY(outer_sides(&o, lnode, rnode, condition, nullable, pending));
    o.left.want = WANT_ANY;
    TRY(solve_whole(&o.left, &o.left_path, &none));
    if (kind == JOIN_LEFT)
        o.inner = parameterized_inner(&o.right, &o.on, problem_rels(&o.left));
    TRY(solve_whole(&o.right, &o.right_path, &none));
    o.rows = outer_rows(&o.on, &o.left_path, &o.right_path, kind == JOIN_FULL);
    struct item it = {.rels = problem_rels(&o.left) | problem_rels(&o.right)};
    if (o.inner && lookup_cost(&o, &o.left_path) < hash_cost(&o))
        it.plan = lookup_join(&o, &o.left_path);
    else
        TRY(whole_join(&o, &it.plan));
    it.ordered = join_kept_in_order(&o, &pr->want, &it.nsorted);
    ARENA_PUSH(l->p->arena, pr->items, pr->nitems, pr->items_cap, it);
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
    return add_pending(pr, &on, true);
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

struct err *plan_from(struct planning *l, const struct want *want, struct plan **out, int *nsorted)
{
    struct query *q = l->q;
    struct problem pr = {.l = l, .want = *want};
    struct path path;
    *nsorted = 0;
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
    TRY(add_pending(&pr, &where, true));
    for (int i = 0; i < pr.nquals; i++)
        l->all_quals = expr_and(l->p->arena, l->all_quals, pr.quals[i].expr);
    TRY(solve_whole(&pr, &path, nsorted));
    *out = path.plan;
    return NULL;
}
