/* Definitions of expressions, indexes, constraints and views as SQL: pg_get_expr and its like. */
#include "exec/exec_internal.h"

#include "catalog/systab.h"
#include "exec/fn_session.h"
#include "sql/analyze.h"
#include "types/array.h"

/* Stored SQL text shown: names as the search path needs them, `pretty` without needless
 * parentheses. */
static struct err *put_expr(struct fn_call *c, const struct expr *e, const struct rte *rte,
                            bool pretty, struct buf *b)
{
    struct cat *cat = &c->session->cat;
    return pretty ? deparse_expr_pretty(cat, e, rte, b) : deparse_expr(cat, e, rte, b);
}

static struct err *put_stored(struct fn_call *c, struct relation *r, const char *sql,
                              enum expr_use use, bool pretty, struct buf *b)
{
    struct rte *rte;
    struct expr *e;
    TRY(analyze_expr_text(&c->session->cat, c->env, sql, r, use, 0, -1, c->arena, &rte, &e));
    return put_expr(c, e, rte, pretty, b);
}

static bool is_pretty(const struct fn_call *c)
{
    return c->nargs > 2 && c->args[2].i;
}

/* Several expressions: of an index they stand one a line, of a function's arguments each has its
 * end. */
static struct err *put_lines(struct fn_call *c, struct relation *r, char *text, struct buf *b)
{
    static const char of_arguments[] = {PROC_DEFAULT_END, 0};
    const char *end = strchr(text, PROC_DEFAULT_END) ? of_arguments : "\n";
    char *save = NULL;
    for (char *line = strtok_r(text, end, &save); line; line = strtok_r(NULL, end, &save)) {
        buf_put_c(b, b->len ? ", " : "");
        TRY(put_stored(c, r, line, USE_GENERATED, is_pretty(c), b));
    }
    return NULL;
}

/* Those of policies are kept as queries, with what their subqueries read. */
static struct err *put_policy(struct fn_call *c, const char *text, struct buf *b)
{
    struct cat *cat = &c->session->cat;
    struct query *q;
    TRY(analyze_stored_policy(cat, c->env, text, c->arena, &q));
    const struct expr *e = q->targets[0].expr;
    const struct rte *rte = q->from[0]->rte;
    struct err *err =
        is_pretty(c) ? deparse_expr_pretty(cat, e, rte, b) : deparse_expr(cat, e, rte, b);
    query_release(q);
    return err;
}

static bool is_query(const char *text)
{
    text += strspn(text, " ");
    return strncmp(text, "SELECT ", 7) == 0;
}

struct err *fn_get_expr(struct fn_call *c, struct datum *out)
{
    struct relation *r = NULL;
    struct buf b = BUF_INIT;
    *out = datum_null();
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[1].u, &r));
    if (!r && c->args[1].u)
        return NULL;
    char *sql = arena_strndup(c->arena, (const char *)c->args[0].p, c->args[0].len);
    struct err *e = is_query(sql) ? put_policy(c, sql, &b) : put_lines(c, r, sql, &b);
    relation_unref(r);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}

/* *collation: what the column or expression has by itself. */
static struct err *put_index_column(struct fn_call *c, struct buf *b, struct relation *r,
                                    const struct index_col *col, uint32_t *collation)
{
    struct buf text = BUF_INIT;
    struct rte *rte;
    struct expr *expr;
    if (col->attnum) {
        quote_identifier(b, r->atts[col->attnum - 1].name);
        *collation = r->atts[col->attnum - 1].collation;
        return NULL;
    }
    TRY(analyze_expr_text(&c->session->cat, c->env, col->expr_sql, r, USE_INDEX_EXPR, 0, -1,
                          c->arena, &rte, &expr));
    *collation = expr->collation;
    struct err *e = put_expr(c, expr, rte, is_pretty(c), &text);
    const char *sql = buf_cstr(&text);
    bool call = text.len && sql[text.len - 1] == ')' && sql[0] != '(';
    buf_printf(b, call ? "%s" : "(%s)", sql);
    buf_done(&text);
    return e;
}

/* With its schema, where the search path has that not. */
static void put_opclass(struct fn_call *c, struct buf *b, uint32_t opclass)
{
    const struct cat *cat = &c->session->cat;
    const uint32_t nsp = cat_opclass_namespace(opclass);
    const char *schema = NULL;
    bool visible = nsp == PG_CATALOG_NSP;
    for (int i = 0; i < cat->nsearch_path; i++)
        visible |= cat->search_path[i] == nsp;
    if (!visible)
        err_free(cat_namespace_name(&c->session->cat, nsp, c->arena, &schema));
    buf_put_u8(b, ' ');
    if (schema) {
        quote_identifier(b, schema);
        buf_put_u8(b, '.');
    }
    buf_put_str(b, builtin_opclass_name(opclass));
}

/* What a key column has beyond the defaults of its type. */
static void put_column_options(struct fn_call *c, struct buf *b, uint32_t am,
                               const struct index_col *col, uint32_t usual)
{
    uint32_t family;
    uint32_t input;
    if (col->collation && col->collation != usual) {
        struct str name = builtin_collation_name(col->collation);
        buf_put_c(b, " COLLATE ");
        quote_identifier(b, arena_strndup(c->arena, name.data, name.len));
    }
    if (col->opclass && col->opclass != builtin_default_opclass(am, col->type, &family, &input))
        put_opclass(c, b, col->opclass);
    if (col->desc)
        buf_put_c(b, col->nulls_first ? " DESC" : " DESC NULLS LAST");
    else if (col->nulls_first)
        buf_put_c(b, " NULLS FIRST");
}

static void put_included(struct buf *b, const struct relation *r, const struct index *ix)
{
    if (ix->ncols == ix->nkeys)
        return;
    buf_put_c(b, " INCLUDE (");
    for (int i = ix->nkeys; i < ix->ncols; i++) {
        buf_put_c(b, i > ix->nkeys ? ", " : "");
        quote_identifier(b, r->atts[ix->cols[i].attnum - 1].name);
    }
    buf_put_u8(b, ')');
}

/* WITH (...): a value that is no plain name goes in quotes. */
static struct err *put_storage_options(struct fn_call *c, struct buf *b, uint32_t index)
{
    struct datum key = datum_int(index);
    struct datum v[CLS_COUNT];
    struct array items;
    bool found;
    TRY(systab_get(&c->session->cat, PG_CLASS, CLASS_OID_INDEX, &key, 1, c->arena, v, &found));
    if (!found || v[CLS_OPTIONS].null)
        return NULL;
    TRY(array_open(v[CLS_OPTIONS], &items));
    for (uint32_t i = 0; i < items.nitems; i++) {
        struct str item = datum_as_str(array_get(&items, i));
        const char *text = arena_strndup(c->arena, item.data, item.len);
        const char *value = strchr(text, '=') + 1;
        struct buf quoted = BUF_INIT;
        buf_put_c(b, i ? ", " : " WITH (");
        buf_put(b, text, (size_t)(value - text));
        quote_identifier(&quoted, value);
        if (strcmp(buf_cstr(&quoted), value) == 0)
            buf_put_c(b, value);
        else
            quote_literal(b, str_from(value));
        buf_done(&quoted);
    }
    buf_put_c(b, items.nitems ? ")" : "");
    return NULL;
}

/* Pretty: without its schema where the search path finds it. */
static struct err *put_table_name(struct fn_call *c, struct buf *b, struct relation *r)
{
    bool seen = false;
    if (is_pretty(c))
        TRY(fn_visible(c, r->oid, &seen));
    if (!seen) {
        if (r->persistence == 't')
            buf_put_c(b, "pg_temp");
        else
            quote_identifier(b, r->nsp_name);
        buf_put_u8(b, '.');
    }
    quote_identifier(b, r->name);
    return NULL;
}

static struct err *put_index(struct fn_call *c, struct buf *b, struct relation *r,
                             const struct index *ix)
{
    buf_printf(b, "CREATE %sINDEX ", ix->unique || ix->deferrable ? "UNIQUE " : "");
    quote_identifier(b, ix->name);
    buf_put_c(b, " ON ");
    TRY(put_table_name(c, b, r));
    buf_printf(b, " USING %.*s (", STR_ARG(builtin_am_name(ix->am)));
    for (int i = 0; i < ix->nkeys; i++) {
        buf_put_c(b, i ? ", " : "");
        uint32_t collation;
        TRY(put_index_column(c, b, r, &ix->cols[i], &collation));
        put_column_options(c, b, ix->am, &ix->cols[i], collation);
    }
    buf_put_u8(b, ')');
    put_included(b, r, ix);
    buf_put_c(b, ix->nulls_not_distinct ? " NULLS NOT DISTINCT" : "");
    TRY(put_storage_options(c, b, ix->oid));
    if (!ix->pred_sql)
        return NULL;
    buf_put_c(b, " WHERE ");
    return put_stored(c, r, ix->pred_sql, USE_INDEX_PRED, is_pretty(c), b);
}

struct err *fn_get_indexdef(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    struct buf b = BUF_INIT;
    uint32_t oid = (uint32_t)c->args[0].u;
    int64_t only = c->nargs > 1 ? c->args[1].i : 0;
    uint32_t collation;
    struct err *e = NULL;
    *out = datum_null();
    TRY(need_session(c));
    TRY(cat_table_of_index(&c->session->cat, oid, &r));
    const struct index *ix = r ? relation_index(r, oid) : NULL;
    if (!ix) {
        relation_unref(r);
        return NULL;
    }
    if (!only)
        e = put_index(c, &b, r, ix);
    else if (only > 0 && only <= ix->ncols)
        e = put_index_column(c, &b, r, &ix->cols[only - 1], &collation);
    relation_unref(r);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}

static void put_columns(struct buf *b, const struct relation *r, const int16_t *keys, int n)
{
    for (int i = 0; i < n; i++) {
        buf_put_c(b, i ? ", " : "");
        quote_identifier(b, r->atts[keys[i] - 1].name);
    }
}

static struct err *put_foreign_key(struct fn_call *c, struct buf *b, const struct relation *r,
                                   const struct constraint *con)
{
    static const struct {
        char code;
        const char *text;
    } actions[] = {{'r', "RESTRICT"}, {'c', "CASCADE"}, {'n', "SET NULL"}, {'d', "SET DEFAULT"}};
    struct relation *parent;
    bool shown;
    TRY(cat_relation(&c->session->cat, con->frelid, &parent));
    if (!parent)
        return NULL;
    struct err *e = fn_visible(c, parent->oid, &shown);
    buf_put_c(b, "FOREIGN KEY (");
    put_columns(b, r, con->keys, con->nkeys);
    buf_put_c(b, ") REFERENCES ");
    if (!e && !shown) {
        quote_identifier(b, parent->nsp_name);
        buf_put_u8(b, '.');
    }
    quote_identifier(b, parent->name);
    buf_put_u8(b, '(');
    put_columns(b, parent, con->fkeys, con->nkeys);
    buf_put_c(b, con->match == 'f' ? ") MATCH FULL" : ")");
    for (size_t i = 0; i < ARRAY_LENGTH(actions); i++)
        if (actions[i].code == con->on_update)
            buf_printf(b, " ON UPDATE %s", actions[i].text);
    for (size_t i = 0; i < ARRAY_LENGTH(actions); i++)
        if (actions[i].code == con->on_delete)
            buf_printf(b, " ON DELETE %s", actions[i].text);
    if (con->nset_cols) {
        buf_put_c(b, " (");
        put_columns(b, r, con->set_cols, con->nset_cols);
        buf_put_u8(b, ')');
    }
    relation_unref(parent);
    return e;
}

static struct err *put_constraint(struct fn_call *c, struct buf *b, struct relation *r,
                                  const struct constraint *con)
{
    const struct index *ix = con->type == 'f' ? NULL : relation_index(r, con->index);
    if (con->type == 'c') {
        buf_put_c(b, "CHECK (");
        TRY(put_stored(c, r, con->check_sql, USE_CHECK, c->nargs > 1 && c->args[1].i, b));
        buf_put_u8(b, ')');
    }
    if (con->type == 'c' && con->no_inherit)
        buf_put_c(b, " NO INHERIT");
    if (con->type == 'p' || con->type == 'u') {
        buf_put_c(b, con->type == 'p' ? "PRIMARY KEY (" : "UNIQUE ");
        if (con->type == 'u')
            buf_put_c(b, ix && ix->nulls_not_distinct ? "NULLS NOT DISTINCT (" : "(");
        put_columns(b, r, con->keys, con->nkeys);
        buf_put_u8(b, ')');
        if (ix)
            put_included(b, r, ix);
    }
    if (con->type == 'f')
        TRY(put_foreign_key(c, b, r, con));
    if (con->deferrable)
        buf_put_c(b, " DEFERRABLE");
    if (con->deferred)
        buf_put_c(b, " INITIALLY DEFERRED");
    if (!con->validated)
        buf_put_c(b, " NOT VALID");
    return NULL;
}

static struct err *domain_constraint(struct fn_call *c, const struct datum *v, struct datum *out)
{
    struct constraint con = {
        .type = 'c',
        .check_sql = arena_strndup(c->arena, (const char *)v[CON_BIN].p, v[CON_BIN].len)};
    struct buf b = BUF_INIT;
    con.validated = v[CON_VALIDATED].i;
    TRY(cat_load_type(&c->session->cat, (uint32_t)v[CON_TYPID].u, NULL));
    struct relation *value = cat_domain_value((uint32_t)v[CON_TYPID].u, c->arena);
    struct err *e = put_constraint(c, &b, value, &con);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}

struct err *fn_get_constraintdef(struct fn_call *c, struct datum *out)
{
    struct datum v[CON_COUNT];
    struct relation *r = NULL;
    struct buf b = BUF_INIT;
    bool found;
    *out = datum_null();
    TRY(need_session(c));
    TRY(systab_get(&c->session->cat, PG_CONSTRAINT, CONSTRAINT_OID_INDEX, &c->args[0], 1, c->arena,
                   v, &found));
    if (found && v[CON_TYPID].u)
        return domain_constraint(c, v, out);
    if (found)
        TRY(cat_relation(&c->session->cat, (uint32_t)v[CON_RELID].u, &r));
    if (!r)
        return NULL;
    struct err *e = NULL;
    for (int i = 0; i < r->nconstraints && !e; i++)
        if (r->constraints[i].oid == (uint32_t)c->args[0].u)
            e = put_constraint(c, &b, r, &r->constraints[i]);
    relation_unref(r);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}

static struct err *view_text(struct fn_call *c, const struct relation *r, bool pretty,
                             struct buf *b)
{
    struct query *q;
    struct arena a;
    arena_init(&a);
    const char **names;
    struct err *e = analyze_view(&c->session->cat, &c->session->types, r, &a, &q, &names);
    if (!e) {
        e = deparse_query(&c->session->cat, q, names, pretty, b);
        query_release(q);
    }
    arena_done(&a);
    return e;
}

/* The system's own views may read what has no text: those are shown as they were written. */
struct err *fn_get_viewdef(struct fn_call *c, struct datum *out)
{
    struct relation *r;
    struct buf b = BUF_INIT;
    bool pretty = c->nargs > 1 && c->args[1].i;
    *out = datum_null();
    TRY(need_session(c));
    TRY(cat_relation(&c->session->cat, (uint32_t)c->args[0].u, &r));
    if (!r || !r->view_sql) {
        relation_unref(r);
        return NULL;
    }
    struct err *e = view_text(c, r, pretty, &b);
    if (e && r->oid < FIRST_USER_OID && err_is(e, "0A000")) {
        err_free(e);
        e = NULL;
        b.len = 0;
        buf_put_c(&b, r->view_sql);
    }
    if (!e && !(b.len && b.data[b.len - 1] == ';'))
        buf_put_u8(&b, ';');
    relation_unref(r);
    if (e) {
        buf_done(&b);
        return e;
    }
    return text_result(c, &b, out);
}
