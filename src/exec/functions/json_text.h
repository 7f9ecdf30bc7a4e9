/* Parts of JSON text, without building anything: values are slices of the text. */
#ifndef TARN_EXEC_FUNCTIONS_JSON_TEXT_H
#define TARN_EXEC_FUNCTIONS_JSON_TEXT_H

#include "types/datum.h"
#include "types/json.h"

struct json_slice {
    enum json_event kind; /* the value's first event */
    struct str text;
};

/* Reads the next value whole; the reader stands before it. *end: the container ended instead. */
struct err *json_read_value(struct json_reader *r, struct json_slice *out, bool *end) MUST_CHECK;
/* The text as one value. */
struct err *json_whole(struct str text, struct json_slice *out) MUST_CHECK;
struct err *json_member(struct str text, struct str key, struct json_slice *out,
                        bool *found) MUST_CHECK;
/* Negative: from the end. */
struct err *json_at(struct str text, int64_t index, struct json_slice *out, bool *found) MUST_CHECK;
struct err *json_count(struct str text, int64_t *out) MUST_CHECK;
/* A value as SQL text: strings unquoted, null as NULL. */
struct err *json_as_text(const struct json_slice *v, struct arena *arena,
                         struct datum *out) MUST_CHECK;
/* "[+-]digits" as an array index; false otherwise. */
bool json_index_text(struct str s, int64_t *out);

#endif
