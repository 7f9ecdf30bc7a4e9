/* Statements (manual sections 43.5 to 43.9): each is told by its first word; what is none of the
 * language's is SQL's. */
#include "plpgsql/parser.h"

#include "rt/fiber.h"

static const char *const to_semicolon[] = {";", NULL};

struct stmt *new_stmt(struct parser *p, enum stmt_type type, int at)
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
    s->type = ST_RETURN_QUERY;
    if (!p->f->retset)
        return error_at(p, first,
                        err_new("42804", "cannot use RETURN QUERY in a non-SETOF function"));
    return read_query(p, &s->expr, &s->ret.dynamic, &s->ret.params);
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

/* ---- blocks ---- */

static struct err *read_handler(struct parser *p, struct block *b)
{
    struct handler h = {0};
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
    s->label = label;
    push_scope(p, label, false);
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

struct err *read_statements(struct parser *p, struct stmts *out)
{
    while (!ends_statements(p) || assignment_sign(p)) {
        struct stmt *s;
        TRY(read_statement(p, &s));
        if (s)
            ARENA_PUSH(p->arena, out->items, out->count, out->cap, s);
    }
    return NULL;
}
