/* Names of units of time in extract, date_part and date_trunc. */
#ifndef TARN_EXEC_FUNCTIONS_UNITS_H
#define TARN_EXEC_FUNCTIONS_UNITS_H

#include "base/err.h"
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
};

/* In any case, plural and abbreviations included; UNIT_NONE when unknown. */
enum unit unit_by_name(struct str name);
struct err *unit_not_recognized(struct str unit, const char *type_name);
struct err *unit_not_supported(struct str unit, const char *type_name);

#endif
