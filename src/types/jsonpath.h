/* SQL/JSON paths (manual section 9.16.2). A value of type jsonpath is its text in PostgreSQL's
 * normalized form; what uses it parses it again, into a tree in an arena. Any thread, no yield. */
#ifndef TARN_TYPES_JSONPATH_H
#define TARN_TYPES_JSONPATH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "types/datum.h"

enum jsonpath_kind {
    JP_NULL,
    JP_BOOL,
    JP_NUMBER,
    JP_STRING,
    JP_VARIABLE,
    JP_ROOT,    /* $ */
    JP_CURRENT, /* @ */
    JP_LAST,
    JP_OR, /* operators, loosest first */
    JP_AND,
    JP_NOT,
    JP_UNKNOWN, /* (predicate) is unknown */
    JP_EXISTS,
    JP_EQ,
    JP_NE,
    JP_LT,
    JP_GT,
    JP_LE,
    JP_GE,
    JP_STARTS,
    JP_REGEX,
    JP_ADD,
    JP_SUB,
    JP_MUL,
    JP_DIV,
    JP_MOD,
    JP_PLUS,
    JP_MINUS,
    JP_KEY, /* accessors from here on: .key */
    JP_ANY_KEY,
    JP_ANY_ITEM, /* [*] */
    JP_ITEMS,    /* [from to to, ...] */
    JP_ANY,      /* .** */
    JP_FILTER,
    JP_TYPE,
    JP_SIZE,
    JP_ABS,
    JP_FLOOR,
    JP_CEILING,
    JP_DOUBLE,
    JP_DATETIME,
    JP_KEYVALUE,
};

enum { JP_LEVEL_LAST = -1 }; /* of .**{n to last} */

struct jsonpath_item {
    enum jsonpath_kind kind;
    struct str text;                    /* strings, keys, variables, patterns */
    struct datum number;                /* numeric */
    bool value;                         /* of a boolean */
    char flags[8];                      /* of like_regex */
    int first, last;                    /* levels of .** */
    struct jsonpath_item *left, *right; /* operands; right of JP_ITEMS: pairs in `pairs` */
    struct jsonpath_item **pairs;       /* from, to (NULL: none) */
    int npairs;
    struct jsonpath_item *next; /* the accessor applied to this */
};

struct jsonpath {
    bool strict;
    struct jsonpath_item *root;
};

/* 42601, 22P02, 54001. */
struct err *jsonpath_parse(struct str text, struct arena *arena, struct jsonpath *out) MUST_CHECK;
/* Appends the normalized form. */
void jsonpath_print(const struct jsonpath *p, struct buf *out);

static inline bool jsonpath_is_predicate(enum jsonpath_kind k)
{
    return k >= JP_OR && k <= JP_REGEX;
}

#endif
