/* Types and values of the lake as those of SQL.
 *
 *   boolean -> boolean; byte, short -> smallint; integer; long -> bigint; float -> real; double
 *   decimal(p,s) -> numeric(p,s); string -> text; binary -> bytea; uuid; date; time
 *   timestamp -> timestamptz; timestamp_ntz -> timestamp; interval
 *   list, map, struct, variant -> jsonb; a column of type void is text, always NULL
 *
 * Nanoseconds are cut down to microseconds. */
#include "sync/sync_internal.h"

#include "lake/json.h"
#include "types/numeric.h"
#include "types/text.h"

#include <stdlib.h>

enum { EPOCH_DAYS = 10957 }; /* 2000-01-01 in days since 1970 */
/* The range of date, in days since 2000: 4713-11-24 BC to 5874897-12-31. */
#define MIN_DATE (-2451545)
#define MAX_DATE 2145031948
/* The range of timestamp: 4713-11-24 BC to the end of 294276 AD. */
#define MIN_TIMESTAMP (-211813488000000000ll)
#define DAY_US 86400000000ll
#define END_TIMESTAMP 9223371331200000000ll

static uint32_t oid_of_kind(enum lake_kind kind)
{
    switch (kind) {
    case LAKE_VOID:
    case LAKE_STRING:
        return TEXT_OID;
    case LAKE_BOOLEAN:
        return BOOL_OID;
    case LAKE_BYTE:
    case LAKE_SHORT:
        return INT2_OID;
    case LAKE_INTEGER:
        return INT4_OID;
    case LAKE_LONG:
        return INT8_OID;
    case LAKE_FLOAT:
        return FLOAT4_OID;
    case LAKE_DOUBLE:
        return FLOAT8_OID;
    case LAKE_DECIMAL:
        return NUMERIC_OID;
    case LAKE_BINARY:
        return BYTEA_OID;
    case LAKE_UUID:
        return UUID_OID;
    case LAKE_DATE:
        return DATE_OID;
    case LAKE_TIME:
        return TIME_OID;
    case LAKE_TIMESTAMP:
        return TIMESTAMPTZ_OID;
    case LAKE_TIMESTAMP_NTZ:
        return TIMESTAMP_OID;
    case LAKE_INTERVAL:
        return INTERVAL_OID;
    case LAKE_LIST:
    case LAKE_MAP:
    case LAKE_STRUCT:
    case LAKE_VARIANT:
        return JSONB_OID;
    }
    UNREACHABLE();
}

struct err *value_type_of(const struct lake_field *field, struct value_type *out)
{
    const struct lake_type *t = field->type;
    struct value_type v = {oid_of_kind(t->kind), -1};
    if (t->kind == LAKE_DECIMAL)
        TRY(numeric_make_typmod(t->precision, t->scale, &v.typmod));
    *out = v;
    return NULL;
}

static bool is_timestamp(enum lake_kind kind)
{
    return kind == LAKE_TIMESTAMP || kind == LAKE_TIMESTAMP_NTZ;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct err *value_timestamp(int64_t us, struct datum *out)
{
    if (__builtin_sub_overflow(us, PG_EPOCH_US, &us) || us < MIN_TIMESTAMP || us >= END_TIMESTAMP)
        return err_new("22008", "timestamp out of range");
    *out = datum_int(us);
    return NULL;
}

static struct err *get_timestamp(const struct lake_vec *vec, int64_t v, struct datum *out)
{
    return value_timestamp(vec->type->unit == LAKE_NANOS ? floor_div(v, 1000) : v, out);
}

static struct err *get_i32(const struct lake_vec *vec, int32_t v, struct datum *out)
{
    int64_t value = v;
    if (vec->type->kind == LAKE_DATE) {
        value -= EPOCH_DAYS;
        if (value < MIN_DATE || value > MAX_DATE)
            return err_new("22008", "date out of range");
    }
    *out = datum_int(value);
    return NULL;
}

static struct err *get_i64(const struct lake_vec *vec, int64_t v, struct arena *arena,
                           struct datum *out)
{
    enum lake_kind kind = vec->type->kind;
    if (is_timestamp(kind))
        return get_timestamp(vec, v, out);
    if (kind == LAKE_DECIMAL) {
        *out = numeric_from_scaled(v, vec->type->scale, arena);
    } else if (kind == LAKE_TIME) {
        int64_t us = vec->type->unit == LAKE_NANOS ? floor_div(v, 1000) : v;
        if (us < 0 || us > DAY_US)
            return err_new("22008", "time out of range");
        *out = datum_int(us);
    } else {
        *out = datum_int(v);
    }
    return NULL;
}

/* Parquet's months, days, milliseconds (unsigned) as SQL's microseconds, days, months. */
static struct err *get_interval(struct str bytes, struct arena *arena, struct datum *out)
{
    if (bytes.len != 12)
        return err_new("XX001", "interval of %zu bytes instead of 12", bytes.len);
    uint8_t *p = arena_alloc(arena, 16);
    uint32_t months = load_le32(bytes.data);
    uint32_t days = load_le32(bytes.data + 4);
    if (months > INT32_MAX || days > INT32_MAX)
        return err_new("22008", "interval out of range");
    store_le64(p, (uint64_t)load_le32(bytes.data + 8) * 1000);
    store_le32(p + 8, days);
    store_le32(p + 12, months);
    *out = datum_bytes(p, 16);
    return NULL;
}

static struct err *get_bytes(const struct lake_vec *vec, struct str bytes, struct arena *arena,
                             struct datum *out)
{
    switch (vec->type->kind) {
    case LAKE_INTERVAL:
        return get_interval(bytes, arena, out);
    case LAKE_UUID:
        if (bytes.len != 16)
            return err_new("XX001", "uuid of %zu bytes instead of 16", bytes.len);
        break;
    case LAKE_STRING:
        TRY(utf8_verify(bytes));
        break;
    default: /* the other kinds have no check */
        break;
    }
    if (bytes.len >= (1u << 30))
        return err_new("54000", "value of %zu bytes is too long", bytes.len);
    *out = datum_bytes(bytes.data, bytes.len);
    return NULL;
}

struct err *value_jsonb(struct str text, struct arena *arena, struct datum *out)
{
    static const struct type_env env;
    const struct type_ops *jsonb = type_by_oid(JSONB_OID);
    TRY(utf8_verify(text));
    TRY(jsonb->in(jsonb, &env, text, -1, arena, out));
    if ((const char *)out->p >= text.data && (const char *)out->p < text.data + text.len)
        *out = datum_copy(arena, *out, false);
    return NULL;
}

static struct err *get_json(const struct lake_vec *vec, uint32_t row, struct arena *arena,
                            struct datum *out)
{
    struct buf text = BUF_INIT;
    lake_json_value(vec, row, &text);
    struct err *e = buf_finish(&text);
    if (!e)
        e = value_jsonb(buf_str(&text), arena, out);
    buf_done(&text);
    return e;
}

struct err *value_get(const struct lake_vec *vec, uint32_t row, const struct value_type *type,
                      struct arena *arena, struct datum *out)
{
    if (!vec->type || lake_vec_is_null(vec, row)) {
        *out = datum_null();
        return NULL;
    }
    if (type->oid == JSONB_OID)
        return get_json(vec, row, arena, out);
    switch (vec->phys) {
    case LAKE_PHYS_BOOL:
        *out = datum_bool(vec->bools[row]);
        return NULL;
    case LAKE_PHYS_I32:
        return get_i32(vec, vec->i32[row], out);
    case LAKE_PHYS_I64:
        return get_i64(vec, vec->i64[row], arena, out);
    case LAKE_PHYS_I128:
        *out = numeric_from_scaled(vec->i128[row], vec->type->scale, arena);
        return NULL;
    case LAKE_PHYS_F32:
        *out = datum_f32(vec->f32[row]);
        return NULL;
    case LAKE_PHYS_F64:
        *out = datum_f64(vec->f64[row]);
        return NULL;
    case LAKE_PHYS_BYTES:
        return get_bytes(vec, vec->bytes[row], arena, out);
    case LAKE_PHYS_LIST:
    case LAKE_PHYS_STRUCT:
    case LAKE_PHYS_VOID:
        break;
    }
    return err_new("XX000", "a nested value has no JSON form");
}

/* Those of the vectors whose values stand for something else than themselves. */
bool value_vector(const struct lake_vec *vec, const struct value_type *type, struct vector *out)
{
    struct vector c = {.valid = vec->valid, .data = vec->data};
    enum lake_kind kind = vec->type ? vec->type->kind : LAKE_VOID;
    if (kind == LAKE_VOID) {
        *out = (struct vector){.form = VECTOR_NULLS};
        return true;
    }
    if (type->oid == JSONB_OID || kind == LAKE_INTERVAL || vec->type->unit == LAKE_NANOS)
        return false;
    switch (vec->phys) {
    case LAKE_PHYS_BOOL:
        c.form = VECTOR_BOOL;
        break;
    case LAKE_PHYS_I32:
        c.form = VECTOR_I32;
        c.shift = kind == LAKE_DATE ? -EPOCH_DAYS : 0;
        break;
    case LAKE_PHYS_I64:
        c.form = kind == LAKE_DECIMAL ? VECTOR_SCALED64 : VECTOR_I64;
        c.shift = is_timestamp(kind) ? -PG_EPOCH_US : 0;
        c.scale = vec->type->scale;
        break;
    case LAKE_PHYS_I128:
        c.form = VECTOR_SCALED;
        c.scale = vec->type->scale;
        break;
    case LAKE_PHYS_F32:
        c.form = VECTOR_F32;
        break;
    case LAKE_PHYS_F64:
        c.form = VECTOR_F64;
        break;
    case LAKE_PHYS_BYTES:
        c.form = VECTOR_BYTES;
        break;
    case LAKE_PHYS_LIST:
    case LAKE_PHYS_STRUCT:
    case LAKE_PHYS_VOID:
        return false;
    }
    *out = c;
    return true;
}

/* The first row out of [least, greatest]; NULLs are 0, which is in it. */
#define FIRST_OUTSIDE(array, least, greatest)                       \
    do {                                                            \
        bool outside = false;                                       \
        for (uint32_t i = 0; i < vec->count; i++)                   \
            outside |= array[i] < (least) || array[i] > (greatest); \
        for (uint32_t i = 0; outside && i < vec->count; i++)        \
            if (array[i] < (least) || array[i] > (greatest))        \
                return i;                                           \
        return vec->count;                                          \
    } while (0)

static uint32_t first_bad_bytes(const struct lake_vec *vec)
{
    struct arena none;
    struct datum d;
    arena_init(&none);
    for (uint32_t i = 0; i < vec->count; i++) {
        struct err *e = lake_vec_is_null(vec, i) ? NULL : get_bytes(vec, vec->bytes[i], &none, &d);
        if (e) {
            err_free(e);
            return i;
        }
    }
    return vec->count;
}

uint32_t value_first_bad(const struct lake_vec *vec)
{
    enum lake_kind kind = vec->type ? vec->type->kind : LAKE_VOID;
    if (kind == LAKE_DATE)
        FIRST_OUTSIDE(vec->i32, MIN_DATE + EPOCH_DAYS, MAX_DATE + EPOCH_DAYS);
    if (is_timestamp(kind))
        FIRST_OUTSIDE(vec->i64, MIN_TIMESTAMP + PG_EPOCH_US, INT64_MAX); /* END is behind it */
    if (kind == LAKE_TIME)
        FIRST_OUTSIDE(vec->i64, 0, DAY_US);
    return vec->phys == LAKE_PHYS_BYTES ? first_bad_bytes(vec) : vec->count;
}

struct err *value_convert(struct datum d, uint32_t from, const struct type_ops *to, int32_t typmod,
                          const struct type_env *env, struct arena *arena, struct datum *out)
{
    const struct type_ops *ops = type_by_oid(from);
    struct buf text = BUF_INIT;
    struct err *e = ops->out(ops, env, d, &text);
    if (!e) /* the text may stay part of the value */
        e = to->in(to, env, arena_str(arena, buf_str(&text)), typmod, arena, out);
    buf_done(&text);
    return e;
}
