/* When a synced table is due: EVERY an interval, or by a cron expression of five fields: minute,
 * hour, day of month, month, day of week (0 and 7 are Sunday). A field is *, a number, a range a-b,
 * each with /step, or a list of these; months and days also by the first three letters of their
 * English names. As in cron, when both days are restricted either will do. Times are those of a
 * zone. */
#include "sync/sync_internal.h"

#include "types/datetime.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

enum { FIELDS = 5, DAY_FIELD = 2, WEEKDAY_FIELD = 4, YEARS_AHEAD = 8 };

struct cron {
    uint64_t bits[FIELDS];
    bool any[FIELDS]; /* began with * */
};

static const struct field {
    const char *name;
    int min, max;
    const char *words; /* of three letters each; NULL: none */
} fields[FIELDS] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of month", 1, 31, NULL},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"day of week", 0, 7, "sunmontuewedthufrisat"},
};

static struct err *bad_cron(const char *text, const char *reason)
{
    return err_hint(err_new("22023", "invalid cron expression \"%s\": %s", text, reason),
                    "Five fields are needed: minute, hour, day of month, month, day of week, as in "
                    "'*/15 6-20 * * mon-fri'.");
}

/* One or two digits. */
static bool take_number(const char **p, int *out)
{
    int n = 0;
    *out = 0;
    for (; n < 2 && isdigit((unsigned char)**p); n++)
        *out = *out * 10 + (*(*p)++ - '0');
    return n > 0;
}

static bool take_value(const struct field *f, const char **p, int *out)
{
    if (isdigit((unsigned char)**p))
        return take_number(p, out) && *out >= f->min && *out <= f->max;
    for (int i = 0; f->words && f->words[i]; i += 3) {
        if (strncasecmp(*p, f->words + i, 3) != 0)
            continue;
        *p += 3;
        *out = i / 3 + f->min;
        return true;
    }
    return false;
}

/* One item of a list. */
static bool take_range(const struct field *f, const char **p, uint64_t *bits, bool *any)
{
    int low = f->min;
    int high = f->max;
    int step = 1;
    if (**p == '*') {
        (*p)++;
        *any = true;
    } else {
        if (!take_value(f, p, &low))
            return false;
        high = low;
        if (**p == '-') {
            (*p)++;
            if (!take_value(f, p, &high))
                return false;
        } else if (**p == '/') {
            high = f->max;
        }
    }
    if (**p == '/') {
        (*p)++;
        if (!take_number(p, &step) || step < 1)
            return false;
    }
    if (low > high)
        return false;
    for (int v = low; v <= high; v += step)
        *bits |= UINT64_C(1) << v;
    return true;
}

static struct err *parse_cron(const char *text, struct cron *out)
{
    const char *p = text;
    *out = (struct cron){0};
    for (int i = 0; i < FIELDS; i++) {
        while (isspace((unsigned char)*p))
            p++;
        if (!*p)
            return bad_cron(text, "it has fewer than five fields");
        for (;;) {
            if (!take_range(&fields[i], &p, &out->bits[i], &out->any[i]))
                return bad_cron(text, fields[i].name);
            if (*p != ',')
                break;
            p++;
        }
        if (*p && !isspace((unsigned char)*p))
            return bad_cron(text, fields[i].name);
    }
    while (isspace((unsigned char)*p))
        p++;
    if (*p)
        return bad_cron(text, "it has more than five fields");
    if (out->bits[WEEKDAY_FIELD] & 1 << 7)
        out->bits[WEEKDAY_FIELD] |= 1;
    return NULL;
}

static bool has(const struct cron *c, int field, int value)
{
    return c->bits[field] >> value & 1;
}

static bool day_fits(const struct cron *c, int32_t date)
{
    int year;
    int month;
    int day;
    date_to_civil(date, &year, &month, &day);
    if (!has(c, 3, month))
        return false;
    bool by_day = has(c, DAY_FIELD, day);
    bool by_weekday = has(c, WEEKDAY_FIELD, date_weekday(date));
    if (c->any[DAY_FIELD] || c->any[WEEKDAY_FIELD])
        return by_day && by_weekday;
    return by_day || by_weekday;
}

/* Local seconds since 1970 to an instant. */
static int64_t to_instant_us(int64_t local_s, const struct tz *tz)
{
    return (local_s - tz_at_local(tz, local_s).east) * 1000000;
}

static struct err *cron_next(const char *text, int64_t after_us, const struct tz *tz, int64_t *out)
{
    struct cron c;
    TRY(parse_cron(text, &c));
    int64_t after_s = after_us / 1000000;
    int64_t local_s = after_s + tz_at(tz, after_s).east;
    int64_t minute = local_s / 60 + 1; /* the first that is later */
    for (int32_t day = (int32_t)(minute / 1440), end = day + YEARS_AHEAD * 366; day < end; day++) {
        if (!day_fits(&c, day - EPOCH_DAYS))
            continue;
        int first = minute / 1440 == day ? (int)(minute % 1440) : 0;
        for (int m = first; m < 1440; m++) {
            if (!has(&c, 1, m / 60) || !has(&c, 0, m % 60))
                continue;
            *out = to_instant_us((int64_t)day * 86400 + (int64_t)m * 60, tz);
            if (*out > after_us) /* a repeated hour may have had it already */
                return NULL;
        }
    }
    return bad_cron(text, "no such time comes");
}

struct err *schedule_parse_interval(const char *text, const char *what, int64_t *us)
{
    static const struct type_env env;
    struct interval v;
    TRY(interval_parse(&env, str_from(text), -1, &v));
    *us = v.us + ((int64_t)v.months * 30 + v.days) * USECS_PER_DAY;
    if (*us <= 0)
        return err_new("22023", "%s must be positive, not \"%s\"", what, text);
    return NULL;
}

struct err *schedule_check_cron(const char *text, const struct tz *tz)
{
    int64_t next;
    return cron_next(text, 0, tz, &next);
}

struct err *schedule_next(int64_t every_us, const char *cron, int64_t after_us, const struct tz *tz,
                          int64_t *out)
{
    *out = every_us > 0 ? after_us + every_us : -1;
    return cron ? cron_next(cron, after_us, tz, out) : NULL;
}
