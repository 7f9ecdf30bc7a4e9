/* CREATE AGGREGATE: the functions that it is made of, its rows in pg_proc and pg_aggregate. */
#include "exec/ddl_internal.h"

#include "catalog/acl.h"
#include "types/array.h"

#include <stdio.h>
#include <strings.h>

enum { MAX_AGGREGATE_ARGS = 100 };

struct aggregate {
    struct ddl *d;
    const char *name;
    uint32_t nsp;
    int nargs;
    uint32_t types[MAX_AGGREGATE_ARGS];
    const char *arg_names[MAX_AGGREGATE_ARGS];
    bool any_name;
    uint32_t variadic; /* element type */
    const PgQuery__TypeName *sfunc;
    const PgQuery__TypeName *finalfunc;
    const PgQuery__TypeName *stype;
    const PgQuery__TypeName *basetype;
    const PgQuery__DefElem *sortop;
    const char *initcond;
    bool final_extra;
    char final_modify;
    char parallel;
    int64_t space;
    uint32_t transtype;
    uint32_t rettype;
    uint32_t transfn;
    uint32_t final_fn;
    uint32_t sort_operator;
    const PgQuery__TypeName *combine;
    uint32_t combine_fn;
    /* The moving form. */
    const PgQuery__TypeName *msfunc;
    const PgQuery__TypeName *minvfunc;
    const PgQuery__TypeName *mfinalfunc;
    const PgQuery__TypeName *mstype;
    const char *minitcond;
    bool mfinal_extra;
    char mfinal_modify;
    int64_t mspace;
    uint32_t mtranstype;
    uint32_t mtransfn;
    uint32_t minv_fn;
    uint32_t mfinal_fn;
};

/* ---- options ---- */

static const PgQuery__TypeName *type_option(const PgQuery__DefElem *o)
{
    return o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_TYPE_NAME ? o->arg->type_name : NULL;
}

static const char *text_option(const PgQuery__DefElem *o)
{
    const PgQuery__TypeName *t = type_option(o);
    if (t)
        return pg_str(t->names[t->n_names - 1]);
    return o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_STRING ? o->arg->string->sval : "";
}

static int64_t number_option(const PgQuery__DefElem *o)
{
    return o->arg && o->arg->node_case == PG_QUERY__NODE__NODE_INTEGER ? o->arg->integer->ival : 0;
}

static struct err *modify_option(const PgQuery__DefElem *o, char *out)
{
    const char *v = text_option(o);
    *out = strcasecmp(v, "read_only") == 0    ? 'r'
           : strcasecmp(v, "shareable") == 0  ? 's'
           : strcasecmp(v, "read_write") == 0 ? 'w'
                                              : 0;
    return *out ? NULL
                : err_new("42601", "parameter \"%s\" must be READ_ONLY, SHAREABLE, or READ_WRITE",
                          o->defname);
}

static struct err *parallel_option(const PgQuery__DefElem *o, char *out)
{
    const char *v = text_option(o);
    *out = strcmp(v, "safe") == 0         ? 's'
           : strcmp(v, "restricted") == 0 ? 'r'
           : strcmp(v, "unsafe") == 0     ? 'u'
                                          : 0;
    return *out ? NULL
                : err_new("42601", "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE");
}

/* What makes partial results, or takes rows back: it is checked and kept, and never needed. */
static struct err *speed_option(struct aggregate *g, const PgQuery__DefElem *o, bool *known)
{
    const char *name = o->defname;
    *known = true;
    if (strcmp(name, "combinefunc") == 0)
        g->combine = type_option(o);
    else if (strcmp(name, "msfunc") == 0)
        g->msfunc = type_option(o);
    else if (strcmp(name, "minvfunc") == 0)
        g->minvfunc = type_option(o);
    else if (strcmp(name, "mfinalfunc") == 0)
        g->mfinalfunc = type_option(o);
    else if (strcmp(name, "mfinalfunc_extra") == 0)
        g->mfinal_extra = ddl_option_is_on(o);
    else if (strcmp(name, "mfinalfunc_modify") == 0)
        return modify_option(o, &g->mfinal_modify);
    else if (strcmp(name, "mstype") == 0)
        g->mstype = type_option(o);
    else if (strcmp(name, "msspace") == 0)
        g->mspace = number_option(o);
    else if (strcmp(name, "minitcond") == 0)
        g->minitcond = text_option(o);
    else if (strcmp(name, "serialfunc") == 0 || strcmp(name, "deserialfunc") == 0)
        return err_new("42P13", "serialization functions may be specified only when the aggregate "
                                "transition data type is internal");
    else
        *known = false;
    return NULL;
}

static struct err *option(struct aggregate *g, const PgQuery__DefElem *o)
{
    const char *name = o->defname;
    if (strcmp(name, "sfunc") == 0 || strcmp(name, "sfunc1") == 0)
        g->sfunc = type_option(o);
    else if (strcmp(name, "finalfunc") == 0)
        g->finalfunc = type_option(o);
    else if (strcmp(name, "finalfunc_extra") == 0)
        g->final_extra = ddl_option_is_on(o);
    else if (strcmp(name, "finalfunc_modify") == 0)
        return modify_option(o, &g->final_modify);
    else if (strcmp(name, "stype") == 0 || strcmp(name, "stype1") == 0)
        g->stype = type_option(o);
    else if (strcmp(name, "sspace") == 0)
        g->space = number_option(o);
    else if (strcmp(name, "initcond") == 0 || strcmp(name, "initcond1") == 0)
        g->initcond = text_option(o);
    else if (strcmp(name, "sortop") == 0)
        g->sortop = o;
    else if (strcmp(name, "basetype") == 0)
        g->basetype = type_option(o);
    else if (strcmp(name, "parallel") == 0)
        return parallel_option(o, &g->parallel);
    else if (strcmp(name, "hypothetical") == 0)
        return err_unsupported("hypothetical-set aggregates of users are not supported");
    else {
        bool known;
        TRY(speed_option(g, o, &known));
        if (!known)
            ddl_notice(g->d, "WARNING",
                       err_new("42601", "aggregate attribute \"%s\" not recognized", name));
    }
    return NULL;
}

/* ---- arguments ---- */

static struct err *argument(struct aggregate *g, const PgQuery__FunctionParameter *p)
{
    int32_t typmod;
    int ndims;
    uint32_t type;
    if (p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT ||
        p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_INOUT ||
        p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE)
        return err_new("42P13", "aggregates cannot have output arguments");
    if (p->defexpr)
        return err_new("42P13", "only input parameters can have default values");
    if (g->nargs == MAX_AGGREGATE_ARGS)
        return err_new("54023", "aggregates cannot have more than %d arguments",
                       MAX_AGGREGATE_ARGS);
    TRY(resolve_type_name(g->d->cat, g->d->sql, p->arg_type, &type, &typmod, &ndims));
    TRY(ddl_may_use_type(g->d, type));
    if (p->mode == PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_VARIADIC)
        g->variadic = element_type_of(type) ? element_type_of(type) : type;
    g->arg_names[g->nargs] = p->name;
    g->any_name |= p->name && *p->name;
    g->types[g->nargs++] = type;
    return NULL;
}

static struct err *arguments(struct aggregate *g, const PgQuery__DefineStmt *s)
{
    if (s->oldstyle) {
        int32_t typmod;
        int ndims;
        if (!g->basetype)
            return err_new("42P13", "aggregate input type must be specified");
        const char *any = pg_str(g->basetype->names[g->basetype->n_names - 1]);
        if (strcasecmp(any, "any") == 0)
            return NULL; /* "ANY": no arguments at all */
        g->nargs = 1;
        TRY(resolve_type_name(g->d->cat, g->d->sql, g->basetype, &g->types[0], &typmod, &ndims));
        return ddl_may_use_type(g->d, g->types[0]);
    }
    if (g->basetype)
        return err_new("42P13", "basetype is redundant with aggregate input type specification");
    if (s->n_args > 1 && s->args[1]->node_case == PG_QUERY__NODE__NODE_INTEGER &&
        s->args[1]->integer->ival >= 0)
        return err_unsupported("ordered-set aggregates of users are not supported");
    const PgQuery__List *list =
        s->n_args && s->args[0]->node_case == PG_QUERY__NODE__NODE_LIST ? s->args[0]->list : NULL;
    for (size_t i = 0; list && i < list->n_items; i++)
        TRY(argument(g, list->items[i]->function_parameter));
    return NULL;
}

/* ---- the functions ---- */

static bool is_binary(uint32_t from, uint32_t to)
{
    const struct cat_cast *c = builtin_cast(from, to);
    return from == to || (c && c->method == 'b' && c->context == 'i') ||
           builtin_base_type(from) == to;
}

/* How well a function takes these types as they are; -1: not at all. */
static int fit(const struct cat_proc *p, const uint32_t *types, int n)
{
    int exact = 0;
    if (p->nargs != n || p->kind != 'f')
        return -1;
    for (int i = 0; i < n; i++) {
        uint32_t want = p->argtypes[i];
        bool array = want == ANYARRAY_OID || want == ANYCOMPATIBLEARRAY_OID;
        if (want == types[i])
            exact++;
        else if (array
                     ? !element_type_of(types[i])
                     : !type_is_polymorphic(want) && want != ANY_OID && !is_binary(types[i], want))
            return -1;
    }
    return exact;
}

static const char *signature(struct ddl *d, const char *name, const uint32_t *types, int n)
{
    const char *s = arena_printf(d->arena, "%s(", name);
    for (int i = 0; i < n; i++)
        s = arena_printf(d->arena, "%s%s%s", s, i ? ", " : "",
                         type_display(d->arena, types[i], -1));
    return arena_printf(d->arena, "%s)", s);
}

static struct err *find_function(struct aggregate *g, const PgQuery__TypeName *name,
                                 const uint32_t *types, int n, const struct cat_proc **out)
{
    struct ddl *d = g->d;
    const char *own = pg_str(name->names[name->n_names - 1]);
    const char *nsp = name->n_names > 1 ? pg_str(name->names[name->n_names - 2]) : "";
    const struct cat_proc **users;
    int best = -1;
    int nusers;
    int nbuiltin = 0;
    const struct cat_proc *all = NULL;
    *out = NULL;
    if (!*nsp || strcmp(nsp, "pg_catalog") == 0)
        all = builtin_procs(str_from(own), &nbuiltin);
    if (*nsp)
        TRY(acl_check_schema(d->cat, str_from(nsp)));
    TRY(cat_user_procs(d->cat, str_from(nsp), str_from(own), d->arena, &users, &nusers));
    for (int i = 0; i < nbuiltin + nusers; i++) {
        const struct cat_proc *p = i < nbuiltin ? &all[i] : users[i - nbuiltin];
        int exact = fit(p, types, n);
        if (exact <= best)
            continue;
        best = exact;
        *out = p;
    }
    const char *full = *nsp ? arena_printf(d->arena, "%s.%s", nsp, own) : own;
    if (!*out)
        return err_new("42883", "function %s does not exist", signature(d, full, types, n));
    if ((*out)->retset)
        return err_new("42804", "function %s returns a set", signature(d, full, types, n));
    return NULL;
}

static bool is_any_family(uint32_t type, bool compatible)
{
    bool own = type == ANYCOMPATIBLE_OID || type == ANYCOMPATIBLEARRAY_OID ||
               type == ANYCOMPATIBLENONARRAY_OID || type == ANYCOMPATIBLERANGE_OID ||
               type == ANYCOMPATIBLEMULTIRANGE_OID;
    return type_is_polymorphic(type) && own == compatible;
}

/* A polymorphic type needs an argument to follow from. */
static struct err *check_follows(struct aggregate *g, uint32_t type, const char *what)
{
    static const char *const detail[] = {
        "A result of type %s requires at least one input of type anyelement, anyarray, "
        "anynonarray, "
        "anyenum, anyrange, or anymultirange.",
        "A result of type %s requires at least one input of type anycompatible, "
        "anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or "
        "anycompatiblemultirange."};
    if (!type_is_polymorphic(type))
        return NULL;
    bool compatible = is_any_family(type, true);
    for (int i = 0; i < g->nargs; i++)
        if (is_any_family(g->types[i], compatible))
            return NULL;
    struct err *e = err_new("42P13", "cannot determine %s data type", what);
    return err_detail(e, detail[compatible], type_display(g->d->arena, type, -1));
}

static struct err *transition(struct aggregate *g)
{
    struct arena *a = g->d->arena;
    uint32_t types[MAX_AGGREGATE_ARGS + 1];
    const struct cat_proc *p;
    types[0] = g->transtype;
    memcpy(types + 1, g->types, sizeof(*types) * (size_t)g->nargs);
    TRY(find_function(g, g->sfunc, types, g->nargs + 1, &p));
    uint32_t result = polymorphic_output(p, p->rettype, types, a);
    if (!is_binary(result, g->transtype) && !type_is_polymorphic(result))
        return err_new("42804", "return type of transition function %.*s is not %s",
                       STR_ARG(p->name), type_display(a, g->transtype, -1));
    if (p->strict && !g->initcond && (!g->nargs || !is_binary(g->types[0], g->transtype)))
        return err_new("42P13",
                       "must not omit initial value when transition function is strict and "
                       "transition type is not compatible with input type");
    g->transfn = p->oid;
    return NULL;
}

static struct err * final(struct aggregate *g)
{
    uint32_t types[MAX_AGGREGATE_ARGS + 1];
    const struct cat_proc *p;
    int n = g->final_extra ? g->nargs + 1 : 1;
    g->rettype = g->transtype;
    if (!g->finalfunc)
        return NULL;
    types[0] = g->transtype;
    memcpy(types + 1, g->types, sizeof(*types) * (size_t)g->nargs);
    TRY(find_function(g, g->finalfunc, types, n, &p));
    g->final_fn = p->oid;
    g->rettype = polymorphic_output(p, p->rettype, types, g->d->arena);
    return check_follows(g, g->rettype, "result");
}

static struct err *combine(struct aggregate *g)
{
    const uint32_t types[2] = {g->transtype, g->transtype};
    const struct cat_proc *p;
    if (!g->combine)
        return NULL;
    TRY(find_function(g, g->combine, types, 2, &p));
    if (p->rettype != g->transtype && !type_is_polymorphic(p->rettype))
        return err_new("42804", "return type of combine function %.*s is not %s", STR_ARG(p->name),
                       type_display(g->d->arena, g->transtype, -1));
    g->combine_fn = p->oid;
    return NULL;
}

/* Which options the moving form needs. */
static struct err *check_moving(const struct aggregate *g)
{
    static const char *const needless[] = {"msfunc", "minvfunc", "mfinalfunc", "msspace",
                                           "minitcond"};
    const bool given[] = {g->msfunc, g->minvfunc, g->mfinalfunc, g->mspace, g->minitcond};
    if (g->mstype && !g->msfunc)
        return err_new("42P13", "aggregate msfunc must be specified when mstype is specified");
    if (g->mstype && !g->minvfunc)
        return err_new("42P13", "aggregate minvfunc must be specified when mstype is specified");
    for (size_t i = 0; i < ARRAY_LENGTH(given) && !g->mstype; i++)
        if (given[i])
            return err_new("42P13", "aggregate %s must not be specified without mstype",
                           needless[i]);
    return NULL;
}

static struct err *moving(struct aggregate *g)
{
    uint32_t types[MAX_AGGREGATE_ARGS + 1];
    const struct cat_proc *p;
    int32_t typmod;
    int ndims;
    TRY(check_moving(g));
    if (!g->mstype)
        return NULL;
    TRY(ddl_no_position(
        resolve_type_name(g->d->cat, g->d->sql, g->mstype, &g->mtranstype, &typmod, &ndims)));
    types[0] = g->mtranstype;
    memcpy(types + 1, g->types, sizeof(*types) * (size_t)g->nargs);
    TRY(find_function(g, g->msfunc, types, g->nargs + 1, &p));
    if (p->rettype != g->mtranstype && !type_is_polymorphic(p->rettype))
        return err_new("42804", "return type of transition function %.*s is not %s",
                       STR_ARG(p->name), type_display(g->d->arena, g->mtranstype, -1));
    g->mtransfn = p->oid;
    TRY(find_function(g, g->minvfunc, types, g->nargs + 1, &p));
    if (p->rettype != g->mtranstype && !type_is_polymorphic(p->rettype))
        return err_new("42804", "return type of inverse transition function %.*s is not %s",
                       STR_ARG(p->name), type_display(g->d->arena, g->mtranstype, -1));
    g->minv_fn = p->oid;
    if (builtin_proc(g->mtransfn)->strict != p->strict)
        return err_new("42P13",
                       "strictness of aggregate's forward and inverse transition functions "
                       "must match");
    if (!g->mfinalfunc)
        return NULL;
    TRY(find_function(g, g->mfinalfunc, types, g->mfinal_extra ? g->nargs + 1 : 1, &p));
    g->mfinal_fn = p->oid;
    return NULL;
}

static struct err *sort_operator(struct aggregate *g)
{
    int n;
    if (!g->sortop)
        return NULL;
    const PgQuery__Node *arg = g->sortop->arg;
    const char *name = arg->node_case == PG_QUERY__NODE__NODE_LIST
                           ? pg_str(arg->list->items[arg->list->n_items - 1])
                           : text_option(g->sortop);
    if (g->nargs != 1)
        return err_new("42P13",
                       "sort operator can only be specified for single-argument aggregates");
    const struct cat_oper *ops = builtin_opers(str_from(name), &n);
    for (int i = 0; i < n; i++)
        if (ops[i].left == g->types[0] && ops[i].right == g->types[0])
            g->sort_operator = ops[i].oid;
    TRY(cat_user_opers(g->d->cat, STR(""), str_from(name), g->d->arena, &ops, &n));
    for (int i = 0; i < n; i++)
        if (ops[i].left == g->types[0] && ops[i].right == g->types[0])
            g->sort_operator = ops[i].oid;
    const char *type = type_display(g->d->arena, g->types[0], -1);
    return g->sort_operator
               ? NULL
               : err_new("42883", "operator does not exist: %s %s %s", type, name, type);
}

static struct err *state(struct aggregate *g)
{
    int32_t typmod;
    int ndims;
    struct datum v;
    if (!g->stype)
        return err_new("42P13", "aggregate stype must be specified");
    if (!g->sfunc)
        return err_new("42P13", "aggregate sfunc must be specified");
    TRY(ddl_no_position(
        resolve_type_name(g->d->cat, g->d->sql, g->stype, &g->transtype, &typmod, &ndims)));
    const struct cat_type *t = builtin_type(g->transtype);
    if (t->kind == 'p' && !type_is_polymorphic(g->transtype))
        return g->transtype == INTERNAL_OID
                   ? err_unsupported("aggregates whose state is of type internal are not supported")
                   : err_new("42P13", "aggregate transition data type cannot be %s",
                             type_display(g->d->arena, g->transtype, -1));
    const struct type_ops *ops = type_by_oid(g->transtype);
    if (g->initcond && ops && t->kind != 'p')
        TRY(ops->in(ops, &g->d->s->types, str_from(g->initcond), -1, g->d->arena, &v));
    TRY(check_follows(g, g->transtype, "transition"));
    TRY(transition(g));
    TRY(final(g));
    TRY(combine(g));
    TRY(moving(g));
    return sort_operator(g);
}

/* ---- writing ---- */

static struct err *proc_row(struct aggregate *g, uint32_t oid)
{
    struct datum v[PROC_COUNT];
    struct arena *a = g->d->arena;
    struct datum *names = arena_new_array(a, struct datum, g->nargs + 1);
    const struct type_ops *list = type_by_oid(OIDVECTOR_OID);
    const char *types = "";
    for (int i = 0; i < PROC_COUNT; i++)
        v[i] = datum_int(0);
    v[PROC_OID] = datum_int(oid);
    v[PROC_NAME] = cstr_datum(g->name);
    v[PROC_NSP] = datum_int(g->nsp);
    v[PROC_OWNER] = datum_int(g->d->cat->role);
    v[PROC_LANG] = datum_int(INTERNAL_LANGUAGE);
    v[PROC_COST] = datum_f32(1);
    v[PROC_ROWS] = datum_f32(0);
    v[PROC_VARIADIC] = datum_int(g->variadic);
    v[PROC_KIND] = datum_int('a');
    v[PROC_VOLATILE] = datum_int('i');
    v[PROC_PARALLEL] = datum_int(g->parallel);
    v[PROC_NARGS] = datum_int(g->nargs);
    v[PROC_RETTYPE] = datum_int(g->rettype);
    v[PROC_SRC] = cstr_datum("aggregate_dummy");
    for (int i = 0; i < g->nargs; i++) {
        types = arena_printf(a, "%s%s%u", types, i ? " " : "", g->types[i]);
        names[i] = cstr_datum(g->arg_names[i] ? g->arg_names[i] : "");
    }
    TRY(list->in(list, &g->d->s->types, str_from(types), -1, a, &v[PROC_ARGTYPES]));
    static const int absent[] = {PROC_ALLARGTYPES, PROC_ARGMODES, PROC_ARGNAMES,
                                 PROC_DEFAULTS,    PROC_TRFTYPES, PROC_BIN,
                                 PROC_SQLBODY,     PROC_CONFIG,   PROC_ACL};
    for (size_t i = 0; i < ARRAY_LENGTH(absent); i++)
        v[absent[i]] = datum_null();
    if (g->any_name)
        TRY(array_make_1d(type_by_oid(TEXT_OID), names, (size_t)g->nargs, a, &v[PROC_ARGNAMES]));
    return ddl_replace_proc(g->d->cat, v);
}

static struct err *aggregate_row(struct aggregate *g, uint32_t oid)
{
    struct datum v[AGG_COLUMNS];
    struct datum key = datum_int(oid);
    for (int i = 0; i < AGG_COLUMNS; i++)
        v[i] = datum_int(0);
    v[AGG_FN] = key;
    v[AGG_KIND] = datum_int('n');
    v[AGG_TRANSFN] = datum_int(g->transfn);
    v[AGG_FINALFN] = datum_int(g->final_fn);
    v[AGG_FINALEXTRA] = datum_bool(g->final_extra);
    v[AGG_FINALMODIFY] = datum_int(g->final_modify ? g->final_modify : 'r');
    v[AGG_MFINALMODIFY] = datum_int(g->mfinal_modify ? g->mfinal_modify : 'r');
    v[AGG_COMBINEFN] = datum_int(g->combine_fn);
    v[AGG_MTRANSFN] = datum_int(g->mtransfn);
    v[AGG_MINVTRANSFN] = datum_int(g->minv_fn);
    v[AGG_MFINALFN] = datum_int(g->mfinal_fn);
    v[AGG_MFINALEXTRA] = datum_bool(g->mfinal_extra);
    v[AGG_MTRANSTYPE] = datum_int(g->mtranstype);
    v[AGG_MTRANSSPACE] = datum_int(g->mspace);
    v[AGG_SORTOP] = datum_int(g->sort_operator);
    v[AGG_TRANSTYPE] = datum_int(g->transtype);
    v[AGG_TRANSSPACE] = datum_int(g->space);
    v[AGG_INITVAL] = cstr_datum(g->initcond);
    v[AGG_MINITVAL] = cstr_datum(g->minitcond);
    TRY(systab_delete(g->d->cat, PG_AGGREGATE, AGGREGATE_FNOID_INDEX, &key, 1, NULL));
    return systab_insert(g->d->cat, PG_AGGREGATE, v);
}

static struct err *depends(struct aggregate *g, uint32_t oid)
{
    struct cat *c = g->d->cat;
    const struct object_address self = {PG_PROC, oid, 0};
    const struct object_address on[] = {{PG_PROC, g->transfn, 0},    {PG_PROC, g->final_fn, 0},
                                        {PG_PROC, g->combine_fn, 0}, {PG_PROC, g->mtransfn, 0},
                                        {PG_PROC, g->minv_fn, 0},    {PG_PROC, g->mfinal_fn, 0},
                                        {PG_TYPE, g->transtype, 0},  {PG_TYPE, g->rettype, 0}};
    TRY(depend_forget(c, self));
    TRY(depend_record(c, self, (struct object_address){PG_NAMESPACE, g->nsp, 0}, DEPEND_NORMAL));
    for (size_t i = 0; i < ARRAY_LENGTH(on); i++)
        if (on[i].object_id >= FIRST_USER_OID)
            TRY(depend_record(c, self, on[i], DEPEND_NORMAL));
    for (int i = 0; i < g->nargs; i++)
        if (g->types[i] >= FIRST_USER_OID)
            TRY(depend_record(c, self, (struct object_address){PG_TYPE, g->types[i], 0},
                              DEPEND_NORMAL));
    return ddl_add_member(g->d, self);
}

static struct err *check_old(struct aggregate *g, const struct cat_proc *old, bool replace)
{
    static const char *const kinds[] = {"a procedure", "a function"};
    if (!replace)
        return err_new("42723", "function \"%s\" already exists with same argument types", g->name);
    if (old->kind != 'a')
        return err_detail(err_new("42809", "cannot change routine kind"), "\"%s\" is %s.", g->name,
                          kinds[old->kind == 'f']);
    return old->rettype == g->rettype
               ? NULL
               : err_hint(err_new("42P13", "cannot change return type of existing function"),
                          "Use DROP AGGREGATE %s first.",
                          signature(g->d, g->name, old->argtypes, old->nargs));
}

static struct err *find_old(struct aggregate *g, const struct cat_proc **out)
{
    const struct cat_proc **all;
    const char *nsp;
    int n;
    *out = NULL;
    TRY(cat_namespace_name(g->d->cat, g->nsp, g->d->arena, &nsp));
    TRY(cat_user_procs(g->d->cat, str_from(nsp), str_from(g->name), g->d->arena, &all, &n));
    for (int i = 0; i < n; i++)
        if (all[i]->nargs == g->nargs &&
            memcmp(all[i]->argtypes, g->types, sizeof(*g->types) * (size_t)g->nargs) == 0)
            *out = all[i];
    return NULL;
}

struct err *ddl_create_aggregate(struct ddl *d, const PgQuery__DefineStmt *s)
{
    struct aggregate *g = arena_new(d->arena, struct aggregate);
    const struct cat_proc *old;
    uint32_t oid;
    PgQuery__RangeVar rv;
    pg_query__range_var__init(&rv);
    rv.location = -1;
    rv.relname = (char *)pg_str(s->defnames[s->n_defnames - 1]);
    if (s->n_defnames > 1)
        rv.schemaname = (char *)pg_str(s->defnames[s->n_defnames - 2]);
    *g = (struct aggregate){.d = d, .name = rv.relname, .parallel = 'u'};
    TRY(ddl_target_nsp(d, &rv, &g->nsp));
    for (size_t i = 0; i < s->n_definition; i++)
        TRY(option(g, s->definition[i]->def_elem));
    TRY(arguments(g, s));
    TRY(state(g));
    TRY(ddl_may_use_type(g->d, g->transtype));
    if (g->mtranstype)
        TRY(ddl_may_use_type(g->d, g->mtranstype));
    TRY(find_old(g, &old));
    if (old)
        TRY(check_old(g, old, s->replace));
    if (old)
        oid = old->oid;
    else
        TRY(cat_new_oid(d->cat, &oid));
    TRY(proc_row(g, oid));
    TRY(aggregate_row(g, oid));
    return depends(g, oid);
}
