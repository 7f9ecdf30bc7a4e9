/* PostgreSQL's frontend/backend protocol 3.0: bytes in, messages out. No sockets, no state. Source:
 * PostgreSQL manual, chapter 55 (Frontend/Backend Protocol).
 *
 * What comes from a client is checked to the last byte: a malformed message is an error 08P01,
 * FATAL where the next one cannot be found any more, and nothing is read past the message's end.
 * Parsed messages borrow from the input. */
#ifndef TARN_WIRE_WIRE_H
#define TARN_WIRE_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WIRE_STARTUP_MAX_BYTES = 10000,
    WIRE_SMALL_MAX_BYTES = 10000,
    WIRE_LARGE_MAX_BYTES = 0x3ffffffe,
    WIRE_HEADER_BYTES = 5,
};

/* ---- the first packet, which has no type byte ---- */

enum wire_startup_kind { WIRE_STARTUP, WIRE_SSL_REQUEST, WIRE_GSSENC_REQUEST, WIRE_CANCEL_REQUEST };

struct wire_startup {
    enum wire_startup_kind kind;
    size_t size_bytes; /* of the whole packet */
    /* WIRE_STARTUP */
    uint16_t minor;    /* protocol 3.minor */
    struct str params; /* name NUL value NUL ..., without the last NUL */
    /* WIRE_CANCEL_REQUEST */
    int32_t pid;
    uint32_t secret;
};

/* *complete is false when the packet has not arrived whole. Errors (FATAL): 08P01; 0A000 for a
 * protocol other than 3. */
struct err *wire_startup_parse(struct str input, struct wire_startup *out,
                               bool *complete) MUST_CHECK;
/* Iterates over the parameters; *at starts at 0. False at the end. The strings end with NUL. */
bool wire_startup_param(const struct wire_startup *s, size_t *at, const char **name,
                        const char **value);

/* ---- messages of the frontend ---- */

struct wire_frame {
    char type;
    struct str body;
    size_t size_bytes; /* of the whole message */
};

/* The message at the head of the input. *complete is false when it has not arrived whole; then
 * size_bytes says how long it is (0: not known yet). 08P01 (FATAL): unknown type, bad length. */
struct err *wire_frame_next(struct str input, struct wire_frame *out, bool *complete) MUST_CHECK;

struct wire_parse {
    const char *name;
    const char *sql;
    size_t sql_len;
    int ntypes;
    const uint8_t *types; /* ntypes big-endian OIDs */
};
struct wire_bind {
    const char *portal;
    const char *statement;
    int nparam_formats;
    const uint8_t *param_formats; /* big-endian int16 */
    int nparams;
    const uint8_t *params; /* read with wire_bind_param */
    int nresult_formats;
    const uint8_t *result_formats;
};
struct wire_execute {
    const char *portal;
    int32_t max_rows; /* <= 0: all */
};
struct wire_call { /* FunctionCall */
    uint32_t function;
    struct wire_bind values; /* parameters alone */
    int16_t result_format;
};
struct wire_target { /* Describe and Close */
    char kind;       /* 'S' statement, 'P' portal */
    const char *name;
};

/* A NUL-terminated string that is the whole body: Query, CopyFail. */
struct err *wire_string_parse(struct str body, const char **out, size_t *len) MUST_CHECK;
struct err *wire_parse_parse(struct str body, struct wire_parse *out) MUST_CHECK;
struct err *wire_bind_parse(struct str body, struct wire_bind *out) MUST_CHECK;
struct err *wire_call_parse(struct str body, struct wire_call *out) MUST_CHECK;
struct err *wire_execute_parse(struct str body, struct wire_execute *out) MUST_CHECK;
/* `message`: DESCRIBE or CLOSE, for the error's text. */
struct err *wire_target_parse(struct str body, const char *message,
                              struct wire_target *out) MUST_CHECK;
/* Sync, Flush, Terminate, CopyDone. */
struct err *wire_empty_parse(struct str body) MUST_CHECK;

/* The next parameter of a checked Bind; *at starts at bind->params. False: it is NULL. */
static inline bool wire_bind_param(const uint8_t **at, struct str *value)
{
    int32_t len = (int32_t)load_be32(*at);
    *at += 4;
    if (len < 0)
        return false;
    *value = str_make(*at, (size_t)len);
    *at += len;
    return true;
}

/* The format code of item i when n codes were given (0: all text, 1: one for all). */
static inline int16_t wire_format(const uint8_t *formats, int n, int i)
{
    return n == 0 ? 0 : (int16_t)load_be16(formats + 2 * (n == 1 ? 0 : i));
}

/* ---- messages of the backend, appended to a buffer ---- */

/* Begins a message; the result goes to wire_end. */
static inline size_t wire_begin(struct buf *b, char type)
{
    if (buf_reserve(b, WIRE_HEADER_BYTES)) {
        b->data[b->len] = (uint8_t)type;
        b->len += WIRE_HEADER_BYTES;
    }
    return b->len;
}
/* Sets the message's length. */
static inline void wire_end(struct buf *b, size_t start)
{
    if (!b->failed)
        store_be32(b->data + start - 4, (uint32_t)(b->len - start + 4));
}

void wire_put_string(struct buf *b, const char *s); /* with its NUL */

void wire_auth_ok(struct buf *b);
/* The mechanisms: SCRAM-SHA-256, before it (plus) SCRAM-SHA-256-PLUS. */
void wire_auth_sasl(struct buf *b, bool plus);
/* What the mechanism says; `final`: its last message. */
void wire_auth_sasl_data(struct buf *b, bool final, struct str data);
void wire_parameter_status(struct buf *b, const char *name, const char *value);
void wire_backend_key(struct buf *b, int32_t pid, uint32_t secret);
/* `options`: the unrecognised ones. */
void wire_negotiate_version(struct buf *b, uint32_t minor, const char *const *options,
                            int noptions);
/* 'I' idle, 'T' in a transaction block, 'E' in a failed one. */
void wire_ready(struct buf *b, char status);
void wire_notification(struct buf *b, int32_t pid, const char *channel, const char *payload);
void wire_command_complete(struct buf *b, const char *tag);
void wire_empty_query(struct buf *b);
void wire_parse_complete(struct buf *b);
void wire_bind_complete(struct buf *b);
void wire_close_complete(struct buf *b);
void wire_no_data(struct buf *b);
void wire_portal_suspended(struct buf *b);
void wire_parameter_description(struct buf *b, const uint32_t *types, int ntypes);

/* A RowDescription is built column by column. */
size_t wire_row_description_begin(struct buf *b, int ncols);
void wire_row_description_column(struct buf *b, const char *name, uint32_t table, int16_t att,
                                 uint32_t type, int16_t type_len, int32_t typmod, int16_t format);

/* DataRow: wire_row_begin; for each column wire_row_null, or wire_value_begin, bytes,
 * wire_value_end; wire_end. */
static inline size_t wire_row_begin(struct buf *b, int ncols)
{
    size_t start = wire_begin(b, 'D');
    buf_put_be16(b, (uint16_t)ncols);
    return start;
}
static inline void wire_row_null(struct buf *b)
{
    buf_put_be32(b, UINT32_MAX);
}
/* FunctionCallResponse: like a row of one column without their count. */
static inline size_t wire_function_result_begin(struct buf *b)
{
    return wire_begin(b, 'V');
}
static inline size_t wire_value_begin(struct buf *b)
{
    buf_put_be32(b, 0);
    return b->len;
}
static inline void wire_value_end(struct buf *b, size_t start)
{
    if (!b->failed)
        store_be32(b->data + start - 4, (uint32_t)(b->len - start));
}

void wire_copy_response(struct buf *b, bool in, int ncols, bool binary);
void wire_copy_data(struct buf *b, struct str bytes);
void wire_copy_done(struct buf *b);

/* Fields S V C M D H P p q W s t c d n F L R, the absent ones left out. `severity` NULL: the
 * error's own. */
void wire_error(struct buf *b, const struct err *e);
void wire_notice(struct buf *b, const char *severity, const struct err *e);

#endif
