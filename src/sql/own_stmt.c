/* A small recursive-descent parser for Tarn's own statements. Its lexer follows PostgreSQL's rules
 * for identifiers, strings, comments and numbers (manual section 4.1). */
#include "sql/own_stmt.h"

#include "base/str.h"
#include "sql/parse.h"
#include "types/type.h"

#include <ctype.h>
#include <strings.h>

enum token_kind { TOK_END, TOK_WORD, TOK_QUOTED, TOK_STRING, TOK_NUMBER, TOK_PUNCT };

struct token {
    enum token_kind kind;
    const char *text; /* folded word, identifier or string content; one character for PUNCT */
    int start;
    int end;
};

struct lexer {
    const char *sql;
    int at;
    struct arena *arena;
    bool secret;      /* strings are not shown in errors */
    struct token tok; /* the current one */
};

static int skip_blank(const char *s, int i)
{
    for (;;) {
        if (isspace((unsigned char)s[i])) {
            i++;
        } else if (s[i] == '-' && s[i + 1] == '-') {
            while (s[i] && s[i] != '\n')
                i++;
        } else if (s[i] == '/' && s[i + 1] == '*') {
            int depth = 1;
            for (i += 2; s[i] && depth; i++) {
                if (s[i] == '/' && s[i + 1] == '*')
                    depth++, i++;
                else if (s[i] == '*' && s[i + 1] == '/')
                    depth--, i++;
            }
        } else {
            return i;
        }
    }
}

static bool word_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (c & 0x80);
}

static bool word_char(char c)
{
    return word_start(c) || isdigit((unsigned char)c) || c == '$';
}

static struct err *syntax_error(struct lexer *lx, const struct token *t)
{
    if (lx->secret && t->kind == TOK_STRING)
        return err_at(err_new("42601", "syntax error at or near a string"),
                      char_position(lx->sql, t->start));
    struct err *e = t->kind == TOK_END ? err_new("42601", "syntax error at end of input")
                                       : err_new("42601", "syntax error at or near \"%.*s\"",
                                                 t->end - t->start, lx->sql + t->start);
    return err_at(e, char_position(lx->sql, t->start));
}

/* 'it''s' and "a ""b""": doubled quotes stand for one. */
static struct err *lex_quoted(struct lexer *lx, char quote, struct token *t)
{
    const char *s = lx->sql;
    char *text = arena_alloc(lx->arena, strlen(s + lx->at) + 1);
    int n = 0;
    int i = lx->at + 1;
    for (;; i++) {
        if (!s[i])
            return err_at(
                err_new("42601", "unterminated quoted %s", quote == '"' ? "identifier" : "string"),
                char_position(s, lx->at));
        if (s[i] == quote && s[i + 1] != quote)
            break;
        i += s[i] == quote;
        text[n++] = s[i];
    }
    text[n] = '\0';
    t->kind = quote == '"' ? TOK_QUOTED : TOK_STRING;
    t->text = text;
    lx->at = i + 1;
    return NULL;
}

static void lex_word(struct lexer *lx, struct token *t)
{
    int end = lx->at;
    while (word_char(lx->sql[end]))
        end++;
    char *text = arena_strndup(lx->arena, lx->sql + lx->at, (size_t)(end - lx->at));
    for (char *p = text; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    t->kind = TOK_WORD;
    t->text = text;
    lx->at = end;
}

static struct err *advance(struct lexer *lx)
{
    lx->at = skip_blank(lx->sql, lx->at);
    struct token t = {.start = lx->at};
    char c = lx->sql[lx->at];
    if (!c) {
        t.kind = TOK_END;
    } else if (word_start(c)) {
        lex_word(lx, &t);
    } else if (c == '\'' || c == '"') {
        TRY(lex_quoted(lx, c, &t));
    } else if (isdigit((unsigned char)c)) {
        int end = lx->at;
        while (isalnum((unsigned char)lx->sql[end]) || lx->sql[end] == '.')
            end++;
        t.kind = TOK_NUMBER;
        t.text = arena_strndup(lx->arena, lx->sql + lx->at, (size_t)(end - lx->at));
        lx->at = end;
    } else {
        t.kind = TOK_PUNCT;
        t.text = arena_strndup(lx->arena, &c, 1);
        lx->at++;
    }
    t.end = lx->at;
    lx->tok = t;
    return NULL;
}

static bool is_word(const struct lexer *lx, const char *word)
{
    return lx->tok.kind == TOK_WORD && strcmp(lx->tok.text, word) == 0;
}

static bool is_punct(const struct lexer *lx, char c)
{
    return lx->tok.kind == TOK_PUNCT && lx->tok.text[0] == c;
}

static struct err *accept_word(struct lexer *lx, const char *word, bool *yes)
{
    *yes = is_word(lx, word);
    return *yes ? advance(lx) : NULL;
}

static struct err *expect_word(struct lexer *lx, const char *word)
{
    if (!is_word(lx, word))
        return syntax_error(lx, &lx->tok);
    return advance(lx);
}

static struct err *expect_punct(struct lexer *lx, char c)
{
    if (!is_punct(lx, c))
        return syntax_error(lx, &lx->tok);
    return advance(lx);
}

static struct err *identifier(struct lexer *lx, const char **out)
{
    if (lx->tok.kind != TOK_WORD && lx->tok.kind != TOK_QUOTED)
        return syntax_error(lx, &lx->tok);
    *out = lx->tok.text;
    return advance(lx);
}

static struct err *qualified_name(struct lexer *lx, struct own_stmt *s)
{
    s->name_location = lx->tok.start;
    TRY(identifier(lx, &s->name));
    if (!is_punct(lx, '.'))
        return NULL;
    TRY(advance(lx));
    s->schema = s->name;
    return identifier(lx, &s->name);
}

/* The rest of the statement is not looked at: up to its semicolon, minding quotes. */
static struct err *unsupported(struct lexer *lx, struct own_stmt *s, const char *what)
{
    s->kind = OWN_UNSUPPORTED;
    s->what = what;
    while (lx->tok.kind != TOK_END && !is_punct(lx, ';'))
        TRY(advance(lx));
    return NULL;
}

static struct err *column_list(struct lexer *lx, struct own_stmt *s)
{
    int cap = 0;
    TRY(expect_punct(lx, '('));
    for (;;) {
        const char *name = NULL;
        TRY(identifier(lx, &name));
        ARENA_PUSH(lx->arena, s->keys, s->nkeys, cap, name);
        if (!is_punct(lx, ','))
            return expect_punct(lx, ')');
        TRY(advance(lx));
    }
}

/* The text of a type, up to the comma or parenthesis behind it. */
static struct err *type_text(struct lexer *lx, const char **out)
{
    int start = lx->tok.start;
    int end = start;
    for (int depth = 0; depth || !(is_punct(lx, ',') || is_punct(lx, ')'));) {
        if (lx->tok.kind == TOK_END)
            return syntax_error(lx, &lx->tok);
        depth += is_punct(lx, '(') - is_punct(lx, ')');
        end = lx->tok.end;
        TRY(advance(lx));
    }
    if (end > start)
        *out = arena_strndup(lx->arena, lx->sql + start, (size_t)(end - start));
    return NULL;
}

static struct err *source_columns(struct lexer *lx, struct own_stmt *s)
{
    int cap = 0;
    TRY(expect_punct(lx, '('));
    for (;;) {
        struct own_column c = {0};
        bool yes;
        TRY(identifier(lx, &c.source));
        TRY(accept_word(lx, "as", &yes));
        if (yes)
            TRY(identifier(lx, &c.name));
        TRY(type_text(lx, &c.type));
        ARENA_PUSH(lx->arena, s->columns, s->ncolumns, cap, c);
        if (!is_punct(lx, ','))
            return expect_punct(lx, ')');
        TRY(advance(lx));
    }
}

static struct err *option_list(struct lexer *lx, struct own_stmt *s)
{
    int cap = 0;
    TRY(expect_punct(lx, '('));
    for (;;) {
        struct own_option o;
        TRY(identifier(lx, &o.name));
        TRY(expect_punct(lx, '='));
        if (lx->tok.kind == TOK_END || lx->tok.kind == TOK_PUNCT)
            return syntax_error(lx, &lx->tok);
        o.value = lx->tok.text;
        TRY(advance(lx));
        ARENA_PUSH(lx->arena, s->options, s->noptions, cap, o);
        if (!is_punct(lx, ','))
            return expect_punct(lx, ')');
        TRY(advance(lx));
    }
}

static struct err *string(struct lexer *lx, const char **out, int *location)
{
    if (lx->tok.kind != TOK_STRING)
        return syntax_error(lx, &lx->tok);
    *out = lx->tok.text;
    *location = lx->tok.start;
    return advance(lx);
}

static struct err *mode(struct lexer *lx, struct own_stmt *s)
{
    static const struct {
        const char *word;
        enum own_mode mode;
    } modes[] = {{"snapshot", OWN_MODE_SNAPSHOT},
                 {"triggered", OWN_MODE_TRIGGERED},
                 {"continuous", OWN_MODE_CONTINUOUS}};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (!is_word(lx, modes[i].word))
            continue;
        s->mode = modes[i].mode;
        return advance(lx);
    }
    return syntax_error(lx, &lx->tok);
}

/* EVERY '...' or SCHEDULE '...', if it is there. */
static struct err *schedule(struct lexer *lx, struct own_stmt *s)
{
    bool yes;
    TRY(accept_word(lx, "every", &yes));
    if (yes)
        return string(lx, &s->every, &s->schedule_location);
    TRY(accept_word(lx, "schedule", &yes));
    return yes ? string(lx, &s->cron, &s->schedule_location) : NULL;
}

static struct err *create_clauses(struct lexer *lx, struct own_stmt *s)
{
    bool yes;
    TRY(accept_word(lx, "timeseries", &yes));
    if (yes) {
        TRY(expect_word(lx, "key"));
        TRY(expect_punct(lx, '('));
        TRY(identifier(lx, &s->time_key));
        TRY(expect_punct(lx, ')'));
    }
    TRY(accept_word(lx, "mode", &yes));
    if (yes)
        TRY(mode(lx, s));
    TRY(schedule(lx, s));
    TRY(accept_word(lx, "with", &yes));
    if (yes)
        TRY(option_list(lx, s));
    TRY(accept_word(lx, "no", &yes));
    if (yes) {
        TRY(expect_word(lx, "wait"));
        s->no_wait = true;
    }
    return NULL;
}

/* DELTA 'uri', or catalog.schema.table. */
static struct err *source(struct lexer *lx, struct own_stmt *s)
{
    s->uri_location = lx->tok.start;
    TRY(identifier(lx, &s->source[0]));
    if (lx->tok.kind == TOK_STRING && strcmp(s->source[0], "delta") == 0) {
        s->source[0] = NULL;
        return string(lx, &s->uri, &s->uri_location);
    }
    for (int i = 1; i < 3; i++) {
        TRY(expect_punct(lx, '.'));
        TRY(identifier(lx, &s->source[i]));
    }
    return NULL;
}

static struct err *create_synced(struct lexer *lx, struct own_stmt *s)
{
    bool yes;
    s->kind = OWN_CREATE_SYNCED;
    TRY(accept_word(lx, "if", &yes));
    if (yes) {
        TRY(expect_word(lx, "not"));
        TRY(expect_word(lx, "exists"));
        s->missing_ok = true;
    }
    TRY(qualified_name(lx, s));
    TRY(expect_word(lx, "from"));
    TRY(source(lx, s));
    TRY(accept_word(lx, "columns", &yes));
    if (yes)
        TRY(source_columns(lx, s));
    TRY(expect_word(lx, "primary"));
    TRY(expect_word(lx, "key"));
    TRY(column_list(lx, s));
    return create_clauses(lx, s);
}

static struct err *refresh_synced(struct lexer *lx, struct own_stmt *s)
{
    bool yes;
    s->kind = OWN_REFRESH_SYNCED;
    TRY(qualified_name(lx, s));
    TRY(accept_word(lx, "full", &s->full));
    TRY(accept_word(lx, "no", &yes));
    if (yes) {
        TRY(expect_word(lx, "wait"));
        s->no_wait = true;
    }
    return NULL;
}

static struct err *alter_synced(struct lexer *lx, struct own_stmt *s)
{
    bool yes;
    s->kind = OWN_ALTER_SYNCED;
    TRY(qualified_name(lx, s));
    s->action = OWN_PAUSE;
    TRY(accept_word(lx, "pause", &yes));
    if (yes)
        return NULL;
    s->action = OWN_RESUME;
    TRY(accept_word(lx, "resume", &yes));
    if (yes)
        return NULL;
    TRY(accept_word(lx, "set", &yes));
    if (!yes) {
        s->action = OWN_SET_SCHEDULE;
        TRY(schedule(lx, s));
        return s->every || s->cron ? NULL : syntax_error(lx, &lx->tok);
    }
    s->action = OWN_SET_MODE;
    TRY(accept_word(lx, "mode", &yes));
    if (yes)
        return mode(lx, s);
    s->action = OWN_SET_OPTIONS;
    return option_list(lx, s);
}

static struct err *wait_for_synced(struct lexer *lx, struct own_stmt *s)
{
    bool yes;
    s->kind = OWN_WAIT_SYNCED;
    TRY(qualified_name(lx, s));
    TRY(expect_word(lx, "version"));
    if (lx->tok.kind != TOK_NUMBER)
        return syntax_error(lx, &lx->tok);
    s->version = lx->tok.text;
    s->version_location = lx->tok.start;
    TRY(advance(lx));
    TRY(accept_word(lx, "timeout", &yes));
    return yes ? string(lx, &s->timeout, &s->timeout_location) : NULL;
}

static struct err *drop_synced(struct lexer *lx, struct own_stmt *s)
{
    bool yes;
    s->kind = OWN_DROP_SYNCED;
    TRY(accept_word(lx, "if", &yes));
    if (yes) {
        TRY(expect_word(lx, "exists"));
        s->missing_ok = true;
    }
    TRY(qualified_name(lx, s));
    TRY(accept_word(lx, "cascade", &s->cascade));
    if (!s->cascade)
        TRY(accept_word(lx, "restrict", &yes));
    return NULL;
}

/* ---- credentials and catalogs ---- */

static struct err *plain_name(struct lexer *lx, struct own_stmt *s)
{
    s->name_location = lx->tok.start;
    return identifier(lx, &s->name);
}

/* [IF NOT EXISTS] name TYPE type [WITH (option = value, ...)] */
static struct err *create_named(struct lexer *lx, struct own_stmt *s, enum own_kind kind)
{
    bool yes;
    s->kind = kind;
    TRY(accept_word(lx, "if", &yes));
    if (yes) {
        TRY(expect_word(lx, "not"));
        TRY(expect_word(lx, "exists"));
        s->missing_ok = true;
    }
    TRY(plain_name(lx, s));
    TRY(expect_word(lx, "type"));
    s->type_location = lx->tok.start;
    TRY(identifier(lx, &s->type));
    TRY(accept_word(lx, "with", &yes));
    return yes ? option_list(lx, s) : NULL;
}

static struct err *create_credential(struct lexer *lx, struct own_stmt *s)
{
    return create_named(lx, s, OWN_CREATE_CREDENTIAL);
}

static struct err *create_catalog(struct lexer *lx, struct own_stmt *s)
{
    return create_named(lx, s, OWN_CREATE_CATALOG);
}

/* name SET (option = value, ...) */
static struct err *alter_credential(struct lexer *lx, struct own_stmt *s)
{
    s->kind = OWN_ALTER_CREDENTIAL;
    TRY(plain_name(lx, s));
    TRY(expect_word(lx, "set"));
    return option_list(lx, s);
}

/* [IF EXISTS] name */
static struct err *drop_named(struct lexer *lx, struct own_stmt *s, enum own_kind kind)
{
    bool yes;
    s->kind = kind;
    TRY(accept_word(lx, "if", &yes));
    if (yes) {
        TRY(expect_word(lx, "exists"));
        s->missing_ok = true;
    }
    return plain_name(lx, s);
}

static struct err *drop_credential(struct lexer *lx, struct own_stmt *s)
{
    return drop_named(lx, s, OWN_DROP_CREDENTIAL);
}

static struct err *drop_catalog(struct lexer *lx, struct own_stmt *s)
{
    return drop_named(lx, s, OWN_DROP_CATALOG);
}

static struct err *verify_synced(struct lexer *lx, struct own_stmt *s)
{
    s->kind = OWN_VERIFY_SYNCED;
    TRY(qualified_name(lx, s));
    return accept_word(lx, "repair", &s->repair);
}

static struct err *check_sync(struct lexer *lx, struct own_stmt *s)
{
    s->kind = OWN_CHECK_SYNC;
    TRY(source(lx, s));
    bool yes;
    TRY(expect_word(lx, "primary"));
    TRY(expect_word(lx, "key"));
    TRY(column_list(lx, s));
    TRY(accept_word(lx, "with", &yes));
    return yes ? option_list(lx, s) : NULL;
}

static struct err *backup(struct lexer *lx, struct own_stmt *s)
{
    s->kind = OWN_BACKUP;
    if (lx->tok.kind != TOK_STRING)
        return syntax_error(lx, &lx->tok);
    s->uri = lx->tok.text;
    s->uri_location = lx->tok.start;
    return advance(lx);
}

/* The words a statement can begin with. */
static const struct {
    const char *words[4];
    struct err *(*parse)(struct lexer *lx, struct own_stmt *s); /* NULL: not built yet */
    const char *what;
    const char *shown; /* it carries secrets: what is shown of it; NULL: all */
} statements[] = {
    {{"create", "synced", "table"}, create_synced, NULL},
    {{"refresh", "synced", "table"}, refresh_synced, NULL},
    {{"drop", "synced", "table"}, drop_synced, NULL},
    {{"backup", "to"}, backup, NULL},
    {{"alter", "synced", "table"}, alter_synced, NULL},
    {{"wait", "for", "synced", "table"}, wait_for_synced, NULL},
    {{"verify", "synced", "table"}, verify_synced, NULL},
    {{"check", "sync", "from"}, check_sync, NULL},
    {{"create", "storage", "credential"},
     create_credential,
     NULL,
     "CREATE STORAGE CREDENTIAL (not shown)"},
    {{"alter", "storage", "credential"},
     alter_credential,
     NULL,
     "ALTER STORAGE CREDENTIAL (not shown)"},
    {{"drop", "storage", "credential"}, drop_credential, NULL},
    {{"create", "catalog"}, create_catalog, NULL, "CREATE CATALOG (not shown)"},
    {{"drop", "catalog"}, drop_catalog, NULL},
};

/* Which statement begins there, -1: none; *after is behind its first words. */
static int find_statement(const char *sql, int start, int *after)
{
    for (size_t k = 0; k < sizeof(statements) / sizeof(statements[0]); k++) {
        int at = start;
        bool match = true;
        for (int w = 0; match && w < 4 && statements[k].words[w]; w++) {
            size_t len = strlen(statements[k].words[w]);
            at = skip_blank(sql, at);
            match = strncasecmp(sql + at, statements[k].words[w], len) == 0 &&
                    !word_char(sql[at + (int)len]);
            at += (int)len;
        }
        if (match) {
            *after = at;
            return (int)k;
        }
    }
    return -1;
}

const struct own_result *own_stmt_result(const struct own_stmt *s)
{
    static const struct own_result verify = {
        3, {{"status", TEXT_OID}, {"key", TEXT_OID}, {"detail", TEXT_OID}}};
    static const struct own_result check = {6,
                                            {{"severity", TEXT_OID},
                                             {"check", TEXT_OID},
                                             {"column_name", TEXT_OID},
                                             {"rows", INT8_OID},
                                             {"sample", TEXT_OID},
                                             {"remedy", TEXT_OID}}};
    if (s->kind == OWN_VERIFY_SYNCED)
        return &verify;
    return s->kind == OWN_CHECK_SYNC ? &check : NULL;
}

bool own_stmt_begins(const char *sql, int start)
{
    int after;
    return find_statement(sql, skip_blank(sql, start), &after) >= 0;
}

static bool word_at(const char *p, const char *word)
{
    size_t n = strlen(word);
    return strncasecmp(p, word, n) == 0 && !isalnum((unsigned char)p[n]) && p[n] != '_';
}

/* CREATE or ALTER ROLE, USER, GROUP with a password; NULL: another statement. */
static const char *shown_role(const char *p)
{
    static const char *const objects[] = {"ROLE", "USER", "GROUP"};
    bool create = word_at(p, "CREATE");
    if (!create && !word_at(p, "ALTER"))
        return NULL;
    p += create ? 6 : 5;
    p += skip_blank(p, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(objects); i++)
        if (word_at(p, objects[i]) && strcasestr(p, "password"))
            return create ? "CREATE ROLE ... PASSWORD '********'"
                          : "ALTER ROLE ... PASSWORD '********'";
    return NULL;
}

const char *own_stmt_shown(const char *sql)
{
    for (const char *p = sql; p; p = strchr(p, ';') ? strchr(p, ';') + 1 : NULL) {
        int after;
        int k = find_statement(p, skip_blank(p, 0), &after);
        if (k >= 0 && statements[k].shown)
            return statements[k].shown;
        const char *role = shown_role(p + skip_blank(p, 0));
        if (role)
            return role;
    }
    return sql;
}

struct err *own_stmt_parse(const char *sql, int start, struct arena *arena, struct own_stmt **out,
                           int *end)
{
    struct lexer lx = {.sql = sql, .arena = arena};
    struct own_stmt *s = arena_new(arena, struct own_stmt);
    int k = find_statement(sql, skip_blank(sql, start), &lx.at);
    CHECK(k >= 0);
    lx.secret = statements[k].shown != NULL;
    TRY(advance(&lx));
    if (statements[k].parse)
        TRY(statements[k].parse(&lx, s));
    else
        TRY(unsupported(&lx, s, statements[k].what));
    if (lx.tok.kind != TOK_END && !is_punct(&lx, ';'))
        return syntax_error(&lx, &lx.tok);
    *end = lx.tok.end;
    *out = s;
    return NULL;
}
