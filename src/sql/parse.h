/* SQL text to parse trees, by PostgreSQL's own grammar (libpg_query), plus Tarn's own statements.
 * The trees are PgQuery__* structs; only sql/ and exec/'s utility statements look inside. */
#ifndef TARN_SQL_PARSE_H
#define TARN_SQL_PARSE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

struct PgQuery__Node;

struct own_stmt; /* one of Tarn's own statements: own_stmt.h */

struct raw_stmt {
    const char *sql;            /* the whole text it came from */
    int location;               /* where this statement begins in it */
    int len;                    /* 0: to the end */
    struct PgQuery__Node *tree; /* NULL for own statements */
    struct own_stmt *own;
    bool cursor; /* of DECLARE: WHERE CURRENT OF may ask for the row's key */
};

struct parsed {
    struct raw_stmt *stmts;
    int count;
};

/* Parses text (NUL-terminated UTF-8) into statements, all in the arena; they refer to `sql`, which
 * must outlive them. 42601 with position, 54001 when the text is too deep. MAY be called on a
 * fiber: it switches to a stack of its own. */
struct err *parse_sql(const char *sql, struct arena *arena, struct parsed *out) MUST_CHECK;

/* 1-based character position of a byte offset. */
int char_position(const char *sql, int offset);

#endif
