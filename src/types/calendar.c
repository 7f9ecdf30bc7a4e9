/* Calendar and clock arithmetic: see datetime.h. */
#include "types/datetime.h"

#include <math.h>

/* Days from civil by whole 400-year cycles, the year beginning in March. */
int32_t date_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t cycle = (y >= 0 ? y : y - 399) / 400;
    int64_t of_cycle = y - cycle * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t days = of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year;
    return (int32_t)(cycle * 146097 + days - 719468 - EPOCH_DAYS);
}

void date_to_civil(int32_t date, int *year, int *month, int *day)
{
    int64_t z = (int64_t)date + EPOCH_DAYS + 719468;
    int64_t cycle = (z >= 0 ? z : z - 146096) / 146097;
    int64_t d = z - cycle * 146097;
    int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    int64_t of_year = d - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + cycle * 400 + (*month <= 2));
}

bool year_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

int date_weekday(int32_t date)
{
    /* 2000-01-01 was a Saturday. */
    int64_t d = ((int64_t)date + 6) % 7;
    return (int)(d < 0 ? d + 7 : d);
}

int32_t iso_year_start(int year)
{
    int32_t fourth = date_from_civil(year, 1, 4);
    return fourth - (date_weekday(fourth) + 6) % 7;
}

void date_iso_week(int32_t date, int *year, int *week)
{
    int month, day;
    date_to_civil(date, year, &month, &day);
    int32_t start = iso_year_start(*year);
    if (date < start) {
        (*year)--;
        start = iso_year_start(*year);
    } else {
        int32_t next = iso_year_start(*year + 1);
        if (date >= next) {
            (*year)++;
            start = next;
        }
    }
    *week = (date - start) / 7 + 1;
}

int32_t date_to_julian(int32_t date)
{
    return date + 2451545;
}

/* From the first day of the Julian day count, 4714-11-24 BC, on; the upper limit is that of
 * 32-bit Julian days. */
bool civil_date_in_range(int year, int month, int day)
{
    if (year < -4713 || (year == -4713 && (month < 11 || (month == 11 && day < 24))))
        return false;
    return year < 5874898 || (year == 5874898 && month < 6) ||
           (year == 5874898 && month == 6 && day < 3);
}

int64_t time_from_civil(int hour, int minute, int second, int usec)
{
    return (((int64_t)hour * 60 + minute) * 60 + second) * USECS_PER_SEC + usec;
}

void time_to_civil(int64_t time, struct civil *out)
{
    out->hour = (int)(time / USECS_PER_HOUR);
    time %= USECS_PER_HOUR;
    out->minute = (int)(time / USECS_PER_MINUTE);
    time %= USECS_PER_MINUTE;
    out->second = (int)(time / USECS_PER_SEC);
    out->usec = (int)(time % USECS_PER_SEC);
}

static int64_t floor_div64(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q * b > a ? q - 1 : q;
}

struct civil civil_from_timestamp(int64_t ts)
{
    struct civil c;
    int64_t date = floor_div64(ts, USECS_PER_DAY);
    date_to_civil((int32_t)date, &c.year, &c.month, &c.day);
    time_to_civil(ts - date * USECS_PER_DAY, &c);
    return c;
}

bool civil_to_timestamp(const struct civil *c, int64_t *out)
{
    if (!civil_date_in_range(c->year, c->month, c->day))
        return false;
    int64_t date = date_from_civil(c->year, c->month, c->day);
    int64_t ts;
    if (__builtin_mul_overflow(date, USECS_PER_DAY, &ts) ||
        __builtin_add_overflow(ts, time_from_civil(c->hour, c->minute, c->second, c->usec), &ts) ||
        !timestamp_in_range(ts))
        return false;
    *out = ts;
    return true;
}

static const int64_t unit_us[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

/* Half away from zero. */
static int64_t round_us(int64_t v, int32_t decimals)
{
    if (decimals < 0 || decimals >= 6)
        return v;
    int64_t unit = unit_us[decimals];
    return v >= 0 ? (v + unit / 2) / unit * unit : -((-v + unit / 2) / unit * unit);
}

int64_t time_round(int64_t time, int32_t typmod)
{
    return round_us(time, typmod);
}

int64_t timestamp_round(int64_t ts, int32_t typmod)
{
    return timestamp_is_finite(ts) ? round_us(ts, typmod) : ts;
}

struct err *timestamp_out_of_range(void)
{
    return err_new("22008", "timestamp out of range");
}

struct err *date_out_of_range(void)
{
    return err_new("22008", "date out of range");
}

struct err *interval_out_of_range(void)
{
    return err_new("22008", "interval out of range");
}

struct datum interval_datum(struct interval v, struct arena *arena)
{
    uint8_t *p = arena_alloc(arena, 16);
    store_le64(p, (uint64_t)v.us);
    store_le32(p + 8, (uint32_t)v.days);
    store_le32(p + 12, (uint32_t)v.months);
    return datum_bytes(p, 16);
}

struct datum timetz_datum(struct timetz v, struct arena *arena)
{
    uint8_t *p = arena_alloc(arena, 12);
    store_le64(p, (uint64_t)v.time);
    store_le32(p + 8, (uint32_t)v.zone);
    return datum_bytes(p, 12);
}

/* A month is 30 days and a day 24 hours when intervals are compared. */
static __int128 interval_span(struct interval v)
{
    return ((__int128)v.months * 30 + v.days) * USECS_PER_DAY + v.us;
}

int interval_compare(struct interval a, struct interval b)
{
    __int128 x = interval_span(a), y = interval_span(b);
    return (x > y) - (x < y);
}

int timetz_compare(struct timetz a, struct timetz b)
{
    int64_t x = a.time + a.zone * USECS_PER_SEC, y = b.time + b.zone * USECS_PER_SEC;
    if (x != y)
        return x < y ? -1 : 1;
    return (a.zone > b.zone) - (a.zone < b.zone);
}

/* Interval arithmetic */

struct err *interval_add(struct interval a, struct interval b, struct interval *out)
{
    if (__builtin_add_overflow(a.months, b.months, &out->months) ||
        __builtin_add_overflow(a.days, b.days, &out->days) ||
        __builtin_add_overflow(a.us, b.us, &out->us))
        return interval_out_of_range();
    return NULL;
}

struct err *interval_sub(struct interval a, struct interval b, struct interval *out)
{
    if (__builtin_sub_overflow(a.months, b.months, &out->months) ||
        __builtin_sub_overflow(a.days, b.days, &out->days) ||
        __builtin_sub_overflow(a.us, b.us, &out->us))
        return interval_out_of_range();
    return NULL;
}

struct err *interval_negate(struct interval a, struct interval *out)
{
    return interval_sub((struct interval){0}, a, out);
}

/* The fraction of a month or day that a factor leaves, freed of binary noise below 1 us. */
static double without_noise(double v)
{
    return rint(v * 1e6) / 1e6;
}

static bool fits_int32(double v)
{
    return v >= (double)INT32_MIN && v <= (double)INT32_MAX;
}

/* Spreads months and days that are not whole to the next smaller unit: 30 days, 24 hours. */
static struct err *scale_interval(struct interval a, double months, double days, double us,
                                  struct interval *out)
{
    (void)a;
    if (isnan(months) || !fits_int32(months) || isnan(days) || !fits_int32(days))
        return interval_out_of_range();
    struct interval r;
    r.months = (int32_t)months;
    r.days = (int32_t)days;
    double month_days_left = without_noise((months - r.months) * 30);
    double seconds_left =
        without_noise((days - r.days + month_days_left - (double)(int64_t)month_days_left) * 86400);
    if (fabs(seconds_left) >= 86400) {
        int32_t whole = (int32_t)(seconds_left / 86400);
        if (__builtin_add_overflow(r.days, whole, &r.days))
            return interval_out_of_range();
        seconds_left -= whole * 86400.0;
    }
    if (__builtin_add_overflow(r.days, (int32_t)month_days_left, &r.days))
        return interval_out_of_range();
    double total = rint(us + seconds_left * (double)USECS_PER_SEC);
    if (isnan(total) || total >= 9223372036854775808.0 || total < -9223372036854775808.0)
        return interval_out_of_range();
    r.us = (int64_t)total;
    *out = r;
    return NULL;
}

struct err *interval_mul(struct interval a, double factor, struct interval *out)
{
    return scale_interval(a, a.months * factor, a.days * factor, (double)a.us * factor, out);
}

struct err *interval_div(struct interval a, double divisor, struct interval *out)
{
    if (divisor == 0)
        return err_new("22012", "division by zero");
    return scale_interval(a, a.months / divisor, a.days / divisor, (double)a.us / divisor, out);
}

struct interval interval_justify_hours(struct interval v)
{
    int32_t days = (int32_t)(v.us / USECS_PER_DAY);
    v.us %= USECS_PER_DAY;
    v.days += days;
    if (v.days > 0 && v.us < 0) {
        v.us += USECS_PER_DAY;
        v.days--;
    } else if (v.days < 0 && v.us > 0) {
        v.us -= USECS_PER_DAY;
        v.days++;
    }
    return v;
}

struct err *interval_justify_days(struct interval v, struct interval *out)
{
    int32_t months = v.days / 30;
    v.days %= 30;
    if (__builtin_add_overflow(v.months, months, &v.months))
        return interval_out_of_range();
    if (v.months > 0 && v.days < 0) {
        v.days += 30;
        v.months--;
    } else if (v.months < 0 && v.days > 0) {
        v.days -= 30;
        v.months++;
    }
    *out = v;
    return NULL;
}

struct err *interval_justify(struct interval v, struct interval *out)
{
    int32_t whole = (int32_t)(v.us / USECS_PER_DAY);
    v.us %= USECS_PER_DAY;
    /* Days beyond a month first, so that adding the hours' days cannot overflow needlessly. */
    if ((v.days > 0 && whole > 0) || (v.days < 0 && whole < 0)) {
        int32_t months = v.days / 30;
        v.days %= 30;
        if (__builtin_add_overflow(v.months, months, &v.months))
            return interval_out_of_range();
    }
    if (__builtin_add_overflow(v.days, whole, &v.days))
        return interval_out_of_range();
    int32_t months = v.days / 30;
    v.days %= 30;
    if (__builtin_add_overflow(v.months, months, &v.months))
        return interval_out_of_range();
    if (v.months > 0 && (v.days < 0 || (v.days == 0 && v.us < 0))) {
        v.days += 30;
        v.months--;
    } else if (v.months < 0 && (v.days > 0 || (v.days == 0 && v.us > 0))) {
        v.days -= 30;
        v.months++;
    }
    if (v.days > 0 && v.us < 0) {
        v.us += USECS_PER_DAY;
        v.days--;
    } else if (v.days < 0 && v.us > 0) {
        v.us -= USECS_PER_DAY;
        v.days++;
    }
    *out = v;
    return NULL;
}

/* Fields that the type does not have are dropped; the sub-second part is rounded. */
struct err *interval_apply_typmod(struct interval *v, int32_t typmod)
{
    if (typmod < 0)
        return NULL;
    int32_t fields = typmod >> 16 & 0x7fff, precision = typmod & 0xffff;
    if (fields != INTERVAL_FULL_RANGE) {
        if (fields == INTERVAL_YEAR)
            v->months = v->months / 12 * 12;
        if (!(fields & (INTERVAL_DAY | INTERVAL_HOUR | INTERVAL_MINUTE | INTERVAL_SECOND)))
            v->days = 0;
        if (fields & INTERVAL_SECOND)
            ;
        else if (fields & INTERVAL_MINUTE)
            v->us = v->us / USECS_PER_MINUTE * USECS_PER_MINUTE;
        else if (fields & INTERVAL_HOUR)
            v->us = v->us / USECS_PER_HOUR * USECS_PER_HOUR;
        else
            v->us = 0;
    }
    if (precision < 6) {
        int64_t half = unit_us[precision] / 2;
        int64_t sum;
        if (__builtin_add_overflow(v->us, v->us >= 0 ? half : -half, &sum))
            return interval_out_of_range();
        v->us = sum / unit_us[precision] * unit_us[precision];
    }
    return NULL;
}

/* Adding intervals to points in time */

static struct err *add_months(struct civil *c, int32_t months)
{
    int64_t month = (int64_t)c->month - 1 + months;
    int64_t years = floor_div64(month, 12);
    int64_t year = c->year + years;
    if (year > 6000000 || year < -6000000)
        return timestamp_out_of_range();
    c->month = (int)(month - years * 12) + 1;
    c->year = (int)year;
    int last = month_days(c->year, c->month);
    if (c->day > last)
        c->day = last;
    return NULL;
}

struct err *timestamp_add(int64_t ts, struct interval v, int64_t *out)
{
    if (!timestamp_is_finite(ts)) {
        *out = ts;
        return NULL;
    }
    if (v.months) {
        struct civil c = civil_from_timestamp(ts);
        TRY(add_months(&c, v.months));
        if (!civil_to_timestamp(&c, &ts))
            return timestamp_out_of_range();
    }
    int64_t days;
    if (__builtin_mul_overflow((int64_t)v.days, USECS_PER_DAY, &days) ||
        __builtin_add_overflow(ts, days, &ts) || __builtin_add_overflow(ts, v.us, &ts) ||
        !timestamp_in_range(ts))
        return timestamp_out_of_range();
    *out = ts;
    return NULL;
}

struct err *timestamptz_add(int64_t ts, struct interval v, const struct tz *tz, int64_t *out)
{
    if (!timestamp_is_finite(ts)) {
        *out = ts;
        return NULL;
    }
    if (v.months || v.days) {
        int64_t local = timestamptz_to_local(ts, tz);
        if (v.months) {
            struct civil c = civil_from_timestamp(local);
            TRY(add_months(&c, v.months));
            if (!civil_to_timestamp(&c, &local))
                return timestamp_out_of_range();
        }
        int64_t days;
        if (__builtin_mul_overflow((int64_t)v.days, USECS_PER_DAY, &days) ||
            __builtin_add_overflow(local, days, &local))
            return timestamp_out_of_range();
        TRY(timestamptz_from_local(local, tz, &ts));
    }
    if (__builtin_add_overflow(ts, v.us, &ts) || !timestamp_in_range(ts))
        return timestamp_out_of_range();
    *out = ts;
    return NULL;
}

struct err *date_to_timestamp(int32_t date, int64_t *out)
{
    if (!date_is_finite(date)) {
        *out = date == DATE_INFINITY ? TIMESTAMP_INFINITY : TIMESTAMP_NEG_INFINITY;
        return NULL;
    }
    int64_t ts;
    if (__builtin_mul_overflow((int64_t)date, USECS_PER_DAY, &ts) || !timestamp_in_range(ts))
        return err_new("22008", "date out of range for timestamp");
    *out = ts;
    return NULL;
}

struct err *date_to_timestamptz(int32_t date, const struct tz *tz, int64_t *out)
{
    int64_t local = 0;
    TRY(date_to_timestamp(date, &local));
    if (!timestamp_is_finite(local)) {
        *out = local;
        return NULL;
    }
    struct err *e = timestamptz_from_local(local, tz, out);
    if (!e)
        return NULL;
    err_free(e);
    return err_new("22008", "date out of range for timestamp");
}

int64_t timestamptz_to_local(int64_t ts, const struct tz *tz)
{
    if (!timestamp_is_finite(ts))
        return ts;
    int64_t unix_seconds = floor_div64(ts, USECS_PER_SEC) + EPOCH_DAYS * INT64_C(86400);
    return ts + tz_at(tz, unix_seconds).east * USECS_PER_SEC;
}

struct err *timestamptz_from_local(int64_t local, const struct tz *tz, int64_t *out)
{
    if (!timestamp_is_finite(local)) {
        *out = local;
        return NULL;
    }
    int64_t seconds = floor_div64(local, USECS_PER_SEC) + EPOCH_DAYS * INT64_C(86400);
    int64_t ts;
    if (__builtin_sub_overflow(local, tz_at_local(tz, seconds).east * USECS_PER_SEC, &ts) ||
        !timestamp_in_range(ts))
        return timestamp_out_of_range();
    *out = ts;
    return NULL;
}
