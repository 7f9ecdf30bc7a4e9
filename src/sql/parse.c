/* Text to parse trees: see parse.h. libpg_query's output and the unpacker of its protobuf recurse
 * once per nesting level of the statement, unchecked, so both run on a stack sized by a bound on
 * that nesting which a scan of the text gives. */
#include "sql/parse.h"

#include "base/str.h"
#include "rt/stack.h"
#include "sql/own_stmt.h"

#include <ctype.h>
#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

enum {
    STACK_BASE_BYTES = 512 * 1024,
    STACK_BYTES_PER_LEVEL = 2048, /* about 0.9 KiB measured for chains of operators */
    MAX_NESTING = 20000,
    MAX_PARENS = 4096,
    CHAIN_LEVELS = 4, /* what a UNION or JOIN takes of the stack, in levels of operators */
};

struct parse_job {
    const char *sql;
    struct arena *arena;
    struct err *error;
    PgQuery__ParseResult *result;
};

/* ---- how deep can this text nest? ---- */

static const char *skip_string(const char *p, char quote, bool escapes)
{
    for (p++; *p; p++) {
        if (escapes && *p == '\\' && p[1])
            p++;
        else if (*p == quote && p[1] == quote)
            p++;
        else if (*p == quote)
            return p + 1;
    }
    return p;
}

static const char *skip_dollar(const char *p)
{
    const char *tag_end = p + 1;
    while (isalnum((unsigned char)*tag_end) || *tag_end == '_' || (*tag_end & 0x80))
        tag_end++;
    if (*tag_end != '$')
        return p + 1;
    size_t len = (size_t)(tag_end - p) + 1;
    const char *close = tag_end + 1;
    for (; *close; close++)
        if (*close == '$' && strncmp(close, p, len) == 0)
            return close + len;
    return close;
}

static const char *skip_comment(const char *p)
{
    if (p[0] == '-') {
        while (*p && *p != '\n')
            p++;
        return p;
    }
    int depth = 1;
    for (p += 2; *p && depth; p++) {
        if (p[0] == '/' && p[1] == '*')
            depth++, p++;
        else if (p[0] == '*' && p[1] == '/')
            depth--, p++;
    }
    return p;
}

/* What a word means for nesting. The keywords are reserved, but for labels: those only make the
 * bound larger, as none stands directly in a CASE, and names behind a dot are left out. */
enum word {
    WORD_OTHER,
    WORD_CASE,
    WORD_BRANCH,
    WORD_END,
    WORD_CHAIN,
    WORD_BETWEEN,
    WORD_AND,
    WORD_OR
};

static enum word word_of(struct str w)
{
    static const struct {
        const char *text;
        enum word is;
    } words[] = {
        {"case", WORD_CASE},       {"when", WORD_BRANCH}, {"else", WORD_BRANCH},
        {"end", WORD_END},         {"union", WORD_CHAIN}, {"except", WORD_CHAIN},
        {"intersect", WORD_CHAIN}, {"join", WORD_CHAIN},  {"between", WORD_BETWEEN},
        {"and", WORD_AND},         {"or", WORD_OR},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (w.len == strlen(words[i].text) && strncasecmp(w.data, words[i].text, w.len) == 0)
            return words[i].is;
    return WORD_OTHER;
}

/* A level of parentheses, of brackets, or of CASE ... END. */
struct nest_level {
    int run;     /* tokens since the last separator */
    int chain;   /* UNION, JOIN ...: each puts what is before it one level deeper */
    int between; /* whose AND is to come */
    bool is_case;
};

struct nesting {
    struct nest_level *levels;
    int level;
    int total; /* of all open levels */
    int max;
};

static void nest_separate(struct nesting *n)
{
    n->total -= n->levels[n->level].run;
    n->levels[n->level].run = 0;
}

static bool nest_open(struct nesting *n, bool is_case)
{
    if (n->level + 1 == MAX_PARENS)
        return false;
    n->levels[++n->level] = (struct nest_level){.is_case = is_case};
    return true;
}

/* What stood in it counts for what encloses it. */
static void nest_close(struct nesting *n)
{
    struct nest_level inner = n->levels[n->level--];
    n->levels[n->level].run += inner.run + inner.chain;
}

static bool nest_word(struct nesting *n, struct str w)
{
    struct nest_level *l = &n->levels[n->level];
    switch (word_of(w)) {
    case WORD_CASE:
        return nest_open(n, true);
    case WORD_BRANCH:
        if (l->is_case)
            nest_separate(n);
        return true;
    case WORD_END:
        if (l->is_case)
            nest_close(n);
        return true;
    case WORD_CHAIN:
        l->chain += CHAIN_LEVELS;
        n->total += CHAIN_LEVELS;
        return true;
    case WORD_BETWEEN:
        l->between++;
        return true;
    case WORD_AND:
        if (l->between) {
            l->between--;
            return true;
        }
        nest_separate(n); /* the grammar makes one list of a chain */
        return true;
    case WORD_OR:
        nest_separate(n);
        return true;
    case WORD_OTHER:
        return true;
    }
    return true;
}

static bool nest_sign(struct nesting *n, char sign)
{
    switch (sign) {
    case ';':
        n->total -= n->levels[n->level].chain;
        n->levels[n->level].chain = 0;
        nest_separate(n);
        return true;
    case ',':
        nest_separate(n);
        return true;
    case '(':
    case '[':
        return nest_open(n, false);
    case ')':
    case ']':
        if (n->level)
            nest_close(n);
        return true;
    default:
        return true;
    }
}

/* Every token since the last separator of its level may add a level. Returns -1 beyond the limits.
 */
static int nesting_bound(const char *p)
{
    static __thread struct nest_level levels[MAX_PARENS]; /* too large for a fiber's stack */
    struct nesting n = {.levels = levels};
    bool dot = false; /* the last token */
    levels[0] = (struct nest_level){0};
    while (*p) {
        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*')) {
            p = skip_comment(p);
            continue;
        }
        bool behind_dot = dot;
        dot = *p == '.';
        n.total++;
        levels[n.level].run++;
        if (n.total > n.max)
            n.max = n.total;
        if (*p == '\'' || *p == '"') {
            p = skip_string(p, *p, false);
        } else if ((*p == 'E' || *p == 'e') && p[1] == '\'') {
            p = skip_string(p + 1, '\'', true);
        } else if (*p == '$') {
            p = skip_dollar(p);
        } else if (isalnum((unsigned char)*p) || *p == '_' || (*p & 0x80)) {
            const char *word = p;
            while (isalnum((unsigned char)*p) || *p == '_' || *p == '$' || (*p & 0x80))
                p++;
            if (!behind_dot && !nest_word(&n, str_make(word, (size_t)(p - word))))
                return -1;
        } else if (!nest_sign(&n, *p++)) {
            return -1;
        }
    }
    return n.max > MAX_NESTING ? -1 : n.max;
}

/* ---- on the other stack ---- */

static void *arena_allocator(void *arena, size_t size)
{
    return arena_try_alloc(arena, size);
}

static void arena_no_free(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

/* The grammar's hints, which the parser library does not hand on. */
static struct err *grammar_hint(struct err *e, const char *sql)
{
    static const struct {
        const char *message;
        const char *hint;
    } hints[] = {
        {"subquery in FROM must have an alias", "For example, FROM (SELECT ...) [AS] foo."},
        {"VALUES in FROM must have an alias", "For example, FROM (VALUES ...) [AS] foo."},
        {"missing argument", "Use NONE to denote the missing argument of a unary operator."},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(hints); i++)
        if (strcmp(e->message, hints[i].message) == 0)
            return err_hint(e, "%s", hints[i].hint);
    if (strcmp(e->message, "invalid Unicode escape") != 0 || e->position < 1)
        return e;
    const char *at = sql;
    for (int i = 1; i < e->position && *at; i++)
        for (at++; (*at & 0xc0) == 0x80; at++)
            continue;
    return at[0] == '\\' && (at[1] == 'u' || at[1] == 'U')
               ? err_hint(e, "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.")
               : err_hint(e, "Unicode escapes must be \\XXXX or \\+XXXXXX.");
}

static struct err *from_pg_error(const char *sql, const PgQueryError *e)
{
    /* The parser tells only the text; nearly all of its errors are syntax errors. */
    const char *sqlstate = "42601";
    if (strcmp(e->message, "out of memory") == 0)
        return err_oom();
    if (strstr(e->message, "not implemented") || strstr(e->message, "not supported"))
        sqlstate = "0A000";
    else if (strstr(e->message, "byte sequence"))
        sqlstate = "22021";
    else if (strstr(e->message, "invalid Unicode escape") || strstr(e->message, "invalid escape"))
        sqlstate = "22025";
    else if (strstr(e->message, "out of range"))
        sqlstate = "22003";
    return grammar_hint(err_at(err_new(sqlstate, "%s", e->message), e->cursorpos), sql);
}

static void parse_main(void *arg)
{
    struct parse_job *job = arg;
    PgQueryProtobufParseResult r = pg_query_parse_protobuf(job->sql);
    if (r.error) {
        job->error = from_pg_error(job->sql, r.error);
    } else {
        ProtobufCAllocator allocator = {arena_allocator, arena_no_free, job->arena};
        job->result = pg_query__parse_result__unpack(&allocator, r.parse_tree.len,
                                                     (const uint8_t *)r.parse_tree.data);
        if (!job->result)
            job->error = err_oom();
    }
    pg_query_free_protobuf_parse_result(r);
}

/* PostgreSQL's grammar has no argument named timestamp, since that is a type's keyword; table
 * functions have one. `timestamp =>` is read as another name of the same length, so that positions
 * stay. */
#define TIMESTAMP_ARGUMENT "at_moment"

static const char *name_timestamp(const char *sql, struct arena *arena)
{
    char *copy = NULL;
    if (!strstr(sql, "=>") || !strcasestr(sql, "timestamp"))
        return sql;
    for (const char *p = sql; *p;) {
        if (*p == '\'' || *p == '"') {
            p = skip_string(p, *p, *p == '\'' && p > sql && (p[-1] == 'E' || p[-1] == 'e'));
        } else if (*p == '$') {
            p = skip_dollar(p);
        } else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*')) {
            p = skip_comment(p);
        } else if (isalpha((unsigned char)*p) || *p == '_' || (*p & 0x80)) {
            const char *word = p;
            while (isalnum((unsigned char)*p) || *p == '_' || *p == '$' || (*p & 0x80))
                p++;
            const char *next = p + strspn(p, " \t\r\n");
            if (p - word != 9 || strncasecmp(word, "timestamp", 9) != 0 || next[0] != '=' ||
                next[1] != '>')
                continue;
            if (!copy)
                copy = arena_strdup(arena, sql);
            memcpy(copy + (word - sql), TIMESTAMP_ARGUMENT, 9);
        } else {
            p++;
        }
    }
    return copy ? copy : sql;
}

/* ---- parameters where PostgreSQL's grammar has none ---- */

/* The first parameter among them, which the parser library takes for a value, or NULL. */
static const PgQuery__ParamRef *param_among(PgQuery__Node *const *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const PgQuery__ParamRef *found = NULL;
        if (nodes[i]->node_case == PG_QUERY__NODE__NODE_PARAM_REF)
            return nodes[i]->param_ref;
        if (nodes[i]->node_case == PG_QUERY__NODE__NODE_VARIABLE_SET_STMT)
            found =
                param_among(nodes[i]->variable_set_stmt->args, nodes[i]->variable_set_stmt->n_args);
        if (nodes[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM && nodes[i]->def_elem->arg)
            found = param_among(&nodes[i]->def_elem->arg, 1);
        if (found)
            return found;
    }
    return NULL;
}

static const PgQuery__ParamRef *misplaced_param(PgQuery__Node *n)
{
    const PgQuery__VariableSetStmt *set = NULL;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT:
        return param_among(n->create_role_stmt->options, n->create_role_stmt->n_options);
    case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT:
        return param_among(n->alter_role_stmt->options, n->alter_role_stmt->n_options);
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        return param_among(n->create_function_stmt->options, n->create_function_stmt->n_options);
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
        return param_among(n->alter_function_stmt->actions, n->alter_function_stmt->n_actions);
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        set = n->variable_set_stmt;
        break;
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
        set = n->alter_role_set_stmt->setstmt;
        break;
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT:
        set = n->alter_database_set_stmt->setstmt;
        break;
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
        set = n->alter_system_stmt->setstmt;
        break;
    default:
        break;
    }
    return set ? param_among(set->args, set->n_args) : NULL;
}

static struct err *check_params(const char *sql, PgQuery__Node *tree)
{
    const PgQuery__ParamRef *p = tree ? misplaced_param(tree) : NULL;
    if (!p)
        return NULL;
    const char *at = sql + p->location;
    int digits = (int)strspn(at + 1, "0123456789");
    return err_at(err_new("42601", "syntax error at or near \"%.*s\"", digits + 1, at),
                  char_position(sql, p->location));
}

/* Parses text of PostgreSQL's grammar that begins at `offset` of the whole. */
static struct err *parse_pg(const char *whole, const char *sql, struct arena *arena,
                            struct parsed *out, int *cap)
{
    struct parse_job job = {.sql = name_timestamp(sql, arena), .arena = arena};
    int nesting = nesting_bound(sql);
    if (nesting < 0)
        return err_hint(err_new("54001", "stack depth limit exceeded"),
                        "The statement is nested too deeply.");
    size_t bytes = STACK_BASE_BYTES + (size_t)nesting * STACK_BYTES_PER_LEVEL;
    TRY(stack_call(bytes, parse_main, &job));
    TRY(job.error);
    for (size_t i = 0; i < job.result->n_stmts; i++) {
        const PgQuery__RawStmt *raw = job.result->stmts[i];
        struct raw_stmt stmt = {
            .sql = whole, .location = raw->stmt_location, .len = raw->stmt_len, .tree = raw->stmt};
        TRY(check_params(job.sql, raw->stmt));
        ARENA_PUSH(arena, out->stmts, out->count, *cap, stmt);
    }
    return NULL;
}

/* The end of the statement that begins at `start`: behind its semicolon, minding quotes. */
static int statement_end(const char *sql, int start)
{
    const char *p = sql + start;
    while (*p && *p != ';') {
        if (*p == '\'' || *p == '"')
            p = skip_string(p, *p, p > sql && (p[-1] == 'E' || p[-1] == 'e'));
        else if (*p == '$')
            p = skip_dollar(p);
        else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'))
            p = skip_comment(p);
        else
            p++;
    }
    return (int)(p - sql) + (*p == ';');
}

static bool mentions_own(const char *sql)
{
    static const char *const words[] = {"synced", "sync", "credential", "backup"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcasestr(sql, words[i]))
            return true;
    /* "pg_catalog." is in many texts; only the word by itself may be ours. */
    for (const char *p = sql; (p = strcasestr(p, "catalog")) != NULL; p++)
        if (p > sql && isspace((unsigned char)p[-1]))
            return true;
    return false;
}

/* Text with Tarn's own statements in it is taken apart statement by statement; positions stay those
 * of the whole text, since earlier statements are blanked out. */
static struct err *parse_mixed(const char *sql, struct arena *arena, struct parsed *out)
{
    int cap = 0;
    for (int at = 0; sql[at];) {
        int end = statement_end(sql, at);
        if (own_stmt_begins(sql, at)) {
            struct raw_stmt stmt = {.sql = sql, .location = at};
            TRY(own_stmt_parse(sql, at, arena, &stmt.own, &end));
            stmt.len = end - at;
            ARENA_PUSH(arena, out->stmts, out->count, cap, stmt);
        } else {
            char *piece = arena_strndup(arena, sql, (size_t)end);
            int before = out->count;
            memset(piece, ' ', (size_t)at);
            TRY(parse_pg(sql, piece, arena, out, &cap));
            for (int i = before; i < out->count; i++) {
                if (out->stmts[i].location < at)
                    out->stmts[i].len -= out->stmts[i].len ? at - out->stmts[i].location : 0;
                if (out->stmts[i].location < at)
                    out->stmts[i].location = at;
            }
        }
        at = end;
    }
    return NULL;
}

struct err *parse_sql(const char *sql, struct arena *arena, struct parsed *out)
{
    int cap = 0;
    *out = (struct parsed){0};
    if (mentions_own(sql))
        return parse_mixed(sql, arena, out);
    return parse_pg(sql, sql, arena, out, &cap);
}
