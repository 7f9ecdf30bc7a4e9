/* COPY: rows between tables (or a query) and text the client sends or receives. The caller supplies
 * the stream. Formats: manual, "COPY". */
#ifndef TARN_EXEC_COPY_H
#define TARN_EXEC_COPY_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct PgQuery__CopyStmt;
struct raw_stmt;
struct session;

struct copy_io {
    void *arg;
    /* Before any data, once everything has been checked. */
    struct err *(*begin)(void *arg, bool in, int ncols, bool binary);
    /* FROM: the next piece of input, valid until the next call; *end when there is no more. */
    struct err *(*read)(void *arg, struct str *piece, bool *end);
    /* TO: one line, with its newline, or (binary) a row. */
    struct err *(*write)(void *arg, struct str line);
};

/* FROM STDIN or TO STDOUT: the caller's stream is used. */
bool copy_is_with_client(const struct PgQuery__CopyStmt *stmt);
/* Runs a CopyStmt in the session's open transaction. MAY YIELD. */
struct err *copy_run(struct session *s, struct raw_stmt *raw, const struct copy_io *io,
                     uint64_t *rows) MUST_CHECK;

#endif
