/* What a client may send: the first packet, then messages, taken apart to the last field. The input
 * is cut into packets at the places that the parser names, each in memory of its own size. */
#include "wire/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink; /* so that every byte is looked at */

static void look(const void *p, size_t len)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < len; i++)
        sink += b[i];
}

static void look_text(const char *s)
{
    look(s, strlen(s) + 1);
}

static void look_values(const struct wire_bind *m)
{
    look(m->param_formats, 2 * (size_t)m->nparam_formats);
    const uint8_t *at = m->params;
    for (int i = 0; i < m->nparams; i++) {
        struct str value;
        if (wire_bind_param(&at, &value))
            look(value.data, value.len);
    }
}

static struct err *take_bind(struct str body)
{
    struct wire_bind m;
    TRY(wire_bind_parse(body, &m));
    look_text(m.portal);
    look_text(m.statement);
    look(m.result_formats, 2 * (size_t)m.nresult_formats);
    look_values(&m);
    return NULL;
}

static struct err *take_call(struct str body)
{
    struct wire_call m;
    TRY(wire_call_parse(body, &m));
    look_values(&m.values);
    return NULL;
}

static struct err *take_parse(struct str body)
{
    struct wire_parse m;
    TRY(wire_parse_parse(body, &m));
    look_text(m.name);
    look(m.sql, m.sql_len + 1);
    look(m.types, 4 * (size_t)m.ntypes);
    return NULL;
}

static struct err *take(const struct wire_frame *f)
{
    const char *text;
    size_t len;
    struct wire_execute execute;
    struct wire_target target;
    switch (f->type) {
    case 'Q':
    case 'f':
        TRY(wire_string_parse(f->body, &text, &len));
        look(text, len + 1);
        return NULL;
    case 'P':
        return take_parse(f->body);
    case 'B':
        return take_bind(f->body);
    case 'F':
        return take_call(f->body);
    case 'E':
        TRY(wire_execute_parse(f->body, &execute));
        look_text(execute.portal);
        return NULL;
    case 'D':
    case 'C':
        TRY(wire_target_parse(f->body, "CLOSE", &target));
        look_text(target.name);
        return NULL;
    case 'S':
    case 'H':
    case 'X':
    case 'c':
        return wire_empty_parse(f->body);
    default:
        look(f->body.data, f->body.len);
        return NULL;
    }
}

static struct err *start(struct str input, size_t *used)
{
    struct wire_startup s;
    bool complete;
    const char *name;
    const char *value;
    *used = input.len;
    TRY(wire_startup_parse(input, &s, &complete));
    if (!complete)
        return NULL;
    if (s.size_bytes > input.len)
        abort();
    *used = s.size_bytes;
    size_t at = 0;
    while (s.kind == WIRE_STARTUP && wire_startup_param(&s, &at, &name, &value)) {
        look_text(name);
        look_text(value);
    }
    return NULL;
}

/* One message, in memory of its size. */
static struct err *message(struct str input, size_t *used)
{
    struct wire_frame f;
    bool complete;
    *used = input.len;
    TRY(wire_frame_next(input, &f, &complete));
    if (!complete)
        return NULL;
    if (f.size_bytes > input.len || f.size_bytes < WIRE_HEADER_BYTES)
        abort();
    *used = f.size_bytes;
    char *copy = malloc(f.size_bytes);
    if (!copy)
        abort();
    memcpy(copy, input.data, f.size_bytes);
    struct err *e = wire_frame_next(str_make(copy, f.size_bytes), &f, &complete);
    if (!e && !complete)
        abort();
    if (!e)
        e = take(&f);
    free(copy);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err *e = NULL;
    bool first = size && (data[0] & 1);
    for (size_t at = 1, used; at < size && !e; at += used) {
        struct str rest = str_make((const char *)data + at, size - at);
        e = first ? start(rest, &used) : message(rest, &used);
        first = false;
        if (e && at == 1 && (data[0] & 2)) { /* go on behind a bad beginning */
            err_free(e);
            e = NULL;
            used = 1;
        }
    }
    err_free(e);
    return 0;
}
