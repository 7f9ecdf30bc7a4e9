/* Running a function's statements. */
#include "plpgsql/plpgsql_internal.h"

#include "rt/fiber.h"

enum { STACK_RESERVE = 64 * 1024 };

/* ---- what is at work ---- */

static const char *name_of(const struct stmt *s)
{
    static const char *const names[] = {
        [ST_BLOCK] = "statement block",
        [ST_ASSIGN] = "assignment",
        [ST_IF] = "IF",
        [ST_CASE] = "CASE",
        [ST_LOOP] = "LOOP",
        [ST_WHILE] = "WHILE",
        [ST_FOR_INT] = "FOR with integer loop variable",
        [ST_FOR_QUERY] = "FOR over SELECT rows",
        [ST_FOR_CURSOR] = "FOR over cursor",
        [ST_FOR_EXECUTE] = "FOR over EXECUTE statement",
        [ST_FOREACH] = "FOREACH over array",
        [ST_EXIT] = "EXIT",
        [ST_CONTINUE] = "CONTINUE",
        [ST_RETURN] = "RETURN",
        [ST_RETURN_NEXT] = "RETURN NEXT",
        [ST_RETURN_QUERY] = "RETURN QUERY",
        [ST_RAISE] = "RAISE",
        [ST_ASSERT] = "ASSERT",
        [ST_SQL] = "SQL statement",
        [ST_EXECUTE] = "EXECUTE",
        [ST_PERFORM] = "PERFORM",
        [ST_CALL] = "CALL",
        [ST_GET_DIAGNOSTICS] = "GET DIAGNOSTICS",
        [ST_OPEN] = "OPEN",
        [ST_FETCH] = "FETCH",
        [ST_CLOSE] = "CLOSE",
        [ST_COMMIT] = "COMMIT",
        [ST_ROLLBACK] = "ROLLBACK",
    };
    if (s->type == ST_GET_DIAGNOSTICS && s->diag.stacked)
        return "GET STACKED DIAGNOSTICS";
    if (s->type == ST_FETCH && s->fetch.move)
        return "MOVE";
    return names[s->type];
}

const char *pl_where(const struct frame *fr, struct arena *a)
{
    const char *name = fr->f->name;
    if (fr->entry && fr->line)
        return arena_printf(a, "PL/pgSQL function %s line %d %s", name, fr->line, fr->entry);
    if (fr->entry)
        return arena_printf(a, "PL/pgSQL function %s %s", name, fr->entry);
    if (fr->doing)
        return arena_printf(a, "PL/pgSQL function %s line %d at %s", name, fr->line, fr->doing);
    return arena_printf(a, "PL/pgSQL function %s", name);
}

/* ---- setting variables ---- */

void pl_set_found(struct frame *fr, bool found)
{
    pl_slot_set(&fr->values[fr->f->found->number].slot, datum_bool(found), fr->f->found->ops);
}

static void set_text(struct frame *fr, const struct var *v, const char *text)
{
    pl_slot_set(&fr->values[v->number].slot, text ? datum_str(str_from(text)) : datum_null(),
                v->ops);
}

/* The value that its declaration gives it. */
static struct err *init_var(struct frame *fr, const struct var *v)
{
    struct datum value = datum_null();
    uint32_t type = v->type;
    int32_t typmod = v->typmod;
    if (v->init) {
        TRY(pl_eval(fr, v->init, &fr->scratch, &value, &type, &typmod));
        return pl_assign(fr, v, value, type, typmod);
    }
    if (v->cursor)
        value = datum_str(str_from(v->name));
    if (v->record)
        return pl_record_null(fr, v);
    if (v->ops && v->ops->domain) /* NULL may not be one of its values */
        return pl_assign(fr, v, value, UNKNOWN_OID, -1);
    pl_slot_set(&fr->values[v->number].slot, value, v->ops);
    return NULL;
}

/* ---- blocks ---- */

static struct err *init_block(struct frame *fr, const struct stmt *s)
{
    struct err *e = NULL;
    fr->entry = "during statement block local variable initialization";
    for (int i = 0; !e && i < s->block.nvars; i++)
        e = init_var(fr, s->block.vars[i]);
    if (!e)
        fr->entry = NULL;
    return e;
}

/* Whether OTHERS takes it: all but a cancel, a failed ASSERT and the end of the session. */
static bool is_ordinary(const struct err *e)
{
    return !err_is(e, "57014") && !err_is(e, "P0004");
}

static bool matches(const struct condition *c, const struct err *e)
{
    if (!*c->sqlstate)
        return is_ordinary(e);
    if (strcmp(c->sqlstate + 2, "000") == 0) /* a whole class */
        return strncmp(c->sqlstate, e->sqlstate, 2) == 0;
    return err_is(e, c->sqlstate);
}

static const struct handler *handler_of(const struct block *b, const struct err *e)
{
    if (e->severity != ERR_ERROR)
        return NULL;
    for (int i = 0; i < b->nhandlers; i++)
        for (int k = 0; k < b->handlers[i].nconditions; k++)
            if (matches(&b->handlers[i].conditions[k], e))
                return &b->handlers[i];
    return NULL;
}

static struct err *handle(struct frame *fr, const struct block *b, const struct handler *h,
                          struct err *caught, enum flow *flow)
{
    struct err *outer = fr->error;
    err_context(caught, "%s", pl_where(fr, &fr->scratch));
    fr->entry = NULL;
    fr->error = caught;
    set_text(fr, b->sqlstate, caught->sqlstate);
    set_text(fr, b->sqlerrm, caught->message);
    struct err *e = pl_statements(fr, &h->body, flow);
    fr->error = outer;
    err_free(caught);
    return e;
}

static struct err *run_guarded(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    const struct session_ops *ops = fr->s->ops;
    fr->entry = "during statement block entry";
    TRY(ops->try_begin(fr->s));
    fr->entry = NULL;
    struct err *e = init_block(fr, s);
    if (!e)
        e = pl_statements(fr, &s->block.body, flow);
    const struct handler *h = e ? handler_of(&s->block, e) : NULL;
    struct err *failed = ops->try_end(fr->s, !e);
    if (failed) {
        err_free(e);
        return failed;
    }
    return h ? handle(fr, &s->block, h, e, flow) : e;
}

static struct err *run_block(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    if (s->block.has_handlers) {
        TRY(run_guarded(fr, s, flow));
    } else {
        TRY(init_block(fr, s));
        TRY(pl_statements(fr, &s->block.body, flow));
    }
    if (*flow == FLOW_EXIT && fr->exit_label && s->label && strcmp(fr->exit_label, s->label) == 0)
        *flow = FLOW_NEXT;
    return NULL;
}

/* ---- conditions and loops ---- */

static struct err *run_if(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    for (int i = 0; i < s->cases.count; i++) {
        bool holds;
        TRY(pl_eval_bool(fr, s->cases.items[i].condition, &holds));
        if (holds)
            return pl_statements(fr, &s->cases.items[i].body, flow);
    }
    return pl_statements(fr, &s->cases.otherwise, flow);
}

/* The operand's variable takes its type. */
static struct err *set_operand(struct frame *fr, const struct stmt *s)
{
    struct var *v = s->cases.test;
    struct datum value;
    uint32_t type;
    int32_t typmod;
    TRY(pl_eval(fr, s->expr, &fr->scratch, &value, &type, &typmod));
    v->type = type;
    v->ops = type_lookup(fr->env.types, type);
    pl_slot_set(&fr->values[v->number].slot, value, v->ops);
    return NULL;
}

static struct err *run_case(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    if (s->cases.test)
        TRY(set_operand(fr, s));
    for (int i = 0; i < s->cases.count; i++) {
        bool holds;
        TRY(pl_eval_bool(fr, s->cases.items[i].condition, &holds));
        if (holds)
            return pl_statements(fr, &s->cases.items[i].body, flow);
    }
    if (!s->cases.has_otherwise)
        return err_hint(err_new("20000", "case not found"), "CASE statement is missing ELSE part.");
    return pl_statements(fr, &s->cases.otherwise, flow);
}

/* After a loop's body: whether the loop goes on. */
bool pl_goes_on(const struct frame *fr, const struct stmt *s, enum flow *flow)
{
    const bool ours = !fr->exit_label || (s->label && strcmp(fr->exit_label, s->label) == 0);
    if (*flow == FLOW_NEXT)
        return true;
    if (*flow == FLOW_RETURN || !ours)
        return false;
    const bool again = *flow == FLOW_CONTINUE;
    *flow = FLOW_NEXT;
    return again;
}

static struct err *run_loop(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    for (;;) {
        bool holds = true;
        TRY(fiber_tick());
        if (s->type == ST_WHILE)
            TRY(pl_eval_bool(fr, s->expr, &holds));
        if (!holds)
            return NULL;
        TRY(pl_statements(fr, &s->body, flow));
        if (!pl_goes_on(fr, s, flow))
            return NULL;
    }
}

static struct err *bound_of(struct frame *fr, struct pl_expr *e, const char *what, int64_t *out)
{
    struct datum value;
    TRY(pl_eval_as(fr, e, INT4_OID, &fr->scratch, &value));
    if (value.null)
        return err_new("22004", "%s of FOR loop cannot be null", what);
    *out = value.i;
    return NULL;
}

static struct err *run_for_int(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    const struct var *v = s->loop.var;
    int64_t at = 0;
    int64_t to = 0;
    int64_t by = 1;
    bool found = false;
    TRY(bound_of(fr, s->expr, "lower bound", &at));
    TRY(bound_of(fr, s->loop.to, "upper bound", &to));
    if (s->loop.by)
        TRY(bound_of(fr, s->loop.by, "BY value", &by));
    if (by <= 0)
        return err_new("22023", "BY value of FOR loop must be greater than zero");
    while (s->loop.reverse ? at >= to : at <= to) {
        found = true;
        TRY(fiber_tick());
        pl_slot_set(&fr->values[v->number].slot, datum_int(at), v->ops);
        TRY(pl_statements(fr, &s->body, flow));
        if (!pl_goes_on(fr, s, flow))
            break;
        at += s->loop.reverse ? -by : by;
        if (at > INT32_MAX || at < INT32_MIN)
            break;
    }
    pl_set_found(fr, found);
    return NULL;
}

static const char *plan_verb(const struct statement_plan *plan)
{
    static const char *const names[] = {
        [Q_INSERT] = "INSERT", [Q_UPDATE] = "UPDATE", [Q_DELETE] = "DELETE", [Q_MERGE] = "MERGE"};
    const enum query_kind kind = plan->query->kind;
    return plan->query->call                       ? "CALL"
           : kind == Q_SELECT || kind == Q_UTILITY ? "SELECT"
                                                   : names[kind];
}

struct row_loop {
    struct frame *fr;
    const struct stmt *s;
    enum flow *flow;
    const struct shape *columns;
    bool found;
};

static struct err *begin_row_loop(void *arg, const struct raw_stmt *raw,
                                  const struct statement_plan *plan)
{
    struct row_loop *l = arg;
    TRY(pl_check_cursor_query(raw));
    l->columns = pl_shape_of_plan(&l->fr->env, plan, &l->fr->scratch);
    return plan->nout && !plan->query->call
               ? NULL
               : err_new("42P11", "cannot open %s query as cursor", plan_verb(plan));
}

static struct err *loop_row(void *arg, const struct shape *columns, const struct datum *row,
                            bool *more)
{
    struct row_loop *l = arg;
    l->found = true;
    TRY(pl_assign_row(l->fr, &l->s->loop.row, columns, row));
    TRY(pl_statements(l->fr, &l->s->body, l->flow));
    *more = pl_goes_on(l->fr, l->s, l->flow);
    return NULL;
}

/* After the last row: a loop without rows leaves NULLs. */
static struct err *end_row_loop(struct row_loop *l)
{
    pl_set_found(l->fr, l->found);
    return l->found ? NULL : pl_assign_row(l->fr, &l->s->loop.row, l->columns, NULL);
}

struct err *pl_dynamic_of(struct frame *fr, struct pl_expr *text, const struct exprs *params,
                          const char *what, struct dynamic *out)
{
    TRY(pl_eval_text(fr, text, &fr->scratch, &out->sql));
    if (!out->sql)
        return err_new("22004", "query string argument of %s is null", what);
    out->nvalues = params->count;
    out->types = arena_new_array(&fr->scratch, uint32_t, params->count + 1);
    out->values = arena_new_array(&fr->scratch, struct datum, params->count + 1);
    for (int i = 0; i < params->count; i++) {
        int32_t typmod;
        TRY(pl_eval(fr, params->items[i], &fr->scratch, &out->values[i], &out->types[i], &typmod));
        if (out->types[i] == UNKNOWN_OID)
            out->types[i] = TEXT_OID;
    }
    return NULL;
}

static struct err *run_for_rows(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    struct row_loop l = {.fr = fr, .s = s, .flow = flow};
    const struct row_sink sink = {loop_row, &l, begin_row_loop};
    struct dynamic d;
    uint64_t n;
    if (s->type == ST_FOR_QUERY) {
        TRY(pl_run(fr, s->expr, &sink, &n));
    } else {
        TRY(pl_dynamic_of(fr, s->expr, &s->loop.params, "EXECUTE", &d));
        TRY(pl_run_dynamic(fr, &d, &sink, &n));
    }
    return end_row_loop(&l);
}

/* Piece `at` of an array whose pieces have `slice` dimensions; 0: items. */
static struct err *array_piece(const struct type_ops *ops, const struct array *a, int slice,
                               uint32_t at, struct arena *arena, struct datum *out)
{
    const int first = a->ndim - slice;
    uint32_t n = 1;
    if (!slice) {
        *out = array_is_null(a, at) ? datum_null() : array_get(a, at);
        return NULL;
    }
    for (int i = first; i < a->ndim; i++)
        n *= (uint32_t)a->dims[i];
    struct datum *items = arena_new_array(arena, struct datum, n + 1);
    for (uint32_t i = 0; i < n; i++)
        items[i] = array_is_null(a, at * n + i) ? datum_null() : array_get(a, at * n + i);
    return array_make(ops->elem, slice, a->dims + first, a->lower + first, items, arena, out);
}

static uint32_t array_pieces(const struct array *a, int slice)
{
    uint32_t n = a->nitems;
    for (int i = a->ndim - slice; i < a->ndim && n; i++)
        n /= (uint32_t)a->dims[i];
    return n;
}

static struct err *run_foreach(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    const struct place *t = &s->loop.row.items[0];
    struct datum value;
    uint32_t type;
    int32_t typmod;
    struct array a;
    bool found = false;
    TRY(pl_eval(fr, s->expr, &fr->scratch, &value, &type, &typmod));
    if (value.null)
        return err_new("22004", "FOREACH expression must not be null");
    const struct type_ops *ops = type_lookup(fr->env.types, builtin_base_type(type));
    if (!ops || !ops->elem)
        return err_new("42804", "FOREACH expression must yield an array, not type %s",
                       type_display(&fr->scratch, type, -1));
    TRY(array_open(value, &a));
    if (s->loop.slice < 0 || s->loop.slice > a.ndim)
        return err_new("2202E", "slice dimension (%d) is out of the valid range 0..%d",
                       s->loop.slice, a.ndim);
    for (uint32_t at = 0; at < array_pieces(&a, s->loop.slice); at++) {
        struct datum piece;
        found = true;
        TRY(fiber_tick());
        TRY(array_piece(ops, &a, s->loop.slice, at, &fr->scratch, &piece));
        TRY(pl_assign_place(fr, t, piece, s->loop.slice ? type : element_type_of(type), -1));
        TRY(pl_statements(fr, &s->body, flow));
        if (!pl_goes_on(fr, s, flow))
            break;
    }
    pl_set_found(fr, found);
    return NULL;
}

static struct err *run_exit(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    bool holds = true;
    if (s->expr)
        TRY(pl_eval_bool(fr, s->expr, &holds));
    if (!holds)
        return NULL;
    fr->exit_label = s->label;
    *flow = s->type == ST_EXIT ? FLOW_EXIT : FLOW_CONTINUE;
    return NULL;
}

/* ---- SQL ---- */

static struct err *run_assign(struct frame *fr, const struct stmt *s)
{
    struct datum value;
    uint32_t type;
    int32_t typmod;
    TRY(pl_eval(fr, s->expr, &fr->scratch, &value, &type, &typmod));
    return pl_assign_place(fr, &s->assign.to, value, type, typmod);
}

struct into_row {
    struct frame *fr;
    const struct into *into;
    const struct shape *columns;
    uint64_t rows;
};

static struct err *take_into(void *arg, const struct shape *columns, const struct datum *row,
                             bool *more)
{
    struct into_row *r = arg;
    if (r->rows++ == 0)
        TRY(pl_assign_row(r->fr, r->into, columns, row));
    /* One more than wanted, to see whether there is any. */
    *more = r->into->strict && r->rows < 2;
    return NULL;
}

static struct err *end_into(struct into_row *r)
{
    if (r->into->strict && r->rows == 0)
        return err_new("P0002", "query returned no rows");
    if (r->into->strict && r->rows > 1)
        return err_hint(err_new("P0003", "query returned more than one row"),
                        "Make sure the query returns a single row, or use LIMIT 1.");
    return r->rows || !r->columns ? NULL : pl_assign_row(r->fr, r->into, r->columns, NULL);
}

static bool returns_rows(const struct statement_plan *plan)
{
    return plan && plan->nout > 0 && !plan->query->call;
}

static struct err *check_destination(void *arg, const struct raw_stmt *raw,
                                     const struct statement_plan *plan)
{
    (void)arg, (void)raw;
    if (!returns_rows(plan))
        return NULL;
    struct err *e = err_new("42601", "query has no destination for result data");
    return plan->query->kind == Q_SELECT
               ? err_hint(e, "If you want to discard the results of a SELECT, use PERFORM instead.")
               : e;
}

static struct err *check_into(void *arg, const struct raw_stmt *raw,
                              const struct statement_plan *plan)
{
    struct into_row *r = arg;
    (void)raw;
    if (plan)
        r->columns = pl_shape_of_plan(&r->fr->env, plan, &r->fr->scratch);
    return returns_rows(plan)
               ? NULL
               : err_new("42601", "INTO used with a command that cannot return data");
}

static struct err *discard(void *arg, const struct shape *columns, const struct datum *row,
                           bool *more)
{
    (void)arg, (void)columns, (void)row, (void)more;
    return NULL;
}

static struct err *run_sql(struct frame *fr, const struct stmt *s)
{
    struct into_row r = {.fr = fr, .into = &s->sql.into};
    const bool into = s->sql.into.present;
    const struct row_sink sink = {into ? take_into : discard, &r,
                                  into ? check_into : check_destination};
    TRY(pl_run(fr, s->expr, &sink, &fr->row_count));
    pl_set_found(fr, fr->row_count > 0);
    return into ? end_into(&r) : NULL;
}

static struct err *run_perform(struct frame *fr, const struct stmt *s)
{
    const struct row_sink sink = {discard, NULL, NULL};
    TRY(pl_run(fr, s->expr, &sink, &fr->row_count));
    pl_set_found(fr, fr->row_count > 0);
    return NULL;
}

static struct err *run_execute(struct frame *fr, const struct stmt *s)
{
    struct into_row r = {.fr = fr, .into = &s->sql.into};
    const bool into = s->sql.into.present;
    const struct row_sink sink = {into ? take_into : discard, &r, into ? check_into : NULL};
    struct dynamic d;
    TRY(pl_dynamic_of(fr, s->expr, &s->sql.params, "EXECUTE", &d));
    TRY(pl_run_dynamic(fr, &d, &sink, &fr->row_count));
    return into ? end_into(&r) : NULL;
}

/* ---- RETURN ---- */

/* A record that is returned must have the very types of the function's columns. */
static struct err *check_row(struct frame *fr, struct datum value, const struct shape *to,
                             const char *message)
{
    struct record_view r;
    if (!to)
        return NULL;
    TRY(record_view(fr->env.types, value, &fr->scratch, &r));
    const struct shape *given = pl_shape_of_record(RECORD_OID, &r, &fr->scratch);
    if (given->nfields != to->nfields)
        return err_detail(err_new("42804", "%s", message),
                          "Number of returned columns (%d) does not match expected column count "
                          "(%d).",
                          given->nfields, to->nfields);
    for (int i = 0; i < to->nfields; i++)
        if (builtin_base_type(given->types[i]) != builtin_base_type(to->types[i]))
            return err_detail(err_new("42804", "%s", message),
                              "Returned type %s does not match expected type %s in column %d.",
                              type_display(&fr->scratch, given->types[i], -1),
                              type_display(&fr->scratch, to->types[i], -1), i + 1);
    return NULL;
}

/* One value, or the columns of one row, as the function declares them. */
static struct err *keep_value(struct frame *fr, struct datum value, uint32_t type, int32_t typmod)
{
    struct function *f = fr->f;
    const uint32_t to = f->rettype;
    if ((f->returns_row || f->trigger) && !value.null &&
        !type_is_record(type_lookup(fr->env.types, type)))
        return err_new("42804", "cannot return non-composite value from function returning "
                                "composite type");
    if (f->trigger) {
        fr->entry = "during function exit";
        fr->line = 0;
        TRY(pl_trigger_result(fr, value));
        fr->entry = NULL;
        return NULL;
    }
    if (f->returns_row && !value.null) {
        fr->entry = "while casting return value to function's return type";
        fr->line = 0;
        TRY(check_row(fr, value, f->shape ? f->shape : fr->set_columns,
                      "returned record type does not match expected record type"));
        fr->entry = NULL;
    }
    TRY(pl_cast(fr, value, type, typmod, to, -1, fr->result_arena, &value));
    fr->result = datum_copy(fr->result_arena, value, f->ret_ops && f->ret_ops->byval);
    return NULL;
}

static struct err *run_return(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    struct datum value;
    uint32_t type;
    int32_t typmod;
    *flow = FLOW_RETURN;
    fr->returned = true;
    if (!s->expr)
        return NULL;
    if (s->ret.var) {
        const struct shape *shape = fr->values[s->ret.var->number].shape;
        TRY(pl_whole(fr, s->ret.var, &fr->scratch, &value));
        return keep_value(fr, value, shape ? shape->type : RECORD_OID, -1);
    }
    TRY(pl_eval(fr, s->expr, &fr->scratch, &value, &type, &typmod));
    return keep_value(fr, value, type, typmod);
}

/* ---- sets ---- */

/* The columns of the function's rows. */
const struct shape *pl_set_shape(const struct frame *fr)
{
    const struct function *f = fr->f;
    return f->shape ? f->shape : f->returns_row ? fr->set_columns : NULL;
}

static struct err *add_columns(struct frame *fr, const struct shape *columns,
                               const struct datum *row)
{
    const struct shape *to = pl_set_shape(fr);
    const int n = to ? to->nfields : 1;
    struct datum *values = arena_new_array(&fr->scratch, struct datum, n + 1);
    if (!to) {
        TRY(pl_cast(fr, row[0], columns->types[0], columns->typmods[0], fr->f->rettype, -1,
                    &fr->scratch, &values[0]));
        return row_store_add(fr->set, values);
    }
    for (int i = 0; i < n; i++) {
        values[i] = datum_null();
        if (i < columns->nfields)
            TRY(pl_cast(fr, row[i], columns->types[i], columns->typmods[i], to->types[i],
                        to->typmods[i], &fr->scratch, &values[i]));
    }
    return row_store_add(fr->set, values);
}

/* The fields of a row value as columns. */
static struct err *add_row_value(struct frame *fr, struct datum value)
{
    struct record_view r;
    if (value.null) {
        static const struct shape none;
        return add_columns(fr, &none, NULL);
    }
    TRY(check_row(fr, value, pl_set_shape(fr), "wrong record type supplied in RETURN NEXT"));
    TRY(record_view(fr->env.types, value, &fr->scratch, &r));
    return add_columns(fr, pl_shape_of_record(RECORD_OID, &r, &fr->scratch), r.values);
}

/* A set of records outside FROM has no columns. */
static struct err *check_columns_known(const struct frame *fr)
{
    return !fr->f->returns_row || pl_set_shape(fr)
               ? NULL
               : err_new("0A000",
                         "materialize mode required, but it is not allowed in this context");
}

static struct err *run_return_next(struct frame *fr, const struct stmt *s)
{
    const struct function *f = fr->f;
    struct datum value;
    uint32_t type;
    int32_t typmod;
    TRY(check_columns_known(fr));
    if (f->nouts) {
        const struct shape *columns = pl_shape_of_vars(f->outs, f->nouts, &fr->scratch);
        struct datum *row = arena_new_array(&fr->scratch, struct datum, f->nouts + 1);
        for (int i = 0; i < f->nouts; i++)
            TRY(pl_whole(fr, f->outs[i], &fr->scratch, &row[i]));
        return add_columns(fr, columns, row);
    }
    if (s->ret.var) {
        TRY(pl_whole(fr, s->ret.var, &fr->scratch, &value));
        type = s->ret.var->type;
        typmod = -1;
    } else {
        TRY(pl_eval(fr, s->expr, &fr->scratch, &value, &type, &typmod));
    }
    if (!f->returns_row) {
        TRY(pl_cast(fr, value, type, typmod, f->rettype, -1, &fr->scratch, &value));
        return row_store_add(fr->set, &value);
    }
    if (!value.null && !type_is_record(type_lookup(fr->env.types, type)))
        return err_new("42804", "cannot return non-composite value from function returning "
                                "composite type");
    return add_row_value(fr, value);
}

static struct err *check_query_columns(void *arg, const struct raw_stmt *raw,
                                       const struct statement_plan *plan)
{
    struct frame *fr = arg;
    const struct shape *to = pl_set_shape(fr);
    const int n = to ? to->nfields : 1;
    (void)raw;
    if (!returns_rows(plan))
        return err_new("42601", "query does not return tuples");
    const struct shape *given = pl_shape_of_plan(&fr->env, plan, &fr->scratch);
    for (int i = 0; i < n && i < given->nfields; i++) {
        const uint32_t wanted = to ? to->types[i] : fr->f->rettype;
        const struct cat_type *t = builtin_type(wanted);
        if (given->types[i] != wanted && !(t && t->kind == 'p'))
            return err_detail(
                err_new("42804", "structure of query does not match function result type"),
                "Returned type %s does not match expected type %s in column %d.",
                type_display(&fr->scratch, given->types[i], given->typmods[i]),
                type_display(&fr->scratch, wanted, to ? to->typmods[i] : -1), i + 1);
    }
    if (given->nfields != n)
        return err_detail(
            err_new("42804", "structure of query does not match function result type"),
            "Number of returned columns (%d) does not match expected column count (%d).",
            given->nfields, n);
    return NULL;
}

static struct err *add_query_row(void *arg, const struct shape *columns, const struct datum *row,
                                 bool *more)
{
    struct frame *fr = arg;
    struct arena_mark mark = arena_mark(&fr->scratch);
    (void)more;
    struct err *e = add_columns(fr, columns, row);
    arena_rewind(&fr->scratch, mark);
    return e;
}

static struct err *run_return_query(struct frame *fr, const struct stmt *s)
{
    const struct row_sink sink = {add_query_row, fr, check_query_columns, true};
    struct dynamic d;
    TRY(check_columns_known(fr));
    if (s->ret.dynamic) {
        TRY(pl_dynamic_of(fr, s->ret.dynamic, &s->ret.params, "EXECUTE", &d));
        TRY(pl_run_dynamic(fr, &d, &sink, &fr->row_count));
    } else {
        TRY(pl_run(fr, s->expr, &sink, &fr->row_count));
    }
    pl_set_found(fr, fr->row_count > 0);
    return NULL;
}

/* ---- COMMIT, ROLLBACK ---- */

/* Only procedures and DO blocks that nothing but CALL stands around may. */
static struct err *end_transaction(struct frame *fr, const struct stmt *s)
{
    for (const struct frame *at = fr; at; at = at->up) {
        const bool function = at->f->proc && at->f->proc->kind != 'p';
        const bool within = at != fr && strcmp(at->doing, "CALL") != 0;
        if (function || within || at->trigger)
            return err_new("2D000", "invalid transaction termination");
        if (at->open_rows)
            return err_unsupported("%s within a loop over rows is not supported",
                                   s->type == ST_COMMIT ? "COMMIT" : "ROLLBACK");
    }
    return fr->s->ops->end_transaction(fr->s, s->type == ST_COMMIT, s->chain);
}

/* ---- all statements ---- */

static struct err *run_one(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    switch (s->type) {
    case ST_BLOCK:
        return run_block(fr, s, flow);
    case ST_ASSIGN:
        return run_assign(fr, s);
    case ST_IF:
        return run_if(fr, s, flow);
    case ST_CASE:
        return run_case(fr, s, flow);
    case ST_LOOP:
    case ST_WHILE:
        return run_loop(fr, s, flow);
    case ST_FOR_INT:
        return run_for_int(fr, s, flow);
    case ST_FOR_QUERY:
    case ST_FOR_EXECUTE:
        return run_for_rows(fr, s, flow);
    case ST_FOR_CURSOR:
        return pl_for_cursor(fr, s, flow);
    case ST_FOREACH:
        return run_foreach(fr, s, flow);
    case ST_EXIT:
    case ST_CONTINUE:
        return run_exit(fr, s, flow);
    case ST_RETURN:
        return run_return(fr, s, flow);
    case ST_RETURN_NEXT:
        return run_return_next(fr, s);
    case ST_RETURN_QUERY:
        return run_return_query(fr, s);
    case ST_RAISE:
        return pl_raise(fr, s);
    case ST_ASSERT:
        return pl_assert(fr, s);
    case ST_SQL:
        return run_sql(fr, s);
    case ST_EXECUTE:
        return run_execute(fr, s);
    case ST_PERFORM:
        return run_perform(fr, s);
    case ST_CALL:
        return pl_call_procedure(fr, s);
    case ST_GET_DIAGNOSTICS:
        return pl_get_diagnostics(fr, s);
    case ST_OPEN:
        return pl_open(fr, s);
    case ST_FETCH:
        return pl_fetch(fr, s);
    case ST_CLOSE:
        return pl_close(fr, s);
    case ST_COMMIT:
    case ST_ROLLBACK:
        return end_transaction(fr, s);
    }
    UNREACHABLE();
}

struct err *pl_statements(struct frame *fr, const struct stmts *list, enum flow *flow)
{
    const int line = fr->line;
    const char *doing = fr->doing;
    if (fiber_stack_left() < STACK_RESERVE)
        return err_hint(err_new("54001", "stack depth limit exceeded"),
                        "Increase the configuration parameter \"max_stack_depth\" (currently "
                        "2048kB), after ensuring the platform's stack depth limit is adequate.");
    for (int i = 0; i < list->count && *flow == FLOW_NEXT; i++) {
        struct arena_mark mark = arena_mark(&fr->scratch);
        fr->line = list->items[i]->line;
        fr->doing = name_of(list->items[i]);
        struct err *e = run_one(fr, list->items[i], flow);
        arena_rewind(&fr->scratch, mark);
        TRY(e); /* line and doing stay, for the context */
    }
    fr->line = line;
    fr->doing = doing;
    return NULL;
}

struct err *pl_run_body(struct frame *fr)
{
    enum flow flow = FLOW_NEXT;
    fr->line = fr->f->root->line;
    fr->doing = name_of(fr->f->root);
    pl_set_found(fr, false);
    return run_block(fr, fr->f->root, &flow);
}
