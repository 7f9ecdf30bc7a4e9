/* hstore: text and binary form, order, making values. See hstore.h.
 *
 * Text: "key"=>"value", "other"=>NULL; what is not quoted ends at white space, = or comma, and a
 * backslash takes the next character as it is. Binary: i32 pairs, then for each i32 bytes of the
 * key, the key, i32 bytes of the value or -1 for NULL, the value (big-endian). */
#include "types/hstore.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "types/encoding.h"
#include "types/key.h"
#include "types/text.h"
#include "types/types_internal.h"

#include <stdlib.h>

/* ---- values ---- */

struct err *hstore_open(struct datum d, struct jsonb *out)
{
    struct jsonb v;
    TRY(jsonb_open(d, &v));
    if (v.kind != JSONB_OBJECT)
        return err_new("XX001", "invalid hstore value");
    *out = v;
    return NULL;
}

static struct datum value_of(const struct jsonb *v)
{
    return v->kind == JSONB_STRING ? datum_str(jsonb_str(v)) : datum_null();
}

struct datum hstore_value(const struct jsonb *h, uint32_t i)
{
    struct jsonb v = jsonb_value(h, i);
    return value_of(&v);
}

struct datum hstore_find(const struct jsonb *h, struct str key, bool *found)
{
    struct jsonb v;
    *found = jsonb_find(h, key, &v);
    return *found ? value_of(&v) : datum_null();
}

void hstore_add(struct hstore_pairs *p, struct str key, struct datum value)
{
    struct hstore_pair pair = {.key = key, .null = value.null};
    if (!value.null)
        pair.value = datum_as_str(value);
    ARENA_PUSH(p->arena, p->items, p->count, p->cap, pair);
}

struct err *hstore_make(struct hstore_pairs *p, struct datum *out)
{
    struct jsonb_builder b;
    jsonb_build_init(&b, p->arena);
    jsonb_begin(&b, true);
    for (int i = p->count; i-- > 0;) { /* backwards: the builder lets the last one count */
        const struct hstore_pair *pair = &p->items[i];
        jsonb_put_key(&b, pair->key);
        if (pair->null)
            jsonb_put_null(&b);
        else
            jsonb_put_string(&b, pair->value);
    }
    jsonb_end(&b);
    return jsonb_finish(&b, out);
}

/* ---- text form ---- */

struct reader {
    struct str text;
    size_t at;
    struct arena *arena;
};

static bool at_end(const struct reader *r)
{
    return r->at >= r->text.len;
}

static char peek(const struct reader *r)
{
    return r->text.data[r->at];
}

static struct err *syntax_error(const struct reader *r)
{
    size_t n = 1;
    while (r->at + n < r->text.len && ((unsigned char)r->text.data[r->at + n] & 0xc0) == 0x80)
        n++;
    return err_new("XX000", "Syntax error near \"%.*s\" at position %d", (int)n,
                   r->text.data + r->at, (int)r->at);
}

static struct err *unexpected_end(void)
{
    return err_new("XX000", "Unexpected end of string");
}

static void skip_space(struct reader *r)
{
    while (!at_end(r) && is_space(peek(r)))
        r->at++;
}

/* The character after a backslash, or at the place itself. */
static struct err *take(struct reader *r, struct buf *out)
{
    if (peek(r) == '\\' && ++r->at >= r->text.len)
        return unexpected_end();
    buf_put_u8(out, (uint8_t)peek(r));
    r->at++;
    return NULL;
}

static struct err *read_quoted(struct reader *r, struct buf *out)
{
    for (r->at++; !at_end(r) && peek(r) != '"';)
        TRY(take(r, out));
    if (at_end(r))
        return unexpected_end();
    r->at++;
    return NULL;
}

static struct err *read_bare(struct reader *r, bool is_key, struct buf *out)
{
    if (is_key && peek(r) == '=')
        return syntax_error(r);
    do {
        TRY(take(r, out));
    } while (!at_end(r) && !is_space(peek(r)) && peek(r) != (is_key ? '=' : ','));
    return NULL;
}

static struct err *read_part(struct reader *r, bool is_key, struct str *out, bool *quoted)
{
    struct buf b = BUF_INIT;
    *quoted = peek(r) == '"';
    struct err *e = *quoted ? read_quoted(r, &b) : read_bare(r, is_key, &b);
    if (!e)
        e = buf_finish(&b);
    if (!e)
        *out = arena_str(r->arena, buf_str(&b));
    buf_done(&b);
    return e;
}

static struct err *expect(struct reader *r, char c)
{
    if (at_end(r))
        return unexpected_end();
    if (peek(r) != c)
        return syntax_error(r);
    r->at++;
    return NULL;
}

static struct err *read_pair(struct reader *r, struct hstore_pairs *pairs)
{
    struct str key;
    struct str value;
    bool quoted;
    TRY(read_part(r, true, &key, &quoted));
    skip_space(r);
    TRY(expect(r, '='));
    TRY(expect(r, '>'));
    skip_space(r);
    if (at_end(r))
        return unexpected_end();
    TRY(read_part(r, false, &value, &quoted));
    const bool null = !quoted && str_eq_nocase(value, "null");
    hstore_add(pairs, key, null ? datum_null() : datum_str(value));
    skip_space(r);
    return at_end(r) ? NULL : expect(r, ',');
}

static struct err *hstore_in(TYPE_IN_PARAMS)
{
    struct reader r = {text, 0, arena};
    struct hstore_pairs pairs = {.arena = arena};
    TRY(utf8_verify(text));
    for (skip_space(&r); !at_end(&r); skip_space(&r))
        TRY(read_pair(&r, &pairs));
    return hstore_make(&pairs, out);
}

static void put_quoted(struct str s, struct buf *out)
{
    buf_put_u8(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == '"' || s.data[i] == '\\')
            buf_put_u8(out, '\\');
        buf_put_u8(out, (uint8_t)s.data[i]);
    }
    buf_put_u8(out, '"');
}

static struct err *hstore_out(TYPE_OUT_PARAMS)
{
    struct jsonb h;
    TRY(hstore_open(d, &h));
    for (uint32_t i = 0; i < h.count; i++) {
        struct datum value = hstore_value(&h, i);
        buf_put_c(out, i ? ", " : "");
        put_quoted(jsonb_key(&h, i), out);
        buf_put_c(out, "=>");
        if (value.null)
            buf_put_c(out, "NULL");
        else
            put_quoted(datum_as_str(value), out);
    }
    return NULL;
}

/* ---- binary form ---- */

static bool take_i32(struct str *bytes, int32_t *out)
{
    if (bytes->len < 4)
        return false;
    *out = (int32_t)load_be32(bytes->data);
    *bytes = str_make(bytes->data + 4, bytes->len - 4);
    return true;
}

static struct err *take_text(const struct type_env *env, struct str *bytes, int32_t len,
                             struct arena *arena, struct str *out)
{
    if (len < 0 || (size_t)len > bytes->len)
        return bad_binary("hstore");
    const struct str part = str_make(bytes->data, (size_t)len);
    *bytes = str_make(bytes->data + len, bytes->len - (size_t)len);
    TRY(encoding_from_client(env ? env->client_encoding : NULL, part, arena, out));
    return utf8_verify(*out);
}

static struct err *hstore_recv(TYPE_RECV_PARAMS)
{
    struct hstore_pairs pairs = {.arena = arena};
    int32_t count;
    if (!take_i32(&bytes, &count) || count < 0 || (size_t)count > bytes.len / 8)
        return bad_binary("hstore");
    for (int32_t i = 0; i < count; i++) {
        struct str key;
        struct str value = STR("");
        int32_t len;
        if (!take_i32(&bytes, &len))
            return bad_binary("hstore");
        if (len < 0)
            return err_new("22004", "null value not allowed for hstore key");
        TRY(take_text(env, &bytes, len, arena, &key));
        if (!take_i32(&bytes, &len))
            return bad_binary("hstore");
        if (len >= 0)
            TRY(take_text(env, &bytes, len, arena, &value));
        hstore_add(&pairs, key, len < 0 ? datum_null() : datum_str(value));
    }
    if (bytes.len)
        return bad_binary("hstore");
    return hstore_make(&pairs, out);
}

static struct err *put_text(const struct type_env *env, struct str s, struct buf *out)
{
    const size_t at = out->len;
    buf_put_be32(out, 0);
    buf_put_str(out, s);
    TRY(encoding_to_client(env ? env->client_encoding : NULL, out, at + 4));
    if (!out->failed)
        store_be32(out->data + at, (uint32_t)(out->len - at - 4));
    return NULL;
}

static struct err *hstore_send(TYPE_OUT_PARAMS)
{
    struct jsonb h;
    TRY(hstore_open(d, &h));
    buf_put_be32(out, h.count);
    for (uint32_t i = 0; i < h.count; i++) {
        struct datum value = hstore_value(&h, i);
        TRY(put_text(env, jsonb_key(&h, i), out));
        if (value.null)
            buf_put_be32(out, (uint32_t)-1);
        else
            TRY(put_text(env, datum_as_str(value), out));
    }
    return NULL;
}

/* ---- order ---- */

/* The order is that of: the bytes of all keys and values one after the other, the number of pairs,
 * the lengths of these parts, and which values are NULL. Nothing comes before the empty value. */
static void hstore_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct jsonb h;
    struct buf parts = BUF_INIT;
    struct err *e = hstore_open(d, &h);
    CHECK(!e);
    for (uint32_t i = 0; i < h.count; i++) {
        struct datum value = hstore_value(&h, i);
        buf_put_str(&parts, jsonb_key(&h, i));
        if (!value.null)
            buf_put_str(&parts, datum_as_str(value));
    }
    key_put_bytes(out, parts.data, parts.len);
    buf_put_be32(out, h.count);
    for (uint32_t i = 0; i < h.count; i++) {
        struct datum value = hstore_value(&h, i);
        buf_put_be32(out, (uint32_t)jsonb_key(&h, i).len);
        buf_put_be32(out, value.null ? 0 : value.len);
    }
    for (uint32_t i = 0; i < h.count; i++)
        buf_put_u8(out, hstore_value(&h, i).null);
    buf_done(&parts);
}

int hstore_compare(struct datum a, struct datum b)
{
    struct buf x = BUF_INIT;
    struct buf y = BUF_INIT;
    hstore_key(NULL, a, &x);
    hstore_key(NULL, b, &y);
    int order = str_cmp(buf_str(&x), buf_str(&y));
    buf_done(&x);
    buf_done(&y);
    return order;
}

static int compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return hstore_compare(a, b);
}

/* Equal values have the same bytes. */
uint64_t hstore_hash(struct datum d)
{
    return hash_bytes(d.p, d.len, 0);
}

static uint64_t hash(const struct type_ops *t, struct datum d)
{
    return hstore_hash(d);
}

void type_init_hstore(struct type_ops *t)
{
    *t = (struct type_ops){
        .oid = t->oid,
        .name = t->name,
        .len = -1,
        .in = hstore_in,
        .out = hstore_out,
        .recv = hstore_recv,
        .send = hstore_send,
        .compare = compare,
        .hash = hash,
        .key = hstore_key,
    };
}
