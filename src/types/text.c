/* Character strings: text, varchar, char(n), name, unknown, cstring and types kept as text. Order
 * is that of the bytes (collation "C"). */
#include "types/text.h"
#include "types/encoding.h"
#include "types/types_internal.h"

#include "base/hash.h"
#include "types/key.h"

enum { NAME_MAX_BYTES = 63 };

int bytes_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    uint32_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

uint64_t bytes_hash(const struct type_ops *t, struct datum d)
{
    return hash_bytes(d.p, d.len, 0);
}

void bytes_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_bytes(out, d.p, d.len);
}

static struct err *text_in(TYPE_IN_PARAMS)
{
    TRY(utf8_verify(text));
    *out = datum_str(text);
    return NULL;
}

static struct err *text_out(TYPE_OUT_PARAMS)
{
    buf_put(out, d.p, d.len);
    return NULL;
}

struct err *recv_as_text(TYPE_RECV_PARAMS)
{
    TRY(encoding_from_client(env ? env->client_encoding : NULL, bytes, arena, &bytes));
    return t->in(t, env, bytes, typmod, arena, out);
}

struct err *send_as_text(TYPE_OUT_PARAMS)
{
    size_t at = out->len;
    TRY(t->out(t, env, d, out));
    return encoding_to_client(env ? env->client_encoding : NULL, out, at);
}

/* varchar(n), char(n): a literal or parameter that is too long is an error unless only blanks go.
 */
static struct err *limited_in(TYPE_IN_PARAMS)
{
    TRY(utf8_verify(text));
    return type_apply_typmod(t, datum_str(text), typmod, false, arena, out);
}

static struct err *name_in(TYPE_IN_PARAMS)
{
    TRY(utf8_verify(text));
    *out = datum_bytes(text.data, utf8_clip(text, NAME_MAX_BYTES));
    return NULL;
}

static struct err *name_recv(TYPE_RECV_PARAMS)
{
    TRY(encoding_from_client(env ? env->client_encoding : NULL, bytes, arena, &bytes));
    if (bytes.len > NAME_MAX_BYTES)
        return err_detail(err_new("42622", "identifier too long"),
                          "Identifier must be less than 64 characters.");
    return name_in(t, env, bytes, typmod, arena, out);
}

/* char(n) compares without its trailing blanks. */

static struct datum unpadded(struct datum d)
{
    while (d.len && d.p[d.len - 1] == ' ')
        d.len--;
    return d;
}

static int bpchar_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return bytes_compare(t, unpadded(a), unpadded(b));
}

static uint64_t bpchar_hash(const struct type_ops *t, struct datum d)
{
    return bytes_hash(t, unpadded(d));
}

static void bpchar_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    bytes_key(t, unpadded(d), out);
}

#define TEXT_TYPE(ident, type_oid, type_name, in_fn, recv_fn) \
    const struct type_ops ident##_ops = {                     \
        .oid = type_oid,                                      \
        .name = type_name,                                    \
        .len = -1,                                            \
        .in = in_fn,                                          \
        .out = text_out,                                      \
        .recv = recv_fn,                                      \
        .send = send_as_text,                                 \
        .compare = bytes_compare,                             \
        .hash = bytes_hash,                                   \
        .key = bytes_key,                                     \
    }
TEXT_TYPE(text, TEXT_OID, "text", text_in, recv_as_text);
TEXT_TYPE(varchar, VARCHAR_OID, "character varying", limited_in, recv_as_text);
TEXT_TYPE(name, NAME_OID, "name", name_in, name_recv);
TEXT_TYPE(unknown, UNKNOWN_OID, "unknown", text_in, recv_as_text);
TEXT_TYPE(cstring, CSTRING_OID, "cstring", text_in, recv_as_text);
TEXT_TYPE(refcursor, REFCURSOR_OID, "refcursor", text_in, recv_as_text);
TEXT_TYPE(xml, XML_OID, "xml", text_in, recv_as_text);
TEXT_TYPE(pg_node_tree, PG_NODE_TREE_OID, "pg_node_tree", text_in, recv_as_text);

const struct type_ops bpchar_ops = {
    .oid = BPCHAR_OID,
    .name = "character",
    .len = -1,
    .in = limited_in,
    .out = text_out,
    .recv = recv_as_text,
    .send = send_as_text,
    .compare = bpchar_compare,
    .hash = bpchar_hash,
    .key = bpchar_key,
};
