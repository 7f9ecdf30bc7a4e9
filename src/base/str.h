/* A borrowed byte string: a pointer and a length, not NUL-terminated. Whoever hands one out says
 * how long the bytes live. */
#ifndef TARN_BASE_STR_H
#define TARN_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *data;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* printf arguments for "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).data

static inline struct str str_from(const char *cstring)
{
    return (struct str){cstring, strlen(cstring)};
}

static inline struct str str_make(const void *data, size_t len)
{
    return (struct str){data, len};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool str_eq_c(struct str a, const char *cstring)
{
    return str_eq(a, str_from(cstring));
}

/* Byte order; a proper prefix sorts first. */
static inline int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.data, b.data, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* A decimal number that fills the whole string; false when it is none or does not fit. */
static inline bool str_to_int64(struct str s, int64_t *out)
{
    bool negative = s.len && s.data[0] == '-';
    size_t i = s.len && (s.data[0] == '-' || s.data[0] == '+');
    int64_t v = 0;
    if (i == s.len)
        return false;
    for (; i < s.len; i++) {
        int digit = s.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, digit, &v))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, v, &v))
        return false;
    *out = v;
    return true;
}

/* The next decimal number (with its sign) anywhere in the string, cut off with what is before it.
 */
static inline bool str_next_int64(struct str *s, int64_t *out)
{
    size_t i = 0;
    while (i < s->len && (s->data[i] < '0' || s->data[i] > '9'))
        i++;
    size_t start = i && s->data[i - 1] == '-' ? i - 1 : i;
    while (i < s->len && s->data[i] >= '0' && s->data[i] <= '9')
        i++;
    bool found = str_to_int64((struct str){s->data + start, i - start}, out);
    *s = (struct str){s->data + i, s->len - i};
    return found;
}

static inline bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}

static inline bool str_ends_with(struct str s, struct str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.data + s.len - suffix.len, suffix.data, suffix.len) == 0);
}

#endif
