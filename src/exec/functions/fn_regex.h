/* Walking over the matches of a pattern, for fn_regex.c and srf_text.c. */
#ifndef TARN_EXEC_FUNCTIONS_FN_REGEX_H
#define TARN_EXEC_FUNCTIONS_FN_REGEX_H

#include "exec/functions/regex.h"
#include "types/array.h"

enum { REGEX_WALK_GROUPS = 99 };

struct regex_walk {
    struct str s;
    struct str pattern;
    struct regex_flags flags;
    size_t search; /* byte where the next search begins */
    int groups;
    /* Splitting: */
    size_t done;
    size_t last_end;
    bool finished;
    int64_t spans[2 * (REGEX_WALK_GROUPS + 1)]; /* of the last match: see regex_exec */
};

struct err *regex_walk_init(struct regex_walk *w, struct str s, struct str pattern,
                            struct regex_flags flags) MUST_CHECK;
struct err *regex_walk_next(struct regex_walk *w, bool *found) MUST_CHECK;
struct err *regex_walk_array(const struct regex_walk *w, struct arena *arena,
                             struct datum *out) MUST_CHECK;
/* 22023 when the flags contain g. */
struct err *regex_no_global(struct regex_flags flags, const char *function) MUST_CHECK;
/* The next piece between matches; *more is false after the last. */
struct err *regex_split_next(struct regex_walk *w, struct datum *piece, bool *more) MUST_CHECK;

#endif
