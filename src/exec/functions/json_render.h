/* Values of any SQL type as JSON text and as jsonb. */
#ifndef TARN_EXEC_FUNCTIONS_JSON_RENDER_H
#define TARN_EXEC_FUNCTIONS_JSON_RENDER_H

#include "exec/fn.h"
#include "types/jsonb.h"

enum json_category {
    JSON_CAT_NULL,
    JSON_CAT_BOOL,
    JSON_CAT_NUMBER,
    JSON_CAT_DATE,
    JSON_CAT_TIMESTAMP,
    JSON_CAT_TIMESTAMPTZ,
    JSON_CAT_JSON,
    JSON_CAT_JSONB,
    JSON_CAT_ARRAY,
    JSON_CAT_RECORD,
    JSON_CAT_OTHER,
};

enum json_category json_category_of(const struct type_ops *t);
/* feeds: line feeds between elements and fields, as array_to_json(..., true). */
struct err *json_render(struct fn_call *c, const struct type_ops *t, struct datum d, bool feeds,
                        struct buf *out) MUST_CHECK;
/* As the key of an object: text in quotes; 22023 for NULL, arrays and objects. */
struct err *json_render_key(struct fn_call *c, const struct type_ops *t, struct datum d,
                            struct buf *out) MUST_CHECK;
/* Bytes are kept in the builder's arena. */
struct err *jsonb_render(struct fn_call *c, const struct type_ops *t, struct datum d,
                         struct jsonb_builder *b) MUST_CHECK;
struct err *jsonb_render_key(struct fn_call *c, const struct type_ops *t, struct datum d,
                             struct jsonb_builder *b) MUST_CHECK;

#endif
