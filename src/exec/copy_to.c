/* COPY TO: rows as text or CSV lines. */
#include "exec/copy_internal.h"

#include "sql/analyze.h"
#include "sql/parse.h"
#include "types/encoding.h"

#include <pg_query/pg_query.pb-c.h>

/* ---- one value ---- */

static void put_text(const struct copy_options *o, struct str s, struct buf *line)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        switch (c) {
        case '\b':
            buf_put_c(line, "\\b");
            break;
        case '\f':
            buf_put_c(line, "\\f");
            break;
        case '\n':
            buf_put_c(line, "\\n");
            break;
        case '\r':
            buf_put_c(line, "\\r");
            break;
        case '\t':
            buf_put_c(line, "\\t");
            break;
        case '\v':
            buf_put_c(line, "\\v");
            break;
        default:
            if (c == '\\' || c == o->delimiter)
                buf_put_u8(line, '\\');
            buf_put_u8(line, (uint8_t)c);
        }
    }
}

static bool needs_quotes(const struct copy_options *o, struct str s, bool single)
{
    if (str_eq(s, str_make(o->null, o->null_len)) || (single && str_eq_c(s, "\\.")))
        return true;
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] == o->delimiter || s.data[i] == o->quote || s.data[i] == '\n' ||
            s.data[i] == '\r')
            return true;
    return false;
}

static void put_csv(const struct copy_options *o, struct str s, bool force, bool single,
                    struct buf *line)
{
    if (!force && !needs_quotes(o, s, single)) {
        buf_put_str(line, s);
        return;
    }
    buf_put_u8(line, (uint8_t)o->quote);
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == o->quote || s.data[i] == o->escape)
            buf_put_u8(line, (uint8_t)o->escape);
        buf_put_u8(line, (uint8_t)s.data[i]);
    }
    buf_put_u8(line, (uint8_t)o->quote);
}

static void put_value(struct copy *c, struct str s, bool force, struct buf *line)
{
    if (c->o.csv)
        put_csv(&c->o, s, force, c->ncols == 1, line);
    else
        put_text(&c->o, s, line);
}

/* ---- lines ---- */

static struct err *send_line(struct copy *c, struct buf *line)
{
    if (!c->o.binary) {
        buf_put_u8(line, '\n');
        TRY(encoding_to_client(c->o.encoding, line, 0));
    }
    TRY(buf_finish(line));
    TRY(c->io->write(c->io->arg, buf_str(line)));
    buf_reset(line);
    return NULL;
}

static struct err *send_header(struct copy *c, struct buf *line)
{
    for (int i = 0; i < c->ncols; i++) {
        if (i)
            buf_put_u8(line, (uint8_t)c->o.delimiter);
        put_value(c, str_from(c->cols[i].name), false, line);
    }
    return send_line(c, line);
}

static struct err *send_row(struct copy *c, const struct datum *row, struct buf *line,
                            struct buf *value)
{
    if (c->o.binary) {
        TRY(copy_binary_row(c, row, line));
        return send_line(c, line);
    }
    for (int i = 0; i < c->ncols; i++) {
        const struct copy_column *col = &c->cols[i];
        if (i)
            buf_put_u8(line, (uint8_t)c->o.delimiter);
        if (row[i].null) {
            buf_put(line, c->o.null, c->o.null_len);
            continue;
        }
        buf_reset(value);
        TRY(col->ops->out(col->ops, &c->s->types, row[i], value));
        TRY(buf_finish(value));
        put_value(c, buf_str(value), col->force_quote || c->o.force_quote_all, line);
    }
    return send_line(c, line);
}

static struct err *send_rows(struct copy *c, struct exec *x)
{
    struct buf line = BUF_INIT;
    struct buf value = BUF_INIT;
    const struct datum *row;
    bool found;
    struct err *e = c->o.header ? send_header(c, &line) : NULL;
    if (c->o.binary)
        copy_binary_header(&line); /* goes out with the first row, as in PostgreSQL */
    while (!e) {
        e = exec_next(x, &row, &found);
        if (e || !found)
            break;
        e = send_row(c, row, &line, &value);
        c->rows++;
    }
    if (!e && c->o.binary) {
        copy_binary_trailer(&line);
        e = send_line(c, &line);
    }
    buf_done(&line);
    buf_done(&value);
    return e;
}

/* ---- the statement ---- */

static struct err *plan_table(struct copy *c, struct statement_plan **out)
{
    struct buf sql = BUF_INIT;
    buf_put_c(&sql, "SELECT ");
    for (int i = 0; i < c->ncols; i++) {
        buf_put_c(&sql, i ? ", " : "");
        quote_identifier(&sql, c->cols[i].name);
    }
    buf_put_c(&sql, " FROM ONLY ");
    copy_put_relation(c, &sql);
    const char *text = arena_strdup(&c->arena, buf_cstr(&sql));
    buf_done(&sql);
    return copy_plan(c, text, NULL, NULL, 0, out);
}

static struct err *plan_query(struct copy *c, struct statement_plan **out)
{
    struct raw_stmt inner = *c->raw;
    inner.tree = c->raw->tree->copy_stmt->query;
    TRY(copy_plan(c, NULL, &inner, NULL, 0, out));
    const struct statement_plan *p = *out;
    if (p->query->kind != Q_SELECT && !p->nout) {
        plan_unref(*out);
        return err_new("0A000", "COPY query must have a RETURNING clause");
    }
    c->ncols = p->nout;
    c->cols = arena_new_array(&c->arena, struct copy_column, p->nout + 1);
    for (int i = 0; i < p->nout; i++) {
        uint32_t type = p->out[i].expr->type;
        c->cols[i].name = arena_strdup(&c->arena, p->out[i].name ? p->out[i].name : "?column?");
        c->cols[i].ops = type_lookup(&c->s->types, type == UNKNOWN_OID ? TEXT_OID : type);
        if (!c->cols[i].ops) {
            plan_unref(*out);
            return err_unsupported("COPY of column \"%s\" is not supported: its type has no text "
                                   "form",
                                   c->cols[i].name);
        }
    }
    return NULL;
}

struct err *copy_to(struct copy *c)
{
    struct exec_env env = session_exec_env(c->s);
    struct statement_plan *plan;
    struct exec *x = NULL;
    TRY(c->rel ? plan_table(c, &plan) : plan_query(c, &plan));
    struct err *e = exec_begin(&env, plan, NULL, &x); /* asks for privileges */
    if (!e && c->rel && c->rel->kind != 'r')
        e = copy_wrong_kind(c->rel, false);
    if (!e)
        e = copy_force_quote(c);
    if (!e)
        e = c->io->begin(c->io->arg, false, c->ncols, c->o.binary);
    if (!e)
        e = send_rows(c, x);
    exec_end(x);
    plan_unref(plan);
    return e;
}
