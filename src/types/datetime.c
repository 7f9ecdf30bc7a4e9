/* The types date, time, timetz, timestamp, timestamptz and interval. */
#include "types/datetime.h"

#include "base/hash.h"
#include "types/key.h"
#include "types/types_internal.h"

static struct err *date_in(TYPE_IN_PARAMS)
{
    int32_t v;
    TRY(date_parse(env, text, &v));
    *out = datum_int(v);
    return NULL;
}

static struct err *date_out(TYPE_OUT_PARAMS)
{
    date_print(env, (int32_t)d.i, out);
    return NULL;
}

static struct err *date_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 4)
        return bad_length(t->name, bytes.len);
    int32_t v = (int32_t)load_be32(bytes.data);
    if (date_is_finite(v) && (v < DATE_MIN || v >= DATE_END))
        return date_out_of_range();
    *out = datum_int(v);
    return NULL;
}

static struct err *date_send(TYPE_OUT_PARAMS)
{
    buf_put_be32(out, (uint32_t)d.i);
    return NULL;
}

static void date_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_int32(out, (int32_t)d.i);
}

static void us_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    key_put_int64(out, d.i);
}

static struct err *us_send(TYPE_OUT_PARAMS)
{
    buf_put_be64(out, d.u);
    return NULL;
}

static struct err *time_in(TYPE_IN_PARAMS)
{
    int64_t v;
    TRY(time_parse(env, text, &v));
    *out = datum_int(time_round(v, typmod));
    return NULL;
}

static struct err *time_out(TYPE_OUT_PARAMS)
{
    time_print(d.i, out);
    return NULL;
}

static struct err *time_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 8)
        return bad_length(t->name, bytes.len);
    int64_t v = (int64_t)load_be64(bytes.data);
    if (v < 0 || v > USECS_PER_DAY)
        return err_new("22008", "time out of range");
    *out = datum_int(time_round(v, typmod));
    return NULL;
}

static struct err *timestamp_in(TYPE_IN_PARAMS)
{
    int64_t v;
    TRY(t->oid == TIMESTAMP_OID ? timestamp_parse(env, text, &v)
                                : timestamptz_parse(env, text, &v));
    *out = datum_int(timestamp_round(v, typmod));
    return NULL;
}

static struct err *timestamp_out(TYPE_OUT_PARAMS)
{
    if (t->oid == TIMESTAMP_OID)
        timestamp_print(env, d.i, out);
    else
        timestamptz_print(env, d.i, out);
    return NULL;
}

static struct err *timestamp_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 8)
        return bad_length(t->name, bytes.len);
    int64_t v = (int64_t)load_be64(bytes.data);
    if (timestamp_is_finite(v) && !timestamp_in_range(v))
        return timestamp_out_of_range();
    *out = datum_int(timestamp_round(v, typmod));
    return NULL;
}

#define CLOCK_TYPE(ident, type_oid, type_name, prefix) \
    const struct type_ops ident##_ops = {              \
        .oid = type_oid,                               \
        .name = type_name,                             \
        .len = 8,                                      \
        .byval = true,                                 \
        .in = prefix##_in,                             \
        .out = prefix##_out,                           \
        .recv = prefix##_recv,                         \
        .send = us_send,                               \
        .compare = int_compare,                        \
        .hash = int_hash,                              \
        .key = us_key,                                 \
    }
CLOCK_TYPE(time, TIME_OID, "time without time zone", time);
CLOCK_TYPE(timestamp, TIMESTAMP_OID, "timestamp without time zone", timestamp);
CLOCK_TYPE(timestamptz, TIMESTAMPTZ_OID, "timestamp with time zone", timestamp);

const struct type_ops date_ops = {
    .oid = DATE_OID,
    .name = "date",
    .len = 4,
    .byval = true,
    .in = date_in,
    .out = date_out,
    .recv = date_recv,
    .send = date_send,
    .compare = int_compare,
    .hash = int_hash,
    .key = date_key,
};

/* timetz */

static struct err *timetz_in(TYPE_IN_PARAMS)
{
    struct timetz v;
    TRY(timetz_parse(env, text, &v));
    v.time = time_round(v.time, typmod);
    *out = timetz_datum(v, arena);
    return NULL;
}

static struct err *timetz_out(TYPE_OUT_PARAMS)
{
    timetz_print(timetz_load(d), out);
    return NULL;
}

static struct err *timetz_recv(TYPE_RECV_PARAMS)
{
    enum { MAX_ZONE = 16 * 3600 };
    if (bytes.len != 12)
        return bad_length(t->name, bytes.len);
    struct timetz v = {(int64_t)load_be64(bytes.data), (int32_t)load_be32(bytes.data + 8)};
    if (v.time < 0 || v.time > USECS_PER_DAY)
        return err_new("22008", "time out of range");
    if (v.zone <= -MAX_ZONE || v.zone >= MAX_ZONE)
        return err_new("22009", "time zone displacement out of range");
    v.time = time_round(v.time, typmod);
    *out = timetz_datum(v, arena);
    return NULL;
}

static struct err *timetz_send(TYPE_OUT_PARAMS)
{
    struct timetz v = timetz_load(d);
    buf_put_be64(out, (uint64_t)v.time);
    buf_put_be32(out, (uint32_t)v.zone);
    return NULL;
}

static int timetz_compare_op(const struct type_ops *t, struct datum a, struct datum b)
{
    return timetz_compare(timetz_load(a), timetz_load(b));
}

static uint64_t timetz_hash(const struct type_ops *t, struct datum d)
{
    struct timetz v = timetz_load(d);
    return hash_combine(hash_u64((uint64_t)v.time), (uint64_t)(int64_t)v.zone);
}

static void timetz_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    struct timetz v = timetz_load(d);
    key_put_int64(out, v.time + v.zone * USECS_PER_SEC);
    key_put_int32(out, v.zone);
}

const struct type_ops timetz_ops = {
    .oid = TIMETZ_OID,
    .name = "time with time zone",
    .len = -1,
    .in = timetz_in,
    .out = timetz_out,
    .recv = timetz_recv,
    .send = timetz_send,
    .compare = timetz_compare_op,
    .hash = timetz_hash,
    .key = timetz_key,
};

/* interval */

static struct err *interval_in(TYPE_IN_PARAMS)
{
    struct interval v;
    TRY(interval_parse(env, text, typmod, &v));
    *out = interval_datum(v, arena);
    return NULL;
}

static struct err *interval_out(TYPE_OUT_PARAMS)
{
    interval_print(env, interval_load(d), out);
    return NULL;
}

static struct err *interval_recv(TYPE_RECV_PARAMS)
{
    if (bytes.len != 16)
        return bad_length(t->name, bytes.len);
    struct interval v = {(int64_t)load_be64(bytes.data), (int32_t)load_be32(bytes.data + 8),
                         (int32_t)load_be32(bytes.data + 12)};
    TRY(interval_apply_typmod(&v, typmod));
    *out = interval_datum(v, arena);
    return NULL;
}

static struct err *interval_send(TYPE_OUT_PARAMS)
{
    struct interval v = interval_load(d);
    buf_put_be64(out, (uint64_t)v.us);
    buf_put_be32(out, (uint32_t)v.days);
    buf_put_be32(out, (uint32_t)v.months);
    return NULL;
}

static int interval_compare_op(const struct type_ops *t, struct datum a, struct datum b)
{
    return interval_compare(interval_load(a), interval_load(b));
}

/* The length with months of 30 days and days of 24 hours, in whole days and the rest: intervals
 * that compare equal give the same. */
static void normal_span(struct datum d, int64_t *days, int64_t *us)
{
    struct interval v = interval_load(d);
    int64_t rest = v.us % USECS_PER_DAY;
    *days = (int64_t)v.months * 30 + v.days + v.us / USECS_PER_DAY - (rest < 0);
    *us = rest < 0 ? rest + USECS_PER_DAY : rest;
}

static uint64_t interval_hash(const struct type_ops *t, struct datum d)
{
    int64_t days, us;
    normal_span(d, &days, &us);
    return hash_combine(hash_u64((uint64_t)days), (uint64_t)us);
}

static void interval_key(const struct type_ops *t, struct datum d, struct buf *out)
{
    int64_t days, us;
    normal_span(d, &days, &us);
    key_put_int64(out, days);
    key_put_int64(out, us);
}

const struct type_ops interval_ops = {
    .oid = INTERVAL_OID,
    .name = "interval",
    .len = -1,
    .in = interval_in,
    .out = interval_out,
    .recv = interval_recv,
    .send = interval_send,
    .compare = interval_compare_op,
    .hash = interval_hash,
    .key = interval_key,
};
