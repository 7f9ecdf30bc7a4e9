#ifndef TARN_EXEC_COPY_INTERNAL_H
#define TARN_EXEC_COPY_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "exec/copy.h"
#include "exec/session.h"

enum copy_header { HEADER_NONE, HEADER_SKIP, HEADER_MATCH };

struct copy_options {
    bool csv;
    bool binary;
    char delimiter;
    const char *null;
    size_t null_len;
    enum copy_header header;
    char quote;
    char escape;
    bool force_quote_all;
    const struct encoding *encoding; /* of the data; NULL: UTF-8 */
};

struct copy_column {
    const char *name;
    int att; /* 1-based; 0: of a query */
    const struct type_ops *ops;
    uint32_t type;
    int32_t typmod;
    bool force_quote;
    bool force_not_null;
    bool force_null;
};

struct copy {
    struct session *s;
    struct raw_stmt *raw;
    const struct copy_io *io;
    struct arena arena; /* the statement's */
    struct copy_options o;
    struct type_env types; /* the session's, with the data's encoding: for binary forms */
    struct relation *rel;  /* NULL: a query */
    struct copy_column *cols;
    int ncols;
    const struct PgQuery__Node *force_quote; /* TO: a list of columns; NULL: none */
    struct row_expr *where;                  /* FROM: which rows are wanted; NULL: all */
    uint64_t rows;
};

/* ---- reading: copy_read.c ---- */

enum copy_eol { EOL_UNKNOWN, EOL_NL, EOL_CR, EOL_CRNL };

struct copy_field {
    struct str text;
    bool null;
};

/* Begins as zero but for `c`, of which options, columns, io and arena are used; copy_reader_done
 * frees what it holds. */
struct copy_reader {
    struct copy *c;
    struct str piece;      /* as UTF-8 */
    struct buf converted;  /* the piece, when it comes in another encoding */
    struct buf unfinished; /* of the last piece: the beginning of a character */
    size_t at;
    bool ended;  /* no more pieces */
    bool closed; /* \. was read: the rest is skipped */
    enum copy_eol eol;
    uint64_t line_number;
    struct buf line;
    struct buf text; /* of the fields, unescaped */
    struct copy_field *fields;
    int nfields;
    int fields_cap;
    int column;      /* being converted, -1: none */
    bool line_known; /* `line` is what an error is about */
};

void copy_reader_done(struct copy_reader *r);
/* The next line, without its end. 22P04, 22021. */
struct err *copy_read_line(struct copy_reader *r, bool *found) MUST_CHECK;
/* Its fields; they live until the next line. 22021. */
struct err *copy_split(struct copy_reader *r) MUST_CHECK;
/* What follows \. is read and forgotten. */
struct err *copy_skip_rest(struct copy_reader *r) MUST_CHECK;

/* The next piece of the stream into r->piece; *more false: it has ended. */
struct err *copy_next_piece(struct copy_reader *r, bool *more) MUST_CHECK;

/* ---- files of the server: copy_file.c ---- */

/* 42501 when the role may not have the server read (in) or write files. */
struct err *copy_may_use_file(struct session *s, bool in) MUST_CHECK;
/* Calls `run` with c->io set to the file, which it opens, and leaves closed; a relative name, for
 * reading only, is below the data directory. 42602, 42809, and as the system says. MAY YIELD. */
struct err *copy_with_file(struct copy *c, const char *name, bool in,
                           struct err *(*run)(struct copy *c)) MUST_CHECK;

/* ---- binary format: copy_binary.c ---- */

void copy_binary_header(struct buf *b);
void copy_binary_trailer(struct buf *b);
struct err *copy_binary_row(struct copy *c, const struct datum *row, struct buf *b) MUST_CHECK;
/* 22P04 */
struct err *copy_binary_begin(struct copy_reader *r) MUST_CHECK;
/* A row's values, some in the arena. 22P04, 22P03 */
struct err *copy_binary_next(struct copy_reader *r, struct arena *a, struct datum *values,
                             bool *found) MUST_CHECK;

/* Marks the columns of force_quote, once the columns are known. 42703, 42701, 42P10. */
struct err *copy_force_quote(struct copy *c) MUST_CHECK;
struct err *copy_from(struct copy *c) MUST_CHECK;
struct err *copy_to(struct copy *c) MUST_CHECK;
/* Analyzes and plans SQL text or, with `tree`, a parsed statement. */
struct err *copy_wrong_kind(const struct relation *r, bool from);
struct err *copy_plan(struct copy *c, const char *sql, struct raw_stmt *stmt, uint32_t *types,
                      int ntypes, struct statement_plan **out) MUST_CHECK;
/* "schema"."table" */
void copy_put_relation(struct copy *c, struct buf *b);

#endif
