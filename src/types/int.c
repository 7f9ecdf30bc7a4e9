/* bool, "char", smallint, integer, bigint, oid and its relatives, xid, xid8, cid, tid. All by value
 * in `datum.i`. */
#include "types/number.h"
#include "types/types_internal.h"

#include "base/hash.h"
#include "types/key.h"

struct err *int_parse(struct str text, int64_t min, int64_t max, const char *type_name,
                      int64_t *out)
{
    struct str s = str_trim(text);
    size_t at = 0;
    bool negative = false;
    if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
        negative = s.data[at++] == '-';
    if (at == s.len)
        return bad_syntax(type_name, text);
    /* Collected as a negative number, whose range is the larger one. */
    int64_t v = 0;
    bool overflow = false;
    for (; at < s.len; at++) {
        if (!is_digit(s.data[at]))
            return bad_syntax(type_name, text);
        overflow |= __builtin_mul_overflow(v, 10, &v) ||
                    __builtin_sub_overflow(v, (int64_t)(s.data[at] - '0'), &v);
    }
    if (overflow || (!negative && v == INT64_MIN))
        return out_of_range(type_name, text);
    if (!negative)
        v = -v;
    if (v < min || v > max)
        return out_of_range(type_name, text);
    *out = v;
    return NULL;
}

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

size_t int_print(int64_t v, char *out)
{
    char tmp[20];
    char *end = tmp + sizeof(tmp);
    char *p = end;
    uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
    while (u >= 100) {
        p -= 2;
        memcpy(p, digit_pairs + 2 * (u % 100), 2);
        u /= 100;
    }
    if (u >= 10) {
        p -= 2;
        memcpy(p, digit_pairs + 2 * u, 2);
    } else {
        *--p = (char)('0' + u);
    }
    if (v < 0)
        *--p = '-';
    memcpy(out, p, (size_t)(end - p));
    return (size_t)(end - p);
}

void buf_put_int(struct buf *b, int64_t v)
{
    if (buf_reserve(b, 20))
        b->len += int_print(v, (char *)b->data + b->len);
}

int int_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return (a.i > b.i) - (a.i < b.i);
}

uint64_t int_hash(const struct type_ops *t, struct datum d)
{
    return hash_u64(d.u);
}

/* Signed types of 1, 2, 4 and 8 bytes. */

static struct err *int_in(TYPE_IN_PARAMS)
{
    int64_t min = t->len == 8 ? INT64_MIN : t->len == 4 ? INT32_MIN : INT16_MIN;
    int64_t v;
    TRY(int_parse(text, min, -(min + 1), t->name, &v));
    *out = datum_int(v);
    return NULL;
}

static struct err *int_out(TYPE_OUT_PARAMS)
{
    buf_put_int(out, d.i);
    return NULL;
}

static struct err *int_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != (size_t)t->len)
        return bad_length(t->name, bytes.len);
    int64_t v = t->len == 8   ? (int64_t)load_be64(bytes.data)
                : t->len == 4 ? (int32_t)load_be32(bytes.data)
                              : (int16_t)load_be16(bytes.data);
    *out = datum_int(v);
    return NULL;
}

static struct err *int_send(TYPE_OUT_PARAMS)
{
    if (t->len == 8)
        buf_put_be64(out, d.u);
    else if (t->len == 4)
        buf_put_be32(out, (uint32_t)d.u);
    else
        buf_put_be16(out, (uint16_t)d.u);
    return NULL;
}

static void int_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    if (t->len == 8)
        key_put_int64(out, d.i);
    else if (t->len == 4)
        key_put_int32(out, (int32_t)d.i);
    else
        key_put_int16(out, (int16_t)d.i);
}

#define SIGNED_TYPE(ident, type_oid, type_name, bytes) \
    const struct type_ops ident##_ops = {              \
        .oid = type_oid,                               \
        .name = type_name,                             \
        .len = bytes,                                  \
        .byval = true,                                 \
        .in = int_in,                                  \
        .out = int_out,                                \
        .recv = int_recv,                              \
        .send = int_send,                              \
        .compare = int_compare,                        \
        .hash = int_hash,                              \
        .key = int_key,                                \
    }
SIGNED_TYPE(int2, INT2_OID, "smallint", 2);
SIGNED_TYPE(int4, INT4_OID, "integer", 4);
SIGNED_TYPE(int8, INT8_OID, "bigint", 8);

/* boolean */

/* `text` abbreviates `word` by at least `least` characters. */
static bool abbreviates(struct str text, const char *word, size_t least)
{
    if (text.len < least || text.len > strlen(word))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (to_lower(text.data[i]) != word[i])
            return false;
    return true;
}

static struct err *bool_in(TYPE_IN_PARAMS)
{
    struct str s = str_trim(text);
    if (abbreviates(s, "true", 1) || abbreviates(s, "yes", 1) || abbreviates(s, "on", 2) ||
        str_eq(s, STR("1")))
        *out = datum_bool(true);
    else if (abbreviates(s, "false", 1) || abbreviates(s, "no", 1) || abbreviates(s, "off", 2) ||
             str_eq(s, STR("0")))
        *out = datum_bool(false);
    else
        return bad_syntax("boolean", text);
    return NULL;
}

static struct err *bool_out(TYPE_OUT_PARAMS)
{
    buf_put_u8(out, d.i ? 't' : 'f');
    return NULL;
}

static struct err *bool_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 1)
        return bad_length(t->name, bytes.len);
    *out = datum_bool(bytes.data[0] != 0);
    return NULL;
}

static struct err *byte_send(TYPE_OUT_PARAMS)
{
    buf_put_u8(out, (uint8_t)d.u);
    return NULL;
}

static void byte_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    buf_put_u8(out, (uint8_t)d.u);
}

const struct type_ops bool_ops = {
    .oid = BOOL_OID,
    .name = "boolean",
    .len = 1,
    .byval = true,
    .in = bool_in,
    .out = bool_out,
    .recv = bool_recv,
    .send = byte_send,
    .compare = int_compare,
    .hash = int_hash,
    .key = byte_key,
};

/* "char": one byte, ordered as an unsigned one. */

/* A byte that is no ASCII reads and prints as a backslash and three octal digits. */
uint8_t char_parse(struct str s)
{
    if (s.len == 4 && s.data[0] == '\\' && s.data[1] >= '0' && s.data[1] <= '3' &&
        s.data[2] >= '0' && s.data[2] <= '7' && s.data[3] >= '0' && s.data[3] <= '7')
        return (uint8_t)((s.data[1] - '0') << 6 | (s.data[2] - '0') << 3 | (s.data[3] - '0'));
    return s.len ? (uint8_t)s.data[0] : 0;
}

size_t char_print(uint8_t v, char *out)
{
    if (v < 0x80) {
        out[0] = (char)v;
        return v != 0;
    }
    out[0] = '\\';
    out[1] = (char)('0' + (v >> 6));
    out[2] = (char)('0' + (v >> 3 & 7));
    out[3] = (char)('0' + (v & 7));
    return 4;
}

static struct err *char_in(TYPE_IN_PARAMS)
{
    *out = datum_int((signed char)char_parse(text));
    return NULL;
}

static struct err *char_out(TYPE_OUT_PARAMS)
{
    char text[4];
    buf_put(out, text, char_print((uint8_t)d.u, text));
    return NULL;
}

static struct err *char_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 1)
        return bad_length(t->name, bytes.len);
    *out = datum_int((signed char)bytes.data[0]);
    return NULL;
}

static int char_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return (int)(uint8_t)a.u - (int)(uint8_t)b.u;
}

const struct type_ops char_ops = {
    .oid = CHAR_OID,
    .name = "\"char\"",
    .len = 1,
    .byval = true,
    .in = char_in,
    .out = char_out,
    .recv = char_recv,
    .send = byte_send,
    .compare = char_compare,
    .hash = int_hash,
    .key = byte_key,
};

/* oid, xid, cid, xid8: unsigned. */

static struct err *oid_parse(struct str text, const char *type_name, uint32_t *out)
{
    /* Negative numbers down to -2^31 stand for their two's complement, as strtoul has it. */
    int64_t v;
    TRY(int_parse(text, INT32_MIN, UINT32_MAX, type_name, &v));
    *out = (uint32_t)v;
    return NULL;
}

static struct err *oid_in(TYPE_IN_PARAMS)
{
    uint32_t v;
    TRY(oid_parse(text, "oid", &v));
    *out = datum_int(v);
    return NULL;
}

static struct err *oid_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 4)
        return bad_length(t->name, bytes.len);
    *out = datum_int(load_be32(bytes.data));
    return NULL;
}

static void oid_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    buf_put_be32(out, (uint32_t)d.u);
}

/* Leading digits in base 10, 8 (0...) or 16 (0x...); what follows them is ignored and a missing
 * number is 0, as PostgreSQL 15 reads transaction ids. */
static uint64_t lenient_unsigned(struct str text)
{
    struct str s = str_trim(text);
    size_t at = 0;
    bool negative = false;
    if (s.len && (s.data[0] == '-' || s.data[0] == '+'))
        negative = s.data[at++] == '-';
    unsigned base = 10;
    if (at + 1 < s.len && s.data[at] == '0') {
        base = 8;
        if (to_lower(s.data[at + 1]) == 'x') {
            base = 16;
            at += 2;
        }
    }
    uint64_t v = 0;
    for (; at < s.len; at++) {
        char c = to_lower(s.data[at]);
        unsigned digit = is_digit(c)              ? (unsigned)(c - '0')
                         : (c >= 'a' && c <= 'f') ? (unsigned)(c - 'a' + 10)
                                                  : 99;
        if (digit >= base)
            break;
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v))
            return UINT64_MAX;
    }
    return negative ? -v : v;
}

static struct err *xid_in(TYPE_IN_PARAMS)
{
    uint64_t v = lenient_unsigned(text);
    *out = (struct datum){.u = t->len == 8 ? v : (uint32_t)v};
    return NULL;
}

static struct err *xid8_out(TYPE_OUT_PARAMS)
{
    buf_printf(out, "%llu", (unsigned long long)d.u);
    return NULL;
}

static int unsigned_compare(const struct type_ops *t, struct datum a, struct datum b)
{
    return (a.u > b.u) - (a.u < b.u);
}

static void xid8_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    buf_put_be64(out, d.u);
}

const struct type_ops xid8_ops = {
    .oid = XID8_OID,
    .name = "xid8",
    .len = 8,
    .byval = true,
    .in = xid_in,
    .out = xid8_out,
    .recv = int_recv,
    .send = int_send,
    .compare = unsigned_compare,
    .hash = int_hash,
    .key = xid8_key,
};

/* pg_lsn: two halves in hexadecimal. */

static bool take_hex(struct str *s, uint64_t *out)
{
    size_t i = 0;
    *out = 0;
    for (; i < s->len && i < 9; i++) {
        char c = to_lower(s->data[i]);
        if (!is_digit(c) && !(c >= 'a' && c <= 'f'))
            break;
        *out = *out << 4 | (uint64_t)(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *s = str_make(s->data + i, s->len - i);
    return i >= 1 && i <= 8;
}

static struct err *pg_lsn_in(TYPE_IN_PARAMS)
{
    struct str s = text;
    uint64_t high;
    uint64_t low;
    if (!take_hex(&s, &high) || !s.len || s.data[0] != '/')
        return bad_syntax("pg_lsn", text);
    s = str_make(s.data + 1, s.len - 1);
    if (!take_hex(&s, &low) || s.len)
        return bad_syntax("pg_lsn", text);
    *out = (struct datum){.u = high << 32 | low};
    return NULL;
}

static struct err *pg_lsn_out(TYPE_OUT_PARAMS)
{
    buf_printf(out, "%X/%X", (unsigned)(d.u >> 32), (unsigned)d.u);
    return NULL;
}

const struct type_ops pg_lsn_ops = {
    .oid = PG_LSN_OID,
    .name = "pg_lsn",
    .len = 8,
    .byval = true,
    .in = pg_lsn_in,
    .out = pg_lsn_out,
    .recv = int_recv,
    .send = int_send,
    .compare = unsigned_compare,
    .hash = int_hash,
    .key = xid8_key,
};

#define UNSIGNED_TYPE(ident, type_oid, type_name, in_fn, out_fn) \
    const struct type_ops ident##_ops = {                        \
        .oid = type_oid,                                         \
        .name = type_name,                                       \
        .len = 4,                                                \
        .byval = true,                                           \
        .in = in_fn,                                             \
        .out = out_fn,                                           \
        .recv = oid_recv,                                        \
        .send = int_send,                                        \
        .compare = int_compare,                                  \
        .hash = int_hash,                                        \
        .key = oid_key,                                          \
    }
UNSIGNED_TYPE(oid, OID_OID, "oid", oid_in, int_out);
UNSIGNED_TYPE(xid, XID_OID, "xid", xid_in, int_out);
UNSIGNED_TYPE(cid, CID_OID, "cid", xid_in, int_out);

/* reg*: an oid that reads and prints as a name. */

static struct err *reg_in(TYPE_IN_PARAMS)
{
    if (str_eq(text, STR("-"))) {
        *out = datum_int(0);
        return NULL;
    }
    bool digits = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        digits &= is_digit(text.data[i]);
    uint32_t v;
    if (digits)
        TRY(oid_parse(text, "oid", &v));
    else if (env && env->oid_of)
        TRY(env->oid_of(env->names, t->oid, text, &v));
    else
        return bad_syntax(t->name, text);
    *out = datum_int(v);
    return NULL;
}

static struct err *reg_out(TYPE_OUT_PARAMS)
{
    if ((uint32_t)d.u == 0)
        buf_put_u8(out, t->oid == REGOPER_OID || t->oid == REGOPERATOR_OID ? '0' : '-');
    else if (env && env->name_of)
        return env->name_of(env->names, t->oid, (uint32_t)d.u, out);
    else
        buf_put_int(out, d.i);
    return NULL;
}

UNSIGNED_TYPE(regproc, REGPROC_OID, "regproc", reg_in, reg_out);
UNSIGNED_TYPE(regprocedure, REGPROCEDURE_OID, "regprocedure", reg_in, reg_out);
UNSIGNED_TYPE(regoper, REGOPER_OID, "regoper", reg_in, reg_out);
UNSIGNED_TYPE(regoperator, REGOPERATOR_OID, "regoperator", reg_in, reg_out);
UNSIGNED_TYPE(regclass, REGCLASS_OID, "regclass", reg_in, reg_out);
UNSIGNED_TYPE(regtype, REGTYPE_OID, "regtype", reg_in, reg_out);
UNSIGNED_TYPE(regnamespace, REGNAMESPACE_OID, "regnamespace", reg_in, reg_out);
UNSIGNED_TYPE(regrole, REGROLE_OID, "regrole", reg_in, reg_out);
UNSIGNED_TYPE(regcollation, REGCOLLATION_OID, "regcollation", reg_in, reg_out);

/* tid: (block,offset). */

static struct err *tid_in(TYPE_IN_PARAMS)
{
    struct str s = str_trim(text);
    const char *comma = s.len ? memchr(s.data, ',', s.len) : NULL;
    if (!comma || s.data[0] != '(' || s.data[s.len - 1] != ')')
        return bad_syntax("tid", text);
    int64_t block, offset;
    struct err *e =
        int_parse(str_make(s.data + 1, (size_t)(comma - s.data - 1)), 0, UINT32_MAX, "tid", &block);
    if (!e)
        e = int_parse(str_make(comma + 1, (size_t)(s.data + s.len - 2 - comma)), 0, UINT16_MAX,
                      "tid", &offset);
    if (e) {
        err_free(e);
        return bad_syntax("tid", text);
    }
    *out = datum_int((int64_t)((uint64_t)block << 16 | (uint64_t)offset));
    return NULL;
}

static struct err *tid_out(TYPE_OUT_PARAMS)
{
    buf_printf(out, "(%u,%u)", (uint32_t)(d.u >> 16), (uint32_t)(d.u & 0xffff));
    return NULL;
}

static struct err *tid_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 6)
        return bad_length(t->name, bytes.len);
    *out = datum_int((int64_t)((uint64_t)load_be32(bytes.data) << 16 | load_be16(bytes.data + 4)));
    return NULL;
}

static struct err *tid_send(TYPE_OUT_PARAMS)
{
    buf_put_be32(out, (uint32_t)(d.u >> 16));
    buf_put_be16(out, (uint16_t)d.u);
    return NULL;
}

const struct type_ops tid_ops = {
    .oid = TID_OID,
    .name = "tid",
    .len = 8,
    .byval = true,
    .in = tid_in,
    .out = tid_out,
    .recv = tid_recv,
    .send = tid_send,
    .compare = unsigned_compare,
    .hash = int_hash,
    .key = xid8_key,
};
