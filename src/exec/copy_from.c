/* COPY FROM: lines of text or CSV into an INSERT that is planned once and run once a row. */
#include "exec/copy_internal.h"

#include "catalog/table.h"
#include "exec/checks.h"
#include "rt/fiber.h"
#include "sql/analyze.h"
#include "sql/expr.h"
#include "sql/parse.h"
#include "types/text.h"

#include <pg_query/pg_query.pb-c.h>

static struct err *check_header(struct copy_reader *r)
{
    struct copy *c = r->c;
    TRY(copy_split(r));
    if (r->nfields != c->ncols)
        return err_new("22P04", "wrong number of fields in header line: got %d, expected %d",
                       r->nfields, c->ncols);
    for (int i = 0; i < c->ncols; i++) {
        const struct copy_field *f = &r->fields[i];
        if (f->null)
            return err_new("22P04",
                           "column name mismatch in header line field %d: got null value (\"%s\"), "
                           "expected \"%s\"",
                           i + 1, c->o.null, c->cols[i].name);
        if (!str_eq_c(f->text, c->cols[i].name))
            return err_new("22P04",
                           "column name mismatch in header line field %d: got \"%.*s\", expected "
                           "\"%s\"",
                           i + 1, STR_ARG(f->text), c->cols[i].name);
    }
    return NULL;
}

static struct err *convert(struct copy_reader *r, struct arena *a, struct datum *values)
{
    struct copy *c = r->c;
    if (r->nfields > c->ncols)
        return err_new("22P04", "extra data after last expected column");
    for (int i = 0; i < c->ncols; i++) {
        const struct type_ops *ops = c->cols[i].ops;
        r->column = i < r->nfields ? i : -1;
        if (i >= r->nfields)
            return err_new("22P04", "missing data for column \"%s\"", c->cols[i].name);
        if (r->fields[i].null)
            values[i] = datum_null();
        if (r->fields[i].null && ops->domain)
            TRY(c->s->types.domain_check(c->s, ops->domain, datum_null()));
        else if (!r->fields[i].null)
            TRY(ops->in(ops, &c->s->types, r->fields[i].text, c->cols[i].typmod, a, &values[i]));
    }
    r->column = -1;
    return NULL;
}

/* At most 100 bytes of the data, as PostgreSQL shows it. */
static int shown_bytes(struct str s)
{
    return s.len <= 100 ? (int)s.len : (int)utf8_clip(s, 100);
}

static struct err *add_context(struct copy_reader *r, struct err *e)
{
    const char *table = r->c->rel->name;
    unsigned long long line = r->line_number;
    if (r->c->o.binary)
        return r->column < 0 ? err_context(e, "COPY %s, line %llu", table, line)
                             : err_context(e, "COPY %s, line %llu, column %s", table, line,
                                           r->c->cols[r->column].name);
    if (r->column >= 0 && r->column < r->nfields) {
        const char *column = r->c->cols[r->column].name;
        struct str s = r->fields[r->column].text;
        if (r->fields[r->column].null)
            return err_context(e, "COPY %s, line %llu, column %s: null input", table, line, column);
        return err_context(e, "COPY %s, line %llu, column %s: \"%.*s%s\"", table, line, column,
                           shown_bytes(s), s.data, s.len > 100 ? "..." : "");
    }
    struct str s = buf_str(&r->line);
    if (!r->line_known)
        return err_context(e, "COPY %s, line %llu", table, line);
    return err_context(e, "COPY %s, line %llu: \"%.*s%s\"", table, line, shown_bytes(s), s.data,
                       s.len > 100 ? "..." : "");
}

/* WHERE, over the columns of the table. */
static struct err *is_wanted(struct copy *c, const struct datum *values, struct arena *a, bool *yes)
{
    struct datum *row = arena_new_array(a, struct datum, c->rel->natts + 1);
    struct datum d;
    for (int i = 0; i < c->rel->natts; i++)
        row[i] = datum_null();
    for (int i = 0; i < c->ncols; i++)
        row[c->cols[i].att - 1] = values[i];
    TRY(row_expr_eval(c->where, row, &d));
    *yes = !d.null && d.i;
    return NULL;
}

static struct err *load_row(struct copy_reader *r, struct exec *x, struct arena *a,
                            struct datum *values, bool *wanted)
{
    *wanted = true;
    if (!r->c->o.binary) {
        TRY(copy_split(r));
        TRY(convert(r, a, values));
    }
    if (r->c->where)
        TRY(is_wanted(r->c, values, a, wanted));
    if (!*wanted)
        return NULL;
    struct err *e = exec_rebind(x, values);
    if (e && strncmp(e->sqlstate, "23505", 5) == 0)
        r->line_known = false;
    return e;
}

static struct err *load(struct copy_reader *r, struct exec *x, const struct exec_env *env)
{
    struct copy *c = r->c;
    struct arena a;
    struct err *e = NULL;
    struct datum *values = arena_new_array(&c->arena, struct datum, c->ncols + 1);
    bool found = true;
    bool loading;
    bool wanted;
    arena_init(&a);
    if (c->o.binary)
        e = copy_binary_begin(r);
    while (!e) {
        r->line_known = false;
        e = c->o.binary ? copy_binary_next(r, &a, values, &found) : copy_read_line(r, &found);
        if (e || !found)
            break;
        if (r->line_number == 1 && c->o.header) {
            e = c->o.header == HEADER_MATCH ? check_header(r) : NULL;
            continue;
        }
        e = load_row(r, x, &a, values, &wanted);
        c->rows += !e && wanted;
        arena_reset(&a);
        if (!e && wanted && c->rows == EXEC_LOAD_AFTER_ROWS)
            e = exec_load_start(x, &loading);
        if (!e)
            e = fiber_tick();
    }
    arena_done(&a);
    if (e && e->severity == ERR_ERROR && r->line_number)
        add_context(r, e);
    if (!e)
        e = exec_load_finish(x);
    if (!e)
        e = exec_rebind_end(x);
    if (!e)
        e = checks_statement_end(env);
    /* What follows \. is read and forgotten. */
    return e ? e : copy_skip_rest(r);
}

static struct err *plan_insert(struct copy *c, struct statement_plan **out)
{
    struct buf sql = BUF_INIT;
    uint32_t *types = arena_new_array(&c->arena, uint32_t, c->ncols + 1);
    buf_put_c(&sql, "INSERT INTO ");
    copy_put_relation(c, &sql);
    for (int i = 0; i < c->ncols; i++) {
        buf_put_c(&sql, i ? ", " : " (");
        quote_identifier(&sql, c->cols[i].name);
        types[i] = c->cols[i].type;
    }
    buf_put_c(&sql, c->ncols ? ") OVERRIDING SYSTEM VALUE VALUES (" : " DEFAULT VALUES");
    for (int i = 0; i < c->ncols; i++)
        buf_printf(&sql, "%s$%d", i ? ", " : "", i + 1);
    buf_put_c(&sql, c->ncols ? ")" : "");
    const char *text = arena_strdup(&c->arena, buf_cstr(&sql));
    buf_done(&sql);
    if (table_hides_rows(&c->s->cat, c->rel))
        return err_hint(err_unsupported("COPY FROM not supported with row-level security"),
                        "Use INSERT statements instead.");
    return copy_plan(c, text, NULL, types, c->ncols, out);
}

static bool reads_unlisted(const struct copy *c, const struct expr *e)
{
    bool listed = e->kind != E_VAR;
    for (int i = 0; !listed && i < c->ncols; i++)
        listed = c->cols[i].att == e->var.att;
    for (int i = 0; listed && i < e->nargs; i++)
        listed = !e->args[i] || !reads_unlisted(c, e->args[i]);
    return !listed;
}

static struct err *plan_where(struct copy *c, const struct exec_env *env)
{
    const void *where = c->raw->tree->copy_stmt->where_clause;
    struct rte *rte;
    struct expr *e;
    if (!where)
        return NULL;
    TRY(analyze_expr_node(&c->s->cat, &c->s->types, c->raw->sql, where, c->rel, USE_COPY_WHERE,
                          BOOL_OID, -1, NULL, &c->arena, &rte, &e));
    if (reads_unlisted(c, e))
        return err_unsupported("COPY FROM ... WHERE over columns that are not copied is not "
                               "supported yet");
    return row_expr_new(env, rte, e, &c->where);
}

struct err *copy_from(struct copy *c)
{
    struct exec_env env = session_exec_env(c->s);
    struct statement_plan *plan;
    struct exec *x = NULL;
    struct copy_reader r = {.c = c, .column = -1};
    if (c->rel->kind != 'r') { /* told when the client has begun to send */
        TRY(c->io->begin(c->io->arg, true, c->ncols, c->o.binary));
        return copy_wrong_kind(c->rel, true);
    }
    TRY(plan_where(c, &env));
    TRY(plan_insert(c, &plan));
    struct datum *nulls = arena_new_array(&c->arena, struct datum, c->ncols + 1);
    struct err *e = exec_begin(&env, plan, nulls, &x);
    if (!e)
        e = c->io->begin(c->io->arg, true, c->ncols, c->o.binary);
    if (!e)
        e = load(&r, x, &env);
    exec_end(x);
    plan_unref(plan);
    copy_reader_done(&r);
    return e;
}
