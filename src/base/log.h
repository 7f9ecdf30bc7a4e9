/* The server log: one line an entry to stderr, plain (a text of several lines goes on in lines that
 * begin with a tab) or as JSON. Thread-safe; an entry is one
 * write. Functions that return errors do not log them: whoever handles an error decides. */
#ifndef TARN_BASE_LOG_H
#define TARN_BASE_LOG_H

#include "base/check.h"
#include "base/err.h"

#include <stdbool.h>

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_NOTICE,
    LOG_WARNING,
    LOG_ERROR,
    LOG_LOG,
    LOG_FATAL,
    LOG_PANIC
};

/* Entries below `min` are dropped. Called at start and on reload. */
void log_configure(enum log_level min, bool json);
bool log_enabled(enum log_level level);
/* An entry with what belongs to it; all but the message may be NULL. */
struct log_entry {
    const char *message;
    const char *sqlstate;
    const char *detail;
    const char *hint;
    const char *context;
    const char *statement; /* that an error comes from */
};
void log_entry(enum log_level level, const char *area, const struct log_entry *entry);
void log_write(enum log_level level, const char *area, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Message, SQLSTATE, detail, hint. Does not free the error. */
void log_err(enum log_level level, const char *area, const struct err *e);
/* Name as in PostgreSQL's log_min_messages ("warning", ...); false when unknown. */
bool log_level_parse(const char *name, enum log_level *out);

#endif
