/* Statements that run SQL, and those about cursors (manual sections 43.5 and 43.7). */
#include "plpgsql/parser.h"

#include <stdio.h>

static const char *const to_semicolon[] = {";", NULL};

/* ---- SQL ---- */

struct err *read_using(struct parser *p, const char *const *ends, const char *missing,
                       struct exprs *out)
{
    return accept_word(p, "using") ? read_exprs(p, ends, missing, out) : NULL;
}

static bool takes_into(const struct parser *p, int first)
{
    static const char *const words[] = {"select", "insert", "update", "delete",
                                        "merge",  "with",   "values", "table"};
    if (text_at(p, first, "("))
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (word_at(p, first, words[i]))
            return true;
    return false;
}

struct err *read_sql(struct parser *p, struct stmt **out)
{
    const int first = p->at;
    struct stmt *s = *out = new_stmt(p, ST_SQL, first);
    int end;
    int into_first = 0;
    int into_last = 0;
    TRY(find_end(p, to_semicolon, &end));
    if (end < 0)
        return syntax_error(p, first + (token_at(p, first)->kind != TOKEN_END &&
                                        token_at(p, first + 1)->kind == TOKEN_END));
    for (int i = first + 1; takes_into(p, first) && i < end; i++) {
        if (!word_at(p, i, "into") || word_at(p, i - 1, "insert") || word_at(p, i - 1, "merge"))
            continue;
        if (s->sql.into.present)
            return error_at(p, i, err_new("42601", "INTO specified more than once"));
        into_first = i;
        p->at = i + 1;
        TRY(read_targets(p, &s->sql.into));
        into_last = i = p->at;
        i--;
    }
    TRY(new_statement(p, first, end - 1, into_first, into_last, &s->expr));
    p->at = end + 1;
    return NULL;
}

struct err *read_perform(struct parser *p, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_PERFORM, p->at++);
    TRY(read_expr(p, to_semicolon, ";", &s->expr));
    s->expr->kind = "SQL statement";
    s->expr->text = s->expr->sql;
    s->expr->shift = 0;
    return expect_text(p, ";");
}

struct err *read_call(struct parser *p, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_CALL, p->at);
    int end;
    TRY(find_end(p, to_semicolon, &end));
    if (end < 0)
        return syntax_error(p, p->at);
    TRY(new_statement(p, p->at, end - 1, 0, 0, &s->expr));
    p->at = end + 1;
    return NULL;
}

struct err *read_execute(struct parser *p, struct stmt **out)
{
    static const char *const ends[] = {"into", "using", ";", NULL};
    static const char *const param_ends[] = {"into", ";", NULL};
    struct stmt *s = *out = new_stmt(p, ST_EXECUTE, p->at++);
    TRY(read_expr(p, ends, ";", &s->expr));
    while (!text_at(p, p->at, ";")) {
        if (word_at(p, p->at, "into") && !s->sql.into.present) {
            p->at++;
            TRY(read_targets(p, &s->sql.into));
        } else if (word_at(p, p->at, "using") && !s->sql.params.count) {
            TRY(read_using(p, param_ends, ";", &s->sql.params));
        } else {
            return syntax_error(p, p->at);
        }
    }
    return expect_text(p, ";");
}

struct err *read_diagnostics(struct parser *p, struct stmt **out)
{
    static const struct {
        const char *word;
        enum diagnostic what;
        bool stacked;
        bool current;
    } items[] = {
        {"row_count", DIAG_ROW_COUNT, false, true},
        {"pg_context", DIAG_PG_CONTEXT, false, true},
        {"returned_sqlstate", DIAG_RETURNED_SQLSTATE, true, false},
        {"column_name", DIAG_COLUMN_NAME, true, false},
        {"constraint_name", DIAG_CONSTRAINT_NAME, true, false},
        {"pg_datatype_name", DIAG_DATATYPE_NAME, true, false},
        {"message_text", DIAG_MESSAGE_TEXT, true, false},
        {"table_name", DIAG_TABLE_NAME, true, false},
        {"schema_name", DIAG_SCHEMA_NAME, true, false},
        {"pg_exception_detail", DIAG_EXCEPTION_DETAIL, true, false},
        {"pg_exception_hint", DIAG_EXCEPTION_HINT, true, false},
        {"pg_exception_context", DIAG_EXCEPTION_CONTEXT, true, false},
    };
    struct stmt *s = *out = new_stmt(p, ST_GET_DIAGNOSTICS, p->at++);
    s->diag.stacked = accept_word(p, "stacked");
    if (!s->diag.stacked)
        accept_word(p, "current");
    TRY(expect_word(p, "diagnostics"));
    do {
        struct diag_item item;
        size_t i = 0;
        TRY(read_target(p, &item.to));
        if (!accept_text(p, "=") && !accept_text(p, ":="))
            return syntax_error(p, p->at);
        while (i < ARRAY_LENGTH(items) && !word_at(p, p->at, items[i].word))
            i++;
        if (i == ARRAY_LENGTH(items))
            return error_at(p, p->at,
                            err_new("42601", "unrecognized GET DIAGNOSTICS item at or near \"%s\"",
                                    slice(p, p->at, p->at)));
        if (s->diag.stacked ? !items[i].stacked : !items[i].current) {
            char name[32];
            snprintf(name, sizeof(name), "%s", items[i].word);
            for (char *c = name; *c; c++)
                *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
            return error_at(p, p->at,
                            err_new("42601",
                                    "diagnostics item %s is not allowed in GET %s DIAGNOSTICS",
                                    name, s->diag.stacked ? "STACKED" : "CURRENT"));
        }
        item.what = items[i].what;
        p->at++;
        ARENA_PUSH(p->arena, s->diag.items, s->diag.count, s->diag.cap, item);
    } while (accept_text(p, ","));
    return expect_text(p, ";");
}

/* A query, or EXECUTE and its text. */
struct err *read_query(struct parser *p, struct pl_expr **query, struct pl_expr **dynamic,
                       struct exprs *params)
{
    static const char *const ends[] = {"using", ";", NULL};
    int end;
    if (accept_word(p, "execute")) {
        TRY(read_expr(p, ends, ";", dynamic));
        TRY(read_using(p, to_semicolon, ";", params));
        return expect_text(p, ";");
    }
    TRY(find_end(p, to_semicolon, &end));
    if (end <= p->at)
        return syntax_error(p, p->at);
    TRY(new_statement(p, p->at, end - 1, 0, 0, query));
    p->at = end + 1;
    return NULL;
}

/* ---- cursors ---- */

/* (a, name := b) as the arguments of a bound cursor, in the order of its declaration. */
struct err *read_cursor_args(struct parser *p, const struct var *cursor, struct exprs *out)
{
    static const char *const ends[] = {",", ")", NULL};
    const int at = p->at;
    if (!accept_text(p, "(")) {
        if (!cursor->ncursor_args)
            return NULL;
        return error_at(p, at, err_new("42601", "cursor \"%s\" has arguments", cursor->name));
    }
    if (!cursor->ncursor_args)
        return error_at(p, at, err_new("42601", "cursor \"%s\" has no arguments", cursor->name));
    const int n = cursor->ncursor_args;
    out->items = arena_new_array(p->arena, struct pl_expr *, n + 1);
    out->count = n;
    for (int i = 0;; i++) {
        int number = i;
        if (is_name(p, p->at) && (text_at(p, p->at + 1, ":=") || text_at(p, p->at + 1, "=>"))) {
            const char *name = name_at(p, p->at);
            for (number = 0; number < n; number++)
                if (strcmp(cursor->cursor_args[number]->name, name) == 0)
                    break;
            if (number == n)
                return error_at(p, p->at,
                                err_new("42601", "cursor \"%s\" has no argument named \"%s\"",
                                        cursor->name, name));
            p->at += 2;
        }
        if (number >= n)
            return error_at(p, p->at,
                            err_new("42601", "too many arguments for cursor \"%s\"", cursor->name));
        if (out->items[number])
            return error_at(p, p->at,
                            err_new("42601",
                                    "value for parameter \"%s\" of cursor \"%s\" specified more "
                                    "than once",
                                    cursor->cursor_args[number]->name, cursor->name));
        TRY(read_expr(p, ends, ")", &out->items[number]));
        if (!accept_text(p, ","))
            break;
    }
    for (int i = 0; i < n; i++)
        if (!out->items[i])
            return error_at(
                p, p->at, err_new("42601", "not enough arguments for cursor \"%s\"", cursor->name));
    return expect_text(p, ")");
}

static struct err *read_cursor_var(struct parser *p, struct var **out)
{
    const char *names[3];
    const int first = p->at;
    int used = 0;
    int n = read_names(p, names, 3);
    *out = n ? pl_find_var(p->scope, p->scope->count, names, n, &used) : NULL;
    if (!*out || used != n)
        return error_at(p, first,
                        err_new("42601",
                                "cursor variable must be a simple variable at or near "
                                "\"%s\"",
                                slice(p, first, first)));
    if ((*out)->type != REFCURSOR_OID)
        return error_at(
            p, first,
            err_new("42804", "variable \"%s\" must be of type cursor or refcursor", (*out)->name));
    return NULL;
}

struct err *read_open(struct parser *p, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_OPEN, p->at++);
    TRY(read_cursor_var(p, &s->open.var));
    if (s->open.var->cursor) {
        TRY(read_cursor_args(p, s->open.var, &s->open.args));
        return expect_text(p, ";");
    }
    if (word_at(p, p->at, "no") && word_at(p, p->at + 1, "scroll")) {
        p->at += 2;
        s->open.scroll = -1;
    } else {
        s->open.scroll = accept_word(p, "scroll");
    }
    if (!accept_word(p, "for"))
        return error_at(p, p->at,
                        err_new("42601", "syntax error, expected \"FOR\" at or near \"%s\"",
                                slice(p, p->at, p->at)));
    return read_query(p, &s->expr, &s->open.dynamic, &s->open.params);
}

/* A count behind a direction's word. */
static struct err *read_count(struct parser *p, struct stmt *s)
{
    static const char *const ends[] = {"from", "in", NULL};
    s->fetch.many = true;
    return read_expr(p, ends, "FROM", &s->expr);
}

static struct err *read_direction(struct parser *p, struct stmt *s)
{
    s->fetch.direction = CURSOR_FORWARD;
    s->fetch.count = 1;
    if (accept_word(p, "next") || accept_word(p, "forward")) {
    } else if (accept_word(p, "prior") || accept_word(p, "backward")) {
        s->fetch.direction = CURSOR_BACKWARD;
    } else if (accept_word(p, "first")) {
        s->fetch.direction = CURSOR_ABSOLUTE;
    } else if (accept_word(p, "last")) {
        s->fetch.direction = CURSOR_ABSOLUTE;
        s->fetch.count = -1;
    } else if (accept_word(p, "absolute")) {
        s->fetch.direction = CURSOR_ABSOLUTE;
        return read_count(p, s);
    } else if (accept_word(p, "relative")) {
        s->fetch.direction = CURSOR_RELATIVE;
        return read_count(p, s);
    } else if (!word_at(p, p->at, "from") && !word_at(p, p->at, "in") &&
               !word_at(p, p->at, "all")) {
        return read_count(p, s);
    }
    if (accept_word(p, "all")) {
        s->fetch.count = INT64_MAX;
        s->fetch.many = true;
    } else if (!word_at(p, p->at, "from") && !word_at(p, p->at, "in")) {
        return read_count(p, s);
    }
    return NULL;
}

/* Whether a direction stands before the cursor. */
static bool has_direction(const struct parser *p)
{
    static const char *const ends[] = {"from", "in", "into", ";", NULL};
    int end;
    struct err *e = find_end(p, ends, &end);
    err_free(e);
    return !e && end > 0 && (word_at(p, end, "from") || word_at(p, end, "in"));
}

struct err *read_fetch(struct parser *p, bool move, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_FETCH, p->at++);
    s->fetch.move = move;
    s->fetch.direction = CURSOR_FORWARD;
    s->fetch.count = 1;
    if (has_direction(p)) {
        TRY(read_direction(p, s));
        p->at++;
    }
    TRY(read_cursor_var(p, &s->fetch.var));
    if (move)
        return expect_text(p, ";");
    if (s->fetch.many &&
        (s->fetch.direction == CURSOR_FORWARD || s->fetch.direction == CURSOR_BACKWARD))
        return err_new("0A000", "FETCH statement cannot return multiple rows");
    TRY(expect_word(p, "into"));
    TRY(read_targets(p, &s->fetch.into));
    return expect_text(p, ";");
}

struct err *read_close(struct parser *p, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_CLOSE, p->at++);
    TRY(read_cursor_var(p, &s->open.var));
    return expect_text(p, ";");
}

struct err *read_transaction_end(struct parser *p, enum stmt_type type, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, type, p->at++);
    if (accept_word(p, "and")) {
        bool no = accept_word(p, "no");
        TRY(expect_word(p, "chain"));
        s->chain = !no;
    }
    return expect_text(p, ";");
}
