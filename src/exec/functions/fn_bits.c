/* Functions and operators of bit strings: manual section 9.6. */
#include "exec/functions/agg_internal.h"

#include "types/bits.h"

static struct err *arg(struct fn_call *c, int i, struct bits *out)
{
    return bits_open(c->args[i], out);
}

static struct err *args(struct fn_call *c, struct bits *a, struct bits *b)
{
    TRY(arg(c, 0, a));
    return arg(c, 1, b);
}

/* ---- operators ---- */

FN(bitcat)
{
    struct bits a, b;
    uint8_t *p;
    TRY(args(c, &a, &b));
    TRY(bits_new((uint64_t)a.n + b.n, c->arena, &p, out));
    bits_copy(p, 0, &a, 0, a.n);
    bits_copy(p, a.n, &b, 0, b.n);
    return NULL;
}

static uint8_t combine(char op, uint8_t a, uint8_t b)
{
    return op == '&' ? a & b : op == '|' ? a | b : a ^ b;
}

static struct err *bitwise(struct arena *arena, struct datum x, struct datum y, char op,
                           struct datum *out)
{
    struct bits a, b;
    uint8_t *p;
    TRY(bits_open(x, &a));
    TRY(bits_open(y, &b));
    if (a.n != b.n)
        return err_new("22026", "cannot %s bit strings of different sizes",
                       op == '&'   ? "AND"
                       : op == '|' ? "OR"
                                   : "XOR");
    TRY(bits_new(a.n, arena, &p, out));
    for (uint32_t i = 0; i < (a.n + 7) / 8; i++)
        p[i] = combine(op, a.p[i], b.p[i]);
    return NULL;
}

FN(bit_and)
{
    return bitwise(c->arena, c->args[0], c->args[1], '&', out);
}

FN(bit_or)
{
    return bitwise(c->arena, c->args[0], c->args[1], '|', out);
}

FN(bitxor)
{
    return bitwise(c->arena, c->args[0], c->args[1], '^', out);
}

FN(bitnot)
{
    struct bits a;
    uint8_t *p;
    TRY(arg(c, 0, &a));
    TRY(bits_new(a.n, c->arena, &p, out));
    for (uint32_t i = 0; i < a.n; i++)
        if (!bits_get(&a, i))
            p[i / 8] |= (uint8_t)(0x80 >> (i % 8));
    return NULL;
}

static struct err *shift(struct fn_call *c, int64_t left, struct datum *out)
{
    struct bits a;
    uint8_t *p;
    TRY(arg(c, 0, &a));
    TRY(bits_new(a.n, c->arena, &p, out));
    uint64_t by = (uint64_t)(left < 0 ? -left : left);
    if (by >= a.n)
        return NULL;
    uint32_t kept = a.n - (uint32_t)by;
    if (left > 0)
        bits_copy(p, 0, &a, (uint32_t)by, kept);
    else
        bits_copy(p, (uint32_t)by, &a, 0, kept);
    return NULL;
}

FN(bitshiftleft)
{
    return shift(c, ARG_I(1), out);
}

FN(bitshiftright)
{
    return shift(c, -ARG_I(1), out);
}

/* ---- functions ---- */

FN(bitlength)
{
    struct bits a;
    TRY(arg(c, 0, &a));
    return give_int(a.n, out);
}

FN(bitoctetlength)
{
    struct bits a;
    TRY(arg(c, 0, &a));
    return give_int((a.n + 7) / 8, out);
}

FN(bit_bit_count)
{
    struct bits a;
    int64_t n = 0;
    TRY(arg(c, 0, &a));
    for (uint32_t i = 0; i < (a.n + 7) / 8; i++)
        n += __builtin_popcount(a.p[i]);
    return give_int(n, out);
}

/* Bits from position `start` (from 1), `len` of them; -1: all. */
static struct err *substring(struct arena *arena, const struct bits *a, int64_t start, int64_t len,
                             bool to_end, struct datum *out)
{
    uint8_t *p;
    if (!to_end && len < 0)
        return err_new("22011", "negative substring length not allowed");
    int64_t end = to_end ? (int64_t)a->n + 1 : start + len;
    start = start < 1 ? 1 : start;
    end = end > (int64_t)a->n + 1 ? (int64_t)a->n + 1 : end;
    if (end <= start)
        return bits_new(0, arena, &p, out);
    TRY(bits_new((uint64_t)(end - start), arena, &p, out));
    bits_copy(p, 0, a, (uint32_t)(start - 1), (uint32_t)(end - start));
    return NULL;
}

FN(bitsubstr)
{
    struct bits a;
    TRY(arg(c, 0, &a));
    return substring(c->arena, &a, ARG_I(1), ARG_I(2), false, out);
}

FN(bitsubstr_no_len)
{
    struct bits a;
    TRY(arg(c, 0, &a));
    return substring(c->arena, &a, ARG_I(1), 0, true, out);
}

static struct err *overlay(struct fn_call *c, int64_t start, int64_t len, struct datum *out)
{
    struct bits a, b, head, tail;
    struct datum h, t;
    uint8_t *p;
    TRY(args(c, &a, &b));
    if (start <= 0)
        return err_new("22011", "negative substring length not allowed");
    TRY(substring(c->arena, &a, 1, start - 1, false, &h));
    TRY(substring(c->arena, &a, start + len, 0, true, &t));
    TRY(bits_open(h, &head));
    TRY(bits_open(t, &tail));
    TRY(bits_new((uint64_t)head.n + b.n + tail.n, c->arena, &p, out));
    bits_copy(p, 0, &head, 0, head.n);
    bits_copy(p, head.n, &b, 0, b.n);
    bits_copy(p, head.n + b.n, &tail, 0, tail.n);
    return NULL;
}

FN(bitoverlay)
{
    return overlay(c, ARG_I(2), ARG_I(3), out);
}

FN(bitoverlay_no_len)
{
    struct bits b;
    TRY(arg(c, 1, &b));
    return overlay(c, ARG_I(2), b.n, out);
}

FN(bitposition)
{
    struct bits a, b;
    TRY(args(c, &a, &b));
    for (uint32_t at = 0; at + b.n <= a.n && (a.n || !b.n); at++) {
        uint32_t i = 0;
        while (i < b.n && bits_get(&a, at + i) == bits_get(&b, i))
            i++;
        if (i == b.n)
            return give_int(a.n ? at + 1 : 0, out);
    }
    return give_int(0, out);
}

static struct err *check_index(int64_t i, uint32_t n)
{
    if (i >= 0 && i < n)
        return NULL;
    return err_new("2202E", "bit index %lld out of valid range (0..%lld)", (long long)i,
                   (long long)n - 1);
}

FN(bitgetbit)
{
    struct bits a;
    TRY(arg(c, 0, &a));
    TRY(check_index(ARG_I(1), a.n));
    return give_int(bits_get(&a, (uint32_t)ARG_I(1)), out);
}

FN(bitsetbit)
{
    struct bits a;
    uint8_t *p;
    TRY(arg(c, 0, &a));
    TRY(check_index(ARG_I(1), a.n));
    if (ARG_I(2) != 0 && ARG_I(2) != 1)
        return err_new("22023", "new bit must be 0 or 1");
    TRY(bits_new(a.n, c->arena, &p, out));
    bits_copy(p, 0, &a, 0, a.n);
    uint8_t bit = (uint8_t)(0x80 >> (ARG_I(1) % 8));
    if (ARG_I(2))
        p[ARG_I(1) / 8] |= bit;
    else
        p[ARG_I(1) / 8] &= (uint8_t)~bit;
    return NULL;
}

/* ---- casts ---- */

static struct err *from_int(struct fn_call *c, int width, struct datum *out)
{
    int64_t n = ARG_I(1) <= 0 || ARG_I(1) > BITS_MAX ? 1 : ARG_I(1);
    uint8_t *p;
    TRY(bits_new((uint64_t)n, c->arena, &p, out));
    for (int64_t i = 0; i < n; i++) {
        int64_t power = n - 1 - i;
        bool set = power >= width ? ARG_I(0) < 0 : ARG_I(0) >> power & 1;
        if (set)
            p[i / 8] |= (uint8_t)(0x80 >> (i % 8));
    }
    return NULL;
}

FN(bitfromint4)
{
    return from_int(c, 32, out);
}

FN(bitfromint8)
{
    return from_int(c, 64, out);
}

static struct err *to_int(struct fn_call *c, uint32_t width, struct err *(*range)(void),
                          struct datum *out)
{
    struct bits a;
    uint64_t v = 0;
    TRY(arg(c, 0, &a));
    if (a.n > width)
        return range();
    for (uint32_t i = 0; i < a.n; i++)
        v = v << 1 | bits_get(&a, i);
    return give_int(width == 32 ? (int32_t)(uint32_t)v : (int64_t)v, out);
}

FN(bittoint4)
{
    return to_int(c, 32, int4_range, out);
}

FN(bittoint8)
{
    return to_int(c, 64, int8_range, out);
}

static struct err *to_length(struct fn_call *c, uint32_t type, struct datum *out)
{
    return bits_apply_typmod(type_by_oid(type), c->args[0], (int32_t)ARG_I(1), ARG_I(2), c->arena,
                             out);
}

FN(bit)
{
    return to_length(c, BIT_OID, out);
}

FN(varbit)
{
    return to_length(c, VARBIT_OID, out);
}

const struct fn_entry fn_bits_table[] = {
    ENTRY(bitcat),         ENTRY(bit_and),
    ENTRY(bit_or),         ENTRY(bitxor),
    ENTRY(bitnot),         ENTRY(bitshiftleft),
    ENTRY(bitshiftright),  ENTRY(bitlength),
    ENTRY(bitoctetlength), ENTRY(bit_bit_count),
    ENTRY(bitsubstr),      ENTRY(bitsubstr_no_len),
    ENTRY(bitoverlay),     ENTRY(bitoverlay_no_len),
    ENTRY(bitposition),    ENTRY(bitgetbit),
    ENTRY(bitsetbit),      ENTRY(bitfromint4),
    ENTRY(bitfromint8),    ENTRY(bittoint4),
    ENTRY(bittoint8),      ENTRY(bit),
    ENTRY(varbit),
};
TABLE_END(fn_bits);

/* ---- aggregates ---- */

struct bits_state {
    bool any;
    struct datum value;
};

static struct err *fold(struct bits_state *s, struct fn_call *c, struct arena *arena, char op)
{
    if (s->any)
        return bitwise(arena, s->value, c->args[0], op, &s->value);
    s->any = true;
    return agg_keep(type_by_oid(BIT_OID), c->args[0], arena, &s->value);
}

AGG_ADD(bits_and_add)
{
    return fold(state, c, arena, '&');
}

AGG_ADD(bits_or_add)
{
    return fold(state, c, arena, '|');
}

AGG_ADD(bits_xor_add)
{
    return fold(state, c, arena, '^');
}

AGG_FINISH(bits_finish)
{
    struct bits_state *s = state;
    *out = s->any ? s->value : datum_null();
    return NULL;
}

#define BITS_AGG(name, fn) AGG1(name, BIT_OID, sizeof(struct bits_state), fn, bits_finish, true)

const struct agg_entry agg_bits_table[] = {
    BITS_AGG("bit_and", bits_and_add),
    BITS_AGG("bit_or", bits_or_add),
    BITS_AGG("bit_xor", bits_xor_add),
};
TABLE_END(agg_bits);
