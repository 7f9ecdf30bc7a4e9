/* What clients send: see wire.h. A `struct reader` walks a message body and remembers failure, so
 * that each parser checks once, at its end, that all was well and nothing is left over. */
#include "wire/wire.h"

enum {
    STARTUP_MIN_BYTES = 8,
    CODE_CANCEL = 1234 << 16 | 5678,
    CODE_SSL = 1234 << 16 | 5679,
    CODE_GSSENC = 1234 << 16 | 5680,
    PROTOCOL_MAJOR = 3,
};

/* Where the next message begins is not known any more. */
static struct err *lost(const char *what)
{
    return err_fatal(err_new("08P01", "%s", what));
}

struct reader {
    const uint8_t *p;
    const uint8_t *end;
    const char *problem; /* the first one; NULL: none */
};

static struct reader reader_make(struct str body)
{
    const uint8_t *p = (const uint8_t *)body.data;
    return (struct reader){p, p + body.len, NULL};
}

static const uint8_t *read_bytes(struct reader *r, size_t n)
{
    if (!r->problem && (size_t)(r->end - r->p) < n)
        r->problem = "insufficient data left in message";
    if (r->problem)
        return NULL;
    const uint8_t *p = r->p;
    r->p += n;
    return p;
}

static int read_i16(struct reader *r)
{
    const uint8_t *p = read_bytes(r, 2);
    return p ? (int16_t)load_be16(p) : 0;
}

static int32_t read_i32(struct reader *r)
{
    const uint8_t *p = read_bytes(r, 4);
    return p ? (int32_t)load_be32(p) : 0;
}

static const char *read_string(struct reader *r, size_t *len)
{
    const uint8_t *nul =
        r->problem || r->p == r->end ? NULL : memchr(r->p, 0, (size_t)(r->end - r->p));
    if (!nul) {
        if (!r->problem)
            r->problem = "invalid string in message";
        return "";
    }
    const char *s = (const char *)r->p;
    if (len)
        *len = (size_t)(nul - r->p);
    r->p = nul + 1;
    return s;
}

static struct err *reader_done(const struct reader *r)
{
    if (r->problem)
        return err_new("08P01", "%s", r->problem);
    return r->p == r->end ? NULL : err_new("08P01", "invalid message format");
}

/* ---- the first packet ---- */

/* Names and values in pairs up to an empty name, which ends the packet. */
static bool startup_params_ok(struct str params)
{
    size_t at = 0;
    while (at < params.len) {
        for (int part = 0; part < 2; part++) {
            const char *nul = at < params.len ? memchr(params.data + at, 0, params.len - at) : NULL;
            if (!nul || (part == 0 && nul == params.data + at))
                return false;
            at = (size_t)(nul - params.data) + 1;
        }
    }
    return true;
}

struct err *wire_startup_parse(struct str input, struct wire_startup *out, bool *complete)
{
    *complete = false;
    if (input.len < 4)
        return NULL;
    uint32_t len = load_be32(input.data);
    if (len < STARTUP_MIN_BYTES || len > WIRE_STARTUP_MAX_BYTES)
        return lost("invalid length of startup packet");
    if (input.len < len)
        return NULL;
    struct wire_startup s = {.size_bytes = len};
    uint32_t code = load_be32(input.data + 4);
    if (code == CODE_CANCEL) {
        if (len != 16)
            return lost("invalid length of cancel request packet");
        s.kind = WIRE_CANCEL_REQUEST;
        s.pid = (int32_t)load_be32(input.data + 8);
        s.secret = load_be32(input.data + 12);
    } else if (code == CODE_SSL || code == CODE_GSSENC) {
        if (len != STARTUP_MIN_BYTES)
            return lost("invalid length of startup packet");
        s.kind = code == CODE_SSL ? WIRE_SSL_REQUEST : WIRE_GSSENC_REQUEST;
    } else if (code >> 16 == PROTOCOL_MAJOR) {
        s.kind = WIRE_STARTUP;
        s.minor = (uint16_t)code;
        if (len == STARTUP_MIN_BYTES || input.data[len - 1] != '\0')
            return lost("invalid startup packet layout: expected terminator as last byte");
        s.params = str_make(input.data + STARTUP_MIN_BYTES, len - STARTUP_MIN_BYTES - 1);
        if (!startup_params_ok(s.params))
            return lost("invalid startup packet layout: expected terminator as last byte");
    } else {
        return err_fatal(err_new("0A000",
                                 "unsupported frontend protocol %u.%u: server supports 3.0 to 3.0",
                                 code >> 16, code & 0xffff));
    }
    *out = s;
    *complete = true;
    return NULL;
}

bool wire_startup_param(const struct wire_startup *s, size_t *at, const char **name,
                        const char **value)
{
    if (*at >= s->params.len)
        return false;
    *name = s->params.data + *at;
    *value = *name + strlen(*name) + 1;
    *at = (size_t)(*value + strlen(*value) + 1 - s->params.data);
    return true;
}

/* ---- messages ---- */

/* Greatest body length by type; 0: no such message. */
static uint32_t body_limit(char type)
{
    switch (type) {
    case 'Q':
    case 'P':
    case 'B':
    case 'F':
    case 'd':
        return WIRE_LARGE_MAX_BYTES;
    case 'E':
    case 'D':
    case 'C':
    case 'S':
    case 'H':
    case 'X':
    case 'c':
    case 'f':
    case 'p':
        return WIRE_SMALL_MAX_BYTES;
    default:
        return 0;
    }
}

struct err *wire_frame_next(struct str input, struct wire_frame *out, bool *complete)
{
    *complete = false;
    out->size_bytes = 0;
    if (input.len < 1)
        return NULL;
    uint32_t limit = body_limit(input.data[0]);
    if (!limit)
        return err_fatal(
            err_new("08P01", "invalid frontend message type %d", (unsigned char)input.data[0]));
    if (input.len < WIRE_HEADER_BYTES)
        return NULL;
    uint32_t len = load_be32(input.data + 1);
    if (len < 4 || len - 4 > limit)
        return lost("invalid message length");
    out->size_bytes = (size_t)len + 1;
    if (input.len < out->size_bytes)
        return NULL;
    out->type = input.data[0];
    out->body = str_make(input.data + WIRE_HEADER_BYTES, len - 4);
    *complete = true;
    return NULL;
}

struct err *wire_string_parse(struct str body, const char **out, size_t *len)
{
    struct reader r = reader_make(body);
    *out = read_string(&r, len);
    return reader_done(&r);
}

struct err *wire_parse_parse(struct str body, struct wire_parse *out)
{
    struct reader r = reader_make(body);
    out->name = read_string(&r, NULL);
    out->sql = read_string(&r, &out->sql_len);
    out->ntypes = (uint16_t)read_i16(&r);
    out->types = read_bytes(&r, (size_t)out->ntypes * 4);
    return reader_done(&r);
}

static const uint8_t *read_formats(struct reader *r, int *n)
{
    *n = (uint16_t)read_i16(r);
    return read_bytes(r, (size_t)*n * 2);
}

/* Formats, and parameters to go through with wire_bind_param. */
static void read_values(struct reader *r, struct wire_bind *out)
{
    out->param_formats = read_formats(r, &out->nparam_formats);
    /* Up to 65535 parameters: unsigned. */
    out->nparams = (uint16_t)read_i16(r);
    out->params = r->p;
    for (int i = 0; i < out->nparams && !r->problem; i++) {
        int32_t len = read_i32(r);
        if (len != -1)
            read_bytes(r, (uint32_t)len);
    }
}

struct err *wire_call_parse(struct str body, struct wire_call *out)
{
    struct reader r = reader_make(body);
    *out = (struct wire_call){.function = (uint32_t)read_i32(&r)};
    read_values(&r, &out->values);
    out->result_format = (int16_t)read_i16(&r);
    return reader_done(&r);
}

struct err *wire_bind_parse(struct str body, struct wire_bind *out)
{
    struct reader r = reader_make(body);
    out->portal = read_string(&r, NULL);
    out->statement = read_string(&r, NULL);
    read_values(&r, out);
    out->result_formats = read_formats(&r, &out->nresult_formats);
    return reader_done(&r);
}

struct err *wire_execute_parse(struct str body, struct wire_execute *out)
{
    struct reader r = reader_make(body);
    out->portal = read_string(&r, NULL);
    out->max_rows = read_i32(&r);
    return reader_done(&r);
}

struct err *wire_target_parse(struct str body, const char *message, struct wire_target *out)
{
    struct reader r = reader_make(body);
    if (!body.len)
        return err_new("08P01", "no data left in message");
    out->kind = (char)*read_bytes(&r, 1);
    out->name = read_string(&r, NULL);
    TRY(reader_done(&r));
    if (out->kind != 'S' && out->kind != 'P')
        return err_new("08P01", "invalid %s message subtype %d", message, out->kind);
    return NULL;
}

struct err *wire_empty_parse(struct str body)
{
    struct reader r = reader_make(body);
    return reader_done(&r);
}
