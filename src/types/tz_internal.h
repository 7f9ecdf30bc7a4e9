/* A time zone taken apart, for tz.c (lookup) and tz_rules.c (offsets). */
#ifndef TARN_TYPES_TZ_INTERNAL_H
#define TARN_TYPES_TZ_INTERNAL_H

#include "types/datetime.h"

/* A day of the year in a POSIX TZ string, and the second of that day. */
struct tz_rule {
    enum { RULE_MONTH, RULE_JULIAN, RULE_DAY } kind;
    int month, week, day;
    int32_t second;
};

struct tz_posix {
    bool valid;
    bool has_dst;
    struct tz_offset standard;
    struct tz_offset daylight;
    struct tz_rule to_dst;
    struct tz_rule to_standard;
    char names[2][16];
};

struct tz {
    struct tz *next; /* in the cache's bucket */
    char name[64];
    int ntransitions;
    int ntypes;
    int64_t *at;         /* instants of change, ascending */
    uint8_t *type_after; /* from at[i] on */
    struct tz_offset *types;
    char *abbrevs;
    int first_type;        /* before at[0] */
    struct tz_posix posix; /* after the last change */
};

/* Reads a POSIX TZ string; the offsets' abbreviations point into *out. */
bool tz_posix_parse(struct str s, struct tz_posix *out);

#endif
