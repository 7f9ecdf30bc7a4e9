/* PostgreSQL's regular expressions on top of PCRE2: the advanced syntax is translated, compiled
 * patterns are kept per thread. Any thread, no yield. */
#ifndef TARN_EXEC_FUNCTIONS_REGEX_H
#define TARN_EXEC_FUNCTIONS_REGEX_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct regex; /* a compiled pattern; valid until the thread compiles REGEX_CACHE others */
enum { REGEX_CACHE = 64, REGEX_MAX_GROUPS = 1000 };

struct regex_flags {
    bool icase;        /* i; c turns it off */
    bool newline_dot;  /* n, m, p: . and [^x] do not match a newline */
    bool newline_line; /* n, m, w: ^ and $ match at lines */
    bool expanded;     /* x */
    bool literal;      /* q */
    bool basic;        /* b */
    bool extended;     /* e */
    bool global;       /* g, for functions that allow it */
};

/* Reads a flags argument; 22023 for unknown letters. */
struct err *regex_parse_flags(struct str s, struct regex_flags *out) MUST_CHECK;
/* 2201B "invalid regular expression: ..." */
struct err *regex_compile(struct str pattern, struct regex_flags flags,
                          struct regex **out) MUST_CHECK;
int regex_groups(const struct regex *r);
/* The first match at or after byte `from`. spans[2i], spans[2i+1]: begin and end of group i, or -1;
 * it holds `nspans` pairs. *found says whether there is one. */
struct err *regex_exec(struct regex *r, struct str s, size_t from, int nspans, int64_t *spans,
                       bool *found) MUST_CHECK;

#endif
