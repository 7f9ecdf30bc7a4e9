/* Records: see record.h for the bytes. */
#include "types/record.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "types/number.h"
#include "types/types_internal.h"

enum { HEADER_BYTES = 8, FIELD_BYTES = 8, FLAG_NAMES = 1 };
static const uint32_t NULL_BIT = 0x80000000u;

static size_t total_bytes(int n, const struct type_ops *const *types, const struct str *names,
                          const struct datum *values)
{
    size_t size = HEADER_BYTES + (size_t)n * FIELD_BYTES;
    for (int i = 0; i < n; i++) {
        if (!values[i].null)
            size += types[i]->byval ? 8 : values[i].len;
        if (names)
            size += 5 + names[i].len;
    }
    return size;
}

struct err *record_make(uint32_t type_oid, int nfields, const struct type_ops *const *types,
                        const struct str *names, const struct datum *values, struct arena *arena,
                        struct datum *out)
{
    ASSERT(nfields >= 0 && nfields <= UINT16_MAX);
    size_t size = total_bytes(nfields, types, names, values);
    if (size > 0x3fffffff)
        return err_new("54000", "row is too large");
    uint8_t *bytes = arena_try_alloc(arena, size);
    if (!bytes)
        return err_oom();
    store_le32(bytes, type_oid);
    store_le16(bytes + 4, (uint16_t)nfields);
    bytes[6] = names ? FLAG_NAMES : 0;
    bytes[7] = 0;
    uint8_t *field = bytes + HEADER_BYTES;
    uint8_t *data = field + (size_t)nfields * FIELD_BYTES;
    uint8_t *p = data;
    for (int i = 0; i < nfields; i++, field += FIELD_BYTES) {
        if (!values[i].null && types[i]->byval) {
            store_le64(p, values[i].u);
            p += 8;
        } else if (!values[i].null && values[i].len) {
            memcpy(p, values[i].p, values[i].len);
            p += values[i].len;
        }
        store_le32(field, types[i]->oid);
        store_le32(field + 4, (uint32_t)(p - data) | (values[i].null ? NULL_BIT : 0));
    }
    for (int i = 0; names && i < nfields; i++) {
        p += varint_put(p, names[i].len);
        if (names[i].len)
            memcpy(p, names[i].data, names[i].len);
        p += names[i].len;
    }
    *out = datum_bytes(bytes, (size_t)(p - bytes));
    return NULL;
}

static bool open_record(struct datum d, struct record *out)
{
    if (d.len < HEADER_BYTES)
        return false;
    struct record r = {.type_oid = load_le32(d.p), .nfields = load_le16(d.p + 4)};
    size_t head = HEADER_BYTES + (size_t)r.nfields * FIELD_BYTES;
    if (d.len < head)
        return false;
    r.fields = d.p + HEADER_BYTES;
    r.bytes = d.p + head;
    uint32_t end = 0;
    for (int i = 0; i < r.nfields; i++) {
        uint32_t next = load_le32(r.fields + i * FIELD_BYTES + 4) & ~NULL_BIT;
        if (next < end || next > d.len - head)
            return false;
        end = next;
    }
    r.bytes_len = end;
    if (d.p[6] & FLAG_NAMES)
        r.names = str_make(r.bytes + end, d.len - head - end);
    *out = r;
    return true;
}

struct err *record_open(struct datum d, struct record *out)
{
    return open_record(d, out) ? NULL : err_new("XX001", "malformed record value");
}

uint32_t record_field_type(const struct record *r, int i)
{
    return load_le32(r->fields + i * FIELD_BYTES);
}

struct datum record_field(const struct record *r, int i, bool byval)
{
    uint32_t start = i ? load_le32(r->fields + (i - 1) * FIELD_BYTES + 4) & ~NULL_BIT : 0;
    uint32_t end = load_le32(r->fields + i * FIELD_BYTES + 4);
    if (end & NULL_BIT)
        return datum_null();
    if (byval)
        return end - start == 8 ? (struct datum){.u = load_le64(r->bytes + start)} : datum_null();
    return datum_bytes(r->bytes + start, end - start);
}

struct str record_field_name(const struct record *r, int i, char *tmp)
{
    const uint8_t *p = (const uint8_t *)r->names.data;
    const uint8_t *end = p + r->names.len;
    for (int k = 0; p && p < end; k++) {
        uint64_t len;
        size_t used = varint_get(p, end, &len);
        if (!used || len > (size_t)(end - p) - used)
            break;
        if (k == i)
            return str_make(p + used, len);
        p += used + len;
    }
    tmp[0] = 'f';
    return str_make(tmp, 1 + int_print(i + 1, tmp + 1));
}

static struct err *field_ops(const struct type_env *env, const struct record *r, int i,
                             const struct type_ops **out)
{
    *out = type_lookup(env, record_field_type(r, i));
    if (*out)
        return NULL;
    return err_new("XX001", "unknown type %u of a record's field", record_field_type(r, i));
}

/* A field is quoted when empty or when it holds a character of the record syntax. */
static void quote_field(struct buf *out, size_t start)
{
    if (out->failed)
        return;
    size_t doubled = 0;
    bool quote = out->len == start;
    for (size_t i = start; i < out->len; i++) {
        char c = (char)out->data[i];
        doubled += c == '"' || c == '\\';
        quote |= c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || is_space(c);
    }
    if (!quote || !buf_reserve(out, doubled + 2))
        return;
    uint8_t *to = out->data + out->len + doubled + 2;
    const uint8_t *from = out->data + out->len;
    *--to = '"';
    while (from > out->data + start) {
        uint8_t c = *--from;
        *--to = c;
        if (c == '"' || c == '\\')
            *--to = c;
    }
    *--to = '"';
    out->len += doubled + 2;
}

/* Values of composite types show the fields that the type has now. */
struct err *composite_values(const struct composite *c, struct datum d, struct arena *arena,
                             struct datum **out)
{
    struct record r;
    TRY(record_open(d, &r));
    *out = arena_new_array(arena, struct datum, c->nfields + 1);
    for (int i = 0; i < c->nfields; i++) {
        const struct composite_field *f = &c->fields[i];
        (*out)[i] =
            f->dropped || i >= r.nfields ? datum_null() : record_field(&r, i, f->ops->byval);
    }
    return NULL;
}

struct err *composite_make(uint32_t type, const struct composite *c, const struct datum *values,
                           struct arena *arena, struct datum *out)
{
    const struct type_ops **types = arena_new_array(arena, const struct type_ops *, c->nfields + 1);
    for (int i = 0; i < c->nfields; i++)
        types[i] = c->fields[i].dropped ? &void_ops : c->fields[i].ops;
    return record_make(type, c->nfields, types, NULL, values, arena, out);
}

static struct err *view_of_composite(const struct composite *c, struct datum d, struct arena *arena,
                                     struct record_view *out)
{
    struct datum *values = NULL;
    TRY(composite_values(c, d, arena, &values));
    for (int i = 0; i < c->nfields; i++) {
        const struct composite_field *f = &c->fields[i];
        if (f->dropped)
            continue;
        out->names[out->nfields] = f->name;
        out->types[out->nfields] = f->ops;
        out->values[out->nfields++] = values[i];
    }
    return NULL;
}

struct err *record_view(const struct type_env *env, struct datum d, struct arena *arena,
                        struct record_view *out)
{
    struct record r;
    struct composite c = {0};
    TRY(record_open(d, &r));
    bool typed = r.type_oid != RECORD_OID && env && env->composite_of;
    if (typed)
        TRY(env->composite_of(env->names, r.type_oid, arena, &c));
    int n = typed ? c.nfields : r.nfields;
    *out = (struct record_view){.names = arena_new_array(arena, struct str, n + 1),
                                .types = arena_new_array(arena, const struct type_ops *, n + 1),
                                .values = arena_new_array(arena, struct datum, n + 1)};
    if (typed)
        return view_of_composite(&c, d, arena, out);
    out->nfields = n;
    for (int i = 0; i < n; i++) {
        char tmp[16];
        TRY(field_ops(env, &r, i, &out->types[i]));
        out->names[i] = arena_str(arena, record_field_name(&r, i, tmp));
        out->values[i] = record_field(&r, i, out->types[i]->byval);
    }
    return NULL;
}

struct err *record_spread(const struct type_env *env, struct datum d, struct arena *arena,
                          struct datum *row, int ncols)
{
    struct record_view v = {0};
    if (!d.null)
        TRY(record_view(env, d, arena, &v));
    for (int i = 0; i < ncols; i++)
        row[i] = i < v.nfields ? v.values[i] : datum_null();
    return NULL;
}

static struct err *put_view(const struct type_env *env, const struct record_view *v,
                            struct buf *out)
{
    buf_put_u8(out, '(');
    for (int i = 0; i < v->nfields; i++) {
        const struct type_ops *field = v->types[i];
        if (i)
            buf_put_u8(out, ',');
        if (v->values[i].null)
            continue;
        size_t start = out->len;
        TRY(field->out(field, env, v->values[i], out));
        quote_field(out, start);
    }
    buf_put_u8(out, ')');
    return NULL;
}

static struct err *record_out(TYPE_OUT_PARAMS)
{
    struct record_view v;
    struct arena a;
    arena_init(&a);
    struct err *e = record_view(env, d, &a, &v);
    /* For the catalog: all fields, by which the value reads again whatever the type has become. */
    if (!e && d.len >= 4 && load_le32(d.p) != RECORD_OID && !(env && env->composite_of))
        buf_put_u8(out, '#');
    if (!e)
        e = put_view(env, &v, out);
    arena_done(&a);
    return e;
}

static struct err *send_view(const struct type_env *env, const struct record_view *v,
                             struct buf *out)
{
    buf_put_be32(out, (uint32_t)v->nfields);
    for (int i = 0; i < v->nfields; i++) {
        const struct type_ops *field = v->types[i];
        buf_put_be32(out, field->oid);
        size_t at = out->len;
        buf_put_be32(out, UINT32_MAX);
        if (v->values[i].null)
            continue;
        TRY(field->send(field, env, v->values[i], out));
        if (!out->failed)
            store_be32(out->data + at, (uint32_t)(out->len - at - 4));
    }
    return NULL;
}

static struct err *record_send(TYPE_OUT_PARAMS)
{
    struct record_view v;
    struct arena a;
    arena_init(&a);
    struct err *e = record_view(env, d, &a, &v);
    if (!e)
        e = send_view(env, &v, out);
    arena_done(&a);
    return e;
}

static struct err *record_in(TYPE_IN_PARAMS)
{
    return err_new("0A000", "input of anonymous composite types is not implemented");
}

static struct err *record_recv(TYPE_RECV_PARAMS)
{
    return record_in(t, env, bytes, typmod, arena, out);
}

bool type_is_record(const struct type_ops *t)
{
    return t && t->out == record_out;
}

/* Field by field; NULLs greatest. Fields of types without order compare equal: the analyzer
 * rejects comparisons of such records. */
static int record_compare(const struct type_ops *t, struct datum da, struct datum db)
{
    struct record a, b;
    if (!open_record(da, &a) || !open_record(db, &b))
        return bytes_compare(t, da, db);
    for (int i = 0; i < a.nfields && i < b.nfields; i++) {
        const struct type_ops *field = type_by_oid(record_field_type(&a, i));
        if (!field || !field->compare || record_field_type(&b, i) != record_field_type(&a, i))
            continue;
        struct datum x = record_field(&a, i, field->byval), y = record_field(&b, i, field->byval);
        int c = x.null || y.null ? x.null - y.null : field->compare(field, x, y);
        if (c)
            return c;
    }
    return (a.nfields > b.nfields) - (a.nfields < b.nfields);
}

static uint64_t record_hash(const struct type_ops *t, struct datum d)
{
    struct record r;
    if (!open_record(d, &r))
        return bytes_hash(t, d);
    uint64_t h = (uint64_t)r.nfields;
    for (int i = 0; i < r.nfields; i++) {
        const struct type_ops *field = type_by_oid(record_field_type(&r, i));
        struct datum v = record_field(&r, i, field && field->byval);
        h = hash_combine(h, !field || !field->hash || v.null ? 0 : field->hash(field, v));
    }
    return h;
}

static void record_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct record r;
    if (!open_record(d, &r))
        r = (struct record){.nfields = 0};
    for (int i = 0; i < r.nfields; i++) {
        const struct type_ops *field = type_by_oid(record_field_type(&r, i));
        struct datum v = record_field(&r, i, field && field->byval);
        buf_put_u8(out, v.null ? 3 : 2);
        if (!v.null && field && field->key)
            field->key(field, v, out);
    }
    buf_put_u8(out, 1);
}

const struct type_ops record_ops = {
    .oid = RECORD_OID,
    .name = "record",
    .len = -1,
    .in = record_in,
    .out = record_out,
    .recv = record_recv,
    .send = record_send,
    .compare = record_compare,
    .hash = record_hash,
    .key = record_key,
};

void type_init_composite(struct type_ops *t)
{
    uint32_t oid = t->oid;
    const char *name = t->name;
    *t = record_ops;
    t->oid = oid;
    t->name = name;
    t->in = composite_in;
    t->recv = composite_recv;
}
