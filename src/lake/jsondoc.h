/* JSON documents as trees in an arena, for the Delta log. Numbers keep their text: log versions,
 * sizes and timestamps are 64-bit integers, which a parser of doubles (cJSON) would round. Nesting
 * is bounded, strings are unescaped and UTF-8 by construction of their escapes. */
#ifndef TARN_LAKE_JSONDOC_H
#define TARN_LAKE_JSONDOC_H

#include "base/check.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

enum { JSON_MAX_DEPTH = 128 };

struct json_value {
    enum json_kind kind;
    struct str key;           /* in an object */
    struct str text;          /* string: its content; otherwise the source text */
    struct json_value *first; /* array, object */
    struct json_value *next;
    uint32_t count;
};

/* Parses one value that fills `text` but for white space. The tree points into `text` where it
 * can. On failure NULL, with the reason and the byte offset. */
struct json_value *json_parse(struct arena *arena, struct str text, const char **reason,
                              size_t *offset) MUST_CHECK;

/* Each tolerates a NULL value (and gives NULL or false), so that lookups chain. */
const struct json_value *json_get(const struct json_value *object, const char *key);
/* The member, NULL when absent or JSON null. */
const struct json_value *json_get_set(const struct json_value *object, const char *key);
/* False when the member is absent, null or of another kind; *out is then unchanged. */
bool json_get_str(const struct json_value *object, const char *key, struct str *out);
bool json_get_i64(const struct json_value *object, const char *key, int64_t *out);
bool json_get_bool(const struct json_value *object, const char *key, bool *out);
bool json_i64(const struct json_value *value, int64_t *out);
/* Decimal digits with an optional sign, nothing else. */
bool lake_parse_i64(struct str text, int64_t *out);

#endif
