/* Windows and the functions over them. */
#include "sql/analyze_internal.h"

static struct err *missing_window(struct analysis *a, const char *name, int location)
{
    return at(a, err_new("42704", "window \"%s\" does not exist", name), location);
}

static struct window *find_window(const struct query *q, const char *name)
{
    for (int i = 0; i < q->nwindows; i++)
        if (q->windows[i]->name && strcmp(q->windows[i]->name, name) == 0)
            return q->windows[i];
    return NULL;
}

static bool given(const char *name)
{
    return name && *name;
}

/* ---- frames ---- */

/* The in_range function for a sort key's type and an offset's; 0A000 when there is not one. */
static struct err *find_in_range(struct analysis *a, uint32_t key, const struct expr *offset,
                                 const struct cat_proc **out)
{
    int n;
    const struct cat_proc *procs = builtin_procs(STR("in_range"), &n);
    uint32_t preferred = offset->type == UNKNOWN_OID ? key : offset->type;
    const char *type = type_display(a->arena, key, -1);
    const char *by = type_display(a->arena, offset->type, -1);
    int of_key = 0;
    int matches = 0;
    for (int i = 0; i < n; i++) {
        if (procs[i].argtypes[0] != key)
            continue;
        of_key++;
        if (procs[i].argtypes[2] == preferred) {
            *out = &procs[i];
            return NULL;
        }
        if (can_coerce(offset->type, procs[i].argtypes[2], 'i')) {
            *out = &procs[i];
            matches++;
        }
    }
    if (matches == 1)
        return NULL;
    const char *what = "RANGE with offset PRECEDING/FOLLOWING";
    struct err *e;
    if (!of_key)
        e = err_new("0A000", "%s is not supported for column type %s", what, type);
    else if (!matches)
        e = err_hint(err_new("0A000", "%s is not supported for column type %s and offset type %s",
                             what, type, by),
                     "Cast the offset value to an appropriate type.");
    else
        e = err_hint(
            err_new("0A000",
                    "%s has multiple interpretations for column type %s and offset type %s", what,
                    type, by),
            "Cast the offset value to the exact intended type.");
    return at(a, e, offset->location);
}

static struct err *find_variable(struct expr **ref, void *arg)
{
    const struct expr **found = arg;
    if ((*ref)->kind == E_VAR && !*found)
        *found = *ref;
    return expr_children(*ref, find_variable, arg);
}

static struct err *frame_offset(struct level *l, const pg_node *n, const struct window *w,
                                struct expr **out, uint32_t *in_range)
{
    struct analysis *a = l->a;
    const char *mode = w->frame & FRAME_ROWS ? "ROWS" : w->frame & FRAME_RANGE ? "RANGE" : "GROUPS";
    const struct expr *variable = NULL;
    struct expr *e;
    uint32_t type = INT8_OID;
    enum clause clause = w->frame & FRAME_ROWS    ? CL_WINDOW_ROWS
                         : w->frame & FRAME_RANGE ? CL_WINDOW_RANGE
                                                  : CL_WINDOW_GROUPS;
    if (!n)
        return NULL;
    TRY(analyze_expr_in(l, n, clause, &e));
    if (w->frame & FRAME_RANGE) {
        const struct cat_proc *p = NULL;
        TRY(find_in_range(a, w->order[0].expr->type, e, &p));
        *in_range = p->oid;
        type = p->argtypes[2];
    }
    TRY(coerce_try(a, e, type, -1, 'a', FORM_IMPLICIT, -1, out));
    if (!*out)
        return at(a,
                  err_new("42804", "argument of %s must be type %s, not type %s", mode,
                          type_display(a->arena, type, -1), type_display(a->arena, e->type, -1)),
                  e->location);
    TRY(find_variable(out, &variable));
    if (variable)
        return at(a, err_new("42P10", "argument of %s must not contain variables", mode),
                  variable->location);
    return NULL;
}

static struct err *check_frame(struct analysis *a, const struct window *w, int location)
{
    bool offset = w->frame & (FRAME_START_OFFSET | FRAME_END_OFFSET);
    if (w->frame & FRAME_RANGE && offset && w->norder != 1)
        return at(a,
                  err_new("42P20", "RANGE with offset PRECEDING/FOLLOWING requires exactly one "
                                   "ORDER BY column"),
                  location);
    if (w->frame & FRAME_GROUPS && !w->norder)
        return at(a, err_new("42P20", "GROUPS mode requires an ORDER BY clause"), location);
    return NULL;
}

/* ---- windows ---- */

/* Partitions are sorted as the window's order has it, where both name an expression. */
static struct err *partition_keys(struct level *l, const PgQuery__WindowDef *d, struct window *w)
{
    struct analysis *a = l->a;
    w->partition = arena_new_array(a->arena, struct sort_key, d->n_partition_clause);
    for (size_t i = 0; i < d->n_partition_clause; i++) {
        struct sort_key k = {0};
        TRY(analyze_expr(l, d->partition_clause[i], &k.expr));
        TRY(resolve_unknown(a, &k.expr));
        TRY(ordering_op(a, k.expr->type, k.expr->location, &k.lt_op));
        bool listed = false;
        for (int o = 0; o < w->npartition; o++)
            listed |= expr_equal(w->partition[o].expr, k.expr);
        for (int o = 0; o < w->norder; o++)
            if (expr_equal(w->order[o].expr, k.expr)) {
                k = w->order[o];
                break;
            }
        if (!listed)
            w->partition[w->npartition++] = k;
    }
    return NULL;
}

static struct err *copy_window(struct analysis *a, const PgQuery__WindowDef *d,
                               const struct window *from, struct window *w)
{
    const char *name = from->name;
    if (w->npartition)
        return at(a, err_new("42P20", "cannot override PARTITION BY clause of window \"%s\"", name),
                  d->location);
    if (w->norder && from->norder)
        return at(a, err_new("42P20", "cannot override ORDER BY clause of window \"%s\"", name),
                  d->location);
    w->copied = from;
    w->copied_order = !w->norder;
    w->partition = from->partition;
    w->npartition = from->npartition;
    bool plain = !w->name && !w->norder && w->frame == FRAME_DEFAULT;
    if (!w->norder) {
        w->order = from->order;
        w->norder = from->norder;
    }
    if (from->frame == FRAME_DEFAULT)
        return NULL;
    struct err *e =
        err_new("42P20", "cannot copy window \"%s\" because it has a frame clause", name);
    if (plain)
        e = err_hint(e, "Omit the parentheses in this OVER clause.");
    return at(a, e, d->location);
}

static bool same_offset(const struct expr *a, const struct expr *b)
{
    return !a == !b && (!a || expr_equal(a, b));
}

/* A window that is the same by its words. */
static struct window *same_window(const struct query *q, const struct window *w)
{
    for (int i = 0; i < q->nwindows; i++) {
        struct window *o = q->windows[i];
        if (o->copied == w->copied && o->frame == w->frame && same_offset(o->start, w->start) &&
            same_offset(o->end, w->end) &&
            sort_keys_equal(o->partition, o->npartition, w->partition, w->npartition) &&
            sort_keys_equal(o->order, o->norder, w->order, w->norder))
            return o;
    }
    return NULL;
}

static struct err *window_clauses(struct level *l, const PgQuery__WindowDef *d, struct window *w)
{
    const struct window *from = NULL;
    if (given(d->refname)) {
        from = find_window(l->q, d->refname);
        if (!from)
            return missing_window(l->a, d->refname, d->location);
    }
    TRY(analyze_plain_keys(l, d->order_clause, d->n_order_clause, &w->order, &w->norder));
    TRY(partition_keys(l, d, w));
    if (from)
        TRY(copy_window(l->a, d, from, w));
    TRY(check_frame(l->a, w, d->location));
    TRY(frame_offset(l, d->start_offset, w, &w->start, &w->start_in_range));
    return frame_offset(l, d->end_offset, w, &w->end, &w->end_in_range);
}

struct err *analyze_window(struct level *l, const PgQuery__WindowDef *d, struct window **out)
{
    struct analysis *a = l->a;
    struct query *q = l->q;
    bool over = out != NULL;
    if (over && given(d->name)) {
        *out = find_window(q, d->name);
        return *out ? NULL : missing_window(a, d->name, d->location);
    }
    struct window *w = arena_new(a->arena, struct window);
    w->name = given(d->name) ? d->name : NULL;
    w->frame = d->frame_options;
    if (w->name && find_window(q, w->name))
        return at(a, err_new("42P20", "window \"%s\" is already defined", w->name), d->location);
    enum clause clause = l->clause;
    l->clause = CL_WINDOW;
    struct err *e = window_clauses(l, d, w);
    l->clause = clause;
    TRY(e);
    struct window *same = over ? same_window(q, w) : NULL;
    if (same)
        w = same;
    else
        ARENA_PUSH(a->arena, q->windows, q->nwindows, q->windows_cap, w);
    if (over)
        *out = w;
    return NULL;
}

/* ---- functions ---- */

static struct err *find_nested(struct expr **ref, void *arg)
{
    const struct expr **found = arg;
    if ((*ref)->kind == E_WINDOW && !*found)
        *found = *ref;
    return expr_children(*ref, find_nested, arg);
}

static struct err *check_call(struct level *l, const struct cat_proc *p, const struct expr *e,
                              const PgQuery__FuncCall *call)
{
    struct analysis *a = l->a;
    const struct cat_agg *agg = p->kind == 'a' ? builtin_agg(p->oid) : NULL;
    const char *name = node_str(call->funcname[call->n_funcname - 1]);
    struct err *wrong = NULL;
    if (call->agg_within_group && !agg)
        wrong = err_new("42809", "window function %s cannot have WITHIN GROUP", name);
    else if (agg && agg->kind != 'n')
        wrong = err_unsupported("OVER is not supported for ordered-set aggregate %s", name);
    else if (call->agg_within_group)
        wrong = err_new("42809",
                        "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP", name);
    else if (call->agg_distinct)
        wrong = err_unsupported("DISTINCT is not implemented for window functions");
    else if (agg && !e->nargs && !call->agg_star)
        wrong =
            err_new("42809", "%s(*) must be used to call a parameterless aggregate function", name);
    else if (call->n_agg_order)
        wrong = err_unsupported("aggregate ORDER BY is not implemented for window functions");
    else if (!agg && call->agg_filter)
        wrong = err_unsupported("FILTER is not implemented for non-aggregate window functions");
    else if (l->clause != CL_SELECT && l->clause != CL_ORDER_BY && l->clause != CL_DISTINCT_ON)
        wrong = err_new("42P20", "window functions are not allowed in %s",
                        clause_name(l->clause >= CL_WINDOW ? CL_WINDOW : l->clause));
    return wrong ? at(a, wrong, call->location) : NULL;
}

struct err *make_window(struct level *l, const struct cat_proc *p, struct expr **args, int nargs,
                        const PgQuery__FuncCall *call, uint32_t type, int location,
                        struct expr **out)
{
    struct analysis *a = l->a;
    struct expr *e = expr_func(a->arena, E_WINDOW, p->oid, 0, type, args, nargs, location);
    struct window_extra *x = arena_new(a->arena, struct window_extra);
    const struct expr *nested = NULL;
    e->window = x;
    x->star = call->agg_star;
    x->level = l->q;
    TRY(check_call(l, p, e, call));
    if (call->agg_filter)
        TRY(analyze_bool(l, call->agg_filter, CL_AGG_FILTER, "FILTER", &x->filter));
    TRY(expr_children(e, find_nested, &nested));
    if (nested)
        return at(a, err_new("42P20", "window function calls cannot be nested"), nested->location);
    TRY(refuse_srf_args(a, "window", args, nargs));
    TRY(analyze_window(l, call->over, &x->window));
    x->number = l->q->nwfuncs;
    ARENA_PUSH(a->arena, l->q->wfuncs, l->q->nwfuncs, l->q->wfuncs_cap, e);
    *out = e;
    return NULL;
}
