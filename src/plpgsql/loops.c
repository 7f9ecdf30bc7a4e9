/* Conditions and loops (manual section 43.6). */
#include "plpgsql/parser.h"

#include <stdlib.h>

static const char *const to_then[] = {"then", NULL};
static const char *const to_loop[] = {"loop", NULL};
static const char *const to_semicolon[] = {";", NULL};

/* ---- conditions and loops ---- */

static struct err *read_branch(struct parser *p, struct stmt *s)
{
    struct branch b = {0};
    TRY(read_expr(p, to_then, "THEN", &b.condition));
    p->at++;
    TRY(read_statements(p, &b.body));
    ARENA_PUSH(p->arena, s->cases.items, s->cases.count, s->cases.cap, b);
    return NULL;
}

struct err *read_if(struct parser *p, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_IF, p->at++);
    do {
        TRY(read_branch(p, s));
    } while (accept_word(p, "elsif") || accept_word(p, "elseif"));
    if (accept_word(p, "else"))
        TRY(read_statements(p, &s->cases.otherwise));
    TRY(expect_word(p, "end"));
    TRY(expect_word(p, "if"));
    return expect_text(p, ";");
}

/* WHEN a, b of a CASE with an operand: operand IN (a, b). */
static struct err *read_when_of(struct parser *p, struct stmt *s)
{
    struct branch b = {0};
    int end;
    TRY(find_end(p, to_then, &end));
    if (end <= p->at)
        return syntax_error(p, p->at);
    const char *list = slice(p, p->at, end - 1);
    const char *sql = arena_printf(p->arena, "SELECT \"%s\" IN (%s)", s->cases.test->name, list);
    b.condition =
        new_expr(p, "SQL expression", p->at, end - 1, sql, -(int)(strlen(sql) - strlen(list) - 1));
    p->at = end + 1;
    TRY(check_syntax(p, b.condition));
    TRY(read_statements(p, &b.body));
    ARENA_PUSH(p->arena, s->cases.items, s->cases.count, s->cases.cap, b);
    return NULL;
}

struct err *read_case(struct parser *p, struct stmt **out)
{
    static const char *const to_when[] = {"when", NULL};
    struct stmt *s = *out = new_stmt(p, ST_CASE, p->at++);
    if (!word_at(p, p->at, "when")) {
        TRY(read_expr(p, to_when, "WHEN", &s->expr));
        const char *name = arena_printf(p->arena, "__Case__Variable_%d__", ++p->ncases);
        s->cases.test = new_var(p, name, INT4_OID, -1);
        bind_name(p, name, s->cases.test);
    }
    if (!word_at(p, p->at, "when"))
        return syntax_error(p, p->at);
    while (accept_word(p, "when"))
        TRY(s->cases.test ? read_when_of(p, s) : read_branch(p, s));
    s->cases.has_otherwise = accept_word(p, "else");
    if (s->cases.has_otherwise)
        TRY(read_statements(p, &s->cases.otherwise));
    TRY(expect_word(p, "end"));
    TRY(expect_word(p, "case"));
    return expect_text(p, ";");
}

struct err *check_end_label(struct parser *p, const char *label)
{
    if (!is_name(p, p->at))
        return NULL;
    const char *name = name_at(p, p->at);
    if (!label)
        return error_at(p, p->at,
                        err_new("42601", "end label \"%s\" specified for unlabeled block", name));
    if (strcmp(name, label) != 0)
        return error_at(
            p, p->at,
            err_new("42601", "end label \"%s\" differs from block's label \"%s\"", name, label));
    p->at++;
    return NULL;
}

/* LOOP statements END LOOP [label]; */
static struct err *read_loop_body(struct parser *p, struct stmt *s)
{
    TRY(expect_word(p, "loop"));
    TRY(read_statements(p, &s->body));
    TRY(expect_word(p, "end"));
    TRY(expect_word(p, "loop"));
    TRY(check_end_label(p, s->label));
    return expect_text(p, ";");
}

struct err *read_loop(struct parser *p, const char *label, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_LOOP, p->at);
    s->label = label;
    return read_loop_body(p, s);
}

struct err *read_while(struct parser *p, const char *label, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_WHILE, p->at++);
    s->label = label;
    TRY(read_expr(p, to_loop, "LOOP", &s->expr));
    return read_loop_body(p, s);
}

/* Where a .. stands before LOOP; 0: nowhere. */
static int range_sign(const struct parser *p)
{
    static const char *const ends[] = {"..", "loop", NULL};
    int end = 0;
    struct err *e = find_end(p, ends, &end);
    err_free(e);
    return !e && end > 0 && text_at(p, end, "..") ? end : 0;
}

static struct err *read_for_int(struct parser *p, const char *name, struct stmt *s)
{
    static const char *const to_dots[] = {"..", NULL};
    static const char *const to_by[] = {"by", "loop", NULL};
    s->type = ST_FOR_INT;
    s->loop.reverse = accept_word(p, "reverse");
    TRY(read_expr(p, to_dots, "..", &s->expr));
    p->at++;
    TRY(read_expr(p, to_by, "LOOP", &s->loop.to));
    if (accept_word(p, "by"))
        TRY(read_expr(p, to_loop, "LOOP", &s->loop.by));
    s->loop.var = new_var(p, name, INT4_OID, -1);
    bind_name(p, name, s->loop.var);
    return read_loop_body(p, s);
}

static struct err *not_rows(struct parser *p, int at)
{
    return error_at(p, at,
                    err_new("42601", "loop variable of loop over rows must be a record variable or "
                                     "list of scalar variables"));
}

static struct err *read_for_execute(struct parser *p, struct stmt *s)
{
    static const char *const ends[] = {"using", "loop", NULL};
    s->type = ST_FOR_EXECUTE;
    p->at++;
    TRY(read_expr(p, ends, "LOOP", &s->expr));
    TRY(read_using(p, to_loop, "LOOP", &s->loop.params));
    return read_loop_body(p, s);
}

static struct err *read_for_cursor(struct parser *p, struct var *cursor, const char *name,
                                   struct stmt *s)
{
    s->type = ST_FOR_CURSOR;
    s->loop.cursor = cursor;
    if (!cursor->cursor)
        return error_at(p, p->at,
                        err_new("42601", "cursor FOR loop must use a bound cursor variable"));
    p->at++;
    TRY(read_cursor_args(p, cursor, &s->loop.args));
    struct place t = {new_var(p, name, RECORD_OID, -1), NULL};
    bind_name(p, name, t.var);
    ARENA_PUSH(p->arena, s->loop.row.items, s->loop.row.count, s->loop.row.cap, t);
    return read_loop_body(p, s);
}

static struct err *read_for_query(struct parser *p, struct stmt *s)
{
    int end;
    s->type = ST_FOR_QUERY;
    TRY(find_end(p, to_loop, &end));
    if (end < 0)
        return error_at(p, p->at, err_new("42601", "missing \"LOOP\" at end of SQL expression"));
    if (end == p->at)
        return syntax_error(p, p->at);
    TRY(new_statement(p, p->at, end - 1, 0, 0, &s->expr));
    p->at = end;
    return read_loop_body(p, s);
}

/* The targets of a loop over rows, which are variables that there are. */
static struct err *loop_targets(struct parser *p, int first, struct stmt *s)
{
    const int in = p->at;
    p->at = first;
    struct err *e = read_targets(p, &s->loop.row);
    p->at = in;
    if (e && err_is(e, "42601") && strstr(e->message, "not a known variable")) {
        err_free(e);
        return not_rows(p, first);
    }
    return e;
}

struct err *read_for(struct parser *p, const char *label, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_FOR_QUERY, p->at);
    const int first = ++p->at;
    s->label = label;
    if (!is_name(p, first))
        return syntax_error(p, first);
    while (token_at(p, p->at)->kind != TOKEN_END && !word_at(p, p->at, "in") &&
           !text_at(p, p->at, ";"))
        p->at++;
    const bool single = p->at == first + 1;
    const char *name = name_at(p, first);
    TRY(expect_word(p, "in"));
    const char *source = is_name(p, p->at) ? name_at(p, p->at) : "";
    int used;
    struct var *cursor = pl_find_var(p->scope, p->scope->count, &source, 1, &used);
    struct scope *outer = p->scope;
    struct err *e;
    push_scope(p, label, true);
    if (cursor && cursor->type == REFCURSOR_OID &&
        (word_at(p, p->at + 1, "loop") || text_at(p, p->at + 1, "("))) {
        e = read_for_cursor(p, cursor, name, s);
    } else if (word_at(p, p->at, "execute")) {
        e = loop_targets(p, first, s);
        if (!e)
            e = read_for_execute(p, s);
    } else if (single && range_sign(p)) {
        e = read_for_int(p, name, s);
    } else {
        e = loop_targets(p, first, s);
        if (!e)
            e = read_for_query(p, s);
    }
    p->scope = outer;
    return e;
}

struct err *read_foreach(struct parser *p, const char *label, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_FOREACH, p->at++);
    s->label = label;
    TRY(read_targets(p, &s->loop.row));
    if (accept_word(p, "slice")) {
        int64_t n;
        if (!str_to_int64(str_from(slice(p, p->at, p->at)), &n) || n < 0 || n > 6)
            return syntax_error(p, p->at);
        s->loop.slice = (int)n;
        p->at++;
    }
    TRY(expect_word(p, "in"));
    TRY(expect_word(p, "array"));
    TRY(read_expr(p, to_loop, "LOOP", &s->expr));
    return read_loop_body(p, s);
}

/* ---- EXIT, CONTINUE ---- */

static struct err *check_exit_label(struct parser *p, const struct stmt *s, int at)
{
    for (const struct scope *c = p->scope; c; c = c->up) {
        if (!s->label && c->is_loop)
            return NULL;
        if (!s->label || !c->label || strcmp(c->label, s->label) != 0 || c->is_body)
            continue;
        if (c->is_loop || s->type == ST_EXIT)
            return NULL;
        return error_at(
            p, at, err_new("42601", "block label \"%s\" cannot be used in CONTINUE", s->label));
    }
    if (s->label)
        return error_at(
            p, at,
            err_new("42601",
                    "there is no label \"%s\" attached to any block or loop enclosing this "
                    "statement",
                    s->label));
    return error_at(p, at,
                    s->type == ST_EXIT
                        ? err_new("42601", "EXIT cannot be used outside a loop, unless it has a "
                                           "label")
                        : err_new("42601", "CONTINUE cannot be used outside a loop"));
}

struct err *read_exit(struct parser *p, enum stmt_type type, struct stmt **out)
{
    const int first = p->at++;
    struct stmt *s = *out = new_stmt(p, type, first);
    const bool named = is_name(p, p->at) && !word_at(p, p->at, "when");
    if (named)
        s->label = name_at(p, p->at++);
    TRY(check_exit_label(p, s, named ? p->at - 1 : first));
    if (accept_word(p, "when"))
        TRY(read_expr(p, to_semicolon, ";", &s->expr));
    return expect_text(p, ";");
}
