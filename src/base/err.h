/* Errors as values. A function that can fail returns `struct err *`, NULL for success, and is
 * must-check. An error owns its memory (malloc), so that no arena reset can take it away; whoever
 * handles it calls err_free. Out of memory is one static object, for which err_free does nothing.
 *
 * Wording follows PostgreSQL (manual, "Error Message Style Guide"): the message in lower case
 * without a period; detail and hint are sentences. SQLSTATEs: manual, appendix A. */
#ifndef TARN_BASE_ERR_H
#define TARN_BASE_ERR_H

#include "base/check.h"

#include <stdarg.h>
#include <stdint.h>

enum err_severity { ERR_ERROR, ERR_FATAL, ERR_PANIC };

struct err {
    char sqlstate[6];
    enum err_severity severity;
    char *message; /* never NULL */
    char *detail;  /* the rest NULL when absent */
    char *hint;
    char *context;
    char *schema_name;
    char *table_name;
    char *column_name;
    char *datatype_name;
    char *constraint_name;
    int position; /* 1-based character in the statement; 0: none */
    int internal_position;
    char *internal_query;
    const char *file; /* where it was raised */
    int line;
    const char *function;
};

#define ERR_AT __FILE__, __LINE__, __func__

/* The new error with the given SQLSTATE (five characters) and printf-style message. Use through the
 * macro `err_new(sqlstate, fmt, ...)`. Never NULL. Any thread. */
struct err *err_new_at(const char *file, int line, const char *function, const char *sqlstate,
                       const char *fmt, ...) PRINTF_LIKE(5, 6);
#define err_new(...) err_new_at(ERR_AT, __VA_ARGS__)

/* 53200. Allocates nothing. */
struct err *err_oom(void);
/* Error for an errno value: "could not WHAT: strerror"; 53100 for ENOSPC/EDQUOT, else 58030. */
struct err *err_errno_at(const char *file, int line, const char *function, int errnum,
                         const char *fmt, ...) PRINTF_LIKE(5, 6);
#define err_errno(...) err_errno_at(ERR_AT, __VA_ARGS__)
/* 0A000 "X is not supported". */
#define err_unsupported(...) err_new("0A000", __VA_ARGS__)

/* Each returns its argument, so that calls chain. They replace what was set before. */
struct err *err_detail(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct err *err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct err *err_context(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3); /* adds a line */
struct err *err_at(struct err *e, int position);
/* For what clients know by PostgreSQL's function (field R) rather than by SQLSTATE; a literal. */
struct err *err_routine(struct err *e, const char *name);
struct err *err_table(struct err *e, const char *schema, const char *table);
struct err *err_column(struct err *e, const char *column);
struct err *err_datatype(struct err *e, const char *schema, const char *type);
struct err *err_constraint(struct err *e, const char *constraint);
struct err *err_fatal(struct err *e);

bool err_is(const struct err *e, const char *sqlstate);
void err_free(struct err *e); /* NULL is fine */

/* Errors now alive in the process; debug builds assert 0 at the end of a test. */
int64_t err_alive(void);

#define TRY(expr)                                  \
    do {                                           \
        struct err *try_err_ = (expr);             \
        if (__builtin_expect(try_err_ != NULL, 0)) \
            return try_err_;                       \
    } while (0)

/* As TRY, for functions with one `out:` label and a local `struct err *e`. */
#define TRY_OUT(expr)                       \
    do {                                    \
        e = (expr);                         \
        if (__builtin_expect(e != NULL, 0)) \
            goto out;                       \
    } while (0)

#endif
