/* to_char of timestamps and intervals. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/pattern.h"

#include "types/datetime.h"

#include <stdlib.h>

/* What a template may ask for. Intervals have no calendar date. */
struct moment {
    bool is_interval;
    int year; /* astronomical, or the interval's */
    int month, day;
    int64_t hour;
    int minute, second, usec;
    int day_of_year;
    int32_t date; /* timestamps */
    bool zoned;
    struct tz_offset zone;
};

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
static const char *const roman[] = {"XII", "XI", "X",  "IX",  "VIII", "VII",
                                    "VI",  "V",  "IV", "III", "II",   "I"};

static struct err *not_for_intervals(void)
{
    return err_hint(err_new("22007", "invalid format specification for an interval value"),
                    "Intervals are not tied to specific calendar dates.");
}

static void put_name(struct buf *b, const char *name, size_t len, enum pattern_case letters,
                     int width)
{
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool up = letters == PCASE_UPPER || (letters == PCASE_TITLE && i == 0);
        if (up && c >= 'a' && c <= 'z')
            c = (char)(c - 32);
        else if (!up && c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        buf_put_u8(b, (uint8_t)c);
    }
    for (size_t i = len; i < (size_t)width; i++)
        buf_put_u8(b, ' ');
}

/* Zero-padded; a minus sign counts beyond the width. */
static void put_number(struct buf *b, const struct pattern_node *n, int64_t v, int width)
{
    size_t start = b->len;
    buf_printf(b, "%0*lld", n->fill ? 0 : v < 0 ? width + 1 : width, (long long)v);
    if (!n->ordinal || b->failed)
        return;
    /* st, nd, rd, th by the last digits. */
    char last = (char)b->data[b->len - 1];
    bool teen = b->len - start > 1 && b->data[b->len - 2] == '1';
    const char *suffix = teen          ? "th"
                         : last == '1' ? "st"
                         : last == '2' ? "nd"
                         : last == '3' ? "rd"
                                       : "th";
    put_name(b, suffix, 2, n->ordinal_low ? PCASE_LOWER : PCASE_UPPER, 0);
}

static int shown_year(const struct moment *m, int year)
{
    return m->is_interval || year > 0 ? year : 1 - year;
}

static void put_fraction(struct buf *b, const struct pattern_node *n, int usec, int digits)
{
    static const int units[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    struct pattern_node padded = *n;
    padded.fill = false;
    put_number(b, &padded, usec / units[digits], digits);
}

static int64_t twelve_hours(int64_t hour)
{
    return hour % 12 == 0 ? 12 : hour % 12;
}

static struct err *put_clock(struct buf *b, const struct pattern_node *n, const struct moment *m,
                             bool *done)
{
    *done = true;
    bool pm = m->hour % 24 >= 12;
    switch (n->key) {
    case PK_AM:
        put_name(b, pm ? "pm" : "am", 2, n->letters, 0);
        break;
    case PK_AM_DOTS:
        put_name(b, pm ? "p.m." : "a.m.", 4, n->letters == PCASE_TITLE ? PCASE_UPPER : n->letters,
                 0);
        break;
    case PK_HH12:
        put_number(b, n, twelve_hours(m->hour), 2);
        break;
    case PK_HH24:
        put_number(b, n, m->hour, 2);
        break;
    case PK_MI:
        put_number(b, n, m->minute, 2);
        break;
    case PK_SS:
        put_number(b, n, m->second, 2);
        break;
    case PK_FF:
        put_fraction(b, n, m->usec, n->digits);
        break;
    case PK_MS:
        put_fraction(b, n, m->usec, 3);
        break;
    case PK_US:
        put_fraction(b, n, m->usec, 6);
        break;
    case PK_SSSS:
        put_number(b, n, m->hour * 3600 + m->minute * 60 + m->second, 0);
        break;
    default:
        *done = false;
        break;
    }
    return NULL;
}

static struct err *put_zone(struct buf *b, const struct pattern_node *n, const struct moment *m,
                            bool *done)
{
    *done = true;
    int east = abs(m->zone.east);
    char sign = m->zone.east < 0 ? '-' : '+';
    bool is_zone = n->key == PK_TZ || n->key == PK_TZH || n->key == PK_TZM || n->key == PK_OF;
    if (is_zone && m->is_interval)
        return not_for_intervals();
    switch (n->key) {
    case PK_TZ:
        if (m->zoned && m->zone.abbrev)
            put_name(b, m->zone.abbrev, strlen(m->zone.abbrev),
                     n->letters == PCASE_LOWER ? PCASE_LOWER : PCASE_UPPER, 0);
        break;
    case PK_TZH:
        buf_printf(b, "%c%02d", sign, east / 3600);
        break;
    case PK_TZM:
        buf_printf(b, "%02d", east % 3600 / 60);
        break;
    case PK_OF:
        buf_printf(b, "%c%0*d", sign, n->fill ? 0 : 2, east / 3600);
        if (east % 3600)
            buf_printf(b, ":%02d", east % 3600 / 60);
        break;
    default:
        *done = false;
        break;
    }
    return NULL;
}

static struct err *put_names(struct buf *b, const struct pattern_node *n, const struct moment *m,
                             bool *done)
{
    *done = true;
    switch (n->key) {
    case PK_AD:
    case PK_AD_DOTS: {
        if (m->is_interval)
            return not_for_intervals();
        const char *era =
            n->key == PK_AD ? (m->year > 0 ? "ad" : "bc") : (m->year > 0 ? "a.d." : "b.c.");
        put_name(b, era, strlen(era), n->letters == PCASE_LOWER ? PCASE_LOWER : PCASE_UPPER, 0);
        break;
    }
    case PK_MONTH:
    case PK_MON: {
        if (m->is_interval)
            return not_for_intervals();
        const char *name = months[m->month - 1];
        bool whole = n->key == PK_MONTH;
        put_name(b, name, whole ? strlen(name) : 3, n->letters, whole && !n->fill ? 9 : 0);
        break;
    }
    case PK_DAY:
    case PK_DY: {
        if (m->is_interval)
            return not_for_intervals();
        const char *name = days[date_weekday(m->date)];
        bool whole = n->key == PK_DAY;
        put_name(b, name, whole ? strlen(name) : 3, n->letters, whole && !n->fill ? 9 : 0);
        break;
    }
    case PK_RM: {
        if (m->is_interval && !m->month && !m->year)
            break;
        int at = m->month == 0  ? (m->year >= 0 ? 0 : 11)
                 : m->month < 0 ? -(m->month + 1)
                                : 12 - m->month;
        put_name(b, roman[at], strlen(roman[at]), n->letters, n->fill ? 0 : 4);
        break;
    }
    default:
        *done = false;
        break;
    }
    return NULL;
}

static struct err *put_week(struct buf *b, const struct pattern_node *n, const struct moment *m,
                            bool *done)
{
    *done = true;
    bool calendar = n->key == PK_D || n->key == PK_ID || n->key == PK_WW || n->key == PK_IW ||
                    n->key == PK_W || n->key == PK_IDDD;
    bool iso_year_key = n->key >= PK_IYYY && n->key <= PK_I;
    if (m->is_interval && (n->key == PK_D || n->key == PK_ID))
        return not_for_intervals();
    int iso_year = m->year, iso_week = 0;
    if (calendar || iso_year_key)
        date_iso_week(m->date, &iso_year, &iso_week);
    switch (n->key) {
    case PK_D:
        put_number(b, n, date_weekday(m->date) + 1, 0);
        break;
    case PK_ID:
        put_number(b, n, (date_weekday(m->date) + 6) % 7 + 1, 0);
        break;
    case PK_WW:
        put_number(b, n, (m->day_of_year - 1) / 7 + 1, 2);
        break;
    case PK_IW:
        put_number(b, n, iso_week, 2);
        break;
    case PK_W:
        put_number(b, n, (m->day - 1) / 7 + 1, 0);
        break;
    case PK_IDDD:
        put_number(b, n, m->date - iso_year_start(iso_year) + 1, 3);
        break;
    case PK_IYYY:
        put_number(b, n, shown_year(m, iso_year), 4);
        break;
    case PK_IYY:
        put_number(b, n, shown_year(m, iso_year) % 1000, 3);
        break;
    case PK_IY:
        put_number(b, n, shown_year(m, iso_year) % 100, 2);
        break;
    case PK_I:
        put_number(b, n, shown_year(m, iso_year) % 10, 1);
        break;
    default:
        *done = false;
        break;
    }
    return NULL;
}

static void put_date(struct buf *b, const struct pattern_node *n, const struct moment *m)
{
    int year = shown_year(m, m->year);
    switch (n->key) {
    case PK_CC: {
        int century = m->is_interval ? m->year / 100
                      : m->year > 0  ? (m->year - 1) / 100 + 1
                                     : m->year / 100 - 1;
        put_number(b, n, century, century <= 99 && century >= -99 ? 2 : 0);
        break;
    }
    case PK_DDD:
        put_number(b, n, m->day_of_year, 3);
        break;
    case PK_DD:
        put_number(b, n, m->day, m->day < 0 ? 1 : 2); /* the sign counts */
        break;
    case PK_MM:
        put_number(b, n, m->month, 2);
        break;
    case PK_Q:
        if (m->month)
            put_number(b, n, (m->month - 1) / 3 + 1, 0);
        break;
    case PK_J:
        put_number(b, n, date_to_julian(m->date), 0);
        break;
    case PK_Y_YYY:
        buf_printf(b, "%d,%03d", year / 1000, year % 1000);
        break;
    case PK_YYYY:
        put_number(b, n, year, 4);
        break;
    case PK_YYY:
        put_number(b, n, year % 1000, 3);
        break;
    case PK_YY:
        put_number(b, n, year % 100, 2);
        break;
    case PK_Y:
        put_number(b, n, year % 10, 1);
        break;
    default:
        break; /* FX */
    }
}

static struct err *put_key(struct buf *b, const struct pattern_node *n, const struct moment *m)
{
    bool done;
    TRY(put_clock(b, n, m, &done));
    if (!done)
        TRY(put_zone(b, n, m, &done));
    if (!done)
        TRY(put_names(b, n, m, &done));
    if (!done)
        TRY(put_week(b, n, m, &done));
    if (!done)
        put_date(b, n, m);
    return NULL;
}

static struct err *format(struct fn_call *c, const struct moment *m, struct datum *out)
{
    struct pattern p;
    TRY(pattern_parse(ARG_STR(1), c->arena, &p));
    struct buf b = BUF_INIT;
    struct err *e = NULL;
    for (size_t i = 0; i < p.count && !e; i++) {
        if (p.nodes[i].type == NODE_KEY)
            e = put_key(&b, &p.nodes[i], m);
        else
            buf_put_str(&b, p.nodes[i].text);
    }
    if (!e)
        return give_buf(c, &b, out);
    buf_done(&b);
    return e;
}

static struct moment of_local(int64_t local)
{
    struct civil t = civil_from_timestamp(local);
    int32_t date = date_from_civil(t.year, t.month, t.day);
    return (struct moment){.year = t.year,
                           .month = t.month,
                           .day = t.day,
                           .hour = t.hour,
                           .minute = t.minute,
                           .second = t.second,
                           .usec = t.usec,
                           .date = date,
                           .day_of_year = date - date_from_civil(t.year, 1, 1) + 1};
}

FN(timestamp_to_char)
{
    if (!timestamp_is_finite(ARG_I(0)) || c->args[1].len == 0)
        return give_null(out);
    struct moment m = of_local(ARG_I(0));
    return format(c, &m, out);
}

FN(timestamptz_to_char)
{
    int64_t ts = ARG_I(0);
    if (!timestamp_is_finite(ts) || c->args[1].len == 0)
        return give_null(out);
    int64_t seconds = ts / USECS_PER_SEC - (ts % USECS_PER_SEC < 0);
    struct tz_offset zone =
        tz_at(c->env ? c->env->tz : NULL, seconds + EPOCH_DAYS * INT64_C(86400));
    struct moment m = of_local(ts + zone.east * USECS_PER_SEC);
    m.zoned = true;
    m.zone = zone;
    return format(c, &m, out);
}

FN(interval_to_char)
{
    if (c->args[1].len == 0)
        return give_null(out);
    struct interval v = interval_load(c->args[0]);
    struct moment m = {.is_interval = true,
                       .year = v.months / 12,
                       .month = v.months % 12,
                       .day = v.days,
                       .hour = v.us / USECS_PER_HOUR};
    int64_t rest = v.us % USECS_PER_HOUR;
    m.minute = (int)(rest / USECS_PER_MINUTE);
    rest %= USECS_PER_MINUTE;
    m.second = (int)(rest / USECS_PER_SEC);
    m.usec = (int)(rest % USECS_PER_SEC);
    m.day_of_year = (int)((m.year * 12 + m.month) * 30 + m.day);
    m.date = date_from_civil(m.year, m.month, m.day); /* for what it is worth */
    return format(c, &m, out);
}

const struct fn_entry fn_tochar_table[] = {
    ENTRY(timestamp_to_char),
    ENTRY(timestamptz_to_char),
    ENTRY(interval_to_char),
};
TABLE_END(fn_tochar);
