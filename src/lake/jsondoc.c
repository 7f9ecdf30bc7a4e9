#include "lake/jsondoc.h"

#include "base/arena.h"

struct parser {
    struct arena *arena;
    const char *begin, *p, *end;
    const char *reason;
    int depth;
};

static void *fail(struct parser *ps, const char *reason)
{
    if (!ps->reason)
        ps->reason = reason;
    return NULL;
}

static void skip_space(struct parser *ps)
{
    while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\n' || *ps->p == '\r'))
        ps->p++;
}

static bool take(struct parser *ps, char c)
{
    if (ps->p < ps->end && *ps->p == c) {
        ps->p++;
        return true;
    }
    return false;
}

static bool hex4(struct parser *ps, uint32_t *out)
{
    uint32_t v = 0;
    if (ps->end - ps->p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = *ps->p++;
        char lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            v = v << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return false;
    }
    *out = v;
    return true;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* Behind "\u". Half a surrogate pair becomes U+FFFD. */
static char *unicode_escape(struct parser *ps, char *to)
{
    uint32_t c, low;
    if (!hex4(ps, &c))
        return fail(ps, "malformed escape");
    if (c >= 0xd800 && c < 0xdc00 && ps->end - ps->p >= 6 && ps->p[0] == '\\' && ps->p[1] == 'u') {
        const char *back = ps->p;
        ps->p += 2;
        if (!hex4(ps, &low))
            return fail(ps, "malformed escape");
        if (low >= 0xdc00 && low < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        else
            ps->p = back;
    }
    if (c >= 0xd800 && c < 0xe000)
        c = 0xfffd;
    return put_utf8(to, c);
}

/* The rest of a string that has escapes; `raw_len` bytes bound its size. */
static bool unescape(struct parser *ps, const char *begin, size_t raw_len, struct str *out)
{
    char *text = arena_try_alloc(ps->arena, raw_len + 1), *to = text;
    if (!text)
        return fail(ps, "out of memory");
    ps->p = begin;
    while (*ps->p != '"') {
        char c = *ps->p++;
        if (c != '\\') {
            *to++ = c;
            continue;
        }
        c = *ps->p++;
        static const char from[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
        const char *at = c ? strchr(from, c) : NULL;
        if (at)
            *to++ = plain[at - from];
        else if (c != 'u')
            return fail(ps, "malformed escape");
        else if (!(to = unicode_escape(ps, to)))
            return false;
    }
    ps->p++;
    *out = str_make(text, (size_t)(to - text));
    return true;
}

/* Behind the opening quote. */
static bool parse_string(struct parser *ps, struct str *out)
{
    const char *begin = ps->p, *p = begin;
    bool escaped = false;
    for (; p < ps->end && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return fail(ps, "control character in string");
        if (*p == '\\') {
            escaped = true;
            if (++p == ps->end)
                break;
        }
    }
    if (p >= ps->end)
        return fail(ps, "string without end");
    if (escaped)
        return unescape(ps, begin, (size_t)(p - begin), out);
    *out = str_make(begin, (size_t)(p - begin));
    ps->p = p + 1;
    return true;
}

static bool take_digits(struct parser *ps)
{
    const char *begin = ps->p;
    while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
        ps->p++;
    return ps->p > begin;
}

static bool parse_number(struct parser *ps, struct json_value *v)
{
    const char *begin = ps->p;
    take(ps, '-');
    bool ok = take(ps, '0') || take_digits(ps);
    if (ok && take(ps, '.'))
        ok = take_digits(ps);
    if (ok && ps->p < ps->end && (*ps->p | 0x20) == 'e') {
        ps->p++;
        if (!take(ps, '-'))
            take(ps, '+');
        ok = take_digits(ps);
    }
    v->kind = JSON_NUMBER;
    v->text = str_make(begin, (size_t)(ps->p - begin));
    return ok || fail(ps, "malformed value");
}

static bool parse_word(struct parser *ps, const char *word, enum json_kind kind,
                       struct json_value *v)
{
    size_t len = strlen(word);
    if ((size_t)(ps->end - ps->p) < len || memcmp(ps->p, word, len) != 0)
        return fail(ps, "malformed value");
    v->kind = kind;
    v->text = str_make(ps->p, len);
    ps->p += len;
    return true;
}

static bool parse_value(struct parser *ps, struct json_value *v);

/* Behind the opening bracket. */
static bool parse_members(struct parser *ps, struct json_value *v, bool object)
{
    char close = object ? '}' : ']';
    struct json_value **tail = &v->first;
    v->kind = object ? JSON_OBJECT : JSON_ARRAY;
    skip_space(ps);
    if (take(ps, close))
        return true;
    if (ps->depth == JSON_MAX_DEPTH)
        return fail(ps, "nested too deeply");
    ps->depth++;
    do {
        struct json_value *child = arena_try_alloc(ps->arena, sizeof(*child));
        if (!child)
            return fail(ps, "out of memory");
        *child = (struct json_value){0};
        skip_space(ps);
        if (object) {
            if (!take(ps, '"'))
                return fail(ps, "object key expected");
            if (!parse_string(ps, &child->key))
                return false;
            skip_space(ps);
            if (!take(ps, ':'))
                return fail(ps, "\":\" expected");
        }
        if (!parse_value(ps, child))
            return false;
        *tail = child;
        tail = &child->next;
        v->count++;
        skip_space(ps);
    } while (take(ps, ','));
    ps->depth--;
    return take(ps, close) || fail(ps, "\",\" or closing bracket expected");
}

static bool parse_value(struct parser *ps, struct json_value *v)
{
    skip_space(ps);
    if (ps->p == ps->end)
        return fail(ps, "unexpected end");
    const char *begin = ps->p;
    bool ok;
    switch (*begin) {
    case '{':
    case '[':
        ps->p++;
        ok = parse_members(ps, v, *begin == '{');
        v->text = str_make(begin, (size_t)(ps->p - begin));
        return ok;
    case '"':
        ps->p++;
        v->kind = JSON_STRING;
        return parse_string(ps, &v->text);
    case 't':
        return parse_word(ps, "true", JSON_TRUE, v);
    case 'f':
        return parse_word(ps, "false", JSON_FALSE, v);
    case 'n':
        return parse_word(ps, "null", JSON_NULL, v);
    default:
        return parse_number(ps, v);
    }
}

struct json_value *json_parse(struct arena *arena, struct str text, const char **reason,
                              size_t *offset)
{
    struct parser ps = {
        .arena = arena, .begin = text.data, .p = text.data, .end = text.data + text.len};
    struct json_value *v = arena_new(arena, struct json_value);
    if (parse_value(&ps, v)) {
        skip_space(&ps);
        if (ps.p == ps.end)
            return v;
        fail(&ps, "text behind the value");
    }
    *reason = ps.reason;
    *offset = (size_t)(ps.p - ps.begin);
    return NULL;
}

const struct json_value *json_get(const struct json_value *object, const char *key)
{
    const struct json_value *found = NULL;
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    for (const struct json_value *v = object->first; v; v = v->next) {
        if (str_eq_c(v->key, key))
            found = v; /* of duplicates the last counts, as in most parsers */
    }
    return found;
}

const struct json_value *json_get_set(const struct json_value *object, const char *key)
{
    const struct json_value *v = json_get(object, key);
    return v && v->kind != JSON_NULL ? v : NULL;
}

bool json_get_str(const struct json_value *object, const char *key, struct str *out)
{
    const struct json_value *v = json_get(object, key);
    if (!v || v->kind != JSON_STRING)
        return false;
    *out = v->text;
    return true;
}

bool json_get_bool(const struct json_value *object, const char *key, bool *out)
{
    const struct json_value *v = json_get(object, key);
    if (!v || (v->kind != JSON_TRUE && v->kind != JSON_FALSE))
        return false;
    *out = v->kind == JSON_TRUE;
    return true;
}

bool lake_parse_i64(struct str text, int64_t *out)
{
    size_t i = 0;
    bool negative = text.len && text.data[0] == '-';
    if (negative || (text.len && text.data[0] == '+'))
        i = 1;
    int64_t v = 0;
    if (i == text.len)
        return false;
    for (; i < text.len; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, digit, &v))
            return false;
    }
    /* Collected as a negative number, whose range is the larger. */
    if (!negative && v == INT64_MIN)
        return false;
    *out = negative ? v : -v;
    return true;
}

bool json_i64(const struct json_value *value, int64_t *out)
{
    return value && value->kind == JSON_NUMBER && lake_parse_i64(value->text, out);
}

bool json_get_i64(const struct json_value *object, const char *key, int64_t *out)
{
    return json_i64(json_get(object, key), out);
}
