/* CREATE VIEW, and what becomes of views when something that they read gets another name. A view
 * keeps its query as text with all names qualified (deparse_stored_query); its rule depends on the
 * relations and columns that the query reads, as in PostgreSQL. */
#include "exec/ddl_internal.h"

#include <stdio.h>

/* ---- the view's definition ---- */

struct view_def {
    struct query *q;
    struct ddl_column *cols;
    const char **names;
    int ncols;
    const char *text;
    struct deparse_refs refs;
    struct datum options;
};

static struct err *define_columns(struct ddl *d, const PgQuery__ViewStmt *v, struct view_def *def)
{
    const struct query *q = def->q;
    def->cols = arena_new_array(d->arena, struct ddl_column, q->ntargets + 1);
    def->names = arena_new_array(d->arena, const char *, q->ntargets + 1);
    for (int i = 0; i < q->ntargets; i++) {
        const struct expr *e = q->targets[i].expr;
        if (!q->targets[i].name)
            continue;
        int n = def->ncols++;
        const char *name = (size_t)n < v->n_aliases ? pg_str(v->aliases[n]) : q->targets[i].name;
        for (int k = 0; k < n; k++)
            if (strcmp(def->names[k], name) == 0)
                return err_new("42701", "column \"%s\" specified more than once", name);
        const struct cat_type *type = builtin_type(e->type);
        if (type && type->kind == 'p' && d->s->pid)
            return err_new("42P16", "column \"%s\" has pseudo-type %.*s", name,
                           STR_ARG(type->name));
        def->names[n] = name;
        def->cols[n] = (struct ddl_column){
            .name = name, .type = e->type, .typmod = e->typmod, .collation = e->collation};
        if (!e->collation && type && type->collation)
            return err_hint(err_new("42P22",
                                    "could not determine which collation to use for view "
                                    "column \"%s\"",
                                    name),
                            "Use the COLLATE clause to set the collation explicitly.");
    }
    if (v->n_aliases > (size_t)def->ncols)
        return err_new("42601", "CREATE VIEW specifies more column names than columns");
    return NULL;
}

static struct err *define(struct ddl *d, const PgQuery__ViewStmt *v, struct view_def *def)
{
    struct param_types none = {.fixed = true};
    struct raw_stmt raw = {.sql = d->sql, .tree = v->query};
    struct buf text = BUF_INIT;
    if (v->query->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
        v->query->select_stmt->into_clause)
        return err_unsupported("views must not contain SELECT INTO");
    TRY(analyze_definition(d->cat, &d->s->types, &raw, &none, d->arena, &def->q));
    TRY(define_columns(d, v, def));
    def->refs.arena = d->arena;
    TRY(deparse_stored_query(d->cat, def->q, def->names, NULL, &def->refs, &text));
    def->text = arena_strdup(d->arena, buf_cstr(&text));
    buf_done(&text);
    return NULL;
}

struct err *ddl_record_refs(struct ddl *d, struct object_address object,
                            const struct deparse_refs *refs)
{
    for (int i = 0; i < refs->count; i++) {
        struct deparse_ref r = refs->items[i];
        uint32_t class_id = r.is_type        ? PG_TYPE
                            : r.is_function  ? PG_PROC
                            : r.is_collation ? PG_COLLATION
                                             : PG_CLASS;
        if (r.relid < FIRST_USER_OID)
            continue;
        TRY(depend_record(d->cat, object, (struct object_address){class_id, r.relid, r.att},
                          DEPEND_NORMAL));
    }
    return NULL;
}

static struct err *record_refs(struct ddl *d, uint32_t rule, const struct deparse_refs *refs)
{
    return ddl_record_refs(d, (struct object_address){PG_REWRITE, rule, 0}, refs);
}

/* *out NULL: it is gone. */
static struct err *lock_view(struct ddl *d, uint32_t oid, struct relation **out)
{
    bool locked;
    TRY(txn_lock_table(d->cat->txn, oid, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
    return cat_relation(d->cat, oid, out);
}

/* ---- CREATE VIEW ---- */

/* WITH (...) and WITH CHECK OPTION, as pg_class.reloptions. */
static struct err *view_options(struct ddl *d, const PgQuery__ViewStmt *v, struct datum *out)
{
    PgQuery__Node check_node;
    PgQuery__DefElem check;
    PgQuery__Node value_node;
    PgQuery__String value;
    PgQuery__Node **options = arena_new_array(d->arena, PgQuery__Node *, v->n_options + 1);
    size_t n = v->n_options;
    for (size_t i = 0; i < n; i++)
        options[i] = v->options[i];
    if (v->with_check_option == PG_QUERY__VIEW_CHECK_OPTION__LOCAL_CHECK_OPTION ||
        v->with_check_option == PG_QUERY__VIEW_CHECK_OPTION__CASCADED_CHECK_OPTION) {
        bool local = v->with_check_option == PG_QUERY__VIEW_CHECK_OPTION__LOCAL_CHECK_OPTION;
        pg_query__node__init(&check_node);
        pg_query__def_elem__init(&check);
        pg_query__node__init(&value_node);
        pg_query__string__init(&value);
        value.sval = (char *)(uintptr_t)(local ? "local" : "cascaded");
        value_node.node_case = PG_QUERY__NODE__NODE_STRING;
        value_node.string = &value;
        check.defname = (char *)(uintptr_t) "check_option";
        check.arg = &value_node;
        check_node.node_case = PG_QUERY__NODE__NODE_DEF_ELEM;
        check_node.def_elem = &check;
        options[n++] = &check_node;
    }
    return ddl_options(d, 'v', datum_null(), options, n, false, out);
}

/* Sets the options of a view whose query is in the catalog. */
static struct err *set_view_options(struct ddl *d, uint32_t oid, struct datum options)
{
    TRY(ddl_update_class(d->cat, oid, CLS_OPTIONS, options));
    return ddl_check_view_options(d, oid);
}

struct err *ddl_check_view_options(struct ddl *d, uint32_t oid)
{
    struct view_updatable u;
    struct relation *view;
    TRY(cat_relation(d->cat, oid, &view));
    struct err *e = NULL;
    if (view->check_option)
        e = analyze_view_updatable(d->cat, &d->s->types, view, d->arena, &u);
    if (!e && view->check_option && u.reason)
        e = err_hint(err_new("0A000", "WITH CHECK OPTION is supported only on automatically "
                                      "updatable views"),
                     "%s", u.reason);
    relation_unref(view);
    return e;
}

static struct err *check_replacement(const struct relation *old, const struct view_def *def)
{
    if (def->ncols < old->natts)
        return err_new("42P16", "cannot drop columns from view");
    for (int i = 0; i < old->natts; i++) {
        const struct attr *a = &old->atts[i];
        const struct ddl_column *c = &def->cols[i];
        if (strcmp(a->name, c->name) != 0)
            return err_hint(err_new("42P16", "cannot change name of view column \"%s\" to \"%s\"",
                                    a->name, c->name),
                            "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column "
                            "instead.");
        if (a->type != c->type || a->typmod != c->typmod) {
            struct arena scratch;
            arena_init(&scratch);
            struct err *e =
                err_new("42P16", "cannot change data type of view column \"%s\" from %s to %s",
                        a->name, type_display(&scratch, a->type, a->typmod),
                        type_display(&scratch, c->type, c->typmod));
            arena_done(&scratch);
            return e;
        }
    }
    return NULL;
}

static struct err *replace_view(struct ddl *d, const struct relation *old, struct view_def *def)
{
    uint32_t rule;
    if (old->kind != 'v')
        return err_new("42809", "\"%s\" is not a view", old->name);
    for (int i = 0; i < def->refs.count; i++)
        if (def->refs.items[i].relid == old->oid)
            return err_new("42P17", "infinite recursion detected in rules for relation \"%s\"",
                           old->name);
    TRY(ddl_must_own(d, old));
    TRY(check_replacement(old, def));
    for (int i = old->natts; i < def->ncols; i++)
        TRY(ddl_add_column(d->cat, old->oid, i + 1, &def->cols[i]));
    if (def->ncols > old->natts)
        TRY(ddl_update_class(d->cat, old->oid, CLS_NATTS, datum_int(def->ncols)));
    TRY(ddl_view_rule(d->cat, old->oid, &rule));
    TRY(ddl_set_view(d->cat, old->oid, def->text));
    TRY(depend_forget(d->cat, (struct object_address){PG_REWRITE, rule, 0}));
    TRY(depend_record(d->cat, (struct object_address){PG_REWRITE, rule, 0},
                      (struct object_address){PG_CLASS, old->oid, 0}, DEPEND_INTERNAL));
    TRY(record_refs(d, rule, &def->refs));
    return set_view_options(d, old->oid, def->options);
}

static struct err *make_view(struct ddl *d, const PgQuery__ViewStmt *v, uint32_t nsp,
                             struct view_def *def)
{
    uint32_t oid;
    uint32_t rule;
    bool skip;
    TRY(ddl_check_name(d, nsp, v->view->relname, false, &skip));
    struct ddl_relation rel = {.name = v->view->relname,
                               .nsp = nsp,
                               .kind = 'v',
                               .persistence = ddl_persistence(d, v->view, nsp),
                               .owner = d->cat->role,
                               .columns = def->cols,
                               .ncolumns = def->ncols,
                               .view_sql = def->text};
    TRY(ddl_may_use_types(d, rel.columns, rel.ncolumns));
    TRY(ddl_create_relation(d->cat, &rel, &oid));
    TRY(ddl_view_rule(d->cat, oid, &rule));
    TRY(record_refs(d, rule, &def->refs));
    return set_view_options(d, oid, def->options);
}

/* A view over temporary tables is temporary itself. */
static struct err *view_nsp(struct ddl *d, const PgQuery__ViewStmt *v, const struct query *q,
                            uint32_t *nsp)
{
    bool asked = v->view->relpersistence && *v->view->relpersistence == 't';
    bool temporary = false;
    for (int i = 0; i < q->nrelations; i++)
        temporary = temporary || q->relations[i]->persistence == 't';
    if (!temporary || asked)
        return ddl_target_nsp(d, v->view, nsp);
    ddl_notice(d, "NOTICE",
               err_new("00000", "view \"%s\" will be a temporary view", v->view->relname));
    if (v->view->schemaname && *v->view->schemaname && strcmp(v->view->schemaname, "pg_temp") != 0)
        return err_new("42P16", "cannot create temporary relation in non-temporary schema");
    return ddl_temp_namespace(d, nsp);
}

static struct err *create_view(struct ddl *d, const PgQuery__ViewStmt *v, struct view_def *def)
{
    uint32_t nsp;
    uint32_t oid = 0;
    struct relation *old = NULL;
    TRY(view_nsp(d, v, def->q, &nsp));
    if (v->replace)
        TRY(cat_relation_oid(d->cat, nsp, str_from(v->view->relname), &oid));
    if (!oid)
        return make_view(d, v, nsp, def);
    TRY(lock_view(d, oid, &old));
    if (!old)
        return make_view(d, v, nsp, def);
    struct err *e = replace_view(d, old, def);
    relation_unref(old);
    return e;
}

/* The system's own views, written with qualified names, keep their text as it stands. */
static struct err *system_view(struct ddl *d, const PgQuery__ViewStmt *v)
{
    struct param_types none = {.fixed = true};
    struct raw_stmt raw = {.sql = d->sql, .tree = v->query};
    struct view_def def = {.options = datum_null()};
    uint32_t nsp;
    TRY(ddl_target_nsp(d, v->view, &nsp));
    TRY(analyze_definition(d->cat, &d->s->types, &raw, &none, d->arena, &def.q));
    struct err *e = define_columns(d, v, &def);
    const char *text =
        arena_strndup(d->arena, d->sql + d->raw->location,
                      d->raw->len ? (size_t)d->raw->len : strlen(d->sql + d->raw->location));
    const char *as = strstr(text, " AS\n");
    if (!e && !as)
        e = err_new("42601", "a system view needs AS at the end of a line");
    def.text = as ? as + 4 : "";
    if (!e)
        e = make_view(d, v, nsp, &def); /* column names are the query's */
    query_release(def.q);
    return e;
}

struct err *ddl_create_view(struct ddl *d, const PgQuery__ViewStmt *v)
{
    struct view_def def = {.options = datum_null()};
    if (!d->s->pid)
        return system_view(d, v);
    TRY(view_options(d, v, &def.options));
    struct err *e = define(d, v, &def);
    if (!e)
        e = create_view(d, v, &def);
    query_release(def.q);
    return e;
}

/* ---- other names ---- */

/* The views whose rules depend on the relation. */
static struct err *views_on(struct ddl *d, uint32_t relid, uint32_t **views, int *n, int *cap)
{
    struct depend_list deps = {0};
    TRY(depend_on(d->cat, (struct object_address){PG_CLASS, relid, 0}, d->arena, &deps));
    for (int i = 0; i < deps.count; i++) {
        struct object_address o = deps.items[i].object;
        uint32_t view;
        bool known = false;
        if (o.class_id != PG_REWRITE || deps.items[i].type != DEPEND_NORMAL)
            continue;
        TRY(ddl_rule_view(d->cat, o.object_id, &view));
        for (int k = 0; k < *n; k++)
            known = known || (*views)[k] == view;
        if (view && !known)
            ARENA_PUSH(d->arena, *views, *n, *cap, view);
    }
    return NULL;
}

static struct err *rename_in_view(struct ddl *d, struct relation *view,
                                  const struct deparse_rename *rename)
{
    struct query *q;
    struct buf text = BUF_INIT;
    const char **names;
    TRY(analyze_view(d->cat, &d->s->types, view, d->arena, &q, &names));
    struct err *e = deparse_stored_query(d->cat, q, names, rename, NULL, &text);
    query_release(q);
    if (!e)
        e = ddl_set_view(d->cat, view->oid, buf_cstr(&text));
    buf_done(&text);
    return e;
}

struct err *ddl_rename_in_views(struct ddl *d, const uint32_t *relids, int nrelids,
                                const struct deparse_rename *rename)
{
    uint32_t *views = NULL;
    int n = 0;
    int cap = 0;
    /* All first: a text that has been written anew cannot be read before the new name holds. */
    for (int i = 0; i < nrelids; i++)
        TRY(views_on(d, relids[i], &views, &n, &cap));
    for (int i = 0; i < n; i++) {
        struct relation *view;
        TRY(lock_view(d, views[i], &view));
        struct err *e = view ? rename_in_view(d, view, rename) : NULL;
        relation_unref(view);
        TRY(e);
    }
    for (int i = 0; i < nrelids; i++)
        TRY(ddl_rename_in_policies(d, relids[i], rename));
    return NULL;
}

/* ---- materialized views ---- */

static struct err *refuse_temporary(const struct query *q)
{
    for (int i = 0; i < q->nrelations; i++)
        if (q->relations[i]->persistence == 't')
            return err_new("0A000", "materialized views must not use temporary tables or views");
    return NULL;
}

/* The rows that the view's query gives now, into the storage that the descriptor names. */
static struct err *fill_matview(struct ddl *d, struct relation *view, uint64_t *rows)
{
    struct exec_env env = session_exec_env(d->s);
    struct param_types none = {.fixed = true};
    struct statement_plan *plan;
    struct parsed parsed;
    TRY(parse_sql(view->view_sql, d->arena, &parsed));
    TRY(exec_plan(&env, &parsed.stmts[0], &none, &plan));
    struct err *e = ddl_load_query(d, plan, NULL, view, rows);
    plan_unref(plan);
    return e;
}

static struct err *make_matview(struct ddl *d, const PgQuery__CreateTableAsStmt *c, uint32_t nsp,
                                struct view_def *def, uint64_t *rows)
{
    const PgQuery__IntoClause *into = c->into;
    struct relation *view;
    uint32_t oid;
    uint32_t rule;
    bool locked;
    struct ddl_relation rel = {.name = into->rel->relname,
                               .nsp = nsp,
                               .kind = 'm',
                               .persistence = 'p',
                               .owner = d->cat->role,
                               .columns = def->cols,
                               .ncolumns = def->ncols,
                               .unpopulated = into->skip_data,
                               .storage_id = txn_new_storage_id(catalog_txn_mgr(d->cat->shared)),
                               .view_sql = def->text};
    TRY(ddl_may_use_types(d, rel.columns, rel.ncolumns));
    TRY(ddl_create_relation(d->cat, &rel, &oid));
    TRY(ddl_view_rule(d->cat, oid, &rule));
    TRY(record_refs(d, rule, &def->refs));
    TRY(ddl_class_options(d, oid, 'm', into->options, into->n_options, false));
    TRY(txn_lock_table(d->cat->txn, oid, TXN_ACCESS_EXCLUSIVE, TXN_WAIT, &locked));
    TRY(cat_relation(d->cat, oid, &view));
    struct err *e = into->skip_data ? NULL : fill_matview(d, view, rows);
    relation_unref(view);
    return e;
}

struct err *ddl_create_matview(struct ddl *d, const PgQuery__CreateTableAsStmt *c, char *tag)
{
    PgQuery__ViewStmt v;
    struct view_def def = {.options = datum_null()};
    uint64_t rows = 0;
    uint32_t nsp;
    bool skip = false;
    pg_query__view_stmt__init(&v);
    v.view = c->into->rel;
    v.query = c->query;
    v.aliases = c->into->col_names;
    v.n_aliases = c->into->n_col_names;
    snprintf(tag, 64, "CREATE MATERIALIZED VIEW");
    if (c->query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return err_unsupported("CREATE MATERIALIZED VIEW AS EXECUTE is not supported");
    struct err *e = define(d, &v, &def);
    if (e && err_is(e, "42601") && strncmp(e->message, "CREATE VIEW", 11) == 0) {
        err_free(e);
        e = err_new("42601", "too many column names were specified");
    }
    if (e && err_is(e, "42P02") && d->params && d->params->count) {
        err_free(e);
        e = err_new("0A000", "materialized views may not be defined using bound parameters");
    }
    if (!e)
        e = refuse_temporary(def.q);
    if (!e)
        e = ddl_no_position(ddl_find_target(d, c->into->rel, &nsp));
    if (!e)
        e = ddl_check_name(d, nsp, c->into->rel->relname, c->if_not_exists, &skip);
    if (e || skip) {
        query_release(def.q);
        return e;
    }
    if (!c->into->skip_data)
        e = query_check_access(d->cat, def.q);
    if (!e)
        e = ddl_may_make_relation(d, c->into->rel, nsp);
    if (!e)
        e = make_matview(d, c, nsp, &def, &rows);
    query_release(def.q);
    if (!e && !c->into->skip_data)
        snprintf(tag, 64, "SELECT %llu", (unsigned long long)rows);
    return e;
}

/* A row can be told from others by a unique index on plain columns, for all rows. */
static struct err *check_concurrent(const struct relation *r)
{
    for (int i = 0; i < r->nindexes; i++) {
        const struct index *ix = &r->indexes[i];
        bool plain = ix->unique && !ix->pred_sql;
        for (int k = 0; k < ix->nkeys; k++)
            plain &= ix->cols[k].attnum != 0;
        if (plain)
            return NULL;
    }
    return err_hint(err_new("55000", "cannot refresh materialized view \"%s.%s\" concurrently",
                            r->nsp_name, r->name),
                    "Create a unique index with no WHERE clause on one or more columns of the "
                    "materialized view.");
}

/* New storage for the view and its indexes; that of before goes with the last snapshot that reads
 * it, so readers need not wait. */
static struct err *refresh(struct ddl *d, struct relation **view, bool with_data)
{
    uint64_t rows = 0;
    TRY(ddl_new_storage(d, *view));
    TRY(ddl_update_class(d->cat, (*view)->oid, CLS_ISPOPULATED, datum_bool(with_data)));
    TRY(ddl_reopen(d, view));
    if (!with_data)
        return NULL;
    TRY(fill_matview(d, *view, &rows));
    for (int i = 0; i < (*view)->nindexes; i++)
        TRY(ddl_build_index(d, *view, &(*view)->indexes[i]));
    return NULL;
}

struct err *ddl_refresh_matview(struct ddl *d, const PgQuery__RefreshMatViewStmt *s)
{
    struct relation *view;
    TRY(ddl_open(d, s->relation, s->concurrent ? TXN_EXCLUSIVE : TXN_ACCESS_EXCLUSIVE, false,
                 &view));
    struct err *e = ddl_must_own(d, view);
    if (!e && view->kind != 'm' && view->kind != 'r')
        e = err_new("42809", "\"%s\" is not a table or materialized view", view->name);
    if (!e && view->kind != 'm')
        e = err_new("0A000", "\"%s\" is not a materialized view", view->name);
    if (!e && s->concurrent && !view->populated)
        e = err_new("0A000", "CONCURRENTLY cannot be used when the materialized view is not "
                             "populated");
    if (!e && s->concurrent && s->skip_data)
        e = err_new("42601", "CONCURRENTLY and WITH NO DATA options cannot be used together");
    if (!e && s->concurrent)
        e = check_concurrent(view);
    if (!e)
        e = refresh(d, &view, !s->skip_data);
    relation_unref(view);
    return e;
}
