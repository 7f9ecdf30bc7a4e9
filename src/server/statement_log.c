/* Statements in the server log: log_statement, log_min_duration_statement, log_duration; the
 * statement of an error by log_min_error_statement. Texts as PostgreSQL's (manual 20.8). */
#include "server/server_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "types/text.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdio.h>

/* What a statement's tree makes of it. */
static enum statement_class tree_class(struct backend *b, const PgQuery__Node *n)
{
    const struct prepared *p;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        return n->select_stmt->into_clause ? STATEMENT_DDL : STATEMENT_OTHER;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT:
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        return STATEMENT_MOD;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        return n->copy_stmt->is_from ? STATEMENT_MOD : STATEMENT_OTHER;
    case PG_QUERY__NODE__NODE_PREPARE_STMT:
        return tree_class(b, n->prepare_stmt->query);
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
        p = prepared_find(b, n->execute_stmt->name);
        return p ? statement_class(b, &p->raw) : STATEMENT_OTHER;
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
        for (size_t i = 0; i < n->explain_stmt->n_options; i++)
            if (strcmp(n->explain_stmt->options[i]->def_elem->defname, "analyze") == 0)
                return tree_class(b, n->explain_stmt->query);
        return STATEMENT_OTHER;
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
    case PG_QUERY__NODE__NODE_FETCH_STMT:
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
    case PG_QUERY__NODE__NODE_CALL_STMT:
    case PG_QUERY__NODE__NODE_DO_STMT:
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
    case PG_QUERY__NODE__NODE_NOTIFY_STMT:
    case PG_QUERY__NODE__NODE_LOCK_STMT:
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
    case PG_QUERY__NODE__NODE_LOAD_STMT:
        return STATEMENT_OTHER;
    default:
        return STATEMENT_DDL;
    }
}

enum statement_class statement_class(struct backend *b, const struct raw_stmt *raw)
{
    if (raw->own)
        return STATEMENT_DDL;
    return raw->tree ? tree_class(b, raw->tree) : STATEMENT_OTHER;
}

static const char *area_of(const struct backend *b, char *area, size_t size)
{
    snprintf(area, size, "session %d %s@%s", b->base.pid, b->user ? b->user : "",
             b->database ? b->database : "");
    return area;
}

/* In quotes, and no more than `most` bytes of it (-1: all). */
static void put_quoted(struct str text, int64_t most, struct buf *out)
{
    bool cut = most >= 0 && text.len > (size_t)most;
    if (cut)
        text.len = utf8_clip(text, (size_t)most);
    buf_put_u8(out, '\'');
    for (size_t k = 0; k < text.len; k++) {
        if (text.data[k] == '\'')
            buf_put_u8(out, '\'');
        buf_put_u8(out, (uint8_t)text.data[k]);
    }
    buf_put_c(out, cut ? "...'" : "'");
}

/* `$1 = '...', $2 = NULL`; nothing where there are none. */
static void put_params(struct backend *b, const struct portal *p, int64_t most, struct buf *out)
{
    for (int i = 0; p && p->params && most && i < p->stmt->params.count; i++) {
        const struct type_ops *ops = type_lookup(&b->base.types, p->stmt->params.types[i]);
        struct buf value = BUF_INIT;
        buf_printf(out, "%s$%d = ", i ? ", " : "", i + 1);
        if (p->params[i].null) {
            buf_put_c(out, "NULL");
            continue;
        }
        struct err *e = ops ? ops->out(ops, &b->base.types, p->params[i], &value) : NULL;
        put_quoted(buf_str(&value), most, out);
        err_free(e);
        buf_done(&value);
    }
}

static void put_portal(const struct portal *p, struct buf *out)
{
    if (p->name && *p->name)
        buf_printf(out, "portal \"%s\"", p->name);
    else
        buf_put_c(out, "unnamed portal");
}

struct err *statement_param_context(struct backend *b, const struct portal *p, int i,
                                    const struct str *text, struct err *e)
{
    struct buf line = BUF_INIT;
    put_portal(p, &line);
    buf_printf(&line, " parameter $%d", i + 1);
    if (text) {
        buf_put_c(&line, " = ");
        put_quoted(*text, b->log.error_parameter_bytes, &line);
    }
    e = err_context(e, "%s", buf_cstr(&line));
    buf_done(&line);
    return e;
}

struct err *statement_params_context(struct backend *b, const struct portal *p, struct err *e)
{
    struct buf line = BUF_INIT;
    put_portal(p, &line);
    buf_put_c(&line, " with parameters: ");
    size_t lead = line.len;
    put_params(b, p, b->log.error_parameter_bytes, &line);
    if (line.len > lead)
        e = err_context(e, "%s", buf_cstr(&line));
    buf_done(&line);
    return e;
}

/* `statement: ...` or `execute name: ...`, with its parameters. */
static void write_entry(struct backend *b, const char *lead, const char *sql,
                        const struct portal *p)
{
    char area[160];
    struct buf text = BUF_INIT;
    struct buf params = BUF_INIT;
    sql = sql ? own_stmt_shown(sql) : NULL;
    buf_put_c(&text, lead);
    if (sql && p)
        buf_printf(&text, "%sexecute %s%s%s: ", *lead ? "  " : "",
                   p->stmt->name ? p->stmt->name : "<unnamed>", p->name && *p->name ? "/" : "",
                   p->name ? p->name : "");
    else if (sql)
        buf_printf(&text, "%sstatement: ", *lead ? "  " : "");
    if (sql)
        buf_put_c(&text, sql);
    buf_put_c(&params, "parameters: ");
    size_t none = params.len;
    if (sql)
        put_params(b, p, b->log.parameter_bytes, &params);
    struct log_entry entry = {.message = buf_cstr(&text),
                              .detail = params.len > none ? buf_cstr(&params) : NULL};
    log_entry(LOG_LOG, area_of(b, area, sizeof(area)), &entry);
    buf_done(&text);
    buf_done(&params);
}

void statement_log_begin(struct backend *b)
{
    b->log.logged = false;
    b->log.start_ns = clock_mono_ns();
}

void statement_log_class(struct backend *b, enum statement_class class, const char *sql,
                         const struct portal *p)
{
    if (b->log.logged || (int)class > b->log.statements || !b->conn)
        return;
    b->log.logged = true;
    write_entry(b, "", sql, p);
}

void statement_log_end(struct backend *b, const char *sql, const struct portal *p)
{
    char lead[48];
    if (!b->conn || (b->log.min_duration_ms < 0 && !b->log.duration))
        return;
    int64_t took_ns = clock_mono_ns() - b->log.start_ns;
    bool slow = b->log.min_duration_ms >= 0 && took_ns >= b->log.min_duration_ms * 1000000;
    if (!slow && !b->log.duration)
        return;
    snprintf(lead, sizeof(lead), "duration: %.3f ms", (double)took_ns / 1e6);
    write_entry(b, lead, slow && !b->log.logged ? sql : NULL, p);
}

void statement_log_error(struct backend *b, const struct err *e)
{
    enum log_level level = e->severity == ERR_ERROR ? LOG_ERROR : LOG_FATAL;
    char area[160];
    if (!log_enabled(level))
        return;
    bool shown = b->log.errors && b->conn && b->started && strcmp(b->activity.state, "active") == 0;
    log_entry(level, area_of(b, area, sizeof(area)),
              &(struct log_entry){.message = e->message,
                                  .sqlstate = e->sqlstate,
                                  .detail = e->detail,
                                  .hint = e->hint,
                                  .statement = shown ? b->activity.query : NULL});
}
