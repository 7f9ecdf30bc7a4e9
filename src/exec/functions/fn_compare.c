/* Comparison operators: = <> < <= > >=, the btree support functions, larger and smaller. */
#include "exec/functions/fn_internal.h"

#include "types/datetime.h"
#include "types/numeric.h"
#include "types/record.h"

#include <math.h>

/* Six operators from an expression of a and b that is negative, zero or positive. */
#define SIX(name, compare)                       \
    FN(name##_eq)                                \
    {                                            \
        return give_bool((compare) == 0, out);   \
    }                                            \
    FN(name##_ne)                                \
    {                                            \
        return give_bool((compare) != 0, out);   \
    }                                            \
    FN(name##_lt)                                \
    {                                            \
        return give_bool((compare) < 0, out);    \
    }                                            \
    FN(name##_le)                                \
    {                                            \
        return give_bool((compare) <= 0, out);   \
    }                                            \
    FN(name##_gt)                                \
    {                                            \
        return give_bool((compare) > 0, out);    \
    }                                            \
    FN(name##_ge)                                \
    {                                            \
        return give_bool((compare) >= 0, out);   \
    }                                            \
    FN(name##_cmp)                               \
    {                                            \
        int r = (compare);                       \
        return give_int((r > 0) - (r < 0), out); \
    }

/* Of equal values the second, as PostgreSQL has it: they may print differently. */
#define LARGER_SMALLER(name, compare)                   \
    FN(name##_larger)                                   \
    {                                                   \
        *out = (compare) > 0 ? c->args[0] : c->args[1]; \
        return NULL;                                    \
    }                                                   \
    FN(name##_smaller)                                  \
    {                                                   \
        *out = (compare) < 0 ? c->args[0] : c->args[1]; \
        return NULL;                                    \
    }

static inline int order_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static inline int order_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* NaN equals NaN and is greatest. */
static inline int order_double(double a, double b)
{
    if (__builtin_expect(isnan(a) || isnan(b), 0))
        return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

static inline int order_bytes(struct datum a, struct datum b)
{
    return str_cmp(datum_as_str(a), datum_as_str(b));
}

static struct str unpadded(struct datum d)
{
    struct str s = datum_as_str(d);
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

#define A c->args[0]
#define B c->args[1]

SIX(int, order_i64(A.i, B.i))
SIX(unsigned, order_u64(A.u, B.u))
SIX(char, order_u64((uint8_t)A.u, (uint8_t)B.u))
SIX(f8, order_double(A.f64, B.f64))
SIX(f4, order_double((double)A.f32, (double)B.f32))
SIX(f48, order_double((double)A.f32, B.f64))
SIX(f84, order_double(A.f64, (double)B.f32))
SIX(bytes, order_bytes(A, B))
SIX(padded, str_cmp(unpadded(A), unpadded(B)))
SIX(numeric, numeric_compare(A, B))
SIX(interval, interval_compare(interval_load(A), interval_load(B)))
SIX(timetz, timetz_compare(timetz_load(A), timetz_load(B)))

LARGER_SMALLER(bytes, order_bytes(A, B))
/* Except for char(n): the first. */
FN(padded_larger)
{
    *out = str_cmp(unpadded(A), unpadded(B)) >= 0 ? A : B;
    return NULL;
}

FN(padded_smaller)
{
    *out = str_cmp(unpadded(A), unpadded(B)) <= 0 ? A : B;
    return NULL;
}

LARGER_SMALLER(numeric, numeric_compare(A, B))
LARGER_SMALLER(interval, interval_compare(interval_load(A), interval_load(B)))
LARGER_SMALLER(timetz, timetz_compare(timetz_load(A), timetz_load(B)))
LARGER_SMALLER(f8, order_double(A.f64, B.f64))
LARGER_SMALLER(f4, order_double((double)A.f32, (double)B.f32))
LARGER_SMALLER(unsigned, order_u64(A.u, B.u))

/* Equality of byte strings needs no order. */
FN(bytes_same)
{
    return give_bool(A.len == B.len && (A.len == 0 || memcmp(A.p, B.p, A.len) == 0), out);
}

FN(bytes_differ)
{
    return give_bool(!(A.len == B.len && (A.len == 0 || memcmp(A.p, B.p, A.len) == 0)), out);
}

/* Dates, timestamps and timestamps with time zone among each other: all as instants, dates beyond
 * the range of timestamps as just inside the infinities. */

static int64_t date_as_timestamp(int64_t date)
{
    if (!date_is_finite((int32_t)date))
        return date == DATE_INFINITY ? TIMESTAMP_INFINITY : TIMESTAMP_NEG_INFINITY;
    int64_t ts;
    return __builtin_mul_overflow(date, USECS_PER_DAY, &ts) ? TIMESTAMP_INFINITY - 1 : ts;
}

static int64_t local_as_instant(struct fn_call *c, int64_t local)
{
    if (!timestamp_is_finite(local) || !timestamp_in_range(local))
        return local;
    int64_t seconds = local / USECS_PER_SEC - (local % USECS_PER_SEC < 0);
    seconds += EPOCH_DAYS * INT64_C(86400);
    return local - tz_at_local(c->env ? c->env->tz : NULL, seconds).east * USECS_PER_SEC;
}

SIX(date_timestamp, order_i64(date_as_timestamp(A.i), B.i))
SIX(timestamp_date, order_i64(A.i, date_as_timestamp(B.i)))
SIX(date_timestamptz, order_i64(local_as_instant(c, date_as_timestamp(A.i)), B.i))
SIX(timestamptz_date, order_i64(A.i, local_as_instant(c, date_as_timestamp(B.i))))
SIX(timestamp_timestamptz, order_i64(local_as_instant(c, A.i), B.i))
SIX(timestamptz_timestamp, order_i64(A.i, local_as_instant(c, B.i)))

/* Types that are compared through their operations: arrays, jsonb, records, enums. */

static struct err *compare_by_ops(struct fn_call *c, int *r)
{
    const struct type_ops *t;
    TRY(arg_type(c, 0, &t));
    if (t->oid == ANYARRAY_OID && type_lookup(c->env, c->arg_types[1]))
        TRY(arg_type(c, 1, &t));
    if (!t->compare)
        return err_new("42883", "could not identify a comparison function for type %s", t->name);
    if (t->elem && !t->elem->compare)
        return err_new("42883", "could not identify a comparison function for type %s",
                       t->elem->name);
    *r = t->compare(t, A, B);
    return NULL;
}

#define SIX_BY_OPS(name, op)           \
    FN(name)                           \
    {                                  \
        int r;                         \
        TRY(compare_by_ops(c, &r));    \
        return give_bool(r op 0, out); \
    }
SIX_BY_OPS(ops_eq, ==)
SIX_BY_OPS(ops_ne, !=)
SIX_BY_OPS(ops_lt, <)
SIX_BY_OPS(ops_le, <=)
SIX_BY_OPS(ops_gt, >)
SIX_BY_OPS(ops_ge, >=)

FN(ops_cmp)
{
    int r;
    TRY(compare_by_ops(c, &r));
    return give_int((r > 0) - (r < 0), out);
}

FN(ops_larger)
{
    int r;
    TRY(compare_by_ops(c, &r));
    *out = r > 0 ? A : B;
    return NULL;
}

FN(ops_smaller)
{
    int r;
    TRY(compare_by_ops(c, &r));
    *out = r < 0 ? A : B;
    return NULL;
}

#undef A
#undef B

/* prefix + "eq" ... and prefix + "_eq" ... */
#define TIGHT(prefix, impl)                                                                      \
    {#prefix "eq", f_##impl##_eq}, {#prefix "ne", f_##impl##_ne}, {#prefix "lt", f_##impl##_lt}, \
        {#prefix "le", f_##impl##_le}, {#prefix "gt", f_##impl##_gt},                            \
    {                                                                                            \
#prefix "ge", f_##impl##_ge                                                              \
    }
/* Records compare column by column, if they have the same ones. */
static struct err *check_records(struct fn_call *c)
{
    struct record a;
    struct record b;
    TRY(record_open(c->args[0], &a));
    TRY(record_open(c->args[1], &b));
    for (int i = 0; i < a.nfields && i < b.nfields; i++) {
        uint32_t x = record_field_type(&a, i);
        uint32_t y = record_field_type(&b, i);
        const struct type_ops *s = type_lookup(c->env, x);
        const struct type_ops *t = type_lookup(c->env, y);
        if (x != y && x != VOID_OID && y != VOID_OID)
            return err_new("42804",
                           "cannot compare dissimilar column types %s and %s at record column %d",
                           s ? s->name : "?", t ? t->name : "?", i + 1);
    }
    if (a.nfields != b.nfields && (a.type_oid == RECORD_OID || a.type_oid != b.type_oid))
        return err_new("42804", "cannot compare record types with different numbers of columns");
    return NULL;
}

#define RECORD_FN(op)              \
    FN(record_##op)                \
    {                              \
        TRY(check_records(c));     \
        return f_ops_##op(c, out); \
    }
RECORD_FN(eq)
RECORD_FN(ne)
RECORD_FN(lt)
RECORD_FN(le)
RECORD_FN(gt)
RECORD_FN(ge)
RECORD_FN(cmp)

#define LOOSE(prefix, impl)                                             \
    {#prefix "_eq", f_##impl##_eq}, {#prefix "_ne", f_##impl##_ne},     \
        {#prefix "_lt", f_##impl##_lt}, {#prefix "_le", f_##impl##_le}, \
        {#prefix "_gt", f_##impl##_gt},                                 \
    {                                                                   \
#prefix "_ge", f_##impl##_ge                                    \
    }
#define CROSS(left, right)                              \
    {#left "_eq_" #right, f_##left##_##right##_eq},     \
        {#left "_ne_" #right, f_##left##_##right##_ne}, \
        {#left "_lt_" #right, f_##left##_##right##_lt}, \
        {#left "_le_" #right, f_##left##_##right##_le}, \
        {#left "_gt_" #right, f_##left##_##right##_gt}, \
        {#left "_ge_" #right, f_##left##_##right##_ge}, \
    {                                                   \
#left "_cmp_" #right, f_##left##_##right##_cmp  \
    }

const struct fn_entry fn_compare_table[] = {
    TIGHT(int2, int),
    TIGHT(int4, int),
    TIGHT(int8, int),
    TIGHT(int24, int),
    TIGHT(int42, int),
    TIGHT(int28, int),
    TIGHT(int82, int),
    TIGHT(int48, int),
    TIGHT(int84, int),
    TIGHT(bool, int),
    TIGHT(oid, int),
    TIGHT(char, char),
    TIGHT(xid8, unsigned),
    {"xid8cmp", f_unsigned_cmp},
    {"xid8_larger", f_unsigned_larger},
    {"xid8_smaller", f_unsigned_smaller},
    LOOSE(pg_lsn, unsigned),
    {"pg_lsn_cmp", f_unsigned_cmp},
    {"pg_lsn_larger", f_unsigned_larger},
    {"pg_lsn_smaller", f_unsigned_smaller},
    TIGHT(tid, unsigned),
    {"tidlarger", f_unsigned_larger},
    {"tidsmaller", f_unsigned_smaller},
    {"xideq", f_int_eq},
    {"xidneq", f_int_ne},
    {"cideq", f_int_eq},
    TIGHT(float4, f4),
    TIGHT(float8, f8),
    TIGHT(float48, f48),
    TIGHT(float84, f84),
    {"float8larger", f_f8_larger},
    {"float8smaller", f_f8_smaller},
    {"float4larger", f_f4_larger},
    {"float4smaller", f_f4_smaller},
    LOOSE(date, int),
    LOOSE(time, int),
    LOOSE(timestamp, int),
    {"date_cmp", f_int_cmp},
    {"time_cmp", f_int_cmp},
    {"timestamp_cmp", f_int_cmp},
    {"btint2cmp", f_int_cmp},
    {"btint4cmp", f_int_cmp},
    {"btint8cmp", f_int_cmp},
    {"btint24cmp", f_int_cmp},
    {"btint42cmp", f_int_cmp},
    {"btint28cmp", f_int_cmp},
    {"btint82cmp", f_int_cmp},
    {"btint48cmp", f_int_cmp},
    {"btint84cmp", f_int_cmp},
    {"btboolcmp", f_int_cmp},
    {"btoidcmp", f_int_cmp},
    {"btcharcmp", f_char_cmp},
    {"btfloat4cmp", f_f4_cmp},
    {"btfloat8cmp", f_f8_cmp},
    {"btfloat48cmp", f_f48_cmp},
    {"btfloat84cmp", f_f84_cmp},
    {"bttidcmp", f_unsigned_cmp},
    CROSS(date, timestamp),
    CROSS(timestamp, date),
    CROSS(date, timestamptz),
    CROSS(timestamptz, date),
    CROSS(timestamp, timestamptz),
    CROSS(timestamptz, timestamp),
    LOOSE(numeric, numeric),
    {"numeric_cmp", f_numeric_cmp},
    {"numeric_larger", f_numeric_larger},
    {"numeric_smaller", f_numeric_smaller},
    LOOSE(interval, interval),
    {"interval_cmp", f_interval_cmp},
    {"interval_larger", f_interval_larger},
    {"interval_smaller", f_interval_smaller},
    LOOSE(timetz, timetz),
    {"timetz_cmp", f_timetz_cmp},
    {"timetz_larger", f_timetz_larger},
    {"timetz_smaller", f_timetz_smaller},
    {"texteq", f_bytes_same},
    {"textne", f_bytes_differ},
    {"text_lt", f_bytes_lt},
    {"text_le", f_bytes_le},
    {"text_gt", f_bytes_gt},
    {"text_ge", f_bytes_ge},
    {"bttextcmp", f_bytes_cmp},
    {"bttext_pattern_cmp", f_bytes_cmp},
    {"text_pattern_lt", f_bytes_lt},
    {"text_pattern_le", f_bytes_le},
    {"text_pattern_gt", f_bytes_gt},
    {"text_pattern_ge", f_bytes_ge},
    {"text_larger", f_bytes_larger},
    {"text_smaller", f_bytes_smaller},
    TIGHT(name, bytes),
    {"btnamecmp", f_bytes_cmp},
    TIGHT(bytea, bytes),
    {"byteacmp", f_bytes_cmp},
    LOOSE(uuid, bytes),
    {"uuid_cmp", f_bytes_cmp},
    {"nameeqtext", f_bytes_same},
    {"namenetext", f_bytes_differ},
    {"namelttext", f_bytes_lt},
    {"nameletext", f_bytes_le},
    {"namegttext", f_bytes_gt},
    {"namegetext", f_bytes_ge},
    {"btnametextcmp", f_bytes_cmp},
    {"texteqname", f_bytes_same},
    {"textnename", f_bytes_differ},
    {"textltname", f_bytes_lt},
    {"textlename", f_bytes_le},
    {"textgtname", f_bytes_gt},
    {"textgename", f_bytes_ge},
    {"bttextnamecmp", f_bytes_cmp},
    TIGHT(bpchar, padded),
    {"bpcharcmp", f_padded_cmp},
    {"btbpchar_pattern_cmp", f_padded_cmp},
    {"bpchar_pattern_lt", f_padded_lt},
    {"bpchar_pattern_le", f_padded_le},
    {"bpchar_pattern_gt", f_padded_gt},
    {"bpchar_pattern_ge", f_padded_ge},
    {"bpchar_larger", f_padded_larger},
    {"bpchar_smaller", f_padded_smaller},
    LOOSE(array, ops),
    {"btarraycmp", f_ops_cmp},
    {"array_larger", f_ops_larger},
    {"array_smaller", f_ops_smaller},
    LOOSE(jsonb, ops),
    {"jsonb_cmp", f_ops_cmp},
    LOOSE(record, record),
    {"btrecordcmp", f_record_cmp},
    LOOSE(network, ops),
    {"network_cmp", f_ops_cmp},
    {"network_larger", f_ops_larger},
    {"network_smaller", f_ops_smaller},
    TIGHT(bit, ops),
    {"bitcmp", f_ops_cmp},
    LOOSE(cash, int),
    {"cash_cmp", f_int_cmp},
    LOOSE(macaddr, bytes),
    {"macaddr_cmp", f_bytes_cmp},
    LOOSE(macaddr8, bytes),
    {"macaddr8_cmp", f_bytes_cmp},
    LOOSE(range, ops),
    {"range_cmp", f_ops_cmp},
    LOOSE(multirange, ops),
    {"multirange_cmp", f_ops_cmp},
    LOOSE(enum, ops),
    {"enum_cmp", f_ops_cmp},
    {"enum_larger", f_ops_larger},
    {"enum_smaller", f_ops_smaller},
    TIGHT(oidvector, ops),
    {"btoidvectorcmp", f_ops_cmp},
};
TABLE_END(fn_compare);
