/* Dates, times, intervals and time zones. Values are those of datum.h: days and microseconds from
 * 2000-01-01. Any thread, no yield, except that tz_find reads files at the first use of a zone. */
#ifndef TARN_TYPES_DATETIME_H
#define TARN_TYPES_DATETIME_H

#include "base/buf.h"
#include "base/bytes.h"
#include "types/datum.h"
#include "types/type.h"

#include <stdint.h>

#define USECS_PER_SEC INT64_C(1000000)
#define USECS_PER_MINUTE INT64_C(60000000)
#define USECS_PER_HOUR INT64_C(3600000000)
#define USECS_PER_DAY INT64_C(86400000000)
/* 1970-01-01 to 2000-01-01. */
#define EPOCH_DAYS 10957
#define EPOCH_USECS (EPOCH_DAYS * USECS_PER_DAY)

#define DATE_INFINITY INT32_MAX
#define DATE_NEG_INFINITY INT32_MIN
#define TIMESTAMP_INFINITY INT64_MAX
#define TIMESTAMP_NEG_INFINITY INT64_MIN
/* 4714-11-24 BC up to before 294277-01-01; dates up to before 5874898-01-01. */
#define TIMESTAMP_MIN INT64_C(-211813488000000000)
#define TIMESTAMP_END INT64_C(9223371331200000000)
#define DATE_MIN (-2451545)
#define DATE_END 2145031949

static inline bool timestamp_is_finite(int64_t ts)
{
    return ts != TIMESTAMP_INFINITY && ts != TIMESTAMP_NEG_INFINITY;
}

static inline bool date_is_finite(int32_t d)
{
    return d != DATE_INFINITY && d != DATE_NEG_INFINITY;
}

static inline bool timestamp_in_range(int64_t ts)
{
    return ts >= TIMESTAMP_MIN && ts < TIMESTAMP_END;
}

struct interval {
    int64_t us;
    int32_t days;
    int32_t months;
};

struct timetz {
    int64_t time;
    int32_t zone; /* seconds west of UTC */
};

static inline struct interval interval_load(struct datum d)
{
    return (struct interval){(int64_t)load_le64(d.p), (int32_t)load_le32(d.p + 8),
                             (int32_t)load_le32(d.p + 12)};
}
static inline struct timetz timetz_load(struct datum d)
{
    return (struct timetz){(int64_t)load_le64(d.p), (int32_t)load_le32(d.p + 8)};
}
struct datum interval_datum(struct interval v, struct arena *arena);
struct datum timetz_datum(struct timetz v, struct arena *arena);
int interval_compare(struct interval a, struct interval b);
int timetz_compare(struct timetz a, struct timetz b);

/* A point in time by calendar and clock. Years are astronomical: 0 is 1 BC. */
struct civil {
    int year;
    int month; /* 1 to 12 */
    int day;
    int hour;
    int minute;
    int second;
    int usec;
};

/* Proleptic Gregorian calendar. */
int32_t date_from_civil(int year, int month, int day);
void date_to_civil(int32_t date, int *year, int *month, int *day);
bool year_is_leap(int year);
int month_days(int year, int month);
/* 0 Sunday ... 6 Saturday; the ISO week and its year. */
int date_weekday(int32_t date);
void date_iso_week(int32_t date, int *year, int *week);
/* Monday of ISO week 1. */
int32_t iso_year_start(int year);
int32_t date_to_julian(int32_t date);
bool civil_date_in_range(int year, int month, int day);

struct civil civil_from_timestamp(int64_t ts);
/* False when out of range. */
bool civil_to_timestamp(const struct civil *c, int64_t *out) MUST_CHECK;
int64_t time_from_civil(int hour, int minute, int second, int usec);
void time_to_civil(int64_t time, struct civil *out);

/* Rounding to a typmod's decimals. */
int64_t time_round(int64_t time, int32_t typmod);
int64_t timestamp_round(int64_t ts, int32_t typmod);

/* Interval fields of a typmod: (fields << 16) | precision. */
enum {
    INTERVAL_MONTH = 1 << 1,
    INTERVAL_YEAR = 1 << 2,
    INTERVAL_DAY = 1 << 3,
    INTERVAL_HOUR = 1 << 10,
    INTERVAL_MINUTE = 1 << 11,
    INTERVAL_SECOND = 1 << 12,
    INTERVAL_FULL_RANGE = 0x7fff,
    INTERVAL_FULL_PRECISION = 0xffff,
};
struct err *interval_apply_typmod(struct interval *v, int32_t typmod) MUST_CHECK;

/* Arithmetic; 22008 beyond the range. */
struct err *interval_out_of_range(void);
struct err *timestamp_out_of_range(void);
struct err *date_out_of_range(void);
struct err *interval_add(struct interval a, struct interval b, struct interval *out) MUST_CHECK;
struct err *interval_sub(struct interval a, struct interval b, struct interval *out) MUST_CHECK;
struct err *interval_negate(struct interval a, struct interval *out) MUST_CHECK;
struct err *interval_mul(struct interval a, double factor, struct interval *out) MUST_CHECK;
struct err *interval_div(struct interval a, double divisor, struct interval *out) MUST_CHECK;
struct interval interval_justify_hours(struct interval v);
struct err *interval_justify_days(struct interval v, struct interval *out) MUST_CHECK;
struct err *interval_justify(struct interval v, struct interval *out) MUST_CHECK;
struct err *timestamp_add(int64_t ts, struct interval v, int64_t *out) MUST_CHECK;
/* In the zone: days and months by its calendar. */
struct err *timestamptz_add(int64_t ts, struct interval v, const struct tz *tz,
                            int64_t *out) MUST_CHECK;
struct err *date_to_timestamp(int32_t date, int64_t *out) MUST_CHECK;
struct err *date_to_timestamptz(int32_t date, const struct tz *tz, int64_t *out) MUST_CHECK;

/* Time zones. A zone lives as long as the process. */

struct tz_offset {
    int32_t east; /* seconds */
    bool dst;
    const char *abbrev; /* lives as long as the zone */
};

/* By name of the tz database without regard to case, or a POSIX TZ string; NULL when unknown. */
const struct tz *tz_find(struct str name);
/* Whether its offset was always the same. */
bool tz_has_one_offset(const struct tz *tz);
/* A zone of fixed offset; NULL beyond +-167 hours. */
const struct tz *tz_fixed(int32_t seconds_east);
const struct tz *tz_utc(void);
/* As the setting TimeZone shows it. */
const char *tz_name(const struct tz *tz);
/* tz NULL means UTC in the following. At an instant in seconds since 1970 UTC. */
struct tz_offset tz_at(const struct tz *tz, int64_t unix_seconds);
/* At a local time in seconds since 1970; times that a change of offset skips or repeats are taken
 * as PostgreSQL takes them. */
struct tz_offset tz_at_local(const struct tz *tz, int64_t local_seconds);
/* Every zone of the database, for pg_timezone_names: names of the tz directory, sorted. The list is
 * read at first use and lives as long as the process. */
const char *const *tz_names(size_t *count);

/* Abbreviations known to input: either a fixed offset, or a zone whose abbreviation it is. */
struct tz_abbrev {
    const char *name; /* upper case */
    int32_t east;
    bool dst;
    const char *zone; /* not NULL: east and dst depend on the time */
};
const struct tz_abbrev *tz_abbrev_find(struct str name);
const struct tz_abbrev *tz_abbrevs(size_t *count);
/* The offset that the abbreviation of a zone means at a local time, and at an instant. */
struct tz_offset tz_abbrev_at_local(const struct tz *tz, struct str abbrev, int64_t local_seconds);
struct tz_offset tz_abbrev_at(const struct tz *tz, struct str abbrev, int64_t unix_seconds);

/* A zone as in AT TIME ZONE: abbreviation, name or POSIX string; 22023 when it is none. When the
 * text is an abbreviation of fixed offset, *tz is that of tz_fixed. */
struct err *tz_parse(struct str text, const struct tz **tz) MUST_CHECK;

/* timestamptz to local time and back. */
int64_t timestamptz_to_local(int64_t ts, const struct tz *tz);
struct err *timestamptz_from_local(int64_t local, const struct tz *tz, int64_t *out) MUST_CHECK;

/* Input */

enum datetime_kind {
    DATETIME_POINT, /* date and/or time */
    DATETIME_EPOCH,
    DATETIME_INFINITY,
    DATETIME_NEG_INFINITY,
};

struct datetime_text {
    enum datetime_kind kind;
    struct civil at;
    bool has_date;
    bool has_time;
    bool has_zone; /* explicit, as seconds east */
    int32_t east;
    const struct tz *tz; /* named zone: the offset depends on the local time; else NULL */
    struct str abbrev;   /* with tz: the abbreviation that was given; empty: a zone name */
};

struct err *timestamp_parse(const struct type_env *env, struct str text, int64_t *out) MUST_CHECK;
struct err *timestamptz_parse(const struct type_env *env, struct str text, int64_t *out) MUST_CHECK;
struct err *date_parse(const struct type_env *env, struct str text, int32_t *out) MUST_CHECK;
struct err *time_parse(const struct type_env *env, struct str text, int64_t *out) MUST_CHECK;
struct err *timetz_parse(const struct type_env *env, struct str text,
                         struct timetz *out) MUST_CHECK;
struct err *interval_parse(const struct type_env *env, struct str text, int32_t typmod,
                           struct interval *out) MUST_CHECK;

/* Output, by the settings; env NULL: ISO, UTC. iso forces DateStyle ISO (for to_json, with "T"). */
void date_print(const struct type_env *env, int32_t date, struct buf *out);
void time_print(int64_t time, struct buf *out);
void timetz_print(struct timetz v, struct buf *out);
void timestamp_print(const struct type_env *env, int64_t ts, struct buf *out);
void timestamptz_print(const struct type_env *env, int64_t ts, struct buf *out);
void interval_print(const struct type_env *env, struct interval v, struct buf *out);
/* As XML Schema and JSON have them: 2001-02-03T04:05:06.7, with the zone's offset. */
void timestamp_print_iso(int64_t ts, struct buf *out);
void timestamptz_print_iso(const struct type_env *env, int64_t ts, struct buf *out);

#endif
