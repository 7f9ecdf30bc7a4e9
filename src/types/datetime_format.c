/* Dates, times and intervals as text, by DateStyle, IntervalStyle and TimeZone. */
#include "types/datetime.h"

#include "types/number.h"

#include <stdlib.h>

static const char *const month_abbrevs[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const day_abbrevs[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static void put2(struct buf *out, int v)
{
    char text[2] = {(char)('0' + v / 10 % 10), (char)('0' + v % 10)};
    buf_put(out, text, 2);
}

/* The year of the common era or before it, at least four digits. */
static void put_year(struct buf *out, int year)
{
    if (year <= 0)
        year = 1 - year;
    if (year < 10000) {
        put2(out, year / 100);
        put2(out, year % 100);
    } else {
        buf_put_int(out, year);
    }
}

static void put_era(struct buf *out, int year)
{
    if (year <= 0)
        buf_put_c(out, " BC");
}

static void put_fraction(struct buf *out, int usec)
{
    if (!usec)
        return;
    char text[7] = ".000000";
    for (int i = 6; i > 0; i--, usec /= 10)
        text[i] = (char)('0' + usec % 10);
    size_t n = 7;
    while (text[n - 1] == '0')
        n--;
    buf_put(out, text, n);
}

static void put_clock(struct buf *out, const struct civil *c)
{
    put2(out, c->hour);
    buf_put_u8(out, ':');
    put2(out, c->minute);
    buf_put_u8(out, ':');
    put2(out, c->second);
    put_fraction(out, c->usec);
}

/* +hh[:mm[:ss]] */
static void put_offset(struct buf *out, int32_t east)
{
    buf_put_u8(out, east < 0 ? '-' : '+');
    int32_t s = abs(east);
    put2(out, s / 3600);
    if (s % 3600) {
        buf_put_u8(out, ':');
        put2(out, s / 60 % 60);
    }
    if (s % 60) {
        buf_put_u8(out, ':');
        put2(out, s % 60);
    }
}

static enum date_style style_of(const struct type_env *env)
{
    return env ? env->date_style : DATE_STYLE_ISO;
}

static bool day_first(const struct type_env *env)
{
    return env && env->date_order == DATE_ORDER_DMY;
}

static void put_iso_date(struct buf *out, const struct civil *c)
{
    put_year(out, c->year);
    buf_put_u8(out, '-');
    put2(out, c->month);
    buf_put_u8(out, '-');
    put2(out, c->day);
}

static void put_day_month(const struct type_env *env, struct buf *out, const struct civil *c,
                          char separator)
{
    put2(out, day_first(env) ? c->day : c->month);
    buf_put_u8(out, (uint8_t)separator);
    put2(out, day_first(env) ? c->month : c->day);
    buf_put_u8(out, (uint8_t)separator);
}

void date_print(const struct type_env *env, int32_t date, struct buf *out)
{
    if (!date_is_finite(date)) {
        buf_put_c(out, date == DATE_INFINITY ? "infinity" : "-infinity");
        return;
    }
    struct civil c = {0};
    date_to_civil(date, &c.year, &c.month, &c.day);
    switch (style_of(env)) {
    case DATE_STYLE_ISO:
        put_iso_date(out, &c);
        break;
    case DATE_STYLE_SQL:
        put_day_month(env, out, &c, '/');
        put_year(out, c.year);
        break;
    case DATE_STYLE_GERMAN:
        put2(out, c.day);
        buf_put_u8(out, '.');
        put2(out, c.month);
        buf_put_u8(out, '.');
        put_year(out, c.year);
        break;
    case DATE_STYLE_POSTGRES:
        put_day_month(env, out, &c, '-');
        put_year(out, c.year);
        break;
    }
    put_era(out, c.year);
}

void time_print(int64_t time, struct buf *out)
{
    struct civil c;
    time_to_civil(time, &c);
    put_clock(out, &c);
}

void timetz_print(struct timetz v, struct buf *out)
{
    time_print(v.time, out);
    put_offset(out, -v.zone);
}

static bool put_special(struct buf *out, int64_t ts)
{
    if (timestamp_is_finite(ts))
        return false;
    buf_put_c(out, ts == TIMESTAMP_INFINITY ? "infinity" : "-infinity");
    return true;
}

/* The zone of styles that name it. */
static void put_zone_name(struct buf *out, struct tz_offset zone)
{
    bool named = zone.abbrev && zone.abbrev[0] && zone.abbrev[0] != '+' && zone.abbrev[0] != '-';
    buf_put_u8(out, ' ');
    if (named)
        buf_put_c(out, zone.abbrev);
    else
        put_offset(out, zone.east);
}

/* zone NULL: without. */
static void put_timestamp(const struct type_env *env, int64_t local, const struct tz_offset *zone,
                          struct buf *out)
{
    struct civil c = civil_from_timestamp(local);
    switch (style_of(env)) {
    case DATE_STYLE_ISO:
        put_iso_date(out, &c);
        buf_put_u8(out, ' ');
        put_clock(out, &c);
        if (zone)
            put_offset(out, zone->east);
        break;
    case DATE_STYLE_SQL:
        put_day_month(env, out, &c, '/');
        put_year(out, c.year);
        buf_put_u8(out, ' ');
        put_clock(out, &c);
        if (zone && zone->abbrev && zone->abbrev[0] != '+' && zone->abbrev[0] != '-')
            put_zone_name(out, *zone);
        else if (zone)
            put_offset(out, zone->east);
        break;
    case DATE_STYLE_GERMAN:
        put2(out, c.day);
        buf_put_u8(out, '.');
        put2(out, c.month);
        buf_put_u8(out, '.');
        put_year(out, c.year);
        buf_put_u8(out, ' ');
        put_clock(out, &c);
        if (zone && zone->abbrev && zone->abbrev[0] != '+' && zone->abbrev[0] != '-')
            put_zone_name(out, *zone);
        else if (zone)
            put_offset(out, zone->east);
        break;
    case DATE_STYLE_POSTGRES: {
        int32_t date = date_from_civil(c.year, c.month, c.day);
        buf_put_c(out, day_abbrevs[date_weekday(date)]);
        buf_put_u8(out, ' ');
        if (day_first(env)) {
            put2(out, c.day);
            buf_printf(out, " %s ", month_abbrevs[c.month - 1]);
        } else {
            buf_printf(out, "%s ", month_abbrevs[c.month - 1]);
            put2(out, c.day);
            buf_put_u8(out, ' ');
        }
        put_clock(out, &c);
        buf_put_u8(out, ' ');
        put_year(out, c.year);
        if (zone)
            put_zone_name(out, *zone);
        break;
    }
    }
    put_era(out, c.year);
}

void timestamp_print(const struct type_env *env, int64_t ts, struct buf *out)
{
    if (!put_special(out, ts))
        put_timestamp(env, ts, NULL, out);
}

static struct tz_offset offset_at(const struct type_env *env, int64_t ts)
{
    int64_t seconds = ts / USECS_PER_SEC - (ts % USECS_PER_SEC < 0);
    return tz_at(env ? env->tz : NULL, seconds + EPOCH_DAYS * INT64_C(86400));
}

void timestamptz_print(const struct type_env *env, int64_t ts, struct buf *out)
{
    if (put_special(out, ts))
        return;
    struct tz_offset zone = offset_at(env, ts);
    put_timestamp(env, ts + zone.east * USECS_PER_SEC, &zone, out);
}

static void put_iso_t(int64_t local, const struct tz_offset *zone, struct buf *out)
{
    struct civil c = civil_from_timestamp(local);
    put_iso_date(out, &c);
    buf_put_u8(out, 'T');
    put_clock(out, &c);
    if (zone) {
        put_offset(out, zone->east);
        if (zone->east % 3600 == 0)
            buf_put_c(out, ":00");
    }
    put_era(out, c.year);
}

void timestamp_print_iso(int64_t ts, struct buf *out)
{
    if (!put_special(out, ts))
        put_iso_t(ts, NULL, out);
}

void timestamptz_print_iso(const struct type_env *env, int64_t ts, struct buf *out)
{
    if (put_special(out, ts))
        return;
    struct tz_offset zone = offset_at(env, ts);
    put_iso_t(ts + zone.east * USECS_PER_SEC, &zone, out);
}

/* Intervals */

struct parts {
    int64_t years, months, days, hours, minutes, seconds, us;
};

static struct parts parts_of(struct interval v)
{
    struct parts p = {.years = v.months / 12, .months = v.months % 12, .days = v.days};
    p.hours = v.us / USECS_PER_HOUR;
    int64_t rest = v.us % USECS_PER_HOUR;
    p.minutes = rest / USECS_PER_MINUTE;
    rest %= USECS_PER_MINUTE;
    p.seconds = rest / USECS_PER_SEC;
    p.us = rest % USECS_PER_SEC;
    return p;
}

static void put_at_least_2(struct buf *out, int64_t v)
{
    if (v < 10)
        buf_put_u8(out, '0');
    buf_put_int(out, v);
}

/* hh:mm:ss of magnitudes. */
static void put_span(struct buf *out, const struct parts *p)
{
    put_at_least_2(out, llabs(p->hours));
    buf_put_u8(out, ':');
    put_at_least_2(out, llabs(p->minutes));
    buf_put_u8(out, ':');
    put_at_least_2(out, llabs(p->seconds));
    put_fraction(out, (int)llabs(p->us));
}

static bool time_is_negative(const struct parts *p)
{
    return p->hours < 0 || p->minutes < 0 || p->seconds < 0 || p->us < 0;
}

static bool has_time(const struct parts *p)
{
    return p->hours || p->minutes || p->seconds || p->us;
}

/* "1 year 2 mons": a positive field after a negative one shows its sign. */
static void put_unit(struct buf *out, int64_t v, const char *unit, bool *first, bool *after_minus)
{
    if (!v)
        return;
    buf_printf(out, "%s%s%lld %s%s", *first ? "" : " ", *after_minus && v > 0 ? "+" : "",
               (long long)v, unit, v == 1 ? "" : "s");
    *first = false;
    *after_minus = v < 0;
}

static void print_postgres(const struct parts *p, struct buf *out)
{
    bool first = true, after_minus = false;
    put_unit(out, p->years, "year", &first, &after_minus);
    put_unit(out, p->months, "mon", &first, &after_minus);
    put_unit(out, p->days, "day", &first, &after_minus);
    if (!first && !has_time(p))
        return;
    if (!first)
        buf_put_u8(out, ' ');
    if (time_is_negative(p))
        buf_put_u8(out, '-');
    else if (after_minus)
        buf_put_u8(out, '+');
    put_span(out, p);
}

/* "@ 1 year 2 mons -3 days ago": all signs turned when the first field is negative. */
static void put_verbose_unit(struct buf *out, int64_t v, const char *unit, bool *any, bool *before)
{
    if (!v)
        return;
    if (!*any)
        *before = v < 0;
    if (*before)
        v = -v;
    buf_printf(out, " %lld %s%s", (long long)v, unit, v == 1 ? "" : "s");
    *any = true;
}

static void print_verbose(const struct parts *p, struct buf *out)
{
    bool any = false, before = false;
    buf_put_u8(out, '@');
    put_verbose_unit(out, p->years, "year", &any, &before);
    put_verbose_unit(out, p->months, "mon", &any, &before);
    put_verbose_unit(out, p->days, "day", &any, &before);
    put_verbose_unit(out, p->hours, "hour", &any, &before);
    put_verbose_unit(out, p->minutes, "min", &any, &before);
    if (p->seconds || p->us) {
        bool negative = p->seconds < 0 || p->us < 0;
        if (!any)
            before = negative;
        buf_put_c(out, negative != before ? " -" : " ");
        buf_put_int(out, llabs(p->seconds));
        put_fraction(out, (int)llabs(p->us));
        bool one = llabs(p->seconds) == 1 && p->us == 0;
        bool minus = negative != before;
        buf_put_c(out, one && !minus ? " sec" : " secs");
        any = true;
    }
    if (!any)
        buf_put_c(out, " 0");
    if (before)
        buf_put_c(out, " ago");
}

static void print_standard(struct interval v, const struct parts *p, struct buf *out)
{
    bool negative = v.months < 0 || v.days < 0 || v.us < 0;
    bool positive = v.months > 0 || v.days > 0 || v.us > 0;
    bool year_month = v.months != 0, day_time = v.days || v.us;
    if (!negative && !positive) {
        buf_put_u8(out, '0');
        return;
    }
    if ((negative && positive) || (year_month && day_time)) {
        /* Not of the standard: each part has its sign. */
        buf_printf(out, "%c%lld-%lld %c%lld ", v.months < 0 ? '-' : '+', llabs(p->years),
                   llabs(p->months), v.days < 0 ? '-' : '+', llabs(p->days));
        buf_put_u8(out, v.us < 0 ? '-' : '+');
    } else if (year_month) {
        buf_printf(out, "%s%lld-%lld", negative ? "-" : "", llabs(p->years), llabs(p->months));
        return;
    } else {
        buf_put_c(out, negative ? "-" : "");
        if (v.days)
            buf_printf(out, "%lld ", llabs(p->days));
    }
    buf_put_int(out, llabs(p->hours));
    buf_put_u8(out, ':');
    put_at_least_2(out, llabs(p->minutes));
    buf_put_u8(out, ':');
    put_at_least_2(out, llabs(p->seconds));
    put_fraction(out, (int)llabs(p->us));
}

static void put_iso_unit(struct buf *out, int64_t v, char unit)
{
    if (v)
        buf_printf(out, "%lld%c", (long long)v, unit);
}

static void print_iso(struct interval v, const struct parts *p, struct buf *out)
{
    if (!v.months && !v.days && !v.us) {
        buf_put_c(out, "PT0S");
        return;
    }
    buf_put_u8(out, 'P');
    put_iso_unit(out, p->years, 'Y');
    put_iso_unit(out, p->months, 'M');
    put_iso_unit(out, p->days, 'D');
    if (!has_time(p))
        return;
    buf_put_u8(out, 'T');
    put_iso_unit(out, p->hours, 'H');
    put_iso_unit(out, p->minutes, 'M');
    if (p->seconds || p->us) {
        if (p->seconds < 0 || p->us < 0)
            buf_put_u8(out, '-');
        buf_put_int(out, llabs(p->seconds));
        put_fraction(out, (int)llabs(p->us));
        buf_put_u8(out, 'S');
    }
}

void interval_print(const struct type_env *env, struct interval v, struct buf *out)
{
    struct parts p = parts_of(v);
    switch (env ? env->interval_style : INTERVAL_STYLE_POSTGRES) {
    case INTERVAL_STYLE_POSTGRES:
        print_postgres(&p, out);
        break;
    case INTERVAL_STYLE_POSTGRES_VERBOSE:
        print_verbose(&p, out);
        break;
    case INTERVAL_STYLE_SQL_STANDARD:
        print_standard(v, &p, out);
        break;
    case INTERVAL_STYLE_ISO_8601:
        print_iso(v, &p, out);
        break;
    }
}
