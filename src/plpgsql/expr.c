/* Expressions and SQL statements of a body: analyzed with the variables in scope as parameters, and
 * run. A plain expression (no tables, no subqueries) is compiled alone and needs no run of a plan.
 */
#include "plpgsql/plpgsql_internal.h"

#include "rt/fiber.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdlib.h>

/* One compiled copy of a plain expression, for one evaluation at a time. */
struct runner {
    struct runner *next;
    struct row_expr *run;
    struct datum *values;
};

/* A text analyzed for one version of the catalog, one role and the shapes that records had. Another
 * may take its place while it runs, in a recursive call; so it is counted. */
struct analysis {
    int refs;
    const struct pl_expr *expr;
    struct frame *frame; /* whose records have the shapes */
    struct arena arena;
    struct variables variables;
    struct param_types params;
    int params_cap;
    struct source *sources; /* by parameter */
    uint64_t catalog_version;
    uint64_t catalog_changes;
    uint32_t role;
    struct statement_plan *plan; /* NULL: not planned */
    const struct expr *tree;     /* of a plain expression; NULL: it is none */
    struct runner *idle;
};

static void free_runner(struct runner *r)
{
    row_expr_free(r->run);
    free(r->values);
    free(r);
}

static void release(struct analysis *now)
{
    if (!now || --now->refs > 0)
        return;
    while (now->idle) {
        struct runner *r = now->idle;
        now->idle = r->next;
        free_runner(r);
    }
    plan_unref(now->plan);
    arena_done(&now->arena);
    free(now);
}

void pl_expr_free(struct pl_expr *e)
{
    release(e->now);
}

/* ---- errors ---- */

/* A position is one in the text; without one the context tells the text. */
struct err *pl_in_text(const struct pl_expr *e, struct err *err)
{
    if (!err)
        return NULL;
    if (err->position > 0 && !err->internal_query) {
        int position = err->position + e->shift;
        err->internal_query = strdup(e->text);
        err->internal_position = position > 0 ? position : 1;
        err->position = 0;
        return err;
    }
    return err_context(err, "%s \"%s\"", e->kind, e->text);
}

/* ---- names ---- */

static int add_source(struct analysis *now, const struct source *from, uint32_t type)
{
    struct param_types *p = &now->params;
    for (int i = 0; i < p->count; i++)
        if (now->sources[i].var == from->var && now->sources[i].field == from->field)
            return i + 1;
    if (p->count == now->params_cap) {
        now->params_cap = now->params_cap ? now->params_cap * 2 : 8;
        uint32_t *types = arena_new_array(&now->arena, uint32_t, now->params_cap);
        struct source *sources = arena_new_array(&now->arena, struct source, now->params_cap);
        if (p->count) {
            memcpy(types, p->types, sizeof(*types) * (size_t)p->count);
            memcpy(sources, now->sources, sizeof(*sources) * (size_t)p->count);
        }
        p->types = types;
        now->sources = sources;
    }
    p->types[p->count] = type;
    now->sources[p->count] = *from;
    if (from->shape)
        now->sources[p->count].shape = pl_shape_copy(from->shape, &now->arena);
    return ++p->count;
}

static const struct shape *shape_now(const struct frame *fr, const struct var *v)
{
    return v->shape ? v->shape : fr->values[v->number].shape;
}

static struct err *not_assigned(const struct var *v)
{
    return err_detail(err_new("55000", "record \"%s\" is not assigned yet", v->name),
                      "The tuple structure of a not-yet-assigned record is indeterminate.");
}

static struct err *find_name(struct param_types *p, const char *const *names, int n, int *number,
                             int *used)
{
    struct analysis *now = p->variables->arg;
    const struct pl_expr *e = now->expr;
    struct source from = {pl_find_var(e->scope, e->visible, names, n, used), -1, NULL};
    uint32_t type;
    *number = 0;
    if (!from.var)
        return NULL;
    type = from.var->type;
    if (from.var->record)
        from.shape = shape_now(now->frame, from.var);
    if (from.var->record && *used < n) {
        if (!from.shape)
            return not_assigned(from.var);
        from.field = pl_shape_field(from.shape, names[*used]);
        if (from.field < 0)
            return err_new("42703", "record \"%s\" has no field \"%s\"", from.var->name,
                           names[*used]);
        type = from.shape->types[from.field];
        ++*used;
    } else if (from.shape && from.shape->type != RECORD_OID) {
        type = from.shape->type;
    }
    *number = add_source(now, &from, type);
    return NULL;
}

static struct err *find_fields(struct param_types *p, const char *const *names, int n,
                               struct arena *a, const char ***fields, int **numbers, int *count)
{
    struct analysis *now = p->variables->arg;
    const struct pl_expr *e = now->expr;
    int used = 0;
    const struct var *v = pl_find_var(e->scope, e->visible, names, n, &used);
    *count = -1;
    if (!v || used != n || !v->record)
        return NULL;
    const struct shape *s = shape_now(now->frame, v);
    if (!s)
        return not_assigned(v);
    *count = s->nfields;
    *fields = arena_new_array(a, const char *, s->nfields + 1);
    *numbers = arena_new_array(a, int, s->nfields + 1);
    for (int i = 0; i < s->nfields; i++) {
        struct source from = {v, i, s};
        (*fields)[i] = arena_strndup(a, s->names[i].data, s->names[i].len);
        (*numbers)[i] = add_source(now, &from, s->types[i]);
    }
    return NULL;
}

/* ---- analysis ---- */

struct err *pl_expr_parse(struct pl_expr *e, struct arena *a)
{
    if (e->parsed_yet)
        return NULL;
    struct err *err = parse_sql(e->sql, a, &e->parsed);
    if (!err && e->parsed.count != 1)
        err = err_new("42601", "syntax error at end of input");
    e->parsed_yet = !err;
    return err;
}

/* The type of a scalar that is assigned to; 0: it is a record, or not known. */
static uint32_t assigned_type(const struct frame *fr, const struct place *p)
{
    const struct shape *s = p && p->field ? shape_now(fr, p->var) : NULL;
    const int field = s ? pl_shape_field(s, p->field) : -1;
    if (field >= 0)
        return type_is_record(s->ops[field]) ? 0 : s->types[field];
    return p && !p->field && !p->var->record ? p->var->type : 0;
}

/* In place of what there was. */
static struct err *begin_analysis(struct frame *fr, struct pl_expr *e, struct analysis **out)
{
    struct analysis *now = calloc(1, sizeof(*now));
    if (!now)
        return err_oom();
    *now = (struct analysis){.refs = 1,
                             .expr = e,
                             .frame = fr,
                             .catalog_version = catalog_version(fr->env.cat->shared),
                             .catalog_changes = fr->env.cat->changes,
                             .role = fr->env.cat->role};
    arena_init(&now->arena);
    now->variables = (struct variables){.find = find_name,
                                        .fields = find_fields,
                                        .choice = e->choice,
                                        .target = e->ntarget ? e->target : NULL,
                                        .ntarget = e->ntarget,
                                        .assigned_type = assigned_type(fr, e->assigned),
                                        .arg = now};
    now->params = (struct param_types){.fixed = true, .variables = &now->variables};
    release(e->now);
    *out = e->now = now;
    return NULL;
}

/* Whether it can be compiled alone. */
static struct err *try_plain(struct frame *fr, struct pl_expr *e)
{
    struct query *q = NULL;
    struct analysis *now;
    TRY(begin_analysis(fr, e, &now));
    TRY(analyze_statement(fr->env.cat, fr->env.types, &e->parsed.stmts[0], &now->params,
                          &now->arena, &q));
    struct err *err = NULL;
    if (query_is_plain(q)) {
        err = query_check_access(fr->env.cat, q);
        now->tree = q->targets[0].expr;
    }
    query_release(q);
    return err;
}

static bool shapes_fit(const struct frame *fr, const struct analysis *now)
{
    for (int i = 0; i < now->params.count; i++) {
        const struct source *s = &now->sources[i];
        if (s->var->record && !s->var->shape && !pl_shape_equal(s->shape, shape_now(fr, s->var)))
            return false;
        /* A CASE's operand has the type that it has got this time. */
        if (!s->var->record && now->params.types[i] != s->var->type)
            return false;
    }
    return true;
}

static bool plain_is_current(const struct frame *fr, const struct analysis *now)
{
    const struct cat *c = fr->env.cat;
    return now->tree && now->catalog_version == catalog_version(c->shared) &&
           now->catalog_changes == c->changes && now->role == c->role && shapes_fit(fr, now);
}

static bool plan_may_fit(const struct frame *fr, const struct analysis *now)
{
    return now && now->plan && now->role == fr->env.cat->role && shapes_fit(fr, now) &&
           !now->plan->query->env_literals;
}

/* The plan, its tables locked. */
static struct err *plan_of(struct frame *fr, struct pl_expr *e)
{
    bool current = false;
    struct analysis *now = e->now;
    if (plan_may_fit(fr, now))
        TRY(exec_lock(&fr->env, now->plan, &current));
    if (current)
        return NULL;
    TRY(begin_analysis(fr, e, &now));
    return exec_plan(&fr->env, &e->parsed.stmts[0], &now->params, &now->plan);
}

/* Makes an expression ready to run: alone, or by its plan. */
static struct err *prepare(struct frame *fr, struct pl_expr *e)
{
    TRY(pl_expr_parse(e, &fr->f->arena));
    if (!statement_is_query(&e->parsed.stmts[0]))
        return err_new("42601", "syntax error in expression \"%s\"", e->text);
    if (e->now && plain_is_current(fr, e->now))
        return NULL;
    if (!e->now || !e->now->plan)
        TRY(try_plain(fr, e));
    return e->now->tree ? NULL : plan_of(fr, e);
}

/* ---- values of parameters ---- */

static struct err *value_of_source(struct frame *fr, const struct source *s, struct arena *a,
                                   struct datum *out)
{
    const struct value *v = &fr->values[s->var->number];
    if (s->field < 0)
        return pl_whole(fr, s->var, a, out);
    *out = v->null || !v->shape ? datum_null() : v->fields[s->field].value;
    return NULL;
}

static struct err *gather(struct frame *fr, const struct analysis *now, struct arena *a,
                          struct datum *values)
{
    for (int i = 0; i < now->params.count; i++)
        TRY(value_of_source(fr, &now->sources[i], a, &values[i]));
    return NULL;
}

/* ... as copies, which the variables' later values leave alone. */
static struct err *gather_copies(struct frame *fr, const struct analysis *now, struct arena *a,
                                 struct datum **values)
{
    *values = arena_new_array(a, struct datum, now->params.count + 1);
    TRY(gather(fr, now, a, *values));
    for (int i = 0; i < now->params.count; i++) {
        const struct type_ops *ops = type_lookup(fr->env.types, now->params.types[i]);
        (*values)[i] = datum_copy(a, (*values)[i], ops && ops->byval);
    }
    return NULL;
}

struct err *pl_check_cursor_query(const struct raw_stmt *raw)
{
    return statement_is_query(raw) ? NULL
                                   : err_new("42P11", "cannot open %s query as cursor",
                                             raw->tree ? statement_name(raw->tree) : "this");
}

struct err *pl_bind(struct frame *fr, struct pl_expr *e, struct arena *a,
                    const struct param_types **params, struct datum **values)
{
    TRY(pl_in_text(e, pl_expr_parse(e, &fr->f->arena)));
    TRY(pl_check_cursor_query(&e->parsed.stmts[0]));
    TRY(pl_in_text(e, plan_of(fr, e)));
    *params = &e->now->params;
    return gather_copies(fr, e->now, a, values);
}

/* ---- evaluation ---- */

static struct err *take_runner(struct frame *fr, struct analysis *now, struct runner **out)
{
    struct runner *r = now->idle;
    if (r) {
        now->idle = r->next;
        *out = r;
        return NULL;
    }
    r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom();
    r->values = calloc((size_t)now->params.count + 1, sizeof(*r->values));
    struct err *e =
        !r->values ? err_oom()
                   : param_expr_new(&fr->env, now->params.count, (struct expr *)now->tree, &r->run);
    if (e) {
        free_runner(r);
        return e;
    }
    *out = r;
    return NULL;
}

static struct err *eval_plain(struct frame *fr, struct analysis *now, struct arena *a,
                              struct datum *out)
{
    struct runner *r = NULL;
    struct datum value;
    TRY(take_runner(fr, now, &r));
    struct err *e = gather(fr, now, a, r->values);
    if (!e)
        e = row_expr_eval(r->run, r->values, &value);
    if (!e) {
        const struct type_ops *ops = type_lookup(fr->env.types, now->tree->type);
        *out = datum_copy(a, value, ops && ops->byval);
    }
    r->next = now->idle;
    now->idle = r;
    return e;
}

static void new_command(struct frame *fr)
{
    if (!fr->read_only)
        txn_next_command(fr->env.cat->txn);
}

static struct err *first_value(struct frame *fr, uint32_t type, struct exec *x, struct arena *a,
                               struct datum *out)
{
    const struct datum *row;
    bool found;
    *out = datum_null();
    TRY(exec_next(x, &row, &found));
    if (!found)
        return NULL;
    const struct type_ops *ops = type_lookup(fr->env.types, type);
    *out = datum_copy(a, row[0], ops && ops->byval);
    TRY(exec_next(x, &row, &found));
    return found ? err_new("21000", "query returned more than one row") : NULL;
}

static struct err *eval_plan(struct frame *fr, struct analysis *now, struct arena *a,
                             struct datum *out, uint32_t *type, int32_t *typmod)
{
    struct datum *values;
    struct exec *x;
    struct statement_plan *plan = now->plan;
    if (plan->nout != 1)
        return err_new("42601", "query returned %d columns", plan->nout);
    *type = plan->out[0].expr->type == UNKNOWN_OID ? TEXT_OID : plan->out[0].expr->type;
    *typmod = plan->out[0].expr->typmod;
    TRY(gather_copies(fr, now, a, &values));
    new_command(fr);
    TRY(exec_begin(&fr->env, plan, values, &x));
    struct err *e = first_value(fr, *type, x, a, out);
    exec_end(x);
    return e;
}

struct err *pl_eval(struct frame *fr, struct pl_expr *e, struct arena *a, struct datum *out,
                    uint32_t *type, int32_t *typmod)
{
    struct err *err;
    TRY(pl_in_text(e, prepare(fr, e)));
    struct analysis *now = e->now;
    now->refs++;
    if (now->tree) {
        *type = now->tree->type;
        *typmod = now->tree->typmod;
        err = eval_plain(fr, now, a, out);
    } else {
        err = pl_in_text(e, eval_plan(fr, now, a, out, type, typmod));
    }
    release(now);
    return err;
}

struct err *pl_eval_as(struct frame *fr, struct pl_expr *e, uint32_t type, struct arena *a,
                       struct datum *out)
{
    uint32_t from;
    int32_t typmod;
    TRY(pl_eval(fr, e, a, out, &from, &typmod));
    return pl_cast(fr, *out, from, typmod, type, -1, a, out);
}

struct err *pl_eval_bool(struct frame *fr, struct pl_expr *e, bool *out)
{
    struct arena_mark mark = arena_mark(&fr->scratch);
    struct datum value;
    struct err *err = pl_eval_as(fr, e, BOOL_OID, &fr->scratch, &value);
    if (!err)
        *out = !value.null && value.i;
    arena_rewind(&fr->scratch, mark);
    return err;
}

struct err *pl_value_text(struct frame *fr, struct datum value, uint32_t type, struct arena *a,
                          const char **out)
{
    struct buf text = BUF_INIT;
    const struct type_ops *ops = type_lookup(fr->env.types, type);
    *out = NULL;
    if (value.null || !ops)
        return NULL;
    struct err *e = ops->out(ops, fr->env.types, value, &text);
    if (!e)
        *out = arena_strndup(a, (const char *)text.data, text.len);
    buf_done(&text);
    return e;
}

struct err *pl_eval_text(struct frame *fr, struct pl_expr *e, struct arena *a, const char **out)
{
    struct datum value;
    uint32_t type;
    int32_t typmod;
    TRY(pl_eval(fr, e, a, &value, &type, &typmod));
    return pl_value_text(fr, value, type, a, out);
}

/* ---- statements ---- */

static bool is_planned(const struct raw_stmt *raw)
{
    return statement_is_query(raw) ||
           (raw->tree && raw->tree->node_case == PG_QUERY__NODE__NODE_CALL_STMT);
}

static struct err *check_volatility(const struct frame *fr, const struct statement_plan *plan)
{
    static const char *const names[] = {
        [Q_INSERT] = "INSERT", [Q_UPDATE] = "UPDATE", [Q_DELETE] = "DELETE", [Q_MERGE] = "MERGE"};
    const enum query_kind kind = plan->query->kind;
    if (!fr->read_only || plan->read_only)
        return NULL;
    return err_new("0A000", "%s is not allowed in a non-volatile function",
                   kind == Q_SELECT || kind == Q_UTILITY
                       ? plan->query->nmarks ? "SELECT FOR UPDATE" : "SELECT"
                       : names[kind]);
}

/* Errors of the statement itself have its text for context; those of who takes the rows do not. */
static struct err *run_rows(struct frame *fr, const struct pl_expr *text,
                            struct statement_plan *plan, struct exec *x,
                            const struct row_sink *sink, uint64_t *processed)
{
    const struct shape *columns = sink ? pl_shape_of_plan(&fr->env, plan, &fr->scratch) : NULL;
    const struct datum *row;
    bool found = true;
    bool more = true;
    uint64_t n = 0;
    while (found && more) {
        TRY(pl_in_text(text, exec_next(x, &row, &found)));
        if (!found)
            break;
        n++;
        TRY(fiber_tick());
        if (sink && plan->nout)
            TRY(sink->row(sink->arg, columns, row, &more));
        /* Changes are made to the end, whoever reads what they return. */
        more = more || plan->query->kind != Q_SELECT;
    }
    *processed = plan->query->kind == Q_SELECT ? n : exec_processed(x);
    return NULL;
}

static struct err *begin_sink(const struct pl_expr *text, const struct raw_stmt *raw,
                              const struct statement_plan *plan, const struct row_sink *sink)
{
    struct err *refused = sink && sink->begin ? sink->begin(sink->arg, raw, plan) : NULL;
    return refused && sink->begin_in_text ? pl_in_text(text, refused) : refused;
}

/* A planned statement with values for its parameters. */
static struct err *run_plan(struct frame *fr, const struct pl_expr *text,
                            const struct raw_stmt *raw, struct statement_plan *plan,
                            const struct datum *values, const struct row_sink *sink,
                            uint64_t *processed)
{
    struct exec *x;
    TRY(begin_sink(text, raw, plan, sink));
    TRY(pl_in_text(text, check_volatility(fr, plan)));
    new_command(fr);
    TRY(pl_in_text(text, exec_begin(&fr->env, plan, values, &x)));
    fr->open_rows += !plan->query->call;
    struct err *e = run_rows(fr, text, plan, x, sink, processed);
    fr->open_rows -= !plan->query->call;
    exec_end(x);
    return e;
}

static struct err *run_other(struct frame *fr, const struct pl_expr *text, struct raw_stmt *raw,
                             const struct row_sink *sink, uint64_t *processed)
{
    *processed = 0;
    TRY(begin_sink(text, raw, NULL, sink));
    if (fr->read_only)
        return err_new("0A000", "%s is not allowed in a non-volatile function",
                       raw->tree ? statement_name(raw->tree) : "this statement");
    new_command(fr);
    return pl_in_text(text, fr->s->ops->run_statement(fr->s, raw, processed));
}

static bool is_transaction(const struct raw_stmt *raw)
{
    return raw->tree && raw->tree->node_case == PG_QUERY__NODE__NODE_TRANSACTION_STMT;
}

struct err *pl_run(struct frame *fr, struct pl_expr *e, const struct row_sink *sink,
                   uint64_t *processed)
{
    struct datum *values;
    TRY(pl_in_text(e, pl_expr_parse(e, &fr->f->arena)));
    if (is_transaction(&e->parsed.stmts[0]))
        return err_new("0A000", "unsupported transaction command in PL/pgSQL");
    if (!is_planned(&e->parsed.stmts[0]))
        return run_other(fr, e, &e->parsed.stmts[0], sink, processed);
    TRY(pl_in_text(e, plan_of(fr, e)));
    TRY(gather_copies(fr, e->now, &fr->scratch, &values));
    struct statement_plan *plan = plan_ref(e->now->plan);
    struct err *err = run_plan(fr, e, &e->parsed.stmts[0], plan, values, sink, processed);
    plan_unref(plan);
    return err;
}

static struct err *check_dynamic(const struct raw_stmt *raw)
{
    if (is_transaction(raw))
        return err_new("0A000", "EXECUTE of transaction commands is not implemented");
    if (raw->tree && raw->tree->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
        raw->tree->select_stmt->into_clause)
        return err_hint(err_new("0A000", "EXECUTE of SELECT ... INTO is not implemented"),
                        "You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS "
                        "instead.");
    return NULL;
}

static struct err *run_dynamic(struct frame *fr, const struct pl_expr *text, struct raw_stmt *raw,
                               const struct dynamic *d, const struct row_sink *sink,
                               uint64_t *processed)
{
    struct param_types params = {.types = d->types, .count = d->nvalues, .fixed = true};
    struct statement_plan *plan;
    TRY(check_dynamic(raw));
    if (!is_planned(raw))
        return run_other(fr, text, raw, sink, processed);
    TRY(pl_in_text(text, exec_plan(&fr->env, raw, &params, &plan)));
    struct err *e = run_plan(fr, text, raw, plan, d->values, sink, processed);
    plan_unref(plan);
    return e;
}

struct err *pl_run_dynamic(struct frame *fr, const struct dynamic *d, const struct row_sink *sink,
                           uint64_t *processed)
{
    const struct pl_expr text = {.text = d->sql, .kind = "SQL statement"};
    struct parsed parsed;
    *processed = 0;
    static const struct raw_stmt empty;
    TRY(pl_in_text(&text, parse_sql(d->sql, &fr->scratch, &parsed)));
    if (!parsed.count)
        return begin_sink(&text, &empty, NULL, sink);
    for (int i = 0; i < parsed.count; i++)
        TRY(run_dynamic(fr, &text, &parsed.stmts[i], d, i == parsed.count - 1 ? sink : NULL,
                        processed));
    return NULL;
}

struct statement_plan *pl_plan_of(const struct pl_expr *e)
{
    return e->now->plan;
}

/* ---- CALL ---- */

/* The variable that an argument of CALL names; it must be one where the procedure writes. */
static struct err *written_place(const struct pl_expr *e, const PgQuery__Node *n,
                                 const struct cat_proc *p, int i, struct place *out)
{
    const char *names[3];
    int used = 0;
    int count = 0;
    const PgQuery__ColumnRef *ref =
        n->node_case == PG_QUERY__NODE__NODE_COLUMN_REF ? n->column_ref : NULL;
    for (size_t k = 0; ref && k < ref->n_fields && k < 3; k++)
        if (ref->fields[k]->node_case == PG_QUERY__NODE__NODE_STRING)
            names[count++] = ref->fields[k]->string->sval;
    *out =
        (struct place){count ? pl_find_var(e->scope, e->visible, names, count, &used) : NULL, NULL};
    if (out->var && used < count)
        out->field = names[used];
    if (out->var && !out->var->constant && (!out->field || out->var->record))
        return NULL;
    struct str name = p->argnames ? p->argnames[i] : STR("");
    return name.len ? err_new("42601",
                              "procedure parameter \"%.*s\" is an output parameter but "
                              "corresponding argument is not writable",
                              STR_ARG(name))
                    : err_new("42601",
                              "procedure parameter %d is an output parameter but corresponding "
                              "argument is not writable",
                              i + 1);
}

static const PgQuery__Node *argument_value(const PgQuery__Node *n)
{
    return n->node_case == PG_QUERY__NODE__NODE_NAMED_ARG_EXPR ? n->named_arg_expr->arg : n;
}

/* Where the output arguments of the procedure go, in their order. */
static struct err *output_places(struct frame *fr, const struct pl_expr *e, struct into *out)
{
    const PgQuery__FuncCall *call = e->parsed.stmts[0].tree->call_stmt->funccall;
    const struct query *q = e->now->plan->query;
    const struct cat_proc *p =
        q->nrtes && q->rtes[0]->nfuncs ? builtin_proc(q->rtes[0]->funcs[0]->func) : NULL;
    for (int i = 0; p && p->argmodes && i < p->nallargs && i < (int)call->n_args; i++) {
        struct place to;
        if (!strchr("bo", p->argmodes[i]))
            continue;
        TRY(written_place(e, argument_value(call->args[i]), p, i, &to));
        ARENA_PUSH(&fr->scratch, out->items, out->count, out->cap, to);
    }
    return NULL;
}

struct outputs {
    struct frame *fr;
    struct pl_expr *expr;
    struct into into;
};

static struct err *find_outputs(void *arg, const struct raw_stmt *raw,
                                const struct statement_plan *plan)
{
    struct outputs *o = arg;
    (void)raw;
    return plan && plan->query->call ? output_places(o->fr, o->expr, &o->into) : NULL;
}

static struct err *take_outputs(void *arg, const struct shape *columns, const struct datum *row,
                                bool *more)
{
    struct outputs *o = arg;
    (void)more;
    for (int i = 0; i < o->into.count && i < columns->nfields; i++)
        TRY(pl_assign_place(o->fr, &o->into.items[i], row[i], columns->types[i],
                            columns->typmods[i]));
    return NULL;
}

struct err *pl_call_procedure(struct frame *fr, const struct stmt *s)
{
    struct outputs o = {.fr = fr, .expr = s->expr};
    const struct row_sink sink = {take_outputs, &o, find_outputs};
    uint64_t n;
    return pl_run(fr, s->expr, &sink, &n);
}
