/* Tokens of date, time and interval input, for datetime_tokens.c, datetime_parse.c and
 * interval_parse.c. */
#ifndef TARN_TYPES_DATETIME_INTERNAL_H
#define TARN_TYPES_DATETIME_INTERNAL_H

#include "types/datetime.h"

enum { MAX_FIELDS = 25, MAX_TEXT = 192 };

enum field_type {
    FIELD_NUMBER,  /* digits, perhaps with a decimal point */
    FIELD_STRING,  /* letters */
    FIELD_DATE,    /* 1999-01-08, 08-jan-1999, america/new_york */
    FIELD_TIME,    /* 04:05:06.7 */
    FIELD_ZONE,    /* +05:30, -8 */
    FIELD_SPECIAL, /* -infinity */
};

struct fields {
    int count;
    enum field_type type[MAX_FIELDS];
    char *text[MAX_FIELDS]; /* lower case, in buf */
    char buf[MAX_TEXT + MAX_FIELDS];
};

/* What may be wrong with the text. */
enum parse_result {
    PARSE_OK,
    PARSE_BAD,          /* 22007 */
    PARSE_FIELD_RANGE,  /* 22008 */
    PARSE_MONTH_DAY,    /* 22008 with a hint about DateStyle */
    PARSE_ZONE_RANGE,   /* 22009 */
    PARSE_ZONE_UNKNOWN, /* 22023 */
};

enum parse_result split_fields(struct str text, struct fields *f);

/* Words that date input knows. */
enum word_type {
    WORD_UNKNOWN,
    WORD_IGNORED,
    WORD_MONTH,
    WORD_WEEKDAY,
    WORD_AMPM, /* 0, 12 */
    WORD_ERA,  /* 0 AD, 1 BC */
    WORD_NOW,
    WORD_DAY, /* -1, 0, 1: yesterday, today, tomorrow */
    WORD_ALLBALLS,
    WORD_EPOCH,
    WORD_INFINITY,
    WORD_NEG_INFINITY,
    WORD_JULIAN,
    WORD_ISO_TIME,
    WORD_DST,
    WORD_UNIT, /* y, m, d, h, mm, s before a number: 1, 2, 4, 512, 1024, 2048 */
};
enum word_type date_word(const char *text, int *value);

/* Digits from p on: the value goes to *out, the end is returned (p itself when there are none).
 * False in *ok when it does not fit an int. */
const char *read_int(const char *p, int *out, bool *ok);
const char *read_long(const char *p, int64_t *out, bool *ok); /* the same for 64 bits */
/* ".5" and the like as a fraction of one; false on other text. */
bool read_fraction(const char *p, double *out);
/* The same in microseconds, rounded. */
bool read_fraction_us(const char *p, int *out);
/* h:m[:s[.f]] or m:s.f; range checks of minutes and seconds. */
enum parse_result read_time(const char *p, int64_t *hour, int *minute, int *second, int *usec);

/* The error for the result, naming the type and the whole text. */
struct err *parse_error(enum parse_result r, const char *type_name, struct str text);

#endif
