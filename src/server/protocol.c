/* Messages of a session: simple and extended query protocol. */
#include "server/server_internal.h"

#include "base/clock.h"
#include "types/encoding.h"
#include "types/text.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- around every statement ---- */

/* A cancel request that came after the statement it was meant for is forgotten. */
static void begin_work(struct backend *b)
{
    if (b->cancel.deadline_ns ||
        atomic_load_explicit(&b->cancel.reason, memory_order_relaxed) != CANCEL_NONE)
        cancel_clear(&b->cancel);
    b->base.types.stmt_timestamp = timestamp_now();
    if (b->statement_timeout_ms)
        b->cancel.deadline_ns = clock_mono_ns() + b->statement_timeout_ms * 1000000;
}

/* What may still run in a failed block. */
static bool ends_block(const struct raw_stmt *raw, enum stmt_kind kind)
{
    if (kind != STMT_TRANSACTION)
        return false;
    switch (raw->tree->transaction_stmt->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
        return true;
    default:
        return false;
    }
}

static struct err *check_not_failed(struct backend *b, const struct raw_stmt *raw,
                                    enum stmt_kind kind)
{
    if (b->xact.state != XACT_FAILED || kind == STMT_EMPTY || ends_block(raw, kind))
        return NULL;
    return err_new("25P02", "current transaction is aborted, commands ignored until end of "
                            "transaction block");
}

static void ready(struct backend *b)
{
    if (b->closing)
        return;
    if (b->reported_dirty)
        backend_report_settings(b, false);
    if (b->notify)
        notify_deliver(b);
    wire_ready(backend_out(b), xact_status(b));
    switch (b->xact.state) {
    case XACT_NONE:
    case XACT_IMPLICIT:
        activity_set(b, "idle", NULL);
        break;
    case XACT_BLOCK:
        activity_set(b, "idle in transaction", NULL);
        break;
    case XACT_FAILED:
        activity_set(b, "idle in transaction (aborted)", NULL);
        break;
    }
}

static void fail(struct backend *b, struct err *e)
{
    xact_fail(b);
    backend_send_error(b, e);
}

/* ---- simple query ---- */

static struct err *run_one(struct backend *b, struct raw_stmt *raw, const char *sql, int i, int n)
{
    struct run r = {
        .raw = raw, .kind = stmt_kind_of(raw), .sql = sql, .describe = true, .only = n == 1};
    xact_begin(b);
    if (b->xact.state == XACT_IMPLICIT && n > 1)
        b->xact.implicit_block = true;
    struct err *e = check_not_failed(b, raw, r.kind);
    if (!e)
        e = cancel_check(&b->cancel);
    if (!e)
        e = run_statement(b, &r);
    if (!e && b->xact.state == XACT_IMPLICIT && i == n - 1)
        e = xact_commit(b);
    else if (!e)
        xact_next(b);
    if (!e)
        wire_command_complete(backend_out(b), r.tag);
    return e;
}

/* A text whose plan is known but for its literals. *done is false when it must be parsed after all;
 * then nothing has been executed. */
static struct err *run_cached(struct backend *b, const char *sql, bool *done)
{
    struct cached_text text;
    *done = false;
    xact_begin(b);
    if (b->xact.state == XACT_FAILED)
        return NULL;
    TRY(cancel_check(&b->cancel));
    TRY(xact_open(b));
    if (!text_cache_find(b, sql, &b->scratch->arena, &text))
        return NULL;
    struct exec_env env = session_exec_env(&b->base);
    bool current;
    struct err *e = exec_lock(&env, text.stmt->plan, &current);
    if (e || !current) {
        prepared_unref(text.stmt);
        return e;
    }
    struct run r = {.raw = &text.stmt->raw,
                    .kind = STMT_PLAN,
                    .sql = sql,
                    .values = text.values,
                    .describe = true,
                    .only = true};
    *done = true;
    b->xact.had_query = true;
    statement_log_class(
        b, text.stmt->plan->query->kind == Q_SELECT ? STATEMENT_OTHER : STATEMENT_MOD, sql, NULL);
    e = run_plan(b, &r, text.stmt->plan, text.values);
    prepared_unref(text.stmt);
    if (!e && b->xact.state == XACT_IMPLICIT)
        e = xact_commit(b);
    else if (!e)
        xact_next(b);
    if (!e)
        wire_command_complete(backend_out(b), r.tag);
    return e;
}

static struct err *simple_query(struct backend *b, const char *sql)
{
    struct arena *a = &b->scratch->arena;
    struct parsed parsed;
    if (text_cache_suits(sql)) {
        bool done;
        TRY(run_cached(b, sql, &done));
        if (done)
            return NULL;
    }
    TRY(parse_sql(sql, a, &parsed));
    if (!parsed.count)
        wire_empty_query(backend_out(b));
    for (int i = 0; b->log.statements && i < parsed.count; i++)
        statement_log_class(b, statement_class(b, &parsed.stmts[i]), sql, NULL);
    for (int i = 0; i < parsed.count; i++) {
        struct arena_mark mark = arena_mark(a);
        TRY(run_one(b, &parsed.stmts[i], sql, i, parsed.count));
        arena_rewind(a, mark);
    }
    return NULL;
}

/* A client's text as UTF-8, in the message or the statement's arena; it ends with NUL. */
static struct err *read_text(struct backend *b, const char **text, size_t *len)
{
    struct str s = str_make(*text, *len);
    if (str_is_ascii(s))
        return NULL;
    TRY(encoding_from_client(b->base.types.client_encoding, s, &b->scratch->arena, &s));
    *text = s.data;
    *len = s.len;
    return utf8_verify(s);
}

static struct err *read_name(struct backend *b, const char **name)
{
    size_t len = strlen(*name);
    return read_text(b, name, &len);
}

void run_simple_query(struct backend *b, const char *sql, size_t len)
{
    struct portal *unnamed = portal_find(b, "");
    begin_work(b);
    prepared_drop(b, "");
    if (unnamed)
        portal_drop(b, unnamed);
    struct err *e = read_text(b, &sql, &len);
    if (!e) {
        /* COPY reads more input, so the text must not lie in the input buffer. */
        char *copy = arena_try_alloc(&b->scratch->arena, len + 1);
        if (copy) {
            memcpy(copy, sql, len);
            copy[len] = '\0';
            activity_set(b, "active", copy);
            statement_log_begin(b);
            e = simple_query(b, copy);
            if (!e)
                statement_log_end(b, copy, NULL);
        } else {
            e = err_oom();
        }
    }
    if (e)
        fail(b, e);
    arena_reset(&b->scratch->arena);
    b->cancel.deadline_ns = 0;
    ready(b);
}

struct err *server_run_sql(struct str database, const char *sql)
{
    struct backend *b;
    TRY(backend_internal(database, &b));
    b->base.types.stmt_timestamp = timestamp_now();
    struct err *e = simple_query(b, sql);
    if (e)
        xact_fail(b);
    else if (b->xact.state != XACT_NONE)
        e = xact_commit(b);
    backend_free(b);
    return e;
}

/* ---- extended query ---- */

static struct err *no_statement(const char *name)
{
    if (!*name)
        return err_new("26000", "unnamed prepared statement does not exist");
    return err_new("26000", "prepared statement \"%s\" does not exist", name);
}

/* Drivers that don't prepare send the same few texts as the unnamed statement over and over. */
static struct err *parse_unnamed(struct backend *b, const struct wire_parse *m,
                                 const uint32_t *types, bool *known)
{
    *known = false;
    if (b->xact.state == XACT_FAILED || !text_cache_suits(m->sql))
        return NULL;
    TRY(xact_open(b));
    b->unnamed = text_cache_share(b, str_make(m->sql, m->sql_len), types, m->ntypes);
    *known = b->unnamed != NULL;
    return NULL;
}

static struct err *parse_new(struct backend *b, const struct wire_parse *m)
{
    struct prepared *p;
    uint32_t *types = arena_alloc(&b->scratch->arena, sizeof(*types) * (size_t)(m->ntypes + 1));
    for (int i = 0; i < m->ntypes; i++)
        types[i] = load_be32(m->types + 4 * i);
    if (!*m->name) {
        bool known;
        prepared_drop(b, "");
        TRY(parse_unnamed(b, m, types, &known));
        if (known)
            return NULL;
    }
    TRY(prepared_new(m->sql, m->sql_len, types, m->ntypes, &p));
    struct err *e = check_not_failed(b, &p->raw, p->kind);
    if (!e)
        e = prepared_plan(b, p);
    if (!e && *m->name && prepared_find(b, m->name))
        e = err_new("42P05", "prepared statement \"%s\" already exists", m->name);
    if (e) {
        prepared_unref(p);
        return e;
    }
    if (!*m->name) {
        b->unnamed = p;
        text_cache_keep(b, p);
        return NULL;
    }
    p->created = b->base.types.stmt_timestamp;
    p->name = strdup(m->name);
    CHECK(p->name != NULL);
    p->next = b->prepared;
    b->prepared = p;
    return NULL;
}

static struct err *on_parse(struct backend *b, struct str body)
{
    struct wire_parse m;
    TRY(wire_parse_parse(body, &m));
    begin_work(b);
    xact_begin(b);
    TRY(read_text(b, &m.sql, &m.sql_len));
    TRY(read_name(b, &m.name));
    activity_set(b, "active", m.sql);
    TRY(parse_new(b, &m));
    wire_parse_complete(backend_out(b));
    return NULL;
}

/* *text: the parameter's text, once it is known. */
static struct err *read_param(struct backend *b, struct arena *a, uint32_t type, int16_t format,
                              struct str value, struct datum *out, struct str *text)
{
    const struct type_ops *ops = type_lookup(&b->base.types, type);
    if (!ops)
        return err_unsupported("parameters of type %u are not supported", type);
    if (format == 0)
        TRY(encoding_from_client(b->base.types.client_encoding, value, a, &value));
    if (!ops->byval) { /* the input buffer is gone when the portal runs */
        char *copy = arena_try_alloc(a, value.len + 1);
        if (!copy)
            return err_oom();
        memcpy(copy, value.data, value.len);
        copy[value.len] = '\0';
        value.data = copy;
    }
    if (format == 0) {
        if (!str_is_ascii(value) || memchr(value.data, 0, value.len))
            TRY(utf8_verify(value));
        *text = value;
        return ops->in(ops, &b->base.types, value, -1, a, out);
    }
    if (format != 1)
        return err_new("22023", "unsupported format code: %d", format);
    if (!ops->recv)
        return err_new("42883", "no binary input function available for type %s", ops->name);
    return ops->recv(ops, &b->base.types, value, -1, a, out);
}

/* A domain may refuse it. */
static struct err *check_null(struct backend *b, uint32_t type)
{
    const struct type_env *env = &b->base.types;
    const struct type_ops *ops = type_lookup(env, type);
    return ops && ops->domain ? env->domain_check(env->names, ops->domain, datum_null()) : NULL;
}

struct err *portal_read_params(struct backend *b, struct portal *p, const struct wire_bind *m)
{
    const uint8_t *at = m->params;
    p->params = arena_alloc(&p->arena, sizeof(*p->params) * (size_t)(m->nparams + 1));
    for (int i = 0; i < m->nparams; i++) {
        struct str value;
        if (!wire_bind_param(&at, &value)) {
            p->params[i] = datum_null();
            TRY(check_null(b, p->stmt->params.types[i]));
            continue;
        }
        struct str text = {0};
        struct err *e = read_param(b, &p->arena, p->stmt->params.types[i],
                                   wire_format(m->param_formats, m->nparam_formats, i), value,
                                   &p->params[i], &text);
        if (e)
            return statement_param_context(b, p, i, text.data ? &text : NULL, e);
    }
    return NULL;
}

static struct err *read_formats(struct portal *p, const struct wire_bind *m)
{
    int ncols = p->stmt->desc.ncols;
    if (p->stmt->kind == STMT_PLAN && m->nresult_formats > 1 && m->nresult_formats != ncols)
        return err_new("08P01", "bind message has %d result formats but query has %d columns",
                       m->nresult_formats, ncols);
    p->nformats = m->nresult_formats;
    p->formats = arena_alloc(&p->arena, sizeof(*p->formats) * (size_t)(p->nformats + 1));
    for (int i = 0; i < p->nformats; i++) {
        p->formats[i] = (int16_t)load_be16(m->result_formats + 2 * i);
        if (p->formats[i] != 0 && p->formats[i] != 1)
            return err_new("22023", "unsupported format code: %d", p->formats[i]);
    }
    return NULL;
}

static struct err *check_bind(const struct prepared *stmt, const struct wire_bind *m)
{
    if (m->nparam_formats > 1 && m->nparam_formats != m->nparams)
        return err_new("08P01", "bind message has %d parameter formats but %d parameters",
                       m->nparam_formats, m->nparams);
    if (m->nparams != stmt->params.count)
        return err_new("08P01",
                       "bind message supplies %d parameters, but prepared statement \"%s\" "
                       "requires %d",
                       m->nparams, m->statement, stmt->params.count);
    return NULL;
}

static struct err *on_bind(struct backend *b, struct str body)
{
    struct wire_bind m;
    struct portal *p;
    TRY(wire_bind_parse(body, &m));
    begin_work(b);
    xact_begin(b);
    TRY(read_name(b, &m.statement));
    TRY(read_name(b, &m.portal));
    struct prepared *stmt = prepared_find(b, m.statement);
    if (!stmt)
        return no_statement(m.statement);
    activity_set(b, "active", stmt->sql);
    TRY(check_bind(stmt, &m));
    TRY(check_not_failed(b, &stmt->raw, stmt->kind));
    TRY(prepared_plan(b, stmt));
    TRY(portal_new(b, m.portal, stmt, &p));
    struct err *e = portal_read_params(b, p, &m);
    if (!e)
        e = read_formats(p, &m);
    if (e) {
        portal_drop(b, p);
        return e;
    }
    wire_bind_complete(backend_out(b));
    return NULL;
}

static struct err *execute_plan(struct backend *b, struct portal *p, int32_t max_rows)
{
    uint64_t nrows;
    bool done;
    char tag[TAG_BYTES];
    struct err *e = portal_run(b, p, max_rows > 0 ? (uint64_t)max_rows : 0, true, p->formats,
                               p->nformats, &nrows, &done);
    if (e)
        return statement_params_context(b, p, e);
    if (!done) {
        wire_portal_suspended(backend_out(b));
        return NULL;
    }
    const struct statement_plan *plan = p->stmt->plan;
    bool select = plan->query->kind == Q_SELECT;
    tag_plan(plan, select || !p->exec ? nrows : exec_processed(p->exec), tag);
    wire_command_complete(backend_out(b), tag);
    statement_log_end(b, p->stmt->sql, p);
    xact_next(b);
    return NULL;
}

/* The statement may end the transaction and with it its own portal, so what it needs is kept apart.
 */
static struct err *execute_utility(struct backend *b, struct portal *p)
{
    struct prepared *stmt = prepared_ref(p->stmt);
    struct arena *a = &b->scratch->arena;
    struct run r = {.raw = &stmt->raw,
                    .kind = stmt->kind,
                    .sql = stmt->sql,
                    .params = &stmt->params,
                    .values = p->params,
                    .formats =
                        arena_memdup(a, p->formats, sizeof(*p->formats) * (size_t)p->nformats),
                    .nformats = p->nformats,
                    .only = b->xact.state == XACT_IMPLICIT};
    struct err *e = p->state == PORTAL_NEW
                        ? NULL
                        : err_new("55000", "portal \"%s\" cannot be run", p->name ? p->name : "");
    struct portal logged = {.stmt = stmt, .name = p->name ? arena_strdup(a, p->name) : NULL};
    p->state = PORTAL_DONE;
    if (!e)
        e = run_statement(b, &r);
    if (!e) {
        wire_command_complete(backend_out(b), r.tag);
        statement_log_end(b, stmt->sql, &logged);
        xact_next(b);
    }
    prepared_unref(stmt);
    return e;
}

/* A transaction that fails takes its portals along, whose clients are told of that. */
static struct err *no_portal(struct backend *b, const char *name)
{
    TRY(check_not_failed(b, NULL, STMT_PLAN));
    return err_new("34000", "portal \"%s\" does not exist", name);
}

static struct err *on_execute(struct backend *b, struct str body)
{
    struct wire_execute m;
    TRY(wire_execute_parse(body, &m));
    xact_begin(b);
    TRY(read_name(b, &m.portal));
    struct portal *p = portal_find(b, m.portal);
    if (!p)
        return no_portal(b, m.portal);
    TRY(check_not_failed(b, &p->stmt->raw, p->stmt->kind));
    TRY(cancel_check(&b->cancel));
    if (p->stmt->kind == STMT_EMPTY) {
        wire_empty_query(backend_out(b));
        return NULL;
    }
    statement_log_begin(b);
    if (b->log.statements)
        statement_log_class(b, statement_class(b, &p->stmt->raw), p->stmt->sql, p);
    if (p->stmt->kind == STMT_PLAN)
        TRY(execute_plan(b, p, m.max_rows));
    else
        TRY(execute_utility(b, p));
    b->cancel.deadline_ns = 0;
    return NULL;
}

static struct err *describe_columns(struct backend *b, struct prepared *stmt,
                                    const int16_t *formats, int nformats)
{
    const struct result_desc *desc = NULL;
    const char *names[3];
    int n = 0;
    bool rows = false;
    uint32_t type = TEXT_OID;
    if (stmt->kind == STMT_PLAN) {
        desc = &stmt->desc;
        rows = plan_has_rows(stmt->plan);
    } else if (stmt->raw.own && own_stmt_result(stmt->raw.own)) {
        put_own_description(b, own_stmt_result(stmt->raw.own), formats, nformats);
        return NULL;
    } else if (stmt->raw.tree) {
        rows = utility_columns(b, &stmt->raw, &desc, names, &n, &type);
    }
    if (!rows)
        wire_no_data(backend_out(b));
    else if (desc)
        return put_row_description(b, desc, formats, nformats);
    else
        put_text_description(b, names, n, type, formats, nformats);
    return NULL;
}

static struct err *describe_statement(struct backend *b, const char *name)
{
    struct prepared *stmt = prepared_find(b, name);
    if (!stmt)
        return no_statement(name);
    TRY(check_not_failed(b, &stmt->raw, stmt->kind));
    TRY(prepared_plan(b, stmt));
    wire_parameter_description(backend_out(b), stmt->params.types, stmt->params.count);
    return describe_columns(b, stmt, NULL, 0);
}

static struct err *on_describe(struct backend *b, struct str body)
{
    struct wire_target m;
    TRY(wire_target_parse(body, "DESCRIBE", &m));
    xact_begin(b);
    TRY(read_name(b, &m.name));
    if (m.kind == 'S')
        return describe_statement(b, m.name);
    struct portal *p = portal_find(b, m.name);
    if (!p)
        return no_portal(b, m.name);
    TRY(check_not_failed(b, &p->stmt->raw, p->stmt->kind));
    return describe_columns(b, p->stmt, p->formats, p->nformats);
}

static struct err *on_close(struct backend *b, struct str body)
{
    struct wire_target m;
    TRY(wire_target_parse(body, "CLOSE", &m));
    TRY(read_name(b, &m.name));
    struct portal *p = m.kind == 'P' ? portal_find(b, m.name) : NULL;
    if (m.kind == 'S')
        prepared_drop(b, m.name);
    if (p)
        portal_drop(b, p);
    wire_close_complete(backend_out(b));
    return NULL;
}

static struct err *on_sync(struct backend *b, struct str body)
{
    TRY(wire_empty_parse(body));
    struct err *e = NULL;
    b->skip_to_sync = false;
    if (b->xact.state == XACT_IMPLICIT)
        e = xact_commit(b);
    if (e)
        fail(b, e);
    arena_reset(&b->scratch->arena);
    b->cancel.deadline_ns = 0;
    ready(b);
    return NULL;
}

static struct err *on_query(struct backend *b, struct str body)
{
    const char *sql;
    size_t len;
    TRY(wire_string_parse(body, &sql, &len));
    run_simple_query(b, sql, len);
    return NULL;
}

static struct err *on_function_call(struct backend *b, struct str body)
{
    struct wire_call m;
    TRY(wire_call_parse(body, &m));
    begin_work(b);
    xact_begin(b);
    activity_set(b, "active", "<FASTPATH> function call");
    struct err *e = check_not_failed(b, NULL, STMT_PLAN);
    if (!e)
        e = function_call(b, &m);
    if (e)
        fail(b, e);
    arena_reset(&b->scratch->arena);
    b->cancel.deadline_ns = 0;
    ready(b);
    return NULL;
}

static struct err *dispatch(struct backend *b, const struct wire_frame *f)
{
    switch (f->type) {
    case 'Q':
        return on_query(b, f->body);
    case 'P':
        return on_parse(b, f->body);
    case 'B':
        return on_bind(b, f->body);
    case 'E':
        return on_execute(b, f->body);
    case 'D':
        return on_describe(b, f->body);
    case 'C':
        return on_close(b, f->body);
    case 'S':
        return on_sync(b, f->body);
    case 'H':
        return wire_empty_parse(f->body);
    case 'X':
        b->closing = true;
        return NULL;
    case 'd': /* the rest of a COPY that has failed */
    case 'c':
    case 'f':
        return NULL;
    case 'F':
        return on_function_call(b, f->body);
    default:
        return err_fatal(err_new("08P01", "invalid frontend message type %d", f->type));
    }
}

/* After one message of a pipeline has failed, the rest of it is skipped; each of the others ends
 * with ReadyForQuery by itself. */
static void end_failed(struct backend *b, char type)
{
    b->skip_to_sync = memchr("PBEDCH", type, 6) != NULL;
    if (b->skip_to_sync || b->closing)
        return;
    arena_reset(&b->scratch->arena);
    ready(b);
}

void process_messages(struct backend *b)
{
    struct scratch *s = b->scratch;
    backend_settings_refresh(b);
    while (!b->closing) {
        struct wire_frame f = {0};
        bool complete;
        struct err *e =
            wire_frame_next(str_make(s->in.data + s->in_at, s->in.len - s->in_at), &f, &complete);
        if (!e && !complete)
            return;
        if (!e) {
            s->in_at += f.size_bytes;
            if (b->skip_to_sync && f.type != 'S' && f.type != 'X')
                continue;
            e = dispatch(b, &f);
        }
        if (e) {
            fail(b, e);
            end_failed(b, f.type);
        } else if (s->out.len >= FLUSH_BYTES) {
            err_free(backend_flush(b));
        }
    }
}
