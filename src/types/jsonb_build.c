/* Making jsonb: a tree of nodes whose sizes are known when a container ends, then one pass that
 * writes every node at its final place. */
#include "types/jsonb.h"

#include "base/bytes.h"
#include "types/json.h"
#include "types/numeric.h"
#include "types/types_internal.h"

#include <stdlib.h>

enum { HEAD_BYTES = 4, KIND_SHIFT = 28, MAX_BYTES = 0x0fffffff };

struct member {
    struct str key;
    struct jsonb_node *value;
    uint32_t order; /* of arrival */
};

struct jsonb_node {
    enum jsonb_kind kind;
    bool copied;   /* a container that exists already: its bytes */
    uint32_t size; /* bytes as element or value */
    const uint8_t *p;
    struct member *members; /* containers */
    uint32_t count;
    uint32_t cap;
    struct jsonb_node *parent;
    struct str saved_key; /* the key under which it goes into its parent */
    uint8_t *to;          /* while writing: where it goes */
    struct jsonb_node *next;
};

void jsonb_build_init(struct jsonb_builder *b, struct arena *arena)
{
    *b = (struct jsonb_builder){.arena = arena};
}

static void fail(struct jsonb_builder *b, struct err *e)
{
    if (b->error)
        err_free(e);
    else
        b->error = e;
}

static struct jsonb_node *new_node(struct jsonb_builder *b, enum jsonb_kind kind)
{
    struct jsonb_node *n = b->error ? NULL : arena_try_alloc(b->arena, sizeof(*n));
    if (!n) {
        if (!b->error)
            fail(b, err_oom());
        return NULL;
    }
    *n = (struct jsonb_node){.kind = kind};
    return n;
}

static void add_member(struct jsonb_builder *b, struct jsonb_node *c, struct jsonb_node *value,
                       struct str key)
{
    if (c->count == c->cap) {
        uint32_t cap = c->cap ? c->cap * 2 : 4;
        struct member *grown = arena_try_alloc(b->arena, sizeof(*grown) * (size_t)cap);
        if (!grown) {
            fail(b, err_oom());
            return;
        }
        if (c->count)
            memcpy(grown, c->members, sizeof(*grown) * (size_t)c->count);
        c->members = grown;
        c->cap = cap;
    }
    c->members[c->count] = (struct member){key, value, c->count};
    c->count++;
}

static void add_value(struct jsonb_builder *b, struct jsonb_node *n)
{
    if (!n)
        return;
    if (!b->top) {
        ASSERT(!b->root);
        b->root = n;
        return;
    }
    add_member(b, b->top, n, b->key);
    b->key = (struct str){0};
}

void jsonb_begin(struct jsonb_builder *b, bool object)
{
    if (b->depth >= JSON_MAX_DEPTH)
        fail(b, err_hint(err_new("54001", "JSON value is nested too deeply"),
                         "The limit is %d levels of arrays and objects.", JSON_MAX_DEPTH));
    struct jsonb_node *n = new_node(b, object ? JSONB_OBJECT : JSONB_ARRAY);
    if (!n)
        return;
    n->parent = b->top;
    n->saved_key = b->key;
    b->key = (struct str){0};
    b->top = n;
    b->depth++;
}

static int compare_members(const void *pa, const void *pb)
{
    const struct member *a = pa, *b = pb;
    if (a->key.len != b->key.len)
        return a->key.len < b->key.len ? -1 : 1;
    int c = a->key.len ? memcmp(a->key.data, b->key.data, a->key.len) : 0;
    return c ? c : (a->order > b->order) - (a->order < b->order);
}

static bool same_key(const struct member *a, const struct member *b)
{
    return str_eq(a->key, b->key);
}

/* Ascending and distinct; of equal keys the last to arrive stays. */
static void sort_members(struct jsonb_node *o)
{
    bool sorted = true;
    for (uint32_t i = 1; i < o->count && sorted; i++)
        sorted = compare_members(&o->members[i - 1], &o->members[i]) < 0 &&
                 !same_key(&o->members[i - 1], &o->members[i]);
    if (sorted)
        return;
    qsort(o->members, o->count, sizeof(*o->members), compare_members);
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->count; i++) {
        if (i + 1 < o->count && same_key(&o->members[i], &o->members[i + 1]))
            continue;
        o->members[n++] = o->members[i];
    }
    o->count = n;
}

void jsonb_end(struct jsonb_builder *b)
{
    if (b->error)
        return;
    struct jsonb_node *n = b->top;
    ASSERT(n);
    bool object = n->kind == JSONB_OBJECT;
    if (object)
        sort_members(n);
    uint64_t size = HEAD_BYTES + (uint64_t)n->count * (object ? 8 : 4);
    for (uint32_t i = 0; i < n->count; i++)
        size += n->members[i].key.len + n->members[i].value->size;
    if (size > MAX_BYTES) {
        fail(b, err_new("54000", "total size of jsonb %s elements exceeds the maximum of %d bytes",
                        object ? "object" : "array", MAX_BYTES));
        return;
    }
    n->size = (uint32_t)size;
    b->top = n->parent;
    b->key = n->saved_key;
    b->depth--;
    add_value(b, n);
}

void jsonb_put_key(struct jsonb_builder *b, struct str key)
{
    if (key.len > MAX_BYTES)
        fail(b, err_new("54000", "string too long to represent as jsonb string"));
    b->key = key;
}

static void put_scalar(struct jsonb_builder *b, enum jsonb_kind kind, const void *p, size_t len)
{
    if (len > MAX_BYTES) {
        fail(b, err_new("54000", "string too long to represent as jsonb string"));
        return;
    }
    struct jsonb_node *n = new_node(b, kind);
    if (!n)
        return;
    n->p = p;
    n->size = (uint32_t)len;
    add_value(b, n);
}

void jsonb_put_null(struct jsonb_builder *b)
{
    put_scalar(b, JSONB_NULL, NULL, 0);
}

void jsonb_put_bool(struct jsonb_builder *b, bool v)
{
    put_scalar(b, v ? JSONB_TRUE : JSONB_FALSE, NULL, 0);
}

void jsonb_put_string(struct jsonb_builder *b, struct str s)
{
    put_scalar(b, JSONB_STRING, s.data, s.len);
}

void jsonb_put_number(struct jsonb_builder *b, struct datum numeric)
{
    put_scalar(b, JSONB_NUMBER, numeric.p, numeric.len);
}

void jsonb_put(struct jsonb_builder *b, const struct jsonb *v)
{
    if (jsonb_is_scalar(v)) {
        put_scalar(b, v->kind, v->p, v->len);
        return;
    }
    struct jsonb_node *n = new_node(b, v->kind);
    if (!n)
        return;
    n->copied = true;
    n->p = v->p;
    n->size = v->len;
    add_value(b, n);
}

/* Text */

static struct err *unescaped(struct jsonb_builder *b, struct str token, struct str *out)
{
    struct str inner = str_make(token.data + 1, token.len - 2);
    if (!inner.len || !memchr(inner.data, '\\', inner.len)) {
        *out = inner;
        return NULL;
    }
    struct buf tmp = BUF_INIT;
    struct err *e = json_unescape(token, &tmp);
    if (!e)
        e = buf_finish(&tmp);
    char *copy = e ? NULL : arena_try_alloc(b->arena, tmp.len);
    if (!e && !copy)
        e = err_oom();
    if (!e) {
        memcpy(copy, tmp.data, tmp.len);
        *out = str_make(copy, tmp.len);
    }
    buf_done(&tmp);
    return e;
}

static struct err *put_event(struct jsonb_builder *b, enum json_event ev, struct str token)
{
    struct str s;
    struct datum number;
    switch (ev) {
    case JSON_OBJECT_BEGIN:
    case JSON_ARRAY_BEGIN:
        jsonb_begin(b, ev == JSON_OBJECT_BEGIN);
        break;
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
        jsonb_end(b);
        break;
    case JSON_KEY:
        TRY(unescaped(b, token, &s));
        jsonb_put_key(b, s);
        break;
    case JSON_STRING:
        TRY(unescaped(b, token, &s));
        jsonb_put_string(b, s);
        break;
    case JSON_NUMBER:
        TRY(numeric_parse(token, b->arena, &number));
        jsonb_put_number(b, number);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        jsonb_put_bool(b, ev == JSON_TRUE);
        break;
    case JSON_NULL:
        jsonb_put_null(b);
        break;
    case JSON_END:
        break;
    }
    return NULL;
}

void jsonb_put_json(struct jsonb_builder *b, struct str text)
{
    struct json_reader r;
    json_reader_init(&r, text);
    r.unescape = true;
    enum json_event ev = JSON_NULL;
    struct str token = {0};
    struct err *e = NULL;
    while (!e && !b->error) {
        e = json_next(&r, &ev, &token);
        if (e || ev == JSON_END)
            break;
        e = put_event(b, ev, token);
    }
    json_reader_done(&r);
    if (e)
        fail(b, e);
}

/* Writing */

static void write_scalar(uint8_t *to, const struct jsonb_node *n)
{
    if (n->size)
        memcpy(to, n->p, n->size);
}

/* One container: its head and entries now, its containers later through the list. */
static void write_container(struct jsonb_node *c, struct jsonb_node **pending)
{
    uint8_t *to = c->to;
    if (c->copied) {
        memcpy(to, c->p, c->size);
        return;
    }
    bool object = c->kind == JSONB_OBJECT;
    store_le32(to, (uint32_t)c->kind << KIND_SHIFT | c->count);
    uint8_t *entries = to + HEAD_BYTES + (object ? 4 * (size_t)c->count : 0);
    uint8_t *data = entries + 4 * (size_t)c->count;
    if (object) {
        uint32_t end = 0;
        for (uint32_t i = 0; i < c->count; i++) {
            struct str key = c->members[i].key;
            if (key.len)
                memcpy(data + end, key.data, key.len);
            end += (uint32_t)key.len;
            store_le32(to + HEAD_BYTES + 4 * (size_t)i, end);
        }
        data += end;
    }
    uint32_t end = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        struct jsonb_node *v = c->members[i].value;
        if (v->kind < JSONB_ARRAY) {
            write_scalar(data + end, v);
        } else {
            v->to = data + end;
            v->next = *pending;
            *pending = v;
        }
        end += v->size;
        store_le32(entries + 4 * (size_t)i, (uint32_t)v->kind << KIND_SHIFT | end);
    }
}

struct err *jsonb_finish(struct jsonb_builder *b, struct datum *out)
{
    if (b->error) {
        struct err *e = b->error;
        b->error = NULL;
        return e;
    }
    struct jsonb_node *root = b->root;
    ASSERT(root && !b->top);
    bool scalar = root->kind < JSONB_ARRAY;
    size_t size = root->size + (scalar ? HEAD_BYTES : 0);
    uint8_t *bytes = arena_try_alloc(b->arena, size);
    if (!bytes)
        return err_oom();
    if (scalar) {
        store_le32(bytes, (uint32_t)root->kind << KIND_SHIFT | root->size);
        write_scalar(bytes + HEAD_BYTES, root);
    } else {
        root->to = bytes;
        struct jsonb_node *pending = root;
        while (pending) {
            struct jsonb_node *c = pending;
            pending = c->next;
            write_container(c, &pending);
        }
    }
    *out = datum_bytes(bytes, size);
    return NULL;
}

struct err *jsonb_finish_open(struct jsonb_builder *b, struct arena *arena, struct datum *out)
{
    if (b->error)
        return jsonb_finish(b, out);
    ASSERT(b->top && !b->top->parent);
    struct jsonb_node copy = *b->top;
    struct jsonb_builder ended = {.arena = arena, .top = &copy, .depth = 1};
    if (copy.kind == JSONB_OBJECT && copy.count) {
        /* Sorting must not touch the members still being collected. */
        size_t size = sizeof(*copy.members) * (size_t)copy.count;
        copy.members = arena_try_alloc(arena, size);
        if (!copy.members)
            return err_oom();
        memcpy(copy.members, b->top->members, size);
    }
    jsonb_end(&ended);
    return jsonb_finish(&ended, out);
}

struct err *jsonb_from_text(struct str text, struct arena *arena, struct datum *out)
{
    struct jsonb_builder b;
    jsonb_build_init(&b, arena);
    jsonb_put_json(&b, text);
    return jsonb_finish(&b, out);
}
