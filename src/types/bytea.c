/* bytea: the hex form (\x...) and the escape form. */
#include "types/types_internal.h"

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
    c = to_lower(c);
    if (is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct err *bad_hex_digit(struct str at)
{
    /* The whole character, should it have several bytes. */
    size_t n = 1;
    while (n < at.len && ((uint8_t)at.data[n] & 0xc0) == 0x80)
        n++;
    return err_new("22023", "invalid hexadecimal digit: \"%.*s\"", (int)n, at.data);
}

/* Pairs of hex digits, with white space between the pairs. */
static struct err *hex_in(struct str s, struct arena *arena, struct datum *out)
{
    uint8_t *bytes = arena_try_alloc(arena, s.len / 2 + 1);
    if (!bytes)
        return err_oom();
    size_t n = 0;
    for (size_t at = 0; at < s.len;) {
        char c = s.data[at];
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            at++;
            continue;
        }
        int high = hex_value(c);
        if (high < 0)
            return bad_hex_digit(str_make(s.data + at, s.len - at));
        if (++at == s.len)
            return err_new("22023", "invalid hexadecimal data: odd number of digits");
        int low = hex_value(s.data[at]);
        if (low < 0)
            return bad_hex_digit(str_make(s.data + at, s.len - at));
        at++;
        bytes[n++] = (uint8_t)(high << 4 | low);
    }
    *out = datum_bytes(bytes, n);
    return NULL;
}

static bool is_octal(char c, char max)
{
    return c >= '0' && c <= max;
}

/* Backslash sequences \\ and \ooo; everything else stands for itself. */
static struct err *escape_in(struct str s, struct arena *arena, struct datum *out)
{
    uint8_t *bytes = arena_try_alloc(arena, s.len + 1);
    if (!bytes)
        return err_oom();
    size_t n = 0;
    for (size_t at = 0; at < s.len;) {
        const char *p = s.data + at;
        size_t left = s.len - at;
        if (*p != '\\') {
            bytes[n++] = (uint8_t)*p;
            at++;
        } else if (left >= 4 && is_octal(p[1], '3') && is_octal(p[2], '7') && is_octal(p[3], '7')) {
            bytes[n++] = (uint8_t)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            at += 4;
        } else if (left >= 2 && p[1] == '\\') {
            bytes[n++] = '\\';
            at += 2;
        } else {
            return err_new("22P02", "invalid input syntax for type %s", "bytea");
        }
    }
    *out = datum_bytes(bytes, n);
    return NULL;
}

static struct err *bytea_in(TYPE_IN_PARAMS)
{
    if (text.len >= 2 && text.data[0] == '\\' && text.data[1] == 'x')
        return hex_in(str_make(text.data + 2, text.len - 2), arena, out);
    return escape_in(text, arena, out);
}

static void put_escaped(struct datum d, struct buf *out)
{
    for (uint32_t i = 0; i < d.len; i++) {
        uint8_t c = d.p[i];
        if (c == '\\')
            buf_put(out, "\\\\", 2);
        else if (c < 0x20 || c > 0x7e)
            buf_printf(out, "\\%03o", c);
        else
            buf_put_u8(out, c);
    }
}

static struct err *bytea_out(TYPE_OUT_PARAMS)
{
    if (env && env->bytea_escape) {
        put_escaped(d, out);
        return NULL;
    }
    size_t size = 2 + 2 * (size_t)d.len;
    if (!buf_reserve(out, size))
        return NULL; /* the buffer reports it */
    uint8_t *p = out->data + out->len;
    *p++ = '\\';
    *p++ = 'x';
    for (uint32_t i = 0; i < d.len; i++) {
        *p++ = (uint8_t)hex_digits[d.p[i] >> 4];
        *p++ = (uint8_t)hex_digits[d.p[i] & 15];
    }
    out->len += size;
    return NULL;
}

static struct err *bytea_recv(TYPE_RECV_PARAMS)
{
    *out = datum_str(bytes);
    return NULL;
}

static struct err *bytea_send(TYPE_OUT_PARAMS)
{
    buf_put(out, d.p, d.len);
    return NULL;
}

const struct type_ops bytea_ops = {
    .oid = BYTEA_OID,
    .name = "bytea",
    .len = -1,
    .in = bytea_in,
    .out = bytea_out,
    .recv = bytea_recv,
    .send = bytea_send,
    .compare = bytes_compare,
    .hash = bytes_hash,
    .key = bytes_key,
};

/* uuid: 16 bytes. */

static struct err *uuid_in(TYPE_IN_PARAMS)
{
    const char *p = text.data;
    const char *end = p + text.len;
    bool braces = p < end && *p == '{';
    p += braces;
    uint8_t *bytes = arena_alloc(arena, 16);
    for (int i = 0; i < 16; i++) {
        int high = p < end ? hex_value(p[0]) : -1;
        int low = p + 1 < end ? hex_value(p[1]) : -1;
        if (high < 0 || low < 0)
            return bad_syntax("uuid", text);
        bytes[i] = (uint8_t)(high << 4 | low);
        p += 2;
        /* A hyphen may follow any group of four digits. */
        if (i % 2 == 1 && i < 15 && p < end && *p == '-')
            p++;
    }
    if (braces) {
        if (p == end || *p != '}')
            return bad_syntax("uuid", text);
        p++;
    }
    if (p != end)
        return bad_syntax("uuid", text);
    *out = datum_bytes(bytes, 16);
    return NULL;
}

static struct err *uuid_out(TYPE_OUT_PARAMS)
{
    char text[36];
    char *p = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex_digits[d.p[i] >> 4];
        *p++ = hex_digits[d.p[i] & 15];
    }
    buf_put(out, text, sizeof(text));
    return NULL;
}

static struct err *uuid_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 16)
        return bad_length(t->name, bytes.len);
    *out = datum_str(bytes);
    return NULL;
}

static void uuid_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    buf_put(out, d.p, 16);
}

const struct type_ops uuid_ops = {
    .oid = UUID_OID,
    .name = "uuid",
    .len = -1,
    .in = uuid_in,
    .out = uuid_out,
    .recv = uuid_recv,
    .send = bytea_send,
    .compare = bytes_compare,
    .hash = bytes_hash,
    .key = uuid_key,
};
