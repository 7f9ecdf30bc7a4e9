/* jsonb: JSON taken apart, with sorted keys.
 *
 * A value is a node:
 *   u32 LE  head: bits 28-31 kind, bits 0-27 the count of a container, the bytes of a string or
 *           number, else 0
 *   string  its characters; number: a numeric (numeric.h)
 *   array   count times u32 LE entry, then the elements' bytes
 *   object  count times u32 LE end offset of key, count times u32 LE entry, the keys' bytes, the
 *           values' bytes; keys ascend by length, then bytes, and are distinct
 * An entry is bits 28-31 kind, bits 0-27 end offset of the bytes of the element or value. These are
 * nodes for arrays and objects, and strings or numbers without head for scalars.
 *
 * So a key is found by binary search and an element in O(1), and a nested container is itself a
 * jsonb datum. Nesting is bounded as in json.h; nothing here recurses. Any thread, no yield. */
#ifndef TARN_TYPES_JSONB_H
#define TARN_TYPES_JSONB_H

#include "base/buf.h"
#include "types/datum.h"
#include "types/type.h"

#include <stdint.h>

enum jsonb_kind {
    JSONB_NULL,
    JSONB_STRING,
    JSONB_NUMBER,
    JSONB_FALSE,
    JSONB_TRUE,
    JSONB_ARRAY,
    JSONB_OBJECT,
};

/* A value inside a jsonb datum, whose bytes it borrows. */
struct jsonb {
    enum jsonb_kind kind;
    const uint8_t *p; /* string, number: the bytes; containers: the node */
    uint32_t len;
    uint32_t count; /* containers */
};

/* XX001 when the bytes are no jsonb. */
struct err *jsonb_open(struct datum d, struct jsonb *out) MUST_CHECK;
static inline bool jsonb_is_scalar(const struct jsonb *v)
{
    return v->kind < JSONB_ARRAY;
}
static inline struct str jsonb_str(const struct jsonb *v)
{
    return str_make(v->p, v->len);
}
static inline struct datum jsonb_number(const struct jsonb *v)
{
    return datum_bytes(v->p, v->len);
}
/* i < count. */
struct jsonb jsonb_element(const struct jsonb *array, uint32_t i);
struct str jsonb_key(const struct jsonb *object, uint32_t i);
struct jsonb jsonb_value(const struct jsonb *object, uint32_t i);
bool jsonb_find(const struct jsonb *object, struct str key, struct jsonb *out);
/* As a datum of its own: containers are borrowed, scalars copied. */
struct err *jsonb_datum(const struct jsonb *v, struct arena *arena, struct datum *out) MUST_CHECK;

/* Building. Keys, strings and numbers are borrowed until jsonb_finish; other memory comes from the
 * arena. Of equal keys the last counts. Calls must nest properly. */
struct jsonb_node;
struct jsonb_builder {
    struct arena *arena;
    struct jsonb_node *top; /* the open container */
    struct jsonb_node *root;
    struct str key;    /* for the next value */
    struct err *error; /* sticky */
    int depth;
};
void jsonb_build_init(struct jsonb_builder *b, struct arena *arena);
void jsonb_begin(struct jsonb_builder *b, bool object);
void jsonb_end(struct jsonb_builder *b);
void jsonb_put_key(struct jsonb_builder *b, struct str key);
void jsonb_put_null(struct jsonb_builder *b);
void jsonb_put_bool(struct jsonb_builder *b, bool v);
void jsonb_put_string(struct jsonb_builder *b, struct str s);
void jsonb_put_number(struct jsonb_builder *b, struct datum numeric);
void jsonb_put(struct jsonb_builder *b, const struct jsonb *v);
/* Adds the values of JSON text. */
void jsonb_put_json(struct jsonb_builder *b, struct str text);
/* The result, or the first error; the builder is then to be initialised anew. */
struct err *jsonb_finish(struct jsonb_builder *b, struct datum *out) MUST_CHECK;

/* For a builder with one container open: that container as a datum in `arena`, while building may
 * go on. */
struct err *jsonb_finish_open(struct jsonb_builder *b, struct arena *arena,
                              struct datum *out) MUST_CHECK;

struct err *jsonb_from_text(struct str text, struct arena *arena, struct datum *out) MUST_CHECK;
/* indent: as jsonb_pretty. */
void jsonb_print(const struct jsonb *v, bool indent, struct buf *out);
/* Strings without quotes, as ->> gives them. */
void jsonb_print_text(const struct jsonb *v, struct buf *out);
int jsonb_compare(const struct jsonb *a, const struct jsonb *b);
/* "string", "object" ... */
const char *jsonb_kind_name(enum jsonb_kind kind);

/* Walking in order, without recursion. */
enum jsonb_event {
    JSONB_EV_KEY,   /* key */
    JSONB_EV_VALUE, /* a scalar value or element */
    JSONB_EV_BEGIN, /* a container: value.kind */
    JSONB_EV_END,
    JSONB_EV_DONE,
};
struct jsonb_frame {
    struct jsonb v;
    uint32_t at;
    bool key_given;
};
struct jsonb_iter {
    struct jsonb root;
    struct jsonb_frame *frames; /* small, or malloc'ed */
    int depth;
    int cap;
    bool started;
    struct str key;
    struct jsonb value; /* of EV_VALUE, EV_BEGIN and EV_END */
    struct jsonb_frame small[8];
};
void jsonb_iter_init(struct jsonb_iter *it, const struct jsonb *v);
enum jsonb_event jsonb_iter_next(struct jsonb_iter *it);
/* After EV_BEGIN: past the container, without its EV_END. */
void jsonb_iter_skip(struct jsonb_iter *it);
void jsonb_iter_done(struct jsonb_iter *it);

#endif
