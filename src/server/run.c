/* Running a statement, whichever protocol it came by: planned ones here, the others by kind. */
#include "server/server_internal.h"

#include "rt/fiber.h"

/* ---- rows ---- */

static int16_t format_of(const int16_t *formats, int nformats, int i)
{
    return nformats == 0 ? 0 : formats[nformats == 1 ? 0 : i];
}

void put_row_description(struct backend *b, const struct result_desc *d, const int16_t *formats,
                         int nformats)
{
    struct buf *out = backend_out(b);
    size_t at = wire_row_description_begin(out, d->ncols);
    for (int i = 0; i < d->ncols; i++) {
        const struct target *t = &d->cols[i];
        uint32_t type = t->expr->type == UNKNOWN_OID ? TEXT_OID : t->expr->type;
        int32_t typmod = t->expr->typmod;
        const struct cat_type *ct = builtin_type(type);
        if (ct && ct->kind == 'd') { /* clients see what it is over */
            type = builtin_base_type(type);
            typmod = ct->ops->typmod;
            ct = builtin_type(type);
        }
        wire_row_description_column(out, t->name ? t->name : "?column?", t->table_oid, t->table_att,
                                    type, ct ? ct->len : -1, typmod,
                                    format_of(formats, nformats, i));
    }
    wire_end(out, at);
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
        if (ops) {
            struct err *e;
            if (format_of(formats, nformats, i) == 0)
                e = ops->out(ops, env, row[i], out);
            else if (ops->send)
                e = ops->send(ops, env, row[i], out);
            else
                e = err_new("42883", "no binary output function available for type %s", ops->name);
            if (e) {
                out->len = start - WIRE_HEADER_BYTES;
                return e;
            }
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
    for (int i = 0; i < n; i++)
        wire_row_text(out, values[i]);
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
    struct err *e = exec_begin(&env, plan, params, &x);
    if (!e && rows && r->describe)
        put_row_description(b, &d, r->formats, r->nformats);
    if (!e)
        e = run_rows(b, r, x, &d, rows, &nrows);
    if (!e)
        tag_plan(plan, plan->query->kind == Q_SELECT ? nrows : exec_processed(x), r->tag);
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
