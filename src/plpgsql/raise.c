/* RAISE, ASSERT, GET DIAGNOSTICS (manual section 43.9 and 43.6.8). */
#include "plpgsql/plpgsql_internal.h"

#include <stdlib.h>

/* ---- RAISE ---- */

/* The format with its arguments in the places of %. */
static struct err *format_message(struct frame *fr, const struct stmt *s, struct buf *out)
{
    int arg = 0;
    for (const char *c = s->raise.format; *c; c++) {
        const char *text;
        if (*c != '%') {
            buf_put_u8(out, (uint8_t)*c);
            continue;
        }
        if (c[1] == '%') {
            buf_put_u8(out, '%');
            c++;
            continue;
        }
        TRY(pl_eval_text(fr, s->raise.args.items[arg++], &fr->scratch, &text));
        buf_put_c(out, text ? text : "<NULL>");
    }
    return buf_finish(out);
}

struct raised {
    const char *sqlstate;
    const char *message;
    const char *texts[RAISE_SCHEMA + 1];
};

static struct err *set_once(struct raised *r, enum raise_option option, bool given,
                            const char *value)
{
    static const char *const names[] = {"ERRCODE",    "MESSAGE",  "DETAIL", "HINT",  "COLUMN",
                                        "CONSTRAINT", "DATATYPE", "TABLE",  "SCHEMA"};
    if (given || r->texts[option])
        return err_new("42601", "RAISE option already specified: %s", names[option]);
    r->texts[option] = value;
    return NULL;
}

static struct err *take_option(struct frame *fr, const struct stmt *s,
                               const struct raise_item *item, struct raised *r)
{
    const char *value;
    TRY(pl_eval_text(fr, item->value, &fr->scratch, &value));
    if (!value)
        return err_new("22004", "RAISE statement option cannot be null");
    if (item->option == RAISE_ERRCODE) {
        TRY(set_once(r, item->option, s->raise.sqlstate != NULL, value));
        const char *code = pl_condition_sqlstate(value, 0);
        bool plain =
            strlen(value) == 5 && strspn(value, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5;
        if (!code && !plain)
            return err_new("42704", "unrecognized exception condition \"%s\"", value);
        r->sqlstate = plain ? value : code;
        return NULL;
    }
    if (item->option == RAISE_MESSAGE)
        r->message = value;
    return set_once(r, item->option, item->option == RAISE_MESSAGE && s->raise.format, value);
}

static struct err *collect(struct frame *fr, const struct stmt *s, struct raised *r)
{
    struct buf text = BUF_INIT;
    r->sqlstate = s->raise.sqlstate;
    struct err *e = s->raise.format ? format_message(fr, s, &text) : NULL;
    if (!e && s->raise.format)
        r->message = arena_strdup(&fr->scratch, buf_cstr(&text));
    buf_done(&text);
    TRY(e);
    for (int i = 0; i < s->raise.noptions; i++)
        TRY(take_option(fr, s, &s->raise.options[i], r));
    if (!r->message)
        r->message = s->raise.condition ? s->raise.condition : r->sqlstate ? r->sqlstate : NULL;
    return NULL;
}

static struct err *make_error(const struct raised *r, const char *sqlstate)
{
    struct err *e = err_new(sqlstate, "%s", r->message ? r->message : sqlstate);
    const char *const *t = r->texts;
    if (t[RAISE_DETAIL])
        err_detail(e, "%s", t[RAISE_DETAIL]);
    if (t[RAISE_HINT])
        err_hint(e, "%s", t[RAISE_HINT]);
    if (t[RAISE_SCHEMA] || t[RAISE_TABLE])
        err_table(e, t[RAISE_SCHEMA], t[RAISE_TABLE]);
    if (t[RAISE_COLUMN])
        err_column(e, t[RAISE_COLUMN]);
    if (t[RAISE_CONSTRAINT])
        err_constraint(e, t[RAISE_CONSTRAINT]);
    if (t[RAISE_DATATYPE])
        err_datatype(e, NULL, t[RAISE_DATATYPE]);
    return e;
}

/* The error that is being handled, as another one like it. */
static struct err *again(const struct err *from)
{
    struct err *e = err_new(from->sqlstate, "%s", from->message);
    if (from->detail)
        err_detail(e, "%s", from->detail);
    if (from->hint)
        err_hint(e, "%s", from->hint);
    if (from->context)
        err_context(e, "%s", from->context);
    if (from->schema_name || from->table_name)
        err_table(e, from->schema_name, from->table_name);
    if (from->column_name)
        err_column(e, from->column_name);
    if (from->constraint_name)
        err_constraint(e, from->constraint_name);
    if (from->datatype_name)
        err_datatype(e, NULL, from->datatype_name);
    if (from->internal_query)
        e->internal_query = strdup(from->internal_query);
    e->internal_position = from->internal_position;
    return e;
}

struct err *pl_raise(struct frame *fr, const struct stmt *s)
{
    struct raised r = {0};
    if (!s->raise.level) {
        if (!fr->error)
            return err_new("0Z002", "RAISE without parameters cannot be used outside an exception "
                                    "handler");
        fr->rethrown = true;
        return again(fr->error);
    }
    TRY(collect(fr, s, &r));
    const bool error = strcmp(s->raise.level, "ERROR") == 0;
    const char *sqlstate = r.sqlstate                               ? r.sqlstate
                           : error                                  ? "P0001"
                           : strcmp(s->raise.level, "WARNING") == 0 ? "01000"
                                                                    : "00000";
    struct err *e = make_error(&r, sqlstate);
    if (error)
        return e;
    err_context(e, "%s", pl_where_all(fr, &fr->scratch));
    fr->s->ops->notice(fr->s, s->raise.level, e);
    return NULL;
}

/* ---- ASSERT ---- */

static struct err *asserts_are_on(struct frame *fr, bool *on)
{
    struct buf value = BUF_INIT;
    bool found = false;
    struct err *e =
        fr->s->ops->setting_get(fr->s, STR("plpgsql.check_asserts"), true, &value, &found);
    *on = !found || strcmp(buf_cstr(&value), "on") == 0;
    buf_done(&value);
    return e;
}

struct err *pl_assert(struct frame *fr, const struct stmt *s)
{
    bool on;
    bool holds;
    const char *message = NULL;
    TRY(asserts_are_on(fr, &on));
    if (!on)
        return NULL;
    TRY(pl_eval_bool(fr, s->expr, &holds));
    if (holds)
        return NULL;
    if (s->message)
        TRY(pl_eval_text(fr, s->message, &fr->scratch, &message));
    return err_new("P0004", "%s", message ? message : "assertion failed");
}

/* ---- GET DIAGNOSTICS ---- */

static const char *stacked_item(const struct err *e, enum diagnostic what)
{
    switch (what) {
    case DIAG_RETURNED_SQLSTATE:
        return e->sqlstate;
    case DIAG_COLUMN_NAME:
        return e->column_name;
    case DIAG_CONSTRAINT_NAME:
        return e->constraint_name;
    case DIAG_DATATYPE_NAME:
        return e->datatype_name;
    case DIAG_MESSAGE_TEXT:
        return e->message;
    case DIAG_TABLE_NAME:
        return e->table_name;
    case DIAG_SCHEMA_NAME:
        return e->schema_name;
    case DIAG_EXCEPTION_DETAIL:
        return e->detail;
    case DIAG_EXCEPTION_HINT:
        return e->hint;
    case DIAG_EXCEPTION_CONTEXT:
        return e->context;
    case DIAG_ROW_COUNT:
    case DIAG_PG_CONTEXT:
        break;
    }
    return NULL;
}

struct err *pl_get_diagnostics(struct frame *fr, const struct stmt *s)
{
    if (s->diag.stacked && !fr->error)
        return err_new("0Z002", "GET STACKED DIAGNOSTICS cannot be used outside an exception "
                                "handler");
    for (int i = 0; i < s->diag.count; i++) {
        const struct diag_item *item = &s->diag.items[i];
        if (item->what == DIAG_ROW_COUNT) {
            TRY(pl_assign_place(fr, &item->to, datum_int((int64_t)fr->row_count), INT8_OID, -1));
            continue;
        }
        const char *text = item->what == DIAG_PG_CONTEXT ? pl_where_all(fr, &fr->scratch)
                                                         : stacked_item(fr->error, item->what);
        TRY(pl_assign_place(fr, &item->to, datum_str(str_from(text ? text : "")), TEXT_OID, -1));
    }
    return NULL;
}
