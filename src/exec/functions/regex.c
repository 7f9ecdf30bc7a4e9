/* Translation of PostgreSQL's advanced regular expressions to PCRE2's, and the cache of compiled
 * ones. Differences in meaning that the translation does not remove: where alternatives of
 * different length match at the same place, PCRE takes the first and PostgreSQL the longest. */
#include "exec/functions/regex.h"

#include "base/buf.h"
#include "base/hash.h"
#include "types/text.h"

#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { MATCH_LIMIT = 50000000, HEAP_LIMIT_KIB = 200000, JIT_AFTER = 4, MAX_REPEAT = 255 };

struct regex {
    char *pattern; /* owned */
    size_t len;
    struct regex_flags flags;
    uint64_t hash;
    pcre2_code *code;
    pcre2_match_data *match;
    uint64_t last_used;
    int uses;
    uint32_t groups;
};

/* The calling thread's patterns. */
static __thread struct regex cache[REGEX_CACHE];
static __thread uint64_t cache_clock;
static __thread pcre2_match_context *match_context;
static __thread pcre2_jit_stack *jit_stack;

struct err *regex_parse_flags(struct str s, struct regex_flags *out)
{
    *out = (struct regex_flags){0};
    for (size_t i = 0; i < s.len; i++) {
        switch (s.data[i]) {
        case 'g':
            out->global = true;
            break;
        case 'b':
            out->basic = true;
            break;
        case 'e':
            out->extended = true;
            break;
        case 'q':
            out->literal = true;
            break;
        case 'c':
            out->icase = false;
            break;
        case 'i':
            out->icase = true;
            break;
        case 'm':
        case 'n':
            out->newline_dot = out->newline_line = true;
            break;
        case 'p':
            out->newline_dot = true;
            out->newline_line = false;
            break;
        case 's':
            out->newline_dot = out->newline_line = false;
            break;
        case 't':
            out->expanded = false;
            break;
        case 'w':
            out->newline_dot = false;
            out->newline_line = true;
            break;
        case 'x':
            out->expanded = true;
            break;
        default: {
            size_t len = utf8_char_bytes((uint8_t)s.data[i]);
            if (len > s.len - i)
                len = s.len - i;
            return err_new("22023", "invalid regular expression option: \"%.*s\"", (int)len,
                           s.data + i);
        }
        }
    }
    return NULL;
}

static struct err *invalid(const char *what)
{
    return err_new("2201B", "invalid regular expression: %s", what);
}

/* Translation */

struct translator {
    struct str s;
    size_t at;
    struct regex_flags *flags;
    struct buf *out;
    bool atom;  /* what came last can be repeated */
    int depth;  /* open parentheses */
    int groups; /* capturing ones opened */
};

static char peek(const struct translator *t, size_t ahead)
{
    return t->at + ahead < t->s.len ? t->s.data[t->at + ahead] : 0;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool alnum(char c)
{
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
    if (digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void put_code(struct translator *t, uint32_t code)
{
    buf_printf(t->out, "\\x{%x}", code);
}

/* Up to max hex digits; at least min or an error. */
static struct err *read_hex(struct translator *t, int min, int max, uint32_t *out)
{
    uint64_t v = 0;
    int n = 0;
    for (int h; n < max && (h = hex_value(peek(t, 0))) >= 0; n++, t->at++)
        v = v << 4 | (unsigned)h;
    if (n < min || v > 0x10ffff)
        return invalid("invalid escape \\ sequence");
    *out = (uint32_t)v;
    return NULL;
}

/* Escapes for single characters, valid inside brackets too; *done is false for others. */
static struct err *char_escape(struct translator *t, bool *done)
{
    char c = peek(t, 0);
    uint32_t code = 0;
    *done = true;
    switch (c) {
    case 'a':
        code = 7;
        break;
    case 'b':
        code = 8;
        break;
    case 'B':
        code = '\\';
        break;
    case 'c':
        if (!peek(t, 1))
            return invalid("invalid escape \\ sequence");
        code = (uint32_t)peek(t, 1) & 31;
        t->at++;
        break;
    case 'e':
        code = 27;
        break;
    case 'f':
        code = 12;
        break;
    case 'n':
        code = '\n';
        break;
    case 'r':
        code = '\r';
        break;
    case 't':
        code = '\t';
        break;
    case 'v':
        code = 11;
        break;
    case 'u':
    case 'U':
    case 'x':
        t->at++;
        TRY(read_hex(t, c == 'u' ? 4 : c == 'U' ? 8 : 1, c == 'u' ? 4 : c == 'U' ? 8 : 255, &code));
        put_code(t, code);
        return NULL;
    default:
        *done = false;
        return NULL;
    }
    t->at++;
    put_code(t, code);
    return NULL;
}

static const char SPACE_CLASS[] = "\\p{Z}\\t\\n\\x{0b}\\f\\r\\x{85}";

/* \0, \1, \12, octal \101: a back reference when a group of that number can exist. */
static struct err *numeric_escape(struct translator *t)
{
    int value = 0, n = 0;
    size_t start = t->at;
    while (digit(peek(t, 0)) && n < 3) {
        value = value * 10 + (peek(t, 0) - '0');
        t->at++;
        n++;
    }
    if (t->s.data[start] != '0' && (n == 1 || value <= t->groups)) {
        if (value > t->groups)
            return invalid("invalid backreference number");
        buf_printf(t->out, "\\g{%d}", value);
        return NULL;
    }
    t->at = start;
    uint32_t code = 0;
    for (n = 0; n < 3 && peek(t, 0) >= '0' && peek(t, 0) <= '7'; n++, t->at++)
        code = code * 8 + (uint32_t)(peek(t, 0) - '0');
    if (n == 0)
        return invalid("invalid backreference number");
    put_code(t, code);
    return NULL;
}

static struct err *escape(struct translator *t)
{
    t->at++; /* the backslash */
    if (t->at == t->s.len)
        return invalid("invalid escape \\ sequence");
    char c = peek(t, 0);
    static const struct {
        char c;
        bool atom;
        const char *text;
    } classes[] = {
        {'d', true, "[0-9]"},
        {'D', true, "[^0-9]"},
        {'w', true, "[\\p{L}\\p{N}_]"},
        {'W', true, "[^\\p{L}\\p{N}_]"},
        {'s', true, "[\\p{Z}\\t\\n\\x{0b}\\f\\r\\x{85}]"},
        {'S', true, "[^\\p{Z}\\t\\n\\x{0b}\\f\\r\\x{85}]"},
        {'A', false, "\\A"},
        {'Z', false, "\\z"},
        {'m', false, "(?<![\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_])"},
        {'M', false, "(?<=[\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_])"},
        {'y', false, "\\b"},
        {'Y', false, "\\B"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (classes[i].c == c) {
            bool multiline_not = t->flags->newline_dot && (c == 'D' || c == 'W');
            buf_put_c(t->out, classes[i].text);
            if (multiline_not && t->out->len && !t->out->failed) {
                t->out->len--;
                buf_put_c(t->out, "\\n]");
            }
            t->atom = classes[i].atom;
            t->at++;
            return NULL;
        }
    t->atom = true;
    if (digit(c))
        return numeric_escape(t);
    bool done;
    TRY(char_escape(t, &done));
    if (done)
        return NULL;
    if (alnum(c))
        return invalid("invalid escape \\ sequence");
    /* Anything else stands for itself. */
    size_t len = utf8_char_bytes((uint8_t)c);
    if (len > t->s.len - t->at)
        len = t->s.len - t->at;
    if (len == 1)
        buf_put_u8(t->out, '\\');
    buf_put(t->out, t->s.data + t->at, len);
    t->at += len;
    return NULL;
}

/* One character inside brackets as PCRE wants it. */
static void put_class_char(struct translator *t)
{
    size_t len = utf8_char_bytes((uint8_t)peek(t, 0));
    if (len > t->s.len - t->at)
        len = t->s.len - t->at;
    if (len == 1 && strchr("\\[]^-", peek(t, 0)))
        buf_put_u8(t->out, '\\');
    buf_put(t->out, t->s.data + t->at, len);
    t->at += len;
}

/* [:alpha:], [.x.], [=x=]; t->at is at the inner bracket. */
static struct err *class_member(struct translator *t)
{
    char kind = peek(t, 1);
    char close[3] = {kind, ']', 0};
    const char *start = t->s.data + t->at + 2;
    size_t left = t->s.len - t->at - 2;
    const char *end = memmem(start, left, close, 2);
    if (!end)
        return invalid("brackets [] not balanced");
    struct str name = str_make(start, (size_t)(end - start));
    if (kind != ':') {
        if (name.len == 0 || utf8_count(name) != 1)
            return invalid("invalid collating element");
        t->at += 2;
        put_class_char(t);
        t->at += 2;
        return NULL;
    }
    static const struct {
        const char *name, *text;
    } classes[] = {
        {"alnum", "\\p{L}\\p{N}"},
        {"alpha", "\\p{L}"},
        {"ascii", "\\x{00}-\\x{7f}"},
        {"blank", " \\t"},
        {"cntrl", "\\p{Cc}"},
        {"digit", "0-9"},
        {"graph", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}"},
        {"lower", "\\p{Ll}"},
        {"print", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}"},
        {"punct", "\\p{P}\\p{S}"},
        {"space", SPACE_CLASS},
        {"upper", "\\p{Lu}"},
        {"word", "\\p{L}\\p{N}_"},
        {"xdigit", "0-9a-fA-F"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (str_eq_c(name, classes[i].name)) {
            buf_put_c(t->out, classes[i].text);
            t->at += name.len + 4;
            return NULL;
        }
    return invalid("invalid character class");
}

static struct err *class_escape(struct translator *t)
{
    t->at++;
    bool done;
    char c = peek(t, 0);
    static const struct {
        char c;
        const char *text;
    } classes[] = {{'d', "0-9"}, {'w', "\\p{L}\\p{N}_"}, {'s', SPACE_CLASS}};
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (classes[i].c == c) {
            buf_put_c(t->out, classes[i].text);
            t->at++;
            return NULL;
        }
    if (c && digit(c)) {
        uint32_t code = 0;
        for (int n = 0; n < 3 && peek(t, 0) >= '0' && peek(t, 0) <= '7'; n++, t->at++)
            code = code * 8 + (uint32_t)(peek(t, 0) - '0');
        put_code(t, code);
        return NULL;
    }
    TRY(char_escape(t, &done));
    if (done)
        return NULL;
    if (t->at == t->s.len || alnum(c))
        return invalid("invalid escape \\ sequence");
    put_class_char(t);
    return NULL;
}

static struct err *bracket(struct translator *t)
{
    if (t->s.len - t->at >= 7 && memcmp(t->s.data + t->at, "[[:<:]]", 7) == 0) {
        buf_put_c(t->out, "(?<![\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_])");
        t->at += 7;
        t->atom = false;
        return NULL;
    }
    if (t->s.len - t->at >= 7 && memcmp(t->s.data + t->at, "[[:>:]]", 7) == 0) {
        buf_put_c(t->out, "(?<=[\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_])");
        t->at += 7;
        t->atom = false;
        return NULL;
    }
    buf_put_u8(t->out, '[');
    t->at++;
    bool negated = peek(t, 0) == '^';
    if (negated) {
        buf_put_u8(t->out, '^');
        t->at++;
        if (t->flags->newline_dot)
            buf_put_c(t->out, "\\n");
    }
    bool first = true;
    for (;; first = false) {
        if (t->at == t->s.len)
            return invalid("brackets [] not balanced");
        char c = peek(t, 0), next = peek(t, 1);
        if (c == ']' && !first)
            break;
        if (c == '[' && (next == ':' || next == '.' || next == '='))
            TRY(class_member(t));
        else if (c == '\\')
            TRY(class_escape(t));
        else if (c == '-' && !first && next != ']' && next) {
            buf_put_u8(t->out, '-');
            t->at++;
        } else {
            put_class_char(t);
        }
    }
    buf_put_u8(t->out, ']');
    t->at++;
    t->atom = true;
    return NULL;
}

static bool repeat_number(struct translator *t, int *out)
{
    int v = 0;
    size_t start = t->at;
    while (digit(peek(t, 0)) && v <= MAX_REPEAT)
        v = v * 10 + (t->s.data[t->at++] - '0');
    *out = v;
    return t->at > start;
}

/* *, +, ?, {m,n} and their lazy forms. */
static struct err *quantifier(struct translator *t)
{
    if (!t->atom)
        return invalid("quantifier operand invalid");
    size_t start = t->at;
    if (peek(t, 0) == '{') {
        t->at++;
        int low, high;
        if (!repeat_number(t, &low))
            return invalid("invalid repetition count(s)");
        high = low;
        if (peek(t, 0) == ',') {
            t->at++;
            if (!repeat_number(t, &high))
                high = peek(t, 0) == '}' ? MAX_REPEAT : -1;
        }
        if (peek(t, 0) != '}')
            return t->at == t->s.len ? invalid("braces {} not balanced")
                                     : invalid("invalid repetition count(s)");
        if (low > MAX_REPEAT || high > MAX_REPEAT || high < low)
            return invalid("invalid repetition count(s)");
    }
    t->at++;
    if (peek(t, 0) == '?')
        t->at++;
    buf_put(t->out, t->s.data + start, t->at - start);
    t->atom = false;
    /* What would make it possessive in PCRE is an error here. */
    char c = peek(t, 0);
    if (c == '*' || c == '+' || c == '?' || (c == '{' && digit(peek(t, 1))))
        return invalid("quantifier operand invalid");
    return NULL;
}

static struct err *open_parenthesis(struct translator *t)
{
    enum { MAX_DEPTH = 200 };
    if (++t->depth > MAX_DEPTH)
        return invalid("regular expression is too complex");
    static const char *const special[] = {"(?:", "(?=", "(?!", "(?<=", "(?<!"};
    t->atom = false;
    if (peek(t, 1) == '?') {
        for (size_t i = 0; i < ARRAY_LENGTH(special); i++) {
            size_t n = strlen(special[i]);
            if (t->s.len - t->at >= n && memcmp(t->s.data + t->at, special[i], n) == 0) {
                buf_put_c(t->out, special[i]);
                t->at += n;
                return NULL;
            }
        }
        if (peek(t, 2) == '#') { /* a comment */
            while (t->at < t->s.len && peek(t, 0) != ')')
                t->at++;
            if (t->at < t->s.len)
                t->at++;
            t->depth--;
            return NULL;
        }
        return invalid("quantifier operand invalid");
    }
    t->groups++;
    buf_put_u8(t->out, '(');
    t->at++;
    return NULL;
}

static bool skipped_in_expanded(struct translator *t)
{
    if (!t->flags->expanded)
        return false;
    char c = peek(t, 0);
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
        t->at++;
        return true;
    }
    if (c != '#')
        return false;
    while (t->at < t->s.len && peek(t, 0) != '\n')
        t->at++;
    return true;
}

static struct err *translate_one(struct translator *t)
{
    char c = peek(t, 0);
    switch (c) {
    case '\\':
        return escape(t);
    case '[':
        return bracket(t);
    case '(':
        return open_parenthesis(t);
    case ')':
        if (t->depth == 0)
            return invalid("parentheses () not balanced");
        t->depth--;
        buf_put_u8(t->out, ')');
        t->at++;
        t->atom = true;
        return NULL;
    case '|':
    case '^':
    case '$':
        buf_put_u8(t->out, (uint8_t)c);
        t->at++;
        t->atom = false;
        return NULL;
    case '*':
    case '+':
    case '?':
        return quantifier(t);
    case '{':
        if (digit(peek(t, 1)))
            return quantifier(t);
        buf_put_c(t->out, "\\{");
        t->at++;
        t->atom = true;
        return NULL;
    default:
        break;
    }
    if (c == '.') {
        buf_put_u8(t->out, '.');
        t->at++;
    } else {
        size_t len = utf8_char_bytes((uint8_t)c);
        if (len > t->s.len - t->at)
            len = t->s.len - t->at;
        if (len == 1 && !alnum(c) && c != '_' && (uint8_t)c < 0x80)
            buf_put_u8(t->out, '\\');
        buf_put(t->out, t->s.data + t->at, len);
        t->at += len;
    }
    t->atom = true;
    return NULL;
}

/* ***:, ***= and (?flags) at the beginning. */
static struct err *read_prefix(struct translator *t)
{
    if (t->s.len >= 4 && memcmp(t->s.data, "***", 3) == 0) {
        if (t->s.data[3] == '=')
            t->flags->literal = true;
        else if (t->s.data[3] != ':')
            return invalid("quantifier operand invalid");
        t->at = 4;
        if (t->flags->literal)
            return NULL;
    }
    if (peek(t, 0) != '(' || peek(t, 1) != '?' || !((peek(t, 2) >= 'a' && peek(t, 2) <= 'z')))
        return NULL;
    const char *start = t->s.data + t->at + 2;
    const char *end = memchr(start, ')', t->s.len - t->at - 2);
    if (!end)
        return invalid("invalid embedded option");
    struct regex_flags f = *t->flags, given;
    struct err *e = regex_parse_flags(str_make(start, (size_t)(end - start)), &given);
    if (e || given.global) {
        err_free(e);
        return invalid("invalid embedded option");
    }
    for (const char *p = start; p < end; p++) {
        if (*p == 'i' || *p == 'c')
            f.icase = *p == 'i';
        else if (strchr("mnpsw", *p)) {
            f.newline_dot = *p == 'm' || *p == 'n' || *p == 'p';
            f.newline_line = *p == 'm' || *p == 'n' || *p == 'w';
        } else if (*p == 'x' || *p == 't')
            f.expanded = *p == 'x';
        else if (*p == 'q')
            f.literal = true;
    }
    *t->flags = f;
    t->at += (size_t)(end - start) + 3;
    return NULL;
}

static struct err *translate(struct str pattern, struct regex_flags *flags, struct buf *out)
{
    struct translator t = {.s = pattern, .flags = flags, .out = out};
    if (!flags->literal)
        TRY(read_prefix(&t));
    if (flags->literal) {
        buf_put(out, pattern.data + t.at, pattern.len - t.at);
        return buf_finish(out);
    }
    while (t.at < t.s.len) {
        if (skipped_in_expanded(&t))
            continue;
        TRY(translate_one(&t));
    }
    if (t.depth)
        return invalid("parentheses () not balanced");
    return buf_finish(out);
}

/* Compilation */

static struct err *compile_error(int code)
{
    switch (code) {
    case PCRE2_ERROR_CLASS_RANGE_ORDER:
    case PCRE2_ERROR_CLASS_INVALID_RANGE:
        return invalid("invalid character range");
    case PCRE2_ERROR_MISSING_SQUARE_BRACKET:
        return invalid("brackets [] not balanced");
    case PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS:
    case PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS:
        return invalid("parentheses () not balanced");
    default: {
        char text[160];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
        return invalid(text);
    }
    }
}

static struct err *compile(struct str pattern, struct regex_flags flags, struct regex *r)
{
    struct buf b = BUF_INIT;
    struct err *e = translate(pattern, &flags, &b);
    if (e) {
        buf_done(&b);
        return e;
    }
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY;
    if (flags.icase)
        options |= PCRE2_CASELESS;
    if (!flags.newline_dot)
        options |= PCRE2_DOTALL;
    if (flags.newline_line)
        options |= PCRE2_MULTILINE;
    if (flags.literal)
        options =
            PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_LITERAL | (flags.icase ? PCRE2_CASELESS : 0);
    int code;
    PCRE2_SIZE offset;
    r->code = pcre2_compile(b.data ? (PCRE2_SPTR)b.data : (PCRE2_SPTR) "", b.len, options, &code,
                            &offset, NULL);
    buf_done(&b);
    if (!r->code)
        return compile_error(code);
    r->match = pcre2_match_data_create_from_pattern(r->code, NULL);
    r->pattern = malloc(pattern.len + 1);
    if (!r->match || !r->pattern)
        return err_oom();
    if (pattern.len)
        memcpy(r->pattern, pattern.data, pattern.len);
    r->len = pattern.len;
    pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
    return NULL;
}

static void discard(struct regex *r)
{
    pcre2_code_free(r->code);
    pcre2_match_data_free(r->match);
    free(r->pattern);
    *r = (struct regex){0};
}

static bool same_flags(struct regex_flags a, struct regex_flags b)
{
    return a.icase == b.icase && a.newline_dot == b.newline_dot &&
           a.newline_line == b.newline_line && a.expanded == b.expanded && a.literal == b.literal;
}

struct err *regex_compile(struct str pattern, struct regex_flags flags, struct regex **out)
{
    if (flags.basic)
        return err_unsupported("basic regular expressions are not supported");
    uint64_t h = hash_bytes(pattern.data, pattern.len, flags.icase);
    struct regex *oldest = &cache[0];
    cache_clock++;
    for (int i = 0; i < REGEX_CACHE; i++) {
        struct regex *r = &cache[i];
        if (r->code && r->hash == h && same_flags(r->flags, flags) &&
            str_eq(str_make(r->pattern, r->len), pattern)) {
            r->last_used = cache_clock;
            *out = r;
            return NULL;
        }
        if (r->last_used < oldest->last_used)
            oldest = r;
    }
    struct regex fresh = {.flags = flags, .hash = h, .last_used = cache_clock};
    struct err *e = compile(pattern, flags, &fresh);
    if (e) {
        discard(&fresh);
        return e;
    }
    discard(oldest);
    *oldest = fresh;
    *out = oldest;
    return NULL;
}

int regex_groups(const struct regex *r)
{
    return (int)r->groups;
}

static struct err *prepare_matching(struct regex *r)
{
    if (!match_context) {
        match_context = pcre2_match_context_create(NULL);
        if (!match_context)
            return err_oom();
        pcre2_set_match_limit(match_context, MATCH_LIMIT);
        pcre2_set_heap_limit(match_context, HEAP_LIMIT_KIB);
    }
    if (r->uses < JIT_AFTER && ++r->uses == JIT_AFTER) {
        /* Machine code runs on a stack of its own: the caller's may be a fiber's. */
        if (!jit_stack) {
            jit_stack = pcre2_jit_stack_create(32 * 1024, 1024 * 1024, NULL);
            if (jit_stack)
                pcre2_jit_stack_assign(match_context, NULL, jit_stack);
        }
        if (jit_stack)
            pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
    }
    return NULL;
}

struct err *regex_exec(struct regex *r, struct str s, size_t from, int nspans, int64_t *spans,
                       bool *found)
{
    TRY(prepare_matching(r));
    int n = pcre2_match(r->code, s.data ? (PCRE2_SPTR)s.data : (PCRE2_SPTR) "", s.len, from,
                        PCRE2_NO_UTF_CHECK, r->match, match_context);
    if (n == PCRE2_ERROR_JIT_STACKLIMIT)
        n = pcre2_match(r->code, (PCRE2_SPTR)s.data, s.len, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                        r->match, match_context);
    *found = n > 0;
    if (n == PCRE2_ERROR_NOMATCH)
        return NULL;
    if (n < 0)
        return err_new("2201B", "regular expression failed: %s",
                       n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_HEAPLIMIT
                           ? "regular expression is too complex"
                           : "internal error");
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(r->match);
    for (int i = 0; i < nspans; i++) {
        bool set = i < n && v[2 * i] != PCRE2_UNSET;
        spans[2 * i] = set ? (int64_t)v[2 * i] : -1;
        spans[2 * i + 1] = set ? (int64_t)v[2 * i + 1] : -1;
    }
    return NULL;
}
