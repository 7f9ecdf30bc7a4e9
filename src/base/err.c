/* Errors as values: see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct err out_of_memory = {.sqlstate = "53200", .message = (char *)"out of memory"};
static atomic_llong alive; /* relaxed: a test reads it when all threads have joined */

static char *format(const char *fmt, va_list ap)
{
    char *s = NULL;
    return vasprintf(&s, fmt, ap) < 0 ? NULL : s;
}

static struct err *err_make(const char *file, int line, const char *function, const char *sqlstate,
                            char *message)
{
    struct err *e = message ? calloc(1, sizeof(*e)) : NULL;
    if (!e) {
        free(message);
        return &out_of_memory;
    }
    ASSERT(strlen(sqlstate) == 5);
    memcpy(e->sqlstate, sqlstate, 6);
    e->message = message;
    e->file = file;
    e->line = line;
    e->function = function;
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    return e;
}

struct err *err_new_at(const char *file, int line, const char *function, const char *sqlstate,
                       const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *message = format(fmt, ap);
    va_end(ap);
    return err_make(file, line, function, sqlstate, message);
}

struct err *err_oom(void)
{
    return &out_of_memory;
}

struct err *err_errno_at(const char *file, int line, const char *function, int errnum,
                         const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *what = format(fmt, ap);
    va_end(ap);
    char reason[128];
    char *message = NULL;
    const char *text = strerror_r(errnum, reason, sizeof(reason));
    if (what && asprintf(&message, "could not %s: %s", what, text) < 0)
        message = NULL;
    free(what);
    const char *sqlstate = errnum == ENOSPC || errnum == EDQUOT ? "53100" : "58030";
    return err_make(file, line, function, sqlstate, message);
}

static void set_field(struct err *e, char **field, char *value)
{
    if (e == &out_of_memory) {
        free(value);
        return;
    }
    free(*field);
    *field = value;
}

#define DEFINE_FORMATTED(name, field)                     \
    struct err *name(struct err *e, const char *fmt, ...) \
    {                                                     \
        va_list ap;                                       \
        va_start(ap, fmt);                                \
        set_field(e, &e->field, format(fmt, ap));         \
        va_end(ap);                                       \
        return e;                                         \
    }
DEFINE_FORMATTED(err_detail, detail)
DEFINE_FORMATTED(err_hint, hint)

struct err *err_context(struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *line = format(fmt, ap);
    va_end(ap);
    char *joined = line;
    if (e->context && line) {
        if (asprintf(&joined, "%s\n%s", e->context, line) < 0)
            joined = NULL;
        free(line);
    }
    set_field(e, &e->context, joined);
    return e;
}

struct err *err_routine(struct err *e, const char *name)
{
    if (e != &out_of_memory)
        e->function = name;
    return e;
}

struct err *err_at(struct err *e, int position)
{
    if (e != &out_of_memory && position > 0)
        e->position = position;
    return e;
}

struct err *err_table(struct err *e, const char *schema, const char *table)
{
    set_field(e, &e->schema_name, schema ? strdup(schema) : NULL);
    set_field(e, &e->table_name, strdup(table));
    return e;
}

struct err *err_column(struct err *e, const char *column)
{
    set_field(e, &e->column_name, strdup(column));
    return e;
}

struct err *err_datatype(struct err *e, const char *schema, const char *type)
{
    set_field(e, &e->schema_name, schema ? strdup(schema) : NULL);
    set_field(e, &e->datatype_name, strdup(type));
    return e;
}

struct err *err_constraint(struct err *e, const char *constraint)
{
    set_field(e, &e->constraint_name, strdup(constraint));
    return e;
}

struct err *err_fatal(struct err *e)
{
    if (e != &out_of_memory)
        e->severity = ERR_FATAL;
    return e;
}

bool err_is(const struct err *e, const char *sqlstate)
{
    return e && memcmp(e->sqlstate, sqlstate, 5) == 0;
}

void err_free(struct err *e)
{
    if (!e || e == &out_of_memory)
        return;
    free(e->message);
    free(e->detail);
    free(e->hint);
    free(e->context);
    free(e->schema_name);
    free(e->table_name);
    free(e->column_name);
    free(e->datatype_name);
    free(e->constraint_name);
    free(e->internal_query);
    free(e);
    atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
}

int64_t err_alive(void)
{
    return atomic_load_explicit(&alive, memory_order_relaxed);
}
