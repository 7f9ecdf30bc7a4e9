/* Less common string functions: Unicode escapes and normal forms, identifiers in parts, string to
 * array and back. */
#include "exec/functions/fn_internal.h"

#include "types/array.h"
#include "types/text.h"

#include <stdlib.h>
#include <utf8proc.h>

/* string_to_array and array_to_string */

struct err *split_next(struct str *rest, bool *finished, struct str separator, bool by_char,
                       struct str *piece)
{
    if (by_char) {
        size_t n = utf8_char_bytes((uint8_t)rest->data[0]);
        if (n > rest->len)
            n = rest->len;
        *piece = str_make(rest->data, n);
        *rest = str_make(rest->data + n, rest->len - n);
        *finished = rest->len == 0;
        return NULL;
    }
    const char *at =
        separator.len ? memmem(rest->data, rest->len, separator.data, separator.len) : NULL;
    size_t len = at ? (size_t)(at - rest->data) : rest->len;
    *piece = str_make(rest->data, len);
    *finished = !at;
    if (at)
        *rest = str_make(at + separator.len, rest->len - len - separator.len);
    return NULL;
}

/* A NULL separator splits into characters, an empty one not at all. */
FN(text_to_array)
{
    if (c->args[0].null)
        return give_null(out);
    struct array_items list = {0};
    struct str rest = ARG_STR(0);
    bool by_char = c->args[1].null, finished = rest.len == 0;
    struct str separator = by_char ? STR("") : ARG_STR(1);
    bool has_null = c->nargs > 2 && !c->args[2].null;
    while (!finished) {
        struct str piece;
        TRY(split_next(&rest, &finished, separator, by_char, &piece));
        bool null = has_null && str_eq(piece, ARG_STR(2));
        TRY(array_items_add(&list, c->arena, null ? datum_null() : datum_str(piece)));
    }
    return array_make_1d(type_by_oid(TEXT_OID), list.items, list.count, c->arena, out);
}

FN(array_to_text)
{
    if (c->args[0].null || c->args[1].null)
        return give_null(out);
    struct array a;
    TRY(array_open(c->args[0], &a));
    const struct type_ops *elem;
    TRY(known_type(c, a.elem_oid, &elem));
    bool show_null = c->nargs > 2 && !c->args[2].null;
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    bool any = false;
    for (uint32_t i = 0; i < a.nitems && !e; i++) {
        struct datum d = array_get(&a, i);
        if (d.null && !show_null)
            continue;
        if (any)
            buf_put_str(&b, ARG_STR(1));
        any = true;
        if (d.null)
            buf_put_str(&b, ARG_STR(2));
        else
            e = put_text(c, elem, d, &b);
    }
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

/* Unicode */

static int hex_value(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch |= 32;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool hex_run(struct str s, size_t at, size_t digits, uint32_t *out)
{
    if (s.len < at || s.len - at < digits)
        return false;
    uint32_t v = 0;
    for (size_t i = 0; i < digits; i++) {
        int h = hex_value(s.data[at + i]);
        if (h < 0)
            return false;
        v = v << 4 | (uint32_t)h;
    }
    *out = v;
    return true;
}

/* \XXXX, \+XXXXXX, \uXXXX, \UXXXXXXXX at s[at] behind the backslash; bytes used, 0 when none. */
static size_t unicode_escape(struct str s, size_t at, uint32_t *code)
{
    char ch = at < s.len ? s.data[at] : 0;
    if (ch == '+')
        return hex_run(s, at + 1, 6, code) ? 7 : 0;
    if (ch == 'u')
        return hex_run(s, at + 1, 4, code) ? 5 : 0;
    if (ch == 'U')
        return hex_run(s, at + 1, 8, code) ? 9 : 0;
    return hex_run(s, at, 4, code) ? 4 : 0;
}

static struct err *bad_pair(void)
{
    return err_new("42601", "invalid Unicode surrogate pair");
}

FN(unistr)
{
    struct str s = ARG_STR(0);
    char *p;
    TRY(give_bytes(c, s.len + 4, &p, out));
    size_t n = 0;
    uint32_t high = 0;
    for (size_t at = 0; at < s.len;) {
        bool doubled = s.data[at] == '\\' && at + 1 < s.len && s.data[at + 1] == '\\';
        if (s.data[at] != '\\' || doubled) {
            if (high)
                return bad_pair();
            p[n++] = s.data[at];
            at += doubled ? 2 : 1;
            continue;
        }
        uint32_t code;
        size_t used = unicode_escape(s, at + 1, &code);
        if (!used)
            return err_hint(err_new("42601", "invalid Unicode escape"),
                            "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.");
        at += 1 + used;
        bool is_low = code >= 0xdc00 && code < 0xe000, is_high = code >= 0xd800 && code < 0xdc00;
        if (is_low != (high != 0))
            return bad_pair();
        if (is_high) {
            high = code;
            continue;
        }
        if (is_low)
            code = 0x10000 + ((high & 0x3ff) << 10) + (code & 0x3ff);
        high = 0;
        size_t bytes = code ? utf8_encode(code, p + n) : 0;
        if (!bytes)
            return err_new("42601", "invalid Unicode code point: %04X", code);
        n += bytes;
    }
    if (high)
        return bad_pair();
    out->len = (uint32_t)n;
    return NULL;
}

static struct err *normal_form(struct str name, utf8proc_option_t *out)
{
    static const struct {
        const char *name;
        utf8proc_option_t options;
    } forms[] = {
        {"NFC", UTF8PROC_STABLE | UTF8PROC_COMPOSE},
        {"NFD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE},
        {"NFKC", UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT},
        {"NFKD", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
        if (name.len == strlen(forms[i].name) &&
            strncasecmp(name.data, forms[i].name, name.len) == 0) {
            *out = forms[i].options;
            return NULL;
        }
    return err_new("22023", "invalid normalization form: %.*s", STR_ARG(name));
}

static struct err *normalized(struct fn_call *c, struct datum *out)
{
    utf8proc_option_t options = 0;
    TRY(normal_form(ARG_STR(1), &options));
    struct str s = ARG_STR(0);
    if (str_is_ascii(s))
        return give_str(s, out);
    utf8proc_uint8_t *result = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)s.data, (utf8proc_ssize_t)s.len, &result, options);
    if (n < 0)
        return n == UTF8PROC_ERROR_NOMEM ? err_oom()
                                         : err_new("22021", "invalid byte sequence for encoding "
                                                            "\"UTF8\"");
    char *p;
    struct err *e = give_bytes(c, (size_t)n, &p, out);
    if (!e)
        memcpy(p, result, (size_t)n);
    free(result);
    return e;
}

FN(unicode_normalize_func)
{
    return normalized(c, out);
}

FN(unicode_is_normalized)
{
    struct datum d;
    TRY(normalized(c, &d));
    return give_bool(str_eq(datum_as_str(d), ARG_STR(0)), out);
}

/* parse_ident: "a.B.\"c d\"" into its parts. */

static bool is_ident_start(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' || (uint8_t)ch >= 0x80;
}

static bool is_ident_part(char ch)
{
    return is_ident_start(ch) || (ch >= '0' && ch <= '9') || ch == '$';
}

static bool is_blank(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

static struct err *bad_identifier(struct str s)
{
    return err_new("22023", "string is not a valid identifier: \"%.*s\"", STR_ARG(s));
}

static struct err *quoted_part(struct fn_call *c, struct str s, size_t *at, struct datum *out)
{
    char *p = arena_try_alloc(c->arena, s.len);
    if (!p)
        return err_oom();
    size_t n = 0;
    for ((*at)++; *at < s.len; (*at)++) {
        if (s.data[*at] == '"') {
            if (*at + 1 >= s.len || s.data[*at + 1] != '"')
                break;
            (*at)++;
        }
        p[n++] = s.data[*at];
    }
    if (*at >= s.len)
        return err_detail(bad_identifier(s), "String has unclosed double quotes.");
    (*at)++;
    if (n == 0)
        return err_detail(bad_identifier(s), "Quoted identifier must not be empty.");
    *out = datum_bytes(p, n);
    return NULL;
}

static struct err *plain_part(struct fn_call *c, struct str s, size_t *at, struct datum *out)
{
    size_t start = *at;
    while (*at < s.len && is_ident_part(s.data[*at]))
        (*at)++;
    char *p = arena_try_alloc(c->arena, *at - start);
    if (!p)
        return err_oom();
    for (size_t i = start; i < *at; i++) {
        char ch = s.data[i];
        p[i - start] = (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
    }
    *out = datum_bytes(p, *at - start);
    return NULL;
}

FN(parse_ident)
{
    struct str s = ARG_STR(0);
    bool strict = c->nargs < 2 || ARG_I(1);
    struct array_items list = {0};
    size_t at = 0;
    bool after_dot = false;
    while (at < s.len && is_blank(s.data[at]))
        at++;
    for (;;) {
        struct datum part;
        if (at < s.len && s.data[at] == '"') {
            TRY(quoted_part(c, s, &at, &part));
        } else if (at < s.len && is_ident_start(s.data[at])) {
            TRY(plain_part(c, s, &at, &part));
        } else {
            struct err *e = bad_identifier(s);
            if (at < s.len && s.data[at] == '.')
                return err_detail(e, "No valid identifier before \".\".");
            if (after_dot)
                return err_detail(e, "No valid identifier after \".\".");
            return e;
        }
        TRY(array_items_add(&list, c->arena, part));
        while (at < s.len && is_blank(s.data[at]))
            at++;
        if (at == s.len)
            break;
        if (s.data[at] != '.') {
            if (strict)
                return bad_identifier(s);
            break;
        }
        after_dot = true;
        at++;
        while (at < s.len && is_blank(s.data[at]))
            at++;
    }
    return array_make_1d(type_by_oid(TEXT_OID), list.items, list.count, c->arena, out);
}

const struct fn_entry fn_string_table[] = {
    ENTRY(text_to_array),
    {"text_to_array_null", f_text_to_array},
    ENTRY(array_to_text),
    {"array_to_text_null", f_array_to_text},
    ENTRY(unistr),
    ENTRY(unicode_normalize_func),
    ENTRY(unicode_is_normalized),
    ENTRY(parse_ident),
};
TABLE_END(fn_string);
