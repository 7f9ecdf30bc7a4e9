/* Running a statement, whichever protocol it came by: planned ones here, the others by kind. */
#include "server/server_internal.h"

#include "rt/fiber.h"
#include "types/encoding.h"

/* ---- rows ---- */

static int16_t format_of(const int16_t *formats, int nformats, int i)
{
    return nformats == 0 ? 0 : formats[nformats == 1 ? 0 : i];
}

/* The names are users' texts: they may have no form in the client's character set. */
static struct err *put_column(struct backend *b, struct buf *out, const struct target *t,
                              int16_t format)
{
    uint32_t type = t->expr->type == UNKNOWN_OID ? TEXT_OID : t->expr->type;
    int32_t typmod = t->expr->typmod;
    const struct cat_type *ct = builtin_type(type);
    struct str name = str_from(t->name ? t->name : "?column?");
    struct buf converted = BUF_INIT;
    if (ct && ct->kind == 'd') { /* clients see what it is over */
        type = builtin_base_type(type);
        typmod = ct->ops->typmod;
        ct = builtin_type(type);
    }
    buf_put_str(&converted, name);
    struct err *e = encoding_to_client(b->base.types.client_encoding, &converted, 0);
    if (!e)
        e = buf_finish(&converted);
    if (!e)
        wire_row_description_column(out, buf_cstr(&converted), t->table_oid, t->table_att, type,
                                    ct ? ct->len : -1, typmod, format);
    buf_done(&converted);
    return e;
}

struct err *put_row_description(struct backend *b, const struct result_desc *d,
                                const int16_t *formats, int nformats)
{
    struct buf *out = backend_out(b);
    struct err *e = NULL;
    size_t at = wire_row_description_begin(out, d->ncols);
    size_t body = at;
    for (int i = 0; i < d->ncols && !e; i++)
        e = put_column(b, out, &d->cols[i], format_of(formats, nformats, i));
    if (e)
        out->len = body - WIRE_HEADER_BYTES;
    else
        wire_end(out, at);
    return e;
}

struct err *put_value(const struct type_env *env, const struct type_ops *ops, struct datum value,
                      int16_t format, struct buf *out)
{
    if (format != 0)
        return ops->send
                   ? ops->send(ops, env, value, out)
                   : err_new("42883", "no binary output function available for type %s", ops->name);
    size_t at = out->len;
    struct err *e = ops->out(ops, env, value, out);
    return !e && env->client_encoding ? encoding_to_client(env->client_encoding, out, at) : e;
}

struct err *put_row(struct backend *b, struct buf *out, const struct result_desc *d,
                    const struct datum *row, const int16_t *formats, int nformats)
{
    const struct type_env *env = &b->base.types;
    size_t start = wire_row_begin(out, d->ncols);
    for (int i = 0; i < d->ncols; i++) {
        const struct type_ops *ops = d->ops[i];
        if (row[i].null && ops) {
            wire_row_null(out);
            continue;
        }
        size_t value = wire_value_begin(out);
        struct err *e =
            ops ? put_value(env, ops, row[i], format_of(formats, nformats, i), out) : NULL;
        if (e) {
            out->len = start - WIRE_HEADER_BYTES;
            return e;
        }
        wire_value_end(out, value);
    }
    wire_end(out, start);
    return NULL;
}

void put_text_description(struct backend *b, const char *const *names, int n, uint32_t type,
                          const int16_t *formats, int nformats)
{
    struct buf *out = backend_out(b);
    size_t at = wire_row_description_begin(out, n);
    for (int i = 0; i < n; i++)
        wire_row_description_column(out, names[i], 0, 0, type, -1, -1,
                                    format_of(formats, nformats, i));
    wire_end(out, at);
}

void put_own_description(struct backend *b, const struct own_result *columns,
                         const int16_t *formats, int nformats)
{
    struct buf *out = backend_out(b);
    size_t at = wire_row_description_begin(out, columns->count);
    for (int i = 0; i < columns->count; i++) {
        uint32_t type = columns->columns[i].type;
        wire_row_description_column(out, columns->columns[i].name, 0, 0, type,
                                    builtin_type(type)->len, -1, format_of(formats, nformats, i));
    }
    wire_end(out, at);
}

void put_text_row(struct backend *b, const char *const *values, int n)
{
    struct buf *out = backend_out(b);
    size_t at = wire_row_begin(out, n);
    for (int i = 0; i < n; i++) {
        if (!values[i]) {
            wire_row_null(out);
            continue;
        }
        size_t value = wire_value_begin(out);
        buf_put_c(out, values[i]);
        encoding_to_client_lossy(b->base.types.client_encoding, out, value);
        wire_value_end(out, value);
    }
    wire_end(out, at);
}

/* ---- planned statements ---- */

/* Once per statement of every kind of client: by hand, printf would show in profiles. */
static void put_tag(char *tag, const char *prefix, uint64_t n)
{
    char digits[24];
    size_t at = sizeof(digits);
    size_t len = strlen(prefix);
    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    memcpy(tag, prefix, len);
    memcpy(tag + len, digits + at, sizeof(digits) - at);
}

bool plan_has_rows(const struct statement_plan *plan)
{
    if (plan->query->call)
        return plan->out[0].expr->type != VOID_OID;
    return plan->nout || plan->query->kind == Q_SELECT;
}

void tag_plan(const struct statement_plan *plan, uint64_t nrows, char tag[TAG_BYTES])
{
    if (plan->query->call) {
        memcpy(tag, "CALL", sizeof("CALL"));
        return;
    }
    switch (plan->query->kind) {
    case Q_INSERT:
        put_tag(tag, "INSERT 0 ", nrows);
        return;
    case Q_UPDATE:
        put_tag(tag, "UPDATE ", nrows);
        return;
    case Q_DELETE:
        put_tag(tag, "DELETE ", nrows);
        return;
    case Q_MERGE:
        put_tag(tag, "MERGE ", nrows);
        return;
    case Q_SELECT:
    case Q_UTILITY:
        put_tag(tag, "SELECT ", nrows);
        return;
    }
}

static struct err *run_rows(struct backend *b, struct run *r, struct exec *x,
                            const struct result_desc *d, bool rows, uint64_t *nrows)
{
    struct buf *out = backend_out(b);
    const struct datum *row;
    bool found;
    for (;;) {
        TRY(exec_next(x, &row, &found));
        if (!found)
            return NULL;
        ++*nrows;
        if (rows)
            TRY(put_row(b, out, d, row, r->formats, r->nformats));
        if (out->len >= FLUSH_BYTES)
            TRY(backend_flush(b));
    }
}

struct err *run_plan(struct backend *b, struct run *r, struct statement_plan *plan,
                     const struct datum *params)
{
    struct exec_env env = session_exec_env(&b->base);
    struct result_desc d = {0};
    struct exec *x = NULL;
    uint64_t nrows = 0;
    bool rows = plan_has_rows(plan);
    TRY(check_read_only(b, plan));
    TRY(result_desc_make(b, plan, &d));
    b->may_end_transaction = plan->query->call && !r->in_function && xact_is_implicit(b);
    struct err *e = exec_begin(&env, plan, params, &x);
    if (!e && rows && r->describe)
        e = put_row_description(b, &d, r->formats, r->nformats);
    if (!e)
        e = run_rows(b, r, x, &d, rows, &nrows);
    if (!e)
        tag_plan(plan, plan->query->kind == Q_SELECT ? nrows : exec_processed(x), r->tag);
    b->may_end_transaction = false;
    exec_end(x);
    result_desc_free(&d);
    return e;
}

static struct err *plan_and_run(struct backend *b, struct run *r)
{
    struct exec_env env = session_exec_env(&b->base);
    struct statement_plan *plan;
    struct param_types none = {.fixed = true};
    TRY(xact_open(b));
    TRY(exec_plan(&env, r->raw, r->params ? r->params : &none, &plan));
    struct err *e = run_plan(b, r, plan, r->values);
    plan_unref(plan);
    return e;
}

struct err *run_statement(struct backend *b, struct run *r)
{
    switch (r->kind) {
    case STMT_EMPTY:
        return NULL;
    case STMT_PLAN:
        return plan_and_run(b, r);
    case STMT_TRANSACTION:
        return run_transaction(b, r);
    case STMT_SET:
        return run_set(b, r);
    case STMT_SHOW:
        return run_show(b, r);
    case STMT_PREPARE:
        return run_prepare(b, r);
    case STMT_EXECUTE:
        return run_execute(b, r);
    case STMT_DEALLOCATE:
        return run_deallocate(b, r);
    case STMT_DECLARE:
        return run_declare(b, r);
    case STMT_FETCH:
        return run_fetch(b, r);
    case STMT_CLOSE:
        return run_close(b, r);
    case STMT_EXPLAIN:
        return run_explain(b, r);
    case STMT_COPY:
        return run_copy(b, r);
    case STMT_DISCARD:
    case STMT_CHECKPOINT:
    case STMT_OWN:
    case STMT_UTILITY:
        return run_utility(b, r);
    }
    UNREACHABLE();
}
