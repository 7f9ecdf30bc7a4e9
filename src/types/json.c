/* JSON text: see json.h, and the type json, which keeps the text as it came. */
#include "types/json.h"

#include "types/text.h"
#include "types/types_internal.h"

#include <stdlib.h>

enum expect {
    EXPECT_VALUE,
    EXPECT_ELEMENT_OR_END,
    EXPECT_KEY_OR_END,
    EXPECT_KEY,
    EXPECT_COLON,
    EXPECT_COMMA_OR_END,
    EXPECT_NOTHING,
};

void json_reader_init(struct json_reader *r, struct str text)
{
    *r = (struct json_reader){.text = text, .next = EXPECT_VALUE};
}

void json_reader_done(struct json_reader *r)
{
    free(r->open);
    r->open = NULL;
}

static uint8_t *open_bits(struct json_reader *r)
{
    return r->open ? r->open : r->open_small;
}

static struct err *push(struct json_reader *r, bool object)
{
    if (r->depth == JSON_MAX_DEPTH)
        return err_hint(err_new("54001", "JSON value is nested too deeply"),
                        "The limit is %d levels of arrays and objects.", JSON_MAX_DEPTH);
    size_t cap_bits = 8 * (r->open ? r->open_cap : sizeof(r->open_small));
    if ((size_t)r->depth == cap_bits) {
        uint8_t *grown = calloc(1, JSON_MAX_DEPTH / 8);
        if (!grown)
            return err_oom();
        memcpy(grown, r->open_small, sizeof(r->open_small));
        r->open = grown;
        r->open_cap = JSON_MAX_DEPTH / 8;
    }
    uint8_t *bits = open_bits(r);
    uint8_t mask = (uint8_t)(1 << (r->depth % 8));
    bits[r->depth / 8] = (uint8_t)(object ? bits[r->depth / 8] | mask : bits[r->depth / 8] & ~mask);
    r->depth++;
    return NULL;
}

static bool in_object(struct json_reader *r)
{
    return r->depth && open_bits(r)[(r->depth - 1) / 8] >> ((r->depth - 1) % 8) & 1;
}

/* Errors show the line up to the end of the offending token, shortened at the left. */
enum { CONTEXT_MAX_BYTES = 50 };

static struct err *with_context(const struct json_reader *r, struct err *e, size_t token_end)
{
    const char *text = r->text.data;
    size_t line_start = 0;
    int line = 1;
    for (size_t i = 0; i < token_end; i++)
        if (text[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    size_t start = line_start;
    while (token_end - start >= CONTEXT_MAX_BYTES)
        start += utf8_char_bytes((uint8_t)text[start]);
    if (start - line_start <= 3)
        start = line_start;
    bool more = token_end < r->text.len && text[token_end] != '\n' && text[token_end] != '\r';
    return err_context(e, "JSON data, line %d: %s%.*s%s", line, start > line_start ? "..." : "",
                       (int)(token_end - start), text + start, more ? "..." : "");
}

static struct err *syntax_error(void)
{
    return err_new("22P02", "invalid input syntax for type %s", "json");
}

static struct err *ended(const struct json_reader *r)
{
    return with_context(r, err_detail(syntax_error(), "The input string ended unexpectedly."),
                        r->text.len);
}

static struct err *unexpected(const struct json_reader *r, const char *expected, struct str token)
{
    struct err *e =
        err_detail(syntax_error(), "Expected %s, but found \"%.*s\".", expected, STR_ARG(token));
    return with_context(r, e, (size_t)(token.data - r->text.data) + token.len);
}

static struct err *invalid_token(const struct json_reader *r, size_t start, size_t end)
{
    struct err *e = err_detail(syntax_error(), "Token \"%.*s\" is invalid.", (int)(end - start),
                               r->text.data + start);
    return with_context(r, e, end);
}

static size_t char_end(const struct json_reader *r, size_t at)
{
    size_t end = at + utf8_char_bytes((uint8_t)r->text.data[at]);
    return end < r->text.len ? end : r->text.len;
}

static int hex_value(char c)
{
    c = to_lower(c);
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct err *surrogate_error(const struct json_reader *r, bool high_again, size_t end)
{
    struct err *e =
        err_detail(syntax_error(), high_again ? "Unicode high surrogate must not follow a "
                                                "high surrogate."
                                              : "Unicode low surrogate must follow a high "
                                                "surrogate.");
    return with_context(r, e, end);
}

/* The escape whose backslash is at *at; moves behind it. *high: a high surrogate waits for its
 * low one. */
static struct err *lex_escape(const struct json_reader *r, size_t start, size_t *at, uint32_t *high)
{
    const char *s = r->text.data;
    size_t p = *at + 1;
    if (p >= r->text.len)
        return invalid_token(r, start, r->text.len);
    if (s[p] != 'u') {
        if (*high)
            return surrogate_error(r, false, char_end(r, p));
        if (!memchr("\"\\/bfnrt", s[p], 8)) {
            size_t end = char_end(r, p);
            struct err *e = err_detail(syntax_error(), "Escape sequence \"\\%.*s\" is invalid.",
                                       (int)(end - p), s + p);
            return with_context(r, e, end);
        }
        *at = p + 1;
        return NULL;
    }
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        p++;
        if (p >= r->text.len)
            return invalid_token(r, start, r->text.len);
        int digit = hex_value(s[p]);
        if (digit < 0) {
            struct err *e =
                err_detail(syntax_error(), "\"\\u\" must be followed by four hexadecimal digits.");
            return with_context(r, e, char_end(r, p));
        }
        code = code << 4 | (uint32_t)digit;
    }
    p++;
    *at = p;
    if (!r->unescape)
        return NULL;
    bool is_high = code >= 0xd800 && code < 0xdc00;
    bool is_low = code >= 0xdc00 && code < 0xe000;
    if (is_high && *high)
        return surrogate_error(r, true, p);
    if (is_low != (*high != 0))
        return surrogate_error(r, false, p);
    if (code == 0) {
        struct err *e = err_detail(err_new("22P05", "unsupported Unicode escape sequence"),
                                   "\\u0000 cannot be converted to text.");
        return with_context(r, e, p);
    }
    *high = is_high ? code : 0;
    return NULL;
}

static struct err *lex_string(struct json_reader *r, struct str *token)
{
    const char *s = r->text.data;
    size_t start = r->at, at = start + 1, len = r->text.len;
    uint32_t high = 0;
    for (;;) {
        if (!high)
            while (at < len && s[at] != '"' && s[at] != '\\' && (uint8_t)s[at] >= 0x20)
                at++;
        if (at >= len)
            return invalid_token(r, start, len);
        if (s[at] == '\\') {
            TRY(lex_escape(r, start, &at, &high));
            if (!r->unescape)
                high = 0;
        } else if ((uint8_t)s[at] < 0x20) {
            struct err *e = err_detail(syntax_error(),
                                       "Character with value 0x%02x must be "
                                       "escaped.",
                                       (uint8_t)s[at]);
            return with_context(r, e, at);
        } else if (high) {
            return surrogate_error(r, false, char_end(r, at));
        } else {
            break; /* the closing quote */
        }
    }
    *token = str_make(s + start, at + 1 - start);
    r->at = at + 1;
    return NULL;
}

static bool word_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '_' || (uint8_t)c >= 0x80;
}

static size_t skip_digits(struct str s, size_t at)
{
    while (at < s.len && is_digit(s.data[at]))
        at++;
    return at;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static struct err *lex_number(struct json_reader *r, struct str *token)
{
    struct str s = r->text;
    size_t start = r->at, at = start;
    bool ok = true;
    if (s.data[at] == '-')
        at++;
    size_t digits = at;
    at = at < s.len && s.data[at] == '0' ? at + 1 : skip_digits(s, at);
    ok = at > digits;
    if (ok && at < s.len && s.data[at] == '.') {
        digits = ++at;
        at = skip_digits(s, at);
        ok = at > digits;
    }
    if (ok && at < s.len && to_lower(s.data[at]) == 'e') {
        at++;
        if (at < s.len && (s.data[at] == '+' || s.data[at] == '-'))
            at++;
        digits = at;
        at = skip_digits(s, at);
        ok = at > digits;
    }
    for (; at < s.len && word_char(s.data[at]); at++)
        ok = false;
    if (!ok)
        return invalid_token(r, start, at);
    *token = str_make(s.data + start, at - start);
    r->at = at;
    return NULL;
}

static struct err *lex_word(struct json_reader *r, enum json_event *event, struct str *token)
{
    size_t end = r->at;
    while (end < r->text.len && word_char(r->text.data[end]))
        end++;
    if (end == r->at)
        return invalid_token(r, r->at, char_end(r, r->at));
    struct str word = str_make(r->text.data + r->at, end - r->at);
    if (str_eq(word, STR("true")))
        *event = JSON_TRUE;
    else if (str_eq(word, STR("false")))
        *event = JSON_FALSE;
    else if (str_eq(word, STR("null")))
        *event = JSON_NULL;
    else
        return invalid_token(r, r->at, end);
    *token = word;
    r->at = end;
    return NULL;
}

static bool is_punctuation(char c)
{
    return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}

static void skip_blanks(struct json_reader *r)
{
    while (r->at < r->text.len) {
        char c = r->text.data[r->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            break;
        r->at++;
    }
}

/* One token: punctuation comes back as JSON_END with the character in *token. */
static struct err *lex(struct json_reader *r, enum json_event *event, struct str *token)
{
    char c = r->text.data[r->at];
    if (is_punctuation(c)) {
        *event = JSON_END;
        *token = str_make(r->text.data + r->at, 1);
        r->at++;
        return NULL;
    }
    if (c == '"') {
        *event = JSON_STRING;
        return lex_string(r, token);
    }
    if (c == '-' || is_digit(c)) {
        *event = JSON_NUMBER;
        return lex_number(r, token);
    }
    return lex_word(r, event, token);
}

static void value_done(struct json_reader *r)
{
    r->next = r->depth ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static const char *expected_text(struct json_reader *r)
{
    switch ((enum expect)r->next) {
    case EXPECT_VALUE:
    case EXPECT_ELEMENT_OR_END:
        return "JSON value";
    case EXPECT_KEY_OR_END:
        return "string or \"}\"";
    case EXPECT_KEY:
        return "string";
    case EXPECT_COLON:
        return "\":\"";
    case EXPECT_COMMA_OR_END:
        return in_object(r) ? "\",\" or \"}\"" : "\",\" or \"]\"";
    case EXPECT_NOTHING:
        return "end of input";
    }
    UNREACHABLE();
}

/* A closing bracket where one may stand; false otherwise. */
static bool close_container(struct json_reader *r, char c, enum json_event *event)
{
    bool object = in_object(r);
    bool allowed = r->next == EXPECT_COMMA_OR_END ||
                   r->next == (object ? EXPECT_KEY_OR_END : EXPECT_ELEMENT_OR_END);
    if (!r->depth || !allowed || c != (object ? '}' : ']'))
        return false;
    r->depth--;
    *event = object ? JSON_OBJECT_END : JSON_ARRAY_END;
    value_done(r);
    return true;
}

struct err *json_next(struct json_reader *r, enum json_event *event, struct str *token)
{
    for (;;) {
        skip_blanks(r);
        if (r->at == r->text.len) {
            if (r->next != EXPECT_NOTHING)
                return ended(r);
            *event = JSON_END;
            return NULL;
        }
        enum json_event got;
        struct str t;
        TRY(lex(r, &got, &t));
        char punctuation = got == JSON_END ? t.data[0] : 0;
        bool value = r->next == EXPECT_VALUE || r->next == EXPECT_ELEMENT_OR_END;
        bool key = r->next == EXPECT_KEY || r->next == EXPECT_KEY_OR_END;
        if (value && !punctuation) {
            value_done(r);
            *event = got;
        } else if (value && (punctuation == '{' || punctuation == '[')) {
            TRY(push(r, punctuation == '{'));
            r->next = punctuation == '{' ? EXPECT_KEY_OR_END : EXPECT_ELEMENT_OR_END;
            *event = punctuation == '{' ? JSON_OBJECT_BEGIN : JSON_ARRAY_BEGIN;
        } else if (key && got == JSON_STRING) {
            r->next = EXPECT_COLON;
            *event = JSON_KEY;
        } else if (r->next == EXPECT_COLON && punctuation == ':') {
            r->next = EXPECT_VALUE;
            continue;
        } else if (r->next == EXPECT_COMMA_OR_END && punctuation == ',') {
            r->next = in_object(r) ? EXPECT_KEY : EXPECT_VALUE;
            continue;
        } else if (!punctuation || !close_container(r, punctuation, event)) {
            return unexpected(r, expected_text(r), t);
        }
        *token = t;
        return NULL;
    }
}

struct err *json_skip(struct json_reader *r)
{
    int outer = r->depth - 1;
    enum json_event event;
    struct str token;
    while (r->depth > outer)
        TRY(json_next(r, &event, &token));
    return NULL;
}

struct err *json_validate(struct str text)
{
    struct json_reader r;
    json_reader_init(&r, text);
    enum json_event event;
    struct str token;
    struct err *e;
    do
        e = json_next(&r, &event, &token);
    while (!e && event != JSON_END);
    json_reader_done(&r);
    return e;
}

static uint32_t hex4(const char *s)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++)
        code = code << 4 | (uint32_t)hex_value(s[i]);
    return code;
}

/* The tokens come from a reader that may not have looked at surrogates. */
static struct err *check_escapes(struct str token)
{
    struct json_reader r;
    json_reader_init(&r, token);
    r.unescape = true;
    struct str same;
    return lex_string(&r, &same);
}

struct err *json_unescape(struct str token, struct buf *out)
{
    ASSERT(token.len >= 2);
    struct str s = str_make(token.data + 1, token.len - 2);
    if (!s.len || !memchr(s.data, '\\', s.len)) {
        buf_put_str(out, s);
        return NULL;
    }
    TRY(check_escapes(token));
    for (size_t at = 0; at < s.len;) {
        const char *p = s.data + at;
        if (*p != '\\') {
            buf_put_u8(out, (uint8_t)*p);
            at++;
            continue;
        }
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        if (p[1] != 'u') {
            buf_put_u8(out, (uint8_t)to[strchr(from, p[1]) - from]);
            at += 2;
            continue;
        }
        uint32_t code = hex4(p + 2);
        at += 6;
        if (code >= 0xd800 && code < 0xdc00) {
            code = 0x10000 + ((code & 0x3ff) << 10) + (hex4(p + 8) & 0x3ff);
            at += 6;
        }
        char utf8[4];
        buf_put(out, utf8, utf8_encode(code, utf8));
    }
    return NULL;
}

void json_put_string(struct buf *out, struct str s)
{
    buf_put_u8(out, '"');
    size_t plain = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(out, s.data + plain, i - plain);
        plain = i + 1;
        static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
        const char *named = c ? strchr(from, c) : NULL;
        if (named) {
            buf_put_u8(out, '\\');
            buf_put_u8(out, (uint8_t)to[named - from]);
        } else {
            buf_printf(out, "\\u%04x", c);
        }
    }
    buf_put(out, s.data + plain, s.len - plain);
    buf_put_u8(out, '"');
}

/* The type json. */

static struct err *json_in(TYPE_IN_PARAMS)
{
    TRY(utf8_verify(text));
    TRY(json_validate(text));
    *out = datum_str(text);
    return NULL;
}

static struct err *json_out(TYPE_OUT_PARAMS)
{
    buf_put(out, d.p, d.len);
    return NULL;
}

const struct type_ops json_ops = {
    .oid = JSON_OID,
    .name = "json",
    .len = -1,
    .in = json_in,
    .out = json_out,
    .recv = recv_as_text,
    .send = send_as_text,
};
