/* extract (numeric results) and date_part (double precision). */
#include "exec/functions/fn_internal.h"
#include "exec/functions/units.h"

#include "types/datetime.h"
#include "types/numeric.h"

#include <math.h>

/* A field's value as integer with `scale` decimals; or infinite; or absent. */
struct value {
    enum { VALUE, PLUS_INFINITY, MINUS_INFINITY, ABSENT } kind;
    __int128 v;
    int scale;
    bool julian_time; /* v is a Julian day, plus us / one day */
    int64_t us;
};

static struct value whole(int64_t v)
{
    return (struct value){.v = v};
}

static struct value decimals(__int128 v, int scale)
{
    return (struct value){.v = v, .scale = scale};
}

static struct err *give_value(struct fn_call *c, struct value v, bool numeric, struct datum *out)
{
    if (v.kind == ABSENT)
        return give_null(out);
    if (v.kind != VALUE) {
        bool negative = v.kind == MINUS_INFINITY;
        *out = numeric ? numeric_infinity(negative, c->arena)
                       : datum_f64(negative ? -INFINITY : INFINITY);
        return NULL;
    }
    if (!numeric) {
        static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
        double d = (double)v.v / powers[v.scale];
        if (v.julian_time)
            d += (double)v.us / (double)USECS_PER_DAY;
        *out = datum_f64(d);
        return NULL;
    }
    *out = numeric_from_scaled(v.v, v.scale, c->arena);
    if (!v.julian_time)
        return NULL;
    struct datum fraction, day = *out;
    TRY(numeric_div(numeric_from_int64(v.us, c->arena), numeric_from_int64(USECS_PER_DAY, c->arena),
                    c->arena, &fraction));
    return numeric_add(day, fraction, c->arena, out);
}

struct err *unit_not_recognized(struct str unit, const char *type_name)
{
    return err_new("22023", "unit \"%.*s\" not recognized for type %s", STR_ARG(unit), type_name);
}

struct err *unit_not_supported(struct str unit, const char *type_name)
{
    return err_new("0A000", "unit \"%.*s\" not supported for type %s", STR_ARG(unit), type_name);
}

/* Units of the clock. */
static bool time_unit(enum unit unit, int64_t time, struct value *out)
{
    int64_t us = time % USECS_PER_MINUTE;
    switch (unit) {
    case UNIT_MICROSECOND:
        *out = whole(us);
        return true;
    case UNIT_MILLISECOND:
        *out = decimals(us, 3);
        return true;
    case UNIT_SECOND:
        *out = decimals(us, 6);
        return true;
    case UNIT_MINUTE:
        *out = whole(time / USECS_PER_MINUTE % 60);
        return true;
    case UNIT_HOUR:
        *out = whole(time / USECS_PER_HOUR);
        return true;
    default:
        return false;
    }
}

static int64_t year_shown(int year)
{
    return year > 0 ? year : year - 1; /* there is no year 0 */
}

/* Units of the calendar. */
static bool date_unit(enum unit unit, int32_t date, struct value *out)
{
    int year, month, day, week_year, week;
    date_to_civil(date, &year, &month, &day);
    switch (unit) {
    case UNIT_DAY:
        *out = whole(day);
        return true;
    case UNIT_MONTH:
        *out = whole(month);
        return true;
    case UNIT_QUARTER:
        *out = whole((month - 1) / 3 + 1);
        return true;
    case UNIT_WEEK:
        date_iso_week(date, &week_year, &week);
        *out = whole(week);
        return true;
    case UNIT_YEAR:
        *out = whole(year_shown(year));
        return true;
    case UNIT_DECADE:
        *out = whole(year >= 0 ? year / 10 : -((8 - (year - 1)) / 10));
        return true;
    case UNIT_CENTURY:
        *out = whole(year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100));
        return true;
    case UNIT_MILLENNIUM:
        *out = whole(year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000));
        return true;
    case UNIT_ISOYEAR:
        date_iso_week(date, &week_year, &week);
        *out = whole(year_shown(week_year));
        return true;
    case UNIT_DOW:
        *out = whole(date_weekday(date));
        return true;
    case UNIT_ISODOW:
        *out = whole((date_weekday(date) + 6) % 7 + 1);
        return true;
    case UNIT_DOY:
        *out = whole((int64_t)date - date_from_civil(year, 1, 1) + 1);
        return true;
    default:
        return false;
    }
}

/* Units that grow without bound are infinite for infinite values, the others absent. */
static bool infinite_unit(enum unit unit, bool negative, struct value *out)
{
    switch (unit) {
    case UNIT_YEAR:
    case UNIT_DECADE:
    case UNIT_CENTURY:
    case UNIT_MILLENNIUM:
    case UNIT_JULIAN:
    case UNIT_ISOYEAR:
    case UNIT_EPOCH:
        out->kind = negative ? MINUS_INFINITY : PLUS_INFINITY;
        return true;
    case UNIT_MICROSECOND:
    case UNIT_MILLISECOND:
    case UNIT_SECOND:
    case UNIT_MINUTE:
    case UNIT_HOUR:
    case UNIT_DAY:
    case UNIT_MONTH:
    case UNIT_QUARTER:
    case UNIT_WEEK:
    case UNIT_DOW:
    case UNIT_ISODOW:
    case UNIT_DOY:
    case UNIT_TIMEZONE:
    case UNIT_TIMEZONE_HOUR:
    case UNIT_TIMEZONE_MINUTE:
        out->kind = ABSENT;
        return true;
    default:
        return false;
    }
}

static bool zone_unit(enum unit unit, int32_t east, struct value *out)
{
    switch (unit) {
    case UNIT_TIMEZONE:
        *out = whole(east);
        return true;
    case UNIT_TIMEZONE_HOUR:
        *out = whole(east / 3600);
        return true;
    case UNIT_TIMEZONE_MINUTE:
        *out = whole(east / 60 % 60);
        return true;
    default:
        return false;
    }
}

static const char DATE_NAME[] = "date", TIME_NAME[] = "time without time zone",
                  TIMETZ_NAME[] = "time with time zone",
                  TIMESTAMP_NAME[] = "timestamp without time zone",
                  TIMESTAMPTZ_NAME[] = "timestamp with time zone", INTERVAL_NAME[] = "interval";

static struct err *find_unit(struct fn_call *c, const char *type_name, enum unit *out)
{
    *out = unit_by_name(ARG_STR(0));
    return *out == UNIT_NONE ? unit_not_recognized(ARG_STR(0), type_name) : NULL;
}

static struct err *date_value(struct fn_call *c, bool numeric, struct datum *out)
{
    enum unit unit;
    TRY(find_unit(c, DATE_NAME, &unit));
    int32_t date = (int32_t)ARG_I(1);
    struct value v = {0};
    bool ok, clock = unit <= UNIT_HOUR || unit >= UNIT_TIMEZONE;
    if (clock && unit != UNIT_EPOCH && unit != UNIT_JULIAN)
        ok = false;
    else if (!date_is_finite(date))
        ok = infinite_unit(unit, date == DATE_NEG_INFINITY, &v);
    else if (unit == UNIT_JULIAN)
        ok = (v = whole(date_to_julian(date)), true);
    else if (unit == UNIT_EPOCH)
        ok = (v = whole(((int64_t)date + EPOCH_DAYS) * 86400), true);
    else
        ok = date_unit(unit, date, &v);
    return ok ? give_value(c, v, numeric, out) : unit_not_supported(ARG_STR(0), DATE_NAME);
}

static int64_t floor_days(int64_t us)
{
    return us / USECS_PER_DAY - (us % USECS_PER_DAY < 0);
}

/* local: the time on the clock; instant: what the epoch counts. */
static struct err *timestamp_value(struct fn_call *c, const char *type_name, int64_t local,
                                   int64_t instant, bool zoned, bool numeric, struct datum *out)
{
    enum unit unit;
    TRY(find_unit(c, type_name, &unit));
    struct value v = {0};
    bool ok;
    bool is_zone = unit >= UNIT_TIMEZONE && unit <= UNIT_TIMEZONE_MINUTE;
    if (!timestamp_is_finite(instant)) {
        ok = infinite_unit(unit, instant == TIMESTAMP_NEG_INFINITY, &v);
    } else if (is_zone && !zoned) {
        ok = false;
    } else if (is_zone) {
        ok = zone_unit(unit, (int32_t)((local - instant) / USECS_PER_SEC), &v);
    } else if (unit == UNIT_EPOCH) {
        v = decimals((__int128)instant + EPOCH_USECS, 6);
        ok = true;
    } else {
        int64_t day = floor_days(local);
        int64_t time = local - day * USECS_PER_DAY;
        if (unit == UNIT_JULIAN) {
            v = (struct value){.v = date_to_julian((int32_t)day), .julian_time = true, .us = time};
            ok = true;
        } else {
            ok = time_unit(unit, time, &v) || date_unit(unit, (int32_t)day, &v);
        }
    }
    return ok ? give_value(c, v, numeric, out) : unit_not_supported(ARG_STR(0), type_name);
}

static struct err *timestamptz_value(struct fn_call *c, bool numeric, struct datum *out)
{
    int64_t local = timestamptz_to_local(ARG_I(1), c->env ? c->env->tz : NULL);
    return timestamp_value(c, TIMESTAMPTZ_NAME, local, ARG_I(1), true, numeric, out);
}

static struct err *time_value(struct fn_call *c, bool numeric, struct datum *out)
{
    enum unit unit;
    TRY(find_unit(c, TIME_NAME, &unit));
    struct value v = {0};
    bool ok = time_unit(unit, ARG_I(1), &v);
    if (unit == UNIT_EPOCH)
        ok = (v = decimals(ARG_I(1), 6), true);
    return ok ? give_value(c, v, numeric, out) : unit_not_supported(ARG_STR(0), TIME_NAME);
}

static struct err *timetz_value(struct fn_call *c, bool numeric, struct datum *out)
{
    enum unit unit;
    TRY(find_unit(c, TIMETZ_NAME, &unit));
    struct timetz t = timetz_load(c->args[1]);
    struct value v = {0};
    bool ok = time_unit(unit, t.time, &v) || zone_unit(unit, -t.zone, &v);
    if (unit == UNIT_EPOCH)
        ok = (v = decimals(t.time + t.zone * USECS_PER_SEC, 6), true);
    return ok ? give_value(c, v, numeric, out) : unit_not_supported(ARG_STR(0), TIMETZ_NAME);
}

/* A year is 365.25 days and a month 30 when an interval becomes seconds. */
static __int128 interval_epoch(struct interval t)
{
    __int128 quarter_days =
        (__int128)(t.months / 12) * 1461 + (__int128)(t.months % 12) * 120 + (__int128)t.days * 4;
    return quarter_days * (USECS_PER_DAY / 4) + t.us;
}

static struct err *interval_value(struct fn_call *c, bool numeric, struct datum *out)
{
    enum unit unit;
    TRY(find_unit(c, INTERVAL_NAME, &unit));
    struct interval t = interval_load(c->args[1]);
    struct value v = {0};
    bool ok = true;
    int year = t.months / 12;
    switch (unit) {
    case UNIT_DAY:
        v = whole(t.days);
        break;
    case UNIT_MONTH:
        v = whole(t.months % 12);
        break;
    case UNIT_QUARTER:
        v = whole(t.months % 12 / 3 + 1);
        break;
    case UNIT_YEAR:
        v = whole(year);
        break;
    case UNIT_DECADE:
        v = whole(year / 10);
        break;
    case UNIT_CENTURY:
        v = whole(year / 100);
        break;
    case UNIT_MILLENNIUM:
        v = whole(year / 1000);
        break;
    case UNIT_EPOCH:
        v = decimals(interval_epoch(t), 6);
        break;
    default:
        ok = time_unit(unit, t.us, &v);
        break;
    }
    return ok ? give_value(c, v, numeric, out) : unit_not_supported(ARG_STR(0), INTERVAL_NAME);
}

#define BOTH(suffix, call)          \
    FN(extract_##suffix)            \
    {                               \
        const bool numeric = true;  \
        return call;                \
    }                               \
    FN(suffix##_part)               \
    {                               \
        const bool numeric = false; \
        return call;                \
    }
BOTH(time, time_value(c, numeric, out))
BOTH(timetz, timetz_value(c, numeric, out))
BOTH(timestamp, timestamp_value(c, TIMESTAMP_NAME, ARG_I(1), ARG_I(1), false, numeric, out))
BOTH(timestamptz, timestamptz_value(c, numeric, out))
BOTH(interval, interval_value(c, numeric, out))

FN(extract_date)
{
    return date_value(c, true, out);
}

/* date_part('...', date): as of the timestamp at its midnight. */
FN(date_part)
{
    struct datum args[2] = {c->args[0], c->args[1]};
    int64_t ts;
    TRY(date_to_timestamp((int32_t)ARG_I(1), &ts));
    args[1] = datum_int(ts);
    struct fn_call inner = *c;
    inner.args = args;
    return f_timestamp_part(&inner, out);
}

const struct fn_entry fn_extract_table[] = {
    ENTRY(extract_date),      ENTRY(extract_time),        ENTRY(extract_timetz),
    ENTRY(extract_timestamp), ENTRY(extract_timestamptz), ENTRY(extract_interval),
    ENTRY(time_part),         ENTRY(timetz_part),         ENTRY(timestamp_part),
    ENTRY(timestamptz_part),  ENTRY(interval_part),       {"sql:date_part:25 1082", f_date_part},
};
TABLE_END(fn_extract);
