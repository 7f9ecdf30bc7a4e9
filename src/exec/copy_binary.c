/* COPY's binary format (manual, "COPY", "Binary Format"): "PGCOPY\n\377\r\n\0", flags, the length
 * of a header extension; then for each row a 16-bit number of fields, and for each field a 32-bit
 * length
 * (-1: NULL) and the type's binary form; at the end -1 as a number of fields. All big-endian. */
#include "exec/copy_internal.h"

#include "base/bytes.h"

static const char signature[] = "PGCOPY\n\377\r\n";
enum { SIGNATURE_BYTES = 11 };
#define OIDS_FLAG 0x10000u
#define CRITICAL_FLAGS 0xffff0000u

/* ---- writing ---- */

void copy_binary_header(struct buf *b)
{
    buf_put(b, signature, SIGNATURE_BYTES);
    buf_put_be32(b, 0);
    buf_put_be32(b, 0);
}

void copy_binary_trailer(struct buf *b)
{
    buf_put_be16(b, (uint16_t)-1);
}

struct err *copy_binary_row(struct copy *c, const struct datum *row, struct buf *b)
{
    buf_put_be16(b, (uint16_t)c->ncols);
    for (int i = 0; i < c->ncols; i++) {
        const struct type_ops *ops = c->cols[i].ops;
        if (row[i].null) {
            buf_put_be32(b, (uint32_t)-1);
            continue;
        }
        if (!ops->send)
            return err_new("42883", "no binary output function available for type %s", ops->name);
        size_t at = b->len;
        buf_put_be32(b, 0);
        TRY(ops->send(ops, &c->types, row[i], b));
        if (b->len >= at + 4)
            store_be32(b->data + at, (uint32_t)(b->len - at - 4));
    }
    return NULL;
}

/* ---- reading ---- */

/* That many bytes into r->line; *found false: the input ended before the first of them. */
static struct err *take(struct copy_reader *r, size_t n, bool *found)
{
    buf_reset(&r->line);
    *found = true;
    while (r->line.len < n) {
        bool more;
        size_t have = r->piece.len - r->at;
        if (!have) {
            TRY(copy_next_piece(r, &more));
            if (more)
                continue;
            *found = r->line.len > 0 || !n;
            return r->line.len ? err_new("22P04", "unexpected EOF in COPY data") : NULL;
        }
        size_t part = have < n - r->line.len ? have : n - r->line.len;
        buf_put(&r->line, r->piece.data + r->at, part);
        r->at += part;
        TRY(buf_finish(&r->line));
    }
    return NULL;
}

static struct err *must_take(struct copy_reader *r, size_t n)
{
    bool found;
    TRY(take(r, n, &found));
    return found ? NULL : err_new("22P04", "unexpected EOF in COPY data");
}

/* Of the header, each part has an error of its own. */
static struct err *header_part(struct copy_reader *r, size_t n, bool *found)
{
    struct err *e = take(r, n, found);
    if (!e || !err_is(e, "22P04"))
        return e;
    err_free(e);
    *found = false;
    return NULL;
}

struct err *copy_binary_begin(struct copy_reader *r)
{
    bool found;
    TRY(header_part(r, SIGNATURE_BYTES, &found));
    if (!found || memcmp(r->line.data, signature, SIGNATURE_BYTES) != 0)
        return err_new("22P04", "COPY file signature not recognized");
    TRY(header_part(r, 4, &found));
    if (!found)
        return err_new("22P04", "invalid COPY file header (missing flags)");
    if (load_be32(r->line.data) & OIDS_FLAG)
        return err_new("22P04", "invalid COPY file header (WITH OIDS)");
    if (load_be32(r->line.data) & CRITICAL_FLAGS)
        return err_new("22P04", "unrecognized critical flags in COPY file header");
    TRY(header_part(r, 4, &found));
    if (!found || (int32_t)load_be32(r->line.data) < 0)
        return err_new("22P04", "invalid COPY file header (missing length)");
    uint32_t extension = load_be32(r->line.data);
    TRY(header_part(r, extension, &found));
    return found ? NULL : err_new("22P04", "invalid COPY file header (wrong length)");
}

static struct err *check_null(struct copy *c, const struct type_ops *ops)
{
    return ops->domain ? c->s->types.domain_check(c->s, ops->domain, datum_null()) : NULL;
}

static struct err *read_field(struct copy_reader *r, int i, struct arena *a, struct datum *out)
{
    enum { MAX_FIELD_BYTES = 0x3fffffff };
    struct copy *c = r->c;
    const struct type_ops *ops = c->cols[i].ops;
    r->column = i;
    TRY(must_take(r, 4));
    int32_t len = (int32_t)load_be32(r->line.data);
    *out = datum_null();
    if (len == -1)
        return check_null(c, ops);
    if (len < 0 || len > MAX_FIELD_BYTES)
        return err_new("22P04", "invalid field size");
    if (!ops->recv)
        return err_new("42883", "no binary input function available for type %s", ops->name);
    TRY(must_take(r, (size_t)len));
    struct str bytes = arena_str(a, buf_str(&r->line));
    return ops->recv(ops, &c->types, bytes, -1, a, out);
}

struct err *copy_binary_next(struct copy_reader *r, struct arena *a, struct datum *values,
                             bool *found)
{
    struct copy *c = r->c;
    r->line_number++;
    r->column = -1;
    TRY(take(r, 2, found));
    if (!*found)
        return NULL;
    int16_t n = (int16_t)load_be16(r->line.data);
    if (n == -1) {
        bool more;
        TRY(take(r, 1, &more));
        *found = false;
        return more ? err_new("22P04", "received copy data after EOF marker") : NULL;
    }
    if (n != c->ncols)
        return err_new("22P04", "row field count is %d, expected %d", n, c->ncols);
    for (int i = 0; i < c->ncols; i++)
        TRY(read_field(r, i, a, &values[i]));
    r->column = -1;
    return NULL;
}
