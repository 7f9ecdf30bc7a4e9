/* date_trunc. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/units.h"

#include "types/datetime.h"

/* First year of the decade, century or millennium; centuries begin with the years 1, 101 ... */
static int first_year(int year, enum unit unit)
{
    if (unit == UNIT_DECADE)
        return year > 0 ? year / 10 * 10 : -((8 - (year - 1)) / 10) * 10;
    int n = unit == UNIT_CENTURY ? 100 : 1000;
    return year > 0 ? (year + n - 1) / n * n - (n - 1) : -((n - 1 - (year - 1)) / n) * n + 1;
}

static void truncate_date(struct civil *c, enum unit unit)
{
    switch (unit) {
    case UNIT_MILLENNIUM:
    case UNIT_CENTURY:
    case UNIT_DECADE:
        c->year = first_year(c->year, unit);
        c->month = c->day = 1;
        break;
    case UNIT_YEAR:
        c->month = c->day = 1;
        break;
    case UNIT_QUARTER:
        c->month = (c->month - 1) / 3 * 3 + 1;
        c->day = 1;
        break;
    case UNIT_MONTH:
        c->day = 1;
        break;
    case UNIT_WEEK: {
        int32_t date = date_from_civil(c->year, c->month, c->day);
        date_to_civil(date - (date_weekday(date) + 6) % 7, &c->year, &c->month, &c->day);
        break;
    }
    default:
        break;
    }
}

/* Microseconds of the units below a day; 0 for the others. */
static int64_t clock_unit(enum unit unit)
{
    switch (unit) {
    case UNIT_HOUR:
        return USECS_PER_HOUR;
    case UNIT_MINUTE:
        return USECS_PER_MINUTE;
    case UNIT_SECOND:
        return USECS_PER_SEC;
    case UNIT_MILLISECOND:
        return 1000;
    case UNIT_MICROSECOND:
        return 1;
    default:
        return 0;
    }
}

static bool is_date_unit(enum unit unit)
{
    return unit >= UNIT_DAY && unit <= UNIT_MILLENNIUM;
}

static struct err *check_unit(struct str name, enum unit unit, const char *type_name)
{
    /* Words that only extract knows. */
    bool foreign = unit >= UNIT_ISOYEAR && unit <= UNIT_EPOCH;
    if (unit == UNIT_NONE || foreign)
        return unit_not_recognized(name, type_name);
    if (!is_date_unit(unit) && !clock_unit(unit))
        return unit_not_supported(name, type_name);
    return NULL;
}

static struct err *truncate_local(int64_t local, enum unit unit, int64_t *out)
{
    int64_t step = clock_unit(unit);
    if (step) {
        int64_t rest = local % step;
        *out = local - rest - (rest < 0 ? step : 0);
        return NULL;
    }
    struct civil c = civil_from_timestamp(local);
    c.hour = c.minute = c.second = c.usec = 0;
    truncate_date(&c, unit);
    return civil_to_timestamp(&c, out) ? NULL : timestamp_out_of_range();
}

FN(timestamp_trunc)
{
    enum unit unit = unit_by_name(ARG_STR(0));
    int64_t ts = ARG_I(1);
    if (!timestamp_is_finite(ts))
        return give_int(ts, out);
    TRY(check_unit(ARG_STR(0), unit, "timestamp without time zone"));
    TRY(truncate_local(ts, unit, &ts));
    return give_int(ts, out);
}

static struct err *truncate_zoned(struct fn_call *c, const struct tz *tz, struct datum *out)
{
    enum unit unit = unit_by_name(ARG_STR(0));
    int64_t ts = ARG_I(1);
    if (!timestamp_is_finite(ts))
        return give_int(ts, out);
    TRY(check_unit(ARG_STR(0), unit, "timestamp with time zone"));
    int64_t local = timestamptz_to_local(ts, tz), cut;
    TRY(truncate_local(local, unit, &cut));
    if (is_date_unit(unit)) /* midnight may have another offset */
        TRY(timestamptz_from_local(cut, tz, &ts));
    else
        ts = cut - (local - ts);
    return give_int(ts, out);
}

FN(timestamptz_trunc)
{
    return truncate_zoned(c, c->env ? c->env->tz : NULL, out);
}

FN(timestamptz_trunc_zone)
{
    const struct tz *tz;
    if (!timestamp_is_finite(ARG_I(1)))
        return give_int(ARG_I(1), out);
    TRY(tz_parse(ARG_STR(2), &tz));
    return truncate_zoned(c, tz, out);
}

FN(interval_trunc)
{
    enum unit unit = unit_by_name(ARG_STR(0));
    struct interval v = interval_load(c->args[1]);
    if (unit == UNIT_NONE)
        return unit_not_recognized(ARG_STR(0), "interval");
    if (unit == UNIT_WEEK)
        return err_detail(unit_not_supported(ARG_STR(0), "interval"),
                          "Months usually have fractional weeks.");
    TRY(check_unit(ARG_STR(0), unit, "interval"));
    int64_t step = clock_unit(unit);
    if (step) {
        v.us = v.us / step * step;
    } else {
        v.us = 0;
        int months = unit == UNIT_MILLENNIUM ? 12000
                     : unit == UNIT_CENTURY  ? 1200
                     : unit == UNIT_DECADE   ? 120
                     : unit == UNIT_YEAR     ? 12
                     : unit == UNIT_QUARTER  ? 3
                                             : 1;
        if (unit != UNIT_DAY)
            v.days = 0;
        v.months = v.months / months * months;
    }
    *out = interval_datum(v, c->arena);
    return NULL;
}

const struct fn_entry fn_trunc_table[] = {
    ENTRY(timestamp_trunc),
    ENTRY(timestamptz_trunc),
    ENTRY(timestamptz_trunc_zone),
    ENTRY(interval_trunc),
};
TABLE_END(fn_trunc);
