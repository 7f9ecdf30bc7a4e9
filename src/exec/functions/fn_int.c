/* boolean, smallint, integer, bigint, oid, "char": arithmetic, bits, casts. Comparisons are in
 * fn_compare.c. */
#include "exec/functions/fn_internal.h"

#include "base/bytes.h"
#include "types/number.h"

static struct err *ranged(int64_t v, int bits, struct datum *out)
{
    if (bits == 16 && v != (int16_t)v)
        return int2_range();
    if (bits == 32 && v != (int32_t)v)
        return int4_range();
    return give_int(v, out);
}

static struct err *range_error(int bits)
{
    return bits == 16 ? int2_range() : bits == 32 ? int4_range() : int8_range();
}

/* name: of the operator function; bits: of its result type. */
#define ADD_SUB_MUL(name, bits)                                                \
    FN(name##pl)                                                               \
    {                                                                          \
        int64_t v;                                                             \
        if (__builtin_add_overflow(ARG_I(0), ARG_I(1), &v))                    \
            return range_error(bits);                                          \
        return ranged(v, bits, out);                                           \
    }                                                                          \
    FN(name##mi)                                                               \
    {                                                                          \
        int64_t v;                                                             \
        if (__builtin_sub_overflow(ARG_I(0), ARG_I(1), &v))                    \
            return range_error(bits);                                          \
        return ranged(v, bits, out);                                           \
    }                                                                          \
    FN(name##mul)                                                              \
    {                                                                          \
        int64_t v;                                                             \
        if (__builtin_mul_overflow(ARG_I(0), ARG_I(1), &v))                    \
            return range_error(bits);                                          \
        return ranged(v, bits, out);                                           \
    }                                                                          \
    FN(name##div)                                                              \
    {                                                                          \
        int64_t a = ARG_I(0), b = ARG_I(1);                                    \
        if (b == 0)                                                            \
            return zero_divide();                                              \
        if (b == -1)                                                           \
            return a == INT64_MIN ? range_error(bits) : ranged(-a, bits, out); \
        return give_int(a / b, out);                                           \
    }

ADD_SUB_MUL(int2, 16)
ADD_SUB_MUL(int4, 32)
ADD_SUB_MUL(int8, 64)
ADD_SUB_MUL(int24, 32)
ADD_SUB_MUL(int42, 32)
ADD_SUB_MUL(int28, 64)
ADD_SUB_MUL(int82, 64)
ADD_SUB_MUL(int48, 64)
ADD_SUB_MUL(int84, 64)

static int64_t gcd_of(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return (int64_t)a;
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

static struct err *gcd(struct fn_call *c, int bits, struct datum *out)
{
    int64_t v = gcd_of(magnitude(ARG_I(0)), magnitude(ARG_I(1)));
    if (v < 0)
        return range_error(bits);
    return ranged(v, bits, out);
}

static struct err *lcm(struct fn_call *c, int bits, struct datum *out)
{
    int64_t a = ARG_I(0), b = ARG_I(1), v;
    if (a == 0 || b == 0)
        return give_int(0, out);
    int64_t g = gcd_of(magnitude(a), magnitude(b));
    if (g < 0 || __builtin_mul_overflow(a / g, b, &v) || v == INT64_MIN)
        return range_error(bits);
    return ranged(v < 0 ? -v : v, bits, out);
}

#define ONE_TYPE(name, bits, ctype)                                                      \
    FN(name##mod)                                                                        \
    {                                                                                    \
        if (ARG_I(1) == 0)                                                               \
            return zero_divide();                                                        \
        return give_int(ARG_I(1) == -1 ? 0 : ARG_I(0) % ARG_I(1), out);                  \
    }                                                                                    \
    FN(name##um)                                                                         \
    {                                                                                    \
        return ARG_I(0) == INT64_MIN ? range_error(bits) : ranged(-ARG_I(0), bits, out); \
    }                                                                                    \
    FN(name##up)                                                                         \
    {                                                                                    \
        return give_int(ARG_I(0), out);                                                  \
    }                                                                                    \
    FN(name##abs)                                                                        \
    {                                                                                    \
        int64_t v = ARG_I(0);                                                            \
        return v == INT64_MIN ? range_error(bits) : ranged(v < 0 ? -v : v, bits, out);   \
    }                                                                                    \
    FN(name##and)                                                                        \
    {                                                                                    \
        return give_int(ARG_I(0) & ARG_I(1), out);                                       \
    }                                                                                    \
    FN(name## or)                                                                        \
    {                                                                                    \
        return give_int(ARG_I(0) | ARG_I(1), out);                                       \
    }                                                                                    \
    FN(name## xor)                                                                       \
    {                                                                                    \
        return give_int(ARG_I(0) ^ ARG_I(1), out);                                       \
    }                                                                                    \
    FN(name##not )                                                                       \
    {                                                                                    \
        return give_int(~ARG_I(0), out);                                                 \
    }                                                                                    \
    FN(name##shl)                                                                        \
    {                                                                                    \
        unsigned by = (unsigned)ARG_I(1) & ((bits) == 64 ? 63 : 31);                     \
        return give_int((ctype)(c->args[0].u << by), out);                               \
    }                                                                                    \
    FN(name##shr)                                                                        \
    {                                                                                    \
        unsigned by = (unsigned)ARG_I(1) & ((bits) == 64 ? 63 : 31);                     \
        return give_int(ARG_I(0) >> by, out);                                            \
    }                                                                                    \
    FN(name##larger)                                                                     \
    {                                                                                    \
        return give_int(ARG_I(0) > ARG_I(1) ? ARG_I(0) : ARG_I(1), out);                 \
    }                                                                                    \
    FN(name##smaller)                                                                    \
    {                                                                                    \
        return give_int(ARG_I(0) < ARG_I(1) ? ARG_I(0) : ARG_I(1), out);                 \
    }

ONE_TYPE(int2, 16, int16_t)
ONE_TYPE(int4, 32, int32_t)
ONE_TYPE(int8, 64, int64_t)

FN(int4gcd)
{
    return gcd(c, 32, out);
}

FN(int8gcd)
{
    return gcd(c, 64, out);
}

FN(int4lcm)
{
    return lcm(c, 32, out);
}

FN(int8lcm)
{
    return lcm(c, 64, out);
}

FN(int4inc)
{
    return ranged(ARG_I(0) + 1, 32, out);
}

FN(int8inc)
{
    return ARG_I(0) == INT64_MAX ? int8_range() : give_int(ARG_I(0) + 1, out);
}

FN(int8dec)
{
    return ARG_I(0) == INT64_MIN ? int8_range() : give_int(ARG_I(0) - 1, out);
}

/* Casts that cannot fail keep the value: integers are stored sign-extended. */
FN(same)
{
    *out = c->args[0];
    return NULL;
}

FN(to_int2)
{
    return ranged(ARG_I(0), 16, out);
}

FN(to_int4)
{
    return ranged(ARG_I(0), 32, out);
}

FN(i8tooid)
{
    int64_t v = ARG_I(0);
    if (v < 0 || v > UINT32_MAX)
        return err_new("22003", "OID out of range");
    return give_int(v, out);
}

FN(int4_bool)
{
    return give_bool(ARG_I(0) != 0, out);
}

FN(booltext)
{
    return give_str(ARG_I(0) ? STR("true") : STR("false"), out);
}

FN(i4tochar)
{
    int64_t v = ARG_I(0);
    if (v < INT8_MIN || v > INT8_MAX)
        return err_new("22003", "\"char\" out of range");
    return give_int(v, out);
}

static struct err *char_as_text(struct fn_call *c, struct datum *out)
{
    char *p = arena_alloc(c->arena, 4);
    *out = datum_bytes(p, char_print((uint8_t)ARG_I(0), p));
    return NULL;
}

FN(char_text)
{
    return char_as_text(c, out);
}

FN(text_char)
{
    return give_int((signed char)char_parse(ARG_STR(0)), out);
}

static struct err *hex(struct fn_call *c, uint64_t v, struct datum *out)
{
    char *p = arena_alloc(c->arena, 16);
    int at = 16;
    do {
        p[--at] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    *out = datum_bytes(p + at, (size_t)(16 - at));
    return NULL;
}

FN(to_hex32)
{
    return hex(c, (uint32_t)ARG_I(0), out);
}

FN(to_hex64)
{
    return hex(c, c->args[0].u, out);
}

FN(booland_statefunc)
{
    return give_bool(ARG_I(0) && ARG_I(1), out);
}

FN(boolor_statefunc)
{
    return give_bool(ARG_I(0) || ARG_I(1), out);
}

#define ARITHMETIC(name) ENTRY(name##pl), ENTRY(name##mi), ENTRY(name##mul), ENTRY(name##div)
#define ONE(name)                                                                           \
    ARITHMETIC(name), ENTRY(name##mod), ENTRY(name##um), ENTRY(name##up), ENTRY(name##abs), \
        ENTRY(name##and), ENTRY(name## or), ENTRY(name## xor), ENTRY(name##not ),           \
        ENTRY(name##shl), ENTRY(name##shr), ENTRY(name##larger), ENTRY(name##smaller)

const struct fn_entry fn_int_table[] = {
    ONE(int2),
    ONE(int4),
    ONE(int8),
    ARITHMETIC(int24),
    ARITHMETIC(int42),
    ARITHMETIC(int28),
    ARITHMETIC(int82),
    ARITHMETIC(int48),
    ARITHMETIC(int84),
    ENTRY(int4gcd),
    ENTRY(int8gcd),
    ENTRY(int4lcm),
    ENTRY(int8lcm),
    ENTRY(int4inc),
    ENTRY(int8inc),
    {"int8inc_any", f_int8inc},
    {"int8inc_float8_float8", f_int8inc},
    ENTRY(int8dec),
    {"int8dec_any", f_int8dec},
    {"i2toi4", f_same},
    {"int48", f_same},
    {"int28", f_same},
    {"bool_int4", f_same},
    {"chartoi4", f_same},
    {"oidtoi8", f_same},
    {"i4toi2", f_to_int2},
    {"int82", f_to_int2},
    {"int84", f_to_int4},
    ENTRY(i8tooid),
    ENTRY(int4_bool),
    ENTRY(booltext),
    ENTRY(i4tochar),
    ENTRY(char_text),
    {"char_bpchar", f_char_text},
    ENTRY(text_char),
    ENTRY(to_hex32),
    ENTRY(to_hex64),
    {"oidlarger", f_int8larger},
    {"oidsmaller", f_int8smaller},
    {"date_larger", f_int8larger},
    {"date_smaller", f_int8smaller},
    {"time_larger", f_int8larger},
    {"time_smaller", f_int8smaller},
    {"timestamp_larger", f_int8larger},
    {"timestamp_smaller", f_int8smaller},
    ENTRY(booland_statefunc),
    ENTRY(boolor_statefunc),
};
TABLE_END(fn_int);
