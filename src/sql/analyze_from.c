/* The FROM clause: manual section 7.2.1. Items become range table entries and a join tree; names
 * become namespace items, a join's merged columns being expressions of their own. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"
#include "rt/fiber.h"
#include "sql/table_function.h"

enum { MAX_TABLE_FUNCTIONS = 32 };
static const struct table_function *table_functions[MAX_TABLE_FUNCTIONS];
static int ntable_functions;

void table_function_register(const struct table_function *f)
{
    CHECK(ntable_functions < MAX_TABLE_FUNCTIONS);
    table_functions[ntable_functions++] = f;
}

const struct table_function *table_function_find(struct str name)
{
    for (int i = 0; i < ntable_functions; i++)
        if (str_eq_c(name, table_functions[i]->name))
            return table_functions[i];
    return NULL;
}

struct err *table_function_refuse(const struct table_function *f)
{
    if (!f->describe)
        return err_unsupported("function %s is not supported yet", f->name);
    return err_unsupported("table function %s can only be used in FROM", f->name);
}

struct rte *rte_new(struct analysis *a, struct query *q, enum rte_kind kind, const char *name,
                    int ncols)
{
    struct rte *rte = arena_new(a->arena, struct rte);
    rte->kind = kind;
    rte->name = name;
    rte->ncols = ncols;
    rte->location = -1;
    rte->colnames = arena_new_array(a->arena, const char *, ncols + 1);
    rte->types = arena_new_array(a->arena, uint32_t, ncols + 1);
    rte->typmods = arena_new_array(a->arena, int32_t, ncols + 1);
    rte->collations = arena_new_array(a->arena, uint32_t, ncols + 1);
    rte->key_slot = rte->sys_base = -1;
    if (q)
        ARENA_PUSH(a->arena, q->rtes, q->nrtes, q->rtes_cap, rte);
    return rte;
}

static void set_column(struct rte *rte, int i, const char *name, uint32_t type, int32_t typmod)
{
    rte->colnames[i] = name;
    rte->types[i] = type;
    rte->typmods[i] = typmod;
    rte->collations[i] = type_default_collation(type);
}

/* ---- relations ---- */

static struct err *no_relation(struct analysis *a, const PgQuery__RangeVar *rv)
{
    struct err *e =
        rv->schemaname && *rv->schemaname
            ? err_new("42P01", "relation \"%s.%s\" does not exist", rv->schemaname, rv->relname)
            : err_new("42P01", "relation \"%s\" does not exist", rv->relname);
    return at(a, e, rv->location);
}

static void hold_relation(struct analysis *a, struct relation *r)
{
    struct query *top = a->top;
    ARENA_PUSH(a->arena, top->relations, top->nrelations, top->relations_cap, r);
}

struct err *open_relation(struct analysis *a, const PgQuery__RangeVar *rv, struct relation **out)
{
    uint32_t oid;
    struct str nsp = rv->schemaname ? str_from(rv->schemaname) : STR("");
    struct err *e = resolve_database(a->cat, rv);
    if (!e && nsp.len)
        e = access_schema(a, rv->schemaname);
    if (!e)
        e = cat_lock_relation(a->cat, nsp, str_from(rv->relname), TXN_ACCESS_SHARE, true, &oid);
    if (e)
        return at(a, e, rv->location);
    if (!oid)
        return no_relation(a, rv);
    TRY(cat_relation(a->cat, oid, out));
    if (!*out)
        return no_relation(a, rv);
    hold_relation(a, *out);
    if ((*out)->kind == 'c')
        return at(a, err_new("42809", "\"%s\" is a composite type", (*out)->name), rv->location);
    if ((*out)->persistence == 't' && (*out)->nsp != a->cat->temp_nsp)
        return err_unsupported("cannot access temporary tables of other sessions");
    return NULL;
}

static struct err *alias_columns(struct analysis *a, struct rte *rte, const PgQuery__Alias *alias)
{
    if (!alias)
        return NULL;
    int live = 0;
    for (size_t i = 0; i < alias->n_colnames; i++, live++) {
        while (rte->kind == RTE_RELATION && live < rte->ncols && rte->rel->atts[live].dropped)
            live++;
        if (live >= rte->ncols)
            return at(a,
                      err_new("42P10",
                              "table \"%s\" has %d columns available but %zu columns "
                              "specified",
                              rte->name, rte->ncols, alias->n_colnames),
                      rte->location);
        rte->colnames[live] = node_str(alias->colnames[i]);
    }
    return NULL;
}

struct err *rte_for_relation(struct analysis *a, struct relation *r, const PgQuery__Alias *alias,
                             struct rte **out)
{
    struct rte *rte = rte_new(a, NULL, RTE_RELATION, alias ? alias->aliasname : r->name, r->natts);
    rte->rel = r;
    rte->unaliased = alias ? NULL : r;
    for (int i = 0; i < r->natts; i++) {
        const struct attr *att = &r->atts[i];
        set_column(rte, i, att->name, att->type, att->typmod);
        rte->collations[i] = att->collation;
    }
    *out = rte;
    return alias_columns(a, rte, alias);
}

static struct err *subquery_rte(struct analysis *a, struct query *owner, struct query *sub,
                                const char *name, const PgQuery__Alias *alias, struct rte **out)
{
    int n = 0;
    for (int i = 0; i < sub->ntargets; i++)
        n += sub->targets[i].name != NULL;
    struct rte *rte = rte_new(a, owner, RTE_SUBQUERY, name, n);
    rte->sub = sub;
    for (int i = 0, k = 0; i < sub->ntargets; i++) {
        const struct target *t = &sub->targets[i];
        if (!t->name)
            continue;
        set_column(rte, k, t->name, t->expr->type, t->expr->typmod);
        rte->collations[k++] = t->expr->collation;
    }
    *out = rte;
    return alias_columns(a, rte, alias);
}

/* A view is its query, named. */
struct err *view_rte(struct level *l, struct relation *r, const PgQuery__Alias *alias,
                     struct rte **out)
{
    struct analysis *a = l->a;
    struct parsed parsed;
    struct query *sub;
    struct analysis inner = *a;
    struct param_types none = {.fixed = true};
    if (a->depth > 100)
        return err_new("42P17", "infinite recursion detected in rules for relation \"%s\"",
                       r->name);
    TRY(parse_sql(r->view_sql, a->arena, &parsed));
    inner.sql = r->view_sql;
    inner.params = &none;
    inner.depth = a->depth + 1;
    inner.in_view = true;
    struct rte_access *access = access_new(a, r, PRIV_SELECT);
    if (!r->security_invoker)
        inner.as_role = r->owner;
    TRY(analyze_select_node(&inner, NULL, parsed.stmts[0].tree, false, &sub));
    TRY(subquery_rte(a, l->q, sub, alias ? alias->aliasname : r->name, NULL, out));
    (*out)->view = r;
    (*out)->unaliased = alias ? NULL : r;
    (*out)->access = access;
    for (int i = 0; i < (*out)->ncols && i < r->natts; i++)
        (*out)->colnames[i] = r->atts[i].name;
    return alias_columns(a, *out, alias);
}

static struct err *cte_rte(struct level *l, struct cte *cte, const PgQuery__RangeVar *rv,
                           struct rte **out)
{
    if (cte->query && cte->query->kind != Q_SELECT && !cte->query->nreturning)
        return at(l->a,
                  err_new("0A000", "WITH query \"%s\" does not have a RETURNING clause", cte->name),
                  rv->location);
    struct rte *rte =
        rte_new(l->a, l->q, RTE_CTE, rv->alias ? rv->alias->aliasname : cte->name, cte->ncols);
    rte->cte = cte;
    rte->location = rv->location;
    cte->uses++;
    for (int i = 0; i < cte->ncols; i++) {
        set_column(rte, i, cte->colnames[i], cte->types[i], cte->typmods[i]);
        rte->collations[i] = cte->collations[i];
    }
    *out = rte;
    return alias_columns(l->a, rte, rv->alias);
}

static struct err *relation_item(struct level *l, const PgQuery__RangeVar *rv, struct rte **out)
{
    struct analysis *a = l->a;
    struct relation *r;
    struct cte *cte = NULL;
    if (!rv->schemaname || !*rv->schemaname)
        TRY(find_cte(l, rv->relname, &cte));
    if (cte)
        TRY(check_cte_reference(l, cte, rv->location));
    if (cte)
        return cte_rte(l, cte, rv, out);
    TRY(explain_missing_cte(l, rv->relname, open_relation(a, rv, &r)));
    if (r->kind == 'v')
        return view_rte(l, r, rv->alias, out);
    if (r->kind == 'i')
        return at(a, err_new("42809", "\"%s\" is an index", r->name), rv->location);
    TRY(rte_for_relation(a, r, rv->alias, out));
    (*out)->access = access_new(a, r, PRIV_SELECT);
    (*out)->access->rte = *out;
    (*out)->access->q = l->q;
    (*out)->location = rv->location;
    (*out)->only = !rv->inh;
    ARENA_PUSH(a->arena, l->q->rtes, l->q->nrtes, l->q->rtes_cap, *out);
    return NULL;
}

/* ---- samples ---- */

static struct err *sample_arg(struct level *l, const pg_node *n, uint32_t type, const char *what,
                              struct expr **out)
{
    struct analysis *a = l->a;
    struct expr *e;
    TRY(analyze_expr_in(l, n, CL_FROM_FUNCTION, &e));
    TRY(coerce_try(a, e, type, -1, 'a', FORM_IMPLICIT, -1, out));
    return *out ? NULL
                : at(a,
                     err_new("42804", "argument of %s must be type %s, not type %s", what,
                             type_display(a->arena, type, -1), type_display(a->arena, e->type, -1)),
                     e->location);
}

/* relation TABLESAMPLE method (percentage) [REPEATABLE (seed)] */
static struct err *sample_item(struct level *l, const PgQuery__RangeTableSample *s,
                               struct rte **out)
{
    struct analysis *a = l->a;
    const PgQuery__RangeVar *rv = s->relation->range_var;
    const char *method = node_str(s->method[s->n_method - 1]);
    TRY(relation_item(l, rv, out));
    struct rte *rte = *out;
    if (rte->kind != RTE_RELATION || (rte->rel->kind != 'r' && rte->rel->kind != 'm'))
        return at(a,
                  err_new("42809",
                          "TABLESAMPLE clause can only be applied to tables and materialized "
                          "views"),
                  rv->location);
    bool system = strcmp(method, "system") == 0;
    if (!system && strcmp(method, "bernoulli") != 0)
        return at(a, err_new("42704", "tablesample method %s does not exist", method), s->location);
    if (s->n_args != 1)
        return at(a,
                  err_new("2202H", "tablesample method %s requires 1 argument, not %zu", method,
                          s->n_args),
                  s->location);
    rte->sample = system ? "system" : "bernoulli";
    rte->nfuncs = s->repeatable ? 2 : 1;
    rte->funcs = arena_new_array(a->arena, struct expr *, 2);
    TRY(sample_arg(l, s->args[0], FLOAT4_OID, "TABLESAMPLE", &rte->funcs[0]));
    return s->repeatable ? sample_arg(l, s->repeatable, FLOAT8_OID, "REPEATABLE", &rte->funcs[1])
                         : NULL;
}

/* ---- subqueries ---- */

static struct err *subselect_item(struct level *l, const PgQuery__RangeSubselect *s,
                                  struct rte **out)
{
    struct analysis *a = l->a;
    struct query *sub;
    bool saved = l->lateral;
    l->lateral = s->lateral;
    /* Without LATERAL, items of this FROM clause stay invisible (lateral_only), outer levels do
     * not. */
    struct err *e = analyze_select_node(a, l, s->subquery, s->lateral, &sub);
    l->lateral = saved;
    TRY(e);
    if (!s->alias)
        return err_hint(err_new("42601", "subquery in FROM must have an alias"),
                        "For example, FROM (SELECT ...) [AS] foo.");
    TRY(subquery_rte(a, l->q, sub, s->alias->aliasname, s->alias, out));
    (*out)->lateral = s->lateral;
    return NULL;
}

/* ---- functions ---- */

static struct err *constant_args(struct level *l, const PgQuery__FuncCall *f, struct tf_arg **out)
{
    struct analysis *a = l->a;
    *out = arena_new_array(a->arena, struct tf_arg, f->n_args);
    for (size_t i = 0; i < f->n_args; i++) {
        const pg_node *n = f->args[i];
        struct expr *e;
        if (n->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR) {
            (*out)[i].name = n->named_arg_expr->name;
            n = n->named_arg_expr->arg;
        }
        TRY(analyze_expr_in(l, n, CL_FROM_FUNCTION, &e));
        TRY(resolve_unknown(a, &e));
        if (e->kind == E_RELABEL && e->args[0]->kind == E_CONST)
            e = e->args[0];
        if (e->kind != E_CONST)
            return at(a,
                      err_unsupported("arguments of function %s must be constants",
                                      node_str(f->funcname[f->n_funcname - 1])),
                      e->location);
        (*out)[i].type = e->type;
        (*out)[i].value = e->value;
    }
    return NULL;
}

static struct err *table_function_item(struct level *l, const struct table_function *tf,
                                       const PgQuery__FuncCall *f, const PgQuery__Alias *alias,
                                       struct rte **out)
{
    struct analysis *a = l->a;
    struct tf_arg *args;
    struct tf_column *columns;
    const void *data = NULL;
    int n;
    if (!tf->describe)
        return at(a, table_function_refuse(tf), f->location);
    TRY(constant_args(l, f, &args));
    struct err *e = tf->describe(a->cat, args, (int)f->n_args, a->arena, &columns, &n, &data);
    if (e)
        return at(a, e, f->location);
    struct rte *rte = rte_new(a, l->q, RTE_TABLEFUNC, alias ? alias->aliasname : tf->name, n);
    rte->tf = tf;
    rte->tf_args = args;
    rte->ntf_args = (int)f->n_args;
    rte->tf_data = data;
    /* Its columns are those of today: a plan kept by text alone would not learn of others. */
    if (a->top)
        a->top->env_literals = true;
    for (int i = 0; i < n; i++)
        set_column(rte, i, columns[i].name, columns[i].type, columns[i].typmod);
    *out = rte;
    return alias_columns(a, rte, alias);
}

struct func_columns {
    const char **names;
    uint32_t *types;
    int32_t *typmods;
    int count;
    int cap;
    int cap2;
    int cap3;
};

static void push_column(struct analysis *a, struct func_columns *c, const char *name, uint32_t type,
                        int32_t typmod)
{
    int n = c->count;
    ARENA_PUSH(a->arena, c->names, c->count, c->cap, name);
    c->count = n;
    ARENA_PUSH(a->arena, c->types, c->count, c->cap2, type);
    c->count = n;
    ARENA_PUSH(a->arena, c->typmods, c->count, c->cap3, typmod);
}

static struct err *coldef_columns(struct level *l, pg_node **defs, size_t n, struct func_columns *c)
{
    for (size_t i = 0; i < n; i++) {
        const PgQuery__ColumnDef *d = defs[i]->column_def;
        uint32_t type;
        int32_t typmod;
        TRY(analyze_type_name(l->a, d->type_name, &type, &typmod));
        push_column(l->a, c, d->colname, type, typmod);
    }
    return NULL;
}

/* The columns of one function's result. */
static struct err *result_columns(struct level *l, const struct expr *e, const char *name,
                                  pg_node **defs, size_t ndefs, int location,
                                  struct func_columns *c)
{
    const struct cat_proc *p = e->kind == E_FUNC ? builtin_proc(e->func) : NULL;
    if (ndefs && p && p->argmodes && strpbrk(p->argmodes, "obt"))
        return at(l->a,
                  err_new("42601", "a column definition list is redundant for a function with OUT "
                                   "parameters"),
                  defs[0]->column_def->location);
    if (ndefs && e->type != RECORD_OID)
        return at(l->a,
                  err_new("42601", "a column definition list is only allowed for functions "
                                   "returning \"record\""),
                  defs[0]->column_def->location);
    if (ndefs)
        return coldef_columns(l, defs, ndefs, c);
    if (type_is_composite(e->type)) {
        struct composite fields;
        TRY(cat_composite(l->a->cat, e->type, l->a->arena, &fields));
        for (int i = 0; i < fields.nfields; i++)
            if (!fields.fields[i].dropped)
                push_column(l->a, c,
                            arena_strndup(l->a->arena, fields.fields[i].name.data,
                                          fields.fields[i].name.len),
                            fields.fields[i].type, fields.fields[i].typmod);
        return NULL;
    }
    int outs = 0;
    for (int i = 0; p && p->argmodes && i < p->nallargs; i++) {
        if (!strchr("obt", p->argmodes[i]))
            continue;
        outs++;
        struct str col = p->argnames ? p->argnames[i] : STR("");
        const char *colname = col.len ? arena_strndup(l->a->arena, col.data, col.len)
                                      : arena_printf(l->a->arena, "column%d", outs);
        push_column(l->a, c, colname, expr_output_type(e, p->allargtypes[i], l->a->arena), -1);
    }
    if (outs)
        return NULL;
    if (e->type == RECORD_OID)
        return at(l->a,
                  err_new("42601", "a column definition list is required for functions returning "
                                   "\"record\""),
                  location);
    push_column(l->a, c, name, e->type, e->typmod);
    return NULL;
}

static const char *function_name(const pg_node *n)
{
    if (n->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
        return node_str(n->func_call->funcname[n->func_call->n_funcname - 1]);
    static const char *const names[] = {"current_date",    "current_time",   "current_timestamp",
                                        "localtime",       "localtimestamp", "current_role",
                                        "current_user",    "user",           "session_user",
                                        "current_catalog", "current_schema"};
    if (n->node_case == PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION) {
        static const int map[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10};
        return names[map[n->sqlvalue_function->op]];
    }
    if (n->node_case == PG_QUERY__NODE__NODE_COALESCE_EXPR)
        return "coalesce";
    return "function";
}

/* One call of ROWS FROM, with its column definitions. */
struct from_call {
    const pg_node *call;
    pg_node **defs;
    size_t ndefs;
};

/* unnest(a, b) is ROWS FROM (unnest(a), unnest(b)). */
static bool is_several_unnests(const pg_node *n)
{
    if (n->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return false;
    const PgQuery__FuncCall *c = n->func_call;
    return c->n_args > 1 && c->n_funcname == 1 && strcmp(node_str(c->funcname[0]), "unnest") == 0 &&
           !c->n_agg_order && !c->agg_filter && !c->over && !c->agg_star && !c->agg_distinct &&
           !c->func_variadic;
}

static const pg_node *call_with_argument(struct arena *arena, const pg_node *n, size_t i)
{
    PgQuery__FuncCall *call = arena_memdup(arena, n->func_call, sizeof(*call));
    pg_node *node = arena_memdup(arena, n, sizeof(*node));
    call->args = &n->func_call->args[i];
    call->n_args = 1;
    node->func_call = call;
    return node;
}

static int from_calls(struct level *l, const PgQuery__RangeFunction *f, struct from_call **out)
{
    struct arena *arena = l->a->arena;
    int n = 0;
    int cap = 0;
    *out = NULL;
    for (size_t i = 0; i < f->n_functions; i++) {
        const PgQuery__List *item = f->functions[i]->list;
        struct from_call c = {item->items[0], f->coldeflist, f->n_coldeflist};
        if (item->n_items > 1 && item->items[1]->node_case == PG_QUERY__NODE__NODE_LIST) {
            c.defs = item->items[1]->list->items;
            c.ndefs = item->items[1]->list->n_items;
        }
        if (!is_several_unnests(c.call)) {
            ARENA_PUSH(arena, *out, n, cap, c);
            continue;
        }
        for (size_t k = 0; k < item->items[0]->func_call->n_args; k++) {
            c.call = call_with_argument(arena, item->items[0], k);
            ARENA_PUSH(arena, *out, n, cap, c);
        }
    }
    return n;
}

/* A function that gives one string gives it in the collation of its arguments. */
static struct err *function_collations(struct analysis *a, struct rte *rte)
{
    for (int i = 0, col = 0; i < rte->nfuncs; col += rte->func_cols[i++]) {
        TRY(collate_expr(a, rte->funcs[i]));
        if (rte->func_cols[i] == 1 && type_is_collatable(rte->types[col]) &&
            type_is_collatable(rte->funcs[i]->type))
            rte->collations[col] = rte->funcs[i]->collation;
    }
    return NULL;
}

static struct err *function_item(struct level *l, const PgQuery__RangeFunction *f, struct rte **out)
{
    struct analysis *a = l->a;
    struct func_columns c = {0};
    struct from_call *calls;
    int n = from_calls(l, f, &calls);
    struct expr **funcs = arena_new_array(a->arena, struct expr *, n);
    int *counts = arena_new_array(a->arena, int, n);
    const char *first = function_name(calls[0].call);
    bool saved = l->lateral;
    for (int i = 0; i < n; i++) {
        const pg_node *call = calls[i].call;
        const char *name = function_name(call);
        const struct table_function *tf =
            call->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && n == 1 && !f->ordinality
                ? table_function_find(str_from(name))
                : NULL;
        if (tf)
            return table_function_item(l, tf, call->func_call, f->alias, out);
        l->lateral = true;
        struct err *e = analyze_expr_in(l, call, CL_FROM_FUNCTION, &funcs[i]);
        l->lateral = saved;
        TRY(e);
        int before = c.count;
        /* A single function's alias names its single column too. */
        const char *colname = n == 1 && f->alias ? f->alias->aliasname : name;
        int location =
            call->node_case == PG_QUERY__NODE__NODE_FUNC_CALL ? call->func_call->location : -1;
        TRY(result_columns(l, funcs[i], colname, calls[i].defs, calls[i].ndefs, location, &c));
        counts[i] = c.count - before;
    }
    if (f->ordinality)
        push_column(a, &c, "ordinality", INT8_OID, -1);
    struct rte *rte =
        rte_new(a, l->q, RTE_FUNCTION, f->alias ? f->alias->aliasname : first, c.count);
    for (int i = 0; i < c.count; i++)
        set_column(rte, i, c.names[i], c.types[i], c.typmods[i]);
    rte->funcs = funcs;
    rte->nfuncs = n;
    rte->func_cols = counts;
    rte->func_names = c.names;
    rte->ordinality = f->ordinality;
    rte->lateral = true;
    TRY(function_collations(a, rte));
    *out = rte;
    return alias_columns(a, rte, f->alias);
}

/* ---- joins ---- */

static struct err *from_item(struct level *l, const pg_node *n, struct from_node **out);

/* The namespace items [first, last) seen as one list of columns. */
struct side {
    int first;
    int last;
};

static struct err *side_column(struct level *l, struct side s, const char *name, const char *which,
                               struct expr **out)
{
    *out = NULL;
    for (int i = s.first; i < s.last; i++) {
        struct ns_item *item = l->items[i];
        for (int k = 0; item->cols_visible && k < item->ncols; k++) {
            if (!item->cols[k] || strcmp(item->colnames[k], name) != 0)
                continue;
            if (*out)
                return err_new("42702",
                               "common column name \"%s\" appears more than once in %s table", name,
                               which);
            *out = item->cols[k];
        }
    }
    return NULL;
}

static bool name_listed(const char **names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void natural_names(struct level *l, struct side left, struct side right, const char ***names,
                          int *n)
{
    int cap = 0;
    for (int i = left.first; i < left.last; i++) {
        struct ns_item *item = l->items[i];
        for (int k = 0; item->cols_visible && k < item->ncols; k++) {
            bool common = false;
            for (int r = right.first; r < right.last; r++)
                for (int c = 0; l->items[r]->cols_visible && c < l->items[r]->ncols; c++)
                    common |= item->cols[k] && l->items[r]->cols[c] &&
                              strcmp(item->colnames[k], l->items[r]->colnames[c]) == 0;
            if (common && !name_listed(*names, *n, item->colnames[k]))
                ARENA_PUSH(l->a->arena, *names, *n, cap, item->colnames[k]);
        }
    }
}

/* The merged column of USING: left's value, right's, or the first that is not NULL. */
static struct err *merged_column(struct analysis *a, enum join_kind kind, struct expr *left,
                                 struct expr *right, struct expr **out)
{
    struct expr *pair[2] = {left, right};
    uint32_t type;
    TRY(common_type(a, pair, 2, "JOIN/USING", &type));
    TRY(coerce_to_common(a, &pair[0], type, "JOIN/USING"));
    TRY(coerce_to_common(a, &pair[1], type, "JOIN/USING"));
    if (kind != JOIN_FULL) {
        *out = kind == JOIN_RIGHT ? pair[1] : pair[0];
        return NULL;
    }
    *out = expr_new(a, E_COALESCE, type, -1);
    (*out)->args = arena_memdup(a->arena, pair, sizeof(pair));
    (*out)->nargs = 2;
    return NULL;
}

static void add_rest(struct level *l, struct side s, const char **using, int nusing,
                     struct ns_item *join, int *cap)
{
    for (int i = s.first; i < s.last; i++) {
        struct ns_item *item = l->items[i];
        for (int k = 0; item->cols_visible && k < item->ncols; k++) {
            if (!item->cols[k] || name_listed(using, nusing, item->colnames[k]))
                continue;
            int n = join->ncols;
            int cap2 = *cap;
            ARENA_PUSH(l->a->arena, join->colnames, join->ncols, cap2, item->colnames[k]);
            join->ncols = n;
            ARENA_PUSH(l->a->arena, join->cols, join->ncols, *cap, item->cols[k]);
        }
    }
}

static struct err *join_using(struct level *l, const char **names, int n, struct side left,
                              struct side right, struct from_node *node_, struct ns_item *item,
                              int *cap)
{
    struct analysis *a = l->a;
    for (int i = 0; i < n; i++) {
        struct expr *lhs;
        struct expr *rhs;
        struct expr *eq;
        struct expr *merged;
        TRY(side_column(l, left, names[i], "left", &lhs));
        TRY(side_column(l, right, names[i], "right", &rhs));
        if (!lhs || !rhs)
            return err_new("42703",
                           "column \"%s\" specified in USING clause does not exist in %s table",
                           names[i], lhs ? "right" : "left");
        TRY(make_op(a, STR("="), lhs, rhs, -1, &eq));
        node_->on = expr_and(a->arena, node_->on, eq);
        TRY(merged_column(a, node_->kind, lhs, rhs, &merged));
        int count = item->ncols;
        int cap2 = *cap;
        ARENA_PUSH(a->arena, item->colnames, item->ncols, cap2, names[i]);
        item->ncols = count;
        ARENA_PUSH(a->arena, item->cols, item->ncols, *cap, merged);
    }
    return NULL;
}

/* ON sees the two sides alone (and outer levels). */
static struct err *join_on(struct level *l, const pg_node *quals, int first, struct expr **out)
{
    struct ns_item **all = l->items;
    int n = l->nitems;
    bool saved = l->lateral;
    l->items = all + first;
    l->nitems = n - first;
    l->lateral = true;
    struct err *e = analyze_bool(l, quals, CL_JOIN_ON, "JOIN/ON", out);
    l->items = all;
    l->nitems = n;
    l->lateral = saved;
    return e;
}

static struct err *join_alias(struct level *l, const PgQuery__JoinExpr *j, struct ns_item *item,
                              int first)
{
    if (!j->alias)
        return NULL;
    item->name = j->alias->aliasname;
    item->rel_visible = true;
    for (int i = first; i < l->nitems; i++)
        l->items[i]->rel_visible = false;
    if ((int)j->alias->n_colnames > item->ncols)
        return err_new("42601", "column alias list for \"%s\" has too many entries", item->name);
    const char **names =
        arena_memdup(l->a->arena, item->colnames, sizeof(*names) * (size_t)item->ncols);
    for (size_t i = 0; i < j->alias->n_colnames; i++)
        names[i] = node_str(j->alias->colnames[i]);
    item->colnames = names;
    return NULL;
}

/* JOIN ... USING (...) AS name: the merged columns by that name. */
static struct err *using_alias(struct level *l, const PgQuery__JoinExpr *j, struct ns_item merged,
                               int n, struct from_node *f)
{
    if (!j->join_using_alias)
        return NULL;
    f->using_alias = j->join_using_alias->aliasname;
    for (int i = 0; i < l->nitems; i++)
        if (l->items[i]->rel_visible && l->items[i]->name &&
            strcmp(l->items[i]->name, f->using_alias) == 0)
            return err_new("42712", "table name \"%s\" specified more than once", f->using_alias);
    merged.name = f->using_alias;
    merged.ncols = n;
    merged.rel_visible = true;
    merged.cols_visible = false;
    ns_add(l, merged);
    return NULL;
}

static struct err *join_item(struct level *l, const PgQuery__JoinExpr *j, struct from_node **out)
{
    struct analysis *a = l->a;
    static const enum join_kind kinds[] = {
        [PG_QUERY__JOIN_TYPE__JOIN_INNER] = JOIN_INNER,
        [PG_QUERY__JOIN_TYPE__JOIN_LEFT] = JOIN_LEFT,
        [PG_QUERY__JOIN_TYPE__JOIN_FULL] = JOIN_FULL,
        [PG_QUERY__JOIN_TYPE__JOIN_RIGHT] = JOIN_RIGHT,
    };
    struct from_node *f = arena_new(a->arena, struct from_node);
    f->kind = kinds[j->jointype];
    struct side left = {l->nitems, 0};
    bool nullable_left = f->kind == JOIN_RIGHT || f->kind == JOIN_FULL;
    bool nullable_right = f->kind == JOIN_LEFT || f->kind == JOIN_FULL;
    a->in_outer_join += nullable_left;
    TRY(from_item(l, j->larg, &f->left));
    a->in_outer_join += nullable_right - nullable_left;
    left.last = l->nitems;
    struct side right = {l->nitems, 0};
    for (int i = left.first; i < left.last; i++)
        l->items[i]->lateral_refused = nullable_left;
    TRY(from_item(l, j->rarg, &f->right));
    for (int i = left.first; i < left.last; i++)
        l->items[i]->lateral_refused = false;
    a->in_outer_join -= nullable_right;
    right.last = l->nitems;
    struct ns_item item = {.cols_visible = true, .lateral_only = true};
    int cap = 0;
    const char **names = NULL;
    int n = 0;
    if (j->is_natural) {
        natural_names(l, left, right, &names, &n);
    } else {
        names = arena_new_array(a->arena, const char *, j->n_using_clause + 1);
        for (size_t i = 0; i < j->n_using_clause; i++) {
            if (name_listed(names, n, node_str(j->using_clause[i])))
                return err_new("42701", "column name \"%s\" appears more than once in USING clause",
                               node_str(j->using_clause[i]));
            names[n++] = node_str(j->using_clause[i]);
        }
    }
    f->using = names;
    f->nusing = n;
    TRY(join_using(l, names, n, left, right, f, &item, &cap));
    if (j->quals)
        TRY(join_on(l, j->quals, left.first, &f->on));
    TRY(using_alias(l, j, item, n, f));
    add_rest(l, left, names, n, &item, &cap);
    add_rest(l, right, names, n, &item, &cap);
    TRY(join_alias(l, j, &item, left.first));
    for (int i = left.first; i < l->nitems; i++)
        l->items[i]->cols_visible = false;
    ns_add(l, item);
    /* A right join is a left join the other way round. */
    if (f->kind == JOIN_RIGHT) {
        struct from_node *swap = f->left;
        f->left = f->right;
        f->right = swap;
        f->kind = JOIN_LEFT;
        f->swapped = true;
    }
    *out = f;
    return NULL;
}

struct err *analyze_from_item(struct level *l, const pg_node *n, struct from_node **out)
{
    return from_item(l, n, out);
}

static struct err *from_item(struct level *l, const pg_node *n, struct from_node **out)
{
    struct rte *rte;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_RANGE_VAR:
        TRY(relation_item(l, n->range_var, &rte));
        break;
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        TRY(subselect_item(l, n->range_subselect, &rte));
        break;
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        TRY(function_item(l, n->range_function, &rte));
        break;
    case PG_QUERY__NODE__NODE_JOIN_EXPR: {
        if (l->a->depth > 200 || fiber_stack_left() < ANALYSIS_STACK_BYTES)
            return err_new("54001", "stack depth limit exceeded");
        l->a->depth++;
        struct err *e = join_item(l, n->join_expr, out);
        l->a->depth--;
        return e;
    }
    case PG_QUERY__NODE__NODE_RANGE_TABLE_SAMPLE:
        TRY(sample_item(l, n->range_table_sample, &rte));
        break;
    default:
        return err_unsupported("this kind of FROM item is not supported");
    }
    TRY(rte_add_ns(l, rte, true, true));
    l->items[l->nitems - 1]->lateral_only = true;
    *out = arena_new(l->a->arena, struct from_node);
    (*out)->rte = rte;
    return NULL;
}

struct err *analyze_from(struct level *l, pg_node **items, size_t n)
{
    struct query *q = l->q;
    struct from_node **grown = arena_new_array(l->a->arena, struct from_node *, q->nfrom + (int)n);
    if (q->nfrom)
        memcpy(grown, q->from, sizeof(*grown) * (size_t)q->nfrom);
    q->from = grown;
    for (size_t i = 0; i < n; i++)
        TRY(from_item(l, items[i], &q->from[q->nfrom++]));
    for (int i = 0; i < l->nitems; i++)
        l->items[i]->lateral_only = false;
    return NULL;
}
