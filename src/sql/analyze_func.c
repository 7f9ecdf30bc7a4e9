/* Function calls, aggregates and subqueries in expressions. */
#include "sql/analyze_internal.h"

struct err *refuse_srf_args(struct analysis *a, const char *kind, struct expr *const *args, int n)
{
    for (int i = 0; i < n; i++)
        if (expr_has_srf(args[i]))
            return at(a,
                      err_hint(err_unsupported("%s function calls cannot contain set-returning "
                                               "function calls",
                                               kind),
                               "You might be able to move the set-returning function into a "
                               "LATERAL FROM item."),
                      args[i]->location);
    return NULL;
}

struct err *make_agg(struct level *l, const struct cat_proc *p, struct expr **args, int nargs,
                     const PgQuery__FuncCall *call, uint32_t type, int location, struct expr **out);
struct err *make_row_compare(struct level *l, struct str op, struct expr **left,
                             struct expr **right, int n, int location, struct expr **out);

static const char *const clause_names[] = {
    [CL_SELECT] = "SELECT",
    [CL_FROM_FUNCTION] = "functions in FROM",
    [CL_WHERE] = "WHERE",
    [CL_JOIN_ON] = "JOIN conditions",
    [CL_GROUP_BY] = "GROUP BY",
    [CL_HAVING] = "HAVING",
    [CL_ORDER_BY] = "ORDER BY",
    [CL_LIMIT] = "LIMIT",
    [CL_DISTINCT_ON] = "DISTINCT ON",
    [CL_VALUES] = "VALUES",
    [CL_INSERT_TARGET] = "INSERT",
    [CL_UPDATE] = "UPDATE",
    [CL_RETURNING] = "RETURNING",
    [CL_CHECK] = "check constraints",
    [CL_DEFAULT] = "DEFAULT expressions",
    [CL_INDEX_EXPR] = "index expressions",
    [CL_INDEX_PRED] = "index predicates",
    [CL_GENERATED] = "column generation expressions",
    [CL_AGG_FILTER] = "FILTER",
    [CL_ALTER_USING] = "transform expressions",
    [CL_COPY_WHERE] = "COPY FROM WHERE conditions",
    [CL_EXECUTE] = "EXECUTE parameters",
    [CL_POLICY] = "policy expressions",
    [CL_MERGE_WHEN] = "MERGE WHEN conditions",
    [CL_WINDOW] = "window definitions",
    [CL_WINDOW_ROWS] = "window ROWS",
    [CL_WINDOW_RANGE] = "window RANGE",
    [CL_WINDOW_GROUPS] = "window GROUPS",
};

const char *clause_name(enum clause c)
{
    return clause_names[c];
}

bool clause_takes_aggs(enum clause c)
{
    return c == CL_SELECT || c == CL_HAVING || c == CL_ORDER_BY || c == CL_DISTINCT_ON ||
           c == CL_WINDOW;
}

/* The nearest query level whose columns the expressions use: an aggregate belongs there. */
struct level_search {
    struct level *start;
    int nearest;               /* levels up; -1: no columns at all */
    const struct expr *agg;    /* an aggregate of this level inside */
    const struct expr *window; /* a window function inside */
};

static int levels_up(struct level *l, const struct rte *rte)
{
    int up = 0;
    for (; l; l = l->parent, up++)
        for (int i = 0; i < l->q->nrtes; i++)
            if (l->q->rtes[i] == rte)
                return up;
    return 0;
}

static struct err *visit_level(struct expr **e, void *arg)
{
    struct level_search *s = arg;
    if ((*e)->kind == E_VAR) {
        int up = levels_up(s->start, (*e)->var.rte);
        if (s->nearest < 0 || up < s->nearest)
            s->nearest = up;
        return NULL;
    }
    if ((*e)->kind == E_AGG) {
        if ((*e)->agg->level == s->start->q)
            s->agg = *e;
        return NULL;
    }
    if ((*e)->kind == E_WINDOW && (*e)->window->level == s->start->q)
        s->window = *e;
    if ((*e)->kind == E_GROUPING) {
        if ((*e)->grouping.level == s->start->q)
            s->agg = *e;
        return NULL;
    }
    return expr_children(*e, visit_level, arg);
}

static struct level *level_above(struct level *l, int up)
{
    for (; up > 0 && l->parent; up--)
        l = l->parent;
    return l;
}

struct level *level_of_columns(struct level *l, struct expr *e)
{
    struct level_search search = {l, -1, NULL, NULL};
    struct err *never = expr_children(e, visit_level, &search);
    CHECK(never == NULL);
    return search.nearest < 0 ? NULL : level_above(l, search.nearest);
}

/* One node per distinct aggregate: equal ones are computed once. */
static struct expr *register_agg(struct level *l, struct expr *e)
{
    struct query *q = l->q;
    for (int i = 0; i < q->naggs; i++)
        if (expr_equal(q->aggs[i], e))
            return q->aggs[i];
    e->agg->number = q->naggs;
    ARENA_PUSH(l->a->arena, q->aggs, q->naggs, q->aggs_cap, e);
    q->has_group = true;
    return e;
}

/* WITHIN GROUP's expressions are the last arguments; the others are direct ones. */
static struct err *split_ordered_args(struct level *l, const struct cat_proc *p,
                                      const PgQuery__FuncCall *call, struct expr *e)
{
    struct analysis *a = l->a;
    struct agg_extra *x = e->agg;
    x->norder = (int)call->n_agg_order;
    x->order = arena_new_array(a->arena, struct sort_key, x->norder);
    e->nargs -= x->norder;
    for (int i = 0; i < x->norder; i++) {
        struct sort_key *k = &x->order[i];
        k->expr = e->args[e->nargs + i];
        if (builtin_agg(p->oid)->kind == 'h') { /* the direct argument is compared with it */
            struct expr *pair[2] = {k->expr, e->args[i]};
            uint32_t common;
            TRY(common_type(a, pair, 2, "WITHIN GROUP", &common));
            TRY(coerce_to_common(a, &e->args[i], common, "WITHIN GROUP"));
            TRY(coerce_to_common(a, &k->expr, common, "WITHIN GROUP"));
        }
        TRY(resolve_unknown(a, &k->expr));
        TRY(sort_direction(a, call->agg_order[i]->sort_by, k));
    }
    return NULL;
}

static struct err *check_agg_form(struct level *l, const struct cat_proc *p, struct expr **args,
                                  int nargs, const PgQuery__FuncCall *call)
{
    const struct cat_agg *agg = builtin_agg(p->oid);
    const char *name = node_str(call->funcname[call->n_funcname - 1]);
    int order = (int)call->n_agg_order;
    struct err *e = NULL;
    if (call->agg_within_group && agg->kind == 'n')
        e = err_new("42809", "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP",
                    name);
    else if (!call->agg_within_group && agg->kind != 'n')
        e = err_new("42809", "WITHIN GROUP is required for ordered-set aggregate %s", name);
    else if (!nargs && !call->agg_star && agg->kind == 'n')
        e = err_new("42809", "%s(*) must be used to call a parameterless aggregate function", name);
    else if (agg->kind == 'h' && nargs - order != order)
        e = err_hint(err_new("42883", "function %s does not exist",
                             func_signature(l->a, (struct func_name){NULL, name}, args, nargs)),
                     "To use the hypothetical-set aggregate %s, the number of hypothetical direct "
                     "arguments (here %d) must match the number of ordering columns (here %d).",
                     name, nargs - order, order);
    return e ? at(l->a, e, call->location) : NULL;
}

struct err *make_agg(struct level *l, const struct cat_proc *p, struct expr **args, int nargs,
                     const PgQuery__FuncCall *call, uint32_t type, int location, struct expr **out)
{
    struct analysis *a = l->a;
    struct expr *e = expr_func(a->arena, E_AGG, p->oid, 0, type, args, nargs, location);
    TRY(access_call(a, p->oid));
    struct agg_extra *x = arena_new(a->arena, struct agg_extra);
    e->agg = x;
    x->star = call->agg_star;
    x->distinct = call->agg_distinct;
    x->ordered_set = call->agg_within_group;
    TRY(check_agg_form(l, p, args, nargs, call));
    TRY(refuse_srf_args(a, "aggregate", args, nargs));
    if (x->ordered_set)
        TRY(split_ordered_args(l, p, call, e));
    if (x->distinct)
        for (int i = 0; i < nargs; i++) {
            uint32_t lt;
            TRY(ordering_op(a, args[i]->type, args[i]->location, &lt));
        }
    if (!x->ordered_set)
        TRY(analyze_plain_keys(l, call->agg_order, call->n_agg_order, &x->order, &x->norder));
    for (int i = 0; x->distinct && i < x->norder; i++) {
        bool listed = false;
        for (int k = 0; k < nargs; k++)
            listed |= expr_equal(x->order[i].expr, args[k]);
        if (!listed)
            return at(a,
                      err_new("42P10", "in an aggregate with DISTINCT, ORDER BY expressions must "
                                       "appear in argument list"),
                      x->order[i].expr->location);
    }
    if (call->agg_filter)
        TRY(analyze_bool(l, call->agg_filter, CL_AGG_FILTER, "FILTER", &x->filter));
    struct level_search search = {l, -1, NULL, NULL};
    TRY(expr_children(e, visit_level, &search));
    struct level *home = level_above(l, search.nearest);
    if (search.agg)
        return at(a, err_new("42803", "aggregate function calls cannot be nested"),
                  search.agg->location);
    if (search.window)
        return at(a,
                  err_new("42803", "aggregate function calls cannot contain window function calls"),
                  search.window->location);
    if (!clause_takes_aggs(home->clause))
        return at(a,
                  err_new("42803", "aggregate functions are not allowed in %s",
                          clause_names[home->clause]),
                  location);
    x->level = home->q;
    *out = register_agg(home, e);
    return NULL;
}

static struct err *func_name(struct analysis *a, const PgQuery__FuncCall *f, struct func_name *out)
{
    struct err *e = resolve_qualified(a->cat, f->funcname, f->n_funcname, 1);
    if (!e && f->n_funcname > 1)
        e = access_schema(a, node_str(f->funcname[f->n_funcname - 2]));
    if (e)
        return at(a, e, f->location);
    *out = (struct func_name){f->n_funcname > 1 ? node_str(f->funcname[f->n_funcname - 2]) : NULL,
                              node_str(f->funcname[f->n_funcname - 1])};
    return NULL;
}

static const char *call_signature(struct analysis *a, const PgQuery__FuncCall *f,
                                  const struct expr *e)
{
    struct func_name fn = {f->n_funcname > 1 ? node_str(f->funcname[f->n_funcname - 2]) : NULL,
                           node_str(f->funcname[f->n_funcname - 1])};
    return func_signature(a, fn, e->args, e->nargs);
}

static struct err *check_call_form(struct level *l, const PgQuery__FuncCall *f,
                                   const struct expr *e, const char *name)
{
    struct analysis *a = l->a;
    const struct cat_proc *p = e->kind == E_FUNC || e->kind == E_AGG ? builtin_proc(e->func) : NULL;
    bool is_agg = e->kind == E_AGG;
    if (e->kind == E_WINDOW)
        return NULL;
    if (f->agg_within_group && !is_agg)
        return at(a,
                  p && p->kind == 'w'
                      ? err_new("42809", "window function %s cannot have WITHIN GROUP", name)
                      : err_new("42809",
                                "WITHIN GROUP specified, but %s is not an aggregate function",
                                name),
                  f->location);
    if (f->agg_star && !is_agg)
        return at(
            a, err_new("42809", "%s(*) specified, but %s is not an aggregate function", name, name),
            f->location);
    if (f->agg_distinct && !is_agg)
        return at(a,
                  err_new("42809", "DISTINCT specified, but %s is not an aggregate function", name),
                  f->location);
    if (f->n_agg_order && !is_agg)
        return at(a,
                  err_new("42809", "ORDER BY specified, but %s is not an aggregate function", name),
                  f->location);
    if (f->agg_filter && !is_agg)
        return at(a,
                  err_new("42809", "FILTER specified, but %s is not an aggregate function", name),
                  f->location);
    if (p && p->kind == 'w')
        return at(a, err_new("42809", "window function %s requires an OVER clause", name),
                  f->location);
    if (f->over && !is_agg)
        return at(a,
                  err_new("42809",
                          "OVER specified, but %s is not a window function nor an aggregate "
                          "function",
                          name),
                  f->location);
    if (a->call && p && p->kind != 'p' && !l->parent && l->clause == CL_SELECT)
        return at(a,
                  err_hint(err_new("42809", "%s is not a procedure", call_signature(a, f, e)),
                           "To call a function, use SELECT."),
                  f->location);
    if (p && p->kind == 'p' && !a->call)
        return at(a,
                  err_hint(err_new("42809", "%s is a procedure", call_signature(l->a, f, e)),
                           "To call a procedure, use CALL."),
                  f->location);
    if (p && p->retset && l->clause != CL_SELECT && l->clause != CL_FROM_FUNCTION &&
        l->clause != CL_ORDER_BY && l->clause != CL_INSERT_TARGET && !l->one_row)
        return at(a,
                  err_new("0A000", "set-returning functions are not allowed in %s",
                          clause_names[l->clause]),
                  f->location);
    return NULL;
}

struct err *analyze_func_call(struct level *l, const PgQuery__FuncCall *f, struct expr **out)
{
    struct analysis *a = l->a;
    struct func_name fn;
    TRY(func_name(a, f, &fn));
    int given = (int)f->n_args;
    int n = 0;
    int norder = f->agg_within_group ? (int)f->n_agg_order : 0;
    struct expr **args = arena_new_array(a->arena, struct expr *, given + norder + 1);
    const char **names = arena_new_array(a->arena, const char *, given + norder + 1);
    for (int i = 0; i < given; i++) {
        const pg_node *arg = f->args[i];
        names[n] = NULL;
        if (arg->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR) {
            names[n] = arena_strdup(a->arena, arg->named_arg_expr->name);
            arg = arg->named_arg_expr->arg;
        } else if (n && names[n - 1]) {
            return at(a, err_new("42601", "positional argument cannot follow named argument"),
                      node_location(arg));
        }
        TRY(analyze_expr(l, arg, &args[n]));
        /* Drivers number the outputs of a call too, as parameters of type void. */
        n += args[n]->kind != E_PARAM || args[n]->type != VOID_OID;
    }
    for (int i = 0; i < norder; i++)
        TRY(analyze_expr(l, f->agg_order[i]->sort_by->node, &args[n++]));
    struct err *e = make_func(l, fn, args, names, n, f->func_variadic, f, f->location, out);
    if (e && err_is(e, "42883") && n == 1 && !fn.nsp && !names[0] &&
        has_field(a, args[0], fn.name)) {
        err_free(e);
        return analyze_field(a, args[0], fn.name, f->location, out);
    }
    TRY(e);
    if (f->funcformat == PG_QUERY__COERCION_FORM__COERCE_SQL_SYNTAX && (*out)->kind == E_FUNC)
        (*out)->form = FORM_SQL;
    return check_call_form(l, f, *out, fn.name);
}

/* ---- subqueries ---- */

static int visible_targets(const struct query *q)
{
    int n = 0;
    for (int i = 0; i < q->ntargets; i++)
        n += q->targets[i].name != NULL;
    return n;
}

static struct expr *column_placeholder(struct analysis *a, const struct query *q, int i)
{
    struct expr *slot = expr_new(a, E_SLOT, q->targets[i].expr->type, -1);
    slot->typmod = q->targets[i].expr->typmod;
    slot->param = -(i + 1);
    return slot;
}

static struct err *analyze_any(struct level *l, const PgQuery__SubLink *s, struct expr *e)
{
    struct analysis *a = l->a;
    const struct query *q = e->sublink.query;
    bool row = s->testexpr->node_case == PG_QUERY__NODE__NODE_ROW_EXPR;
    int n = row ? (int)s->testexpr->row_expr->n_args : 1;
    struct str op =
        s->n_oper_name ? str_from(node_str(s->oper_name[s->n_oper_name - 1])) : STR("=");
    int have = visible_targets(q);
    if (have < n)
        return at(a, err_new("42601", "subquery has too few columns"), s->location);
    if (have > n)
        return at(a, err_new("42601", "subquery has too many columns"), s->location);
    struct expr **left = arena_new_array(a->arena, struct expr *, n);
    struct expr **right = arena_new_array(a->arena, struct expr *, n);
    for (int i = 0; i < n; i++) {
        TRY(analyze_expr(l, row ? s->testexpr->row_expr->args[i] : s->testexpr, &left[i]));
        right[i] = column_placeholder(a, q, i);
    }
    TRY(make_row_compare(l, op, left, right, n, s->location, &e->sublink.test));
    if (e->sublink.test->type != BOOL_OID)
        return at(a,
                  err_new("42804", "row comparison operator must yield type boolean, not type %s",
                          type_display(a->arena, e->sublink.test->type, -1)),
                  s->location);
    return NULL;
}

/* SELECT ROW(its columns) FROM the query. */
static struct query *row_query(struct analysis *a, struct query *sub)
{
    struct query *q = arena_new(a->arena, struct query);
    struct from_node *f = arena_new(a->arena, struct from_node);
    struct expr *row = expr_new(a, E_ROW, RECORD_OID, -1);
    int n = visible_targets(sub);
    q->kind = Q_SELECT;
    q->parent = sub->parent;
    sub->parent = q;
    struct rte *rte = rte_new(a, q, RTE_SUBQUERY, "*ROW*", n);
    rte->sub = sub;
    row->args = arena_new_array(a->arena, struct expr *, n);
    for (int i = 0; i < sub->ntargets; i++) {
        const struct expr *e = sub->targets[i].expr;
        int k = row->nargs;
        if (!sub->targets[i].name)
            continue;
        rte->colnames[k] = sub->targets[i].name;
        rte->types[k] = e->type;
        rte->typmods[k] = e->typmod;
        rte->collations[k] = e->collation;
        row->args[row->nargs++] = expr_var(a->arena, rte, k + 1, e->location);
    }
    f->rte = rte;
    q->from = arena_memdup(a->arena, &f, sizeof(f));
    q->nfrom = 1;
    q->targets = arena_new(a->arena, struct target);
    q->targets[0] = (struct target){.expr = row, .name = "row"};
    q->ntargets = 1;
    return q;
}

struct err *sublink_columns(struct level *l, const pg_node *select, int location,
                            struct expr ***out, int *nout)
{
    struct analysis *a = l->a;
    struct expr *e = expr_new(a, E_SUBLINK, RECORD_OID, location);
    struct query *sub;
    a->in_sublink++;
    TRY(analyze_select_node(a, l, select, true, &sub));
    a->in_sublink--;
    for (int i = 0; i < sub->ntargets; i++)
        TRY(resolve_unknown(a, &sub->targets[i].expr));
    e->sublink.kind = SUBLINK_SCALAR;
    e->sublink.query = row_query(a, sub);
    const struct expr *row = e->sublink.query->targets[0].expr;
    *nout = row->nargs;
    *out = arena_new_array(a->arena, struct expr *, row->nargs);
    for (int i = 0; i < row->nargs; i++) {
        struct expr *f = expr_new(a, E_FIELD, row->args[i]->type, row->args[i]->location);
        f->typmod = row->args[i]->typmod;
        f->collation = row->args[i]->collation;
        f->args = arena_memdup(a->arena, &e, sizeof(struct expr *));
        f->nargs = 1;
        f->field.field = i + 1;
        (*out)[i] = f;
    }
    return NULL;
}

struct err *analyze_sublink(struct level *l, const PgQuery__SubLink *s, struct expr **out)
{
    struct analysis *a = l->a;
    static const enum sublink_kind kinds[] = {
        [PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK] = SUBLINK_EXISTS,
        [PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK] = SUBLINK_ALL,
        [PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK] = SUBLINK_ANY,
        [PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK] = SUBLINK_SCALAR,
        [PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK] = SUBLINK_ARRAY,
    };
    if (l->clause == CL_CHECK || l->clause == CL_DEFAULT || l->clause == CL_INDEX_EXPR ||
        l->clause == CL_INDEX_PRED || l->clause == CL_GENERATED || l->clause == CL_ALTER_USING ||
        l->clause == CL_COPY_WHERE || l->clause == CL_EXECUTE)
        return at(a,
                  err_unsupported("cannot use subquery in %s",
                                  l->clause == CL_CHECK        ? "check constraint"
                                  : l->clause == CL_DEFAULT    ? "DEFAULT expression"
                                  : l->clause == CL_INDEX_EXPR ? "index expression"
                                  : l->clause == CL_INDEX_PRED ? "index predicate"
                                  : l->clause == CL_GENERATED  ? "column generation expression"
                                  : l->clause == CL_COPY_WHERE ? "COPY FROM WHERE condition"
                                  : l->clause == CL_EXECUTE    ? "EXECUTE parameter"
                                                               : "transform expression"),
                  s->location);
    if (s->sub_link_type == PG_QUERY__SUB_LINK_TYPE__MULTIEXPR_SUBLINK)
        return at(a, err_unsupported("assigning a subquery to several columns is not supported"),
                  s->location);
    struct expr *e = expr_new(a, E_SUBLINK, BOOL_OID, s->location);
    e->sublink.kind = kinds[s->sub_link_type];
    a->in_sublink++;
    TRY(analyze_select_node(a, l, s->subselect, true, &e->sublink.query));
    a->in_sublink--;
    struct query *q = e->sublink.query;
    *out = e;
    switch (e->sublink.kind) {
    case SUBLINK_EXISTS:
        return NULL;
    case SUBLINK_ANY:
    case SUBLINK_ALL:
        return analyze_any(l, s, e);
    case SUBLINK_SCALAR:
    case SUBLINK_ARRAY:
        break;
    }
    if (visible_targets(q) != 1)
        return at(a, err_new("42601", "subquery must return only one column"), s->location);
    e->type = q->targets[0].expr->type;
    e->typmod = q->targets[0].expr->typmod;
    e->collation = q->targets[0].expr->collation;
    if (e->sublink.kind == SUBLINK_ARRAY) {
        uint32_t elem = e->type;
        e->type = element_type_of(elem) ? elem : array_type_of(elem);
        if (!e->type)
            return at(a,
                      err_new("42704", "could not find array type for data type %s",
                              type_display(a->arena, elem, -1)),
                      s->location);
    }
    return NULL;
}
