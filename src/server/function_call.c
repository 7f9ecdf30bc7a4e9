/* The function call message (protocol chapter 55.2.4): SELECT of the function over the values, run
 * at once, with a reply of its own. */
#include "server/server_internal.h"

/* The function, and that it can be called so. */
static struct err *called_function(struct backend *b, const struct wire_call *m,
                                   const struct cat_proc **out)
{
    TRY(cat_load_proc(&b->base.cat, m->function, out));
    const struct cat_proc *p = *out;
    if (!p)
        return err_new("42883", "function with OID %u does not exist", m->function);
    if (p->kind != 'f' || p->retset)
        return err_unsupported("cannot call function \"%.*s\" via fastpath interface",
                               STR_ARG(p->name));
    if (m->values.nparams != p->nargs)
        return err_new("08P01",
                       "function call message contains %d arguments but function requires %d",
                       m->values.nparams, p->nargs);
    if (m->values.nparam_formats > 1 && m->values.nparam_formats != m->values.nparams)
        return err_new("08P01",
                       "function call message contains %d argument formats but %d arguments",
                       m->values.nparam_formats, m->values.nparams);
    return NULL;
}

/* No value is of a polymorphic type: such an argument can only be NULL, which is all that a strict
 * function needs to know. *null: that is the answer. */
static struct err *polymorphic_call(const struct cat_proc *p, const struct wire_call *m, bool *null)
{
    const uint8_t *at = m->values.params;
    bool any = false;
    *null = false;
    for (int i = 0; i < p->nargs; i++) {
        struct str value;
        bool given = wire_bind_param(&at, &value);
        if (!type_is_polymorphic(p->argtypes[i]))
            continue;
        if (given)
            return err_new("0A000", "cannot accept a value of type %s",
                           type_by_oid(p->argtypes[i])->name);
        any = true;
    }
    if (any && !p->strict)
        return err_new("22023", "could not determine input data type");
    *null = any;
    return NULL;
}

static void put_null(struct backend *b)
{
    size_t start = wire_function_result_begin(backend_out(b));
    wire_row_null(backend_out(b));
    wire_end(backend_out(b), start);
}

static struct err *prepare_call(struct backend *b, const struct cat_proc *p, struct prepared **out)
{
    struct type_env *env = &b->base.types;
    struct buf sql = BUF_INIT;
    buf_put_c(&sql, "SELECT ");
    struct err *e = env->name_of(env->names, REGPROC_OID, p->oid, &sql);
    for (int i = 0; i < p->nargs; i++)
        buf_printf(&sql, "%s$%d", i ? ", " : "(", i + 1);
    buf_put_c(&sql, p->nargs ? ")" : "()");
    if (!e)
        e = buf_finish(&sql);
    if (!e)
        e = prepared_new(buf_cstr(&sql), sql.len, p->argtypes, p->nargs, out);
    buf_done(&sql);
    return e;
}

static struct err *put_result(struct backend *b, const struct prepared *stmt, struct datum value,
                              int16_t format)
{
    const struct type_ops *ops = stmt->desc.ops[0];
    struct buf *out = backend_out(b);
    size_t start = wire_function_result_begin(out);
    struct err *e = NULL;
    if (value.null || !ops) {
        wire_row_null(out);
    } else {
        size_t at = wire_value_begin(out);
        e = put_value(&b->base.types, ops, value, format, out);
        wire_value_end(out, at);
    }
    if (e)
        out->len = start - WIRE_HEADER_BYTES;
    else
        wire_end(out, start);
    return e;
}

/* Runs the statement in a portal and answers with the value of its row. */
static struct err *run_call(struct backend *b, struct prepared *stmt, const struct wire_call *m)
{
    struct portal *p;
    const struct datum *row;
    bool found;
    TRY(prepared_plan(b, stmt));
    TRY(portal_new(b, "", stmt, &p));
    TRY(portal_read_params(b, p, &m->values));
    TRY(portal_start(b, p));
    TRY(exec_next(p->exec, &row, &found));
    CHECK(found);
    TRY(put_result(b, stmt, row[0], m->result_format));
    portal_drop(b, p);
    return NULL;
}

struct err *function_call(struct backend *b, const struct wire_call *m)
{
    const struct cat_proc *p;
    struct prepared *stmt = NULL;
    bool null;
    TRY(cancel_check(&b->cancel));
    TRY(xact_open(b));
    TRY(called_function(b, m, &p));
    TRY(polymorphic_call(p, m, &null));
    b->xact.had_query = true;
    struct err *e = null ? NULL : prepare_call(b, p, &stmt);
    if (!e && stmt)
        e = run_call(b, stmt, m);
    else if (!e)
        put_null(b);
    prepared_unref(stmt);
    if (!e && b->xact.state == XACT_IMPLICIT)
        e = xact_commit(b);
    else if (!e)
        xact_next(b);
    return e;
}
