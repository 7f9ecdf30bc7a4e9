/* Templates of to_char and to_number for numbers, taken apart. */
#ifndef TARN_EXEC_FUNCTIONS_NUM_PATTERN_H
#define TARN_EXEC_FUNCTIONS_NUM_PATTERN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum num_key {
    NK_TEXT, /* one character */
    NK_COMMA,
    NK_POINT, /* . and D */
    NK_ZERO,
    NK_NINE,
    NK_BLANK, /* B */
    NK_EEEE,
    NK_FILL, /* FM */
    NK_GROUP,
    NK_CURRENCY,
    NK_MINUS,
    NK_PLUS,
    NK_BRACKETS, /* PR */
    NK_ROMAN,
    NK_SIGN_BOTH, /* SG */
    NK_SPELL,     /* SP */
    NK_SIGN,      /* S */
    NK_ORDINAL,   /* TH */
    NK_SHIFT,     /* V */
};

enum num_sign_place { SIGN_NOWHERE, SIGN_BEFORE, SIGN_BEHIND };

struct num_node {
    enum num_key key;
    bool lower; /* rn, th */
    struct str text;
};

struct num_pattern {
    struct num_node *nodes; /* in the arena */
    size_t count;
    int pre;        /* digits before the point */
    int post;       /* behind it */
    int shift;      /* digits behind V */
    int zero_start; /* position of the first 0, from 1 */
    int zero_end;
    int sign_at; /* digits before S */
    enum num_sign_place sign;
    bool zero, blank, decimal, fill, sign_key, minus, plus, brackets, roman, has_shift, scientific;
};

/* 42601 for templates that contradict themselves. */
struct err *num_pattern_parse(struct str s, struct arena *arena,
                              struct num_pattern *out) MUST_CHECK;

#endif
