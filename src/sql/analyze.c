/* Entry points of analysis: statements, single expressions, type names. */
#include "sql/analyze_internal.h"

#include "catalog/acl.h"
#include "catalog/depend.h"
#include "catalog/systab.h"

void query_release(struct query *q)
{
    for (int i = 0; q && i < q->nrelations; i++)
        relation_unref(q->relations[i]);
    if (q)
        q->nrelations = 0;
}

static struct err *finish_params(struct analysis *a, struct query *q)
{
    struct param_types *p = a->params;
    q->nparams = p->count;
    q->param_types = arena_new_array(a->arena, uint32_t, p->count + 1);
    for (int i = 0; i < p->count; i++) {
        if (p->types[i] == 0 || p->types[i] == UNKNOWN_OID)
            return err_new("42P18", "could not determine data type of parameter $%d", i + 1);
        q->param_types[i] = p->types[i];
    }
    return NULL;
}

/* Whose text it is: a user's to be run, a user's to be kept, the server's own or one that was kept.
 */
enum origin { TO_RUN, TO_KEEP, OWN };

static struct err *analyze(struct cat *cat, const struct type_env *env, struct raw_stmt *raw,
                           struct param_types *params, struct arena *arena, enum origin origin,
                           struct query **out)
{
    struct analysis a = {.cat = cat,
                         .env = env,
                         .arena = arena,
                         .sql = raw->sql,
                         .params = params,
                         .in_view = origin == OWN};
    struct query *q = NULL;
    uint64_t version = catalog_version(cat->shared);
    struct err *e = raw->tree->node_case == PG_QUERY__NODE__NODE_CALL_STMT
                        ? analyze_call(&a, raw->tree->call_stmt, &q)
                    : params->variables && params->variables->target
                        ? analyze_assignment(&a, raw->tree->update_stmt, &q)
                        : analyze_select_node(&a, NULL, raw->tree, false, &q);
    if (!e && params->variables && params->variables->assigned_type && q->ntargets == 1)
        e = coerce_assigned(&a, q->targets[0].expr, params->variables->assigned_type, -1,
                            &q->targets[0].expr);
    for (int i = 0; !e && q->kind == Q_SELECT && i < q->ntargets; i++)
        e = resolve_unknown(&a, &q->targets[i].expr);
    if (!e && origin == TO_RUN)
        e = analyze_policies(&a);
    if (!e)
        e = finish_params(&a, q);
    if (e) {
        query_release(a.top);
        return e;
    }
    q->catalog_version = version;
    q->cursor = raw->cursor;
    *out = q;
    return NULL;
}

bool statement_is_query(const struct raw_stmt *raw)
{
    switch (raw->tree ? raw->tree->node_case : PG_QUERY__NODE__NODE__NOT_SET) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        return raw->tree->select_stmt->into_clause == NULL;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT:
        return true;
    default:
        return false;
    }
}

struct err *analyze_statement(struct cat *cat, const struct type_env *env, struct raw_stmt *raw,
                              struct param_types *params, struct arena *arena, struct query **out)
{
    return analyze(cat, env, raw, params, arena, TO_RUN, out);
}

struct err *analyze_definition(struct cat *cat, const struct type_env *env, struct raw_stmt *raw,
                               struct param_types *params, struct arena *arena, struct query **out)
{
    return analyze(cat, env, raw, params, arena, TO_KEEP, out);
}

struct err *analyze_own(struct cat *cat, const struct type_env *env, struct raw_stmt *raw,
                        struct param_types *params, struct arena *arena, struct query **out)
{
    return analyze(cat, env, raw, params, arena, OWN, out);
}

struct err *analyze_view(struct cat *cat, const struct type_env *env, const struct relation *view,
                         struct arena *arena, struct query **out, const char ***names)
{
    struct parsed parsed;
    struct param_types none = {.fixed = true};
    *names = arena_new_array(arena, const char *, view->natts);
    for (int i = 0; i < view->natts; i++)
        (*names)[i] = view->atts[i].name;
    TRY(parse_sql(view->view_sql, arena, &parsed));
    return analyze_own(cat, env, &parsed.stmts[0], &none, arena, out);
}

/* ---- single expressions ---- */

static enum clause clause_of(enum expr_use use)
{
    static const enum clause clauses[] = {
        [USE_DEFAULT] = CL_DEFAULT,        [USE_CHECK] = CL_CHECK,
        [USE_INDEX_EXPR] = CL_INDEX_EXPR,  [USE_INDEX_PRED] = CL_INDEX_PRED,
        [USE_GENERATED] = CL_GENERATED,    [USE_COPY_WHERE] = CL_COPY_WHERE,
        [USE_TYPE_USING] = CL_ALTER_USING, [USE_EXECUTE] = CL_EXECUTE};
    return clauses[use];
}

static struct err *reject_column(struct expr **e, void *arg)
{
    struct analysis *a = arg;
    if ((*e)->kind == E_VAR)
        return at(a, err_new("0A000", "cannot use column reference in DEFAULT expression"),
                  (*e)->location);
    return expr_children(*e, reject_column, arg);
}

static struct err *single_expr(struct analysis *a, const void *tree, struct relation *rel,
                               enum expr_use use, uint32_t type, int32_t typmod,
                               const char *column_name, struct rte **rte, struct expr **out)
{
    struct param_types none = {.fixed = true};
    a->params = &none;
    struct level l = level_init(a, NULL, Q_SELECT);
    struct expr *e;
    *rte = NULL;
    l.clause = clause_of(use);
    if (rel) {
        TRY(rte_for_relation(a, rel, NULL, rte));
        TRY(rte_add_ns(&l, *rte, true, true));
        l.q->rtes = arena_memdup(a->arena, rte, sizeof(*rte));
        l.q->nrtes = 1;
    }
    struct err *err = analyze_expr(&l, tree, &e);
    if (!err && use == USE_DEFAULT && rel)
        err = reject_column(&e, a);
    if (!err && (use == USE_CHECK || use == USE_INDEX_PRED || use == USE_COPY_WHERE))
        err = coerce_to_bool(a, e, use == USE_CHECK ? "CHECK" : "WHERE", &e);
    else if (!err && use == USE_TYPE_USING)
        err = coerce_try(a, e, type, typmod, 'a', FORM_IMPLICIT, -1, &e);
    else if (!err && use == USE_EXECUTE) {
        struct expr *own = e;
        err = coerce_try(a, own, type, typmod, 'a', FORM_IMPLICIT, -1, &e);
        e = e ? e : own;
    } else if (!err && type)
        err =
            coerce_assignment(a, e, column_name ? column_name : "?column?", type, typmod, true, &e);
    else if (!err)
        err = resolve_unknown(a, &e);
    if (!err && e)
        err = collate_expr(a, e);
    query_release(a->top);
    *out = e;
    return err;
}

struct err *analyze_expr_node(struct cat *cat, const struct type_env *env, const char *sql,
                              const void *tree, struct relation *rel, enum expr_use use,
                              uint32_t type, int32_t typmod, const char *column_name,
                              struct arena *arena, struct rte **rte, struct expr **out)
{
    struct analysis a = {.cat = cat, .env = env, .arena = arena, .sql = sql};
    return single_expr(&a, tree, rel, use, type, typmod, column_name, rte, out);
}

struct err *analyze_expr_text(struct cat *cat, const struct type_env *env, const char *sql,
                              struct relation *rel, enum expr_use use, uint32_t type,
                              int32_t typmod, struct arena *arena, struct rte **rte,
                              struct expr **out)
{
    struct parsed parsed;
    const char *select = arena_printf(arena, "SELECT %s", sql);
    TRY(parse_sql(select, arena, &parsed));
    const PgQuery__SelectStmt *s = parsed.stmts[0].tree->select_stmt;
    struct analysis a = {.cat = cat, .env = env, .arena = arena, .sql = select, .canonical = true};
    return single_expr(&a, s->target_list[0]->res_target->val, rel, use, type, typmod, NULL, rte,
                       out);
}

struct alias_pair {
    struct rte *from;
    struct rte *to;
};

static struct err *replace_rte(struct expr **e, void *arg)
{
    struct alias_pair *p = arg;
    if ((*e)->kind == E_VAR && (*e)->var.rte == p->from)
        (*e)->var.rte = p->to;
    if ((*e)->kind == E_SUBLINK)
        TRY(query_exprs((*e)->sublink.query, replace_rte, arg));
    return expr_children(*e, replace_rte, arg);
}

void rte_alias(struct expr *e, struct rte *from, struct rte *to)
{
    struct alias_pair p = {from, to};
    struct err *never = replace_rte(&e, &p);
    CHECK(never == NULL);
}

/* The sequence depends internally on the column. */
struct err *identity_default(struct analysis *a, const struct relation *r, int att,
                             struct expr **out)
{
    struct depend_list list = {0};
    TRY(depend_on(a->cat, (struct object_address){PG_CLASS, r->oid, att}, a->arena, &list));
    for (int i = 0; i < list.count; i++) {
        struct relation *seq;
        if (list.items[i].object.class_id != PG_CLASS || list.items[i].type != DEPEND_INTERNAL)
            continue;
        TRY(cat_relation(a->cat, list.items[i].object.object_id, &seq));
        bool is_sequence = seq && seq->kind == 'S';
        relation_unref(seq);
        if (!is_sequence)
            continue;
        *out = expr_new(a, E_NEXTVAL, INT8_OID, -1);
        (*out)->func = list.items[i].object.object_id;
        return coerce_assignment(a, *out, r->atts[att - 1].name, r->atts[att - 1].type, -1, true,
                                 out);
    }
    return err_new("XX000", "no owned sequence found for column \"%s\"", r->atts[att - 1].name);
}

/* ---- type names ---- */

static struct err *no_type(const char *sql, const PgQuery__TypeName *t)
{
    struct err *e;
    const char *name = node_str(t->names[t->n_names - 1]);
    if (t->n_names > 1 && strcmp(node_str(t->names[0]), "pg_catalog") != 0)
        e = err_new("42704", "type \"%s.%s\" does not exist", node_str(t->names[0]), name);
    else
        e = err_new("42704", "type \"%s\" does not exist", name);
    if (sql && t->location >= 0)
        err_at(e, char_position(sql, t->location));
    return e;
}

static struct err *check_type_schema(struct cat *cat, const char *sql, const PgQuery__TypeName *t,
                                     struct str nsp)
{
    uint32_t oid = 0;
    if (!nsp.len)
        return NULL;
    TRY(cat_namespace_oid(cat, nsp, &oid));
    struct err *e = oid ? acl_check_schema(cat, nsp) : NULL;
    if (oid && !e)
        return NULL;
    if (!oid)
        e = err_new("3F000", "schema \"%.*s\" does not exist", STR_ARG(nsp));
    if (sql && t->location >= 0)
        err_at(e, char_position(sql, t->location));
    return e;
}

static struct err *type_modifiers(const PgQuery__TypeName *t, const struct cat_type *type,
                                  int32_t *typmod)
{
    int32_t mods[8];
    if (!t->n_typmods) {
        *typmod = t->typemod > 0 ? t->typemod : -1;
        return NULL;
    }
    if (!type->modin || !type->ops)
        return err_new("42601", "type modifier is not allowed for type \"%.*s\"",
                       STR_ARG(type->name));
    if (t->n_typmods > ARRAY_LENGTH(mods))
        return err_new("22023", "too many type modifiers");
    for (size_t i = 0; i < t->n_typmods; i++) {
        const pg_node *n = t->typmods[i];
        if (n->node_case != PG_QUERY__NODE__NODE_A_CONST ||
            n->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
            return err_new("42601", "type modifiers must be simple constants or identifiers");
        mods[i] = n->a_const->ival->ival;
    }
    return type_make_typmod(type->ops, mods, (int)t->n_typmods, typmod);
}

struct err *resolve_type_name(struct cat *cat, const char *sql, const void *type_name,
                              uint32_t *type, int32_t *typmod, int *ndims)
{
    const PgQuery__TypeName *t = type_name;
    if (t->pct_type)
        return err_unsupported("%%TYPE is not supported");
    if (t->setof)
        return err_unsupported("SETOF types are not supported here");
    struct str name = str_from(node_str(t->names[t->n_names - 1]));
    struct str nsp = t->n_names > 1 ? str_from(node_str(t->names[t->n_names - 2])) : STR("");
    uint32_t oid = 0;
    TRY(resolve_qualified(cat, t->names, t->n_names, 1));
    TRY(check_type_schema(cat, sql, t, nsp));
    TRY(cat_find_type(cat, nsp, name, &oid));
    const struct cat_type *ct = builtin_type(oid);
    if (!ct)
        return no_type(sql, t);
    struct err *e = type_modifiers(t, ct, typmod);
    if (e) {
        if (sql && t->location >= 0)
            err_at(e, char_position(sql, t->location));
        return e;
    }
    *type = ct->oid;
    *ndims = (int)t->n_array_bounds;
    if (t->n_array_bounds) {
        if (!ct->array)
            return err_new("42704", "could not find array type for data type %.*s",
                           STR_ARG(ct->name));
        *type = ct->array;
    }
    return NULL;
}

struct err *analyze_type_name(struct analysis *a, const PgQuery__TypeName *t, uint32_t *type,
                              int32_t *typmod)
{
    int ndims;
    TRY(resolve_type_name(a->cat, a->sql, t, type, typmod, &ndims));
    return t->n_names > 1 ? access_schema(a, node_str(t->names[t->n_names - 2])) : NULL;
}

struct err *resolve_opclass(uint32_t am, uint32_t type, uint32_t *opclass)
{
    uint32_t family;
    uint32_t input;
    struct arena a;
    *opclass = builtin_default_opclass(am, type, &family, &input);
    if (*opclass)
        return NULL;
    arena_init(&a);
    struct err *e = err_hint(
        err_new("42704", "data type %s has no default operator class for access method \"%.*s\"",
                type_display(&a, type, -1), STR_ARG(builtin_am_name(am))),
        "You must specify an operator class for the index or define a default operator class for "
        "the "
        "data type.");
    arena_done(&a);
    return e;
}

const char *type_display(struct arena *a, uint32_t type, int32_t typmod)
{
    const struct cat_type *t = builtin_type(type);
    if (!type)
        return "-";
    if (!t)
        return "???";
    if (!t->ops)
        return t->is_array && builtin_type(t->elem)
                   ? arena_printf(a, "%s[]", type_display(a, t->elem, -1))
                   : arena_strndup(a, t->name.data, t->name.len);
    struct buf b = BUF_INIT;
    struct err *e = type_format(t->ops, typmod, &b);
    const char *text = e ? "???" : arena_strdup(a, buf_cstr(&b));
    err_free(e);
    buf_done(&b);
    return text;
}

/* The cast of `SELECT (NULL::type)`, when that is what the text made of it. */
static const PgQuery__TypeCast *sole_cast(const struct parsed *parsed)
{
    const pg_node *n = parsed->count == 1 ? parsed->stmts[0].tree : NULL;
    const PgQuery__SelectStmt *s =
        n && n->node_case == PG_QUERY__NODE__NODE_SELECT_STMT ? n->select_stmt : NULL;
    const pg_node *value =
        s && s->n_target_list == 1 && !s->n_from_clause ? s->target_list[0]->res_target->val : NULL;
    return value && value->node_case == PG_QUERY__NODE__NODE_TYPE_CAST ? value->type_cast : NULL;
}

struct err *resolve_type_text(struct cat *cat, struct str text, uint32_t *type, int32_t *typmod)
{
    struct arena a;
    struct parsed parsed;
    int ndims;
    arena_init(&a);
    const char *sql = arena_printf(&a, "SELECT (NULL::%.*s)", STR_ARG(text));
    struct err *e = parse_sql(sql, &a, &parsed);
    const PgQuery__TypeCast *cast = e ? NULL : sole_cast(&parsed);
    if (e && err_is(e, "42601")) {
        e->position = 0;
        err_context(e, "invalid type name \"%.*s\"", STR_ARG(text));
    }
    if (!e)
        e = cast ? resolve_type_name(cat, NULL, cast->type_name, type, typmod, &ndims)
                 : err_new("42601", "invalid type name \"%.*s\"", STR_ARG(text));
    arena_done(&a);
    return e;
}

/* ---- built-in functions in SQL ---- */

static const struct {
    uint32_t oid;
    const char *body;
} sql_bodies[] = {
    {879, "lpad($1, $2, ' ')"},
    {880, "rpad($1, $2, ' ')"},
    {1176, "CAST(($1 + $2) AS timestamptz)"},
    {1285, "quote_literal(CAST($1 AS text))"},
    {1290, "quote_nullable(CAST($1 AS text))"},
    {1296, "$2 + $1"},
    {1298, "$2 + $1"},
    {1305, "($1, $1 + $2) OVERLAPS ($3, $3 + $4)"},
    {1306, "($1, $2) OVERLAPS ($3, $3 + $4)"},
    {1307, "($1, $1 + $2) OVERLAPS ($3, $4)"},
    {1308, "($1, $1 + $2) OVERLAPS ($3, $3 + $4)"},
    {1384, "date_part($1, CAST($2 AS timestamp))"},
    {1386, "age(CAST(current_date AS timestamptz), $1)"},
    {1481, "log(10, $1)"},
    {1708, "round($1, 0)"},
    {1710, "trunc($1, 0)"},
    {1741, "log(10, $1)"},
    {1810, "octet_length($1) * 8"},
    {1811, "octet_length($1) * 8"},
    {1812, "length($1)"},
    {1848, "$2 + $1"},
    {2003, "textcat($1, CAST($2 AS text))"},
    {2004, "textcat(CAST($1 AS text), $2)"},
    {2059, "age(CAST(current_date AS timestamp), $1)"},
    {2074, "substring($1, similar_to_escape($2, $3))"},
    {2546, "$2 + $1"},
    {2547, "$2 + $1"},
    {2548, "$2 + $1"},
    {2631, "$2 + $1"},
    {2549, "$2 + $1"},
    {2550, "$2 + $1"},
    {5023, "$2 + $1"},
    {3935, "pg_sleep(CAST(EXTRACT(epoch FROM $1) AS double precision))"},
    {3936, "pg_sleep(CAST(EXTRACT(epoch FROM $1 - clock_timestamp()) AS double precision))"},
};

struct err *inline_sql_function(const struct type_env *env, const struct expr *call,
                                struct arena *arena, struct expr **out)
{
    static const struct type_env plain;
    struct cat none = {0};
    struct param_types params = {.fixed = true};
    struct parsed parsed;
    const char *body = NULL;
    *out = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(sql_bodies); i++)
        if (sql_bodies[i].oid == call->func)
            body = sql_bodies[i].body;
    if (!body)
        return NULL;
    const char *sql = arena_printf(arena, "SELECT %s", body);
    TRY(parse_sql(sql, arena, &parsed));
    struct analysis a = {.cat = &none,
                         .env = env ? env : &plain,
                         .arena = arena,
                         .sql = sql,
                         .params = &params,
                         .inline_args = call->args,
                         .ninline_args = call->nargs};
    struct level l = level_init(&a, NULL, Q_SELECT);
    TRY(analyze_expr(&l, parsed.stmts[0].tree->select_stmt->target_list[0]->res_target->val, out));
    return coerce_explicit(&a, *out, call->type, -1, -1, out);
}
