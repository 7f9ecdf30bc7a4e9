/* JSON text: a reader of tokens and the validation that type json applies to input. Any thread, no
 * yield. Nesting is bounded (54001), and the readers do not recurse. */
#ifndef TARN_TYPES_JSON_H
#define TARN_TYPES_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { JSON_MAX_DEPTH = 6400 };

enum json_event {
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_KEY,    /* token: the string with its quotes */
    JSON_STRING, /* token: with its quotes */
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_END, /* of the text */
};

/* A pull parser over text that must outlive it. */
struct json_reader {
    struct str text;
    size_t at;
    int depth;     /* open arrays and objects */
    uint8_t next;  /* what the grammar allows next; internal */
    bool unescape; /* strings are checked for what jsonb cannot store (\u0000); set by the caller */
    uint8_t open_small[16]; /* one bit per open container: object */
    uint8_t *open;
    size_t open_cap;
};

void json_reader_init(struct json_reader *r, struct str text);
void json_reader_done(struct json_reader *r);
/* The next event and its text. 22P02 with PostgreSQL's detail and context on bad input. */
struct err *json_next(struct json_reader *r, enum json_event *event, struct str *token) MUST_CHECK;
/* After an ..._BEGIN event: moves past the matching end. */
struct err *json_skip(struct json_reader *r) MUST_CHECK;

struct err *json_validate(struct str text) MUST_CHECK;
/* Appends the characters of a string token (with its quotes), escapes resolved. `\u0000` and bad
 * surrogate pairs: 22P05 / 22P02. */
struct err *json_unescape(struct str token, struct buf *out) MUST_CHECK;
/* Appends the string quoted and escaped. */
void json_put_string(struct buf *out, struct str s);

#endif
