/* bytea: parts, bits, concatenation. Positions count bytes. */
#include "exec/functions/fn_internal.h"

static struct err *negative_length(void)
{
    return err_new("22011", "negative substring length not allowed");
}

static struct str slice(struct str s, int64_t from, int64_t to)
{
    if (from < 0)
        from = 0;
    if (to > (int64_t)s.len)
        to = (int64_t)s.len;
    return to <= from ? str_make(s.data, 0) : str_make(s.data + from, (size_t)(to - from));
}

FN(byteacat)
{
    struct str a = ARG_STR(0), b = ARG_STR(1);
    char *p;
    TRY(give_bytes(c, a.len + b.len, &p, out));
    if (a.len)
        memcpy(p, a.data, a.len);
    if (b.len)
        memcpy(p + a.len, b.data, b.len);
    return NULL;
}

FN(bytea_substr)
{
    if (ARG_I(2) < 0)
        return negative_length();
    return give_str(slice(ARG_STR(0), ARG_I(1) - 1, ARG_I(1) - 1 + ARG_I(2)), out);
}

FN(bytea_substr_no_len)
{
    return give_str(slice(ARG_STR(0), ARG_I(1) - 1, INT64_MAX), out);
}

static struct err *overlay(struct fn_call *c, int64_t at, int64_t len, struct datum *out)
{
    struct str s = ARG_STR(0), new = ARG_STR(1);
    if (at <= 0)
        return negative_length();
    struct str head = slice(s, 0, at - 1), tail = slice(s, at - 1 + len, INT64_MAX);
    char *p;
    TRY(give_bytes(c, head.len + new.len + tail.len, &p, out));
    if (head.len)
        memcpy(p, head.data, head.len);
    if (new.len)
        memcpy(p + head.len, new.data, new.len);
    if (tail.len)
        memcpy(p + head.len + new.len, tail.data, tail.len);
    return NULL;
}

FN(byteaoverlay)
{
    if (ARG_I(2) + ARG_I(3) > INT32_MAX)
        return int4_range();
    return overlay(c, ARG_I(2), ARG_I(3), out);
}

FN(byteaoverlay_no_len)
{
    if (ARG_I(2) + c->args[1].len > INT32_MAX)
        return int4_range();
    return overlay(c, ARG_I(2), c->args[1].len, out);
}

FN(byteapos)
{
    struct str s = ARG_STR(0), part = ARG_STR(1);
    if (part.len == 0)
        return give_int(1, out);
    const char *at = memmem(s.data, s.len, part.data, part.len);
    return give_int(at ? at - s.data + 1 : 0, out);
}

static struct err *trim(struct fn_call *c, bool left, bool right, struct datum *out)
{
    struct str s = ARG_STR(0), set = ARG_STR(1);
    while (left && s.len && set.len && memchr(set.data, s.data[0], set.len))
        s = str_make(s.data + 1, s.len - 1);
    while (right && s.len && set.len && memchr(set.data, s.data[s.len - 1], set.len))
        s.len--;
    return give_str(s, out);
}

FN(byteatrim)
{
    return trim(c, true, true, out);
}

FN(bytealtrim)
{
    return trim(c, true, false, out);
}

FN(byteartrim)
{
    return trim(c, false, true, out);
}

static struct err *index_range(int64_t i, int64_t count)
{
    if (i >= 0 && i < count)
        return NULL;
    return err_new("2202E", "index %lld out of valid range, 0..%lld", (long long)i,
                   (long long)count - 1);
}

FN(byteaGetByte)
{
    TRY(index_range(ARG_I(1), c->args[0].len));
    return give_int(c->args[0].p[ARG_I(1)], out);
}

FN(byteaGetBit)
{
    TRY(index_range(ARG_I(1), (int64_t)c->args[0].len * 8));
    return give_int(c->args[0].p[ARG_I(1) / 8] >> (ARG_I(1) % 8) & 1, out);
}

FN(byteaSetByte)
{
    struct datum d = c->args[0];
    TRY(index_range(ARG_I(1), d.len));
    char *p;
    TRY(give_bytes(c, d.len, &p, out));
    memcpy(p, d.p, d.len);
    p[ARG_I(1)] = (char)ARG_I(2);
    return NULL;
}

FN(byteaSetBit)
{
    struct datum d = c->args[0];
    TRY(index_range(ARG_I(1), (int64_t)d.len * 8));
    if (ARG_I(2) != 0 && ARG_I(2) != 1)
        return err_new("22023", "new bit must be 0 or 1");
    char *p;
    TRY(give_bytes(c, d.len, &p, out));
    memcpy(p, d.p, d.len);
    char mask = (char)(1 << (ARG_I(1) % 8));
    p[ARG_I(1) / 8] = (char)(ARG_I(2) ? p[ARG_I(1) / 8] | mask : p[ARG_I(1) / 8] & ~mask);
    return NULL;
}

FN(bytea_bit_count)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < c->args[0].len; i++)
        n += __builtin_popcount(c->args[0].p[i]);
    return give_int(n, out);
}

const struct fn_entry fn_bytea_table[] = {
    ENTRY(byteacat),     ENTRY(bytea_substr),        ENTRY(bytea_substr_no_len),
    ENTRY(byteaoverlay), ENTRY(byteaoverlay_no_len), ENTRY(byteapos),
    ENTRY(byteatrim),    ENTRY(bytealtrim),          ENTRY(byteartrim),
    ENTRY(byteaGetByte), ENTRY(byteaGetBit),         ENTRY(byteaSetByte),
    ENTRY(byteaSetBit),  ENTRY(bytea_bit_count),
};
TABLE_END(fn_bytea);
