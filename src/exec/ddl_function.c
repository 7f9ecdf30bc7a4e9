/* CREATE, ALTER and DROP of functions and procedures, whose bodies are SQL. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"

#include "exec/fn_session.h"
#include "exec/setting_items.h"
#include "exec/language.h"
#include "exec/sql_function.h"
#include "types/array.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_FUNCTION_ARGS = 100 };

/* A function as it is being defined. */
struct function {
    struct ddl *d;
    const char *name;
    uint32_t nsp;
    uint32_t lang;
    bool procedure;
    uint32_t oid; /* of the one that is replaced */
    int nargs;    /* input ones */
    int nall;
    uint32_t types[MAX_FUNCTION_ARGS];
    uint32_t all_types[MAX_FUNCTION_ARGS];
    char modes[MAX_FUNCTION_ARGS];
    const char *names[MAX_FUNCTION_ARGS];
    bool any_out;
    bool any_name;
    int ndefaults;
    const char *defaults; /* texts, each ended by PROC_DEFAULT_END; NULL: none */
    uint32_t variadic;    /* element type */
    uint32_t rettype;
    bool retset;
    const char *body;
    const char *sql_body; /* of RETURN and BEGIN ATOMIC */
    struct deparse_refs refs;
    char volatility;
    char parallel;
    bool strict;
    bool definer;
    bool leakproof;
    double cost;
    double rows;
    struct datum config; /* of SET clauses; may be NULL */
};

/* ---- the argument list ---- */

static const char *written_type(struct ddl *d, const PgQuery__TypeName *t)
{
    struct buf b = BUF_INIT;
    for (size_t k = 0; k < t->n_names; k++)
        buf_printf(&b, "%s%s", k ? "." : "", pg_str(t->names[k]));
    buf_put_c(&b, t->n_array_bounds ? "[]" : "");
    const char *s = arena_strdup(d->arena, buf_cstr(&b));
    buf_done(&b);
    return s;
}

static struct err *arg_type(struct function *f, const PgQuery__TypeName *t, uint32_t *out)
{
    PgQuery__TypeName one = *t;
    int32_t typmod;
    int ndims;
    one.setof = false;
    TRY(ddl_no_position(resolve_type_name(f->d->cat, f->d->sql, &one, out, &typmod, &ndims)));
    return ddl_may_use_type(f->d, *out);
}

static struct err *add_default(struct function *f, const PgQuery__FunctionParameter *p,
                               uint32_t type, struct buf *texts)
{
    struct rte *rte;
    struct expr *e;
    TRY(analyze_expr_node(f->d->cat, &f->d->s->types, f->d->sql, p->defexpr, NULL, USE_DEFAULT,
                          type, -1, p->name, f->d->arena, &rte, &e));
    TRY(deparse_stored_expr(f->d->cat, e, NULL, texts));
    buf_put_u8(texts, PROC_DEFAULT_END);
    f->ndefaults++;
    return NULL;
}

static char mode_of(const PgQuery__FunctionParameter *p)
{
    switch (p->mode) {
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT:
        return 'o';
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_INOUT:
        return 'b';
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_VARIADIC:
        return 'v';
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE:
        return 't';
    default:
        return 'i';
    }
}

static struct err *check_name(const struct function *f, const char *name, char mode)
{
    for (int i = 0; i < f->nall; i++) {
        bool both_in = strchr("iv", mode) && strchr("ot", f->modes[i]);
        bool both_out = strchr("ot", mode) && strchr("iv", f->modes[i]);
        if (f->names[i] && strcmp(f->names[i], name) == 0 && !(both_in || both_out))
            return err_new("42P13", "parameter name \"%s\" used more than once", name);
    }
    return NULL;
}

static struct err *add_parameter(struct function *f, const PgQuery__FunctionParameter *p,
                                 struct buf *defaults)
{
    char mode = mode_of(p);
    uint32_t type;
    bool input = strchr("ibv", mode) != NULL;
    if (f->nall == MAX_FUNCTION_ARGS)
        return err_new("54023", "functions cannot have more than %d arguments", MAX_FUNCTION_ARGS);
    struct err *e = arg_type(f, p->arg_type, &type);
    if (e && err_is(e, "42704")) {
        err_free(e);
        e = err_new("42704", "type %s does not exist", written_type(f->d, p->arg_type));
    }
    TRY(e);
    if (p->arg_type->setof)
        return err_new("42P13", "functions cannot accept set arguments");
    if (p->name && *p->name)
        TRY(check_name(f, p->name, mode));
    if (input && f->variadic)
        return err_new("42P13", "VARIADIC parameter must be the last input parameter");
    if (mode == 'v') {
        const struct cat_type *t = builtin_type(type);
        f->variadic = type == ANYARRAY_OID ? ANYELEMENT_OID : t && t->is_array ? t->elem : 0;
        if (!f->variadic)
            return err_new("42P13", "VARIADIC parameter must be an array");
    }
    if (input)
        f->types[f->nargs++] = type;
    if (p->defexpr && !input)
        return err_new("42P13", "only input parameters can have default values");
    if (p->defexpr)
        TRY(add_default(f, p, type, defaults));
    else if ((input || (f->procedure && mode == 'o')) && f->ndefaults)
        return err_new("42P13", f->procedure && mode == 'o'
                                    ? "procedure OUT parameters cannot appear after one with a "
                                      "default value"
                                    : "input parameters after one with a default value must also "
                                      "have defaults");
    f->any_out |= mode != 'i';
    f->any_name |= p->name && *p->name;
    f->all_types[f->nall] = type;
    f->modes[f->nall] = mode;
    f->names[f->nall++] = p->name && *p->name ? p->name : NULL;
    return NULL;
}

static struct err *parameters(struct function *f, const PgQuery__CreateFunctionStmt *s)
{
    struct buf defaults = BUF_INIT;
    struct err *e = NULL;
    for (size_t i = 0; !e && i < s->n_parameters; i++)
        e = add_parameter(f, s->parameters[i]->function_parameter, &defaults);
    if (!e && defaults.len)
        f->defaults = arena_strndup(f->d->arena, (const char *)defaults.data, defaults.len);
    buf_done(&defaults);
    if (!e && f->procedure && f->variadic && memchr(f->modes, 'o', (size_t)f->nall))
        return err_unsupported("OUT parameters of a VARIADIC procedure are not supported yet");
    return e;
}

/* What OUT arguments make of the result; 0: there are none. */
static uint32_t out_type(const struct function *f)
{
    uint32_t type = 0;
    int n = 0;
    for (int i = 0; i < f->nall; i++) {
        if (!strchr("obt", f->modes[i]))
            continue;
        type = f->all_types[i];
        n++;
    }
    return n > 1 || (n && f->procedure) ? RECORD_OID : type;
}

/* A polymorphic result needs an argument of its family to tell what it is. */
static struct err *check_polymorphic(const struct function *f, uint32_t result)
{
    bool compatible = result == ANYCOMPATIBLE_OID || result == ANYCOMPATIBLEARRAY_OID ||
                      result == ANYCOMPATIBLENONARRAY_OID || result == ANYCOMPATIBLERANGE_OID ||
                      result == ANYCOMPATIBLEMULTIRANGE_OID;
    bool range = result == ANYRANGE_OID || result == ANYMULTIRANGE_OID ||
                 result == ANYCOMPATIBLERANGE_OID || result == ANYCOMPATIBLEMULTIRANGE_OID;
    static const uint32_t families[2][6] = {{ANYRANGE_OID, ANYMULTIRANGE_OID, ANYELEMENT_OID,
                                             ANYARRAY_OID, ANYNONARRAY_OID, ANYENUM_OID},
                                            {ANYCOMPATIBLERANGE_OID, ANYCOMPATIBLEMULTIRANGE_OID,
                                             ANYCOMPATIBLE_OID, ANYCOMPATIBLEARRAY_OID,
                                             ANYCOMPATIBLENONARRAY_OID, ANYCOMPATIBLE_OID}};
    if (!type_is_polymorphic(result))
        return NULL;
    for (int i = 0; i < f->nargs; i++)
        for (int k = 0; k < (range ? 2 : 6); k++)
            if (f->types[i] == families[compatible][k])
                return NULL;
    const char *inputs =
        compatible ? range ? "anycompatiblerange or anycompatiblemultirange"
                           : "anycompatible, anycompatiblearray, anycompatiblenonarray, "
                             "anycompatiblerange, or anycompatiblemultirange"
        : range    ? "anyrange or anymultirange"
                   : "anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange";
    return err_detail(err_new("42P13", "cannot determine result data type"),
                      "A result of type %s requires at least one input of type %s.",
                      type_display(f->d->arena, result, -1), inputs);
}

static struct err *result(struct function *f, const PgQuery__CreateFunctionStmt *s)
{
    for (int i = 0; i < f->nall; i++)
        if (f->modes[i] != 'i' && f->modes[i] != 'v')
            TRY(check_polymorphic(f, f->all_types[i]));
    uint32_t out = out_type(f);
    f->rettype = out ? out : VOID_OID;
    if (f->procedure || !s->return_type) {
        if (!f->procedure && !out)
            return err_new("42P13", "function result type must be specified");
        return NULL;
    }
    TRY(arg_type(f, s->return_type, &f->rettype));
    TRY(check_polymorphic(f, f->rettype));
    f->retset = s->return_type->setof;
    bool table = f->nall && f->modes[f->nall - 1] == 't';
    if (table)
        f->rettype = out;
    if (out && out != f->rettype)
        return err_new("42P13", "function result type must be %s because of OUT parameters",
                       type_display(f->d->arena, out, -1));
    return NULL;
}

static bool is_pseudo(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return t && t->kind == 'p' && !type_is_polymorphic(type);
}

/* Of the types without values an SQL function can have the polymorphic ones, and as its result
 * record and void. */
static struct err *check_pseudo_types(struct function *f)
{
    if (f->lang != SQL_LANGUAGE) /* others say for themselves */
        return NULL;
    if (is_pseudo(f->rettype) && f->rettype != RECORD_OID && f->rettype != VOID_OID)
        return err_new("42P13", "SQL functions cannot return type %s",
                       type_display(f->d->arena, f->rettype, -1));
    for (int i = 0; i < f->nargs; i++)
        if (is_pseudo(f->types[i]))
            return err_new("42P13", "SQL functions cannot have arguments of type %s",
                           type_display(f->d->arena, f->types[i], -1));
    return NULL;
}

/* ---- options ---- */

static const char *string_option(const PgQuery__DefElem *o)
{
    if (!o->arg)
        return "";
    if (o->arg->node_case == PG_QUERY__NODE__NODE_LIST)
        return o->arg->list->n_items ? pg_str(o->arg->list->items[0]) : "";
    return pg_str(o->arg);
}

static double number_option(const PgQuery__DefElem *o)
{
    if (o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return o->arg->integer->ival;
    if (o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_FLOAT)
        return strtod(o->arg->float_->fval, NULL);
    return 0;
}

/* The options that ALTER FUNCTION takes too. */
static struct err *common_option(struct function *f, const PgQuery__DefElem *o, bool *known)
{
    const char *name = o->defname;
    *known = true;
    if (f->procedure && strcmp(name, "security") != 0 && strcmp(name, "set") != 0)
        return ddl_at(f->d, err_new("42P13", "invalid attribute in procedure definition"),
                      o->location);
    if (strcmp(name, "volatility") == 0) {
        f->volatility = string_option(o)[0];
    } else if (strcmp(name, "strict") == 0) {
        f->strict = ddl_option_is_on(o);
    } else if (strcmp(name, "security") == 0) {
        f->definer = ddl_option_is_on(o);
    } else if (strcmp(name, "leakproof") == 0) {
        f->leakproof = ddl_option_is_on(o);
    } else if (strcmp(name, "parallel") == 0) {
        const char *v = string_option(o);
        if (strcmp(v, "safe") != 0 && strcmp(v, "unsafe") != 0 && strcmp(v, "restricted") != 0)
            return err_new("42601", "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE");
        f->parallel = v[0];
    } else if (strcmp(name, "cost") == 0) {
        f->cost = number_option(o);
        if (f->cost <= 0)
            return err_new("22023", "COST must be positive");
    } else if (strcmp(name, "rows") == 0) {
        f->rows = number_option(o);
        if (f->rows <= 0)
            return err_new("22023", "ROWS must be positive");
        if (!f->retset)
            return err_new("22023", "ROWS is not applicable when function does not return a set");
    } else if (strcmp(name, "set") == 0) {
        const char *setting;
        const char *value;
        TRY(f->d->s->ops->setting_of_stmt(f->d->s, o->arg->variable_set_stmt, &setting, &value));
        if (!setting)
            f->config = datum_null();
        else
            TRY(setting_items_change(f->d->arena, f->config, setting, value, &f->config));
    } else if (strcmp(name, "support") == 0) {
        return err_unsupported("SUPPORT in a function's definition is not supported");
    } else {
        *known = false;
    }
    return NULL;
}

/* A position in the body as one in the statement, where the body stands there as it is. */
static int body_position(const char *sql, const char *body, int position)
{
    const char *at = body && *body ? strstr(sql, body) : NULL;
    if (!at || strstr(at + 1, body))
        return 0;
    int characters = 0;
    for (const char *p = sql; p < at; p++)
        characters += ((unsigned char)*p & 0xc0) != 0x80;
    return characters + position;
}

static struct err *find_language(const char *language, uint32_t *oid)
{
    static const char *const known[] = {"internal", "c"};
    const struct language *l = language_by_name(language);
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (strcmp(language, known[i]) == 0)
            return err_unsupported("functions in language \"%s\" are not supported", language);
    *oid = l ? l->oid : SQL_LANGUAGE;
    return l || strcmp(language, "sql") == 0
               ? NULL
               : err_new("42704", "language \"%s\" does not exist", language);
}

/* Before anything else is looked at, as types of other languages may be unknown here. */
static struct err *language_of(const PgQuery__CreateFunctionStmt *s, uint32_t *oid)
{
    *oid = SQL_LANGUAGE;
    for (size_t i = 0; i < s->n_options; i++)
        if (strcmp(s->options[i]->def_elem->defname, "language") == 0)
            return find_language(string_option(s->options[i]->def_elem), oid);
    return NULL;
}

static uint32_t language_in_extension(const PgQuery__CreateFunctionStmt *s)
{
    const char *name = "";
    for (size_t i = 0; i < s->n_options; i++)
        if (strcmp(s->options[i]->def_elem->defname, "language") == 0)
            name = string_option(s->options[i]->def_elem);
    return strcmp(name, "c") == 0          ? C_LANGUAGE
           : strcmp(name, "internal") == 0 ? INTERNAL_LANGUAGE
                                           : SQL_LANGUAGE;
}

/* DO [LANGUAGE language] 'body' */
struct err *ddl_do(struct ddl *d, const PgQuery__DoStmt *s)
{
    const char *name = "plpgsql";
    const char *body = NULL;
    for (size_t i = 0; i < s->n_args; i++) {
        const PgQuery__DefElem *o = s->args[i]->def_elem;
        const bool is_body = strcmp(o->defname, "as") == 0;
        if (is_body ? body != NULL : name[0] == '\0')
            return err_new("42601", "conflicting or redundant options");
        if (is_body)
            body = string_option(o);
        else
            name = string_option(o);
    }
    if (!body)
        return err_new("42601", "no inline code specified");
    const struct language *l = language_by_name(name);
    uint32_t oid;
    if (!l)
        TRY(find_language(name, &oid));
    if (!l)
        return err_new("0A000", "language \"%s\" does not support inline code execution", name);
    struct err *e = l->run_block(d->s, body);
    if (e && e->position)
        e->position = body_position(d->sql, body, e->position);
    return e;
}

static struct err *options(struct function *f, const PgQuery__CreateFunctionStmt *s)
{
    bool language = false;
    for (size_t i = 0; i < s->n_options; i++) {
        const PgQuery__DefElem *o = s->options[i]->def_elem;
        bool known;
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->options[k]->def_elem->defname, o->defname) == 0 &&
                strcmp(o->defname, "set") != 0)
                return ddl_at(f->d, err_new("42601", "conflicting or redundant options"),
                              o->location);
        if (strcmp(o->defname, "as") == 0) {
            f->body = string_option(o);
        } else if (strcmp(o->defname, "language") == 0) {
            language = true; /* language_of */
        } else if (strcmp(o->defname, "window") == 0) {
            return err_new("42P13", "SQL functions cannot be window functions");
        } else if (strcmp(o->defname, "transform") == 0) {
            return err_unsupported("TRANSFORM in a function's definition is not supported");
        } else {
            TRY(common_option(f, o, &known));
        }
    }
    if (!language && !s->sql_body)
        return err_new("42P13", "no language specified");
    if (!f->body && !s->sql_body)
        return err_new("42P13", "no function body specified");
    return NULL;
}

/* ---- the pg_proc row ---- */

static struct err *oids_text(struct function *f, uint32_t type, const uint32_t *oids, int n,
                             struct datum *out)
{
    const struct type_ops *ops = type_by_oid(type);
    struct type_env env = {0};
    struct buf b = BUF_INIT;
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%u", i ? " " : "", oids[i]);
    struct err *e = ops->in(ops, &env, arena_str(f->d->arena, buf_str(&b)), -1, f->d->arena, out);
    buf_done(&b);
    return e;
}

static struct err *argument_arrays(struct function *f, struct datum *v)
{
    struct arena *a = f->d->arena;
    struct datum *items = arena_new_array(a, struct datum, f->nall + 1);
    v[PROC_ALLARGTYPES] = v[PROC_ARGMODES] = v[PROC_ARGNAMES] = datum_null();
    TRY(oids_text(f, OIDVECTOR_OID, f->types, f->nargs, &v[PROC_ARGTYPES]));
    if (f->any_out) {
        for (int i = 0; i < f->nall; i++)
            items[i] = datum_int(f->all_types[i]);
        TRY(array_make_1d(type_by_oid(OID_OID), items, (size_t)f->nall, a, &v[PROC_ALLARGTYPES]));
        for (int i = 0; i < f->nall; i++)
            items[i] = datum_int(f->modes[i]);
        TRY(array_make_1d(type_by_oid(CHAR_OID), items, (size_t)f->nall, a, &v[PROC_ARGMODES]));
    }
    for (int i = 0; i < f->nall; i++)
        items[i] = cstr_datum(f->names[i] ? f->names[i] : "");
    if (f->any_name)
        TRY(array_make_1d(type_by_oid(TEXT_OID), items, (size_t)f->nall, a, &v[PROC_ARGNAMES]));
    return NULL;
}

/* No settings at all are NULL. */
static struct err *config_column(struct datum config, struct datum *out)
{
    struct array a = {0};
    if (!config.null)
        TRY(array_open(config, &a));
    *out = a.nitems ? config : datum_null();
    return NULL;
}

static struct err *write_row(struct function *f)
{
    const struct extension_home *home = f->d->home;
    struct datum v[PROC_COUNT];
    for (int i = 0; i < PROC_COUNT; i++)
        v[i] = datum_null();
    v[PROC_OID] = datum_int(f->oid);
    v[PROC_NAME] = cstr_datum(f->name);
    v[PROC_NSP] = datum_int(f->nsp);
    v[PROC_OWNER] = datum_int(home ? BOOTSTRAP_ROLE : f->d->cat->role);
    v[PROC_LANG] = datum_int(f->lang);
    if (home && f->lang == C_LANGUAGE)
        v[PROC_BIN] = cstr_datum(home->library);
    v[PROC_COST] = datum_f32((float)f->cost);
    v[PROC_ROWS] = datum_f32((float)f->rows);
    v[PROC_VARIADIC] = datum_int(f->variadic);
    v[PROC_SUPPORT] = datum_int(0);
    v[PROC_KIND] = datum_int(f->procedure ? 'p' : 'f');
    v[PROC_SECDEF] = datum_bool(f->definer);
    v[PROC_LEAKPROOF] = datum_bool(f->leakproof);
    v[PROC_STRICT] = datum_bool(f->strict);
    v[PROC_RETSET] = datum_bool(f->retset);
    v[PROC_VOLATILE] = datum_int(f->volatility);
    v[PROC_PARALLEL] = datum_int(f->parallel);
    v[PROC_NARGS] = datum_int(f->nargs);
    v[PROC_NDEFAULTS] = datum_int(f->ndefaults);
    v[PROC_RETTYPE] = datum_int(f->rettype);
    v[PROC_DEFAULTS] = cstr_datum(f->defaults);
    v[PROC_SRC] = cstr_datum(f->body ? f->body : "");
    v[PROC_SQLBODY] = cstr_datum(f->sql_body);
    TRY(config_column(f->config, &v[PROC_CONFIG]));
    TRY(argument_arrays(f, v));
    return ddl_replace_proc(f->d->cat, v);
}

static struct err *record_depends(struct function *f)
{
    struct cat *cat = f->d->cat;
    const struct object_address self = {PG_PROC, f->oid, 0};
    TRY(depend_record(cat, self, (struct object_address){PG_NAMESPACE, f->nsp, 0}, DEPEND_NORMAL));
    for (int i = -1; i < f->nall; i++) {
        uint32_t type = i < 0 ? f->rettype : f->all_types[i];
        bool seen = false;
        for (int k = -1; k < i; k++)
            seen |= (k < 0 ? f->rettype : f->all_types[k]) == type;
        if (type >= FIRST_USER_OID && !seen)
            TRY(depend_record(cat, self, (struct object_address){PG_TYPE, type, 0}, DEPEND_NORMAL));
    }
    return ddl_record_refs(f->d, self, &f->refs);
}

/* ---- CREATE ---- */

static struct err *find_same(struct function *f, const char *nsp_name, const struct cat_proc **out)
{
    const struct cat_proc **all;
    int n;
    *out = NULL;
    TRY(cat_user_procs(f->d->cat, str_from(nsp_name), str_from(f->name), f->d->arena, &all, &n));
    for (int i = 0; i < n; i++)
        if (all[i]->nargs == f->nargs &&
            memcmp(all[i]->argtypes, f->types, sizeof(*f->types) * (size_t)f->nargs) == 0)
            *out = all[i];
    return NULL;
}

static struct err *check_replaced(struct function *f, const struct cat_proc *old)
{
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    if ((old->kind == 'p') != f->procedure)
        return err_detail(err_new("42809", "cannot change routine kind"), "\"%s\" is a %s.",
                          f->name, old->kind == 'p' ? "procedure" : "function");
    TRY(ddl_describe(f->d, (struct object_address){PG_PROC, old->oid, 0}, &b));
    const char *hint =
        arena_printf(f->d->arena, "Use DROP %s %s first.", f->procedure ? "PROCEDURE" : "FUNCTION",
                     strchr(buf_cstr(&b), ' ') + 1);
    buf_done(&b);
    if (old->rettype != f->rettype || old->retset != f->retset)
        return err_hint(err_new("42P13", f->procedure
                                             ? "cannot change whether a procedure has output "
                                               "parameters"
                                             : "cannot change return type of existing function"),
                        "%s", hint);
    if (old->ndefaults > f->ndefaults)
        return err_hint(err_new("42P13", "cannot remove parameter defaults from existing function"),
                        "%s", hint);
    for (int i = 0; i < f->nall && old->argnames && !e; i++) {
        struct str was = old->argnames[i];
        if (was.len && (!f->names[i] || !str_eq_c(was, f->names[i])))
            e = err_hint(
                err_new("42P13", "cannot change name of input parameter \"%.*s\"", STR_ARG(was)),
                "%s", hint);
    }
    return e;
}

/* RETURN and BEGIN ATOMIC are kept as the text of the analyzed statements. */
static struct err *deparse_statement(struct function *f, PgQuery__Node *tree, struct buf *out)
{
    struct ddl *d = f->d;
    struct param_types params = {.types = f->types, .count = f->nargs, .fixed = true};
    struct raw_stmt raw = {.sql = d->sql, .tree = tree};
    struct query *q;
    const char **names = arena_new_array(d->arena, const char *, f->nargs + 1);
    int n = 0;
    for (int i = 0; i < f->nall; i++)
        if (strchr("ibv", f->modes[i]))
            names[n++] = f->names[i];
    params.names = names;
    params.function = f->name;
    if (tree->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return err_unsupported("%s in BEGIN ATOMIC is not supported yet", statement_name(tree));
    TRY(analyze_definition(d->cat, &d->s->types, &raw, &params, d->arena, &q));
    f->refs.arena = d->arena;
    struct err *e = deparse_stored_query(d->cat, q, NULL, NULL, &f->refs, out);
    query_release(q);
    return e;
}

static struct err *return_statement(struct function *f, PgQuery__Node *value, struct buf *out)
{
    PgQuery__SelectStmt select;
    PgQuery__ResTarget target;
    PgQuery__Node select_node, target_node;
    PgQuery__Node *targets[] = {&target_node};
    pg_query__select_stmt__init(&select);
    pg_query__res_target__init(&target);
    pg_query__node__init(&select_node);
    pg_query__node__init(&target_node);
    target.val = value;
    target_node.node_case = PG_QUERY__NODE__NODE_RES_TARGET;
    target_node.res_target = &target;
    select.target_list = targets;
    select.n_target_list = 1;
    select.op = PG_QUERY__SET_OPERATION__SETOP_NONE;
    select.limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    select_node.node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    select_node.select_stmt = &select;
    return deparse_statement(f, &select_node, out);
}

static struct err *sql_body(struct function *f, const PgQuery__Node *body)
{
    struct buf out = BUF_INIT;
    struct err *e = NULL;
    if (body->node_case == PG_QUERY__NODE__NODE_RETURN_STMT) {
        e = return_statement(f, body->return_stmt->returnval, &out);
    } else if (body->node_case == PG_QUERY__NODE__NODE_LIST && body->list->n_items) {
        const PgQuery__List *l = body->list->items[0]->list;
        for (size_t i = 0; !e && i < l->n_items; i++) {
            PgQuery__Node *n = l->items[i];
            e = n->node_case == PG_QUERY__NODE__NODE_RETURN_STMT
                    ? return_statement(f, n->return_stmt->returnval, &out)
                    : deparse_statement(f, n, &out);
            buf_put_c(&out, ";\n");
        }
    }
    f->sql_body = arena_strdup(f->d->arena, buf_cstr(&out));
    buf_done(&out);
    return e;
}

static struct err *check_body(struct function *f)
{
    struct exec_env env = session_exec_env(f->d->s);
    const struct cat_proc *p;
    struct buf check = BUF_INIT;
    bool found;
    bool is_void = f->rettype == VOID_OID || (f->procedure && !out_type(f));
    TRY(f->d->s->ops->setting_get(f->d->s, STR("check_function_bodies"), false, &check, &found));
    bool wanted = strcmp(buf_cstr(&check), "on") == 0;
    buf_done(&check);
    if (!wanted)
        return NULL;
    TRY(cat_load_proc(f->d->cat, f->oid, &p));
    struct saved_settings saved;
    struct err *e = settings_enter(f->d->s, p, f->d->arena, &saved);
    const struct language *l = language_by_oid(f->lang);
    if (!e)
        e = l ? l->check(&env, p, f->body)
              : sql_function_check(&env, p, f->sql_body ? f->sql_body : f->body, is_void);
    struct err *restore = settings_restore(f->d->s, &saved);
    if (!e)
        return restore;
    err_free(restore);
    if (e->position)
        e->position = body_position(f->d->sql, f->body, e->position);
    else if (!l)
        err_context(e, "SQL function \"%s\"", f->name);
    return e;
}

static struct err *create(struct function *f, const PgQuery__CreateFunctionStmt *s)
{
    const struct cat_proc *old;
    const char *nsp_name;
    TRY(cat_namespace_name(f->d->cat, f->nsp, f->d->arena, &nsp_name));
    TRY(find_same(f, nsp_name, &old));
    if (old && !s->replace)
        return err_new("42723", "function \"%s\" already exists with same argument types", f->name);
    if (old)
        TRY(acl_check_owner(f->d->cat, PG_PROC, old->oid));
    if (old)
        TRY(check_replaced(f, old));
    if (s->sql_body)
        TRY(sql_body(f, s->sql_body));
    f->oid = old ? old->oid : 0;
    if (old)
        TRY(depend_forget(f->d->cat, (struct object_address){PG_PROC, f->oid, 0}));
    else
        TRY(cat_new_oid(f->d->cat, &f->oid));
    TRY(write_row(f));
    TRY(record_depends(f));
    TRY(ddl_add_member(f->d, (struct object_address){PG_PROC, f->oid, 0}));
    return f->d->home ? NULL : check_body(f);
}

struct err *ddl_create_function(struct ddl *d, const PgQuery__CreateFunctionStmt *s, char *tag)
{
    struct function *f = arena_new(d->arena, struct function);
    *f = (struct function){.d = d,
                           .procedure = s->is_procedure,
                           .volatility = 'v',
                           .parallel = 'u',
                           .cost = 100,
                           .config = datum_null()};
    PgQuery__RangeVar rv;
    pg_query__range_var__init(&rv);
    rv.location = -1;
    rv.relname = (char *)pg_str(s->funcname[s->n_funcname - 1]);
    if (s->n_funcname > 1)
        rv.schemaname = (char *)pg_str(s->funcname[s->n_funcname - 2]);
    snprintf(tag, 64, s->is_procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION");
    f->name = rv.relname;
    if (d->home) {
        f->nsp = d->home->nsp;
        f->lang = language_in_extension(s);
        f->cost = f->lang == SQL_LANGUAGE ? 100 : 1;
    } else {
        TRY(ddl_target_nsp(d, &rv, &f->nsp));
        TRY(language_of(s, &f->lang));
    }
    TRY(parameters(f, s));
    TRY(result(f, s));
    f->rows = f->retset ? 1000 : 0;
    TRY(options(f, s));
    TRY(check_pseudo_types(f));
    return create(f, s);
}

/* ---- finding ---- */

static const char *kind_word(PgQuery__ObjectType type)
{
    return type == PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE   ? "procedure"
           : type == PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE ? "aggregate"
           : type == PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE   ? "routine"
                                                             : "function";
}

const char *ddl_signature(struct ddl *d, const char *name, const uint32_t *types, int n,
                          const char *between)
{
    struct buf b = BUF_INIT;
    buf_printf(&b, "%s(", name);
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s%s", i ? between : "", ddl_type_name(d, types[i]));
    buf_put_u8(&b, ')');
    const char *s = arena_strdup(d->arena, buf_cstr(&b));
    buf_done(&b);
    return s;
}

static struct err *wanted_types(struct ddl *d, const PgQuery__ObjectWithArgs *o, uint32_t *types,
                                int *n)
{
    *n = 0;
    if (o->n_objargs > MAX_FUNCTION_ARGS)
        return err_new("54023", "functions cannot have more than %d arguments", MAX_FUNCTION_ARGS);
    for (size_t i = 0; i < o->n_objargs; i++) {
        int32_t typmod;
        int ndims;
        TRY(ddl_no_position(resolve_type_name(d->cat, d->sql, o->objargs[i]->type_name, &types[*n],
                                              &typmod, &ndims)));
        (*n)++;
    }
    return NULL;
}

static struct err *not_found(struct ddl *d, PgQuery__ObjectType type, const char *what,
                             bool missing_ok, bool by_name)
{
    const char *kind = kind_word(type);
    if (!missing_ok)
        return by_name ? err_new("42883", "could not find a %s named \"%s\"", kind, what)
                       : err_new("42883", "%s %s does not exist", kind, what);
    ddl_notice(d, "NOTICE",
               by_name ? err_new("00000", "%s %s() does not exist, skipping", kind, what)
                       : err_new("00000", "%s %s does not exist, skipping", kind, what));
    return NULL;
}

/* The types as they were written. */
static const char *written_signature(struct ddl *d, const char *name,
                                     const PgQuery__ObjectWithArgs *o)
{
    struct buf b = BUF_INIT;
    buf_printf(&b, "%s(", name);
    for (size_t i = 0; i < o->n_objargs; i++)
        buf_printf(&b, "%s%s", i ? "," : "", written_type(d, o->objargs[i]->type_name));
    buf_put_u8(&b, ')');
    const char *s = arena_strdup(d->arena, buf_cstr(&b));
    buf_done(&b);
    return s;
}

/* Written without modes, a procedure's arguments may be all of them or those that go in. */
static bool signature_matches(const struct cat_proc *p, const PgQuery__ObjectWithArgs *o,
                              const uint32_t *types, int n)
{
    size_t size = sizeof(*types) * (size_t)n;
    if (p->nargs == n && memcmp(p->argtypes, types, size) == 0)
        return true;
    for (size_t i = 0; i < o->n_objfuncargs; i++)
        if (o->objfuncargs[i]->function_parameter->mode !=
            PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_DEFAULT)
            return false;
    return p->kind == 'p' && p->nallargs == n && memcmp(p->allargtypes, types, size) == 0;
}

static bool of_kind(const struct cat_proc *p, PgQuery__ObjectType type)
{
    switch (type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
        return true;
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
        return p->kind == 'p';
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE:
        return p->kind == 'a';
    default:
        return p->kind != 'p';
    }
}

static struct err *check_kind(struct ddl *d, const char *name, const struct cat_proc *p,
                              PgQuery__ObjectType type)
{
    if (of_kind(p, type))
        return NULL;
    const char *what = ddl_signature(d, name, p->argtypes, p->nargs, ", ");
    return type == PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE
               ? err_new("42809", "function %s is not an aggregate", what)
               : err_new("42809", "%s is not a %s", what, kind_word(type));
}

static struct err *find_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                                 PgQuery__ObjectType type, bool missing_ok, bool builtin_too,
                                 const struct cat_proc **out)
{
    const struct cat_proc **all;
    uint32_t types[MAX_FUNCTION_ARGS];
    const char *name = pg_str(o->objname[o->n_objname - 1]);
    const char *nsp = o->n_objname > 1 ? pg_str(o->objname[o->n_objname - 2]) : "";
    const char *full = *nsp ? arena_printf(d->arena, "%s.%s", nsp, name) : name;
    int n;
    int nwanted = 0;
    int matches = 0;
    *out = NULL;
    if (*nsp)
        TRY(acl_check_schema(d->cat, str_from(nsp)));
    TRY(builtin_too ? session_functions(d->s, nsp, name, d->arena, &all, &n)
                    : cat_user_procs(d->cat, str_from(nsp), str_from(name), d->arena, &all, &n));
    struct err *e = o->args_unspecified ? NULL : wanted_types(d, o, types, &nwanted);
    if (e && missing_ok && (err_is(e, "42704") || err_is(e, "3F000"))) {
        ddl_notice(d, "NOTICE", err_new("00000", "%s, skipping", e->message));
        err_free(e);
        return NULL;
    }
    TRY(e);
    for (int i = 0; i < n; i++) {
        if (!o->args_unspecified && !signature_matches(all[i], o, types, nwanted))
            continue;
        if (o->args_unspecified && !of_kind(all[i], type))
            continue;
        *out = all[i];
        matches++;
    }
    const char *shown = o->args_unspecified ? full : ddl_signature(d, full, types, nwanted, ", ");
    if (matches > 1)
        return err_hint(err_new("42725", "%s name \"%s\" is not unique", kind_word(type), full),
                        "Specify the argument list to select the %s unambiguously.",
                        kind_word(type));
    if (!matches && missing_ok && !o->args_unspecified)
        shown = written_signature(d, full, o);
    if (!matches)
        return not_found(d, type, shown, missing_ok, o->args_unspecified);
    return check_kind(d, full, *out, type);
}

struct err *ddl_find_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                              PgQuery__ObjectType type, bool missing_ok,
                              const struct cat_proc **out)
{
    return find_function(d, o, type, missing_ok, false, out);
}

struct err *ddl_find_any_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                                  PgQuery__ObjectType type, const struct cat_proc **out)
{
    return find_function(d, o, type, false, true, out);
}

static struct err *must_own(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                            const struct cat_proc *p, const char *word)
{
    struct err *e = acl_check_owner(d->cat, PG_PROC, p->oid);
    if (!e || o->n_objname < 2)
        return e;
    err_free(e);
    return err_new("42501", "must be owner of %s %s.%s", word, pg_str(o->objname[o->n_objname - 2]),
                   pg_str(o->objname[o->n_objname - 1]));
}

static const char *word_for(const struct cat_proc *p)
{
    return p->kind == 'p' ? "procedure" : p->kind == 'a' ? "aggregate" : "function";
}

struct err *ddl_must_own_function(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                                  const struct cat_proc *p)
{
    return must_own(d, o, p, word_for(p));
}

/* The owner of the schema may, too. */
static struct err *may_drop(struct ddl *d, const PgQuery__ObjectWithArgs *o,
                            const struct cat_proc *p, bool routine)
{
    struct err *e = must_own(d, o, p, routine ? "routine" : word_for(p));
    struct err *schema = e ? acl_check_owner(d->cat, PG_NAMESPACE, p->nsp) : NULL;
    if (!e || schema) {
        err_free(schema);
        return e;
    }
    err_free(e);
    return NULL;
}

struct err *ddl_drop_functions(struct ddl *d, const PgQuery__DropStmt *s, char *tag)
{
    struct object_address *list =
        arena_new_array(d->arena, struct object_address, s->n_objects + 1);
    int n = 0;
    snprintf(tag, 64, "DROP %s", ddl_object_type_name(s->remove_type));
    for (size_t i = 0; i < s->n_objects; i++) {
        const struct cat_proc *p;
        TRY(ddl_find_function(d, s->objects[i]->object_with_args, s->remove_type, s->missing_ok,
                              &p));
        if (p && p->kind == 'a' && s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION)
            return err_hint(err_new("42809", "\"%.*s\" is an aggregate function", STR_ARG(p->name)),
                            "Use DROP AGGREGATE to drop aggregate functions.");
        if (p)
            TRY(may_drop(d, s->objects[i]->object_with_args, p,
                         s->remove_type == PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE));
        if (p)
            list[n++] = (struct object_address){PG_PROC, p->oid, 0};
    }
    return n ? ddl_drop_objects(d, list, n, s->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
             : NULL;
}

struct err *ddl_describe_function(struct ddl *d, uint32_t oid, struct buf *out)
{
    const struct cat_proc *p;
    const struct cat_proc **visible;
    const char *nsp;
    int n;
    bool seen = oid < FIRST_USER_OID; /* pg_catalog is in every path */
    TRY(cat_load_proc(d->cat, oid, &p));
    if (!p) {
        buf_printf(out, "function %u", oid);
        return NULL;
    }
    TRY(cat_user_procs(d->cat, STR(""), p->name, d->arena, &visible, &n));
    for (int i = 0; i < n; i++)
        seen |= visible[i]->oid == oid;
    TRY(cat_namespace_name(d->cat, p->nsp, d->arena, &nsp));
    struct buf name = BUF_INIT;
    if (!seen) {
        quote_identifier(&name, nsp);
        buf_put_u8(&name, '.');
    }
    quote_identifier(&name, arena_strndup(d->arena, p->name.data, p->name.len));
    buf_printf(out, "function %s", ddl_signature(d, buf_cstr(&name), p->argtypes, p->nargs, ","));
    buf_done(&name);
    return NULL;
}

/* ---- ALTER ---- */

static struct err *old_config(struct ddl *d, uint32_t oid, struct datum *out)
{
    struct datum key = datum_int(oid);
    struct datum v[PROC_COUNT];
    bool found;
    TRY(systab_get(d->cat, PG_PROC, PROC_OID_INDEX, &key, 1, d->arena, v, &found));
    *out = found ? v[PROC_CONFIG] : datum_null();
    return NULL;
}

struct err *ddl_alter_function(struct ddl *d, const PgQuery__AlterFunctionStmt *s, char *tag)
{
    const struct cat_proc *p;
    struct function *f = arena_new(d->arena, struct function);
    snprintf(tag, 64, "ALTER %s", ddl_object_type_name(s->objtype));
    TRY(ddl_find_function(d, s->func, s->objtype, false, &p));
    TRY(ddl_must_own_function(d, s->func, p));
    *f = (struct function){.d = d, .procedure = p->kind == 'p', .retset = p->retset};
    TRY(old_config(d, p->oid, &f->config));
    for (size_t i = 0; i < s->n_actions; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->actions[i]->def_elem->defname, "set") != 0 &&
                strcmp(s->actions[k]->def_elem->defname, s->actions[i]->def_elem->defname) == 0)
                return ddl_at(d, err_new("42601", "conflicting or redundant options"),
                              s->actions[i]->def_elem->location);
    for (size_t i = 0; i < s->n_actions; i++) {
        bool known;
        TRY(common_option(f, s->actions[i]->def_elem, &known));
        const char *name = s->actions[i]->def_elem->defname;
        if (strcmp(name, "volatility") == 0)
            TRY(ddl_update_proc(d, p->oid, PROC_VOLATILE, datum_int(f->volatility)));
        else if (strcmp(name, "strict") == 0)
            TRY(ddl_update_proc(d, p->oid, PROC_STRICT, datum_bool(f->strict)));
        else if (strcmp(name, "security") == 0)
            TRY(ddl_update_proc(d, p->oid, PROC_SECDEF, datum_bool(f->definer)));
        else if (strcmp(name, "leakproof") == 0)
            TRY(ddl_update_proc(d, p->oid, PROC_LEAKPROOF, datum_bool(f->leakproof)));
        else if (strcmp(name, "parallel") == 0)
            TRY(ddl_update_proc(d, p->oid, PROC_PARALLEL, datum_int(f->parallel)));
        else if (strcmp(name, "cost") == 0)
            TRY(ddl_update_proc(d, p->oid, PROC_COST, datum_f32((float)f->cost)));
        else if (strcmp(name, "set") == 0) {
            struct datum config;
            TRY(config_column(f->config, &config));
            TRY(ddl_update_proc(d, p->oid, PROC_CONFIG, config));
        } else if (strcmp(name, "rows") == 0)
            TRY(ddl_update_proc(d, p->oid, PROC_ROWS, datum_f32((float)f->rows)));
    }
    return NULL;
}
