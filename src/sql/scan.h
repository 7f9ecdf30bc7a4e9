/* SQL text to tokens, by PostgreSQL's own scanner (libpg_query). */
#ifndef TARN_SQL_SCAN_H
#define TARN_SQL_SCAN_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD, /* an identifier without quotes, or a keyword */
    TOKEN_QUOTED_NAME,
    TOKEN_STRING,
    TOKEN_OTHER, /* numbers, operators, punctuation, $n */
};

struct token {
    enum token_kind kind;
    int start; /* byte offset in the text */
    int end;
};

/* The tokens of a text (NUL-terminated UTF-8) without comments, TOKEN_END last; in the arena. 42601
 * with position. MAY be called on a fiber: it switches to a stack of its own. */
struct err *scan_sql(const char *sql, struct arena *arena, struct token **out,
                     int *count) MUST_CHECK;
/* What a string literal stands for; in the arena. 22025, 22021. As scan_sql. */
struct err *scan_string(const char *literal, struct arena *arena, const char **out) MUST_CHECK;

#endif
