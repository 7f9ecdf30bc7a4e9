#include "base/base64.h"

static void put(struct buf *out, struct str bytes, const char alphabet[64], bool padded)
{
    const uint8_t *p = (const uint8_t *)bytes.data;
    if (!buf_reserve(out, (bytes.len + 2) / 3 * 4))
        return;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (n > 2 ? (uint32_t)p[i + 2] : 0);
        for (size_t k = 0; k < 4 && (padded || k <= n); k++)
            buf_put_u8(out, k <= n ? (uint8_t)alphabet[v >> (18 - 6 * k) & 63] : '=');
    }
}

void base64_put(struct buf *out, struct str bytes)
{
    put(out, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

void base64_put_url(struct buf *out, struct str bytes)
{
    put(out, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_get(struct str text, struct buf *out)
{
    if (!text.len || text.len % 4)
        return false;
    size_t padding = (text.data[text.len - 1] == '=') + (text.data[text.len - 2] == '=');
    for (size_t i = 0; i < text.len; i += 4) {
        size_t n = i + 4 == text.len ? 4 - padding : 4; /* digits */
        uint32_t v = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = k < n ? digit(text.data[i + k]) : 0;
            if (d < 0)
                return false;
            v = v << 6 | (uint32_t)d;
        }
        for (size_t k = 0; k + 1 < n; k++)
            buf_put_u8(out, (uint8_t)(v >> (16 - 8 * k)));
    }
    return !out->failed;
}
