/* Offsets of a time zone at instants and local times, and POSIX TZ strings such as
 * "CET-1CEST,M3.5.0,M10.5.0/3". */
#include "types/tz_internal.h"

#include "types/types_internal.h"

enum { SECONDS_PER_DAY = 86400, MAX_OFFSET_HOURS = 167 };

/* POSIX strings */

struct scan {
    struct str s;
    size_t at;
};

static bool take(struct scan *p, char c)
{
    if (p->at == p->s.len || p->s.data[p->at] != c)
        return false;
    p->at++;
    return true;
}

/* As tzcode does, a zone's first name may be left out: "+10:00" is ten hours west of Greenwich. */
static bool unnamed(const struct scan *p)
{
    return p->at < p->s.len &&
           (is_digit(p->s.data[p->at]) || p->s.data[p->at] == '+' || p->s.data[p->at] == '-');
}

static bool scan_name(struct scan *p, char *out, size_t size)
{
    size_t start = p->at, end;
    if (take(p, '<')) {
        start = p->at;
        while (p->at < p->s.len && p->s.data[p->at] != '>')
            p->at++;
        end = p->at;
        if (!take(p, '>'))
            return false;
    } else {
        while (p->at < p->s.len && is_alpha(p->s.data[p->at]))
            p->at++;
        end = p->at;
    }
    if (end == start || end - start >= size)
        return false;
    memcpy(out, p->s.data + start, end - start);
    out[end - start] = 0;
    return true;
}

static bool scan_number(struct scan *p, int min, int max, int *out)
{
    int v = 0;
    size_t start = p->at;
    while (p->at < p->s.len && is_digit(p->s.data[p->at]) && v <= max)
        v = v * 10 + (p->s.data[p->at++] - '0');
    *out = v;
    return p->at > start && v >= min && v <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool scan_seconds(struct scan *p, int32_t *out)
{
    bool negative = take(p, '-');
    if (!negative)
        take(p, '+');
    int h, m = 0, s = 0;
    if (!scan_number(p, 0, MAX_OFFSET_HOURS, &h))
        return false;
    if (take(p, ':')) {
        if (!scan_number(p, 0, 59, &m))
            return false;
        if (take(p, ':') && !scan_number(p, 0, 60, &s))
            return false;
    }
    int32_t total = (h * 60 + m) * 60 + s;
    *out = negative ? -total : total;
    return true;
}

static bool scan_rule(struct scan *p, struct tz_rule *out)
{
    *out = (struct tz_rule){.second = 2 * 3600};
    bool ok;
    if (take(p, 'M')) {
        out->kind = RULE_MONTH;
        ok = scan_number(p, 1, 12, &out->month) && take(p, '.') &&
             scan_number(p, 1, 5, &out->week) && take(p, '.') && scan_number(p, 0, 6, &out->day);
    } else if (take(p, 'J')) {
        out->kind = RULE_JULIAN;
        ok = scan_number(p, 1, 365, &out->day);
    } else {
        out->kind = RULE_DAY;
        ok = scan_number(p, 0, 365, &out->day);
    }
    if (ok && take(p, '/'))
        ok = scan_seconds(p, &out->second);
    return ok;
}

bool tz_posix_parse(struct str s, struct tz_posix *out)
{
    struct scan p = {.s = s};
    *out = (struct tz_posix){0};
    int32_t west;
    if (!unnamed(&p) && !scan_name(&p, out->names[0], sizeof(out->names[0])))
        return false;
    if (!scan_seconds(&p, &west))
        return false;
    out->standard = (struct tz_offset){.east = -west, .abbrev = out->names[0]};
    if (p.at < s.len) {
        if (!scan_name(&p, out->names[1], sizeof(out->names[1])))
            return false;
        out->has_dst = true;
        int32_t dst_west = west - 3600;
        if (p.at < s.len && s.data[p.at] != ',' && !scan_seconds(&p, &dst_west))
            return false;
        out->daylight = (struct tz_offset){.east = -dst_west, .dst = true, .abbrev = out->names[1]};
        if (take(&p, ',')) {
            if (!scan_rule(&p, &out->to_dst) || !take(&p, ',') || !scan_rule(&p, &out->to_standard))
                return false;
        } else { /* the rules of the United States */
            out->to_dst = (struct tz_rule){RULE_MONTH, 3, 2, 0, 2 * 3600};
            out->to_standard = (struct tz_rule){RULE_MONTH, 11, 1, 0, 2 * 3600};
        }
    }
    out->valid = p.at == s.len;
    return out->valid;
}

/* Local second since 1970 at which the rule applies in a year. */
static int64_t rule_local(const struct tz_rule *r, int year)
{
    int64_t day = 0;
    switch (r->kind) {
    case RULE_MONTH: {
        int32_t first = date_from_civil(year, r->month, 1);
        int offset = (r->day - date_weekday(first) + 7) % 7 + (r->week - 1) * 7;
        if (offset >= month_days(year, r->month))
            offset -= 7;
        day = first + offset;
        break;
    }
    case RULE_JULIAN: /* 29 February is never counted */
        day = date_from_civil(year, 1, 1) + r->day - 1 + (r->day >= 60 && year_is_leap(year));
        break;
    case RULE_DAY:
        day = date_from_civil(year, 1, 1) + r->day;
        break;
    }
    return (day + EPOCH_DAYS) * SECONDS_PER_DAY + r->second;
}

static int64_t floor_days(int64_t seconds)
{
    int64_t d = seconds / SECONDS_PER_DAY;
    return d * SECONDS_PER_DAY > seconds ? d - 1 : d;
}

static int year_of(int64_t unix_seconds)
{
    int64_t day = floor_days(unix_seconds) - EPOCH_DAYS;
    int64_t limit = INT32_MAX / 2;
    day = day > limit ? limit : day < -limit ? -limit : day;
    int year, month, mday;
    date_to_civil((int32_t)day, &year, &month, &mday);
    return year;
}

static struct tz_offset posix_at(const struct tz_posix *p, int64_t t)
{
    if (!p->has_dst)
        return p->standard;
    int year = year_of(t + p->standard.east);
    int64_t start = rule_local(&p->to_dst, year) - p->standard.east;
    int64_t end = rule_local(&p->to_standard, year) - p->daylight.east;
    bool dst = start < end ? t >= start && t < end : t >= start || t < end;
    return dst ? p->daylight : p->standard;
}

struct tz_offset tz_at(const struct tz *tz, int64_t t)
{
    if (!tz)
        return (struct tz_offset){.abbrev = "UTC"};
    int n = tz->ntransitions;
    if (n == 0 || t >= tz->at[n - 1]) {
        if (tz->posix.valid)
            return posix_at(&tz->posix, t);
        return tz->types[n ? tz->type_after[n - 1] : tz->first_type];
    }
    if (t < tz->at[0])
        return tz->types[tz->first_type];
    int low = 0, high = n - 1; /* at[low] <= t < at[high] */
    while (high - low > 1) {
        int mid = low + (high - low) / 2;
        if (tz->at[mid] <= t)
            low = mid;
        else
            high = mid;
    }
    return tz->types[tz->type_after[low]];
}

/* The first change after t. */
static bool next_change(const struct tz *tz, int64_t t, int64_t *out)
{
    int n = tz->ntransitions;
    if (n && t < tz->at[n - 1]) {
        int low = -1, high = n - 1; /* at[low] <= t < at[high] */
        while (high - low > 1) {
            int mid = low + (high - low) / 2;
            if (tz->at[mid] <= t)
                low = mid;
            else
                high = mid;
        }
        *out = tz->at[high];
        return true;
    }
    const struct tz_posix *p = &tz->posix;
    if (!p->valid || !p->has_dst)
        return false;
    int64_t best = INT64_MAX;
    int year = year_of(t);
    for (int y = year - 1; y <= year + 1; y++) {
        int64_t start = rule_local(&p->to_dst, y) - p->standard.east;
        int64_t end = rule_local(&p->to_standard, y) - p->daylight.east;
        if (start > t && start < best)
            best = start;
        if (end > t && end < best)
            best = end;
    }
    *out = best;
    return best != INT64_MAX;
}

struct tz_offset tz_at_local(const struct tz *tz, int64_t local)
{
    if (!tz)
        return tz_at(tz, local);
    int64_t from = local - SECONDS_PER_DAY;
    struct tz_offset before = tz_at(tz, from);
    int64_t change;
    if (!next_change(tz, from, &change) || change > local + SECONDS_PER_DAY)
        return before;
    struct tz_offset after = tz_at(tz, change);
    int64_t if_before = local - before.east, if_after = local - after.east;
    if (if_before < change && if_after < change)
        return before;
    if (if_before >= change && if_after >= change)
        return after;
    /* Skipped or repeated: a clock that has not been changed forward yet, or already back. */
    return if_before > if_after ? before : after;
}

/* The offset that the zone gives an abbreviation nearest to the instant: in use then, else the
 * latest earlier use, else the first later one. */
struct tz_offset tz_abbrev_at(const struct tz *tz, struct str abbrev, int64_t t)
{
    struct tz_offset now = tz_at(tz, t);
    if (!tz || str_eq_nocase(abbrev, now.abbrev))
        return now;
    const struct tz_posix *p = &tz->posix;
    int n = tz->ntransitions;
    if (p->valid && (n == 0 || t >= tz->at[n - 1])) {
        if (str_eq_nocase(abbrev, p->standard.abbrev))
            return p->standard;
        if (p->has_dst && str_eq_nocase(abbrev, p->daylight.abbrev))
            return p->daylight;
    }
    int last = n - 1;
    while (last >= 0 && tz->at[last] > t)
        last--;
    for (int i = last; i >= 0; i--)
        if (str_eq_nocase(abbrev, tz->types[tz->type_after[i]].abbrev))
            return tz->types[tz->type_after[i]];
    if (tz->ntypes && str_eq_nocase(abbrev, tz->types[tz->first_type].abbrev))
        return tz->types[tz->first_type];
    for (int i = last + 1; i < n; i++)
        if (str_eq_nocase(abbrev, tz->types[tz->type_after[i]].abbrev))
            return tz->types[tz->type_after[i]];
    return now;
}

struct tz_offset tz_abbrev_at_local(const struct tz *tz, struct str abbrev, int64_t local)
{
    return tz_abbrev_at(tz, abbrev, local - tz_at_local(tz, local).east);
}
