/* Calls: a function's compiled form, its arguments, its result. */
#include "plpgsql/plpgsql.h"

#include "plpgsql/plpgsql_internal.h"

#include "catalog/ddl.h"
#include "exec/checks.h"
#include "exec/function_plans.h"
#include "exec/language.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdlib.h>

/* ---- the compiled function ---- */

static void free_compiled(void *compiled)
{
    pl_function_free(compiled);
}

/* An error of compiling, where its place cannot be shown in the statement. */
static struct err *near_line(struct err *e, const struct cat_proc *p, const char *body)
{
    const struct str name = p ? p->name : STR("inline_code_block");
    int line = 1;
    int at = 1;
    for (const char *c = body; *c && at < e->position; c++) {
        line += *c == '\n';
        at += ((unsigned char)c[1] & 0xc0) != 0x80;
    }
    if (e->position && !e->internal_query) {
        e->internal_position = e->position;
        e->internal_query = strdup(body);
        e->position = 0;
    }
    return err_context(e, "compilation of PL/pgSQL function \"%.*s\" near line %d", STR_ARG(name),
                       line);
}

static struct err *signature(struct session *s, uint32_t func, struct arena *a, const char **out)
{
    struct buf b = BUF_INIT;
    struct err *e = s->types.name_of(s->types.names, REGPROCEDURE_OID, func, &b);
    *out = e ? "" : arena_strdup(a, buf_cstr(&b));
    buf_done(&b);
    return e;
}

/* Kept by the session for the types of these arguments; the caller releases it. */
static struct err *compiled(struct session *s, const struct fn_call *c, int nargs,
                            struct function_plan **out)
{
    const struct cat_proc *p = builtin_proc(c->func);
    const struct exec_env env = session_exec_env(s);
    struct function_plan *plan = *out = function_plan_get(s, c, nargs);
    struct function *f;
    if (plan->compiled)
        return NULL;
    TRY(cat_proc_source(&s->cat, c->func, &plan->arena, &plan->body));
    const struct compile_input in = {
        .env = &env, .proc = p, .arg_types = plan->types, .body = plan->body};
    struct err *e = pl_compile(&in, &f);
    if (e)
        return near_line(e, p, plan->body);
    plan->compiled = f;
    plan->free_compiled = free_compiled;
    TRY(signature(s, c->func, &f->arena, &f->name));
    function_plan_keep(s, plan);
    return NULL;
}

/* ---- frames ---- */

static void frame_init(struct frame *fr, struct session *s, struct function *f)
{
    *fr = (struct frame){.f = f, .env = session_exec_env(s), .s = s};
    arena_init(&fr->scratch);
    arena_init(&fr->shapes);
    fr->values = calloc((size_t)f->nvars + 1, sizeof(*fr->values));
    CHECK(fr->values != NULL);
    for (int i = 0; i < f->nvars; i++)
        fr->values[i].slot.value = datum_null();
    fr->read_only = f->proc && f->proc->volatility != 'v';
    fr->up = s->language_calls;
    s->language_calls = fr;
}

static void frame_done(struct frame *fr)
{
    fr->s->language_calls = fr->up;
    for (int i = 0; i < fr->f->nvars; i++)
        pl_value_free(&fr->values[i]);
    free(fr->values);
    arena_done(&fr->shapes);
    arena_done(&fr->scratch);
}

const char *pl_where_all(const struct frame *fr, struct arena *a)
{
    const char *all = pl_where(fr, a);
    for (fr = fr->up; fr; fr = fr->up)
        all = arena_printf(a, "%s\n%s", all, pl_where(fr, a));
    return all;
}

static struct err *in_function(struct frame *fr, struct err *e)
{
    if (!e)
        return NULL;
    if (fr->rethrown)
        return e;
    return err_context(e, "%s", pl_where(fr, &fr->scratch));
}

static struct err *set_arguments(struct frame *fr, const struct fn_call *c)
{
    fr->entry = "while storing call arguments into local variables";
    for (int i = 0; i < c->nargs; i++)
        TRY(pl_assign(fr, fr->f->args[i], c->args[i], c->arg_types[i], -1));
    for (int i = 0; i < fr->f->nouts; i++) {
        const struct var *v = fr->f->outs[i];
        bool in = false;
        for (int k = 0; k < c->nargs; k++)
            in |= fr->f->args[k] == v;
        if (!in && v->record)
            TRY(pl_record_null(fr, v));
    }
    fr->entry = NULL;
    return NULL;
}

/* ---- results ---- */

/* The output arguments as the value that the call gives. */
static struct err *value_of_outs(struct frame *fr)
{
    struct function *f = fr->f;
    struct datum *row = arena_new_array(&fr->scratch, struct datum, f->nouts + 1);
    for (int i = 0; i < f->nouts; i++)
        TRY(pl_whole(fr, f->outs[i], &fr->scratch, &row[i]));
    if (f->nouts == 1 && f->outs[0]->type == f->rettype) {
        fr->result = datum_copy(fr->result_arena, row[0], f->ret_ops && f->ret_ops->byval);
        return NULL;
    }
    const struct shape *s = f->shape;
    return record_make(RECORD_OID, s->nfields, s->ops, s->names, row, fr->result_arena,
                       &fr->result);
}

static struct err *finish_value(struct frame *fr)
{
    const struct function *f = fr->f;
    fr->entry = "during function exit";
    fr->line = 0;
    if (f->nouts)
        return value_of_outs(fr);
    if (!fr->returned && f->rettype != VOID_OID && f->proc && f->proc->kind == 'f') {
        fr->entry = NULL;
        fr->doing = NULL;
        return err_new("2F005", f->trigger
                                    ? "control reached end of trigger procedure without RETURN"
                                    : "control reached end of function without RETURN");
    }
    return NULL;
}

/* Runs a compiled function with the call's arguments. */
static struct err *run(struct frame *fr, const struct fn_call *c)
{
    struct err *e = c ? set_arguments(fr, c) : NULL;
    if (!e)
        e = pl_run_body(fr);
    if (!e && !fr->set)
        e = finish_value(fr);
    return in_function(fr, e);
}

/* ---- calls ---- */

static struct err *needs_session(const struct fn_call *c)
{
    if (!c->session)
        return err_new("0A000", "PL/pgSQL functions need a session");
    if (builtin_proc(c->func)->rettype == TRIGGER_OID)
        return near_line(err_new("0A000", "trigger functions can only be called as triggers"),
                         builtin_proc(c->func), "");
    return NULL;
}

typedef struct err *(*with_function)(struct session *s, struct function *f, void *arg);

/* The checks that the calling statement has queued wait for its end, whatever statements of the
 * function end or are undone. A procedure may end the transaction, and no statement stands around.
 */
static struct err *run_apart(struct session *s, struct function *f, with_function then, void *arg)
{
    struct checks_level outer;
    if (!f->proc || f->proc->kind == 'p')
        return then(s, f, arg);
    TRY(checks_enter(s, &outer));
    struct err *e = then(s, f, arg);
    checks_leave(s, &outer);
    return e;
}

/* Calls `then` with the function compiled, as the role and with the settings that it has. */
static struct err *enter(struct session *s, const struct fn_call *c, int nargs, with_function then,
                         void *arg)
{
    struct function_plan *plan = NULL;
    struct function_entry entry;
    struct arena arena;
    arena_init(&arena);
    struct err *e = function_enter(s, builtin_proc(c->func), &arena, &entry);
    if (!e)
        e = compiled(s, c, nargs, &plan);
    if (!e)
        e = run_apart(s, plan->compiled, then, arg);
    if (plan)
        function_plan_release(plan);
    e = function_leave(s, &entry, e);
    arena_done(&arena);
    return e;
}

/* The columns that the call in FROM names. */
static const struct shape *columns_of(const struct fn_call *c, struct arena *a)
{
    if (!c->columns)
        return NULL;
    struct var **vars = arena_new_array(a, struct var *, c->columns->nfields + 1);
    for (int i = 0; i < c->columns->nfields; i++) {
        const struct composite_field *f = &c->columns->fields[i];
        vars[i] = arena_new(a, struct var);
        *vars[i] = (struct var){.name = arena_strndup(a, f->name.data, f->name.len),
                                .type = f->type,
                                .typmod = f->typmod,
                                .ops = f->ops};
    }
    return pl_shape_of_vars(vars, c->columns->nfields, a);
}

struct value_call {
    const struct fn_call *c;
    struct datum *out;
};

static struct err *call_value(struct session *s, struct function *f, void *arg)
{
    struct value_call *v = arg;
    struct frame fr;
    frame_init(&fr, s, f);
    fr.set_columns = f->returns_row && !f->shape ? columns_of(v->c, &fr.scratch) : NULL;
    fr.result = datum_null();
    fr.result_arena = v->c->arena;
    struct err *e = run(&fr, v->c);
    *v->out = fr.result;
    frame_done(&fr);
    return e;
}

static struct err *call(struct fn_call *c, struct datum *out)
{
    struct value_call v = {c, out};
    TRY(needs_session(c));
    return enter(c->session, c, c->nargs, call_value, &v);
}

/* ---- sets ---- */

struct set {
    struct fn_call *c; /* the first call, which fills it */
    struct row_store *rows;
    struct row_reader reader;
    const struct shape *shape; /* of the rows; NULL: single values */
    int width;
};

/* When all rows have been given, or the run ends before. */
static void set_done(void *arg)
{
    struct set *s = arg;
    if (!s->rows)
        return;
    row_reader_done(&s->reader);
    row_store_free(s->rows);
    s->rows = NULL;
}

static struct err *fill_set(struct session *s, struct function *f, void *arg)
{
    struct set *set = arg;
    struct frame fr;
    frame_init(&fr, s, f);
    fr.set_columns = columns_of(set->c, set->c->state_arena);
    fr.result_arena = &fr.scratch;
    const struct shape *shape = pl_set_shape(&fr);
    set->width = shape ? shape->nfields : 1;
    set->shape = shape ? pl_shape_copy(shape, set->c->state_arena) : NULL;
    struct err *e = row_store_new(session_temp_quota(s), s->work_mem_bytes, set->width, &fr.set);
    set->rows = fr.set;
    if (!e)
        e = run(&fr, set->c);
    frame_done(&fr);
    return e;
}

/* A row of the set as what the call gives: columns, or one record. */
static struct err *give_row(const struct set *s, const struct fn_call *c, const struct datum *from,
                            struct datum *row, int ncols)
{
    const struct shape *shape = s->shape;
    const bool record =
        shape && !c->columns && ncols == 1 && type_is_record(type_lookup(c->env, c->result_type));
    if (record)
        return record_make(shape->type, shape->nfields, shape->ops,
                           shape->type == RECORD_OID ? shape->names : NULL, from, c->arena, row);
    for (int i = 0; i < ncols; i++)
        row[i] = i < s->width ? from[i] : datum_null();
    return NULL;
}

static struct err *next(void **state, struct fn_call *c, struct datum *row, int ncols, bool *done)
{
    struct set *s = *state;
    const struct datum *from;
    bool found = false;
    if (!s) {
        TRY(needs_session(c));
        *state = s = arena_new(c->state_arena, struct set);
        s->c = c;
        fn_at_end(c, set_done, s);
        TRY(enter(c->session, c, c->nargs, fill_set, s));
        row_reader_init(&s->reader, s->rows);
    }
    if (s->rows)
        TRY(row_reader_next(&s->reader, &from, &found));
    *done = !found;
    if (found)
        return give_row(s, c, from, row, ncols);
    set_done(s);
    return NULL;
}

static const struct srf_impl srf = {"plpgsql_function", next};

/* ---- triggers ---- */

static void set_var(struct frame *fr, enum tg_var which, const char *text)
{
    const struct var *v = fr->f->tg[which];
    pl_slot_set(&fr->values[v->number].slot, datum_str(str_from(text)), v->ops);
}

static struct err *set_argv(struct frame *fr, const struct trigger_call *t)
{
    struct datum *items = arena_new_array(&fr->scratch, struct datum, t->nargs + 1);
    struct datum array;
    for (int i = 0; i < t->nargs; i++)
        items[i] = datum_str(str_from(t->args[i]));
    if (!t->nargs)
        return NULL;
    const int32_t dims[1] = {t->nargs};
    const int32_t lower[1] = {0};
    TRY(array_make(type_by_oid(TEXT_OID), 1, dims, lower, items, &fr->scratch, &array));
    const struct var *v = fr->f->tg[TG_ARGV];
    pl_slot_set(&fr->values[v->number].slot, array, v->ops);
    return NULL;
}

/* OLD or NEW: the row's columns without those dropped. */
static struct err *set_row(struct frame *fr, const struct var *v, const struct shape *shape,
                           const struct relation *r, const struct datum *row)
{
    struct datum *values = arena_new_array(&fr->scratch, struct datum, r->natts + 1);
    int n = 0;
    for (int i = 0; row && i < r->natts; i++)
        if (!r->atts[i].dropped)
            values[n++] = row[i];
    fr->values[v->number].shape = shape;
    return row ? pl_assign_record(fr, v, shape, values) : pl_record_null(fr, v);
}

static struct err *set_trigger_vars(struct frame *fr, const struct trigger_call *t)
{
    static const char *const whens[] = {"BEFORE", "AFTER", "INSTEAD OF"};
    static const char *const events[] = {"INSERT", "UPDATE", "DELETE", "TRUNCATE"};
    const struct function *f = fr->f;
    const struct shape *shape;
    set_var(fr, TG_NAME, t->name);
    set_var(fr, TG_WHEN, whens[t->time]);
    set_var(fr, TG_LEVEL, t->for_each_row ? "ROW" : "STATEMENT");
    set_var(fr, TG_OP, events[t->event]);
    set_var(fr, TG_RELNAME, t->relation->name);
    set_var(fr, TG_TABLE_NAME, t->relation->name);
    set_var(fr, TG_TABLE_SCHEMA, t->schema);
    pl_slot_set(&fr->values[f->tg[TG_RELID]->number].slot, datum_int(t->relation->oid),
                f->tg[TG_RELID]->ops);
    pl_slot_set(&fr->values[f->tg[TG_NARGS]->number].slot, datum_int(t->nargs),
                f->tg[TG_NARGS]->ops);
    TRY(set_argv(fr, t));
    TRY(pl_shape_of_type(&fr->env, t->relation->row_type, &fr->shapes, &shape));
    TRY(set_row(fr, f->old_row, shape, t->relation, t->old_row));
    return set_row(fr, f->new_row, shape, t->relation, t->new_row);
}

struct err *pl_trigger_result(struct frame *fr, struct datum value)
{
    const struct relation *r = fr->trigger->relation;
    struct record_view v;
    fr->trigger_result->row = NULL;
    if (value.null || !fr->trigger->for_each_row)
        return NULL;
    struct datum *row = arena_new_array(fr->result_arena, struct datum, r->natts + 1);
    struct datum kept = datum_copy(fr->result_arena, value, false);
    int wanted = 0;
    int n = 0;
    TRY(record_view(fr->env.types, kept, fr->result_arena, &v));
    for (int i = 0; i < r->natts; i++)
        wanted += !r->atts[i].dropped;
    if (v.nfields != wanted)
        return err_detail(err_new("42804", "returned row structure does not match the structure of "
                                           "the triggering table"),
                          "Number of returned columns (%d) does not match expected column count "
                          "(%d).",
                          v.nfields, wanted);
    for (int i = 0; i < r->natts; i++) {
        row[i] = datum_null();
        if (r->atts[i].dropped)
            continue;
        const uint32_t type = v.types[n] ? v.types[n]->oid : TEXT_OID;
        TRY(pl_cast(fr, v.values[n++], type, -1, r->atts[i].type, r->atts[i].typmod,
                    fr->result_arena, &row[i]));
    }
    fr->trigger_result->row = row;
    return NULL;
}

struct trigger_run {
    const struct trigger_call *t;
    struct arena *arena;
    struct trigger_result *out;
};

static struct err *call_trigger(struct session *s, struct function *f, void *arg)
{
    struct trigger_run *r = arg;
    struct frame fr;
    frame_init(&fr, s, f);
    fr.trigger = r->t;
    fr.trigger_result = r->out;
    fr.result_arena = r->arena;
    fr.read_only = false;
    fr.entry = "during function entry";
    struct err *e = set_trigger_vars(&fr, r->t);
    if (e)
        e = in_function(&fr, e);
    fr.entry = NULL;
    if (!e)
        e = run(&fr, NULL);
    frame_done(&fr);
    return e;
}

static struct err *run_trigger(struct session *s, const struct trigger_call *t, struct arena *a,
                               struct trigger_result *out)
{
    struct trigger_run r = {t, a, out};
    /* Compiled for the table, so that its plans are. */
    const struct fn_call c = {.func = t->func, .arg_types = &t->relation->oid, .session = s};
    out->row = NULL;
    return enter(s, &c, 1, call_trigger, &r);
}

/* ---- DO, and checking ---- */

static struct err *run_block(struct session *s, const char *body)
{
    const struct exec_env env = session_exec_env(s);
    const struct compile_input in = {.env = &env, .body = body, .check = true};
    struct function *f;
    struct frame fr;
    struct err *e = pl_compile(&in, &f);
    if (e)
        return e->position ? e : near_line(e, NULL, body);
    f->name = "inline_code_block";
    frame_init(&fr, s, f);
    e = run(&fr, NULL);
    frame_done(&fr);
    pl_function_free(f);
    return e;
}

/* What polymorphic arguments are taken for while nobody calls. */
static uint32_t example_of(uint32_t type)
{
    switch (type) {
    case ANYARRAY_OID:
    case ANYCOMPATIBLEARRAY_OID:
        return INT4ARRAY_OID;
    case ANYRANGE_OID:
    case ANYCOMPATIBLERANGE_OID:
        return INT4RANGE_OID;
    case ANYMULTIRANGE_OID:
    case ANYCOMPATIBLEMULTIRANGE_OID:
        return INT4MULTIRANGE_OID;
    default:
        return type_is_polymorphic(type) ? INT4_OID : type;
    }
}

static struct err *check_pseudo(const struct cat_proc *p, struct arena *a)
{
    const struct cat_type *t = builtin_type(p->rettype);
    if (t && t->kind == 'p' && !type_is_polymorphic(p->rettype) && p->rettype != TRIGGER_OID &&
        p->rettype != RECORD_OID && p->rettype != VOID_OID)
        return err_new("0A000", "PL/pgSQL functions cannot return type %s",
                       type_display(a, p->rettype, -1));
    for (int i = 0; i < p->nargs; i++) {
        t = builtin_type(p->argtypes[i]);
        if (t && t->kind == 'p' && !type_is_polymorphic(p->argtypes[i]) &&
            p->argtypes[i] != RECORD_OID)
            return err_new("0A000", "PL/pgSQL functions cannot accept type %s",
                           type_display(a, p->argtypes[i], -1));
    }
    return NULL;
}

static struct err *check(const struct exec_env *env, const struct cat_proc *p, const char *body)
{
    struct arena a;
    struct function *f = NULL;
    arena_init(&a);
    uint32_t *types = arena_new_array(&a, uint32_t, p->nargs + 1);
    for (int i = 0; i < p->nargs; i++)
        types[i] = example_of(p->argtypes[i]);
    const struct compile_input in = {
        .env = env, .proc = p, .arg_types = types, .body = body, .check = true};
    struct err *e = check_pseudo(p, &a);
    if (!e)
        e = pl_compile(&in, &f);
    if (e && !e->position)
        near_line(e, p, body);
    pl_function_free(f);
    arena_done(&a);
    return e;
}

static const struct language plpgsql = {
    .name = "plpgsql",
    .oid = PLPGSQL_LANGUAGE,
    .call = call,
    .srf = &srf,
    .check = check,
    .run_block = run_block,
    .run_trigger = run_trigger,
};

void plpgsql_init(void)
{
    language_register(&plpgsql);
}
