/* Variant values as JSON text (Parquet format, VariantEncoding.md and VariantShredding.md): in
 * batches a variant is the text that lake_json_value gives for the same value of another type. */
#ifndef TARN_LAKE_VARIANT_H
#define TARN_LAKE_VARIANT_H

#include "base/err.h"
#include "lake/batch.h"

struct arena;

/* Whether a struct has the shape of a stored variant: a binary field "metadata" and a binary field
 * "value", or a "typed_value" of any type, or both. */
bool lake_is_stored_variant(const struct lake_type *type);

/* `in`: such structs. XX001 for bytes that are no variant. Texts live in the arena. */
struct err *lake_variant_vec(struct arena *arena, const struct lake_vec *in,
                             struct lake_vec *out) MUST_CHECK;

#endif
