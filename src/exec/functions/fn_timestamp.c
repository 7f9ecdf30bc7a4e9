/* timestamp and timestamptz: arithmetic, casts, time zones, age, overlaps, date_bin. */
#include "exec/functions/fn_internal.h"

#include "types/datetime.h"

#include <math.h>

static const struct tz *session_tz(struct fn_call *c)
{
    return c->env ? c->env->tz : NULL;
}

static struct err *give_interval(struct fn_call *c, struct interval v, struct datum *out)
{
    *out = interval_datum(v, c->arena);
    return NULL;
}

#define ARG_INTERVAL(n) interval_load(c->args[n])

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t unix_seconds(int64_t ts)
{
    return floor_div(ts, USECS_PER_SEC) + EPOCH_DAYS * INT64_C(86400);
}

static struct err *plus(int64_t ts, struct interval v, struct datum *out)
{
    TRY(timestamp_add(ts, v, &ts));
    return give_int(ts, out);
}

static struct err *plus_tz(struct fn_call *c, int64_t ts, struct interval v, struct datum *out)
{
    TRY(timestamptz_add(ts, v, session_tz(c), &ts));
    return give_int(ts, out);
}

FN(timestamp_pl_interval)
{
    return plus(ARG_I(0), ARG_INTERVAL(1), out);
}

FN(interval_pl_timestamp)
{
    return plus(ARG_I(1), ARG_INTERVAL(0), out);
}

FN(timestamptz_pl_interval)
{
    return plus_tz(c, ARG_I(0), ARG_INTERVAL(1), out);
}

FN(interval_pl_timestamptz)
{
    return plus_tz(c, ARG_I(1), ARG_INTERVAL(0), out);
}

FN(timestamp_mi_interval)
{
    struct interval v;
    TRY(interval_negate(ARG_INTERVAL(1), &v));
    return plus(ARG_I(0), v, out);
}

FN(timestamptz_mi_interval)
{
    struct interval v;
    TRY(interval_negate(ARG_INTERVAL(1), &v));
    return plus_tz(c, ARG_I(0), v, out);
}

FN(timestamp_mi)
{
    int64_t a = ARG_I(0), b = ARG_I(1);
    if (!timestamp_is_finite(a) || !timestamp_is_finite(b))
        return err_new("22008", "cannot subtract infinite timestamps");
    struct interval v = {0};
    if (__builtin_sub_overflow(a, b, &v.us))
        return interval_out_of_range();
    return give_interval(c, interval_justify_hours(v), out);
}

FN(timestamp_finite)
{
    return give_bool(timestamp_is_finite(ARG_I(0)), out);
}

/* Casts */

static struct err *give_date(int64_t local, struct datum *out)
{
    if (!timestamp_is_finite(local))
        return give_int(local == TIMESTAMP_INFINITY ? DATE_INFINITY : DATE_NEG_INFINITY, out);
    return give_int(floor_div(local, USECS_PER_DAY), out);
}

static struct err *give_time(int64_t local, struct datum *out)
{
    if (!timestamp_is_finite(local))
        return give_null(out);
    return give_int(local - floor_div(local, USECS_PER_DAY) * USECS_PER_DAY, out);
}

FN(timestamp_date)
{
    return give_date(ARG_I(0), out);
}

FN(timestamptz_date)
{
    return give_date(timestamptz_to_local(ARG_I(0), session_tz(c)), out);
}

FN(timestamp_time)
{
    return give_time(ARG_I(0), out);
}

FN(timestamptz_time)
{
    return give_time(timestamptz_to_local(ARG_I(0), session_tz(c)), out);
}

FN(timestamptz_timetz)
{
    int64_t ts = ARG_I(0);
    if (!timestamp_is_finite(ts))
        return give_null(out);
    int32_t east = tz_at(session_tz(c), unix_seconds(ts)).east;
    struct datum time;
    TRY(give_time(ts + east * USECS_PER_SEC, &time));
    *out = timetz_datum((struct timetz){time.i, -east}, c->arena);
    return NULL;
}

FN(timestamp_timestamptz)
{
    int64_t ts;
    TRY(timestamptz_from_local(ARG_I(0), session_tz(c), &ts));
    return give_int(ts, out);
}

FN(timestamptz_timestamp)
{
    return give_int(timestamptz_to_local(ARG_I(0), session_tz(c)), out);
}

FN(float8_timestamptz)
{
    double seconds = c->args[0].f64;
    if (isnan(seconds))
        return err_new("22008", "timestamp cannot be NaN");
    if (isinf(seconds))
        return give_int(seconds > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_NEG_INFINITY, out);
    double from_2000 = seconds - EPOCH_DAYS * 86400.0;
    double us = rint(from_2000 * 1e6);
    if (us < (double)TIMESTAMP_MIN || us >= (double)TIMESTAMP_END)
        return err_new("22008", "timestamp out of range: \"%g\"", seconds);
    return give_int((int64_t)us, out);
}

/* AT TIME ZONE */

FN(timestamp_zone)
{
    int64_t local = ARG_I(1), ts;
    if (!timestamp_is_finite(local))
        return give_int(local, out);
    const struct tz *tz;
    TRY(tz_parse(ARG_STR(0), &tz));
    const struct tz_abbrev *a = tz_abbrev_find(ARG_STR(0));
    if (!a || !a->zone) {
        TRY(timestamptz_from_local(local, tz, &ts));
        return give_int(ts, out);
    }
    ts = local - tz_abbrev_at_local(tz, ARG_STR(0), unix_seconds(local)).east * USECS_PER_SEC;
    return timestamp_in_range(ts) ? give_int(ts, out) : timestamp_out_of_range();
}

FN(timestamptz_zone)
{
    int64_t ts = ARG_I(1);
    if (!timestamp_is_finite(ts))
        return give_int(ts, out);
    const struct tz *tz;
    TRY(tz_parse(ARG_STR(0), &tz));
    const struct tz_abbrev *a = tz_abbrev_find(ARG_STR(0));
    int32_t east = a && a->zone ? tz_abbrev_at(tz, ARG_STR(0), unix_seconds(ts)).east
                                : tz_at(tz, unix_seconds(ts)).east;
    int64_t local = ts + east * USECS_PER_SEC;
    return timestamp_in_range(local) ? give_int(local, out) : timestamp_out_of_range();
}

static struct err *interval_zone(struct fn_call *c, int sign, struct datum *out)
{
    int64_t ts = ARG_I(1);
    if (!timestamp_is_finite(ts))
        return give_int(ts, out);
    int32_t east;
    TRY(interval_zone_offset(ARG_INTERVAL(0), &east));
    ts += sign * (east * USECS_PER_SEC);
    return timestamp_in_range(ts) ? give_int(ts, out) : timestamp_out_of_range();
}

FN(timestamp_izone)
{
    return interval_zone(c, -1, out);
}

FN(timestamptz_izone)
{
    return interval_zone(c, 1, out);
}

/* age: the difference in years, months, days and clock time, as people count it. */

static struct interval civil_age(int64_t later, int64_t earlier)
{
    int sign = 1;
    if (later < earlier) {
        int64_t swap = later;
        later = earlier;
        earlier = swap;
        sign = -1;
    }
    struct civil a = civil_from_timestamp(later), b = civil_from_timestamp(earlier);
    int64_t us = time_from_civil(a.hour, a.minute, a.second, a.usec) -
                 time_from_civil(b.hour, b.minute, b.second, b.usec);
    int days = a.day - b.day, months = a.month - b.month, years = a.year - b.year;
    if (us < 0) {
        us += USECS_PER_DAY;
        days--;
    }
    while (days < 0) {
        /* The month borrowed is that of the earlier point. */
        days += month_days(b.year, b.month);
        months--;
    }
    while (months < 0) {
        months += 12;
        years--;
    }
    return (struct interval){sign * us, sign * days, sign * (years * 12 + months)};
}

static struct err *age(struct fn_call *c, int64_t a, int64_t b, struct datum *out)
{
    if (!timestamp_is_finite(a) || !timestamp_is_finite(b))
        return timestamp_out_of_range();
    return give_interval(c, civil_age(a, b), out);
}

FN(timestamp_age)
{
    return age(c, ARG_I(0), ARG_I(1), out);
}

FN(timestamptz_age)
{
    return age(c, timestamptz_to_local(ARG_I(0), session_tz(c)),
               timestamptz_to_local(ARG_I(1), session_tz(c)), out);
}

static int64_t today(struct fn_call *c)
{
    int64_t local = timestamptz_to_local(c->env->txn_timestamp, session_tz(c));
    return floor_div(local, USECS_PER_DAY) * USECS_PER_DAY;
}

FN(age_today)
{
    return age(c, today(c), ARG_I(0), out);
}

FN(age_today_tz)
{
    return age(c, today(c), timestamptz_to_local(ARG_I(0), session_tz(c)), out);
}

/* date_bin(stride, value, origin) */
FN(timestamp_bin)
{
    struct interval stride = ARG_INTERVAL(0);
    int64_t ts = ARG_I(1), origin = ARG_I(2);
    if (!timestamp_is_finite(ts))
        return give_int(ts, out);
    if (!timestamp_is_finite(origin))
        return err_new("22008", "origin out of range");
    if (stride.months)
        return err_new("0A000", "timestamps cannot be binned into intervals containing months or "
                                "years");
    int64_t us, diff, bin;
    if (__builtin_mul_overflow((int64_t)stride.days, USECS_PER_DAY, &us) ||
        __builtin_add_overflow(us, stride.us, &us))
        return interval_out_of_range();
    if (us <= 0)
        return err_new("22008", "stride must be greater than zero");
    if (__builtin_sub_overflow(ts, origin, &diff))
        return interval_out_of_range();
    bin = diff - diff % us;
    if (diff % us < 0)
        bin -= us;
    if (__builtin_add_overflow(origin, bin, &ts) || !timestamp_in_range(ts))
        return timestamp_out_of_range();
    return give_int(ts, out);
}

/* OVERLAPS of two pairs of ends; a NULL end may not matter. */

typedef int (*order_fn)(struct datum a, struct datum b);

static int order_int(struct datum a, struct datum b)
{
    return (a.i > b.i) - (a.i < b.i);
}

static int order_timetz(struct datum a, struct datum b)
{
    return timetz_compare(timetz_load(a), timetz_load(b));
}

/* Brings (start, end) in order; a single known end becomes the start. False: both NULL. */
static bool arrange(struct datum *start, struct datum *end, order_fn order)
{
    if (start->null) {
        if (end->null)
            return false;
        *start = *end;
        *end = datum_null();
    } else if (!end->null && order(*start, *end) > 0) {
        struct datum swap = *start;
        *start = *end;
        *end = swap;
    }
    return true;
}

static struct err *overlaps(const struct datum *ends, order_fn order, struct datum *out)
{
    struct datum s1 = ends[0], e1 = ends[1], s2 = ends[2], e2 = ends[3];
    if (!arrange(&s1, &e1, order) || !arrange(&s2, &e2, order))
        return give_null(out);
    int c = order(s1, s2);
    if (c == 0) {
        /* The same start: they overlap if both have an end, or in the instant itself. */
        return e1.null || e2.null ? give_null(out) : give_bool(true, out);
    }
    struct datum first_end = c > 0 ? e2 : e1, later_start = c > 0 ? s1 : s2;
    struct datum later_end = c > 0 ? e1 : e2;
    if (first_end.null)
        return give_null(out);
    if (order(later_start, first_end) < 0)
        return give_bool(true, out);
    return later_end.null ? give_null(out) : give_bool(false, out);
}

FN(overlaps_timestamp)
{
    return overlaps(c->args, order_int, out);
}

FN(overlaps_timetz)
{
    return overlaps(c->args, order_timetz, out);
}

/* Forms where an end is given as an interval after its start. */
static struct err *overlaps_with_spans(struct fn_call *c, bool first, bool second, bool zoned,
                                       bool time, struct datum *out)
{
    struct datum ends[4];
    memcpy(ends, c->args, sizeof(ends));
    for (int i = 1; i < 4; i += 2) {
        if (!(i == 1 ? first : second))
            continue;
        if (ends[i - 1].null || ends[i].null) {
            ends[i] = datum_null();
            continue;
        }
        struct interval v = interval_load(ends[i]);
        if (time) {
            int64_t t = (ends[i - 1].i + v.us % USECS_PER_DAY) % USECS_PER_DAY;
            ends[i] = datum_int(t < 0 ? t + USECS_PER_DAY : t);
        } else if (zoned) {
            TRY(plus_tz(c, ends[i - 1].i, v, &ends[i]));
        } else {
            TRY(plus(ends[i - 1].i, v, &ends[i]));
        }
    }
    return overlaps(ends, order_int, out);
}

#define SPANS(name, first, second, zoned, time)                         \
    FN(name)                                                            \
    {                                                                   \
        return overlaps_with_spans(c, first, second, zoned, time, out); \
    }
SPANS(ts_both, true, true, false, false)
SPANS(ts_first, true, false, false, false)
SPANS(ts_second, false, true, false, false)
SPANS(tz_both, true, true, true, false)
SPANS(tz_first, true, false, true, false)
SPANS(tz_second, false, true, true, false)
SPANS(time_both, true, true, false, true)
SPANS(time_first, true, false, false, true)
SPANS(time_second, false, true, false, true)

const struct fn_entry fn_timestamp_table[] = {
    ENTRY(timestamp_pl_interval),
    ENTRY(timestamp_mi_interval),
    {"sql:interval_pl_timestamp:1186 1114", f_interval_pl_timestamp},
    ENTRY(timestamptz_pl_interval),
    ENTRY(timestamptz_mi_interval),
    {"sql:interval_pl_timestamptz:1186 1184", f_interval_pl_timestamptz},
    ENTRY(timestamp_mi),
    ENTRY(timestamp_finite),
    ENTRY(timestamp_date),
    ENTRY(timestamptz_date),
    ENTRY(timestamp_time),
    ENTRY(timestamptz_time),
    ENTRY(timestamptz_timetz),
    ENTRY(timestamp_timestamptz),
    ENTRY(timestamptz_timestamp),
    ENTRY(float8_timestamptz),
    ENTRY(timestamp_zone),
    ENTRY(timestamptz_zone),
    ENTRY(timestamp_izone),
    ENTRY(timestamptz_izone),
    ENTRY(timestamp_age),
    ENTRY(timestamptz_age),
    {"sql:age:1114", f_age_today},
    {"sql:age:1184", f_age_today_tz},
    ENTRY(timestamp_bin),
    {"timestamptz_bin", f_timestamp_bin},
    ENTRY(overlaps_timestamp),
    {"overlaps_time", f_overlaps_timestamp},
    ENTRY(overlaps_timetz),
    {"sql:overlaps:1114 1186 1114 1186", f_ts_both},
    {"sql:overlaps:1114 1186 1114 1114", f_ts_first},
    {"sql:overlaps:1114 1114 1114 1186", f_ts_second},
    {"sql:overlaps:1184 1186 1184 1186", f_tz_both},
    {"sql:overlaps:1184 1186 1184 1184", f_tz_first},
    {"sql:overlaps:1184 1184 1184 1186", f_tz_second},
    {"sql:overlaps:1083 1186 1083 1186", f_time_both},
    {"sql:overlaps:1083 1186 1083 1083", f_time_first},
    {"sql:overlaps:1083 1083 1083 1186", f_time_second},
};
TABLE_END(fn_timestamp);
