/* Templates of to_char, to_date and to_timestamp for dates and times, taken apart. */
#ifndef TARN_EXEC_FUNCTIONS_PATTERN_H
#define TARN_EXEC_FUNCTIONS_PATTERN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum pattern_key {
    PK_AD_DOTS, /* A.D., B.C. */
    PK_AD,
    PK_AM_DOTS,
    PK_AM,
    PK_CC,
    PK_DAY,
    PK_DDD,
    PK_DD,
    PK_DY,
    PK_D,
    PK_FF, /* with digits */
    PK_FX,
    PK_HH24,
    PK_HH12,
    PK_IDDD,
    PK_ID,
    PK_IW,
    PK_IYYY,
    PK_IYY,
    PK_IY,
    PK_I,
    PK_J,
    PK_MI,
    PK_MM,
    PK_MONTH,
    PK_MON,
    PK_MS,
    PK_OF,
    PK_Q,
    PK_RM,
    PK_SSSS,
    PK_SS,
    PK_TZ,
    PK_TZH,
    PK_TZM,
    PK_US,
    PK_WW,
    PK_W,
    PK_Y_YYY,
    PK_YYYY,
    PK_YYY,
    PK_YY,
    PK_Y,
};

enum pattern_case { PCASE_UPPER, PCASE_TITLE, PCASE_LOWER };

struct pattern_node {
    enum { NODE_KEY, NODE_TEXT, NODE_SPACE, NODE_SEPARATOR } type;
    enum pattern_key key;
    enum pattern_case letters;
    int digits;       /* PK_FF */
    bool fill;        /* FM: no padding */
    bool ordinal;     /* TH or th */
    bool ordinal_low; /* th */
    bool numeric;     /* the key reads digits: to know whether digits follow a node */
    struct str text;  /* the key word as given; otherwise one character */
    bool quoted;
};

struct pattern {
    struct pattern_node *nodes; /* in the arena */
    size_t count;
};

/* Never fails but for memory: what is no key word is text. */
struct err *pattern_parse(struct str s, struct arena *arena, struct pattern *out) MUST_CHECK;

#endif
