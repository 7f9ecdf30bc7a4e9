/* Which slots a node that keeps rows must save: those its subtree writes and something above (or
 * the node itself, when it gives rows out again) reads. */
#include "sql/plan_internal.h"

struct walk {
    struct planner *p;
    int words;
};

typedef uint64_t *bits;

static bits bits_new(struct walk *w)
{
    return arena_new_array(w->p->arena, uint64_t, w->words);
}

static void bit_set(bits b, int slot)
{
    if (slot >= 0)
        b[slot / 64] |= (uint64_t)1 << slot % 64;
}

static bool bit_get(const uint64_t *b, int slot)
{
    return b[slot / 64] >> slot % 64 & 1;
}

static void bits_or(struct walk *w, bits into, const uint64_t *from)
{
    for (int i = 0; i < w->words; i++)
        into[i] |= from[i];
}

/* ---- what is read ---- */

struct reads {
    struct walk *w;
    bits set;
};

static void plan_read_slots(struct walk *w, struct plan *n, bits set);

static struct err *note_slot(struct expr **ref, void *arg)
{
    struct reads *r = arg;
    struct expr *e = *ref;
    if (e->kind == E_VAR && e->var.att && e->var.rte->planned)
        bit_set(r->set, plan_var_slot(e));
    if (e->kind == E_SLOT)
        bit_set(r->set, e->param);
    if (e->kind == E_SUBPLAN) {
        plan_read_slots(r->w, e->subplan->plan, r->set);
        for (int i = 0; i < e->subplan->nout; i++)
            bit_set(r->set, e->subplan->out_slots[i]);
        if (e->subplan->test)
            return note_slot(&e->subplan->test, arg);
        return NULL;
    }
    return expr_children(e, note_slot, arg);
}

/* Slots one node reads by itself. */
static void node_reads(struct walk *w, struct plan *n, bits set)
{
    struct reads r = {w, set};
    struct err *never = plan_node_exprs(n, note_slot, &r);
    CHECK(never == NULL);
    for (int i = 0; i < n->nslots && (n->kind == P_SETOP || n->kind == P_RECURSIVE); i++) {
        bit_set(set, n->slots[i]);
        if (n->right_slots)
            bit_set(set, n->right_slots[i]);
    }
    for (int i = 0; i < n->nmarks; i++)
        bit_set(set, n->marks[i].rte->key_slot);
    if (n->kind == P_UPDATE || n->kind == P_DELETE || n->kind == P_MERGE) {
        const struct rte *t = n->query->target;
        bit_set(set, t->key_slot);
        for (int i = 0; i < t->ncols; i++)
            bit_set(set, t->base + i);
    }
}

static void plan_read_slots(struct walk *w, struct plan *n, bits set)
{
    if (!n)
        return;
    node_reads(w, n, set);
    plan_read_slots(w, n->left, set);
    plan_read_slots(w, n->right, set);
    for (int i = 0; i < n->ninputs; i++)
        plan_read_slots(w, n->inputs[i], set);
}

/* ---- what is written ---- */

static void rte_writes(const struct rte *rte, bits set)
{
    for (int i = 0; rte && rte->planned && i < rte->ncols; i++)
        bit_set(set, rte->base + i);
    if (rte && rte->planned)
        bit_set(set, rte->key_slot);
    for (int i = 0; rte && rte->planned && rte->sys_base >= 0 && i < SYSTEM_SLOTS; i++)
        bit_set(set, rte->sys_base + i);
}

static void plan_write_slots(struct plan *n, bits set)
{
    if (!n)
        return;
    rte_writes(n->rte, set);
    for (int i = 0; i < n->nexprs; i++)
        bit_set(set, n->exprs[i].slot);
    for (int i = 0; i < n->ngroup; i++)
        bit_set(set, n->group[i].slot);
    for (int i = 0; i < n->naggs; i++)
        bit_set(set, n->aggs[i].slot);
    for (int i = 0; i < n->ngroupings; i++)
        bit_set(set, n->groupings[i].slot);
    for (int i = 0; i < n->nreturning; i++)
        bit_set(set, n->returning[i].slot);
    plan_write_slots(n->left, set);
    plan_write_slots(n->right, set);
    for (int i = 0; i < n->ninputs; i++)
        plan_write_slots(n->inputs[i], set);
}

/* ---- what comes from elsewhere ---- */

static void subplan_depends(struct walk *w, const struct subplan *s, bits set);

static struct err *note_foreign(struct expr **ref, void *arg)
{
    struct reads *r = arg;
    if ((*ref)->kind == E_SUBPLAN) {
        subplan_depends(r->w, (*ref)->subplan, r->set);
        return NULL;
    }
    if ((*ref)->kind == E_SLOT || (*ref)->kind == E_VAR)
        return note_slot(ref, arg);
    return expr_children(*ref, note_foreign, arg);
}

static void foreign_reads(struct walk *w, struct plan *n, bits set)
{
    if (!n)
        return;
    struct reads r = {w, set};
    struct err *never = plan_node_exprs(n, note_foreign, &r);
    CHECK(never == NULL);
    foreign_reads(w, n->left, set);
    foreign_reads(w, n->right, set);
    for (int i = 0; i < n->ninputs; i++)
        foreign_reads(w, n->inputs[i], set);
}

/* The slots that it reads and does not write. */
static void subplan_depends(struct walk *w, const struct subplan *s, bits set)
{
    bits reads = bits_new(w);
    bits writes = bits_new(w);
    foreign_reads(w, s->plan, reads);
    for (int i = 0; i < s->nout; i++)
        bit_set(reads, s->out_slots[i]);
    plan_write_slots(s->plan, writes);
    for (int i = 0; i < w->words; i++)
        set[i] |= reads[i] & ~writes[i];
}

bool plan_depends(struct planner *p, struct subplan *s)
{
    struct walk w = {p, p->plan->nslots / 64 + 1};
    bits set = bits_new(&w);
    bool found = false;
    subplan_depends(&w, s, set);
    for (int slot = p->plan->nparams; slot < p->plan->nslots && !found; slot++)
        found = bit_get(set, slot);
    return found;
}

/* ---- saving ---- */

static int *common(struct walk *w, const uint64_t *a, const uint64_t *b, int *count)
{
    int *list = NULL;
    int n = 0;
    int cap = 0;
    for (int slot = 0; slot < w->p->plan->nslots; slot++)
        if (bit_get(a, slot) && bit_get(b, slot))
            ARENA_PUSH(w->p->arena, list, n, cap, slot);
    *count = n;
    return list;
}

static void assign(struct walk *w, struct plan *n, const uint64_t *above);

static int *saved_of(struct walk *w, struct plan *child, const uint64_t *need, int *count)
{
    bits written = bits_new(w);
    plan_write_slots(child, written);
    return common(w, need, written, count);
}

static void assign_expr_subplans(struct walk *w, struct plan *n);

/* Direct arguments of ordered-set aggregates are computed when a group is given. */
static void direct_reads(struct walk *w, struct plan *n, bits set)
{
    struct reads r = {w, set};
    for (int i = 0; i < n->naggs; i++) {
        const struct expr *e = n->aggs[i].expr;
        for (int k = 0; e->agg->ordered_set && k < e->nargs; k++) {
            struct err *never = note_slot(&e->args[k], &r);
            CHECK(never == NULL);
        }
    }
}

static void assign(struct walk *w, struct plan *n, const uint64_t *above)
{
    if (!n)
        return;
    bits need = bits_new(w);
    bits_or(w, need, above);
    switch (n->kind) {
    case P_SORT:
    case P_MATERIAL:
    case P_AGG: {
        bits wanted = bits_new(w);
        bits_or(w, wanted, above);
        direct_reads(w, n, wanted);
        n->saved = saved_of(w, n->left, wanted, &n->nsaved);
        break;
    }
    case P_WINDOW:
    case P_DISTINCT:
        /* What this node reads for itself it reads before saving; aggregates above read results. */
        n->saved = saved_of(w, n->left, above, &n->nsaved);
        break;
    case P_HASHJOIN:
    case P_MERGEJOIN: {
        struct reads r = {w, need};
        struct plan_expr *filters[] = {&n->filter, &n->join_filter};
        for (int i = 0; i < 2; i++)
            if (filters[i]->expr) {
                struct err *never = note_slot(&filters[i]->expr, &r);
                CHECK(never == NULL);
            }
        for (int i = 0; i < n->nhash; i++) {
            struct err *never = note_slot(&n->hash_right[i].expr, &r);
            CHECK(never == NULL);
            never = note_slot(&n->hash_left[i].expr, &r);
            CHECK(never == NULL);
        }
        n->saved = saved_of(w, n->right, need, &n->nsaved);
        n->left_saved = saved_of(w, n->left, need, &n->nleft_saved);
        break;
    }
    default:
        break;
    }
    node_reads(w, n, need);
    assign_expr_subplans(w, n);
    assign(w, n->right, need);
    if (n->kind == P_NESTLOOP) /* the inner side looks up by the outer row's columns */
        plan_read_slots(w, n->right, need);
    assign(w, n->left, need);
    for (int i = 0; i < n->ninputs; i++)
        assign(w, n->inputs[i], need);
}

static struct err *assign_subplan(struct expr **ref, void *arg)
{
    struct walk *w = arg;
    struct expr *e = *ref;
    if (e->kind != E_SUBPLAN)
        return expr_children(e, assign_subplan, arg);
    struct subplan *s = e->subplan;
    bits need = bits_new(w);
    for (int i = 0; i < s->nout; i++)
        bit_set(need, s->out_slots[i]);
    struct reads r = {w, need};
    if (s->test) {
        TRY(note_slot(&s->test, &r));
        TRY(assign_subplan(&s->test, w));
    }
    assign(w, s->plan, need);
    return NULL;
}

static void assign_expr_subplans(struct walk *w, struct plan *n)
{
    struct err *never = plan_node_exprs(n, assign_subplan, w);
    CHECK(never == NULL);
}

void plan_assign_saved(struct planner *p)
{
    struct statement_plan *s = p->plan;
    struct walk w = {p, s->nslots / 64 + 1};
    bits need = bits_new(&w);
    for (int i = 0; i < s->nout; i++)
        bit_set(need, s->out_slots[i]);
    assign(&w, s->root, need);
    for (int i = 0; i < s->nctes; i++) {
        bits out = bits_new(&w);
        for (int k = 0; k < s->ctes[i].ncols; k++)
            bit_set(out, s->ctes[i].out_slots[k]);
        assign(&w, s->ctes[i].plan, out);
    }
}
