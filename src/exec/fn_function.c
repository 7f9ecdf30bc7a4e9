/* Functions about functions: their argument lists, results and definitions as SQL. */
#include "exec/exec_internal.h"

#include "catalog/systab.h"
#include "exec/fn_session.h"
#include "exec/session.h"
#include "exec/language.h"
#include "exec/sql_function.h"
#include "sql/analyze.h"
#include "sql/parse.h"

/* The function with that number; *out NULL: none. */
static struct err *find(struct fn_call *c, const struct cat_proc **out)
{
    TRY(need_session(c));
    return cat_load_proc(&c->session->cat, (uint32_t)c->args[0].u, out);
}

static struct err *put_type(struct fn_call *c, uint32_t type, struct buf *b)
{
    struct datum text;
    TRY(session_plain_type_name(c->session, type, c->arena, &text));
    buf_put(b, text.p, text.len);
    return NULL;
}

/* A default as the search path shows it. */
static struct err *put_default(struct fn_call *c, const struct cat_proc *p, int input,
                               struct buf *b)
{
    struct cat *cat = &c->session->cat;
    struct rte *rte;
    struct expr *e;
    int k = input - (p->nargs - p->ndefaults);
    if (!p->defaults || k < 0)
        return NULL;
    const char *sql = arena_strndup(c->arena, p->defaults[k].data, p->defaults[k].len);
    TRY(analyze_expr_text(cat, c->env, sql, NULL, USE_DEFAULT, 0, -1, c->arena, &rte, &e));
    return deparse_expr(cat, e, NULL, b);
}

enum { WITHOUT_DEFAULTS = 0, WITH_DEFAULTS = 1, TABLE_COLUMNS = 2 };

/* Its mode, name and type. */
static struct err *put_argument(struct fn_call *c, const struct cat_proc *p, int i, struct buf *b)
{
    static const struct {
        char mode;
        const char *text;
    } words[] = {{'o', "OUT "}, {'b', "INOUT "}, {'v', "VARIADIC "}};
    char mode = p->argmodes ? p->argmodes[i] : 'i';
    if (!p->argmodes && p->variadic && i == p->nargs - 1)
        mode = 'v';
    for (size_t k = 0; k < ARRAY_LENGTH(words); k++)
        if (words[k].mode == mode)
            buf_put_c(b, words[k].text);
    if (p->kind == 'p' && mode == 'i')
        buf_put_c(b, "IN ");
    if (p->argnames && p->argnames[i].len) {
        quote_identifier(b, arena_strndup(c->arena, p->argnames[i].data, p->argnames[i].len));
        buf_put_u8(b, ' ');
    }
    return put_type(c, p->allargtypes ? p->allargtypes[i] : p->argtypes[i], b);
}

static struct err *put_arguments(struct fn_call *c, const struct cat_proc *p, int what,
                                 struct buf *b)
{
    const struct cat_agg *agg = p->kind == 'a' ? builtin_agg(p->oid) : NULL;
    int ordered = agg && agg->kind != 'n' ? agg->ndirect : -1; /* where ORDER BY comes */
    int n = p->nallargs ? p->nallargs : p->nargs;
    size_t start = b->len;
    int input = 0;
    for (int i = 0; i < n; i++) {
        char mode = p->argmodes ? p->argmodes[i] : 'i';
        bool is_input = strchr("ibv", mode) != NULL;
        int number = input;
        input += is_input;
        if ((mode == 't') != (what == TABLE_COLUMNS))
            continue;
        if (i == ordered)
            buf_put_c(b, b->len > start ? " ORDER BY " : "ORDER BY ");
        else
            buf_put_c(b, b->len > start ? ", " : "");
        TRY(put_argument(c, p, i, b));
        if (ordered == n && i == n - 1) { /* the variadic one is direct and ordered */
            buf_put_c(b, " ORDER BY ");
            TRY(put_argument(c, p, i, b));
        }
        if ((what & WITH_DEFAULTS) && is_input && p->defaults &&
            number >= p->nargs - p->ndefaults) {
            buf_put_c(b, " DEFAULT ");
            TRY(put_default(c, p, number, b));
        }
    }
    return NULL;
}

static struct err *finish(struct fn_call *c, struct err *e, struct buf *b, struct datum *out)
{
    if (!e)
        return text_result(c, b, out);
    buf_done(b);
    return e;
}

static struct err *arguments(struct fn_call *c, int what, struct datum *out)
{
    const struct cat_proc *p;
    struct buf b = BUF_INIT;
    *out = datum_null();
    TRY(find(c, &p));
    return p ? finish(c, put_arguments(c, p, what, &b), &b, out) : NULL;
}

static struct err *fn_arguments(struct fn_call *c, struct datum *out)
{
    return arguments(c, WITH_DEFAULTS, out);
}

static struct err *fn_identity_arguments(struct fn_call *c, struct datum *out)
{
    return arguments(c, WITHOUT_DEFAULTS, out);
}

static struct err *put_result(struct fn_call *c, const struct cat_proc *p, struct buf *b)
{
    if (p->argmodes && strchr(p->argmodes, 't')) {
        buf_put_c(b, "TABLE(");
        TRY(put_arguments(c, p, TABLE_COLUMNS, b));
        buf_put_u8(b, ')');
        return NULL;
    }
    buf_put_c(b, p->retset ? "SETOF " : "");
    return put_type(c, p->rettype, b);
}

static struct err *fn_result(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p;
    struct buf b = BUF_INIT;
    *out = datum_null();
    TRY(find(c, &p));
    return p && p->kind != 'p' ? finish(c, put_result(c, p, &b), &b, out) : NULL;
}

static struct err *fn_arg_default(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p;
    struct buf b = BUF_INIT;
    int at = (int)c->args[1].i;
    int input = 0;
    *out = datum_null();
    TRY(find(c, &p));
    if (!p || at < 1 || at > (p->nallargs ? p->nallargs : p->nargs))
        return NULL;
    for (int i = 0; p->argmodes && i < at - 1; i++)
        input += strchr("ibv", p->argmodes[i]) != NULL;
    if (!p->argmodes)
        input = at - 1;
    else if (!strchr("ibv", p->argmodes[at - 1]))
        return NULL;
    struct err *e = put_default(c, p, input, &b);
    if (!e && !b.len)
        return NULL;
    return finish(c, e, &b, out);
}

static struct err *row_of(struct fn_call *c, struct datum *v, bool *found)
{
    TRY(need_session(c));
    return systab_get(&c->session->cat, PG_PROC, PROC_OID_INDEX, &c->args[0], 1, c->arena, v,
                      found);
}

/* A statement of the body, as it was analyzed. */
static struct err *put_statement(struct fn_call *c, struct raw_stmt *raw,
                                 struct param_types *params, struct buf *b)
{
    struct query *q = NULL;
    TRY(analyze_own(&c->session->cat, c->env, raw, params, c->arena, &q));
    struct err *e = deparse_body_query(&c->session->cat, q, params->names, params->count, b);
    query_release(q);
    return e;
}

/* RETURN and BEGIN ATOMIC: one SELECT of one value reads as the former. */
static struct err *put_sqlbody(struct fn_call *c, const struct cat_proc *p, struct datum body,
                               struct buf *b)
{
    const char *text = arena_strndup(c->arena, (const char *)body.p, body.len);
    bool atomic = strstr(text, ";\n") != NULL;
    struct parsed parsed;
    struct param_types params;
    sql_function_params(&params, p, p->argtypes, c->arena);
    TRY(parse_sql(text, c->arena, &parsed));
    buf_put_c(b, atomic ? "BEGIN ATOMIC\n" : "RETURN ");
    for (int i = 0; i < parsed.count; i++) {
        struct buf one = BUF_INIT;
        struct err *e = put_statement(c, &parsed.stmts[i], &params, &one);
        const char *sql = buf_cstr(&one);
        buf_put_c(b, !atomic && strncmp(sql, " SELECT ", 8) == 0 ? sql + 8 : sql);
        buf_put_c(b, atomic ? ";\n" : "");
        buf_done(&one);
        TRY(e);
    }
    buf_put_c(b, atomic ? "END" : "");
    return NULL;
}

static struct err *fn_sqlbody(struct fn_call *c, struct datum *out)
{
    struct datum v[PROC_COUNT];
    struct buf b = BUF_INIT;
    bool found;
    *out = datum_null();
    TRY(row_of(c, v, &found));
    const struct cat_proc *p;
    TRY(find(c, &p));
    if (!found || !p || v[PROC_SQLBODY].null)
        return NULL;
    return finish(c, put_sqlbody(c, p, v[PROC_SQLBODY], &b), &b, out);
}

static void put_attributes(const struct datum *v, const struct cat_proc *p, struct buf *b)
{
    size_t start = b->len;
    char parallel = (char)v[PROC_PARALLEL].i;
    double cost = v[PROC_COST].f32;
    buf_put_c(b, p->volatility == 'i' ? " IMMUTABLE" : p->volatility == 's' ? " STABLE" : "");
    buf_put_c(b, parallel == 's'   ? " PARALLEL SAFE"
                 : parallel == 'r' ? " PARALLEL RESTRICTED"
                                   : "");
    buf_put_c(b, p->strict ? " STRICT" : "");
    buf_put_c(b, v[PROC_SECDEF].i ? " SECURITY DEFINER" : "");
    buf_put_c(b, v[PROC_LEAKPROOF].i ? " LEAKPROOF" : "");
    if (cost != 100)
        buf_printf(b, " COST %g", cost);
    if (p->rows > 0 && p->rows != 1000)
        buf_printf(b, " ROWS %g", p->rows);
    if (b->len > start)
        buf_put_u8(b, '\n');
}

/* The items of a list of names, each as a literal. */
static void put_names(struct arena *a, const char *list, struct buf *b)
{
    bool first = true;
    while (*list) {
        bool quoted = *list == '"';
        char *name = arena_alloc(a, strlen(list) + 1);
        size_t n = 0;
        for (list += quoted; *list && (quoted || *list != ','); list++) {
            if (quoted && *list == '"' && *++list != '"')
                break;
            name[n++] = *list;
        }
        while (!quoted && n && name[n - 1] == ' ')
            n--;
        buf_put_c(b, first ? "" : ", ");
        quote_literal(b, str_make(name, n));
        first = false;
        while (*list == ',' || *list == ' ')
            list++;
    }
    if (first)
        buf_put_c(b, "''");
}

static void put_setting(struct arena *a, struct str item, struct buf *b)
{
    static const char *const lists[] = {"search_path", "temp_tablespaces",
                                        "local_preload_libraries", "session_preload_libraries"};
    const char *text = arena_strndup(a, item.data, item.len);
    const char *value = strchr(text, '=') + 1;
    const char *name = arena_strndup(a, text, (size_t)(value - text - 1));
    bool list = false;
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        list |= strcmp(name, lists[i]) == 0;
    buf_put_c(b, " SET ");
    quote_identifier(b, name);
    buf_put_c(b, " TO ");
    if (list)
        put_names(a, value, b);
    else
        quote_literal(b, str_from(value));
    buf_put_u8(b, '\n');
}

/* $function$, with more x in it while the text has it. */
static void put_quoted(struct buf *b, const char *text, const char *tag)
{
    struct buf mark = BUF_INIT;
    buf_printf(&mark, "$%s", tag);
    while (strstr(text, buf_cstr(&mark)))
        buf_put_u8(&mark, 'x');
    buf_printf(b, "%s$%s%s$", buf_cstr(&mark), text, buf_cstr(&mark));
    buf_done(&mark);
}

static struct err *put_definition(struct fn_call *c, const struct cat_proc *p,
                                  const struct datum *v, struct buf *b)
{
    const char *nsp;
    bool procedure = p->kind == 'p';
    TRY(cat_namespace_name(&c->session->cat, p->nsp, c->arena, &nsp));
    buf_printf(b, "CREATE OR REPLACE %s ", procedure ? "PROCEDURE" : "FUNCTION");
    quote_identifier(b, nsp ? nsp : "");
    buf_put_u8(b, '.');
    quote_identifier(b, arena_strndup(c->arena, p->name.data, p->name.len));
    buf_put_u8(b, '(');
    TRY(put_arguments(c, p, WITH_DEFAULTS, b));
    buf_put_c(b, ")\n");
    if (!procedure) {
        buf_put_c(b, " RETURNS ");
        TRY(put_result(c, p, b));
        buf_put_u8(b, '\n');
    }
    const struct language *l = language_by_oid(p->lang);
    buf_printf(b, " LANGUAGE %s\n", l ? l->name : p->is_c ? "c" : "sql");
    put_attributes(v, p, b);
    for (int i = 0; i < p->nconfig; i++)
        put_setting(c->arena, p->config[i], b);
    if (p->is_c) {
        buf_printf(b, "AS '%.*s', $function$%.*s$function$", STR_ARG(datum_as_str(v[PROC_BIN])),
                   STR_ARG(p->src));
    } else if (!v[PROC_SQLBODY].null) {
        TRY(put_sqlbody(c, p, v[PROC_SQLBODY], b));
    } else {
        buf_put_c(b, "AS ");
        put_quoted(b, arena_strndup(c->arena, (const char *)v[PROC_SRC].p, v[PROC_SRC].len),
                   procedure ? "procedure" : "function");
    }
    buf_put_u8(b, '\n');
    return NULL;
}

static struct err *fn_functiondef(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p;
    struct datum v[PROC_COUNT];
    struct buf b = BUF_INIT;
    bool found;
    *out = datum_null();
    TRY(find(c, &p));
    if (!p)
        return NULL;
    if (p->kind == 'a')
        return err_new("42809", "\"%.*s\" is an aggregate function", STR_ARG(p->name));
    if (p->oid < FIRST_SYSTEM_OID)
        return err_unsupported("definitions of built-in functions are not shown");
    TRY(row_of(c, v, &found));
    return found ? finish(c, put_definition(c, p, v, &b), &b, out) : NULL;
}

static struct err *fn_is_visible(struct fn_call *c, struct datum *out)
{
    const struct cat_proc *p;
    const struct cat_proc **all;
    int n;
    bool seen = false;
    *out = datum_null();
    TRY(find(c, &p));
    if (!p)
        return NULL;
    if (p->oid >= FIRST_SYSTEM_OID) {
        TRY(cat_user_procs(&c->session->cat, STR(""), p->name, c->arena, &all, &n));
        for (int i = 0; i < n; i++)
            seen |= all[i]->oid == p->oid;
    }
    *out = datum_bool(seen || p->oid < FIRST_SYSTEM_OID);
    return NULL;
}

static const struct {
    const char *src;
    fn_impl fn;
} table[] = {
    {"pg_get_function_arguments", fn_arguments},
    {"pg_get_function_identity_arguments", fn_identity_arguments},
    {"pg_get_function_result", fn_result},
    {"pg_get_function_arg_default", fn_arg_default},
    {"pg_get_function_sqlbody", fn_sqlbody},
    {"pg_get_functiondef", fn_functiondef},
    {"pg_function_is_visible", fn_is_visible},
};

fn_impl function_fn_lookup(const char *prosrc)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i].src, prosrc) == 0)
            return table[i].fn;
    return NULL;
}
