/* Characters of UTF-8 strings: see text.h. */
#include "types/text.h"

#include "base/buf.h"
#include "base/bytes.h"

static const uint64_t HIGH_BITS = 0x8080808080808080ull;
static const uint64_t LOW_BITS = 0x0101010101010101ull;

bool str_is_ascii(struct str s)
{
    size_t at = 0;
    for (; at + 8 <= s.len; at += 8)
        if (load_le64(s.data + at) & HIGH_BITS)
            return false;
    for (; at < s.len; at++)
        if ((uint8_t)s.data[at] >= 0x80)
            return false;
    return true;
}

/* Bytes of the well-formed character at p; 0 when there is none (a zero byte included). */
static size_t valid_char(const uint8_t *p, size_t left)
{
    uint8_t c = p[0];
    if (c < 0x80)
        return c != 0;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (left < n)
        return 0;
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static struct err *invalid_at(const uint8_t *p, size_t left)
{
    size_t n = p[0] ? utf8_char_bytes(p[0]) : 1;
    if (n > left)
        n = left;
    char text[64];
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        static const char hex[] = "0123456789abcdef";
        if (i)
            text[len++] = ' ';
        text[len++] = '0';
        text[len++] = 'x';
        text[len++] = hex[p[i] >> 4];
        text[len++] = hex[p[i] & 15];
    }
    text[len] = 0;
    return err_new("22021", "invalid byte sequence for encoding \"UTF8\": %s", text);
}

/* No byte of the eight has its high bit set and none is zero. */
static inline bool is_ascii(uint64_t w)
{
    return !((w | (w - LOW_BITS)) & HIGH_BITS);
}

struct err *utf8_verify(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.data;
    size_t at = 0;
    while (at < s.len) {
        while (at + 8 <= s.len) {
            if (!is_ascii(load_le64(p + at)))
                break;
            at += 8;
        }
        if (at == s.len)
            break;
        /* Of an ASCII text the end, together with bytes that are known to be. */
        if (at >= 8 && s.len - at < 8 && is_ascii(load_le64(p + s.len - 8)))
            break;
        size_t n = valid_char(p + at, s.len - at);
        if (!n)
            return invalid_at(p + at, s.len - at);
        at += n;
    }
    return NULL;
}

size_t utf8_count(struct str s)
{
    size_t at = 0, continuation = 0;
    for (; at + 8 <= s.len; at += 8) {
        uint64_t w = load_le64(s.data + at);
        /* Continuation bytes are 10xxxxxx. */
        continuation += (size_t)__builtin_popcountll((w >> 7) & ~(w >> 6) & LOW_BITS);
    }
    for (; at < s.len; at++)
        continuation += ((uint8_t)s.data[at] & 0xc0) == 0x80;
    return s.len - continuation;
}

size_t utf8_char_bytes(uint8_t lead)
{
    if (lead < 0xc0)
        return 1;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 1;
}

size_t utf8_prefix_bytes(struct str s, size_t chars)
{
    if (chars >= s.len)
        return s.len;
    size_t at = 0;
    for (; chars && at < s.len; chars--)
        at += utf8_char_bytes((uint8_t)s.data[at]);
    return at < s.len ? at : s.len;
}

size_t utf8_clip(struct str s, size_t limit)
{
    if (s.len <= limit)
        return s.len;
    size_t at = limit;
    while (at > 0 && ((uint8_t)s.data[at] & 0xc0) == 0x80)
        at--;
    return at;
}

size_t utf8_encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        if (code >= 0xd800 && code < 0xe000)
            return 0;
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    if (code > 0x10ffff)
        return 0;
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

uint32_t utf8_decode(struct str s, size_t *bytes)
{
    const uint8_t *p = (const uint8_t *)s.data;
    *bytes = 1;
    if (p[0] < 0x80)
        return p[0];
    size_t n = valid_char(p, s.len);
    if (!n)
        return 0xfffd;
    *bytes = n;
    uint32_t code = p[0] & (n == 2 ? 0x1f : n == 3 ? 0x0f : 0x07);
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}
