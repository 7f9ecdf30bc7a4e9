/* Statements (manual sections 43.5 to 43.9): each is told by its first word; what is none of the
 * language's is SQL's. */
#include "plpgsql/parser.h"

#include "rt/fiber.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const to_semicolon[] = {";", NULL};
static const char *const to_then[] = {"then", NULL};
static const char *const to_loop[] = {"loop", NULL};

static struct err *read_statements(struct parser *p, struct stmts *out);

static struct stmt *new_stmt(struct parser *p, enum stmt_type type, int at)
{
    struct stmt *s = arena_new(p->arena, struct stmt);
    s->type = type;
    s->line = line_at(p, at);
    return s;
}

/* ---- assignments ---- */

static int skip_brackets(const struct parser *p, int i)
{
    int depth = 0;
    for (; token_at(p, i)->kind != TOKEN_END; i++) {
        depth += text_at(p, i, "[");
        depth -= text_at(p, i, "]");
        if (!depth)
            return i + 1;
    }
    return i;
}

/* The := or = of an assignment that begins here; 0: it is none. */
static int assignment_sign(const struct parser *p)
{
    int i = p->at;
    if (!is_name(p, i) && p->text[token_at(p, i)->start] != '$')
        return 0;
    for (i++;;) {
        if (text_at(p, i, ".") && is_name(p, i + 1))
            i += 2;
        else if (text_at(p, i, "["))
            i = skip_brackets(p, i);
        else
            break;
    }
    return text_at(p, i, ":=") || text_at(p, i, "=") ? i : 0;
}

/* Of a part: UPDATE x SET part = value; the variable stands for the first name. */
static const char *part_sql(struct parser *p, int first, int sign, int end)
{
    const char *part = first < sign ? slice(p, first, sign - 1) : "";
    return arena_printf(p->arena, "UPDATE x SET x%s = %s", part, slice(p, sign + 1, end - 1));
}

static struct err *assigned_parameter(struct parser *p, struct place *out)
{
    const char *name = slice(p, p->at, p->at);
    int used;
    *out = (struct place){pl_find_var(p->scope, p->scope->count, &name, 1, &used), NULL};
    if (!out->var)
        return syntax_error(p, p->at);
    p->at++;
    return NULL;
}

static struct err *read_assignment(struct parser *p, int sign, struct stmt **out)
{
    const int first = p->at;
    struct stmt *s = *out = new_stmt(p, ST_ASSIGN, first);
    int end;
    /* As many names as make a variable or a field of a record; what follows is a part of that. */
    int names_end = first + 1;
    while (text_at(p, names_end, ".") && is_name(p, names_end + 1))
        names_end += 2;
    TRY(is_name(p, first) ? read_target(p, &s->assign.to) : assigned_parameter(p, &s->assign.to));
    const int part = p->at;
    s->assign.partial = part < sign;
    p->at = sign + 1;
    TRY(find_end(p, to_semicolon, &end));
    if (end == p->at)
        return error_at(p, end, err_new("42601", "missing expression at or near \";\""));
    if (end < 0)
        return syntax_error(p, p->at);
    const char *value = slice(p, sign + 1, end - 1);
    const char *sql = s->assign.partial ? part_sql(p, part, sign, end)
                                        : arena_printf(p->arena, "SELECT %s", value);
    const int value_in_text = token_at(p, sign + 1)->start - token_at(p, first)->start;
    const int value_in_sql = (int)(strlen(sql) - strlen(value));
    s->expr = new_expr(p, "PL/pgSQL assignment", first, end - 1, sql, value_in_text - value_in_sql);
    if (!s->assign.partial)
        s->expr->assigned = &s->assign.to;
    if (s->assign.partial) {
        s->expr->target[s->expr->ntarget++] = s->assign.to.var->name;
        if (s->assign.to.field)
            s->expr->target[s->expr->ntarget++] = s->assign.to.field;
    }
    p->at = end + 1;
    return check_syntax(p, s->expr);
}

/* ---- conditions and loops ---- */

static struct err *read_branch(struct parser *p, struct stmt *s)
{
    struct branch b = {.line = line_at(p, p->at - 1)};
    TRY(read_expr(p, to_then, "THEN", &b.condition));
    p->at++;
    TRY(read_statements(p, &b.body));
    ARENA_PUSH(p->arena, s->cases.items, s->cases.count, s->cases.cap, b);
    return NULL;
}

static struct err *read_if(struct parser *p, struct stmt **out)
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
    struct branch b = {.line = line_at(p, p->at - 1)};
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

static struct err *read_case(struct parser *p, struct stmt **out)
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

static struct err *check_end_label(struct parser *p, const char *label)
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

static struct err *read_loop(struct parser *p, const char *label, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_LOOP, p->at);
    s->label = label;
    return read_loop_body(p, s);
}

static struct err *read_while(struct parser *p, const char *label, struct stmt **out)
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

static struct err *read_using(struct parser *p, const char *const *ends, const char *missing,
                              struct exprs *out)
{
    return accept_word(p, "using") ? read_exprs(p, ends, missing, out) : NULL;
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

/* (a, name := b) as the arguments of a bound cursor, in the order of its declaration. */
static struct err *read_cursor_args(struct parser *p, const struct var *cursor, struct exprs *out)
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

static struct err *read_for(struct parser *p, const char *label, struct stmt **out)
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

static struct err *read_foreach(struct parser *p, const char *label, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_FOREACH, p->at++);
    s->label = label;
    TRY(read_targets(p, &s->loop.row));
    if (accept_word(p, "slice")) {
        s->loop.slice = atoi(slice(p, p->at, p->at));
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

static struct err *read_exit(struct parser *p, enum stmt_type type, struct stmt **out)
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

/* ---- RETURN ---- */

static struct err *unwanted_value(const struct parser *p)
{
    const struct function *f = p->f;
    const bool procedure = f->proc && f->proc->kind == 'p';
    if (f->retset)
        return err_hint(
            err_new("42804", "RETURN cannot have a parameter in function returning set"),
            "Use RETURN NEXT or RETURN QUERY.");
    if (f->nouts)
        return err_new("42804", "RETURN cannot have a parameter in function with OUT parameters");
    if (procedure)
        return err_new("42804", "RETURN cannot have a parameter in a procedure");
    if (!f->trigger && f->rettype == VOID_OID)
        return err_new("42804", "RETURN cannot have a parameter in function returning void");
    return NULL;
}

/* RETURN v: a variable is returned as it is, a record with its fields. */
static struct var *returned_var(struct parser *p)
{
    const char *name = is_name(p, p->at) ? name_at(p, p->at) : "";
    int used;
    struct var *v = pl_find_var(p->scope, p->scope->count, &name, 1, &used);
    return v && text_at(p, p->at + 1, ";") ? v : NULL;
}

static struct err *read_value_returned(struct parser *p, struct stmt *s)
{
    s->ret.var = returned_var(p);
    if (!s->ret.var || !s->ret.var->record)
        s->ret.var = NULL;
    TRY(read_expr(p, to_semicolon, ";", &s->expr));
    p->at++;
    return NULL;
}

static struct err *read_return_next(struct parser *p, struct stmt *s, int first)
{
    s->type = ST_RETURN_NEXT;
    if (!p->f->retset)
        return error_at(p, first,
                        err_new("42804", "cannot use RETURN NEXT in a non-SETOF function"));
    if (!p->f->nouts)
        return text_at(p, p->at, ";") ? error_at(p, p->at,
                                                 err_new("42601", "missing expression at or near "
                                                                  "\";\""))
                                      : read_value_returned(p, s);
    if (!accept_text(p, ";"))
        return error_at(
            p, p->at,
            err_new("42804",
                    "RETURN NEXT cannot have a parameter in function with OUT parameters"));
    return NULL;
}

static struct err *read_return_query(struct parser *p, struct stmt *s, int first)
{
    static const char *const ends[] = {"using", ";", NULL};
    int end;
    s->type = ST_RETURN_QUERY;
    if (!p->f->retset)
        return error_at(p, first,
                        err_new("42804", "cannot use RETURN QUERY in a non-SETOF function"));
    if (accept_word(p, "execute")) {
        TRY(read_expr(p, ends, ";", &s->ret.dynamic));
        TRY(read_using(p, to_semicolon, ";", &s->ret.params));
        return expect_text(p, ";");
    }
    TRY(find_end(p, to_semicolon, &end));
    if (end <= p->at)
        return syntax_error(p, p->at);
    TRY(new_statement(p, p->at, end - 1, 0, 0, &s->expr));
    p->at = end + 1;
    return NULL;
}

static struct err *read_return(struct parser *p, struct stmt **out)
{
    const int first = p->at++;
    struct stmt *s = *out = new_stmt(p, ST_RETURN, first);
    if (accept_word(p, "next"))
        return read_return_next(p, s, first);
    if (accept_word(p, "query"))
        return read_return_query(p, s, first);
    struct err *unwanted = unwanted_value(p);
    if (!text_at(p, p->at, ";"))
        return unwanted ? error_at(p, p->at, unwanted) : read_value_returned(p, s);
    if (!unwanted)
        return error_at(p, p->at, err_new("42601", "missing expression at or near \";\""));
    err_free(unwanted);
    p->at++;
    return NULL;
}

/* ---- RAISE, ASSERT ---- */

static struct err *read_raise_options(struct parser *p, struct stmt *s)
{
    static const struct {
        const char *word;
        enum raise_option option;
    } options[] = {
        {"errcode", RAISE_ERRCODE},   {"message", RAISE_MESSAGE}, {"detail", RAISE_DETAIL},
        {"hint", RAISE_HINT},         {"column", RAISE_COLUMN},   {"constraint", RAISE_CONSTRAINT},
        {"datatype", RAISE_DATATYPE}, {"table", RAISE_TABLE},     {"schema", RAISE_SCHEMA},
    };
    static const char *const ends[] = {",", ";", NULL};
    do {
        size_t i = 0;
        struct raise_item item;
        while (i < ARRAY_LENGTH(options) && !word_at(p, p->at, options[i].word))
            i++;
        if (i == ARRAY_LENGTH(options))
            return error_at(p, p->at,
                            err_new("42601",
                                    "unrecognized RAISE statement option at or near \"%s\"",
                                    slice(p, p->at, p->at)));
        p->at++;
        if (!accept_text(p, "=") && !accept_text(p, ":="))
            return error_at(p, p->at,
                            err_new("42601", "syntax error, expected \"=\" at or near \"%s\"",
                                    slice(p, p->at, p->at)));
        item.option = options[i].option;
        TRY(read_expr(p, ends, ";", &item.value));
        ARENA_PUSH(p->arena, s->raise.options, s->raise.noptions, s->raise.cap, item);
    } while (accept_text(p, ","));
    return NULL;
}

/* As many % (but not %%) as there are arguments. */
static struct err *check_format(const struct stmt *s)
{
    int n = 0;
    for (const char *c = s->raise.format; *c; c++) {
        if (*c != '%')
            continue;
        if (c[1] == '%')
            c++;
        else
            n++;
    }
    if (n == s->raise.args.count)
        return NULL;
    return n > s->raise.args.count ? err_new("42601", "too few parameters specified for RAISE")
                                   : err_new("42601", "too many parameters specified for RAISE");
}

/* A condition by its name or SQLSTATE. */
static struct err *read_condition(struct parser *p, const char **sqlstate, const char **name)
{
    static const char codes[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const int at = p->at;
    if (accept_word(p, "sqlstate")) {
        TRY(string_at(p, p->at, sqlstate));
        if (strlen(*sqlstate) != 5 || strspn(*sqlstate, codes) != 5)
            return error_at(p, p->at,
                            err_new("42601", "invalid SQLSTATE code at or near \"%s\"",
                                    slice(p, p->at, p->at)));
        *name = *sqlstate;
        p->at++;
        return NULL;
    }
    if (!is_name(p, at))
        return syntax_error(p, at);
    *name = name_at(p, p->at++);
    *sqlstate = pl_condition_sqlstate(*name, 0);
    return *sqlstate ? NULL : err_new("42704", "unrecognized exception condition \"%s\"", *name);
}

static const char *raise_level(struct parser *p)
{
    static const struct {
        const char *word;
        const char *severity;
    } levels[] = {{"exception", "ERROR"}, {"warning", "WARNING"}, {"notice", "NOTICE"},
                  {"info", "INFO"},       {"log", "LOG"},         {"debug", "DEBUG"}};
    for (size_t i = 0; i < ARRAY_LENGTH(levels); i++)
        if (accept_word(p, levels[i].word))
            return levels[i].severity;
    return "ERROR";
}

static struct err *read_raise(struct parser *p, struct stmt **out)
{
    static const char *const ends[] = {"using", ";", NULL};
    struct stmt *s = *out = new_stmt(p, ST_RAISE, p->at++);
    if (accept_text(p, ";"))
        return NULL; /* the error that the handler is for, again */
    s->raise.level = raise_level(p);
    const int at = p->at;
    if (token_at(p, at)->kind == TOKEN_STRING) {
        TRY(string_at(p, p->at++, &s->raise.format));
        if (accept_text(p, ","))
            TRY(read_exprs(p, ends, ";", &s->raise.args));
        TRY(check_format(s));
    } else if (!word_at(p, at, "using")) {
        TRY(read_condition(p, &s->raise.sqlstate, &s->raise.condition));
    }
    if (accept_word(p, "using"))
        TRY(read_raise_options(p, s));
    return expect_text(p, ";");
}

static struct err *read_assert(struct parser *p, struct stmt **out)
{
    static const char *const ends[] = {",", ";", NULL};
    struct stmt *s = *out = new_stmt(p, ST_ASSERT, p->at++);
    TRY(read_expr(p, ends, ";", &s->expr));
    if (accept_text(p, ","))
        TRY(read_expr(p, to_semicolon, ";", &s->message));
    return expect_text(p, ";");
}

/* ---- SQL ---- */

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

static struct err *read_sql(struct parser *p, struct stmt **out)
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

static struct err *read_perform(struct parser *p, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_PERFORM, p->at++);
    TRY(read_expr(p, to_semicolon, ";", &s->expr));
    s->expr->kind = "SQL statement";
    s->expr->text = s->expr->sql;
    s->expr->shift = 0;
    return expect_text(p, ";");
}

static struct err *read_call(struct parser *p, struct stmt **out)
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

static struct err *read_execute(struct parser *p, struct stmt **out)
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

static struct err *read_diagnostics(struct parser *p, struct stmt **out)
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

/* ---- cursors ---- */

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

static struct err *read_open(struct parser *p, struct stmt **out)
{
    static const char *const ends[] = {"using", ";", NULL};
    struct stmt *s = *out = new_stmt(p, ST_OPEN, p->at++);
    int end;
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
    if (accept_word(p, "execute")) {
        TRY(read_expr(p, ends, ";", &s->open.dynamic));
        TRY(read_using(p, to_semicolon, ";", &s->open.params));
        return expect_text(p, ";");
    }
    TRY(find_end(p, to_semicolon, &end));
    if (end <= p->at)
        return syntax_error(p, p->at);
    TRY(new_statement(p, p->at, end - 1, 0, 0, &s->expr));
    p->at = end + 1;
    return NULL;
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

static struct err *read_fetch(struct parser *p, bool move, struct stmt **out)
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

static struct err *read_close(struct parser *p, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, ST_CLOSE, p->at++);
    TRY(read_cursor_var(p, &s->open.var));
    return expect_text(p, ";");
}

static struct err *read_transaction_end(struct parser *p, enum stmt_type type, struct stmt **out)
{
    struct stmt *s = *out = new_stmt(p, type, p->at++);
    if (accept_word(p, "and")) {
        bool no = accept_word(p, "no");
        TRY(expect_word(p, "chain"));
        s->chain = !no;
    }
    return expect_text(p, ";");
}

/* ---- blocks ---- */

static struct err *read_handler(struct parser *p, struct block *b)
{
    struct handler h = {.line = line_at(p, p->at)};
    do {
        struct condition c = {""};
        const char *name;
        if (!accept_word(p, "others")) {
            TRY(read_condition(p, &c.sqlstate, &name));
            for (int i = 1; strcmp(name, c.sqlstate) != 0; i++) {
                struct condition more = {pl_condition_sqlstate(name, i)};
                if (!more.sqlstate)
                    break;
                ARENA_PUSH(p->arena, h.conditions, h.nconditions, h.cap, more);
            }
        }
        ARENA_PUSH(p->arena, h.conditions, h.nconditions, h.cap, c);
    } while (accept_word(p, "or"));
    TRY(expect_word(p, "then"));
    TRY(read_statements(p, &h.body));
    ARENA_PUSH(p->arena, b->handlers, b->nhandlers, b->handlers_cap, h);
    return NULL;
}

static struct err *read_handlers(struct parser *p, struct block *b)
{
    b->has_handlers = true;
    b->sqlstate = new_var(p, "sqlstate", TEXT_OID, -1);
    b->sqlerrm = new_var(p, "sqlerrm", TEXT_OID, -1);
    b->sqlstate->constant = b->sqlerrm->constant = true;
    push_scope(p, NULL, false);
    bind_name(p, "sqlstate", b->sqlstate);
    bind_name(p, "sqlerrm", b->sqlerrm);
    if (!word_at(p, p->at, "when"))
        return syntax_error(p, p->at);
    while (accept_word(p, "when"))
        TRY(read_handler(p, b));
    return NULL;
}

/* [DECLARE ...] BEGIN ... [EXCEPTION ...] END [label], without the semicolon. */
struct err *read_block(struct parser *p, const char *label, struct stmt **out)
{
    struct scope *outer = p->scope;
    struct stmt *s = *out = new_stmt(p, ST_BLOCK, p->at);
    struct block *b = &s->block;
    if (fiber_stack_left() < 32 * 1024)
        return err_new("54001", "stack depth limit exceeded");
    s->label = b->label = label;
    b->scope = push_scope(p, label, false);
    if (accept_word(p, "declare"))
        TRY(read_declarations(p, b));
    s->line = line_at(p, p->at);
    TRY(expect_word(p, "begin"));
    TRY(read_statements(p, &b->body));
    if (accept_word(p, "exception"))
        TRY(read_handlers(p, b));
    p->scope = outer;
    TRY(expect_word(p, "end"));
    return check_end_label(p, label);
}

static struct err *read_labelled(struct parser *p, struct stmt **out)
{
    p->at++;
    if (!is_name(p, p->at))
        return syntax_error(p, p->at);
    const char *label = name_at(p, p->at++);
    struct scope *outer = p->scope;
    TRY(expect_text(p, ">>"));
    if (word_at(p, p->at, "declare") || word_at(p, p->at, "begin")) {
        TRY(read_block(p, label, out));
        return expect_text(p, ";");
    }
    if (word_at(p, p->at, "for"))
        return read_for(p, label, out);
    push_scope(p, label, true);
    struct err *e = word_at(p, p->at, "loop")      ? read_loop(p, label, out)
                    : word_at(p, p->at, "while")   ? read_while(p, label, out)
                    : word_at(p, p->at, "foreach") ? read_foreach(p, label, out)
                                                   : syntax_error(p, p->at);
    p->scope = outer;
    return e;
}

static struct err *in_loop_scope(struct parser *p,
                                 struct err *(*read)(struct parser *p, const char *label,
                                                     struct stmt **out),
                                 struct stmt **out)
{
    struct scope *outer = p->scope;
    push_scope(p, NULL, true);
    struct err *e = read(p, NULL, out);
    p->scope = outer;
    return e;
}

static struct err *read_statement(struct parser *p, struct stmt **out)
{
    const int i = p->at;
    int sign = assignment_sign(p);
    if (sign)
        return read_assignment(p, sign, out);
    if (text_at(p, i, "<<"))
        return read_labelled(p, out);
    if (word_at(p, i, "declare") || word_at(p, i, "begin")) {
        TRY(read_block(p, NULL, out));
        return expect_text(p, ";");
    }
    if (word_at(p, i, "if"))
        return read_if(p, out);
    if (word_at(p, i, "case"))
        return read_case(p, out);
    if (word_at(p, i, "loop"))
        return in_loop_scope(p, read_loop, out);
    if (word_at(p, i, "while"))
        return in_loop_scope(p, read_while, out);
    if (word_at(p, i, "for"))
        return read_for(p, NULL, out);
    if (word_at(p, i, "foreach"))
        return in_loop_scope(p, read_foreach, out);
    if (word_at(p, i, "exit"))
        return read_exit(p, ST_EXIT, out);
    if (word_at(p, i, "continue"))
        return read_exit(p, ST_CONTINUE, out);
    if (word_at(p, i, "return"))
        return read_return(p, out);
    if (word_at(p, i, "raise"))
        return read_raise(p, out);
    if (word_at(p, i, "assert"))
        return read_assert(p, out);
    if (word_at(p, i, "perform"))
        return read_perform(p, out);
    if (word_at(p, i, "execute"))
        return read_execute(p, out);
    if (word_at(p, i, "call") || word_at(p, i, "do"))
        return read_call(p, out);
    if (word_at(p, i, "get"))
        return read_diagnostics(p, out);
    if (word_at(p, i, "open"))
        return read_open(p, out);
    if (word_at(p, i, "fetch") || word_at(p, i, "move"))
        return read_fetch(p, word_at(p, i, "move"), out);
    if (word_at(p, i, "close"))
        return read_close(p, out);
    if (word_at(p, i, "commit"))
        return read_transaction_end(p, ST_COMMIT, out);
    if (word_at(p, i, "rollback"))
        return read_transaction_end(p, ST_ROLLBACK, out);
    if (word_at(p, i, "null")) {
        *out = NULL;
        p->at++;
        return expect_text(p, ";");
    }
    return is_name(p, i) || text_at(p, i, "(") ? read_sql(p, out) : syntax_error(p, i);
}

static bool ends_statements(const struct parser *p)
{
    static const char *const words[] = {"end", "else", "elsif", "elseif", "when", "exception"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (word_at(p, p->at, words[i]))
            return true;
    return token_at(p, p->at)->kind == TOKEN_END;
}

static struct err *read_statements(struct parser *p, struct stmts *out)
{
    while (!ends_statements(p) || assignment_sign(p)) {
        struct stmt *s;
        TRY(read_statement(p, &s));
        if (s)
            ARENA_PUSH(p->arena, out->items, out->count, out->cap, s);
    }
    return NULL;
}
