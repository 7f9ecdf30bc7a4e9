/* Dates and times as people write them: 1999-01-08, January 8 1999, 08.01.1999, 19990108T040506,
 * 1999.008, J2451187, 04:05 PM PST, 20:00 Europe/Berlin, now, tomorrow, infinity ... A date's order
 * of day and month follows DateStyle where it is ambiguous. */
#include "types/datetime_internal.h"

#include "types/types_internal.h"

#include <math.h>

/* What has been seen; each at most once. */
enum {
    HAS_YEAR = 1,
    HAS_MONTH = 2,
    HAS_DAY = 4,
    HAS_TIME = 8,
    HAS_ZONE = 16,
    HAS_WEEKDAY = 32,
    HAS_AMPM = 64,
    HAS_ERA = 128,
    HAS_DOY = 256,
    HAS_HOUR = 512, /* each by its letter; HAS_TIME: all of them */
    HAS_MINUTE = 1024,
    HAS_SECOND = 2048,
    HAS_DATE = HAS_YEAR | HAS_MONTH | HAS_DAY,
};

enum { PM = 12 };

struct decoder {
    const struct type_env *env;
    struct fields f;
    struct datetime_text out;
    bool time_only; /* for time and timetz */
    unsigned seen;
    int day_of_year;
    bool text_month;
    bool short_year; /* one or two digits */
    bool julian;
    bool before_christ;
    int half;             /* of the day: 0 AM, PM; -1: not given */
    int unit_label;       /* with WORD_UNIT: HAS_YEAR ... HAS_SECOND */
    enum word_type label; /* the previous field said what the next one is; else WORD_UNKNOWN */
    struct str unknown_zone;
};

static enum date_order order_of(const struct decoder *d)
{
    return d->env ? d->env->date_order : DATE_ORDER_MDY;
}

static const struct tz *zone_of(const struct type_env *env)
{
    return env ? env->tz : NULL;
}

/* "20011225", "011225": year, month, day; "040506", "0405", with fraction: a time. */
static enum parse_result concatenated(struct decoder *d, char *text, unsigned seen, unsigned *mask)
{
    struct civil *c = &d->out.at;
    char *point = strchr(text, '.');
    bool ok;
    if (point) {
        if (!read_fraction_us(point, &c->usec))
            return PARSE_BAD;
        *point = 0;
    }
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (!is_digit(text[i]))
            return PARSE_BAD;
    int number;
    read_int(text, &number, &ok);
    if (!ok && len < 10)
        return PARSE_FIELD_RANGE;
    if (!point && (seen & HAS_DATE) != HAS_DATE && len >= 6) {
        *mask = HAS_DATE;
        char year[MAX_TEXT];
        memcpy(year, text, len - 4);
        year[len - 4] = 0;
        read_int(year, &c->year, &ok);
        c->month = (text[len - 4] - '0') * 10 + (text[len - 3] - '0');
        c->day = (text[len - 2] - '0') * 10 + (text[len - 1] - '0');
        d->short_year = len - 4 == 2;
        return ok ? PARSE_OK : PARSE_FIELD_RANGE;
    }
    if (seen & HAS_TIME || (len != 6 && len != 4))
        return PARSE_BAD;
    *mask = HAS_TIME;
    c->second = len == 6 ? number % 100 : 0;
    int hhmm = len == 6 ? number / 100 : number;
    c->minute = hhmm % 100;
    c->hour = hhmm / 100;
    return PARSE_OK;
}

static void set_year(struct decoder *d, int value, size_t digits, unsigned *mask)
{
    d->out.at.year = value;
    d->short_year = digits <= 2;
    *mask = HAS_YEAR;
}

static void set_month(struct decoder *d, int value, unsigned *mask)
{
    d->out.at.month = value;
    *mask = HAS_MONTH;
}

static void set_day(struct decoder *d, int value, unsigned *mask)
{
    d->out.at.day = value;
    *mask = HAS_DAY;
}

/* One number whose meaning depends on what is known already. */
static enum parse_result number(struct decoder *d, char *text, unsigned seen, bool text_month,
                                unsigned *mask)
{
    bool ok;
    int value;
    const char *end = read_int(text, &value, &ok);
    if (!ok)
        return PARSE_FIELD_RANGE;
    if (end == text)
        return PARSE_BAD;
    if (*end == '.') {
        if (end - text > 2)
            return concatenated(d, text, seen | HAS_DATE, mask);
        if (!read_fraction_us(end, &d->out.at.usec))
            return PARSE_BAD;
    } else if (*end) {
        return PARSE_BAD;
    }
    size_t len = strlen(text);
    bool year_like = len >= 3 || order_of(d) == DATE_ORDER_YMD;
    unsigned date = seen & HAS_DATE;
    if (len == 3 && date == HAS_YEAR && value >= 1 && value <= 366) {
        *mask = HAS_DOY | HAS_MONTH | HAS_DAY;
        d->day_of_year = value;
        return PARSE_OK;
    }
    switch (date) {
    case 0:
        if (year_like)
            set_year(d, value, len, mask);
        else if (order_of(d) == DATE_ORDER_DMY)
            set_day(d, value, mask);
        else
            set_month(d, value, mask);
        return PARSE_OK;
    case HAS_YEAR:
    case HAS_DAY:
        set_month(d, value, mask);
        return PARSE_OK;
    case HAS_MONTH:
        if (text_month && year_like)
            set_year(d, value, len, mask);
        else
            set_day(d, value, mask);
        return PARSE_OK;
    case HAS_YEAR | HAS_MONTH:
        if (text_month && len >= 3 && d->short_year) {
            /* What looked like a year was the day. */
            d->out.at.day = d->out.at.year;
            d->out.at.year = value;
            d->short_year = false;
            *mask = HAS_DAY;
            return PARSE_OK;
        }
        set_day(d, value, mask);
        return PARSE_OK;
    case HAS_MONTH | HAS_DAY:
        set_year(d, value, len, mask);
        return PARSE_OK;
    case HAS_DATE:
        return concatenated(d, text, seen, mask);
    default:
        return PARSE_BAD;
    }
}

/* A field with separators inside, such as 1999-01-08, jan.8.1999 or 1999.008. */
static enum parse_result punctuated_date(struct decoder *d, char *text, unsigned *mask)
{
    char *parts[MAX_FIELDS];
    int count = 0;
    while (*text) {
        while (*text && !is_digit(*text) && !is_alpha(*text))
            text++;
        if (!*text || count == MAX_FIELDS)
            return PARSE_BAD;
        parts[count++] = text;
        bool digits = is_digit(*text);
        while (digits ? is_digit(*text) : is_alpha(*text))
            text++;
        if (*text)
            *text++ = 0;
    }
    unsigned seen = 0;
    bool text_month = false;
    for (int i = 0; i < count; i++) {
        if (!is_alpha(*parts[i]))
            continue;
        int value;
        enum word_type type = date_word(parts[i], &value);
        if (type != WORD_IGNORED) {
            if (type != WORD_MONTH || (seen & HAS_MONTH))
                return PARSE_BAD;
            d->out.at.month = value;
            text_month = true;
            seen |= HAS_MONTH;
        }
        parts[i] = NULL;
    }
    for (int i = 0; i < count; i++) {
        if (!parts[i])
            continue;
        unsigned got = 0;
        enum parse_result r = number(d, parts[i], seen, text_month, &got);
        if (r != PARSE_OK)
            return r;
        if (got & seen)
            return PARSE_BAD;
        seen |= got;
    }
    *mask = seen;
    return (seen & ~(unsigned)HAS_DOY) == HAS_DATE ? PARSE_OK : PARSE_BAD;
}

/* +hh, +hhmm, +hh:mm[:ss] */
static enum parse_result zone_offset(const char *p, int32_t *east)
{
    bool negative = *p == '-';
    if (*p != '-' && *p != '+')
        return PARSE_BAD;
    bool ok;
    int hours, minutes = 0, seconds = 0;
    const char *end = read_int(p + 1, &hours, &ok);
    if (!ok)
        return PARSE_ZONE_RANGE;
    if (end == p + 1)
        return PARSE_BAD;
    if (*end == ':') {
        end = read_int(end + 1, &minutes, &ok);
        if (ok && *end == ':')
            end = read_int(end + 1, &seconds, &ok);
        if (!ok)
            return PARSE_ZONE_RANGE;
    } else if (*end == 0 && end - p > 3) {
        minutes = hours % 100;
        hours /= 100;
    }
    if (hours > 15 || minutes > 59 || seconds > 59)
        return PARSE_ZONE_RANGE;
    int32_t total = (hours * 60 + minutes) * 60 + seconds;
    *east = negative ? -total : total;
    return *end ? PARSE_BAD : PARSE_OK;
}

static bool named_zone(struct decoder *d, const char *name)
{
    d->out.tz = tz_find(str_from(name));
    return d->out.tz != NULL;
}

/* 040506-08 after a date, or a zone name such as america/new_york. */
static enum parse_result after_date(struct decoder *d, char *text, unsigned *mask)
{
    if (!is_digit(*text) && d->label == WORD_UNKNOWN) {
        *mask = HAS_ZONE;
        if (named_zone(d, text))
            return PARSE_OK;
        d->unknown_zone = str_from(text);
        return PARSE_ZONE_UNKNOWN;
    }
    if (d->label != WORD_UNKNOWN && d->label != WORD_ISO_TIME)
        return PARSE_BAD;
    d->label = WORD_UNKNOWN;
    char *minus = strchr(text, '-');
    if (d->seen & HAS_TIME || !minus)
        return PARSE_BAD;
    enum parse_result r = zone_offset(minus, &d->out.east);
    if (r != PARSE_OK)
        return r;
    *minus = 0;
    r = concatenated(d, text, d->seen | HAS_DATE, mask);
    *mask |= HAS_ZONE;
    return r;
}

static enum parse_result date_field(struct decoder *d, int i, unsigned *mask)
{
    char *text = d->f.text[i];
    if (d->label == WORD_JULIAN) { /* J2451187-08 */
        bool ok;
        int value;
        const char *end = read_int(text, &value, &ok);
        if (!ok || end == text)
            return PARSE_FIELD_RANGE;
        enum parse_result r = zone_offset(end, &d->out.east);
        if (r != PARSE_OK)
            return r;
        date_to_civil(value - date_to_julian(0), &d->out.at.year, &d->out.at.month, &d->out.at.day);
        d->julian = true;
        d->label = WORD_UNKNOWN;
        *mask = HAS_DATE | HAS_TIME | HAS_ZONE;
        return PARSE_OK;
    }
    bool have_date = (d->seen & (HAS_MONTH | HAS_DAY)) == (HAS_MONTH | HAS_DAY);
    if (d->time_only) {
        /* A date is taken where it clearly is one. */
        bool first = i == 0 && d->f.count >= 2;
        bool date =
            first && (d->f.type[d->f.count - 1] == FIELD_DATE || d->f.type[1] == FIELD_TIME);
        if (date)
            return punctuated_date(d, text, mask);
        have_date = true;
    }
    if (have_date || d->label != WORD_UNKNOWN)
        return after_date(d, text, mask);
    return punctuated_date(d, text, mask);
}

static bool later_than_a_day(const struct civil *c)
{
    return c->hour > 24 || c->minute > 59 || c->second > 60 ||
           time_from_civil(c->hour, c->minute, c->second, c->usec) > USECS_PER_DAY;
}

static enum parse_result time_field(struct decoder *d, char *text, unsigned *mask)
{
    if (d->label != WORD_UNKNOWN) {
        if (d->label != WORD_ISO_TIME)
            return PARSE_BAD;
        d->label = WORD_UNKNOWN;
    }
    struct civil *c = &d->out.at;
    int64_t hour = 0;
    enum parse_result r = read_time(text, &hour, &c->minute, &c->second, &c->usec);
    c->hour = hour > 24 ? 25 : (int)hour;
    if (r == PARSE_OK && later_than_a_day(c))
        r = PARSE_FIELD_RANGE;
    *mask = HAS_TIME;
    return r;
}

static enum parse_result julian_day(struct decoder *d, char *text, unsigned *mask)
{
    bool ok;
    int value;
    const char *end = read_int(text, &value, &ok);
    if (!ok)
        return PARSE_FIELD_RANGE;
    if (end == text)
        return PARSE_BAD;
    struct civil *c = &d->out.at;
    date_to_civil((int32_t)((int64_t)value - date_to_julian(0)), &c->year, &c->month, &c->day);
    d->julian = true;
    *mask = HAS_DATE;
    if (*end == '.') {
        double fraction;
        if (!read_fraction(end, &fraction))
            return PARSE_BAD;
        time_to_civil((int64_t)(fraction * (double)USECS_PER_DAY), c);
        *mask |= HAS_TIME;
    }
    return PARSE_OK;
}

/* y2001m02d04h05mm06s07.8, where the second m may stand for mm. */
static enum parse_result labelled_number(struct decoder *d, const char *text, unsigned *mask)
{
    struct civil *c = &d->out.at;
    int label = d->unit_label;
    double fraction = 0;
    bool ok;
    int value;
    const char *end = read_int(text, &value, &ok);
    if (*end && !(label == HAS_SECOND && *end == '.' && read_fraction(end, &fraction)))
        return PARSE_BAD;
    if (!ok)
        return PARSE_FIELD_RANGE;
    if (label == HAS_MONTH && (d->seen & HAS_MONTH) && (d->seen & HAS_HOUR))
        label = HAS_MINUTE;
    switch (label) {
    case HAS_YEAR:
        c->year = value;
        break;
    case HAS_MONTH:
        c->month = value;
        break;
    case HAS_DAY:
        c->day = value;
        break;
    case HAS_HOUR:
        c->hour = value;
        break;
    case HAS_MINUTE:
        c->minute = value;
        break;
    default:
        c->second = value;
        c->usec = (int)rint(fraction * 1e6);
        break;
    }
    *mask = (unsigned)label;
    return PARSE_OK;
}

static enum parse_result number_field(struct decoder *d, int i, unsigned *mask)
{
    char *text = d->f.text[i];
    if (d->label != WORD_UNKNOWN) {
        enum word_type label = d->label;
        d->label = WORD_UNKNOWN;
        if (label == WORD_JULIAN)
            return julian_day(d, text, mask);
        if (label == WORD_UNIT)
            return labelled_number(d, text, mask);
        return concatenated(d, text, d->seen | HAS_DATE, mask);
    }
    const char *point = strchr(text, '.');
    size_t len = strlen(text);
    if (d->time_only) {
        bool date = i == 0 && d->f.count >= 2 && d->f.type[d->f.count - 1] == FIELD_DATE;
        if (point && date)
            return punctuated_date(d, text, mask);
        if (point && point - text <= 2)
            return PARSE_BAD;
        return concatenated(d, text, d->seen | HAS_DATE, mask);
    }
    if (point && !(d->seen & HAS_DATE))
        return punctuated_date(d, text, mask);
    if (point && point - text > 2)
        return concatenated(d, text, d->seen, mask);
    if (len >= 6 && (!(d->seen & HAS_DATE) || !(d->seen & HAS_TIME)))
        return concatenated(d, text, d->seen, mask);
    return number(d, text, d->seen, d->text_month, mask);
}

static int64_t now_local(const struct decoder *d)
{
    int64_t now = d->env ? d->env->txn_timestamp : 0;
    return timestamptz_to_local(now, zone_of(d->env));
}

static void set_now(struct decoder *d)
{
    int64_t local = now_local(d);
    d->out.at = civil_from_timestamp(local);
    /* The offset now, even in an hour that is repeated. */
    int64_t now = d->env ? d->env->txn_timestamp : 0;
    d->out.east = (int32_t)((local - now) / USECS_PER_SEC);
}

static void set_day_near_today(struct decoder *d, int offset)
{
    int64_t local = now_local(d) + offset * USECS_PER_DAY;
    struct civil c = civil_from_timestamp(local);
    d->out.at.year = c.year;
    d->out.at.month = c.month;
    d->out.at.day = c.day;
}

static void set_zone_abbrev(struct decoder *d, const struct tz_abbrev *a, const char *text)
{
    if (a->zone) {
        d->out.tz = tz_find(str_from(a->zone));
        d->out.abbrev = str_from(text);
    }
    d->out.east = a->east;
}

static enum parse_result month_word(struct decoder *d, int value, unsigned *mask)
{
    struct civil *c = &d->out.at;
    *mask = HAS_MONTH;
    /* "8 jan": the number that was taken for the month is the day. */
    if ((d->seen & HAS_MONTH) && !d->text_month && !(d->seen & HAS_DAY) && c->month >= 1 &&
        c->month <= 31) {
        c->day = c->month;
        *mask = HAS_DAY;
    }
    d->text_month = true;
    c->month = value;
    return PARSE_OK;
}

static enum parse_result word_field(struct decoder *d, char *text, unsigned *mask)
{
    const struct tz_abbrev *abbrev = tz_abbrev_find(str_from(text));
    if (abbrev) {
        set_zone_abbrev(d, abbrev, text);
        *mask = HAS_ZONE;
        return PARSE_OK;
    }
    int value;
    enum word_type type = date_word(text, &value);
    struct civil *c = &d->out.at;
    *mask = 0;
    switch (type) {
    case WORD_IGNORED:
        break;
    case WORD_MONTH:
        return month_word(d, value, mask);
    case WORD_WEEKDAY:
        *mask = HAS_WEEKDAY;
        break;
    case WORD_AMPM:
        *mask = HAS_AMPM;
        d->half = value;
        break;
    case WORD_ERA:
        *mask = HAS_ERA;
        d->before_christ = value;
        break;
    case WORD_NOW:
        *mask = HAS_DATE | HAS_TIME | HAS_ZONE;
        set_now(d);
        break;
    case WORD_DAY:
        if (d->time_only)
            return PARSE_BAD;
        *mask = HAS_DATE;
        set_day_near_today(d, value);
        break;
    case WORD_ALLBALLS:
        *mask = HAS_TIME | HAS_ZONE;
        c->hour = c->minute = c->second = c->usec = 0;
        d->out.east = 0;
        break;
    case WORD_EPOCH:
    case WORD_INFINITY:
    case WORD_NEG_INFINITY:
        if (d->time_only)
            return PARSE_BAD;
        *mask = HAS_DATE | HAS_TIME | HAS_ZONE;
        d->out.kind = type == WORD_EPOCH      ? DATETIME_EPOCH
                      : type == WORD_INFINITY ? DATETIME_INFINITY
                                              : DATETIME_NEG_INFINITY;
        break;
    case WORD_JULIAN:
        d->label = type;
        break;
    case WORD_ISO_TIME:
        if (!d->time_only && (d->seen & HAS_DATE) != HAS_DATE)
            return PARSE_BAD;
        d->label = type;
        break;
    case WORD_UNIT:
        if (!value || d->time_only)
            return PARSE_BAD;
        d->label = type;
        d->unit_label = value;
        break;
    case WORD_DST:
        if (!(d->seen & HAS_ZONE))
            return PARSE_BAD;
        d->out.east += 3600;
        break;
    case WORD_UNKNOWN:
        if (!named_zone(d, text))
            return PARSE_BAD;
        *mask = HAS_ZONE;
        break;
    }
    return PARSE_OK;
}

static enum parse_result check_date(struct decoder *d)
{
    struct civil *c = &d->out.at;
    if ((d->seen & HAS_YEAR) && !d->julian) {
        if (d->before_christ) {
            if (c->year <= 0)
                return PARSE_FIELD_RANGE;
            c->year = 1 - c->year;
        } else if (d->short_year) {
            if (c->year < 100)
                c->year += c->year < 70 ? 2000 : 1900;
        } else if (c->year <= 0) {
            return PARSE_FIELD_RANGE;
        }
    }
    if (d->seen & HAS_DOY) {
        if (c->year > 6000000)
            return PARSE_FIELD_RANGE;
        date_to_civil(date_from_civil(c->year, 1, 1) + d->day_of_year - 1, &c->year, &c->month,
                      &c->day);
    }
    if ((d->seen & HAS_MONTH) && (c->month < 1 || c->month > 12))
        return PARSE_MONTH_DAY;
    if ((d->seen & HAS_DAY) && (c->day < 1 || c->day > 31))
        return PARSE_MONTH_DAY;
    if ((d->seen & HAS_DATE) == HAS_DATE && c->day > month_days(c->year, c->month))
        return PARSE_FIELD_RANGE;
    return PARSE_OK;
}

static enum parse_result check_time(struct decoder *d)
{
    struct civil *c = &d->out.at;
    if (d->half >= 0) {
        if (c->hour > 12)
            return PARSE_FIELD_RANGE;
        if (d->half == PM && c->hour != 12)
            c->hour += 12;
        else if (d->half != PM && c->hour == 12)
            c->hour = 0;
    }
    return later_than_a_day(c) ? PARSE_FIELD_RANGE : PARSE_OK;
}

static enum parse_result decode(struct decoder *d)
{
    d->half = -1;
    d->label = WORD_UNKNOWN;
    bool point_in_time = false; /* epoch, infinity: no more to check */
    for (int i = 0; i < d->f.count; i++) {
        unsigned mask = 0;
        enum parse_result r = PARSE_BAD;
        char *text = d->f.text[i];
        switch (d->f.type[i]) {
        case FIELD_DATE:
            r = date_field(d, i, &mask);
            break;
        case FIELD_TIME:
            r = time_field(d, text, &mask);
            break;
        case FIELD_ZONE:
            r = zone_offset(text, &d->out.east);
            mask = HAS_ZONE;
            break;
        case FIELD_NUMBER:
            r = number_field(d, i, &mask);
            break;
        case FIELD_STRING:
        case FIELD_SPECIAL:
            r = word_field(d, text, &mask);
            break;
        }
        if (r != PARSE_OK)
            return r;
        if (mask & d->seen)
            return PARSE_BAD;
        d->seen |= mask;
    }
    if (d->label != WORD_UNKNOWN)
        return PARSE_BAD;
    point_in_time = d->out.kind != DATETIME_POINT;
    if (!point_in_time) {
        enum parse_result r = check_date(d);
        if (r == PARSE_OK)
            r = check_time(d);
        if (r != PARSE_OK)
            return r;
        if (d->time_only ? !(d->seen & HAS_TIME) : (d->seen & HAS_DATE) != HAS_DATE)
            return PARSE_BAD;
    }
    d->out.has_date = (d->seen & HAS_DATE) == HAS_DATE;
    d->out.has_time = d->seen & HAS_TIME;
    d->out.has_zone = d->seen & HAS_ZONE;
    return PARSE_OK;
}

static struct err *decode_text(struct decoder *d, const struct type_env *env, struct str text,
                               bool time_only, const char *type_name)
{
    *d = (struct decoder){.env = env, .time_only = time_only};
    enum parse_result r = split_fields(text, &d->f);
    if (r == PARSE_OK)
        r = decode(d);
    if (r == PARSE_ZONE_UNKNOWN)
        return parse_error(r, type_name, d->unknown_zone);
    return parse_error(r, type_name, text);
}

/* Seconds east that the text's zone, or the session's, has at the local time. */
static int32_t offset_of(const struct decoder *d, int64_t local_us)
{
    int64_t seconds = local_us / USECS_PER_SEC - (local_us % USECS_PER_SEC < 0);
    seconds += EPOCH_DAYS * INT64_C(86400);
    if (!d->out.has_zone)
        return tz_at_local(zone_of(d->env), seconds).east;
    if (!d->out.tz)
        return d->out.east;
    if (d->out.abbrev.len)
        return tz_abbrev_at_local(d->out.tz, d->out.abbrev, seconds).east + d->out.east;
    return tz_at_local(d->out.tz, seconds).east + d->out.east;
}

static struct err *timestamp_range(struct str text)
{
    return err_new("22008", "timestamp out of range: \"%.*s\"", STR_ARG(text));
}

static int two_digits(const char *p)
{
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/* The common "2001-02-03 04:05:06[.789]", without zone; false for everything else. */
static bool plain_timestamp(struct str s, int64_t *out)
{
    const char *p = s.data;
    if (s.len < 19 || p[4] != '-' || p[7] != '-' || p[10] != ' ' || p[13] != ':' || p[16] != ':')
        return false;
    int century = two_digits(p), year = two_digits(p + 2), month = two_digits(p + 5);
    int day = two_digits(p + 8), hour = two_digits(p + 11), minute = two_digits(p + 14);
    int second = two_digits(p + 17);
    if (century < 1 || year < 0 || month < 1 || month > 12 || day < 1 || day > 28 || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    int usec = 0;
    if (s.len > 19) {
        if (p[19] != '.' || s.len == 20 || s.len > 26)
            return false;
        int unit = 100000;
        for (size_t i = 20; i < s.len; i++, unit /= 10) {
            if (!is_digit(p[i]))
                return false;
            usec += (p[i] - '0') * unit;
        }
    }
    *out = date_from_civil(century * 100 + year, month, day) * USECS_PER_DAY +
           time_from_civil(hour, minute, second, usec);
    return true;
}

static struct err *parse_timestamp(const struct type_env *env, struct str text, bool zoned,
                                   int64_t *out)
{
    if (!zoned && plain_timestamp(text, out))
        return NULL;
    struct decoder d;
    TRY(decode_text(&d, env, text, false, zoned ? "timestamp with time zone" : "timestamp"));
    switch (d.out.kind) {
    case DATETIME_EPOCH:
        *out = -EPOCH_USECS;
        return NULL;
    case DATETIME_INFINITY:
        *out = TIMESTAMP_INFINITY;
        return NULL;
    case DATETIME_NEG_INFINITY:
        *out = TIMESTAMP_NEG_INFINITY;
        return NULL;
    case DATETIME_POINT:
        break;
    }
    struct civil *c = &d.out.at;
    /* The zone may bring the last days before the first one into the range. */
    bool first_month = c->year == -4713 && c->month == 11;
    if (!civil_date_in_range(c->year, c->month, first_month ? 30 : c->day))
        return timestamp_range(text);
    int64_t local, days = date_from_civil(c->year, c->month, c->day);
    if (__builtin_mul_overflow(days, USECS_PER_DAY, &local) ||
        __builtin_add_overflow(local, time_from_civil(c->hour, c->minute, c->second, c->usec),
                               &local))
        return timestamp_range(text);
    if (zoned && __builtin_sub_overflow(local, offset_of(&d, local) * USECS_PER_SEC, &local))
        return timestamp_range(text);
    if (!timestamp_in_range(local))
        return timestamp_range(text);
    *out = local;
    return NULL;
}

struct err *timestamp_parse(const struct type_env *env, struct str text, int64_t *out)
{
    return parse_timestamp(env, text, false, out);
}

struct err *timestamptz_parse(const struct type_env *env, struct str text, int64_t *out)
{
    return parse_timestamp(env, text, true, out);
}

struct err *date_parse(const struct type_env *env, struct str text, int32_t *out)
{
    struct decoder d;
    TRY(decode_text(&d, env, text, false, "date"));
    struct civil *c = &d.out.at;
    switch (d.out.kind) {
    case DATETIME_EPOCH:
        *out = -EPOCH_DAYS;
        return NULL;
    case DATETIME_INFINITY:
        *out = DATE_INFINITY;
        return NULL;
    case DATETIME_NEG_INFINITY:
        *out = DATE_NEG_INFINITY;
        return NULL;
    case DATETIME_POINT:
        break;
    }
    int32_t date = civil_date_in_range(c->year, c->month, c->day)
                       ? date_from_civil(c->year, c->month, c->day)
                       : DATE_INFINITY;
    if (date >= DATE_END)
        return err_new("22008", "date out of range: \"%.*s\"", STR_ARG(text));
    *out = date;
    return NULL;
}

/* A named zone whose offset changes needs a date beside a time of day. */
static bool lacks_date(const struct decoder *d)
{
    return d->out.tz && !d->out.abbrev.len && !d->out.has_date && !tz_has_one_offset(d->out.tz);
}

struct err *time_parse(const struct type_env *env, struct str text, int64_t *out)
{
    struct decoder d;
    TRY(decode_text(&d, env, text, true, "time"));
    if (lacks_date(&d))
        return parse_error(PARSE_BAD, "time", text);
    struct civil *c = &d.out.at;
    *out = time_from_civil(c->hour, c->minute, c->second, c->usec);
    return NULL;
}

struct err *timetz_parse(const struct type_env *env, struct str text, struct timetz *out)
{
    struct decoder d;
    TRY(decode_text(&d, env, text, true, "time with time zone"));
    struct civil *c = &d.out.at;
    /* An abbreviation may mean another offset on another day: today, unless one is given. */
    int64_t time = time_from_civil(c->hour, c->minute, c->second, c->usec);
    int64_t day = now_local(&d) / USECS_PER_DAY - (now_local(&d) % USECS_PER_DAY < 0);
    if (d.out.has_date)
        day = date_from_civil(c->year, c->month, c->day);
    else if (lacks_date(&d))
        return parse_error(PARSE_BAD, "time with time zone", text);
    *out = (struct timetz){time, -offset_of(&d, day * USECS_PER_DAY + time)};
    return NULL;
}
