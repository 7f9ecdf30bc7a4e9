/* SASLprep: mapping, normal form KC, prohibited code points, text in two directions (RFC 3454,
 * sections 3 to 7, by the profile of RFC 4013). Both ends of SCRAM prepare the password, so that it
 * is one however it was typed. */
#include "exec/functions/saslprep.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct code_range {
    int32_t first;
    int32_t last;
};

#include "exec/functions/data/saslprep_tables.inc"

static bool holds(const struct code_range *ranges, size_t n, int32_t code)
{
    size_t lo = 0;
    while (lo < n) {
        size_t mid = (lo + n) / 2;
        if (code > ranges[mid].last)
            lo = mid + 1;
        else
            n = mid;
    }
    return ranges[lo].first <= code && code <= ranges[lo].last;
}

#define IS(table, code) \
    ((code) <= (table)[ARRAY_LENGTH(table) - 1].last && holds(table, ARRAY_LENGTH(table), code))

static bool is_ascii(const char *p)
{
    while (*p && (unsigned char)*p < 0x80)
        p++;
    return !*p;
}

/* Spaces become plain ones, some code points vanish. NULL: not UTF-8, or nothing is left. */
static uint8_t *map(struct arena *a, const char *password)
{
    const uint8_t *p = (const uint8_t *)password;
    uint8_t *out = arena_alloc(a, strlen(password) + 1);
    utf8proc_ssize_t n = 0;
    while (*p) {
        utf8proc_int32_t code;
        utf8proc_ssize_t len = utf8proc_iterate(p, -1, &code);
        if (len <= 0)
            return NULL;
        if (IS(spaces, code))
            out[n++] = ' ';
        else if (!IS(nothing, code))
            n += utf8proc_encode_char(code, out + n);
        p += len;
    }
    out[n] = '\0';
    return n ? out : NULL;
}

static bool is_allowed(const uint8_t *text)
{
    int32_t first = 0;
    int32_t last = 0;
    bool right = false;
    bool left = false;
    while (*text) {
        utf8proc_int32_t code;
        utf8proc_ssize_t len = utf8proc_iterate(text, -1, &code);
        if (len <= 0 || IS(prohibited, code))
            return false;
        first = first ? first : code;
        last = code;
        right |= IS(right_to_left, code);
        left |= IS(left_to_right, code);
        text += len;
    }
    return !right || (!left && IS(right_to_left, first) && IS(right_to_left, last));
}

const char *saslprep(struct arena *a, const char *password)
{
    if (is_ascii(password))
        return password;
    uint8_t *mapped = map(a, password);
    utf8proc_uint8_t *normal = mapped ? utf8proc_NFKC(mapped) : NULL;
    const char *out = password;
    if (normal && is_allowed(normal))
        out = arena_strdup(a, (const char *)normal);
    free(normal);
    return out;
}
