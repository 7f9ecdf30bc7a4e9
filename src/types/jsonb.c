/* The type jsonb: reading, walking, order. See jsonb.h for the bytes; jsonb_build.c makes them. */
#include "types/jsonb.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "types/json.h"
#include "types/key.h"
#include "types/numeric.h"
#include "types/text.h"
#include "types/types_internal.h"

#include <stdlib.h>

enum { HEAD_BYTES = 4, KIND_SHIFT = 28 };
static const uint32_t LOW_BITS = 0x0fffffff;

static bool open_node(const uint8_t *p, uint32_t len, struct jsonb *out)
{
    if (len < HEAD_BYTES)
        return false;
    uint32_t head = load_le32(p);
    uint32_t kind = head >> KIND_SHIFT, count = head & LOW_BITS;
    if (kind > JSONB_OBJECT)
        return false;
    struct jsonb v = {.kind = (enum jsonb_kind)kind, .p = p, .len = len};
    if (kind >= JSONB_ARRAY) {
        size_t per = kind == JSONB_OBJECT ? 8 : 4;
        if ((len - HEAD_BYTES) / per < count)
            return false;
        v.count = count;
    } else {
        if (count > len - HEAD_BYTES)
            return false;
        v.p = p + HEAD_BYTES;
        v.len = count;
    }
    *out = v;
    return true;
}

struct err *jsonb_open(struct datum d, struct jsonb *out)
{
    return open_node(d.p, d.len, out) ? NULL : err_new("XX001", "malformed jsonb value");
}

/* The value of an entry whose bytes lie between two offsets from `data`. */
static struct jsonb entry_value(const struct jsonb *c, const uint8_t *data, uint32_t start,
                                uint32_t entry)
{
    uint32_t end = entry & LOW_BITS;
    size_t room = (size_t)(c->p + c->len - data);
    struct jsonb v = {.kind = JSONB_NULL};
    if (start > end || end > room)
        return v; /* damaged: reads as null, never outside */
    uint32_t kind = entry >> KIND_SHIFT;
    if (kind >= JSONB_ARRAY) {
        if (!open_node(data + start, end - start, &v))
            v = (struct jsonb){.kind = JSONB_NULL};
        return v;
    }
    v.kind = (enum jsonb_kind)kind;
    v.p = data + start;
    v.len = end - start;
    return v;
}

struct jsonb jsonb_element(const struct jsonb *a, uint32_t i)
{
    ASSERT(a->kind == JSONB_ARRAY && i < a->count);
    const uint8_t *entries = a->p + HEAD_BYTES;
    uint32_t start = i ? load_le32(entries + 4 * (size_t)(i - 1)) & LOW_BITS : 0;
    return entry_value(a, entries + 4 * (size_t)a->count, start,
                       load_le32(entries + 4 * (size_t)i));
}

static const uint8_t *keys_data(const struct jsonb *o)
{
    return o->p + HEAD_BYTES + 8 * (size_t)o->count;
}

struct str jsonb_key(const struct jsonb *o, uint32_t i)
{
    ASSERT(o->kind == JSONB_OBJECT && i < o->count);
    const uint8_t *ends = o->p + HEAD_BYTES;
    uint32_t start = i ? load_le32(ends + 4 * (size_t)(i - 1)) : 0;
    uint32_t end = load_le32(ends + 4 * (size_t)i);
    const uint8_t *data = keys_data(o);
    if (start > end || end > (size_t)(o->p + o->len - data))
        return str_make(data, 0);
    return str_make(data + start, end - start);
}

struct jsonb jsonb_value(const struct jsonb *o, uint32_t i)
{
    ASSERT(o->kind == JSONB_OBJECT && i < o->count);
    const uint8_t *ends = o->p + HEAD_BYTES;
    const uint8_t *entries = ends + 4 * (size_t)o->count;
    uint32_t keys = load_le32(ends + 4 * (size_t)(o->count - 1));
    const uint8_t *data = keys_data(o);
    if (keys > (size_t)(o->p + o->len - data))
        keys = 0;
    uint32_t start = i ? load_le32(entries + 4 * (size_t)(i - 1)) & LOW_BITS : 0;
    return entry_value(o, data + keys, start, load_le32(entries + 4 * (size_t)i));
}

static int compare_keys(struct str a, struct str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.data, b.data, a.len) : 0;
}

bool jsonb_find(const struct jsonb *o, struct str key, struct jsonb *out)
{
    if (o->kind != JSONB_OBJECT)
        return false;
    uint32_t low = 0, high = o->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int c = compare_keys(key, jsonb_key(o, mid));
        if (c == 0) {
            *out = jsonb_value(o, mid);
            return true;
        }
        if (c < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
}

struct err *jsonb_datum(const struct jsonb *v, struct arena *arena, struct datum *out)
{
    if (!jsonb_is_scalar(v)) {
        *out = datum_bytes(v->p, v->len);
        return NULL;
    }
    uint8_t *p = arena_try_alloc(arena, HEAD_BYTES + (size_t)v->len);
    if (!p)
        return err_oom();
    store_le32(p, (uint32_t)v->kind << KIND_SHIFT | v->len);
    if (v->len)
        memcpy(p + HEAD_BYTES, v->p, v->len);
    *out = datum_bytes(p, HEAD_BYTES + (size_t)v->len);
    return NULL;
}

/* Walking */

void jsonb_iter_init(struct jsonb_iter *it, const struct jsonb *v)
{
    it->root = *v;
    it->frames = it->small;
    it->depth = 0;
    it->cap = (int)ARRAY_LENGTH(it->small);
    it->started = false;
}

void jsonb_iter_done(struct jsonb_iter *it)
{
    if (it->frames != it->small)
        free(it->frames);
    it->frames = it->small;
}

static void iter_push(struct jsonb_iter *it, const struct jsonb *v)
{
    if (it->depth == it->cap) {
        int cap = it->cap * 4;
        struct jsonb_frame *grown = malloc(sizeof(*grown) * (size_t)cap);
        CHECK(grown); /* nesting is bounded, so this is small */
        memcpy(grown, it->frames, sizeof(*grown) * (size_t)it->depth);
        jsonb_iter_done(it);
        it->frames = grown;
        it->cap = cap;
    }
    it->frames[it->depth++] = (struct jsonb_frame){.v = *v};
}

static enum jsonb_event iter_value(struct jsonb_iter *it, struct jsonb v)
{
    it->value = v;
    if (jsonb_is_scalar(&v))
        return JSONB_EV_VALUE;
    iter_push(it, &v);
    return JSONB_EV_BEGIN;
}

enum jsonb_event jsonb_iter_next(struct jsonb_iter *it)
{
    if (it->depth == 0) {
        if (it->started)
            return JSONB_EV_DONE;
        it->started = true;
        return iter_value(it, it->root);
    }
    struct jsonb_frame *f = &it->frames[it->depth - 1];
    if (f->at == f->v.count) {
        it->value = f->v;
        it->depth--;
        return JSONB_EV_END;
    }
    if (f->v.kind == JSONB_ARRAY)
        return iter_value(it, jsonb_element(&f->v, f->at++));
    if (!f->key_given) {
        f->key_given = true;
        it->key = jsonb_key(&f->v, f->at);
        return JSONB_EV_KEY;
    }
    f->key_given = false;
    return iter_value(it, jsonb_value(&f->v, f->at++));
}

void jsonb_iter_skip(struct jsonb_iter *it)
{
    ASSERT(it->depth > 0);
    it->depth--;
}

/* Printing */

const char *jsonb_kind_name(enum jsonb_kind kind)
{
    static const char *const names[] = {"null",    "string", "number", "boolean",
                                        "boolean", "array",  "object"};
    return names[kind];
}

static void print_scalar(const struct jsonb *v, struct buf *out)
{
    switch (v->kind) {
    case JSONB_NULL:
        buf_put_c(out, "null");
        break;
    case JSONB_FALSE:
        buf_put_c(out, "false");
        break;
    case JSONB_TRUE:
        buf_put_c(out, "true");
        break;
    case JSONB_NUMBER:
        numeric_print(jsonb_number(v), out);
        break;
    case JSONB_STRING:
        json_put_string(out, jsonb_str(v));
        break;
    case JSONB_ARRAY:
    case JSONB_OBJECT:
        UNREACHABLE();
    }
}

static void new_line(struct buf *out, int depth)
{
    buf_put_u8(out, '\n');
    for (int i = 0; i < depth; i++)
        buf_put(out, "    ", 4);
}

/* Before an element or key: a comma unless it is the first. */
static void put_separator(struct buf *out, bool *first, bool indent, int depth)
{
    if (!*first)
        buf_put(out, ", ", indent ? 1 : 2);
    *first = false;
    if (indent)
        new_line(out, depth);
}

void jsonb_print(const struct jsonb *v, bool indent, struct buf *out)
{
    if (jsonb_is_scalar(v)) {
        print_scalar(v, out);
        return;
    }
    struct jsonb_iter it;
    jsonb_iter_init(&it, v);
    bool first = true, after_key = false;
    for (;;) {
        int depth = it.depth;
        enum jsonb_event ev = jsonb_iter_next(&it);
        if (ev == JSONB_EV_DONE)
            break;
        if (ev == JSONB_EV_END) {
            if (indent)
                new_line(out, depth - 1);
            buf_put_u8(out, it.value.kind == JSONB_OBJECT ? '}' : ']');
            first = false;
            continue;
        }
        if (!after_key && depth > 0)
            put_separator(out, &first, indent, depth);
        after_key = false;
        if (ev == JSONB_EV_KEY) {
            json_put_string(out, it.key);
            buf_put(out, ": ", 2);
            after_key = true;
        } else if (ev == JSONB_EV_VALUE) {
            print_scalar(&it.value, out);
        } else {
            buf_put_u8(out, it.value.kind == JSONB_OBJECT ? '{' : '[');
            first = true;
        }
    }
    jsonb_iter_done(&it);
}

void jsonb_print_text(const struct jsonb *v, struct buf *out)
{
    if (v->kind == JSONB_STRING)
        buf_put(out, v->p, v->len);
    else
        jsonb_print(v, false, out);
}

/* Order: Null < String < Number < Boolean < Array < Object; containers by the number of their
 * members first. Only for the outermost value a scalar counts as an array of one element that is
 * less than a real one, so that the empty array comes before every scalar. */

static int compare_scalars(const struct jsonb *a, const struct jsonb *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == JSONB_NUMBER)
        return numeric_compare(jsonb_number(a), jsonb_number(b));
    if (a->kind == JSONB_STRING)
        return str_cmp(jsonb_str(a), jsonb_str(b));
    return 0;
}

/* Decides by what the values are, before their members: kind and count. */
static int compare_shape(const struct jsonb *a, const struct jsonb *b)
{
    if (jsonb_is_scalar(a) && jsonb_is_scalar(b))
        return compare_scalars(a, b);
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return (a->count > b->count) - (a->count < b->count);
}

/* The empty outermost array is the least value. */
static bool is_empty_array(const struct jsonb *v)
{
    return v->kind == JSONB_ARRAY && v->count == 0;
}

int jsonb_compare(const struct jsonb *a, const struct jsonb *b)
{
    if (is_empty_array(a) || is_empty_array(b))
        return is_empty_array(b) - is_empty_array(a);
    int c = compare_shape(a, b);
    if (c || jsonb_is_scalar(a))
        return c;
    struct jsonb_iter x, y;
    jsonb_iter_init(&x, a);
    jsonb_iter_init(&y, b);
    for (;;) {
        enum jsonb_event ev = jsonb_iter_next(&x), other = jsonb_iter_next(&y);
        if (ev == JSONB_EV_DONE)
            break;
        if (ev == JSONB_EV_KEY && other == JSONB_EV_KEY)
            c = str_cmp(x.key, y.key);
        else if (ev == JSONB_EV_VALUE || ev == JSONB_EV_BEGIN)
            c = compare_shape(&x.value, &y.value);
        if (c)
            break;
    }
    jsonb_iter_done(&x);
    jsonb_iter_done(&y);
    return c;
}

static int compare_op(const struct type_ops *t, struct datum a, struct datum b)
{
    struct jsonb x, y;
    if (!open_node(a.p, a.len, &x) || !open_node(b.p, b.len, &y))
        return bytes_compare(t, a, b);
    return jsonb_compare(&x, &y);
}

static uint64_t hash_scalar(const struct jsonb *v)
{
    if (v->kind == JSONB_NUMBER)
        return numeric_ops.hash(&numeric_ops, jsonb_number(v));
    return hash_bytes(v->p, v->len, v->kind);
}

static uint64_t hash_op(const struct type_ops *t, struct datum d)
{
    struct jsonb v;
    if (!open_node(d.p, d.len, &v))
        return bytes_hash(t, d);
    struct jsonb_iter it;
    jsonb_iter_init(&it, &v);
    uint64_t h = 0;
    for (enum jsonb_event ev; (ev = jsonb_iter_next(&it)) != JSONB_EV_DONE;) {
        if (ev == JSONB_EV_KEY)
            h = hash_combine(h, hash_bytes(it.key.data, it.key.len, 1));
        else if (ev == JSONB_EV_VALUE)
            h = hash_combine(h, hash_scalar(&it.value));
        else
            h = hash_combine(h, ((uint64_t)it.value.kind << 1) + (ev == JSONB_EV_END));
    }
    jsonb_iter_done(&it);
    return h;
}

/* One byte of kind; strings and numbers by their keys, containers by count and members. */
static void key_value(const struct jsonb *v, struct buf *out)
{
    buf_put_u8(out, (uint8_t)(1 + v->kind));
    if (v->kind == JSONB_NUMBER)
        numeric_ops.key(&numeric_ops, jsonb_number(v), out);
    else if (v->kind == JSONB_STRING)
        key_put_bytes(out, v->p, v->len);
    else if (!jsonb_is_scalar(v))
        buf_put_be32(out, v->count);
}

static void key_op(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct jsonb v;
    if (!open_node(d.p, d.len, &v) || is_empty_array(&v)) {
        buf_put_u8(out, 0);
        return;
    }
    struct jsonb_iter it;
    jsonb_iter_init(&it, &v);
    for (enum jsonb_event ev; (ev = jsonb_iter_next(&it)) != JSONB_EV_DONE;) {
        if (ev == JSONB_EV_KEY)
            key_put_bytes(out, it.key.data, it.key.len);
        else if (ev != JSONB_EV_END)
            key_value(&it.value, out);
    }
    jsonb_iter_done(&it);
}

static struct err *jsonb_in(TYPE_IN_PARAMS)
{
    TRY(utf8_verify(text));
    return jsonb_from_text(text, arena, out);
}

static struct err *jsonb_out(TYPE_OUT_PARAMS)
{
    struct jsonb v;
    TRY(jsonb_open(d, &v));
    jsonb_print(&v, false, out);
    return NULL;
}

enum { BINARY_VERSION = 1 };

static struct err *jsonb_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len < 1)
        return err_new("08P01", "no data left in message");
    if (bytes.data[0] != BINARY_VERSION)
        return err_new("XX000", "unsupported jsonb version number %d", (uint8_t)bytes.data[0]);
    return recv_as_text(t, env, str_make(bytes.data + 1, bytes.len - 1), typmod, arena, out);
}

static struct err *jsonb_send(TYPE_OUT_PARAMS)
{
    buf_put_u8(out, BINARY_VERSION);
    return send_as_text(t, env, d, out);
}

const struct type_ops jsonb_ops = {
    .oid = JSONB_OID,
    .name = "jsonb",
    .len = -1,
    .in = jsonb_in,
    .out = jsonb_out,
    .recv = jsonb_recv,
    .send = jsonb_send,
    .compare = compare_op,
    .hash = hash_op,
    .key = key_op,
};
