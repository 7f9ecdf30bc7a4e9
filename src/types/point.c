/* point: two doubles, 16 bytes LE. */
#include "types/number.h"
#include "types/point.h"
#include "types/types_internal.h"

#include "base/bytes.h"

struct point point_load(struct datum d)
{
    struct point p = {0, 0};
    if (d.len == POINT_BYTES) {
        uint64_t x = load_le64(d.p);
        uint64_t y = load_le64(d.p + 8);
        memcpy(&p.x, &x, sizeof(p.x));
        memcpy(&p.y, &y, sizeof(p.y));
    }
    return p;
}

struct datum point_datum(struct point p, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, POINT_BYTES);
    uint64_t x;
    uint64_t y;
    memcpy(&x, &p.x, sizeof(x));
    memcpy(&y, &p.y, sizeof(y));
    store_le64(bytes, x);
    store_le64(bytes + 8, y);
    return datum_bytes(bytes, POINT_BYTES);
}

static struct str skip(struct str s)
{
    while (s.len && is_space(s.data[0]))
        s = str_make(s.data + 1, s.len - 1);
    return s;
}

/* A number up to the character that ends it. */
static struct err *take_number(const struct type_env *env, struct str *s, struct str text,
                               struct arena *arena, double *out)
{
    const struct type_ops *float8 = &float8_ops;
    struct datum d;
    size_t n = 0;
    *s = skip(*s);
    while (n < s->len && !strchr(",()", s->data[n]))
        n++;
    struct str number = str_trim(str_make(s->data, n));
    if (!number.len)
        return bad_syntax("point", text);
    struct err *e = float8->in(float8, env, number, -1, arena, &d);
    if (e && err_is(e, "22P02")) {
        err_free(e);
        return bad_syntax("point", text);
    }
    TRY(e);
    *s = str_make(s->data + n, s->len - n);
    *out = d.f64;
    return NULL;
}

static struct err *point_in(TYPE_IN_PARAMS)
{
    struct str s = skip(text);
    struct point p;
    bool paren = s.len && s.data[0] == '(';
    if (paren)
        s = str_make(s.data + 1, s.len - 1);
    TRY(take_number(env, &s, text, arena, &p.x));
    if (!s.len || s.data[0] != ',')
        return bad_syntax("point", text);
    s = str_make(s.data + 1, s.len - 1);
    TRY(take_number(env, &s, text, arena, &p.y));
    if (paren && (!s.len || s.data[0] != ')'))
        return bad_syntax("point", text);
    if (paren)
        s = skip(str_make(s.data + 1, s.len - 1));
    if (s.len)
        return bad_syntax("point", text);
    *out = point_datum(p, arena);
    return NULL;
}

static struct err *point_out(TYPE_OUT_PARAMS)
{
    struct point p = point_load(d);
    buf_put_u8(out, '(');
    TRY(float8_ops.out(&float8_ops, env, datum_f64(p.x), out));
    buf_put_u8(out, ',');
    TRY(float8_ops.out(&float8_ops, env, datum_f64(p.y), out));
    buf_put_u8(out, ')');
    return NULL;
}

static struct err *point_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != POINT_BYTES)
        return bad_length("point", bytes.len);
    uint8_t *p = arena_alloc(arena, POINT_BYTES);
    store_le64(p, load_be64(bytes.data));
    store_le64(p + 8, load_be64(bytes.data + 8));
    *out = datum_bytes(p, POINT_BYTES);
    return NULL;
}

static struct err *point_send(TYPE_OUT_PARAMS)
{
    if (d.len != POINT_BYTES)
        return err_new("XX001", "malformed point");
    buf_put_be64(out, load_le64(d.p));
    buf_put_be64(out, load_le64(d.p + 8));
    return NULL;
}

/* Points have no order, and are equal within a tolerance: no hash, no keys. */
const struct type_ops point_ops = {
    .oid = POINT_OID,
    .name = "point",
    .len = -1,
    .in = point_in,
    .out = point_out,
    .recv = point_recv,
    .send = point_send,
};
