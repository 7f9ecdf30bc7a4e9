/* Cursors (manual section 43.7): the session's portals, by the name that a refcursor holds. */
#include "plpgsql/plpgsql_internal.h"

static const char *name_of(struct frame *fr, const struct var *v)
{
    const struct datum d = fr->values[v->number].slot.value;
    return d.null ? NULL : arena_strndup(&fr->scratch, (const char *)d.p, d.len);
}

static struct err *name_needed(struct frame *fr, const struct var *v, const char **out)
{
    *out = name_of(fr, v);
    return *out ? NULL : err_new("22004", "cursor variable \"%s\" is null", v->name);
}

/* ---- OPEN ---- */

static struct err *set_arguments(struct frame *fr, const struct var *cursor,
                                 const struct exprs *args)
{
    for (int i = 0; i < args->count; i++) {
        struct datum value;
        uint32_t type;
        int32_t typmod;
        TRY(pl_eval(fr, args->items[i], &fr->scratch, &value, &type, &typmod));
        TRY(pl_assign(fr, cursor->cursor_args[i], value, type, typmod));
    }
    return NULL;
}

/* The query of the body becomes a portal's, with the values that its variables have now. */
static struct err *open_query(struct frame *fr, const struct var *v, struct pl_expr *query,
                              int scroll)
{
    const struct param_types *params;
    struct datum *values;
    const char *made;
    TRY(pl_bind(fr, query, &fr->scratch, &params, &values));
    struct cursor_query q = {.plan = pl_plan_of(query),
                             .types = params->types,
                             .values = values,
                             .nvalues = params->count,
                             .text = query->text,
                             .scroll = scroll};
    TRY(fr->s->ops->cursor_open(fr->s, name_of(fr, v), &q, &fr->scratch, &made));
    return pl_assign(fr, v, datum_str(str_from(made)), REFCURSOR_OID, -1);
}

static struct err *open_dynamic(struct frame *fr, const struct stmt *s)
{
    struct dynamic d;
    struct parsed parsed;
    struct statement_plan *plan;
    const char *made;
    TRY(pl_dynamic_of(fr, s->open.dynamic, &s->open.params, "EXECUTE", &d));
    const struct pl_expr text = {.text = d.sql, .kind = "SQL statement"};
    struct param_types params = {.types = d.types, .count = d.nvalues, .fixed = true};
    TRY(pl_in_text(&text, parse_sql(d.sql, &fr->scratch, &parsed)));
    if (parsed.count != 1)
        return err_new("42P11", "cannot open multi-query plan as cursor");
    TRY(pl_check_cursor_query(&parsed.stmts[0]));
    TRY(pl_in_text(&text, exec_plan(&fr->env, &parsed.stmts[0], &params, &plan)));
    struct cursor_query q = {.plan = plan,
                             .types = d.types,
                             .values = d.values,
                             .nvalues = d.nvalues,
                             .text = d.sql,
                             .scroll = s->open.scroll};
    struct err *e =
        fr->s->ops->cursor_open(fr->s, name_of(fr, s->open.var), &q, &fr->scratch, &made);
    plan_unref(plan);
    TRY(e);
    return pl_assign(fr, s->open.var, datum_str(str_from(made)), REFCURSOR_OID, -1);
}

struct err *pl_open(struct frame *fr, const struct stmt *s)
{
    const struct var *v = s->open.var;
    if (s->open.dynamic)
        return open_dynamic(fr, s);
    if (!v->cursor)
        return open_query(fr, v, s->expr, s->open.scroll);
    TRY(set_arguments(fr, v, &s->open.args));
    return open_query(fr, v, v->cursor, v->scroll);
}

/* ---- FETCH, MOVE, CLOSE ---- */

struct fetched {
    struct frame *fr;
    const struct into *into;
    bool found;
};

static struct err *take_fetched(void *arg, const struct statement_plan *plan,
                                const struct datum *row)
{
    struct fetched *f = arg;
    if (f->found)
        return NULL;
    f->found = row != NULL;
    return pl_assign_row(f->fr, f->into, pl_shape_of_plan(&f->fr->env, plan, &f->fr->scratch), row);
}

struct err *pl_fetch(struct frame *fr, const struct stmt *s)
{
    struct fetched f = {fr, &s->fetch.into, false};
    const struct cursor_rows rows = {take_fetched, &f};
    struct datum count = datum_int(s->fetch.count);
    const char *name;
    TRY(name_needed(fr, s->fetch.var, &name));
    if (s->expr)
        TRY(pl_eval_as(fr, s->expr, INT4_OID, &fr->scratch, &count));
    if (count.null)
        return err_new("22004", "relative or absolute cursor position is null");
    TRY(fr->s->ops->cursor_fetch(fr->s, name, s->fetch.direction, count.i,
                                 s->fetch.move ? NULL : &rows, &fr->row_count));
    pl_set_found(fr, fr->row_count > 0);
    return NULL;
}

struct err *pl_close(struct frame *fr, const struct stmt *s)
{
    const char *name;
    TRY(name_needed(fr, s->open.var, &name));
    return fr->s->ops->cursor_close(fr->s, name);
}

/* ---- FOR record IN cursor ---- */

static struct err *for_each(struct frame *fr, const struct stmt *s, const char *name,
                            enum flow *flow, bool *found)
{
    for (;;) {
        struct fetched f = {fr, &s->loop.row, false};
        const struct cursor_rows rows = {take_fetched, &f};
        struct arena_mark mark = arena_mark(&fr->scratch);
        uint64_t n;
        struct err *e = fr->s->ops->cursor_fetch(fr->s, name, CURSOR_FORWARD, 1, &rows, &n);
        arena_rewind(&fr->scratch, mark);
        TRY(e);
        if (!f.found)
            return NULL;
        *found = true;
        TRY(pl_statements(fr, &s->body, flow));
        if (!pl_goes_on(fr, s, flow))
            return NULL;
    }
}

struct err *pl_for_cursor(struct frame *fr, const struct stmt *s, enum flow *flow)
{
    const struct var *v = s->loop.cursor;
    const char *name;
    bool found = false;
    bool named = name_of(fr, v) != NULL;
    TRY(set_arguments(fr, v, &s->loop.args));
    TRY(open_query(fr, v, v->cursor, v->scroll));
    TRY(name_needed(fr, v, &name));
    TRY(for_each(fr, s, name, flow, &found));
    TRY(fr->s->ops->cursor_close(fr->s, name));
    if (!named)
        pl_slot_set(&fr->values[v->number].slot, datum_null(), v->ops);
    pl_set_found(fr, found);
    return NULL;
}
