/* to_date and to_timestamp with a template. Outside of FX mode white space and separators match
 * loosely: one in the template takes at most one in the input, and blanks before fields are
 * skipped. */
#include "exec/functions/fn_internal.h"
#include "exec/functions/pattern.h"

#include "types/datetime.h"
#include "types/text.h"

enum convention { CONVENTION_NONE, CONVENTION_GREGORIAN, CONVENTION_ISO };

struct reading {
    const struct pattern *p;
    struct str s;
    size_t at;
    bool fixed;      /* FX */
    int64_t skipped; /* characters skipped beyond what the template asked for */
    enum convention convention;
    /* Values as read; 0: not given. */
    int hh, mi, ss, ms, us, ssss, pm, dd, mm, year, year_digits, bc, ddd, d, ww, w, cc, j;
    int zone_sign, zone_hours, zone_minutes, fraction_digits;
    bool twelve_hours;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
    return c > ' ' && c < 0x7f && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
           !is_digit(c);
}

static char peek(const struct reading *r)
{
    return r->at < r->s.len ? r->s.data[r->at] : 0;
}

static void skip_char(struct reading *r)
{
    if (r->at < r->s.len) {
        r->at += utf8_char_bytes((uint8_t)r->s.data[r->at]);
        if (r->at > r->s.len)
            r->at = r->s.len;
    }
}

static struct err *set_value(int *to, int64_t v, const struct pattern_node *n)
{
    if (*to != 0 && *to != v)
        return err_detail(err_new("22007",
                                  "conflicting values for \"%.*s\" field in formatting string",
                                  STR_ARG(n->text)),
                          "This value contradicts a previous setting for the same field type.");
    *to = (int)v;
    return NULL;
}

/* What follows the field cannot be a digit of it. */
static bool next_is_no_digit(const struct reading *r, const struct pattern_node *n)
{
    if (n->ordinal)
        return true;
    const struct pattern_node *next = n + 1;
    if (next == r->p->nodes + r->p->count)
        return true;
    if (next->type == NODE_KEY)
        return !next->numeric;
    return !(next->text.len == 1 && is_digit(next->text.data[0]));
}

/* An optional sign and at most `max` characters in all; bytes used. */
static size_t scan_int(struct str s, size_t max, int64_t *out, bool *range)
{
    size_t at = 0;
    while (at < s.len && at < max && is_space(s.data[at]))
        at++;
    bool negative = at < s.len && at < max && s.data[at] == '-';
    if (at < s.len && at < max && (s.data[at] == '-' || s.data[at] == '+'))
        at++;
    size_t first = at;
    int64_t v = 0;
    *range = false;
    for (; at < s.len && at < max && is_digit(s.data[at]); at++) {
        v = v * 10 + (s.data[at] - '0');
        if (v > (int64_t)INT32_MAX + 1) {
            *range = true;
            v = INT32_MAX;
        }
    }
    *out = negative ? -v : v;
    *range |= *out > INT32_MAX || *out < INT32_MIN;
    return at > first ? at : 0;
}

static struct err *field_error(struct reading *r, const struct pattern_node *n, size_t len)
{
    struct str rest = str_make(r->s.data + r->at, r->s.len - r->at);
    return err_new("22007", "invalid value \"%.*s\" for \"%.*s\"", (int)utf8_clip(rest, len),
                   rest.data, STR_ARG(n->text));
}

static struct err *too_short(const struct pattern_node *n, size_t len, size_t have)
{
    struct err *e =
        err_new("22007", "source string too short for \"%.*s\" formatting field", STR_ARG(n->text));
    e = err_detail(e, "Field requires %zu characters, but only %zu remain.", len, have);
    return err_hint(e, "If your source string is not fixed-width, try using the \"FM\" modifier.");
}

/* A number of `len` characters, or of any length where the template allows. *used counts blanks
 * too. `to` may be NULL. */
static struct err *read_int(struct reading *r, const struct pattern_node *n, size_t len, int *to,
                            size_t *used)
{
    size_t start = r->at;
    while (is_space(peek(r)))
        r->at++;
    struct str rest = str_make(r->s.data + r->at, r->s.len - r->at);
    int64_t v;
    bool range;
    size_t taken;
    if (n->fill || next_is_no_digit(r, n)) {
        taken = scan_int(rest, rest.len, &v, &range);
    } else {
        if (rest.len < len)
            return too_short(n, len, rest.len);
        taken = scan_int(rest, len, &v, &range);
        if (taken > 0 && taken < len) {
            struct err *e = field_error(r, n, len);
            e = err_detail(e, "Field requires %zu characters, but only %zu could be parsed.", len,
                           taken);
            return err_hint(e, "If your source string is not fixed-width, try using the \"FM\" "
                               "modifier.");
        }
    }
    if (!taken)
        return err_detail(field_error(r, n, len), "Value must be an integer.");
    if (range)
        return err_detail(err_new("22008", "value for \"%.*s\" in source string is out of range",
                                  STR_ARG(n->text)),
                          "Value must be in the range %d to %d.", INT32_MIN, INT32_MAX);
    r->at += taken;
    if (used)
        *used = r->at - start;
    return to ? set_value(to, v, n) : NULL;
}

/* One of the words, in any case; its index. */
static struct err *read_word(struct reading *r, const struct pattern_node *n,
                             const char *const *list, size_t count, size_t abbreviate, int *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = abbreviate ? abbreviate : strlen(list[i]);
        if (r->s.len - r->at >= len && strncasecmp(r->s.data + r->at, list[i], len) == 0) {
            r->at += len;
            *out = (int)i;
            return NULL;
        }
    }
    size_t len = 0;
    while (r->at + len < r->s.len && !is_space(r->s.data[r->at + len]))
        len++;
    return err_detail(field_error(r, n, len),
                      "The given value did not match any of the allowed values for this field.");
}

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
static const char *const roman[] = {"XII", "XI", "X",  "IX",  "VIII", "VII",
                                    "VI",  "V",  "IV", "III", "II",   "I"};
static const char *const halves[] = {"am", "pm"}, *const halves_dots[] = {"a.m.", "p.m."};
static const char *const eras[] = {"ad", "bc"}, *const eras_dots[] = {"a.d.", "b.c."};

static struct err *read_names(struct reading *r, const struct pattern_node *n, bool *done)
{
    int v;
    *done = true;
    switch (n->key) {
    case PK_AM:
    case PK_AM_DOTS:
        TRY(read_word(r, n, n->key == PK_AM ? halves : halves_dots, 2, 0, &v));
        r->twelve_hours = true;
        return set_value(&r->pm, v, n);
    case PK_AD:
    case PK_AD_DOTS:
        TRY(read_word(r, n, n->key == PK_AD ? eras : eras_dots, 2, 0, &v));
        return set_value(&r->bc, v, n);
    case PK_MONTH:
    case PK_MON:
        TRY(read_word(r, n, months, 12, n->key == PK_MON ? 3 : 0, &v));
        return set_value(&r->mm, v + 1, n);
    case PK_RM:
        TRY(read_word(r, n, roman, 12, 0, &v));
        return set_value(&r->mm, 12 - v, n);
    case PK_DAY:
    case PK_DY:
        TRY(read_word(r, n, days, 7, n->key == PK_DY ? 3 : 0, &v));
        return set_value(&r->d, v + 1, n);
    case PK_TZ:
    case PK_OF:
        return err_new("0A000", "formatting field \"%.*s\" is only supported in to_char",
                       STR_ARG(n->text));
    default:
        *done = false;
        return NULL;
    }
}

static struct err *read_fraction(struct reading *r, const struct pattern_node *n, size_t digits,
                                 int *to, size_t full)
{
    size_t used;
    TRY(read_int(r, n, digits, to, &used));
    for (; used < full; used++)
        *to *= 10;
    return NULL;
}

static struct err *read_clock(struct reading *r, const struct pattern_node *n, bool *done)
{
    *done = true;
    switch (n->key) {
    case PK_HH12:
        r->twelve_hours = true;
        return read_int(r, n, 2, &r->hh, NULL);
    case PK_HH24:
        return read_int(r, n, 2, &r->hh, NULL);
    case PK_MI:
        return read_int(r, n, 2, &r->mi, NULL);
    case PK_SS:
        return read_int(r, n, 2, &r->ss, NULL);
    case PK_MS:
        return read_fraction(r, n, 3, &r->ms, 3);
    case PK_US:
        return read_fraction(r, n, 6, &r->us, 6);
    case PK_FF:
        r->fraction_digits = n->digits;
        return read_fraction(r, n, (size_t)n->digits, &r->us, 6);
    case PK_SSSS:
        return read_int(r, n, n->text.len, &r->ssss, NULL);
    case PK_TZH:
        if (peek(r) == '+' || peek(r) == '-' || peek(r) == ' ') {
            r->zone_sign = peek(r) == '-' ? -1 : 1;
            r->at++;
        } else {
            /* The sign may have been taken for a separator. */
            r->zone_sign = r->skipped > 0 && r->at > 0 && r->s.data[r->at - 1] == '-' ? -1 : 1;
        }
        return read_int(r, n, 2, &r->zone_hours, NULL);
    case PK_TZM:
        if (!r->zone_sign)
            r->zone_sign = 1;
        return read_int(r, n, 2, &r->zone_minutes, NULL);
    default:
        *done = false;
        return NULL;
    }
}

/* Years of one to three digits are those nearest to 2020. */
static struct err *read_short_year(struct reading *r, const struct pattern_node *n, size_t digits)
{
    size_t used;
    TRY(read_int(r, n, digits, &r->year, &used));
    if (used < 4) {
        int y = r->year;
        r->year += y < 70 ? 2000 : y < 100 ? 1900 : y < 520 ? 2000 : y < 1000 ? 1000 : 0;
    }
    r->year_digits = (int)digits;
    return NULL;
}

static struct err *read_y_yyy(struct reading *r, const struct pattern_node *n)
{
    struct str rest = str_make(r->s.data + r->at, r->s.len - r->at);
    int64_t thousands, years;
    bool range;
    size_t used = scan_int(rest, rest.len, &thousands, &range);
    if (!used || range || used >= rest.len || rest.data[used] != ',')
        return err_new("22007", "invalid input string for \"Y,YYY\"");
    struct str tail = str_make(rest.data + used + 1, rest.len - used - 1);
    size_t more = scan_int(tail, 3, &years, &range);
    if (!more)
        return err_new("22007", "invalid input string for \"Y,YYY\"");
    r->at += used + 1 + more;
    r->year_digits = 4;
    years += thousands * 1000;
    if (years > INT32_MAX || years < INT32_MIN)
        return err_new("22008", "value for \"%.*s\" in source string is out of range",
                       STR_ARG(n->text));
    return set_value(&r->year, years, n);
}

static struct err *read_date(struct reading *r, const struct pattern_node *n)
{
    switch (n->key) {
    case PK_MM:
        return read_int(r, n, 2, &r->mm, NULL);
    case PK_DDD:
    case PK_IDDD:
        return read_int(r, n, 3, &r->ddd, NULL);
    case PK_DD:
        return read_int(r, n, 2, &r->dd, NULL);
    case PK_D:
        return read_int(r, n, 1, &r->d, NULL);
    case PK_ID:
        TRY(read_int(r, n, 1, &r->d, NULL));
        r->d = r->d + 1 > 7 ? 1 : r->d + 1; /* as D, where Sunday is 1 */
        return NULL;
    case PK_WW:
    case PK_IW:
        return read_int(r, n, 2, &r->ww, NULL);
    case PK_W:
        return read_int(r, n, 1, &r->w, NULL);
    case PK_Q: /* says nothing about the day: read and dropped */
        return read_int(r, n, 1, NULL, NULL);
    case PK_CC:
        return read_int(r, n, 2, &r->cc, NULL);
    case PK_J:
        return read_int(r, n, 1, &r->j, NULL);
    case PK_Y_YYY:
        return read_y_yyy(r, n);
    case PK_YYYY:
    case PK_IYYY:
        r->year_digits = 4;
        return read_int(r, n, 4, &r->year, NULL);
    case PK_YYY:
    case PK_IYY:
        return read_short_year(r, n, 3);
    case PK_YY:
    case PK_IY:
        return read_short_year(r, n, 2);
    case PK_Y:
    case PK_I:
        return read_short_year(r, n, 1);
    default:
        return NULL;
    }
}

static enum convention convention_of(enum pattern_key key)
{
    switch (key) {
    case PK_IDDD:
    case PK_ID:
    case PK_IW:
    case PK_IYYY:
    case PK_IYY:
    case PK_IY:
    case PK_I:
        return CONVENTION_ISO;
    case PK_DDD:
    case PK_DD:
    case PK_D:
    case PK_MM:
    case PK_MONTH:
    case PK_MON:
    case PK_RM:
    case PK_W:
    case PK_WW:
    case PK_Y_YYY:
    case PK_YYYY:
    case PK_YYY:
    case PK_YY:
    case PK_Y:
        return CONVENTION_GREGORIAN;
    default:
        return CONVENTION_NONE;
    }
}

static struct err *read_key(struct reading *r, const struct pattern_node *n)
{
    enum convention convention = convention_of(n->key);
    if (convention != CONVENTION_NONE) {
        if (r->convention != CONVENTION_NONE && r->convention != convention)
            return err_hint(err_new("22007", "invalid combination of date conventions"),
                            "Do not mix Gregorian and ISO week date conventions in a formatting "
                            "template.");
        r->convention = convention;
    }
    if (n->key == PK_FX) {
        r->fixed = true;
        return NULL;
    }
    bool done;
    TRY(read_names(r, n, &done));
    if (!done)
        TRY(read_clock(r, n, &done));
    if (!done)
        TRY(read_date(r, n));
    if (n->ordinal) {
        skip_char(r);
        skip_char(r);
    }
    return NULL;
}

static void skip_blanks(struct reading *r)
{
    while (is_space(peek(r))) {
        r->at++;
        r->skipped++;
    }
}

static struct err *read_all(struct reading *r)
{
    for (size_t i = 0; i < r->p->count && r->at < r->s.len; i++) {
        const struct pattern_node *n = &r->p->nodes[i];
        bool key = n->type == NODE_KEY;
        if (!r->fixed && (key ? n->key != PK_FX : i == 0))
            skip_blanks(r);
        if (key) {
            TRY(read_key(r, n));
            if (!r->fixed) {
                r->skipped = 0;
                skip_blanks(r);
            }
        } else if (r->fixed) {
            skip_char(r);
        } else if (n->type == NODE_SPACE || n->type == NODE_SEPARATOR) {
            r->skipped--;
            if (is_space(peek(r)) || is_separator(peek(r))) {
                r->at++;
                r->skipped++;
            }
        } else if (r->skipped > 0) {
            r->skipped--;
        } else {
            skip_char(r);
        }
    }
    return NULL;
}

static struct err *field_range(struct str s)
{
    return err_new("22008", "date/time field value out of range: \"%.*s\"", STR_ARG(s));
}

static void set_year(struct reading *r, struct civil *c, bool *has_year)
{
    int cc = r->bc ? -r->cc : r->cc;
    *has_year = r->year || r->cc;
    if (r->year && r->cc && r->year_digits <= 2) {
        int y = r->year % 100;
        if (y)
            c->year = cc >= 0 ? y + (cc - 1) * 100 : (cc + 1) * 100 - y + 1;
        else
            c->year = cc * 100 + (cc >= 0 ? 0 : 1);
    } else if (r->year) {
        c->year = r->bc ? -r->year : r->year;
        if (c->year < 0)
            c->year++;
    } else if (r->cc) {
        c->year = cc >= 0 ? (cc - 1) * 100 + 1 : cc * 100 + 1;
    }
}

/* Weeks, days of the year, Julian days: anything but month and day. */
static struct err *set_date(struct reading *r, struct civil *c, bool *has_date)
{
    *has_date = false;
    bool iso = r->convention == CONVENTION_ISO;
    if (r->j) {
        date_to_civil((int32_t)((int64_t)r->j - date_to_julian(0)), &c->year, &c->month, &c->day);
        *has_date = true;
    }
    if (r->ww && iso) {
        if (c->year > 5000000 || c->year < -5000000 || r->ww > 100000 || r->ww < -100000)
            return field_range(r->s);
        int weekday = r->d ? (r->d > 1 ? r->d - 2 : 6) : 0; /* from Monday */
        date_to_civil(iso_year_start(c->year) + (r->ww - 1) * 7 + weekday, &c->year, &c->month,
                      &c->day);
        *has_date = true;
    } else if (r->ww) {
        r->ddd = (int)((int64_t)(r->ww - 1) * 7 + 1);
    }
    if (r->w)
        r->dd = (int)((int64_t)(r->w - 1) * 7 + 1);
    if (r->dd)
        c->day = r->dd;
    if (r->mm)
        c->month = r->mm;
    if (!r->ddd || !(c->month <= 1 || c->day <= 1))
        return NULL;
    if (!c->year && !r->bc)
        return err_new("22007", "cannot calculate day of year without year information");
    if (c->year > 5000000 || c->year < -5000000)
        return field_range(r->s);
    if (iso) {
        date_to_civil(iso_year_start(c->year) + r->ddd - 1, &c->year, &c->month, &c->day);
        *has_date = true;
        return NULL;
    }
    int month = 1, rest = r->ddd;
    while (month <= 12 && rest > month_days(c->year, month))
        rest -= month_days(c->year, month++);
    if (month > 12)
        return field_range(r->s);
    if (c->month <= 1)
        c->month = month;
    if (c->day <= 1)
        c->day = rest;
    return NULL;
}

static struct err *set_time(struct reading *r, struct civil *c)
{
    if (r->ssss) {
        c->hour = r->ssss / 3600;
        c->minute = r->ssss % 3600 / 60;
        c->second = r->ssss % 60;
    }
    if (r->ss)
        c->second = r->ss;
    if (r->mi)
        c->minute = r->mi;
    if (r->hh)
        c->hour = r->hh;
    if (!r->twelve_hours)
        return NULL;
    if (c->hour < 1 || c->hour > 12)
        return err_hint(err_new("22007", "hour \"%d\" is invalid for the 12-hour clock", c->hour),
                        "Use the 24-hour clock, or give an hour between 1 and 12.");
    if (r->pm && c->hour < 12)
        c->hour += 12;
    else if (!r->pm && c->hour == 12)
        c->hour = 0;
    return NULL;
}

static struct err *assemble(struct reading *r, struct civil *c)
{
    *c = (struct civil){.month = 1, .day = 1};
    TRY(set_time(r, c));
    bool has_year, has_date;
    set_year(r, c, &has_year);
    TRY(set_date(r, c, &has_date));
    bool has_day = has_date || r->dd || r->ddd, has_month = has_date || r->mm || r->ddd;
    if ((has_month && (c->month < 1 || c->month > 12)) || (has_day && (c->day < 1 || c->day > 31)))
        return field_range(r->s);
    if ((has_year || has_date) && has_month && has_day && c->day > month_days(c->year, c->month))
        return field_range(r->s);
    int64_t usec = (int64_t)r->ms * 1000 + r->us;
    if (c->hour < 0 || c->hour >= 24 || c->minute < 0 || c->minute >= 60 || c->second < 0 ||
        c->second >= 60 || usec < 0 || usec >= USECS_PER_SEC)
        return field_range(r->s);
    c->usec = (int)usec;
    if (r->zone_sign &&
        (r->zone_hours < 0 || r->zone_hours > 15 || r->zone_minutes < 0 || r->zone_minutes >= 60))
        return field_range(r->s);
    return NULL;
}

static struct err *read_moment(struct fn_call *c, struct reading *r, struct civil *out)
{
    struct pattern p;
    *r = (struct reading){.p = &p, .s = ARG_STR(0)};
    TRY(pattern_parse(ARG_STR(1), c->arena, &p));
    TRY(read_all(r));
    r->p = NULL;
    return assemble(r, out);
}

FN(to_date)
{
    struct reading r;
    struct civil t;
    TRY(read_moment(c, &r, &t));
    bool ok = civil_date_in_range(t.year, t.month, t.day);
    int32_t date = ok ? date_from_civil(t.year, t.month, t.day) : 0;
    if (!ok || date >= DATE_END)
        return err_new("22008", "date out of range: \"%.*s\"", STR_ARG(r.s));
    return give_int(date, out);
}

FN(to_timestamp)
{
    struct reading r;
    struct civil t;
    TRY(read_moment(c, &r, &t));
    int64_t local, ts;
    if (!civil_to_timestamp(&t, &local))
        return timestamp_out_of_range();
    if (r.zone_sign) {
        int64_t east = r.zone_sign * (r.zone_hours * 3600 + r.zone_minutes * 60);
        ts = local - east * USECS_PER_SEC;
        if (!timestamp_in_range(ts))
            return timestamp_out_of_range();
    } else {
        TRY(timestamptz_from_local(local, c->env ? c->env->tz : NULL, &ts));
    }
    return give_int(r.fraction_digits ? timestamp_round(ts, r.fraction_digits) : ts, out);
}

const struct fn_entry fn_fromchar_table[] = {
    ENTRY(to_date),
    ENTRY(to_timestamp),
};
TABLE_END(fn_fromchar);
