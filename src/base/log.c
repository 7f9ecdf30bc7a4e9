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

/* Further lines of a text begin with a tab. */
static void put_lines(struct buf *b, const char *text)
{
    for (; *text; text++) {
        buf_put_u8(b, (uint8_t)*text);
        if (*text == '\n')
            buf_put_u8(b, '\t');
    }
}

struct log_part {
    const char *name;  /* as JSON has it */
    const char *label; /* before it in a plain line */
    const char *value; /* NULL: there is none */
};

void log_entry(enum log_level level, const char *area, const struct log_entry *entry)
{
    const struct log_part parts[] = {{"detail", " DETAIL: ", entry->detail},
                                     {"hint", " HINT: ", entry->hint},
                                     {"context", " CONTEXT: ", entry->context},
                                     {"statement", " STATEMENT: ", entry->statement}};
    struct buf b = BUF_INIT;
    bool json = atomic_load_explicit(&as_json, memory_order_relaxed);
    if (!log_enabled(level))
        return;
    if (json)
        buf_put_c(&b, "{\"time\":\"");
    put_timestamp(&b);
    if (json) {
        buf_put_u8(&b, '"');
        json_field(&b, "level", level_names[level]);
        json_field(&b, "area", area);
        json_field(&b, "message", entry->message);
        if (entry->sqlstate)
            json_field(&b, "sqlstate", entry->sqlstate);
    } else {
        buf_printf(&b, " %s [%s] ", level_names[level], area);
        put_lines(&b, entry->message);
        if (entry->sqlstate)
            buf_printf(&b, " (%s)", entry->sqlstate);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (parts[i].value && json)
            json_field(&b, parts[i].name, parts[i].value);
        else if (parts[i].value) {
            buf_put_c(&b, parts[i].label);
            put_lines(&b, parts[i].value);
        }
    }
    buf_put_c(&b, json ? "}\n" : "\n");
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
    log_entry(level, area, &(struct log_entry){.message = buf_cstr(&b)});
    buf_done(&b);
}

void log_err(enum log_level level, const char *area, const struct err *e)
{
    log_entry(level, area,
              &(struct log_entry){.message = e->message,
                                  .sqlstate = e->sqlstate,
                                  .detail = e->detail,
                                  .hint = e->hint,
                                  .context = e->context});
}
