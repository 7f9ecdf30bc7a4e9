/* Intervals as people write them: "1 year 2 months", "3 4:05:06", "1-2" (years-months), "@ 1 hour
 * ago", ISO 8601 "P1Y2M3DT4H5M6S" and "P0001-02-03T04:05:06". Fields are read from the last to the
 * first, since a unit stands behind its number. */
#include "types/datetime_internal.h"

#include "types/types_internal.h"
#include "types/unit.h"

#include <math.h>
#include <stdlib.h>

/* Each unit may be given once. */
static unsigned unit_bit(enum unit u)
{
    return 1u << u;
}

/* Sums with room to spare; checked when finished. */
struct sums {
    __int128 us;
    __int128 days;
    __int128 months;
    __int128 years; /* given as such, which must fit an int by themselves */
};

/* A fraction of a unit of `seconds`. */
static void add_fraction_seconds(struct sums *s, double fraction, int seconds)
{
    if (fraction == 0)
        return;
    fraction *= seconds;
    int64_t whole = (int64_t)fraction;
    s->us += (__int128)whole * USECS_PER_SEC + (int64_t)rint((fraction - (double)whole) * 1e6);
}

static void add_fraction_days(struct sums *s, double fraction, int days)
{
    if (fraction == 0)
        return;
    fraction *= days;
    int64_t whole = (int64_t)fraction;
    s->days += whole;
    add_fraction_seconds(s, fraction - (double)whole, 86400);
}

static bool add_unit(struct sums *s, enum unit unit, int64_t value, double fraction)
{
    switch (unit) {
    case UNIT_MICROSECOND:
        s->us += value + (int64_t)rint(fraction);
        return true;
    case UNIT_MILLISECOND:
        s->us += (__int128)value * 1000 + (int64_t)rint(fraction * 1000);
        return true;
    case UNIT_SECOND:
        s->us += (__int128)value * USECS_PER_SEC + (int64_t)rint(fraction * 1e6);
        return true;
    case UNIT_MINUTE:
        s->us += (__int128)value * USECS_PER_MINUTE;
        add_fraction_seconds(s, fraction, 60);
        return true;
    case UNIT_HOUR:
        s->us += (__int128)value * USECS_PER_HOUR;
        add_fraction_seconds(s, fraction, 3600);
        return true;
    case UNIT_DAY:
        s->days += value;
        add_fraction_seconds(s, fraction, 86400);
        return true;
    case UNIT_WEEK:
        s->days += (__int128)value * 7;
        add_fraction_days(s, fraction, 7);
        return true;
    case UNIT_MONTH:
        s->months += value;
        add_fraction_days(s, fraction, 30);
        return true;
    case UNIT_YEAR:
    case UNIT_DECADE:
    case UNIT_CENTURY:
    case UNIT_MILLENNIUM: {
        int months = unit == UNIT_YEAR      ? 12
                     : unit == UNIT_DECADE  ? 120
                     : unit == UNIT_CENTURY ? 1200
                                            : 12000;
        s->years += (__int128)value * (months / 12);
        s->months += (int64_t)rint(fraction * months);
        return true;
    }
    default:
        return false;
    }
}

static bool fits_int(__int128 v)
{
    return v >= INT32_MIN && v <= INT32_MAX;
}

static enum parse_result finish_sums(const struct sums *s, struct interval *out)
{
    if (s->us > INT64_MAX || s->us < INT64_MIN || !fits_int(s->days) || !fits_int(s->months) ||
        !fits_int(s->years))
        return PARSE_FIELD_RANGE;
    __int128 months = s->years * 12 + s->months;
    if (!fits_int(months))
        return PARSE_MONTH_DAY; /* as a whole too long */
    *out = (struct interval){(int64_t)s->us, (int32_t)s->days, (int32_t)months};
    return PARSE_OK;
}

/* The unit of a last number without one, by the fields of the type. */
static enum unit default_unit(int32_t fields)
{
    if (fields == INTERVAL_YEAR)
        return UNIT_YEAR;
    if (fields == INTERVAL_MONTH || fields == (INTERVAL_YEAR | INTERVAL_MONTH))
        return UNIT_MONTH;
    if (fields == INTERVAL_DAY)
        return UNIT_DAY;
    if (fields == INTERVAL_FULL_RANGE || fields & INTERVAL_SECOND)
        return UNIT_SECOND;
    return fields & INTERVAL_MINUTE ? UNIT_MINUTE : UNIT_HOUR;
}

struct reader {
    struct sums sums;
    int32_t fields;
    enum unit unit; /* of the number to the left */
    unsigned seen;
    bool ago;
};

enum { TIME_UNITS = 1 << UNIT_SECOND | 1 << UNIT_MINUTE | 1 << UNIT_HOUR };

/* hh:mm[:ss]; with the fields minute to second alone, mm:ss. */
static enum parse_result time_text(struct reader *r, const char *text, bool negative)
{
    int64_t h;
    int m, s, us;
    enum parse_result result = read_time(text, &h, &m, &s, &us);
    if (result != PARSE_OK)
        return result;
    const char *colon = strchr(text, ':');
    bool one_colon = colon && !strchr(colon + 1, ':') && !strchr(colon + 1, '.');
    if (one_colon && r->fields == (INTERVAL_MINUTE | INTERVAL_SECOND)) {
        if (h > INT32_MAX)
            return PARSE_FIELD_RANGE;
        s = m;
        m = (int)h;
        h = 0;
    }
    __int128 total = (__int128)h * USECS_PER_HOUR + time_from_civil(0, m, s, us);
    r->sums.us += negative ? -total : total;
    if (r->seen & TIME_UNITS)
        return PARSE_BAD;
    r->seen |= TIME_UNITS;
    r->unit = UNIT_DAY;
    return PARSE_OK;
}

/* [+-]digits, [+-]digits.digits, [+-]years-months */
static enum parse_result number_text(struct reader *r, const char *text)
{
    if (r->unit == UNIT_NONE)
        r->unit = default_unit(r->fields);
    bool negative = *text == '-';
    const char *p = text + (*text == '-' || *text == '+');
    bool ok;
    int64_t value;
    int months;
    const char *end = read_long(p, &value, &ok);
    if (!ok)
        return PARSE_FIELD_RANGE;
    double fraction = 0;
    int64_t total = value;
    if (end == p && *end != '.')
        return PARSE_BAD;
    if (*end == '-') {
        const char *rest = read_int(end + 1, &months, &ok);
        if (!ok || months >= 12)
            return PARSE_FIELD_RANGE;
        if (*rest || rest == end + 1)
            return PARSE_BAD;
        if (__builtin_mul_overflow(value, 12, &total) ||
            __builtin_add_overflow(total, months, &total))
            return PARSE_FIELD_RANGE;
        r->unit = UNIT_MONTH;
    } else if (*end == '.') {
        if (!read_fraction(end, &fraction))
            return PARSE_BAD;
    } else if (*end) {
        return PARSE_BAD;
    }
    if (!add_unit(&r->sums, r->unit, negative ? -total : total, negative ? -fraction : fraction))
        return PARSE_BAD;
    unsigned bit = unit_bit(r->unit);
    /* Whole seconds, milliseconds and microseconds may stand side by side. */
    if (r->seen & bit)
        return PARSE_BAD;
    r->seen |= bit;
    if (r->unit == UNIT_HOUR)
        r->unit = UNIT_DAY;
    return PARSE_OK;
}

static enum parse_result interval_field(struct reader *r, enum field_type type, const char *text)
{
    switch (type) {
    case FIELD_TIME:
        return time_text(r, text, false);
    case FIELD_ZONE:
        if (strchr(text + 1, ':')) {
            enum parse_result result = time_text(r, text + 1, *text == '-');
            if (result != PARSE_BAD)
                return result;
        }
        return number_text(r, text);
    case FIELD_DATE:
    case FIELD_NUMBER:
        return number_text(r, text);
    case FIELD_STRING:
    case FIELD_SPECIAL:
        if (strcmp(text, "@") == 0)
            return PARSE_OK;
        if (strcmp(text, "ago") == 0) {
            r->ago = true;
            r->unit = UNIT_AGO;
            return PARSE_OK;
        }
        r->unit = unit_by_name(str_from(text));
        return r->unit == UNIT_NONE ? PARSE_BAD : PARSE_OK;
    }
    UNREACHABLE();
}

static void negate(struct sums *s)
{
    s->us = -s->us;
    s->days = -s->days;
    s->months = -s->months;
    s->years = -s->years;
}

/* In the SQL standard's style one leading minus is that of every field. */
static bool leading_minus_only(const struct fields *f)
{
    if (f->text[0][0] != '-')
        return false;
    for (int i = 1; i < f->count; i++)
        if (f->text[i][0] == '-' || f->text[i][0] == '+')
            return false;
    return true;
}

static enum parse_result parse_traditional(const struct type_env *env, struct str text,
                                           int32_t fields, struct interval *out)
{
    struct fields f;
    enum parse_result result = split_fields(text, &f);
    if (result != PARSE_OK)
        return result;
    struct reader r = {.fields = fields, .unit = UNIT_NONE};
    bool standard = env && env->interval_style == INTERVAL_STYLE_SQL_STANDARD && f.count > 0 &&
                    leading_minus_only(&f);
    for (int i = f.count - 1; i >= 0; i--) {
        if (i == 0 && standard)
            negate(&r.sums); /* the first field carries its own sign */
        result = interval_field(&r, f.type[i], f.text[i]);
        if (result != PARSE_OK)
            return result;
    }
    if (!r.seen)
        return PARSE_BAD;
    if (r.ago)
        negate(&r.sums);
    return finish_sums(&r.sums, out);
}

/* ISO 8601 */

struct iso {
    const char *p;
    const char *end;
};

static bool iso_number(struct iso *s, int64_t *whole, double *fraction)
{
    const char *start = s->p;
    bool negative = s->p < s->end && *s->p == '-';
    if (s->p < s->end && (*s->p == '-' || *s->p == '+'))
        s->p++;
    const char *digits = s->p;
    int64_t v = 0;
    while (s->p < s->end && is_digit(*s->p)) {
        v = v * 10 + (*s->p++ - '0');
        if (v > INT32_MAX)
            return false;
    }
    size_t n = (size_t)(s->p - digits);
    *fraction = 0;
    if (s->p < s->end && (*s->p == '.' || *s->p == ',')) {
        char tmp[40] = "0.";
        size_t k = 2;
        s->p++;
        while (s->p < s->end && is_digit(*s->p)) {
            if (k < sizeof(tmp) - 1)
                tmp[k++] = *s->p;
            s->p++;
            n++;
        }
        *fraction = strtod(tmp, NULL);
    }
    *whole = negative ? -v : v;
    if (negative)
        *fraction = -*fraction;
    return n > 0 && s->p > start;
}

static enum unit iso_unit(char c, bool time)
{
    switch (c) {
    case 'Y':
        return time ? UNIT_NONE : UNIT_YEAR;
    case 'M':
        return time ? UNIT_MINUTE : UNIT_MONTH;
    case 'W':
        return time ? UNIT_NONE : UNIT_WEEK;
    case 'D':
        return time ? UNIT_NONE : UNIT_DAY;
    case 'H':
        return time ? UNIT_HOUR : UNIT_NONE;
    case 'S':
        return time ? UNIT_SECOND : UNIT_NONE;
    default:
        return UNIT_NONE;
    }
}

/* The alternative format, whose first number has been read: -mm-dd, :mm:ss, or nothing. */
static enum parse_result iso_alternative(struct iso *s, int64_t first, double fraction, bool time,
                                         struct sums *sums)
{
    static const enum unit date_units[] = {UNIT_YEAR, UNIT_MONTH, UNIT_DAY};
    static const enum unit time_units[] = {UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND};
    const enum unit *units = time ? time_units : date_units;
    char separator = time ? ':' : '-';
    add_unit(sums, units[0], first, fraction);
    for (int i = 1; i < 3 && s->p < s->end && *s->p == separator; i++) {
        s->p++;
        int64_t v;
        if (!iso_number(s, &v, &fraction))
            return PARSE_BAD;
        add_unit(sums, units[i], v, fraction);
    }
    return PARSE_OK;
}

static enum parse_result parse_iso(struct str text, struct interval *out)
{
    if (text.len < 2 || text.data[0] != 'P')
        return PARSE_BAD;
    struct iso s = {text.data + 1, text.data + text.len};
    struct sums sums = {0};
    bool time = false, any = false;
    int parts = 0; /* of this half */
    while (s.p < s.end) {
        if (*s.p == 'T') {
            time = true;
            parts = 0;
            any = true; /* nothing need follow */
            s.p++;
            continue;
        }
        const char *start = s.p;
        int64_t v;
        double fraction;
        if (!iso_number(&s, &v, &fraction))
            return PARSE_BAD;
        char c = s.p < s.end ? *s.p : 0;
        enum unit unit = c ? iso_unit(c, time) : UNIT_NONE;
        if (unit != UNIT_NONE) {
            s.p++;
            add_unit(&sums, unit, v, fraction);
            any = true;
            parts++;
            continue;
        }
        bool ends = c == 0 || (c == 'T' && !time);
        bool packed = (size_t)(s.p - start) == (time ? 6 : 8) && is_digit(*start);
        if (!parts && ends && packed) { /* 19990102, 040506 */
            add_unit(&sums, time ? UNIT_HOUR : UNIT_YEAR, v / 10000, 0);
            add_unit(&sums, time ? UNIT_MINUTE : UNIT_MONTH, v / 100 % 100, 0);
            add_unit(&sums, time ? UNIT_SECOND : UNIT_DAY, v % 100, fraction);
        } else if (!parts && (ends || c == (time ? ':' : '-'))) {
            enum parse_result r = iso_alternative(&s, v, fraction, time, &sums);
            if (r != PARSE_OK)
                return r;
        } else {
            return PARSE_BAD;
        }
        any = true;
        parts++;
    }
    if (!any)
        return PARSE_BAD;
    return finish_sums(&sums, out);
}

struct err *interval_parse(const struct type_env *env, struct str text, int32_t typmod,
                           struct interval *out)
{
    int32_t fields = typmod >= 0 ? typmod >> 16 & 0x7fff : INTERVAL_FULL_RANGE;
    struct interval v;
    enum parse_result r = parse_traditional(env, text, fields, &v);
    if (r == PARSE_BAD)
        r = parse_iso(text, &v);
    if (r == PARSE_BAD)
        return parse_error(r, "interval", text);
    if (r == PARSE_MONTH_DAY)
        return interval_out_of_range();
    if (r != PARSE_OK)
        return err_new("22015", "interval field value out of range: \"%.*s\"", STR_ARG(text));
    TRY(interval_apply_typmod(&v, typmod));
    *out = v;
    return NULL;
}
