/* Functions whose body is SQL: see sql_function.h. The session keeps the plans of the bodies'
 * statements (function_plans.h); rows of a set are kept in memory until the scan that
 * asked for them ends. */
#include "exec/sql_function.h"

#include "catalog/acl.h"

#include "exec/exec_internal.h"
#include "exec/function_plans.h"

#include <pg_query/pg_query.pb-c.h>

#include "exec/session.h"
#include "exec/setting_items.h"
#include "rt/fiber.h"
#include "sql/analyze.h"
#include "sql/parse.h"
#include "types/record.h"

enum { STACK_RESERVE = 64 * 1024 };

struct run {
    struct exec_env env;
    const struct cat_proc *proc;
    struct arena arena;
    struct function_plan *f;
    const struct datum *args;
};

static bool is_pseudo(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return !t || t->kind == 'p';
}

/* The names of the input arguments. */
static const char **argument_names(const struct cat_proc *p, struct arena *a)
{
    const char **names = arena_new_array(a, const char *, p->nargs + 1);
    int all = p->nallargs ? p->nallargs : p->nargs;
    int n = 0;
    for (int i = 0; i < p->nargs; i++)
        names[i] = NULL;
    for (int i = 0; p->argnames && i < all; i++) {
        if (p->argmodes && !strchr("ibv", p->argmodes[i]))
            continue;
        if (p->argnames[i].len)
            names[n] = arena_strndup(a, p->argnames[i].data, p->argnames[i].len);
        n++;
    }
    return names;
}

void sql_function_params(struct param_types *params, const struct cat_proc *p,
                         const uint32_t *types, struct arena *a)
{
    *params = (struct param_types){
        .types = arena_memdup(a, types, sizeof(*types) * (size_t)(p->nargs + 1)),
        .count = p->nargs,
        .names = argument_names(p, a),
        .function = arena_strndup(a, p->name.data, p->name.len),
        .fixed = true};
}

static struct err *begin(struct run *r, struct fn_call *c)
{
    if (!c->session)
        return err_new("0A000", "SQL functions need a session");
    if (fiber_stack_left() < STACK_RESERVE)
        return err_hint(err_new("54001", "stack depth limit exceeded"),
                        "The function calls itself too deeply.");
    r->env = session_exec_env(c->session);
    r->proc = builtin_proc(c->func);
    r->args = c->args;
    return NULL;
}

/* The body, parsed now or at an earlier call. */
static struct err *find_body(struct run *r, struct fn_call *c)
{
    struct function_plan *f = r->f = function_plan_get(c->session, c, r->proc->nargs);
    if (f->plans)
        return NULL;
    TRY(cat_proc_source(&c->session->cat, c->func, &f->arena, &f->body));
    TRY(parse_sql(f->body, &f->arena, &f->parsed));
    sql_function_params(&f->params, r->proc, f->types, &f->arena);
    f->plans = arena_new_array(&f->arena, struct statement_plan *, f->parsed.count + 1);
    function_plan_keep(c->session, f);
    return NULL;
}

/* What is done with the rows of the last statement. */
struct sink {
    /* Before the first row; NULL: nothing to check. */
    struct err *(*check)(void *arg, const struct statement_plan *plan);
    /* *more false: no further row is wanted. */
    struct err *(*row)(void *arg, const struct statement_plan *plan, const struct datum *row,
                       bool *more);
    void *arg;
};

static struct err *run_plan(struct run *r, struct statement_plan *plan, const struct sink *sink)
{
    struct exec *x;
    const struct datum *row;
    bool more = true;
    TRY(exec_begin(&r->env, plan, r->args, &x));
    struct err *e = NULL;
    for (bool found = true; !e && found && more;) {
        e = exec_next(x, &row, &found);
        if (!e && found && sink && plan->nout)
            e = sink->row(sink->arg, plan, row, &more);
        /* Changes are made to the end, whoever reads what they return. */
        more = more || plan->query->kind != Q_SELECT;
    }
    exec_end(x);
    return e;
}

/* A position in the body is none in the statement. */
static struct err *in_body(struct run *r, struct err *e)
{
    if (!e)
        return NULL;
    if (e->position && !e->internal_query) {
        e->internal_position = e->position;
        e->internal_query = strdup(r->f->body);
        e->position = 0;
    }
    return err_context(e, "SQL function \"%.*s\" during startup", STR_ARG(r->proc->name));
}

static struct err *mismatch(struct arena *a, const struct cat_proc *p, const char *detail)
{
    return err_detail(err_new("42P13", "return type mismatch in function declared to return %s",
                              type_display(a, p->rettype, -1)),
                      "%s", detail);
}

/* Whether a column of one type can be returned as another. */
static bool returns_as(uint32_t from, uint32_t to)
{
    const struct cat_cast *c;
    if (from == to || is_pseudo(to) || from == UNKNOWN_OID)
        return true;
    c = builtin_cast(from, to);
    const struct cat_type *target = builtin_type(to);
    if (!c && target && target->category == 'S')
        return true;
    return (c && c->context != 'e') || builtin_base_type(from) == builtin_base_type(to);
}

/* The columns of OUT arguments or TABLE for arguments of these types; 0: one value. */
static int out_columns(const struct cat_proc *p, const uint32_t *args, const uint32_t **types,
                       struct arena *a)
{
    uint32_t *list = arena_new_array(a, uint32_t, p->nallargs + 1);
    int n = 0;
    for (int i = 0; p->argmodes && i < p->nallargs; i++)
        if (strchr("obt", p->argmodes[i]))
            list[n++] = polymorphic_output(p, p->allargtypes[i], args, a);
    *types = list;
    return n;
}

static struct err *check_column(struct arena *a, const struct cat_proc *p, uint32_t from,
                                uint32_t to, int number)
{
    return returns_as(from, to)
               ? NULL
               : mismatch(a, p,
                          arena_printf(a, "Final statement returns %s instead of %s at column %d.",
                                       type_display(a, from, -1), type_display(a, to, -1), number));
}

static struct err *check_column_count(struct arena *a, const struct cat_proc *p, int given,
                                      int wanted)
{
    return given == wanted  ? NULL
           : given < wanted ? mismatch(a, p, "Final statement returns too few columns.")
                            : mismatch(a, p, "Final statement returns too many columns.");
}

/* The columns of a statement against the fields of the composite type that the function returns:
 * one value of the type, or each of its fields. */
static struct err *check_fields(struct arena *a, const struct type_env *env,
                                const struct cat_proc *p, const struct target *targets,
                                int ntargets)
{
    struct composite c;
    int field = 0;
    int given = 0;
    TRY(env->composite_of(env->names, builtin_base_type(p->rettype), a, &c));
    for (int i = 0; i < ntargets; i++) {
        if (!targets[i].name)
            continue;
        given++;
        uint32_t from = targets[i].expr->type;
        if (ntargets == 1 && builtin_base_type(from) == builtin_base_type(p->rettype))
            return NULL;
        while (field < c.nfields && c.fields[field].dropped)
            field++;
        if (field == c.nfields)
            return check_column_count(a, p, given, given - 1);
        TRY(check_column(a, p, from, c.fields[field++].type, given));
    }
    while (field < c.nfields && c.fields[field].dropped)
        field++;
    return check_column_count(a, p, given, field < c.nfields ? given + 1 : given);
}

/* The last statement of a body. */
static struct err *check_result(struct arena *a, const struct type_env *env,
                                const struct cat_proc *p, const struct query *q)
{
    const struct target *targets = q->kind == Q_SELECT ? q->targets : q->returning;
    int ntargets = q->kind == Q_SELECT ? q->ntargets : q->nreturning;
    const uint32_t *types;
    int nout = out_columns(p, p->argtypes, &types, a);
    int n = 0;
    for (int i = 0; i < ntargets; i++)
        n += targets[i].name != NULL;
    if (!n)
        return mismatch(a, p,
                        "Function's final statement must be SELECT or INSERT/UPDATE/DELETE "
                        "RETURNING.");
    const struct cat_type *t = builtin_type(p->rettype);
    if (p->rettype == RECORD_OID && nout < 2)
        return NULL;
    if (nout < 2 && t && t->kind == 'c')
        return check_fields(a, env, p, targets, ntargets);
    if (nout > 1)
        TRY(check_column_count(a, p, n, nout));
    if (nout < 2 && t && n != 1)
        return mismatch(a, p, "Final statement must return exactly one column.");
    for (int i = 0, k = 0; i < ntargets; i++) {
        if (!targets[i].name)
            continue;
        k++;
        uint32_t from = targets[i].expr->type;
        if (nout > 1)
            TRY(check_column(a, p, from, types[k - 1], k));
        else if (!returns_as(from, p->rettype))
            return mismatch(
                a, p, arena_printf(a, "Actual return type is %s.", type_display(a, from, -1)));
    }
    return NULL;
}

/* What was not looked at when the function was made (check_function_bodies off). */
static struct err *check_planned(struct run *r, int i, const struct statement_plan *plan)
{
    bool last = i == r->f->parsed.count - 1;
    return last && r->proc->rettype != VOID_OID && r->proc->kind == 'f'
               ? check_result(&r->arena, r->env.types, r->proc, plan->query)
               : NULL;
}

/* Its tables are locked. The caller releases it. */
static struct err *plan_of(struct run *r, int i, struct statement_plan **out)
{
    struct statement_plan **kept = &r->f->plans[i];
    bool current = false;
    if (*kept)
        TRY(exec_lock(&r->env, *kept, &current));
    if (current) {
        *out = plan_ref(*kept);
        return NULL;
    }
    plan_unref(*kept);
    *kept = NULL;
    TRY(in_body(r, exec_plan(&r->env, &r->f->parsed.stmts[i], &r->f->params, out)));
    struct err *e = in_body(r, check_planned(r, i, *out));
    if (e) {
        plan_unref(*out);
        return e;
    }
    if ((*out)->query->env_literals)
        function_plan_drop(r->env.session, r->f);
    else if (!*kept) /* no call within has planned it meanwhile */
        *kept = plan_ref(*out);
    return NULL;
}

static struct err *run_statement(struct run *r, int i, const struct sink *sink)
{
    const struct raw_stmt *raw = &r->f->parsed.stmts[i];
    struct statement_plan *plan = NULL;
    if (!statement_is_query(raw))
        return err_unsupported("%s in an SQL function is not supported yet",
                               raw->tree ? statement_name(raw->tree) : "this statement");
    TRY(plan_of(r, i, &plan));
    struct err *e = sink && sink->check ? in_body(r, sink->check(sink->arg, plan)) : NULL;
    if (e) {
        plan_unref(plan);
        return e;
    }
    e = run_plan(r, plan, sink);
    plan_unref(plan);
    return e ? err_context(e, "SQL function \"%.*s\" statement %d", STR_ARG(r->proc->name), i + 1)
             : NULL;
}

static struct err *run_statements(struct run *r, struct fn_call *c, const struct sink *sink)
{
    struct err *e = NULL;
    for (int i = 0; !e && i < r->f->parsed.count; i++) {
        if (r->proc->volatility == 'v')
            txn_next_command(c->session->cat.txn);
        e = run_statement(r, i, i == r->f->parsed.count - 1 ? sink : NULL);
    }
    return e;
}

static struct err *run_body(struct fn_call *c, const struct sink *sink)
{
    struct run r = {0};
    struct function_entry entry;
    arena_init(&r.arena);
    struct err *e = begin(&r, c);
    if (e) {
        arena_done(&r.arena);
        return e;
    }
    e = function_enter(c->session, r.proc, &r.arena, &entry);
    if (!e)
        e = find_body(&r, c);
    if (!e)
        e = run_statements(&r, c, sink);
    if (r.f)
        function_plan_release(r.f);
    e = function_leave(c->session, &entry, e);
    arena_done(&r.arena);
    return e;
}

/* ---- results ---- */

/* What the statement returns against the columns that the call in FROM names. */
static struct err *check_columns(struct fn_call *c, const struct statement_plan *plan)
{
    const struct cat_proc *p = builtin_proc(c->func);
    const struct composite *columns = c->columns;
    if (!columns || p->rettype != RECORD_OID || p->argmodes || plan->nout == 1)
        return NULL;
    for (int i = 0; i < plan->nout && i < columns->nfields; i++)
        TRY(check_column(c->arena, p, plan->out[i].expr->type, columns->fields[i].type, i + 1));
    return check_column_count(c->arena, p, plan->nout, columns->nfields);
}

/* A value of the type that the function declares, out of one of the last statement's. */
static struct err *convert(const struct type_env *env, struct datum value, const struct expr *given,
                           uint32_t to, int32_t typmod, struct arena *a, struct datum *out)
{
    const uint32_t from = given->type;
    const bool fits = typmod < 0 || (from == to && typmod == given->typmod);
    const struct type_ops *source = type_lookup(env, from);
    const struct type_ops *target = type_lookup(env, to);
    struct buf text = BUF_INIT;
    if (value.null || (from == to && fits) || !source || !target) {
        *out = value.null ? value : datum_copy(a, value, source && source->byval);
        return NULL;
    }
    if (fits && source->domain == 0 && source->byval && target->byval && target->domain == 0 &&
        from != FLOAT4_OID && from != FLOAT8_OID && to != FLOAT4_OID && to != FLOAT8_OID &&
        from != BOOL_OID && to != BOOL_OID) {
        *out = value;
        return NULL;
    }
    struct err *e = source->out(source, env, value, &text);
    if (!e)
        e = target->in(target, env, arena_str(a, buf_str(&text)), typmod, a, out);
    buf_done(&text);
    return e;
}

struct one_value {
    struct fn_call *c;
    struct datum *out;
};

static bool is_composite(uint32_t type)
{
    const struct cat_type *t = builtin_type(type);
    return t && t->kind == 'c';
}

/* The columns as the fields that the composite type has now. */
static struct err *make_composite(struct fn_call *c, const struct statement_plan *plan,
                                  const struct datum *row, struct arena *a, struct datum *out)
{
    const uint32_t type = builtin_base_type(c->result_type);
    struct composite made;
    int at = 0;
    TRY(c->env->composite_of(c->env->names, type, a, &made));
    struct datum *values = arena_new_array(a, struct datum, made.nfields + 1);
    for (int i = 0; i < made.nfields; i++) {
        values[i] = datum_null();
        if (made.fields[i].dropped || at == plan->nout)
            continue;
        TRY(convert(c->env, row[at], plan->out[at].expr, made.fields[i].type, made.fields[i].typmod,
                    a, &values[i]));
        at++;
    }
    return composite_make(type, &made, values, a, out);
}

/* Several columns as one record. */
static struct err *make_record(struct fn_call *c, const struct cat_proc *p,
                               const struct statement_plan *plan, const struct datum *row,
                               struct arena *a, struct datum *out)
{
    if (is_composite(builtin_base_type(c->result_type)))
        return make_composite(c, plan, row, a, out);
    int n = plan->nout;
    const struct type_ops **ops = arena_new_array(a, const struct type_ops *, n + 1);
    struct str *names = arena_new_array(a, struct str, n + 1);
    struct datum *values = arena_new_array(a, struct datum, n + 1);
    const uint32_t *types;
    int nout = out_columns(p, c->arg_types, &types, a);
    for (int i = 0; i < n; i++) {
        uint32_t type = i < nout                                ? types[i]
                        : c->columns && i < c->columns->nfields ? c->columns->fields[i].type
                                                                : plan->out[i].expr->type;
        ops[i] = type_lookup(c->env, type);
        names[i] = str_from(plan->out[i].name ? plan->out[i].name : "");
        TRY(convert(c->env, row[i], plan->out[i].expr, type, -1, a, &values[i]));
    }
    return record_make(c->result_type, n, ops, names, values, a, out);
}

/* Whether the columns are one value of the function's type only together. */
static bool makes_record(const struct fn_call *c, const struct statement_plan *plan)
{
    uint32_t from = plan->out[0].expr->type;
    bool row_wanted = c->result_type == RECORD_OID || is_composite(c->result_type);
    return plan->nout > 1 || (row_wanted && from != c->result_type && from != RECORD_OID);
}

static struct err *take_value(void *arg, const struct statement_plan *plan, const struct datum *row,
                              bool *more)
{
    struct one_value *v = arg;
    const struct cat_proc *p = builtin_proc(v->c->func);
    *more = false;
    if (p->rettype == VOID_OID)
        return NULL;
    if (makes_record(v->c, plan))
        return make_record(v->c, p, plan, row, v->c->arena, v->out);
    return convert(v->c->env, row[0], plan->out[0].expr, v->c->result_type, -1, v->c->arena,
                   v->out);
}

static struct err *check_value(void *arg, const struct statement_plan *plan)
{
    const struct one_value *v = arg;
    return check_columns(v->c, plan);
}

struct err *sql_function_call(struct fn_call *c, struct datum *out)
{
    struct one_value v = {c, out};
    struct sink sink = {check_value, take_value, &v};
    *out = datum_null();
    return run_body(c, &sink);
}

/* ---- sets ---- */

struct set {
    struct fn_call *c;
    struct datum **rows;
    int count;
    int cap;
    int at;
    int ncols;
};

static struct err *take_row(void *arg, const struct statement_plan *plan, const struct datum *row,
                            bool *more)
{
    struct set *s = arg;
    struct fn_call *c = s->c;
    const struct cat_proc *p = builtin_proc(c->func);
    const uint32_t *types;
    int nout = out_columns(p, c->arg_types, &types, c->state_arena);
    struct datum *kept = arena_new_array(c->state_arena, struct datum, s->ncols + 1);
    bool record = !c->columns && s->ncols == 1 && nout < 2 &&
                  (c->result_type == RECORD_OID || is_composite(c->result_type)) &&
                  (plan->nout > 1 || plan->out[0].expr->type != c->result_type);
    if (record)
        TRY(make_record(c, p, plan, row, c->state_arena, &kept[0]));
    bool whole = c->columns && nout < 2 && plan->nout == 1 &&
                 type_is_record(type_by_oid(plan->out[0].expr->type)) &&
                 (c->result_type == RECORD_OID || plan->out[0].expr->type == c->result_type);
    if (whole) {
        struct datum value = datum_copy(c->state_arena, row[0], false);
        TRY(record_spread(c->env, value, c->state_arena, kept, s->ncols));
    }
    for (int i = 0; i < s->ncols && !record && !whole; i++) {
        if (i >= plan->nout)
            return err_new("42P13", "return type mismatch in function declared to return %s",
                           type_display(c->state_arena, p->rettype, -1));
        const struct expr *given = plan->out[i].expr;
        const bool declared = i < nout && !is_pseudo(types[i]);
        const bool listed = !declared && c->columns && c->columns->nfields > i;
        uint32_t to = declared                 ? types[i]
                      : listed                 ? c->columns->fields[i].type
                      : s->ncols == 1 && !nout ? c->result_type
                                               : given->type;
        TRY(convert(c->env, row[i], given, to, listed ? c->columns->fields[i].typmod : -1,
                    c->state_arena, &kept[i]));
    }
    ARENA_PUSH(c->state_arena, s->rows, s->count, s->cap, kept);
    *more = p->retset;
    return fiber_tick();
}

static struct err *check_set(void *arg, const struct statement_plan *plan)
{
    const struct set *s = arg;
    return check_columns(s->c, plan);
}

static struct err *next(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done)
{
    struct set *s = *state;
    if (!s) {
        *state = s = arena_new(c->state_arena, struct set);
        *s = (struct set){.c = c, .ncols = ncols};
        struct sink sink = {check_set, take_row, s};
        TRY(run_body(c, &sink));
    }
    *done = s->at == s->count;
    if (!*done)
        memcpy(row, s->rows[s->at++], sizeof(*row) * (size_t)ncols);
    return NULL;
}

const struct srf_impl sql_function_srf = {"sql_function", next};

/* ---- checking a body ---- */

struct err *sql_function_check(const struct exec_env *env, const struct cat_proc *p,
                               const char *body, bool returns_void)
{
    struct arena a;
    struct parsed parsed;
    struct param_types params;
    arena_init(&a);
    struct err *e = parse_sql(body, &a, &parsed);
    sql_function_params(&params, p, p->argtypes, &a);
    for (int i = 0; !e && i < p->nargs; i++)
        if (type_is_polymorphic(p->argtypes[i]))
            goto out; /* it depends on the call */
    for (int i = 0; !e && i < parsed.count; i++) {
        struct query *q = NULL;
        if (!statement_is_query(&parsed.stmts[i])) {
            e = err_unsupported("%s in an SQL function is not supported yet",
                                parsed.stmts[i].tree ? statement_name(parsed.stmts[i].tree)
                                                     : "this statement");
            break;
        }
        e = analyze_definition(env->cat, env->types, &parsed.stmts[i], &params, &a, &q);
        if (!e && i == parsed.count - 1 && !returns_void)
            e = check_result(&a, env->types, p, q);
        query_release(q);
    }
    if (!e && !parsed.count && !returns_void)
        e = mismatch(&a, p,
                     "Function's final statement must be SELECT or INSERT/UPDATE/DELETE "
                     "RETURNING.");
out:
    arena_done(&a);
    return e;
}
