/* Reading and printing SQL/JSON paths: see jsonpath.h. */
#include "types/jsonpath.h"

#include "types/json.h"
#include "types/numeric.h"
#include "types/text.h"
#include "types/types_internal.h"

enum { MAX_DEPTH = 200 };

enum token_kind {
    T_END,
    T_STRING,
    T_NUMBER,
    T_WORD,     /* an unquoted identifier */
    T_VARIABLE, /* $name */
    T_SIGN,     /* an operator or punctuation: in `text` */
};

struct token {
    enum token_kind kind;
    struct str text; /* strings and words without quotes and escapes */
    struct str raw;
};

struct parser {
    struct str text;
    size_t at;
    struct arena *arena;
    struct token t; /* the current one */
    int depth;
    int filters;    /* open: @ means something */
    int subscripts; /* open: last means something */
};

/* ---- tokens ---- */

static struct err *syntax(const struct parser *p)
{
    if (p->t.kind == T_END)
        return err_new("42601", "syntax error at end of jsonpath input");
    return err_new("42601", "syntax error at or near \"%.*s\" of jsonpath input",
                   STR_ARG(p->t.raw));
}

static bool is_special(char c)
{
    return strchr("?%$.[]{}()|&!=<>@#,*:-+/\\\"", c) != NULL;
}

static struct err *skip_blanks(struct parser *p)
{
    for (;;) {
        while (p->at < p->text.len && is_space(p->text.data[p->at]))
            p->at++;
        if (p->text.len - p->at < 2 || memcmp(p->text.data + p->at, "/*", 2) != 0)
            return NULL;
        const char *end = memmem(p->text.data + p->at + 2, p->text.len - p->at - 2, "*/", 2);
        if (!end)
            return err_new("42601", "unexpected end of comment at end of jsonpath input");
        p->at = (size_t)(end - p->text.data) + 2;
    }
}

static int hex_of(char c)
{
    c = to_lower(c);
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct err *bad_escape(const char *what)
{
    return err_new("42601", "invalid %s escape sequence", what);
}

/* \xHH, \uXXXX, \u{X...}: behind the letter. */
static struct err *take_code(struct parser *p, bool unicode, uint32_t *out)
{
    bool braces = unicode && p->at < p->text.len && p->text.data[p->at] == '{';
    int max = braces ? 6 : unicode ? 4 : 2;
    int n = 0;
    *out = 0;
    p->at += braces;
    for (; n < max && p->at < p->text.len && hex_of(p->text.data[p->at]) >= 0; n++)
        *out = *out * 16 + (uint32_t)hex_of(p->text.data[p->at++]);
    if (braces ? !n || p->at == p->text.len || p->text.data[p->at++] != '}' : n < max)
        return bad_escape(unicode ? "Unicode" : "hexadecimal character");
    return *out ? NULL
                : err_detail(err_new("22P05", "unsupported Unicode escape sequence"),
                             "\\u0000 cannot be converted to text.");
}

static struct err *take_escape(struct parser *p, struct buf *b)
{
    static const char letters[] = "bfnrtv";
    static const char values[] = "\b\f\n\r\t\v";
    char c = p->text.data[p->at++];
    const char *plain = strchr(letters, c);
    uint32_t code;
    char bytes[4];
    if (c && plain) {
        buf_put_u8(b, (uint8_t)values[plain - letters]);
        return NULL;
    }
    if (c != 'u' && c != 'x') {
        buf_put_u8(b, (uint8_t)c);
        return NULL;
    }
    TRY(take_code(p, c == 'u', &code));
    if (code >= 0xd800 && code < 0xdc00) {
        uint32_t low = 0;
        bool pair = p->text.len - p->at > 2 && memcmp(p->text.data + p->at, "\\u", 2) == 0;
        p->at += pair ? 2 : 0;
        if (pair)
            TRY(take_code(p, true, &low));
        if (low < 0xdc00 || low > 0xdfff)
            return err_detail(err_new("22P02", "invalid input syntax for type jsonpath"),
                              "Unicode low surrogate must follow a high surrogate.");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return err_detail(err_new("22P02", "invalid input syntax for type jsonpath"),
                          "Unicode low surrogate must follow a high surrogate.");
    buf_put(b, bytes, utf8_encode(code, bytes));
    return NULL;
}

/* A quoted string, or a word with escapes; stands behind the opening quote. */
static struct err *take_string(struct parser *p, bool quoted, struct str *out)
{
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    while (!e && p->at < p->text.len) {
        char c = p->text.data[p->at];
        if (quoted ? c == '"' : c != '\\' && (is_space(c) || is_special(c)))
            break;
        p->at++;
        if (c == '\\' && p->at == p->text.len)
            e = err_new("42601", "unexpected end after backslash at end of jsonpath input");
        else if (c == '\\')
            e = take_escape(p, &b);
        else
            buf_put_u8(&b, (uint8_t)c);
    }
    if (!e && quoted && p->at == p->text.len)
        e = err_new("42601", "unexpected end of quoted string at end of jsonpath input");
    p->at += quoted;
    if (!e)
        *out = arena_str(p->arena, buf_str(&b));
    buf_done(&b);
    return e;
}

static size_t digits(const struct parser *p, size_t at)
{
    while (at < p->text.len && is_digit(p->text.data[at]))
        at++;
    return at;
}

static struct err *take_number(struct parser *p, size_t start)
{
    size_t at = digits(p, p->at);
    if (at < p->text.len && p->text.data[at] == '.')
        at = digits(p, at + 1);
    if (at < p->text.len && to_lower(p->text.data[at]) == 'e') {
        size_t sign = at + 1;
        if (sign < p->text.len && strchr("+-", p->text.data[sign]))
            sign++;
        size_t end = digits(p, sign);
        if (end == sign)
            return err_new("42601", "invalid numeric literal at or near \"%.*s\" of jsonpath input",
                           (int)(sign - start), p->text.data + start);
        at = end;
    }
    p->at = at;
    p->t = (struct token){T_NUMBER, str_make(p->text.data + start, at - start), {0}};
    if (at < p->text.len && !is_space(p->text.data[at]) && !is_special(p->text.data[at]))
        return err_new("42601",
                       "trailing junk after numeric literal at or near \"%.*s\" of jsonpath input",
                       (int)(at + 1 - start), p->text.data + start);
    return NULL;
}

static struct err *take_token(struct parser *p)
{
    static const char *const signs[] = {"**", "&&", "||", "==", "!=", "<>", "<=", ">="};
    size_t start = p->at;
    char c = p->text.data[p->at];
    char next = p->at + 1 < p->text.len ? p->text.data[p->at + 1] : '\0';
    if (c == '"') {
        p->at++;
        p->t.kind = T_STRING;
        return take_string(p, true, &p->t.text);
    }
    if (is_digit(c) || (c == '.' && is_digit(next)))
        return take_number(p, start);
    if (c == '$' && (next == '"' || (next && !is_space(next) && !is_special(next)))) {
        p->at += next == '"' ? 2 : 1;
        p->t.kind = T_VARIABLE;
        return take_string(p, next == '"', &p->t.text);
    }
    if (c == '\\' || !is_special(c)) {
        p->t.kind = T_WORD;
        return take_string(p, false, &p->t.text);
    }
    size_t len = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++)
        if (signs[i][0] == c && signs[i][1] == next)
            len = 2;
    p->at += len;
    p->t = (struct token){T_SIGN, str_make(p->text.data + start, len), {0}};
    return NULL;
}

static struct err *advance(struct parser *p)
{
    TRY(skip_blanks(p));
    size_t start = p->at;
    p->t = (struct token){.kind = T_END};
    if (p->at < p->text.len)
        TRY(take_token(p));
    p->t.raw = str_make(p->text.data + start, p->at - start);
    return NULL;
}

static bool is_sign(const struct parser *p, const char *sign)
{
    return p->t.kind == T_SIGN && str_eq_c(p->t.text, sign);
}

/* A keyword; true, false and null are not for here. */
static bool is_word(const struct parser *p, const char *word)
{
    return p->t.kind == T_WORD && str_eq_nocase(p->t.text, word);
}

static struct err *expect(struct parser *p, const char *sign)
{
    return is_sign(p, sign) ? advance(p) : syntax(p);
}

/* ---- grammar ---- */

static struct err *parse_or(struct parser *p, struct jsonpath_item **out);
static struct err *parse_sum(struct parser *p, struct jsonpath_item **out);

static struct jsonpath_item *item(struct parser *p, enum jsonpath_kind kind)
{
    struct jsonpath_item *i = arena_new(p->arena, struct jsonpath_item);
    i->kind = kind;
    return i;
}

static struct jsonpath_item *binary(struct parser *p, enum jsonpath_kind kind,
                                    struct jsonpath_item *left, struct jsonpath_item *right)
{
    struct jsonpath_item *i = item(p, kind);
    i->left = left;
    i->right = right;
    return i;
}

static bool is_predicate(const struct jsonpath_item *i)
{
    return jsonpath_is_predicate(i->kind) && !i->next;
}

static struct err *number_item(struct parser *p, struct jsonpath_item **out)
{
    *out = item(p, JP_NUMBER);
    TRY(numeric_parse(p->t.text, p->arena, &(*out)->number));
    return advance(p);
}

static struct err *parse_primary(struct parser *p, struct jsonpath_item **out)
{
    if (p->t.kind == T_NUMBER)
        return number_item(p, out);
    if (p->t.kind == T_STRING || p->t.kind == T_VARIABLE) {
        *out = item(p, p->t.kind == T_STRING ? JP_STRING : JP_VARIABLE);
        (*out)->text = p->t.text;
    } else if (is_sign(p, "$")) {
        *out = item(p, JP_ROOT);
    } else if (is_sign(p, "@")) {
        if (!p->filters)
            return err_new("42601", "@ is not allowed in root expressions");
        *out = item(p, JP_CURRENT);
    } else if (is_word(p, "last")) {
        if (!p->subscripts)
            return err_new("42601", "LAST is allowed only in array subscripts");
        *out = item(p, JP_LAST);
    } else if (p->t.kind == T_WORD && str_eq_c(p->t.text, "null")) {
        *out = item(p, JP_NULL);
    } else if (p->t.kind == T_WORD &&
               (str_eq_c(p->t.text, "true") || str_eq_c(p->t.text, "false"))) {
        *out = item(p, JP_BOOL);
        (*out)->value = p->t.text.len == 4;
    } else {
        return syntax(p);
    }
    return advance(p);
}

static struct err *parse_level(struct parser *p, int *out)
{
    if (is_word(p, "last")) {
        *out = JP_LEVEL_LAST;
        return advance(p);
    }
    int64_t v;
    if (p->t.kind != T_NUMBER || !str_to_int64(p->t.text, &v) || v > INT32_MAX)
        return syntax(p);
    *out = (int)v;
    return advance(p);
}

/* Behind **. */
static struct err *parse_levels(struct parser *p, struct jsonpath_item *any)
{
    any->last = JP_LEVEL_LAST;
    if (!is_sign(p, "{"))
        return NULL;
    TRY(advance(p));
    TRY(parse_level(p, &any->first));
    any->last = any->first;
    if (is_word(p, "to")) {
        TRY(advance(p));
        TRY(parse_level(p, &any->last));
    }
    return expect(p, "}");
}

static const struct {
    const char *name;
    enum jsonpath_kind kind;
} methods[] = {{"type", JP_TYPE},         {"size", JP_SIZE},        {"abs", JP_ABS},
               {"floor", JP_FLOOR},       {"ceiling", JP_CEILING},  {"double", JP_DOUBLE},
               {"keyvalue", JP_KEYVALUE}, {"datetime", JP_DATETIME}};

/* Behind the dot: a key, *, ** or a method. */
static struct err *parse_member(struct parser *p, struct jsonpath_item **out)
{
    if (is_sign(p, "*")) {
        *out = item(p, JP_ANY_KEY);
        return advance(p);
    }
    if (is_sign(p, "**")) {
        *out = item(p, JP_ANY);
        TRY(advance(p));
        return parse_levels(p, *out);
    }
    if (p->t.kind != T_WORD && p->t.kind != T_STRING && p->t.kind != T_VARIABLE)
        return syntax(p);
    bool word = p->t.kind == T_WORD;
    struct str name = p->t.kind == T_VARIABLE ? p->t.raw : p->t.text;
    TRY(advance(p));
    for (size_t i = 0; word && is_sign(p, "(") && i < ARRAY_LENGTH(methods); i++) {
        if (!str_eq_nocase(name, methods[i].name))
            continue;
        *out = item(p, methods[i].kind);
        TRY(advance(p));
        if (methods[i].kind == JP_DATETIME && p->t.kind == T_STRING)
            TRY(parse_primary(p, &(*out)->left));
        return expect(p, ")");
    }
    *out = item(p, JP_KEY);
    (*out)->text = name;
    return NULL;
}

/* Behind the bracket. */
static struct err *parse_subscripts(struct parser *p, struct jsonpath_item **out)
{
    int cap = 0;
    if (is_sign(p, "*")) {
        *out = item(p, JP_ANY_ITEM);
        TRY(advance(p));
        return expect(p, "]");
    }
    *out = item(p, JP_ITEMS);
    p->subscripts++;
    for (;;) {
        struct jsonpath_item *from = NULL;
        struct jsonpath_item *to = NULL;
        TRY(parse_sum(p, &from));
        if (is_word(p, "to")) {
            TRY(advance(p));
            TRY(parse_sum(p, &to));
        }
        ARENA_PUSH(p->arena, (*out)->pairs, (*out)->npairs, cap, from);
        ARENA_PUSH(p->arena, (*out)->pairs, (*out)->npairs, cap, to);
        if (!is_sign(p, ","))
            break;
        TRY(advance(p));
    }
    p->subscripts--;
    return expect(p, "]");
}

static struct err *parse_filter(struct parser *p, struct jsonpath_item **out)
{
    *out = item(p, JP_FILTER);
    TRY(expect(p, "("));
    p->filters++;
    TRY(parse_or(p, &(*out)->left));
    p->filters--;
    if (!is_predicate((*out)->left))
        return syntax(p);
    return expect(p, ")");
}

/* Accessors behind a primary expression. */
static struct err *parse_accessors(struct parser *p, struct jsonpath_item *first)
{
    struct jsonpath_item *tail = first;
    while (tail->next)
        tail = tail->next;
    for (;;) {
        struct jsonpath_item *a = NULL;
        if (is_sign(p, ".")) {
            TRY(advance(p));
            TRY(parse_member(p, &a));
        } else if (is_sign(p, "[")) {
            TRY(advance(p));
            TRY(parse_subscripts(p, &a));
        } else if (is_sign(p, "?")) {
            TRY(advance(p));
            TRY(parse_filter(p, &a));
        } else {
            return NULL;
        }
        tail->next = a;
        tail = a;
    }
}

static struct err *parse_exists(struct parser *p, struct jsonpath_item **out)
{
    *out = item(p, JP_EXISTS);
    TRY(advance(p));
    TRY(expect(p, "("));
    TRY(parse_sum(p, &(*out)->left));
    return expect(p, ")");
}

/* Behind "(": an expression or a predicate, which may be followed by IS UNKNOWN or accessors. */
static struct err *parse_group(struct parser *p, struct jsonpath_item **out)
{
    TRY(parse_or(p, out));
    TRY(expect(p, ")"));
    if (is_predicate(*out) && is_word(p, "is")) {
        struct jsonpath_item *inner = *out;
        TRY(advance(p));
        if (!is_word(p, "unknown"))
            return syntax(p);
        *out = item(p, JP_UNKNOWN);
        (*out)->left = inner;
        return advance(p);
    }
    return parse_accessors(p, *out);
}

static struct err *parse_unary(struct parser *p, struct jsonpath_item **out)
{
    if (++p->depth > MAX_DEPTH)
        return err_new("54001", "stack depth limit exceeded");
    struct err *e;
    if (is_sign(p, "+") || is_sign(p, "-")) {
        *out = item(p, is_sign(p, "+") ? JP_PLUS : JP_MINUS);
        e = advance(p);
        if (!e)
            e = parse_unary(p, &(*out)->left);
        if (!e && is_predicate((*out)->left))
            e = syntax(p);
    } else if (is_sign(p, "(")) {
        e = advance(p);
        if (!e)
            e = parse_group(p, out);
    } else if (is_word(p, "exists")) {
        e = parse_exists(p, out);
    } else {
        e = parse_primary(p, out);
        if (!e)
            e = parse_accessors(p, *out);
    }
    p->depth--;
    return e;
}

static struct err *parse_product(struct parser *p, struct jsonpath_item **out)
{
    TRY(parse_unary(p, out));
    while (is_sign(p, "*") || is_sign(p, "/") || is_sign(p, "%")) {
        struct jsonpath_item *right = NULL;
        enum jsonpath_kind kind = is_sign(p, "*") ? JP_MUL : is_sign(p, "/") ? JP_DIV : JP_MOD;
        TRY(advance(p));
        TRY(parse_unary(p, &right));
        if (is_predicate(*out) || is_predicate(right))
            return syntax(p);
        *out = binary(p, kind, *out, right);
    }
    return NULL;
}

static struct err *parse_sum(struct parser *p, struct jsonpath_item **out)
{
    TRY(parse_product(p, out));
    while (is_sign(p, "+") || is_sign(p, "-")) {
        struct jsonpath_item *right = NULL;
        enum jsonpath_kind kind = is_sign(p, "+") ? JP_ADD : JP_SUB;
        TRY(advance(p));
        TRY(parse_product(p, &right));
        if (is_predicate(*out) || is_predicate(right))
            return syntax(p);
        *out = binary(p, kind, *out, right);
    }
    return NULL;
}

/* The flags in the order in which they print. */
static struct err *regex_flags(struct str given, char out[8])
{
    size_t n = 0;
    for (size_t i = 0; i < given.len; i++)
        if (!strchr("ismxq", given.data[i]))
            return err_detail(err_new("22P02", "invalid input syntax for type %s", "jsonpath"),
                              "Unrecognized flag character \"%.*s\" in LIKE_REGEX predicate.", 1,
                              given.data + i);
    for (const char *f = "ismxq"; *f; f++)
        if (memchr(given.data, *f, given.len))
            out[n++] = *f;
    out[n] = '\0';
    if (strchr(out, 'x') && !strchr(out, 'q'))
        return err_new("0A000",
                       "XQuery \"x\" flag (expanded regular expressions) is not implemented");
    return NULL;
}

static struct err *parse_regex(struct parser *p, struct jsonpath_item **out)
{
    struct jsonpath_item *left = *out;
    TRY(advance(p));
    if (p->t.kind != T_STRING)
        return syntax(p);
    *out = item(p, JP_REGEX);
    (*out)->left = left;
    (*out)->text = p->t.text;
    TRY(advance(p));
    if (!is_word(p, "flag"))
        return NULL;
    TRY(advance(p));
    if (p->t.kind != T_STRING)
        return syntax(p);
    TRY(regex_flags(p->t.text, (*out)->flags));
    return advance(p);
}

static struct err *parse_starts(struct parser *p, struct jsonpath_item **out)
{
    struct jsonpath_item *right = NULL;
    TRY(advance(p));
    if (!is_word(p, "with"))
        return syntax(p);
    TRY(advance(p));
    if (p->t.kind != T_STRING && p->t.kind != T_VARIABLE)
        return syntax(p);
    TRY(parse_primary(p, &right));
    *out = binary(p, JP_STARTS, *out, right);
    return NULL;
}

static struct err *parse_comparison(struct parser *p, struct jsonpath_item **out)
{
    static const struct {
        const char *sign;
        enum jsonpath_kind kind;
    } signs[] = {{"==", JP_EQ}, {"!=", JP_NE}, {"<>", JP_NE}, {"<=", JP_LE},
                 {">=", JP_GE}, {"<", JP_LT},  {">", JP_GT},  {"=", JP_EQ}};
    TRY(parse_sum(p, out));
    if (is_predicate(*out))
        return NULL;
    if (is_word(p, "starts"))
        return parse_starts(p, out);
    if (is_word(p, "like_regex"))
        return parse_regex(p, out);
    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++) {
        struct jsonpath_item *right = NULL;
        if (!is_sign(p, signs[i].sign))
            continue;
        TRY(advance(p));
        TRY(parse_sum(p, &right));
        if (is_predicate(right))
            return syntax(p);
        *out = binary(p, signs[i].kind, *out, right);
        return NULL;
    }
    return NULL;
}

/* ! takes (predicate) or exists (...). */
static struct err *parse_not(struct parser *p, struct jsonpath_item **out)
{
    if (!is_sign(p, "!"))
        return parse_comparison(p, out);
    struct jsonpath_item *inner = NULL;
    TRY(advance(p));
    if (!is_sign(p, "(") && !is_word(p, "exists"))
        return syntax(p);
    TRY(parse_unary(p, &inner));
    if (!is_predicate(inner))
        return syntax(p);
    *out = item(p, JP_NOT);
    (*out)->left = inner;
    return NULL;
}

static struct err *parse_logical(struct parser *p, enum jsonpath_kind kind, const char *sign,
                                 struct err *(*operand)(struct parser *, struct jsonpath_item **),
                                 struct jsonpath_item **out)
{
    TRY(operand(p, out));
    while (is_sign(p, sign)) {
        struct jsonpath_item *right = NULL;
        if (!is_predicate(*out))
            return syntax(p);
        TRY(advance(p));
        TRY(operand(p, &right));
        if (!is_predicate(right))
            return syntax(p);
        *out = binary(p, kind, *out, right);
    }
    return NULL;
}

static struct err *parse_and(struct parser *p, struct jsonpath_item **out)
{
    return parse_logical(p, JP_AND, "&&", parse_not, out);
}

static struct err *parse_or(struct parser *p, struct jsonpath_item **out)
{
    return parse_logical(p, JP_OR, "||", parse_and, out);
}

struct err *jsonpath_parse(struct str text, struct arena *arena, struct jsonpath *out)
{
    struct parser p = {.text = text, .arena = arena};
    *out = (struct jsonpath){.strict = false};
    TRY(advance(&p));
    if (p.t.kind == T_END)
        return err_new("22P02", "invalid input syntax for type %s: \"%.*s\"", "jsonpath",
                       STR_ARG(text));
    if (is_word(&p, "strict") || is_word(&p, "lax")) {
        out->strict = is_word(&p, "strict");
        TRY(advance(&p));
    }
    TRY(parse_or(&p, &out->root));
    return p.t.kind == T_END ? NULL : syntax(&p);
}

/* ---- printing ---- */

static int priority(const struct jsonpath_item *i)
{
    switch (i->kind) {
    case JP_OR:
        return 0;
    case JP_AND:
        return 1;
    case JP_EQ:
    case JP_NE:
    case JP_LT:
    case JP_GT:
    case JP_LE:
    case JP_GE:
    case JP_STARTS:
        return 2;
    case JP_ADD:
    case JP_SUB:
        return 3;
    case JP_MUL:
    case JP_DIV:
    case JP_MOD:
        return 4;
    case JP_PLUS:
    case JP_MINUS:
        return 5;
    default:
        return 6;
    }
}

static const char *sign_of(enum jsonpath_kind kind)
{
    static const char *const signs[] = {[JP_OR] = "||",
                                        [JP_AND] = "&&",
                                        [JP_EQ] = "==",
                                        [JP_NE] = "!=",
                                        [JP_LT] = "<",
                                        [JP_GT] = ">",
                                        [JP_LE] = "<=",
                                        [JP_GE] = ">=",
                                        [JP_ADD] = "+",
                                        [JP_SUB] = "-",
                                        [JP_MUL] = "*",
                                        [JP_DIV] = "/",
                                        [JP_STARTS] = "starts with",
                                        [JP_MOD] = "%",
                                        [JP_PLUS] = "+",
                                        [JP_MINUS] = "-"};
    return signs[kind];
}

static void print(const struct jsonpath_item *i, bool in_key, bool brackets, struct buf *out);

static void print_binary(const struct jsonpath_item *i, bool brackets, struct buf *out)
{
    if (brackets)
        buf_put_u8(out, '(');
    print(i->left, false, priority(i->left) <= priority(i), out);
    buf_printf(out, " %s ", sign_of(i->kind));
    print(i->right, false, priority(i->right) <= priority(i), out);
    if (brackets)
        buf_put_u8(out, ')');
}

static void print_regex(const struct jsonpath_item *i, bool brackets, struct buf *out)
{
    if (brackets)
        buf_put_u8(out, '(');
    print(i->left, false, priority(i->left) <= priority(i), out);
    buf_put_c(out, " like_regex ");
    json_put_string(out, i->text);
    if (i->flags[0])
        buf_printf(out, " flag \"%s\"", i->flags);
    if (brackets)
        buf_put_u8(out, ')');
}

static void print_level(int level, struct buf *out)
{
    if (level == JP_LEVEL_LAST)
        buf_put_c(out, "last");
    else
        buf_printf(out, "%d", level);
}

static void print_any(const struct jsonpath_item *i, bool in_key, struct buf *out)
{
    buf_put_c(out, in_key ? ".**" : "**");
    if (!i->first && i->last == JP_LEVEL_LAST)
        return;
    buf_put_u8(out, '{');
    print_level(i->first, out);
    if (i->first != i->last) {
        buf_put_c(out, " to ");
        print_level(i->last, out);
    }
    buf_put_u8(out, '}');
}

static void print_items(const struct jsonpath_item *i, struct buf *out)
{
    buf_put_u8(out, '[');
    for (int k = 0; k < i->npairs; k += 2) {
        if (k)
            buf_put_u8(out, ',');
        print(i->pairs[k], false, false, out);
        if (i->pairs[k + 1]) {
            buf_put_c(out, " to ");
            print(i->pairs[k + 1], false, false, out);
        }
    }
    buf_put_u8(out, ']');
}

static void print_wrapped(const char *before, const struct jsonpath_item *i, const char *after,
                          struct buf *out)
{
    buf_put_c(out, before);
    if (i)
        print(i, false, false, out);
    buf_put_c(out, after);
}

static void print_accessor(const struct jsonpath_item *i, bool in_key, struct buf *out)
{
    switch (i->kind) {
    case JP_KEY:
        if (in_key)
            buf_put_u8(out, '.');
        json_put_string(out, i->text);
        return;
    case JP_ANY_KEY:
        buf_put_c(out, in_key ? ".*" : "*");
        return;
    case JP_ANY_ITEM:
        buf_put_c(out, "[*]");
        return;
    case JP_ITEMS:
        print_items(i, out);
        return;
    case JP_ANY:
        print_any(i, in_key, out);
        return;
    case JP_FILTER:
        print_wrapped("?(", i->left, ")", out);
        return;
    default:
        break;
    }
    for (size_t k = 0; k < ARRAY_LENGTH(methods); k++)
        if (methods[k].kind == i->kind)
            buf_printf(out, ".%s", methods[k].name);
    print_wrapped("(", i->left, ")", out);
}

static void print_one(const struct jsonpath_item *i, bool in_key, bool brackets, struct buf *out)
{
    switch (i->kind) {
    case JP_NULL:
        buf_put_c(out, "null");
        return;
    case JP_BOOL:
        buf_put_c(out, i->value ? "true" : "false");
        return;
    case JP_NUMBER:
        buf_put_c(out, i->next ? "(" : "");
        numeric_print(i->number, out);
        buf_put_c(out, i->next ? ")" : "");
        return;
    case JP_STRING:
        json_put_string(out, i->text);
        return;
    case JP_VARIABLE:
        buf_put_u8(out, '$');
        json_put_string(out, i->text);
        return;
    case JP_ROOT:
    case JP_CURRENT:
        buf_put_u8(out, i->kind == JP_ROOT ? '$' : '@');
        return;
    case JP_LAST:
        buf_put_c(out, "last");
        return;
    case JP_NOT:
        print_wrapped("!(", i->left, ")", out);
        return;
    case JP_UNKNOWN:
        print_wrapped("(", i->left, ") is unknown", out);
        return;
    case JP_EXISTS:
        print_wrapped("exists (", i->left, ")", out);
        return;
    case JP_REGEX:
        print_regex(i, brackets, out);
        return;
    case JP_PLUS:
    case JP_MINUS:
        buf_put_c(out, brackets ? "(" : "");
        buf_put_c(out, sign_of(i->kind));
        print(i->left, false, priority(i->left) <= priority(i), out);
        buf_put_c(out, brackets ? ")" : "");
        return;
    default:
        if (i->kind >= JP_KEY)
            print_accessor(i, in_key, out);
        else
            print_binary(i, brackets, out);
        return;
    }
}

static void print(const struct jsonpath_item *i, bool in_key, bool brackets, struct buf *out)
{
    print_one(i, in_key, brackets || (i->next && i->kind < JP_KEY), out);
    for (const struct jsonpath_item *n = i->next; n; n = n->next)
        print_one(n, true, true, out);
}

void jsonpath_print(const struct jsonpath *p, struct buf *out)
{
    buf_put_c(out, p->strict ? "strict " : "");
    print(p->root, false, true, out);
}

/* ---- the type ---- */

static struct err *jsonpath_in(TYPE_IN_PARAMS)
{
    struct jsonpath p;
    struct buf b = BUF_INIT;
    TRY(utf8_verify(text));
    TRY(jsonpath_parse(text, arena, &p));
    jsonpath_print(&p, &b);
    struct err *e = buf_finish(&b);
    if (!e)
        *out = datum_str(arena_str(arena, buf_str(&b)));
    buf_done(&b);
    return e;
}

static struct err *jsonpath_out(TYPE_OUT_PARAMS)
{
    buf_put_str(out, datum_as_str(d));
    return NULL;
}

static struct err *jsonpath_recv(TYPE_RECV_PARAMS)
{
    if (!bytes.len || bytes.data[0] != 1)
        return err_new("XX000", "unsupported jsonpath version number: %d",
                       bytes.len ? bytes.data[0] : 0);
    return recv_as_text(t, env, str_make(bytes.data + 1, bytes.len - 1), typmod, arena, out);
}

static struct err *jsonpath_send(TYPE_OUT_PARAMS)
{
    buf_put_u8(out, 1);
    return send_as_text(t, env, d, out);
}

const struct type_ops jsonpath_ops = {
    .oid = JSONPATH_OID,
    .name = "jsonpath",
    .len = -1,
    .in = jsonpath_in,
    .out = jsonpath_out,
    .recv = jsonpath_recv,
    .send = jsonpath_send,
};
