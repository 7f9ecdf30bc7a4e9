/* Parts of JSON text: see json_text.h. */
#include "exec/functions/json_text.h"

#include "types/number.h"

struct err *json_read_value(struct json_reader *r, struct json_slice *out, bool *end)
{
    struct str token;
    enum json_event ev;
    TRY(json_next(r, &ev, &token));
    *end = ev == JSON_ARRAY_END || ev == JSON_OBJECT_END || ev == JSON_END;
    if (*end)
        return NULL;
    if (ev == JSON_OBJECT_BEGIN || ev == JSON_ARRAY_BEGIN)
        TRY(json_skip(r));
    *out =
        (struct json_slice){ev, str_make(token.data, (size_t)(r->text.data + r->at - token.data))};
    return NULL;
}

struct err *json_whole(struct str text, struct json_slice *out)
{
    struct json_reader r;
    json_reader_init(&r, text);
    bool end;
    struct err *e = json_read_value(&r, out, &end);
    json_reader_done(&r);
    return e;
}

/* The token without quotes equals the key once its escapes are resolved. */
static struct err *key_equals(struct str token, struct str key, bool *out)
{
    struct str inner = str_make(token.data + 1, token.len - 2);
    if (!inner.len || !memchr(inner.data, '\\', inner.len)) {
        *out = str_eq(inner, key);
        return NULL;
    }
    struct buf b = BUF_INIT;
    struct err *e = json_unescape(token, &b);
    *out = !e && str_eq(buf_str(&b), key);
    buf_done(&b);
    return e;
}

static struct err *find_member(struct json_reader *r, struct str key, struct json_slice *out,
                               bool *found)
{
    enum json_event ev;
    struct str token;
    *found = false;
    TRY(json_next(r, &ev, &token));
    if (ev != JSON_OBJECT_BEGIN)
        return NULL;
    for (;;) {
        TRY(json_next(r, &ev, &token));
        if (ev != JSON_KEY)
            return NULL;
        bool same, end;
        struct json_slice v;
        TRY(key_equals(token, key, &same));
        TRY(json_read_value(r, &v, &end));
        if (same) { /* of equal keys the last counts */
            *out = v;
            *found = true;
        }
    }
}

struct err *json_member(struct str text, struct str key, struct json_slice *out, bool *found)
{
    struct json_reader r;
    json_reader_init(&r, text);
    struct err *e = find_member(&r, key, out, found);
    json_reader_done(&r);
    return e;
}

/* Elements up to `index`; *count says how many there were before the end. */
static struct err *walk_array(struct str text, int64_t index, struct json_slice *out, bool *found,
                              int64_t *count)
{
    struct json_reader r;
    json_reader_init(&r, text);
    enum json_event ev = JSON_NULL;
    struct str token;
    *found = false;
    *count = -1;
    struct err *e = json_next(&r, &ev, &token);
    if (!e && ev == JSON_ARRAY_BEGIN) {
        *count = 0;
        for (bool end = false; !e && !*found;) {
            struct json_slice v;
            e = json_read_value(&r, &v, &end);
            if (e || end)
                break;
            if (*count == index) {
                *out = v;
                *found = true;
            }
            (*count)++;
        }
    }
    json_reader_done(&r);
    return e;
}

struct err *json_count(struct str text, int64_t *out)
{
    struct json_slice v;
    bool found;
    return walk_array(text, -1, &v, &found, out);
}

struct err *json_at(struct str text, int64_t index, struct json_slice *out, bool *found)
{
    int64_t count;
    if (index < 0) {
        TRY(json_count(text, &count));
        index += count;
        if (index < 0) {
            *found = false;
            return NULL;
        }
    }
    return walk_array(text, index, out, found, &count);
}

struct err *json_as_text(const struct json_slice *v, struct arena *arena, struct datum *out)
{
    if (v->kind == JSON_NULL) {
        *out = datum_null();
        return NULL;
    }
    if (v->kind != JSON_STRING) {
        *out = datum_str(v->text);
        return NULL;
    }
    struct str inner = str_make(v->text.data + 1, v->text.len - 2);
    if (!inner.len || !memchr(inner.data, '\\', inner.len)) {
        *out = datum_str(inner);
        return NULL;
    }
    struct buf b = BUF_INIT;
    struct err *e = json_unescape(v->text, &b);
    if (!e)
        e = buf_finish(&b);
    char *p = e ? NULL : arena_try_alloc(arena, b.len);
    if (!e && !p)
        e = err_oom();
    if (!e) {
        memcpy(p, b.data, b.len);
        *out = datum_bytes(p, b.len);
    }
    buf_done(&b);
    return e;
}

bool json_index_text(struct str s, int64_t *out)
{
    size_t at = s.len && (s.data[0] == '-' || s.data[0] == '+');
    if (at == s.len)
        return false;
    int64_t v = 0;
    for (size_t i = at; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        v = v * 10 + (s.data[i] - '0');
        if (v > INT32_MAX)
            return false;
    }
    *out = s.data[0] == '-' ? -v : v;
    return true;
}
