/* Prepared statements: parsing, planning, replanning when the catalog or the search path has
 * changed. */
#include "server/server_internal.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdlib.h>

enum stmt_kind stmt_kind_of(const struct raw_stmt *raw)
{
    if (raw->own)
        return STMT_OWN;
    if (!raw->tree)
        return STMT_EMPTY;
    switch (raw->tree->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        return raw->tree->select_stmt->into_clause ? STMT_UTILITY : STMT_PLAN;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT:
    case PG_QUERY__NODE__NODE_CALL_STMT:
        return STMT_PLAN;
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        return STMT_TRANSACTION;
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        return STMT_SET;
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
        return STMT_SHOW;
    case PG_QUERY__NODE__NODE_PREPARE_STMT:
        return STMT_PREPARE;
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
        return STMT_EXECUTE;
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
        return STMT_DEALLOCATE;
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
        return STMT_DECLARE;
    case PG_QUERY__NODE__NODE_FETCH_STMT:
        return STMT_FETCH;
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
        return STMT_CLOSE;
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
        return STMT_EXPLAIN;
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
        return STMT_DISCARD;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        return STMT_COPY;
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
        return STMT_CHECKPOINT;
    default:
        return STMT_UTILITY;
    }
}

struct err *prepared_new(const char *sql, size_t sql_len, const uint32_t *types, int ntypes,
                         struct prepared **out)
{
    struct prepared *p = calloc(1, sizeof(*p));
    struct parsed parsed;
    if (!p)
        return err_oom();
    p->refs = 1;
    arena_init(&p->arena);
    char *text = arena_try_alloc(&p->arena, sql_len + 1);
    if (!text) {
        prepared_unref(p);
        return err_oom();
    }
    memcpy(text, sql, sql_len);
    text[sql_len] = '\0';
    p->sql = text;
    p->sql_len = sql_len;
    struct err *e = parse_sql(text, &p->arena, &parsed);
    if (!e && parsed.count > 1)
        e = err_new("42601", "cannot insert multiple commands into a prepared statement");
    if (e) {
        prepared_unref(p);
        return e;
    }
    if (parsed.count)
        p->raw = parsed.stmts[0];
    p->kind = stmt_kind_of(&p->raw);
    p->ndeclared = ntypes;
    p->declared = arena_memdup(&p->arena, types, sizeof(*types) * (size_t)ntypes);
    *out = p;
    return NULL;
}

void prepared_each(struct session *s, void (*visit)(void *arg, const struct prepared_info *info),
                   void *arg)
{
    for (const struct prepared *p = backend_of(s)->prepared; p; p = p->next) {
        struct prepared_info info = {
            .name = p->name ? p->name : "",
            .statement = p->shown ? p->shown : own_stmt_shown(p->sql + strspn(p->sql, " ")),
            .prepared = p->created,
            .types = p->params.types,
            .ntypes = p->params.count,
            .from_sql = p->from_sql};
        if (p->name && *p->name)
            visit(arg, &info);
    }
}

struct prepared *prepared_ref(struct prepared *p)
{
    p->refs++;
    return p;
}

struct prepared *prepared_share(struct backend *b, struct prepared *source)
{
    struct prepared *p = malloc(sizeof(*p));
    size_t types_bytes = sizeof(uint32_t) * (size_t)(source->params.count + 1);
    size_t ops_bytes = sizeof(*source->desc.ops) * (size_t)(source->desc.ncols + 1);
    if (!p)
        return NULL;
    *p = (struct prepared){.refs = 1,
                           .source = prepared_ref(source),
                           .sql = source->sql,
                           .sql_len = source->sql_len,
                           .raw = source->raw,
                           .kind = source->kind,
                           .ndeclared = source->ndeclared,
                           .declared = source->declared,
                           .plan = plan_ref(source->plan),
                           .path_generation = b->path_generation,
                           .desc = source->desc,
                           .params = source->params};
    arena_init(&p->arena);
    p->params.types = malloc(types_bytes);
    p->desc.ops = malloc(ops_bytes);
    if (!p->params.types || !p->desc.ops) {
        prepared_unref(p);
        return NULL;
    }
    memcpy(p->params.types, source->params.types, types_bytes - sizeof(uint32_t));
    memcpy(p->desc.ops, source->desc.ops, ops_bytes);
    return p;
}

struct err *prepared_of_plan(struct backend *b, const char *text, struct statement_plan *plan,
                             struct prepared **out)
{
    struct prepared *p = calloc(1, sizeof(*p));
    if (!p)
        return err_oom();
    p->refs = 1;
    arena_init(&p->arena);
    p->sql = arena_strdup(&p->arena, text);
    p->sql_len = strlen(text);
    p->kind = STMT_PLAN;
    p->plan = plan_ref(plan);
    p->path_generation = b->path_generation;
    struct err *e = result_desc_make(b, plan, &p->desc);
    if (e)
        prepared_unref(p);
    else
        *out = p;
    return e;
}

void prepared_unref(struct prepared *p)
{
    if (!p || --p->refs > 0)
        return;
    result_desc_free(&p->desc);
    plan_unref(p->plan);
    free(p->params.types);
    free(p->name);
    arena_done(&p->arena);
    prepared_unref(p->source);
    free(p);
}

/* ---- planning ---- */

struct err *result_desc_make(struct backend *b, const struct statement_plan *plan,
                             struct result_desc *out)
{
    struct result_desc d = {.ncols = plan->nout, .cols = plan->out};
    d.ops = calloc((size_t)plan->nout + 1, sizeof(*d.ops));
    CHECK(d.ops != NULL);
    for (int i = 0; i < plan->nout; i++) {
        uint32_t type = plan->out[i].expr->type;
        d.ops[i] = type_lookup(&b->base.types, type == UNKNOWN_OID ? TEXT_OID : type);
        if (!d.ops[i] && type != VOID_OID) {
            struct arena a;
            arena_init(&a);
            struct err *e =
                err_unsupported("values of type %s are not supported", type_display(&a, type, -1));
            arena_done(&a);
            free(d.ops);
            return e;
        }
    }
    *out = d;
    return NULL;
}

void result_desc_free(struct result_desc *d)
{
    free(d->ops);
    *d = (struct result_desc){0};
}

static bool same_columns(const struct result_desc *a, const struct result_desc *b)
{
    if (a->ncols != b->ncols)
        return false;
    for (int i = 0; i < a->ncols; i++)
        if (a->cols[i].expr->type != b->cols[i].expr->type ||
            a->cols[i].expr->typmod != b->cols[i].expr->typmod ||
            strcmp(a->cols[i].name, b->cols[i].name) != 0)
            return false;
    return true;
}

/* Takes over `plan`. */
static struct err *install(struct backend *b, struct prepared *p, struct statement_plan *plan)
{
    struct result_desc desc;
    struct err *e = result_desc_make(b, plan, &desc);
    if (!e && p->plan && !same_columns(&p->desc, &desc)) {
        result_desc_free(&desc);
        /* pgJDBC and asyncpg prepare anew when they see that name. */
        e = err_routine(err_new("0A000", "cached plan must not change result type"),
                        "RevalidateCachedQuery");
    }
    if (e) {
        plan_unref(plan);
        return e;
    }
    result_desc_free(&p->desc);
    plan_unref(p->plan);
    p->plan = plan;
    p->desc = desc;
    p->path_generation = b->path_generation;
    p->plan_is_local = b->base.cat.local != NULL;
    return NULL;
}

bool prepared_is_current(const struct backend *b, const struct prepared *p)
{
    return p->plan && !p->plan_is_local && !b->base.cat.local &&
           p->path_generation == b->path_generation &&
           p->plan->catalog_version == catalog_version(server_catalog) &&
           (!p->plan->query->policy_role || p->plan->query->policy_role == b->base.cat.role);
}

/* Parameters as the client declared them; planning finds the types of the others. */
static struct err *begin_params(struct prepared *p)
{
    if (p->plan || p->params.types)
        return NULL;
    p->params.types = calloc((size_t)p->ndeclared + 1, sizeof(uint32_t));
    if (!p->params.types)
        return err_oom();
    memcpy(p->params.types, p->declared, sizeof(uint32_t) * (size_t)p->ndeclared);
    p->params.count = p->ndeclared;
    p->params.fixed = p->raw.cursor; /* those of its message are all there are */
    return NULL;
}

PgQuery__Node *query_within(PgQuery__Node *n)
{
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
        return query_within(n->explain_stmt->query);
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
        return n->declare_cursor_stmt->query;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        return n->create_table_as_stmt->query;
    default:
        return n;
    }
}

/* Finds the types of the parameters in the query; each run plans it anew. */
static struct err *infer_params(struct backend *b, struct prepared *p, PgQuery__Node *query)
{
    struct exec_env env = session_exec_env(&b->base);
    struct raw_stmt inner = p->raw;
    PgQuery__Node node = *query;
    PgQuery__SelectStmt select;
    struct statement_plan *plan;
    inner.tree = &node;
    if (node.node_case == PG_QUERY__NODE__NODE_SELECT_STMT) {
        select = *node.select_stmt;
        select.into_clause = NULL;
        node.select_stmt = &select;
    }
    if (stmt_kind_of(&inner) != STMT_PLAN)
        return NULL;
    TRY(xact_open(b));
    TRY(exec_plan(&env, &inner, &p->params, &plan));
    plan_unref(plan);
    return NULL;
}

/* Of the parameters that other statements take nothing but the number is asked. */
static struct err *utility_params(struct backend *b, struct prepared *p)
{
    if (p->params.fixed)
        return NULL;
    TRY(begin_params(p));
    if (p->raw.tree && !p->raw.own)
        TRY(infer_params(b, p, query_within(p->raw.tree)));
    for (int i = 0; i < p->params.count; i++)
        if (!p->params.types[i] || p->params.types[i] == UNKNOWN_OID)
            return err_new("42P18", "could not determine data type of parameter $%d", i + 1);
    p->params.fixed = true;
    return NULL;
}

struct err *prepared_plan(struct backend *b, struct prepared *p)
{
    struct exec_env env = session_exec_env(&b->base);
    struct statement_plan *plan;
    if (p->kind != STMT_PLAN)
        return utility_params(b, p);
    TRY(xact_open(b));
    if (prepared_is_current(b, p))
        return NULL;
    TRY(begin_params(p));
    TRY(exec_plan(&env, &p->raw, &p->params, &plan));
    p->params.fixed = true;
    return install(b, p, plan);
}

struct err *prepared_lock(struct backend *b, struct prepared *p)
{
    struct exec_env env = session_exec_env(&b->base);
    if (!p->raw.tree) /* prepared_of_plan */
        return NULL;
    for (bool current = false; !current;) {
        TRY(prepared_plan(b, p));
        TRY(exec_lock(&env, p->plan, &current));
    }
    return NULL;
}

/* ---- by name ---- */

struct prepared *prepared_find(struct backend *b, const char *name)
{
    if (!*name)
        return b->unnamed;
    struct prepared *p = b->prepared;
    while (p && strcmp(p->name, name) != 0)
        p = p->next;
    return p;
}

void prepared_drop(struct backend *b, const char *name)
{
    if (!*name) {
        prepared_unref(b->unnamed);
        b->unnamed = NULL;
        return;
    }
    for (struct prepared **at = &b->prepared; *at; at = &(*at)->next) {
        if (strcmp((*at)->name, name) == 0) {
            struct prepared *p = *at;
            *at = p->next;
            p->next = NULL;
            prepared_unref(p);
            return;
        }
    }
}

void prepared_drop_all(struct backend *b)
{
    prepared_drop(b, "");
    while (b->prepared) {
        struct prepared *p = b->prepared;
        b->prepared = p->next;
        p->next = NULL;
        prepared_unref(p);
    }
}
