/* date, time, timetz and interval: arithmetic, casts, construction. */
#include "exec/functions/fn_internal.h"

#include "base/clock.h"
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

static struct err *give_timetz(struct fn_call *c, struct timetz v, struct datum *out)
{
    *out = timetz_datum(v, c->arena);
    return NULL;
}

#define ARG_INTERVAL(n) interval_load(c->args[n])
#define ARG_TIMETZ(n) timetz_load(c->args[n])

/* date */

FN(date_mi)
{
    if (!date_is_finite((int32_t)ARG_I(0)) || !date_is_finite((int32_t)ARG_I(1)))
        return err_new("22008", "cannot subtract infinite dates");
    return give_int(ARG_I(0) - ARG_I(1), out);
}

static struct err *shifted_date(int64_t date, int64_t by, struct datum *out)
{
    if (!date_is_finite((int32_t)date))
        return give_int(date, out);
    int64_t v = date + by;
    if (v < DATE_MIN || v >= DATE_END)
        return date_out_of_range();
    return give_int(v, out);
}

FN(date_pli)
{
    return shifted_date(ARG_I(0), ARG_I(1), out);
}

FN(date_mii)
{
    return shifted_date(ARG_I(0), -ARG_I(1), out);
}

FN(integer_pl_date)
{
    return shifted_date(ARG_I(1), ARG_I(0), out);
}

static struct err *date_plus(int64_t date, struct interval v, struct datum *out)
{
    int64_t ts;
    TRY(date_to_timestamp((int32_t)date, &ts));
    TRY(timestamp_add(ts, v, &ts));
    return give_int(ts, out);
}

FN(date_pl_interval)
{
    return date_plus(ARG_I(0), ARG_INTERVAL(1), out);
}

FN(date_mi_interval)
{
    struct interval v;
    TRY(interval_negate(ARG_INTERVAL(1), &v));
    return date_plus(ARG_I(0), v, out);
}

FN(interval_pl_date)
{
    return date_plus(ARG_I(1), ARG_INTERVAL(0), out);
}

FN(date_finite)
{
    return give_bool(date_is_finite((int32_t)ARG_I(0)), out);
}

FN(date_timestamp)
{
    int64_t ts;
    TRY(date_to_timestamp((int32_t)ARG_I(0), &ts));
    return give_int(ts, out);
}

FN(date_timestamptz)
{
    int64_t ts;
    TRY(date_to_timestamptz((int32_t)ARG_I(0), session_tz(c), &ts));
    return give_int(ts, out);
}

static struct err *combined(int64_t date, int64_t time, struct datum *out)
{
    int64_t ts;
    TRY(date_to_timestamp((int32_t)date, &ts));
    if (timestamp_is_finite(ts)) {
        ts += time;
        if (!timestamp_in_range(ts))
            return timestamp_out_of_range();
    }
    return give_int(ts, out);
}

FN(datetime_timestamp)
{
    return combined(ARG_I(0), ARG_I(1), out);
}

FN(timedate_pl)
{
    return combined(ARG_I(1), ARG_I(0), out);
}

/* timestamptz(date, time): a local time of the session's zone. */
FN(timestamptz_date_time)
{
    struct datum local;
    int64_t ts;
    TRY(combined(ARG_I(0), ARG_I(1), &local));
    TRY(timestamptz_from_local(local.i, session_tz(c), &ts));
    return give_int(ts, out);
}

static struct err *combined_timetz(int64_t date, struct timetz t, struct datum *out)
{
    struct datum d;
    TRY(combined(date, t.time, &d));
    if (!timestamp_is_finite(d.i)) {
        *out = d;
        return NULL;
    }
    int64_t ts = d.i + t.zone * USECS_PER_SEC;
    if (!timestamp_in_range(ts))
        return err_new("22008", "date out of range for timestamp");
    return give_int(ts, out);
}

FN(datetimetz_timestamptz)
{
    return combined_timetz(ARG_I(0), ARG_TIMETZ(1), out);
}

FN(timetzdate_pl)
{
    return combined_timetz(ARG_I(1), ARG_TIMETZ(0), out);
}

/* time, timetz */

static int64_t wrap_day(int64_t time)
{
    time %= USECS_PER_DAY;
    return time < 0 ? time + USECS_PER_DAY : time;
}

FN(time_pl_interval)
{
    return give_int(wrap_day(ARG_I(0) + ARG_INTERVAL(1).us % USECS_PER_DAY), out);
}

FN(time_mi_interval)
{
    return give_int(wrap_day(ARG_I(0) - ARG_INTERVAL(1).us % USECS_PER_DAY), out);
}

FN(interval_pl_time)
{
    return give_int(wrap_day(ARG_I(1) + ARG_INTERVAL(0).us % USECS_PER_DAY), out);
}

FN(time_mi_time)
{
    return give_interval(c, (struct interval){.us = ARG_I(0) - ARG_I(1)}, out);
}

FN(time_interval)
{
    return give_interval(c, (struct interval){.us = ARG_I(0)}, out);
}

FN(interval_time)
{
    return give_int(wrap_day(ARG_INTERVAL(0).us), out);
}

static struct err *timetz_plus(struct fn_call *c, struct timetz t, int64_t us, struct datum *out)
{
    t.time = wrap_day(t.time + us % USECS_PER_DAY);
    return give_timetz(c, t, out);
}

FN(timetz_pl_interval)
{
    return timetz_plus(c, ARG_TIMETZ(0), ARG_INTERVAL(1).us, out);
}

FN(timetz_mi_interval)
{
    return timetz_plus(c, ARG_TIMETZ(0), -(ARG_INTERVAL(1).us % USECS_PER_DAY), out);
}

FN(interval_pl_timetz)
{
    return timetz_plus(c, ARG_TIMETZ(1), ARG_INTERVAL(0).us, out);
}

FN(timetz_time)
{
    return give_int(ARG_TIMETZ(0).time, out);
}

/* With the session zone's offset of today. */
FN(time_timetz)
{
    int64_t now = c->env ? c->env->txn_timestamp : 0;
    int64_t local = timestamptz_to_local(now, session_tz(c));
    int64_t midnight = local - wrap_day(local);
    int64_t seconds = (midnight + ARG_I(0)) / USECS_PER_SEC + EPOCH_DAYS * INT64_C(86400);
    struct timetz t = {ARG_I(0), -tz_at_local(session_tz(c), seconds).east};
    return give_timetz(c, t, out);
}

/* AT TIME ZONE of a timetz: the same moment with another offset. */
static struct err *move_timetz(struct fn_call *c, struct timetz t, int32_t east, struct datum *out)
{
    int64_t utc = t.time + t.zone * USECS_PER_SEC;
    return give_timetz(c, (struct timetz){wrap_day(utc + east * USECS_PER_SEC), -east}, out);
}

FN(timetz_zone)
{
    const struct tz *tz;
    TRY(tz_parse(ARG_STR(0), &tz));
    int64_t now = c->env ? c->env->txn_timestamp : 0;
    int64_t seconds = now / USECS_PER_SEC + EPOCH_DAYS * INT64_C(86400);
    const struct tz_abbrev *a = tz_abbrev_find(ARG_STR(0));
    int32_t east =
        a && a->zone ? tz_abbrev_at(tz, ARG_STR(0), seconds).east : tz_at(tz, seconds).east;
    return move_timetz(c, ARG_TIMETZ(1), east, out);
}

struct err *interval_zone_offset(struct interval v, int32_t *east)
{
    if (v.months || v.days) {
        struct buf b = BUF_INIT;
        interval_print(NULL, v, &b);
        struct err *e = err_new(
            "22023", "interval time zone \"%s\" must not include months or days", buf_cstr(&b));
        buf_done(&b);
        return e;
    }
    *east = (int32_t)(v.us / USECS_PER_SEC);
    return NULL;
}

FN(timetz_izone)
{
    int32_t east;
    TRY(interval_zone_offset(ARG_INTERVAL(0), &east));
    return move_timetz(c, ARG_TIMETZ(1), east, out);
}

/* interval */

FN(interval_pl)
{
    struct interval v;
    TRY(interval_add(ARG_INTERVAL(0), ARG_INTERVAL(1), &v));
    return give_interval(c, v, out);
}

FN(interval_mi)
{
    struct interval v;
    TRY(interval_sub(ARG_INTERVAL(0), ARG_INTERVAL(1), &v));
    return give_interval(c, v, out);
}

FN(interval_um)
{
    struct interval v;
    TRY(interval_negate(ARG_INTERVAL(0), &v));
    return give_interval(c, v, out);
}

FN(interval_mul)
{
    struct interval v;
    TRY(interval_mul(ARG_INTERVAL(0), c->args[1].f64, &v));
    return give_interval(c, v, out);
}

FN(mul_d_interval)
{
    struct interval v;
    TRY(interval_mul(ARG_INTERVAL(1), c->args[0].f64, &v));
    return give_interval(c, v, out);
}

FN(interval_div)
{
    struct interval v;
    TRY(interval_div(ARG_INTERVAL(0), c->args[1].f64, &v));
    return give_interval(c, v, out);
}

FN(interval_justify_hours)
{
    return give_interval(c, interval_justify_hours(ARG_INTERVAL(0)), out);
}

FN(interval_justify_days)
{
    struct interval v;
    TRY(interval_justify_days(ARG_INTERVAL(0), &v));
    return give_interval(c, v, out);
}

FN(interval_justify_interval)
{
    struct interval v;
    TRY(interval_justify(ARG_INTERVAL(0), &v));
    return give_interval(c, v, out);
}

FN(interval_finite)
{
    return give_bool(true, out);
}

FN(interval_scale)
{
    struct interval v = ARG_INTERVAL(0);
    TRY(interval_apply_typmod(&v, (int32_t)ARG_I(1)));
    return give_interval(c, v, out);
}

FN(time_scale)
{
    return give_int(time_round(ARG_I(0), (int32_t)ARG_I(1)), out);
}

FN(timetz_scale)
{
    struct timetz t = ARG_TIMETZ(0);
    t.time = time_round(t.time, (int32_t)ARG_I(1));
    return give_timetz(c, t, out);
}

FN(timestamp_scale)
{
    if (ARG_I(1) != -1 && (ARG_I(1) < 0 || ARG_I(1) > 6) && timestamp_is_finite(ARG_I(0)))
        return err_new("22023", "timestamp(%d) precision must be between %d and %d", (int)ARG_I(1),
                       0, 6);
    return give_int(timestamp_round(ARG_I(0), (int32_t)ARG_I(1)), out);
}

/* Construction */

FN(make_date)
{
    int64_t year = ARG_I(0), month = ARG_I(1), day = ARG_I(2);
    int64_t astronomical = year < 0 ? year + 1 : year;
    bool ok = year != 0 && month >= 1 && month <= 12 && day >= 1 &&
              day <= month_days((int)astronomical, (int)month);
    if (!ok)
        return err_new("22008", "date field value out of range: %d-%02d-%02d", (int)astronomical,
                       (int)month, (int)day);
    if (!civil_date_in_range((int)astronomical, (int)month, (int)day))
        return err_new("22008", "date out of range: %d-%02d-%02d", (int)astronomical, (int)month,
                       (int)day);
    return give_int(date_from_civil((int)astronomical, (int)month, (int)day), out);
}

static struct err *clock_time(int64_t hour, int64_t minute, double second, int64_t *out)
{
    bool ok = hour >= 0 && minute >= 0 && minute <= 59 && !isnan(second) && second >= 0 &&
              second <= 60 && (hour < 24 || (hour == 24 && minute == 0 && second == 0));
    if (!ok && !isfinite(second))
        return err_new("22008", "time field value out of range: %d:%02d:%s", (int)hour, (int)minute,
                       isnan(second) ? "NaN"
                       : second > 0  ? "Infinity"
                                     : "-Infinity");
    if (!ok)
        return err_new("22008", "time field value out of range: %d:%02d:%02g", (int)hour,
                       (int)minute, second);
    *out = ((hour * 60 + minute) * 60) * USECS_PER_SEC + (int64_t)rint(second * 1e6);
    return NULL;
}

FN(make_time)
{
    int64_t time;
    TRY(clock_time(ARG_I(0), ARG_I(1), c->args[2].f64, &time));
    return give_int(time, out);
}

static struct err *local_timestamp(struct fn_call *c, int64_t *out)
{
    int64_t year = ARG_I(0), month = ARG_I(1), day = ARG_I(2), time;
    int64_t astronomical = year < 0 ? year + 1 : year;
    bool ok = year != 0 && month >= 1 && month <= 12 && day >= 1 &&
              day <= month_days((int)astronomical, (int)month);
    if (!ok)
        return err_new("22008", "date field value out of range: %d-%02d-%02d", (int)year,
                       (int)month, (int)day);
    if (!civil_date_in_range((int)astronomical, (int)month, (int)day))
        return err_new("22008", "date out of range: %d-%02d-%02d", (int)year, (int)month, (int)day);
    TRY(clock_time(ARG_I(3), ARG_I(4), c->args[5].f64, &time));
    int64_t ts;
    if (__builtin_mul_overflow((int64_t)date_from_civil((int)astronomical, (int)month, (int)day),
                               USECS_PER_DAY, &ts) ||
        __builtin_add_overflow(ts, time, &ts) || !timestamp_in_range(ts))
        return err_new("22008", "timestamp out of range: %d-%02d-%02d %d:%02d:%02g", (int)year,
                       (int)month, (int)day, (int)ARG_I(3), (int)ARG_I(4), c->args[5].f64);
    *out = ts;
    return NULL;
}

FN(make_timestamp)
{
    int64_t ts;
    TRY(local_timestamp(c, &ts));
    return give_int(ts, out);
}

FN(make_timestamptz)
{
    int64_t local, ts;
    TRY(local_timestamp(c, &local));
    TRY(timestamptz_from_local(local, session_tz(c), &ts));
    return give_int(ts, out);
}

/* A zone by name, or an offset such as +2 or -05:30. */
static struct err *zone_argument(struct str s, const struct tz **tz)
{
    if (s.len && (s.data[0] == '+' || s.data[0] == '-')) {
        /* The same rules as in a timetz. */
        struct timetz t;
        char text[64] = "00:00:00";
        if (s.len < sizeof(text) - 8) {
            memcpy(text + 8, s.data, s.len);
            struct err *e = timetz_parse(NULL, str_make(text, 8 + s.len), &t);
            if (!e) {
                *tz = tz_fixed(-t.zone);
                return NULL;
            }
            err_free(e);
        }
        return err_new("22023", "invalid input syntax for type %s: \"%.*s\"", "numeric time zone",
                       STR_ARG(s));
    }
    return tz_parse(s, tz);
}

FN(make_timestamptz_at_timezone)
{
    int64_t local, ts;
    const struct tz *tz;
    TRY(local_timestamp(c, &local));
    TRY(zone_argument(ARG_STR(6), &tz));
    TRY(timestamptz_from_local(local, tz, &ts));
    return give_int(ts, out);
}

FN(make_interval)
{
    double seconds = c->args[6].f64;
    __int128 months = (__int128)ARG_I(0) * 12 + ARG_I(1);
    __int128 days = (__int128)ARG_I(2) * 7 + ARG_I(3);
    double from_seconds = rint(seconds * 1e6);
    if (isnan(seconds) || fabs(from_seconds) >= 0x1p63 || months > INT32_MAX ||
        months < INT32_MIN || days > INT32_MAX || days < INT32_MIN)
        return interval_out_of_range();
    __int128 us = (__int128)ARG_I(4) * USECS_PER_HOUR + (__int128)ARG_I(5) * USECS_PER_MINUTE +
                  (int64_t)from_seconds;
    if (us > INT64_MAX || us < INT64_MIN)
        return interval_out_of_range();
    return give_interval(c, (struct interval){(int64_t)us, (int32_t)days, (int32_t)months}, out);
}

/* Now */

FN(now)
{
    return give_int(c->env->txn_timestamp, out);
}

FN(statement_timestamp)
{
    return give_int(c->env->stmt_timestamp, out);
}

FN(clock_timestamp)
{
    return give_int(clock_real_us() - EPOCH_USECS, out);
}

FN(timeofday)
{
    struct type_env env = {.date_style = DATE_STYLE_POSTGRES, .tz = session_tz(c)};
    int64_t ts = clock_real_us() - EPOCH_USECS;
    int64_t local = timestamptz_to_local(ts, env.tz);
    struct civil t = civil_from_timestamp(local);
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char days[] = "SunMonTueWedThuFriSat";
    int weekday = date_weekday(date_from_civil(t.year, t.month, t.day));
    int64_t seconds = ts / USECS_PER_SEC + EPOCH_DAYS * INT64_C(86400);
    char *p = arena_printf(c->arena, "%.3s %.3s %02d %02d:%02d:%02d.%06d %04d %s",
                           days + 3 * weekday, months + 3 * (t.month - 1), t.day, t.hour, t.minute,
                           t.second, t.usec, t.year, tz_at(env.tz, seconds).abbrev);
    return give_str(str_from(p), out);
}

const struct fn_entry fn_datetime_table[] = {
    ENTRY(date_mi),
    ENTRY(date_pli),
    ENTRY(date_mii),
    {"sql:integer_pl_date:23 1082", f_integer_pl_date},
    ENTRY(date_pl_interval),
    ENTRY(date_mi_interval),
    {"sql:interval_pl_date:1186 1082", f_interval_pl_date},
    ENTRY(date_finite),
    ENTRY(date_timestamp),
    ENTRY(date_timestamptz),
    ENTRY(datetime_timestamp),
    {"sql:timedate_pl:1083 1082", f_timedate_pl},
    {"sql:timestamptz:1082 1083", f_timestamptz_date_time},
    ENTRY(datetimetz_timestamptz),
    {"sql:timetzdate_pl:1266 1082", f_timetzdate_pl},
    ENTRY(time_pl_interval),
    ENTRY(time_mi_interval),
    {"sql:interval_pl_time:1186 1083", f_interval_pl_time},
    ENTRY(time_mi_time),
    ENTRY(time_interval),
    ENTRY(interval_time),
    ENTRY(timetz_pl_interval),
    ENTRY(timetz_mi_interval),
    {"sql:interval_pl_timetz:1186 1266", f_interval_pl_timetz},
    ENTRY(timetz_time),
    ENTRY(time_timetz),
    ENTRY(timetz_zone),
    ENTRY(timetz_izone),
    ENTRY(interval_pl),
    ENTRY(interval_mi),
    ENTRY(interval_um),
    ENTRY(interval_mul),
    ENTRY(mul_d_interval),
    ENTRY(interval_div),
    ENTRY(interval_justify_hours),
    ENTRY(interval_justify_days),
    ENTRY(interval_justify_interval),
    ENTRY(interval_finite),
    ENTRY(interval_scale),
    ENTRY(time_scale),
    ENTRY(timetz_scale),
    ENTRY(timestamp_scale),
    {"timestamptz_scale", f_timestamp_scale},
    ENTRY(make_date),
    ENTRY(make_time),
    ENTRY(make_timestamp),
    ENTRY(make_timestamptz),
    ENTRY(make_timestamptz_at_timezone),
    ENTRY(make_interval),
    ENTRY(now),
    ENTRY(statement_timestamp),
    ENTRY(clock_timestamp),
    ENTRY(timeofday),
};
TABLE_END(fn_datetime);
