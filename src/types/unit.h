/* Names of units of time, in intervals, extract and date_trunc (PostgreSQL manual, "Date/Time
 * Types" and "Date/Time Functions and Operators"). */
#ifndef TARN_TYPES_UNIT_H
#define TARN_TYPES_UNIT_H

#include "base/str.h"

enum unit {
    UNIT_NONE,
    UNIT_MICROSECOND,
    UNIT_MILLISECOND,
    UNIT_SECOND,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_YEAR,
    UNIT_DECADE,
    UNIT_CENTURY,
    UNIT_MILLENNIUM,
    UNIT_ISOYEAR,
    UNIT_DOW,
    UNIT_ISODOW,
    UNIT_DOY,
    UNIT_JULIAN,
    UNIT_EPOCH,
    UNIT_TIMEZONE,
    UNIT_TIMEZONE_HOUR,
    UNIT_TIMEZONE_MINUTE,
    UNIT_AGO, /* of an interval: what was before is taken negative; no name gives it */
};

/* In any case, plural and abbreviations included, by the first ten letters; UNIT_NONE when
 * unknown. */
enum unit unit_by_name(struct str name);

#endif
