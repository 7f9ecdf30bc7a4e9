/* pg_snapshot and txid_snapshot: "xmin:xmax:xid,xid,..." (manual section 9.26.8). A value is its
 * text, with the numbers as they are printed. Neither has an order. */
#include "types/types_internal.h"

#include "types/snapshot.h"

/* A decimal number up to the end or a sign that is not one; false: there is none. */
static bool take_number(struct str *rest, uint64_t *out)
{
    size_t n = 0;
    uint64_t v = 0;
    for (; n < rest->len && rest->data[n] >= '0' && rest->data[n] <= '9'; n++)
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(rest->data[n] - '0'), &v))
            return false;
    *rest = str_make(rest->data + n, rest->len - n);
    *out = v;
    return n > 0 && v <= INT64_MAX;
}

static bool take_sign(struct str *rest, char sign)
{
    if (!rest->len || rest->data[0] != sign)
        return false;
    *rest = str_make(rest->data + 1, rest->len - 1);
    return true;
}

bool snapshot_open(struct str text, struct snapshot_text *out)
{
    *out = (struct snapshot_text){0};
    if (!take_number(&text, &out->xmin) || !take_sign(&text, ':') ||
        !take_number(&text, &out->xmax) || !take_sign(&text, ':'))
        return false;
    out->rest = text;
    return out->xmin > 0 && out->xmax >= out->xmin;
}

bool snapshot_next(struct snapshot_text *s, uint64_t *xid)
{
    if (!s->rest.len || !take_number(&s->rest, xid))
        return false;
    (void)take_sign(&s->rest, ',');
    return true;
}

void snapshot_put(struct buf *b, uint64_t xmin, uint64_t xmax, const uint64_t *xids, size_t n)
{
    buf_printf(b, "%llu:%llu:", (unsigned long long)xmin, (unsigned long long)xmax);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%llu", i ? "," : "", (unsigned long long)xids[i]);
}

static struct err *snapshot_in(TYPE_IN_PARAMS)
{
    struct snapshot_text s;
    struct buf b = BUF_INIT;
    uint64_t last = 0;
    uint64_t xid;
    (void)t;
    (void)env;
    (void)typmod;
    if (!snapshot_open(text, &s))
        return bad_syntax("pg_snapshot", text);
    snapshot_put(&b, s.xmin, s.xmax, NULL, 0);
    bool wrong = false;
    while (s.rest.len && !wrong) {
        wrong = !snapshot_next(&s, &xid) || xid < s.xmin || xid >= s.xmax || xid < last ||
                (!s.rest.len && text.data[text.len - 1] == ',');
        if (!wrong && xid != last)
            buf_printf(&b, "%s%llu", last ? "," : "", (unsigned long long)xid);
        last = xid;
    }
    struct err *e = wrong ? bad_syntax("pg_snapshot", text) : buf_finish(&b);
    if (!e)
        *out = datum_str(arena_str(arena, buf_str(&b)));
    buf_done(&b);
    return e;
}

static struct err *snapshot_out(TYPE_OUT_PARAMS)
{
    (void)t;
    (void)env;
    buf_put_str(out, datum_as_str(d));
    return NULL;
}

static struct err *snapshot_send(TYPE_OUT_PARAMS)
{
    struct snapshot_text s;
    uint32_t n = 0;
    uint64_t xid;
    (void)t;
    (void)env;
    if (!snapshot_open(datum_as_str(d), &s))
        return err_new("XX001", "malformed snapshot");
    for (struct snapshot_text all = s; snapshot_next(&all, &xid);)
        n++;
    buf_put_be32(out, n);
    buf_put_be64(out, s.xmin);
    buf_put_be64(out, s.xmax);
    while (snapshot_next(&s, &xid))
        buf_put_be64(out, xid);
    return NULL;
}

static struct err *snapshot_recv(TYPE_RECV_PARAMS)
{
    struct buf b = BUF_INIT;
    if (bytes.len < 20 || (bytes.len - 20) / 8 != load_be32(bytes.data) || (bytes.len - 20) % 8)
        return err_new("22P03", "invalid external pg_snapshot data");
    snapshot_put(&b, load_be64(bytes.data + 4), load_be64(bytes.data + 12), NULL, 0);
    for (size_t at = 20; at < bytes.len; at += 8)
        buf_printf(&b, "%s%llu", at > 20 ? "," : "",
                   (unsigned long long)load_be64(bytes.data + at));
    struct err *e = buf_finish(&b);
    if (!e)
        e = snapshot_in(t, env, buf_str(&b), typmod, arena, out);
    if (err_is(e, "22P02")) {
        err_free(e);
        e = err_new("22P03", "invalid external pg_snapshot data");
    }
    buf_done(&b);
    return e;
}

#define SNAPSHOT_OPS(number, type_name)                                                          \
    {                                                                                            \
        .oid = (number), .name = (type_name), .len = -1, .in = snapshot_in, .out = snapshot_out, \
        .recv = snapshot_recv, .send = snapshot_send                                             \
    }
const struct type_ops pg_snapshot_ops = SNAPSHOT_OPS(PG_SNAPSHOT_OID, "pg_snapshot");
const struct type_ops txid_snapshot_ops = SNAPSHOT_OPS(TXID_SNAPSHOT_OID, "txid_snapshot");
