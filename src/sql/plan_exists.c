/* Subqueries whose rows are looked up in a hash table that is made once.
 *
 * EXISTS (SELECT ... WHERE inner.a = outer.b AND ...) with nothing else of the outer query in it
 * asks whether outer.b is among the values of inner.a. Where no index finds those quickly, the
 * subquery runs once, without its equations. */
#include "sql/plan_internal.h"

#include "types/collation.h"

enum { MAX_KEYS = 8 };

/* ---- what an expression reads ---- */

struct sides {
    const struct query *q; /* the subquery */
    bool inner;
    bool outer;
    bool other; /* subqueries, aggregates */
};

static struct err *note_side(struct expr **ref, void *arg)
{
    struct sides *s = arg;
    const struct expr *e = *ref;
    if (e->kind == E_VAR) {
        bool inner = false;
        for (int i = 0; i < s->q->nrtes; i++)
            inner |= s->q->rtes[i] == e->var.rte;
        s->inner |= inner;
        s->outer |= !inner;
        return NULL;
    }
    s->other |=
        e->kind == E_SUBLINK || e->kind == E_AGG || e->kind == E_WINDOW || e->kind == E_CASETEST;
    return expr_children(*ref, note_side, arg);
}

static struct sides sides_of(const struct query *q, struct expr *e)
{
    struct sides s = {.q = q};
    struct err *never = note_side(&e, &s);
    CHECK(never == NULL);
    s.other |= expr_is_volatile(e);
    return s;
}

static bool joins_inside(const struct query *q, const struct from_node *f)
{
    if (f->rte)
        return f->rte->kind == RTE_RELATION;
    if (f->on) {
        struct sides s = sides_of(q, f->on);
        if (s.outer || s.other)
            return false;
    }
    return joins_inside(q, f->left) && joins_inside(q, f->right);
}

static bool is_plain(const struct query *q)
{
    if (q->kind != Q_SELECT || q->setop != SETOP_NONE || q->has_group || q->distinct || q->limit ||
        q->offset || q->nctes || q->nmarks || !q->nfrom || !q->where)
        return false;
    for (int i = 0; i < q->nfrom; i++)
        if (!joins_inside(q, q->from[i]))
            return false;
    return true;
}

/* ---- keys ---- */

uint32_t hash_equality(const struct expr *e)
{
    const struct cat_oper *op = e->kind == E_OP && e->nargs == 2 ? builtin_oper(e->op) : NULL;
    const struct cat_amop *am = op ? builtin_btree_strategy(e->op) : NULL;
    if (!op || !op->can_hash || !am || am->strategy != 3)
        return 0;
    uint32_t collation = expr_input_collation((struct expr *)e);
    if (collation == CONFLICTING_COLLATIONS || collation_is_nondeterministic(collation))
        return 0;
    bool ints = is_integer_type(op->left) && is_integer_type(op->right);
    if (op->left != op->right && !ints)
        return 0;
    uint32_t type = ints ? INT8_OID : op->left;
    const struct type_ops *ops = type_by_oid(type_is_polymorphic(type) ? e->args[0]->type : type);
    return ops && ops->hash && ops->compare ? ops->oid : 0;
}

static bool finds_by_index(const struct expr *e)
{
    while (e->kind == E_RELABEL)
        e = e->args[0];
    if (e->kind != E_VAR || e->var.rte->kind != RTE_RELATION)
        return false;
    const struct relation *r = e->var.rte->rel;
    for (int i = 0; i < r->nindexes; i++)
        if (r->indexes[i].valid && !r->indexes[i].pred_sql &&
            r->indexes[i].cols[0].attnum == e->var.att)
            return true;
    return false;
}

struct keys {
    struct expr *outer[MAX_KEYS];
    struct expr *inner[MAX_KEYS];
    struct expr *equations[MAX_KEYS];
    uint32_t types[MAX_KEYS];
    int n;
    struct expr *rest; /* conditions on the inner side alone */
};

/* One conjunct; false: the whole can't be done. */
static bool take_conjunct(struct planner *p, const struct query *q, struct expr *e, struct keys *k)
{
    struct sides all = sides_of(q, e);
    if (all.other)
        return false;
    if (!all.outer) {
        k->rest = expr_and(p->arena, k->rest, e);
        return true;
    }
    uint32_t type = hash_equality(e);
    if (!type || k->n == MAX_KEYS)
        return false;
    struct sides left = sides_of(q, e->args[0]);
    struct sides right = sides_of(q, e->args[1]);
    int outer = left.outer ? 0 : 1;
    if ((left.outer && left.inner) || (right.outer && right.inner) || left.outer == right.outer ||
        left.inner == right.inner || finds_by_index(e->args[1 - outer]))
        return false;
    k->outer[k->n] = e->args[outer];
    k->inner[k->n] = e->args[1 - outer];
    k->equations[k->n] = e;
    k->types[k->n++] = type;
    return true;
}

bool hash_exists(struct planner *p, struct query *q, struct subplan *s, struct expr **test)
{
    struct keys k = {0};
    struct expr **list = NULL;
    int n = 0;
    int cap = 0;
    if (!is_plain(q))
        return false;
    split_and(p->arena, q->where, &list, &n, &cap);
    for (int i = 0; i < n; i++)
        if (!take_conjunct(p, q, list[i], &k))
            return false;
    if (!k.n)
        return false;
    q->where = k.rest;
    q->norder = 0;
    q->has_srf = false;
    q->ntargets = k.n;
    q->targets = arena_new_array(p->arena, struct target, k.n);
    s->kind = SUBLINK_ANY;
    s->null_is_no_match = true;
    for (int i = 0; i < k.n; i++) {
        struct expr *one = arena_memdup(p->arena, k.equations[i], sizeof(*one));
        struct expr *column = arena_memdup(p->arena, k.inner[i], sizeof(*column));
        q->targets[i] = (struct target){.expr = k.inner[i], .name = "?column?"};
        column->kind = E_SLOT;
        column->param = -(i + 1);
        column->nargs = 0;
        one->args = arena_new_array(p->arena, struct expr *, 2);
        one->args[0] = k.outer[i];
        one->args[1] = column;
        *test = expr_and(p->arena, *test, one);
    }
    return true;
}

/* `left = column` for each column of the subquery, of types that hash. */
void hash_test(struct planner *p, struct subplan *s)
{
    struct expr **list = NULL;
    int n = 0;
    int cap = 0;
    if (s->kind != SUBLINK_ANY || s->correlated || (s->nout > 1 && !s->null_is_no_match))
        return;
    split_and(p->arena, s->test, &list, &n, &cap);
    if (n != s->nout)
        return;
    s->hash_left = arena_new_array(p->arena, struct plan_expr, n + 1);
    s->hash_types = arena_new_array(p->arena, uint32_t, n + 1);
    for (int i = 0; i < n; i++) {
        uint32_t type = hash_equality(list[i]);
        if (!type || list[i]->args[1]->kind != E_SLOT || list[i]->args[1]->param != s->out_slots[i])
            return;
        s->hash_left[i] = (struct plan_expr){list[i]->args[0], -1, NULL};
        s->hash_types[i] = type;
    }
    s->nhash = n;
}
