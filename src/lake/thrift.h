/* Reader of the Thrift compact protocol, for Parquet metadata. Works on a borrowed byte range,
 * allocates nothing, and fails stickily: after a failure every read gives zero and
 * every loop ends; the caller looks at `error` once. */
#ifndef TARN_LAKE_THRIFT_H
#define TARN_LAKE_THRIFT_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum thrift_type {
    THRIFT_STOP = 0,
    THRIFT_TRUE = 1,
    THRIFT_FALSE = 2,
    THRIFT_BYTE = 3,
    THRIFT_I16 = 4,
    THRIFT_I32 = 5,
    THRIFT_I64 = 6,
    THRIFT_DOUBLE = 7,
    THRIFT_BINARY = 8,
    THRIFT_LIST = 9,
    THRIFT_SET = 10,
    THRIFT_MAP = 11,
    THRIFT_STRUCT = 12
};

enum { THRIFT_MAX_DEPTH = 32 }; /* Parquet's own structures nest about eight deep */

struct thrift {
    const uint8_t *p;
    const uint8_t *end;
    const char *error; /* NULL: fine so far */
    bool truncated;    /* the failure was running out of bytes */
    int depth;
};

/* Iteration over the fields of one struct. */
struct thrift_fields {
    int16_t id;
    uint8_t type;
};

void thrift_init(struct thrift *t, const void *data, size_t len);
void thrift_fail(struct thrift *t, const char *error);

/* thrift_enter, then thrift_next until false; each field's value is read or skipped. */
struct thrift_fields thrift_enter(struct thrift *t);
bool thrift_next(struct thrift *t, struct thrift_fields *f);
void thrift_skip(struct thrift *t, uint8_t type);

/* Values of the current field; another type than asked for is a failure. */
int64_t thrift_int(struct thrift *t, const struct thrift_fields *f);
int32_t thrift_i32(struct thrift *t, const struct thrift_fields *f); /* out of range: failure */
bool thrift_bool(struct thrift *t, const struct thrift_fields *f);
struct str thrift_binary(struct thrift *t, const struct thrift_fields *f);
/* The element count, at most the bytes that remain; 0 on failure. */
uint32_t thrift_list(struct thrift *t, const struct thrift_fields *f, uint8_t *element_type);
/* List elements. */
struct str thrift_binary_element(struct thrift *t);
int64_t thrift_int_element(struct thrift *t);
bool thrift_bool_element(struct thrift *t);

#endif
