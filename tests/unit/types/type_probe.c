/* Reads lines "oid TAB typmod TAB text" (text with \t, \n, \\ escaped) and prints for each the text
 * form after input, binary output, binary input and text output, or the error: for comparison with
 * PostgreSQL by tests/compare_types.py. */
#include "types/datetime.h"
#include "types/type.h"

#include <stdio.h>
#include <stdlib.h>

static struct arena arena;

static size_t unescape(char *s)
{
    char *to = s;
    for (char *p = s; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            *to++ = (char)(*p == 'n' ? '\n' : *p == 't' ? '\t' : *p);
        } else {
            *to++ = *p;
        }
    }
    *to = 0;
    return (size_t)(to - s);
}

static void put_escaped(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] == '\n')
            fputs("\\n", stdout);
        else if (p[i] == '\t')
            fputs("\\t", stdout);
        else if (p[i] == '\\')
            fputs("\\\\", stdout);
        else
            putchar(p[i]);
    }
    putchar('\n');
}

static struct err *convert(const struct type_ops *t, const struct type_env *env, struct str text,
                           int32_t typmod, struct buf *out)
{
    struct datum d, again;
    TRY(t->in(t, env, text, t->oid == INTERVAL_OID ? typmod : -1, &arena, &d));
    TRY(type_apply_typmod(t, d, typmod, true, &arena, &d));
    struct buf binary = BUF_INIT;
    TRY(t->send(t, env, d, &binary));
    struct err *e = t->recv(t, env, buf_str(&binary), -1, &arena, &again);
    if (!e)
        e = t->out(t, env, again, out);
    buf_done(&binary);
    return e;
}

int main(void)
{
    arena_init(&arena);
    struct type_env env = {.extra_float_digits = 1};
    const char *zone = getenv("PGTZ"), *style = getenv("PROBE_STYLE");
    env.tz = tz_find(str_from(zone ? zone : "UTC"));
    int date = 0, order = 0, interval = 0;
    if (style)
        sscanf(style, "%d,%d,%d", &date, &order, &interval);
    env.date_style = (enum date_style)date;
    env.date_order = (enum date_order)order;
    env.interval_style = (enum interval_style)interval;
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
        if (line[n - 1] == '\n')
            line[n - 1] = 0;
        char *end;
        unsigned long oid = strtoul(line, &end, 10);
        long typmod = strtol(end + 1, &end, 10);
        char *text = end + 1;
        size_t len = unescape(text);
        const struct type_ops *t = type_by_oid((uint32_t)oid);
        struct buf out = BUF_INIT;
        struct err *e = t ? convert(t, &env, str_make(text, len), (int32_t)typmod, &out)
                          : err_new("XXXXX", "no type %lu", oid);
        if (e) {
            buf_reset(&out);
            buf_printf(&out, "ERR %s %s%s%s", e->sqlstate, e->message, e->detail ? " | " : "",
                       e->detail ? e->detail : "");
            err_free(e);
        }
        put_escaped((char *)out.data, out.len);
        buf_done(&out);
        arena_reset(&arena);
    }
    free(line);
    arena_done(&arena);
    return 0;
}
