/* Building, walking and comparing expressions. */
#include "sql/analyze_internal.h"

#include "types/collation.h"

fold_function sql_fold_function;

struct expr *expr_new(struct analysis *a, enum expr_kind kind, uint32_t type, int location)
{
    struct expr *e = arena_new(a->arena, struct expr);
    e->kind = kind;
    e->type = type;
    e->typmod = -1;
    e->collation = type_default_collation(type);
    e->location = location;
    return e;
}

struct expr *expr_const(struct arena *arena, uint32_t type, int32_t typmod, struct datum value,
                        int location)
{
    struct expr *e = arena_new(arena, struct expr);
    e->kind = E_CONST;
    e->type = type;
    e->typmod = typmod;
    e->collation = type_default_collation(type);
    e->value = value;
    e->location = location;
    return e;
}

static const struct {
    const char *name;
    uint32_t type;
} system_columns[] = {{"ctid", TID_OID}, {"xmin", XID_OID}, {"cmin", CID_OID},
                      {"xmax", XID_OID}, {"cmax", CID_OID}, {"tableoid", OID_OID}};

int system_column(const char *name)
{
    for (int i = 0; i < (int)ARRAY_LENGTH(system_columns); i++)
        if (strcmp(name, system_columns[i].name) == 0)
            return -1 - i;
    return 0;
}

const char *system_column_name(int att)
{
    return system_columns[-1 - att].name;
}

struct expr *expr_var(struct arena *arena, struct rte *rte, int att, int location)
{
    struct expr *e = arena_new(arena, struct expr);
    e->kind = E_VAR;
    e->typmod = -1;
    e->location = location;
    e->var.rte = rte;
    e->var.att = att;
    if (att > 0) {
        e->type = rte->types[att - 1];
        e->typmod = rte->typmods[att - 1];
        e->collation = rte->collations[att - 1];
    } else if (att == 0) {
        e->type = RECORD_OID;
    }
    if (att < 0)
        e->type = system_columns[-1 - att].type;
    return e;
}

struct expr *expr_func(struct arena *arena, enum expr_kind kind, uint32_t func, uint32_t op,
                       uint32_t type, struct expr **args, int nargs, int location)
{
    struct expr *e = arena_new(arena, struct expr);
    e->kind = kind;
    e->type = type;
    e->typmod = -1;
    e->collation = type_default_collation(type);
    e->location = location;
    e->func = func;
    e->op = op;
    e->args = args;
    e->nargs = nargs;
    return e;
}

static struct expr *join_conditions(struct arena *arena, enum expr_kind kind, struct expr *a,
                                    struct expr *b)
{
    if (!a || !b)
        return a ? a : b;
    struct expr **args = arena_new_array(arena, struct expr *, 2);
    args[0] = a;
    args[1] = b;
    return expr_func(arena, kind, 0, 0, BOOL_OID, args, 2, -1);
}

struct expr *expr_and(struct arena *arena, struct expr *a, struct expr *b)
{
    return join_conditions(arena, E_AND, a, b);
}

struct expr *expr_or(struct arena *arena, struct expr *a, struct expr *b)
{
    return join_conditions(arena, E_OR, a, b);
}

static struct err *visit_keys(struct sort_key *keys, int n, expr_visit visit, void *arg)
{
    for (int i = 0; i < n; i++)
        TRY(visit(&keys[i].expr, arg));
    return NULL;
}

struct err *expr_children(struct expr *e, expr_visit visit, void *arg)
{
    for (int i = 0; i < e->nargs; i++)
        if (e->args[i])
            TRY(visit(&e->args[i], arg));
    if (e->kind == E_AGG) {
        TRY(visit_keys(e->agg->order, e->agg->norder, visit, arg));
        if (e->agg->filter)
            TRY(visit(&e->agg->filter, arg));
    }
    if (e->kind == E_SUBLINK && e->sublink.test)
        TRY(visit(&e->sublink.test, arg));
    if (e->kind == E_WINDOW && e->window->filter)
        TRY(visit(&e->window->filter, arg));
    return NULL;
}

/* Nodes are shared between clauses (a target and its sort key), so rewriting works on copies. */
struct expr *copy_node(struct arena *a, const struct expr *e)
{
    struct expr *copy = arena_memdup(a, e, sizeof(*e));
    if (e->nargs)
        copy->args = arena_memdup(a, e->args, sizeof(*e->args) * (size_t)e->nargs);
    if (e->kind == E_WINDOW)
        copy->window = arena_memdup(a, e->window, sizeof(*e->window));
    if (e->kind == E_AGG) {
        copy->agg = arena_memdup(a, e->agg, sizeof(*e->agg));
        if (e->agg->norder)
            copy->agg->order =
                arena_memdup(a, e->agg->order, sizeof(*e->agg->order) * (size_t)e->agg->norder);
    }
    return copy;
}

static struct err *from_exprs(struct from_node *f, expr_visit visit, void *arg)
{
    if (!f)
        return NULL;
    if (f->on)
        TRY(visit(&f->on, arg));
    TRY(from_exprs(f->left, visit, arg));
    return from_exprs(f->right, visit, arg);
}

static struct err *target_exprs(struct target *t, int n, expr_visit visit, void *arg)
{
    for (int i = 0; i < n; i++)
        TRY(visit(&t[i].expr, arg));
    return NULL;
}

static struct err *rte_exprs(struct rte *rte, expr_visit visit, void *arg)
{
    if (rte->kind == RTE_SUBQUERY)
        TRY(query_exprs(rte->sub, visit, arg));
    if (rte->policy)
        TRY(visit(&rte->policy, arg));
    for (int i = 0; i < rte->nfuncs; i++)
        TRY(visit(&rte->funcs[i], arg));
    for (int r = 0; r < rte->nrows; r++)
        for (int i = 0; i < rte->ncols; i++)
            TRY(visit(&rte->rows[r][i], arg));
    return NULL;
}

struct err *query_exprs(struct query *q, expr_visit visit, void *arg)
{
    struct expr **singles[] = {&q->where, &q->having, &q->limit, &q->offset};
    for (int i = 0; i < 4; i++)
        if (*singles[i])
            TRY(visit(singles[i], arg));
    TRY(target_exprs(q->targets, q->ntargets, visit, arg));
    TRY(target_exprs(q->returning, q->nreturning, visit, arg));
    for (int i = 0; i < q->nfrom; i++)
        TRY(from_exprs(q->from[i], visit, arg));
    for (int i = 0; i < q->nrtes; i++)
        TRY(rte_exprs(q->rtes[i], visit, arg));
    for (int i = 0; i < q->ngroup; i++)
        TRY(visit(&q->group[i], arg));
    for (int i = 0; i < q->ndistinct_on; i++)
        TRY(visit(&q->distinct_on[i], arg));
    TRY(visit_keys(q->order, q->norder, visit, arg));
    for (int i = 0; i < q->nwindows; i++) {
        TRY(visit_keys(q->windows[i]->partition, q->windows[i]->npartition, visit, arg));
        TRY(visit_keys(q->windows[i]->order, q->windows[i]->norder, visit, arg));
    }
    for (int i = 0; i < q->nctes; i++)
        TRY(query_exprs(q->ctes[i]->query, visit, arg));
    if (q->left)
        TRY(query_exprs(q->left, visit, arg));
    return q->right ? query_exprs(q->right, visit, arg) : NULL;
}

static bool datum_equal(uint32_t type, struct datum a, struct datum b)
{
    if (a.null || b.null)
        return a.null == b.null;
    const struct type_ops *ops = type_by_oid(type);
    if (ops && ops->byval)
        return a.u == b.u;
    return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

bool sort_keys_equal(const struct sort_key *a, int na, const struct sort_key *b, int nb)
{
    bool same = na == nb;
    for (int i = 0; same && i < na; i++)
        same = a[i].lt_op == b[i].lt_op && a[i].desc == b[i].desc &&
               a[i].nulls_first == b[i].nulls_first && expr_equal(a[i].expr, b[i].expr);
    return same;
}

static bool payload_equal(const struct expr *a, const struct expr *b)
{
    switch (a->kind) {
    case E_CONST:
        return datum_equal(a->type, a->value, b->value);
    case E_VAR:
        return a->var.rte == b->var.rte && a->var.att == b->var.att;
    case E_PARAM:
    case E_SLOT:
        return a->param == b->param;
    case E_SAOP:
    case E_NULLTEST:
    case E_MINMAX:
        return a->flag == b->flag;
    case E_BOOLTEST:
        return a->booltest == b->booltest;
    case E_SQLVALUE:
        return a->sqlvalue.what == b->sqlvalue.what &&
               a->sqlvalue.precision == b->sqlvalue.precision;
    case E_FIELD:
    case E_FIELDSTORE:
        return a->field.field == b->field.field;
    case E_ROWCMP:
        return a->rowcmp.cmp == b->rowcmp.cmp;
    case E_SUBLINK:
        return a->sublink.query == b->sublink.query;
    case E_SUBPLAN:
        return a->subplan == b->subplan;
    case E_WINDOW:
        return a->window->window == b->window->window && a->window->star == b->window->star &&
               !a->window->filter == !b->window->filter &&
               (!a->window->filter || expr_equal(a->window->filter, b->window->filter));
    case E_GROUPING:
        return a->grouping.level == b->grouping.level;
    case E_AGG:
        return a->agg->star == b->agg->star && a->agg->distinct == b->agg->distinct &&
               sort_keys_equal(a->agg->order, a->agg->norder, b->agg->order, b->agg->norder) &&
               a->agg->level == b->agg->level && !a->agg->filter == !b->agg->filter &&
               (!a->agg->filter || expr_equal(a->agg->filter, b->agg->filter));
    case E_RELABEL:
        return a->collation == b->collation || a->form != FORM_SQL || b->form != FORM_SQL;
    case E_CASE:
        return a->kase.has_test == b->kase.has_test;
    case E_SUBSCRIPT:
        return a->subscript.slice == b->subscript.slice;
    case E_FUNC:
    case E_OP:
    case E_DISTINCT:
    case E_NULLIF:
    case E_AND:
    case E_OR:
    case E_NOT:
    case E_CASETEST:
    case E_COALESCE:
    case E_ARRAY:
    case E_ROW:
    case E_IOCAST:
    case E_DOMAIN:
    case E_SUBSTORE:
    case E_ARRAYCAST:
    case E_DEFAULT:
    case E_NEXTVAL:
        return true;
    }
    UNREACHABLE();
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->type != b->type || a->nargs != b->nargs || a->func != b->func ||
        a->op != b->op || !collation_same_order(a->input_collation, b->input_collation) ||
        !payload_equal(a, b))
        return false;
    for (int i = 0; i < a->nargs; i++) {
        if (!a->args[i] != !b->args[i])
            return false;
        if (a->args[i] && !expr_equal(a->args[i], b->args[i]))
            return false;
    }
    return true;
}

int expr_location(const struct expr *e)
{
    int at = e->location;
    if (e->kind != E_OP && e->kind != E_AND && e->kind != E_OR && e->kind != E_SAOP &&
        e->kind != E_DISTINCT && e->kind != E_SUBSCRIPT)
        return at;
    const struct expr *first = e->nargs > 1 ? e->args[0] : NULL;
    int start = first ? expr_location(first) : -1;
    return start >= 0 && (at < 0 || start < at) ? start : at;
}

bool expr_is_srf(const struct expr *e)
{
    const struct cat_proc *p = e->kind == E_FUNC || e->kind == E_OP ? builtin_proc(e->func) : NULL;
    return p && p->retset;
}

static struct err *find_srf(struct expr **e, void *arg)
{
    const struct expr **found = arg;
    if (expr_is_srf(*e) && !*found)
        *found = *e;
    return *found ? NULL : expr_children(*e, find_srf, arg);
}

const struct expr *expr_find_srf(const struct expr *e)
{
    const struct expr *found = NULL;
    struct expr *top = (struct expr *)e;
    struct err *never = find_srf(&top, &found);
    CHECK(never == NULL);
    return found;
}

bool expr_has_srf(const struct expr *e)
{
    return expr_find_srf(e) != NULL;
}

int char_position(const char *sql, int offset)
{
    int n = 1;
    for (int i = 0; i < offset && sql[i]; i++)
        n += ((unsigned char)sql[i] & 0xc0) != 0x80;
    return n;
}

struct err *at(const struct analysis *a, struct err *e, int location)
{
    if (location >= 0 && a->sql && e->position == 0)
        err_at(e, char_position(a->sql, location));
    return e;
}
