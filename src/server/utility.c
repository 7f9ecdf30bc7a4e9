/* Statements that are not planned: prepared statements and cursors by SQL, EXPLAIN, DISCARD, and
 * the way to utility_run for everything about schema objects. */
#include "server/server_internal.h"

#include "base/clock.h"
#include "catalog/acl.h"
#include "exec/temp.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- PREPARE, EXECUTE, DEALLOCATE ---- */

/* The text of one statement with everything before it blanked, so that positions stay true. */
static char *statement_text(const struct run *r, struct arena *a, size_t *len)
{
    const struct raw_stmt *raw = r->raw;
    size_t end = raw->len ? (size_t)(raw->location + raw->len) : strlen(raw->sql);
    char *text = arena_strndup(a, raw->sql, end);
    for (int i = 0; i < raw->location; i++)
        text[i] = ' ';
    *len = end;
    return text;
}

struct err *prepare_nested(struct backend *b, const struct run *r, const uint32_t *types,
                           int ntypes, struct prepared **out)
{
    size_t len;
    struct prepared *p;
    const char *text = statement_text(r, &b->scratch->arena, &len);
    TRY(prepared_new(text, len, types, ntypes, &p));
    PgQuery__Node *tree = p->raw.tree;
    p->raw.tree = tree->node_case == PG_QUERY__NODE__NODE_PREPARE_STMT ? tree->prepare_stmt->query
                                                                       : query_within(tree);
    p->raw.cursor = tree->node_case == PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT;
    p->kind = stmt_kind_of(&p->raw);
    p->from_sql = true;
    struct err *e = NULL;
    if (p->kind != STMT_PLAN)
        e = err_unsupported("this kind of statement cannot be prepared");
    if (!e)
        e = prepared_plan(b, p);
    if (e) {
        prepared_unref(p);
        return e;
    }
    *out = p;
    return NULL;
}

struct err *run_prepare(struct backend *b, struct run *r)
{
    const PgQuery__PrepareStmt *s = r->raw->tree->prepare_stmt;
    struct prepared *p;
    int n = (int)s->n_argtypes;
    uint32_t *types = arena_new_array(&b->scratch->arena, uint32_t, n + 1);
    TRY(xact_open(b));
    if (prepared_find(b, s->name))
        return err_new("42P05", "prepared statement \"%s\" already exists", s->name);
    for (int i = 0; i < n; i++) {
        int32_t typmod;
        int ndims;
        TRY(resolve_type_name(&b->base.cat, r->raw->sql, s->argtypes[i]->type_name, &types[i],
                              &typmod, &ndims));
    }
    TRY(prepare_nested(b, r, types, n, &p));
    p->shown = arena_strdup(&p->arena, r->raw->sql);
    p->name = strdup(s->name);
    CHECK(p->name != NULL);
    p->created = b->base.types.stmt_timestamp;
    p->next = b->prepared;
    b->prepared = p;
    snprintf(r->tag, sizeof(r->tag), "PREPARE");
    return NULL;
}

static struct err *find_statement(struct backend *b, const char *name, struct prepared **out)
{
    *out = prepared_find(b, name);
    if (!*out)
        return err_new("26000", "prepared statement \"%s\" does not exist", name);
    return NULL;
}

/* One argument of EXECUTE: any expression without columns. */
static struct err *eval_argument(struct backend *b, const char *sql, const PgQuery__ExecuteStmt *s,
                                 const struct prepared *p, int i, struct datum *out)
{
    struct exec_env env = session_exec_env(&b->base);
    struct arena *a = &b->scratch->arena;
    uint32_t type = p->params.types[i];
    struct rte *rte;
    struct expr *expr;
    struct row_expr *re;
    struct datum value;
    TRY(analyze_expr_node(&b->base.cat, &b->base.types, sql, s->params[i], NULL, USE_EXECUTE, type,
                          -1, NULL, a, &rte, &expr));
    if (expr->type != type)
        return err_at(
            err_hint(err_new("42804",
                             "parameter $%d of type %s cannot be coerced to the expected type %s",
                             i + 1, type_display(a, expr->type, -1), type_display(a, type, -1)),
                     "You will need to rewrite or cast the expression."),
            char_position(sql, expr->location));
    TRY(row_expr_new(&env, NULL, expr, &re));
    struct err *e = row_expr_eval(re, NULL, &value);
    if (!e) {
        const struct type_ops *ops = type_lookup(&b->base.types, type);
        *out = datum_copy(a, value, ops && ops->byval);
    }
    row_expr_free(re);
    return e;
}

static struct err *eval_arguments(struct backend *b, const char *sql, const PgQuery__ExecuteStmt *s,
                                  const struct prepared *p, struct datum **out)
{
    int n = (int)s->n_params;
    struct datum *values = arena_new_array(&b->scratch->arena, struct datum, n + 1);
    if (n != p->params.count)
        return err_detail(
            err_new("42601", "wrong number of parameters for prepared statement \"%s\"", s->name),
            "Expected %d parameters but got %d.", p->params.count, n);
    for (int i = 0; i < n; i++)
        TRY(eval_argument(b, sql, s, p, i, &values[i]));
    *out = values;
    return NULL;
}

struct err *prepared_for_table(struct session *session, const char *sql, const void *execute,
                               struct statement_plan **plan, const struct datum **params)
{
    struct backend *b = (struct backend *)session;
    const PgQuery__ExecuteStmt *s = execute;
    struct datum *values = NULL;
    struct prepared *p;
    TRY(find_statement(b, s->name, &p));
    prepared_ref(p);
    struct err *e = eval_arguments(b, sql, s, p, &values);
    if (!e)
        e = prepared_lock(b, p);
    if (!e && (p->kind != STMT_PLAN || p->plan->query->kind != Q_SELECT))
        e = err_new("42809", "prepared statement is not a SELECT");
    if (!e) {
        *plan = plan_ref(p->plan);
        *params = values;
    }
    prepared_unref(p);
    return e;
}

struct err *run_execute(struct backend *b, struct run *r)
{
    const PgQuery__ExecuteStmt *s = r->raw->tree->execute_stmt;
    struct prepared *p;
    struct datum *values = NULL;
    TRY(find_statement(b, s->name, &p));
    TRY(xact_open(b));
    prepared_ref(p);
    struct err *e = eval_arguments(b, r->raw->sql, s, p, &values);
    if (!e)
        e = prepared_lock(b, p);
    if (!e && p->kind == STMT_PLAN)
        e = run_plan(b, r, p->plan, values);
    else if (!e)
        e = err_unsupported("EXECUTE of a utility statement is not supported");
    prepared_unref(p);
    return e;
}

struct err *run_deallocate(struct backend *b, struct run *r)
{
    const char *name = r->raw->tree->deallocate_stmt->name;
    struct prepared *p;
    if (!name || !*name) {
        while (b->prepared)
            prepared_drop(b, b->prepared->name);
        snprintf(r->tag, sizeof(r->tag), "DEALLOCATE ALL");
        return NULL;
    }
    TRY(find_statement(b, name, &p));
    prepared_drop(b, name);
    snprintf(r->tag, sizeof(r->tag), "DEALLOCATE");
    return NULL;
}

/* ---- EXPLAIN ---- */

struct explain_request {
    struct explain_options o;
    bool analyze;
    bool buffers;
    bool timing_given;
    bool summary_given;
};

static bool option_is_on(const PgQuery__DefElem *d)
{
    if (!d->arg)
        return true;
    switch (d->arg->node_case) {
    case PG_QUERY__NODE__NODE_STRING:
        return strcasecmp(d->arg->string->sval, "off") != 0 &&
               strcasecmp(d->arg->string->sval, "false") != 0;
    case PG_QUERY__NODE__NODE_INTEGER:
        return d->arg->integer->ival != 0;
    case PG_QUERY__NODE__NODE_BOOLEAN:
        return d->arg->boolean->boolval;
    default:
        return true;
    }
}

static struct err *explain_format(const PgQuery__DefElem *d, const char *sql,
                                  enum explain_format *out)
{
    static const char *const names[] = {[EXPLAIN_TEXT] = "text",
                                        [EXPLAIN_JSON] = "json",
                                        [EXPLAIN_YAML] = "yaml",
                                        [EXPLAIN_XML] = "xml"};
    const char *format =
        d->arg && d->arg->node_case == PG_QUERY__NODE__NODE_STRING ? d->arg->string->sval : "";
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strcmp(names[i], format) == 0) {
            *out = (enum explain_format)i;
            return NULL;
        }
    return err_at(err_new("22023", "unrecognized value for EXPLAIN option \"%s\": \"%s\"",
                          d->defname, format),
                  char_position(sql, d->location));
}

static struct err *explain_option(const PgQuery__DefElem *d, const char *sql,
                                  struct explain_request *q)
{
    struct {
        const char *name;
        bool *value;
    } flags[] = {{"analyze", &q->analyze}, {"verbose", &q->o.verbose},
                 {"costs", &q->o.costs},   {"buffers", &q->buffers},
                 {"wal", &q->o.wal},       {"settings", &q->o.shows_settings},
                 {"timing", &q->o.timing}, {"summary", &q->o.summary}};
    q->timing_given |= strcmp(d->defname, "timing") == 0;
    q->summary_given |= strcmp(d->defname, "summary") == 0;
    if (strcmp(d->defname, "format") == 0)
        return explain_format(d, sql, &q->o.format);
    for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
        if (strcmp(d->defname, flags[i].name) == 0) {
            *flags[i].value = option_is_on(d);
            return NULL;
        }
    return err_at(err_new("42601", "unrecognized EXPLAIN option \"%s\"", d->defname),
                  char_position(sql, d->location));
}

static struct err *explain_request(const PgQuery__ExplainStmt *s, const char *sql,
                                   struct explain_request *q)
{
    *q = (struct explain_request){.o = {.costs = true}};
    for (size_t i = 0; i < s->n_options; i++)
        TRY(explain_option(s->options[i]->def_elem, sql, q));
    if (q->o.wal && !q->analyze)
        return err_new("22023", "EXPLAIN option WAL requires ANALYZE");
    if (q->timing_given && q->o.timing && !q->analyze)
        return err_new("22023", "EXPLAIN option TIMING requires ANALYZE");
    if (!q->timing_given)
        q->o.timing = q->analyze;
    if (!q->summary_given)
        q->o.summary = q->analyze;
    return NULL;
}

struct explained {
    struct statement_plan *plan;
    const struct datum *params;
};

/* EXECUTE of a prepared statement, with the values of its parameters. */
static struct err *explained_execute(struct backend *b, struct run *r,
                                     const PgQuery__ExecuteStmt *x, struct explained *out)
{
    struct prepared *p;
    struct datum *values;
    TRY(find_statement(b, x->name, &p));
    prepared_ref(p);
    struct err *e = eval_arguments(b, r->raw->sql, x, p, &values);
    if (!e)
        e = prepared_lock(b, p);
    if (!e && p->kind != STMT_PLAN)
        e = err_unsupported("EXPLAIN EXECUTE of a utility statement is not supported");
    if (!e) {
        out->plan = plan_ref(p->plan);
        out->params = values;
    }
    prepared_unref(p);
    return e;
}

static struct err *explained_plan(struct backend *b, struct run *r, PgQuery__Node *query,
                                  bool analyze, struct explained *out)
{
    struct exec_env env = session_exec_env(&b->base);
    struct raw_stmt inner = *r->raw;
    struct param_types none = {.fixed = true};
    inner.tree = query;
    if (stmt_kind_of(&inner) == STMT_EXECUTE)
        return explained_execute(b, r, query->execute_stmt, out);
    if (!analyze)
        inner.tree = query_within(query);
    if (stmt_kind_of(&inner) != STMT_PLAN)
        return err_unsupported("EXPLAIN%s of this statement is not supported",
                               analyze ? " ANALYZE" : "");
    out->params = r->values;
    return exec_plan(&env, &inner, r->params ? r->params : &none, &out->plan);
}

static double ms_since(int64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) / 1e6;
}

/* Those that steer plans and are not as they are by default. */
static struct err *explained_settings(struct backend *b, struct arena *a, struct explain_options *o)
{
    struct explain_setting *list = arena_new_array(a, struct explain_setting, setting_table_count);
    struct buf value = BUF_INIT;
    struct buf boot = BUF_INIT;
    for (int i = 0; i < setting_table_count; i++) {
        const struct setting_def *def = &setting_table[i];
        if (!strstr(def->words, "EXPLAIN"))
            continue;
        buf_reset(&value);
        buf_reset(&boot);
        backend_setting_text(b, def, true, &value);
        setting_display(def, def->boot, &boot);
        if (!str_eq(buf_str(&value), buf_str(&boot)))
            list[o->nsettings++] =
                (struct explain_setting){def->name, arena_strdup(a, buf_cstr(&value))};
    }
    o->settings = list;
    buf_done(&value);
    struct err *e = buf_finish(&boot);
    buf_done(&boot);
    return e;
}

/* Runs the plan to its end; its rows go nowhere. */
static struct err *run_measured(struct backend *b, const struct explained *what,
                                struct explain_options *o, struct exec **out)
{
    struct exec_env env = session_exec_env(&b->base);
    const struct datum *row;
    int64_t start = clock_mono_ns();
    TRY(check_read_only(b, what->plan));
    TRY(exec_begin(&env, what->plan, what->params, out));
    exec_measure(*out, o->timing);
    for (bool found = true; found;)
        TRY(exec_next(*out, &row, &found));
    o->execution_ms = ms_since(start);
    return NULL;
}

/* Of the result: what a driver takes apart by itself. */
static uint32_t explain_type(const PgQuery__ExplainStmt *s)
{
    uint32_t type = TEXT_OID;
    for (size_t i = 0; i < s->n_options; i++) {
        const PgQuery__DefElem *d = s->options[i]->def_elem;
        if (strcmp(d->defname, "format") != 0 || !d->arg ||
            d->arg->node_case != PG_QUERY__NODE__NODE_STRING)
            continue;
        const char *format = d->arg->string->sval;
        type = strcmp(format, "json") == 0  ? JSON_OID
               : strcmp(format, "xml") == 0 ? XML_OID
                                            : TEXT_OID;
    }
    return type;
}

static void put_explained(struct backend *b, struct run *r, struct buf *text,
                          enum explain_format format)
{
    static const char *const title = "QUERY PLAN";
    char *save = NULL;
    if (r->describe)
        put_text_description(b, &title, 1, explain_type(r->raw->tree->explain_stmt), r->formats,
                             r->nformats);
    const char *whole = buf_cstr(text);
    if (format != EXPLAIN_TEXT) {
        put_text_row(b, &whole, 1);
        return;
    }
    for (char *line = strtok_r((char *)(uintptr_t)whole, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        const char *value = line;
        put_text_row(b, &value, 1);
    }
}

struct err *run_explain(struct backend *b, struct run *r)
{
    const PgQuery__ExplainStmt *s = r->raw->tree->explain_stmt;
    struct explain_request q;
    struct explained what = {0};
    struct exec *x = NULL;
    struct buf text = BUF_INIT;
    TRY(explain_request(s, r->raw->sql, &q));
    TRY(xact_open(b));
    int64_t start = clock_mono_ns();
    TRY(explained_plan(b, r, s->query, q.analyze, &what));
    q.o.planning_ms = ms_since(start);
    struct exec_env env = session_exec_env(&b->base);
    struct arena arena;
    arena_init(&arena);
    struct err *e = exec_check_access(&env, what.plan);
    if (!e && q.analyze)
        e = run_measured(b, &what, &q.o, &x);
    if (!e && q.o.shows_settings)
        e = explained_settings(b, &arena, &q.o);
    if (!e)
        e = explain_plan(&b->base.cat, what.plan, x, &q.o, &text);
    exec_end(x);
    plan_unref(what.plan);
    arena_done(&arena);
    if (!e)
        put_explained(b, r, &text, q.o.format);
    snprintf(r->tag, sizeof(r->tag), "EXPLAIN");
    buf_done(&text);
    return e;
}

bool utility_columns(struct backend *b, const struct raw_stmt *raw, const struct result_desc **desc,
                     const char **names, int *n, uint32_t *type)
{
    static const char *const all[] = {"name", "setting", "description"};
    const PgQuery__Node *tree = raw->tree;
    if (tree->node_case == PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT) {
        const char *name = tree->variable_show_stmt->name;
        const struct setting_def *def = setting_find(str_from(name));
        *n = strcasecmp(name, "all") == 0 ? 3 : 1;
        for (int i = 0; i < *n; i++)
            names[i] = *n == 3 ? all[i] : def ? def->name : name;
        return true;
    }
    if (tree->node_case == PG_QUERY__NODE__NODE_EXPLAIN_STMT) {
        names[0] = "QUERY PLAN";
        *n = 1;
        *type = explain_type(tree->explain_stmt);
        return true;
    }
    if (tree->node_case == PG_QUERY__NODE__NODE_EXECUTE_STMT) {
        const struct prepared *p = prepared_find(b, tree->execute_stmt->name);
        *desc = p && p->desc.ncols ? &p->desc : NULL;
        return *desc != NULL;
    }
    if (tree->node_case == PG_QUERY__NODE__NODE_FETCH_STMT && !tree->fetch_stmt->ismove) {
        const struct portal *p = portal_find(b, tree->fetch_stmt->portalname);
        *desc = p ? &p->stmt->desc : NULL;
        return *desc != NULL;
    }
    return false;
}

/* ---- the rest ---- */

static struct err *discard(struct backend *b, struct run *r)
{
    const char *what = "";
    switch (r->raw->tree->discard_stmt->target) {
    case PG_QUERY__DISCARD_MODE__DISCARD_ALL:
        TRY(xact_must_be_alone(b, r, "DISCARD ALL"));
        session_reset_all(b);
        TRY(xact_open(b));
        TRY(temp_drop_own(&b->base));
        what = "ALL";
        break;
    case PG_QUERY__DISCARD_MODE__DISCARD_SEQUENCES:
        b->base.nsequences = 0;
        b->base.last_sequence = -1;
        what = "SEQUENCES";
        break;
    case PG_QUERY__DISCARD_MODE__DISCARD_TEMP:
        TRY(xact_open(b));
        TRY(temp_drop_own(&b->base));
        what = "TEMP";
        break;
    default: /* plans are replanned anyway when they must be */
        what = "PLANS";
        break;
    }
    snprintf(r->tag, sizeof(r->tag), "DISCARD %s", what);
    return NULL;
}

/* The copy is consistent by itself: no transaction is needed, nor open. */
static struct err *run_backup(struct backend *b, struct run *r)
{
    if (!b->base.superuser)
        return err_new("42501", "must be superuser to run BACKUP");
    TRY(xact_must_be_alone(b, r, "BACKUP"));
    snprintf(r->tag, sizeof(r->tag), "BACKUP");
    return txn_mgr_backup(catalog_txn_mgr(server_catalog), r->raw->own->uri);
}

/* Where the rows of such a statement go. */
struct own_output {
    struct own_rows rows;
    struct backend *b;
    struct run *r;
    const struct own_result *columns;
    bool begun;
};

static void begin_own_rows(struct own_output *o)
{
    if (o->columns && !o->begun && o->r->describe)
        put_own_description(o->b, o->columns, o->r->formats, o->r->nformats);
    o->begun = true;
}

static struct err *put_own_row(struct own_rows *to, const struct datum *row)
{
    struct own_output *o = (struct own_output *)to;
    const struct type_ops *ops[ARRAY_LENGTH(o->columns->columns)];
    struct result_desc desc = {.ncols = o->columns->count, .ops = ops};
    struct buf *out = backend_out(o->b);
    for (int i = 0; i < desc.ncols; i++)
        ops[i] = type_lookup(&o->b->base.types, o->columns->columns[i].type);
    begin_own_rows(o);
    TRY(put_row(o->b, out, &desc, row, o->r->formats, o->r->nformats));
    return out->len >= FLUSH_BYTES ? backend_flush(o->b) : NULL;
}

/* The statement manages its own transactions, so none is open while it runs. */
static struct err *run_own(struct backend *b, struct run *r)
{
    bool in_block = xact_in_block(b) || !r->only;
    if (r->raw->own->kind == OWN_UNSUPPORTED)
        return err_unsupported("%s is not supported", r->raw->own->what);
    if (r->raw->own->kind == OWN_BACKUP)
        return run_backup(b, r);
    if (!own_handler.run)
        return err_unsupported("synced tables are not supported by this server");
    if (!in_block) {
        TRY(xact_open(b)); /* resolves the search path */
        TRY(xact_commit(b));
    }
    struct own_output o = {{put_own_row}, b, r, own_stmt_result(r->raw->own), false};
    struct err *e = own_handler.run(&b->base, r->raw->own, in_block, &o.rows, r->tag);
    if (!e)
        begin_own_rows(&o);
    xact_begin(b);
    return e;
}

/* Forms that commit in between stand alone. */
static struct err *check_reindex(struct backend *b, const struct run *r)
{
    const PgQuery__ReindexStmt *s = r->raw->tree->reindex_stmt;
    for (size_t i = 0; i < s->n_params; i++)
        if (strcmp(s->params[i]->def_elem->defname, "concurrently") == 0)
            return xact_must_be_alone(b, r, "REINDEX CONCURRENTLY");
    if (s->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA)
        return xact_must_be_alone(b, r, "REINDEX SCHEMA");
    if (s->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_DATABASE)
        return xact_must_be_alone(b, r, "REINDEX DATABASE");
    return NULL;
}

/* A DO block that is the client's own statement may end transactions. */
static struct err *run_do(struct backend *b, struct run *r)
{
    b->may_end_transaction = !r->in_function && xact_is_implicit(b);
    struct err *e = utility_run(&b->base, r->raw, r->params, r->values, r->tag);
    b->may_end_transaction = false;
    return e;
}

static struct err *run_schema_utility(struct backend *b, struct run *r)
{
    PgQuery__Node__NodeCase kind = r->raw->tree->node_case;
    if (kind == PG_QUERY__NODE__NODE_LISTEN_STMT || kind == PG_QUERY__NODE__NODE_UNLISTEN_STMT ||
        kind == PG_QUERY__NODE__NODE_NOTIFY_STMT)
        return run_listen(b, r);
    if (kind == PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT)
        return run_alter_system(b, r);
    TRY(check_read_only_utility(b, r->raw->tree));
    TRY(xact_open(b));
    if (b->portals)
        TRY(portals_check_in_use(b, r->raw->tree));
    switch (kind) {
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
        return run_alter_role_set(b, r);
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT:
        return run_alter_database_set(b, r);
    case PG_QUERY__NODE__NODE_DO_STMT:
        return run_do(b, r);
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
        TRY(xact_must_be_alone(b, r, "CREATE DATABASE"));
        break;
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
        TRY(xact_must_be_alone(b, r, "DROP DATABASE"));
        break;
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        if (r->raw->tree->vacuum_stmt->is_vacuumcmd)
            TRY(xact_must_be_alone(b, r, "VACUUM"));
        break;
    case PG_QUERY__NODE__NODE_LOCK_STMT:
        if (!xact_in_block(b) && !b->xact.implicit_block)
            return err_new("25P01", "LOCK TABLE can only be used in transaction blocks");
        break;
    case PG_QUERY__NODE__NODE_INDEX_STMT:
        if (r->raw->tree->index_stmt->concurrent)
            TRY(xact_must_be_alone(b, r, "CREATE INDEX CONCURRENTLY"));
        break;
    case PG_QUERY__NODE__NODE_DROP_STMT:
        if (r->raw->tree->drop_stmt->concurrent)
            TRY(xact_must_be_alone(b, r, "DROP INDEX CONCURRENTLY"));
        break;
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
        TRY(check_reindex(b, r));
        break;
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
        if (!xact_in_block(b) && r->only)
            backend_warn(b, "25P01", "SET CONSTRAINTS can only be used in transaction blocks");
        break;
    default:
        break;
    }
    return utility_run(&b->base, r->raw, r->params, r->values, r->tag);
}

struct err *run_utility(struct backend *b, struct run *r)
{
    const struct role_rights *rights;
    switch (r->kind) {
    case STMT_DISCARD:
        return discard(b, r);
    case STMT_CHECKPOINT:
        TRY(xact_open(b));
        TRY(cat_rights(&b->base.cat, &rights));
        if (!rights_of(rights, ROLE_CHECKPOINT))
            return err_new("42501", "must be superuser or have privileges of pg_checkpoint to do "
                                    "CHECKPOINT");
        snprintf(r->tag, sizeof(r->tag), "CHECKPOINT");
        return txn_mgr_checkpoint(catalog_txn_mgr(server_catalog));
    case STMT_OWN:
        return run_own(b, r);
    default:
        return run_schema_utility(b, r);
    }
}

/* ---- within functions ---- */

static struct err *refuse_in_function(const struct run *r)
{
    const char *name = r->raw->tree ? statement_name(r->raw->tree) : "this statement";
    switch (r->kind) {
    case STMT_TRANSACTION:
        return err_new("0A000", "unsupported transaction command in PL/pgSQL");
    case STMT_COPY:
        return r->raw->tree->copy_stmt->filename
                   ? NULL
                   : err_new("0A000", "cannot COPY to/from client in PL/pgSQL");
    case STMT_SHOW:
    case STMT_EXECUTE:
    case STMT_FETCH:
    case STMT_EXPLAIN:
    case STMT_OWN:
        return err_unsupported("%s within a function is not supported", name);
    default:
        return NULL;
    }
}

struct err *function_statement(struct session *s, struct raw_stmt *raw, uint64_t *processed)
{
    struct backend *b = (struct backend *)s;
    const bool may_end = b->may_end_transaction;
    struct run r = {.raw = raw, .kind = stmt_kind_of(raw), .sql = raw->sql, .in_function = true};
    TRY(refuse_in_function(&r));
    b->may_end_transaction = false;
    struct err *e = run_statement(b, &r);
    b->may_end_transaction = may_end;
    TRY(e);
    const char *number = strrchr(r.tag, ' ');
    *processed = number ? strtoull(number, NULL, 10) : 0;
    return xact_open(b); /* the search path may be another now */
}
