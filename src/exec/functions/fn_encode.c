/* encode, decode, digests, uuid, conversion between text and bytea. */
#include "exec/functions/fn_internal.h"

#include "base/clock.h"
#include "exec/functions/digest.h"
#include "types/text.h"

static const char hex_digits[] = "0123456789abcdef";

static void put_hex(char *to, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        *to++ = hex_digits[p[i] >> 4];
        *to++ = hex_digits[p[i] & 15];
    }
}

/* md5(text), md5(bytea) */
FN(md5)
{
    uint8_t digest[16];
    md5_digest(c->args[0].p, c->args[0].len, digest);
    char *p = arena_alloc(c->arena, 32);
    put_hex(p, digest, 16);
    *out = datum_bytes(p, 32);
    return NULL;
}

#define SHA(bits)                                            \
    FN(sha##bits##_bytea)                                    \
    {                                                        \
        uint8_t *p = arena_alloc(c->arena, (bits) / 8);      \
        sha##bits##_digest(c->args[0].p, c->args[0].len, p); \
        *out = datum_bytes(p, (bits) / 8);                   \
        return NULL;                                         \
    }
SHA(224)
SHA(256)
SHA(384)
SHA(512)

static bool nocase_equals(struct str a, const char *b)
{
    return a.len == strlen(b) && strncasecmp(a.data, b, a.len) == 0;
}

static struct err *unknown_encoding(struct str name)
{
    return err_new("22023", "unrecognized encoding: \"%.*s\"", STR_ARG(name));
}

/* Base64 with a line break after 76 characters. */
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static struct err *base64_encode(struct fn_call *c, struct datum d, struct datum *out)
{
    enum { LINE = 76 };
    size_t chars = ((size_t)d.len + 2) / 3 * 4;
    char *p;
    TRY(give_bytes(c, chars + chars / LINE, &p, out));
    char *to = p, *line_end = p + LINE;
    for (size_t i = 0; i < d.len; i += 3) {
        size_t left = d.len - i;
        uint32_t v = (uint32_t)d.p[i] << 16 | (left > 1 ? (uint32_t)d.p[i + 1] << 8 : 0) |
                     (left > 2 ? d.p[i + 2] : 0);
        *to++ = base64_digits[v >> 18];
        *to++ = base64_digits[v >> 12 & 63];
        *to++ = left > 1 ? base64_digits[v >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_digits[v & 63] : '=';
        if (to >= line_end) {
            *to++ = '\n';
            line_end = to + LINE;
        }
    }
    out->len = (uint32_t)(to - p);
    return NULL;
}

static struct err *base64_decode(struct fn_call *c, struct str s, struct datum *out)
{
    char *p;
    TRY(give_bytes(c, s.len / 4 * 3 + 4, &p, out));
    size_t n = 0;
    uint32_t v = 0;
    int have = 0, end = 0;
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.data[i];
        if (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r')
            continue;
        const char *digit = ch ? strchr(base64_digits, ch) : NULL;
        if (ch == '=') {
            if (!end) {
                if (have == 2)
                    end = 1;
                else if (have == 3)
                    end = 2;
                else
                    return err_new("22023", "unexpected \"=\" while decoding base64 sequence");
            }
            v <<= 6;
        } else if (digit && !end) {
            v = v << 6 | (uint32_t)(digit - base64_digits);
        } else if (digit) {
            return err_hint(err_new("22023", "invalid base64 end sequence"),
                            "Input data is missing padding, is truncated, or is otherwise "
                            "corrupted.");
        } else {
            size_t len = utf8_char_bytes((uint8_t)ch);
            if (len > s.len - i)
                len = s.len - i;
            return err_new("22023", "invalid symbol \"%.*s\" found while decoding base64 sequence",
                           (int)len, s.data + i);
        }
        if (++have == 4) {
            p[n++] = (char)(v >> 16);
            if (end == 0 || end > 1)
                p[n++] = (char)(v >> 8);
            if (end == 0 || end > 2)
                p[n++] = (char)v;
            have = 0;
            v = 0;
        }
    }
    if (have)
        return err_hint(err_new("22023", "invalid base64 end sequence"),
                        "Input data is missing padding, is truncated, or is otherwise corrupted.");
    out->len = (uint32_t)n;
    return NULL;
}

/* The escape form: zero and bytes with the high bit as \ooo, backslash doubled. */
static struct err *escape_encode(struct fn_call *c, struct datum d, struct datum *out)
{
    char *p;
    TRY(give_bytes(c, 4 * (size_t)d.len, &p, out));
    size_t n = 0;
    for (uint32_t i = 0; i < d.len; i++) {
        uint8_t ch = d.p[i];
        if (ch == 0 || ch >= 0x80) {
            p[n++] = '\\';
            p[n++] = (char)('0' + (ch >> 6));
            p[n++] = (char)('0' + (ch >> 3 & 7));
            p[n++] = (char)('0' + (ch & 7));
        } else {
            if (ch == '\\')
                p[n++] = '\\';
            p[n++] = (char)ch;
        }
    }
    out->len = (uint32_t)n;
    return NULL;
}

FN(binary_encode)
{
    struct datum d = c->args[0];
    struct str name = ARG_STR(1);
    if (nocase_equals(name, "hex")) {
        char *p;
        TRY(give_bytes(c, 2 * (size_t)d.len, &p, out));
        put_hex(p, d.p, d.len);
        return NULL;
    }
    if (nocase_equals(name, "base64"))
        return base64_encode(c, d, out);
    if (nocase_equals(name, "escape"))
        return escape_encode(c, d, out);
    return unknown_encoding(name);
}

FN(binary_decode)
{
    struct str s = ARG_STR(0), name = ARG_STR(1);
    const struct type_ops *bytea = type_by_oid(BYTEA_OID);
    if (nocase_equals(name, "hex")) {
        /* As the input of bytea behind its \x. */
        char *p;
        TRY(give_bytes(c, s.len + 2, &p, out));
        p[0] = '\\';
        p[1] = 'x';
        if (s.len)
            memcpy(p + 2, s.data, s.len);
        return bytea->in(bytea, c->env, str_make(p, s.len + 2), -1, c->arena, out);
    }
    if (nocase_equals(name, "base64"))
        return base64_decode(c, s, out);
    if (!nocase_equals(name, "escape"))
        return unknown_encoding(name);
    if (s.len >= 2 && s.data[0] == '\\' && s.data[1] == 'x')
        return err_new("22P02", "invalid input syntax for type %s", "bytea");
    return bytea->in(bytea, c->env, s, -1, c->arena, out);
}

/* uuid */

FN(gen_random_uuid)
{
    uint8_t *p = arena_alloc(c->arena, 16);
    random_bytes(p, 16);
    p[6] = (p[6] & 0x0f) | 0x40;
    p[8] = (p[8] & 0x3f) | 0x80;
    *out = datum_bytes(p, 16);
    return NULL;
}

FN(getdatabaseencoding)
{
    return give_str(STR("UTF8"), out);
}

const struct fn_entry fn_encode_table[] = {
    {"md5_text", f_md5},    {"md5_bytea", f_md5},       ENTRY(sha224_bytea),  ENTRY(sha256_bytea),
    ENTRY(sha384_bytea),    ENTRY(sha512_bytea),        ENTRY(binary_encode), ENTRY(binary_decode),
    ENTRY(gen_random_uuid), ENTRY(getdatabaseencoding),
};
TABLE_END(fn_encode);
