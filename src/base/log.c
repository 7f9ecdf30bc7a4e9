/* The server log: see log.h. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"DEBUG", "INFO", "NOTICE", "WARNING",
                                          "ERROR", "LOG",  "FATAL",  "PANIC"};
static _Atomic enum log_level min_level = LOG_INFO; /* relaxed: a late change only delays entries */
static atomic_bool as_json;

void log_configure(enum log_level min, bool json)
{
    atomic_store_explicit(&min_level, min, memory_order_relaxed);
    atomic_store_explicit(&as_json, json, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return level >= atomic_load_explicit(&min_level, memory_order_relaxed);
}

bool log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(level_names); i++) {
        if (strcasecmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    /* PostgreSQL's debug1 to debug5 are one level here. */
    if (strncasecmp(name, "debug", 5) == 0 && name[5] >= '1' && name[5] <= '5' && !name[6]) {
        *out = LOG_DEBUG;
        return true;
    }
    return false;
}

static void put_timestamp(struct buf *b)
{
    int64_t now_us = clock_real_us();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char text[32];
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    buf_printf(b, "%s.%03dZ", text, (int)(now_us / 1000 % 1000));
}

static void put_json_string(struct buf *b, const char *s)
{
    buf_put_u8(b, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_put_u8(b, c);
    }
    buf_put_u8(b, '"');
}

static void json_field(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    put_json_string(b, value);
}

static void emit(enum log_level level, const char *area, const char *message, const struct err *e)
{
    struct buf b = BUF_INIT;
    if (atomic_load_explicit(&as_json, memory_order_relaxed)) {
        buf_put_c(&b, "{\"time\":\"");
        put_timestamp(&b);
        buf_put_u8(&b, '"');
        json_field(&b, "level", level_names[level]);
        json_field(&b, "area", area);
        json_field(&b, "message", message);
        if (e) {
            json_field(&b, "sqlstate", e->sqlstate);
            if (e->detail)
                json_field(&b, "detail", e->detail);
            if (e->hint)
                json_field(&b, "hint", e->hint);
            if (e->context)
                json_field(&b, "context", e->context);
        }
        buf_put_u8(&b, '}');
    } else {
        put_timestamp(&b);
        buf_printf(&b, " %s [%s] %s", level_names[level], area, message);
        if (e) {
            buf_printf(&b, " (%s)", e->sqlstate);
            if (e->detail)
                buf_printf(&b, " DETAIL: %s", e->detail);
            if (e->hint)
                buf_printf(&b, " HINT: %s", e->hint);
            if (e->context)
                buf_printf(&b, " CONTEXT: %s", e->context);
        }
    }
    buf_put_u8(&b, '\n');
    /* One write an entry keeps lines whole. Nothing sensible can be done when it fails. */
    ssize_t ignored = write(STDERR_FILENO, b.data, b.len);
    (void)ignored;
    buf_done(&b);
}

void log_write(enum log_level level, const char *area, const char *fmt, ...)
{
    if (!log_enabled(level))
        return;
    struct buf b = BUF_INIT;
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    emit(level, area, buf_cstr(&b), NULL);
    buf_done(&b);
}

void log_err(enum log_level level, const char *area, const struct err *e)
{
    if (log_enabled(level))
        emit(level, area, e->message, e);
}
