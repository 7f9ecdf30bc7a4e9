/* The body of a function as a tree: tokens and expressions. The scanner is PostgreSQL's
 * (sql/scan.h); libpg_query's own parser of PL/pgSQL gives neither the types of variables nor the
 * places of expressions, so the grammar is here. */
#include "plpgsql/parser.h"

#include <stdlib.h>
#include <strings.h>

/* ---- tokens ---- */

static int token_len(const struct token *t)
{
    return t->end - t->start;
}

bool word_at(const struct parser *p, int i, const char *word)
{
    const struct token *t = token_at(p, i);
    return t->kind == TOKEN_WORD && (size_t)token_len(t) == strlen(word) &&
           strncasecmp(p->text + t->start, word, strlen(word)) == 0;
}

bool text_at(const struct parser *p, int i, const char *text)
{
    const struct token *t = token_at(p, i);
    return t->kind == TOKEN_OTHER && (size_t)token_len(t) == strlen(text) &&
           memcmp(p->text + t->start, text, strlen(text)) == 0;
}

bool is_name(const struct parser *p, int i)
{
    enum token_kind kind = token_at(p, i)->kind;
    return kind == TOKEN_WORD || kind == TOKEN_QUOTED_NAME;
}

static const char *unquoted(struct arena *a, const char *from, int len)
{
    char *out = arena_alloc(a, (size_t)len + 1);
    int n = 0;
    for (int i = 1; i + 1 < len; i++) {
        out[n++] = from[i];
        i += from[i] == '"' && i + 2 < len && from[i + 1] == '"';
    }
    out[n] = '\0';
    return out;
}

const char *name_at(const struct parser *p, int i)
{
    const struct token *t = token_at(p, i);
    if (t->kind == TOKEN_QUOTED_NAME && p->text[t->start] == '"')
        return unquoted(p->arena, p->text + t->start, token_len(t));
    char *name = arena_strndup(p->arena, p->text + t->start, (size_t)token_len(t));
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return name;
}

bool accept_word(struct parser *p, const char *word)
{
    bool found = word_at(p, p->at, word);
    p->at += found;
    return found;
}

bool accept_text(struct parser *p, const char *text)
{
    bool found = text_at(p, p->at, text);
    p->at += found;
    return found;
}

struct err *error_at(const struct parser *p, int i, struct err *e)
{
    return err_at(e, char_position(p->text, token_at(p, i)->start));
}

struct err *syntax_error(const struct parser *p, int i)
{
    const struct token *t = token_at(p, i);
    struct err *e = t->kind == TOKEN_END
                        ? err_new("42601", "syntax error at end of input")
                        : err_new("42601", "syntax error at or near \"%s\"", slice(p, i, i));
    return error_at(p, i, e);
}

struct err *expect_word(struct parser *p, const char *word)
{
    return accept_word(p, word) ? NULL : syntax_error(p, p->at);
}

struct err *expect_text(struct parser *p, const char *text)
{
    return accept_text(p, text) ? NULL : syntax_error(p, p->at);
}

int line_at(const struct parser *p, int i)
{
    int line = 1;
    for (const char *c = p->text; c < p->text + token_at(p, i)->start; c++)
        line += *c == '\n';
    return line;
}

const char *slice(const struct parser *p, int first, int last)
{
    int start = token_at(p, first)->start;
    return arena_strndup(p->arena, p->text + start, (size_t)(token_at(p, last)->end - start));
}

struct err *string_at(struct parser *p, int i, const char **out)
{
    if (token_at(p, i)->kind != TOKEN_STRING)
        return syntax_error(p, i);
    return scan_string(slice(p, i, i), p->arena, out);
}

/* ---- expressions ---- */

static bool is_end(const struct parser *p, int i, const char *const *ends)
{
    for (; *ends; ends++)
        if (word_at(p, i, *ends) || text_at(p, i, *ends))
            return true;
    return false;
}

struct err *find_end(const struct parser *p, const char *const *ends, int *at)
{
    int depth = 0;
    for (int i = p->at;; i++) {
        if (depth == 0 && is_end(p, i, ends)) {
            *at = i;
            return NULL;
        }
        if (text_at(p, i, "(") || text_at(p, i, "["))
            depth++;
        else if (text_at(p, i, ")") || text_at(p, i, "]"))
            depth--;
        if (depth < 0 || (depth > 0 && text_at(p, i, ";")))
            return error_at(
                p, i, err_new("42601", "mismatched parentheses at or near \"%s\"", slice(p, i, i)));
        if (token_at(p, i)->kind == TOKEN_END || text_at(p, i, ";")) {
            *at = -1;
            return NULL;
        }
    }
}

/* What stands where an end was wanted. */
static int stop_of(const struct parser *p)
{
    int i = p->at;
    while (token_at(p, i)->kind != TOKEN_END && !text_at(p, i, ";"))
        i++;
    return i;
}

struct pl_expr *new_expr(struct parser *p, const char *kind, int first, int last, const char *sql,
                         int shift)
{
    struct pl_expr *e = arena_new(p->arena, struct pl_expr);
    *e = (struct pl_expr){.next = p->f->exprs,
                          .text = slice(p, first, last),
                          .sql = sql,
                          .body_position = char_position(p->text, token_at(p, first)->start) - 1,
                          .shift = shift,
                          .kind = kind,
                          .scope = p->scope,
                          .visible = p->scope->count,
                          .choice = p->f->choice};
    p->f->exprs = e;
    return e;
}

struct err *check_syntax(struct parser *p, struct pl_expr *e)
{
    if (!p->in->check)
        return NULL;
    struct err *err = pl_expr_parse(e, p->arena);
    if (err && err->position > 0)
        err->position += e->shift + e->body_position;
    return err;
}

struct err *read_expr(struct parser *p, const char *const *ends, const char *missing,
                      struct pl_expr **out)
{
    int end;
    TRY(find_end(p, ends, &end));
    if (end == p->at || (end < 0 && stop_of(p) == p->at))
        return error_at(
            p, p->at,
            token_at(p, p->at)->kind == TOKEN_END
                ? err_new("42601", "missing expression at end of input")
                : err_new("42601", "missing expression at or near \"%s\"", slice(p, p->at, p->at)));
    if (end < 0) {
        int stop = stop_of(p);
        return error_at(p, stop,
                        err_new("42601", "missing \"%s\" at end of SQL expression", missing));
    }
    const char *sql = arena_printf(p->arena, "SELECT %s", slice(p, p->at, end - 1));
    *out = new_expr(p, "SQL expression", p->at, end - 1, sql, -(int)strlen("SELECT "));
    p->at = end;
    return check_syntax(p, *out);
}

struct err *read_exprs(struct parser *p, const char *const *ends, const char *missing,
                       struct exprs *out)
{
    const char *with_comma[8] = {","};
    for (int i = 0; ends[i]; i++)
        with_comma[i + 1] = ends[i];
    do {
        struct pl_expr *e;
        TRY(read_expr(p, with_comma, missing, &e));
        ARENA_PUSH(p->arena, out->items, out->count, out->cap, e);
    } while (accept_text(p, ","));
    return NULL;
}

struct err *new_statement(struct parser *p, int first, int last, int into_first, int into_last,
                          struct pl_expr **out)
{
    char *sql = (char *)slice(p, first, last);
    int start = token_at(p, first)->start;
    if (into_last > into_first) { /* blanks, so that positions stay */
        int from = token_at(p, into_first)->start - start;
        int to = token_at(p, into_last)->start - start;
        int len = (int)strlen(sql);
        for (int i = from; i < to && i < len; i++)
            sql[i] = ' ';
        while (len > 0 && sql[len - 1] == ' ')
            sql[--len] = '\0';
    }
    *out = new_expr(p, "SQL statement", first, last, sql, 0);
    (*out)->text = sql;
    return check_syntax(p, *out);
}

/* ---- the whole ---- */

static struct err *read_options(struct parser *p)
{
    while (text_at(p, p->at, "#")) {
        const int i = p->at;
        if (word_at(p, i + 1, "variable_conflict")) {
            p->f->choice = word_at(p, i + 2, "use_column")     ? COLUMN_FIRST
                           : word_at(p, i + 2, "use_variable") ? VARIABLE_FIRST
                                                               : AMBIGUOUS;
            if (p->f->choice == AMBIGUOUS && !word_at(p, i + 2, "error"))
                return syntax_error(p, i + 2);
        } else if (word_at(p, i + 1, "print_strict_params")) {
            p->f->print_strict_params = word_at(p, i + 2, "on");
            if (!p->f->print_strict_params && !word_at(p, i + 2, "off"))
                return error_at(p, i + 2,
                                err_new("XX000", "unrecognized print_strict_params option %s",
                                        slice(p, i + 2, i + 2)));
        } else if (!word_at(p, i + 1, "option") || !word_at(p, i + 2, "dump")) {
            return syntax_error(p, i + 1);
        }
        p->at += 3;
    }
    return NULL;
}

static struct err *read_body(struct parser *p)
{
    const char *label = NULL;
    int count;
    TRY(scan_sql(p->text, p->arena, &p->tokens, &count));
    push_scope(p,
               p->in->proc ? arena_strndup(p->arena, p->in->proc->name.data, p->in->proc->name.len)
                           : "inline_code_block",
               false)
        ->is_body = true;
    TRY(declare_arguments(p));
    TRY(read_options(p));
    if (accept_text(p, "<<")) {
        if (!is_name(p, p->at))
            return syntax_error(p, p->at);
        label = name_at(p, p->at++);
        TRY(expect_text(p, ">>"));
    }
    if (!word_at(p, p->at, "declare") && !word_at(p, p->at, "begin"))
        return syntax_error(p, p->at);
    TRY(read_block(p, label, &p->f->root));
    accept_text(p, ";");
    return token_at(p, p->at)->kind == TOKEN_END ? NULL : syntax_error(p, p->at);
}

struct err *pl_compile(const struct compile_input *in, struct function **out)
{
    struct function *f = calloc(1, sizeof(*f));
    if (!f)
        return err_oom();
    arena_init(&f->arena);
    f->proc = in->proc;
    f->body = arena_strdup(&f->arena, in->body);
    struct parser p = {.in = in, .f = f, .arena = &f->arena, .text = f->body};
    struct err *e = read_body(&p);
    if (e) {
        pl_function_free(f);
        return e;
    }
    *out = f;
    return NULL;
}

void pl_function_free(struct function *f)
{
    if (!f)
        return;
    for (struct pl_expr *e = f->exprs; e; e = e->next)
        pl_expr_free(e);
    pl_casts_free(f);
    arena_done(&f->arena);
    free(f);
}
