/* Text and binary forms of the geometric types: manual section 8.8. */
#include "types/geometry.h"
#include "types/number.h"
#include "types/types_internal.h"

#include "base/bytes.h"

enum { POINT_BYTES = 16 };

/* ---- values ---- */

static double double_at(const uint8_t *bytes)
{
    uint64_t bits = load_le64(bytes);
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

static void put_double(uint8_t *bytes, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    store_le64(bytes, bits);
}

/* Zeros for a datum of another length. */
static void load(struct datum d, double *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = d.len == 8 * count ? double_at(d.p + 8 * i) : 0;
}

static struct datum store(const double *v, size_t count, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, 8 * count);
    for (size_t i = 0; i < count; i++)
        put_double(bytes + 8 * i, v[i]);
    return datum_bytes(bytes, 8 * count);
}

struct point point_load(struct datum d)
{
    double v[2] = {0};
    load(d, v, 2);
    return (struct point){v[0], v[1]};
}

struct line line_load(struct datum d)
{
    double v[3] = {0};
    load(d, v, 3);
    return (struct line){v[0], v[1], v[2]};
}

struct lseg lseg_load(struct datum d)
{
    double v[4] = {0};
    load(d, v, 4);
    return (struct lseg){{{v[0], v[1]}, {v[2], v[3]}}};
}

struct box box_load(struct datum d)
{
    double v[4] = {0};
    load(d, v, 4);
    return (struct box){{v[0], v[1]}, {v[2], v[3]}};
}

struct circle circle_load(struct datum d)
{
    double v[3] = {0};
    load(d, v, 3);
    return (struct circle){{v[0], v[1]}, v[2]};
}

struct points path_load(struct datum d)
{
    if (d.len < 1)
        return (struct points){0};
    return (struct points){d.p + 1, (int)((d.len - 1) / POINT_BYTES), d.p[0] != 0};
}

struct points polygon_load(struct datum d)
{
    return (struct points){d.p, (int)(d.len / POINT_BYTES), true};
}

struct point point_of(struct points ps, int i)
{
    const uint8_t *bytes = ps.bytes + (size_t)i * POINT_BYTES;
    return (struct point){double_at(bytes), double_at(bytes + 8)};
}

struct datum point_datum(struct point p, struct arena *arena)
{
    return store((double[]){p.x, p.y}, 2, arena);
}

struct datum line_datum(struct line l, struct arena *arena)
{
    return store((double[]){l.a, l.b, l.c}, 3, arena);
}

struct datum lseg_datum(struct lseg s, struct arena *arena)
{
    return store((double[]){s.p[0].x, s.p[0].y, s.p[1].x, s.p[1].y}, 4, arena);
}

struct datum box_datum(struct box b, struct arena *arena)
{
    return store((double[]){b.high.x, b.high.y, b.low.x, b.low.y}, 4, arena);
}

struct datum circle_datum(struct circle c, struct arena *arena)
{
    return store((double[]){c.center.x, c.center.y, c.radius}, 3, arena);
}

/* Points behind `before` bytes. */
static struct datum store_points(const struct point *p, int count, size_t before,
                                 struct arena *arena)
{
    size_t len = before + (size_t)count * POINT_BYTES;
    uint8_t *bytes = arena_alloc(arena, len);
    for (int i = 0; i < count; i++) {
        put_double(bytes + before + (size_t)i * POINT_BYTES, p[i].x);
        put_double(bytes + before + (size_t)i * POINT_BYTES + 8, p[i].y);
    }
    return datum_bytes(bytes, len);
}

struct datum path_datum(bool closed, const struct point *p, int count, struct arena *arena)
{
    struct datum d = store_points(p, count, 1, arena);
    ((uint8_t *)d.p)[0] = closed;
    return d;
}

struct datum polygon_datum(const struct point *p, int count, struct arena *arena)
{
    return store_points(p, count, 0, arena);
}

uint32_t geometry_item_type(uint32_t type)
{
    return type == POINT_OID || type == LINE_OID ? FLOAT8_OID
           : type == LSEG_OID || type == BOX_OID ? POINT_OID
                                                 : 0;
}

static size_t item_bytes(uint32_t type)
{
    return geometry_item_type(type) == POINT_OID ? POINT_BYTES : 8;
}

struct datum geometry_item(uint32_t type, struct datum d, int32_t at)
{
    size_t bytes = item_bytes(type);
    if (at < 0 || (size_t)at >= d.len / bytes)
        return datum_null();
    const uint8_t *p = d.p + (size_t)at * bytes;
    return bytes == 8 ? datum_f64(double_at(p)) : datum_bytes(p, bytes);
}

bool geometry_set_item(uint32_t type, struct datum d, int32_t at, struct datum item,
                       struct arena *arena, struct datum *out)
{
    size_t bytes = item_bytes(type);
    if (at < 0 || (size_t)at >= d.len / bytes)
        return false;
    uint8_t *copy = arena_alloc(arena, d.len);
    memcpy(copy, d.p, d.len);
    if (bytes == 8)
        put_double(copy + (size_t)at * bytes, item.f64);
    else
        memcpy(copy + (size_t)at * bytes, item.p, bytes);
    *out = datum_bytes(copy, d.len);
    return true;
}

struct box box_of(struct point a, struct point b)
{
    struct box out = {b, a};
    if (is_less(b.x, a.x)) {
        out.high.x = a.x;
        out.low.x = b.x;
    }
    if (is_less(b.y, a.y)) {
        out.high.y = a.y;
        out.low.y = b.y;
    }
    return out;
}

static bool coordinate_equal(double a, double b, bool exact)
{
    return exact ? a == b || (isnan(a) && isnan(b)) : near_equal(a, b);
}

bool point_equal(struct point a, struct point b)
{
    bool exact = isnan(a.x) || isnan(a.y) || isnan(b.x) || isnan(b.y);
    return coordinate_equal(a.x, b.x, exact) && coordinate_equal(a.y, b.y, exact);
}

double slope_of(struct point a, struct point b)
{
    return near_equal(a.x, b.x) ? INFINITY : near_equal(a.y, b.y) ? 0 : (a.y - b.y) / (a.x - b.x);
}

struct line line_through(struct point p, double slope)
{
    if (isinf(slope))
        return (struct line){-1, 0, p.x};
    if (slope == 0)
        return (struct line){0, -1, p.y};
    /* Adding zero makes the negative one positive. */
    return (struct line){slope, -1, p.y - slope * p.x + 0.0};
}

/* ---- text ---- */

/* Where a text is read, and what for. */
struct reader {
    const struct type_env *env;
    struct arena *arena;
    const char *type;
    struct str text; /* all of it, for messages */
    struct str s;    /* what is left */
};

static struct err *bad(const struct reader *r)
{
    return bad_syntax(r->type, r->text);
}

static void skip_space(struct reader *r)
{
    while (r->s.len && is_space(r->s.data[0]))
        r->s = str_make(r->s.data + 1, r->s.len - 1);
}

static bool is_next(const struct reader *r, char c)
{
    return r->s.len && r->s.data[0] == c;
}

/* The character and the white space behind it. */
static bool take(struct reader *r, char c)
{
    if (!is_next(r, c))
        return false;
    r->s = str_make(r->s.data + 1, r->s.len - 1);
    skip_space(r);
    return true;
}

static struct err *expect(struct reader *r, char c)
{
    return take(r, c) ? NULL : bad(r);
}

static struct err *expect_end(const struct reader *r)
{
    return r->s.len ? bad(r) : NULL;
}

/* Up to the character that ends it. */
static struct err *take_number(struct reader *r, double *out)
{
    struct datum d;
    size_t n = 0;
    skip_space(r);
    while (n < r->s.len && !strchr(",()[]{}<>", r->s.data[n]))
        n++;
    struct str number = str_trim(str_make(r->s.data, n));
    if (!number.len)
        return bad(r);
    struct err *e = float8_ops.in(&float8_ops, r->env, number, -1, r->arena, &d);
    if (e && err_is(e, "22P02")) {
        err_free(e);
        return bad(r);
    }
    TRY(e);
    r->s = str_make(r->s.data + n, r->s.len - n);
    *out = d.f64;
    return NULL;
}

/* "(x, y)" or "x, y" */
static struct err *take_pair(struct reader *r, struct point *out)
{
    skip_space(r);
    bool paren = take(r, '(');
    TRY(take_number(r, &out->x));
    TRY(expect(r, ','));
    TRY(take_number(r, &out->y));
    return paren ? expect(r, ')') : NULL;
}

/* Whether the parenthesis that comes next is around more than one pair: another one stands directly
 * behind it, or none anywhere. */
static bool is_around(const struct reader *r)
{
    struct reader inner = *r;
    (void)take(&inner, '(');
    return is_next(&inner, '(') || !memchr(inner.s.data, '(', inner.s.len);
}

/* Pairs, maybe in parentheses, or in brackets where `bracket` is not NULL, which then tells. */
static struct err *take_pairs(struct reader *r, int count, bool *bracket, struct point *out)
{
    skip_space(r);
    bool open = is_next(r, '[');
    if (open && !bracket)
        return bad(r);
    bool around = open || (is_next(r, '(') && is_around(r));
    if (around)
        (void)take(r, r->s.data[0]);
    for (int i = 0; i < count; i++) {
        TRY(take_pair(r, &out[i]));
        (void)take(r, ',');
    }
    if (bracket)
        *bracket = open;
    return around && !(open && take(r, ']')) ? expect(r, ')') : NULL;
}

/* How many pairs there are by the commas, 0: none or a half one. */
static int count_pairs(struct str s)
{
    size_t commas = 0;
    for (size_t i = 0; i < s.len; i++)
        commas += s.data[i] == ',';
    return commas % 2 ? (int)(commas / 2 + 1) : 0;
}

static struct reader reader_of(const struct type_ops *t, const struct type_env *env,
                               struct str text, struct arena *arena)
{
    struct reader r = {.env = env, .arena = arena, .type = t->name, .text = text, .s = text};
    skip_space(&r);
    return r;
}

static struct err *put_number(const struct type_env *env, double v, struct buf *out)
{
    return float8_ops.out(&float8_ops, env, datum_f64(v), out);
}

static struct err *put_pair(const struct type_env *env, struct point p, struct buf *out)
{
    buf_put_u8(out, '(');
    TRY(put_number(env, p.x, out));
    buf_put_u8(out, ',');
    TRY(put_number(env, p.y, out));
    buf_put_u8(out, ')');
    return NULL;
}

static struct err *put_pairs(const struct type_env *env, struct points ps, const char *around,
                             struct buf *out)
{
    buf_put_u8(out, (uint8_t)around[0]);
    for (int i = 0; i < ps.count; i++) {
        if (i)
            buf_put_u8(out, ',');
        TRY(put_pair(env, point_of(ps, i), out));
    }
    buf_put_u8(out, (uint8_t)around[1]);
    return NULL;
}

/* ---- binary ---- */

/* So many doubles behind `before` bytes, and nothing more. */
static struct err *recv_doubles(const struct type_ops *t, struct str bytes, double *out,
                                size_t count)
{
    if (bytes.len != 8 * count)
        return bad_length(t->name, bytes.len);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = load_be64(bytes.data + 8 * i);
        memcpy(&out[i], &bits, sizeof(bits));
    }
    return NULL;
}

static struct err *recv_points(const struct type_ops *t, struct str bytes, struct arena *arena,
                               struct point **out, int *count)
{
    if (bytes.len < 4)
        return bad_length(t->name, bytes.len);
    int32_t n = (int32_t)load_be32(bytes.data);
    if (n <= 0 || n > INT32_MAX / POINT_BYTES)
        return err_new("22P03", "invalid number of points in external \"%s\" value", t->name);
    if (bytes.len - 4 != (size_t)n * POINT_BYTES)
        return bad_length(t->name, bytes.len);
    double *v = arena_new_array(arena, double, 2 * (size_t)n);
    TRY(recv_doubles(t, str_make(bytes.data + 4, bytes.len - 4), v, 2 * (size_t)n));
    *out = arena_new_array(arena, struct point, (size_t)n);
    for (int i = 0; i < n; i++)
        (*out)[i] = (struct point){v[2 * i], v[2 * i + 1]};
    *count = n;
    return NULL;
}

/* Of a point or an lseg: any doubles. */
static struct err *recv_any(TYPE_RECV_PARAMS)
{
    double v[4];
    size_t count = t->oid == POINT_OID ? 2 : 4;
    TRY(recv_doubles(t, bytes, v, count));
    *out = store(v, count, arena);
    return NULL;
}

/* Of the types that are nothing but doubles. */
static struct err *send_doubles(TYPE_OUT_PARAMS)
{
    (void)t;
    (void)env;
    for (size_t i = 0; i + 8 <= d.len; i += 8)
        buf_put_be64(out, load_le64(d.p + i));
    return NULL;
}

static void send_points(struct points ps, struct buf *out)
{
    buf_put_be32(out, (uint32_t)ps.count);
    for (size_t i = 0; i < 2 * (size_t)ps.count; i++)
        buf_put_be64(out, load_le64(ps.bytes + 8 * i));
}

/* ---- point ---- */

static struct err *point_in(TYPE_IN_PARAMS)
{
    struct reader r = reader_of(t, env, text, arena);
    struct point p;
    TRY(take_pair(&r, &p));
    TRY(expect_end(&r));
    *out = point_datum(p, arena);
    return NULL;
}

static struct err *point_out(TYPE_OUT_PARAMS)
{
    return put_pair(env, point_load(d), out);
}

/* ---- line ---- */

static const char no_direction[] = "invalid line specification: A and B cannot both be zero";

/* "{A, B, C}", or two points of it. */
static struct err *line_in(TYPE_IN_PARAMS)
{
    struct reader r = reader_of(t, env, text, arena);
    struct line l;
    if (take(&r, '{')) {
        TRY(take_number(&r, &l.a));
        TRY(expect(&r, ','));
        TRY(take_number(&r, &l.b));
        TRY(expect(&r, ','));
        TRY(take_number(&r, &l.c));
        TRY(expect(&r, '}'));
        TRY(expect_end(&r));
        if (near_zero(l.a) && near_zero(l.b))
            return err_new("22P02", no_direction);
    } else {
        struct point p[2];
        bool bracket;
        TRY(take_pairs(&r, 2, &bracket, p));
        TRY(expect_end(&r));
        if (point_equal(p[0], p[1]))
            return err_new("22P02", "invalid line specification: must be two distinct points");
        l = line_through(p[0], slope_of(p[0], p[1]));
    }
    *out = line_datum(l, arena);
    return NULL;
}

static struct err *line_out(TYPE_OUT_PARAMS)
{
    struct line l = line_load(d);
    buf_put_u8(out, '{');
    TRY(put_number(env, l.a, out));
    buf_put_u8(out, ',');
    TRY(put_number(env, l.b, out));
    buf_put_u8(out, ',');
    TRY(put_number(env, l.c, out));
    buf_put_u8(out, '}');
    return NULL;
}

static struct err *line_recv(TYPE_RECV_PARAMS)
{
    double v[3] = {0};
    TRY(recv_doubles(t, bytes, v, 3));
    if (near_zero(v[0]) && near_zero(v[1]))
        return err_new("22P03", no_direction);
    *out = store(v, 3, arena);
    return NULL;
}

/* ---- lseg ---- */

static struct err *lseg_in(TYPE_IN_PARAMS)
{
    struct reader r = reader_of(t, env, text, arena);
    struct lseg s;
    bool bracket;
    TRY(take_pairs(&r, 2, &bracket, s.p));
    TRY(expect_end(&r));
    *out = lseg_datum(s, arena);
    return NULL;
}

static struct err *lseg_out(TYPE_OUT_PARAMS)
{
    return put_pairs(env, (struct points){d.p, (int)(d.len / POINT_BYTES), false}, "[]", out);
}

/* ---- box ---- */

static struct err *box_in(TYPE_IN_PARAMS)
{
    struct reader r = reader_of(t, env, text, arena);
    struct point p[2];
    TRY(take_pairs(&r, 2, NULL, p));
    TRY(expect_end(&r));
    *out = box_datum(box_of(p[1], p[0]), arena);
    return NULL;
}

static struct err *box_out(TYPE_OUT_PARAMS)
{
    struct box b = box_load(d);
    TRY(put_pair(env, b.high, out));
    buf_put_u8(out, ',');
    return put_pair(env, b.low, out);
}

static struct err *box_recv(TYPE_RECV_PARAMS)
{
    double v[4] = {0};
    TRY(recv_doubles(t, bytes, v, 4));
    *out = box_datum(box_of((struct point){v[2], v[3]}, (struct point){v[0], v[1]}), arena);
    return NULL;
}

/* ---- path ---- */

/* "[...]" is open; a single parenthesis around the pairs may close behind them. */
static struct err *path_in(TYPE_IN_PARAMS)
{
    struct reader r = reader_of(t, env, text, arena);
    int count = count_pairs(text);
    bool open;
    if (!count)
        return bad(&r);
    struct point *p = arena_new_array(arena, struct point, (size_t)count);
    TRY(take_pairs(&r, count, &open, p));
    TRY(expect_end(&r));
    *out = path_datum(!open, p, count, arena);
    return NULL;
}

static struct err *path_out(TYPE_OUT_PARAMS)
{
    struct points ps = path_load(d);
    return put_pairs(env, ps, ps.closed ? "()" : "[]", out);
}

static struct err *path_recv(TYPE_RECV_PARAMS)
{
    struct point *p = NULL;
    int count = 0;
    if (!bytes.len)
        return bad_length(t->name, bytes.len);
    TRY(recv_points(t, str_make(bytes.data + 1, bytes.len - 1), arena, &p, &count));
    *out = path_datum(bytes.data[0] != 0, p, count, arena);
    return NULL;
}

static struct err *path_send(TYPE_OUT_PARAMS)
{
    struct points ps = path_load(d);
    buf_put_u8(out, ps.closed);
    send_points(ps, out);
    return NULL;
}

/* ---- polygon ---- */

static struct err *polygon_in(TYPE_IN_PARAMS)
{
    struct reader r = reader_of(t, env, text, arena);
    int count = count_pairs(text);
    if (!count)
        return bad(&r);
    struct point *p = arena_new_array(arena, struct point, (size_t)count);
    TRY(take_pairs(&r, count, NULL, p));
    TRY(expect_end(&r));
    *out = polygon_datum(p, count, arena);
    return NULL;
}

static struct err *polygon_out(TYPE_OUT_PARAMS)
{
    return put_pairs(env, polygon_load(d), "()", out);
}

static struct err *polygon_recv(TYPE_RECV_PARAMS)
{
    struct point *p = NULL;
    int count = 0;
    TRY(recv_points(t, bytes, arena, &p, &count));
    *out = polygon_datum(p, count, arena);
    return NULL;
}

static struct err *polygon_send(TYPE_OUT_PARAMS)
{
    send_points(polygon_load(d), out);
    return NULL;
}

/* ---- circle ---- */

/* "<(x, y), r>", "((x, y), r)", or without what is around. */
static struct err *circle_in(TYPE_IN_PARAMS)
{
    struct reader r = reader_of(t, env, text, arena);
    struct circle c;
    struct reader inner = r;
    char end = is_next(&r, '<') ? '>' : take(&inner, '(') && is_next(&inner, '(') ? ')' : 0;
    if (end)
        (void)take(&r, r.s.data[0]);
    TRY(take_pair(&r, &c.center));
    (void)take(&r, ',');
    TRY(take_number(&r, &c.radius));
    if (c.radius < 0)
        return bad(&r);
    if (end && !(end == '>' && take(&r, ')')))
        TRY(expect(&r, end));
    TRY(expect_end(&r));
    *out = circle_datum(c, arena);
    return NULL;
}

static struct err *circle_out(TYPE_OUT_PARAMS)
{
    struct circle c = circle_load(d);
    buf_put_u8(out, '<');
    TRY(put_pair(env, c.center, out));
    buf_put_u8(out, ',');
    TRY(put_number(env, c.radius, out));
    buf_put_u8(out, '>');
    return NULL;
}

static struct err *circle_recv(TYPE_RECV_PARAMS)
{
    double v[3] = {0};
    TRY(recv_doubles(t, bytes, v, 3));
    if (v[2] < 0)
        return err_new("22P03", "invalid radius in external \"circle\" value");
    *out = store(v, 3, arena);
    return NULL;
}

/* They have no order, and are equal within a tolerance: no hash, no keys. */
#define GEOMETRY_OPS(type, type_oid, recv_fn, send_fn) \
    const struct type_ops type##_ops = {               \
        .oid = type_oid,                               \
        .name = #type,                                 \
        .len = -1,                                     \
        .in = type##_in,                               \
        .out = type##_out,                             \
        .recv = recv_fn,                               \
        .send = send_fn,                               \
    }

GEOMETRY_OPS(point, POINT_OID, recv_any, send_doubles);
GEOMETRY_OPS(line, LINE_OID, line_recv, send_doubles);
GEOMETRY_OPS(lseg, LSEG_OID, recv_any, send_doubles);
GEOMETRY_OPS(box, BOX_OID, box_recv, send_doubles);
GEOMETRY_OPS(path, PATH_OID, path_recv, path_send);
GEOMETRY_OPS(polygon, POLYGON_OID, polygon_recv, polygon_send);
GEOMETRY_OPS(circle, CIRCLE_OID, circle_recv, send_doubles);
